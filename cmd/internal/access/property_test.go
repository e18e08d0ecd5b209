package access

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

// plain is the obvious model of a user.
type plain struct {
	recipient, disabled bool
	password            string
	tokens              []string // references, oldest first
	ids                 []string
	made                int
}

// Random commands leave what the model says, never a user of two kinds or a secret too many, and a replay leaves
// the same bytes.
func TestRandomCommandsAgreeWithTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "access")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		s := newState(t, dir)
		defer s.close()
		model := map[string]*plain{}
		names := rapid.SampledFrom([]string{"a", "A", "b", "B", "c", "D"})
		refs := 0
		ref := func() string { refs++; return fmt.Sprint("r", refs) }

		t.Repeat(map[string]func(*rapid.T){
			"account": func(t *rapid.T) {
				user := strings.ToLower(names.Draw(t, "user"))
				p := &plain{password: ref(), tokens: []string{ref()}, ids: []string{"t1"}, made: 1}
				_, _, err := do(s, DecideAddAccount, "admin",
					AddAccount{User: user, Role: calls.Duty, PasswordRef: p.password, TokenRef: p.tokens[0]})
				free := model[user] == nil && model[strings.ToUpper(user)] == nil
				if free != (err == nil) {
					t.Fatalf("account %s: %v, free %v", user, err, free)
				}
				if free {
					model[user] = p
				}
			},
			"credentials": func(t *rapid.T) {
				id, password, tok := names.Draw(t, "id"), ref(), ref()
				_, _, err := do(s, DecideIssueCredentials, "admin",
					IssueCredentials{Recipient: id, PasswordRef: password, TokenRef: tok})
				p, low := model[id], model[strings.ToLower(id)]
				ok := (p == nil || p.recipient && !p.disabled) && (low == nil || low.recipient)
				if ok != (err == nil) {
					t.Fatalf("credentials of %s: %v, want ok %v", id, err, ok)
				}
				if ok {
					if p == nil {
						p = &plain{recipient: true}
						model[id] = p
					}
					p.made++
					p.password, p.tokens, p.ids = password, []string{tok}, []string{fmt.Sprint("t", p.made)}
				}
			},
			"renew": func(t *rapid.T) {
				user, password, tok := names.Draw(t, "user"), ref(), ref()
				_, _, err := do(s, DecideRenewAccount, "admin", RenewAccount{User: user, PasswordRef: password, TokenRef: tok})
				p := model[user]
				ok := p != nil && !p.recipient && !p.disabled
				if ok != (err == nil) {
					t.Fatalf("renew %s: %v, want ok %v", user, err, ok)
				}
				if ok {
					p.made++
					p.password, p.tokens, p.ids = password, []string{tok}, []string{fmt.Sprint("t", p.made)}
				}
			},
			"revoke credentials": func(t *rapid.T) {
				id := names.Draw(t, "id")
				_, _, err := do(s, DecideRevokeCredentials, "admin", RevokeCredentials{Recipient: id})
				p := model[id]
				ok := p != nil && p.recipient
				if ok != (err == nil) {
					t.Fatalf("revoke the credentials of %s: %v, want ok %v", id, err, ok)
				}
				if ok {
					p.password, p.tokens, p.ids = "", nil, nil
				}
			},
			"token": func(t *rapid.T) {
				user, tok := names.Draw(t, "user"), ref()
				_, _, err := do(s, DecideAddToken, "admin", AddToken{User: user, TokenRef: tok})
				p := model[user]
				ok := p != nil && !p.disabled && p.password != "" && len(p.tokens) < 8
				if ok != (err == nil) {
					t.Fatalf("token for %s: %v, want ok %v", user, err, ok)
				}
				if ok {
					p.made++
					p.tokens, p.ids = append(p.tokens, tok), append(p.ids, fmt.Sprint("t", p.made))
				}
			},
			"revoke": func(t *rapid.T) {
				user, n := names.Draw(t, "user"), rapid.IntRange(0, 12).Draw(t, "token")
				id := fmt.Sprint("t", n)
				_, _, err := do(s, DecideRevoke, "admin", Revoke{User: user, TokenID: id})
				p := model[user]
				ok := p != nil && 1 <= n && n <= p.made
				if ok != (err == nil) {
					t.Fatalf("revoke %s of %s: %v, want ok %v", id, user, err, ok)
				}
				if ok {
					if i := slices.Index(p.ids, id); i >= 0 {
						p.tokens, p.ids = slices.Delete(p.tokens, i, i+1), slices.Delete(p.ids, i, i+1)
					}
				}
			},
			"disable or enable": func(t *rapid.T) {
				user, off := names.Draw(t, "user"), rapid.Bool().Draw(t, "off")
				var err error
				if off {
					_, _, err = do(s, DecideDisable, "admin", Disable{User: user})
				} else {
					_, _, err = do(s, DecideEnable, "admin", Enable{User: user})
				}
				p := model[user]
				if (p != nil) != (err == nil) {
					t.Fatalf("disable or enable %s: %v", user, err)
				}
				if p != nil {
					p.disabled = off
				}
			},
			"": func(t *rapid.T) {
				s.view(func(tx *bbolt.Tx) { agree(t, tx, model) })
				s.same()
			},
		})
	})
}

func agree(t *rapid.T, tx *bbolt.Tx, model map[string]*plain) {
	if n := Count(tx); n != len(model) {
		t.Fatalf("%d users, the model has %d", n, len(model))
	}
	for user, p := range model {
		r, err := must(tx, user)
		if err != nil {
			t.Fatal(err)
		}
		got := plain{recipient: r.Recipient != "", disabled: r.Disabled, password: r.Password.Ref, made: r.TokenSeq}
		for _, tok := range r.Tokens {
			got.tokens, got.ids = append(got.tokens, tok.Ref), append(got.ids, tok.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(*p) {
			t.Fatalf("%s is %+v, the model says %+v", user, got, *p)
		}
	}
}
