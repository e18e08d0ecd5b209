package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
)

// ordersView is a page of orders.
type ordersView struct {
	*chrome
	Filter notify.Filter
	States []option
	Rows   []orderRow
	Total  int // -1: not counted
	Next   string
	First  string
	Phones bool
	Own    bool // an enterprise's own orders
	Wrong  string
}

// filterStates are what orders are looked for by.
var filterStates = []string{"open", "overdue", "awaiting", "objected", "acknowledged", "pending", "sent", "delivered", "read", "failed",
	"not_started", "started", "reported", "completed", "suspected", "violated", "no_data", "superseded", "released", "exempted"}

func (d *desk) orders(q *request) error {
	v := q.URL.Query()
	view := ordersView{chrome: q.chrome("orders"), Phones: d.opt.Phone != nil, Own: q.who.Role == calls.Enterprise}
	f := notify.Filter{Warning: v.Get("warning"), State: v.Get("state"), Town: v.Get("town"), Query: strings.TrimSpace(v.Get("q"))}
	if !slices.Contains(filterStates, f.State) {
		f.State = ""
	}
	view.Filter = f
	for _, s := range filterStates {
		view.States = append(view.States, option{Value: s, Label: terms.Name(terms.OrderState, s, q.lang)})
	}
	cursor := v.Get("cursor")
	if !service.Narrow(&f, q.who) {
		return q.render(http.StatusOK, "orders", view)
	}
	err := q.view(func(tx *bbolt.Tx) (err error) {
		var next string
		if view.Rows, next, err = d.orderRows(q, tx, f, cursor, pageSize(v)); err != nil {
			return err
		}
		view.Next, view.Total = withCursor(q.URL, next), -1
		if f.Query == "" { // a search is not counted: it would look at every order
			view.Total, err = notify.CountOrders(tx, f)
		}
		return err
	})
	if err != nil {
		return err
	}
	if cursor != "" {
		view.First = withCursor(q.URL, "-")
	}
	return q.render(http.StatusOK, "orders", view)
}

// withCursor is the address of another page of the same list: empty without a cursor, the first page for "-".
func withCursor(u *url.URL, cursor string) string {
	if cursor == "" {
		return ""
	}
	v := u.Query()
	v.Del("cursor")
	if cursor != "-" {
		v.Set("cursor", cursor)
	}
	return u.Path + "?" + v.Encode()
}

// orderView is an order's page.
type orderView struct {
	*chrome
	Order    notify.View
	Measures []measureView
	Next     string // the order that took its place
	Steps    []timelineStep
	More     bool   // the record was not read to its end
	Answers  []step // what its recipient can do now, the nearest first
	MarkRead bool
	Decide   bool
	Plan     *planPanel    // of a plant's order
	Left     time.Duration // until the deadline
	Error    string
	Again    bool // an answer comes back unsent after a login
	Typed    url.Values
}

// step is an answer that a recipient can give.
type step struct {
	Action  string
	Main    bool   // the order's next step: the one prominent button
	Folded  string // what unfolds it, where it is no step that is usually taken
	Lead    string
	Fields  []field
	Key     string
	Current bool // it comes back with what was typed
}

func (d *desk) readOrder(q *request, id string) (o notify.View, err error) {
	text, err := d.svc.OrderFor(q.who, id)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	return o, err
}

func (d *desk) order(q *request) error { return d.showOrder(q, q.id(), "", nil, nil) }

// showOrder shows an order; typed and failed are of an answer that comes back.
func (d *desk) showOrder(q *request, id, action string, typed url.Values, failed error) error {
	var row *notify.Order
	var next string
	unexplained := false
	err := q.view(func(tx *bbolt.Tx) (err error) {
		if row, err = notify.Get(tx, id); err != nil {
			return err
		}
		if !service.Visible(q.who, row.RecipientID, row.Town) {
			return noOrder(id)
		}
		if unexplained, err = row.Unexplained(tx); err != nil {
			return err
		}
		after, err := row.Next(tx)
		if refusal.CodeOf(err) == refusal.NotFound {
			return nil
		}
		if err == nil {
			next = after.ID
		}
		return err
	})
	if err != nil {
		return err
	}
	v := orderView{chrome: q.chrome("order"), Next: next, Typed: typed, Again: typed != nil && failed == nil}
	if v.Order, err = d.readOrder(q, id); err != nil {
		return err
	}
	if r := v.Order.Release; r != nil && r.Kind == notify.ReleaseExempted && r.Reason != "" {
		q.seen.notes = append(q.seen.notes, row.RecipientID)
	}
	q.seen.officer = v.Order.Contact.Name != "" || v.Order.Contact.Phone != ""
	measures, err := v.Order.Listed()
	if err != nil {
		return err
	}
	v.Drill, v.Flash = v.Order.Drill, q.flash()
	v.Title = v.Order.Title
	v.Measures = q.measures(measures)
	v.Left = v.Order.AcknowledgeBy.Sub(q.now)
	if v.Steps, v.More, err = d.timeline(q, row); err != nil {
		return err
	}
	v.Decide = q.may(calls.ActOrdersObjection) && row.State == notify.StateOpen && row.Answer == notify.AnswerObjected
	if q.may(calls.ActOrdersAnswer) && q.who.Recipient == row.RecipientID {
		v.Answers = q.answers(row, v.Order.Measures, unexplained, action, typed)
		v.MarkRead = row.Delivery != notify.DeliveryRead && q.Method == http.MethodGet
	}
	v.Plan = d.orderPlan(q, &v.Order)
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status, v.Error = code, e.Detail(q.lang)
		v.blame(e, action, q.lang)
	}
	return q.render(status, "order", v)
}

// blame puts refused places beside their fields.
func (v *orderView) blame(e *refusal.Error, action, lang string) {
	for _, s := range v.Answers {
		if s.Action != action {
			continue
		}
		f := form{Fields: s.Fields}
		f.blame(e, lang)
		v.Error = f.Error
	}
}

// answers are the acts that an order's state allows its recipient: first the one that brings it on, from the receipt to
// its completion, then what else may be done.
func (q *request) answers(o *notify.Order, measures []notify.MeasureView, unexplained bool, action string, typed url.Values) (out []step) {
	add := func(a notify.Action, fields ...field) *step {
		s := step{Action: string(a), Fields: fields, Key: newKey()}
		for i := range s.Fields {
			s.Fields[i].Form = string(a) + "-"
		}
		if typed != nil && string(a) == action {
			set(s.Fields, typed)
			s.Current = true
			if k := typed.Get("key"); k != "" {
				s.Key = k
			}
		}
		out = append(out, s)
		return &out[len(out)-1]
	}
	note := func(required bool) field { return q.field("note", kindArea, required) }
	if o.State == notify.StateOpen {
		switch {
		case o.Answer == notify.AnswerAwaiting || o.Answer == notify.AnswerOverdue:
			add(notify.Acknowledge).Main = true
			object := add(notify.Object, note(true))
			object.Folded, object.Lead = q.t("answer.object"), q.t("answer.object.lead")
		case o.Answer == notify.AnswerObjected:
			if unexplained {
				object := add(notify.Object, note(true))
				object.Main, object.Lead = true, q.t("answer.object.unexplained")
			}
			add(notify.Acknowledge)
		case o.Execution == notify.ExecutionNotStarted:
			add(notify.Start).Main = true
		case o.Execution == notify.ExecutionStarted:
			add(notify.Report, append(q.measureFields(measures), note(false))...).Main = true
			add(notify.Complete, note(false)).Folded = q.t("answer.complete.at_once")
		case o.Execution == notify.ExecutionReported:
			add(notify.Complete, note(false)).Main = true
		}
	}
	if o.Unreceived || o.Delivery == notify.DeliveryPending || o.Delivery == notify.DeliverySent {
		next := len(out) > 0 // which confirms the receipt as well
		add(notify.Receive).Main = !next
	}
	return out
}

// measureFields ask for a number for each measure that has one.
func (q *request) measureFields(measures []notify.MeasureView) []field {
	var out []field
	for _, m := range measures {
		if m.Quantity == nil {
			continue
		}
		f := q.field("value."+m.ID, kindNumber, false)
		f.Label = q.t("f.value", "text", m.Text, "unit", m.Quantity.Unit)
		out = append(out, f)
	}
	return out
}

// answer does one act of a recipient on its order.
func (d *desk) answer(q *request) error {
	id, action := q.id(), notify.Action(q.PathValue("action"))
	if q.PostForm.Get("step") == stepEdit {
		return d.showOrder(q, id, string(action), q.PostForm, nil)
	}
	if err := access.Require(q.who, calls.ActOrdersAnswer); err != nil {
		return err
	}
	in, err := d.answerOf(q, id, action)
	if err == nil {
		_, err = d.svc.AnswerOrder(q.Context(), q.ask(), in)
	}
	if err != nil {
		if code := refusal.CodeOf(err); code == "" || code == refusal.NotFound {
			return err
		}
		return d.showOrder(q, id, string(action), q.PostForm, err)
	}
	if q.Header.Get("HX-Request") == "true" { // the page marks itself as read and stays
		q.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return q.redirect("/desk/orders/" + url.PathEscape(id) + "?done=" + string(action))
}

// answerOf reads an answer from its form.
func (d *desk) answerOf(q *request, id string, action notify.Action) (notify.AnswerText, error) {
	in := notify.AnswerText{OrderID: id, Action: action, Note: strings.TrimSpace(strings.ReplaceAll(q.PostForm.Get("note"), "\r\n", "\n"))}
	if action == notify.Object && in.Note == "" {
		return in, refusal.Input([]refusal.Field{{Path: "note", Rule: "desk.form.note"}})
	}
	order, err := d.readOrder(q, id)
	if err != nil {
		return in, err
	}
	if order.RecipientID != q.who.Recipient {
		return in, noOrder(id)
	}
	if action == notify.Report {
		fields := q.measureFields(order.Measures)
		values, err := typed(fields, q.PostForm)
		if err != nil {
			return in, err
		}
		for _, m := range order.Measures {
			if n, ok := values["value."+m.ID].(float64); ok {
				in.Measures = append(in.Measures, notify.MeasureText{ID: m.ID, Value: &n, Unit: m.Quantity.Unit})
			}
		}
	}
	return in, nil
}
