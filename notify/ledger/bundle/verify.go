package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"runtime"
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
	v.goroutines = min(runtime.GOMAXPROCS(0), mostGoroutines)
	for _, step := range []func() error{v.checkpoints, v.tree, v.signatures, v.content, v.measured} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return &v.report, nil
}

// mostGoroutines bounds how many goroutines read entries: the one that makes a tree of them keeps no more busy.
const mostGoroutines = 4

// Tree proves the entries alone and returns the root that they and the proof make, which is the checkpoint's: it looks
// neither at the hashes of files nor at signatures. It reads entries with as many goroutines as it is given, from 1 to 4,
// beside one that reads the proof where it is more than one. Errors are those of [Bundle.Verify].
func (b *Bundle) Tree(goroutines int) (tlog.Hash, error) {
	v := b.verification(Keys{})
	v.goroutines = min(goroutines, mostGoroutines)
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
	keys       Keys
	report     Report
	goroutines int // that read entries

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
	lines, proof := v.lines(v.goroutines, proving), v.proof(v.goroutines)
	defer lines.stop()
	defer proof.stop()
	root, ofCuts, err := ledger.RootsPulled(v.report.Size, cuts, v.leaves(lines), hashesOf(proof))
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
	for in := v.lines(0, telling); ; {
		e, err := in.item()
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

// leaves gives the hashes of the entries, each of which is learned from on the way.
func (v *verification) leaves(in *feed[line]) func() (ledger.Leaf, error, bool) {
	before, ended := int64(-1), false
	return func() (leaf ledger.Leaf, err error, ok bool) {
		if ended {
			return leaf, nil, false
		}
		e, err := in.item()
		switch {
		case err == io.EOF: //nolint:errorlint // it comes as it is
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
		return ledger.Leaf{Index: e.index, Hash: e.hash}, nil, true
	}
}

// line is an entry of a bundle.
type line struct {
	index int64
	ledger.Entry
	wrong error // where it is no leaf

	hash           tlog.Hash // this and the following of [proving] alone
	refs, evidence []string  // what its data name
}

// How lines of entries are read: for their hashes and for what they name as well, or for what they say alone.
const (
	telling = false
	proving = true
)

// lines reads the entries.
func (b *Bundle) lines(goroutines int, proved bool) *feed[line] {
	m := b.file(EntriesFile)
	in := &blockReader{in: m.opened(b.r), name: m.name, size: m.size, rule: RuleEntry, most: MaxEntry, tooLong: func([]byte) error {
		return differs(EntriesFile, RuleEntry, "a line of more than %d bytes", MaxEntry)
	}}
	return newFeed(in, goroutines, func() parser[line] {
		var p ledger.Parser
		return func(block []byte, items []line) ([]line, error) {
			for len(block) > 0 {
				end := bytes.IndexByte(block, '\n')
				if end > in.most {
					return items, in.tooLong(block)
				}
				items = append(items, line{})
				if err := items[len(items)-1].read(block[:end], &p, proved); err != nil {
					return items[:len(items)-1], err
				}
				block = block[end+1:]
			}
			return items, nil
		}
	})
}

// read takes the text of a line apart, which is the reader's own.
func (l *line) read(text []byte, p *ledger.Parser, proved bool) error {
	number, leaf, ok := bytes.Cut(text, []byte{' '})
	n, is := numberOf(number)
	if !ok || !is {
		return differs(EntriesFile, RuleEntry, "a line begins with %q and not with an index", clip(number))
	}
	l.index = n
	l.Entry, l.wrong = p.Parse(leaf)
	if !proved {
		return nil
	}
	hashed := text[len(number):]
	hashed[0] = 0 // instead of the space: what is hashed is 0x00 and the leaf (RFC 6962 §2.1)
	l.hash = sha256.Sum256(hashed)
	if l.wrong == nil {
		l.refs, l.evidence = namedIn(l.Data)
	}
	return nil
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
	for in := b.lines(0, telling); ; {
		l, err := in.item()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case l.wrong != nil:
			return &Difference{EntriesFile, l.index, RuleEntry, l.wrong.Error()}
		}
		if err := fn(l.index, l.Entry); err != nil {
			return err
		}
	}
}

// proof reads the lines of the proof.
func (b *Bundle) proof(goroutines int) *feed[ledger.Stored] {
	m := b.file(ProofFile)
	noHash := func(text []byte) error {
		return differs(ProofFile, RuleProof, "a line %q is no hash of the tree", clip(text))
	}
	in := &blockReader{in: m.opened(b.r), name: m.name, size: m.size, rule: RuleProof, most: blockSize, tooLong: noHash}
	parse := func(block []byte, items []ledger.Stored) ([]ledger.Stored, error) {
		for len(block) > 0 {
			end := bytes.IndexByte(block, '\n')
			h, ok := storedOf(block[:end])
			if !ok {
				return items, noHash(block[:end])
			}
			items, block = append(items, h), block[end+1:]
		}
		return items, nil
	}
	return newFeed(in, min(goroutines, 2), func() parser[ledger.Stored] { return parse })
}

// hashesOf gives the hashes of a proof.
func hashesOf(in *feed[ledger.Stored]) func() (ledger.Stored, error, bool) {
	return func() (ledger.Stored, error, bool) {
		h, err := in.item()
		switch {
		case err == nil:
			return *h, nil, true
		case err == io.EOF: //nolint:errorlint // it comes as it is
			return ledger.Stored{}, nil, false
		}
		return ledger.Stored{}, err, true
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
