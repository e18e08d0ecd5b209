package web

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

var timeLimitParam = param{"time_limit", timeLimitSchema(), "求解时限，秒，默认 15；到时给出当时的方案和差距",
	"seconds to solve in, 15 unless told; then comes the plan so far, with its gap", false}

func timeLimitSchema() huma.Schema {
	low, high := 0.1, service.PlanTimeLimitMax.Seconds()
	return huma.Schema{Type: "number", Minimum: &low, Maximum: &high}
}

// timeLimit is how long an optimisation may take.
func (q *request) timeLimit() (time.Duration, error) {
	text := q.query.Get("time_limit")
	if !q.query.Has("time_limit") {
		return service.PlanTimeLimit, nil
	}
	most := service.PlanTimeLimitMax.Seconds()
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0.1 && seconds <= most) {
		return 0, refusal.Input([]refusal.Field{{Path: "time_limit", Rule: "allocate.time_limit", Args: refusal.Args{"value": text, "limit": most}}})
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// preparedView is the prepared plan of an order.
type preparedView struct {
	Problem   json.RawMessage `json:"problem"` // as POST takes it, without what is missing
	Missing   []missingView   `json:"missing"`
	Result    *orderPlan      `json:"result"` // null while something that is required is missing
	FiguresAt *time.Time      `json:"figures_at"`
	Window    planWindow      `json:"window"`
	Figures   json.RawMessage `json:"figures"` // the latest ones, used or too old
}

// missingView is one thing that is asked for.
type missingView struct {
	Path     string `json:"path"`
	Rule     string `json:"rule"`
	Message  string `json:"message"`
	Required bool   `json:"required"`
}

// planWindow is the time a plan covers; cut says why it ends before its order does.
type planWindow struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	Cut  string    `json:"cut"`
}

// allocation is an answer of the optimiser: a step of coal has units, one of waste has furnaces, divert_t_h and pit_t.
type allocation struct {
	allocate.Outcome
	Plan     json.RawMessage  `json:"plan"`
	Totals   *allocate.Totals `json:"totals"`
	Baseline *allocate.Totals `json:"baseline"`
	Saved    *allocate.Totals `json:"saved"`
	Binding  []string         `json:"binding"`
}

// orderPlan is an answer for an order: Marks say of every measure whether the plan keeps it, and NeedsReason that accepting it needs a
// reason.
type orderPlan struct {
	allocation
	Marks       []plant.PlanMarks `json:"marks"` // null where there is no plan
	NeedsReason bool              `json:"needs_reason"`
}

// orderPlan is an answer with the plan that an order would carry, nil for none.
func (q *request) orderPlan(a *allocate.Answer, p *plant.OperatingPlan) (*orderPlan, error) {
	answer, err := q.allocation(a)
	if err != nil {
		return nil, err
	}
	out := &orderPlan{allocation: *answer}
	if p != nil {
		out.Marks, out.NeedsReason = p.Marks, len(plant.Broken(p.Marks)) > 0
	}
	return out, nil
}

func (q *request) allocation(a *allocate.Answer) (*allocation, error) {
	out := &allocation{Outcome: a.Outcome, Totals: a.Totals, Baseline: a.Baseline, Saved: a.Saved, Binding: a.BindingIn(languageOf(q.Request))}
	var err error
	switch r := a.Result.(type) {
	case *allocate.CoalResult:
		out.Plan, err = json.Marshal(r.Plan)
	case *allocate.WasteResult:
		out.Plan, err = json.Marshal(r.Plan)
	}
	return out, err
}

func (s *Server) preparedPlan(q *request) (any, error) {
	limit, err := q.timeLimit()
	if err != nil {
		return nil, err
	}
	p, err := s.svc.PreparePlan(q.Context(), q.id(), limit)
	if err != nil {
		return nil, err
	}
	v := preparedView{Problem: p.Problem.Text, Missing: []missingView{}, FiguresAt: p.FiguresAt(),
		Window: planWindow{p.Problem.From, p.Problem.To, p.Problem.Cut}}
	for _, m := range p.Missing {
		v.Missing = append(v.Missing, missingView{m.Path, m.Rule, m.Text(languageOf(q.Request)), !m.Optional})
	}
	if v.Figures, err = json.Marshal(p.Figures.Figures); err != nil {
		return nil, err
	}
	if p.Answer != nil {
		v.Result, err = q.orderPlan(p.Answer, p.Operating())
	}
	return v, err
}

func (s *Server) whatIf(q *request) (any, error) {
	limit, err := q.timeLimit()
	if err != nil {
		return nil, err
	}
	tried, err := s.svc.WhatIf(q.Context(), q.id(), q.body, limit)
	if err != nil {
		return nil, err
	}
	return q.orderPlan(tried.Answer, tried.Plan)
}

func (s *Server) acceptPlan(q *request) (any, error) {
	limit, err := q.timeLimit()
	if err != nil {
		return nil, err
	}
	order, err := s.svc.AcceptPlan(q.Context(), q.who.User, q.key, q.id(), q.body, limit)
	return json.RawMessage(order), err
}

// allocateAny answers any problem of a kind.
func allocateAny(kind allocate.Kind) func(*Server, *request) (any, error) {
	return func(s *Server, q *request) (any, error) {
		limit, err := q.timeLimit()
		if err != nil {
			return nil, err
		}
		a, err := s.svc.Allocate(q.Context(), kind, q.body, limit)
		if err != nil {
			return nil, err
		}
		return q.allocation(a)
	}
}

func (s *Server) plantFigures(q *request) (any, error) { return s.svc.ReadFigures(q.who, q.id()) }

func (s *Server) giveFigures(q *request) (any, error) {
	return s.svc.GiveFigures(q.Context(), q.who, q.id(), q.body)
}

// The problems below stand for the document alone: package allocate reads them itself, by the same names.

type coalProblem struct {
	Start       time.Time            `json:"start"`
	StepH       float64              `json:"step_h"`
	Steps       int                  `json:"steps"`
	Units       []coalProblemUnit    `json:"units"`
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

type coalProblemUnit struct {
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

type wasteProblem struct {
	Start       time.Time             `json:"start"`
	StepH       float64               `json:"step_h"`
	Steps       int                   `json:"steps"`
	Furnaces    []wasteProblemFurnace `json:"furnaces"`
	Pit         wasteProblemPit       `json:"pit"`
	IntakeTH    []float64             `json:"intake_t_h"`
	Divert      wasteProblemDivert    `json:"divert"`
	SteamMinTH  float64               `json:"steam_min_t_h"`
	SteamPerT   float64               `json:"steam_per_t_waste"`
	WeightPerKg map[string]float64    `json:"weight_per_kg"`
	StepWeight  []float64             `json:"step_weight"`
}

type wasteProblemFurnace struct {
	problemMachine
	MinTH         float64            `json:"min_t_h"`
	MaxTH         float64            `json:"max_t_h"`
	Emission      map[string]float64 `json:"emission_kg_per_t"`
	StartEmission map[string]float64 `json:"start_emission_kg"`
}

type wasteProblemPit struct {
	LevelT  float64 `json:"level_t"`
	MinT    float64 `json:"min_t"`
	MaxT    float64 `json:"max_t"`
	EndMaxT float64 `json:"end_max_t"`
}

type wasteProblemDivert struct {
	MaxTH     float64            `json:"max_t_h"`
	Emission  map[string]float64 `json:"emission_kg_per_t"`
	MaxTotalT float64            `json:"max_total_t"`
}
