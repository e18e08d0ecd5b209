package warnings

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
)

// act is one thing that the desk does to a warning or a proposal, from the form to the record.
type act struct {
	name   string // of the path and of the words
	allow  string
	input  func(values map[string]any) (any, error) // makes what the service takes of what was typed
	direct bool                                     // no read-out stands between the form and the act
	fields func(q *frame.Request, s *subject) []frame.Field
	fill   func(q *frame.Request, s *subject) url.Values
	// level is the one whose name has to be typed before a live act, None for nothing to type; nil: never.
	level func(s *subject, v url.Values) alerts.Level
	ends  bool // it ends a warning, which its own name confirms
	// persons reports whether the act is signed by the two-person rule; nil: never.
	persons func(s *subject) bool
}

// levelToType is the level whose name confirms the act; None where nothing has to be typed.
func (a act) levelToType(s *subject, v url.Values) alerts.Level {
	if a.level == nil || s.drill {
		return alerts.None
	}
	return a.level(s, v)
}

func (a act) signed(s *subject) bool { return a.persons != nil && a.persons(s) }

var acts = []act{
	{name: "declare", allow: calls.ActWarningsDeclare,
		input: inputOf[calls.Declaration], fields: declareFields, fill: fillDeclare, level: levelTyped, persons: always},
	{name: "approve", allow: calls.ActWarningsApprove,
		input: inputOf[calls.Approval], direct: true, persons: always},
	{name: "reject", allow: calls.ActWarningsReject,
		input: inputOf[calls.Reject], direct: true, fields: reasonField(true)},
	{name: "revise", allow: calls.ActWarningsRevise,
		input: inputOf[calls.Revision], fields: reviseFields, fill: fillRevise, level: levelRevised, persons: declaresAnew},
	{name: "adjust", allow: calls.ActWarningsAdjust,
		input: inputOf[calls.Adjustment], fields: adjustFields, fill: fillAdjust, level: levelTyped, persons: always},
	{name: "lift", allow: calls.ActWarningsLift,
		input: inputOf[calls.Lift], fields: liftFields, fill: fillLift, ends: true},
	{name: "cancel", allow: calls.ActWarningsCancel,
		input: inputOf[calls.Cancel], fields: reasonField(false), ends: true},
	{name: "emergency-approve", allow: calls.ActWarningsEmergencyApprove,
		input: inputOf[calls.EmergencyApproval], fields: emergencyFields, level: levelWaiting, persons: always},
	{name: "dismiss", allow: calls.ActProposalsDismiss,
		input: inputOf[calls.Dismissal], direct: true, fields: reasonField(true)},
}

// subject is the warning or the proposal that an act is about.
type subject struct {
	w     *alerts.Warning  // nil for a declaration
	p     *alerts.Proposal // the one that the act follows; nil for none
	drill bool
}

// subject reads what the act is about, as the path and the values v of its form name it.
func (d *desk) subject(q *frame.Request, a act, v url.Values) (*subject, error) {
	s := &subject{}
	return s, q.View(func(tx *bbolt.Tx) (err error) {
		warning, proposal := q.ID(), cmp.Or(v.Get("proposal"), v.Get("proposal_id"))
		switch a.name {
		case "declare":
			warning = v.Get("activates")
			s.drill = v.Get("drill") == "true"
		case "dismiss":
			warning, proposal = "", q.ID()
		}
		if warning != "" {
			if s.w, err = alerts.GetWarning(tx, warning); err != nil {
				return err
			}
			s.drill = s.w.Drill
		}
		if proposal != "" {
			if s.p, err = alerts.GetProposal(tx, proposal); err != nil {
				return err
			}
			s.drill = s.p.Drill
		}
		return nil
	})
}

// act shows the form of an act or its review, or takes a posted one a step on.
func (d *desk) act(q *frame.Request, a act) (any, error) {
	v, kept := q.URL.Query(), q.Kept()
	if q.Method == http.MethodPost || kept != nil {
		v = q.PostForm
	}
	s, err := d.subject(q, a, v)
	switch {
	case err != nil:
		return nil, err
	case q.Method != http.MethodPost && kept == nil:
		return d.showForm(q, a, s, firstValues(q, a, s), nil)
	case q.Edits():
		return d.showForm(q, a, s, v, nil)
	}
	if kept == nil {
		redraft(a, s, v)
	}
	content, err := d.content(q, a, s, v)
	switch {
	case err != nil:
		return d.showForm(q, a, s, v, err)
	case q.Confirms(), a.direct && q.Step() == frame.StepConfirm:
		return d.carryOut(q, a, s, v, content)
	case kept != nil:
		return d.review(q, a, s, v, content, "")
	}
	return d.toReview(q, a, s, v, content)
}

// toReview leads from a form to the page that reads it out, unless the act would be refused.
func (d *desk) toReview(q *frame.Request, a act, s *subject, v url.Values, in any) (any, error) {
	if a.direct {
		return d.showForm(q, a, s, v, nil)
	}
	if _, _, err := d.Svc.Preview(q.Ask(), in); err != nil {
		return d.showForm(q, a, s, v, err)
	}
	form := url.Values{}
	for _, name := range append([]string{confirmField}, carried...) {
		if v.Has(name) {
			form.Set(name, v.Get(name))
		}
	}
	for _, one := range a.inputs(q, s, v) {
		form.Set(one.Name, v.Get(one.Name))
	}
	view, err := q.ToReview(form)
	if refusal.CodeOf(err) != "" {
		return d.showForm(q, a, s, v, err)
	}
	return view, err
}

// firstValues are the values of a form before anybody has typed, filled in with what is known already.
func firstValues(q *frame.Request, a act, s *subject) url.Values {
	v := url.Values{}
	if a.fill != nil {
		v = a.fill(q, s)
	}
	v.Set("key", frame.NewKey())
	if s.w != nil && a.name != "declare" {
		v.Set("revision", strconv.Itoa(s.w.Revision))
	}
	if s.p != nil {
		v.Set("proposal_id", s.p.ID)
	}
	if s.drill {
		v.Set("drill", "true")
	}
	return v
}

// content is what the service takes, of what was typed.
func (d *desk) content(q *frame.Request, a act, s *subject, v url.Values) (any, error) {
	content, err := frame.Typed(a.inputs(q, s, v), v)
	if err != nil {
		return nil, err
	}
	if s.w != nil && a.name != "declare" {
		content["id"], content["revision"] = s.w.ID, frame.RevisionOf(v)
	}
	if content["no_end"] == true { // the end beside it is the one to be taken away
		delete(content, "ends_at")
	}
	switch {
	case s.p != nil && a.name == "dismiss":
		content["id"] = s.p.ID
	case s.p != nil:
		content["proposal_id"] = s.p.ID
	}
	if a.name == "declare" {
		content["drill"] = s.drill
		if s.w != nil {
			content["activates"] = s.w.ID
		}
	}
	if a.signed(s) {
		content[frame.CodeField] = v.Get(frame.CodeField)
	}
	return a.input(content)
}

// carryOut does the act and leads to a page that shows what came of it.
func (d *desk) carryOut(q *frame.Request, a act, s *subject, v url.Values, in any) (any, error) {
	if name := a.wordToType(q, s, v); name != "" && !a.confirmedBy(v.Get(frame.TypedField), s, v) {
		e := q.Refuse(refusal.New(refusal.Invalid, "desk.form.typed_wrong", refusal.Args{"name": name}))
		return d.review(q, a, s, v, in, e.Detail(q.Lang))
	}
	to, err := "/desk?done="+a.name, error(nil)
	if dismissal, ok := in.(calls.Dismissal); ok {
		_, err = d.Svc.Dismiss(q.Context(), q.Ask(), dismissal)
	} else {
		var w *alerts.Warning
		if w, err = d.Svc.ActOnWarning(q.Context(), q.Ask(), in); err == nil {
			to = warningPath(w.ID) + "?done=" + a.name
		}
	}
	if err == nil {
		return q.Redirect(to)
	}
	if refusal.CodeOf(err) == "" {
		return nil, err
	}
	if (frame.CodeError(err, q.Lang) != "" || q.Changed(err)) && !a.direct {
		q.Refuse(err)
		return d.review(q, a, s, v, in, "")
	}
	if s, serr := d.subject(q, a, v); serr == nil { // as it is after whatever came between
		return d.showForm(q, a, s, v, err)
	}
	return nil, err
}

// carried are the hidden fields that a form carries from step to step.
var carried = []string{"key", "revision", "proposal_id", "activates", "drill"}

// newForm begins a form of an act; button is the key of its button's word, and step what it does.
func newForm(q *frame.Request, a act, s *subject, button, step string) *formView {
	f := &formView{Chrome: q.Chrome(), Act: a.name, Post: q.URL.Path, Warning: s.w, Proposal: s.p,
		Submit: q.T(button), Step: step}
	f.Drill = s.drill
	return f
}

// showForm shows the form with what was typed and what is wrong with it.
func (d *desk) showForm(q *frame.Request, a act, s *subject, v url.Values, failed error) (any, error) {
	if failed != nil {
		q.Refuse(failed)
	}
	f := newForm(q, a, s, "form.next", frame.StepReview)
	if a.direct {
		f = newForm(q, a, s, "act."+a.name+".submit", frame.StepConfirm)
	}
	f.Back, f.Again = "/desk", q.Again()
	if s.w != nil {
		f.Back = warningPath(s.w.ID)
	}
	if s.p != nil {
		f.Words = wordsOf(s.p, q.Lang)
	}
	v = maps.Clone(v)
	if confirmWanted(failed) { // the field is there from now on, empty or not
		v.Set(confirmField, v.Get(confirmField))
	}
	f.Fields = a.inputs(q, s, v)
	frame.Set(f.Fields, v)
	if seen := frame.RevisionOf(v); s.w != nil && seen > 0 && seen != s.w.Revision {
		f.Changes = s.w.Since(seen)
		v.Set("revision", strconv.Itoa(s.w.Revision))
		v.Set("key", frame.NewKey()) // it is another decision now
	}
	f.Hidden = frame.Hidden(v, carried...)
	if e := q.Refused; e != nil {
		f.Error, f.CodeError = q.Blame(nil, f.Fields), frame.CodeError(e, q.Lang)
		if err := d.explain(q, f, e); err != nil {
			return nil, err
		}
	}
	if a.name == "approve" {
		return d.showApproval(q, s, f)
	}
	return f, nil
}

// explain words a refusal as people see what stood in the act's way, where the record's own words speak of states and
// revisions.
func (d *desk) explain(q *frame.Request, f *formView, e *refusal.Error) error {
	if e.Code == refusal.StaleRevision && len(f.Changes) > 0 {
		f.Error = "" // the changes say it; loading the page anew, as the refusal asks, would lose what was typed
	}
	id, ok := e.Args["id"].(string)
	if e.Rule != "warning.conflict" || !ok {
		return nil
	}
	return q.View(func(tx *bbolt.Tx) error {
		w, err := alerts.GetWarning(tx, id)
		if err != nil {
			return err
		}
		f.Related = warningPath(id)
		f.Error = q.T("form.occupied", "by", w.DeclaredBy, "at", frame.Clock(w.DeclaredAt), "id", id, "lead",
			statusOf(q, w).Lead)
		return nil
	})
}

func warningPath(id string) string { return "/desk/warnings/" + url.PathEscape(id) }

// wordsOf is a proposal's trace in words.
func wordsOf(p *alerts.Proposal, lang string) []string {
	if lang == frame.EN {
		return p.Trace.Words.EN
	}
	return p.Trace.Words.ZH
}

// formView is the page of an act's form.
type formView struct {
	*frame.Chrome
	Act       string
	Post      string // address that it is posted to
	Back      string // address for leaving it without the act
	Warning   *alerts.Warning
	Proposal  *alerts.Proposal
	Words     []string // the proposal's trace
	Fields    []frame.Field
	Hidden    []frame.Pair
	Error     string // of the whole
	CodeError string // of the one-time code
	Related   string // address of what stands in the way
	Changes   []alerts.HistoryEntry
	Again     bool // it comes back as it was typed, to be checked once more
	Submit    string
	Step      string // what its button does
}
