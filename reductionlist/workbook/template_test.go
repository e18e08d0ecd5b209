package workbook_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

// A workbook without any sheet of a list is refused, and told where the template is; no list comes of it.
func TestUnrelatedWorkbooksAreRefused(t *testing.T) {
	for _, names := range [][]string{{"Sheet1"}, {"附件2", "说明"}, {"检查结果"},
		{"1", "2", "3", "4", "5", "6", "电话13812345678"}} {
		f := excelize.NewFile()
		listtest.Must(t, f.SetSheetName("Sheet1", names[0]))
		for _, name := range names[1:] {
			_, err := f.NewSheet(name)
			listtest.Must(t, err)
		}
		listtest.Must(t, f.SetCellStr(names[0], "A1", "企业名称"))
		var b bytes.Buffer
		listtest.Must(t, f.Write(&b))
		l, _, err := listtest.Read(b.Bytes())
		e, ok := err.(*refusal.Error)
		if !ok || e.Rule != "list.no_known_sheet" || e.Code != refusal.UnsupportedMedia || l != nil {
			t.Errorf("%q: %v", names, err)
			continue
		}
		for _, lang := range []string{"zh-CN", "en"} {
			if text := e.Detail(lang); !bytes.Contains([]byte(text), []byte("qingkong list template")) ||
				reductionlist.HoldsPhone(text) {
				t.Errorf("%q says %s", names, text)
			}
		}
	}
}

// The template has every sheet and column: filled in with the rows of a list, it is that list.
func TestTemplateIsFilledIn(t *testing.T) {
	var b bytes.Buffer
	listtest.Must(t, workbook.WriteTemplate(&b))
	_, found, err := listtest.Read(b.Bytes())
	listtest.Must(t, err)
	for _, f := range found {
		switch f.Rule {
		case "list.no_sheet", "list.no_column", "list.no_key", "list.no_table", "list.no_pollutant", "list.unknown_sheet",
			"list.no_header":
			t.Errorf("the template lacks something: %s", lineOf(f))
		}
	}
	seed := listtest.Seed()
	want, _ := seed.Read(t)
	got, _, err := listtest.Read(reopened(t, b.Bytes(), func(t *testing.T, f *excelize.File) {
		for sheet, rows := range seed {
			top, err := f.GetRows(sheet)
			listtest.Must(t, err)
			for i, row := range rows {
				for j, v := range row {
					column := j
					if sheet != head {
						column = slices.Index(top[0], rows[0][j])
					}
					if sheet == head || i > 0 {
						at, err := excelize.CoordinatesToCellName(column+1, i+1)
						listtest.Must(t, err)
						listtest.Must(t, f.SetCellStr(sheet, at, v))
					}
				}
			}
		}
	}))
	listtest.Must(t, err)
	if got.Hash() != want.Hash() {
		t.Errorf("%+v", reductionlist.Diff(want, got))
	}
}
