package allocate

import (
	"fmt"
	"slices"

	"qingkong/alerts/refusal"
)

// Waste is a problem of a waste incineration plant whose input is sound.
type Waste struct {
	horizon
	furnaces     []furnace
	level        float64   // t, before the first step
	low, high    []float64 // t, the bounds of the pit before each step and after the last
	end          float64   // t, the bound that holds after the last step alone
	intake       []float64 // t/h by step
	divertMax    float64   // t/h
	divertTotal  float64   // t
	divertKg     map[string]float64
	divertCounts float64   // a tonne, without the weight of the step
	leastFeed    []float64 // t/h by step, what the steam takes
	steam        float64   // t/h, what is asked for
	weights      map[string]float64
	stepWeight   []float64
}

// furnace is one line. feedCounts and startCosts are without the weight of the step.
type furnace struct {
	machine
	min, max   float64 // t/h
	emission   map[string]float64
	startKg    map[string]float64
	feedCounts float64 // a tonne
	startCosts float64 // a start
}

// ParseWaste reads a problem. Everything that is wrong is refused with its JSON path.
func ParseWaste(data []byte) (*Waste, error) {
	var in WasteProblem
	if err := refusal.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	c := &checker{}
	p := &Waste{horizon: c.horizon(in.Start, in.StepH, in.Steps), weights: c.weights(in.WeightPerKg)}
	if len(c.fields) > 0 { // the rest hangs on the steps and the weights
		return nil, refusal.Input(c.fields)
	}
	if len(in.Furnaces) == 0 {
		c.wrong("furnaces", "input.required", nil)
	} else if len(in.Furnaces) > maxUnits {
		c.wrong("furnaces", "allocate.too_many", refusal.Args{"count": len(in.Furnaces), "limit": maxUnits})
	}
	seen := map[string]string{}
	for i, f := range in.Furnaces {
		p.furnaces = append(p.furnaces, c.furnace(fmt.Sprintf("furnaces[%d]", i), f, p, seen))
	}
	c.pit(in.Pit, p)
	p.intake = c.series("intake_t_h", in.IntakeTH, p.steps)
	p.stepWeight = c.series("step_weight", in.StepWeight, p.steps)
	c.divert(in.Divert, p)
	steam, per := c.number("steam_min_t_h", in.SteamMinTH), c.number("steam_per_t_waste", in.SteamPerTWaste)
	least := 0.0
	switch {
	case per > 0:
		least = min(maxValue, steam/per)
	case steam > 0:
		least = maxValue // no feed gives it
	}
	p.steam, p.leastFeed = steam, slices.Repeat([]float64{least}, p.steps)
	if err := refusal.Input(c.fields); err != nil {
		return nil, err
	}
	return p, nil
}

func (c *checker) furnace(path string, in Furnace, p *Waste, seen map[string]string) furnace {
	f := furnace{
		machine: c.machine(path, in.Machine, p.horizon, seen),
		min:     c.number(path+".min_t_h", in.MinTH), max: c.number(path+".max_t_h", in.MaxTH),
		emission: c.factors(path+".emission_kg_per_t", in.EmissionKgPerT, p.weights, []string{"hcl", "nox", "pm", "so2"}),
		startKg:  c.factors(path+".start_emission_kg", in.StartEmissionKg, p.weights, nil),
	}
	if in.MaxTH != nil {
		c.order(path+".min_t_h", f.min, f.max)
	}
	f.feedCounts, f.startCosts = weigh(p.weights, f.emission), weigh(p.weights, f.startKg)
	return f
}

func (c *checker) pit(in *Pit, p *Waste) {
	if in == nil {
		c.wrong("pit", "input.required", nil)
		return
	}
	p.level, p.end = c.number("pit.level_t", in.LevelT), c.number("pit.end_max_t", in.EndMaxT)
	low, high := c.number("pit.min_t", in.MinT), c.number("pit.max_t", in.MaxT)
	if in.MaxT != nil {
		c.order("pit.min_t", low, high)
	}
	if in.EndMaxT != nil && in.MinT != nil && p.end < low {
		c.wrong("pit.end_max_t", "allocate.above", refusal.Args{"low": low, "high": p.end})
	}
	if in.LevelT != nil && low <= high && (p.level < low || p.level > high) {
		c.wrong("pit.level_t", "allocate.start_level", refusal.Args{"value": p.level, "low": low, "high": high})
	}
	p.low, p.high = slices.Repeat([]float64{low}, p.steps+1), slices.Repeat([]float64{high}, p.steps+1)
}

func (c *checker) divert(in *Divert, p *Waste) {
	if in == nil {
		c.wrong("divert", "input.required", nil)
		return
	}
	p.divertMax, p.divertTotal = c.number("divert.max_t_h", in.MaxTH), c.number("divert.max_total_t", in.MaxTotalT)
	p.divertKg = c.factors("divert.emission_kg_per_t", in.EmissionKgPerT, p.weights, nil)
	p.divertCounts = weigh(p.weights, p.divertKg)
}
