package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/ledger"
)

// Report is what proving the record found.
type Report struct {
	OK        bool     `json:"ok"`
	Blocks    uint64   `json:"blocks"`
	Entries   int64    `json:"entries"`
	Root      string   `json:"root"`
	StateHash string   `json:"state_hash"`
	Problems  []string `json:"problems"`
	Notes     []string `json:"notes,omitempty"` // what is no damage and worth knowing
}

func (r *Report) problem(format string, args ...any) {
	if len(r.Problems) < 100 {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

// Check proves the record: every block has its hash and stands on the one before; its events are the leaves of
// the tree whose root the next block names; replaying them leaves the state that is stored; the stream holds
// the same blocks. It changes nothing. While the journal runs, one of the two stores may be ahead for a moment: it
// waits until what either held is in both.
func (j *Journal) Check(ctx context.Context) (Report, error) {
	upTo := uint64(0)
	if info, err := j.log.info(ctx); err == nil { // else the check reads it again, and reports
		j.reach(ctx, info.last)
		upTo = info.last
	}
	short := func() uint64 { return j.heights.marked() }
	return check(ctx, j.db, j.reg, j.log, upTo, short, func(height uint64) { j.reach(ctx, height); j.reachStream(ctx, height) })
}

// reachStream waits until the follower of a node of its own has appended the block of that number, unless it stands.
func (j *Journal) reachStream(ctx context.Context, number uint64) {
	if j.tail == nil {
		return
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(reachWithin); ; {
		if s := j.tail.status.Load(); s.next > number || s.err != nil || j.Halted() != nil {
			return
		}
		select {
		case <-tick.C:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// reachWithin is how long a check waits for blocks to be in both stores.
const reachWithin = 10 * time.Second

// reach waits until the block of that number is in both stores.
func (j *Journal) reach(ctx context.Context, number uint64) {
	late := time.After(reachWithin)
	for {
		changed := j.Changed()
		if j.Height() >= number || j.Halted() != nil {
			return
		}
		select {
		case <-changed:
		case <-late:
			return
		case <-ctx.Done():
			return
		}
	}
}

// check proves the record against a stream that held at least upTo blocks when it began. More may come meanwhile; settle
// is called with the height of what was read before the stream is held against it. short is the mark: from which block on the
// stream may lack what was confirmed, 0 for none.
func check(ctx context.Context, db *bbolt.DB, reg *Registry, log appendLog, upTo uint64, short func() uint64, settle func(height uint64)) (Report, error) {
	r := Report{Problems: []string{}}
	dir, err := os.MkdirTemp("", "qingkong-check-")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch, err := scratchDB(filepath.Join(dir, File), reg)
	if err != nil {
		return r, err
	}
	defer func() { _ = scratch.Close() }()
	err = db.View(func(tx *bbolt.Tx) error {
		last, err := readTip(tx)
		if err != nil {
			return err
		}
		r.Blocks = last.number
		if err := replay(ctx, tx, scratch, reg, nil); err != nil {
			r.problem("%v", err)
			return nil
		}
		have, err := readLayout(tx)
		if err != nil {
			return err
		}
		if have != layout {
			err := scratch.View(func(fresh *bbolt.Tx) error {
				tree, err := ledger.Load(fresh)
				if err == nil {
					r.Entries, r.Root = tree.Size(), tree.Root().String()
				}
				return err
			})
			if err != nil {
				return err
			}
			r.Notes = append(r.Notes, fmt.Sprintf("the state has the older layout %d, this program's is %d: its next start makes it anew from "+
				"the blocks, which are proved here; the state itself is not compared", have, layout))
			return nil
		}
		if r.StateHash, err = StateHash(tx, reg); err != nil {
			return err
		}
		return scratch.View(func(fresh *bbolt.Tx) error { return compareState(tx, fresh, reg, &r) })
	})
	if err != nil {
		return r, err
	}
	if log != nil && len(r.Problems) == 0 {
		settle(r.Blocks)
		checkStream(ctx, db, log, upTo, short(), &r)
	}
	r.OK = len(r.Problems) == 0
	return r, nil
}

func scratchDB(path string, reg *Registry) (*bbolt.DB, error) {
	db, err := openDB(path, reg)
	if err == nil {
		db.NoSync = true
	}
	return db, err
}

// replay applies the record's blocks to an empty database, some hundred to a transaction.
// A transaction takes many small blocks, for each costs a commit, but few long ones, for bbolt keeps what one adds in the
// same place as one ever longer page.
// progress, which may be nil, hears how far it is.
func replay(ctx context.Context, from *bbolt.Tx, to *bbolt.DB, reg *Registry, progress func(block uint64)) error {
	const blocksATime, bytesATime = 200, 2 << 20
	blocks := blocksFrom(from, 1)
	for raw := blocks.next(); raw != nil; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if progress != nil {
			progress(blocks.number)
		}
		err := to.Update(func(tx *bbolt.Tx) error {
			for n, size := 0, 0; raw != nil && n < blocksATime && size < bytesATime; n++ {
				size += len(raw)
				b, err := ParseBlock(raw)
				if err != nil {
					return fmt.Errorf("block %d: %w", blocks.number, err)
				}
				if err := reg.applyBlock(tx, b); err != nil {
					return fmt.Errorf("block %d: %w", b.Number, err)
				}
				raw = blocks.next()
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compareBlocks names the first block that differs.
func compareBlocks(live, fresh *bbolt.Tx, r *Report) {
	if live.Bucket(blocksBucket) == nil {
		r.problem("bucket %s is missing", blocksBucket)
		return
	}
	a, b := blocksFrom(live, 0), blocksFrom(fresh, 0)
	for {
		va, vb := a.next(), b.next()
		if a.number != b.number || !bytes.Equal(va, vb) {
			r.problem("bucket %s: the stored state has block %d where a replay leaves block %d", blocksBucket, a.number, b.number)
			return
		}
		if va == nil {
			return
		}
	}
}

// compareState names the first difference of each bucket; hashes alone would say only that there is one.
func compareState(live, fresh *bbolt.Tx, reg *Registry, r *Report) error {
	tree, err := ledger.Load(live)
	if err != nil {
		return err
	}
	r.Entries, r.Root = tree.Size(), tree.Root().String()
	compareBlocks(live, fresh, r)
	for _, name := range reg.journaled() {
		if name == string(blocksBucket) {
			continue // one block may be stored in two ways
		}
		a, b := live.Bucket([]byte(name)), fresh.Bucket([]byte(name))
		if a == nil {
			r.problem("bucket %s is missing", name)
			continue
		}
		ca, cb := a.Cursor(), b.Cursor()
		ka, va := ca.First()
		kb, vb := cb.First()
		for ; ka != nil && kb != nil && bytes.Equal(ka, kb) && bytes.Equal(va, vb); ka, va, kb, vb = step(ca, cb) {
		}
		if ka != nil || kb != nil {
			r.problem("bucket %s: the stored state has %.60q = %.200q where a replay leaves %.60q = %.200q", name, ka, va, kb, vb)
		}
	}
	want, err := StateHash(fresh, reg)
	if err == nil && want != r.StateHash && len(r.Problems) == 0 {
		r.problem("state hash %s, a replay leaves %s", r.StateHash, want)
	}
	return err
}

func step(a, b *bbolt.Cursor) (ka, va, kb, vb []byte) {
	ka, va = a.Next()
	kb, vb = b.Next()
	return ka, va, kb, vb
}

func checkStream(ctx context.Context, db *bbolt.DB, log appendLog, upTo, short uint64, r *Report) {
	info, err := log.info(ctx)
	if err != nil {
		r.problem("stream: %v", err)
		return
	}
	if err := info.whole(); err != nil {
		r.problem("stream: %v", err)
	}
	switch {
	case short != 0 && info.last < r.Blocks && info.last+1 >= short:
		r.Notes = append(r.Notes, fmt.Sprintf("the stream ends at %d, the record at %d: blocks from %d on were confirmed by the record alone, "+
			"and are appended when the program runs", info.last, r.Blocks, short))
	case info.last < r.Blocks || upTo > r.Blocks:
		r.problem("the stream ends at %d, the record at %d", info.last, r.Blocks)
	}
	for n := uint64(1); n <= min(info.last, r.Blocks); n++ {
		theirs, err := log.read(ctx, n)
		if err != nil {
			r.problem("stream: message %d: %v", n, err)
			continue
		}
		_ = db.View(func(tx *bbolt.Tx) error {
			if !bytes.Equal(theirs, ReadBlock(tx, n)) {
				r.problem("stream: message %d is not block %d of the record", n, n)
			}
			return nil
		})
	}
}

// ExportLine is one entry as `journal export` writes it.
type ExportLine struct {
	Index int64           `json:"index"`
	Block uint64          `json:"block"`
	Kind  string          `json:"kind"`
	At    string          `json:"at"`
	Actor string          `json:"actor"`
	Data  json.RawMessage `json:"data"`
}

// Export writes the record below dir as JSON lines, one an entry, in order.
func Export(dir string, reg *Registry, w io.Writer) error {
	db, err := openExisting(dir, reg)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return db.View(func(tx *bbolt.Tx) error {
		blocks := blocksFrom(tx, 1)
		for raw := blocks.next(); raw != nil; raw = blocks.next() {
			b, err := ParseBlock(raw)
			if err != nil {
				return fmt.Errorf("block %d: %w", blocks.number, err)
			}
			for _, e := range b.Entries() {
				line := ExportLine{e.Index, b.Number, e.Kind, e.At.Format(timeForm), e.Actor, e.Data}
				if err := enc.Encode(line); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func openExisting(dir string, reg *Registry) (*bbolt.DB, error) {
	path := filepath.Join(dir, File)
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("there is no record at %s: name the folder that `qingkong serve --data` used (%w)", path, err)
	}
	return openDB(path, reg)
}

// CheckDir proves the record below dir, and against the stream when js is given. Nothing is mended.
func CheckDir(ctx context.Context, opt Options) (Report, error) {
	db, err := openExisting(opt.Dir, opt.Registry)
	if err != nil {
		return Report{}, err
	}
	defer func() { _ = db.Close() }()
	if opt.JS == nil {
		return check(ctx, db, opt.Registry, nil, 0, nil, nil)
	}
	h, err := ReadHeight(opt.Dir)
	if err != nil {
		return Report{}, err
	}
	short := func() uint64 {
		if h == nil {
			return 0
		}
		return h.ShortFrom
	}
	log := openStream(opt.JS, max(opt.Replicas, 1), opt.Shared)
	info, err := log.info(ctx)
	if err != nil {
		return Report{}, err
	}
	return check(ctx, db, opt.Registry, log, info.last, short, func(uint64) {})
}
