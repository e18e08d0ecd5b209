package workbook_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

func TestDatesAndNumbersAsASpreadsheetStoresThem(t *testing.T) {
	for cell, want := range map[string]string{"2016-10-01": "2016-10-01", "2016/10/1": "2016-10-01",
		"42644": "2016-10-01"} {
		s := listtest.Seed()
		s[head][2][1] = cell
		if l, _ := s.Read(t); l.EffectiveFrom != want {
			t.Errorf("生效日期 %q is read as %q, want %q", cell, l.EffectiveFrom, want)
		}
	}
	s := listtest.Seed()
	s.Set(t, recipients, 4, "手机", "1.3812345678E10")
	l, _ := s.Read(t)
	r, err := l.Find(s[recipients][3][s.Column(t, recipients, "编号")])
	listtest.Must(t, err)
	if r.Contact.Phone != "13812345678" {
		t.Errorf("a number typed as a number is read as %q", r.Contact.Phone)
	}
}

func TestBottomLineIsAFindingAboutTheWholeList(t *testing.T) {
	s := listtest.Seed()
	i := slices.IndexFunc(s[head], func(r []string) bool { return r[0] == "PM" })
	s[head][i][1] = "1000"
	_, found := s.Read(t)
	n := 0
	for _, f := range found {
		if f.Rule == "list.bottom_line" && f.Sheet == head && f.Row == 0 && f.Severity == "warning" &&
			f.Args["pollutant"] == "PM" {
			n++
		}
	}
	if n != 3 {
		t.Errorf("%d findings for PM, want one for each of yellow, orange and red", n)
	}
}

func TestUnknownSheetsAreReportedAndUnknownColumnsKept(t *testing.T) {
	s := listtest.Seed()
	s["说明"] = [][]string{{"随便写写"}}
	s.Ensure(recipients, "年用电量")
	s.Set(t, recipients, 2, "年用电量", "1200万千瓦时")
	l, found := s.Read(t)
	if !has(found, spoiled{sheet: "说明", rule: "list.unknown_sheet", severity: "warning"}, "") {
		t.Errorf("%+v", found)
	}
	var buf bytes.Buffer
	listtest.Must(t, workbook.Write(&buf, l))
	again, _, err := listtest.Read(buf.Bytes())
	listtest.Must(t, err)
	id := s[recipients][1][s.Column(t, recipients, "编号")]
	r, err := again.Find(id)
	listtest.Must(t, err)
	if r.Extra["年用电量"] != "1200万千瓦时" {
		t.Errorf("extra columns after a round trip: %v", r.Extra)
	}
}

func TestMeasuresMayGoOnInFurtherSheets(t *testing.T) {
	want, _ := listtest.Seed().Read(t)
	s := listtest.Seed()
	rows := s[measures]
	s[measures], s["减排措施2"] = rows[:10], append([][]string{rows[0]}, rows[10:]...)
	action := &s["减排措施2"][5][s.Column(t, measures, "动作")]
	good := *action
	*action = "减产"
	_, found := s.Read(t)
	if !has(found, spoiled{"减排措施2", 6, "动作", "", "list.enum", "error"}, "动作") {
		t.Errorf("%+v", found)
	}
	*action = good
	if l, _ := s.Read(t); l.Hash() != want.Hash() {
		t.Error("the same measures on two listtest.Sheets give another hash")
	}
}

func TestOrderOfRowsAndColumnsMeansNothing(t *testing.T) {
	want, _ := listtest.Seed().Read(t)
	rapid.Check(t, func(rt *rapid.T) {
		s := listtest.Seed()
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
		got, _ := s.Read(t)
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
	return []string{old + "1", "改", "1", "2019-01-01", "红色", "其他", "C", "小微涉气", "施工工地", "是", "CEMS/用电", "CEMS/称重",
		"stopped",
		"减少", "hour_mass_at_most 9 kg/h；day_total_at_most 9 t", someUSCC(), "13812345678", "117.5", "39.5", "500", "E0002",
		"E0001"}
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
	seed := func() listtest.Sheets { // with a measure whose text holds another amount too
		s := listtest.Seed()
		s.Set(t, measures, 2, "措施内容", "日耗煤量减少60吨，机组检修时500吨")
		return s
	}
	base, _ := seed().Read(t)
	contacts := []string{"联系人", "手机", "备用联系人", "备用手机"}
	for _, sheet := range []string{recipients, lines, measures, units, furnaces, pits} {
		for i, header := range seed()[sheet][0] {
			if header == "数值含义" {
				continue // redundant where the action decides
			}
			s := seed()
			row := s[sheet][1]
			old, tried := row[i], false
			for _, v := range others(old) {
				if row[i] = v; v == old {
					continue
				}
				l, found := s.Read(t)
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
		l := listtest.DrawList(rt)
		var buf bytes.Buffer
		listtest.Must(t, workbook.Write(&buf, l))
		got, found, err := listtest.Read(buf.Bytes())
		listtest.Must(t, err)
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
	s := listtest.Seed()
	for column, v := range map[string]string{"监测方式": "CEMS/视频/用电", "监测标识": "MN1", "监测因子": "a21002", "判定条件": "stopped",
		"动作": "停产", "数值": "0"} {
		s.Set(t, measures, 5, column, v) // at red: nothing above orders less
	}
	l, found := s.Read(t)
	owner, id := s[measures][4][s.Column(t, measures, "对象编号")], s[measures][4][s.Column(t, measures, "措施编号")]
	r, err := l.Find(owner)
	listtest.Must(t, err)
	m := r.Measures[slices.IndexFunc(r.Measures,
		func(m reductionlist.Measure) bool { return m.ID == id && slices.Contains(m.Levels, "red") })]
	stopped := reductionlist.Criterion{Kind: reductionlist.Stopped}
	want := []reductionlist.Monitor{{Source: "cems", Ref: "MN1", Factor: "a21002", Criterion: stopped}, {Source: "video"},
		{Source: "power", Ref: "MN1", Factor: "a21002", Criterion: stopped}}
	if !slices.Equal(m.Monitors, want) || reductionlist.HasErrors(found) {
		t.Errorf("monitors %+v, want %+v", m.Monitors, want)
	}
}

func TestWhatIsNoWorkbookIsRefused(t *testing.T) {
	for name, data := range map[string][]byte{"empty": nil, "text": []byte("对象编号,名称\n"),
		"half a workbook": seeds.Workbook()[:20000], "a zip of something else": emptyZip} {
		_, _, err := listtest.Read(data)
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
		l, found, err := listtest.Read(data)
		wellFormed(t, l, found, err)
	})
}

// FuzzCell puts any text into any cell of a good workbook: it is read or found wrong, and what is read is written
// and read again as the same list.
func FuzzCell(f *testing.F) {
	for i, v := range []string{"", "=1+1", "1e3", "2016-10-01", "红色/橙色", "；；", "\u00a0", "0x10", "-0",
		strconv.Itoa(1 << 40)} {
		f.Add(uint8(i), uint16(i*7), uint8(i*3), v)
	}
	names := []string{recipients, lines, measures, units, furnaces, pits}
	f.Fuzz(func(t *testing.T, sheet uint8, row uint16, column uint8, value string) {
		s := listtest.Seed()
		rows := s[names[int(sheet)%len(names)]]
		cells := rows[int(row)%len(rows)]
		if len(value) > 1000 || strings.ToValidUTF8(value, "") != value ||
			strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r >= 0xfffe }) {
			return // no spreadsheet can hold it
		}
		cells[int(column)%len(cells)] = value
		l, found := s.Read(t)
		if reductionlist.HasErrors(found) {
			return
		}
		var buf bytes.Buffer
		listtest.Must(t, workbook.Write(&buf, l))
		again, found, err := listtest.Read(buf.Bytes())
		listtest.Must(t, err)
		if reductionlist.HasErrors(found) || again.Hash() != l.Hash() {
			t.Errorf("%q is not the same after a round trip: %+v", value, found)
		}
	})
}
