package bundle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

// Report is what a bundle proves, and to whom.
type Report struct {
	Origin  string
	Subject Subject
	MadeAt  string
	Size    int64 // of the tree
	Root    tlog.Hash
	Entries int
	First   time.Time // of the entries; zero without any
	Last    time.Time

	Key     string // vkey that signed the manifest and the checkpoint
	Trusted bool   // Key was named beforehand, or follows from one that was
	Signed  []Checkpoint
	Lacking []string // names of witnesses that were named beforehand and cosigned nothing here

	Personal bool
	Missing  []Missing
}

// Checkpoint is a signed tree of a bundle and who cosigned it. The first is that in which all is proved.
type Checkpoint struct {
	Size      int64
	Root      tlog.Hash
	Witnesses []Cosigned
	Unknown   []string // names on signatures that nobody here can check
}

// Cosigned is that a witness which was named beforehand saw a checkpoint, and nothing that disagrees with it.
type Cosigned struct {
	Name string
	At   time.Time
}

// Verify proves the bundle with the keys that the caller knows beforehand. Without a log's key among them it proves that
// the bundle is whole and signed by the key that came with it, and the report is not trusted. An error is a
// [*Difference], the first there is, or one of reading.
func (b *Bundle) Verify(keys Keys) (*Report, error) {
	if err := b.hashed(); err != nil {
		return nil, err
	}
	v := b.verification(keys)
	for _, step := range []func() error{v.checkpoints, v.tree, v.signatures, v.content, v.measured} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &v.report, nil
}

// Tree proves the entries alone and returns the root that they and the proof make, which is the checkpoint's: it looks
// neither at the hashes of files nor at signatures. Errors are those of [Bundle.Verify].
func (b *Bundle) Tree() (tlog.Hash, error) {
	v := b.verification(Keys{})
	if err := v.checkpoints(); err != nil {
		return tlog.Hash{}, err
	}
	err := v.tree()
	return v.report.Root, err
}

func (b *Bundle) verification(keys Keys) *verification {
	m := &b.Manifest
	return &verification{Bundle: b, keys: keys, refs: map[string]int64{}, evidence: map[string]int64{}, roots: map[int64]hourRoot{},
		report: Report{Origin: m.Origin, Subject: m.Subject, MadeAt: m.MadeAt, Size: m.Size, Personal: m.Personal, Missing: m.Missing}}
}

// verification is one run of [Bundle.Verify].
type verification struct {
	*Bundle
	keys   Keys
	report Report
	parser ledger.Parser

	notes    []notedTree // of the checkpoint, and of earlier ones by their sizes
	chain    identity.Chain
	refs     map[string]int64    // vault references, and an entry that names each
	evidence map[string]int64    // hashes of content, likewise
	roots    map[int64]hourRoot  // by entry
	erased   map[string]struct{} // references of which an entry says that they are
}

// notedTree is a checkpoint and its file.
type notedTree struct {
	file string
	torchwood.Checkpoint
	signed
}

func (v *verification) checkpoints() error {
	sizes := []int64{}
	for i := range v.files {
		name := v.files[i].name
		if size, ok := strings.CutPrefix(name, Checkpoints); ok {
			n, err := strconv.ParseInt(size, 10, 64)
			if err != nil || strconv.FormatInt(n, 10) != size {
				return differs(name, RuleName, "it is named after no size")
			}
			sizes = append(sizes, n)
		}
	}
	slices.Sort(sizes)
	for _, name := range append([]string{CheckpointFile}, filesOf(sizes)...) {
		raw, err := v.Read(name)
		if err != nil {
			return err
		}
		t := notedTree{file: name}
		if t.signed, err = parseNote(raw); err != nil {
			return differs(name, RuleCheckpoint, "%v", err)
		}
		if t.Checkpoint, err = torchwood.ParseCheckpoint(t.text); err != nil || t.String() != t.text {
			return differs(name, RuleCheckpoint, "it is not in the form of C2SP tlog-checkpoint")
		}
		if t.Origin != v.report.Origin {
			return differs(name, RuleOrigin, "it is of %s, and the bundle of %s", t.Origin, v.report.Origin)
		}
		v.notes = append(v.notes, t)
	}
	if n := v.notes[0].N; n != v.report.Size {
		return differs(CheckpointFile, RuleCheckpoint, "it is of %d entries, and the manifest says %d", n, v.report.Size)
	}
	for i, t := range v.notes[1:] {
		if t.N != sizes[i] || t.N < 1 || t.N >= v.report.Size {
			return differs(t.file, RuleCheckpoint, "it is of %d entries", t.N)
		}
	}
	return nil
}

func filesOf(sizes []int64) (names []string) {
	for _, n := range sizes {
		names = append(names, Checkpoints+strconv.FormatInt(n, 10))
	}
	return names
}

// tree proves the entries: with the proof they make the root of the checkpoint, and those of the earlier ones.
func (v *verification) tree() error {
	cuts := make([]int64, 0, len(v.notes))
	for _, t := range v.notes[1:] {
		cuts = append(cuts, t.N)
	}
	root, ofCuts, err := ledger.RootsPulled(v.report.Size, cuts, v.leaves(), v.proof())
	var known *Difference
	switch {
	case errors.As(err, &known):
		return known
	case err != nil:
		if wrong := v.disorder(); wrong != nil { // which is why the proof does not fit
			return wrong
		}
		return differs(ProofFile, RuleProof, "%v", err)
	case root != v.notes[0].Hash:
		return differs(ProofFile, RuleProof, "entries and proof make the root %s, and the checkpoint has %s", root, v.notes[0].Hash)
	}
	for i, t := range v.notes[1:] {
		if ofCuts[i] != t.Hash {
			return differs(t.file, RuleCheckpoint, "its tree of %d entries is no beginning of that of %d", t.N, v.report.Size)
		}
	}
	v.report.Root = root
	return nil
}

// disorder is where entries do not ascend; nil for nowhere.
func (v *verification) disorder() error {
	before := int64(-1)
	for in := v.lines(); ; {
		e, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && e.index <= before {
			err = outOfOrder(e.index)
		}
		if err != nil {
			return err
		}
		before = e.index
	}
}

func outOfOrder(index int64) error {
	return &Difference{EntriesFile, index, RuleEntry, "it is out of order"}
}

// leaves gives the hashes of the entries, each of which is read on the way.
func (v *verification) leaves() func() (ledger.Leaf, error, bool) {
	in, before, ended := v.lines(), int64(-1), false
	return func() (leaf ledger.Leaf, err error, ok bool) {
		if ended {
			return leaf, nil, false
		}
		e, err := in.next()
		switch {
		case errors.Is(err, io.EOF):
			ended = true
			return leaf, nil, false
		case err != nil:
		case e.index <= before:
			err = outOfOrder(e.index)
		case e.index >= v.report.Size:
			err = &Difference{EntriesFile, e.index, RuleEntry, fmt.Sprintf("the tree has %d entries", v.report.Size)}
		default:
			err = v.learn(e)
		}
		if err != nil {
			ended = true
			return leaf, err, true
		}
		before = e.index
		return ledger.Leaf{Index: e.index, Hash: sha256.Sum256(e.hashed)}, nil, true
	}
}

// line is an entry of a bundle.
type line struct {
	index int64
	leaf  []byte // good until the next, as are the following

	hashed []byte // what the leaf's hash is of: 0x00 and the leaf (RFC 6962 §2.1)
}

// lineReader reads the entries.
type lineReader struct {
	in   *bufio.Reader
	long []byte
}

func (b *Bundle) lines() *lineReader {
	return &lineReader{in: bufio.NewReaderSize(b.file(EntriesFile).opened(b.r), 1<<16)}
}

// next is the next entry; io.EOF behind the last. After an error there is none.
func (r *lineReader) next() (l line, err error) {
	r.long = r.long[:0]
	text, err := r.in.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		if r.long = append(r.long, text...); len(r.long) > MaxEntry {
			return l, differs(EntriesFile, RuleEntry, "a line of more than %d bytes", MaxEntry)
		}
		text, err = r.in.ReadSlice('\n')
	}
	if len(r.long) > 0 {
		r.long = append(r.long, text...)
		text = r.long
	}
	switch {
	case errors.Is(err, io.EOF) && len(text) > 0:
		return l, differs(EntriesFile, RuleEntry, "the last line does not end")
	case err != nil:
		return l, err
	}
	number, leaf, ok := bytes.Cut(text[:len(text)-1], []byte{' '})
	n, is := numberOf(number)
	if !ok || !is {
		return l, differs(EntriesFile, RuleEntry, "a line begins with %q and not with an index", clip(number))
	}
	hashed := text[len(number) : len(text)-1]
	hashed[0] = 0 // instead of the space; the text is this reader's own
	return line{n, leaf, hashed}, nil
}

// numberOf reads a number from 0 on, in decimal and in its only form.
func numberOf(text []byte) (n int64, ok bool) {
	if len(text) == 0 || len(text) > 18 || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

func clip(text []byte) []byte { return text[:min(len(text), 40)] }

// Entries calls fn for each entry of a bundle in order. What it gets is proved once [Bundle.Verify] has said so. The leaf
// is good until the next call.
func (b *Bundle) Entries(fn func(index int64, e ledger.Entry) error) error {
	for in := b.lines(); ; {
		l, err := in.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, err := ledger.ParseEntry(l.leaf)
		if err != nil {
			return &Difference{EntriesFile, l.index, RuleEntry, err.Error()}
		}
		if err := fn(l.index, e); err != nil {
			return err
		}
	}
}

// proof gives the lines of the proof.
func (b *Bundle) proof() func() (ledger.Stored, error, bool) {
	in := bufio.NewReaderSize(b.file(ProofFile).opened(b.r), 1<<16)
	return func() (h ledger.Stored, err error, ok bool) {
		text, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(text) == 0:
			return h, nil, false
		case errors.Is(err, io.EOF):
			return h, differs(ProofFile, RuleProof, "the last line does not end"), true
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return h, err, true
		}
		if h, ok = storedOf(text[:len(text)-1]); !ok || err != nil {
			return h, differs(ProofFile, RuleProof, "a line %q is no hash of the tree", clip(text)), true
		}
		return h, nil, true
	}
}

// strict64 is base64 of which no bit is left over.
var strict64 = base64.StdEncoding.Strict()

// hashLen is how many characters a hash has in base64.
var hashLen = strict64.EncodedLen(tlog.HashSize)

// storedOf reads a line of a proof: a number, a space and a hash in base64, in their only form.
func storedOf(text []byte) (h ledger.Stored, ok bool) {
	number, hash, ok := bytes.Cut(text, []byte{' '})
	n, is := numberOf(number)
	if !ok || !is || len(hash) != hashLen {
		return h, false
	}
	var raw [tlog.HashSize + 1]byte // base64 counts in threes
	// Characters that base64 passes over, the ends of lines, would make the hash shorter.
	if size, err := strict64.Decode(raw[:], hash); err != nil || size != tlog.HashSize {
		return h, false
	}
	return ledger.Stored{Index: n, Hash: tlog.Hash(raw[:tlog.HashSize])}, true
}

// signatures checks who signed: the manifest and the checkpoint with the ledger's last key, which alone speaks for those
// before, earlier checkpoints with any of its keys, and witnesses.
func (v *verification) signatures() error {
	known, last := v.chain.Of(v.report.Origin), v.chain.Last()
	if len(known) == 0 || last.Origin != v.report.Origin {
		return differs(EntriesFile, RuleOrigin, "the entries tell of keys of %q, and the bundle is of %s", last.Origin, v.report.Origin)
	}
	logs := make([]note.Verifier, len(known))
	for i, k := range known {
		log, err := identity.Verifier(k.VKey)
		if err != nil {
			return differs(EntriesFile, RuleSignature, "%v", err)
		}
		logs[i] = log
	}
	now := logs[len(logs)-1:]
	if err := signedBy(ManifestFile, &v.signed, now); err != nil {
		return err
	}
	v.report.Key = last.VKey
	for i := range v.notes {
		if i > 0 {
			now = logs
		}
		if err := signedBy(v.notes[i].file, &v.notes[i].signed, now); err != nil {
			return err
		}
	}
	var err error
	if v.report.Trusted, err = v.trusted(known); err != nil {
		return err
	}
	return v.witnesses(logs)
}

// signedBy reports where none of some keys signed a note.
func signedBy(file string, n *signed, logs []note.Verifier) error {
	_, err := n.open(logs...)
	var unknown *note.UnverifiedNoteError
	switch {
	case errors.As(err, &unknown):
		return differs(file, RuleSignature, "no key of the ledger that may sign it did")
	case err != nil:
		return differs(file, RuleSignature, "%v", err)
	}
	return nil
}

// trusted reports whether a key that was named beforehand is one of the ledger's: each of them has signed for the next,
// and the last for the tree that tells of all before.
func (v *verification) trusted(known []identity.Key) (bool, error) {
	if len(v.keys.Logs) == 0 {
		return false, nil
	}
	for _, k := range known {
		if slices.Contains(v.keys.Logs, k.VKey) {
			return true, nil
		}
	}
	return false, differs(ManifestFile, RuleKey, "it is signed by %s, and that is not a key that was named", v.report.Key)
}

// witnesses says of each checkpoint who cosigned it.
func (v *verification) witnesses(logs []note.Verifier) error {
	seen := map[string]bool{}
	all := slices.Clone(logs)
	for _, c := range v.keys.cosigners {
		all = append(all, c)
	}
	for i := range v.notes {
		t := &v.notes[i]
		is, err := t.open(all...)
		if err != nil {
			return differs(t.file, RuleCosigner, "%v", err)
		}
		c := Checkpoint{Size: t.N, Root: t.Hash}
		for _, sig := range is.UnverifiedSigs {
			c.Unknown = append(c.Unknown, sig.Name)
		}
		for _, sig := range is.Sigs {
			if !slices.ContainsFunc(v.keys.cosigners, func(w *torchwood.CosignatureVerifier) bool {
				return w.Name() == sig.Name && w.KeyHash() == sig.Hash
			}) {
				continue
			}
			at, err := torchwood.CosignatureTimestamp(sig)
			if err != nil {
				return differs(t.file, RuleCosigner, "%v", err)
			}
			seen[sig.Name] = true
			c.Witnesses = append(c.Witnesses, Cosigned{sig.Name, time.Unix(at, 0).In(ledger.Shanghai)})
		}
		v.report.Signed = append(v.report.Signed, c)
	}
	for _, w := range v.keys.cosigners {
		if !seen[w.Name()] {
			v.report.Lacking = append(v.report.Lacking, w.Name())
		}
	}
	return nil
}
