package web

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
)

const patience = time.Minute

// Who is not signed in cannot have the program hold much of what is never finished: of a login no more than 4 KB is
// read, said to be more or not, and the answer comes though the rest never does.
func TestStalledLoginsAreAnsweredAndNotHeld(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	for name, c := range map[string]struct{ head, body string }{
		"said to be a megabyte": {"Content-Length: 1048576", strings.Repeat("x", 3000)},
		"not said how long": {"Transfer-Encoding: chunked",
			fmt.Sprintf("%x\r\n%s\r\n", 5000, strings.Repeat(" ", 5000))},
		"just beyond the bound":  {"Content-Length: 4097", ""},
		"said to be without end": {"Content-Length: 9223372036854775807", ""},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(patience))
			_, _ = fmt.Fprintf(conn, "POST /api/v1/session HTTP/1.1\r\nHost: q\r\nContent-Type: application/json\r\n%s\r\n\r\n%s", c.head, c.body)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			if res.StatusCode != http.StatusRequestEntityTooLarge || !res.Close {
				t.Errorf("status %d, closes %v", res.StatusCode, res.Close)
			}
		})
	}
}

// What a body may hold stands in the table of calls: what signs in a few kilobytes, what takes a file a file, and
// nothing else more than a megabyte.
func TestBodiesInTheTableOfCalls(t *testing.T) {
	for _, r := range routes {
		limit := int64(1 << 20)
		switch {
		case !r.HasBody():
			limit = 0
		case r.Upload:
			limit = calls.FileBody
		case strings.HasSuffix(r.Pattern, "/session"), strings.HasSuffix(r.Pattern, "/password"),
			r.In == reflect.TypeFor[calls.Nothing]():
			limit = 4 << 10
		}
		if r.Body > limit || limit > 0 && r.Body <= 0 {
			t.Errorf("%s %s: a body of %d bytes, %d at most", r.Method, r.Pattern, r.Body, limit)
		}
	}
}
