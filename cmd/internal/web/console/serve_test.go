package console

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify"
	"qingkong/seeds"
)

// TestServe serves the desk over a world with Xiqing's list and the episode of December 2016, for somebody to look at:
//
//	QINGKONG_DESK=127.0.0.1:8090 go test ./cmd/internal/web/console -run TestServe -timeout 0
//
// /as/USER?to=PATH logs in without a password; /next goes one step on: declare, approve, answers, the deadline, a drill.
func TestServe(t *testing.T) {
	addr := os.Getenv("QINGKONG_DESK")
	if addr == "" {
		t.Skip("QINGKONG_DESK says no address")
	}
	l, err := seeds.Demo(1500)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldWith(t, l)
	w.episode()
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", w.desk)
	mux.HandleFunc("GET /as/{user}", func(rw http.ResponseWriter, r *http.Request) {
		http.SetCookie(rw, &http.Cookie{Name: userCookie, Value: r.PathValue("user"), Path: "/"})
		for _, c := range []string{langCookie, themeCookie} {
			if v := r.URL.Query().Get(c); v != "" {
				http.SetCookie(rw, &http.Cookie{Name: c, Value: v, Path: "/"})
			}
		}
		http.Redirect(rw, r, r.URL.Query().Get("to"), http.StatusSeeOther)
	})
	next := w.story()
	mux.HandleFunc("GET /next", func(rw http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintln(rw, next()) })
	mux.HandleFunc("GET /review", func(rw http.ResponseWriter, r *http.Request) { // a read-out has no address of its own
		form := values(w.get(200, "duty", "/desk/declare?"+r.URL.RawQuery))
		for name, v := range map[string]string{"level": "red", "trigger": "city_order", "step": stepReview} {
			form.Set(name, v)
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = rw.Write([]byte(w.as("duty", "/desk/declare", form).body))
	})
	t.Log("http://" + ln.Addr().String())
	_ = http.Serve(ln, mux) // until the test is stopped
}

// episode gives the measured days of December 2016 as a forecast.
func (w *world) episode() {
	w.t.Helper()
	text, err := seeds.Episode("tianjin-2016-12")
	if err != nil {
		w.t.Fatal(err)
	}
	days, err := alerts.ReadDailyCSV(bytes.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	f := alerts.Forecast{Source: "tianjin-emc", Region: "120111", IssuedAt: begin}
	for _, d := range days {
		if d.Date >= "2016-12-17" && len(f.Days) < 7 {
			f.Days = append(f.Days, alerts.ForecastDay{Date: d.Date, AQILow: max(0, *d.AQI-30), AQIHigh: *d.AQI, Primary: d.Primary})
		}
	}
	body, err := json.Marshal(f)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.svc.Forecast(w.t.Context(), "feeder", "", body); err != nil {
		w.t.Fatal(err)
	}
}

// story returns what takes the world one step on each time.
func (w *world) story() func() string {
	id, n := "", 0
	steps := []func() string{
		func() string {
			form := values(w.get(200, "duty", "/desk/declare?proposal=P20161216-01"))
			form.Set("document_no", "津青污防〔2016〕9号")
			form.Set("typed", "红色")
			form.Set("step", stepConfirm)
			to := w.post(303, "duty", "/desk/declare", form).Header.Get("Location")
			id, _, _ = strings.Cut(strings.TrimPrefix(to, "/desk/warnings/"), "?")
			return id
		},
		func() string {
			form := values(w.get(200, "approver", warningPath(id)+"/approve"))
			form.Set("step", stepConfirm)
			w.post(303, "approver", warningPath(id)+"/approve", form)
			w.elapse(0)
			return "approved"
		},
		func() string { w.answers(id); return "answered" },
		func() string { w.elapse(2 * time.Hour); return "overdue" },
		func() string { return w.declared(alerts.Orange, true) },
	}
	return func() string {
		if n == len(steps) {
			return "nothing more"
		}
		n++
		return steps[n-1]()
	}
}

// answers lets most recipients of a warning answer.
func (w *world) answers(id string) {
	w.t.Helper()
	for cursor, more := "", true; more; {
		var page []*notify.Order
		if err := w.svc.J.View(func(tx *bbolt.Tx) (err error) {
			page, cursor, err = notify.ListOrders(tx, notify.Filter{Warning: id}, cursor, 200)
			return err
		}); err != nil {
			w.t.Fatal(err)
		}
		more = cursor != ""
		for i, o := range page {
			action, note := notify.Acknowledge, ""
			switch i % 10 {
			case 3, 7:
				continue
			case 5:
				action = notify.ReadIt
			case 9:
				if i%50 == 9 {
					action, note = notify.Object, "供热锅炉保障居民采暖，不能全停，可压减三成。"
				}
			}
			done := make(chan error, 1)
			text, _ := json.Marshal(notify.AnswerText{OrderID: o.ID, Action: action, Note: note})
			w.svc.Answer(o.RecipientID, false, text, func(_ string, err error) { done <- err })
			if err := <-done; err != nil {
				w.t.Error(err)
			}
		}
	}
}
