package bundle_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
	"qingkong/notify/ledger/identity"
)

// agree fails unless both verifiers say the same of a bundle, and that is what is wanted.
func agree(t *testing.T, what string, raw []byte, keyFile string, want bool) {
	t.Helper()
	report, ours := verified(raw, keysOf(t, keyFile))
	trusted, theirs := independent(raw, keyFile)
	if (ours == nil) != want || (theirs == nil) != want || ours == nil && theirs == nil && report.Trusted != trusted {
		t.Errorf("%s: ours says %v, the other verifier %v; want accepted: %v", what, ours, theirs, want)
	}
}

// What a verifier says that was written from docs/bundle.md alone, ours says as well.
func TestTwoVerifiers(t *testing.T) {
	r, d := bundletest.Usual(t)
	raw := d.Bytes(t)
	_, stranger, err := identity.NewKey(bundletest.Random(9), bundletest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	named, witness := "log "+r.VKey+"\n", "witness "+r.Witness.Verifier().String()+"\n"
	for keyFile, want := range map[string]bool{"": true, named: true, witness: true, "# keys\n\n" + named + witness: true,
		"log " + stranger + "\n": false, "log " + stranger + "\n" + named: true} {
		agree(t, "key file "+keyFile, raw, keyFile, want)
	}
	for _, f := range bundletest.Forgeries() {
		agree(t, f.Name, f.Bytes(t), "", false)
	}
	for i := 0; i < len(raw); i += 3 {
		for _, bit := range []byte{0x01, 0x80} {
			flipped := bytes.Clone(raw)
			flipped[i] ^= bit
			agree(t, fmt.Sprint("flipped bit of byte ", i), flipped, "", false)
		}
	}
	for i := 0; i < len(raw); i += 17 {
		agree(t, fmt.Sprint("without byte ", i), slices.Delete(bytes.Clone(raw), i, i+1), "", false)
		agree(t, fmt.Sprint("twice byte ", i), slices.Insert(bytes.Clone(raw), i, raw[i]), "", false)
		agree(t, fmt.Sprint("cut at byte ", i), raw[:i], "", false)
	}
}

// Files that a bundle may lack or have beside the others, and others that it may not, with a manifest that tells of them.
func TestTwoVerifiersOfFiles(t *testing.T) {
	_, usual := bundletest.Usual(t)
	for name := range usual.Files {
		_, d := bundletest.Usual(t)
		delete(d.Files, name)
		may := name == bundle.MeasuredFile || strings.HasPrefix(name, bundle.Checkpoints)
		agree(t, "without "+name, d.Bytes(t), "", may)
	}
	names := slices.Sorted(maps.Keys(usual.Files))
	for i, a := range names {
		for _, b := range names[i+1:] {
			_, d := bundletest.Usual(t)
			d.Files[a], d.Files[b] = d.Files[b], d.Files[a]
			agree(t, a+" and "+b+" changed places", d.Bytes(t), "", false)
		}
	}
	for name, may := range map[string]bool{"list": true, "list/rows.json": true, "evidence/x": false, "personal/x": false,
		"checkpoints/7": false, "checkpoints/x": false, "measured/0": false, "measured/x": false} {
		_, d := bundletest.Usual(t)
		d.Files[name] = []byte("x")
		agree(t, "with "+name, d.Bytes(t), "", may)
	}
	_, d := bundletest.Usual(t)
	index, _, _ := bytes.Cut(d.Files[bundle.MeasuredFile], []byte{' '})
	_, d.Files[bundle.MeasuredFile], _ = bytes.Cut(d.Files[bundle.MeasuredFile], []byte{'\n'})
	agree(t, "without an hour", d.Bytes(t), "", true)
	d.Manifest.Missing = append(d.Manifest.Missing, bundle.Missing{Name: bundle.Measured + string(index), Why: bundle.NotHeld})
	agree(t, "without an hour that is said to be missing", d.Bytes(t), "", true)
}

// What a log itself may sign and what not.
func TestTwoVerifiersOfWhatALogSigns(t *testing.T) {
	ref := func(s string) string { return bundle.Personal + bundletest.Reference(s) }
	for _, c := range []struct {
		name string
		may  bool
		old  string
		new  string
	}{
		{"as it was", true, `{`, `{`},
		{"in one line with a member more", true, `{"format"`, `{"more":{"a":[1,{}]},"format"`},
		{"a member twice", false, `{"format"`, `{"format":"qingkong.bundle/1","format"`},
		{"a member twice that nobody knows", false, `{"format"`, `{"more":1,"more":1,"format"`},
		{"a member by another name", false, `"files"`, `"Files"`},
		{"another format", false, `bundle/1`, `bundle/2`},
		{"a size that is no integer", false, `"size":19,"personal"`, `"size":19.0,"personal"`},
		{"half a character", false, `"reason":"复核"`, `"reason":"\ud800"`},
		{"text behind it", false, "}\n", "}{}\n"},
		{"made at no time", false, `"made_at":"`, `"made_at":"x`},
		{"about nothing", false, `"order":"W1-E0001-1"`, `"zone":"W1-E0001-1"`},
		{"about two", false, `"order":"W1-E0001-1"`, `"order":"W1-E0001-1","warning":"W1"`},
		{"missing for another reason", true, `"secret"`, `"not_held"`},
		{"missing for a reason that is none", false, `"secret"`, `"lost"`},
		{"missing and erased, which no entry says", false, `"secret"`, `"erased"`},
		{"missing twice", false, `"missing":[`, `"missing":[{"name":"` + ref("a secret") + `","why":"secret"},`},
		{"missing and here", false, `"missing":[`, `"missing":[{"name":"` + ref("明白") + `","why":"not_held"},`},
		{"missing and named by nobody", false, `"missing":[`, `"missing":[{"name":"` + ref("x") + `","why":"not_held"},`},
		{"measured results missing of another entry", false, `"missing":[`, `"missing":[{"name":"measured/7","why":"not_held"},`},
	} {
		_, d := bundletest.Usual(t)
		agree(t, "a manifest "+c.name, resigned(t, d, func(text string) string {
			if !strings.Contains(text, c.old) {
				t.Fatalf("no %s in %s", c.old, text)
			}
			return strings.Replace(text, c.old, c.new, 1)
		}), "", c.may)
	}
}

// resigned is a bundle whose manifest was written by hand.
func resigned(t *testing.T, d *bundletest.Draft, change func(text string) string) []byte {
	t.Helper()
	signed, err := open(t, d.Bytes(t)).Read(bundle.ManifestFile)
	if err != nil {
		t.Fatal(err)
	}
	text, _, _ := bytes.Cut(signed, []byte("\n\n"))
	var line bytes.Buffer
	if err := json.Compact(&line, text); err != nil {
		t.Fatal(err)
	}
	if signed, err = note.Sign(&note.Note{Text: change(line.String() + "\n")}, d.Sign); err != nil {
		t.Fatal(err)
	}
	z := other{files: maps.Clone(d.Files), names: slices.Sorted(maps.Keys(d.Files))}
	z.names, z.files[bundle.ManifestFile] = append([]string{bundle.ManifestFile}, z.names...), signed
	return z.zip()
}

// What data name is the same to both, whatever form they have.
func TestTwoVerifiersOfData(t *testing.T) {
	hash, ref := "sha256:"+bundletest.HexOf("x"), bundletest.Reference("x")
	for _, data := range []string{`{"evidence":["` + hash + `"]}`, `{"a":[{"evidence":["` + hash + `",1,"md5:x","` + hash + `"]}]}`,
		`{"evidence":"` + hash + `"}`, `{"Evidence":["` + hash + `"]}`, `{"evidence":["` + strings.ToUpper(hash) + `"]}`,
		`{"evidence":[["` + hash + `"],{"evidence":["` + hash + `"]}]}`, `{"evidence":[],"evidence":["` + hash + `"]}`,
		`{"a\"evidence":["` + hash + `"]}`, `{"evidence":["` + hash + `"],`, `"\"evidence\":[\"` + hash + `\"]"`, `[]`, ``, `{"evidence":null}`,
		`{"a":"` + ref + `"}`, `{"` + ref + `":1}`, `{"a":"x` + ref + `"}`, `"` + ref + `","` + ref + `"`, `{"a":"\u0076` + ref[1:] + `"}`,
		`{"a":"` + ref[:43] + `+"}`, `{"a":"` + ref[:43] + `"}`} {
		want := named([]byte(data))
		slices.Sort(want)
		var got []string
		for _, h := range bundle.EvidenceOf([]byte(data)) {
			got = append(got, bundle.Evidence+h)
		}
		for _, r := range bundle.References([]byte(data)) {
			got = append(got, bundle.Personal+r)
		}
		slices.Sort(got)
		if !slices.Equal(got, slices.Compact(want)) {
			t.Errorf("%s names %q, says the other verifier, and %q, says ours", data, want, got)
		}
	}
}

// The proof is one of x/mod's tlog, and the notes are x/mod's, by which both can be checked without any code of ours.
func TestOthersCodeProvesABundle(t *testing.T) {
	r, d := bundletest.Usual(t)
	known := func(vkey string) note.Verifiers {
		v, err := note.NewVerifier(vkey)
		if err != nil {
			t.Fatal(err)
		}
		return note.VerifierList(v, r.Witness.Verifier())
	}
	b := open(t, d.Bytes(t))
	read := func(name string) []byte {
		text, err := b.Read(name)
		if err != nil || text == nil {
			t.Fatal(name, err)
		}
		return text
	}
	tree := func(name string, signatures int) (tree tlog.Tree) {
		n, err := note.Open(read(name), known(r.VKey))
		if err != nil || len(n.Sigs) != signatures || len(n.UnverifiedSigs) > 0 {
			t.Fatalf("%s: %+v (%v)", name, n, err)
		}
		lines := strings.Split(n.Text, "\n")
		tree.N, err = strconv.ParseInt(lines[1], 10, 64)
		if err == nil {
			tree.Hash, err = tlog.ParseHash(lines[2])
		}
		if err != nil {
			t.Fatal(name, err)
		}
		return tree
	}
	if n, err := note.Open(read(bundle.ManifestFile), known(r.VKey)); err != nil || len(n.Sigs) != 1 {
		t.Fatal(n, err)
	}
	now, before := tree(bundle.CheckpointFile, 1), tree(bundle.Checkpoints+"12", 2)

	// All hashes are those of the proof and of the leaves, and what follows from them.
	stored := hashes{}
	for line := range strings.Lines(string(read(bundle.ProofFile))) {
		number, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		h, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		stored[n] = tlog.Hash(h)
	}
	var indexes []int64
	for line := range strings.Lines(string(read(bundle.EntriesFile))) {
		number, leaf, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		indexes = append(indexes, n)
		stored[tlog.StoredHashIndex(0, n)] = tlog.RecordHash([]byte(leaf))
	}
	for level := range 5 {
		for n := range int64(32) {
			left, ok := stored[tlog.StoredHashIndex(level, 2*n)]
			right, too := stored[tlog.StoredHashIndex(level, 2*n+1)]
			if ok && too {
				stored[tlog.StoredHashIndex(level+1, n)] = tlog.NodeHash(left, right)
			}
		}
	}
	for _, of := range []tlog.Tree{now, before} {
		if root, err := tlog.TreeHash(of.N, stored); err != nil || root != of.Hash {
			t.Errorf("the root of %d entries is %v (%v), and the checkpoint says %v", of.N, root, err, of.Hash)
		}
	}
	for _, i := range indexes {
		proof, err := tlog.ProveRecord(now.N, i, stored)
		if err == nil {
			err = tlog.CheckRecord(proof, now.N, now.Hash, i, stored[tlog.StoredHashIndex(0, i)])
		}
		if err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
	}
}

// hashes are those that somebody has of a tree, by their numbers.
type hashes map[int64]tlog.Hash

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, n := range at {
		one, ok := h[n]
		if !ok {
			return nil, fmt.Errorf("no hash %s", hex.EncodeToString(fmt.Append(nil, n)))
		}
		out = append(out, one)
	}
	return out, nil
}

// The other verifier has the standard library alone.
func TestTheOtherVerifierSharesNothing(t *testing.T) {
	files, err := filepath.Glob("independent*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if first, _, _ := strings.Cut(strings.Trim(i.Path.Value, `"`), "/"); strings.Contains(first, ".") || first == "qingkong" {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
	}
}
