package monitoring_test

import (
	"bytes"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

func text(n *html.Node) string { return desktest.TextOf(n) }

func has(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s: no %q in %s", what, p, text)
		}
	}
}

func hasNot(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if strings.Contains(text, p) {
			t.Errorf("%s: %q in %s", what, p, text)
		}
	}
}

// part is the text of the element with an id; empty for none.
func part(page *html.Node, element, id string) string {
	n := desktest.Find(page, element, "id", id)
	if n == nil {
		return ""
	}
	return text(n)
}

// images are what charts of a page say to who does not see them, each once.
func images(page *html.Node) (all []string) {
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "svg" && desktest.Attr(e, "class") == "chart-wide" {
			all = append(all, desktest.Attr(e, "aria-label"))
		}
	})
	return all
}

// posts is what a form to an address would send; nil where the page has none.
func posts(page *html.Node, path string) url.Values {
	if form := desktest.Find(page, "form", "action", path); form != nil {
		return desktest.ValuesOf(form, url.Values{})
	}
	return nil
}

// Before an order is due readings, what they will be held against and from when stand on its page, and nothing is concluded;
// an instrument that nobody has ever heard of is named as such.
func TestOrderBeforeItIsDue(t *testing.T) {
	w := desktest.Judged(t)
	order := w.Ordered() + "-E0001-1"
	now := w.Clock.Now()
	w.Says("MNE0001.a21026", "mg/m3", now.Add(-4*time.Hour).Truncate(time.Hour), 20, 22, 21, 25)
	w.Judge()
	page := w.Get(200, "duty", "/desk/orders/"+order)
	panel := part(page, "section", "monitoring")
	has(t, "panel", panel, "还没有可判定的时段", "12月16日21时起判定", "小时浓度不超过 30 mg/m3", "从未上报", "未核查")
	hasNot(t, "panel", panel, "疑似未执行", "的时段没有数据")
	charts := images(page)
	if len(charts) != 1 {
		t.Fatalf("charts: %q", charts)
	}
	has(t, "chart", charts[0], "要求小时浓度不超过 30 mg/m3", "最近 25 mg/m³")
	keys := text(desktest.Find(page, "ul", "class", "keys"))
	has(t, "keys", keys, "监测值", "限值 30 mg/m³", "减排令期间", "起判")
	if desktest.Find(page, "p", "role", "alert") != nil {
		t.Error("something is alarming already")
	}
	if got := part(w.Get(200, "duty", "/desk"), "p", "found-line"); got != "" {
		t.Errorf("the first page says %s", got)
	}
	for user, none := range map[string]string{"duty": "还没有监测发现", "town": "还没有监测发现", "viewer": "还没有监测发现",
		"E0001": "还没有监测发现"} {
		has(t, user, text(w.Get(200, user, "/desk/findings")), none)
	}
	has(t, "tasks", text(w.Get(200, "duty", "/desk/tasks")), "没有任务")
	has(t, "matches none", text(w.Get(200, "duty", "/desk/findings?verdict=violated")), "没有符合条件")
}

// A plant whose ordinary days are too few says how many are missing.
func TestTooFewDaysForABaseline(t *testing.T) {
	w := desktest.Judged(t)
	now := w.Clock.Now().Truncate(time.Hour)
	w.Says("P1", "kW", now.Add(-30*time.Hour), 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100,
		100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100)
	order := w.Ordered() + "-E0001-1"
	page := w.Get(200, "E0001", "/desk/orders/"+order)
	has(t, "panel", part(page, "section", "monitoring"), "算不出平时水平，还需 10 天")
}

// What a plant is suspected of stands above everything on its order and its first page, with the chart, the question, until
// when it may explain, and a form; others read of it as far as they may.
func TestSuspected(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	home := w.Get(200, "E0001", "/desk")
	asked := desktest.Find(home, "section", "aria-labelledby", "asked-"+finding)
	if asked == nil {
		t.Fatalf("nothing is asked: %s", text(home))
	}
	has(t, "asked", text(asked), "疑似未执行", "12月16日21时起，CEMS 二氧化硫有 2 小时不符合“小时浓度不超过 30 mg/m3”。是什么情况？",
		"41 mg/m³（限值 30）", "请在 12-17 03:00 前说明（还有4 小时）")
	if got := images(asked); len(got) != 1 {
		t.Errorf("charts: %q", got)
	} else {
		has(t, "chart", got[0], "2 个时段不符合")
	}
	if posts(home, path+"/explain") == nil {
		t.Error("there is no form")
	}
	has(t, "line", part(home, "p", "found-line"), "监测发现 1 项疑似未执行，请说明情况")
	page := w.Get(200, "E0001", "/desk/orders/"+order)
	whole := text(page)
	if at := strings.Index(whole, "查看并说明"); at < 0 || at > strings.Index(whole, "送达") {
		t.Errorf("the suspicion does not stand above: %s", whole)
	}
	panel := part(page, "section", "monitoring")
	has(t, "panel", panel, "监测结论： 疑似未执行", "41 mg/m³", "限值 30", "不符合", "50 % 的时段没有数据")
	has(t, "timeline", whole, "核查：疑似未执行")

	for user, sees := range map[string]bool{"duty": true, "town": true, "viewer": true, "approver": true, "inspector": true,
		"admin": true, "E0001": true, "E0002": false} {
		list := text(w.Get(200, user, "/desk/findings"))
		if strings.Contains(list, "41 mg/m³（限值 30）") != sees {
			t.Errorf("%s sees it: %v, in %s", user, !sees, list)
		}
		line := part(w.Get(200, user, "/desk"), "p", "found-line")
		if (line != "") != sees || sees && user != "E0001" && line != "1 家疑似未执行" {
			t.Errorf("%s reads %q on the first page", user, line)
		}
		if !sees {
			w.Get(404, user, path)
			continue
		}
		one := w.Get(200, user, path)
		if (posts(one, path+"/explain") != nil) != (user == "E0001") || posts(one, path+"/decide") != nil {
			t.Errorf("the forms of %s", user)
		}
		has(t, user, text(one), "12-16 22:00–23:00", "12-16 21:00–22:00", "不符合", order, "MNE0001", "2016-12-17 03:00")
	}
	has(t, "board", text(w.Get(200, "duty", "/desk/warnings/W20161216-01/board")), "核查结论")
}

// The numbers of a board's verdicts lead to the findings behind them, which are those of the reader; a verdict that rests on
// none leads to its orders.
func TestBoardLeadsToFindings(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	for user, want := range map[string]string{"duty": "state=open&verdict=suspected&warning=W20161216-01",
		"town": "state=open&town=%E5%A4%A7%E5%AF%BA%E9%95%87&verdict=suspected&warning=W20161216-01"} {
		board := w.Get(200, user, "/desk/warnings/W20161216-01/board")
		link := desktest.Find(board, "a", "id", "l-verdict-suspected")
		if link == nil || desktest.Attr(link, "href") != "/desk/findings?"+want {
			t.Fatalf("%s is led to %q", user, desktest.Attr(link, "href"))
		}
		list := w.Get(200, user, desktest.Attr(link, "href"))
		if desktest.Find(list, "a", "id", "f-"+finding) == nil {
			t.Errorf("%s does not find it in %s", user, text(list))
		}
		if none := desktest.Find(board, "a", "id", "l-verdict-none"); none == nil ||
			!strings.HasPrefix(desktest.Attr(none, "href"), "/desk/orders?state=none") {
			t.Errorf("%s: what is not judged leads to %q", user, desktest.Attr(none, "href"))
		}
	}
	lift := desktest.WarningPath("W20161216-01") + "/lift"
	form := desktest.Values(w.Get(200, "duty", lift))
	form.Set("reason", "好转")
	form.Set("typed", "解除")
	w.Post(303, "duty", lift, w.Reviewed("duty", lift, form))
	w.Elapse(0)
	link := desktest.Find(w.Get(200, "duty", "/desk/warnings/W20161216-01/board"), "a", "id", "l-verdict-suspected")
	if link == nil || strings.Contains(desktest.Attr(link, "href"), "state=") {
		t.Errorf("when it has ended it leads to %q", desktest.Attr(link, "href"))
	}
}

// An explanation waits for an officer, whose rejection the plant reads; a violation follows at once and is a task.
func TestExplainedAndRejected(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	form := posts(w.Get(200, "E0001", "/desk"), path+"/explain")
	empty := url.Values{"key": {frame.NewKey()}, "note": {"  "}}
	if text := text(w.Refused(422, "E0001", path+"/explain", empty)); !strings.Contains(text, "请写明情况或附上材料") {
		t.Errorf("an empty explanation: %s", text)
	}
	form.Set("note", "检修后试车"+desktest.Hostile)
	if to := w.Post(303, "E0001", path+"/explain", form).Header.Get("Location"); to != "/desk?done=finding.explained" {
		t.Errorf("it leads to %s", to)
	}
	w.Post(303, "E0001", path+"/explain", form) // twice is once
	has(t, "first page", part(w.Get(200, "duty", "/desk"), "p", "found-line"), "1 家疑似未执行，1 份说明待处理")
	has(t, "waiting", text(w.Get(200, "duty", "/desk/findings?state=waiting")), "说明已提交，待处理")
	mine := text(w.Get(200, "E0001", "/desk"))
	has(t, "mine", mine, "说明已提交，待处理", "检修后试车")
	if posts(w.Get(200, "E0001", "/desk"), path+"/explain") != nil {
		t.Error("it is asked again while its explanation waits")
	}

	page := w.Get(200, "duty", path)
	has(t, "officer", text(page), "检修后试车<script>", "采纳", "不采纳")
	w.Refused(403, "viewer", path+"/decide", url.Values{"decision": {"accept"}, "key": {frame.NewKey()}})
	reject := url.Values{"decision": {"reject"}, "key": {frame.NewKey()}, "reason": {""}}
	has(t, "without a reason", text(w.Refused(422, "duty", path+"/decide", reject)), "不采纳说明要写理由")
	reject.Set("reason", "检修记录与用电曲线不符")
	w.Post(303, "duty", path+"/decide", reject)
	has(t, "mine", text(w.Get(200, "E0001", "/desk")), "说明未采纳", "检修记录与用电曲线不符")
	if posts(w.Get(200, "E0001", "/desk"), path+"/explain") == nil {
		t.Error("it may not say more")
	}
	w.Says("MNE0001.a21026", "mg/m3", w.Clock.Now().Truncate(time.Hour), 42, 43)
	w.Judge()
	has(t, "violated", text(w.Get(200, "E0001", "/desk")), "未执行")
	w.Judge()
	list := w.Get(200, "inspector", "/desk/tasks")
	has(t, "tasks", text(list), "监测发现", "未执行的可能 90 %", "分数怎么算", "分数 = 1 × 减排量（t/d）", "没有设置区应急办公点")
	history := text(w.Get(200, "viewer", path))
	has(t, "history", history, "疑似未执行，2 小时", "企业说明", "不采纳说明", "未执行，4 小时", "任务 T2016")
	if strings.Contains(history, "检修后试车") {
		t.Error("a viewer reads what was explained")
	}
}

// An accepted explanation takes out the hours that the officer chose, and nothing is asked any more.
func TestAccepted(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	w.Post(303, "E0001", path+"/explain", url.Values{"note": {"校准"}, "key": {frame.NewKey()}})
	form := posts(w.Get(200, "duty", path), path+"/decide")
	if form.Get("decision") != "accept" || form.Get("hours") != "" {
		t.Fatalf("the form of accepting: %v", form)
	}
	form.Set("hours", "2016-12-16T21:00:00+08:00")
	w.Post(303, "duty", path+"/decide", form)
	w.Judge()
	page := w.Get(200, "E0001", path)
	has(t, "finding", text(page), "说明已采纳", "不再计入的 1 个小时： 12-16 21:00–22:00", "已解除")
	order1 := w.Get(200, "E0001", "/desk/orders/"+order)
	has(t, "order", text(order1), "标记（说明已采纳）", "采纳企业说明")
	if got := part(w.Get(200, "E0001", "/desk"), "p", "found-line"); got != "" {
		t.Errorf("the first page still says %s", got)
	}
	has(t, "cleared", text(w.Get(200, "duty", "/desk/findings?state=cleared")), "已解除", "说明已采纳")
	has(t, "open", text(w.Get(200, "duty", "/desk/findings?state=open")), "没有符合条件")
}

// Of an hour of which several values came, all stand there, and an officer takes one.
func TestDifferingValues(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	from := time.Date(2016, 12, 16, 21, 0, 0, 0, alerts.Shanghai())
	w.Says("MNE0001.a21026", "mg/m3", from, 31)
	w.Judge()
	page := w.Get(200, "duty", path)
	has(t, "both", text(page), "收到 2 个不同数值", "40", "31")
	form := posts(page, path+"/value")
	if form == nil {
		t.Fatal("no form to take one")
	}
	form.Set("value", "31")
	has(t, "without a reason", text(w.Refused(422, "duty", path+"/value", form)), "收到 2 个不同数值")
	form.Set("reason", "校准后重发")
	w.Post(303, "duty", path+"/value", form)
	has(t, "taken", text(w.Get(200, "duty", path)), "的数值为 31")
	form.Set("value", "32")
	form.Set("key", frame.NewKey())
	has(t, "nobody said so", text(w.Refused(422, "duty", path+"/value", form)), "没有报送过数值")
	if posts(w.Get(200, "viewer", path), path+"/value") != nil {
		t.Error("a viewer may take one")
	}
	has(t, "a viewer", text(w.Get(200, "viewer", path)), "收到 2 个不同数值")
}

// The workbook holds what the page was asked for, whoever asks what he may see.
func TestWorkbook(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	rows := func(user, query string) [][]string {
		t.Helper()
		r := w.As(user, "/desk/findings.xlsx"+query, nil)
		if r.StatusCode != 200 || !strings.Contains(r.Header.Get("Content-Disposition"), "findings-20161216-2300.xlsx") {
			t.Fatalf("%s: %d %v", user, r.StatusCode, r.Header)
		}
		f, err := excelize.OpenReader(bytes.NewReader([]byte(r.Text)))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := f.GetRows(f.GetSheetName(0))
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	all := rows("duty", "?verdict=suspected")
	if len(all) != 2 || all[1][0] != finding || !strings.Contains(strings.Join(all[1], "|"), "疑似未执行|疑似未执行|未解除") {
		t.Errorf("rows: %q", all)
	}
	if n := len(rows("duty", "?verdict=violated")); n != 1 {
		t.Errorf("%d rows of violations", n)
	}
	if n := len(rows("E0002", "")); n != 1 {
		t.Errorf("%d rows of somebody else", n)
	}
}

// A task is taken, given, given back, ended and dropped by those who may; a town reads its own.
func TestTasks(t *testing.T) {
	w, _, _ := desktest.Suspected(t)
	form := posts(w.Get(200, "duty", "/desk/task?recipient=E0002"), "/desk/task")
	if form.Get("recipient_id") != "E0002" || form.Get("due") != "2016-12-17 23:00" {
		t.Errorf("the form begins with %v", form)
	}
	form.Set("note", "群众反映夜间有烟")
	form.Set("due", "2016-12-01 12:00")
	has(t, "past", text(w.Refused(422, "duty", "/desk/task", form)), "已过", "群众反映夜间有烟")
	form.Set("due", "2016-12-17 12:00")
	form.Set("recipient_id", "E9999")
	has(t, "unknown", text(w.Refused(422, "duty", "/desk/task", form)), "E9999")
	form.Set("recipient_id", "E0002")
	to := w.Post(303, "duty", "/desk/task", form).Header.Get("Location")
	path, _, _ := strings.Cut(to, "?")
	has(t, "made", text(w.Get(200, "inspector", to)), "已指派", "人工指派", "群众反映夜间有烟", "待办", "分数")
	if list := text(w.Get(200, "town", "/desk/tasks")); strings.Contains(list, "人工指派") || !strings.Contains(list, "E0001") {
		t.Errorf("a town reads %s", list)
	}
	w.Get(404, "town", path)
	if posts(w.Get(200, "viewer", path), path) != nil {
		t.Error("a viewer may change it")
	}
	w.Refused(403, "viewer", path, url.Values{"state": {"done"}, "key": {frame.NewKey()}})
	step := func(user, name, state string, more url.Values) string {
		t.Helper()
		v := url.Values{"step_name": {name}, "state": {state}, "key": {frame.NewKey()}}
		for k := range more {
			v.Set(k, more.Get(k))
		}
		w.Post(303, user, path, v)
		return text(w.Get(200, user, path))
	}
	has(t, "taken", step("inspector", "take", "taken", nil), "已领", "inspector", "退回")
	has(t, "given", step("inspector", "give", "taken", url.Values{"assignee": {"duty2"}}), "duty2")
	has(t, "nobody", text(w.Refused(422, "inspector", path, url.Values{"step_name": {"give"}, "state": {"taken"},
		"assignee": {"viewer"}, "key": {frame.NewKey()}})), "不能办理任务")
	has(t, "back", step("duty", "return", "open", nil), "待办")
	has(t, "without a reason", text(w.Refused(422, "duty", path, url.Values{"step_name": {"drop"}, "state": {"dropped"},
		"key": {frame.NewKey()}})), "取消任务要写理由")
	has(t, "ended", step("duty", "end", "done", url.Values{"reason": {"锅炉在检修，无烟"}}), "已办", "锅炉在检修，无烟")
	if posts(w.Get(200, "duty", path), path) != nil {
		t.Error("what is done can be changed")
	}
	has(t, "done", text(w.Get(200, "duty", "/desk/tasks?state=done")), "人工指派")
	hasNot(t, "not done", text(w.Get(200, "duty", "/desk/tasks")), "人工指派")
}

// A node that keeps no readings shows the order and the finding without what is measured.
func TestWithoutReadings(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	w.Svc.Judging = nil
	page := w.Get(200, "duty", "/desk/orders/"+order)
	has(t, "order", part(page, "section", "monitoring"), "本节点没有监测数据")
	one := w.Get(200, "E0001", "/desk/findings/"+finding)
	has(t, "finding", text(one), "12-16 22:00–23:00", "41")
	if got := images(one); len(got) != 0 {
		t.Errorf("charts: %q", got)
	}
}
