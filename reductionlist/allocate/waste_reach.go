package allocate

import (
	"cmp"
	"math"
	"slices"
)

// reachState is a state after some steps, and the least that has to have been diverted by pit level.
type reachState struct {
	state
	least pwl
}

// mostStates is how many states a step may have before a search gives up; memory is their bound.
const mostStates = 1 << 17

// reach looks for any plan of a problem, whatever it emits. Where no total binds what is diverted, every level that can
// be reached at all costs nothing, and states at levels that touch are one.
type reach struct {
	w      *Waste
	st     states
	by     scale
	guide  *guide // tells how far a state is from leading nowhere
	late   func() bool
	layers [][]reachState
}

func newReach(w *Waste, g *guide, by patience) *reach {
	r := &reach{w: w, st: w.states(), guide: g, late: by.late}
	if w.divertTotal < unbounded {
		r.by.price = 1
	}
	return r
}

// along looks for any plan with as many states after a step as there is room for.
func (r *reach) along(wide int) verdict {
	r.layers = [][]reachState{{{r.st.begin(), pwl{x: r.w.level}}}}
	return along(r.w.steps, r.late, func(t int) (int, bool) {
		next, dropped := r.layer(t, wide)
		r.layers = append(r.layers, next)
		return len(next), dropped
	})
}

// child is a way on from a state of the layer before.
type child struct {
	to    reachState
	nears float64 // above nothing no plan goes on
}

// layer are the states after a step without the levels that others cover. If it has room for few, it keeps those that
// are the furthest from leading nowhere.
func (r *reach) layer(t, wide int) (out []reachState, dropped bool) {
	byX := map[set][]int{}
	keep := func(c *child) bool {
		others := byX[c.to.x]
		if r.joined(&c.to.least, &c.to.state, out, others) {
			return true
		}
		if len(out) >= wide {
			return false
		}
		byX[c.to.x] = append(others, len(out))
		out = append(out, c.to)
		return true
	}
	if wide >= mostStates {
		return out, !r.children(t, keep)
	}
	var all []child
	if !r.children(t, func(c *child) bool { all = append(all, *c); return true }) {
		return nil, true
	}
	slices.SortStableFunc(all, func(a, b child) int { return cmp.Compare(a.nears, b.nears) })
	for i := range all {
		if !keep(&all[i]) {
			return out, true
		}
	}
	return out, false
}

// children goes through the ways on in a step, until each returns false or it is late. It reports whether it came to
// the end.
func (r *reach) children(t int, each func(*child) bool) bool {
	w, allowed := r.w, r.st.allowed(t)
	low, high := w.levels(t + 1)
	for x := range set(1) << len(w.furnaces) {
		s, ok := w.furnaceStage(t, x, r.by)
		if x&^allowed != 0 || !ok {
			continue
		}
		change := s.change()
		for j := range r.layers[t] {
			if j%64 == 0 && r.late() {
				return false
			}
			from := &r.layers[t][j]
			to, may := r.st.next(&from.state, t, x)
			if !may {
				continue
			}
			f := from.least.plus(&change)
			if !f.clip(low, high) || !f.atMost(w.divertTotal+1e-9) {
				continue
			}
			c := child{reachState{to, f}, r.nears(t+1, &f, &to)}
			if c.nears <= r.guide.certain() && !each(&c) {
				return false
			}
		}
	}
	return true
}

// joined takes from f the levels that other states cover, and reports whether none are left or they could be joined to
// another.
func (r *reach) joined(f *pwl, to *state, out []reachState, others []int) bool {
	rest, end := []stretch{{f.x, f.end()}}, f.end()
	for _, j := range others {
		o := &out[j]
		if o.least.x > end || !o.covers(to, r.st.n) || o.least.end() < f.x {
			continue
		}
		if rest = o.least.uncovered(f, rest); len(rest) == 0 {
			return true
		}
	}
	if r.by.price == 0 {
		for _, j := range others {
			if g := &out[j].least; out[j].lock == to.lock && f.x <= g.end() && g.x <= f.end() {
				low, high := min(f.x, g.x), max(f.end(), g.end())
				*g = nothing(low, high)
				return true
			}
		}
	}
	f.pieces = append([]piece(nil), f.pieces...)
	return !f.clip(rest[0].low, rest[len(rest)-1].high)
}

// nears is what the guide proves that a plan from a state on costs at least. There is no cost but prices, so above
// nothing there is none.
func (r *reach) nears(t int, f *pwl, to *state) float64 {
	g := r.guide
	priced := pwl{x: f.x, y: f.y * g.by.price, pieces: make([]piece, len(f.pieces))}
	for i, p := range f.pieces {
		priced.pieces[i] = piece{p.long, p.slope * g.by.price}
	}
	_, v := leastSum(&priced, &g.pit[t])
	return restOf(v, g.alone, t, to) - g.by.price*r.w.divertTotal
}

// row is how the plan that was found goes, or nil where rounding hides it.
func (r *reach) row() []set {
	ends := r.layers[r.w.steps]
	now := ends[0].state
	end := ends[0].least.flat()
	level, _ := leastSum(&ends[0].least, &end)
	row := make([]set, r.w.steps)
	for t := r.w.steps - 1; t >= 0; t-- {
		row[t] = now.x
		s, _ := r.w.furnaceStage(t, now.x, r.by)
		taken := s.taken()
		taken.x += level
		best, from, least := state{}, math.NaN(), math.Inf(1)
		for j := range r.layers[t] {
			f := &r.layers[t][j]
			if to, may := r.st.next(&f.state, t, now.x); may && to.covers(&now, r.st.n) {
				if at, v := leastSum(&f.least, &taken); v < least {
					best, from, least = f.state, at, v
				}
			}
		}
		if math.IsNaN(from) {
			return nil
		}
		now, level = best, from
	}
	return row
}

// stretch is a range of levels.
type stretch struct{ low, high float64 }

// uncovered is what is left of stretches of g's levels where f is above g, or not defined.
func (f *pwl) uncovered(g *pwl, rest []stretch) (out []stretch) {
	sliver := fuzz(g.x)
	add := func(low, high float64) {
		if high-low > sliver {
			out = append(out, stretch{low, high})
		}
	}
	end := f.end()
	for _, s := range rest {
		low, high := max(s.low, f.x), min(s.high, end)
		if s.high-s.low <= sliver { // a level alone
			if !(f.at(s.low) <= g.at(s.low)+tiny(g.y)) {
				out = append(out, s)
			}
			continue
		}
		if high-low <= sliver {
			out = append(out, s)
			continue
		}
		if above := func(x float64) bool { return !(f.at(x) <= g.at(x)+tiny(g.y)) }; above(low) && above(high) {
			out = append(out, s) // what lies between might be covered; to keep it costs time alone
			continue
		}
		part := pwl{x: g.x, y: g.y, pieces: append([]piece(nil), g.pieces...)}
		part.clip(low, high)
		a, b := f.below(&part)
		add(s.low, low)
		if a < b {
			add(max(a, low), min(b, high))
		}
		add(high, s.high)
	}
	return out
}

// tightened is the same problem without what no level of the pit allows: steps in which a furnace's least feed is more
// than there can be, and feeds beyond that. Prices prove more of it. Levels count from the one before the first step,
// which leaves them more digits where the pit holds much more than a step moves, and where a step moves less than a
// tonne, amounts are larger by the power of two that makes it one: what noise is in an amount is told by its size in
// tonnes.
func (p *Waste) tightened() (q *Waste, larger float64) {
	c, moved := *p, 0.0
	c.level, c.end, c.low, c.high = 0, p.end-p.level, slices.Clone(p.low), slices.Clone(p.high)
	for t := range c.low {
		c.low[t], c.high[t] = p.low[t]-p.level, p.high[t]-p.level
	}
	c.furnaces = slices.Clone(p.furnaces)
	for i := range c.furnaces {
		f, most := &c.furnaces[i], 0.0
		f.available = slices.Clone(f.available)
		for t := range p.steps {
			_, high := c.levels(t)
			if t == 0 {
				high = 0
			}
			low, _ := c.levels(t + 1)
			there := (high-low)/p.stepH + p.intake[t]
			there += 1e-9 * (1 + there)
			f.available[t] = f.available[t] && f.min <= there
			most = max(most, there)
		}
		f.max = max(f.min, min(f.max, most))
		moved += p.stepH * f.max
	}
	larger = 1
	for moved += p.stepH * slices.Max(p.intake); moved > 0 && moved < 1 && larger < 1<<40; moved *= 2 {
		larger *= 2
	}
	c.times(larger)
	return &c, larger
}

// times makes all amounts larger, and what a tonne counts smaller.
func (p *Waste) times(k float64) {
	p.low, p.high, p.intake, p.leastFeed = timesEach(p.low, k), timesEach(p.high, k), timesEach(p.intake, k),
		timesEach(p.leastFeed, k)
	p.end, p.divertMax, p.divertTotal, p.divertCounts = p.end*k, p.divertMax*k, p.divertTotal*k, p.divertCounts/k
	for i := range p.furnaces {
		f := &p.furnaces[i]
		f.min, f.max, f.feedCounts = f.min*k, f.max*k, f.feedCounts/k
	}
}

func timesEach(v []float64, k float64) []float64 {
	out := make([]float64, len(v))
	for i := range v {
		out[i] = v[i] * k
	}
	return out
}
