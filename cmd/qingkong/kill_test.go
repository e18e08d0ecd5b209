package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
)

// Warnings of the kill test, kills while the orders of one go out, and the seed of the points.
const (
	killWarnings = 5
	killsEach    = 4
	killSeed     = 20161216
)

// watcher is an outside subscriber to all orders; it outlives the coordinator.
type watcher struct {
	mu     sync.Mutex
	bodies map[string][]byte // order id -> the message as it came first
	differ []string          // orders whose repeat was not the same bytes
	more   chan struct{}
}

func (w *watcher) take(msg *nats.Msg) {
	id := idIn(msg.Data) // an empty one is found wrong at the end
	w.mu.Lock()
	defer w.mu.Unlock()
	if first, ok := w.bodies[id]; !ok {
		w.bodies[id] = msg.Data
	} else if !bytes.Equal(first, msg.Data) {
		w.differ = append(w.differ, id)
	}
	select {
	case w.more <- struct{}{}:
	default:
	}
}

// idIn is the first id in a text of JSON, which is that of the order in a message and in an entry's data.
func idIn(text []byte) string {
	_, rest, _ := bytes.Cut(text, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte{'"'})
	return string(id)
}

func (w *watcher) seen() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.bodies)
}

// await returns once at least n orders were seen.
func (w *watcher) await(t *testing.T, n int, within time.Duration) {
	t.Helper()
	deadline := time.After(within)
	for w.seen() < n {
		select {
		case <-w.more:
		case <-deadline:
			t.Fatalf("%d of %d orders came within %s", w.seen(), n, within)
		}
	}
}

// The process is killed while some but not all orders of a warning went out, again and again at seeded points, and
// started again each time. In the end an outside subscriber has exactly the planned orders, each with the body that the
// record holds, and repeats are the same bytes.
func TestKilledWhileOrdersGoOut(t *testing.T) {
	t.Parallel()
	args := []string{"--demo-recipients", fmt.Sprint(largeRecipients), "--listen", "127.0.0.1:0", "--nats-listen",
		freePort(t)}
	random := rand.New(rand.NewPCG(killSeed, killWarnings))
	for round := range killWarnings {
		// Between the first few and nearly all; points that come too late are tried again earlier.
		points := make([]int, killsEach)
		for i := range points {
			points[i] = 1 + random.IntN(largeRecipients*9/10)
		}
		for slices.Sort(points); ; {
			sent, planned := killAt(t, args, points)
			t.Logf("warning %d: killed after %v of %d orders were sent", round+1, sent, planned)
			if sent[0] > 0 && sent[killsEach-1] < planned {
				break
			}
			for i := range points {
				points[i] = points[i]*2/3 + 1
			}
		}
	}
}

// killAt plays one warning on a folder of its own, and returns how many orders were sent at each kill.
func killAt(t *testing.T, args []string, points []int) (sent []int, planned int) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	copyLarge(t, data)
	p := &program{t: t, data: data, args: append([]string{"serve", "--demo", "--no-simulate", "--data", data}, args...),
		env: []string{"QINGKONG_ORDERS_REPEAT_FIRST=1s", "QINGKONG_ORDERS_REPEAT_MAX=2s"}}
	defer p.kill()
	p.again()
	w := &watcher{bodies: map[string][]byte{}, more: make(chan struct{}, 1)}
	duty := p.accounts["duty"]
	nc, err := nats.Connect("nats://"+p.addr.NATS, nats.UserInfo(duty.User, duty.Password),
		nats.CustomInboxPrefix("_INBOX."+duty.User),
		nats.MaxReconnects(-1), nats.IgnoreAuthErrorAbort(), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	sub, err := nc.Subscribe("qingkong.order.*", w.take)
	if err != nil {
		t.Fatal(err)
	}
	if err := sub.SetPendingLimits(-1, -1); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	declared := p.declare("red")
	for _, at := range points {
		w.await(t, at, time.Minute)
		p.kill()
		sent = append(sent, w.seen())
		p.again()
	}
	var board struct {
		Total int `json:"total"`
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		p.must("duty", "GET", "/warnings/"+declared.ID+"/board", nil, &board)
		if board.Total >= largeRecipients {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the plan was not finished after the restart: %d orders", board.Total)
		}
	}
	w.await(t, board.Total, time.Minute)
	p.stop()
	return sent, compareWithRecord(t, w, data, declared.ID)
}

// compareWithRecord holds what the subscriber got against the orders of the record and returns how many those are.
func compareWithRecord(t *testing.T, w *watcher, data, warning string) (planned int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.differ {
		t.Errorf("order %s was repeated with other bytes", id)
	}
	lines := bufio.NewScanner(bytes.NewReader(command(t, "journal", "export", "--data", data)))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if !bytes.Contains(lines.Bytes(), []byte(`"kind":"notify.order_issued"`)) {
			continue
		}
		var entry struct {
			Data json.RawMessage `json:"data"`
		}
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		planned++
		compareOrder(t, w, warning, entry.Data)
	}
	if len(w.bodies) != planned {
		t.Errorf("the subscriber has %d different orders, the record %d", len(w.bodies), planned)
	}
	return planned
}

// compareOrder checks that a recorded order came, whole: every member of the record that is part of an order stands
// in the message with the same value.
func compareOrder(t *testing.T, w *watcher, warning string, recorded []byte) {
	t.Helper()
	id := idIn(recorded)
	if len(id) <= len(warning) || id[:len(warning)] != warning {
		t.Fatalf("recorded order %.200s", recorded)
	}
	got, ok := w.bodies[id]
	if !ok {
		t.Errorf("order %s never came", id)
		return
	}
	// The contact stands in the vault; what comes before its reference is the order as it is sent.
	frozen, _, ok := bytes.Cut(recorded, []byte(`,"contact_ref":`))
	if !ok || !bytes.HasPrefix(got, append([]byte(`{"event":"issued","order":`), frozen...)) {
		t.Errorf("order %s came as %.300s and is recorded as %.300s", id, got, recorded)
	}
}
