package service

import (
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// Missing is a run of periods that ought to have come and did not.
type Missing struct {
	From, To time.Time // To is where the next one that came begins, or the end of the time
	N        int       // whole periods
}

// settles is how long after its end a period may come before it counts as missing.
const settles = 10 * time.Minute

// MissingOf are the periods of a series that ought to have come by now and did not, in their order: within its time, or
// up to its last item where more follows. A period is not missing before it is over for ten minutes. Samples have no
// periods, and a gate that tells of vehicles one by one says nothing while none goes through: nothing is missing of these.
// usual is how long minute values last where none came, in minutes; 0 stands for one.
func MissingOf(s *calls.Series, usual int, now time.Time) (all []Missing) {
	every := periodOf(s, usual)
	if every == 0 || byVehicles(s) {
		return nil
	}
	end := beginsAt(s.To, every)
	if s.Next != "" && len(s.Items) > 0 {
		end = itemEnd(s.Step, &s.Items[len(s.Items)-1])
	}
	if over := beginOf(now.Add(-settles), every); over.Before(end) {
		end = over
	}
	at := beginsAt(s.From, every)
	add := func(until time.Time) {
		if end.Before(until) {
			until = end
		}
		if n := int(until.Sub(at) / every); n > 0 {
			all = append(all, Missing{From: at, To: until, N: n})
		}
	}
	for i := range s.Items {
		it := &s.Items[i]
		add(it.At)
		if after := itemEnd(s.Step, it); after.After(at) {
			at = after
		}
	}
	add(end)
	return all
}

// periodOf is how long the periods of a series are; zero of samples. Minutes last as long as most of those that came, and
// of those that as many say the shorter.
func periodOf(s *calls.Series, usual int) time.Duration {
	if s.Step != calls.StepMinute {
		return stepLasts(s.Step)
	}
	count, best := map[int]int{}, max(usual, 1)
	for i := range s.Items {
		count[max(s.Items[i].SpanMin, 1)]++
	}
	for span, n := range count {
		if n > count[best] || n == count[best] && span < best {
			best = span
		}
	}
	return time.Duration(best) * time.Minute
}

// stepLasts is how long a period of a step is, of minutes the shortest; zero of samples.
func stepLasts(step string) time.Duration {
	switch step {
	case calls.StepMinute:
		return time.Minute
	case calls.StepHour:
		return time.Hour
	case calls.StepDay:
		return 24 * time.Hour
	}
	return 0
}

// itemEnd is the end of a period.
func itemEnd(step string, it *calls.SeriesItem) time.Time {
	long := stepLasts(step)
	if step == calls.StepMinute {
		long *= time.Duration(max(it.SpanMin, 1))
	}
	return it.At.Add(long)
}

// byVehicles reports whether a series counts vehicles that were told one by one, or may.
func byVehicles(s *calls.Series) bool {
	if readings.SortOf(s.Factor, s.Unit) != readings.Count {
		return false
	}
	for i := range s.Items {
		if s.Items[i].Source == telemetry.BySamples {
			return true
		}
	}
	return len(s.Items) == 0
}

// beginOf is the start of the period in Beijing that a time lies in.
func beginOf(at time.Time, every time.Duration) time.Time {
	day := alerts.DateOf(at).Start()
	return day.Add(at.Sub(day) / every * every)
}

// beginsAt is the first start of a period in Beijing that is not before a time.
func beginsAt(at time.Time, every time.Duration) time.Time {
	day := alerts.DateOf(at).Start()
	return day.Add((at.Sub(day) + every - 1) / every * every)
}
