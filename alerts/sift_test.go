package alerts

import (
	"fmt"
	"testing"
	"time"

	"qingkong/alerts/aqi"
)

// What becomes of an index that stands beside a value that is set aside.
func TestAnIndexBesideWhatIsSetAside(t *testing.T) {
	at := clockAt("2026-11-24T08:00")
	for _, c := range []struct {
		name  string
		hours []string // of which the last is looked at
		want  string
	}{
		{"alone", []string{"aqi=314"}, "314"},
		{"made of 9999", []string{"aqi=500 pm25=9999"}, "-"},
		{"not made of 9999", []string{"aqi=210 pm25=9999"}, "210"},
		{"more than what is set aside has", []string{"aqi=450 no2=999 o3_1h=999"}, "450"},
		{"CO in µg/m³, of an index without it", []string{"aqi=260 co=1500"}, "260"},
		{"CO in µg/m³, of an index with it", []string{"aqi=500 co=1500"}, "-"},
		{"made of a stuck particulate", []string{"aqi=314 pm25=264", "aqi=314 pm25=264", "aqi=314 pm25=264",
			"aqi=314 pm25=264", "aqi=314 pm25=264", "aqi=314 pm25=264"}, "-"},
		{"more than a stuck particulate", []string{"aqi=320 pm25=264", "aqi=320 pm25=264", "aqi=320 pm25=264",
			"aqi=320 pm25=264", "aqi=320 pm25=264", "aqi=320 pm25=264"}, "-"},
		{"five of the same", []string{"aqi=314 pm25=264", "aqi=314 pm25=264", "aqi=314 pm25=264", "aqi=314 pm25=264",
			"aqi=314 pm25=264"}, "314"},
		{"PM10 beyond what is possible", []string{"aqi=210 pm10=10001"}, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			observed := map[time.Time]observedHour{}
			for i, text := range c.hours {
				h := reading(at.Add(time.Duration(i)*time.Hour), text)
				h.SO2 = nil
				observed[h.At] = observedHour{"a": h}
			}
			hours, _ := DefaultSettings().regional(observed, at, aqi.PM25)
			got := "-"
			if last := hours[len(hours)-1]; last.AQI != nil {
				got = fmt.Sprint(*last.AQI)
			}
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// The edges of what is stuck: n equal values, by pollutant and size, and what is told of them.
func TestHowManyValuesAreStuck(t *testing.T) {
	for _, c := range []struct {
		pollutant, value string
		n                int
		off              bool // stuck_h: 0
		want             string
	}{
		{"pm25", "264", 5, false, ""}, {"pm25", "264", 6, false, "stuck"}, {"pm10", "300", 5, false, ""},
		{"pm10", "300", 6, false, "stuck"},
		{"pm25", "10", 23, false, ""}, {"pm25", "10", 24, false, "stuck"}, {"pm25", "10.1", 6, false, "stuck"},
		{"pm10", "0", 23, false, ""},
		{"no2", "40", 11, false, ""}, {"no2", "40", 12, false, "stuck"}, {"no2", "2", 12, false, "stuck"},
		{"o3_1h", "40", 23, false, ""}, {"o3_1h", "40", 24, false, "stuck"},
		{"so2", "4", 71, false, ""}, {"so2", "4", 72, false, "stuck"}, {"co", "0.4", 71, false, ""},
		{"co", "0.4", 72, false, "stuck"},
		{"pm25", "264", 47, false, "stuck"}, {"pm25", "264", 48, false, "unchanged"}, {"pm25", "8", 48, false, "unchanged"},
		{"pm25", "264", 47, true, ""}, {"pm10", "264", 48, true, "unchanged"}, {"so2", "4", 100, false, "stuck"},
	} {
		t.Run(fmt.Sprint(c.n, c.pollutant, c.value, c.off), func(t *testing.T) {
			set := DefaultSettings()
			if c.off {
				set.StuckH[aqi.PM25], set.StuckH[aqi.PM10] = 0, 0
			}
			v := mustConcentration(c.value)
			var line []sieveRow
			at := clockAt("2026-11-24T08:00")
			for i := range c.n + c.n/3 {
				s := sieveRow{at: at.Add(time.Duration(i) * time.Hour)}
				if i%4 != 3 { // every fourth hour is missing
					var m Measured
					m.set(c.pollutant, v)
					s.values = m.list()
				}
				line = append(line, s)
			}
			n := 0
			set.siftHours(line)
			for i := range line {
				for place, got := range line[i].why {
					if line[i].values[place] == nil {
						continue
					}
					n++
					if name := map[whyAside]string{taken: "", stuck: "stuck", unchanged: "unchanged"}[got]; name != c.want {
						t.Fatalf("value %d: %q, want %q", i, name, c.want)
					}
				}
			}
			if n != c.n {
				t.Fatalf("%d values, want %d", n, c.n)
			}
		})
	}
}

// Days of several stations: concentrations are averaged, an index beside them stands where it is another's, and what is
// set aside of one leaves the others.
func TestDaysOfStations(t *testing.T) {
	day := func(text string) Day {
		h := reading(clockAt("2026-12-15T00:00"), text)
		h.SO2 = nil
		d := Day{Date: "2026-12-15", AQI: h.AQI, Measured: h.Measured}
		d.AQI, d.Primary = resolve(d.Date, d.AQI, []string{}, d.Values())
		return d
	}
	dust := day("aqi=300")
	dust.Cause = Dust
	primary := func(d Day, p ...string) Day { d.Primary = p; return d }
	for _, c := range []struct {
		name string
		row  observedDay
		only string
		want string
	}{
		{"one", observedDay{"a": day("pm25=150 pm10=200")}, PM25, "200 [pm25] pm25=150 pm10=200 of [a]"},
		{"two", observedDay{"a": day("pm25=200"), "b": day("pm25=102")}, PM25, "201 [pm25] pm25=151 of [a b]"},
		{"each has what the other has not", observedDay{"a": day("pm25=116"), "b": day("pm10=400")}, PM25,
			"272 [pm10] pm25=116 pm10=400 of [a b]"},
		{"indices alone", observedDay{"a": primary(day("aqi=210"), "pm25"), "b": primary(day("aqi=151"), "pm10")}, PM25,
			"181 [pm25 pm10] of [a b]"},
		{"most name one", observedDay{"a": primary(day("aqi=210"), "pm25"), "b": primary(day("aqi=210"), "pm25"),
			"c": primary(day("aqi=210"), "o3_8h")}, PM25, "210 [pm25] of [a b c]"},
		{"an index beside withheld PM10", observedDay{"a": day("aqi=500 pm25=100"), "b": day("aqi=400 pm25=102")}, PM25,
			"450 [] pm25=101 of [a b]"},
		{"one of them published", observedDay{"a": day("aqi=500 pm25=100"), "b": day("pm25=100")}, PM25,
			"319 [pm25] pm25=100 of [a b]"},
		{"concentrations before an index alone", observedDay{"a": day("pm25=150"), "b": day("aqi=500")}, PM25,
			"200 [pm25] pm25=150 of [a b]"},
		{"one of two says dust", observedDay{"a": dust, "b": day("aqi=200")}, PM25, "250 [] dust of [a b]"},
		{"one of three says dust", observedDay{"a": dust, "b": day("aqi=200"), "c": day("aqi=200")}, PM25,
			"234 [] of [a b c]"},
		{"9999", observedDay{"a": day("pm25=9999"), "b": day("pm25=102")}, PM25, "139 [pm25] pm25=102 of [b]"},
		{"9999 alone", observedDay{"a": day("pm25=9999")}, PM25, "- [] of []"},
		{"9999 of PM10", observedDay{"a": day("pm25=160 pm10=9999")}, PM25, "210 [pm25] pm25=160 of [a]"},
		{"PM10 too high", observedDay{"a": day("pm25=160 pm10=6001"), "b": day("pm25=102")}, PM25,
			"139 [pm25] pm25=102 of [b]"},
		{"PM10 too high alone", observedDay{"a": day("pm25=160 pm10=6001")}, PM25, "- [] of []"},
		{"PM10 too high where every pollutant counts", observedDay{"a": day("pm25=160 pm10=6001")}, "",
			"210 [pm25] pm25=160 of [a]"},
		{"999 twice", observedDay{"a": day("pm25=999 pm10=999 no2=40")}, PM25, "- [] no2=40 of [a]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			days, _ := DefaultSettings().regionalDays(map[Date]observedDay{"2026-12-15": c.row}, c.only)
			d, got := &days[0], "-"
			if d.AQI != nil {
				got = fmt.Sprint(*d.AQI)
			}
			got += fmt.Sprint(" ", d.Primary)
			if d.Cause != "" {
				got += " " + string(d.Cause)
			}
			for _, p := range aqiPollutants {
				if v, ok := d.Values()[p]; ok {
					got += " " + p + "=" + v.String()
				}
			}
			if got += fmt.Sprint(" of ", d.Stations); got != c.want {
				t.Errorf("%s\nwant %s", got, c.want)
			}
		})
	}
}
