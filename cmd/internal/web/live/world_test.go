package live

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// world is a hub over a real journal, with a list of recipients in two towns in turn.
type world struct {
	t     testing.TB
	svc   *service.Service
	hub   *Hub
	clock atomic.Pointer[time.Time]
	epoch uint64
	fire  chan func() // runs on the lease's holder
}

const (
	dasi      = "大寺镇"
	yangliu   = "杨柳青镇"
	testBoard = 40 * time.Millisecond
)

func newWorld(t testing.TB, recipients int) *world {
	t.Helper()
	w := &world{t: t, fire: make(chan func())}
	begin := time.Date(2016, 12, 16, 9, 0, 0, 0, time.UTC)
	w.clock.Store(&begin)
	log := slog.New(slog.NewTextHandler(testLog{t}, nil))
	set := service.Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute, RepeatMax: 30 * time.Minute}
	svc, err := service.New(t.Context(), w.openJournal(service.Registry(set), log), set, log)
	if err != nil {
		t.Fatal(err)
	}
	w.svc = svc
	w.hub = New(svc, Options{Log: log, Version: func(v *reductionlist.Version, inForce string) any {
		return map[string]any{"id": v.ID, "state": v.State, "in_force": v.ID == inForce}
	}})
	w.hub.board = testBoard
	t.Cleanup(w.hub.Close)
	w.importList("2016-01-01", recipients)
	return w
}

// testLog fails the test for what is an error.
type testLog struct{ t testing.TB }

func (l testLog) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "level=ERROR") {
		l.t.Errorf("logged: %s", p)
	}
	return len(p), nil
}

func (w *world) openJournal(registry *journal.Registry, log *slog.Logger) *journal.Journal {
	t := w.t
	t.Helper()
	dir := t.TempDir()
	srv, err := server.NewServer(&server.Options{JetStream: true, StoreDir: filepath.Join(dir, "nats"), DontListen: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server not ready")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.Open(t.Context(), journal.Options{Dir: dir, Registry: registry, JS: js, Log: log, NoSync: true,
		Clock: func() time.Time { return *w.clock.Load() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

func (w *world) importList(from string, recipients int) {
	w.t.Helper()
	l := &reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: from, CompiledBy: "示例"}
	for i := range recipients {
		l.Recipients = append(l.Recipients, &reductionlist.Recipient{
			ID: recipient(i), Type: reductionlist.Enterprise, Name: "示例企业" + recipient(i), Town: []string{dasi, yangliu}[i%2], Industry: "C3360",
			Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"},
			Measures: []reductionlist.Measure{
				{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Stop, Text: "停产", CompleteWithinH: 4, Responsible: "值长"},
				{ID: "M2", Levels: []alerts.Level{alerts.Orange}, Action: reductionlist.Stop, Text: "停运", CompleteWithinH: 4, Responsible: "值长"},
			},
		})
	}
	if _, err := w.svc.ImportList(w.t.Context(), "init", l, service.DemoSource, nil); err != nil {
		w.t.Fatal(err)
	}
}

func recipient(i int) string { return fmt.Sprintf("E%04d", i+1) }

func order(warning string, i int) string { return warning + "-" + recipient(i) + "-1" }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// account adds one and returns its principal and token.
func (w *world) account(user string, role access.Role) (*access.Principal, string) {
	w.t.Helper()
	var issued access.Issued
	var err error
	if role == access.Enterprise {
		issued, err = w.svc.IssueCredentials(w.t.Context(), "init", "", user)
	} else {
		issued, err = w.svc.AddAccount(w.t.Context(), "init", "", fmt.Appendf(nil, `{"user":%q,"role":%q,"name":"示例","town":%q}`, user, role, dasi))
	}
	w.must(err)
	p, err := w.svc.Authenticate(issued.Token)
	w.must(err)
	return p, issued.Token
}

// declared enters a yellow warning and lets its orders go out; it returns its id.
func (w *world) declared() string {
	w.t.Helper()
	warning, err := w.svc.Declare(w.t.Context(), "duty", "", []byte(
		`{"level":"yellow","trigger":"city_order","document_no":"津污防指〔2016〕1号","issued_by":"天津市","reason":"示例"}`))
	w.must(err)
	w.elapse(0)
	return warning.ID
}

func (w *world) act(warning, act, more string) {
	w.t.Helper()
	w.actBy("duty", warning, act, `,"reason":"示例"`+more)
}

func (w *world) actBy(actor, warning, act, more string) {
	w.t.Helper()
	var revision int
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		got, err := alerts.GetWarning(tx, warning)
		if err == nil {
			revision = got.Revision
		}
		return err
	}))
	_, err := w.svc.WarningAct(w.t.Context(), actor, "", warning, act, fmt.Appendf(nil, `{"revision":%d%s}`, revision, more))
	w.must(err)
	w.elapse(0)
}

// answer does an act of a recipient; one that the state forbids does nothing.
func (w *world) answer(i int, order string, act notify.Action) {
	w.t.Helper()
	_, err := w.svc.AnswerOrder(w.t.Context(), recipient(i), "", notify.AnswerText{OrderID: order, Action: act})
	if code := refusal.CodeOf(err); code != refusal.TransitionRefused && code != refusal.Conflict {
		w.must(err)
	}
}

// answers lets many recipients do an act at once, as they do over NATS.
func (w *world) answers(n int, act string, orderOf func(i int) string) {
	w.t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Add(1)
		w.svc.Answer(recipient(i), false, fmt.Appendf(nil, `{"order_id":%q,"action":%q}`, orderOf(i), act), func(_ string, err error) {
			if err != nil {
				w.t.Error(err)
			}
			all.Done()
		})
	}
	all.Wait()
}

// elapse moves the clock and runs the timers that have come due, on the lease's holder as the program does.
func (w *world) elapse(d time.Duration) {
	w.t.Helper()
	now := w.clock.Load().Add(d)
	w.clock.Store(&now)
	if w.epoch == 0 {
		w.lead()
	}
	done := make(chan error, 1)
	w.fire <- func() { done <- w.runTimers(now) }
	w.must(<-done)
}

func (w *world) lead() {
	ctx, cancel := context.WithCancel(context.Background())
	holds, ended := make(chan uint64, 1), make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.svc.J.Lead(ctx, func(ctx context.Context, epoch uint64) {
			holds <- epoch
			for {
				select {
				case run := <-w.fire:
					run()
				case <-ctx.Done():
					return
				}
			}
		})
	}()
	w.epoch = <-holds
	w.t.Cleanup(func() { cancel(); <-ended })
}

func (w *world) runTimers(now time.Time) error {
	for {
		var ids []string
		err := w.svc.J.View(func(tx *bbolt.Tx) error { ids, _ = journal.DueTimers(tx, now, 100); return nil })
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := w.svc.J.FireTimer(context.Background(), w.epoch, id); err != nil {
				return err
			}
		}
	}
}

// serve is an HTTP server whose streams have the viewer.
func (w *world) serve(viewer func(r *http.Request) Viewer) *httptest.Server {
	return w.serveWithin(0, viewer)
}

// serveWithin is serve by a server that limits how long a request may take; 0 does not.
func (w *world) serveWithin(limit time.Duration, viewer func(r *http.Request) Viewer) *httptest.Server {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(WithConnection(r.Context()), 50*time.Millisecond)
		defer cancel()
		v := viewer(r)
		v.LastID = r.Header.Get("Last-Event-ID")
		sub, err := w.hub.Subscribe(Connection(ctx), v)
		if err != nil {
			http.Error(rw, err.Error(), http.StatusServiceUnavailable)
			return
		}
		Serve(rw, r.WithContext(ctx), sub, JSON)
	}))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = limit, limit
	srv.Config.RegisterOnShutdown(w.hub.Close)
	srv.Start()
	w.t.Cleanup(srv.Close)
	return srv
}

func always(f Filter) func(*http.Request) Viewer {
	return func(*http.Request) Viewer { return Viewer{User: "x", Filter: f} }
}

// wire is one event as a client reads it.
type wire struct{ id, event, data string }

// client reads a stream.
type client struct {
	res *http.Response
	in  *bufio.Reader
}

func (w *world) dial(srv *httptest.Server, query, last string) *client {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, srv.URL+query, nil)
	w.must(err)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := srv.Client().Do(req)
	w.must(err)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	c := &client{res: res, in: bufio.NewReaderSize(res.Body, 256)}
	w.t.Cleanup(c.close)
	return c
}

func (c *client) close() { _ = c.res.Body.Close() }

// next reads one event; comments and retry are passed over.
func (c *client) next() (e wire, err error) {
	for {
		line, err := c.in.ReadString('\n')
		if err != nil {
			return e, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "id":
			e.id = value
		case "event":
			e.event = value
		case "data":
			e.data += value
		case "":
			if e.event != "" {
				return e, nil
			}
		}
	}
}
