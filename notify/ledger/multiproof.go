package ledger

import (
	"fmt"
	"iter"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Stored is a hash of the tree by tlog's number of it: tlog.StoredHashIndex of its level and its place in that.
type Stored struct {
	Index int64
	Hash  tlog.Hash
}

// Multiproof is what proves entries of a tree of a size, and that the trees of earlier sizes, the cuts, are its
// beginnings: the hashes that [Roots] cannot derive, each once, in the order in which it takes them. Entries are in
// ascending order without doubles, and so are cuts, each above 0 and at most size. Errors: entries or cuts in another
// order or out of range, and those of r.
func Multiproof(size int64, entries, cuts []int64, r tlog.HashReader) ([]Stored, error) {
	if err := ascending("entry", entries, 0, size-1); err != nil {
		return nil, err
	}
	if err := ascending("cut", cuts, 1, size); err != nil {
		return nil, err
	}
	var at []int64
	w := walk{cuts: cuts,
		next: func() (int64, bool) {
			if len(entries) == 0 {
				return 0, false
			}
			return entries[0], true
		},
		leaf:  func() (h tlog.Hash, err error) { entries = entries[1:]; return h, nil },
		given: func(index int64) (h tlog.Hash, err error) { at = append(at, index); return h, nil },
		node:  func(_, _ tlog.Hash) (h tlog.Hash) { return h },
	}
	if _, err := w.tree(size); err != nil {
		return nil, err
	}
	hashes, err := r.ReadHashes(at)
	if err != nil {
		return nil, err
	}
	proof := make([]Stored, len(at))
	for i := range at {
		proof[i] = Stored{at[i], hashes[i]}
	}
	return proof, nil
}

func ascending(what string, numbers []int64, least, most int64) error {
	for i, n := range numbers {
		if n < least || n > most || i > 0 && n <= numbers[i-1] {
			return fmt.Errorf("ledger: %s %d of a proof is out of order or out of range", what, n)
		}
	}
	return nil
}

// Leaf is an entry's hash, by its index.
type Leaf = Stored

// Roots are the root of the tree of a size and those of the cuts, made of leaves in ascending order and of what
// [Multiproof] gave. Both are read to their ends, so that nothing of them is left that was not hashed. Errors: a leaf
// or a hash too many, too few, or out of its place, and those of the sequences. The caller compares the roots.
func Roots(size int64, cuts []int64, leaves iter.Seq2[Leaf, error], proof iter.Seq2[Stored, error]) (root tlog.Hash,
	ofCuts []tlog.Hash, err error) {
	next, stop := iter.Pull2(leaves)
	defer stop()
	give, end := iter.Pull2(proof)
	defer end()
	return RootsPulled(size, cuts, next, give)
}

// RootsPulled is [Roots] of functions that give one after the other, with false behind the last.
func RootsPulled(size int64, cuts []int64, leaves, proof func() (Stored, error, bool)) (root tlog.Hash, ofCuts []tlog.Hash, err error) {
	return roots(size, cuts, leaves, proof, byNumber)
}

// RootInOrder is the root of the tree of a size, made of leaves in ascending order and of the hashes that [Multiproof] gave
// for them, which are known by their order alone. Errors are those of [Roots]; one of a hash too many counts from 0.
func RootInOrder(size int64, leaves []Leaf, hashes []tlog.Hash) (tlog.Hash, error) {
	taken, given := 0, 0
	next := func() (l Leaf, err error, ok bool) {
		if taken == len(leaves) {
			return l, nil, false
		}
		taken++
		return leaves[taken-1], nil, true
	}
	give := func() (h Stored, err error, ok bool) {
		if given == len(hashes) {
			return h, nil, false
		}
		given++
		return Stored{int64(given - 1), hashes[given-1]}, nil, true
	}
	root, _, err := roots(size, nil, next, give, byOrder)
	return root, err
}

// How the hashes of a proof are known: by the numbers that they have, or by their order.
const (
	byNumber = true
	byOrder  = false
)

func roots(size int64, cuts []int64, leaves, proof func() (Stored, error, bool), numbered bool) (root tlog.Hash,
	ofCuts []tlog.Hash, err error) {
	if size < 0 {
		return root, nil, fmt.Errorf("ledger: a tree of %d", size)
	}
	if err := ascending("cut", cuts, 1, size); err != nil {
		return root, nil, err
	}
	ahead, given := newAhead(leaves), newAhead(proof)
	w := walk{cuts: cuts, roots: make([][]tlog.Hash, len(cuts)), node: tlog.NodeHash,
		next: func() (int64, bool) { return ahead.one.Index, ahead.here && ahead.err == nil },
		leaf: func() (tlog.Hash, error) { h := ahead.one.Hash; ahead.read(); return h, nil },
		given: func(index int64) (tlog.Hash, error) {
			if ahead.err != nil {
				return tlog.Hash{}, ahead.err
			}
			h := given.one
			switch {
			case given.err != nil:
				return tlog.Hash{}, given.err
			case !given.here:
				return tlog.Hash{}, fmt.Errorf("ledger: the proof has no hash %d", index)
			case numbered && h.Index != index:
				return tlog.Hash{}, fmt.Errorf("ledger: the proof has hash %d where %d belongs", h.Index, index)
			}
			given.read()
			return h.Hash, nil
		},
	}
	if root, err = w.tree(size); err != nil {
		return root, nil, err
	}
	switch {
	case ahead.err != nil:
		return root, nil, ahead.err
	case ahead.here:
		return root, nil, fmt.Errorf("ledger: entry %d is out of order, or of no tree of %d", ahead.one.Index, size)
	case given.err != nil:
		return root, nil, given.err
	case given.here:
		return root, nil, fmt.Errorf("ledger: hash %d of the proof proves nothing", given.one.Index)
	}
	for _, subtrees := range w.roots {
		ofCuts = append(ofCuts, fold(subtrees))
	}
	return root, ofCuts, nil
}

// walk goes over a tree from left to right, down to the entries and to where a cut divides a subtree.
type walk struct {
	cuts  []int64
	next  func() (entry int64, ok bool) // the entry that comes next
	leaf  func() (tlog.Hash, error)     // its hash
	given func(index int64) (tlog.Hash, error)
	node  func(left, right tlog.Hash) tlog.Hash

	roots [][]tlog.Hash // the subtrees of each cut, unless nil
}

// tree is the root of a tree: that of its complete subtrees, the largest of which come first (RFC 6962 §2.1).
func (w *walk) tree(size int64) (tlog.Hash, error) {
	var subtrees []tlog.Hash
	for level, from := 62, int64(0); level >= 0; level-- {
		if size&(1<<level) == 0 {
			continue
		}
		h, err := w.subtree(level, from)
		if err != nil {
			return h, err
		}
		subtrees = append(subtrees, h)
		from += 1 << level
	}
	if len(subtrees) == 0 {
		return emptyRoot(), nil
	}
	return fold(subtrees), nil
}

func fold(subtrees []tlog.Hash) tlog.Hash {
	h := subtrees[len(subtrees)-1]
	for _, left := range slices.Backward(subtrees[:len(subtrees)-1]) {
		h = tlog.NodeHash(left, h)
	}
	return h
}

// subtree is the hash of the complete subtree of 2^level leaves from one on.
func (w *walk) subtree(level int, from int64) (h tlog.Hash, err error) {
	end := from + 1<<level
	entry, more := w.next()
	holds := more && entry < end
	switch {
	case level == 0 && holds:
		if entry < from {
			return h, fmt.Errorf("ledger: entry %d is out of order", entry)
		}
		h, err = w.leaf()
	case holds || w.divided(from, end):
		h, err = w.halves(level, from)
	default:
		h, err = w.given(storedIndex(level, end-1))
	}
	if err != nil {
		return h, err
	}
	for i := range w.roots {
		if m := w.cuts[i]; m>>level&1 == 1 && m>>(level+1)<<(level+1) == from {
			w.roots[i] = append(w.roots[i], h)
		}
	}
	return h, nil
}

// storedIndex is tlog.StoredHashIndex of the complete subtree of 2^level leaves that ends with a leaf: before it are stored
// that leaf's number and half of it and so on of hashes, which is twice the number but for its ones.
func storedIndex(level int, last int64) int64 {
	return 2*last - int64(bits.OnesCount64(uint64(last))) + int64(level) // #nosec G115 -- from 0 on
}

func (w *walk) halves(level int, from int64) (tlog.Hash, error) {
	left, err := w.subtree(level-1, from)
	if err != nil {
		return left, err
	}
	right, err := w.subtree(level-1, from+1<<(level-1))
	return w.node(left, right), err
}

// divided reports whether a cut goes through a subtree.
func (w *walk) divided(from, end int64) bool {
	return slices.ContainsFunc(w.cuts, func(m int64) bool { return from < m && m < end })
}

// ahead is a sequence of which one is read ahead.
type ahead struct {
	pull func() (Stored, error, bool)
	one  Stored
	err  error
	here bool
}

func newAhead(pull func() (Stored, error, bool)) *ahead {
	a := &ahead{pull: pull}
	a.read()
	return a
}

func (a *ahead) read() { a.one, a.err, a.here = a.pull() }
