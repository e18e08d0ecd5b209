package allocate

import (
	"fmt"
	"io"
	"strings"
)

// lp writes a mixed-integer program in the CPLEX LP format. It is how a solver that shares nothing with ours is asked
// the same question: for the proof in the tests and for qingkong bench allocate.
type lp struct {
	objective, rows, bounds, binaries strings.Builder
	n                                 int
}

// term is a coefficient and the variable it goes with.
type term struct {
	k float64
	v string
}

func (l *lp) min(k float64, v string) {
	if k != 0 {
		fmt.Fprintf(&l.objective, " %+.17g %s\n", k, v)
	}
}

// row adds a constraint; relation is <=, >= or =.
func (l *lp) row(relation string, rhs float64, terms ...term) {
	l.n++
	fmt.Fprintf(&l.rows, " r%d:", l.n)
	empty := true
	for _, t := range terms {
		if t.k != 0 {
			fmt.Fprintf(&l.rows, " %+.17g %s", t.k, t.v)
			empty = false
		}
	}
	if empty { // the format knows no row without a variable
		fmt.Fprint(&l.rows, " 0 nothing")
	}
	fmt.Fprintf(&l.rows, " %s %.17g\n", relation, rhs)
}

func (l *lp) binary(v string) { fmt.Fprintf(&l.binaries, " %s\n", v) }

// between bounds a variable on either side.
func (l *lp) between(v string, low, high float64) {
	fmt.Fprintf(&l.bounds, " %.17g <= %s <= %.17g\n", low, v, high)
}

func (l *lp) writeTo(w io.Writer) error {
	objective := l.objective.String()
	if objective == "" {
		objective = " 0 nothing\n"
	}
	_, err := fmt.Fprintf(w, "Minimize\n obj:\n%sSubject To\n%sBounds\n 0 <= nothing <= 0\n%sBinaries\n%sEnd\n",
		objective, l.rows.String(), l.bounds.String(), l.binaries.String())
	return err
}

func name(kind string, i, t int) string { return fmt.Sprintf("%s_%d_%d", kind, i, t) }

// states writes when machine i may be on: u on, s started, z stopped.
func (l *lp) states(i int, m *machine) {
	before := 0.0
	if m.on {
		before = 1
	}
	for t := range m.available {
		u, s, z := name("u", i, t), name("s", i, t), name("z", i, t)
		l.binary(u)
		l.between(s, 0, 1)
		l.between(z, 0, 1)
		change := []term{{1, u}, {-1, s}, {1, z}}
		if t > 0 {
			l.row("=", 0, append(change, term{-1, name("u", i, t-1)})...)
		} else {
			l.row("=", before, change...)
		}
		up, down := []term{{-1, u}}, []term{{1, u}}
		for k := max(0, t-m.minUp+1); k <= t; k++ {
			up = append(up, term{1, name("s", i, k)})
		}
		for k := max(0, t-m.minDown+1); k <= t; k++ {
			down = append(down, term{1, name("z", i, k)})
		}
		l.row("<=", 0, up...)
		l.row("<=", 1, down...)
		if t < m.locked {
			l.row("=", before, term{1, u})
		}
		if !m.available[t] {
			l.row("=", 0, term{1, u})
		}
	}
}

// Tangents are the loads at which the square of a load is bounded from below by its tangent, by unit and step.
type Tangents map[[2]int][]float64

// WriteLP writes the problem for another solver. Squares are replaced by what their tangents bound, so its optimum is a
// lower bound of ours, exact where the loads lie at tangents; without squares it is exact.
func (p *Coal) WriteLP(w io.Writer, at Tangents) error {
	l := &lp{}
	for i := range p.units {
		u := &p.units[i]
		l.states(i, &u.machine)
		for t := range p.steps {
			l.min(u.weight*u.startCoal, name("s", i, t))
			p.lpUnit(l, i, t, at)
		}
	}
	for t, d := range p.demand {
		var power, heat []term
		for i := range p.units {
			for _, side := range []string{"lo", "hi"} {
				power = append(power, term{1, name("p"+side, i, t)})
				heat = append(heat, term{1, name("h"+side, i, t)})
			}
		}
		l.row(">=", d.powerMin, power...)
		l.row("<=", d.powerMax, power...)
		l.row("=", d.heat, heat...)
	}
	return l.writeTo(w)
}

// lpUnit writes a unit in a step: on either side of low_load_mw its own power, heat and square, which are nothing
// unless that side is chosen.
func (p *Coal) lpUnit(l *lp, i, t int, at Tangents) {
	u := &p.units[i]
	l.row("=", 0, term{1, name("ylo", i, t)}, term{1, name("yhi", i, t)}, term{-1, name("u", i, t)})
	for _, side := range []struct {
		name           string
		from, to, cost float64
		exists         bool
	}{
		{"lo", u.minMW, min(u.lowLoad, u.maxMW), u.weightAtLow, u.lowLoad > u.minMW},
		{"hi", max(u.minMW, u.lowLoad), u.maxMW, u.weight, u.lowLoad <= u.maxMW},
	} {
		y, mw, heat, square := name("y"+side.name, i, t), name("p"+side.name, i, t), name("h"+side.name, i, t),
			name("q"+side.name, i, t)
		l.binary(y)
		if !side.exists {
			l.row("=", 0, term{1, y})
			l.row("=", 0, term{1, mw})
			l.row("=", 0, term{1, heat})
			continue
		}
		k := side.cost * p.stepH
		l.min(k*u.constant, y)
		l.min(k*u.mw, mw)
		l.min(k*u.gj, heat)
		l.row(">=", 0, term{1, mw}, term{-side.from, y})
		l.row("<=", 0, term{1, mw}, term{-side.to, y})
		l.row("<=", 0, term{1, heat}, term{-u.maxHeat, y})
		l.row("<=", 0, term{1, mw}, term{u.lost, heat}, term{-u.maxMW, y})
		if u.mw2 == 0 {
			continue
		}
		l.min(k*u.mw2, square)
		for _, a := range at[[2]int{i, t}] {
			l.row(">=", 0, term{1, square}, term{-2 * a, mw}, term{a * a, y})
		}
	}
}

// WriteLP writes the problem for another solver.
func (p *Waste) WriteLP(w io.Writer) error {
	l := &lp{}
	var diverted []term
	for t := range p.steps {
		k := p.stepWeight[t]
		pit, away := name("pit", 0, t), name("d", 0, t)
		// pit = before + step_h·(intake − divert − Σ feed)
		balance := []term{{1, pit}, {p.stepH, away}}
		var feed []term
		for i := range p.furnaces {
			f := &p.furnaces[i]
			u, x := name("u", i, t), name("f", i, t)
			l.min(k*f.startCosts, name("s", i, t))
			l.min(k*p.stepH*f.feedCounts, x)
			l.row(">=", 0, term{1, x}, term{-f.min, u})
			l.row("<=", 0, term{1, x}, term{-f.max, u})
			balance = append(balance, term{p.stepH, x})
			feed = append(feed, term{1, x})
		}
		l.min(k*p.stepH*p.divertCounts, away)
		before := p.level
		if t > 0 {
			balance, before = append(balance, term{-1, name("pit", 0, t-1)}), 0
		}
		l.row("=", before+p.stepH*p.intake[t], balance...)
		if p.leastFeed[t] > 0 {
			l.row(">=", p.leastFeed[t], feed...)
		}
		low, high := p.levels(t + 1)
		l.between(pit, low, high)
		l.between(away, 0, min(p.divertMax, p.intake[t]))
		diverted = append(diverted, term{p.stepH, away})
	}
	if p.divertTotal < unbounded {
		l.row("<=", p.divertTotal, diverted...)
	}
	for i := range p.furnaces {
		l.states(i, &p.furnaces[i].machine)
	}
	return l.writeTo(w)
}

// TangentsFor are tangents over the range of every unit, and at the loads of a plan, where they are exact.
func (p *Coal) TangentsFor(r *CoalResult) Tangents {
	at := Tangents{}
	for i := range p.units {
		u := &p.units[i]
		for t := range p.steps {
			k := [2]int{i, t}
			at[k] = []float64{u.minMW, (u.minMW + u.maxMW) / 2, u.maxMW}
			if t < len(r.Plan) && r.Plan[t].Units[i].On {
				at[k] = append(at[k], r.Plan[t].Units[i].MW)
			}
		}
	}
	return at
}
