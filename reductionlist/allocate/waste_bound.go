package allocate

import (
	"math"
	"slices"
)

// A guide bounds what is still to come at one scale. The plan is thought of twice: the pit, which takes any feed that
// the furnaces together could have at a price rho of a tonne, and every furnace alone, which is paid that price for its
// feed and keeps its minimum times. Both are solved exactly by going backwards over the steps.
type guide struct {
	p      *Waste
	by     scale
	start  []float64 // what a start counts, tie break and all, at step weight 1
	tie    float64   // and what it counts in any step
	rho    []float64
	pit    []pwl       // by step: the least cost from a level after that many steps on
	run    [][]float64 // by furnace and step: the least that running costs
	alone  []alone     // by furnace
	stages []stage
}

func newGuide(p *Waste, by scale, tie float64) *guide {
	g := &guide{p: p, by: by, tie: tie, rho: make([]float64, p.steps), pit: make([]pwl, p.steps+1),
		stages: make([]stage, p.steps)}
	for i := range p.furnaces {
		f := &p.furnaces[i]
		g.start = append(g.start, by.kg*f.startCosts)
		g.run = append(g.run, make([]float64, p.steps))
		g.alone = append(g.alone, newAlone(p.steps, &f.machine,
			func(t int) float64 { return g.run[i][t] }, func(t int) float64 { return g.startAt(i, t) }))
	}
	return g
}

// startAt is what a start of furnace i in step t counts.
func (g *guide) startAt(i, t int) float64 { return g.p.stepWeight[t]*g.start[i] + g.tie }

// any is the stage of the pit that takes feed from all furnaces that may run as if they were one, without a least load.
func (g *guide) any(t int) stage {
	p, s := g.p, stage{in: g.p.stepH * g.p.intake[t]}
	most := 0.0
	for i := range p.furnaces {
		if p.furnaces[i].available[t] {
			most += p.furnaces[i].max
		}
	}
	s.base = p.stepH * p.leastFeed[t]
	s.cost = s.base * g.rho[t]
	s.parts = []part{{max(0, p.stepH*most-s.base), g.rho[t], 0}, p.divertPart(t, g.by)}
	if most < p.leastFeed[t]*(1-1e-9) {
		s.base = math.Inf(1)
	}
	s.sort()
	return s
}

// bound solves both halves and returns the lower bound of every plan, +Inf where it proves that there is none.
func (g *guide) bound() float64 {
	p := g.p
	low, high := p.levels(p.steps)
	g.pit[p.steps] = nothing(low, high)
	for t := p.steps - 1; t >= 0; t-- {
		g.stages[t] = g.any(t)
		if math.IsInf(g.stages[t].base, 1) {
			return math.Inf(1)
		}
		taken := g.stages[t].taken()
		f := g.pit[t+1].plus(&taken)
		low, high := p.levels(t)
		if t == 0 {
			low, high = p.level, p.level
		}
		if !f.clip(low, high) {
			return math.Inf(1)
		}
		g.pit[t] = f
	}
	sum := g.pit[0].at(p.level) - g.by.price*p.divertTotal
	for i := range p.furnaces {
		sum += g.furnace(i)
	}
	return sum
}

// furnace values furnace i alone.
func (g *guide) furnace(i int) float64 {
	p, f := g.p, &g.p.furnaces[i]
	for t := range p.steps {
		cost := p.stepWeight[t]*g.by.kg*f.feedCounts - g.rho[t]
		g.run[i][t] = p.stepH * min(f.min*cost, f.max*cost)
	}
	return g.alone[i].value()
}

// propose sets the prices to what a tonne in the pit is worth when furnaces have no least load and start for nothing.
func (g *guide) propose() {
	p := g.p
	rest := make([]pwl, p.steps+1)
	low, high := p.levels(p.steps)
	rest[p.steps] = nothing(low, high)
	stages := make([]stage, p.steps)
	for t := p.steps - 1; t >= 0; t-- {
		s := stage{in: p.stepH * p.intake[t]}
		for i := range p.furnaces {
			if f := &p.furnaces[i]; f.available[t] {
				s.parts = append(s.parts, part{p.stepH * f.max, p.stepWeight[t] * g.by.kg * f.feedCounts, i})
			}
		}
		s.parts = append(s.parts, p.divertPart(t, g.by))
		s.sort()
		taken := s.taken()
		stages[t], rest[t] = s, rest[t+1].plus(&taken)
		low, high := p.levels(t)
		if !rest[t].clip(low, high) {
			return
		}
	}
	level := p.level
	for t := range p.steps {
		change := stages[t].change()
		change.x += level
		next, _ := leastSum(&change, &rest[t+1])
		if math.IsNaN(next) {
			return
		}
		g.rho[t] = rest[t+1].slopeAt(next)
		level = next
	}
}

// slopeAt is a slope of f at x, the middle one at a corner.
func (f *pwl) slopeAt(x float64) float64 {
	at := f.x
	for i, p := range f.pieces {
		if x < at+p.long-1e-9 || i == len(f.pieces)-1 {
			if x <= at+1e-9 && i > 0 {
				return (p.slope + f.pieces[i-1].slope) / 2
			}
			return p.slope
		}
		at += p.long
	}
	return 0
}

// ascend moves prices along the difference of the two halves, and the price of diverting too where that is free, with
// Polyak's step towards target, and leaves the best found. It returns their bound. see is shown the rows of the
// furnaces on the way, and ends it when it returns true. Where only prices count, a bound that proves that there is no
// plan ends it too.
func (g *guide) ascend(rounds int, target float64, moving bool, see func([]set) bool, by patience) float64 {
	p := g.p
	value := g.bound()
	if math.IsInf(value, 1) {
		return value
	}
	best, bestRho, bestPrice := value, slices.Clone(g.rho), g.by.price
	scale, since := 1.0, 0
	slope := make([]float64, p.steps)
	row := make([]set, p.steps)
	for range rounds {
		over := g.slope(slope, row)
		if see != nil && see(row) || g.by.kg == 0 && value > 2*g.certain() {
			break
		}
		square := 0.0
		for _, s := range slope {
			square += s * s
		}
		if moving {
			square += over * over
		}
		if square == 0 || scale < 1e-4 || by.over() {
			break
		}
		goal := target
		if math.IsInf(goal, 1) || goal <= value {
			goal = best + 0.01*math.Abs(best) + 1e-9
			if g.by.kg == 0 {
				goal = best + 1 // where only prices count their scale is free
			}
		}
		step := scale * (goal - value) / square
		for t := range slope {
			g.rho[t] += step * slope[t]
		}
		if moving {
			g.by.price = max(0, g.by.price+step*over)
		}
		if value = g.bound(); value > best {
			best, bestPrice, since = value, g.by.price, 0
			copy(bestRho, g.rho)
			if math.IsInf(best, 1) {
				return best
			}
		} else if since++; since >= 8 {
			scale, since = scale/2, 0
		}
	}
	copy(g.rho, bestRho)
	g.by.price = bestPrice
	return g.bound()
}

// slope follows both halves: by how much the pit takes more than the furnaces give, step by step, and the tonnes
// diverted beyond the total. row becomes the sets of the furnaces.
func (g *guide) slope(slope []float64, row []set) (over float64) {
	p, level := g.p, g.p.level
	over = -p.divertTotal
	clear(row)
	for t := range p.steps {
		s := &g.stages[t]
		change := s.change()
		change.x += level
		next, _ := leastSum(&change, &g.pit[t+1])
		if math.IsNaN(next) { // rounding
			next = level + s.in - s.base
		}
		leaves := level + s.in - next - s.base
		slope[t] = s.base
		for _, q := range s.parts {
			take := min(q.long, max(0, leaves))
			leaves -= take
			if q.who == divertPart {
				over += take
			} else {
				slope[t] += take
			}
		}
		level = next
	}
	for i := range p.furnaces {
		f := &p.furnaces[i]
		g.alone[i].follow(func(t int) {
			row[t] |= 1 << i
			if p.stepWeight[t]*g.by.kg*f.feedCounts > g.rho[t] {
				slope[t] -= p.stepH * f.min
			} else {
				slope[t] -= p.stepH * f.max
			}
		})
	}
	return over
}
