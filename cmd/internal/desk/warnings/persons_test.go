package warnings_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts"
)

// Who has a second factor approves on the desk with a code. A wrong one is told beside its field and stays nowhere.
func TestApprovalWithACode(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Orange, false)
	if desktest.CodeInput(t, w.Get(200, "approver", desktest.WarningPath(id)+"/approve")) != nil {
		t.Error("who has no factor is asked for a code")
	}
	secret := w.Factor("approver", w.Passwords["approver"])
	page := w.Get(200, "approver", desktest.WarningPath(id)+"/approve")
	in := desktest.CodeInput(t, page)
	if in == nil || !desktest.Has(in, "required") {
		t.Fatal("who has a factor is not asked for a code")
	}
	form := desktest.Values(page)
	form.Set("step", frame.StepConfirm)
	form.Set(frame.CodeField, "987654")
	if w.Code(secret) == "987654" {
		w.Clock.Add(time.Minute)
	}
	r := w.Post(422, "approver", desktest.WarningPath(id)+"/approve", form)
	desktest.NoSecret(t, "a wrong code", r, "987654")
	page = desktest.Parsed(t, r.Text)
	if in := desktest.CodeInput(t, page); in == nil || desktest.Attr(in, "aria-invalid") != "true" ||
		!strings.Contains(desktest.TextOf(page), "验证码不对") {
		t.Errorf("a wrong code is not told beside its field: %s", desktest.TextOf(page))
	}
	form = desktest.Values(page)
	form.Set("step", frame.StepConfirm)
	form.Set(frame.CodeField, " "+w.Code(secret)[:3]+" "+w.Code(secret)[3:])
	w.Post(303, "approver", desktest.WarningPath(id)+"/approve", form)
	if got := w.Warning(id); got.State != alerts.Active {
		t.Errorf("the warning is %s", got.State)
	}
}

// A session that ends before an approval is sent does not leave its code in the login page, nor in the form after the
// login.
func TestACodeIsNotCarriedOverALogin(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Orange, false)
	secret := w.Factor("approver", w.Passwords["approver"])
	form := desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
	code := w.Code(secret)
	form.Set("step", frame.StepConfirm)
	form.Set(frame.CodeField, code)
	w.Expire("approver")
	r := w.Post(401, "approver", desktest.WarningPath(id)+"/approve", form)
	desktest.NoSecret(t, "the login page", r, code)
	login := desktest.ValuesOf(desktest.Parsed(t, r.Text), url.Values{})
	if !login.Has("typed.key") || login.Has("typed."+frame.CodeField) {
		t.Errorf("the login page carries %v", login)
	}
	login.Set("user", "approver")
	login.Set("typed."+frame.CodeField, code) // of a page that was made by hand
	login.Set("password", "wrong")
	r = w.Post(401, "", "/login", login)
	desktest.NoSecret(t, "the login page after a wrong password", r, code)
	login.Set("password", w.Passwords["approver"])
	r = w.Post(200, "", "/login", login)
	desktest.NoSecret(t, "the form after the login", r, code)
	if desktest.CodeInput(t, desktest.Parsed(t, r.Text)) == nil {
		t.Error("the form after the login asks for no code")
	}
}

// The page of an approval, and the warning's, name the administrator who came by the secret of who declared; the page
// tells the approver what the approval will say. An enterprise sees nothing of it.
func TestTheDeskNamesWhoMayBeBothPersons(t *testing.T) {
	w := desktest.New(t)
	w.Reissued("duty")
	w.Reissued("approver")
	id := w.Declared(alerts.Orange, false)
	text := desktest.TextOf(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
	for _, want := range []string{"管理员 admin 为 duty 签发口令和令牌", "管理员 admin 为您签发口令和令牌"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of the approval does not say %q: %s", want, text)
		}
	}
	form := desktest.Values(w.Get(200, "approver", desktest.WarningPath(id)+"/approve"))
	form.Set("step", frame.StepConfirm)
	w.Post(303, "approver", desktest.WarningPath(id)+"/approve", form)
	for user, sees := range map[string]bool{"duty": true, "viewer": true, "E0001": false, "town": false} {
		text := desktest.TextOf(w.Get(200, user, desktest.WarningPath(id)))
		if got := strings.Count(text, "可能是同一人所为"); sees && got != 2 || !sees && got != 0 {
			t.Errorf("the warning's page says it %d times to %s", got, user)
		}
	}
	list := w.Get(200, "admin", "/desk/lists")
	if list == nil {
		t.Fatal("no lists")
	}
}

// Before a declaration is confirmed the desk says what it will say, and takes a code that ends it from who has a factor
// of before. A wrong one leaves the read-out as it is.
func TestADeclarationWithACodeThatEndsTheNotice(t *testing.T) {
	w := desktest.New(t)
	secret := w.Factor("duty", w.Passwords["duty"])
	w.Reissued("duty")
	form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
	form.Set("level", "yellow")
	form.Set("trigger", "own_forecast")
	form.Set("step", frame.StepReview)
	page := desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", form).Text)
	if in := desktest.CodeInput(t, page); in == nil || desktest.Has(in, "required") ||
		!strings.Contains(desktest.TextOf(page), "管理员 admin 为您签发口令和令牌") {
		t.Fatalf("the read-out: %s", desktest.TextOf(page))
	}
	form = desktest.Values(page)
	form.Set("typed", "黄色")
	form.Set("step", frame.StepConfirm)
	form.Set(frame.CodeField, "000")
	page = w.Refused(422, "duty", "/desk/declare", form)
	if in := desktest.CodeInput(t, page); in == nil || desktest.Attr(in, "aria-invalid") != "true" {
		t.Fatalf("after a wrong code: %s", desktest.TextOf(page))
	}
	form = desktest.Values(page)
	form.Set("typed", "黄色")
	form.Set("step", frame.StepConfirm)
	form.Set(frame.CodeField, w.Code(secret))
	to := w.Post(303, "duty", "/desk/declare", form).Header.Get("Location")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
	if h := w.Warning(id).History[0]; h.SecretSeen != nil {
		t.Errorf("with a code of a factor of before the act says %+v", h.SecretSeen)
	}
}

// Where a factor is required and there is none, the page of an approval leads to enrolling.
func TestApprovalWhereAFactorIsRequired(t *testing.T) {
	w := desktest.New(t)
	id := w.Declared(alerts.Orange, false)
	w.Svc.FactorRequired = true
	page := w.Get(200, "approver", desktest.WarningPath(id)+"/approve")
	if desktest.Find(page, "button", "value", frame.StepConfirm) != nil ||
		desktest.Find(page, "a", "href", "/desk/factor") == nil {
		t.Errorf("the page: %s", desktest.TextOf(page))
	}
	if got := w.Get(200, "approver", "/desk/factor"); !strings.Contains(desktest.TextOf(got), "没有绑定二次验证的不能批准") {
		t.Errorf("the page of the factor: %s", desktest.TextOf(got))
	}
	if access.SightLasts != 30*24*time.Hour {
		t.Error("the desk says 30 days")
	}
}
