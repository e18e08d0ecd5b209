package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
)

// kicks is whose connections were closed since it was last asked.
func (w *world) kicks() (since func() []string) {
	var users []string
	w.svc.Kick = func(user string) { users = append(users, user) }
	return func() []string {
		got := users
		users = nil
		return got
	}
}

// closed fails unless the connections of exactly that user were closed; "" is nobody's.
func (w *world) closed(since func() []string, what, user string) {
	w.t.Helper()
	var want []string
	if user != "" {
		want = []string{user}
	}
	if got := since(); !slices.Equal(got, want) {
		w.t.Errorf("%s: closed the connections of %q, want %q", what, got, want)
	}
}

func me(who string) call { return call{who: who, method: "GET", path: "/api/v1/me"} }

type userPage struct {
	Items []calls.User
	Next  string
	Total int
}

// The list is of accounts; the recipients are there under their role. No secret stands in either.
func TestListAndShowAccounts(t *testing.T) {
	w := newWorld(t)
	names := func(p userPage) (users []string) {
		for _, u := range p.Items {
			users = append(users, u.User)
		}
		return users
	}
	accounts := []string{"admin", "approver", "duty", "feeder", "inspector", "neighbour", "town", "viewer"}
	for _, c := range []struct {
		query string
		want  []string
		next  string
		total int
	}{
		{"", accounts, "", 8},
		{"?limit=3", accounts[:3], "duty", -1},
		{"?limit=3&cursor=inspector", accounts[5:], "", -1},
		{"?role=duty", []string{"duty"}, "", 1},
		{"?role=enterprise&limit=2", []string{"E0001", "E0002"}, "E0002", -1},
	} {
		var page userPage
		r := w.must(http.StatusOK, call{who: "admin", path: "/api/v1/accounts" + c.query}, &page)
		if got := names(page); !slices.Equal(got, c.want) || page.Next != c.next || page.Total != c.total {
			t.Errorf("accounts%s: %q, next %q, total %d", c.query, got, page.Next, page.Total)
		}
		for _, secret := range append(slices.Clone(w.shown), "ref") {
			if strings.Contains(r.body, secret) {
				t.Errorf("accounts%s shows a secret or where one is kept: %s", c.query, r.body)
			}
		}
	}
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "admin", method: "GET", path: "/api/v1/accounts?role=king"})
	w.refused(http.StatusUnprocessableEntity, "unknown_field",
		call{who: "admin", method: "GET", path: "/api/v1/accounts?town=x"})

	var town, plant calls.User
	w.must(http.StatusOK, call{who: "admin", path: "/api/v1/accounts/town"}, &town)
	if town.Name != "示例" || town.Town != "大寺镇" || town.Role != calls.Town || len(town.Tokens) != 1 ||
		town.Tokens[0].ID != "t1" || town.AddedBy != "init" {
		t.Errorf("the town is %+v", town)
	}
	w.must(http.StatusOK, call{who: "admin", path: "/api/v1/accounts/E0001"}, &plant)
	if plant.Recipient != "E0001" || plant.PasswordAt == nil {
		t.Errorf("the plant is %+v", plant)
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "admin", method: "GET", path: "/api/v1/accounts/nobody"})
}

// An account's new credentials end the old ones, are shown once, and close what was open under the old.
func TestNewCredentialsOfAnAccount(t *testing.T) {
	w := newWorld(t)
	since := w.kicks()
	renew := call{who: "admin", method: "POST", path: "/api/v1/accounts/duty/credentials",
		header: map[string]string{"Idempotency-Key": "k1"}}
	var issued calls.Issued
	w.must(http.StatusOK, renew, &issued)
	w.closed(since, "new credentials", "duty")
	w.refused(http.StatusUnauthorized, "unauthenticated", me("duty"))
	w.keep("duty", issued)
	w.must(http.StatusOK, me("duty"), nil)
	if p, _, err := w.svc.Login("duty", issued.Password); err != nil || p == nil || p.Role != calls.Duty ||
		p.Name != "示例" {
		t.Errorf("login with the new password: %+v, %v", p, err)
	}
	// The answer was lost and is asked for again: it is not shown a second time, and what may still be open is closed.
	if p := w.refused(http.StatusConflict, "conflict", renew); !strings.Contains(p.Detail, "k1") {
		t.Errorf("the repeat says %s", p.Detail)
	}
	w.closed(since, "the repeat", "duty")
	w.must(http.StatusOK, me("duty"), nil)

	for _, c := range []struct {
		status     int
		code, path string
	}{
		{404, "not_found", "/api/v1/accounts/nobody/credentials"},
		{409, "conflict", "/api/v1/accounts/E0001/credentials"},
	} {
		w.refused(c.status, c.code, call{who: "admin", method: "POST", path: c.path})
	}
	w.refused(http.StatusUnprocessableEntity, "unknown_field",
		call{who: "admin", path: "/api/v1/accounts/duty/credentials", body: `{"password":"mine"}`})
	w.closed(since, "refused ones", "")
	// An administrator may renew its own, and goes on with what it is shown.
	w.must(http.StatusOK, call{who: "admin", method: "POST", path: "/api/v1/accounts/admin/credentials"}, &issued)
	w.refused(http.StatusUnauthorized, "unauthenticated", me("admin"))
	w.keep("admin", issued)
	w.must(http.StatusOK, me("admin"), nil)
}

func TestDisableAndEnable(t *testing.T) {
	w := newWorld(t)
	since := w.kicks()
	act := func(user, act string) call {
		return call{who: "admin", method: "POST", path: "/api/v1/accounts/" + user + "/" + act}
	}
	for _, user := range []string{"viewer", "E0001"} {
		var u calls.User
		w.must(http.StatusOK, act(user, "disable"), &u)
		if !u.Disabled || u.User != user {
			t.Errorf("disabled: %+v", u)
		}
		w.closed(since, "disable", user)
		w.refused(http.StatusUnauthorized, "unauthenticated", me(user))
		w.must(http.StatusOK, act(user, "disable"), nil) // again: nothing changes
		since()
		p := w.refused(http.StatusConflict, "transition_refused",
			call{who: "admin", method: "POST", path: "/api/v1/accounts/" + user + "/tokens"})
		if p.State != "disabled" {
			t.Errorf("refused in state %q", p.State)
		}
		w.closed(since, "a refused token", "")
		w.must(http.StatusOK, act(user, "enable"), &u)
		if u.Disabled {
			t.Errorf("enabled: %+v", u)
		}
		w.closed(since, "enable", "")
		w.must(http.StatusOK, me(user), nil)
	}
	w.refused(http.StatusConflict, "same_person", act("admin", "disable"))
	w.must(http.StatusOK, me("admin"), nil)
	w.refused(http.StatusNotFound, "not_found", act("nobody", "disable"))
	w.refused(http.StatusNotFound, "not_found", act("nobody", "enable"))
}

func TestRevokeATokenAndCredentials(t *testing.T) {
	w := newWorld(t)
	since := w.kicks()
	revoke := func(path string) call { return call{who: "admin", method: "DELETE", path: "/api/v1" + path} }
	first := w.tokens["viewer"]
	var more calls.Issued
	w.must(http.StatusCreated, call{who: "admin", path: "/api/v1/accounts/viewer/tokens", body: `{"name":"dcs"}`}, &more)
	w.keep("second", more)
	var u calls.User
	w.must(http.StatusOK, revoke("/accounts/viewer/tokens/t1"), &u)
	if len(u.Tokens) != 1 || u.Tokens[0].ID != "t2" || u.Tokens[0].Name != "dcs" {
		t.Errorf("left: %+v", u.Tokens)
	}
	w.closed(since, "a revoked token", "viewer")
	w.tokens["viewer"] = first
	w.refused(http.StatusUnauthorized, "unauthenticated", me("viewer"))
	w.must(http.StatusOK, me("second"), nil)
	w.must(http.StatusOK, revoke("/accounts/viewer/tokens/t1"), nil)
	w.refused(http.StatusNotFound, "not_found", revoke("/accounts/viewer/tokens/t9"))
	w.refused(http.StatusNotFound, "not_found", revoke("/accounts/nobody/tokens/t1"))
	since()

	u = calls.User{}
	w.must(http.StatusOK, revoke("/recipients/E0002/credentials"), &u)
	if u.PasswordAt != nil || len(u.Tokens) != 0 || u.Recipient != "E0002" {
		t.Errorf("revoked: %+v", u)
	}
	w.closed(since, "revoked credentials", "E0002")
	w.refused(http.StatusUnauthorized, "unauthenticated", me("E0002"))
	w.must(http.StatusOK, revoke("/recipients/E0002/credentials"), nil)
	w.refused(http.StatusNotFound, "not_found", revoke("/recipients/E0009/credentials")) // none were ever issued
	w.refused(http.StatusNotFound, "not_found", revoke("/recipients/duty/credentials"))
	w.must(http.StatusOK, me("duty"), nil)
	if p := w.refused(http.StatusConflict, "transition_refused",
		call{who: "admin", method: "POST", path: "/api/v1/accounts/E0002/tokens"}); p.State != "revoked" {
		t.Errorf("a token for a revoked recipient is refused in state %q", p.State)
	}
	var again calls.Issued
	w.must(http.StatusOK, call{who: "admin", method: "POST", path: "/api/v1/recipients/E0002/credentials"}, &again)
	w.keep("E0002", again)
	w.must(http.StatusOK, me("E0002"), nil)
}
