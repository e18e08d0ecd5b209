package allocate

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// proveCoal holds a result against the other solver: it may find no plan below ours, and none at all where we say so.
// The square is bounded from below by tangents; where their optimum lies below ours, tangents are added at its loads
// until it does not, or until what it found is a better plan.
func proveCoal(t testing.TB, cbc string, p *Coal, r *CoalResult) answer {
	t.Helper()
	at := p.TangentsFor(r)
	for round := range 30 {
		a := ask(t, cbc, func(w *bytes.Buffer) error { return p.WriteLP(w, at) })
		if a.infeasible != (r.Status == Infeasible) {
			t.Fatalf("we say %s, the other says infeasible: %v", r.Status, a.infeasible)
		}
		if a.infeasible || a.objective >= *r.Objective*(1-2*OptimalGap) {
			if !a.infeasible && a.objective > *r.Objective*(1+1e-6) {
				t.Fatalf("we claim %.9g, which is below the other's optimum %.9g", *r.Objective, a.objective)
			}
			return a
		}
		if round == 29 {
			t.Fatalf("the other solver has %.9g, we %.9g", a.objective, *r.Objective)
		}
		for i := range p.units {
			for s := range p.steps {
				if mw := a.values[name("plo", i, s)] + a.values[name("phi", i, s)]; mw > 0 {
					at[[2]int{i, s}] = append(at[[2]int{i, s}], mw)
				}
			}
		}
	}
	return answer{}
}

func coalChanges(p *Coal, r *CoalResult) bool {
	for i := range p.units {
		for _, s := range r.Plan {
			if s.Units[i].On != p.units[i].on {
				return true
			}
		}
	}
	return false
}

// onlyCoal is the problem with no obligation but those of the conflicts, each given way by as much as give says.
func onlyCoal(p *Coal, cs []Conflict, give func(i int) (amount float64, drop bool)) *Coal {
	q := *p
	q.demand, q.units = make([]demand, p.steps), slices.Clone(p.units)
	for s := range q.demand {
		q.demand[s].powerMax = 1e6
	}
	r := relaxation{holds: map[obligation]bool{}}
	for i, c := range cs {
		amount, drop := give(i)
		if drop {
			continue
		}
		for s := range p.steps {
			if p.at(s).Before(c.From) || !p.at(s).Before(c.To) {
				continue
			}
			switch c.Constraint {
			case "heat":
				q.demand[s].heat = max(0, p.demand[s].heat-amount)
			case "power_min":
				q.demand[s].powerMin = max(0, p.demand[s].powerMin-amount)
			case "power_max":
				q.demand[s].powerMax = p.demand[s].powerMax + amount
			}
		}
		for k := range p.units {
			if p.units[k].name == c.Name {
				r.holds[obligation{c.Constraint, k, -1}] = true
				if amount > 0 {
					r.gives, r.by = group{obligation{c.Constraint, k, -1}, 0}, amount
				}
			}
		}
	}
	for k := range q.units {
		q.units[k].machine = p.units[k].relaxed(p.horizon, k, &r)
	}
	return &q
}

// proveConflict has the other solver see that the conflicts cannot be kept together, that any one dropped lets the
// others be kept, and that giving way by short_by is enough and by a little less is not.
func proveConflict(t testing.TB, cbc string, p *Coal, cs []Conflict) {
	t.Helper()
	feasible := func(give func(i int) (float64, bool)) bool {
		return !ask(t, cbc, func(w *bytes.Buffer) error { return onlyCoal(p, cs, give).WriteLP(w, nil) }).infeasible
	}
	if len(cs) == 0 || feasible(func(int) (float64, bool) { return 0, false }) {
		t.Fatalf("these are no conflict: %+v", cs)
	}
	for i, c := range cs {
		if !feasible(func(k int) (float64, bool) { return 0, k == i }) {
			t.Errorf("without %+v the others are in conflict still: %+v", c, cs)
		}
		by := func(amount float64) bool {
			return feasible(func(k int) (float64, bool) {
				if k == i {
					return amount, false
				}
				return 0, false
			})
		}
		if c.ShortBy == nil {
			t.Fatalf("%+v: not proved", c)
		}
		if c.Unit != "h" {
			r := relaxation{holds: map[obligation]bool{}}
			for _, k := range cs {
				for s := range p.steps {
					if !p.at(s).Before(k.From) && p.at(s).Before(k.To) {
						r.holds[obligation{k.Constraint, -1, s}] = true
						if k == c {
							r.gives = group{obligation{k.Constraint, -1, r.gives.step}, s + 1}
							if r.gives.step == 0 && !p.at(0).Equal(k.From) {
								r.gives.step = s
							}
						}
					}
				}
				for u := range p.units {
					if p.units[u].name == k.Name {
						r.holds[obligation{k.Constraint, u, -1}] = true
					}
				}
			}
			q := &coalQuestion{p: p, steps: p.steps}
			proveGiving(t, cbc, c, 1, func(w *bytes.Buffer) error { return q.givingLP(w, r) })
		}
		if !by(*c.ShortBy*(1+1e-6) + 1e-9) {
			t.Errorf("%+v: giving way by that is not enough", c)
		}
		if less := *c.ShortBy*(1-1e-3) - 1e-6; less > 0 && by(less) {
			t.Errorf("%+v: giving way by %g is enough", c, less)
		}
	}
}

func TestProofCoal(t *testing.T) { proveAll(t, *proofN, proveOneCoal) }

// make bench proves as many as the issue asks for.
func BenchmarkProofCoal(b *testing.B) {
	for b.Loop() {
		proveAll(b, max(500, *proofN), proveOneCoal)
	}
}

// proveOneCoal draws a problem and holds its answer against the other solver and against the checker.
func proveOneCoal(t testing.TB, cbc string, seed uint64) (status Status, changed bool) {
	rng := rand.New(rand.NewPCG(seed, 7))
	d := drawCoal(rng, 1+rng.IntN(4), 4+rng.IntN(12))
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
	proveCoal(t, cbc, p, r)
	switch r.Status {
	case Infeasible:
		proveConflict(t, cbc, p, r.Conflicts)
	case Optimal:
		if got, err := checkCoal(d, r); err != nil || math.Abs(got-*r.Objective) > 1e-9*got {
			t.Fatalf("%v: the plan comes to %.12g, not %.12g", err, got, *r.Objective)
		}
	default:
		t.Fatalf("status %s without a time limit", r.Status)
	}
	return r.Status, coalChanges(p, r)
}
