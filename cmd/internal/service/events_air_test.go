package service

import (
	"qingkong/alerts"
	"qingkong/alerts/aqi"
)

// conc is a concentration as it is read from the record.
func conc(text string) *aqi.Concentration {
	c := new(aqi.Concentration)
	if err := c.UnmarshalJSON([]byte(text)); err != nil {
		panic(err)
	}
	return c
}

func measured() alerts.Measured {
	return alerts.Measured{PM25: conc("158.5"), PM10: conc("212"), SO2: conc("31"), NO2: conc("88"), CO: conc("2.4"),
		O3H8: conc("23"), O3H1: conc("41")}
}

func forecast() alerts.Forecast {
	return alerts.Forecast{
		Source: "tianjin-center", Region: "120111", IssuedAt: at("2026-12-14T16:00:00+08:00"), Drill: true,
		Days: []alerts.ForecastDay{
			{Date: "2026-12-16", AQILow: 180, AQIHigh: 230, Primary: []string{"pm25"}, Measured: measured()},
			{Date: "2026-12-17", AQILow: 260, AQIHigh: 320, Primary: []string{"pm25", "pm10"}, Cause: alerts.Dust},
		},
		Hours: []alerts.Hour{{At: at("2026-12-16T00:00:00+08:00"), AQI: new(198), Cause: alerts.LocalDust,
			Measured: measured()}},
	}
}

func proposal() alerts.Proposal {
	from, to := at("2026-12-16T00:00:00+08:00"), at("2026-12-19T00:00:00+08:00")
	return alerts.Proposal{
		ID: "PD20261214-01", State: alerts.StateAccepted, Revision: 2, Kind: alerts.KindStart, Level: alerts.Orange,
		Region: "120111",
		Drill:  true, StartsAt: from, EndsAt: &to, Criteria: alerts.CriteriaNational2024, ForecastID: "F20261214-01",
		LeadH:       31.5,
		ShortNotice: true, WarningID: "DW20261214-01", RaisedAt: at("2026-12-14T16:30:00+08:00"),
		UpdatedAt: at("2026-12-14T17:00:00+08:00"),
		ClosedAt:  new(at("2026-12-14T18:00:00+08:00")), ClosedBy: "duty", Reason: "会商认为扩散条件将好转",
		Trace: alerts.Trace{
			Clauses: []alerts.ClauseTrace{{Level: alerts.Orange, Clause: ">200 72h", Met: true, LongestH: 72,
				Windows: []alerts.Window{{From: from, To: to, AQIMin: 205, AQIMax: 320}}}},
			Period: alerts.Period{From: from, To: to},
			Days: []alerts.DayVerdict{{Date: "2026-12-16", AQI: new(230), Primary: []string{"pm25"}, Counted: true,
				Why:    "bare_aqi",
				Source: "forecast", ForecastID: "F20261214-01"}},
			Windows: []alerts.WindowVerdict{{From: from, AQI: new(228), Primary: []string{"pm25"}, Valid: 24, Counted: true,
				Why:    "unknown",
				Source: "observed", ForecastID: "F20261214-01"}},
			Excluded: []alerts.Excluded{{Date: "2026-12-15", Reason: "dust"}},
			Settings: alerts.TraceSettings{Criteria: alerts.CriteriaNational2024, Document: "环大气〔2024〕6号",
				Range: alerts.RangeHigh, MergeGapH: 36,
				LiftH: 36, LiftRule: alerts.LiftAtMostRule, LiftAtMost: 150, LeadH: 24, Over300Consecutive: true},
			Words: alerts.Words{ZH: []string{"建议启动橙色预警：12月16日0时至19日0时"},
				EN: []string{"An orange warning is proposed: 16 December 00:00 to 19 December 00:00"}},
		},
	}
}

// episodeProposal says what the first programs did not: the whole episode, and how levels are merged.
func episodeProposal() alerts.Proposal {
	p := proposal()
	p.Trace.Episode = &alerts.Period{From: p.StartsAt, To: *p.EndsAt}
	p.Trace.Outlook = &alerts.Outlook{From: p.EndsAt, KnownUntil: at("2026-12-21T00:00:00+08:00"), Open: true, IdleDays: 2}
	set := &p.Trace.Settings
	set.Merge, set.LiftStep, set.LiftLeadH = alerts.MergeStages, alerts.LiftHour, 24
	return p
}

// reviseProposal asks to take the end of a warning away.
func reviseProposal() alerts.Proposal {
	p := episodeProposal()
	p.Kind, p.EndsAt, p.NoEnd, p.Trace.Measured = alerts.KindRevise, nil, true, true
	return p
}

// smallProposal has nothing that may be left out.
func smallProposal() alerts.Proposal {
	p := proposal()
	p.ID, p.State, p.Drill, p.ShortNotice, p.WarningID, p.ClosedAt, p.ClosedBy, p.Reason = "P20261214-01",
		alerts.StateOpen, false, false, "", nil, "", ""
	p.Trace.Windows, p.Trace.Excluded, p.Trace.Days = nil, []alerts.Excluded{},
		[]alerts.DayVerdict{{Date: "2026-12-16", Why: "unknown"}}
	return p
}

// disagreeingProposal has a day whose index and concentrations disagree.
func disagreeingProposal() alerts.Proposal {
	p := smallProposal()
	p.Trace.Days = []alerts.DayVerdict{{Date: "2026-12-16", AQI: new(350), CountedAQI: new(230), Primary: []string{"pm25"},
		Counted: true, Why: "aqi_mismatch",
		Source: "forecast", ForecastID: "F20261214-01"}}
	p.Trace.Settings.AQIMismatch, p.Trace.Settings.DustSuspect = 10, alerts.DustTell
	return p
}

// agedProposal has a day and hours of which it says when their forecast was issued.
func agedProposal() alerts.Proposal {
	p := smallProposal()
	issued := at("2026-12-12T16:00:00+08:00")
	p.Trace.Days = []alerts.DayVerdict{{Date: "2026-12-16", AQI: new(230), Why: "forecast_old", Source: "forecast",
		ForecastID: "F20261212-01", IssuedAt: &issued}}
	p.Trace.Windows = []alerts.WindowVerdict{{From: at("2026-12-15T00:00:00+08:00"), AQI: new(228),
		Primary: []string{"pm25"}, Valid: 24, Counted: true,
		Source: "forecast", ForecastID: "F20261212-01", IssuedAt: &issued}}
	p.Trace.Settings.ForecastMaxAgeH, p.Trace.Settings.ForecastMaxLeadD = 72, 10
	return p
}

// eveningProposal starts on the evening before the day that asks for it.
func eveningProposal() alerts.Proposal {
	p := smallProposal()
	p.StartsAt = at("2026-12-15T20:00:00+08:00")
	p.Trace.Settings.StartAt, p.Trace.Settings.EveningHour = alerts.StartEveningBefore, 20
	return p
}

// asideProposal rests on the mean of two stations, one of whose instruments is stuck, and beside a day of too few
// hours.
func asideProposal() alerts.Proposal {
	p := smallProposal()
	p.Trace.Clauses = []alerts.ClauseTrace{{Level: alerts.Orange, Clause: ">200 72h", Windows: []alerts.Window{},
		Unknown: true}}
	p.Trace.Days = []alerts.DayVerdict{
		{Date: "2026-12-15", Why: "too_few_hours", Source: "observation",
			Hours: &alerts.FewHours{Valid: 19, Need: 20, Mean: new(330)}},
		{Date: "2026-12-16", AQI: new(230), Primary: []string{"pm25"}, Counted: true, Source: "observation",
			Stations: []string{"1015A", "1021A"}}}
	p.Trace.SetAside = []alerts.Aside{{Station: "1021A", Name: "pm25", From: at("2026-12-13T00:00:00+08:00"),
		To: at("2026-12-16T00:00:00+08:00"),
		N:  60, Value: "264", Rule: alerts.AsideStuck, Unchanged: true}}
	return p
}

func airEvents() []example {
	untaken := []alerts.RawValue{{Name: "pm10", Value: "-999", Rule: alerts.AsideImpossible}}
	asideForecast := forecast()
	// hours of both kinds have one form
	asideForecast.Days, asideForecast.Hours[0].SetAside = []alerts.ForecastDay{}, untaken
	return []example{
		{"aside", alerts.ForecastReceived{ID: "F20261214-03", Number: 3,
			Hash: "2e2d8c7a5b6e4d3c2b1a09182736455463728190a1b2c3d4e5f60718293a4b5c", Forecast: asideForecast}},
		{"aside", alerts.ObservationReceived{Observation: alerts.Observation{Station: "1021A", Region: "120111",
			Days:  []alerts.Day{{Date: "2026-12-15", Primary: []string{}, SetAside: untaken}},
			Hours: []alerts.Hour{{At: at("2026-12-15T23:00:00+08:00"), SetAside: untaken}}}}},
		{"aside", alerts.ProposalRaised{Number: 5, Proposal: asideProposal()}},
		{"aside", alerts.ProposalUpdated{Proposal: asideProposal()}},
		{"", alerts.ForecastReceived{ID: "F20261214-01", Number: 1,
			Hash: "0f2d8c7a5b6e4d3c2b1a09182736455463728190a1b2c3d4e5f60718293a4b5c", Forecast: forecast()}},
		{"min", alerts.ForecastReceived{ID: "F20261214-02", Number: 2,
			Hash: "1e2d8c7a5b6e4d3c2b1a09182736455463728190a1b2c3d4e5f60718293a4b5c",
			Forecast: alerts.Forecast{Source: "tianjin-center", Region: "120111", IssuedAt: at("2026-12-14T17:00:00+08:00"),
				Days: []alerts.ForecastDay{{Date: "2026-12-16", AQILow: 180, AQIHigh: 230}}}}},
		{"", alerts.ObservationReceived{Observation: alerts.Observation{Station: "1021A", Region: "120111",
			Days: []alerts.Day{{Date: "2026-12-15", AQI: new(208), Primary: []string{"pm25"}, Cause: alerts.CrossBorder,
				Measured: measured()}},
			Hours: []alerts.Hour{{At: at("2026-12-15T23:00:00+08:00"), AQI: new(208), Cause: alerts.Wildfire,
				Measured: measured()}}}}},
		{"min", alerts.ObservationReceived{Observation: alerts.Observation{Station: "1021A", Region: "120111",
			Days: []alerts.Day{{Date: "2026-12-15", Primary: []string{}}}}}},
		{"", alerts.FeedSilence{Feed: "center", Source: "tianjin-center", Silent: true,
			Since: at("2026-12-14T10:00:00+08:00")}},
		{"", alerts.ProposalRaised{Number: 1, Proposal: proposal()}},
		{"min", alerts.ProposalRaised{Number: 2, Proposal: smallProposal()}},
		{"disagree", alerts.ProposalRaised{Number: 3, Proposal: disagreeingProposal()}},
		{"aged", alerts.ProposalRaised{Number: 4, Proposal: agedProposal()}},
		{"episode", alerts.ProposalRaised{Number: 3, Proposal: episodeProposal()}},
		{"evening", alerts.ProposalRaised{Number: 3, Proposal: eveningProposal()}},
		{"", alerts.ProposalUpdated{Proposal: proposal()}},
		{"no_end", alerts.ProposalRaised{Number: 4, Proposal: reviseProposal()}},
		{"no_end", alerts.ProposalUpdated{Proposal: reviseProposal()}},
		{"episode", alerts.ProposalUpdated{Proposal: episodeProposal()}},
		{"min", alerts.ProposalUpdated{Proposal: smallProposal()}},
		{"disagree", alerts.ProposalUpdated{Proposal: disagreeingProposal()}},
		{"aged", alerts.ProposalUpdated{Proposal: agedProposal()}},
		{"evening", alerts.ProposalUpdated{Proposal: eveningProposal()}},
		{"", alerts.ProposalAccepted{ID: "P20261214-01", WarningID: "W20261214-01"}},
		{"", alerts.ProposalDismissed{ID: "P20261214-01", Reason: "会商认为扩散条件将好转"}},
		{"", alerts.ProposalWithdrawn{ID: "P20261214-01"}},
	}
}

func override() *alerts.Override {
	return &alerts.Override{ProposalID: "P20261214-01", Kind: alerts.KindStart, Level: alerts.Yellow,
		Ordered: alerts.Orange, Trigger: alerts.CityOrder}
}

func warningEvents() []example {
	const id, version = "W20261214-01", "20261001-3f9a1c20"
	const hash = "sha256:3f9a1c20b7d4e8f6a5c3b2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1"
	const document, issuer = "津污防指〔2026〕12号", "天津市重污染天气应急指挥部"
	const reason, notice = "市指挥部要求全市同步启动", "自12月16日0时起启动重污染天气橙色预警，落实Ⅱ级应急响应措施。"
	start, end, received := at("2026-12-16T00:00:00+08:00"), at("2026-12-19T00:00:00+08:00"),
		at("2026-12-14T17:45:30.25+08:00")
	change := alerts.Change{Level: alerts.Red, EffectiveAt: start, Grounds: alerts.Grounds{Reason: reason,
		Trigger: alerts.CityOrder, EndsAt: &end, Document: alerts.Document{DocumentNo: document, IssuedBy: issuer,
			ReceivedAt: &received}}, Overrides: override()}
	return []example{
		{"", alerts.WarningDeclared{OfWarning: alerts.OfWarning{ID: id}, Number: 1, State: alerts.Scheduled,
			Level: alerts.Orange, Trigger: alerts.CityOrder, Region: "120111", StartsAt: start, EndsAt: &end,
			Notice: alerts.Notice{Document: alerts.Document{DocumentNo: document, IssuedBy: issuer, ReceivedAt: &received},
				Reason: reason, NoticeText: notice}, ProposalID: new("P20261214-01"), Drill: true,
			ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}, Announced: alerts.Announced{Announce: true},
			Overrides: override()}},
		{"min", alerts.WarningDeclared{OfWarning: alerts.OfWarning{ID: id}, Number: 1, State: alerts.PendingApproval,
			Level: alerts.Orange, Trigger: alerts.OwnForecast, Region: "120111", StartsAt: start,
			ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}}},
		{"at_once", alerts.WarningDeclared{OfWarning: alerts.OfWarning{ID: id}, Number: 1, State: alerts.PendingApproval,
			Level: alerts.Orange, Trigger: alerts.OwnForecast, Region: "120111", StartsAt: start, AtOnce: true,
			ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}}},
		{"", alerts.WarningApproved{OfWarning: alerts.OfWarning{ID: id}, State: alerts.Scheduled,
			Announced: alerts.Announced{Announce: true}}},
		{"at_once", alerts.WarningApproved{OfWarning: alerts.OfWarning{ID: id}, State: alerts.Scheduled,
			StartsAt: &start}},
		{"", alerts.WarningConfirmed{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Orange, Trigger: alerts.CityOrder,
			StartsAt: start, EndsAt: &end, Notice: alerts.Notice{Document: alerts.Document{DocumentNo: document,
				IssuedBy: issuer, ReceivedAt: &received}, Reason: reason, NoticeText: notice},
			ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}, Announced: alerts.Announced{Announce: true}}},
		{"min", alerts.WarningConfirmed{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Orange,
			Trigger: alerts.CityOrder, StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}}},
		{"", alerts.WarningRejected{OfWarning: alerts.OfWarning{ID: id}, Reason: "起始时间应为17日0时"}},
		{"", alerts.WarningResubmitted{OfWarning: alerts.OfWarning{ID: id}, State: alerts.PendingApproval,
			Level: alerts.Orange, StartsAt: start, EndsAt: &end,
			Notice: alerts.Notice{Document: alerts.Document{DocumentNo: document, IssuedBy: issuer, ReceivedAt: &received},
				Reason: reason, NoticeText: notice}, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash},
			Announced: alerts.Announced{Announce: true}}},
		{"min", alerts.WarningResubmitted{OfWarning: alerts.OfWarning{ID: id}, State: alerts.PendingApproval,
			Level: alerts.Orange, StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}}},
		{"at_once", alerts.WarningResubmitted{OfWarning: alerts.OfWarning{ID: id}, State: alerts.PendingApproval,
			Level: alerts.Orange, StartsAt: start, AtOnce: true, ListPin: alerts.ListPin{ListVersion: version,
				ListHash: hash}}},
		{"override", alerts.WarningResubmitted{OfWarning: alerts.OfWarning{ID: id}, State: alerts.PendingApproval,
			Level: alerts.Orange, StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash},
			Overrides: &alerts.Override{ProposalID: "P20261214-01", Kind: alerts.KindStart, Level: alerts.Red,
				Ordered: alerts.Orange, Trigger: alerts.OwnForecast}}},
		{"", alerts.WarningActivated{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Orange, Region: "120111",
			Drill: true, StartsAt: start, EndsAt: &end, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash},
			Announced: alerts.Announced{Announce: true}}},
		{"min", alerts.WarningActivated{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Orange, Region: "120111",
			StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}}},
		{"", alerts.EmergencyApproved{OfWarning: alerts.OfWarning{ID: id}, Authority: "区应急指挥部值班副指挥长", CalledAt: received,
			Reason: "审批人在外出差，电话授权", ConfirmBy: end}},
		{"", alerts.EmergencyConfirmed{OfWarning: alerts.OfWarning{ID: id}}},
		{"", alerts.EmergencyOverdue{OfWarning: alerts.OfWarning{ID: id}}},
		{"", alerts.RaiseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: change}},
		{"min", alerts.RaiseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}}}},
		{"at_once", alerts.RaiseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, AtOnce: true, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}}}},
		{"", alerts.RaiseRejected{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Red, Reason: "未达到红色预警启动条件"}},
		{"", alerts.ReviseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: change,
			Terms: alerts.Terms{NoticeText: notice}}},
		{"min", alerts.ReviseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}}}},
		{"no_end", alerts.ReviseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, AtOnce: true, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}},
			Terms: alerts.Terms{NoEnd: true}}},
		{"", alerts.ReviseRejected{OfWarning: alerts.OfWarning{ID: id}, Reason: "起始时间不宜提前"}},
		{"", alerts.LevelChanged{OfWarning: alerts.OfWarning{ID: id}, From: alerts.Orange, To: alerts.Red,
			Region: "120111", Drill: true, EffectiveAt: start, Grounds: alerts.Grounds{Reason: reason,
				Trigger: alerts.CityOrder, EndsAt: &end, Document: alerts.Document{DocumentNo: document, IssuedBy: issuer,
					ReceivedAt: &received}}, Approved: true, Overrides: override()}},
		{"min", alerts.LevelChanged{OfWarning: alerts.OfWarning{ID: id}, From: alerts.Orange, To: alerts.Yellow,
			Region: "120111", EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}}},
		{"", alerts.WarningRevised{OfWarning: alerts.OfWarning{ID: id}, EndsAt: &end,
			Document: alerts.Document{DocumentNo: document, IssuedBy: issuer, ReceivedAt: &received}, NoticeText: notice,
			Reason: reason}},
		{"min", alerts.WarningRevised{OfWarning: alerts.OfWarning{ID: id}}},
		{"moved", alerts.WarningRevised{OfWarning: alerts.OfWarning{ID: id}, Reason: reason, StartsAt: &start,
			NoEnd: true, Announce: true, Approved: true}},
		{"", alerts.EndSet{OfWarning: alerts.OfWarning{ID: id}, EndsAt: end, Reason: "冷空气过程将于19日到达"}},
		{"lift", alerts.EndSet{OfWarning: alerts.OfWarning{ID: id}, EndsAt: end, Reason: "冷空气过程将于19日到达",
			LiftFrom: &start}},
		{"", alerts.WarningLifted{Ended: alerts.Ended{OfWarning: alerts.OfWarning{ID: id}, Region: "120111", Drill: true,
			Level: alerts.Orange}, EndsAt: end, Reason: "空气质量已好转", Expired: true}},
		{"min", alerts.WarningLifted{Ended: alerts.Ended{OfWarning: alerts.OfWarning{ID: id}, Region: "120111",
			Level: alerts.Orange}, EndsAt: end}},
		{"", alerts.WarningCancelled{Ended: alerts.Ended{OfWarning: alerts.OfWarning{ID: id}, Region: "120111",
			Drill: true, Level: alerts.Orange}, Reason: "误操作", Announce: true, Expired: true}},
		{"min", alerts.WarningCancelled{Ended: alerts.Ended{OfWarning: alerts.OfWarning{ID: id}, Region: "120111",
			Level: alerts.Orange}}},
	}
}
