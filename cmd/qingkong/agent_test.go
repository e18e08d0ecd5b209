package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// patience bounds what a test waits for; nothing is expected to take it.
const patience = time.Minute

// coordinator is the other side of contract.md §4 on a real server: the agent's permissions are those of a recipient.
type coordinator struct {
	t       *testing.T
	server  *server.Server
	nc      *nats.Conn
	answers chan string // "subject action order"
	pulls   chan string // subject of each request for pending orders
}

// serverOptions let the recipient in with a password.
func serverOptions(port int, password string) *server.Options {
	return &server.Options{
		Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true,
		Users: []*server.User{
			{Username: "coordinator", Password: "c"},
			{Username: "E0001", Password: password, Permissions: &server.Permissions{
				Subscribe: &server.SubjectPermission{Allow: []string{"qingkong.order.E0001", "qingkong.drill.order.E0001",
					"_INBOX.E0001.>"}},
				Publish: &server.SubjectPermission{Allow: []string{"qingkong.answer.E0001", "qingkong.drill.answer.E0001",
					"qingkong.pending.E0001", "qingkong.drill.pending.E0001", "qingkong.receipts.E0001",
					"qingkong.drill.receipts.E0001"}},
			}},
		},
	}
}

func startServer(t *testing.T, port int) *server.Server {
	t.Helper()
	return startServerOf(t, serverOptions(port, "right"))
}

func startServerOf(t *testing.T, o *server.Options) *server.Server {
	t.Helper()
	s, err := server.NewServer(o)
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the NATS server did not start")
	}
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	return s
}

// newCoordinator answers each request with what answer and pending return.
func newCoordinator(t *testing.T, answer func(action, id string) string,
	pending func(subject string) string) *coordinator {
	c := &coordinator{t: t, server: startServer(t, -1), answers: make(chan string, 64), pulls: make(chan string, 64)}
	c.serve(answer, pending)
	return c
}

func (c *coordinator) serve(answer func(action, id string) string, pending func(subject string) string) {
	c.t.Helper()
	nc, err := nats.Connect(c.server.ClientURL(), nats.UserInfo("coordinator", "c"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(nc.Close)
	c.nc = nc
	for _, prefix := range prefixes {
		c.subscribe(prefix+"answer.*", func(m *nats.Msg) {
			var in struct {
				OrderID string `json:"order_id"`
				Action  string `json:"action"`
			}
			if err := json.Unmarshal(m.Data, &in); err != nil {
				c.t.Errorf("answer %s: %v", m.Data, err)
			}
			c.answers <- m.Subject + " " + in.Action + " " + in.OrderID
			c.reply(m, answer(in.Action, in.OrderID))
		})
		c.subscribe(prefix+"pending.*", func(m *nats.Msg) {
			c.reply(m, pending(m.Subject))
			c.pulls <- m.Subject
		})
	}
	if err := nc.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// away takes the coordinator off the network and returns the port where it is to come back.
func (c *coordinator) away() int {
	c.t.Helper()
	_, text, err := net.SplitHostPort(c.server.Addr().String())
	if err != nil {
		c.t.Fatal(err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		c.t.Fatal(err)
	}
	c.nc.Close()
	c.server.Shutdown()
	c.server.WaitForShutdown()
	return port
}

func (c *coordinator) subscribe(subject string, handle nats.MsgHandler) {
	c.t.Helper()
	if _, err := c.nc.Subscribe(subject, handle); err != nil {
		c.t.Fatal(err)
	}
}

// reply answers, unless the test has taken this coordinator away meanwhile.
func (c *coordinator) reply(m *nats.Msg, text string) {
	if err := m.Respond([]byte(text)); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		c.t.Errorf("reply to %s: %v", m.Subject, err)
	}
}

func (c *coordinator) push(subject, event string) {
	c.t.Helper()
	if err := c.nc.Publish(subject, []byte(event)); err != nil {
		c.t.Fatal(err)
	}
}

// running is an agent in this process; its lines arrive as it writes them.
type running struct {
	t           *testing.T
	lines, logs chan string
	stop        context.CancelFunc
	code        chan int
}

func startAgent(t *testing.T, url, password string, more ...string) *running {
	t.Helper()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("  "+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t: t, stop: stop, code: make(chan int, 1)}
	var out, log io.WriteCloser
	r.lines, out = lineChannel()
	r.logs, log = lineChannel()
	args := append([]string{"agent", "--nats-url", url, "--recipient", "E0001", "--password-file", file}, more...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.code <- execute(ctx, args, out, log)
		out.Close()
		log.Close()
	}()
	t.Cleanup(func() { stop(); <-done })
	return r
}

func lineChannel() (chan string, io.WriteCloser) {
	lines := make(chan string, 256)
	r, w := io.Pipe()
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines, w
}

// next takes one value, or fails.
func next[T any](t *testing.T, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
		panic("unreachable")
	}
}

func expect(t *testing.T, what string, from <-chan string, want string) {
	t.Helper()
	if got := next(t, what, from); !strings.Contains(got, want) {
		t.Fatalf("%s: %q, want %q in it", what, got, want)
	}
}

// await takes values until one holds want.
func await(t *testing.T, what string, from <-chan string, want string) string {
	t.Helper()
	for {
		if got := next(t, what+" with "+want, from); strings.Contains(got, want) {
			return got
		}
	}
}

// expectAll takes as many values as want has, in any order.
func expectAll(t *testing.T, what string, from <-chan string, want ...string) {
	t.Helper()
	left := map[string]int{}
	for _, w := range want {
		left[w]++
	}
	for range want {
		got := next(t, what, from)
		if left[got]--; left[got] < 0 {
			t.Fatalf("%s: %q, want one of %q", what, got, want)
		}
	}
}

func testOrder(revision int, state, answer string, drill bool) string {
	warning := "W20161216-01"
	if drill {
		warning = "D20161216-01"
	}
	return fmt.Sprintf(`{"id":"%s-E0001-%d","revision":%d,"level":"orange","title":"橙色响应减排令","state":%q,"answer":%q,"drill":%t,
"acknowledge_by":"2016-12-16T10:00:00Z","measures":[{"id":"M1","text":"日耗煤减少300吨","unit":"6#机组"},{"id":"M2","text":"停止装卸"}]}`,
		warning, revision, revision, state, answer, drill)
}

func event(kind, order string) string { return `{"event":"` + kind + `","order":` + order + `}` }

func accepted(string, string) string { return `{"ok":true,"order":{}}` }
func nothing(string) string          { return `{"orders":[]}` }

func TestAgentShowsAndAnswersWhatIsPushed(t *testing.T) {
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--auto-acknowledge")
	expect(t, "status", a.logs, "已连接")
	expectAll(t, "pull", c.pulls, "qingkong.pending.E0001", "qingkong.drill.pending.E0001")

	c.push("qingkong.order.E0001", event("issued", testOrder(1, "open", "awaiting", false)))
	expect(t, "line", a.lines, "下达 橙色（Ⅱ级） W20161216-01-E0001-1 橙色响应减排令：措施 2 项：6#机组 日耗煤减少300吨；停止装卸（请于 2016-12-16 18:00 前确认）")
	expect(t, "answer", c.answers, "qingkong.answer.E0001 receive W20161216-01-E0001-1")
	expect(t, "line", a.lines, "已签收 W20161216-01-E0001-1")
	expect(t, "answer", c.answers, "qingkong.answer.E0001 acknowledge W20161216-01-E0001-1")
	expect(t, "line", a.lines, "已确认 W20161216-01-E0001-1")

	// The answer may have been lost on its way: a repeat is received again, and shown and acknowledged once.
	c.push("qingkong.order.E0001", event("issued", testOrder(1, "open", "awaiting", false)))
	expect(t, "answer", c.answers, "receive W20161216-01-E0001-1")

	c.push("qingkong.drill.order.E0001", event("issued", testOrder(1, "open", "awaiting", true)))
	expect(t, "line", a.lines, "【演练】下达")
	expect(t, "answer", c.answers, "qingkong.drill.answer.E0001 receive D20161216-01-E0001-1")
	expect(t, "line", a.lines, "已签收")
	expect(t, "answer", c.answers, "qingkong.drill.answer.E0001 acknowledge")
	expect(t, "line", a.lines, "已确认")

	c.push("qingkong.order.E0001", event("released", testOrder(1, "released", "acknowledged", false)))
	expect(t, "line", a.lines, "解除")
	expect(t, "answer", c.answers, "receive W20161216-01-E0001-1")
	expect(t, "line", a.lines, "已签收")

	c.push("qingkong.order.E0001", `{"event":"issued"}`)
	await(t, "status", a.logs, "读不懂")

	a.stop()
	if code := next(t, "exit", a.code); code != exitOK {
		t.Errorf("exit %d after it was stopped, want 0", code)
	}
}

func TestAgentAnswersWhatIsPending(t *testing.T) {
	pending := func(subject string) string {
		if strings.Contains(subject, "drill") {
			return `{"orders":[]}`
		}
		return `{"orders":[` + testOrder(2, "open", "acknowledged", false) + `]}`
	}
	c := newCoordinator(t, accepted, pending)
	a := startAgent(t, c.server.ClientURL(), "right", "--auto-acknowledge", "--json")
	var ev struct {
		Event string
		Order struct{ ID string }
	}
	line := next(t, "line", a.lines)
	if err := json.Unmarshal([]byte(line), &ev); err != nil || ev.Event != "revised" ||
		ev.Order.ID != "W20161216-01-E0001-2" {
		t.Errorf("line %s (%v)", line, err)
	}
	expect(t, "answer", c.answers, "receive W20161216-01-E0001-2")
	if got, want := next(t, "line", a.lines),
		`{"event":"answered","order_id":"W20161216-01-E0001-2","action":"receive","ok":true}`; got != want {
		t.Errorf("line %s, want %s", got, want)
	}
}

func TestAcknowledgementIsDueWhile(t *testing.T) {
	for _, c := range []struct {
		event, state, answer string
		want                 bool
	}{
		{"issued", "open", "awaiting", true},
		{"issued", "", "", true},
		{"revised", "open", "awaiting", true},
		{"issued", "open", "overdue", true},
		{"issued", "open", "acknowledged", false},
		{"issued", "open", "objected", false},
		{"issued", "superseded", "awaiting", false},
		{"issued", "exempted", "awaiting", false},
		{"released", "released", "awaiting", false},
		{"released", "open", "awaiting", false},
	} {
		if got := (order{State: c.state, Answer: c.answer}).awaits(c.event); got != c.want {
			t.Errorf("after %s, order %s and %s: due %t, want %t", c.event, c.state, c.answer, got, c.want)
		}
	}
}

// A coordinator that is not ready is asked again; one that refuses is believed.
func TestAgentRepeatsUntilTheAnswerIsSettled(t *testing.T) {
	tries := map[string]int{}
	answer := func(action, _ string) string {
		tries[action]++
		switch {
		case action == "acknowledge":
			return `{"error":{"code":"transition_refused","message":"superseded"}}`
		case tries[action] == 1:
			return `{"error":{"code":"not_ready","message":"starting"}}`
		}
		return `{"ok":true}`
	}
	c := newCoordinator(t, answer, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--auto-acknowledge", "--lang", "en")
	expect(t, "status", a.logs, "connected to")
	c.push("qingkong.order.E0001", event("issued", testOrder(1, "open", "awaiting", false)))
	for _, want := range []string{"receive", "receive", "acknowledge"} {
		expect(t, "answer", c.answers, want)
	}
	expect(t, "line", a.lines, "issued orange")
	expect(t, "line", a.lines, "receipt sent for")
	expect(t, "line", a.lines, "acknowledgement of W20161216-01-E0001-1 was refused: transition_refused: superseded")
}

func TestAgentPullsAgainAfterTheServerWasAway(t *testing.T) {
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right")
	expect(t, "status", a.logs, "已连接")
	expectAll(t, "pull", c.pulls, "qingkong.pending.E0001", "qingkong.drill.pending.E0001")

	port := c.away()
	await(t, "status", a.logs, "连接断开")

	c.server = startServer(t, port)
	c.serve(accepted, func(subject string) string {
		if strings.Contains(subject, "drill") {
			return `{"orders":[]}`
		}
		return `{"orders":[` + testOrder(1, "open", "awaiting", false) + `]}`
	})
	expect(t, "line", a.lines, "下达 橙色（Ⅱ级） W20161216-01-E0001-1")
	expect(t, "answer", c.answers, "receive W20161216-01-E0001-1")
}

// An agent whose secret has ended says once what to do, and not every second what the client library says; it comes
// back by itself when the secret is good again.
func TestAgentSaysOnceThatItsSecretHasEnded(t *testing.T) {
	t.Parallel()
	c := newCoordinator(t, accepted, nothing)
	a := startAgent(t, c.server.ClientURL(), "right", "--lang", "en")
	await(t, "status", a.logs, "connected to")
	port := c.server.Addr().(*net.TCPAddr).Port
	if err := c.server.ReloadOptions(serverOptions(port, "another")); err != nil {
		t.Fatal(err)
	}
	for said := ""; !strings.Contains(said, "login of E0001 was refused"); {
		if said = next(t, "status", a.logs); strings.Contains(said, "violation") {
			t.Fatalf("it says what the library says: %s", said)
		}
		if strings.Contains(said, "was refused") && !strings.Contains(said, "an administrator issued") {
			t.Errorf("it does not say what to do: %s", said)
		}
	}
	time.Sleep(3 * reconnectWait) // it tries again meanwhile
	if err := c.server.ReloadOptions(serverOptions(port, "right")); err != nil {
		t.Fatal(err)
	}
	for {
		got := next(t, "status", a.logs)
		if strings.Contains(got, "connected to") {
			return
		}
		if !strings.Contains(got, "the connection was lost") {
			t.Errorf("it says again: %s", got)
		}
	}
}

func TestAgentSaysWhyItCannotConnect(t *testing.T) {
	s := startServer(t, -1)
	for _, c := range []struct{ name, url, password, want string }{
		{"wrong password", s.ClientURL(), "wrong", "login of E0001 was refused"},
		{"nobody there", "nats://op:s3cret@127.0.0.1:1", "right", "127.0.0.1:1 cannot be reached"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := startAgent(t, c.url, c.password)
			if code := next(t, "exit", a.code); code != exitFailed {
				t.Errorf("exit %d, want 1", code)
			}
			line := next(t, "error", a.logs)
			if !strings.HasPrefix(line, "error: ") || !strings.Contains(line, c.want) || strings.Contains(line, "s3cret") ||
				strings.Contains(line, c.password) {
				t.Errorf("stderr %q, want %q in it and no secret", line, c.want)
			}
		})
	}
}

// Whatever comes over the wire, the agent either says that it cannot read it or names the order.
func FuzzOrderLine(f *testing.F) {
	f.Add([]byte(event("issued", testOrder(1, "open", "awaiting", true))))
	f.Add([]byte(`{"event":"released","order":{"id":"x","acknowledge_by":null,"measures":[{}]}}`))
	f.Add([]byte(`{"event":"issued","order":{}}`))
	f.Add([]byte(`{"event":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ev, o, err := readEvent(data)
		if err != nil {
			return
		}
		if line := o.line(ev.Event, "en"); o.ID == "" || !strings.Contains(line, o.ID) {
			t.Errorf("line %q does not name order %q", line, o.ID)
		}
	})
}
