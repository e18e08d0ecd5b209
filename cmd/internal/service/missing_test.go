package service

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

// clock is a time of one day in Beijing.
func clock(h, m int) time.Time {
	return time.Date(2016, 12, 16, h, m, 0, 0, alerts.Shanghai())
}

// seriesOf are values of a power meter that begin at so many minutes of the day.
func seriesOf(step string, from, to time.Time, span int, begins ...int) *calls.Series {
	s := &calls.Series{Step: step, From: from, To: to}
	s.Unit = "kW"
	for _, m := range begins {
		s.Items = append(s.Items, calls.SeriesItem{At: clock(0, m), SpanMin: span})
	}
	return s
}

// What is missing is told in whole periods: none that came, none that is not over for ten minutes, and nothing of what
// has no periods.
func TestMissingOf(t *testing.T) {
	gate := func(source telemetry.Source, begins ...int) *calls.Series {
		s := seriesOf(calls.StepHour, clock(0, 0), clock(6, 0), 0, begins...)
		s.Unit = "辆次"
		for i := range s.Items {
			s.Items[i].Source = source
		}
		return s
	}
	more := seriesOf(calls.StepHour, clock(0, 0), clock(6, 0), 0, 60)
	more.Next = "x"
	mixed := seriesOf(calls.StepMinute, clock(0, 0), clock(1, 0), 15, 0, 15)
	mixed.Items = append(mixed.Items, calls.SeriesItem{At: clock(0, 45), SpanMin: 1})
	for _, c := range []struct {
		name  string
		of    *calls.Series
		usual int
		now   time.Time
		want  [][3]int // from, to in minutes of the day, periods
	}{
		{"nothing", seriesOf(calls.StepHour, clock(0, 0), clock(3, 0), 0, 0, 60, 120), 0, clock(12, 0), nil},
		{"before, in the midst and behind", seriesOf(calls.StepHour, clock(0, 0), clock(6, 0), 0, 60, 240), 0, clock(12, 0),
			[][3]int{{0, 60, 1}, {120, 240, 2}, {300, 360, 1}}},
		{"the running hour", seriesOf(calls.StepHour, clock(0, 0), clock(2, 30), 0, 0, 60), 0, clock(2, 30), nil},
		{"an hour that is over for nine minutes", seriesOf(calls.StepHour, clock(0, 0), clock(3, 9), 0, 0, 60), 0, clock(3, 9), nil},
		{"an hour that is over for ten minutes", seriesOf(calls.StepHour, clock(0, 0), clock(3, 10), 0, 0, 60), 0, clock(3, 10),
			[][3]int{{120, 180, 1}}},
		{"an hour that a time parts", seriesOf(calls.StepHour, clock(0, 20), clock(2, 20), 0, 60, 120), 0, clock(12, 0), nil},
		{"the running day", seriesOf(calls.StepDay, clock(0, 0), clock(24, 0), 0), 0, clock(23, 59), nil},
		{"samples", seriesOf(calls.StepSample, clock(0, 0), clock(6, 0), 0, 7, 90), 0, clock(12, 0), nil},
		{"minutes of the usual length where none came", seriesOf(calls.StepMinute, clock(0, 0), clock(1, 0), 0), 10, clock(12, 0),
			[][3]int{{0, 60, 6}}},
		{"minutes by what came", seriesOf(calls.StepMinute, clock(0, 0), clock(1, 0), 15, 0, 30), 1, clock(12, 0),
			[][3]int{{15, 30, 1}, {45, 60, 1}}},
		{"minutes as most are, not as the shortest", mixed, 0, clock(1, 10), [][3]int{{30, 45, 1}}},
		{"up to the last where more follows", more, 0, clock(12, 0), [][3]int{{0, 60, 1}}},
		{"a gate that counts", gate(telemetry.ByDevice, 0, 120), 0, clock(4, 0), [][3]int{{60, 120, 1}}},
		{"a gate that tells of vehicles", gate(telemetry.BySamples, 0, 120), 0, clock(4, 0), nil},
		{"a gate through which nobody went", gate(telemetry.BySamples), 0, clock(4, 0), nil},
	} {
		var got [][3]int
		for _, m := range MissingOf(c.of, c.usual, c.now) {
			got = append(got, [3]int{int(m.From.Sub(clock(0, 0)).Minutes()), int(m.To.Sub(clock(0, 0)).Minutes()), m.N})
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Against a model that asks of each hour by itself.
func TestMissingByHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		there := rapid.SliceOfN(rapid.Bool(), 1, 60).Draw(t, "there")
		now := clock(0, rapid.IntRange(0, 60*70).Draw(t, "now"))
		s := seriesOf(calls.StepHour, clock(0, 0), clock(len(there), 0), 0)
		for h, is := range there {
			if is {
				s.Items = append(s.Items, calls.SeriesItem{At: clock(h, 0)})
			}
		}
		told := map[int64]bool{}
		for _, m := range MissingOf(s, 0, now) {
			n := 0
			for at := m.From; at.Before(m.To); at = at.Add(time.Hour) {
				if told[at.Unix()] {
					t.Fatalf("%s is told twice", at)
				}
				told[at.Unix()] = true
				n++
			}
			if n != m.N {
				t.Fatalf("%d hours are counted as %d", n, m.N)
			}
		}
		for h, is := range there {
			if want := !is && !clock(h+1, 10).After(now); told[clock(h, 0).Unix()] != want {
				t.Fatalf("hour %d at %s: missing %v, want %v", h, now, !want, want)
			}
		}
	})
}
