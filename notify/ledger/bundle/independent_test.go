package bundle_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What stands in this file is a verifier that another team would write: from docs/bundle.md, with the standard library
// alone, and sharing nothing with ours. TestTwoVerifiers holds the two against each other.

// other is a bundle as the other verifier goes over it.
type other struct {
	names    []string
	files    map[string][]byte
	manifest otherManifest
	entries  []otherEntry
	origin   string                // of the last key
	keys     map[string][]otherKey // of each origin, the first first
	earlier  []uint64              // sizes of earlier checkpoints, ascending
}

type otherManifest struct {
	Format  string `json:"format"`
	Origin  string `json:"origin"`
	Subject struct {
		Order     string `json:"order"`
		Recipient string `json:"recipient"`
		Warning   string `json:"warning"`
	} `json:"subject"`
	MadeAt   string `json:"made_at"`
	Size     uint64 `json:"size"`
	Personal bool   `json:"personal"`
	Files    []struct {
		Name   string `json:"name"`
		Size   uint64 `json:"size"`
		SHA256 string `json:"sha256"`
	} `json:"files"`
	Missing []struct {
		Name string `json:"name"`
		Why  string `json:"why"`
	} `json:"missing"`
}

type otherEntry struct {
	index uint64
	leaf  []byte
	kind  string
	at    time.Time
	data  []byte
}

// otherKey is a vkey, taken apart.
type otherKey struct {
	vkey string
	name string
	hash uint32
	kind byte // 1: of a ledger; 4: of a witness
	key  ed25519.PublicKey
}

// independent verifies a bundle by a key file, and says whether its key was named there.
func independent(raw []byte, keyFile string) (trusted bool, err error) {
	logs, witnesses, err := otherKeys(keyFile)
	if err != nil {
		return false, err
	}
	b := &other{files: map[string][]byte{}, keys: map[string][]otherKey{}}
	for _, step := range []func() error{
		func() error { return b.unzip(raw) }, b.readManifest, b.readEntries, b.prove,
		func() error { trusted, err = b.signatures(logs, witnesses); return err },
		b.content, b.measured,
	} {
		if err := step(); err != nil {
			return false, err
		}
	}
	return trusted, nil
}

// §2

var otherName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[a-z0-9]+)?(/[A-Za-z0-9_-]+(\.[a-z0-9]+)?)?$`)

// unzip reads the files one behind the other, makes the zip file that they make, and compares.
func (b *other) unzip(raw []byte) error {
	le, rest := binary.LittleEndian, raw
	if len(raw) > 2<<30 {
		return errors.New("zip: too large")
	}
	for len(rest) >= 30 && string(rest[:4]) == "PK\x03\x04" {
		size, name := uint64(le.Uint32(rest[18:])), uint64(le.Uint16(rest[26:]))
		if uint64(len(rest)) < 30+name+size {
			return errors.New("zip: cut off")
		}
		n := string(rest[30 : 30+name])
		switch last := len(b.names) - 1; {
		case !otherName.MatchString(n) || len(n) > 120:
			return fmt.Errorf("zip: name %q", n)
		case last < 0 && n != "manifest.json" || last == 0 && n == "manifest.json" || last > 0 && b.names[last] >= n:
			return fmt.Errorf("zip: %q does not stand in order", n)
		}
		b.names = append(b.names, n)
		b.files[n] = rest[30+name : 30+name+size]
		rest = rest[30+name+size:]
	}
	if len(b.names) > 65535 || !bytes.Equal(raw, b.zip()) {
		return errors.New("zip: another form")
	}
	for _, n := range []string{"manifest.json", "checkpoint", "entries", "proof", "index.html"} {
		if _, ok := b.files[n]; !ok {
			return fmt.Errorf("zip: no %s", n)
		}
	}
	return nil
}

// zip is the one zip file of the files.
func (b *other) zip() []byte {
	le := binary.LittleEndian
	var files, dir []byte
	for _, name := range b.names {
		text := b.files[name]
		common := make([]byte, 26) // version needed; flags, method, time, date; CRC, sizes; lengths
		le.PutUint16(common, 10)
		le.PutUint32(common[10:], crc32.ChecksumIEEE(text))
		le.PutUint32(common[14:], uint32(len(text)))
		le.PutUint32(common[18:], uint32(len(text)))
		le.PutUint16(common[22:], uint16(len(name)))
		dir = append(append(dir, "PK\x01\x02\x0a\x00"...), common...)
		dir = append(dir, make([]byte, 10)...) // comment, disk, attributes
		dir = append(le.AppendUint32(dir, uint32(len(files))), name...)
		files = append(append(append(append(files, "PK\x03\x04"...), common...), name...), text...)
	}
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	le.PutUint16(end[8:], uint16(len(b.names)))
	le.PutUint16(end[10:], uint16(len(b.names)))
	le.PutUint32(end[12:], uint32(len(dir)))
	le.PutUint32(end[16:], uint32(len(files)))
	return slices.Concat(files, dir, end)
}

// §3

func (b *other) readManifest() error {
	n, err := otherNoteOf(b.files["manifest.json"])
	if err != nil || len(n.lines) != 1 {
		return fmt.Errorf("manifest: no note with one signature: %v", err)
	}
	if err := otherJSON([]byte(n.text), &b.manifest); err != nil {
		return fmt.Errorf("manifest: %w", err)
	}
	m := &b.manifest
	subjects := slices.DeleteFunc([]string{m.Subject.Order, m.Subject.Recipient, m.Subject.Warning},
		func(s string) bool { return s == "" })
	if _, err := time.Parse(time.RFC3339, m.MadeAt); err != nil || m.Format != "qingkong.bundle/1" || len(subjects) != 1 {
		return fmt.Errorf("manifest: format %q, made at %q, about %q", m.Format, m.MadeAt, subjects)
	}
	if len(m.Files) != len(b.names)-1 {
		return errors.New("manifest: other files")
	}
	for i, f := range m.Files {
		sum := sha256.Sum256(b.files[f.Name])
		if f.Name != b.names[i+1] || f.Size != uint64(len(b.files[f.Name])) || f.SHA256 != hex.EncodeToString(sum[:]) {
			return fmt.Errorf("manifest: file %q", f.Name)
		}
	}
	return nil
}

// otherJSON reads JSON in which no member stands twice, into members that are named exactly so.
func otherJSON(text []byte, into any) error {
	if !json.Valid(text) || !utf8.Valid(text) || otherHalf.Match(otherWhole.ReplaceAll(text, nil)) {
		return errors.New("no JSON")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := otherValue(d)
	if err != nil {
		return err
	}
	text, err = json.Marshal(v)
	return errors.Join(err, json.Unmarshal(text, into))
}

var (
	otherWhole  = regexp.MustCompile(`\\\\|\\u[dD][89abAB]..\\u[dD][c-fC-F]..`)
	otherHalf   = regexp.MustCompile(`\\u[dD][89a-fA-F]`) // of a character of two, without the other
	otherMember = regexp.MustCompile(`^[a-z0-9_]+$`)      // as all members of the page are named
)

// otherValue is the next value, without members of other names than the page has.
func otherValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	switch t {
	case json.Delim('{'):
		all, seen := map[string]any{}, map[string]bool{}
		for d.More() {
			name, _ := d.Token() // a string: the text is valid
			v, err := otherValue(d)
			if err != nil || seen[name.(string)] {
				return nil, fmt.Errorf("member %q stands twice (%v)", name, err)
			}
			if seen[name.(string)] = true; otherMember.MatchString(name.(string)) {
				all[name.(string)] = v
			}
		}
		_, err = d.Token()
		return all, err
	case json.Delim('['):
		all := []any{}
		for d.More() {
			v, err := otherValue(d)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		_, err = d.Token()
		return all, err
	}
	return t, err
}

// §4

// otherNote is a signed note, taken apart and not verified.
type otherNote struct {
	text  string
	lines []otherSignature
}

type otherSignature struct {
	name string
	hash uint32
	sig  []byte
}

func otherNoteOf(raw []byte) (n otherNote, err error) {
	if !utf8.Valid(raw) || bytes.ContainsFunc(raw, func(r rune) bool { return r < 0x20 && r != '\n' }) {
		return n, errors.New("note: characters")
	}
	at := bytes.LastIndex(raw, []byte("\n\n"))
	if at < 0 || raw[len(raw)-1] != '\n' || at+2 == len(raw) {
		return n, errors.New("note: form")
	}
	n.text = string(raw[:at+1])
	for _, line := range strings.Split(string(raw[at+2:len(raw)-1]), "\n") {
		f := strings.Split(line, " ")
		if len(f) != 3 || f[0] != "—" || f[1] == "" || strings.ContainsRune(f[1], '+') || strings.ContainsFunc(f[1], unicode.IsSpace) {
			return n, fmt.Errorf("note: line %q", line)
		}
		sig, err := otherBase64(f[2])
		if err != nil || len(sig) < 5 {
			return n, fmt.Errorf("note: line %q", line)
		}
		n.lines = append(n.lines, otherSignature{f[1], binary.BigEndian.Uint32(sig), sig[4:]})
	}
	if len(n.lines) > 100 {
		return n, errors.New("note: too many lines")
	}
	return n, nil
}

func otherBase64(s string) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(s)
	if err == nil && base64.StdEncoding.EncodeToString(raw) != s {
		err = errors.New("base64: another form")
	}
	return raw, err
}

// signed says whether a key signed a note, and for a witness when; an error is a signature of that key that is false.
func (n otherNote) signed(k otherKey) (ok bool, err error) {
	for _, s := range n.lines {
		if s.name != k.name || s.hash != k.hash {
			continue
		}
		text, sig := n.text, s.sig
		if k.kind == 4 {
			if len(sig) != 72 {
				return false, errors.New("cosignature: length")
			}
			text = fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), n.text)
			sig = sig[8:]
		}
		if !ed25519.Verify(k.key, []byte(text), sig) {
			return false, fmt.Errorf("signature of %s is false", k.name)
		}
		return true, nil // the first of a key counts
	}
	return false, nil
}

// signedByOne reports where none of some keys signed a note.
func (n otherNote) signedByOne(keys []otherKey) error {
	for _, k := range keys {
		if ok, err := n.signed(k); ok || err != nil {
			return err
		}
	}
	return errors.New("no key of the ledger signed")
}

func otherKeyOf(vkey string, kind byte) (k otherKey, err error) {
	f := strings.SplitN(vkey, "+", 3)
	if len(f) != 3 || f[0] == "" || strings.ContainsFunc(f[0], unicode.IsSpace) {
		return k, errors.New("key: form")
	}
	raw, err := otherBase64(f[2])
	if err != nil || len(raw) != 33 || raw[0] != kind {
		return k, errors.New("key: kind")
	}
	sum := sha256.Sum256(slices.Concat([]byte(f[0]), []byte("\n"), raw))
	if f[1] != hex.EncodeToString(sum[:4]) {
		return k, errors.New("key: hash")
	}
	return otherKey{vkey, f[0], binary.BigEndian.Uint32(sum[:]), kind, raw[1:]}, nil
}

func otherKeys(text string) (logs, witnesses []otherKey, err error) {
	for _, line := range strings.Split(text, "\n") {
		f := strings.Fields(line)
		if len(f) == 0 || strings.HasPrefix(f[0], "#") {
			continue
		}
		kind := map[string]byte{"log": 1, "witness": 4}[f[0]]
		if len(f) != 2 {
			return nil, nil, fmt.Errorf("keys: line %q", line)
		}
		k, err := otherKeyOf(f[1], kind)
		if err != nil {
			return nil, nil, err
		}
		if kind == 1 {
			logs = append(logs, k)
		} else {
			witnesses = append(witnesses, k)
		}
	}
	return logs, witnesses, nil
}

// follow takes in what an entry says of the ledger's keys.
func (b *other) follow(e otherEntry) error {
	var said struct {
		Origin string `json:"origin"`
		VKey   string `json:"vkey"`
		Note   string `json:"note"`
		From   string `json:"from"`
	}
	switch e.kind {
	case "ledger.opened", "ledger.key_rotated", "ledger.origin_changed":
		if err := json.Unmarshal(e.data, &said); err != nil {
			return err
		}
	default:
		return nil
	}
	was := b.origin
	switch {
	case e.kind == "ledger.opened" && was != "", e.kind != "ledger.opened" && was == "",
		e.kind == "ledger.origin_changed" && (said.From != was || b.keys[said.Origin] != nil):
		return fmt.Errorf("key: %s follows %q", e.kind, was)
	case e.kind != "ledger.key_rotated":
		b.origin = said.Origin
	}
	k, err := otherKeyOf(said.VKey, 1)
	if err != nil || k.name != b.origin {
		return fmt.Errorf("key: %q of %s (%v)", said.VKey, b.origin, err)
	}
	if e.kind == "ledger.key_rotated" {
		n, err := otherNoteOf([]byte(said.Note))
		if err != nil {
			return err
		}
		ok, err := n.signed(b.keys[was][len(b.keys[was])-1])
		if !ok || err != nil || n.text != "qingkong.ledger/next-key\n"+was+"\n"+k.vkey+"\n" {
			return fmt.Errorf("key: the one before does not say so: %v", err)
		}
	}
	b.keys[b.origin] = append(b.keys[b.origin], k)
	return nil
}

// signatures holds the manifest and every checkpoint against the ledger's keys and the named ones.
func (b *other) signatures(logs, witnesses []otherKey) (trusted bool, err error) {
	keys := b.keys[b.manifest.Origin]
	if len(keys) == 0 || b.origin != b.manifest.Origin {
		return false, errors.New("origin: another one")
	}
	for _, name := range b.names {
		may := keys
		switch {
		case name == "manifest.json" || name == "checkpoint":
			may = keys[len(keys)-1:]
		case !strings.HasPrefix(name, "checkpoints/"):
			continue
		}
		n, err := otherNoteOf(b.files[name])
		if err == nil {
			err = n.signedByOne(may)
		}
		for _, w := range witnesses {
			if _, wrong := n.signed(w); wrong != nil && name != "manifest.json" {
				err = wrong
			}
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", name, err)
		}
	}
	for _, k := range keys {
		trusted = trusted || slices.ContainsFunc(logs, func(l otherKey) bool { return l.vkey == k.vkey })
	}
	if len(logs) > 0 && !trusted {
		return false, errors.New("key: another than was named")
	}
	return trusted, nil
}

// §1 and §5

var otherHead = regexp.MustCompile(`^\{"kind":("(?:[^"\\]|\\.)*"),"at":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+08:00)","actor":("(?:[^"\\]|\\.)*"),"data":`)

func (e *otherEntry) read() error {
	m := otherHead.FindSubmatch(e.leaf)
	if m == nil || len(e.leaf) < len(m[0])+2 || e.leaf[len(e.leaf)-1] != '}' {
		return errors.New("entry: no leaf")
	}
	for i, into := range map[int]*string{1: &e.kind, 3: new(string)} {
		if err := json.Unmarshal(m[i], into); err != nil || otherString(*into) != string(m[i]) {
			return fmt.Errorf("entry: %s is not written as leaves have it", m[i])
		}
	}
	var err error
	e.at, err = time.Parse("2006-01-02T15:04:05.000Z07:00", string(m[2]))
	e.data = e.leaf[len(m[0]) : len(e.leaf)-1]
	return err
}

// otherString writes a string as §1 says.
func otherString(s string) string {
	special := strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == '"' || r == '\\' || r >= 0x80 })
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		short := strings.IndexRune("\"\\\b\f\n\r\t", r)
		switch {
		case short >= 0:
			out.WriteString(`\` + string(`"\bfnrt`[short]))
		case r < 0x20 || r == 0x2028 || r == 0x2029 || special && strings.ContainsRune("<>&", r):
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return out.String()
}

var otherDecimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,18})$`)

func otherNumber(s string) (uint64, error) {
	if !otherDecimal.MatchString(s) {
		return 0, fmt.Errorf("%q is no number", s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return uint64(n), err
}

// otherLines are the lines of a file: a number, and what stands behind the first space.
func otherLines(text []byte) (numbers []uint64, rest [][]byte, err error) {
	if len(text) > 0 && text[len(text)-1] != '\n' {
		return nil, nil, errors.New("the last line does not end")
	}
	for line := range bytes.Lines(text) {
		if len(line)-1 > 4<<20 {
			return nil, nil, errors.New("a line is too long")
		}
		number, what, _ := bytes.Cut(line[:len(line)-1], []byte(" "))
		n, err := otherNumber(string(number))
		if err != nil {
			return nil, nil, err
		}
		numbers, rest = append(numbers, n), append(rest, what)
	}
	return numbers, rest, nil
}

func (b *other) readEntries() error {
	numbers, leaves, err := otherLines(b.files["entries"])
	if err != nil {
		return fmt.Errorf("entry: %w", err)
	}
	for i, leaf := range leaves {
		e := otherEntry{index: numbers[i], leaf: leaf}
		if err := e.read(); err != nil {
			return err
		}
		if e.index >= b.manifest.Size || i > 0 && (e.index <= numbers[i-1] || e.at.Before(b.entries[i-1].at)) {
			return fmt.Errorf("entry: %d is out of order", e.index)
		}
		if err := b.follow(e); err != nil {
			return err
		}
		b.entries = append(b.entries, e)
	}
	return nil
}

// checkpoint reads the text of a checkpoint of some size.
func (b *other) checkpoint(name string, size uint64) (root []byte, err error) {
	n, err := otherNoteOf(b.files[name])
	if err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimSuffix(n.text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != b.manifest.Origin || lines[1] != strconv.FormatUint(size, 10) ||
		slices.Contains(lines, "") {
		return nil, fmt.Errorf("%s: checkpoint %q", name, lines)
	}
	root, err = otherBase64(lines[2])
	if err == nil && len(root) != 32 {
		err = errors.New("checkpoint: root")
	}
	return root, err
}

// prove makes the roots of the tree and of the earlier ones.
func (b *other) prove() error {
	want, err := b.checkpoint("checkpoint", b.manifest.Size)
	if err != nil {
		return err
	}
	for _, name := range b.names {
		if size, ok := strings.CutPrefix(name, "checkpoints/"); ok {
			n, err := otherNumber(size)
			if err != nil {
				return err
			}
			b.earlier = append(b.earlier, n)
		}
	}
	slices.Sort(b.earlier)
	t := otherTree{cuts: b.earlier, met: map[[2]uint64][32]byte{}}
	for _, e := range b.entries {
		t.leaves = append(t.leaves, otherLeaf{e.index, sha256.Sum256(append([]byte{0}, e.leaf...))})
	}
	if t.numbers, t.hashes, err = otherProof(b.files["proof"]); err != nil {
		return err
	}
	got, err := t.root(b.manifest.Size)
	if err != nil || !bytes.Equal(got[:], want) {
		return fmt.Errorf("proof: root %x, not %x (%v)", got, want, err)
	}
	for _, m := range b.earlier {
		want, err := b.checkpoint(fmt.Sprintf("checkpoints/%d", m), m)
		if err != nil {
			return err
		}
		if m == 0 || m >= b.manifest.Size {
			return fmt.Errorf("checkpoint: %d is no earlier size", m)
		}
		if got := t.earlier(m); !bytes.Equal(got[:], want) {
			return fmt.Errorf("checkpoint: %d has another history", m)
		}
	}
	return nil
}

func otherProof(text []byte) (numbers []uint64, hashes [][32]byte, err error) {
	numbers, rest, err := otherLines(text)
	if err != nil {
		return nil, nil, fmt.Errorf("proof: %w", err)
	}
	for _, line := range rest {
		h, err := otherBase64(string(line))
		if err != nil || len(h) != 32 {
			return nil, nil, errors.New("proof: no hash")
		}
		hashes = append(hashes, [32]byte(h))
	}
	return numbers, hashes, nil
}

type otherLeaf struct {
	index uint64
	hash  [32]byte
}

// otherTree is gone over from left to right, with the leaves and hashes that are still to come.
type otherTree struct {
	leaves  []otherLeaf
	numbers []uint64
	hashes  [][32]byte
	cuts    []uint64
	met     map[[2]uint64][32]byte // complete subtrees by their first leaf and how many leaves they have
}

// split is the sizes of the largest complete subtrees of a tree, from the left.
func split(size uint64) (sizes []uint64) {
	for bit := uint64(1) << 63; bit > 0; bit >>= 1 {
		if size&bit != 0 {
			sizes = append(sizes, bit)
		}
	}
	return sizes
}

func join(hashes [][32]byte) (h [32]byte) {
	if len(hashes) == 0 {
		return sha256.Sum256(nil)
	}
	h = hashes[len(hashes)-1]
	for i := len(hashes) - 2; i >= 0; i-- {
		h = pair(hashes[i], h)
	}
	return h
}

func pair(left, right [32]byte) [32]byte {
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

func (t *otherTree) root(size uint64) (h [32]byte, err error) {
	var all [][32]byte
	a := uint64(0)
	for _, n := range split(size) {
		h, err := t.subtree(a, n)
		if err != nil {
			return h, err
		}
		all, a = append(all, h), a+n
	}
	if len(t.leaves) > 0 || len(t.numbers) > 0 {
		return h, errors.New("proof: something is left")
	}
	return join(all), nil
}

func (t *otherTree) earlier(m uint64) [32]byte {
	var all [][32]byte
	a := uint64(0)
	for _, n := range split(m) {
		all, a = append(all, t.met[[2]uint64{a, n}]), a+n
	}
	return join(all)
}

// subtree is the hash of the n leaves from a.
func (t *otherTree) subtree(a, n uint64) (h [32]byte, err error) {
	in := len(t.leaves) > 0 && t.leaves[0].index < a+n
	cut := slices.ContainsFunc(t.cuts, func(m uint64) bool { return a < m && m < a+n })
	switch {
	case n == 1 && in:
		h, t.leaves = t.leaves[0].hash, t.leaves[1:]
	case in || cut:
		left, err := t.subtree(a, n/2)
		if err != nil {
			return h, err
		}
		right, err := t.subtree(a+n/2, n/2)
		if err != nil {
			return h, err
		}
		h = pair(left, right)
	case len(t.numbers) == 0 || t.numbers[0] != number(a, n):
		return h, fmt.Errorf("proof: no hash of the %d leaves from %d", n, a)
	default:
		h, t.numbers, t.hashes = t.hashes[0], t.numbers[1:], t.hashes[1:]
	}
	t.met[[2]uint64{a, n}] = h
	return h, nil
}

// number is the number of the hash of the n leaves from a: how many hashes were there before the last leaf, and its level.
func number(a, n uint64) (sum uint64) {
	for last := a + n - 1; last > 0; last /= 2 {
		sum += last
	}
	for ; n > 1; n /= 2 {
		sum++
	}
	return sum
}

// §6

var (
	otherReference = regexp.MustCompile(`"v[A-Za-z0-9_-]{43}"`)
	otherEvidence  = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)
)

// named are the files that data name.
func named(data []byte) (files []string) {
	for _, ref := range otherReference.FindAll(data, -1) {
		files = append(files, "personal/"+string(ref[1:len(ref)-1]))
	}
	var all any
	if bytes.Contains(data, []byte(`"evidence":[`)) && json.Unmarshal(data, &all) == nil {
		files = append(files, evidenceIn(all)...)
	}
	return files
}

func evidenceIn(v any) (files []string) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			files = append(files, evidenceIn(x)...)
		}
	case map[string]any:
		for name, x := range v {
			list, ok := x.([]any)
			if name != "evidence" || !ok {
				files = append(files, evidenceIn(x)...)
				continue
			}
			for _, x := range list {
				if s, ok := x.(string); ok && otherEvidence.MatchString(s) {
					files = append(files, "evidence/"+otherEvidence.FindStringSubmatch(s)[1])
				}
			}
		}
	}
	return files
}

// content holds what entries name against what is there and what is said to be missing.
func (b *other) content() error {
	missing, known, erased := map[string]string{}, map[string]bool{}, map[string]bool{}
	for _, e := range b.entries {
		if e.kind == "compliance.hour_summed" {
			known[fmt.Sprintf("measured/%d", e.index)] = true
		}
		if e.kind == "journal.vault_erased" {
			var said struct{ Ref string }
			if err := json.Unmarshal(e.data, &said); err == nil {
				erased["personal/"+said.Ref] = true
			}
		}
	}
	for _, m := range b.manifest.Missing {
		_, here := b.files[m.Name]
		if missing[m.Name] != "" || here || !slices.Contains([]string{"not_held", "erased", "secret", "too_many", "personal"}, m.Why) ||
			m.Why == "erased" && !erased[m.Name] {
			return fmt.Errorf("missing: %q because %q", m.Name, m.Why)
		}
		missing[m.Name] = m.Why
	}
	for _, e := range b.entries {
		for _, name := range named(e.data) {
			known[name] = true
			if _, here := b.files[name]; !here && missing[name] == "" &&
				(b.manifest.Personal || strings.HasPrefix(name, "evidence/")) {
				return fmt.Errorf("missing: %s of entry %d", name, e.index)
			}
		}
	}
	for name := range missing {
		if !known[name] {
			return fmt.Errorf("missing: no entry names %q", name)
		}
	}
	for _, name := range b.names {
		sum := sha256.Sum256(b.files[name])
		switch folder, of, _ := strings.Cut(name, "/"); folder {
		case "evidence":
			if !known[name] || of != hex.EncodeToString(sum[:]) {
				return fmt.Errorf("reference: %s", name)
			}
		case "personal":
			if !b.manifest.Personal || !known[name] || len(b.files[name]) < 16 || of != "v"+base64.RawURLEncoding.EncodeToString(sum[:]) {
				return fmt.Errorf("reference: %s", name)
			}
		}
	}
	return nil
}

// measured proves results of hours in the trees that entries have the roots of.
func (b *other) measured() error {
	for _, name := range b.names {
		of, ok := strings.CutPrefix(name, "measured/")
		if !ok {
			continue
		}
		at := slices.IndexFunc(b.entries, func(e otherEntry) bool {
			return of == strconv.FormatUint(e.index, 10) && e.kind == "compliance.hour_summed"
		})
		if at < 0 {
			return fmt.Errorf("%s: no entry has its root", name)
		}
		var said struct{ Root string }
		var r struct {
			Size   uint64 `json:"size"`
			Leaves []struct {
				Index uint64 `json:"index"`
				Leaf  string `json:"leaf"`
			} `json:"leaves"`
			Proof []struct {
				Index uint64 `json:"index"`
				Hash  string `json:"hash"`
			} `json:"proof"`
		}
		if err := errors.Join(json.Unmarshal(b.entries[at].data, &said), otherJSON(b.files[name], &r)); err != nil {
			return err
		}
		t := otherTree{met: map[[2]uint64][32]byte{}}
		for _, l := range r.Leaves {
			t.leaves = append(t.leaves, otherLeaf{l.Index, sha256.Sum256(append([]byte{0}, l.Leaf...))})
		}
		for _, p := range r.Proof {
			h, err := otherBase64(p.Hash)
			if err != nil || len(h) != 32 {
				return fmt.Errorf("%s: hash %q", name, p.Hash)
			}
			t.numbers, t.hashes = append(t.numbers, p.Index), append(t.hashes, [32]byte(h))
		}
		want, err := otherBase64(said.Root)
		got, wrong := t.root(r.Size)
		if err = errors.Join(err, wrong); err != nil || !bytes.Equal(got[:], want) {
			return fmt.Errorf("%s: root %x, not %x (%v)", name, got, want, err)
		}
	}
	return nil
}
