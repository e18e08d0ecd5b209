package warnings_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/service/servicetest"

	"qingkong/alerts"

	"qingkong/cmd/internal/calls"
)

// What the public sees at "/" is rendered once for all who look at the same time, and says at once what is new; another
// address shows nothing that a crowd was shown.
func TestThePublicsPageIsRenderedOnceForACrowd(t *testing.T) {
	w := desktest.New(t)
	first := w.As("", "/", nil)
	for range 50 {
		if r := w.As("", "/", nil); r.Text != first.Text || r.StatusCode != http.StatusOK {
			t.Fatalf("another page, status %d", r.StatusCode)
		}
	}
	tag := first.Header.Get("ETag")
	if r := w.As("", "/", nil, "If-None-Match", tag); r.StatusCode != http.StatusNotModified || r.Text != "" || tag == "" {
		t.Errorf("who has it gets %d and %d bytes; ETag %q", r.StatusCode, len(r.Text), tag)
	}
	w.Declared(alerts.Yellow, false)
	if r := w.As("", "/", nil); r.Text == first.Text {
		t.Error("a warning is not shown at once")
	}
	if r := w.As("", "/?lang=xyzzy", nil); r.StatusCode != http.StatusOK {
		t.Errorf("status %d", r.StatusCode)
	}
}

// A mark that turns the direction of writing is shown as what it is, on a page and in its live parts, and is recorded
// as it was written; control characters are left out as a reason is read, before it is recorded, and refused in what
// names something.
func TestMarksOfDirectionAreShown(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	form := func(document, reason string) []byte {
		text, err := json.Marshal(map[string]any{"revision": w.Warning(id).Revision, "document_no": document,
			"notice_text": "更正", "reason": reason})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	if _, err := servicetest.WarningAct(t.Context(), w.Svc, "duty", "", id, "revise",
		form("甲\u202e乙", "丙\u2067丁\u001b[31m\r\n\u0000戊")); err != nil {
		t.Fatal(err)
	}
	got := w.Warning(id)
	if last := got.History[len(got.History)-1].Reason; got.DocumentNo != "甲\u202e乙" || last != "丙\u2067丁[31m\n戊" {
		t.Errorf("recorded %q and %q", got.DocumentNo, last)
	}
	for _, path := range []string{"/desk", "/desk/warnings/" + id} {
		page := w.As("duty", path, nil).Text
		if strings.ContainsFunc(page, refusal.IsBidi) {
			t.Errorf("%s holds a mark that is not seen", path)
		}
		if strings.HasSuffix(path, id) && (!strings.Contains(page, "甲⟦U+202E⟧乙") || !strings.Contains(page, "丙⟦U+2067⟧丁")) {
			t.Errorf("%s does not show the marks", path)
		}
	}
	if _, err := servicetest.WarningAct(t.Context(), w.Svc, "duty", "", id, "revise",
		form("甲\u0000乙", "x")); refusal.CodeOf(err) != refusal.Invalid {
		t.Errorf("a number with a NUL: %v", err)
	}
}

// While a warning lasts another list comes into force: the desk says so, and the officer gives it to those that are
// ticked.
func TestNewerListDuringAWarning(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(text, "现行清单已换") {
		t.Errorf("without a newer list: %s", text)
	}
	l := desktest.Fixture()
	l.EffectiveFrom = "2016-12-16"
	for _, r := range l.Recipients[:2] {
		r.Measures[0].CompleteWithinH = 8
	}
	w.Import(l)
	at := desktest.WarningPath(id) + "/list-changes"
	for page, user := range map[string]string{"/desk": "duty", desktest.WarningPath(id): "approver",
		desktest.WarningPath(id) + "/board": "duty"} {
		desktest.SaysAll(t, page, desktest.TextOf(w.Get(200, user, page)), "现行清单已换为 "+w.Current().ID, "2 个对象")
	}
	if text := desktest.TextOf(w.Get(200, "viewer", "/desk")); strings.Contains(text, "现行清单已换") {
		t.Error("who may not see lists is told of them")
	}
	if page := w.As("approver", at, nil); strings.Contains(page.Text, "<button class=\"button-main big") {
		t.Error("the approver is offered to act")
	}
	offered := w.Get(200, "duty", at)
	desktest.SaysAll(t, "the offer", desktest.TextOf(offered), "E0001 · 大寺镇 M1 黄色 橙色 红色")
	form := desktest.Values(offered)
	if got := form["recipient"]; len(got) != 2 || form.Get("revision") == "" {
		t.Fatalf("proposed %v", form)
	}
	form["recipient"] = []string{"E0002"}
	form.Set("list_version", "L1")
	w.Refused(http.StatusConflict, "duty", at, form)
	form.Set("list_version", w.Current().ID)
	form["recipient"] = nil
	w.Refused(http.StatusUnprocessableEntity, "duty", at, form)
	form["recipient"] = []string{"E0002"}
	page := desktest.Parsed(t, w.Post(http.StatusOK, "duty", at, form).Text)
	desktest.SaysAll(t, "the read-out", desktest.TextOf(page), "勾选 1 个对象：下达 1 份减排令，解除 0 份", "E0002",
		"4 小时内完成 → 8 小时内完成", "清单已更新")
	form.Set("step", "none")
	if got := desktest.Values(desktest.Parsed(t, w.Post(http.StatusOK, "duty", at, form).Text))["recipient"]; len(got) != 0 {
		t.Errorf("none: %v are ticked", got)
	}
	form.Set("step", "all")
	if got := desktest.Values(desktest.Parsed(t, w.Post(http.StatusOK, "duty", at, form).Text))["recipient"]; len(got) != 2 {
		t.Errorf("all: %v are ticked", got)
	}
	form = desktest.Values(page)
	form.Set("step", "confirm")
	w.Post(http.StatusSeeOther, "duty", at, form)
	desktest.SaysAll(t, "the order", desktest.TextOf(w.Get(200, "E0002", "/desk/orders/"+id+"-E0002-2")), "清单已更新",
		"8 小时内完成")
	desktest.SaysAll(t, "the rest", desktest.TextOf(w.Get(200, "duty", at)), "1 个对象已改用其他版本", "E0001")
	desktest.SaysAll(t, "/desk", desktest.TextOf(w.Get(200, "duty", "/desk")), "1 个对象")
	if n := fmt.Sprint(w.Warning(id).Level); n != string(alerts.Yellow) {
		t.Errorf("level %s", n)
	}
}

// An enterprise, a town and a feeder see at the desk that a raise was rejected and is asked for again, and neither why
// nor that the order went against the district's own forecast.
func TestWhatStaysInTheOffice(t *testing.T) {
	w := desktest.New(t)
	w.Forecast(false)
	id := w.Declared(alerts.Yellow, false)
	act := func(who, name, body string) {
		t.Helper()
		if _, err := servicetest.WarningAct(t.Context(), w.Svc, who, "", id, name,
			fmt.Appendf(nil, `{"revision":%d,%s}`, w.Warning(id).Revision, body)); err != nil {
			t.Fatal(err)
		}
	}
	act("duty", "adjust", `"level":"orange","trigger":"city_order","reason":"first why"`)
	act("approver", "reject", `"reason":"rejected because"`)
	act("duty", "adjust", `"level":"orange","trigger":"city_order","reason":"second why"`)
	inside := []string{"first why", "second why", "rejected because", frame.Word(frame.ZH, "overrides.title")}
	for who, want := range map[string]bool{"duty": true, "approver": true, "viewer": true, "E0001": false, "town": false,
		"feeder": false} {
		for _, path := range []string{"/desk", "/desk/warnings", "/desk/warnings/" + id} {
			page := desktest.TextOf(w.Get(200, who, path))
			for _, secret := range inside {
				if has := strings.Contains(page, secret); has && !want || !has && want && strings.HasSuffix(path, id) {
					t.Errorf("%s shows %s %q: %v\n%s", path, who, secret, has, page)
				}
			}
		}
	}
}

// Each day of the forecast says when it was issued. A day whose index and concentrations disagree shows both indices,
// and one whose forecast is too old, or looked too far ahead, that it is not judged.
func TestTheStripTellsHowFarAForecastCounts(t *testing.T) {
	w := desktest.New(t)
	say := func(issued string, days string) {
		t.Helper()
		body := fmt.Sprintf(`{"source":"tianjin-emc","region":"120111","issued_at":%q,"days":[%s]}`, issued, days)
		if _, err := w.Svc.Forecast(t.Context(), service.By("feeder"), calls.Document{Text: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	today := alerts.DateOf(desktest.Begin)
	day := func(n int, rest string) string { return fmt.Sprintf(`{"date":%q,%s}`, today.AddDays(n), rest) }
	say("2016-12-13T15:00:00+08:00", day(4, `"aqi":120,"primary":["pm25"]`))
	say("2016-12-16T15:00:00+08:00", day(1, `"aqi":350,"pm25":100`)+","+day(2, `"aqi":500,"so2":20`)+","+day(3,
		`"aqi_low":90,"aqi_high":140,"primary":["pm25"]`))
	page := desktest.TextOf(w.Get(200, "duty", "/desk"))
	for _, want := range []string{"350→132", "AQI 与浓度不符", "PM 缺测，疑为沙尘", "90–140", "12-16 15:00 发布", "12-13 15:00 发布",
		"预报已过时，不作判定", "来源 tianjin-emc"} {
		if !strings.Contains(page, want) {
			t.Errorf("the desk does not say %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "提前太多天") {
		t.Errorf("a day is too far ahead:\n%s", page)
	}
}

// The desk says which measurements are set aside, by station, and why; and it alarms where measured air is high and
// hours are missing. Nobody who only answers orders is told.
func TestTheDeskTellsWhatIsSetAside(t *testing.T) {
	w := desktest.New(t)
	send := func(station string, hour func(i int) string) {
		t.Helper()
		var hours []string
		for i := range 24 {
			if values := hour(i); values != "" {
				hours = append(hours, fmt.Sprintf(`{"at":%q,%s}`,
					desktest.Begin.Truncate(time.Hour).Add(time.Duration(i-24)*time.Hour).Format(time.RFC3339), values))
			}
		}
		body := fmt.Sprintf(`{"station":%q,"region":"120111","hours":[%s]}`, station, strings.Join(hours, ","))
		if _, err := w.Svc.Observation(t.Context(), service.By("feeder"), calls.Document{Text: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	send("1015A", func(i int) string {
		if i%5 == 4 { // 20 hours are left
			return ""
		}
		return fmt.Sprintf(`"pm25":%d`, 280+i%3)
	})
	if page := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(page, "实测偏高") ||
		strings.Contains(page, "不采用") {
		t.Errorf("20 hours are enough:\n%s", page)
	}
	send("1015A", func(i int) string {
		switch {
		case i == 3:
			return `"pm25":-999`
		case i%5 == 4:
			return ""
		}
		return fmt.Sprintf(`"pm25":%d`, 280+i%3)
	})
	send("1021A", func(i int) string { return fmt.Sprintf(`"pm25":264,"co":%d`, 1500+i) })
	page := desktest.TextOf(w.Get(200, "duty", "/desk"))
	for _, want := range []string{"实测偏高而小时数不足", "只有 19 个有效小时（需要 20 个），其均值为 AQI 33", "不采用的实测值：", "1015A", "-999 是缺测标记",
		"1021A", "PM2.5 一直是 264，视为卡数", "单位是 mg/m³"} {
		if !strings.Contains(page, want) {
			t.Errorf("the desk does not say %q:\n%s", want, page)
		}
	}
	if page := desktest.TextOf(w.Get(200, "E0001", "/desk")); strings.Contains(page, "不采用") ||
		strings.Contains(page, "小时数不足") {
		t.Errorf("an enterprise is told:\n%s", page)
	}
}
