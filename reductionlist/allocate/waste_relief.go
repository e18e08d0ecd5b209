package allocate

import (
	"math"
	"slices"
)

// feasible looks for any plan. Prices are moved until they prove that there is none, or until the furnaces alone come
// upon a plan on the way. If they do neither, they lead a search that keeps few states, and then one that goes through
// all states except those from which they prove that no plan goes on.
func (q *wasteQuestion) feasible(r relaxation) verdict {
	w, _ := q.relaxed(&r).tightened()
	none, row, guide := w.disprove(q.by)
	switch {
	case none:
		return impossible
	case row != nil:
		q.row = row
		return possible
	}
	s := newReach(w, guide, q.by)
	for _, wide := range []int{32, mostStates} {
		if v := s.along(wide); v != unknown || q.by.late() {
			if v == possible {
				q.row = s.row()
			}
			return v
		}
	}
	return unknown
}

// impossible tries to prove that there is no plan.
func (p *Waste) impossible(by patience) bool {
	none, _, _ := p.disprove(by)
	return none
}

// disprove tries to prove that there is no plan: with no cost but prices, a bound above nothing says so. Else it
// returns the sets of a plan that it came upon, if any, and the prices.
func (p *Waste) disprove(by patience) (none bool, row []set, g *guide) {
	g = newGuide(p, scale{}, 0)
	tried := map[string]bool{}
	value := g.ascend(300, math.Inf(1), p.quota(), func(x []set) bool {
		key := rowKey(x)
		if !tried[key] && p.carries(x) {
			row = slices.Clone(x)
		}
		tried[key] = true
		return row != nil
	}, by)
	return value > g.certain(), row, g
}

// carries reports whether any plan has these sets.
func (p *Waste) carries(row []set) bool {
	c, ok := p.play(row, scale{price: 1})
	return ok && c.total <= p.divertTotal+1e-9
}

// certain is a bound of nothing but prices that rounding does not explain.
func (g *guide) certain() float64 {
	largest := g.by.price
	for _, v := range g.rho {
		largest = max(largest, math.Abs(v))
	}
	return 1e-6 * (1 + largest)
}

// leastRelief is the least amount by which a group of tonnes has to give way so that the rest can be kept. The amount
// is one more variable of the problem: a plan that is possible is moved to the least amount that its sets of furnaces
// allow, and it is asked whether any plan needs less by more than a millionth; each answer is a better plan or the
// proof. An answer that does not come in time leaves the least that is proved and the least that was found.
func (q *wasteQuestion) leastRelief(r relaxation) relief {
	g := relief{0, q.mostOf()}
	if r.by = g.high; q.feasible(r) == possible {
		g.high = q.leastOf(q.row, r, g)
	}
	g.low = q.leastProved(r, g)
	for halve := false; ; halve = !halve {
		near := 1e-6*(1+g.high) + 2e-9*float64(q.steps)
		if g.high-g.low <= near {
			return relief{g.high, g.high}
		}
		if r.by = g.high - near; halve {
			r.by = (g.low + g.high) / 2
		}
		switch q.feasible(r) {
		case possible:
			g.high = q.leastOf(q.row, r, relief{g.low, r.by})
		case impossible:
			g.low = r.by
		default:
			return g
		}
	}
}

// leastOf is the least amount with which a row of sets can be played.
func (q *wasteQuestion) leastOf(row []set, r relaxation, g relief) float64 {
	for row != nil && g.high-g.low > 1e-10*(1+g.high) {
		r.by = (g.low + g.high) / 2
		if q.relaxed(&r).carries(row) {
			g.high = r.by
		} else {
			g.low = r.by
		}
	}
	return g.high
}

// leastProved is an amount of which prices alone prove that less is too little.
func (q *wasteQuestion) leastProved(r relaxation, g relief) float64 {
	for range 10 {
		if r.by = (g.low + g.high) / 2; q.by.late() {
			break
		}
		if w, _ := q.relaxed(&r).tightened(); w.impossible(q.by) {
			g.low = r.by
		} else {
			g.high = r.by
		}
	}
	return g.low
}
