package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// ObjectionDecision is the duty officer's decision on what a recipient objected: "accept" exempts it from the order,
// "reject" sets a new deadline to acknowledge, "amend" gives it another order with other measures. The grant ends at
// ExpiresAt, if the warning still lasts then: the recipient gets what the list says of it again.
type ObjectionDecision struct {
	OrderID   string
	Decision  string
	ReasonRef string
	ExpiresAt *time.Time      // of accept and amend; to come
	Measures  []MeasureChange // of amend
	Read      Reader          `json:"-"` // finds the order's body
	Wall      time.Time       `json:"-"` // what the wall clock says; zero where that is now
	Rules     rules.Settings  `json:"-"` // what an amended measure is held to
}

// The decisions.
const (
	decideAccept = "accept"
	decideReject = "reject"
	decideAmend  = "amend"
)

// MeasureChange changes one measure of an order: Change holds the members of [reductionlist.Measure] that change, JSON
// null takes the measure out.
type MeasureChange struct {
	ID     string
	Change json.RawMessage
}

// DecideObjection decides on an objection. The order must be open and objected to. It returns the order as it was, or
// the one that an amendment makes of it.
func DecideObjection(tx *bbolt.Tx, _ string, in ObjectionDecision, now time.Time) ([]Event, *Order, error) {
	if err := in.check(wall(in.Wall, now)); err != nil {
		return nil, nil, err
	}
	o, err := Get(tx, in.OrderID)
	if err != nil {
		return nil, nil, err
	}
	args := refusal.Args{"id": o.ID, "action": terms.Words(terms.OrderAct, Object)}
	if o.State != StateOpen {
		return nil, nil, terms.Transition(terms.OrderState, "order.closed", o.State.String(), args)
	}
	if o.Answer != AnswerObjected {
		return nil, nil, terms.Transition(terms.OrderState, "order.answer_state", o.Answer.String(), args)
	}
	ev := &Decided{OrderID: o.ID, Decision: in.Decision, ReasonRef: in.ReasonRef, ExpiresAt: in.ExpiresAt}
	switch in.Decision {
	case decideAccept:
		ev.Release = exemption(wall(in.Wall, now), in.ExpiresAt, o.Drill)
	case decideReject:
		s, err := CurrentSettings(tx)
		if err != nil {
			return nil, nil, err
		}
		ev.AcknowledgeBy = new(now.Add(s.acknowledgeWithin()))
	case decideAmend:
		amended, err := in.amend(tx, o, now)
		if err != nil {
			return nil, nil, err
		}
		return []Event{ev, amended}, o, nil
	}
	return []Event{ev}, o, nil
}

func (in ObjectionDecision) check(now time.Time) error {
	var wrong []refusal.Field
	say := func(path, rule string, args refusal.Args) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: args})
	}
	switch {
	case in.ExpiresAt == nil:
	case in.Decision == decideReject:
		say("expires_at", "order.expires_alone", nil)
	case !in.ExpiresAt.After(now):
		say("expires_at", "order.expires_past", refusal.Args{"value": clock(*in.ExpiresAt), "now": clock(now)})
	}
	switch {
	case in.Decision == decideAmend && len(in.Measures) == 0:
		say("measures", "order.amend_nothing", nil)
	case in.Decision != decideAmend && len(in.Measures) > 0:
		say("measures", "order.measures_alone", nil)
	}
	return refusal.Input(wrong)
}

// amend makes the order that takes the place of o. It refuses whatever a row of the list would be refused for.
func (in ObjectionDecision) amend(tx *bbolt.Tx, o *Order, now time.Time) (*Issued, error) {
	body, err := o.body(tx, in.Read)
	if err != nil {
		return nil, err
	}
	list, r, err := listOf(tx, body)
	if err != nil {
		return nil, err
	}
	ms, rewritten, err := body.unplanned(r)
	if err != nil {
		return nil, err
	}
	r.Measures = ms
	keep := !slices.ContainsFunc(in.Measures, func(c MeasureChange) bool { return slices.Contains(rewritten, c.ID) })
	atLevel := func() {
		for i := range r.Measures {
			r.Measures[i].Levels = []alerts.Level{body.Level}
		}
	}
	atLevel()
	for i, m := range in.Measures {
		if err := m.carryOut(list, r, in.Rules); err != nil {
			return nil, refusal.Within("measures["+strconv.Itoa(i)+"]", err)
		}
		atLevel()
	}
	if len(r.Measures) == 0 {
		return nil, refuseAt("measures", "order.amend_all", nil)
	}
	return o.reissue(tx, body, r, CauseAmended, keep, now, wall(in.Wall, now))
}

// AmendedFrom are the measures of an order that an amendment of it changes: where it carries a plan, what the list says
// of those that the plan rewrites.
func AmendedFrom(tx *bbolt.Tx, read Reader, id string) ([]reductionlist.Measure, error) {
	o, err := Get(tx, id)
	if err != nil {
		return nil, err
	}
	body, err := o.body(tx, read)
	if err != nil {
		return nil, err
	}
	_, r, err := listOf(tx, body)
	if err != nil {
		return nil, err
	}
	ms, _, err := body.unplanned(r)
	return ms, err
}

// listOf returns what the order's list says of its recipient, and the list with that recipient alone.
func listOf(tx *bbolt.Tx, body *Issued) (*reductionlist.List, *reductionlist.Recipient, error) {
	v, err := reductionlist.GetVersion(tx, body.ListVersion)
	if err != nil {
		return nil, nil, err
	}
	r, err := reductionlist.GetRecipient(tx, v.ID, body.RecipientID)
	l := v.List
	l.Recipients = []*reductionlist.Recipient{r}
	return &l, r, err
}

func (m MeasureChange) carryOut(l *reductionlist.List, r *reductionlist.Recipient, s rules.Settings) error {
	if !slices.ContainsFunc(r.Measures, func(have reductionlist.Measure) bool { return have.ID == m.ID }) {
		return refuseAt("id", "order.no_measure", refusal.Args{"value": m.ID})
	}
	a := rules.Amendment{RecipientID: r.ID, MeasureID: m.ID, Change: m.Change, EffectiveFrom: l.EffectiveFrom}
	if len(m.Change) == 0 || string(m.Change) == "null" {
		a.Change = nil
	}
	return rules.Amend(l, a, s)
}

// reissue makes the order that takes the place of o outside the warning's round: r's measures at the level and for the
// window of o, from now on where o has begun, with a deadline of its own. keep lets a plan go on that o carries.
func (o *Order) reissue(tx *bbolt.Tx, body *Issued, r *reductionlist.Recipient, cause Cause, keep bool, now,
	wall time.Time) (*Issued, error) {
	p, err := o.ownRound(tx, body, now, wall)
	if err != nil {
		return nil, err
	}
	t, w := targetOf(reductionlist.DueOf(r, body.Level)), newWriter(p, cause)
	if !keep {
		return w.order(&t, o), nil
	}
	return w.follow(tx, &t, o)
}

// ownRound is the round of the order that takes the place of o by itself, at the record's time and that of the wall
// clock.
func (o *Order) ownRound(tx *bbolt.Tx, body *Issued, now, wall time.Time) (*Round, error) {
	s, err := CurrentSettings(tx)
	if err != nil {
		return nil, err
	}
	p := &Round{
		Warning: o.WarningID, At: now, AcknowledgeBy: now.Add(s.acknowledgeWithin()), ContactRef: s.ContactRef,
		Level:       body.Level,
		ListVersion: body.ListVersion, ListHash: body.ListHash, StartsAt: body.EffectiveFrom, EndsAt: body.EndsAt,
		DocumentNo: body.DocumentNo, Drill: body.Drill,
	}
	if p.StartsAt.Before(wall) {
		p.StartsAt = wall
	}
	p.floor, err = Floor(tx, o.WarningID)
	return p, err
}

func applyDecided(tx *bbolt.Tx, fx Effects, at time.Time, ev *Decided) error {
	var o Order
	if err := o.must(tx, ev.OrderID); err != nil {
		return err
	}
	if err := keepDecision(tx, at, ev); err != nil {
		return err
	}
	switch ev.Decision {
	case decideAccept:
		setEnd(fx, o.ID, ev.ExpiresAt)
		words := 0
		if ev.Release != nil {
			words = nextRelease(tx, o.WarningID)
			if err := (releaseRow{ReleaseWords: *ev.Release, ReasonRef: ev.ReasonRef}).store(tx, o.WarningID,
				words); err != nil {
				return err
			}
		}
		return o.end(tx, fx, at, StateExempted, words)
	case decideAmend:
		next, err := o.nextID(tx)
		setEnd(fx, next, ev.ExpiresAt)
		return err
	}
	if ev.AcknowledgeBy == nil {
		return fmt.Errorf("notify: order %s: a rejected objection without a new deadline", ev.OrderID)
	}
	return change(tx, fx, ev.OrderID, func(o *Order) {
		o.Answer = AnswerAwaiting
		o.acts[acts[Object].content] = digest{}
		o.AcknowledgeBy = *ev.AcknowledgeBy
		o.callAnew()
		o.setDeadline(fx)
	})
}

// setEnd sets the timer of the end of what an objection was granted.
func setEnd(fx Effects, order string, at *time.Time) {
	if at != nil {
		fx.WallTimer("decision/"+order, *at, CommandDecisionEnds, DecisionEnds{OrderID: order})
	}
}

// DecisionEnds is the command that ends what an objection was granted: the exemption from an order, or an amended
// order.
type DecisionEnds struct {
	OrderID string    `json:"order_id"`
	Read    Reader    `json:"-"` // finds the order's body
	Wall    time.Time `json:"-"` // what the wall clock says; zero where that is now
}

// DecideDecisionEnds gives the recipient what the list says at the order's level. It gives no events when the order has
// been replaced or the warning has ended since.
func DecideDecisionEnds(tx *bbolt.Tx, _ string, in DecisionEnds, now time.Time) ([]Event, *Order, error) {
	o, err := Get(tx, in.OrderID)
	if err != nil || !o.binds() {
		return nil, o, err
	}
	p, err := GetRound(tx, o.WarningID)
	if err != nil || p == nil || p.Release != "" {
		return nil, o, err
	}
	body, err := o.body(tx, in.Read)
	if err != nil || o.State == StateOpen && body.Cause != CauseAmended {
		return nil, o, err
	}
	_, r, err := listOf(tx, body)
	if err != nil || len(reductionlist.MeasuresAt(r, body.Level)) == 0 {
		return nil, o, err
	}
	ev, err := o.reissue(tx, body, r, CauseDecisionEnded, true, now, wall(in.Wall, now))
	if err != nil {
		return nil, nil, err
	}
	return []Event{ev}, o, nil
}

// clock is a time as a refusal shows it.
func clock(t time.Time) string { return refusal.Clock(t) }
