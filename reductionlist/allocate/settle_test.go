package allocate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A unit that is best run at its low-load line, at a bound, or at what is just demanded, is run exactly there, however
// many digits that has: a hair below the line its whole load would count at the factor of low load.
func TestLinesAndBoundsOfManyDigits(t *testing.T) {
	third := sharedProblem(t, "third.json")
	for _, line := range []string{"103.333333333", "103.33333333333333", "103.3", "100.000000004", "100.000000006",
		"93.123456789012"} {
		text := strings.Replace(string(third), "103.333333333", line, 1)
		p, err := ParseCoal([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		at := p.units[0].lowLoad
		want := 24 * (10 + 0.4*at + 0.05*200) * 0.95 * (0.1/0.95/0.95 + 0.3/0.95/0.95 + 0.01/2.18/0.95)
		if r.Status != Optimal || *r.Gap > OptimalGap || math.Abs(*r.Objective-want) > 1e-9*want {
			t.Errorf("line %s: %s, %.12g with gap %g, want %.12g", line, r.Status, *r.Objective, *r.Gap, want)
		}
		for _, s := range r.Plan {
			if s.Units[0].MW != at {
				t.Fatalf("line %s: it runs at %v", line, s.Units[0].MW)
			}
		}
	}
}

// What is proved to be best stays so when its figures are put onto bounds and rounded, and no bound or balance gives by
// more than a sum of floating-point numbers does.
func TestSettledPlansKeepTheirProof(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 31))
		d := drawCoal(r, 1+r.IntN(4), 2+r.IntN(8))
		twistCoal(r, d)
		p, text, err := d.read()
		if err != nil {
			continue // a machine that the new times contradict
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Status == Infeasible {
			continue
		}
		if got.Status != Optimal || *got.Gap > OptimalGap {
			t.Errorf("seed %d: %s, gap %g\n%s", seed, got.Status, *got.Gap, text)
		}
		if _, err := checkCoal(d, got); err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, text)
		}
		if err := exactCoal(d, got); err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, text)
		}
	}
}

const sumNoise = 1e-12

func exactCoal(d *coalDoc, r *CoalResult) error {
	for t, s := range r.Plan {
		power, heat, want := 0.0, 0.0, last(d.Demand, t)
		for i, u := range d.Units {
			l := s.Units[i]
			if l.On && (l.MW < u.MinMW || l.HeatGJH < 0 || l.HeatGJH > u.MaxHeat ||
				l.MW+u.Lost*l.HeatGJH > u.MaxMW*(1+sumNoise)) {
				return fmt.Errorf("step %d: %+v beyond its bounds", t, l)
			}
			power, heat = power+l.MW, heat+l.HeatGJH
		}
		if power < want.Min*(1-sumNoise) || power > want.Max*(1+sumNoise)+sumNoise ||
			math.Abs(heat-want.Heat) > sumNoise*want.Heat {
			return fmt.Errorf("step %d: %.17g MW and %.17g GJ/h for %+v", t, power, heat, want)
		}
	}
	return nil
}

func TestSettledWasteKeepsItsProof(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 32))
		d := drawWaste(r, 1+r.IntN(3), 2+r.IntN(8))
		twistWaste(r, d)
		p, text, err := d.read()
		if err != nil {
			continue
		}
		if f := p.search(0, patience{}); f.row == nil {
			continue
		}
		got, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Status != Optimal || *got.Gap > OptimalGap {
			t.Errorf("seed %d: %s, gap %g\n%s", seed, got.Status, *got.Gap, text)
		}
		if sum, err := checkWaste(d, got); err != nil || math.Abs(sum-*got.Objective) > 1e-12*sum {
			t.Errorf("seed %d: %v, %.15g for %.15g\n%s", seed, err, sum, *got.Objective, text)
		}
		if err := exactWaste(d, got); err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, text)
		}
	}
}

func exactWaste(d *wasteDoc, r *WasteResult) error {
	pit, diverted := d.Pit.Level, 0.0
	for t, s := range r.Plan {
		feed, intake := 0.0, last(d.Intake, t)
		for i, f := range d.Furnaces {
			if l := s.Furnaces[i]; l.On && (l.FeedTPH < f.Min || l.FeedTPH > f.Max) {
				return fmt.Errorf("step %d: %+v beyond its bounds", t, l)
			}
			feed += s.Furnaces[i].FeedTPH
		}
		noise := sumNoise * (pit + d.StepH*(intake+feed))
		pit += d.StepH * (intake - s.DivertTH - feed)
		diverted += d.StepH * s.DivertTH
		most := d.Pit.Max
		if t == d.Steps-1 {
			most = min(most, d.Pit.End)
		}
		switch {
		case s.DivertTH < 0 || s.DivertTH > min(d.Divert.Max, intake):
			return fmt.Errorf("step %d: %g t/h diverted", t, s.DivertTH)
		case math.Abs(s.PitT-pit) > noise || pit < d.Pit.Min-noise || pit > most+noise:
			return fmt.Errorf("step %d: the pit holds %.17g t, reported %.17g, between %g and %g", t, pit, s.PitT,
				d.Pit.Min, most)
		case feed*d.SteamPer < d.SteamMin*(1-sumNoise):
			return fmt.Errorf("step %d: feed %.17g", t, feed)
		}
		pit = s.PitT
	}
	if diverted > d.Divert.Total*(1+sumNoise)+sumNoise {
		return fmt.Errorf("%.17g t diverted of %.17g", diverted, d.Divert.Total)
	}
	return nil
}

// A plant of milligrams is answered as one of tonnes is, with the same proof.
func TestMilligramsAreTonnes(t *testing.T) {
	const milligram = 1. / (1 << 30)
	compared := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 33))
		d := drawWaste(r, 1+r.IntN(3), 3+r.IntN(6))
		for i := range d.Furnaces {
			d.Furnaces[i].StartKg = map[string]float64{}
		}
		solve := func() *WasteResult {
			p, text, err := d.read()
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			got, err := p.Solve(t.Context(), Options{})
			if err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
			return got
		}
		tonnes := solve()
		for i := range d.Furnaces {
			d.Furnaces[i].Min *= milligram
			d.Furnaces[i].Max *= milligram
		}
		for i := range d.Intake {
			d.Intake[i] *= milligram
		}
		for _, v := range []*float64{&d.Pit.Level, &d.Pit.Min, &d.Pit.Max, &d.Pit.End, &d.Divert.Max, &d.Divert.Total,
			&d.SteamMin} {
			*v *= milligram
		}
		small := solve()
		if small.Status != tonnes.Status {
			t.Fatalf("seed %d: %s, in tonnes %s", seed, small.Status, tonnes.Status)
		}
		if tonnes.Status != Infeasible {
			compared++
			if want := *tonnes.Objective * milligram; math.Abs(*small.Objective-want) > 2*OptimalGap*want {
				t.Errorf("seed %d: %g, in tonnes it would be %g", seed, *small.Objective, want)
			}
		}
	}
	if compared < 20 {
		t.Errorf("%d compared", compared)
	}
}
