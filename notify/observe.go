package notify

import (
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// Observe turns what happened to a warning into a round for its orders. The journal calls it after alerts has applied
// the event, so the warning is read as it stands after it.
//
// Orders go out when the warning does: with its announcement where it starts later, so that a recipient knows before
// the measures begin, else at its start.
func Observe(tx *bbolt.Tx, fx Effects, at time.Time, _ string, ev Event) error {
	switch ev := ev.(type) {
	case alerts.Restoration:
		return raiseFloors(tx, ev.Skips())
	case alerts.WarningDeclared:
		return announce(tx, fx, at, ev.ID, ev.Announce)
	case alerts.WarningApproved:
		return announce(tx, fx, at, ev.ID, ev.Announce)
	case alerts.WarningConfirmed:
		return announce(tx, fx, at, ev.ID, ev.Announce)
	case alerts.WarningResubmitted:
		return announce(tx, fx, at, ev.ID, ev.Announce)
	case alerts.WarningActivated:
		old, err := GetRound(tx, ev.ID)
		if err != nil || old != nil {
			return err
		}
		return planLevel(tx, fx, at, ev.ID, nil)
	case alerts.LevelChanged:
		old, err := GetRound(tx, ev.ID)
		if err != nil || old == nil {
			return err // neither announced nor started: it is planned when that comes
		}
		old.Reason, old.Words = ev.Reason, 0
		return planLevel(tx, fx, at, ev.ID, old)
	case alerts.WarningRevised:
		if ev.StartsAt != nil {
			return restart(tx, fx, at, ev.ID)
		}
		return extend(tx, fx, at, ev.ID)
	case alerts.EndSet:
		return extend(tx, fx, at, ev.ID)
	case alerts.WarningLifted:
		return startRelease(tx, fx, at, ev.ID, ReleaseLifted, ev.Reason)
	case alerts.WarningCancelled:
		return startRelease(tx, fx, at, ev.ID, ReleaseCancelled, ev.Reason)
	}
	return nil
}

func announce(tx *bbolt.Tx, fx Effects, at time.Time, id string, announced bool) error {
	if !announced {
		return nil
	}
	return planLevel(tx, fx, at, id, nil)
}

// extend plans anew when the warning goes on beyond the end that its orders name. That it ends earlier the releases
// say.
func extend(tx *bbolt.Tx, fx Effects, at time.Time, id string) error {
	old, err := GetRound(tx, id)
	if err != nil || old == nil || old.EndsAt == nil {
		return err
	}
	w, err := alerts.GetWarning(tx, id)
	if err != nil {
		return fmt.Errorf("notify: plan for warning %s: %w", id, err)
	}
	if w.EndsAt != nil && !w.EndsAt.After(*old.EndsAt) {
		return nil
	}
	return planLevel(tx, fx, at, id, old)
}

// restart plans anew when the start is moved: every order says from when it holds.
func restart(tx *bbolt.Tx, fx Effects, at time.Time, id string) error {
	old, err := GetRound(tx, id)
	if err != nil || old == nil {
		return err
	}
	return startRound(tx, fx, at, id, old, true)
}

// planLevel starts the round that brings the orders of a warning to where its course is; old is the one it replaces, nil
// for none. A round that would order what is ordered already only takes over what is next.
func planLevel(tx *bbolt.Tx, fx Effects, at time.Time, id string, old *Round) error {
	return startRound(tx, fx, at, id, old, false)
}

// startRound is planLevel; anew gives everybody another order, whether the measures change or not.
func startRound(tx *bbolt.Tx, fx Effects, at time.Time, id string, old *Round, anew bool) error {
	w, err := alerts.GetWarning(tx, id)
	if err != nil {
		return fmt.Errorf("notify: plan for warning %s: %w", id, err)
	}
	s, err := CurrentSettings(tx)
	if err != nil {
		return err
	}
	order := toOrder(w.Stages, fx.Wall())
	p := &Round{
		Warning: id, At: at, AcknowledgeBy: at.Add(s.acknowledgeWithin()), ContactRef: s.ContactRef,
		Level: order.Level, Until: order.until, StartsAt: order.From, Next: order.next,
		ListVersion: w.ListVersion, ListHash: w.ListHash, EndsAt: w.EndsAt, DocumentNo: w.DocumentNo, Drill: w.Drill,
	}
	if old != nil {
		p.Reason = old.Reason
		later := old.EndsAt != nil && (w.EndsAt == nil || w.EndsAt.After(*old.EndsAt))
		p.Reissue = anew || later || old.Reissue && !old.Done
		if old.Level == p.Level && !p.Reissue {
			old.Next = p.Next
			old.setNext(fx)
			return old.store(tx)
		}
	}
	return p.start(tx, fx, old)
}

// startRelease starts the round that ends the orders of a warning. One that never came so far has none.
func startRelease(tx *bbolt.Tx, fx Effects, at time.Time, id string, kind ReleaseKind, reason string) error {
	old, err := GetRound(tx, id)
	if err != nil || old == nil {
		return err
	}
	p := *old
	p.Release, p.Reissue, p.At, p.Next, p.Reason = kind, false, at, nil, reason
	if w, err := alerts.GetWarning(tx, id); err != nil {
		return fmt.Errorf("notify: releases of warning %s: %w", id, err)
	} else if kind == ReleaseLifted {
		p.EndsAt, p.DocumentNo = w.EndsAt, w.DocumentNo
	}
	p.Cursor, p.Done, p.Issued, p.Revised, p.Released = "", false, 0, 0, 0
	return p.start(tx, fx, old)
}
