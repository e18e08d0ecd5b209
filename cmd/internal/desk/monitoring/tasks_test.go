package monitoring_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"golang.org/x/net/html"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify/compliance"
)

// A task of a complaint is given to two for a day; who is recused gives it back, and is sent there no more.
func TestTasksOfTwoAndRecusal(t *testing.T) {
	w := desktest.New(t)
	w.Enter("li", calls.Inspector)
	form := desktest.Posts(w.Get(200, "duty", "/desk/task?recipient=E0002"), "/desk/task")
	for name, value := range map[string]string{"note": "群众反映夜间有烟", "assignee": "inspector", "with": "inspector", "day": "2016/12/17",
		"complaint": "true"} {
		form.Set(name, value)
	}
	w.Refused(422, "duty", "/desk/task", form) // one person is not two
	form.Set("with", "li")
	path, _, _ := strings.Cut(w.Post(303, "duty", "/desk/task", form).Header.Get("Location"), "?")
	desktest.Says(t, "made", desktest.TextOf(w.Get(200, "inspector", path)), "信访投诉", "已领 inspector · 同去 li", "日期 2016-12-17", "现场检查页", "回避")
	desktest.SaysNot(t, "who does not inspect", desktest.TextOf(w.Get(200, "duty", path)), "现场检查页")
	give := url.Values{"step_name": {"give"}, "state": {"taken"}, "assignee": {"inspector"}, "with": {""}, "day": {""}, "key": {frame.NewKey()}}
	w.Post(303, "duty", path, give)
	desktest.SaysNot(t, "one again", desktest.TextOf(w.Get(200, "viewer", path)), "同去", "日期 2016-12-17")
	recuse := desktest.Posts(w.Get(200, "inspector", path), path+"/recuse")
	desktest.Says(t, "why", desktest.TextOf(w.Refused(422, "inspector", path+"/recuse", recuse)), "回避")
	recuse.Set("reason", "亲属在该企业任职")
	w.Refused(403, "viewer", path+"/recuse", recuse)
	w.Post(303, "inspector", path+"/recuse", recuse)
	desktest.Says(t, "given back", desktest.TextOf(w.Get(200, "duty", path)), "待办")
	give.Set("key", frame.NewKey())
	page := desktest.TextOf(w.Refused(422, "duty", path, give))
	desktest.Says(t, "recused", page, "回避")
	desktest.SaysNot(t, "public", desktest.TextOf(w.Get(200, "viewer", path)), "亲属在该企业任职")
	other := desktest.Posts(w.Get(200, "duty", path), path+"/recuse") // the duty desk says it of somebody
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
	desktest.Says(t, "open", desktest.TextOf(steps("nobody's", "inspector", "take", "recuse")), "抽签安排的")
	steps("nobody's", "duty", "take", "give", "end", "drop", "recuse")
	step := func(name, state string) url.Values {
		return url.Values{"step_name": {name}, "state": {state}, "key": {frame.NewKey()}}
	}
	w.Post(303, "inspector", path, step("take", "taken"))
	desktest.Says(t, "taken", desktest.TextOf(steps("taken", "inspector", "recuse")), "抽签安排的", "现场检查页", "回避")
	steps("another's", "li", "recuse")
	desktest.SaysNot(t, "an officer", desktest.TextOf(steps("taken", "duty", "end", "give", "return", "drop", "recuse")), "抽签安排的：")
	desktest.Says(t, "a page that was open", desktest.TextOf(w.Refused(403, "inspector", path, step("return", "open"))), "抽签安排的，检查员不能")
	give := step("give", "taken")
	give.Set("assignee", "li")
	desktest.Says(t, "no reason", desktest.TextOf(w.Refused(422, "duty", path, give)), "都要写理由")
	give.Set("reason", "inspector 病假")
	give.Set("key", frame.NewKey())
	w.Post(303, "duty", path, give)
	desktest.Says(t, "given", desktest.TextOf(w.Get(200, "duty", path)), "已领 li", "inspector 病假")
}

// Why somebody is recused is for officers alone, on the task's page and in a list of all, also after it ended; what was erased
// is told to be.
func TestOfficersReadWhoIsRecusedAndWhy(t *testing.T) {
	w := desktest.New(t)
	w.Enter("li", calls.Inspector)
	w.Ordered()
	id := w.Draws("大寺镇").Tasks[0]
	path, list := "/desk/tasks/"+id, "/desk/recusals"
	desktest.Says(t, "nobody yet", desktest.TextOf(w.Get(200, "duty", list)), "没有人申明回避")
	desktest.SaysNot(t, "nobody yet", desktest.TextOf(w.Get(200, "duty", path)), "回避记录")
	recuse := func(user, reason string) {
		t.Helper()
		form := desktest.Posts(w.Get(200, user, path), path+"/recuse")
		form.Set("reason", reason)
		w.Post(303, user, path+"/recuse", form)
	}
	recuse("inspector", "配偶是该企业股东")
	if got := names(w.Get(200, "inspector", path)); len(got) != 0 {
		t.Errorf("who is recused is offered %q", got)
	}
	recuse("li", "曾任该企业环保负责人")
	duty := desktest.TextOf(w.Get(200, "duty", path))
	desktest.Says(t, "the task", duty, "回避记录", "配偶是该企业股东", "曾任该企业环保负责人", "inspector", "li")
	for _, user := range []string{"inspector", "li", "viewer", "approver"} {
		desktest.SaysNot(t, user, desktest.TextOf(w.Get(200, user, path)), "回避记录", "配偶是该企业股东", "曾任该企业环保负责人")
	}
	w.Get(403, "inspector", list)
	w.Get(403, "viewer", list)
	duty = desktest.TextOf(w.Get(200, "duty", list))
	desktest.Says(t, "the list", duty, "li 1 次", "inspector 1 次", "配偶是该企业股东", "曾任该企业环保负责人")
	desktest.SaysNot(t, "the list", duty, "已撤回", "此前")
	end := calls.Recusal{ByID: calls.ByID{ID: id}, End: true}
	if _, err := w.Svc.RecuseTask(t.Context(), service.Ask{Who: &access.Principal{User: "li", Role: calls.Inspector}}, end); err != nil {
		t.Fatal(err)
	}
	desktest.Says(t, "who is back", desktest.TextOf(w.Get(200, "duty", list)), "li 已撤回", "曾任该企业环保负责人")
	recuse("li", "又想起一事")
	duty = desktest.TextOf(w.Get(200, "duty", list+"?user=li"))
	desktest.Says(t, "again", duty, "li 2 次", "此前 1 次", "又想起一事")
	desktest.SaysNot(t, "of li alone", duty, "配偶是该企业股东", "已撤回")
	var ref string
	err := w.Svc.J.View(func(tx *bbolt.Tx) error {
		all, _, err := compliance.Recusals(tx, "", "li")
		ref = all[0].ReasonRef
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Svc.J.Erase(t.Context(), "admin", ref, "示例"); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{list, path} {
		page := desktest.TextOf(w.Get(200, "duty", at))
		desktest.Says(t, "erased", page, "内容已按规定删除", "配偶是该企业股东")
		desktest.SaysNot(t, "erased", page, "又想起一事")
	}
}
