package session

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
)

// What a client can make grow has an end: of a user as many sessions stay as it may have, those that were used last.
func TestTheSessionsOfAUserAreBounded(t *testing.T) {
	h := newHouse(t)
	duty, viewer := h.account("duty"), h.account("viewer")
	other := h.login("", "viewer", viewer.Password)
	first := h.login("", "duty", duty.Password)
	var last string
	for range ownMost + 2*ownSlack {
		h.elapse(time.Second)
		last = h.login("", "duty", duty.Password)
	}
	own, err := h.s.Own(request(last), "duty")
	if err != nil || len(own) > ownMost+ownSlack {
		t.Errorf("%d sessions, %v", len(own), err)
	}
	if !own[0].Current || !slices.IsSortedFunc(own, func(a, b calls.Session) int { return b.SeenAt.Compare(a.SeenAt) }) {
		t.Errorf("the first is %+v", own[0])
	}
	h.is("the first", first, "")
	h.is("the last", last, "duty")
	h.is("another user's", other, "viewer")
}

// The list has what is good, of who asks alone, also after a restart and where rows are damaged or of a user whose name
// begins alike.
func TestWhatTheListOfSessionsHas(t *testing.T) {
	h := newHouse(t)
	duty, duty2 := h.account("duty"), h.account("duty2")
	here, idle := h.login("", "duty", duty.Password), h.login("", "duty", duty.Password)
	h.login("", "duty2", duty2.Password)
	out := h.login("", "duty", duty.Password)
	h.s.Logout(httptest.NewRecorder(), request(out))
	if err := h.s.rows.Put(t.Context(), "damaged", []byte("duty"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	h.elapse(Idle / 2)
	h.is("in use", here, "duty")
	h.elapse(Idle / 2)
	h.is("idle", idle, "")
	h.close()
	h.open()
	own, err := h.s.Own(request(here), "duty")
	if err != nil || len(own) != 1 || !own[0].Current || own[0].SeenAt.Sub(own[0].BegunAt) != Idle/2 {
		t.Errorf("%+v, %v", own, err)
	}
	if nobody, err := h.s.Own(request(""), "nobody"); err != nil || len(nobody) != 0 {
		t.Errorf("nobody's are %+v, %v", nobody, err)
	}
	h.change("duty", duty.Password, "three herons wade past")
	if own, err := h.s.Own(request(""), "duty"); err != nil || len(own) != 0 {
		t.Errorf("after another password: %+v, %v", own, err)
	}
}

func TestWhatABrowserSaysItIs(t *testing.T) {
	for said, want := range map[string]string{"": "", "Firefox/140": "Firefox/140", "a\x00b\x1b[31m\u202ec\xff": "ab[31mc",
		strings.Repeat("长", 500): strings.Repeat("长", browserMost)} {
		r := request("")
		r.Header.Set("User-Agent", said)
		if got := browserOf(r); got != want {
			t.Errorf("%q is kept as %q", said, got)
		}
	}
}

// No id of a session can be taken for an option in a shell, whatever its key is.
func TestIDsOfSessionsAreHexadecimal(t *testing.T) {
	for range 500 {
		if id := idOf(keyOf(newToken())); len(id) != 2*idBytes || strings.Trim(id, "0123456789abcdef") != "" {
			t.Fatalf("id %q", id)
		}
	}
}
