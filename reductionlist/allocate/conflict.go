package allocate

import (
	"math"
	"slices"
)

// An obligation is one thing that a plan has to keep and that could be dropped: a demand in a step, or a rule of one machine.
// What a machine can do at all is none.
type obligation struct {
	kind string
	unit int // of a machine's own rule, else -1
	step int // of a demand, else -1
}

// A group of obligations of one kind in steps that follow each other gives way together.
type group struct {
	obligation
	until int // the step after its last
}

// relaxation is one question of feasibility: the obligations that hold, and the group that gives way by some amount.
type relaxation struct {
	holds map[obligation]bool
	gives group
	by    float64
}

// less is by how much an obligation gives way.
func (r *relaxation) less(o obligation) float64 {
	g := r.gives
	if o.kind == g.kind && o.unit == g.unit && (g.step < 0 || g.step <= o.step && o.step < g.until) {
		return r.by
	}
	return 0
}

// verdict answers a question of feasibility. What is not known in time may be either.
type verdict int

const (
	possible verdict = iota
	impossible
	unknown
)

// irreducible finds a set of obligations that cannot be kept together, but of which any can when one is dropped, by halving
// (QuickXplain: U. Junker, AAAI 2004). All of them together are known to be infeasible. Earlier ones are preferred.
// From the first answer that is unknown on nothing more is left out, so that whatever is returned cannot be kept together;
// reduced is then false.
func irreducible(all []obligation, ask func(relaxation) verdict) (left []obligation, reduced bool) {
	holds := func(os ...[]obligation) relaxation {
		r := relaxation{holds: map[obligation]bool{}}
		for _, o := range slices.Concat(os...) {
			r.holds[o] = true
		}
		return r
	}
	reduced = true
	var find func(base, added, from []obligation) []obligation
	find = func(base, added, from []obligation) []obligation {
		if len(added) > 0 {
			switch ask(holds(base)) {
			case impossible:
				return nil
			case unknown:
				reduced = false
			}
		}
		if len(from) == 1 || !reduced {
			return from
		}
		a, b := from[:len(from)/2], from[len(from)/2:]
		second := find(slices.Concat(base, a), a, b)
		first := find(slices.Concat(base, second), second, a)
		return slices.Concat(first, second)
	}
	if len(all) == 0 || ask(holds(nil)) == impossible {
		return nil, true
	}
	return find(nil, nil, all), reduced
}

// grouped joins obligations of one kind in steps that follow each other.
func grouped(os []obligation) (out []group) {
	for _, o := range os {
		i := slices.IndexFunc(out, func(g group) bool { return o.step >= 0 && g.kind == o.kind && g.unit == o.unit && g.until == o.step })
		if i >= 0 {
			out[i].until++
			continue
		}
		out = append(out, group{o, o.step + 1})
	}
	return out
}

// leastGiving is the least amount, up to most, by which a group has to give way so that the rest can be kept. It is not exact
// where an answer was not known in time: then that much will do, and less may.
func leastGiving(os []obligation, g group, most float64, ask func(relaxation) verdict) (by float64, exact bool) {
	r := relaxation{holds: map[obligation]bool{}, gives: g}
	for _, o := range os {
		r.holds[o] = true
	}
	low, high := 0.0, most
	for range 60 {
		if high-low <= 1e-9*(1+high) {
			break
		}
		r.by = (low + high) / 2
		switch ask(r) {
		case possible:
			high = r.by
		case impossible:
			low = r.by
		default:
			return upwards(high), false
		}
	}
	return upwards(high), true
}

// upwards rounds what has to be given up to four digits after the point.
func upwards(v float64) float64 { return math.Ceil(v*1e4-0.02) / 1e4 }

// relaxed is the machine with the rules that hold, as far as they do.
func (m machine) relaxed(h horizon, i int, r *relaxation) machine {
	up, down := 0.0, 0.0
	if o := (obligation{"min_up", i, -1}); r.holds[o] {
		up = max(0, m.upH-r.less(o))
	}
	if o := (obligation{"min_down", i, -1}); r.holds[o] {
		down = max(0, m.downH-r.less(o))
	}
	m.setTimes(h, up, down)
	o := obligation{"available", i, -1}
	if !m.windowGiven || !r.holds[o] {
		m.available = slices.Repeat([]bool{true}, h.steps)
		return m
	}
	wider := int(math.Ceil(r.less(o)/h.stepH - 1e-9))
	given := m.available
	m.available = slices.Clone(given)
	for t, may := range given {
		for k := max(0, t-wider); may && k < min(h.steps, t+wider+1); k++ {
			m.available[k] = true
		}
	}
	return m
}

// rules are the obligations of a machine itself.
func (m *machine) rules(i int) (out []obligation) {
	if m.windowGiven && slices.Contains(m.available, false) {
		out = append(out, obligation{"available", i, -1})
	}
	if m.upH > 0 {
		out = append(out, obligation{"min_up", i, -1})
	}
	if m.downH > 0 {
		out = append(out, obligation{"min_down", i, -1})
	}
	return out
}

// mostHours is how far a machine's rule can give way at all.
func (m *machine) mostHours(h horizon, kind string) float64 {
	switch kind {
	case "min_up":
		return m.upH
	case "min_down":
		return m.downH
	}
	return float64(h.steps) * h.stepH
}

// states are the states that a machine can be in after each step, as the search for any plan sees them: the set of
// machines that are on, and for how long each has to stay so.
type states struct {
	machines []machine
	first    set
	steps    int
}

func newStates(ms []machine, steps int) states {
	s := states{machines: ms, steps: steps}
	for i := range ms {
		if ms[i].on {
			s.first |= 1 << i
		}
	}
	return s
}

type state struct {
	x    set
	lock [maxUnits]uint16
}

func (s *states) begin() state {
	b := state{x: s.first}
	for i := range s.machines {
		b.lock[i] = uint16(min(s.steps, s.machines[i].locked))
	}
	return b
}

// allowed are the machines that may run in a step.
func (s *states) allowed(t int) (x set) {
	for i := range s.machines {
		if s.machines[i].available[t] {
			x |= 1 << i
		}
	}
	return x
}

// next is the state after going to x in step t, if that is allowed.
func (s *states) next(from state, t int, x set) (state, bool) {
	to := state{x: x}
	for i := range s.machines {
		m, lock := &s.machines[i], 0
		switch {
		case x.has(i) == from.x.has(i):
			lock = max(int(from.lock[i]), 1) - 1
		case from.lock[i] > 0:
			return to, false
		case x.has(i):
			lock = m.minUp - 1
		default:
			lock = m.minDown - 1
		}
		to.lock[i] = uint16(min(lock, s.steps-t-1)) // beyond the end it makes no difference
	}
	return to, true
}

// covers reports whether whatever can follow b can follow a.
func (a *state) covers(b *state, n int) bool {
	if a.x != b.x {
		return false
	}
	for i := range n {
		if a.lock[i] > b.lock[i] {
			return false
		}
	}
	return true
}
