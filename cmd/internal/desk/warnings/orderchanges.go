package warnings

import (
	"qingkong/alerts"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
)

// orderChanges is what an act does to the orders of its warning, with a page of those that change.
type orderChanges struct {
	frame.Pager
	notify.RoundCounts
	At       string // from when on, where that is later; empty for at once
	Approved bool   // it comes with the approval that the act only asks for
	From, To int    // the first and last on the page, of those that change
	Orders   []frame.OrderChange
}

// changesPerPage is how many orders a review reads out at a time: each with all that changes and its text.
const changesPerPage = 20

// orderChanges reads out what an act, which leads to next, does to the orders; nil where there is nothing to say. How
// many end with the warning is a caution of the act.
func (d *desk) orderChanges(q *frame.Request, a act, next *alerts.Warning, events []alerts.Event) (*orderChanges, error) {
	c, err := d.Svc.PreviewOrders(next, events, q.URL.Query().Get("cursor"), changesPerPage)
	if err != nil || c == nil || c.Round == nil && a.ends {
		return nil, err
	}
	v := &orderChanges{RoundCounts: c.RoundCounts, Approved: c.Approved, Pager: q.PartPager("orders", c.Next)}
	if !c.Later.IsZero() {
		v.At = frame.Moment(q.Lang, c.Later)
	}
	v.Orders, err = q.OrderChanges(c.Events)
	v.From, v.To = c.Before+1, c.Before+len(v.Orders)
	return v, err
}
