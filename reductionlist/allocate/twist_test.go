package allocate

import (
	"math/rand/v2"
	"time"
)

// twistCoal turns a drawn problem towards an edge: nothing demanded, loads that are no round numbers, tiny steps,
// windows without width, units without heat, and weights and times far from the usual.
func twistCoal(r *rand.Rand, d *coalDoc) {
	odd := func(v float64) float64 { return v * (1 + (r.Float64()-0.5)*1e-3) }
	if r.IntN(3) == 0 {
		restep(r, d.Start, &d.StepH, machines(d.Units, func(u *coalUnitDoc) *machineDoc { return &u.machineDoc }))
	}
	if r.IntN(2) == 0 {
		for i := range d.Units {
			u := &d.Units[i]
			u.MinMW, u.MaxMW, u.MaxHeat = odd(u.MinMW), odd(u.MaxMW), odd(u.MaxHeat)
			switch r.IntN(4) {
			case 0:
				u.LowLoad = u.MinMW
			case 1:
				u.LowLoad = u.MaxMW
			default:
				u.LowLoad = u.MinMW + (u.MaxMW-u.MinMW)*r.Float64()/3
			}
		}
		for i := range d.Demand {
			w := &d.Demand[i]
			w.Min, w.Max, w.Heat = odd(w.Min), odd(w.Max)+1, odd(w.Heat)
		}
	}
	for i := range d.Units {
		switch u := &d.Units[i]; r.IntN(8) {
		case 0:
			u.MaxHeat = 0
		case 1:
			u.Lost = 0
		case 2:
			u.MinMW = 0
		case 3:
			u.MaxMW = u.MinMW
		case 4:
			u.StartCoalT = 0
		case 5:
			u.MinUpH, u.Hours = []float64{0, 1e4}[r.IntN(2)], 2e4
		}
	}
	for i := range d.Demand {
		switch w := &d.Demand[i]; r.IntN(8) {
		case 0, 1:
			w.Min, w.Heat = 0, 0
		case 2:
			w.Min = 0
		case 3:
			w.Heat = 0
		case 4:
			w.Max = w.Min
		}
	}
	switch r.IntN(6) {
	case 0:
		d.Weight = map[string]float64{"nox": 1e-6}
	case 1:
		d.Weight["so2"], d.Weight["pm"] = 0, 0
	case 2:
		d.Units[0].Emission = map[string]float64{"so2": 0, "nox": 0, "pm": 0}
	}
	if r.IntN(6) == 0 { // a toy of kilowatts, or a grid
		scale := []float64{1e-3, 1e3}[r.IntN(2)]
		for i := range d.Units {
			u := &d.Units[i]
			u.MinMW, u.MaxMW, u.MaxHeat, u.LowLoad = u.MinMW*scale, u.MaxMW*scale, u.MaxHeat*scale, u.LowLoad*scale
			u.Coal.PerMW2 /= scale
			u.Coal.Constant *= scale
		}
		for i := range d.Demand {
			w := &d.Demand[i]
			w.Min, w.Max, w.Heat = w.Min*scale, w.Max*scale, w.Heat*scale
		}
	}
}

// twistWaste does the same to waste: an intake, a pit and a way out that bind, furnaces of one load, tiny steps.
func twistWaste(r *rand.Rand, d *wasteDoc) {
	odd := func(v float64) float64 { return v * (1 + (r.Float64()-0.5)*1e-3) }
	if r.IntN(3) == 0 {
		old := d.StepH
		restep(r, d.Start, &d.StepH, machines(d.Furnaces, func(f *furnaceDoc) *machineDoc { return &f.machineDoc }))
		shrink := d.StepH / old
		d.Pit.Level, d.Pit.Max, d.Pit.End = d.Pit.Min+(d.Pit.Level-d.Pit.Min)*shrink, d.Pit.Min+(d.Pit.Max-d.Pit.Min)*shrink,
			d.Pit.Min+(d.Pit.End-d.Pit.Min)*shrink
		d.Divert.Total *= shrink
	}
	if r.IntN(2) == 0 {
		for i := range d.Furnaces {
			f := &d.Furnaces[i]
			f.Min, f.Max = odd(f.Min), odd(f.Max)
		}
		for i := range d.Intake {
			d.Intake[i] = odd(d.Intake[i])
		}
		d.Divert.Max, d.Divert.Total, d.SteamMin = odd(d.Divert.Max), odd(d.Divert.Total), odd(d.SteamMin)
		d.Pit.Max, d.Pit.End = d.Pit.Max+r.Float64(), d.Pit.End+r.Float64()
	}
	for i := range d.Furnaces {
		switch f := &d.Furnaces[i]; r.IntN(8) {
		case 0:
			f.Min = 0
		case 1:
			f.Max = f.Min
		case 2:
			f.StartKg = map[string]float64{}
		case 3:
			f.MinDownH, f.Hours = 1e4, 2e4
		case 4:
			f.StartKg = map[string]float64{"nox": 1e5}
		}
	}
	if r.IntN(3) == 0 { // what comes in may all be diverted, and no more
		d.Divert.Max = 1e3
		for i := range d.Intake {
			d.Intake[i] *= []float64{0, 0.05, 0.3}[r.IntN(3)]
		}
	}
	switch r.IntN(6) {
	case 0:
		d.Pit.Level = d.Pit.Min
	case 1:
		d.Pit.End = d.Pit.Min
	case 2:
		d.Pit.Level = d.Pit.Max
	case 3:
		d.Pit.Min, d.Pit.End = d.Pit.Level, d.Pit.Level
	}
	switch r.IntN(5) {
	case 0:
		d.Divert.Total = 0
	case 1:
		d.Divert.Total = 1e8
	case 2:
		d.Divert.Emission = map[string]float64{}
	}
	if r.IntN(6) == 0 {
		d.Weight = map[string]float64{"so2": 1e-6, "nox": 1e-6, "pm": 1e-6, "hcl": 0}
	}
}

func machines[T any](list []T, of func(*T) *machineDoc) (out []*machineDoc) {
	for i := range list {
		out = append(out, of(&list[i]))
	}
	return out
}

// restep makes the steps tiny, with the times of the machines in proportion.
func restep(r *rand.Rand, start time.Time, stepH *float64, ms []*machineDoc) {
	old := *stepH
	*stepH = []float64{1. / 60, 0.05, 0.25, 1. / 3}[r.IntN(4)]
	k := *stepH / old
	for _, m := range ms {
		m.Hours, m.MinUpH, m.MinDownH = m.Hours*k, m.MinUpH*k, m.MinDownH*k
		for i := range m.Available {
			w := &m.Available[i]
			w.From, w.To = start.Add(time.Duration(float64(w.From.Sub(start))*k)),
				start.Add(time.Duration(float64(w.To.Sub(start))*k))
		}
	}
}
