package notary

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify/ledger/identity"
)

// Commands of the ledger's keys.
const (
	cmdOpen   = "ledger.open"
	cmdRotate = "ledger.rotate_key"
	cmdMove   = "ledger.new_origin"
)

// Module is package identity as the journal sees it.
func Module() journal.Module {
	return journal.Module{Name: "ledger", Buckets: identity.Buckets(), Decode: identity.Decode, Quiet: identity.Quiet(),
		Apply: func(tx *bbolt.Tx, _ journal.Effects, at time.Time, _ string, _ journal.Pos, ev journal.Event) error {
			return identity.Apply(tx, at, ev)
		}}
}

// Register has the journal decide on the ledger's keys.
func Register(r *journal.Registry) {
	journal.Handle(r, cmdOpen, func(tx *bbolt.Tx, _ string, in identity.Opened, _ time.Time) ([]journal.Event, identity.Key,
		error) {
		return identity.DecideOpen(tx, in)
	})
	journal.Handle(r, cmdRotate, func(tx *bbolt.Tx, _ string, in identity.Rotated, _ time.Time) ([]journal.Event,
		identity.Key, error) {
		return identity.DecideRotate(tx, in)
	})
	journal.Handle(r, cmdMove, func(tx *bbolt.Tx, _ string, in identity.Moved, _ time.Time) ([]journal.Event, identity.Key,
		error) {
		return identity.DecideMove(tx, in)
	})
}

// newOrigin is an origin that no other ledger has, whatever its region.
func newOrigin(random io.Reader, region string) (string, error) {
	var b [4]byte
	_, err := io.ReadFull(random, b[:])
	return "qingkong/" + region + "/" + hex.EncodeToString(b[:]), err
}

// newKey makes a key of an origin, its secret half on the way into the vault.
func newKey(random io.Reader, origin string) (vkey string, secret journal.VaultEntry, err error) {
	skey, vkey, err := identity.NewKey(random, origin)
	if err != nil {
		return "", secret, err
	}
	var salt [16]byte
	_, err = io.ReadFull(random, salt[:])
	return vkey, journal.SealWith(salt, []byte(skey)), err
}

// Ask is who changes a key. Of the same random bytes the same key is made: an act that comes again finds what it did.
type Ask struct {
	Actor  string
	Random io.Reader
}

// done is the key of a vkey, where the ledger has, or had it.
func (n *Notary) done(vkey string) (identity.Key, bool) {
	c, err := n.Keys()
	i := slices.IndexFunc(c, func(k identity.Key) bool { return k.VKey == vkey })
	if err != nil || i < 0 {
		return identity.Key{}, false
	}
	return c[i], true
}

// carryOut has a key be recorded, and returns it as it is.
func (n *Notary) carryOut(ctx context.Context, kind, actor, vkey string, payload any, secret journal.VaultEntry) (identity.Key, error) {
	_, err := journal.Do[identity.Key](ctx, n.opt.Journal, journal.Command{Kind: kind, Actor: actor, Payload: payload,
		Vault: []journal.VaultEntry{secret}})
	if err != nil {
		return identity.Key{}, err
	}
	k, _ := n.done(vkey)
	return k, nil
}

// opened gives the ledger its origin and its first key, once.
func (n *Notary) opened(ctx context.Context) error {
	var open bool
	err := n.opt.Journal.View(func(tx *bbolt.Tx) error {
		c, err := identity.Read(tx)
		open = len(c) > 0
		return err
	})
	if err != nil || open {
		return err
	}
	origin, err := newOrigin(rand.Reader, n.opt.Region)
	if err != nil {
		return err
	}
	vkey, secret, err := newKey(rand.Reader, origin)
	if err != nil {
		return err
	}
	key, err := journal.Do[identity.Key](ctx, n.opt.Journal, journal.Command{Kind: cmdOpen, Actor: "system",
		Payload: identity.Opened{Origin: origin, VKey: vkey, KeyRef: secret.Ref}, Vault: []journal.VaultEntry{secret}})
	if err == nil && key.VKey == vkey {
		n.opt.Log.Info("the ledger has an origin and a key", "origin", key.Origin, "vkey", key.VKey)
	}
	return err
}

// Key is the key that signs now; the zero one before the first.
func (n *Notary) Key() (key identity.Key, err error) {
	err = n.opt.Journal.View(func(tx *bbolt.Tx) error {
		c, err := identity.Read(tx)
		key = c.Last()
		return err
	})
	return key, err
}

// Keys are all keys that the ledger has had, the first first.
func (n *Notary) Keys() (c identity.Chain, err error) {
	err = n.opt.Journal.View(func(tx *bbolt.Tx) error { c, err = identity.Read(tx); return err })
	return c, err
}

// Rotate has a new key sign from now on, for which the old one signs. The old one's secret is kept: erasing it is an act
// of its own.
func (n *Notary) Rotate(ctx context.Context, a Ask) (identity.Key, error) {
	signer, was, err := n.Signer()
	if err != nil {
		return identity.Key{}, err
	}
	vkey, secret, err := newKey(a.Random, was.Origin)
	if err != nil {
		return identity.Key{}, err
	}
	if k, done := n.done(vkey); done {
		return k, nil
	}
	said, err := note.Sign(&note.Note{Text: identity.RotationText(was.Origin, vkey)}, signer)
	if err != nil {
		return identity.Key{}, err
	}
	return n.carryOut(ctx, cmdRotate, a.Actor, vkey, identity.Rotated{VKey: vkey, KeyRef: secret.Ref, Note: string(said)}, secret)
}

// NewOrigin has the record go on under a new origin, after entries were lost that were signed for. Every witness and
// whoever keeps the ledger's key has to be told of the new one. Where nothing was lost it is refused as a conflict.
func (n *Notary) NewOrigin(ctx context.Context, a Ask, reason string) (identity.Key, error) {
	origin, err := newOrigin(a.Random, n.opt.Region)
	if err != nil {
		return identity.Key{}, err
	}
	vkey, secret, err := newKey(a.Random, origin)
	if err != nil {
		return identity.Key{}, err
	}
	if k, done := n.done(vkey); done {
		return k, nil
	}
	k, _, err := n.opt.Store.Load(ctx)
	if err != nil {
		return identity.Key{}, err
	}
	latest, _, err := k.read()
	if err != nil {
		return identity.Key{}, err
	}
	was, err := n.Key()
	if err != nil {
		return identity.Key{}, err
	}
	if n.Status().Lost == nil && !n.ahead() {
		return identity.Key{}, refusal.New(refusal.Conflict, "ledger.nothing_lost", refusal.Args{"origin": was.Origin})
	}
	in := identity.Moved{Origin: origin, VKey: vkey, KeyRef: secret.Ref, From: was.Origin, Size: latest.N, Reason: reason}
	if latest.N > 0 {
		in.Root = latest.Hash.String()
	}
	return n.carryOut(ctx, cmdMove, a.Actor, vkey, in, secret)
}

// ahead reports whether a witness has cosigned more than the record holds, or another history.
func (n *Notary) ahead() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range n.asked {
		if n.asked[i].against {
			return true
		}
	}
	return false
}
