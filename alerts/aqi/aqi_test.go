package aqi

import (
	"maps"
	"slices"
	"testing"
)

// conc is a concentration written down in a test.
func conc(s string) Concentration {
	c, err := ParseConcentration(s)
	if err != nil {
		panic(err)
	}
	return c
}

// values reads pairs of pollutant and concentration.
func values(pairs ...string) Values {
	v := Values{}
	for i := 0; i < len(pairs); i += 2 {
		v[pairs[i]] = conc(pairs[i+1])
	}
	return v
}

// Concentrations of one pollutant and its sub-index in 2012 and 2026, worked out by hand; -1 where there is none.
func TestIAQIInBothEditions(t *testing.T) {
	for _, c := range []struct {
		report         func(Standard, Values) Result
		pollutant      Pollutant
		conc           string
		want12, want26 int
	}{
		{Daily, PM25, "35", 50, 50}, {Daily, PM25, "36", 52, 52}, {Daily, PM25, "50", 69, 80}, {Daily, PM25, "60", 82, 100},
		{Daily, PM25, "61", 83, 101}, {Daily, PM25, "75", 100, 114}, {Daily, PM25, "76", 102, 115},
		{Daily, PM25, "115", 150, 150}, {Daily, PM25, "116", 152, 152}, {Daily, PM25, "150", 200, 200},
		{Daily, PM25, "151", 201, 201}, {Daily, PM25, "250", 300, 300}, {Daily, PM25, "251", 301, 301},
		{Daily, PM25, "350", 400, 400}, {Daily, PM25, "500", 500, 500}, {Daily, PM25, "612", 500, 500},
		{Daily, PM10, "120", 85, 100}, {Daily, PM10, "121", 86, 101}, {Daily, PM10, "150", 100, 112},
		{Daily, PM10, "250", 150, 150}, {Daily, PM10, "351", 202, 202}, {Daily, PM10, "421", 302, 302},
		{Daily, CO, "0.1", 3, 3}, {Daily, CO, "4.1", 101, 101}, {Daily, NO2, "81", 101, 101}, {Daily, O3H8, "161", 101, 101},

		// Footnotes (b) and (c): the short columns at and beyond their end.
		{Hourly, SO2, "800", 200, 200}, {Hourly, SO2, "801", -1, 200}, {Daily, SO2, "801", 201, 201},
		{Daily, O3H8, "800", 300, 300}, {Daily, O3H8, "801", -1, 300}, {Hourly, O3H8, "801", -1, -1},
		{Daily, O3H1, "801", 301, -1}, {Hourly, O3H1, "801", 301, 301}, {Hourly, O3H1, "1201", 500, 500},

		// Rounded half to even before the table, never after it: 150.5 is 150, and no fraction makes a 101 of a 100.
		{Daily, PM25, "150.5", 200, 200}, {Daily, PM25, "150.500001", 201, 201}, {Daily, PM25, "151.5", 202, 202},
		{Daily, PM25, "115.499999", 150, 150}, {Daily, CO, "4.05", 100, 100}, {Daily, CO, "4.25", 101, 101},
		{Daily, CO, "4.250001", 102, 102},
		{Hourly, SO2, "800.5", 200, 200}, {Daily, PM10, "0.5", 0, 0}, {Daily, PM10, "0", 0, 0},

		// The real-time report: columns of the hour for gases, those of the day for particles.
		{Hourly, PM25, "75", 100, 114}, {Hourly, PM10, "150", 100, 112}, {Hourly, NO2, "200", 100, 100},
		{Hourly, CO, "10", 100, 100},
	} {
		for std, want := range map[Standard]int{HJ2012: c.want12, HJ2026: c.want26} {
			got, has := c.report(std, values(c.pollutant, c.conc)).IAQI[c.pollutant]
			if !has {
				got = -1
			}
			if got != want {
				t.Errorf("%s, %s %s: %d, want %d", std, c.pollutant, c.conc, got, want)
			}
		}
	}
}

func TestPrimary(t *testing.T) {
	for _, c := range []struct {
		name  string
		v     Values
		index int
		want  []Pollutant
	}{
		{"one", values(PM25, "302", PM10, "356", SO2, "21", NO2, "97", CO, "4.5", O3H8, "12"), 352, []Pollutant{PM25}},
		{"a tie, in the fixed order", values(O3H8, "160", CO, "4", PM25, "75", PM10, "20"), 100, []Pollutant{PM25, CO, O3H8}},
		{"ozone twice", values(O3H1, "200", O3H8, "160"), 100, []Pollutant{O3H8, O3H1}},
		{"none at 50", values(PM25, "35", PM10, "50"), 50, []Pollutant{}},
		{"from 51", values(PM25, "35", PM10, "51"), 51, []Pollutant{PM10}},
		{"a tie at the top, whatever is beyond it", values(PM25, "501", PM10, "5000"), 500, []Pollutant{PM25, PM10}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if r := Daily(HJ2012, c.v); !r.Known || r.Index != c.index || !slices.Equal(r.Primary, c.want) {
				t.Errorf("%+v, want %d by %v", r, c.index, c.want)
			}
		})
	}
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		name    string
		got     Result
		known   bool
		index   int
		missing []Pollutant
		ignored []Pollutant
	}{
		{"2012 without O3 1 h, as cities publish it",
			Daily(HJ2012, values(PM25, "10", PM10, "10", SO2, "1", NO2, "1", CO, "0.1", O3H8, "1")),
			true, 15, []Pollutant{O3H1}, nil},
		{"2012, one is enough", Daily(HJ2012, values(NO2, "8")), true, 10, []Pollutant{PM25, PM10, SO2, CO, O3H8, O3H1}, nil},
		{"2012, measured and without a sub-index", Hourly(HJ2012, values(SO2, "900")), false, 0,
			[]Pollutant{PM25, PM10, NO2, CO, O3H8, O3H1}, nil},
		{"2012, O3 8 h beyond its column, and no O3 1 h that it goes by then", Daily(HJ2012, values(PM25, "10", O3H8, "801")),
			false, 0, []Pollutant{PM10, SO2, NO2, CO, O3H1}, nil},
		{"2012, the same with O3 1 h", Daily(HJ2012, values(PM25, "10", O3H8, "801", O3H1, "900")), true, 350,
			[]Pollutant{PM10, SO2, NO2, CO}, nil},
		{"2012, the same beside what is worse than its column's end", Daily(HJ2012, values(PM25, "251", O3H8, "801")), true,
			301, []Pollutant{PM10, SO2, NO2, CO, O3H1}, nil},
		{"2012, SO2 of an hour beyond its column", Hourly(HJ2012, values(PM25, "10", SO2, "801")), false, 0,
			[]Pollutant{PM10, NO2, CO, O3H8, O3H1}, nil},
		{"2012, nothing", Daily(HJ2012, nil), false, 0, Pollutants(), nil},
		{"2026, all six", Daily(HJ2026, values(PM25, "0", PM10, "0", SO2, "0", NO2, "0", CO, "0", O3H8, "0")), true, 0,
			nil, nil},
		{"2026, missing at 100", Daily(HJ2026, values(PM25, "60")), false, 0, []Pollutant{PM10, SO2, NO2, CO, O3H8}, nil},
		{"2026, missing at 101", Daily(HJ2026, values(PM25, "61")), true, 101, []Pollutant{PM10, SO2, NO2, CO, O3H8}, nil},
		{"2026, O3 1 h is not of the daily report", Daily(HJ2026, values(PM25, "61", O3H1, "1200")), true, 101,
			[]Pollutant{PM10, SO2, NO2, CO, O3H8}, []Pollutant{O3H1}},
		{"2026, O3 8 h is not of the real-time report", Hourly(HJ2026, values(PM25, "61", O3H8, "800")), true, 101,
			[]Pollutant{PM10, SO2, NO2, CO, O3H1}, []Pollutant{O3H8}},
		{"2026, nothing", Hourly(HJ2026, Values{}), false, 0, []Pollutant{PM25, PM10, SO2, NO2, CO, O3H1}, nil},
		{"a pollutant there is not", Daily(HJ2012, values(PM25, "10", "nh3", "900")), true, 15,
			[]Pollutant{PM10, SO2, NO2, CO, O3H8, O3H1}, []Pollutant{"nh3"}},
		{"a standard there is not", Daily("HJ 633-1996", values(PM25, "61")), false, 0, nil, []Pollutant{PM25}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.got.Known != c.known || c.got.Index != c.index || !slices.Equal(c.got.Missing, c.missing) ||
				!slices.Equal(c.got.Ignored, c.ignored) {
				t.Errorf("%+v", c.got)
			}
			if !c.known && len(c.got.Primary) > 0 {
				t.Errorf("primary %v of an unknown index", c.got.Primary)
			}
		})
	}
	if r := Daily(HJ2026, values(PM25, "60")); !maps.Equal(r.IAQI, map[Pollutant]int{PM25: 100}) {
		t.Errorf("the sub-indices of an index that is not published: %v", r.IAQI)
	}
}

func TestStandardOn(t *testing.T) {
	for date, want := range map[string]Standard{"1990-01-01": HJ2012, "2016-12-20": HJ2012, "2026-02-28": HJ2012,
		"2026-03-01": HJ2026, "2199-12-31": HJ2026} {
		if got := StandardOn(date); got != want {
			t.Errorf("%s: %s, want %s", date, got, want)
		}
	}
}

func TestClass(t *testing.T) {
	for index, want := range map[int][2]string{
		0: {"优", "excellent"}, 50: {"优", "excellent"},
		51: {"良", "good"}, 100: {"良", "good"},
		101: {"轻度污染", "lightly polluted"}, 150: {"轻度污染", "lightly polluted"},
		151: {"中度污染", "moderately polluted"}, 200: {"中度污染", "moderately polluted"},
		201: {"重度污染", "heavily polluted"}, 300: {"重度污染", "heavily polluted"},
		301: {"严重污染", "severely polluted"}, 500: {"严重污染", "severely polluted"},
	} {
		if name, english := Class(index); name != want[0] || english != want[1] {
			t.Errorf("%d: %s, %s, want %v", index, name, english, want)
		}
	}
}
