package allocate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// lowest is the least of a convex function.
func lowest(from, to float64, f func(float64) float64) float64 {
	for range 80 {
		a, b := from+(to-from)*0.382, from+(to-from)*0.618
		if f(a) <= f(b) {
			to = b
		} else {
			from = a
		}
	}
	return f((from + to) / 2)
}

// bruteStep is what one step costs with the units of x (at most two), by nested search in every combination of modes.
func bruteStep(d *coalDoc, x int, want demandDoc) float64 {
	var on []coalUnitDoc
	for i, u := range d.Units {
		if x>>i&1 != 0 {
			on = append(on, u)
		}
	}
	for len(on) < 2 { // a unit that does nothing and counts nothing
		on = append(on, coalUnitDoc{})
	}
	best := math.Inf(1)
	for modes := range 4 {
		var lo, hi, k [2]float64
		for i, u := range on {
			k[i] = d.Weight["so2"]*u.Emission["so2"] + d.Weight["pm"]*u.Emission["pm"] + d.Weight["nox"]*u.Emission["nox"]
			lo[i], hi[i] = max(u.MinMW, u.LowLoad), u.MaxMW
			if modes>>i&1 != 0 {
				lo[i], hi[i] = u.MinMW, min(u.MaxMW, u.LowLoad)
				k[i] += d.Weight["nox"] * u.Emission["nox"] * (u.LowFactor - 1)
			}
		}
		if lo[0] > hi[0] || lo[1] > hi[1] {
			continue
		}
		cost := func(i int, p, h float64) float64 {
			u := on[i]
			over := max(0, h-u.MaxHeat) + max(0, p-(u.MaxMW-u.Lost*h)) + max(0, p-hi[i])
			return k[i]*d.StepH*(u.Coal.Constant+u.Coal.PerMW*p+u.Coal.PerMW2*p*p+u.Coal.PerGJ*h) + 1e6*over
		}
		v := lowest(0, want.Heat, func(h float64) float64 {
			return lowest(lo[0], hi[0], func(p float64) float64 {
				q := max(lo[1], want.Min-p)
				return cost(0, p, h) + cost(1, q, want.Heat-h) + 1e6*max(0, p+q-want.Max)
			})
		})
		best = min(best, v)
	}
	if best > 1e4 {
		return math.Inf(1)
	}
	return best
}

// bruteCoal goes through all rows of sets.
func bruteCoal(d *coalDoc) float64 {
	sets := 1 << len(d.Units)
	cost := make([][]float64, d.Steps)
	for t := range cost {
		for x := range sets {
			cost[t] = append(cost[t], bruteStep(d, x, last(d.Demand, t)))
		}
	}
	best := math.Inf(1)
	row := make([]int, d.Steps)
	var walk func(t int, sum float64)
	walk = func(t int, sum float64) {
		if math.IsInf(sum, 1) {
			return
		}
		if t < d.Steps {
			for row[t] = range sets {
				walk(t+1, sum+cost[t][row[t]])
			}
			return
		}
		for i, u := range d.Units {
			on := make([]bool, d.Steps)
			for t, x := range row {
				on[t] = x>>i&1 != 0
				if before := t > 0 && on[t-1] || t == 0 && u.InitiallyOn; on[t] && !before {
					for name, w := range d.Weight {
						sum += w * u.Emission[name] * u.StartCoalT
					}
				}
			}
			if checkStates(u.machineDoc, d.Start, d.StepH, on) != nil {
				return
			}
		}
		best = min(best, sum)
	}
	walk(0, 0)
	return best
}

// idleSteps takes the demand from some steps and the roundness from loads, and reports how many steps want nothing.
func idleSteps(r *rand.Rand, d *coalDoc) (idle int) {
	if r.IntN(2) == 0 {
		restep(r, d.Start, &d.StepH, machines(d.Units, func(u *coalUnitDoc) *machineDoc { return &u.machineDoc }))
	}
	for i := range d.Units {
		u := &d.Units[i]
		u.Available = nil
		u.MinMW, u.MaxMW, u.MaxHeat = u.MinMW+r.Float64(), u.MaxMW+r.Float64(), u.MaxHeat*r.Float64()
		u.LowLoad = u.MinMW + 20*r.Float64()
	}
	for i := range d.Demand {
		w := &d.Demand[i]
		w.Min, w.Max, w.Heat = w.Min+r.Float64(), w.Max+1, w.Heat*r.Float64()
		if r.IntN(2) == 0 {
			w.Min, w.Heat = 0, 0
			idle++
		}
	}
	return idle
}

func TestBruteForceCoal(t *testing.T) {
	none, idle := 0, 0
	for seed := range uint64(80) {
		r := rand.New(rand.NewPCG(seed, 3))
		d := drawCoal(r, 1+r.IntN(2), 2+r.IntN(4))
		if seed >= 40 { // with nothing demanded, loads of many digits, tiny steps
			idle += idleSteps(r, d)
		}
		p, text, err := d.read()
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := bruteCoal(d)
		if math.IsInf(want, 1) {
			none++
		}
		if math.IsInf(want, 1) != (got.Status == Infeasible) || got.Objective != nil &&
			math.Abs(want-*got.Objective) > 1e-6*want {
			t.Errorf("seed %d: %s %v, by brute force %.9g\n%s", seed, got.Status, got.Objective, want, text)
		}
	}
	if none == 0 || none > 60 || idle < 20 {
		t.Errorf("%d of 80 infeasible, %d steps without a demand", none, idle)
	}
}

// bruteWaste goes through all that whole tonnes allow. With whole bounds that is enough: given which furnaces are on,
// the tonnes are a flow in a network, the total diverted the capacity of one arc, and a least flow is whole.
func bruteWaste(d *wasteDoc) float64 {
	best, n := math.Inf(1), len(d.Furnaces)
	on := make([][]bool, n)
	var walk func(t, pit, diverted int, sum float64)
	var feed func(t, i, pit, diverted, burnt int, sum float64)
	feed = func(t, i, pit, diverted, burnt int, sum float64) {
		if sum >= best {
			return
		}
		w := last(d.StepWeight, t)
		if i < n {
			f := d.Furnaces[i]
			on[i] = append(on[i][:t], false)
			feed(t, i+1, pit, diverted, burnt, sum)
			on[i][t] = true
			if before := t > 0 && on[i][t-1] || t == 0 && f.InitiallyOn; !before {
				for name, kg := range f.StartKg {
					sum += w * d.Weight[name] * kg
				}
			}
			per := 0.0
			for name, kg := range f.Emission {
				per += w * d.Weight[name] * kg
			}
			for x := int(f.Min); x <= int(f.Max); x++ {
				feed(t, i+1, pit-x, diverted, burnt+x, sum+per*float64(x))
			}
			return
		}
		if float64(burnt)*d.SteamPer < d.SteamMin {
			return
		}
		intake := int(last(d.Intake, t))
		for x := 0; x <= min(int(d.Divert.Max), intake, int(d.Divert.Total)-diverted); x++ {
			walk(t+1, pit+intake-x, diverted+x, sum+w*d.Weight["nox"]*d.Divert.Emission["nox"]*float64(x))
		}
	}
	walk = func(t, pit, diverted int, sum float64) {
		if t > 0 && (pit < int(d.Pit.Min) || pit > int(d.Pit.Max)) {
			return
		}
		if t < d.Steps {
			feed(t, 0, pit, diverted, 0, sum)
			return
		}
		for i, f := range d.Furnaces {
			if checkStates(f.machineDoc, d.Start, d.StepH, on[i]) != nil {
				return
			}
		}
		if pit <= int(d.Pit.End) {
			best = min(best, sum)
		}
	}
	walk(0, int(d.Pit.Level), 0, 0)
	return best
}

func TestBruteForceWaste(t *testing.T) {
	none, bound := 0, 0
	for seed := range uint64(160) {
		r := rand.New(rand.NewPCG(seed, 4))
		d := drawWaste(r, 1+r.IntN(2), 2+r.IntN(3))
		d.StepH = 1
		for i := range d.Furnaces {
			f := &d.Furnaces[i]
			f.Min, f.Max = float64(1+r.IntN(2)), float64(3+r.IntN(2))
			f.MinUpH, f.MinDownH, f.Available = float64(r.IntN(4)), float64(r.IntN(4)), nil
		}
		d.Pit.Min, d.Pit.Level, d.Pit.Max, d.Pit.End = 2, float64(3+r.IntN(3)), float64(6+r.IntN(4)), float64(3+r.IntN(4))
		d.Intake = []float64{float64(1 + r.IntN(6)), float64(r.IntN(6))}
		d.Divert.Max, d.Divert.Total = float64(r.IntN(3)), float64(r.IntN(4))
		d.SteamPer, d.SteamMin = 1, float64(r.IntN(2)*r.IntN(4))
		if seed >= 60 { // more could be diverted than comes in, and often nothing comes
			d.Intake = []float64{float64(r.IntN(3)), float64(r.IntN(3)), 0}[:2+r.IntN(2)]
			if len(d.Intake) > d.Steps {
				d.Intake = d.Intake[:d.Steps]
			}
			d.Divert.Max, d.Divert.Total, d.Divert.Emission = float64(2+r.IntN(3)), float64(r.IntN(9)),
				map[string]float64{"nox": r.Float64() / 2}
		}
		p, text, err := d.read()
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := bruteWaste(d)
		if math.IsInf(want, 1) {
			none++
		}
		for t, s := range got.Plan {
			bound += b2i(s.DivertTH > 0 && s.DivertTH == last(d.Intake, t) && d.Divert.Max > s.DivertTH)
		}
		if math.IsInf(want, 1) != (got.Status == Infeasible) || got.Objective != nil &&
			math.Abs(want-*got.Objective) > 1e-6*want+1e-9 {
			t.Errorf("seed %d: %s %v, by brute force %.9g\n%s", seed, got.Status, got.Objective, want, text)
		}
	}
	if none == 0 || none > 120 || bound < 20 {
		t.Errorf("%d of 160 infeasible, all that comes in diverted in %d steps", none, bound)
	}
}

// Of plans that emit the same the one with less coal is taken, and of those the one with fewer starts.
func TestTies(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	d := drawCoal(r, 2, 6)
	u := d.Units[0]
	u.machineDoc = machineDoc{Name: "A", InitiallyOn: true, Hours: 100}
	u.MinMW, u.MaxMW, u.LowLoad, u.StartCoalT = 100, 300, 0, 0
	v := u
	v.Name, v.InitiallyOn = "B", false
	d.Units, d.Demand = []coalUnitDoc{u, v}, []demandDoc{{150, 200, 0}}
	solve := func() *CoalResult {
		p, _, err := d.read()
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil || got.Status != Optimal {
			t.Fatal(err, got)
		}
		return got
	}
	for i, s := range solve().Plan {
		if !s.Units[0].On || s.Units[1].On {
			t.Errorf("step %d: %+v, though A runs already and B would have to be started", i, s.Units)
		}
	}
	// B burns a tenth less and emits a ninth more of a tonne: the same emission.
	w := &d.Units[1]
	w.Coal.Constant, w.Coal.PerMW, w.Coal.PerMW2 = 0.9*w.Coal.Constant, 0.9*w.Coal.PerMW, 0.9*w.Coal.PerMW2
	w.Emission = map[string]float64{}
	for name, f := range u.Emission {
		w.Emission[name] = f / 0.9
	}
	for i, s := range solve().Plan {
		if s.Units[0].On || !s.Units[1].On {
			t.Errorf("step %d: %+v, though B burns less for the same emission", i, s.Units)
		}
	}
}

// A limit that is too short for the proof leaves a plan with an honest gap.
func TestTimeLimit(t *testing.T) {
	d := bigCoal(2, 12, 168)
	p, _, err := d.read()
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Solve(t.Context(), Options{TimeLimit: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != Feasible || *got.Gap <= OptimalGap || *got.Bound >= *got.Objective {
		t.Errorf("%s with gap %g", got.Status, *got.Gap)
	}
	if sum, err := checkCoal(d, got); err != nil || math.Abs(sum-*got.Objective) > 1e-9*sum {
		t.Error(err, sum, *got.Objective)
	}
}

// What limits a plan is said in words, with the stretch of time; and the baseline is what the given loads would burn.
func TestWordsAndBaseline(t *testing.T) {
	p, err := ParseCoal([]byte(smallCoal))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Solve(t.Context(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(r.Binding, "\n"); !strings.Contains(got, "供热需求: 2016-12-16 20:00–23:00") ||
		!strings.Contains(got, "电力下限") {
		t.Error(got)
	}
	if got := strings.Join(r.BindingIn("en"), "\n"); !strings.Contains(got, "heat demand: 2016-12-16 20:00–23:00") {
		t.Error(got)
	}
	burnt := 3 * (12 + 0.38*260 + 0.00005*260*260 + 0.045*300)
	if math.Abs(*r.Baseline.CoalT-burnt) > 1e-9 || math.Abs(r.Baseline.Kg["so2"]-0.113*burnt) > 1e-9 ||
		math.Abs(*r.Saved.CoalT-(burnt-*r.Totals.CoalT)) > 1e-9 {
		t.Errorf("baseline %v, saved %v", *r.Baseline.CoalT, *r.Saved.CoalT)
	}
}
