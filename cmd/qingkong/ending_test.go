package main_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

// send opens a connection to the program's HTTP address and sends some bytes there.
func (p *program) send(text string) net.Conn {
	p.t.Helper()
	c, err := net.Dial("tcp", p.addr.HTTP)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = c.Close() })
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		p.t.Fatal(err)
	}
	if _, err := io.WriteString(c, text); err != nil {
		p.t.Fatal(err)
	}
	return c
}

// A supervisor that ends the program sees that it ended well, whatever clients have left half done.
func TestTerminatedWithHalfSentRequests(t *testing.T) {
	p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
	for i := range 50 {
		if i%4 != 0 { // of one user 16 calls may be in work
			p.send("GET /api/v1/me HTTP/1.1\r\nHost: q\r\nAuthor")
			continue
		}
		c := p.send("POST /api/v1/accounts HTTP/1.1\r\nHost: q\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n" +
			"Authorization: Bearer " + p.accounts["admin"].Token + "\r\nContent-Length: 1000\r\n\r\n")
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
			t.Fatalf("a body that is to come is answered with %q, %v", line, err)
		}
	}
	for range 20 {
		req, err := http.NewRequest("GET", "http://"+p.addr.HTTP+"/api/v1/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+p.accounts["duty"].Token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
	}
	if code := p.terminated(syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d:\n%s", code, p.out)
	}
}

// Who cannot wait says so twice: the program then ends at once, and not well. It is kept busy by answers that nobody
// reads.
func TestTerminatedTwice(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			p := start(t, t.TempDir(), "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0")
			p.send(strings.Repeat("GET /api/v1/openapi.json HTTP/1.1\r\nHost: q\r\n\r\n", 200))
			_ = p.cmd.Process.Signal(sig)
			for deadline := time.Now().Add(time.Minute); !strings.Contains(p.out.String(),
				"msg=stopping"); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatalf("the program does not say that it stops:\n%s", p.out)
				}
			}
			if code := p.terminated(sig); code != 1 || !strings.Contains(p.out.String(), "error: ") {
				t.Errorf("exit code %d:\n%s", code, p.out)
			}
		})
	}
}
