package aqi

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sharedFile reads test data from outside the project, or leaves the test out where there is none.
func sharedFile(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(append([]string{"..", "..", "..", "shared", "data"}, path...)...))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("left out: the shared data folder is absent")
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// places are the reports and pollutants in which an item of the vectors stands. Particles have one column for both.
var places = map[string]struct {
	pollutant Pollutant
	reports   []string
}{
	"PM25": {PM25, []string{"daily", "hourly"}}, "PM25_24H/PM25_1H": {PM25, []string{"daily", "hourly"}},
	"PM10": {PM10, []string{"daily", "hourly"}}, "PM10_24H/PM10_1H": {PM10, []string{"daily", "hourly"}},
	"SO2_24H": {SO2, []string{"daily"}}, "SO2_1H": {SO2, []string{"hourly"}},
	"NO2_24H": {NO2, []string{"daily"}}, "NO2_1H": {NO2, []string{"hourly"}},
	"CO_24H": {CO, []string{"daily"}}, "CO_1H": {CO, []string{"hourly"}},
	"O3_8H": {O3H8, []string{"daily"}}, "O3_1H": {O3H1, []string{"hourly"}},
}

var reports = map[string]func(Standard, Values) Result{"daily": Daily, "hourly": Hourly}

type vector struct {
	Kind            string          `json:"kind"`
	Standard        Standard        `json:"standard"`
	Item            string          `json:"item"`
	Input           json.RawMessage `json:"input"`
	ExpectedIAQI    *int            `json:"expected_iaqi"`
	ExpectedAQI     *int            `json:"expected_aqi"`
	ExpectedLevel   *string         `json:"expected_level"`
	ExpectedPrimary *string         `json:"expected_primary"`
	Trusted         bool            `json:"trusted"`
}

// Every vector holds. All are trusted; one that is not would say so by failing here, for somebody to judge.
func TestVectors(t *testing.T) {
	seen := map[string]int{}
	for i, line := range bytes.Split(bytes.TrimSpace(sharedFile(t, "aqi", "vectors.jsonl")), []byte("\n")) {
		var v vector
		if err := json.Unmarshal(line, &v); err != nil {
			t.Fatalf("line %d: %v", i+1, err)
		}
		seen[v.Kind]++
		var err error
		switch {
		case !v.Trusted:
			err = errors.New("it is not trusted: judge it, and say here what is expected instead")
		case v.Kind == "iaqi":
			err = v.checkIAQI()
		default:
			err = v.checkReport()
		}
		if err != nil {
			t.Errorf("line %d, %s: %v", i+1, line, err)
		}
	}
	if want := map[string]int{"iaqi": 104, "hourly": 6, "daily": 1}; !maps.Equal(seen, want) {
		t.Errorf("checked %v, want %v", seen, want)
	}
}

func (v vector) checkIAQI() error {
	var c Concentration
	if err := json.Unmarshal(v.Input, &c); err != nil {
		return err
	}
	at, known := places[v.Item]
	if !known || v.ExpectedIAQI == nil {
		return fmt.Errorf("item %q is not known, or has no expectation", v.Item)
	}
	for _, name := range at.reports {
		got, has := reports[name](v.Standard, Values{at.pollutant: c}).IAQI[at.pollutant]
		if !has || got != *v.ExpectedIAQI {
			return fmt.Errorf("%s: %d (%t)", name, got, has)
		}
	}
	return nil
}

func (v vector) checkReport() error {
	var in Values
	if err := json.Unmarshal(v.Input, &in); err != nil {
		return err
	}
	r := reports[v.Kind](v.Standard, in)
	class, _ := Class(r.Index)
	switch {
	case r.Known != (v.ExpectedAQI != nil) || r.Known && r.Index != *v.ExpectedAQI:
	case v.ExpectedLevel != nil && class != *v.ExpectedLevel:
	case v.ExpectedPrimary != nil && !slices.Equal(r.Primary, []Pollutant{strings.ToLower(*v.ExpectedPrimary)}):
	default:
		return nil
	}
	return fmt.Errorf("%+v, %s", r, class)
}

// The index Tianjin published for every day of 2016 is the one of HJ 633-2012 of that day's means.
func TestTianjin2016AsPublished(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(sharedFile(t, "episodes", "tianjin-daily-2016.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header := rows[0]
	for _, row := range rows[1:] {
		v := Values{}
		for i, cell := range row {
			if slices.Contains(Pollutants(), header[i]) && cell != "" {
				v[header[i]] = conc(cell)
			}
		}
		want, err := strconv.Atoi(row[slices.Index(header, "aqi")])
		if r := Daily(StandardOn(row[0]), v); err != nil || !r.Known || r.Index != want {
			t.Errorf("%s: %+v, published %d", row[0], r, want)
		}
	}
	if days := len(rows) - 1; days != 366 {
		t.Errorf("%d days, want 366", days)
	}
}
