package front

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/cmd/internal/door"
)

// pipes is a listener whose connections are made in memory, so that a test has the time of its bubble.
type pipes struct {
	come chan net.Conn
	done chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.come:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.come <- far
	return near
}

// handled is what a handler saw.
type handled struct {
	n    int
	err  error
	took time.Duration
}

const answerSize = 2 << 20

// paced serves over pipes: /read reads its body, /answer writes a large answer, /leave leaves its body alone, /works
// works for two minutes with its body read.
func paced(t *testing.T, client func(dial func() net.Conn, handled <-chan handled)) {
	synctest.Test(t, func(t *testing.T) {
		ln := &pipes{make(chan net.Conn), make(chan struct{})}
		saw := make(chan handled, 10)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			begin := time.Now()
			var n int
			var err error
			switch r.URL.Path {
			case "/answer":
				n, err = w.Write(make([]byte, answerSize))
			case "/works":
				_, _ = io.Copy(io.Discard, r.Body)
				time.Sleep(2 * time.Minute)
				err = r.Context().Err()
			case "/read":
				var read int64
				read, err = io.Copy(io.Discard, r.Body)
				n = int(read)
			}
			saw <- handled{n, err, time.Since(begin)}
		})
		f := newFront(&http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute},
			door.Listen(ln, door.Options{Pace: door.Usual}), slog.New(slog.DiscardHandler))
		ended := make(chan error, 1)
		go func() { ended <- f.Run() }()
		client(ln.dial, saw)
		if err := f.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Ten seconds without a byte end a request, wherever they are: in its head, in a body that is read, in one that is
// left.
func TestARequestThatStopsIsLetGo(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		after time.Duration
	}{
		"nothing at all":         {"", 10 * time.Second},
		"in the head":            {"GET /read HTTP/1.1\r\nHo", 10 * time.Second},
		"in a body that is read": {"POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n1", 10 * time.Second},
		"in a chunk": {"POST /read HTTP/1.1\r\nHost: q\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n1",
			10 * time.Second},
		"in a body that is left":  {"POST /leave HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n1", 10 * time.Second},
		"between two requests":    {"POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 1\r\n\r\n1", time.Minute},
		"before the body's begin": {"POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 9\r\n\r\n", 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			paced(t, func(dial func() net.Conn, _ <-chan handled) {
				conn := dial()
				begin := time.Now()
				go func() { _, _ = io.WriteString(conn, c.text) }()
				_, _ = io.Copy(io.Discard, conn) // what is answered, until the end
				if took := time.Since(begin); took < c.after || took > c.after+5*time.Second {
					t.Errorf("it was held for %v, want %v", took, c.after)
				}
			})
		})
	}
}

// A reader that never reads is held for ten seconds; that was without end.
func TestAReaderThatNeverReadsIsLetGo(t *testing.T) {
	paced(t, func(dial func() net.Conn, saw <-chan handled) {
		for range 3 {
			_, _ = io.WriteString(dial(), "GET /answer HTTP/1.1\r\nHost: q\r\n\r\n")
		}
		for range 3 {
			if h := <-saw; !errors.Is(h.err, os.ErrDeadlineExceeded) || h.took != 10*time.Second {
				t.Errorf("after %v: %v", h.took, h.err)
			}
		}
	})
}

// What moves lives, however long it takes: a large file that comes in or goes out slowly.
func TestWhatMovesLives(t *testing.T) {
	paced(t, func(dial func() net.Conn, saw <-chan handled) {
		up := dial()
		const piece, pieces = 64 << 10, 40
		_, _ = fmt.Fprintf(up, "POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: %d\r\n\r\n", piece*pieces)
		for range pieces {
			time.Sleep(9 * time.Second)
			if _, err := up.Write(make([]byte, piece)); err != nil {
				t.Fatal(err)
			}
		}
		if h := <-saw; h.err != nil || h.n != piece*pieces || h.took < 6*time.Minute {
			t.Errorf("a slow upload: %d bytes, %v after %v", h.n, h.err, h.took)
		}
		_ = up.Close()
		down := dial()
		_, _ = io.WriteString(down, "GET /answer HTTP/1.1\r\nHost: q\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(down), nil)
		if err != nil {
			t.Fatal(err)
		}
		sum := 0
		for buf := make([]byte, piece); err == nil; {
			time.Sleep(9 * time.Second)
			n := 0
			n, err = io.ReadFull(res.Body, buf)
			sum += n
		}
		if h := <-saw; h.err != nil || sum != answerSize || h.took < 4*time.Minute {
			t.Errorf("a slow download: %d bytes, %v after %v", sum, h.err, h.took)
		}
		_ = down.Close()
	})
}

// What comes as a byte now and then has a minute for as much as a form holds.
func TestAByteNowAndThenIsNotForEver(t *testing.T) {
	paced(t, func(dial func() net.Conn, saw <-chan handled) {
		conn := dial()
		_, _ = io.WriteString(conn, "POST /read HTTP/1.1\r\nHost: q\r\nContent-Length: 100000\r\n\r\n")
		done := make(chan struct{})
		go func() {
			defer close(done)
			for err := error(nil); err == nil; _, err = conn.Write([]byte{'x'}) {
				time.Sleep(9 * time.Second)
			}
		}()
		if h := <-saw; h.err == nil || h.took < 50*time.Second || h.took > 80*time.Second {
			t.Errorf("%d bytes, %v after %v", h.n, h.err, h.took)
		}
		_ = conn.Close()
		<-done
	})
}

// While a handler works its client is not waited for, though nothing moves.
func TestWorkIsNotAStall(t *testing.T) {
	paced(t, func(dial func() net.Conn, saw <-chan handled) {
		for _, text := range []string{"GET /works HTTP/1.1\r\nHost: q\r\n\r\n",
			"POST /works HTTP/1.1\r\nHost: q\r\nContent-Length: 2\r\n\r\nab"} {
			conn := dial()
			_, _ = io.WriteString(conn, text)
			if h := <-saw; h.err != nil {
				t.Errorf("%s ends with %v after %v", strings.Fields(text)[0], h.err, h.took)
			}
			head := make([]byte, 15)
			if _, err := io.ReadFull(conn, head); err != nil || string(head) != "HTTP/1.1 200 OK" {
				t.Errorf("answered %q, %v", head, err)
			}
			_ = conn.Close()
		}
	})
}
