// Package ledger is the one append-only record as a Merkle log: every entry is a leaf, hashed as RFC 6962
// says (through golang.org/x/mod/sumdb/tlog), so that a root of 32 bytes stands for all that was ever recorded.
//
// Appending takes the caller's transaction: the leaf and the state it changed become durable together.
//
// Bucket ledger.hashes holds tlog's stored hashes in their order, 16 to a row, keyed by the row's number as
// eight big-endian bytes. Bucket ledger.edge holds under "edge" the tree's size and the hashes of its right edge,
// from which the next leaf needs no other read; bucket ledger.tail holds under "tail" the stored hashes that do not
// fill a row yet. Each of the two stays below a quarter of a page, up to 2^27 leaves, so bbolt keeps it within the page
// that names all buckets: a commit of one leaf then mostly writes no page for the tree at all.
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
	tailBucket   = []byte("ledger.tail")
	tailKey      = []byte("tail")
)

// Buckets names the buckets this package owns; all are journaled.
func Buckets() []string {
	return []string{string(hashesBucket), string(edgeBucket), string(tailBucket)}
}

const perRow = 16

// Tree is the log within one transaction. Append changes memory only; Save writes it to the transaction.
type Tree struct {
	tx    *bbolt.Tx
	size  int64
	edge  []tlog.Hash // edge[i] is the root of the complete subtree for the i-th set bit of size, highest first
	rows  int64       // full rows in the bucket
	tail  []tlog.Hash // stored hashes behind them
	dirty bool
}

// Load reads the tree's right edge; an empty database gives an empty tree.
func Load(tx *bbolt.Tx) (*Tree, error) {
	t := &Tree{tx: tx}
	row := tx.Bucket(edgeBucket).Get(edgeKey)
	if row == nil {
		return t, nil
	}
	if len(row) < 8 {
		return nil, errors.New("ledger: edge row is damaged")
	}
	t.size = int64(binary.BigEndian.Uint64(row))
	t.rows = tlog.StoredHashCount(t.size) / perRow
	tail := tx.Bucket(tailBucket).Get(tailKey)
	if len(row) != 8+bits.OnesCount64(uint64(t.size))*tlog.HashSize ||
		len(tail) != int(tlog.StoredHashCount(t.size)%perRow)*tlog.HashSize {
		return nil, fmt.Errorf("ledger: edge row of %d bytes and tail of %d for %d leaves", len(row), len(tail), t.size)
	}
	t.edge, t.tail = hashesOf(row[8:]), hashesOf(tail)
	return t, nil
}

func hashesOf(b []byte) []tlog.Hash {
	out := make([]tlog.Hash, 0, len(b)/tlog.HashSize+perRow)
	for ; len(b) > 0; b = b[tlog.HashSize:] {
		out = append(out, tlog.Hash(b[:tlog.HashSize]))
	}
	return out
}

// Size is the number of leaves.
func (t *Tree) Size() int64 { return t.size }

// Append adds a leaf and returns its index.
func (t *Tree) Append(leaf []byte) int64 {
	h := tlog.RecordHash(leaf)
	t.dirty = true
	t.tail = append(t.tail, h)
	for n := t.size; n&1 == 1; n >>= 1 {
		last := len(t.edge) - 1
		h = tlog.NodeHash(t.edge[last], h)
		t.edge = t.edge[:last]
		t.tail = append(t.tail, h)
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
	if !t.dirty {
		return nil
	}
	b := t.tx.Bucket(hashesBucket)
	b.FillPercent = 0.95 // rows only ever come behind the last
	for ; len(t.tail) >= perRow; t.tail = t.tail[perRow:] {
		if err := b.Put(rowKey(t.rows), appendHashes(nil, t.tail[:perRow])); err != nil {
			return err
		}
		t.rows++
	}
	row := binary.BigEndian.AppendUint64(nil, uint64(t.size))
	t.dirty = false
	if err := t.tx.Bucket(tailBucket).Put(tailKey, appendHashes(nil, t.tail)); err != nil {
		return err
	}
	return t.tx.Bucket(edgeBucket).Put(edgeKey, appendHashes(row, t.edge))
}

func appendHashes(dst []byte, hashes []tlog.Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

func rowKey(row int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(row)) }

// Hashes reads stored hashes for tlog's proofs; the reader is good for the transaction's life.
func Hashes(tx *bbolt.Tx) tlog.HashReader {
	b := tx.Bucket(hashesBucket)
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		t, err := Load(tx)
		if err != nil {
			return nil, err
		}
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if behind := x - t.rows*perRow; behind >= 0 && behind < int64(len(t.tail)) {
				out[i] = t.tail[behind]
				continue
			}
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
