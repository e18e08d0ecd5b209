package app

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"qingkong/cmd/internal/config"
)

// The program keeps to the connections that its settings name: of an address that has too many one more is closed,
// another address goes on, and a proxy of ours has as many as come.
func TestConnectionsAreBounded(t *testing.T) {
	d, _ := newShares(t, func(c *config.Config) {
		c.Limits.ConnectionsPerAddress, c.Limits.Connections = 8, 30
		c.Proxies = []string{"127.0.0.9"}
	})
	asked := func(from string) bool {
		t.Helper()
		c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp4", d.app.Addr().HTTP)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = fmt.Fprint(c, "GET /healthz HTTP/1.1\r\nHost: q\r\n\r\n")
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		return err == nil && res.StatusCode == http.StatusOK
	}
	in := 0
	for range 12 {
		if asked("127.0.0.3") {
			in++
		}
	}
	if in != 8 {
		t.Errorf("%d connections of an address are let in, want 8", in)
	}
	for range 12 {
		if !asked("127.0.0.9") {
			t.Fatal("a connection of a proxy is closed")
		}
	}
	if !asked("127.0.0.4") {
		t.Error("another address is kept out")
	}
}
