package allocate

import "math"

// flow is what one step of a plan moves, in t/h: the feed of every furnace, nothing for one that is off, and what is
// diverted.
type flow struct {
	feed   []float64
	divert float64
	level  float64 // t, at the end of the step
}

// settle puts a course onto the bounds of furnaces, pit and diversion where it stands at them apart from noise, rounds
// what lies between where round is set, and hands what that moves to whatever has room, so that the pit still balances
// and keeps within its bounds, the steam still reaches, and no more is diverted in all than may be. The levels are
// those that the flows come to.
func (p *Waste) settle(row []set, c *course, round bool) []flow {
	s := &settler{p: p, row: row, flows: make([]flow, p.steps), spare: p.divertTotal}
	for t, x := range row {
		s.flows[t] = p.snapped(t, x, c, round)
		s.spare -= p.stepH * s.flows[t].divert
	}
	for t := range row {
		if over := beyondNoise(min(0, s.spare), p.divertTotal); over < 0 {
			s.addDivert(t, over/p.stepH)
		}
	}
	for t := range row {
		s.balance(t, c.level[t], round)
	}
	for t := range row {
		s.push(t)
	}
	return s.flows
}

// settler is a plan whose last digits are being settled. spare are the tonnes that may still be diverted.
type settler struct {
	p     *Waste
	row   []set
	flows []flow
	spare float64
}

func (s *settler) before(t int) float64 {
	if t == 0 {
		return s.p.level
	}
	return s.flows[t-1].level
}

// balance has the flows of a step come to its level, or the level to the flows where none of them has room.
func (s *settler) balance(t int, level float64, round bool) {
	p, f, before := s.p, &s.flows[t], s.before(t)
	s.addFeed(t, max(0, beyondNoise(p.leastFeed[t]-f.fed(), p.leastFeed[t])))
	low, high := p.levels(t + 1)
	level = settled(level, grain(high), round, low, high)
	size := (before+level)/p.stepH + p.intake[t]
	rest := beyondNoise((before-level)/p.stepH+p.intake[t]-f.fed()-f.divert, size)
	rest -= s.addFeed(t, rest)
	rest -= s.addDivert(t, rest)
	if f.level = level; beyondNoise(rest, size) != 0 {
		f.level = before + p.stepH*(p.intake[t]-f.fed()-f.divert)
	}
}

// push brings a level that is off its bounds by noise back to them with the flows of this step or of one before, if the
// levels between allow it. The levels after it move along.
func (s *settler) push(t int) {
	p := s.p
	off := func(k int, by float64) float64 {
		low, high := p.levels(k + 1)
		level := s.flows[k].level + by
		return beyondNoise(max(0, low-level)+min(0, high-level), p.high[k+1]+p.stepH*p.intake[k])
	}
	for k := t; k >= 0; k-- {
		by := off(t, 0)
		if by == 0 || k < t && off(k, by) != 0 {
			return
		}
		moved := s.addFeed(k, -by/p.stepH)
		moved += s.addDivert(k, -by/p.stepH-moved)
		for after := k; after < p.steps; after++ {
			s.flows[after].level -= p.stepH * moved
		}
	}
}

func (p *Waste) snapped(t int, x set, c *course, round bool) flow {
	f := flow{feed: make([]float64, len(p.furnaces))}
	for i := range p.furnaces {
		u := &p.furnaces[i]
		if x.has(i) {
			f.feed[i] = settled(c.feed[t][i]/p.stepH, grain(u.max), round, u.min, u.max)
		}
	}
	most := min(p.divertMax, p.intake[t])
	f.divert = settled(c.divert[t]/p.stepH, grain(most), round, 0, most)
	return f
}

// fed is the sum of the feeds.
func (f *flow) fed() (sum float64) {
	for _, v := range f.feed {
		sum += v
	}
	return sum
}

// addFeed gives furnaces that run as much more feed, or less, as they can take, and reports it. It leaves the steam its
// feed.
func (s *settler) addFeed(t int, by float64) (added float64) {
	p, f := s.p, &s.flows[t]
	if by < 0 {
		by = max(by, min(0, p.leastFeed[t]-f.fed()))
	}
	for i := range p.furnaces {
		if u := &p.furnaces[i]; s.row[t].has(i) && by != 0 {
			v := min(max(f.feed[i]+by, u.min), u.max)
			added, by = added+v-f.feed[i], by-(v-f.feed[i])
			f.feed[i] = v
		}
	}
	return added
}

// addDivert diverts as much more, or less, as may be, and reports it.
func (s *settler) addDivert(t int, by float64) (added float64) {
	p, f := s.p, &s.flows[t]
	by = min(by, max(0, s.spare/p.stepH))
	v := min(max(f.divert+by, 0), min(p.divertMax, p.intake[t]))
	added, f.divert = v-f.divert, v
	s.spare -= p.stepH * added
	return added
}

// objective is what the plan emits, weighted by pollutant and by step.
func (p *Waste) objective(r *WasteResult) (sum float64) {
	at := p.states().first
	for t, s := range r.Plan {
		counts, next := p.divertCounts*s.DivertTH*p.stepH, set(0)
		for i, f := range s.Furnaces {
			if f.On {
				next |= 1 << i
				counts += p.furnaces[i].feedCounts * f.FeedTPH * p.stepH
				if !at.has(i) {
					counts += p.furnaces[i].startCosts
				}
			}
		}
		sum, at = sum+p.stepWeight[t]*counts, next
	}
	return sum
}

// least is the plan with rounded figures, or with all their digits where rounding would emit more than the gap of an
// optimum.
func (p *Waste) least(row []set, c *course) *WasteResult {
	r, plain := p.told(row, p.settle(row, c, true)), p.told(row, p.settle(row, c, false))
	if a, b := p.objective(r), p.objective(plain); a-b > OptimalGap/10*math.Abs(b) {
		return plain
	}
	return r
}
