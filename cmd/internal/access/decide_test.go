package access

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

var start = func() time.Time {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err)
	}
	return time.Date(2016, 12, 15, 20, 30, 0, 123e6, loc)
}()

func registry() *journal.Registry {
	r := journal.NewRegistry(journal.Module{Name: "access", Buckets: Buckets(), Decode: Decode, Apply: Apply})
	Register(r)
	return r
}

// state is the module's state twice: as the live path leaves it and as a replay of the recorded JSON does.
type state struct {
	t            rapid.TB
	live, replay *bbolt.DB
	at           time.Time
}

func newState(t rapid.TB, dir string) *state {
	s := &state{t: t, at: start}
	for name, db := range map[string]**bbolt.DB{"live": &s.live, "replay": &s.replay} {
		var err error
		if *db, err = bbolt.Open(filepath.Join(dir, name), 0o600, &bbolt.Options{NoSync: true}); err != nil {
			t.Fatal(err)
		}
		err = (*db).Update(func(tx *bbolt.Tx) error {
			for _, bucket := range journal.Buckets(registry()) {
				if _, err := tx.CreateBucket([]byte(bucket)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *state) close() {
	for _, db := range []*bbolt.DB{s.live, s.replay} {
		if err := db.Close(); err != nil {
			s.t.Error(err)
		}
	}
}

// do decides and applies, on both sides.
func do[P any](s *state, decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, CredentialChange, error), actor string,
	in P) (events []journal.Event, got CredentialChange, err error) {
	s.t.Helper()
	s.at = s.at.Add(1500 * time.Millisecond)
	s.view(func(tx *bbolt.Tx) { events, got, err = decide(tx, actor, in, s.at) })
	for _, ev := range events {
		data, err := json.Marshal(ev)
		if err != nil {
			s.t.Fatal(err)
		}
		again, err := Decode(ev.Kind(), data)
		if err != nil {
			s.t.Fatal(err)
		}
		for db, ev := range map[*bbolt.DB]journal.Event{s.live: ev, s.replay: again} {
			if err := db.Update(func(tx *bbolt.Tx) error { return Apply(tx, nil, s.at, actor, journal.Pos{}, ev) }); err != nil {
				s.t.Fatalf("apply %s: %v", ev.Kind(), err)
			}
		}
	}
	return events, got, err
}

func (s *state) view(fn func(tx *bbolt.Tx)) {
	s.t.Helper()
	if err := s.live.View(func(tx *bbolt.Tx) error { fn(tx); return nil }); err != nil {
		s.t.Fatal(err)
	}
}

func (s *state) row(user string) (r *row) {
	s.t.Helper()
	s.view(func(tx *bbolt.Tx) {
		var err error
		if r, err = find(tx, user); err != nil {
			s.t.Fatal(err)
		}
	})
	return r
}

// same fails unless live and replayed state are the same bytes.
func (s *state) same() {
	s.t.Helper()
	if live, replay := dump(s.t, s.live), dump(s.t, s.replay); !reflect.DeepEqual(live, replay) {
		s.t.Errorf("live and replayed state differ:\n%q\n%q", live, replay)
	}
}

func dump(t rapid.TB, db *bbolt.DB) map[string]string {
	t.Helper()
	rows := map[string]string{}
	err := db.View(func(tx *bbolt.Tx) error {
		for _, bucket := range Buckets() {
			err := tx.Bucket([]byte(bucket)).ForEach(func(k, v []byte) error {
				rows[bucket+"/"+string(k)] = string(v)
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// ruleOf is the rule of a refusal, or of its first wrong field.
func ruleOf(err error) string {
	var e *refusal.Error
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &e):
		return err.Error()
	case len(e.Fields) > 0:
		return e.Fields[0].Rule
	}
	return e.Rule
}

func TestAccountNames(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0001", PasswordRef: "p0", TokenRef: "t0"})
	mustDo(s, DecideAddAccount, AddAccount{User: "duty", Role: calls.Duty, PasswordRef: "p1", TokenRef: "t1"})
	for _, c := range []struct {
		user, role, town string
		rule             string
	}{
		{"duty2", "duty", "", ""},
		{"0", "viewer", "", ""},
		{"a_b-c", "feeder", "", ""},
		{strings.Repeat("a", 40), "inspector", "", ""},
		{"jinghai", "neighbour", "", ""},
		{"yangliuqing", "town", "杨柳青镇", ""},
		{"duty", "duty", "", "access.user_taken"},
		{"duty", "admin", "", "access.user_taken"},
		{"e0001", "viewer", "", "access.name_is_recipient"},
		{"system", "admin", "", "access.user_reserved"},
		{"someone", "enterprise", "", "access.enterprise_by_credentials"},
		{"someone", "town", "", "access.town_required"},
	} {
		ref := "p-" + c.user + c.role
		events, got, err := do(s, DecideAddAccount, "admin",
			AddAccount{User: c.user, Role: calls.Role(c.role), Town: c.town, PasswordRef: ref, TokenRef: "t" + ref})
		if ruleOf(err) != c.rule || (c.rule == "") != (len(events) == 1) {
			t.Errorf("account %q of role %q: %d events, %v, want %q", c.user, c.role, len(events), err, c.rule)
		}
		if c.rule == "" && got != (CredentialChange{c.user, "t1"}) {
			t.Errorf("account %q: result %+v", c.user, got)
		}
	}
	s.same()
}

func TestRecipientNames(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideAddAccount, AddAccount{User: "e0009", Role: calls.Viewer, PasswordRef: "p0", TokenRef: "t0"})
	for _, c := range []struct{ id, rule string }{
		{"E0001", ""},
		{"e0001", ""}, // another recipient: ids of the list differ in case alone if it says so
		{"_x-9", ""},
		{strings.Repeat("E", 40), ""},
		{"E0009", "access.name_is_account"},
		{"e0009", "access.name_is_account"},
		{"", "access.recipient_id"},
		{"E 1", "access.recipient_id"},
		{"E.1", "access.recipient_id"},
		{"*", "access.recipient_id"},
		{"E1\n", "access.recipient_id"},
		{strings.Repeat("E", 41), "access.recipient_id"},
		{"System", "access.user_reserved"},
	} {
		events, _, err := do(s, DecideIssueCredentials, "admin",
			IssueCredentials{Recipient: c.id, PasswordRef: "p" + c.id, TokenRef: "t" + c.id})
		if ruleOf(err) != c.rule || (c.rule == "") != (len(events) == 1) {
			t.Errorf("recipient %q: %d events, %v, want %q", c.id, len(events), err, c.rule)
		}
	}
	s.same()
}

func mustDo[P any](s *state, decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, CredentialChange, error),
	in P) CredentialChange {
	s.t.Helper()
	_, got, err := do(s, decide, "admin", in)
	if err != nil {
		s.t.Fatal(err)
	}
	return got
}

func TestNewCredentialsEndTheOldOnes(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	issue := func(n string, mns ...string) CredentialChange {
		return mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0001", NameRef: "n" + n, Town: "杨柳青镇",
			MNs: mns, PasswordRef: "p" + n, TokenRef: "t" + n})
	}
	issue("1", "MN2", "MN1", "MN2")
	mustDo(s, DecideAddToken, AddToken{User: "E0001", Name: "dcs", TokenRef: "extra"})
	first := *s.row("E0001")
	if want := []string{"MN1", "MN2"}; !reflect.DeepEqual(first.MNs, want) || len(first.Tokens) != 2 ||
		first.Role != calls.Enterprise || first.Recipient != "E0001" {
		t.Fatalf("row %+v, want MNs %q and two tokens", first, want)
	}
	if got := issue("2"); got.TokenID != "t3" {
		t.Errorf("second issue: token %s, want t3: an id is never used again", got.TokenID)
	}
	r := *s.row("E0001")
	if r.Password.Ref != "p2" || len(r.Tokens) != 1 || r.Tokens[0].Ref != "t2" || r.NameRef != "n2" || r.MNs != nil {
		t.Errorf("row %+v, want only what was issued last", r)
	}
	if !r.AddedAt.Equal(first.AddedAt) || !r.Password.At.After(first.Password.At) {
		t.Errorf("added at %v, password at %v; want the first time and a later one", r.AddedAt, r.Password.At)
	}
	s.same()
}

// An account's new password and token end all it had, like a recipient's.
func TestARenewedAccount(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideAddAccount, AddAccount{User: "town", Role: calls.Town, Town: "大寺镇", NameRef: "n", PasswordRef: "p1",
		TokenRef: "t1"})
	mustDo(s, DecideAddToken, AddToken{User: "town", TokenRef: "extra"})
	first := *s.row("town")
	if got := mustDo(s, DecideRenewAccount,
		RenewAccount{User: "town", PasswordRef: "p2", TokenRef: "t2"}); got != (CredentialChange{"town", "t3"}) {
		t.Errorf("renewed: %+v", got)
	}
	r := *s.row("town")
	if r.Password.Ref != "p2" || !r.Password.At.After(first.Password.At) || len(r.Tokens) != 1 || r.Tokens[0].Ref != "t2" {
		t.Errorf("row %+v, want what was issued last alone", r)
	}
	if r.Seen == nil || !r.Seen.At.Equal(r.Password.At) || r.Seen.How != HowIssued {
		t.Errorf("the new secrets were seen %+v", r.Seen)
	}
	r.Password, r.Tokens, r.TokenSeq, r.Seen = first.Password, first.Tokens, first.TokenSeq, first.Seen
	if !reflect.DeepEqual(r, first) {
		t.Errorf("more than the secrets changed: %+v, before %+v", r, first)
	}
	s.same()
}

// Revoked credentials let nobody in until new ones are issued, which is one act; what else is known of the recipient
// stays.
func TestRevokedCredentials(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideIssueCredentials,
		IssueCredentials{Recipient: "E0001", NameRef: "n1", Town: "大寺镇", PasswordRef: "p1", TokenRef: "t1"})
	mustDo(s, DecideAddToken, AddToken{User: "E0001", TokenRef: "extra"})
	mustDo(s, DecideRevokeCredentials, RevokeCredentials{Recipient: "E0001"})
	if r := s.row("E0001"); !r.revoked() || len(r.Tokens) != 0 || r.NameRef != "n1" || r.Town != "大寺镇" {
		t.Errorf("row %+v", r)
	}
	s.view(func(tx *bbolt.Tx) {
		if u, err := Get(tx, "E0001"); err != nil || u.PasswordAt != nil || len(u.Tokens) != 0 || u.Disabled {
			t.Errorf("shown as %+v, %v", u, err)
		}
		if p := PrincipalOf(tx, "E0001"); p != nil {
			t.Errorf("its session goes on as %+v", p)
		}
	})
	if got := mustDo(s, DecideIssueCredentials,
		IssueCredentials{Recipient: "E0001", PasswordRef: "p2", TokenRef: "t2"}); got.TokenID != "t3" {
		t.Errorf("issued again: %+v, want t3: an id is never used again", got)
	}
	if r := s.row("E0001"); r.Password.Ref != "p2" || len(r.Tokens) != 1 {
		t.Errorf("row %+v", r)
	}
	s.same()
}

// The same act again is answered ok and changes nothing.
func TestTheSameCommandAgain(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	twice(s, DecideAddAccount, AddAccount{User: "duty", Role: calls.Duty, PasswordRef: "p1", TokenRef: "t1"})
	twice(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0001", PasswordRef: "p2", TokenRef: "t2"})
	twice(s, DecideRevokeCredentials, RevokeCredentials{Recipient: "E0001"})
	twice(s, DecideRenewAccount, RenewAccount{User: "duty", PasswordRef: "p1b", TokenRef: "t1b"})
	twice(s, DecideAddToken, AddToken{User: "duty", TokenRef: "t3"})
	twice(s, DecideRevoke, Revoke{User: "duty", TokenID: "t2"})
	twice(s, DecideDisable, Disable{User: "duty"})
	twice(s, DecideEnable, Enable{User: "duty"})
	s.same()
}

func twice[P any](s *state, decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, CredentialChange, error), in P) {
	s.t.Helper()
	if events, _, err := do(s, decide, "admin", in); err != nil || len(events) != 1 {
		s.t.Errorf("%+v: %d events, %v, want one", in, len(events), err)
	}
	before := dump(s.t, s.live)
	if events, got, err := do(s, decide, "admin", in); err != nil || len(events) != 0 || got.User == "" {
		s.t.Errorf("%+v again: %d events, %+v, %v, want none and ok", in, len(events), got, err)
	}
	if !reflect.DeepEqual(before, dump(s.t, s.live)) {
		s.t.Errorf("%+v again changed the state", in)
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideAddAccount, AddAccount{User: "admin", Role: calls.Admin, PasswordRef: "p1", TokenRef: "t1"})
	mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0001", PasswordRef: "p2", TokenRef: "t2"})
	mustDo(s, DecideDisable, Disable{User: "E0001"})
	mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0002", PasswordRef: "p3", TokenRef: "t3"})
	mustDo(s, DecideRevokeCredentials, RevokeCredentials{Recipient: "E0002"})
	mustDo(s, DecideAddAccount, AddAccount{User: "duty", Role: calls.Duty, PasswordRef: "p4", TokenRef: "t4"})
	mustDo(s, DecideDisable, Disable{User: "duty"})
	for _, ref := range []string{"2", "3", "4", "5", "6", "7", "8"} {
		mustDo(s, DecideAddToken, AddToken{User: "admin", TokenRef: "more" + ref})
	}
	for _, c := range []struct {
		name string
		act  func() error
		code refusal.Code
		rule string
	}{
		{"a token for nobody", act(s, DecideAddToken, AddToken{User: "nobody", TokenRef: "x"}), refusal.NotFound,
			"access.not_found"},
		{"a ninth token", act(s, DecideAddToken, AddToken{User: "admin", TokenRef: "x"}), refusal.Conflict,
			"access.too_many_tokens"},
		{"a token for the disabled", act(s, DecideAddToken, AddToken{User: "E0001", TokenRef: "x"}),
			refusal.TransitionRefused, "access.user_disabled"},
		{"credentials for the disabled", act(s, DecideIssueCredentials,
			IssueCredentials{Recipient: "E0001", PasswordRef: "x"}), refusal.TransitionRefused, "access.user_disabled"},
		{"a token for the revoked", act(s, DecideAddToken, AddToken{User: "E0002", TokenRef: "x"}), refusal.TransitionRefused,
			"access.credentials_revoked"},
		{"renew nobody", act(s, DecideRenewAccount, RenewAccount{User: "nobody", PasswordRef: "x"}), refusal.NotFound,
			"access.not_found"},
		{"renew a recipient", act(s, DecideRenewAccount, RenewAccount{User: "E0001", PasswordRef: "x"}), refusal.Conflict,
			"access.is_recipient"},
		{"renew the disabled", act(s, DecideRenewAccount, RenewAccount{User: "duty", PasswordRef: "x"}),
			refusal.TransitionRefused, "access.user_disabled"},
		{"revoke nobody's credentials", act(s, DecideRevokeCredentials, RevokeCredentials{Recipient: "E0009"}),
			refusal.NotFound, "access.not_found"},
		{"revoke an account's", act(s, DecideRevokeCredentials, RevokeCredentials{Recipient: "admin"}), refusal.NotFound,
			"access.is_account"},
		{"a token that never was", act(s, DecideRevoke, Revoke{User: "admin", TokenID: "t9"}), refusal.NotFound,
			"access.token_not_found"},
		{"a token of nobody", act(s, DecideRevoke, Revoke{User: "nobody", TokenID: "t1"}), refusal.NotFound,
			"access.not_found"},
		{"disable nobody", act(s, DecideDisable, Disable{User: "nobody"}), refusal.NotFound, "access.not_found"},
		{"disable oneself", act(s, DecideDisable, Disable{User: "admin"}), refusal.SamePerson, "access.not_yourself"},
		{"end the sessions of another", act(s, DecideEndSessions, EndSessions{User: "duty"}), refusal.Forbidden,
			"access.sessions_of_others"},
		{"a login key beside another", act(s, DecideMakeLoginKey, MakeLoginKey{Old: "v1", KeyRef: "v2"}), refusal.Conflict,
			"access.login_key_there"},
		{"a login key that is none", act(s, DecideMakeLoginKey, MakeLoginKey{}), refusal.Conflict, "access.login_key_there"},
		{"enable nobody", act(s, DecideEnable, Enable{User: "nobody"}), refusal.NotFound, "access.not_found"},
	} {
		err := c.act()
		if refusal.CodeOf(err) != c.code || ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s %s", c.name, err, c.code, c.rule)
		}
		if !refusal.Known(ruleOf(err)) {
			t.Errorf("%s: the catalogue has no words for %s", c.name, ruleOf(err))
		}
	}
	s.same()
}

func act[P any](s *state, decide func(*bbolt.Tx, string, P, time.Time) ([]journal.Event, CredentialChange, error),
	in P) func() error {
	return func() error { _, _, err := do(s, decide, "admin", in); return err }
}

func TestUnknownEventsAreRefused(t *testing.T) {
	if _, err := Decode("access.promoted", []byte("{}")); err == nil {
		t.Error("an unknown kind was decoded")
	}
	if _, err := Decode("access.disabled", []byte("{")); err == nil {
		t.Error("broken JSON was decoded")
	}
}

func TestListPagesInOrder(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	users := []string{"E0001", "E0002", "Eduty", "e0003", "e0004"} // in the order of their bytes
	for i := range users {
		user := users[len(users)-1-i]
		mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: user, PasswordRef: "p" + user, TokenRef: "t" + user})
	}
	for user, role := range map[string]calls.Role{"admin": calls.Admin, "duty": calls.Duty, "zhang": calls.Duty} {
		mustDo(s, DecideAddAccount, AddAccount{User: user, Role: role, PasswordRef: "p" + user, TokenRef: "t" + user})
	}
	for role, want := range map[calls.Role][]string{calls.Enterprise: users, "": {"admin", "duty", "zhang"},
		calls.Duty: {"duty", "zhang"}, calls.Admin: {"admin"}, calls.Town: nil} {
		for limit := 1; limit <= len(want)+1; limit++ {
			if got := s.pages(role, limit); !reflect.DeepEqual(got, want) {
				t.Errorf("role %q in pages of %d: %q, want %q", role, limit, got, want)
			}
		}
	}
	s.view(func(tx *bbolt.Tx) {
		if n := Count(tx); n != 8 {
			t.Errorf("Count = %d, want 8", n)
		}
		if u, err := Get(tx, "duty"); err != nil || u.User != "duty" || len(u.Tokens) != 1 || u.PasswordAt == nil {
			t.Errorf("Get = %+v, %v", u, err)
		}
		if _, err := Get(tx, "Duty"); refusal.CodeOf(err) != refusal.NotFound {
			t.Errorf("Get of a name in another case: %v, want not_found", err)
		}
	})
}

// pages reads a list to its end.
func (s *state) pages(role calls.Role, limit int) (users []string) {
	s.t.Helper()
	s.view(func(tx *bbolt.Tx) {
		for cursor := ""; ; {
			page, next, err := ListRole(tx, role, cursor, limit)
			if err != nil || len(page) > limit || next != "" && len(page) < limit {
				s.t.Fatalf("ListRole(%q, %q, %d) = %d users, %q, %v", role, cursor, limit, len(page), next, err)
			}
			for _, u := range page {
				users = append(users, u.User)
			}
			if cursor = next; next == "" {
				return
			}
		}
	})
	return users
}
