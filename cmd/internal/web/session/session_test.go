package session

import (
	"bytes"
	"context"
	"crypto/tls"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
	"qingkong/cmd/internal/journal/natstest"
)

// house is sessions over a journal with accounts, on a folder that can be opened again.
type house struct {
	t         *testing.T
	dir       string
	srv       *natstest.Server
	j         *journal.Journal
	passwords *access.Passwords
	s         *Sessions
	log       bytes.Buffer
	clock     *journaltest.Clock
}

func newHouse(t *testing.T) *house {
	h := &house{t: t, dir: t.TempDir(), clock: journaltest.NewClock(noon)}
	h.open()
	t.Cleanup(h.close)
	return h
}

func (h *house) elapse(d time.Duration) { h.clock.Add(d) }

func (h *house) open() {
	h.t.Helper()
	must := func(err error) {
		if err != nil {
			h.t.Fatal(err)
		}
	}
	h.srv = natstest.Start(h.t, filepath.Join(h.dir, "nats"))
	reg := journal.NewRegistry(journal.Module{Name: "access", Buckets: access.Buckets(), Decode: access.Decode,
		Apply: access.Apply})
	access.Register(reg)
	log := slog.New(slog.NewTextHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	h.j, err = journal.Open(context.Background(),
		journal.Options{Dir: h.dir, Registry: reg, JS: h.srv.JS, NoSync: true, Clock: h.clock.Now, Log: log,
			Fatal: func(err error) { h.t.Errorf("fatal: %v", err) }})
	must(err)
	h.passwords = access.NewPasswords(h.j)
	h.passwords.Cost = access.Cost{Time: 1, Memory: 64, Threads: 1}
	h.s, err = New(context.Background(), h.j, h.passwords, Options{Log: log})
	must(err)
}

func (h *house) close() {
	h.s.Close()
	if err := h.j.Close(context.Background()); err != nil {
		h.t.Error(err)
	}
	h.srv.Stop()
}

func (h *house) submit(cmd journal.Command, issued calls.Issued) calls.Issued {
	h.t.Helper()
	issued, err := access.Submit(context.Background(), h.j, cmd, issued)
	if err != nil {
		h.t.Fatal(err)
	}
	return issued
}

func (h *house) account(user string) calls.Issued {
	h.t.Helper()
	return h.submit(access.AddAccountCommand("admin", "", calls.NewAccount{User: user, Role: "duty", Name: "示例"}))
}

func (h *house) act(kind string, payload any) {
	h.t.Helper()
	if _, err := h.j.Submit(context.Background(),
		journal.Command{Kind: kind, Actor: "admin", Payload: payload}); err != nil {
		h.t.Fatal(err)
	}
}

// request is one with that cookie; "" is none.
func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/login", nil)
	if token != "" {
		r.AddCookie(&http.Cookie{Name: Cookie, Value: token})
	}
	return r
}

// login logs in from a browser that had the cookie and returns the one it has then.
func (h *house) login(had, user, password string) string {
	h.t.Helper()
	w := httptest.NewRecorder()
	who, err := h.s.Login(w, request(had), user, password)
	if err != nil || who == nil || who.User != user {
		h.t.Fatalf("login of %s: %+v, %v", user, who, err)
	}
	return cookieOf(h.t, w).Value
}

func cookieOf(t *testing.T, w *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	for _, c := range w.Result().Cookies() {
		if c.Name == Cookie {
			return c
		}
	}
	t.Fatalf("no session cookie in %v", w.Result().Header)
	return nil
}

// is fails unless the cookie stands for that user; "" is nobody.
func (h *house) is(what, token, user string) {
	h.t.Helper()
	got := ""
	if p := h.s.Who(request(token)); p != nil {
		got = p.User
	}
	if got != user {
		h.t.Errorf("%s: the session is %q's, want %q", what, got, user)
	}
}

func TestASession(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	h.is("no cookie", "", "")
	h.is("any cookie", strings.Repeat("A", 43), "")
	token := h.login("", "duty", duty.Password)
	h.is("logged in", token, "duty")
	h.is("a cookie cut short", token[:40], "")
	w := httptest.NewRecorder()
	h.s.Logout(w, request(token))
	if c := cookieOf(t, w); c.Value != "" || c.MaxAge >= 0 {
		t.Errorf("after the logout the browser keeps %+v", c)
	}
	h.is("logged out", token, "")
	w = httptest.NewRecorder()
	h.s.Logout(w, request(""))
	if len(w.Result().Cookies()) != 0 {
		t.Error("a logout without a session sets a cookie")
	}
	for name, secret := range map[string]string{"a wrong password": "wrong", "a token": duty.Token,
		"a token's secret": duty.Token[strings.LastIndexByte(duty.Token, '.')+1:]} {
		w := httptest.NewRecorder()
		who, err := h.s.Login(w, request(""), "duty", secret)
		if who != nil || refusal.CodeOf(err) != refusal.Unauthenticated || len(w.Result().Cookies()) != 0 {
			t.Errorf("%s: %+v, %v, %v", name, who, err, w.Result().Cookies())
		}
	}
}

func TestTheCookie(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	for _, secure := range []bool{false, true} {
		r, w := request(""), httptest.NewRecorder()
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		if _, err := h.s.Login(w, r, "duty", duty.Password); err != nil {
			t.Fatal(err)
		}
		c := cookieOf(t, w)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
			c.MaxAge != 0 || !c.Expires.IsZero() || len(c.Value) < 43 {
			t.Errorf("by TLS %v: %+v", secure, c)
		}
		if cache := w.Header().Values("Cache-Control"); len(cache) != 1 || cache[0] != "no-store" {
			t.Errorf("Cache-Control: %q", cache)
		}
	}
}

func TestASessionEndsWithTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		uses  []time.Duration // from one to the next
		alive bool
	}{
		{"within the time of idleness", []time.Duration{Idle - time.Second}, true},
		{"idle", []time.Duration{Idle}, false},
		{"used now and then", []time.Duration{time.Hour, time.Hour, time.Hour, Idle - time.Minute - time.Second}, true},
		{"used within a minute alone", []time.Duration{touchEvery / 2, Idle - touchEvery/2}, false},
		{"used all the time", []time.Duration{time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour,
			time.Hour, time.Hour, time.Hour, time.Hour, 59 * time.Minute}, true},
		{"for twelve hours", []time.Duration{time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour, time.Hour,
			time.Hour, time.Hour, time.Hour, time.Hour, time.Hour}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			token := h.login("", "duty", h.account("duty").Password)
			var who *access.Principal
			for _, d := range c.uses {
				h.elapse(d)
				who = h.s.Who(request(token))
			}
			if (who != nil) != c.alive {
				t.Errorf("the session is %+v", who)
			}
		})
	}
}

// A page that stays open is no use of the session.
func TestAStreamDoesNotKeepASession(t *testing.T) {
	h := newHouse(t)
	token := h.login("", "duty", h.account("duty").Password)
	r := request(token)
	ctx, cancel := context.WithCancel(r.Context())
	r = r.WithContext(ctx)
	cancel() // as that of a request whose time is over
	for range 3 {
		h.elapse(30 * time.Minute)
		if h.s.Still(r) == nil {
			t.Fatal("over too early")
		}
	}
	h.elapse(30 * time.Minute)
	if h.s.Still(r) != nil {
		t.Error("the stream kept it")
	}
}

// A cookie that was planted, or that the browser had from an earlier login, is not the one after a login, and ends.
func TestNoFixation(t *testing.T) {
	h := newHouse(t)
	duty, other := h.account("duty"), h.account("other")
	planted := strings.Repeat("A", 43)
	first := h.login(planted, "duty", duty.Password)
	if first == planted {
		t.Fatal("the planted cookie became a session")
	}
	h.is("the planted one", planted, "")
	second := h.login(first, "other", other.Password)
	h.is("the one before", first, "")
	h.is("the new one", second, "other")
	elsewhere := h.login("", "duty", duty.Password)
	h.is("another browser", elsewhere, "duty")
	h.is("this browser", second, "other")
}

// Whatever takes the credential away ends the sessions that began with it, at once.
func TestWhatEndsASession(t *testing.T) {
	for _, c := range []struct {
		name  string
		end   func(h *house, password string)
		alive bool
	}{
		{"nothing", func(*house, string) {}, true},
		{"disabled", func(h *house, _ string) { h.act(access.CommandDisable, access.Disable{User: "duty"}) }, false},
		{"new credentials", func(h *house, _ string) { h.submit(access.RenewAccountCommand("admin", "", "duty")) }, false},
		{"a revoked token", func(h *house, _ string) {
			h.act(access.CommandRevoke, access.Revoke{User: "duty", TokenID: "t1"})
		}, true},
		{"another's new credentials", func(h *house, _ string) {
			h.submit(access.RenewAccountCommand("admin", "", "other"))
		}, true},
		{"a new password", func(h *house, password string) { h.change("duty", password, "three words of mine") }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			duty := h.account("duty")
			h.account("other")
			token := h.login("", "duty", duty.Password)
			c.end(h, duty.Password)
			if got := h.s.Who(request(token)) != nil; got != c.alive {
				t.Errorf("alive is %v", got)
			}
		})
	}
	t.Run("a recipient's revoked credentials", func(t *testing.T) {
		h := newHouse(t)
		plant := h.submit(access.IssueCredentialsCommand("admin", "", access.Recipient{ID: "E0001"}))
		token := h.login("", "E0001", plant.Password)
		h.is("logged in", token, "E0001")
		h.act(access.CommandRevokeCredentials, access.RevokeCredentials{Recipient: "E0001"})
		h.is("revoked", token, "")
	})
}

func (h *house) change(user, current, password string) {
	h.t.Helper()
	if who, err := h.passwords.Change(context.Background(), user, current, password); who == nil || err != nil {
		h.t.Fatalf("%+v, %v", who, err)
	}
}

// A changed password begins the session anew that changed it and ends the others; a wrong current one counts as a wrong
// try.
func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	here, there := h.login("", "duty", duty.Password), h.login("", "duty", duty.Password)
	const password = "three words of mine"
	change := func(token, current string) (*httptest.ResponseRecorder, error) {
		w := httptest.NewRecorder()
		return w, h.s.ChangePassword(w, request(token), "duty", func(ctx context.Context) (*access.Principal, error) {
			return h.passwords.Change(ctx, "duty", current, password)
		})
	}
	w, err := change(here, duty.Password)
	if err != nil {
		t.Fatal(err)
	}
	now := cookieOf(t, w).Value
	h.is("the session that changed it", now, "duty")
	h.is("its cookie before", here, "")
	h.is("another session", there, "")
	h.login("", "duty", password)
	// Its answer was lost and it is sent again, by token this time: it is done, and begins no session.
	if w, err = change("", duty.Password); err != nil || len(w.Result().Cookies()) != 0 {
		t.Errorf("the repeat: %v, %v", err, w.Result().Cookies())
	}
	for i := range 5 {
		w := httptest.NewRecorder()
		err := h.s.ChangePassword(w, request(now), "duty", func(ctx context.Context) (*access.Principal, error) {
			return h.passwords.Change(ctx, "duty", "a wrong password", "another one of mine")
		})
		if refusal.CodeOf(err) != refusal.Invalid {
			t.Fatalf("try %d: %v", i+1, err)
		}
	}
	if w, err := change(now, password); refusal.CodeOf(err) != refusal.RateLimited ||
		w.Header().Get("Retry-After") != "1" {
		t.Errorf("after five wrong ones: %v, Retry-After %q", err, w.Header().Get("Retry-After"))
	}
}

func TestWrongPasswordsWait(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	from := func(address, password string) (*httptest.ResponseRecorder, error) {
		r, w := request(""), httptest.NewRecorder()
		r.RemoteAddr = address + ":99"
		_, err := h.s.Login(w, r, "duty", password)
		return w, err
	}
	for range 5 {
		if _, err := from("192.0.2.1", "wrong"); refusal.CodeOf(err) != refusal.Unauthenticated {
			t.Fatal(err)
		}
	}
	w, err := from("192.0.2.1", duty.Password)
	if refusal.CodeOf(err) != refusal.RateLimited || w.Header().Get("Retry-After") != "1" || has(w, Cookie) ||
		has(w, DeviceCookie) {
		t.Errorf("%v, Retry-After %q", err, w.Header().Get("Retry-After"))
	}
	if _, err := from("192.0.2.2", duty.Password); err != nil {
		t.Errorf("from elsewhere: %v", err)
	}
	h.elapse(time.Second)
	if _, err := from("192.0.2.1", duty.Password); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// Sessions outlive a restart, and either of the two places where they are kept.
func TestSessionsOutliveARestart(t *testing.T) {
	for _, c := range []struct {
		name string
		lose []string
	}{
		{"nothing lost", nil},
		{"the record's file lost", []string{journal.File}},
		{"the sessions' file lost", []string{journal.SessionsFile}},
		{"the key-value bucket lost", []string{"nats/jetstream/$G/streams/KV_QINGKONG_SESSIONS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			duty := h.account("duty")
			token, over := h.login("", "duty", duty.Password), h.login("", "duty", duty.Password)
			h.s.Logout(httptest.NewRecorder(), request(over))
			h.close()
			for _, name := range c.lose {
				if err := os.RemoveAll(filepath.Join(h.dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			h.open()
			h.is("after it", token, "duty")
			h.is("the one that logged out", over, "")
			h.login("", "duty", duty.Password)
		})
	}
}

// A row that cannot be read is no session and in nobody's way.
func TestADamagedSession(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	token := h.login("", "duty", duty.Password)
	key := keyOf(token)
	if _, there := h.s.rows.Get(t.Context(), key); !there {
		t.Fatal("the session is stored under another key")
	}
	if err := h.s.rows.Put(t.Context(), key, []byte("junk"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.is("damaged", token, "")
	h.is("logged in again", h.login(token, "duty", duty.Password), "duty")
	h.s.Logout(httptest.NewRecorder(), request(token))
}

// Neither a password nor a cookie's token stands in any file or in the log.
func TestNothingSecretIsKept(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	secrets := []string{"three words of mine", "a wrong password", duty.Password}
	token := h.login("", "duty", duty.Password)
	_, err := h.s.Login(httptest.NewRecorder(), request(""), "duty", "a wrong password")
	if err == nil || strings.Contains(err.Error(), "a wrong password") {
		t.Errorf("the refusal: %v", err)
	}
	h.change("duty", duty.Password, "three words of mine")
	again := h.login(token, "duty", "three words of mine")
	secrets = append(secrets, token, again)
	h.s.Close()
	if err := h.j.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	h.srv.Stop()
	texts := map[string][]byte{"the log": h.log.Bytes()}
	err = filepath.WalkDir(h.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			texts[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil || len(texts) < 4 {
		t.Fatalf("%d files, %v", len(texts), err)
	}
	for where, text := range texts {
		for _, s := range secrets {
			if bytes.Contains(text, []byte(s)) {
				t.Errorf("%s holds %.6s…", where, s)
			}
		}
	}
	h.open()
}

func TestManyAtOnce(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	token := h.login("", "duty", duty.Password)
	h.elapse(touchEvery)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				h.s.Who(request(token))
			}
		})
	}
	wg.Wait()
	wg.Go(func() { h.s.Logout(httptest.NewRecorder(), request(token)) })
	h.elapse(touchEvery)
	for range 8 {
		wg.Go(func() { h.s.Who(request(token)) })
	}
	wg.Wait()
	h.is("logged out while it was in use", token, "")
}
