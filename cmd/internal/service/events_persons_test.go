package service

import (
	"qingkong/alerts"
	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
)

// personEvents are those of second factors, and acts that say of who did them that an administrator came by the secret.
func personEvents() []example {
	const id, version = "W20261214-01", "20261001-3f9a1c20"
	const hash = "sha256:3f9a1c20b7d4e8f6a5c3b2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4d3e2f1"
	start := at("2026-12-16T00:00:00+08:00")
	seen := &alerts.SecretSeen{By: "admin", At: at("2026-12-10T09:12:30.5+08:00"), How: access.HowIssued}
	return []example{
		{"", access.FactorEnrolled{User: "approver", SecretRef: vaultRef, Step: 59910960}},
		{"", access.FactorReset{User: "approver"}},
		{"", access.CodeUsed{User: "approver", Step: 59910962}},
		{"seen", access.AccountAdded{User: "duty", Role: calls.Duty, PasswordRef: vaultRef, TokenID: "t1", TokenRef: vaultRef,
			Seen: true}},
		{"seen", access.AccountRenewed{User: "duty", PasswordRef: vaultRef, TokenID: "t2", TokenRef: vaultRef, Seen: true}},
		{"seen", access.TokenAdded{User: "duty", TokenID: "t2", TokenRef: vaultRef, Seen: true}},
		{"seen", alerts.WarningDeclared{OfWarning: alerts.OfWarning{ID: id}, Number: 1, State: alerts.PendingApproval,
			Level: alerts.Orange, Trigger: alerts.OwnForecast, Region: "120111", StartsAt: start,
			ListPin: alerts.ListPin{ListVersion: version, ListHash: hash}, Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.WarningApproved{OfWarning: alerts.OfWarning{ID: id}, State: alerts.Scheduled,
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.WarningConfirmed{OfWarning: alerts.OfWarning{ID: id}, Level: alerts.Orange,
			Trigger: alerts.CityOrder, StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash},
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.WarningResubmitted{OfWarning: alerts.OfWarning{ID: id}, State: alerts.PendingApproval,
			Level: alerts.Orange, StartsAt: start, ListPin: alerts.ListPin{ListVersion: version, ListHash: hash},
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.EmergencyApproved{OfWarning: alerts.OfWarning{ID: id}, Authority: "区应急指挥部值班副指挥长", CalledAt: start,
			Reason: "审批人在外出差，电话授权", ConfirmBy: start, Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.EmergencyConfirmed{OfWarning: alerts.OfWarning{ID: id}, Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.ReviseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}},
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.WarningRevised{OfWarning: alerts.OfWarning{ID: id}, StartsAt: &start,
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.RaiseAsked{OfWarning: alerts.OfWarning{ID: id}, Change: alerts.Change{Level: alerts.Red,
			EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast}},
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", alerts.LevelChanged{OfWarning: alerts.OfWarning{ID: id}, From: alerts.Orange, To: alerts.Yellow,
			Region: "120111", EffectiveAt: start, Grounds: alerts.Grounds{Trigger: alerts.OwnForecast},
			Seen: alerts.Seen{SecretSeen: seen}}},
		{"seen", reductionlist.Begun{Version: listVersion, Hash: listHash,
			List: reductionlist.List{Name: "清单", Region: "120111", EffectiveFrom: "2026-10-01"}, SecretSeen: seen}},
		{"seen", reductionlist.Approved{Version: listVersion, SecretSeen: seen}},
		{"seen", reductionlist.Activated{Version: listVersion, Hash: listHash, Towns: []reductionlist.Count{},
			Sectors: []reductionlist.Count{},
			Grades:  []reductionlist.Count{}, SecretSeen: seen}},
	}
}
