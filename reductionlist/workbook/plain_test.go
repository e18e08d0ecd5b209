package workbook_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// plainForm is a cell as people write it, and what is read.
type plainForm struct {
	sheet, header, cell string
	read                any
}

var plainForms = []plainForm{
	{recipients, "手机", "022-27391234", "022-27391234"}, {recipients, "手机", "02227391234", "022-27391234"},
	{recipients, "手机", "(022)27391234", "022-27391234"},
	{recipients, "手机", "0317-2739123", "0317-2739123"}, {recipients, "手机", "+86-22-27391234", "022-27391234"},
	{recipients, "手机", "022-27391234-801", "022-27391234-801"},
	{recipients, "手机", "022-27391234转801", "022-27391234-801"},
	{recipients, "手机", "138 1234 5678", "13812345678"}, {recipients, "手机", "138-1234-5678", "13812345678"},
	{recipients, "手机", "+8613812345678", "13812345678"},
	{recipients, "手机", "+86 138 1234 5678", "13812345678"}, {recipients, "手机", "008613812345678", "13812345678"},
	{recipients, "手机", "１３８１２３４５６７８", "13812345678"},
	{recipients, "手机", "13812345678/022-27391234", "13812345678、022-27391234"},
	{recipients, "手机", "13812345678、13912345678", "13812345678、13912345678"},
	{recipients, "手机", "13812345678 13912345678", "13812345678、13912345678"},
	{recipients, "手机", "13812345678\n13912345678", "13812345678、13912345678"},
	{recipients, "手机", "13812345678；13912345678；", "13812345678、13912345678"},
	{recipients, "手机", "138 1234 5678，139 1234 5678", "13812345678、13912345678"},
	{recipients, "手机", "27391234", "list.phone"}, {recipients, "手机", "13812345678、1391234567", "list.phone"},
	{recipients, "手机", "张三13812345678", "list.phone"},
	{recipients, "手机", "2013812345678", "list.phone"},
	{recipients, "统一社会信用代码", "91120111qk0000003n", "91120111QK0000003N"},
	{recipients, "统一社会信用代码", "91120111 qk0000003n", "91120111QK0000003N"},
	{recipients, "绩效分级", "A级", reductionlist.GradeA}, {recipients, "绩效分级", "Ｃ级", reductionlist.GradeC},
	{recipients, "绩效分级", "B-级", reductionlist.GradeBMinus},
	{recipients, "绩效分级", "B－", reductionlist.GradeBMinus}, {recipients, "绩效分级", "B—级", reductionlist.GradeBMinus},
	{recipients, "绩效分级", "绩效A级", reductionlist.GradeA},
	{recipients, "绩效分级", "绩效引领性", reductionlist.GradeLeading}, {recipients, "绩效分级", "引领性企业", reductionlist.GradeLeading},
	{recipients, "绩效分级", "绩效非引领性", reductionlist.GradeNonLeading}, {recipients, "绩效分级", "B（含B-）级", "list.enum"},
	{recipients, "绩效分级", "A-级", "list.enum"},
	{recipients, "绩效分级", "级", "list.enum"},
	{measures, "级别", "橙色、红色", "orange red"}, {measures, "级别", "橙色，红色", "orange red"},
	{measures, "级别", "橙色；红色", "orange red"}, {measures, "级别", "橙色 红色", "orange red"},
	{measures, "级别", "橙色\n红色", "orange red"}, {measures, "级别", "橙色/蓝色", "list.enum"},
	{measures, "级别", "橙色和红色", "list.enum"},
	{measures, "数值", "40%", "40 %"}, {measures, "数值", "40％", "40 %"}, {measures, "数值", "40.5 %", "40.5 %"},
	{measures, "数值", "4E1", "40 %"}, {measures, "数值", "４０", "40 %"},
	{measures, "数值", "≥30", "list.number"}, {measures, "数值", "40%以上", "list.number"},
	{measures, "数值", "40t", "list.number"}, {measures, "数值", "1,2", "list.number"},
	{measures, "数值", "1", "list.percent_small"}, {measures, "数值", "0.5", "list.percent_small"},
	{measures, "数值", "0.5%", "list.percent_small"}, {measures, "数值", "1.5", "1.5 %"},
	{measures, "核查材料", "用电曲线;生产日报;领用单", "用电曲线|生产日报|领用单"}, {measures, "核查材料", "用电曲线、生产日报", "用电曲线|生产日报"},
	{measures, "核查材料", "用电曲线\n生产日报\r\n领用单", "用电曲线|生产日报|领用单"}, {measures, "核查材料", "台账（领用、耗用）、用电曲线", "台账（领用、耗用）|用电曲线"},
	{measures, "核查材料", "台账（领用、用电曲线", "台账（领用|用电曲线"},
	{measures, "判定条件", "at_most_fraction_of_baseline 60%", "at_most_fraction_of_baseline 0.6"},
	{measures, "判定条件", "at_most_fraction_of_baseline 33.3 %", "at_most_fraction_of_baseline 0.333"},
	{measures, "判定条件", "at_most_fraction_of_baseline 150%", "list.criterion"},
	{measures, "判定条件", "at_most_fraction_of_baseline 60", "list.criterion"}, {measures, "判定条件", "60%", "list.criterion"},
	{pits, "最低(吨)", "1,200", 1200.0}, {pits, "最低(吨)", "１，２００．５", 1200.5}, {pits, "最高(吨)", "1,200,300.25", 1200300.25},
	{lines, "SO2日排放(吨)", "1.2E-3", 0.0012},
	{lines, "SO2日排放(吨)", "-0.5", "list.number_range"}, {lines, "SO2日排放(吨)", "12,00", "list.number"}, {lines, "SO2日排放(吨)",
		"1,2000", "list.number"}, {lines, "SO2日排放(吨)", "1.2吨", "list.number"}, {lines, "SO2日排放(吨)", "0x10", "list.number"},
	{lines, "安全停产时间(小时)", "4:00", "list.number"},
	{lines, "备注", "电表编号：13812345678", "电表编号：13812345678"},
	{lines, "备注", "表号13812345678，户号 13912345678", "表号13812345678，户号 13912345678"},
	{lines, "备注", "总表编号13812345678、13912345678；分表No.15012345678", "总表编号13812345678、13912345678；分表No.15012345678"},
	{lines, "备注", "电表编号13812345678 13912345678", "list.phone_in_record"},
	{lines, "备注", "电表旁值班电话13812345678", "list.phone_in_record"}, {lines, "备注", "电表编号13812345678，联系13912345678",
		"list.phone_in_record"}, {lines, "备注", "电表编号联系13812345678", "list.phone_in_record"},
	{lines, "编号", "同上", "list.ditto"}, {lines, "对象编号", "〃", "list.ditto"}, {measures, "措施编号", "同上", "list.ditto"},
	{measures, "措施编号", "〃", "list.ditto"},
	{measures, "对象编号", "同上", "list.ditto"}, {recipients, "编号", "同上", "list.ditto"},
}

func (c plainForm) value(l *reductionlist.List) any {
	for _, r := range l.Recipients {
		if c.sheet == pits && r.ID == "E0002" {
			return map[string]float64{"最低(吨)": r.Pit.MinT, "最高(吨)": r.Pit.MaxT}[c.header]
		}
		if r.ID != "E0003" || c.sheet == pits {
			continue
		}
		line := &r.Lines[0]
		m := &r.Measures[slices.IndexFunc(r.Measures,
			func(m reductionlist.Measure) bool { return m.Action == reductionlist.Limit && m.ID == "M1" })]
		switch c.header {
		case "手机":
			return r.Contact.Phone
		case "统一社会信用代码":
			return r.USCC
		case "绩效分级":
			return r.Grade
		case "级别":
			return strings.Trim(fmt.Sprint(m.Levels), "[]")
		case "数值":
			return fmt.Sprint(m.Quantity.Value, " ", m.Quantity.Unit)
		case "核查材料":
			return strings.Join(m.Evidence, "|")
		case "判定条件":
			return m.Monitors[0].Criterion.String()
		case "备注":
			return line.Note
		case "SO2日排放(吨)":
			return line.Emission.SO2
		}
	}
	return nil
}

// What people write plainly is read; what would have to be guessed is one error, where it stands.
func TestPlainFormsAreRead(t *testing.T) {
	for _, c := range plainForms {
		t.Run(c.header+" "+c.cell, func(t *testing.T) {
			t.Parallel()
			s := listtest.Seed()
			at := formatted{sheet: c.sheet}.at(s)
			if c.header == "级别" { // its row for the higher levels stands below
				for i, row := range s[measures] {
					if row[0] == "E0003" && row[1] == s[measures][at-1][1] && i != at-1 {
						s[measures] = slices.Delete(s[measures], i, i+1)
						break
					}
				}
			}
			s.Set(t, c.sheet, at, c.header, c.cell)
			l, found := s.Read(t)
			var wrong []string
			for _, f := range found {
				// other rows, and words that are of the number before
				if f.Severity == "error" && f.Rule != "list.level_weaker" && f.Rule != "list.unknown_recipient" &&
					f.Column != "措施内容" {
					wrong = append(wrong, fmt.Sprint(f.Sheet, f.Row, f.Column, " ", f.Rule))
					listtest.Worded(t, f)
				}
			}
			rule, _ := c.read.(string)
			if !strings.HasPrefix(rule, "list.") {
				if got := c.value(l); got != c.read || len(wrong) > 0 {
					t.Errorf("read as %v, want %v; found %q", got, c.read, wrong)
				}
			} else if want := fmt.Sprint(c.sheet, at, c.header, " ", rule); !slices.Equal(wrong, []string{want}) {
				t.Errorf("found %q, want %s", wrong, want)
			}
		})
	}
}

// Several ways of monitoring have an entry each, however they are parted.
func TestEntriesOfMonitoring(t *testing.T) {
	for _, parted := range []string{"；", ";", "\n", "、"} {
		s := listtest.Seed()
		at := formatted{sheet: measures}.at(s)
		for header, cell := range map[string]string{"监测方式": "用电、CEMS",
			"监测标识": strings.Join([]string{"XQ-E0003-1", "120111E00030000000000001"}, parted),
			"监测因子": parted + "a21002", "判定条件": strings.Join([]string{"at_most_fraction_of_baseline 0.8",
				"hour_mass_at_most 30 kg/h"}, parted)} {
			s.Set(t, measures, at, header, cell)
		}
		l, found := s.Read(t)
		if reductionlist.HasErrors(found) {
			t.Errorf("parted by %q: %+v", parted, found)
			continue
		}
		for _, r := range l.Recipients {
			if r.ID == "E0003" {
				if ms := r.Measures[0].Monitors; len(ms) != 2 || ms[0].Ref != "XQ-E0003-1" || ms[1].Factor != "a21002" ||
					ms[1].Criterion.String() != "hour_mass_at_most 30 kg/h" {
					t.Errorf("parted by %q: %+v", parted, ms)
				}
			}
		}
	}
}

// The workbooks of ../shared/data/list have one cell each that is easily misread.
func TestWorkbooksOfOthers(t *testing.T) {
	dir := filepath.Join("..", "..", "..", "shared", "data", "list")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no ../shared/data/list here")
	}
	read := func(name string) (*reductionlist.List, []reductionlist.Finding, error) {
		data, err := os.ReadFile(filepath.Join(dir, name))
		listtest.Must(t, err)
		return listtest.Read(data)
	}
	measure := func(l *reductionlist.List) *reductionlist.Measure { return &l.Recipients[0].Measures[0] }
	for name, right := range map[string]func(l *reductionlist.List) bool{
		"11_strict_datetime.xlsx": func(l *reductionlist.List) bool { return l.EffectiveFrom == "2016-10-01" },
		"40_date_text_0.xlsx":     func(l *reductionlist.List) bool { return l.EffectiveFrom == "2026-10-01" },
		"16_time_cell_due.xlsx":   func(l *reductionlist.List) bool { return measure(l).CompleteWithinH == 4 },
		"50_percent_100.xlsx": func(l *reductionlist.List) bool {
			return slices.ContainsFunc(l.Recipients[0].Measures,
				func(m reductionlist.Measure) bool { return m.Quantity != nil && m.Quantity.Value == 100 })
		},
		"51_evidence_semicolon.xlsx": func(l *reductionlist.List) bool { return len(measure(l).Evidence) == 3 },
		"52_evidence_newline.xlsx":   func(l *reductionlist.List) bool { return len(measure(l).Evidence) == 3 },
	} {
		l, found, err := read(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !right(l) {
			t.Errorf("%s is misread: %+v", name, l.Recipients[0].Measures)
		}
		for _, f := range found {
			// 100 % at yellow, 40 % at orange, and words of 20 %
			if f.Severity == "error" && !(strings.HasPrefix(name, "50") &&
				(f.Rule == "list.level_weaker" || f.Column == "措施内容")) {
				t.Errorf("%s: %s", name, lineOf(f))
			}
		}
	}
}
