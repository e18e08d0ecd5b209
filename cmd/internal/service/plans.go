package service

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
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
	handle(r, cmdAcceptPlan, notify.DecideAcceptPlan, func(in *notify.AcceptPlan, wall time.Time) {
		in.Read, in.Wall = journal.ReadPos, wall
	})
}

var _ = bind(calls.Figures, (*Service).ReadFigures)

// ReadFigures are the figures of a recipient of the list in force that has a plant, for who may see them.
func (s *Service) ReadFigures(_ context.Context, a Ask, in calls.ByID) (none calls.PlantFigures, _ error) {
	if err := mayFigures(a.Who, in.ID); err != nil {
		return none, err
	}
	return journal.Read(s.J, func(tx *bbolt.Tx) (calls.PlantFigures, error) {
		now := s.J.Now()
		r, err := ListedRecipient(tx, in.ID, now)
		if err != nil {
			return none, err
		}
		own := plant.OfRecipient(r)
		if own == nil {
			return none, refusal.New(refusal.Conflict, "figures.no_plant", refusal.Args{"id": in.ID})
		}
		g, err := notify.LatestFigures(tx, in.ID)
		return s.figuresView(in.ID, own, g, now), err
	})
}

func (s *Service) figuresView(recipient string, own *plant.Plant, g *plant.FiguresRecord, now time.Time) calls.PlantFigures {
	out := calls.PlantFigures{RecipientID: recipient, Kind: own.Kind, Machines: own.Machines(),
		MaxAgeH: s.FiguresMaxAge.Hours()}
	if g != nil {
		age := float64(int(now.Sub(g.At).Hours()*10)) / 10
		out.Figures, out.GivenAt, out.GivenBy, out.AgeH, out.Old = &g.Figures, &g.At, g.By, &age,
			now.Sub(g.At) > s.FiguresMaxAge
	}
	return out
}

var _ = bind(calls.GiveFigures, (*Service).GiveFigures)

// GiveFigures records the figures of a plant: any by a duty officer, its own by an enterprise.
func (s *Service) GiveFigures(ctx context.Context, a Ask, in calls.FiguresInput) (calls.PlantFigures, error) {
	if err := mayFigures(a.Who, in.ID); err != nil {
		return calls.PlantFigures{}, err
	}
	if err := s.RecordFigures(ctx, a, in.ID, in.Figures); err != nil {
		return calls.PlantFigures{}, err
	}
	return s.ReadFigures(ctx, a, in.ByID)
}

// mayFigures refuses what a role may not see as if it were not there.
func mayFigures(who *access.Principal, recipient string) error {
	if who.Role == calls.Enterprise && (who.Recipient == "" || who.Recipient != recipient) {
		return unknownRecipient(recipient)
	}
	return nil
}

// RecordFigures records the figures of a plant.
func (s *Service) RecordFigures(ctx context.Context, a Ask, recipient string, in plant.Figures) error {
	_, err := s.J.Submit(ctx, a.command(cmdFigures, notify.GiveFigures{RecipientID: recipient, Figures: in}))
	if refusal.CodeOf(err) == refusal.NotFound {
		err = unknownRecipient(recipient)
	}
	return err
}

// PreparedPlan is the plan that the coordinator prepares for an order: the problem as far as it is known, what is
// missing, and the answer once nothing is.
type PreparedPlan struct {
	OrderID string
	Problem *plant.Problem
	Missing []plant.MissingFigure
	Answer  *allocate.Answer // nil while something is missing
	Figures calls.PlantFigures
	Ends    *time.Time // of the order
	Open    bool       // the order is, and can take a plan

	Demanded plant.Demands // what the order asks for without a plan
}

// FiguresAt is when the figures were given that the problem holds; nil where it holds none.
func (p *PreparedPlan) FiguresAt() *time.Time {
	if !p.Problem.Used {
		return nil
	}
	return p.Figures.GivenAt
}

// plantOrder reads an order and puts the problem together that its figures make.
func (s *Service) plantOrder(id string) (o *notify.PlantOrder, p *PreparedPlan, err error) {
	err = s.J.View(func(tx *bbolt.Tx) error {
		now := s.J.Now()
		if o, err = notify.GetPlantOrder(tx, journal.ReadPos, id); err != nil {
			return err
		}
		in := plant.PlanFor{From: o.Issued.EffectiveFrom, To: o.Issued.EndsAt, Now: now, MaxAge: s.FiguresMaxAge}
		problem, err := o.Plant.Problem(in, o.Given)
		p = &PreparedPlan{OrderID: id, Problem: problem, Ends: o.Issued.EndsAt, Open: o.State == notify.StateOpen,
			Demanded: o.Demanded,
			Figures:  s.figuresView(o.RecipientID, o.Plant, o.Given, now)}
		if err == nil {
			p.Missing = problem.Missing
		}
		return err
	})
	return o, p, err
}

// PreparePlan prepares an order's plan within a limit. Figures that the optimiser cannot take count as missing.
func (s *Service) PreparePlan(ctx context.Context, id string, limit time.Duration) (*PreparedPlan, error) {
	_, p, err := s.plantOrder(id)
	if err != nil || !p.Problem.Complete() {
		return p, err
	}
	p.Answer, err = s.plans.solve(ctx, p.Problem.Kind.Problem(), p.Problem.Text, limit)
	var e *refusal.Error
	if errors.As(err, &e) && len(e.Fields) > 0 {
		for _, f := range e.Fields {
			p.Missing = append(p.Missing, plant.MissingFigure{Path: f.Path, Rule: f.Rule, Args: f.Args})
		}
		return p, nil
	}
	return p, err
}

// problemText is the problem that is meant, checked against the model.
func (p *PreparedPlan) problemText(problem json.RawMessage, now time.Time) (text []byte, err error) {
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

// solvePlan answers the problem that is meant, and says which that is.
func (s *Service) solvePlan(ctx context.Context, p *PreparedPlan, problem json.RawMessage,
	limit time.Duration) (*allocate.Answer, []byte, error) {
	text, err := p.problemText(problem, s.J.Now())
	if err != nil {
		return nil, nil, err
	}
	a, err := s.plans.solve(ctx, p.Problem.Kind.Problem(), text, limit)
	return a, text, refusal.Within("problem", err)
}

// PlanAnswer is the answer to an order's problem with other figures or demands, and how the plan stands to what the
// order demands; Plan is nil where there is none.
type PlanAnswer struct {
	*allocate.Answer
	Plan *plant.OperatingPlan
}

// WhatIf answers an order's problem with other figures or demands. Nothing is recorded.
func (s *Service) WhatIf(ctx context.Context, id string, problem json.RawMessage, limit time.Duration) (*PlanAnswer,
	error) {
	_, p, err := s.plantOrder(id)
	if err != nil {
		return nil, err
	}
	a, text, err := s.solvePlan(ctx, p, problem, limit)
	if err != nil {
		return nil, err
	}
	return &PlanAnswer{a, p.Of(a, text)}, nil
}

var _ = bind(calls.AcceptPlan, (*Service).AcceptPlan)

// AcceptPlan has an order carry the plan of a problem: of the one named, or of the prepared one. The coordinator
// computes the plan itself and never takes one that is given. It returns the order that takes the place of the other.
func (s *Service) AcceptPlan(ctx context.Context, a Ask, in calls.PlanAccepted) (json.RawMessage, error) {
	cmd, err := s.acceptCommand(ctx, a, in)
	if err != nil {
		return nil, err
	}
	o, err := journal.Do[*notify.Order](ctx, s.J, cmd)
	if err != nil {
		return nil, err
	}
	next, err := journal.Read(s.J, o.Next)
	if refusal.CodeOf(err) == refusal.NotFound { // it carried the plan already
		next, err = o, nil
	}
	if err != nil {
		return nil, err
	}
	return s.OrderJSON(next.ID)
}

// PreviewAcceptPlan is the order that accepting a plan would make, nil where the order carries that plan already, with
// the digest of all that it would record, or the refusal that it would get. Nothing is recorded.
func (s *Service) PreviewAcceptPlan(ctx context.Context, a Ask, in calls.PlanAccepted) (made *notify.Issued, seen string,
	err error) {
	cmd, err := s.acceptCommand(ctx, a, in)
	if err != nil {
		return nil, "", err
	}
	o, err := s.J.Preview(cmd)
	for _, ev := range o.Events {
		if issued, ok := ev.(*notify.Issued); ok {
			made = issued
		}
	}
	return made, o.Digest, err
}

// acceptCommand computes the plan that is to be accepted, and the command that has the order carry it.
func (s *Service) acceptCommand(ctx context.Context, a Ask, in calls.PlanAccepted) (cmd journal.Command, err error) {
	plan, err := s.repeatedPlan(&in)
	if err == nil && plan == nil {
		plan, err = s.acceptable(ctx, in.ID, in.Problem, timeLimit(in.SolveLimit))
	}
	if err != nil {
		return cmd, err
	}
	text, err := json.Marshal(plan)
	if err != nil {
		return cmd, err
	}
	cmd = a.command(cmdAcceptPlan, nil)
	accept := notify.AcceptPlan{OrderID: in.ID, Plan: text, Stays: in.ReductionStays}
	for _, r := range in.Reductions {
		accept.Reductions = append(accept.Reductions,
			notify.GivenReduction{MeasureID: r.MeasureID, Reduction: *r.Reduction})
	}
	if reason := strings.TrimSpace(in.Reason); reason != "" {
		accept.ReasonRef, _ = s.seal(reason, a.Key, &cmd.Vault)
	}
	cmd.Payload = accept
	return cmd, nil
}

// repeatedPlan is the plan with which an order was superseded when the same is asked for again; nil for anything else.
func (s *Service) repeatedPlan(in *calls.PlanAccepted) (*plant.OperatingPlan, error) {
	plan, err := journal.Read(s.J, func(tx *bbolt.Tx) (*plant.OperatingPlan, error) {
		raw, err := notify.SupersededBy(tx, journal.ReadPos, in.ID)
		if err != nil || raw == nil {
			return nil, err
		}
		return plant.ParseOperatingPlan(raw)
	})
	if err != nil || plan == nil {
		return nil, err
	}
	if len(in.Problem) > 0 && string(in.Problem) != "null" {
		var asked bytes.Buffer
		if err := json.Compact(&asked, in.Problem); err != nil || !bytes.Equal(asked.Bytes(), plan.Problem) {
			return nil, nil
		}
	}
	// what the decision adds
	plan.Listed = ""
	for i := range plan.Reductions {
		if r := &plan.Reductions[i]; in.Says(r.MeasureID) {
			r.Reduction = nil
		}
	}
	return plan, nil
}

// acceptable computes the plan that is to be accepted.
func (s *Service) acceptable(ctx context.Context, id string, problem json.RawMessage,
	limit time.Duration) (*plant.OperatingPlan, error) {
	o, p, err := s.plantOrder(id)
	if err != nil {
		return nil, err
	}
	if !p.Open {
		return nil, terms.Transition(terms.OrderState, "plan.not_open", o.State.String(), refusal.Args{"id": id})
	}
	a, text, err := s.solvePlan(ctx, p, problem, limit)
	if err != nil {
		return nil, err
	}
	if a.Status == allocate.Infeasible {
		return nil, refusal.New(refusal.Conflict, "plan.infeasible",
			refusal.Args{"why": refusal.Worded{ZH: why(a, "zh-CN"), EN: why(a, "en")}})
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
func (p *PreparedPlan) Operating() *plant.OperatingPlan {
	if p.Answer == nil {
		return nil
	}
	return p.Of(p.Answer, p.Problem.Text)
}

// Of is the answer to a problem in the form in which an order would carry it; nil for one that there is no plan for.
func (p *PreparedPlan) Of(a *allocate.Answer, problem []byte) *plant.OperatingPlan {
	if a.Status == allocate.Infeasible {
		return nil
	}
	return p.Problem.Operating(a, problem, p.Ends, p.FiguresAt(), p.Demanded)
}
