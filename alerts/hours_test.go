package alerts

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// pm is an hour of one concentration of PM2.5 and one of SO2. Both change, so that nothing looks stuck: PM2.5 is a
// thousandth above in even hours and below in odd ones, so that the mean of 24 hours is the number itself.
func pm(at time.Time, pm25 int) Hour {
	v, so2 := aqi.Whole(pm25), aqi.Whole(10+at.Hour())
	switch {
	case pm25 > 0 && at.Hour()%2 == 0:
		v = mustConcentration(fmt.Sprintf("%d.001", pm25))
	case pm25 > 0:
		v = mustConcentration(fmt.Sprintf("%d.999", pm25-1))
	}
	return Hour{At: at, Measured: Measured{PM25: &v, SO2: &so2}}
}

// regionOf are a region's hours by the default settings, whatever pollutant counts.
func regionOf(observed map[time.Time]observedHour) []HourAir {
	hours, _ := DefaultSettings().regional(observed, time.Time{}, "")
	return hours
}

// hoursOf are hours from a time on, n of each value.
func hoursOf(from time.Time, n int, values ...int) (out []Hour) {
	for _, v := range values {
		for range n {
			out = append(out, pm(from.Add(time.Duration(len(out))*time.Hour), v))
		}
	}
	return out
}

// 2026, so 150 µg/m³ of PM2.5 are an index of 200 and 151 are 201. A day of 151 from noon on makes a window that no
// calendar day shows: by days it would be half of each.
func TestHoursMakeWindowsThatCrossMidnight(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-11-24T17:00")
	noon := clockAt("2026-11-25T12:00")
	f := Forecast{Source: "emc", Region: district, IssuedAt: w.now, Days: []ForecastDay{},
		Hours: append(append(hoursOf(noon.Add(-24*time.Hour), 24, 30), hoursOf(noon, 24, 151)...),
			hoursOf(noon.Add(24*time.Hour), 24, 30)...)}
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	if got, want := p.line(), "start yellow 11-25T12 to 11-26T12"; got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	if p.LeadH != 19 || !p.ShortNotice || p.ForecastID != "F20261124-01" {
		t.Errorf("lead %v h, short notice %v, of %s", p.LeadH, p.ShortNotice, p.ForecastID)
	}
	words := strings.Join(p.Trace.Words.ZH, "\n")
	for _, want := range []string{"黄色（Ⅲ级）：AQI>200 持续 24 小时——满足：2026-11-25 12:00 至 2026-11-26 12:00 共 24 小时，AQI 201–201",
		"少于要求的 24 小时", "橙色（Ⅱ级）：AQI>200 持续 48 小时——不满足：超过该值最长连续 24 小时"} {
		if !strings.Contains(words, want) {
			t.Errorf("the trace does not say %q:\n%s", want, words)
		}
	}
	// One hour better, and the mean of the 24 is 150.75, which rounds to 151 still; three, and it is 150.
	f.Hours[30] = pm(f.Hours[30].At, 145)
	w.now = w.now.Add(time.Hour)
	f.IssuedAt = w.now
	if p := do(w, w.engine.DecideForecast, "feeder", f).Proposal; p.line() != "start yellow 11-25T12 to 11-26T12" {
		t.Errorf("after one better hour: %s", p.line())
	}
	f.Hours[31], f.Hours[32] = pm(f.Hours[31].At, 140), pm(f.Hours[32].At, 140)
	w.now = w.now.Add(time.Hour)
	f.IssuedAt = w.now
	if p := do(w, w.engine.DecideForecast, "feeder", f).Proposal; p != nil {
		t.Errorf("after three better hours: %s", p.line())
	}
	if got, want := w.events(), "forecast.received proposal.raised forecast.received proposal.updated forecast.received proposal.withdrawn"; got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	w.mustMatch()
}

// What was measured goes on in what is forecast: 30 h of 160 behind us and 20 ahead make 50 h, which is orange.
func TestMeasuredAndForecastHoursAreOneSeries(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-11-24T17:00")
	begin := w.now.Add(-30 * time.Hour)
	o := Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hoursOf(begin, 30, 160)}
	if p := do(w, w.engine.DecideObservation, "feeder",
		o).Proposal; p.line() != "start yellow 11-24T17 to further notice" {
		t.Errorf("%s for what is measured alone", p.line())
	}
	f := Forecast{Source: "emc", Region: district, IssuedAt: w.now, Days: []ForecastDay{},
		Hours: append(hoursOf(w.now, 20, 160), hoursOf(w.now.Add(20*time.Hour), 24, 20)...)}
	p := do(w, w.engine.DecideForecast, "feeder", f).Proposal
	if p == nil || p.Level != Orange || !p.StartsAt.Equal(w.now) || p.LeadH != 0 {
		t.Fatalf("%s, want orange from now", p.line())
	}
	w.mustMatch()
}

// A warning may end when its hours are at most 150, by the daily table, for 36 h. Today is the 24th, 17:00; until 12:00
// PM2.5 is 150 (200), then 115 (150), and the forecast is 60 for 40 h.
//
//	hour  the first clean hour is 12:00, five hours ago, and the 36th ends with the 25th. 27 h of forecast reach its 20:00; its
//	      last four hours have no value and take the day's, which is known by 20 hours; with 26 h it is not
//	mean  a window with k hours of 150, five of 115 and 19-k of 60 is at most 115.5 (150) when 150k+575+1140-60k <= 2772, k <= 11:
//	      the first begins at 01:00 and ends at 01:00 on the 25th; 36 h later it is 13:00 on the 26th, 44 h from now
//	day   the 24th is (12*150+5*115+7*60)/24 = 116.5 -> 116 (152); the 25th and the 26th are clean as soon as 20 hours of the 26th
//	      are forecast, 51 h from now
func TestLiftByHours(t *testing.T) {
	for _, c := range []struct {
		step string
		n    int // hours of forecast
		want string
	}{
		{LiftAuto, 40, "lift none 11-24T17 to 11-24T17, from 11-24T12"},
		{LiftHour, 40, "lift none 11-24T17 to 11-24T17, from 11-24T12"},
		{LiftHour, 27, "lift none 11-24T17 to 11-24T17, from 11-24T12"},
		{LiftHour, 26, "-"},
		{LiftMean, 40, "-"},
		{LiftMean, 44, "lift none 11-25T01 to 11-25T01, from 11-25T01"},
		{LiftMean, 43, "-"},
		{LiftDay, 44, "-"},
		{LiftDay, 7 + 44, "lift none 11-25T00 to 11-25T00, from 11-25T00"}, // 20 hours of the 26th make it known
		{LiftDay, 7 + 43, "-"},
	} {
		t.Run(fmt.Sprint(c.step, c.n), func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.engine.LiftStep = c.step
			w.at("2026-11-24T17:00")
			in := declaration(Yellow)
			in.StartsAt = ptr(w.now.Add(-48 * time.Hour))
			do(w, w.engine.DecideDeclare, "duty", in)
			o := Observation{Station: "1015A", Region: district, Days: []Day{},
				Hours: append(hoursOf(w.now.Add(-48*time.Hour), 43, 150), hoursOf(w.now.Add(-5*time.Hour), 5, 115)...)}
			do(w, w.engine.DecideObservation, "feeder", o)
			f := Forecast{Source: "emc", Region: district, IssuedAt: w.now, Days: []ForecastDay{},
				Hours: hoursOf(w.now, c.n, 60)}
			if got := suggestedLine(do(w, w.engine.DecideForecast, "feeder", f).Proposal); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			w.mustMatch()
		})
	}
}

func TestReceptionTellsGapsRepeatsAndStuckInstruments(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-11-24T17:00")
	from := w.now.Add(-20 * time.Hour)
	hours := hoursOf(from, 12, 80)
	same := pm(from.Add(12*time.Hour), 80)
	for i := range 8 { // eight hours of the very same values: all of them are withdrawn
		h := same
		h.At = from.Add(time.Duration(12+i) * time.Hour)
		hours = append(hours, h)
	}
	hours = append(hours[:3], hours[5:]...) // two hours are missing
	o := Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hours}
	got := do(w, w.engine.DecideObservation, "feeder", o)
	want := Reception{New: 18, Gaps: []Period{{from.Add(3 * time.Hour), from.Add(5 * time.Hour)}},
		Stuck: []Period{{from.Add(12 * time.Hour), from.Add(20 * time.Hour)}}}
	if !reflect.DeepEqual(got.Reception, want) {
		t.Errorf("got  %+v\nwant %+v", got.Reception, want)
	}
	o.Hours = append(hours[16:], pm(w.now.Add(-21*time.Hour), 70)) // the last two again, one that is new
	if got := do(w, w.engine.DecideObservation, "feeder", o); got.New != 1 || got.Repeated != 2 {
		t.Errorf("again: %d new and %d repeated, want 1 and 2", got.New, got.Repeated)
	}
	w.events()
	if do(w, w.engine.DecideObservation, "feeder",
		Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hours[16:]}); w.events() != "" {
		t.Error("what was known made an event")
	}
	_, err := try(w, w.engine.DecideObservation, "feeder",
		Observation{Station: "1015A", Region: district, Hours: hoursOf(w.now.Add(2*time.Hour), 1, 50)})
	if ruleAt(err, "hours[0].at") != "observation.in_future" {
		t.Errorf("an hour to come: %v", err)
	}
	w.mustMatch()
}

// A region's hour is the mean of its stations; one whose instrument is stuck is left out of it.
func TestRegionalHoursAreMeansOfStations(t *testing.T) {
	at := clockAt("2026-11-24T08:00")
	observed := map[time.Time]observedHour{}
	for i := range 8 {
		t := at.Add(time.Duration(i) * time.Hour)
		stuck := pm(at, 300)
		stuck.At = t
		observed[t] = observedHour{"a": pm(t, 100), "b": pm(t, 151), "c": stuck}
	}
	hours := regionOf(observed)
	for i := range 8 { // of the first as well: the whole run is withdrawn
		if got, want := hours[i].Values[aqi.PM25].String(), []string{"125.501", "125.499"}[i%2]; got != want {
			t.Errorf("hour %d: PM2.5 %s, want %s", i, got, want)
		}
	}
}

// Forecasts of 12-17 by two sources and two leads, against the 238 that was measured.
func TestForecastSkill(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	e := w.engine
	say := func(source, issued string, low, high int) {
		f := Forecast{Source: source, Region: district, IssuedAt: clockAt(issued),
			Days: []ForecastDay{{Date: "2016-12-17", AQILow: low, AQIHigh: high, Primary: []string{}}}}
		w.at(issued)
		do(w, e.DecideForecast, "feeder", f)
	}
	say("emc", "2016-12-15T17:00", 100, 140) // two days ahead
	say("emc", "2016-12-16T08:00", 150, 190) // one day ahead, superseded in the evening
	say("emc", "2016-12-16T17:00", 220, 260)
	say("web", "2016-12-16T17:00", 300, 320)
	w.at("2016-12-18T12:00")
	do(w, e.DecideObservation, "feeder", observed("2016-12-17", 238))
	var got []Skill
	w.view(func(tx *bbolt.Tx) (err error) {
		got, err = DefaultSettings().ForecastSkill(tx, district, "2016-12-01", "2016-12-31")
		return err
	})
	want := []Skill{
		{Source: "emc", LeadDays: 1, N: 1, Within: 1, Bias: 2, MeanAbs: 2, Class: 1, Heavy: 1, Hits: 1},
		{Source: "emc", LeadDays: 2, N: 1, Bias: -118, MeanAbs: 118, Heavy: 1},
		{Source: "web", LeadDays: 1, N: 1, Bias: 72, MeanAbs: 72, Heavy: 1, Hits: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	w.view(func(tx *bbolt.Tx) error {
		if _, err := DefaultSettings().ForecastSkill(tx, district, "2016-12-31",
			"2016-12-01"); refusal.CodeOf(err) != refusal.Invalid {
			t.Errorf("a period upside down: %v", err)
		}
		return nil
	})
	w.mustMatch()
}

func TestSilenceIsRecordedOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	say := func(silent bool) string {
		do(w, w.engine.DecideSilence, "system", FeedSilence{Feed: "emc", Source: "tianjin-emc", Silent: silent, Since: w.now})
		return w.events()
	}
	for i, c := range []struct {
		silent bool
		want   string
	}{{false, ""}, {true, "feed.silence"}, {true, ""}, {false, "feed.silence"}, {false, ""}} {
		if got := say(c.silent); got != c.want {
			t.Errorf("step %d: %q, want %q", i, got, c.want)
		}
	}
	w.mustMatch()
}

// seedSets are the criteria that come with the program.
func seedSets(t testing.TB) []Criteria {
	t.Helper()
	sets, err := ReadCriteria(os.DirFS(filepath.Join("..", "seeds", "criteria")))
	if err != nil {
		t.Fatal(err)
	}
	return sets
}

func TestCriteriaByDate(t *testing.T) {
	sets := seedSets(t)
	if got := CriteriaNames(sets); !reflect.DeepEqual(got,
		[]string{"national-2016", "national-2024", "tianjin-2018", "tianjin-2023", "work-requirement"}) {
		t.Fatalf("the seeds are %v", got)
	}
	for _, c := range []struct {
		choice CriteriaChoice
		want   string // at 2016-12-16, 2018-11-30, 2018-12-01, 2023-11-30, 2023-12-01, 2026-11-24
	}{
		{CriteriaChoice{Use: ByDate, Tianjin2023: CriteriaNational2024},
			"national-2016 national-2016 tianjin-2018 tianjin-2018 national-2024 national-2024"},
		{CriteriaChoice{Use: ByDate, Tianjin2023: CriteriaTianjin2018},
			"national-2016 national-2016 tianjin-2018 tianjin-2018 tianjin-2018 tianjin-2018"},
		{CriteriaChoice{Use: ByDate, Tianjin2023: CriteriaTianjin2023},
			"national-2016 national-2016 tianjin-2018 tianjin-2018 tianjin-2023 tianjin-2023"},
		{CriteriaChoice{Use: CriteriaTianjin2023},
			"tianjin-2023 tianjin-2023 tianjin-2023 tianjin-2023 tianjin-2023 tianjin-2023"},
		{CriteriaChoice{Use: CriteriaTianjin2018},
			"tianjin-2018 tianjin-2018 tianjin-2018 tianjin-2018 tianjin-2018 tianjin-2018"},
	} {
		set, err := DefaultSettings().Choose(c.choice, sets)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range []Date{"2016-12-16", "2018-11-30", "2018-12-01", "2023-11-30", "2023-12-01", "2026-11-24"} {
			got = append(got, set.CriteriaOn(d).Name)
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%+v: %s, want %s", c.choice, s, c.want)
		}
	}
	if _, err := DefaultSettings().Choose(CriteriaChoice{Use: "national-2030"}, sets); ruleAt(err,
		"criteria.use") != "criteria.unknown" {
		t.Errorf("criteria there are not: %v", err)
	}
}

// What nobody has read takes the thresholds of the national rule and says that it was not seen, in its own terms and in
// a proposal's; one that a district puts in its place comes in by date when it is named, and not before.
func TestTianjin2023IsMarkedUnseenAndHasToBeNamed(t *testing.T) {
	sets := seedSets(t)
	i := slices.IndexFunc(sets, func(c Criteria) bool { return c.Name == CriteriaTianjin2023 })
	if i < 0 {
		t.Fatal("it is not there")
	}
	c := sets[i]
	if n := National2024(); !reflect.DeepEqual(c.Levels, n.Levels) || !reflect.DeepEqual(c.Counts, n.Counts) ||
		c.ValidFrom != n.ValidFrom {
		t.Errorf("its thresholds are not those of 2024: %+v", c)
	}
	if !c.Unseen || !strings.Contains(c.Title, "未见原文") || !strings.Contains(c.Document, "未见原文") {
		t.Errorf("it is not marked: %+v", c)
	}
	for _, other := range sets {
		if other.Unseen != (other.Name == CriteriaTianjin2023) {
			t.Errorf("%s: unseen %v", other.Name, other.Unseen)
		}
	}
	sets[i].Unseen, sets[i].ValidFrom = false, "2023-12-02" // read at last, by a file of the district's own
	for named, want := range map[string]string{CriteriaNational2024: CriteriaNational2024,
		CriteriaTianjin2023: CriteriaTianjin2023} {
		set, err := DefaultSettings().Choose(CriteriaChoice{Use: ByDate, Tianjin2023: named}, sets)
		if err != nil || set.CriteriaOn("2024-01-01").Name != want {
			t.Errorf("%s named: %s, %v", named, set.CriteriaOn("2024-01-01").Name, err)
		}
	}
}

// The tier below the levels is off unless it is asked for, and the criteria of 2016 keep their own (blue).
func TestWorkRequirementTier(t *testing.T) {
	sets := seedSets(t)
	series := byDay(days("2026-11-24", 101, 101, 90, 151)...)
	for on, want := range map[bool]string{false: "none", true: "advisory"} {
		set, err := DefaultSettings().Choose(CriteriaChoice{Use: ByDate, Tianjin2023: CriteriaNational2024,
			WorkRequirement: on}, sets)
		if err != nil {
			t.Fatal(err)
		}
		if got := Evaluate(series, set.CriteriaOn("2026-11-24"), plain).Level; string(got) != want {
			t.Errorf("tier %v: %s, want %s", on, got, want)
		}
		if n := len(set.CriteriaOn("2016-12-16").Levels); n != 4 {
			t.Errorf("the criteria of 2016 have %d levels, want their own 4", n)
		}
	}
}

// 江苏's wording lets a warning end below the yellow criteria: at 190 today, which at_most has to be over first.
func TestLiftBelowYellow(t *testing.T) {
	for rule, want := range map[string]string{LiftAtMostRule: "lift none 12-17T00 to 12-17T00",
		LiftBelowYellow: "lift none 12-16T17 to 12-16T17"} {
		w := newWorld(t, t.TempDir())
		w.engine.LiftRule = rule
		do(w, w.engine.DecideDeclare, "duty", declaration(Yellow))
		do(w, w.engine.DecideForecast, "feeder", forecast("2016-12-16T17:00", "2016-12-17", 90, 90, 90))
		p := do(w, w.engine.DecideObservation, "feeder", observed("2016-12-16", 190)).Proposal
		if got := p.line(); got != want {
			t.Errorf("%s: %s, want %s", rule, got, want)
		}
		w.close()
	}
}

// The causes that open no response give a health tip instead, and a plain day of ozone too.
func TestTipsInsteadOfAResponse(t *testing.T) {
	s := byDay(
		DayAQI{Date: "2026-05-01", AQI: ptr(260), Cause: Dust}, DayAQI{Date: "2026-05-02", AQI: ptr(230), Cause: Dust},
		DayAQI{Date: "2026-05-03", AQI: ptr(210), Primary: []string{O3H8}},
		DayAQI{Date: "2026-05-04", AQI: ptr(140), Primary: []string{O3H8}})
	ev := Evaluate(s, National2024(), plain)
	var got []string
	for _, tip := range ev.Tips {
		got = append(got, fmt.Sprint(spell(tip.From, tip.To), " ", tip.AQIMax, " ", tip.Reason))
	}
	if want := []string{"2026-05-01..2026-05-02 260 dust", "2026-05-03..2026-05-03 210 ozone"}; ev.Level != None ||
		!reflect.DeepEqual(got, want) {
		t.Errorf("%s, tips %q, want none and %q", ev.Level, got, want)
	}
	// The older criteria count every cause but these two.
	for _, c := range seedSets(t) {
		if c.Name != CriteriaTianjin2018 {
			continue
		}
		for _, d := range []struct {
			day  DayAQI
			want bool
		}{
			{DayAQI{AQI: ptr(210), Primary: []string{"pm10"}}, true}, {DayAQI{AQI: ptr(210), Cause: Wildfire}, true},
			{DayAQI{AQI: ptr(210)}, true},
			{DayAQI{AQI: ptr(210), Cause: LocalDust}, false}, {DayAQI{AQI: ptr(210), Primary: []string{O3H8}}, false},
			{DayAQI{AQI: ptr(210), Primary: []string{O3H8, PM25}}, true}, {DayAQI{AQI: ptr(210), Cause: Ozone}, false},
		} {
			d.day.Date = "2019-01-01"
			if got := Evaluate(byDay(d.day), c, plain).Days[0]; got.Counted != d.want {
				t.Errorf("%+v: counted %v (%s), want %v", d.day, got.Counted, got.Why, d.want)
			}
		}
	}
}

// A red warning stands, the air stays bad, and the PM2.5 instrument falls silent while others go on: that is no clean
// air, and no reason to lift or to lower the warning.
func TestMissingPM25IsNotCleanAir(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-11T17:00")
	in := declaration(Red)
	in.StartsAt = ptr(w.now.Add(-72 * time.Hour))
	declared := do(w, w.engine.DecideDeclare, "duty", in)
	do(w, w.engine.DecideApprove, "approver", Approve{declared.ID, declared.Revision})
	// The air is to clear in 30 h, more than a lift is proposed ahead.
	f := Forecast{Source: "emc", Region: district, IssuedAt: w.now, Days: []ForecastDay{},
		Hours: append(hoursOf(w.now, 30, 300), hoursOf(w.now.Add(30*time.Hour), 60, 30)...)}
	do(w, w.engine.DecideForecast, "feeder", f)
	for silent := 5; silent <= 30; silent++ {
		hours := hoursOf(w.now.Add(-96*time.Hour), 96, 300)
		for i := range silent {
			hours[len(hours)-1-i].PM25 = nil
		}
		p := do(w, w.engine.DecideObservation, "feeder",
			Observation{Station: "1015A", Region: district, Days: []Day{}, Hours: hours}).Proposal
		if p != nil {
			t.Fatalf("%d h without PM2.5: %s", silent, p.line())
		}
	}
	no2 := aqi.Whole(30)
	do(w, w.engine.DecideObservation, "feeder", Observation{Station: "1015A", Region: district, Hours: []Hour{},
		Days: []Day{{Date: "2026-12-11", AQI: ptr(18), Primary: []string{}, Measured: Measured{NO2: &no2}}}})
	if open := w.open(); len(open) != 0 {
		t.Errorf("a day of NO2 alone: %s", open[0].line())
	}
	o, err := parseObservation([]byte(`{"station":"a","region":"120111","days":[{"date":"2026-12-11","no2":30}]}`))
	if ruleAt(err, "days[0].aqi") != "input.required" {
		t.Errorf("a day of NO2 alone is taken as %+v (%v)", o.Days, err)
	}
	w.mustMatch()
}

// Hours measured until now and a daily forecast from tomorrow are one run, though no forecast speaks of the rest of
// today.
func TestMeasuredHoursGoOnInTheForecastOfTomorrow(t *testing.T) {
	var s Series
	from := clockAt("2026-11-23T08:00")
	for _, h := range hoursOf(from, 33, 130) { // until 17:00 on the 24th; an index of 172
		s.Hours = append(s.Hours, HourAir{At: h.At, Values: h.Values(), Source: SourceObservation})
	}
	s.Days = days("2026-11-25", 180)
	ev := Evaluate(s, National2024(), plain)
	// >150 from 08:00 on the 23rd to 24:00 on the 25th: 64 h, yellow and not yet orange.
	if got := clauseLines(Episode{Clauses: ev.Clauses})[1]; ev.Level != Yellow ||
		got != "yellow >150 48h: 2026-11-23..2026-11-25 172-180" {
		t.Errorf("%s, %s", ev.Level, got)
	}
	if got := ev.Clauses[1].LongestH; got != 64 {
		t.Errorf("%d h, want 64", got)
	}
}

// A forecast of dust raises no proposal; whoever sent it, and the officer's desk behind, hears of the health tip.
func TestAForecastOfDustIsAnsweredWithATip(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	f := forecast("2016-12-16T17:00", "2016-12-15", 260, 90, 310, 280)
	for i := range f.Days {
		f.Days[i].Cause = Dust
	}
	got := do(w, w.engine.DecideForecast, "feeder", f)
	want := []Tip{{From: clockAt("2016-12-17T00:00"), To: clockAt("2016-12-19T00:00"), AQIMax: 310, Reason: "dust"}}
	if got.Proposal != nil || !reflect.DeepEqual(got.Tips, want) {
		t.Errorf("%s, tips %+v, want none and %+v: what is over needs no tip", got.Proposal.line(), got.Tips, want)
	}
}
