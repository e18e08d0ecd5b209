package alerts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var plain = EvaluateOptions{MergeGapH: 36}

// Tianjin, December 2016, AQI as published. By hand, with strict comparisons:
//
//	date   12 13 14 15 16 | 17  18  19  20  21 | 22 23
//	AQI             79 155 | 238 340 293 292 313 | 134 65
//
//	>150: 16–21, 6 days = 144 h: yellow (48 h) and orange (72 h) by this clause, 155 to 340
//	>200: 17–21, 5 days = 120 h: yellow (24 h) and orange (48 h), 238 to 340
//	>300: 18 and 21, one day each; either makes 24 h inside the >200 run of 120 h >= 72 h: red
//
// Red is the highest, so the episode is the run that makes red: 12-17 00:00 to 12-21 24:00.
func TestTianjinDecember2016IsRedFrom17To21(t *testing.T) {
	ev := Evaluate(byDay(days("2016-12-15", 79, 155, 238, 340, 293, 292, 313, 134, 65)...), National2024(), plain)
	if ev.Level != Red || len(ev.Episodes) != 1 {
		t.Fatalf("level %s, %d episodes; want red, 1", ev.Level, len(ev.Episodes))
	}
	ep := ev.Episodes[0]
	if got := spell(ep.From, ep.To); ep.Level != Red || got != "2016-12-17..2016-12-21" {
		t.Errorf("%s %s, want red 2016-12-17..2016-12-21", ep.Level, got)
	}
	want := []string{
		"yellow >200 24h: 2016-12-17..2016-12-21 238-340",
		"yellow >150 48h: 2016-12-16..2016-12-21 155-340",
		"orange >200 48h: 2016-12-17..2016-12-21 238-340",
		"orange >150 72h: 2016-12-16..2016-12-21 155-340",
		"red >200 72h and >300 24h: 2016-12-17..2016-12-21 238-340",
	}
	if got := clauseLines(ep); !reflect.DeepEqual(got, want) {
		t.Errorf("clauses:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func spell(from, to time.Time) string {
	return fmt.Sprintf("%s..%s", DateOf(from), DateOf(to.Add(-time.Millisecond)))
}

func clauseLines(ep Episode) []string {
	var out []string
	for _, c := range ep.Clauses {
		s := fmt.Sprintf("%s %s:", c.Level, c.Clause)
		for _, w := range c.Windows {
			s += fmt.Sprintf(" %s %d-%d", spell(w.From, w.To), w.AQIMin, w.AQIMax)
		}
		if c.Met != (len(c.Windows) > 0) {
			s += fmt.Sprintf(" but met is %v", c.Met)
		}
		out = append(out, s)
	}
	return out
}

// One row per boundary of the three levels, of merging and of broken runs. Series begin on 2024-01-01.
func TestEvaluateLevels(t *testing.T) {
	for _, c := range []struct {
		name string
		aqi  []int
		want string // level first..last, per episode
	}{
		{"nothing", nil, ""},
		{"200 is not above 200", []int{200}, ""},
		{"201 for a day", []int{201}, "yellow 1..1"},
		{"151 for one day", []int{151}, ""},
		{"151 for two", []int{151, 151}, "yellow 1..2"},
		{"150 breaks it", []int{151, 150, 151}, ""},
		{"201 for two days", []int{201, 201}, "orange 1..2"},
		{"151 for three", []int{151, 151, 151}, "orange 1..3"},
		{"201 for three, none above 300", []int{201, 201, 300}, "orange 1..3"},
		{"201 for three, one of 301", []int{201, 301, 201}, "red 1..3"},
		{"301 beside the run, not in it", []int{301, 150, 201, 201, 201}, "orange 3..5"},
		{"two above 200 and 301, too short for red", []int{301, 301}, "orange 1..2"},
		{"the episode is where its own level is met", []int{160, 160, 210, 210, 160}, "orange 1..5"},
		{"a gap of one day is under 36 h", []int{201, 100, 201}, "yellow 1..3"},
		{"a gap of two days is not", []int{201, 100, 100, 201}, "yellow 1..1, yellow 4..4"},
		{"an unknown day breaks a run", []int{151, -1, 151}, ""},
		{"merged, but only the higher part has the level", []int{301, 301, 301, 100, 201}, "red 1..3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, ep := range Evaluate(byDay(days("2024-01-01", c.aqi...)...), National2024(), plain).Episodes {
				got = append(got, fmt.Sprintf("%s %d..%d", ep.Level, ep.From.Day(), ep.To.Add(-1).Day()))
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got %q, want %q", s, c.want)
			}
		})
	}
}

func TestWhichDaysCount(t *testing.T) {
	for _, c := range []struct {
		day     DayAQI
		counted bool
		why     string
	}{
		{DayAQI{AQI: ptr(210)}, true, "bare_aqi"},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm25"}}, true, ""},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm10", "pm25"}}, true, ""},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm10"}}, false, "other_primary"},
		{DayAQI{AQI: ptr(210), Primary: []string{"o3_8h"}}, false, "ozone"},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm25"}, Cause: Dust}, false, "dust"},
		{DayAQI{AQI: ptr(210), Cause: LocalDust}, false, "local_dust"},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm25"}, Cause: Wildfire}, false, "wildfire"},
		{DayAQI{AQI: ptr(210), Primary: []string{"pm25"}, Cause: CrossBorder}, false, "cross_border"},
		{DayAQI{AQI: ptr(210), Cause: Ozone}, false, "ozone"},
		{DayAQI{Primary: []string{"pm25"}}, false, "unknown"},
	} {
		c.day.Date = "2024-01-01"
		ev := Evaluate(byDay(c.day), National2024(), plain)
		if got := ev.Days[0]; got.Counted != c.counted || got.Why != c.why {
			t.Errorf("%+v: counted %v why %q, want %v %q", c.day, got.Counted, got.Why, c.counted, c.why)
		}
		if want := c.counted; (ev.Level == Yellow) != want {
			t.Errorf("%+v: level %s", c.day, ev.Level)
		}
	}
}

func TestMissingDaysAreReportedAsUnknown(t *testing.T) {
	series := append(days("2024-01-01", 201), days("2024-01-04", 201)...)
	var got []string
	for _, d := range Evaluate(byDay(series...), National2024(), plain).Days {
		got = append(got, string(d.Date)+" "+d.Why)
	}
	want := []string{"2024-01-01 bare_aqi", "2024-01-02 unknown", "2024-01-03 unknown", "2024-01-04 bare_aqi"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// The worse part of a run may lie in pieces unless the settings ask for a consecutive one.
func TestWorsePartOfARun(t *testing.T) {
	c := Criteria{Name: "test", Levels: []LevelRule{{Red,
		[]Clause{{Over: 200, Hours: 96, Within: &Peak{Over: 300, Hours: 48}}}}}}
	for _, tc := range []struct {
		aqi         []int
		pieces, one Level
	}{
		{[]int{301, 201, 201, 301}, Red, None},
		{[]int{201, 301, 301, 201}, Red, Red},
		{[]int{201, 301, 201, 201}, None, None},
	} {
		series := days("2016-12-01", tc.aqi...)
		if got := Evaluate(byDay(series...), c, EvaluateOptions{}).Level; got != tc.pieces {
			t.Errorf("%v in pieces: %s, want %s", tc.aqi, got, tc.pieces)
		}
		if got := Evaluate(byDay(series...), c, EvaluateOptions{Over300Consecutive: true}).Level; got != tc.one {
			t.Errorf("%v consecutive: %s, want %s", tc.aqi, got, tc.one)
		}
	}
}

// An evaluation prints as the contract has it.
func TestEvaluationJSON(t *testing.T) {
	got, err := json.Marshal(Evaluate(byDay(days("2024-01-01", 201)...),
		Criteria{Name: "c", Levels: []LevelRule{{Yellow, []Clause{{Over: 200, Hours: 24}}}}}, plain))
	if err != nil {
		t.Fatal(err)
	}
	clauses := `"clauses":[{"level":"yellow","clause":"\u003e200 24h","met":true,"longest_h":24,"windows":[{"from":"2024-01-01T00:00:00+08:00","to":"2024-01-02T00:00:00+08:00","aqi_min":201,"aqi_max":201}]}]`
	want := `{"criteria":"c","level":"yellow","episodes":[{"from":"2024-01-01T00:00:00+08:00","to":"2024-01-02T00:00:00+08:00","level":"yellow",` +
		clauses + `}],` + clauses + `,"days":[{"date":"2024-01-01","aqi":201,"counted":true,"why":""}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// hour of the slow model: its AQI, or -1 when it does not count.
type hour int

// slowLevel works out the level hour by hour, looking at every stretch of hours there is.
func slowLevel(hours []hour) Level {
	holds := func(over hour, n int, also func(from, to int) bool) bool {
		for from := range hours {
			for to := from; to < len(hours) && hours[to] > over; to++ {
				if to-from+1 >= n && also(from, to) {
					return true
				}
			}
		}
		return false
	}
	any := func(int, int) bool { return true }
	day301 := func(from, to int) bool {
		n := 0
		for _, h := range hours[from : to+1] {
			if h > 300 {
				n++
			}
		}
		return n >= 24
	}
	switch {
	case holds(200, 72, day301):
		return Red
	case holds(200, 48, any) || holds(150, 72, any):
		return Orange
	case holds(200, 24, any) || holds(150, 48, any):
		return Yellow
	}
	return None
}

func TestEvaluateAgreesWithAListOfHours(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 9).Draw(t, "days")
		var series []DayAQI
		var hours []hour
		for i := range n {
			d := DayAQI{Date: Date("2024-02-25").AddDays(i)}
			aqi := rapid.SampledFrom([]int{-1, 100, 150, 151, 200, 201, 300, 301}).Draw(t, "aqi")
			counts := aqi >= 0
			if counts {
				d.AQI = ptr(aqi)
				switch rapid.IntRange(0, 7).Draw(t, "kind") {
				case 0:
					d.Primary, counts = []string{"o3_8h"}, false
				case 1:
					d.Cause, counts = Dust, false
				case 2:
					d.Primary = []string{"pm25", "pm10"}
				}
			}
			if !counts {
				aqi = -1
			}
			for range 24 {
				hours = append(hours, hour(aqi))
			}
			series = append(series, d)
		}
		ev := Evaluate(byDay(series...), National2024(), plain)
		if want := slowLevel(hours); ev.Level != want {
			t.Fatalf("level %s, hour by hour %s", ev.Level, want)
		}
		first := series[0].Date.Start()
		index := func(at time.Time) int { return int(at.Sub(first).Hours()) }
		var lastTo time.Time
		for _, ep := range ev.Episodes {
			if got := slowLevel(hours[index(ep.From):index(ep.To)]); got != ep.Level {
				t.Fatalf("episode %s is %s, hour by hour %s", spell(ep.From, ep.To), ep.Level, got)
			}
			whole := ep.whole()
			if !lastTo.IsZero() && whole.From.Sub(lastTo) < 36*time.Hour {
				t.Fatalf("episodes %v apart were not merged", whole.From.Sub(lastTo))
			}
			lastTo = whole.To
			for i := range hours {
				hours[i] = blank(hours[i], i >= index(whole.From) && i < index(whole.To))
			}
		}
		if left := slowLevel(hours); left != None {
			t.Fatalf("outside all episodes there is still %s", left)
		}
	})
}

func blank(h hour, yes bool) hour {
	if yes {
		return -1
	}
	return h
}

// The file that is shipped and the default that is compiled in are the same rule.
func TestSeedOfNational2024(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "seeds", "criteria", "national-2024.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseCriteria(raw)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, National2024()) {
		t.Errorf("the file gives\n%+v\nand the default is\n%+v", got, National2024())
	}
}

func TestParseCriteriaRefuses(t *testing.T) {
	for _, c := range []struct{ name, change, to, path, rule string }{
		{"unknown member", `"name"`, `"nam"`, "nam", "input.unknown_field"},
		{"unknown level", `"yellow"`, `"blue"`, "levels[0].level", "level.unknown"},
		{"none", `"yellow"`, `"none"`, "levels[0].level", "level.unknown"},
		{"wrong order", `"yellow"`, `"red"`, "levels[1].level", "criteria.level_order"},
		{"hours", `"hours": 48`, `"hours": 36`, "levels[0].any_of[1].hours", "criteria.hours"},
		{"peak", `"over": 300`, `"over": 200`, "levels[2].any_of[0].within.over", "criteria.within_not_higher"},
		{"cause", `"wildfire"`, `"fireworks"`, "counts.except_causes[2]", "cause.unknown"},
		{"pollutant", `"pm25"`, `"PM2.5"`, "counts.primary", "pollutant.unknown"},
		{"date", `"2023-12-01"`, `"2023-13-01"`, "valid_from", "day.date_wrong"},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("..", "seeds", "criteria", "national-2024.json"))
			if err != nil {
				t.Fatal(err)
			}
			_, err = ParseCriteria([]byte(strings.Replace(string(raw), c.change, c.to, 1)))
			if got := ruleAt(err, c.path); got != c.rule {
				t.Errorf("rule %q, want %q", got, c.rule)
			}
		})
	}
}
