package allocate

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// bigCoal is a plant of twelve units over a week, with the demand of winter days.
func bigCoal(seed uint64, units, steps int) *coalDoc {
	r := rand.New(rand.NewPCG(seed, 99))
	d := &coalDoc{Start: drawStart, StepH: 1, Steps: steps,
		Weight: map[string]float64{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587}}
	top, most := 0.0, 0.0
	for i := range units {
		u := coalUnitDoc{machineDoc: machineDoc{Name: string(rune('A' + i)), InitiallyOn: r.IntN(3) > 0, Hours: 100,
			MinUpH: float64(4 + r.IntN(8)), MinDownH: float64(4 + r.IntN(8))}}
		u.MaxMW = 300
		u.MinMW = float64(110 + 10*r.IntN(4))
		u.StartCoalT = float64(30 + r.IntN(60))
		u.Coal.Constant, u.Coal.PerMW, u.Coal.PerMW2, u.Coal.PerGJ = 11+2*r.Float64(), 0.37+0.02*r.Float64(), 0.00005, 0.045
		u.MaxHeat, u.Lost = float64(700+100*r.IntN(3)), 0.05
		u.Emission = map[string]float64{"so2": 0.113, "nox": 0.24 + 0.07*r.Float64(), "pm": 0.0099}
		u.LowLoad, u.LowFactor = u.MinMW+15, 1.4
		d.Units = append(d.Units, u)
		top, most = top+u.MaxMW, most+u.MaxHeat
	}
	for t := range steps {
		day := math.Sin(float64(t)/24*2*math.Pi) + 0.4*math.Sin(float64(t)/12*2*math.Pi)
		low := math.Round(top * (0.5 + 0.14*day + 0.03*r.Float64()))
		d.Demand = append(d.Demand, demandDoc{low, low + 120, math.Round(most * (0.42 - 0.1*day + 0.04*r.Float64()))})
	}
	return d
}

// What the issue asks of twelve units over a week: a proven gap of 0.5 % in 30 s.
func TestBigCoal(t *testing.T) {
	for seed := range uint64(bigSeeds()) {
		p, _, err := bigCoal(seed, 12, 168).read()
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		r, err := p.Solve(t.Context(), Options{TimeLimit: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("12 units × 168 steps: %s in %s, gap %.2g", r.Status, time.Since(begin).Round(time.Millisecond), *r.Gap)
		if *r.Gap > 0.005 {
			t.Errorf("gap %g", *r.Gap)
		}
	}
}

// bigSeeds is one in make test, and all there are with the whole proof.
func bigSeeds() int {
	if *proofN < 100 {
		return 1
	}
	return 4
}

// bigWaste is a plant of eight furnaces over a fortnight.
func bigWaste(seed uint64, furnaces, steps int) *wasteDoc {
	r := rand.New(rand.NewPCG(seed, 98))
	d := &wasteDoc{Start: drawStart, StepH: 4, Steps: steps,
		Weight: map[string]float64{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587, "hcl": 0.093}}
	most := 0.0
	for i := range furnaces {
		f := furnaceDoc{machineDoc: machineDoc{Name: string(rune('A' + i)), InitiallyOn: r.IntN(4) > 0, Hours: 500,
			MinUpH: float64(24 + 12*r.IntN(4)), MinDownH: float64(12 + 12*r.IntN(3))}}
		f.Max = 25 + math.Round(10*r.Float64())
		f.Min = math.Round(f.Max * 0.65)
		f.Emission = map[string]float64{"so2": 0.05 + 0.03*r.Float64(), "nox": 0.35 + 0.2*r.Float64(), "pm": 0.02,
			"hcl": 0.03}
		f.StartKg = map[string]float64{"nox": 30 + 50*r.Float64(), "so2": 10}
		d.Furnaces = append(d.Furnaces, f)
		most += f.Max
	}
	d.Pit.Min, d.Pit.Max = 4000, 4000+most*100
	d.Pit.Level, d.Pit.End = 4000+most*25, 4000+most*60
	for t := range steps {
		d.Intake = append(d.Intake, math.Round(most*(0.72+0.15*math.Sin(float64(t)/6*2*math.Pi)+0.05*r.Float64())))
	}
	d.Divert.Max, d.Divert.Emission, d.Divert.Total = most*0.1, map[string]float64{"nox": 0.6}, most*0.1*4*float64(steps)/4
	d.SteamPer, d.SteamMin = 2.3, 2.3*most*0.2
	for range steps / 3 {
		d.StepWeight = append(d.StepWeight, 1)
	}
	d.StepWeight = append(d.StepWeight, 0.2)
	return d
}

// The same of eight furnaces over a fortnight.
func TestBigWaste(t *testing.T) {
	for seed := range uint64(bigSeeds()) {
		p, _, err := bigWaste(seed, 8, 90).read()
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		r, err := p.Solve(t.Context(), Options{TimeLimit: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("8 furnaces × 90 steps: %s in %s, gap %.2g", r.Status, time.Since(begin).Round(time.Millisecond), *r.Gap)
		if *r.Gap > 0.005 {
			t.Errorf("gap %g", *r.Gap)
		}
	}
}
