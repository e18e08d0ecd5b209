package rows

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/readings"
)

// Bucket rows.passes says when vehicles went through gates, and by which messages, so that they can be read where they
// were received: a row here holds no plate. Its key is the gate, a zero, the time in milliseconds and the [frames.Ref] of
// the message, and its value is empty. A pass that is told twice is two rows.
var passesBucket = []byte("rows.passes")

const (
	passTail  = 8 + 8 + 4 // of a key, behind the gate and its zero
	flushPass = 5000      // rows of one transaction
)

// passKey is the key of a pass; without a ref that of the first at its time.
func passKey(gate telemetry.Point, at time.Time, ref frames.Ref) []byte {
	key := append([]byte(gate), 0)
	key = binary.BigEndian.AppendUint64(key, uint64(max(at.UnixMilli(), 0)))
	key = binary.BigEndian.AppendUint64(key, ref.Seq)
	return binary.BigEndian.AppendUint32(key, uint32(ref.Index)) // #nosec G115 -- an index in a chunk is small
}

// passAt is the time of a pass.
func passAt(key []byte) time.Time {
	ms := binary.BigEndian.Uint64(key[len(key)-passTail:])
	return time.UnixMilli(int64(ms)).In(beijing) // #nosec G115 -- written from an int64
}

// passRef is the message of a pass.
func passRef(key []byte) frames.Ref {
	tail := key[len(key)-12:]
	return frames.Ref{Seq: binary.BigEndian.Uint64(tail), Index: int(binary.BigEndian.Uint32(tail[8:]))}
}

// pass holds the passes that a message tells of until they are written.
func (b *Builder) pass(s *station, r *telemetry.Received, m *readings.Message, ref frames.Ref) {
	gate := m.Point
	if of, _ := gate.Split(); of != s.MN || len(gate) > maxName {
		return
	}
	for i := range m.Passes {
		at := m.Passes[i].At
		if r.At.Sub(at) > b.opt.Minutes {
			s.tell(ruleTime, r.At, string(gate)+" "+at.Format(time.DateTime), ref)
			continue
		}
		key := string(passKey(gate, at, ref))
		if _, twice := b.passes[key]; !twice {
			b.passes[key] = struct{}{}
			b.held++
			b.moved(gate, at, ref.Seq)
		}
	}
}

// flushPasses writes the passes that are held.
func (b *Builder) flushPasses(ctx context.Context) error {
	keys := make([]string, 0, len(b.passes))
	for key := range b.passes {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for part := range slices.Chunk(keys, flushPass) {
		err := b.update(ctx, func(tx *bbolt.Tx) error {
			for _, key := range part {
				if err := tx.Bucket(passesBucket).Put([]byte(key), []byte{}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("rows: write passes: %w", err)
		}
		b.mu.Lock()
		for _, key := range part {
			delete(b.passes, key)
			b.held--
		}
		b.mu.Unlock()
	}
	return nil
}

// PassAt is when a vehicle went through a gate, and the message that says so.
type PassAt struct {
	At  time.Time
	Ref frames.Ref
}

// Passes are when vehicles went through a gate from a time on and before another, by time and then in the order of the
// messages, at most limit of them. Errors: those of the store.
func (b *Builder) Passes(gate telemetry.Point, from, to time.Time, limit int) (all []PassAt, err error) {
	first, end := passKey(gate, from, frames.Ref{}), passKey(gate, to, frames.Ref{})
	b.mu.RLock()
	defer b.mu.RUnlock()
	var held, keys []string
	for key := range b.passes {
		if key >= string(first) && key < string(end) && len(key) == len(first) {
			held = append(held, key)
		}
	}
	err = b.opt.Store.View(func(tx *bbolt.Tx) error {
		keys = slices.Clone(held)
		c, n := tx.Bucket(passesBucket).Cursor(), 0
		for k, _ := c.Seek(first); k != nil && bytes.Compare(k, end) < 0 && n < limit; k, _ = c.Next() {
			if len(k) == len(first) {
				keys = append(keys, string(k))
				n++
			}
		}
		return nil
	})
	slices.Sort(keys)
	keys = slices.Compact(keys)
	for _, key := range keys[:min(len(keys), limit)] {
		all = append(all, PassAt{passAt([]byte(key)), passRef([]byte(key))})
	}
	return all, err
}
