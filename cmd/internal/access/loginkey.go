package access

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

// The login key proves what the program gave to browsers, and names in its logs what must not stand there. It is 256
// random bits in the vault, so that every node has the same one and a file of the record without its vault gives none
// away; the record holds its reference. What it proved is void once it was erased, and the next one is made.

// CommandMakeLoginKey records a new login key.
const CommandMakeLoginKey = "access.make_login_key"

var loginKeyKey = []byte("login_key") // in access.meta

// MakeLoginKey puts a key in the place of the one with the reference Old, or of none.
type MakeLoginKey struct {
	Old    string `json:"old,omitempty"`
	KeyRef string `json:"key_ref"`
}

// LoginKeyMade says that there is a login key.
type LoginKeyMade struct {
	KeyRef string `json:"key_ref"`
}

// Kind is the name of the event in the record.
func (LoginKeyMade) Kind() string { return "access.login_key_made" }

// DecideMakeLoginKey takes a key unless another one came first.
func DecideMakeLoginKey(tx *bbolt.Tx, _ string, in MakeLoginKey, _ time.Time) ([]journal.Event, CredentialChange,
	error) {
	if loginKeyRef(tx) != in.Old || in.KeyRef == "" {
		return nil, CredentialChange{}, refusal.New(refusal.Conflict, "access.login_key_there", nil)
	}
	return []journal.Event{LoginKeyMade{KeyRef: in.KeyRef}}, CredentialChange{}, nil
}

func loginKeyRef(tx *bbolt.Tx) string { return string(tx.Bucket(metaBucket).Get(loginKeyKey)) }

// LoginKey is the key of one purpose, 32 bytes that say nothing of another's; nil where none is made yet or it was
// erased.
func LoginKey(tx *bbolt.Tx, purpose string) []byte {
	secret := journal.ReadVault(tx, loginKeyRef(tx))
	if secret == nil {
		return nil
	}
	key, err := hkdf.Key(sha256.New, secret, nil, purpose, sha256.Size)
	if err != nil { // of a length that SHA-256 gives there is none
		return nil
	}
	return key
}

// EnsureLoginKey makes a login key where there is none. Another node may come first: then there is one too.
func EnsureLoginKey(ctx context.Context, j *journal.Journal) error {
	var old string
	there := false
	err := j.View(func(tx *bbolt.Tx) error {
		old, there = loginKeyRef(tx), LoginKey(tx, "") != nil
		return nil
	})
	if err != nil || there {
		return err
	}
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // never fails
	entry := journal.Seal(bits[:])
	_, err = journal.Do[CredentialChange](ctx, j, journal.Command{Kind: CommandMakeLoginKey, Actor: "system",
		Payload: MakeLoginKey{Old: old, KeyRef: entry.Ref}, Vault: []journal.VaultEntry{entry}})
	if refusal.CodeOf(err) == refusal.Conflict {
		return nil
	}
	return err
}
