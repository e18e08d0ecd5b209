package allocate

import (
	"math"
	"slices"
	"sort"
	"time"
)

// An obligation is one thing that a plan has to keep and that could be dropped: a demand in a step, or a rule of one
// machine. The limits of what a machine can do at all are no obligations.
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

// of is by how much an obligation gives way, and whether it holds at all.
func (r *relaxation) of(kind string, unit, step int) (less float64, holds bool) {
	g := r.gives
	if kind == g.kind && unit == g.unit && (g.step < 0 || g.step <= step && step < g.until) {
		less = r.by
	}
	return less, r.holds[obligation{kind, unit, step}]
}

// verdict answers a question of feasibility. An answer that is not known in time may be either.
type verdict int

const (
	possible verdict = iota
	impossible
	unknown
)

// irreducible finds a set of obligations that cannot be kept together, but of which any can when one is dropped, by
// halving (QuickXplain: U. Junker, AAAI 2004). All of them together are known to be infeasible. Earlier ones are
// preferred. After the first unknown answer nothing more is left out, so that the set that is returned cannot be kept
// together in any case; reduced is then false.
func irreducible(all []obligation, ask func(relaxation) verdict) (left []obligation, reduced bool) {
	reduced = true
	var find func(base, added, from []obligation) []obligation
	find = func(base, added, from []obligation) []obligation {
		if len(added) > 0 {
			switch ask(relaxationOf(base, group{})) {
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
	if len(all) == 0 || ask(relaxationOf(nil, group{})) == impossible {
		return nil, true
	}
	return find(nil, nil, all), reduced
}

// blamed is an irreducible set of obligations over the first steps of a problem, as many as no plan gets through: those
// after them cannot be to blame. The question is asked over asked steps.
func blamed(all []obligation, steps int, asked *int, ask func(relaxation) verdict) (left []obligation, reduced bool) {
	full := relaxationOf(all, group{})
	*asked = 1 + sort.Search(steps-1, func(t int) bool {
		*asked = t + 1
		return ask(full) == impossible
	})
	return irreducible(slices.DeleteFunc(all, func(o obligation) bool { return o.step >= *asked }), ask)
}

// along goes through the states step by step; layer says how many are left after a step, and whether some were left out
// for want of room or time: that none got to the end proves nothing then.
func along(steps int, late func() bool, layer func(t int) (left int, dropped bool)) verdict {
	whole := true
	for t := range steps {
		if late() {
			return unknown
		}
		left, dropped := layer(t)
		if whole = whole && !dropped; left == 0 {
			if whole {
				return impossible
			}
			return unknown
		}
	}
	return possible
}

// conflictsOf are the conflicts of groups; tell gives each its name, its unit and how much it has to give. A group
// without steps of its own is one of the steps that were asked.
func (h horizon) conflictsOf(groups []group, asked int, tell func(g group, c *Conflict)) []Conflict {
	out := make([]Conflict, len(groups))
	for i, g := range groups {
		out[i] = Conflict{Constraint: g.kind, From: h.at(0), To: h.at(asked)}
		if g.step >= 0 {
			out[i].From, out[i].To = h.at(g.step), h.at(g.until)
		}
		tell(g, &out[i])
	}
	return out
}

// grouped joins obligations of one kind in steps that follow each other.
func grouped(os []obligation) (out []group) {
	for _, o := range os {
		i := slices.IndexFunc(out, func(g group) bool {
			return o.step >= 0 && g.kind == o.kind && g.unit == o.unit && g.until == o.step
		})
		if i >= 0 {
			out[i].until++
			continue
		}
		out = append(out, group{o, o.step + 1})
	}
	return out
}

// relief is how much a group has to give way: less than low is proved to be too little, and high will do. They are the
// same where the least is proved.
type relief struct{ low, high float64 }

func (g relief) proved() bool { return g.low == g.high }

// put puts it into a conflict, in another unit where per is not 1. An amount that is not proved to be the least is not
// told as the amount.
func (g relief) put(c *Conflict, per float64) {
	low, high := inDigits(g.low*per, 7, 0.02, false), inDigits(g.high*per, 7, 0.02, true)
	if g.proved() {
		c.ShortBy = &high
		return
	}
	c.Enough = &high
	if low > 0 {
		c.AtLeast = &low
	}
}

// firstThat finds the least of the amounts, which come in order, by which a group has to give way so that the rest can
// be kept. The last of them is as good as no obligation at all. Between two of them nothing changes, so the answer is
// exact unless one was not known in time.
func firstThat(amounts []float64, r relaxation, ask func(relaxation) verdict) relief {
	low, high := 0, len(amounts)-1
	for low < high {
		mid := (low + high) / 2
		r.by = amounts[mid]
		switch ask(r) {
		case possible:
			high = mid
		case impossible:
			low = mid + 1
		default:
			return relief{amounts[low], amounts[high]}
		}
	}
	return relief{amounts[low], amounts[low]}
}

// relaxationOf is the question whether obligations can be kept of which a group gives way.
func relaxationOf(os []obligation, g group) relaxation {
	r := relaxation{holds: map[obligation]bool{}, gives: g}
	for _, o := range os {
		r.holds[o] = true
	}
	return r
}

// inDigits rounds an amount to that many digits: up where it is to be enough, else down. What is off by slack of the
// last digit is noise. Nothing is needed of what is not above nothing.
func inDigits(v float64, digits int, slack float64, up bool) float64 {
	if v <= 0 {
		return 0
	}
	last := math.Pow(10, math.Floor(math.Log10(v))-float64(digits-1))
	if up {
		return shortest(math.Ceil(v/last-slack), last)
	}
	return shortest(math.Floor(v/last+slack), last)
}

// shortest is n times a power of ten as the number that its decimal form names.
func shortest(n, digit float64) float64 {
	if digit < 1 {
		return n / math.Round(1/digit)
	}
	return n * digit
}

// relaxed is the machine with the rules that hold, as far as they do.
func (m machine) relaxed(h horizon, i int, r *relaxation) machine {
	up, down := 0.0, 0.0
	if less, holds := r.of("min_up", i, -1); holds {
		up = max(0, m.upH-less)
	}
	if less, holds := r.of("min_down", i, -1); holds {
		down = max(0, m.downH-less)
	}
	m.setTimes(h, up, down)
	if less, holds := r.of("available", i, -1); holds {
		m.available = m.within(inTime(less))
	} else {
		m.available = slices.Repeat([]bool{true}, h.steps)
	}
	return m
}

// inTime takes hours for time, with the microsecond that a float64 of hours may be short of it.
func inTime(hours float64) time.Duration {
	return time.Duration(min(hours*float64(time.Hour), math.MaxInt64/2)) + time.Microsecond
}

// rules are the obligations of a machine itself.
func (m *machine) rules(i int) (out []obligation) {
	if slices.Contains(m.available, false) {
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

// hoursThatMatter are the amounts by which a rule of a machine can give way to any effect, in order.
func (m *machine) hoursThatMatter(h horizon, kind string) (out []float64) {
	see := func(hours float64) {
		if hours > 0 {
			out = append(out, hours)
		}
	}
	if kind == "available" {
		for _, l := range m.lacking {
			see(l.Hours())
		}
	} else {
		least, on := m.downH, false
		if kind == "min_up" {
			least, on = m.upH, true
		}
		for k := range h.steps + 1 { // from then on it is that many steps
			see(least - float64(k)*h.stepH)
			if m.on == on {
				see(least - m.inState - float64(k)*h.stepH)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// states are the states that machines can be in after each step: the set of those that are on, and for how long each has
// to stay so.
type states struct {
	n        int
	machines []machine
	first    set
	steps    int
}

func newStates(ms []machine, steps int) states {
	s := states{n: len(ms), machines: ms, steps: steps}
	for i := range ms {
		if ms[i].on {
			s.first |= 1 << i
		}
	}
	return s
}

type state struct {
	x    set
	lock locks
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
func (s *states) next(from *state, t int, x set) (to state, may bool) {
	for i := range s.machines {
		if x.has(i) != from.x.has(i) && from.lock[i] > 0 {
			return to, false
		}
	}
	return s.after(from, t, x), true
}

// after is the state after going to x in step t. More than the steps that are left makes no difference to a lock.
func (s *states) after(from *state, t int, x set) state {
	to := state{x: x}
	for i := range s.machines {
		n := s.machines[i].minDown - 1
		switch is := x.has(i); {
		case is == from.x.has(i):
			n = max(int(from.lock[i]), 1) - 1
		case is:
			n = s.machines[i].minUp - 1
		}
		to.lock[i] = uint16(min(n, s.steps-t-1))
	}
	return to
}

// locks is for how many more steps each machine has to stay what it is.
type locks [maxUnits]uint16

// within reports whether none of n machines is bound longer than another set of locks has it.
func (a *locks) within(b *locks, n int) bool {
	for i := range n {
		if a[i] > b[i] {
			return false
		}
	}
	return true
}

// covers reports whether whatever can follow b can follow a.
func (a *state) covers(b *state, n int) bool { return a.x == b.x && a.lock.within(&b.lock, n) }
