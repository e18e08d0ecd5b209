package access

import (
	"encoding/json"
	"fmt"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
)

// AccountAdded says that an account exists, with its first password and token.
type AccountAdded struct {
	User        string     `json:"user"`
	Role        calls.Role `json:"role"`
	Town        string     `json:"town,omitempty"`
	NameRef     string     `json:"name_ref,omitempty"`
	PhoneRef    string     `json:"phone_ref,omitempty"`
	PasswordRef string     `json:"password_ref"`
	TokenID     string     `json:"token_id"`
	TokenRef    string     `json:"token_ref"`
	Seen        bool       `json:"seen,omitempty"` // by whoever had it done, who is another
}

// CredentialsIssued says that a recipient has a new password and token, and that all earlier ones ended.
type CredentialsIssued struct {
	Recipient   string   `json:"recipient"`
	NameRef     string   `json:"name_ref,omitempty"`
	Town        string   `json:"town,omitempty"`
	MNs         []string `json:"mns,omitempty"`
	PasswordRef string   `json:"password_ref"`
	TokenID     string   `json:"token_id"`
	TokenRef    string   `json:"token_ref"`
}

// AccountRenewed says that an account has a new password and token, and that all earlier ones ended.
type AccountRenewed struct {
	User        string `json:"user"`
	PasswordRef string `json:"password_ref"`
	TokenID     string `json:"token_id"`
	TokenRef    string `json:"token_ref"`
	Seen        bool   `json:"seen,omitempty"` // by whoever had it done, who is another
}

// CredentialsRevoked says that a recipient's password and tokens ended, and that none came in their place.
type CredentialsRevoked struct {
	Recipient string `json:"recipient"`
}

// PasswordChanged says that an account has a password of its own choosing in the place of the one before; its tokens
// stay.
type PasswordChanged struct {
	User        string `json:"user"`
	PasswordRef string `json:"password_ref"`
}

// TokenAdded says that a user has one token more.
type TokenAdded struct {
	User     string `json:"user"`
	TokenID  string `json:"token_id"`
	TokenRef string `json:"token_ref"`
	Name     string `json:"name,omitempty"`
	Seen     bool   `json:"seen,omitempty"` // by whoever had it done, who is another

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil for never
}

// TokenRevoked says that one of a user's tokens ended.
type TokenRevoked struct {
	User    string `json:"user"`
	TokenID string `json:"token_id"`
}

// Disabled says that a user can no longer log in; its secrets stay. Its sessions, and that browsers know it, come back
// with it in records where Ends is not set, and not where it is.
type Disabled struct {
	User string `json:"user"`
	Ends bool   `json:"ends_sessions,omitempty"`
}

// Enabled says that a disabled user can log in again, with the secrets it had.
type Enabled struct {
	User string `json:"user"`
}

// SessionsEnded says that all of a user's sessions are over, and that no browser knows it any more; its secrets stay.
type SessionsEnded struct {
	User string `json:"user"`
}

// Kind is the name of the event in the record.
func (AccountAdded) Kind() string { return "access.account_added" }

// Kind is the name of the event in the record.
func (CredentialsIssued) Kind() string { return "access.credentials_issued" }

// Kind is the name of the event in the record.
func (AccountRenewed) Kind() string { return "access.account_renewed" }

// Kind is the name of the event in the record.
func (CredentialsRevoked) Kind() string { return "access.credentials_revoked" }

// Kind is the name of the event in the record.
func (PasswordChanged) Kind() string { return "access.password_changed" }

// Kind is the name of the event in the record.
func (TokenAdded) Kind() string { return "access.token_added" }

// Kind is the name of the event in the record.
func (TokenRevoked) Kind() string { return "access.token_revoked" }

// Kind is the name of the event in the record.
func (Disabled) Kind() string { return "access.disabled" }

// Kind is the name of the event in the record.
func (Enabled) Kind() string { return "access.enabled" }

// Kind is the name of the event in the record.
func (SessionsEnded) Kind() string { return "access.sessions_ended" }

// Decode reads an event back from the record.
func Decode(kind string, data []byte) (journal.Event, error) {
	if read := readers[kind]; read != nil {
		return read(data)
	}
	return nil, fmt.Errorf("access: unknown event kind %q", kind)
}

type reader = func(data []byte) (journal.Event, error)

// readers read the events of this package by their kinds.
var readers = readersOf(
	decode[AccountAdded], decode[CredentialsIssued], decode[AccountRenewed], decode[CredentialsRevoked],
	decode[PasswordChanged], decode[TokenAdded], decode[TokenRevoked], decode[TokenExpired], decode[Disabled],
	decode[Enabled], decode[SessionsEnded], decode[LoginKeyMade], decode[FactorEnrolled], decode[FactorReset],
	decode[CodeUsed], decode[PersonalSeen], decode[PhoneChanged])

func readersOf(all ...reader) map[string]reader {
	by := map[string]reader{}
	for _, read := range all {
		ev, _ := read([]byte("{}"))
		by[ev.Kind()] = read
	}
	return by
}

func decode[E journal.Event](data []byte) (journal.Event, error) {
	var e E
	err := json.Unmarshal(data, &e)
	return e, err
}

// Apply writes what an event means. It depends on tx and its arguments alone.
func Apply(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, pos journal.Pos, ev journal.Event) error {
	switch ev := ev.(type) {
	case AccountAdded:
		r := &row{User: ev.User, Role: ev.Role, NameRef: ev.NameRef, PhoneRef: ev.PhoneRef, Town: ev.Town,
			Password: secretRow{ev.PasswordRef, at},
			Tokens:   []token{{ID: ev.TokenID, Ref: ev.TokenRef, At: at}}, TokenSeq: 1, AddedAt: at, AddedBy: actor}
		r.seen(ev.Seen, actor, at, HowIssued)
		return add(tx, r)
	case CredentialsIssued:
		return applyCredentials(tx, fx, at, actor, ev)
	case AccountRenewed:
		return change(tx, ev.User, func(r *row) {
			r.renew(fx, at, ev.PasswordRef, token{ID: ev.TokenID, Ref: ev.TokenRef, At: at})
			r.seen(ev.Seen, actor, at, HowIssued)
		})
	case CredentialsRevoked:
		return change(tx, ev.Recipient, func(r *row) { r.Password = secretRow{}; r.end(fx, every) })
	case PasswordChanged:
		return change(tx, ev.User, func(r *row) { r.Password = secretRow{ev.PasswordRef, at} })
	case TokenAdded:
		return change(tx, ev.User, func(r *row) {
			r.begin(fx, token{ID: ev.TokenID, Ref: ev.TokenRef, At: at, Name: ev.Name, ExpiresAt: ev.ExpiresAt})
			r.seen(ev.Seen, actor, at, HowToken)
		})
	case TokenRevoked:
		return change(tx, ev.User, func(r *row) { r.end(fx, withID(ev.TokenID)) })
	case TokenExpired:
		return change(tx, ev.User, func(r *row) { r.end(fx, withID(ev.TokenID)) })
	case Disabled:
		return change(tx, ev.User, func(r *row) {
			r.Disabled = true
			if ev.Ends {
				r.Ended++
			}
		})
	case Enabled:
		return change(tx, ev.User, func(r *row) { r.Disabled = false })
	case SessionsEnded:
		return change(tx, ev.User, func(r *row) { r.Ended++ })
	case LoginKeyMade:
		return tx.Bucket(metaBucket).Put(loginKeyKey, []byte(ev.KeyRef))
	case FactorEnrolled:
		return change(tx, ev.User, func(r *row) {
			r.Factor = &factor{Ref: ev.SecretRef, At: at, Step: ev.Step, Seen: r.sight()}
		})
	case FactorReset:
		return change(tx, ev.User, func(r *row) {
			r.Factor, r.Reset = nil, &calls.Sight{By: actor, At: at, How: HowReset}
			r.Seen = r.Reset
		})
	case CodeUsed:
		return change(tx, ev.User, func(r *row) {
			if r.Factor != nil { // a command that resets it may stand before
				r.Factor.Step = ev.Step
			}
		})
	case PhoneChanged:
		return change(tx, ev.User, func(r *row) { r.PhoneRef = ev.PhoneRef })
	case PersonalSeen:
		return applySeen(tx, pos, ev)
	}
	return fmt.Errorf("access: cannot apply %T", ev)
}

func applyCredentials(tx *bbolt.Tx, fx journal.Effects, at time.Time, actor string, ev CredentialsIssued) error {
	r, err := find(tx, ev.Recipient)
	if err != nil {
		return err
	}
	store := put
	if r == nil {
		store = add
		r = &row{User: ev.Recipient, Role: calls.Enterprise, Recipient: ev.Recipient, AddedAt: at, AddedBy: actor}
	}
	r.NameRef, r.Town, r.MNs = ev.NameRef, ev.Town, ev.MNs
	r.renew(fx, at, ev.PasswordRef, token{ID: ev.TokenID, Ref: ev.TokenRef, At: at})
	return store(tx, r)
}

// renew puts a password and a token in the place of all that were there.
func (r *row) renew(fx journal.Effects, at time.Time, passwordRef string, t token) {
	r.Password = secretRow{passwordRef, at}
	r.end(fx, every)
	r.begin(fx, t)
}

// change stores a user's row as fn leaves it.
func change(tx *bbolt.Tx, user string, fn func(*row)) error {
	r, err := must(tx, user)
	if err != nil {
		return err
	}
	fn(r)
	return put(tx, r)
}
