package allocate

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

// Whatever is given, it is refused in words or answered: without a panic, within its patience, in numbers that JSON
// knows, with a bound that the plan does not go below, and with amounts only where they are proved.
func FuzzProblem(f *testing.F) {
	f.Add("coal", []byte(smallCoal))
	f.Add("waste", []byte(smallWaste))
	r := rand.New(rand.NewPCG(1, 1))
	for range 6 {
		coal, waste := drawCoal(r, 1+r.IntN(3), 1+r.IntN(6)), drawWaste(r, 1+r.IntN(3), 1+r.IntN(6))
		twistCoal(r, coal)
		twistWaste(r, waste)
		for _, d := range []any{coal, waste, wildCoal(r, 2, 3), wildWaste(r, 2, 3)} {
			text, err := json.Marshal(d)
			if err != nil {
				f.Fatal(err)
			}
			kind := "coal"
			if _, is := d.(*wasteDoc); is {
				kind = "waste"
			}
			f.Add(kind, text)
		}
	}
	f.Fuzz(func(t *testing.T, kind string, text []byte) {
		if len(text) > 1<<14 || tooLargeToFuzz(kind, text) {
			return
		}
		const limit = 200 * time.Millisecond
		begin := time.Now()
		a, err := Solve(t.Context(), Kind(kind), text, Limits{}, Options{TimeLimit: limit})
		if took := time.Since(begin); took > 2*limit+10*time.Second {
			t.Errorf("it took %s", took)
		}
		var e *refusal.Error
		switch {
		case errors.As(err, &e):
			if e.Detail("zh-CN") == "" || e.Detail("en") == "" {
				t.Errorf("no words for %+v", e)
			}
		case err != nil:
			t.Errorf("%v", err)
		default:
			holds(t, a)
		}
	})
}

// tooLargeToFuzz keeps what parses to what is answered often in a second; the rest is for benchmarks.
func tooLargeToFuzz(kind string, text []byte) bool {
	if p, err := ParseCoal(text); kind == "coal" && err == nil {
		return p.steps<<len(p.units) > 1<<12
	}
	p, err := ParseWaste(text)
	return kind == "waste" && err == nil && p.steps<<len(p.furnaces) > 1<<12
}

// holds is what every answer keeps, whatever the problem was.
func holds(t *testing.T, a *Answer) {
	t.Helper()
	if _, err := json.Marshal(a.Result); err != nil {
		t.Error(err)
	}
	a.BindingIn("zh-CN")
	switch o := a.Outcome; o.Status {
	case Infeasible:
		if o.Objective != nil || len(a.Steps) > 0 || len(o.Conflicts) == 0 {
			t.Errorf("no plan: %+v", o)
		}
		for _, c := range o.Conflicts {
			if c.Text("zh-CN") == "" || c.ShortBy != nil && (*c.ShortBy <= 0 || c.Enough != nil || math.IsInf(*c.ShortBy, 0)) ||
				o.Unreduced && c.ShortBy != nil {
				t.Errorf("%+v", c)
			}
		}
	case Optimal, Feasible:
		if !(*o.Bound <= *o.Objective) || *o.Bound < 0 || (o.Status == Optimal) != (*o.Gap <= OptimalGap) ||
			len(o.Conflicts) > 0 {
			t.Errorf("%v below %v, gap %v: %s", *o.Bound, *o.Objective, *o.Gap, o.Status)
		}
	default:
		t.Errorf("status %s", o.Status)
	}
}
