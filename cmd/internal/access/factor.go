package access

import (
	"encoding/base32"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// A factor is a secret of 160 bits of which the owner's authenticator makes a code of six digits every 30 seconds (RFC
// 6238, HMAC-SHA-1, which is what every authenticator takes).
const (
	factorBytes = 20
	codeDigits  = 6
	codePeriod  = 30 // seconds
)

// factor is a user's factor as it is stored. Ref is where the vault keeps the secret.
type factor struct {
	Ref  string       `json:"ref"`
	At   time.Time    `json:"at"`
	Step uint64       `json:"step"`           // of the last code that was taken: none at or before it is taken again
	Seen *calls.Sight `json:"seen,omitempty"` // who had come by the user's secret when it was enrolled
}

// FactorEnrolled says that a user has a factor, in the place of the one before. Step is that of its first code.
type FactorEnrolled struct {
	User      string `json:"user"`
	SecretRef string `json:"secret_ref"`
	Step      uint64 `json:"step"`
}

// FactorReset says that a user has no factor any more; whoever knows the password may enrol one.
type FactorReset struct {
	User string `json:"user"`
}

// CodeUsed says that a code came with the act recorded beside it: no code of its step or an earlier one is taken again.
type CodeUsed struct {
	User string `json:"user"`
	Step uint64 `json:"step"`
}

// Kind is the name of the event in the record.
func (FactorEnrolled) Kind() string { return "access.factor_enrolled" }

// Kind is the name of the event in the record.
func (FactorReset) Kind() string { return "access.factor_reset" }

// Kind is the name of the event in the record.
func (CodeUsed) Kind() string { return "access.code_used" }

// EnrolFactor is a factor for a user whose password was checked: Credential names it. Step is that of the first code.
type EnrolFactor struct {
	User       string `json:"user"`
	Credential string `json:"credential"`
	SecretRef  string `json:"secret_ref"`
	Step       uint64 `json:"step"`
}

// ResetFactor ends a user's factor.
type ResetFactor struct {
	User string `json:"user"`
}

// DecideEnrolFactor gives a user a factor; where there is one, the proof has to be a code of that.
func DecideEnrolFactor(tx *bbolt.Tx, _ string, in EnrolFactor, proof journal.Proof, _ time.Time) ([]journal.Event,
	CredentialChange, error) {
	return decide(tx, in.User, func(r *row) (journal.Event, error) {
		switch {
		case r.Factor != nil && r.Factor.Ref == in.SecretRef:
			return nil, nil
		case r.Recipient != "":
			return nil, refusal.New(refusal.Conflict, "access.factor_of_recipient", refusal.Args{"user": in.User})
		case r.Disabled:
			return nil, disabled(in.User)
		case r.Password.Ref != in.Credential:
			return nil, refusal.New(refusal.Conflict, "access.password_moved", refusal.Args{"user": in.User})
		case r.Factor != nil && proof.Ref != r.Factor.Ref:
			return nil, refusal.New(refusal.Conflict, "access.factor_moved", refusal.Args{"user": in.User})
		case r.Factor != nil && proof.Step <= r.Factor.Step:
			return nil, wrongCode("old_otp", "access.otp_used")
		}
		return FactorEnrolled{User: in.User, SecretRef: in.SecretRef, Step: in.Step}, nil
	})
}

// DecideResetFactor ends a user's factor. Where there is none, nothing is to be done.
func DecideResetFactor(tx *bbolt.Tx, _ string, in ResetFactor, _ time.Time) ([]journal.Event, CredentialChange, error) {
	return decide(tx, in.User, func(r *row) (journal.Event, error) {
		if r.Factor == nil {
			return nil, nil
		}
		return FactorReset(in), nil
	})
}

// Prove decides on the code that came with an act of user: whether one did that is good still, and what is recorded
// beside the act. A code that was taken before, or of a factor that is not in force, is refused; a preview has none.
func Prove(tx *bbolt.Tx, user string, proof journal.Proof) (proven bool, used []journal.Event, err error) {
	if proof.Preview || proof == (journal.Proof{}) {
		return false, nil, nil
	}
	r, err := must(tx, user)
	switch {
	case err != nil:
		return false, nil, err
	case r.Factor == nil || r.Factor.Ref != proof.Ref:
		return false, nil, refusal.New(refusal.Conflict, "access.factor_moved", refusal.Args{"user": user})
	case proof.Step <= r.Factor.Step:
		return false, nil, wrongCode("otp", "access.otp_used")
	}
	return true, []journal.Event{CodeUsed{User: user, Step: proof.Step}}, nil
}

// HasFactor reports whether a user has a factor.
func HasFactor(tx *bbolt.Tx, user string) (bool, error) {
	r, err := find(tx, user)
	return err == nil && r != nil && r.Factor != nil, err
}

func wrongCode(path, rule string) error {
	return refusal.Wrong(path, rule, nil)
}

// FactorDraft is a secret for an authenticator and the address that it is handed over by, otpauth://…; nothing keeps it
// before it is enrolled. Issuer is what the authenticator shows beside the user. Have is a secret that was made before;
// anything else makes a fresh one.
func FactorDraft(issuer, user, have string) (secret, uri string, err error) {
	raw, err := secretForm.DecodeString(have)
	if err != nil || len(raw) != factorBytes {
		raw = nil
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: user, Secret: raw, SecretSize: factorBytes,
		Period: codePeriod,
		Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		return "", "", err
	}
	return key.Secret(), key.URL(), nil
}

var secretForm = base32.StdEncoding.WithPadding(base32.NoPadding)

// tidy takes out the blanks with which people and authenticators write secrets and codes.
func tidy(s string) string { return strings.Join(strings.Fields(s), "") }

// codeForm refuses what is no code at all. It is no try.
func codeForm(path, code string) error {
	if len(code) != codeDigits || strings.Trim(code, "0123456789") != "" {
		return wrongCode(path, "access.otp_form")
	}
	return nil
}

// stepOf is the step of a code among the one of the time, the one before and the one after; 0 where it is none of
// theirs. It compares with each of them, whatever it has found, and each in constant time.
func stepOf(secret, code string, at time.Time) (step uint64) {
	now := uint64(max(at.Unix(), codePeriod)) / codePeriod
	for s := now - 1; s <= now+1; s++ {
		ok, err := hotp.ValidateCustom(code, s, secret, hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if ok && err == nil {
			step = s
		}
	}
	return step
}
