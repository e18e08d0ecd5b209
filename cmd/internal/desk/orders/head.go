package orders

import (
	"fmt"
	"html/template"
	"net/url"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// orderHead is the part of an order's page that follows the record while the page is open: how the order stands, and,
// once that is otherwise than when the page was opened, what its recipient can do now. Forms in which somebody may be
// typing stay as they are until then.
type orderHead struct {
	Order   notify.View
	Next    string // id of the order that took its place
	Ended   string // of an order that no longer binds: since when, why, and what that means
	Answers []answerForm
	Left    time.Duration // until the deadline
	Changed bool

	row *notify.Order
}

// head reads how an order stands, for a user who may see it.
func (d *desk) head(q *frame.Request, id string) (*orderHead, error) {
	h := &orderHead{}
	unexplained := false
	err := q.View(func(tx *bbolt.Tx) (err error) {
		if h.row, err = notify.Get(tx, id); err != nil {
			return err
		}
		if !service.Visible(q.Who, h.row.RecipientID, h.row.Town) {
			return frame.NoOrder(id)
		}
		if unexplained, err = h.row.Unexplained(tx); err != nil {
			return err
		}
		after, err := h.row.Next(tx)
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		if err == nil {
			h.Next = after.ID
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if h.Order, err = q.Order(id); err != nil {
		return nil, err
	}
	r := h.Order.Release
	switch {
	case r != nil:
		h.Ended = q.T("ended."+string(r.Kind), "at", frame.Clock(r.At))
	case h.row.State != notify.StateOpen:
		h.Ended = q.T("order." + h.row.State.String())
	}
	if r != nil && r.Kind == notify.ReleaseExempted && r.Reason != "" {
		q.SawNote(h.row.RecipientID)
	}
	h.Left = h.Order.AcknowledgeBy.Sub(q.Now)
	if h.mine(q) {
		h.Answers, err = answers(q, h.row, h.Order.Measures, unexplained)
	}
	return h, err
}

// mine reports whether the user answers the order.
func (h *orderHead) mine(q *frame.Request) bool {
	return q.May(calls.ActOrdersAnswer) && q.Who.Recipient == h.row.RecipientID
}

// standing is the same as long as a recipient can do the same with its order.
func (h *orderHead) standing() string {
	o := h.row
	return fmt.Sprintf("%s.%s.%s.%t", o.State, o.Answer, o.Execution, o.Unreceived && o.State != notify.StateOpen)
}

// watch is the address of the stream of a page that shows the order as it stands, and what is measured of it.
func (h *orderHead) watch(measured bool) string {
	query := url.Values{"page": {"order"}, "id": {h.row.ID}, "warning": {h.row.WarningID}, "seen": {h.standing()}}
	if measured {
		query.Set("measured", "true")
	}
	return "/desk/live?" + query.Encode()
}

// liveParts are those of an order's page. What its recipient can do is rendered anew only when it stands otherwise than before.
func (d *desk) liveParts(q *frame.Request) ([]frame.Part, string) {
	v := q.URL.Query()
	var was string
	var last template.HTML
	parts := []frame.Part{q.OwnPart("order-head", func() (template.HTML, error) {
		h, err := d.head(q, v.Get("id"))
		if err != nil {
			return "", err
		}
		if now := h.standing() + h.row.Delivery.String() + h.row.Verdict.String(); now != was {
			h.Changed = h.standing() != v.Get("seen")
			if last, err = q.HTML("order-head-part", h); err != nil {
				return "", err
			}
			was = now
		}
		return last, nil
	})}
	if v.Get("measured") == "true" {
		parts = append(parts, d.MonitoringOf(q, v.Get("id"))...)
		parts = append(parts, d.InspectedOf(q, v.Get("id"))...)
	}
	return parts, v.Get("warning")
}
