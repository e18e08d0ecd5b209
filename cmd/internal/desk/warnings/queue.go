package warnings

import (
	"net/url"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// queue is what waits for the reader, the most pressing first: by role, of the warning and the drill under way, of the
// lists and of the system itself.
func (d *desk) queue(q *frame.Request) (v frame.Queue, err error) {
	err = q.View(func(tx *bbolt.Tx) error {
		live, err := d.live(tx)
		if err != nil {
			return err
		}
		for _, w := range live {
			items, err := d.waitsOf(q, tx, w)
			if err != nil {
				return err
			}
			if w.Drill {
				v.Drills = append(v.Drills, items...)
			} else {
				v.Items = append(v.Items, items...)
			}
		}
		lists, err := d.listsWaiting(q, tx)
		v.Items = append(v.Items, lists...)
		return err
	})
	if err != nil {
		return v, err
	}
	if q.May(calls.ActWarningsDeclare) || q.Who.Role == calls.Admin {
		if wrong := d.Watch.Report().Wrong(); len(wrong) > 0 {
			item := frame.QueueItem{Name: "checks", N: len(wrong), Href: "#health", Alarm: true}
			for _, c := range wrong {
				item.Since = older(item.Since, c.Since)
			}
			v.Items = append(v.Items, item)
		}
	}
	for _, items := range [][]frame.QueueItem{v.Items, v.Drills} {
		for i := range items {
			items[i].Text = q.T("queue."+items[i].Name, "count", items[i].N)
		}
	}
	return v, nil
}

// waitsOf is what a warning has that waits for the reader.
func (d *desk) waitsOf(q *frame.Request, tx *bbolt.Tx, w *alerts.Warning) (out []frame.QueueItem, err error) {
	at, board := warningPath(w.ID), warningPath(w.ID)+"/board"
	if by, since := approvalWaits(w); by != "" && by != q.Who.User && q.May(calls.ActWarningsApprove) {
		out = append(out, frame.QueueItem{Name: "approve", N: 1, Since: since, Href: at + "/approve", Alarm: true})
	}
	if !q.May(calls.ActOrdersObjection) && q.Who.Role != calls.Town {
		return out, nil
	}
	count := func(state string) (int, error) {
		return notify.CountOrders(tx, notify.Filter{Warning: w.ID, Town: q.Who.Town, State: state})
	}
	objected, err := count(notify.AnswerObjected.String())
	if err != nil {
		return nil, err
	}
	if objected > 0 && q.May(calls.ActOrdersObjection) {
		since, err := notify.OldestObjection(tx, w.ID, q.Who.Town)
		if err != nil {
			return nil, err
		}
		out = append(out, frame.QueueItem{Name: "objected", N: objected, Since: since, Href: board + "?state=objected#waiting"})
	}
	round, err := notify.GetRound(tx, w.ID)
	if err != nil || round == nil {
		return out, err
	}
	sheet, err := notify.GetBoard(tx, w.ID)
	if err != nil {
		return nil, err
	}
	numbers, _ := own(q, sheet)
	for _, item := range []frame.QueueItem{
		{Name: notify.AnswerOverdue.String(), Since: round.AcknowledgeBy, Alarm: true},
		{Name: notify.DeliveryFailed.String(), Since: round.At, Alarm: true},
	} {
		if item.N, err = count(item.Name); err != nil {
			return nil, err
		}
		item.Href = board + "?state=" + item.Name + "#waiting"
		if item.Name == notify.AnswerOverdue.String() && numbers.ToCall > 0 {
			item.Href = callsPath(w.ID)
		}
		if item.N > 0 {
			out = append(out, item)
		}
	}
	if !q.May(calls.ActWarningsRelist) {
		return out, nil
	}
	notice, err := d.listNotice(q, tx, w)
	if err != nil || notice == nil {
		return out, err
	}
	since := time.Time{}
	if v, err := reductionlist.GetVersion(tx, notice.Version); err == nil {
		since = v.ActivatedAt
	}
	return append(out, frame.QueueItem{Name: "relist", N: notice.Total, Since: since, Href: notice.Href}), nil
}

// approvalWaits says who entered what waits for an approval, and when; empty for nothing.
func approvalWaits(w *alerts.Warning) (by string, since time.Time) {
	switch {
	case w.Pending != nil:
		return w.Pending.By, w.History[len(w.History)-1].At
	case w.State == alerts.PendingApproval:
		return w.DeclaredBy, w.DeclaredAt
	case awaitsConfirmation(w):
		return w.Emergency.By, w.Emergency.CalledAt
	}
	return "", since
}

// draftsMost is how many versions of the list are looked at for one that waits.
const draftsMost = 50

// listsWaiting are the versions of the list that others have imported and nobody has approved.
func (d *desk) listsWaiting(q *frame.Request, tx *bbolt.Tx) ([]frame.QueueItem, error) {
	if !q.May(calls.ActListsApprove) {
		return nil, nil
	}
	item := frame.QueueItem{Name: "lists"}
	versions, _, err := reductionlist.ListVersions(tx, "", draftsMost)
	for _, v := range versions {
		whole := v.State == reductionlist.StateDraft && v.Errors == 0 && v.Added == v.Count
		if whole && v.BegunBy != q.Who.User {
			if item.N++; item.N == 1 {
				item.Href = "/desk/lists/" + url.PathEscape(v.ID)
			} else {
				item.Href = "/desk/lists"
			}
			item.Since = older(item.Since, v.BegunAt)
		}
	}
	if err != nil || item.N == 0 {
		return nil, err
	}
	return []frame.QueueItem{item}, nil
}

// older is the earlier of two times, of which zero is none.
func older(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// queueView is the queue on the first page. Age is as of Now.
type queueView struct {
	frame.Queue
	Now time.Time
}

// Age is for how long an item has waited, as people say it; empty where that is not known.
func (v queueView) Age(lang string, i frame.QueueItem) string {
	if i.Since.IsZero() || i.Since.After(v.Now) {
		return ""
	}
	return alerts.HoursText(v.Now.Sub(i.Since).Hours(), lang)
}
