package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
)

// hostile is a text that a page must not take for markup.
const hostile = `<script>alert("示例")</script>&'"><img src=x onerror=alert(1)>`

// world is a desk over a real journal, with a list, an account for each role, and credentials for E0001 to E0003.
type world struct {
	t         testing.TB
	svc       *service.Service
	desk      http.Handler
	sessions  *fakeSessions
	passwords map[string]string
	clock     atomic.Pointer[time.Time]
	fire      chan func() // runs on the lease's holder
	epoch     uint64
}

// begin is the time of every world: the afternoon before the episode of 2016-12-17.
var begin = time.Date(2016, 12, 16, 9, 0, 0, 0, time.UTC)

// fakeSessions are sessions without anything to steal: the cookie names the user. Another package has the real ones.
type fakeSessions struct {
	svc *service.Service
	mu  sync.Mutex
	out map[string]bool // whose session has ended
}

const userCookie = "user"

func (s *fakeSessions) Who(r *http.Request) (p *access.Principal) {
	c, err := r.Cookie(userCookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	ended := s.out[c.Value]
	s.mu.Unlock()
	if ended {
		return nil
	}
	_ = s.svc.J.View(func(tx *bbolt.Tx) error { p, _ = access.PrincipalOf(tx, c.Value); return nil })
	return p
}

func (s *fakeSessions) Login(w http.ResponseWriter, r *http.Request, user, password string) (*access.Principal, error) {
	p, err := s.svc.Login(r.Context(), user, password)
	if err != nil {
		return nil, err
	}
	if p == nil {
		return nil, refusal.New(refusal.Unauthenticated, "access.unauthenticated", nil)
	}
	s.mu.Lock()
	delete(s.out, user)
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: userCookie, Value: user, Path: "/"})
	return p, nil
}

func (s *fakeSessions) Logout(w http.ResponseWriter, _ *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: userCookie, Path: "/", MaxAge: -1})
}

func newWorld(t testing.TB) *world { return newWorldWith(t, fixture()) }

func newWorldWith(t testing.TB, l *reductionlist.List) *world {
	t.Helper()
	w := &world{t: t, passwords: map[string]string{}, fire: make(chan func())}
	w.clock.Store(&begin)
	log := slog.New(slog.DiscardHandler)
	set := service.Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute, RepeatMax: 30 * time.Minute}
	svc, err := service.New(t.Context(), w.openJournal(service.Registry(set), log), set, log)
	if err != nil {
		t.Fatal(err)
	}
	w.svc, w.sessions = svc, &fakeSessions{svc: svc, out: map[string]bool{}}
	w.desk = New(svc, w.sessions, nil, Options{District: "西青区", Demo: true, Alerts: set.Alerts, Log: slog.New(slog.NewTextHandler(&failing{t}, nil))})
	if _, err := svc.ImportList(t.Context(), "init", l, service.DemoSource, nil); err != nil {
		t.Fatal(err)
	}
	for _, role := range access.Roles() {
		if role != access.Enterprise {
			w.account(string(role), role)
		}
	}
	w.account("duty2", access.Duty)
	for _, id := range []string{"E0001", "E0002", "E0003"} {
		issued, err := svc.IssueCredentials(t.Context(), "init", "", id)
		if err != nil {
			t.Fatal(err)
		}
		w.passwords[id] = issued.Password
	}
	return w
}

// failing is a log that fails the test with what a page could not do: a refusal is not logged.
type failing struct{ t testing.TB }

func (f *failing) Write(p []byte) (int, error) {
	if !strings.Contains(string(p), "level=DEBUG") {
		f.t.Errorf("log: %s", p)
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
		Clock: func() time.Time { return *w.clock.Load() }, Fatal: func(err error) { t.Errorf("fatal: %v", err) }})
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

func (w *world) account(user string, role access.Role) {
	w.t.Helper()
	body := fmt.Sprintf(`{"user":%q,"role":%q,"name":%q,"town":"大寺镇"}`, user, role, "示例<b>"+user)
	issued, err := w.svc.AddAccount(w.t.Context(), "init", "", []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	w.passwords[user] = issued.Password
}

// fixture is a list of three enterprises in two towns; each has a measure from yellow on. E0003 has a hostile name.
func fixture() *reductionlist.List {
	l := &reductionlist.List{Name: "清单" + hostile, Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: hostile}
	for i, town := range []string{"大寺镇", "杨柳青镇", "大寺镇"} {
		id := fmt.Sprintf("E%04d", i+1)
		r := &reductionlist.Recipient{
			ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id, Town: town, StationMN: "MN" + id, Industry: "C3360",
			Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"},
			Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Limit, Unit: "1号线",
				Text: "限产一半", Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 50, Unit: "%"}, CompleteWithinH: 4,
				Responsible: "生产部值长", Evidence: []string{"DCS曲线"},
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Power, Ref: "P1", Criterion: reductionlist.Criterion{Kind: reductionlist.FractionOfBaseline, Limit: 0.5}}}}},
		}
		if i == 2 {
			r.Name += hostile
		}
		l.Recipients = append(l.Recipients, r)
	}
	return l
}

// reply is an answer with its body read.
type reply struct {
	*http.Response
	body string
}

// as sends a request of a user; "" is nobody. A form makes it a POST.
func (w *world) as(user, path string, form url.Values, header ...string) reply {
	w.t.Helper()
	method, body := http.MethodGet, io.Reader(nil)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, path, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if user != "" {
		r.AddCookie(&http.Cookie{Name: userCookie, Value: user})
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.desk.ServeHTTP(rec, r)
	return reply{rec.Result(), rec.Body.String()}
}

// get is a page that has to come with the status.
func (w *world) get(status int, user, path string) *html.Node {
	w.t.Helper()
	r := w.as(user, path, nil)
	if r.StatusCode != status {
		w.t.Fatalf("GET %s by %s: status %d, want %d:\n%s", path, user, r.StatusCode, status, r.body)
	}
	return parsed(w.t, r.body)
}

// post sends a form that has to be answered with the status.
func (w *world) post(status int, user, path string, form url.Values) reply {
	w.t.Helper()
	r := w.as(user, path, form)
	if r.StatusCode != status {
		w.t.Fatalf("POST %s by %s: status %d, want %d:\n%s", path, user, r.StatusCode, status, textOf(parsed(w.t, r.body)))
	}
	return r
}

// refused sends a form that has to come back with the status and to change nothing.
func (w *world) refused(status int, user, path string, form url.Values) *html.Node {
	w.t.Helper()
	before := w.svc.J.Height()
	r := w.post(status, user, path, form)
	if after := w.svc.J.Height(); after != before {
		w.t.Errorf("POST %s was refused and wrote blocks %d to %d", path, before+1, after)
	}
	return parsed(w.t, r.body)
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
	if err := <-done; err != nil {
		w.t.Fatal(err)
	}
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

// forecast gives the forecast of an episode that asks for red and returns the proposal's id.
func (w *world) forecast(drill bool) string {
	w.t.Helper()
	days := ""
	for i, aqi := range []int{180, 260, 340, 320, 310, 330, 120} {
		days += fmt.Sprintf(`{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"],"cause":""},`, alerts.DateOf(begin).AddDays(i+1), aqi-20, aqi)
	}
	body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","drill":%v,"days":[%s]}`, drill, strings.TrimSuffix(days, ","))
	got, err := w.svc.Forecast(w.t.Context(), "feeder", "", []byte(body))
	if err != nil || got.Proposal == nil {
		w.t.Fatalf("forecast: %v, proposal %v", err, got.Proposal)
	}
	return got.Proposal.ID
}

func (w *world) warning(id string) (a *alerts.Warning) {
	w.t.Helper()
	if err := w.svc.J.View(func(tx *bbolt.Tx) (err error) { a, err = alerts.GetWarning(tx, id); return err }); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func (w *world) warnings() (n int) {
	w.t.Helper()
	err := w.svc.J.View(func(tx *bbolt.Tx) error {
		page, err := alerts.ListWarnings(tx, "", 100)
		n = page.Total
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// declared enters a warning through the desk, from the form to the confirmation, and returns its id.
func (w *world) declared(l alerts.Level, drill bool) string {
	w.t.Helper()
	path := "/desk/declare"
	if drill {
		path += "?drill=true"
	}
	form := values(w.get(200, "duty", path))
	form.Set("level", string(l))
	form.Set("trigger", "city_order")
	form.Set("document_no", "津污防指〔2016〕1号")
	form.Set("issued_by", "天津市"+hostile)
	form.Set("reason", "示例"+hostile)
	form.Set("step", stepReview)
	form = values(parsed(w.t, w.post(200, "duty", "/desk/declare", form).body))
	form.Set("typed", word(zh, "level."+string(l)))
	form.Set("step", stepConfirm)
	to := w.post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	return id
}

// ordered declares a yellow warning and lets its orders go out; it returns the warning's id.
func (w *world) ordered() string {
	w.t.Helper()
	id := w.declared(alerts.Yellow, false)
	w.elapse(0)
	return id
}
