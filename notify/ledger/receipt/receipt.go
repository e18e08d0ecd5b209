// Package receipt verifies receipts: entries of the ledger that somebody was handed to keep, each with its proof in the
// tree of a checkpoint, and the entries by which the ledger's keys followed each other. Whoever holds them needs nobody
// else to show what was recorded.
package receipt

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

// Receipts are what GET /orders/{id}/receipts answers. Members that are not known here say nothing.
type Receipts struct {
	Origin     string  `json:"origin"`
	VKey       string  `json:"vkey"`       // the key that signed
	Checkpoint string  `json:"checkpoint"` // signed note
	Size       int64   `json:"size"`       // of its tree
	Keys       []Entry `json:"keys"`       // entries of the ledger's keys
	Items      []Entry `json:"items"`
}

// Entry is an entry and its proof (RFC 6962 §2.1.1).
type Entry struct {
	Index int64       `json:"index"`
	Kind  string      `json:"kind"`
	At    time.Time   `json:"at"`
	Leaf  []byte      `json:"leaf"`
	Proof []tlog.Hash `json:"proof"`
}

// Proved are receipts that prove what they say.
type Proved struct {
	Origin, VKey string
	Size         int64
	Items        []ledger.Entry

	keys identity.Chain
}

// Verify proves receipts: the checkpoint is signed by the key that they name, each entry is in its tree, and says of
// itself what stands beside it, and the keys of the ledger followed each other up to that one. Whose key it is, it does
// not know: see [Proved.Follows].
func Verify(text []byte) (*Proved, error) {
	var r Receipts
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("no receipts: %w", err)
	}
	tree, err := r.tree()
	if err != nil {
		return nil, err
	}
	p := &Proved{Origin: r.Origin, VKey: r.VKey, Size: r.Size}
	keys, err := proved(tree, r.Keys)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	for i, e := range keys {
		ev, err := identity.Decode(e.Kind, e.Data)
		if err == nil {
			p.keys, err = p.keys.Follow(ev)
		}
		if err != nil {
			return nil, fmt.Errorf("keys: entry %d: %w", r.Keys[i].Index, err)
		}
	}
	if last := p.keys.Last(); last.VKey != r.VKey || last.Origin != r.Origin {
		return nil, errors.New("keys: the last one that the entries tell of is not the one that signed")
	}
	if p.Items, err = proved(tree, r.Items); err != nil {
		return nil, err
	}
	return p, nil
}

// tree is that of the checkpoint, whose signature it checks.
func (r *Receipts) tree() (t tlog.Tree, err error) {
	v, err := identity.Verifier(r.VKey)
	if err != nil {
		return t, fmt.Errorf("vkey: %w", err)
	}
	n, err := note.Open([]byte(r.Checkpoint), note.VerifierList(v))
	if err != nil {
		return t, fmt.Errorf("checkpoint: %w", err)
	}
	c, err := torchwood.ParseCheckpoint(n.Text)
	switch {
	case err != nil:
		return t, fmt.Errorf("checkpoint: %w", err)
	case !identity.ValidOrigin(r.Origin) || c.Origin != r.Origin || v.Name() != r.Origin:
		return t, fmt.Errorf("checkpoint: it is of %q and the key of %q, not of %q", c.Origin, v.Name(), r.Origin)
	case c.N != r.Size:
		return t, fmt.Errorf("checkpoint: it has %d entries, not %d", c.N, r.Size)
	}
	return c.Tree, nil
}

// proved are entries in ascending order, each of which is in the tree.
func proved(t tlog.Tree, entries []Entry) (all []ledger.Entry, err error) {
	for i, e := range entries {
		if i > 0 && entries[i-1].Index >= e.Index {
			return nil, fmt.Errorf("entry %d stands behind entry %d", e.Index, entries[i-1].Index)
		}
		if err := tlog.CheckRecord(e.Proof, t.N, t.Hash, e.Index, tlog.RecordHash(e.Leaf)); err != nil {
			return nil, fmt.Errorf("entry %d is not in the tree that was signed for: %w", e.Index, err)
		}
		said, err := ledger.ParseEntry(e.Leaf)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", e.Index, err)
		}
		if said.Kind != e.Kind || !said.At.Equal(e.At) {
			return nil, fmt.Errorf("entry %d is another one than is said beside it", e.Index)
		}
		all = append(all, said)
	}
	return all, nil
}

// Follows reports whether the key that signed is one that its holder knows: that very key, or one for which the keys
// from it on signed, each for the next. Of another origin nobody signs for the key.
func (p *Proved) Follows(known string) bool {
	for _, k := range p.keys.Of(p.Origin) {
		if k.VKey == known {
			return true
		}
	}
	return false
}
