package self_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/desk/desktest"
)

// Everybody sees where its account is logged in, enterprises too, and ends one login or all.
func TestLoginsAreShownAndEnded(t *testing.T) {
	for _, user := range []string{"duty", "E0001"} {
		t.Run(user, func(t *testing.T) {
			w := desktest.New(t)
			elsewhere := w.Cookie(user)
			delete(w.Cookies, user) // another browser
			w.Cookie(user)
			page := w.Get(200, user, "/desk/password")
			if text := desktest.TextOf(page); !strings.Contains(text, "我的登录") || strings.Count(text, "就是这里") != 1 ||
				!strings.Contains(text, "192.0.2.1") {
				t.Errorf("the page says %s", text)
			}
			var ends []string
			desktest.Each(page, func(e *html.Node) {
				if action := desktest.Attr(e, "action"); strings.HasPrefix(action, "/desk/sessions/") {
					ends = append(ends, action)
				}
			})
			if len(ends) != 2 || ends[1] != "/desk/sessions/end" {
				t.Fatalf("what can be ended: %q", ends)
			}
			to := w.Post(303, user, ends[0], url.Values{}).Header.Get("Location")
			if text := desktest.TextOf(w.Get(200, user, to)); !strings.Contains(text, "那个登录已结束") {
				t.Errorf("after the end of one: %s", text)
			}
			w.Post(303, user, ends[0], url.Values{}) // a second click
			if r := w.As("", "/desk", nil, "Cookie", elsewhere.Name+"="+elsewhere.Value); r.StatusCode != http.StatusSeeOther {
				t.Errorf("the other browser is still logged in: %d", r.StatusCode)
			}
			here := w.Cookies[user]
			if to := w.Post(303, user, ends[1], url.Values{}).Header.Get("Location"); to != "/login" {
				t.Errorf("the end of all leads to %s", to)
			}
			if r := w.As("", "/desk", nil, "Cookie", here.Name+"="+here.Value); r.StatusCode != http.StatusSeeOther {
				t.Errorf("this browser is still logged in: %d", r.StatusCode)
			}
		})
	}
}

// What a browser says of itself is no markup.
func TestABrowsersNameIsNoMarkup(t *testing.T) {
	w := desktest.New(t)
	r := w.As("", "/login", url.Values{"user": {"duty"}, "password": {w.Passwords["duty"]}}, "User-Agent",
		`<script>alert(1)</script>`)
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("login: %d", r.StatusCode)
	}
	if r := w.As("duty", "/desk/password", nil); !strings.Contains(r.Text, "&lt;script&gt;alert(1)") ||
		strings.Contains(r.Text, "<script>alert(1)") {
		t.Errorf("the page has %s", r.Text)
	}
}
