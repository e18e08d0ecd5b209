package inspections_test

import (
	"bytes"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/net/html"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify/compliance/inspect"
	"qingkong/reductionlist"
)

const (
	listPath   = "/desk/inspections"
	assignPath = listPath + "/assign"
	drawPath   = listPath + "/draw"
)

// order is the order of a recipient in a world in which orders went out.
func order(w *desktest.World, recipient string) string { return w.Ordered() + "-" + recipient + "-1" }

// A day's plan names what nobody has, gives it to two inspectors at once, and says what came of it; a town reads its own, and
// who may not give visits has no form.
func TestWhoGoesWhere(t *testing.T) {
	w := desktest.New(t)
	w.Enter("li", calls.Inspector)
	id := order(w, "E0001")
	task := w.Draws("大寺镇").Tasks[0]
	page := w.Get(200, "duty", listPath)
	desktest.Says(t, "plan", desktest.Part(page, "section", "plan"), "2016-12-16 谁去哪里", "待查 1 家，其中 1 家还没有人去；已查 0 家", "检查计划", "待办")
	form := desktest.Posts(page, assignPath)
	if form == nil || form.Get("task") != "" {
		t.Fatalf("the form begins with %v", form)
	}
	form.Set("assignee", "inspector")
	desktest.Says(t, "none ticked", desktest.TextOf(w.Refused(422, "duty", assignPath, form)), "还没有勾选任务")
	form.Set("task", task)
	form.Set("assignee", "viewer")
	desktest.Says(t, "nobody", desktest.TextOf(w.Refused(422, "duty", assignPath, form)), "不能办理任务")
	form.Set("assignee", "inspector")
	form.Set("with", "li")
	for range 2 { // twice is once
		if to := w.Post(303, "duty", assignPath, form).Header.Get("Location"); !strings.HasPrefix(to, listPath+"?day=2016-12-16&done=") {
			t.Errorf("it leads to %s", to)
		}
	}
	for _, user := range []string{"duty", "inspector"} { // it was drawn: who has it is changed on its page, for a reason
		if desktest.Posts(w.Get(200, user, listPath), assignPath) != nil {
			t.Errorf("%s may give away what the lot gave somebody", user)
		}
	}
	desktest.Says(t, "given", desktest.Part(w.Get(200, "duty", listPath), "section", "plan"), "inspector 1 家", "li", "已领", "待查 1 家，其中 0 家")
	desktest.Says(t, "home", desktest.Part(w.Get(200, "inspector", "/desk"), "p", "visits-line"), "今天还要去 1 家，已查 0 家；另有 0 家", "现场检查页")
	for user, sees := range map[string]bool{"town": true, "viewer": true, "admin": true} {
		page := w.Get(200, user, listPath)
		if strings.Contains(desktest.Part(page, "section", "plan"), "inspector 1 家") != sees || desktest.Posts(page, assignPath) != nil {
			t.Errorf("%s reads %s", user, desktest.Part(page, "section", "plan"))
		}
	}
	if mine := w.Get(200, "E0001", listPath); desktest.Find(mine, "section", "id", "plan") != nil {
		t.Error("an enterprise reads who goes where")
	}
	w.Refused(403, "viewer", assignPath, form)
	if strings.Contains(desktest.TextOf(w.Get(200, "duty", "/desk/tasks/"+task)), "E0003") {
		id = strings.Replace(id, "E0001", "E0003", 1)
	}
	w.Inspects(id, func(in *calls.NewInspection) { in.TaskID = task })
	page = w.Get(200, "duty", listPath)
	desktest.Says(t, "done", desktest.Part(page, "section", "plan"), "已办 发现问题", "已查 1 家")
	desktest.Says(t, "the plan of another day", desktest.Part(w.Get(200, "duty", listPath+"?day=2016-12-20"), "section", "plan"), "这一天没有检查任务")
	desktest.Says(t, "the task", desktest.TextOf(w.Get(200, "duty", "/desk/tasks/"+task)), "现场检查", "发现问题", "现场整改")
}

// Of several visits those that can be given are, and the others are told one by one.
func TestSeveralAreGiven(t *testing.T) {
	w := desktest.New(t)
	w.Ordered()
	form := desktest.Posts(w.Get(200, "duty", drawPath), drawPath)
	form.Set("day", "2016-12-16")
	form.Set("due", "2016-12-16 23:00")
	w.Post(303, "duty", drawPath, form)
	page := w.Get(200, "duty", listPath)
	var tasks []string
	desktest.Each(page, func(e *html.Node) {
		if e.Data == "input" && desktest.Attr(e, "name") == "task" {
			tasks = append(tasks, desktest.Attr(e, "value"))
		}
	})
	recuse := url.Values{"reason": {"亲属在该企业任职"}, "key": {frame.NewKey()}}
	w.Post(303, "inspector", "/desk/tasks/"+tasks[0]+"/recuse", recuse)
	give := desktest.Posts(page, assignPath)
	give.Set("assignee", "inspector")
	give["task"] = tasks
	got := desktest.TextOf(desktest.Parsed(t, w.Post(422, "duty", assignPath, give).Text))
	desktest.Says(t, "told", got, tasks[0]+": 没有指派：", "回避", "其余 2 个已指派", "inspector 2 家", "还没有人去 1 家")
	desktest.SaysNot(t, "told", got, tasks[1]+": ")
}

// A draw is read back with its seed; where there is nobody to draw from, or the day is past, it says so and opens nothing.
func TestADrawIsReadBack(t *testing.T) {
	w := desktest.New(t)
	form := desktest.Posts(w.Get(200, "duty", drawPath), drawPath)
	if form.Get("day") != "2016-12-17" || form.Get("due") != "2016-12-17 18:00" || form.Get("ranked") != "5" || form.Get("random") != "3" {
		t.Errorf("the form begins with %v", form)
	}
	desktest.Says(t, "nobody", desktest.TextOf(w.Refused(409, "duty", drawPath, form)), "没有可安排的企业")
	w.Ordered()
	form.Set("ranked", "1")
	form.Set("random", "1")
	form.Set("day", "2016-12-01")
	desktest.Says(t, "past", desktest.TextOf(w.Refused(422, "duty", drawPath, form)), "日期 2016-12-01 已过")
	form.Set("day", "2016/12/17")
	form.Set("random", "1.5")
	desktest.Says(t, "no number of visits", desktest.TextOf(w.Refused(422, "duty", drawPath, form)), "1.5 不是家数")
	form.Set("random", "1")
	to, _, _ := strings.Cut(w.Post(303, "duty", drawPath, form).Header.Get("Location"), "?")
	page := desktest.TextOf(w.Get(200, "inspector", to))
	desktest.Says(t, "drawn", page, "按紧要程度 1 家，随机 1 家", "种子 ", "从 2 家中抽出 1 家", "怎样重算", "全部街镇")
	desktest.SaysNot(t, "one draw", desktest.TextOf(w.Get(200, "viewer", listPath+"/draws")), "同一天另有")
	desktest.Says(t, "list", desktest.TextOf(w.Get(200, "viewer", listPath+"/draws")), "2016-12-17", "从 2 家中抽出 1 家", "duty")
	w.Get(404, "town", to) // it reached other towns
	again := desktest.Posts(w.Get(200, "inspector", drawPath), drawPath)
	again.Set("ranked", "0")
	again.Set("random", "1")
	w.Post(303, "inspector", drawPath, again)
	desktest.Says(t, "drawn again", desktest.TextOf(w.Get(200, "viewer", listPath+"/draws")), "同一天另有 1 次", "duty", "inspector")
	w.Refused(403, "viewer", drawPath, form)
}

// Offices of the district and of towns have orders, and nobody is drawn to visit them.
func TestOfficesAreNotVisited(t *testing.T) {
	l := desktest.Fixture()
	for i, kind := range []reductionlist.Type{reductionlist.Department, reductionlist.Town} {
		one := *l.Recipients[i]
		one.ID, one.Type, one.Name, one.StationMN, one.Industry = "D0"+string(rune('1'+i)), kind, "示例机关", "", ""
		l.Recipients = append(l.Recipients, &one)
	}
	w := desktest.NewWith(t, l)
	w.Ordered()
	form := desktest.Posts(w.Get(200, "duty", drawPath), drawPath)
	form.Set("ranked", "0")
	form.Set("random", "9")
	to := w.Post(303, "duty", drawPath, form).Header.Get("Location")
	page := desktest.TextOf(w.Get(200, "duty", to))
	desktest.Says(t, "drawn", page, "从 3 家中抽出 3 家", "E0002")
	desktest.SaysNot(t, "drawn", page, "示例机关")
}

// Where instruments are silent there is a task by itself, which nobody has: its recipient is drawn all the same. Where
// somebody has it somebody goes.
func TestSilentInstrumentsKeepNobodyFromBeingDrawn(t *testing.T) {
	w := desktest.Judged(t)
	w.Ordered()
	w.Elapse(3 * desktest.Due)
	w.Judge()
	task := "/desk/tasks/" + w.TaskOf("E0001")
	for _, recipient := range []string{"E0002", "E0003"} {
		w.TaskOf(recipient) // there is one
	}
	w.Post(303, "inspector", task, desktest.Posts(w.Get(200, "inspector", task), task))
	form := desktest.Posts(w.Get(200, "duty", drawPath), drawPath)
	form.Set("ranked", "9")
	to := w.Post(303, "duty", drawPath, form).Header.Get("Location")
	page := desktest.TextOf(w.Get(200, "duty", to))
	desktest.Says(t, "drawn", page, "按紧要程度 2 家", "E0002", "E0003")
	desktest.SaysNot(t, "drawn", page, "E0001")
}

// An inspection's page has what was found beside what was demanded, a correction beside what it corrects, and what is said of
// people for those alone who may read that.
func TestAnInspection(t *testing.T) {
	w := desktest.New(t)
	id := order(w, "E0001")
	first := w.Inspects(id)
	second := w.Inspects(id, func(in *calls.NewInspection) {
		in.Corrects, in.Items[0].Value, in.Disposition = first.ID, new(88.5), inspect.Refer
	})
	path := listPath + "/" + second.ID
	people := []string{"1号线满负荷", "值长在场", "津A12345", "负责人拒签", "打开地图", "误差约 20 米"}
	for user, reads := range map[string]bool{"duty": true, "approver": true, "inspector": true, "town": true, "E0001": true, "viewer": false,
		"admin": false} {
		page := desktest.TextOf(w.Get(200, user, path))
		desktest.Says(t, user, page, "1号线：限产一半", "未落实", "88.5 %", "移交", "拒签", "更正 "+first.ID, "98.5 %")
		for _, said := range people {
			if strings.Contains(page, said) != reads {
				t.Errorf("%s reads %q: %v", user, said, !reads)
			}
		}
	}
	w.Get(404, "E0002", path)
	desktest.Says(t, "corrected", desktest.TextOf(w.Get(200, "duty", listPath+"/"+first.ID)), "这份检查已由另一份更正", second.ID)
	rows := desktest.TextOf(desktest.Find(w.Get(200, "viewer", listPath), "section", "id", "came"))
	desktest.Says(t, "rows", rows, first.ID, "已更正", second.ID, "移交")
	desktest.Says(t, "proofs", desktest.TextOf(w.Get(200, "viewer", path)), "存证")
	late := w.Inspects(id, func(in *calls.NewInspection) {
		in.DeviceNow, in.At = new(w.Clock.Now().Add(time.Hour)), new(w.Clock.Now().Add(time.Hour))
	})
	desktest.Says(t, "clock", desktest.TextOf(w.Get(200, "duty", listPath+"/"+late.ID)), "手机时间 2016-12-16 18:00，快 3600 秒", "手机时钟与服务器相差 3600 秒")
}

// The enterprise reads on its order and on its first page what was found, and answers with a file, which an officer reads.
func TestAnEnterpriseAnswers(t *testing.T) {
	w := desktest.New(t)
	id := order(w, "E0001")
	path := listPath + "/" + w.Inspects(id).ID
	desktest.Says(t, "home", desktest.TextOf(w.Get(200, "E0001", "/desk")), "对我单位的现场检查", "发现问题", "查看并答复")
	desktest.SaysNot(t, "another's home", desktest.TextOf(w.Get(200, "E0002", "/desk")), "对我单位的现场检查")
	desktest.Says(t, "order", desktest.Part(w.Get(200, "E0001", "/desk/orders/"+id), "section", "inspections"), "发现问题", "现场整改", "查看并答复")
	desktest.SaysNot(t, "officer", desktest.Part(w.Get(200, "duty", "/desk/orders/"+id), "section", "inspections"), "查看并答复")
	form := desktest.Posts(w.Get(200, "E0001", path), path+"/answer")
	if form == nil || desktest.Posts(w.Get(200, "duty", path), path+"/answer") != nil {
		t.Fatal("who answers")
	}
	form.Set("note", "1号线当时在停炉降温")
	handed := w.SendFile("E0001", path+"/evidence", form, "曲线.pdf", "%PDF-1.7 a curve", 0)
	if handed.StatusCode != 303 {
		t.Fatalf("%d %s", handed.StatusCode, desktest.TextOf(desktest.Parsed(t, handed.Text)))
	}
	page := w.Get(200, "E0001", handed.Header.Get("Location"))
	form = desktest.Posts(page, path+"/answer")
	desktest.Says(t, "handed in", desktest.TextOf(page), "已上交 1 份", "答复还没有提交")
	if strings.TrimSpace(form.Get("note")) != "1号线当时在停炉降温" || len(form["evidence"]) != 1 {
		t.Errorf("the form goes on with %v", form)
	}
	other := maps.Clone(form)
	other["evidence"] = append(slices.Clone(form["evidence"]), w.HandsIn("E0002", "%PDF-1.7 another's"))
	before := w.Svc.J.Height()
	if r := w.SendFile("E0001", path+"/answer", other, "", "", 0); r.StatusCode != 422 || w.Svc.J.Height() != before ||
		strings.TrimSpace(desktest.Posts(desktest.Parsed(t, r.Text), path+"/answer").Get("note")) != "1号线当时在停炉降温" {
		t.Errorf("with another's file: %d", r.StatusCode)
	}
	for range 2 {
		if r := w.SendFile("E0001", path+"/answer", form, "", "", 0); r.StatusCode != 303 {
			t.Fatalf("%d %s", r.StatusCode, desktest.TextOf(desktest.Parsed(t, r.Text)))
		}
	}
	desktest.Says(t, "officer", desktest.TextOf(w.Get(200, "duty", path)), "1号线当时在停炉降温", "材料 1 份", "PDF 16 B")
	desktest.SaysNot(t, "viewer", desktest.TextOf(w.Get(200, "viewer", path)), "1号线当时在停炉降温")
	desktest.Says(t, "list", desktest.Part(w.Get(200, "viewer", listPath), "section", "came"), "已答复")
	w.Elapse(25 * time.Hour)
	if desktest.Posts(w.Get(200, "E0001", path), path+"/answer") != nil {
		t.Error("it is asked when it is too late")
	}
	late := w.SendFile("E0001", path+"/answer", url.Values{"note": {"迟了"}, "key": {frame.NewKey()}}, "", "", 0)
	desktest.Says(t, "late", desktest.TextOf(desktest.Parsed(t, late.Text)), "已过；请电话联系值班室")
}

// book reads the rows of a workbook.
func book(t *testing.T, w *desktest.World, user, path string) [][]string {
	t.Helper()
	r := w.As(user, path, nil)
	if r.StatusCode != 200 {
		t.Fatalf("%s: %d", path, r.StatusCode)
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

// Lists and sums are narrowed as they are asked for, and come as workbooks; who made how many is for those who decide or inspect.
func TestListsAndSums(t *testing.T) {
	w := desktest.New(t)
	warning, _, _ := strings.Cut(order(w, "E0001"), "-E")
	failed := w.Inspects(warning + "-E0001-1")
	passed := w.Inspects(warning+"-E0002-1", func(in *calls.NewInspection) {
		in.Items[0].Result, in.Disposition, in.Due, in.Signature = inspect.Pass, inspect.NoDisposition, nil, calls.NewSignature{Refused: "无人"}
	})
	for query, want := range map[string][]string{"": {passed.ID, failed.ID}, "result=failed": {failed.ID}, "result=passed": {passed.ID},
		"disposition=rectify": {failed.ID}, "recipient=E0002": {passed.ID}, "town=大寺镇": {failed.ID}, "inspector=inspector&warning=" + warning: {passed.ID,
			failed.ID}, "inspector=nobody": nil, "from=2016-12-17": nil, "to=2016-12-16": {passed.ID, failed.ID}, "result=nonsense": {passed.ID, failed.ID}} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range book(t, w, "duty", listPath+".xlsx?"+v.Encode())[1:] {
			got = append(got, r[0])
		}
		page := desktest.Part(w.Get(200, "duty", listPath+"?"+v.Encode()), "section", "came")
		if !slices.Equal(got, want) || len(want) == 0 != strings.Contains(page, "没有符合条件的检查") {
			t.Errorf("%q: %q, want %q; page %s", query, got, want, page)
		}
	}
	for user, want := range map[string]string{"duty": "2 检查次数 2 家企业 1 发现问题", "town": "1 检查次数 1 家企业", "E0002": "1 检查次数 1 家企业 0 发现问题"} {
		desktest.Says(t, user, desktest.TextOf(w.Get(200, user, listPath+"/statistics")), want)
	}
	for user, told := range map[string]bool{"duty": true, "approver": true, "inspector": true, "viewer": false, "E0001": false} {
		if got := strings.Contains(desktest.TextOf(w.Get(200, user, listPath+"/statistics")), "按检查员"); got != told {
			t.Errorf("%s is told who inspected: %v", user, got)
		}
	}
	rows := map[string]string{}
	for _, r := range book(t, w, "duty", listPath+"/statistics.xlsx")[1:] {
		rows[r[0]+" "+r[1]] = strings.Join(r[2:], " ")
	}
	want := map[string]string{"合计 ": "2 1 0 1 1 0 0 0 2 0", "按街镇 大寺镇": "1 1 0 0 1 0 0 0 1 0", "按街镇 杨柳青镇": "1 0 0 1 0 0 0 0 1 0",
		"按检查员 inspector": "2 1 0 1 1 0 0 0 2 0"}
	for k, v := range want {
		if rows[k] != v {
			t.Errorf("%s: %q, want %q, of %v", k, rows[k], v, slices.Sorted(maps.Keys(rows)))
		}
	}
	desktest.Says(t, "board", desktest.Part(w.Get(200, "viewer", desktest.WarningPath(warning)+"/board"), "p", "board-inspections"), "现场检查：2 家 2 次，发现问题 1，立案 0")
	desktest.Says(t, "no such", desktest.TextOf(w.Get(200, "duty", listPath+"?recipient=E0003")), "没有符合条件的检查")
}
