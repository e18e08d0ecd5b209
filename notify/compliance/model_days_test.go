package compliance

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// slowTotal is a day's total at a moment: more than may be fails whatever is missing; else 20 hours that count are needed.
func slowTotal(hours []slowHour, limit float64, day, now time.Time) slowResult {
	sum, valid, marked := 0.0, 0, 0
	for _, h := range hours {
		most, counts, under := 0.0, false, h.excused
		for _, s := range h.said {
			switch s.flag {
			case 'N', 'T':
				if !counts || s.value > most { // of differing values the one worse for the plant
					most, counts = s.value, true
				}
			case 'M', 'C':
				under = true
			}
		}
		switch {
		case h.excused || under && !counts:
			marked++
		case counts:
			valid++
			sum += most
		}
	}
	over := !now.Before(day.AddDate(0, 0, 1).Add(90 * time.Minute))
	switch {
	case sum > limit:
		return slowFail
	case !over:
		return slowNothing
	case valid >= 20:
		return slowPass
	case valid+marked >= 20:
		return slowTagged
	default:
		return slowNoData
	}
}

// slowMeans is a day of five-minute means: more than five low ones fail it; else means of 20 hours are needed.
func slowMeans(means []judge.Mean, limit float64, day, now time.Time) slowResult {
	low, valid, marked := 0, 0, 0
	for _, m := range means {
		switch {
		case m.Flag == telemetry.Maintenance || m.Flag == telemetry.Calibration:
			marked++
		case m.Flag == telemetry.Normal:
			valid++
			if m.Value < limit {
				low++
			}
		}
	}
	switch {
	case low > 5:
		return slowFail
	case now.Before(day.AddDate(0, 0, 1).Add(90 * time.Minute)):
		return slowNothing
	case valid*5 >= 20*60:
		return slowPass
	case (valid+marked)*5 >= 20*60:
		return slowTagged
	default:
		return slowNoData
	}
}

// slowDays is what days show at a moment: one failed day is a suspicion, which ends with the second day behind it that
// passes, and a violation where it was told and is not answered within four hours, or the answer was rejected.
func slowDays(days []time.Time, results []slowResult, told []slowTold, now time.Time) slowState {
	rank := map[string]int{"none": 0, "compliant": 1, "no_data": 2, "suspected": 3, "violated": 4}
	s := slowState{"none", "none"}
	is := func(verdict string) {
		s.verdict = verdict
		if rank[verdict] > rank[s.worst] {
			s.worst = verdict
		}
	}
	for i := 0; i < len(days); i++ {
		switch results[i] {
		case slowPass:
			is("compliant")
		case slowNoData:
			if s.verdict == "none" || s.verdict == "compliant" {
				is("no_data")
			}
		case slowFail:
			last, passes, until := i, 0, now
			end := i + 1
			for ; end < len(days) && passes < 2; end++ {
				switch results[end] {
				case slowPass:
					passes++
				case slowFail:
					passes, last = 0, end
				}
			}
			if passes == 2 {
				if over := days[end-1].AddDate(0, 0, 1); over.Before(now) {
					until = over
				}
			}
			is("suspected")
			if slowUnanswered(told, days[i], days[last], until) {
				is("violated")
			}
			if passes == 2 {
				is("compliant")
			}
			i = end - 1
		}
	}
	return s
}

func slowUnanswered(told []slowTold, first, last, until time.Time) bool {
	var begin, explained time.Time
	rejected := false
	for _, t := range told {
		if t.of.Before(first) || t.of.After(last) {
			continue
		}
		if begin.IsZero() || t.at.Before(begin) {
			begin = t.at
		}
		if !t.explained.IsZero() && (explained.IsZero() || t.explained.Before(explained)) {
			explained = t.explained
		}
		rejected = rejected || t.rejected
	}
	late := begin.Add(4 * time.Hour)
	return !begin.IsZero() && (rejected || (explained.IsZero() || explained.After(late)) && !until.Before(late))
}

// The engine and the slow model agree on the days of any plant: what each of them shows, and what follows.
func TestDaysAgainstTheSlowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "days")
		begin := time.Date(2016, 12, 17, 0, 0, 0, 0, midnight(time.Now()).Location())
		now := begin.AddDate(0, 0, n).Add(time.Duration(rapid.IntRange(-20, 40).Draw(t, "hours")) * time.Hour)
		totals := rapid.Bool().Draw(t, "totals")
		var days []time.Time
		var results []slowResult
		var steps []judge.Step
		for i := range n {
			day := begin.AddDate(0, 0, i)
			if day.After(now) {
				break
			}
			d := judge.Day{At: day, Explained: func(time.Time) bool { return false }}
			rule, want := drawDay(t, &d, totals, now)
			got := judge.OfDay(rule, &d, now, &judge.Defaults)
			if got.Result.String() != string(want) {
				t.Fatalf("the day %s is %v (%s), want %s", day.Format(time.DateOnly), got.Result, got.Why, want)
			}
			days, results = append(days, day), append(results, want)
			steps = append(steps, judge.Step{At: day, Result: got.Result, Why: got.Why, Day: true})
		}
		var told []slowTold
		var engine []judge.Told
		for i, r := range results {
			if r != slowFail || rapid.IntRange(0, 2).Draw(t, "told") == 0 {
				continue
			}
			one := slowTold{of: days[i], at: days[i].Add(time.Duration(rapid.IntRange(25, 40).Draw(t, "at")) * time.Hour)}
			if rapid.Bool().Draw(t, "explained") {
				one.explained = one.at.Add(time.Duration(rapid.IntRange(0, 8).Draw(t, "after")) * time.Hour)
				one.rejected = rapid.Bool().Draw(t, "rejected")
			}
			told = append(told, one)
			engine = append(engine, judge.Told{From: one.of, At: one.at, Explained: one.explained, Rejected: one.rejected})
		}
		want := slowDays(days, results, told, now)
		got := judge.Fold(steps, engine, judge.Free, now, &judge.Defaults)
		if got.Verdict.String() != want.verdict || got.Worst.String() != want.worst {
			t.Fatalf("days %v told %+v at %v: %v, worst %v; want %+v", results, told, now, got.Verdict, got.Worst, want)
		}
	})
}

// drawDay draws what was said of a day, and what the slow model makes of it.
func drawDay(t *rapid.T, d *judge.Day, totals bool, now time.Time) (judge.Rule, slowResult) {
	level, gaps := rapid.Float64Range(60, 120).Draw(t, "level"), rapid.IntRange(0, 6).Draw(t, "gaps")
	flags := []byte{'N', 'N', 'N', 'M', 'D', 'T'}
	if !totals {
		rule := judge.Rule{Kind: reductionlist.FiveMinuteMeanAtLeast, Limit: 850}
		low := rapid.IntRange(0, 8).Draw(t, "low")
		for i := range 288 - 12*gaps {
			m := judge.Mean{At: d.At.Add(time.Duration(i) * 5 * time.Minute), Span: 5, Value: 900, Has: true, Flag: telemetry.Normal}
			if i < low {
				m.Value = 840
			}
			if i%48 == 7 {
				m.Flag = telemetry.Flag(rapid.SampledFrom(flags).Draw(t, "flag"))
			}
			d.Means = append(d.Means, m)
		}
		return rule, slowMeans(d.Means, 850, d.At, now)
	}
	rule := judge.Rule{Kind: reductionlist.DayTotalAtMost, Limit: 2400}
	var slow []slowHour
	for i := range 24 {
		at := d.At.Add(time.Duration(i) * time.Hour)
		if !at.Add(time.Hour).Before(now) || i%4 == 1 && i/4 < gaps {
			continue
		}
		h := slowHour{at: at}
		e := judge.Hour{At: at, Accepted: -1}
		for range rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "values") {
			flag := byte('N')
			if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
				flag = rapid.SampledFrom(flags).Draw(t, "flag")
			}
			v := level + float64(rapid.IntRange(0, 20).Draw(t, "more"))
			h.said = append(h.said, slowValue{value: v, flag: flag})
			e.Said = append(e.Said, judge.Said{Value: v, Has: true, Flag: telemetry.Flag(flag)})
		}
		slow, d.Hours = append(slow, h), append(d.Hours, e)
	}
	return rule, slowTotal(slow, 2400, d.At, now)
}
