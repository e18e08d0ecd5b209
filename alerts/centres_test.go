package alerts

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// spellDays is a reading in short: each day's index or range, and primary pollutants.
func spellDays(a Air) string {
	days, _ := a.Forecast()
	var out []string
	for _, d := range days {
		text := fmt.Sprintf("%s %d", d.Date, d.AQIHigh)
		if d.AQILow != d.AQIHigh {
			text = fmt.Sprintf("%s %d-%d", d.Date, d.AQILow, d.AQIHigh)
		}
		if len(d.Primary) > 0 {
			text += " " + strings.Join(d.Primary, "+")
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

// The forms in which centres send their daily forecasts.
func TestForecastFilesOfCentres(t *testing.T) {
	folder := filepath.Join("..", "..", "shared", "data", "forecasts")
	if _, err := os.Stat(folder); errors.Is(err, os.ErrNotExist) {
		t.Skipf("left out: the shared data folder is absent")
	}
	const five = "2026-12-01 160 pm25; 2026-12-02 170 pm25; 2026-12-03 210 pm25; 2026-12-04 305 pm25; 2026-12-05 120 pm25"
	const byPM25 = "2026-12-01 158 pm25; 2026-12-02 169 pm25; 2026-12-03 210 pm25; 2026-12-04 305 pm25; 2026-12-05 128 pm25"
	for name, want := range map[string]string{
		"chinese-headers.csv":         five,
		"gb18030-chinese-headers.csv": five,
		"pm2_5.csv":                   byPM25,
		"units-in-header.csv":         byPM25,
		"ranges.csv":                  "2026-12-01 150-180; 2026-12-02 150-180; 2026-12-03 150-180; 2026-12-04 150-180",
		"na-nan.csv":                  "2026-12-01 160; 2026-12-03 158 pm25",
		"date-with-time.csv":          "2026-12-01 160",
		"full-width.csv":              "2026-12-01 160",
		"title-row.csv":               "2026-12-01 160 pm25",
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasPrefix(name, "gb18030") {
				if text, err = simplifiedchinese.GB18030.NewDecoder().Bytes(text); err != nil {
					t.Fatal(err)
				}
			}
			got, err := ReadCSV(strings.NewReader(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if said := spellDays(got); said != want {
				t.Errorf("got  %s\nwant %s", said, want)
			}
		})
	}
}
