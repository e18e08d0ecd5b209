package service

import (
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// stationEvents are those of the register of stations, and of what they sent.
func stationEvents() []example {
	full := telemetry.Station{MN: "010000A8900016F000169DC0", Name: "5#、6#机组总排口（示例）", Recipient: "E0001", ST: "31",
		Version: hj212.V2025, Outlets: []telemetry.Outlet{{Name: "5#烟囱", O2: new(6.0),
			Factors: []telemetry.Factor{{Code: "a21026", Unit: "mg/m3"}, {Code: "a19001"}}}},
		Tolerate: []hj212.Tolerance{hj212.Modbus}, SM4: hj212.Hex,
		Secret:    telemetry.Secret{Ref: vaultRef, Digest: "0123456789abcdef0123456789abcdef"},
		MinuteMin: 10, SampleS: 60, Revision: 1}
	changed := full
	changed.Revision = 2
	meter := telemetry.Station{MN: "DB0001", Name: "总表（示例）", Recipient: "E0003", Revision: 1}
	return []example{
		{"", telemetry.StationRegistered{Station: full}},
		{"min", telemetry.StationRegistered{Station: meter}},
		{"", telemetry.StationChanged{Station: changed}},
		{"", telemetry.StationRetired{MN: full.MN}},
		{"", telemetry.StationReinstated{MN: full.MN}},
		{"", telemetry.HourRooted{Hour: at("2026-12-16T08:00:00+08:00"),
			Root: "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=", Frames: 86_400}},
		{"min", telemetry.HourRooted{Hour: at("2026-12-16T09:00:00+08:00"),
			Root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}},
	}
}
