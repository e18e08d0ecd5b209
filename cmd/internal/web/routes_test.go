package web

import (
	"net/http"
	"strings"
	"testing"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
)

// path is a route's path with ids that nothing has.
func (r *route) path() string {
	return prefix + strings.NewReplacer("{id}", "none", "{token}", "t1").Replace(r.pattern)
}

func (r *route) anyCall(who string) call {
	c := call{who: who, method: r.method, path: r.path()}
	if r.method == http.MethodPost {
		c.body = "{}"
	}
	return c
}

// Every call asks for what package access allows, and asks before it looks at anything.
func TestEveryRouteAsksAccess(t *testing.T) {
	w := newWorld(t)
	for i := range routes {
		r := &routes[i]
		t.Run(r.method+" "+r.pattern, func(t *testing.T) {
			w.t = t
			if r.act == "" {
				if code := w.do(r.anyCall("")).StatusCode; code == http.StatusUnauthorized || code == http.StatusForbidden {
					t.Errorf("public, and answered %d", code)
				}
				return
			}
			p := w.refused(http.StatusUnauthorized, "unauthenticated", r.anyCall(""))
			if !strings.Contains(p.Detail, "Bearer") {
				t.Errorf("detail does not say what to do: %s", p.Detail)
			}
			for _, role := range access.Roles() {
				want := r.act == signedIn || access.Allowed(role, r.act)
				got := w.do(r.anyCall(string(role)))
				if refused := got.StatusCode == http.StatusForbidden; refused == want {
					t.Errorf("role %s: allowed is %v, status %d: %s", role, want, got.StatusCode, got.body)
				}
				if got.StatusCode == http.StatusUnauthorized || got.StatusCode >= 500 {
					t.Errorf("role %s: status %d: %s", role, got.StatusCode, got.body)
				}
			}
		})
	}
	w.t = t
}

func TestTokens(t *testing.T) {
	w := newWorld(t)
	for name, header := range map[string]string{
		"none": "", "no scheme": w.tokens["duty"], "other scheme": "Basic " + w.tokens["duty"], "empty": "Bearer ",
		"not a token": "Bearer duty", "wrong secret": "Bearer qk.duty." + strings.Repeat("A", 43),
		"another's secret": "Bearer qk.duty." + strings.TrimPrefix(w.tokens["admin"], "qk.admin."),
		"truncated":        "Bearer " + w.tokens["duty"][:20],
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.refused(http.StatusUnauthorized, "unauthenticated", call{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": header}})
		})
	}
	w.t = t
	r := w.do(call{method: "GET", path: "/api/v1/me"})
	if got := r.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	w.must(http.StatusOK, call{path: "/api/v1/me", header: map[string]string{"Authorization": "bearer " + w.tokens["duty"]}}, nil)
	want := `{"user":"E0001","role":"enterprise","name":"示例企业E0001","town":"大寺镇","recipient":"E0001"}` + "\n"
	if me := w.must(http.StatusOK, call{who: "E0001", path: "/api/v1/me"}, nil); me.body != want {
		t.Errorf("me is %s, want %s", me.body, want)
	}
}

func TestPathsAndMethods(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		method, path string
		status       int
		code, allow  string
	}{
		{"GET", "/api/v1/nothing", 404, "not_found", ""},
		{"POST", "/api/v1", 404, "not_found", ""},
		{"GET", "/api/v1/warnings/W1/explode", 404, "not_found", ""},
		{"GET", "/api/v2/me", 404, "not_found", ""},
		{"GET", "/favicon.ico", 404, "not_found", ""},
		{"PUT", "/api/v1/warnings", 405, "invalid", "GET, HEAD, POST"},
		{"DELETE", "/api/v1/me", 405, "invalid", "GET, HEAD"},
		{"GET", "/api/v1/forecasts", 405, "invalid", "POST"},
		{"GET", "/api/v1/orders/O1/receive", 405, "invalid", "POST"},
	} {
		w.refused(c.status, c.code, call{who: "duty", method: c.method, path: c.path})
		if allow := w.do(call{who: "duty", method: c.method, path: c.path}).Header.Get("Allow"); allow != c.allow {
			t.Errorf("%s %s: Allow %q, want %q", c.method, c.path, allow, c.allow)
		}
	}
	if r := w.do(call{who: "duty", method: "HEAD", path: "/api/v1/me"}); r.StatusCode != http.StatusOK {
		t.Errorf("HEAD answered %d", r.StatusCode)
	}
}

// A browser on another site's page is refused, a program and the own page are not.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	dismiss := call{who: "duty", path: "/api/v1/proposals/none/dismiss", body: `{"reason":"x"}`}
	for _, c := range []struct {
		name   string
		header map[string]string
		status int
		code   string
	}{
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org"}, 403, "forbidden"},
		{"another site, old browser", map[string]string{"Origin": "https://example.org"}, 403, "forbidden"},
		{"own page", map[string]string{"Sec-Fetch-Site": "same-origin"}, 404, "not_found"},
		{"a program", nil, 404, "not_found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			dismiss.header = c.header
			w.refused(c.status, c.code, dismiss)
		})
	}
	w.t = t
}

func TestHealthAndReadiness(t *testing.T) {
	w := newWorld(t)
	w.must(http.StatusOK, call{path: "/healthz"}, nil)
	w.refused(http.StatusServiceUnavailable, "not_ready", call{method: "GET", path: "/readyz"})
	if after := w.do(call{path: "/readyz"}).Header.Get("Retry-After"); after == "" {
		t.Error("not ready without Retry-After")
	}
	w.server.Ready()
	w.must(http.StatusOK, call{path: "/readyz"}, nil)
}

// Once the record has stopped writing, acts are refused until somebody mends it, and reading goes on.
func TestHaltedRecord(t *testing.T) {
	w := newWorld(t)
	w.server.Ready()
	stream, err := w.js.Stream(t.Context(), journal.Stream)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.js.DeleteStream(t.Context(), journal.Stream); err != nil {
		t.Fatal(err)
	}
	if _, err := w.js.CreateStream(t.Context(), stream.CachedInfo().Config); err != nil {
		t.Fatal(err)
	}
	declare := call{who: "duty", path: "/api/v1/warnings", body: declaration("yellow")}
	w.refused(http.StatusInternalServerError, "internal", declare) // the one that found out
	w.refused(http.StatusServiceUnavailable, "not_ready", declare)
	if p := w.refused(http.StatusServiceUnavailable, "not_ready", call{method: "GET", path: "/readyz"}); !strings.Contains(p.Detail, "lost blocks") {
		t.Errorf("/readyz does not say why: %s", p.Detail)
	}
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings"}, nil)
	w.must(http.StatusOK, call{path: "/healthz"}, nil)
}

// What goes wrong inside is in the log and not in the answer.
func TestInternalErrors(t *testing.T) {
	w := newWorld(t)
	inner := w.server.handler
	for name, h := range map[string]http.HandlerFunc{
		"panic": func(http.ResponseWriter, *http.Request) { panic("hidden reason") },
		"error": func(rw http.ResponseWriter, r *http.Request) { w.server.problem(rw, r, errHidden{}) },
	} {
		t.Run(name, func(t *testing.T) {
			w.t = t
			w.server.handler = h
			if p := w.refused(http.StatusInternalServerError, "internal", call{method: "GET", path: "/api/v1/me"}); strings.Contains(p.Detail, "hidden") {
				t.Errorf("detail gives it away: %s", p.Detail)
			}
			if log := w.log.String(); !strings.Contains(log, "hidden reason") {
				t.Errorf("log does not say why: %s", log)
			}
		})
	}
	w.t, w.server.handler = t, inner
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/me"}, nil)
}

type errHidden struct{}

func (errHidden) Error() string { return "hidden reason" }

func TestLanguage(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ accept, want string }{
		{"", "zh-CN"}, {"zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"}, {"en", "en"}, {"en-GB,en;q=0.9,zh;q=0.1", "en"}, {"zh-TW", "zh-CN"},
		{"fr", "zh-CN"}, {"fr, en;q=0.5", "en"}, {"en;q=0.2, zh;q=0.7", "zh-CN"}, {"*", "zh-CN"}, {"%%%", "zh-CN"},
	} {
		r := w.do(call{path: "/api/v1/nothing", header: map[string]string{"Accept-Language": c.accept}})
		english := strings.Contains(r.body, "there is nothing at")
		if got := r.Header.Get("Content-Language"); got != c.want || english != (c.want == "en") {
			t.Errorf("Accept-Language %q: %s, want %s: %s", c.accept, got, c.want, r.body)
		}
	}
}
