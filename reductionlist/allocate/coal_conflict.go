package allocate

import (
	"math"
	"slices"
)

// conflicts names why there is no plan. Steps after the one that no plan reaches cannot be to blame. unreduced says
// that there was no time to tell what is needed of them.
func (p *Coal) conflicts(by patience) (out []Conflict, unreduced bool) {
	q := &coalQuestion{p: p, by: by, known: map[demand][]set{}}
	var all []obligation
	for t := range p.steps {
		all = append(all, obligation{"heat", -1, t}, obligation{"power_min", -1, t}, obligation{"power_max", -1, t})
	}
	for i := range p.units {
		all = append(all, p.units[i].rules(i)...)
	}
	left, reduced := blamed(all, p.steps, &q.steps, q.feasible)
	return p.conflictsOf(grouped(left), q.steps, func(g group, c *Conflict) {
		switch {
		case g.unit >= 0:
			c.Name, c.Unit = p.units[g.unit].name, "h"
		case g.kind == "heat":
			c.Unit = "GJ/h"
		default:
			c.Unit = "MW"
		}
		if r := relaxationOf(left, g); reduced && !q.by.late() {
			firstThat(q.amounts(r), r, q.feasible).put(c, 1)
		}
	}), !reduced
}

// coalQuestion answers whether any plan keeps the obligations that hold, with what was found about sets of units kept.
type coalQuestion struct {
	p     *Coal
	by    patience
	steps int
	known map[demand][]set // the sets that meet a demand
}

// amounts are those by which a group can give way to any effect, in order; the last is as good as none at all. Of a
// demand they are what each set of units falls short of it in each of the group's steps: below the next of them no
// other set will do.
func (q *coalQuestion) amounts(r relaxation) (out []float64) {
	g := r.gives
	if g.unit >= 0 {
		return q.p.units[g.unit].hoursThatMatter(q.p.horizon, g.kind)
	}
	s, seen, most := q.units(), map[demand]bool{}, 0.0
	for t := g.step; t < g.until; t++ {
		d := q.demandOf(t, &r)
		if seen[d] {
			continue
		}
		seen[d] = true
		for x := range set(1) << len(q.p.units) {
			s.choose(x)
			if short, can := s.d.shortOf(s.ms, d, g.kind); can && short > 0 {
				out = append(out, short)
			}
		}
		switch g.kind {
		case "heat":
			most = max(most, d.heat)
		case "power_min":
			most = max(most, d.powerMin)
		case "power_max":
			s.choose(set(1)<<len(q.p.units) - 1)
			most = max(most, leastPower(s.ms))
		}
	}
	slices.Sort(out)
	return slices.Compact(append(slices.DeleteFunc(out, func(v float64) bool { return v >= most }), most))
}

// demandOf is what is left of a step's demand. Heat that need not be given costs no power, and so none is as good as
// any.
func (q *coalQuestion) demandOf(t int, r *relaxation) demand {
	d, full := demand{powerMax: math.Inf(1)}, q.p.demand[t]
	if less, holds := r.of("heat", -1, t); holds {
		d.heat = max(0, full.heat-less)
	}
	if less, holds := r.of("power_min", -1, t); holds {
		d.powerMin = max(0, full.powerMin-less)
	}
	if less, holds := r.of("power_max", -1, t); holds {
		d.powerMax = full.powerMax + less
	}
	return d
}

// units are the units with their whole range.
func (q *coalQuestion) units() *stepCosts {
	s := &stepCosts{}
	for i := range q.p.units {
		s.units = append(s.units, q.p.units[i].modes(q.p.stepH, 1, 1))
	}
	return s
}

// meeting are the sets of units that meet a demand.
func (q *coalQuestion) meeting(d demand) []set {
	sets, known := q.known[d]
	if known {
		return sets
	}
	s := q.units()
	for x := range set(1) << len(q.p.units) {
		s.choose(x)
		if s.d.reaches(s.ms, d) {
			sets = append(sets, x)
		}
	}
	q.known[d] = sets
	return sets
}

// feasible looks for any plan. Few states are tried first: where there are many plans, one is soon found. Then it is
// tried to prove that there is none, and only then are all states gone through.
func (q *coalQuestion) feasible(r relaxation) verdict {
	var ms []machine
	for i := range q.p.units {
		ms = append(ms, q.p.units[i].relaxed(q.p.horizon, i, &r))
	}
	st := newStates(ms, q.steps)
	if v := q.along(&st, &r, 32); v != unknown || q.by.late() {
		return v
	}
	c := q.commitment(&st, &r)
	if c == nil {
		return unknown
	}
	none, plan := c.separates(q.steps, 500, q.by)
	switch {
	case none:
		return impossible
	case plan != nil:
		return possible
	}
	return q.along(&st, &r, math.MaxInt)
}

// along looks for any plan with as many states after a step as there is room for.
func (q *coalQuestion) along(st *states, r *relaxation, wide int) verdict {
	layer := []state{st.begin()}
	return along(q.steps, q.by.late, func(t int) (int, bool) {
		next, dropped := q.layer(st, layer, t, q.meeting(q.demandOf(t, r)), wide)
		layer = next
		return len(next), dropped
	})
}

// commitment is the same question without any cost, or nil where there was no time to set it up.
func (q *coalQuestion) commitment(st *states, r *relaxation) *commitment {
	c := &commitment{states: *st, startCost: make([]float64, st.n), costs: &stepCosts{}}
	for _, d := range c.classes(func(t int) demand { return q.demandOf(t, r) }) {
		if q.by.late() {
			return nil
		}
		cost := slices.Repeat([]float64{math.Inf(1)}, 1<<c.n)
		for _, x := range q.meeting(d) {
			cost[x] = 0
		}
		c.costs.cost = append(c.costs.cost, cost)
	}
	return c
}

// layer are the states after a step without those that another covers.
func (q *coalQuestion) layer(st *states, from []state, t int, sets []set, wide int) (out []state, dropped bool) {
	allowed := st.allowed(t)
	by := map[set][]state{}
	count := 0
	for j, f := range from {
		if j%64 == 63 && q.by.late() {
			return flat(by), true
		}
		for _, x := range sets {
			if x&^allowed != 0 {
				continue
			}
			n, may := st.next(&f, t, x)
			if !may || slices.ContainsFunc(by[x], func(a state) bool { return a.covers(&n, st.n) }) {
				continue
			}
			if count >= wide {
				return flat(by), true
			}
			kept := slices.DeleteFunc(by[x], func(b state) bool { return n.covers(&b, st.n) })
			count += 1 + len(kept) - len(by[x])
			by[x] = append(kept, n)
		}
	}
	return flat(by), false
}

func flat(by map[set][]state) (out []state) {
	for _, x := range sortedKeys(by) {
		out = append(out, by[x]...)
	}
	return out
}
