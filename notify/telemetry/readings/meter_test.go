package readings

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"qingkong/notify/telemetry/hj212"
)

// told is a file's messages, a line each: meter unit step/span, and time=value for each value.
func told(f MeterFile) string {
	var out []string
	for _, m := range f.Messages {
		line := fmt.Sprintf("%s %s %s/%d", m.Point, m.Unit, m.Step, m.SpanMin)
		for _, s := range m.Sent {
			line += fmt.Sprintf(" %s=%v", s.At.In(hj212.Beijing).Format("02T15:04"), *s.Value)
		}
		out = append(out, line)
	}
	return strings.Join(out, "\n")
}

func TestTablesOfPowerCompanies(t *testing.T) {
	for _, c := range []struct {
		name, table string
		ends        Ends
		want        string
	}{
		{"a row a value", "电表编号,时间,有功功率(kW)\nM1,2026-03-01 08:00,100\nM1,2026-03-01 08:15,101.5\nM2,2026/3/1 8:00,7\n" +
			"M2,2026/3/1 8:15,\nM2,2026/3/1 8:30,--\nM2,2026/3/1 8:45,8\n", Auto,
			"M1 kW 1m/15 01T08:00=100 01T08:15=101.5\nM2 kW 1m/15 01T08:00=7 01T08:45=8"},
		{"hours of energy", "户号\t户名\t数据时间\t电量（千瓦时）\n0123456789\t示例公司\t2026年3月1日8时\t1,250.5\n" +
			"0123456789\t示例公司\t2026年3月1日9时\t900\n合计\t\t\t2150.5\n", Auto,
			"0123456789 kWh 1h/0 01T08:00=1250.5 01T09:00=900"},
		{"ends of periods, by 24:00", "表号,日期,时刻,电量(kWh)\nM1,2026-03-01,23:45,1\nM1,2026-03-01,24:00,2\n" +
			"M1,2026-03-02,00:15,3\n", Auto,
			"M1 kWh 1m/15 01T23:30=1 01T23:45=2 02T00:00=3"},
		{"ends of periods, as it is said", "表号,日期,时刻,电量(kWh)\nM1,2026-03-01,23:45,1\nM1,2026-03-02,00:00,2\n", Stops,
			"M1 kWh 1m/15 01T23:30=1 01T23:45=2"},
		{"periods written whole", "表号,日期,时段,电量\nM1,2026-03-01,23:30-23:45,1\nM1,2026-03-01,23:45~24:00,2\n", Auto,
			"M1 kWh 1m/15 01T23:30=1 01T23:45=2"},
		{"one period is enough where it is written whole", "表号,日期,时段,电量(kWh)\nM1,20260301,8时-9时,1\n", Auto,
			"M1 kWh 1h/0 01T08:00=1"},
		{"register readings", "表号,抄表时间,正向有功总示数,倍率\nM1,2026-03-01 08:00,100.25,80\nM1,2026-03-01 08:15,100.5,80\n" +
			"M1,2026-03-01 08:30,100.5,80\nM1,2026-03-01 09:00,101,80\nM1,2026-03-01 09:15,3,80\n", Auto,
			"M1 kWh 1m/15 01T08:00=20 01T08:15=0"},
		{"energy stands before registers and power",
			"表号,时间,有功功率,示数,电量,无功电量,尖电量\nM1,2026-03-01 08:00,1,2,3,4,5\nM1,2026-03-01 09:00,1,2,4,4,5\n", Auto,
			"M1 kWh 1h/0 01T08:00=3 01T09:00=4"},
		{"a column a quarter", "某公司有功功率曲线,,,\n电能表编号,日期,0:15,0:30,24:00\n=\"00012\",2026-03-01,1,2,3\n", Auto,
			"00012 kW 1m/15 01T00:00=1 01T00:15=2 01T23:45=3"},
		{"a column an hour", "电量（kWh）\n表号,日期," + clocks(0, 24) + "\nM1,2026-03-01" + strings.Repeat(",5", 24) + "\n",
			Auto,
			"M1 kWh 1h/0" + hours(5)},
		{"columns by number", "负荷\n表号,日期," + points(24) + "\nM1,2026-03-01" + strings.Repeat(",5", 24) + "\n", Auto,
			"M1 kW 1h/0" + hours(5)},
		{"a row a quantity", "表号,日期,数据项,0:00,0:30\nM1,2026-03-01,无功功率,8,8\nM1,2026-03-01,有功功率,5,6\n" +
			"M1,2026-03-01,A相电压,220,221\n", Auto,
			"M1 kW 1m/30 01T00:00=5 01T00:30=6"},
		{"a title with its unit", "用电量，单位：万千瓦时\n表号,日期,0:00,1:00\nM1,2026-03-01,1.5,2\n", Auto,
			"M1 万kWh 1h/0 01T00:00=1.5 01T01:00=2"},
		{"the same again", "表号,时间,功率\nM1,2026-03-01 09:00,2\nM1,2026-03-01 08:00,1\nM1,2026-03-01 09:00,2\n", Auto,
			"M1 kW 1h/0 01T08:00=1 01T09:00=2"},
		{"megawatts", "表号;时间;负荷(MW)\nM1;2026-03-01T08:00:00+08:00;1.5\nM1;2026-03-01T09:00:00+08:00;1.25\n", Auto,
			"M1 MW 1h/0 01T08:00=1.5 01T09:00=1.25"},
	} {
		gb, err := simplifiedchinese.GB18030.NewEncoder().String(c.table)
		if err != nil {
			t.Fatal(err)
		}
		for form, table := range map[string]string{"UTF-8": c.table, "a mark": "\ufeff" + c.table, "GB 18030": gb,
			"CRLF": strings.ReplaceAll(c.table, "\n", "\r\n")} {
			f, err := ParseMeterCSV([]byte(table), c.ends)
			if got := told(f); err != nil || got != c.want {
				t.Errorf("%s, %s: %v\n%s\nwant\n%s", c.name, form, err, got, c.want)
			}
			for _, m := range f.Messages {
				body, err := m.Body()
				if err == nil {
					_, err = ParseMessage(body)
				}
				if err != nil {
					t.Errorf("%s: %s: %v", c.name, body, err)
				}
			}
		}
	}
}

func clocks(from, n int) string {
	var out []string
	for h := from; h < from+n; h++ {
		out = append(out, fmt.Sprintf("%d:00", h))
	}
	return strings.Join(out, ",")
}

func points(n int) string {
	var out []string
	for k := 1; k <= n; k++ {
		out = append(out, fmt.Sprintf("P%d", k))
	}
	return strings.Join(out, ",")
}

func hours(x float64) (out string) {
	for h := range 24 {
		out += fmt.Sprintf(" 01T%02d:00=%v", h, x)
	}
	return out
}

func TestRegistersThatTurnBackOrAreMissing(t *testing.T) {
	f, err := ParseMeterCSV([]byte("表号,时间,示数\nM1,2026-03-01 08:00,99\nM1,2026-03-01 08:15,1\nM1,2026-03-01 08:45,2\n"+
		"M1,2026-03-01 09:00,4\n"), Auto)
	if err != nil || told(f) != "M1 kWh 1m/15 01T08:45=2" || len(f.Notes) != 2 ||
		f.Notes[0].Name != TurnedBack || f.Notes[1].Name != Gap || f.Notes[0].Code != "M1" {
		t.Errorf("%v, %s, %v", err, told(f), f.Notes)
	}
	for _, n := range f.Notes {
		if strings.Contains(n.Message("en"), "{") || strings.HasPrefix(n.Message("zh-CN"), "readings.") {
			t.Error(n.Message("en"))
		}
	}
}

func TestTablesThatAreRefused(t *testing.T) {
	for _, c := range []struct{ name, table, want string }{
		{"nothing", "", "readings.meter.no_head"},
		{"no header", "M1,2026-03-01 08:00,100\n", "readings.meter.no_head"},
		{"no meter", "时间,有功功率\n2026-03-01 08:00,100\n", "readings.meter.no_head"},
		{"no values", "表号,时间,有功功率\n", "readings.meter.empty"},
		{"nothing says what", "表号,日期,0:00,1:00\nM1,2026-03-01,1,2\n", "readings.meter.what"},
		{"reactive power", "表号,时间,无功功率\nM1,2026-03-01 08:00,1\n", "readings.meter.what"},
		{"two columns of it", "表号,时间,负荷,有功功率\nM1,2026-03-01 08:00,1,1\n", "readings.meter.column_twice"},
		{"power in kWh", "表号,时间,有功功率(kWh)\nM1,2026-03-01 08:00,1\n", "readings.meter.unit"},
		{"a power of ten", "表号,时间,功率\n1.23457E+15,2026-03-01 08:00,1\n", "row 2, column 表号 readings.meter.by_power"},
		{"a meter's number", "表号,时间,功率\na.b,2026-03-01 08:00,1\n", "row 2, column 表号 readings.meter.ref"},
		{"a time", "表号,时间,功率\nM1,昨天,1\nM1,08:00,1\n",
			"row 2, column 时间 readings.meter.time; row 3, column 时间 readings.meter.time"},
		{"a time without its day", "表号,时刻,时间,功率\nM1,8:00,08:00,1\n", "row 2, column 时间 readings.meter.time"},
		{"a day", "功率\n表号,日期,0:00\nM1,3月1日,1\n", "row 3, column 日期 readings.meter.date"},
		{"a number", "表号,时间,功率\nM1,2026-03-01 08:00,1e3\nM1,2026-03-01 09:00,12kW\n",
			"row 2, column 功率 readings.meter.number; row 3, column 功率 readings.meter.number"},
		{"negative energy", "表号,时间,电量\nM1,2026-03-01 08:00,-1\n", "row 2, column 电量 readings.meter.number"},
		{"a multiplier", "表号,时间,示数,倍率\nM1,2026-03-01 08:00,1,0\n", "row 2, column 倍率 readings.meter.multiplier"},
		{"two values", "表号,时间,功率\nM1,2026-03-01 08:00,1\nM1,2026-03-01 08:00,2\nM1,2026-03-01 09:00,2\n",
			"row 3 readings.meter.twice"},
		{"one time", "表号,时间,功率\nM1,2026-03-01 08:00,1\n", "row 2 readings.meter.interval"},
		{"seven minutes", "表号,时间,功率\nM1,2026-03-01 08:00,1\nM1,2026-03-01 08:07,1\n", "row 2 readings.meter.interval"},
		{"off the interval", "表号,时间,功率\nM1,2026-03-01 08:05,1\nM1,2026-03-01 08:20,1\n",
			"row 2 readings.meter.grid; row 3 readings.meter.grid"},
		{"periods of two lengths", "表号,日期,时段,电量\nM1,2026-03-01,8:00-9:00,1\nM1,2026-03-01,9:00-9:15,1\n",
			"row 3, column 电量 readings.meter.spans"},
		{"bytes", "PK\x03\x04\xff\xfe", "readings.meter.text"},
		{"zeros", "表号,时间,功率\n\x00", "readings.meter.text"},
		{"wide", strings.Repeat("x,", 500) + "\n", "readings.meter.wide"},
		{"large", strings.Repeat("x", MaxMeterFile+1), "readings.meter.large"},
	} {
		f, err := ParseMeterCSV([]byte(c.table), Auto)
		if got := wrongPlaces(err); got != c.want || f.Messages != nil {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// A day that is written as quarters of energy, as register readings or in a column for each quarter says the same.
func TestFormsOfATableSayTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 96).Draw(t, "quarters")
		kwh := rapid.SliceOfN(rapid.IntRange(0, 100_000), n, n).Draw(t, "Wh")
		midnight := at("2026-03-01 00:00:00")
		long, registers := "表号,时间,电量(kWh)\n", "表号,时间,示数\nM1,2026-03-01 00:00,0\n"
		head, across, sum := "电量\n表号,日期", "M1,2026-03-01", 0
		want := map[time.Time]float64{}
		for k, wh := range kwh {
			start := midnight.Add(time.Duration(k) * 15 * time.Minute)
			sum += wh
			want[start] = float64(wh) / 1000
			long += fmt.Sprintf("M1,%s,%g\n", start.Format("2006-01-02 15:04"), float64(wh)/1000)
			registers += fmt.Sprintf("M1,%s,%.3f\n", start.Add(15*time.Minute).Format("2006-01-02 15:04"),
				float64(sum)/1000)
			head += start.Format(",15:04") + start.Add(15*time.Minute).Format("-15:04")
			across += fmt.Sprintf(",%g", float64(wh)/1000)
		}
		for form, table := range map[string]string{"long": long, "registers": registers,
			"across": head + "\n" + across + "\n"} {
			f, err := ParseMeterCSV([]byte(table), Auto)
			if err != nil || len(f.Messages) != 1 || f.Messages[0].SpanMin != 15 || len(f.Messages[0].Sent) != n {
				t.Fatalf("%s: %v, %s", form, err, told(f))
			}
			for _, s := range f.Messages[0].Sent {
				if x, has := want[s.At.In(hj212.Beijing)]; !has || math.Abs(*s.Value-x) > 1e-9 {
					t.Fatalf("%s: %v is %v, want %v", form, s.At, *s.Value, x)
				}
			}
		}
	})
}

// Whatever is taken is messages that ParseMessage takes, with no more values than the table has cells.
func FuzzParseMeterCSV(f *testing.F) {
	f.Add([]byte("电表编号,时间,有功功率(kW)\nM1,2026-03-01 08:00,100\nM1,2026-03-01 08:15,101.5\n"), "")
	f.Add([]byte("表号,日期,时段,电量\nM1,2026-03-01,23:30-23:45,1\nM1,2026-03-01,23:45~24:00,2\n"), "end")
	f.Add([]byte("功率\n表号,日期,0:15,0:30,24:00\n=\"00012\",2026-03-01,1,2,3\n"), "")
	f.Add([]byte("表号,抄表时间,示数,倍率\nM1,2026-03-01 08:00,100.25,80\nM1,2026-03-01 08:15,100.5,80\n"), "start")
	f.Fuzz(func(t *testing.T, table []byte, ends string) {
		file, err := ParseMeterCSV(table, Ends(ends))
		if err != nil {
			if file.Messages != nil {
				t.Fatal("messages come with a refusal")
			}
			return
		}
		values := 0
		for _, m := range file.Messages {
			body, err := m.Body()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ParseMessage(body); err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			values += len(m.Sent)
		}
		if values > len(table) {
			t.Fatalf("%d values of %d bytes", values, len(table))
		}
	})
}

// One row at an odd time is refused by its place, and changes nothing of what the others are taken for.
func TestAnOddRowOfATable(t *testing.T) {
	table := "表号,时间,功率(kW)\nM1,2026-03-01 08:00,1\nM1,2026-03-01 09:00,2\nM1,2026-03-01 09:05,3\nM1,2026-03-01 10:00,4\n" +
		"M1,2026-03-01 11:00,5\nM2,2026-03-01 08:00,6\n"
	if _, err := ParseMeterCSV([]byte(table), Starts); wrongPlaces(err) != "row 4 readings.meter.grid" {
		t.Error(wrongPlaces(err))
	}
	f, err := ParseMeterCSV([]byte(strings.Replace(table, "M1,2026-03-01 09:05,3\n", "", 1)), Starts)
	if want := "M1 kW 1h/0 01T08:00=1 01T09:00=2 01T10:00=4 01T11:00=5\nM2 kW 1h/0 01T08:00=6"; err != nil || told(f) != want {
		t.Errorf("%v\n%s", err, told(f))
	}
}
