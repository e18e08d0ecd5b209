package orders_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"
)

// prominent are the acts whose buttons stand out on a page, and other those that are there besides.
func prominent(page *html.Node, order string) (main, other []string) {
	desktest.Each(page, func(form *html.Node) {
		action, own := strings.CutPrefix(desktest.Attr(form, "action"), order+"/")
		if form.Data != "form" || !own {
			return
		}
		desktest.Each(form, func(e *html.Node) {
			switch {
			case e.Data != "button" || desktest.Attr(e, "formaction") != "": // which does not send the form
			case strings.Contains(desktest.Attr(e, "class"), "button-main"):
				main = append(main, action)
			default:
				other = append(other, action)
			}
		})
	})
	return main, other
}

// From the receipt to the completion one button stands out at a time: the one that brings the order on.
func TestTheNextStepStandsOut(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := func(n int) string { return fmt.Sprintf("/desk/orders/%s-E%04d-1", id, n) }
	shows := func(n int, when, main, other string) {
		t.Helper()
		gotMain, gotOther := prominent(w.Get(200, fmt.Sprintf("E%04d", n), path(n)), path(n))
		if fmt.Sprint(gotMain) != main || fmt.Sprint(gotOther) != other {
			t.Errorf("%s: %v stand out beside %v, want %s beside %s", when, gotMain, gotOther, main, other)
		}
	}
	answer := func(n int, action string, form url.Values) {
		t.Helper()
		form.Set("key", frame.NewKey())
		w.Post(303, fmt.Sprintf("E%04d", n), path(n)+"/"+action, form)
	}
	shows(1, "new", "[acknowledge]", "[object receive]")
	answer(1, "receive", url.Values{})
	shows(1, "received", "[acknowledge]", "[object]")
	answer(1, "acknowledge", url.Values{})
	shows(1, "acknowledged", "[start]", "[]")
	answer(1, "start", url.Values{})
	shows(1, "started", "[report]", "[complete]")
	answer(1, "report", url.Values{"value.M1": {"50"}})
	shows(1, "reported", "[complete]", "[report]")
	answer(1, "complete", url.Values{})
	shows(1, "completed", "[]", "[complete]") // to correct it

	answer(2, "object", url.Values{"note": {"设备不能急停"}})
	shows(2, "objected", "[]", "[acknowledge]")

	form := desktest.Values(w.Get(200, "duty", desktest.WarningPath(id)+"/lift"))
	form.Set("reason", "好转")
	form.Set("typed", "解除")
	lift := desktest.WarningPath(id) + "/lift"
	w.Post(303, "duty", lift, w.Reviewed("duty", lift, form))
	w.Elapse(0)
	shows(3, "released before it was received", "[receive]", "[]")
}

// The page of an order that has ended begins with what ended it and what its recipient may do; why one enterprise was
// exempted is read by those alone who may.
func TestReleaseOnTheDesk(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	path := func(n int) string { return fmt.Sprintf("/desk/orders/%s-E%04d-1", id, n) }
	w.Post(303, "E0001", path(1)+"/object", url.Values{"note": {"炉内尚有铁水"}, "key": {frame.NewKey()}})
	w.Post(303, "duty", strings.Replace(path(1), "orders", "objections", 1),
		url.Values{"decision": {"accept"}, "reason": {"保障民生供热"}, "key": {frame.NewKey()}})
	form := desktest.Values(w.Get(200, "duty", desktest.WarningPath(id)+"/lift"))
	form.Set("reason", "扩散条件转好")
	form.Set("typed", "解除")
	lift := desktest.WarningPath(id) + "/lift"
	w.Post(303, "duty", lift, w.Reviewed("duty", lift, form))
	w.Elapse(0)
	for _, who := range []string{"E0002", "duty", "viewer"} {
		page := w.Get(200, who, path(2))
		note := desktest.Find(page, "section", "id", "release")
		if note == nil {
			t.Fatalf("%s is not told what ended the order:\n%s", who, desktest.TextOf(page))
		}
		desktest.Shows(t, "released, to "+who, note, "预警解除通知", "可以恢复正常生产", "扩散条件转好", "2016-12-16")
		desktest.Shows(t, "the order's own text", page, "现启动")
	}
	for who, may := range map[string]bool{"E0001": true, "duty": true, "inspector": true, "viewer": false,
		"admin": false} {
		page := w.Get(200, who, path(1))
		desktest.Shows(t, "exempted, to "+who, desktest.Find(page, "section", "id", "release"), "豁免通知", "无须执行")
		if got := strings.Contains(desktest.TextOf(page), "保障民生供热"); got != may {
			t.Errorf("%s reads why: %v, want %v", who, got, may)
		}
	}
}

// An objection without a reason comes back with its field marked; one that was recorded without may be completed on the
// page.
func TestObjectionIsCompletedOnTheDesk(t *testing.T) {
	w := desktest.New(t)
	order := w.Ordered() + "-E0001-1"
	path := "/desk/orders/" + order
	for _, note := range []string{"", " \n "} {
		page := w.Refused(422, "E0001", path+"/object", url.Values{"note": {note}, "key": {frame.NewKey()}})
		desktest.Shows(t, "an empty reason", page, "请说明理由")
	}
	w.Unexplained(order)
	main, other := prominent(w.Get(200, "E0001", path), path)
	if fmt.Sprint(main) != "[object]" || fmt.Sprint(other) != "[acknowledge]" {
		t.Fatalf("%v stand out beside %v", main, other)
	}
	w.Post(303, "E0001", path+"/object", url.Values{"note": {"炉内尚有铁水"}, "key": {frame.NewKey()}})
	if main, other = prominent(w.Get(200, "E0001", path), path); len(main) > 0 || fmt.Sprint(other) != "[acknowledge]" {
		t.Errorf("completed: %v stand out beside %v", main, other)
	}
	desktest.Shows(t, "the officer", w.Get(200, "duty", strings.Replace(path, "orders", "objections", 1)), "炉内尚有铁水")
}
