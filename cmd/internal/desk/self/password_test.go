package self_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/web/session"
)

// wrongFields are the places that a page marks as wrong.
func wrongFields(page *html.Node) string {
	var names []string
	desktest.Each(page, func(e *html.Node) {
		if desktest.Has(e, "aria-invalid") {
			names = append(names, desktest.Attr(e, "name"))
		}
	})
	return strings.Join(names, " ")
}

// What is refused says where and why, changes nothing, and leaves nothing of what was typed in the page.
func TestPasswordRefusals(t *testing.T) {
	w := desktest.New(t)
	now, own := w.Passwords["duty"], "three words of mine"
	if text := desktest.TextOf(w.Get(200, "duty", "/desk/password")); !strings.Contains(text, "12 至 128 个字符") {
		t.Errorf("the rules are not told beforehand: %s", text)
	}
	for _, c := range []struct {
		name                  string
		current, next, repeat string
		wrong, says           string
	}{
		{"nothing", "", "", "", "current password repeat", "请填写"},
		{"no repeat", now, own, "", "repeat", "请填写"},
		{"a repeat that differs", now, own, own + "x", "repeat", "不一致"},
		{"a repeat in other case", now, own, strings.ToUpper(own), "repeat", "不一致"},
		{"a wrong current one", "not my password", own, own, "current", "当前口令不对"},
		{"too short", now, "short words", "short words", "password", "12 至 128 个字符"},
		{"too long", now, strings.Repeat("长", 129), strings.Repeat("长", 129), "password", "12 至 128 个字符"},
		{"common", now, "password1234", "password1234", "password", "最常见的口令"},
		{"counting", now, "123456789012", "123456789012", "password", "最常见的口令"},
		{"the user's name", now, "示例<b>duty!!!!", "示例<b>duty!!!!", "password", "去掉账号、姓名"},
		{"the one in force", now, now, now, "password", "与当前口令相同"},
		{"a tab within", now, "three\twords of mine", "three\twords of mine", "password", "控制字符"},
	} {
		t.Run(c.name, func(t *testing.T) {
			height := w.Svc.J.Height()
			r := w.Post(422, "duty", "/desk/password",
				url.Values{"current": {c.current}, "password": {c.next}, "repeat": {c.repeat}})
			desktest.Lint(t, c.name, r.Text)
			page := desktest.Parsed(t, r.Text)
			if got := wrongFields(page); got != c.wrong || !strings.Contains(desktest.TextOf(page), c.says) ||
				!strings.Contains(desktest.TextOf(page), "口令没有改变") {
				t.Errorf("wrong are %q, want %q: %s", got, c.wrong, desktest.TextOf(page))
			}
			desktest.Each(page, func(e *html.Node) {
				if desktest.Attr(e, "type") == "password" && desktest.Attr(e, "value") != "" {
					t.Errorf("%s comes back filled in", desktest.Attr(e, "name"))
				}
			})
			for _, secret := range []string{c.current, c.next, c.repeat} {
				if secret != "" && c.name != "the user's name" { // which the header shows
					desktest.NoSecret(t, c.name, r, secret)
				}
			}
			if len(r.Cookies()) != 0 || w.Svc.J.Height() != height {
				t.Errorf("a refusal set %v and wrote %d blocks", r.Cookies(), w.Svc.J.Height()-height)
			}
		})
	}
	w.Get(200, "duty", "/desk")
	if english := w.As("duty", "/desk/password", url.Values{"current": {"x"}}, "Cookie",
		frame.LangCookie+"="+frame.EN); !strings.Contains(english.Text, "Fill this in") {
		t.Errorf("in English: %s", english.Text)
	}
}

// A change ends all other logins of its user and nobody else's; the browser that made it goes on.
func TestPasswordIsChanged(t *testing.T) {
	w := desktest.New(t)
	old, own := w.Passwords["duty"], "  three words 三个词 of mine "
	elsewhere := w.Cookie("duty")
	delete(w.Cookies, "duty") // another browser
	here := w.Cookie("duty")
	w.Get(200, "duty2", "/desk")
	r := w.Post(303, "duty", "/desk/password", url.Values{"current": {old}, "password": {own}, "repeat": {own}})
	desktest.NoSecret(t, "the answer", r, old, own)
	if len(r.Cookies()) != 2 || r.Cookies()[1].Name != session.DeviceCookie || r.Cookies()[0].Name != session.Cookie ||
		r.Cookies()[0].Value == here.Value {
		t.Fatalf("the session does not go on under a new cookie: %v", r.Cookies())
	}
	w.Cookies["duty"] = r.Cookies()[0]
	if text := desktest.TextOf(w.Get(200, "duty", r.Header.Get("Location"))); !strings.Contains(text, "口令已修改") {
		t.Errorf("after the change: %s", text)
	}
	for what, cookie := range map[string]*http.Cookie{"another browser": elsewhere, "the cookie before": here} {
		if r := w.As("", "/desk", nil, "Cookie", cookie.Name+"="+cookie.Value); r.StatusCode != http.StatusSeeOther {
			t.Errorf("%s is still logged in: %d", what, r.StatusCode)
		}
	}
	w.Get(200, "duty2", "/desk")
	w.Refused(401, "", "/login", url.Values{"user": {"duty"}, "password": {old}})
	w.Post(303, "", "/login", url.Values{"user": {"duty"}, "password": {own}})
}

// Who tries passwords behind somebody's back, at their open desk, waits like anybody else.
func TestPasswordTriesAreThrottled(t *testing.T) {
	w := desktest.New(t)
	own := "three words of mine"
	try := url.Values{"current": {"a guess"}, "password": {own}, "repeat": {own}}
	for range 5 {
		w.Refused(422, "duty", "/desk/password", try)
	}
	r := w.Post(429, "duty", "/desk/password", try)
	if text := desktest.TextOf(desktest.Parsed(t, r.Text)); r.Header.Get("Retry-After") == "" ||
		!strings.Contains(text, "输错次数太多") {
		t.Errorf("after five wrong ones: %v %s", r.Header, text)
	}
	desktest.NoSecret(t, "throttled", r, "a guess", own)
}

// A session that ends under the form keeps nothing of it: a login leads back to the empty form, and what a page of
// somebody else's making sends along is not carried out.
func TestPasswordsSurviveNoLogin(t *testing.T) {
	w := desktest.New(t)
	own := "three words of mine"
	w.Expire("duty")
	r := w.Post(401, "duty", "/desk/password",
		url.Values{"current": {w.Passwords["duty"]}, "password": {own}, "repeat": {own}})
	desktest.NoSecret(t, "the login", r, w.Passwords["duty"], own)
	page := desktest.Parsed(t, r.Text)
	if text := desktest.TextOf(page); strings.Contains(text, "已保留") {
		t.Errorf("the login promises what is not so: %s", text)
	}
	login := desktest.ValuesOf(page, url.Values{})
	login.Set("user", "duty")
	login.Set("password", w.Passwords["duty"])
	if to := w.Post(303, "", "/login", login).Header.Get("Location"); to != "/desk/password" {
		t.Errorf("after the login: %s", to)
	}
	login.Set("typed.current", w.Passwords["duty"])
	login.Set("typed.password", own)
	login.Set("typed.repeat", own)
	w.Refused(303, "", "/login", login)
}

// An enterprise is told who issues its password, and has no form; one that it makes itself is refused.
func TestPasswordOfARecipient(t *testing.T) {
	w := desktest.New(t)
	page := w.Get(200, "E0001", "/desk/password")
	if desktest.Find(page, "form", "action", "/desk/password") != nil ||
		!strings.Contains(desktest.TextOf(page), "由管理员签发") {
		t.Errorf("an enterprise's page: %s", desktest.TextOf(page))
	}
	if desktest.Find(page, "a", "href", "/desk/password") != nil {
		t.Error("the header leads an enterprise to what it cannot do")
	}
	if desktest.Find(w.Get(200, "duty", "/desk"), "a", "href", "/desk/password") == nil {
		t.Error("the header does not lead to the password")
	}
	own := "three words of mine"
	w.Refused(409, "E0001", "/desk/password",
		url.Values{"current": {w.Passwords["E0001"]}, "password": {own}, "repeat": {own}})
}
