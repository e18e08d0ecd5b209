package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// reason is what is recorded of why the plan is accepted, nil for nothing. The plan has to be marked by what the order
// demands now.
func (in AcceptPlan) reason(tx *bbolt.Tx, o *Order, body *Issued, p *plant.OperatingPlan) (*PlanReason, error) {
	demanded, err := o.demanded(tx, in.Read, body)
	if err != nil {
		return nil, err
	}
	if p.Demands != demanded.Digest() {
		return nil, refusal.New(refusal.Conflict, "plan.demands_changed", refusal.Args{"id": o.ID})
	}
	broken := plant.Broken(p.Marks)
	if in.ReasonRef == "" {
		if len(broken) > 0 {
			return nil, refuseAt("reason", "plan.reason", refusal.Args{"measures": measureNames(broken)})
		}
		return nil, nil
	}
	why := &PlanReason{ReasonRef: in.ReasonRef, NotKept: []string{}}
	for _, m := range broken {
		why.NotKept = append(why.NotKept, m.MeasureID)
	}
	return why, nil
}

// measureNames name measures in a refusal.
func measureNames(ms []plant.PlanMarks) refusal.Worded {
	var names []string
	for _, m := range ms {
		names = append(names, strings.TrimSpace(m.MeasureID+" "+m.Unit))
	}
	return refusal.Worded{ZH: strings.Join(names, "、"), EN: strings.Join(names, ", ")}
}

// samePlan reports whether two plans are the same, whatever they were marked by.
func samePlan(a, b json.RawMessage) bool {
	if len(a) == 0 || len(b) == 0 || bytes.Equal(a, b) {
		return bytes.Equal(a, b)
	}
	bare := func(raw json.RawMessage) []byte {
		p, err := plant.ParseOperatingPlan(raw)
		if err != nil || p == nil {
			return raw
		}
		p.Marks, p.Demands = nil, ""
		text, err := json.Marshal(p)
		if err != nil {
			return raw
		}
		return text
	}
	return bytes.Equal(bare(a), bare(b))
}

// demanded is what an order asks for where no plan stands in its place. In an order that carries one, the measures that
// the plan rewrites are those of the order that it was accepted for, or the list's; what an order says as the one
// before it did holds since that one took effect.
func (o *Order) demanded(tx *bbolt.Tx, read Reader, body *Issued) (plant.Demands, error) {
	ms, err := body.measures()
	if err != nil {
		return nil, err
	}
	p, err := plant.ParseOperatingPlan(body.Plan)
	if err != nil {
		return nil, err
	}
	var before plant.Demands
	if (body.Cause == CausePlan || body.Cause == CauseAmended) && body.Supersedes != nil {
		last, err := Get(tx, *body.Supersedes)
		if err != nil {
			return nil, err
		}
		was, err := last.body(tx, read)
		if err != nil {
			return nil, err
		}
		if before, err = last.demanded(tx, read, was); err != nil {
			return nil, err
		}
	}
	if p != nil {
		if err := unplanned(tx, o, body, p, ms, before); err != nil {
			return nil, err
		}
	}
	out := make(plant.Demands, len(ms))
	for i := range ms {
		out[i] = plant.DemandedMeasure{Measure: ms[i], From: body.EffectiveFrom}
		for k := range before {
			if reflect.DeepEqual(before[k].Measure, ms[i]) {
				out[i].From = before[k].From
			}
		}
	}
	return out, nil
}

// unplanned gives the measures that a plan rewrote back what they were before, or else what the list says of them.
func unplanned(tx *bbolt.Tx, o *Order, body *Issued, p *plant.OperatingPlan, ms []reductionlist.Measure,
	before plant.Demands) error {
	own := make([]reductionlist.Measure, len(before))
	for i := range before {
		own[i] = before[i].Measure
	}
	if before == nil {
		r, err := reductionlist.GetRecipient(tx, body.ListVersion, o.RecipientID)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(measuresJSON(reductionlist.MeasuresAt(r, body.Level), nil), &own); err != nil {
			return fmt.Errorf("notify: measures of %s: %w", o.RecipientID, err)
		}
	}
	unplan(p, ms, own)
	return nil
}

// unplan gives the measures that a plan rewrites back what others of the same ids say, and returns their ids.
func unplan(p *plant.OperatingPlan, ms, listed []reductionlist.Measure) (ids []string) {
	for i := range ms {
		if ms[i].Action != p.Kind.Action() {
			continue
		}
		ids = append(ids, ms[i].ID)
		for _, m := range listed {
			if m.ID == ms[i].ID {
				ms[i] = m
			}
		}
	}
	return ids
}
