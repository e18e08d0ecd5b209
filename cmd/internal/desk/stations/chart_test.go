package stations

import (
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
)

var day = time.Date(2016, 12, 16, 0, 0, 0, 0, alerts.Shanghai())

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Minute: "刚刚", 9 * time.Second: "刚刚", 30 * time.Second: "30 秒前",
		3 * time.Minute: "3 分钟前", 2 * time.Hour: "2 小时前", 47 * time.Hour: "47 小时前", 49 * time.Hour: "2 天前"} {
		if got := ago("zh-CN", day, day.Add(d)); got != want {
			t.Errorf("%v: %s, not %s", d, got, want)
		}
	}
}

// A line tells what a frame says; what a device writes at length is cut.
func TestSays(t *testing.T) {
	for raw, want := range map[string]string{
		`##0136QN=20161216080000001;ST=31;CN=2061;PW=******;MN=MN1;Flag=5;CP=&&DataTime=20161216070000;` +
			`a21026-Avg=12.5,a21026-Flag=N;a34013-Avg=3.1,a34013-Flag=N&&1C80`: "2061 小时数据 · 2016-12-16 07:00:00 · " +
			"二氧化硫 Avg 12.5 · 烟尘 Avg 3.1",
		`{"point":"P1","readings":[{"at":"2016-12-16T07:00:00+08:00","value":1}]}`: "消息，1 个读数",
		`##0009CN=` + strings.Repeat("9", 90):                                      strings.Repeat("9", 24) + "… " + strings.Repeat("9", 24) + "…",
		"##":                                                                       "",
	} {
		if got := says("zh-CN", raw); got != want {
			t.Errorf("%.40s says %q, not %q", raw, got, want)
		}
	}
}
