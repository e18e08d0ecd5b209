package live

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// world is a hub over a real journal, with a list of recipients in two towns in turn.
type world struct {
	*servicetest.World
	t   testing.TB
	svc *service.Service
	hub *Hub
}

const (
	dasi      = "大寺镇"
	yangliu   = "杨柳青镇"
	testBoard = 40 * time.Millisecond
)

func newWorld(t testing.TB, recipients int) *world {
	t.Helper()
	log := slog.New(slog.NewTextHandler(testLog{t}, nil))
	w := &world{World: servicetest.New(t, log), t: t}
	w.svc = w.Svc
	w.hub = New(w.svc, Options{Log: log,
		Version: func(tx *bbolt.Tx, v *reductionlist.Version, now time.Time) (any, error) {
			stands, err := reductionlist.StandingsAt(tx, now)
			return map[string]any{"id": v.ID, "state": v.State, "in_force": v.ID == stands.Current.ID}, err
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

func (w *world) importList(from string, recipients int) {
	w.t.Helper()
	l := &reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: from, CompiledBy: "示例"}
	for i := range recipients {
		l.Recipients = append(l.Recipients, &reductionlist.Recipient{
			ID: recipient(i), Type: reductionlist.Enterprise, Name: "示例企业" + recipient(i), Town: []string{dasi, yangliu}[i%2],
			Industry: "C3360",
			Contact:  &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"},
			Measures: []reductionlist.Measure{
				{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Stop, Text: "停产", CompleteWithinH: 4,
					Responsible: "值长"},
				{ID: "M2", Levels: []alerts.Level{alerts.Orange}, Action: reductionlist.Stop, Text: "停运", CompleteWithinH: 4,
					Responsible: "值长"},
			},
		})
	}
	w.Import(l)
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
func (w *world) account(user string, role calls.Role) (*access.Principal, string) {
	w.t.Helper()
	var issued calls.Issued
	if role == calls.Enterprise {
		issued = w.Credentials(user)
	} else {
		issued = w.Account(user, role, "示例", dasi)
	}
	p, err := w.svc.Authenticate(issued.Token)
	w.must(err)
	return p, issued.Token
}

// declared enters a yellow warning and lets its orders go out; it returns its id.
func (w *world) declared() string {
	w.t.Helper()
	warning, err := servicetest.Say(w.t.Context(), w.svc, "duty", "", calls.Declare, "", []byte(
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
	_, err := servicetest.WarningAct(w.t.Context(), w.svc, actor, "", warning, act,
		fmt.Appendf(nil, `{"revision":%d%s}`, revision, more))
	w.must(err)
	w.elapse(0)
}

// answer does an act of a recipient; one that the state forbids does nothing.
func (w *world) answer(i int, order string, act notify.Action) {
	w.t.Helper()
	_, err := servicetest.AnswerOrder(w.t.Context(), w.svc, recipient(i), "",
		notify.AnswerText{OrderID: order, Action: act, Note: "示例"})
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
		w.svc.Answer(recipient(i), false, fmt.Appendf(nil, `{"order_id":%q,"action":%q}`, orderOf(i), act),
			func(_ string, err error) {
				if err != nil {
					w.t.Error(err)
				}
				all.Done()
			})
	}
	all.Wait()
}

func (w *world) elapse(d time.Duration) { w.t.Helper(); w.Elapse(d) }

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

var everything = Filter{Warnings: true, Boards: true, Proposals: true, Lists: true, Feeds: true, Orders: AllOrders}

func (w *world) listen(v Viewer) *Subscription {
	w.t.Helper()
	s, err := w.hub.Subscribe(w.t.Context(), v)
	w.must(err)
	return s
}

// quiet takes what has come once nothing more will.
func (w *world) quiet(s *Subscription) []*Message {
	w.t.Helper()
	w.settle()
	return w.take(s)
}

// settle waits until all of the record was made into messages, and the boards that were held back are out.
func (w *world) settle() {
	w.t.Helper()
	for {
		for !w.caughtUp() {
			time.Sleep(time.Millisecond)
		}
		if time.Sleep(3 * testBoard); w.caughtUp() {
			return
		}
	}
}

func (w *world) take(s *Subscription) []*Message {
	w.t.Helper()
	got, err := s.take()
	w.must(err)
	return got
}

func (w *world) caughtUp() bool {
	var n int64
	w.must(w.svc.J.View(func(tx *bbolt.Tx) (err error) { n, err = size(tx); return err }))
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	return w.hub.last.index == n-1
}

func (w *world) board(warning string) string {
	w.t.Helper()
	var text []byte
	w.must(w.svc.J.View(func(tx *bbolt.Tx) error {
		b, err := w.svc.BoardOf(tx, warning)
		if err == nil {
			text, err = json.Marshal(b)
		}
		return err
	}))
	return string(text)
}

// viewers waits until the hub has that many.
func (w *world) viewers(n int) {
	w.t.Helper()
	for range 500 {
		w.hub.mu.Lock()
		have := len(w.hub.all)
		w.hub.mu.Unlock()
		if have == n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("the hub does not come to %d viewers", n)
}
