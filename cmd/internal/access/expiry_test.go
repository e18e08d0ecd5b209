package access

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
)

// ends is a token of a user that ends at a time.
func (h *house) ends(user string, at time.Time) calls.Issued {
	h.t.Helper()
	return h.submit(AddTokenCommand("admin", "", calls.NewToken{ByID: calls.ByID{ID: user}, Name: "dcs", ExpiresAt: &at}))
}

// soon are the tokens that end until a time.
func (h *house) soon(until time.Time, limit int) (names []string, more bool) {
	h.t.Helper()
	h.view(func(tx *bbolt.Tx) {
		found, rest, err := ExpiringTokens(tx, until, limit)
		if err != nil {
			h.t.Fatal(err)
		}
		more = rest
		for _, e := range found {
			names = append(names, fmt.Sprint(e.User, " ", e.Token, " ", e.At.UTC().Format(time.DateOnly)))
		}
	})
	return names, more
}

// newClockHouse is a house whose clock the test moves.
func newClockHouse(t *testing.T) (*house, *journaltest.Clock) {
	clock := journaltest.NewClock(time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC))
	h := &house{t: t, dir: t.TempDir()}
	h.j = journaltest.Open(t, journal.Options{Dir: h.dir, Registry: registry(), Clock: clock.Now})
	return h, clock
}

// From its time on a token is refused over HTTP and NATS, to the moment; what else its user has is not concerned.
func TestATokenEndsAtItsTime(t *testing.T) {
	h, clock := newClockHouse(t)
	p := h.cheap()
	first := h.account("duty", calls.Duty)
	end := clock.Now().Add(time.Hour)
	short := h.ends("duty", end.Add(700*time.Millisecond)) // whole seconds are kept
	if short.ExpiresAt == nil || !short.ExpiresAt.Equal(end) {
		t.Errorf("the answer says %v, want %v", short.ExpiresAt, end)
	}
	in := func(token string) (http, bus *Principal) {
		t.Helper()
		bus, _, err := p.CheckSecret("duty", secretOf(t, token))
		if err != nil {
			t.Fatal(err)
		}
		return h.verifyToken(token), bus
	}
	clock.Add(time.Hour - time.Millisecond)
	if http, bus := in(short.Token); http == nil || bus == nil || http.Token != "t2" || !http.Expires.Equal(end) ||
		!bus.Expires.Equal(end) {
		t.Errorf("just before its end: %+v, %+v", http, bus)
	}
	clock.Add(time.Millisecond)
	if http, bus := in(short.Token); http != nil || bus != nil {
		t.Errorf("at its end: %+v, %+v", http, bus)
	}
	if http, bus := in(first.Token); http == nil || bus == nil || !http.Expires.IsZero() || http.Token != "t1" {
		t.Errorf("another token: %+v, %+v", http, bus)
	}
	if check, bus := h.logins(p, "duty", first.Password); !check || !bus {
		t.Error("the password ended too")
	}
	// Its timer takes it out of the record: it stays out when the clock is set back, and gives its place free.
	h.act(CommandExpireToken, ExpireToken{User: "duty", TokenID: "t2"})
	h.act(CommandExpireToken, ExpireToken{User: "duty", TokenID: "t2"})
	clock.Add(-time.Hour)
	if http, bus := in(short.Token); http != nil || bus != nil {
		t.Errorf("with the clock set back: %+v, %+v", http, bus)
	}
	if r := h.row("duty"); len(r.Tokens) != 1 || r.TokenSeq != 2 {
		t.Errorf("the row keeps %+v", r)
	}
	for range maxTokens - 1 {
		h.ends("duty", clock.Now().Add(30*24*time.Hour))
	}
	h.proved()
}

// proved fails unless the record replays to the state that it left.
func (h *house) proved() {
	h.t.Helper()
	r, err := h.j.Check(h.t.Context())
	if err != nil || len(r.Problems) > 0 {
		h.t.Errorf("check: %v %v", err, r.Problems)
	}
}

// A token is not ended before its time, whatever runs.
func TestATokenThatIsNotOverStays(t *testing.T) {
	h, clock := newClockHouse(t)
	h.account("duty", calls.Duty)
	issued := h.ends("duty", clock.Now().Add(time.Minute))
	h.act(CommandExpireToken, ExpireToken{User: "duty", TokenID: "t2"})
	h.act(CommandExpireToken, ExpireToken{User: "duty", TokenID: "t1"})
	h.act(CommandExpireToken, ExpireToken{User: "nobody", TokenID: "t1"})
	if h.verifyToken(issued.Token) == nil || len(h.row("duty").Tokens) != 2 {
		t.Error("it has ended")
	}
}

func TestAnEndIsToCome(t *testing.T) {
	h, clock := newClockHouse(t)
	h.account("duty", calls.Duty)
	height := h.j.Height()
	for _, at := range []time.Time{clock.Now(), clock.Now().Add(-time.Hour), {}, clock.Now().Add(900 * time.Millisecond)} {
		cmd, issued := AddTokenCommand("admin", "", calls.NewToken{ByID: calls.ByID{ID: "duty"}, ExpiresAt: &at})
		_, err := Submit(t.Context(), h.j, cmd, issued)
		if fieldRule(err) != "access.expires_past" || refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("until %v: %v", at, err)
		}
	}
	if h.j.Height() != height {
		t.Error("a refusal was recorded")
	}
}

// Those are named that end soon and still serve somebody, the next first; what ended otherwise is not.
func TestWhichTokensEndSoon(t *testing.T) {
	h, clock := newClockHouse(t)
	now := clock.Now()
	days := func(n int) time.Time { return now.Add(time.Duration(n) * 24 * time.Hour) }
	for _, user := range []string{"duty", "feeder", "away", "renewed"} {
		h.account(user, calls.Duty)
	}
	h.credentials("E0001")
	h.credentials("E0002")
	h.ends("duty", days(20))
	h.ends("feeder", days(9))
	h.ends("feeder", days(3000)) // as far off as people type
	h.ends("feeder", time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
	h.ends("feeder", days(2)) // and revoked: t5
	h.ends("away", days(3))
	h.ends("renewed", days(4))
	h.ends("E0001", days(5))
	h.ends("E0002", days(6))
	h.act(CommandRevoke, Revoke{User: "feeder", TokenID: "t5"})
	h.act(CommandDisable, Disable{User: "away"})
	h.act(CommandRevokeCredentials, RevokeCredentials{Recipient: "E0002"})
	h.submit(RenewAccountCommand("admin", "", "renewed"))
	for until, want := range map[int][]string{
		4:  nil,
		9:  {"E0001 t2 2026-11-06", "feeder t2 2026-11-10"},
		14: {"E0001 t2 2026-11-06", "feeder t2 2026-11-10"},
		21: {"E0001 t2 2026-11-06", "feeder t2 2026-11-10", "duty t2 2026-11-21"},
	} {
		if got, more := h.soon(days(until), 100); !slices.Equal(got, want) || more {
			t.Errorf("within %d days: %q, more %v, want %q", until, got, more, want)
		}
	}
	h.act(CommandEnable, Enable{User: "away"})
	if got, more := h.soon(days(14), 2); !slices.Equal(got, []string{"away t2 2026-11-04", "E0001 t2 2026-11-06"}) ||
		!more {
		t.Errorf("of two that are read: %q, more %v", got, more)
	}
	h.credentials("E0001") // new ones end all
	if got, _ := h.soon(days(14), 100); !slices.Equal(got, []string{"away t2 2026-11-04", "feeder t2 2026-11-10"}) {
		t.Errorf("after new credentials: %q", got)
	}
	h.proved()
}
