package alerts

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

const goodForecast = `{"source":"tianjin-emc","region":"120111","issued_at":"2016-12-16T09:00:00Z","drill":false,"days":[
	{"date":"2016-12-18","aqi_low":300,"aqi_high":350,"primary":["PM2.5","O3-8h"],"cause":""},
	{"date":"2016-12-17","aqi_low":230,"aqi_high":280,"primary":["pm25"],"cause":"cross-border"}]}`

func TestParseForecast(t *testing.T) {
	f, err := parseForecast([]byte(goodForecast))
	if err != nil {
		t.Fatal(err)
	}
	want := Forecast{Source: "tianjin-emc", Region: "120111", IssuedAt: clockAt("2016-12-16T17:00"), Days: []ForecastDay{
		{Date: "2016-12-17", AQILow: 230, AQIHigh: 280, Primary: []string{"pm25"}, Cause: CrossBorder},
		{Date: "2016-12-18", AQILow: 300, AQIHigh: 350, Primary: []string{"pm25", "o3_8h"}},
	}}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got %+v\nwant %+v", f, want)
	}
}

func TestParseForecastRefuses(t *testing.T) {
	for _, c := range []struct {
		name, change, to string
		code             refusal.Code
		path, rule       string
	}{
		{"broken JSON", `"days"`, `"days`, refusal.Invalid, "", "input.not_json"},
		{"unknown member", `"drill"`, `"dril"`, refusal.UnknownField, "dril", "input.unknown_field"},
		{"unknown member of a day", `"aqi_high":280`, `"aqi_hi":280`, refusal.UnknownField, "days[1].aqi_hi",
			"input.unknown_field"},
		{"not a number", `280`, `true`, refusal.Invalid, "days[1].aqi_high", "input.wrong_type"},
		{"not an index", `280`, `"many"`, refusal.Invalid, "days[1].aqi_high", "day.aqi_wrong"},
		{"date twice", `2016-12-17`, `2016-12-18`, refusal.Invalid, "days[1].date", "day.twice"},
		{"no such date", `2016-12-17`, `2016-02-30`, refusal.Invalid, "days[1].date", "day.date_wrong"},
		{"range upside down", `"aqi_high":280`, `"aqi_high":229`, refusal.Invalid, "days[1].aqi_high",
			"day.range_upside_down"},
		{"AQI above 500", `"aqi_high":280`, `"aqi_high":501`, refusal.Invalid, "days[1].aqi_high", "day.aqi_range"},
		{"AQI below 0", `"aqi_low":230`, `"aqi_low":-1`, refusal.Invalid, "days[1].aqi_low", "day.aqi_range"},
		{"AQI left out", `"aqi_low":230,`, ``, refusal.Invalid, "days[1].aqi_low", "input.required"},
		{"no days", goodForecast[strings.Index(goodForecast, "[\n"):], `[]}`, refusal.Invalid, "days", "days.none"},
		{"no issued_at", `"issued_at":"2016-12-16T09:00:00Z",`, ``, refusal.Invalid, "issued_at", "input.required"},
		{"issued_at without time", `T09:00:00Z`, ``, refusal.Invalid, "issued_at", "input.time"},
		{"source that is two subject tokens", `tianjin-emc`, `tianjin.emc`, refusal.Invalid, "source", "source.wrong"},
		{"region", `"120111"`, `"12011"`, refusal.Invalid, "region", "region.wrong"},
		{"pollutant", `"O3-8h"`, `"PM1"`, refusal.Invalid, "days[0].primary[1]", "pollutant.unknown"},
		{"cause", `cross-border`, `fireworks`, refusal.Invalid, "days[1].cause", "cause.unknown"},
		{"negative concentration", `"aqi_low":230,"aqi_high":280`, `"pm25":-1`, refusal.Invalid, "days[1].pm25",
			"aqi.negative"},
		{"concentration without end", `"aqi_low":230,"aqi_high":280`, `"pm25":1e9`, refusal.Invalid, "days[1].pm25",
			"aqi.not_a_number"},
		{"index and range", `"aqi_low":230`, `"aqi":240,"aqi_low":230`, refusal.Invalid, "days[1].aqi", "day.aqi_and_range"},
		{"half an hour", `"days"`, `"hours":[{"at":"2016-12-17T08:30:00+08:00","aqi":1}],"days"`, refusal.Invalid,
			"hours[0].at", "hour.not_full"},
		{"hour twice", `"days"`, `"hours":[{"at":"2016-12-17T08:00:00+08:00","aqi":1},{"at":"2016-12-17T00:00:00Z","aqi":2}],"days"`, refusal.Invalid, "hours[1].at", "day.twice"},
		{"hour of nothing", `"days"`, `"hours":[{"at":"2016-12-17T08:00:00+08:00"}],"days"`, refusal.Invalid, "hours[0]",
			"hour.empty"},
		{"hour with an 8-hour mean", `"days"`, `"hours":[{"at":"2016-12-17T08:00:00+08:00","o3_8h":100}],"days"`,
			refusal.Invalid, "hours[0].o3_8h", "hour.ozone_8h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseForecast([]byte(strings.Replace(goodForecast, c.change, c.to, 1)))
			if got := ruleAt(err, c.path); refusal.CodeOf(err) != c.code || got != c.rule {
				t.Errorf("%s %q, want %s %q", refusal.CodeOf(err), got, c.code, c.rule)
			}
		})
	}
}

func TestParseObservation(t *testing.T) {
	const good = `{"station":"1015A","region":"120111","days":[{"date":"2016-12-17","aqi":238,"primary":["pm25"],"cause":""}]}`
	o, err := parseObservation([]byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if want := observed("2016-12-17", 238); !reflect.DeepEqual(o, want) {
		t.Errorf("got %+v\nwant %+v", o, want)
	}
	for _, c := range []struct{ change, to, path, rule string }{
		{`"aqi":238,`, ``, "days[0].aqi", "input.required"},
		{`"aqi":238`, `"aqi_high":188`, "days[0].aqi_high", "day.range_measured"},
		{`1015A`, `a.b`, "station", "station.wrong"},
		{`"aqi"`, `"pm25_iaqi"`, "days[0].pm25_iaqi", "input.unknown_field"},
	} {
		_, err := parseObservation([]byte(strings.Replace(good, c.change, c.to, 1)))
		if got := ruleAt(err, c.path); got != c.rule {
			t.Errorf("%s for %s: rule %q, want %q", c.to, c.change, got, c.rule)
		}
	}
}

// Where there are concentrations the index and the primary pollutants are those of the day's standard: 75 µg/m³ of
// PM2.5 made 100 in 2016 and make 114 since March 2026. A range that is given stays.
func TestParseDaysByConcentration(t *testing.T) {
	f, err := parseForecast([]byte(`{"source":"emc","region":"120111","issued_at":"2026-02-01T17:00:00+08:00","days":[
		{"date":"2016-12-17","pm25":75,"pm10":60,"o3":40},
		{"date":"2026-03-01","pm25":75,"pm10":60,"so2":5,"no2":30,"co":0.8,"o3_8h":40},
		{"date":"2026-03-02","aqi_low":90,"aqi_high":130,"pm25":75}],
		"hours":[{"at":"2026-03-03T08:00:00+08:00","pm25":80.5,"o3":12},{"at":"2026-03-03T07:00:00+08:00","aqi":120}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range f.Days {
		got = append(got, fmt.Sprint(d.Date, " ", d.AQILow, "-", d.AQIHigh, " ", d.Primary))
	}
	for _, h := range f.Hours {
		got = append(got, fmt.Sprint(h.At.Hour(), " ", h.AQI == nil, " ", h.Values()))
	}
	want := []string{"2016-12-17 100-100 [pm25]", "2026-03-01 114-114 [pm25]", "2026-03-02 90-130 [pm25]",
		"7 false map[]", "8 true map[o3_1h:12 pm25:80.5]"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestLevelsAreOrdered(t *testing.T) {
	order := append([]Level{None}, Levels()...)
	for i, a := range order {
		for k, b := range order {
			if a.Above(b) != (i > k) {
				t.Errorf("%s above %s: %v", a, b, a.Above(b))
			}
		}
	}
}

func TestEveryReasonOfADayHasWords(t *testing.T) {
	reasons := []string{whyUnknown, whyBareAQI, whyOzone, whyPrimary, whyMismatch, whyDustSuspect, whyOld, whyFar}
	for _, c := range causes[1:] {
		reasons = append(reasons, string(c))
	}
	for _, why := range reasons {
		if !refusal.Known("why." + why) {
			t.Errorf("no words for %s", why)
		}
	}
}

// Whatever is accepted stays the same when it is written and read again, and whatever is refused is a refusal.
func FuzzParseForecast(f *testing.F) {
	f.Add([]byte(goodForecast))
	f.Add([]byte(`{"days":[{"date":"2016-12-17"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := parseForecast(data)
		if err != nil {
			if refusal.CodeOf(err) == "" {
				t.Fatalf("not a refusal: %v", err)
			}
			return
		}
		raw, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		again, err := parseForecast(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if !sameJSON(got, again) {
			t.Fatalf("read again as %+v, was %+v", again, got)
		}
	})
}

func FuzzParseObservation(f *testing.F) {
	f.Add([]byte(`{"station":"1015A","region":"120111","days":[{"date":"2016-12-17","aqi":238,"primary":["pm25"],"cause":""}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := parseObservation(data); err != nil && refusal.CodeOf(err) == "" {
			t.Fatalf("not a refusal: %v", err)
		}
	})
}

// parseForecast reads a forecast with the zero [Reader].
func parseForecast(data []byte) (Forecast, error) {
	f, _, err := Reader{}.Forecast(data)
	return f, err
}

// parseObservation reads what was measured with the zero [Reader].
func parseObservation(data []byte) (Observation, error) {
	o, _, err := Reader{}.Observation(data)
	return o, err
}
