package journal

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

// pair is two nodes with their own folders on one external server.
func pair(t *testing.T) (a, b *world) {
	t.Helper()
	hub := newWorld(t)
	hub.startServer()
	node := func(name string) *world {
		w := &world{t: t, dir: t.TempDir(), srv: hub.srv, opt: Options{Shared: true, Node: name, Nodes: []string{"a", "b"}}}
		w.nc, w.js = hub.srv.Connect(t)
		t.Cleanup(w.stopJournal)
		return w
	}
	return node("a"), node("b")
}

func caughtUp(t *testing.T, nodes ...*world) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		top := uint64(0)
		for _, w := range nodes {
			top = max(top, w.j.Height())
		}
		behind := (<-chan struct{})(nil)
		for _, w := range nodes {
			changed := w.j.Changed()
			if w.j.Height() < top {
				behind = changed
			}
		}
		if behind == nil {
			return
		}
		select {
		case <-behind:
		case <-deadline:
			t.Fatalf("a node stays behind block %d", top)
		}
	}
}

func TestTwoNodesWriteAtOnce(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	var wg sync.WaitGroup
	const callers, each, limit = 8, 40, 500
	var mu sync.Mutex
	answers := map[uint64]int{}
	for i := range 2 * callers {
		w := a
		if i%2 == 1 {
			w = b
		}
		wg.Go(func() {
			for range each {
				got, err := Do[uint64](t.Context(), w.j,
					Command{Kind: "t.add", Actor: w.opt.Node, Payload: add{Name: "x", N: 1, Max: limit}})
				if err == nil {
					mu.Lock()
					answers[got]++
					mu.Unlock()
				} else if refusal.CodeOf(err) != refusal.TransitionRefused {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(answers) != limit {
		t.Errorf("%d different answers, want each number up to %d once", len(answers), limit)
	}
	caughtUp(t, a, b)
	a.want("x", limit)
	b.want("x", limit)
	if x, y := prove(t, a.j), prove(t, b.j); x.StateHash != y.StateHash || x.Root != y.Root {
		t.Errorf("the nodes differ: %+v and %+v", x, y)
	}
}

// An answer that needs no block stands on what the other node has already been told is done.
func TestANodeAnswersByWhatTheOtherRecorded(t *testing.T) {
	t.Parallel()
	a, b := pair(t)
	a.opt.NoSync = true // a's answer comes at once
	a.start()
	b.start()
	for n := range uint64(1000) {
		if got := a.add("x", 1); got != n+1 {
			t.Fatalf("a has %d, want %d", got, n+1)
		}
		if got := b.add("x", 0); got != n+1 {
			t.Fatalf("b has %d after a was told %d", got, n+1)
		}
	}
	prove(t, b.j)
}

func TestANodeThatWasAwayCatchesUp(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	a.add("x", 1)
	b.stopJournal()
	for range 50 {
		a.add("x", 1)
	}
	b.start()
	b.add("y", 1)
	caughtUp(t, a, b)
	b.want("x", 51)
	a.want("y", 1)
	prove(t, a.j)
	prove(t, b.j)
}

func TestTheVaultReachesTheOtherNode(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	e := Seal([]byte("13800000000"))
	cmd := Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: e.Ref}, Vault: []VaultEntry{e}}
	if _, err := a.j.Submit(t.Context(), cmd); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, a, b)
	b.stopJournal()
	b.start() // at the latest now; while running it follows by itself
	wantSecret(t, b.j, e.Ref, "13800000000")
}

// One node leads at a time; when it ends the other takes over with a higher epoch, and what the first still
// wants to record is refused.
func TestTheLeaseMovesAndTheOldEpochIsRefused(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	type term struct {
		node  string
		epoch uint64
	}
	terms := make(chan term, 16)
	lead := func(ctx context.Context, w *world) func() {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = w.j.Lead(ctx, func(ctx context.Context, epoch uint64) {
				terms <- term{w.opt.Node, epoch}
				<-ctx.Done()
			})
		}()
		return func() { cancel(); <-ended }
	}
	stopA := lead(t.Context(), a)
	first := <-terms
	stopB := lead(t.Context(), b)
	stopA()
	second := <-terms
	if first.node != "a" || second.node != "b" || second.epoch <= first.epoch {
		t.Errorf("terms %+v then %+v", first, second)
	}
	caughtUp(t, a, b)
	_, err := a.j.Submit(t.Context(), Command{Kind: "t.sent", Payload: SendReport{Epoch: first.epoch, Rows: nil}})
	if refusal.CodeOf(err) != refusal.Conflict {
		t.Errorf("the old epoch's result gave %v", err)
	}
	stopB()
	prove(t, a.j)
}

// A holder that dies without giving the lease up keeps the other waiting for its time, not for ever.
func TestALeaseWhoseHolderDiedRunsOut(t *testing.T) {
	t.Parallel() // it waits
	a, b := pair(t)
	a.start()
	b.start()
	ctx, cancel := context.WithCancel(t.Context())
	leading := make(chan string, 16)
	run := func(w *world) {
		go func() {
			_ = w.j.Lead(ctx, func(ctx context.Context, _ uint64) { leading <- w.opt.Node; <-ctx.Done() })
		}()
	}
	run(a)
	if got := <-leading; got != "a" {
		t.Fatalf("%s leads", got)
	}
	run(b)
	a.nc.Close() // the machine is gone as far as the bus can tell
	if got := <-leading; got != "b" {
		t.Errorf("%s leads after a died", got)
	}
	cancel()
	b.add("x", 1)
	prove(t, b.j)
}

// The shared stream lost its tail. A node that is behind must not write in the place of what was lost: nobody
// does before every configured node has said how far it is, and then the highest appends the tail again.
func TestNobodyWritesAfterARegressionBeforeEveryNodeHasReported(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	a.add("x", 4)
	caughtUp(t, a, b)
	b.stopJournal() // before what the stream is going to lose: by itself it would see nothing missing
	for range 16 {
		a.add("x", 1)
	}
	if err := a.j.reportHeight(t.Context(), a.j.Height()); err != nil { // as it does each second
		t.Fatal(err)
	}
	a.stopJournal()
	cutTail(a, 5)

	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	opt := b.opt
	opt.Dir, opt.JS, opt.Registry = b.dir, b.js, testRegistry()
	if j, err := Open(ctx, opt); !errors.Is(err, context.DeadlineExceeded) {
		if err == nil {
			_ = j.Close(context.Background())
		}
		t.Fatalf("a node opened on a regressed stream before the other had reported: %v", err)
	}
	opened := make(chan error, 1)
	go func() { _, err := b.tryStart(); opened <- err }()
	a.start()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	caughtUp(t, a, b)
	b.want("x", 20)
	b.add("x", 1)
	caughtUp(t, a, b)
	if x, y := prove(t, a.j), prove(t, b.j); x.StateHash != y.StateHash {
		t.Error("the nodes differ")
	}
}

func TestAnExcludedNodeIsNotWaitedFor(t *testing.T) {
	a, b := pair(t)
	a.start()
	for range 10 {
		a.add("x", 1)
	}
	a.stopJournal()
	cutTail(a, 5)
	if err := ExcludeNode(t.Context(), b.js, "b"); err != nil {
		t.Fatal(err)
	}
	a.start()
	a.want("x", 10)
	a.add("x", 1)
	prove(t, a.j)
}

// A stream that regresses under running nodes stops them instead of being written over.
func TestARegressionUnderRunningNodesHaltsThem(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	for range 10 {
		a.add("x", 1)
	}
	caughtUp(t, a, b)
	cutTail(a, 5)
	for _, w := range []*world{a, b} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := w.j.Submit(ctx, Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		cancel()
		if err == nil || !errors.Is(w.j.Halted(), ErrRegressed) {
			t.Errorf("node %s: %v, halted %v", w.opt.Node, err, w.j.Halted())
		}
		w.want("x", 10)
	}
}

// Whichever node's bbolt is lost, it comes back from the stream with the same state, outbox and timers.
func TestANodeRebuiltFromTheStream(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	for i := range 30 {
		a.add(fmt.Sprint("x", i%7), 1)
	}
	caughtUp(t, a, b)
	b.stopJournal()
	b.dir = t.TempDir()
	b.start()
	caughtUp(t, a, b)
	if x, y := prove(t, a.j), prove(t, b.j); x.StateHash != y.StateHash {
		t.Error("the rebuilt node differs")
	}
}
