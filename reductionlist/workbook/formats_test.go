package workbook_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// formatted is a number in a cell with a number format, and what is read: the value, or the rule by which the cell is
// refused.
type formatted struct {
	sheet  string
	row    int
	header string
	number float64
	format string // its code; or #9 for a built-in one
	beside string // 单位 in the row, where another is needed
	read   any
	rule   string
}

var formats = []formatted{
	// Percentages.
	{measures, 0, "数值", 1, "#9", "%", "reduce_by 100 %", ""},
	{measures, 0, "数值", 0.5, "#9", "%", "reduce_by 50 %", ""},
	{measures, 0, "数值", 0.3335, "0.00%", "%", "reduce_by 33.35 %", ""},
	{measures, 0, "数值", 0.405, "0%", "%", "reduce_by 40.5 %", ""},
	{measures, 0, "数值", 0.07, "0.0%", "%", "reduce_by 7 %", ""},
	{measures, 0, "数值", 0.4, "0%;[Red]-0%", "", "reduce_by 40 %", ""},
	{measures, 0, "数值", 40, `0"%"`, "%", "reduce_by 40 %", ""},
	{measures, 0, "数值", 40, `0\%`, "", "reduce_by 40 %", ""},
	{measures, 0, "数值", 40, "0%", "%", nil, "list.number_range"}, // 4000 %
	{measures, 0, "数值", 0.005, "0.0%", "%", nil, "list.percent_small"},
	{measures, 0, "数值", 0.4, "0%", "t/d", nil, "list.cell_unit"},
	{lines, 0, "SO2日排放(吨)", 0.4, "0%", "", nil, "list.number"},
	{recipients, 0, "最大允许生产负荷", 0.8, "0%", "", "80%", ""},
	{recipients, 0, "最大允许生产负荷", 0.805, "0.0%", "", "80.5%", ""},
	{recipients, 0, "最大允许生产负荷", 80, `0.0"吨/日"`, "", "80吨/日", ""},
	// Times.
	{measures, 0, "完成时限(小时)", 4.0 / 24, "#20", "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 4.0 / 24, "h:mm", "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 4.0 / 24, "[$-F400]h:mm:ss", "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 4.0 / 24, `h"时"mm"分"`, "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 1.5 / 24, "#21", "", 1.5, ""},
	{measures, 0, "完成时限(小时)", 28.0 / 24, "[h]:mm", "", 28.0, ""},
	{measures, 0, "完成时限(小时)", 28.0 / 24, "#46", "", 28.0, ""},
	{measures, 0, "完成时限(小时)", 2, "[h]:mm:ss;@", "", 48.0, ""},
	{measures, 0, "完成时限(小时)", 0.5 / 24, "#45", "", 0.5, ""},                 // 30:00 of mm:ss
	{measures, 0, "完成时限(小时)", 4.0 / 24, "#45", "", nil, "list.cell_hidden"}, // shows 00:00
	{measures, 0, "完成时限(小时)", 28.0 / 24, "#20", "", nil, "list.cell_hidden"},
	{measures, 0, "完成时限(小时)", 4, "#20", "", nil, "list.cell_hidden"}, // shows 0:00
	{measures, 0, "完成时限(小时)", 16.0 / 24, "#18", "", nil, "list.cell_hidden"},
	{measures, 0, "完成时限(小时)", 4, "#14", "", nil, "list.cell_hidden"},
	{measures, 0, "完成时限(小时)", 28.0 / 24, "yyyy/m/d h:mm", "", nil, "list.cell_hidden"},
	{lines, 0, "安全停产时间(小时)", 90.0 / 24 / 60, "h:mm", "", 1.5, ""},
	{lines, 0, "SO2日排放(吨)", 4.0 / 24, "h:mm", "", nil, "list.cell_time"},
	{measures, 0, "数值", 4.0 / 24, "h:mm", "%", nil, "list.cell_time"},
	{recipients, 0, "电表编号", 1.0 / 24, "h:mm", "", nil, "list.cell_time"},
	// Days.
	{head, 3, "生效日期", 42644, "#14", "", "2016-10-01", ""},
	{head, 3, "生效日期", 42644.5, "#22", "", "2016-10-01", ""},
	{head, 3, "生效日期", 42644, `yyyy"年"m"月"d"日"`, "", "2016-10-01", ""},
	{head, 3, "生效日期", 42644, "[$-804]aaaa", "", "2016-10-01", ""},
	{head, 3, "生效日期", 42644, "#31", "", "2016-10-01", ""},
	{head, 3, "生效日期", 42644, "#58", "", "2016-10-01", ""},
	{head, 3, "生效日期", 4, "#14", "", nil, "list.cell_hidden"},
	{head, 3, "生效日期", 42644, "0%", "", nil, "list.date"},
	{units, 0, "自", 43831, "m/d/yyyy", "", "2020-01-01", ""},
	{lines, 0, "SO2日排放(吨)", 46143, "#14", "", nil, "list.cell_date"},
	{lines, 0, "编号", 46024, `m"月"d"日"`, "", nil, "list.cell_date"},
	{recipients, 0, "地址", 46024, "#16", "", nil, "list.cell_date"},
	{measures, 0, "数值", 46024, "#14", "%", nil, "list.cell_date"},
	// Units and currencies.
	{lines, 0, "SO2日排放(吨)", 0.25, `0.0"吨"`, "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, `0.00\ "t"`, "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, `0.00吨/日`, "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, `G/通用格式"吨"`, "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 5, `0.0,"千克"`, "", nil, "list.cell_hidden"},
	{lines, 0, "SO2日排放(吨)", 5, `0.0"千克"`, "", nil, "list.cell_unit"},
	{lines, 0, "SO2日排放(吨)", 5, `0.0"万吨"`, "", nil, "list.cell_unit"},
	{lines, 0, "SO2日排放(吨)", 5, `#,##0.0,`, "", nil, "list.cell_hidden"},
	{lines, 0, "SO2日排放(吨)", 5, `"¥"#,##0.00`, "", nil, "list.number"},
	{lines, 0, "SO2日排放(吨)", 5, `[$¥-804]#,##0.00`, "", nil, "list.number"},
	{lines, 0, "SO2日排放(吨)", 5, `;;;`, "", nil, "list.cell_hidden"},
	{lines, 0, "SO2日排放(吨)", 5, `"见附件"`, "", nil, "list.cell_hidden"},
	{lines, 0, "SO2日排放(吨)", 0, `_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ `, "", 0.0, ""},
	{lines, 0, "SO2日排放(吨)", 0.5, `_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * "-"??_ ;_ @_ `, "", 0.5, ""},
	{lines, 0, "SO2日排放(吨)", -0.5, `0.00_);(0.00)`, "", nil, "list.number"},
	{lines, 0, "SO2日排放(吨)", -0.5, `0.00`, "", nil, "list.number_range"},
	{lines, 0, "SO2日排放(吨)", 0.25, "0.00E+00", "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, "# ?/?", "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, `[>=1]0.0"吨";0.00"吨"`, "", 0.25, ""},
	{lines, 0, "SO2日排放(吨)", 0.25, "0;@", "", 0.25, ""},
	{measures, 0, "完成时限(小时)", 4, `0"小时"`, "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 4, `0"h"`, "", 4.0, ""},
	{measures, 0, "完成时限(小时)", 4, `0"天"`, "", nil, "list.cell_unit"},
	{measures, 0, "数值", 300, `0"吨"`, "%", nil, "list.cell_unit"},
	{furnaces, 0, "最大(吨/小时)", 20, `0.0"吨/小时"`, "", 20.0, ""},
	{furnaces, 0, "最大(吨/小时)", 20, `0.0"吨/日"`, "", nil, "list.cell_unit"},
	// Codes are what is shown.
	{recipients, 0, "行业代码", 111, "0000", "", "0111", ""},
	{recipients, 0, "行业代码", 2710, `"C"0000`, "", "C2710", ""},
	{recipients, 0, "手机", 10000000006, "000-0000-0000", "", "10000000006", ""},
	{lines, 0, "编号", 1, `"L"0`, "", "L1", ""},
}

// at is the row of E0003 in a sheet of the small list where the case names none; furnaces and units are of the plants.
func (c formatted) at(s listtest.Sheets) int {
	if c.row > 0 {
		return c.row
	}
	for i, row := range s[c.sheet] {
		if row[0] == "E0003" && (c.sheet != measures || strings.Contains(strings.Join(row, " "), "限产")) {
			return i + 1
		}
	}
	return 2
}

// value is what the list holds where the case put its number.
func (c formatted) value(l *reductionlist.List) any {
	if c.sheet == head {
		return l.EffectiveFrom
	}
	for _, r := range l.Recipients {
		switch {
		case c.sheet == units && r.ID == "E0001":
			return r.Units[0].From
		case c.sheet == furnaces && r.ID == "E0002":
			return r.Furnaces[0].MaxTH
		case r.ID != "E0003":
			continue
		case c.sheet == recipients:
			return map[string]string{"最大允许生产负荷": r.MaxLoad, "行业代码": r.Industry, "电表编号": r.MeterID}[c.header] +
				map[bool]string{c.header == "手机": r.Contact.Phone}[true]
		case c.sheet == lines:
			return map[string]any{"SO2日排放(吨)": r.Lines[0].Emission.SO2, "安全停产时间(小时)": r.Lines[0].SafeStopH,
				"编号": r.Lines[0].ID}[c.header]
		}
		for i := range r.Measures {
			m := &r.Measures[i]
			if m.Action != reductionlist.Limit {
				continue
			}
			if c.header == "完成时限(小时)" {
				return m.CompleteWithinH
			}
			if m.Quantity == nil {
				return nil
			}
			return fmt.Sprint(m.Quantity.Kind, " ", m.Quantity.Value, " ", m.Quantity.Unit)
		}
	}
	return nil
}

// A number is what its format says it is, or is refused where it stands with what to do; it is never something else.
func TestNumberFormatsAreRead(t *testing.T) {
	for _, c := range formats {
		t.Run(fmt.Sprint(c.header, " ", c.number, " as ", c.format), func(t *testing.T) {
			t.Parallel()
			s := listtest.Seed()
			at := c.at(s)
			if c.header == "数值" {
				s.Set(t, measures, at, "单位", c.beside)
			}
			l, found, err := listtest.Read(reopened(t, s.Bytes(t), func(t *testing.T, f *excelize.File) {
				cell := "B3"
				if c.sheet != head {
					cell = cellOf(t, f, c.sheet, at, c.header)
				}
				style := &excelize.Style{CustomNumFmt: &c.format}
				if n := 0; strings.HasPrefix(c.format, "#") && !strings.HasPrefix(c.format, "#,") &&
					!strings.HasPrefix(c.format, "# ") {
					_, err := fmt.Sscanf(c.format, "#%d", &n)
					listtest.Must(t, err)
					style = &excelize.Style{NumFmt: n}
				}
				id, err := f.NewStyle(style)
				listtest.Must(t, err)
				listtest.Must(t, f.SetCellFloat(c.sheet, cell, c.number, -1, 64))
				listtest.Must(t, f.SetCellStyle(c.sheet, cell, cell, id))
			}))
			listtest.Must(t, err)
			var wrong []string
			for _, f := range found {
				// whose words are of the number before
				if f.Severity == "error" && f.Sheet == c.sheet && f.Row == at && f.Column != "措施内容" {
					wrong = append(wrong, f.Column+" "+f.Rule)
					listtest.Worded(t, f)
				}
			}
			switch got := c.value(l); {
			case c.rule == "" && (got != c.read || len(wrong) > 0):
				t.Errorf("read as %v, want %v; found %q", got, c.read, wrong)
			case c.rule != "" && !(len(wrong) == 1 && wrong[0] == c.header+" "+c.rule):
				t.Errorf("found %q, want %s; read as %v", wrong, c.rule, got)
			}
		})
	}
}

// A time or a unit that merged cells share is that of each of their rows.
func TestMergedCellsShareTheirFormat(t *testing.T) {
	s := listtest.Seed()
	at := formatted{sheet: measures}.at(s)
	l, found, err := listtest.Read(reopened(t, s.Bytes(t), func(t *testing.T, f *excelize.File) {
		format := "[h]:mm"
		id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		listtest.Must(t, err)
		first, below := cellOf(t, f, measures, at, "完成时限(小时)"), cellOf(t, f, measures, at+1, "完成时限(小时)")
		listtest.Must(t, f.SetCellFloat(measures, first, 26.0/24, -1, 64))
		listtest.Must(t, f.SetCellStyle(measures, first, first, id))
		listtest.Must(t, f.SetCellValue(measures, below, nil))
		listtest.Must(t, f.MergeCell(measures, first, below))
	}))
	listtest.Must(t, err)
	for _, f := range found {
		if f.Severity == "error" {
			t.Error(lineOf(f))
		}
	}
	n := 0
	for _, r := range l.Recipients {
		for _, m := range r.Measures {
			if m.CompleteWithinH == 26 {
				n++
			}
		}
	}
	if n != 2 {
		t.Errorf("%d measures have 26 hours, want the two rows", n)
	}
}

// Cells of the kind that strict workbooks have hold days and times as ISO 8601 writes them.
func TestISOCells(t *testing.T) {
	for _, c := range []struct{ cell, value, read string }{
		{"B3", "2016-10-01T00:00:00Z", "2016-10-01"}, {"B3", "2016-10-01T00:00:00.000Z", "2016-10-01"},
		{"B3", "2016-10-01", "2016-10-01"},
		{"B3", "2016-10-01T08:30:00", "2016-10-01"}, {"B3", "2016-09-30T16:00:00Z", "list.date"},
		{"B3", "1900-01-04", "list.cell_hidden"},
		{"B3", "2016-13-01", "list.cell_hidden"}, {"B3", "T04:00:00", "list.cell_time"}} {
		book := inSheet(t, func(xml string) string {
			at := strings.Index(xml, `<c r="B3"`)
			end := at + strings.Index(xml[at:], "</c>")
			return xml[:at] + `<c r="B3" t="d"><v>` + c.value + `</v>` + xml[end:]
		})
		l, found, err := listtest.Read(book)
		listtest.Must(t, err)
		rule := ""
		for _, f := range found {
			if f.Severity == "error" && f.Column == "生效日期" {
				rule += f.Rule
			}
		}
		if got := l.EffectiveFrom; rule != c.read && (rule != "" || got != c.read) {
			t.Errorf("%s is read as %q and refused by %q, want %s", c.value, got, rule, c.read)
		}
	}
}

func FuzzNumberFormat(f *testing.F) {
	for _, c := range formats {
		f.Add(c.format, c.number)
	}
	f.Fuzz(func(t *testing.T, code string, number float64) {
		book := listtest.Seed()
		data := book.Bytes(t)
		format := strings.Map(func(r rune) rune {
			if r < ' ' || r == 0xfffe || r == 0xffff {
				return -1
			}
			return r
		}, strings.ToValidUTF8(code, ""))
		if format == "" || len(format) > 200 {
			t.Skip()
		}
		l, found, err := listtest.Read(reopened(t, data, func(t *testing.T, f *excelize.File) {
			id, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
			if err != nil {
				t.Skip()
			}
			listtest.Must(t, f.SetCellFloat(lines, "E2", number, -1, 64))
			listtest.Must(t, f.SetCellStyle(lines, "E2", "E2", id))
		}))
		if err != nil || l == nil {
			t.Fatalf("%q: %v", format, err)
		}
		for _, f := range found {
			listtest.Worded(t, f)
		}
	})
}
