package frame_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
)

// At the machine of a demo a role is entered by its button; from elsewhere, through a proxy or under another machine's
// name it is not, and outside a demo there is no such button.
func TestADemosRolesAreEnteredWithoutTyping(t *testing.T) {
	w := desktest.New(t)
	door := func(role string) (user, password string, ok bool) {
		password, ok = w.Passwords[role]
		return role, password, ok
	}
	for _, c := range []struct {
		name, peer, host, forwarded string
		demo, open                  bool
	}{
		{"at the machine", "127.0.0.1:40000", "127.0.0.1:8080", "", true, true},
		{"at the machine by its name", "127.0.0.1:40000", "localhost:8080", "", true, true},
		{"at the machine by IPv6", "[::1]:40000", "[::1]:8080", "", true, true},
		{"no demo", "127.0.0.1:40000", "127.0.0.1:8080", "", false, false},
		{"from elsewhere", "192.0.2.7:40000", "127.0.0.1:8080", "", true, false},
		{"through a proxy", "127.0.0.1:40000", "127.0.0.1:8080", "192.0.2.7", true, false},
		{"under a name that leads here", "127.0.0.1:40000", "evil.example:8080", "", true, false},
		{"under a name that begins alike", "127.0.0.1:40000", "localhost.evil.example", "", true, false},
	} {
		w.Desk.DemoAccount = nil
		if c.demo {
			w.Desk.DemoAccount = door
		}
		ask := func(method string, form url.Values) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/login", strings.NewReader(form.Encode()))
			r.RemoteAddr, r.Host = c.peer, c.host
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			rec := httptest.NewRecorder()
			w.Desk.ServeHTTP(rec, r)
			return rec
		}
		if got := strings.Contains(ask(http.MethodGet, nil).Body.String(), `name="as" value="duty"`); got != c.open {
			t.Errorf("%s: the page has the button: %v, want %v", c.name, got, c.open)
		}
		if rec := ask(http.MethodPost, url.Values{"as": {"duty"}}); (rec.Code == http.StatusSeeOther) != c.open {
			t.Errorf("%s: entering as duty is answered %d; it is open: %v", c.name, rec.Code, c.open)
		}
		if c.open {
			if rec := ask(http.MethodPost, url.Values{"as": {"nobody"}}); rec.Code == http.StatusSeeOther {
				t.Errorf("%s: a role that is not there: %d", c.name, rec.Code)
			}
		}
	}
}

// As long as the time before a demo is filled in its pages say so, and how far that is.
func TestADemoSaysWhatIsStillFilledIn(t *testing.T) {
	w := desktest.New(t)
	done := 3
	w.Desk.Filling = func() (int, int) { return done, 46 }
	page := func() string {
		rec := httptest.NewRecorder()
		w.Desk.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/login", nil))
		return rec.Body.String()
	}
	if got := page(); !strings.Contains(got, "（3/46）") {
		t.Errorf("nothing is said: %s", got)
	}
	if done = 46; strings.Contains(page(), "补录") {
		t.Error("what is done is still said to be going on")
	}
}
