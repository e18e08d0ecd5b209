package alerts

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// decision is one act being decided in one scope: the warning and the proposal there, and the events so far.
type decision struct {
	engine Engine
	tx     *bbolt.Tx
	scope  scope
	actor  string
	now    time.Time
	ids    *numbering
	row    scopeRow
	events []Event

	warning *Warning  // live in the scope, as the events so far leave it
	open    *Proposal // open in the scope, likewise
}

func (e Engine) begin(tx *bbolt.Tx, s scope, actor string, now time.Time) (*decision, error) {
	d := &decision{engine: e, tx: tx, scope: s, actor: actor, now: now, ids: newNumbering(tx, now)}
	var err error
	if d.row, _, err = get[scopeRow](tx, bScope, s.key()); err != nil {
		return nil, err
	}
	if d.row.Warning != "" {
		if d.warning, err = GetWarning(tx, d.row.Warning); err != nil {
			return nil, err
		}
	}
	if d.row.Proposal != "" {
		if d.open, err = GetProposal(tx, d.row.Proposal); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// byPerson carries out what a person does to a warning: it must exist, be as the person saw it, and allow the act.
func (e Engine) byPerson(tx *bbolt.Tx, actor, id string, revision int, a act, now time.Time,
	do func(*decision, *Warning) error) ([]Event, *Warning, error) {
	w, err := GetWarning(tx, id)
	if err != nil {
		return nil, nil, err
	}
	if revision != w.Revision {
		return nil, nil, refusal.New(refusal.StaleRevision, "warning.stale_revision",
			refusal.Args{"id": id, "revision": revision, "current": w.Revision})
	}
	return e.carryOut(tx, actor, w, a, now, do)
}

// byTimer carries out what a timer does to a warning.
func (e Engine) byTimer(tx *bbolt.Tx, actor string, in WarningRef, a act, now time.Time,
	do func(*decision, *Warning) error) ([]Event, *Warning, error) {
	w, err := GetWarning(tx, in.WarningID)
	if err != nil {
		return nil, nil, err
	}
	return e.carryOut(tx, actor, w, a, now, do)
}

func (e Engine) carryOut(tx *bbolt.Tx, actor string, w *Warning, a act, now time.Time,
	do func(*decision, *Warning) error) ([]Event, *Warning, error) {
	if err := refuse(w, a); err != nil {
		return nil, nil, err
	}
	d, err := e.begin(tx, scope{w.Region, w.Drill}, actor, now)
	if err != nil {
		return nil, nil, err
	}
	if d.warning == nil || d.warning.ID != w.ID {
		return nil, nil, fmt.Errorf("alerts: %s is %s but not what is live in %s", w.ID, w.State, d.scope.key())
	}
	if err := do(d, d.warning); err != nil {
		return nil, nil, err
	}
	return d.finish(a, w.phase())
}

// record adds an event of the warning and takes it as done.
func (d *decision) record(ev warningEvent) {
	d.events = append(d.events, ev)
	next := d.warning.after(ev, d.engine.recorded(d.now), d.actor)
	d.warning = &next
}

// activateIfDue starts a scheduled warning whose start has come.
func (d *decision) activateIfDue() {
	if d.warning.State == Scheduled && !d.warning.StartsAt.After(d.now) {
		d.record(d.activated(true))
	}
}

func (d *decision) activated(announce bool) WarningActivated {
	w := d.warning
	return WarningActivated{OfWarning: w.of(), Level: w.Level, Region: w.Region, Drill: w.Drill, StartsAt: w.StartsAt,
		EndsAt: w.EndsAt, ListPin: w.ListPin, Announced: Announced{announce}}
}

// accept closes the open proposal that the act follows; without an id there is nothing to accept.
func (d *decision) accept(id string, kind ProposalKind) error {
	if id == "" {
		return nil
	}
	p, ok, err := get[Proposal](d.tx, bProposal, id)
	if err != nil {
		return err
	}
	wrong := func(rule string, args refusal.Args) error {
		return refusal.Wrong("proposal_id", rule, args)
	}
	switch {
	case !ok || p.Region != d.scope.region || p.Drill != d.scope.drill:
		return wrong("proposal.not_here", refusal.Args{"id": id, "region": d.scope.region})
	case p.State != StateOpen:
		return terms.Transition(terms.ProposalState, "proposal.not_open", p.State, refusal.Args{"id": id})
	case p.Kind != kind:
		return wrong("proposal.other_kind",
			refusal.Args{"id": id, "kind": terms.Words(terms.Proposal, p.Kind), "want": terms.Words(terms.Proposal, kind)})
	}
	d.open = nil
	d.events = append(d.events, ProposalAccepted{ID: id}) // finish adds the warning's id
	return nil
}

// finish checks the result against the table and brings the region's proposal in line with it.
func (d *decision) finish(a act, from phase) ([]Event, *Warning, error) {
	w := d.warning
	if err := check(from, a, w.phase()); err != nil {
		return nil, nil, err
	}
	for i, ev := range d.events {
		if acc, ok := ev.(ProposalAccepted); ok {
			acc.WarningID = w.ID
			d.events[i] = acc
		}
	}
	if !w.State.live() {
		d.warning = nil
	}
	if err := d.propose(); err != nil {
		return nil, nil, err
	}
	return d.events, w, nil
}
