package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// A day at 280 µg/m³ with some of its hours blank: of 20 it is known, of 19 nobody can say that it never exceeded
// anything.
func TestTooFewHoursAreUnknown(t *testing.T) {
	const never, unknown = "从未超过该值", "无法判定"
	for _, c := range []struct {
		name  string
		blank []int // hours of the day
		want  string
	}{
		{"four within", []int{3, 7, 11, 15}, "330 counted"},
		{"five within", []int{3, 7, 11, 15, 19}, "unknown 19 of 20 mean 330"},
		{"five at its end", []int{19, 20, 21, 22, 23}, "unknown 19 of 20 mean 330"},
		{"five at its beginning", []int{0, 1, 2, 3, 4}, "unknown 19 of 20 mean 330"},
		{"all but one", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23},
			"unknown 1 of 20 mean 330"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Series
			blank := map[int]bool{}
			for _, h := range c.blank {
				blank[h] = true
			}
			for i, h := range hoursOf(clockAt("2026-12-01T00:00"), 24, 280) {
				if !blank[i] {
					s.Hours = append(s.Hours, HourAir{At: h.At, Values: h.Values()})
				}
			}
			ev := Evaluate(s, National2024(), plain)
			if len(ev.Days) != 1 {
				t.Fatalf("%d days: %+v", len(ev.Days), ev.Days)
			}
			d, got := ev.Days[0], ""
			if d.Counted {
				got = fmt.Sprintf("%d counted", *d.AQI)
			} else if d.Hours != nil && d.AQI == nil && d.Why == whyFewHours {
				got = fmt.Sprintf("unknown %d of %d mean %d", d.Hours.Valid, d.Hours.Need, *d.Hours.Mean)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			words := strings.Join(ExplainClauses(ev.Clauses, langZH), "\n")
			if few := strings.HasPrefix(c.want, "unknown"); strings.Contains(words, never) ||
				strings.Contains(words, unknown) != few {
				t.Errorf("the clauses say\n%s", words)
			}
			if zh := d.Reason(langZH); strings.HasPrefix(c.want, "unknown 19") &&
				zh != "小时数不足，未知：有效 19 小时，需要 20 小时；已有小时的均值为 AQI 330" {
				t.Errorf("the day says %s", zh)
			}
		})
	}
}

// A whole day of other pollutants does not make PM2.5's 19 hours known, and clean days stay as they were.
func TestTooFewHoursOfPM25Alone(t *testing.T) {
	var s Series
	for i, h := range hoursOf(clockAt("2026-12-01T00:00"), 24, 280, 20) {
		if i%5 == 4 && i < 24 || i == 0 {
			h.PM25 = nil
		}
		s.Hours = append(s.Hours, HourAir{At: h.At, Values: h.Values()})
	}
	ev := Evaluate(s, National2024(), plain)
	if d := ev.Days[0]; d.Why != whyFewHours || d.Hours == nil || d.Hours.Valid != 19 {
		t.Errorf("%+v", d)
	}
	if d := ev.Days[1]; d.AQI == nil || d.Hours != nil || d.Why != "" {
		t.Errorf("%+v", d)
	}
}

// What the engine, its proposals and the desk are told while a day of 280 lacks five hours, and that it is an alarm.
func TestHighAirWithMissingHoursIsAnAlarm(t *testing.T) {
	for _, c := range []struct {
		name    string
		pm25    int
		missing int // hours of the 24 until now
		want    string
	}{
		{"nothing missing", 280, 0, "-"},
		{"four missing", 280, 4, "-"},
		{"five missing", 280, 5, "19 of 20, AQI 330 above 150"},
		{"twelve missing", 280, 12, "12 of 20, AQI 330 above 150"},
		{"at 150", 115, 5, "-"},
		{"at 152", 116, 5, "19 of 20, AQI 152 above 150"},
		{"none at all", 280, 24, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.at("2026-12-17T00:00")
			hours := hoursOf(w.now.Add(-24*time.Hour), 24, c.pm25)[:24-c.missing]
			if len(hours) > 0 {
				do(w, w.engine.DecideObservation, "feeder",
					Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hours})
			}
			w.view(func(tx *bbolt.Tx) error {
				ev, err := w.engine.EvaluateNow(tx, district, false, w.now)
				got, a := "-", ev.HighAndMissing
				if a != nil {
					got = fmt.Sprintf("%d of %d, AQI %d above %d", a.Valid, a.Need, *a.Mean, a.Over)
				}
				if got != c.want {
					t.Errorf("%s, want %s", got, c.want)
				}
				few := len(ev.Days) > 0 && ev.Days[0].Hours != nil
				if few != (c.missing > 4 && c.missing < 24) {
					t.Errorf("the days are %+v", ev.Days)
				}
				return err
			})
		})
	}
}

// A proposal tells of the days beside its episode that are unknown for want of hours, and of what is set aside.
func TestATraceTellsOfFewHoursAndOfWhatIsSetAside(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	day := clockAt("2026-12-15T00:00")
	hours := hoursOf(day, 19, 280)
	do(w, w.engine.DecideObservation, "feeder",
		Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hours})
	do(w, w.engine.DecideObservation, "feeder", stationHours("1021A", w.now, 30, without(6, always("pm25=264"))))
	f := forecast("2026-12-16T17:00", "2026-12-17", 210, 220, 90)
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	if p == nil || p.Level != Orange {
		t.Fatalf("%s", p.line())
	}
	words := strings.Join(p.Trace.Words.ZH, "\n")
	for _, want := range []string{"2026-12-15 不计：小时数不足，未知：有效 19 小时，需要 20 小时；已有小时的均值为 AQI 330", "站点 1021A",
		"25 个 PM2.5（首个 264）不采用：PM2.5 一直是 264，视为卡数"} {
		if !strings.Contains(words, want) {
			t.Errorf("it does not say %q:\n%s", want, words)
		}
	}
	if len(p.Trace.SetAside) != 1 || p.Trace.SetAside[0].N != 25 {
		t.Errorf("%+v", p.Trace.SetAside)
	}
	w.mustMatch()
}

// Many stations with one fault are told of in one line.
func TestManyStationsSetAsideAreOneLine(t *testing.T) {
	var all []Aside
	at := clockAt("2026-12-15T00:00")
	for i := range 30 {
		all = append(all, Aside{fmt.Sprintf("s%02d", i), "pm25", at, at.Add(24 * time.Hour), 20, "264", AsideStuck, false})
	}
	zh := explainAside(all, langZH)
	if len(zh) != 1 || !strings.Contains(zh[0], "600 个值") || !strings.Contains(zh[0], "等 30 个") ||
		len([]rune(zh[0])) > 200 {
		t.Errorf("%q", zh)
	}
	if got := asideNear(all, at.Add(-time.Hour), at); len(got) != 0 {
		t.Errorf("%d before they began", len(got))
	}
	for len(all) < 300 {
		all = append(all, all[0])
	}
	if got := asideNear(all, at, at.Add(time.Hour)); len(got) != asideMost {
		t.Errorf("a trace holds %d", len(got))
	}
}
