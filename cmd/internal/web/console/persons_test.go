package console

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"
)

// codeInput is the input of a one-time code, nil where a page has none. What it holds is nobody's to see.
func codeInput(t *testing.T, page *html.Node) *html.Node {
	t.Helper()
	in := find(page, "input", "name", codeField)
	if in != nil && (attr(in, "inputmode") != "numeric" || attr(in, "autocomplete") != "one-time-code" || has(in, "value")) {
		t.Errorf("the input of the code has inputmode %q, autocomplete %q, a value: %v", attr(in, "inputmode"), attr(in, "autocomplete"), has(in, "value"))
	}
	return in
}

// reissued has the administrator give an account new secrets, with which it logs in from then on.
func (w *world) reissued(user string) {
	w.t.Helper()
	issued, err := servicetest.Say(w.t.Context(), w.svc, "admin", "", calls.RenewAccount, user, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	w.passwords[user] = issued.Password
	delete(w.cookies, user)
}

// Who has a second factor approves on the desk with a code. A wrong one is told beside its field and stays nowhere.
func TestApprovalWithACode(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Orange, false)
	if codeInput(t, w.get(200, "approver", warningPath(id)+"/approve")) != nil {
		t.Error("who has no factor is asked for a code")
	}
	secret := w.Factor("approver", w.passwords["approver"])
	page := w.get(200, "approver", warningPath(id)+"/approve")
	in := codeInput(t, page)
	if in == nil || !has(in, "required") {
		t.Fatal("who has a factor is not asked for a code")
	}
	form := values(page)
	form.Set("step", stepConfirm)
	form.Set(codeField, "987654")
	if w.Code(secret) == "987654" {
		w.clock.Add(time.Minute)
	}
	r := w.post(422, "approver", warningPath(id)+"/approve", form)
	noSecret(t, "a wrong code", r, "987654")
	page = parsed(t, r.body)
	if in := codeInput(t, page); in == nil || attr(in, "aria-invalid") != "true" || !strings.Contains(textOf(page), "验证码不对") {
		t.Errorf("a wrong code is not told beside its field: %s", textOf(page))
	}
	form = values(page)
	form.Set("step", stepConfirm)
	form.Set(codeField, " "+w.Code(secret)[:3]+" "+w.Code(secret)[3:])
	w.post(303, "approver", warningPath(id)+"/approve", form)
	if got := w.warning(id); got.State != alerts.Active {
		t.Errorf("the warning is %s", got.State)
	}
}

// A session that ends before an approval is sent does not leave its code in the login page, nor in the form after the login.
func TestACodeIsNotCarriedOverALogin(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Orange, false)
	secret := w.Factor("approver", w.passwords["approver"])
	form := values(w.get(200, "approver", warningPath(id)+"/approve"))
	code := w.Code(secret)
	form.Set("step", stepConfirm)
	form.Set(codeField, code)
	w.expire("approver")
	r := w.post(401, "approver", warningPath(id)+"/approve", form)
	noSecret(t, "the login page", r, code)
	login := valuesOf(parsed(t, r.body), url.Values{})
	if !login.Has("typed.key") || login.Has("typed."+codeField) {
		t.Errorf("the login page carries %v", login)
	}
	login.Set("user", "approver")
	login.Set("typed."+codeField, code) // of a page that was made by hand
	login.Set("password", "wrong")
	r = w.post(401, "", "/login", login)
	noSecret(t, "the login page after a wrong password", r, code)
	login.Set("password", w.passwords["approver"])
	r = w.post(200, "", "/login", login)
	noSecret(t, "the form after the login", r, code)
	if codeInput(t, parsed(t, r.body)) == nil {
		t.Error("the form after the login asks for no code")
	}
}

// The page of an approval, and the warning's, name the administrator who came by the secret of who declared; the page tells the
// approver what the approval will say. An enterprise sees nothing of it.
func TestTheDeskNamesWhoMayBeBothPersons(t *testing.T) {
	w := newWorld(t)
	w.reissued("duty")
	w.reissued("approver")
	id := w.declared(alerts.Orange, false)
	text := textOf(w.get(200, "approver", warningPath(id)+"/approve"))
	for _, want := range []string{"管理员 admin 为 duty 签发口令和令牌", "管理员 admin 为您签发口令和令牌"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of the approval does not say %q: %s", want, text)
		}
	}
	form := values(w.get(200, "approver", warningPath(id)+"/approve"))
	form.Set("step", stepConfirm)
	w.post(303, "approver", warningPath(id)+"/approve", form)
	for user, sees := range map[string]bool{"duty": true, "viewer": true, "E0001": false, "town": false} {
		text := textOf(w.get(200, user, warningPath(id)))
		if got := strings.Count(text, "可能是同一人所为"); sees && got != 2 || !sees && got != 0 {
			t.Errorf("the warning's page says it %d times to %s", got, user)
		}
	}
	list := w.get(200, "admin", "/desk/lists")
	if list == nil {
		t.Fatal("no lists")
	}
}

// Before a declaration is confirmed the desk says what it will say, and takes a code that ends it from who has a factor of
// before. A wrong one leaves the read-out as it is.
func TestADeclarationWithACodeThatEndsTheNotice(t *testing.T) {
	w := newWorld(t)
	secret := w.Factor("duty", w.passwords["duty"])
	w.reissued("duty")
	form := values(w.get(200, "duty", "/desk/declare"))
	form.Set("level", "yellow")
	form.Set("trigger", "own_forecast")
	form.Set("step", stepReview)
	page := parsed(t, w.post(200, "duty", "/desk/declare", form).body)
	if in := codeInput(t, page); in == nil || has(in, "required") || !strings.Contains(textOf(page), "管理员 admin 为您签发口令和令牌") {
		t.Fatalf("the read-out: %s", textOf(page))
	}
	form = values(page)
	form.Set("typed", "黄色")
	form.Set("step", stepConfirm)
	form.Set(codeField, "000")
	page = w.refused(422, "duty", "/desk/declare", form)
	if in := codeInput(t, page); in == nil || attr(in, "aria-invalid") != "true" {
		t.Fatalf("after a wrong code: %s", textOf(page))
	}
	form = values(page)
	form.Set("typed", "黄色")
	form.Set("step", stepConfirm)
	form.Set(codeField, w.Code(secret))
	to := w.post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	if h := w.warning(id).History[0]; h.SecretSeen != nil {
		t.Errorf("with a code of a factor of before the act says %+v", h.SecretSeen)
	}
}

// Enrolling on the desk: a QR code within the page and the secret to be typed; what is refused keeps the secret that the
// authenticator has by now, and nothing else; then it takes the place of none, and is replaced with a code of it alone.
func TestEnrollingOnTheDesk(t *testing.T) {
	w := newWorld(t)
	page := w.get(200, "approver", "/desk/factor")
	form := valuesOf(find(page, "form", "action", "/desk/factor"), url.Values{})
	secret := form.Get("secret")
	if len(secret) != 32 || find(page, "svg", "id", "factor-qr") == nil || strings.ReplaceAll(textOf(find(page, "code", "id", "factor-secret")), " ", "") != secret {
		t.Fatalf("the page: %s", textOf(page))
	}
	form.Set(codeField, "12x456")
	form.Set("current", w.passwords["approver"])
	r := w.post(422, "approver", "/desk/factor", form)
	noSecret(t, "a code that is none", r, "12x456", w.passwords["approver"])
	if got := wrongFields(parsed(t, r.body)); got != codeField {
		t.Errorf("wrong are %q", got)
	}
	form = valuesOf(find(parsed(t, r.body), "form", "action", "/desk/factor"), url.Values{})
	if form.Get("secret") != secret {
		t.Error("another secret than the authenticator has")
	}
	form.Set(codeField, w.Code(secret))
	form.Set("current", "wrong")
	if got := wrongFields(w.refused(422, "approver", "/desk/factor", form)); got != "current" {
		t.Errorf("with a wrong password wrong are %q", got)
	}
	form.Set("current", w.passwords["approver"])
	if to := w.post(303, "approver", "/desk/factor", form).Header.Get("Location"); to != "/desk/factor?done=factor" {
		t.Errorf("leads to %s", to)
	}
	page = w.get(200, "approver", "/desk/factor?done=factor")
	if find(page, "input", "name", "old_otp") == nil || !strings.Contains(textOf(page), "已绑定") {
		t.Errorf("afterwards: %s", textOf(page))
	}
	if text := textOf(w.get(200, "E0001", "/desk/factor")); !strings.Contains(text, "企业账号不用") {
		t.Errorf("an enterprise: %s", text)
	}
	w.expire("approver")
	r = w.post(401, "approver", "/desk/factor", form)
	noSecret(t, "the login page", r, secret, w.passwords["approver"])
}

// Where a factor is required and there is none, the page of an approval leads to enrolling.
func TestApprovalWhereAFactorIsRequired(t *testing.T) {
	w := newWorld(t)
	id := w.declared(alerts.Orange, false)
	w.svc.FactorRequired = true
	page := w.get(200, "approver", warningPath(id)+"/approve")
	if find(page, "button", "value", stepConfirm) != nil || find(page, "a", "href", "/desk/factor") == nil {
		t.Errorf("the page: %s", textOf(page))
	}
	if got := w.get(200, "approver", "/desk/factor"); !strings.Contains(textOf(got), "没有绑定二次验证的不能批准") {
		t.Errorf("the page of the factor: %s", textOf(got))
	}
	if access.SightLasts != 30*24*time.Hour {
		t.Error("the desk says 30 days")
	}
}
