package service

import (
	"time"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// inspected has visits drawn, an inspector find something and correct it, the plant answer, and somebody recuse himself.
func (s *story) inspected() {
	ctx := s.t.Context()
	inspector := Ask{Who: &access.Principal{User: "inspector", Role: calls.Inspector}}
	duty := Ask{Who: &access.Principal{User: "duty", Role: calls.Duty}}
	plant := Ask{Who: &access.Principal{User: "E0001", Role: calls.Enterprise, Recipient: "E0001"}}
	d := ok(s.svc.DrawVisits(ctx, duty, calls.NewDraw{Day: "2026-12-16", Ranked: 1, Random: 1, Due: s.clock.Add(20 * time.Hour)}))(s.t)
	found := calls.NewInspection{ClientID: "7b0e6a52-6a0f-4a43-9f0c-3a1d1c4f2b11", OrderID: s.order("E0001"), Recipient: "E0001",
		At: new(s.clock.Add(12 * time.Minute)), DeviceNow: new(s.clock.Add(12 * time.Minute)), Disposition: inspect.Rectify, Due: new(s.clock.Add(6 * time.Hour)),
		Note:      "值长在场（示例）",
		Items:     []calls.NewItem{{MeasureID: "M1", Expected: "停产", Found: "2号线在运行（示例）", Result: inspect.Fail, Value: new(12.5), Unit: "t/h"}},
		Position:  &inspect.Fix{Lon: 117.0085, Lat: 39.1413, Accuracy: 20, At: s.clock},
		Signature: calls.NewSignature{Refused: "负责人拒签（示例）"}}
	first := ok(s.svc.AddInspection(ctx, inspector, found))(s.t)
	found.ClientID, found.Corrects, found.Items[0].Result, found.Disposition, found.Due = "2", first.ID, inspect.Pass, inspect.NoDisposition, nil
	ok(s.svc.AddInspection(ctx, inspector, found))(s.t)
	ok(s.svc.AnswerInspection(ctx, plant, calls.NewAnswer{ByID: calls.ByID{ID: first.ID}, Note: "停炉降温（示例）"}))(s.t)
	for _, id := range d.Tasks {
		ok(s.svc.ChangeTask(ctx, duty, calls.TaskStep{ByID: calls.ByID{ID: id}, State: compliance.TaskTaken, Assignee: "inspector",
			Day: new("2026-12-17")}))(s.t)
	}
	recusal := calls.Recusal{ByID: calls.ByID{ID: d.Tasks[0]}, Reason: "亲属在该企业任职（示例）"}
	ok(s.svc.RecuseTask(ctx, inspector, recusal))(s.t)
	s.send()
}
