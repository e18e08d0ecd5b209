package web

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

const apiTelemetry = calls.Prefix + "/telemetry"

// instrumented is a world whose list names instruments: of E0001 a station, a meter and a gate with a Chinese name, of
// E0002 a meter.
func instrumented(t *testing.T) *world {
	w := newWorld(t)
	l := fixture()
	l.EffectiveFrom = "2016-12-01"
	criterion := func(text string) reductionlist.Criterion {
		c, err := reductionlist.ParseCriterion(text)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	l.Recipients[0].MeterID = "DB0001"
	l.Recipients[0].Measures[0].Monitors = []reductionlist.Monitor{
		{Source: reductionlist.CEMS, Ref: "MNE0001", Factor: "a21002", Criterion: criterion("hour_mass_at_most 30 kg/h")},
		{Source: reductionlist.Gate, Ref: "东门", Criterion: criterion("no_vehicle_below 国五")},
		{Source: reductionlist.DCS, Ref: "DCS1", Factor: "给煤", Criterion: criterion("at_least 12 t/h")},
		{Source: reductionlist.DCS, Ref: "DCS2", Factor: "频率", Criterion: criterion("stopped")},
	}
	l.Recipients[1].MeterID = "DB0002"
	w.importList(l)
	return w
}

func message(point, unit string, at string, value float64) string {
	return fmt.Sprintf(`{"point":%q,"unit":%q,"step":"1h","readings":[{"at":"2016-12-16T%s:00+08:00","value":%g,"flag":"N"}]}`,
		point, unit, at, value)
}

// Who may report for which point, and what is refused with what to do.
func TestWhoReportsWhat(t *testing.T) {
	w := instrumented(t)
	w.must(http.StatusCreated, example("admin", "POST /stations"), nil)
	w.must(http.StatusCreated, call{who: "admin", path: calls.Prefix + "/stations",
		body: `{"mn":"OLD1","name":"旧表","recipient_id":"E0001"}`}, nil)
	w.must(http.StatusOK, call{who: "admin", path: calls.Prefix + "/stations/OLD1/retire", body: `{"revision":1}`}, nil)
	for _, c := range []struct {
		what, who, body string
		status          int
		code            string // of a refusal
		says            string // part of the answer
	}{
		{"a feeder, a meter that the list names", "feeder", message("DB0001", "kW", "15:00", 500), 201, "", `"unit":"kW"`},
		{"energy of an hour is its mean power", "feeder", message("DB0001", "kWh", "14:00", 500), 201, "", `"taken":1`},
		{"an enterprise its own meter", "E0001", message("DB0001", "kW", "13:00", 500), 201, "", `"point":"DB0001"`},
		{"its own station, registered", "E0001", message(stationMN+".a21026", "mg/m3", "13:00", 5), 201, "", `"taken":1`},
		{"a point that a measure names", "E0001", message("DCS1.给煤", "kg/h", "13:00", 12000), 201, "", `"unit":"t/h"`},
		{"another's meter", "E0001", message("DB0002", "kW", "13:00", 5), 404, "not_found", "DB0002"},
		{"another's station", "E0002", message(stationMN+".a21026", "mg/m3", "13:00", 5), 404, "not_found", "stations"},
		{"a meter that nobody knows", "feeder", message("DB9999", "kW", "13:00", 5), 404, "not_found", "DB9999"},
		{"a station that is retired", "feeder", message("OLD1", "kW", "13:00", 5), 404, "not_found", "OLD1"},
		{"a factor that nobody named", "feeder", message("MNE0001.a99999", "mg/m3", "13:00", 5), 404, "not_found",
			"MNE0001.a21002"},
		{"no factor where it measures several", "feeder", message(stationMN, "mg/m3", "13:00", 5), 404, "not_found", "a21026"},
		{"another quantity", "feeder", message("DB0001", "mg/m3", "13:00", 5), 422, "invalid", "unit"},
		{"a unit that nothing says", "feeder", message("DCS2.频率", "Hz", "13:00", 5), 422, "invalid", "DCS2"},
		{"tomorrow", "feeder", message("DB0001", "kW", "23:00", 5), 422, "invalid", "readings[0].at"},
		{"not the start of an hour", "feeder", message("DB0001", "kW", "13:10", 5), 422, "invalid", "readings[0].at"},
		{"a member that there is not", "feeder", `{"point":"DB0001","unit":"kW","values":[]}`, 422, "unknown_field", "values"},
		{"nothing", "feeder", `{"point":"DB0001","unit":"kW","readings":[]}`, 422, "invalid", "readings"},
	} {
		t.Run(c.what, func(t *testing.T) {
			w.t = t
			post := call{who: c.who, path: apiTelemetry, body: c.body}
			var text string
			if c.code == "" {
				text = w.must(c.status, post, nil).body
			} else {
				p := w.refused(c.status, c.code, post)
				text = fmt.Sprint(p.Detail, p.Errors)
			}
			if !strings.Contains(text, c.says) {
				t.Errorf("does not say %q: %s", c.says, text)
			}
		})
	}
	w.t = t
	w.svc.Instruments = nil
	p := w.refused(http.StatusServiceUnavailable, "not_ready",
		call{who: "feeder", path: apiTelemetry, body: message("DB0001", "kW", "13:00", 5)})
	if !strings.Contains(p.Detail, "监测") {
		t.Error(p.Detail)
	}
}

// A repeat under the same key is answered alike and changes nothing; another content under it is refused.
func TestReportsAreRepeatable(t *testing.T) {
	w := instrumented(t)
	post := call{who: "feeder", path: apiTelemetry, body: message("DB0001", "kW", "15:00", 500),
		header: map[string]string{keyHeader: "k1"}}
	first := w.must(http.StatusCreated, post, nil).body
	if again := w.must(http.StatusCreated, post, nil).body; again != first {
		t.Errorf("%s, then %s", first, again)
	}
	other := post
	other.body = message("DB0001", "kW", "15:00", 501)
	w.refused(http.StatusConflict, "conflict", other)
	other.who = "E0001" // whose keys are its own
	w.must(http.StatusCreated, other, nil)
	s := w.series("viewer", "DB0001", "from=2016-12-16", func(s calls.Series) bool { return len(s.Items) == 1 && len(s.Items[0].Others) > 0 })
	if item := s.Items[0]; *item.Value != 500 || len(item.Others) != 1 || *item.Others[0].Value != 501 {
		t.Errorf("%+v", item)
	}
}

// series reads a point until it is as wanted.
func (w *world) series(who, point, query string, wanted func(calls.Series) bool) (s calls.Series) {
	w.t.Helper()
	stationstest.Eventually(w.t, point+" says what it should", func() bool {
		s = calls.Series{}
		w.must(http.StatusOK, call{who: who, path: apiTelemetry + "/" + url.PathEscape(point) + "?" + query}, &s)
		return wanted(s)
	})
	return s
}

// A power company's table: meters that are known are taken, others are named; a table of none is refused.
func TestAPowerCompanysTable(t *testing.T) {
	w := instrumented(t)
	table := func(who, text string) call {
		return call{who: who, path: apiTelemetry, body: text, header: map[string]string{"Content-Type": "text/csv"}}
	}
	const head = "电表编号,时间,有功功率(kW)\n"
	body := head
	for i := range 4 {
		body += fmt.Sprintf("DB0001,2016-12-16 14:%02d,%d\nDB0002,2016-12-16 14:%02d,80\nDB7777,2016-12-16 14:%02d,1\n", i*15, 100+i,
			i*15, i*15)
	}
	var taken calls.TelemetryTaken
	w.must(http.StatusCreated, table("feeder", "\ufeff"+body), &taken)
	if taken.Taken != 8 || len(taken.Points) != 2 || len(taken.SetAside) != 1 || taken.SetAside[0].Path != "DB7777" ||
		taken.SetAside[0].Message == "" {
		t.Errorf("%+v", taken)
	}
	s := w.series("E0001", "DB0001", "step=1h&from=2016-12-16", func(s calls.Series) bool { return len(s.Items) == 1 })
	if item := s.Items[0]; item.Value == nil || *item.Value != 101.5 || item.N < 45 || item.Source != telemetry.ByMinutes ||
		*item.Total != 101.5 || s.Unit != "kW" || s.AmountUnit != "kWh" {
		t.Errorf("%+v", s)
	}
	for i := range calls.MostSetAside + 50 {
		body += fmt.Sprintf("DX%04d,2016-12-16 14:00,1\nDX%04d,2016-12-16 14:15,1\n", i, i)
	}
	var many calls.TelemetryTaken
	w.must(http.StatusCreated, table("feeder", body), &many)
	if len(many.SetAside) != calls.MostSetAside || many.Aside != calls.MostSetAside+51 {
		t.Errorf("of %d set aside %d are told", many.Aside, len(many.SetAside))
	}
	w.refused(http.StatusUnprocessableEntity, "invalid", table("feeder", head+"DB7777,2016-12-16 14:00,1\nDB7777,2016-12-16 14:15,1\n"))
	w.refused(http.StatusForbidden, "forbidden", table("E0001", body))
	w.refused(http.StatusUnsupportedMediaType, "unsupported_media", call{who: "feeder", path: apiTelemetry, body: body,
		header: map[string]string{"Content-Type": "text/plain"}})
	w.refused(http.StatusUnprocessableEntity, "invalid", table("feeder", "hello\n"))
}

// What is another's is not found, whoever asks for what.
func TestWhoReadsWhat(t *testing.T) {
	w := instrumented(t)
	w.account("other", calls.Town)
	w.must(http.StatusCreated, call{who: "feeder", path: apiTelemetry, body: message("DB0002", "kW", "15:00", 80)}, nil)
	w.series("viewer", "DB0002", "", func(s calls.Series) bool { return len(s.Items) == 1 })
	for _, c := range []struct {
		who  string // E0001 and E0003 lie in the town of the role town, E0002 does not
		want int
	}{
		{"E0002", 200}, {"viewer", 200}, {"duty", 200}, {"inspector", 200}, {"approver", 200}, {"admin", 200},
		{"E0001", 404}, {"town", 404},
	} {
		for _, path := range []string{"/telemetry/DB0002", "/telemetry/DB0002/export", "/telemetry/DB0002/passes",
			"/telemetry?mn=DB0002", "/stations/DB0002/state"} {
			ask := call{who: c.who, path: calls.Prefix + path}
			if c.want == 404 {
				w.refused(404, "not_found", ask)
			} else {
				w.must(c.want, ask, nil)
			}
		}
		var wall calls.StationStates
		w.must(http.StatusOK, call{who: c.who, path: calls.Prefix + "/stations/states"}, &wall)
		seen := slices.ContainsFunc(wall.Items, func(s calls.StationState) bool { return s.MN == "DB0002" })
		if seen != (c.want == 200) {
			t.Errorf("%s sees the meter on the wall: %v", c.who, seen)
		}
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "admin", path: apiTelemetry + "/DB9999"})
	w.refused(http.StatusNotFound, "not_found", call{who: "admin", path: apiTelemetry + "/DB0002.a21026"})
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: apiTelemetry})
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: apiTelemetry + "/DB0002?from=2016-12-16&to=2016-12-15"})
	var points alerts.Page[calls.PointView]
	w.must(http.StatusOK, call{who: "E0001", path: apiTelemetry}, &points)
	var names []string
	for _, p := range points.Items {
		names = append(names, string(p.Point)+" "+string(p.Freshness))
		if p.RecipientID != "E0001" {
			t.Errorf("%+v", p)
		}
	}
	want := []string{"DB0001 never", "DCS1.给煤 never", "DCS2.频率 never", "MNE0001.a21002 never", "东门 never"}
	if slices.Sort(names); !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// The wall: who was silent longest stands first, what nobody connected last, and pages go through all of it.
func TestTheWallOfStations(t *testing.T) {
	w := instrumented(t)
	w.must(http.StatusCreated, call{who: "admin", path: calls.Prefix + "/stations", body: `{"mn":"MNE0002","password":"123456",
		"name":"排口","recipient_id":"E0002","st":"31","version":"2017","outlets":[{"name":"排口","factors":["a21002"]}]}`}, nil)
	post := func(point string) {
		w.must(http.StatusCreated, call{who: "feeder", path: apiTelemetry, body: message(point, "kW", "15:00", 1)}, nil)
		w.series("viewer", point, "", func(s calls.Series) bool { return len(s.Items) == 1 })
	}
	post("DB0001")
	w.elapse(30 * time.Hour)
	w.must(http.StatusCreated, call{who: "feeder", path: apiTelemetry,
		body: strings.Replace(message("DB0002", "kW", "15:00", 1), "-16T", "-17T", 1)}, nil)
	read := func(query string) (mns []string, counts calls.FreshnessCounts) {
		for cursor := ""; ; {
			var page calls.StationStates
			w.must(http.StatusOK, call{who: "viewer", path: calls.Prefix + "/stations/states?limit=2" + query + "&cursor=" +
				url.QueryEscape(cursor)}, &page)
			for _, s := range page.Items {
				mns = append(mns, s.MN+" "+string(s.Freshness))
			}
			if counts, cursor = page.Counts, page.Next; cursor == "" {
				return mns, counts
			}
		}
	}
	var got []string
	stationstest.Eventually(t, "the second meter is heard of", func() bool {
		var counts calls.FreshnessCounts
		got, counts = read("")
		return counts.Fresh == 1 && counts.Silent == 1
	})
	want := []string{"DB0001 silent", "MNE0002 never", "DB0002 fresh", "DCS1 never", "DCS2 never", "MNE0001 never",
		"MNE0003 never", "东门 never"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, counts := read("&freshness=silent"); len(got) != 1 || counts.Never != 6 {
		t.Errorf("%q, %+v", got, counts)
	}
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "viewer", path: calls.Prefix + "/stations/states?cursor=x"})
}

// Plates are whole for duty and inspectors, who are recorded, and masked for everybody else, whatever shows them.
func TestPlates(t *testing.T) {
	w := instrumented(t)
	const plate, masked = "津A12345", "津A****5"
	pass := func(at string) string {
		return fmt.Sprintf(`{"at":"2016-12-16T%s+08:00","plate":%q,"standard":"国四"}`, at, plate)
	}
	for _, body := range []string{pass("16:00:01"), pass("16:00:30") + "," + pass("16:20:00"), pass("16:00:01")} {
		w.must(http.StatusCreated, call{who: "E0001", path: apiTelemetry, body: `{"point":"东门","passes":[` + body + `]}`}, nil)
	}
	read := func(who, query string) (p calls.Passes, text string) {
		r := w.must(http.StatusOK, call{who: who, path: apiTelemetry + "/" + url.PathEscape("东门") + "/passes" + query}, &p)
		return p, r.body
	}
	stationstest.Eventually(t, "the passes are read", func() bool { p, _ := read("viewer", ""); return len(p.Items) == 3 })
	for who, whole := range map[string]bool{"duty": true, "inspector": true, "viewer": false, "admin": false, "approver": false,
		"E0001": false, "town": false} {
		p, text := read(who, "")
		if p.Masked == whole || strings.Contains(text, plate) != whole || strings.Contains(text, masked) == whole {
			t.Errorf("%s: %s", who, text)
		}
	}
	for step, want := range map[string]string{"1m": "[16:00=2 16:20=1]", "1h": "[16:00=3]"} {
		var got []string
		for _, i := range w.series("viewer", "东门", "step="+step, func(calls.Series) bool { return true }).Items {
			got = append(got, fmt.Sprintf("%s=%g", i.At.Format("15:04"), *i.Value))
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", step, got, want)
		}
	}
	first, _ := read("viewer", "?limit=2")
	rest, _ := read("viewer", "?limit=2&cursor="+first.Next)
	if len(first.Items) != 2 || len(rest.Items) != 1 || rest.Next != "" || strings.Contains(first.Next, "津") {
		t.Errorf("%+v, then %+v", first, rest)
	}
	if text := w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/stations/" + url.PathEscape("东门") + "/state"},
		nil).body; strings.Contains(text, plate) || !strings.Contains(text, "******") {
		t.Errorf("the page of the station has plates: %s", text)
	}
	if err := w.svc.RecordSeen(t.Context()); err != nil {
		t.Fatal(err)
	}
	seen := list[calls.Seen](w, "admin", calls.Prefix+"/personal-data/accesses?recipient=E0001")
	users := map[string]bool{}
	for _, s := range seen.Items {
		for _, r := range s.Reads {
			if r.Kind == "plate" {
				users[s.User] = true
			}
		}
	}
	if !users["duty"] || !users["inspector"] || len(users) != 2 {
		t.Errorf("recorded are %v", users)
	}
	if strings.Contains(w.log.String(), plate) {
		t.Error("a plate is in the log")
	}
}

// A table has a row for each period, those of which nothing came too.
func TestAnExportSaysWhatIsMissing(t *testing.T) {
	w := instrumented(t)
	for _, at := range []string{"10:00", "13:00"} {
		w.must(http.StatusCreated, call{who: "feeder", path: apiTelemetry, body: message("DB0001", "kW", at, 7)}, nil)
	}
	w.series("viewer", "DB0001", "", func(s calls.Series) bool { return len(s.Items) == 2 })
	const query = "/DB0001/export?step=1h&from=2016-12-16T09:00:00%2B08:00&to=2016-12-16T14:00:00%2B08:00"
	r := w.must(http.StatusOK, call{who: "E0001", path: apiTelemetry + query}, nil)
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(r.body, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 6 || rows[0][1] != "数值 (kW)" || rows[0][0] != "时段开始" {
		t.Fatalf("%v, %v", rows, err)
	}
	for i, want := range []string{"", "7", "", "", "7"} {
		row := rows[i+1]
		flag := "N"
		if want == "" {
			flag = "缺数"
		}
		if row[1] != want || row[2] != flag || row[0] != fmt.Sprintf("2016-12-16 %02d:00:00", 9+i) {
			t.Errorf("row %d is %q", i, row)
		}
	}
	book := w.must(http.StatusOK, call{who: "E0001", path: apiTelemetry + query + "&format=xlsx"}, nil)
	if book.Header.Get("Content-Type") != calls.XLSXMedia || !strings.HasPrefix(book.body, "PK") {
		t.Errorf("%s", book.Header.Get("Content-Type"))
	}
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "E0001", path: apiTelemetry + "/DB0001/export?step=1m&from=2016-12-01&to=2016-12-16"})
}

// The bytes that came are shown without passwords, and so that what is no text can be read.
func TestTheBytesOfAStation(t *testing.T) {
	w := newWorld(t)
	mn := w.station()
	at := w.clock.Now()
	for _, what := range []telemetry.Received{
		{At: at, Sort: telemetry.Refused, MN: mn, From: "192.0.2.1", Why: "crc",
			Raw: []byte("##0057ST=31;CN=2011;PW=123456;MN=" + mn + ";CP=&&\xff\x00&&1C80")},
		{At: at, Sort: telemetry.Unknown, MN: mn, From: "192.0.2.1", Why: "password",
			Raw: []byte("##0057ST=31;CN=2011;PW = 654321;MN=" + mn + ";CP=&&&&1C80")},
	} {
		if err := w.svc.Instruments.Take(t.Context(), what); err != nil {
			t.Fatal(err)
		}
	}
	var text string
	stationstest.Eventually(t, "both are told", func() bool {
		var s calls.StationHeard
		text = w.must(http.StatusOK, call{who: "inspector", path: calls.Prefix + "/stations/" + mn + "/state"}, &s).body
		return len(s.LastRefused) == 2
	})
	if strings.Contains(text, "123456") || strings.Contains(text, "654321") || !strings.Contains(text, "PW=******") ||
		!strings.Contains(text, `\\xFF\\x00`) || !strings.Contains(text, "192.0.2.1") {
		t.Error(text)
	}
	own := w.must(http.StatusOK, call{who: "E0001", path: calls.Prefix + "/stations/" + mn + "/state"}, nil).body
	if strings.Contains(own, "192.0.2.1") {
		t.Error("an enterprise is told addresses")
	}
}
