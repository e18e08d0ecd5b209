package console

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/notify"
)

// objectionView is the page on which an objection is decided: what was objected, what was ordered, and three answers.
type objectionView struct {
	*chrome
	Order    notify.View
	Measures []measureView
	Note     string
	At       time.Time
	More     bool
	Open     bool // it still waits for a decision
	Forms    []decisionForm
}

// decisionForm is one of the three answers.
type decisionForm struct {
	Decision string
	Fields   []field
	Changes  []changeFields // of an amendment
	Key      string
	Error    string
	Current  bool
}

// changeFields are what an amendment changes of one measure; a field that is left as it was changes nothing.
type changeFields struct {
	ID     string
	Text   string
	Fields []field
}

var decisions = []string{"accept", "reject", "amend"}

func (d *desk) objection(q *request) error { return d.showObjection(q, "", nil, nil) }

func (d *desk) showObjection(q *request, decision string, typed url.Values, failed error) error {
	id := q.id()
	var row *notify.Order
	if err := q.view(func(tx *bbolt.Tx) (err error) { row, err = notify.Get(tx, id); return err }); err != nil {
		return err
	}
	v := objectionView{chrome: q.chrome("objection"), Open: row.State == notify.StateOpen && row.Answer == notify.AnswerObjected}
	var err error
	if v.Order, err = d.readOrder(q, id); err != nil {
		return err
	}
	measures, err := v.Order.Listed()
	if err != nil {
		return err
	}
	v.Drill = v.Order.Drill
	v.Measures = q.measures(measures)
	steps, more, err := d.timeline(q, row)
	if err != nil {
		return err
	}
	v.Note, v.At = objectionNote(steps)
	v.More = more
	status := http.StatusOK
	for _, name := range decisions {
		f := q.decisionForm(name, v.Order.Measures)
		if name == decision {
			f.fill(typed)
			if failed != nil {
				e, code := d.refusalOf(q, failed)
				status = code
				f.blame(e, q.lang)
			}
		}
		v.Forms = append(v.Forms, f)
	}
	return q.render(status, "objection", v)
}

func (q *request) decisionForm(decision string, measures []notify.MeasureView) decisionForm {
	f := decisionForm{Decision: decision, Key: newKey()}
	reason := q.field("reason", kindArea, true)
	reason.Hint = ""
	if decision != "reject" {
		f.Fields = append(f.Fields, q.field("expires_at", kindMoment, false))
	}
	if decision == "amend" {
		for _, m := range measures {
			hours := q.field("within."+m.ID, kindNumber, false)
			hours.Label, hours.Value = q.t("f.complete_within_h"), number(m.CompleteWithinH)
			text := q.field("text."+m.ID, kindArea, false)
			text.Label, text.Value = q.t("f.measure_text"), m.Text
			c := changeFields{ID: m.ID, Text: m.Text, Fields: []field{text, hours}}
			if m.Quantity != nil {
				n := q.field("quantity."+m.ID, kindNumber, false)
				n.Label, n.Value = q.t("f.quantity", "unit", m.Quantity.Unit), number(m.Quantity.Value)
				c.Fields = append(c.Fields, n)
			}
			f.Changes = append(f.Changes, c)
		}
	}
	f.Fields = append(f.Fields, reason)
	for i := range f.Fields {
		f.Fields[i].Form = decision + "-"
	}
	return f
}

// raw is a change of a list's row as the list takes it.
func raw(change map[string]any) json.RawMessage {
	text, err := json.Marshal(change)
	if err != nil {
		panic(err) // strings, numbers and lists of them always encode
	}
	return text
}

func number(f float64) string {
	text, _ := json.Marshal(f) // of a list's quantity, which is finite
	return string(text)
}

func (f *decisionForm) fill(typed url.Values) {
	f.Current = true
	set(f.Fields, typed)
	for i := range f.Changes {
		set(f.Changes[i].Fields, typed)
	}
	if k := typed.Get("key"); k != "" {
		f.Key = k
	}
}

func (f *decisionForm) blame(e *refusal.Error, lang string) {
	all := form{Fields: f.Fields}
	all.blame(e, lang)
	f.Error = all.Error
}

// decide carries out a decision on an objection.
func (d *desk) decide(q *request) error {
	decision := q.PostForm.Get("decision")
	if q.PostForm.Get("step") == stepEdit {
		return d.showObjection(q, decision, q.PostForm, nil)
	}
	if err := access.Require(q.who, calls.ActOrdersObjection); err != nil {
		return err
	}
	o, err := d.readOrder(q, q.id())
	if err != nil {
		return err
	}
	content, err := q.decision(o.ID, decision, o.Measures)
	if err == nil {
		_, err = d.svc.DecideObjection(q.Context(), q.ask(), content)
	}
	if err != nil {
		if code := refusal.CodeOf(err); code == "" || code == refusal.NotFound {
			return err
		}
		return d.showObjection(q, decision, q.PostForm, err)
	}
	return q.redirect("/desk/orders/" + url.PathEscape(o.ID) + "?done=objection")
}

// decision is what was decided on an order. Of an amendment it holds what differs from the order.
func (q *request) decision(id, decision string, measures []notify.MeasureView) (in calls.ObjectionDecision, err error) {
	f := q.decisionForm(decision, measures)
	content, err := typed(f.Fields, q.PostForm)
	if err != nil {
		return in, err
	}
	in = calls.ObjectionDecision{ByID: calls.ByID{ID: id}, Decision: decision, Reason: content["reason"].(string)}
	if at, ok := content["expires_at"].(time.Time); ok {
		in.ExpiresAt = &at
	}
	if decision != "amend" {
		return in, nil
	}
	for i, c := range f.Changes {
		values, err := typed(c.Fields, q.PostForm)
		if err != nil {
			return in, err
		}
		m, change := measures[i], map[string]any{}
		if text, ok := values["text."+c.ID].(string); ok && text != strings.TrimSpace(m.Text) {
			change["text"] = text
		}
		if h, ok := values["within."+c.ID].(float64); ok && h != m.CompleteWithinH {
			change["complete_within_h"] = h
		}
		if n, ok := values["quantity."+c.ID].(float64); ok && m.Quantity != nil && n != m.Quantity.Value {
			change["quantity"] = map[string]any{"kind": m.Quantity.Kind, "value": n, "unit": m.Quantity.Unit}
		}
		if len(change) > 0 {
			in.Measures = append(in.Measures, calls.MeasureAmends{ID: c.ID, Change: raw(change)})
		}
	}
	if len(in.Measures) == 0 {
		return in, refusal.New(refusal.Invalid, "desk.form.amend_nothing", nil)
	}
	return in, nil
}
