package monitoring_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// A task of a complaint is given to two for a day; who is recused gives it back, and is sent there no more.
func TestTasksOfTwoAndRecusal(t *testing.T) {
	w := desktest.New(t)
	w.Enter("li", calls.Inspector)
	form := posts(w.Get(200, "duty", "/desk/task?recipient=E0002"), "/desk/task")
	for name, value := range map[string]string{"note": "群众反映夜间有烟", "assignee": "inspector", "with": "inspector", "day": "2016/12/17",
		"complaint": "true"} {
		form.Set(name, value)
	}
	w.Refused(422, "duty", "/desk/task", form) // one person is not two
	form.Set("with", "li")
	path, _, _ := strings.Cut(w.Post(303, "duty", "/desk/task", form).Header.Get("Location"), "?")
	has(t, "made", text(w.Get(200, "inspector", path)), "信访投诉", "已领 inspector · 同去 li", "日期 2016-12-17", "现场检查页", "回避")
	hasNot(t, "who does not inspect", text(w.Get(200, "duty", path)), "现场检查页")
	give := url.Values{"step_name": {"give"}, "state": {"taken"}, "assignee": {"inspector"}, "with": {""}, "day": {""}, "key": {frame.NewKey()}}
	w.Post(303, "duty", path, give)
	hasNot(t, "one again", text(w.Get(200, "viewer", path)), "同去", "日期 2016-12-17")
	recuse := posts(w.Get(200, "inspector", path), path+"/recuse")
	has(t, "why", text(w.Refused(422, "inspector", path+"/recuse", recuse)), "回避")
	recuse.Set("reason", "亲属在该企业任职")
	w.Refused(403, "viewer", path+"/recuse", recuse)
	w.Post(303, "inspector", path+"/recuse", recuse)
	has(t, "given back", text(w.Get(200, "duty", path)), "待办")
	give.Set("key", frame.NewKey())
	page := text(w.Refused(422, "duty", path, give))
	has(t, "recused", page, "回避")
	hasNot(t, "public", text(w.Get(200, "viewer", path)), "亲属在该企业任职")
	other := posts(w.Get(200, "duty", path), path+"/recuse") // the duty desk says it of somebody
	other.Set("user", "duty2")
	other.Set("reason", "曾任该企业环保负责人")
	w.Post(303, "duty", path+"/recuse", other)
	give.Set("key", frame.NewKey())
	give.Set("assignee", "duty2")
	w.Refused(422, "duty", path, give)
}

// names are the steps that a page of a task offers.
func names(page *html.Node) (all []string) {
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "input" && desktest.Attr(e, "name") == "step_name" {
			all = append(all, desktest.Attr(e, "value"))
		}
	})
	return all
}

// What a drawn task refuses is not offered: its inspector is recused or inspects, and an officer is asked why it goes elsewhere.
func TestADrawnTaskOffersWhatItsReaderMay(t *testing.T) {
	w := desktest.New(t)
	w.Enter("li", calls.Inspector)
	w.Ordered()
	path := "/desk/tasks/" + w.Draws("大寺镇").Tasks[0]
	steps := func(when, user string, want ...string) *html.Node {
		t.Helper()
		page := w.Get(200, user, path)
		if got := names(page); !slices.Equal(got, want) {
			t.Errorf("%s %s is offered %q, want %q", when, user, got, want)
		}
		return page
	}
	has(t, "open", text(steps("nobody's", "inspector", "take", "recuse")), "抽签安排的")
	steps("nobody's", "duty", "take", "give", "end", "drop", "recuse")
	step := func(name, state string) url.Values {
		return url.Values{"step_name": {name}, "state": {state}, "key": {frame.NewKey()}}
	}
	w.Post(303, "inspector", path, step("take", "taken"))
	has(t, "taken", text(steps("taken", "inspector", "recuse")), "抽签安排的", "现场检查页", "回避")
	steps("another's", "li", "recuse")
	hasNot(t, "an officer", text(steps("taken", "duty", "end", "give", "return", "drop", "recuse")), "抽签安排的：")
	has(t, "a page that was open", text(w.Refused(403, "inspector", path, step("return", "open"))), "抽签安排的，检查员不能")
	give := step("give", "taken")
	give.Set("assignee", "li")
	has(t, "no reason", text(w.Refused(422, "duty", path, give)), "都要写理由")
	give.Set("reason", "inspector 病假")
	give.Set("key", frame.NewKey())
	w.Post(303, "duty", path, give)
	has(t, "given", text(w.Get(200, "duty", path)), "已领 li", "inspector 病假")
}
