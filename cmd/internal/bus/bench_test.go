package bus

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"qingkong/cmd/internal/fair"
)

// BenchmarkLogin measures complete logins over TCP, from connect to the server's PONG, with as many at once as
// a rush of reconnects brings.
func BenchmarkLogin(b *testing.B) {
	want := sha256.Sum256([]byte("secret"))
	bus := startBus(b, Config{Listen: "127.0.0.1:0"}, func(_ context.Context, user, password string) (*Identity, error) {
		got := sha256.Sum256([]byte(password))
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			return nil, nil
		}
		return &Identity{User: user, Role: RoleEnterprise, Recipient: user}, nil
	})
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 256 {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				if err := rawLogin(bus.Addr(), fmt.Sprintf("E%05d", n), "secret"); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "logins/s")
}

// rawLogin logs in without a client library, whose goroutines would cost more than the login.
func rawLogin(addr, user, password string) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "CONNECT {\"verbose\":false,\"user\":%q,\"pass\":%q}\r\nPING\r\n", user,
		password); err != nil {
		return err
	}
	r := bufio.NewReader(conn)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(line, "PONG"):
			return nil
		case strings.HasPrefix(line, "-ERR"):
			return fmt.Errorf("%s: %s", user, line)
		}
	}
}

// BenchmarkRefusedMessage is what a message costs that is beyond its user's share.
func BenchmarkRefusedMessage(b *testing.B) {
	in := &inbound{bus: &Bus{rates: newRates(0, Excess{}), meter: fair.NewMeter(fair.Share{PerSecond: 50, Burst: 200},
		nil)}, queue: fair.NewQueue[inMessage](fair.Bounds{Waiting: 64, Bytes: 1 << 20, InWork: 1, Window: 1})}
	for b.Loop() {
		in.take("E0001", 100, func() (inMessage, bool) { return inMessage{user: "E0001"}, true })
	}
}
