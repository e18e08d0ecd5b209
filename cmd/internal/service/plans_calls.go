package service

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// timeLimit is how long an optimisation may take.
func timeLimit(in calls.SolveLimit) time.Duration {
	return cmp.Or(time.Duration(in.TimeLimit*float64(time.Second)), PlanTimeLimit)
}

// orderPlan is an answer with the plan that an order would carry, nil for none.
func orderPlan(lang string, a *allocate.Answer, p *plant.OperatingPlan) (*calls.OrderPlan, error) {
	answer, err := allocation(lang, a)
	if err != nil {
		return nil, err
	}
	out := &calls.OrderPlan{Allocation: *answer}
	if p != nil {
		out.Marks, out.NeedsReason, out.Reductions = p.Marks, len(plant.Broken(p.Marks)) > 0, p.Reductions
	}
	return out, nil
}

func allocation(lang string, a *allocate.Answer) (*calls.Allocation, error) {
	out := &calls.Allocation{Outcome: a.Outcome, Totals: a.Totals, Baseline: a.Baseline, Saved: a.Saved,
		Binding: a.BindingIn(lang)}
	var err error
	switch r := a.Result.(type) {
	case *allocate.CoalResult:
		out.Plan, err = json.Marshal(r.Plan)
	case *allocate.WasteResult:
		out.Plan, err = json.Marshal(r.Plan)
	}
	return out, err
}

var _ = bind(calls.PreparedPlan,
	func(s *Service, ctx context.Context, a Ask, in calls.PlanQuery) (v calls.PreparedView, err error) {
		p, err := s.PreparePlan(ctx, in.ID, timeLimit(in.SolveLimit))
		if err != nil {
			return v, err
		}
		v = calls.PreparedView{Problem: p.Problem.Text, Missing: []calls.MissingView{}, FiguresAt: p.FiguresAt(),
			Window: calls.PlanWindow{From: p.Problem.From, To: p.Problem.To, Cut: p.Problem.Cut}}
		for _, m := range p.Missing {
			v.Missing = append(v.Missing, calls.MissingView{Path: m.Path, Rule: m.Rule, Message: m.Text(a.Lang),
				Required: !m.Optional})
		}
		if v.Figures, err = json.Marshal(p.Figures.Figures); err != nil {
			return v, err
		}
		if p.Answer != nil {
			v.Result, err = orderPlan(a.Lang, p.Answer, p.Operating())
		}
		return v, err
	})

var _ = bind(calls.WhatIf, func(s *Service, ctx context.Context, a Ask, in calls.PlanAsked) (*calls.OrderPlan, error) {
	tried, err := s.WhatIf(ctx, in.ID, in.Problem, timeLimit(in.SolveLimit))
	if err != nil {
		return nil, err
	}
	return orderPlan(a.Lang, tried.Answer, tried.Plan)
})

var (
	_ = bind(calls.AllocateCoal, allocating(allocate.KindCoal))
	_ = bind(calls.AllocateWaste, allocating(allocate.KindWaste))
)

// allocating answers any problem of a kind. Nothing is recorded.
func allocating(kind allocate.Kind) func(*Service, context.Context, Ask, calls.AnyProblem) (*calls.Allocation, error) {
	return func(s *Service, ctx context.Context, a Ask, in calls.AnyProblem) (*calls.Allocation, error) {
		answer, err := s.plans.solve(ctx, kind, in.Text, timeLimit(in.SolveLimit))
		if err != nil {
			return nil, err
		}
		return allocation(a.Lang, answer)
	}
}
