package frames

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
)

var (
	placeKey = []byte("place") // in frames.state: the [Place]
	partsKey = []byte("parts") // in frames.state: first hour and the one behind the last, 8 bytes each, of hours that are parts
)

const (
	// partMargin is by how much the clocks of a stream's servers may go back when one takes over from another.
	partMargin = 10 * time.Minute
	mostParts  = 64 // runs of hours; the oldest two become one beyond
	placeLen   = 8 + 8 + 8 + 1 + sha256.Size
)

// ErrPart is why an hour has no root although it is over: something may have come in it that this log has not, since it
// joined a stream in that hour or missed some of it. It is an [ErrGone].
var ErrPart = fmt.Errorf("%w: not all that came in that hour is here", ErrGone)

// Message is a chunk as a stream carries it.
type Message struct {
	Stream time.Time // when the stream was made, which tells it from any other
	Seq    uint64    // in the stream
	At     time.Time // when the stream took it
	Chunk  []byte
}

// Place is how far a log has followed a stream; the zero value of one that never did.
type Place struct {
	Stream time.Time         // when it was made
	Seq    uint64            // the last message that was followed
	At     time.Time         // when the stream took that
	Sum    [sha256.Size]byte // of its bytes
	Left   bool              // the log has gone on by itself since
}

// Taken is what became of a message.
type Taken struct {
	Bad   error     // why it is passed over: it is no chunk
	Break Break     // what is missing before it
	Whole time.Time // with a Break: the start of the first hour that is told again
}

// Break is why a log does not go on in a stream where it was.
type Break string

// The breaks.
const (
	Joined   Break = "joined"   // it never followed one
	Returned Break = "returned" // it went on by itself for a while
	Anew     Break = "anew"     // this is another stream than before
	Missed   Break = "missed"   // messages in between are gone
)

// AppendAt writes a chunk of a stream behind what is there. A message that was followed before changes nothing.
//
// A thing came when the node that took it says, but no later than the stream took its chunk, and no earlier than what is in
// front of it in the stream: so every log that follows has the same times. Where one does not go on where it was, the hours
// that it may have in part are told of no more ([ErrPart]): from the one it was in to the last that began within ten minutes
// of the message. From then on what came before it in the stream, whatever that was, bears on no time.
//
// An error is one of bbolt.
func AppendAt(tx *bbolt.Tx, m Message) (t Taken, err error) {
	s, err := load(tx)
	if err != nil {
		return t, err
	}
	place, err := Followed(tx)
	if err != nil {
		return t, err
	}
	switch {
	case place.Stream.IsZero():
		t.Break = Joined
	case !place.Stream.Equal(m.Stream):
		t.Break = Anew
	case m.Seq <= place.Seq:
		return t, nil
	case place.Left:
		t.Break = Returned
	case m.Seq > place.Seq+1:
		t.Break = Missed
	}
	if t.Break != "" {
		if t.Whole, err = s.broken(tx, s.hour, m.At); err != nil {
			return t, err
		}
	}
	place = Place{Stream: m.Stream, Seq: m.Seq, At: m.At, Sum: sha256.Sum256(m.Chunk)}
	if err := place.save(tx); err != nil {
		return t, err
	}
	c, err := parse(m.Chunk)
	var entries []telemetry.Received
	if err == nil {
		entries, err = c.entries()
	}
	if err != nil {
		t.Bad = err
		return t, nil
	}
	took := m.At.Truncate(time.Millisecond)
	if c.count == 0 {
		at := c.first
		if took.Before(at) {
			at = took
		}
		return t, s.close(tx, s.next(at), at)
	}
	b := m.Chunk
	if c.first.Before(s.at) || c.last.After(took) {
		for i := range entries {
			if entries[i].At.After(took) {
				entries[i].At = took
			}
		}
		entries = raise(entries, s.at)
		b = encode(entries, entries[0].At)
	}
	if err := s.append(tx, s.next(entries[0].At), entries, b); err != nil {
		return t, err
	}
	return t, s.save(tx)
}

// Followed is how far the log has followed a stream.
func Followed(tx *bbolt.Tx) (p Place, err error) {
	b := tx.Bucket(stateBucket).Get(placeKey)
	if b == nil {
		return p, nil
	}
	if len(b) != placeLen {
		return p, errors.New("frames: the row of the place in the stream is damaged")
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[8*i:])) } // #nosec G115 -- as they were put
	p.Stream, p.Seq, p.At, p.Left = time.Unix(0, n(0)), uint64(n(1)), time.Unix(0, n(2)), b[24] != 0
	copy(p.Sum[:], b[25:])
	return p, nil
}

// Forget has the log know no stream, so that the next message is behind a [Break], whatever its number. Whoever follows does
// so where the stream lost what the log had of it: what went last may never have come to others, so that its hours are told
// of no more.
func Forget(tx *bbolt.Tx) error {
	s, err := load(tx)
	if err != nil {
		return err
	}
	place, err := Followed(tx)
	if err != nil || place.Stream.IsZero() {
		return err
	}
	if _, err := s.broken(tx, min(s.hour, hourOf(place.At.Add(-partMargin))), place.At); err != nil {
		return err
	}
	return tx.Bucket(stateBucket).Delete(placeKey)
}

func (p *Place) save(tx *bbolt.Tx) error {
	b := make([]byte, 0, placeLen)
	for _, n := range []int64{p.Stream.UnixNano(), int64(p.Seq), p.At.UnixNano()} { // #nosec G115 -- as they are read
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	left := byte(0)
	if p.Left {
		left = 1
	}
	return tx.Bucket(stateBucket).Put(placeKey, append(append(b, left), p.Sum[:]...))
}

// leave notes that a log which followed a stream goes on by itself from a time on.
func (s *state) leave(tx *bbolt.Tx, at time.Time) error {
	place, err := Followed(tx)
	if err != nil || place.Stream.IsZero() || place.Left {
		return err
	}
	place.Left = true
	if err := place.save(tx); err != nil {
		return err
	}
	_, err = s.broken(tx, s.hour, at)
	return err
}

// broken has hours told of no more that the log may have in part where it breaks at a time: those from one on, or any where
// it is empty, to the last that begins within the margin behind the time. It returns the next.
func (s *state) broken(tx *bbolt.Tx, from int64, at time.Time) (whole time.Time, err error) {
	if at.Before(s.at) {
		at = s.at
	}
	if s.seq == 0 {
		from = 0
	}
	run := [2]int64{from, hourOf(at.Add(partMargin)) + 1}
	parts, err := loadParts(tx)
	if err != nil {
		return whole, err
	}
	parts = slices.DeleteFunc(parts, func(p [2]int64) bool { return p[1] <= s.from })
	for last := len(parts) - 1; last >= 0 && parts[last][1] >= run[0]; last-- {
		run = [2]int64{min(parts[last][0], run[0]), max(parts[last][1], run[1])}
		parts = parts[:last]
	}
	if parts = append(parts, run); len(parts) > mostParts {
		parts[1][0] = parts[0][0]
		parts = parts[1:]
	}
	var b []byte
	for _, p := range parts {
		b = append(append(b, key(uint64(p[0]))...), key(uint64(p[1]))...) // #nosec G115 -- as they are read
	}
	return timeOf(run[1]), tx.Bucket(stateBucket).Put(partsKey, b)
}

func loadParts(tx *bbolt.Tx) (parts [][2]int64, err error) {
	b := bytes.Clone(tx.Bucket(stateBucket).Get(partsKey))
	if len(b)%16 != 0 {
		return nil, errors.New("frames: the row of hours that are parts is damaged")
	}
	for ; len(b) > 0; b = b[16:] {
		from, to := binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])
		parts = append(parts, [2]int64{int64(from), int64(to)}) // #nosec G115 -- as they were put
	}
	return parts, nil
}

// isPart reports whether not all that came in an hour may be here.
func isPart(tx *bbolt.Tx, hour int64) (bool, error) {
	parts, err := loadParts(tx)
	_, found := slices.BinarySearchFunc(parts, hour, func(p [2]int64, h int64) int {
		switch {
		case h < p[0]:
			return 1
		case h >= p[1]:
			return -1
		}
		return 0
	})
	return found, err
}
