package bus

import (
	"context"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// failures is a bus's Config.Failed.
func failures() (failed func(error), told chan error) {
	told = make(chan error, 100)
	return func(err error) { told <- err }, told
}

// told waits until a failure was told whose text holds want.
func awaitFailure(t *testing.T, told chan error, want string) {
	t.Helper()
	select {
	case err := <-told:
		if !strings.Contains(err.Error(), want) {
			t.Errorf("told: %v, want %s", err, want)
		}
	case <-time.After(time.Minute):
		t.Fatalf("nobody was told: %s", want)
	}
}

// Whatever ends for good while the bus is open is told, and told once; an end by Close is none of that.
func TestWhatEndsForGoodIsTold(t *testing.T) {
	for name, c := range map[string]struct {
		end  func(t *testing.T, b *Bus)
		want string
	}{
		"the embedded server": {func(_ *testing.T, b *Bus) { b.srv.Shutdown() }, "server has ended by itself"},
		"the listener":        {func(t *testing.T, b *Bus) { closeUnderneath(t, b.Addr()) }, "accepts no more connections"},
		"a connection":        {func(_ *testing.T, b *Bus) { b.conns["public"].Close() }, "connection public has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			failed, told := failures()
			b := startBus(t, Config{Failed: failed}, everyone().authenticate)
			c.end(t, b)
			awaitFailure(t, told, c.want)
			closeBus(t, b)
			if len(told) > 0 {
				t.Errorf("told again: %v", <-told)
			}
		})
	}
	t.Run("close", func(t *testing.T) {
		failed, told := failures()
		b := startBus(t, Config{Failed: failed}, everyone().authenticate)
		closeBus(t, b)
		b.srv.WaitForShutdown()
		if len(told) > 0 {
			t.Errorf("told: %v", <-told)
		}
	})
}

// closeUnderneath makes a listening socket of this process useless, as the system would: accepting from it fails.
func closeUnderneath(t *testing.T, addr string) {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fds {
		fd, err := strconv.Atoi(f.Name())
		if err != nil {
			continue
		}
		listens, err := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ACCEPTCONN)
		if err != nil || listens == 0 {
			continue
		}
		at, err := syscall.Getsockname(fd)
		if v4, ok := at.(*syscall.SockaddrInet4); err == nil && ok && strconv.Itoa(v4.Port) == port {
			if err := syscall.Shutdown(fd, syscall.SHUT_RDWR); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("nothing listens on %s", addr)
}

// wire is the way to a server; while it is frozen nothing passes, as with a server that is stopped and not dead.
type wire struct {
	addr string
	mu   sync.RWMutex // held while frozen
}

func newWire(t *testing.T, to string) *wire {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	w := &wire{addr: ln.Addr().String()}
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			go w.pass(in, out)
			go w.pass(out, in)
		}
	}()
	return w
}

func (w *wire) pass(from, to net.Conn) {
	defer func() { _ = from.Close(); _ = to.Close() }()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		w.mu.RLock()
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		w.mu.RUnlock()
		if err != nil {
			return
		}
	}
}

// Closing keeps to its time with a server that takes nothing in any more, even while something waits to be written to
// it: that holds the connection's lock.
func TestCloseKeepsToItsTime(t *testing.T) {
	s := runServer(t, &server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(),
		Username: "qingkong", Password: "pw"})
	w := newWire(t, s.Addr().String())
	b, err := Start(Config{URL: "nats://" + w.addr,
		CredsFile: writeCredentials(t, map[string]string{"user": "qingkong", "password": "pw"}), Name: "node1"})
	if err != nil {
		t.Fatal(err)
	}
	var written sync.WaitGroup
	w.mu.Lock()
	defer func() { w.mu.Unlock(); written.Wait() }()
	progress := make(chan struct{}, 1)
	written.Go(func() {
		for text := make([]byte, 1<<19); b.conns["public"].Publish("qingkong.test", text) == nil; {
			select {
			case progress <- struct{}{}:
			default:
			}
		}
	})
	for stuck := false; !stuck; {
		select {
		case <-progress:
		case <-time.After(500 * time.Millisecond): // no call returns any more
			stuck = true
		}
	}
	ended := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		ended <- b.Close(ctx)
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a connection that could not be drained is none that ended well")
		}
	case <-time.After(time.Minute):
		t.Fatal("Close does not return")
	}
}

// Clients that log in over and over while the server stops, as agents do that come back, neither crash it nor hold it
// up.
func TestLoginsWhileItStops(t *testing.T) {
	t.Parallel()
	for range 2 {
		b, err := Start(Config{StoreDir: t.TempDir(), Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		serve(t, b, everyone().authenticate)
		addr, stop := b.Addr(), make(chan struct{})
		var clients sync.WaitGroup
		for range 24 {
			clients.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if nc, err := nats.Connect(addr, nats.UserInfo("E0001", "wrong"), nats.NoReconnect(),
						nats.Timeout(200*time.Millisecond)); err == nil {
						nc.Close()
					}
				}
			})
		}
		time.Sleep(100 * time.Millisecond) // so that many are on their way
		closeBus(t, b)
		close(stop)
		clients.Wait()
	}
}
