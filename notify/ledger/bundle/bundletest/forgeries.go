package bundletest

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/identity"
)

// Forgery is what a thorough forger makes of the usual bundle, who has our program, all files and a key of his own, but not
// the ledger's.
type Forgery struct {
	Name, Rule string // Rule is the one that it breaks
	forge      func(r *Record, d *Draft)
}

// Bytes are the bundle.
func (f Forgery) Bytes(t testing.TB) []byte {
	t.Helper()
	r, d := Usual(t)
	f.forge(r, d)
	return d.Bytes(t)
}

// Forgeries are all of them.
func Forgeries() []Forgery {
	lines := func(d *Draft) [][]byte {
		return bytes.SplitAfter(bytes.TrimSuffix(d.Files[bundle.EntriesFile], []byte{'\n'}), []byte{'\n'})
	}
	join := func(d *Draft, all [][]byte) {
		text := bytes.Join(all, nil)
		d.Files[bundle.EntriesFile] = append(bytes.TrimSuffix(text, []byte{'\n'}), '\n')
	}
	measured := func(d *Draft) (name string) {
		for name = range d.Files {
			if strings.HasPrefix(name, bundle.Measured) {
				break
			}
		}
		return name
	}
	return []Forgery{
		{"an entry removed", bundle.RuleProof, func(_ *Record, d *Draft) { join(d, slices.Delete(lines(d), 2, 3)) }},
		{"two entries changed places", bundle.RuleEntry, func(_ *Record, d *Draft) {
			all := lines(d)
			all[1], all[2] = all[2], all[1]
			join(d, all)
		}},
		{"an entry doubled", bundle.RuleEntry, func(_ *Record, d *Draft) {
			all := lines(d)
			join(d, slices.Insert(all, 2, all[1]))
		}},
		{"an entry changed", bundle.RuleProof, func(_ *Record, d *Draft) {
			d.Files[bundle.EntriesFile] = bytes.Replace(d.Files[bundle.EntriesFile], []byte("acknowledge"), []byte("object"), 1)
		}},
		{"an entry dated back", bundle.RuleEntry, func(_ *Record, d *Draft) {
			all := lines(d)
			all[2] = bytes.Replace(all[2], []byte("2016-12-16T"), []byte("2016-12-15T"), 1)
			join(d, all)
		}},
		{"an entry of another form", bundle.RuleEntry, func(_ *Record, d *Draft) {
			all := lines(d)
			all[2] = bytes.Replace(all[2], []byte(`,"actor"`), []byte(`, "actor"`), 1)
			join(d, all)
		}},
		{"an index that is none", bundle.RuleEntry, func(_ *Record, d *Draft) {
			d.Files[bundle.EntriesFile] = append([]byte("0"), d.Files[bundle.EntriesFile]...)
		}},
		{"an entry beyond the tree", bundle.RuleEntry, func(_ *Record, d *Draft) {
			d.Files[bundle.EntriesFile] = bundle.AppendEntry(d.Files[bundle.EntriesFile], 10_000, lines(d)[1][2:])
		}},
		{"a proof too long", bundle.RuleProof, func(_ *Record, d *Draft) {
			d.Files[bundle.ProofFile] = append(d.Files[bundle.ProofFile], d.Files[bundle.ProofFile]...)
		}},
		{"a proof cut short", bundle.RuleProof, func(_ *Record, d *Draft) { d.Files[bundle.ProofFile] = d.Files[bundle.ProofFile][:60] }},
		{"another photo", bundle.RuleReference, func(_ *Record, d *Draft) {
			d.Files[bundle.Evidence+HexOf("a photo")] = []byte("another photo")
		}},
		{"a photo that nobody named", bundle.RuleReference, func(_ *Record, d *Draft) {
			d.Files[bundle.Evidence+HexOf("another photo")] = []byte("another photo")
		}},
		{"a photo left out", bundle.RuleMissing, func(_ *Record, d *Draft) { delete(d.Files, bundle.Evidence+HexOf("a photo")) }},
		{"another note", bundle.RuleReference, func(_ *Record, d *Draft) {
			d.Files[bundle.Personal+Reference("明白")] = Salted("不明白")
		}},
		{"a note left out", bundle.RuleMissing, func(_ *Record, d *Draft) { delete(d.Files, bundle.Personal+Reference("明白")) }},
		{"a note said to be erased", bundle.RuleMissing, func(_ *Record, d *Draft) {
			delete(d.Files, bundle.Personal+Reference("明白"))
			d.Manifest.Missing = append(d.Manifest.Missing, bundle.Missing{Name: bundle.Personal + Reference("明白"), Why: bundle.Erased})
		}},
		{"a note in a bundle without", bundle.RuleReference, func(_ *Record, d *Draft) { d.Manifest.Personal = false }},
		{"a result changed", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			d.Files[measured(d)] = bytes.Replace(d.Files[measured(d)], []byte("E0001"), []byte("E0009"), 1)
		}},
		{"results of another entry", bundle.RuleName, func(_ *Record, d *Draft) {
			d.Files[bundle.Measured+"6"] = d.Files[measured(d)]
		}},
		{"an earlier checkpoint of another history", bundle.RuleCheckpoint, func(r *Record, d *Draft) {
			other := New(r.t)
			other.Others(11)
			d.Files[bundle.Checkpoints+"12"] = other.Checkpoint(12, other.Witness)
		}},
		{"a checkpoint named after another size", bundle.RuleCheckpoint, func(_ *Record, d *Draft) {
			d.Files[bundle.Checkpoints+"11"] = d.Files[bundle.Checkpoints+"12"]
			delete(d.Files, bundle.Checkpoints+"12")
		}},
		{"an older checkpoint than the manifest says", bundle.RuleCheckpoint, func(r *Record, d *Draft) {
			d.Files[bundle.CheckpointFile] = r.Checkpoint(15)
		}},
		{"a checkpoint of another ledger", bundle.RuleOrigin, func(_ *Record, d *Draft) {
			d.Files[bundle.CheckpointFile] = bytes.Replace(d.Files[bundle.CheckpointFile], []byte("0a1b"), []byte("0a1c"), 1)
		}},
		{"a manifest of another ledger", bundle.RuleOrigin, func(_ *Record, d *Draft) {
			d.Manifest.Origin = "qingkong/120111/ffffffff"
		}},
		{"a manifest that no key of the ledger signed", bundle.RuleSignature, func(r *Record, d *Draft) {
			skey, _, err := identity.NewKey(Random(9), Origin)
			if err != nil {
				r.t.Fatal(err)
			}
			if d.Sign, err = note.NewSigner(skey); err != nil {
				r.t.Fatal(err)
			}
		}},
		{"a checkpoint that no key of the ledger signed", bundle.RuleSignature, func(r *Record, d *Draft) {
			was := r.SKey
			defer func() { r.SKey = was }()
			r.SKey, _, _ = identity.NewKey(Random(9), Origin)
			d.Files[bundle.CheckpointFile] = r.Checkpoint(int64(len(r.Leaves)))
		}},
		{"without the entry that tells of the key", bundle.RuleProof, func(_ *Record, d *Draft) { join(d, lines(d)[1:]) }},
		{"without entries", bundle.RuleName, func(_ *Record, d *Draft) { delete(d.Files, bundle.EntriesFile) }},
	}
}
