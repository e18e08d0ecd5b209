package journal

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// begin brings the record and the stream together. ErrForked is for the caller to stop writing.
func (j *Journal) begin(ctx context.Context) error {
	last, err := j.tip()
	if err != nil {
		return err
	}
	j.height.Store(last.number)
	if h := j.opt.Inventory.Height; h != nil && last.number >= h.Number {
		if err := j.holdsHeight(h); err != nil {
			return err
		}
	}
	if j.opt.Shared {
		return j.beginShared(ctx, last)
	}
	return j.beginAlone(ctx, last)
}

// beginAlone brings the two stores of a node of its own together. bbolt decides, where it reaches as far as the height
// says:
//
//	stream ahead                      its blocks are applied
//	stream shorter                    the follower appends what it lacks, while work goes on
//	hole, unreadable message, a last  rebuilt from bbolt
//	sequence that is no block number
//	same number, other hash           a fork: nothing is written until `journal reconcile`
//
// A record that is missing or ends below the height is filled by a whole stream that reaches it, and by nothing else.
func (j *Journal) beginAlone(ctx context.Context, last tip) error {
	h := j.opt.Inventory.Height
	reaches := last.number > 0 && (h == nil || last.number >= h.Number) // so that the stream is not needed
	one, cancel := context.WithTimeout(ctx, appendLimit)
	info, err := j.log.info(one)
	cancel()
	if err != nil && reaches {
		j.withoutStream(err)
		return nil
	}
	if err != nil {
		return err
	}
	if lost := h != nil && last.number < h.Number; lost || last.number == 0 && info.last > 0 {
		j.fresh = true
		if err := j.mayFill(ctx, h, last, info); err != nil {
			return err
		}
	}
	if err := info.whole(); err != nil {
		return j.mendStream(ctx, info, err)
	}
	if err := j.compareCommon(ctx, min(info.last, last.number)); err != nil {
		if errors.As(err, new(*badMessage)) {
			return j.mendStream(ctx, info, err)
		}
		if reaches && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			j.withoutStream(err)
			return nil
		}
		return err
	}
	j.streamEnd = info.last
	if info.last >= last.number {
		return j.applyAhead(ctx, info)
	}
	j.opt.Log.Warn("the stream ends before the record; its tail is appended again", "stream", info.last, "record",
		last.number)
	return nil
}

// withoutStream begins work on the record alone: the follower looks at the stream when it answers.
func (j *Journal) withoutStream(err error) {
	j.opt.Log.Warn("the stream does not answer; work begins on the record alone", "err", err)
	j.streamEnd, j.unasked = 0, true
}

// holdsHeight says why the record is not the one that reached the height, or nil.
func (j *Journal) holdsHeight(h *Height) error {
	if h.Number == 0 {
		return nil
	}
	b, err := j.block(h.Number)
	if err != nil {
		return err
	}
	if hex.EncodeToString(b.Hash[:]) != h.Hash {
		return fmt.Errorf("block %d of the record is %x, and %s was confirmed here (%s): %w", h.Number, b.Hash[:6],
			h.Hash[:12], HeightFile, ErrForked)
	}
	return nil
}

// beginShared brings the record of one of several nodes to the shared stream, which decides. A stream that lost blocks
// is completed first by the node that reaches furthest, see heights.go.
func (j *Journal) beginShared(ctx context.Context, last tip) error {
	info, err := j.log.info(ctx)
	if err != nil {
		return err
	}
	if err := info.whole(); err != nil {
		j.haltDamaged(err)
		return nil
	}
	if info, err = j.awaitHeights(ctx); err != nil {
		return err
	}
	if err := j.compareCommon(ctx, min(info.last, last.number)); errors.As(err, new(*badMessage)) {
		j.haltDamaged(err)
		return nil
	} else if err != nil {
		return err
	}
	return j.applyAhead(ctx, info)
}

// haltDamaged stops writing on a shared stream that is damaged: no node makes it anew, for others hold it too.
func (j *Journal) haltDamaged(why error) {
	j.halt(fmt.Errorf("the shared stream is damaged (%w): restore it on the cluster, or rebuild it with one node alone", why))
}

// ErrForked means that the stream and the record hold different blocks of the same number.
var ErrForked = errors.New("the record has forked")

// badMessage is a message that cannot be what was appended there.
type badMessage struct {
	number uint64
	err    error
}

func (d *badMessage) Error() string {
	return fmt.Sprintf("message %d cannot be read: %v", d.number, d.err)
}
func (d *badMessage) Unwrap() error { return d.err }

func (j *Journal) tip() (t tip, err error) {
	err = j.db.View(func(tx *bbolt.Tx) error { t, err = readTip(tx); return err })
	return t, err
}

// scrubBytes bounds how much of the stream's end is read at start; the whole of it is read by `journal check`.
const scrubBytes = 64 << 20

// compareCommon reads the common end of the two backwards and compares it block by block.
func (j *Journal) compareCommon(ctx context.Context, from uint64) error {
	for n, read := from, 0; n > 0 && read < j.opt.scrub; n-- {
		theirs, _, err := readHead(ctx, j.log, n)
		if err != nil {
			return err
		}
		ours, err := j.block(n)
		if err != nil {
			return err
		}
		if ours.Hash != theirs.Hash {
			return fmt.Errorf("block %d is %x in the stream and %x in the record: %w", n, theirs.Hash[:6], ours.Hash[:6],
				ErrForked)
		}
		read += len(theirs.Raw)
	}
	return nil
}

func (j *Journal) block(number uint64) (*Block, error) {
	var b *Block
	err := j.db.View(func(tx *bbolt.Tx) (err error) {
		b, _, err = openBlock(bytes.Clone(ReadBlock(tx, number)))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("journal: block %d of the record: %w (run qingkong journal check)", number, err)
	}
	return b, nil
}

// applyAhead applies the blocks that only the stream has, up to its end as info saw it.
func (j *Journal) applyAhead(ctx context.Context, info streamInfo) error {
	from := j.Height() + 1
	for n := from; n <= info.last; n++ {
		raw, err := j.log.read(ctx, n)
		if errors.Is(err, errMissing) {
			return j.mendStream(ctx, info, &badMessage{n, err})
		}
		if err != nil {
			return err
		}
		if _, err := ParseBlock(raw); err != nil {
			return j.mendStream(ctx, info, &badMessage{n, err})
		}
		if err := j.applyRemote(raw); err != nil {
			return err
		}
		j.streamEnd = n
	}
	if from <= info.last {
		j.opt.Log.Info("applied the blocks that only the stream had", "from", from, "to", info.last)
	}
	return nil
}

// appendTail appends the record's blocks from number on.
func (j *Journal) appendTail(ctx context.Context, from uint64) error {
	const chunk = 16
	for n := from; ; {
		var raws [][]byte
		err := j.db.View(func(tx *bbolt.Tx) error {
			for number, raw := range blocksFrom(tx, n) {
				if len(raws) == chunk {
					break
				}
				if want := n + uint64(len(raws)); number != want {
					return fmt.Errorf("journal: block %d is missing in the record", want)
				}
				raws = append(raws, bytes.Clone(raw))
			}
			return nil
		})
		if err != nil || len(raws) == 0 {
			return err
		}
		for _, raw := range raws {
			one, cancel := context.WithTimeout(ctx, 30*time.Second)
			err := j.log.append(one, n, raw)
			cancel()
			if err != nil {
				return fmt.Errorf("journal: append block %d again: %w", n, err)
			}
			n++
		}
	}
}
