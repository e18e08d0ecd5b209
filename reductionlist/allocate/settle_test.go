package allocate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// A unit that is best run at its low-load line, at a bound, or at what is just demanded, is run exactly there, however many
// digits that has: a hair below the line its whole load would count at the factor of low load.
func TestLinesAndBoundsOfManyDigits(t *testing.T) {
	third := sharedProblem(t, "third.json")
	for _, line := range []string{"103.333333333", "103.33333333333333", "103.3", "100.000000004", "100.000000006", "93.123456789012"} {
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

// What is proved to be best stays so when its figures are put onto bounds and rounded, and no bound or balance gives by more than a
// sum of floating-point numbers does.
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
			if l.On && (l.MW < u.MinMW || l.HeatGJH < 0 || l.HeatGJH > u.MaxHeat || l.MW+u.Lost*l.HeatGJH > u.MaxMW*(1+sumNoise)) {
				return fmt.Errorf("step %d: %+v beyond its bounds", t, l)
			}
			power, heat = power+l.MW, heat+l.HeatGJH
		}
		if power < want.Min*(1-sumNoise) || power > want.Max*(1+sumNoise)+sumNoise || math.Abs(heat-want.Heat) > sumNoise*want.Heat {
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
			return fmt.Errorf("step %d: the pit holds %.17g t, reported %.17g, between %g and %g", t, pit, s.PitT, d.Pit.Min, most)
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
