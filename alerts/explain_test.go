package alerts

import "testing"

// A notice is said in the units that people think in, and never as longer than it is.
func TestHoursAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct {
		h      float64
		zh, en string
	}{
		{0, "0 分钟", "0 min"}, {-3, "0 分钟", "0 min"}, {0.75, "45 分钟", "45 min"}, {1, "1 小时", "1 h"},
		{5.5, "5 小时 30 分钟", "5 h 30 min"}, {9.999999999, "10 小时", "10 h"}, {23.9, "23 小时", "23 h"}, {24, "24 小时", "24 h"},
		{44.4, "44 小时", "44 h"}, {48, "2 天", "2 days"}, {68.5, "2 天 20 小时", "2 days 20 h"}, {72.99, "3 天", "3 days"},
	} {
		if zh, en := HoursText(c.h, langZH), HoursText(c.h, "en"); zh != c.zh || en != c.en {
			t.Errorf("%v h are %q and %q, want %q and %q", c.h, zh, en, c.zh, c.en)
		}
	}
}
