package service

import (
	"context"
	"maps"
	"slices"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/telemetry"
)

// passesCounted is how many vehicles are counted for one answer.
const passesCounted = 200_000

// withPasses are the periods of a gate by the vehicles that it told of one by one, beside the counts that it told: of a
// minute the larger holds. A message of one vehicle knows nothing of the others of its minute, and vehicles at the same
// moment are counted as one. An hour has as many as its minutes, a day as its hours, or as the gate told of all of it if
// that is more. Periods of which it told no vehicle stay as they are.
func withPasses(ctx context.Context, of Instruments, gate telemetry.Point, step string, kept []telemetry.Kept, from,
	to time.Time) ([]telemetry.Kept, error) {
	every := stepLasts(step)
	times, err := of.PassTimes(ctx, gate, beginsAt(from, every), beginsAt(to, every), passesCounted+1)
	if err != nil {
		return nil, err
	}
	if len(times) > passesCounted {
		return nil, refusal.Wrong("from", "telemetry.passes_many", refusal.Args{"limit": passesCounted})
	}
	minutes := map[int64]int{}
	for _, at := range times {
		minutes[beginOf(at, time.Minute).Unix()]++
	}
	if step == calls.StepMinute {
		return countMinutes(gate, kept, minutes), nil
	}
	counted := map[int64]int{}
	for i := 0; i < len(times); { // a day at a time
		day := alerts.DateOf(times[i])
		end := day.AddDays(1).Start()
		passed := map[int64]bool{}
		for ; i < len(times) && times[i].Before(end); i++ {
			passed[beginOf(times[i], every).Unix()] = true
		}
		hours, err := hoursOf(ctx, of, gate, day, minutes)
		if err != nil {
			return nil, err
		}
		for i := range hours {
			if start := beginOf(hours[i].At, every).Unix(); passed[start] {
				counted[start] += totalOf(&hours[i])
			}
		}
	}
	return theLarger(gate, step, kept, counted), nil
}

// hoursOf are the hours of a gate's day: of each the larger of what its minutes have and what the gate told of all of it.
func hoursOf(ctx context.Context, of Instruments, gate telemetry.Point, day alerts.Date, minutes map[int64]int) (
	[]telemetry.Kept, error) {
	begin, end := day.Start(), day.AddDays(1).Start()
	ours := map[int64]int{}
	for minute := begin.Unix(); minute < end.Unix(); minute += 60 {
		if n := minutes[minute]; n > 0 {
			ours[minute] = n
		}
	}
	told, err := of.Series(ctx, gate, telemetry.Minute, begin, end, minutesOfDay)
	if err != nil {
		return nil, err
	}
	counted := map[int64]int{}
	for _, k := range countMinutes(gate, told, ours) {
		counted[beginOf(k.At, time.Hour).Unix()] += totalOf(&k)
	}
	hours, err := of.Series(ctx, gate, telemetry.Hour, begin, end, 24)
	if err != nil {
		return nil, err
	}
	return theLarger(gate, calls.StepHour, hours, counted), nil
}

const minutesOfDay = 24 * 60

// countMinutes are the minute values of a gate and the vehicles that were counted in minutes, by their starts: of a value
// the larger of what it says and what was counted in the minutes that it stands for.
func countMinutes(gate telemetry.Point, told []telemetry.Kept, counted map[int64]int) []telemetry.Kept {
	counted = maps.Clone(counted)
	for i := range told {
		start := told[i].At.Unix()
		for m := range max(told[i].Span, 1) - 1 {
			minute := start + int64(m+1)*60
			if n := counted[minute]; n > 0 {
				counted[start] += n
				delete(counted, minute)
			}
		}
	}
	return theLarger(gate, calls.StepMinute, told, counted)
}

// theLarger are the periods of a gate with what was counted in them, by their starts, where that is no less than what it
// told.
func theLarger(gate telemetry.Point, step string, kept []telemetry.Kept, counted map[int64]int) []telemetry.Kept {
	out := slices.Clone(kept)
	told := map[int64]bool{}
	for i := range out {
		start := out[i].At.Unix()
		told[start] = true
		if n := counted[start]; n > 0 && n >= totalOf(&out[i]) {
			out[i] = vehicles(gate, step, out[i].At, n, out[i].Span)
		}
	}
	for start, n := range counted {
		if !told[start] {
			out = append(out, vehicles(gate, step, time.Unix(start, 0).In(alerts.Shanghai()), n, 1))
		}
	}
	slices.SortFunc(out, func(x, y telemetry.Kept) int { return x.At.Compare(y.At) })
	return out
}

// vehicles are so many in a period of a gate.
func vehicles(gate telemetry.Point, step string, at time.Time, n, span int) telemetry.Kept {
	k := telemetry.Kept{Reading: telemetry.Reading{Point: gate, Step: steps[step].step, At: at}, Source: telemetry.BySamples,
		N: n}
	if step == calls.StepMinute {
		k.Span = max(span, 1)
	}
	k.Values.Set(telemetry.Total, float64(n))
	return k
}

func totalOf(k *telemetry.Kept) int {
	n, _ := k.Values.Get(telemetry.Total)
	return int(n)
}
