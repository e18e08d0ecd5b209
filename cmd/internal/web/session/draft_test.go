package session

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
)

func (h *house) keepDraft(user, level string) (id string) {
	h.t.Helper()
	id, err := h.s.KeepDraft(context.Background(), user, url.Values{"level": {level}})
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

// hasDraft says what level a user's draft of that id holds; "" where there is none.
func (h *house) hasDraft(user, id string) string {
	form, _ := h.s.Draft(context.Background(), user, id)
	return form.Get("level")
}

// A draft is its user's alone, outlasts a session and a restart, and ends with a logout and with its time.
func TestDraft(t *testing.T) {
	h := newHouse(t)
	h.account("other")
	password := h.account("duty").Password
	token := h.login("", "duty", password)
	id := h.keepDraft("duty", "red")
	for user, want := range map[string]string{"duty": "red", "other": "", "": ""} {
		if got := h.hasDraft(user, id); got != want {
			t.Errorf("%s finds %q, want %q", user, got, want)
		}
	}
	for _, wrong := range []string{"", "x", id + "x", strings.Repeat("/", 32), "../" + id[3:]} {
		if got := h.hasDraft("duty", wrong); got != "" {
			t.Errorf("%q is the id of one", wrong)
		}
	}
	h.close()
	h.open()
	h.is("after a restart", token, "duty")
	if got := h.hasDraft("duty", id); got != "red" {
		t.Errorf("after a restart it holds %q", got)
	}
	if sessions, err := h.s.Own(request(token), "duty"); err != nil || len(sessions) != 1 {
		t.Errorf("the user has sessions %+v, %v", sessions, err)
	}
	token = h.login(token, "duty", password)
	if got := h.hasDraft("duty", id); got != "red" {
		t.Errorf("after another login it holds %q", got)
	}
	mine, others := h.keepDraft("duty", "red"), h.keepDraft("other", "orange")
	h.s.Logout(httptest.NewRecorder(), request(token))
	if h.hasDraft("duty", mine) != "" || h.hasDraft("other", others) != "orange" {
		t.Error("a logout ends its user's drafts, and no other's")
	}
}

// A user has so many drafts: the next one takes the place of the oldest. A large one is refused.
func TestDraftsAreBounded(t *testing.T) {
	h := newHouse(t)
	ids := make([]string, draftsMost+3)
	for i := range ids {
		h.elapse(time.Second)
		ids[i] = h.keepDraft("duty", fmt.Sprint(i))
	}
	for i, id := range ids {
		want := ""
		if i >= 3 {
			want = fmt.Sprint(i)
		}
		if got := h.hasDraft("duty", id); got != want {
			t.Errorf("draft %d holds %q, want %q", i, got, want)
		}
	}
	_, err := h.s.KeepDraft(context.Background(), "duty", url.Values{"notice": {strings.Repeat("x", draftBytes)}})
	if refusal.CodeOf(err) != refusal.TooLarge {
		t.Errorf("a large one: %v", err)
	}
	h.elapse(draftLife + time.Minute)
	if got := h.hasDraft("duty", ids[len(ids)-1]); got != "" {
		t.Errorf("after its time it holds %q", got)
	}
	form := url.Values{"a": {"1", "2"}, "空": {"\n"}}
	id, err := h.s.KeepDraft(context.Background(), "duty", form)
	if got, _ := h.s.Draft(context.Background(), "duty", id); err != nil || !reflect.DeepEqual(got, form) {
		t.Errorf("kept %v, found %v, %v", form, got, err)
	}
}
