package web

import (
	"net/http"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"

	"github.com/xuri/excelize/v2"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/seeds"
)

// What is exported is the same version when it is imported; whoever keeps the list may see the contacts in it.
func TestExportIsTheSameVersionAgain(t *testing.T) {
	w := newWorld(t)
	v := w.imports("admin", seeds.Workbook()).Version
	path := "/api/v1/list/versions/" + v.ID + "/export?format=xlsx"
	for who, contacts := range map[string]bool{"duty": true, "admin": true, "approver": true} {
		r := w.must(http.StatusOK, call{who: who, path: path}, nil)
		if r.Header.Get("Content-Type") != calls.XLSXMedia ||
			r.Header.Get("Content-Disposition") != "attachment; filename=list-"+v.ID+".xlsx" {
			t.Errorf("%v", r.Header)
		}
		l, found, err := listtest.Read([]byte(r.body))
		if err != nil || reductionlist.HasErrors(found) || l.Hash() != v.Hash {
			t.Errorf("%s: %v, hash %s of %s", who, err, l.Hash(), v.Hash)
		}
		seen := 0
		for _, r := range l.Recipients {
			if r.Contact != nil {
				seen++
			}
		}
		if seen > 0 != contacts {
			t.Errorf("%s sees %d contacts", who, seen)
		}
		if again := w.imports("duty", []byte(r.body)); again.ID != v.ID || again.Hash != v.Hash {
			t.Errorf("imported again it is %+v", again.Version)
		}
	}
	w.refused(http.StatusForbidden, "forbidden", call{who: "viewer", path: path})
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", path: "/api/v1/list/versions/L1/export"})
	w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: strings.Replace(path, "xlsx", "pdf", 1)})
	bad := w.imports("duty", spoiled(t, defects[0].spoil))
	p := w.refused(http.StatusConflict, "transition_refused",
		call{who: "duty", path: "/api/v1/list/versions/" + bad.ID + "/export"})
	if !strings.Contains(p.Detail, "errors.xlsx") {
		t.Errorf("%+v", p)
	}
}

// The error workbook is the one that was sent, with its cells marked.
func TestErrorBookIsTheWorkbookThatWasSent(t *testing.T) {
	w := newWorld(t)
	in := w.imports("duty", spoiled(t, func(f *excelize.File) error { return set(f, "减排措施", 2, "级别", "紫色") }))
	path := "/api/v1/list/imports/" + in.ID + "/errors.xlsx"
	for who, sheets := range map[string]int{"duty": 8, "approver": 8} {
		r := w.must(http.StatusOK, call{who: who, path: path}, nil)
		f, err := excelize.OpenReader(strings.NewReader(r.body))
		if err != nil {
			t.Fatal(err)
		}
		if names := f.GetSheetList(); len(names) != sheets || names[0] != "检查结果" {
			t.Errorf("%s gets %q", who, names)
		}
		if comments, _ := f.GetComments("减排措施"); sheets > 1 &&
			(len(comments) == 0 || !strings.Contains(comments[0].Paragraph[0].Text, "紫色")) {
			t.Errorf("comments %+v", comments)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	gb := w.imports("duty", []byte("对象编号,编号,名称,产能,SO2日排放(吨),NOx日排放(吨),PM日排放(吨),VOCs日排放(吨),安全停产时间(小时),长期停运,分表编号\nE0001,U5,5#机组,,约1,,,,,否,\n"))
	if gb.Errors == 0 || gb.State != "draft" {
		t.Errorf("one sheet as CSV: %+v", gb)
	}
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/list/imports/" + gb.ID + "/errors.xlsx"}, nil)
}
