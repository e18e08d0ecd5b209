package access

import (
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
)

const own = "trois mots \u00e0 moi"

// cheap are the passwords of h at a cost that tests can pay.
func (h *house) cheap() *Passwords {
	p := NewPasswords(h.j)
	p.Cost = Cost{Time: 1, Memory: 64, Threads: 1}
	return p
}

func (h *house) change(p *Passwords, user, current, password string) *Principal {
	h.t.Helper()
	who, err := p.Change(h.t.Context(), user, current, password)
	if err != nil || who == nil {
		h.t.Fatalf("change of %s: %+v, %v", user, who, err)
	}
	return who
}

// logins says who logs in by Check and by CheckSecret.
func (h *house) logins(p *Passwords, user, secret string) (check, bus bool) {
	h.t.Helper()
	a, err := p.Check(h.t.Context(), user, secret)
	if err != nil {
		h.t.Fatal(err)
	}
	b, _, err := p.CheckSecret(user, secret)
	if err != nil {
		h.t.Fatal(err)
	}
	return a != nil, b != nil
}

// A chosen password takes the place of the machine's; tokens stay, and a session by token there is none.
func TestAChosenPassword(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	issued, plant := h.account("duty", calls.Duty), h.credentials("E0001")
	before := h.row("duty")
	who := h.change(p, "duty", issued.Password, own)
	if who.User != "duty" || who.Credential == before.Password.Ref || who.Credential != h.row("duty").Password.Ref {
		t.Errorf("the credential is %q, before %q", who.Credential, before.Password.Ref)
	}
	for _, c := range []struct {
		name, user, secret string
		check, bus         bool
	}{
		{"the chosen one", "duty", own, true, false},
		{"the same in another normal form", "duty", "trois mots a\u0300 moi", true, false},
		{"the old one", "duty", issued.Password, false, false},
		{"a token's secret", "duty", secretOf(t, issued.Token), false, true},
		{"a token", "duty", issued.Token, false, true},
		{"another's token", "duty", plant.Token, false, false},
		{"a password in a token's form", "duty", tokenText("duty", own), false, false},
		{"a wrong one", "duty", own + "!", false, false},
		{"its hash", "duty", h.stored("duty"), false, false},
		{"a recipient's machine password", "E0001", plant.Password, true, true},
		{"nobody", "zhang", own, false, false},
	} {
		if check, bus := h.logins(p, c.user, c.secret); check != c.check || bus != c.bus {
			t.Errorf("%s: session %v, NATS %v; want %v, %v", c.name, check, bus, c.check, c.bus)
		}
	}
	if text := h.stored("duty"); !strings.HasPrefix(text, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Errorf("stored as %s", text)
	}
	// It holds at the cost it was made at, ends when it is disabled or erased, and gives way to issued ones.
	p.Cost.Memory = 128
	if check, _ := h.logins(p, "duty", own); !check {
		t.Error("a new cost ended the password")
	}
	h.act(CommandDisable, Disable{User: "duty"})
	if check, bus := h.logins(p, "duty", own); check || bus {
		t.Error("a disabled user logs in")
	}
	h.act(CommandEnable, Enable{User: "duty"})
	renewed := h.submit(RenewAccountCommand("admin", "", "duty"))
	if check, bus := h.logins(p, "duty", own); check || bus {
		t.Error("new credentials left the chosen password good")
	}
	h.change(p, "duty", renewed.Password, own)
	h.erase(h.row("duty").Password.Ref)
	if check, bus := h.logins(p, "duty", own); check || bus {
		t.Error("an erased password logs in")
	}
}

// stored is what the vault keeps of a user's password.
func (h *house) stored(user string) (text string) {
	h.view(func(tx *bbolt.Tx) {
		r, err := must(tx, user)
		if err != nil {
			h.t.Fatal(err)
		}
		text = string(journal.ReadVault(tx, r.Password.Ref))
	})
	return text
}

func TestWhatPasswordsAreRefused(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	issued := h.submit(AddAccountCommand("admin", "", calls.NewAccount{User: "zhangsan", Role: "duty", Name: "欧阳建国"}))
	for _, c := range []struct{ password, rule string }{
		{"elevenchars", "access.password_length"},
		{"十一个字的口令不够长啊", "access.password_length"},
		{strings.Repeat("口令", 65), "access.password_length"},
		{"twelve\x00chars", "access.password_text"},
		{"twelve\xffchars!", "access.password_text"},
		{"zhangsan2026", "access.password_name"},
		{"ZhangSanZhangSan", "access.password_name"},
		{"欧阳建国欧阳建国欧阳建国", "access.password_name"},
		{"aaaaaaaaaaaa", "access.password_common"},
		{"123412341234", "access.password_common"},
		{"abcdefghijklm", "access.password_common"},
		{"1234567890123", "access.password_common"},
		{"987654321098", "access.password_common"},
		{"PasswordPassword", "access.password_common"},
		{"1qaz2wsx3edc", "access.password_common"},
	} {
		_, err := p.Change(t.Context(), "zhangsan", issued.Password, c.password)
		if fieldRule(err) != c.rule {
			t.Errorf("%q: %v, want %s", c.password, err, c.rule)
		}
		if err != nil && strings.Contains(err.Error(), c.password) {
			t.Errorf("the refusal repeats the password: %v", err)
		}
	}
	if n := p.hashes.Load(); n != 0 {
		t.Errorf("%d hashes for what was refused by its looks", n)
	}
	for _, password := range []string{own, "十二个汉字组成的一句口令", "zhangsan likes long walks", "correct horse battery"} {
		h.change(p, "zhangsan", issued.Password, password)
		issued.Password = password
	}
	if _, err := p.Change(t.Context(), "zhangsan", issued.Password,
		issued.Password); fieldRule(err) != "access.password_same" {
		t.Errorf("the same again: %v", err)
	}
}

func fieldRule(err error) string {
	if e, ok := err.(*refusal.Error); ok && len(e.Fields) == 1 {
		return e.Fields[0].Rule
	}
	return ""
}

func TestWhoseAndWhichPasswordChanges(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	issued, plant := h.account("duty", calls.Duty), h.credentials("E0001")
	for _, wrong := range []string{"", "wrong", own, secretOf(t, issued.Token)} {
		if who, err := p.Change(t.Context(), "duty", wrong, own); who != nil || err != nil {
			t.Errorf("current %q: %+v, %v, want nobody", wrong, who, err)
		}
	}
	if _, err := p.Change(t.Context(), "E0001", plant.Password, own); ruleOf(err) != "access.password_of_recipient" {
		t.Errorf("a recipient's: %v", err)
	}
	if _, err := p.Change(t.Context(), "nobody", own, own); refusal.CodeOf(err) != refusal.Unauthenticated {
		t.Errorf("nobody's: %v", err)
	}
	h.change(p, "duty", issued.Password, own)
	height := h.j.Height()
	h.change(p, "duty", issued.Password, own) // its answer was lost and it is sent again
	if h.j.Height() != height {
		t.Error("the repeat was recorded")
	}
}

// What came between the check of the old password and the record wins.
func TestAPasswordThatMovedMeanwhile(t *testing.T) {
	s := newState(t, t.TempDir())
	defer s.close()
	mustDo(s, DecideAddAccount, AddAccount{User: "duty", Role: calls.Duty, PasswordRef: "p1", TokenRef: "t1"})
	mustDo(s, DecideIssueCredentials, IssueCredentials{Recipient: "E0001", PasswordRef: "p2", TokenRef: "t2"})
	twice(s, DecideChangePassword, ChangePassword{User: "duty", Old: "p1", PasswordRef: "c1"})
	r := *s.row("duty")
	if r.Password.Ref != "c1" || len(r.Tokens) != 1 || r.Tokens[0].Ref != "t1" || r.TokenSeq != 1 {
		t.Errorf("row %+v: want the password changed alone", r)
	}
	mustDo(s, DecideRenewAccount, RenewAccount{User: "duty", PasswordRef: "p3", TokenRef: "t3"})
	for _, c := range []struct {
		name string
		act  func() error
		rule string
	}{
		{"another password in force", act(s, DecideChangePassword,
			ChangePassword{User: "duty", Old: "c1", PasswordRef: "c2"}), "access.password_moved"},
		{"nobody", act(s, DecideChangePassword, ChangePassword{User: "nobody", PasswordRef: "x"}), "access.not_found"},
		{"a recipient", act(s, DecideChangePassword, ChangePassword{User: "E0001", Old: "p2", PasswordRef: "x"}),
			"access.password_of_recipient"},
	} {
		if err := c.act(); ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s", c.name, err, c.rule)
		}
	}
	mustDo(s, DecideDisable, Disable{User: "duty"})
	if err := act(s, DecideChangePassword,
		ChangePassword{User: "duty", Old: "p3", PasswordRef: "x"})(); ruleOf(err) != "access.user_disabled" {
		t.Errorf("disabled: %v", err)
	}
	s.same()
}

// A wrong secret costs as many hashes whoever the user is and whether there is one: it is told by the name's form
// alone.
func TestHashesTellNothingOfTheUser(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	h.account("machine", calls.Duty)
	h.change(p, "chosen", h.account("chosen", calls.Duty).Password, own)
	h.account("disabled", calls.Duty)
	h.act(CommandDisable, Disable{User: "disabled"})
	h.credentials("E0001")
	h.credentials("e0002")
	for _, c := range []struct {
		user, secret string
		hashes       int64
	}{
		{"machine", "a wrong secret", 1}, {"chosen", "a wrong secret", 1}, {"disabled", "a wrong secret", 1},
		{"nobody", "a wrong secret", 1},
		{"e0002", "a wrong secret", 1}, {"e0009", "a wrong secret", 1},
		{"E0001", "a wrong secret", 0}, {"E0009", "a wrong secret", 0}, // no account has such a name
		{"chosen", "too short", 0}, {"nobody", "too short", 0}, {"chosen", strings.Repeat("x", 5000), 0},
		{"nobody", strings.Repeat("x", 5000), 0},
	} {
		before := p.hashes.Load()
		if who, err := p.Check(t.Context(), c.user, c.secret); who != nil || err != nil {
			t.Fatalf("session of %s: %+v, %v", c.user, who, err)
		}
		if n := p.hashes.Load() - before; n != c.hashes {
			t.Errorf("session of %s with %.20q: %d hashes, want %d", c.user, c.secret, n, c.hashes)
		}
		before = p.hashes.Load()
		if who, _, err := p.CheckSecret(c.user, c.secret); who != nil || err != nil || p.hashes.Load() != before {
			t.Fatalf("NATS of %s: %+v, %v, and %d hashes: want nobody and none", c.user, who, err, p.hashes.Load()-before)
		}
	}
}

// No more hashes than places are under way. Who waits for a session waits a while; machine-made secrets, and whatever
// is tried over NATS, need no place.
func TestHashesWaitForTheirTurn(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	p.Wait = 50 * time.Millisecond
	issued := h.account("duty", calls.Duty)
	h.change(p, "chosen", h.account("chosen", calls.Duty).Password, own)
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	begin := time.Now()
	_, err := p.Check(t.Context(), "duty", "a wrong secret")
	if ruleOf(err) != "access.passwords_busy" || refusal.CodeOf(err) != refusal.RateLimited || time.Since(begin) < p.Wait {
		t.Errorf("with all places taken: %v after %v", err, time.Since(begin))
	}
	if who, err := p.Check(t.Context(), "duty", issued.Password); who == nil || err != nil {
		t.Errorf("a machine's password: %+v, %v", who, err)
	}
	for user, secret := range map[string]string{"duty": "a wrong secret", "chosen": own} {
		if who, _, err := p.CheckSecret(user, secret); who != nil || err != nil {
			t.Errorf("NATS with all places taken: %+v, %v", who, err)
		}
	}
	if who, own, err := p.CheckSecret("duty", issued.Password); who == nil || own || err != nil {
		t.Errorf("a machine's password over NATS: %+v, own %v, %v", who, own, err)
	}
	for range cap(p.places) {
		<-p.places
	}
	if who, err := p.Check(t.Context(), "chosen", own); who == nil || err != nil {
		t.Errorf("with free places: %+v, %v", who, err)
	}
}

// Strangers who try passwords never take the places of those who are known, and have to wait for none of theirs.
func TestTheKnownHavePlacesOfTheirOwn(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	p.Wait = 50 * time.Millisecond
	issued := h.account("duty", calls.Duty)
	const own = "three herons wade past"
	h.change(p, "duty", issued.Password, own)
	for range cap(p.places) {
		p.places <- struct{}{}
	}
	if _, err := p.Check(t.Context(), "duty", own); refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("a stranger with all places taken: %v", err)
	}
	if who, err := p.Check(Known(t.Context()), "duty", own); who == nil || err != nil {
		t.Errorf("one who is known: %+v, %v", who, err)
	}
	if who, err := p.Change(Known(t.Context()), "duty", own, "four herons wade past"); who == nil || err != nil {
		t.Errorf("one who is known changes the password: %+v, %v", who, err)
	}
}

// That a chosen password does not serve over NATS is told to the log, whether it was right or wrong, and of nobody
// else.
func TestALoginByAChosenPasswordIsTold(t *testing.T) {
	h := newHouse(t)
	p := h.cheap()
	machine := h.account("machine", calls.Duty)
	chosen := h.account("chosen", calls.Duty)
	h.change(p, "chosen", chosen.Password, own)
	for _, c := range []struct {
		user, secret string
		own          bool
	}{{"chosen", own, true}, {"chosen", "wrong", true}, {"chosen", chosen.Password, true}, {"chosen", chosen.Token, false},
		{"machine", own, false}, {"machine", machine.Password, false}, {"nobody", own, false}} {
		if _, own, err := p.CheckSecret(c.user, c.secret); own != c.own || err != nil {
			t.Errorf("%s with %.8q: own is %v, %v", c.user, c.secret, own, err)
		}
	}
}

func TestDamagedHashesAreRefusedSilently(t *testing.T) {
	good := phc(Cost{1, 64, 1}, make([]byte, saltLen), make([]byte, keyLen))
	if _, _, _, err := parsePHC(good); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "$argon2id$", strings.Replace(good, "argon2id", "argon2i", 1),
		strings.Replace(good, "v=19", "v=16", 1),
		strings.Replace(good, "m=64", "m=99999999", 1), strings.Replace(good, "t=1", "t=0", 1),
		strings.Replace(good, "p=1", "p=0", 1),
		strings.Replace(good, "t=1", "t=999", 1), good + "$x", good[:len(good)-2], strings.Replace(good, "m=64", "m=x", 1)} {
		if _, _, _, err := parsePHC(text); err != errPHC {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	p := NewPasswords(nil)
	for b.Loop() {
		if _, err := p.hash(b.Context(), own); err != nil {
			b.Fatal(err)
		}
	}
}
