package reductionlist

import (
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// CommandInForce is what a timer runs at the midnights at which versions begin and cease to count; payload InForceDue.
const CommandInForce = "list.in_force"

// InForceDue is the command that records which version came into force at a midnight.
type InForceDue struct {
	At time.Time `json:"at"`
}

// DecideInForce compares the version in force at the midnight with the one before it. It gives no event where they are
// the same, where the midnight is yet to come, and where it was recorded already: two versions may end and begin at
// once.
func DecideInForce(tx *bbolt.Tx, _ string, in InForceDue, now time.Time) ([]Event, CameIntoForce, error) {
	ev := CameIntoForce{From: in.At}
	if in.At.After(now) {
		return nil, ev, nil
	}
	next, err := currentOrNone(tx, in.At)
	if err != nil {
		return nil, ev, err
	}
	last, err := currentOrNone(tx, in.At.Add(-time.Nanosecond))
	if err != nil {
		return nil, ev, err
	}
	ev.Version, ev.Previous = next.ID, last.ID
	done := next.ID == last.ID || next.ID != "" && !next.InForceAt.Before(in.At) || next.ID == "" &&
		!last.OutAt.Before(in.At)
	if done {
		return nil, ev, nil
	}
	return []Event{ev}, ev, nil
}

// currentOrNone is [Current], the zero version for none.
func currentOrNone(tx *bbolt.Tx, at time.Time) (Version, error) {
	v, err := Current(tx, at)
	if refusal.CodeOf(err) == refusal.NotFound {
		return Version{}, nil
	}
	return v, err
}

// Status is where a version stands, as people see it: its state, and the day.
type Status string

// The values of Status, in the order of a version's life.
const (
	StatusDraft      Status = "draft"      // being imported, or a workbook with errors
	StatusChecked    Status = "checked"    // a draft without errors, which waits for its approval
	StatusApproved   Status = "approved"   // by a second person
	StatusScheduled  Status = "scheduled"  // activated, for a day to come
	StatusInForce    Status = "in_force"   // what a warning that is declared now would be pinned to
	StatusSuperseded Status = "superseded" // another version counts in its place
	StatusExpired    Status = "expired"    // its last day has passed and no other came
)

// Standing is a version's status and its times.
type Standing struct {
	Status Status `json:"status"`
	// Since is when it came to that.
	Since time.Time `json:"status_since"`
	// InForceFrom and InForceUntil are from when to when it counts, or counted last, as far as is known now.
	InForceFrom  *time.Time `json:"in_force_from"`
	InForceUntil *time.Time `json:"in_force_until"`
}

// Standings says where versions stand at a time.
type Standings struct {
	tx      *bbolt.Tx
	now     time.Time
	Current Version // the one in force; its ID is empty for none
}

// StandingsAt reads what [Standings.Of] needs of every version once.
func StandingsAt(tx *bbolt.Tx, now time.Time) (Standings, error) {
	cur, err := currentOrNone(tx, now)
	return Standings{tx, now, cur}, err
}

// Of says where v stands.
func (s Standings) Of(v *Version) (Standing, error) {
	switch v.State {
	case StateDraft:
		if v.Errors > 0 || v.Added != v.Count {
			return Standing{Status: StatusDraft, Since: v.BegunAt}, nil
		}
		return Standing{Status: StatusChecked, Since: v.BegunAt}, nil
	case StateApproved:
		return Standing{Status: StatusApproved, Since: v.ApprovedAt}, nil
	}
	from, until := later(midnight(v.List.EffectiveFrom, 0), v.ActivatedAt), midnight(v.List.EffectiveTo, 1)
	if v.State == StateReplaced {
		by, err := GetVersion(s.tx, v.ReplacedBy)
		if err != nil {
			return Standing{}, err
		}
		at := by.ActivatedAt
		st := Standing{Status: StatusSuperseded, Since: at}
		if from.Before(at) {
			st.InForceFrom, st.InForceUntil = &from, earlier(until, at)
		}
		return st, nil
	}
	if next := s.nextAfter(v.List.EffectiveFrom); !next.IsZero() {
		until = *earlier(until, next)
	}
	until = later(until, v.OutAt)
	st := Standing{InForceFrom: &from}
	if !until.IsZero() {
		st.InForceUntil = &until
	}
	switch {
	case v.ID == s.Current.ID:
		st.Status, st.Since = StatusInForce, later(from, v.InForceAt)
		st.InForceUntil = earlier(midnight(v.List.EffectiveTo, 1), s.nextAfter(DayOf(s.now)))
	case from.After(s.now):
		st.Status, st.Since = StatusScheduled, v.ActivatedAt
	case s.Current.ID == "":
		st.Status, st.Since = StatusExpired, until
	default:
		st.Status, st.Since = StatusSuperseded, later(until, from)
	}
	return st, nil
}

// nextAfter is the midnight at which the next active version begins after a day; zero for none. An activation after its
// first day counts from then on.
func (s Standings) nextAfter(day string) time.Time {
	k := effectiveAfter(s.tx, day)
	if k == nil {
		return time.Time{}
	}
	v, err := GetVersion(s.tx, versionAt(k))
	if err != nil {
		return midnight(string(k[:len(time.DateOnly)]), 0)
	}
	return later(midnight(v.List.EffectiveFrom, 0), v.ActivatedAt)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// earlier is the earlier of two times, of which zero is never; nil where both are.
func earlier(a, b time.Time) *time.Time {
	switch {
	case a.IsZero() && b.IsZero():
		return nil
	case a.IsZero(), !b.IsZero() && b.Before(a):
		return &b
	}
	return &a
}
