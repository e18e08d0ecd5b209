package orders

import (
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
)

// paperView is an order on one page to be printed: what an inspector holds in hand at the gate.
type paperView struct {
	*frame.Chrome
	Order    notify.View
	Ended    string // of an order that no longer binds: since when and why
	Next     string // id of the order that took its place
	Measures []frame.MeasureView
	Steps    []timelineStep
	More     bool // the record was not read to its end
	Proofs   bool // entries lead to their proofs
	At       time.Time
}

// paper shows all of an order at once: its measures, its text in full, and what was sent and answered, to the second
// and with the entries of the ledger that hold it.
func (d *desk) paper(q *frame.Request) (any, error) {
	h, err := d.head(q, q.ID())
	if err != nil {
		return nil, err
	}
	measures, err := h.Order.Listed()
	if err != nil {
		return nil, err
	}
	q.SawOfficer(&h.Order)
	v := &paperView{Chrome: q.Chrome(), Order: h.Order, Ended: h.Ended, Next: h.Next, Measures: q.Measures(measures),
		Proofs: q.May(calls.ActLedgerRead), At: q.Now}
	v.Drill, v.Title = h.Order.Drill, h.Order.Title
	v.Steps, v.More, err = d.timeline(q, h.row)
	return v, err
}
