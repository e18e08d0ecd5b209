package access

import (
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
)

// How an administrator came by another account's secret.
const (
	HowIssued = "issued" // a new password and token
	HowToken  = "token"  // one token more
	HowReset  = "reset"  // the factor was reset, so that whoever knows the password may enrol another
)

// SightLasts is how long the acts of an account say that an administrator came by its secret.
const SightLasts = 30 * 24 * time.Hour

// programs are the actors that make accounts where no administrator looks on: init prints the secret to whoever owns
// the data folder, a demo writes it beside the record.
var programs = map[string]bool{"init": true, "demo": true}

// shownTo reports whether a secret of user that actor has made is seen by somebody else than user. An account that has
// a program's name is no program.
func shownTo(tx *bbolt.Tx, actor, user string) (bool, error) {
	if !programs[actor] {
		return actor != user, nil
	}
	r, err := find(tx, actor)
	return r != nil && actor != user, err
}

func (r *row) seen(seen bool, actor string, at time.Time, how string) {
	if seen {
		r.Seen = &calls.Sight{By: actor, At: at, How: how}
	}
}

// sight is the last time that somebody else came by the secret; nil for never. What was recorded before sights were
// tells of its beginning alone.
func (r *row) sight() *calls.Sight {
	if r.Seen != nil || r.Recipient != "" || r.AddedBy == "" || programs[r.AddedBy] {
		return r.Seen
	}
	return &calls.Sight{By: r.AddedBy, At: r.AddedAt, How: HowIssued}
}

// Sighted is what an act of user in the two-person rule has to say at now; nil for nothing. proven: it came with a code
// of the factor in force. Then only those count who came by the secret before the factor was enrolled, for they may
// have enrolled it.
func Sighted(tx *bbolt.Tx, user string, proven bool, now time.Time) (*calls.Sight, error) {
	r, err := find(tx, user)
	if err != nil || r == nil {
		return nil, err
	}
	s := r.sight()
	if proven && r.Factor != nil {
		s = r.Factor.Seen
	}
	if s == nil || !now.Before(s.At.Add(SightLasts)) {
		return nil, nil
	}
	return s, nil
}
