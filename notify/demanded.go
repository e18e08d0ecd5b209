package notify

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// reason is what is recorded of why the plan is accepted, nil for nothing, or that it is wanting.
func (in AcceptPlan) reason(p *plant.OperatingPlan) (*PlanReason, []refusal.Field) {
	broken := plant.Broken(p.Marks)
	if in.ReasonRef == "" {
		if len(broken) == 0 {
			return nil, nil
		}
		var names []string
		for i := range broken {
			names = append(names, measureName(broken[i].MeasureID, broken[i].Unit))
		}
		return nil, []refusal.Field{{Path: "reason", Rule: "plan.reason", Args: refusal.Args{"measures": listed(names)}}}
	}
	why := &PlanReason{ReasonRef: in.ReasonRef, NotKept: []string{}}
	for _, m := range broken {
		why.NotKept = append(why.NotKept, m.MeasureID)
	}
	return why, nil
}

// measureName names a measure in a refusal by its id and 生产线或设备.
func measureName(id, unit string) string { return strings.TrimSpace(id + " " + unit) }

// listed are names in a refusal.
func listed(names []string) refusal.Worded {
	return refusal.Worded{ZH: strings.Join(names, "、"), EN: strings.Join(names, ", ")}
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
