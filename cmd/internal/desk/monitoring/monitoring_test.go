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

// images are what charts of a page say to who does not see them, each once.
func images(page *html.Node) (all []string) {
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "svg" && desktest.Attr(e, "class") == "chart-wide" {
			all = append(all, desktest.Attr(e, "aria-label"))
		}
	})
	return all
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
	panel := desktest.Part(page, "section", "monitoring")
	desktest.Says(t, "panel", panel, "还没有可判定的时段", "12月16日21时起判定", "小时浓度不超过 30 mg/m3", "从未上报", "未核查")
	desktest.SaysNot(t, "panel", panel, "疑似未执行", "的时段没有数据")
	charts := images(page)
	if len(charts) != 1 {
		t.Fatalf("charts: %q", charts)
	}
	desktest.Says(t, "chart", charts[0], "要求小时浓度不超过 30 mg/m3", "最近 25 mg/m³")
	keys := desktest.TextOf(desktest.Find(page, "ul", "class", "keys"))
	desktest.Says(t, "keys", keys, "监测值", "限值 30 mg/m³", "减排令期间", "起判")
	if desktest.Find(page, "p", "role", "alert") != nil {
		t.Error("something is alarming already")
	}
	if got := desktest.Part(w.Get(200, "duty", "/desk"), "p", "found-line"); got != "" {
		t.Errorf("the first page says %s", got)
	}
	for user, none := range map[string]string{"duty": "还没有监测发现", "town": "还没有监测发现", "viewer": "还没有监测发现",
		"E0001": "还没有监测发现"} {
		desktest.Says(t, user, desktest.TextOf(w.Get(200, user, "/desk/findings")), none)
	}
	desktest.Says(t, "tasks", desktest.TextOf(w.Get(200, "duty", "/desk/tasks")), "没有任务")
	desktest.Says(t, "matches none", desktest.TextOf(w.Get(200, "duty", "/desk/findings?verdict=violated")), "没有符合条件")
}

// A plant whose ordinary days are too few says how many are missing.
func TestTooFewDaysForABaseline(t *testing.T) {
	w := desktest.Judged(t)
	now := w.Clock.Now().Truncate(time.Hour)
	w.Says("P1", "kW", now.Add(-30*time.Hour), 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100,
		100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100)
	order := w.Ordered() + "-E0001-1"
	page := w.Get(200, "E0001", "/desk/orders/"+order)
	desktest.Says(t, "panel", desktest.Part(page, "section", "monitoring"), "算不出平时水平，还需 10 天")
}

// What a plant is suspected of stands above everything on its order and its first page, with the chart, the question, until
// when it may explain, and a form; others read of it as far as they may.
func TestSuspected(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	home := w.Get(200, "E0001", "/desk")
	asked := desktest.Find(home, "section", "aria-labelledby", "asked-"+finding)
	if asked == nil {
		t.Fatalf("nothing is asked: %s", desktest.TextOf(home))
	}
	desktest.Says(t, "asked", desktest.TextOf(asked), "疑似未执行", "12月16日21时起，CEMS 二氧化硫有 2 小时不符合“小时浓度不超过 30 mg/m3”。是什么情况？",
		"41 mg/m³（限值 30）", "请在 12-17 03:00 前说明（还有4 小时）")
	if got := images(asked); len(got) != 1 {
		t.Errorf("charts: %q", got)
	} else {
		desktest.Says(t, "chart", got[0], "2 个时段不符合")
	}
	if desktest.Posts(home, path+"/explain") == nil {
		t.Error("there is no form")
	}
	desktest.Says(t, "line", desktest.Part(home, "p", "found-line"), "监测发现 1 项疑似未执行，请说明情况")
	page := w.Get(200, "E0001", "/desk/orders/"+order)
	whole := desktest.TextOf(page)
	if at := strings.Index(whole, "查看并说明"); at < 0 || at > strings.Index(whole, "送达") {
		t.Errorf("the suspicion does not stand above: %s", whole)
	}
	panel := desktest.Part(page, "section", "monitoring")
	desktest.Says(t, "panel", panel, "监测结论： 疑似未执行", "41 mg/m³", "限值 30", "不符合", "50 % 的时段没有数据")
	desktest.Says(t, "timeline", whole, "核查：疑似未执行")

	for user, sees := range map[string]bool{"duty": true, "town": true, "viewer": true, "approver": true, "inspector": true,
		"admin": true, "E0001": true, "E0002": false} {
		list := desktest.TextOf(w.Get(200, user, "/desk/findings"))
		if strings.Contains(list, "41 mg/m³（限值 30）") != sees {
			t.Errorf("%s sees it: %v, in %s", user, !sees, list)
		}
		line := desktest.Part(w.Get(200, user, "/desk"), "p", "found-line")
		if (line != "") != sees || sees && user != "E0001" && line != "1 家疑似未执行" {
			t.Errorf("%s reads %q on the first page", user, line)
		}
		if !sees {
			w.Get(404, user, path)
			continue
		}
		one := w.Get(200, user, path)
		if (desktest.Posts(one, path+"/explain") != nil) != (user == "E0001") || desktest.Posts(one, path+"/decide") != nil {
			t.Errorf("the forms of %s", user)
		}
		desktest.Says(t, user, desktest.TextOf(one), "12-16 22:00–23:00", "12-16 21:00–22:00", "不符合", order, "MNE0001", "2016-12-17 03:00")
	}
	desktest.Says(t, "board", desktest.TextOf(w.Get(200, "duty", "/desk/warnings/W20161216-01/board")), "核查结论")
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
			t.Errorf("%s does not find it in %s", user, desktest.TextOf(list))
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
	form := desktest.Posts(w.Get(200, "E0001", "/desk"), path+"/explain")
	empty := url.Values{"key": {frame.NewKey()}, "note": {"  "}}
	if text := desktest.TextOf(w.Refused(422, "E0001", path+"/explain", empty)); !strings.Contains(text, "请写明情况或附上材料") {
		t.Errorf("an empty explanation: %s", text)
	}
	form.Set("note", "检修后试车"+desktest.Hostile)
	if to := w.Post(303, "E0001", path+"/explain", form).Header.Get("Location"); to != "/desk?done=finding.explained" {
		t.Errorf("it leads to %s", to)
	}
	w.Post(303, "E0001", path+"/explain", form) // twice is once
	desktest.Says(t, "first page", desktest.Part(w.Get(200, "duty", "/desk"), "p", "found-line"), "1 家疑似未执行，1 份说明待处理")
	desktest.Says(t, "waiting", desktest.TextOf(w.Get(200, "duty", "/desk/findings?state=waiting")), "说明已提交，待处理")
	mine := desktest.TextOf(w.Get(200, "E0001", "/desk"))
	desktest.Says(t, "mine", mine, "说明已提交，待处理", "检修后试车")
	if desktest.Posts(w.Get(200, "E0001", "/desk"), path+"/explain") != nil {
		t.Error("it is asked again while its explanation waits")
	}

	page := w.Get(200, "duty", path)
	desktest.Says(t, "officer", desktest.TextOf(page), "检修后试车<script>", "采纳", "不采纳")
	w.Refused(403, "viewer", path+"/decide", url.Values{"decision": {"accept"}, "key": {frame.NewKey()}})
	reject := url.Values{"decision": {"reject"}, "key": {frame.NewKey()}, "reason": {""}}
	desktest.Says(t, "without a reason", desktest.TextOf(w.Refused(422, "duty", path+"/decide", reject)), "不采纳说明要写理由")
	reject.Set("reason", "检修记录与用电曲线不符")
	w.Post(303, "duty", path+"/decide", reject)
	desktest.Says(t, "mine", desktest.TextOf(w.Get(200, "E0001", "/desk")), "说明未采纳", "检修记录与用电曲线不符")
	if desktest.Posts(w.Get(200, "E0001", "/desk"), path+"/explain") == nil {
		t.Error("it may not say more")
	}
	w.Says("MNE0001.a21026", "mg/m3", w.Clock.Now().Truncate(time.Hour), 42, 43)
	w.Judge()
	desktest.Says(t, "violated", desktest.TextOf(w.Get(200, "E0001", "/desk")), "未执行")
	w.Judge()
	list := w.Get(200, "inspector", "/desk/tasks")
	desktest.Says(t, "tasks", desktest.TextOf(list), "监测发现", "未执行的可能 90 %", "分数怎么算", "分数 = 1 × 减排量（t/d）", "没有设置区应急办公点")
	history := desktest.TextOf(w.Get(200, "viewer", path))
	desktest.Says(t, "history", history, "疑似未执行，2 小时", "企业说明", "不采纳说明", "未执行，4 小时", "任务 T2016")
	if strings.Contains(history, "检修后试车") {
		t.Error("a viewer reads what was explained")
	}
}

// An accepted explanation takes out the hours that the officer chose, and nothing is asked any more.
func TestAccepted(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	w.Post(303, "E0001", path+"/explain", url.Values{"note": {"校准"}, "key": {frame.NewKey()}})
	form := desktest.Posts(w.Get(200, "duty", path), path+"/decide")
	if form.Get("decision") != "accept" || form.Get("hours") != "" {
		t.Fatalf("the form of accepting: %v", form)
	}
	form.Set("hours", "2016-12-16T21:00:00+08:00")
	w.Post(303, "duty", path+"/decide", form)
	w.Judge()
	page := w.Get(200, "E0001", path)
	desktest.Says(t, "finding", desktest.TextOf(page), "说明已采纳", "不再计入的 1 个小时： 12-16 21:00–22:00", "已解除")
	order1 := w.Get(200, "E0001", "/desk/orders/"+order)
	desktest.Says(t, "order", desktest.TextOf(order1), "标记（说明已采纳）", "采纳企业说明")
	if got := desktest.Part(w.Get(200, "E0001", "/desk"), "p", "found-line"); got != "" {
		t.Errorf("the first page still says %s", got)
	}
	desktest.Says(t, "cleared", desktest.TextOf(w.Get(200, "duty", "/desk/findings?state=cleared")), "已解除", "说明已采纳")
	desktest.Says(t, "open", desktest.TextOf(w.Get(200, "duty", "/desk/findings?state=open")), "没有符合条件")
}

// Of an hour of which several values came, all stand there, and an officer takes one.
func TestDifferingValues(t *testing.T) {
	w, _, finding := desktest.Suspected(t)
	path := "/desk/findings/" + finding
	from := time.Date(2016, 12, 16, 21, 0, 0, 0, alerts.Shanghai())
	w.Says("MNE0001.a21026", "mg/m3", from, 31)
	w.Judge()
	page := w.Get(200, "duty", path)
	desktest.Says(t, "both", desktest.TextOf(page), "收到 2 个不同数值", "40", "31")
	form := desktest.Posts(page, path+"/value")
	if form == nil {
		t.Fatal("no form to take one")
	}
	form.Set("value", "31")
	desktest.Says(t, "without a reason", desktest.TextOf(w.Refused(422, "duty", path+"/value", form)), "收到 2 个不同数值")
	form.Set("reason", "校准后重发")
	w.Post(303, "duty", path+"/value", form)
	desktest.Says(t, "taken", desktest.TextOf(w.Get(200, "duty", path)), "的数值为 31")
	form.Set("value", "32")
	form.Set("key", frame.NewKey())
	desktest.Says(t, "nobody said so", desktest.TextOf(w.Refused(422, "duty", path+"/value", form)), "没有报送过数值")
	if desktest.Posts(w.Get(200, "viewer", path), path+"/value") != nil {
		t.Error("a viewer may take one")
	}
	desktest.Says(t, "a viewer", desktest.TextOf(w.Get(200, "viewer", path)), "收到 2 个不同数值")
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
	form := desktest.Posts(w.Get(200, "duty", "/desk/task?recipient=E0002"), "/desk/task")
	if form.Get("recipient_id") != "E0002" || form.Get("due") != "2016-12-17 23:00" {
		t.Errorf("the form begins with %v", form)
	}
	form.Set("note", "群众反映夜间有烟")
	form.Set("due", "2016-12-01 12:00")
	desktest.Says(t, "past", desktest.TextOf(w.Refused(422, "duty", "/desk/task", form)), "已过", "群众反映夜间有烟")
	form.Set("due", "2016-12-17 12:00")
	form.Set("recipient_id", "E9999")
	desktest.Says(t, "unknown", desktest.TextOf(w.Refused(422, "duty", "/desk/task", form)), "E9999")
	form.Set("recipient_id", "E0002")
	to := w.Post(303, "duty", "/desk/task", form).Header.Get("Location")
	path, _, _ := strings.Cut(to, "?")
	desktest.Says(t, "made", desktest.TextOf(w.Get(200, "inspector", to)), "已指派", "人工指派", "群众反映夜间有烟", "待办", "分数")
	if list := desktest.TextOf(w.Get(200, "town", "/desk/tasks")); strings.Contains(list, "人工指派") || !strings.Contains(list, "E0001") {
		t.Errorf("a town reads %s", list)
	}
	w.Get(404, "town", path)
	if desktest.Posts(w.Get(200, "viewer", path), path) != nil {
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
		return desktest.TextOf(w.Get(200, user, path))
	}
	desktest.Says(t, "taken", step("inspector", "take", "taken", nil), "已领", "inspector", "退回")
	desktest.Says(t, "given", step("inspector", "give", "taken", url.Values{"assignee": {"duty2"}}), "duty2")
	desktest.Says(t, "nobody", desktest.TextOf(w.Refused(422, "inspector", path, url.Values{"step_name": {"give"}, "state": {"taken"},
		"assignee": {"viewer"}, "key": {frame.NewKey()}})), "不能办理任务")
	desktest.Says(t, "back", step("duty", "return", "open", nil), "待办")
	desktest.Says(t, "without a reason", desktest.TextOf(w.Refused(422, "duty", path, url.Values{"step_name": {"drop"}, "state": {"dropped"},
		"key": {frame.NewKey()}})), "取消任务要写理由")
	desktest.Says(t, "ended", step("duty", "end", "done", url.Values{"reason": {"锅炉在检修，无烟"}}), "已办", "锅炉在检修，无烟")
	if desktest.Posts(w.Get(200, "duty", path), path) != nil {
		t.Error("what is done can be changed")
	}
	desktest.Says(t, "done", desktest.TextOf(w.Get(200, "duty", "/desk/tasks?state=done")), "人工指派")
	desktest.SaysNot(t, "not done", desktest.TextOf(w.Get(200, "duty", "/desk/tasks")), "人工指派")
}

// A node that keeps no readings shows the order and the finding without what is measured.
func TestWithoutReadings(t *testing.T) {
	w, order, finding := desktest.Suspected(t)
	w.Svc.Judging = nil
	page := w.Get(200, "duty", "/desk/orders/"+order)
	desktest.Says(t, "order", desktest.Part(page, "section", "monitoring"), "本节点没有监测数据")
	one := w.Get(200, "E0001", "/desk/findings/"+finding)
	desktest.Says(t, "finding", desktest.TextOf(one), "12-16 22:00–23:00", "41")
	if got := images(one); len(got) != 0 {
		t.Errorf("charts: %q", got)
	}
}
