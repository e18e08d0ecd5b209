package front

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait; it is reached only when something is wrong.
const patience = 20 * time.Second

// serving is a front over handlers of a test: /hold waits for release, /leave answers without reading its body, /never
// does not return before its connection is closed.
type serving struct {
	*Front
	said     strings.Builder // by Stop
	entered  chan string     // paths, as their handlers begin
	release  chan struct{}
	returned chan error // of run
}

func serveFront(t *testing.T, finish time.Duration) *serving {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &serving{entered: make(chan string, 100), release: make(chan struct{}), returned: make(chan error, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("/hold", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		s.entered <- r.URL.Path
		<-s.release
		_, _ = io.WriteString(w, strings.Repeat("answer ", 10_000))
	})
	mux.HandleFunc("/leave", func(w http.ResponseWriter, r *http.Request) {
		s.entered <- r.URL.Path
		w.WriteHeader(http.StatusUnauthorized)
	})
	mux.HandleFunc("/read", func(_ http.ResponseWriter, r *http.Request) {
		s.entered <- r.URL.Path
		_, _ = io.Copy(io.Discard, r.Body)
	})
	mux.HandleFunc("/never", func(_ http.ResponseWriter, r *http.Request) {
		s.entered <- r.URL.Path
		<-r.Context().Done()
	})
	s.Front = newFront(&http.Server{Handler: mux}, ln, slog.New(slog.NewTextHandler(&s.said, nil)))
	s.finish = finish
	go func() { s.returned <- s.Run() }()
	t.Cleanup(func() { _ = s.srv.Close() })
	return s
}

// send sends text and waits until the handler of its path works, where there is one.
func (s *serving) send(t *testing.T, text, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
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
	if path != "" {
		select {
		case got := <-s.entered:
			if got != path {
				t.Fatalf("the handler of %s works, not that of %s", got, path)
			}
		case <-time.After(patience):
			t.Fatalf("the handler of %s does not begin", path)
		}
	}
	return c
}

func (s *serving) stopped(t *testing.T) {
	t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- s.Stop(context.Background()) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("stop: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("does not stop")
	}
	if err := <-s.returned; err != nil {
		t.Errorf("a stopped front says %v", err)
	}
}

// Requests of which a part is missing are not waited for, wherever the rest is missed.
func TestHalfSentRequestsAreNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct{ text, path string }{
		"inside the first line":              {"GET /ho", ""},
		"inside the headers":                 {"GET /hold HTTP/1.1\r\nHost: q\r\nX-H", ""},
		"a body that is read":                {"POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n1", "/read"},
		"a body in chunks that is read":      {"POST /read HTTP/1.1\r\nHost: q\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nxx\r\n", "/read"},
		"a body that its handler leaves":     {"POST /leave HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n1", "/leave"},
		"nothing sent at all":                {"", ""},
		"the next request of a connection":   {"GET /leave HTTP/1.1\r\nHost: q\r\n\r\nGET /ho", "/leave"},
		"a body behind another whole answer": {"GET /leave HTTP/1.1\r\nHost: q\r\n\r\nPOST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n", "/leave"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveFront(t, time.Hour) // who waits for one waits longer than the test
			conn := s.send(t, c.text, c.path)
			s.stopped(t)
			if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
				t.Errorf("the connection: %v", err)
			}
			if left := s.open(); left != 0 {
				t.Errorf("%d connections are left", left)
			}
		})
	}
}

// A whole request is answered to its last byte, with half ones beside it, though the end has begun.
func TestWholeRequestsAreAnsweredAtTheEnd(t *testing.T) {
	s := serveFront(t, time.Hour)
	s.send(t, "POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n1", "/read")
	whole := s.send(t, "POST /hold HTTP/1.1\r\nHost: q\r\nContent-Length: 2\r\n\r\n12", "/hold")
	ended := make(chan error, 1)
	go func() { ended <- s.Stop(context.Background()) }()
	within, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if !until(within, func() bool {
		c, err := net.Dial("tcp", s.Addr())
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}) {
		t.Fatal("connections are still taken")
	}
	close(s.release)
	res, err := http.ReadResponse(bufio.NewReader(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(res.Body); err != nil || string(answer) != strings.Repeat("answer ", 10_000) {
		t.Errorf("%d bytes of the answer came, %v", len(answer), err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if said := s.said.String(); strings.Count(said, "half_sent=1 unfinished=0") != 1 {
		t.Errorf("said: %q", said)
	}
}

// Work that does not end is cut off after its time, which is said and no error.
func TestWorkThatDoesNotEndIsCutOff(t *testing.T) {
	s := serveFront(t, 50*time.Millisecond)
	c := s.send(t, "GET /never HTTP/1.1\r\nHost: q\r\n\r\n", "/never")
	s.stopped(t)
	if _, err := io.Copy(io.Discard, c); err != nil && !strings.Contains(err.Error(), "reset") {
		t.Errorf("the connection: %v", err)
	}
	if said := s.said.String(); strings.Count(said, "half_sent=0 unfinished=1") != 1 {
		t.Errorf("said: %q", said)
	}
}
