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

// Each row is a file in a form that somebody sends, and what it says.
func TestFormsOfFiles(t *testing.T) {
	const plain = "2026-12-01 160 pm25; 2026-12-02 210 pm25"
	for _, c := range []struct{ name, text, want string }{
		{"plain", "date,aqi,primary\n2026-12-01,160,PM2.5\n2026-12-02,210,PM2.5\n", plain},
		{"byte-order mark, CRLF, upper case", "\ufeffDATE,AQI,Primary\r\n2026-12-01,160,PM2.5\r\n2026-12-02,210,PM2.5\r\n",
			plain},
		{"semicolons", "日期;AQI;首要污染物\n2026-12-01;160;PM2.5\n2026-12-02;210;PM2.5\n", plain},
		{"tabs", "日期\tAQI\t首要污染物\n2026-12-01\t160\tPM2.5\n2026-12-02\t210\tPM2.5\n", plain},
		{"full-width commas", "日期，AQI，首要污染物\n2026-12-01，160，PM2.5\n2026-12-02，210，PM2.5\n", plain},
		{"sep=", "sep=;\r\n日期;AQI;首要污染物\r\n2026-12-01;160;PM2.5\r\n2026-12-02;210;PM2.5\r\n", plain},
		{"quoted cells", "\"日期\",\"AQI\",\"首要污染物\"\n\"2026-12-01\",\"160\",\"PM2.5\"\n\"2026-12-02\",\"210\",\"PM2.5\"\n",
			plain},
		{"as text for a spreadsheet", "日期,AQI,首要污染物\n\"=\"\"2026-12-01\"\"\",160,PM2.5\n2026-12-02,210,PM2.5\n", plain},
		{"trailing commas", "日期,AQI,首要污染物,,\n2026-12-01,160,PM2.5,,\n2026-12-02,210,PM2.5,,,,\n", plain},
		{"title, unit and notes", "天津市空气质量预报（2026年11月30日发布）,,\n,,\n日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n2026-12-02,210,PM2.5\n,,\n注：以上为市级预报,,\n审核：,张三,\n天津市生态环境监测中心 2026年11月30日,,\n", plain},
		{"a title with quotes", "关于\"重污染\"的预报,,\n日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n2026-12-02,210,PM2.5\n", plain},
		{"sums", "日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n2026-12-02,210,PM2.5\n平均,185,\n", plain},
		{"the header once more", "日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n日期,AQI,首要污染物\n2026-12-02,210,PM2.5\n", plain},
		{"the same row twice", "日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n2026/12/1,160.0,细颗粒物\n2026-12-02,210,PM2.5\n", plain},
		{"columns of others", "序号,城市,星期,日期,AQI,首要污染物,备注\n1,天津,二,2026-12-01,160,PM2.5,静稳\n2,天津,三,2026-12-02,210,PM2.5,\n",
			plain},
		{"days as people write them", "日期,AQI,首要污染物\n2026年12月1日（星期二）,160,PM2.5\n46358,210,PM2.5\n", plain},
		{"days without separators", "日期,AQI,首要污染物\n20261201,160,PM2.5\n2026/12/2 0:00:00,210,PM2.5\n", plain},
		{"blanks of all kinds", "\u3000日 期\u00a0, AQI ,首要污染物\n\u00a02026-12-01\u3000,\u00a0160,PM2.5\n2026-12-02,２１０,ＰＭ２．５\n",
			plain},
		{"a time of days", "时间,AQI,首要污染物\n2026-12-01,160,PM2.5\n2026-12-02,210,PM2.5\n", plain},
		{"ends in two columns", "日期,AQI下限,AQI上限,首要污染物\n2026-12-01,150,180,PM2.5\n2026-12-02,-,-,\n",
			"2026-12-01 150-180 pm25"},
		{"merged header", "日期,AQI,,首要污染物\n,下限,上限,\n2026-12-01,150,180,PM2.5、PM10\n", "2026-12-01 150-180 pm25+pm10"},
		{"a row of units", "日期,AQI,PM2.5,CO\n,,mg/m3,μg/m3\n2026-12-01,,0.160,1500\n", "2026-12-01 210 pm25"},
		{"a row of units that says so", "日期,AQI,PM2.5,CO\n单位,无量纲,μg/m³,mg/m³\n2026-12-01,,160,1.5\n", "2026-12-01 210 pm25"},
		{"ranges", "日期,AQI\n2026-12-01,150 - 180\n2026-12-02,150—180\n2026-12-03,>500\n2026-12-04,450~500+\n2026-12-05,160（中度污染）\n", "2026-12-01 150-180; 2026-12-02 150-180; 2026-12-03 500; 2026-12-04 450-500; 2026-12-05 160"},
		{"classes", "日期,空气质量等级,首要污染物\n2026-12-01,中度污染,PM2.5\n2026-12-02,轻度~中度污染,PM2.5\n2026-12-03,良至轻度污染,\n2026-12-04,严重污染,PM2.5\n2026-12-05,Ⅴ级,PM2.5\n2026-12-06,3,\n", "2026-12-01 151-200 pm25; 2026-12-02 101-200 pm25; 2026-12-03 51-150; 2026-12-04 301 pm25; 2026-12-05 201-300 pm25; 2026-12-06 101-150"},
		{"an index beside its class", "日期,AQI,AQI类别\n2026-12-01,160,中度污染\n2026-12-02,,重度污染\n",
			"2026-12-01 160; 2026-12-02 201-300"},
		{"a class for an index", "日期,AQI\n2026-12-01,重度污染\n", "2026-12-01 201-300"},
		{"marks of what is missing", "日期,AQI,PM2.5\n2026-12-01,-,160\n2026-12-02,—,NaN\n2026-12-03,缺测,-999\n2026-12-04,/,9999\n2026-12-05,,\n2026-12-06,-99,99999\n", "2026-12-01 210 pm25"},
		{"units in brackets of all kinds", "日期,PM2.5（微克/立方米）,PM10[ug/m3],CO（毫克/立方米）\n2026-12-01,160,200,1.5\n",
			"2026-12-01 210 pm25"},
		{"the other letter of micro", "日期,PM2.5(\u00b5g/m3),PM10(\u03bcg/m³)\n2026-12-01,160,200\n", "2026-12-01 210 pm25"},
		{"milligrams", "日期,PM2.5(mg/m³),CO(μg/m³)\n2026-12-01,0.16,1500\n", "2026-12-01 210 pm25"},
		{"milligrams by the title", "空气质量预报 单位：mg/m3,,\n日期,PM2.5,PM10\n2026-12-01,0.16,0.2\n", "2026-12-01 210 pm25"},
		{"sub-indices are no concentrations", "日期,AQI,PM2.5,PM2.5分指数,PM2.5_24h\n2026-12-01,160,,900,900\n", ""},
		{"causes", "日期,AQI,首要污染物,污染成因\n2026-12-01,300,PM10,沙尘\n", "2026-12-01 300 pm10"},
		{"a list of pollutants", "日期,AQI,首要污染物\n2026-12-01,160,\"PM2.5，O3-8h\"\n2026-12-02,160,PM2.5；二氧化氮\n2026-12-03,90,无\n",
			"2026-12-01 160 pm25+o3_8h; 2026-12-02 160 pm25+no2; 2026-12-03 90"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadCSV(strings.NewReader(c.text))
			if c.want == "" {
				if err == nil {
					t.Errorf("taken as %s", spellDays(got))
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if said := spellDays(got); said != c.want {
				t.Errorf("got  %s\nwant %s", said, c.want)
			}
		})
	}
}

// What can be read in two ways, or not at all, is refused where it stands.
func TestFormsOfFilesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, text, path, rule string }{
		{"day and month", "日期,AQI\n01/12/2026,160\n", "row 2, column 日期", "csv.date"},
		{"no year", "日期,AQI\n12月1日,160\n", "row 2, column 日期", "csv.date"},
		{"no year, and no value", "日期,AQI\n2026-12-01,160\n12月2日,\n", "row 3, column 日期", "csv.date"},
		{"a wrong day of the week", "日期,AQI\n2026-12-01 星期三,160\n", "row 2, column 日期", "csv.date"},
		{"an hour in a column of days", "日期,AQI\n2026-12-01 08:00,160\n", "row 2, column 日期", "csv.date"},
		{"two rows of a day", "日期,AQI\n2026-12-01,160\n2026/12/1,161\n", "row 3, column 日期", "csv.date_twice"},
		{"two ranges of a day", "日期,AQI\n2026-12-01,150-180\n2026-12-01,140-180\n", "row 3, column 日期", "csv.date_twice"},
		{"two cities", "城市,日期,AQI\n天津,2026-12-01,160\n北京,2026-12-02,210\n", "row 3, column 城市", "csv.places"},
		{"an unknown unit", "日期,AQI,O3(ppb)\n2026-12-01,160,30\n", "row 1, column O3(ppb)", "csv.column_unit"},
		{"an unknown unit in the title", "单位：ppb,,\n日期,AQI,O3\n2026-12-01,160,30\n", "row 2, column 1", "csv.column_unit"},
		{"an unknown unit in a row of units", "日期,AQI,O3\n,,ppb\n2026-12-01,160,30\n", "row 2, column O3 ppb",
			"csv.column_unit"},
		{"the index twice", "日期,实测AQI,预报AQI\n2026-12-01,160,170\n", "row 1, column 预报AQI", "csv.column_twice"},
		{"ozone twice", "日期,O3,O3_8h\n2026-12-01,160,170\n", "row 1, column O3_8h", "csv.column_twice"},
		{"half a range", "日期,AQI下限,AQI上限\n2026-12-01,150,\n", "row 2, column AQI上限", "csv.aqi"},
		{"upside down", "日期,AQI\n2026-12-01,180-150\n", "row 2, column AQI", "csv.aqi"},
		{"a class that has no end", "日期,AQI\n2026-12-01,重度及以上\n", "row 2, column AQI", "csv.aqi"},
		{"a class there is not", "日期,空气质量等级\n2026-12-01,黄色\n", "row 2, column 空气质量等级", "csv.class"},
		{"999 is no mark", "日期,AQI\n2026-12-01,999\n", "row 2, column AQI", "csv.aqi"},
		{"a footnote behind a number", "日期,PM2.5\n2026-12-01,120²\n", "row 2, column PM2.5", "csv.concentration"},
		{"a comma within a number", "日期;PM2.5\n2026-12-01;120,5\n", "row 2, column PM2.5", "csv.concentration"},
		{"CO in µg/m³ without saying so", "日期,AQI,CO\n2026-12-01,160,1500\n", "row 2, column CO", "csv.too_high"},
		{"PM2.5 in mg/m³ without saying so", "日期,PM2.5\n2026-12-01,0.16\n2026-12-02,0.21\n", "row 2, column PM2.5",
			"csv.unit_doubtful"},
		{"PM2.5 that cannot be", "日期,PM2.5\n2026-12-01,1001\n", "row 2, column PM2.5", "csv.too_high"},
		{"no header", "2026-12-01,160\n2026-12-02,170\n", "row 1, column date", "csv.column_missing"},
		{"nothing of the air", "日期,备注\n2026-12-01,晴\n", "row 1, column aqi", "csv.column_missing"},
		{"a second table", "日期,AQI,首要污染物\n2026-12-01,160,PM2.5\n时间,PM2.5,PM10,SO2\n2026-12-02,170,2,3\n", "row 3, column 日期",
			"csv.second_header"},
		{"a value without a day", "日期,AQI\n2026-12-01,160\n,170\n", "row 3, column 日期", "csv.date"},
		{"a note where a value belongs", "日期,AQI\n2026-12-01,不利\n", "row 2, column AQI", "csv.aqi"},
		{"an hour that has a range", "时间,AQI\n2026-12-01 08:00,150-180\n", "row 2, column AQI", "csv.range_hour"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := ReadCSV(strings.NewReader(c.text))
			if rule := ruleAt(err, c.path); rule != c.rule {
				t.Errorf("%v, want %s at %s; read as %s", err, c.rule, c.path, spellDays(got))
			}
		})
	}
}

// Hours in the forms that people send, by the beginnings of the hours.
func TestFormsOfHours(t *testing.T) {
	spell := func(hours []Hour) string {
		var out []string
		for _, h := range hours {
			out = append(out, h.At.Format("02T15")+" "+fmt.Sprint(h.Values()))
		}
		return strings.Join(out, "; ")
	}
	const want = "01T08 map[o3_1h:30 pm25:160]; 02T00 map[pm25:170]"
	for name, c := range map[string]struct {
		text string
		ends bool
		want string
	}{
		"plain": {"time,aqi,pm25,o3\n2026-12-01T08:00:00+08:00,,160,30\n2026-12-02T00:00:00+08:00,,170,\n",
			false, want},
		"without a zone":     {"时间,PM2.5(μg/m³),O3\n2026-12-01 08:00,160,30\n2026-12-01 24:00,170,-\n", false, want},
		"day and hour apart": {"日期,小时,PM2.5,O3\n2026-12-01,8,160,30\n2026-12-01,24,170,\n", false, want},
		"day and time apart": {"日期,时间,PM2.5,O3\n2026年12月1日,08:00,160,30\n2026年12月2日,0:00,170,\n", false, want},
		"numbers of a sheet": {"时间,PM2.5,O3\n46357.3333333333,160,30\n46358.0,170,\n", false, want},
		"ends of hours":      {"时间,PM2.5,O3\n2026-12-01 09:00,160,30\n2026-12-02 01:00,170,\n", true, want},
		"moving means aside": {"时间,PM2.5,PM2.5_24h,O3,O3_8h,AQI类别\n2026-12-01 08:00,160,99,30,99,中度污染\n2026-12-02 00:00,170,99,,99,\n", false, want},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Reader{HourEnds: c.ends}.CSV(strings.NewReader(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if said := spell(got.Hours); said != c.want {
				t.Errorf("got  %s\nwant %s", said, c.want)
			}
		})
	}
}

// What is measured has no ranges, and a number for a fault is no reason to lose the rest.
func TestFormsOfMeasurements(t *testing.T) {
	r := Reader{Measured: true}
	got, err := r.CSV(strings.NewReader("日期,AQI,PM2.5,质量等级\n2026-12-01,160,120,中度污染\n2026-12-02,,-999,\n"))
	if err != nil || len(got.Measured()) != 2 || len(got.Notes) == 0 || len(got.Days[1].SetAside) != 1 ||
		got.Days[1].AQI != nil {
		t.Errorf("%+v %v", got, err)
	}
	if _, err := r.CSV(strings.NewReader("日期,AQI\n2026-12-01,150-180\n")); ruleAt(err,
		"row 2, column AQI") != "csv.range_measured" {
		t.Errorf("a range: %v", err)
	}
	if _, err := r.CSV(strings.NewReader("日期,AQI下限,AQI上限\n2026-12-01,150,180\n")); ruleAt(err,
		"row 2, column AQI上限") != "csv.aqi" {
		t.Errorf("a range in two columns: %v", err)
	}
	o, notes, err := Reader{}.Observation([]byte(`{"station":"1015A","region":"120111","hours":[{"时间":"2026-12-01 08:00","PM2.5":"120","PM10":-999},{"at":"2026-12-01 09:00","PM2.5":-99}]}`))
	if want := (RawValue{"pm10", "-999", AsideImpossible}); err != nil || len(o.Hours) != 2 ||
		o.Hours[0].PM25.String() != "120" || o.Hours[0].PM10 != nil ||
		len(o.Hours[0].SetAside) != 1 || o.Hours[0].SetAside[0] != want || !o.Hours[1].empty() {
		t.Errorf("%+v %+v %v", o, notes, err)
	}
	if _, _, err := (Reader{}).Observation([]byte(`{"station":"1015A","region":"120111","hours":[{"at":"2026-12-01 09:00","PM2.5":"—"}]}`)); ruleAt(err, "days") != "days.none" {
		t.Errorf("nothing left: %v", err)
	}
}

// What CSV takes JSON takes as well.
func TestFormsOfBodies(t *testing.T) {
	body := func(days string) []byte {
		return []byte(`{"source":"emc","region":"120111","issued_at":"2026-11-30 17:00","days":[` + days + `]}`)
	}
	for text, want := range map[string]string{
		`{"date":"2026-12-01","aqi":160,"primary":["PM2.5"]}`:                                     "2026-12-01 160-160 [pm25]",
		`{"日期":"2026年12月1日","AQI":"150～180","首要污染物":"PM2.5、臭氧"}`:                                  "2026-12-01 150-180 [pm25 o3_8h]",
		`{"date":20261201,"PM2.5":160}`:                                                           "2026-12-01 210-210 [pm25]",
		`{"date":46357,"PM2.5(mg/m3)":"0.16","CO(μg/m³)":1500}`:                                   "2026-12-01 210-210 [pm25]",
		`{"date":"2026/12/1","aqi":"轻度~中度污染"}`:                                                    "2026-12-01 101-200 []",
		`{"date":"2026-12-01","空气质量级别":"严重污染","aqi":null}`:                                        "2026-12-01 301-301 []",
		`{"date":"2026-12-01","aqi_low":"150.0","AQI上限":180}`:                                     "2026-12-01 150-180 []",
		`{"date":"2026-12-01","aqi":160},{"日期":"20261201","AQI":"160"}`:                           "2026-12-01 160-160 []",
		`{"date":"2026-12-01","aqi":160,"pm25":"NA","pm10":-999},{"date":"2026-12-02","aqi":"-"}`: "2026-12-01 160-160 []",
	} {
		f, _, err := Reader{}.Forecast(body(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var got []string
		for _, d := range f.Days {
			got = append(got, fmt.Sprintf("%s %d-%d %v", d.Date, d.AQILow, d.AQIHigh, d.Primary))
		}
		if said := strings.Join(got, "; "); said != want {
			t.Errorf("%s\ngot  %s\nwant %s", text, said, want)
		}
	}
	for text, want := range map[string][2]string{
		`{"date":"01/12/2026","aqi":160}`:                                 {"days[0].date", "day.date_order"},
		`{"日期":"12月1日","aqi":160}`:                                        {"days[0].日期", "day.date_year"},
		`{"date":"2026-12-01","PM2.5":160,"pm25":160}`:                    {"days[0].pm25", "day.member_twice"},
		`{"date":"2026-12-01","PM2.5(ppb)":160}`:                          {"days[0].PM2.5(ppb)", "head.addition"},
		`{"date":"2026-12-01","co":1500}`:                                 {"days[0].co", "day.too_high"},
		`{"date":"2026-12-01","aqi":160},{"date":"2026-12-01","aqi":161}`: {"days[1].date", "day.twice"},
		`{"date":"2026-12-01","aqi_low":150,"aqi_high":"-"}`:              {"days[0].aqi_low", "day.half_range"},
		`{"date":"2026-12-01","aqi":[160]}`:                               {"days[0].aqi", "input.wrong_type"},
		`{"date":"2026-12-01","aqi":"-"}`:                                 {"days", "days.none"},
		`5`:                                                               {"days[0]", "input.wrong_type"},
	} {
		_, _, err := Reader{}.Forecast(body(text))
		if rule := ruleAt(err, want[0]); rule != want[1] {
			t.Errorf("%s: %v, want %s at %s", text, err, want[1], want[0])
		}
	}
	if _, _, err := (Reader{}).Forecast(body(`{"date":"2026-12-01","PM2.5分指数":160}`)); ruleAt(err,
		"days[0].PM2.5分指数") != "input.unknown_field" {
		t.Errorf("a member there is not: %v", err)
	}
}

func TestNotesOfAForecast(t *testing.T) {
	got, err := ReadCSV(strings.NewReader("日期,AQI,PM2.5,PM10,等级,风力\n2026-12-01,,160,450,,3\n2026-12-02,160,150,100,优,\n"))
	if err != nil {
		t.Fatal(err)
	}
	var rules []string
	for _, n := range got.Notes {
		rules = append(rules, n.Path+" "+n.Rule)
	}
	want := "row 1, column 风力 note.column_aside; row 2, column pm25 note.pm25_alone; row 3, column pm25 note.pm25_above_pm10; row 3, column class note.class_differs"
	if said := strings.Join(rules, "; "); said != want {
		t.Errorf("got  %s\nwant %s", said, want)
	}
	if text := got.Notes[1].In("zh-CN").Message; !strings.Contains(text, "单看 PM2.5 为 210") {
		t.Error(text)
	}
}

// A file of nothing but marks of what is missing holds no hour, forecast or measured: it is refused like one without
// rows.
func TestHoursThatAreAllMissingAreNoFile(t *testing.T) {
	for _, r := range []Reader{{}, {Measured: true}} {
		air, err := r.CSV(strings.NewReader("时间,AQI,PM2.5\n2026-12-01 08:00,,-\n2026-12-01 09:00,NA,—\n"))
		if ruleAt(err, "row 2, column 时间") != "csv.no_days" {
			t.Errorf("measured %v: %+v, %v", r.Measured, air, err)
		}
	}
}
