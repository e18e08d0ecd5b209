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
// What was recorded must be readable by every later program, and its bytes stay as they are: the leaf of an event is
// the line that recorded it. So of an event that any release has recorded
//
//   - the recorded JSON is never rewritten, neither in a block nor in the stream;
//   - a member may be added when its zero value means what a record without it meant; it is left out when it is zero
//     (omitempty, omitzero), so that the old content still gives the old bytes;
//   - a member never changes its name, its type, its unit or its meaning, and what a value stands for stays;
//   - anything else is a new kind, like "alerts.warning.declared.v2". The program then records the new kind alone, and
//     the module's [Older] lifts the old one to it, one step at a time, when it is read ([Registry.Decode]). A lift may
//     only say what the old event said: what it did not know stays empty, and Apply bears that.
//
// Leaves, roots, exports and Pos are those of the recorded form, always. A reader that gets an event's data back by its
// Pos (notify: the body of an order from notify.order_issued) gets the form that was recorded, and nobody lifts it: as
// long as its state holds such a Pos, that reader must understand every kind and form that was ever recorded there.
//
// The payloads and results of commands stand in blocks, timers and idempotency rows. They may grow in the same way; a
// command that would mean something else is a new kind of command, and the handler of the old one stays while a timer
// or a losing branch may hold it.
//
// When an Apply leaves another state than it used to, every record has to be rebuilt, because a check replays it.
//
// cmd/internal/service holds the recorded form of every kind and a whole record as golden files, which are only added
// to.
package journal

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/blobs"
	"qingkong/notify/ledger"
)

// Options are what a journal needs. Dir and Registry are required.
type Options struct {
	Dir      string
	Registry *Registry
	JS       jetstream.JetStream // the journal account's
	Shared   bool                // an external server, to whose stream other nodes may write too
	Nodes    []string            // configured nodes of a shared journal; see heights.go
	Node     string              // this node's name; default: a random one kept in Dir
	// what [Survey] saw before the server opened its store; nil looks now, at the record alone
	Inventory *Inventory
	Clock     func() time.Time // the wall clock; default time.Now
	Mono      func() time.Duration
	NoSync    bool // for a throw-away folder: commits are not fsynced
	Log       *slog.Logger
	Times     *Times // of a measurement: where the writer's time goes; nil for none
	// Full is asked before a command is queued that is not vital: the refusal it answers while the disk is nearly full, or
	// nil.
	Full func() error
	// OnBatch hears of each batch: how many commands it answered, and how long its commit took. It must not block.
	OnBatch func(commands int, commit time.Duration)
	// Fatal is called when a commit fails whose block may be in the stream: the process must end, and the
	// restart catches up. Default: log and os.Exit(3).
	Fatal func(error)

	log     appendLog          // tests put faults between the writer and the stream,
	far     farSide            // and between the vault and its key-value bucket,
	objects blobs.Far          // and between the blobs and their object store,
	at      func(point string) // and look at the stores between two steps;
	scrub   int                // they set how much of the stream's end a start reads, by default scrubBytes
}

// File is the record's file below the data directory.
const File = "qingkong.db"

// initialMmap is reserved address space, not memory: above the planned size, or a long read would block the
// writer whenever bbolt has to remap.
const initialMmap = 16 << 30

// Journal is the open record. Its methods may be called from any goroutine.
type Journal struct {
	opt     Options
	reg     *Registry
	db      *bbolt.DB
	log     appendLog
	vault   *twin
	nodes   jetstream.KeyValue // of a shared journal
	clock   *clock
	heights *heightWriter
	tail    *tail // of a node of its own
	leader  leaderState
	erased  erasedList
	blobs   *blobs.Store

	blobWatch blobWatch
	backingUp sync.RWMutex // held for reading while a backup is made

	queue      chan *pending
	publishing chan struct{} // slots for commands whose entries are published before they are queued
	kick       chan struct{} // another node's block may have come
	stop       chan struct{}
	gate       sync.RWMutex // held for reading while a command is queued, so that Close sees every one
	closed     bool
	running    atomic.Bool // the writer runs, and nobody else writes the file
	wg         sync.WaitGroup
	behindWork context.Context // of what runs behind: ends when the journal is closed
	endBehind  context.CancelFunc

	vaultOwes chan struct{} // of a shared journal: the vault may owe something
	vaultLook chan struct{} // the vault's two sides are to be compared
	vaultMade atomic.Bool   // the vault's key-value bucket was lost and is empty now
	compared  atomic.Bool   // the vault's two sides were held together since the start
	counted   atomic.Bool   // the record was held against the vault since the start
	vaultLost atomic.Int64  // entries that blocks name and neither side has

	stopped atomic.Pointer[error]         // why nothing is written any more
	paused  atomic.Pointer[refusal.Error] // why nothing is written for now
	// heightErr is why the height is not written; nil while it is.
	heightErr atomic.Pointer[error]
	busy      atomic.Int64 // since when the writer works on a batch, Unix ns; 0 while it waits
	height    atomic.Uint64
	changed   broadcast // a block was applied
	work      broadcast // one that put rows into the outbox or the timers

	// The writer's own.
	buf    []byte         // of the last block
	lost   *unplacedBlock // a block whose place is not known
	mended time.Time      // when it last tried to end a pause
	owed   []*pending

	streamEnd uint64 // what the stream holds when the journal begins
	unasked   bool   // it did not answer
	restored  *RestoredMark
	fresh     bool // the record's file was not there, or older than what was confirmed
}

// shanghai is the zone of every time in the record.
var shanghai = ledger.Shanghai

// ErrClosed answers what was submitted to a journal that was being closed; it is not known to be done.
var ErrClosed = errors.New("journal: closed")

// View runs fn on a read transaction. It must not outlive one page or chunk of work.
func (j *Journal) View(fn func(tx *bbolt.Tx) error) error { return j.db.View(fn) }

// Read is what find finds within a [Journal.View].
func Read[T any](j *Journal, find func(tx *bbolt.Tx) (T, error)) (found T, err error) {
	err = j.View(func(tx *bbolt.Tx) (err error) { found, err = find(tx); return err })
	return found, err
}

// ReadBy is [Read] of what has a key.
func ReadBy[K, T any](j *Journal, find func(tx *bbolt.Tx, key K) (T, error), key K) (T, error) {
	return Read(j, func(tx *bbolt.Tx) (T, error) { return find(tx, key) })
}

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

// Paused is why nothing is written for now, or nil. Other than a halt it ends by itself.
func (j *Journal) Paused() *refusal.Error { return j.paused.Load() }

// applied tells the world of a block.
func (j *Journal) applied(t tip, work bool) {
	j.height.Store(t.number)
	j.clock.follow(t.at)
	j.heights.reached(t.number, t.hash)
	j.changed.signal()
	if work {
		j.work.signal()
	}
}

func (j *Journal) halt(err error) {
	j.opt.Log.Error("the journal stops writing; orders already recorded are still delivered", "err", err)
	j.stopped.CompareAndSwap(nil, &err)
}

// Now is the record's time: what deadlines, repeats, timers and plans are held against. It is the wall clock's, or runs
// on from the last block while that is behind.
func (j *Journal) Now() time.Time { return j.clock.now().At }

// Wall is the wall clock's time: what typed times and the calendar of lists are held against.
func (j *Journal) Wall() time.Time { return j.clock.now().Wall }

// Moment is the record's time and the wall clock's.
func (j *Journal) Moment() Moment { return j.clock.now() }

// Submit hands a command to the writer and waits for its answer: the handler's result, or a refusal.
// When ctx ends first the outcome is not known here; the same command with the same key may be sent again.
func (j *Journal) Submit(ctx context.Context, cmd Command) (any, error) {
	return ask(ctx, func(done func(any, error)) error { return j.SubmitFunc(cmd, done) })
}

// ask hands something over by send, and waits for what its done is called with.
func ask(ctx context.Context, send func(done func(any, error)) error) (any, error) {
	type answer struct {
		result any
		err    error
	}
	got := make(chan answer, 1)
	if err := send(func(result any, err error) { got <- answer{result, err} }); err != nil {
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
// It returns a not_ready refusal when nothing is written or the queue is full, and then never calls done.
func (j *Journal) SubmitFunc(cmd Command, done func(any, error)) error {
	h, ok := j.reg.handlers[cmd.Kind]
	if !ok {
		return fmt.Errorf("journal: no handler for command %q", cmd.Kind)
	}
	if err := j.refuses(h); err != nil {
		return err
	}
	p := &pending{cmd: cmd, h: h, done: done}
	if !j.opt.Shared || len(cmd.Vault) == 0 {
		return j.enqueue(p)
	}
	select {
	case j.publishing <- struct{}{}:
	default:
		return refusal.New(refusal.RateLimited, "journal.busy", nil)
	}
	go func() {
		defer func() { <-j.publishing }()
		err := j.publishEntries(j.behindWork, cmd.Vault)
		if err == nil {
			err = j.enqueue(p)
		}
		if err != nil {
			done(nil, err)
		}
	}()
	return nil
}

// writesNothing is the refusal while nothing is written, for now or for good, or nil.
func (j *Journal) writesNothing() error {
	if j.Halted() != nil {
		return refusal.New(refusal.NotReady, "journal.stopped", nil)
	}
	if why := j.Paused(); why != nil {
		return why
	}
	return nil
}

// refuses is what a command is answered before it is queued, or nil.
func (j *Journal) refuses(h *handler) error {
	if err := j.writesNothing(); err != nil {
		return err
	}
	if j.opt.Full != nil && !h.vital {
		return j.opt.Full()
	}
	return nil
}

func (j *Journal) enqueue(p *pending) error {
	j.gate.RLock()
	defer j.gate.RUnlock()
	if j.closed {
		return ErrClosed
	}
	select {
	case j.queue <- p:
		return nil
	default:
		return refusal.New(refusal.RateLimited, "journal.busy", nil)
	}
}

// store has the writer write something that is no event: rows of the vault. fn may be called again when its transaction
// had to be given up.
func (j *Journal) store(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if !j.running.Load() {
		return j.db.Update(fn)
	}
	_, err := ask(ctx, func(done func(any, error)) error { return j.enqueue(&pending{store: fn, done: done}) })
	return err
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
