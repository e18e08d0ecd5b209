package alerts

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// namedLines are what an answer names, in order.
func namedLines(all []Named) (out []string) {
	for _, n := range all {
		out = append(out, n.Path+" "+n.Rule)
	}
	return out
}

// An observation as it comes in: what is set aside, and what is left of it. Now is 2026-12-16, 17:00; rows are hours of
// that day.
func TestAnObservationNamesWhatIsSetAside(t *testing.T) {
	h := func(hour int, rest string) string {
		return fmt.Sprintf(`{"at":"2026-12-16T%02d:00:00+08:00",%s}`, hour, rest)
	}
	for _, c := range []struct {
		name  string
		hours []string
		days  []string
		aside string // what is named, in order
		said  string // in the Chinese message of the first
		wrong bool   // it is all there is
	}{
		{"nothing", []string{h(8, `"pm25":80`)}, nil, "", "", false},
		{"-999", []string{h(8, `"pm25":-999,"pm10":100`)}, nil, "hours[0].pm25 impossible", "-999 是缺测标记", false},
		{"-99 and -999.0", []string{h(8, `"pm25":80,"no2":-99,"so2":-999.0`)}, nil,
			"hours[0].no2 impossible; hours[0].so2 impossible", "", false},
		{"below zero", []string{h(8, `"pm25":80,"o3":-2`)}, nil, "hours[0].o3_1h impossible", "", false},
		{"9999", []string{h(8, `"pm25":80,"pm10":9999`)}, nil, "hours[0].pm10 impossible", "9999 是缺测标记", false},
		{"99999", []string{h(8, `"pm25":80,"co":99999`)}, nil, "hours[0].co impossible", "缺测标记", false},
		{"more than is read", []string{h(8, `"pm25":80,"pm10":100001`)}, nil, "hours[0].pm10 impossible", "超出可能的范围", false},
		{"an index of -1", []string{h(8, `"pm25":80,"aqi":-1`)}, nil, "hours[0].aqi impossible", "", false},
		{"an index of 501", []string{h(8, `"pm25":80,"aqi":501`)}, nil, "hours[0].aqi impossible", "不在 0 至 500", false},
		{"the largest", []string{h(8, `"pm25":1500,"pm10":10000,"so2":4000,"no2":4000,"co":150,"o3":1500`)}, nil, "", "",
			false},
		{"above the largest", []string{h(8, `"pm25":1501,"pm10":10000.5,"so2":4001,"no2":4001,"co":150.1,"o3":1501`),
			h(9, `"pm25":80`)}, nil,
			"hours[0].pm25 impossible; hours[0].pm10 impossible; hours[0].so2 impossible; hours[0].no2 impossible; hours[0].co impossible; hours[0].o3_1h impossible", "", false},
		{"CO in µg/m³", []string{h(8, `"pm25":80,"co":1500`)}, nil, "hours[0].co impossible", "单位是 mg/m³", false},
		{"999 alone", []string{h(8, `"pm25":80,"pm10":999`)}, nil, "", "", false},
		{"999 twice in an hour", []string{h(8, `"pm25":999,"pm10":999,"so2":5`)}, nil,
			"hours[0].pm25 ambiguous; hours[0].pm10 ambiguous", "999", false},
		{"999 in two hours", []string{h(8, `"pm25":80,"pm10":999`), h(9, `"pm25":80,"pm10":999`)}, nil,
			"hours[0].pm10 ambiguous; hours[1].pm10 ambiguous", "", false},
		{"999 two hours apart", []string{h(8, `"pm10":999`), h(10, `"pm10":999`)}, nil, "", "", false},
		{"999 of CO is too much by itself", []string{h(8, `"pm25":80,"co":999`)}, nil, "hours[0].co impossible", "mg/m³",
			false},
		{"twice the same", []string{h(8, `"pm25":80`), h(8, `"pm25":80`)}, nil, "", "", false},
		{"twice with other values", []string{h(8, `"pm25":80`), h(9, `"pm25":70`), h(8, `"pm25":90`)}, nil,
			"hours[0].pm25 doubled; hours[2].pm25 doubled", "给了两次", false},
		{"the hour that runs", []string{h(16, `"pm25":80`), h(17, `"pm25":70`)}, nil, "hours[1].pm25 running_hour", "还没有结束",
			false},
		{"the places are those of the message", []string{h(9, `"pm25":-999`), h(8, `"pm25":70`)}, nil,
			"hours[0].pm25 impossible", "", false},
		{"six of the same", []string{h(1, `"pm25":88`), h(2, `"pm25":88`), h(3, `"pm25":88`), h(5, `"pm25":88`),
			h(6, `"pm25":88`), h(8, `"pm25":88,"so2":4`)}, nil,
			"hours[0].pm25 stuck; hours[1].pm25 stuck; hours[2].pm25 stuck; hours[3].pm25 stuck; hours[4].pm25 stuck; hours[5].pm25 stuck", "卡数", false},
		{"a day", nil, []string{`{"date":"2026-12-15","pm25":1001,"pm10":200,"no2":940}`}, "days[0].pm25 impossible", "",
			false},
		{"a day's largest", nil, []string{`{"date":"2026-12-15","pm25":1000,"pm10":6000,"so2":2620,"no2":940,"co":60,"o3_8h":1000,"o3_1h":1500}`}, "", "", false},
		{"above a day's largest", nil,
			[]string{`{"date":"2026-12-15","aqi":100,"pm10":6001,"so2":2621,"no2":941,"co":60.1,"o3_8h":1001,"o3_1h":1501}`},
			"days[0].pm10 impossible; days[0].so2 impossible; days[0].no2 impossible; days[0].co impossible; days[0].o3_8h impossible; days[0].o3_1h impossible", "", false},
		{"a day of -999 of PM2.5", nil, []string{`{"date":"2026-12-15","pm25":-999,"pm10":60}`}, "days[0].pm25 impossible",
			"", false},
		{"one day twice", nil, []string{`{"date":"2026-12-15","aqi":100}`, `{"date":"2026-12-15","aqi":120}`,
			`{"date":"2026-12-14","aqi":120}`},
			"days[0].aqi doubled; days[1].aqi doubled", "", false},
		{"nothing but -999", []string{h(8, `"pm25":-999`), h(9, `"aqi":-999`)}, nil,
			"hours[0].pm25 impossible; hours[1].aqi impossible", "缺测标记", true},
		{"nothing but 9999", []string{h(8, `"pm25":9999`)}, nil, "hours[0].pm25 impossible", "缺测标记", true},
		{"nothing but 999 twice", []string{h(8, `"pm25":999,"pm10":999`)}, nil,
			"hours[0].pm25 ambiguous; hours[0].pm10 ambiguous", "", true},
		{"nothing but the hour that runs", []string{h(17, `"pm25":80`)}, nil, "hours[0].pm25 running_hour", "", true},
		{"nothing but a day of 1001", nil, []string{`{"date":"2026-12-15","pm25":1001}`}, "days[0].pm25 impossible",
			"", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			defer w.close()
			w.at("2026-12-16T17:00")
			body := fmt.Sprintf(`{"station":"1015A","region":%q,"hours":[%s],"days":[%s]}`, district, strings.Join(c.hours, ","),
				strings.Join(c.days, ","))
			in, err := parseObservation([]byte(body))
			if err != nil {
				t.Fatalf("%s: %v", body, err)
			}
			got, err := try(w, w.engine.DecideObservation, "feeder", in)
			var lines []string
			if c.wrong {
				e, ok := err.(*refusal.Error)
				if !ok || e.Code != refusal.Invalid || w.events() != "" {
					t.Fatalf("%v", err)
				}
				for _, f := range e.Fields {
					lines = append(lines, f.Path+" "+f.Rule)
				}
				if !strings.Contains(e.Fields[0].Message("zh-CN"), c.said) {
					t.Errorf("%s does not say %s", e.Fields[0].Message("zh-CN"), c.said)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				lines = namedLines(got.SetAside)
				if len(got.SetAside) > 0 && !strings.Contains(got.SetAside[0].Message, c.said) {
					t.Errorf("%s does not say %s", got.SetAside[0].Message, c.said)
				}
			}
			if s := strings.Join(lines, "; "); s != c.aside {
				t.Errorf("named %s\nwant  %s", s, c.aside)
			}
			w.mustMatch()
		})
	}
}

// What is no number of a concentration stays what is wrong with a message, at its place.
func TestWrongObservationsStayRefused(t *testing.T) {
	for _, c := range []struct{ hour, path, rule string }{
		{`"pm25":"x"`, "hours[0].pm25", "aqi.not_a_number"},
		{`"nox":-999`, "hours[0].nox", "input.unknown_field"},
		{`"cause":-999`, "hours[0]", "hour.empty"},
		{`"pm25":80,"pm25":-999`, "", "input.not_json"},
		{`"pm25":80,"pm10":-999,`, "", "input.not_json"},
	} {
		_, err := parseObservation([]byte(`{"station":"a","region":"120111","hours":[{"at":"2026-12-16T08:00:00+08:00",` +
			c.hour + `}]}`))
		if got := ruleAt(err, c.path); got != c.rule {
			t.Errorf("%s: %s, want %s", c.hour, got, c.rule)
		}
	}
}

// A station whose hours come one by one: the sixth of a run withdraws the five before it, and each is recorded as it
// came.
func TestARunIsWithdrawnWhenItIsFound(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T08:00")
	for i := range 30 {
		w.now = w.now.Add(time.Hour)
		got := do(w, w.engine.DecideObservation, "feeder", Observation{Station: "1015A", Region: district, Days: []Day{},
			Hours: []Hour{{At: w.now.Add(-time.Hour), Measured: Measured{PM25: ptr(aqi.Whole(264))}}}})
		if want := i >= 5; got.New != 1 || (len(got.SetAside) == 1) != want {
			t.Errorf("hour %d: %d new, set aside %v", i, got.New, got.SetAside)
		}
		w.view(func(tx *bbolt.Tx) error {
			s, err := w.engine.series(tx, scope{region: district}, w.now, delivery{})
			judged := 0
			for k := range s.Hours {
				if !s.Hours[k].missing() {
					judged++
				}
			}
			if want := []int{i + 1, 0}[min(i/5, 1)]; judged != want || len(s.Hours) != i+1 {
				t.Errorf("after hour %d: %d of %d hours are judged, want %d", i, judged, len(s.Hours), want)
			}
			return err
		})
	}
	w.mustMatch()
}

// A doubled or a running hour takes no known one's place; a mark of what is missing does.
func TestWhatIsKnownStays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	at := w.now.Add(-2 * time.Hour)
	say := func(pm25 ...int) ObservationResult {
		o := Observation{Station: "1015A", Region: district, Days: []Day{}}
		for _, v := range pm25 {
			o.Hours = append(o.Hours, Hour{At: at, Measured: Measured{PM25: ptr(aqi.Whole(v))}})
		}
		o.Hours = append(o.Hours, pm(at.Add(-time.Hour), 50))
		return do(w, w.engine.DecideObservation, "feeder", o)
	}
	known := func() string {
		var text string
		w.view(func(tx *bbolt.Tx) error {
			row, _, err := get[observedHour](tx, bObservedHour, hourKey(district, at))
			if h := row["1015A"]; h.PM25 != nil {
				text = h.PM25.String()
			} else {
				for _, n := range h.SetAside {
					text += n.Rule + " " + n.Value + ";"
				}
			}
			return err
		})
		return text
	}
	say(70, 90)
	if got := known(); got != "doubled 70;doubled 90;" {
		t.Errorf("two values of an hour that was not known: %q", got)
	}
	say(80)
	if got := known(); got != "80" {
		t.Errorf("then one: %q", got)
	}
	if got := say(70, 90); known() != "80" || len(got.SetAside) != 2 {
		t.Errorf("then two again: %q, %v", known(), got.SetAside)
	}
	in, err := parseObservation([]byte(`{"station":"1015A","region":"120111","hours":[{"at":"2026-12-16T15:00:00+08:00","pm25":-999,"no2":20}]}`))
	if err != nil {
		t.Fatal(err)
	}
	do(w, w.engine.DecideObservation, "feeder", in)
	if got := known(); got != "impossible -999;" {
		t.Errorf("then a mark: %q", got)
	}
	w.mustMatch()
}

// PM2.5 is a part of PM10: where it is more, the sender is told, and both are taken.
func TestPM25AbovePM10IsTold(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	in, err := parseObservation([]byte(`{"station":"a","region":"120111","hours":[{"at":"2026-12-16T15:00:00+08:00","pm25":80.5,"pm10":80},
		{"at":"2026-12-16T14:00:00+08:00","pm25":80,"pm10":80}],"days":[{"date":"2026-12-15","pm25":90,"pm10":70}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := do(w, w.engine.DecideObservation, "feeder", in)
	if lines := namedLines(got.Remarks); !slices.Equal(lines, []string{"hours[0].pm25 pm25_above_pm10",
		"days[0].pm25 pm25_above_pm10"}) || len(got.SetAside) != 0 || got.New != 3 {
		t.Errorf("%v, %v, %d new", lines, got.SetAside, got.New)
	}
	if en := got.In("en").Remarks[0].Message; !strings.Contains(en, "PM2.5 (80.5 µg/m³) is above PM10 (80 µg/m³)") ||
		!strings.Contains(got.InBoth().Remarks[0].Message, en) {
		t.Error(en)
	}
}

// The order in which hours are named and recorded: as they came, and ascending.
func TestObservationsAreRecordedInOrder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	in := Observation{Station: "a", Region: district,
		Days:  []Day{{Date: "2026-12-15", AQI: ptr(90)}, {Date: "2026-12-14", AQI: ptr(80)}},
		Hours: []Hour{pm(w.now.Add(-time.Hour), 50), pm(w.now.Add(-3*time.Hour), 60)}}
	var events []Event
	w.view(func(tx *bbolt.Tx) (err error) {
		events, _, err = w.engine.DecideObservation(tx, "feeder", in, w.now)
		return err
	})
	o := events[0].(ObservationReceived)
	if !o.Hours[0].At.Before(o.Hours[1].At) || o.Days[0].Date != "2026-12-14" ||
		!reflect.DeepEqual(in.Hours[0], pm(w.now.Add(-time.Hour), 50)) {
		t.Errorf("%+v", o)
	}
}

// A file of measurements is taken as a message is: what is none is set aside in its row, and the rest is kept. The same
// in a file that is no measurement stays wrong.
func TestMeasuredFilesKeepTheirOtherHours(t *testing.T) {
	const text = "time,aqi,pm25,o3\n2026-12-16T08:00:00+08:00,,-999,20\n2026-12-16T09:00:00+08:00,-1,80,21\n2026-12-16T10:00:00+08:00,,82,-99\n2026-12-16T10:00:00+08:00,,90,\n"
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	air, err := (Reader{Measured: true}).CSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	got := do(w, w.engine.DecideObservation, "feeder",
		Observation{Station: "a", Region: district, Days: air.Measured(), Hours: air.Hours})
	want := []string{"hours[0].pm25 impossible", "hours[1].aqi impossible", "hours[2].o3_1h impossible",
		"hours[2].pm25 doubled", "hours[3].pm25 doubled"}
	if lines := namedLines(got.SetAside); !slices.Equal(lines, want) || got.New != 3 {
		t.Errorf("%q, %d new", lines, got.New)
	}
	if air, err = (Reader{Measured: true}).CSV(strings.NewReader("date,aqi,pm25\n2026-12-14,,-999\n2026-12-15,120,-99\n")); err != nil || len(air.Measured()) != 2 {
		t.Errorf("days: %+v, %v", air.Measured(), err)
	}
	if _, err := (Reader{Measured: true}).CSV(strings.NewReader("time,aqi,pm25\n2026-12-16T08:00:00+08:00,,x\n")); ruleAt(err, "row 2, column pm25") != "csv.concentration" {
		t.Errorf("a word: %v", err)
	}
	if _, err := ReadCSV(strings.NewReader(text)); err == nil {
		t.Error("a forecast with them is taken")
	}
	w.mustMatch()
}

// A run that reaches into the ten days that are judged from before them stays withdrawn, and what lies before them is
// not judged.
func TestARunFromBeforeTheJudgedHoursStaysWithdrawn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	begin := w.now.Add(-hoursBack * time.Hour)
	o := Observation{Station: "1015A", Region: district, Days: []Day{}}
	for i := range 10 { // seven before the first judged hour, three from it on
		o.Hours = append(o.Hours, Hour{At: begin.Add(time.Duration(i-7) * time.Hour),
			Measured: Measured{PM25: ptr(aqi.Whole(264))}})
	}
	o.Hours = append(o.Hours, hoursOf(begin.Add(3*time.Hour), 5, 100)...)
	do(w, w.engine.DecideObservation, "feeder", o)
	w.view(func(tx *bbolt.Tx) error {
		s, err := w.engine.series(tx, scope{region: district}, w.now, delivery{})
		if len(s.Hours) != 8 || !s.Hours[0].At.Equal(begin) {
			t.Fatalf("%d hours from %v", len(s.Hours), s.Hours[0].At)
		}
		for i := range s.Hours {
			if s.Hours[i].missing() != (i < 3) {
				t.Errorf("hour %d is missing: %v", i, s.Hours[i].missing())
			}
		}
		if len(s.Aside) != 1 || s.Aside[0].N != 10 {
			t.Errorf("%+v", s.Aside)
		}
		return err
	})
}

// A lone 999 that was taken is withdrawn by a second one in the next hour, which says so alone and is recorded for it.
func TestASecond999WithdrawsTheFirst(t *testing.T) {
	w := newWorld(t, t.TempDir())
	defer w.close()
	w.at("2026-12-16T17:00")
	for i, want := range []string{"", "hours[0].pm10 ambiguous"} {
		o := Observation{Station: "1015A", Region: district, Days: []Day{},
			Hours: []Hour{{At: w.now.Add(time.Duration(i-2) * time.Hour), Measured: Measured{PM10: ptr(aqi.Whole(999))}}}}
		got := do(w, w.engine.DecideObservation, "feeder", o)
		if lines := strings.Join(namedLines(got.SetAside), "; "); lines != want || got.New != 1 {
			t.Errorf("hour %d: %q, %d new", i, lines, got.New)
		}
	}
	w.view(func(tx *bbolt.Tx) error {
		s, err := w.engine.series(tx, scope{region: district}, w.now, delivery{})
		for i := range s.Hours {
			if !s.Hours[i].missing() {
				t.Errorf("hour %d is judged", i)
			}
		}
		return err
	})
}

// What is marked as missing says nothing, and is neither known nor new: beside hours that have a value it is passed
// over, also by a station that never measured a day.
func TestMarksOfWhatIsMissingArePassedOver(t *testing.T) {
	w := newWorld(t, t.TempDir())
	in, err := parseObservation([]byte(`{"station":"1015A","region":"120111","days":[{"date":"2016-12-15","pm25":"—"}],
		"hours":[{"at":"2016-12-16T08:00:00+08:00","pm25":80},{"at":"2016-12-16T09:00:00+08:00","pm25":"NA"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	got := do(w, w.engine.DecideObservation, "feeder", in)
	if got.New != 1 || got.Repeated != 0 || len(got.SetAside) != 0 {
		t.Errorf("new %d, repeated %d, set aside %v; want 1, 0 and none", got.New, got.Repeated, got.SetAside)
	}
	w.mustMatch()
}
