// Package desktest is a desk to test over: a real record, accounts of all roles, and what a browser would do.
package desktest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	_ "qingkong/cmd/internal/watchman" // the words of its checks

	"golang.org/x/net/html"

	"qingkong/alerts/feed"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/desk"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/watch"
	"qingkong/cmd/internal/web/live"
	"qingkong/cmd/internal/web/session"
	"qingkong/reductionlist"

	"go.etcd.io/bbolt"

	"qingkong/alerts"

	"qingkong/cmd/internal/calls"
)

// Hostile is a text that a page must not take for markup.
const Hostile = `<script>alert("示例")</script>&'"><img src=x onerror=alert(1)>`

// World is a desk over a real journal, with a list, an account for each role, and credentials for E0001 to E0003.
type World struct {
	*servicetest.World
	T         testing.TB
	Feeds     []feed.Status // as the program would have them
	Desk      *frame.Frame
	Sessions  *session.Sessions
	Passwords map[string]string
	Cookies   map[string]*http.Cookie // of who has logged in
	Lag       time.Duration           // of the clock behind the record
	Watchman  *watch.Watchman         // watches finding
	finding   atomic.Pointer[watch.Finding]
	loggable  atomic.Pointer[string] // text of lines that may be logged
}

// Begin is the time of every world.
var Begin = servicetest.Begin

// Beat is between two signs of life of a stream.
const Beat = 50 * time.Millisecond

// New is a world with the list [Fixture].
func New(t testing.TB) *World { return NewWith(t, Fixture()) }

// NewWith is a world with a list.
func NewWith(t testing.TB, l *reductionlist.List) *World {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	w := &World{World: servicetest.New(t, log), T: t, Passwords: map[string]string{}, Cookies: map[string]*http.Cookie{}}
	var err error
	// the first login would record it, in the midst of a test
	if err := access.EnsureLoginKey(t.Context(), w.Svc.J); err != nil {
		t.Fatal(err)
	}
	if w.Sessions, err = session.New(t.Context(), w.Svc.J, w.Svc.Passwords, session.Options{Log: log}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Sessions.Close() })
	hub := live.New(w.Svc, live.Options{Version: func(_ *bbolt.Tx, v *reductionlist.Version, _ time.Time) (any, error) {
		return v, nil
	}, Log: log})
	t.Cleanup(hub.Close)
	w.Watchman = watch.New(watch.Options{Clock: w.Clock.Now})
	w.Watchman.Watch(watch.Writer, func(context.Context) watch.Finding { return *w.finding.Load() })
	w.Find(watch.Finding{})
	w.Watchman.Started()
	w.Desk = desk.New(w.Svc, w.Sessions, hub,
		frame.Options{District: "西青区", Demo: true, Alerts: servicetest.Settings().Alerts,
			Watch: w.Watchman, Clock: func() time.Time { return w.Clock.Now().Add(-w.Lag) },
			Beat: Beat, MostUpload: 200 << 20,
			Feeds: func() []feed.Status { return w.Feeds },
			Log:   slog.New(slog.NewTextHandler(&testLog{t, &w.loggable}, nil))})
	w.Import(l)
	for _, role := range calls.Roles() {
		if role != calls.Enterprise {
			w.Enter(string(role), role)
		}
	}
	w.Enter("duty2", calls.Duty)
	for _, id := range []string{"E0001", "E0002", "E0003"} {
		w.Passwords[id] = w.Credentials(id).Password
	}
	return w
}

// Find lets the watchman find something now.
func (w *World) Find(f watch.Finding) {
	w.finding.Store(&f)
	w.Watchman.Look(w.T.Context())
}

// testLog is a log that fails the test with each line about what a page could not do; refusals are not logged.
type testLog struct {
	t        testing.TB
	loggable *atomic.Pointer[string]
}

func (l *testLog) Write(p []byte) (int, error) {
	may := l.loggable.Load()
	if !strings.Contains(string(p), "level=DEBUG") && (may == nil || !strings.Contains(string(p), *may)) {
		l.t.Errorf("log: %s", p)
	}
	return len(p), nil
}

// Logs lets lines with a text be logged.
func (w *World) Logs(text string) { w.loggable.Store(&text) }

// Enter adds an account, which may log in.
func (w *World) Enter(user string, role calls.Role) {
	w.T.Helper()
	w.Passwords[user] = w.World.Account(user, role, "示例<b>"+user, "大寺镇").Password
}

// Fixture is a list of three enterprises in two towns; each has a measure from yellow on. E0003 has a hostile name.
func Fixture() *reductionlist.List {
	l := &reductionlist.List{Name: "清单" + Hostile, Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: Hostile}
	for i, town := range []string{"大寺镇", "杨柳青镇", "大寺镇"} {
		id := fmt.Sprintf("E%04d", i+1)
		r := &reductionlist.Recipient{
			ID: id, Type: reductionlist.Enterprise, Name: "示例企业" + id, Town: town, StationMN: "MN" + id, Industry: "C3360",
			Contact: &reductionlist.Contact{Name: "示例联系人", Phone: "13800000000"},
			Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Yellow}, Action: reductionlist.Limit,
				Unit: "1号线",
				Text: "限产一半", Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 50, Unit: "%"},
				CompleteWithinH: 4,
				Responsible:     "生产部值长", Evidence: []string{"DCS曲线"},
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Power, Ref: "P1",
					Criterion: reductionlist.Criterion{Kind: reductionlist.FractionOfBaseline, Limit: 0.5}}}}},
		}
		if i == 2 {
			r.Name += Hostile
		}
		l.Recipients = append(l.Recipients, r)
	}
	return l
}

// Reply is an answer with its body read.
type Reply struct {
	*http.Response
	Text string
}

// Cookie is the session of a user, who logs in at the first call.
func (w *World) Cookie(user string) *http.Cookie {
	w.T.Helper()
	if c := w.Cookies[user]; c != nil {
		return c
	}
	r := w.As("", "/login", url.Values{"user": {user}, "password": {w.Passwords[user]}})
	for _, c := range r.Cookies() {
		if c.Name == session.Cookie {
			w.Cookies[user] = c
			return c
		}
	}
	w.T.Fatalf("the login of %s: %d %s", user, r.StatusCode, TextOf(Parsed(w.T, r.Text)))
	return nil
}

// Expire ends the session of a user and leaves the cookie in the browser.
func (w *World) Expire(user string) {
	w.T.Helper()
	r := httptest.NewRequest(http.MethodPost, "/logout", nil)
	r.AddCookie(w.Cookie(user))
	w.Sessions.Logout(httptest.NewRecorder(), r)
}

// As sends a request of a user; "" is nobody. A form makes it a POST, and where that leads to the review of what was typed,
// the answer is the review.
func (w *World) As(user, path string, form url.Values, header ...string) Reply {
	w.T.Helper()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	if form != nil {
		r = httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	reply := w.send(r, user, header)
	if at := reply.Header.Get("Location"); form != nil && reply.StatusCode == 303 && strings.HasPrefix(at, path+"?draft=") {
		return w.send(httptest.NewRequest(http.MethodGet, at, nil), user, header)
	}
	return reply
}

// send sends a request of a user; header are names and values in turn.
func (w *World) send(r *http.Request, user string, header []string) Reply {
	w.T.Helper()
	if user != "" {
		r.AddCookie(w.Cookie(user))
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.Desk.ServeHTTP(rec, r)
	return Reply{rec.Result(), rec.Body.String()}
}

// SendFile sends a form with a file, which comes after its texts; a name of "" is a form in which none was chosen. after is
// how long the form takes to come.
func (w *World) SendFile(user, path string, texts url.Values, name, content string, after time.Duration) Reply {
	w.T.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, key := range slices.Sorted(maps.Keys(texts)) {
		for _, text := range texts[key] {
			_ = m.WriteField(key, strings.ReplaceAll(text, "\n", "\r\n")) // as browsers do
		}
	}
	part, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(part, content)
	}
	if err != nil || m.Close() != nil {
		w.T.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, path, &late{&b, after})
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(r, user, nil)
}

// HandsIn hands a file in for an enterprise outside of any form, and gives its hash.
func (w *World) HandsIn(recipient, content string) (hash string) {
	w.T.Helper()
	who := &access.Principal{User: recipient, Role: calls.Enterprise, Recipient: recipient}
	e, err := w.Svc.AddEvidence(w.T.Context(), service.Ask{Who: who}, strings.NewReader(content), int64(len(content)))
	if err != nil {
		w.T.Fatal(err)
	}
	return e.Hash
}

// late is a body that begins to come after a while.
type late struct {
	io.Reader
	after time.Duration
}

func (l *late) Read(b []byte) (int, error) {
	time.Sleep(l.after)
	l.after = 0
	return l.Reader.Read(b)
}

// Get is a page, which has to come with the status.
func (w *World) Get(status int, user, path string) *html.Node {
	w.T.Helper()
	r := w.As(user, path, nil)
	if r.StatusCode != status {
		w.T.Fatalf("GET %s by %s: status %d, want %d:\n%s", path, user, r.StatusCode, status, r.Text)
	}
	return Parsed(w.T, r.Text)
}

// Post sends a form that has to be answered with the status.
func (w *World) Post(status int, user, path string, form url.Values) Reply {
	w.T.Helper()
	r := w.As(user, path, form)
	if r.StatusCode != status {
		w.T.Fatalf("POST %s by %s: status %d, want %d:\n%s", path, user, r.StatusCode, status, TextOf(Parsed(w.T, r.Text)))
	}
	return r
}

// Reviewed sends a form to be read out and gives the form of the page that does so, with the word that confirms it.
func (w *World) Reviewed(user, path string, form url.Values) url.Values {
	w.T.Helper()
	sent := maps.Clone(form)
	sent.Set("step", frame.StepReview)
	review := Values(Parsed(w.T, w.Post(200, user, path, sent).Text))
	review.Set("typed", form.Get("typed"))
	review.Set("step", frame.StepConfirm)
	return review
}

// Refused sends a form that has to come back with the status and to change nothing.
func (w *World) Refused(status int, user, path string, form url.Values) *html.Node {
	w.T.Helper()
	before := w.Svc.J.Height()
	r := w.Post(status, user, path, form)
	if after := w.Svc.J.Height(); after != before {
		w.T.Errorf("POST %s was refused and wrote blocks %d to %d", path, before+1, after)
	}
	return Parsed(w.T, r.Text)
}

// Elapse moves the clock and runs the timers that have come due. Sessions end with time, so users log in again.
func (w *World) Elapse(d time.Duration) {
	w.T.Helper()
	if d > 0 {
		clear(w.Cookies)
	}
	w.World.Elapse(d)
}

// Forecast records the forecast of an episode that asks for red, and returns the proposal's id.
func (w *World) Forecast(drill bool) string {
	w.T.Helper()
	days := ""
	for i, aqi := range []int{180, 260, 340, 320, 310, 330, 120} {
		days += fmt.Sprintf(`{"date":%q,"aqi_low":%d,"aqi_high":%d,"primary":["pm25"],"cause":""},`,
			alerts.DateOf(Begin).AddDays(i+1), aqi-20, aqi)
	}
	body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","drill":%v,"days":[%s]}`, drill, strings.TrimSuffix(days, ","))
	got, err := w.Svc.Forecast(w.T.Context(), service.By("feeder"), calls.Document{Text: []byte(body)})
	if err != nil || got.Proposal == nil {
		w.T.Fatalf("forecast: %v, proposal %v", err, got.Proposal)
	}
	return got.Proposal.ID
}

// read reads something of the record.
func read[T any](w *World, fn func(tx *bbolt.Tx) (T, error)) (v T) {
	w.T.Helper()
	if err := w.Svc.J.View(func(tx *bbolt.Tx) (err error) { v, err = fn(tx); return err }); err != nil {
		w.T.Fatal(err)
	}
	return v
}

// Warning is a warning as the record has it.
func (w *World) Warning(id string) *alerts.Warning {
	w.T.Helper()
	return read(w, func(tx *bbolt.Tx) (*alerts.Warning, error) { return alerts.GetWarning(tx, id) })
}

// Warnings is the number of warnings.
func (w *World) Warnings() int {
	w.T.Helper()
	return read(w, func(tx *bbolt.Tx) (int, error) {
		page, err := alerts.ListWarnings(tx, "", 100)
		return page.Total, err
	})
}

// Declared enters a warning through the desk, from the form to the confirmation, and returns its id.
func (w *World) Declared(l alerts.Level, drill bool) string {
	w.T.Helper()
	path := "/desk/declare"
	if drill {
		path += "?drill=true"
	}
	form := Values(w.Get(200, "duty", path))
	maps.Copy(form, url.Values{"level": {string(l)}, "trigger": {"city_order"}, "document_no": {"津污防指〔2016〕1号"},
		"issued_by": {"天津市" + Hostile}, "reason": {"示例" + Hostile}, "step": {frame.StepReview}})
	form = Values(Parsed(w.T, w.Post(200, "duty", "/desk/declare", form).Text))
	form.Set("typed", terms.ShortLevel(l, frame.ZH))
	form.Set("step", frame.StepConfirm)
	to := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	return id
}

// Ordered declares a yellow warning and lets its orders go out; it returns the warning's id.
func (w *World) Ordered() string {
	w.T.Helper()
	id := w.Declared(alerts.Yellow, false)
	w.Elapse(0)
	return id
}

// WarningPath is the address of a warning's page.
func WarningPath(id string) string { return "/desk/warnings/" + url.PathEscape(id) }
