// Package ledger is the one append-only record as a Merkle log: every entry is a leaf, hashed as RFC 6962
// says (through golang.org/x/mod/sumdb/tlog), so that a root of 32 bytes stands for all that was ever recorded.
//
// Appending takes the caller's transaction: the leaf and the state it changed become durable together.
//
// Bucket ledger.hashes holds tlog's stored hashes in their order, 64 to a row, keyed by the row's number as
// eight big-endian bytes. Bucket ledger.edge holds under "edge" the tree's size and the hashes of its right
// edge, from which the next leaf needs no other read.
package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	hashesBucket = []byte("ledger.hashes")
	edgeBucket   = []byte("ledger.edge")
	edgeKey      = []byte("edge")
)

// Buckets names the buckets this package owns; all are journaled.
func Buckets() []string { return []string{string(hashesBucket), string(edgeBucket)} }

const perRow = 64

// Tree is the log within one transaction. Append changes memory only; Save writes it to the transaction.
type Tree struct {
	tx     *bbolt.Tx
	size   int64
	edge   []tlog.Hash // edge[i] is the root of the complete subtree for the i-th set bit of size, highest first
	stored int64       // how many hashes the bucket holds
	fresh  []tlog.Hash // hashes not yet in the bucket, from index stored on
}

// Load reads the tree's right edge; an empty database gives an empty tree.
func Load(tx *bbolt.Tx) (*Tree, error) {
	t := &Tree{tx: tx}
	row := tx.Bucket(edgeBucket).Get(edgeKey)
	if row == nil {
		return t, nil
	}
	if len(row) < 8 || (len(row)-8)%tlog.HashSize != 0 {
		return nil, errors.New("ledger: edge row is damaged")
	}
	t.size = int64(binary.BigEndian.Uint64(row))
	for rest := row[8:]; len(rest) > 0; rest = rest[tlog.HashSize:] {
		t.edge = append(t.edge, tlog.Hash(rest[:tlog.HashSize]))
	}
	if len(t.edge) != bits.OnesCount64(uint64(t.size)) {
		return nil, fmt.Errorf("ledger: edge has %d hashes for size %d", len(t.edge), t.size)
	}
	if t.size > 0 {
		t.stored = tlog.StoredHashCount(t.size)
	}
	return t, nil
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and returns its index.
func (t *Tree) Append(leaf []byte) int64 {
	h := tlog.RecordHash(leaf)
	t.fresh = append(t.fresh, h)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = tlog.NodeHash(t.edge[last], h)
		t.edge = t.edge[:last]
		t.fresh = append(t.fresh, h)
	}
	t.edge = append(t.edge, h)
	t.size++
	return t.size - 1
}

// Root is the tree hash of RFC 6962 §2.1; that of no leaves is the hash of nothing.
func (t *Tree) Root() tlog.Hash {
	if len(t.edge) == 0 {
		return emptyRoot()
	}
	h := t.edge[len(t.edge)-1]
	for i := len(t.edge) - 2; i >= 0; i-- {
		h = tlog.NodeHash(t.edge[i], h)
	}
	return h
}

func emptyRoot() tlog.Hash {
	h, err := tlog.TreeHash(0, nil)
	if err != nil {
		panic(err) // tlog reads nothing for an empty tree
	}
	return h
}

// Save writes what Append added since Load into the transaction.
func (t *Tree) Save() error {
	if len(t.fresh) == 0 {
		return nil
	}
	b := t.tx.Bucket(hashesBucket)
	for fresh := t.fresh; len(fresh) > 0; {
		row, used := t.stored/perRow, int(t.stored%perRow)
		n := min(perRow-used, len(fresh))
		val := make([]byte, 0, perRow*tlog.HashSize)
		if used > 0 {
			val = append(val, b.Get(rowKey(row))...)
			if len(val) != used*tlog.HashSize {
				return fmt.Errorf("ledger: row %d holds %d bytes, want %d", row, len(val), used*tlog.HashSize)
			}
		}
		for _, h := range fresh[:n] {
			val = append(val, h[:]...)
		}
		if err := b.Put(rowKey(row), val); err != nil {
			return err
		}
		t.stored += int64(n)
		fresh = fresh[n:]
	}
	t.fresh = nil
	edge := binary.BigEndian.AppendUint64(nil, uint64(t.size))
	for _, h := range t.edge {
		edge = append(edge, h[:]...)
	}
	return t.tx.Bucket(edgeBucket).Put(edgeKey, edge)
}

func rowKey(row int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(row)) }

// Hashes reads stored hashes for tlog's proofs; the reader is good for the transaction's life.
func Hashes(tx *bbolt.Tx) tlog.HashReader {
	b := tx.Bucket(hashesBucket)
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			row := b.Get(rowKey(x / perRow))
			off := int(x%perRow) * tlog.HashSize
			if len(row) < off+tlog.HashSize {
				return nil, fmt.Errorf("ledger: no stored hash %d", x)
			}
			out[i] = tlog.Hash(row[off : off+tlog.HashSize])
		}
		return out, nil
	})
}
