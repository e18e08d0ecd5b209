package journal

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go/jetstream"
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

// maxSentences bounds the problems, and the notes, of one report.
const maxSentences = 100

func (r *Report) problem(format string, args ...any) {
	if len(r.Problems) < maxSentences {
		r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
	}
}

func (r *Report) note(format string, args ...any) {
	if len(r.Notes) < maxSentences {
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
}

// Check proves the record: every block has its hash and stands on the one before; its events are the leaves of
// the tree whose root the next block names; replaying them leaves the state that is stored; the vault's entries have the
// hashes that name them; the stream holds the same blocks. It changes nothing. While the journal runs, one of the two stores
// may be ahead for a moment: it waits until what either held is in both.
func (j *Journal) Check(ctx context.Context) (Report, error) {
	p := &proof{reg: j.reg, log: j.log, shared: j.opt.Shared, r: Report{Problems: []string{}}}
	if info, err := j.log.info(ctx); err == nil { // else the check reads it again, and reports
		j.reach(ctx, info.last)
		p.upTo = info.last
	}
	p.short = func() uint64 { return j.heights.marked() }
	p.settle = func(height uint64) { j.reach(ctx, height); j.reachStream(ctx, height) }
	return p.run(ctx, j.db)
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

// proof is one check of a record.
type proof struct {
	reg    *Registry
	shared bool   // other nodes write too
	tmp    string // where the state is made anew; default the system's
	r      Report

	log    appendLog           // the stream; nil where it is not looked at
	upTo   uint64              // what it held at least when the check began
	settle func(height uint64) // is called before the stream is held against the record, whose height was read; may be nil
	short  func() uint64       // the mark: from which block on the stream may lack what was confirmed, 0 for none; may be nil
	cuts   []cut               // of the streams, by the server that opened them
	far    farSide             // the vault's other side; nil where it is not looked at
	height *Height             // what the record has to reach; nil where that is not known
}

// run proves the record in db. More blocks may come meanwhile.
func (p *proof) run(ctx context.Context, db *bbolt.DB) (Report, error) {
	dir, err := os.MkdirTemp(p.tmp, "qingkong-check-")
	if err != nil {
		return p.r, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	scratch, err := scratchDB(filepath.Join(dir, File), p.reg)
	if err != nil {
		return p.r, err
	}
	defer func() { _ = scratch.Close() }()
	err = p.guarded(db, func() error {
		return db.View(func(tx *bbolt.Tx) error { return p.record(ctx, tx, scratch) })
	})
	if err != nil {
		return p.r, err
	}
	if p.log != nil {
		if p.settle != nil {
			p.settle(p.r.Blocks)
		}
		if err := p.guarded(db, func() error { return p.stream(ctx, db) }); err != nil {
			return p.r, err
		}
	}
	if p.far != nil {
		err = p.guarded(db, func() error { return db.View(func(tx *bbolt.Tx) error { return p.vaultSides(ctx, tx) }) })
	}
	p.r.OK = len(p.r.Problems) == 0
	return p.r, err
}

// guarded makes a problem of a file that cannot be read to its end.
func (p *proof) guarded(db *bbolt.DB, do func() error) error {
	err := guarded(db.Path(), do)
	var bad *faulted
	if errors.As(err, &bad) {
		p.r.problem("%v", err)
		return nil
	}
	return err
}

// record proves the blocks, the state and this side of the vault.
func (p *proof) record(ctx context.Context, tx *bbolt.Tx, scratch *bbolt.DB) error {
	r := &p.r
	last, err := readTip(tx)
	if err != nil {
		r.problem("%v", err)
		return nil
	}
	r.Blocks = last.number
	p.reaches(tx, last)
	err = replay(ctx, tx, scratch, p.reg, nil)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	whole := err == nil
	if !whole {
		r.problem("%v", err)
	}
	if err := p.vaultHere(ctx, tx, scratch); err != nil || !whole {
		return err
	}
	have, err := readLayout(tx)
	if err != nil {
		r.problem("%v", err)
		return nil
	}
	return scratch.View(func(fresh *bbolt.Tx) error {
		tree, err := ledger.Load(fresh)
		if err != nil {
			return err
		}
		r.Entries, r.Root = tree.Size(), tree.Root().String()
		if have != layout {
			r.note("the state has the older layout %d, this program's is %d: its next start makes it anew from "+
				"the blocks, which are proved here; the state itself is not compared", have, layout)
			return nil
		}
		return compareState(tx, fresh, p.reg, r)
	})
}

// reaches holds the record against what was confirmed.
func (p *proof) reaches(tx *bbolt.Tx, last tip) {
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
	compareBlocks(live, fresh, r)
	lacks := false
	for _, name := range reg.journaled() {
		if name == string(blocksBucket) {
			continue // one block may be stored in two ways
		}
		a, b := live.Bucket([]byte(name)), fresh.Bucket([]byte(name))
		cb := b.Cursor()
		kb, vb := cb.First()
		if a == nil {
			lacks = true
			if kb != nil {
				r.problem("bucket %s is missing", name)
			} else {
				r.note("bucket %s is missing; it would be empty, and the next start makes it", name)
			}
			continue
		}
		ca := a.Cursor()
		ka, va := ca.First()
		for ; ka != nil && kb != nil && bytes.Equal(ka, kb) && bytes.Equal(va, vb); ka, va, kb, vb = step(ca, cb) {
		}
		if ka != nil || kb != nil {
			r.problem("bucket %s: the stored state has %.60q = %.200q where a replay leaves %.60q = %.200q", name, ka, va, kb, vb)
		}
	}
	if lacks {
		return nil
	}
	var err error
	if r.StateHash, err = StateHash(live, reg); err != nil {
		return err
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

// stream holds the stream against the record.
func (p *proof) stream(ctx context.Context, db *bbolt.DB) error {
	r := &p.r
	defer p.sayCuts(Stream, len(r.Problems))
	info, err := p.log.info(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, jetstream.ErrStreamNotFound):
		if r.Blocks > 0 {
			r.problem("the stream is not there, the record ends at %d", r.Blocks)
		}
	case err != nil:
		r.problem("stream: %v", err)
	default:
		return p.compareStream(ctx, db, info)
	}
	return nil
}

// sayCuts says what the server cut of a stream: as a problem where what was found of that stream, in the problems from a number
// on, says that something is lost.
func (p *proof) sayCuts(stream string, problems int) {
	say := p.r.note
	if len(p.r.Problems) > problems {
		say = p.r.problem
	}
	for _, c := range p.cuts {
		if c.stream == stream {
			say("%s", c)
		}
	}
}

func (p *proof) compareStream(ctx context.Context, db *bbolt.DB, info streamInfo) error {
	r, short := &p.r, uint64(0)
	if p.short != nil {
		short = p.short()
	}
	if err := info.whole(); err != nil {
		r.problem("stream: %v", err)
	}
	switch {
	case short != 0 && info.last < r.Blocks && info.last+1 >= short:
		r.note("the stream ends at %d, the record at %d: blocks from %d on were confirmed by the record alone, "+
			"and are appended when the program runs", info.last, r.Blocks, short)
	case info.last < r.Blocks || p.upTo > r.Blocks:
		r.problem("the stream ends at %d, the record at %d", info.last, r.Blocks)
	}
	for n := uint64(1); n <= min(info.last, r.Blocks) && len(r.Problems) < maxSentences; n++ {
		theirs, err := p.log.read(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			r.problem("stream: message %d: %v", n, err)
			continue
		}
		err = db.View(func(tx *bbolt.Tx) error {
			if !bytes.Equal(theirs, ReadBlock(tx, n)) {
				r.problem("stream: message %d is not block %d of the record", n, n)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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

// CheckDir proves the record below dir, on which no program runs, and against the stream when a JetStream is given. It changes
// nothing on either side.
func CheckDir(ctx context.Context, opt Options) (Report, error) {
	return CheckStopped(ctx, Look{Dir: opt.Dir, Registry: opt.Registry, JS: opt.JS, Shared: opt.Shared})
}
