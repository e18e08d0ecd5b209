package notify

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// maxPlan bounds the operating plan that an order carries, in bytes of compact JSON.
const maxPlan = 256 << 10

// AcceptPlan puts an accepted coal or waste plan into an order. The plan is what the coordinator itself computed.
type AcceptPlan struct {
	OrderID string
	Plan    json.RawMessage // a [plant.OperatingPlan]
	// vault reference: why it is accepted though it does not keep what the list demands
	ReasonRef string `json:",omitempty"`
	// of the measures whose daily reduction does not follow from the plan: what it is, or that it stays as it is
	Reductions []GivenReduction `json:",omitempty"`
	Stays      []string         `json:",omitempty"`

	Read Reader    `json:"-"` // finds the order's body
	Wall time.Time `json:"-"` // what the wall clock says; zero where that is now
}

// DecideAcceptPlan revises an open order: its measures with the quantities and daily reductions of the plan, and a new
// deadline to acknowledge. It returns the order that the plan was accepted for. A plan that the order, or the one in
// its place, already carries gives no events. A plan that does not keep what a measure demands is refused at the path
// reason unless a reason is given; then a [PlanReason] stands beside the order. One from which a daily reduction does
// not follow is refused at the path reductions unless that is given or stays as it is.
func DecideAcceptPlan(tx *bbolt.Tx, _ string, in AcceptPlan, now time.Time) ([]Event, *Order, error) {
	o, err := Get(tx, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	plan := new(plant.OperatingPlan)
	if err := json.Unmarshal(in.Plan, plan); err != nil || len(plan.Steps) == 0 || len(plan.Units) == 0 ||
		len(plan.Days) == 0 {
		return nil, nil, refuseAt("plan", "input.wrong_type", refusal.Args{"want": refusal.Words("want.plan", nil)})
	}
	plan.Listed = hex.EncodeToString(o.measures[:])
	body, err := o.body(tx, in.Read)
	if err != nil {
		return nil, nil, err
	}
	if in.repeats(body.Plan, plan) {
		return nil, o, nil
	}
	if o.State != StateOpen {
		if accepted, err := o.nextAccepted(tx, in.Read); err != nil || accepted != nil && in.repeats(accepted, plan) {
			return nil, o, err
		}
		return nil, nil, terms.Transition(terms.OrderState, "plan.not_open", o.State.String(), refusal.Args{"id": o.ID})
	}
	ev, why, err := in.issue(tx, o, body, plan, now)
	if err != nil {
		return nil, nil, err
	}
	if why == nil {
		return []Event{ev}, o, nil
	}
	why.OrderID = ev.ID
	return []Event{ev, why}, o, nil
}

// nextAccepted is the plan with which the order was superseded; nil where it was not, or for another reason.
func (o *Order) nextAccepted(tx *bbolt.Tx, read Reader) (json.RawMessage, error) {
	next, err := o.Next(tx)
	if err != nil {
		if refusal.CodeOf(err) == refusal.NotFound {
			err = nil
		}
		return nil, err
	}
	body, err := next.body(tx, read)
	if err != nil || body.Cause != CausePlan {
		return nil, err
	}
	return body.Plan, nil
}

// SupersededBy is the plan that was accepted for an order that is no longer open; nil where none was.
func SupersededBy(tx *bbolt.Tx, read Reader, order string) (json.RawMessage, error) {
	o, err := Get(tx, order)
	if err != nil || o.State == StateOpen {
		return nil, err
	}
	return o.nextAccepted(tx, read)
}

// issue makes the order that takes the place of o, and what is recorded of why; nil for nothing.
func (in AcceptPlan) issue(tx *bbolt.Tx, o *Order, body *Issued, plan *plant.OperatingPlan, now time.Time) (*Issued,
	*PlanReason, error) {
	list, r, err := listOf(tx, body)
	if err != nil {
		return nil, nil, err
	}
	due := reductionlist.DueOf(r, body.Level)
	if due.Measures, err = body.measures(); err != nil {
		return nil, nil, err
	}
	t := targetOf(due)
	own := plant.Of(r, due.Measures)
	if own == nil || own.Kind != plan.Kind || own.Model() != plan.Model || plan.ListVersion != body.ListVersion ||
		!plan.Rewrites(due.Measures) {
		return nil, nil, refusal.New(refusal.Conflict, "plan.not_for", refusal.Args{"id": o.ID})
	}
	demanded, err := o.demanded(tx, in.Read, body)
	if err != nil {
		return nil, nil, err
	}
	if plan.Demands != demanded.Digest() {
		return nil, nil, refusal.New(refusal.Conflict, "plan.demands_changed", refusal.Args{"id": o.ID})
	}
	why, wrong := in.reason(plan)
	wrong = append(wrong, in.settle(plan, due.Measures, demanded, list.Emission)...)
	if err := refusal.Input(wrong); err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(plan)
	if err != nil {
		return nil, nil, err
	}
	if len(raw) > maxPlan {
		return nil, nil, refusal.New(refusal.TooLarge, "plan.too_large", refusal.Args{"bytes": len(raw), "limit": maxPlan})
	}
	t.follow(plan)
	p, err := o.ownRound(tx, body, now, wall(in.Wall, now))
	if err != nil {
		return nil, nil, err
	}
	ev := newWriter(p, CausePlan).order(&t, o)
	ev.Plan = raw
	return ev, why, nil
}

// body reads back what the order was when it went out.
func (o *Order) body(tx *bbolt.Tx, read Reader) (*Issued, error) {
	b, err := read(tx, o.Body)
	if err != nil {
		return nil, fmt.Errorf("notify: body of order %s: %w", o.ID, err)
	}
	ev := new(Issued)
	if err := json.Unmarshal(b, ev); err != nil {
		return nil, fmt.Errorf("notify: body of order %s: %w", o.ID, err)
	}
	return ev, nil
}

// measures are those of the order as the list has them, without their levels and notes.
func (ev *Issued) measures() (ms []reductionlist.Measure, err error) {
	if err := json.Unmarshal(ev.Measures, &ms); err != nil {
		return nil, fmt.Errorf("notify: measures of order %s: %w", ev.ID, err)
	}
	return ms, nil
}

// PlantOrder is an order for which a plan can be made, with the plant that its version of the list describes.
type PlantOrder struct {
	*Order
	Issued *Issued
	Plant  *plant.Plant
	Given  *plant.FiguresRecord // the latest figures, nil for none

	Demanded plant.Demands // what it asks for without a plan
}

// GetPlantOrder reads an order for which a plan can be made. An order that asks for no plan is refused as a conflict.
func GetPlantOrder(tx *bbolt.Tx, read Reader, id string) (*PlantOrder, error) {
	o, err := Get(tx, id)
	if err != nil {
		return nil, err
	}
	out := &PlantOrder{Order: o}
	if out.Issued, err = o.body(tx, read); err != nil {
		return nil, err
	}
	measures, err := out.Issued.measures()
	if err != nil {
		return nil, err
	}
	r, err := reductionlist.GetRecipient(tx, out.Issued.ListVersion, o.RecipientID)
	if err != nil {
		return nil, err
	}
	if out.Plant = plant.Of(r, measures); out.Plant == nil {
		return nil, refusal.New(refusal.Conflict, "plan.not_for", refusal.Args{"id": id})
	}
	if out.Demanded, err = o.demanded(tx, read, out.Issued); err != nil {
		return nil, err
	}
	out.Given, err = LatestFigures(tx, o.RecipientID)
	return out, err
}
