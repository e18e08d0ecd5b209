package service_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/reductionlist"
)

// A message that nobody waits for any more is taken out of the outbox; one that comes to be wanted before that is
// recorded stays there. The release of an exempted order has the id that the exemption had.
func TestWhatIsWantedAgainStaysInTheOutbox(t *testing.T) {
	for _, wanted := range []bool{false, true} {
		t.Run(fmt.Sprint(wanted), func(t *testing.T) {
			w := servicetest.New(t, slog.New(slog.DiscardHandler))
			w.Import(&reductionlist.List{Name: "西青区应急减排清单", Region: "120111", EffectiveFrom: "2016-12-01",
				CompiledBy: "西青区生态环境局",
				Emission:   reductionlist.Amounts{SO2: 10, NOx: 20, PM: 5, VOCs: 8},
				Recipients: []*reductionlist.Recipient{{ID: "E1", Type: reductionlist.Enterprise, Name: "示例企业", Town: "大寺镇",
					Industry: "C3360",
					Grade:    reductionlist.GradeC, Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Orange},
						Unit:   "1#生产线",
						Action: reductionlist.Stop, Text: "1#生产线停产", CompleteWithinH: 4, Responsible: "值长",
						Monitors: []reductionlist.Monitor{{Source: reductionlist.Power,
							Criterion: reductionlist.Criterion{Kind: reductionlist.Stopped}}}}}}}})
			warning, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.Declare, "",
				[]byte(`{"level":"orange","trigger":"city_order","reason":"示例"}`))
			if err == nil {
				warning, err = servicetest.WarningAct(t.Context(), w.Svc, "chief", "", warning.ID, "approve",
					fmt.Appendf(nil, `{"revision":%d}`, warning.Revision))
			}
			if err != nil {
				t.Fatal(err)
			}
			w.Elapse(0)
			order := warning.ID + "-E1-1"
			answer := func(action notify.Action) {
				t.Helper()
				if _, err := servicetest.AnswerOrder(t.Context(), w.Svc, "E1", "",
					notify.AnswerText{OrderID: order, Action: action, Note: "设备检修"}); err != nil {
					t.Fatal(err)
				}
			}
			answer(notify.Object)
			if _, err := servicetest.Say(t.Context(), w.Svc, "duty", "", calls.DecideObjection, order,
				[]byte(`{"decision":"accept","reason":"已停产检修"}`)); err != nil {
				t.Fatal(err)
			}
			answer(notify.Receive)
			row := journal.Due{Topic: notify.Topic, ID: order + "/released", Nothing: true}
			if err := w.Svc.J.View(func(tx *bbolt.Tx) error {
				m, err := w.Svc.Render(tx, channel.NATS, row.Topic, row.ID)
				if m.To != "" {
					t.Errorf("the exemption was received and is sent to %s", m.To)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if wanted { // before it is recorded that there was nothing to send
				if _, err := servicetest.WarningAct(t.Context(), w.Svc, "duty", "", warning.ID, "adjust",
					fmt.Appendf(nil, `{"revision":%d,"level":"yellow","reason":"转好"}`, warning.Revision)); err != nil {
					t.Fatal(err)
				}
				w.Elapse(time.Second)
			}
			if err := w.Svc.RecordSent(t.Context(),
				journal.SendReport{Epoch: w.Epoch(), Channel: channel.NATS, Rows: []journal.Due{row}}); err != nil {
				t.Fatal(err)
			}
			if err := w.Svc.J.View(func(tx *bbolt.Tx) error {
				if _, _, stands := journal.OutboxRow(tx, channel.NATS, row.Topic, row.ID); stands != wanted {
					t.Errorf("the row stands: %v", stands)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}
