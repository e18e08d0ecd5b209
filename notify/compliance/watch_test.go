package compliance

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
)

var beijing = time.FixedZone("UTC+8", 8*3600)

// at is a time of the warning's days: 19 08:00 is 2016-12-19 08:00.
func at(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", "2016-12-"+text, beijing)
	if err != nil {
		panic(err)
	}
	return t
}

func monitor(t *testing.T, source reductionlist.Source, ref, factor, criterion string) reductionlist.Monitor {
	t.Helper()
	m := reductionlist.Monitor{Source: source, Ref: ref, Factor: factor}
	if criterion != "" {
		var err error
		if m.Criterion, err = reductionlist.ParseCriterion(criterion); err != nil {
			t.Fatal(err)
		}
	}
	return m
}

// limit is a measure that holds a stack to an hourly mass, within some hours.
func limit(t *testing.T, within float64, kg string) Demand {
	return Demand{Measure: reductionlist.Measure{ID: "M1", Action: reductionlist.Limit, CompleteWithinH: within,
		Monitors: []reductionlist.Monitor{monitor(t, reductionlist.CEMS, "MN1", "a21026", "hour_mass_at_most "+kg+" kg/h")}}}
}

// shown is what a watch is, in words.
func shown(all []Watch) (out []string) {
	for _, w := range all {
		for _, s := range w.Segments {
			to := "…"
			if !s.To.IsZero() {
				to = s.To.In(beijing).Format("02 15:04")
			}
			out = append(out, fmt.Sprintf("%s %s: %s to %s: %s", w.Measure, w.Ref, s.From.In(beijing).Format("02 15:04"), to, s.Criterion))
		}
	}
	return out
}

func TestWhenADemandIsJudged(t *testing.T) {
	order := func(id, issued, effective, ended string, ms ...Demand) Ordered {
		return Ordered{Order: id, IssuedAt: at(issued), EffectiveFrom: at(effective), Ended: at(ended), Measures: ms}
	}
	thirty, twenty := limit(t, 2, "30"), limit(t, 4, "20")
	longer := limit(t, 3, "30")
	words := limit(t, 2, "30")
	words.Text = "新的写法"
	planned := limit(t, 2, "30")
	again := limit(t, 2, "30") // the same plan, read a second time
	again.Days = []plant.QuantityDay{{Date: "2016-12-20", Value: 5}, {Date: "2016-12-21", Value: 2, From: new(at("21 00:00")), To: new(at("21 08:00"))}}
	planned.Days = []plant.QuantityDay{{Date: "2016-12-20", Value: 5}, {Date: "2016-12-21", Value: 2, From: new(at("21 00:00").UTC()), To: new(at("21 08:00"))}}
	for _, c := range []struct {
		name  string
		chain Chain
		want  []string
	}{
		{"a plan that is the same in a revision", Chain{order("1", "19 08:00", "19 08:00", "20 08:00", planned),
			order("2", "20 08:00", "20 08:00", "", again)}, []string{"M1 MN1: 19 10:00 to …: hour_mass_at_most 30 kg/h"}},
		{"from its deadline on, by the whole hour", Chain{order("1", "19 08:10", "19 08:00", "", thirty)},
			[]string{"M1 MN1: 19 11:00 to …: hour_mass_at_most 30 kg/h"}},
		{"an order that was issued before it takes effect", Chain{order("1", "18 20:00", "19 08:00", "", thirty)},
			[]string{"M1 MN1: 19 10:00 to …: hour_mass_at_most 30 kg/h"}},
		{"until it ends", Chain{order("1", "19 08:00", "19 08:00", "21 14:37", thirty)},
			[]string{"M1 MN1: 19 10:00 to 21 14:37: hour_mass_at_most 30 kg/h"}},
		{"one that ends before its deadline", Chain{order("1", "19 08:00", "19 08:00", "19 09:30", thirty)}, nil},
		{"unchanged in a revision it keeps its clock", Chain{order("1", "19 08:00", "19 08:00", "20 08:30", thirty),
			order("2", "20 08:30", "20 08:30", "", words)}, []string{"M1 MN1: 19 10:00 to …: hour_mass_at_most 30 kg/h"}},
		{"changed, the older holds until the newer is due", Chain{order("1", "19 08:00", "19 08:00", "20 08:30", thirty),
			order("2", "20 08:30", "20 08:30", "", twenty)}, []string{"M1 MN1: 19 10:00 to 20 13:00: hour_mass_at_most 30 kg/h",
			"M1 MN1: 20 13:00 to …: hour_mass_at_most 20 kg/h"}},
		{"changed twice, before the first was due", Chain{order("1", "19 08:00", "19 08:00", "20 08:00", thirty),
			order("2", "20 08:00", "20 08:00", "20 09:00", twenty), order("3", "20 09:00", "20 09:00", "", longer)},
			[]string{"M1 MN1: 19 10:00 to 20 12:00: hour_mass_at_most 30 kg/h", "M1 MN1: 20 12:00 to …: hour_mass_at_most 30 kg/h"}},
		{"changed, and ended before the newer was due", Chain{order("1", "19 08:00", "19 08:00", "20 08:00", thirty),
			order("2", "20 08:00", "20 08:00", "20 10:00", twenty)}, []string{"M1 MN1: 19 10:00 to 20 10:00: hour_mass_at_most 30 kg/h"}},
		{"no part of the next", Chain{order("1", "19 08:00", "19 08:00", "20 08:30", thirty), order("2", "20 08:30", "20 08:30", "")},
			[]string{"M1 MN1: 19 10:00 to 20 08:30: hour_mass_at_most 30 kg/h"}},
		{"exempted for a day", Chain{order("1", "19 08:00", "19 08:00", "20 08:00", thirty), order("2", "21 08:00", "21 08:00", "", thirty)},
			[]string{"M1 MN1: 19 10:00 to 20 08:00: hour_mass_at_most 30 kg/h", "M1 MN1: 21 10:00 to …: hour_mass_at_most 30 kg/h"}},
		{"a plan changes it", Chain{order("1", "19 08:00", "19 08:00", "20 08:00", thirty), order("2", "20 08:00", "20 08:00", "", planned)},
			[]string{"M1 MN1: 19 10:00 to 20 10:00: hour_mass_at_most 30 kg/h", "M1 MN1: 20 10:00 to …: hour_mass_at_most 30 kg/h"}},
	} {
		if got := shown(Watches(c.chain)); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// What has nothing to be held against is not judged; two monitors of one quantity are two.
func TestWhatIsJudged(t *testing.T) {
	d := Demand{Measure: reductionlist.Measure{ID: "M1", Monitors: []reductionlist.Monitor{
		monitor(t, reductionlist.Video, "V1", "", ""), monitor(t, reductionlist.DCS, "D1", "", ""),
		monitor(t, reductionlist.Power, "P1", "", "stopped"), monitor(t, reductionlist.CEMS, "MN1", "a21026", "hour_mass_at_most 30 kg/h"),
		monitor(t, reductionlist.CEMS, "MN1", "a21026", "hour_mass_at_most 20 kg/h"),
		monitor(t, reductionlist.Power, "P2", "", "at_most_fraction_of_baseline 0.5")}}}
	all := Watches(Chain{{Order: "1", IssuedAt: at("19 08:00"), EffectiveFrom: at("19 08:00"), Measures: []Demand{d}}})
	var got []string
	for _, w := range all {
		got = append(got, fmt.Sprint(w.Ref, " ", w.Kind, " ", w.Ordinal, " ", w.Ceiling))
	}
	want := []string{"P1 stopped 0 0", "MN1 hour_mass_at_most 0 0", "MN1 hour_mass_at_most 1 0", "P2 at_most_fraction_of_baseline 0 1"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	all = Watches(Chain{{Order: "1", Advisory: true, IssuedAt: at("19 08:00"), EffectiveFrom: at("19 08:00"), Measures: []Demand{d}}})
	if slices.ContainsFunc(all, func(w Watch) bool { return w.Ceiling != judge.AtSuspected }) {
		t.Error("an advisory order compels")
	}
}

func TestTheOrderInForce(t *testing.T) {
	c := Chain{{Order: "1", IssuedAt: at("19 08:00"), EffectiveFrom: at("19 10:00"), Ended: at("20 08:30")},
		{Order: "2", IssuedAt: at("20 08:30"), EffectiveFrom: at("20 08:30"), Ended: at("21 00:00")}}
	for when, want := range map[string]string{"19 09:59": "", "19 10:00": "1", "20 08:29": "1", "20 08:30": "2", "21 00:00": ""} {
		if got := c.At(at(when)); got != want {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
}

// What a plan allows on a day is the limit of that day's total, unless it says so of a part of the day alone.
func TestTheLimitOfADay(t *testing.T) {
	days := []plant.QuantityDay{{Date: "2016-12-19", Value: 900, From: new(at("19 08:00")), To: new(at("20 00:00"))},
		{Date: "2016-12-20", Value: 2000}, {Date: "2016-12-21", Value: 0}, {Date: "2016-12-22", Value: 700, To: new(at("22 12:00"))}}
	for criterion, want := range map[string][]float64{"day_total_at_most 2400 t": {2400, 2000, 0, 2400, 2400},
		"five_minute_mean_at_least 850 ℃": {850, 850, 850, 850, 850}} {
		s := Segment{Criterion: monitor(t, reductionlist.DCS, "D1", "", criterion).Criterion, Days: days}
		for i, limit := range want {
			if got := s.Limit(at("19 00:00").AddDate(0, 0, i)); got != limit {
				t.Errorf("%s on %d: %v, want %v", criterion, 19+i, got, limit)
			}
		}
	}
}
