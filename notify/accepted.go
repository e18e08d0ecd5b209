package notify

import (
	"bytes"
	"encoding/hex"
	"encoding/json"

	"go.etcd.io/bbolt"

	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

// AcceptedPlan is the plan that a recipient's orders under a warning carry, nil for none. It stays when the warning
// ends.
func AcceptedPlan(tx *bbolt.Tx, warning, recipient string) (*plant.OperatingPlan, error) {
	return plant.ParseOperatingPlan(tx.Bucket(acceptedBucket).Get(within(warning, recipient)))
}

// within is the key of what a recipient has under a warning.
func within(warning, recipient string) []byte { return []byte(warning + "\x00" + recipient) }

// keepAccepted notes which plan a recipient's latest order carries.
func keepAccepted(tx *bbolt.Tx, ev *Issued) error {
	b, key := tx.Bucket(acceptedBucket), within(ev.WarningID, ev.RecipientID)
	if len(ev.Plan) > 0 && string(ev.Plan) != "null" {
		return b.Put(key, ev.Plan)
	}
	if ev.Supersedes == nil {
		return nil
	}
	return b.Delete(key)
}

// listedDigest is the digest that a plan has of the list's measures.
func listedDigest(plan json.RawMessage) (d digest, ok bool) {
	if !bytes.Contains(plan, []byte(`"measures_digest"`)) {
		return d, false
	}
	var in struct {
		Listed string `json:"measures_digest"`
	}
	if json.Unmarshal(plan, &in) != nil {
		return d, false
	}
	b, err := hex.DecodeString(in.Listed)
	if err != nil || len(b) != len(d) {
		return d, false
	}
	copy(d[:], b)
	return d, true
}

// An order says one of these of a plan that was accepted before.
const (
	carriedNote = "此前接受的运行方案继续有效，用量按方案执行。\n"
	droppedNote = "此前接受的运行方案不再适用，恢复按清单执行。\n"
)

// follow words the order that follows a recipient's last one. A plan that the last one carries goes on in it as long as
// it fits its window and the plant that its version of the list describes; else the order says that it is over.
func (w *writer) follow(tx *bbolt.Tx, t *target, last *Order) (*Issued, error) {
	if last == nil {
		return w.order(t, nil), nil
	}
	plan, err := AcceptedPlan(tx, w.round.Warning, t.ID)
	if err != nil || plan == nil {
		return w.order(t, last), err
	}
	next := *t
	fits, err := serves(tx, plan, w.round, &next)
	if err != nil {
		return nil, err
	}
	if !fits {
		next.lines = droppedNote + t.lines
		return w.order(&next, last), nil
	}
	listed := t.digest
	if w.issue.Cause == CauseAmended {
		listed = last.measures
	}
	plan.Listed, next.lines = hex.EncodeToString(listed[:]), carriedNote+next.lines
	ev := w.order(&next, last)
	ev.Plan, err = json.Marshal(plan)
	return ev, err
}

// serves says whether the plan fits an order, and puts it into what the order is made of.
func serves(tx *bbolt.Tx, p *plant.OperatingPlan, order *Round, t *target) (bool, error) {
	from := order.StartsAt
	if order.At.After(from) {
		from = order.At
	}
	if !p.Fits(from, order.EndsAt) {
		return false, nil
	}
	if p.ListVersion != order.ListVersion {
		r, err := reductionlist.GetRecipient(tx, order.ListVersion, t.ID)
		if err != nil {
			return false, err
		}
		if own := plant.Of(r, t.Measures); own == nil || own.Kind != p.Kind || own.Model() != p.Model {
			return false, nil
		}
	}
	return t.follow(p), nil
}

// unplanned are the measures of an order with what the list says of its recipient in the place of those that its plan
// rewrote, so that an amendment is judged by the list's rules; rewritten are the ids of these.
func (ev *Issued) unplanned(r *reductionlist.Recipient) (ms []reductionlist.Measure, rewritten []string, err error) {
	if ms, err = ev.measures(); err != nil {
		return nil, nil, err
	}
	plan, err := plant.ParseOperatingPlan(ev.Plan)
	if err != nil || plan == nil {
		return ms, nil, err
	}
	return ms, unplan(plan, ms, reductionlist.MeasuresAt(r, ev.Level)), nil
}
