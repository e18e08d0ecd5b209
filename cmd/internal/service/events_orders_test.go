package service

import (
	"encoding/json"

	"qingkong/cmd/internal/calls"

	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/channel"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

const (
	listVersion = "20261001-3f9a1c20"
	listHash    = "sha256:3f9a1c20b7d4e8f6a5c3b2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1"
	fileHash    = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	vaultRef    = "v1:c3ab8ff13720e8ad9047dd39466b3c89"
)

func orderEvents() []example {
	const id, warning, recipient = "W20261214-01-E0003-2", "W20261214-01", "E0003"
	end := at("2026-12-19T00:00:00+08:00")
	order := notify.Issued{OrderHead: notify.OrderHead{
		ID: id, WarningID: warning, Revision: 2, Supersedes: new("W20261214-01-E0003-1"), RecipientID: recipient,
		RecipientName: "天津市西青区杨柳青铸造厂（示例）", Town: "杨柳青镇", Sector: "C3391", Grade: "B", Level: alerts.Red,
		Title: "重污染天气红色预警应急减排指令", Text: "一、2号熔炼炉停产，4小时内完成。\n二、国四及以下货车停运。<以清单为准> & \"示例\"\t完",
		LegalBasis: "《中华人民共和国大气污染防治法》第九十六条", DocumentNo: "津污防指〔2026〕12号", IssuedAt: at("2026-12-15T18:00:00.125+08:00"),
		EffectiveFrom: at("2026-12-16T00:00:00+08:00"), EndsAt: &end, AcknowledgeBy: at("2026-12-15T19:00:00.125+08:00"),
		ListVersion: listVersion, ListHash: listHash, Drill: true, Cause: notify.CausePlan,
		Plan: raw(`{"units":[{"name":"1号机组","mw":[180,175.5]}]}`)},
		Measures:   raw(`[{"id":"M1","levels":["red"],"action":"stop","text":"2号熔炼炉停产","complete_within_h":4,"responsible":"生产部值长","reduction_t_per_day":{"so2":0,"nox":0.12,"pm":0.3,"vocs":0}}]`),
		ContactRef: vaultRef,
	}
	small := order
	small.ID, small.Revision, small.Supersedes, small.EndsAt, small.Drill = "W20261214-01-E0003-1", 1, nil, nil, false
	small.Cause, small.Plan, small.ContactRef, small.Grade, small.DocumentNo = "", raw("null"), "", "", ""
	words := notify.ReleaseWords{Kind: notify.ReleaseLevelChanged, Title: "应急减排指令终止通知（预警级别调整）",
		Text: "重污染天气预警级别已调整为黄色(Ⅲ级)（津污防指〔2026〕13号）。", At: at("2026-12-16T08:00:00+08:00")}
	exempted := notify.ReleaseWords{Kind: notify.ReleaseExempted, Title: "应急减排指令豁免通知", Text: "经核实你单位提出的异议，同意豁免。",
		At: at("2026-12-16T08:00:00+08:00")}
	return []example{
		{"", &order},
		{"min", &small},
		{"", &notify.Released{OrderID: id, Reason: notify.ReleaseLevelChanged}},
		{"words", &notify.Released{OrderID: id, Reason: notify.ReleaseLevelChanged, Words: 2}},
		{"", &notify.ReleaseWorded{Warning: warning, Seq: 3, N: 2, ReleaseWords: words, Reason: "污染减轻"}},
		{"min", &notify.ReleaseWorded{Warning: warning, N: 1,
			ReleaseWords: notify.ReleaseWords{Kind: notify.ReleaseListChanged,
				Title: "应急减排指令终止通知（清单更新）", Text: "应急减排清单已更新。", At: at("2026-12-16T08:00:00+08:00")}}},
		{"", &notify.ChunkDone{Warning: warning, Seq: 1, N: 2, Cursor: recipient, Done: true, Issued: 3, Revised: 2,
			Released: 1}},
		{"", &notify.Answered{OrderID: id, Action: "report", NoteRef: vaultRef, Evidence: []string{fileHash},
			Digest: "0123456789abcdef", Late: true,
			Measures: []notify.MeasureReport{{ID: "M1", Value: new(62.5), Unit: "%", NoteRef: vaultRef}, {ID: "M2"}}}},
		{"min", &notify.Answered{OrderID: id, Action: "receive"}},
		{"correction", &notify.Answered{OrderID: id, Action: "complete", NoteRef: vaultRef, Digest: "0123456789abcdef",
			At: new(at("2026-12-16T02:00:00+08:00")), Correction: true}},
		{"", &notify.Sent{Orders: []string{id, "W20261214-01-E0004-1"}}},
		{"", &notify.Overdue{Warning: warning, Seq: 1, N: 2, Orders: []string{id}, Cursor: id, Done: true}},
		{"", &notify.Decided{OrderID: id, Decision: "amend", ReasonRef: vaultRef, ExpiresAt: &end,
			AcknowledgeBy: new(at("2026-12-15T20:00:00+08:00"))}},
		{"min", &notify.Decided{OrderID: id, Decision: "accept"}},
		{"release", &notify.Decided{OrderID: id, Decision: "accept", ReasonRef: vaultRef, ExpiresAt: &end,
			Release: &exempted}},
		{"", &notify.PlanReason{OrderID: id, ReasonRef: vaultRef, NotKept: []string{"M1"}}},
		{"min", &notify.PlanReason{OrderID: id, ReasonRef: vaultRef, NotKept: []string{}}},
		{"", &notify.Judged{OrderID: id, Verdict: "compliant"}},
		{"", &notify.Called{OrderID: id, Outcome: notify.CallUnreachable, NoteRef: vaultRef}},
		{"min", &notify.Called{OrderID: id, Outcome: notify.CallTold}},
		{"", &notify.Staged{Warning: warning}},
		{"", &notify.Relisted{Warning: warning, ListVersion: listVersion, ListHash: listHash,
			Recipients: []string{recipient, "E0004"}}},
		{"", &notify.FiguresGiven{RecipientID: "E0001",
			Figures: plant.Figures{From: new(at("2026-12-15T18:00:00+08:00")), To: &end, StepH: new(2.0),
				Source: "示例：电厂值长", Units: []plant.MachineState{{Name: "1号机组", InitiallyOn: new(true), HoursInState: new(100.0),
					Available: []plant.Span{{From: new(at("2026-12-15T18:00:00+08:00")), To: &end}}}, {Name: "2号机组"}},
				Demand:     []plant.Demand{{PowerMinMW: new(600.0), PowerMaxMW: new(900.0), HeatGJH: new(1800.0)}, {}},
				BaselineMW: map[string][]*float64{"1号机组": {new(260.0), new(240.5)}}}}},
		{"waste", &notify.FiguresGiven{RecipientID: "E0002",
			Figures: plant.Figures{From: new(at("2026-12-15T18:00:00+08:00")), To: &end,
				Furnaces: []plant.MachineState{{Name: "1号炉", InitiallyOn: new(false), HoursInState: new(30.0)}},
				Pit:      &plant.PitState{LevelT: new(6000.0)}, IntakeTH: []*float64{new(80.0)}, SteamMinTH: new(0.0)}}},
		{"min", &notify.FiguresGiven{RecipientID: "E0001",
			Figures: plant.Figures{From: new(at("2026-12-15T18:00:00+08:00")), To: &end}}},
		{"", &notify.SettingsChanged{Settings: notify.Settings{AcknowledgeWithinMin: 60, ContactRef: vaultRef}}},
	}
}

func otherEvents() []example {
	counts := func(key string, n int) []reductionlist.Count { return []reductionlist.Count{{Key: key, N: n}} }
	return []example{
		{"", reductionlist.Begun{Version: listVersion, Hash: listHash, Count: 1, Source: "减排清单2026.xlsx", Workbook: fileHash,
			Findings: fileHash,
			Errors:   2, Warnings: 3, List: reductionlist.List{Name: "西青区重污染天气应急减排清单（示例）", Region: "120111",
				EffectiveFrom: "2026-10-01",
				EffectiveTo:   "2027-09-30", CompiledBy: "西青区生态环境局", Emission: amounts(), Note: "示例",
				Extra: map[string]string{"联系科室": "大气科"}}}},
		{"min", reductionlist.Begun{Version: listVersion, Hash: listHash,
			List: reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2026-10-01"}}},
		{"amends", reductionlist.Begun{Version: listVersion, Hash: listHash, Count: 1, Source: "amendment",
			List: reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2026-11-01"},
			Amends: &reductionlist.Amends{Base: "L20261001-3f9a1c", Recipient: "E0003", Measure: "M1", Level: alerts.Red,
				ReasonRef: vaultRef, Request: "0123456789abcdef"}}},
		{"retires", reductionlist.Begun{Version: listVersion, Hash: listHash, Count: 1,
			List:   reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2026-11-01"},
			Amends: &reductionlist.Amends{Base: "L20261001-3f9a1c", Recipient: "E0003"}}},
		{"", reductionlist.RowsCopied{Version: listVersion, From: "L20261001-3f9a1c", To: "E0002", Except: "E0001",
			Count: 1}},
		{"min", reductionlist.RowsCopied{Version: listVersion, From: "L20261001-3f9a1c", To: "E0002", Count: 2}},
		{"", reductionlist.ContactsChanged{Version: listVersion, Contacts: []reductionlist.ContactChange{
			{Recipient: "E0001", Ref: vaultRef, Was: "v1:9f86d081884c7d659a2feaa0c55ad015"},
			{Recipient: "E0002", Ref: vaultRef}}}},
		{"", reductionlist.CameIntoForce{Version: listVersion, Previous: "L20261001-3f9a1c",
			From: at("2026-11-01T00:00:00+08:00")}},
		{"min", reductionlist.CameIntoForce{From: at("2026-11-01T00:00:00+08:00")}},
		{"", reductionlist.RowsAdded{Version: listVersion, Recipients: []reductionlist.Recipient{heatPlant()}}},
		{"min", reductionlist.RowsAdded{Version: listVersion,
			Recipients: []reductionlist.Recipient{{ID: "E0004", Type: reductionlist.Enterprise, Name: "示例企业"}}}},
		{"", reductionlist.Approved{Version: listVersion}},
		{"", reductionlist.Discarded{Version: listVersion, Hash: listHash}},
		{"", reductionlist.Activated{Version: listVersion, Hash: listHash, Count: 1, Replaces: "20260401-77aa01bc",
			Towns:   counts("杨柳青镇", 1),
			Sectors: counts("C4412", 1), Grades: counts("B", 1)}},
		{"later", reductionlist.Activated{Version: listVersion, Hash: listHash, Count: 1, Previous: "L20261001-3f9a1c",
			Towns:   []reductionlist.Count{},
			Sectors: []reductionlist.Count{}, Grades: []reductionlist.Count{}, StartsAt: at("2026-11-01T00:00:00+08:00"),
			EndsAt: at("2027-10-01T00:00:00+08:00")}},
		{"min", reductionlist.Activated{Version: listVersion, Hash: listHash, Towns: []reductionlist.Count{},
			Sectors: []reductionlist.Count{},
			Grades:  []reductionlist.Count{}}},
		{"", access.AccountAdded{User: "yangliuqing", Role: calls.Town, Town: "杨柳青镇", NameRef: vaultRef,
			PasswordRef: vaultRef, TokenID: "t1", TokenRef: vaultRef}},
		{"phone", access.AccountAdded{User: "approver", Role: calls.Approver, NameRef: vaultRef, PhoneRef: vaultRef,
			PasswordRef: vaultRef, TokenID: "t1", TokenRef: vaultRef}},
		{"", access.PhoneChanged{User: "approver", PhoneRef: vaultRef}},
		{"min", access.PhoneChanged{User: "approver"}},
		{"min", access.AccountAdded{User: "duty", Role: calls.Duty, PasswordRef: vaultRef, TokenID: "t1",
			TokenRef: vaultRef}},
		{"", access.CredentialsIssued{Recipient: "E0003", NameRef: vaultRef, Town: "杨柳青镇", MNs: []string{"12011100000001"},
			PasswordRef: vaultRef,
			TokenID:     "t2", TokenRef: vaultRef}},
		{"min", access.CredentialsIssued{Recipient: "E0003", PasswordRef: vaultRef, TokenID: "t1", TokenRef: vaultRef}},
		{"", access.CredentialsRevoked{Recipient: "E0003"}},
		{"", access.AccountRenewed{User: "duty", PasswordRef: vaultRef, TokenID: "t2", TokenRef: vaultRef}},
		{"", access.PasswordChanged{User: "duty", PasswordRef: vaultRef}},
		{"", access.TokenAdded{User: "duty", TokenID: "t2", TokenRef: vaultRef, Name: "值班室大屏"}},
		{"min", access.TokenAdded{User: "duty", TokenID: "t2", TokenRef: vaultRef}},
		{"expires", access.TokenAdded{User: "duty", TokenID: "t2", TokenRef: vaultRef, Name: "值班室大屏",
			ExpiresAt: new(at("2027-12-01T00:00:00+08:00"))}},
		{"", access.TokenRevoked{User: "duty", TokenID: "t2"}},
		{"", access.TokenExpired{User: "duty", TokenID: "t2"}},
		{"", access.Disabled{User: "duty"}},
		{"sessions", access.Disabled{User: "duty", Ends: true}},
		{"", access.SessionsEnded{User: "duty"}},
		{"", access.LoginKeyMade{KeyRef: vaultRef}},
		{"", access.Enabled{User: "duty"}},
		{"", access.PersonalSeen{User: "duty", From: at("2026-12-14T17:01:02+08:00"), To: at("2026-12-14T17:01:40+08:00"),
			Reads: []calls.PersonalRead{
				{Kind: access.SeenContact, Call: "GET /desk/recipients/{id}", Count: 2, Recipients: []string{"E0001", "E0003"},
					Unnamed: 1},
				{Kind: access.SeenContact, Call: "GET /api/v1/list/versions/{id}/export", Count: 64, List: listVersion}}}},
		{"bundle", access.PersonalSeen{User: "inspector", From: at("2026-12-14T17:01:02+08:00"), To: at("2026-12-14T17:01:02+08:00"),
			Reads: []calls.PersonalRead{{Kind: access.SeenNote, Call: "GET /api/v1/ledger/bundle", Count: 1,
				Recipients: []string{"E0001"}, ReasonRef: vaultRef}}}},
		{"", journal.LeaseTaken{Node: "a", Epoch: 3}},
		{"", journal.Sent{Epoch: 3, Groups: []journal.SentGroup{{Topic: "order", Again: 1797331500000,
			IDs: []string{"W20261214-01-E0003-1/issued"}}}}},
		{"min", journal.Sent{Epoch: 3, Groups: []journal.SentGroup{{Topic: "warning", IDs: []string{"W20261214-01/3"}}}}},
		{"channel", journal.Sent{Epoch: 3, Channel: "nats",
			Groups: []journal.SentGroup{{Topic: "warning", IDs: []string{"W20261214-01/3"}}}}},
		{"", journal.Outcome{Epoch: 3, Channel: "sms", Topic: "order", ID: "W20261214-01-E0003-1/issued",
			Result: channel.Sent, CarrierID: "9006123456^0", Again: 1797331500000}},
		{"failed", journal.Outcome{Epoch: 3, Channel: "sms", Topic: "order", ID: "W20261214-01-E0003-1/issued",
			Result: channel.Refused, Why: "isv.MOBILE_NUMBER_ILLEGAL"}},
		{"", journal.TimerFired{ID: "warning/W20261214-01/start", Refused: "transition_refused: 预警已解除"}},
		{"min", journal.TimerFired{ID: "warning/W20261214-01/start"}},
		{"", journal.RecordRestored{Block: 4, Confirmed: 10, At: "2026-12-14T18:00:00.000+08:00", Skip: 20,
			OnDays: []string{"20261214", "20261215"}}},
		{"min", journal.RecordRestored{Block: 4, At: "2026-12-14T18:00:00.000+08:00", Skip: 20,
			OnDays: []string{"20261214"}}},
		{"", journal.VaultErased{Ref: vaultRef, Reason: "当事人要求删除"}},
	}
}

func amounts() reductionlist.Amounts {
	return reductionlist.Amounts{SO2: 1.25, NOx: 3.5, PM: 0.75, VOCs: 2}
}

// heatPlant is a recipient with everything that a list may say of one.
func heatPlant() reductionlist.Recipient {
	criterion := func(text string) reductionlist.Criterion {
		c, err := reductionlist.ParseCriterion(text)
		if err != nil {
			panic(err)
		}
		return c
	}
	notes := reductionlist.Notes{Note: "示例", Extra: map[string]string{"核查人": "科室"}}
	gases := reductionlist.Gases{SO2: 0.4, NOx: 0.9, PM: 0.1, HCl: 0.05}
	return reductionlist.Recipient{
		ID: "E0001", Type: reductionlist.Enterprise, Name: "天津市西青区示例热电有限公司", USCC: "91120111MA05XXXX0X",
		Permit: "91120111MA05XXXX0X001P",
		Town:   "杨柳青镇", Address: "示例路1号", Lon: 117.02, Lat: 39.13, Industry: "C4412", Grade: reductionlist.GradeB,
		Category: reductionlist.Safeguard,
		MaxLoad:  "供热负荷650 GJ/h", StationMN: "12011100000001", MeterID: "DB0001", ContactRef: vaultRef,
		Lines: []reductionlist.Line{{ID: "L1", Name: "1号锅炉", Capacity: "1025 t/h", Emission: amounts(), SafeStopH: 8,
			Idle: true, MeterID: "DB0001-1", Notes: notes}},
		Measures: []reductionlist.Measure{{ID: "M1", Levels: []alerts.Level{alerts.Orange, alerts.Red}, Unit: "1号锅炉",
			Action: reductionlist.ReduceCoal,
			Text:   "日耗煤量减少20%", Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: 20, Unit: "%"},
			CompleteWithinH: 4,
			Responsible:     "运行部值长", Evidence: []string{"日耗煤台账"}, Reduction: amounts(), Notes: notes,
			Monitors: []reductionlist.Monitor{
				{Source: reductionlist.CEMS, Ref: "12011100000001", Factor: "a21002",
					Criterion: criterion("hour_mass_at_most 45 kg/h")},
				{Source: reductionlist.Gate, Ref: "MJ01", Criterion: criterion("no_vehicle_below 国五")},
				{Source: reductionlist.Video},
			}}},
		Units: []reductionlist.Unit{{Name: "1号机组", From: "2026-10-01", To: "2027-03-31", MinMW: 120, MaxMW: 300, MinUpH: 24,
			MinDownH: 12, StartCoalT: 60,
			Coal:       reductionlist.CoalCurve{Constant: 12.5, PerMW: 0.29, PerMW2: 0.0001, PerGJ: 0.03},
			MaxHeatGJH: 650, MWLostPerGJH: 0.06, Emission: gases, LowLoadMW: 150, LowLoadNOx: 1.4, Notes: notes}},
		Furnaces: []reductionlist.Furnace{{Name: "1号炉", From: "2026-10-01", To: "2027-09-30", MinTH: 15, MaxTH: 25,
			MinUpH: 72, MinDownH: 24,
			Emission: gases, StartEmission: gases, Notes: notes}},
		Pit: &reductionlist.Pit{MinT: 2000, MaxT: 12000, EndMaxT: 9000, DivertMaxTH: 20, DivertTotalT: 800, DivertNOx: 0.2,
			SteamPerT: 2.1, Notes: notes},
		Notes: notes,
	}
}

// raw is JSON that is recorded as it is.
func raw(text string) json.RawMessage { return json.RawMessage(text) }
