package alerts

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/alerts/aqi"
)

// seedCriteria reads one of the sets that are shipped.
func seedCriteria(t tb, name string) Criteria {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "seeds", "criteria", name+".json"))
	if err != nil {
		t.Fatalf("criteria: %v", err)
	}
	c, err := ParseCriteria(raw)
	if err != nil {
		t.Fatalf("criteria %s: %v", name, err)
	}
	return c
}

func threeSets(t tb) []Criteria {
	return []Criteria{seedCriteria(t, CriteriaNational2024), seedCriteria(t, CriteriaTianjin2018),
		seedCriteria(t, CriteriaNational2016)}
}

func bothWays() []EvaluateOptions {
	return []EvaluateOptions{{MergeGapH: 36, AQIMismatch: 10},
		{MergeGapH: 36, Over300Consecutive: true, AQIMismatch: 10, DustSuspect: DustExclude}}
}

// allWays are the settings under which series are compared: how long a gap joins two spells, and what a peak is.
func allWays() []EvaluateOptions { return append(bothWays(), EvaluateOptions{AQIMismatch: 49}) }

// agree compares the engine with the model.
func agree(t tb, s Series, c Criteria, opt EvaluateOptions) (got string) {
	t.Helper()
	got = told(Evaluate(s, c, opt))
	if want := newHourModel(s, c.Counts, opt).evaluate(c, opt); want != got {
		t.Fatalf("%s consecutive %v\n%s\nengine:\n%s\nmodel:\n%s", c.Name, opt.Over300Consecutive, seriesText(s), got, want)
	}
	return got
}

// seriesText writes a series short enough to be read in a failure.
func seriesText(s Series) string {
	var out strings.Builder
	last := ""
	for _, h := range s.Hours {
		v := ""
		if h.AQI != nil {
			v = fmt.Sprint(*h.AQI)
		}
		for _, p := range aqi.Pollutants() {
			if c, ok := h.Values[p]; ok {
				v += " " + p + "=" + c.String()
			}
		}
		v += " " + string(h.Cause)
		if h.Aside {
			v = "stuck"
		}
		if v != last {
			fmt.Fprintf(&out, "\n%s %s", h.At.Format("01-02T15"), v)
		} else {
			out.WriteByte('.')
		}
		last = v
	}
	for _, d := range s.Days {
		v := "unknown"
		if d.AQI != nil {
			v = fmt.Sprint(*d.AQI)
		}
		fmt.Fprintf(&out, "\n%s %s %v %s", d.Date, v, d.Primary, d.Cause)
	}
	return out.String()
}

// pick is a choice from 0 to n-1, by a random source or by rapid.
type pick func(n int) int

func oneOf[T any](p pick, values ...T) T { return values[p(len(values))] }

// genSeries makes hours in stretches of one kind and days beside them. Values lie at the edges of the clauses: PM2.5 of
// 115 is an index of 150, 150 is 200 and 250 is 300; a mean of 150.5 rounds to 150 and 151.5 to 152.
func genSeries(p pick) Series {
	var s Series
	start := oneOf(p, Date("2016-12-16"), Date("2024-02-27"), Date("2026-02-27")).Start()
	at := start.Add(time.Duration(oneOf(p, 0, 0, 1, 4, 5, 13, 23)) * time.Hour)
	kind := oneOf(p, "pm25", "pm25", "bare", "mixed", "days")
	if kind == "days" && p(2) == 0 {
		s.Days = genDays(p, DateOf(at), 1+p(7))
		return s
	}
	for range 1 + p(4) {
		n := oneOf(p, 1, 2, 3, 4, 5, 6, 12, 19, 20, 23, 24, 25, 28, 30, 47, 48, 49)
		if len(s.Hours) > 80 {
			break
		}
		at = genStretch(p, &s, at, n, kind)
	}
	if kind == "days" || p(6) == 0 {
		from := DateOf(at).AddDays(-oneOf(p, 0, 0, 1, 2, 4))
		s.Days = genDays(p, from, 1+p(5))
	}
	return s
}

// genStretch adds n hours alike: absent, stuck, or with values.
func genStretch(p pick, s *Series, at time.Time, n int, kind string) time.Time {
	form := p(8)
	switch {
	case form == 0 && n > 1: // a gap of 1 to 6 hours, or a long one
		if n > 12 && p(3) > 0 {
			n = 1 + p(6)
		}
		return at.Add(time.Duration(n) * time.Hour)
	case form == 1:
		n = min(n, 1+p(6))
	}
	h := HourAir{Cause: oneOf(p, "", "", "", "", "", "", Dust, CrossBorder, Ozone), Aside: form == 1}
	if kind == "bare" || kind == "mixed" && p(4) == 0 {
		h.AQI = ptr(oneOf(p, 0, 149, 150, 151, 151, 200, 201, 201, 300, 301, 301, 499, 500))
	} else {
		h.Values = aqi.Values{}
		if p(10) == 0 {
			h.AQI = ptr(oneOf(p, 500, 211, 210, 160, 60)) // beside concentrations, which go before it
		}
		set := func(pollutant aqi.Pollutant, values ...string) {
			h.Values[pollutant] = mustConcentration(oneOf(p, values...))
		}
		set(aqi.PM25, "0", "35", "115", "115.5", "116", "116", "150", "150.5", "150.500001", "151", "151", "250.5", "251",
			"251", "500")
		if kind == "mixed" {
			if p(8) == 0 {
				delete(h.Values, aqi.PM25)
			}
			if p(3) == 0 {
				set(aqi.O3H1, "100", "214.5", "216", "265", "266", "400")
			}
			if p(3) == 0 {
				set(aqi.PM10, "50", "250", "251", "351", "421", "600")
			}
			if p(4) == 0 {
				set(aqi.CO, "4.05", "24.05", "24.1", "1.25")
				set(aqi.NO2, "280", "281", "180.5")
			}
			if p(10) == 0 { // as in a dust storm
				h.Values, h.AQI = aqi.Values{}, ptr(oneOf(p, 500, 500, 499))
				if p(2) == 0 {
					set(aqi.O3H1, "20", "216")
				}
			}
			if len(h.Values) == 0 {
				set(aqi.SO2, "800", "801", "20")
			}
		}
	}
	for range n {
		one := h
		one.At = at
		s.Hours = append(s.Hours, one)
		at = at.Add(time.Hour)
	}
	return at
}

func genDays(p pick, from Date, n int) []DayAQI {
	var days []DayAQI
	for i := range n {
		if p(8) == 0 {
			continue // missing
		}
		d := DayAQI{Date: from.AddDays(i), Cause: oneOf(p, "", "", "", "", "", "", Dust, Wildfire)}
		if p(10) > 0 {
			d.AQI = ptr(oneOf(p, 100, 150, 151, 151, 200, 201, 201, 300, 301, 301, 499, 500))
			d.Primary = oneOf(p, nil, []string{"pm25"}, []string{"pm25"}, []string{"pm10", "pm25"}, []string{"pm10"},
				[]string{"o3_8h"})
			genBeside(p, &d)
		}
		days = append(days, d)
	}
	return days
}

// genBeside puts concentrations beside a day's index, which agree with it, nearly, or not; or those of other pollutants
// alone. PM2.5 of 115 is 150, 125 is 163 and 150 is 200 until 2026; some indices are the high end of a range.
func genBeside(p pick, d *DayAQI) {
	if p(3) > 0 {
		return
	}
	d.Values = aqi.Values{}
	for _, c := range []struct {
		pollutant aqi.Pollutant
		values    []string
	}{{aqi.PM25, []string{"35", "100", "115", "116", "117", "124", "141", "142", "143", "150", "250", "500"}},
		{aqi.PM10, []string{"50", "351", "450"}}, {aqi.NO2, []string{"30"}}} {
		if p(3) > 0 {
			d.Values[c.pollutant] = mustConcentration(oneOf(p, c.values...))
		}
	}
	if p(4) == 0 {
		d.AQI = ptr(500)
	}
	if p(3) == 0 {
		d.Low = ptr(max(0, *d.AQI-oneOf(p, 0, 10, 50, 100)))
	}
}

func TestEvaluateAgreesWithSlowModelOfHours(t *testing.T) {
	sets := threeSets(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := genSeries(func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "") })
		for _, c := range sets {
			for _, opt := range allWays() {
				agree(rt, s, c, opt)
			}
		}
	})
}

// Many small series, always the same ones: each under one of the three sets and one of the settings in turn. The
// counts say that the generator reaches every level.
func TestManySeriesAgreeWithSlowModelOfHours(t *testing.T) {
	const many = 20_004
	sets, options := threeSets(t), allWays()
	rnd := rand.New(rand.NewPCG(2016, 12))
	levels := map[Level]int{}
	for i := range many {
		s := genSeries(rnd.IntN)
		level, _, _ := strings.Cut(agree(t, s, sets[i%3], options[i/3%3]), "\n")
		levels[Level(level)]++
	}
	t.Logf("%d series: %v", many, levels)
	for _, l := range append(Levels(), None) {
		if levels[l] < many/100 {
			t.Errorf("only %d series of level %s", levels[l], l)
		}
	}
}

// Peaks in pieces that overlap count each hour once. PM2.5 is 250 for a day, then 274 and 226 in turn: every second
// mean is (23*250+274)/24 = 251, an index of 301, and those between are 250, which is 300. The twelve means that begin
// in hours 1, 3, ... 23 cover 1 to 47, which is 46 h and no red (>300 48 h), though twelve times 24 h would be plenty.
// With 298 in hour 48 the mean from 25 on is (6000-274+298)/24 = 251 as well: 1 to 49 are 48 h.
func TestPeaksThatOverlapCountOnce(t *testing.T) {
	c := seedCriteria(t, CriteriaNational2016)
	for _, tc := range []struct {
		hour48 string
		want   Level
	}{{"160", Orange}, {"298", Red}} {
		var s Series
		for i := range 24 * 5 {
			v := "160"
			switch {
			case i < 24:
				v = "250"
			case i < 48 && i%2 == 0:
				v = "274"
			case i < 48:
				v = "226"
			case i == 48:
				v = tc.hour48
			}
			s.Hours = append(s.Hours, HourAir{At: clockAt("2016-12-16T00:00").Add(time.Duration(i) * time.Hour),
				Values: aqi.Values{aqi.PM25: mustConcentration(v)}})
		}
		if ev := Evaluate(s, c, plain); ev.Level != tc.want {
			t.Errorf("hour 48 of %s: %s, want %s", tc.hour48, ev.Level, tc.want)
		}
		agree(t, s, c, plain)
	}
}
