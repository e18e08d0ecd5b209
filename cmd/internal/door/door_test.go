package door

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

const patience = time.Minute

// open is a door on the loopback whose connections are answered with a byte each and kept.
func open(t *testing.T, opt Options) *Listener {
	t.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Listen(ln, opt)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte{1})
			go func() { _, _ = io.Copy(io.Discard, c); _ = c.Close() }()
		}
	}()
	return l
}

// come is a connection from an address of the loopback; in says whether it was let in.
func come(t *testing.T, l *Listener, from string) (c net.Conn, in bool) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, alive(t, c)
}

func alive(t *testing.T, c net.Conn) bool {
	t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, err := c.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatal("neither let in nor closed")
	}
	return err == nil
}

func wait(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// An address has so many connections, whatever others have; a proxy, which speaks for many, has as many as there are.
func TestAnAddressHasSoManyConnections(t *testing.T) {
	proxy := netip.MustParseAddr("127.0.0.9")
	l := open(t, Options{PerAddress: 3, Exempt: func(a netip.Addr) bool { return a == proxy }})
	var first net.Conn
	for i := range 3 {
		c, in := come(t, l, "127.0.0.1")
		if !in {
			t.Fatalf("connection %d is closed", i)
		}
		first = c
	}
	if _, in := come(t, l, "127.0.0.1"); in {
		t.Error("a fourth connection is let in")
	}
	if _, in := come(t, l, "127.0.0.2"); !in {
		t.Error("another address pays for it")
	}
	for i := range 10 {
		if _, in := come(t, l, "127.0.0.9"); !in {
			t.Fatalf("connection %d of a proxy is closed", i)
		}
	}
	_ = first.Close()
	wait(t, "a place", func() bool { return l.Open() == 13 })
	if _, in := come(t, l, "127.0.0.1"); !in {
		t.Error("one that ended made no room")
	}
}

// When all places are taken, who has the most makes room for who has fewer, and not for itself.
func TestFewAddressesKeepNobodyOut(t *testing.T) {
	l := open(t, Options{InAll: 6})
	var flood []net.Conn
	for range 6 {
		c, _ := come(t, l, "127.0.0.1")
		flood = append(flood, c)
	}
	if _, in := come(t, l, "127.0.0.1"); in {
		t.Error("who has all has one more")
	}
	var others []net.Conn
	for i, from := range []string{"127.0.0.2", "127.0.0.2", "127.0.0.3"} {
		c, in := come(t, l, from)
		if !in {
			t.Errorf("newcomer %d is kept out", i)
		}
		others = append(others, c)
	}
	if _, in := come(t, l, "127.0.0.2"); in { // 3, 2 and 1: as many as the largest would be too many
		t.Error("who would have as many as the largest takes from it")
	}
	if n := l.Open(); n != 6 {
		t.Errorf("%d connections, want 6", n)
	}
	closed := 0
	for _, c := range flood {
		_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			closed++
		}
	}
	if closed != 3 {
		t.Errorf("%d connections of the largest made room, want 3", closed)
	}
	for _, c := range append(flood, others...) {
		_ = c.Close()
	}
	wait(t, "all places back", func() bool { return l.Open() == 0 && len(l.of) == 0 })
}

func TestNetworks(t *testing.T) {
	for addr, want := range map[string]string{"192.0.2.7": "192.0.2.7/32", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64"} {
		if got := Network(netip.MustParseAddr(addr)).String(); got != want {
			t.Errorf("%s is of %s, want %s", addr, got, want)
		}
	}
	if got := Network(netip.Addr{}); got.IsValid() {
		t.Errorf("nothing is of %s", got)
	}
}

// piped is a connection and its peer.
func piped(pace Pace) (*Conn, net.Conn) {
	near, far := net.Pipe()
	return newConn(near, pace, func(*Conn) {}), far
}

// pieces takes n bytes after each pause, until nothing more comes.
func pieces(n int, pause time.Duration) func(io.Reader) {
	return func(far io.Reader) {
		for err := error(nil); err == nil; _, err = io.ReadFull(far, make([]byte, n)) {
			time.Sleep(pause)
		}
	}
}

// A reader that takes nothing ends a write after ten seconds, one that goes on however slowly gets all, and one that
// takes next to nothing has a minute.
func TestWritesEndWithoutProgress(t *testing.T) {
	for name, c := range map[string]struct {
		bytes int
		take  func(io.Reader)
		ended bool
		after time.Duration // to within a stall
	}{
		"nothing is taken":    {1 << 20, func(io.Reader) {}, true, 10 * time.Second},
		"it goes on for long": {4 << 20, pieces(64<<10, 9*time.Second), false, 64 * 9 * time.Second},
		"a byte now and then": {1 << 20, pieces(1, 9*time.Second), true, time.Minute},
		"it stops in the middle": {200 << 10, func(far io.Reader) {
			time.Sleep(5 * time.Second)
			pieces(190<<10, 0)(io.LimitReader(far, 190<<10))
		}, true, 15 * time.Second},
		"all at once":            {1 << 20, pieces(1<<20, 0), false, 0},
		"in time for each piece": {40 << 10, pieces(8<<10, 9900*time.Millisecond), false, 49500 * time.Millisecond},
		"less than its share":    {1 << 20, pieces(20<<10, 9*time.Second), true, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := piped(Usual)
				done := make(chan struct{})
				go func() { defer close(done); c.take(far) }()
				begin := time.Now()
				n, err := near.Write(make([]byte, c.bytes))
				after := time.Since(begin)
				if c.ended != errors.Is(err, os.ErrDeadlineExceeded) || !c.ended && (err != nil || n != c.bytes) {
					t.Errorf("%d of %d bytes, %v", n, c.bytes, err)
				}
				if after < c.after || after > c.after+10*time.Second {
					t.Errorf("it took %v, want %v", after, c.after)
				}
				_, _ = near.Close(), far.Close()
				<-done
			})
		})
	}
}

// A deadline of who writes is the one that counts, until it is taken back.
func TestStreamsKeepTheirOwnDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := piped(Usual)
		defer far.Close()
		_ = near.SetWriteDeadline(time.Now().Add(25 * time.Second))
		begin := time.Now()
		if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != 25*time.Second {
			t.Errorf("its own: %v after %v", err, time.Since(begin))
		}
		_ = near.SetWriteDeadline(time.Time{})
		begin = time.Now()
		if _, err := near.Write([]byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begin) != 10*time.Second {
			t.Errorf("the pace's: %v after %v", err, time.Since(begin))
		}
	})
}
