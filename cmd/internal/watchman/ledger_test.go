package watchman

import (
	"errors"
	"testing"
	"time"

	"qingkong/cmd/internal/notary"
	"qingkong/cmd/internal/watch"
)

func TestLedgerFinding(t *testing.T) {
	now := time.Date(2016, 12, 17, 2, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	down := errors.New("nobody answers")
	for _, c := range []struct {
		name string
		s    notary.Status
		want watch.State
		rule string
	}{
		{"another node leads", notary.Status{Lost: down}, "", ""},
		{"all is signed", notary.Status{Leads: true}, "", ""},
		{"entries that were signed for are gone", notary.Status{Leads: true, Lost: &notary.ErrLost{Signed: 9, Has: 5}}, watch.Failed,
			"watch.ledger_lost"},
		{"a witness saw another history", notary.Status{Leads: true, Witnesses: []notary.WitnessStatus{{Name: "w", Trouble: down,
			Since: ago(time.Second), Against: true}}}, watch.Failed, "watch.ledger_witness"},
		{"nothing could be signed for a minute", notary.Status{Leads: true, Trouble: down, Since: ago(time.Minute)}, "", ""},
		{"nothing could be signed for long", notary.Status{Leads: true, Trouble: down, Since: ago(6 * time.Minute)}, watch.Degraded,
			"watch.ledger_unsigned"},
		{"it grows and nobody signs", notary.Status{Leads: true, Growing: ago(6 * time.Minute)}, watch.Degraded, "watch.ledger_behind"},
		{"a witness was down for an hour", notary.Status{Leads: true, Witnesses: []notary.WitnessStatus{{Name: "w", Trouble: down,
			Since: ago(time.Hour)}}}, "", ""},
		{"a witness is silent for a day", notary.Status{Leads: true, Witnesses: []notary.WitnessStatus{{Name: "w", Trouble: down,
			Since: ago(25 * time.Hour)}}}, watch.Degraded, "watch.ledger_silent"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := ledgerFinding(c.s, now)
			rule := ""
			if f.Why != nil {
				rule = f.Why.Rule
			}
			if f.State != c.want || rule != c.rule || f.Stops {
				t.Errorf("%q by %q, want %q by %q", f.State, rule, c.want, c.rule)
			}
		})
	}
}
