package plant

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"qingkong/alerts"
	"qingkong/reductionlist/allocate"
)

// OperatingPlan is the plan of an order: what a coal or waste plant does over a warning's window. Its totals are what
// an evaluation compares with. Tonnes are of coal or of waste that is burnt.
type OperatingPlan struct {
	Kind   Kind       `json:"kind"`
	Window PlanWindow `json:"window"`
	StepH  float64    `json:"step_h"`

	Status    string  `json:"status"` // optimal, or feasible: then the gap says how far above the best it is at most
	Objective float64 `json:"objective"`
	Bound     float64 `json:"bound"`
	Gap       float64 `json:"gap"`

	Totals   PlanTotals  `json:"totals"`
	Baseline *PlanTotals `json:"baseline"`
	Saved    *PlanTotals `json:"saved"`

	Days    []PlanDay     `json:"days"`
	Units   []PlanMachine `json:"units"`
	Steps   []PlanStep    `json:"steps"`
	Binding []string      `json:"binding"` // in Chinese, as the rest of an order

	FiguresAt *time.Time      `json:"figures_at"` // when the figures were given; nil where the problem named all of them
	Problem   json.RawMessage `json:"problem"`    // as package allocate reads it

	ListVersion string `json:"list_version"`
	Model       string `json:"model"` // of the plant, see [Plant.Model]
	// Listed stands for the list's measures in whose place those of the plan are.
	Listed string `json:"measures_digest"`

	// Marks say of every measure of the order whether the plan keeps it, and Demands stands for what they were held
	// against, see [Demands.Digest]. Plans of older programs have neither.
	Marks   []PlanMarks `json:"marks,omitempty"`
	Demands string      `json:"demands_digest,omitempty"`

	// Reductions are the daily reductions of the measures that the plan rewrites. Plans of older programs have none, and
	// leave those of the list.
	Reductions []PlanReduction `json:"reductions,omitempty"`
}

// PlanWindow is the time a plan covers. Ends is the end of the order it was made for, and Cut why the plan ends before
// that.
type PlanWindow struct {
	From time.Time  `json:"from"`
	To   time.Time  `json:"to"`
	Ends *time.Time `json:"ends_at"`
	Cut  string     `json:"cut,omitempty"`
}

// PlanTotals are sums over a plan.
type PlanTotals = allocate.Totals

// PlanDay is one day in Shanghai. From and To are given for a day of which the plan covers a part.
type PlanDay struct {
	Date    string       `json:"date"`
	From    *time.Time   `json:"from,omitempty"`
	To      *time.Time   `json:"to,omitempty"`
	T       float64      `json:"t"`
	DivertT float64      `json:"divert_t,omitempty"`
	Units   []MachineDay `json:"units"`
}

// MachineDay is what one unit or furnace burns on a day, in tonnes.
type MachineDay struct {
	Name string  `json:"name"`
	T    float64 `json:"t"`
}

// PlanMachine sums up one unit or furnace. PeakKgH is the largest emission of any step, per hour.
type PlanMachine struct {
	Name    string             `json:"name"`
	T       float64            `json:"t"`
	Kg      map[string]float64 `json:"kg"`
	PeakKgH map[string]float64 `json:"peak_kg_h"`
}

// PlanStep is one step. PitT is the level at its end; Emission is weighted, and Before that of the baseline.
type PlanStep struct {
	At       time.Time     `json:"at"`
	Units    []MachineStep `json:"units"`
	DivertTH *float64      `json:"divert_t_h,omitempty"`
	PitT     *float64      `json:"pit_t,omitempty"`
	Emission float64       `json:"emission"`
	Before   *float64      `json:"before,omitempty"`
}

// MachineStep is one unit or furnace in a step: T are the tonnes of the step, MW and HeatGJH are a unit's.
type MachineStep struct {
	Name    string             `json:"name"`
	On      bool               `json:"on"`
	MW      float64            `json:"mw,omitempty"`
	HeatGJH float64            `json:"heat_gj_h,omitempty"`
	T       float64            `json:"t"`
	Kg      map[string]float64 `json:"-"`
	Usual   *allocate.Usual    `json:"-"` // in the baseline, nil without one
}

// Operating puts an answer to a problem, which has to hold a plan, into the form in which an order carries it. text is
// the problem as it was solved, ends the end of the order, figuresAt when the figures were given, nil where the problem
// named all of them, and demanded what the order asks for, which the plan is marked by.
func (p *Problem) Operating(a *allocate.Answer, text []byte, ends, figuresAt *time.Time,
	demanded Demands) *OperatingPlan {
	plan := &OperatingPlan{Kind: p.Kind, StepH: a.StepH, Status: string(a.Status), Objective: *a.Objective,
		Bound: *a.Bound, Gap: *a.Gap,
		Totals: *a.Totals, Baseline: a.Baseline, Saved: a.Saved, Binding: a.BindingIn("zh-CN"),
		FiguresAt: figuresAt, Problem: text}
	for i := range a.Steps {
		s := &a.Steps[i]
		step := PlanStep{At: s.At, DivertTH: copied(s.DivertTH), PitT: copied(s.PitT), Emission: s.Emission,
			Before: copied(s.Before)}
		for _, m := range s.Machines {
			step.Units = append(step.Units,
				MachineStep{Name: m.Name, On: m.On, MW: m.MW, HeatGJH: m.HeatGJH, T: m.Tonnes, Kg: m.Kg, Usual: m.Usual})
		}
		plan.Steps = append(plan.Steps, step)
	}
	first, last := a.Steps[0].At, a.Steps[len(a.Steps)-1].At
	plan.Window = PlanWindow{From: first, To: last.Add(time.Duration(a.StepH * float64(time.Hour))), Ends: ends,
		Cut: p.Cut}
	plan.Marks, plan.Demands, plan.Reductions = plan.marks(demanded), demanded.Digest(), plan.reductions(demanded)
	plan.Add()
	return plan
}

// copied keeps the rounding of a plan out of the answer that it was made of.
func copied(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return new(*v)
}

// Add sums up the steps by day and machine. It is called once, when the steps stand.
func (p *OperatingPlan) Add() {
	p.Days, p.Units = []PlanDay{}, []PlanMachine{}
	for i := range p.Steps {
		s := &p.Steps[i]
		for k := range s.Units {
			u := &s.Units[k]
			if i == 0 {
				p.Units = append(p.Units, PlanMachine{Name: u.Name, Kg: map[string]float64{}, PeakKgH: map[string]float64{}})
			}
			m := &p.Units[k]
			m.T += u.T
			for name, kg := range u.Kg {
				m.Kg[name] += kg
				m.PeakKgH[name] = max(m.PeakKgH[name], kg/p.StepH)
			}
		}
		p.byDay(s)
	}
	for i := range p.Days {
		p.Days[i].partly(p.Window)
		p.Days[i].round()
	}
	for i := range p.Units {
		m := &p.Units[i]
		m.T = grams(m.T)
		for name := range m.Kg {
			m.Kg[name], m.PeakKgH[name] = grams(m.Kg[name]), grams(m.PeakKgH[name])
		}
	}
	for i := range p.Steps {
		p.Steps[i].round()
	}
}

// byDay adds a step to its days; what it burns is spread evenly over it.
func (p *OperatingPlan) byDay(s *PlanStep) {
	length := time.Duration(math.Round(p.StepH * float64(time.Hour)))
	end := s.At.Add(length)
	for from := s.At.In(alerts.Shanghai()); from.Before(end); {
		date := alerts.DateOf(from)
		to := date.AddDays(1).Start()
		if to.After(end) {
			to = end
		}
		share := float64(to.Sub(from)) / float64(length)
		if n := len(p.Days); n == 0 || p.Days[n-1].Date != string(date) {
			d := PlanDay{Date: string(date)}
			for k := range s.Units {
				d.Units = append(d.Units, MachineDay{Name: s.Units[k].Name})
			}
			p.Days = append(p.Days, d)
		}
		d := &p.Days[len(p.Days)-1]
		for k := range s.Units {
			d.Units[k].T += share * s.Units[k].T
			d.T += share * s.Units[k].T
		}
		if s.DivertTH != nil {
			d.DivertT += share * p.StepH * *s.DivertTH
		}
		from = to
	}
}

// partly notes which hours of its day are planned, where not all are.
func (d *PlanDay) partly(w PlanWindow) {
	date, _ := alerts.ParseDate(d.Date)
	if from := w.From.In(alerts.Shanghai()); from.After(date.Start()) {
		d.From = &from
	}
	if to := w.To.In(alerts.Shanghai()); to.Before(date.AddDays(1).Start()) {
		d.To = &to
	}
	switch { // both ends are said where one is
	case d.From == nil && d.To != nil:
		d.From = new(date.Start())
	case d.To == nil && d.From != nil:
		d.To = new(date.AddDays(1).Start())
	}
}

// grams rounds tonnes or kilograms to a millionth.
func grams(v float64) float64 { return math.Round(v*1e6) / 1e6 }

func (d *PlanDay) round() {
	d.T, d.DivertT = grams(d.T), grams(d.DivertT)
	for i := range d.Units {
		d.Units[i].T = grams(d.Units[i].T)
	}
}

func (s *PlanStep) round() {
	short := func(v float64) float64 { return math.Round(v*1e4) / 1e4 }
	pointed := func(v *float64) {
		if v != nil {
			*v = short(*v)
		}
	}
	for i := range s.Units {
		u := &s.Units[i]
		u.MW, u.HeatGJH, u.T = short(u.MW), short(u.HeatGJH), short(u.T)
	}
	s.Emission = short(s.Emission)
	pointed(s.DivertTH)
	pointed(s.PitT)
	pointed(s.Before)
}

// machines are the names of the plan's units or furnaces.
func (p *OperatingPlan) machines() (names []string) {
	for i := range p.Units {
		names = append(names, p.Units[i].Name)
	}
	return names
}

// Fits says whether the plan still serves an order of that window: it begins and goes on as far as the order does. An
// order that ends sooner is served.
func (p *OperatingPlan) Fits(from time.Time, ends *time.Time) bool {
	begins := from.Add(time.Hour) // a plan begins on the hour
	switch {
	case !from.Before(p.Window.To), begins.Before(p.Window.From):
		return false
	case ends == nil:
		return p.Window.Ends == nil
	case p.Window.Ends == nil:
		return !ends.After(p.Window.To)
	}
	return !ends.After(*p.Window.Ends)
}

// ParseOperatingPlan reads the plan member of an order; nil where it has none.
func ParseOperatingPlan(raw json.RawMessage) (*OperatingPlan, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	p := new(OperatingPlan)
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("plant: an order's plan: %w", err)
	}
	return p, nil
}
