package allocate

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// The problem as a reader of the issue knows it, decoded apart from the package's own types.
type wasteDoc struct {
	Start    time.Time    `json:"start"`
	StepH    float64      `json:"step_h"`
	Steps    int          `json:"steps"`
	Furnaces []furnaceDoc `json:"furnaces"`
	Pit      struct {
		Level float64 `json:"level_t"`
		Min   float64 `json:"min_t"`
		Max   float64 `json:"max_t"`
		End   float64 `json:"end_max_t"`
	} `json:"pit"`
	Intake []float64 `json:"intake_t_h"`
	Divert struct {
		Max      float64            `json:"max_t_h"`
		Emission map[string]float64 `json:"emission_kg_per_t"`
		Total    float64            `json:"max_total_t"`
	} `json:"divert"`
	SteamMin   float64            `json:"steam_min_t_h"`
	SteamPer   float64            `json:"steam_per_t_waste"`
	Weight     map[string]float64 `json:"weight_per_kg"`
	StepWeight []float64          `json:"step_weight"`
}

type furnaceDoc struct {
	machineDoc
	Min      float64            `json:"min_t_h"`
	Max      float64            `json:"max_t_h"`
	Emission map[string]float64 `json:"emission_kg_per_t"`
	StartKg  map[string]float64 `json:"start_emission_kg"`
}

// checkWaste is the slow and obvious check of a plan. It returns the objective of the plan.
func checkWaste(d *wasteDoc, r *WasteResult) (objective float64, err error) {
	if len(r.Plan) != d.Steps {
		return 0, fmt.Errorf("%d steps", len(r.Plan))
	}
	on, total := make([][]bool, len(d.Furnaces)), map[string]float64{}
	pit, diverted := d.Pit.Level, 0.0
	for t, s := range r.Plan {
		feed, kg, intake := 0.0, map[string]float64{}, last(d.Intake, t)
		for i, f := range d.Furnaces {
			l := s.Furnaces[i]
			if l.Name != f.Name || !l.On && l.FeedTPH != 0 || l.On && (l.FeedTPH < f.Min-1e-7 || l.FeedTPH > f.Max+1e-7) {
				return 0, fmt.Errorf("step %d: %+v", t, l)
			}
			before := f.InitiallyOn
			if t > 0 {
				before = r.Plan[t-1].Furnaces[i].On
			}
			for name, k := range f.Emission {
				kg[name] += k * l.FeedTPH * d.StepH
			}
			if l.On && !before {
				for name, k := range f.StartKg {
					kg[name] += k
				}
			}
			feed += l.FeedTPH
			on[i] = append(on[i], l.On)
		}
		for name, k := range d.Divert.Emission {
			kg[name] += k * s.DivertTH * d.StepH
		}
		pit += d.StepH * (intake - s.DivertTH - feed)
		diverted += s.DivertTH * d.StepH
		switch {
		case math.Abs(pit-s.PitT) > 1e-4 || pit < d.Pit.Min-1e-4 || pit > d.Pit.Max+1e-4:
			return 0, fmt.Errorf("step %d: the pit holds %g, reported %g", t, pit, s.PitT)
		case s.DivertTH < -1e-9 || s.DivertTH > min(d.Divert.Max, intake)+1e-7:
			return 0, fmt.Errorf("step %d: %g diverted", t, s.DivertTH)
		case feed*d.SteamPer < d.SteamMin-1e-6:
			return 0, fmt.Errorf("step %d: feed %g gives too little steam", t, feed)
		}
		for name, v := range kg {
			total[name] += v
			objective += last(d.StepWeight, t) * d.Weight[name] * v
		}
	}
	if pit > d.Pit.End+1e-4 || diverted > d.Divert.Total+1e-4 {
		return 0, fmt.Errorf("%g t at the end, %g t diverted", pit, diverted)
	}
	for i, f := range d.Furnaces {
		if err := checkStates(f.machineDoc, d.Start, d.StepH, on[i]); err != nil {
			return 0, err
		}
	}
	for name, v := range total {
		if math.Abs(v-r.Totals.Kg[name]) > 1e-6*(1+v) {
			return 0, fmt.Errorf("%g kg of %s, reported %g", v, name, r.Totals.Kg[name])
		}
	}
	return objective, nil
}

// drawWaste draws a problem small enough for the other solver: an episode, after which an emission counts less or as
// some draws have it each step counts something else.
func drawWaste(r *rand.Rand, furnaces, steps int) *wasteDoc {
	d := &wasteDoc{Start: drawStart, StepH: []float64{2, 4, 4, 6}[r.IntN(4)], Steps: steps,
		Weight: map[string]float64{"so2": 1.0526, "nox": 1.0526, "pm": 0.4587, "hcl": 0.093}}
	most := 0.0
	for i := range furnaces {
		f := furnaceDoc{machineDoc: drawMachine(r, i, d.StepH, steps)}
		f.Max = 15 + math.Round(20*r.Float64())
		f.Min = math.Round(f.Max * (0.5 + 0.2*r.Float64()))
		f.Emission = map[string]float64{"so2": 0.05 + 0.03*r.Float64(), "nox": 0.35 + 0.2*r.Float64(), "pm": 0.02,
			"hcl": 0.03}
		f.StartKg = map[string]float64{"nox": 60 * r.Float64(), "so2": 10 * r.Float64()}
		d.Furnaces = append(d.Furnaces, f)
		most += f.Max
	}
	span := float64(steps) * d.StepH * most
	d.Pit.Min = math.Round(0.1 * span)
	d.Pit.Max = d.Pit.Min + math.Round(span*(0.1+0.3*r.Float64()))
	d.Pit.Level = d.Pit.Min + math.Round((d.Pit.Max-d.Pit.Min)*r.Float64())
	d.Pit.End = d.Pit.Min + math.Round((d.Pit.Max-d.Pit.Min)*(0.2+0.8*r.Float64()))
	for range 1 + r.IntN(3) {
		d.Intake = append(d.Intake, math.Round(most*(0.3+0.7*r.Float64())))
	}
	d.Divert.Max, d.Divert.Emission = math.Round(most*0.2*r.Float64()), map[string]float64{"nox": 0.3 + 0.6*r.Float64()}
	d.Divert.Total = math.Round(d.Divert.Max * float64(steps) * d.StepH * r.Float64() * r.Float64())
	d.SteamPer = 2.3
	if r.IntN(3) == 0 {
		d.SteamMin = math.Round(2.3 * most * 0.5 * r.Float64())
	}
	if r.IntN(4) > 0 {
		for range r.IntN(steps) {
			d.StepWeight = append(d.StepWeight, 1)
		}
		d.StepWeight = append(d.StepWeight, math.Round(100*r.Float64())/100)
	} else {
		for range steps {
			d.StepWeight = append(d.StepWeight, r.Float64())
		}
	}
	return d
}

// read is a drawn problem as the package reads it.
func (d *wasteDoc) read() (*Waste, []byte, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return nil, nil, err
	}
	p, err := ParseWaste(text)
	return p, text, err
}
