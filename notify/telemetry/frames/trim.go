package frames

import (
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"
)

// Keep is what stays in the log.
type Keep struct {
	Since  time.Time // what came before goes
	Rooted time.Time // but for hours from this one on, whose root nobody has recorded yet
	Bytes  int64     // and the oldest goes, recorded or not, while the file uses more; 0 is no limit
}

// Trimmed is what one step of [Trim] removed.
type Trimmed struct {
	Chunks, Frames int       // Frames counts whatever came, good or not
	Damaged        int       // other chunks, of which nobody can tell what came
	From, To       time.Time // reception of the first and the last of it; zero where nothing went
	BySize         bool      // some of it would have stayed but for the size
	Unrooted       bool      // some of it came in an hour without a recorded root
	Last           uint64    // its last sequence number: readings that were not built up to there are never built
	More           bool      // another step has more to do
}

// Steps of Trim: so much, or a little more, goes in one transaction.
const (
	stepChunks = 2000
	stepBytes  = 16 << 20
	leastBytes = 64 << 10
	stepRows   = 20_000
)

// Trim removes what is not kept, the oldest first, at most some 16 MB or 2,000 chunks; it is called again, in another
// transaction, while there is More. Of an hour whose root is recorded its rows go too, with its last chunk.
func Trim(tx *bbolt.Tx, keep Keep) (t Trimmed, err error) {
	s, err := load(tx)
	if err != nil || s.seq == 0 {
		return t, err
	}
	over := int64(0)
	if keep.Bytes > 0 {
		over = Used(tx) - keep.Bytes
	}
	enough := max(over/2, min(over, leastBytes)) // a chunk uses more than its bytes: no step goes too far
	rooted, freed := hourOf(keep.Rooted), int64(0)
	var gone [][]byte
	first := s.hour // of what stays
	c := tx.Bucket(chunksBucket).Cursor()
	for k, b := c.First(); k != nil; k, b = c.Next() {
		head, err := parse(b)
		if err != nil && len(gone) < stepChunks { // whatever its age, it is worth nothing
			gone, freed = append(gone, append([]byte(nil), k...)), freed+int64(len(b)+len(k))
			t.Damaged++
			t.Last = binary.BigEndian.Uint64(k)
			continue
		}
		if err != nil {
			t.More = true
			break
		}
		byAge := head.last.Before(keep.Since) && hourOf(head.last) < rooted
		bySize := freed < enough
		if !byAge && !bySize || len(gone) == stepChunks || freed > stepBytes {
			t.More = byAge || over > 0
			first = hourOf(head.first)
			break
		}
		gone = append(gone, append([]byte(nil), k...))
		freed += int64(len(b) + len(k))
		t.add(&head, binary.BigEndian.Uint64(k))
		t.BySize = t.BySize || !byAge
		t.Unrooted = t.Unrooted || head.leaves > 0 && hourOf(head.last) >= rooted
	}
	for _, k := range gone {
		if err := tx.Bucket(chunksBucket).Delete(k); err != nil {
			return t, err
		}
	}
	more, err := s.forget(tx, min(first, rooted))
	t.More = t.More || more
	return t, err
}

func (t *Trimmed) add(c *chunk, seq uint64) {
	if t.Chunks == 0 {
		t.From = c.first
	}
	t.Chunks++
	t.Frames += c.count
	t.To, t.Last = c.last, seq
}

// forget removes the rows of the hours before one, some at a time.
func (s *state) forget(tx *bbolt.Tx, hour int64) (more bool, err error) {
	hour = min(hour, s.hour)
	for _, name := range [][]byte{tilesBucket, hoursBucket} {
		b := tx.Bucket(name)
		var gone [][]byte
		c := b.Cursor()
		for k, _ := c.First(); k != nil && int64(binary.BigEndian.Uint64(k)) < hour; k, _ = c.Next() {
			if len(gone) == stepRows {
				more = true
				break
			}
			gone = append(gone, append([]byte(nil), k...))
		}
		for _, k := range gone {
			if err := b.Delete(k); err != nil {
				return more, err
			}
		}
	}
	if hour <= s.from {
		return more, nil
	}
	s.from = hour
	return more, s.save(tx)
}

// Used is how many bytes of the file are in use: its size without the pages that are free.
func Used(tx *bbolt.Tx) int64 {
	stats := tx.DB().Stats()
	return tx.Size() - int64(stats.FreePageN+stats.PendingPageN)*int64(tx.DB().Info().PageSize)
}
