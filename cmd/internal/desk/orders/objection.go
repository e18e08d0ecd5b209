package orders

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/journal"
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
	Filled   []frame.Pair   // what was filled in of them, see [frame.Filled]
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

// orderOf is the order of the page, with its measures as the list has them, and those that an amendment changes: of an
// order with a plan, what the list says of those that the plan rewrites.
func orderOf(q *frame.Request) (o notify.View, measures, amended []reductionlist.Measure, err error) {
	if o, err = q.Order(q.ID()); err != nil {
		return o, nil, nil, err
	}
	if measures, err = o.Listed(); err != nil {
		return o, nil, nil, err
	}
	err = q.View(func(tx *bbolt.Tx) (err error) {
		amended, err = notify.AmendedFrom(tx, journal.ReadPos, o.ID)
		return err
	})
	return o, measures, amended, err
}

var decisions = []string{"accept", "reject", "amend"}

func (d *desk) objection(q *frame.Request) (any, error) {
	var row *notify.Order
	err := q.View(func(tx *bbolt.Tx) (err error) { row, err = notify.Get(tx, q.ID()); return err })
	if err != nil {
		return nil, err
	}
	v := objectionView{Chrome: q.Chrome(), Open: row.State == notify.StateOpen && row.Answer == notify.AnswerObjected}
	var measures, amended []reductionlist.Measure
	if v.Order, measures, amended, err = orderOf(q); err != nil {
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
		f := formOf(q, name, amended)
		if name == q.PostForm.Get("decision") {
			f.fill(q.PostForm)
			f.Error = q.Blame(nil, f.lists()...)
		}
		v.Forms = append(v.Forms, f)
	}
	return v, nil
}

// namesOf are the names of the fields for a measure.
func namesOf(measure string) frame.MeasureNames {
	return frame.MeasureNames{Text: "text." + measure, Hours: "within." + measure, Quantity: "quantity." + measure,
		Member: func(member string) string { return member + "." + measure }}
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
			f.Changes = append(f.Changes, changeFields{ID: m.ID, Text: m.Text, Fields: namesOf(m.ID).Fields(q, &m, q.PostForm)})
		}
	}
	f.Fields = append(f.Fields, reason)
	for i := range f.Fields {
		f.Fields[i].Form = decision + "-"
	}
	return f
}

// lists are the form's fields, those of each measure apart.
func (f *decisionForm) lists() [][]frame.Field {
	all := [][]frame.Field{f.Fields}
	for _, c := range f.Changes {
		all = append(all, c.Fields)
	}
	return all
}

// columnFields are the fields whose values the list's findings name by the column, without the measure's id.
var columnFields = map[string]string{"措施内容": "text", "完成时限(小时)": "within", "数值": "quantity", "单位": "quantity",
	"判定条件": "criterion0"}

var columnOfChange = regexp.MustCompile(`^measures\[(\d+)\]\.change\.(.+)$`)

// atFields has a refusal of an amendment name the fields of the form.
func atFields(err error, in calls.ObjectionDecision) error {
	var e *refusal.Error
	if !errors.As(err, &e) {
		return err
	}
	for i, f := range e.Fields {
		m := columnOfChange.FindStringSubmatch(f.Path)
		if m == nil || columnFields[m[2]] == "" {
			continue
		}
		if n, err := strconv.Atoi(m[1]); err == nil && n < len(in.Measures) {
			e.Fields[i].Path = columnFields[m[2]] + "." + in.Measures[n].ID
		}
	}
	return e
}

func (f *decisionForm) fill(typed url.Values) {
	f.Current, f.Filled = true, frame.Filled(typed)
	frame.Set(f.Fields, typed)
	for i := range f.Changes {
		frame.Set(f.Changes[i].Fields, typed)
	}
	f.Key = cmp.Or(typed.Get("key"), f.Key)
}

// decision takes the form of a decision one step on: an amendment is read out as the order that it makes before it is
// carried out.
func (d *desk) decision(q *frame.Request) (any, error) {
	if q.Method != http.MethodPost && q.Kept() == nil || q.Edits() {
		return d.objection(q)
	}
	view, err := d.decide(q)
	if code := refusal.CodeOf(err); err != nil && code != "" && code != refusal.NotFound {
		q.Refuse(err)
		return d.objection(q)
	}
	return view, err
}

func (d *desk) decide(q *frame.Request) (view any, err error) {
	o, _, amended, err := orderOf(q)
	if err != nil {
		return nil, err
	}
	in, err := decisionOf(q, o.ID, amended)
	if err == nil {
		err = valid.Check(in)
	}
	if err != nil {
		return nil, err
	}
	if in.Decision == "amend" && !q.Confirms() {
		view, err := d.amendReview(q, &o, in)
		return view, atFields(err, in)
	}
	if _, err := d.Svc.DecideObjection(q.Context(), q.Ask(), in); q.Changed(err) {
		q.Refuse(err)
		return d.amendReview(q, &o, in)
	} else if err != nil {
		return nil, atFields(err, in)
	}
	return q.Redirect(frame.OrderPath(o.ID) + "?done=objection")
}

// decisionOf is the decision that was typed. That of an amendment holds what differs from the order.
func decisionOf(q *frame.Request, order string, measures []reductionlist.Measure) (in calls.ObjectionDecision,
	err error) {
	name := q.PostForm.Get("decision")
	if name == "amend" {
		for i := range measures {
			if err := namesOf(measures[i].ID).Follow(&measures[i], q.PostForm); err != nil {
				return in, err
			}
		}
	}
	f := formOf(q, name, measures)
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
		change, err := namesOf(c.ID).Change(values, &measures[i])
		if err != nil {
			return in, err
		}
		if len(change) > 0 {
			in.Measures = append(in.Measures, calls.MeasureAmends{ID: c.ID, Change: change.JSON()})
		}
	}
	if len(in.Measures) == 0 {
		return in, refusal.New(refusal.Invalid, "desk.form.amend_nothing", nil)
	}
	return in, nil
}

// amendReview is the page that reads an amended order out: what changes, and its text in full.
type amendReview struct {
	*frame.Chrome
	Order    notify.View
	Change   frame.OrderChange
	Reason   string
	Expires  *time.Time
	Error    string
	Reviewed []frame.Pair
	Edit     string
}

func (d *desk) amendReview(q *frame.Request, o *notify.View, in calls.ObjectionDecision) (any, error) {
	made, seen, err := d.Svc.PreviewAmendment(q.Ask(), in)
	if err != nil {
		return nil, err
	}
	if q.Kept() == nil {
		return q.ToReview(q.PostForm)
	}
	v := amendReview{Chrome: q.Chrome(), Order: *o, Reason: in.Reason, Expires: in.ExpiresAt}
	if v.Change, err = q.OrderChange(made); err != nil {
		return nil, err
	}
	v.Drill = o.Drill
	v.Error, v.Reviewed, v.Edit = q.Why(), q.Reviewed(seen), q.EditPath()
	return q.As("amend-review", v)
}
