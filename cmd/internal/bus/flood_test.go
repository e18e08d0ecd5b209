package bus

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"qingkong/cmd/internal/fair"
)

// flood publishes to a subject as fast as one connection can until stop is closed.
func flood(t *testing.T, nc *nats.Conn, subject, reply string, stop <-chan struct{}) *atomic.Int64 {
	t.Helper()
	var n atomic.Int64
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := nc.PublishRequest(subject, reply, []byte(`{"order_id":"x"}`)); err != nil {
				return // it was cut off
			}
			n.Add(1)
		}
	})
	t.Cleanup(wg.Wait)
	return &n
}

// One user floods with requests whose work is slow. Another's are answered in order, none is lost, and what the first
// has waiting or in work is bounded; it hears at most once a second that it is too fast.
func TestAFloodLeavesOthersTheirTurn(t *testing.T) {
	for name, merge := range map[string]bool{"each by itself": false, "merged": true} {
		t.Run(name, func(t *testing.T) {
			b := startBus(t, Config{Share: fair.Share{PerSecond: 50, Burst: 200},
				TooMany: func() []byte { return []byte("too many") }}, everyone().authenticate)
			var now, most, of1 atomic.Int64
			bounds := fair.Bounds{Waiting: 8, Bytes: 1 << 20, InWork: 2, Window: 8, Merge: merge}
			err := b.Handle("qingkong.answer.*", bounds, func(user string, data []byte, reply func([]byte)) {
				n := now.Add(1)
				most.Store(max(most.Load(), n))
				if user == "E0001" {
					of1.Add(1)
				}
				go func() {
					time.Sleep(5 * time.Millisecond)
					now.Add(-1)
					reply(data)
				}()
			})
			if err != nil {
				t.Fatal(err)
			}
			stop := make(chan struct{})
			end := sync.OnceFunc(func() { close(stop) })
			defer end()
			wild := connect(t, b.Addr(), "E0001", nats.NoReconnect())
			var told atomic.Int64
			if _, err := wild.Subscribe("_INBOX.E0001.>", func(m *nats.Msg) {
				if bytes.Equal(m.Data, []byte("too many")) {
					told.Add(1)
				}
			}); err != nil {
				t.Fatal(err)
			}
			sent := flood(t, wild, "qingkong.answer.E0001", "_INBOX.E0001.x", stop)
			begin := time.Now()
			calm := connect(t, b.Addr(), "E0002")
			var worst time.Duration
			for n := range 20 {
				at := time.Now()
				want := fmt.Sprint(n)
				msg, err := calm.Request("qingkong.answer.E0002", []byte(want), 10*time.Second)
				if err != nil || string(msg.Data) != want {
					t.Fatalf("request %d beside the flood: %v, %v", n, msg, err)
				}
				worst = max(worst, time.Since(at))
			}
			took := time.Since(begin)
			end()
			if most.Load() > 8 {
				t.Errorf("%d were in work at once", most.Load())
			}
			if limit := 210 + int64(51*took.Seconds()); of1.Load() > limit {
				t.Errorf("of the flood's %d messages %d were taken in %v, more than its share", sent.Load(), of1.Load(), took)
			}
			if told.Load() > int64(took.Seconds())+2 || sent.Load() > 2000 && told.Load() == 0 {
				t.Errorf("in %v it heard %d times that it is too fast", took, told.Load())
			}
			t.Logf("%d messages in %v; the other's worst answer came after %v", sent.Load(), took, worst)
		})
	}
}

// floodUntilCutOff publishes as fast as one connection can, and with a new one where that has ended, until the user is
// cut off. The server itself closes who does not read its refusals as fast.
func floodUntilCutOff(t *testing.T, b *Bus, addr, user, subject string, lasting time.Duration) {
	t.Helper()
	until := time.Now().Add(2 * time.Minute) // server, coordinator and flood share what processors there are
	for !b.rates.isMuted(user, time.Now()) {
		if time.Now().After(until) {
			t.Fatal("the flood goes on")
		}
		wild, err := dial(t, addr, user, secret, nats.NoReconnect(), nats.Timeout(500*time.Millisecond))
		if err != nil {
			continue
		}
		end := time.Now().Add(lasting)
		for time.Now().Before(end) && wild.PublishRequest(subject, "_INBOX."+user+".x", []byte(`{"order_id":"x"}`)) == nil {
		}
		wild.Close()
	}
}

// Who goes on far beyond its share is cut off and stays so for a while, its logins without an answer; whatever it
// publishes: to us, to JetStream, or where it may not. Others log in and are answered, and the log stays readable.
func TestWhoGoesOnIsCutOff(t *testing.T) {
	t.Parallel()
	var out lockedBuffer
	b := startBus(t, Config{Share: fair.Share{PerSecond: 50, Burst: 200}, Excess: Excess{Times: 20, Seconds: 2},
		Logger: slog.New(slog.NewTextHandler(&out, nil))}, everyone().authenticate)
	for _, c := range []struct{ user, subject string }{
		{"E0001", "qingkong.answer.E0001"},
		{"E0002", "qingkong.order.E0001"}, // forbidden
		{"viewer", "$JS.API.STREAM.INFO." + StreamEvents},
		{"feeder", "qingkong.forecast.emc"},
	} {
		t.Run(c.subject, func(t *testing.T) {
			begin, before := time.Now(), out.lines()
			floodUntilCutOff(t, b, b.Addr(), c.user, c.subject, time.Minute)
			seconds := int(time.Since(begin)/time.Second) + 1
			if users, times := b.CutOff(); !slices.Contains(users, c.user) || times == 0 {
				t.Errorf("cut off are %v, %d times so far", users, times)
			}
			if _, err := dial(t, b.Addr(), c.user, secret, nats.Timeout(500*time.Millisecond), nats.NoReconnect()); err == nil ||
				errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("its next login is answered with %v", err)
			}
			connect(t, b.Addr(), "duty")
			if n := out.lines() - before; n > 2*(maxLines+5)*seconds {
				t.Errorf("%d lines in %d s", n, seconds)
			}
			if text := out.String(); !strings.Contains(text, "user="+c.user+" connections=") {
				t.Errorf("nothing says so:\n%.2000s", text)
			}
		})
	}
}

// Who comes back with a new connection as soon as the old one ends, by itself or because the server closed it, is cut
// off all the same; on an external server the system account tells what the connections send, and closes them.
func TestWhoComesBackIsCutOff(t *testing.T) {
	outside := func(t *testing.T, cfg Config) (*Bus, string) {
		access := externalServer(t)
		s := runServer(t, access.opts)
		cfg.URL, cfg.CredsFile = s.ClientURL(), writeCredentials(t, access.file)
		b, err := Start(cfg)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closeBus(t, b) })
		serve(t, b, everyone().authenticate)
		return b, s.ClientURL()
	}
	inside := func(t *testing.T, cfg Config) (*Bus, string) {
		b := startBus(t, cfg, everyone().authenticate)
		return b, b.Addr()
	}
	for _, c := range []struct {
		name    string
		start   func(*testing.T, Config) (*Bus, string)
		lasting time.Duration // of a connection
	}{
		{"embedded_short", inside, 300 * time.Millisecond},
		{"external_short", outside, 300 * time.Millisecond},
		{"external_long", outside, time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, addr := c.start(t, Config{Share: fair.Share{PerSecond: 50, Burst: 200}, Excess: Excess{Times: 20, Seconds: 2}})
			floodUntilCutOff(t, b, addr, "E0001", "qingkong.order.E0002", c.lasting) // forbidden
			if _, err := dial(t, addr, "E0001", secret, nats.Timeout(500*time.Millisecond), nats.NoReconnect()); err == nil ||
				errors.Is(err, nats.ErrAuthorization) {
				t.Errorf("its next login is answered with %v", err)
			}
			connect(t, addr, "E0002")
		})
	}
}

// A connection has 32 subscriptions, so that a message is not multiplied at will; ours has room to spare.
func TestSubscriptionsOfAConnection(t *testing.T) {
	b := startBus(t, Config{}, everyone().authenticate)
	for _, user := range []string{"E0001", "viewer", "duty", "feeder"} {
		nc := connect(t, b.Addr(), user)
		for n := range maxSubscriptions + 8 {
			if _, err := nc.SubscribeSync(fmt.Sprintf("_INBOX.%s.%d", user, n)); err != nil {
				break
			}
		}
		_ = nc.Flush()
		list, err := b.srv.Connz(&server.ConnzOptions{User: user, Username: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range list.Conns {
			if c.NumSubs > maxSubscriptions {
				t.Errorf("%s has %d subscriptions", user, c.NumSubs)
			}
		}
	}
}

// Wrong secrets, however fast they are tried, are one line of the server's log and then a count, though those lines
// name no client.
func TestAFloodOfWrongLoginsIsOneLine(t *testing.T) {
	var out lockedBuffer
	b := startBus(t, Config{Logger: slog.New(slog.NewTextHandler(&out, nil))}, everyone().authenticate)
	for range 50 {
		if _, err := dial(t, b.Addr(), "E0001", "wrong", nats.NoReconnect()); !errors.Is(err, nats.ErrAuthorization) {
			t.Fatalf("a wrong secret is answered with %v", err)
		}
	}
	if n := strings.Count(out.String(), calloutLine); n == 0 || n > 3 {
		t.Errorf("%d lines of 50 wrong secrets:\n%.2000s", n, out.String())
	}
}

// What somebody causes is written once, then counted; many causes have a limit in all.
func TestAFloodOfLines(t *testing.T) {
	var out lockedBuffer
	q := newQuieter(slog.New(slog.NewTextHandler(&out, nil)))
	now := time.Unix(1e9, 0)
	q.now = func() time.Time { return now }
	for range 10000 {
		q.Warn("E0001", "dropped", "subject", "x")
	}
	q.Warn("E0002", "dropped", "subject", "y")
	if n := out.lines(); n != 2 {
		t.Errorf("%d lines of two causes", n)
	}
	now = now.Add(quietFor)
	q.Warn("E0001", "dropped", "subject", "x")
	if text := out.String(); !strings.Contains(text, "left_out=9999") {
		t.Errorf("the lines left out are not counted:\n%s", text)
	}
	for n := range 3 * maxCauses {
		q.Warn(fmt.Sprint("someone ", n), "dropped")
	}
	if n := out.lines(); n > maxLines+3 {
		t.Errorf("%d lines within two seconds", n)
	}
	if n := len(q.causes); n > maxCauses+1 {
		t.Errorf("%d causes are remembered", n)
	}
}

// lockedBuffer is a log to look into.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lockedBuffer) lines() int { return strings.Count(l.String(), "\n") }
