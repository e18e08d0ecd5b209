package allocate

import (
	"bytes"
	"testing"
)

// givingLP writes what a group has to give at least as one program for another solver: the obligations that hold, of
// which those of the group give way by one more variable, which is all that counts.
func (q *wasteQuestion) givingLP(w *bytes.Buffer, r relaxation) error {
	r.by = 0
	p, l, give := q.relaxed(&r), &lp{}, r.gives
	const gives = "gives"
	l.min(1, gives)
	slack := func(kind string, step int) float64 {
		r.by = 1
		defer func() { r.by = 0 }()
		less, _ := r.of(kind, give.unit, step)
		return less
	}
	var diverted []term
	for t := range p.steps {
		pit, away := name("pit", 0, t), name("d", 0, t)
		balance := []term{{1, pit}, {p.stepH, away}}
		var feed []term
		for i := range p.furnaces {
			f := &p.furnaces[i]
			u, x := name("u", i, t), name("f", i, t)
			l.row(">=", 0, term{1, x}, term{-f.min, u})
			l.row("<=", 0, term{1, x}, term{-f.max, u})
			balance, feed = append(balance, term{p.stepH, x}), append(feed, term{1, x})
		}
		before := p.level
		if t > 0 {
			balance, before = append(balance, term{-1, name("pit", 0, t-1)}), 0
		}
		l.row("=", before+p.stepH*p.intake[t], balance...)
		l.row(">=", p.leastFeed[t], append(feed, term{slack("steam", t), gives})...)
		l.between(pit, -1e9, 1e9)
		l.row(">=", p.low[t+1], term{1, pit}, term{slack("pit_min", t), gives})
		l.row("<=", p.high[t+1], term{1, pit}, term{-slack("pit_max", t), gives})
		if t == q.p.steps-1 {
			l.row("<=", p.end, term{1, pit}, term{-slack("pit_end", t), gives})
		}
		l.between(away, 0, min(p.divertMax, p.intake[t]))
		diverted = append(diverted, term{p.stepH, away})
	}
	if p.divertTotal < unbounded {
		l.row("<=", p.divertTotal, append(diverted, term{-slack("divert_total", -1), gives})...)
	}
	for i := range p.furnaces {
		l.states(i, &p.furnaces[i].machine)
	}
	return l.writeTo(w)
}

// givingLP is the same of coal.
func (q *coalQuestion) givingLP(w *bytes.Buffer, r relaxation) error {
	p, l, give := q.p, &lp{}, r.gives
	const gives = "gives"
	l.min(1, gives)
	slack := func(kind string, t int) float64 {
		if give.kind == kind && give.step <= t && t < give.until {
			return 1
		}
		return 0
	}
	for t := range q.steps {
		d := q.demandOf(t, &relaxation{holds: r.holds})
		var power, heat []term
		for i := range p.units {
			u := &p.units[i]
			on, mw, gj := name("u", i, t), name("p", i, t), name("h", i, t)
			l.row(">=", 0, term{1, mw}, term{-u.minMW, on})
			l.row("<=", 0, term{1, gj}, term{-u.maxHeat, on})
			l.row("<=", 0, term{1, mw}, term{u.lost, gj}, term{-u.maxMW, on})
			power, heat = append(power, term{1, mw}), append(heat, term{1, gj})
		}
		l.row(">=", d.powerMin, append(power, term{slack("power_min", t), gives})...)
		l.row("<=", min(d.powerMax, 1e9), append(power, term{-slack("power_max", t), gives})...)
		l.row(">=", d.heat, append(heat, term{slack("heat", t), gives})...)
	}
	for i := range p.units {
		m := p.units[i].relaxed(p.horizon, i, &relaxation{holds: r.holds})
		m.available = m.available[:q.steps]
		l.states(i, &m)
	}
	return l.writeTo(w)
}

// proveGiving holds a proved amount against the optimum of the program that says how much has to be given.
func proveGiving(t testing.TB, cbc string, c Conflict, per float64, write func(*bytes.Buffer) error) {
	t.Helper()
	a := ask(t, cbc, write)
	if a.infeasible || c.ShortBy == nil {
		t.Errorf("%+v: the other solver finds nothing to give", c)
	} else if got := a.objective * per; *c.ShortBy < got*(1-1e-6)-1e-7*per || *c.ShortBy > got*(1+1e-6)+2e-6*per {
		t.Errorf("%s from %s: we say %.9g %s, the other solver %.9g", c.Constraint, c.From, *c.ShortBy, c.Unit, got)
	}
}
