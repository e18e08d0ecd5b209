package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"github.com/nats-io/nats.go/jetstream"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/cmd/internal/notary/notarytest"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/session"
	"qingkong/cmd/internal/web/uploads"
	"qingkong/reductionlist"
)

// hostile is a name that a page must not take for markup.
const hostile = `<script>alert("示例")</script>&'`

// world is a server over a real journal, with a list, an account for each role, and credentials for E0001 to E0003.
type world struct {
	*servicetest.World
	t      testing.TB
	svc    *service.Service
	server *Server
	watch  *watch.Watchman // of the writer, and of what a test puts into part
	part   atomic.Pointer[watch.Finding]
	js     jetstream.JetStream
	log    lockedBuffer
	tokens map[string]string // user or recipient -> token
	clock  *journaltest.Clock
	feeds  []feed.Status
	shown  []string // every secret that was ever issued
}

// lockedBuffer is a log that several goroutines write.
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

// begin is the time of every world.
var begin = servicetest.Begin

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, tokens: map[string]string{}}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	w.World = servicetest.New(t, log)
	w.svc, w.js, w.clock = w.Svc, w.JS, w.Clock
	w.svc.Instruments = stationstest.New(t, w.svc, w.clock.Now)
	sessions, err := session.New(t.Context(), w.svc.J, w.svc.Passwords, session.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sessions.Close() })
	w.watch = watch.New(watch.Options{Clock: w.clock.Now, Log: log})
	w.watch.Watch(watch.Writer, func(context.Context) watch.Finding {
		if halted := w.svc.J.Halted(); halted != nil {
			return watch.Stop("watch.writer_halted", refusal.Args{"why": halted})
		}
		return watch.Finding{}
	})
	w.watch.Watch("part", func(context.Context) watch.Finding { return *w.part.Load() })
	w.find(watch.Finding{})
	w.server = New(w.svc, sessions,
		Options{Watch: w.watch, Backups: &folderOfBackups{j: w.svc.J, dir: t.TempDir()}, Clock: w.clock.Now, Log: log,
			Uploads: uploads.Options{Dir: filepath.Join(t.TempDir(), "uploads")},
			Feeds:   func() []feed.Status { return w.feeds }})
	w.importList(fixture())
	for _, role := range calls.Roles() {
		if role != calls.Enterprise {
			w.account(string(role), role)
		}
	}
	for _, id := range []string{"E0001", "E0002", "E0003"} {
		w.keep(id, w.Credentials(id))
	}
	w.tokens[string(calls.Enterprise)] = w.tokens["E0001"]
	t.Cleanup(w.noSecretInLog)
	return w
}

// find lets the watchman look and find something in the part that is watched for tests.
func (w *world) find(f watch.Finding) {
	w.part.Store(&f)
	w.watch.Look(w.t.Context())
}

func (w *world) keep(user string, issued calls.Issued) {
	w.tokens[user] = issued.Token
	w.shown = append(w.shown, issued.Token, issued.Token[strings.LastIndexByte(issued.Token, '.')+1:])
	if issued.Password != "" {
		w.shown = append(w.shown, issued.Password)
	}
}

func (w *world) account(user string, role calls.Role) {
	w.t.Helper()
	w.keep(user, w.Account(user, role, "示例", "大寺镇"))
}

func (w *world) noSecretInLog() {
	log := w.log.String()
	for _, secret := range w.shown {
		if strings.Contains(log, secret) {
			w.t.Errorf("the log holds a secret:\n%s", log)
			return
		}
	}
}

func (w *world) importList(l *reductionlist.List) { w.t.Helper(); w.Import(l) }

// fixture is a list of three enterprises in two towns; each has a measure from yellow on.
func fixture() *reductionlist.List {
	l := &reductionlist.List{Name: "清单" + hostile, Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "示例"}
	for i, town := range []string{"大寺镇", "杨柳青镇", "大寺镇"} {
		id := fmt.Sprintf("E%04d", i+1)
		l.Recipients = append(l.Recipients, &reductionlist.Recipient{
			ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id, Town: town, StationMN: "MN" + id, Industry: "C3360",
			Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"},
			Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Stop,
				Text: "停产", CompleteWithinH: 4, Responsible: "生产部值长"}},
		})
	}
	return l
}

// call is one request; only path is required.
type call struct {
	who     string // user or recipient; empty has no token
	method  string // default GET, or POST when there is a body
	path    string
	body    string
	header  map[string]string
	chunked bool
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

func (w *world) request(c call) *http.Request {
	var body io.Reader
	method := c.method
	if c.body != "" {
		body = strings.NewReader(c.body)
		if c.chunked {
			body = struct{ io.Reader }{body}
		}
		if method == "" {
			method = http.MethodPost
		}
	}
	r := httptest.NewRequest(method, c.path, body)
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.who != "" {
		r.Header.Set("Authorization", "Bearer "+w.tokens[c.who])
	}
	for name, value := range c.header {
		if value == "" {
			r.Header.Del(name)
		} else {
			r.Header.Set(name, value)
		}
	}
	return r
}

func (w *world) do(c call) reply {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.server.ServeHTTP(rec, w.request(c))
	res := rec.Result()
	want := "no-store"
	if res.Header.Get("ETag") != "" {
		want = "private, no-cache"
	}
	if cache, sniff := res.Header.Get("Cache-Control"), res.Header.Get("X-Content-Type-Options"); cache != want ||
		sniff != "nosniff" {
		w.t.Errorf("%s %s: Cache-Control %q, X-Content-Type-Options %q", c.method, c.path, cache, sniff)
	}
	return reply{res, rec.Body.String()}
}

// must does a call that has to end with the status, and reads its body into v unless that is nil.
func (w *world) must(status int, c call, v any) reply {
	w.t.Helper()
	r := w.do(c)
	if r.StatusCode != status {
		w.t.Fatalf("%s %s by %s: status %d, want %d: %s", c.method, c.path, c.who, r.StatusCode, status, r.body)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(r.body), v); err != nil {
			w.t.Fatalf("%s: %v in %s", c.path, err, r.body)
		}
	}
	return r
}

// refused does a call that has to be refused with the status and code and to change nothing.
func (w *world) refused(status int, code string, c call) problem {
	w.t.Helper()
	before := w.svc.J.Height()
	r := w.do(c)
	var p problem
	if err := json.Unmarshal([]byte(r.body), &p); err != nil {
		w.t.Fatalf("%s %s: %v in %s", c.method, c.path, err, r.body)
	}
	if r.StatusCode != status || p.Status != status || string(p.Code) != code {
		w.t.Errorf("%s %s by %s: status %d, want %d; %s", c.method, c.path, c.who, r.StatusCode, status, r.body)
	}
	if media := r.Header.Get("Content-Type"); media != "application/problem+json" || p.Type != "about:blank" ||
		p.Title == "" || p.Detail == "" || p.Errors == nil {
		w.t.Errorf("%s %s: no problem details: %s %s", c.method, c.path, media, r.body)
	}
	if route := routeOf(c); route != nil && status != http.StatusMethodNotAllowed &&
		!slices.Contains(route.codes(), p.Code) {
		w.t.Errorf("%s %s was refused with %s, which GET /openapi.json does not say", c.method, c.path, p.Code)
	}
	if after := w.svc.J.Height(); after != before {
		w.t.Errorf("%s %s was refused and wrote blocks %d to %d", c.method, c.path, before+1, after)
	}
	return p
}

// routeOf is the route that a call takes; nil where there is none.
func routeOf(c call) *route {
	method := c.method
	if method == "" && c.body != "" {
		method = http.MethodPost
	} else if method == "" {
		method = http.MethodGet
	}
	path, _, _ := strings.Cut(c.path, "?")
	parts := strings.Split(path, "/")
	for i := range routes {
		pattern := strings.Split(routes[i].Path(), "/")
		same := len(pattern) == len(parts) && routes[i].Method == method
		for n := 0; same && n < len(parts); n++ {
			same = pattern[n] == parts[n] || strings.HasPrefix(pattern[n], "{")
		}
		if same {
			return &routes[i]
		}
	}
	return nil
}

// elapse moves the clock and runs the timers that have come due.
func (w *world) elapse(d time.Duration) { w.t.Helper(); w.Elapse(d) }

// declared enters a warning of the level by the duty officer.
func (w *world) declared(level alerts.Level) *alerts.Warning {
	w.t.Helper()
	warning := new(alerts.Warning)
	w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: declaration(level)}, warning)
	return warning
}

func declaration(level alerts.Level) string {
	return fmt.Sprintf(`{"level":%q,"trigger":"city_order","document_no":"津污防指〔2016〕1号","issued_by":"天津市","reason":"示例"}`, level)
}

// ordered declares a yellow warning and lets its orders go out; it returns the warning's id.
func (w *world) ordered() string {
	w.t.Helper()
	id := w.declared(alerts.Yellow).ID
	w.elapse(0)
	return id
}

// signs has the record be signed for.
func (w *world) signs() {
	w.t.Helper()
	w.svc.Notary = notarytest.Sign(w.t, w.svc.J)
	if _, err := w.svc.Notary.Covering(w.t.Context(), 1); err != nil {
		w.t.Fatal(err)
	}
}

// signed makes a request in a world whose record is signed for.
func signed(make func(*world) call) func(*world) call {
	return func(w *world) call { w.signs(); return make(w) }
}
