package app

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/service/servicetest"
)

// administrator makes the first account of a program.
func administrator(t *testing.T, a *App) calls.Issued {
	t.Helper()
	issued, err := servicetest.Say(t.Context(), a.svc, "init", "", calls.AddAccount, "",
		[]byte(`{"user":"admin","role":"admin"}`))
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// dialed sends the beginning of a request, and gives the connection.
func dialed(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	return c
}

// halfSent opens connections that stop inside their headers and inside their body, and returns when the server waits
// for the rest.
func halfSent(t *testing.T, addr, token string, headers, bodies int) (open []net.Conn) {
	t.Helper()
	for range headers {
		open = append(open, dialed(t, addr, "POST /api/v1/forecasts HTTP/1.1\r\nHost: q\r\nAuthorization: Bea"))
	}
	for range bodies {
		c := dialed(t, addr, "POST /api/v1/accounts HTTP/1.1\r\nHost: q\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n"+
			"Authorization: Bearer "+token+"\r\nContent-Length: 1000\r\n\r\n")
		line, err := bufio.NewReader(c).ReadString('\n') // it is sent when the body is first asked for
		if err != nil || !strings.Contains(line, "100") {
			t.Fatalf("a body that is to come is answered with %q, %v", line, err)
		}
		if _, err := io.WriteString(c, `{"user":`); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	res, err := http.Get("http://" + addr + "/healthz") // connections are accepted in their order: all are in
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return open
}

// streams opens event streams, half of them the interface's and half the desk's, each with its first bytes read.
func streams(t *testing.T, addr string, who calls.Issued, n int) (open []*http.Response) {
	t.Helper()
	login, err := http.Post("http://"+addr+"/api/v1/session", "application/json",
		strings.NewReader(fmt.Sprintf(`{"user":%q,"password":%q}`, who.User, who.Password)))
	if err != nil {
		t.Fatal(err)
	}
	_ = login.Body.Close()
	if login.StatusCode/100 != 2 || len(login.Cookies()) == 0 {
		t.Fatalf("login: %s", login.Status)
	}
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	for i := range n {
		path := []string{"/api/v1/events", "/desk/live"}[i%2]
		req, err := http.NewRequestWithContext(context.WithoutCancel(t.Context()), "GET", "http://"+addr+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(login.Cookies()[0])
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = res.Body.Close() })
		if res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s", path, res.Status)
		}
		if _, err := res.Body.Read(make([]byte, 1)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		open = append(open, res)
	}
	return open
}

// A stop does not wait for who stopped sending: it ends in order, event streams see their end, and no half-sent request
// is waited for.
func TestStopWithHalfSentRequestsAndEventStreams(t *testing.T) {
	var said lines
	cfg := alone(t)
	cfg.Limits.Streams = 20
	a := start(t, Options{Config: cfg, Log: logTo(&said)})
	admin := administrator(t, a)
	watching := streams(t, a.Addr().HTTP, admin, 20)
	half := halfSent(t, a.Addr().HTTP, admin.Token, 34, 16) // no more bodies than one may have in work
	prove(t, a)
	ended := make(chan error, 1)
	go func() { ended <- a.Stop(context.Background()) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(2 * patience):
		t.Fatal("the program does not stop")
	}
	for i, res := range watching {
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			t.Errorf("stream %d was torn off: %v", i, err)
		}
	}
	for i, c := range half {
		if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("half-sent request %d is still open: %v", i, err)
		}
	}
	if n := said.with("HTTP connections closed"); len(n) != 1 || !strings.Contains(n[0], "half_sent=50") ||
		!strings.Contains(n[0], "unfinished=0") {
		t.Errorf("the log says %q of the connections", n)
	}
	if _, err := net.DialTimeout("tcp", a.Addr().HTTP, time.Second); err == nil {
		t.Error("a stopped program accepts connections")
	}
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

// A program whose listener fails ends with an error that says which: one that lives on without it serves nobody.
func TestAListenerThatFailsEndsTheProgram(t *testing.T) {
	for name, addr := range map[string]func(*App) string{
		"HTTP": func(a *App) string { return a.Addr().HTTP },
		"NATS": func(a *App) string { return a.Addr().NATS },
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := Run(ctx, Options{Config: alone(t)}, func(a *App) { closeUnderneath(t, addr(a)) })
			if ctx.Err() != nil {
				t.Fatalf("the program lived on without its listener, and then ended with %v", err)
			}
			if err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("the program ended with %v", err)
			}
		})
	}
}

// Whatever hangs, Stop goes on with the next part, says what it left behind, and returns no error for it: only a record
// that was not closed in order is one.
func TestStopLeavesBehindWhatDoesNotEnd(t *testing.T) {
	forever := func(context.Context) error { select {} }
	obeys := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	fails := func(context.Context) error { return io.ErrUnexpectedEOF }
	broken := func(context.Context) error { return recordError{io.ErrUnexpectedEOF} }
	for name, c := range map[string]struct {
		stop    func(context.Context) error
		err     bool
		left    bool
		says    string
		already bool // ctx has ended before
	}{
		"hangs":                          {stop: forever, left: true, says: "left behind"},
		"obeys its context":              {stop: obeys, left: true, says: "left behind"},
		"fails":                          {stop: fails, says: "did not end well"},
		"record not closed in order":     {stop: broken, err: true},
		"hangs, and there is no time":    {stop: forever, left: true, says: "left behind", already: true},
		"fails, though there is no time": {stop: fails, says: "did not end well", already: true},
	} {
		t.Run(name, func(t *testing.T) {
			var said lines
			a := &App{log: logTo(&said)}
			first := false
			a.onStop("first", time.Second, func(context.Context) error { first = true; return nil })
			a.onStop("second", 20*time.Millisecond, c.stop)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if c.already {
				cancel()
			}
			err := a.Stop(ctx)
			if (err != nil) != c.err || c.err && !strings.Contains(err.Error(), "second") {
				t.Errorf("stop: %v", err)
			}
			if !first {
				t.Error("the part behind it was not ended")
			}
			if a.left != c.left {
				t.Errorf("left behind: %v", a.left)
			}
			if c.says != "" && len(said.with(c.says, "part=second")) != 1 {
				t.Errorf("said: %s", &said.text)
			}
		})
	}
}

// The limits of all parts of a program fit into the time of Stop, so that one that hangs takes none from the record.
func TestTheTimeOfEveryPartFitsIntoThatOfStop(t *testing.T) {
	a := start(t, Options{Config: alone(t), Demo: &demo.Demo{}})
	var sum time.Duration
	for _, p := range a.parts {
		if p.within <= 0 {
			t.Errorf("%s has no limit", p.name)
		}
		sum += p.within + lastWord
	}
	if sum > stopWithin {
		t.Errorf("the parts have %s, Stop %s", sum, stopWithin)
	}
}

// A folder stays locked while a part that was left behind may write there, and is free after an end in order.
func TestTheFolderStaysLockedForWhatIsLeftBehind(t *testing.T) {
	a, err := New(t.Context(), Options{Config: alone(t)})
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	defer close(release)
	a.onStop("hangs", 10*time.Millisecond, func(context.Context) error { <-release; return nil })
	stop(t, a)
	if free, err := folder.Lock(a.opt.Config.Data); err == nil {
		t.Errorf("the folder is free: %v", free())
	}
	next := alone(t)
	b := start(t, Options{Config: next})
	stop(t, b)
	free, err := folder.Lock(next.Data)
	if err != nil {
		t.Fatal(err)
	}
	if err := free(); err != nil {
		t.Error(err)
	}
}

// Work in the background that ends by itself, well or not, ends the program; all of it ends with the program, and what
// does not is named.
func TestBackgroundWork(t *testing.T) {
	for name, err := range map[string]error{"fails": io.ErrUnexpectedEOF, "ends": nil} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			got := Run(ctx, Options{Config: alone(t)},
				func(a *App) { a.background("reckoning", func(context.Context) error { return err }) })
			if ctx.Err() != nil || got == nil || !strings.Contains(got.Error(), "reckoning") {
				t.Errorf("the program ended with %v", got)
			}
		})
	}
	var said lines
	a := &App{log: logTo(&said), fatal: make(chan error, 1)}
	release := make(chan struct{})
	a.background("obeys", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
	a.background("hangs", func(context.Context) error { <-release; return nil })
	a.parts[0].within = 20 * time.Millisecond
	if err := a.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	close(release)
	a.work.all.Wait()
	if len(said.with("left behind", "[hangs]")) != 1 {
		t.Errorf("said: %s", &said.text)
	}
	if len(a.fatal) != 0 {
		t.Errorf("work that a stop ended is a failure: %v", <-a.fatal)
	}
}

// A program that is told to end while it starts has done what it was told.
func TestEndedWhileStarting(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg := alone(t)
	if err := Run(ctx, Options{Config: cfg}, func(*App) { t.Error("it has started") }); err != nil {
		t.Errorf("ended with %v", err)
	}
	a := start(t, Options{Config: cfg})
	prove(t, a)
}

// A stop is no failure: nothing that ends because the program does is told as one that ended by itself.
func TestAStopIsNoFailure(t *testing.T) {
	cfg := alone(t)
	cfg.Listen.HJ212 = "127.0.0.1:0"
	var said bytes.Buffer
	a := start(t, Options{Config: cfg, Log: slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelError}))})
	if err := a.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said.Len() > 0 {
		t.Errorf("a stop logs %s", said.String())
	}
}
