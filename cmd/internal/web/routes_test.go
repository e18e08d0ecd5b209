package web

import (
	"net/http"
	"strings"
	"testing"
)

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
			w.refused(http.StatusUnauthorized, "unauthenticated",
				call{method: "GET", path: "/api/v1/me", header: map[string]string{"Authorization": header}})
		})
	}
	w.t = t
	r := w.do(call{method: "GET", path: "/api/v1/me"})
	if got := r.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer ") {
		t.Errorf("WWW-Authenticate: %q", got)
	}
	w.must(http.StatusOK, call{path: "/api/v1/me",
		header: map[string]string{"Authorization": "bearer " + w.tokens["duty"]}}, nil)
	want := `{"user":"E0001","role":"enterprise","name":"示例企业E0001","town":"大寺镇","recipient":"E0001","by":"token"}` + "\n"
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

// With a session, what a page of another site sends is refused, and what the own page sends is not. A token is nothing
// that another site's page has, and a session does not count beside one.
func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	cookie := w.session("duty")
	dismiss := call{path: "/api/v1/proposals/none/dismiss", body: `{"reason":"x"}`}
	for _, c := range []struct {
		name   string
		header map[string]string
		status int
		code   string
	}{
		{"another site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://example.org"}, 403,
			"forbidden"},
		{"another site of the same domain",
			map[string]string{"Sec-Fetch-Site": "same-site", "Origin": "https://other.example.com"}, 403, "forbidden"},
		{"another site, old browser", map[string]string{"Origin": "https://example.org"}, 403, "forbidden"},
		{"another site, with a scheme that browsers fill in",
			map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "Basic eDp5"}, 403, "forbidden"},
		{"own page", map[string]string{"Sec-Fetch-Site": "same-origin"}, 404, "not_found"},
		{"a program", nil, 404, "not_found"},
		{"a program with a token", map[string]string{"Origin": "https://example.org",
			"Authorization": "Bearer " + w.tokens["duty"]}, 404, "not_found"},
		{"a wrong token beside the session", map[string]string{"Sec-Fetch-Site": "cross-site", "Authorization": "Bearer x"},
			401, "unauthenticated"},
		{"another scheme beside the session", map[string]string{"Authorization": "Basic eDp5"}, 401, "unauthenticated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			dismiss.header = map[string]string{"Cookie": cookie}
			for name, value := range c.header {
				dismiss.header[name] = value
			}
			w.refused(c.status, c.code, dismiss)
		})
	}
	w.t = t
	login := call{path: "/api/v1/session", body: `{"user":"duty","password":"x"}`,
		header: map[string]string{"Sec-Fetch-Site": "cross-site"}}
	w.refused(http.StatusForbidden, "forbidden", login) // nobody is logged in as somebody else
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
			if p := w.refused(http.StatusInternalServerError, "internal",
				call{method: "GET", path: "/api/v1/me"}); strings.Contains(p.Detail, "hidden") {
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
		{"", "zh-CN"}, {"zh-CN,zh;q=0.9,en;q=0.8", "zh-CN"}, {"en", "en"}, {"en-GB,en;q=0.9,zh;q=0.1", "en"},
		{"zh-TW", "zh-CN"},
		{"fr", "zh-CN"}, {"fr, en;q=0.5", "en"}, {"en;q=0.2, zh;q=0.7", "zh-CN"}, {"*", "zh-CN"}, {"%%%", "zh-CN"},
	} {
		r := w.do(call{path: "/api/v1/nothing", header: map[string]string{"Accept-Language": c.accept}})
		english := strings.Contains(r.body, "there is nothing at")
		if got := r.Header.Get("Content-Language"); got != c.want || english != (c.want == "en") {
			t.Errorf("Accept-Language %q: %s, want %s: %s", c.accept, got, c.want, r.body)
		}
	}
}
