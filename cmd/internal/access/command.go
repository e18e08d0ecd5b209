package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// The commands of this package.
const (
	CommandAddAccount        = "access.add_account"
	CommandIssueCredentials  = "access.issue_credentials"
	CommandRenewAccount      = "access.renew_account"
	CommandRevokeCredentials = "access.revoke_credentials"
	CommandChangePassword    = "access.change_password"
	CommandAddToken          = "access.add_token"
	CommandRevoke            = "access.revoke_token"
	CommandDisable           = "access.disable"
	CommandEnable            = "access.enable"
	CommandEndSessions       = "access.end_sessions"
	CommandEnrolFactor       = "access.enrol_factor"
	CommandResetFactor       = "access.reset_factor"
	CommandSetPhone          = "access.set_phone"
)

// Register registers the handlers of the commands.
func Register(r *journal.Registry) {
	journal.Handle(r, CommandAddAccount, DecideAddAccount)
	journal.Handle(r, CommandIssueCredentials, DecideIssueCredentials)
	journal.Handle(r, CommandRenewAccount, DecideRenewAccount)
	journal.Handle(r, CommandRevokeCredentials, DecideRevokeCredentials)
	journal.Handle(r, CommandChangePassword, DecideChangePassword)
	journal.HandleMoment(r, CommandAddToken,
		func(tx *bbolt.Tx, actor string, in AddToken, now journal.Moment) ([]journal.Event, CredentialChange, error) {
			return DecideAddToken(tx, actor, in, now.Wall)
		})
	journal.HandleMoment(r, CommandExpireToken,
		func(tx *bbolt.Tx, actor string, in ExpireToken, now journal.Moment) ([]journal.Event, CredentialChange, error) {
			return DecideExpireToken(tx, actor, in, now.Wall)
		})
	journal.Handle(r, CommandRevoke, DecideRevoke)
	journal.Handle(r, CommandDisable, DecideDisable)
	journal.Handle(r, CommandEnable, DecideEnable)
	journal.Handle(r, CommandEndSessions, DecideEndSessions)
	journal.Handle(r, CommandMakeLoginKey, DecideMakeLoginKey)
	journal.HandleProven(r, CommandEnrolFactor, func(tx *bbolt.Tx, actor string, in EnrolFactor, proof journal.Proof,
		now journal.Moment) ([]journal.Event, CredentialChange, error) {
		return DecideEnrolFactor(tx, actor, in, proof, now.At)
	})
	journal.Handle(r, CommandResetFactor, DecideResetFactor)
	journal.Handle(r, CommandSetPhone, DecideSetPhone)
	journal.HandleBulk(r, CommandSeen, decideSeen)
}

// Recipient is what the reduction list says of a recipient that gets credentials.
type Recipient struct {
	ID   string
	Name string
	Town string
	MNs  []string // of its monitoring stations
}

// AddAccountCommand makes the command for a new account, and the secrets that are shown once it is done. key is
// the request's idempotency key, unique to the caller, or empty.
func AddAccountCommand(actor, key string, in calls.NewAccount) (journal.Command, calls.Issued) {
	s := newSecrets(in.User, Typed)
	nameRef, phoneRef := s.seal(strings.TrimSpace(in.Name)), s.seal(calls.PlainPhones(in.Phone))
	return s.command(CommandAddAccount, key, actor,
		AddAccount{User: in.User, Role: calls.Role(in.Role), Town: strings.TrimSpace(in.Town), NameRef: nameRef,
			PhoneRef: phoneRef, PasswordRef: s.passwordRef, TokenRef: s.tokenRef})
}

// IssueCredentialsCommand makes the command for a recipient's new password and token, and what is shown once it
// is done.
func IssueCredentialsCommand(actor, key string, in Recipient) (journal.Command, calls.Issued) {
	s := newSecrets(in.ID, Machine)
	nameRef := s.seal(in.Name)
	return s.command(CommandIssueCredentials, key, actor,
		IssueCredentials{Recipient: in.ID, NameRef: nameRef, Town: in.Town, MNs: in.MNs,
			PasswordRef: s.passwordRef, TokenRef: s.tokenRef})
}

// RenewAccountCommand makes the command for an account's new password and token, and what is shown once it is done.
func RenewAccountCommand(actor, key, user string) (journal.Command, calls.Issued) {
	s := newSecrets(user, Typed)
	return s.command(CommandRenewAccount, key, actor,
		RenewAccount{User: user, PasswordRef: s.passwordRef, TokenRef: s.tokenRef})
}

// AddTokenCommand makes the command for one token more, and the token that is shown once it is done.
func AddTokenCommand(actor, key string, in calls.NewToken) (journal.Command, calls.Issued) {
	if in.ExpiresAt != nil { // NATS knows whole seconds
		at := in.ExpiresAt.Truncate(time.Second)
		in.ExpiresAt = &at
	}
	s := &secrets{issued: calls.Issued{User: in.ID, ExpiresAt: in.ExpiresAt}}
	s.addToken()
	return s.command(CommandAddToken, key, actor, AddToken{User: in.ID, Name: strings.TrimSpace(in.Name),
		TokenRef: s.tokenRef, ExpiresAt: in.ExpiresAt})
}

// Submit runs a command of this package and returns what is to be shown of it: nothing unless it was carried out
// now. A request repeated under its key is refused with access.secret_shown_once.
func Submit(ctx context.Context, j *journal.Journal, cmd journal.Command, issued calls.Issued) (calls.Issued, error) {
	if _, err := journal.Do[CredentialChange](ctx, j, cmd); err != nil {
		return calls.Issued{}, shownOnce(err)
	}
	return issued, nil
}

// ShownBefore reports whether Submit refused because the command was carried out under its key before: the secrets
// that it was to end have ended.
func ShownBefore(err error) bool {
	var e *refusal.Error
	return errors.As(err, &e) && e.Rule == ruleShownOnce
}

const ruleShownOnce = "access.secret_shown_once"

// shownOnce says of a used key what it means here: the references of a repeat are always new, so that to the
// journal its content differs.
func shownOnce(err error) error {
	var e *refusal.Error
	if errors.As(err, &e) && e.Rule == "journal.key_reused" {
		return refusal.New(refusal.Conflict, ruleShownOnce, e.Args)
	}
	return err
}

// secrets gathers what a command puts into the vault and what is shown of it.
type secrets struct {
	issued      calls.Issued
	passwordRef string
	tokenRef    string
	vault       []journal.VaultEntry
}

// newSecrets makes a password of that kind and a token.
func newSecrets(user string, kind SecretKind) *secrets {
	plain, entry := NewSecret(kind)
	s := &secrets{issued: calls.Issued{User: user, Password: plain}, passwordRef: entry.Ref,
		vault: []journal.VaultEntry{entry}}
	s.addToken()
	return s
}

func (s *secrets) addToken() {
	plain, entry := NewSecret(Machine)
	s.issued.Token, s.tokenRef, s.vault = tokenText(s.issued.User, plain), entry.Ref, append(s.vault, entry)
}

// seal puts a name into the vault; none has no reference.
func (s *secrets) seal(name string) string {
	if name == "" {
		return ""
	}
	entry := journal.Seal([]byte(name))
	s.vault = append(s.vault, entry)
	return entry.Ref
}

func (s *secrets) command(kind, key, actor string, payload any) (journal.Command, calls.Issued) {
	return journal.Command{Kind: kind, Key: key, Actor: actor, Payload: payload, Vault: s.vault}, s.issued
}
