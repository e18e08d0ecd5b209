package session

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/access"
)

// browser keeps the cookies that it is given, and comes from one address.
type browser struct {
	h       *house
	address string
	cookies map[string]string
}

func (h *house) browser(address string) *browser {
	return &browser{h, address, map[string]string{}}
}

func (b *browser) request() *http.Request {
	r := request("")
	r.RemoteAddr = b.address + ":99"
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return r
}

func (b *browser) keep(w *httptest.ResponseRecorder) {
	for _, c := range w.Result().Cookies() {
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
}

// login tries a password and returns the code of the refusal, empty where it was let in, and how long to wait.
func (b *browser) login(user, password string) (code refusal.Code, wait time.Duration) {
	b.h.t.Helper()
	w := httptest.NewRecorder()
	_, err := b.h.s.Login(w, b.request(), user, password)
	b.keep(w)
	if after := w.Header().Get("Retry-After"); after != "" {
		if _, err := fmt.Sscan(after, &wait); err != nil {
			b.h.t.Fatal(err)
		}
	}
	return refusal.CodeOf(err), wait * time.Second
}

// in fails unless the password lets the browser in.
func (b *browser) in(what, user, password string) {
	b.h.t.Helper()
	if code, _ := b.login(user, password); code != "" {
		b.h.t.Errorf("%s: %s", what, code)
	}
}

// waits fails unless the browser has to wait with strangers.
func (b *browser) waits(what, user, password string) {
	b.h.t.Helper()
	if code, _ := b.login(user, password); code != refusal.RateLimited {
		b.h.t.Errorf("%s: the answer is %q, the browser has its lane still", what, code)
	}
}

// key is what names the key of a user on the browser, and the key; empty for none.
func (b *browser) key(user string) string {
	b.h.t.Helper()
	id, key, err := b.h.s.DeviceKey(b.request(), user)
	if err != nil || key != nil && (len(key) != 32 || len(id) != 16) || (key == nil) != (id == "") {
		b.h.t.Fatalf("the key of %s is %q, %d bytes, %v", user, id, len(key), err)
	}
	return id + fmt.Sprintf("%x", key)
}

// guess has somebody guess from an address until it has to wait a minute.
func (h *house) guess(address, user string) {
	h.t.Helper()
	guesser := h.browser(address)
	for range 20 {
		guesser.cookies = map[string]string{}
		if _, wait := guesser.login(user, "a wrong password"); wait > longest/2 {
			return
		} else {
			h.elapse(wait)
		}
	}
	h.t.Fatal("the guesser never waits a minute")
}

func has(w *httptest.ResponseRecorder, cookie string) bool {
	return slices.ContainsFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.Name == cookie })
}

const office = "192.0.2.1"

func TestAKnownBrowserHasItsLane(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	known := h.browser(office)
	known.in("the first login", "duty", duty.Password)
	for i := range 100 {
		h.guess(office, "duty")
		known.in(fmt.Sprint("under guessing, ", i+1), "duty", duty.Password)
	}
}

// A browser that nobody has logged in from is told to wait for a minute at most, and is let in then, however many tries
// from its address came first meanwhile.
func TestANewBrowserWaitsAMinuteAtMost(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	for i := range 20 {
		h.guess(office, "duty")
		fresh := h.browser(office)
		code, wait := fresh.login("duty", duty.Password)
		if code != refusal.RateLimited || wait <= 0 || wait > time.Minute {
			t.Fatalf("new browser %d is answered %q and told to wait %v", i+1, code, wait)
		}
		for until := h.clock.Now().Add(wait); h.clock.Now().Before(until); h.elapse(time.Second) {
			h.browser(office).login("duty", "a wrong password")
		}
		h.browser(office).login("duty", "a wrong password")
		fresh.in(fmt.Sprintf("new browser %d after %v", i+1, wait), "duty", duty.Password)
	}
}

func TestATurnIsGoodOnceAndForItsAddress(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	h.guess(office, "duty")
	fresh := h.browser(office)
	_, wait := fresh.login("duty", "a wrong password")
	early, _ := fresh.login("duty", duty.Password)
	if early != refusal.RateLimited {
		t.Errorf("before its time the answer is %q", early)
	}
	h.elapse(wait)
	h.browser(office).login("duty", "a wrong password") // takes the try that is free now
	copied := h.browser("192.0.2.7")
	h.guess(copied.address, "duty")
	copied.cookies[turnCookie] = fresh.cookies[turnCookie]
	copied.waits("from another address", "duty", duty.Password)
	again := fresh.cookies[turnCookie]
	if code, _ := fresh.login("duty", "a wrong password"); code != refusal.Unauthenticated {
		t.Errorf("in its turn the answer is %q", code)
	}
	fresh.cookies[turnCookie] = again
	fresh.waits("the same turn again", "duty", duty.Password)
	fresh.cookies[turnCookie] = sealed(make([]byte, 32), []byte(fmt.Sprintf(`{"id":"x","address":%q,"at":0}`, office)))
	fresh.waits("a turn of its own making", "duty", duty.Password)
}

func TestTurnsOfAnAddressAreFew(t *testing.T) {
	var l usedTurns
	got := 0
	for i := range 100 {
		if l.take(fmt.Sprint(i), noon.Add(time.Duration(i)*time.Second/2)) == 0 {
			got++
		}
	}
	if got != turnsPerMinute || len(l) != turnsPerMinute {
		t.Errorf("%d turns within 50 s, %d are remembered", got, len(l))
	}
	if wait := l.take("late", noon.Add(50*time.Second)); wait <= 0 || wait > time.Minute {
		t.Errorf("the next is in %v", wait)
	}
	for i := range 1000 {
		l.take(fmt.Sprint("later ", i), noon.Add(time.Duration(i)*time.Minute))
	}
	if len(l) > turnsPerMinute*4 {
		t.Errorf("%d are remembered", len(l))
	}
}

func TestWhatMakesABrowserUnknown(t *testing.T) {
	const chosen = "three herons wade past"
	for _, c := range []struct {
		name  string
		do    func(h *house, b *browser, password string) (now string)
		known bool
	}{
		{"a logout does not", func(h *house, b *browser, password string) string {
			w := httptest.NewRecorder()
			h.s.Logout(w, b.request())
			b.keep(w)
			return password
		}, true},
		{"nor a restart", func(h *house, _ *browser, password string) string { h.close(); h.open(); return password }, true},
		{"nor eighty days", func(h *house, _ *browser, password string) string {
			h.elapse(80 * 24 * time.Hour)
			return password
		}, true},
		{"ninety days", func(h *house, _ *browser, password string) string {
			h.elapse(90 * 24 * time.Hour)
			return password
		}, false},
		{"another password", func(h *house, _ *browser, password string) string {
			h.change("duty", password, chosen)
			return chosen
		}, false},
		{"new credentials", func(h *house, _ *browser, _ string) string {
			return h.submit(access.RenewAccountCommand("admin", "", "duty")).Password
		}, false},
		{"that it was disabled", func(h *house, _ *browser, password string) string {
			h.act(access.CommandDisable, access.Disable{User: "duty"})
			h.act(access.CommandEnable, access.Enable{User: "duty"})
			return password
		}, false},
		{"the end of all sessions", func(h *house, b *browser, password string) string {
			w := httptest.NewRecorder()
			if err := h.s.EndAll(w, b.request(), "duty"); err != nil {
				h.t.Fatal(err)
			}
			b.keep(w)
			return password
		}, false},
		{"ten wrong passwords", func(h *house, b *browser, password string) string {
			for range laneTries {
				if code, _ := b.login("duty", "a wrong password"); code != refusal.Unauthenticated {
					h.t.Fatalf("a wrong one is answered %q", code)
				}
			}
			return password
		}, false},
		{"another cookie's proof", func(h *house, b *browser, password string) string {
			other := h.browser(office)
			other.in("another browser", "duty", password)
			body, _, _ := strings.Cut(b.cookies[DeviceCookie], ".")
			_, proof, _ := strings.Cut(other.cookies[DeviceCookie], ".")
			b.cookies[DeviceCookie] = body + "." + proof
			return password
		}, false},
		{"a cookie of its own making", func(h *house, b *browser, password string) string {
			text, err := b64.DecodeString(strings.Split(b.cookies[DeviceCookie], ".")[0])
			if err != nil {
				h.t.Fatal(err)
			}
			b.cookies[DeviceCookie] = sealed(make([]byte, 32), text)
			return password
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			duty := h.account("duty")
			b := h.browser(office)
			b.in("the first login", "duty", duty.Password)
			first := b.key("duty")
			now := c.do(h, b, duty.Password)
			h.guess(office, "duty")
			if c.known {
				b.in("known still", "duty", now)
				if got := b.key("duty"); got == "" || got != first {
					t.Errorf("the key of the device was %q and is %q", first, got)
				}
				return
			}
			if b.key("duty") != "" {
				t.Error("an unknown browser is given a key")
			}
			b.waits("unknown", "duty", now)
			h.elapse(time.Minute)
			b.in("a stranger after a minute", "duty", now)
			if got := b.key("duty"); got == "" || got == first {
				t.Errorf("the key of the device was %q and is %q", first, got)
			}
			h.guess(office, "duty")
			b.in("known anew", "duty", now)
		})
	}
}

// The lane of one user is none to another's password, and a copy of an old cookie is worth ten tries, whatever its
// owner does.
func TestALaneIsOfItsUserAndItsLogin(t *testing.T) {
	h := newHouse(t)
	duty, approver := h.account("duty"), h.account("approver")
	b := h.browser(office)
	b.in("duty", "duty", duty.Password)
	h.guess(office, "approver")
	b.waits("at another's password", "approver", approver.Password)
	stolen := h.browser("192.0.2.9")
	stolen.cookies[DeviceCookie] = b.cookies[DeviceCookie]
	h.guess(stolen.address, "duty")
	copied, tries := b.cookies[DeviceCookie], 0
	for range 3 * laneTries {
		b.in("the owner goes on", "duty", duty.Password)
		stolen.cookies = map[string]string{DeviceCookie: copied}
		if code, _ := stolen.login("duty", "a wrong password"); code == refusal.Unauthenticated {
			tries++
		}
	}
	if tries != laneTries {
		t.Errorf("a copy of the cookie is worth %d tries, not %d", tries, laneTries)
	}
	b.in("the owner's browser is known", "duty", duty.Password)
}

func TestTheDeviceCookie(t *testing.T) {
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
		i := slices.IndexFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.Name == DeviceCookie })
		if i < 0 {
			t.Fatal("no device cookie")
		}
		c := w.Result().Cookies()[i]
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
			c.MaxAge != 90*24*3600 {
			t.Errorf("by TLS %v: %+v", secure, c)
		}
	}
}

func TestABrowserKnowsEightUsers(t *testing.T) {
	h := newHouse(t)
	b := h.browser(office)
	var users []string
	passwords := map[string]string{}
	for i := range devicePairs + 2 {
		user := fmt.Sprintf("officer-%s-%d", strings.Repeat("x", 30), i)[:38] + fmt.Sprint(i)
		users, passwords[user] = append(users, user), h.account(user).Password
		b.in("a login", user, passwords[user])
	}
	if n := len(b.cookies[DeviceCookie]); n > deviceMost {
		t.Errorf("the cookie has %d bytes", n)
	}
	h.guess(office, users[0])
	var known []string
	cookie := b.cookies[DeviceCookie]
	for _, user := range users {
		b.cookies[DeviceCookie] = cookie
		if code, _ := b.login(user, passwords[user]); code == "" {
			known = append(known, user)
		}
	}
	if !slices.Equal(known, users[2:]) {
		t.Errorf("known are %q of %q", known, users)
	}
}

// Every node proves by the same key, which a rebuilt record and one that is opened again have too, and which stands in
// the vault alone.
func TestTheKeyOfDeviceCookiesIsOfTheVault(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	b := h.browser(office)
	b.in("a login", "duty", duty.Password)
	var key []byte
	look := func() (now []byte) {
		if err := h.j.View(func(tx *bbolt.Tx) error { now = access.LoginKey(tx, devicePurpose); return nil }); err != nil {
			t.Fatal(err)
		}
		return now
	}
	if key = look(); len(key) != 32 {
		t.Fatalf("the key has %d bytes", len(key))
	}
	height := h.j.Height()
	h.browser(office).in("another login", "duty", duty.Password)
	if h.j.Height() != height {
		t.Error("a second login records something")
	}
	h.close()
	h.open()
	if string(look()) != string(key) {
		t.Error("after a restart the key is another")
	}
	b.cookies = map[string]string{DeviceCookie: b.cookies[DeviceCookie]}
	h.guess(office, "duty")
	b.in("after the restart", "duty", duty.Password)
}

func TestWhatIsRememberedOfLanesIsBounded(t *testing.T) {
	l := newLanes()
	for i := range maxCounts + 100 {
		for serial := range 2 {
			done, ok := l.begin(fmt.Sprint("u", i), fmt.Sprint(serial))
			if !ok {
				t.Fatal("the first try is refused")
			}
			done(serial == 0)
		}
	}
	if len(l.users.byKey) > maxCounts || l.users.order.Len() != len(l.users.byKey) {
		t.Errorf("%d users, %d in order", len(l.users.byKey), l.users.order.Len())
	}
	for i := range 1000 {
		done, _ := l.begin("duty", fmt.Sprint(i))
		done(true)
	}
	if n := len(l.users.find("duty").tries); n > lanePairs {
		t.Errorf("%d pairs of one user", n)
	}
	right := newLanes()
	for i := range 1000 {
		done, _ := right.begin("duty", fmt.Sprint(i))
		done(false)
	}
	if len(right.users.byKey) != 0 || right.users.order.Len() != 0 {
		t.Error("right passwords are remembered")
	}
}

// The tries of one user that are under way are few, for each holds a place among the known.
func TestTriesOfALaneAtATime(t *testing.T) {
	l := newLanes()
	var under []func(bool) bool
	for i := range lanePending {
		done, ok := l.begin("duty", fmt.Sprint(i))
		if !ok {
			t.Fatal("refused too early")
		}
		under = append(under, done)
	}
	if _, ok := l.begin("duty", "one more"); ok {
		t.Error("one more is let in")
	}
	if _, ok := l.begin("approver", "1"); !ok {
		t.Error("another user waits")
	}
	for _, done := range under {
		done(false)
	}
	if _, ok := l.begin("duty", "after them"); !ok {
		t.Error("the bound stays")
	}
}

// Where no key can be recorded people log in all the same.
func TestALoginWithoutAKey(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	r, w := request(""), httptest.NewRecorder()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.s.keepDevice(w, r.WithContext(ctx), (*device)(nil).with(&access.Principal{User: "duty"}, nil, noon))
	if has(w, DeviceCookie) {
		t.Error("a cookie without a key")
	}
	if !strings.Contains(h.log.String(), "no key for device cookies") {
		t.Error("the log does not say so")
	}
	h.login("", "duty", duty.Password)
}

func TestADeviceCookieThatIsNone(t *testing.T) {
	h := newHouse(t)
	duty := h.account("duty")
	b := h.browser(office)
	b.in("a login", "duty", duty.Password)
	var key []byte
	_ = h.j.View(func(tx *bbolt.Tx) error { key = access.LoginKey(tx, devicePurpose); return nil })
	junk, _ := json.Marshal("junk")
	for _, value := range []string{"", ".", "a.b", strings.Repeat("A", deviceMost+1), sealed(key, junk), sealed(nil, junk),
		b.cookies[DeviceCookie] + "A"} {
		b.cookies[DeviceCookie] = value
		if h.s.device(b.request()) != nil {
			t.Errorf("%.40q is taken", value)
		}
	}
}

// A key is of one user in one browser. A password that is changed in that browser leaves it, and so does a cookie of an
// older program nothing but the need of a login.
func TestTheKeyOfADevice(t *testing.T) {
	const chosen = "three herons wade past"
	h := newHouse(t)
	duty, approver := h.account("duty"), h.account("approver")
	b, other := h.browser(office), h.browser(office)
	if got := b.key("duty"); got != "" {
		t.Errorf("a browser without a cookie has the key %s", got)
	}
	b.in("duty", "duty", duty.Password)
	b.in("approver in the same browser", "approver", approver.Password)
	other.in("duty in another", "duty", duty.Password)
	keys := map[string]bool{b.key("duty"): true, b.key("approver"): true, other.key("duty"): true, other.key("approver"): true}
	if len(keys) != 4 || !keys[""] {
		t.Errorf("three keys and none are %v", keys)
	}
	mine := b.key("duty")
	b.in("duty again", "duty", duty.Password)
	w := httptest.NewRecorder()
	err := h.s.ChangePassword(w, b.request(), "duty", func(ctx context.Context) (*access.Principal, error) {
		return h.passwords.Change(ctx, "duty", duty.Password, chosen)
	})
	b.keep(w)
	if err != nil || b.key("duty") != mine {
		t.Errorf("after the change of the password here: %v, another key", err)
	}
	if other.key("duty") != "" {
		t.Error("the browser where it was not changed has its key still")
	}

	key, err := h.s.deviceKey()
	if err != nil {
		t.Fatal(err)
	}
	text, _ := open(key, b.cookies[DeviceCookie])
	var d device
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	for i := range d.Pairs {
		d.Pairs[i].Secret = ""
	}
	old, _ := json.Marshal(d)
	b.cookies[DeviceCookie] = sealed(key, old)
	if b.key("duty") != "" {
		t.Error("a pair without a secret has a key")
	}
	b.in("after the update", "duty", chosen)
	if got := b.key("duty"); got == "" || got == mine {
		t.Errorf("after a login the key is %q", got)
	}
}
