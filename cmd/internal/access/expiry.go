package access

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// A token may be given a time when it ends, a whole second of the clock. From then on no login takes it: each compares
// the time itself, and NATS closes what was let in with it (see bus.Identity). A timer then takes it out of the record
// too, so that a clock that is set back brings nothing back, and what listens is asked whether it still may.

// CommandExpireToken is what the timer runs.
const CommandExpireToken = "access.expire_token"

// ExpireToken ends a token whose time has come.
type ExpireToken struct {
	User    string `json:"user"`
	TokenID string `json:"token_id"`
}

// TokenExpired says that one of a user's tokens ended at the time that it was given.
type TokenExpired struct {
	User    string `json:"user"`
	TokenID string `json:"token_id"`
}

// Kind is the name of the event in the record.
func (TokenExpired) Kind() string { return "access.token_expired" }

// DecideExpireToken ends a token whose timer has come due; one that is gone is no error.
func DecideExpireToken(tx *bbolt.Tx, _ string, in ExpireToken, now time.Time) ([]journal.Event, CredentialChange,
	error) {
	r, err := find(tx, in.User)
	if err != nil || r == nil {
		return nil, CredentialChange{}, err
	}
	if !slices.ContainsFunc(r.Tokens, func(t token) bool { return t.ID == in.TokenID && t.over(now) }) {
		return nil, CredentialChange{}, nil
	}
	return []journal.Event{TokenExpired(in)}, CredentialChange(in), nil
}

// over says whether a token's time has come.
func (t token) over(now time.Time) bool { return t.ExpiresAt != nil && !now.Before(*t.ExpiresAt) }

// checkExpiry refuses a time that is not to come.
func checkExpiry(at *time.Time, now time.Time) error {
	if at == nil || at.After(now) {
		return nil
	}
	return refusal.Wrong("expires_at", "access.expires_past",
		refusal.Args{"expires_at": refusal.Clock(*at), "now": refusal.Clock(now)})
}

// expiryPrefix begins the ids of the timers; what follows sorts by time.
const expiryPrefix = "access.token/"

func expiryTimer(user string, t token) string {
	return fmt.Sprintf("%s%012d/%s/%s", expiryPrefix, t.ExpiresAt.Unix(), user, t.ID)
}

// begin gives a user one token more.
func (r *row) begin(fx journal.Effects, t token) {
	r.TokenSeq++
	r.Tokens = append(r.Tokens, t)
	if t.ExpiresAt != nil {
		fx.WallTimer(expiryTimer(r.User, t), *t.ExpiresAt, CommandExpireToken, ExpireToken{User: r.User, TokenID: t.ID})
	}
}

// end takes away those of a user's tokens for which which holds.
func (r *row) end(fx journal.Effects, which func(token) bool) {
	r.Tokens = slices.DeleteFunc(r.Tokens, func(t token) bool {
		ends := which(t)
		if ends && t.ExpiresAt != nil {
			fx.CancelTimer(expiryTimer(r.User, t))
		}
		return ends
	})
}

func every(token) bool { return true }

func withID(id string) func(token) bool { return func(t token) bool { return t.ID == id } }

// ExpiringToken is a token that ends soon.
type ExpiringToken struct {
	User  string
	Token string // its id
	At    time.Time
}

// ExpiringTokens lists the tokens of users that may log in which end until a time, the next first, at most limit of
// them; more says that it did not look at all. The limit, and how many tokens end until then, bound what it reads.
func ExpiringTokens(tx *bbolt.Tx, until time.Time, limit int) (found []ExpiringToken, more bool, err error) {
	looked := 0
	for id, due := range journal.TimersBelow(tx, expiryPrefix) {
		if due.After(until) {
			return found, false, nil
		}
		if looked++; looked > limit {
			return found, true, nil
		}
		_, name, _ := strings.Cut(strings.TrimPrefix(id, expiryPrefix), "/")
		user, tokenID, _ := strings.Cut(name, "/")
		r, err := find(tx, user)
		if err != nil {
			return nil, false, err
		}
		if r == nil || r.Disabled || r.revoked() || !slices.ContainsFunc(r.Tokens, withID(tokenID)) {
			continue
		}
		found = append(found, ExpiringToken{User: user, Token: tokenID, At: due})
	}
	return found, false, nil
}
