// Package local keeps what is of this node alone and may be lost with it: readings, caches, how far local effects
// have come. None of it is recorded, none is in a backup, and what is lost is shown as "no data".
//
// # A file and its writer
//
// A [Store] is one file of bbolt with one writer. Updates that wait together share a transaction and its fsync, so that
// many small ones cost little more than one; each is durable when [Store.Update] returns nil. Data that needs another
// pace has a store of its own, and with it a file and a writer. No call waits without a limit, and the queue is
// bounded.
//
// # Tenants
//
// A [Tenant] keeps something: it declares its buckets and the version of its rows. Rows of another version are dropped,
// with a line in the log; a tenant whose rows must outlive that takes them over itself before it raises the version.
//
// # Damage
//
// A file that is damaged or cannot be read is put aside under its name, ".damaged-" and the time, and made anew, when
// it is opened and while it is in use. [Store.Status] says so until somebody has removed the files that lie aside; the
// newest few are kept. A file that cannot be opened or written is tried again whenever it is asked for. None of it ends
// the program.
package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// Tenant is whoever keeps something in a store.
type Tenant struct {
	Name    string   // its buckets are called by it, a dot, and what they hold
	Version int      // of its rows, above 0
	Buckets []string // made when the file is opened
	Lost    string   // rule of the catalogue that names what is lost with the file
}

// Options are what a store may be opened with; all of them have defaults.
type Options struct {
	Log      *slog.Logger
	Full     func() error  // asked before each update: the refusal while the disk is nearly full, or nil
	Queue    int           // updates that wait; default 4096
	Patience time.Duration // an update waits no longer, whatever its context says; default 10 s
	Mmap     int           // address space, above the planned size of the file; default 1 GiB
	Max      int           // bytes that the file may grow to; default any
	Clock    func() time.Time
}

// The errors of a store, beside what an update returned and why a file cannot be written.
var (
	ErrClosed  = errors.New("local: the store is closed")
	ErrBusy    = errors.New("local: the store takes nothing in time; nothing was kept")
	ErrUnknown = errors.New("local: the disk does not answer in time; whether the update was kept is not known")
)

// Store is an open file. Its methods may be called from any goroutine.
type Store struct {
	path    string
	opt     Options
	tenants []Tenant

	queue chan *update
	looks chan struct{} // the writer is to look at the file: it is not open, or is suspect
	stop  chan struct{}
	once  sync.Once
	ended chan struct{} // closed by the writer

	mu sync.RWMutex // held for reading while db is read; the writer alone changes it
	db *bbolt.DB    // nil while the file cannot be opened

	suspect          atomic.Bool // reading the file panicked
	commits, updates atomic.Uint64
	busy             atomic.Int64 // when the batch at hand began, ns since 1970; 0 for none

	state   sync.Mutex
	trouble error // why the file could not be opened or written last; nil where it could
	since   time.Time
}

// update is one of the writer's tasks. The side that changes its stage from waiting decides whether it is done.
type update struct {
	fn    func(tx *bbolt.Tx) error
	done  chan error
	stage atomic.Int32
}

const (
	waiting int32 = iota
	taken
	givenUp
)

// Open opens the file at path, whose folder must be there, and begins to write it. A file that cannot be used is no
// error: see the package comment. Two tenants of one name, or a bucket that is not called by its tenant, panic.
func Open(path string, opt Options, tenants ...Tenant) *Store {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	opt.Queue = cmp.Or(opt.Queue, 4096)
	opt.Patience = cmp.Or(opt.Patience, 10*time.Second)
	opt.Mmap = cmp.Or(opt.Mmap, 1<<30)
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	for i, t := range tenants {
		alone := !slices.ContainsFunc(tenants[:i], func(o Tenant) bool { return o.Name == t.Name })
		strange := func(bucket string) bool { return !strings.HasPrefix(bucket, t.Name+".") }
		if t.Version <= 0 || !alone || t.Name == ownName || slices.ContainsFunc(t.Buckets, strange) {
			panic("local: wrong tenant: " + t.Name)
		}
	}
	s := &Store{path: path, opt: opt, tenants: tenants, queue: make(chan *update, opt.Queue),
		looks: make(chan struct{}, 1),
		stop:  make(chan struct{}), ended: make(chan struct{})}
	s.found(s.open())
	go s.write()
	return s
}

// View reads. fn must not keep tx or what it reads there; an error of fn is returned as it is.
func (s *Store) View(fn func(tx *bbolt.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.db == nil {
		s.look()
		return s.notOpen()
	}
	err := guard(func() error { return s.db.View(fn) })
	if errors.As(err, new(*fault)) {
		s.suspect.Store(true)
		s.look()
	}
	return err
}

// Update changes and returns once the change is durable, or why it is not. fn may be called more than once, for
// updates that share its transaction may fail, and changes nothing but tx. An error of fn is returned as it is, and
// nothing of fn is kept; since the others are done again then, fn should have decided before what can be decided
// without tx.
func (s *Store) Update(ctx context.Context, fn func(tx *bbolt.Tx) error) error {
	if s.opt.Full != nil {
		if err := s.opt.Full(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.opt.Patience)
	defer cancel()
	u := &update{fn: fn, done: make(chan error, 1)}
	select {
	case <-s.stop: // a queue with room may be chosen all the same
		return ErrClosed
	default:
	}
	select {
	case s.queue <- u:
	case <-s.stop:
		return ErrClosed
	case <-ctx.Done():
		return ErrBusy
	}
	var late error
	select {
	case err := <-u.done:
		return err
	case <-s.ended:
		late = ErrClosed
	case <-ctx.Done():
		if u.stage.CompareAndSwap(waiting, givenUp) {
			return ErrBusy
		}
		late = ErrUnknown
	}
	select { // it may have been answered meanwhile
	case err := <-u.done:
		return err
	default:
		return late
	}
}

// Close writes what waits and closes the file, within ctx. A second time it does nothing.
func (s *Store) Close(ctx context.Context) error {
	s.once.Do(func() { close(s.stop) })
	closed := make(chan error, 1)
	go func() {
		<-s.ended
		s.mu.Lock()
		defer s.mu.Unlock()
		closed <- s.shut()
	}()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// closeWithin bounds the end of a file: one that is damaged may leave bbolt with a lock that nobody holds.
const closeWithin = 2 * time.Second

// shut closes the file; the caller holds mu.
func (s *Store) shut() error {
	db := s.db
	if s.db = nil; db == nil {
		return nil
	}
	closed := make(chan error, 1)
	go func() { closed <- guard(db.Close) }()
	select {
	case err := <-closed:
		return err
	case <-time.After(closeWithin):
		return fmt.Errorf("local: %s does not close", s.path)
	}
}

func (s *Store) look() {
	select {
	case s.looks <- struct{}{}:
	default:
	}
}

func (s *Store) notOpen() error {
	s.state.Lock()
	defer s.state.Unlock()
	if s.trouble == nil {
		return ErrClosed
	}
	return fmt.Errorf("local: %s is not open: %w", s.path, s.trouble)
}

// found notes whether the file can be written; nil is that it can.
func (s *Store) found(err error) {
	s.state.Lock()
	defer s.state.Unlock()
	switch {
	case err != nil && s.trouble == nil:
		s.since = s.opt.Clock()
		s.opt.Log.Error("a local store cannot be written", "file", s.path, "err", err)
	case err == nil && s.trouble != nil:
		s.opt.Log.Info("a local store is written again", "file", s.path, "since", s.since)
	}
	s.trouble = err
}

// fault is a panic while the file was read or written: of damage that bbolt met, or of an update of its own.
type fault struct {
	what  any
	trace []byte
}

func (f *fault) Error() string { return fmt.Sprintf("local: %v", f.what) }

// guard makes an error of a panic, and of a fault where bbolt has mapped the file.
func guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if what := recover(); what != nil {
			err = &fault{what, debug.Stack()}
		}
	}()
	return do()
}
