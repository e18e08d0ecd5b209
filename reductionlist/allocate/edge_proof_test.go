package allocate

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// proveEdges draws n problems at the edges and holds their answers against GLPK and, where that says something else,
// against CBC: numbers far apart are beyond the tolerances of either. One of them has to agree.
func proveEdges(t *testing.T, n int,
	one func(t *testing.T, seed uint64) (Outcome, func(*bytes.Buffer) error, float64)) {
	glpk, cbc := glpsol(t), solver(t)
	agree, byCBC, open, infeasible := 0, 0, 0, 0
	for seed := range uint64(n) {
		o, write, scale := one(t, seed)
		if write == nil {
			continue
		}
		infeasible += b2i(o.Status == Infeasible)
		a, known := askGLPK(t, glpk, write)
		switch {
		case known && same(o, a, scale):
			agree++
		case same(o, ask(t, cbc, write), scale):
			byCBC++
		case !known:
			open++
		default:
			t.Errorf("seed %d: neither GLPK nor CBC says the same: %s", seed, o.Status)
		}
	}
	t.Logf("%d agree with GLPK, %d with CBC alone, %d are open; %d of them infeasible", agree, byCBC, open, infeasible)
	if agree < n/2 || infeasible < n/10 || infeasible > n*4/5 {
		t.Errorf("too few agree, or of either kind")
	}
}

// same reports whether the other solver says the same, within the gap of an optimum on either side.
func same(o Outcome, a answer, scale float64) bool {
	if a.infeasible || o.Status == Infeasible {
		return a.infeasible == (o.Status == Infeasible)
	}
	return math.Abs(a.objective/scale-*o.Objective) <= 2*OptimalGap*math.Abs(*o.Objective)+1e-6/scale
}

func TestProofCoalAtEdges(t *testing.T) {
	idle := 0
	proveEdges(t, *proofN*4, func(t *testing.T, seed uint64) (Outcome, func(*bytes.Buffer) error, float64) {
		r := rand.New(rand.NewPCG(seed, 61))
		d := drawCoal(r, 1+r.IntN(4), 2+r.IntN(8))
		if twistCoal(r, d); seed%2 == 1 {
			d = wildCoal(r, 1+r.IntN(4), 1+r.IntN(12))
		}
		for i := range d.Units { // squares are the other proof's
			d.Units[i].Coal.PerMW2 = 0
		}
		p, text, err := d.read()
		if err != nil {
			return Outcome{}, nil, 0
		}
		for _, w := range d.Demand {
			idle += b2i(w.Min == 0 && w.Heat == 0)
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if got.Status == Feasible {
			t.Errorf("seed %d: gap %g\n%s", seed, *got.Gap, text)
		}
		q, scale := p.magnified(got.Outcome)
		return got.Outcome, func(w *bytes.Buffer) error { return q.WriteLP(w, nil) }, scale
	})
	if idle < *proofN {
		t.Errorf("%d demands of nothing", idle)
	}
}

func TestProofWasteAtEdges(t *testing.T) {
	bound := 0
	proveEdges(t, *proofN*4, func(t *testing.T, seed uint64) (Outcome, func(*bytes.Buffer) error, float64) {
		r := rand.New(rand.NewPCG(seed, 62))
		d := drawWaste(r, 1+r.IntN(4), 2+r.IntN(8))
		if twistWaste(r, d); seed%2 == 1 {
			d = wildWaste(r, 1+r.IntN(3), 1+r.IntN(8))
		}
		p, text, err := d.read()
		if err != nil {
			return Outcome{}, nil, 0
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatalf("seed %d: %v\n%s", seed, err, text)
		}
		if got.Status == Feasible {
			t.Errorf("seed %d: gap %g\n%s", seed, *got.Gap, text)
		}
		for s, step := range got.Plan {
			bound += b2i(step.DivertTH > 0 && step.DivertTH == min(d.Divert.Max, last(d.Intake, s)))
		}
		q, scale := p.magnified(got.Outcome)
		return got.Outcome, func(w *bytes.Buffer) error { return q.WriteLP(w) }, scale
	})
	if bound < *proofN/2 {
		t.Errorf("%d steps in which all that may be is diverted", bound)
	}
}
