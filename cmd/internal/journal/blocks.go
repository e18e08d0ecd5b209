package journal

import (
	"encoding/binary"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"
)

// pieceLen is how much of a block one row of bucket journal.blocks holds. A block of up to that stands there whole,
// under its number as eight bytes big-endian; a longer one in pieces, under its number and two bytes more, the piece's
// own number from 0. A leaf of bbolt keeps up to four rows however long they are and is written as one, so that whole
// blocks side by side would each be written three times over. (Earlier programs stored long blocks whole; that is read
// too.)
const pieceLen = 16 << 10

func blockKey(number uint64) []byte { return binary.BigEndian.AppendUint64(nil, number) }

func pieceKey(number uint64, piece int) []byte {
	return binary.BigEndian.AppendUint16(blockKey(number), uint16(piece))
}

func putBlock(tx *bbolt.Tx, number uint64, raw []byte) error {
	b := tx.Bucket(blocksBucket)
	if len(raw) <= pieceLen {
		return b.Put(blockKey(number), raw)
	}
	b.FillPercent = 1 // rows only ever come behind the last
	for piece := 0; len(raw) > 0; piece++ {
		n := min(pieceLen, len(raw))
		if err := b.Put(pieceKey(number, piece), raw[:n]); err != nil {
			return err
		}
		raw = raw[n:]
	}
	return nil
}

// ReadBlock returns the raw block of that number, good for the transaction's life, or nil.
func ReadBlock(tx *bbolt.Tx, number uint64) []byte {
	b := tx.Bucket(blocksBucket)
	raw, piece := b.Get(blockKey(number)), 0
	for more := raw == nil; more; piece++ {
		next := b.Get(pieceKey(number, piece))
		raw, more = append(raw, next...), next != nil
	}
	return raw
}

// ReadPos returns an event's data from where it was recorded, good for the transaction's life. It cannot read
// the block that is still being written.
func ReadPos(tx *bbolt.Tx, pos Pos) ([]byte, error) {
	b := tx.Bucket(blocksBucket)
	from, to := uint64(pos.Off), uint64(pos.Off)+uint64(pos.Len)
	if raw := b.Get(blockKey(pos.Block)); uint64(len(raw)) >= to {
		return raw[from:to], nil
	}
	var data []byte
	for from < to {
		piece := b.Get(pieceKey(pos.Block, int(from/pieceLen)))
		begin := from % pieceLen
		end := min(begin+to-from, uint64(len(piece)))
		if end <= begin {
			return nil, fmt.Errorf("journal: block %d has no bytes %d+%d", pos.Block, pos.Off, pos.Len)
		}
		if end-begin == uint64(pos.Len) {
			return piece[begin:end], nil // it lies in one piece
		}
		data = append(data, piece[begin:end]...)
		from += end - begin
	}
	return data, nil
}

// blocksFrom gives the blocks from that number on, in order and good for the transaction's life. Pieces that do not make
// a whole block give what there is of it: its hash tells.
func blocksFrom(tx *bbolt.Tx, number uint64) iter.Seq2[uint64, []byte] {
	return func(yield func(number uint64, raw []byte) bool) {
		c := tx.Bucket(blocksBucket).Cursor()
		for k, v := c.Seek(blockKey(number)); k != nil; {
			n, raw, pieces := binary.BigEndian.Uint64(k), v, len(k) > 8
			if pieces {
				raw = append(make([]byte, 0, 4*pieceLen), raw...)
			}
			for k, v = c.Next(); pieces && k != nil && binary.BigEndian.Uint64(k) == n; k, v = c.Next() {
				raw = append(raw, v...)
			}
			if !yield(n, raw) {
				return
			}
		}
	}
}

// parsedBlocks gives all blocks of the record, or why one cannot be read.
func parsedBlocks(tx *bbolt.Tx) iter.Seq2[*Block, error] {
	return func(yield func(*Block, error) bool) {
		for number, raw := range blocksFrom(tx, 1) {
			b, err := ParseBlock(raw)
			if err != nil {
				err = fmt.Errorf("block %d: %w", number, err)
			}
			if !yield(b, err) {
				return
			}
		}
	}
}
