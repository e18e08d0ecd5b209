package bundletest

import (
	"bytes"
	"encoding/base64"
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
	hours := func(d *Draft, change func(first, second string) string) {
		both := strings.SplitAfter(string(d.Files[bundle.MeasuredFile]), "\n")
		d.Files[bundle.MeasuredFile] = []byte(change(both[0], both[1]))
	}
	field := func(line string, i int, change func(field string) string) string {
		all := strings.SplitN(line, " ", 5)
		all[i] = change(all[i])
		return strings.Join(all, " ")
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
			hours(d, func(a, b string) string { return strings.Replace(a, "E0001", "E0009", 1) + b })
		}},
		{"a result of another place", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return field(a, 2, func(string) string { return "2,3" }) + b })
		}},
		{"results of places that do not ascend", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return field(a, 2, func(string) string { return "1,0" }) + b })
		}},
		{"a result left out", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return field(a, 2, func(string) string { return "1" }) + b })
		}},
		{"results of an hour of another size", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + field(b, 1, func(string) string { return "6" }) })
		}},
		{"a hash of an hour too few", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + field(b, 3, func(all string) string { return hashes(all, 0) }) })
		}},
		{"a hash of an hour too many", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string {
				return a + field(b, 3, func(all string) string { return hashes(all, 0, 1, 1) })
			})
		}},
		{"two hashes of an hour changed places", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + field(b, 3, func(all string) string { return hashes(all, 1, 0) }) })
		}},
		{"a part of a hash of an hour", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + field(b, 3, func(all string) string { return all[:40] }) })
		}},
		{"an hour twice", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + a + b })
		}},
		{"two hours changed places", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return b + a })
		}},
		{"results of another hour", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string {
				index, _, _ := strings.Cut(b, " ")
				return field(a, 0, func(string) string { return index })
			})
		}},
		{"results of another entry", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return field(a, 0, func(string) string { return "6" }) + b })
		}},
		{"results of no entry", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return field(a, 0, func(string) string { return "x" }) + b })
		}},
		{"results that are said to be missing", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			index, _, _ := strings.Cut(string(d.Files[bundle.MeasuredFile]), " ")
			d.Manifest.Missing = append(d.Manifest.Missing, bundle.Missing{Name: bundle.Measured + index, Why: bundle.NotHeld})
		}},
		{"no hour", bundle.RuleMeasured, func(_ *Record, d *Draft) { d.Files[bundle.MeasuredFile] = nil }},
		{"an hour that does not end", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a + strings.TrimSuffix(b, "\n") })
		}},
		{"an hour too long", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string {
				return a + strings.TrimSuffix(b, "\n") + strings.Repeat(" ", bundle.MaxEntry) + "\n"
			})
		}},
		{"an hour without its results", bundle.RuleMeasured, func(_ *Record, d *Draft) {
			hours(d, func(a, b string) string { return a[:strings.LastIndexByte(a, ' ')] + "\n" + b })
		}},
		{"an hour in a file of its own", bundle.RuleName, func(_ *Record, d *Draft) {
			d.Files[bundle.Measured+"13"] = d.Files[bundle.MeasuredFile]
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

// hashes are some of the hashes that stand in base64 one behind the other, by their places among them.
func hashes(all string, places ...int) string {
	raw, err := base64.StdEncoding.DecodeString(all)
	if err != nil {
		panic(err) // the usual bundle has hashes
	}
	var some []byte
	for _, i := range places {
		some = append(some, raw[i*32:(i+1)*32]...)
	}
	return base64.StdEncoding.EncodeToString(some)
}
