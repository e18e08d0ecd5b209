// Package frames keeps what came from stations, byte for byte and in the order of reception, and says of each hour what
// came in it by one hash.
//
// # Log
//
// Batches are written as chunks, each under a sequence number below 2⁵³: the next one, or that of the stream which
// the node follows. A log that a node begins by itself does so at a number made of the time, so that no number is
// used again after the file was lost. What came has the time of its reception, to the millisecond, which never goes
// back: an earlier one is raised to the one before. A [Ref] names one thing that came, for as long as it is kept.
// Bucket frames.chunks holds the chunks by sequence; their form is that of [Encode].
//
// # Hours
//
// Of each hour of reception, in Beijing, there is a Merkle tree by RFC 6962 §2.1 over its good frames and messages in
// their order; see [AppendLeaf] for the bytes of a leaf. What is refused, or of an unknown sender, is in the log and
// is no leaf. The tree grows with each chunk and costs no reading: bucket frames.state holds its right edge, and
// frames.tiles the hash of every 256 leaves, from which a proof is made with the leaves of two such tiles. Bucket
// frames.hours holds how many leaves an hour has, and its root once it is over. An hour is over when something came
// after it, or by [Close]: its root does not change from then on, and what comes late goes into a later hour.
//
// The hour's root is in the record. [Leaf] and [Proof] are for a bundle of evidence: it has a frame, its proof and the entry
// of the record, and says by these alone that the frame came in that hour.
//
// # Stream
//
// Among several nodes a stream carries the chunks, and the log of each follows it: see [AppendAt]. What came in an hour, and
// with it the root, is then the same on every node that has all of the hour; of the others no root is told ([ErrPart]).
// Numbers are of this node alone.
//
// Nothing here opens a transaction: the caller does, and what it commits is durable.
package frames

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

var (
	chunksBucket = []byte("frames.chunks") // sequence, 8 bytes -> chunk
	hoursBucket  = []byte("frames.hours")  // hour, 8 bytes -> see hour.go
	tilesBucket  = []byte("frames.tiles")  // hour, 8 bytes, number of the tile, 4 bytes -> see hour.go
	stateBucket  = []byte("frames.state")
	stateKey     = []byte("state")
)

// Buckets are those that this package keeps its rows in.
func Buckets() []string {
	return []string{string(chunksBucket), string(hoursBucket), string(tilesBucket), string(stateBucket)}
}

// Version is that of the form of all rows.
const Version = 1

// Ref names one thing that came: entry Index, from 0, of chunk Seq.
type Ref struct {
	Seq   uint64 `json:"seq"`
	Index int    `json:"i"`
}

// ErrGone is why something is not read that was removed, or is older than the log.
var ErrGone = errors.New("frames: it is not kept any more")

// Append writes a batch behind what is there, and returns the last sequence number. A large batch becomes several
// chunks. Errors, upon which the transaction is to be given up: those of [Encode] and of bbolt.
func Append(tx *bbolt.Tx, batch []telemetry.Received) (seq uint64, err error) {
	s, err := load(tx)
	if err != nil {
		return 0, err
	}
	if len(batch) > 0 {
		if err := s.leave(tx, batch[0].At); err != nil {
			return 0, err
		}
	}
	for entries, err := range split(raise(batch, s.at)) {
		if err == nil {
			err = s.append(tx, s.next(entries[0].At), entries, encode(entries, entries[0].At))
		}
		if err != nil {
			return 0, err
		}
	}
	return s.seq, s.save(tx)
}

// Mark is a chunk of nothing, which says that reception has come to a time: [Close] for the nodes that follow a stream.
func Mark(at time.Time) []byte { return encode(nil, at.Truncate(time.Millisecond)) }

// Close has nothing more come before a time: hours that end by then are over. It changes nothing where later things
// came.
func Close(tx *bbolt.Tx, at time.Time) error {
	s, err := load(tx)
	if err != nil || !at.After(s.at) {
		return err
	}
	return s.close(tx, s.next(at), at)
}

// next is the number of the next chunk. A log begins at one made of its time, 10⁶ for each second: where the file was
// lost and is made anew no number means two things, and who has read up to one reads on.
func (s *state) next(at time.Time) uint64 {
	if s.seq == 0 {
		return uint64(max(at.UnixMilli(), 0))*1000 + 1
	}
	return s.seq + 1
}

func (s *state) close(tx *bbolt.Tx, seq uint64, at time.Time) error {
	if at.Before(s.at) {
		at = s.at
	}
	if err := s.put(tx, seq, at, Mark(at)); err != nil {
		return err
	}
	if err := s.turn(tx, at.Truncate(time.Millisecond)); err != nil {
		return err
	}
	return s.save(tx)
}

// append writes the chunk b of entries whose times are raised, and adds its leaves to their hours.
func (s *state) append(tx *bbolt.Tx, seq uint64, entries []telemetry.Received, b []byte) error {
	if err := s.put(tx, seq, entries[0].At, b); err != nil {
		return err
	}
	for i := range entries {
		if err := s.turn(tx, entries[i].At); err != nil {
			return err
		}
		if !IsLeaf(&entries[i]) {
			continue
		}
		if err := s.leaf(tx, Ref{seq, i}, &entries[i]); err != nil {
			return err
		}
	}
	return nil
}

func (s *state) put(tx *bbolt.Tx, seq uint64, first time.Time, b []byte) error {
	if s.seq == 0 {
		s.from, s.hour = hourOf(first), hourOf(first)
	}
	s.seq = seq
	chunks := tx.Bucket(chunksBucket)
	chunks.FillPercent = 0.98 // sequences only ever come behind the last
	if err := chunks.Put(key(seq), b); err != nil {
		return fmt.Errorf("frames: keep chunk %d: %w", seq, err)
	}
	return nil
}

// Last is the last sequence number, 0 where there is none, and the time that reception has come to.
func Last(tx *bbolt.Tx) (seq uint64, at time.Time, err error) {
	s, err := load(tx)
	return s.seq, s.at, err
}

// Read calls fn with each chunk behind a sequence number, in order, until they have max bytes as they are stored, or
// more by the last of them. It returns the number of the last. The entries share the transaction's bytes: they are
// good for its life. Of a chunk that is damaged fn is told why, and has none of its entries. What fn returns is an error.
func Read(tx *bbolt.Tx, after uint64, max int,
	fn func(seq uint64, entries []telemetry.Received, damaged error) error) (uint64, error) {
	c := tx.Bucket(chunksBucket).Cursor()
	for k, b := c.Seek(key(after + 1)); k != nil && max > 0; k, b = c.Next() {
		seq := binary.BigEndian.Uint64(k)
		entries, damaged := Decode(b)
		if err := fn(seq, entries, damaged); err != nil {
			return after, err
		}
		after = seq
		max -= len(b)
	}
	return after, nil
}

// At is one thing that came. Its bytes are its own. Errors: [ErrGone], where its chunk is damaged too.
func At(tx *bbolt.Tx, ref Ref) (telemetry.Received, error) {
	b := tx.Bucket(chunksBucket).Get(key(ref.Seq))
	if b == nil {
		return telemetry.Received{}, ErrGone
	}
	entries, err := Decode(b)
	if err != nil {
		return telemetry.Received{}, fmt.Errorf("%w: chunk %d: %w", ErrGone, ref.Seq, err)
	}
	if ref.Index < 0 || ref.Index >= len(entries) {
		return telemetry.Received{}, ErrGone
	}
	r := entries[ref.Index]
	r.Raw = append([]byte(nil), r.Raw...)
	return r, nil
}

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// hourOf is the hour of a time, counted from 1970 in Beijing's zone; its minutes are whole there as everywhere.
func hourOf(t time.Time) int64 { return floor(t.UnixMilli(), time.Hour.Milliseconds()) }

// timeOf is the start of an hour.
func timeOf(hour int64) time.Time {
	return time.UnixMilli(hour * time.Hour.Milliseconds()).In(hj212.Beijing)
}

func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}
