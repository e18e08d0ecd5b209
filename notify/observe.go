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
	if lost, ok := ev.(alerts.Restoration); ok {
		return raiseFloors(tx, lost.Skips())
	}
	t, err := observerOf(tx, at, fx.Wall()).turn(ev)
	if err != nil {
		return err
	}
	return t.take(tx, fx)
}

// observer finds what the events of warnings make of their rounds. It writes nothing.
type observer struct {
	tx       *bbolt.Tx
	at, wall time.Time // the record's, and the wall clock's
	warning  func(id string) (*alerts.Warning, error)
	round    func(id string) (*Round, error)
}

// observerOf reads warnings and rounds as the state has them.
func observerOf(tx *bbolt.Tx, at, wall time.Time) observer {
	return observer{tx, at, wall,
		func(id string) (*alerts.Warning, error) {
			w, err := alerts.GetWarning(tx, id)
			if err != nil {
				return nil, fmt.Errorf("notify: plan for warning %s: %w", id, err)
			}
			return w, nil
		},
		func(id string) (*Round, error) { return GetRound(tx, id) }}
}

// turn is what becomes of a warning's round; nothing where round is nil.
type turn struct {
	round  *Round
	old    *Round // the one that it replaces; nil for none
	begins bool   // round starts over; otherwise it is the old one with another stage to come
}

func (t turn) take(tx *bbolt.Tx, fx Effects) error {
	switch {
	case t.round == nil:
		return nil
	case t.begins:
		return t.round.start(tx, fx, t.old)
	}
	t.round.setNext(fx)
	return t.round.store(tx)
}

func (o observer) turn(ev Event) (turn, error) {
	switch ev := ev.(type) {
	case alerts.WarningDeclared:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningApproved:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningConfirmed:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningResubmitted:
		return o.announce(ev.ID, ev.Announce)
	case alerts.WarningActivated:
		old, err := o.round(ev.ID)
		if err != nil || old != nil {
			return turn{}, err
		}
		return o.follow(ev.ID, nil, false)
	case alerts.LevelChanged:
		old, err := o.round(ev.ID)
		if err != nil || old == nil {
			return turn{}, err // neither announced nor started: its orders are made when that comes
		}
		old.Reason, old.Words = ev.Reason, 0
		return o.follow(ev.ID, old, false)
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
	return turn{}, nil
}

func (o observer) announce(id string, announced bool) (turn, error) {
	if !announced {
		return turn{}, nil
	}
	return o.follow(id, nil, false)
}

// extend starts a round when the warning goes on beyond the end that its orders name. An earlier end is said by the
// releases.
func (o observer) extend(id string) (turn, error) {
	old, err := o.round(id)
	if err != nil || old == nil || old.EndsAt == nil {
		return turn{}, err
	}
	w, err := o.warning(id)
	if err != nil || w.EndsAt != nil && !w.EndsAt.After(*old.EndsAt) {
		return turn{}, err
	}
	return o.follow(id, old, false)
}

// restart starts a round when the start is moved: every order says from when it holds.
func (o observer) restart(id string) (turn, error) {
	old, err := o.round(id)
	if err != nil || old == nil {
		return turn{}, err
	}
	return o.follow(id, old, true)
}

// follow makes the round that brings the orders of a warning to where its course is; old is the one it replaces, nil
// for none. A round that would order what is ordered already only takes over what is next, unless everybody is to get
// another order anew, whether the measures change or not.
func (o observer) follow(id string, old *Round, anew bool) (turn, error) {
	w, err := o.warning(id)
	if err != nil {
		return turn{}, err
	}
	s, err := CurrentSettings(o.tx)
	if err != nil {
		return turn{}, err
	}
	order := toOrder(w.Stages, o.wall)
	p := &Round{
		Warning: id, At: o.at, AcknowledgeBy: o.at.Add(s.acknowledgeWithin()), ContactRef: s.ContactRef,
		Level: order.Level, Until: order.until, StartsAt: order.From, Next: order.next,
		ListVersion: w.ListVersion, ListHash: w.ListHash, EndsAt: w.EndsAt, DocumentNo: w.DocumentNo, Drill: w.Drill,
	}
	if old != nil {
		p.Reason = old.Reason
		later := old.EndsAt != nil && (w.EndsAt == nil || w.EndsAt.After(*old.EndsAt))
		// what is ordered ahead comes at another time now, which its orders say
		moved := old.Level == p.Level && old.StartsAt.After(o.wall) && !old.StartsAt.Equal(p.StartsAt)
		p.Reissue = anew || later || moved || old.Reissue && !old.Done
		if old.Level == p.Level && !p.Reissue {
			old.Next = p.Next
			return turn{round: old, old: old}, nil
		}
	}
	return turn{p, old, true}, nil
}

// release makes the round that ends the orders of a warning. A warning that never came so far has none.
func (o observer) release(id string, kind ReleaseKind, reason string) (turn, error) {
	old, err := o.round(id)
	if err != nil || old == nil {
		return turn{}, err
	}
	p := *old
	p.Release, p.Reissue, p.At, p.Next, p.Reason = kind, false, o.at, nil, reason
	if kind == ReleaseLifted {
		w, err := o.warning(id)
		if err != nil {
			return turn{}, err
		}
		p.EndsAt, p.DocumentNo = w.EndsAt, w.DocumentNo
	}
	p.Cursor, p.Done, p.Issued, p.Revised, p.Released = "", false, 0, 0, 0
	return turn{&p, old, true}, nil
}
