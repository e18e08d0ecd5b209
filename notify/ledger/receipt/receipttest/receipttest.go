// Package receipttest makes receipts to test with, and forged ones, from a ledger of a few entries.
package receipttest

import (
	"crypto/rand"
	"encoding/json"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
	"qingkong/notify/ledger/receipt"
)

// Origin is what a new [Log] is called.
const Origin = "qingkong/120111/0123abcd"

// Log is a ledger in memory, with a key that signs for it.
type Log struct {
	t            testing.TB
	Origin, VKey string
	skey         string
	leaves       [][]byte
	hashes       []tlog.Hash
	keys         []int64
	at           time.Time
}

// New is a ledger that was opened.
func New(t testing.TB) *Log {
	t.Helper()
	l := &Log{t: t, Origin: Origin, at: time.Date(2016, 12, 16, 20, 0, 0, 0, ledger.Shanghai)}
	l.skey, l.VKey = l.newKey()
	l.key(&identity.Opened{Origin: l.Origin, VKey: l.VKey, KeyRef: "v1"})
	return l
}

func (l *Log) newKey() (skey, vkey string) {
	l.t.Helper()
	skey, vkey, err := identity.NewKey(rand.Reader, l.Origin)
	if err != nil {
		l.t.Fatal(err)
	}
	return skey, vkey
}

func (l *Log) key(ev identity.Event) { l.keys = append(l.keys, l.Add(ev.Kind(), ev)) }

// Add records an entry and returns its index.
func (l *Log) Add(kind string, data any) int64 {
	l.t.Helper()
	l.at = l.at.Add(time.Second)
	leaf, err := ledger.AppendEntry(nil, kind, l.at, "duty", func(b []byte) ([]byte, error) {
		text, err := json.Marshal(data)
		return append(b, text...), err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	index := int64(len(l.leaves))
	l.leaves = append(l.leaves, leaf)
	more, err := tlog.StoredHashes(index, leaf, l)
	if err != nil {
		l.t.Fatal(err)
	}
	l.hashes = append(l.hashes, more...)
	return index
}

// ReadHashes implements [tlog.HashReader].
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// Rotate has another key sign from now on. Where signed is false, the key before does not sign for it: who has stolen the
// place of the ledger does that.
func (l *Log) Rotate(signed bool) {
	l.t.Helper()
	by := l.skey
	skey, vkey := l.newKey()
	if !signed {
		by = skey
	}
	l.key(&identity.Rotated{VKey: vkey, KeyRef: "v2", Note: l.sign(by, identity.RotationText(l.Origin, vkey))})
	l.skey, l.VKey = skey, vkey
}

// Move has the ledger go on under another origin.
func (l *Log) Move(origin string) {
	l.t.Helper()
	from := l.Origin
	l.Origin = origin
	l.skey, l.VKey = l.newKey()
	l.key(&identity.Moved{Origin: origin, VKey: l.VKey, KeyRef: "v3", From: from, Reason: "示例"})
}

func (l *Log) sign(skey, text string) string {
	l.t.Helper()
	s, err := note.NewSigner(skey)
	if err != nil {
		l.t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(signed)
}

// Receipts are those of entries, in the tree of all that was recorded.
func (l *Log) Receipts(indexes ...int64) receipt.Receipts {
	l.t.Helper()
	n := int64(len(l.leaves))
	root, err := tlog.TreeHash(n, l)
	if err != nil {
		l.t.Fatal(err)
	}
	text := torchwood.Checkpoint{Origin: l.Origin, Tree: tlog.Tree{N: n, Hash: root}}.String()
	return receipt.Receipts{Origin: l.Origin, VKey: l.VKey, Size: n, Checkpoint: l.sign(l.skey, text),
		Keys: l.entries(l.keys), Items: l.entries(indexes)}
}

func (l *Log) entries(indexes []int64) (all []receipt.Entry) {
	l.t.Helper()
	for _, i := range indexes {
		proof, err := tlog.ProveRecord(int64(len(l.leaves)), i, l)
		if err != nil {
			l.t.Fatal(err)
		}
		e, err := ledger.ParseEntry(l.leaves[i])
		if err != nil {
			l.t.Fatal(err)
		}
		all = append(all, receipt.Entry{Index: i, Kind: e.Kind, At: e.At, Leaf: l.leaves[i], Proof: proof})
	}
	return all
}

// Text is receipts as they are handed out.
func Text(t testing.TB, r receipt.Receipts) []byte {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
