package workbook_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

func TestFindingsAsAWorkbook(t *testing.T) {
	s := listtest.Seed()
	s.Set(t, measures, 2, "动作", "减产")
	_, found := s.Read(t)
	var buf bytes.Buffer
	listtest.Must(t, workbook.WriteFindings(&buf, found, "zh-CN"))
	f, err := excelize.OpenReader(&buf)
	listtest.Must(t, err)
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetName(0))
	listtest.Must(t, err)
	if len(rows) != len(found)+1 {
		t.Fatalf("%d rows for %d findings", len(rows), len(found))
	}
	i := slices.IndexFunc(rows, func(r []string) bool { return r[3] == "动作" })
	if i < 0 || rows[i][0] != "错误" || rows[i][2] != "2" || rows[i][4] != "减产" || rows[i][7] != "list.enum" {
		t.Errorf("rows %v", rows)
	}
}
