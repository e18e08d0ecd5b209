package journal

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

// A check makes the state anew from the blocks, in a scratch file, and holds it against the stored one. It reads the
// record in short transactions alone, on a stopped folder too: the scratch follows the record block by block, and each
// part of the state is compared at a height that both have at that moment. So writers go on, and the record's file does
// not grow for it.

// holdWithin is after how long a transaction of a check takes up no further row. A row, a leaf or a small block may
// come on top.
const holdWithin = 10 * time.Millisecond

// checkTx is one read transaction of a check.
type checkTx struct {
	tx    *bbolt.Tx
	begun time.Time
	taken bool
}

// over says whether the transaction is to end; not before it has taken one thing up.
func (s *checkTx) over() bool {
	was := s.taken
	s.taken = true
	return was && s.late()
}

func (s *checkTx) late() bool { return time.Since(s.begun) > holdWithin }

// read runs fn on a transaction of the record, which fn ends when it is over, and rests then.
func (p *recordCheck) read(ctx context.Context, fn func(s *checkTx)) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	var held time.Duration
	err := p.db.View(func(tx *bbolt.Tx) error {
		s := &checkTx{tx: tx, begun: time.Now()}
		fn(s)
		held = time.Since(s.begun)
		return nil
	})
	p.r.Held = max(p.r.Held, held)
	if err != nil {
		return err
	}
	return p.rest(ctx, held)
}

// readOn runs fn on one transaction after another until it says that it has come to the end.
func (p *recordCheck) readOn(ctx context.Context, fn func(s *checkTx) (end bool)) error {
	for end := false; !end; {
		if err := p.read(ctx, func(s *checkTx) { end = fn(s) }); err != nil {
			return err
		}
	}
	return nil
}

// rest leaves processor and disk to the work beside for as long as the check has just had them.
func (p *recordCheck) rest(ctx context.Context, worked time.Duration) error {
	const worthIt = 2 * time.Millisecond
	if p.tired += worked; !p.beside || p.tired < worthIt {
		return ctx.Err()
	}
	pause := p.tired
	p.tired = 0
	return sleep(ctx, pause)
}

// rows calls fn with each row of a bucket and the transaction it is read in, good for that call.
func (p *recordCheck) rows(ctx context.Context, bucket []byte, fn func(tx *bbolt.Tx, k, v []byte)) error {
	var from []byte
	return p.readOn(ctx, func(s *checkTx) (end bool) {
		c := s.tx.Bucket(bucket).Cursor()
		k, v := c.Seek(from)
		for ; k != nil && !s.over(); k, v = c.Next() {
			fn(s.tx, k, v)
			from = append(append(from[:0], k...), 0)
		}
		return k == nil
	})
}

// blocks calls fn with each block of the record, good for that call.
func (p *recordCheck) blocks(ctx context.Context, fn func(tx *bbolt.Tx, number uint64, raw []byte)) error {
	from := uint64(0)
	return p.readOn(ctx, func(s *checkTx) (end bool) {
		for number, raw := range blocksFrom(s.tx, from) {
			if s.over() {
				return false
			}
			if number == math.MaxUint64 { // none comes behind it, nor was it ever reached
				break
			}
			fn(s.tx, number, raw)
			from = number + 1
		}
		return true
	})
}

// openScratch makes the file that the state is made anew in. It has no name once it is open, so that whatever ends the
// check, a kill too, leaves nothing of it.
func (p *recordCheck) openScratch() error {
	dir, err := os.MkdirTemp(p.tmp, scratchName)
	if err != nil {
		return err
	}
	p.scratch, err = openDB(filepath.Join(dir, File), p.reg)
	if gone := os.RemoveAll(dir); err != nil || gone != nil {
		return closeAfter(p.scratch, errors.Join(err, gone))
	}
	p.scratch.NoSync = true
	return nil
}

// scratchName begins the name of the folders of checks.
const scratchName = "qingkong-check-"

// badBlock is a block that cannot be applied to those before it.
type badBlock struct {
	number uint64
	err    error
}

func (b *badBlock) Error() string { return fmt.Sprintf("block %d: %v", b.number, b.err) }
func (b *badBlock) Unwrap() error { return b.err }

// numberedBlock is a block and the number that it is stored under.
type numberedBlock struct {
	number uint64
	raw    []byte
}

// missing copies the blocks that the scratch lacks, up to so many and so many bytes; end says that there are no more.
// The copy is good until the next call, which reuses its memory: asking for new memory could mean a wait inside a
// transaction.
func (p *recordCheck) missing(s *checkTx, count, bytesMost int) (list []numberedBlock, end bool) {
	copied := p.copied[:0]
	defer func() { p.copied = copied[:0] }()
	for number, raw := range blocksFrom(s.tx, p.next) {
		size := len(copied)
		if len(list) >= count || size >= bytesMost || size > 0 && s.late() {
			return list, false
		}
		copied = append(copied, raw...)
		list = append(list, numberedBlock{number, copied[size:]})
	}
	return list, true
}

// apply applies blocks to the scratch, whose transaction the caller commits; a badBlock is one that does not stand on
// those before it.
func (p *recordCheck) apply(tx *bbolt.Tx, list []numberedBlock) error {
	for _, b := range list {
		block, err := ParseBlock(b.raw)
		if err == nil {
			err = p.reg.applyBlock(tx, block)
		}
		if err != nil {
			return &badBlock{b.number, err}
		}
	}
	return nil
}

// scratched runs fn on a transaction of the scratch that takes the blocks which fn returns.
func (p *recordCheck) scratched(fn func(tx *bbolt.Tx) ([]numberedBlock, error)) error {
	tx, err := p.scratch.Begin(true)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	list, err := fn(tx)
	if err != nil || len(list) == 0 {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("the state cannot be made anew to be compared: %w", err)
	}
	p.next = list[len(list)-1].number + 1
	return nil
}

// catchUp applies to the scratch what it lacks, until a transaction sees the end of the record.
func (p *recordCheck) catchUp(ctx context.Context) error {
	for end := false; !end; {
		var list []numberedBlock
		err := p.read(ctx, func(s *checkTx) { list, end = p.missing(s, replayBlocks, replayBytes) })
		begun := time.Now()
		if err == nil {
			err = p.scratched(func(tx *bbolt.Tx) ([]numberedBlock, error) { return list, p.apply(tx, list) })
		}
		if err == nil && p.room != nil {
			err = p.room()
		}
		if err == nil && p.next <= p.until { // what comes meanwhile is to be caught up with
			err = p.rest(ctx, time.Since(begun))
		}
		if err != nil {
			return err
		}
		if p.progress != nil && p.next > 0 {
			p.progress(p.next-1, max(p.next-1, p.until))
		}
	}
	return nil
}

// errBusy ends a check beside work that writes faster than the check can follow.
var errBusy = errors.New("more is written all the time than a check can follow; check when less is going on")

// level calls fn with a transaction of the record and one of the scratch that are at the same height. The blocks that
// the scratch takes for it are committed after the record's transaction is closed, because the disk may be busy.
func (p *recordCheck) level(ctx context.Context, fn func(s *checkTx, fresh *bbolt.Tx)) error {
	const tries, blocksMost, bytesMost = 100, 8, 64 << 10
	for try := range tries {
		if err := p.catchUp(ctx); err != nil {
			return err
		}
		done := false
		err := p.scratched(func(fresh *bbolt.Tx) (list []numberedBlock, err error) {
			var wrong error
			err = p.read(ctx, func(s *checkTx) {
				var end bool
				if list, end = p.missing(s, blocksMost, bytesMost); !end { // that much is applied while no transaction is open
					list = nil
					return
				}
				if wrong = p.apply(fresh, list); wrong == nil && !s.late() {
					done = true
					fn(s, fresh)
				}
			})
			return list, cmp.Or(wrong, err)
		})
		if err != nil || done {
			return err
		}
		if err := sleep(ctx, time.Duration(try)*2*time.Millisecond); err != nil {
			return err
		}
	}
	return errBusy
}

// record proves the blocks, the state and this side of the vault.
func (p *recordCheck) record(ctx context.Context) error {
	r, have := &p.r, uint64(0)
	var unreadable error
	err := p.read(ctx, func(s *checkTx) {
		var last tip
		if last, unreadable = readTip(s.tx); unreadable == nil {
			r.Blocks, p.until = last.number, last.number
			p.reaches(s.tx, last)
		}
	})
	if err != nil {
		return err
	}
	if unreadable != nil {
		r.problem("%v", unreadable)
		return nil
	}
	whole, err := p.sound(p.catchUp(ctx))
	if err != nil {
		return err
	}
	if err := p.vaultHere(ctx); err != nil || !whole {
		return err
	}
	err = p.read(ctx, func(s *checkTx) { have, unreadable = readLayout(s.tx) })
	switch {
	case err != nil:
		return err
	case unreadable != nil:
		r.problem("%v", unreadable)
		return nil
	case have != layout:
		r.note("the state has the older layout %d, this program's is %d: its next start makes it anew from "+
			"the blocks, which are proved here; the state itself is not compared", have, layout)
	default:
		if whole, err = p.sound(p.compareState(ctx)); err != nil || !whole {
			return err
		}
	}
	return p.totals()
}

// sound makes a problem of a block that cannot be applied.
func (p *recordCheck) sound(err error) (whole bool, other error) {
	var bad *badBlock
	if errors.As(err, &bad) {
		p.r.problem("%v", bad)
		return false, nil
	}
	return err == nil, err
}

// totals says what the blocks that were replayed leave.
func (p *recordCheck) totals() error {
	return p.scratch.View(func(fresh *bbolt.Tx) error {
		last, tree, err := readEnd(fresh)
		if err != nil {
			return err
		}
		p.r.Blocks, p.r.Entries, p.r.Root = last.number, tree.Size(), tree.Root().String()
		p.r.StateHash, err = StateHash(fresh, p.reg)
		return err
	})
}

// reaches holds the record against what was confirmed.
func (p *recordCheck) reaches(tx *bbolt.Tx, last tip) {
	h := p.height
	switch {
	case h == nil || h.Number == 0:
		return
	case last.number < h.Number:
		p.r.problem("the record ends at block %d, %s says that block %d was confirmed", last.number, HeightFile, h.Number)
		return
	}
	b, _, err := openBlock(ReadBlock(tx, h.Number))
	if err != nil {
		return // the replay says it
	}
	if ours := hex.EncodeToString(b.Hash[:]); ours != h.Hash {
		p.r.problem("block %d of the record has the hash %s, %s says that block %d with the hash %s was confirmed",
			h.Number, ours, HeightFile, h.Number, h.Hash)
	}
}

// compareState names the first difference of each bucket; hashes alone would say only that there is one. The blocks
// were compared as they were replayed: those of the scratch are the record's, in a row.
func (p *recordCheck) compareState(ctx context.Context) error {
	for _, name := range p.reg.journaled() {
		if name == string(blocksBucket) {
			continue // one block may be stored in two ways
		}
		c := comparison{r: &p.r, name: name}
		for !c.end {
			if err := p.level(ctx, c.some); err != nil {
				return err
			}
		}
	}
	return nil
}

// comparison holds one bucket of the record against that of the scratch.
type comparison struct {
	r    *Report
	name string
	from []byte // where it goes on
	end  bool
}

// some compares rows until the transaction is over.
func (c *comparison) some(s *checkTx, fresh *bbolt.Tx) {
	a, b := s.tx.Bucket([]byte(c.name)), fresh.Bucket([]byte(c.name))
	cb := b.Cursor()
	kb, vb := cb.Seek(c.from)
	if a == nil {
		c.end = true
		if kb != nil {
			c.r.problem("bucket %s is missing", c.name)
		} else {
			c.r.note("bucket %s is missing; it would be empty, and the next start makes it", c.name)
		}
		return
	}
	ca := a.Cursor()
	ka, va := ca.Seek(c.from)
	for ka != nil && kb != nil && bytes.Equal(ka, kb) && bytes.Equal(va, vb) {
		if s.over() {
			return
		}
		c.from = append(append(c.from[:0], ka...), 0)
		ka, va = ca.Next()
		kb, vb = cb.Next()
	}
	c.end = true
	if ka != nil || kb != nil {
		c.r.problem("bucket %s: the stored state has %.60q = %.200q where a replay leaves %.60q = %.200q", c.name, ka, va,
			kb, vb)
	}
}
