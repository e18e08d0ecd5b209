package allocate

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// wild draws a number that is often an edge: nothing, next to nothing, a great deal, or one of many digits.
func wild(r *rand.Rand, usual float64) float64 {
	switch r.IntN(12) {
	case 0, 1:
		return 0
	case 2:
		return usual
	case 3:
		return usual * 1e-6
	case 4:
		return min(1e9, usual*1e4)
	case 5:
		return math.Round(usual)
	}
	return usual * 2 * r.Float64()
}

func wildMachine(r *rand.Rand, i int, stepH float64, steps int) machineDoc {
	h := func() float64 { return []float64{0, stepH / 2, stepH, 2.5 * stepH, 5 * stepH, 1e4}[r.IntN(6)] }
	m := machineDoc{Name: fmt.Sprintf("m%d", i), InitiallyOn: r.IntN(2) == 0, Hours: h(), MinUpH: h(), MinDownH: h()}
	if r.IntN(4) == 0 {
		from := float64(r.IntN(steps)) * r.Float64()
		to := from + float64(1+r.IntN(steps))
		m.Available = []windowDoc{{drawStart.Add(hours(from * stepH)), drawStart.Add(hours(to * stepH))}}
		if r.IntN(2) == 0 {
			m.Available = append(m.Available,
				windowDoc{drawStart.Add(hours((to + 0.4) * stepH)), drawStart.Add(hours((to + 3) * stepH))})
		}
	}
	return m
}

func wildWaste(r *rand.Rand, furnaces, steps int) *wasteDoc {
	d := &wasteDoc{Start: drawStart, StepH: []float64{1. / 60, 0.1, 1, 4, 24}[r.IntN(5)], Steps: steps,
		Weight: map[string]float64{"so2": wild(r, 1), "nox": 1e-6 + wild(r, 1), "pm": wild(r, 1), "hcl": wild(r, 1)}}
	most := 0.0
	for i := range furnaces {
		f := furnaceDoc{machineDoc: wildMachine(r, i, d.StepH, steps), Max: wild(r, 25), StartKg: map[string]float64{},
			Emission: map[string]float64{"so2": wild(r, .5), "nox": wild(r, .5), "pm": wild(r, .5), "hcl": wild(r, .5)}}
		f.Min = f.Max * []float64{0, 0.5, 0.93, 1}[r.IntN(4)]
		if r.IntN(2) == 0 {
			f.StartKg = map[string]float64{"nox": wild(r, 50), "so2": 1}
		}
		d.Furnaces = append(d.Furnaces, f)
		most += min(f.Max, 100)
	}
	span := most * d.StepH * float64(steps)
	d.Pit.Min = wild(r, span/4)
	d.Pit.Max = d.Pit.Min + wild(r, span/3)
	d.Pit.Level = d.Pit.Min + (d.Pit.Max-d.Pit.Min)*[]float64{0, r.Float64(), 1}[r.IntN(3)]
	d.Pit.End = d.Pit.Min + (d.Pit.Max-d.Pit.Min)*[]float64{0, r.Float64(), 1}[r.IntN(3)]
	for range 1 + r.IntN(steps) {
		d.Intake = append(d.Intake, most*r.Float64()*[]float64{0, 1, 1}[r.IntN(3)])
	}
	d.Divert.Max, d.Divert.Emission = wild(r, most/4), map[string]float64{"nox": wild(r, 1)}
	d.Divert.Total = wild(r, span/10)
	d.SteamPer = wild(r, 2)
	if r.IntN(3) == 0 {
		d.SteamMin = wild(r, most/2)
	}
	for range 1 + r.IntN(steps) {
		d.StepWeight = append(d.StepWeight, wild(r, 1))
	}
	return d
}

func wildCoal(r *rand.Rand, units, steps int) *coalDoc {
	d := &coalDoc{Start: drawStart, StepH: []float64{1. / 60, 0.1, 1, 4, 24}[r.IntN(5)], Steps: steps,
		Weight: map[string]float64{"so2": wild(r, 1), "nox": 1e-6 + wild(r, 1), "pm": wild(r, 1)}}
	top, most := 0.0, 0.0
	for i := range units {
		u := coalUnitDoc{machineDoc: wildMachine(r, i, d.StepH, steps), MaxMW: wild(r, 300), StartCoalT: wild(r, 30),
			MaxHeat: wild(r, 500), Lost: wild(r, 0.05), LowFactor: 1 + wild(r, 0.3),
			Emission: map[string]float64{"so2": wild(r, .1), "nox": wild(r, .3), "pm": wild(r, .01)}}
		u.MinMW = u.MaxMW * []float64{0, 0.3, 0.93, 1}[r.IntN(4)]
		u.LowLoad = u.MinMW + (u.MaxMW-u.MinMW)*[]float64{-0.1, 0, r.Float64(), 1, 1.1}[r.IntN(5)]
		u.LowLoad = max(0, u.LowLoad)
		u.Coal.Constant, u.Coal.PerMW, u.Coal.PerMW2, u.Coal.PerGJ = wild(r, 10), wild(r, .4), wild(r, 5e-5), wild(r, .05)
		d.Units = append(d.Units, u)
		top, most = top+min(u.MaxMW, 1000), most+min(u.MaxHeat, 2000)
	}
	for range 1 + r.IntN(steps) {
		w := demandDoc{Min: top * r.Float64() * []float64{0, 0.5, 0.9}[r.IntN(3)],
			Heat: most * r.Float64() * []float64{0, 0.3, 0.6}[r.IntN(3)]}
		w.Max = w.Min + top*[]float64{0, 0.2, 1}[r.IntN(3)]
		d.Demand = append(d.Demand, w)
	}
	return d
}
