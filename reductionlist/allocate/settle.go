package allocate

import "math"

// grain is what the arithmetic may be off by at quantities of a size: half of it is rounded away, and a quantity within
// it of a bound stands at the bound. It is a hundred-millionth of a unit, and less where the size is below one.
func grain(size float64) float64 {
	if size >= 1 || size <= 0 {
		return 1e-8
	}
	return math.Pow(10, math.Floor(math.Log10(size))-8)
}

// rounded takes the noise of the arithmetic off a quantity.
func rounded(v, grain float64) float64 {
	inverse := math.Round(1 / grain)
	if math.Abs(v) > 1e15/inverse { // there is no digit to be rounded away
		return v
	}
	return math.Round(v*inverse) / inverse
}

// snapped is the mark that v stands at apart from noise, else v.
func snapped(v, grain float64, marks ...float64) float64 {
	for _, m := range marks {
		if math.Abs(v-m) <= 1.5*grain+1e-12*math.Abs(m) {
			return m
		}
	}
	return v
}

// settled is v, rounded where round is set, on the bound or the mark that it stands at apart from noise, and within its
// bounds.
func settled(v, grain float64, round bool, low, high float64, marks ...float64) float64 {
	if round {
		v = rounded(v, grain)
	}
	return min(max(snapped(v, grain, append([]float64{low, high}, marks...)...), low), high)
}

// beyondNoise is v, or nothing where a sum of that size may be off by as much.
func beyondNoise(v, size float64) float64 {
	if math.Abs(v) <= 1e-13*math.Abs(size) {
		return 0
	}
	return v
}

// unitLoad is a unit's load and heat in a step, with what it may be.
type unitLoad struct {
	u        *coalUnit
	mw, heat float64
}

// settle puts the dispatch of a step onto the bounds of its units and onto their low-load lines where it stands at them
// apart from noise, so that none runs a hair below its line and pays for it, rounds what lies between where round is
// set, and hands what that moves to units that have room, so that heat and power still balance.
func settle(on []unitLoad, want demand, round bool) {
	for i := range on {
		on[i].snap(round)
	}
	heat, power := want.heat, 0.0
	for _, s := range on {
		heat -= s.heat
	}
	for i := range on {
		heat -= on[i].addHeat(beyondNoise(heat, want.heat))
	}
	for i := range on {
		power += on[i].mw
	}
	for i := range on {
		by := min(0, beyondNoise(want.powerMax-power, power)) + max(0, beyondNoise(want.powerMin-power, power))
		power += on[i].addPower(by)
	}
}

func (s *unitLoad) snap(round bool) {
	u, fine, warm := s.u, grain(s.u.maxMW), grain(s.u.maxHeat)
	top := u.maxMW - u.lost*s.heat
	atTop := math.Abs(s.mw-top) <= 1.5*fine+1e-12*u.maxMW
	s.heat = settled(s.heat, warm, round, 0, u.maxHeat)
	s.mw = settled(s.mw, fine, round, u.minMW, u.maxMW, u.lowLoad)
	if top = u.maxMW - u.lost*s.heat; s.mw > top || atTop && s.mw != u.lowLoad && s.mw != u.minMW {
		s.mw = max(top, u.minMW)
		if s.mw > top { // at its least load beside the most heat
			s.heat = max(0, (u.maxMW-u.minMW)/u.lost)
		}
	}
}

// line is the least load that the unit can come down to without another factor of emission.
func (s *unitLoad) line() float64 {
	if s.mw >= s.u.lowLoad {
		return max(s.u.minMW, s.u.lowLoad)
	}
	return s.u.minMW
}

// addHeat gives the unit as much more heat, or less, as it can take, and reports it. The load comes down where it
// stands in the way.
func (s *unitLoad) addHeat(by float64) float64 {
	most := s.u.maxHeat
	if s.u.lost > 0 {
		most = min(most, max(s.heat, (s.u.maxMW-s.line())/s.u.lost))
	}
	before := s.heat
	s.heat = min(max(s.heat+by, 0), most)
	if top := s.u.maxMW - s.u.lost*s.heat; s.mw > top {
		s.mw = max(top, s.line())
	}
	return s.heat - before
}

func (s *unitLoad) addPower(by float64) float64 {
	before := s.mw
	if by > 0 {
		s.mw = max(s.mw, min(s.mw+by, s.u.maxMW-s.u.lost*s.heat))
	} else if by < 0 {
		s.mw = max(s.mw+by, s.line())
	}
	return s.mw - before
}
