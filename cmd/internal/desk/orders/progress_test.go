package orders_test

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

// An enterprise reports hour after hour, completes, and corrects what it said; its page and the timeline say which is
// which, and the field of an amount says whether it is what is less or what is left.
func TestProgressOnTheOrdersPage(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := "/desk/orders/" + id + "-E0001-1"
	form := func(action string) url.Values {
		t.Helper()
		f := desktest.Find(w.Get(200, "E0001", order), "form", "action", order+"/"+action)
		if f == nil {
			t.Fatalf("no form for %s", action)
		}
		return desktest.ValuesOf(f, url.Values{})
	}
	send := func(action string, status int, set url.Values) string {
		t.Helper()
		v := form(action)
		for name, value := range set {
			v[name] = value
		}
		return desktest.TextOf(desktest.Parsed(t, w.Post(status, "E0001", order+"/"+action, v).Text))
	}
	send("acknowledge", 303, nil)
	send("start", 303, nil)
	if text := desktest.TextOf(w.Get(200, "E0001", order)); !strings.Contains(text, "实际减少（%）") {
		t.Errorf("the field does not say what it asks for: %s", text)
	}
	at := func(d time.Duration) []string { return []string{frame.MomentValue(w.Clock.Now().Add(d))} }
	if got := form("report").Get("at"); got != at(0)[0] {
		t.Errorf("the time begins with %q, want %q", got, at(0)[0])
	}
	send("report", 303, url.Values{"value.M1": {"30"}, "at": at(-2 * time.Hour)})
	send("report", 303, url.Values{"value.M1": {"30"}, "at": at(-time.Hour)})
	if text := send("report", 422, url.Values{"value.M1": {"40"}, "at": at(time.Hour)}); !strings.Contains(text, "还没有到") {
		t.Errorf("a time to come: %s", text)
	}
	send("complete", 303, url.Values{"note": {"完成"}})
	if f := form("complete"); f.Get("correction") != "true" {
		t.Errorf("the completed order offers %v", f)
	}
	if text := send("complete", 422, url.Values{"value.M1": {"35"}}); !strings.Contains(text, "说明") {
		t.Errorf("a correction without a note: %s", text)
	}
	send("complete", 303, url.Values{"value.M1": {"35"}, "note": {"电表读数有误"}})
	text := desktest.TextOf(w.Get(200, "duty", order))
	for _, want := range []string{"M1: 30 %", "M1: 35 %", "截至时间", "更正完成情况", "电表读数有误"} {
		if !strings.Contains(text, want) {
			t.Errorf("the timeline lacks %q: %s", want, text)
		}
	}
	if n := strings.Count(text, "M1: 30 %"); n != 2 {
		t.Errorf("%d reports of 30 %%, want 2", n)
	}
}

// A page that is open when the order ends says so by itself, with the one button that is left; whoever opens it later
// reads the same, and the board counts who has received it.
func TestTheEndReachesAnOpenPage(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := "/desk/orders/" + id + "-E0001-1"
	page := w.Get(200, "E0001", order)
	live := desktest.Attr(desktest.Find(page, "body", "hx-ext", "sse"), "sse-connect")
	if live == "" {
		t.Fatal("the page does not follow the record")
	}
	if desktest.Find(w.Get(200, "duty", order), "div", "hx-ext", "sse") != nil {
		t.Error("an officer's look at an order holds a connection")
	}
	srv := httptest.NewServer(w.Desk)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+live, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(w.Cookie("E0001"))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }() // the request is cancelled
	lines := bufio.NewScanner(res.Body)
	until := func(want string) (before string) {
		t.Helper()
		var all []string
		for lines.Scan() {
			if all = append(all, lines.Text()); strings.Contains(lines.Text(), want) {
				return strings.Join(all, "\n")
			}
		}
		t.Fatalf("%q does not come: %v", want, lines.Err())
		return ""
	}
	if first := until(`class="numbers states"`); strings.Contains(first, "<form") {
		t.Errorf("the stream brings forms while nothing has changed: %s", first)
	}
	cancelled := desktest.Values(w.Get(200, "duty", desktest.WarningPath(id)+"/cancel"))
	cancelled.Set("reason", "误发")
	cancelled.Set("typed", "撤销")
	cancelAt := desktest.WarningPath(id) + "/cancel"
	w.Post(303, "duty", cancelAt, w.Reviewed("duty", cancelAt, cancelled))
	w.Elapse(0)
	const says = "已解除（误发）"
	until(says)
	until(order + "/receive")

	text := desktest.TextOf(w.Get(200, "E0001", order))
	if !strings.Contains(text, says) || !strings.Contains(text, "无需执行，恢复正常生产") || strings.Contains(text, "请办理") {
		t.Errorf("the page of the order that ended: %s", text)
	}
	if main, other := prominent(w.Get(200, "E0001", order), order); len(main) != 1 || main[0] != "receive" || len(other) > 0 {
		t.Errorf("it offers %v and %v", main, other)
	}
	board := desktest.WarningPath(id) + "/board"
	if text := desktest.TextOf(w.Get(200, "duty", board)); !strings.Contains(text, "解除与豁免 已签收解除 0 0% 待签收解除") {
		t.Errorf("the board: %s", text)
	}
	waiting := board + "?state=release_waiting"
	if text := desktest.TextOf(w.Get(200, "duty", waiting)); !strings.Contains(text, "E0001") {
		t.Errorf("who has not received the end: %s", text)
	}
	w.Post(303, "E0001", order+"/receive", url.Values{"key": {frame.NewKey()}})
	if text := desktest.TextOf(w.Get(200, "duty", waiting)); strings.Contains(text, "E0001") || !strings.Contains(text, "E0002") {
		t.Errorf("after one has received it: %s", text)
	}
	if main, other := prominent(w.Get(200, "E0001", order), order); len(main)+len(other) > 0 {
		t.Errorf("an end that was received offers %v and %v", main, other)
	}
}
