package forms

import (
	"slices"
	"testing"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

func TestReadHead(t *testing.T) {
	for text, want := range map[string]Head{
		"date": {Column: Date}, "Date": {Column: Date}, "日期": {Column: Date}, "预报日期": {Column: Date}, "日 期": {Column: Date},
		"日期（年月日）": {Column: Date},
		"time":    {Column: Time}, "时间": {Column: Time}, "日期时间": {Column: Time}, "datetime": {Column: Time},
		"date_time": {Column: Time}, "小时": {Column: Hour}, "hour": {Column: Hour},
		"AQI": {Column: AQI}, "ａｑｉ": {Column: AQI}, "空气质量指数": {Column: AQI}, "空气质量指数（AQI）": {Column: AQI},
		"AQI指数": {Column: AQI}, "AQI预报值": {Column: AQI}, "AQI范围": {Column: AQI},
		"aqi_low": {Column: AQILow}, "AQI下限": {Column: AQILow}, "AQI（最小值）": {Column: AQILow}, "最低AQI": {Column: AQILow},
		"aqiMin":   {Column: AQILow},
		"aqi_high": {Column: AQIHigh}, "AQI上限": {Column: AQIHigh}, "空气质量指数上限": {Column: AQIHigh},
		"Max AQI": {Column: AQIHigh},
		"AQI类别":   {Column: Class}, "空气质量级别": {Column: Class}, "空气质量指数类别": {Column: Class}, "等级": {Column: Class},
		"空气质量等级": {Column: Class}, "空气质量状况": {Column: Class}, "污染等级": {Column: Class}, "空气质量": {Column: Class},
		"首要污染物": {Column: Primary}, "Primary": {Column: Primary}, "primary_pollutant": {Column: Primary},
		"主要污染物": {Column: Primary},
		"cause": {Column: Cause}, "成因": {Column: Cause}, "污染成因": {Column: Cause},
		"PM2.5": {Column: "pm25"}, "pm2_5": {Column: "pm25"}, "PM25": {Column: "pm25"}, "ＰＭ２．５": {Column: "pm25"},
		"PM₂.₅": {Column: "pm25"}, "\ufeffPM2.5\u00a0": {Column: "pm25"}, "PM2.5浓度": {Column: "pm25"},
		"细颗粒物":        {Column: "pm25"},
		"细颗粒物(PM2.5)": {Column: "pm25"}, "颗粒物(PM10)": {Column: "pm10"}, "可吸入颗粒物": {Column: "pm10"}, "二氧化硫": {Column: "so2"},
		"NO₂": {Column: "no2"}, "一氧化碳": {Column: "co"},
		"PM2.5(μg/m³)": {Column: "pm25", Unit: Micro}, "PM2.5(µg/m3)": {Column: "pm25", Unit: Micro},
		"pm25 (ug/m3)": {Column: "pm25", Unit: Micro}, "PM2.5（微克/立方米）": {Column: "pm25", Unit: Micro},
		"PM2.5[ug/m^3]": {Column: "pm25", Unit: Micro}, "PM2.5 μg·m⁻³": {Column: "pm25", Unit: Micro},
		"pm25_ugm3": {Column: "pm25", Unit: Micro}, "PM2.5/㎍/㎥": {Column: "pm25", Unit: Micro},
		"PM2.5浓度，μg/m³": {Column: "pm25", Unit: Micro},
		"PM2.5(mg/m3)":  {Column: "pm25", Unit: Milli}, "PM10（毫克/立方米）": {Column: "pm10", Unit: Milli},
		"CO(mg/m³)": {Column: "co", Unit: Milli}, "CO（微克每立方米）": {Column: "co", Unit: Micro},
		"O3": {Column: Ozone}, "臭氧": {Column: Ozone}, "O3_8h": {Column: "o3_8h"}, "O3-8h": {Column: "o3_8h"},
		"臭氧8小时": {Column: "o3_8h"}, "臭氧日最大8小时平均(μg/m³)": {Column: "o3_8h", Unit: Micro, Day: true},
		"O3_1h": {Column: "o3_1h"}, "O3小时": {Column: "o3_1h"}, "臭氧最大1小时": {Column: "o3_1h"},
		"O3_8h_24h": {Column: "o3_8h", Day: true}, "PM2.5_24h": {Column: "pm25", Day: true},
		"PM10小时浓度": {Column: "pm10", Hour: true}, "SO2日均": {Column: "so2", Day: true},
		"城市": {Column: Place}, "station": {Column: Place}, "序号": {Column: Ignored}, "星期": {Column: Ignored},
		"发布时间": {Column: Ignored},
		"":     {}, "备注": {}, "PM2.5分指数": {}, "IAQI(PM2.5)": {}, "PM2.5同比": {}, "PM2.5下限": {}, "O3-8h-90per": {}, "预警级别": {},
		"温度": {}, "COD": {}, "PM1": {}, "颗粒物": {}, "NOx": {}, "风速(m/s)": {},
	} {
		got, w := ReadHead(text)
		if w != nil || got != want {
			t.Errorf("%q: %+v %v, want %+v", text, got, w, want)
		}
	}
	for _, text := range []string{"PM2.5(ppb)", "O3(ppm)", "CO(ng/m3)", "PM2.5(mg/Nm3)", "PM2.5(μg/m³, mg/m³)",
		"AQI(μg/m3)", "AQI(同比)", "PM2.5(PM10)", "SO2(百分位)"} {
		if got, w := ReadHead(text); w == nil || !refusal.Known(w.Rule) {
			t.Errorf("%q is taken as %+v", text, got)
		}
	}
}

func TestConcentration(t *testing.T) {
	for _, c := range []struct {
		text string
		p    aqi.Pollutant
		unit Unit
		want string // empty: missing
	}{
		{"120", "pm25", NoUnit, "120"}, {" 120.0 ", "pm25", NoUnit, "120"}, {"１２０．５", "pm25", Micro, "120.5"},
		{"0.12", "pm25", Milli, "120"}, {"0.1205", "pm10", Milli, "120.5"},
		{"1.5", "co", NoUnit, "1.5"}, {"1.5", "co", Milli, "1.5"}, {"1500", "co", Micro, "1.5"}, {"1", "co", Micro, "0.001"},
		{"35μg/m³", "pm25", NoUnit, "35"}, {"0.035 mg/m3", "pm25", NoUnit, "35"}, {"1.2毫克/立方米", "co", NoUnit, "1.2"},
		{`="120"`, "pm25", NoUnit, "120"}, {"", "co", NoUnit, ""}, {"-", "co", NoUnit, ""}, {"—", "co", NoUnit, ""},
		{"--", "co", NoUnit, ""}, {"－", "co", NoUnit, ""}, {"NA", "co", NoUnit, ""}, {"N/A", "co", NoUnit, ""},
		{"NaN", "co", NoUnit, ""}, {"/", "co", NoUnit, ""},
		{"null", "co", NoUnit, ""}, {"缺测", "co", NoUnit, ""}, {"　", "co", NoUnit, ""}, {"-999", "co", NoUnit, ""},
		{"-99", "co", NoUnit, ""}, {"9999", "co", NoUnit, ""}, {"99999.0", "co", NoUnit, ""}, {"−999.00", "co", Micro, ""},
		{"(-)", "co", NoUnit, ""}, {"（NA）", "co", NoUnit, ""},
	} {
		got, absent, w := Concentration(c.text, c.p, c.unit)
		if w != nil || (absent != Present) != (c.want == "") || c.want != "" && got.String() != c.want {
			t.Errorf("%q %s: %s %v %v, want %s", c.text, c.p, got, absent, w, c.want)
		}
	}
	for text, rule := range map[string]string{
		"many": "aqi.not_a_number", "1,200": "aqi.not_a_number", "1e3": "aqi.not_a_number", "120²": "aqi.not_a_number",
		"120①": "aqi.not_a_number", "120-130": "aqi.not_a_number",
		"120ppb": "aqi.not_a_number", "-3": "aqi.negative", "1000000": "aqi.too_large", "4,5": "aqi.not_a_number",
		"+5": "aqi.not_a_number", "Inf": "aqi.not_a_number", ">500": "aqi.not_a_number",
	} {
		if got, absent, w := Concentration(text, "pm25", NoUnit); w == nil || w.Rule != rule {
			t.Errorf("%q: %s %v %v, want %s", text, got, absent, w, rule)
		}
	}
	if _, _, w := Concentration("35μg/m³", "pm25", Milli); w == nil || w.Rule != "aqi.two_units" {
		t.Errorf("two units: %v", w)
	}
}

func TestIndexAndClass(t *testing.T) {
	for text, want := range map[string]Band{
		"160": {160, 160, false}, "160.0": {160, 160, false}, "１６０": {160, 160, false}, "0": {0, 0, false},
		"500":     {500, 500, false},
		"150-180": {150, 180, false}, "150 - 180": {150, 180, false}, "150～180": {150, 180, false},
		"150~180": {150, 180, false}, "150至180": {150, 180, false}, "150到180": {150, 180, false}, "150—180": {150, 180,
			false}, "150––180": {150, 180, false}, "150〜180": {150, 180, false}, "450->500": {450, 500, false},
		">500": {500, 500, false}, "＞500": {500, 500, false}, "500+": {500, 500, false}, "≥500": {500, 500, false},
		"爆表": {500, 500, false},
		"优":  {0, 50, true}, "良": {51, 100, true}, "轻度污染": {101, 150, true}, "中度": {151, 200, true}, "重度污染": {201, 300, true},
		"严重污染": {301, 301, true}, "五级": {201, 300, true}, "Ⅴ级": {201, 300, true}, "V级": {201, 300, true},
		"轻度~中度污染": {101, 200, true}, "轻~中度污染": {101, 200, true}, "良至轻度污染": {51, 150, true}, "良-轻度": {51, 150, true},
		"重度到严重污染": {201, 301, true}, "中度转轻度污染": {101, 200, true}, "Ⅲ-Ⅳ级": {}, "三级～四级": {101, 200, true},
		"优良": {0, 100, true}, "轻度或中度污染": {101, 200, true}, "三级轻度污染": {101, 150, true},
		"160（中度污染）": {160, 160, false}, "150-180（轻度~中度污染）": {150, 180, false}, "350(严重污染)": {350, 350, false},
		"轻度污染（三级）": {101, 150, true},
	} {
		if text == "Ⅲ-Ⅳ级" {
			continue // in a column of classes alone, see below
		}
		got, absent, w := Index(text)
		if w != nil || absent != Present || got != want {
			t.Errorf("%q: %+v %v %v, want %+v", text, got, absent, w, want)
		}
	}
	for text, rule := range map[string]string{
		"many": "day.aqi_wrong", "155.5": "day.aqi_wrong", "501": "day.aqi_range", "999": "day.aqi_range",
		"-1": "day.aqi_range", "180-150": "day.range_upside_down", ">300": "day.aqi_wrong", "150-501": "day.aqi_range",
		"150-": "day.aqi_wrong", "1-2-3": "day.aqi_wrong",
		"重度及以上": "day.aqi_wrong", "200~重度": "day.aqi_wrong", "轻": "day.aqi_wrong", "160（优）": "day.aqi_and_class",
		"150(140)": "day.aqi_and_class", "160①": "day.aqi_wrong", "1.6e2": "day.aqi_wrong", "三级中度污染": "day.aqi_wrong",
		"中度~": "day.aqi_wrong", "moderate": "day.aqi_wrong",
	} {
		if got, absent, w := Index(text); w == nil || w.Rule != rule || !refusal.Known(w.Rule) {
			t.Errorf("%q: %+v %v %v, want %s", text, got, absent, w, rule)
		}
	}
	for text, want := range map[string]Band{
		"重度污染": {201, 300, true}, "3": {101, 150, true}, "III": {101, 150, true}, "Ⅲ": {101, 150, true},
		"三": {101, 150, true}, "三级": {101, 150, true}, "Ⅲ-Ⅳ级": {101, 200, true}, "三~四级": {101, 200, true}, "III级": {101, 150,
			true}, "良（二级）": {51, 100, true}, "Heavily Polluted": {201, 300, true}, "轻度 ~ 中度污染": {101, 200, true},
	} {
		got, absent, w := ClassBand(text)
		if w != nil || absent != Present || got != want {
			t.Errorf("class %q: %+v %v %v, want %+v", text, got, absent, w, want)
		}
	}
	for _, text := range []string{"7", "0", "黄色", "重度及以上", "良（三级）", "Moderate", "轻度污染以上", "160"} {
		if got, _, w := ClassBand(text); w == nil || w.Rule != "class.unknown" {
			t.Errorf("class %q is taken as %+v", text, got)
		}
	}
	for _, text := range []string{"", "-", "NA", "—", "/", "-999", "9999", "无"} {
		if _, absent, w := Index(text); absent == Present || w != nil {
			t.Errorf("%q is not missing: %v", text, w)
		}
	}
}

func TestPollutantsAndCauses(t *testing.T) {
	for text, want := range map[string][]string{
		"PM2.5": {"pm25"}, "pm2_5": {"pm25"}, "细颗粒物": {"pm25"}, "细颗粒物(PM2.5)": {"pm25"}, "颗粒物（PM2.5）": {"pm25"},
		"O3": {"o3_8h"}, "臭氧8小时": {"o3_8h"}, "O3 8h": {"o3_8h"}, "O3-1h": {"o3_1h"}, "O₃": {"o3_8h"},
		"O3_8h;PM10": {"o3_8h", "pm10"}, "PM2.5、PM10": {"pm25", "pm10"}, "PM2.5，PM10": {"pm25", "pm10"},
		"PM2.5；NO2": {"pm25", "no2"}, "PM2.5,NO2": {"pm25", "no2"}, "PM2.5/PM10": {"pm25", "pm10"},
		"PM2.5 PM10": {"pm25", "pm10"}, "PM2.5和臭氧": {"pm25", "o3_8h"}, "PM2.5;PM2.5;": {"pm25"},
		"": {}, "-": {}, "无": {}, "—": {}, "/": {}, "NA": {},
	} {
		got, w := Pollutants(text)
		if w != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %v %v, want %v", text, got, w, want)
		}
	}
	for _, text := range []string{"PM1", "颗粒物", "AQI", "PM2.5;雾", "date", "PM2.5分指数", ";"} {
		if got, w := Pollutants(text); w == nil {
			t.Errorf("%q is taken as %v", text, got)
		}
	}
	for text, want := range map[string]string{"": "", "dust": "dust", "local-dust": "local_dust",
		"cross_border": "cross_border", "沙尘": "dust", "局地扬沙": "local_dust", "山火": "wildfire", "国境外传输": "cross_border",
		"臭氧": "ozone", "无": "", "Dust": "dust"} {
		if got, w := CauseOf(text); w != nil || got != want {
			t.Errorf("cause %q: %q %v, want %q", text, got, w, want)
		}
	}
	if _, w := CauseOf("烟花"); w == nil {
		t.Error("a cause there is not")
	}
}

func TestDay(t *testing.T) {
	for text, want := range map[string]string{
		"2026-12-01": "2026-12-01", "2026-12-1": "2026-12-01", "2026/12/1": "2026-12-01", "2026.12.01": "2026-12-01",
		"2026年12月1日": "2026-12-01", "20261201": "2026-12-01", "20261201.0": "2026-12-01", "２０２６-１２-０１": "2026-12-01",
		"2026—12—01":          "2026-12-01",
		"2026-12-01 00:00:00": "2026-12-01", "2026-12-01T00:00:00+08:00": "2026-12-01", "2026-11-30T16:00:00Z": "2026-12-01",
		"2026/12/1 0:00": "2026-12-01", "2026-12-01 24:00": "2026-12-01", "2026年12月1日24时": "2026-12-01",
		"2026年12月1日0时": "2026-12-01",
		"46357":        "2026-12-01", "46357.0": "2026-12-01", "36526": "2000-01-01", "73050": "2099-12-31",
		"2026-12-01（星期二）": "2026-12-01", "2026年12月1日 周二": "2026-12-01", `="2026-12-01"`: "2026-12-01",
		"2026 年 12 月 1 日": "2026-12-01",
	} {
		if got, w := Day(text); w != nil || got != want {
			t.Errorf("%q: %s %v, want %s", text, got, w, want)
		}
	}
	for text, rule := range map[string]string{
		"": "day.date_wrong", "01/12/2026": "day.date_order", "1-12-2026": "day.date_order",
		"12/01/2026 00:00": "day.date_order", "12月1日": "day.date_year", "12月1日(周二)": "day.date_year",
		"12/1": "day.date_year", "12-01": "day.date_year", "26-12-01": "day.date_year", "26年12月1日": "day.date_year",
		"2026-12-01 08:00": "day.date_timed", "2026-12-01T00:00:00Z": "day.date_timed", "2026-02-30": "day.date_wrong",
		"2026-13-01": "day.date_wrong", "36525": "day.date_wrong", "73051": "day.date_wrong", "46357.5": "day.date_wrong",
		"2026-12-01（星期三）": "day.date_wrong", "1989-12-31": "day.date_wrong",
		"2200-01-01": "day.date_wrong", "2026-12": "day.date_wrong", "今天": "day.date_wrong",
		"2026-12-01~2026-12-03": "day.date_wrong", "Dec 1, 2026": "day.date_wrong", "2026-12/01": "day.date_wrong",
		"2026": "day.date_wrong",
	} {
		if got, w := Day(text); w == nil || w.Rule != rule || !refusal.Known(w.Rule) {
			t.Errorf("%q: %s %v, want %s", text, got, w, rule)
		}
	}
}

func TestHourAt(t *testing.T) {
	for text, want := range map[string]string{
		"2026-12-01T08:00:00+08:00": "2026-12-01T08", "2026-12-01T00:00:00Z": "2026-12-01T08",
		"2026-12-01 08:00": "2026-12-01T08", "2026/12/1 8:00": "2026-12-01T08", "2026年12月1日8时": "2026-12-01T08",
		"2026120108": "2026-12-01T08", "2026-12-01 24:00": "2026-12-02T00",
		"46357.333333": "2026-12-01T08", "46357.3333333333": "2026-12-01T08", "2026-12-01 00:00": "2026-12-01T00",
		"２０２６－１２－０１　０８：００": "2026-12-01T08",
	} {
		got, w := HourAt(text)
		if w != nil || got.Format("2006-01-02T15") != want || got.Location().String() != "Asia/Shanghai" {
			t.Errorf("%q: %s %v, want %s", text, got, w, want)
		}
	}
	for text, rule := range map[string]string{"": "hour.wrong", "2026-12-01": "hour.wrong", "08:00": "hour.wrong",
		"2026-12-01 08:30": "hour.not_full", "46357.35": "hour.not_full", "2026-12-01 25:00": "hour.wrong",
		"2026-12-01 8:00 PM": "hour.wrong"} {
		if got, w := HourAt(text); w == nil || w.Rule != rule {
			t.Errorf("%q: %s %v, want %s", text, got, w, rule)
		}
	}
	for text, want := range map[string]string{"8": "2026-12-01T08", "08:00": "2026-12-01T08", "8时": "2026-12-01T08",
		"24:00": "2026-12-02T00", "0": "2026-12-01T00", "8.0": "2026-12-01T08", "24": "2026-12-02T00"} {
		if got, w := HourOf("2026-12-01", text); w != nil || got.Format("2006-01-02T15") != want {
			t.Errorf("%q: %s %v, want %s", text, got, w, want)
		}
	}
	for _, text := range []string{"", "25", "8:30", "上午8时", "-1"} {
		if got, w := HourOf("2026-12-01", text); w == nil {
			t.Errorf("%q is taken as %s", text, got)
		}
	}
	_ = time.Hour
}

// What is accepted stays the same in plain form, and nothing makes it fall over.
func FuzzCells(f *testing.F) {
	for _, s := range []string{"PM2.5(μg/m³)", "150～180", "轻度~中度污染（三级~四级）", "2026年12月1日24时", "46357.3333", "细颗粒物、臭氧8小时",
		"0.12 mg/m3", "-999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if h, w := ReadHead(text); w == nil && h.Column != Unknown {
			if p, ok := h.Column.Pollutant(false); ok {
				if again, w := ReadHead(string(p)); w != nil || again.Column != Column(p) {
					t.Fatalf("%q: %v", p, again)
				}
			}
		}
		if b, absent, w := Index(text); w == nil && absent == Present && (b.Low < 0 || b.High > 500 || b.Low > b.High) {
			t.Fatalf("%q is %+v", text, b)
		}
		_, _, _ = ClassBand(text)
		if day, w := Day(text); w == nil {
			if again, w := Day(day); w != nil || again != day {
				t.Fatalf("%q is %s, then %s", text, day, again)
			}
		}
		if at, w := HourAt(text); w == nil {
			if again, w := HourAt(at.Format(time.RFC3339)); w != nil || !again.Equal(at) {
				t.Fatalf("%q is %s, then %s", text, at, again)
			}
		}
		for _, p := range aqi.Pollutants() {
			for _, unit := range []Unit{NoUnit, Micro, Milli} {
				c, absent, w := Concentration(text, p, unit)
				if w != nil || absent != Present {
					continue
				}
				if again, absent, w := Concentration(c.String(), p, NoUnit); w != nil || absent == Blank || absent == Present &&
					again != c {
					t.Fatalf("%q of %s is %s, then %s (%v)", text, p, c, again, w)
				}
			}
		}
		if list, w := Pollutants(text); w == nil {
			for _, p := range list {
				if again, w := Pollutants(p); w != nil || !slices.Equal(again, []string{p}) {
					t.Fatalf("%q holds %s", text, p)
				}
			}
		}
		if cause, w := CauseOf(text); w == nil {
			if again, w := CauseOf(cause); w != nil || again != cause {
				t.Fatalf("%q is %s", text, cause)
			}
		}
	})
}
