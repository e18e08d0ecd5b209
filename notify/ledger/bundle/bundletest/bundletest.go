// Package bundletest makes ledgers and bundles to test with, and what forgers make of them.
package bundletest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

// Origin is that of every ledger of this package.
const Origin = "qingkong/120111/0a1b2c3d"

// Record is a small ledger with the key that signs for it, and a witness.
type Record struct {
	t       testing.TB
	Leaves  [][]byte
	Hashes  []tlog.Hash
	SKey    string // in the form of note.NewSigner
	VKey    string
	at      time.Time
	Witness *torchwood.CosignatureSigner
}

// ReadHashes implements tlog.HashReader.
func (r *Record) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, i := range at {
		out = append(out, r.Hashes[i])
	}
	return out, nil
}

// Random is a source of bytes that are always the same.
func Random(seed byte) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{seed}, 64)) }

func New(t testing.TB) *Record {
	t.Helper()
	r := &Record{t: t, at: time.Date(2016, 12, 16, 18, 0, 0, 0, ledger.Shanghai)}
	var err error
	if r.SKey, r.VKey, err = identity.NewKey(Random(1), Origin); err != nil {
		t.Fatal(err)
	}
	if r.Witness, err = torchwood.NewCosignatureSigner("witness.example/w1", ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))); err != nil {
		t.Fatal(err)
	}
	r.Say(identity.KindOpened, "", identity.Opened{Origin: Origin, VKey: r.VKey, KeyRef: Reference("a secret")})
	return r
}

// Say records an entry and returns its index.
func (r *Record) Say(kind, actor string, data any) int64 {
	r.t.Helper()
	r.at = r.at.Add(time.Second)
	leaf, err := ledger.AppendEntry(nil, kind, r.at, actor, func(b []byte) ([]byte, error) {
		text, err := json.Marshal(data)
		return append(b, text...), err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return r.add(leaf)
}

func (r *Record) add(leaf []byte) int64 {
	more, err := tlog.StoredHashes(int64(len(r.Leaves)), leaf, r)
	if err != nil {
		r.t.Fatal(err)
	}
	r.Hashes, r.Leaves = append(r.Hashes, more...), append(r.Leaves, leaf)
	return int64(len(r.Leaves)) - 1
}

// Others records what has nothing to do with the bundle.
func (r *Record) Others(n int) {
	for i := range n {
		r.Say("alerts.forecast.received", "feeder", map[string]int{"n": i})
	}
}

func (r *Record) Signer() note.Signer {
	s, err := note.NewSigner(r.SKey)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// Checkpoint signs for the first so many entries.
func (r *Record) Checkpoint(size int64, cosigners ...note.Signer) []byte {
	r.t.Helper()
	root, err := tlog.TreeHash(size, r)
	if err != nil {
		r.t.Fatal(err)
	}
	text := torchwood.Checkpoint{Origin: Origin, Tree: tlog.Tree{N: size, Hash: root}}.String()
	signed, err := note.Sign(&note.Note{Text: text}, append([]note.Signer{r.Signer()}, cosigners...)...)
	if err != nil {
		r.t.Fatal(err)
	}
	return signed
}

// Draft is what a bundle is made of, to be changed before it is made.
type Draft struct {
	Manifest bundle.Manifest
	Files    map[string][]byte
	Sign     note.Signer
}

func (d *Draft) Bytes(t testing.TB) []byte {
	t.Helper()
	var all []bundle.Content
	for name, text := range d.Files {
		all = append(all, bundle.Bytes(name, text))
	}
	made, err := bundle.Make(d.Manifest, all, d.Sign)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if n, err := made.WriteTo(&out); err != nil || n != made.Size() || n != int64(out.Len()) {
		t.Fatal(n, made.Size(), out.Len(), err)
	}
	return out.Bytes()
}

// Proving has a draft hold some entries, their proof, and the checkpoints of all and of earlier sizes, cosigned.
func (r *Record) Proving(subject bundle.Subject, entries []int64, cuts ...int64) *Draft {
	r.t.Helper()
	size := int64(len(r.Leaves))
	proof, err := ledger.Multiproof(size, entries, cuts, r)
	if err != nil {
		r.t.Fatal(err)
	}
	var lines []byte
	for _, i := range entries {
		lines = bundle.AppendEntry(lines, i, r.Leaves[i])
	}
	d := &Draft{Sign: r.Signer(), Manifest: bundle.Manifest{Origin: Origin, Subject: subject, MadeAt: r.at.Format(time.RFC3339), Size: size},
		Files: map[string][]byte{
			bundle.CheckpointFile: r.Checkpoint(size), bundle.EntriesFile: lines, bundle.ProofFile: bundle.AppendProof(nil, proof),
			bundle.IndexFile: []byte("<!doctype html><title>W1-E0001-1</title>"),
		}}
	for _, m := range cuts {
		d.Files[fmt.Sprintf("%s%d", bundle.Checkpoints, m)] = r.Checkpoint(m, r.Witness)
	}
	return d
}

// Salted is a content of the vault with its salt, and Reference names it.
func Salted(content string) []byte { return append(bytes.Repeat([]byte{7}, 16), content...) }

func Reference(content string) string {
	sum := sha256.Sum256(Salted(content))
	return "v" + base64.RawURLEncoding.EncodeToString(sum[:])
}

func HexOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

// Usual is a record with an order, an answer to it with a note and a photo, a note that was erased, and measured hours; and
// a personal bundle of it.
func Usual(t testing.TB) (*Record, *Draft) {
	t.Helper()
	r := New(t)
	r.Others(5)
	issued := r.Say("notify.order_issued", "duty", map[string]string{"id": "W1-E0001-1"})
	r.Others(3)
	answered := r.Say("notify.answered", "E0001", map[string]any{"order_id": "W1-E0001-1", "action": "acknowledge",
		"note_ref": Reference("明白"), "evidence": []string{"sha256:" + HexOf("a photo")}})
	gone := r.Say("notify.answered", "E0001", map[string]any{"order_id": "W1-E0001-1", "note_ref": Reference("张三")})
	cosigned := int64(len(r.Leaves))
	erased := r.Say("journal.vault_erased", "admin", map[string]string{"ref": Reference("张三"), "reason": "本人要求"})
	nine, five := hour(t, 9), hour(t, 5)
	summed := []int64{nine.summed(r), five.summed(r)}
	r.Others(4)
	d := r.Proving(bundle.Subject{Order: "W1-E0001-1"}, []int64{0, issued, answered, gone, erased, summed[0], summed[1]}, cosigned)
	d.Files[bundle.MeasuredFile] = append(nine.line(summed[0], 1, 2), five.line(summed[1], 0, 4)...)
	d.Files[bundle.Evidence+HexOf("a photo")] = []byte("a photo")
	d.Files[bundle.Personal+Reference("明白")] = Salted("明白")
	d.Manifest.Personal, d.Manifest.Reason = true, "复核"
	d.Manifest.Missing = []bundle.Missing{{Name: bundle.Personal + Reference("a secret"), Why: bundle.Secret},
		{Name: bundle.Personal + Reference("张三"), Why: bundle.Erased}}
	return r, d
}

// results are those of an hour, as a tree.
type results struct{ *Record }

func hour(t testing.TB, n int) results {
	r := results{&Record{t: t}}
	for i := range n {
		r.add(fmt.Appendf(nil, "qingkong.judged/1\nW1\nE000%d\n", i))
	}
	return r
}

// summed records the root.
func (r results) summed(in *Record) int64 {
	root, err := tlog.TreeHash(int64(len(r.Leaves)), r)
	if err != nil {
		r.t.Fatal(err)
	}
	return in.Say("compliance.hour_summed", "system", map[string]string{"root": root.String()})
}

// line is that of some of the results in a bundle, of which an entry has the root.
func (r results) line(entry int64, places ...int64) []byte {
	some, err := bundle.NewResults(entry, r.Leaves, places, r)
	if err != nil {
		r.t.Fatal(err)
	}
	return bundle.AppendResults(nil, some)
}
