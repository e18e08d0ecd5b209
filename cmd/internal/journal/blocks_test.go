package journal

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// A long block is read as it was written, by number, in order and by position, from pieces as from the one row in which
// earlier programs stored it.
func TestLongBlocks(t *testing.T) {
	db, err := bbolt.Open(t.TempDir()+"/db", 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	long := func(n int) []byte { return []byte(strings.Repeat(fmt.Sprintf("%08d", n), 1+n*pieceLen/16)) }
	numbers := []uint64{1, 2, 3, 4, 5, 7, 300}
	err = db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket(blocksBucket)
		if err != nil {
			return err
		}
		if err := b.Put(blockKey(5), long(5)); err != nil { // as it was before there were pieces
			return err
		}
		for _, n := range []uint64{1, 2, 3, 4, 7, 300} {
			if err := putBlock(tx, n, long(int(n))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.View(func(tx *bbolt.Tx) error {
		var come []uint64
		for n, raw := range blocksFrom(tx, 0) {
			if come = append(come, n); !bytes.Equal(raw, long(int(n))) {
				t.Errorf("block %d comes with %d bytes", n, len(raw))
			}
		}
		if !slices.Equal(come, numbers) {
			t.Errorf("the blocks come as %v", come)
		}
		for _, n := range numbers {
			want := long(int(n))
			if !bytes.Equal(ReadBlock(tx, n), want) {
				t.Errorf("block %d reads otherwise", n)
			}
			checkPositions(t, tx, n, want)
		}
		for _, n := range []uint64{0, 6, 301} {
			if ReadBlock(tx, n) != nil {
				t.Errorf("there is a block %d", n)
			}
		}
		return nil
	})
}

func checkPositions(t *testing.T, tx *bbolt.Tx, n uint64, want []byte) {
	t.Helper()
	for off := 0; off < len(want); off += pieceLen/2 - 3 {
		for _, length := range []int{1, 7, pieceLen - 1, pieceLen, 3 * pieceLen} {
			got, err := ReadPos(tx, Pos{Block: n, Off: uint32(off), Len: uint32(length)})
			if off+length > len(want) {
				if err == nil {
					t.Errorf("block %d has bytes %d+%d of %d", n, off, length, len(want))
				}
			} else if err != nil || !bytes.Equal(got, want[off:off+length]) {
				t.Errorf("block %d, bytes %d+%d: %v", n, off, length, err)
			}
		}
	}
}
