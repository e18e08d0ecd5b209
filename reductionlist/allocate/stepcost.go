package allocate

import (
	"math"
	"math/bits"
)

// A set is the units that are on, one bit each.
type set uint32

func (s set) has(i int) bool { return s>>i&1 != 0 }

// each visits the units of a set.
func (s set) each(visit func(i int) bool) {
	for ; s != 0; s &= s - 1 {
		if !visit(bits.TrailingZeros32(uint32(s))) {
			return
		}
	}
}

// unitModes are the modes of a unit: all is its whole range at the plain factor, a lower bound of both others; low and
// high are its two sides of low_load_mw. One that is nil does not exist; where only one side exists, all is that side.
type unitModes struct{ all, low, high *mode }

// split reports whether the unit really has two modes.
func (u *unitModes) split() bool { return u.low != nil && u.high != nil }

// at is the mode that holds at a load.
func (u *unitModes) at(p float64) *mode {
	if u.split() && p < u.high.lo {
		return u.low
	}
	if u.split() {
		return u.high
	}
	return u.all
}

// modes puts a unit into modes. perCoal and perCoalLow are what a tonne of its coal counts.
func (u *coalUnit) modes(stepH, perCoal, perCoalLow float64) unitModes {
	make := func(lo, hi, weight float64) *mode {
		m := &mode{lo: lo, hi: hi, top: u.maxMW, lost: u.lost, heat: u.maxHeat}
		m.heat = m.freeHeat(lo)
		w := weight * stepH
		m.fixed, m.b, m.c, m.d = w*u.constant, w*u.mw, w*u.mw2, w*u.gj
		return m
	}
	switch {
	case u.lowLoad <= u.minMW || perCoalLow == perCoal:
		return unitModes{all: make(u.minMW, u.maxMW, perCoal)}
	case u.lowLoad > u.maxMW:
		return unitModes{all: make(u.minMW, u.maxMW, perCoalLow)}
	}
	return unitModes{all: make(u.minMW, u.maxMW, perCoal), low: make(u.minMW, u.lowLoad, perCoalLow),
		high: make(u.lowLoad, u.maxMW, perCoal)}
}

// stepCosts knows what a step costs at least for every set of units. A demand that comes in many steps has one table.
// An entry is +Inf where the units cannot meet the demand, else a lower bound until it is asked for exactly.
type stepCosts struct {
	units []unitModes
	d     dispatcher
	// by distinct demand
	wants []demand
	cost  [][]float64
	exact [][]bool

	ms   []*mode
	part []float64
	best point
}

// newStepCosts returns nil where there was no time to go through all sets.
func newStepCosts(units []unitModes, wants []demand, by patience) *stepCosts {
	s := &stepCosts{units: units, wants: wants, part: make([]float64, len(units))}
	size := 1 << len(units)
	for _, want := range wants {
		if by.over() {
			return nil
		}
		cost := make([]float64, size)
		for x := range cost {
			s.choose(set(x))
			if !s.d.reaches(s.ms, want) {
				cost[x] = math.Inf(1)
			}
		}
		s.cost = append(s.cost, cost)
		s.exact = append(s.exact, make([]bool, size))
	}
	return s
}

// choose puts the units of x with their whole range into s.ms.
func (s *stepCosts) choose(x set) {
	s.ms = s.ms[:0]
	for i := range x.each {
		s.ms = append(s.ms, s.units[i].all)
	}
}

// of is the exact cost of a set under demand k. Its prices give a lower bound for every other set, which is kept.
func (s *stepCosts) of(k int, x set) float64 {
	if s.exact[k][x] || math.IsInf(s.cost[k][x], 1) {
		return s.cost[k][x]
	}
	s.cost[k][x] = s.dispatch(k, x)
	s.exact[k][x] = true
	s.cut(k, s.best.lambda, s.best.mu)
	return s.cost[k][x]
}

// cut raises the lower bounds of all sets to what these prices prove: every unit alone at its best against them.
func (s *stepCosts) cut(k int, lambda, mu float64) {
	want := s.wants[k]
	base := lambda*want.powerMin + mu*want.heat
	if lambda < 0 {
		base = lambda*want.powerMax + mu*want.heat
	}
	for i := range s.units {
		s.part[i] = s.units[i].against(lambda, mu)
	}
	sums := make([]float64, len(s.cost[k]))
	sums[0] = base
	for x := 1; x < len(sums); x++ {
		sums[x] = sums[x&(x-1)] + s.part[bits.TrailingZeros(uint(x))]
		if v := sums[x] - 1e-12*math.Abs(sums[x]); !s.exact[k][x] && v > s.cost[k][x] {
			s.cost[k][x] = v
		}
	}
}

// against is the least of cost − λP − μH over all modes.
func (u *unitModes) against(lambda, mu float64) float64 {
	if u.split() {
		return min(u.low.against(lambda, mu), u.high.against(lambda, mu))
	}
	return u.all.against(lambda, mu)
}

func (m *mode) against(lambda, mu float64) float64 {
	if mu <= m.d { // heat does not pay
		p := m.bestLoad(lambda, m.lo, m.hi)
		return m.cost(p, 0) - lambda*p
	}
	// At each load heat is the most there can be: freeHeat, which falls with the load beyond the corner.
	corner := m.hi
	if m.lost > 0 {
		corner = min(m.hi, max(m.lo, m.top-m.lost*m.heat))
	}
	p := m.bestLoad(lambda, m.lo, corner)
	h := m.freeHeat(p)
	best := m.cost(p, h) - lambda*p - mu*h
	if corner < m.hi {
		p = m.bestLoad(lambda-(mu-m.d)/m.lost, corner, m.hi)
		h = m.freeHeat(p)
		best = min(best, m.cost(p, h)-lambda*p-mu*h)
	}
	return best
}

func (m *mode) bestLoad(price, lo, hi float64) float64 {
	if m.c > 0 {
		return min(max((price-m.b)/(2*m.c), lo), hi)
	}
	if price > m.b {
		return hi
	}
	return lo
}

// dispatch is the least cost of a set under demand k, with loads and heat left in s.best. Units that have two modes are
// first allowed their whole range at the plain factor; where one then runs below low_load_mw, both sides are tried
// apart. The cost over the whole range bounds both sides from below, so a branch that costs no less than a dispatch
// already found is left out, and the search is exact.
func (s *stepCosts) dispatch(k int, x set) float64 {
	s.choose(x)
	var units []*unitModes
	for i := range x.each {
		units = append(units, &s.units[i])
	}
	least := math.Inf(1)
	s.branch(units, s.wants[k], &least)
	return least
}

func (s *stepCosts) branch(units []*unitModes, want demand, least *float64) {
	if !s.d.reaches(s.ms, want) {
		return
	}
	bound := s.d.solve(s.ms, want.powerMin, want.heat)
	if bound >= *least {
		return
	}
	worst, cost := -1, 0.0
	lambda, mu := s.d.mid.lambda, s.d.mid.mu
	reduced := lambda*want.powerMin + mu*want.heat
	for i, u := range units {
		p, h := s.d.mid.p[i], s.d.mid.h[i]
		m := s.ms[i]
		if m != u.all {
			reduced += m.against(lambda, mu)
			cost += m.cost(p, h)
			continue
		}
		reduced += u.against(lambda, mu)
		real := u.at(p)
		cost += real.cost(p, h)
		if real == u.low && u.split() && (worst < 0 || u.high.lo-p > units[worst].high.lo-s.d.mid.p[worst]) {
			worst = i
		}
	}
	if cost < *least {
		*least = cost
		s.best.copyFrom(&s.d.mid)
		s.best.cost = cost
	}
	if worst < 0 || reduced >= *least-1e-13*math.Abs(*least) {
		return
	}
	for _, m := range []*mode{units[worst].low, units[worst].high} {
		s.ms[worst] = m
		s.branch(units, want, least)
	}
	s.ms[worst] = units[worst].all
}
