package allocate

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// one is the only conflict of a result.
func one(t *testing.T, o Outcome) Conflict {
	t.Helper()
	if o.Status != Infeasible || len(o.Conflicts) != 1 || o.Unreduced {
		t.Fatalf("%+v", o)
	}
	return o.Conflicts[0]
}

// A small problem whose states are many is answered with the amount that one optimisation with slack finds.
func TestManyStatesAreNoExcuse(t *testing.T) {
	p, err := ParseWaste(sharedProblem(t, "slow-waste-9-11.json"))
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	r, err := p.Solve(t.Context(), Options{TimeLimit: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	c := one(t, r.Outcome)
	if c.Constraint != "pit_end" || c.ShortBy == nil || c.Enough != nil || math.Abs(*c.ShortBy-21.6) > 1e-6 {
		t.Fatalf("%+v", c)
	}
	t.Logf("in %s", time.Since(begin))
	q := &wasteQuestion{p: p, steps: p.steps}
	o := obligation{"pit_end", -1, p.steps - 1}
	proveGiving(t, solver(t), c, 1, func(w *bytes.Buffer) error {
		return q.givingLP(w, relaxationOf([]obligation{o}, group{o, p.steps}))
	})
}

// Windows give way in time and not in whole steps: by what the step that is needed reaches beyond them.
func TestWindowsGiveTime(t *testing.T) {
	at := func(h float64) time.Time { return drawStart.Add(hours(h)) }
	for _, c := range []struct {
		what    string
		windows []windowDoc
		shortBy float64 // h
	}{
		{"from half past", []windowDoc{{at(0.5), at(9)}}, 0.5},
		{"until a quarter to", []windowDoc{{at(-1), at(2.75)}}, 0.25},
		{"a gap within a step", []windowDoc{{at(-1), at(1.25)}, {at(1.75), at(4)}}, 0.25},
		{"a gap of three steps", []windowDoc{{at(-1), at(0)}, {at(3), at(4)}}, 1.5},
		{"its first step is enough to fail", []windowDoc{{at(0.2), at(2.4)}}, 0.2},
		{"long after", []windowDoc{{at(30), at(40)}}, 30},
	} {
		u := plainUnit("1#", 100, 300)
		u.InitiallyOn, u.Available = false, c.windows
		d := plainCoal(3, []demandDoc{{0, 300, 100}}, u)
		p, _, err := d.read()
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, k := range r.Conflicts {
			if k.Constraint != "available" {
				continue
			}
			found = true
			if k.ShortBy == nil || math.Abs(*k.ShortBy-c.shortBy) > 1e-9 && len(c.windows) == 1 {
				t.Errorf("%s: %s", c.what, k.Text("en"))
				continue
			}
			wider := func(by float64) Status {
				e := *d
				e.Units = []coalUnitDoc{u}
				e.Units[0].Available = nil
				for _, w := range c.windows {
					e.Units[0].Available = append(e.Units[0].Available, windowDoc{w.From.Add(-hours(by)), w.To.Add(hours(by))})
				}
				q, _, err := e.read()
				if err != nil {
					t.Fatal(err)
				}
				only := slicesOf(r.Conflicts, q)
				got, err := only.Solve(t.Context(), Options{})
				if err != nil {
					t.Fatal(err)
				}
				return got.Status
			}
			if got := wider(*k.ShortBy + 1e-6); got != Optimal {
				t.Errorf("%s: wider by %g h it is %s", c.what, *k.ShortBy, got)
			}
			if got := wider(*k.ShortBy - 1e-3); got != Infeasible {
				t.Errorf("%s: wider by a little less than %g h it is %s", c.what, *k.ShortBy, got)
			}
		}
		if !found {
			t.Errorf("%s: %+v", c.what, r.Outcome)
		}
	}
}

// slicesOf is the problem with no demand but those of the conflicts.
func slicesOf(cs []Conflict, p *Coal) *Coal {
	return onlyCoal(p, cs, func(int) (float64, bool) { return 0, false })
}

// Steam of which a tonne of waste gives nothing cannot be had: all of it has to be given up.
func TestSteamThatNoFeedGives(t *testing.T) {
	for _, per := range []string{"0", "1e-300"} {
		text := strings.Replace(strings.Replace(smallWaste, `"steam_per_t_waste":2.3`, `"steam_per_t_waste":`+per, 1),
			`"steam_min_t_h":0`, `"steam_min_t_h":12.5`, 1)
		p, err := ParseWaste([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c := one(t, r.Outcome); c.Constraint != "steam" || c.ShortBy == nil || math.Abs(*c.ShortBy-12.5) > 1e-5 {
			t.Errorf("%s: %s", per, c.Text("en"))
		}
	}
}

// What is said of an amount is what is known of it: rounded so that it stays true, and never the amount where that is
// not proved.
func TestAmountsInWords(t *testing.T) {
	at := func(v float64) *float64 { return &v }
	for _, c := range []struct {
		c      Conflict
		zh, en string
	}{
		{Conflict{ShortBy: at(21.6)}, "须让出 21.6 t", "has to give 21.6 t"},
		{Conflict{ShortBy: at(19.23451)}, "须让出 19.24 t", "has to give 19.24 t"},
		{Conflict{ShortBy: at(123456)}, "须让出 123500 t", "has to give 123500 t"},
		{Conflict{ShortBy: at(0.00012341)}, "须让出 0.0001235 t", "has to give 0.0001235 t"},
		{Conflict{AtLeast: at(19.2399), Enough: at(21.6001)}, "至少须让出 19.23 t，让出 21.61 t 足够",
			"at least 19.23 t, and 21.61 t will do"},
		{Conflict{Enough: at(21.6)}, "让出 21.6 t 足够，最少要多少未证明",
			"21.6 t will do; within the time limit the least was not proved"},
		{Conflict{}, "时限内没有求出须让出多少", "was not found how much it has to give"},
	} {
		c.c.Constraint, c.c.Unit, c.c.From, c.c.To = "pit_end", "t", drawStart, drawStart.Add(hours(1))
		if zh, en := c.c.Text("zh-CN"), c.c.Text("en"); !strings.Contains(zh, c.zh) || !strings.Contains(en, c.en) {
			t.Errorf("%s\n%s\nwant %s, %s", zh, en, c.zh, c.en)
		}
	}
}

// However early the limit comes, what is told of an amount holds the least: more than what is too little, at most what
// will do.
func TestAnAmountCutShortHoldsTheLeast(t *testing.T) {
	cut := 0
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 41))
		p, _, err := wildWaste(r, 2+r.IntN(3), 4+r.IntN(8)).read()
		if err != nil {
			continue
		}
		q := &wasteQuestion{p: p, steps: p.steps}
		o := obligation{"pit_end", -1, p.steps - 1}
		g := relaxationOf([]obligation{o, {"pit_min", -1, p.steps / 2}, {"divert_total", -1, -1}}, group{o, p.steps})
		if q.by = (patience{}); q.feasible(g) == possible {
			continue
		}
		q.by = patience{}
		whole := q.leastRelief(g)
		if !whole.proved() {
			t.Fatalf("seed %d: %+v", seed, whole)
		}
		for _, limit := range []time.Duration{1, 100 * time.Microsecond, time.Millisecond} {
			q.by = Options{TimeLimit: limit}.patience(t.Context())
			got := q.leastRelief(g)
			if cut += b2i(!got.proved()); got.low > whole.high*(1+1e-5)+1e-5 || got.high < whole.low*(1-1e-5)-1e-5 {
				t.Errorf("seed %d: %+v where the least is %+v", seed, got, whole)
			}
		}
	}
	if t.Logf("%d were cut short", cut); cut == 0 {
		t.Error("none was cut short")
	}
}
