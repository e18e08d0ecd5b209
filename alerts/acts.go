package alerts

import (
	"cmp"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Approve agrees to a pending declaration, a pending raise or a pending other start. Revision is the one the approver
// saw.
type Approve struct {
	WarningID string `json:"warning_id"`
	Revision  int    `json:"revision" validate:"required"`
}

// Reject refuses a pending declaration, a pending raise or a pending other start.
type Reject struct {
	WarningID string `json:"warning_id"`
	Revision  int    `json:"revision" validate:"required"`
	Reason    string `text:"free" json:"reason" validate:"required,chars=2000"`
}

// Adjust changes a warning's level; what is left empty of the order behind it stays as it was.
type Adjust struct {
	WarningID string     `json:"warning_id"`
	Revision  int        `json:"revision" validate:"required"`
	Level     Level      `json:"level" validate:"required,level"`
	Reason    string     `text:"free" json:"reason" validate:"chars=2000"`
	StartsAt  *time.Time `json:"starts_at"` // from when the new level takes effect; default now
	Trigger   Trigger    `json:"trigger" validate:"omitempty,trigger"`
	Document
	EndsAt     *time.Time `json:"ends_at"`
	ProposalID string     `json:"proposal_id"`
	Confirm    Date       `json:"confirm"` // the date of starts_at, where that is beyond the start limits
}

// Revise changes a warning's terms; a field that is empty leaves its term as it was. The start of a scheduled warning
// can be moved; where its level needs two persons the move waits for the second. A rejected warning is declared anew
// and may take another level; the level of any other warning does not change this way.
type Revise struct {
	WarningID string     `json:"warning_id"`
	Revision  int        `json:"revision" validate:"required"`
	Level     Level      `json:"level" validate:"omitempty,level"`
	StartsAt  *time.Time `json:"starts_at"`
	EndsAt    *time.Time `json:"ends_at"`
	NoEnd     bool       `json:"no_end"` // until further notice: takes the end away
	Document
	NoticeText string `text:"free" json:"notice_text" validate:"chars=20000"`
	Reason     string `text:"free" json:"reason" validate:"chars=2000"`
	Confirm    Date   `json:"confirm"` // the date of starts_at, where that is beyond the start limits
	ProposalID string `json:"proposal_id"`
	ListPin           // the list in force, set by the caller; a rejected declaration is pinned to it anew
}

// Lift ends an active warning.
type Lift struct {
	WarningID string `json:"warning_id"`
	Revision  int    `json:"revision" validate:"required"`
	Reason    string `text:"free" json:"reason" validate:"chars=2000"`
	// default now; a time to come announces the lift and keeps the warning until then
	EndsAt     *time.Time `json:"ends_at"`
	ProposalID string     `json:"proposal_id"`
}

// Cancel makes a warning void: declared by mistake, or no longer wanted before it starts.
type Cancel struct {
	WarningID string `json:"warning_id"`
	Revision  int    `json:"revision" validate:"required"`
	Reason    string `text:"free" json:"reason" validate:"chars=2000"`
}

// WarningRef names the warning whose timer has come due.
type WarningRef struct {
	WarningID string `json:"warning_id"`
}

// DecideApprove lets a second person agree, or confirm what was approved in an emergency; same_person is refused.
func (e Engine) DecideApprove(tx *bbolt.Tx, actor string, in Approve, now time.Time) ([]Event, *Warning, error) {
	if w, err := GetWarning(tx, in.WarningID); err == nil && w.unconfirmed() && w.Pending == nil &&
		in.Revision == w.Revision {
		return e.confirmEmergency(tx, actor, w, now)
	}
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actApprove, now, func(d *decision, w *Warning) error {
		by := w.DeclaredBy
		if w.Pending != nil {
			by = w.Pending.By
		}
		if actor == by {
			return refusal.New(refusal.SamePerson, "warning.same_person", refusal.Args{"id": w.ID, "user": actor})
		}
		d.approve()
		return nil
	})
}

// DecideReject refuses a pending declaration, which ends it, a pending raise, which leaves the old level, or another
// start.
func (e Engine) DecideReject(tx *bbolt.Tx, actor string, in Reject, now time.Time) ([]Event, *Warning, error) {
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actReject, now, func(d *decision, w *Warning) error {
		switch {
		case w.Pending != nil && w.Pending.Moves():
			d.record(ReviseRejected{w.of(), in.Reason})
		case w.Pending != nil:
			d.record(RaiseRejected{w.of(), w.Pending.Level, in.Reason})
		default:
			d.record(WarningRejected{w.of(), in.Reason})
		}
		return nil
	})
}

// DecideAdjust changes the level, from now on or from a time ahead, until which the old level stays in effect; a change
// that was to take effect later than this one falls away. An announced level can be moved to an earlier time. A raise
// to a level that needs two persons leaves the old level in force while the raise is pending; one duty officer can
// lower a level.
func (e Engine) DecideAdjust(tx *bbolt.Tx, actor string, in Adjust, now time.Time) ([]Event, *Warning, error) {
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actAdjust, now, func(d *decision, w *Warning) error {
		moments(&in.StartsAt, &in.EndsAt, &in.ReceivedAt)
		if err := in.validate(w, e.StartLimits, now); err != nil {
			return err
		}
		change := in.change(w, now)
		kind := KindDowngrade
		if in.Level.Above(w.Level) || in.Level.Above(w.LevelAt(latest(change.EffectiveAt, w.StartsAt))) {
			kind = KindUpgrade
		}
		var err error
		change.Overrides, err = d.weigh(in.ProposalID, kind, change.Trigger, in.Level, in.Reason)
		if err != nil {
			return err
		}
		if kind == KindUpgrade && e.twoPersons(in.Level) {
			d.record(RaiseAsked{w.of(), change, e.Seen})
		} else {
			d.record(d.levelChanged(change, false))
		}
		return nil
	})
}

func (in Adjust) validate(w *Warning, limits StartLimits, now time.Time) error {
	c := checker{}
	had := w.LevelAt(latest(*cmp.Or(in.StartsAt, &now), w.StartsAt))
	c.require(in.Level != w.Level || in.Level != had, "level", "warning.same_level",
		refusal.Args{"id": w.ID, "value": string(in.Level)})
	c.confirmed(*cmp.Or(in.StartsAt, &now), in.Confirm, limits, now)
	c.ends(in.EndsAt, w.StartsAt, now)
	if end := cmp.Or(in.EndsAt, w.EndsAt); end != nil && in.StartsAt != nil {
		c.require(in.StartsAt.Before(*end), "starts_at", "warning.ends_before_start",
			refusal.Args{"starts_at": clock(*in.StartsAt), "ends_at": clock(*end)})
	}
	return refusal.Input(c.wrong)
}

func (in Adjust) change(w *Warning, now time.Time) Change {
	return Change{
		Level: in.Level, EffectiveAt: *cmp.Or(in.StartsAt, &now), AtOnce: in.StartsAt == nil,
		Grounds: Grounds{in.Reason, cmp.Or(in.Trigger, w.Trigger), in.Document.or(w.Document), in.EndsAt},
	}
}

// levelChanged applies a change. The change does not reach back before the warning's own start, and a change that
// waited for approval does not reach back before the approval. A change for which no time was named takes effect now,
// and an active warning has begun, even where a clock that was ahead has put either of them later.
func (d *decision) levelChanged(ch Change, approved bool) LevelChanged {
	w, start := d.warning, d.warning.StartsAt
	if w.State == Active {
		start = earliest(start, d.now)
	}
	if ch.AtOnce {
		ch.EffectiveAt = earliest(ch.EffectiveAt, d.now)
	}
	effective := latest(ch.EffectiveAt, start)
	if approved {
		effective = latest(effective, d.now)
	}
	before := w.Level
	// a level that is already announced comes sooner, or is lowered
	if had := w.LevelAt(effective); ch.Level.Above(had) && !ch.Level.Above(before) {
		before = had
	}
	return LevelChanged{
		OfWarning: w.of(), From: before, To: ch.Level, Region: w.Region, Drill: w.Drill, EffectiveAt: effective,
		Grounds: ch.Grounds, Approved: approved, Overrides: ch.Overrides, Seen: d.engine.Seen,
	}
}

// DecideRevise changes the end of a scheduled or active warning, or the order and the text behind it, and moves the
// start of a scheduled one. At a level that needs two persons the old start stays until a second person agrees, and the
// request falls away once the old start has come. A rejected warning is declared anew in the terms given, which is
// refused with conflict while another warning is live in its region.
func (e Engine) DecideRevise(tx *bbolt.Tx, actor string, in Revise, now time.Time) ([]Event, *Warning, error) {
	moments(&in.StartsAt, &in.EndsAt, &in.ReceivedAt)
	w, err := GetWarning(tx, in.WarningID)
	if err != nil {
		return nil, nil, err
	}
	if w.State == Rejected && in.Revision == w.Revision {
		return e.resubmit(tx, actor, w, in, now)
	}
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actRevise, now, func(d *decision, w *Warning) error {
		if in.StartsAt != nil && in.StartsAt.Equal(w.StartsAt) {
			in.StartsAt = nil
		}
		if in.StartsAt != nil && w.Pending != nil {
			return w.refused("warning.move_waits", refusal.Args{})
		}
		if err := in.validate(w, e.StartLimits, now); err != nil {
			return err
		}
		if err := d.accept(in.ProposalID, KindRevise); err != nil {
			return err
		}
		if in.StartsAt != nil && e.twoPersons(w.Level) {
			d.record(ReviseAsked{OfWarning: w.of(), Change: Change{Level: w.Level, EffectiveAt: *in.StartsAt,
				Grounds: Grounds{in.Reason, w.Trigger, in.Document, in.EndsAt}}, Terms: Terms{in.NoEnd, in.NoticeText},
				Seen: e.Seen})
			return nil
		}
		d.record(WarningRevised{OfWarning: w.of(), StartsAt: in.StartsAt, EndsAt: in.EndsAt, NoEnd: in.NoEnd,
			Document: in.Document, NoticeText: in.NoticeText, Reason: in.Reason,
			Announce: in.StartsAt != nil && in.StartsAt.After(now)})
		if in.StartsAt != nil {
			d.activateIfDue()
		}
		return nil
	})
}

func (in Revise) validate(w *Warning, limits StartLimits, now time.Time) error {
	c := checker{}
	c.require(in.Level == "", "level", "warning.revise_level", refusal.Args{"id": w.ID})
	c.require(in.StartsAt == nil || w.State == Scheduled, "starts_at", "warning.revise_start",
		refusal.Args{"id": w.ID, "state": terms.Words(terms.WarningState, w.State)})
	c.confirmed(*cmp.Or(in.StartsAt, &now), in.Confirm, limits, now)
	c.require(in.EndsAt == nil || !in.NoEnd, "no_end", "warning.end_and_none", nil)
	start := *cmp.Or(in.StartsAt, &w.StartsAt)
	c.ends(in.EndsAt, start, now)
	if in.StartsAt != nil && in.EndsAt == nil && !in.NoEnd && w.EndsAt != nil {
		c.require(start.Before(*w.EndsAt), "starts_at", "warning.ends_before_start",
			refusal.Args{"starts_at": clock(start), "ends_at": clock(*w.EndsAt)})
	}
	return refusal.Input(c.wrong)
}

// resubmit declares a rejected warning anew. It keeps its id and its history.
func (e Engine) resubmit(tx *bbolt.Tx, actor string, w *Warning, in Revise, now time.Time) ([]Event, *Warning, error) {
	d, err := e.begin(tx, scope{w.Region, w.Drill}, actor, now)
	if err != nil {
		return nil, nil, err
	}
	if d.warning != nil {
		return nil, nil, d.occupied()
	}
	terms := Declare{Level: cmp.Or(in.Level, w.Level), Trigger: w.Trigger, Region: w.Region,
		StartsAt: cmp.Or(in.StartsAt, &w.StartsAt), EndsAt: cmp.Or(in.EndsAt, w.EndsAt),
		Document: in.Document.or(w.Document), Reason: cmp.Or(in.Reason, w.Reason),
		NoticeText: cmp.Or(in.NoticeText, w.NoticeText), Confirm: in.Confirm}
	if in.NoEnd && in.EndsAt != nil {
		return nil, nil, refusal.Wrong("no_end", "warning.end_and_none", nil)
	}
	if in.NoEnd {
		terms.EndsAt = nil
	}
	atOnce := w.AtOnce && in.StartsAt == nil
	if atOnce {
		start := earliest(w.StartsAt, now)
		terms.StartsAt = &start
	}
	if err := terms.validate(e.StartLimits, now); err != nil {
		return nil, nil, err
	}
	terms.ProposalID = in.ProposalID
	over, err := d.enter(terms)
	if err != nil {
		return nil, nil, err
	}
	ev := WarningResubmitted{OfWarning: w.of(), Level: terms.Level, StartsAt: *terms.StartsAt, AtOnce: atOnce,
		EndsAt: terms.EndsAt, Notice: terms.notice(),
		ListPin: ListPin{cmp.Or(in.ListVersion, w.ListVersion), cmp.Or(in.ListHash, w.ListHash)}, Overrides: over,
		Seen: e.Seen}
	d.warning = w
	ev.State, ev.Announce = d.entered(terms)
	d.record(ev)
	d.activateIfDue()
	return d.finish(actRevise, phaseRejected)
}

// DecideLift ends an active warning now, or sets its end when ends_at lies ahead.
func (e Engine) DecideLift(tx *bbolt.Tx, actor string, in Lift, now time.Time) ([]Event, *Warning, error) {
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actLift, now, func(d *decision, w *Warning) error {
		end := latest(now, w.StartsAt)
		if in.EndsAt != nil {
			end = moment(*in.EndsAt)
			if end.Before(w.StartsAt) {
				return refusal.Wrong("ends_at", "warning.ends_before_start",
					refusal.Args{"starts_at": clock(w.StartsAt), "ends_at": clock(end)})
			}
		}
		var cleared *time.Time
		// the period of an earlier program's proposal means something else
		if d.open != nil && d.open.Kind == KindLift && d.open.Trace.Episode != nil {
			cleared = &d.open.Trace.Period.From
		}
		if err := d.accept(in.ProposalID, KindLift); err != nil {
			return err
		}
		// Where no end is named it is now, though a clock that was ahead when the warning began may stand before its start.
		if in.EndsAt != nil && end.After(now) {
			d.record(EndSet{w.of(), end, in.Reason, cleared})
		} else {
			d.record(WarningLifted{Ended: w.ended(), EndsAt: end, Reason: in.Reason})
		}
		return nil
	})
}

// DecideCancel makes a warning void.
func (e Engine) DecideCancel(tx *bbolt.Tx, actor string, in Cancel, now time.Time) ([]Event, *Warning, error) {
	return e.byPerson(tx, actor, in.WarningID, in.Revision, actCancel, now, func(d *decision, w *Warning) error {
		d.record(WarningCancelled{Ended: w.ended(), Reason: in.Reason,
			Announce: w.State == Scheduled || w.State == Active})
		return nil
	})
}

// DecideActivate starts a scheduled warning; the timer of its start runs it.
func (e Engine) DecideActivate(tx *bbolt.Tx, actor string, in WarningRef, now time.Time) ([]Event, *Warning, error) {
	return e.byTimer(tx, actor, in, actActivate, now, func(d *decision, w *Warning) error {
		if w.StartsAt.After(now) {
			return notDue(w, actActivate, w.StartsAt)
		}
		d.record(d.activated(false))
		return nil
	})
}

// DecideExpire ends a warning whose end is reached; the timer of its end runs it. A warning that was never approved or
// confirmed is cancelled.
func (e Engine) DecideExpire(tx *bbolt.Tx, actor string, in WarningRef, now time.Time) ([]Event, *Warning, error) {
	return e.byTimer(tx, actor, in, actExpire, now, func(d *decision, w *Warning) error {
		if w.EndsAt == nil {
			return w.refused("warning.no_end", refusal.Args{})
		}
		if w.EndsAt.After(now) {
			return notDue(w, actExpire, *w.EndsAt)
		}
		if w.State == Active {
			d.record(WarningLifted{Ended: w.ended(), EndsAt: *w.EndsAt, Expired: true})
		} else {
			d.record(WarningCancelled{Ended: w.ended(), Expired: true})
		}
		return nil
	})
}

func notDue(w *Warning, a act, due time.Time) error {
	return w.refused("warning.not_due", refusal.Args{"act": terms.Words(terms.WarningAct, a), "due": clock(due)})
}
