package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
)

const csvHeader = "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h\n"

func TestReadDailyCSV(t *testing.T) {
	day := func(d Date, aqi *int, primary ...string) Day {
		return Day{Date: d, AQI: aqi, Primary: append([]string{}, primary...)}
	}
	for _, c := range []struct {
		name, text string
		want       []Day
	}{
		{"as documented", csvHeader + "2016-12-16,155,PM2.5,118,157,43,81,2,35\n",
			[]Day{day("2016-12-16", ptr(155), "pm25")}},
		{"byte-order mark and CRLF", "\ufeff" + strings.ReplaceAll(csvHeader+"2016-12-16,155,,118,157,43,81,2,35\n", "\n",
			"\r\n"), []Day{day("2016-12-16", ptr(155), "pm25")}},
		{"several primary pollutants", csvHeader + "2016-12-16,155,O3_8h;PM10,,,,,,\n",
			[]Day{day("2016-12-16", ptr(155), "o3_8h", "pm10")}},
		{"no AQI: that of the concentrations", csvHeader + "2016-12-16,,,118,157,43,81,2,35\n",
			[]Day{day("2016-12-16", ptr(155), "pm25")}},
		{"nothing: unknown", csvHeader + "2016-12-16,,,,,,,,\n", []Day{day("2016-12-16", nil)}},
		{"dust with its PM10 withheld keeps the published index", csvHeader + "2018-03-28,500,,90,,20,40,1.2,80\n",
			[]Day{day("2018-03-28", ptr(500))}},
		{"other order, fewer columns, cause", "cause,aqi,date\ndust,155,2016-12-16\n",
			[]Day{{Date: "2016-12-16", AQI: ptr(155), Primary: []string{}, Cause: Dust}}},
		{"sorted by date", "date,aqi\n2016-12-17,238\n2016-12-16,155\n",
			[]Day{day("2016-12-16", ptr(155)), day("2016-12-17", ptr(238))}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadDailyCSV(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				got[i].Measured = Measured{} // see TestReadCSVKeepsConcentrations
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestReadCSVKeepsConcentrations(t *testing.T) {
	ep, err := ReadCSV(strings.NewReader(csvHeader + "2016-12-16,155,,118,157.5,43,,2.1,35\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(ep.Days[0].Measured)
	if want := `{"pm25":118,"pm10":157.5,"so2":43,"co":2.1,"o3_8h":35}`; err != nil || string(got) != want {
		t.Errorf("%s (%v), want %s", got, err, want)
	}
}

func TestReadHourlyCSV(t *testing.T) {
	const header = "time,aqi,primary,pm25,pm10,so2,no2,co,o3\n"
	ep, err := ReadCSV(strings.NewReader(header +
		"2016-12-16T01:00:00+08:00,,,118,157,43,81,2,35\n2016-12-15T16:00:00Z,120,,,,,,,\n2016-12-16T02:00:00+08:00,,,,,,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(ep.Hours)
	want := `[{"at":"2016-12-16T00:00:00+08:00","aqi":120},{"at":"2016-12-16T01:00:00+08:00","pm25":118,"pm10":157,"so2":43,"no2":81,"co":2,"o3_1h":35}]`
	if err != nil || string(text) != want || len(ep.Days) != 0 {
		t.Errorf("%s (%v)\nwant %s: in order, what has nothing left out", text, err, want)
	}
	for cells, rule := range map[string]string{
		"2016-12-16T01:30:00+08:00,1,,,,,,,":                                "csv.time",
		"08:00,1,,,,,,,":                                                    "csv.time",
		"2016-12-16T01:00:00+08:00,,,x,,,,,":                                "csv.concentration",
		"2016-12-16T01:00:00+08:00,1,,,,,,,\n2016-12-15T17:00:00Z,2,,,,,,,": "csv.date_twice",
		"2016-12-16T01:00:00+08:00,1,,,,,,,\n2016-12-16,1,,,,,,,":           "csv.time",
	} {
		_, err := ReadCSV(strings.NewReader(header + cells + "\n"))
		var e *refusal.Error
		if !errors.As(err, &e) || e.Fields[0].Rule != rule {
			t.Errorf("%q: %v, want %s", cells, err, rule)
		}
	}
}

func TestReadDailyCSVRefuses(t *testing.T) {
	row := func(cells string) string { return csvHeader + "2016-12-15,79,,58,88,26,62,1.4,58\n" + cells + "\n" }
	for _, c := range []struct{ name, text, path, rule, value string }{
		{"empty file", "", "row 1", "csv.empty", ""},
		{"only a header", csvHeader, "row 2, column date", "csv.no_days", ""},
		{"unknown unit", "date,aqi,pm2.5(ppb)\n2016-12-16,155,118\n", "row 1, column pm2.5(ppb)", "csv.column_unit",
			"pm2.5(ppb)"},
		{"column twice", "date,aqi,aqi\n", "row 1, column aqi", "csv.column_twice", "aqi"},
		{"column missing", "date,primary\n", "row 1, column aqi", "csv.column_missing", "date,primary"},
		{"date", row("2016-13-01,155,,,,,,,"), "row 3, column date", "csv.date", "2016-13-01"},
		{"date in another form", row("16/12/2016,155,,,,,,,"), "row 3, column date", "csv.date", "16/12/2016"},
		{"date twice", row("2016-12-15,155,,,,,,,"), "row 3, column date", "csv.date_twice", "2016-12-15"},
		{"AQI not whole", row("2016-12-16,155.5,,,,,,,"), "row 3, column aqi", "csv.aqi", "155.5"},
		{"AQI too high", row("2016-12-16,501,,,,,,,"), "row 3, column aqi", "csv.aqi", "501"},
		{"concentration", row("2016-12-16,155,,many,,,,,"), "row 3, column pm25", "csv.concentration", "many"},
		{"negative concentration", row("2016-12-16,155,,,,,,-2,"), "row 3, column co", "csv.concentration", "-2"},
		{"infinite", row("2016-12-16,155,,,,,,Inf,"), "row 3, column co", "csv.concentration", "Inf"},
		{"primary", row("2016-12-16,155,PM1,,,,,,"), "row 3, column primary", "csv.primary", "PM1"},
		{"cause", "date,aqi,cause\n2016-12-16,155,fog\n", "row 2, column cause", "csv.cause", "fog"},
		{"too few cells", row("2016-12-16,155"), "row 3, column primary", "csv.cell_count", "2016-12-16,155"},
		{"too many cells", row("2016-12-16,155,,,,,,,,7"), "row 3, column o3_8h", "csv.cell_count",
			"2016-12-16,155,,,,,,,,7"},
		{"broken quotes", row(`2016-12-16,"155,,,,,,,`), "row 3", "csv.broken", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ReadDailyCSV(strings.NewReader(c.text))
			if got := ruleAt(err, c.path); got != c.rule {
				t.Fatalf("rule %q, want %q", got, c.rule)
			}
			var e *refusal.Error
			if errors.As(err, &e) && c.value != "" && fmt.Sprint(e.Fields[0].Args["value"]) != c.value {
				t.Errorf("value %q, want %q", e.Fields[0].Args["value"], c.value)
			}
		})
	}
}

func TestReadDailyCSVNamesRowColumnAndValue(t *testing.T) {
	_, err := ReadDailyCSV(strings.NewReader("date,aqi\n2016-12-15,79\n2016-12-16,x\n"))
	const want = "invalid: the input is wrong in 1 place(s) and nothing was changed; mend each of errors and send it again.; " +
		"row 3, column aqi: row 3, column aqi: “x” is not a whole number from 0 to 500; mend it (a forecast may have 150-180 or a class), or leave it empty when it is missing."
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// The published series of Tianjin 2016 reads whole, and its December is red from 17 to 21.
func TestTianjin2016AsPublished(t *testing.T) {
	path := filepath.Join("..", "..", "shared", "data", "episodes", "tianjin-daily-2016.csv")
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("left out: the shared data folder is absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := ReadDailyCSV(file)
	if err != nil {
		t.Fatal(err)
	}
	if len(read) != 366 {
		t.Fatalf("%d days, want 366", len(read))
	}
	var series []DayAQI
	for _, d := range read {
		series = append(series, DayAQI{Date: d.Date, AQI: d.AQI, Primary: d.Primary, Cause: d.Cause})
	}
	for _, ep := range Evaluate(byDay(series...), National2024(), plain).Episodes {
		if !ep.To.Before(clockAt("2016-12-17T00:00")) && ep.From.Before(clockAt("2016-12-22T00:00")) {
			if got := spell(ep.From, ep.To); ep.Level != Red || got != "2016-12-17..2016-12-21" {
				t.Errorf("%s %s, want red 2016-12-17..2016-12-21", ep.Level, got)
			}
			return
		}
	}
	t.Error("no episode in December")
}
