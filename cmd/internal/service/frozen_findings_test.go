package service

import (
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
)

var (
	chimney = compliance.Key{Measure: "M1", Source: reductionlist.CEMS, Ref: "010000A8900016F000169DC0", Factor: "a21026",
		Kind: reductionlist.HourConcentrationAtMost}
	mains = compliance.Key{Measure: "M2", Source: reductionlist.Power, Ref: "DB0001", Kind: reductionlist.Stopped}
)

// sees submits what a node that leads saw of E0001's two monitors, of the hours since from.
func (s *story) sees(final bool, from time.Time, v, worst judge.Verdict, hours ...float64) {
	s.t.Helper()
	seen := compliance.Seen{Key: chimney, Verdict: v, Worst: worst, Since: from, Failed: len(hours)}
	if v >= judge.Suspected {
		f := &compliance.Finding{Criterion: "hour_concentration_at_most 35 mg/m3", Unit: "mg/m3", From: from,
			Last: from.Add(time.Duration(len(hours)-1) * time.Hour)}
		for i, x := range hours {
			h := compliance.FoundHour{At: from.Add(time.Duration(i) * time.Hour), Result: judge.Fail, Measured: new(x), Limit: new(35.0)}
			if i == 0 {
				h.Said = []compliance.Said{{Value: new(31.5), Flag: "N"}, {Value: new(x), Flag: "N"}}
			}
			f.Hours = append(f.Hours, h)
		}
		seen.Finding = f
	}
	silent := compliance.Seen{Key: mains, Verdict: judge.Unknown, Worst: judge.Unknown, Since: from,
		Finding: &compliance.Finding{Criterion: "stopped", Unit: "kW", From: from, Last: from.Add(2 * time.Hour), Guessed: true,
			Hours: []compliance.FoundHour{{At: from, Result: judge.NoData, Why: judge.NothingCame}}}}
	_, err := s.svc.J.Submit(s.t.Context(), journal.Command{Kind: judging.CommandJudge, Actor: "system",
		Payload: compliance.Judge{Warning: s.w, Recipient: "E0001", Order: s.order("E0001"), Final: final,
			Seen: []compliance.Seen{seen, silent}}})
	s.must(err)
}

// monitored suspects a plant, which explains and is rejected, so that it is a violation; another explanation is accepted,
// and of two values one is taken. Tasks are opened, taken, done and dropped, and an hour is summed.
func (s *story) monitored() {
	ctx, from := s.t.Context(), at("2026-12-16T09:00:00+08:00")
	s.sees(false, from, judge.Suspected, judge.Suspected, 40, 41)
	var id string
	s.view(func(tx *bbolt.Tx) error {
		asked, err := compliance.Asked(tx, "E0001")
		if err == nil && len(asked) != 1 {
			err = fmt.Errorf("%d findings ask something of the plant", len(asked))
		}
		if err == nil {
			id = asked[0].ID
		}
		return err
	})
	plant := Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	duty := Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	const curve = "%PDF-1.7 a curve (示例)"
	file := ok(s.svc.AddEvidence(ctx, plant, strings.NewReader(curve), int64(len(curve))))(s.t)
	explain := func(note string) {
		ok(s.svc.ExplainFinding(ctx, plant, calls.Explanation{ByID: calls.ByID{ID: id}, Note: note, Evidence: []string{file.Hash}}))(s.t)
	}
	explain("2号线检修后试车（示例）")
	ok(s.svc.DecideFinding(ctx, duty, calls.ExplanationDecision{ByID: calls.ByID{ID: id}, Decision: compliance.Reject,
		Reason: "与用电曲线不符"}))(s.t)
	s.sees(false, from, judge.Violated, judge.Violated, 40, 41, 42, 43)
	explain("9时、10时为校准（示例）")
	ok(s.svc.DecideFinding(ctx, duty, calls.ExplanationDecision{ByID: calls.ByID{ID: id}, Decision: compliance.Accept,
		Hours: []time.Time{from, from.Add(time.Hour)}}))(s.t)
	ok(s.svc.ChooseValue(ctx, duty, calls.ValueChoice{ByID: calls.ByID{ID: id}, At: from, Value: new(31.5),
		Reason: "重发的为校准后数据"}))(s.t)
	s.sees(false, from, judge.Compliant, judge.Compliant)

	open := func(t compliance.Task) {
		_, err := s.svc.J.Submit(ctx, journal.Command{Kind: judging.CommandTask, Actor: "system", Payload: compliance.OpenTask{Task: t}})
		s.must(err)
	}
	open(compliance.Task{Origin: compliance.FromFinding, About: id, Finding: id, Warning: s.w, Recipient: "E0001",
		Order: s.order("E0001"), Town: "张家窝镇", Due: s.clock.Add(24 * time.Hour)})
	by := ok(s.svc.AddTask(ctx, duty, calls.NewTask{RecipientID: "E0003", Due: s.clock.Add(24 * time.Hour), Note: "群众反映夜间有烟（示例）",
		Assignee: "duty"}))(s.t)
	ok(s.svc.ChangeTask(ctx, duty, calls.TaskStep{ByID: calls.ByID{ID: by.ID}, State: compliance.TaskDone, Reason: "已停产"}))(s.t)
	ok(s.svc.ChangeTask(ctx, duty, calls.TaskStep{ByID: calls.ByID{ID: "T20261216-00001"}, State: compliance.TaskDropped,
		Reason: "说明已采纳"}))(s.t)
	_, err := s.svc.J.Submit(ctx, journal.Command{Kind: judging.CommandSum, Actor: "system", Payload: compliance.HourSum{Hour: from,
		Orders: 1, Fail: 1, NoData: 1, Root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}})
	s.must(err)
	s.send()
}

// judgedForGood is what remains of that when the orders have ended.
func (s *story) judgedForGood() {
	s.sees(true, at("2026-12-16T09:00:00+08:00"), judge.Compliant, judge.Suspected)
}
