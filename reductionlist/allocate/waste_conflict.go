package allocate

import (
	"math"
	"slices"
	"sort"
)

// conflicts names why there is no plan. Steps after the one that no plan reaches cannot be to blame. unreduced says that
// there was no time to tell what is needed of them.
func (p *Waste) conflicts(by patience) (out []Conflict, unreduced bool) {
	q := &wasteQuestion{p: p, by: by, steps: p.steps}
	var all []obligation
	for t := range p.steps {
		if p.leastFeed[t] > 0 {
			all = append(all, obligation{"steam", -1, t})
		}
		all = append(all, obligation{"pit_max", -1, t}, obligation{"pit_min", -1, t})
	}
	all = append(all, obligation{"pit_end", -1, p.steps - 1})
	if p.quota() {
		all = append(all, obligation{"divert_total", -1, -1})
	}
	for i := range p.furnaces {
		all = append(all, p.furnaces[i].rules(i)...)
	}
	full := relaxation{holds: map[obligation]bool{}}
	for _, o := range all {
		full.holds[o] = true
	}
	q.steps = 1 + sort.Search(p.steps-1, func(t int) bool {
		q.steps = t + 1
		return q.feasible(full) == impossible
	})
	all = slices.DeleteFunc(all, func(o obligation) bool { return o.step >= q.steps })
	left, reduced := irreducible(all, q.feasible)
	out = []Conflict{}
	for _, g := range grouped(left) {
		c := Conflict{Constraint: g.kind, From: p.at(0), To: p.at(q.steps), Unit: "t"}
		most := q.mostOf()
		switch {
		case g.unit >= 0:
			c.Name, c.Unit = p.furnaces[g.unit].name, "h"
			most = p.furnaces[g.unit].mostHours(p.horizon, g.kind)
		case g.step >= 0:
			c.From, c.To = p.at(g.step), p.at(g.until)
		}
		if c.AtMost = !reduced; reduced {
			var exact bool
			c.ShortBy, exact = leastGiving(left, g, most, q.feasible)
			c.AtMost = !exact
		}
		if g.kind == "steam" { // it gives way as feed, and is asked for as steam
			c.ShortBy, c.Unit = upwards(c.ShortBy*p.steamPer), "t/h"
		}
		out = append(out, c)
	}
	return out, !reduced
}

// wasteQuestion answers whether any plan keeps the obligations that hold.
type wasteQuestion struct {
	p     *Waste
	by    patience
	steps int
}

// mostOf is more tonnes than can be in question.
func (q *wasteQuestion) mostOf() float64 {
	sum := q.p.level + q.p.high[0] + slices.Max(q.p.leastFeed)
	for t := range q.p.steps {
		sum += q.p.stepH * q.p.intake[t]
		for i := range q.p.furnaces {
			sum += q.p.stepH * q.p.furnaces[i].max
		}
	}
	return sum
}

// unbounded stands for an amount that nothing limits.
const unbounded = 1e12

// relaxed is the problem with the obligations that hold, as far as they do.
func (q *wasteQuestion) relaxed(r *relaxation) *Waste {
	w := *q.p
	w.steps = q.steps
	w.furnaces = slices.Clone(w.furnaces)
	for i := range w.furnaces {
		w.furnaces[i].machine = q.p.furnaces[i].relaxed(q.p.horizon, i, r)
	}
	most := q.mostOf() // levels beyond it cannot come about, and larger numbers would cost digits
	w.low, w.high = slices.Repeat([]float64{w.level - most}, q.p.steps+1), slices.Repeat([]float64{w.level + most}, q.p.steps+1)
	w.leastFeed, w.end, w.divertTotal = make([]float64, q.p.steps), unbounded, unbounded
	for t := range q.steps {
		if o := (obligation{"pit_min", -1, t}); r.holds[o] {
			w.low[t+1] = q.p.low[t+1] - r.less(o)
		}
		if o := (obligation{"pit_max", -1, t}); r.holds[o] {
			w.high[t+1] = q.p.high[t+1] + r.less(o)
		}
		if o := (obligation{"steam", -1, t}); r.holds[o] {
			w.leastFeed[t] = max(0, q.p.leastFeed[t]-r.less(o))
		}
	}
	if o := (obligation{"pit_end", -1, q.p.steps - 1}); r.holds[o] && q.steps == q.p.steps {
		w.end = q.p.end + r.less(o)
	}
	if o := (obligation{"divert_total", -1, -1}); r.holds[o] {
		w.divertTotal = q.p.divertTotal + r.less(o)
	}
	return &w
}

// waiting is a state after some steps, and the least that has to have been diverted by pit level.
type waiting struct {
	state
	least pwl
}

// feasible looks for any plan. Few states are tried first: where there are many plans, one is soon found. Then it is tried to
// prove that there is none, and only then are all states gone through.
func (q *wasteQuestion) feasible(r relaxation) verdict {
	w := q.relaxed(&r)
	var ms []machine
	for i := range w.furnaces {
		ms = append(ms, w.furnaces[i].machine)
	}
	st := newStates(ms, q.steps)
	if v := q.along(w, &st, 32); v != unknown || q.by.late() {
		return v
	}
	if w.impossible(q.by) {
		return impossible
	}
	return q.along(w, &st, math.MaxInt)
}

// impossible tries to prove that there is no plan: with no cost but prices, a bound above nothing says so.
func (p *Waste) impossible(by patience) bool {
	g := newGuide(p, scale{}, 0)
	value, largest := g.ascend(300, math.Inf(1), p.quota(), nil, by), g.by.price
	for _, v := range g.rho {
		largest = max(largest, math.Abs(v))
	}
	return value > 1e-6*(1+largest)
}

// along goes through the states step by step. Where some were left out for want of room or time, that none got to the end
// proves nothing.
func (q *wasteQuestion) along(w *Waste, st *states, wide int) verdict {
	layer := []waiting{{st.begin(), pwl{x: w.level}}}
	whole := true
	for t := range q.steps {
		if q.by.late() {
			return unknown
		}
		next, dropped := q.layer(w, st, layer, t, wide)
		if whole = whole && !dropped; len(next) == 0 {
			return noneLeft(whole)
		}
		layer = next
	}
	return possible
}

// layer are the states after a step but for what others cover of their levels.
func (q *wasteQuestion) layer(w *Waste, st *states, from []waiting, t, wide int) (out []waiting, dropped bool) {
	allowed, n := st.allowed(t), len(w.furnaces)
	low, high := w.levels(t + 1)
	byX := map[set][]int{}
	for x := range set(1) << n {
		s, ok := w.furnaceStage(t, x, scale{price: 1})
		if x&^allowed != 0 || !ok {
			continue
		}
		change := s.change()
		if q.by.late() {
			return out, true
		}
		for j := range from {
			to, may := st.next(from[j].state, t, x)
			if !may {
				continue
			}
			f := from[j].least.plus(&change)
			if !f.clip(low, high) || !f.atMost(w.divertTotal+1e-9) || !uncovered(&f, &to, out, byX[x], n) {
				continue
			}
			if len(out) >= wide {
				return out, true
			}
			byX[x] = append(byX[x], len(out))
			out = append(out, waiting{to, f})
		}
	}
	return out, false
}

// uncovered narrows f to the levels that no other state covers, and reports whether any are left.
func uncovered(f *pwl, to *state, out []waiting, others []int, n int) bool {
	for _, j := range others {
		if !out[j].covers(to, n) {
			continue
		}
		low, high := out[j].least.below(f)
		if low >= high || !f.clip(low, high) {
			return false
		}
	}
	return true
}
