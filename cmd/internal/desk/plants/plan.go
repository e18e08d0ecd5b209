// Package plants is the desk's area of plants: the operating plan of a plant's order, and the figures that it is made
// of.
package plants

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// desk is the area's state.
type desk struct{ *frame.Frame }

// Mount adds the area to the desk, and the plan of a plant to the page of its order.
func Mount(f *frame.Frame) {
	d := &desk{f}
	f.Add(
		frame.Page{Pattern: "GET /desk/orders/{id}/plan", Act: calls.ActOrdersPlan, Key: "plan", Show: d.plan},
		frame.Page{Pattern: "POST /desk/orders/{id}/plan", Act: calls.ActOrdersPlan, Key: "plan", Show: d.planPost},
		frame.Page{Pattern: "/desk/recipients/{id}/figures", Act: calls.ActFiguresWrite, Key: "figures",
			Show: d.figures, Do: d.giveFigures, Grows: true})
	f.PlanOf = d.panel
}

// pageTime is how long a page waits for a plan to be computed.
const pageTime = 8 * time.Second

// planPage is the page on which an order's plan is looked at, tried with other demands, and accepted.
type planPage struct {
	*frame.Chrome
	Order       notify.View
	Window      plant.Window
	Open        bool
	Missing     []missingText
	FiguresPath string // of the page that takes figures; empty for none
	Given       calls.PlantFigures
	Plan        *planView
	Conflicts   []string
	Tried       bool // the plan is not the prepared one
	Against     []planChange
	Fields      []frame.Field // demands that may be changed
	Problem     string
	Error       string
	Again       bool
}

// missingText is one thing that is asked for.
type missingText struct {
	Text     string
	Optional bool
}

// planChange is how an amount of a tried plan differs from the prepared one.
type planChange struct{ Name, Prepared, Tried string }

func (d *desk) plan(q *frame.Request) (any, error) {
	if q.Kept() != nil {
		return d.acceptPage(q)
	}
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return v, err
	}
	return d.showPrepared(q, v, p)
}

// preparedPage begins the page with what is prepared; that is nil for an order without a plan, whose page says why.
func (d *desk) preparedPage(q *frame.Request) (*planPage, *service.PreparedPlan, error) {
	v := &planPage{Chrome: q.Chrome()}
	var err error
	if v.Order, err = q.Order(q.ID()); err != nil {
		return nil, nil, err
	}
	v.Drill = v.Order.Drill
	q.SawOfficer(&v.Order)
	var p *service.PreparedPlan
	err = safely(func() (err error) {
		if p, err = d.Svc.PreparePlan(q.Context(), q.ID(), pageTime); err == nil {
			_ = p.Operating() // whatever panics does so here
		}
		return err
	})
	if err != nil {
		return v, nil, d.planless(q, v, err)
	}
	v.Window, v.Open, v.Given = p.Problem.Window, p.Open, p.Figures
	v.FiguresPath = figuresPath(v.Order.RecipientID, v.Order.ID)
	for _, m := range p.Missing {
		v.Missing = append(v.Missing, missingText{m.Text(q.Lang), m.Optional})
	}
	if p.Problem.Complete() {
		v.Fields = demandFields(q, p.Problem)
	}
	return v, p, nil
}

// planless says why the plan of an order failed, and links the page that takes other figures.
func (d *desk) planless(q *frame.Request, v *planPage, failed error) error {
	var e *refusal.Error
	switch {
	case errors.As(failed, &e) && e.Code == refusal.Conflict:
		v.Error = e.Detail(q.Lang)
	case errors.As(failed, &e) && (e.Code == refusal.NotFound || e.Code == refusal.Forbidden):
		return failed
	default:
		v.Error = d.planError(q, failed)
	}
	if asksForPlan(&v.Order) && v.Order.State == notify.StateOpen.String() {
		v.FiguresPath = figuresPath(v.Order.RecipientID, v.Order.ID)
	}
	return nil
}

// showPrepared shows the prepared plan.
func (d *desk) showPrepared(q *frame.Request, v *planPage, p *service.PreparedPlan) (any, error) {
	return d.showPlan(q, v, p, p.Answer, string(p.Problem.Text))
}

// showPlan shows the answer to a problem, the prepared one or another.
func (d *desk) showPlan(q *frame.Request, v *planPage, p *service.PreparedPlan, a *allocate.Answer,
	problem string) (any, error) {
	v.Problem, v.Tried = problem, problem != string(p.Problem.Text)
	v.blame(q)
	switch {
	case a == nil:
	case a.Status == allocate.Infeasible:
		for _, c := range a.Conflicts {
			v.Conflicts = append(v.Conflicts, c.Text(q.Lang))
		}
		if a.Unreduced {
			v.Conflicts = append(v.Conflicts, refusal.Text("allocate.unreduced", q.Lang, nil))
		}
	default:
		v.Plan = viewOf(q, p.Of(a, []byte(problem)), a.BindingIn(q.Lang), false)
		if prepared := p.Operating(); v.Tried && prepared != nil {
			v.compare(viewOf(q, prepared, nil, false))
		}
	}
	return v, nil
}

// showRefused shows the prepared plan, and why something else was refused.
func (d *desk) showRefused(q *frame.Request, v *planPage, p *service.PreparedPlan, err error) (any, error) {
	q.Refuse(err)
	return d.showPrepared(q, v, p)
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
func (v *planPage) blame(q *frame.Request) {
	v.Error = q.Blame(func(path string) string {
		for _, own := range v.Fields {
			if strings.Contains(path, own.Name) {
				path = own.Name
			}
		}
		return path
	}, v.Fields)
}

// planPost tries other demands, or takes the acceptance of a plan one step on.
func (d *desk) planPost(q *frame.Request) (any, error) {
	typed := q.PostForm.Get("problem")
	if typed != "" && q.Step() != stepTry {
		return d.acceptPage(q)
	}
	v, p, err := d.preparedPage(q)
	if err != nil || p == nil {
		return v, err
	}
	frame.Set(v.Fields, q.PostForm)
	if v.Again = q.Edits(); v.Again { // it comes back unsent after a login
		return d.showPrepared(q, v, p)
	}
	if typed, err = changed(p.Problem, v.Fields); err != nil {
		return d.showRefused(q, v, p, err)
	}
	return d.showTried(q, v, p, typed)
}

// stepTry tries other demands.
const stepTry = "try"

// showTried shows the plan of a problem.
func (d *desk) showTried(q *frame.Request, v *planPage, p *service.PreparedPlan, problem string) (any, error) {
	tried, err := d.Svc.WhatIf(q.Context(), q.ID(), json.RawMessage(problem), pageTime)
	if err != nil {
		return d.showRefused(q, v, p, err)
	}
	return d.showPlan(q, v, p, tried.Answer, problem)
}

// demandFields are the demands of a problem, each a series of numbers whose last one goes on.
func demandFields(q *frame.Request, p *plant.Problem) []frame.Field {
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
		return []frame.Field{seriesField(q, "intake_t_h", doc.IntakeTH),
			seriesField(q, "steam_min_t_h", []float64{*doc.Steam}),
			seriesField(q, "level_t", []float64{doc.Pit.Level})}
	}
	var out []frame.Field
	for _, name := range demandNames {
		var values []float64
		for _, d := range doc.Demand {
			values = append(values, d[name])
		}
		out = append(out, seriesField(q, name, values))
	}
	return out
}

var demandNames = []string{"power_min_mw", "power_max_mw", "heat_gj_h"}

// seriesField asks for numbers, one for each hour or step; repetitions of the last one are left out.
func seriesField(q *frame.Request, name string, values []float64) frame.Field {
	f := q.Field(name, frame.KindArea, false)
	f.Max = 8000
	for len(values) > 1 && values[len(values)-1] == values[len(values)-2] {
		values = values[:len(values)-1]
	}
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = strconv.FormatFloat(v, 'f', -1, 64)
	}
	f.Value = strings.Join(text, " ")
	return f
}

// readSeries reads numbers that are separated by blanks, commas or semicolons, at least one.
func readSeries(name, text string) ([]*float64, error) {
	var out []*float64
	for i, word := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,，;；、\r\n\t", r) }) {
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return nil, refusal.Input([]refusal.Field{{Path: fmt.Sprintf("%s[%d]", name, i), Rule: "desk.form.number",
				Args: refusal.Args{"value": word}}})
		}
		out = append(out, &v)
	}
	if len(out) == 0 {
		return nil, refusal.Input([]refusal.Field{{Path: name, Rule: "desk.form.required"}})
	}
	return out, nil
}

// changed is the text of the prepared problem with the demands of the fields.
func changed(p *plant.Problem, fields []frame.Field) (string, error) {
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
		return "", refusal.Input([]refusal.Field{{Path: fields[0].Name, Rule: "desk.form.number",
			Args: refusal.Args{"value": "?"}}})
	}
	return string(text), nil
}
