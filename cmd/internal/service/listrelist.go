package service

import (
	"context"
	"strconv"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
)

// ListChanges is what a newer list would change for the recipients of a live warning.
type ListChanges struct {
	Warning     *alerts.Warning
	Level       alerts.Level // of its orders
	ListVersion string       // the one in force now; the warning's own where there is no other
	Following   int          // recipients that follow another version than the pinned one already
	Total       int
	Items       []notify.ListChange
	Next        string
}

// ListChanges are the recipients of a warning that have other things to do under the list that is in force now: those
// that come after the recipient cursor, at most limit. A limit of 0 counts alone. None where orders were never planned,
// or are all released.
func (s *Service) ListChanges(warning, cursor string, limit int) (ListChanges, error) {
	return journal.Read(s.J, func(tx *bbolt.Tx) (ListChanges, error) {
		return s.listChanges(tx, warning, cursor, limit)
	})
}

// CountListChanges is ListChanges for who counts within a transaction of its own.
func (s *Service) CountListChanges(tx *bbolt.Tx, warning string) (total int, version string, err error) {
	out, err := s.listChanges(tx, warning, "", 0)
	return out.Total, out.ListVersion, err
}

func (s *Service) listChanges(tx *bbolt.Tx, warning, cursor string, limit int) (out ListChanges, err error) {
	if out.Warning, err = alerts.GetWarning(tx, warning); err != nil {
		return out, err
	}
	out.Items, out.ListVersion = []notify.ListChange{}, out.Warning.ListVersion
	p, err := notify.GetRound(tx, warning)
	if err != nil || p == nil || p.Release != "" {
		return out, err
	}
	out.Level, out.Following = p.Level, notify.Following(tx, warning)
	cur, found, err := inForce(tx, s.J.Wall())
	if !found || cur.ID == p.ListVersion && out.Following == 0 {
		return out, err
	}
	out.ListVersion = cur.ID
	pinned, err := s.lists.due.get([3]string{p.ListHash, cur.Hash, string(p.Level)}, func() ([]notify.DueChange, error) {
		return notify.DueChanges(tx, p.ListVersion, cur.ID, p.Level)
	})
	if err != nil {
		return out, err
	}
	offered, err := p.Offered(tx, pinned, cur.ID)
	out.Total = len(offered)
	if limit == 0 || err != nil {
		return out, err
	}
	for _, c := range offered {
		if c.Recipient <= cursor {
			continue
		}
		if len(out.Items) == limit {
			out.Next = out.Items[limit-1].Recipient
			break
		}
		item, err := p.Changed(tx, c, cur.ID)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

var _ = bind(calls.WarningListChanges,
	func(s *Service, _ context.Context, a Ask, in calls.ChangesQuery) (calls.ListChanges, error) {
		c, err := s.ListChanges(in.ID, in.Cursor, in.Most())
		if err != nil {
			return calls.ListChanges{}, err
		}
		out := calls.ListChanges{Page: alerts.Page[calls.ListChange]{Items: []calls.ListChange{}, Next: c.Next,
			Total: c.Total}, WarningID: c.Warning.ID,
			Revision: c.Warning.Revision, Level: c.Level, Pinned: c.Warning.ListVersion, List: c.ListVersion,
			Following: c.Following}
		for _, item := range c.Items {
			one := calls.ListChange{ListChange: item, Changes: changesIn(a.Lang, item.Changes)}
			if o := item.Order; o != nil {
				one.OrderID, one.State, one.Answer = o.ID, o.State.String(), o.Answer.String()
			}
			out.Items = append(out.Items, one)
		}
		return out, nil
	})

var _ = bind(calls.Relist, (*Service).Relist)

// Relist gives single recipients of a live warning what the list in force says, in as many steps as their orders need.
// A repeat goes on where it was cut off: who follows that list already is passed over.
func (s *Service) Relist(ctx context.Context, a Ask, in calls.Relisting) (done notify.RelistDone, err error) {
	done = notify.RelistDone{Issued: []string{}, Revised: []string{}, Released: []string{}, Unchanged: []string{}}
	rest := in.Recipients
	for n := 1; len(rest) > 0 || n == 1; n++ {
		cmd := relistCommand(a, in, rest)
		if a.Key != "" && n > 1 {
			cmd.Key += "/" + strconv.Itoa(n)
		}
		if n > 1 { // a preview is of the first step
			cmd.Seen = ""
		}
		step, err := journal.Do[notify.RelistDone](ctx, s.J, cmd)
		if err != nil {
			return done, err
		}
		done.Issued = append(done.Issued, step.Issued...)
		done.Revised = append(done.Revised, step.Revised...)
		done.Released = append(done.Released, step.Released...)
		done.Unchanged = append(done.Unchanged, step.Unchanged...)
		rest = step.Rest
	}
	return done, nil
}

func relistCommand(a Ask, in calls.Relisting, recipients []string) journal.Command {
	return a.command(cmdRelist, notify.Relist{Warning: in.ID, Revision: in.Revision, Version: in.ListVersion,
		Recipients: recipients})
}

// PreviewRelist is what [Service.Relist] would record of the first recipients, as many as fit in a block, or the refusal
// that it would get. Nothing is recorded.
func (s *Service) PreviewRelist(a Ask, in calls.Relisting) (journal.Outlook, notify.RelistDone, error) {
	o, err := s.J.Preview(relistCommand(a, in, in.Recipients))
	done, _ := o.Result.(notify.RelistDone)
	return o, done, err
}
