package bundle_test

import (
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
	"qingkong/notify/ledger/identity"
)

// Who has stolen a key that no longer signs cannot speak for the key that followed it: the last key of a bundle signs it.
func TestAStolenOldKey(t *testing.T) {
	r := bundletest.New(t)
	_, next, err := identity.NewKey(bundletest.Random(5), bundletest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	said, err := note.Sign(&note.Note{Text: identity.RotationText(bundletest.Origin, next)}, r.Signer())
	if err != nil {
		t.Fatal(err)
	}
	r.Say(identity.KindRotated, "admin", identity.Rotated{VKey: next, KeyRef: bundletest.Reference("x"), Note: string(said)})
	r.Others(2)
	raw := r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, 1, 3}).Bytes(t)
	for _, keyFile := range []string{"", "log " + next, "log " + r.VKey} {
		report, err := verified(raw, keysOf(t, keyFile))
		var is *bundle.Difference
		if !errors.As(err, &is) || is.Rule != bundle.RuleSignature {
			t.Errorf("%q: %+v (%v)", keyFile, report, err)
		}
		agree(t, keyFile, raw, keyFile, false)
	}
}

// Who has no key of a ledger cannot have it go on under its own origin with a key of his.
func TestAnOriginThatComesBack(t *testing.T) {
	ours := bundletest.New(t)
	for _, way := range [][]string{{bundletest.Origin}, {"qingkong/120111/ffffffff", bundletest.Origin}} {
		r := bundletest.New(t) // its first entry names a key that anybody may read
		from := bundletest.Origin
		for _, to := range way {
			var err error
			if r.SKey, r.VKey, err = identity.NewKey(bundletest.Random(9), to); err != nil {
				t.Fatal(err)
			}
			r.Say(identity.KindMoved, "admin", identity.Moved{Origin: to, VKey: r.VKey, KeyRef: bundletest.Reference("x"), From: from, Reason: "x"})
			from = to
		}
		entries := []int64{0}
		for i := range way {
			entries = append(entries, int64(i)+1)
		}
		raw := r.Proving(bundle.Subject{Warning: "W1"}, entries).Bytes(t)
		agree(t, "another key of the same origin", raw, "log "+ours.VKey, false)
	}
}
