package allocate

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// sharedProblem is a problem of the shared data.
func sharedProblem(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "allocate", name))
	if err != nil {
		t.Skip("left out: the shared data folder is absent")
	}
	return text
}

// plainUnit is a unit whose figures are round, on before the first step and free to change.
func plainUnit(name string, least, most float64) coalUnitDoc {
	u := coalUnitDoc{machineDoc: machineDoc{Name: name, InitiallyOn: true, Hours: 100, MinUpH: 1, MinDownH: 1},
		MinMW: least, MaxMW: most, StartCoalT: 20, MaxHeat: 500, Lost: 0.05, LowLoad: 0, LowFactor: 1,
		Emission: map[string]float64{"so2": 0.1, "nox": 0.3, "pm": 0.01}}
	u.Coal.Constant, u.Coal.PerMW, u.Coal.PerGJ = 10, 0.4, 0.05
	return u
}

func plainCoal(steps int, want []demandDoc, units ...coalUnitDoc) *coalDoc {
	return &coalDoc{Start: drawStart, StepH: 1, Steps: steps, Units: units, Demand: want,
		Weight: map[string]float64{"so2": 1, "nox": 1, "pm": 1}}
}

// Where nothing is demanded nothing runs, whatever the units are, and what a unit is bound to burn it burns.
func TestNothingDemanded(t *testing.T) {
	off := plainUnit("off", 100, 300)
	off.InitiallyOn = false
	bound := plainUnit("bound", 100, 300)
	bound.Hours, bound.MinUpH = 0, 2
	hot := plainUnit("hot", 100, 300)
	hot.MaxHeat = 0
	none := plainUnit("none", 0, 0)
	none.MaxHeat, none.Lost = 0, 0
	for _, c := range []struct {
		what   string
		d      *coalDoc
		burnt  float64 // t
		status Status
	}{
		{"on, may stop", plainCoal(2, []demandDoc{{0, 300, 0}}, plainUnit("on", 100, 300)), 0, Optimal},
		{"no window at all", plainCoal(2, []demandDoc{{0, 0, 0}}, plainUnit("on", 100, 300)), 0, Optimal},
		{"off", plainCoal(2, []demandDoc{{0, 300, 0}}, off), 0, Optimal},
		{"no heat to give", plainCoal(2, []demandDoc{{0, 300, 0}}, hot), 0, Optimal},
		{"a unit of nothing", plainCoal(2, []demandDoc{{0, 0, 0}}, none), 0, Optimal},
		{"several", plainCoal(3, []demandDoc{{0, 600, 0}}, off, plainUnit("on", 100, 300), hot), 0, Optimal},
		{"bound to run on", plainCoal(3, []demandDoc{{0, 300, 0}}, bound), 2 * (10 + 0.4*100), Optimal},
		{"bound to run on, and no power may be given", plainCoal(3, []demandDoc{{0, 0, 0}}, bound), 0, Infeasible},
		{"nothing between two demands", plainCoal(3, []demandDoc{{150, 300, 0}, {0, 300, 0}, {150, 300, 0}},
			plainUnit("on", 100, 300)), 2*(10+0.4*150) + 20, Optimal},
		{"heat without a load", plainCoal(1, []demandDoc{{0, 300, 100}}, plainUnit("on", 0, 300)), 10 + 0.05*100, Optimal},
		{"power without heat", plainCoal(1, []demandDoc{{100, 300, 0}}, plainUnit("on", 0, 300)), 10 + 0.4*100, Optimal},
	} {
		t.Run(c.what, func(t *testing.T) {
			p, text, err := c.d.read()
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Solve(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != c.status {
				t.Fatalf("%s\n%s", r.Status, text)
			}
			if c.status == Infeasible {
				return
			}
			if _, err := checkCoal(c.d, r); err != nil || math.Abs(*r.Totals.CoalT-c.burnt) > 1e-9 || *r.Gap > OptimalGap {
				t.Errorf("%g t, want %g; gap %g; %v", *r.Totals.CoalT, c.burnt, *r.Gap, err)
			}
		})
	}
}

// The same of waste: with no intake and a pit that may stay as it is nothing burns.
func TestNothingToBurn(t *testing.T) {
	for _, c := range []struct {
		what   string
		change func(*wasteDoc)
		burnt  float64 // t
	}{
		{"no intake", func(*wasteDoc) {}, 0},
		{"an empty pit of no room", func(d *wasteDoc) { d.Pit.Level, d.Pit.Min, d.Pit.Max, d.Pit.End = 0, 0, 0, 0 }, 0},
		{"furnaces of nothing", func(d *wasteDoc) { d.Furnaces[0].Min, d.Furnaces[0].Max = 0, 0 }, 0},
		{"steam from nothing", func(d *wasteDoc) { d.SteamPer = 0 }, 0},
		{"the least is bound to be burnt", func(d *wasteDoc) { d.Furnaces[0].Hours, d.Furnaces[0].MinUpH = 0, 4 }, 4 * 5},
	} {
		t.Run(c.what, func(t *testing.T) {
			d := drawWaste(rand.New(rand.NewPCG(1, 1)), 1, 3)
			d.StepH, d.Intake, d.StepWeight, d.SteamMin, d.SteamPer = 2, []float64{0}, []float64{1}, 0, 2
			d.Furnaces[0] = furnaceDoc{machineDoc: machineDoc{Name: "1#", InitiallyOn: true, Hours: 100}, Min: 5, Max: 10,
				Emission: d.Furnaces[0].Emission, StartKg: d.Furnaces[0].StartKg}
			d.Pit.Min, d.Pit.Level, d.Pit.Max, d.Pit.End = 0, 30, 40, 40
			d.Divert.Max, d.Divert.Total = 0, 0
			c.change(d)
			p, text, err := d.read()
			if err != nil {
				t.Fatal(err)
			}
			r, err := p.Solve(t.Context(), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if r.Status != Optimal {
				t.Fatalf("%+v\n%s", r.Outcome, text)
			}
			if _, err := checkWaste(d, r); err != nil || math.Abs(*r.Totals.FeedT-c.burnt) > 1e-9 {
				t.Errorf("%g t, want %g: %v", *r.Totals.FeedT, c.burnt, err)
			}
		})
	}
}

// No more can be diverted in a step than comes in, though the way out is wider and diverting emits less than burning.
func TestNoMoreIsDivertedThanComesIn(t *testing.T) {
	for _, c := range []struct {
		most    float64 // t/h that the furnace burns
		burnt   float64 // t; none without a plan
		shortBy float64 // t of the level at the end
	}{{10, 30, 0}, {6, 30, 0}, {5, 0, 5}} {
		d := drawWaste(rand.New(rand.NewPCG(1, 1)), 1, 5)
		d.StepH, d.Intake, d.StepWeight, d.SteamMin, d.Weight = 1, []float64{4}, []float64{1}, 0, map[string]float64{"nox": 1}
		d.Furnaces[0] = furnaceDoc{machineDoc: machineDoc{Name: "1#", InitiallyOn: true, Hours: 100}, Max: c.most,
			Emission: map[string]float64{"so2": 0, "nox": 8, "pm": 0, "hcl": 0}, StartKg: map[string]float64{}}
		d.Pit.Min, d.Pit.Level, d.Pit.Max, d.Pit.End = 0, 50, 50, 20
		d.Divert.Max, d.Divert.Total, d.Divert.Emission = 1000, 1000, map[string]float64{"nox": 1}
		p, _, err := d.read()
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Solve(t.Context(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.shortBy > 0 {
			if k := one(t, r.Outcome); k.Constraint != "pit_end" || k.ShortBy == nil || math.Abs(*k.ShortBy-c.shortBy) > 1e-6 {
				t.Errorf("most %g: %s", c.most, k.Text("en"))
			}
			continue
		}
		if sum, err := checkWaste(d, r); err != nil || math.Abs(sum-(20+8*c.burnt)) > 1e-6 ||
			math.Abs(*r.Totals.FeedT-c.burnt) > 1e-6 {
			t.Errorf("most %g: %g for %g t: %v", c.most, sum, *r.Totals.FeedT, err)
		}
		for _, s := range r.Plan {
			if s.DivertTH != 4 {
				t.Errorf("most %g: %g t/h diverted", c.most, s.DivertTH)
			}
		}
	}
}
