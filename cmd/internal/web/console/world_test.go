package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/alerts/feed"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/live"
	"qingkong/cmd/internal/web/session"
	"qingkong/reductionlist"
)

// hostile is a text that a page must not take for markup.
const hostile = `<script>alert("示例")</script>&'"><img src=x onerror=alert(1)>`

// world is a desk over a real journal, with a list, an account for each role, and credentials for E0001 to E0003.
type world struct {
	feeds []feed.Status // as the program would have them
	*servicetest.World
	t         testing.TB
	svc       *service.Service
	desk      http.Handler
	sessions  *session.Sessions
	passwords map[string]string
	cookies   map[string]*http.Cookie // of who has logged in
	clock     *journaltest.Clock
	lag       time.Duration   // of the clock behind the record
	watchman  *watch.Watchman // of what a test puts into part
	part      atomic.Pointer[watch.Finding]
	expected  atomic.Pointer[string] // what may be logged
}

// begin is the time of every world.
var begin = servicetest.Begin

func newWorld(t testing.TB) *world { return newWorldWith(t, fixture()) }

func newWorldWith(t testing.TB, l *reductionlist.List) *world {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	w := &world{World: servicetest.New(t, log), t: t, passwords: map[string]string{}, cookies: map[string]*http.Cookie{}}
	w.svc, w.clock = w.Svc, w.Clock
	var err error
	if err := access.EnsureLoginKey(t.Context(), w.svc.J); err != nil { // the first login would record it, in the midst of a test
		t.Fatal(err)
	}
	if w.sessions, err = session.New(t.Context(), w.svc.J, w.svc.Passwords, session.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sessions.Close() })
	hub := live.New(w.svc, live.Options{Version: func(_ *bbolt.Tx, v *reductionlist.Version, _ time.Time) (any, error) { return v, nil }, Log: log})
	t.Cleanup(hub.Close)
	w.watchman = watch.New(watch.Options{Clock: w.clock.Now})
	w.watchman.Watch(watch.Writer, func(context.Context) watch.Finding { return *w.part.Load() })
	w.find(watch.Finding{})
	w.watchman.Started()
	w.desk = New(w.svc, w.sessions, hub, Options{District: "西青区", Demo: true, Alerts: servicetest.Settings().Alerts,
		Watch: w.watchman, Clock: func() time.Time { return w.clock.Now().Add(-w.lag) },
		Feeds: func() []feed.Status { return w.feeds },
		Log:   slog.New(slog.NewTextHandler(&failing{t, &w.expected}, nil))})
	w.Import(l)
	for _, role := range calls.Roles() {
		if role != calls.Enterprise {
			w.account(string(role), role)
		}
	}
	w.account("duty2", calls.Duty)
	for _, id := range []string{"E0001", "E0002", "E0003"} {
		w.passwords[id] = w.Credentials(id).Password
	}
	return w
}

// find lets the watchman look and find something.
func (w *world) find(f watch.Finding) {
	w.part.Store(&f)
	w.watchman.Look(w.t.Context())
}

// failing is a log that fails the test with what a page could not do: a refusal is not logged.
type failing struct {
	t        testing.TB
	expected *atomic.Pointer[string]
}

func (f *failing) Write(p []byte) (int, error) {
	may := f.expected.Load()
	if !strings.Contains(string(p), "level=DEBUG") && (may == nil || !strings.Contains(string(p), *may)) {
		f.t.Errorf("log: %s", p)
	}
	return len(p), nil
}

// logs lets lines with a text be logged.
func (w *world) logs(text string) { w.expected.Store(&text) }

func (w *world) account(user string, role calls.Role) {
	w.t.Helper()
	w.passwords[user] = w.Account(user, role, "示例<b>"+user, "大寺镇").Password
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

// cookie is the session of a user, which logs in when it first does something.
func (w *world) cookie(user string) *http.Cookie {
	w.t.Helper()
	if c := w.cookies[user]; c != nil {
		return c
	}
	r := w.as("", "/login", url.Values{"user": {user}, "password": {w.passwords[user]}})
	for _, c := range r.Cookies() {
		if c.Name == session.Cookie {
			w.cookies[user] = c
			return c
		}
	}
	w.t.Fatalf("the login of %s: %d %s", user, r.StatusCode, textOf(parsed(w.t, r.body)))
	return nil
}

// expire ends the session of a user, whose browser knows nothing of it.
func (w *world) expire(user string) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.AddCookie(w.cookie(user))
	w.sessions.Logout(httptest.NewRecorder(), r)
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
		r.AddCookie(w.cookie(user))
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

// elapse moves the clock and runs the timers that have come due. Sessions end with time: who goes on logs in again.
func (w *world) elapse(d time.Duration) {
	w.t.Helper()
	if d > 0 {
		clear(w.cookies)
	}
	w.Elapse(d)
}

// forecast gives the forecast of an episode that asks for red and returns the proposal's id.
func (w *world) forecast(drill bool) string {
	w.t.Helper()
	days := ""
	for i, aqi := range []int{180, 260, 340, 320, 310, 330, 120} {
		days += fmt.Sprintf(`{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"],"cause":""},`, alerts.DateOf(begin).AddDays(i+1), aqi-20, aqi)
	}
	body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","drill":%v,"days":[%s]}`, drill, strings.TrimSuffix(days, ","))
	got, err := w.svc.Forecast(w.t.Context(), service.By("feeder"), calls.Document{Text: []byte(body)})
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
	form.Set("typed", terms.ShortLevel(l, zh))
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
