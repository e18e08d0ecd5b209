package journal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal/natstest"
)

// proxy is a connection to a server that the test can cut or make silent: bytes are taken and go nowhere.
type proxy struct {
	t      *testing.T
	to     string
	ln     net.Listener
	silent atomic.Bool
	mu     sync.Mutex
	conns  []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{t: t, to: to, ln: ln}
	go p.run()
	t.Cleanup(func() {
		_ = ln.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, c := range p.conns {
			_ = c.Close()
		}
	})
	return p
}

func (p *proxy) run() {
	for {
		in, err := p.ln.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		go p.pipe(in, out)
		go p.pipe(out, in)
	}
}

// pipe passes bytes on; while the proxy is silent it holds them back, as a stopped process does.
func (p *proxy) pipe(from, to net.Conn) {
	defer func() { _ = from.Close(); _ = to.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		for p.silent.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// remotePair is two nodes on one external server over TCP, each through a line of its own that can fall silent.
func remotePair(t *testing.T) (a, b *world, lineA, lineB *proxy) {
	t.Helper()
	srv := natstest.StartTCP(t, t.TempDir())
	node := func(name string) (*world, *proxy) {
		line := newProxy(t, srv.Addr())
		w := &world{t: t, dir: t.TempDir(), srv: srv, opt: Options{Shared: true, Node: name, Nodes: []string{"a", "b"}}}
		w.nc, w.js = natstest.Dial(t, line.ln.Addr().String())
		t.Cleanup(func() { line.silent.Store(false); w.stopJournal() })
		return w, line
	}
	a, lineA = node("a")
	b, lineB = node("b")
	return a, b, lineA, lineB
}

// A shared stream falls silent under a node: who waits hears within seconds that the outcome is not known, whoever
// comes then that nothing is written, a login goes on, and closing ends. Once the line is back the node goes on by
// itself, and both nodes have the same record, whichever became of the block.
func TestASharedStreamThatFallsSilent(t *testing.T) {
	t.Parallel() // it waits
	a, b, line, _ := remotePair(t)
	a.start()
	b.start()
	a.add("x", 1)
	sessions := a.sessions()
	defer a.closeSessions(sessions)
	a.putSession(sessions, "s", "1")
	line.silent.Store(true)

	var e *refusal.Error
	a.within(bounded, "the command that finds out", func() {
		_, err := a.j.Submit(t.Context(), Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 1}})
		if !errors.As(err, &e) || e.Code != refusal.NotReady || e.Rule != "journal.outcome_unknown" {
			t.Errorf("it is answered %v", err)
		}
	})
	a.within(promptly, "the next command", func() {
		_, err := a.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 10}})
		if !errors.As(err, &e) || e.Code != refusal.NotReady {
			t.Errorf("it is answered %v", err)
		}
	})
	a.within(bounded, "a command with a secret", func() {
		s := Seal([]byte("secret"))
		_, err := a.j.Submit(t.Context(),
			Command{Kind: "t.add", Payload: add{Name: "x", N: 100, Ref: s.Ref}, Vault: []VaultEntry{s}})
		if !errors.As(err, &e) || e.Code != refusal.NotReady {
			t.Errorf("it is answered %v", err)
		}
	})
	if a.j.Paused() == nil || a.j.Halted() != nil {
		t.Errorf("paused %v, halted %v", a.j.Paused(), a.j.Halted())
	}
	a.within(bounded, "a login and a page", func() {
		a.putSession(sessions, "new", "1")
		a.holds(sessions, map[string]string{"s": "1", "new": "1"})
	})
	b.add("y", 1) // the other node goes on

	line.silent.Store(false)
	a.eventually("the node goes on by itself", func() bool {
		got, err := Do[uint64](t.Context(), a.j, Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 1}})
		return err == nil && got == 2
	})
	b.add("y", 1)
	caughtUp(t, a, b)
	a.want("x", 2)
	a.want("y", 2)
	if x, y := prove(t, a.j), prove(t, b.j); x.StateHash != y.StateHash {
		t.Error("the nodes differ")
	}
}

// deaf is a stream whose answers do not come while it is deaf; what is appended lands.
type deaf struct {
	appendLog
	on atomic.Bool
}

func (d *deaf) append(ctx context.Context, number uint64, raw []byte) error {
	if err := d.appendLog.append(ctx, number, raw); err != nil || !d.on.Load() {
		return err
	}
	return errFault
}

func (d *deaf) read(ctx context.Context, number uint64) ([]byte, error) {
	if d.on.Load() {
		return nil, errFault
	}
	return d.appendLog.read(ctx, number)
}

// A block whose place was not known comes along the stream before the writer looks for it: it is applied like another
// node's, once, and the node goes on by itself.
func TestALostBlockComesAlongTheStream(t *testing.T) {
	t.Parallel() // it waits
	a, _ := pair(t)
	log := &deaf{appendLog: openStream(a.js, true)}
	a.opt.log = log
	a.start()
	a.add("x", 1)
	before := a.j.Height()
	log.on.Store(true)
	var e *refusal.Error
	a.within(bounded, "the command that finds out", func() {
		_, err := a.j.Submit(t.Context(), Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 1}})
		if !errors.As(err, &e) || e.Rule != "journal.outcome_unknown" {
			t.Errorf("it is answered %v", err)
		}
	})
	log.on.Store(false)
	a.j.kick <- struct{}{}
	a.eventually("the block is applied", func() bool { return a.j.Height() > before })
	a.eventually("the node goes on by itself", func() bool { return a.j.Paused() == nil })
	if got, err := Do[uint64](t.Context(), a.j,
		Command{Kind: "t.add", Key: "k", Payload: add{Name: "x", N: 1}}); err != nil || got != 2 {
		t.Errorf("the same command again gives %d, %v", got, err)
	}
	a.add("x", 1)
	a.want("x", 3)
	prove(t, a.j)
}

// A node whose shared stream is silent can be stopped in time.
func TestClosingWhileTheSharedStreamIsSilent(t *testing.T) {
	a, _, line, _ := remotePair(t)
	a.start()
	a.add("x", 1)
	line.silent.Store(true)
	ended := make(chan error, 1)
	go func() {
		_, err := a.j.Submit(context.Background(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		ended <- err
	}()
	a.within(bounded, "closing", func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = a.j.Close(ctx) // it may say that it was not in time
	})
	if err := <-ended; err == nil {
		t.Error("a command on a silent stream was answered as done")
	}
	a.j = nil
	line.silent.Store(false)
}

// The server of a shared stream is gone: nothing was done, and that is what is said.
func TestASharedStreamThatIsGone(t *testing.T) {
	t.Parallel() // it waits
	a, _, line, _ := remotePair(t)
	a.start()
	a.add("x", 1)
	_ = line.ln.Close()
	line.mu.Lock()
	for _, c := range line.conns {
		_ = c.Close()
	}
	line.mu.Unlock()
	a.eventually("the connection is down", func() bool { return !a.nc.IsConnected() })
	var e *refusal.Error
	a.within(bounded, "a command", func() {
		_, err := a.j.Submit(t.Context(), Command{Kind: "t.add", Payload: add{Name: "x", N: 1}})
		if !errors.As(err, &e) || e.Code != refusal.NotReady || e.Rule != "journal.unreachable" {
			t.Errorf("it is answered %v", err)
		}
	})
	a.want("x", 1)
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_ = a.j.Close(ctx)
	a.j = nil
}

// What a refused command left in a shared vault is purged a day later; what a block names stays, and so does what is
// young.
func TestEntriesThatNoBlockNamesArePurged(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	named, orphan := Seal([]byte("named")), Seal([]byte("of a refused command"))
	if _, err := a.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 1, Ref: named.Ref}, Vault: []VaultEntry{named}}); err != nil {
		t.Fatal(err)
	}
	_, err := a.j.Submit(t.Context(),
		Command{Kind: "t.add", Payload: add{Name: "x", N: 9, Max: 1, Ref: orphan.Ref}, Vault: []VaultEntry{orphan}})
	if refusal.CodeOf(err) != refusal.TransitionRefused {
		t.Fatal(err)
	}
	a.eventually("the entry of the refused command is followed", func() (there bool) {
		_ = a.j.View(func(tx *bbolt.Tx) error { there = ReadVault(tx, orphan.Ref) != nil; return nil })
		return there
	})
	if err := a.j.purgeUnnamed(t.Context(), time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, a.j, orphan.Ref, "of a refused command")
	if err := a.j.purgeUnnamed(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantSecret(t, a.j, orphan.Ref, "")
	wantSecret(t, a.j, named.Ref, "named")
	b.eventually("the other node has it erased too", func() bool {
		erased := false
		_ = b.j.View(func(tx *bbolt.Tx) error {
			erased = InVault(tx, orphan.Ref) && ReadVault(tx, orphan.Ref) == nil
			return nil
		})
		return erased
	})
	wantSecret(t, b.j, named.Ref, "named")
}

// The server that holds a lease in its memory is restarted, or the bucket is lost: the lease is made anew and somebody
// leads.
func TestALostLeaseIsMadeAnew(t *testing.T) {
	a, b := pair(t)
	a.start()
	b.start()
	ctx, cancel := context.WithCancel(t.Context())
	leads := make(chan string, 16)
	var wg sync.WaitGroup
	for _, w := range []*world{a, b} {
		wg.Go(func() {
			_ = w.j.Lead(ctx, func(ctx context.Context, _ uint64) { leads <- w.opt.Node; <-ctx.Done() })
		})
	}
	defer func() { cancel(); wg.Wait() }()
	<-leads
	if err := a.js.DeleteKeyValue(t.Context(), leaseKV); err != nil {
		t.Fatal(err)
	}
	select {
	case <-leads:
	case <-time.After(time.Minute):
		t.Fatal("nobody leads after the lease was lost")
	}
	for _, w := range []*world{a, b} {
		w.eventually("the nodes know that somebody leads", func() bool {
			l := w.j.Leadership()
			return !l.None && l.Holder != ""
		})
	}
}

// Nobody leads for longer than twice the lease's time: it is said aloud, once, and by the watchman.
func TestNobodyLeads(t *testing.T) {
	w := newWorld(t)
	var log strings.Builder
	var mu sync.Mutex
	w.opt.Log = slog.New(slog.NewTextHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), nil))
	w.opt.Shared = true
	w.start()
	j := w.j
	j.leader.mu.Lock()
	j.leader.seen = time.Now().Add(-leaderless - time.Second)
	j.leader.mu.Unlock()
	if !j.Leadership().None {
		t.Error("it does not show")
	}
	for range 3 {
		if j.leader.missing(errFault) {
			j.opt.Log.Warn("told")
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if n := strings.Count(log.String(), "told"); n != 1 {
		t.Errorf("said %d times", n)
	}
}

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

var _ io.Writer = writer(nil)
