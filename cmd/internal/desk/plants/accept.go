package plants

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// acceptance is a plan on its way into an order.
type acceptance struct {
	q        *frame.Request
	order    notify.View
	measures []reductionlist.Measure // of the order, as the list has them
	in       calls.PlanAccepted
	tried    *service.PlanAnswer
}

// acceptPage takes the acceptance of a plan one step on: what does not follow from it is asked for, the order that it
// makes is read out, and then it is made.
func (d *desk) acceptPage(q *frame.Request) (any, error) {
	a := &acceptance{q: q}
	var err error
	if a.order, err = q.Order(q.ID()); err != nil {
		return nil, err
	}
	q.SawOfficer(&a.order)
	if q.Method == http.MethodGet && a.order.State != notify.StateOpen.String() { // somebody comes back to it
		return q.Redirect(frame.OrderPath(a.order.ID))
	}
	if a.measures, err = a.order.Listed(); err != nil {
		return nil, err
	}
	wrong := a.read()
	if wrong == nil && q.Confirms() {
		text, err := d.Svc.AcceptPlan(q.Context(), q.Ask(), a.in)
		if err == nil {
			var o notify.View
			if err := json.Unmarshal(text, &o); err != nil {
				return nil, err
			}
			return q.Redirect(frame.OrderPath(o.ID) + "?done=plan")
		}
		if !q.Changed(err) {
			return d.notAccepted(q, err)
		}
		q.Refuse(err)
	}
	if a.tried, err = d.Svc.WhatIf(q.Context(), q.ID(), a.in.Problem, pageTime); err != nil {
		return d.notAccepted(q, err)
	}
	switch {
	case a.tried.Plan == nil, q.Edits() && !a.asks():
		return d.backToPlan(q, string(a.in.Problem))
	case q.Edits():
		return a.askPage()
	case wrong != nil:
		return a.askAgain(wrong)
	}
	return d.acceptReview(a)
}

// read takes what was typed; what is wrong with it are the fields of the page that asks.
func (a *acceptance) read() error {
	f := a.q.PostForm
	a.in = calls.PlanAccepted{ByID: calls.ByID{ID: a.order.ID}, Problem: json.RawMessage(f.Get("problem")),
		SolveLimit: calls.SolveLimit{TimeLimit: pageTime.Seconds()}, Reason: strings.TrimSpace(f.Get("reason"))}
	var wrong []refusal.Field
	for _, m := range a.askedAbout() {
		given, differs, err := typedReduction(a.q, m)
		var e *refusal.Error
		if errors.As(err, &e) {
			wrong = append(wrong, e.Fields...)
			continue
		}
		stays := f.Get(stayField(m.ID)) == "true"
		switch {
		case differs && stays:
			wrong = append(wrong, refusal.Field{Path: reductionField(m.ID), Rule: "desk.plan.reduction_both"})
		case differs:
			a.in.Reductions = append(a.in.Reductions, calls.MeasureReduction{MeasureID: m.ID, Reduction: given})
		case stays:
			a.in.ReductionStays = append(a.in.ReductionStays, m.ID)
		default:
			wrong = append(wrong, refusal.Field{Path: reductionField(m.ID), Rule: "desk.plan.reduction_asked"})
		}
	}
	if f.Has("reason") && a.in.Reason == "" {
		wrong = append(wrong, refusal.Field{Path: "reason", Rule: "desk.form.required"})
	}
	if err := refusal.Input(wrong); err != nil {
		return err
	}
	return valid.Check(&a.in)
}

// askedAbout are the measures of whose daily reduction the form says something.
func (a *acceptance) askedAbout() (asked []*reductionlist.Measure) {
	for i := range a.measures {
		if a.q.PostForm.Has("asked." + a.measures[i].ID) {
			asked = append(asked, &a.measures[i])
		}
	}
	return asked
}

// asks reports whether the plan asks for anything before it is accepted.
func (a *acceptance) asks() bool {
	return len(plant.Broken(a.tried.Plan.Marks)) > 0 || plant.AskedReductions(a.tried.Plan.Reductions) != nil
}

// names are those of the fields for a measure.
func names(measure string) frame.MeasureNames {
	return frame.MeasureNames{Member: func(member string) string { return member + "." + measure }}
}

// reductionField is the first of the fields for a measure's daily reduction, at which stands what is wrong with it.
func reductionField(measure string) string { return names(measure).Member("so2") }

func stayField(measure string) string { return "stays." + measure }

// reductionFields ask what a measure takes away in a day, filled in with what it does now, or whether that stays.
func reductionFields(q *frame.Request, m *reductionlist.Measure) []frame.Field {
	stays := q.Field(stayField(m.ID), frame.KindCheck, false)
	stays.Label = q.T("plan.stays")
	return append(names(m.ID).ReductionFields(q, m), stays)
}

// typedReduction is the daily reduction that was typed, and whether it differs from the measure's.
func typedReduction(q *frame.Request, m *reductionlist.Measure) (*reductionlist.Amounts, bool, error) {
	fields := reductionFields(q, m)
	typed, err := frame.Typed(fields, q.PostForm)
	if err != nil {
		return nil, false, err
	}
	given, differs := m.Reduction, false
	for i, p := range given.Parts() {
		if v, ok := typed[fields[i].Name].(float64); ok && v != *p.Value {
			*p.Value, differs = v, true
		}
	}
	return &given, differs, nil
}

// acceptAsk is the page that asks what a plan does not say of itself before it is accepted: why, where it breaks the
// order's demands, and what its measures take away in a day, where that does not follow.
type acceptAsk struct {
	*frame.Chrome
	Order   notify.View
	Plan    *planView
	Asked   []askedReduction
	Reason  []frame.Field
	Problem string
	Error   string
	Again   bool
}

// askedReduction asks for the daily reduction of one measure.
type askedReduction struct {
	ID, Unit string
	Fields   []frame.Field
}

// askAgain shows the page that asks, with what was wrong.
func (a *acceptance) askAgain(err error) (any, error) {
	a.q.Refuse(err)
	return a.askPage()
}

func (a *acceptance) askPage() (any, error) {
	q := a.q
	v := acceptAsk{Chrome: q.Chrome(), Order: a.order, Problem: string(a.in.Problem), Again: q.Again() && q.Edits(),
		Plan: viewOf(q, a.tried.Plan, nil, false)}
	v.Drill = a.order.Drill
	lists := [][]frame.Field{}
	asked := plant.AskedReductions(a.tried.Plan.Reductions)
	for i := range a.measures {
		if m := &a.measures[i]; slices.Contains(asked, m.ID) {
			fields := reductionFields(q, m)
			frame.Set(fields, q.PostForm)
			v.Asked, lists = append(v.Asked, askedReduction{m.ID, m.Unit, fields}), append(lists, fields)
		}
	}
	if len(plant.Broken(a.tried.Plan.Marks)) > 0 {
		f := q.Field("reason", frame.KindArea, true)
		f.Hint, f.Value = q.T("plan.reason.hint"), q.PostForm.Get("reason")
		v.Reason = []frame.Field{f}
	}
	v.Error = q.Blame(a.fieldOf, append(lists, v.Reason)...)
	return q.As("plan-ask", v)
}

var givenAt = regexp.MustCompile(`^reductions\[(\d+)\]`)

// fieldOf is the field that asks for what a refusal of the act names.
func (a *acceptance) fieldOf(path string) string {
	if m := givenAt.FindStringSubmatch(path); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n < len(a.in.Reductions) {
			return reductionField(a.in.Reductions[n].MeasureID)
		}
	}
	return path
}

// acceptReview is the page that reads out the order that accepting a plan makes: what changes, and its text in full.
type acceptReview struct {
	*frame.Chrome
	Order    notify.View
	Plan     *planView
	Change   frame.OrderChange
	Reason   string
	Error    string
	Reviewed []frame.Pair
	Edit     string
}

func (d *desk) acceptReview(a *acceptance) (any, error) {
	q := a.q
	made, seen, err := d.Svc.PreviewAcceptPlan(q.Context(), q.Ask(), a.in)
	switch {
	case err != nil && a.unsaid(err):
		if len(a.askedAbout()) > 0 || q.PostForm.Has("reason") {
			return a.askAgain(err)
		}
		return a.askPage()
	case err != nil:
		return d.notAccepted(q, err)
	case made == nil: // the order, or the one in its place, carries it
		return q.Redirect(frame.OrderPath(a.order.ID))
	case q.Kept() == nil:
		return q.ToReview(q.PostForm)
	}
	v := acceptReview{Chrome: q.Chrome(), Order: a.order, Reason: a.in.Reason,
		Plan: viewOf(q, a.tried.Plan, a.tried.BindingIn(q.Lang), false)}
	if v.Change, err = q.OrderChange(made); err != nil {
		return nil, err
	}
	v.Drill = a.order.Drill
	v.Error, v.Reviewed, v.Edit = q.Why(), q.Reviewed(seen), q.EditPath()
	return q.As("plan-review", v)
}

// unsaid reports whether nothing but what the page that asks asks for is wrong.
func (a *acceptance) unsaid(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e) && len(e.Fields) > 0 && !slices.ContainsFunc(e.Fields, func(f refusal.Field) bool {
		return f.Path != "reason" && !strings.HasPrefix(f.Path, "reduction")
	})
}

// notAccepted shows the prepared plan, and why another was not accepted.
func (d *desk) notAccepted(q *frame.Request, failed error) (any, error) {
	if refusal.CodeOf(failed) == "" || refusal.CodeOf(failed) == refusal.NotFound {
		return nil, failed
	}
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return v, err
	}
	return d.showRefused(q, v, p, failed)
}

// backToPlan shows the plan of a problem on the page on which it is tried.
func (d *desk) backToPlan(q *frame.Request, problem string) (any, error) {
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return v, err
	}
	return d.showTried(q, v, p, problem)
}
