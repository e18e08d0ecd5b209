package access

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/journaltest"
)

// house is a journal with this package alone, on a server without a listener.
type house struct {
	t   testing.TB
	dir string
	j   *journal.Journal
	log bytes.Buffer
}

func newHouse(t testing.TB) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	h.j = journaltest.Open(t, journal.Options{Dir: h.dir, Registry: registry(),
		Log: slog.New(slog.NewTextHandler(&h.log, nil))})
	return h
}

func (h *house) submit(cmd journal.Command, issued calls.Issued) calls.Issued {
	h.t.Helper()
	issued, err := Submit(h.t.Context(), h.j, cmd, issued)
	if err != nil {
		h.t.Fatal(err)
	}
	return issued
}

func (h *house) account(user string, role calls.Role) calls.Issued {
	h.t.Helper()
	return h.submit(AddAccountCommand("admin", "", calls.NewAccount{User: user, Role: string(role), Name: "张三"}))
}

func (h *house) credentials(id string) calls.Issued {
	h.t.Helper()
	return h.submit(IssueCredentialsCommand("admin", "",
		Recipient{ID: id, Name: "示例热电厂", Town: "杨柳青镇", MNs: []string{"MN1"}}))
}

func (h *house) token(user string) calls.Issued {
	h.t.Helper()
	return h.submit(AddTokenCommand("admin", "", calls.NewToken{ByID: calls.ByID{ID: user}, Name: "dcs"}))
}

func (h *house) act(kind string, payload any) {
	h.t.Helper()
	if _, err := h.j.Submit(h.t.Context(), journal.Command{Kind: kind, Actor: "admin", Payload: payload}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) verify(user, secret string) *Principal {
	h.t.Helper()
	return h.login(func(tx *bbolt.Tx) *Principal {
		p, _, _ := look(tx, user, secret, h.j.Wall(), 1, 1)
		return p
	})
}

func (h *house) verifyToken(text string) *Principal {
	h.t.Helper()
	return h.login(func(tx *bbolt.Tx) *Principal { return VerifyToken(tx, text, h.j.Wall()) })
}

// login is the principal that check finds, or nil.
func (h *house) login(check func(tx *bbolt.Tx) *Principal) (p *Principal) {
	h.t.Helper()
	h.view(func(tx *bbolt.Tx) { p = check(tx) })
	return p
}

func (h *house) view(fn func(tx *bbolt.Tx)) {
	h.t.Helper()
	if err := h.j.View(func(tx *bbolt.Tx) error { fn(tx); return nil }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) row(user string) (r *row) {
	h.t.Helper()
	h.view(func(tx *bbolt.Tx) {
		var err error
		if r, err = must(tx, user); err != nil {
			h.t.Fatal(err)
		}
	})
	return r
}

func secretOf(t testing.TB, tokenText string) string {
	t.Helper()
	_, secret, ok := splitToken(tokenText)
	if !ok {
		t.Fatalf("%q is no token", tokenText)
	}
	return secret
}

func TestWhoLogsIn(t *testing.T) {
	h := newHouse(t)
	duty, plant, other := h.account("duty", calls.Duty), h.credentials("E0001"), h.credentials("E0002")
	extra := h.token("E0001")
	if extra.Password != "" {
		t.Errorf("a token came with the password %q", extra.Password)
	}
	for _, c := range []struct {
		name, user, secret string
		ok                 bool
	}{
		{"an account's password", "duty", duty.Password, true},
		{"its token's secret", "duty", secretOf(t, duty.Token), true},
		{"a recipient's password", "E0001", plant.Password, true},
		{"its token's secret", "E0001", secretOf(t, plant.Token), true},
		{"its second token's secret", "E0001", secretOf(t, extra.Token), true},
		{"another's password", "E0001", other.Password, false},
		{"another's token", "E0001", secretOf(t, other.Token), false},
		{"its name in another case", "e0001", plant.Password, false},
		{"nobody", "E0009", plant.Password, false},
		{"no name", "", plant.Password, false},
		{"no secret", "E0001", "", false},
		{"the decoy", "nobody", "", false},
		{"a secret with more behind it", "E0001", plant.Password + "x", false},
		{"a secret cut short", "E0001", plant.Password[:42], false},
		{"a vault reference", "E0001", h.row("E0001").Password.Ref, false},
	} {
		if p := h.verify(c.user, c.secret); (p != nil) != c.ok {
			t.Errorf("%s: %+v, want ok %v", c.name, p, c.ok)
		}
	}
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"an account's", duty.Token, true},
		{"a recipient's", plant.Token, true},
		{"its second", extra.Token, true},
		{"the secret alone", secretOf(t, plant.Token), false},
		{"under another's name", tokenText("E0002", secretOf(t, plant.Token)), false},
		{"a password in its place", tokenText("E0001", plant.Password), false},
		{"nothing", "", false},
		{"the name alone", "qk.E0001", false},
		{"no secret", "qk.E0001.", false},
	} {
		if p := h.verifyToken(c.text); (p != nil) != c.ok {
			t.Errorf("token, %s: %+v, want ok %v", c.name, p, c.ok)
		}
	}
}

// Who came with a token is told by its id, wherever it stands among the user's, over HTTP and NATS alike; a password
// has none.
func TestThePrincipalNamesItsToken(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	duty := h.account("duty", calls.Duty)
	second, third := h.token("duty"), h.token("duty")
	bus := func(secret string) *Principal {
		who, _, err := p.CheckSecret("duty", secret)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	session := func(secret string) *Principal {
		who, err := p.Check(t.Context(), "duty", secret)
		if err != nil {
			t.Fatal(err)
		}
		return who
	}
	says := func(name string, who *Principal, want string) {
		t.Helper()
		if who == nil || who.Token != want {
			t.Errorf("%s: %+v, want the token %q", name, who, want)
		}
	}
	for i, issued := range []calls.Issued{duty, second, third} {
		says("a token", h.verifyToken(issued.Token), tokenID(i+1))
		says("a token's secret over NATS", bus(secretOf(t, issued.Token)), tokenID(i+1))
	}
	says("a password over NATS", bus(duty.Password), "")
	says("a session's password", session(duty.Password), "")
	h.act(CommandRevoke, Revoke{User: "duty", TokenID: "t1"})
	says("the last but one behind a revoked one", h.verifyToken(second.Token), "t2")
	says("the last behind a revoked one", bus(secretOf(t, third.Token)), "t3")
	h.change(p, "duty", duty.Password, own)
	says("a chosen password", session(own), "")
	says("a token beside it", h.verifyToken(third.Token), "t3")
	says("renewed", h.verifyToken(h.submit(RenewAccountCommand("admin", "", "duty")).Token), "t4")
	h.view(func(tx *bbolt.Tx) {
		who := PrincipalOf(tx, "duty")
		says("a session that goes on", who, "")
	})
}

func TestPrincipals(t *testing.T) {
	h := newHouse(t)
	town := h.submit(AddAccountCommand("admin", "",
		calls.NewAccount{User: "yangliuqing", Role: "town", Name: " 李四 ", Town: "杨柳青镇"}))
	plant := h.credentials("E0001")
	p, q := h.verifyToken(town.Token), h.verify("E0001", plant.Password)
	if p.User != "yangliuqing" || p.Role != calls.Town || p.Town != "杨柳青镇" || p.Name != "李四" || p.Recipient != "" ||
		p.MNs != nil {
		t.Errorf("the town is %+v", p)
	}
	if q.User != "E0001" || q.Role != calls.Enterprise || q.Recipient != "E0001" || q.Town != "杨柳青镇" ||
		q.Name != "示例热电厂" || fmt.Sprint(q.MNs) != "[MN1]" {
		t.Errorf("the plant is %+v", q)
	}
	h.view(func(tx *bbolt.Tx) {
		if again := PrincipalOf(tx, "E0001"); again == nil || fmt.Sprint(*again) != fmt.Sprint(*q) {
			t.Errorf("of its session the plant is %+v, want %+v", again, q)
		}
	})
	h.credentials("E0001")
	h.act(CommandDisable, Disable{User: "yangliuqing"})
	h.view(func(tx *bbolt.Tx) {
		if again := PrincipalOf(tx, "E0001"); again == nil || again.Credential == q.Credential {
			t.Errorf("after new credentials the session sees %+v, want another credential", again)
		}
		if p := PrincipalOf(tx, "yangliuqing"); p != nil {
			t.Errorf("a disabled user goes on as %+v", p)
		}
		if p := PrincipalOf(tx, "nobody"); p != nil {
			t.Errorf("nobody goes on as %+v", p)
		}
	})
}

func TestWhatEndsALogin(t *testing.T) {
	for _, c := range []struct {
		name               string
		end                func(h *house)
		password, tokenOne bool // still good
	}{
		{"nothing", func(*house) {}, true, true},
		{"new credentials", func(h *house) { h.credentials("E0001") }, false, false},
		{"the credentials revoked", func(h *house) { h.act(CommandRevokeCredentials, RevokeCredentials{Recipient: "E0001"}) },
			false, false},
		{"the token revoked", func(h *house) { h.act(CommandRevoke, Revoke{User: "E0001", TokenID: "t1"}) }, true, false},
		{"disabled", func(h *house) { h.act(CommandDisable, Disable{User: "E0001"}) }, false, false},
		{"disabled and enabled", func(h *house) {
			h.act(CommandDisable, Disable{User: "E0001"})
			h.act(CommandEnable, Enable{User: "E0001"})
		}, true, true},
		{"the password erased", func(h *house) { h.erase(h.row("E0001").Password.Ref) }, false, true},
		{"the token erased", func(h *house) { h.erase(h.row("E0001").Tokens[0].Ref) }, true, false},
		{"the name erased", func(h *house) { h.erase(h.row("E0001").NameRef) }, true, true},
		{"another's credentials", func(h *house) { h.credentials("E0002") }, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			plant := h.credentials("E0001")
			c.end(h)
			if p := h.verify("E0001", plant.Password); (p != nil) != c.password {
				t.Errorf("password: %+v, want ok %v", p, c.password)
			}
			if p := h.verifyToken(plant.Token); (p != nil) != c.tokenOne {
				t.Errorf("token: %+v, want ok %v", p, c.tokenOne)
			}
			if p := h.verify("E0001", secretOf(t, plant.Token)); (p != nil) != c.tokenOne {
				t.Errorf("token's secret as password: %+v, want ok %v", p, c.tokenOne)
			}
			if p := h.verify("E0001", ""); p != nil {
				t.Errorf("no secret logs in as %+v", p)
			}
		})
	}
}

func (h *house) erase(ref string) {
	h.t.Helper()
	if err := h.j.Erase(h.t.Context(), "admin", ref, "test"); err != nil {
		h.t.Fatal(err)
	}
}

func TestASecretIsShownOnce(t *testing.T) {
	h := newHouse(t)
	ctx := t.Context()
	h.account("duty", calls.Duty)
	for name, make := range map[string]func() (journal.Command, calls.Issued){
		"account": func() (journal.Command, calls.Issued) {
			return AddAccountCommand("admin", "key-account", calls.NewAccount{User: "viewer", Role: "viewer"})
		},
		"credentials": func() (journal.Command, calls.Issued) {
			return IssueCredentialsCommand("admin", "key-credentials", Recipient{ID: "E0001"})
		},
		"renewal": func() (journal.Command, calls.Issued) {
			return RenewAccountCommand("admin", "key-renewal", "duty")
		},
		"token": func() (journal.Command, calls.Issued) {
			return AddTokenCommand("admin", "key-token", calls.NewToken{ByID: calls.ByID{ID: "duty"}})
		},
	} {
		first := h.submit(make())
		cmd, issued := make()
		got, err := Submit(ctx, h.j, cmd, issued)
		if refusal.CodeOf(err) != refusal.Conflict || ruleOf(err) != "access.secret_shown_once" || !ShownBefore(err) ||
			got != (calls.Issued{}) {
			t.Errorf("%s again under its key: %v, %v, want access.secret_shown_once and nothing shown", name, got, err)
		}
		if h.verifyToken(first.Token) == nil {
			t.Errorf("%s: the repeat ended what the first request issued", name)
		}
		if h.verifyToken(issued.Token) != nil {
			t.Errorf("%s: the repeat's secret logs in", name)
		}
	}
}

func TestARefusedCommandShowsNothing(t *testing.T) {
	h := newHouse(t)
	h.account("duty", calls.Duty)
	cmd, issued := AddAccountCommand("admin", "", calls.NewAccount{User: "duty", Role: "duty"})
	if got, err := Submit(t.Context(), h.j, cmd, issued); ruleOf(err) != "access.user_taken" || got != (calls.Issued{}) {
		t.Errorf("%v, %v, want access.user_taken and nothing shown", got, err)
	}
}

// No plain secret is anywhere on disk or in the log, and no person's name in a block.
func TestSecretsReachNothing(t *testing.T) {
	h := newHouse(t)
	var secrets []string
	for _, issued := range []calls.Issued{h.account("duty", calls.Duty), h.credentials("E0001"), h.token("duty"),
		h.submit(AddAccountCommand("admin", "with-a-key", calls.NewAccount{User: "viewer", Role: "viewer", Name: "张三"}))} {
		secrets = append(secrets, secretOf(t, issued.Token))
		if issued.Password != "" {
			secrets = append(secrets, issued.Password)
		}
		shown := fmt.Sprintf("%v %+v %#v %s", issued, issued, issued, issued)
		slog.New(slog.NewJSONHandler(&h.log, nil)).Info("issued", "issued", issued, "in",
			slog.GroupValue(slog.Any("issued", issued)))
		h.log.WriteString(shown)
		text, err := json.Marshal(issued)
		if err != nil || !strings.Contains(string(text), issued.Token) {
			t.Errorf("JSON for the answer: %s, %v, want the token in it", text, err)
		}
	}
	holders := 0 // files that name the user, blocks among them: what is searched for would be seen
	err := fs.WalkDir(os.DirFS(h.dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(h.dir, path))
		if err != nil {
			return err
		}
		if bytes.Contains(data, []byte("E0001")) {
			holders++
		}
		for _, s := range secrets {
			if bytes.Contains(data, []byte(s)) {
				t.Errorf("%s holds a plain secret", path)
			}
		}
		return nil
	})
	if err != nil || holders < 2 {
		t.Fatalf("%d files name the user, want the record and the stream: %v", holders, err)
	}
	for _, s := range secrets {
		if strings.Contains(h.log.String(), s) {
			t.Error("the log holds a plain secret")
		}
	}
	h.view(func(tx *bbolt.Tx) {
		for n := uint64(1); n <= h.j.Height(); n++ {
			if block := journal.ReadBlock(tx, n); len(block) == 0 || bytes.Contains(block, []byte("张三")) {
				t.Errorf("block %d (%d bytes) is empty or names a person", n, len(block))
			}
		}
	})
}

func TestSecretsAreRandomAndTokensReadable(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		m, _ := NewSecret(Machine)
		p, _ := NewSecret(Typed)
		if len(m) != 43 || len(p) < 26 || strings.ContainsAny(m+p, ".= ") || seen[m] || seen[p] {
			t.Fatalf("secrets of %d and %d characters, or one seen before", len(m), len(p))
		}
		seen[m], seen[p] = true, true
	}
}

// A login of a user that is not there does the same work as one with a wrong secret.
func TestUnknownUsersCostTheSame(t *testing.T) {
	h := newHouse(t)
	h.credentials("E0001")
	h.view(func(tx *bbolt.Tx) {
		cost := func(user string) float64 {
			return testing.AllocsPerRun(200, func() { _, _, _ = look(tx, user, "wrong", h.j.Wall(), 1, 1) })
		}
		if there, not := cost("E0001"), cost("E0009"); max(there, not) > min(there, not)+3 {
			t.Errorf("%.0f allocations for a user that is there, %.0f for one that is not", there, not)
		}
	})
}

// Whatever is issued, revoked, disabled and erased in whatever order: exactly the secrets that the model holds
// for good log in.
func TestRandomHistoriesLeaveTheRightSecrets(t *testing.T) {
	h := newHouse(t)
	var round atomic.Int64
	type secret struct {
		user, text, id string
		password, good bool
	}
	rapid.Check(t, func(rt *rapid.T) {
		prefix := fmt.Sprint("E", round.Add(1), "-")
		disabled, ended := map[string]bool{}, map[string]bool{} // ended: revoked and not issued again
		var made []*secret
		of := func(user string) (list []*secret) {
			for _, s := range made {
				if s.user == user {
					list = append(list, s)
				}
			}
			return list
		}
		tokens := map[string]int{}
		keep := func(issued calls.Issued, password bool) {
			tokens[issued.User]++
			made = append(made, &secret{user: issued.User, text: secretOf(t, issued.Token), id: tokenID(tokens[issued.User]),
				good: true})
			if password {
				made = append(made, &secret{user: issued.User, text: issued.Password, password: true, good: true})
			}
		}
		for range rapid.IntRange(1, 8).Draw(rt, "acts") {
			user := prefix + rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "user")
			switch act := rapid.SampledFrom([]string{"issue", "end", "token", "revoke", "disable", "enable"}).Draw(rt, "act"); {
			case act == "issue" && !disabled[user]:
				for _, s := range of(user) {
					s.good = false
				}
				keep(h.credentials(user), true)
				ended[user] = false
			case of(user) == nil: // the others need a user
			case act == "end":
				h.act(CommandRevokeCredentials, RevokeCredentials{Recipient: user})
				for _, s := range of(user) {
					s.good = false
				}
				ended[user] = true
			case act == "token" && !disabled[user] && !ended[user]:
				keep(h.token(user), false)
			case act == "revoke":
				id := tokenID(rapid.IntRange(1, tokens[user]).Draw(rt, "token"))
				h.act(CommandRevoke, Revoke{User: user, TokenID: id})
				for _, s := range of(user) {
					s.good = s.good && s.id != id
				}
			case act == "disable":
				h.act(CommandDisable, Disable{User: user})
				disabled[user] = true
			case act == "enable":
				h.act(CommandEnable, Enable{User: user})
				disabled[user] = false
			}
		}
		for _, s := range made {
			for _, user := range []string{prefix + "a", prefix + "b"} {
				want := s.good && s.user == user && !disabled[user]
				if got := h.verify(user, s.text) != nil; got != want {
					rt.Fatalf("%+v as %s: %v, want %v", *s, user, got, want)
				}
				if got := h.verifyToken(tokenText(user, s.text)) != nil; got != (want && !s.password) {
					rt.Fatalf("%+v as a token of %s: %v, want %v", *s, user, got, want && !s.password)
				}
			}
		}
	})
	report, err := h.j.Check(context.Background())
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("the record's check: %v, %q", err, report.Problems)
	}
}

func FuzzToken(f *testing.F) {
	f.Add("qk.E0001.c2VjcmV0")
	f.Add("qk..")
	f.Add("qk.E0001")
	f.Add("Bearer qk.a.b")
	f.Fuzz(func(t *testing.T, text string) {
		user, secret, ok := splitToken(text)
		if ok && (tokenText(user, secret) != text || strings.Contains(user, ".")) {
			t.Errorf("%q was read as user %q and secret %q", text, user, secret)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := newHouse(b)
	plant := h.credentials("E0001")
	b.ReportAllocs()
	h.view(func(tx *bbolt.Tx) {
		for b.Loop() {
			if p, _, _ := look(tx, "E0001", plant.Password, h.j.Wall(), 1, 1); p == nil {
				b.Fatal("refused")
			}
		}
	})
}
