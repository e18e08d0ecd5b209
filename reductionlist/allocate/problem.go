package allocate

import "time"

// CoalProblem is a problem of a coal plant as it comes in: what is nil is missing, and asked for or refused by
// [ParseCoal]. Times in hours, loads in MW, heat in GJ/h.
type CoalProblem struct {
	Horizon
	Units       []CoalUnit            `json:"units"`
	Demand      []Demand              `json:"demand,omitempty"` // by step; the last one repeats
	WeightPerKg map[string]*float64   `json:"weight_per_kg,omitempty"`
	BaselineMW  map[string][]*float64 `json:"baseline_mw,omitempty"` // by unit and step
}

// Horizon is when a problem begins, how long a step is, and how many there are.
type Horizon struct {
	Start *time.Time `json:"start,omitempty"`
	StepH *float64   `json:"step_h,omitempty"`
	Steps *float64   `json:"steps,omitempty"`
}

// Machine is what units and furnaces share. Without windows it may run always.
type Machine struct {
	Name         *string  `json:"name,omitempty"`
	InitiallyOn  *bool    `json:"initially_on,omitempty"`
	HoursInState *float64 `json:"hours_in_state,omitempty"`
	MinUpH       *float64 `json:"min_up_h,omitempty"`
	MinDownH     *float64 `json:"min_down_h,omitempty"`
	Available    []Window `json:"available,omitempty"`
}

// Window is one period in which a unit or furnace may run.
type Window struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// CoalUnit is one boiler and turbine.
type CoalUnit struct {
	Machine
	MinMW            *float64            `json:"min_mw,omitempty"`
	MaxMW            *float64            `json:"max_mw,omitempty"`
	StartCoalT       *float64            `json:"start_coal_t,omitempty"`
	CoalTPerH        *CoalCurve          `json:"coal_t_per_h,omitempty"`
	MaxHeatGJH       *float64            `json:"max_heat_gj_h,omitempty"`
	MWLostPerGJH     *float64            `json:"mw_lost_per_gj_h,omitempty"`
	EmissionKgPerT   map[string]*float64 `json:"emission_kg_per_t_coal,omitempty"`
	LowLoadMW        *float64            `json:"low_load_mw,omitempty"`
	LowLoadNOxFactor *float64            `json:"low_load_nox_factor,omitempty"`
}

// CoalCurve is how many tonnes of coal an hour burns.
type CoalCurve struct {
	Constant *float64 `json:"constant,omitempty"`
	PerMW    *float64 `json:"per_mw,omitempty"`
	PerMW2   *float64 `json:"per_mw2,omitempty"`
	PerGJ    *float64 `json:"per_gj,omitempty"`
}

// Demand is what is asked of all units together.
type Demand struct {
	PowerMinMW *float64 `json:"power_min_mw,omitempty"`
	PowerMaxMW *float64 `json:"power_max_mw,omitempty"`
	HeatGJH    *float64 `json:"heat_gj_h,omitempty"`
}

// WasteProblem is a problem of a waste incineration plant as it comes in: what is nil is missing, and asked for or
// refused by [ParseWaste]. Tonnes of waste, of steam and of what is diverted are per hour, those of the pit are whole.
type WasteProblem struct {
	Horizon
	Furnaces       []Furnace           `json:"furnaces"`
	Pit            *Pit                `json:"pit,omitempty"`
	IntakeTH       []*float64          `json:"intake_t_h,omitempty"` // by step; the last one repeats
	Divert         *Divert             `json:"divert,omitempty"`
	SteamMinTH     *float64            `json:"steam_min_t_h,omitempty"`
	SteamPerTWaste *float64            `json:"steam_per_t_waste,omitempty"`
	WeightPerKg    map[string]*float64 `json:"weight_per_kg,omitempty"`
	StepWeight     []*float64          `json:"step_weight,omitempty"`
}

// Furnace is one line of an incineration plant.
type Furnace struct {
	Machine
	MinTH           *float64            `json:"min_t_h,omitempty"`
	MaxTH           *float64            `json:"max_t_h,omitempty"`
	EmissionKgPerT  map[string]*float64 `json:"emission_kg_per_t,omitempty"`
	StartEmissionKg map[string]*float64 `json:"start_emission_kg,omitempty"`
}

// Pit is the waste pit.
type Pit struct {
	LevelT  *float64 `json:"level_t,omitempty"`
	MinT    *float64 `json:"min_t,omitempty"`
	MaxT    *float64 `json:"max_t,omitempty"`
	EndMaxT *float64 `json:"end_max_t,omitempty"`
}

// Divert is what other plants take.
type Divert struct {
	MaxTH          *float64            `json:"max_t_h,omitempty"`
	EmissionKgPerT map[string]*float64 `json:"emission_kg_per_t,omitempty"`
	MaxTotalT      *float64            `json:"max_total_t,omitempty"`
}
