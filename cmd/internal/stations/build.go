package stations

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/rows"
)

// How rows are built. What is held is read as what is written is, and is made again after a crash. Writing it makes the row
// of each point and day anew, however little came: so it waits for much, or for as long as it takes seconds to make again.
const (
	flushEvery   = 5 * time.Minute
	flushFrom    = 0.5       // of what may be held
	readBytes    = 256 << 10 // of chunks as they are stored, some thousand frames
	readUnpacked = 4 << 20   // of them as they came, and one more chunk
	againAfter   = 5 * time.Second
	trimEvery    = time.Hour
	trimWithin   = 10 * time.Minute
)

// Build makes readings of what came until ctx ends, and removes what is too old or too much. It removes that while no
// readings can be made too, and while many are.
func (n *Node) Build(ctx context.Context) error {
	flushed, trimmed := n.now(), n.now().Add(-trimEvery) // once soon after the start
	for {
		more, err := n.step(ctx, &flushed)
		if n.now().Sub(trimmed) >= trimEvery && !errors.Is(err, errNoRoom) { // what is removed leaves no more room on the disk
			trimmed = n.now()
			err = errors.Join(err, n.trim(ctx))
		}
		if ctx.Err() != nil {
			n.finish(ctx)
			return nil
		}
		n.found(err)
		if more && err == nil {
			continue
		}
		wait := time.Second
		if err != nil {
			wait = againAfter
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-n.more:
			if err != nil { // not at once again
				_ = pause(ctx, againAfter) // its end is seen above
			}
		}
		timer.Stop()
	}
}

// errNoRoom is that nothing is written while the disk is nearly full. How little room it has is told elsewhere.
var errNoRoom = errors.New("the disk is nearly full")

// step applies some of what came since, writes what is held where that is due, and says whether there may be more.
func (n *Node) step(ctx context.Context, flushed *time.Time) (more bool, err error) {
	if n.opt.Full != nil && n.opt.Full() != nil {
		return false, errNoRoom
	}
	b, err := n.opened()
	if err != nil {
		return false, err
	}
	n.giveWay(ctx)
	more, err = n.apply(b)
	n.progressed()
	full := errors.Is(err, rows.ErrFull)
	if err != nil && !full {
		return false, err
	}
	if held := b.Held(); full || held >= flushFrom || held > 0 && n.now().Sub(*flushed) >= flushEvery {
		if err := b.Flush(ctx); err != nil {
			return false, err
		}
		*flushed = n.now()
	}
	return more || full, nil
}

// When readings wait for what is to be confirmed, and for how long at most before some are made.
const (
	busyFrom    = 1000 // that wait to become durable
	giveWayFor  = time.Second
	giveWayTill = 30 * time.Second // that readings are behind
)

// giveWay waits while much waits to be confirmed, since readings are as good a little later. It has readings made all the
// same, slowly, and at full pace once they are far behind.
func (n *Node) giveWay(ctx context.Context) {
	const look = 10 * time.Millisecond
	for waited := time.Duration(0); waited < giveWayFor; waited += look {
		if n.Taker.Waiting() < busyFrom || n.Status().Behind > giveWayTill || pause(ctx, look) != nil {
			return
		}
	}
}

// opened is the builder, made where there is none.
func (n *Node) opened() (*rows.Builder, error) {
	n.mu.Lock()
	b := n.builder
	n.mu.Unlock()
	if b != nil {
		return b, nil
	}
	b, err := rows.NewBuilder(rows.Options{Store: n.rows, Station: n.station, Cipher: n.opt.Cipher, Raw: n.raw,
		Minutes: n.opt.Minutes, Hours: n.opt.Hours})
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.builder, n.through, n.remade = b, n.last, n.now()
	n.from, _ = b.Cursor()
	return b, nil
}

// station is who reports under an MN, as package rows asks. That the register can be read was seen before.
func (n *Node) station(mn string) *telemetry.Station {
	st, err := n.opt.Station(mn)
	if err != nil {
		n.log.Warn("what the register says of a station cannot be read", "mn", mn, "err", err)
	}
	return st
}

func (n *Node) raw(ref frames.Ref) (r telemetry.Received, err error) {
	err = n.frames.View(func(tx *bbolt.Tx) error { r, err = frames.At(tx, ref); return err })
	return r, err
}

// apply gives the builder some of what came behind its cursor, and says whether there may be more. Nothing is applied
// while the register cannot be read: what is applied is not looked at again. It holds no transaction while it does so, as
// the builder opens its own.
func (n *Node) apply(b *rows.Builder) (more bool, err error) {
	cursor, _ := b.Cursor()
	chunks, err := n.behindOf(cursor)
	if err != nil {
		return false, err
	}
	for _, c := range chunks {
		for i := range c.entries {
			st, err := n.opt.Station(c.entries[i].MN)
			if err == nil && st == nil && n.early(&c.entries[i]) {
				return false, nil // the register of this node is behind
			}
			if err != nil {
				return false, err
			}
		}
		if c.damaged != nil {
			n.log.Error("some of what stations sent is damaged and gives no readings", "chunk", c.seq, "err", c.damaged)
			if err := b.Skip(c.seq, n.now(), c.damaged); err != nil {
				return false, err
			}
			continue
		}
		if err := b.Apply(c.seq, c.entries); err != nil {
			return false, err
		}
	}
	return len(chunks) > 0, nil
}

// taken is a chunk whose bytes are its own.
type taken struct {
	seq     uint64
	entries []telemetry.Received
	damaged error // why there are none
}

var errEnough = errors.New("enough is read")

// behindOf are some of the chunks behind a sequence number, one at least where there is one.
func (n *Node) behindOf(cursor uint64) (chunks []taken, err error) {
	err = n.frames.View(func(tx *bbolt.Tx) error {
		chunks = nil
		size := 0
		_, err := frames.Read(tx, cursor, readBytes, func(seq uint64, entries []telemetry.Received, damaged error) error {
			if size > readUnpacked {
				return errEnough
			}
			for i := range entries {
				entries[i].Raw = bytes.Clone(entries[i].Raw)
				size += len(entries[i].Raw) + itemBytes
			}
			chunks = append(chunks, taken{seq, entries, damaged})
			return nil
		})
		return err
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return chunks, err
}

// registerLags is how long this node's record may be behind that of the node which took something.
const registerLags = 30 * time.Second

// early reports whether something of a station that is not registered may be of one that will be in a moment: another node
// took it, by a register that has come further.
func (n *Node) early(r *telemetry.Received) bool {
	return n.stream != nil && frames.IsLeaf(r) && n.now().Sub(r.At) < registerLags
}

// finish writes what is held at the end, so that little is to be made again.
func (n *Node) finish(ctx context.Context) {
	n.mu.Lock()
	b := n.builder
	n.mu.Unlock()
	if b == nil {
		return
	}
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastFlush)
	defer cancel()
	if err := b.Flush(within); err != nil {
		n.log.Info("readings are not written at the end; they are made again", "err", err)
	}
}

// lastFlush bounds that.
const lastFlush = 2 * time.Second

// trim removes what is too old, or too much. What is too much goes whatever else is broken: the disk is everybody's.
func (n *Node) trim(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, trimWithin)
	defer cancel()
	now := n.now()
	keep := frames.Keep{Since: now.Add(-n.opt.Raw), Bytes: n.opt.MaxBytes}
	rooted, unknown := n.opt.Rooted()
	if unknown == nil {
		keep.Rooted = rooted // else no hour's root counts as recorded, and nothing goes for its age
	}
	for more := true; more; {
		var t frames.Trimmed
		err := n.frames.Update(ctx, func(tx *bbolt.Tx) (err error) { t, err = frames.Trim(tx, keep); return err })
		if err != nil {
			return errors.Join(err, unknown)
		}
		if more = t.More; t.Chunks+t.Damaged > 0 {
			n.trimmed(&t)
		}
	}
	n.mu.Lock()
	b := n.builder
	n.mu.Unlock()
	if b == nil { // why there is none was told
		return unknown
	}
	_, err := b.Trim(ctx, now)
	return errors.Join(err, unknown)
}

// trimmed tells what went of the raw frames.
func (n *Node) trimmed(t *frames.Trimmed) {
	level := slog.LevelInfo
	if t.BySize {
		level = slog.LevelWarn
		n.mu.Lock()
		built := uint64(0) // where the readings cannot be read nobody knows of any
		if n.builder != nil {
			built, _ = n.builder.Cursor()
		}
		n.bySize, n.unbuilt = n.now(), n.unbuilt || t.Last > built
		n.mu.Unlock()
	}
	n.log.Log(context.Background(), level, "raw frames of stations were removed", "frames", t.Frames, "from", t.From,
		"to", t.To, "for_size", t.BySize, "before_their_root", t.Unrooted,
		"damaged_chunks", t.Damaged)
}

// found tells how readings are made by now.
func (n *Node) found(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case err != nil && n.trouble == nil:
		n.since = n.now()
		n.log.Error("readings are not made of what stations send; it is tried again", "err", err)
	case err == nil && n.trouble != nil:
		n.log.Info("readings are made of what stations send again", "since", n.since)
	}
	n.trouble = err
	if errors.Is(err, rows.ErrLost) { // readings are made anew of all that is kept
		n.builder = nil
	}
}
