package judge

import (
	"math"
	"testing"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// usual is a plant of which 1,000 is usual, from 900 to 1,100, with a residual load of 100.
func usual() *Baseline {
	b := &Baseline{P95: 1200, Residual: 100, HasResidual: true}
	for h := range b.Bins {
		for c := range b.Bins[h] {
			b.Bins[h][c] = Bin{N: 28, Median: 1000, Low: 900, High: 1100}
		}
	}
	return b
}

func TestWhatAnHourShows(t *testing.T) {
	rule := func(k reductionlist.CriterionKind, limit float64) Rule { return Rule{Kind: k, Limit: limit} }
	mass, least := rule(reductionlist.HourMassAtMost, 30), rule(reductionlist.AtLeastRate, 8)
	half := rule(reductionlist.FractionOfBaseline, 0.5)
	power := rule(reductionlist.Stopped, 0)
	flow := Rule{Kind: reductionlist.Stopped, Flow: true}
	said := func(x float64) Said { return Said{Value: x, Has: true, Flag: telemetry.Normal} }
	flagged := func(x float64, f telemetry.Flag) Said { return Said{Value: x, Has: true, Flag: f} }
	young := usual()
	young.Bins[8][WorkingDay].N = 9
	for _, c := range []struct {
		name      string
		rule      Rule
		said      []Said
		hour      Hour
		base      *Baseline
		explained bool
		late      time.Duration // behind the hour's end
		want      Result
		why       Why
		limit     float64
		measured  float64
	}{
		{name: "at the limit", rule: mass, said: []Said{said(30)}, want: Pass, limit: 30, measured: 30},
		{name: "above it", rule: mass, said: []Said{said(30.01)}, want: Fail, limit: 30, measured: 30.01},
		{name: "at least", rule: least, said: []Said{said(8)}, want: Pass, limit: 8, measured: 8},
		{name: "less than that", rule: least, said: []Said{said(7.9)}, want: Fail, limit: 8, measured: 7.9},

		{name: "nothing yet", rule: mass, late: 89 * time.Minute, want: Pending, why: Waiting, limit: 30},
		{name: "nothing any more", rule: mass, late: 90 * time.Minute, want: NoData, why: NothingCame, limit: 30},
		{name: "an instrument that stands", rule: mass, said: []Said{{Flag: telemetry.Stopped}}, want: NoData, why: BadFlag, limit: 30},
		{name: "set by hand", rule: mass, said: []Said{flagged(1, telemetry.SetByHand)}, want: NoData, why: BadFlag, limit: 30, measured: 1},
		{name: "at fault", rule: mass, said: []Said{flagged(99, telemetry.Fault)}, want: NoData, why: BadFlag, limit: 30, measured: 99},
		{name: "no line", rule: mass, said: []Said{flagged(1, telemetry.Communication)}, want: NoData, why: BadFlag, limit: 30, measured: 1},
		{name: "maintenance", rule: mass, said: []Said{flagged(99, telemetry.Maintenance)}, want: Tagged, why: ByFlag, limit: 30, measured: 99},
		{name: "calibration", rule: mass, said: []Said{flagged(99, telemetry.Calibration)}, want: Tagged, why: ByFlag, limit: 30, measured: 99},
		{name: "over range", rule: mass, said: []Said{flagged(5, telemetry.OverRange)}, want: Fail, why: Beyond, limit: 30, measured: 5},
		{name: "over range where more is better", rule: least, said: []Said{flagged(9, telemetry.OverRange)}, want: NoData, why: BadFlag, limit: 8, measured: 9},
		{name: "no flag", rule: mass, said: []Said{{Value: 3, Has: true}}, want: Pass, limit: 30, measured: 3},
		{name: "no number", rule: mass, said: []Said{{Flag: telemetry.Normal}}, want: NoData, why: NothingCame, limit: 30},

		{name: "too few minutes", rule: mass, said: []Said{{Flag: telemetry.Fault}}, hour: Hour{Made: true, Valid: 44}, want: NoData, why: TooFew, limit: 30},
		{name: "too few for maintenance", rule: mass, said: []Said{{Flag: telemetry.Fault}}, hour: Hour{Made: true, Valid: 20, Tagged: 25}, want: Tagged, why: ByFlag, limit: 30},
		{name: "a little maintenance", rule: mass, said: []Said{{Flag: telemetry.Fault}}, hour: Hour{Made: true, Valid: 20, Tagged: 24}, want: NoData, why: TooFew, limit: 30},

		{name: "differing values", rule: mass, said: []Said{said(20), said(40)}, want: Fail, limit: 30, measured: 40},
		{name: "differing values, both kept", rule: mass, said: []Said{said(20), said(25)}, want: Pass, limit: 30, measured: 25},
		{name: "differing values where more is better", rule: least, said: []Said{said(9), said(7)}, want: Fail, limit: 8, measured: 7},
		{name: "an excuse beside a fail", rule: mass, said: []Said{flagged(40, telemetry.Maintenance), said(40)}, want: Fail, limit: 30, measured: 40},
		{name: "an officer took the lower", rule: mass, said: []Said{said(20), said(40)}, hour: Hour{Accepted: 0}, want: Pass, limit: 30, measured: 20},
		{name: "an accepted explanation", rule: mass, said: []Said{said(40)}, explained: true, want: Tagged, why: ByOfficer, limit: 30, measured: 40},

		// 0.5 × 1,000 + min((1,100 − 1,000) ÷ 2, 0.5 × 1,000 ÷ 2)
		{name: "half of what is usual", rule: half, said: []Said{said(550)}, base: usual(), want: Pass, limit: 550, measured: 550},
		{name: "more than half", rule: half, said: []Said{said(551)}, base: usual(), want: Fail, limit: 550, measured: 551},
		// 0.05 × 1,000 + 50 is less than 1.25 × 100
		{name: "never below the residual", rule: rule(reductionlist.FractionOfBaseline, 0.05), said: []Said{said(125)}, base: usual(), want: Pass, limit: 125, measured: 125},
		{name: "a young plant", rule: half, said: []Said{said(999)}, base: young, want: NoData, why: NoBaseline, measured: 999},
		{name: "a stopped plant", rule: power, said: []Said{said(125)}, base: usual(), want: Pass, limit: 125, measured: 125},
		{name: "one that runs", rule: power, said: []Said{said(126)}, base: usual(), want: Fail, limit: 125, measured: 126},
		{name: "a stopped stack", rule: flow, said: []Said{said(59.9)}, base: usual(), want: Pass, limit: 60, measured: 59.9},
		{name: "one with flow", rule: flow, said: []Said{said(60)}, base: usual(), want: Fail, limit: 60, measured: 60},
	} {
		h := c.hour
		h.At, h.Said = eight, c.said
		if c.name != "an officer took the lower" {
			h.Accepted = -1
		}
		got := OfHour(c.rule, c.base, WorkingDay, &h, c.explained, eight.Add(time.Hour+c.late), &Defaults)
		if got.Result != c.want || got.Why != c.why || got.Limit != c.limit || got.Measured != c.measured ||
			got.Differ != (len(c.said) > 1) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestANumberThatIsNoneShowsNothing(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		h := Hour{At: eight, Accepted: -1, Said: []Said{{Value: x, Has: true, Flag: telemetry.Normal}}}
		if got := OfHour(Rule{Kind: reductionlist.HourMassAtMost, Limit: 1}, nil, WorkingDay, &h, false, hour(9), &Defaults); got.Result != NoData {
			t.Errorf("%v: %+v", x, got)
		}
	}
}

func TestWhatADayShows(t *testing.T) {
	total := Rule{Kind: reductionlist.DayTotalAtMost, Limit: 240}
	means := Rule{Kind: reductionlist.FiveMinuteMeanAtLeast, Limit: 850}
	gate := Rule{Kind: reductionlist.NoVehicleBelow}
	midnight := day("2016-12-19")
	hoursOf := func(n int, each float64) (d Day) {
		for i := range n {
			d.Hours = append(d.Hours, Hour{At: midnight.Add(time.Duration(i) * time.Hour), Accepted: -1,
				Said: []Said{{Value: each, Has: true}}})
		}
		return d
	}
	meansOf := func(n, low int) (d Day) {
		for i := range n {
			m := Mean{At: midnight.Add(time.Duration(5*i) * time.Minute), Span: 5, Value: 900, Has: true}
			if i < low {
				m.Value = 849
			}
			d.Means = append(d.Means, m)
		}
		return d
	}
	for _, c := range []struct {
		name string
		rule Rule
		day  Day
		now  time.Duration // behind midnight
		want Result
		sum  float64
		fore float64
	}{
		{"a day within it", total, hoursOf(24, 10), 26 * time.Hour, Pass, 240, 0},
		{"a day beyond it", total, hoursOf(24, 10.1), 26 * time.Hour, Fail, 242.4, 0},
		{"beyond it with half of its hours", total, hoursOf(12, 21), 26 * time.Hour, Fail, 252, 0},
		{"beyond it before it is over", total, hoursOf(12, 21), 12 * time.Hour, Fail, 252, 504},
		{"too few hours", total, hoursOf(19, 10), 26 * time.Hour, NoData, 190, 0},
		{"it goes on", total, hoursOf(12, 10), 12 * time.Hour, Pending, 120, 240},
		{"too early to foresee", total, hoursOf(11, 10), 11 * time.Hour, Pending, 110, 0},
		{"its data may still come", total, hoursOf(24, 10), 25 * time.Hour, Pending, 240, 0},

		{"hot", means, meansOf(288, 5), 26 * time.Hour, Pass, 5, 0},
		{"too often too cold", means, meansOf(288, 6), 26 * time.Hour, Fail, 6, 0},
		{"too few means", means, meansOf(239, 0), 26 * time.Hour, NoData, 0, 0},

		{"one lorry below the standard", gate, Day{Vehicles: Vehicles{All: 100, Below: 1}}, 26 * time.Hour, Fail, 1, 0},
		{"none", gate, Day{Vehicles: Vehicles{All: 100}}, 26 * time.Hour, Pass, 0, 0},
		{"none of which the standard is known", gate, Day{Vehicles: Vehicles{All: 3, Unknown: 3}}, 26 * time.Hour, NoData, 0, 0},
		{"nobody at all", gate, Day{}, 26 * time.Hour, NoData, 0, 0},
	} {
		c.day.At = midnight
		got := OfDay(c.rule, &c.day, midnight.Add(c.now), &Defaults)
		if got.Result != c.want || math.Abs(got.Measured-c.sum) > 1e-9 || math.Abs(got.Forecast-c.fore) > 1e-9 ||
			got.Foresees != (c.fore > 0) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}
