package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"qingkong/alerts"
)

// What an approver wrote to a duty officer, why a raise is asked for that nobody has approved, and where an order went
// against the district's own forecast stay with those who work in the office and those who supervise it.
func TestWhatStaysInTheOffice(t *testing.T) {
	w := newWorld(t)
	srv := httptest.NewServer(w.server)
	t.Cleanup(srv.Close)
	t.Cleanup(w.server.Stop)
	outside := []string{"E0001", "town", "feeder"}
	heard := map[string]*listener{}
	for _, who := range append([]string{"duty", "viewer"}, outside...) {
		heard[who] = w.events(srv, who, "", "")
		heard[who].next("snapshot")
	}
	w.must(http.StatusCreated, call{who: "feeder", path: "/api/v1/forecasts", body: `{"source":"example","region":"120111",
		"issued_at":"2016-12-16T17:00:00+08:00","days":[{"date":"2016-12-17","aqi_low":310,"aqi_high":330,"primary":["pm25"]},
		{"date":"2016-12-18","aqi_low":310,"aqi_high":330,"primary":["pm25"]},{"date":"2016-12-19","aqi_low":310,"aqi_high":330,"primary":["pm25"]},
		{"date":"2016-12-20","aqi_low":310,"aqi_high":330,"primary":["pm25"]}]}`}, nil)
	id := w.declared(alerts.Yellow).ID
	path := "/api/v1/warnings/" + id
	raise := func(why string) {
		w.must(http.StatusOK, call{who: "duty", path: path + "/adjust", body: fmt.Sprintf(
			`{"revision":%d,"level":"orange","trigger":"city_order","reason":%q}`, w.warning(id).Revision, why)}, nil)
	}
	raise("first why")
	w.must(http.StatusOK, call{who: "approver", path: path + "/reject",
		body: fmt.Sprintf(`{"revision":%d,"reason":"rejected because"}`, w.warning(id).Revision)}, nil)
	raise("second why")
	last := w.warning(id).Revision

	inside := []string{"overrides", "first why", "second why", "rejected because"}
	says := func(who, where, text string, want bool) {
		t.Helper()
		for _, secret := range inside {
			if strings.Contains(text, secret) != want {
				t.Errorf("%s of %s says %q: %v, want %v\n%s", where, who, secret, !want, want, text)
			}
		}
		if !strings.Contains(text, id) || !strings.Contains(text, "raise_rejected") ||
			!strings.Contains(text, "津污防指〔2016〕1号") {
			t.Errorf("%s of %s lacks what it is to say:\n%s", where, who, text)
		}
	}
	for who, l := range heard {
		want := who == "duty" || who == "viewer"
		for {
			_, data := l.next("warning")
			if strings.Contains(data, fmt.Sprintf(`"revision":%d,`, last)) {
				says(who, "the live message", data, want)
				break
			}
			if !want && (strings.Contains(data, "why") || strings.Contains(data, "overrides")) {
				t.Errorf("a live message of %s: %s", who, data)
			}
		}
		_, snapshot := w.events(srv, who, "", "").next("snapshot")
		says(who, "the snapshot", snapshot, want)
		_, snapshot = w.events(srv, who, "?warning="+id, "").next("snapshot")
		says(who, "the snapshot of the warning", snapshot, want)
		says(who, "the warning", w.must(http.StatusOK, call{who: who, path: path}, nil).body, want)
		says(who, "the list of warnings", w.must(http.StatusOK, call{who: who, path: "/api/v1/warnings"}, nil).body, want)
	}
}

func (w *world) warning(id string) *alerts.Warning {
	w.t.Helper()
	warning := new(alerts.Warning)
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + id}, warning)
	return warning
}
