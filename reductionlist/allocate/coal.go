package allocate

import (
	"context"
	"math"
	"slices"
	"time"
)

// CoalResult is the answer to a problem of a coal plant.
type CoalResult struct {
	Outcome
	Plan []CoalStep `json:"plan"`
	Summary
}

// CoalStep is what every unit does in one step.
type CoalStep struct {
	At    time.Time  `json:"at"`
	Units []CoalLoad `json:"units"`
}

// CoalLoad is one unit in one step. CoalT is the coal of the step in tonnes, with that of a start.
type CoalLoad struct {
	Name    string  `json:"name"`
	On      bool    `json:"on"`
	MW      float64 `json:"mw"`
	HeatGJH float64 `json:"heat_gj_h"`
	CoalT   float64 `json:"coal_t"`
}

// Solve finds the plan that emits least. It ends with an error when ctx ends, and with what it has at the time limit.
func (p *Coal) Solve(ctx context.Context, opt Options) (*CoalResult, error) {
	by := opt.patience(ctx)
	tie := p.tie()
	f, c := p.search(tie, by)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if math.IsInf(f.bound, 1) {
		r := &CoalResult{Outcome: infeasible(p.conflicts(by)), Plan: []CoalStep{}, Summary: p.noSummary()}
		return r, ctx.Err()
	}
	if f.row == nil {
		return nil, ErrNoPlanYet
	}
	r, bound := p.result(c, f.row), tie.without(f.bound)
	if f.done() && p.objective(r)-bound > OptimalGap*p.objective(r) {
		// A unit that emits nothing makes what ties cost count for more than the gap: prove without them.
		g, plain := p.search(tieBreak{}, by)
		bound = max(bound, g.bound)
		if g.row != nil {
			if other := p.result(plain, g.row); p.objective(r)-p.objective(other) > OptimalGap*p.objective(r) {
				r = other
			}
		}
	}
	r.Outcome = outcome(p.objective(r), bound)
	p.addBaseline(r)
	return r, nil
}

// tieBreak is what is added to the objective so that of plans that emit the same the one with less coal is taken, and
// of those the one with fewer starts. It is small enough to stay within the gap of a plan that is called optimal.
type tieBreak struct {
	perCoal, perStart float64
	share             float64 // perCoal as a share of the least weight of a tonne of coal
	starts            float64 // the most starts there can be
}

const tieShare = 4e-7

func (p *Coal) tie() tieBreak {
	least, none := math.Inf(1), true
	b := tieBreak{}
	for i := range p.units {
		u := &p.units[i]
		least = min(least, u.weight)
		none = none && u.weight == 0
		b.starts += math.Ceil(float64(p.steps) / float64(u.minUp+u.minDown))
	}
	switch {
	case none: // nothing counts, so only the coal does
		return tieBreak{perCoal: 1, perStart: 0.25, share: math.Inf(1)}
	case least == 0:
		for i := range p.units {
			if w := p.units[i].weight; w > 0 {
				b.perCoal = max(b.perCoal, tieShare*w)
			}
		}
		b.share = math.Inf(1)
	default:
		b.perCoal, b.share = tieShare*least, tieShare
	}
	b.perStart = b.perCoal / 4
	return b
}

// without is the bound of the objective alone that follows from one with the tie break: the emission of any plan is at
// least 1/share of what its coal adds.
func (b tieBreak) without(bound float64) float64 {
	if math.IsInf(b.share, 1) {
		return 0
	}
	return max(0, bound-b.starts*b.perStart) / (1 + b.share)
}

// search sets up the question of commitment and answers it.
func (p *Coal) search(b tieBreak, by patience) (searchResult, *commitment) {
	c := p.commitment(b, by)
	if c == nil {
		return searchResult{bound: math.Inf(-1)}, nil
	}
	return c.minimise(by), c
}

// commitment is the question that a problem comes to, or nil where there was no time to set it up.
func (p *Coal) commitment(b tieBreak, by patience) *commitment {
	var ms []machine
	var modes []unitModes
	var starts []float64
	for i := range p.units {
		u := &p.units[i]
		ms = append(ms, u.machine)
		modes = append(modes, u.modes(p.stepH, u.weight+b.perCoal, u.weightAtLow+b.perCoal))
		starts = append(starts, u.startCoal*(u.weight+b.perCoal)+b.perStart)
	}
	st := newStates(ms, p.steps)
	c := &commitment{states: st, startCost: starts}
	wants := c.classes(func(t int) demand { return p.demand[t] })
	if c.costs = newStepCosts(modes, wants, by); c.costs == nil {
		return nil
	}
	c.prepare()
	return c
}

// result dispatches the sets of a row and tells what comes of it. Rounded figures are told unless they emit more than
// the gap of an optimum above what was found: loads can be so small that the last digit matters.
func (p *Coal) result(c *commitment, row []set) *CoalResult {
	loads := make([][]unitLoad, len(row))
	for t, x := range row {
		c.costs.dispatch(c.class[t], x)
		for i := range p.units {
			if n := len(loads[t]); x.has(i) {
				loads[t] = append(loads[t], unitLoad{&p.units[i], c.costs.best.p[n], c.costs.best.h[n]})
			}
		}
	}
	r, plain := p.told(c, row, loads, true), p.told(c, row, loads, false)
	if p.objective(r)-p.objective(plain) > OptimalGap/10*p.objective(plain) {
		r = plain
	}
	return r
}

// told is a plan as its reader sees it, with its sums and what limits it.
func (p *Coal) told(c *commitment, row []set, loads [][]unitLoad, round bool) *CoalResult {
	r := &CoalResult{Summary: Summary{Totals: coalTotals(), horizon: p.horizon}}
	at := c.first
	for t, x := range row {
		on := slices.Clone(loads[t])
		settle(on, p.demand[t], round)
		step, j := CoalStep{At: p.at(t)}, 0
		for i := range p.units {
			u := &p.units[i]
			load := CoalLoad{Name: u.name}
			if x.has(i) {
				load.On, load.MW, load.HeatGJH = true, on[j].mw, on[j].heat
				j++
				load.CoalT = p.coal(u, load.MW, load.HeatGJH)
				p.emit(r.Totals, u, load.MW, load.CoalT)
				if !at.has(i) {
					load.CoalT += u.startCoal
					addKg(r.Totals.Kg, u.emission, u.startCoal)
					*r.Totals.CoalT += u.startCoal
				}
			}
			step.Units = append(step.Units, load)
		}
		p.bind(r, c, t, at, x, step.Units)
		r.Plan = append(r.Plan, step)
		at = x
	}
	r.Binding = r.BindingIn("zh-CN")
	return r
}

func coalTotals() *Totals { return &Totals{CoalT: new(float64), Kg: map[string]float64{}} }

// emit counts the coal of a unit that runs at a load.
func (p *Coal) emit(sum *Totals, u *coalUnit, mw, coal float64) {
	addKg(sum.Kg, u.emission, coal)
	if mw < u.lowLoad {
		sum.Kg["nox"] += u.emission["nox"] * (u.lowFactor - 1) * coal
	}
	*sum.CoalT += coal
}

func (p *Coal) objective(r *CoalResult) float64 { return weigh(p.weights, r.Totals.Kg) }

// bind notes at which limits a step of the plan stands.
func (p *Coal) bind(r *CoalResult, c *commitment, t int, at, x set, loads []CoalLoad) {
	want, power := p.demand[t], 0.0
	for _, l := range loads {
		power += l.MW
	}
	if p.heatNeeds(c, want, x) {
		r.limits.at(t, "heat", "")
	}
	if x != 0 && want.powerMin > 0 && power <= want.powerMin+1e-6 {
		r.limits.at(t, "power_min", "")
	}
	if x != 0 && power >= want.powerMax-1e-6 {
		r.limits.at(t, "power_max", "")
	}
	for i := range p.units {
		u, l := &p.units[i], loads[i]
		switch {
		case !u.available[t]:
			r.limits.at(t, "available", u.name)
		case !l.On:
		case l.MW+u.lost*l.HeatGJH >= u.maxMW-1e-6 && l.HeatGJH > 1e-6:
			r.limits.at(t, "unit_top", u.name)
		case l.MW >= u.maxMW-1e-6:
			r.limits.at(t, "unit_max", u.name)
		case l.MW <= u.minMW+1e-6:
			r.limits.at(t, "unit_min", u.name)
		case u.lowLoad > u.minMW && math.Abs(l.MW-u.lowLoad) <= 1e-6 && u.lowFactor > 1:
			r.limits.at(t, "low_load", u.name)
		}
		if l.On && l.HeatGJH >= u.maxHeat-1e-6 && u.maxHeat > 0 {
			r.limits.at(t, "unit_heat", u.name)
		}
	}
}

// heatNeeds reports whether heat keeps every unit of x running: without any one of them too little heat would be left.
func (p *Coal) heatNeeds(c *commitment, want demand, x set) bool {
	if want.heat == 0 || x == 0 {
		return false
	}
	most := 0.0
	for i := range x.each {
		most += c.costs.units[i].all.heat
	}
	for i := range x.each {
		if most-c.costs.units[i].all.heat >= want.heat {
			return false
		}
	}
	return true
}

// addBaseline sets beside the plan what the given loads would have burnt, heat in proportion to max_heat_gj_h of the
// units that run, nothing started, and the power window left aside.
func (p *Coal) addBaseline(r *CoalResult) {
	if p.baseline == nil {
		return
	}
	r.Baseline = coalTotals()
	for t := range p.demand {
		p.baselineStep(r.Baseline, t)
	}
	r.Saved = r.Baseline.minus(*r.Totals)
}

func (p *Coal) baselineStep(sum *Totals, t int) {
	for i, u := range p.usual(t) {
		if u.MW != 0 {
			p.emit(sum, &p.units[i], u.MW, u.Tonnes)
		}
	}
}

// usual is what the units do in a step of the baseline.
func (p *Coal) usual(t int) []Usual {
	most := 0.0
	for i := range p.units {
		if p.baseline[i][t] > 0 {
			most += p.units[i].maxHeat
		}
	}
	out := make([]Usual, len(p.units))
	for i := range p.units {
		u, mw, heat := &p.units[i], p.baseline[i][t], 0.0
		if mw == 0 {
			continue
		}
		if most > 0 {
			heat = p.demand[t].heat * u.maxHeat / most
		}
		out[i] = Usual{MW: mw, HeatGJH: heat, Tonnes: p.coal(u, mw, heat)}
	}
	return out
}
