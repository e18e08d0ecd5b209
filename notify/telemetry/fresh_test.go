package telemetry

import (
	"testing"
	"time"
)

func TestFreshness(t *testing.T) {
	now := time.Date(2016, 12, 16, 17, 0, 0, 0, time.UTC)
	frames := &Station{ST: "31", SampleS: 60, MinuteMin: 1}
	slow := &Station{ST: "31", SampleS: 3600, MinuteMin: 10}
	meter := &Station{}
	for _, c := range []struct {
		st   *Station
		ago  time.Duration // below 0: a clock that is ahead
		want Freshness
	}{
		{frames, -time.Minute, Fresh}, {frames, 5 * time.Minute, Fresh}, {frames, 5*time.Minute + 1, Late},
		{frames, time.Hour, Late}, {frames, time.Hour + 1, Silent},
		{slow, 3 * time.Hour, Fresh}, {slow, 3*time.Hour + 1, Late}, {slow, 6 * time.Hour, Late}, {slow, 6*time.Hour + 1, Silent},
		{meter, 3 * time.Hour, Fresh}, {meter, 26 * time.Hour, Late}, {meter, 27*time.Hour + 1, Silent},
	} {
		if got := UsualPatience.Of(c.st, now.Add(-c.ago), now); got != c.want {
			t.Errorf("%+v, %v ago: %s, want %s", c.st, c.ago, got, c.want)
		}
	}
	if got := UsualPatience.Of(meter, time.Time{}, now); got != Never {
		t.Errorf("never heard of: %s", got)
	}
}
