package alerts

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// confirmWithin is how long an approval by telephone stands before somebody who may approve has to confirm it.
const confirmWithin = 12 * time.Hour

// CommandUnconfirmed is run by the timer of an emergency approval that is due to be confirmed.
const CommandUnconfirmed = "warning.unconfirmed"

// EmergencyApprove lets a declaration or a raise through when no approver can be reached: on the word of a named
// authority, given at a time that is told. It has to be confirmed within 12 hours.
type EmergencyApprove struct {
	WarningID string    `json:"warning_id"`
	Revision  int       `json:"revision" validate:"required"`
	Authority string    `json:"authority" validate:"required,chars=200"` // who gave the word: office and function
	CalledAt  time.Time `json:"called_at" validate:"required"`
	Reason    string    `text:"free" json:"reason" validate:"required,chars=2000"` // why nobody who may approve could be reached
}

// Emergency is an approval by telephone and what became of it.
type Emergency struct {
	Authority   string     `json:"authority"`
	CalledAt    time.Time  `json:"called_at"`
	Reason      string     `json:"reason"`
	By          string     `json:"by"`
	ConfirmBy   time.Time  `json:"confirm_by"`
	ConfirmedBy string     `json:"confirmed_by"`
	ConfirmedAt *time.Time `json:"confirmed_at"`
	Overdue     bool       `json:"overdue"` // not confirmed in time
}

// unconfirmed reports whether a confirmation is still wanted, late or not.
func (w *Warning) unconfirmed() bool { return w.Emergency != nil && w.Emergency.ConfirmedAt == nil }

// DecideEmergencyApprove approves what waits for a second person, on somebody's word.
func (e Engine) DecideEmergencyApprove(tx *bbolt.Tx, actor string, in EmergencyApprove, now time.Time) ([]Event,
	*Warning, error) {
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actEmergency, now, func(d *decision, w *Warning) error {
		called := moment(in.CalledAt)
		if called.After(now.Add(clockSkew)) || !called.After(now.Add(-24*time.Hour)) {
			return refusal.Wrong("called_at", "warning.called_at", refusal.Args{"value": clock(called), "now": clock(now)})
		}
		d.record(EmergencyApproved{w.of(), in.Authority, called, in.Reason,
			e.recorded(now).Add(confirmWithin), e.Seen})
		d.approve()
		return nil
	})
}

// approve lets through what waits: the declaration, the raise of its level, or its other start, which does not reach
// back before the approval.
func (d *decision) approve() {
	w := d.warning
	if p := w.Pending; p != nil && p.Moves() {
		start := latest(p.EffectiveAt, d.now)
		ev := WarningRevised{OfWarning: w.of(), EndsAt: p.EndsAt, Document: p.Document, NoticeText: p.NoticeText,
			Reason: p.Reason, StartsAt: &start, NoEnd: p.NoEnd, Announce: start.After(d.now), Approved: true,
			Seen: d.engine.Seen}
		if ev.EndsAt != nil && !ev.EndsAt.After(start) { // the approval came too late for it
			ev.EndsAt = nil
		}
		d.record(ev)
		d.activateIfDue()
		return
	}
	if p := w.Pending; p != nil {
		d.record(d.levelChanged(p.Change, true))
		return
	}
	ev := WarningApproved{OfWarning: w.of(), State: d.engine.approvedState(w.Trigger), Seen: d.engine.Seen}
	later := w.StartsAt.After(d.now)
	if later && w.AtOnce {
		ev.StartsAt, later = &d.now, false
	}
	ev.Announce = ev.State == Scheduled && later
	d.record(ev)
	d.activateIfDue()
}

// Approved is what an approval would record that is given now, by somebody else, of what waits for one in w, and the
// warning after it. It looks at nothing but w.
func (e Engine) Approved(w *Warning, now time.Time) ([]Event, *Warning) {
	d := &decision{engine: e, now: now, warning: w}
	d.approve()
	return d.events, d.warning
}

// confirmEmergency records an approver's confirmation of what went out on a telephone call, also after the warning's
// end.
func (e Engine) confirmEmergency(tx *bbolt.Tx, actor string, w *Warning, now time.Time) ([]Event, *Warning, error) {
	if actor == w.Emergency.By || actor == w.DeclaredBy {
		return nil, nil, refusal.New(refusal.SamePerson, "warning.same_person", refusal.Args{"id": w.ID, "user": actor})
	}
	return e.note(tx, actor, w, actConfirmEmergency, EmergencyConfirmed{w.of(), e.Seen}, now)
}

// DecideUnconfirmed marks an emergency approval that nobody confirmed in time; the timer of it runs it.
func (e Engine) DecideUnconfirmed(tx *bbolt.Tx, actor string, in WarningRef, now time.Time) ([]Event, *Warning, error) {
	w, err := GetWarning(tx, in.WarningID)
	if err != nil {
		return nil, nil, err
	}
	if !w.unconfirmed() || w.Emergency.Overdue {
		return nil, nil, w.refused("warning.transition",
			refusal.Args{"act": terms.Words(terms.WarningAct, actUnconfirmed)})
	}
	if now.Before(w.Emergency.ConfirmBy) {
		return nil, nil, notDue(w, actUnconfirmed, w.Emergency.ConfirmBy)
	}
	return e.note(tx, actor, w, actUnconfirmed, EmergencyOverdue{w.of()}, now)
}

// note records an event that leaves a warning's phase as it is, live or not.
func (e Engine) note(tx *bbolt.Tx, actor string, w *Warning, a act, ev warningEvent, now time.Time) ([]Event, *Warning,
	error) {
	if err := refuse(w, a); err != nil {
		return nil, nil, err
	}
	d, err := e.begin(tx, scope{w.Region, w.Drill}, actor, now)
	if err != nil {
		return nil, nil, err
	}
	next := w.after(ev, e.recorded(now), actor)
	d.events = append(d.events, ev)
	return d.events, &next, check(w.phase(), a, next.phase())
}

// EmergencyApproved: the duty officer was told by telephone to go on. WarningApproved, WarningRevised or LevelChanged
// follows.
type EmergencyApproved struct {
	OfWarning
	Authority string    `json:"authority"`
	CalledAt  time.Time `json:"called_at"`
	Reason    string    `json:"reason"`
	ConfirmBy time.Time `json:"confirm_by"`
	Seen
}

// EmergencyConfirmed: a second person stands for it.
type EmergencyConfirmed struct {
	OfWarning
	Seen
}

// EmergencyOverdue: nobody confirmed it in time.
type EmergencyOverdue struct{ OfWarning }

// Kind implements Event.
func (EmergencyApproved) Kind() string { return "alerts.warning.emergency_approved" }

// Kind implements Event.
func (EmergencyConfirmed) Kind() string { return "alerts.warning.emergency_confirmed" }

// Kind implements Event.
func (EmergencyOverdue) Kind() string { return "alerts.warning.emergency_overdue" }

func (e EmergencyApproved) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.Emergency = &Emergency{Authority: e.Authority, CalledAt: e.CalledAt, Reason: e.Reason, By: actor,
		ConfirmBy: e.ConfirmBy}
	return w, "emergency_approved", e.Reason
}

func (e EmergencyConfirmed) change(w Warning, at time.Time, actor string) (Warning, string, string) {
	em := *w.Emergency
	em.ConfirmedBy, em.ConfirmedAt = actor, &at
	w.Emergency = &em
	return w, "emergency_confirmed", ""
}

func (e EmergencyOverdue) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	em := *w.Emergency
	em.Overdue = true
	w.Emergency = &em
	return w, "emergency_overdue", ""
}
