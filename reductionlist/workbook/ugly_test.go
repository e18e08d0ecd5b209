package workbook_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

// ugliness is one thing that people do to a workbook, and exactly what is found beyond what the good one gives.
type ugliness struct {
	name  string
	spoil func(t *testing.T, f *excelize.File)
	want  []string // severity sheet row column rule
	same  bool     // the list is the same all the same
}

func cellOf(t *testing.T, f *excelize.File, sheet string, row int, header string) string {
	t.Helper()
	rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
	listtest.Must(t, err)
	i := slices.Index(rows[0], header)
	if i < 0 {
		t.Fatalf("no column %s in %s", header, sheet)
	}
	name, err := excelize.CoordinatesToCellName(i+1, row)
	listtest.Must(t, err)
	return name
}

// put sets a cell of a sheet whose header is in row 1.
func put(sheet string, row int, header string, value any) func(*testing.T, *excelize.File) {
	return func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellValue(sheet, cellOf(t, f, sheet, row, header), value))
	}
}

func rename(sheet, header, as string) func(*testing.T, *excelize.File) {
	return func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(sheet, cellOf(t, f, sheet, 1, header), as))
	}
}

func formula(sheet string, row int, header, text, cached string) func(*testing.T, *excelize.File) {
	return func(t *testing.T, f *excelize.File) {
		at := cellOf(t, f, sheet, row, header)
		if cached != "" {
			listtest.Must(t, f.SetCellDefault(sheet, at, cached))
		} else {
			listtest.Must(t, f.SetCellValue(sheet, at, nil))
		}
		listtest.Must(t, f.SetCellFormula(sheet, at, text))
	}
}

var uglinesses = []ugliness{
	{"spaces of every kind around texts", put(recipients, 4, "街镇", " \u3000西营门街道\u00a0\u200b"),
		[]string{"warning 减排对象 4 街镇 list.unknown_town"}, false},
	{"a header in full-width signs", rename(lines, "SO2日排放(吨)", "ＳＯ２日排放（吨）"), nil, true},
	{"a header broken in two lines", rename(lines, "安全停产时间(小时)", "安全停产\n时间(小时)"), nil, true},
	{"a header in another unit", rename(lines, "SO2日排放(吨)", "SO2日排放(千克)"),
		[]string{"error 生产线 1 SO2日排放(吨) list.no_column"}, false},
	{"an id in full-width signs", put(lines, 2, "对象编号", "Ｅ０００１"), nil, true},
	{"a grade in full-width letters", put(recipients, 4, "绩效分级", "Ｂ－"), nil, false},
	{"a number as text", put(lines, 2, "SO2日排放(吨)", "０．５"), nil, false},
	{"a USCC as a number", put(recipients, 4, "统一社会信用代码", 9.11201110000001e17),
		[]string{"error 减排对象 4 统一社会信用代码 list.uscc_scientific"}, false},
	{"a USCC in scientific notation", put(recipients, 4, "统一社会信用代码", "9.11201E+17"),
		[]string{"error 减排对象 4 统一社会信用代码 list.uscc_scientific"}, false},
	{"an MN as a number", put(recipients, 4, "监测站点MN", 1.2011100000001e23),
		[]string{"error 减排对象 4 监测站点MN list.code_scientific"}, false},
	{"a phone in scientific notation", put(recipients, 4, "手机", "1.38E+10"),
		[]string{"error 减排对象 4 手机 list.code_scientific"}, false},
	{"an industry that lost its 0", put(recipients, 4, "行业代码", 111), []string{"warning 减排对象 4 行业代码 list.code_short"},
		false},
	{"a formula", formula(lines, 2, "SO2日排放(吨)", "0.25*2", "0.5"), []string{"warning 生产线 2 SO2日排放(吨) list.formula"},
		false},
	{"a formula without a result", formula(lines, 2, "SO2日排放(吨)", "0.25*2", ""),
		[]string{"error 生产线 2 SO2日排放(吨) list.formula_empty"}, false},
	{"a hidden row", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetRowVisible(measures, 3, false))
		listtest.Must(t, f.SetRowVisible(measures, 4, false))
	}, []string{"warning 减排措施 3  list.hidden_row"}, true},
	{"a hidden column", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.SetColVisible(lines, "B", false)) },
		[]string{"warning 生产线 1 编号 list.hidden_column"}, true},
	{"a hidden sheet", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.SetSheetVisible(measures, false)) },
		[]string{"warning 减排措施 0  list.hidden_sheet"}, true},
	{"a note below the table", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(measures, "A90", "注：以上措施自10月1日起执行"))
	}, []string{"warning 减排措施 90 对象编号 list.stray_row"}, true},
	{"a note beside nothing", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(recipients, "F90", "填表人：办公室"))
		listtest.Must(t, f.SetCellStr(recipients, "G90", "审核：科长"))
	}, []string{"warning 减排对象 90 街镇 list.stray_row"}, true},
	{"a sum below the table", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(lines, "A90", "合计"))
		listtest.Must(t, f.SetCellFloat(lines, "E90", 12.5, -1, 64))
		listtest.Must(t, f.SetCellFloat(lines, "F90", 7.25, -1, 64))
	}, []string{"warning 生产线 90 对象编号 list.stray_row"}, true},
	{"empty rows", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.InsertRows(measures, 200, 3)) }, nil, true},
	{"the header once more", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.DuplicateRowTo(measures, 1, 60)) },
		[]string{"warning 减排措施 60  list.header_again"}, true},
	{"a column without a header", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(lines, "Z2", "？"))
	}, []string{"warning 生产线 2  list.unnamed_column"}, true},
	{"cells far to the right", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.SetCellStr(lines, "XFD2", "？")) },
		[]string{"warning 生产线 2  list.too_wide"}, true},
	{"no header at all", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.RemoveRow(pits, 1)) },
		[]string{"error 垃圾池 0  list.no_header"}, false},
	{"a merged id", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellValue(lines, "A3", nil))
		listtest.Must(t, f.MergeCell(lines, "A2", "A3"))
	}, []string{"warning 生产线 2 对象编号 list.merged_cells"}, true},
	{"a title over 基本情况", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.InsertRows(head, 1, 1))
		listtest.Must(t, f.SetCellStr(head, "A1", "西青区应急减排清单"))
	}, nil, true},
	{"a note under 基本情况", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(head, "A40", "以上由办公室填报"))
	}, []string{"warning 基本情况 40  list.stray_row"}, true},
	{"keys with colons", func(t *testing.T, f *excelize.File) { listtest.Must(t, f.SetCellStr(head, "A1", "清单名称：")) },
		nil, true},
	{"an error value", func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellFormula(lines, "E2", "NA()"))
		listtest.Must(t, f.SetCellValue(lines, "E2", nil))
		listtest.Must(t, f.SetCellFormula(lines, "E2", "NA()"))
	}, []string{"error 生产线 2 SO2日排放(吨) list.formula_empty"}, false},
}

// seedBook is the small list as a workbook.
func seedBook(t testing.TB) []byte {
	l, _ := listtest.Seed().Read(t)
	var b bytes.Buffer
	listtest.Must(t, workbook.Write(&b, l))
	return b.Bytes()
}

func reopened(t *testing.T, workbook []byte, spoil func(*testing.T, *excelize.File)) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(workbook))
	listtest.Must(t, err)
	defer f.Close()
	spoil(t, f)
	var b bytes.Buffer
	listtest.Must(t, f.Write(&b))
	return b.Bytes()
}

func lineOf(f reductionlist.Finding) string {
	return fmt.Sprint(f.Severity, " ", f.Sheet, " ", f.Row, " ", f.Column, " ", f.Rule)
}

// beyond are the findings that the good workbook does not have.
func beyond(found, good []reductionlist.Finding) (more []string) {
	have := map[string]int{}
	for _, f := range good {
		have[lineOf(f)]++
	}
	for _, f := range found {
		if have[lineOf(f)]--; have[lineOf(f)] < 0 {
			more = append(more, lineOf(f))
		}
	}
	return more
}

func TestUglyWorkbooks(t *testing.T) {
	book := seedBook(t)
	want, good, err := listtest.Read(book)
	listtest.Must(t, err)
	for _, c := range uglinesses {
		t.Run(c.name, func(t *testing.T) {
			l, found, err := listtest.Read(reopened(t, book, c.spoil))
			listtest.Must(t, err)
			if got := beyond(found, good); !slices.Equal(got, c.want) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
			if c.same && l.Hash() != want.Hash() {
				t.Error("another list")
			}
			for _, f := range found {
				listtest.Worded(t, f)
			}
		})
	}
}

// A title above the header and a header of two rows shift the rows, and nothing else.
func TestTitleAndGroupedHeader(t *testing.T) {
	book := seedBook(t)
	want, _, err := listtest.Read(book)
	listtest.Must(t, err)
	ugly := reopened(t, book, func(t *testing.T, f *excelize.File) {
		for _, sheet := range []string{recipients, lines, measures, units} {
			listtest.Must(t, f.InsertRows(sheet, 1, 3))
			listtest.Must(t, f.SetCellStr(sheet, "A1", "附件："+sheet))
			listtest.Must(t, f.MergeCell(sheet, "A1", "H1"))
			listtest.Must(t, f.SetCellStr(sheet, "C2", "单位：吨"))
		}
		listtest.Must(t, f.InsertRows(lines, 5, 1))
		for i, name := range []string{"SO2", "NOx", "PM", "VOCs"} {
			column := string(rune('E' + i))
			listtest.Must(t, f.SetCellStr(lines, column+"4", ""))
			listtest.Must(t, f.SetCellStr(lines, column+"5", name))
		}
		listtest.Must(t, f.SetCellStr(lines, "E4", "日排放（吨）"))
		listtest.Must(t, f.MergeCell(lines, "E4", "H4"))
		listtest.Must(t, f.MergeCell(lines, "A4", "A5"))
		listtest.Must(t, f.SetCellStr(lines, "J7", "停"))
	})
	l, found, err := listtest.Read(ugly)
	listtest.Must(t, err)
	var wrong []string
	for _, f := range found {
		if f.Severity == "error" {
			wrong = append(wrong, lineOf(f))
		}
	}
	if !slices.Equal(wrong, []string{"error 生产线 7 长期停运 list.enum"}) {
		t.Errorf("errors %q", wrong)
	}
	for _, r := range l.Recipients {
		i := slices.IndexFunc(want.Recipients, func(w *reductionlist.Recipient) bool { return w.ID == r.ID })
		if len(r.Lines) != len(want.Recipients[i].Lines) || len(r.Measures) != len(want.Recipients[i].Measures) ||
			len(r.Lines) > 0 && r.Lines[0].Emission != want.Recipients[i].Lines[0].Emission {
			t.Errorf("%s is read as %+v", r.ID, r)
		}
	}
}

func TestDatesAsPeopleWriteThem(t *testing.T) {
	for cell, want := range map[string]string{"2026-10-01": "2026-10-01", "2026/10/1": "2026-10-01",
		"2026年10月1日": "2026-10-01", "２０２６．１０．０１": "2026-10-01",
		"2026 年 10 月 01 日": "2026-10-01", "46296": "2026-10-01", "46296.5": "2026-10-01", "2026-10-01 00:00:00": "2026-10-01",
		"2026-10-01T00:00:00": "2026-10-01",
		"2026-10-01 00:00":    "2026-10-01", "2026-10-01T00:00:00Z": "2026-10-01", "2026-10-01T00:00:00.000Z": "2026-10-01",
		"2026-10-01T00:00:00+08:00": "2026-10-01", "20261001": "2026-10-01",
		"2026/10/1 0:00": "2026-10-01", "2026年10月1日 00:00": "2026-10-01", "２０２６１００１": "2026-10-01",
		"2026-10-01 12:30": "2026-10-01"} {
		s := listtest.Seed()
		s[head][2][1] = cell
		l, found := s.Read(t)
		if l.EffectiveFrom != want {
			t.Errorf("%q is read as %q: %+v", cell, l.EffectiveFrom, found)
		}
	}
	for _, cell := range []string{"2026-02-30", "20261301", "2026-09-30T16:00:00Z", "2026-10-01T00:00:00+09:00",
		"2026-10-01 25:00", "2026", "10月1日", "明年"} {
		s := listtest.Seed()
		s[head][2][1] = cell
		if _, found := s.Read(t); !has(found, spoiled{head, 3, "", "", "list.date", "error"}, "生效日期") {
			t.Errorf("%q is no date and was not found", cell)
		}
	}
	ugly := reopened(t, seedBook(t), func(t *testing.T, f *excelize.File) {
		yes := true
		listtest.Must(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}))
		listtest.Must(t, f.SetCellInt(head, "B3", 46296-1462))
	})
	if l, _, err := listtest.Read(ugly); err != nil || l.EffectiveFrom != "2026-10-01" {
		t.Errorf("a workbook that counts from 1904: %v, %v", l.EffectiveFrom, err)
	}
}

// The workbook as a spreadsheet program saves it, with shared strings and styles, is the same list.
func TestSavedByAnotherProgram(t *testing.T) {
	book := seedBook(t)
	want, _, err := listtest.Read(book)
	listtest.Must(t, err)
	saved := reopened(t, book, func(t *testing.T, f *excelize.File) {
		bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
		listtest.Must(t, err)
		for _, sheet := range f.GetSheetList() {
			rows, err := f.GetRows(sheet, excelize.Options{RawCellValue: true})
			listtest.Must(t, err)
			for i, row := range rows {
				for j, v := range row {
					at, err := excelize.CoordinatesToCellName(j+1, i+1)
					listtest.Must(t, err)
					if v == "" {
						continue
					}
					listtest.Must(t, f.SetCellStr(sheet, at, v))
					if i == 0 {
						listtest.Must(t, f.SetCellStyle(sheet, at, at, bold))
					}
				}
			}
		}
		at := cellOf(t, f, recipients, 2, "名称")
		name, err := f.GetCellValue(recipients, at)
		listtest.Must(t, err)
		listtest.Must(t, f.SetCellRichText(recipients, at,
			[]excelize.RichTextRun{{Text: name[:6], Font: &excelize.Font{Bold: true}}, {Text: name[6:]}}))
	})
	got, _, err := listtest.Read(saved)
	listtest.Must(t, err)
	if got.Hash() != want.Hash() {
		t.Errorf("%+v", reductionlist.Diff(want, got))
	}
}

// Texts that a spreadsheet's format escapes, and those that look like numbers or formulas, come back as they were.
func TestOddTextsSurvive(t *testing.T) {
	l, _, err := listtest.Read(seedBook(t))
	listtest.Must(t, err)
	for i, text := range []string{"_x0041_", "a\nb", "=1+1", "'0001", "1e5", "<b>&\"", "２＃线①m³", "_x000D_", "__x0041_x"} {
		r := l.Recipients[i%len(l.Recipients)]
		r.Address = text
		if r.Extra == nil {
			r.Extra = map[string]string{}
		}
		r.Extra["另列（吨）"] = text
		var b bytes.Buffer
		listtest.Must(t, workbook.Write(&b, l))
		again, _, err := listtest.Read(b.Bytes())
		listtest.Must(t, err)
		if again.Hash() != l.Hash() {
			t.Errorf("%q is not the same: %+v", text, reductionlist.Diff(l, again))
		}
	}
}

func TestExtraColumnsAreShown(t *testing.T) {
	l, found, err := listtest.Read(reopened(t, seedBook(t), func(t *testing.T, f *excelize.File) {
		listtest.Must(t, f.SetCellStr(recipients, "Z1", "年产值（万元）"))
		listtest.Must(t, f.SetCellStr(recipients, "Z2", "1,200"))
	}))
	listtest.Must(t, err)
	var shown []string
	for _, r := range l.Recipients {
		shown = append(shown, slices.Collect(maps.Values(r.Extra))...)
	}
	if !slices.Contains(shown, "1,200") || reductionlist.HasErrors(found) {
		t.Errorf("extra columns %q, %+v", shown, found)
	}
}
