package warnings_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist"
)

// A plant's first page says what each of its orders wants for each unit, and by when; what is over is folded below.
func TestAPlantsFirstPageSaysWhatToDo(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := id + "-E0001-1"
	home := func() string { return desktest.TextOf(w.Get(200, "E0001", "/desk")) }
	desktest.SaysAll(t, "the first page", home(), "我的减排令", "黄色（Ⅲ级）", "1号线 · 限产 减少 50 %", "4 小时内完成",
		"退出 English 深色 浅色 我的减排令 0 减排令", "18:00 前确认，还剩 1 小时 查看")
	w.Elapse(75 * time.Minute)
	desktest.SaysAll(t, "too late", home(), "应于 18:00 前确认，已逾期 15 分钟")
	w.Post(303, "E0001", "/desk/orders/"+order+"/acknowledge", url.Values{"key": {frame.NewKey()}})
	if text := home(); strings.Contains(text, "前确认") || !strings.Contains(text, "已确认") {
		t.Errorf("acknowledged: %s", text)
	}
	cancel := desktest.WarningPath(id) + "/cancel"
	form := desktest.Values(w.Get(200, "duty", cancel))
	form.Set("reason", "误发")
	form.Set("typed", "撤销")
	w.Post(303, "duty", cancel, w.Reviewed("duty", cancel, form))
	w.Elapse(0)
	if text := home(); !strings.Contains(text, "这份减排令已解除，请签收") || strings.Contains(text, "减少 50 %") {
		t.Errorf("ended: %s", text)
	}
	w.Post(303, "E0001", "/desk/orders/"+order+"/receive", url.Values{"key": {frame.NewKey()}})
	page := w.Get(200, "E0001", "/desk")
	if desktest.Find(page, "details", "id", "mine-over") == nil || !strings.Contains(desktest.TextOf(page), "目前没有减排令") {
		t.Errorf("received: %s", desktest.TextOf(page))
	}
}

// What waits is shown by role, with its age, and its number stands in the title of every page.
func TestQueueByRole(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	title := func(who, path string) string {
		return desktest.TextOf(desktest.Find(w.Get(200, who, path), "title", "", ""))
	}
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(text, "待您处理") {
		t.Errorf("nothing waits: %s", text)
	}
	w.Post(303, "E0001", "/desk/orders/"+id+"-E0001-1/object", url.Values{"note": {"炉内尚有铁水"}, "key": {frame.NewKey()}})
	w.Elapse(70 * time.Minute) // the others' answers are overdue by now
	page := w.Get(200, "duty", "/desk")
	desktest.SaysAll(t, "the officer's", desktest.TextOf(page), "待您处理", "异议待处理 1 个 已等 1 小时 10 分", "逾期未确认")
	if at := desktest.Attr(desktest.Find(page, "a", "id", "q-objected"), "href"); !strings.Contains(at, "state=objected") {
		t.Errorf("the objections are at %s", at)
	}
	for _, path := range []string{"/desk", "/desk/recipients", desktest.WarningPath(id)} {
		if got := title("duty", path); !strings.HasPrefix(got, "(") {
			t.Errorf("the title of %s is %s", path, got)
		}
	}
	for _, who := range []string{"viewer", "E0002", "approver"} {
		if text := desktest.TextOf(w.Get(200, who, "/desk")); strings.Contains(text, "待您处理") {
			t.Errorf("%s: %s", who, text)
		}
	}
}

// What waits for an approval waits for those alone who did not enter it; a drill's is counted apart.
func TestQueueOfApprovals(t *testing.T) {
	w := desktest.New(t)
	w.Declared("red", true)
	text := desktest.TextOf(w.Get(200, "approver", "/desk"))
	desktest.SaysAll(t, "a drill", text, "待您处理：0", "演练（另计）", "预警待审批")
	w = desktest.New(t)
	w.Declared("red", false)
	desktest.SaysAll(t, "the approver's", desktest.TextOf(w.Get(200, "approver", "/desk")), "待您处理：1", "预警待审批")
	if text := desktest.TextOf(w.Get(200, "duty", "/desk")); strings.Contains(text, "预警待审批") {
		t.Errorf("who entered it is asked to approve it: %s", text)
	}
}

// A list waits for those who may approve it and did not send it themselves; one with errors waits for nobody.
func TestQueueOfLists(t *testing.T) {
	w := desktest.New(t)
	waits := func(who string) (text, href string) {
		page := w.Get(200, who, "/desk")
		if link := desktest.Find(page, "a", "id", "q-lists"); link != nil {
			href = desktest.Attr(link, "href")
		}
		return desktest.TextOf(page), href
	}
	bad := desktest.Xiqing(t, "2016-12-20", func(l *reductionlist.List) { l.Recipients[3].Measures[0].Text = "适当减排" })
	w.Upload("duty", "坏.xlsx", bad)
	if text, _ := waits("approver"); strings.Contains(text, "清单待审批") {
		t.Errorf("a list with errors waits: %s", text)
	}
	to := w.Upload("approver", "甲.xlsx", desktest.Xiqing(t, "2016-12-21", nil)).Header.Get("Location")
	first, _, _ := strings.Cut(to, "/findings")
	if text, _ := waits("approver"); strings.Contains(text, "清单待审批") {
		t.Errorf("who sent it is asked to approve it: %s", text)
	}
	text, href := waits("duty")
	if desktest.SaysAll(t, "the officer's", text, "清单待审批 1 份"); href != first {
		t.Errorf("the list that waits is at %s, want %s", href, first)
	}
	if text, _ := waits("viewer"); strings.Contains(text, "清单待审批") {
		t.Errorf("who may not approve is asked to: %s", text)
	}
	w.Upload("approver", "乙.xlsx", desktest.Xiqing(t, "2016-12-22", nil))
	if text, href = waits("duty"); href != "/desk/lists" || !strings.Contains(text, "清单待审批 2 份") {
		t.Errorf("two lists wait at %s: %s", href, text)
	}
}
