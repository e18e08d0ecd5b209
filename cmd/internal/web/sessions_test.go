package web

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/web/session"
)

// password gives an account new credentials and returns the password.
func (w *world) password(user string) string {
	w.t.Helper()
	issued, err := servicetest.Say(w.t.Context(), w.svc, "init", "", calls.RenewAccount, user, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.keep(user, issued)
	return issued.Password
}

func login(user, password string) call {
	return call{path: "/api/v1/session", body: fmt.Sprintf(`{"user":%q,"password":%q}`, user, password)}
}

// cookieOf is the session that an answer sets, as the browser sends it.
func (w *world) cookieOf(r reply) string {
	w.t.Helper()
	for _, c := range r.Cookies() {
		if c.Name == session.Cookie {
			w.shown = append(w.shown, c.Value)
			return c.Name + "=" + c.Value
		}
	}
	w.t.Fatalf("no session in %v", r.Header)
	return ""
}

// deviceOf is by what an answer has a browser known, as the browser sends it.
func deviceOf(r reply) string {
	for _, c := range r.Cookies() {
		if c.Name == session.DeviceCookie {
			return c.Name + "=" + c.Value
		}
	}
	return ""
}

// session logs a user in with a new password and returns the cookie.
func (w *world) session(user string) string {
	w.t.Helper()
	return w.cookieOf(w.must(http.StatusOK, login(user, w.password(user)), nil))
}

// by is a call of a browser.
func by(cookie string, c call) call {
	c.header = map[string]string{"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}
	return c
}

func TestLoginAndLogout(t *testing.T) {
	w := newWorld(t)
	password := w.password("town")
	r := w.must(http.StatusOK, login("town", password), nil)
	want := `{"user":"town","role":"town","name":"示例","town":"大寺镇","recipient":"","expires_at":"2016-12-17T05:00:00+08:00"}` + "\n"
	if r.body != want {
		t.Errorf("login answers %s, want %s", r.body, want)
	}
	header := r.Header.Get("Set-Cookie")
	for _, flag := range []string{"; Path=/", "; HttpOnly", "; SameSite=Lax"} {
		if !strings.Contains(header, flag) {
			t.Errorf("the cookie has no %s: %s", flag, header)
		}
	}
	cookie := w.cookieOf(r)
	who := w.must(http.StatusOK, by(cookie, me("")), nil)
	if want := `{"user":"town","role":"town","name":"示例","town":"大寺镇","recipient":"","by":"session"}` +
		"\n"; who.body != want {
		t.Errorf("me is %s, want %s", who.body, want)
	}
	w.refused(http.StatusForbidden, "forbidden", by(cookie, call{path: "/api/v1/warnings", body: declaration("yellow")}))
	out := w.must(http.StatusNoContent, by(cookie, call{method: "DELETE", path: "/api/v1/session"}), nil)
	if out.body != "" || !strings.Contains(out.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("logout answers %q, %v", out.body, out.Header)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", by(cookie, me("")))
	w.must(http.StatusNoContent, call{method: "DELETE", path: "/api/v1/session"}, nil)
}

// sessions are those that the user of a cookie sees.
func (w *world) sessions(cookie string) []calls.Session {
	w.t.Helper()
	var page struct{ Items []calls.Session }
	w.must(http.StatusOK, by(cookie, call{method: "GET", path: "/api/v1/sessions"}), &page)
	return page.Items
}

// Everybody sees and ends its own sessions, by session or token, and nobody else's.
func TestOwnSessions(t *testing.T) {
	w := newWorld(t)
	duty, town := w.password("duty"), w.session("town")
	one := login("duty", duty)
	one.header = map[string]string{"User-Agent": "Firefox\x1b[31m 示例"}
	first := w.cookieOf(w.must(http.StatusOK, one, nil))
	w.elapse(5 * time.Minute)
	second := w.cookieOf(w.must(http.StatusOK, login("duty", duty), nil))
	got := w.sessions(second)
	if len(got) != 2 || !got[0].Current || got[1].Current || got[0].Address == "" || got[0].Device == got[1].Device ||
		got[1].Browser != "Firefox[31m 示例" ||
		got[0].BegunAt.Sub(got[1].BegunAt) != 5*time.Minute || got[0].ID == got[1].ID {
		t.Fatalf("the sessions are %+v", got)
	}
	if strings.Contains(second, got[0].ID) {
		t.Error("the id tells of the cookie")
	}
	other := w.sessions(town)
	w.refused(http.StatusNotFound, "not_found", by(town, call{method: "DELETE", path: "/api/v1/sessions/" + got[0].ID}))
	w.must(http.StatusNoContent, by(second, call{method: "DELETE", path: "/api/v1/sessions/" + got[1].ID}), nil)
	w.refused(http.StatusNotFound, "not_found", by(second, call{method: "DELETE", path: "/api/v1/sessions/" + got[1].ID}))
	w.refused(http.StatusUnauthorized, "unauthenticated", by(first, me("")))
	w.must(http.StatusOK, by(second, me("")), nil)

	height := w.svc.J.Height()
	out := w.must(http.StatusNoContent, call{who: "duty", method: "DELETE", path: "/api/v1/sessions"}, nil)
	if len(out.Cookies()) != 0 || w.svc.J.Height() == height {
		t.Errorf("by token: cookies %v, block %d after %d", out.Cookies(), w.svc.J.Height(), height)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", by(second, me("")))
	if left := w.sessions(town); len(left) != len(other) {
		t.Errorf("another's sessions are %+v", left)
	}
	out = w.must(http.StatusNoContent, by(town, call{method: "DELETE", path: "/api/v1/sessions"}), nil)
	if !strings.Contains(out.Header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("the browser keeps its session: %v", out.Header)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", by(town, me("")))
	w.must(http.StatusOK, me("duty"), nil) // tokens stay
}

func TestWhoDoesNotLogIn(t *testing.T) {
	w := newWorld(t)
	password := w.password("duty")
	secret := w.tokens["duty"][strings.LastIndexByte(w.tokens["duty"], '.')+1:]
	var told string
	for name, c := range map[string]call{"a wrong password": login("duty", "wrong"),
		"a token":          login("duty", w.tokens["duty"]),
		"a token's secret": login("duty", secret), "nobody": login("zhang", password)} {
		p := w.refused(http.StatusUnauthorized, "unauthenticated", c)
		if told == "" {
			told = p.Detail
		}
		if p.Detail != told { // which of the two is wrong is not told
			t.Errorf("%s: %s; another: %s", name, p.Detail, told)
		}
	}
	for _, body := range []string{`{}`, `{"user":"duty"}`, `{"user":"duty","password":""}`, `{"user":7,"password":"x"}`} {
		w.refused(http.StatusUnprocessableEntity, "invalid", call{path: "/api/v1/session", body: body})
	}
	w.refused(http.StatusUnprocessableEntity, "unknown_field",
		call{path: "/api/v1/session", body: `{"user":"duty","password":"x","role":"admin"}`})
	w.refused(http.StatusUnauthorized, "unauthenticated", login("duty", "wrong"))
	late := w.do(login("duty", password))
	if late.StatusCode != http.StatusTooManyRequests || late.Header.Get("Retry-After") != "1" ||
		!strings.Contains(late.body, `"rate_limited"`) {
		t.Errorf("after five wrong ones: %d, Retry-After %q, %s", late.StatusCode, late.Header.Get("Retry-After"), late.body)
	}
	w.must(http.StatusOK, me("duty"), nil) // a token is nobody's guess
	now := w.clock.Load().Add(time.Second)
	w.clock.Store(&now)
	w.must(http.StatusOK, login("duty", password), nil)
}

func TestAPasswordOfOnesOwn(t *testing.T) {
	w := newWorld(t)
	since := w.kicks()
	password := w.password("duty")
	w.closed(since, "new credentials", "duty")
	const own = "three words of mine"
	w.shown = append(w.shown, own, "a wrong password")
	cookie, other := w.cookieOf(w.must(http.StatusOK, login("duty", password), nil)),
		w.cookieOf(w.must(http.StatusOK, login("duty", password), nil))
	change := func(current, next string) call {
		return call{path: "/api/v1/me/password", body: fmt.Sprintf(`{"current":%q,"password":%q}`, current, next)}
	}
	p := w.refused(http.StatusUnprocessableEntity, "invalid", by(cookie, change("a wrong password", own)))
	if len(p.Errors) != 1 || p.Errors[0].Path != "current" {
		t.Errorf("a wrong current one: %+v", p)
	}
	p = w.refused(http.StatusUnprocessableEntity, "invalid", by(cookie, change(password, "duty12345678")))
	if len(p.Errors) != 1 || p.Errors[0].Path != "password" || strings.Contains(p.Errors[0].Message, "duty12345678") {
		t.Errorf("a common one: %+v", p)
	}
	plant := change("x", own)
	plant.who = "E0001"
	w.refused(http.StatusConflict, "conflict", plant)
	w.refused(http.StatusUnauthorized, "unauthenticated", change(password, own))

	r := w.must(http.StatusNoContent, by(cookie, change(password, own)), nil)
	w.closed(since, "a new password", "duty")
	w.must(http.StatusOK, by(w.cookieOf(r), me("")), nil)
	w.refused(http.StatusUnauthorized, "unauthenticated", by(cookie, me("")))
	w.refused(http.StatusUnauthorized, "unauthenticated", by(other, me("")))
	w.must(http.StatusOK, me("duty"), nil) // tokens stay
	w.refused(http.StatusUnauthorized, "unauthenticated", login("duty", password))
	w.must(http.StatusOK, login("duty", own), nil)
	if p, chosen, err := w.svc.Login("duty", own); err != nil || p != nil || !chosen {
		t.Errorf("over NATS: %+v, chosen %v, %v", p, chosen, err)
	}
	byToken := change(own, own+" and more")
	byToken.who = "duty"
	w.shown = append(w.shown, own+" and more")
	w.must(http.StatusNoContent, byToken, nil)
	w.noSecretInRecord()
}

// noSecretInRecord fails when a block holds a secret.
func (w *world) noSecretInRecord() {
	w.t.Helper()
	err := w.svc.J.View(func(tx *bbolt.Tx) error {
		for n := uint64(1); n <= w.svc.J.Height(); n++ {
			for _, s := range w.shown {
				if bytes.Contains(journal.ReadBlock(tx, n), []byte(s)) {
					w.t.Errorf("block %d holds a secret", n)
				}
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// An area has a policy of its own, and what is beside it keeps the server's.
func TestAnAreaHasItsOwnPolicy(t *testing.T) {
	w := newWorld(t)
	policy := func(path string) string { return w.do(call{path: path}).Header.Get("Content-Security-Policy") }
	strict := policy("/")
	const own = "default-src 'none'; script-src 'self'"
	w.server.Mount(Area{Paths: []string{"/{$}", "/desk/", "/login"}, Policy: own,
		Handler: http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if _, bounded := r.Context().Deadline(); bounded {
				t.Error("an area's answers have an end of time")
			}
			if r.URL.Path == "/desk/panic" {
				panic("hidden reason")
			}
			fmt.Fprint(rw, "desk")
		})})
	for path, want := range map[string]string{"/": own, "/login": own, "/desk/orders": own, "/api/v1/me": strict,
		"/healthz": strict, "/login/x": strict, "/nothing": strict} {
		if got := policy(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
	w.refused(http.StatusInternalServerError, "internal", call{method: "GET", path: "/desk/panic"})
}

// A proxy that the settings do not name is told of in the log, whoever comes through it.
func TestAProxyThatIsNotNamedIsToldOf(t *testing.T) {
	w := newWorld(t)
	for _, user := range []string{"", "duty"} {
		for range 3 {
			w.do(call{who: user, path: "/api/v1/me", header: map[string]string{"X-Forwarded-For": "198.51.100.7"}})
		}
	}
	if n := strings.Count(w.log.String(), "not named in proxies"); n != 1 {
		t.Errorf("%d lines of the proxy, want 1", n)
	}
}

// The key of a device takes a login there: its cookie without one is worth nothing, nor is a login without the cookie.
func TestDeviceKey(t *testing.T) {
	w := newWorld(t)
	ask := func(cookie string) call { return by(cookie, call{path: "/api/v1/me/device-key"}) }
	password := w.password("town")
	r := w.must(http.StatusOK, login("town", password), nil)
	cookie, device := w.cookieOf(r), deviceOf(r)
	var key, again calls.DeviceKey
	w.must(http.StatusOK, ask(cookie+"; "+device), &key)
	if bits, err := base64.StdEncoding.DecodeString(key.Key); err != nil || len(bits) != 32 || key.ID == "" {
		t.Errorf("the key is %+v", key)
	}
	w.refused(http.StatusUnauthorized, "unauthenticated", ask(device))
	w.refused(http.StatusNotFound, "not_found", ask(cookie))
	out := w.must(http.StatusNoContent, by(cookie, call{method: "DELETE", path: "/api/v1/session"}), nil)
	if got := out.Header.Get("Clear-Site-Data"); got != `"cache"` {
		t.Errorf("a logout clears %s", got)
	}
	in := login("town", password)
	in.header = map[string]string{"Cookie": device}
	r = w.must(http.StatusOK, in, nil)
	w.must(http.StatusOK, ask(w.cookieOf(r)+"; "+deviceOf(r)), &again)
	if again != key {
		t.Errorf("after another login there the key is %+v, not %+v", again, key)
	}
}
