package service

import (
	"time"

	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
)

// findingEvents are those of what monitoring finds, and of the tasks that follow.
func findingEvents() []example {
	const warning, recipient, order, id = "W20261214-01", "E0001", "W20261214-01-E0001-2", "W20261214-01-E0001-F001"
	first, second := at("2026-12-16T09:00:00+08:00"), at("2026-12-16T10:00:00+08:00")
	key := compliance.Key{Measure: "M09", Source: reductionlist.CEMS, Ref: "010000A8900016F000169DC0", Factor: "a21026",
		Kind: reductionlist.FractionOfBaseline, Ordinal: 1}
	meter := compliance.Key{Measure: "M01", Source: reductionlist.Power, Ref: "DB0001", Factor: "", Kind: reductionlist.Stopped}
	usual := &compliance.Usual{N: 2, Median: 60.5, Low: 41, High: 80, Days: []string{"2026-11-09", "2026-11-10"},
		Hash: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", Residual: 12.5, P95: 90}
	hours := []compliance.FoundHour{
		{At: first, Result: judge.Fail, Measured: new(41.5), Limit: new(36.25), Usual: usual,
			Said: []compliance.Said{{Value: new(41.5), Flag: "N"}, {Flag: "F"}}},
		{At: second, Result: judge.Fail, Why: judge.Beyond, Measured: new(99.0), Limit: new(36.25), Usual: usual},
	}
	full := compliance.Judged{Warning: warning, Recipient: recipient, Order: order, Verdict: judge.Violated,
		Worst: judge.Violated, Failed: 5, Final: true,
		Monitors: []compliance.Monitor{{Key: key, Verdict: judge.Suspected, Worst: judge.Violated, Since: second, Failed: 5,
			Finding: id}},
		Findings: []compliance.Finding{
			{ID: id, Warning: warning, Recipient: recipient, Order: order, Revision: 2, Key: key,
				Criterion: "at_most_fraction_of_baseline 0.5", Unit: "mg/m3", Verdict: judge.Suspected, Worst: judge.Violated,
				Advisory: true, From: first, Last: second, Failed: 5, Hours: hours, Guessed: true},
			{ID: "W20261214-01-E0001-F002", Warning: warning, Recipient: recipient, Order: order, Revision: 3, Key: meter,
				Criterion: "stopped", Unit: "kW", Verdict: judge.Unknown, Worst: judge.Unknown, Cleared: true, From: first, Last: second}},
	}
	min := compliance.Judged{Warning: warning, Recipient: recipient, Order: order, Verdict: judge.Compliant,
		Worst: judge.Compliant, Monitors: []compliance.Monitor{{Key: meter, Verdict: judge.Compliant, Worst: judge.Compliant}}}
	task := compliance.Task{ID: "T20261216-00001", Origin: compliance.FromFinding, About: id, Warning: warning,
		Recipient: recipient, Order: order, Finding: id, Town: "杨柳青镇", Due: at("2026-12-17T11:00:00+08:00"), Desk: true,
		NoteRef: vaultRef, State: compliance.TaskTaken, Assignee: "inspector"}
	bare := compliance.Task{ID: "T20261216-00002", Origin: compliance.ByHand, Recipient: "E0003",
		Due: at("2026-12-17T11:00:00+08:00"), State: compliance.TaskOpen}
	return []example{
		{"", &full},
		{"min", &min},
		{"", &compliance.Explained{Finding: id, Order: order, Explanation: compliance.Explanation{NoteRef: vaultRef,
			NoteHash: "0123456789abcdef0123456789abcdef", Evidence: []string{fileHash}}}},
		{"min", &compliance.Explained{Finding: id, Order: order}},
		{"", &compliance.Decided{Finding: id, Order: order, Decision: compliance.Reject, ReasonRef: vaultRef}},
		{"accepted", &compliance.Decided{Finding: id, Order: order, Decision: compliance.Accept,
			Hours: []time.Time{first, second}}},
		{"", &compliance.ValueAccepted{Finding: id, Order: order, Value: compliance.AcceptedValue{Key: key, At: first,
			Value: 31.5, ReasonRef: vaultRef}}},
		{"", &compliance.HourSummed{Hour: first, Orders: 1500, Pass: 9000, Fail: 12, NoData: 480, Tagged: 36,
			Root: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="}},
		{"", &compliance.EvidenceAdded{Hash: fileHash, Size: 4_200_000, Type: "image/jpeg", Recipient: "E0001"}},
		{"photo", &compliance.EvidenceAdded{Hash: fileHash, Size: 4_200_000, Type: "image/jpeg", PhotoRef: vaultRef}},
		{"min", &compliance.EvidenceAdded{Hash: fileHash, Size: 1, Type: "application/pdf"}},
		{"", &compliance.TaskOpened{Task: task}},
		{"min", &compliance.TaskOpened{Task: bare}},
		{"", &compliance.TaskChanged{ID: task.ID, State: compliance.TaskDropped, Assignee: "inspector", ReasonRef: vaultRef}},
		{"min", &compliance.TaskChanged{ID: task.ID, State: compliance.TaskOpen}},
	}
}
