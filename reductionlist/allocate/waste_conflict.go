package allocate

import (
	"slices"
)

// conflicts names why there is no plan. Steps after the one that no plan reaches cannot be to blame. unreduced says
// that there was no time to tell what is needed of them.
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
	left, reduced := blamed(all, p.steps, &q.steps, q.feasible)
	return p.conflictsOf(grouped(left), q.steps, func(g group, c *Conflict) {
		c.Unit = "t"
		per := 1.0
		if g.unit >= 0 {
			c.Name, c.Unit = p.furnaces[g.unit].name, "h"
		}
		if g.kind == "steam" { // it gives way as feed, and is asked for as steam
			c.Unit, per = "t/h", p.steam/p.leastFeed[g.step]
		}
		switch r := relaxationOf(left, g); {
		case !reduced:
		case g.unit >= 0:
			firstThat(p.furnaces[g.unit].hoursThatMatter(p.horizon, g.kind), r, q.feasible).put(c, 1)
		default:
			q.leastRelief(r).put(c, per)
		}
	}), !reduced
}

// wasteQuestion answers whether any plan keeps the obligations that hold.
type wasteQuestion struct {
	p     *Waste
	by    patience
	steps int
	row   []set // of the plan that was last found possible, where one is known
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
	w.low, w.high = slices.Repeat([]float64{w.level - most}, q.p.steps+1),
		slices.Repeat([]float64{w.level + most}, q.p.steps+1)
	w.leastFeed, w.end, w.divertTotal = make([]float64, q.p.steps), unbounded, unbounded
	for t := range q.steps {
		if less, holds := r.of("pit_min", -1, t); holds {
			w.low[t+1] = q.p.low[t+1] - less
		}
		if less, holds := r.of("pit_max", -1, t); holds {
			w.high[t+1] = q.p.high[t+1] + less
		}
		if less, holds := r.of("steam", -1, t); holds {
			w.leastFeed[t] = max(0, q.p.leastFeed[t]-less)
		}
	}
	if less, holds := r.of("pit_end", -1, q.p.steps-1); holds && q.steps == q.p.steps {
		w.end = q.p.end + less
	}
	if less, holds := r.of("divert_total", -1, -1); holds {
		w.divertTotal = q.p.divertTotal + less
	}
	return &w
}
