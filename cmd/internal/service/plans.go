package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/plant"
)

// Commands of plans.
const (
	cmdFigures    = "order.figures"
	cmdAcceptPlan = "order.accept_plan"
)

// FiguresMaxAge is how old figures may be unless the settings say otherwise.
const FiguresMaxAge = 48 * time.Hour

func registerPlans(r *journal.Registry) {
	journal.Handle(r, cmdFigures, notify.DecideFigures)
	journal.HandleMoment(r, cmdAcceptPlan, func(tx *bbolt.Tx, actor string, in notify.AcceptPlan, now journal.Moment) ([]journal.Event, *notify.Order, error) {
		in.Read, in.Wall = journal.ReadPos, now.Wall
		return notify.DecideAcceptPlan(tx, actor, in, now.At)
	})
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

// FiguresOf are the figures of a recipient of the list in force that has a plant.
func (s *Service) FiguresOf(recipient string) (out PlantFigures, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		now := s.J.Now()
		r, err := ListedRecipient(tx, recipient, now)
		if err != nil {
			return err
		}
		own := plant.OfRecipient(r)
		if own == nil {
			return refusal.New(refusal.Conflict, "figures.no_plant", refusal.Args{"id": recipient})
		}
		g, err := notify.Figures(tx, recipient)
		out = s.figuresView(recipient, own, g, now)
		return err
	})
	return out, err
}

func (s *Service) figuresView(recipient string, own *plant.Plant, g *plant.Given, now time.Time) PlantFigures {
	out := PlantFigures{RecipientID: recipient, Kind: own.Kind, Machines: own.Machines(), MaxAgeH: s.FiguresMaxAge.Hours()}
	if g != nil {
		age := float64(int(now.Sub(g.At).Hours()*10)) / 10
		out.Figures, out.GivenAt, out.GivenBy, out.AgeH, out.Old = &g.Figures, &g.At, g.By, &age, now.Sub(g.At) > s.FiguresMaxAge
	}
	return out
}

// GiveFigures records the figures of a plant: any by a duty officer, its own by an enterprise.
func (s *Service) GiveFigures(ctx context.Context, who *access.Principal, recipient string, body []byte) (PlantFigures, error) {
	var in plant.Figures
	if err := s.mayFigures(who, recipient); err != nil {
		return PlantFigures{}, err
	}
	if err := refusal.Unmarshal(body, &in); err != nil {
		return PlantFigures{}, err
	}
	if err := s.RecordFigures(ctx, who.User, recipient, in); err != nil {
		return PlantFigures{}, err
	}
	return s.FiguresOf(recipient)
}

// mayFigures refuses what a role may not see as if it were not there.
func (s *Service) mayFigures(who *access.Principal, recipient string) error {
	if who.Role == access.Enterprise && (who.Recipient == "" || who.Recipient != recipient) {
		return refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": recipient})
	}
	return nil
}

// ReadFigures is [Service.FiguresOf] for who may see them.
func (s *Service) ReadFigures(who *access.Principal, recipient string) (PlantFigures, error) {
	if err := s.mayFigures(who, recipient); err != nil {
		return PlantFigures{}, err
	}
	return s.FiguresOf(recipient)
}

// RecordFigures records the figures of a plant.
func (s *Service) RecordFigures(ctx context.Context, actor, recipient string, in plant.Figures) error {
	_, err := s.J.Submit(ctx, journal.Command{Kind: cmdFigures, Actor: actor, Payload: notify.GiveFigures{RecipientID: recipient, Figures: in}})
	if refusal.CodeOf(err) == refusal.NotFound {
		err = refusal.New(refusal.NotFound, "recipient.unknown", refusal.Args{"id": recipient})
	}
	return err
}

// Prepared is the plan that the coordinator prepares for an order: the problem as far as it is known, what is missing, and the
// answer once nothing is.
type Prepared struct {
	OrderID string
	Problem *plant.Problem
	Missing []plant.Missing
	Answer  *allocate.Answer // nil while something is missing
	Figures PlantFigures
	Ends    *time.Time // of the order
	Open    bool       // the order is, and can take a plan

	Demanded plant.Demanded // what the order asks for without a plan
}

// FiguresAt is when the figures were given that the problem holds; nil where it holds none.
func (p *Prepared) FiguresAt() *time.Time {
	if !p.Problem.Used {
		return nil
	}
	return p.Figures.GivenAt
}

// plantOrder reads an order and puts the problem together that its figures make.
func (s *Service) plantOrder(id string) (o *notify.PlantOrder, p *Prepared, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		now := s.J.Now()
		if o, err = notify.GetPlantOrder(tx, journal.ReadPos, id); err != nil {
			return err
		}
		in := plant.PlanFor{From: o.Issued.EffectiveFrom, To: o.Issued.EndsAt, Now: now, MaxAge: s.FiguresMaxAge}
		problem, err := o.Plant.Problem(in, o.Given)
		p = &Prepared{OrderID: id, Problem: problem, Ends: o.Issued.EndsAt, Open: o.State == notify.StateOpen, Demanded: o.Demanded,
			Figures: s.figuresView(o.RecipientID, o.Plant, o.Given, now)}
		if err == nil {
			p.Missing = problem.Missing
		}
		return err
	})
	return o, p, err
}

// PreparePlan prepares an order's plan within a limit. What the optimiser cannot take of the figures is among what is missing.
func (s *Service) PreparePlan(ctx context.Context, id string, limit time.Duration) (*Prepared, error) {
	_, p, err := s.plantOrder(id)
	if err != nil || !p.Problem.Complete() {
		return p, err
	}
	p.Answer, err = s.plans.solve(ctx, p.Problem.Kind.Problem(), p.Problem.Text, limit)
	var e *refusal.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		for _, f := range e.Fields {
			p.Missing = append(p.Missing, plant.Missing{Path: f.Path, Rule: f.Rule, Args: f.Args})
		}
		return p, nil
	}
	return p, err
}

// PlanAsked is the body of POST /orders/{id}/plan: without a problem the prepared one is meant.
type PlanAsked struct {
	Problem json.RawMessage `json:"problem"`
}

// PlanAccepted is the body of POST /orders/{id}/plan/accept. A plan that does not keep what the order demands without it needs a
// reason, which is kept in the vault.
type PlanAccepted struct {
	Problem json.RawMessage `json:"problem"`
	Reason  string          `text:"free" json:"reason" validate:"bytes=4000"`
}

// acceptance reads the body of an acceptance, which may be empty.
func acceptance(body []byte) (in PlanAccepted, err error) {
	if len(body) > 0 {
		in, err = valid.Read[PlanAccepted](body)
	}
	in.Reason = strings.TrimSpace(in.Reason)
	return in, err
}

// asked is the problem that is meant, checked against the model.
func (p *Prepared) asked(problem json.RawMessage, now time.Time) (text []byte, err error) {
	if len(problem) > 0 && string(problem) != "null" {
		if err := p.Problem.Differs(problem, now); err != nil {
			return nil, refusal.Within("problem", err)
		}
		var b bytes.Buffer
		err := json.Compact(&b, problem)
		return b.Bytes(), err
	}
	var missing []refusal.Field
	for _, m := range p.Missing {
		if !m.Optional {
			missing = append(missing, refusal.Field{Path: m.Path, Rule: "figures.missing",
				Args: refusal.Args{"what": refusal.Worded{ZH: m.Text("zh-CN"), EN: m.Text("en")}}})
		}
	}
	return p.Problem.Text, refusal.Input(missing)
}

// Tried is the answer to an order's problem with other figures or demands, and how the plan stands to what the order demands; Plan is
// nil where there is none.
type Tried struct {
	*allocate.Answer
	Plan *plant.OperatingPlan
}

// WhatIf answers an order's problem with other figures or demands. Nothing is recorded.
func (s *Service) WhatIf(ctx context.Context, id string, body []byte, limit time.Duration) (*Tried, error) {
	_, p, err := s.plantOrder(id)
	if err != nil {
		return nil, err
	}
	var in PlanAsked
	if len(body) > 0 {
		if err := refusal.Unmarshal(body, &in); err != nil {
			return nil, err
		}
	}
	text, err := p.asked(in.Problem, s.J.Now())
	if err != nil {
		return nil, err
	}
	a, err := s.plans.solve(ctx, p.Problem.Kind.Problem(), text, limit)
	if err != nil {
		return nil, refusal.Within("problem", err)
	}
	return &Tried{a, p.Of(a, text)}, nil
}

// Allocate answers any problem. Nothing is recorded.
func (s *Service) Allocate(ctx context.Context, kind allocate.Kind, text []byte, limit time.Duration) (*allocate.Answer, error) {
	return s.plans.solve(ctx, kind, text, limit)
}

// AcceptPlan has an order carry the plan of a problem: of the one named, or of the prepared one. What is accepted is what the
// coordinator computed itself, and never a plan that is given. It returns the order that takes the place of the other.
func (s *Service) AcceptPlan(ctx context.Context, actor, key, id string, body []byte, limit time.Duration) ([]byte, error) {
	in, err := acceptance(body)
	if err != nil {
		return nil, err
	}
	plan, err := s.repeatedPlan(id, in.Problem)
	if err == nil && plan == nil {
		plan, err = s.acceptable(ctx, id, in.Problem, limit)
	}
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	cmd, accept := journal.Command{Kind: cmdAcceptPlan, Actor: actor, Key: key}, notify.AcceptPlan{OrderID: id, Plan: text}
	if in.Reason != "" {
		accept.ReasonRef, _ = s.seal(in.Reason, key, &cmd.Vault)
	}
	cmd.Payload = accept
	o, err := journal.Do[*notify.Order](ctx, s.J, cmd)
	if err != nil {
		return nil, err
	}
	next, err := s.nextOrder(o)
	if refusal.CodeOf(err) == refusal.NotFound { // it carried the plan already
		next, err = o, nil
	}
	if err != nil {
		return nil, err
	}
	return s.OrderJSON(next.ID)
}

// repeatedPlan is the plan with which an order was superseded when the same is asked for again; nil for anything else.
func (s *Service) repeatedPlan(id string, problem json.RawMessage) (*plant.OperatingPlan, error) {
	var plan *plant.OperatingPlan
	err := s.J.View(func(tx *bbolt.Tx) error {
		raw, err := notify.SupersededBy(tx, journal.ReadPos, id)
		if err != nil || raw == nil {
			return err
		}
		plan, err = plant.ParseOperatingPlan(raw)
		return err
	})
	if err != nil || plan == nil {
		return nil, err
	}
	if len(problem) > 0 && string(problem) != "null" {
		var asked bytes.Buffer
		if err := json.Compact(&asked, problem); err != nil || !bytes.Equal(asked.Bytes(), plan.Problem) {
			return nil, nil
		}
	}
	plan.Listed = "" // which the decision adds
	return plan, nil
}

// acceptable computes the plan that is to be accepted.
func (s *Service) acceptable(ctx context.Context, id string, problem json.RawMessage, limit time.Duration) (*plant.OperatingPlan, error) {
	o, p, err := s.plantOrder(id)
	if err != nil {
		return nil, err
	}
	if !p.Open {
		return nil, terms.Transition(terms.OrderState, "plan.not_open", o.State.String(), refusal.Args{"id": id})
	}
	text, err := p.asked(problem, s.J.Now())
	if err != nil {
		return nil, err
	}
	a, err := s.plans.solve(ctx, p.Problem.Kind.Problem(), text, limit)
	if err != nil {
		return nil, refusal.Within("problem", err)
	}
	if a.Status == allocate.Infeasible {
		return nil, refusal.New(refusal.Conflict, "plan.infeasible", refusal.Args{"why": refusal.Worded{ZH: why(a, "zh-CN"), EN: why(a, "en")}})
	}
	plan := p.Of(a, text)
	plan.ListVersion, plan.Model, plan.Marks = o.Issued.ListVersion, o.Plant.Model(), plant.WithoutDays(plan.Marks)
	return plan, nil
}

// why words the conflicts of a problem without a plan.
func why(a *allocate.Answer, lang string) string {
	var out []string
	for _, c := range a.Conflicts {
		out = append(out, c.Text(lang))
	}
	return strings.Join(out, "; ")
}

// Operating is the prepared plan in the form in which an order would carry it; nil where there is none.
func (p *Prepared) Operating() *plant.OperatingPlan {
	if p.Answer == nil {
		return nil
	}
	return p.Of(p.Answer, p.Problem.Text)
}

// Of is the answer to a problem in the form in which an order would carry it; nil for one that there is no plan for.
func (p *Prepared) Of(a *allocate.Answer, problem []byte) *plant.OperatingPlan {
	if a.Status == allocate.Infeasible {
		return nil
	}
	return p.Problem.Operating(a, problem, p.Ends, p.FiguresAt(), p.Demanded)
}
