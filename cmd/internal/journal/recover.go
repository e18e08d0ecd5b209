package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// recoverRecord compares the stream with the record and mends whichever is behind or damaged.
//
//	stream ahead                      its blocks are applied
//	clean tail missing                appended again (shared: after every node has said how far it is, heights.go)
//	hole, unreadable message, a last  rebuilt from bbolt (never a shared one: other nodes hold it too)
//	sequence that is no block number
//	same number, other hash           a fork: nothing is written until `journal reconcile`
func (j *Journal) recoverRecord(ctx context.Context) error {
	last, err := j.tip()
	if err != nil {
		return err
	}
	j.height.Store(last.number)
	info, err := j.log.info(ctx)
	if err != nil {
		return err
	}
	if err := info.whole(); err != nil {
		return j.mendStream(ctx, info, err)
	}
	if j.opt.Shared {
		if info, err = j.awaitHeights(ctx); err != nil && !errors.Is(err, ErrForked) {
			return err
		}
	}
	if err := j.compareCommon(ctx, min(info.last, last.number)); err != nil {
		var bad *damaged
		if errors.As(err, &bad) {
			return j.mendStream(ctx, info, err)
		}
		if errors.Is(err, ErrForked) {
			j.halt(err)
			return nil
		}
		return err
	}
	if info.last >= last.number {
		return j.applyAhead(ctx, info)
	}
	j.opt.Log.Warn("the stream ends before the record; appending its tail again", "stream", info.last, "record", last.number)
	return j.appendTail(ctx, info.last+1)
}

// ErrForked means that the stream and the record hold different blocks of the same number.
var ErrForked = errors.New("the record has forked")

// damaged is a message that cannot be what was appended there.
type damaged struct {
	number uint64
	err    error
}

func (d *damaged) Error() string {
	return fmt.Sprintf("message %d cannot be read: %v", d.number, d.err)
}
func (d *damaged) Unwrap() error { return d.err }

func (j *Journal) tip() (t tip, err error) {
	err = j.db.View(func(tx *bbolt.Tx) error { t, err = readTip(tx); return err })
	return t, err
}

// scrubBytes bounds how much of the stream's end is read at start; the whole of it is read by `journal check`.
const scrubBytes = 64 << 20

// compareCommon reads the common end of the two backwards and compares it block by block.
func (j *Journal) compareCommon(ctx context.Context, from uint64) error {
	for n, read := from, 0; n > 0 && read < scrubBytes; n-- {
		raw, err := j.log.read(ctx, n)
		if errors.Is(err, errMissing) {
			return &damaged{n, err}
		}
		if err != nil {
			return err
		}
		theirs, _, err := openBlock(raw)
		if err != nil {
			return &damaged{n, err}
		}
		if theirs.Number != n {
			return &damaged{n, fmt.Errorf("it holds block %d", theirs.Number)}
		}
		ours, err := j.block(n)
		if err != nil {
			return err
		}
		if ours.Hash != theirs.Hash {
			return fmt.Errorf("block %d is %x in the stream and %x in the record: %w", n, theirs.Hash[:6], ours.Hash[:6], ErrForked)
		}
		read += len(raw)
	}
	return nil
}

func (j *Journal) block(number uint64) (*Block, error) {
	var b *Block
	err := j.db.View(func(tx *bbolt.Tx) (err error) {
		b, _, err = openBlock(append([]byte(nil), ReadBlock(tx, number)...))
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
			return j.mendStream(ctx, info, &damaged{n, err})
		}
		if err != nil {
			return err
		}
		if _, err := ParseBlock(raw); err != nil {
			return j.mendStream(ctx, info, &damaged{n, err})
		}
		if err := j.applyRemote(raw); err != nil {
			return err
		}
	}
	if from <= info.last {
		j.opt.Log.Info("applied the blocks that only the stream had", "from", from, "to", info.last)
	}
	return nil
}

// mendStream replaces a damaged stream by one made from bbolt, after applying what of its tail can still be
// read: a block may have been appended and not yet committed when the process died.
func (j *Journal) mendStream(ctx context.Context, info streamInfo, why error) error {
	if j.opt.Shared {
		j.halt(fmt.Errorf("the shared stream is damaged (%w): restore it on the cluster, or rebuild it with one node alone", why))
		return nil
	}
	for n := j.Height() + 1; n <= info.last; n++ {
		raw, err := j.log.read(ctx, n)
		if err != nil {
			break
		}
		if _, err := ParseBlock(raw); err != nil {
			break
		}
		var later *unreadable
		if err := j.applyRemote(raw); errors.As(err, &later) {
			return err // the block is whole, and the stream may be the only one that holds it
		} else if err != nil {
			break // it does not stand on what we hold; nothing of it was ever confirmed here
		}
	}
	j.opt.Log.Warn("the stream is damaged and is rebuilt from the record", "why", why, "blocks", j.Height())
	if err := j.log.reset(ctx); err != nil {
		return err
	}
	return j.appendTail(ctx, 1)
}

// appendTail appends the record's blocks from number on.
func (j *Journal) appendTail(ctx context.Context, from uint64) error {
	const chunk = 16
	for n := from; ; {
		var raws [][]byte
		err := j.db.View(func(tx *bbolt.Tx) error {
			blocks := blocksFrom(tx, n)
			for v := blocks.next(); v != nil && len(raws) < chunk; v = blocks.next() {
				if blocks.number != n+uint64(len(raws)) {
					return fmt.Errorf("journal: block %d is missing in the record", n+uint64(len(raws)))
				}
				raws = append(raws, append([]byte(nil), v...))
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
