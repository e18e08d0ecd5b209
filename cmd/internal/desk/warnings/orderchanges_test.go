package warnings_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// thirds is a list of 45 recipients: at orange a third has more to do than at yellow, a third has something to do at last,
// and a third the same.
func thirds() *reductionlist.List {
	l := desktest.Fixture()
	for i := 3; i < 45; i++ {
		r := *l.Recipients[0]
		r.ID = fmt.Sprintf("E%04d", i+1)
		r.Name, r.StationMN = "示例企业"+r.ID, "MN"+r.ID
		l.Recipients = append(l.Recipients, &r)
	}
	for i, r := range l.Recipients {
		m := r.Measures[0]
		m.ID, m.Levels, m.Unit, m.Text = "M2", []alerts.Level{alerts.Orange}, "2号线", "2号线限产一半"
		switch i % 3 {
		case 1:
			r.Measures = append(append([]reductionlist.Measure{}, r.Measures...), m)
		case 2:
			r.Measures = []reductionlist.Measure{m}
		}
	}
	return l
}

// orderSection is what the page says of the orders, with the address of its next page.
func orderSection(t *testing.T, page *html.Node) (text, next string) {
	t.Helper()
	section := desktest.Find(page, "section", "id", "orders")
	if section == nil {
		return "", ""
	}
	desktest.Each(section, func(n *html.Node) {
		if href := desktest.Attr(n, "href"); n.Data == "a" && strings.Contains(href, "cursor=") {
			next, _, _ = strings.Cut(href, "#")
		}
	})
	return desktest.TextOf(section), next
}

// readOut is the address of the review of an act on a warning.
func readOut(w *desktest.World, id, act string, change url.Values) string {
	w.T.Helper()
	at := desktest.WarningPath(id) + "/" + act
	form := desktest.Values(w.Get(200, "duty", at))
	maps.Copy(form, change)
	return reviewPath(w, "duty", at, form)
}

// confirmed has the reviewed act done, from the page at an address.
func confirmed(w *desktest.World, at, typed string) {
	w.T.Helper()
	form := desktest.Values(w.Get(200, "duty", at))
	form.Set("typed", typed)
	form.Set("step", frame.StepConfirm)
	path, _, _ := strings.Cut(at, "?")
	w.Post(303, "duty", path, form)
}

// Before a raise is asked for, and again before it is approved, the page says how many orders are issued anew, first, and
// not at all, and reads each of them out, page by page; those are the orders that then go out.
func TestARaiseReadsItsOrdersOut(t *testing.T) {
	w := desktest.NewWith(t, thirds())
	id := w.Ordered()
	review := readOut(w, id, "adjust", url.Values{"level": {"orange"}, "reason": {"预报加重"}})
	desktest.Lint(t, "the review", w.As("duty", review, nil).Text)
	const counts = "重新下达 15 份，首次下达 15 份，解除 0 份，不变 15 份"
	first, next := orderSection(t, w.Get(200, "duty", review))
	desktest.SaysAll(t, "the review", first, counts, "批准后才办理", "第 1–20 份，共 30 份", "E0002", "E0003 · 首次下达",
		"黄色（Ⅲ级） → 橙色（Ⅱ级）", "M2 2号线 · 新增", "新减排令原文", "现启动重污染天气橙色（Ⅱ级）预警")
	if strings.Contains(first, "E0001") || strings.Contains(first, "E0032") || !strings.Contains(next, "draft=") {
		t.Errorf("the first page, before %s: %s", next, first)
	}
	second, end := orderSection(t, w.Get(200, "duty", next))
	desktest.SaysAll(t, "its second page", second, counts, "第 21–30 份，共 30 份", "E0032", "回到第一页")
	if strings.Contains(second, "E0030") || strings.Count(second, "新减排令原文") != 10 || strings.Contains(end, "cursor=E") {
		t.Errorf("its second page: %s", second)
	}
	confirmed(w, next, "橙色")

	approve := desktest.WarningPath(id) + "/approve"
	page := w.Get(200, "approver", approve)
	text, next := orderSection(t, page)
	desktest.SaysAll(t, "the approval", text, counts, "第 1–20 份，共 30 份")
	if strings.Contains(text, "批准后") {
		t.Errorf("the approver is told to wait for the approval: %s", text)
	}
	rest, _ := orderSection(t, w.Get(200, "approver", next))
	form := desktest.Values(page)
	form.Set("step", frame.StepConfirm)
	w.Post(303, "approver", approve, form)
	w.World.Elapse(0)
	for i, r := range thirds().Recipients {
		sent := sentText(w, fmt.Sprintf("%s-%s-%d", id, r.ID, 1+i%3%2))
		if read := strings.Contains(text+rest, sent); read != (i%3 > 0) {
			t.Errorf("that %s was read out before is %v: %s", r.ID, read, sent)
		}
	}
}

// sentText is the text of an order, as a page shows it.
func sentText(w *desktest.World, id string) string {
	w.T.Helper()
	text, err := w.Svc.OrderJSON(id)
	var o notify.View
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil {
		w.T.Fatal(err)
	}
	return strings.Join(strings.Fields(o.Text), " ")
}

// A declaration has no orders yet, for whoever enters it and whoever approves it.
func TestADeclarationHasNoOrdersToChange(t *testing.T) {
	w := desktest.New(t)
	form := declaration(w)
	form.Set("level", "red")
	review := reviewPath(w, "duty", "/desk/declare", form)
	nothing := func(user, at string) {
		t.Helper()
		if text, _ := orderSection(t, w.Get(200, user, at)); text != "" {
			t.Errorf("%s: %s", at, text)
		}
	}
	nothing("duty", review)
	confirmed(w, review, "红色")
	nothing("approver", desktest.WarningPath(live(w))+"/approve")
}

// Every act that may issue orders anew says of all of them what it does: at once or later, or that they stay.
func TestReviewsSayWhatBecomesOfTheOrders(t *testing.T) {
	w := desktest.NewWith(t, thirds())
	form := declaration(w)
	form.Set("ends_at", "2016-12-20T00:00")
	confirmed(w, reviewPath(w, "duty", "/desk/declare", form), "黄色")
	w.Elapse(0)
	id := live(w)
	review := func(act string, change url.Values) string {
		t.Helper()
		text, _ := orderSection(t, w.Get(200, "duty", readOut(w, id, act, change)))
		return text
	}
	desktest.SaysAll(t, "lowered at once", review("adjust", url.Values{"level": {"advisory"}, "reason": {"转好"}}),
		"重新下达 0 份，首次下达 0 份，解除 30 份，不变 0 份", "E0001 · 解除", "解除通知原文", "你单位此时没有应急减排措施")
	later := review("adjust", url.Values{"level": {"advisory"}, "reason": {"转好"}, "starts_at": {"2016-12-18T08:00"}})
	desktest.SaysAll(t, "lowered later", later, "12月18日8时起办理，此前减排令不变", "解除 30 份", "自2016年12月18日8时起不再执行")
	desktest.SaysAll(t, "a sooner end", review("revise", url.Values{"ends_at": {"2016-12-19T00:00"}}),
		"重新下达 0 份，首次下达 0 份，解除 0 份，不变 30 份")
	desktest.SaysAll(t, "a later end", review("revise", url.Values{"ends_at": {"2016-12-22T00:00"}}),
		"重新下达 30 份，首次下达 0 份，解除 0 份，不变 0 份", "结束时间 2016-12-19 24:00 → 2016-12-21 24:00", "至2016年12月21日24时止")
	if text := review("lift", nil); text != "" {
		t.Errorf("a lift: %s", text)
	}
}
