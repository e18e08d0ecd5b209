package rules_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// of are the findings of a rule.
func of(found []reductionlist.Finding, rule string) []reductionlist.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f reductionlist.Finding) bool { return f.Rule != rule })
}

// again appends rows of a sheet as they stand, and returns the number of the last.
func again(s listtest.Sheets, sheet string, row, times int) int {
	for range times {
		s[sheet] = append(s[sheet], slices.Clone(s[sheet][row-1]))
	}
	return len(s[sheet])
}

// What several rows have in common is one finding: it stands where the second of them does, or the first where none of
// them is right, and names all.
func TestRowsWithOneFaultAreOneFinding(t *testing.T) {
	const meter = "XQ-NEW-1"
	added := func(sheet, column string, times int) string { // row 2 once more, behind the others
		rows := ""
		for i := range times {
			rows += fmt.Sprint(" ", len(listtest.Seed()[sheet])+1+i)
		}
		return sheet + " 2" + rows + " " + column
	}
	for name, c := range map[string]struct {
		spoil  func(t *testing.T, s listtest.Sheets)
		rule   string
		places string // sheet, rows
		own    string // empty: the second of them
	}{
		"recipients": {func(_ *testing.T, s listtest.Sheets) { again(s, recipients, 2, 3) }, "list.duplicate",
			added(recipients, "编号", 3), ""},
		"lines": {func(_ *testing.T, s listtest.Sheets) { again(s, lines, 2, 2) }, "list.duplicate",
			added(lines, "编号", 2), ""},
		"measures": {func(_ *testing.T, s listtest.Sheets) { again(s, measures, 2, 2) }, "list.duplicate",
			added(measures, "措施编号", 2), ""},
		"pits": {func(_ *testing.T, s listtest.Sheets) { again(s, pits, 2, 2) }, "list.duplicate",
			added(pits, "对象编号", 2), ""},
		"units on the same days": {func(t *testing.T, s listtest.Sheets) {
			s[units] = append(s[units][:1:1], s[units][1], slices.Clone(s[units][1]), slices.Clone(s[units][1]))
		}, "list.period_overlap", "机组 2 3 4 自", ""},
		"a meter of three lines": {func(t *testing.T, s listtest.Sheets) {
			for row := 2; row <= 4; row++ {
				s.Set(t, lines, row, "分表编号", meter)
			}
		}, "list.meter_twice", "生产线 2 3 4 分表编号", ""},
		"a station of three plants": {func(t *testing.T, s listtest.Sheets) {
			for row := 3; row <= 5; row++ {
				s.Set(t, recipients, row, "监测站点MN", "120111E00990000000000001")
			}
		}, "list.code_twice", "减排对象 3 4 5 监测站点MN", ""},
		"an unknown owner": {func(t *testing.T, s listtest.Sheets) {
			for row := 2; row <= 4; row++ {
				s.Set(t, measures, row, "对象编号", "E9999")
			}
		}, "list.unknown_recipient", "减排措施 2 3 4 对象编号", "减排措施 2 对象编号"},
		"an unknown town": {func(t *testing.T, s listtest.Sheets) {
			for row := 3; row <= 5; row++ {
				s.Set(t, recipients, row, "街镇", "杨柳青")
			}
		}, "list.unknown_town", "减排对象 3 4 5 街镇", "减排对象 3 街镇"},
	} {
		t.Run(name, func(t *testing.T) {
			s := listtest.Seed()
			c.spoil(t, s)
			_, all := s.Read(t)
			found := slices.DeleteFunc(of(all, c.rule), func(f reductionlist.Finding) bool { return f.Places == nil })
			if len(found) != 1 {
				t.Fatalf("%d findings: %+v", len(found), found)
			}
			f := found[0]
			words := strings.Fields(c.places)
			var want []string
			for _, row := range words[1 : len(words)-1] {
				want = append(want, words[0]+" "+row+" "+words[len(words)-1])
			}
			var got []string
			for _, at := range f.Places {
				got = append(got, fmt.Sprint(at.Sheet, " ", at.Row, " ", at.Column))
			}
			if !slices.Equal(got, want) || fmt.Sprint(f.Sheet, " ", f.Row, " ", f.Column) != cmp.Or(c.own, want[1]) {
				t.Errorf("at %s %d %s: %q, want %q", f.Sheet, f.Row, f.Column, got, want)
			}
			rows := strings.Join(words[1:len(words)-1], "、")
			if !strings.HasSuffix(f.Message, fmt.Sprintf("共 %d 处：%s第 %s 行。", len(want), words[0], rows)) {
				t.Errorf("the message is %s", f.Message)
			}
			kept, err := reductionlist.DecodeFindings(reductionlist.EncodeFindings(found))
			listtest.Must(t, err)
			if a, b := mustJSON(t, found), mustJSON(t, kept); a != b {
				t.Errorf("found %s, kept %s", a, b)
			}
			listtest.Worded(t, f)
		})
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	listtest.Must(t, err)
	return string(data)
}

// One finding names a thousand rows, and counts them all.
func TestPlacesAreBounded(t *testing.T) {
	s := listtest.Seed()
	again(s, lines, 2, 3000)
	_, all := s.Read(t)
	found := of(all, "list.duplicate")
	if len(found) != 1 || len(found[0].Places) != 1000 || !strings.Contains(found[0].Message, "共 3001 处") ||
		len(found[0].Message) > 400 {
		t.Errorf("%d findings, %s", len(found), found[0].Message)
	}
}

// A finding shows what stands in its cell, as far as that may be kept: contacts and what may be a name are not shown.
func TestValueOfAFinding(t *testing.T) {
	long := strings.Repeat("长", 101)
	for _, c := range []struct {
		sheet         string
		row           int
		column, typed string
		rule, value   string
	}{
		{measures, 2, "动作", "减产", "list.enum", "减产"},
		{measures, 2, "级别", "黄色/橙色预警", "list.enum", "黄色/橙色预警"},
		{measures, 2, "监测方式", "在线监测、用电", "list.enum", "在线监测、用电"},
		{measures, 2, "数值", "≥30", "list.number", "≥30"},
		{measures, 2, "数值", "", "list.no_quantity", ""},
		{measures, 2, "生产线或设备", "9#机组", "list.unknown_line", "9#机组"},
		{measures, 2, "措施内容", "尽量少开机，\n减少60吨", "list.vague", "尽量少开机，↵减少60吨"},
		{measures, 2, "完成时限(小时)", "73", "list.deadline_long", "73"},
		{measures, 2, "责任人", "值长\u0085甲", "list.control", "值长⟦U+0085⟧甲"},
		{measures, 2, "责任人", "张三", "list.person_named", ""},
		{measures, 2, "责任人", "值长13812345678", "list.phone_in_record", ""},
		{recipients, 4, "经度", "13812345678", "list.number_range", "1**********"},
		{recipients, 4, "名称", long, "list.name_long", strings.Repeat("长", 80) + "…"},
		{recipients, 4, "联系人", long, "list.name_long", ""},
		{recipients, 4, "联系人", "李\u0085四", "list.control", ""},
		{recipients, 4, "手机", "1380000", "list.phone", ""},
		{recipients, 4, "备用手机", "27390000", "list.phone", ""},
		{recipients, 4, "备注", "厂长王五13812345678", "list.phone_in_record", ""},
		{lines, 2, "对象编号", "E9999", "list.unknown_recipient", "E9999"},
		{lines, 3, "编号", "U5", "list.duplicate", "U5"},
		{units, 2, "自", "去年", "list.date", "去年"},
		{pits, 2, "最低(吨)", "-1", "list.number_range", "-1"},
		{head, 3, "", "西青", "list.region", "西青"},
	} {
		s := listtest.Seed()
		if c.sheet == head {
			headValue("区域代码", c.typed)(t, s)
		} else {
			s.Set(t, c.sheet, c.row, c.column, c.typed)
		}
		_, all := s.Read(t)
		found := of(all, c.rule)
		if len(found) != 1 || found[0].Value != c.value {
			t.Errorf("%s %s %q: %+v, want %q", c.sheet, c.column, c.typed, found, c.value)
		}
		for _, f := range found {
			data := string(reductionlist.EncodeFindings([]reductionlist.Finding{f})) + f.Message
			for _, personal := range []string{"张三", "李四", "李⟦", "王五", "1380000", "27390000", "13812345678"} {
				if strings.Contains(data, personal) && c.column != "责任人" {
					t.Errorf("%s %s: kept as %s", c.column, c.typed, data)
				}
			}
			if c.column == "联系人" && strings.Contains(data, "长长") {
				t.Errorf("%s: kept as %s", c.column, data)
			}
			listtest.Worded(t, f)
		}
	}
}
