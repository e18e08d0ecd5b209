package access

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// So many wrong codes of an account within the window close its codes for as long.
const (
	wrongCodes = 5
	codeWindow = 15 * time.Minute
)

// Codes checks one-time codes by the wall clock, and counts wrong ones: five of an account within a quarter of an hour
// close its codes for a quarter of an hour. Who guesses has a session or a token of the account already, so that nobody
// else can close them; and 20 tries an hour, each good for three codes of a million, take years. Counts are in memory:
// each node has its own.
type Codes struct {
	// Refused hears of a wrong code, and that an account's codes are closed; nil for nobody. Set it before the first one.
	Refused func(user string, closed bool)

	j   *journal.Journal
	log *slog.Logger

	mu    sync.Mutex
	wrong map[string]*tries // by account: no more than there are with a factor
}

type tries struct {
	at     []time.Time // of wrong ones within the window
	closed time.Time   // until then
}

// NewCodes returns the codes of j.
func NewCodes(j *journal.Journal, log *slog.Logger) *Codes {
	return &Codes{j: j, log: log, wrong: map[string]*tries{}}
}

// Proof checks the code that user gave in the field path, and returns what goes with the command. Refused are a wrong
// one (invalid), any where user has no factor (invalid), and all while the account's codes are closed (rate_limited).
func (c *Codes) Proof(user, path, code string) (journal.Proof, error) {
	code = tidy(code)
	if err := codeForm(path, code); err != nil {
		return journal.Proof{}, err
	}
	f, secret, err := c.factor(user)
	switch {
	case err != nil:
		return journal.Proof{}, err
	case f == nil:
		return journal.Proof{}, wrongCode(path, "access.otp_no_factor")
	case secret == nil: // erased, or lost with the vault
		return journal.Proof{}, refusal.New(refusal.Forbidden, "access.factor_lost", refusal.Args{"user": user})
	}
	c.mu.Lock() // over the check too: those that come at once are counted one after another
	defer c.mu.Unlock()
	now := c.j.Wall()
	t := c.wrong[user]
	if t == nil {
		t = &tries{}
	}
	if wait := t.closed.Sub(now); wait > 0 && wait <= codeWindow { // more is a clock that went back
		return journal.Proof{}, refusal.New(refusal.RateLimited, "access.otp_closed",
			refusal.Args{"retry_after": int(wait/time.Second) + 1, "minutes": int(wait/time.Minute) + 1})
	}
	if step := stepOf(secretForm.EncodeToString(secret), code, now); step > 0 {
		return journal.Proof{Ref: f.Ref, Step: step}, nil
	}
	t.add(now)
	c.wrong[user] = t
	c.trace(user, false)
	if len(t.at) >= wrongCodes {
		t.at, t.closed = nil, now.Add(codeWindow)
		c.trace(user, true)
	}
	return journal.Proof{}, wrongCode(path, "access.otp_wrong")
}

func (t *tries) add(now time.Time) {
	kept := t.at[:0]
	for _, at := range t.at {
		if age := now.Sub(at); age >= 0 && age < codeWindow {
			kept = append(kept, at)
		}
	}
	t.at = append(kept, now)
}

func (c *Codes) trace(user string, closed bool) {
	c.log.Warn("a one-time code was refused", "user", user, "closed", closed)
	if c.Refused != nil {
		c.Refused(user, closed)
	}
}

// factor is a user's factor with its secret; nil for none.
func (c *Codes) factor(user string) (f *factor, secret []byte, err error) {
	err = c.j.View(func(tx *bbolt.Tx) error {
		r, err := find(tx, user)
		if err != nil || r == nil || r.Factor == nil {
			return err
		}
		f = r.Factor
		secret = append(secret, journal.ReadVault(tx, f.Ref)...)
		return nil
	})
	return f, secret, err
}

// Enrol gives a user a factor. A wrong current password gives no user and no error; the same enrolment again is
// answered ok.
func (c *Codes) Enrol(ctx context.Context, p *Passwords, user string, in calls.Enrolment) (*Principal, error) {
	secret, err := secretForm.DecodeString(strings.ToUpper(tidy(in.Secret)))
	if err != nil || len(secret) != factorBytes {
		return nil, wrongCode("secret", "access.factor_secret")
	}
	in.OTP = tidy(in.OTP)
	if err := codeForm("otp", in.OTP); err != nil {
		return nil, err
	}
	who, err := p.Check(ctx, user, in.Current)
	if who == nil || err != nil {
		return nil, err
	}
	if who.Recipient != "" {
		return nil, refusal.New(refusal.Conflict, "access.factor_of_recipient", refusal.Args{"user": user})
	}
	cmd := journal.Command{Kind: CommandEnrolFactor, Actor: user}
	switch f, kept, err := c.factor(user); {
	case err != nil:
		return nil, err
	case f == nil:
	case string(kept) == string(secret):
		return who, nil
	case in.OldOTP == "":
		return nil, wrongCode("old_otp", "access.otp_old_wanted")
	default:
		if cmd.Proof, err = c.Proof(user, "old_otp", in.OldOTP); err != nil {
			return nil, err
		}
	}
	step := stepOf(secretForm.EncodeToString(secret), in.OTP, c.j.Wall())
	if step == 0 {
		return nil, wrongCode("otp", "access.otp_wrong")
	}
	entry := journal.Seal(secret)
	cmd.Payload = EnrolFactor{User: user, Credential: who.Credential, SecretRef: entry.Ref, Step: step}
	cmd.Vault = []journal.VaultEntry{entry}
	_, err = journal.Do[CredentialChange](ctx, c.j, cmd)
	if err != nil {
		return nil, err
	}
	return who, nil
}

// FactorOf is what FactorState has of a user.
func FactorOf(tx *bbolt.Tx, user string, required bool) (calls.FactorState, error) {
	r, err := must(tx, user)
	s := calls.FactorState{Required: required}
	if err == nil && r.Factor != nil {
		s.At = &r.Factor.At
	}
	return s, err
}
