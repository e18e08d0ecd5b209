package allocate

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// A label is the beginning of a plan: the units on after a step, for how many more steps each has to stay so, and the
// cost.
type label struct {
	state
	cost   float64
	least  float64 // of the whole plan, by bound
	parent int32
}

// searchResult is what a search came to: the best row of sets and its cost, and a bound on all rows.
type searchResult struct {
	row         []set
	cost, bound float64
}

// rounding is what the search goes down to, well below the gap of an optimum, because ties are to be broken.
const rounding = 1e-13

// minimise finds the cheapest row. First the bound: costs are made exact along the rows it finds, and the prices moved
// until the two halves agree or nothing is gained. Then the search over states by layers of steps: complete except for
// labels that the bound or another label proves superfluous, or, while wide is too small to keep all, incomplete with
// the bound of what was dropped. Each round keeps eight times as many.
func (c *commitment) minimise(by patience) searchResult {
	f := searchResult{cost: math.Inf(1), bound: math.Inf(-1)}
	row := make([]set, c.steps)
	for range 200 {
		f.bound = max(f.bound, c.bound())
		if math.IsInf(f.bound, 1) || c.follow(row) == 0 || by.late() {
			break
		}
	}
	if math.IsInf(f.bound, 1) {
		return f
	}
	f.take(row, c.row(row))
	if f.done() {
		return f
	}
	for wide := 8; wide <= 64 && !f.done(); wide *= 8 {
		if reached := c.layers(wide, &f, by); f.row == nil && !by.over() && c.blocked(reached, &f, by) {
			return f
		}
	}
	if f.done() || f.row != nil && by.late() {
		return f
	}
	c.ascend(&f, by)
	for wide := 256; !f.done() && !by.late(); wide *= 8 {
		c.layers(wide, &f, by)
	}
	return f
}

// blocked asks whether any row gets past the step at which a search that left labels out had none left.
func (c *commitment) blocked(reached int, f *searchResult, by patience) bool {
	steps := min(c.steps, reached+1)
	impossible, plan := c.separates(steps, 300, by)
	if impossible {
		f.bound = math.Inf(1)
	} else if plan != nil && steps == c.steps {
		f.take(plan, c.row(plan))
	}
	return impossible
}

func (f *searchResult) done() bool { return f.cost <= f.bound+rounding*math.Abs(f.bound) }

func (f *searchResult) take(row []set, cost float64) {
	if cost < f.cost {
		f.cost, f.row = cost, slices.Clone(row)
	}
}

// ascend moves the prices along the difference of the two halves (a subgradient of the bound), with Polyak's step
// towards the best plan known, and leaves the best prices found.
func (c *commitment) ascend(f *searchResult, by patience) {
	rows, units := make([]set, c.steps), make([]set, c.steps)
	best := copyRows(c.price)
	scale, since := 1.0, 0
	for range 150 {
		value := c.bound()
		if value > f.bound {
			f.bound, since = value, 0
			for t := range best {
				copy(best[t], c.price[t])
			}
		} else if since++; since >= 6 {
			scale, since = scale/2, 0
		}
		c.follow(rows)
		c.followUnits(units)
		f.take(rows, c.row(rows))
		f.take(units, c.row(units))
		differ := 0
		for t := range rows {
			differ += bits.OnesCount32(uint32(rows[t] ^ units[t]))
		}
		if differ == 0 || f.done() || scale < 1e-3 || by.late() {
			break
		}
		target := f.cost
		if math.IsInf(target, 1) {
			target = value * 1.02
		}
		step := scale * max(target-value, 1e-9*math.Abs(value)) / float64(differ)
		for t := range rows {
			for i := range c.n {
				switch {
				case rows[t].has(i) && !units[t].has(i):
					c.price[t][i] += step
				case !rows[t].has(i) && units[t].has(i):
					c.price[t][i] -= step
				}
			}
		}
	}
	for t := range best {
		copy(c.price[t], best[t])
	}
	f.bound = max(f.bound, c.bound())
}

func copyRows(v [][]float64) [][]float64 {
	out := make([][]float64, len(v))
	for i := range v {
		out[i] = slices.Clone(v[i])
	}
	return out
}

// layers goes through the states step by step, and takes the best plan it reaches. The bound it proves goes into
// f.bound. reached is how many steps it came.
func (c *commitment) layers(wide int, f *searchResult, by patience) (reached int) {
	whole := c.bound()
	f.bound = max(f.bound, whole)
	begin := label{state: c.begin(), parent: -1, least: whole}
	dropped := math.Inf(1)
	layers := [][]label{{begin}}
	for t := range c.steps {
		if by.ends(f.row != nil) {
			return t
		}
		next := c.expand(t, layers[t], wide, &dropped, f, by)
		next = c.keep(t, next, layers[t], wide, &dropped, f)
		layers = append(layers, next)
		if len(next) == 0 {
			break
		}
	}
	if len(layers) > c.steps {
		for j := range layers[c.steps] {
			if l := &layers[c.steps][j]; l.cost < f.cost {
				row, at := make([]set, c.steps), l
				for t := c.steps; t > 0; t-- {
					row[t-1] = at.x
					at = &layers[t-1][at.parent]
				}
				f.take(row, l.cost)
			}
		}
	}
	f.bound = max(f.bound, min(f.cost, dropped))
	return len(layers) - 1 - b2i(len(layers[len(layers)-1]) == 0)
}

// limit is what a plan's bound has to stay below to be worth a look.
func (f *searchResult) limit() float64 {
	if f.row == nil {
		return math.Inf(1)
	}
	return f.cost - rounding*math.Abs(f.cost)
}

// expand makes the labels after step t out of those before it. The sets worth a look are first found for all labels
// together. Costs of the step are lower bounds here: keep makes those exact that matter.
func (c *commitment) expand(t int, from []label, wide int, dropped *float64, f *searchResult, by patience) []label {
	sets := c.worth(t, from, wide, dropped, f)
	seen := map[state]int{}
	var out []label
	costs, joint, limit := c.costs.cost[c.class[t]], c.joint[t+1], f.limit()
	for j := range from {
		l := &from[j]
		if j%64 == 63 && by.ends(f.row != nil) {
			*dropped = min(*dropped, l.least) // they come in order of it
			break
		}
		var locked set
		for i := range c.n {
			if l.lock[i] > 0 {
				locked |= 1 << i
			}
		}
		for _, x := range sets {
			cost := l.cost + c.starts[x&^l.x] + costs[x]
			if (x^l.x)&locked != 0 || math.IsInf(cost+joint[x], 1) {
				continue
			}
			n := label{state: c.after(&l.state, t, x), cost: cost, parent: int32(j)}
			if n.least = cost + c.rest(t+1, &n); !(n.least < limit) {
				continue
			}
			if at, known := seen[n.state]; !known {
				seen[n.state] = len(out)
				out = append(out, n)
			} else if n.cost < out[at].cost {
				out[at] = n
			}
		}
	}
	return out
}

// worth are the sets at step t that some label could reach below the limit if there were no minimum times: the best of
// them, as many as go with wide.
func (c *commitment) worth(t int, from []label, wide int, dropped *float64, f *searchResult) []set {
	reach := make([]float64, 1<<c.n)
	for x := range reach {
		reach[x] = math.Inf(1)
	}
	for j := range from {
		l := &from[j]
		reach[l.x] = min(reach[l.x], l.cost+c.unitsRest(t, l))
	}
	for i := range c.n {
		bit, start := 1<<i, c.startCost[i]
		for x := range reach {
			if x&bit == 0 {
				off, on := reach[x], reach[x|bit]
				reach[x], reach[x|bit] = min(off, on), min(on, off+start)
			}
		}
	}
	v := make([]float64, 1<<c.n)
	c.jointStep(t, v)
	var out []set
	for x := range v {
		if v[x] += reach[x]; v[x] < f.limit() {
			out = append(out, set(x))
		}
	}
	if len(out) > 2*wide {
		slices.SortFunc(out, func(a, b set) int { return cmp.Or(cmp.Compare(v[a], v[b]), cmp.Compare(a, b)) })
		*dropped = min(*dropped, v[out[2*wide]])
		out = out[:2*wide]
	}
	return out
}

// rest bounds the cost of all that comes after t steps.
func (c *commitment) rest(t int, l *label) float64 { return c.joint[t][l.x] + c.unitsRest(t, l) }

func (c *commitment) unitsRest(t int, l *label) float64 { return restOf(0, c.alone, t, &l.state) }

// keep leaves out labels that another makes superfluous, with the same units on, none of them bound longer, and no
// dearer, and of the rest the ones beyond wide with the worst bound. dropped is the least bound of the latter. The
// costs of the step are made exact for those that stay, which may put others before them.
func (c *commitment) keep(t int, ls, from []label, wide int, dropped *float64, f *searchResult) []label {
	k, byX := c.class[t], map[set][]int{}
	for {
		slices.SortFunc(ls, func(a, b label) int {
			return cmp.Or(cmp.Compare(a.least, b.least), cmp.Compare(a.x, b.x), slices.Compare(a.lock[:], b.lock[:]))
		})
		clear(byX)
		var out []label
		changed := false
		for j := range ls {
			l := &ls[j]
			if l.least >= f.limit() {
				break
			}
			if len(out) == wide {
				if !changed {
					*dropped = min(*dropped, l.least)
				}
				break
			}
			if !c.costs.exact[k][l.x] {
				changed = true
				c.costs.of(k, l.x)
			}
			if slices.ContainsFunc(byX[l.x], func(i int) bool {
				return out[i].cost <= l.cost && out[i].lock.within(&l.lock, c.n)
			}) {
				continue
			}
			byX[l.x] = append(byX[l.x], len(out))
			out = append(out, *l)
		}
		if !changed {
			return out
		}
		for j := range ls { // costs have risen, those of the sets that were cut as well
			l := &ls[j]
			p := &from[l.parent]
			cost := p.cost + c.starts[l.x&^p.x] + c.costs.cost[k][l.x]
			l.least, l.cost = l.least+cost-l.cost, cost
		}
	}
}
