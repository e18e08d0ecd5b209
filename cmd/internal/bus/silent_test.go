package bus

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// line is a network to a server, which can fall silent: what comes is held back and the connection stays open.
type line struct {
	net.Listener
	to string

	mu   sync.Mutex
	held chan struct{} // closed while it carries
}

func newLine(t *testing.T, to string) *line {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{Listener: ln, to: to}
	l.speak()
	var wg sync.WaitGroup
	wg.Go(func() { l.accept(&wg) })
	t.Cleanup(func() { _ = ln.Close(); l.speak(); wg.Wait() })
	return l
}

func (l *line) accept(wg *sync.WaitGroup) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", l.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		wg.Go(func() { l.carry(out, in) })
		wg.Go(func() { l.carry(in, out) })
	}
}

func (l *line) carry(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		held := l.held
		l.mu.Unlock()
		<-held
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

func (l *line) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = make(chan struct{})
}

func (l *line) speak() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil {
		select {
		case <-l.held:
			return
		default:
		}
	} else {
		l.held = make(chan struct{})
	}
	close(l.held)
}

// limited bounds one question; it is long only where there is no answer.
func limited(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestAnEmbeddedServerAnswersOnAllConnections(t *testing.T) {
	b := startBus(t, Config{StoreDir: t.TempDir(), Listen: "127.0.0.1:0"}, nil)
	if s := b.Silent(limited(t, 20*time.Second)); s != nil {
		t.Errorf("%s is silent: %v", s.Part, s.Err)
	}
	if n := b.Clients(); n != len(b.Connected()) {
		t.Errorf("%d clients, want our own %d", n, len(b.Connected()))
	}
	b.srv.Shutdown()
	b.srv.WaitForShutdown()
	s := b.Silent(limited(t, 20*time.Second))
	if s == nil || s.Part != "journal" || !s.Vital {
		t.Errorf("of a server that has ended: %+v, want the journal's connection", s)
	}
}

// A server that stands still keeps its connections: only a question finds it out.
func TestAServerThatStandsStillIsSilent(t *testing.T) {
	s := runServer(t, &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(),
		Username: "qingkong", Password: "pw"})
	l := newLine(t, s.Addr().String())
	b := startExternal(t, "nats://"+l.Addr().String(),
		writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"}))
	if s := b.Silent(limited(t, 20*time.Second)); s != nil {
		t.Fatalf("%s is silent: %v", s.Part, s.Err)
	}
	l.silence()
	silent := b.Silent(limited(t, 100*time.Millisecond))
	if silent == nil || silent.Part != "journal" || !errors.Is(silent.Err, context.DeadlineExceeded) {
		t.Errorf("%+v, want the journal's connection without an answer", silent)
	}
	if up := b.Connected(); !up["journal"] || !up["inbox"] || !up["feed"] || len(up) != 3 {
		t.Errorf("connections %v, want the one that two accounts share, up", up)
	}
	l.speak()
	if s := b.Silent(limited(t, 20*time.Second)); s != nil {
		t.Errorf("%s is silent though the server answers again: %v", s.Part, s.Err)
	}
	if b.Clients() != 0 {
		t.Error("the clients of an external server are counted")
	}
}

func TestVitalConnectionsAreAskedFirst(t *testing.T) {
	b := startBus(t, Config{StoreDir: t.TempDir()}, nil)
	b.conns["auth"].Close()
	s := b.Silent(limited(t, 20*time.Second))
	if s == nil || s.Part != "auth" || s.Vital {
		t.Errorf("%+v, want the connection of logins, which is not vital", s)
	}
	b.conns["public"].Close()
	if s = b.Silent(limited(t, 20*time.Second)); s == nil || s.Part != "public" || !s.Vital {
		t.Errorf("%+v, want the public connection, which is vital", s)
	}
	var names []string
	for part := range b.each {
		names = append(names, part)
	}
	if !slices.Equal(names, []string{"journal", "public", "inbox", "feed", "auth", "officers", "viewers"}) {
		t.Errorf("the parts are %v", names)
	}
}
