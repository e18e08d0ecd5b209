package allocate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The problem and the result as a reader of the issue knows them, decoded apart from the package's own types.
type coalDoc struct {
	Start  time.Time            `json:"start"`
	StepH  float64              `json:"step_h"`
	Steps  int                  `json:"steps"`
	Units  []coalUnitDoc        `json:"units"`
	Demand []demandDoc          `json:"demand"`
	Weight map[string]float64   `json:"weight_per_kg"`
	Base   map[string][]float64 `json:"baseline_mw,omitempty"`
}

type machineDoc struct {
	Name        string      `json:"name"`
	InitiallyOn bool        `json:"initially_on"`
	Hours       float64     `json:"hours_in_state"`
	MinUpH      float64     `json:"min_up_h"`
	MinDownH    float64     `json:"min_down_h"`
	Available   []windowDoc `json:"available"`
}

type windowDoc struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type coalUnitDoc struct {
	machineDoc
	MinMW      float64 `json:"min_mw"`
	MaxMW      float64 `json:"max_mw"`
	StartCoalT float64 `json:"start_coal_t"`
	Coal       struct {
		Constant float64 `json:"constant"`
		PerMW    float64 `json:"per_mw"`
		PerMW2   float64 `json:"per_mw2"`
		PerGJ    float64 `json:"per_gj"`
	} `json:"coal_t_per_h"`
	MaxHeat   float64            `json:"max_heat_gj_h"`
	Lost      float64            `json:"mw_lost_per_gj_h"`
	Emission  map[string]float64 `json:"emission_kg_per_t_coal"`
	LowLoad   float64            `json:"low_load_mw"`
	LowFactor float64            `json:"low_load_nox_factor"`
}

type demandDoc struct {
	Min  float64 `json:"power_min_mw"`
	Max  float64 `json:"power_max_mw"`
	Heat float64 `json:"heat_gj_h"`
}

func last[T any](v []T, i int) T { return v[min(i, len(v)-1)] }

// checkStates goes hour by hour through when a machine is on, and says what is wrong.
func checkStates(m machineDoc, start time.Time, stepH float64, on []bool) error {
	state, since := m.InitiallyOn, -m.Hours
	for t, now := range on {
		hour := float64(t) * stepH
		if now != state {
			least := m.MinDownH
			if state {
				least = m.MinUpH
			}
			if hour-since < least-1e-9 {
				return fmt.Errorf("%s changes at hour %g after %g of %g hours", m.Name, hour, hour-since, least)
			}
			state, since = now, hour
		}
		if !now || len(m.Available) == 0 {
			continue
		}
		for minute := 0.5; minute < stepH*60; minute++ {
			at, ok := start.Add(time.Duration((hour*60+minute)*float64(time.Minute))), false
			for _, w := range m.Available {
				ok = ok || !at.Before(w.From) && at.Before(w.To)
			}
			if !ok {
				return fmt.Errorf("%s runs at %s, when it may not", m.Name, at)
			}
		}
	}
	return nil
}

// checkCoal is the slow and obvious check of a plan. It returns the objective of the plan.
func checkCoal(d *coalDoc, r *CoalResult) (objective float64, err error) {
	if len(r.Plan) != d.Steps {
		return 0, fmt.Errorf("%d steps", len(r.Plan))
	}
	on, kg, coal := make([][]bool, len(d.Units)), map[string]float64{}, 0.0
	for t, s := range r.Plan {
		if want := d.Start.Add(time.Duration(math.Round(float64(t) * d.StepH * float64(time.Hour)))); !s.At.Equal(want) {
			return 0, fmt.Errorf("step %d at %s", t, s.At)
		}
		power, heat := 0.0, 0.0
		for i, u := range d.Units {
			l := s.Units[i]
			burnt := 0.0
			if l.Name != u.Name || !l.On && (l.MW != 0 || l.HeatGJH != 0 || l.CoalT != 0) {
				return 0, fmt.Errorf("step %d: %+v", t, l)
			}
			if l.On {
				if l.MW < u.MinMW-1e-9 || l.HeatGJH < -1e-9 || l.HeatGJH > u.MaxHeat+1e-6 || l.MW > u.MaxMW-u.Lost*l.HeatGJH+1e-6 {
					return 0, fmt.Errorf("step %d: %+v out of range", t, l)
				}
				run := d.StepH * (u.Coal.Constant + u.Coal.PerMW*l.MW + u.Coal.PerMW2*l.MW*l.MW + u.Coal.PerGJ*l.HeatGJH)
				before := u.InitiallyOn
				if t > 0 {
					before = r.Plan[t-1].Units[i].On
				}
				burnt = run
				if !before {
					burnt += u.StartCoalT
				}
				for name, f := range u.Emission {
					kg[name] += f * burnt
				}
				if l.MW < u.LowLoad {
					kg["nox"] += u.Emission["nox"] * (u.LowFactor - 1) * run
				}
			}
			if math.Abs(burnt-l.CoalT) > 1e-6 {
				return 0, fmt.Errorf("step %d: %+v burns %g", t, l, burnt)
			}
			coal += burnt
			power, heat = power+l.MW, heat+l.HeatGJH
			on[i] = append(on[i], l.On)
		}
		if w := last(d.Demand, t); power < w.Min-1e-6 || power > w.Max+1e-6 || math.Abs(heat-w.Heat) > 1e-6 {
			return 0, fmt.Errorf("step %d: %g MW and %g GJ/h for %+v", t, power, heat, w)
		}
	}
	for i, u := range d.Units {
		if err := checkStates(u.machineDoc, d.Start, d.StepH, on[i]); err != nil {
			return 0, err
		}
	}
	for name, v := range kg {
		objective += d.Weight[name] * v
		if math.Abs(v-r.Totals.Kg[name]) > 1e-6*(1+v) {
			return 0, fmt.Errorf("%g kg of %s, reported %g", v, name, r.Totals.Kg[name])
		}
	}
	if math.Abs(coal-*r.Totals.CoalT) > 1e-6*(1+coal) {
		return 0, fmt.Errorf("%g t of coal, reported %g", coal, *r.Totals.CoalT)
	}
	return objective, nil
}

var drawStart = time.Date(2016, 12, 16, 20, 0, 0, 0, time.FixedZone("", 8*3600))

func drawMachine(r *rand.Rand, i int, stepH float64, steps int) machineDoc {
	m := machineDoc{Name: fmt.Sprintf("%d#", i+1), InitiallyOn: r.IntN(2) == 0, Hours: float64(r.IntN(12)),
		MinUpH: float64(r.IntN(7)) * stepH / 2, MinDownH: float64(r.IntN(7)) * stepH / 2}
	if r.IntN(4) == 0 { // what may run has to be allowed to go on running
		from := r.IntN(steps)
		if m.InitiallyOn {
			from = 0
			m.Hours = 48
		}
		to := from + 1 + r.IntN(steps)
		m.Available = []windowDoc{{drawStart.Add(hours(float64(from) * stepH)), drawStart.Add(hours(float64(to) * stepH))}}
	}
	return m
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

// drawCoal draws a problem small enough for the other solver, with demands between what few and what all units can do.
func drawCoal(r *rand.Rand, units, steps int) *coalDoc {
	d := &coalDoc{Start: drawStart, StepH: []float64{1, 1, 2, 4}[r.IntN(4)], Steps: steps,
		Weight: map[string]float64{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587}}
	square := r.IntN(3) > 0
	top, most, least := 0.0, 0.0, math.Inf(1)
	for i := range units {
		u := coalUnitDoc{machineDoc: drawMachine(r, i, d.StepH, steps)}
		u.MaxMW = float64(100 + r.IntN(250))
		u.MinMW = math.Round(u.MaxMW * (0.3 + 0.2*r.Float64()))
		u.StartCoalT = float64(r.IntN(60))
		u.Coal.Constant, u.Coal.PerMW, u.Coal.PerGJ = 5+10*r.Float64(), 0.3+0.1*r.Float64(), 0.03+0.03*r.Float64()
		if square {
			u.Coal.PerMW2 = 0.0003 * r.Float64()
		}
		u.MaxHeat, u.Lost = float64(r.IntN(900)), 0.1*r.Float64()
		u.Emission = map[string]float64{"so2": 0.1 + 0.05*r.Float64(), "nox": 0.2 + 0.2*r.Float64(), "pm": 0.01}
		u.LowLoad, u.LowFactor = math.Round(u.MinMW*(0.9+0.5*r.Float64())), 1+0.6*r.Float64()
		d.Units = append(d.Units, u)
		top, most, least = top+u.MaxMW, most+u.MaxHeat, min(least, u.MinMW)
	}
	level := 0.2 + 0.5*r.Float64()
	for range 1 + r.IntN(steps) {
		low := top * (level + 0.35*(r.Float64()-0.5))
		low = max(0, math.Round(low))
		d.Demand = append(d.Demand, demandDoc{low, low + math.Round(top*0.4*r.Float64()) + 5,
			math.Round(most * 0.5 * r.Float64() * r.Float64())})
	}
	return d
}

// read is a drawn problem as the package reads it.
func (d *coalDoc) read() (*Coal, []byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, nil, err
	}
	p, err := ParseCoal(text)
	return p, text, err
}
