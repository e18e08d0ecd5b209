package journal

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal/natstest"
)

// The domain of these tests: counters that only grow, each with a message to be sent when it does.

type added struct {
	Name  string `json:"name"`
	N     uint64 `json:"n"`
	Total uint64 `json:"total"`
}

func (added) Kind() string { return "t.added" }

func (e added) adds() added { return e }

// A counter whose name is that of a blob names it.
func (e added) Blobs() []string { return []string{e.Name} }

type poisoned struct {
	Live bool `json:"-"`
}

func (poisoned) Kind() string { return "t.poisoned" }

type add struct {
	Name string `json:"name"`
	N    uint64 `json:"n"`
	Max  uint64 `json:"max,omitempty"` // refuse to go over it
	Pad  string `json:"pad,omitempty"`
	Ref  string `json:"ref,omitempty"`
}

var (
	countBucket = []byte("t.counts")
	sumBucket   = []byte("t.sums") // "sum": of all that was added, which the events of a block write together
)

// sum adds up what the events of a block added.
type sum uint64

func (s *sum) Save(tx *bbolt.Tx) error {
	b := tx.Bucket(sumBucket)
	total := uint64(*s)
	if row := b.Get([]byte("sum")); row != nil {
		total += binary.BigEndian.Uint64(row)
	}
	return b.Put([]byte("sum"), binary.BigEndian.AppendUint64(nil, total))
}

func count(tx *bbolt.Tx, name string) uint64 {
	row := tx.Bucket(countBucket).Get([]byte(name))
	if row == nil {
		return 0
	}
	return binary.BigEndian.Uint64(row)
}

// program is a version of the program: the form in which it records an addition, and the older ones that it reads.
type program struct {
	record func(added) Event
	decode func(kind string, data []byte) (Event, error)
	older  []Older
	placed func(tx *bbolt.Tx, pos Pos, ev Event)
}

// decodeTo reads the events of one kind.
func decodeTo[E Event](kind string, data []byte) (Event, error) {
	var e E
	if kind != e.Kind() {
		return nil, fmt.Errorf("unknown kind %q", kind)
	}
	err := json.Unmarshal(data, &e)
	return e, err
}

func testRegistry() *Registry { return today().registry() }

func today() program {
	return program{record: func(e added) Event { return e }, decode: decodeTo[added],
		placed: func(*bbolt.Tx, Pos, Event) {}}
}

func (p program) registry(more ...Module) *Registry {
	r := NewRegistry(append(more, Module{
		Name: "t", Buckets: []string{string(countBucket), string(sumBucket)}, Older: p.older, Decode: p.decode,
		Apply: func(tx *bbolt.Tx, fx Effects, at time.Time, _ string, pos Pos, ev Event) error {
			p.placed(tx, pos, ev)
			is, ok := ev.(interface{ adds() added })
			if !ok {
				return errors.New("the poison works")
			}
			e := is.adds()
			fx.Send("count", e.Name, at)
			*fx.Together("sum", func() Saver { return new(sum) }).(*sum) += sum(e.N)
			return tx.Bucket(countBucket).Put([]byte(e.Name), binary.BigEndian.AppendUint64(nil, e.Total))
		},
	})...)
	Handle(r, "t.add", func(tx *bbolt.Tx, _ string, in add, _ time.Time) ([]Event, uint64, error) {
		have := count(tx, in.Name)
		if in.N == 0 {
			return nil, have, nil
		}
		if in.Max > 0 && have+in.N > in.Max {
			return nil, have, refusal.Transition("journal.busy", fmt.Sprint(have), nil)
		}
		return []Event{p.record(added{in.Name, in.N, have + in.N})}, have + in.N, nil
	})
	Handle(r, "t.poison", func(*bbolt.Tx, string, add, time.Time) ([]Event, uint64, error) {
		return []Event{poisoned{}}, 0, nil
	})
	Handle(r, "t.panic", func(*bbolt.Tx, string, add, time.Time) ([]Event, uint64, error) {
		panic("a handler that panics")
	})
	Handle(r, "t.sent", func(tx *bbolt.Tx, _ string, in SendReport, now time.Time) ([]Event, bool, error) {
		events, err := DecideSent(tx, in, now, func(Due) time.Duration { return 0 })
		return events, true, err
	})
	return r
}

// world is one data directory with its server, which can both be stopped, damaged and started again.
type world struct {
	t    testing.TB
	dir  string // record
	nats string // the server's store
	srv  *natstest.Server
	nc   *nats.Conn
	js   jetstream.JetStream
	j    *Journal
	opt  Options
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), nats: t.TempDir()}
	t.Cleanup(w.stop)
	return w
}

func (w *world) startServer() {
	w.t.Helper()
	w.srv = natstest.Start(w.t, w.nats)
	w.nc, w.js = w.srv.NC, w.srv.JS
}

// start opens the journal, with the server when it is not running.
func (w *world) start() *Journal {
	w.t.Helper()
	j, err := w.tryStart()
	if err != nil {
		w.t.Fatalf("open: %v", err)
	}
	return j
}

func (w *world) tryStart() (*Journal, error) {
	w.t.Helper()
	if w.srv == nil {
		w.startServer()
	}
	opt := w.opt
	opt.Dir, opt.JS = w.dir, w.js
	if opt.Registry == nil {
		opt.Registry = testRegistry()
	}
	if opt.Fatal == nil {
		opt.Fatal = func(err error) { w.t.Errorf("fatal: %v", err) }
	}
	if opt.Log == nil && testing.Verbose() {
		opt.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	j, err := Open(ctx, opt)
	if err == nil {
		w.j = j
	}
	return j, err
}

// vaultLevel waits until the vault's two sides were compared and nothing is owed.
func (w *world) vaultLevel() {
	w.t.Helper()
	w.eventually("the vault is level", func() bool { return w.j.compared.Load() && w.j.vault.status().Owed == 0 })
}

// eventually waits until something holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !holds() {
		if time.Now().After(deadline) {
			w.t.Fatalf("does not come: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func (w *world) stopJournal() {
	if w.j != nil {
		if err := w.j.Close(context.Background()); err != nil {
			w.t.Errorf("close: %v", err)
		}
		w.j = nil
	}
}

func (w *world) stop() {
	w.stopJournal()
	if w.srv != nil {
		w.srv.Stop()
		w.srv = nil
	}
}

func (w *world) restart() *Journal {
	w.t.Helper()
	w.stop()
	return w.start()
}

// blk is the path of a file of the stream's store.
func (w *world) blk(name string) string {
	return filepath.Join(w.nats, "jetstream", "$G", "streams", Stream, "msgs", name)
}

func (w *world) add(name string, n uint64) uint64 {
	w.t.Helper()
	got, err := Do[uint64](w.t.Context(), w.j, Command{Kind: "t.add", Actor: "tester", Payload: add{Name: name, N: n}})
	if err != nil {
		w.t.Fatalf("add %s %d: %v", name, n, err)
	}
	return got
}

func (w *world) want(name string, want uint64) {
	w.t.Helper()
	_ = w.j.View(func(tx *bbolt.Tx) error {
		if got := count(tx, name); got != want {
			w.t.Errorf("%s = %d, want %d", name, got, want)
		}
		return nil
	})
}

// prove is the one checker that every scenario ends with: blocks, tree, stream, and a replay that leaves the
// same state.
func prove(t *testing.T, j *Journal) Report {
	t.Helper()
	r, err := j.Check(t.Context())
	if err != nil {
		t.Fatalf("check: %v", err)
	}
	for _, p := range r.Problems {
		t.Errorf("check: %s", p)
	}
	return r
}

// faulty stands between the writer and the stream and makes its next append go wrong.
type faulty struct {
	appendLog
	mu   sync.Mutex
	next []fault
}

type fault struct {
	land   bool // publish it all the same
	before func()
}

var errFault = errors.New("no answer in time (made by the test)")

func (f *faulty) append(ctx context.Context, number uint64, raw []byte) error {
	f.mu.Lock()
	var now *fault
	if len(f.next) > 0 {
		now, f.next = &f.next[0], f.next[1:]
	}
	f.mu.Unlock()
	if now == nil {
		return f.appendLog.append(ctx, number, raw)
	}
	if now.before != nil {
		now.before()
	}
	if now.land {
		if err := f.appendLog.append(ctx, number, raw); err != nil {
			return err
		}
	}
	return errFault
}

func (f *faulty) will(faults ...fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = faults
}

// withFaults starts the journal over a stream whose appends the test can make fail.
func (w *world) withFaults() *faulty {
	w.t.Helper()
	if w.srv == nil {
		w.startServer()
	}
	f := &faulty{appendLog: openStream(w.js, w.opt.Shared)}
	w.opt.log = f
	w.start()
	w.opt.log = nil
	return f
}

// StoreVault puts entries into the vault on their own, without a command.
func (j *Journal) StoreVault(ctx context.Context, entries ...VaultEntry) error {
	if j.opt.Shared {
		if err := j.publishEntries(ctx, entries); err != nil {
			return err
		}
	}
	return j.store(ctx, func(tx *bbolt.Tx) error { return j.putEntries(tx, entries) })
}
