package allocate

import "math"

// alone values one machine by itself, whatever the others do, by going backwards over the steps.
type alone struct {
	m     *machine
	run   func(t int) float64 // what it costs to run in a step
	start func(t int) float64 // what a start costs in a step

	free [2][]float64 // by step: the least from there on when it is off or on and free to change
	sum  []float64    // what running costs up to a step
	shut []int        // steps in which it may not run, up to a step
}

func newAlone(steps int, m *machine, run, start func(t int) float64) alone {
	a := alone{m: m, run: run, start: start, sum: make([]float64, steps+1),
		free: [2][]float64{make([]float64, steps+1), make([]float64, steps+1)}, shut: make([]int, steps+1)}
	for t := range steps {
		a.shut[t+1] = a.shut[t] + b2i(!m.available[t])
	}
	return a
}

// may reports whether the machine may run in a step.
func (a *alone) may(t int) bool { return a.shut[t+1] == a.shut[t] }

// value finds what is free to change, and the sums. It returns what the machine is worth from its beginning on.
func (a *alone) value() float64 {
	steps := len(a.shut) - 1
	for t := range steps {
		a.sum[t+1] = a.sum[t] + a.run(t)
	}
	off, on := a.free[0], a.free[1]
	off[steps], on[steps] = 0, 0
	for t := steps - 1; t >= 0; t-- {
		stay, begin := math.Inf(1), math.Inf(1)
		if a.may(t) {
			stay, begin = on[t+1]+a.run(t), a.begin(t)
		}
		on[t] = min(stay, a.stop(t))
		off[t] = min(off[t+1], begin)
	}
	return a.rest(0, a.m.on, a.m.locked)
}

// begin and stop are the values of a start and of a stop in a step.
func (a *alone) begin(t int) float64 { return a.start(t) + a.run(t) + a.rest(t+1, true, a.m.minUp-1) }

func (a *alone) stop(t int) float64 { return a.rest(t+1, false, a.m.minDown-1) }

// rest is the value after t steps of the machine that has to stay on or off for lock more.
func (a *alone) rest(t int, on bool, lock int) float64 {
	end := min(len(a.shut)-1, t+lock)
	if !on {
		return a.free[0][end]
	}
	if a.shut[end] > a.shut[t] {
		return math.Inf(1)
	}
	return a.sum[end] - a.sum[t] + a.free[1][end]
}

// restOf adds to v what machines by themselves are worth after t steps.
func restOf(v float64, as []alone, t int, s *state) float64 {
	for i := range as {
		v += as[i].rest(t, s.x.has(i), int(s.lock[i]))
	}
	return v
}

// follow goes along what is best for the machine, and calls each with the steps in which it runs.
func (a *alone) follow(each func(t int)) {
	on, lock := a.m.on, a.m.locked
	for t := range len(a.shut) - 1 {
		switch {
		case lock > 0:
			lock--
		case on && (!a.may(t) || a.stop(t) < a.free[1][t+1]+a.run(t)):
			on, lock = false, a.m.minDown-1
		case !on && a.may(t) && a.begin(t) < a.free[0][t+1]:
			on, lock = true, a.m.minUp-1
		}
		if on {
			each(t)
		}
	}
}
