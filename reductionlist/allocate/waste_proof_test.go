package allocate

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

func wasteChanges(p *Waste, r *WasteResult) bool {
	for i := range p.furnaces {
		for _, s := range r.Plan {
			if s.Furnaces[i].On != p.furnaces[i].on {
				return true
			}
		}
	}
	return false
}

// proveWaste holds a result against the other solver.
func proveWaste(t testing.TB, cbc string, p *Waste, r *WasteResult) answer {
	t.Helper()
	a := ask(t, cbc, func(w *bytes.Buffer) error { return p.WriteLP(w) })
	if a.infeasible != (r.Status == Infeasible) {
		t.Fatalf("we say %s, the other says infeasible: %v", r.Status, a.infeasible)
	}
	if !a.infeasible && math.Abs(a.objective-*r.Objective) > 2*OptimalGap*math.Abs(a.objective)+1e-6 {
		t.Fatalf("we have %.10g, the other %.10g", *r.Objective, a.objective)
	}
	return a
}

// proveWasteConflict is proveConflict for waste.
func proveWasteConflict(t testing.TB, cbc string, p *Waste, cs []Conflict) {
	t.Helper()
	obligations := make([][]obligation, len(cs))
	for i, c := range cs {
		unit := -1
		for k := range p.furnaces {
			if p.furnaces[k].name == c.Name {
				unit = k
			}
		}
		for s := range p.steps {
			if unit < 0 && c.Constraint != "divert_total" && !p.at(s).Before(c.From) && p.at(s).Before(c.To) {
				obligations[i] = append(obligations[i], obligation{c.Constraint, -1, s})
			}
		}
		if len(obligations[i]) == 0 {
			obligations[i] = []obligation{{c.Constraint, unit, -1}}
		}
	}
	q := &wasteQuestion{p: p, steps: p.steps}
	feasible := func(less int, by float64) bool {
		r := relaxation{holds: map[obligation]bool{}}
		for i, os := range obligations {
			for _, o := range os {
				r.holds[o] = i != less || by >= 0
			}
		}
		if less >= 0 && by > 0 {
			if cs[less].Constraint == "steam" {
				by *= p.leastFeed[0] / p.steam
			}
			os := obligations[less]
			r.gives, r.by = group{os[0], os[len(os)-1].step + 1}, by
		}
		return !ask(t, cbc, func(w *bytes.Buffer) error { return q.relaxed(&r).WriteLP(w) }).infeasible
	}
	if len(cs) == 0 || feasible(-1, 0) {
		t.Fatalf("these are no conflict: %+v", cs)
	}
	for i, c := range cs {
		if !feasible(i, -1) {
			t.Errorf("without %+v the others are in conflict still: %+v", c, cs)
		}
		if c.ShortBy == nil {
			t.Fatalf("%+v: not proved", c)
		}
		if c.Unit != "h" {
			per := 1.0
			if c.Constraint == "steam" {
				per = p.steam / p.leastFeed[0]
			}
			r := relaxation{holds: map[obligation]bool{},
				gives: group{obligations[i][0], obligations[i][len(obligations[i])-1].step + 1}}
			for _, os := range obligations {
				for _, o := range os {
					r.holds[o] = true
				}
			}
			proveGiving(t, cbc, c, per, func(w *bytes.Buffer) error { return q.givingLP(w, r) })
		}
		if !feasible(i, *c.ShortBy*(1+1e-6)+1e-6) {
			t.Errorf("%+v: giving way by that is not enough", c)
		}
		if less := *c.ShortBy*(1-1e-3) - 1e-6; less > 0 && feasible(i, less) {
			t.Errorf("%+v: giving way by %g is enough", c, less)
		}
	}
}

func TestProofWaste(t *testing.T) { proveAll(t, *proofN, proveOneWaste) }

// make bench proves as many as the issue asks for.
func BenchmarkProofWaste(b *testing.B) {
	for b.Loop() {
		proveAll(b, max(500, *proofN), proveOneWaste)
	}
}

// proveOneWaste draws a problem and holds its answer against the other solver and against the checker.
func proveOneWaste(t testing.TB, cbc string, seed uint64) (status Status, changed bool) {
	rng := rand.New(rand.NewPCG(seed, 11))
	d := drawWaste(rng, 1+rng.IntN(4), 4+rng.IntN(12))
	p, text, err := d.read()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	defer func() {
		if t.Failed() {
			t.Logf("seed %d: %s", seed, text)
		}
	}()
	r, err := p.Solve(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	proveWaste(t, cbc, p, r)
	switch r.Status {
	case Infeasible:
		proveWasteConflict(t, cbc, p, r.Conflicts)
	case Optimal:
		if got, err := checkWaste(d, r); err != nil || math.Abs(got-*r.Objective) > 1e-7*(1+got) {
			t.Fatalf("%v: the plan comes to %.12g, not %.12g", err, got, *r.Objective)
		}
	default:
		t.Fatalf("status %s without a time limit", r.Status)
	}
	return r.Status, wasteChanges(p, r)
}
