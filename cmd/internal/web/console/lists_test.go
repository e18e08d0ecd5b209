package console

import (
	"bytes"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// upload sends a workbook by the form of the page of lists.
func (w *world) upload(user, name string, workbook []byte, header ...string) reply {
	w.t.Helper()
	form := values(w.get(200, user, "/desk/lists"))
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	_ = m.WriteField("key", form.Get("key"))
	part, err := m.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(workbook)
	}
	if err != nil || m.Close() != nil {
		w.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/desk/lists", &b)
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.AddCookie(w.cookie(user))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.desk.ServeHTTP(rec, r)
	return reply{rec.Result(), rec.Body.String()}
}

// xiqing is the embedded list from a day on, changed before it is written.
func xiqing(t testing.TB, from string, change func(l *reductionlist.List)) []byte {
	t.Helper()
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	l.EffectiveFrom = from
	if change != nil {
		change(l)
	}
	var b bytes.Buffer
	if err := workbook.Write(&b, l); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

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

func (w *world) current() (v reductionlist.Version) {
	w.t.Helper()
	if err := w.svc.J.View(func(tx *bbolt.Tx) (err error) { v, err = reductionlist.Current(tx, w.svc.J.Now()); return err }); err != nil {
		w.t.Fatal(err)
	}
	return v
}

// saysAll expects texts on a page.
func saysAll(t testing.TB, what, text string, all ...string) {
	t.Helper()
	for _, s := range all {
		if !strings.Contains(text, s) {
			t.Errorf("%s does not say %q: %s", what, s, text)
		}
	}
}

// A person imports a workbook, reads what was found and what differs, has it approved by another, and activates it.
func TestListFromUploadToForce(t *testing.T) {
	w := newWorld(t)
	old := w.current()
	r := w.upload("duty", "西青.xlsx", xiqing(t, "2016-12-16", nil))
	to := r.Header.Get("Location")
	if r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/desk/lists/L20161216-") {
		t.Fatalf("upload: %d to %s: %s", r.StatusCode, to, r.body)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/lists/"), "/")
	at := "/desk/lists/" + id
	saysAll(t, "findings", textOf(w.get(200, "duty", to)), "没有错误", "64 个对象")
	saysAll(t, "the difference", textOf(w.get(200, "approver", at+"/diff")), old.ID+" → "+id, "新增 61", "修改 3", "对减排量的影响", "红色")
	saysAll(t, "the list", textOf(w.get(200, "duty", at)), "已检查，待审批", "须由另一人审批", "三项齐全")
	form := url.Values{"revision": {"1"}, "key": {newKey()}}
	w.refused(http.StatusConflict, "duty", at+"/approve", form)
	w.refused(http.StatusConflict, "duty", at+"/activate", form)
	resumed := w.refused(http.StatusOK, "approver", at+"/approve", url.Values{"revision": {"1"}, "step": {stepEdit}}) // after a login: nothing is done yet
	form = values(resumed)
	w.post(http.StatusSeeOther, "approver", at+"/approve", form)
	form = values(w.get(200, "duty", at))
	saysAll(t, "the list", textOf(w.get(200, "duty", at)), "已审批，待启用", "2016-12-16 起生效")
	w.post(http.StatusSeeOther, "duty", at+"/activate", form)
	w.post(http.StatusSeeOther, "duty", at+"/activate", form) // twice
	if v := w.current(); v.ID != id {
		t.Errorf("%s is in force", v.ID)
	}
	saysAll(t, "the lists", textOf(w.get(200, "duty", "/desk/lists")), "现行", "已被替换")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.refused(http.StatusForbidden, who, at+"/approve", form)
	}
}

// What is wrong with a workbook stands on a page with its place; a file that is none is refused beside the form.
func TestUploadsRefused(t *testing.T) {
	w := newWorld(t)
	r := w.upload("approver", "坏.xlsx", xiqing(t, "2016-12-16", func(l *reductionlist.List) { l.Recipients[3].Measures[0].Text = "适当减排" }))
	to := r.Header.Get("Location")
	saysAll(t, "findings", textOf(w.get(200, "duty", to)), "不能审批", "措施内容", "文字与数值不一致", "下载标注了问题的工作簿")
	at, _, _ := strings.Cut(to, "/findings")
	saysAll(t, "the draft", textOf(w.get(200, "duty", at)), "草稿", "1 处错误")
	w.refused(http.StatusConflict, "duty", at+"/approve", url.Values{"revision": {"1"}})
	w.get(http.StatusConflict, "duty", at+"/diff")
	height := w.svc.J.Height()
	for name, want := range map[string]struct {
		data   string
		status int
		says   string
	}{
		"空.xlsx": {"", 422, "文件是空的"}, "旧.xls": {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 415, "另存为 .xlsx"}, "图.xlsx": {"\x89PNG\r\n\x1a\n0000", 415, "PNG 文件"}, "截断.xlsx": {"PK\x03\x04", 415, "不完整"},
	} {
		if r := w.upload("duty", name, []byte(want.data)); r.StatusCode != want.status || !strings.Contains(textOf(parsed(t, r.body)), want.says) {
			t.Errorf("%s: %d %s", name, r.StatusCode, textOf(parsed(t, r.body)))
		}
	}
	if r := w.upload("duty", "别的.xlsx", unrelated(t)); r.StatusCode != 415 || !strings.Contains(textOf(parsed(t, r.body)), "list template") {
		t.Errorf("a workbook of other sheets: %d %s", r.StatusCode, textOf(parsed(t, r.body)))
	}
	if r := w.upload("duty", "x.xlsx", xiqing(t, "2016-12-20", nil), "Sec-Fetch-Site", "cross-site"); r.StatusCode != http.StatusForbidden {
		t.Errorf("from another site: %d", r.StatusCode)
	}
	w.refused(http.StatusUnprocessableEntity, "duty", "/desk/lists", url.Values{"key": {newKey()}})
	if w.svc.J.Height() != height {
		t.Error("a refused upload was recorded")
	}
}

// A draft is discarded by its form, once the box is ticked; the same workbook is a draft again then.
func TestDraftDiscardedByForm(t *testing.T) {
	w := newWorld(t)
	book := xiqing(t, "2016-12-16", func(l *reductionlist.List) { l.Recipients[3].Measures[0].Text = "适当减排" })
	to := w.upload("approver", "坏.xlsx", book).Header.Get("Location")
	at, _, _ := strings.Cut(to, "/findings")
	id := strings.TrimPrefix(at, "/desk/lists/")
	saysAll(t, "the draft", textOf(w.get(200, "duty", at)), "作废草稿", "我确认作废 "+id)
	form := url.Values{"revision": {"1"}, "key": {newKey()}}
	saysAll(t, "without the tick", textOf(w.refused(http.StatusUnprocessableEntity, "duty", at+"/discard", form)), "请先勾选确认")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.refused(http.StatusForbidden, who, at+"/discard", url.Values{"revision": {"1"}, "key": {newKey()}, "sure": {"yes"}})
	}
	w.refused(http.StatusConflict, "duty", at+"/discard", url.Values{"revision": {"2"}, "key": {newKey()}, "sure": {"yes"}})
	form.Set("sure", "yes")
	done := w.post(http.StatusSeeOther, "duty", at+"/discard", form)
	page := textOf(w.get(200, "duty", done.Header.Get("Location")))
	saysAll(t, "the lists", page, "草稿已作废", "下载空白模板")
	if strings.Contains(page, id) {
		t.Errorf("the discarded draft is still listed: %s", page)
	}
	w.get(http.StatusNotFound, "duty", at)
	w.refused(http.StatusNotFound, "duty", at+"/discard", url.Values{"revision": {"1"}, "key": {newKey()}, "sure": {"yes"}})
	if again := w.upload("duty", "坏.xlsx", book).Header.Get("Location"); !strings.HasPrefix(again, at+"/") {
		t.Errorf("the same workbook afterwards leads to %s, want %s", again, at)
	}
	inForce := w.current()
	if strings.Contains(textOf(w.get(200, "duty", "/desk/lists/"+inForce.ID)), "作废草稿") {
		t.Error("the list in force can be discarded")
	}
	w.refused(http.StatusConflict, "duty", "/desk/lists/"+inForce.ID+"/discard", url.Values{"revision": {fmt.Sprint(inForce.Revision)}, "key": {newKey()}, "sure": {"yes"}})
}

// One measure is amended by form; the list of the day before still says what it said.
func TestAmendmentByForm(t *testing.T) {
	w := newWorldWith(t, func() *reductionlist.List {
		l, err := seeds.List()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}())
	base := w.current()
	at := "/desk/recipients/E0003/amend"
	saysAll(t, "the measures", textOf(w.get(200, "duty", at)), "M1", "M2", "厂区大门")
	form := values(w.get(200, "duty", at+"?measure=M2&level=advisory"))
	if form.Get("complete_within_h") != "2" || form.Get("effective_from") != "2016-12-17" {
		t.Errorf("filled in with %v", form)
	}
	form.Set("reason", "门岗改造"+hostile)
	saysAll(t, "unchanged", textOf(w.refused(http.StatusUnprocessableEntity, "duty", at, form)), "没有")
	vague := url.Values{}
	for k, v := range form {
		vague[k] = v
	}
	vague.Set("text", "同上")
	if page := w.refused(http.StatusUnprocessableEntity, "duty", at, vague); !strings.Contains(textOf(page), "同上") || values(page).Get("text") != "同上" {
		t.Errorf("a vague text: %s", textOf(page))
	}
	form.Set("complete_within_h", "3")
	to := w.post(http.StatusSeeOther, "duty", at, form).Header.Get("Location")
	page := w.as("approver", to, nil)
	lint(t, "the difference", page.body)
	saysAll(t, "the difference", textOf(parsed(t, page.body)), "完成时限(小时)”由“2”改为“3”", "各级别减排量不变")
	id, _, _ := strings.Cut(strings.TrimPrefix(to, "/desk/lists/"), "/")
	list := w.as("approver", "/desk/lists/"+id, nil)
	lint(t, "the list", list.body)
	saysAll(t, "the list", textOf(parsed(t, list.body)), "门岗改造", base.ID, "E0003")
	w.post(http.StatusSeeOther, "approver", "/desk/lists/"+id+"/approve", values(parsed(t, list.body)))
	w.post(http.StatusSeeOther, "duty", "/desk/lists/"+id+"/activate", values(w.get(200, "duty", "/desk/lists/"+id)))
	saysAll(t, "the list", textOf(w.get(200, "duty", "/desk/lists/"+id)), "已启用，待生效")
	w.elapse(24 * time.Hour)
	saysAll(t, "the list", textOf(w.get(200, "duty", "/desk/lists/"+id)), "现行")
	for day, want := range map[string]string{"2016-12-16": "2 小时内完成", "2016-12-17": "3 小时内完成"} {
		saysAll(t, "on "+day, textOf(w.get(200, "duty", "/desk/recipients/E0003?as_of="+day)), day+" 生效的清单", want)
	}
	w.get(http.StatusUnprocessableEntity, "duty", "/desk/recipients/E0003?as_of=昨天")
	for _, who := range []string{"viewer", "town", "E0001"} {
		w.refused(http.StatusForbidden, who, at, form)
	}
}

// While a warning lasts another list comes into force: the desk says so, and the officer gives it to those that are ticked.
func TestNewerListDuringAWarning(t *testing.T) {
	w := newWorld(t)
	id := w.ordered()
	if text := textOf(w.get(200, "duty", "/desk")); strings.Contains(text, "现行清单已换") {
		t.Errorf("without a newer list: %s", text)
	}
	l := fixture()
	l.EffectiveFrom = "2016-12-16"
	for _, r := range l.Recipients[:2] {
		r.Measures[0].CompleteWithinH = 8
	}
	w.Import(l)
	at := warningPath(id) + "/list-changes"
	for page, user := range map[string]string{"/desk": "duty", warningPath(id): "approver", warningPath(id) + "/board": "duty"} {
		saysAll(t, page, textOf(w.get(200, user, page)), "现行清单已换为 "+w.current().ID, "2 个对象")
	}
	if text := textOf(w.get(200, "viewer", "/desk")); strings.Contains(text, "现行清单已换") {
		t.Error("who may not see lists is told of them")
	}
	if page := w.as("approver", at, nil); strings.Contains(page.body, "<button class=\"button-main big") {
		t.Error("the approver is offered to act")
	}
	form := values(w.get(200, "duty", at))
	if got := form["recipient"]; len(got) != 2 || form.Get("revision") == "" {
		t.Fatalf("proposed %v", form)
	}
	form["recipient"] = []string{"E0002"}
	form.Set("list_version", "L1")
	w.refused(http.StatusConflict, "duty", at, form)
	form.Set("list_version", w.current().ID)
	form["recipient"] = nil
	w.refused(http.StatusUnprocessableEntity, "duty", at, form)
	form["recipient"] = []string{"E0002"}
	w.post(http.StatusSeeOther, "duty", at, form)
	saysAll(t, "the order", textOf(w.get(200, "E0002", "/desk/orders/"+id+"-E0002-2")), "清单已更新", "8 小时内完成")
	saysAll(t, "the rest", textOf(w.get(200, "duty", at)), "1 个对象已改用其他版本", "E0001")
	saysAll(t, "/desk", textOf(w.get(200, "duty", "/desk")), "1 个对象")
	if n := fmt.Sprint(w.warning(id).Level); n != string(alerts.Yellow) {
		t.Errorf("level %s", n)
	}
}
