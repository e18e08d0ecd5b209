package alerts

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// outlook are the days of what is known now.
func (w *world) outlook() (ev Evaluation) {
	w.t.Helper()
	w.view(func(tx *bbolt.Tx) (err error) {
		ev, err = w.engine.EvaluateNow(tx, district, false, w.now)
		return err
	})
	return ev
}

// modelForecast is one day of one forecast, or of its hours, for the slow model of what is judged.
type modelForecast struct {
	issued time.Time
	day    Date
	value  int
}

// modelJudged says of a day, of all that was ever said of it, in the order in which it came, what counts: the last of
// those issued last, and of that only what it said at most ten days ahead and what was no more than 72 h old when the
// day ended, or is now where that is to come.
func modelJudged(all []modelForecast, day Date, now time.Time) string {
	var newest *modelForecast
	for i := range all {
		if f := &all[i]; f.day == day && (newest == nil || !f.issued.Before(newest.issued)) {
			newest = f
		}
	}
	if newest == nil {
		return "-"
	}
	reference := now
	if end := day.Start().Add(24 * time.Hour); end.Before(now) {
		reference = end
	}
	ahead := 0
	for d := DateOf(newest.issued); d < day; d = d.AddDays(1) {
		ahead++
	}
	text := fmt.Sprintf("%d of %s", newest.value, newest.issued.Format("02T15"))
	switch {
	case ahead > 10:
		return text + " forecast_far"
	case reference.Sub(newest.issued).Minutes() > 72*60:
		return text + " forecast_old"
	}
	return text
}

func TestWhatIsJudgedAgreesWithSlowModel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 16))
	seen := map[string]int{}
	for range 60 {
		w := newWorld(t, t.TempDir())
		w.at("2024-01-10T07:00")
		var all []modelForecast
		for range 4 {
			w.now = w.now.Add(time.Duration(rnd.IntN(40)) * time.Hour)
			f := Forecast{Source: "emc", Region: district, IssuedAt: w.now.Add(-time.Duration(rnd.IntN(30)) * time.Hour)}
			first := DateOf(w.now).AddDays(rnd.IntN(3))
			for i := range 1 + rnd.IntN(13) {
				v := 60 + rnd.IntN(300)
				f.Days = append(f.Days, ForecastDay{Date: first.AddDays(i), AQILow: v, AQIHigh: v, Primary: []string{PM25}})
				all = append(all, modelForecast{f.IssuedAt, first.AddDays(i), v})
			}
			do(w, w.engine.DecideForecast, "feeder", f)
		}
		w.now = w.now.Add(time.Duration(rnd.IntN(120)) * time.Hour)
		got := map[Date]string{}
		for _, d := range w.outlook().Days {
			if d.AQI == nil {
				continue
			}
			got[d.Date] = fmt.Sprintf("%d of %s", *d.AQI, d.IssuedAt.Format("02T15"))
			if !d.Counted {
				got[d.Date] += " " + d.Why
			}
		}
		for day := Date("2024-01-08"); day < "2024-02-20"; day = day.AddDays(1) {
			want := modelJudged(all, day, w.now)
			have, ok := got[day]
			if !ok {
				have = "-"
			}
			if have != want {
				t.Fatalf("now %s, %s: %s, the model has %s", clock(w.now), day, have, want)
			}
			seen[want[strings.LastIndex(want, " ")+1:]]++
		}
		w.close()
	}
	for _, why := range []string{"forecast_far", "forecast_old", "-"} {
		if seen[why] < 20 {
			t.Errorf("only %d days %q", seen[why], why)
		}
	}
}

// A proposal stands for as long as its forecast may be judged, and falls away with it: 72 h after 16 December 17:00.
func TestAnOldForecastStartsNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f := forecast("2016-12-16T17:00", "2016-12-20", 210, 220)
	do(w, w.engine.DecideForecast, "feeder", f)
	for _, c := range []struct{ now, want string }{
		{"2016-12-19T17:00", "start orange 12-20T00 to 12-22T00"},
		{"2016-12-19T17:01", "-"},
	} {
		w.at(c.now)
		do(w, w.engine.DecideReevaluate, "timer", Reevaluate{})
		line := "-"
		if open := w.open(); len(open) > 0 {
			line = open[0].line()
		}
		if line != c.want {
			t.Errorf("%s: %s, want %s", c.now, line, c.want)
		}
	}
	if got, want := w.outlook().Days[0], "12-16T17"; got.Date != "2016-12-20" || got.Why != "forecast_old" ||
		got.Counted || *got.AQI != 210 || got.IssuedAt.Format("01-02T15") != want {
		t.Errorf("%+v", got)
	}
	w.mustMatch()
}

// The 27th is 11 days from the 16th: what is said of it opens nothing, and of the 26th it does.
func TestAForecastTooFarAheadStartsNothing(t *testing.T) {
	for first, want := range map[Date]string{"2016-12-26": "start yellow 12-26T00 to 12-27T00", "2016-12-27": "-"} {
		w := newWorld(t, t.TempDir())
		if p := do(w, w.engine.DecideForecast, "feeder",
			forecast("2016-12-16T17:00", first, 210, 220)).Proposal; p.line() != want {
			t.Errorf("from %s: %s, want %s", first, p.line(), want)
		} else if p != nil {
			d := p.Trace.Days[len(p.Trace.Days)-1]
			if words := strings.Join(p.Trace.Words.ZH, "\n"); d.Why != "forecast_far" || d.Counted || *d.AQI != 220 ||
				!strings.Contains(words, "2016-12-27 的预报于 2016-12-16 17:00 发布，预报提前太多天，不作判定。") ||
				!strings.Contains(words, "发布超过 72 小时或提前 10 天以上的预报不作判定") {
				t.Errorf("%+v\n%s", d, words)
			}
		}
		w.close()
	}
}

// What is not judged is unknown: it neither lifts a warning, nor lowers it, nor raises it.
func TestAnOldForecastNeitherLiftsNorLowersNorRaises(t *testing.T) {
	for _, c := range []struct {
		level Level
		ahead []int
		seen  int
		fresh string
	}{
		{Yellow, []int{90, 90, 90, 90, 90, 90}, 90, "lift none 12-19T18 to 12-19T18"},
		{Red, []int{90, 90, 90, 210, 220, 90, 90, 90}, 210, "downgrade orange 12-19T18 to 12-22T00"},
		{Yellow, []int{90, 90, 90, 210, 220, 90, 90, 90}, 210, "upgrade orange 12-19T18 to 12-22T00"},
	} {
		for age, want := range map[time.Duration]string{48 * time.Hour: c.fresh, 73 * time.Hour: "-"} {
			w := newWorld(t, t.TempDir())
			w.at("2016-12-19T18:00")
			live := do(w, w.engine.DecideDeclare, "duty", declaration(c.level))
			if live.State == PendingApproval {
				do(w, w.engine.DecideApprove, "approver", Approve{live.ID, live.Revision})
			}
			f := forecast("2016-12-19T18:00", "2016-12-17", c.ahead...)
			f.IssuedAt = w.now.Add(-age)
			do(w, w.engine.DecideForecast, "feeder", f)
			if p := do(w, w.engine.DecideObservation, "feeder",
				observed("2016-12-17", 90, 90, c.seen)).Proposal; p.line() != want {
				t.Errorf("%s, %s old: %s, want %s", c.level, age, p.line(), want)
			}
			w.close()
		}
	}
}

// Hours keep to the same limits. Those that are not judged are missing, and the days that only they spoke of say why.
func TestOldHoursAreNotJudged(t *testing.T) {
	for age, want := range map[time.Duration]string{72 * time.Hour: "start orange 11-25T00 to 11-27T00",
		73 * time.Hour: "-"} {
		w := newWorld(t, t.TempDir())
		w.at("2026-11-24T17:00")
		f := Forecast{Source: "emc", Region: district, IssuedAt: w.now.Add(-age), Days: []ForecastDay{},
			Hours: hoursOf(clockAt("2026-11-25T00:00"), 48, 160)}
		if p := do(w, w.engine.DecideForecast, "feeder", f).Proposal; p.line() != want {
			t.Errorf("%s old: %s, want %s", age, p.line(), want)
		}
		if days := w.outlook().Days; want == "-" &&
			(len(days) != 2 || days[0].Date != "2026-11-25" || days[0].Why != "forecast_old" || days[0].IssuedAt == nil) {
			t.Errorf("%s old: %+v", age, days)
		}
		w.close()
	}
}

// An old forecast of today does not part what is measured by the hour from a fresh forecast of tomorrow: 30 h of 130
// µg/m³ until 17:00 and tomorrow's 180 are more than 150 from the 23rd, 11:00, for 61 h.
func TestAnOldForecastOfTodayPartsNothingThatIsMeasured(t *testing.T) {
	for _, byDay := range []bool{true, false} {
		w := newWorld(t, t.TempDir())
		oldForecastOfToday(w, byDay)
		w.close()
	}
}

func oldForecastOfToday(w *world, byDay bool) {
	w.t.Helper()
	w.at("2026-11-24T17:00")
	if byDay {
		do(w, w.engine.DecideForecast, "feeder", forecast("2026-11-21T15:00", "2026-11-24", 60))
	}
	old := Forecast{Source: "web", Region: district, IssuedAt: clockAt("2026-11-21T16:00"), Days: []ForecastDay{},
		Hours: hoursOf(w.now, 24, 20)}
	do(w, w.engine.DecideForecast, "feeder", old)
	do(w, w.engine.DecideForecast, "feeder", forecast("2026-11-24T16:00", "2026-11-25", 180))
	o := Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hoursOf(w.now.Add(-30*time.Hour), 30, 130)}
	if p := do(w, w.engine.DecideObservation, "feeder", o).Proposal; p.line() != "start yellow 11-24T17 to 11-26T00" {
		w.t.Errorf("by day %v: %s", byDay, p.line())
	}
}

// A proposal names the last received of the forecasts that it rests on: not one that came later and is not judged.
func TestAProposalDoesNotNameAForecastThatIsNotJudged(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 210))
	p := do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-12T16:00", "2016-12-18", 220)).Proposal
	if p.line() != "start yellow 12-17T00 to 12-18T00" || p.ForecastID != "F20161216-01" {
		t.Errorf("%s by %s", p.line(), p.ForecastID)
	}
}
