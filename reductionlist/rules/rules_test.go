package rules_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
)

// rowAt is the number of the row that begins with the first of the cells and holds the others.
func rowAt(t testing.TB, s listtest.Sheets, sheet string, cells ...string) int {
	t.Helper()
	for i, row := range s[sheet] {
		if row[0] == cells[0] && !slices.ContainsFunc(cells[1:], func(c string) bool { return !slices.Contains(row, c) }) {
			return i + 1
		}
	}
	t.Fatalf("no row %v in %s", cells, sheet)
	return 0
}

// cellAt is a cell by what stands in its row.
type cellAt struct {
	sheet  string
	row    []string
	column string
}

func on(sheet, column string, row ...string) cellAt { return cellAt{sheet, row, column} }

func mm(column string, row ...string) cellAt { return on(measures, column, row...) }
func ro(column string, row ...string) cellAt { return on(recipients, column, row...) }

// damage is one defect of the embedded list, and where exactly it is found.
type damage struct {
	rule  string
	set   [][2]any // cellAt and its value
	do    func(t testing.TB, s listtest.Sheets)
	file  func(t testing.TB, f *excelize.File)
	wants []cellAt // by rows as they were before; a row of nothing is row 0
	rows  []int    // where the rows are known by number
}

func set(c cellAt, value string) [][2]any { return [][2]any{{c, value}} }

func sets(pairs ...any) [][2]any {
	var all [][2]any
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, [2]any{pairs[i], pairs[i+1]})
	}
	return all
}

// headRow takes a row of 基本情况 out, or sets its value.
func without(key string) func(testing.TB, listtest.Sheets) {
	return func(t testing.TB, s listtest.Sheets) {
		i := rowAt(t, s, head, key) - 1
		s[head] = slices.Delete(s[head], i, i+1)
	}
}

func headValue(key, value string) func(testing.TB, listtest.Sheets) {
	return func(t testing.TB, s listtest.Sheets) { s[head][rowAt(t, s, head, key)-1][1] = value }
}

// shownAs puts a number with a number format into a cell.
func shownAs(sheet, cell string, v float64, format string) func(testing.TB, *excelize.File) {
	return func(t testing.TB, f *excelize.File) {
		style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
		listtest.Must(t, err)
		listtest.Must(t, f.SetCellFloat(sheet, cell, v, -1, 64))
		listtest.Must(t, f.SetCellStyle(sheet, cell, cell, style))
	}
}

var (
	m05  = []string{"E0001", "M05", "黄色"}
	m09  = []string{"E0001", "M09"}
	cut  = []string{"E0003", "M1", "黄色"}
	cuts = []string{"E0003", "M1", "橙色/红色"}
)

// someone finds an enterprise of the embedded list by two cells of its row.
func someone(t testing.TB, s listtest.Sheets, grade, category string) string {
	t.Helper()
	g, c := s.Column(t, recipients, "绩效分级"), s.Column(t, recipients, "管控类别")
	for _, row := range s[recipients][1:] {
		if row[g] == grade && row[c] == category && strings.HasPrefix(row[0], "E") {
			return row[0]
		}
	}
	t.Fatalf("nobody is %s %s", grade, category)
	return ""
}

func stopped(t testing.TB) string  { return someone(t, listtest.Embedded(), "D", "一般") }
func limited(t testing.TB) string  { return someone(t, listtest.Embedded(), "C", "一般") }
func smallest(t testing.TB) string { return someone(t, listtest.Embedded(), "C", "小微涉气") }

func damages(t testing.TB) []damage {
	return slices.Concat(unreadable(), broken(), marked(t), coded(t), standing(t), summed())
}

// unreadable are what keeps a sheet, a row or a cell from being read as it should.
func unreadable() []damage {
	return []damage{
		{rule: "list.no_sheet", do: func(_ testing.TB, s listtest.Sheets) { delete(s, measures) },
			wants: []cellAt{on(measures, "")}},
		{rule: "list.empty_sheet", do: func(_ testing.TB, s listtest.Sheets) { s[pits] = nil },
			wants: []cellAt{on(pits, "")}},
		{rule: "list.unknown_sheet", do: func(_ testing.TB, s listtest.Sheets) { s["说明"] = [][]string{{"随便"}} },
			wants: []cellAt{on("说明", "")}},
		{rule: "list.no_header", do: func(_ testing.TB, s listtest.Sheets) { s[pits] = [][]string{{"随便", "写写"}} },
			wants: []cellAt{on(pits, "")}},
		{rule: "list.header_again", do: func(_ testing.TB, s listtest.Sheets) { s[pits] = append(s[pits], s[pits][0]) },
			wants: []cellAt{on(pits, "")}, rows: []int{3}},
		{rule: "list.no_column", do: func(t testing.TB, s listtest.Sheets) { s.Set(t, pits, 1, "期末最高(吨)", "末") },
			wants: []cellAt{on(pits, "期末最高(吨)", "对象编号")}},
		{rule: "list.column_twice", do: func(_ testing.TB, s listtest.Sheets) {
			for i := range s[pits] {
				s[pits][i] = append(s[pits][i], "")
			}
			s[pits][0][len(s[pits][0])-1] = "备注"
		}, wants: []cellAt{on(pits, "备注", "对象编号")}},
		{rule: "list.stray_row", do: func(_ testing.TB, s listtest.Sheets) {
			row := make([]string, len(s[pits][0]))
			row[0] = "注：以上各数按设计值"
			s[pits] = append(s[pits], row)
		}, wants: []cellAt{on(pits, "对象编号")}, rows: []int{3}},
		{rule: "list.hidden_sheet", file: func(t testing.TB, f *excelize.File) {
			i, err := f.GetSheetIndex(head)
			listtest.Must(t, err)
			f.SetActiveSheet(i)
			listtest.Must(t, f.SetSheetVisible(pits, false))
		}, wants: []cellAt{on(pits, "")}},
		{rule: "list.hidden_row", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetRowVisible(furnaces, 3, false))
		}, wants: []cellAt{on(furnaces, "")}, rows: []int{3}},
		{rule: "list.hidden_column", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetColVisible(pits, "D", false))
		}, wants: []cellAt{on(pits, "期末最高(吨)")}, rows: []int{1}},
		{rule: "list.unnamed_column", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetCellStr(pits, "K2", "12"))
		}, wants: []cellAt{on(pits, "")}, rows: []int{2}},
		{rule: "list.merged_cells", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetCellValue(furnaces, "A3", nil))
			listtest.Must(t, f.SetCellValue(furnaces, "A4", nil))
			listtest.Must(t, f.MergeCell(furnaces, "A2", "A4"))
		}, wants: []cellAt{on(furnaces, "对象编号")}, rows: []int{2}},
		{rule: "list.formula", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetCellDefault(pits, "B2", "2000"))
			listtest.Must(t, f.SetCellFormula(pits, "B2", "1000*2"))
		}, wants: []cellAt{on(pits, "最低(吨)")}, rows: []int{2}},
		{rule: "list.formula_empty", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetCellValue(pits, "B2", nil))
			listtest.Must(t, f.SetCellFormula(pits, "B2", "1000*2"))
		}, wants: []cellAt{on(pits, "最低(吨)")}, rows: []int{2}},
		{rule: "list.cell_date", file: shownAs(pits, "B2", 46143, "yyyy-m-d"), wants: []cellAt{on(pits, "最低(吨)")},
			rows: []int{2}},
		{rule: "list.cell_time", file: shownAs(pits, "B2", 0.25, "h:mm"), wants: []cellAt{on(pits, "最低(吨)")}, rows: []int{2}},
		{rule: "list.cell_hidden", file: shownAs(pits, "B2", 2000, "0,"), wants: []cellAt{on(pits, "最低(吨)")}, rows: []int{2}},
		{rule: "list.cell_unit", file: shownAs(pits, "B2", 2000, `0"千克"`), wants: []cellAt{on(pits, "最低(吨)")},
			rows: []int{2}},
		{rule: "list.ditto", set: set(mm("措施编号", "D06", "M1", "红色"), "同上")},
		{rule: "list.too_wide", file: func(t testing.TB, f *excelize.File) {
			listtest.Must(t, f.SetCellStr(pits, "XFD2", "？"))
		}, wants: []cellAt{on(pits, "")}, rows: []int{2}},
		{rule: "list.cell_error", set: set(on(pits, "最低(吨)", "E0002"), errorValue)},
		{rule: "list.code_scientific", set: set(on(lines, "分表编号", "E0003"), "1.2E+20")},
		{rule: "list.uscc_scientific", set: set(ro("统一社会信用代码", "E0003"), "9.1120111E+17")},
		{rule: "list.code_short", set: set(ro("行业代码", "E0003"), "211")},
		{rule: "list.no_key", do: without("失效日期"), wants: []cellAt{on(head, "失效日期")}},
		{rule: "list.no_table", do: without("污染物"), wants: []cellAt{on(head, "全社会日排放量(吨/日)")}},
		{rule: "list.no_pollutant", do: without("SO2"), wants: []cellAt{on(head, "全社会日排放量(吨/日)")}},
		{rule: "list.no_name", do: headValue("失效日期", ""), set: nil, wants: []cellAt{on(head, "", "失效日期")}},
	}
}

// broken are cells and rows that contradict the form or themselves.
func broken() []damage {
	return []damage{
		{rule: "list.required", set: set(mm("责任人", m05...), "")},
		{rule: "list.enum", set: set(mm("动作", m05...), "减产")},
		{rule: "list.word_twice", set: set(mm("级别", m05...), "黄色/黄色")},
		{rule: "list.number", set: set(on(lines, "SO2日排放(吨)", "E0001", "U5"), "约0.3")},
		{rule: "list.number_range", set: set(ro("经度", "E0003"), "39.1")},
		{rule: "list.date", set: set(on(units, "自", "E0001", "5#"), "去年")},
		{rule: "list.dates_reversed", set: sets(on(units, "至", "E0001", "5#"), "2016-01-01", on(units, "自", "E0001", "5#"),
			"2016-06-01")},
		{rule: "list.range_reversed", set: set(on(units, "最小负荷(MW)", "E0001", "5#"), "400"),
			wants: []cellAt{on(units, "最大负荷(MW)", "E0001", "5#")}},
		{rule: "list.region", do: headValue("区域代码", "西青"), wants: []cellAt{on(head, "区域代码", "区域代码")}},
		{rule: "list.id_form", set: set(mm("措施编号", "D07", "M1"), "M 1")},
		{rule: "list.control", set: set(mm("责任人", m05...), "值长\u0085")},
		{rule: "list.id_reserved", do: func(_ testing.TB, s listtest.Sheets) {
			for name, rows := range s {
				for i, row := range rows {
					if name != head && row[0] == "D07" {
						s[name][i][0] = "Inspector"
					}
				}
			}
		}, wants: []cellAt{ro("编号", "D07")}},
		{rule: "list.duplicate", set: set(mm("措施编号", "E0003", "M2"), "M1")},
		{rule: "list.period_overlap", set: set(on(units, "名称", "E0001", "6#"), "5#"),
			wants: []cellAt{on(units, "自", "E0001", "6#")}},
		{rule: "list.unknown_recipient", set: set(on(pits, "对象编号", "E0002"), "E9999")},
		{rule: "list.empty", do: func(_ testing.TB, s listtest.Sheets) {
			for name := range s {
				if name != head {
					s[name] = s[name][:1]
				}
			}
		}, wants: []cellAt{on(head, "")}},
		{rule: "list.phone", set: set(ro("手机", "E0003"), "1380000")},
		{rule: "list.phone_in_record", set: set(ro("地址", "E0003"), "大寺路1号，13812345678")},
		{rule: "list.no_phone", set: set(ro("手机", "E0003"), "")},
		{rule: "list.quantity_kind", do: func(t testing.TB, s listtest.Sheets) {
			s.Ensure(measures, "数值含义")
			s.Set(t, measures, rowAt(t, s, measures, m05...), "数值含义", "不超过")
		}, wants: []cellAt{mm("数值含义", m05...)}},
		{rule: "list.pairing", set: set(mm("监测标识", m05...), "a；b；c")},
	}
}

// marked are what takes a mark from a measure.
func marked(t testing.TB) []damage {
	return []damage{
		{rule: "list.vague", set: set(mm("措施内容", m05...), "尽量少开机，日耗煤量减少150吨")},
		{rule: "list.vague", set: set(mm("生产线或设备", "D06", "M1", "红色"), "适当路段")},
		{rule: "list.no_text", set: set(mm("措施内容", m05...), "同上")},
		{rule: "list.text_quantity", set: set(mm("措施内容", m05...), "5#机组减少日耗煤量")},
		{rule: "list.text_quantity", set: set(mm("数值", m05...), "97"), wants: []cellAt{mm("措施内容", m05...)}},
		{rule: "list.no_quantity", set: set(mm("数值", m05...), "")},
		{rule: "list.no_quantity", set: set(mm("数值", "D01", "M1", "管控要求"), "")},
		{rule: "list.no_unit", set: set(mm("单位", m05...), "")},
		{rule: "list.percent_unit", set: set(mm("单位", "E"+limited(t)[1:], "M1", "黄色"), "t/d")},
		{rule: "list.percent_small", set: set(mm("数值", "E"+limited(t)[1:], "M1", "黄色"), "0.3")},
		{rule: "list.quantity_unit", set: set(mm("单位", m05...), "万元")},
		{rule: "list.no_device", set: set(mm("生产线或设备", m05...), "")},
		{rule: "list.unknown_line", set: set(mm("生产线或设备", m05...), "9#机组")},
		{rule: "list.no_deadline", set: set(mm("完成时限(小时)", m09...), "0")},
		{rule: "list.unsafe_stop", set: set(mm("完成时限(小时)", stopped(t), "M1", "停产"), "1")},
		{rule: "list.deadline_long", set: set(mm("完成时限(小时)", m05...), "73")},
		{rule: "list.person_named", set: set(mm("责任人", m05...), "张三")},
		{rule: "list.not_a_post", set: set(mm("责任人", m05...), "保卫")},
		{rule: "list.no_monitor", set: set(mm("监测方式", m09...), "")},
		{rule: "list.no_ref", set: set(mm("监测标识", m09...), "")},
		{rule: "list.unknown_channel", set: set(mm("监测标识", cut...), "XQ-E0003-9")},
		{rule: "list.unknown_channel", set: set(mm("监测标识", m09...), "120111E00010000000000009")},
		{rule: "list.other_meter", set: sets(mm("监测标识", m05...), "XQ-E0001-6", mm("监测方式", m05...), "用电", mm("监测因子", m05...),
			"", mm("判定条件", m05...), "at_most_fraction_of_baseline 0.9")},
		{rule: "list.no_factor", set: set(mm("监测因子", m09...), "")},
		{rule: "list.factor", set: set(mm("监测因子", m09...), "NOx")},
		{rule: "list.no_criterion", set: set(mm("判定条件", m09...), "")},
		{rule: "list.criterion", set: set(mm("判定条件", m09...), "不超过30")},
		{rule: "list.criterion_source", set: set(mm("判定条件", m09...), "no_vehicle_below 国五")},
		{rule: "list.criterion_source", set: set(mm("判定条件", "E0001", "M11"), "at_most_fraction_of_baseline 0.5")},
		{rule: "list.criterion_stopped", set: set(mm("判定条件", limited(t), "M1", "黄色"), "stopped")},
		{rule: "list.criterion_factor", set: set(mm("监测因子", m09...), "a01012"), wants: []cellAt{mm("判定条件", m09...)}},
		{rule: "list.criterion_loose", set: set(mm("判定条件", limited(t), "M1", "黄色"), "at_most_fraction_of_baseline 0.9")},
		{rule: "list.no_evidence", set: set(mm("核查材料", m05...), "；")},
		{rule: "list.evidence_unfit", set: set(mm("核查材料", m05...), "相关材料")},
	}
}

// coded are codes, names and places.
func coded(t testing.TB) []damage {
	name := listtest.Embedded()[recipients][rowAt(t, listtest.Embedded(), recipients, "E0003")-1][2]
	return []damage{
		{rule: "list.uscc", set: set(ro("统一社会信用代码", "E0003"), "91120111QK00000300")},
		{rule: "list.no_uscc", set: set(ro("统一社会信用代码", "E0003"), "")},
		{rule: "list.permit", set: set(ro("排污许可证编号", "E0003"), "津环许可20190001")},
		{rule: "list.permit_other", set: set(ro("排污许可证编号", "E0003"), otherUSCC()+"001P")},
		{rule: "list.mn", set: set(ro("监测站点MN", "E0003"), "12011100000001")},
		{rule: "list.code_twice", set: set(ro("监测站点MN", "E0004"), "120111E00030000000000001")},
		{rule: "list.meter_twice", set: set(on(lines, "分表编号", "E0018"), "XQ-E0003-1")},
		{rule: "list.near_name", set: set(ro("名称", "E0004"), strings.Replace(name, "示例", "示范", 1))},
		{rule: "list.near_name", set: set(ro("名称", "E0004"),
			strings.NewReplacer("有限公司", "有限责任公司", "（", " (", "）", ")").Replace(name))},
		{rule: "list.no_industry", set: set(ro("行业代码", "E0003"), "")},
		{rule: "list.industry", set: set(ro("行业代码", "E0003"), "制药")},
		{rule: "list.name_long", set: set(ro("名称", "E0003"), strings.Repeat("长", 101))},
		{rule: "list.half_position", set: set(ro("纬度", "E0003"), ""), wants: []cellAt{ro("经度", "E0003")}},
		{rule: "list.district_box", do: headValue("经纬度范围", "西青区内"), wants: []cellAt{on(head, "经纬度范围", "经纬度范围")}},
		{rule: "list.outside_district", set: set(ro("经度", "E0003"), "117.4")},
		{rule: "list.far_outside", set: set(ro("经度", "E0003"), "118.2")},
		{rule: "list.unknown_town", set: set(ro("街镇", "E0003"), "杨柳青")},
	}
}

// otherUSCC is one that nobody in the list has.
func otherUSCC() string {
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if code := "91120111QK0900009" + string(c); reductionlist.ValidUSCC(code) {
			return code
		}
	}
	return ""
}

// standing are grades and categories that do not go with the measures.
func standing(t testing.TB) []damage {
	small, some := smallest(t), limited(t)
	return []damage{
		{rule: "list.no_measures", do: func(t testing.TB, s listtest.Sheets) {
			s[measures] = slices.DeleteFunc(s[measures], func(r []string) bool { return r[0] == "D07" })
		}, wants: []cellAt{ro("编号", "D07")}},
		{rule: "list.grade_forced", set: set(ro("绩效分级", some), "A"),
			wants: []cellAt{mm("动作", some, "M1", "黄色"), mm("动作", some, "M1", "橙色/红色")}},
		{rule: "list.no_max_load", set: set(ro("最大允许生产负荷", "E0001"), "按需")},
		{rule: "list.safeguard_stop", set: sets(mm("动作", "E0002", "M01", "红色"), "停产", mm("完成时限(小时)", "E0002", "M01", "红色"),
			"24")},
		{rule: "list.micro_forced", set: sets(mm("动作", small, "M1", "橙色/红色"), "限产", mm("生产线或设备", small, "M1", "橙色/红色"), "L1",
			mm("数值", small, "M1", "橙色/红色"), "30", mm("单位", small, "M1", "橙色/红色"), "%", mm("措施内容", small, "M1", "橙色/红色"),
			"负荷降低30%")},
		{rule: "list.micro_emission", set: set(on(lines, "VOCs日排放(吨)", small), "0.5"), wants: []cellAt{ro("管控类别", small)}},
		{rule: "list.closed_measures", set: set(ro("管控类别", "D07"), "长期停产")},
	}
}

// summed are amounts across levels, lines and the whole list.
func summed() []damage {
	return []damage{
		{rule: "list.level_weaker", set: sets(mm("数值", "D06", "M1", "红色"), "1", mm("措施内容", "D06", "M1", "红色"), "每日吸扫1次"),
			wants: []cellAt{mm("数值", "D06", "M1", "红色")}},
		{rule: "list.level_weaker", set: sets(mm("数值", "E0002", "M01", "橙色"), "700", mm("措施内容", "E0002", "M01", "橙色"),
			"日入炉量不超过700吨")},
		{rule: "list.level_reduces_less", set: set(mm("PM日减排(吨)", "T120111101", "M1", "红色"), "0.001")},
		{rule: "list.idle_reduction", set: set(on(lines, "长期停运", "E0003"), "是"),
			wants: []cellAt{mm("级别", cut...), mm("级别", cuts...)}},
		{rule: "list.over_district", set: set(on(lines, "NOx日排放(吨)", "E0003"), "99999")},
		{rule: "list.over_district", set: set(mm("VOCs日减排(吨)", cuts...), "900")},
		{rule: "list.line_exceeds", set: set(mm("VOCs日减排(吨)", cuts...), "0.9")},
		{rule: "list.reduction_exceeds", set: set(mm("SO2日减排(吨)", "E0001", "M10"), "1.4"),
			wants: []cellAt{ro("编号", "E0001")}},
		{rule: "list.bottom_line", do: headValue("PM", "5"), wants: []cellAt{on(head, ""), on(head, ""), on(head, "")}},
	}
}

// elsewhere are rules that take a workbook of their own to break, and the test that does.
var elsewhere = map[string]string{
	"list.too_many":   "more defects than are listed",
	"list.id_account": "TestAnAccountsNameIsNoRecipientsID, which has accounts",
}

func TestEveryRuleFindsItsDefectAndNothingElse(t *testing.T) {
	covered := map[string]bool{}
	for i, d := range damages(t) {
		covered[d.rule] = true
		t.Run(fmt.Sprint(d.rule, "/", i), func(t *testing.T) { d.check(t) })
	}
	for _, r := range rules.Table() {
		if !covered[r.Name] && elsewhere[r.Name] == "" {
			t.Errorf("%s has no case", r.Name)
		}
	}
}

func (d damage) check(t *testing.T) {
	t.Parallel()
	before, s := listtest.Whole(), listtest.Whole()
	wants := slices.Clone(d.wants)
	if wants == nil {
		wants = []cellAt{d.set[0][0].(cellAt)}
	}
	for _, e := range d.set {
		c := e[0].(cellAt)
		s.Set(t, c.sheet, rowAt(t, before, c.sheet, c.row...), c.column, e[1].(string))
	}
	if d.do != nil {
		d.do(t, s)
	}
	if d.rule == "list.no_name" {
		s[head][rowAt(t, s, head, "失效日期")-1] = []string{"", "另行通知"}
	}
	data := s.Bytes(t)
	if d.file != nil {
		data = edited(t, data, d.file)
	}
	if d.rule == "list.cell_error" {
		data = withErrorValue(t, data)
	}
	l, found, err := listtest.Read(data)
	listtest.Must(t, err)
	var got, want []string
	for _, f := range found {
		if d.rule == "list.no_name" && f.Rule == "list.no_key" {
			continue // the row that lost its name
		}
		got = append(got, fmt.Sprint(f.Rule, " ", f.Sheet, " ", f.Row, " ", f.Column))
		listtest.Worded(t, f)
		d.severity(t, f)
	}
	for i, c := range wants {
		row := 0
		switch {
		case d.rows != nil:
			row = d.rows[i]
		case len(c.row) > 0:
			row = rowAt(t, before, c.sheet, c.row...)
		}
		want = append(want, fmt.Sprint(d.rule, " ", c.sheet, " ", row, " ", c.column))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	d.marks(t, l)
}

// severity compares a finding with the table of rules.
func (d damage) severity(t *testing.T, f reductionlist.Finding) {
	t.Helper()
	table := rules.Table()
	i := slices.IndexFunc(table, func(r rules.Rule) bool { return r.Name == f.Rule })
	if i < 0 {
		t.Fatalf("%s is not in the table of rules", f.Rule)
	}
	if r := table[i]; f.Severity != r.Severity && !(r.Eased && f.Severity == reductionlist.SeverityWarning) {
		t.Errorf("%s is %s, the table says %s", f.Rule, f.Severity, r.Severity)
	}
}

// marks: a rule that says so takes just its marks from one measure, unless another channel still shows it.
func (d damage) marks(t *testing.T, l *reductionlist.List) {
	t.Helper()
	table := rules.Table()
	r := table[slices.IndexFunc(table, func(r rules.Rule) bool { return r.Name == d.rule })]
	a := assess(l, rules.DefaultSettings())
	n := a.Score.Measures
	lost := func(mark string, have int) {
		want := n
		if slices.Contains(r.Marks, mark) {
			want--
		}
		if have != want {
			t.Errorf("%d of %d measures are %s, want %d", have, n, mark, want)
		}
	}
	if len(r.Marks) == 0 || d.rule == "list.percent_unit" || d.rule == "list.percent_small" {
		return
	}
	lost(rules.MarkOperable, a.Score.Operable)
	lost(rules.MarkMonitorable, a.Score.Monitorable)
	lost(rules.MarkCheckable, a.Score.Checkable)
	if len(a.Tasks) != 1 || a.Tasks[0].Completes != 1 || a.Tasks[0].Gain != 1/float64(n) {
		t.Errorf("tasks %+v, want the one", a.Tasks)
	}
}

// errorValue stands for a cell that withErrorValue makes one of type error, as a spreadsheet program writes #REF!.
const errorValue = "ERRORVALUE"

var errorCell = regexp.MustCompile(`<c r="([A-Z]+[0-9]+)"[^>]*><is><t>` + errorValue + `</t></is></c>`)

func withErrorValue(t testing.TB, data []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	listtest.Must(t, err)
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, part := range r.File {
		from, err := part.Open()
		listtest.Must(t, err)
		text, err := io.ReadAll(from)
		listtest.Must(t, err)
		to, err := w.Create(part.Name)
		listtest.Must(t, err)
		_, err = to.Write(errorCell.ReplaceAll(text, []byte(`<c r="$1" t="e"><v>#REF!</v></c>`)))
		listtest.Must(t, err)
	}
	listtest.Must(t, w.Close())
	return buf.Bytes()
}

func edited(t testing.TB, data []byte, edit func(testing.TB, *excelize.File)) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	listtest.Must(t, err)
	defer f.Close()
	edit(t, f)
	var buf bytes.Buffer
	listtest.Must(t, f.Write(&buf))
	return buf.Bytes()
}

// The table has every rule once, with a source, and every rule that has a remedy in the catalogue is in the table.
func TestTableOfRules(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range rules.Table() {
		if seen[r.Name] || r.Source == "" || cmp.Or(r.Severity, "?") != reductionlist.SeverityError &&
			r.Severity != reductionlist.SeverityWarning {
			t.Errorf("%+v", r)
		}
		seen[r.Name] = true
	}
	for _, rule := range wordedRules() {
		if !seen[rule] {
			t.Errorf("%s has a remedy and no row in the table", rule)
		}
	}
}

// wordedRules are the rules of the list for which the catalogue has a remedy.
func wordedRules() []string {
	var names []string
	for _, rule := range refusal.Rules() {
		if name, is := strings.CutSuffix(rule, ".remedy"); is && strings.HasPrefix(name, "list.") {
			names = append(names, name)
		}
	}
	return names
}
