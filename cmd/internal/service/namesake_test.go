package service_test

import (
	"errors"
	"io"
	"log/slog"
	"testing"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/reductionlist"
)

// An account takes no recipient's name, in whatever case, though the recipient has no credentials yet: what one does
// would read as an act of the other. The list refuses the same the other way round.
func TestNoAccountIsNamedLikeARecipient(t *testing.T) {
	w := servicetest.New(t, slog.New(slog.NewTextHandler(io.Discard, nil)))
	add := func(user string) error {
		_, err := servicetest.Say(t.Context(), w.Svc, "admin", "", calls.AddAccount, "",
			[]byte(`{"user":"`+user+`","role":"viewer","name":"示例"}`))
		return err
	}
	if err := add("e0009"); err != nil {
		t.Fatalf("before there is a list: %v", err)
	}
	w.Import(&reductionlist.List{Name: "示例清单", Region: "120111", EffectiveFrom: "2016-01-01", CompiledBy: "西青区生态环境局",
		Emission: reductionlist.Amounts{SO2: 10, NOx: 20, PM: 5, VOCs: 8},
		Recipients: []*reductionlist.Recipient{{ID: "E0001", Type: reductionlist.Enterprise, Name: "示例企业", Town: "大寺镇",
			Industry: "C3360",
			Grade:    reductionlist.GradeC, Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Orange},
				Unit:   "1#生产线",
				Action: reductionlist.Stop, Text: "1#生产线停产", CompleteWithinH: 4, Responsible: "值长",
				Monitors: []reductionlist.Monitor{{Source: reductionlist.Power,
					Criterion: reductionlist.Criterion{Kind: reductionlist.Stopped}}}}}}}})
	for _, user := range []string{"e0001"} {
		err := add(user)
		var e *refusal.Error
		if !errors.As(err, &e) || e.Code != refusal.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "user" ||
			e.Fields[0].Rule != "access.recipient_name" {
			t.Errorf("%s: %v", user, err)
		}
	}
	if err := add("zhang"); err != nil {
		t.Errorf("another name: %v", err)
	}
}
