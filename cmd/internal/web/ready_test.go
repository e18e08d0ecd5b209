package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "qingkong/cmd/internal/watchman" // the words of its checks

	"qingkong/cmd/internal/calls"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/watch"
	"qingkong/seeds"
)

var (
	low    = watch.Degrade("watch.disk_low", refusal.Args{"free": "900 MB", "limit": "1.0 GB"})
	silent = watch.Fail("watch.nats_inside", refusal.Args{"part": "journal", "why": "timeout"})
	halted = watch.Stop("watch.writer_halted", refusal.Args{"why": "forked"})
)

// The whole program is as ready as its worst part lets it be, and 503 is for one of which nothing can be written.
func TestReadiness(t *testing.T) {
	w := newWorld(t)
	for _, found := range []watch.Finding{{}, low, halted} {
		w.find(found)
		var got calls.Readiness
		r := w.must(503, call{who: "viewer", path: "/readyz"}, &got)
		if n := len(got.Checks); got.Status != string(watch.NotReady) || n != 3 || got.Checks[2].Name != watch.Start ||
			got.Checks[2].Detail == "" || r.Header.Get("Retry-After") == "" {
			t.Fatalf("before the start: %s", r.body)
		}
	}
	w.watch.Started()
	for _, c := range []struct {
		found  watch.Finding
		status int
		want   string
	}{
		{watch.Finding{}, 200, `{"status":"ready","checks":[{"name":"writer","state":"ok"},{"name":"part","state":"ok"}]}`},
		{low, 200, `{"status":"degraded","checks":[{"name":"writer","state":"ok"},{"name":"part","state":"degraded"}]}`},
		{silent, 200, `{"status":"degraded","checks":[{"name":"writer","state":"ok"},{"name":"part","state":"failed"}]}`},
		{halted, 503, `{"status":"not_ready","checks":[{"name":"writer","state":"ok"},{"name":"part","state":"failed"}]}`},
	} {
		w.find(c.found)
		if r := w.must(c.status, call{path: "/readyz"}, nil); r.body != c.want+"\n" ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("nobody is answered %s, want %s", r.body, c.want)
		}
	}
	w.must(200, call{path: "/healthz"}, nil)
}

// Since when and why is for those who are signed in.
func TestReadinessByReader(t *testing.T) {
	w := newWorld(t)
	w.watch.Started()
	w.find(low)
	session := w.session("duty")
	for _, c := range []struct {
		name   string
		header map[string]string
		whole  bool
	}{
		{"nobody", nil, false},
		{"a token", map[string]string{"Authorization": "Bearer " + w.tokens["E0001"]}, true},
		{"a wrong token", map[string]string{"Authorization": "Bearer qk.duty." + strings.Repeat("A", 43)}, false},
		{"a session", map[string]string{"Cookie": session}, true},
		{"a session beside a wrong token", map[string]string{"Cookie": session, "Authorization": "Bearer x"}, false},
		{"a session beside another scheme", map[string]string{"Cookie": session, "Authorization": "Basic eDp5"}, false},
		{"another cookie", map[string]string{"Cookie": "a=b"}, false},
	} {
		var got calls.Readiness
		r := w.must(200, call{path: "/readyz", header: c.header}, &got)
		part := got.Checks[1]
		if c.whole != (part.Since != nil) || c.whole != strings.Contains(part.Detail, "900 MB") || !c.whole &&
			strings.Contains(r.body, "900") {
			t.Errorf("%s is answered %s", c.name, r.body)
		}
		if c.whole && !part.Since.Equal(*w.clock.Load()) {
			t.Errorf("%s: since %v, want %v", c.name, part.Since, w.clock.Load())
		}
	}
	english := w.must(200, call{who: "duty", path: "/readyz", header: map[string]string{"Accept-Language": "en"}}, nil)
	if !strings.Contains(english.body, "no imports") || english.Header.Get("Content-Language") != "en" {
		t.Errorf("in English: %s", english.body)
	}
}

// Whoever watches readiness does not keep a session from ending.
func TestReadinessIsNoUseOfASession(t *testing.T) {
	w := newWorld(t)
	w.watch.Started()
	session := call{path: "/readyz", header: map[string]string{"Cookie": w.session("duty")}}
	for range 5 {
		w.clock.Add(30 * time.Minute)
		w.must(200, session, nil)
	}
	if r := w.must(200, session, nil); strings.Contains(r.body, "since") {
		t.Errorf("after 2½ hours without another use the session still counts: %s", r.body)
	}
}

// Once the record has stopped writing, acts are refused until somebody mends it, and reading goes on.
func TestHaltedRecord(t *testing.T) {
	w := newWorld(t)
	w.watch.Started()
	stream, err := w.js.Stream(t.Context(), journal.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.js.Publish(t.Context(), stream.CachedInfo().Config.Subjects[0],
		[]byte("another program's")); err != nil {
		t.Fatal(err)
	}
	declare := call{who: "duty", path: "/api/v1/warnings", body: declaration("yellow")}
	w.refused(http.StatusInternalServerError, "internal", declare) // the one that found out
	w.refused(http.StatusServiceUnavailable, "not_ready", declare)
	w.watch.Look(t.Context())
	if r := w.must(503, call{who: "viewer", path: "/readyz"}, nil); !strings.Contains(r.body, "another program") {
		t.Errorf("/readyz does not say why: %s", r.body)
	}
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings"}, nil)
	w.must(http.StatusOK, call{path: "/healthz"}, nil)
}

// peer is the server over real connections, which all come from this machine.
func (w *world) peer() func(path string, header map[string]string) (int, string) {
	srv := httptest.NewServer(w.server)
	w.t.Cleanup(srv.Close)
	return func(path string, header map[string]string) (int, string) {
		w.t.Helper()
		method, path, _ := strings.Cut(path, " ")
		r, err := http.NewRequestWithContext(w.t.Context(), method, srv.URL+path, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		for name, value := range header {
			r.Header.Set(name, value)
		}
		res, err := srv.Client().Do(r)
		if err != nil {
			w.t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		return res.StatusCode, string(body)
	}
}

func TestMetricsAreForThisMachineOrATokenAlone(t *testing.T) {
	w := newWorld(t)
	ask := w.peer()
	token := "Bearer " + w.tokens["E0001"]
	for _, c := range []struct {
		name   string
		header map[string]string
		want   int
	}{
		{"from this machine", nil, 200},
		{"through a proxy on it", map[string]string{"X-Forwarded-For": "203.0.113.7"}, 401},
		{"through a proxy that says nothing more", map[string]string{"X-Forwarded-For": ""}, 401},
		{"through a proxy by the standard's header", map[string]string{"Forwarded": "for=203.0.113.7"}, 401},
		{"through a proxy, with a token", map[string]string{"X-Forwarded-For": "203.0.113.7", "Authorization": token}, 200},
		{"through a proxy, with a wrong token",
			map[string]string{"X-Forwarded-For": "203.0.113.7", "Authorization": token + "x"}, 401},
	} {
		if status, body := ask("GET /metrics", c.header); status != c.want {
			t.Errorf("%s: %d, want %d: %s", c.name, status, c.want, body)
		}
	}
	w.refused(401, "unauthenticated", call{method: "GET", path: "/metrics"}) // of a recorder, which is elsewhere
	for address, want := range map[string]bool{"127.0.0.1:80": true, "127.9.9.9:80": true, "[::1]:80": true,
		"[::ffff:127.0.0.1]:80": true,
		"10.0.0.1:80":           false, "[fe80::1]:80": false, "127.0.0.1": false, "": false, "@": false} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		if r.RemoteAddr = address; near(r) != want {
			t.Errorf("%q is near: %v", address, !want)
		}
	}
}

// Whatever clients ask for, the labels are those of the program.
func TestRequestsAreCountedByRoute(t *testing.T) {
	w := newWorld(t)
	w.server.Mount(Area{Paths: []string{"/desk/"}, Handler: http.NotFoundHandler()})
	ask := w.peer()
	token := map[string]string{"Authorization": "Bearer " + w.tokens["duty"]}
	for range 3 {
		ask("GET /api/v1/orders/W1-E0001-1", token)
	}
	ask("GET /api/v1/orders/W1-E0002-1", nil)
	ask("GET /api/v1/me", token)
	ask("SECRET /api/v1/me", token)
	ask("GET /desk/orders/W1-E0001-1", nil)
	for i := range 50 {
		ask(fmt.Sprintf("GET /anything/%d", i), nil)
	}
	ask("POST /api/v1/session", map[string]string{"Origin": "https://example.org"})
	_, text := ask("GET /metrics", nil)
	count := func(route, method, class string, n int) string {
		return fmt.Sprintf("qingkong_http_requests_total{class=%q,method=%q,route=%q} %d", class, method, route, n)
	}
	for _, want := range []string{
		count("/api/v1/orders/{id}", "GET", "4xx", 4),
		count("/api/v1/me", "GET", "2xx", 1),
		count("/api/v1/me", "other", "4xx", 1),
		count("/desk/", "GET", "4xx", 1),
		count("/", "GET", "4xx", 50),
		count("none", "POST", "4xx", 1),
		`qingkong_http_request_seconds_count{method="GET",route="/api/v1/orders/{id}"} 4`,
	} {
		if !slices.Contains(strings.Split(text, "\n"), want) {
			t.Errorf("no line %s in\n%s", want, text)
		}
	}
	if left := regexp.MustCompile(`E000\d|SECRET|anything|duty`).FindString(text); left != "" {
		t.Errorf("%s stands in a label", left)
	}
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// A stream is counted when it ends, and says nothing of how long requests take.
func TestStreamsAreNoLongRequests(t *testing.T) {
	w := newWorld(t)
	w.exchange(call{who: "duty", method: "GET", path: "/api/v1/events"}, true)
	text := w.must(200, call{who: "duty", path: "/metrics"}, nil).body
	if !strings.Contains(text, `route="/api/v1/events"} 1`) ||
		strings.Contains(text, `seconds_count{method="GET",route="/api/v1/events"}`) {
		t.Errorf("of a stream:\n%s", text)
	}
}

// Where the disk has little room a workbook is refused with how much there is and what to do, and acts go on.
func TestNoImportWithoutRoom(t *testing.T) {
	w := newWorld(t)
	w.svc.Large = func() error {
		return refusal.New(refusal.NotReady, "watch.no_room", refusal.Args{"free": "900 MB", "limit": "1.0 GB"})
	}
	p := w.refused(503, "not_ready", upload("duty", seeds.Workbook()))
	if !strings.Contains(p.Detail, "900 MB") || !strings.Contains(p.Detail, "1.0 GB") {
		t.Errorf("it does not say how much there is: %s", p.Detail)
	}
	w.declared("yellow")
	w.svc.Large = func() error { return nil }
	w.imports("duty", seeds.Workbook())
}
