package notify

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// maxPlan bounds the operating plan that an order carries, in bytes of compact JSON.
const maxPlan = 256 << 10

// AcceptPlan puts an accepted coal or waste plan into an order.
type AcceptPlan struct {
	OrderID string
	Plan    json.RawMessage // one JSON object
	Read    Reader          `json:"-"` // finds the order's body
}

// DecideAcceptPlan revises an open order: the same measures, with the plan, and a new deadline to acknowledge. The
// plan that the order already carries gives no events.
func DecideAcceptPlan(tx *bbolt.Tx, _ string, in AcceptPlan, now time.Time) ([]Event, *Order, error) {
	o, err := Get(tx, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	var plan bytes.Buffer
	if err := json.Compact(&plan, in.Plan); err != nil || !bytes.HasPrefix(plan.Bytes(), []byte("{")) {
		return nil, nil, refusal.Input([]refusal.Field{{Path: "plan", Rule: "input.wrong_type", Args: refusal.Args{"want": "object"}}})
	}
	if plan.Len() > maxPlan {
		return nil, nil, refusal.New(refusal.TooLarge, "input.too_large", refusal.Args{"limit": maxPlan})
	}
	ev, err := o.body(tx, in.Read)
	if err != nil {
		return nil, nil, err
	}
	if bytes.Equal(ev.Plan, plan.Bytes()) {
		return nil, o, nil
	}
	if o.State != StateOpen {
		return nil, nil, refusal.Transition("order.closed", o.State.String(), refusal.Args{"id": o.ID, "action": "plan"})
	}
	s, err := CurrentSettings(tx)
	if err != nil {
		return nil, nil, err
	}
	ev.Plan, ev.Cause = plan.Bytes(), CausePlan
	ev.Supersedes = &o.ID
	ev.Revision = o.Revision + 1
	ev.ID = orderID(o.WarningID, o.RecipientID, ev.Revision)
	ev.IssuedAt, ev.AcknowledgeBy = now, now.Add(s.acknowledgeWithin())
	return []Event{ev}, o, nil
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
