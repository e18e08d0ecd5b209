package lists_test

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist"
	"qingkong/seeds"

	"github.com/xuri/excelize/v2"
)

// unrelated is a workbook without any sheet of a list.
func unrelated(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	var b bytes.Buffer
	if err := errors.Join(f.SetCellStr("Sheet1", "A1", "企业名称"), f.Write(&b)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A person imports a workbook, reads what was found and what differs, has it approved by another, and activates it.
func TestListFromUploadToForce(t *testing.T) {
	w := desktest.New(t)
	old := w.Current()
	r := w.Upload("duty", "西青.xlsx", desktest.Xiqing(t, "2016-12-16", nil))
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/desk/lists/L20161216-") {
		t.Fatalf("upload: %d to %s: %s", r.StatusCode, to, r.Text)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/lists/"), "/")
	at := "/desk/lists/" + id
	desktest.SaysAll(t, "findings", desktest.TextOf(w.Get(200, "duty", to)), "没有错误", "64 个对象")
	desktest.SaysAll(t, "the difference", desktest.TextOf(w.Get(200, "approver", at+"/diff")), old.ID+" → "+id, "新增 61",
		"修改 3", "对减排量的影响", "红色")
	desktest.SaysAll(t, "the list", desktest.TextOf(w.Get(200, "duty", at)), "已检查，待审批", "须由另一人审批", "三项齐全")
	form := url.Values{"revision": {"1"}, "key": {frame.NewKey()}}
	w.Refused(http.StatusConflict, "duty", at+"/approve", form)
	w.Refused(http.StatusConflict, "duty", at+"/activate", form)
	// after a login: nothing is done yet
	resumed := w.Refused(http.StatusOK, "approver", at+"/approve", url.Values{"revision": {"1"}, "step": {frame.StepEdit}})
	form = desktest.Values(resumed)
	w.Post(http.StatusSeeOther, "approver", at+"/approve", form)
	form = desktest.Values(w.Get(200, "duty", at))
	desktest.SaysAll(t, "the list", desktest.TextOf(w.Get(200, "duty", at)), "已审批，待启用", "2016-12-16 起生效")
	w.Post(http.StatusSeeOther, "duty", at+"/activate", form)
	w.Post(http.StatusSeeOther, "duty", at+"/activate", form) // twice
	if v := w.Current(); v.ID != id {
		t.Errorf("%s is in force", v.ID)
	}
	desktest.SaysAll(t, "the lists", desktest.TextOf(w.Get(200, "duty", "/desk/lists")), "现行", "已被替换")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.Refused(http.StatusForbidden, who, at+"/approve", form)
	}
}

// What is wrong with a workbook stands on a page with its place; a file that is none is refused beside the form.
func TestUploadsRefused(t *testing.T) {
	w := desktest.New(t)
	r := w.Upload("approver", "坏.xlsx",
		desktest.Xiqing(t, "2016-12-16", func(l *reductionlist.List) { l.Recipients[3].Measures[0].Text = "适当减排" }))
	to := r.Header.Get("Location")
	desktest.SaysAll(t, "findings", desktest.TextOf(w.Get(200, "duty", to)), "不能审批", "措施内容", "文字与数值不一致", "下载标注了问题的工作簿")
	at, _, _ := strings.Cut(to, "/findings")
	desktest.SaysAll(t, "the draft", desktest.TextOf(w.Get(200, "duty", at)), "草稿", "1 处错误")
	w.Refused(http.StatusConflict, "duty", at+"/approve", url.Values{"revision": {"1"}})
	w.Get(http.StatusConflict, "duty", at+"/diff")
	height := w.Svc.J.Height()
	for name, want := range map[string]struct {
		data   string
		status int
		says   string
	}{
		"空.xlsx": {"", 422, "文件是空的"}, "旧.xls": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 415, "另存为 .xlsx"},
		"图.xlsx": {"\x89PNG\r\n\x1a\n0000", 415, "PNG 文件"}, "截断.xlsx": {"PK\x03\x04", 415, "不完整"},
	} {
		if r := w.Upload("duty", name, []byte(want.data)); r.StatusCode != want.status ||
			!strings.Contains(desktest.TextOf(desktest.Parsed(t, r.Text)), want.says) {
			t.Errorf("%s: %d %s", name, r.StatusCode, desktest.TextOf(desktest.Parsed(t, r.Text)))
		}
	}
	if r := w.Upload("duty", "别的.xlsx", unrelated(t)); r.StatusCode != 415 ||
		!strings.Contains(desktest.TextOf(desktest.Parsed(t, r.Text)), "list template") {
		t.Errorf("a workbook of other sheets: %d %s", r.StatusCode, desktest.TextOf(desktest.Parsed(t, r.Text)))
	}
	if r := w.Upload("duty", "x.xlsx", desktest.Xiqing(t, "2016-12-20", nil), "Sec-Fetch-Site",
		"cross-site"); r.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", r.StatusCode)
	}
	w.Refused(http.StatusUnprocessableEntity, "duty", "/desk/lists", url.Values{"key": {frame.NewKey()}})
	if w.Svc.J.Height() != height {
		t.Error("a refused upload was recorded")
	}
}

// The page of findings shows what stands in the cells and takes the mended workbook, which is then a draft to approve.
func TestMendedWorkbookFromThePageOfFindings(t *testing.T) {
	w := desktest.New(t)
	to := w.Upload("duty", "坏.xlsx", desktest.Xiqing(t, "2016-12-16", func(l *reductionlist.List) {
		l.Recipients[3].Measures[0].Action = "减<产"
		l.Recipients[4].Town = "杨柳青"
		l.Recipients[5].Town = "杨柳青"
	})).Header.Get("Location")
	page := w.Get(200, "duty", to)
	desktest.SaysAll(t, "the findings", desktest.TextOf(page), "减<产", "共 2 处：减排对象第 6、7 行", "上传改正后的工作簿")
	if form := desktest.Values(page); form.Get("key") == "" {
		t.Error("the form has no key")
	}
	r := w.UploadFrom("duty", to, "好.xlsx", desktest.Xiqing(t, "2016-12-16", nil))
	to = r.Header.Get("Location")
	good := desktest.TextOf(w.Get(200, "duty", to))
	desktest.SaysAll(t, "the mended list", good, "没有错误")
	if strings.Contains(good, "上传改正后的工作簿") {
		t.Errorf("a list without errors asks for a mended one: %s", good)
	}
}

// Who approves or activates a list reads which live warnings it leaves alone, and comes to where that is decided.
func TestLiveWarningsBesideAList(t *testing.T) {
	w := desktest.New(t)
	at, _, _ := strings.Cut(w.Upload("duty", "新.xlsx", desktest.Xiqing(t, "2016-12-16", nil)).Header.Get("Location"),
		"/findings")
	if text := desktest.TextOf(w.Get(200, "approver", at)); strings.Contains(text, "以下预警正在进行") {
		t.Errorf("no warning is live: %s", text)
	}
	id, old := w.Ordered(), w.Current().ID
	for _, who := range []string{"approver", "duty"} {
		page := w.Get(200, who, at)
		desktest.SaysAll(t, who, desktest.TextOf(page), "以下预警正在进行", id, "依 "+old, "不因审批或启用而自动改变")
		if desktest.Find(page, "a", "href", desktest.WarningPath(id)+"/list-changes") == nil {
			t.Errorf("%s: no link to what the newer list changes", who)
		}
		if who == "approver" {
			w.Post(http.StatusSeeOther, who, at+"/approve", url.Values{"revision": {"1"}, "key": {frame.NewKey()}})
		}
	}
}

// A draft is discarded by its form, once the box is ticked; the same workbook is a draft again then.
func TestDraftDiscardedByForm(t *testing.T) {
	w := desktest.New(t)
	book := desktest.Xiqing(t, "2016-12-16", func(l *reductionlist.List) { l.Recipients[3].Measures[0].Text = "适当减排" })
	to := w.Upload("approver", "坏.xlsx", book).Header.Get("Location")
	at, _, _ := strings.Cut(to, "/findings")
	id := strings.TrimPrefix(at, "/desk/lists/")
	desktest.SaysAll(t, "the draft", desktest.TextOf(w.Get(200, "duty", at)), "作废草稿", "我确认作废 "+id)
	form := url.Values{"revision": {"1"}, "key": {frame.NewKey()}}
	desktest.SaysAll(t, "without the tick",
		desktest.TextOf(w.Refused(http.StatusUnprocessableEntity, "duty", at+"/discard", form)), "请先勾选确认")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.Refused(http.StatusForbidden, who, at+"/discard",
			url.Values{"revision": {"1"}, "key": {frame.NewKey()}, "sure": {"yes"}})
	}
	w.Refused(http.StatusConflict, "duty", at+"/discard",
		url.Values{"revision": {"2"}, "key": {frame.NewKey()}, "sure": {"yes"}})
	form.Set("sure", "yes")
	w.Expire("duty")
	login := desktest.ValuesOf(desktest.Parsed(t, w.As("duty", at+"/discard", form).Text), url.Values{})
	delete(w.Cookies, "duty")
	login.Set("user", "duty")
	login.Set("password", w.Passwords["duty"])
	desktest.SaysAll(t, "after the login", desktest.TextOf(w.Refused(http.StatusOK, "", "/login", login)), "我确认作废 "+id)
	done := w.Post(http.StatusSeeOther, "duty", at+"/discard", form)
	page := desktest.TextOf(w.Get(200, "duty", done.Header.Get("Location")))
	desktest.SaysAll(t, "the lists", page, "草稿已作废", "下载空白模板")
	if strings.Contains(page, id) {
		t.Errorf("the discarded draft is still listed: %s", page)
	}
	w.Get(http.StatusNotFound, "duty", at)
	w.Refused(http.StatusNotFound, "duty", at+"/discard",
		url.Values{"revision": {"1"}, "key": {frame.NewKey()}, "sure": {"yes"}})
	if again := w.Upload("duty", "坏.xlsx", book).Header.Get("Location"); !strings.HasPrefix(again, at+"/") {
		t.Errorf("the same workbook afterwards leads to %s, want %s", again, at)
	}
	inForce := w.Current()
	if strings.Contains(desktest.TextOf(w.Get(200, "duty", "/desk/lists/"+inForce.ID)), "作废草稿") {
		t.Error("the list in force can be discarded")
	}
	w.Refused(http.StatusConflict, "duty", "/desk/lists/"+inForce.ID+"/discard",
		url.Values{"revision": {fmt.Sprint(inForce.Revision)}, "key": {frame.NewKey()}, "sure": {"yes"}})
}

// One measure is amended by form; the list of the day before still says what it said.
func TestAmendmentByForm(t *testing.T) {
	w := desktest.NewWith(t, func() *reductionlist.List {
		l, err := seeds.List()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}())
	base := w.Current()
	at := "/desk/recipients/E0003/amend"
	desktest.SaysAll(t, "the measures", desktest.TextOf(w.Get(200, "duty", at)), "M1", "M2", "厂区大门")
	form := desktest.Values(w.Get(200, "duty", at+"?measure=M2&level=advisory"))
	if form.Get("complete_within_h") != "2" || form.Get("effective_from") != "2016-12-17" {
		t.Errorf("filled in with %v", form)
	}
	form.Set("reason", "门岗改造"+desktest.Hostile)
	desktest.SaysAll(t, "unchanged", desktest.TextOf(w.Refused(http.StatusUnprocessableEntity, "duty", at, form)), "没有")
	vague := url.Values{}
	for k, v := range form {
		vague[k] = v
	}
	vague.Set("text", "同上")
	if page := w.Refused(http.StatusUnprocessableEntity, "duty", at, vague); !strings.Contains(desktest.TextOf(page),
		"同上") || desktest.Values(page).Get("text") != "同上" {
		t.Errorf("a vague text: %s", desktest.TextOf(page))
	}
	form.Set("complete_within_h", "3")
	to := w.Post(http.StatusSeeOther, "duty", at, form).Header.Get("Location")
	page := w.As("approver", to, nil)
	desktest.Lint(t, "the difference", page.Text)
	desktest.SaysAll(t, "the difference", desktest.TextOf(desktest.Parsed(t, page.Text)), "完成时限(小时)”由“2”改为“3”", "各级别减排量不变")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/lists/"), "/")
	list := w.As("approver", "/desk/lists/"+id, nil)
	desktest.Lint(t, "the list", list.Text)
	desktest.SaysAll(t, "the list", desktest.TextOf(desktest.Parsed(t, list.Text)), "门岗改造", base.ID, "E0003")
	w.Post(http.StatusSeeOther, "approver", "/desk/lists/"+id+"/approve", desktest.Values(desktest.Parsed(t, list.Text)))
	w.Post(http.StatusSeeOther, "duty", "/desk/lists/"+id+"/activate",
		desktest.Values(w.Get(200, "duty", "/desk/lists/"+id)))
	desktest.SaysAll(t, "the list", desktest.TextOf(w.Get(200, "duty", "/desk/lists/"+id)), "已启用，待生效")
	w.Elapse(24 * time.Hour)
	desktest.SaysAll(t, "the list", desktest.TextOf(w.Get(200, "duty", "/desk/lists/"+id)), "现行")
	for day, want := range map[string]string{"2016-12-16": "2 小时内完成", "2016-12-17": "3 小时内完成"} {
		desktest.SaysAll(t, "on "+day, desktest.TextOf(w.Get(200, "duty", "/desk/recipients/E0003?as_of="+day)),
			day+" 生效的清单", want)
	}
	w.Get(http.StatusUnprocessableEntity, "duty", "/desk/recipients/E0003?as_of=昨天")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.Refused(http.StatusForbidden, who, at, form)
	}
}
