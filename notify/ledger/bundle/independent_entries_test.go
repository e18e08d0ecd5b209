package bundle_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Entries and the tree, §1 and §5. It is a part of the verifier of independent_test.go and shares no code with ours.

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
	numbers []uint64 // of the hashes; nil where they have none
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
	if len(t.leaves) > 0 || len(t.hashes) > 0 {
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
	case len(t.hashes) == 0 || t.numbers != nil && t.numbers[0] != number(a, n):
		return h, fmt.Errorf("proof: no hash of the %d leaves from %d", n, a)
	default:
		h, t.hashes = t.hashes[0], t.hashes[1:]
		if t.numbers != nil {
			t.numbers = t.numbers[1:]
		}
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
