package bus

import (
	"testing"
	"time"

	"qingkong/cmd/internal/fair"
)

// Who sends too much within one second is cut off at once, by the number of messages or by their bytes, and once only.
func TestAFloodIsCutOffAtOnce(t *testing.T) {
	for _, c := range []struct {
		name      string
		size      int
		wantAfter int // messages until the cut
	}{
		{"small ones", 200, 200 + 2000},
		{"of 64 KB", 64 << 10, 40 + 128},    // 5 of the share each: 40 are taken, then 8 MiB are refused
		{"of 900 KB", 900 << 10, 3 + 10},    // 57 each
		{"of 16 KB", 16<<10 - 1, 200 + 513}, // one each, and a byte short
	} {
		now := time.Date(2026, 11, 29, 2, 0, 0, 0, time.UTC)
		meter := fair.NewMeter(fair.Share{PerSecond: 50, Burst: 200}, func() time.Time { return now })
		r := newRates(50, Excess{Times: 20, Seconds: 3})
		cuts, after := 0, 0
		for i := 1; i <= 5000; i++ {
			cost := 1 + c.size/worth
			if v := meter.TakeN("E0001", cost, c.size); !v.OK && r.floods(v, cost, c.size) {
				if cuts++; cuts == 1 {
					after = i
				}
			}
		}
		if cuts != 1 || after != c.wantAfter {
			t.Errorf("%s: cut off %d times, first after %d messages, want once after %d", c.name, cuts, after, c.wantAfter)
		}
	}
}
