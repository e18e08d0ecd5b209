package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
)

// runAqi runs the command and returns its exit code and what it printed.
func runAqi(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = run(append([]string{"aqi"}, args...), &out, &errs)
	return code, out.String(), errs.String()
}

func TestAqiJSON(t *testing.T) {
	for _, c := range []struct{ name, args, want string }{
		{"the documented example", "--date 2016-12-20 pm25=302 pm10=356 so2=21 no2=97 co=4.5 o3=12",
			`{"aqi":352,"iaqi":{"co":103,"no2":109,"o3_8h":6,"pm10":209,"pm25":352,"so2":21},"primary":["pm25"],"class":"严重污染","standard":"HJ 633-2012"}`},
		{"names as people write them", "--date 2016-12-20 PM2.5=302 PM10=356 SO2=21 NO2=97 CO=4.5 O3-8h=12 O3_1h=12",
			`{"aqi":352,"iaqi":{"co":103,"no2":109,"o3_1h":4,"o3_8h":6,"pm10":209,"pm25":352,"so2":21},"primary":["pm25"],"class":"严重污染","standard":"HJ 633-2012"}`},
		{"the last day of 2012", "--date 2026-02-28 pm25=61 pm10=1 so2=1 no2=1 co=1 o3=1",
			`{"aqi":83,"iaqi":{"co":25,"no2":2,"o3_8h":1,"pm10":1,"pm25":83,"so2":1},"primary":["pm25"],"class":"良","standard":"HJ 633-2012","notes":[{"path":"pm25","rule":"note.pm25_above_pm10","message":"PM2.5（61 µg/m³）高于 PM10（1 µg/m³），两者必有一误；请核对。"}]}`},
		{"the first day of 2026", "--date 2026年3月1日 细颗粒物=61 PM10=61 so2=1 no2=1 co=1 o3=1",
			`{"aqi":101,"iaqi":{"co":25,"no2":2,"o3_8h":1,"pm10":58,"pm25":101,"so2":1},"primary":["pm25"],"class":"轻度污染","standard":"HJ 633-2026"}`},
		{"PM10 makes the index", "--date 2026-12-01 pm25=160 pm10=450",
			`{"aqi":338,"iaqi":{"pm10":338,"pm25":210},"primary":["pm10"],"class":"严重污染","standard":"HJ 633-2026","notes":[{"path":"pm25","rule":"note.pm25_alone","message":"AQI 338 的首要污染物是 PM10；单看 PM2.5 为 210。"}]}`},
		{"ozone beyond its table", "--date 2016-12-20 pm25=10 o3=801",
			`{"aqi":null,"iaqi":{"pm25":15},"primary":[],"class":null,"standard":"HJ 633-2012","missing":["pm10","so2","no2","co","o3_1h"],"notes":[{"path":"o3_8h","rule":"note.beyond_table","message":"O₃ 8小时 超出分指数表，标准改用的 1 小时（24 小时）值没有给出，AQI 无从得知。"}]}`},
		{"real-time, o3 is of the hour", "--hourly --date 2026-06-01 pm25=75 pm10=150 so2=500 no2=200 co=10 o3=200",
			`{"aqi":114,"iaqi":{"co":100,"no2":100,"o3_1h":100,"pm10":112,"pm25":114,"so2":100},"primary":["pm25"],"class":"轻度污染","standard":"HJ 633-2026"}`},
		{"real-time of 2012, ozone of 8 hours by its full name", "--hourly --date 2016-06-01 O3=100 o3_8h=160",
			`{"aqi":100,"iaqi":{"o3_1h":32,"o3_8h":100},"primary":["o3_8h"],"class":"良","standard":"HJ 633-2012"}`},
		{"a tie", "--date 2016-12-20 o3=160 co=4 pm25=75",
			`{"aqi":100,"iaqi":{"co":100,"o3_8h":100,"pm25":100},"primary":["pm25","co","o3_8h"],"class":"良","standard":"HJ 633-2012"}`},
		{"no primary at 50", "--date 2016-12-20 pm25=35",
			`{"aqi":50,"iaqi":{"pm25":50},"primary":[],"class":"优","standard":"HJ 633-2012"}`},
		{"missing in 2026, not above 100", "--date 2026-03-01 pm25=60 so2=1",
			`{"aqi":null,"iaqi":{"pm25":100,"so2":1},"primary":[],"class":null,"standard":"HJ 633-2026","missing":["pm10","no2","co","o3_8h"]}`},
		{"missing in 2026, above 100", "--date 2026-03-01 pm25=61 so2=1",
			`{"aqi":101,"iaqi":{"pm25":101,"so2":1},"primary":["pm25"],"class":"轻度污染","standard":"HJ 633-2026"}`},
		{"O3 1 h in a daily report of 2026", "--date 2026-03-01 pm25=61 o3_1h=300",
			`{"aqi":101,"iaqi":{"pm25":101},"primary":["pm25"],"class":"轻度污染","standard":"HJ 633-2026","ignored":["o3_1h"]}`},
		{"a value without a sub-index, alone", "--hourly --date 2016-12-20 so2=801",
			`{"aqi":null,"iaqi":{},"primary":[],"class":null,"standard":"HJ 633-2012","missing":["pm25","pm10","no2","co","o3_8h","o3_1h"],"notes":[{"path":"so2","rule":"note.beyond_table","message":"SO₂ 超出分指数表，标准改用的 1 小时（24 小时）值没有给出，AQI 无从得知。"}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, errs := runAqi(append(strings.Fields(c.args), "--json")...)
			if code != exitOK || errs != "" || out != c.want+"\n" {
				t.Errorf("exit %d, stderr %q\ngot  %swant %s", code, errs, out, c.want)
			}
		})
	}
}

func TestAqiForPeople(t *testing.T) {
	for _, c := range []struct {
		args string
		want []string
	}{
		{"--date 2016-12-20 pm25=302 pm10=356 so2=21 no2=97 co=4.5 o3=12", []string{
			"HJ 633-2012  2016-12-20  日报 / daily report", "pm25 302 µg/m³ 352", "pm10 356 µg/m³ 209", "so2 21 µg/m³ 21",
			"no2 97 µg/m³ 109",
			"co 4.5 mg/m³ 103", "o3_8h 12 µg/m³ 6", "AQI 352 严重污染 severely polluted", "首要污染物 primary: pm25",
			"缺测 / not measured: o3_1h"}},
		{"--hourly --date 2026-03-01 pm25=61 o3_8h=900", []string{
			"实时报", "o3_8h 900 µg/m³ — 不参与此报，已忽略", "AQI 101 轻度污染", "缺测 / not measured: pm10, so2, no2, co, o3_1h"}},
		{"--date 2026-03-01 pm25=60", []string{"pm25 60 µg/m³ 100", "AQI 不能给出", "HJ 633-2026 §5.3",
			"缺测 / not measured: pm10, so2, no2, co, o3_8h"}},
		{"--hourly --date 2016-12-20 so2=801", []string{"so2 801 µg/m³ — 超出该列上限", "AQI 不能给出", "没有任何污染物有分指数"}},
		{"--date 2016-12-20 pm25=35", []string{"AQI 50 优 excellent"}},
	} {
		code, out, errs := runAqi(strings.Fields(c.args)...)
		text := oneLine(out)
		for _, want := range c.want {
			if !strings.Contains(text, oneLine(want)) {
				t.Errorf("%s: no %q in\n%s", c.args, want, out)
			}
		}
		if code != exitOK || errs != "" {
			t.Errorf("%s: exit %d, stderr %q", c.args, code, errs)
		}
		if strings.Contains(text, "AQI 50 ") && strings.Contains(text, "首要") {
			t.Errorf("%s: a primary pollutant at 50:\n%s", c.args, out)
		}
	}
}

// Without a date it is today's edition. The clock is read before and after, in case midnight falls between.
func TestAqiDefaultsToToday(t *testing.T) {
	before := alerts.DateOf(time.Now())
	code, out, errs := runAqi("pm25=61")
	if after := alerts.DateOf(time.Now()); code != exitOK || !strings.Contains(out, string(before)) &&
		!strings.Contains(out, string(after)) {
		t.Errorf("exit %d, stderr %q, no %s in\n%s", code, errs, before, out)
	}
}

func TestAqiRefuses(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want []string // in the one line on stderr, in this order
	}{
		{[]string{"pm25=-3"}, exitFailed, []string{"pm25=-3: ", "是负数", "-3 is negative; check it"}},
		{[]string{"pm25=many"}, exitFailed, []string{"pm25=many: ", "“many” is not a number; write a plain decimal"}},
		{[]string{"pm25="}, exitFailed, []string{"pm25=: ", "is not a number"}},
		{[]string{"pm25=NaN"}, exitFailed, []string{"is not a number"}},
		{[]string{"pm25=3e2"}, exitFailed, []string{"is not a number"}},
		{[]string{"pm25=1000000"}, exitFailed, []string{"above 100000; check the value and its unit"}},
		{[]string{"pm1=3"}, exitFailed, []string{"pm1=3: ", "不认识污染物“pm1”", "there is no pollutant pm1; use one of pm25"}},
		{[]string{"=3"}, exitFailed, []string{"=3: ", "there is no pollutant"}},
		{[]string{"pm25=3", "co=1", "PM2.5=4"}, exitFailed,
			[]string{"PM2.5=4: ", "pm25 is given twice, as “pm25=3” and as “PM2.5=4”; keep one"}},
		{[]string{"o3=3", "o3_8h=4"}, exitFailed, []string{"o3_8h is given twice"}},
		{[]string{"--hourly", "o3=3", "o3_1h=4"}, exitFailed, []string{"o3_1h is given twice"}},
		{[]string{"--date", "2016-13-01", "pm25=3"}, exitFailed,
			[]string{"--date: ", "date 2016-13-01 is wrong; give a real day as YYYY-MM-DD"}},
		{[]string{"--date", "", "pm25=3"}, exitFailed, []string{"--date: "}},
		{[]string{"--date", "2016-13-01", "pm25=-3", "pm1=3"}, exitFailed, []string{"--date: ", "pm25=-3: ", "pm1=3: "}},
		{nil, exitUsage, []string{"no concentration is given", "see qingkong aqi --help"}},
		{[]string{"--hourly"}, exitUsage, []string{"no concentration is given"}},
		{[]string{"pm25"}, exitUsage, []string{`"pm25" is not of the form POLLUTANT=CONCENTRATION`,
			"see qingkong aqi --help"}},
		{[]string{"pm25=3", "4"}, exitUsage, []string{`"4" is not of the form`}},
		{[]string{"--daily", "pm25=3"}, exitUsage, []string{"--daily"}},
	} {
		code, out, line := runAqi(c.args...)
		if code != c.code || out != "" || !strings.HasPrefix(line, "error: ") || strings.Count(line, "\n") != 1 {
			t.Errorf("%v: exit %d, want %d; stdout %q, stderr %q", c.args, code, c.code, out, line)
		}
		rest := line
		for _, want := range c.want {
			_, after, found := strings.Cut(rest, want)
			if !found {
				t.Errorf("%v: no %q in its place in %q", c.args, want, line)
			}
			rest = after
		}
	}
}
