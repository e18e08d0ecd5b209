package warnings_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"

	"golang.org/x/net/html"

	"go.etcd.io/bbolt"
)

// toCall are the orders that a page of the call sheet names, in its order.
func toCall(page *html.Node) (orders []string) {
	desktest.Each(page, func(n *html.Node) {
		if n.Data == "a" && strings.HasPrefix(desktest.Attr(n, "id"), "o-") {
			orders = append(orders, strings.TrimPrefix(desktest.Attr(n, "id"), "o-"))
		}
	})
	return orders
}

// one is the form of a call to one recipient.
func one(order, outcome, note string) url.Values {
	return url.Values{"key": {frame.NewKey()}, "order": {order}, "one": {"true"}, "outcome": {outcome}, "note": {note}}
}

func orderOf(w *desktest.World, id string) (o *notify.Order) {
	w.T.Helper()
	if err := w.Svc.J.View(func(tx *bbolt.Tx) (err error) { o, err = notify.Get(tx, id); return err }); err != nil {
		w.T.Fatal(err)
	}
	return o
}

// A night at the telephone: one is not reached and stays with the count, one is told and leaves, and neither has
// answered. The warning's page and the first page say how many are left.
func TestTheCallSheet(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	order := func(recipient string) string { return id + "-" + recipient + "-1" }
	page := w.Get(200, "duty", path)
	if got := strings.Join(toCall(page), " "); got != strings.Join([]string{order("E0001"), order("E0002"), order("E0003")}, " ") {
		t.Errorf("to be called are %s", got)
	}
	text := desktest.TextOf(page)
	for _, want := range []string{"3 个对象待打电话", "13800000000", "待确认", "还剩 1 小时", "未接通 已告知 口头答复"} {
		if !strings.Contains(text, want) {
			t.Errorf("the sheet does not say %q: %s", want, text)
		}
	}
	sent := one(order("E0001"), "unreachable", "两个号码无人接听")
	for range 2 { // the same form twice is one call
		r := w.Post(303, "duty", path, sent)
		if to := r.Header.Get("Location"); to != path+"?done=call.unreachable" {
			t.Errorf("it leads to %s", to)
		}
	}
	w.Post(303, "duty", path, one(order("E0002"), "told", ""))
	text = desktest.TextOf(w.Get(200, "duty", path))
	if !strings.Contains(text, "未接通 1 次，最近 17:00") || strings.Contains(text, order("E0002")) {
		t.Errorf("after two calls: %s", text)
	}
	for _, page := range []string{"/desk", desktest.WarningPath(id)} {
		if got := desktest.TextOf(w.Get(200, "duty", page)); !strings.Contains(got, "2 待打电话") {
			t.Errorf("%s: %s", page, got)
		}
	}
	if got := desktest.TextOf(w.Get(200, "duty", desktest.WarningPath(id))); !strings.Contains(got, "待打电话 2 个对象") {
		t.Errorf("the warning's page: %s", got)
	}
	for _, recipient := range []string{"E0001", "E0002"} {
		if o := orderOf(w, order(recipient)); o.Answer != notify.AnswerAwaiting || o.Delivery != notify.DeliveryPending {
			t.Errorf("%s is %s, %s", o.ID, o.Answer, o.Delivery)
		}
	}
	for who, c := range map[string]struct{ calls, note bool }{
		"duty": {true, true}, "inspector": {true, true}, "viewer": {true, false}, "town": {true, true}, "E0001": {false, false},
	} {
		text := desktest.TextOf(w.Get(200, who, "/desk/orders/"+order("E0001")))
		if strings.Contains(text, "电话：未接通 duty") != c.calls || strings.Contains(text, "两个号码无人接听") != c.note {
			t.Errorf("%s reads of the call: %s", who, text)
		}
	}
	w.Post(303, "E0001", "/desk/orders/"+order("E0001")+"/acknowledge", url.Values{"key": {frame.NewKey()}})
	r := w.As("duty", path, one(order("E0001"), "told", "已接通"))
	if text := desktest.TextOf(desktest.Parsed(t, r.Text)); r.StatusCode != http.StatusConflict || !strings.Contains(text, "已确认") {
		t.Errorf("who has answered is told: %d %s", r.StatusCode, text)
	}
}

// Several are recorded at once, those that are ticked; the buttons for all and none only tick. What is refused of one is
// said, and the others are recorded.
func TestSeveralAreCalledAtOnce(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	ticked := func(page *html.Node) (n int) {
		desktest.Each(page, func(e *html.Node) {
			if e.Data == "input" && desktest.Attr(e, "name") == "order" && desktest.Attr(e, "type") == "checkbox" {
				if desktest.Has(e, "checked") {
					n++
				}
			}
		})
		return n
	}
	for step, want := range map[string]int{"all": 3, "none": 0} {
		r := w.As("duty", path, url.Values{"step": {step}, "order": {id + "-E0001-1"}, "note": {"微信群通知"}})
		if got := ticked(desktest.Parsed(t, r.Text)); r.StatusCode != 200 || got != want || !strings.Contains(r.Text, `value="微信群通知"`) {
			t.Errorf("%s: %d, %d are ticked, want %d", step, r.StatusCode, got, want)
		}
	}
	r := w.As("duty", path, url.Values{"step": {"several"}, "outcome": {"told"}, "key": {frame.NewKey()}})
	if r.StatusCode != 422 || !strings.Contains(desktest.TextOf(desktest.Parsed(t, r.Text)), "没有勾选任何对象") {
		t.Errorf("nobody is ticked: %d", r.StatusCode)
	}
	w.Post(303, "E0003", "/desk/orders/"+id+"-E0003-1/acknowledge", url.Values{"key": {frame.NewKey()}})
	r = w.As("duty", path, url.Values{"step": {"several"}, "outcome": {"told"}, "key": {frame.NewKey()},
		"order": {id + "-E0001-1", id + "-E0002-1", id + "-E0003-1"}})
	if text := desktest.TextOf(desktest.Parsed(t, r.Text)); r.StatusCode != http.StatusConflict ||
		!strings.Contains(text, "已记录 2 个，1 个没有记录") || !strings.Contains(text, "没有要打电话的对象") {
		t.Errorf("two of three: %d %s", r.StatusCode, text)
	}
}

// A town calls its own recipients and no other's; who may not call sees no forms, and who may not read contacts no
// telephones.
func TestWhoCallsWhom(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	for who, c := range map[string]struct {
		rows       int
		phone, act bool
	}{
		"duty": {3, true, true}, "approver": {3, true, false}, "admin": {3, true, false}, "inspector": {3, false, false},
		"viewer": {3, false, false}, "town": {2, true, true},
	} {
		page := w.Get(200, who, path)
		text := desktest.TextOf(page)
		if got := len(toCall(page)); got != c.rows {
			t.Errorf("%s sees %d rows", who, got)
		}
		if strings.Contains(text, "13800000000") != c.phone || strings.Contains(text, "批量记录") != c.act {
			t.Errorf("%s sees %s", who, text)
		}
	}
	w.Refused(http.StatusForbidden, "town", path+"?town="+url.QueryEscape("杨柳青镇"), nil)
	w.Post(303, "town", path, one(id+"-E0001-1", "told", ""))
	r := w.As("town", path, one(id+"-E0002-1", "told", ""))
	if r.StatusCode != http.StatusConflict || orderOf(w, id+"-E0002-1").Told {
		t.Errorf("a town calls another one's: %d", r.StatusCode)
	}
	for _, who := range []string{"viewer", "approver", "E0001"} {
		w.Refused(http.StatusForbidden, who, path, one(id+"-E0003-1", "told", ""))
	}
}

// After the end those are called who have not received it; there is no deadline for that.
func TestTheEndIsCalledToo(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	w.Post(303, "duty", desktest.WarningPath(id)+"/calls", one(id+"-E0001-1", "told", ""))
	form := w.Reviewed("duty", desktest.WarningPath(id)+"/lift", url.Values{"reason": {"转好"}, "revision": {fmt.Sprint(w.Warning(id).Revision)},
		"key": {frame.NewKey()}, "typed": {"解除"}})
	w.Post(303, "duty", desktest.WarningPath(id)+"/lift", form)
	w.Elapse(2 * time.Hour)
	page := w.Get(200, "duty", desktest.WarningPath(id)+"/calls")
	text := desktest.TextOf(page)
	if len(toCall(page)) != 3 || !strings.Contains(text, "待签收解除") || strings.Contains(text, "已过") {
		t.Errorf("after the end: %s", text)
	}
	if text := desktest.TextOf(w.Get(200, "duty", desktest.WarningPath(id))); !strings.Contains(text, "待打电话 3 个对象") {
		t.Errorf("the page of a warning that has ended: %s", text)
	}
}

// A drill has a sheet of its own, which says that it is one.
func TestADrillHasASheetOfItsOwn(t *testing.T) {
	w := desktest.New(t)
	live := w.Ordered()
	drill := w.Declared(alerts.Yellow, true)
	w.Elapse(0)
	for id, mark := range map[string]bool{live: false, drill: true} {
		page := w.Get(200, "duty", desktest.WarningPath(id)+"/calls")
		for _, order := range toCall(page) {
			if !strings.HasPrefix(order, id+"-") {
				t.Errorf("the sheet of %s names %s", id, order)
			}
		}
		if got := desktest.Find(page, "span", "class", "badge drill-mark") != nil; got != mark || len(toCall(page)) != 3 {
			t.Errorf("%s: marked as a drill: %v, %d rows", id, got, len(toCall(page)))
		}
	}
}

// An open sheet says that it has changed, and leaves alone what somebody may be writing.
func TestAnOpenSheetSaysThatItHasChanged(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	page := w.As("duty", path, nil)
	watch := page.Text[strings.Index(page.Text, "/desk/live?"):]
	watch = html.UnescapeString(watch[:strings.Index(watch, `"`)])
	for i, want := range []bool{false, true} {
		if i == 1 {
			w.Post(303, "duty2", path, one(id+"-E0002-1", "told", ""))
		}
		if got := strings.Contains(liveHead(w, "duty", watch), "名单有变化"); got != want {
			t.Errorf("after %d calls it says so: %v", i, got)
		}
	}
}

// liveHead is what the stream of an open sheet says first at its head.
func liveHead(w *desktest.World, user, watch string) string {
	w.T.Helper()
	srv := httptest.NewServer(w.Desk)
	defer srv.Close()
	ctx, cancel := context.WithTimeout(w.T.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+watch, nil)
	if err != nil {
		w.T.Fatal(err)
	}
	r.AddCookie(w.Cookie(user))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.T.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if lines.Text() == "event: calls-head" && lines.Scan() {
			return lines.Text()
		}
	}
	w.T.Fatalf("%s: the stream has no head", watch)
	return ""
}

// The sheet comes in pages, which keep the town and lead on and back; what was just done is said on one of them alone.
func TestTheSheetComesInPages(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls?limit=1&town=" + url.QueryEscape("大寺镇") + "&done=call.told"
	var got []string
	for n := 0; path != "" && n < 5; n++ {
		page := w.Get(200, "duty", path)
		got = append(got, toCall(page)...)
		path = ""
		if next := desktest.Find(page, "a", "rel", "next"); next != nil {
			path = desktest.Attr(next, "href")
		}
		if said := strings.Contains(desktest.TextOf(page), "已记录：已告知"); said != (n == 0) {
			t.Errorf("page %d says what was done: %v", n+1, said)
		}
		if back := desktest.Find(page, "a", "rel", "prev") != nil; back != (n > 0) {
			t.Errorf("page %d leads back: %v", n+1, back)
		}
	}
	if want := id + "-E0001-1 " + id + "-E0003-1"; strings.Join(got, " ") != want {
		t.Errorf("the pages name %q, want %q", got, want)
	}
}

// firstSubmit is the button that Enter in a field of the form presses; nil for none.
func firstSubmit(form *html.Node) (button *html.Node) {
	desktest.Each(form, func(e *html.Node) {
		if button == nil && e.Data == "button" {
			button = e
		}
	})
	return button
}

// Enter in the note of several records them, and in the note of one asks for the outcome: it neither ticks everybody
// nor says of somebody that nobody was reached.
func TestEnterDoesWhatTheFormSays(t *testing.T) {
	w := desktest.New(t)
	path := desktest.WarningPath(w.Ordered()) + "/calls"
	page := w.Get(200, "duty", path)
	several := firstSubmit(desktest.Find(page, "form", "id", "several"))
	if desktest.Attr(several, "value") != "several" || desktest.Has(several, "formnovalidate") {
		t.Errorf("Enter in the form of several presses %q", desktest.Attr(several, "value"))
	}
	rows := 0
	desktest.Each(page, func(e *html.Node) {
		if e.Data != "form" || desktest.Find(e, "input", "name", "one") == nil {
			return
		}
		rows++
		b := firstSubmit(e)
		if desktest.Has(b, "name") || desktest.Attr(b, "tabindex") != "-1" || desktest.Attr(b, "aria-hidden") != "true" {
			t.Errorf("Enter in a row presses %s=%q", desktest.Attr(b, "name"), desktest.Attr(b, "value"))
		}
	})
	if rows != 3 {
		t.Errorf("%d rows have a form", rows)
	}
	order := toCall(page)[0]
	for name, form := range map[string]url.Values{
		"one":     {"one": {"true"}, "order": {order}, "note": {"无人接听"}, "key": {frame.NewKey()}},
		"several": {"step": {"several"}, "order": {order}, "note": {"无人接听"}, "outcome": {""}, "key": {frame.NewKey()}},
	} {
		back := w.Refused(http.StatusUnprocessableEntity, "duty", path, form)
		if !strings.Contains(desktest.TextOf(desktest.Find(back, "p", "role", "alert")), "请选择通话结果") ||
			desktest.Find(back, "input", "value", "无人接听") == nil {
			t.Errorf("%s without an outcome: %s", name, desktest.TextOf(back))
		}
	}
}

// The form that comes back after some were recorded has those ticked that were not: sent again, it records no call
// twice.
func TestWhoWasRecordedIsNotTickedAgain(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	w.Post(303, "E0003", "/desk/orders/"+id+"-E0003-1/acknowledge", url.Values{"key": {frame.NewKey()}})
	r := w.Post(http.StatusConflict, "duty", path, url.Values{"step": {"several"}, "outcome": {"unreachable"},
		"key": {frame.NewKey()}, "order": {id + "-E0001-1", id + "-E0003-1"}})
	page := desktest.Parsed(t, r.Text)
	if got := toCall(page); len(got) != 2 {
		t.Errorf("the sheet names %q", got)
	}
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "input" && desktest.Attr(e, "name") == "order" && desktest.Has(e, "checked") {
			t.Errorf("%s is ticked again", desktest.Attr(e, "value"))
		}
	})
	if n := orderOf(w, id+"-E0001-1").Calls.Unreachable; n != 1 {
		t.Errorf("%d calls are recorded", n)
	}
}

// A later page of which all were told leads to the first one of its town as long as others are on the sheet; a form that
// was refused on it comes back there.
func TestAPageThatIsDoneLeadsToTheFirst(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path, town := desktest.WarningPath(id)+"/calls", url.QueryEscape("大寺镇")
	page := w.Get(200, "duty", path+"?limit=1&town="+town)
	last := desktest.Attr(desktest.Find(page, "a", "rel", "next"), "href")
	if at := w.Get(200, "duty", last); strings.Join(toCall(at), " ") != id+"-E0003-1" {
		t.Fatalf("the last page names %q", toCall(at))
	}
	told := w.Post(303, "duty", last, one(id+"-E0003-1", "told", "")).Header.Get("Location")
	r := w.As("duty", told, nil)
	first := path + "?done=call.told&limit=1&town=" + town
	if to := r.Header.Get("Location"); r.StatusCode != http.StatusSeeOther || to != first {
		t.Fatalf("the page that is done: %d, leads to %s, want %s", r.StatusCode, to, first)
	}
	page = w.Get(200, "duty", first)
	if strings.Join(toCall(page), " ") != id+"-E0001-1" || !strings.Contains(desktest.TextOf(page), "已记录：已告知") {
		t.Errorf("the first page: %s", desktest.TextOf(page))
	}
	page = w.Refused(http.StatusUnprocessableEntity, "duty", last, url.Values{"step": {"several"}, "outcome": {"told"}})
	if len(toCall(page)) != 1 || !strings.Contains(desktest.TextOf(page), "没有勾选任何对象") {
		t.Errorf("the refused form: %s", desktest.TextOf(page))
	}
	w.Post(303, "duty", path, one(id+"-E0001-1", "told", ""))
	if text := desktest.TextOf(w.Get(200, "duty", last)); !strings.Contains(text, "没有要打电话的对象") {
		t.Errorf("nobody is left: %s", text)
	}
}

// An open later page that has changed is reloaded where it is, with the way back.
func TestAReloadedPageKeepsItsWayBack(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := desktest.WarningPath(id) + "/calls"
	next := desktest.Attr(desktest.Find(w.Get(200, "duty", path+"?limit=1"), "a", "rel", "next"), "href")
	page := w.As("duty", next, nil)
	watch := page.Text[strings.Index(page.Text, "/desk/live?"):]
	watch = html.UnescapeString(watch[:strings.Index(watch, `"`)])
	w.Post(303, "duty", path, one(id+"-E0002-1", "told", ""))
	head := html.UnescapeString(liveHead(w, "duty", watch))
	if !strings.Contains(head, `href="`+next+`"`) {
		t.Errorf("the head says %s, want a link to %s", head, next)
	}
}

// The first page says whom to call next under each warning and drill, to a town its own; who does not read contacts
// sees no telephones.
func TestTheFirstPageSaysWhomToCall(t *testing.T) {
	w := desktest.New(t)
	live := w.Ordered()
	drill := w.Declared(alerts.Yellow, true)
	w.Elapse(0)
	for who, c := range map[string]struct {
		rows  int
		phone bool
	}{"duty": {3, true}, "approver": {3, true}, "viewer": {3, false}, "town": {2, true}} {
		r := w.As(who, "/desk", nil)
		desktest.Lint(t, who+"'s first page", r.Text)
		page := desktest.Parsed(t, r.Text)
		for _, id := range []string{live, drill} {
			box := desktest.Find(page, "section", "aria-labelledby", "calls-"+id)
			if box == nil {
				t.Fatalf("%s: no box of %s", who, id)
			}
			text := desktest.TextOf(box)
			if n := strings.Count(text, "示例企业"); n != c.rows || !strings.Contains(text, fmt.Sprintf("待打电话 %d 个对象", n)) ||
				strings.Contains(text, "13800000000") != c.phone || strings.Contains(text, "演练") != (id == drill) {
				t.Errorf("%s reads of %s: %s", who, id, text)
			}
			if desktest.Find(box, "a", "href", desktest.WarningPath(id)+"/calls") == nil ||
				desktest.Find(page, "a", "id", "n-"+id+"-calls") == nil {
				t.Errorf("%s: nothing leads to the sheet of %s", who, id)
			}
		}
	}
	if text := desktest.TextOf(w.Get(200, "E0001", "/desk")); strings.Contains(text, "待打电话") {
		t.Errorf("a recipient reads: %s", text)
	}
}

// Where there is more than one page a link leads to as many on one as a form records, of the same town.
func TestALongerPage(t *testing.T) {
	w := desktest.New(t)
	path, town := desktest.WarningPath(w.Ordered())+"/calls", url.QueryEscape("大寺镇")
	for query, want := range map[string]string{
		"": "", "?limit=200": "", "?limit=1": path + "?limit=200", "?limit=1&town=" + town: path + "?limit=200&town=" + town,
	} {
		got := ""
		page := w.Get(200, "duty", path+query)
		if a := desktest.Find(page, "a", "id", "calls-long"); a != nil {
			got = desktest.Attr(a, "href")
		}
		if got != want || (want != "") != strings.Contains(desktest.TextOf(page), "每页 200 个") {
			t.Errorf("%q leads to %q, want %q", query, got, want)
		}
	}
	page := w.Get(200, "duty", path+"?limit=200")
	if in := desktest.Find(page, "input", "name", "limit"); in == nil || desktest.Attr(in, "value") != "200" {
		t.Error("the choice of a town gives up the longer page")
	}
}
