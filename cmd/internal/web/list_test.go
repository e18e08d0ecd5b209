package web

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"

	"github.com/xuri/excelize/v2"
	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// upload is the import of a workbook.
func upload(who string, workbook []byte) call {
	return call{who: who, path: "/api/v1/list/imports?source=%E8%A5%BF%E9%9D%92.xlsx", body: string(workbook),
		header: map[string]string{"Content-Type": calls.XLSXMedia}}
}

func (w *world) imports(who string, workbook []byte) (in calls.Imported) {
	w.t.Helper()
	r := w.must(http.StatusCreated, upload(who, workbook), &in)
	if at := r.Header.Get("Location"); at != "/api/v1/list/imports/"+in.ID {
		w.t.Errorf("Location %q of %s", at, in.ID)
	}
	return in
}

// listAct is approve or activate of a version; more is further members of the body.
func listAct(who, act string, v calls.Version, more string) call {
	return call{who: who, path: "/api/v1/list/versions/" + v.ID + "/" + act,
		body: fmt.Sprintf(`{"revision":%d%s}`, v.Revision, more)}
}

// spoiled is the embedded list's workbook with some of its cells changed.
func spoiled(t testing.TB, spoil func(f *excelize.File) error) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(seeds.Workbook()))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := spoil(f); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cellOf names the cell of a row under a header.
func cellOf(f *excelize.File, sheet string, row int, header string) (string, error) {
	rows, err := f.GetRows(sheet)
	if err != nil {
		return "", err
	}
	return excelize.CoordinatesToCellName(slices.Index(rows[0], header)+1, row)
}

func set(f *excelize.File, sheet string, row int, header, value string) error {
	cell, err := cellOf(f, sheet, row, header)
	if err != nil {
		return err
	}
	return f.SetCellStr(sheet, cell, value)
}

// A workbook becomes a draft, an administrator activates it, and it is the list from its day on.
func TestListFromWorkbookToForce(t *testing.T) {
	w := newWorld(t)
	old := list[calls.Version](w, "duty", "/api/v1/list/versions").Items[0]
	in := w.imports("duty", seeds.Workbook())
	if in.State != "draft" || in.Errors != 0 || in.Warnings != 0 || len(in.Findings) != 0 || in.Source != "西青.xlsx" ||
		in.EffectiveFrom != "2016-10-01" || in.InForce {
		t.Errorf("imported: %+v", in.Version)
	}
	for path, items := range map[string]int{"/recipients?limit=1000": 3,
		"/recipients?limit=1000&version=" + in.ID: in.Recipients, "/list/versions": 2} {
		if got := list[json.RawMessage](w, "approver", "/api/v1"+path); len(got.Items) != items || got.Total != items {
			t.Errorf("%s: %d of %d, want %d", path, len(got.Items), got.Total, items)
		}
	}
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "admin", method: "POST", path: "/api/v1/list/versions/" + in.ID + "/activate"})
	w.refused(http.StatusConflict, "stale_revision",
		call{who: "admin", path: "/api/v1/list/versions/" + in.ID + "/activate", body: `{"revision":7}`})
	if p := w.refused(http.StatusConflict, "transition_refused",
		listAct("duty", "activate", in.Version, "")); p.State != "draft" {
		t.Errorf("state %q", p.State)
	}
	var v calls.Version
	w.must(http.StatusOK, listAct("admin", "activate", in.Version, ""), &v)
	w.must(http.StatusOK, listAct("admin", "activate", in.Version, ""), nil) // again
	if v.State != "active" || !v.InForce || v.Revision != 2 || v.ActivatedBy != "admin" {
		t.Errorf("activated: %+v", v)
	}
	for path, want := range map[string]string{"": v.ID, "?as_of=2016-09-30": old.ID, "?as_of=2016-10-01": v.ID,
		"?as_of=2016-09-30T23:00:00Z": v.ID, "?version=" + old.ID: old.ID} {
		r := list[struct {
			Version string `json:"list_version"`
		}](w, "duty", "/api/v1/recipients"+path)
		if len(r.Items) == 0 || r.Items[0].Version != want {
			t.Errorf("recipients%s of %+v, want %s", path, r.Items[:min(1, len(r.Items))], want)
		}
		if !strings.HasPrefix(path, "?as_of") {
			continue
		}
		if got := list[calls.Version](w, "duty", "/api/v1/list/versions"+path); got.Total != 1 || got.Items[0].ID != want ||
			got.Items[0].InForce != (want == v.ID) {
			t.Errorf("versions%s: %+v, want %s", path, got, want)
		}
	}
	if got := list[calls.Version](w, "duty", "/api/v1/list/versions?as_of=2015-12-31"); got.Total != 0 ||
		len(got.Items) != 0 {
		t.Errorf("before any list: %+v", got)
	}
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/recipients/E0001?version=" + old.ID}, nil)
	height := w.svc.J.Height()
	if again := w.imports("admin", seeds.Workbook()); again.ID != v.ID || again.State != "active" ||
		w.svc.J.Height() != height {
		t.Errorf("the same workbook again: %+v, blocks %d to %d", again.Version, height, w.svc.J.Height())
	}
	w.noContactsInRecord()
}

// noContactsInRecord looks through every entry of the record for the contacts of the embedded list.
func (w *world) noContactsInRecord() {
	w.t.Helper()
	l, err := seeds.List()
	if err != nil {
		w.t.Fatal(err)
	}
	type entry struct{ Leaf string }
	var record []byte
	for from := 0; ; {
		page := list[entry](w, "inspector", fmt.Sprintf("/api/v1/ledger/entries?from=%d&limit=1000", from))
		for _, e := range page.Items {
			leaf, err := base64.StdEncoding.DecodeString(e.Leaf)
			if err != nil {
				w.t.Fatal(err)
			}
			record = append(record, leaf...)
		}
		if from += len(page.Items); from >= page.Total {
			break
		}
	}
	contacts := 0
	for _, r := range l.Recipients {
		if r.Contact == nil {
			continue
		}
		for _, phone := range []string{r.Contact.Phone, r.Contact.BackupPhone} {
			if phone != "" && bytes.Contains(record, []byte(phone)) {
				w.t.Fatalf("the record holds %s", phone)
			}
		}
		contacts++
	}
	if contacts == 0 || len(record) < 10000 {
		w.t.Fatalf("%d contacts looked for in %d bytes", contacts, len(record))
	}
	for _, hidden := range []string{"13812345678", "13912345678"} {
		if bytes.Contains(record, []byte(hidden)) {
			w.t.Errorf("the record holds %s", hidden)
		}
	}
}

// With a second person's approval a duty officer activates; nobody approves what they imported.
func TestListApprovedByASecondPerson(t *testing.T) {
	w := newWorld(t)
	v := w.imports("duty", seeds.Workbook()).Version
	w.refused(http.StatusConflict, "same_person", listAct("duty", "approve", v, ""))
	w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "approver", path: "/api/v1/list/versions/" + v.ID + "/approve", body: `{}`})
	w.refused(http.StatusUnprocessableEntity, "unknown_field", listAct("approver", "approve", v, `,"replaces":"x"`))
	w.refused(http.StatusNotFound, "not_found", listAct("approver", "approve", calls.Version{ID: "L1", Revision: 1}, ""))
	w.refused(http.StatusNotFound, "not_found", listAct("approver", "activate", calls.Version{ID: "L1", Revision: 1}, ""))
	for _, who := range []string{"viewer", "inspector", "town", "feeder", "E0001"} {
		w.refused(http.StatusForbidden, "forbidden", listAct(who, "approve", v, ""))
	}
	w.must(http.StatusOK, listAct("approver", "approve", v, ""), &v)
	if v.State != "approved" || v.ApprovedBy != "approver" {
		t.Errorf("approved: %+v", v)
	}
	w.must(http.StatusOK, listAct("duty", "activate", v, ""), &v)
	if v.State != "active" || !v.InForce {
		t.Errorf("activated: %+v", v)
	}
	if p := w.refused(http.StatusConflict, "transition_refused", listAct("admin", "approve", v, "")); p.State != "active" {
		t.Errorf("state %q", p.State)
	}
}

// The answer to a decision on a list names the live warning whose orders stay by the list it was declared with.
func TestADecisionOnAListNamesLiveWarnings(t *testing.T) {
	w := newWorld(t)
	old := w.inForce()
	v := w.imports("duty", seeds.Workbook()).Version
	warning := w.ordered()
	for _, by := range [][2]string{{"approver", "approve"}, {"admin", "activate"}} {
		var d calls.ListDecided
		w.must(http.StatusOK, listAct(by[0], by[1], w.version(v.ID), ""), &d)
		want := []calls.LiveWarning{{ID: warning, Level: w.warning(warning).Level, State: w.warning(warning).State,
			ListVersion: old.ID}}
		if d.ID != v.ID || !slices.Equal(d.Live, want) {
			t.Errorf("%s: %+v, want %+v", by[1], d.Live, want)
		}
	}
}

func (w *world) version(id string) (v calls.Version) {
	w.t.Helper()
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/list/versions/" + id}, &v)
	return v
}

// An active version of the same day has to be named to be replaced.
func TestListOfTheSameDayIsReplacedByName(t *testing.T) {
	w := newWorld(t)
	first := w.imports("admin", seeds.Workbook()).Version
	w.must(http.StatusOK, listAct("admin", "activate", first, ""), &first)
	next := w.imports("admin", spoiled(t, func(f *excelize.File) error { return set(f, "减排对象", 2, "名称", "改名") })).Version
	p := w.refused(http.StatusConflict, "conflict", listAct("admin", "activate", next, ""))
	if !strings.Contains(p.Detail, first.ID) || !strings.Contains(p.Detail, "replaces") ||
		!strings.Contains(p.Detail, "2016-10-01") {
		t.Errorf("detail: %s", p.Detail)
	}
	w.refused(http.StatusConflict, "conflict", listAct("admin", "activate", next, `,"replaces":"L20161001-000000"`))
	w.must(http.StatusOK, listAct("admin", "activate", next, fmt.Sprintf(`,"replaces":%q`, first.ID)), &next)
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/list/versions/" + first.ID}, &first)
	if !next.InForce || next.Replaces != first.ID || first.State != "replaced" || first.ReplacedBy != next.ID ||
		first.InForce {
		t.Errorf("%+v, replaced %+v", next, first)
	}
	early := w.imports("admin", spoiled(t,
		func(f *excelize.File) error { return f.SetCellStr("基本情况", "B3", "2016-05-01") })).Version
	w.refused(http.StatusConflict, "conflict", listAct("admin", "activate", early, ""))
}

// defects are damaged workbooks and the one error to be found of each.
var defects = []struct {
	name, sheet, column, rule string
	row                       int
	spoil                     func(f *excelize.File) error
}{
	{"a key twice", "减排对象", "编号", "list.duplicate", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("减排对象", 2, 3) }},
	{"a line twice", "生产线", "编号", "list.duplicate", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("生产线", 2, 3) }},
	{"a measure twice", "减排措施", "措施编号", "list.duplicate", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("减排措施", 2, 3) }},
	{"a pit twice", "垃圾池", "对象编号", "list.duplicate", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("垃圾池", 2, 3) }},
	{"a unit's days overlap", "机组", "自", "list.period_overlap", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("机组", 2, 3) }},
	{"a furnace's days overlap", "焚烧炉", "自", "list.period_overlap", 3,
		func(f *excelize.File) error { return f.DuplicateRowTo("焚烧炉", 2, 3) }},
	{"an unknown level", "减排措施", "级别", "list.enum", 2,
		func(f *excelize.File) error { return set(f, "减排措施", 2, "级别", "紫色") }},
	{"a person's number", "减排措施", "责任人", "list.phone_in_record", 4,
		func(f *excelize.File) error { return set(f, "减排措施", 4, "责任人", "值长13812345678") }},
	{"no date", "基本情况", "生效日期", "list.date", 3,
		func(f *excelize.File) error { return f.SetCellStr("基本情况", "B3", "13912345678") }},
}

func TestDamagedWorkbooks(t *testing.T) {
	w := newWorld(t)
	before := list[calls.Version](w, "duty", "/api/v1/list/versions").Items[0]
	for _, c := range defects {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			workbook := spoiled(t, c.spoil)
			in := w.imports("duty", workbook)
			var wrong []reductionlist.Finding
			for _, f := range in.Findings {
				if f.Severity == "error" {
					wrong = append(wrong, f)
				}
			}
			if len(wrong) != 1 || in.Errors != 1 || wrong[0].Sheet != c.sheet || wrong[0].Row != c.row ||
				wrong[0].Column != c.column || wrong[0].Rule != c.rule || wrong[0].Message == "" || wrong[0].Remedy == "" {
				t.Errorf("%d errors: %+v", in.Errors, wrong)
			}
			if in.State != "draft" || in.Recipients != 0 || strings.HasPrefix(in.ID, "L00000000-") != (c.rule == "list.date") {
				t.Errorf("%+v", in.Version)
			}
			for _, v := range []call{listAct("admin", "activate", in.Version, ""),
				listAct("approver", "approve", in.Version, "")} {
				p := w.refused(http.StatusConflict, "transition_refused", v)
				if p.State != "draft" || !strings.Contains(p.Detail, "1 处错误") ||
					!strings.Contains(p.Detail, "/list/imports/"+in.ID+"/errors.xlsx") {
					t.Errorf("%+v", p)
				}
			}
			height := w.svc.J.Height()
			if again := w.imports("admin", workbook); again.ID != in.ID || again.BegunBy != "duty" ||
				w.svc.J.Height() != height {
				t.Errorf("the same again: %+v", again.Version)
			}
			w.keptFindings(in)
		})
	}
	w.t = t
	if now := list[calls.Version](w, "duty",
		"/api/v1/list/versions?as_of=2016-12-16").Items[0]; fmt.Sprint(now) != fmt.Sprint(before) {
		t.Errorf("in force %+v, before %+v", now, before)
	}
	if fixed := w.imports("duty", seeds.Workbook()); fixed.Errors != 0 || fixed.Recipients == 0 {
		t.Errorf("the good workbook after the damaged ones: %+v", fixed.Version)
	}
	w.noContactsInRecord()
}

// keptFindings are those of the answer to the import, as JSON in either language and as a workbook.
func (w *world) keptFindings(in calls.Imported) {
	w.t.Helper()
	path := "/api/v1/list/imports/" + in.ID
	var kept, english calls.Imported
	w.must(http.StatusOK, call{who: "approver", path: path}, &kept)
	w.must(http.StatusOK, call{who: "approver", path: path, header: map[string]string{"Accept-Language": "en"}}, &english)
	if fmt.Sprint(kept) != fmt.Sprint(in) || len(english.Findings) != len(in.Findings) ||
		english.Findings[0].Message == in.Findings[0].Message {
		w.t.Errorf("kept %+v, imported %+v", kept, in)
	}
	r := w.must(http.StatusOK, call{who: "duty", path: path + "/errors.xlsx"}, nil)
	if r.Header.Get("Content-Type") != calls.XLSXMedia ||
		r.Header.Get("Content-Disposition") != "attachment; filename=errors-"+in.ID+".xlsx" {
		w.t.Errorf("%v", r.Header)
	}
	f, err := excelize.OpenReader(strings.NewReader(r.body))
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	if err != nil || len(rows) != len(in.Findings)+1 {
		w.t.Fatalf("%d rows for %d findings, %v", len(rows), len(in.Findings), err)
	}
	for i, found := range in.Findings {
		if got := rows[i+1]; got[1] != found.Sheet || got[2] != fmt.Sprint(found.Row) || got[3] != found.Column ||
			got[4] != found.Value || got[5] != found.Message || got[7] != found.Rule {
			w.t.Errorf("row %v of %+v", got, found)
		}
	}
}

// Once the findings were erased there is nothing to show, and the version stays what it is.
func TestErasedFindings(t *testing.T) {
	w := newWorld(t)
	in := w.imports("duty", spoiled(t, defects[0].spoil))
	var v reductionlist.Version
	err := w.svc.J.View(func(tx *bbolt.Tx) (err error) { v, err = reductionlist.GetVersion(tx, in.ID); return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.svc.J.Erase(t.Context(), "admin", "content-"+strings.TrimPrefix(v.Findings, "sha256:"), "示例"); err != nil {
		t.Fatal(err)
	}
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", method: "GET", path: "/api/v1/list/imports/" + in.ID})
	w.refused(http.StatusConflict, "transition_refused", listAct("admin", "activate", in.Version, ""))
}

func form(t testing.TB, parts ...string) (body, media string) {
	t.Helper()
	var b bytes.Buffer
	mw := multipart.NewWriter(&b)
	for _, name := range parts {
		part, err := mw.CreateFormFile(name, "C:\\清单\\张三13812345678.xlsx")
		if err == nil {
			_, err = part.Write(seeds.Workbook())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := mw.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), mw.FormDataContentType()
}

func TestUploads(t *testing.T) {
	w := newWorld(t)
	book, path := string(seeds.Workbook()), "/api/v1/list/imports"
	good, media := form(t, "file")
	other, otherMedia := form(t, "workbook")
	twice, twiceMedia := form(t, "file", "file")
	huge := strings.Repeat("x", calls.FileBody+1)
	send := func(body, media string, more ...string) call {
		c := call{who: "duty", method: "POST", path: path, body: body, header: map[string]string{"Content-Type": media}}
		for i := 0; i < len(more); i += 2 {
			c.header[more[i]] = more[i+1]
		}
		return c
	}
	chunked := send(huge, calls.XLSXMedia)
	chunked.chunked = true
	for _, c := range []struct {
		name   string
		call   call
		status int
		code   string
	}{
		{"JSON", send("{}", "application/json"), 415, "unsupported_media"},
		{"no media type", send(book, ""), 415, "unsupported_media"},
		{"compressed", send(book, calls.XLSXMedia, "Content-Encoding", "gzip"), 415, "unsupported_media"},
		{"an old .xls", send("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/octet-stream"), 415, "unsupported_media"},
		{"half a workbook", send(book[:len(book)/2], calls.XLSXMedia), 415, "unsupported_media"},
		{"nothing", send("", calls.XLSXMedia), 415, "unsupported_media"},
		{"too large, and says so", send(huge, calls.XLSXMedia), 413, "too_large"},
		{"too large, and does not say so", chunked, 413, "too_large"},
		{"another part", send(other, otherMedia), 422, "invalid"},
		{"two parts", send(twice, twiceMedia), 422, "invalid"},
		{"form cut off", send(good[:len(good)-100], media), 422, "invalid"},
		{"form without boundary", send(good, "multipart/form-data"), 422, "invalid"},
		{"viewer", call{who: "viewer", path: path, body: book, header: map[string]string{"Content-Type": calls.XLSXMedia}},
			403, "forbidden"},
		{"unknown parameter", call{who: "duty", path: path + "?name=x", body: book,
			header: map[string]string{"Content-Type": calls.XLSXMedia}}, 422, "unknown_field"},
		{"unknown import", call{who: "duty", method: "GET", path: path + "/L1/errors.xlsx"}, 404, "not_found"},
		{"unknown version", call{who: "duty", method: "GET", path: "/api/v1/list/versions/L1"}, 404, "not_found"},
		{"recipients of an unknown version", call{who: "duty", method: "GET", path: "/api/v1/recipients?version=L1"}, 404,
			"not_found"},
		{"recipients of no version", call{who: "duty", method: "GET", path: "/api/v1/recipients?version=none"}, 404,
			"not_found"},
		{"recipients on a bad day", call{who: "duty", method: "GET", path: "/api/v1/recipients?as_of=2016-02-30"}, 422,
			"invalid"},
		{"versions on a bad day", call{who: "duty", method: "GET", path: "/api/v1/list/versions?as_of=today"}, 422,
			"invalid"},
		{"two ways to ask", call{who: "duty", method: "GET", path: "/api/v1/recipients?as_of=2016-12-16&version=L1"}, 422,
			"invalid"},
	} {
		t.Run(c.name, func(t *testing.T) { w.t = t; w.refused(c.status, c.code, c.call) })
	}
	w.t = t
	var in calls.Imported
	first := send(good, media, keyHeader, "k1")
	w.must(http.StatusCreated, first, &in)
	if in.Source != "张三1**********.xlsx" || in.Errors != 0 {
		t.Errorf("form: %+v", in.Version)
	}
	w.must(http.StatusCreated, first, nil)
	w.refused(http.StatusConflict, "conflict",
		send(string(spoiled(t, defects[0].spoil)), calls.XLSXMedia, keyHeader, "k1"))
	v, err := w.svc.ListVersion(in.ID)
	if err != nil {
		t.Fatal(err)
	}
	content, err := w.svc.J.ReadContent(t.Context(), v.Workbook)
	if err != nil || !bytes.Equal(content, seeds.Workbook()) {
		t.Errorf("the workbook is not kept: %d bytes, %v", len(content), err)
	}
}

// A version that comes into force during a warning leaves it its own: later orders of it come from the list it began
// with, and the next warning takes the new one.
func TestListChangedDuringAWarning(t *testing.T) {
	w := newWorld(t)
	from := func(day, text string) reductionlist.Version {
		l := fixture()
		l.EffectiveFrom = day
		for _, r := range l.Recipients {
			m := r.Measures[0]
			m.ID, m.Levels, m.Text = "M2", []alerts.Level{alerts.Orange}, text
			r.Measures = append(r.Measures, m)
		}
		v, err := w.svc.ImportList(t.Context(), "init", l, "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	a := from("2016-06-01", "甲")
	warning := w.declared(alerts.Yellow)
	w.elapse(0)
	b := from("2016-12-16", "乙")
	if now := list[calls.Version](w, "duty", "/api/v1/list/versions?as_of=2016-12-16").Items[0]; now.ID != b.ID ||
		!now.InForce {
		t.Fatalf("in force %+v, want %s", now, b.ID)
	}
	type order struct {
		ID       string
		Level    string
		Version  string `json:"list_version"`
		Hash     string `json:"list_hash"`
		Revision int
		Measures []struct{ Text string }
	}
	ordersOf := func(id string) []order {
		return list[order](w, "duty", "/api/v1/orders?warning="+id+"&state=open").Items
	}
	adjust := fmt.Sprintf(`{"revision":%d,"level":"orange","reason":"提级","trigger":"city_order","document_no":"津污防指〔2016〕2号","issued_by":"天津市"}`, warning.Revision)
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + warning.ID + "/adjust", body: adjust}, warning)
	if warning.State == alerts.Active && warning.Pending != nil {
		w.must(http.StatusOK, call{who: "approver", path: "/api/v1/warnings/" + warning.ID + "/approve",
			body: fmt.Sprintf(`{"revision":%d}`, warning.Revision)}, warning)
	}
	w.elapse(0)
	if warning.Level != alerts.Orange || warning.ListVersion != a.ID {
		t.Fatalf("after the raise: %+v", warning)
	}
	same := func(id string, revision int, v reductionlist.Version, texts string) {
		t.Helper()
		orders := ordersOf(id)
		for _, o := range orders {
			got := ""
			for _, m := range o.Measures {
				got += m.Text
			}
			if o.Revision != revision || o.Version != v.ID || o.Hash != v.Hash || got != texts {
				t.Errorf("order %+v, want revision %d of %s: %s", o, revision, v.ID, texts)
			}
		}
		if len(orders) != 3 {
			t.Errorf("%d orders of %s", len(orders), id)
		}
	}
	same(warning.ID, 2, a, "停产甲")
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + warning.ID + "/lift",
		body: fmt.Sprintf(`{"revision":%d,"reason":"好转"}`, warning.Revision)}, nil)
	w.elapse(0)
	next := w.declared(alerts.Orange)
	w.must(http.StatusOK, call{who: "approver", path: "/api/v1/warnings/" + next.ID + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, next.Revision)}, next)
	w.elapse(0)
	if next.ListVersion != b.ID || next.ListHash != b.Hash {
		t.Errorf("the next warning pins %s, want %s", next.ListVersion, b.ID)
	}
	same(next.ID, 1, b, "停产乙")
}
