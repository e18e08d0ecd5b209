package ledger

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// tree is all stored hashes of a tree of leaves, by tlog alone.
type tree []tlog.Hash

func treeOf(t rapid.TB, size int64) (h tree) {
	for i := range size {
		more, err := tlog.StoredHashes(i, leaf(i), h)
		if err != nil {
			t.Fatal(err)
		}
		h = append(h, more...)
	}
	return h
}

func (h tree) ReadHashes(at []int64) (out []tlog.Hash, err error) {
	for _, i := range at {
		out = append(out, h[i])
	}
	return out, nil
}

func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, one := range all {
			if !yield(one, nil) {
				return
			}
		}
	}
}

func leavesOf(entries []int64) (all []Leaf) {
	for _, i := range entries {
		all = append(all, Leaf{i, tlog.RecordHash(leaf(i))})
	}
	return all
}

func drawSome(t *rapid.T, name string, from, to int64) []int64 {
	some := rapid.SliceOfNDistinct(rapid.Int64Range(from, to), 0, 12, rapid.ID).Draw(t, name)
	slices.Sort(some)
	return some
}

// Of any entries and any earlier sizes the roots are tlog's own, and the proof holds no hash that follows from others.
func TestRootsOfSomeEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 300).Draw(t, "size")
		h := treeOf(t, size)
		entries, cuts := drawSome(t, "entries", 0, size-1), drawSome(t, "cuts", 1, size)
		proof, err := Multiproof(size, entries, cuts, h)
		if err != nil {
			t.Fatal(err)
		}
		root, ofCuts, err := Roots(size, cuts, each(leavesOf(entries)), each(proof))
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range append(slices.Clone(cuts), size) {
			want, err := tlog.TreeHash(m, h)
			if got := append(slices.Clone(ofCuts), root)[i]; err != nil || got != want {
				t.Fatalf("the root of %d is %v, want %v (%v)", m, got, want, err)
			}
		}
		known := map[int64]bool{} // what follows from the leaves and the proof
		for _, e := range entries {
			known[tlog.StoredHashIndex(0, e)] = true
		}
		for _, p := range proof {
			if known[p.Index] {
				t.Fatalf("hash %d stands twice, or is a leaf's", p.Index)
			}
			known[p.Index] = true
		}
		for _, p := range proof {
			level, n := tlog.SplitStoredHashIndex(p.Index)
			if level > 0 && known[tlog.StoredHashIndex(level-1, 2*n)] && known[tlog.StoredHashIndex(level-1, 2*n+1)] {
				t.Fatalf("hash %d follows from others of the proof", p.Index)
			}
		}
	})
}

// A reader over the proof and what follows from it serves tlog's own proofs: nobody needs our code to check an entry.
func TestOthersReadTheProof(t *testing.T) {
	const size = 200
	h := treeOf(t, size)
	entries, cuts := []int64{3, 4, 90, 199}, []int64{64, 150}
	proof, err := Multiproof(size, entries, cuts, h)
	if err != nil {
		t.Fatal(err)
	}
	known := map[int64]tlog.Hash{}
	for _, p := range proof {
		known[p.Index] = p.Hash
	}
	for _, l := range leavesOf(entries) {
		known[tlog.StoredHashIndex(0, l.Index)] = l.Hash
	}
	for grown := true; grown; {
		grown = false
		for at := range tlog.StoredHashCount(size) {
			level, n := tlog.SplitStoredHashIndex(at)
			if _, has := known[at]; has || level == 0 {
				continue
			}
			left, l := known[tlog.StoredHashIndex(level-1, 2*n)]
			right, r := known[tlog.StoredHashIndex(level-1, 2*n+1)]
			if l && r {
				known[at], grown = tlog.NodeHash(left, right), true
			}
		}
	}
	reader := tlog.HashReaderFunc(func(at []int64) (out []tlog.Hash, err error) {
		for _, i := range at {
			hash, ok := known[i]
			if !ok {
				return nil, fmt.Errorf("no hash %d", i)
			}
			out = append(out, hash)
		}
		return out, nil
	})
	root, err := tlog.TreeHash(size, reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		p, err := tlog.ProveRecord(size, e, reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(p, size, root, e, tlog.RecordHash(leaf(e))); err != nil {
			t.Errorf("entry %d: %v", e, err)
		}
	}
	for _, m := range cuts {
		old, err := tlog.TreeHash(m, reader)
		if err != nil {
			t.Fatal(err)
		}
		p, err := tlog.ProveTree(size, m, reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckTree(p, size, root, m, old); err != nil {
			t.Errorf("%d before %d: %v", m, size, err)
		}
	}
}

// Whatever is changed, left out, added, doubled or moved gives an error or another root.
func TestAProofThatWasTouched(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(2, 200).Draw(t, "size")
		h := treeOf(t, size)
		entries, cuts := drawSome(t, "entries", 0, size-1), drawSome(t, "cuts", 1, size)
		proof, err := Multiproof(size, entries, cuts, h)
		if err != nil {
			t.Fatal(err)
		}
		leaves := leavesOf(entries)
		target := &proof
		if len(proof) == 0 || len(leaves) > 0 && rapid.Bool().Draw(t, "leaf") {
			target = &leaves
		}
		at := rapid.IntRange(0, len(*target)-1).Draw(t, "at")
		switch rapid.SampledFrom([]string{"flip", "drop", "double", "renumber", "swap"}).Draw(t, "how") {
		case "flip":
			(*target)[at].Hash[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		case "drop":
			*target = slices.Delete(slices.Clone(*target), at, at+1)
		case "double":
			*target = slices.Insert(slices.Clone(*target), at, (*target)[at])
		case "renumber":
			(*target)[at].Index += rapid.SampledFrom([]int64{-1, 1, size, -size}).Draw(t, "by")
		case "swap":
			if len(*target) < 2 {
				t.Skip("one alone")
			}
			other := (at + 1) % len(*target)
			(*target)[at], (*target)[other] = (*target)[other], (*target)[at]
		}
		root, ofCuts, err := Roots(size, cuts, each(leaves), each(proof))
		if err != nil {
			return
		}
		same := true
		for i, m := range append(slices.Clone(cuts), size) {
			want, _ := tlog.TreeHash(m, h)
			same = same && append(slices.Clone(ofCuts), root)[i] == want
		}
		if same {
			t.Fatal("nobody notices")
		}
	})
}

// The hashes of a proof need no numbers: the order in which they are taken follows from the size and the entries. One too
// many, one too few and two that changed places are noticed.
func TestAProofWithoutNumbers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(2, 200).Draw(t, "size")
		h := treeOf(t, size)
		entries := drawSome(t, "entries", 0, size-1)
		proof, err := Multiproof(size, entries, nil, h)
		if err != nil {
			t.Fatal(err)
		}
		want, err := tlog.TreeHash(size, h)
		if err != nil {
			t.Fatal(err)
		}
		hashes := []tlog.Hash{}
		for _, p := range proof {
			hashes = append(hashes, p.Hash)
		}
		leaves := leavesOf(entries)
		if root, err := RootInOrder(size, leaves, hashes); err != nil || root != want {
			t.Fatalf("the root is %v, want %v (%v)", root, want, err)
		}
		if _, err := RootInOrder(size, leaves, append(slices.Clone(hashes), want)); err == nil {
			t.Fatal("a hash too many is taken")
		}
		if len(hashes) == 0 {
			return
		}
		if _, err := RootInOrder(size, leaves, hashes[1:]); err == nil {
			t.Fatal("a hash too few does")
		}
		at := rapid.IntRange(0, len(hashes)-1).Draw(t, "at")
		other := (at + 1) % len(hashes)
		hashes[at], hashes[other] = hashes[other], hashes[at]
		if root, err := RootInOrder(size, leaves, hashes); at != other && (err != nil || root == want) {
			t.Fatalf("hashes %d and %d changed places: %v (%v)", at, other, root, err)
		}
	})
}

func TestWhatNoProofIsMadeOf(t *testing.T) {
	h := treeOf(t, 10)
	for _, c := range []struct{ entries, cuts []int64 }{
		{[]int64{-1}, nil}, {[]int64{10}, nil}, {[]int64{3, 3}, nil}, {[]int64{4, 3}, nil},
		{nil, []int64{0}}, {nil, []int64{11}}, {nil, []int64{5, 5}}, {nil, []int64{6, 5}},
	} {
		if _, err := Multiproof(10, c.entries, c.cuts, h); err == nil {
			t.Errorf("%v with cuts %v is proved", c.entries, c.cuts)
		}
	}
}

// The number of a hash is tlog's own.
func TestStoredIndexIsThatOfTlog(t *testing.T) {
	for level := range 40 {
		for _, n := range []int64{0, 1, 2, 3, 4, 5, 6, 7, 12, 99, 100, 4711, 1<<20 - 1, 1 << 20} {
			if got, want := storedIndex(level, (n+1)<<level-1), tlog.StoredHashIndex(level, n); got != want {
				t.Errorf("level %d, place %d: %d, tlog says %d", level, n, got, want)
			}
		}
	}
}
