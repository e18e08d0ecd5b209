package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/blobs"
)

// Report is what proving the record found.
type Report struct {
	OK        bool     `json:"ok"`
	Blocks    uint64   `json:"blocks"`
	Entries   int64    `json:"entries"`
	Root      string   `json:"root"`
	StateHash string   `json:"state_hash"` // of the state that a replay of the blocks leaves
	Problems  []string `json:"problems"`
	Notes     []string `json:"notes,omitempty"` // what is no damage and worth knowing

	// Held is how long the longest read transaction of the check was open.
	Held time.Duration `json:"-"`
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

// Check proves the record: every block has its hash and stands on the one before; its events are the leaves of the tree
// whose root the next block names; replaying them leaves the state that is stored; the vault's entries have the hashes
// that name them; the stream holds the same blocks. It changes nothing. While the journal runs, one of the two stores
// may be ahead for a moment: it waits until what either held is in both. It takes all the processor it can get; see
// CheckBeside for one beside work.
func (j *Journal) Check(ctx context.Context) (Report, error) {
	p := j.newRecordCheck(ctx)
	p.log = j.log
	return p.run(ctx, j.db)
}

// newRecordCheck begins a check of the record that is open.
func (j *Journal) newRecordCheck(ctx context.Context) *recordCheck {
	p := &recordCheck{reg: j.reg, shared: j.opt.Shared, blobs: j.blobs, r: Report{Problems: []string{}}}
	if info, err := j.log.info(ctx); err == nil { // else the check reads it again, and reports
		j.reach(ctx, info.last)
		p.upTo = info.last
	}
	p.short = j.heights.marked
	p.settle = func(height uint64) { j.reach(ctx, height); j.reachStream(ctx, height) }
	return p
}

// reachStream waits until the follower of a node of its own has appended the block of that number, unless it stands.
func (j *Journal) reachStream(ctx context.Context, number uint64) {
	if j.tail == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	for s := j.tail.status.Load(); s.next <= number && s.err == nil && j.Halted() == nil; s = j.tail.status.Load() {
		if sleep(ctx, 5*time.Millisecond) != nil {
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

// recordCheck is one check of a record.
type recordCheck struct {
	reg    *Registry
	shared bool   // other nodes write too
	tmp    string // where the state is made anew; default the system's
	r      Report

	log    appendLog           // the stream; nil where it is not looked at
	upTo   uint64              // what it held at least when the check began
	settle func(height uint64) // is called before the stream is held against the record, whose height was read; may be nil
	// the mark: from which block on the stream may lack what was confirmed, 0 for none; may be nil
	short  func() uint64
	cuts   []shortFile  // of the streams, by the server that opened them
	far    farSide      // the vault's other side; nil where it is not looked at
	blobs  *blobs.Store // the files of the blobs
	height *Height      // what the record has to reach; nil where that is not known

	beside   bool                   // work goes on: the check rests for as long as it works
	room     func() error           // why no more may be written to the scratch; may be nil
	progress func(block, of uint64) // may be nil
	db       *bbolt.DB              // the record
	scratch  *bbolt.DB              // the state as a replay leaves it
	copied   []byte                 // room for the blocks that it takes
	next     uint64                 // the block that the scratch takes next
	until    uint64                 // up to which block the replay rests
	tired    time.Duration          // how long the check has worked without a rest
}

// run proves the record in db. More blocks may come meanwhile.
func (p *recordCheck) run(ctx context.Context, db *bbolt.DB) (_ Report, err error) {
	p.db = db
	if err := p.openScratch(); err != nil {
		return p.r, err
	}
	defer func() { err = errors.Join(err, p.scratch.Close()) }()
	for _, step := range []func(context.Context) error{p.record, p.blobsHere, p.stream, p.vaultSides} {
		if err := p.guarded(func() error { return step(ctx) }); err != nil {
			return p.r, err
		}
	}
	p.r.OK = len(p.r.Problems) == 0
	return p.r, nil
}

// guarded makes a problem of a file that cannot be read to its end.
func (p *recordCheck) guarded(do func() error) error {
	err := guarded(p.db.Path(), do)
	if errors.As(err, new(*fileFault)) {
		p.r.problem("%v", err)
		return nil
	}
	return err
}

// errSilent ends a check beside work whose stream gives no answer: that is no damage, and said elsewhere.
var errSilent = errors.New("the stream gives no answer, so that it could not be held against the record")

// stream holds the stream against the record.
func (p *recordCheck) stream(ctx context.Context) error {
	if p.log == nil {
		return nil
	}
	if p.settle != nil {
		p.settle(p.r.Blocks)
	}
	r := &p.r
	defer p.sayCuts(Stream, len(r.Problems))
	info, err := p.log.info(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case p.silent(err):
		return errSilent
	case errors.Is(err, jetstream.ErrStreamNotFound):
		switch {
		case r.Blocks == 0:
		case p.marked() == 1:
			r.note("the stream is not there: all %d blocks were confirmed by the record alone, and are appended when the program runs", r.Blocks)
		default:
			r.problem("the stream is not there, the record ends at %d", r.Blocks)
		}
	case err != nil:
		r.problem("stream: %v", err)
	default:
		return p.compareStream(ctx, info)
	}
	return nil
}

// silent says whether an error of the stream beside work tells nothing of what it holds.
func (p *recordCheck) silent(err error) bool {
	return p.beside && err != nil && !errors.Is(err, errMissing) && !errors.Is(err, jetstream.ErrStreamNotFound)
}

// marked is the first block that the stream may lack although it was confirmed, 0 for none.
func (p *recordCheck) marked() uint64 {
	if p.short == nil {
		return 0
	}
	return p.short()
}

// sayCuts says what the server cut of a stream: as a problem where the check has added problems of that stream since
// there were so many, which shows that something is lost, else as a note.
func (p *recordCheck) sayCuts(stream string, problems int) {
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

func (p *recordCheck) compareStream(ctx context.Context, info streamInfo) error {
	r, short := &p.r, p.marked()
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
		begun := time.Now()
		theirs, err := p.log.read(ctx, n)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && p.beside && errors.Is(err, context.DeadlineExceeded) {
			return errSilent
		}
		if err != nil {
			r.problem("stream: message %d: %v", n, err)
			continue
		}
		err = p.read(ctx, func(s *checkTx) {
			if !bytes.Equal(theirs, ReadBlock(s.tx, n)) {
				r.problem("stream: message %d is not block %d of the record", n, n)
			}
		})
		if err == nil {
			err = p.rest(ctx, time.Since(begun))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// CheckDir proves the record below dir, on which no program runs, and against the stream when a JetStream is given. It
// changes nothing on either side.
func CheckDir(ctx context.Context, opt Options) (Report, error) {
	return CheckStopped(ctx, StoppedOptions{Dir: opt.Dir, Registry: opt.Registry, JS: opt.JS, Shared: opt.Shared})
}
