// Package orders is the desk's area of orders: their list, the answers of recipients, decisions on objections, an order on
// paper, and the entries of the ledger that hold what became of it.
package orders

import (
	"html/template"
	"net/http"
	"slices"
	"strings"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// desk is the area's state.
type desk struct {
	*frame.Frame
	courses frame.Courses
}

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{Frame: f, courses: frame.Courses{Of: ownKinds}}
	f.Add(
		frame.Page{Pattern: "GET /desk/orders", Act: calls.ActOrdersRead, Key: "orders", Show: d.orders},
		frame.Page{Pattern: "GET /desk/orders/{id}", Act: calls.ActOrdersRead, Key: "order", Show: d.order},
		frame.Page{Pattern: "GET /desk/orders/{id}/paper", Act: calls.ActOrdersRead, Key: "paper", Show: d.paper},
		frame.Page{Pattern: "GET /desk/proofs", Act: calls.ActLedgerRead, Key: "proofs", Show: d.proofs},
		frame.Page{Pattern: "GET /desk/entries/{id}", Act: calls.ActLedgerRead, Key: "entry", Show: d.entry},
		frame.Page{Pattern: "POST /desk/orders/{id}/{action}", Act: calls.ActOrdersAnswer, Key: "order",
			Show: d.order, Do: d.answer},
		frame.Page{Pattern: "/desk/objections/{id}", Act: calls.ActOrdersObjection, Key: "objection",
			Show: d.decision})
	for _, act := range reporting {
		at := "POST /desk/orders/{id}/" + string(act)
		f.Add(frame.Page{Pattern: at, Act: calls.ActOrdersAnswer, Key: "order",
			Show: d.order, Do: d.report, Grows: true, Upload: true, Texts: frame.ReportTexts},
			frame.Page{Pattern: at + "/evidence", Act: calls.ActEvidenceCreate, Key: "order",
				Show: d.order, Do: d.handIn, Grows: true, Upload: true, Texts: frame.ReportTexts})
	}
	f.Stream("order", frame.Stream{Act: calls.ActOrdersRead, Parts: d.liveParts})
}

// ordersView is a page of orders.
type ordersView struct {
	*frame.Chrome
	frame.Pager
	Filter notify.Filter
	States []frame.Option
	Towns  []string
	Rows   []frame.OrderRow
	Total  int // -1: not counted
	Phones bool
	Own    bool // they are an enterprise's own
}

// filterStates are the states that orders can be looked for by.
var filterStates = []string{"open", "overdue", "awaiting", "objected", "acknowledged", "pending", "sent", "delivered",
	"read", "failed", "not_started", "started", "reported", "completed", "suspected", "violated", "no_data",
	"superseded", "released", "exempted", notify.ReleaseWaiting}

func (d *desk) orders(q *frame.Request) (any, error) {
	v := q.URL.Query()
	view := ordersView{Chrome: q.Chrome(), Phones: q.Phones(), Own: q.Who.Role == calls.Enterprise}
	f := notify.Filter{Warning: v.Get("warning"), State: v.Get("state"), Town: v.Get("town"),
		Query: strings.TrimSpace(v.Get("q"))}
	if !slices.Contains(filterStates, f.State) {
		f.State = ""
	}
	view.Filter = f
	may := service.Narrow(&f, q.Who)
	return &view, q.View(func(tx *bbolt.Tx) error {
		if err := view.choices(q, tx); err != nil || !may {
			return err
		}
		rows, next, err := q.OrderRows(tx, f, v.Get("cursor"), frame.PageSize(v))
		if err != nil {
			return err
		}
		view.Rows, view.Pager, view.Total = rows, q.Pager(next), -1
		if f.Query == "" { // a search is not counted: it would look at every order
			view.Total, err = notify.CountOrders(tx, f)
		}
		return err
	})
}

// choices are the states and towns that orders can be looked for by. What monitoring concludes is none of them before it
// has concluded something.
func (v *ordersView) choices(q *frame.Request, tx *bbolt.Tx) (err error) {
	for _, s := range filterStates {
		if slices.Contains(verdicts, s) && s != v.Filter.State {
			if n, err := notify.CountOrders(tx, notify.Filter{State: s}); err != nil || n == 0 {
				if err != nil {
					return err
				}
				continue
			}
		}
		v.States = append(v.States, frame.Option{Value: s, Label: terms.Name(terms.OrderState, s, q.Lang)})
	}
	if q.Who.Role != calls.Town && !v.Own {
		v.Towns, err = q.Towns(tx, v.Filter.Warning, v.Filter.Town)
	}
	return err
}

// verdicts are the states of filterStates that monitoring gives.
var verdicts = []string{"suspected", "violated", "no_data"}

// orderView is an order's page.
type orderView struct {
	*frame.Chrome
	*orderHead
	Measures []frame.MeasureView
	Steps    []timelineStep
	More     bool // the record was not read to its end
	MarkRead bool
	Decide   bool
	Proofs   bool                     // entries lead to their proofs
	Plan     template.HTML            // of a plant's order
	Live     map[string]template.HTML // what is measured, by [frame.Frame.MonitoringOf]
	Error    string
	Again    bool // an answer comes back unsent after a login
}

// order shows an order, and an answer of its recipient that comes back.
func (d *desk) order(q *frame.Request) (any, error) {
	h, err := d.head(q, q.ID())
	if err != nil {
		return nil, err
	}
	v := orderView{Chrome: q.Chrome(), orderHead: h, Again: q.Again()}
	measures, err := v.Order.Listed()
	if err != nil {
		return nil, err
	}
	q.SawOfficer(&v.Order)
	v.Drill, v.Title, v.Proofs = v.Order.Drill, v.Order.Title, q.May(calls.ActLedgerRead)
	measured := d.measuredParts(q, &v.Order)
	if h.mine(q) || len(measured) > 0 {
		v.Watch = h.watch(len(measured) > 0)
	}
	v.Measures = q.Measures(measures)
	if err := q.Watched(v.Order.RecipientID, v.Measures); err != nil {
		return nil, err
	}
	if v.Steps, v.More, err = d.timeline(q, h.row); err != nil {
		return nil, err
	}
	if err := showFiles(q, v.Steps); err != nil {
		return nil, err
	}
	v.Decide = q.May(calls.ActOrdersObjection) && h.row.State == notify.StateOpen && h.row.Answer == notify.AnswerObjected
	v.MarkRead = h.mine(q) && h.row.State == notify.StateOpen && h.row.Delivery != notify.DeliveryRead &&
		q.Method == http.MethodGet // that it has ended is received by hand
	if q.Refused != nil {
		v.Error = q.Refused.Detail(q.Lang)
		for _, a := range v.Answers {
			if a.Current {
				lists := [][]frame.Field{a.Fields}
				if a.Files != nil {
					lists = append(lists, a.Files.File)
				}
				v.Error = q.Blame(nil, lists...)
			}
		}
	}
	if v.Live, err = frame.Shown(measured); err != nil {
		return nil, err
	}
	v.Plan, err = d.PlanOf(q, &v.Order)
	return v, err
}

// measuredParts are the live parts of what is measured of an order and what inspectors found; none of a drill, of which there
// is nothing.
func (d *desk) measuredParts(q *frame.Request, o *notify.View) []frame.Part {
	if o.Drill {
		return nil
	}
	return append(d.MonitoringOf(q, o.ID), d.InspectedOf(q, o.ID)...)
}
