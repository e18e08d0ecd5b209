// Package front is what the program shows to the network: the addresses that it may listen on, their certificates, and
// HTTP's listener, whose end lets whole requests be answered and waits for nobody who sends half of one.
package front

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"qingkong/cmd/internal/door"
)

// How the HTTP side ends.
const (
	finishWithin  = 3 * time.Second        // for whole requests to be answered
	returnWithin  = time.Second            // for handlers to return once their connections are closed
	stalledAfter  = 500 * time.Millisecond // without a byte of what is still to come, a request counts as half-sent
	frontLookPace = 5 * time.Millisecond
)

// Options are what is served, and where.
type Options struct {
	Addr    string // host:port
	Handler http.Handler
	Ending  func()       // called as the end begins: event streams have no end of their own
	Door    door.Options // of the connections
	TLS     *tls.Config  // nil: without
	Log     *slog.Logger
}

// Listen takes the address for HTTP; Run serves there.
func Listen(o Options) (*Front, error) {
	ln, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s for HTTP: %w (another program uses it, or choose one with --listen)",
			o.Addr, err)
	}
	ln = door.Listen(ln, o.Door)
	if o.TLS != nil {
		ln = tls.NewListener(ln, o.TLS) // the outermost, for net/http asks the connection itself whether it is TLS
	}
	srv := &http.Server{ // how long bodies and answers may take the door and the front say
		Handler: o.Handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: stdlog.New(&calm{log: o.Log}, "", 0),
	}
	srv.RegisterOnShutdown(o.Ending)
	return newFront(srv, ln, o.Log), nil
}

// Front serves HTTP on one listener, and knows of every connection whether somebody works on a whole request there.
type Front struct {
	srv    *http.Server
	ln     net.Listener
	log    *slog.Logger
	finish time.Duration // finishWithin; a test takes another
	pace   door.Pace     // of what clients send

	mu    sync.Mutex
	links map[net.Conn]*link
}

// link is one connection.
type link struct {
	mu    sync.Mutex
	state http.ConnState
	since time.Time // in this state
	asks  time.Time // since when nothing can go on without more bytes of a body; zero while that is not so
}

type linkKey struct{}

// newFront puts srv in front of ln; Run serves.
func newFront(srv *http.Server, ln net.Listener, log *slog.Logger) *Front {
	f := &Front{srv: srv, ln: ln, log: log, finish: finishWithin, pace: door.Usual, links: map[net.Conn]*link{}}
	srv.ConnContext, srv.ConnState = f.connected, f.moved
	srv.Handler = f.watchBody(srv.Handler)
	srv.Protocols = new(http.Protocols)
	srv.Protocols.SetHTTP1(true) // what is bounded here is connections: see package door
	return f
}

// Addr is where it listens.
func (f *Front) Addr() string { return f.ln.Addr().String() }

// Run serves until Stop; any other end is an error.
func (f *Front) Run() error {
	if err := f.srv.Serve(f.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("HTTP on %s accepts no more connections: %w", f.ln.Addr(), err)
	}
	return nil
}

func (f *Front) connected(ctx context.Context, c net.Conn) context.Context {
	l := &link{since: time.Now()}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.links[c] = l
	return context.WithValue(ctx, linkKey{}, l)
}

func (f *Front) moved(c net.Conn, to http.ConnState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.links[c]
	if l == nil {
		return
	}
	if to == http.StateClosed || to == http.StateHijacked {
		delete(f.links, c)
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state, l.since, l.asks = to, time.Now(), time.Time{}
}

// watchBody notes on its connection while somebody waits for what a client has still to send, and ends that where the
// client does not keep the pace: for a handler that reads, or for the server, which takes in what a handler left before
// it sends the answer.
func (f *Front) watchBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l, ok := r.Context().Value(linkKey{}).(*link)
		if !ok || r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		b := &body{ReadCloser: r.Body, of: l, control: http.NewResponseController(w), pace: f.pace}
		// the server knows its own body: of one that still waits to be asked for it wants nothing
		watched := r.WithContext(r.Context())
		watched.Body = b
		next.ServeHTTP(w, watched)
		if !b.whole.Load() {
			l.ask(time.Now())
			if !b.failed.Load() {
				b.within(f.pace.Until(time.Now(), 0, 0))
			}
		}
	})
}

type body struct {
	io.ReadCloser
	of      *link
	whole   atomic.Bool
	failed  atomic.Bool // nothing more comes
	control *http.ResponseController
	pace    door.Pace
	spent   time.Duration // waiting for the client
	n       int           // bytes that have come
}

func (b *body) Read(p []byte) (int, error) {
	begin := time.Now()
	b.of.ask(begin)
	defer b.of.ask(time.Time{})
	b.within(b.pace.Until(begin, b.spent, b.n))
	n, err := b.ReadCloser.Read(p)
	b.spent += time.Since(begin)
	b.n += n
	switch err {
	case nil:
		b.within(time.Time{}) // while a handler works nobody is waited for
	case io.EOF:
		b.within(time.Time{})
		b.whole.Store(true)
	default:
		b.failed.Store(true)
	}
	return n, err
}

// SetPace has a client keep another pace from here on, as [door.Pace] has it: a piece of an upload is no form.
func (b *body) SetPace(stall, grace time.Duration, perSecond int) {
	b.pace = door.Pace{Stall: stall, Grace: grace, PerSecond: perSecond}
}

// within sets when the client must have sent something; the zero time is no end. A connection that cannot be told is at
// its end.
func (b *body) within(t time.Time) { _ = b.control.SetReadDeadline(t) }

func (l *link) ask(since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = since
}

// what says what a connection is to a server that ends.
func (l *link) what(now time.Time) (working, halfSent bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.state {
	case http.StateNew:
		halfSent = now.Sub(l.since) > stalledAfter
		return !halfSent, halfSent
	case http.StateActive:
		halfSent = !l.asks.IsZero() && now.Sub(l.asks) > stalledAfter
		return !halfSent, halfSent
	}
	return false, false
}

// count is how many connections have a whole request that is worked on, or one that may yet come whole at once, and how
// many have half a request.
func (f *Front) count() (working, halfSent int) {
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, l := range f.links {
		switch w, h := l.what(now); {
		case w:
			working++
		case h:
			halfSent++
		}
	}
	return working, halfSent
}

// open is how many connections there are.
func (f *Front) open() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.links)
}

// Stop lets whole requests be answered, within a limit, and closes what is left: that is no error. It returns once no
// handler runs, or a moment after the connections are closed.
func (f *Front) Stop(ctx context.Context) error {
	finish, cancel := context.WithTimeout(ctx, f.finish)
	defer cancel()
	go func() { _ = f.srv.Shutdown(finish) }() // what it leaves is closed below
	until(finish, func() bool { working, _ := f.count(); return working == 0 })
	working, halfSent := f.count()
	if working+halfSent > 0 {
		level := slog.LevelInfo
		if working > 0 {
			level = slog.LevelWarn
		}
		f.log.Log(ctx, level, "HTTP connections closed that were not done", "half_sent", halfSent, "unfinished", working)
	}
	err := f.srv.Close()
	back, cancel := context.WithTimeout(ctx, returnWithin)
	defer cancel()
	if !until(back, func() bool { return f.open() == 0 }) {
		f.log.Warn("HTTP requests are still worked on and are left behind", "requests", f.open())
	}
	return err
}

// until waits for something to hold, and says whether it does.
func until(ctx context.Context, holds func() bool) bool {
	tick := time.NewTicker(frontLookPace)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return holds()
		case <-tick.C:
		}
	}
	return true
}
