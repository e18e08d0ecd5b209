package plants

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// planView is an operating plan as pages show it: its sums, its days and charts over its time.
type planView struct {
	Kind    plant.Kind
	Status  string
	Gap     string // how far above the best the plan is at most; empty for one that is proved best
	From    time.Time
	To      time.Time
	Cut     string
	GivenAt *time.Time // of the figures that it is made of
	Said    []string   // what is decided, a line for each unit or furnace
	Sums    []planSum
	Base    bool     // there is a baseline
	Names   []string // of units or furnaces
	Days    []planDay
	Divert  bool
	Charts  []chart
	Binding []string
	Marks   *planMarks // whether it keeps what the order demands; nil where that is not known
}

// planSum is one amount of the whole plan, beside that of the baseline where there is one.
type planSum struct{ Name, Value, Before, Saved string }

type planDay struct {
	Date   string
	Part   string // the hours of it that the plan covers, where those are not all
	Values []string
	Divert string
	Sum    string
}

// viewOf shows a plan. binding is what limits it, in the page's language; accepted says that the order carries the
// plan.
func viewOf(q *frame.Request, p *plant.OperatingPlan, binding []string, accepted bool) *planView {
	v := &planView{Kind: p.Kind, Status: q.T("plan." + p.Status), From: p.Window.From, To: p.Window.To, Cut: p.Window.Cut,
		GivenAt: p.FiguresAt, Binding: binding, Marks: marksOf(q, p.Marks, accepted)}
	if p.Gap > allocate.OptimalGap {
		v.Gap = fmt.Sprintf("%.2g %%", 100*p.Gap)
	}
	v.Said = saidOf(q, p)
	v.sums(q, p)
	for _, u := range p.Units {
		v.Names = append(v.Names, u.Name)
	}
	for _, d := range p.Days {
		row := planDay{Date: d.Date, Sum: tonnes(d.T), Divert: tonnes(d.DivertT)}
		if d.From != nil {
			row.Part = d.From.In(alerts.Shanghai()).Format("15:04") + "–" + endOfDay(*d.To)
		}
		for _, u := range d.Units {
			row.Values = append(row.Values, tonnes(u.T))
		}
		v.Divert = v.Divert || d.DivertT > 0
		v.Days = append(v.Days, row)
	}
	v.charts(q, p)
	return v
}

func endOfDay(t time.Time) string {
	if t = t.In(alerts.Shanghai()); t.Hour() == 0 {
		return "24:00"
	}
	return t.Format("15:04")
}

func tonnes(t float64) string { return fmt.Sprintf("%.1f", t) }

func (v *planView) sums(q *frame.Request, p *plant.OperatingPlan) {
	add := func(name, unit string, plan, before, saved *float64) {
		if plan == nil {
			return
		}
		s := planSum{Name: name, Value: tonnes(*plan) + " " + unit}
		if before != nil && saved != nil {
			v.Base = true
			s.Before, s.Saved = tonnes(*before)+" "+unit, tonnes(*saved)+" "+unit
		}
		v.Sums = append(v.Sums, s)
	}
	base, saved := p.Baseline, p.Saved
	if base == nil || saved == nil {
		base, saved = &plant.PlanTotals{}, &plant.PlanTotals{}
	}
	add(q.T("plan.sum.coal"), "t", p.Totals.CoalT, base.CoalT, saved.CoalT)
	add(q.T("plan.sum.feed"), "t", p.Totals.FeedT, base.FeedT, saved.FeedT)
	if d := p.Totals.DivertT; d != nil && *d > 0 {
		add(q.T("plan.sum.divert"), "t", d, nil, nil)
	}
	of := func(m map[string]float64, name string) *float64 {
		if kg, ok := m[name]; ok {
			return &kg
		}
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(p.Totals.Kg)) {
		add(frame.Capital(terms.Name(terms.Emission, name, q.Lang)), "kg", of(p.Totals.Kg, name), of(base.Kg, name),
			of(saved.Kg, name))
	}
}

// charts draws the load of the units or the feed of the furnaces, the level of the pit, and the emission against the
// baseline.
func (v *planView) charts(q *frame.Request, p *plant.OperatingPlan) {
	if len(p.Steps) == 0 {
		return
	}
	var times []time.Time
	var pit, emission, before []float64
	machines := make([]series, len(p.Units))
	for i := range machines {
		machines[i] = series{class: fmt.Sprintf("unit-%d", i%8+1), name: p.Units[i].Name}
	}
	for i := range p.Steps {
		s := &p.Steps[i]
		times = append(times, s.At)
		for k, u := range s.Units {
			value := u.MW
			if p.Kind == plant.Waste {
				value = u.T / p.StepH
			}
			machines[k].values = append(machines[k].values, value)
		}
		if s.PitT != nil {
			pit = append(pit, *s.PitT)
		}
		emission = append(emission, s.Emission/p.StepH)
		if s.Before != nil {
			before = append(before, *s.Before/p.StepH)
		}
	}
	add := func(key, unit string, all ...series) {
		title, says := q.T("plan.chart."+key), q.T("plan.chart."+key+".say")
		v.Charts = append(v.Charts, newChart(title, says, unit, times, p.Window.To, all...))
	}
	if p.Kind == plant.Waste {
		add("feed", "t/h", machines...)
	} else {
		add("load", "MW", machines...)
	}
	if len(pit) == len(times) {
		add("pit", "t", series{class: "pit", name: q.T("plan.chart.pit"), values: pit})
	}
	lines := []series{{class: "emission", name: q.T("plan.chart.plan"), values: emission}}
	if len(before) == len(times) {
		lines = append(lines, series{class: "before", name: q.T("plan.chart.before"), values: before, line: true})
	}
	add("emission", "kg/h", lines...)
}
