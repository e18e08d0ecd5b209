package service

import (
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

// stations registers a plant's station and a meter, gives one another password, takes one out of use and back, and fixes
// what was received in an hour.
func (s *story) stations() {
	ctx := s.t.Context()
	const mn = "010000A8900016F000169DC0"
	add := func(body string) calls.Station {
		return ok(say(ctx, s.svc, "admin", "", calls.AddStation, "", []byte(body)))(s.t)
	}
	on := func(c calls.Of[calls.StationAt, calls.Station], body string) {
		ok(say(ctx, s.svc, "admin", "", c, mn, []byte(body)))(s.t)
	}
	add(`{"mn":"` + mn + `","name":"总排口（示例）","recipient_id":"E0001","st":"31","version":"2025","password":"123456","sm4":"raw",
		"sm4_key":"0000000000000000","outlets":[{"name":"1#烟囱","o2":6,"factors":["a19001",{"code":"a21026","unit":"mg/m3"}]}]}`)
	add(`{"mn":"DB0001","name":"总表（示例）","recipient_id":"E0003"}`)
	ok(say(ctx, s.svc, "admin", "", calls.ChangeStation, mn, []byte(`{"revision":1,"password":"654321","tolerate":["modbus_crc"]}`)))(s.t)
	on(calls.RetireStation, `{"revision":2}`)
	on(calls.ReinstateStation, `{"revision":3}`)
	s.must(s.svc.RootHour(ctx, telemetry.RootHour{Hour: s.clock.Truncate(time.Hour).Add(-time.Hour),
		Root: "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}))
}
