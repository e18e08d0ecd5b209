package allocate

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// impossibleCoal is a plant of ten units over five days that in one late hour is asked for more heat than it has.
func impossibleCoal(t *testing.T) *Coal {
	t.Helper()
	d := bigCoal(3, 10, 120)
	d.Demand[110].Heat *= 3
	p, _, err := d.read()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// impossibleWaste is a plant of eight furnaces over a fortnight whose pit runs over, whatever is done.
func impossibleWaste(t *testing.T) *Waste {
	t.Helper()
	d := bigWaste(3, 8, 90)
	for i := range d.Intake {
		d.Intake[i] *= 2
	}
	p, _, err := d.read()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The search for what conflicts ends at the time limit, too: with what is proved so far, which it says.
func TestConflictsEndInTime(t *testing.T) {
	coal, waste := impossibleCoal(t), impossibleWaste(t)
	whole, err := coal.Solve(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if whole.Status != Infeasible || whole.Unreduced || len(whole.Conflicts) == 0 {
		t.Fatalf("%+v", whole.Outcome)
	}
	limit := 5 * time.Millisecond
	begin := time.Now()
	cut, err := coal.Solve(t.Context(), Options{TimeLimit: limit})
	if err != nil {
		t.Fatal(err)
	}
	within(t, begin, limit)
	endedEarly(t, cut.Outcome)
	for _, c := range whole.Conflicts { // what is needed is among what was not told apart
		if !slices.ContainsFunc(cut.Conflicts, func(o Conflict) bool {
			return o.Constraint == c.Constraint && o.Name == c.Name && !o.From.After(c.From) && !o.To.Before(c.To)
		}) {
			t.Errorf("%+v is not among %+v", c, cut.Conflicts)
		}
	}
	begin = time.Now()
	r, err := waste.Solve(t.Context(), Options{TimeLimit: limit})
	if err != nil {
		t.Fatal(err)
	}
	within(t, begin, limit)
	if r.Status != Infeasible || len(r.Conflicts) == 0 {
		t.Fatalf("%+v", r.Outcome)
	}
}

// A problem whose least amounts take long to prove is answered at the limit with what is proved of them and what will
// do.
func TestAmountsEndInTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(853, 51))
	p, _, err := wildWaste(rng, 3+rng.IntN(3), 8+rng.IntN(17)).read()
	if err != nil {
		t.Fatal(err)
	}
	limit := 300 * time.Millisecond
	begin := time.Now()
	r, err := p.Solve(t.Context(), Options{TimeLimit: limit})
	if err != nil {
		t.Fatal(err)
	}
	within(t, begin, limit)
	if r.Unreduced {
		endedEarly(t, r.Outcome)
		return
	}
	open := 0
	for _, c := range r.Conflicts {
		if c.ShortBy != nil {
			continue
		}
		open++
		if c.Enough == nil || c.AtLeast != nil && *c.AtLeast > *c.Enough ||
			!strings.Contains(c.Text("en"), "will do; within the time limit the least was not proved") {
			t.Errorf("%s", c.Text("en"))
		}
	}
	if t.Logf("%d of %d are not proved", open, len(r.Conflicts)); r.Status != Infeasible || open == 0 {
		t.Errorf("%+v", r.Outcome)
	}
}

func within(t *testing.T, begin time.Time, limit time.Duration) {
	t.Helper()
	if took := time.Since(begin); took > limit+5*time.Second {
		t.Errorf("a limit of %s took %s", limit, took)
	}
}

// endedEarly is what an answer says that had no time to tell what is needed of the conflicts.
func endedEarly(t *testing.T, o Outcome) {
	t.Helper()
	if o.Status != Infeasible || !o.Unreduced || len(o.Conflicts) == 0 {
		t.Fatalf("%+v", o)
	}
	for _, c := range o.Conflicts {
		if c.ShortBy != nil || c.Enough != nil || c.AtLeast != nil || strings.Contains(c.Text("zh-CN"), "0 ") ||
			!strings.Contains(c.Text("en"), "not found") {
			t.Errorf("an amount without a reduced set: %s", c.Text("zh-CN"))
		}
	}
}

// An answer that comes late does no harm: what is returned cannot be kept together, and an amount is enough.
func TestUnknownAnswersAreSound(t *testing.T) {
	all := make([]obligation, 20)
	for i := range all {
		all[i] = obligation{"heat", -1, i}
	}
	culprits := []int{3, 4, 17}
	for after := range 40 {
		asked := 0
		ask := func(r relaxation) verdict {
			if asked++; asked > after {
				return unknown
			}
			for _, c := range culprits {
				if !r.holds[all[c]] {
					return possible
				}
			}
			if r.by >= 7 {
				return possible
			}
			return impossible
		}
		left, reduced := irreducible(all, ask)
		for _, c := range culprits {
			if !slices.Contains(left, all[c]) {
				t.Fatalf("after %d answers %v is lost", after, all[c])
			}
		}
		if reduced && len(left) != len(culprits) {
			t.Errorf("after %d answers reduced to %d", after, len(left))
		}
		if asked = after / 2; !reduced {
			continue
		}
		amounts := []float64{1, 3, 6.5, 7, 8, 40, 100}
		if g := firstThat(amounts, relaxationOf(left, group{left[0], 4}), ask); g.high < 7 || g.low > 7 || g.proved() &&
			g.high != 7 {
			t.Errorf("after %d answers %+v", after, g)
		}
	}
}

// Who leaves ends the search, whether it has a plan, none, or looks for what conflicts.
func TestCancelEndsTheSearch(t *testing.T) {
	hard, _, err := bigCoal(2, 12, 168).read()
	if err != nil {
		t.Fatal(err)
	}
	fill, _, err := bigWaste(2, 8, 90).read()
	if err != nil {
		t.Fatal(err)
	}
	coal, waste := impossibleCoal(t), impossibleWaste(t)
	for name, run := range map[string]func(context.Context) error{
		"coal":             func(ctx context.Context) error { _, err := hard.Solve(ctx, Options{}); return err },
		"waste":            func(ctx context.Context) error { _, err := fill.Solve(ctx, Options{}); return err },
		"impossible coal":  func(ctx context.Context) error { _, err := coal.Solve(ctx, Options{}); return err },
		"impossible waste": func(ctx context.Context) error { _, err := waste.Solve(ctx, Options{}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			gone, cancel := context.WithCancel(t.Context())
			cancel()
			begin := time.Now()
			if err := run(gone); !errors.Is(err, context.Canceled) {
				t.Errorf("%v", err)
			}
			if took := time.Since(begin); took > 10*time.Second {
				t.Errorf("it went on for %s", took)
			}
		})
	}
}
