package access

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"strconv"
	"strings"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
)

// Principal is who acts, once a secret was found right.
type Principal struct {
	User       string
	Role       calls.Role
	Recipient  string   // enterprise: its recipient id, which is also its User
	Town       string   // of a town's account, its scope
	MNs        []string // enterprise: stations it may send telemetry for, as at issue
	Name       string   // of the vault; empty when it was erased
	Credential string   // names the password in force; a session begun under another one is over
	Ended      int      // how often all its sessions were ended
	Token      string   // id of the token it came with, t1, t2, …; empty for a password

	Expires time.Time // of that token; zero for never
}

// Login names what a session rests on: one that began under another name is over.
func (p *Principal) Login() string {
	if p.Ended == 0 {
		return p.Credential
	}
	return p.Credential + "." + strconv.Itoa(p.Ended)
}

// VerifyToken checks a token's text, qk.<user>.<secret>, at a time of the clock. A password in its place is not
// accepted: it is nobody's, which is nil.
func VerifyToken(tx *bbolt.Tx, text string, now time.Time) *Principal {
	user, secret, ok := splitToken(text)
	if !ok {
		return nil
	}
	p, _, _ := look(tx, user, secret, now, 0, 1)
	return p
}

// PrincipalOf is a user without a check of its secret, for a session that was begun with one. A user that is not
// there or disabled is nobody, which is nil.
func PrincipalOf(tx *bbolt.Tx, user string) *Principal {
	r, err := find(tx, user)
	if err != nil || r == nil || r.Disabled || r.revoked() {
		return nil
	}
	return r.principal(tx)
}

// Exists reports whether there is a user of that name, one that cannot log in among them.
func Exists(tx *bbolt.Tx, user string) bool { return tx.Bucket(usersBucket).Get([]byte(user)) != nil }

// decoy stands in for the row of a user that is not there, and decoyRef for a secret: a login then costs what it
// costs with a wrong secret.
var (
	decoyRef = strings.Repeat("-", 44)
	decoy    = []byte(`{"user":"nobody","role":"enterprise","name_ref":"` + decoyRef +
		`","town":"-","recipient":"nobody",` +
		`"password":{"ref":"` + decoyRef + `","at":"2016-12-16T20:00:00+08:00"},` +
		`"tokens":[{"id":"t1","ref":"` + decoyRef + `","at":"2016-12-16T20:00:00+08:00"}],` +
		`"token_seq":1,"added_at":"2016-12-16T20:00:00+08:00","added_by":"admin"}`)
)

// look compares secret with the user's machine-made password, if password is 1, and with its tokens, if tokens is 1. It
// always compares as often as for a user with all the tokens there can be, and takes the same work for a user that is
// not there or has no such secret. A disabled user, an erased secret and a token that is over are no login.
//
// A password of the user's own choosing is for the caller to compare with: outside the transaction, for it takes long.
// Then found is nil, chosen is the text that is kept of the password, and ref is where.
func look(tx *bbolt.Tx, user, secret string, now time.Time, password, tokens int) (found *Principal, ref,
	chosen string) {
	data, known := tx.Bucket(usersBucket).Get([]byte(user)), true
	if data == nil {
		data, known = decoy, false
	}
	r, err := parseRow(data)
	if err != nil {
		return nil, "", ""
	}
	given := sha256.Sum256([]byte(secret))
	right := password & match(tx, r.Password.Ref, given)
	which := 0 // place of the token that it is, from 1
	for i := range maxTokens {
		ref := decoyRef
		if i < len(r.Tokens) && !r.Tokens[i].over(now) {
			ref = r.Tokens[i].Ref
		}
		same := tokens & match(tx, ref, given)
		right, which = right|same, subtle.ConstantTimeSelect(same, i+1, which)
	}
	switch stored := journal.ReadVault(tx, r.Password.Ref); {
	case !known || r.Disabled:
	case right == 1:
		if found = r.principal(tx); which > 0 {
			t := r.Tokens[which-1]
			if found.Token = t.ID; t.ExpiresAt != nil {
				found.Expires = *t.ExpiresAt
			}
		}
	case bytes.HasPrefix(stored, []byte(phcPrefix)):
		ref, chosen = r.Password.Ref, string(stored)
	}
	return found, ref, chosen
}

// match is 1 when the vault holds given under ref, else 0.
func match(tx *bbolt.Tx, ref string, given [sha256.Size]byte) int {
	var want [sha256.Size]byte
	there := 0
	if stored := journal.ReadVault(tx, ref); len(stored) == len(want) {
		copy(want[:], stored)
		there = 1
	}
	return there & subtle.ConstantTimeCompare(want[:], given[:])
}

func (r *row) principal(tx *bbolt.Tx) *Principal {
	return &Principal{User: r.User, Role: r.Role, Recipient: r.Recipient, Town: r.Town, MNs: r.MNs,
		Name: r.name(tx), Credential: r.Password.Ref, Ended: r.Ended}
}

func (r *row) phone(tx *bbolt.Tx) string { return string(journal.ReadVault(tx, r.PhoneRef)) }

func (r *row) name(tx *bbolt.Tx) string { return string(journal.ReadVault(tx, r.NameRef)) }
