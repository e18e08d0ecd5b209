// Package orders is the desk's area of orders: their list, the answers of recipients, decisions on objections, an order on
// paper, and the entries of the ledger that hold what became of it.
package orders

import (
	"cmp"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/reductionlist"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
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

// answerForm is the form of an answer that a recipient can give.
type answerForm struct {
	Action  string
	Main    bool   // the order's next step: the one prominent button
	Folded  string // words that unfold it, where it is not the usual step
	Lead    string
	Fields  []frame.Field
	Key     string
	Current bool // it comes back with what was typed

	Correction bool // it says anew what was said of the completion
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
	v.Decide = q.May(calls.ActOrdersObjection) && h.row.State == notify.StateOpen && h.row.Answer == notify.AnswerObjected
	v.MarkRead = h.mine(q) && h.row.State == notify.StateOpen && h.row.Delivery != notify.DeliveryRead &&
		q.Method == http.MethodGet // that it has ended is received by hand
	if q.Refused != nil {
		v.Error = q.Refused.Detail(q.Lang)
		for _, a := range v.Answers {
			if a.Current {
				v.Error = q.Blame(nil, a.Fields)
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

// answers are the forms of the answers that an order's state allows its recipient: first the next step on its way from
// receipt to completion, then the others.
func answers(q *frame.Request, o *notify.Order, measures []notify.MeasureView, unexplained bool) (out []answerForm) {
	add := func(action notify.Action, fields ...frame.Field) *answerForm {
		a := answerForm{Action: string(action), Fields: fields, Key: frame.NewKey()}
		for i := range a.Fields {
			a.Fields[i].Form = a.Action + "-"
		}
		if q.Method == http.MethodPost && a.Action == q.PathValue("action") {
			frame.Set(a.Fields, q.PostForm)
			a.Key, a.Current = cmp.Or(q.PostForm.Get("key"), a.Key), true
		}
		out = append(out, a)
		return &out[len(out)-1]
	}
	note := func(required bool) frame.Field { return q.Field("note", frame.KindArea, required) }
	figures := func(noteRequired bool) []frame.Field {
		return append(measureFields(q, measures), atField(q), note(noteRequired))
	}
	if o.State == notify.StateOpen {
		switch {
		case o.Answer == notify.AnswerAwaiting || o.Answer == notify.AnswerOverdue:
			add(notify.Acknowledge).Main = true
			object := add(notify.Object, note(true))
			object.Folded, object.Lead = q.T("answer.object"), q.T("answer.object.lead")
		case o.Answer == notify.AnswerObjected:
			if unexplained {
				object := add(notify.Object, note(true))
				object.Main, object.Lead = true, q.T("answer.object.unexplained")
			}
			add(notify.Acknowledge)
		case o.Execution == notify.ExecutionNotStarted:
			add(notify.Start).Main = true
		case o.Execution == notify.ExecutionStarted:
			add(notify.Report, figures(false)...).Main = true
			add(notify.Complete, atField(q), note(false)).Folded = q.T("answer.complete.at_once")
		case o.Execution == notify.ExecutionReported:
			add(notify.Report, figures(false)...).Folded = q.T("answer.report.again")
			add(notify.Complete, atField(q), note(false)).Main = true
		case o.Execution == notify.ExecutionCompleted:
			correct := add(notify.Complete, figures(true)...)
			correct.Folded, correct.Correction = q.T("answer.correct"), true
			correct.Lead = q.T("answer.correct.lead")
		}
	}
	unheard := o.Delivery == notify.DeliveryPending || o.Delivery == notify.DeliverySent
	if o.Unreceived || o.State == notify.StateOpen && unheard {
		next := len(out) > 0 // an answer that confirms the receipt as well
		add(notify.Receive).Main = !next
	}
	return out
}

// measureFields ask for a number for each measure that has one.
func measureFields(q *frame.Request, measures []notify.MeasureView) []frame.Field {
	var out []frame.Field
	for _, m := range measures {
		if m.Quantity == nil {
			continue
		}
		f := q.Field("value."+m.ID, frame.KindNumber, false)
		f.Label = q.T("f.value", "text", m.Text, "what", actual(q, m.Quantity), "unit", m.Quantity.Unit)
		out = append(out, f)
	}
	return out
}

// actual says what is asked for beside a quantity: 40 % can be what is left or what is less.
func actual(q *frame.Request, of *notify.QuantityView) string {
	switch {
	case of.Kind == reductionlist.ReduceBy:
		return q.T("actual.less")
	case reductionlist.PlainUnit(of.Unit) == "%":
		return q.T("actual.of_baseline")
	}
	return q.T("actual.is")
}

// atField asks of when an answer speaks; it begins with now.
func atField(q *frame.Request) frame.Field {
	f := q.Field("at", frame.KindMoment, false)
	f.Label, f.Value = q.T("f.as_at"), frame.MomentValue(q.Now)
	return f
}

// answer carries out a recipient's answer to its order.
func (d *desk) answer(q *frame.Request) (to string, err error) {
	id, action := q.ID(), notify.Action(q.PathValue("action"))
	in, err := answerOf(q, id, action)
	if err == nil {
		_, err = d.Svc.AnswerOrder(q.Context(), q.Ask(), in)
	}
	if err == nil && q.Header.Get("HX-Request") == "true" { // the page marks itself as read and stays
		q.W.WriteHeader(http.StatusNoContent)
		return "", nil
	}
	return frame.OrderPath(id) + "?done=" + string(action), err
}

// answerOf reads an answer from its form.
func answerOf(q *frame.Request, id string, action notify.Action) (notify.AnswerText, error) {
	in := notify.AnswerText{OrderID: id, Action: action,
		Note: strings.TrimSpace(q.PostForm.Get("note"))}
	if action == notify.Object && in.Note == "" {
		return in, refusal.Input([]refusal.Field{{Path: "note", Rule: "desk.form.note"}})
	}
	order, err := q.Order(id)
	if err != nil {
		return in, err
	}
	if order.RecipientID != q.Who.Recipient {
		return in, frame.NoOrder(id)
	}
	if action == notify.Report || action == notify.Complete {
		in.Correction = q.PostForm.Get("correction") == "true"
		fields := append(measureFields(q, order.Measures), atField(q))
		values, err := frame.Typed(fields, q.PostForm)
		if err != nil {
			return in, err
		}
		if at, ok := values["at"].(time.Time); ok {
			in.At = &at
		}
		for _, m := range order.Measures {
			if n, ok := values["value."+m.ID].(float64); ok {
				in.Measures = append(in.Measures, notify.MeasureText{ID: m.ID, Value: &n, Unit: m.Quantity.Unit})
			}
		}
	}
	return in, valid.Check(in)
}
