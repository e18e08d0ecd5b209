package allocate

import (
	"fmt"
	"maps"
	"slices"

	"qingkong/alerts/refusal"
)

// Coal is a problem of a coal plant whose input is sound.
type Coal struct {
	horizon
	units    []coalUnit
	demand   []demand // by step
	weights  map[string]float64
	baseline [][]float64 // MW by unit and step; nil without one
}

// coalUnit is one boiler and turbine. Tonnes are per hour, and the emission is that of a tonne of coal.
type coalUnit struct {
	machine
	minMW, maxMW        float64
	constant, mw, mw2   float64
	gj                  float64
	maxHeat, lost       float64
	startCoal           float64
	emission            map[string]float64
	lowLoad, lowFactor  float64
	weight, weightAtLow float64 // what a tonne counts, at plain and at low load
}

// demand is what is asked in one step: MW and GJ/h.
type demand struct{ powerMin, powerMax, heat float64 }

// ParseCoal reads a problem. Everything that is wrong is refused with its JSON path.
func ParseCoal(data []byte) (*Coal, error) {
	var in CoalProblem
	if err := refusal.Unmarshal(data, &in); err != nil {
		return nil, err
	}
	c := &checker{}
	p := &Coal{horizon: c.horizon(in.Start, in.StepH, in.Steps), weights: c.weights(in.WeightPerKg)}
	if len(c.fields) > 0 { // the rest hangs on the steps and the weights
		return nil, refusal.Input(c.fields)
	}
	if len(in.Units) == 0 {
		c.wrong("units", "input.required", nil)
	} else if len(in.Units) > maxUnits {
		c.wrong("units", "allocate.too_many", refusal.Args{"count": len(in.Units), "limit": maxUnits})
	} else if most := maxSets >> len(in.Units); p.steps > most {
		c.wrong("steps", "allocate.too_large_together", refusal.Args{"steps": p.steps, "count": len(in.Units), "limit": most})
	}
	seen := map[string]string{}
	for i, u := range in.Units {
		p.units = append(p.units, c.coalUnit(fmt.Sprintf("units[%d]", i), u, p, seen))
	}
	p.demand = c.demand(in.Demand, p.steps)
	p.baseline = c.baseline(in.BaselineMW, p)
	if err := refusal.Input(c.fields); err != nil {
		return nil, err
	}
	return p, nil
}

func (c *checker) coalUnit(path string, in CoalUnit, p *Coal, seen map[string]string) coalUnit {
	u := coalUnit{
		machine: c.machine(path, in.Machine, p.horizon, seen),
		minMW:   c.number(path+".min_mw", in.MinMW), maxMW: c.number(path+".max_mw", in.MaxMW),
		startCoal: c.number(path+".start_coal_t", in.StartCoalT),
		maxHeat:   c.number(path+".max_heat_gj_h", in.MaxHeatGJH), lost: c.number(path+".mw_lost_per_gj_h", in.MWLostPerGJH),
		emission:  c.factors(path+".emission_kg_per_t_coal", in.EmissionKgPerT, p.weights, []string{"nox", "pm", "so2"}),
		lowLoad:   c.number(path+".low_load_mw", in.LowLoadMW),
		lowFactor: c.number(path+".low_load_nox_factor", in.LowLoadNOxFactor),
	}
	if in.MaxMW != nil {
		c.order(path+".min_mw", u.minMW, u.maxMW)
	}
	// Below 1 the least emission would be that of a load just short of low_load_mw, which no load attains.
	if in.LowLoadNOxFactor != nil && *in.LowLoadNOxFactor >= 0 && *in.LowLoadNOxFactor < 1 {
		c.wrong(path+".low_load_nox_factor", "allocate.low_factor", refusal.Args{"value": *in.LowLoadNOxFactor})
	}
	if k := in.CoalTPerH; k == nil {
		c.wrong(path+".coal_t_per_h", "input.required", nil)
	} else {
		q := path + ".coal_t_per_h"
		u.constant, u.mw = c.number(q+".constant", k.Constant), c.number(q+".per_mw", k.PerMW)
		u.mw2, u.gj = c.number(q+".per_mw2", k.PerMW2), c.number(q+".per_gj", k.PerGJ)
	}
	u.weight = weigh(p.weights, u.emission)
	u.weightAtLow = u.weight + p.weights["nox"]*u.emission["nox"]*(u.lowFactor-1)
	return u
}

func (c *checker) demand(in []Demand, steps int) []demand {
	if !c.length("demand", len(in), steps, in != nil) {
		return nil
	}
	given := make([]demand, len(in))
	for i, d := range in {
		path := fmt.Sprintf("demand[%d]", i)
		given[i] = demand{c.number(path+".power_min_mw", d.PowerMinMW), c.number(path+".power_max_mw", d.PowerMaxMW),
			c.number(path+".heat_gj_h", d.HeatGJH)}
		if d.PowerMaxMW != nil {
			c.order(path+".power_min_mw", given[i].powerMin, given[i].powerMax)
		}
	}
	return spread(given, steps)
}

func (c *checker) baseline(in map[string][]*float64, p *Coal) [][]float64 {
	if in == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if !slices.ContainsFunc(p.units, func(u coalUnit) bool { return u.name == name }) {
			c.wrong("baseline_mw."+name, "allocate.no_unit", refusal.Args{"value": name})
		}
	}
	out := make([][]float64, len(p.units))
	for i, u := range p.units {
		if u.name != "" {
			out[i] = c.series("baseline_mw."+u.name, in[u.name], p.steps)
		}
	}
	return out
}

// coal is what a unit that is on burns in one step (t), its start not counted.
func (p *Coal) coal(u *coalUnit, mw, heat float64) float64 {
	return p.stepH * (u.constant + u.mw*mw + u.mw2*mw*mw + u.gj*heat)
}
