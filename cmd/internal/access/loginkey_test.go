package access

import (
	"bytes"
	"encoding/json"
	"sync"
	"testing"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
)

func TestALoginKeyIsMadeOnce(t *testing.T) {
	h := newHouse(t)
	key := func(purpose string) (k []byte) {
		h.view(func(tx *bbolt.Tx) { k = LoginKey(tx, purpose) })
		return k
	}
	if key("a") != nil {
		t.Error("there is a key before one was made")
	}
	before := h.j.Height()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := EnsureLoginKey(t.Context(), h.j); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	first := key("a")
	if len(first) != 32 || bytes.Equal(first, key("b")) {
		t.Errorf("the keys of two purposes: %x, %x", first, key("b"))
	}
	if err := EnsureLoginKey(t.Context(), h.j); err != nil || h.j.Height() == before || !bytes.Equal(key("a"), first) {
		t.Errorf("again: %v, block %d after %d", err, h.j.Height(), before)
	}
	var ref string
	h.view(func(tx *bbolt.Tx) { ref = loginKeyRef(tx) })
	h.erase(ref)
	if key("a") != nil {
		t.Error("an erased key is good")
	}
	if err := EnsureLoginKey(t.Context(), h.j); err != nil || key("a") == nil || bytes.Equal(key("a"), first) {
		t.Errorf("after the erasure: %v, %x", err, key("a"))
	}
}

func TestWhatMakesALoginAnother(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideAddAccount, AddAccount{User: "duty", Role: calls.Duty, PasswordRef: "p1", TokenRef: "t1"})
	login := func() (name string) {
		s.view(func(tx *bbolt.Tx) {
			if p := PrincipalOf(tx, "duty"); p != nil {
				name = p.Login()
			}
		})
		return name
	}
	seen := map[string]string{}
	is := func(what string) {
		t.Helper()
		if now := login(); now == "" || seen[now] != "" {
			t.Errorf("after %s the login is %q, as after %s", what, now, seen[now])
		} else {
			seen[now] = what
		}
	}
	is("the first password")
	if login() != "p1" {
		t.Errorf("sessions that began before any were ended rest on %q", login())
	}
	if _, _, err := do(s, DecideEndSessions, "duty", EndSessions{User: "duty"}); err != nil {
		t.Fatal(err)
	}
	is("the end of all sessions")
	mustDo(s, DecideDisable, Disable{User: "duty"})
	mustDo(s, DecideEnable, Enable{User: "duty"})
	is("it was disabled and enabled")
	mustDo(s, DecideRenewAccount, RenewAccount{User: "duty", PasswordRef: "p2", TokenRef: "t2"})
	is("new credentials")
	s.same()
}

// A record that was written when disabling ended no sessions for good leaves what it left then.
func TestADisabledUserOfAnEarlierRecord(t *testing.T) {
	ev, err := Decode("access.disabled", []byte(`{"user":"duty"}`))
	if err != nil || ev.(Disabled).Ends {
		t.Errorf("%+v, %v", ev, err)
	}
	if text, err := json.Marshal(row{User: "duty"}); err != nil || bytes.Contains(text, []byte("ended")) {
		t.Errorf("a row without ended sessions says %s, %v", text, err)
	}
}
