package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
)

// Cost is what one argon2id hash takes. The default has the 64 MiB that RFC 9106 gives to machines with little memory,
// and one pass, which was 0.1 s of a busy 2.8 GHz core; more passes would let fewer people in at a shift's change. A
// hash is checked at the cost it was made at, so that another one here holds for new passwords alone.
type Cost struct {
	Time    uint32
	Memory  uint32 // KiB
	Threads uint8
}

// maxHashes bounds the hashes under way at once, whatever the machine: each takes [Cost.Memory], 64 MiB.
const maxHashes = 8

// Passwords decides logins by a password of any form. Those of people's own choosing are few and slow to check, so that
// only as many are checked at once as there are processors; others wait for [Passwords.Wait] at most.
//
// A wrong password costs the same whether its user exists, and whatever the form of its password: one hash where the
// name could be an account's, none where it could only be a recipient's, which chooses no password.
type Passwords struct {
	Cost Cost          // of new hashes
	Wait time.Duration // for a place

	// About are words of the place, such as the district's name, that are no part of a good password.
	About []string

	j      *journal.Journal
	places chan struct{}
	own    chan struct{} // places of those who are known, see [Known]
	hashes atomic.Int64  // ever made
}

// NewPasswords returns the passwords of j.
func NewPasswords(j *journal.Journal) *Passwords {
	n := min(runtime.GOMAXPROCS(0), maxHashes)
	return &Passwords{Cost: Cost{Time: 1, Memory: 64 << 10, Threads: 2}, Wait: 2 * time.Second, j: j,
		places: make(chan struct{}, n), own: make(chan struct{}, ownHashes)}
}

// ownHashes are the places that strangers never take, and ownWait is how long one of them is waited for: a whole duty
// room that signs in at once has its turns.
const (
	ownHashes = 2
	ownWait   = 15 * time.Second
)

type knownKey struct{}

// Known marks a login of a browser that its user has logged in from before: its hash has a place of its own, however
// many others try passwords. The caller bounds how many such logins are under way for one user.
func Known(ctx context.Context) context.Context { return context.WithValue(ctx, knownKey{}, true) }

// Check finds whose password it is, for a session; nil for a wrong one. The secret of a token is none: what began with
// it would outlast it. A rate_limited refusal means that it was not looked at.
func (p *Passwords) Check(ctx context.Context, user, password string) (*Principal, error) {
	found, ref, chosen, err := p.look(user, password, 0)
	if err != nil || found != nil || !calls.AccountName.MatchString(user) || !sized(password) {
		return found, err
	}
	stored := chosen
	if stored == "" {
		stored = p.decoy()
	}
	right, err := p.compare(ctx, stored, password)
	if err != nil || !right || chosen == "" {
		return nil, err
	}
	return p.still(user, ref)
}

// CheckSecret finds whose machine-made password or token it is, for a login over NATS; nil for a wrong one. A token may
// be given whole or as its secret alone. A password of somebody's own choosing does not serve there, right or wrong:
// nothing bounds how often it may be tried, and 128 random bits need no bound. No login takes a hash, so that none
// waits for another. own says that the user's password is a chosen one, which may be why nothing was found; it is for
// the log alone.
func (p *Passwords) CheckSecret(user, secret string) (found *Principal, own bool, err error) {
	if whose, of, ok := splitToken(secret); ok && whose == user {
		secret = of
	}
	found, _, chosen, err := p.look(user, secret, 1)
	return found, chosen != "", err
}

func (p *Passwords) look(user, secret string, tokens int) (found *Principal, ref, chosen string, err error) {
	err = p.j.View(func(tx *bbolt.Tx) error {
		found, ref, chosen = look(tx, user, secret, p.j.Wall(), 1, tokens)
		return nil
	})
	return found, ref, chosen, err
}

// still is the user, unless its password has changed while it was being checked.
func (p *Passwords) still(user, ref string) (*Principal, error) {
	now, err := p.user(user)
	if now == nil || now.Credential != ref {
		return nil, err
	}
	return now, err
}

func (p *Passwords) user(user string) (*Principal, error) {
	return journal.Read(p.j, func(tx *bbolt.Tx) (*Principal, error) { return PrincipalOf(tx, user), nil })
}

// Change puts a password of an account's own choosing in the place of the one in force; its tokens stay. The same
// change again is answered ok and changes nothing. A wrong current password gives no user and no error.
func (p *Passwords) Change(ctx context.Context, user, current, password string) (*Principal, error) {
	who, err := p.user(user)
	switch {
	case err != nil:
		return nil, err
	case who == nil:
		return nil, refusal.New(refusal.Unauthenticated, "access.unauthenticated", nil)
	case who.Recipient != "":
		return nil, refusal.New(refusal.Conflict, "access.password_of_recipient", refusal.Args{"user": user})
	}
	if err := p.judge(ctx, password, who); err != nil {
		return nil, err
	}
	old, err := p.Check(ctx, user, current)
	if err != nil {
		return nil, err
	}
	if old == nil {
		return p.Check(ctx, user, password) // it may have been changed by the same request before
	}
	if normal(current) == normal(password) {
		return nil, wrongPassword("access.password_same", nil)
	}
	text, err := p.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	entry := journal.Seal([]byte(text))
	_, err = journal.Do[CredentialChange](ctx, p.j, journal.Command{Kind: CommandChangePassword, Actor: user,
		Payload: ChangePassword{User: user, Old: old.Credential, PasswordRef: entry.Ref}, Vault: []journal.VaultEntry{entry}})
	if err != nil {
		return nil, err
	}
	return p.still(user, entry.Ref)
}

// judge refuses a password that is too easy to guess. It needs a place, as a hash does: however many are changed at
// once, no more are judged than there are processors.
func (p *Passwords) judge(ctx context.Context, password string, who *Principal) error {
	if err := checkForm(password); err != nil {
		return err
	}
	done, err := p.place(ctx)
	if err != nil {
		return err
	}
	defer done()
	return checkChosen(password, who, p.About)
}

// normal gives a text typed on any keyboard the same bytes.
func normal(password string) string { return norm.NFC.String(password) }

func busy() error { return refusal.New(refusal.RateLimited, "access.passwords_busy", nil) }

// place waits for the turn to make a hash.
func (p *Passwords) place(ctx context.Context) (done func(), err error) {
	places, wait := p.places, p.Wait
	if ctx.Value(knownKey{}) != nil {
		places, wait = p.own, ownWait
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, busy()
	}
}

const keyLen, saltLen = 32, 16

// hash gives a password the text that is kept of it, in the PHC form: $argon2id$v=19$m=65536,t=1,p=2$salt$hash.
func (p *Passwords) hash(ctx context.Context, password string) (string, error) {
	var salt [saltLen]byte
	_, _ = rand.Read(salt[:]) // never fails
	key, err := p.derive(ctx, p.Cost, salt[:], password)
	return phc(p.Cost, salt[:], key), err
}

func (p *Passwords) derive(ctx context.Context, c Cost, salt []byte, password string) ([]byte, error) {
	done, err := p.place(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p.hashes.Add(1)
	return argon2.IDKey([]byte(normal(password)), salt, c.Time, c.Memory, c.Threads, keyLen), nil
}

// decoy is compared with where there is no chosen password.
func (p *Passwords) decoy() string { return phc(p.Cost, make([]byte, saltLen), make([]byte, keyLen)) }

func (p *Passwords) compare(ctx context.Context, stored, password string) (bool, error) {
	c, salt, want, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	got, err := p.derive(ctx, c, salt, password)
	return err == nil && subtle.ConstantTimeCompare(got, want) == 1, err
}

const phcPrefix = "$argon2id$"

var b64 = base64.RawStdEncoding

func phc(c Cost, salt, key []byte) string {
	return fmt.Sprintf("%sv=%d$m=%d,t=%d,p=%d$%s$%s", phcPrefix, argon2.Version, c.Memory, c.Time, c.Threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// errPHC says nothing of the text: it is a secret.
var errPHC = errors.New("access: a password's hash in the vault is damaged")

func parsePHC(text string) (c Cost, salt, key []byte, err error) {
	parts := strings.Split(text, "$") // "", argon2id, v=19, m=…, salt, key
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errPHC
	}
	salt, err1 := b64.DecodeString(parts[4])
	key, err2 := b64.DecodeString(parts[5])
	const mostMemory, mostTime = 1 << 20, 16
	if err1 != nil || err2 != nil || len(key) != keyLen || c.Threads < 1 || c.Time < 1 || c.Time > mostTime ||
		c.Memory > mostMemory {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}
