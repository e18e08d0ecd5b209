package service

import (
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// inspectionEvents are those of what is found on site.
func inspectionEvents() []example {
	const warning, recipient, order = "W20261214-01", "E0001", "W20261214-01-E0001-2"
	full := inspect.Inspection{ID: "I20261216-00002", Client: "7b0e6a52-6a0f-4a43-9f0c-3a1d1c4f2b11",
		Digest: "0123456789abcdef0123456789abcdef", Task: "T20261216-00001", Order: order, Warning: warning, Recipient: recipient,
		Town: "杨柳青镇", Sector: "火电", With: "li", Corrects: "I20261216-00001", StartedAt: at("2026-12-16T10:00:00+08:00"),
		At: at("2026-12-16T10:40:00+08:00"), Offset: -700,
		Items: []inspect.Item{{Measure: "M01", Monitor: "DB0001.", Expected: "6#机组：降低煤耗，不超过300吨/日", Result: inspect.Fail,
			Value: new(14.5), Unit: "t/h", Evidence: []string{fileHash}}, {Result: inspect.NotSeen}},
		Evidence: []string{fileHash}, PrivateRef: vaultRef, Signature: fileHash, Disposition: inspect.OpenCase,
		Due: new(at("2026-12-17T10:00:00+08:00")), Reinspect: true, Result: inspect.Failed,
		Remarks:  []inspect.Remark{{Rule: inspect.ClockOff, Of: "-700"}, {Rule: inspect.OrderEnded, Of: order}},
		FollowUp: "T20261216-00003", AnswerBy: at("2026-12-17T11:00:00+08:00")}
	bare := inspect.Inspection{ID: "I20261216-00003", Recipient: "E0003", At: at("2026-12-16T10:40:00+08:00"),
		Items: []inspect.Item{{Measure: "M01", Result: inspect.Pass}}, Refused: true, Disposition: inspect.NoDisposition,
		Result: inspect.Passed, AnswerBy: at("2026-12-17T11:00:00+08:00")}
	return []example{
		{"", &inspect.Recorded{Inspection: full}},
		{"min", &inspect.Recorded{Inspection: bare}},
		{"", &inspect.Answered{Inspection: full.ID, Order: order, Recipient: recipient, NoteRef: vaultRef,
			Evidence: []string{fileHash}}},
		{"min", &inspect.Answered{Inspection: bare.ID, Recipient: "E0003"}},
		{"", &inspect.Drawn{Draw: inspect.Draw{ID: "P20261216-00001", Day: "2026-12-17", Warning: warning, Towns: []string{"杨柳青镇"},
			Seed: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Pool: 2,
			PoolHash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", IDs: []string{"E0001", "E0002"},
			Ranked: []string{"E0001"}, Random: []string{"E0002"}, Tasks: []string{"T20261216-00004", "T20261216-00005"},
			Assignee: "inspector", With: "li", Key: "0123456789abcdef0123456789abcdef", Asked: "fedcba9876543210fedcba9876543210"}}},
		{"", &compliance.InspectorRecused{Recipient: recipient, User: "inspector", ReasonRef: vaultRef}},
		{"ended", &compliance.InspectorRecused{Recipient: recipient, User: "inspector", Ended: true}},
		{"planned", &compliance.TaskOpened{Task: compliance.Task{ID: "T20261216-00004", Origin: compliance.FromPlan,
			About: "P20261216-00001 E0001", Warning: warning, Recipient: recipient, Order: order, Due: at("2026-12-17T18:00:00+08:00"),
			State: compliance.TaskTaken, Assignee: "inspector", With: "li", Day: "2026-12-17"}}},
		{"with", &compliance.TaskChanged{ID: "T20261216-00004", State: compliance.TaskTaken, Assignee: "inspector", With: "li",
			Day: "2026-12-17"}},
	}
}
