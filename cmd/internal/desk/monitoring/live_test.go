package monitoring_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// watches opens the stream of a page, and gives a function that waits for an event with a text.
func watches(t *testing.T, w *desktest.World, user, path string) func(event, want string) {
	t.Helper()
	page := w.Get(200, user, path)
	body := desktest.Find(page, "body", "hx-ext", "sse")
	srv := httptest.NewServer(w.Desk)
	t.Cleanup(srv.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+desktest.Attr(body, "sse-connect"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(w.Cookie(user))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() }) // the request is cancelled
	events := make(chan [2]string, 1000)
	go func() {
		defer close(events)
		var name, data string
		lines := bufio.NewScanner(res.Body)
		for lines.Buffer(nil, 4<<20); lines.Scan(); {
			switch line := lines.Text(); {
			case line == "":
				events <- [2]string{name, data}
				data = ""
			case strings.HasPrefix(line, "event: "):
				name = line[len("event: "):]
			case strings.HasPrefix(line, "data: "):
				data += line[len("data: "):] + "\n"
			}
		}
	}()
	return func(event, want string) {
		t.Helper()
		for end := time.After(time.Minute); ; {
			select {
			case e, ok := <-events:
				if !ok {
					t.Fatalf("%s: the stream has ended before %q", user, want)
				}
				if e[0] == event && strings.Contains(desktest.TextOf(desktest.Parsed(t, e[1])), want) {
					return
				}
			case <-end:
				t.Fatalf("%s: no %s with %q came", user, event, want)
			}
		}
	}
}

// Who has an order's page open sees what is found of it, and what is said of that, without loading it again: the enterprise,
// the duty desk and a town alike.
func TestOrderIsWatched(t *testing.T) {
	w := desktest.Judged(t)
	order := w.Ordered() + "-E0001-1"
	from := w.Clock.Now().Add(desktest.Due).Truncate(time.Hour)
	w.Elapse(from.Add(2 * time.Hour).Sub(w.Clock.Now()))
	path := "/desk/orders/" + order
	all := map[string]func(event, want string){}
	for _, user := range []string{"E0001", "duty", "duty2", "town"} {
		all[user] = watches(t, w, user, path)
		all[user]("order-monitoring", "要求、计划与监测")
	}
	w.Says("MNE0001.a21026", "mg/m3", from, 40, 41)
	w.Judge()
	for _, sees := range all {
		sees("order-head", "疑似未执行") // they come in this order
		sees("order-alarm", "疑似未执行")
		sees("order-monitoring", "41 mg/m³")
	}
	finding := strings.TrimSuffix(order, "-1") + "-F001"
	w.Post(303, "E0001", "/desk/findings/"+finding+"/explain", url.Values{"note": {"试车"}, "key": {frame.NewKey()}})
	for _, sees := range all {
		sees("order-alarm", "说明已提交，待处理")
	}
	w.Inspects(order)
	for _, sees := range all {
		sees("order-inspections", "发现问题 现场整改")
	}
}
