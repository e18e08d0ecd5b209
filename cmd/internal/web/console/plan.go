package console

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// pageTime is how long a page waits for a plan to be computed.
const pageTime = 8 * time.Second

// planPanel is what the page of a plant's order shows of its plan.
type planPanel struct {
	Plan     *planView // the accepted one, or else the prepared one
	Accepted bool
	Chinese  bool   // what limits it is in Chinese alone
	Plans    string // where it is prepared and accepted; empty for who may not, or an order that takes none
	Figures  string // where figures are given; empty for who may not
	Missing  int    // figures that are asked for
	Error    string
}

// orderPlan is the panel of an order; nil for one that is no plant's. What fails of the plan is said in it, and fails nothing else:
// the order has to be seen whatever becomes of its plan.
func (d *desk) orderPlan(q *request, o *notify.View) *planPanel {
	if !asksForPlan(o) {
		return nil
	}
	v := &planPanel{}
	accepted, err := plant.ParseOperatingPlan(o.Plan)
	if err == nil && accepted != nil {
		v.Accepted, v.Chinese = true, true
		err = safely(func() error { v.Plan = q.planView(accepted, accepted.Binding); return nil })
	}
	if err != nil {
		v.Error = d.planError(q, err)
	}
	open := o.State == notify.StateOpen.String()
	if q.may(access.ActFiguresWrite) && open {
		if f, err := d.svc.ReadFigures(q.who, o.RecipientID); err == nil {
			v.Figures = figuresPath(o.RecipientID, o.ID)
			v.Missing = btoi(f.Figures == nil || f.Old)
		} else if refusal.CodeOf(err) == "" {
			v.Error = d.planError(q, err)
		}
	}
	if q.may(access.ActOrdersPlan) && open {
		if err := safely(func() error { return d.preparedPanel(q, v, o.ID, accepted == nil) }); err != nil {
			v.Error = d.planError(q, err)
		}
	}
	if v.Plan == nil && v.Plans == "" && v.Figures == "" && v.Error == "" {
		return nil
	}
	return v
}

// preparedPanel adds the prepared plan of an order, where show says that it is to be shown, and where it can be looked at.
func (d *desk) preparedPanel(q *request, v *planPanel, id string, show bool) error {
	p, err := d.svc.PreparePlan(q.Context(), id, pageTime)
	if err != nil {
		return err
	}
	v.Plans, v.Missing = planPath(id), needed(p)
	if plan := p.Operating(); plan != nil && show {
		v.Plan = q.planView(plan, p.Answer.BindingIn(q.lang))
	}
	return nil
}

// safely makes an error of a panic.
func safely(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return f()
}

// planError says what failed of a plan; empty for an order that is no plant's by its list. What nobody foresaw is logged.
func (d *desk) planError(q *request, err error) string {
	var e *refusal.Error
	switch {
	case errors.As(err, &e) && e.Rule == "plan.not_for":
		return ""
	case errors.As(err, &e), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, journal.ErrClosed):
		said, _ := d.refusalOf(q, err)
		return q.t("plan.failed_why", "why", said.Detail(q.lang))
	}
	d.log.Error("a plan failed", "method", q.Method, "path", q.URL.Path, "err", err)
	return q.t("plan.failed")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// asksForPlan reports whether a plan may be made for an order, by its measures.
func asksForPlan(o *notify.View) bool {
	for i := range o.Measures {
		if a := o.Measures[i].Action; a == reductionlist.ReduceCoal || a == reductionlist.AllocateWaste {
			return true
		}
	}
	return false
}

func needed(p *service.Prepared) (n int) {
	for _, m := range p.Missing {
		if !m.Optional {
			n++
		}
	}
	return n
}

func planPath(order string) string { return "/desk/orders/" + url.PathEscape(order) + "/plan" }

func figuresPath(recipient, order string) string {
	return "/desk/recipients/" + url.PathEscape(recipient) + "/figures?order=" + url.QueryEscape(order)
}

// planPage is the page on which an order's plan is looked at, tried with other demands, and accepted.
type planPage struct {
	*chrome
	Order     notify.View
	Window    plant.Window
	Open      bool
	Missing   []missingText
	Figures   string
	Given     service.PlantFigures
	Plan      *planView
	Conflicts []string
	Tried     bool // it is not the prepared one
	Against   []planChange
	Fields    []field // demands that may be changed
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
	if v.Order, err = d.readOrder(q.id()); err != nil {
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
		v.Plan = q.planView(p.Of(a, []byte(problem)), a.BindingIn(q.lang))
		if prepared := p.Operating(); v.Tried && prepared != nil {
			v.compare(q.planView(prepared, nil))
		}
	}
	return q.render(status, "plan", v)
}

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
	if err := access.Require(q.who, access.ActOrdersPlan); err != nil {
		return err
	}
	step, typed := q.PostForm.Get("step"), q.PostForm.Get("problem")
	if step == stepConfirm {
		text, err := d.svc.AcceptPlan(q.Context(), q.who.User, q.key(), q.id(), planBody(typed), service.PlanTimeLimit)
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
	if step == stepEdit { // it comes back unsent after a login
		set(v.Fields, q.PostForm)
		v.Again = true
		return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), nil)
	}
	if step == stepReview {
		v.Review = true
		if k := q.PostForm.Get("key"); k != "" {
			v.Key = k
		}
	} else {
		set(v.Fields, q.PostForm)
		if typed, err = changed(p.Problem, v.Fields); err != nil {
			return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), err)
		}
	}
	a, err := d.svc.WhatIf(q.Context(), q.id(), planBody(typed), pageTime)
	if err != nil {
		v.Review = false
		return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), err)
	}
	return d.showPlan(q, v, p, a, typed, nil)
}

// planFailed shows the page anew with why a plan was not accepted.
func (d *desk) planFailed(q *request, typed string, failed error) error {
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return err
	}
	return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text), failed)
}

func planBody(problem string) []byte {
	if strings.TrimSpace(problem) == "" {
		return nil
	}
	return []byte(`{"problem":` + problem + `}`)
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
func readSeries(name, text string) ([]float64, error) {
	var out []float64
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，;；、\r\n\t", r) }) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, refusal.Input([]refusal.Field{{Path: fmt.Sprintf("%s[%d]", name, i), Rule: "desk.form.number", Args: refusal.Args{"value": word}}})
		}
		out = append(out, v)
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
	by, longest := map[string][]float64{}, 0
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
		demand := make([]map[string]float64, longest)
		for i := range demand {
			demand[i] = map[string]float64{}
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
