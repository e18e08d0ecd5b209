package alerts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/aqi"
)

// verdictsOf is what an evaluation makes of a series' days: index as published, what counts, whether, and why.
func verdictsOf(ev Evaluation) string {
	var out []string
	for _, d := range ev.Days {
		s := "-"
		if d.AQI != nil {
			s = fmt.Sprint(*d.AQI)
		}
		if d.CountedAQI != nil {
			s += fmt.Sprintf(">%d", *d.CountedAQI)
		}
		if !d.Counted {
			s += " not"
		}
		out = append(out, strings.TrimSpace(s+" "+d.Why))
	}
	return strings.Join(out, ", ")
}

// By hand, PM2.5 until March 2026 (HJ 633-2012): 100 µg/m³ -> 100+50*(100-75)/40 = 131.25, 132; 115 -> 150; 116 ->
// 150+50/35 = 151.4, 152; 150 -> 200; 200 -> 250; 250 -> 300. From then on (HJ 633-2026) 75 -> 114
// (TestParseDaysByConcentration). PM10: 420 -> 300, 500 -> 400; 450 -> 300+100*30/80 = 337.5, 338.
func TestIndexAndConcentrationsThatDisagree(t *testing.T) {
	const header = "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h\n"
	for _, c := range []struct {
		name, row, set, dust string
		want                 string
	}{
		{"350 of which PM2.5 makes 132", "350,,100,,,,,", "national-2024", "tell", "none: 350>132 aqi_mismatch"},
		{"also where PM2.5 is named", "350,PM2.5,100,,,,,", "national-2024", "tell", "none: 350>132 aqi_mismatch"},
		{"also where PM10 makes the index and PM2.5 is named", "338,PM2.5,100,450,,,,", "national-2024", "tell",
			"none: 338>132 aqi_mismatch"},
		{"exactly 10 above is no mismatch", "310,,250,,,,,", "national-2024", "tell", "yellow: 310 bare_aqi"},
		{"11 above is one", "311,,250,,,,,", "national-2024", "tell", "yellow: 311>300 aqi_mismatch"},
		{"PM2.5's own index still makes a level", "500,,200,,,,,", "national-2024", "tell", "yellow: 500>250 aqi_mismatch"},
		{"below PM2.5's own the published index counts", "150,,250,,,,,", "national-2024", "tell", "none: 150 bare_aqi"},
		{"PM10 as the primary pollutant does not count before and after", "338,,100,450,,,,", "national-2024", "tell",
			"none: 338 not other_primary"},
		{"dust that is named stays dust", "350,,100,,,,,,dust", "national-2024", "tell", "none: 350 not dust"},
		{"a clean day has no primary pollutant", "48,,10,,,30,,96", "national-2024", "tell", "none: 48"},
		{"criteria that count any pollutant count the index", "350,,100,,,,,", "tianjin-2018", "tell", "none: 350"},
		{"500 without particulates is told of", "500,,,,20,40,1.1,80", "national-2024", "tell", "yellow: 500 dust_suspect"},
		{"or left out", "500,,,,20,40,1.1,80", "national-2024", "exclude", "none: 500 not dust_suspect"},
		{"so in criteria that count all but dust", "500,,,,20,40,1.1,80", "national-2016", "exclude",
			"none: 500 not dust_suspect"},
		{"a bare 500 withholds nothing", "500,,,,,,,", "national-2024", "exclude", "yellow: 500 bare_aqi"},
		{"PM2.5 by name is no dust", "500,PM2.5,,,20,,,", "national-2024", "exclude", "yellow: 500"},
		{"499 is not 500", "499,,,,20,40,1.1,80", "national-2024", "exclude", "yellow: 499 bare_aqi"},
		{"PM10 alone is withheld by nobody", "500,,,600,20,40,1.1,80", "national-2024", "exclude",
			"none: 500 not other_primary"},
	} {
		head, row := header, c.row
		if strings.Count(row, ",") == 8 {
			head = strings.TrimSuffix(header, "\n") + ",cause\n"
		}
		air := readAir(t, []byte(head+"2024-01-10,"+row+"\n"))
		opt := DefaultSettings().Evaluating()
		opt.DustSuspect = c.dust
		ev := Evaluate(air.Series(), seedCriteria(t, c.set), opt)
		if got := fmt.Sprintf("%s: %s", ev.Level, verdictsOf(ev)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// Three days of 350, 310 and 320 as published were red; PM2.5 makes 132 of each, which is nothing, and people get a
// tip.
func TestThreeDaysOfAMismatchAreNotRed(t *testing.T) {
	air := readAir(t, []byte("date,aqi,pm25\n2024-01-10,350,100\n2024-01-11,310,100\n2024-01-12,320,100\n"))
	ev := Evaluate(air.Series(), National2024(), DefaultSettings().Evaluating())
	if ev.Level != None || len(ev.Tips) != 1 || ev.Tips[0].AQIMax != 350 || ev.Tips[0].Reason != "aqi_mismatch" {
		t.Errorf("%s, tips %+v", ev.Level, ev.Tips)
	}
}

// The trace says of every such day what was published and what counts; the index of a range that holds PM2.5's own
// stands, and one that does not hold it does not.
func TestTraceTellsOfIndexAndConcentrationsThatDisagree(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f, err := parseForecast([]byte(`{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[
		{"date":"2016-12-17","aqi":350,"pm25":200},
		{"date":"2016-12-18","aqi_low":230,"aqi_high":280,"pm25":190},
		{"date":"2016-12-19","aqi_low":320,"aqi_high":380,"pm25":100},
		{"date":"2016-12-20","aqi":500,"so2":20,"no2":40,"o3_8h":170}]}`))
	if err != nil {
		t.Fatal(err)
	}
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	if p == nil {
		t.Fatal("nothing is proposed")
	}
	// 190 µg/m³ are 240, which 230-280 holds: 280 counts as the settings have it. The 20th is not ozone's, though ozone
	// alone makes 115 of the day.
	if got, want := verdictsOf(Evaluation{Days: p.Trace.Days}),
		"350>250 aqi_mismatch, 280, 380>132 aqi_mismatch, 500 dust_suspect"; got != want {
		t.Errorf("days %s, want %s", got, want)
	}
	if p.Level != Orange {
		t.Errorf("%s, want orange: 250 and 280", p.line())
	}
	zh, en := strings.Join(p.Trace.Words.ZH, "\n"), strings.Join(p.Trace.Words.EN, "\n")
	for _, want := range []string{"2016-12-17 AQI 350 与浓度不符，按 PM2.5 的 250 计入。", "2016-12-20 PM 缺测，疑为沙尘，仍按 AQI 500 计入；请核对。",
		"2016-12-19: the AQI of 380 and the concentrations disagree; it counts with PM2.5's 132."} {
		if !strings.Contains(zh+"\n"+en, want) {
			t.Errorf("does not say %q:\n%s\n%s", want, zh, en)
		}
	}
	w.mustMatch()
}

// With dust_suspect exclude the same day opens nothing, whoever says it, and is followed by a tip.
func TestSuspectedDustMayBeLeftOut(t *testing.T) {
	for setting, want := range map[string]string{DustTell: "start yellow 12-17T00 to 12-18T00", DustExclude: "-"} {
		w := newWorld(t, t.TempDir())
		w.engine.DustSuspect = setting
		f, err := parseForecast([]byte(`{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[{"date":"2016-12-17","aqi":500,"so2":20,"co":1.2}]}`))
		if err != nil {
			t.Fatal(err)
		}
		got := do(w, w.engine.DecideForecast, "feeder", f)
		if got.Proposal.line() != want || (len(got.Tips) == 1) != (setting == DustExclude) {
			t.Errorf("%s: %s, tips %+v", setting, got.Proposal.line(), got.Tips)
		}
		w.close()
	}
}

// A measured day of a mismatch is as clean as PM2.5's own index: the warning may end, though 350 was published.
func TestAMismatchIsLiftedByPM25sOwnIndex(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
	do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T16:00", "2016-12-17", 90, 90, 90))
	o, err := parseObservation([]byte(`{"station":"a","region":"120111","days":[{"date":"2016-12-16","aqi":350,"pm25":100}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if p := do(w, w.engine.DecideObservation, "feeder", o).Proposal; p == nil || p.Kind != KindLift {
		t.Errorf("%s, want a lift", p.line())
	}
}

// By the hour a window counts by its concentrations; that the hours' published indices say otherwise is told, for as
// long as it is so, and so is an index of 500 without particulates.
func TestHoursWhoseIndexAndConcentrationsDisagree(t *testing.T) {
	var s Series
	from := clockAt("2024-01-10T00:00")
	for i := range 72 {
		h := HourAir{At: from.Add(time.Duration(i) * time.Hour), AQI: ptr(132),
			Values: aqi.Values{aqi.PM25: aqi.Whole(100), aqi.SO2: aqi.Whole(10)}}
		switch {
		case i < 24:
			h.AQI = ptr(350)
		case i >= 48:
			h.AQI, h.Values = ptr(500), aqi.Values{aqi.SO2: aqi.Whole(10)}
		}
		s.Hours = append(s.Hours, h)
	}
	ev := Evaluate(s, National2024(), DefaultSettings().Evaluating())
	var got []string
	for _, r := range Remarks(ev.Windows) {
		got = append(got, fmt.Sprintf("%s..%s %s", r.From.Format("02T15"), r.To.Format("02T15"), r.Reason))
	}
	// The window from hour k on, k < 24, has 24-k hours of 350 and k of 132: (350*(24-k)+132*k)/24 > 142 while k < 22.9.
	// From hour 36 on half of a window's hours are suspect.
	if want := "[10T00..11T22 aqi_mismatch 11T12..13T00 dust_suspect]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if ev.Level != None || *ev.Windows[0].AQI != 132 {
		t.Errorf("%s, first window %+v", ev.Level, ev.Windows[0])
	}
}

// Where dust counts like any other cause, nothing is suspected.
func TestNothingIsSuspectedWhereDustCounts(t *testing.T) {
	c := Criteria{Name: "all", Levels: []LevelRule{{Yellow, []Clause{{Over: 200, Hours: 24}}}}}
	day := DayAQI{Date: "2024-01-10", AQI: ptr(500), Values: aqi.Values{aqi.SO2: aqi.Whole(20)}}
	if ev := Evaluate(byDay(day), c, EvaluateOptions{DustSuspect: DustExclude}); ev.Level != Yellow ||
		verdictsOf(ev) != "500" {
		t.Errorf("%s: %s", ev.Level, verdictsOf(ev))
	}
}

// 100 µg/m³ are 132 until March 2026, and PM2.5 is the primary pollutant of a range that holds it alone.
func TestARangeHasThePrimaryPollutantOfConcentrationsThatItHolds(t *testing.T) {
	for bounds, want := range map[[2]int]string{{132, 140}: "[pm25]", {120, 132}: "[pm25]", {133, 180}: "[]",
		{60, 131}: "[]"} {
		f, err := parseForecast(fmt.Appendf(nil,
			`{"source":"emc","region":"120111","issued_at":"2016-12-16T16:00:00+08:00","days":[{"date":"2016-12-17","aqi_low":%d,"aqi_high":%d,"pm25":100}]}`, bounds[0], bounds[1]))
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(f.Days[0].Primary); got != want {
			t.Errorf("%v: %s, want %s", bounds, got, want)
		}
	}
}

// A region's hour has the published indices of the stations whose PM2.5 makes its concentrations; where none has any,
// of those that were withheld.
func TestRegionalHoursKeepThePublishedIndex(t *testing.T) {
	at := clockAt("2024-01-10T08:00")
	with := func(index int, h Hour) Hour { h.AQI = &index; return h }
	so2 := aqi.Whole(20)
	blank := Hour{At: at, Measured: Measured{SO2: &so2}}
	for _, c := range []struct {
		name string
		row  observedHour
		want int
	}{
		{"PM2.5 before others", observedHour{"a": with(350, pm(at, 100)), "b": with(361, pm(at, 100)), "c": with(500, blank),
			"d": with(60, Hour{At: at})}, 356},
		{"all withheld", observedHour{"a": with(500, blank), "b": with(499, blank), "d": with(60, Hour{At: at})}, 500},
		{"indices alone", observedHour{"a": with(60, Hour{At: at}), "b": with(61, Hour{At: at})}, 61},
	} {
		if got := regionOf(map[time.Time]observedHour{at: c.row})[0].AQI; got == nil || *got != c.want {
			t.Errorf("%s: %v, want %d", c.name, got, c.want)
		}
	}
}
