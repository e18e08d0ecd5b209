package orders

import (
	"cmp"
	"net/url"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/valid"
	"qingkong/reductionlist"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/notify"
)

// objectionView is the page that decides an objection: the objection, the order, and three decisions to choose from.
type objectionView struct {
	*frame.Chrome
	Order    notify.View
	Measures []frame.MeasureView
	Note     string
	At       time.Time
	More     bool
	Open     bool // the objection still waits for a decision
	Forms    []decisionForm
}

// decisionForm is the form of one of the three decisions.
type decisionForm struct {
	Decision string
	Fields   []frame.Field
	Changes  []changeFields // of an amendment
	Key      string
	Error    string
	Current  bool
}

// changeFields ask what an amendment changes of one measure; a field that is left as it was changes nothing.
type changeFields struct {
	ID     string
	Text   string
	Fields []frame.Field
}

// orderOf is the order of the page, with its measures as the list has them.
func orderOf(q *frame.Request) (o notify.View, measures []reductionlist.Measure, err error) {
	if o, err = q.Order(q.ID()); err == nil {
		measures, err = o.Listed()
	}
	return o, measures, err
}

var decisions = []string{"accept", "reject", "amend"}

func (d *desk) objection(q *frame.Request) (any, error) {
	var row *notify.Order
	err := q.View(func(tx *bbolt.Tx) (err error) { row, err = notify.Get(tx, q.ID()); return err })
	if err != nil {
		return nil, err
	}
	v := objectionView{Chrome: q.Chrome(), Open: row.State == notify.StateOpen && row.Answer == notify.AnswerObjected}
	var measures []reductionlist.Measure
	if v.Order, measures, err = orderOf(q); err != nil {
		return nil, err
	}
	v.Drill, v.Measures = v.Order.Drill, q.Measures(measures)
	steps, more, err := d.timeline(q, row)
	if err != nil {
		return nil, err
	}
	v.Note, v.At = objectionNote(steps)
	v.More = more
	for _, name := range decisions {
		f := formOf(q, name, measures)
		if name == q.PostForm.Get("decision") {
			f.fill(q.PostForm)
			f.Error = q.Blame(nil, f.Fields)
		}
		v.Forms = append(v.Forms, f)
	}
	return v, nil
}

// namesOf are the names of the fields for a measure.
func namesOf(measure string) frame.MeasureNames {
	return frame.MeasureNames{Text: "text." + measure, Hours: "within." + measure, Quantity: "quantity." + measure}
}

func formOf(q *frame.Request, decision string, measures []reductionlist.Measure) decisionForm {
	f := decisionForm{Decision: decision, Key: frame.NewKey()}
	reason := q.Field("reason", frame.KindArea, true)
	reason.Hint = ""
	if decision != "reject" {
		f.Fields = append(f.Fields, q.Field("expires_at", frame.KindMoment, false))
	}
	if decision == "amend" {
		for _, m := range measures {
			f.Changes = append(f.Changes, changeFields{ID: m.ID, Text: m.Text, Fields: namesOf(m.ID).Fields(q, &m)})
		}
	}
	f.Fields = append(f.Fields, reason)
	for i := range f.Fields {
		f.Fields[i].Form = decision + "-"
	}
	return f
}

func (f *decisionForm) fill(typed url.Values) {
	f.Current = true
	frame.Set(f.Fields, typed)
	for i := range f.Changes {
		frame.Set(f.Changes[i].Fields, typed)
	}
	f.Key = cmp.Or(typed.Get("key"), f.Key)
}

// decide carries out a decision on an objection.
func (d *desk) decide(q *frame.Request) (to string, err error) {
	o, measures, err := orderOf(q)
	if err != nil {
		return "", err
	}
	in, err := decisionOf(q, o.ID, measures)
	if err == nil {
		err = valid.Check(in)
	}
	if err == nil {
		_, err = d.Svc.DecideObjection(q.Context(), q.Ask(), in)
	}
	return frame.OrderPath(o.ID) + "?done=objection", err
}

// decisionOf is the decision that was typed. That of an amendment holds what differs from the order.
func decisionOf(q *frame.Request, order string, measures []reductionlist.Measure) (in calls.ObjectionDecision,
	err error) {
	f := formOf(q, q.PostForm.Get("decision"), measures)
	content, err := frame.Typed(f.Fields, q.PostForm)
	if err != nil {
		return in, err
	}
	in = calls.ObjectionDecision{ByID: calls.ByID{ID: order}, Decision: f.Decision, Reason: content["reason"].(string)}
	if at, ok := content["expires_at"].(time.Time); ok {
		in.ExpiresAt = &at
	}
	if in.Decision != "amend" {
		return in, nil
	}
	for i, c := range f.Changes {
		values, err := frame.Typed(c.Fields, q.PostForm)
		if err != nil {
			return in, err
		}
		if change := namesOf(c.ID).Change(values, &measures[i]); len(change) > 0 {
			in.Measures = append(in.Measures, calls.MeasureAmends{ID: c.ID, Change: change.JSON()})
		}
	}
	if len(in.Measures) == 0 {
		return in, refusal.New(refusal.Invalid, "desk.form.amend_nothing", nil)
	}
	return in, nil
}
