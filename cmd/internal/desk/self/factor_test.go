package self_test

import (
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// Enrolling on the desk: a QR code within the page and the secret to be typed; what is refused keeps the secret that
// the authenticator has by now, and nothing else; then it takes the place of none, and is replaced with a code of it
// alone.
func TestEnrollingOnTheDesk(t *testing.T) {
	w := desktest.New(t)
	page := w.Get(200, "approver", "/desk/factor")
	form := desktest.ValuesOf(desktest.Find(page, "form", "action", "/desk/factor"), url.Values{})
	secret := form.Get("secret")
	if len(secret) != 32 || desktest.Find(page, "svg", "id", "factor-qr") == nil ||
		strings.ReplaceAll(desktest.TextOf(desktest.Find(page, "code", "id", "factor-secret")), " ", "") != secret {
		t.Fatalf("the page: %s", desktest.TextOf(page))
	}
	form.Set(frame.CodeField, "12x456")
	form.Set("current", w.Passwords["approver"])
	r := w.Post(422, "approver", "/desk/factor", form)
	desktest.NoSecret(t, "a code that is none", r, "12x456", w.Passwords["approver"])
	if got := wrongFields(desktest.Parsed(t, r.Text)); got != frame.CodeField {
		t.Errorf("wrong are %q", got)
	}
	form = desktest.ValuesOf(desktest.Find(desktest.Parsed(t, r.Text), "form", "action", "/desk/factor"), url.Values{})
	if form.Get("secret") != secret {
		t.Error("another secret than the authenticator has")
	}
	form.Set(frame.CodeField, w.Code(secret))
	form.Set("current", "wrong")
	if got := wrongFields(w.Refused(422, "approver", "/desk/factor", form)); got != "current" {
		t.Errorf("with a wrong password wrong are %q", got)
	}
	form.Set("current", w.Passwords["approver"])
	if to := w.Post(303, "approver", "/desk/factor", form).Header.Get("Location"); to != "/desk/factor?done=factor" {
		t.Errorf("leads to %s", to)
	}
	page = w.Get(200, "approver", "/desk/factor?done=factor")
	if desktest.Find(page, "input", "name", "old_otp") == nil || !strings.Contains(desktest.TextOf(page), "已绑定") {
		t.Errorf("afterwards: %s", desktest.TextOf(page))
	}
	if text := desktest.TextOf(w.Get(200, "E0001", "/desk/factor")); !strings.Contains(text, "企业账号不用") {
		t.Errorf("an enterprise: %s", text)
	}
	w.Expire("approver")
	r = w.Post(401, "approver", "/desk/factor", form)
	desktest.NoSecret(t, "the login page", r, secret, w.Passwords["approver"])
}
