package workbook_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

// spoiled is one change to a good workbook and what must be found of it.
type spoiled struct {
	sheet         string
	row           int
	column, value string
	rule          string
	severity      string
}

var spoils = []spoiled{
	{recipients, 5, "编号", "", "list.required", "error"},
	{recipients, 5, "编号", "E 5", "list.id_form", "error"},
	{recipients, 5, "编号", "企业5", "list.id_form", "error"},
	{recipients, 6, "编号", "E0001", "list.duplicate", "error"},
	{recipients, 5, "编号", "duty", "list.id_reserved", "error"},
	{recipients, 5, "编号", "System", "list.id_reserved", "error"},
	{recipients, 5, "类型", "企业", "list.enum", "error"},
	{recipients, 5, "类型", "", "list.required", "error"},
	{recipients, 5, "名称", "", "list.required", "error"},
	{recipients, 4, "绩效分级", "E", "list.enum", "error"},
	{recipients, 4, "绩效分级", "a", "list.enum", "error"},
	{recipients, 4, "管控类别", "保障", "list.enum", "error"},
	{recipients, 4, "统一社会信用代码", "91120111QK00000300", "list.uscc", "error"},
	{recipients, 4, "统一社会信用代码", "", "list.no_uscc", "warning"},
	{recipients, 4, "行业代码", "", "list.no_industry", "warning"},
	{recipients, 4, "经度", "39.1", "list.number_range", "error"},
	{recipients, 4, "纬度", "北纬39度", "list.number", "error"},
	{recipients, 4, "纬度", "", "list.half_position", "warning"},
	{recipients, 4, "手机", "1380000", "list.phone", "error"},
	{recipients, 4, "备用手机", "27390000", "list.phone", "error"},
	{recipients, 4, "手机", "", "list.no_phone", "warning"},
	{recipients, 4, "街镇", "杨柳青", "list.unknown_town", "warning"},
	{lines, 2, "对象编号", "E9999", "list.unknown_recipient", "error"},
	{lines, 2, "SO2日排放(吨)", "约0.3", "list.number", "error"},
	{lines, 2, "SO2日排放(吨)", "-1", "list.number_range", "error"},
	{lines, 2, "SO2日排放(吨)", "1e999", "list.number", "error"},
	{lines, 2, "SO2日排放(吨)", "NaN", "list.number", "error"},
	{lines, 2, "安全停产时间(小时)", "8小时", "list.number", "error"},
	{lines, 2, "长期停运", "停", "list.enum", "error"},
	{lines, 3, "编号", "U5", "list.duplicate", "error"},
	{measures, 2, "对象编号", "E9999", "list.unknown_recipient", "error"},
	{measures, 2, "措施编号", "", "list.required", "error"},
	{measures, 2, "级别", "蓝色", "list.enum", "error"},
	{measures, 2, "级别", "黄色和橙色", "list.enum", "error"},
	{measures, 2, "级别", "黄色/黄色", "list.word_twice", "error"},
	{measures, 2, "级别", "", "list.required", "error"},
	{measures, 2, "动作", "减产", "list.enum", "error"},
	{measures, 2, "措施内容", "", "list.required", "error"},
	{measures, 2, "措施内容", "适当降低负荷，减少60吨", "list.vague", "warning"},
	{measures, 2, "措施内容", "尽量少开机，减少60吨", "list.vague", "warning"},
	{measures, 2, "措施内容", "加强管理，减少60吨", "list.vague", "warning"},
	{measures, 2, "措施内容", "视情况停炉，减少60吨", "list.vague", "warning"},
	{measures, 2, "措施内容", "减少60吨，联系13812345678", "list.phone_in_record", "error"},
	{measures, 2, "数值", "", "list.no_quantity", "error"},
	{measures, 2, "数值", "三百", "list.number", "error"},
	{measures, 2, "单位", "", "list.no_unit", "error"},
	{measures, 2, "完成时限(小时)", "", "list.required", "error"},
	{measures, 2, "完成时限(小时)", "立即", "list.number", "error"},
	{measures, 2, "责任人", "", "list.required", "error"},
	{measures, 2, "责任人", "张三", "list.person_named", "error"},
	{measures, 2, "责任人", "保卫", "list.not_a_post", "warning"},
	{measures, 2, "责任人", "值长13812345678", "list.phone_in_record", "error"},
	{measures, 2, "生产线或设备", "6#机组（138-1234-5678）", "list.phone_in_record", "error"},
	{measures, 2, "核查材料", "台账；找+86 138 1234 5678", "list.phone_in_record", "error"},
	{recipients, 4, "地址", "大寺路1号，13812345678", "list.phone_in_record", "error"},
	{recipients, 4, "备注", "厂长13812345678", "list.phone_in_record", "error"},
	{measures, 2, "监测方式", "", "list.no_monitor", "error"},
	{measures, 2, "监测方式", "在线监测", "list.enum", "error"},
	{measures, 2, "监测标识", "a；b；c", "list.pairing", "error"},
	{measures, 2, "监测标识", "", "list.no_ref", "warning"},
	{measures, 2, "监测因子", "", "list.no_factor", "warning"},
	{measures, 2, "判定条件", "", "list.no_criterion", "error"},
	{measures, 2, "判定条件", "不超过30", "list.criterion", "error"},
	{measures, 2, "核查材料", "", "list.no_evidence", "error"},
	{measures, 2, "核查材料", " ；", "list.no_evidence", "error"},
	{measures, 2, "SO2日减排(吨)", "十", "list.number", "error"},
	{measures, 2, "数值含义", "大约", "list.enum", "error"},
	{measures, 2, "数值含义", "不超过", "list.quantity_kind", "error"},
	{units, 2, "名称", "", "list.required", "error"},
	{units, 3, "自", "2025-12-31", "list.period_overlap", "error"},
	{units, 4, "名称", "5#", "list.period_overlap", "error"},
	{units, 2, "自", "去年", "list.date", "error"},
	{units, 2, "最小负荷(MW)", "400", "list.range_reversed", "error"},
	{units, 2, "煤耗每MW", "", "list.required", "error"},
	{units, 2, "对象编号", "E9999", "list.unknown_recipient", "error"},
	{furnaces, 2, "最大(吨/小时)", "10", "list.range_reversed", "error"},
	{furnaces, 2, "最小(吨/小时)", "x", "list.number", "error"},
	{pits, 2, "最高(吨)", "1", "list.range_reversed", "error"},
	{pits, 2, "对象编号", "E9999", "list.unknown_recipient", "error"},
}

func has(found []reductionlist.Finding, c spoiled, column string) bool {
	return slices.ContainsFunc(found, func(f reductionlist.Finding) bool {
		return f.Sheet == c.sheet && f.Row == c.row && f.Column == column && f.Rule == c.rule && f.Severity == c.severity
	})
}

func TestFindingsSayWhereAndWhat(t *testing.T) {
	for _, c := range spoils {
		t.Run(fmt.Sprint(c.sheet, c.row, c.column, "=", c.value), func(t *testing.T) {
			s := listtest.Seed()
			if c.column == "数值含义" {
				s.Ensure(measures, "数值含义")
			}
			s.Set(t, c.sheet, c.row, c.column, c.value)
			column := c.column
			switch c.rule {
			case "list.range_reversed": // is told at the maximum
				column = s[c.sheet][0][slices.IndexFunc(s[c.sheet][0], func(h string) bool {
					return strings.HasPrefix(h, "最大") || strings.HasPrefix(h, "最高")
				})]
			case "list.half_position":
				column = "经度"
			case "list.period_overlap":
				column = "自"
			}
			_, found := s.Read(t)
			if !has(found, c, column) {
				t.Errorf("not found among %+v", found)
			}
			for _, f := range found {
				listtest.Worded(t, f)
			}
		})
	}
}

// One pass finds everything that is wrong, not only the first.
func TestAllFindingsAtOnce(t *testing.T) {
	s := listtest.Seed()
	s.Ensure(measures, "数值含义")
	picked := []spoiled{spoils[4], spoils[14], spoils[21], spoils[50]}
	picked[0].row, picked[3].row = 7, 12
	for _, c := range picked {
		s.Set(t, c.sheet, c.row, c.column, c.value)
	}
	_, found := s.Read(t)
	for _, c := range picked {
		if !has(found, c, c.column) {
			t.Errorf("%+v is not among the findings", c)
		}
	}
	if !reductionlist.HasErrors(found) {
		t.Error("HasErrors = false")
	}
}

func TestMissingSheetsAndColumns(t *testing.T) {
	for _, sheet := range []string{head, recipients, measures} {
		s := listtest.Seed()
		delete(s, sheet)
		_, found := s.Read(t)
		if !has(found, spoiled{sheet: sheet, rule: "list.no_sheet", severity: "error"}, "") {
			t.Errorf("missing sheet %s: %+v", sheet, found[:min(3, len(found))])
		}
	}
	for _, sheet := range []string{recipients, lines, measures, units, furnaces, pits} {
		for i, header := range listtest.Seed()[sheet][0] {
			if header == "备注" || header == "数值含义" {
				continue
			}
			s := listtest.Seed()
			s[sheet][0][i] = header + "X"
			_, found := s.Read(t)
			if !has(found, spoiled{sheet: sheet, row: 1, rule: "list.no_column", severity: "error"}, header) {
				t.Errorf("missing column %s of %s is not found", header, sheet)
			}
			for _, f := range found {
				if f.Sheet == sheet && f.Column == header && f.Row != 1 {
					t.Errorf("missing column %s of %s is told again in row %d", header, sheet, f.Row)
				}
			}
		}
	}
}

func TestHeadOfTheList(t *testing.T) {
	row := func(s listtest.Sheets, key string) int {
		return slices.IndexFunc(s[head], func(r []string) bool { return r[0] == key })
	}
	for _, c := range []struct{ key, value, rule, column string }{
		{"清单名称", "", "list.required", "清单名称"},
		{"区域代码", "西青", "list.region", "区域代码"},
		{"生效日期", "明天", "list.date", "生效日期"},
		{"生效日期", "", "list.required", "生效日期"},
		{"失效日期", "2015-01-01", "list.dates_reversed", "失效日期"},
		{"SO2", "很多", "list.number", "全社会日排放量(吨/日)"},
		{"VOCs", "", "list.required", "全社会日排放量(吨/日)"},
	} {
		s := listtest.Seed()
		i := row(s, c.key)
		s[head][i][1] = c.value
		_, found := s.Read(t)
		if !has(found, spoiled{sheet: head, row: i + 1, rule: c.rule, severity: "error"}, c.column) {
			t.Errorf("%s=%q: %+v", c.key, c.value, found)
		}
	}
	for key, rule := range map[string]string{"失效日期": "list.no_key", "污染物": "list.no_table", "NOx": "list.no_pollutant"} {
		s := listtest.Seed()
		i := row(s, key)
		s[head] = slices.Delete(s[head], i, i+1)
		_, found := s.Read(t)
		if !slices.ContainsFunc(found,
			func(f reductionlist.Finding) bool { return f.Sheet == head && f.Row == 0 && f.Rule == rule }) {
			t.Errorf("without %s: %+v", key, found)
		}
	}
}

// The name of an account, in whatever case, is refused as a recipient's id, where it stands.
func TestAnAccountsNameIsNoRecipientsID(t *testing.T) {
	data := seedBook(t)
	set := rules.DefaultSettings()
	set.Account = func(id string) string {
		if strings.EqualFold(id, "e0001") {
			return "e0001"
		}
		return ""
	}
	read, err := workbook.ReadBytes(data)
	listtest.Must(t, err)
	found := rules.Judge(read, set)
	at := slices.IndexFunc(found, func(f reductionlist.Finding) bool { return f.Rule == "list.id_account" })
	if at < 0 || found[at].Sheet != recipients || found[at].Row == 0 || found[at].Column != "编号" ||
		!reductionlist.HasErrors(found) {
		t.Errorf("found %+v", found)
	}
}

// Control characters in what names something are an error, in what a person wrote freely they are left out, and the
// carriage returns of several lines are nobody's fault.
func TestControlCharactersInCells(t *testing.T) {
	rows := listtest.Seed()
	at := func(sheet, column string) *string { return &rows[sheet][1][rows.Column(t, sheet, column)] }
	*at(measures, "措施内容") += "，\u009b31m见附\u0085页\u202e"
	*at(recipients, "名称") += "\u007f"
	*at(recipients, "地址") = "一号\r\n二楼"
	l, found := rows.Read(t)
	var got []string
	for _, f := range found {
		if f.Rule == "list.control" {
			got = append(got, fmt.Sprint(f.Sheet, f.Row, f.Column, f.Severity))
		}
	}
	if want := []string{recipients + "2名称error"}; !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	text, address := "", ""
	for _, r := range l.Recipients {
		if strings.HasSuffix(r.Address, "二楼") {
			address = r.Address
		}
		for _, m := range r.Measures {
			if strings.Contains(m.Text, "见附") {
				text = m.Text
			}
		}
	}
	if !strings.HasSuffix(text, "，31m见附页\u202e") || !strings.HasSuffix(address, "\n二楼") {
		t.Errorf("the text is %q, the address %q", text, address)
	}
}
