package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// ran runs a command and returns what it printed.
func ran(t *testing.T, code int, args ...string) (out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	if got := run(args, &o, &e); got != code {
		t.Fatalf("%v: exit %d, want %d: %s", args, got, code, e.String())
	}
	return o.String(), e.String()
}

func writeFile(t *testing.T, name string, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// The contract's form, and which criteria hold on which first day.
func TestEvaluateJSON(t *testing.T) {
	csv := func(first string) string {
		day := strings.TrimSuffix(first, "01")
		return "date,aqi,primary\n" + day + "01,210,PM2.5\n" + day + "02,220,PM2.5\n" + day + "03,90,\n"
	}
	for _, c := range []struct{ first, criteria, level, to string }{
		{"2018-11-01", "national-2016", "yellow", "2018-11-03T00:00:00+08:00"},
		{"2018-12-01", "tianjin-2018", "yellow", "2018-12-03T00:00:00+08:00"},
		{"2023-12-01", "national-2024", "orange", "2023-12-03T00:00:00+08:00"},
	} {
		out, _ := ran(t, exitOK, "evaluate", "--json", writeFile(t, "f.csv", []byte(csv(c.first))))
		var got struct {
			Criteria, Level string
			Episodes        []struct {
				From, To, Level string
				Clauses         []struct{ Clause string }
			}
			Days []struct {
				Date    string
				AQI     *int
				Counted bool
				Why     string
			}
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if got.Criteria != c.criteria || got.Level != c.level || len(got.Episodes) != 1 || got.Episodes[0].To != c.to ||
			len(got.Days) != 3 || !got.Days[0].Counted {
			t.Errorf("%s: %s", c.first, out)
		}
	}
}

// What a person reads: the level, every clause with what was wanting, and every day with why it counts.
func TestEvaluateTellsItsReasons(t *testing.T) {
	text, err := simplifiedchinese.GB18030.NewEncoder().String("date,aqi,primary,cause\n2026-03-01,210,PM2.5,\n2026-03-02,260,,dust\n")
	if err != nil {
		t.Fatal(err)
	}
	out, _ := ran(t, exitOK, "evaluate", writeFile(t, "f.csv", []byte(text)))
	for _, want := range []string{
		"级别 level: 黄色（Ⅲ级） / yellow (III)",
		"黄色（Ⅲ级）：AQI>200 持续 24 小时——满足：2026-03-01 00:00 至 2026-03-01 24:00 共 24 小时，AQI 210–210。",
		"red (I): AQI>200 for 72 h of which AQI>300 for 24 h — not met: the longest run above that value is 24 h.",
		"2026-03-02  260  不计 -    沙尘，不计入 / dust; does not count",
		"过程 episode: 2026-03-01 00:00 … 2026-03-01 24:00",
		"健康提示 health tip: 2026-03-02 00:00 … 2026-03-02 24:00",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	hourly := "time,aqi,primary,pm25\n"
	for h := range 30 {
		hourly += fmt.Sprintf("2026-03-%02dT%02d:00:00+08:00,,,160\n", 1+h/24, h%24)
	}
	out, _ = ran(t, exitOK, "evaluate", writeFile(t, "h.csv", []byte(hourly)))
	if want := "2026-03-01 00:00 至 2026-03-02 06:00 共 30 小时，AQI 210–210"; !strings.Contains(out, want) {
		t.Errorf("hours: does not say %q:\n%s", want, out)
	}
}

// 100 µg/m³ of PM2.5 make 132 until March 2026: three days published as 350, 310 and 320 are not red, and the table and
// the JSON say which index counts. A 500 without particulates is told of.
func TestEvaluateTellsOfIndexAndConcentrationsThatDisagree(t *testing.T) {
	file := writeFile(t, "f.csv", []byte("date,aqi,primary,pm25,pm10,so2\n2024-01-10,350,,100,,\n2024-01-11,310,,100,,\n2024-01-12,320,PM2.5,100,,\n2024-01-13,500,,,,20\n"))
	out, _ := ran(t, exitOK, "evaluate", file)
	for _, want := range []string{"级别 level: 黄色",
		"2024-01-10  350→132  计入 +    AQI 与浓度不符 / the AQI and the concentrations disagree",
		"2024-01-13  500  计入 +    PM 缺测，疑为沙尘 / particulates missing, dust suspected"} {
		if !strings.Contains(out, want) {
			t.Errorf("does not say %q:\n%s", want, out)
		}
	}
	out, _ = ran(t, exitOK, "evaluate", "--json", file)
	var got struct {
		Days []struct {
			AQI     int
			Counted *int `json:"counted_aqi"`
			Why     string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if d := got.Days; d[0].AQI != 350 || d[0].Counted == nil || *d[0].Counted != 132 || d[0].Why != "aqi_mismatch" ||
		d[3].Counted != nil || d[3].Why != "dust_suspect" {
		t.Errorf("%s", out)
	}
	hourly := "time,aqi,pm25\n"
	for h := range 24 {
		hourly += fmt.Sprintf("2024-01-10T%02d:00:00+08:00,350,%d\n", h, 100+h%2)
	}
	out, _ = ran(t, exitOK, "evaluate", writeFile(t, "h.csv", []byte(hourly)))
	if want := "逐时 hours: 2024-01-10 00:00 … 2024-01-10 24:00  AQI 与浓度不符"; !strings.Contains(out, want) {
		t.Errorf("hours: does not say %q:\n%s", want, out)
	}
}

func TestEvaluateNamesRowColumnAndRemedy(t *testing.T) {
	for text, want := range map[string]string{
		"date,aqi\n2026-03-01,x\n":             "row 2, column aqi",
		"date,aqi,pm25\n2026-03-01,,-4\n":      "row 2, column pm25",
		"time,aqi\n2026-03-01T00:30:00Z,100\n": "is not a full hour",
		"":                                     "its first row must be the header",
	} {
		_, errs := ran(t, exitFailed, "evaluate", writeFile(t, "f.csv", []byte(text)))
		if strings.Count(errs, "\n") != 1 {
			t.Errorf("%q: not one line: %q", text, errs)
		}
		if !strings.Contains(errs, want) {
			t.Errorf("%q: %q does not say %q", text, errs, want)
		}
	}
	if _, errs := ran(t, exitFailed, "evaluate", "--criteria", "national-2030",
		writeFile(t, "f.csv", []byte("date,aqi\n2026-03-01,1\n"))); !strings.Contains(errs, "national-2024") {
		t.Errorf("unknown criteria: %q does not say which there are", errs)
	}
}

func TestCriteriaCheck(t *testing.T) {
	good, err := os.ReadFile(filepath.Join("..", "..", "seeds", "criteria", "tianjin-2018.json"))
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := ran(t, exitOK, "criteria", "check", writeFile(t, "c.json", good)); !strings.Contains(out,
		"tianjin-2018") {
		t.Errorf("a good file: %q", out)
	}
	bad := strings.Replace(strings.Replace(string(good), `"hours": 48`, `"hours": 30`, 1), `"valid_to": "2023-11-30"`,
		`"valid_to": "2017-01-01"`, 1)
	_, errs := ran(t, exitFailed, "criteria", "check", writeFile(t, "c.json", []byte(bad)))
	for _, want := range []string{"levels[0].any_of[0].hours", "valid_to", "upside down"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q does not name %s", errs, want)
		}
	}
	for change, want := range map[[2]string]string{
		{`{"over": 200, "hours": 48}`, `{"over": 200, "hours": 96}`}:  "levels[0].any_of[0]",
		{`{"over": 300, "hours": 48}`, `{"over": 300, "hours": 120}`}: "levels[2].any_of[0].within.hours",
	} {
		_, errs := ran(t, exitFailed, "criteria", "check",
			writeFile(t, "c.json", []byte(strings.Replace(string(good), change[0], change[1], 1))))
		if !strings.Contains(errs, want+": ") || !strings.Contains(errs, "check both") {
			t.Errorf("%s: %q does not say what is wrong", change[1], errs)
		}
	}
	if out, _ := ran(t, exitOK, "criteria", "list"); strings.Count(out, "…") != 5 ||
		strings.Count(out, "未见原文 unseen") != 1 {
		t.Errorf("the list is\n%s", out)
	}
}

// A day at 280 µg/m³ with five blank hours is unknown, and nobody says that it never exceeded anything.
func TestEvaluateTellsOfTooFewHours(t *testing.T) {
	for _, blank := range []string{"03 07 11 15 19", "19 20 21 22 23"} {
		csv := "time,aqi,pm25\n"
		for h := range 24 {
			value := fmt.Sprint(280 + h%2)
			if strings.Contains(blank, fmt.Sprintf("%02d", h)) {
				value = ""
			}
			csv += fmt.Sprintf("2026-12-01T%02d:00:00+08:00,,%s\n", h, value)
		}
		out, _ := ran(t, exitOK, "evaluate", writeFile(t, "f.csv", []byte(csv)))
		for _, want := range []string{"2026-12-01", "有效 19 小时，需要 20 小时；已有小时的均值为 AQI 33", "19 valid, 20 are needed", "无法判定"} {
			if !strings.Contains(out, want) {
				t.Errorf("blank %s: it does not say %q:\n%s", blank, want, out)
			}
		}
		if strings.Contains(out, "从未超过") || strings.Contains(out, "never exceeded") {
			t.Errorf("blank %s: it is called never exceeded:\n%s", blank, out)
		}
		out, _ = ran(t, exitOK, "evaluate", "--json", writeFile(t, "f.csv", []byte(csv)))
		var got struct {
			Days []struct {
				AQI   *int
				Why   string
				Hours struct {
					Valid, Need int
					MeanAQI     int `json:"mean_aqi"`
				}
			}
			Clauses []struct{ Unknown bool }
		}
		if err := json.Unmarshal([]byte(out), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.Days) != 1 || got.Days[0].AQI != nil || got.Days[0].Why != "too_few_hours" ||
			got.Days[0].Hours.Valid != 19 || got.Days[0].Hours.Need != 20 ||
			got.Days[0].Hours.MeanAQI < 330 || !got.Clauses[0].Unknown {
			t.Errorf("blank %s: %s", blank, out)
		}
	}
}
