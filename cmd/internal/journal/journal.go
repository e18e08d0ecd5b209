// Package journal keeps the record: whatever changes it takes the same four steps.
//
//  1. decide: a pure function of (state, command, now) returns events or a refusal;
//  2. append: the writer appends the events as one block to the stream, under an expected last sequence; on a shared
//     stream before step 3, else beside it;
//  3. apply: the same block is in one bbolt transaction with the state it makes, its Merkle leaves, its
//     outbox and timer rows, and is committed with fsync;
//  4. answer: only then does the caller hear anything.
//
// Commands that arrive together share a block. Each accepted one is applied to the open transaction at once,
// so that the next decides on the new state; the commit and the append are paid once for all of them.
//
// Two stores hold the record and neither is the only copy: bbolt is fsynced, the JetStream stream carries
// blocks between nodes. A block carries its own number, the root of the tree before it and its hash; where it
// lies in the stream is checked against that, never trusted. recover.go compares the two at start and mends
// whichever is behind or damaged; a fork (same number, other hash) stops writing until `journal reconcile`.
//
// Three kinds of buckets: journaled (replayable from blocks; the state hash covers them), vault (secret or
// erasable; replicated in a key-value bucket, never hashed into the record) and local (lost with the node).
//
// # How events may change
//
// What was recorded must be readable by every later program, and its bytes stay as they are: the leaf of an event is the
// line that recorded it. So of an event that any release has recorded
//
//   - the recorded JSON is never rewritten, neither in a block nor in the stream;
//   - a member may be added when its zero value means what a record without it meant; it is left out when it is zero
//     (omitempty, omitzero), so that the old content still gives the old bytes;
//   - a member never changes its name, its type, its unit or its meaning, and what a value stands for stays;
//   - anything else is a new kind, like "alerts.warning.declared.v2". The program then records the new kind alone, and
//     the module's [Older] lifts the old one to it, one step at a time, when it is read ([Registry.Decode]). A lift may
//     only say what the old event said: what it did not know stays empty, and Apply bears that.
//
// Leaves, roots, exports and Pos are those of the recorded form, always. Who reads an event's data back by its Pos
// (notify: the body of an order from notify.order_issued) reads the form it was recorded in, lifted by nobody: as long as
// its state holds such a Pos, the reader itself must understand every kind and form that was ever recorded there.
//
// The payloads and results of commands stand in blocks, timers and idempotency rows. They may grow in the same way; a
// command that would mean something else is a new kind of command, and the handler of the old one stays while a timer or
// a losing branch may hold it.
//
// An Apply that leaves another state than it did needs every record to be rebuilt, for a check replays it.
//
// cmd/internal/service holds the recorded form of every kind and a whole record as golden files, which are only added to.
package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
	_ "time/tzdata" // the record's times are Asia/Shanghai wherever it runs

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
)

// Options are what a journal needs. Dir and Registry are required.
type Options struct {
	Dir      string
	Registry *Registry
	JS       jetstream.JetStream // the journal account's
	Shared   bool                // other nodes may write to the same stream
	Nodes    []string            // configured nodes of a shared journal; see heights.go
	Node     string              // this node's name; default: a random one kept in Dir
	Replicas int                 // of streams this journal creates; default 1
	Clock    func() time.Time    // default time.Now
	NoSync   bool                // for a throw-away folder: commits are not fsynced
	Log      *slog.Logger
	Times    *Times // of a measurement: where the writer's time goes; nil for none
	// Fatal is called when a commit fails whose block may be in the stream: the process must end, and the
	// restart catches up. Default: log and os.Exit(3).
	Fatal func(error)

	log appendLog // tests put faults between the writer and the stream
}

// File is the record's file below the data directory.
const File = "qingkong.db"

// initialMmap is reserved address space, not memory: above the planned size, or a long read would block the
// writer whenever bbolt has to remap.
const initialMmap = 16 << 30

// Journal is the open record. Its methods may be called from any goroutine.
type Journal struct {
	opt   Options
	reg   *Registry
	db    *bbolt.DB
	log   appendLog
	vault *vault
	nodes jetstream.KeyValue // of a shared journal

	queue  chan *pending
	kick   chan struct{} // another node's block may have come
	stop   chan struct{}
	gate   sync.RWMutex // held for reading while a command is queued, so that Close sees every one
	closed bool
	wg     sync.WaitGroup

	stopped atomic.Pointer[error] // why nothing is written any more
	height  atomic.Uint64
	changed broadcast // a block was applied
	work    broadcast // one that put rows into the outbox or the timers
	buf     []byte    // of the last block; the writer's
}

// shanghai is the zone of every time in the record.
var shanghai = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err) // the zone data is linked in
	}
	return loc
}()

// ErrClosed answers what was submitted to a journal that was being closed; it is not known to be done.
var ErrClosed = errors.New("journal: closed")

// Open opens the record below Options.Dir, mends whatever the last end left, and starts the writer.
func Open(ctx context.Context, opt Options) (*Journal, error) {
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Fatal == nil {
		opt.Fatal = func(err error) {
			opt.Log.Error("the record could not be committed and its block may be in the stream; ending so that the restart catches up", "err", err)
			os.Exit(3)
		}
	}
	opt.Replicas = max(opt.Replicas, 1)
	db, err := openDB(filepath.Join(opt.Dir, File), opt.Registry)
	if err != nil {
		return nil, err
	}
	db.NoSync = opt.NoSync
	j := &Journal{
		opt: opt, reg: opt.Registry, db: db,
		queue: make(chan *pending, 8192), kick: make(chan struct{}, 1), stop: make(chan struct{}),
	}
	if err := j.start(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return j, nil
}

func (j *Journal) start(ctx context.Context) error {
	if j.opt.Node == "" {
		node, err := nodeName(j.opt.Dir)
		if err != nil {
			return err
		}
		j.opt.Node = node
	}
	j.log = j.opt.log
	if j.log == nil {
		s, err := openStream(ctx, j.opt.JS, j.opt.Replicas, j.opt.Shared)
		if err != nil {
			return err
		}
		j.log = s
	}
	v, err := openVault(ctx, j.opt.JS, j.db, j.opt.Log, j.opt.Replicas, j.opt.Shared)
	if err != nil {
		return err
	}
	j.vault = v
	if j.opt.Shared {
		if j.nodes, err = openNodes(ctx, j.opt.JS, j.opt.Replicas); err != nil {
			return err
		}
	}
	if err := j.recoverRecord(ctx); err != nil {
		return err
	}
	j.wg.Go(j.run)
	if j.opt.Shared {
		if err := j.follow(ctx); err != nil {
			return err
		}
		j.wg.Go(func() { j.reportEvery(time.Second) })
	}
	return nil
}

// Close ends the writer after the block it is working on. What is still queued is answered ErrClosed.
func (j *Journal) Close() error {
	j.gate.Lock()
	if !j.closed {
		j.closed = true
		close(j.stop)
	}
	j.gate.Unlock()
	j.wg.Wait()
	j.vault.close()
	for {
		select {
		case p := <-j.queue:
			p.done(nil, ErrClosed)
			continue
		default:
		}
		return j.db.Close()
	}
}

// View runs fn on a read transaction. It must not outlive one page or chunk of work.
func (j *Journal) View(fn func(tx *bbolt.Tx) error) error { return j.db.View(fn) }

// Height is the number of the last applied block.
func (j *Journal) Height() uint64 { return j.height.Load() }

// Node is this node's name.
func (j *Journal) Node() string { return j.opt.Node }

// Registry is what the journal was opened with.
func (j *Journal) Registry() *Registry { return j.reg }

// Changed returns a channel that is closed at the next applied block.
func (j *Journal) Changed() <-chan struct{} { return j.changed.wait() }

// Halted is why nothing is written any more (a fork, a hole that only another node can fill), or nil.
func (j *Journal) Halted() error {
	if p := j.stopped.Load(); p != nil {
		return *p
	}
	return nil
}

// Work returns a channel that is closed at the next applied block that put rows into the outbox or the timers.
func (j *Journal) Work() <-chan struct{} { return j.work.wait() }

// applied tells the world of a block.
func (j *Journal) applied(number uint64, work bool) {
	j.height.Store(number)
	j.changed.signal()
	if work {
		j.work.signal()
	}
}

func (j *Journal) halt(err error) {
	j.opt.Log.Error("the journal stops writing; orders already recorded are still delivered", "err", err)
	j.stopped.CompareAndSwap(nil, &err)
}

// Now is the time a decision would be given: see now.
func (j *Journal) Now() time.Time { return j.now(time.Time{}) }

// now is the later of the clock and the last block's time, in Asia/Shanghai, to the millisecond.
func (j *Journal) now(last time.Time) time.Time {
	now := j.opt.Clock().In(shanghai).Truncate(time.Millisecond)
	if now.Before(last) {
		return last.In(shanghai)
	}
	return now
}

// Submit hands a command to the writer and waits for its answer: the handler's result, or a refusal.
// When ctx ends first the outcome is not known here; the same command with the same key may be sent again.
func (j *Journal) Submit(ctx context.Context, cmd Command) (any, error) {
	type answer struct {
		result any
		err    error
	}
	got := make(chan answer, 1)
	if err := j.SubmitFunc(cmd, func(result any, err error) { got <- answer{result, err} }); err != nil {
		return nil, err
	}
	select {
	case a := <-got:
		return a.result, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// SubmitFunc hands a command to the writer; done is called once, on the writer's goroutine, so it must not block.
// It returns a not_ready refusal when the journal is stopped or its queue is full, and then never calls done.
func (j *Journal) SubmitFunc(cmd Command, done func(any, error)) error {
	h, ok := j.reg.handlers[cmd.Kind]
	if !ok {
		return fmt.Errorf("journal: no handler for command %q", cmd.Kind)
	}
	if j.Halted() != nil {
		return refusal.New(refusal.NotReady, "journal.stopped", nil)
	}
	j.gate.RLock()
	defer j.gate.RUnlock()
	if j.closed {
		return ErrClosed
	}
	select {
	case j.queue <- &pending{cmd: cmd, h: h, done: done}:
		return nil
	default:
		return refusal.New(refusal.RateLimited, "journal.busy", nil)
	}
}

// Do submits a command and returns its typed result.
func Do[R any](ctx context.Context, j *Journal, cmd Command) (R, error) {
	var zero R
	got, err := j.Submit(ctx, cmd)
	if err != nil {
		return zero, err
	}
	r, ok := got.(R)
	if !ok {
		return zero, fmt.Errorf("journal: command %s gave a %T", cmd.Kind, got)
	}
	return r, nil
}

// broadcast wakes everybody who waits, once per signal.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch == nil {
		b.ch = make(chan struct{})
	}
	return b.ch
}

func (b *broadcast) signal() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ch != nil {
		close(b.ch)
		b.ch = nil
	}
}
