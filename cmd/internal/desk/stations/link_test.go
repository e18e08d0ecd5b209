package stations_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/service"
	"qingkong/notify/telemetry"
)

// linked is what a node keeps, and how a station is connected to it.
type linked struct {
	service.Instruments
	link telemetry.Link
}

func (l *linked) Heard(ctx context.Context, mn string) (*telemetry.Heard, error) {
	h, err := l.Instruments.Heard(ctx, mn)
	if h != nil {
		h.Link = l.link
	}
	return h, err
}

// A station's page says since when it is connected and from where, that two connections fight over it, and what became of
// what it was asked; where it comes from is for staff alone.
func TestAConnectionOnTheStationsPage(t *testing.T) {
	w := district(t)
	since := w.Clock.Now().Add(-90 * time.Minute)
	l := &linked{Instruments: w.Svc.Instruments}
	w.Svc.Instruments = l
	page := func(who string) string { return desktest.TextOf(w.Get(200, who, "/desk/stations/MNE0001")) }
	calm := page("duty")
	for _, no := range []string{"已连接", "连接反复更换", "对设备的请求"} {
		if strings.Contains(calm, no) {
			t.Errorf("not connected, never asked: %q", no)
		}
	}
	l.link = telemetry.Link{Since: since, From: "192.0.2.9:4001", Flapping: true, Asked: []telemetry.Asked{
		{CN: "1012", At: since.Add(time.Hour), Sent: 1},
		{CN: "2061", From: at(-20), To: at(-17), At: since.Add(time.Minute), Sent: 1, Result: "done", Data: 3},
		{CN: "2051", From: at(-20), To: at(-17), At: since, Sent: 3, Result: "silent"},
		{CN: "1062", Value: 60, At: since, Sent: 1, Result: "failed", Code: 5},
	}}
	text := page("duty")
	desktest.Says(t, "connected", text, "已连接 自", "来自 192.0.2.9:4001", "连接反复更换", "同一个 MN",
		"校准时钟", "等待设备应答", "补取", "小时数据", "已执行。 收到 3 条", "发了 3 次，设备没有应答", "实时数据间隔设为 60 秒", "系统繁忙")
	if own := page("E0001"); strings.Contains(own, "192.0.2.9") || !strings.Contains(own, "连接反复更换") {
		t.Errorf("the enterprise sees %s", own)
	}
}
