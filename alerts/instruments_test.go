package alerts

import (
	"fmt"
	"testing"
	"time"

	"qingkong/alerts/aqi"
)

// reading is an hour of one station as text: "pm25=264 pm10=300 aqi=320"; SO2 changes by the hour unless it is given.
func reading(at time.Time, text string) Hour {
	h := Hour{At: at}
	so2 := aqi.Whole(10 + at.Hour())
	h.SO2 = &so2
	var name, value string
	for rest := text; rest != ""; {
		var pair string
		pair, rest, _ = cut(rest, ' ')
		name, value, _ = cut(pair, '=')
		if name == "aqi" {
			var index int
			if _, err := fmt.Sscan(value, &index); err != nil {
				panic(err)
			}
			h.AQI = &index
			continue
		}
		h.set(name, mustConcentration(value))
	}
	return h
}

func cut(s string, sep byte) (before, after string, found bool) {
	for i := range len(s) {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// stationHours are n hours before now of a station, each as of says; an empty text is an hour that is missing.
func stationHours(name string, now time.Time, n int, of func(i int) string) Observation {
	o := Observation{Station: name, Region: district, Days: []Day{}}
	for i := range n {
		if text := of(i); text != "" {
			o.Hours = append(o.Hours, reading(now.Add(time.Duration(i-n)*time.Hour), text))
		}
	}
	return o
}

// always is the same reading in every hour.
func always(text string) func(int) string { return func(int) string { return text } }

// around is a PM2.5 near a value, which changes by the hour, and more in the hours that are named.
func around(pm25 int, odd map[int]string) func(int) string {
	return func(i int) string {
		if text, named := odd[i]; named {
			return text
		}
		return fmt.Sprintf("pm25=%d pm10=%d", pm25+i%5, pm25+100+i%7)
	}
}

func without(every int, of func(int) string) func(int) string {
	return func(i int) string {
		if i%every == every-1 {
			return ""
		}
		return of(i)
	}
}

// What broken instruments say raises nothing and silences nothing. Each station has 60 hours until 17:00 on 2026-12-16;
// 160 µg/m³ of PM2.5 are an index of 210 (>200 for 48 h: orange), 40 are 57.
func TestBrokenInstrumentsNeitherRaiseNorSilence(t *testing.T) {
	const orange = "start orange 12-16T17 to further notice"
	good, bad := around(40, nil), around(160, nil)
	at := func(hours []int, text string) map[int]string {
		odd := map[int]string{}
		for _, i := range hours {
			odd[i] = text
		}
		return odd
	}
	for _, c := range []struct {
		name string
		of   map[string]func(int) string // by station
		want string
	}{
		{"clean air", map[string]func(int) string{"a": good}, "-"},
		{"bad air", map[string]func(int) string{"a": bad}, orange},
		{"one hour of 9999", map[string]func(int) string{"a": around(100, at([]int{40}, "pm25=9999 pm10=240"))}, "-"},
		{"9999 of PM10 in every other hour silences nothing", map[string]func(int) string{"a": func(i int) string {
			if i%2 == 0 {
				return bad(i)
			}
			return fmt.Sprintf("pm25=%d pm10=9999", 160+i%5)
		}}, orange},
		{"1501 of PM2.5", map[string]func(int) string{"a": around(40, at([]int{40, 44, 48}, "pm25=1501 pm10=2000"))}, "-"},
		{"1500 of PM2.5 is a value", map[string]func(int) string{"a": around(40,
			at([]int{40, 44, 48, 52}, "pm25=1500 pm10=1600"))}, "start yellow 12-16T17 to further notice"},
		{"a station constant at 985", map[string]func(int) string{"a": good, "b": always("pm25=985 pm10=1200")}, "-"},
		{"CO in µg/m³", map[string]func(int) string{"a": func(i int) string {
			return fmt.Sprintf("%s co=%d", bad(i), 1500+i)
		}}, orange},
		{"264 with every sixth hour missing", map[string]func(int) string{"a": without(6, always("pm25=264"))}, "-"},
		{"264 with every second hour missing", map[string]func(int) string{"a": without(2, always("pm25=264"))}, "-"},
		{"264 while PM10 changes", map[string]func(int) string{"a": func(i int) string { return fmt.Sprintf("pm25=264 pm10=%d", 300+i%7) }}, "-"},
		{"264 with an index beside it", map[string]func(int) string{"a": always("pm25=264 aqi=314")}, "-"},
		{"8 µg/m³ for 23 hours is clean air", map[string]func(int) string{"a": func(i int) string {
			if i < 24 || i > 46 {
				return bad(i)
			}
			return "pm25=8 pm10=9"
		}}, "-"},
		{"a frozen 8 hides nothing", map[string]func(int) string{"a": bad, "b": always("pm25=8 pm10=9")}, orange},
		{"999 in two pollutants", map[string]func(int) string{"a": around(40,
			at([]int{40, 44, 48, 52}, "pm25=999 pm10=999"))}, "-"},
		{"999 of PM2.5 in two hours", map[string]func(int) string{"a": around(40,
			at([]int{40, 41, 44, 45, 48, 49}, "pm25=999 pm10=1100"))}, "-"},
		{"999 of PM10 alone in a storm is a value", map[string]func(int) string{"a": around(160,
			at([]int{1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57}, "pm25=163.5 pm10=999"))}, "-"},
		{"so are 1000 of PM10 two hours running", map[string]func(int) string{"a": around(160,
			at([]int{1, 2, 9, 10, 17, 18, 25, 26, 33, 34, 41, 42, 49, 50, 57}, "pm25=163.5 pm10=1000"))}, "-"},
		{"999 of PM10 two hours running is none", map[string]func(int) string{"a": around(160,
			at([]int{1, 2, 9, 10, 17, 18, 25, 26, 33, 34, 41, 42, 49, 50}, "pm25=163.5 pm10=999"))}, orange},
		{"PM10 above 10000: the hours are unknown", map[string]func(int) string{"a": func(i int) string {
			if i < 30 {
				return bad(i)
			}
			return fmt.Sprintf("pm25=%d pm10=%d", 300+i, 12000+i)
		}}, "-"},
		{"PM10 above 10000 of one station leaves the others", map[string]func(int) string{"a": bad,
			"b": func(i int) string { return fmt.Sprintf("pm25=%d pm10=%d", 20+i%7, 12000+i) }}, orange},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.at("2026-12-16T17:00")
			var p *Proposal
			for _, name := range []string{"a", "b"} {
				if of := c.of[name]; of != nil {
					p = do(w, w.engine.DecideObservation, "feeder", stationHours(name, w.now, 60, of)).Proposal
				}
			}
			got := "-"
			if p != nil {
				got = p.line()
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			w.mustMatch()
		})
	}
}

// Two stations' values of a day are one day, the mean of both: the second does not take the first's place.
func TestDaysOfTwoStationsAreTheirMean(t *testing.T) {
	day := func(station string, pm25 ...int) Observation {
		o := Observation{Station: station, Region: district}
		for i, v := range pm25 {
			c := aqi.Whole(v)
			d := Day{Date: Date("2026-12-14").AddDays(i), Measured: Measured{PM25: &c}}
			d.AQI, d.Primary = resolve(d.Date, nil, nil, d.Values())
			o.Days = append(o.Days, d)
		}
		return o
	}
	for _, order := range [][]string{{"a", "b"}, {"b", "a"}} {
		w := newWorld(t, t.TempDir())
		w.at("2026-12-16T17:00")
		by := map[string]Observation{"a": day("a", 200, 200, 200), "b": day("b", 102, 102, 102)}
		var p *Proposal
		for _, name := range order {
			p = do(w, w.engine.DecideObservation, "feeder", by[name]).Proposal
		}
		// 151 is an index of 201; 102 alone would be 135.
		if p == nil || p.Level != Orange {
			t.Errorf("%v: %s, want orange", order, p.line())
		}
		w.mustMatch()
		w.close()
	}
}
