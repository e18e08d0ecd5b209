package calls

import (
	"encoding/json"
	"slices"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// SolveLimit is how long an optimisation may take, in seconds; 0 is as long as usual.
type SolveLimit struct {
	TimeLimit float64 `query:"time_limit" json:"-" validate:"omitempty,seconds"`
}

// PlanQuery asks for the prepared plan of an order.
type PlanQuery struct {
	ByID
	SolveLimit
}

// PlanAsked asks for the plan of an order's problem: without one the prepared problem is meant.
type PlanAsked struct {
	ByID
	SolveLimit
	Problem json.RawMessage `json:"problem"`
}

// PlanAccepted accepts the plan of a problem. A plan that does not keep what the order demands without it needs a
// reason, which is kept in the vault. Of each measure whose daily reduction does not follow from the plan (see
// [OrderPlan]) either Reductions says what it is, or ReductionStays has its id and it stays as it is.
type PlanAccepted struct {
	ByID
	SolveLimit
	Problem        json.RawMessage    `json:"problem"`
	Reason         string             `text:"free" json:"reason" validate:"bytes=4000"`
	Reductions     []MeasureReduction `json:"reductions" validate:"most=200,dive"`
	ReductionStays []string           `json:"reduction_stays" validate:"most=200"`
}

// Says reports whether something is said of the daily reduction of a measure.
func (in *PlanAccepted) Says(measure string) bool {
	return slices.Contains(in.ReductionStays, measure) ||
		slices.ContainsFunc(in.Reductions, func(r MeasureReduction) bool { return r.MeasureID == measure })
}

// MeasureReduction is what a measure takes away, in tonnes a day.
type MeasureReduction struct {
	MeasureID string                 `json:"measure_id" validate:"required"`
	Reduction *reductionlist.Amounts `json:"reduction_t_per_day" validate:"required"`
}

// PlantFigures are the latest figures of a recipient, and how old they are.
type PlantFigures struct {
	RecipientID string         `json:"recipient_id"`
	Kind        plant.Kind     `json:"kind"`
	Machines    []string       `json:"machines"` // that figures may name, by the list in force
	Figures     *plant.Figures `json:"figures"`  // null where none were given
	GivenAt     *time.Time     `json:"given_at"`
	GivenBy     string         `json:"given_by"`
	AgeH        *float64       `json:"age_h"`
	MaxAgeH     float64        `json:"max_age_h"`
	Old         bool           `json:"old"` // they are asked for anew
}

// FiguresInput are a plant's figures, for the recipient of the path.
type FiguresInput struct {
	ByID
	plant.Figures
}

// PreparedView is the prepared plan of an order.
type PreparedView struct {
	Problem   json.RawMessage `json:"problem"` // as POST takes it, without what is missing
	Missing   []MissingView   `json:"missing"`
	Result    *OrderPlan      `json:"result"` // null while something that is required is missing
	FiguresAt *time.Time      `json:"figures_at"`
	Window    PlanWindow      `json:"window"`
	Figures   json.RawMessage `json:"figures"` // the latest ones, used or too old
}

// MissingView is one thing that is asked for.
type MissingView struct {
	Path     string `json:"path"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Required bool   `json:"required"`
}

// PlanWindow is the time a plan covers; cut says why it ends before its order does.
type PlanWindow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Cut  string    `json:"cut"`
}

// Allocation is an answer of the optimiser: a step of coal has units, one of waste has furnaces, divert_t_h and pit_t.
type Allocation struct {
	allocate.Outcome
	Plan     json.RawMessage  `json:"plan"`
	Totals   *allocate.Totals `json:"totals"`
	Baseline *allocate.Totals `json:"baseline"`
	Saved    *allocate.Totals `json:"saved"`
	Binding  []string         `json:"binding"`
}

// OrderPlan is an answer for an order: Marks say of every measure whether the plan keeps it, and NeedsReason that
// accepting it needs a reason. Reductions are what the measures that it rewrites take away under it; where that is
// null, accepting it has to say it.
type OrderPlan struct {
	Allocation
	Marks       []plant.PlanMarks     `json:"marks"` // null where there is no plan, as Reductions
	NeedsReason bool                  `json:"needs_reason"`
	Reductions  []plant.PlanReduction `json:"reductions"`
}

// AnyProblem is a problem for the optimiser, which reads it itself.
type AnyProblem struct {
	SolveLimit
	Text json.RawMessage `body:"raw" json:"-"`
}

// The problems below stand for the document alone: package allocate reads them itself, by the same names.

// CoalProblem is a problem of coal units.
type CoalProblem struct {
	Start       time.Time            `json:"start"`
	StepH       float64              `json:"step_h"`
	Steps       int                  `json:"steps"`
	Units       []CoalProblemUnit    `json:"units"`
	Demand      []plant.Demand       `json:"demand"`
	WeightPerKg map[string]float64   `json:"weight_per_kg"`
	BaselineMW  map[string][]float64 `json:"baseline_mw"`
}

type problemMachine struct {
	Name         string       `json:"name"`
	InitiallyOn  bool         `json:"initially_on"`
	HoursInState float64      `json:"hours_in_state"`
	MinUpH       float64      `json:"min_up_h"`
	MinDownH     float64      `json:"min_down_h"`
	Available    []plant.Span `json:"available"`
}

// CoalProblemUnit is one unit of it.
type CoalProblemUnit struct {
	problemMachine
	MinMW            float64                 `json:"min_mw"`
	MaxMW            float64                 `json:"max_mw"`
	StartCoalT       float64                 `json:"start_coal_t"`
	CoalTPerH        reductionlist.CoalCurve `json:"coal_t_per_h"`
	MaxHeatGJH       float64                 `json:"max_heat_gj_h"`
	MWLostPerGJH     float64                 `json:"mw_lost_per_gj_h"`
	Emission         map[string]float64      `json:"emission_kg_per_t_coal"`
	LowLoadMW        float64                 `json:"low_load_mw"`
	LowLoadNOxFactor float64                 `json:"low_load_nox_factor"`
}

// WasteProblem is a problem of waste furnaces.
type WasteProblem struct {
	Start       time.Time             `json:"start"`
	StepH       float64               `json:"step_h"`
	Steps       int                   `json:"steps"`
	Furnaces    []WasteProblemFurnace `json:"furnaces"`
	Pit         WasteProblemPit       `json:"pit"`
	IntakeTH    []float64             `json:"intake_t_h"`
	Divert      WasteProblemDivert    `json:"divert"`
	SteamMinTH  float64               `json:"steam_min_t_h"`
	SteamPerT   float64               `json:"steam_per_t_waste"`
	WeightPerKg map[string]float64    `json:"weight_per_kg"`
	StepWeight  []float64             `json:"step_weight"`
}

// WasteProblemFurnace is one furnace of it.
type WasteProblemFurnace struct {
	problemMachine
	MinTH         float64            `json:"min_t_h"`
	MaxTH         float64            `json:"max_t_h"`
	Emission      map[string]float64 `json:"emission_kg_per_t"`
	StartEmission map[string]float64 `json:"start_emission_kg"`
}

// WasteProblemPit is its pit.
type WasteProblemPit struct {
	LevelT  float64 `json:"level_t"`
	MinT    float64 `json:"min_t"`
	MaxT    float64 `json:"max_t"`
	EndMaxT float64 `json:"end_max_t"`
}

// WasteProblemDivert is what may be taken elsewhere.
type WasteProblemDivert struct {
	MaxTH     float64            `json:"max_t_h"`
	Emission  map[string]float64 `json:"emission_kg_per_t"`
	MaxTotalT float64            `json:"max_total_t"`
}

// Calls on plans of plants.
var (
	PreparedPlan = row[PlanQuery, PreparedView]("GET /orders/{id}/plan", ActOrdersPlan,
		"为电厂减排令预备的运行方案，或还缺哪些运行数据", "the plan that is prepared for a plant's order, or what is missing for it",
		Call{Refuses: codes{refusal.Conflict}})
	WhatIf = row[PlanAsked, *OrderPlan]("POST /orders/{id}/plan", ActOrdersPlan,
		"改变需求看方案如何变化；机组和排放系数以清单为准", "what the plan would be under other demands; units and factors are the list's",
		Call{Body: dataBody, Bare: true, Spared: true, Example: `{}`})
	AcceptPlan = row[PlanAccepted, json.RawMessage]("POST /orders/{id}/plan/accept", ActOrdersPlan,
		"接受方案，修订减排令；只接受由本程序算出的方案，达不到清单要求的要写明理由，推算不出的日减排要给出或写明保持不变",
		"accepts a plan, which the program computes itself, and revises the order; one that does not keep the list needs a reason, and a daily reduction that does not follow is given or stays",
		Call{Body: dataBody, Bare: true, Spared: true, Shows: notify.View{},
			Refuses: codes{refusal.TransitionRefused}, Example: `{"reason":"保障供热，区指挥部同意","reductions":[],"reduction_stays":[]}`})
	Figures = row[ByID, PlantFigures]("GET /recipients/{id}/figures", ActFiguresRead,
		"电厂最近给出的运行数据；企业只见自己的", "the latest figures of a plant; an enterprise sees its own",
		Call{Refuses: codes{refusal.Conflict}})
	GiveFigures = row[FiguresInput, PlantFigures]("PUT /recipients/{id}/figures", ActFiguresWrite,
		"给出电厂的运行数据，取代以前的；企业只能给自己的", "gives a plant's figures in the place of those before; an enterprise its own",
		Call{Body: dataBody, Takes: plant.Figures{}, Refuses: codes{refusal.Conflict},
			Example: `{"from":"2016-12-16T17:00:00+08:00","to":"2016-12-18T00:00:00+08:00","step_h":1,"source":"值长",` +
				`"units":[{"name":"5#","initially_on":true,"hours_in_state":100},{"name":"6#","initially_on":true,"hours_in_state":100},` +
				`{"name":"7#","initially_on":true,"hours_in_state":100},{"name":"8#","initially_on":true,"hours_in_state":100}],` +
				`"demand":[{"power_min_mw":600,"power_max_mw":900,"heat_gj_h":1800}],"baseline_mw":{"5#":[220],"6#":[220],"7#":[220],"8#":[220]}}`})
	AllocateCoal = row[AnyProblem, *Allocation]("POST /allocations/coal", ActAllocations,
		"试算：燃煤机组排放最少的方案", "what if: the plan of coal units that emits least",
		Call{Body: dataBody, Spared: true, Takes: CoalProblem{},
			Example: `{"start":"2016-12-16T20:00:00+08:00","step_h":1,"steps":3,"units":[{"name":"5#","min_mw":120,"max_mw":300,` +
				`"initially_on":true,"hours_in_state":100,"min_up_h":2,"min_down_h":2,"start_coal_t":60,` +
				`"coal_t_per_h":{"constant":12,"per_mw":0.38,"per_mw2":0.00005,"per_gj":0.045},"max_heat_gj_h":900,"mw_lost_per_gj_h":0.05,` +
				`"emission_kg_per_t_coal":{"so2":0.113,"nox":0.288,"pm":0.0099},"low_load_mw":130,"low_load_nox_factor":1.4,"available":[]}],` +
				`"demand":[{"power_min_mw":150,"power_max_mw":200,"heat_gj_h":300}],"baseline_mw":{"5#":[260]}}`})
	AllocateWaste = row[AnyProblem, *Allocation]("POST /allocations/waste", ActAllocations,
		"试算：焚烧炉排放最少的方案", "what if: the plan of waste furnaces that emits least",
		Call{Body: dataBody, Spared: true, Takes: WasteProblem{},
			Example: `{"start":"2016-12-16T20:00:00+08:00","step_h":4,"steps":3,"furnaces":[{"name":"1#","min_t_h":20,"max_t_h":31.25,` +
				`"initially_on":true,"hours_in_state":500,"min_up_h":4,"min_down_h":4,"emission_kg_per_t":{"so2":0.06,"nox":0.45,"pm":0.02,"hcl":0.03},` +
				`"start_emission_kg":{"nox":60,"so2":10}}],"pit":{"level_t":6000,"min_t":5900,"max_t":6200,"end_max_t":6000},"intake_t_h":[30],` +
				`"divert":{"max_t_h":10,"emission_kg_per_t":{"nox":0.6},"max_total_t":60},"steam_min_t_h":0,"steam_per_t_waste":2.3,"step_weight":[1,0.2]}`})
)
