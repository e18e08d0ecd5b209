package service_test

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// An account of a town that is none would never see anything: the register or the list in force has its name.
func TestATownsAccountIsOfATown(t *testing.T) {
	register := func(region string) []string { return map[string][]string{"120111": {"精武镇"}}[region] }
	for _, c := range []struct {
		name     string
		register func(string) []string
		listed   string // the town of the list's recipient; empty for no list
		role     string
		town     string
		refused  bool
	}{
		{"of the register", register, "", "town", "精武镇", false},
		{"of the register, with blanks around it", register, "", "town", " 精武镇 ", false},
		{"of none, without a list", register, "", "town", "精武", true},
		{"of none, with a list", register, "新设镇", "town", "精武", true},
		{"of the list", register, "新设镇", "town", "新设镇", false},
		{"without a register", nil, "新设镇", "town", "精武", false},
		{"another role's, which nothing hangs on", register, "", "viewer", "精武", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := servicetest.New(t, slog.New(slog.DiscardHandler), func(s *service.Settings) {
				s.List = rules.DefaultSettings()
				s.List.Towns = c.register
			})
			if c.listed != "" {
				w.Import(&reductionlist.List{Name: "示例", Region: "120111", EffectiveFrom: "2016-10-01", CompiledBy: "示例",
					Recipients: []*reductionlist.Recipient{{ID: "T1", Type: reductionlist.Town, Name: c.listed, Town: c.listed,
						Category: reductionlist.Closed}}})
			}
			body := fmt.Appendf(nil, `{"user":"jingwu","role":%q,"name":"示例","town":%q}`, c.role, c.town)
			_, err := servicetest.Say(t.Context(), w.Svc, "admin", "", calls.AddAccount, "", body)
			if !c.refused {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var no *refusal.Error
			if !errors.As(err, &no) || len(no.Fields) != 1 || no.Fields[0].Path != "town" ||
				no.Fields[0].Rule != "access.unknown_town" {
				t.Errorf("%v", err)
			}
			if _, err := w.Svc.Account(t.Context(), service.Ask{},
				calls.ByID{ID: "jingwu"}); refusal.CodeOf(err) != refusal.NotFound {
				t.Errorf("the account is there: %v", err)
			}
		})
	}
}
