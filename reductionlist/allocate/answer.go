package allocate

import (
	"context"
	"time"

	"qingkong/alerts/refusal"
)

// Kind says which of the two problems one is.
type Kind string

// The kinds.
const (
	KindCoal  Kind = "coal"
	KindWaste Kind = "waste"
)

// Answer is the answer to a problem of either kind, in a form common to both. Result is a *[CoalResult] or a
// *[WasteResult], whose JSON is the answer as others see it.
type Answer struct {
	Kind Kind
	Outcome
	Totals   *Totals
	Baseline *Totals // nil without one
	Saved    *Totals
	StepH    float64
	Steps    []AnswerStep
	Result   any

	binding func(lang string) []string
}

// AnswerStep is one step of an answer. Emission is Σ weight·kg of the step, without its step_weight, and Before that of
// the baseline, nil without one. DivertTH and PitT are nil for coal; PitT is the level at the step's end.
type AnswerStep struct {
	At       time.Time
	Machines []MachineRun
	DivertTH *float64
	PitT     *float64
	Emission float64
	Before   *float64
}

// MachineRun is a unit or a furnace in a step: tonnes of coal or of waste in the step, with those of a start, and what
// it emits. Usual is what it does in the baseline then, nil without one.
type MachineRun struct {
	Name        string
	On          bool
	MW, HeatGJH float64 // of a unit
	Tonnes      float64
	Kg          map[string]float64
	Usual       *Usual
}

// Usual is a unit in a step of the baseline; tonnes of coal are those of the step, and all is 0 where the unit does not
// run.
type Usual struct {
	MW, HeatGJH float64
	Tonnes      float64
}

// BindingIn says the binding constraints in "zh-CN" or "en".
func (a *Answer) BindingIn(lang string) []string { return a.binding(lang) }

// Limits bound how large a problem may be beyond what [ParseCoal] and [ParseWaste] take; zero is no bound.
type Limits struct {
	CoalSets   int // steps times sets of units: a set is one of 2 to the power of the units
	WasteSteps int // steps times furnaces
}

// Solve reads a problem and answers it. Whatever is wrong with it is refused with its JSON path.
func Solve(ctx context.Context, kind Kind, text []byte, limits Limits, opt Options) (*Answer, error) {
	switch kind {
	case KindCoal:
		p, err := ParseCoal(text)
		if err != nil {
			return nil, err
		}
		if most := limits.CoalSets >> len(p.units); limits.CoalSets > 0 && p.steps > most {
			return nil, tooLarge(p.steps, len(p.units), most)
		}
		r, err := p.Solve(ctx, opt)
		if err != nil {
			return nil, err
		}
		return p.answer(r), nil
	case KindWaste:
		p, err := ParseWaste(text)
		if err != nil {
			return nil, err
		}
		if most := limits.WasteSteps / len(p.furnaces); limits.WasteSteps > 0 && p.steps > most {
			return nil, tooLarge(p.steps, len(p.furnaces), most)
		}
		r, err := p.Solve(ctx, opt)
		if err != nil {
			return nil, err
		}
		return p.answer(r), nil
	}
	return nil, refusal.New(refusal.NotFound, "allocate.kind", refusal.Args{"value": string(kind)})
}

func tooLarge(steps, count, most int) error {
	return refusal.Input([]refusal.Field{{Path: "steps", Rule: "allocate.too_large_together",
		Args: refusal.Args{"steps": steps, "count": count, "limit": most}}})
}

func (p *Coal) answer(r *CoalResult) *Answer {
	a := &Answer{Kind: KindCoal, Outcome: r.Outcome, Totals: r.Totals, Baseline: r.Baseline, Saved: r.Saved,
		StepH: p.stepH, Result: r, binding: r.BindingIn}
	on := make([]bool, len(p.units))
	for i := range p.units {
		on[i] = p.units[i].on
	}
	for t, s := range r.Plan {
		step := AnswerStep{At: s.At}
		var usual []Usual
		if p.baseline != nil {
			usual = p.usual(t)
		}
		for i, l := range s.Units {
			u := &p.units[i]
			m := MachineRun{Name: l.Name, On: l.On, MW: l.MW, HeatGJH: l.HeatGJH, Tonnes: l.CoalT, Kg: map[string]float64{}}
			start := 0.0
			if l.On && !on[i] {
				start = u.startCoal
			}
			if l.On {
				p.emit(&Totals{CoalT: new(float64), Kg: m.Kg}, u, l.MW, l.CoalT-start)
				addKg(m.Kg, u.emission, start)
			}
			if usual != nil {
				m.Usual = &usual[i]
			}
			step.Emission += weigh(p.weights, m.Kg)
			step.Machines, on[i] = append(step.Machines, m), l.On
		}
		if p.baseline != nil {
			b := coalTotals()
			p.baselineStep(b, t)
			before := weigh(p.weights, b.Kg)
			step.Before = &before
		}
		a.Steps = append(a.Steps, step)
	}
	return a
}

func (p *Waste) answer(r *WasteResult) *Answer {
	a := &Answer{Kind: KindWaste, Outcome: r.Outcome, Totals: r.Totals, Baseline: r.Baseline, Saved: r.Saved,
		StepH: p.stepH, Result: r, binding: r.BindingIn}
	at := p.states().first
	for _, s := range r.Plan {
		step := AnswerStep{At: s.At, DivertTH: &s.DivertTH, PitT: &s.PitT}
		next := set(0)
		for i, f := range s.Furnaces {
			m := MachineRun{Name: f.Name, On: f.On, Tonnes: f.FeedTPH * p.stepH, Kg: map[string]float64{}}
			if f.On {
				next |= 1 << i
				addKg(m.Kg, p.furnaces[i].emission, m.Tonnes)
				if !at.has(i) {
					addKg(m.Kg, p.furnaces[i].startKg, 1)
				}
			}
			step.Emission += weigh(p.weights, m.Kg)
			step.Machines = append(step.Machines, m)
		}
		step.Emission += p.divertCounts * s.DivertTH * p.stepH
		a.Steps, at = append(a.Steps, step), next
	}
	return a
}
