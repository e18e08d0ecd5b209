package reductionlist_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

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
	blank := f.GetSheetName(0)
	for name, rows := range s {
		if blank != "" {
			must(t, f.SetSheetName(blank, name))
			blank = ""
		}
		_, err := f.NewSheet(name) // does nothing for the one that was renamed
		must(t, err)
		sw, err := f.NewStreamWriter(name)
		must(t, err)
		for i, row := range rows {
			cells := make([]any, len(row))
			for j, v := range row {
				cells[j] = v
			}
			must(t, sw.SetRow("A"+strconv.Itoa(i+1), cells))
		}
		must(t, sw.Flush())
	}
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
	_, found := s.read(t)
	if !has(found, spoiled{"减排措施2", 6, "动作", "", "list.enum", "error"}, "动作") {
		t.Errorf("%+v", found)
	}
	*action = good
	if l, _ := s.read(t); l.Hash() != want.Hash() {
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

// others are values of which at least one is good in any column that holds old.
func others(old string) []string {
	return []string{old + "1", "改", "1", "2019-01-01", "红色", "其他", "C", "小微涉气", "施工工地", "是", "CEMS/用电", "CEMS/称重", "stopped",
		"减少", someUSCC(), "13812345678", "117.5", "39.5", "500", "E0002", "E0001"}
}

// someUSCC completes a code with its check character.
func someUSCC() string {
	body := "91120111QK0000009"
	for _, c := range "0123456789ABCDEFGHJKLMNPQRTUWXY" {
		if code := body + string(c); reductionlist.ValidUSCC(code) {
			return code
		}
	}
	return ""
}

// Any one cell that is changed to another good value changes the hash; contacts do not.
func TestHashSeesEveryColumnButContacts(t *testing.T) {
	base, _ := seedSheets(t).read(t)
	contacts := []string{"联系人", "手机", "备用联系人", "备用手机"}
	for _, sheet := range []string{recipients, lines, measures, units, furnaces, pits} {
		for i, header := range seedSheets(t)[sheet][0] {
			if header == "数值含义" {
				continue // redundant where the action decides
			}
			s := seedSheets(t)
			row := s[sheet][1]
			old, tried := row[i], false
			for _, v := range others(old) {
				if row[i] = v; v == old {
					continue
				}
				l, found := s.read(t)
				if slices.ContainsFunc(found, func(f reductionlist.Finding) bool {
					return f.Severity == "error" && f.Sheet == sheet && f.Row == 2
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
		l, found, err := reductionlist.ReadWorkbookBytes(data)
		wellFormed(t, l, found, err)
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
