package journal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// These functions decide what a start may do with a damaged stream or a lost record. A start makes nothing anew that
// holds more than what would take its place. A refusal states the block numbers and every way out.

// scan is how far a stream can be read in a row from some block on.
type scan struct {
	good uint64 // the last block that can be read and stands on the one before
	last uint64 // the end that the stream states
	bad  error  // why the next is not; nil where good is the end
	// Blocks behind the first bad one that can be read by themselves. None of them can be applied: each names the hash and
	// the tree of the one before.
	behind               int
	behindFrom, behindTo uint64
}

// scanStream reads the stream from the block after one of that number and hash on; the hash of no block is all zero.
func scanStream(ctx context.Context, log appendLog, number uint64, hash [32]byte, info streamInfo) (s scan, err error) {
	s = scan{good: number, last: info.last}
	prev := hex.EncodeToString(hash[:])
	for n := number + 1; n <= info.last; n++ {
		b, err := readBlock(ctx, log, n)
		switch {
		case errors.As(err, new(*badMessage)):
			if s.bad == nil {
				s.bad = err
			}
		case err != nil:
			return s, err
		case s.bad != nil:
			if s.behind++; s.behind == 1 {
				s.behindFrom = n
			}
			s.behindTo = n
		case b.Prev != prev:
			s.bad = &badMessage{n, errors.New("it does not stand on the block before it")}
			s.behind, s.behindFrom, s.behindTo = 1, n, n // it can be read, and not be applied
		default:
			s.good, prev = n, hex.EncodeToString(b.Hash[:])
		}
	}
	return s, nil
}

// readBlock reads one message, within appendLimit, as the block of that number; a badMessage says that it is not.
func readBlock(ctx context.Context, log appendLog, number uint64) (*Block, error) {
	b, rest, err := readHead(ctx, log, number)
	if err != nil {
		return nil, err
	}
	if err := b.parse(rest); err != nil {
		return nil, &badMessage{number, err}
	}
	return b, nil
}

// readHead is readBlock for a block's header and hash alone: rest, which stands between them, is not looked at.
func readHead(ctx context.Context, log appendLog, number uint64) (b *Block, rest []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, appendLimit)
	defer cancel()
	raw, err := log.read(ctx, number)
	if err != nil && !errors.Is(err, errMissing) {
		return nil, nil, err
	}
	if err == nil {
		b, rest, err = openBlock(raw)
	}
	if err == nil && b.Number != number {
		err = fmt.Errorf("it holds block %d", b.Number)
	}
	if err != nil {
		return nil, nil, &badMessage{number, err}
	}
	return b, rest, nil
}

// mayFill says why a stream may not fill a record that is missing or ends below the height, or nil. It may when every
// block up to the height can be read, in a row, the one at the height is the one that was confirmed, and no mark says
// that it lacks some.
func (j *Journal) mayFill(ctx context.Context, h *Height, last tip, info streamInfo) error {
	s, err := scanStream(ctx, j.log, last.number, last.hash, info)
	if err != nil {
		return err
	}
	refuse := func(why string, args ...any) error { return j.refuseFill(h, last, s, fmt.Sprintf(why, args...)) }
	switch {
	case s.bad != nil:
		return refuse("%v", s.bad)
	case info.whole() != nil:
		return refuse("%v", info.whole())
	case h == nil:
		j.opt.Log.Warn("there is no record here and no height; it is made from the stream alone, whose end nothing confirms",
			"blocks", info.last)
		return nil
	case h.ShortFrom != 0:
		return refuse("it lacks blocks from %d on that were confirmed by the record alone", h.ShortFrom)
	case info.last < h.Number:
		return refuse("it is too short")
	case h.Number == 0:
		return nil
	}
	b, err := readBlock(ctx, j.log, h.Number)
	if err != nil {
		return err
	}
	if hex.EncodeToString(b.Hash[:]) != h.Hash {
		return refuse("its block %d is another one", h.Number)
	}
	j.opt.Log.Warn("the record is filled from the stream", "record", last.number, "confirmed", h.Number, "stream",
		info.last)
	return nil
}

// refuseFill is the refusal to fill a record: what is there, what is missing, and every way out with what it keeps and
// loses.
func (j *Journal) refuseFill(h *Height, last tip, s scan, why string) error {
	var b strings.Builder
	confirmed := s.last
	if h != nil {
		confirmed = max(h.Number, last.number)
		fmt.Fprintf(&b, "journal: the record here ends at block %d and block %d was confirmed; the stream, which ends at %d, may not fill it: %s",
			last.number, h.Number, s.last, why)
	} else {
		fmt.Fprintf(&b, "journal: the record here ends at block %d; the stream, which ends at %d, may not fill it: %s",
			last.number, s.last, why)
	}
	if s.behind > 0 {
		fmt.Fprintf(&b, "; %d blocks behind that can be read (%d to %d)", s.behind, s.behindFrom, s.behindTo)
	}
	if cut := j.opt.Inventory.cut(); len(cut) > 0 {
		fmt.Fprintf(&b, "; the server cut %s when it opened the store", strings.Join(cut, ", "))
	}
	b.WriteString(". Nothing was changed")
	if kept := j.opt.Inventory.Kept; kept != "" {
		fmt.Fprintf(&b, "; nats/ as it was is kept in %s", kept)
	}
	b.WriteString(". Ways out: (1) qingkong restore with a backup")
	if confirmed > 0 {
		fmt.Fprintf(&b, " that reaches block %d, which loses nothing", confirmed)
	}
	way := 2
	if s.good > 0 {
		skip := ""
		if s.behind > 0 {
			skip = " --skip-unreadable"
		}
		fmt.Fprintf(&b, "; (%d) qingkong journal rebuild --data %s --from stream%s, which keeps blocks 1 to %d", way,
			j.opt.Dir, skip, s.good)
		if confirmed > s.good {
			fmt.Fprintf(&b, " and loses %d to %d", s.good+1, confirmed)
		}
		way++
	}
	if last.number > 0 {
		fmt.Fprintf(&b, "; (%d) qingkong journal rebuild --data %s --from db, which keeps blocks 1 to %d", way, j.opt.Dir,
			last.number)
		if confirmed > last.number {
			fmt.Fprintf(&b, " and loses %d to %d", last.number+1, confirmed)
		}
	}
	return errors.New(b.String())
}

// mendStream puts a damaged stream aside and makes it anew from the record, after applying what of its tail can still
// be read: a block may have been appended and not yet committed when the process died. The record holds all that was
// confirmed; where nothing says so, a stream that holds more behind its damage is not touched.
func (j *Journal) mendStream(ctx context.Context, info streamInfo, why error) error {
	if j.opt.Shared {
		j.haltDamaged(why)
		return nil
	}
	for n := j.Height() + 1; n <= info.last; n++ {
		b, err := readBlock(ctx, j.log, n)
		if err != nil {
			break
		}
		var later *unreadableEntry
		if err := j.applyRemote(b.Raw); errors.As(err, &later) {
			return err // the block is whole, and the stream may be the only one that holds it
		} else if err != nil {
			break // it does not stand on what we hold; nothing of it was ever confirmed here
		}
	}
	t, err := j.tip()
	if err != nil {
		return err
	}
	if h := j.opt.Inventory.Height; h == nil || t.number < h.Number {
		s, err := scanStream(ctx, j.log, t.number, t.hash, info)
		if err != nil {
			return err
		}
		if s.behind > 0 || t.number == 0 {
			return j.refuseFill(h, t, s, why.Error())
		}
	}
	if err := j.putAside(); err != nil {
		j.opt.Log.Error("the stream is damaged and could not be put aside; work begins on the record alone", "why", why,
			"err", err)
		j.withoutStream(err)
		return nil
	}
	j.opt.Log.Warn("the stream is damaged; it is put aside and made anew from the record", "why", why, "blocks",
		j.Height(), "kept", j.opt.Inventory.Kept)
	j.streamEnd = 0
	return j.log.reset(ctx)
}

// putAside copies the store of the embedded server aside where that was not done yet.
func (j *Journal) putAside() (err error) {
	b := j.opt.Inventory
	if b.Kept != "" || b.store == "" || len(b.lengths) == 0 {
		return nil
	}
	b.Kept, err = keepStore(j.opt.Dir, b.store)
	return err
}
