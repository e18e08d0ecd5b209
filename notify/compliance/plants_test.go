package compliance

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// generated is a plant, what it did for ninety days and under a warning, and what was said of that.
type generated struct {
	key       Key
	criterion reductionlist.Criterion
	unit      string
	slow      slowRule

	history []slowUsual
	busy    map[string]bool
	warning time.Time
	hours   []slowHour
	told    []slowTold
	now     time.Time
}

func weekend(day time.Time) bool {
	return day.Weekday() == time.Saturday || day.Weekday() == time.Sunday
}

// draw makes a plant: one that obeys, begins late, obeys by half, cheats at night or does not care, with gaps, faults,
// marks, values sent again, and answers to what it was told.
func draw(t *rapid.T) *generated {
	p := &generated{busy: map[string]bool{}}
	p.rule(t)
	p.warning = at("19 08:00").AddDate(0, 0, rapid.IntRange(0, 6).Draw(t, "day of the week"))
	level := rapid.Float64Range(5, 200).Draw(t, "level")
	seed := rapid.Uint64().Draw(t, "noise")
	noise := func(share float64) float64 { // deterministic, so that a plant is small to shrink
		seed = seed*6364136223846793005 + 1442695040888963407
		return 1 + share*(float64(seed>>40)/float64(1<<24)*2-1)
	}
	curve := func(at time.Time) float64 {
		x := level
		if weekend(at) {
			x *= 0.7
		}
		if at.Hour() < 6 {
			x *= 0.6
		}
		return math.Round(x*noise(0.2)*8) / 8 // values of few digits are equal at times
	}
	p.past(t, curve, level)
	p.under(t, curve, noise)
	p.answers(t)
	return p
}

func (p *generated) rule(t *rapid.T) {
	set := func(source reductionlist.Source, kind reductionlist.CriterionKind, slow slowKind, limit float64, unit, own string) {
		p.key = Key{Measure: "M1", Source: source, Ref: "R1", Factor: "x", Kind: kind}
		p.criterion = reductionlist.Criterion{Kind: kind, Limit: limit, Unit: unit}
		p.unit, p.slow = own, slowRule{slow, limit}
	}
	switch rapid.SampledFrom([]slowKind{slowAtMost, slowAtLeast, slowFraction, slowFraction, slowStopPower, slowStopFlow}).Draw(t, "rule") {
	case slowAtMost:
		set(reductionlist.CEMS, reductionlist.HourConcentrationAtMost, slowAtMost, 35, "mg/m3", "mg/m3")
	case slowAtLeast:
		set(reductionlist.DCS, reductionlist.AtLeastRate, slowAtLeast, 20, "t/h", "t/h")
	case slowFraction:
		f := rapid.SampledFrom([]float64{0.3, 0.5, 0.7, 0.9}).Draw(t, "fraction")
		set(reductionlist.Power, reductionlist.FractionOfBaseline, slowFraction, f, "", "kW")
	case slowStopPower:
		set(reductionlist.Power, reductionlist.Stopped, slowStopPower, 0, "", "kW")
	case slowStopFlow:
		set(reductionlist.CEMS, reductionlist.Stopped, slowStopFlow, 0, "", "m3/s")
	}
}

// past is what the plant did before: a stretch may be missing or a stop, days may have had another order.
func (p *generated) past(t *rapid.T, curve func(time.Time) float64, level float64) {
	from := rapid.IntRange(1, 90).Draw(t, "days known")
	stopAt, stopFor := rapid.IntRange(0, 90).Draw(t, "stop"), rapid.SampledFrom([]int{0, 0, 30, 71, 72, 73, 120}).Draw(t, "hours of it")
	missing := rapid.IntRange(0, 200).Draw(t, "every so many hours is missing")
	busy := rapid.SliceOfN(rapid.IntRange(1, 90), 0, 12).Draw(t, "days of other orders")
	for _, d := range busy {
		p.busy[slowDay(p.warning.AddDate(0, 0, -d))] = true
	}
	stop := p.warning.AddDate(0, 0, -stopAt)
	n := 0
	for h := p.warning.Add(-time.Duration(from) * 24 * time.Hour); h.Before(p.warning); h = h.Add(time.Hour) {
		if n++; missing > 2 && n%missing == 0 {
			continue
		}
		u := slowUsual{at: h, value: curve(h), clean: n%53 != 0}
		if !h.Before(stop) && h.Before(stop.Add(time.Duration(stopFor)*time.Hour)) {
			u.value = level / 50
		}
		p.history = append(p.history, u)
	}
}

// under is what it does under the warning.
func (p *generated) under(t *rapid.T, curve func(time.Time) float64, noise func(float64) float64) {
	behaves := rapid.SampledFrom([]string{"obeys", "late", "half", "nights", "ignores"}).Draw(t, "behaves")
	late := rapid.IntRange(1, 12).Draw(t, "late")
	quiet := rapid.SampledFrom([]float64{0, 0.01, 0.1, 0.3, 0.5}).Draw(t, "what obeying comes to")
	n := rapid.IntRange(1, 60).Draw(t, "hours")
	kinds := rapid.SliceOfN(rapid.SampledFrom([]string{"", "", "", "", "", "gap", "fault", "mark", "range", "few", "twice",
		"marked twice", "excused", "accepted"}), n, n).Draw(t, "what is said")
	for i := range n {
		h := slowHour{at: p.warning.Add(time.Duration(i) * time.Hour)}
		v, less := curve(h.at), false
		switch behaves {
		case "obeys":
			less = true
		case "late":
			less = i >= late
		case "half":
			less = i%2 == 0
		case "nights":
			less = h.at.Hour() >= 6 && h.at.Hour() < 22
		}
		if less && p.slow.kind != slowAtLeast || !less && p.slow.kind == slowAtLeast {
			v *= quiet
		}
		if kinds[i] != "gap" {
			h.said = append(h.said, slowValue{value: v, minutes: 60, flag: 'N'})
		}
		p.say(&h, kinds[i], v, noise, t)
		p.hours = append(p.hours, h)
	}
	p.now = p.warning.Add(time.Duration(n)*time.Hour + time.Duration(rapid.IntRange(0, 8*60).Draw(t, "minutes behind"))*time.Minute)
}

func (p *generated) say(h *slowHour, what string, v float64, noise func(float64) float64, t *rapid.T) {
	switch what {
	case "fault":
		h.said[0].flag = rapid.SampledFrom([]byte{'F', 'S', 'D', 'B'}).Draw(t, "flag")
	case "mark":
		h.said[0].flag = rapid.SampledFrom([]byte{'M', 'C'}).Draw(t, "flag")
	case "range":
		h.said[0].flag = 'T'
	case "few":
		h.said[0].minutes = rapid.IntRange(1, 59).Draw(t, "valid minutes")
	case "marked twice":
		h.said = append(h.said, slowValue{value: v, minutes: 60, flag: 'M'})
	case "twice", "accepted":
		h.said = append(h.said, slowValue{value: v * noise(0.9), minutes: 60, flag: 'N'})
		if what == "accepted" {
			h.accepted = 2
		}
	case "excused":
		h.excused = true
	}
}

// answers are suspicions that the enterprise was told of, and what it said.
func (p *generated) answers(t *rapid.T) {
	for i := range p.hours {
		if rapid.IntRange(0, 4).Draw(t, "told") != 0 {
			continue
		}
		one := slowTold{of: p.hours[i].at}
		one.at = one.of.Add(time.Duration(rapid.IntRange(60, 300).Draw(t, "told after")) * time.Minute)
		if rapid.Bool().Draw(t, "explains") {
			one.explained = one.at.Add(time.Duration(rapid.IntRange(1, 300).Draw(t, "explained after")) * time.Minute)
			one.rejected = rapid.Bool().Draw(t, "rejected")
		}
		p.told = append(p.told, one)
	}
}

// kept is an hour as a node keeps it of what arrived in an order.
func (p *generated) kept(h *slowHour, order []int) *telemetry.Kept {
	var k *telemetry.Kept
	for _, i := range order {
		s := h.said[i]
		r := telemetry.Reading{Point: telemetry.PointOf(p.key.Ref, p.key.Factor), Step: telemetry.Hour, At: h.at, Flag: telemetry.Flag(s.flag)}
		r.Values.Set(telemetry.Avg, s.value)
		if k != nil {
			k.Others = append(k.Others, telemetry.Other{Reading: r})
			continue
		}
		k = &telemetry.Kept{Reading: r, Source: telemetry.ByDevice, N: s.minutes}
		if s.minutes < 60 { // made of minutes, and of too few
			k.Source = telemetry.ByMinutes
			if s.minutes < 45 {
				k.Flag, k.Values = telemetry.Fault, telemetry.Values{}
			}
		}
	}
	return k
}

// engine has the program judge the plant, each hour's values in an order that shuffle gives.
func (p *generated) engine(t *rapid.T, shuffle func(n int) []int) ([]judge.Result, judge.State) {
	scale, ok := p.key.ScaleOf(p.criterion, p.unit)
	if !ok {
		t.Fatalf("%v does not fit %s", p.criterion, p.unit)
	}
	var past []telemetry.Kept
	for _, u := range p.history {
		k := telemetry.Kept{Reading: telemetry.Reading{Step: telemetry.Hour, At: u.at, Flag: telemetry.Normal}}
		if !u.clean {
			k.Flag = telemetry.Fault
		}
		k.Values.Set(telemetry.Avg, u.value)
		past = append(past, k)
	}
	class := func(day time.Time) (judge.DayClass, bool) {
		if weekend(day) {
			return judge.RestDay, true
		}
		return judge.WorkingDay, true
	}
	base := judge.BaselineOf(scale.UsualHours(past), func(day time.Time) bool { return p.busy[slowDay(day)] }, class, &judge.Defaults)
	p.sameBaseline(t, base)
	var steps []judge.Step
	var results []judge.Result
	for i := range p.hours {
		h := &p.hours[i]
		var taken *float64
		if h.accepted > 0 {
			taken = &h.said[h.accepted-1].value
		}
		in := scale.Hour(h.at, p.kept(h, shuffle(len(h.said))), nil, 0, taken)
		c, _ := class(midnight(h.at))
		out := judge.OfHour(scale.Rule, base, c, &in, h.excused, p.now, &judge.Defaults)
		results = append(results, out.Result)
		steps = append(steps, judge.Step{At: h.at, Result: out.Result, Why: out.Why})
	}
	var told []judge.Told
	for _, x := range p.told {
		told = append(told, judge.Told{From: x.of, At: x.at, Explained: x.explained, Rejected: x.rejected})
	}
	top := judge.Free
	if p.slow.kind == slowFraction {
		top = judge.ByRejection
	}
	return results, judge.Fold(steps, told, top, p.now, &judge.Defaults)
}

func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}

// sameBaseline holds every bin against the model's.
func (p *generated) sameBaseline(t *rapid.T, base *judge.Baseline) {
	for _, hour := range []int{0, 8, 23} {
		for class, rest := range []bool{false, true} {
			want := slowBaseline(p.history, p.warning, p.busy, hour, rest, weekend)
			got := &base.Bins[hour][class]
			if got.N != want.n || got.Short(&judge.Defaults) != want.missing || math.Abs(base.P95-want.p95) > 1e-9 {
				t.Fatalf("hour %d, rest %v: n %d of P95 %v, the model has %+v", hour, rest, got.N, base.P95, want)
			}
			if !want.enough {
				continue
			}
			for what, pair := range map[string][2]float64{"median": {got.Median, want.median}, "low": {got.Low, want.low},
				"high": {got.High, want.high}, "residual": {base.ResidualOf(got, &judge.Defaults), want.residual}} {
				if math.Abs(pair[0]-pair[1]) > 1e-9 {
					t.Fatalf("hour %d, rest %v: the %s is %v, by the model %v", hour, rest, what, pair[0], pair[1])
				}
			}
		}
	}
}

// model is what the slow model makes of the plant.
func (p *generated) model() ([]slowResult, slowState) {
	bases := map[string]slowBase{}
	var results []slowResult
	for _, h := range p.hours {
		key := fmt.Sprint(h.at.Hour(), weekend(h.at))
		base, known := bases[key]
		if !known {
			base = slowBaseline(p.history, p.warning, p.busy, h.at.Hour(), weekend(h.at), weekend)
			bases[key] = base
		}
		results = append(results, slowHourly(p.slow, base, h, p.now))
	}
	limited := results
	if !p.slow.needsBase() || slices.Contains(results, slowTagged) {
		limited = slowLimited(p.hours, results)
	}
	return results, slowVerdict(p.hours, limited, p.told, p.slow.kind == slowFraction, p.now)
}

// The engine says of every plant what the slow model says of it, in whatever order its values arrive.
func TestPlantsAgainstTheSlowModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := draw(t)
		want, state := p.model()
		inOrder := func(n int) (all []int) {
			for i := range n {
				all = append(all, i)
			}
			return all
		}
		got, folded := p.engine(t, inOrder)
		for i := range want {
			if got[i].String() != string(want[i]) {
				t.Fatalf("%s, hour %d (%+v): %v, by the model %v", p.criterion, i, p.hours[i], got[i], want[i])
			}
		}
		if folded.Verdict.String() != state.verdict || folded.Worst.String() != state.worst {
			t.Fatalf("%s: %v, worst %v, by the model %+v; %v; told %+v; now %v", p.criterion, folded.Verdict, folded.Worst, state, want,
				p.told, p.now)
		}
		otherwise := func(n int) []int { all := inOrder(n); slices.Reverse(all); return all }
		again, other := p.engine(t, otherwise)
		if !slices.Equal(got, again) || other.Verdict != folded.Verdict || other.Worst != folded.Worst {
			t.Fatalf("%s: in another order %v, %v, worst %v", p.criterion, again, other.Verdict, other.Worst)
		}
	})
}
