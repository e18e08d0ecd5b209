package alerts

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Whatever the bytes: days or hours, in order, without repetition and in range, that the engine takes; or a refusal
// with a place in every field.
func FuzzReadCSV(f *testing.F) {
	const hours = "time,aqi,primary,pm25,pm10,so2,no2,co,o3\n"
	f.Add(csvHeader + "2016-12-16,155,PM2.5,118,157,43,81,2,35\n")
	f.Add("\ufeffdate,aqi,cause\n2016-12-16,,dust\n")
	f.Add("date,aqi\n\"2016-12-16\n,1")
	f.Add(hours + "2016-12-16T01:00:00+08:00,,,118,157,43,81,2,35\n2016-12-15T16:00:00Z,120,,,,,,,\n")
	f.Add("\ufefftime,aqi,cause\r\n2016-12-16T01:00:00+08:00,155,dust\r\n2016-12-16T23:00:00+08:00,155,local-dust\r\n")
	f.Add(hours + "2199-12-31T23:00:00+08:00,500,O3_8h;PM10,100000,0.0000001,,,,\n")
	f.Add("\xef\xbb\xbf天津市空气质量预报,,\n日期；,AQI\n")
	f.Add("sep=;\n日期;AQI;首要污染物;PM2.5(mg/m³);PM10\n2026年12月1日;150～180;细颗粒物、臭氧;0.12;-\n注：以上为预报;;;;\n")
	f.Add("日期,AQI,,PM2.5\n,下限,上限,μg/m³\n46357,150,180,120\n46357,150,180,120\n")
	f.Add("日期,小时,AQI类别\n2026-12-01,24,轻度~中度污染\n")
	f.Add("time,date,aqi\n2016-12-16T01:00:00+08:00,2016-12-16,1\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadCSV(strings.NewReader(text))
		if err != nil {
			var e *refusal.Error
			if !errors.As(err, &e) {
				t.Fatalf("not a refusal: %v", err)
			}
			for _, field := range e.Fields {
				if !strings.HasPrefix(field.Path, "row ") || !refusal.Known(field.Rule) {
					t.Fatalf("field %+v", field)
				}
			}
			return
		}
		if len(got.Days) > 0 && len(got.Hours) > 0 {
			t.Fatal("days and hours in one file")
		}
		for i, d := range got.Days {
			if i > 0 && got.Days[i-1].Date >= d.Date {
				t.Fatalf("%s follows %s", d.Date, got.Days[i-1].Date)
			}
			if d.AQI != nil && (*d.AQI < 0 || *d.AQI > 500) {
				t.Fatalf("AQI %d", *d.AQI)
			}
		}
		for i, h := range got.Hours {
			if i > 0 && !got.Hours[i-1].At.Before(h.At) || !h.At.Equal(h.At.Truncate(time.Hour)) {
				t.Fatalf("hour %d at %s", i, h.At)
			}
			if h.AQI == nil && len(h.Values()) == 0 || h.AQI != nil && (*h.AQI < 0 || *h.AQI > 500) {
				t.Fatalf("hour %+v", h)
			}
		}
		if n := len(got.Hours); n > 0 && got.Hours[n-1].At.Sub(got.Hours[0].At) > 1000*24*time.Hour {
			return // centuries of unknown days take their time
		}
		if n := len(got.Days); n > 0 && daysBetween(got.Days[0].Date, got.Days[n-1].Date) > 1000 {
			return
		}
		holds(t, Evaluate(got.Series(), National2024(), plain))
	})
}

// holds asserts what is true of every evaluation.
func holds(t *testing.T, ev Evaluation) {
	t.Helper()
	for i, w := range ev.Windows {
		if i > 0 && !ev.Windows[i-1].From.Before(w.From) {
			t.Fatalf("window %s follows %s", w.From, ev.Windows[i-1].From)
		}
		if w.AQI != nil && (*w.AQI < 0 || *w.AQI > 500) || w.Counted && w.AQI == nil || w.Valid < 0 || w.Valid > 24 {
			t.Fatalf("window %+v", w)
		}
	}
	for i, d := range ev.Days {
		if i > 0 && ev.Days[i-1].Date >= d.Date {
			t.Fatalf("day %s follows %s", d.Date, ev.Days[i-1].Date)
		}
	}
	highest := None
	var last time.Time
	for _, ep := range ev.Episodes {
		level := None
		for _, c := range ep.Clauses {
			if c.Met != (len(c.Windows) > 0) {
				t.Fatalf("clause %+v", c)
			}
			if c.Met && c.Level.Above(level) {
				level = c.Level
			}
			for _, w := range c.Windows {
				if !w.From.Before(w.To) || w.AQIMin > w.AQIMax || w.To.Sub(w.From) > time.Duration(c.LongestH)*time.Hour {
					t.Fatalf("clause %+v", c)
				}
				if c.Level == ep.Level && (w.From.Before(ep.From) || w.To.After(ep.To)) {
					t.Fatalf("%s..%s does not hold %s..%s", ep.From, ep.To, w.From, w.To)
				}
			}
		}
		if level == None || ep.Level != level || !ep.From.Before(ep.To) || ep.From.Before(last) {
			t.Fatalf("episode %s from %s to %s, its highest clause %s, the one before until %s", ep.Level, ep.From, ep.To,
				level, last)
		}
		last = ep.To
		if level.Above(highest) {
			highest = level
		}
	}
	if ev.Level != highest {
		t.Fatalf("level %s, highest episode %s", ev.Level, highest)
	}
	for _, tip := range ev.Tips {
		if !tip.From.Before(tip.To) || tip.Reason == "" {
			t.Fatalf("tip %+v", tip)
		}
	}
}

// What is taken as criteria evaluates a short series without ado, and reads back as the same from its own JSON.
func FuzzParseCriteria(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("..", "seeds", "criteria", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`{"name":"x","title":"x","document":"x","source":"x","counts":{},"levels":[{"level":"red","any_of":[{"over":0,"hours":24,"within":{"over":499,"hours":9600}}]}]}`)
	f.Add(`{"name":"x","title":"x","document":"x","source":"x","valid_from":"2199-12-31","valid_to":"1990-01-01","counts":{"primary":"co","except_causes":[""]},"levels":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCriteria([]byte(text))
		if err != nil {
			var e *refusal.Error
			if !errors.As(err, &e) || !refusal.Known(e.Rule) {
				t.Fatalf("not a refusal: %v", err)
			}
			for _, field := range e.Fields {
				if !refusal.Known(field.Rule) {
					t.Fatalf("field %+v", field)
				}
			}
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseCriteria(again)
		if err != nil {
			t.Fatalf("%s was taken, and now %v", again, err)
		}
		if !reflect.DeepEqual(back, c) {
			t.Fatalf("%+v came back as %+v", c, back)
		}
		s := byDay(days("2024-01-01", 0, 160, -1, 210, 310, 500, 500, 500, 500, 120, 500)...)
		for _, opt := range bothWays() {
			holds(t, Evaluate(s, c, opt))
		}
	})
}

// hoursOfBytes makes a series of any bytes, three to a step: what to add, how much of it, and a value.
func hoursOfBytes(data []byte) Series {
	var s Series
	at := Date("2026-02-27").Start()
	pollutants := aqi.Pollutants()
	for ; len(data) >= 3 && len(s.Hours) < 500; data = data[3:] {
		what, n, value := int(data[0]), int(data[1])%50+1, int64(data[2])
		if what%8 == 7 {
			at = at.Add(time.Duration(n) * time.Hour)
			continue
		}
		h := HourAir{Cause: causes[what/8%len(causes)], Aside: what >= 248}
		switch what % 8 {
		case 0:
			h.AQI = ptr(int(value*500) / 255)
		case 1: // an index beside concentrations, which go before it
			h.AQI = ptr(int(value))
			fallthrough
		case 2, 3, 4:
			h.Values = aqi.Values{aqi.PM25: aqi.Whole(int(value) * 2), pollutants[what%8]: aqi.Whole(int(value))}
		case 5: // all seven, as far as they go
			h.Values = aqi.Values{}
			for _, p := range pollutants {
				h.Values[p] = aqi.Whole(int(value) * aqi.MaxConcentration / 255)
			}
		case 6: // means of three stations
			h.Values = aqi.Values{aqi.PM25: aqi.Mean([]aqi.Concentration{aqi.Whole(int(value)), aqi.Whole(0),
				aqi.Whole(int(value))})}
		}
		for range n {
			one := h
			one.At = at
			s.Hours = append(s.Hours, one)
			at = at.Add(time.Hour)
		}
		if value == 255 && len(s.Days) == 0 {
			s.Days = days(DateOf(at).AddDays(-1), int(data[1]), 301, -1, 201)
		}
	}
	return s
}

// Whatever the bytes: the engine does not fall over, and what it says hangs together.
func FuzzEvaluateHours(f *testing.F) {
	f.Add([]byte{0, 49, 255, 2, 30, 116, 7, 5, 0, 2, 49, 151, 255, 6, 0, 2, 49, 255})
	f.Add([]byte{5, 30, 255, 7, 3, 0, 5, 30, 200, 6, 24, 226, 12, 24, 116})
	f.Add([]byte{3, 12, 160, 11, 12, 160, 3, 24, 160, 7, 40, 1, 0, 24, 255, 0, 24, 80})
	sets := threeSets(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		s := hoursOfBytes(data)
		for _, c := range sets {
			for _, opt := range bothWays() {
				holds(t, Evaluate(s, c, opt))
			}
		}
	})
}
