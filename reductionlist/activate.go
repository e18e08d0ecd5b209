package reductionlist

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Activate makes a version count. Revision 0 leaves the check of the revision to the hash.
type Activate struct {
	Version  string
	Revision int
	Hash     string
	Count    int
	// Replaces names the active version that begins on the same day, where there is one: see DecideActivate.
	Replaces string
	// NeedApproval refuses a version that no second person has approved.
	NeedApproval bool

	SecretSeen *alerts.SecretSeen `json:"-"` // set when it is decided
}

// DecideActivate makes a version count from its effective date on. It refuses a version whose rows are not
// those that were begun. The same activation again is answered with no event.
//
// A version supersedes those that begin before it: that is how the list is kept up to date. It may not silently decide
// otherwise, so two things are refused: to begin on the same day as another active version, unless Replaces names it,
// and to begin before a later one and reach into its days, where the later one would go on to count.
func DecideActivate(tx *bbolt.Tx, actor string, in Activate, now time.Time) ([]Event, Version, error) {
	v, err := GetVersion(tx, in.Version)
	if err != nil {
		return nil, v, err
	}
	if v.Errors > 0 {
		return nil, v, damaged(v)
	}
	if in.Hash != v.Hash {
		return nil, v, refusal.New(refusal.Conflict, "list.other_hash",
			refusal.Args{"version": v.ID, "have": v.Hash, "given": in.Hash})
	}
	if in.Count != v.Count {
		return nil, v, refusal.New(refusal.Conflict, "list.count", refusal.Args{"given": in.Count, "want": v.Count})
	}
	if v.State == StateActive {
		return nil, v, again(v, in)
	}
	if in.Revision != 0 && in.Revision != v.Revision {
		return nil, v, stale(v, in.Revision)
	}
	if in.NeedApproval && v.ApprovedBy == "" {
		return nil, v, terms.Transition(terms.ListState, "list.not_approved", v.State, refusal.Args{"version": v.ID})
	}
	if err := complete(v); err != nil {
		return nil, v, err
	}
	if err := apart(tx, v, in.Replaces); err != nil {
		return nil, v, err
	}
	if err := upToDate(tx, &v); err != nil {
		return nil, v, err
	}
	ev := Activated{Version: v.ID, Hash: v.Hash, Count: v.Count, Replaces: in.Replaces, SecretSeen: in.SecretSeen,
		Towns: counts(v.Towns), Sectors: counts(v.Sectors), Grades: counts(v.Grades)}
	ev.StartsAt, ev.EndsAt = v.midnights(now)
	if ev.StartsAt.IsZero() {
		switch cur, err := Current(tx, now); {
		case err == nil && cur.ID != in.Replaces && v.takesOver(&cur, now):
			ev.Previous = cur.ID
		case err != nil && refusal.CodeOf(err) != refusal.NotFound:
			return nil, v, err
		}
	}
	next := v.activated(actor, ev, now)
	next.StartsAt, next.EndsAt = ev.StartsAt, ev.EndsAt
	return []Event{ev}, next, nil
}

// takesOver reports whether v is in force in the place of cur once it is active.
func (v *Version) takesOver(cur *Version, now time.Time) bool {
	day := DayOf(now)
	return v.List.EffectiveFrom >= cur.List.EffectiveFrom && (v.List.EffectiveTo == "" || day <= v.List.EffectiveTo)
}

// midnights are those to come at which v begins and ceases to count.
func (v *Version) midnights(now time.Time) (starts, ends time.Time) {
	if t := midnight(v.List.EffectiveFrom, 0); t.After(now) {
		starts = t
	}
	if t := midnight(v.List.EffectiveTo, 1); t.After(now) {
		ends = t
	}
	return starts, ends
}

// midnight is the beginning of the day that is so many days after another; zero for an empty day.
func midnight(day string, after int) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, alerts.Shanghai())
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, after)
}

// upToDate refuses an amendment of a version that is not the one in force any more on the day when the amendment
// begins: activating it would undo what has been changed meanwhile. If several amendments build on each other, the last
// version that counted is looked at. A version that was active itself may come back.
func upToDate(tx *bbolt.Tx, v *Version) error {
	const most = 1000 // amendments that build on each other
	base := *v
	for n := 0; base.ActivatedAt.IsZero(); n++ {
		if base.Amends == nil || n == most {
			return nil
		}
		var err error
		if base, err = GetVersion(tx, base.Amends.Base); err != nil {
			return err
		}
	}
	if base.ID == v.ID {
		return nil
	}
	cur, err := Current(tx, midnight(v.List.EffectiveFrom, 0))
	if refusal.CodeOf(err) == refusal.NotFound || err == nil && cur.ID == base.ID {
		return nil
	}
	if err != nil {
		return err
	}
	return refusal.New(refusal.Conflict, "list.base_moved",
		refusal.Args{"version": v.ID, "base": base.ID, "current": cur.ID})
}

// again refuses what is not the activation that made v active.
func again(v Version, in Activate) error {
	if in.Revision != 0 && in.Revision != v.Revision && in.Revision != v.Revision-1 {
		return stale(v, in.Revision)
	}
	if in.Replaces != v.Replaces {
		return terms.Transition(terms.ListState, "list.active", v.State, refusal.Args{"version": v.ID})
	}
	return nil
}

// apart refuses a version whose days collide with those of another active one; see DecideActivate.
func apart(tx *bbolt.Tx, v Version, replaces string) error {
	from, to := v.List.EffectiveFrom, v.List.EffectiveTo
	same := ActiveFrom(tx, from)
	switch {
	case replaces != "" && replaces != same:
		return refusal.New(refusal.Conflict, "list.replaces",
			refusal.Args{"version": v.ID, "replaces": replaces, "from": from})
	case replaces == "" && same != "":
		return overlap(tx, v, same)
	}
	later := effectiveAfter(tx, from)
	if later == nil || to != "" && to < string(later[:len(time.DateOnly)]) {
		return nil
	}
	return overlap(tx, v, versionAt(later))
}

func overlap(tx *bbolt.Tx, v Version, id string) error {
	other, err := GetVersion(tx, id)
	if err != nil {
		return err
	}
	return refusal.New(refusal.Conflict, "list.overlap", refusal.Args{"version": v.ID, "days": v.days(),
		"other": other.ID, "other_days": other.days(), "other_from": other.List.EffectiveFrom})
}

// days are the dates of a version for people to read.
func (v Version) days() string {
	to := v.List.EffectiveTo
	if to == "" {
		to = "∞"
	}
	return v.List.EffectiveFrom + " ~ " + to
}

// ActiveFrom returns the id of the active version that begins on the day, empty when there is none; of several, which
// an old record may hold, that activated last.
func ActiveFrom(tx *bbolt.Tx, day string) string {
	k := SeekBefore(tx.Bucket(bucketEffective).Cursor(), []byte(day+"\xff"))
	if !bytes.HasPrefix(k, []byte(day)) {
		return ""
	}
	return versionAt(k)
}

func counts(m map[string]int) []Count {
	cs := make([]Count, 0, len(m))
	for k, n := range m {
		cs = append(cs, Count{k, n})
	}
	slices.SortFunc(cs, func(a, b Count) int { return strings.Compare(a.Key, b.Key) })
	return cs
}
