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
	o := observer{tx, fx, at}
	switch ev := ev.(type) {
	case alerts.Restoration:
		return raiseFloors(tx, ev.Skips())
	case alerts.WarningDeclared:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningApproved:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningConfirmed:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningResubmitted:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningActivated:
		old, err := GetRound(tx, ev.ID)
		if err != nil || old != nil {
			return err
		}
		return o.round(ev.ID, nil, false)
	case alerts.LevelChanged:
		old, err := GetRound(tx, ev.ID)
		if err != nil || old == nil {
			return err // neither announced nor started: its orders are made when that comes
		}
		old.Reason, old.Words = ev.Reason, 0
		return o.round(ev.ID, old, false)
	case alerts.WarningRevised:
		if ev.StartsAt != nil {
			return o.restart(ev.ID)
		}
		return o.extend(ev.ID)
	case alerts.EndSet:
		return o.extend(ev.ID)
	case alerts.WarningLifted:
		return o.release(ev.ID, ReleaseLifted, ev.Reason)
	case alerts.WarningCancelled:
		return o.release(ev.ID, ReleaseCancelled, ev.Reason)
	}
	return nil
}

// observer starts rounds while an event is applied.
type observer struct {
	tx *bbolt.Tx
	fx Effects
	at time.Time
}

func (o observer) announce(id string, announced bool) error {
	if !announced {
		return nil
	}
	return o.round(id, nil, false)
}

// extend starts a round when the warning goes on beyond the end that its orders name. An earlier end is said by the
// releases.
func (o observer) extend(id string) error {
	old, err := GetRound(o.tx, id)
	if err != nil || old == nil || old.EndsAt == nil {
		return err
	}
	w, err := alerts.GetWarning(o.tx, id)
	if err != nil {
		return fmt.Errorf("notify: plan for warning %s: %w", id, err)
	}
	if w.EndsAt != nil && !w.EndsAt.After(*old.EndsAt) {
		return nil
	}
	return o.round(id, old, false)
}

// restart starts a round when the start is moved: every order says from when it holds.
func (o observer) restart(id string) error {
	old, err := GetRound(o.tx, id)
	if err != nil || old == nil {
		return err
	}
	return o.round(id, old, true)
}

// round starts the round that brings the orders of a warning to where its course is; old is the one it replaces, nil
// for none. A round that would order what is ordered already only takes over what is next, unless everybody is to get
// another order anew, whether the measures change or not.
func (o observer) round(id string, old *Round, anew bool) error {
	w, err := alerts.GetWarning(o.tx, id)
	if err != nil {
		return fmt.Errorf("notify: plan for warning %s: %w", id, err)
	}
	s, err := CurrentSettings(o.tx)
	if err != nil {
		return err
	}
	order := toOrder(w.Stages, o.fx.Wall())
	p := &Round{
		Warning: id, At: o.at, AcknowledgeBy: o.at.Add(s.acknowledgeWithin()), ContactRef: s.ContactRef,
		Level: order.Level, Until: order.until, StartsAt: order.From, Next: order.next,
		ListVersion: w.ListVersion, ListHash: w.ListHash, EndsAt: w.EndsAt, DocumentNo: w.DocumentNo, Drill: w.Drill,
	}
	if old != nil {
		p.Reason = old.Reason
		later := old.EndsAt != nil && (w.EndsAt == nil || w.EndsAt.After(*old.EndsAt))
		p.Reissue = anew || later || old.Reissue && !old.Done
		if old.Level == p.Level && !p.Reissue {
			old.Next = p.Next
			old.setNext(o.fx)
			return old.store(o.tx)
		}
	}
	return p.start(o.tx, o.fx, old)
}

// release starts the round that ends the orders of a warning. A warning that never came so far has none.
func (o observer) release(id string, kind ReleaseKind, reason string) error {
	old, err := GetRound(o.tx, id)
	if err != nil || old == nil {
		return err
	}
	p := *old
	p.Release, p.Reissue, p.At, p.Next, p.Reason = kind, false, o.at, nil, reason
	if w, err := alerts.GetWarning(o.tx, id); err != nil {
		return fmt.Errorf("notify: releases of warning %s: %w", id, err)
	} else if kind == ReleaseLifted {
		p.EndsAt, p.DocumentNo = w.EndsAt, w.DocumentNo
	}
	p.Cursor, p.Done, p.Issued, p.Revised, p.Released = "", false, 0, 0, 0
	return p.start(o.tx, o.fx, old)
}
