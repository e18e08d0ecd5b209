package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
)

// noticed is what a warning's history says of who acted.
type noticed struct {
	ID       string
	Revision int
	History  []struct {
		Actor      string
		Event      string
		SecretSeen *struct{ By, At, How string } `json:"secret_seen"`
	}
}

// An administrator who reissues duty's and approver's secrets can act as both. Both acts say who saw the secret, and
// when.
func TestAnAdministratorWhoIsBothPersonsIsNamedByBothActs(t *testing.T) {
	w := newWorld(t)
	w.renewed("duty")
	w.renewed("approver")
	var got noticed
	w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: declaration(alerts.Orange)}, &got)
	w.must(http.StatusOK, call{who: "approver", path: "/api/v1/warnings/" + got.ID + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, got.Revision)}, &got)
	said := map[string]string{}
	for _, h := range got.History {
		if h.SecretSeen != nil {
			said[h.Event] = h.Actor + " " + h.SecretSeen.By + " " + h.SecretSeen.How
			if h.SecretSeen.At == "" {
				t.Errorf("%s does not say when the secret was seen", h.Event)
			}
		}
	}
	if said["declared"] != "duty admin issued" || said["approved"] != "approver admin issued" {
		t.Errorf("the acts of two accounts whose secrets the administrator saw say %v", said)
	}
}

// enrolment is the body with which an account enrols a second factor.
func (w *world) enrolment(user, password string) string {
	w.t.Helper()
	var draft calls.FactorDraft
	w.must(http.StatusOK, call{who: user, path: calls.Prefix + "/me/factor/secret"}, &draft)
	w.shown = append(w.shown, draft.Secret)
	return fmt.Sprintf(`{"current":%q,"secret":%q,"otp":%q}`, password, draft.Secret, w.Code(draft.Secret))
}

// enrolled gives an account new secrets and a second factor, whose secret it returns. The next code is good.
func (w *world) enrolled(user string) string {
	w.t.Helper()
	body := w.enrolment(user, w.renewed(user))
	w.must(http.StatusOK, call{who: user, path: calls.Prefix + "/me/factor", body: body}, nil)
	w.clock.Add(30 * time.Second)
	_, rest, _ := strings.Cut(body, `"secret":"`)
	return rest[:strings.IndexByte(rest, '"')]
}

// The second factor over HTTP: who has one approves with a code, which is refused the second time; wrong ones are told
// in their place, and after five the answer says when to try again. The administrator sees the factor, and resets it.
func TestASecondFactorOverHTTP(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled("approver")
	var state calls.FactorState
	if w.must(http.StatusOK, call{who: "approver", path: calls.Prefix + "/me/factor"}, &state); state.At == nil ||
		state.Required {
		t.Errorf("the factor is %+v", state)
	}
	one, two := w.declared(alerts.Orange), new(alerts.Warning)
	approve := func(of *alerts.Warning, otp string) call {
		return call{who: "approver", path: calls.Prefix + "/warnings/" + of.ID + "/approve",
			body: fmt.Sprintf(`{"revision":%d,"otp":%q}`, of.Revision, otp)}
	}
	at := func(p problem) string { return p.Errors[0].Path + " " + p.Errors[0].Rule }
	if p := w.refused(http.StatusUnprocessableEntity, "invalid", approve(one, "")); at(p) != "otp access.otp_wanted" {
		t.Errorf("without a code: %+v", p)
	}
	code := w.Code(secret)
	w.must(http.StatusOK, approve(one, code), one)
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/warnings/" + one.ID + "/adjust",
		body: fmt.Sprintf(`{"revision":%d,"level":"red","reason":"示例"}`, one.Revision)}, two)
	if p := w.refused(http.StatusUnprocessableEntity, "invalid", approve(two, code)); at(p) != "otp access.otp_used" {
		t.Errorf("the same code again: %+v", p)
	}
	for range 5 {
		if p := w.refused(http.StatusUnprocessableEntity, "invalid",
			approve(two, w.wrongCode(secret))); at(p) != "otp access.otp_wrong" {
			t.Errorf("a wrong code: %+v", p)
		}
	}
	w.refused(http.StatusTooManyRequests, "rate_limited", approve(two, w.Code(secret)))
	if after := w.do(approve(two, w.Code(secret))).Header.Get("Retry-After"); after != "901" {
		t.Errorf("closed codes are to be tried again after %s s", after)
	}
	var u calls.User
	if w.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/accounts/approver"}, &u); u.FactorAt == nil ||
		u.Reset != nil {
		t.Errorf("the account is %+v", u)
	}
	w.must(http.StatusOK, call{who: "admin", method: "DELETE", path: calls.Prefix + "/accounts/approver/factor"}, &u)
	if u.FactorAt != nil || u.Reset == nil || u.Reset.By != "admin" || u.SecretSeen == nil ||
		u.SecretSeen.How != access.HowReset {
		t.Errorf("after the reset the account is %+v", u)
	}
	w.must(http.StatusOK, approve(two, ""), two)
	if p := w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "approver", path: calls.Prefix + "/me/factor",
		body: `{"current":"no","secret":"` + secret + `","otp":"123456"}`}); at(p) != "current session.current_wrong" {
		t.Errorf("enrolled with a wrong password: %+v", p)
	}
	if p := w.refused(http.StatusConflict, "conflict", call{who: "E0001", path: calls.Prefix + "/me/factor",
		body: w.enrolment("E0001", w.passwordOf("E0001"))}); p.Detail == "" {
		t.Errorf("a recipient: %+v", p)
	}
}

// wrongCode is a code of none of the steps that count now.
func (w *world) wrongCode(secret string) string {
	w.t.Helper()
	for n := 0; ; n++ {
		code, right := fmt.Sprintf("%06d", n), false
		for _, d := range []time.Duration{-30 * time.Second, 60 * time.Second, -30 * time.Second} {
			w.clock.Add(d)
			right = right || w.Code(secret) == code
		}
		if !right {
			return code
		}
	}
}

// passwordOf issues a recipient new credentials.
func (w *world) passwordOf(recipient string) string {
	issued := w.Credentials(recipient)
	w.keep(recipient, issued)
	return issued.Password
}

// Who sees only what is its own does not see of whose acts an administrator may be the author.
func TestWhoseSecretWasSeenStaysInTheOffice(t *testing.T) {
	w := newWorld(t)
	w.renewed("duty")
	id := w.ordered()
	for _, c := range []struct {
		who  string
		sees bool
	}{{"duty", true}, {"approver", true}, {"inspector", true}, {"viewer", true}, {"admin", true}, {"E0001", false},
		{"town", false}, {"feeder", false}} {
		for _, path := range []string{"/warnings/" + id, "/warnings"} {
			r := w.must(http.StatusOK, call{who: c.who, path: calls.Prefix + path}, nil)
			if got := strings.Contains(r.body, "secret_seen"); got != c.sees {
				t.Errorf("%s by %s: sees it %v, want %v", path, c.who, got, c.sees)
			}
		}
	}
}
