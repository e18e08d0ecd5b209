package app

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// persons are two who stay two: the administrator issues the approver new secrets, which the pages say; the approver
// enrols a second factor on a phone, approves with its code, is refused the same code again, and types it anew after a
// session has ended.
func persons(t *testing.T, w *world) {
	w.hire(t, "li", "approver", "李审批")
	warning := w.declaredOrange(t)
	p := w.person(t, phoneWidth)
	p.login("li")
	p.open("/desk/warnings/" + warning + "/approve")
	p.says("管理员 admin 为您签发口令和令牌")
	p.shot("approve-seen")
	p.open("/desk/password")
	p.click("#go-factor")
	secret := squeezeAll(p.value(`input[name=secret]`))
	if got := strings.ReplaceAll(eval[string](p, `document.querySelector("#factor-secret").textContent`), " ",
		""); got != secret || len(secret) != 32 {
		p.fail("the page shows another secret than it sends")
	}
	p.shot("factor")
	code := func(from time.Duration) string {
		c, err := totp.GenerateCode(secret, time.Now().Add(from))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	p.fill("#otp", code(0))
	p.fill("#current", "not the password")
	if status := p.click("main form button"); status != http.StatusUnprocessableEntity || p.value("#otp") != "" ||
		p.value(`input[name=secret]`) != secret {
		p.fail("a wrong password is answered with %d, or more than the secret stays", status)
	}
	p.shot("factor-refused")
	p.fill("#otp", code(0))
	p.fill("#current", w.accounts["li"].Password)
	p.click("main form button")
	p.says(word("done.factor"))

	p.open("/desk/warnings/" + warning + "/approve")
	if !p.there(`#f-otp[inputmode=numeric][autocomplete="one-time-code"]`) {
		p.fail("no code is asked for")
	}
	p.shot("approve-code")
	next := code(30 * time.Second)
	p.fill("#f-otp", next)
	p.expire()
	p.click(`button[value=confirm]`)
	if p.there(`input[name="typed.otp"]`) ||
		strings.Contains(eval[string](p, `document.documentElement.outerHTML`), next) {
		p.fail("the login page carries the code")
	}
	p.enter("li")
	if p.value("#f-otp") != "" {
		p.fail("the code came back")
	}
	p.fill("#f-otp", next)
	p.click(`button[value=confirm]`)
	p.says(word("done.approve"), "管理员 admin 为 li 签发口令和令牌")
	p.shot("warning-seen")

	var got apiWarning
	w.api(t, "viewer", http.MethodGet, "/warnings/"+warning, nil, &got)
	w.api(t, "duty", http.MethodPost, "/warnings/"+warning+"/adjust",
		map[string]any{"revision": got.Revision, "level": "red"}, nil)
	p.open("/desk/warnings/" + warning + "/approve")
	p.fill("#f-otp", next)
	if status := p.click(`button[value=confirm]`); status != http.StatusUnprocessableEntity {
		t.Errorf("the same code again is answered with %d", status)
	}
	p.says("已经用过")
	p.shot("approve-code-refused")
	prove(t, w.App)
}

func squeezeAll(s string) string { return strings.Join(strings.Fields(s), "") }

// declaredOrange has the duty officer declare a warning that waits for its approval.
func (w *world) declaredOrange(t *testing.T) string {
	t.Helper()
	var got apiWarning
	w.api(t, "duty", http.MethodPost, "/warnings",
		map[string]any{"level": "orange", "trigger": "city_order", "reason": "示例"}, &got)
	return got.ID
}
