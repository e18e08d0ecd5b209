package console

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/valid"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// pageTime is how long a page waits for a plan to be computed.
const pageTime = 8 * time.Second

// planPage is the page on which an order's plan is looked at, tried with other demands, and accepted.
type planPage struct {
	*chrome
	Order     notify.View
	Window    plant.Window
	Open      bool
	Missing   []missingText
	Figures   string
	Given     calls.PlantFigures
	Plan      *planView
	Conflicts []string
	Tried     bool // it is not the prepared one
	Against   []planChange
	Fields    []field // demands that may be changed
	Reason    []field // asks why a plan is accepted, when it is read out
	Problem   string
	Key       string
	Review    bool
	Error     string
	Again     bool
}

// missingText is one thing that is asked for.
type missingText struct {
	Text     string
	Optional bool
}

// planChange is how an amount of a tried plan differs from the prepared one.
type planChange struct{ Name, Prepared, Tried string }

func (d *desk) planPage(q *request) error {
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return err
	}
	return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), nil)
}

// preparedPage begins the page with what is prepared. Of an order that has no plan it says why; the page is answered then.
func (d *desk) preparedPage(q *request) (*planPage, *service.Prepared, error) {
	v := &planPage{chrome: q.chrome("plan"), Key: newKey()}
	var err error
	if v.Order, err = d.readOrder(q, q.id()); err != nil {
		return nil, nil, err
	}
	v.Drill = v.Order.Drill
	q.seen.officer = v.Order.Contact.Name != "" || v.Order.Contact.Phone != ""
	var p *service.Prepared
	err = safely(func() (err error) {
		if p, err = d.svc.PreparePlan(q.Context(), q.id(), pageTime); err == nil {
			_ = p.Operating() // which nothing after it may find out to be impossible
		}
		return err
	})
	if err != nil {
		return nil, nil, d.planless(q, v, err)
	}
	v.Window, v.Open, v.Given, v.Figures = p.Problem.Window, p.Open, p.Figures, figuresPath(v.Order.RecipientID, v.Order.ID)
	for _, m := range p.Missing {
		v.Missing = append(v.Missing, missingText{m.Text(q.lang), m.Optional})
	}
	if p.Problem.Complete() {
		v.Fields = q.demandFields(p.Problem)
	}
	return v, p, nil
}

// planless answers the page of an order whose plan failed: why, and where other figures are given.
func (d *desk) planless(q *request, v *planPage, failed error) error {
	var e *refusal.Error
	switch {
	case errors.As(failed, &e) && e.Code == refusal.Conflict:
		v.Error = e.Detail(q.lang)
	case errors.As(failed, &e) && (e.Code == refusal.NotFound || e.Code == refusal.Forbidden):
		return failed
	default:
		v.Error = d.planError(q, failed)
	}
	if asksForPlan(&v.Order) && v.Order.State == notify.StateOpen.String() {
		v.Figures = figuresPath(v.Order.RecipientID, v.Order.ID)
	}
	return q.render(http.StatusOK, "plan", v)
}

// showPlan shows the answer to a problem, the prepared one or another.
func (d *desk) showPlan(q *request, v *planPage, p *service.Prepared, a *allocate.Answer, problem string, failed error) error {
	v.Problem, v.Tried = problem, problem != string(p.Problem.Text)
	status := http.StatusOK
	if failed != nil {
		e, code := d.refusalOf(q, failed)
		status = code
		v.blame(e, q.lang)
	}
	switch {
	case a == nil:
	case a.Status == allocate.Infeasible:
		for _, c := range a.Conflicts {
			v.Conflicts = append(v.Conflicts, c.Text(q.lang))
		}
		if a.Unreduced {
			v.Conflicts = append(v.Conflicts, refusal.Text("allocate.unreduced", q.lang, nil))
		}
	default:
		v.Plan = q.planView(p.Of(a, []byte(problem)), a.BindingIn(q.lang), false)
		if v.Review {
			v.Reason = q.planReason(v.Plan, failed)
		}
		if prepared := p.Operating(); v.Tried && prepared != nil {
			v.compare(q.planView(prepared, nil, false))
		}
	}
	return q.render(status, "plan", v)
}

// planReason asks why a plan is accepted that does not keep what the order demands; nothing is asked of one that does.
func (q *request) planReason(plan *planView, failed error) []field {
	if plan.Marks == nil || !plan.Marks.Broken {
		return nil
	}
	f := q.field("reason", kindArea, true)
	f.Hint, f.Value = q.t("plan.reason.hint"), q.PostForm.Get("reason")
	if e := new(refusal.Error); errors.As(failed, &e) && reasonWanting(e) {
		f.Error = e.Fields[0].Message(q.lang)
	}
	return []field{f}
}

// reasonWanting reports whether nothing but the reason is wrong.
func reasonWanting(e *refusal.Error) bool { return len(e.Fields) == 1 && e.Fields[0].Path == "reason" }

// compare sets the sums of a tried plan beside the prepared ones.
func (v *planPage) compare(prepared *planView) {
	for _, s := range v.Plan.Sums {
		for _, was := range prepared.Sums {
			if was.Name == s.Name {
				v.Against = append(v.Against, planChange{s.Name, was.Value, s.Value})
			}
		}
	}
}

// blame puts refused places beside their fields.
func (v *planPage) blame(e *refusal.Error, lang string) {
	if v.Review && reasonWanting(e) { // its field says it
		v.Error = word(lang, "form.wrong", "count", 1)
		return
	}
	f := form{Fields: v.Fields}
	inner := *e
	inner.Fields = nil
	for _, wrong := range e.Fields {
		for _, own := range v.Fields {
			if strings.Contains(wrong.Path, own.Name) {
				wrong.Path = own.Name
			}
		}
		inner.Fields = append(inner.Fields, wrong)
	}
	f.blame(&inner, lang)
	v.Error = f.Error
}

// planPost tries other demands, reads out what would be accepted, or accepts it.
func (d *desk) planPost(q *request) error {
	if err := access.Require(q.who, calls.ActOrdersPlan); err != nil {
		return err
	}
	step, typed := q.PostForm.Get("step"), q.PostForm.Get("problem")
	if step == stepConfirm {
		text, err := d.accept(q, typed)
		if err == nil {
			var o notify.View
			if err := json.Unmarshal(text, &o); err != nil {
				return err
			}
			return q.redirect("/desk/orders/" + url.PathEscape(o.ID) + "?done=plan")
		}
		if refusal.CodeOf(err) == "" || refusal.CodeOf(err) == refusal.NotFound {
			return err
		}
		return d.planFailed(q, typed, err)
	}
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return err
	}
	if v.Again = step == stepEdit; v.Again && !q.PostForm.Has("reason") { // it comes back unsent after a login
		set(v.Fields, q.PostForm)
		return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), nil)
	}
	if step == stepReview || v.Again {
		v.review(q)
	} else {
		set(v.Fields, q.PostForm)
		if typed, err = changed(p.Problem, v.Fields); err != nil {
			return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), err)
		}
	}
	tried, err := d.svc.WhatIf(q.Context(), q.id(), json.RawMessage(typed), pageTime)
	if err != nil {
		v.Review = false
		return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), err)
	}
	return d.showPlan(q, v, p, tried.Answer, typed, nil)
}

// review has the page read out what would be accepted.
func (v *planPage) review(q *request) {
	v.Review = true
	if k := q.PostForm.Get("key"); k != "" {
		v.Key = k
	}
}

// planFailed shows the page anew with why a plan was not accepted: what was to be accepted where a reason is wanting, and else what is
// prepared.
func (d *desk) planFailed(q *request, typed string, failed error) error {
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return err
	}
	var e *refusal.Error
	if errors.As(failed, &e) && reasonWanting(e) {
		tried, err := d.svc.WhatIf(q.Context(), q.id(), json.RawMessage(typed), pageTime)
		if err == nil && tried.Plan != nil {
			v.review(q)
			return d.showPlan(q, v, p, tried.Answer, typed, failed)
		}
	}
	return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), failed)
}

// accept has the order carry the plan of a problem that a form brings back; none is the prepared one.
func (d *desk) accept(q *request, problem string) (json.RawMessage, error) {
	in := calls.PlanAccepted{ByID: calls.ByID{ID: q.id()}, Problem: json.RawMessage(problem), Reason: strings.ReplaceAll(q.PostForm.Get("reason"), "\r\n", "\n")}
	if err := valid.Check(&in); err != nil {
		return nil, err
	}
	return d.svc.AcceptPlan(q.Context(), q.ask(), in)
}

// demandFields are the demands of a problem, each a series of numbers of which the last goes on.
func (q *request) demandFields(p *plant.Problem) []field {
	var doc struct {
		Demand   []map[string]float64 `json:"demand"`
		IntakeTH []float64            `json:"intake_t_h"`
		Steam    *float64             `json:"steam_min_t_h"`
		Pit      struct {
			Level float64 `json:"level_t"`
		} `json:"pit"`
	}
	if json.Unmarshal(p.Text, &doc) != nil { // it is our own
		return nil
	}
	if p.Kind == plant.Waste {
		return []field{q.seriesField("intake_t_h", doc.IntakeTH), q.seriesField("steam_min_t_h", []float64{*doc.Steam}),
			q.seriesField("level_t", []float64{doc.Pit.Level})}
	}
	var out []field
	for _, name := range demandNames {
		var values []float64
		for _, d := range doc.Demand {
			values = append(values, d[name])
		}
		out = append(out, q.seriesField(name, values))
	}
	return out
}

var demandNames = []string{"power_min_mw", "power_max_mw", "heat_gj_h"}

// seriesField asks for numbers, an hour or a step each; those that repeat at the end are left out.
func (q *request) seriesField(name string, values []float64) field {
	f := q.field(name, kindArea, false)
	f.Max = 8000
	for len(values) > 1 && values[len(values)-1] == values[len(values)-2] {
		values = values[:len(values)-1]
	}
	var text []string
	for _, v := range values {
		text = append(text, strconv.FormatFloat(v, 'f', -1, 64))
	}
	f.Value = strings.Join(text, " ")
	return f
}

// readSeries reads numbers that stand apart by blanks or commas.
func readSeries(name, text string) ([]*float64, error) {
	var out []*float64
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，;；、\r\n\t", r) }) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, refusal.Input([]refusal.Field{{Path: fmt.Sprintf("%s[%d]", name, i), Rule: "desk.form.number", Args: refusal.Args{"value": word}}})
		}
		out = append(out, &v)
	}
	if len(out) == 0 {
		return nil, refusal.Input([]refusal.Field{{Path: name, Rule: "desk.form.required"}})
	}
	return out, nil
}

// changed is the prepared problem with other demands.
func changed(p *plant.Problem, fields []field) (string, error) {
	doc := map[string]any{}
	if err := json.Unmarshal(p.Text, &doc); err != nil {
		return "", err
	}
	by, longest := map[string][]*float64{}, 0
	for _, f := range fields {
		values, err := readSeries(f.Name, f.Value)
		if err != nil {
			return "", err
		}
		by[f.Name], longest = values, max(longest, len(values))
	}
	if p.Kind == plant.Waste {
		doc["intake_t_h"], doc["steam_min_t_h"] = by["intake_t_h"], by["steam_min_t_h"][0]
		if pit, ok := doc["pit"].(map[string]any); ok {
			pit["level_t"] = by["level_t"][0]
		}
	} else {
		demand := make([]map[string]*float64, longest)
		for i := range demand {
			demand[i] = map[string]*float64{}
			for _, name := range demandNames {
				demand[i][name] = by[name][min(i, len(by[name])-1)]
			}
		}
		doc["demand"] = demand
	}
	text, err := json.Marshal(doc)
	if err != nil {
		return "", refusal.Input([]refusal.Field{{Path: fields[0].Name, Rule: "desk.form.number", Args: refusal.Args{"value": "?"}}})
	}
	return string(text), nil
}
