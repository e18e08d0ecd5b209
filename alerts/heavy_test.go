package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// bare are hours of an index alone, from a time on.
func bare(from time.Time, n, aqi int) (out []Hour) {
	for i := range n {
		out = append(out, Hour{At: from.Add(time.Duration(i) * time.Hour), AQI: ptr(aqi)})
	}
	return out
}

func station(hours ...[]Hour) Observation {
	o := Observation{Station: "1015A", Region: district, Days: []Day{}}
	for _, h := range hours {
		o.Hours = append(o.Hours, h...)
	}
	return o
}

// Heavy pollution that is measured and was not forecast. Today is the 16th, 17:00; national-2024 unless another set is
// named.
//
//	60 h of 243      37 windows above 200 that cover 60 h: orange (>200 for 48 h); no hour of them is above 300
//	30 h of 243      7 windows, 30 h: yellow (>200 for 24 h); tianjin-2018 asks for 48 h: nothing
//	19 h of 243      no window: the first needs 20 hours
//	72 h, 24 of 310  >200 for 72 h with >300 for 24 h: red
//	60 h, then 40    the newest window is at most (20*243+4*40)/24 = 209.2 -> 210 with four hours of 40, and (19*243+5*40)/24 = 200.7 ->
//	                 201 with five, (18*243+6*40)/24 = 192.3 with six
func TestMeasuredHeavyPollutionAlone(t *testing.T) {
	now := clockAt("2016-12-16T17:00")
	before := func(hours, aqi int) []Hour { return bare(now.Add(-time.Duration(hours)*time.Hour), hours, aqi) }
	until := func(hours int) []Hour { return bare(now.Add(-60*time.Hour), 60-hours, 243) }
	for _, c := range []struct {
		name  string
		set   string
		seen  Observation
		hours []Hour // forecast
		days  []int  // forecast, from today on
		want  string
	}{
		{"60 h", "", station(before(60, 243)), nil, nil, "start orange 12-16T17 to further notice"},
		{"30 h", "", station(before(30, 243)), nil, nil, "start yellow 12-16T17 to further notice"},
		{"30 h under another set", CriteriaTianjin2018, station(before(30, 243)), nil, nil, "-"},
		{"19 h", "", station(before(19, 243)), nil, nil, "-"},
		{"at 200", "", station(before(60, 200)), nil, nil, "-"},
		{"72 h with a day above 300", "", station(bare(now.Add(-72*time.Hour), 48, 243), before(24, 310)), nil, nil,
			"start red 12-16T17 to further notice"},
		{"a red run that is over", "",
			station(bare(now.Add(-150*time.Hour), 90, 310), bare(now.Add(-60*time.Hour), 30, 40), before(30, 243)), nil, nil,
			"start yellow 12-16T17 to further notice"},
		{"five better hours", "", station(until(5), before(5, 40)), nil, nil, "start orange 12-16T17 to further notice"},
		{"six better hours", "", station(until(6), before(6, 40)), nil, nil, "-"},
		{"silent for three hours", "", station(until(3)), nil, nil, "start orange 12-16T17 to further notice"},
		{"silent for four hours", "", station(until(4)), nil, nil, "-"},
		{"the twelfth hour is forecast at 200", "", station(before(60, 243)), bare(now.Add(11*time.Hour), 1, 200), nil, "-"},
		{"the twelfth hour is forecast at 201", "", station(before(60, 243)), bare(now.Add(11*time.Hour), 1, 201), nil,
			"start orange 12-16T17 to further notice"},
		{"the thirteenth is forecast at 200", "", station(before(60, 243)), bare(now.Add(12*time.Hour), 1, 200), nil,
			"start orange 12-16T17 to further notice"},
		{"today and tomorrow are forecast at 90", "", station(before(60, 243)), nil, []int{90, 90}, "-"},
		{"what is forecast goes on", "", station(before(60, 243)), nil, []int{210, 210, 150, 90},
			"start orange 12-16T17 to 12-18T00"},
		{"by days alone", "", observed("2016-12-13", 243, 243, 243), nil, nil, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			if c.set != "" {
				w.engine.Criteria = seedCriteria(t, c.set)
			}
			if len(c.hours)+len(c.days) > 0 {
				f := forecast("2016-12-16T16:00", "2016-12-16", c.days...)
				f.Hours = c.hours
				do(w, w.engine.DecideForecast, "feeder", f)
			}
			p := do(w, w.engine.DecideObservation, "feeder", c.seen).Proposal
			if p.line() != c.want {
				t.Fatalf("%s, want %s", p.line(), c.want)
			}
			if p != nil && p.EndsAt == nil &&
				(!p.Trace.Measured || !strings.Contains(strings.Join(p.Trace.Words.ZH, ""), "依据实测")) {
				t.Errorf("it does not say what it rests on: %q", p.Trace.Words.ZH)
			}
			w.mustMatch()
		})
	}
}

// With a lower warning live it is a raise; accepted, it is open until further notice, and nothing is left.
func TestMeasuredHeavyPollutionRaisesALowerWarning(t *testing.T) {
	for level, want := range map[Level]string{Advisory: "upgrade orange 12-16T17 to further notice",
		Yellow: "upgrade orange 12-16T17 to further notice", Orange: "-", Red: "-"} {
		t.Run(fmt.Sprint(level), func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			live := do(w, w.engine.DecideDeclare, "duty", declaration(level))
			if live.State == PendingApproval {
				do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
			}
			p := do(w, w.engine.DecideObservation, "feeder", station(bare(w.now.Add(-60*time.Hour), 60, 243))).Proposal
			if p.line() != want {
				t.Fatalf("%s, want %s", p.line(), want)
			}
			if p != nil {
				if got := w.accept(p); got.Level != Orange || got.EndsAt != nil || len(w.open()) > 0 {
					t.Errorf("%+v, open %v", got, w.open())
				}
			}
			w.mustMatch()
		})
	}
}

// Hours measured until the evening do not take away the forecast that their day has: 210, then a day of 90 of which 23
// hours are measured, then 210. The two are apart by 24 h of air that is known not to be bad, and make no 48 h.
func TestADayThatIsNotOverKeepsItsForecast(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2016-12-16T23:00")
	do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T08:00", "2016-12-16", 90, 210, 90, 90))
	do(w, w.engine.DecideObservation, "feeder", observed("2016-12-15", 210))
	p := do(w, w.engine.DecideObservation, "feeder", station(bare(clockAt("2016-12-16T00:00"), 23, 60))).Proposal
	if p.line() != "start yellow 12-17T00 to 12-18T00" {
		t.Errorf("%s, want yellow", p.line())
	}
	if got := spell(p.Trace.Episode.From, p.Trace.Episode.To); got != "2016-12-15..2016-12-17" {
		t.Errorf("the episode is %s", got)
	}
}
