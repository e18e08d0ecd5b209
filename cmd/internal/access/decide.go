package access

import (
	"slices"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// AddAccount is a new account with vault references for its name and first secrets.
type AddAccount struct {
	User        string     `json:"user"`
	Role        calls.Role `json:"role"`
	Town        string     `json:"town,omitempty"`
	NameRef     string     `json:"name_ref,omitempty"`
	PhoneRef    string     `json:"phone_ref,omitempty"`
	PasswordRef string     `json:"password_ref"`
	TokenRef    string     `json:"token_ref"`
}

// IssueCredentials is a recipient's new password and token. The caller has checked that the recipient is in the
// list and says what stands there of it.
type IssueCredentials struct {
	Recipient   string   `json:"recipient"`
	NameRef     string   `json:"name_ref,omitempty"`
	Town        string   `json:"town,omitempty"`
	MNs         []string `json:"mns,omitempty"`
	PasswordRef string   `json:"password_ref"`
	TokenRef    string   `json:"token_ref"`
}

// RenewAccount is an account's new password and token.
type RenewAccount struct {
	User        string `json:"user"`
	PasswordRef string `json:"password_ref"`
	TokenRef    string `json:"token_ref"`
}

// RevokeCredentials ends a recipient's password and tokens.
type RevokeCredentials struct {
	Recipient string `json:"recipient"`
}

// ChangePassword is a password of an account's own choosing. Old is the credential that was checked.
type ChangePassword struct {
	User        string `json:"user"`
	Old         string `json:"old"`
	PasswordRef string `json:"password_ref"`
}

// AddToken is one token more for a user.
type AddToken struct {
	User     string `json:"user"`
	Name     string `json:"name,omitempty"`
	TokenRef string `json:"token_ref"`

	ExpiresAt *time.Time `json:"expires_at,omitempty"` // nil for never
}

// Revoke ends one token.
type Revoke struct {
	User    string `json:"user"`
	TokenID string `json:"token_id"`
}

// Disable ends a user's logins until it is enabled again.
type Disable struct {
	User string `json:"user"`
}

// Enable lets a disabled user log in again.
type Enable struct {
	User string `json:"user"`
}

// CredentialChange says whose credentials changed, and the token concerned. It holds no secret: it stands in the
// record.
type CredentialChange struct {
	User    string `json:"user"`
	TokenID string `json:"token_id,omitempty"`
}

// DecideAddAccount refuses a name that is taken, also by a recipient's credentials; the same command again is
// answered ok.
func DecideAddAccount(tx *bbolt.Tx, actor string, in AddAccount, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	done := CredentialChange{in.User, tokenID(1)}
	if err := checkAccount(in.User, in.Role, in.Town); err != nil {
		return nil, CredentialChange{}, err
	}
	taken, err := namesake(tx, in.User, func(*row) bool { return true })
	switch {
	case err != nil:
		return nil, CredentialChange{}, err
	case taken == nil:
		seen, err := shownTo(tx, actor, in.User)
		return []journal.Event{AccountAdded{User: in.User, Role: in.Role, Town: in.Town, NameRef: in.NameRef,
			PhoneRef: in.PhoneRef, PasswordRef: in.PasswordRef, TokenID: done.TokenID, TokenRef: in.TokenRef,
			Seen: seen}}, done, err
	case taken.Recipient != "":
		return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.name_is_recipient",
			refusal.Args{"user": in.User, "recipient": taken.Recipient})
	case taken.Password.Ref == in.PasswordRef:
		return nil, done, nil
	}
	return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.user_taken", refusal.Args{"user": in.User})
}

// checkAccount refuses what no account may be, whatever accounts there are.
func checkAccount(user string, role calls.Role, town string) error {
	var wrong []refusal.Field
	say := func(path, rule string, args refusal.Args) {
		wrong = append(wrong, refusal.Field{Path: path, Rule: rule, Args: args})
	}
	if reserved[user] {
		say("user", "access.user_reserved", refusal.Args{"user": user})
	}
	switch {
	case role == calls.Enterprise:
		say("role", "access.enterprise_by_credentials", nil)
	case role == calls.Town && town == "":
		say("town", "access.town_required", nil)
	}
	return refusal.Input(wrong)
}

// DecideIssueCredentials gives a recipient a new password and token; every earlier one ends with it.
func DecideIssueCredentials(tx *bbolt.Tx, _ string, in IssueCredentials, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	if err := checkRecipient(in.Recipient); err != nil {
		return nil, CredentialChange{}, err
	}
	account, err := namesake(tx, in.Recipient, func(r *row) bool { return r.Recipient == "" })
	if err != nil {
		return nil, CredentialChange{}, err
	}
	if account != nil {
		return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.name_is_account",
			refusal.Args{"recipient": in.Recipient, "user": account.User})
	}
	r, err := find(tx, in.Recipient)
	switch {
	case err != nil:
		return nil, CredentialChange{}, err
	case r == nil:
		r = &row{}
	case r.Password.Ref == in.PasswordRef:
		return nil, CredentialChange{User: in.Recipient}, nil
	case r.Disabled:
		return nil, CredentialChange{}, disabled(in.Recipient)
	}
	mns := slices.Clone(in.MNs)
	slices.Sort(mns)
	done := CredentialChange{in.Recipient, tokenID(r.TokenSeq + 1)}
	return []journal.Event{CredentialsIssued{Recipient: in.Recipient, NameRef: in.NameRef, Town: in.Town,
		MNs:         slices.Compact(mns),
		PasswordRef: in.PasswordRef, TokenID: done.TokenID, TokenRef: in.TokenRef}}, done, nil
}

func checkRecipient(id string) error {
	switch {
	case !recipientID.MatchString(id):
		return refusal.Wrong("recipient", "access.recipient_id", refusal.Args{"recipient": clip(id)})
	case reserved[strings.ToLower(id)]:
		return refusal.Wrong("recipient", "access.user_reserved", refusal.Args{"user": id})
	}
	return nil
}

// decide decides on what is done to a user that there is. No event is nothing to do.
func decide(tx *bbolt.Tx, user string, on func(r *row) (journal.Event, error)) ([]journal.Event, CredentialChange,
	error) {
	r, err := must(tx, user)
	if err != nil {
		return nil, CredentialChange{}, err
	}
	ev, err := on(r)
	switch {
	case err != nil:
		return nil, CredentialChange{}, err
	case ev == nil:
		return nil, CredentialChange{User: user}, nil
	}
	return []journal.Event{ev}, CredentialChange{User: user}, nil
}

// DecideRenewAccount gives an account a new password and token; every earlier one ends with it.
func DecideRenewAccount(tx *bbolt.Tx, actor string, in RenewAccount, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	id := ""
	events, done, err := decide(tx, in.User, func(r *row) (journal.Event, error) {
		switch {
		case r.Password.Ref == in.PasswordRef:
			return nil, nil
		case r.Recipient != "":
			return nil, refusal.New(refusal.Conflict, "access.is_recipient", refusal.Args{"user": in.User})
		case r.Disabled:
			return nil, disabled(in.User)
		}
		id = tokenID(r.TokenSeq + 1)
		seen, err := shownTo(tx, actor, in.User)
		return AccountRenewed{User: in.User, PasswordRef: in.PasswordRef, TokenID: id, TokenRef: in.TokenRef, Seen: seen}, err
	})
	done.TokenID = id
	return events, done, err
}

// DecideRevokeCredentials ends a recipient's logins until it is issued new credentials.
func DecideRevokeCredentials(tx *bbolt.Tx, _ string, in RevokeCredentials, _ time.Time) ([]journal.Event,
	CredentialChange, error) {
	return decide(tx, in.Recipient, func(r *row) (journal.Event, error) {
		switch {
		case r.Recipient == "":
			return nil, refusal.New(refusal.NotFound, "access.is_account", refusal.Args{"user": in.Recipient})
		case r.revoked():
			return nil, nil
		}
		return CredentialsRevoked(in), nil
	})
}

// DecideChangePassword puts a new password in the place of the one that was checked; tokens stay.
func DecideChangePassword(tx *bbolt.Tx, _ string, in ChangePassword, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	return decide(tx, in.User, func(r *row) (journal.Event, error) {
		switch {
		case r.Password.Ref == in.PasswordRef:
			return nil, nil
		case r.Recipient != "":
			return nil, refusal.New(refusal.Conflict, "access.password_of_recipient", refusal.Args{"user": in.User})
		case r.Disabled:
			return nil, disabled(in.User)
		case r.Password.Ref != in.Old: // an administrator issued new credentials meanwhile
			return nil, refusal.New(refusal.Conflict, "access.password_moved", refusal.Args{"user": in.User})
		}
		return PasswordChanged{User: in.User, PasswordRef: in.PasswordRef}, nil
	})
}

func disabled(user string) error {
	return refusal.Transition("access.user_disabled", "disabled", refusal.Args{"user": user})
}

// DecideAddToken gives a user one token more, up to eight. now is the clock's, to which a time keeps that a person
// typed.
func DecideAddToken(tx *bbolt.Tx, actor string, in AddToken, now time.Time) ([]journal.Event, CredentialChange, error) {
	r, err := must(tx, in.User)
	if err != nil {
		return nil, CredentialChange{}, err
	}
	if i := slices.IndexFunc(r.Tokens, func(t token) bool { return t.Ref == in.TokenRef }); i >= 0 {
		return nil, CredentialChange{in.User, r.Tokens[i].ID}, nil
	}
	if err := checkExpiry(in.ExpiresAt, now); err != nil {
		return nil, CredentialChange{}, err
	}
	if r.Disabled {
		return nil, CredentialChange{}, disabled(in.User)
	}
	if r.revoked() { // a token would let it in again
		return nil, CredentialChange{}, refusal.Transition("access.credentials_revoked", "revoked", refusal.Args{"user": in.User})
	}
	if len(r.Tokens) >= maxTokens {
		return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.too_many_tokens",
			refusal.Args{"user": in.User, "limit": maxTokens})
	}
	done := CredentialChange{in.User, tokenID(r.TokenSeq + 1)}
	seen, err := shownTo(tx, actor, in.User)
	return []journal.Event{TokenAdded{User: in.User, TokenID: done.TokenID, TokenRef: in.TokenRef, Name: in.Name,
		ExpiresAt: in.ExpiresAt, Seen: seen && r.Recipient == ""}}, done, err
}

// DecideRevoke ends a token. One that was revoked before is answered ok; one that never was is not found.
func DecideRevoke(tx *bbolt.Tx, _ string, in Revoke, _ time.Time) ([]journal.Event, CredentialChange, error) {
	r, err := must(tx, in.User)
	if err != nil {
		return nil, CredentialChange{}, err
	}
	done := CredentialChange(in)
	if slices.ContainsFunc(r.Tokens, func(t token) bool { return t.ID == in.TokenID }) {
		return []journal.Event{TokenRevoked(in)}, done, nil
	}
	for n := 1; n <= r.TokenSeq; n++ {
		if tokenID(n) == in.TokenID {
			return nil, done, nil
		}
	}
	return nil, CredentialChange{}, refusal.New(refusal.NotFound, "access.token_not_found",
		refusal.Args{"user": in.User, "token": clip(in.TokenID)})
}

// DecideDisable ends a user's logins. Nobody disables itself: the last administrator would lock everybody out.
func DecideDisable(tx *bbolt.Tx, actor string, in Disable, _ time.Time) ([]journal.Event, CredentialChange, error) {
	return decide(tx, in.User, func(r *row) (journal.Event, error) {
		switch {
		case r.Disabled:
			return nil, nil
		case actor == in.User:
			return nil, refusal.New(refusal.SamePerson, "access.not_yourself", refusal.Args{"user": in.User})
		}
		return Disabled{User: in.User, Ends: true}, nil
	})
}

// DecideEnable lets a disabled user log in again, with the secrets it had.
func DecideEnable(tx *bbolt.Tx, _ string, in Enable, _ time.Time) ([]journal.Event, CredentialChange, error) {
	return decide(tx, in.User, func(r *row) (journal.Event, error) {
		if !r.Disabled {
			return nil, nil
		}
		return Enabled(in), nil
	})
}

// EndSessions ends all sessions of the user itself.
type EndSessions struct {
	User string `json:"user"`
}

// DecideEndSessions ends all sessions of who asks for it.
func DecideEndSessions(tx *bbolt.Tx, actor string, in EndSessions, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	if in.User != actor {
		return nil, CredentialChange{}, refusal.New(refusal.Forbidden, "access.sessions_of_others", refusal.Args{"user": in.User})
	}
	if _, err := must(tx, in.User); err != nil {
		return nil, CredentialChange{}, err
	}
	return []journal.Event{SessionsEnded(in)}, CredentialChange{User: in.User}, nil
}

// clip keeps a value that a message repeats short.
func clip(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
