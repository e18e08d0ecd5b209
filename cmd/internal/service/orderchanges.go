package service

import (
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify"
)

// OrderChanges is what an act on a warning does to its orders, with a page of those that change.
type OrderChanges struct {
	*notify.RoundPreview
	Approved bool           // it comes with the approval that the act only asks for; by the orders as they are now
	Events   []notify.Event // of the page, see [notify.RoundPreview.Page]
	Before   int            // recipients whose orders change on the pages before
	Next     string         // cursor of the following page; empty at the end
}

// PreviewOrders is what an act does to the orders of a warning, of which [Service.Preview] says that it records events and
// leads to next: the numbers, and at most limit of the changes behind the recipient cursor. It is nil where there are no
// orders yet, and where all of them end with the warning. Nothing is recorded.
func (s *Service) PreviewOrders(next *alerts.Warning, events []alerts.Event, cursor string, limit int) (*OrderChanges,
	error) {
	now := s.J.Moment()
	out := &OrderChanges{}
	change := notify.WarningChange{Warning: next, Events: events, At: now.At, Wall: now.Wall}
	for _, ev := range events {
		switch ev.(type) {
		case alerts.RaiseAsked, alerts.ReviseAsked:
			out.Approved = true
			change.Events, change.Warning = alerts.Engine{Settings: s.Air, At: now.At}.Approved(next, now.Wall)
		}
	}
	err := s.J.View(func(tx *bbolt.Tx) (err error) {
		out.RoundPreview, err = notify.PreviewRound(tx, change, func(p *notify.Round) (notify.DueDigests, error) {
			return s.lists.digests.get([2]string{p.ListHash, string(p.Level)}, func() (notify.DueDigests, error) {
				return notify.ReadDueDigests(tx, p.ListVersion, p.Level)
			})
		})
		if err != nil || out.RoundPreview == nil || out.Round == nil {
			return err
		}
		out.Before = out.RoundPreview.Before(cursor)
		out.Events, out.Next, err = out.Page(tx, cursor, limit)
		return err
	})
	if err != nil || out.RoundPreview == nil {
		return nil, err
	}
	return out, nil
}
