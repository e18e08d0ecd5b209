package reductionlist_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/seeds"
)

// sheets is a workbook as text, which a test can spoil in one place.
type sheets map[string][][]string

// kept are the recipients of the embedded list that the tests work on: the two plants, an enterprise, a site, a
// fleet, a department and a town.
var kept = []string{"E0001", "E0002", "E0003", "E0014", "E0018", "D01", "T120111101"}

// seedSheets is a small part of the list that comes with the program, with every sheet. Rows stand in the order of
// kept, so E0001 is in row 2.
func seedSheets(t testing.TB) sheets {
	t.Helper()
	s := sheets{}
	for name, rows := range readSeed() {
		for _, row := range rows {
			s[name] = append(s[name], slices.Clone(row))
		}
	}
	return s
}

var readSeed = sync.OnceValue(func() sheets {
	f, err := excelize.OpenReader(bytes.NewReader(seeds.Workbook()))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	s := sheets{}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name, excelize.Options{RawCellValue: true})
		if err != nil {
			panic(err)
		}
		width := 0
		for _, r := range rows {
			width = max(width, len(r))
		}
		for i, r := range rows {
			rows[i] = append(r, make([]string, width-len(r))...)
		}
		if name != head {
			rows = slices.DeleteFunc(rows, func(r []string) bool { return !slices.Contains(kept, r[0]) && !strings.HasSuffix(r[0], "编号") })
			slices.SortStableFunc(rows, func(a, b []string) int { return cmp.Compare(slices.Index(kept, a[0]), slices.Index(kept, b[0])) })
		}
		s[name] = rows
	}
	return s
})

func (s sheets) column(t testing.TB, sheet, header string) int {
	t.Helper()
	i := slices.Index(s[sheet][0], header)
	if i < 0 {
		t.Fatalf("no column %s in %s", header, sheet)
	}
	return i
}

// set changes a cell; row counts as the spreadsheet program does.
func (s sheets) set(t testing.TB, sheet string, row int, header, value string) {
	t.Helper()
	s[sheet][row-1][s.column(t, sheet, header)] = value
}

func (s sheets) bytes(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for name, rows := range s {
		_, err := f.NewSheet(name)
		must(t, err)
		for i, row := range rows {
			for j, v := range row {
				ref, err := excelize.CoordinatesToCellName(j+1, i+1)
				must(t, err)
				must(t, f.SetCellStr(name, ref, v))
			}
		}
	}
	must(t, f.DeleteSheet("Sheet1"))
	var buf bytes.Buffer
	must(t, f.Write(&buf))
	return buf.Bytes()
}

func (s sheets) read(t testing.TB) (*reductionlist.List, []reductionlist.Finding) {
	t.Helper()
	l, found, err := reductionlist.ReadWorkbookBytes(s.bytes(t))
	must(t, err)
	return l, found
}

const (
	head, recipients, lines, measures = "基本情况", "减排对象", "生产线", "减排措施"
	units, furnaces, pits             = "机组", "焚烧炉", "垃圾池"
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
	{recipients, 4, "备用手机", "022-27390000", "list.phone", "error"},
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
	{measures, 2, "级别", "黄色、橙色", "list.enum", "error"},
	{measures, 2, "级别", "黄色/黄色", "list.word_twice", "error"},
	{measures, 2, "级别", "", "list.required", "error"},
	{measures, 2, "动作", "减产", "list.enum", "error"},
	{measures, 2, "措施内容", "", "list.required", "error"},
	{measures, 2, "措施内容", "适当降低负荷", "list.vague", "error"},
	{measures, 2, "措施内容", "尽量少开机", "list.vague", "error"},
	{measures, 2, "措施内容", "加强管理", "list.vague", "error"},
	{measures, 2, "措施内容", "视情况停炉", "list.vague", "error"},
	{measures, 2, "措施内容", "停炉，联系13812345678", "list.phone_in_record", "error"},
	{measures, 2, "数值", "", "list.no_quantity", "error"},
	{measures, 2, "数值", "三百", "list.number", "error"},
	{measures, 2, "单位", "", "list.no_unit", "error"},
	{measures, 2, "完成时限(小时)", "", "list.required", "error"},
	{measures, 2, "完成时限(小时)", "立即", "list.number", "error"},
	{measures, 2, "责任人", "", "list.required", "error"},
	{measures, 2, "责任人", "张三", "list.not_a_post", "warning"},
	{measures, 2, "责任人", "值长13812345678", "list.phone_in_record", "error"},
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
	{units, 3, "名称", "5#", "list.duplicate", "error"},
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
			s := seedSheets(t)
			if c.column == "数值含义" {
				s.ensure(measures, "数值含义")
			}
			s.set(t, c.sheet, c.row, c.column, c.value)
			column := c.column
			switch c.rule {
			case "list.range_reversed": // is told at the maximum
				column = s[c.sheet][0][slices.IndexFunc(s[c.sheet][0], func(h string) bool {
					return strings.HasPrefix(h, "最大") || strings.HasPrefix(h, "最高")
				})]
			case "list.half_position":
				column = "经度"
			}
			_, found := s.read(t)
			if !has(found, c, column) {
				t.Errorf("not found among %+v", found)
			}
			for _, f := range found {
				worded(t, f)
			}
		})
	}
}

// worded checks that a finding has words for what is wrong and for what to do, in both languages.
func worded(t *testing.T, f reductionlist.Finding) {
	t.Helper()
	for _, lang := range []string{"zh-CN", "en"} {
		g := f.In(lang)
		if !refusal.Known(f.Rule) || !refusal.Known(f.Rule+".remedy") || strings.ContainsAny(g.Message+g.Remedy, "{}") {
			t.Errorf("%s in %s: %q, %q", f.Rule, lang, g.Message, g.Remedy)
		}
	}
}

func (s sheets) ensure(sheet, header string) {
	if slices.Contains(s[sheet][0], header) {
		return
	}
	for i := range s[sheet] {
		s[sheet][i] = append(s[sheet][i], "")
	}
	s[sheet][0][len(s[sheet][0])-1] = header
}

// One pass finds everything that is wrong, not only the first.
func TestAllFindingsAtOnce(t *testing.T) {
	s := seedSheets(t)
	s.ensure(measures, "数值含义")
	picked := []spoiled{spoils[4], spoils[14], spoils[21], spoils[50]}
	picked[0].row, picked[3].row = 7, 12
	for _, c := range picked {
		s.set(t, c.sheet, c.row, c.column, c.value)
	}
	_, found := s.read(t)
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
		s := seedSheets(t)
		delete(s, sheet)
		_, found := s.read(t)
		if !has(found, spoiled{sheet: sheet, rule: "list.no_sheet", severity: "error"}, "") {
			t.Errorf("missing sheet %s: %+v", sheet, found[:min(3, len(found))])
		}
	}
	for _, sheet := range []string{recipients, lines, measures, units, furnaces, pits} {
		for i, header := range seedSheets(t)[sheet][0] {
			if header == "备注" || header == "数值含义" {
				continue
			}
			s := seedSheets(t)
			s[sheet][0][i] = header + "X"
			_, found := s.read(t)
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
	row := func(s sheets, key string) int {
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
		s := seedSheets(t)
		i := row(s, c.key)
		s[head][i][1] = c.value
		_, found := s.read(t)
		if !has(found, spoiled{sheet: head, row: i + 1, rule: c.rule, severity: "error"}, c.column) {
			t.Errorf("%s=%q: %+v", c.key, c.value, found)
		}
	}
	for key, rule := range map[string]string{"失效日期": "list.no_key", "污染物": "list.no_table", "NOx": "list.no_pollutant"} {
		s := seedSheets(t)
		i := row(s, key)
		s[head] = slices.Delete(s[head], i, i+1)
		_, found := s.read(t)
		if !slices.ContainsFunc(found, func(f reductionlist.Finding) bool { return f.Sheet == head && f.Row == 0 && f.Rule == rule }) {
			t.Errorf("without %s: %+v", key, found)
		}
	}
}

func TestDatesAndNumbersAsASpreadsheetStoresThem(t *testing.T) {
	for cell, want := range map[string]string{"2016-10-01": "2016-10-01", "2016/10/1": "2016-10-01", "42644": "2016-10-01"} {
		s := seedSheets(t)
		s[head][2][1] = cell
		if l, _ := s.read(t); l.EffectiveFrom != want {
			t.Errorf("生效日期 %q is read as %q, want %q", cell, l.EffectiveFrom, want)
		}
	}
	s := seedSheets(t)
	s.set(t, recipients, 4, "手机", "1.3812345678E10")
	l, _ := s.read(t)
	r, err := l.Find(s[recipients][3][s.column(t, recipients, "编号")])
	must(t, err)
	if r.Contact.Phone != "13812345678" {
		t.Errorf("a number typed as a number is read as %q", r.Contact.Phone)
	}
}

func TestBottomLineIsAFindingAboutTheWholeList(t *testing.T) {
	s := seedSheets(t)
	i := slices.IndexFunc(s[head], func(r []string) bool { return r[0] == "PM" })
	s[head][i][1] = "1000"
	_, found := s.read(t)
	n := 0
	for _, f := range found {
		if f.Rule == "list.bottom_line" && f.Sheet == head && f.Row == 0 && f.Severity == "warning" && f.Args["pollutant"] == "PM" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d findings for PM, want one for each of yellow, orange and red", n)
	}
}

func TestUnknownSheetsAreReportedAndUnknownColumnsKept(t *testing.T) {
	s := seedSheets(t)
	s["说明"] = [][]string{{"随便写写"}}
	s.ensure(recipients, "年用电量")
	s.set(t, recipients, 2, "年用电量", "1200万千瓦时")
	l, found := s.read(t)
	if !has(found, spoiled{sheet: "说明", rule: "list.unknown_sheet", severity: "warning"}, "") {
		t.Errorf("%+v", found)
	}
	var buf bytes.Buffer
	must(t, l.WriteWorkbook(&buf))
	again, _, err := reductionlist.ReadWorkbookBytes(buf.Bytes())
	must(t, err)
	id := s[recipients][1][s.column(t, recipients, "编号")]
	r, err := again.Find(id)
	must(t, err)
	if r.Extra["年用电量"] != "1200万千瓦时" {
		t.Errorf("extra columns after a round trip: %v", r.Extra)
	}
}

func TestMeasuresMayGoOnInFurtherSheets(t *testing.T) {
	want, _ := seedSheets(t).read(t)
	s := seedSheets(t)
	rows := s[measures]
	s[measures], s["减排措施2"] = rows[:10], append([][]string{rows[0]}, rows[10:]...)
	action := &s["减排措施2"][5][s.column(t, measures, "动作")]
	good := *action
	*action = "减产"
	l, found := s.read(t)
	if !has(found, spoiled{"减排措施2", 6, "动作", "", "list.enum", "error"}, "动作") {
		t.Errorf("%+v", found)
	}
	*action = good
	if l, _ = s.read(t); l.Hash() != want.Hash() {
		t.Error("the same measures on two sheets give another hash")
	}
}

func TestOrderOfRowsAndColumnsMeansNothing(t *testing.T) {
	want, _ := seedSheets(t).read(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := seedSheets(t)
		rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
		for name, rows := range s {
			if name == head {
				continue
			}
			rnd.Shuffle(len(rows)-1, func(i, j int) { rows[i+1], rows[j+1] = rows[j+1], rows[i+1] })
			order := rnd.Perm(len(rows[0]))
			for i, row := range rows {
				moved := make([]string, len(row))
				for to, from := range order {
					moved[to] = " " + row[from] + "\u00a0"
				}
				rows[i] = moved
			}
		}
		got, _ := s.read(t)
		if got.Hash() != want.Hash() {
			rt.Fatal("another hash")
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		if !bytes.Equal(a, b) {
			rt.Fatal("another list under the same hash")
		}
	})
}

// Any one cell that is changed to another good value changes the hash; contacts do not.
func TestHashSeesEveryColumnButContacts(t *testing.T) {
	base, _ := seedSheets(t).read(t)
	contacts := []string{"联系人", "手机", "备用联系人", "备用手机"}
	for _, sheet := range []string{recipients, lines, measures, units, furnaces, pits} {
		for i, header := range seedSheets(t)[sheet][0] {
			s := seedSheets(t)
			row := s[sheet][len(s[sheet])-1]
			old, tried := row[i], false
			for _, v := range []string{old + "1", "改", "1", "2", "2019-01-01", "红色", "其他", "不适用", "小微涉气", "工业企业", "是", "用电", "stopped", "不少于", "91120111QK0000003" + "X", "13812345678", "80", "30", "T120111106", "E0001"} {
				if row[i] = v; v == old {
					continue
				}
				l, found := s.read(t)
				if slices.ContainsFunc(found, func(f reductionlist.Finding) bool {
					return f.Severity == "error" && f.Sheet == sheet && f.Row == len(s[sheet])
				}) {
					continue
				}
				if same := l.Hash() == base.Hash(); same != slices.Contains(contacts, header) {
					t.Errorf("%s %s from %q to %q: same hash is %v", sheet, header, old, v, same)
				}
				tried = true
				break
			}
			if !tried {
				t.Errorf("%s %s: none of the values is good", sheet, header)
			}
		}
	}
}

// drawList makes any list: every kind of row, every vocabulary, odd text and numbers.
func drawList(t *rapid.T) *reductionlist.List {
	text := rapid.StringMatching(`[甲乙丙丁A-Z0-9<>&"'=+@/-]{1,8}`)
	amount := rapid.Custom(func(t *rapid.T) float64 { return float64(rapid.IntRange(0, 8000).Draw(t, "n")) / 8 })
	amounts := func() reductionlist.Amounts {
		return reductionlist.Amounts{SO2: amount.Draw(t, "so2"), NOx: amount.Draw(t, "nox"), PM: amount.Draw(t, "pm"), VOCs: amount.Draw(t, "vocs")}
	}
	notes := func() reductionlist.Notes {
		n := reductionlist.Notes{}
		if rapid.Bool().Draw(t, "noted") {
			n = reductionlist.Notes{Note: text.Draw(t, "note"), Extra: map[string]string{"另" + rapid.SampledFrom([]string{"一", "二"}).Draw(t, "column"): text.Draw(t, "extra")}}
		}
		return n
	}
	l := &reductionlist.List{Name: text.Draw(t, "name"), Region: "120111", EffectiveFrom: "2016-10-01", EffectiveTo: rapid.SampledFrom([]string{"", "2017-09-30"}).Draw(t, "to"),
		CompiledBy: text.Draw(t, "by"), Emission: amounts()}
	for i := range rapid.IntRange(1, 6).Draw(t, "recipients") {
		r := &reductionlist.Recipient{ID: fmt.Sprintf("E%d", i*7%6), Name: text.Draw(t, "name"), Notes: notes(),
			Type:     rapid.SampledFrom([]reductionlist.Type{reductionlist.Enterprise, reductionlist.Site, reductionlist.Fleet, reductionlist.Department, reductionlist.Town}).Draw(t, "type"),
			Grade:    rapid.SampledFrom([]reductionlist.Grade{"A", "B", "B-", "C", "D", "leading", "non_leading", "not_applicable"}).Draw(t, "grade"),
			Category: rapid.SampledFrom([]reductionlist.Category{"general", "safeguard", "micro", "closed", "voluntary"}).Draw(t, "category"),
			Contact:  &reductionlist.Contact{Name: text.Draw(t, "contact"), Phone: "13812345678"}}
		for j := range rapid.IntRange(0, 2).Draw(t, "lines") {
			r.Lines = append(r.Lines, reductionlist.Line{ID: fmt.Sprint("L", j), Name: text.Draw(t, "line"), Emission: amounts(), SafeStopH: float64(j), Idle: j == 1, Notes: notes()})
		}
		for j := range rapid.IntRange(0, 3).Draw(t, "measures") {
			r.Measures = append(r.Measures, drawMeasure(t, fmt.Sprint("M", j), text, notes(), amounts()))
		}
		if rapid.Bool().Draw(t, "unit") {
			r.Units = append(r.Units, reductionlist.Unit{Name: "5#", To: "2024-12-31", MinMW: 1, MaxMW: 2 + amount.Draw(t, "mw"), Coal: reductionlist.CoalCurve{PerMW2: 0.00005}, Notes: notes()})
			r.Furnaces = append(r.Furnaces, reductionlist.Furnace{Name: "1#", From: "2020-01-01", MaxTH: 31.25, StartEmission: reductionlist.Gases{NOx: amount.Draw(t, "nox")}, Notes: notes()})
			r.Pit = &reductionlist.Pit{MaxT: 1 + amount.Draw(t, "pit"), Notes: notes()}
		}
		l.Recipients = append(l.Recipients, r)
	}
	return l
}

func drawMeasure(t *rapid.T, id string, text *rapid.Generator[string], notes reductionlist.Notes, amounts reductionlist.Amounts) reductionlist.Measure {
	m := reductionlist.Measure{ID: id, Text: text.Draw(t, "text"), Unit: text.Draw(t, "unit"), Responsible: "生产部经理" + id, CompleteWithinH: 4, Reduction: amounts, Notes: notes,
		Levels:   rapid.SliceOfNDistinct(rapid.SampledFrom(alerts.Levels()), 1, 4, rapid.ID).Draw(t, "levels"),
		Evidence: rapid.SliceOfN(rapid.SampledFrom([]string{"台账", "曲线"}), 1, 3).Draw(t, "evidence")}
	m.Action = rapid.SampledFrom([]reductionlist.Action{"stop", "limit", "reduce_coal", "allocate_waste", "switch_fuel", "improve_treatment", "stop_vehicles", "stop_work", "clean_roads", "other"}).Draw(t, "action")
	kind, value, unit := reductionlist.AtMost, float64(rapid.IntRange(1, 100).Draw(t, "value")), "t/d"
	switch m.Action {
	case reductionlist.Limit:
		kind, unit = reductionlist.ReduceBy, "%"
	case reductionlist.ReduceCoal:
		kind = reductionlist.ReduceBy
	case reductionlist.AllocateWaste:
	default:
		kind = rapid.SampledFrom([]reductionlist.QuantityKind{reductionlist.AtMost, reductionlist.ReduceBy, reductionlist.AtLeast}).Draw(t, "kind")
	}
	m.Quantity = &reductionlist.Quantity{Kind: kind, Value: value, Unit: unit}
	for _, s := range rapid.SliceOfNDistinct(rapid.SampledFrom([]reductionlist.Source{"cems", "power", "dcs", "video", "gate", "weighing"}), 1, 4, rapid.ID).Draw(t, "sources") {
		mon := reductionlist.Monitor{Source: s, Ref: rapid.SampledFrom([]string{"", "MN1", "MN/2"}).Draw(t, "ref"), Factor: rapid.SampledFrom([]string{"", "a21002"}).Draw(t, "factor")}
		if s != reductionlist.Video {
			text := rapid.SampledFrom([]string{"stopped", "hour_mass_at_most 30 kg/h", "at_most_fraction_of_baseline 0.25", "no_vehicle_below 国五"}).Draw(t, "criterion")
			mon.Criterion, _ = reductionlist.ParseCriterion(text)
		}
		m.Monitors = append(m.Monitors, mon)
	}
	return m
}

func TestAnyListSurvivesTheWorkbook(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := drawList(rt)
		var buf bytes.Buffer
		must(t, l.WriteWorkbook(&buf))
		got, found, err := reductionlist.ReadWorkbookBytes(buf.Bytes())
		must(t, err)
		for _, f := range found {
			if f.Severity == "error" {
				rt.Fatalf("%+v", f)
			}
		}
		a, _ := json.MarshalIndent(l, "", " ")
		b, _ := json.MarshalIndent(got, "", " ")
		if !bytes.Equal(a, b) {
			rt.Fatalf("written\n%s\nread\n%s", a, b)
		}
		for i, r := range l.Recipients {
			if *r.Contact != *got.Recipients[i].Contact {
				rt.Fatalf("contact %+v, read %+v", r.Contact, got.Recipients[i].Contact)
			}
		}
	})
}

func TestOneEntryServesEverySourceButVideo(t *testing.T) {
	s := seedSheets(t)
	for column, v := range map[string]string{"监测方式": "CEMS/视频/用电", "监测标识": "MN1", "监测因子": "a21002", "判定条件": "stopped"} {
		s.set(t, measures, 2, column, v)
	}
	l, found := s.read(t)
	owner, id := s[measures][1][s.column(t, measures, "对象编号")], s[measures][1][s.column(t, measures, "措施编号")]
	r, err := l.Find(owner)
	must(t, err)
	m := r.Measures[slices.IndexFunc(r.Measures, func(m reductionlist.Measure) bool { return m.ID == id })]
	stopped := reductionlist.Criterion{Kind: reductionlist.Stopped}
	want := []reductionlist.Monitor{{Source: "cems", Ref: "MN1", Factor: "a21002", Criterion: stopped}, {Source: "video"},
		{Source: "power", Ref: "MN1", Factor: "a21002", Criterion: stopped}}
	if !slices.Equal(m.Monitors, want) || reductionlist.HasErrors(found) {
		t.Errorf("monitors %+v, want %+v", m.Monitors, want)
	}
}

func TestWhatIsNoWorkbookIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("对象编号,名称\n"), "half a workbook": seeds.Workbook()[:20000], "a zip of something else": emptyZip} {
		_, _, err := reductionlist.ReadWorkbookBytes(data)
		if refusal.CodeOf(err) != refusal.UnsupportedMedia {
			t.Errorf("%s: %v", name, err)
		}
	}
}

var emptyZip = []byte("PK\x05\x06" + strings.Repeat("\x00", 18))

func FuzzReadWorkbook(f *testing.F) {
	f.Add(seeds.Workbook())
	f.Add(emptyZip)
	f.Fuzz(func(t *testing.T, data []byte) {
		l, _, err := reductionlist.ReadWorkbookBytes(data)
		if err == nil && l == nil {
			t.Error("neither a list nor an error")
		}
	})
}

// FuzzCell puts any text into any cell of a good workbook: it is read or found wrong, and what is read is written
// and read again as the same list.
func FuzzCell(f *testing.F) {
	for i, v := range []string{"", "=1+1", "1e3", "2016-10-01", "红色/橙色", "；；", "\u00a0", "0x10", "-0", strconv.Itoa(1 << 40)} {
		f.Add(uint8(i), uint16(i*7), uint8(i*3), v)
	}
	names := []string{recipients, lines, measures, units, furnaces, pits}
	f.Fuzz(func(t *testing.T, sheet uint8, row uint16, column uint8, value string) {
		s := seedSheets(t)
		rows := s[names[int(sheet)%len(names)]]
		cells := rows[int(row)%len(rows)]
		if len(value) > 1000 || strings.ToValidUTF8(value, "") != value || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0xfffe }) {
			return // no spreadsheet can hold it
		}
		cells[int(column)%len(cells)] = value
		l, found := s.read(t)
		if reductionlist.HasErrors(found) {
			return
		}
		var buf bytes.Buffer
		must(t, l.WriteWorkbook(&buf))
		again, found, err := reductionlist.ReadWorkbookBytes(buf.Bytes())
		must(t, err)
		if reductionlist.HasErrors(found) || again.Hash() != l.Hash() {
			t.Errorf("%q is not the same after a round trip: %+v", value, found)
		}
	})
}
