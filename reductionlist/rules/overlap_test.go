package rules_test

import (
	"bytes"
	"slices"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
)

// Each row gives two rows of one unit, in rows 2 and 3, their days.
func TestPeriodsOfOneUnit(t *testing.T) {
	for _, sheet := range []string{units, furnaces} {
		for _, c := range []struct {
			name                   string
			from1, to1, from2, to2 string
			rule                   string // of the second row; empty: nothing is wrong
		}{
			{"one after the other", "2016-01-01", "2016-06-30", "2016-07-01", "", ""},
			{"the later first", "2016-07-01", "", "", "2016-06-30", ""},
			{"one day in common", "2016-01-01", "2016-07-01", "2016-07-01", "", "list.period_overlap"},
			{"within", "2016-01-01", "", "2016-03-01", "2016-03-02", "list.period_overlap"},
			{"around", "2016-03-01", "2016-03-02", "", "", "list.period_overlap"},
			{"both always", "", "", "", "", "list.period_overlap"},
			{"twice the same", "2016-01-01", "2016-06-30", "2016-01-01", "2016-06-30", "list.period_overlap"},
			{"a day that is none", "2016-01-01", "", "去年", "", "list.date"},
			{"upside down", "2016-01-01", "", "2016-07-01", "2016-06-30", "list.dates_reversed"},
		} {
			t.Run(sheet+" "+c.name, func(t *testing.T) {
				s := listtest.Seed()
				s[sheet] = [][]string{s[sheet][0], slices.Clone(s[sheet][1]), slices.Clone(s[sheet][1])}
				for column, days := range map[string][2]string{"自": {c.from1, c.from2}, "至": {c.to1, c.to2}} {
					s.Set(t, sheet, 2, column, days[0])
					s.Set(t, sheet, 3, column, days[1])
				}
				_, found := s.Read(t)
				var got []reductionlist.Finding
				for _, f := range found {
					if f.Severity == "error" {
						got = append(got, f)
					}
				}
				if c.rule == "" && len(got) == 0 {
					return
				}
				if len(got) != 1 || got[0].Rule != c.rule || got[0].Sheet != sheet || got[0].Row != 3 ||
					c.rule == "list.period_overlap" && (got[0].Column != "自" || got[0].Args["first"] != 2) {
					t.Errorf("%+v, want %s", got, c.rule)
				}
			})
		}
	}
}

// Two rows with one key are found at the second, which names the first, wherever that stands.
func TestTwoRowsWithOneKey(t *testing.T) {
	for _, c := range []struct{ sheet, column string }{{recipients, "编号"}, {lines, "编号"}, {measures, "措施编号"},
		{pits, "对象编号"}} {
		s := listtest.Seed()
		s[c.sheet] = append(s[c.sheet], slices.Clone(s[c.sheet][1]))
		_, found := s.Read(t)
		wantDuplicate(t, found, c.sheet, len(s[c.sheet]), c.column)
	}
	s := listtest.Seed()
	s["减排措施2"] = [][]string{s[measures][0], slices.Clone(s[measures][1])}
	_, found := s.Read(t)
	wantDuplicate(t, found, "减排措施2", 2, "措施编号")
}

// A level in common is enough to be the same measure.
func TestMeasuresOfOneIDShareNoLevel(t *testing.T) {
	for levels, same := range map[string]bool{"橙色/红色": false, "黄色": true, "红色/黄色": true} {
		s := listtest.Seed()
		twin := slices.Clone(s[measures][1])
		s[measures] = append(s[measures][:2:2], append([][]string{twin}, s[measures][2:]...)...)
		s.Set(t, measures, 2, "措施编号", "MX")
		s.Set(t, measures, 3, "措施编号", "MX")
		s.Set(t, measures, 2, "级别", "管控要求/黄色")
		s.Set(t, measures, 3, "级别", levels)
		_, found := s.Read(t)
		if same {
			wantDuplicate(t, found, measures, 3, "措施编号")
		} else if reductionlist.HasErrors(found) {
			t.Errorf("%s: %+v", levels, found)
		}
	}
}

// wantDuplicate wants one error: the row's key is that of row 2 of 减排措施 or of the same sheet.
func wantDuplicate(t *testing.T, found []reductionlist.Finding, sheet string, row int, column string) {
	t.Helper()
	first := sheet
	if sheet == "减排措施2" {
		first = measures
	}
	n := 0
	for _, f := range found {
		if f.Severity != "error" {
			continue
		}
		n++
		if f.Rule != "list.duplicate" || f.Sheet != sheet || f.Row != row || f.Column != column || f.Args["first"] != 2 ||
			f.Args["sheet"] != first {
			t.Errorf("%+v, want a duplicate at %s %d %s", f, sheet, row, column)
		}
	}
	if n != 1 {
		t.Errorf("%d errors for a row of %s that is there twice: %+v", n, sheet, found)
	}
}

func TestMaskPhones(t *testing.T) {
	const hidden = "1**********"
	for text, want := range map[string]string{
		"13812345678": hidden, "找13812345678、13912345678": "找" + hidden + "、" + hidden, "+86 138-1234-5678": hidden,
		"8613812345678":   hidden,
		"1.3812345678E10": hidden, "120111138123456780": "120111138123456780", "2016-12-16": "2016-12-16",
		"10000012345": "10000012345", "": "",
	} {
		if got := reductionlist.MaskPhones(text); got != want {
			t.Errorf("MaskPhones(%q) = %q, want %q", text, got, want)
		}
	}
}

// A number that slipped into another column is not shown in what is found there, and findings survive being kept.
func TestFindingsAreKeptWithoutNumbers(t *testing.T) {
	s := listtest.Seed()
	s.Set(t, recipients, 4, "经度", "13812345678")
	s.Set(t, recipients, 4, "管控类别", "张三 138 1234 5678")
	s.Set(t, recipients, 5, "手机", "138123456789")
	s.Set(t, measures, 2, "数值", "1000000")
	s.Set(t, measures, 2, "单位", "%")
	_, found := s.Read(t)
	data := reductionlist.EncodeFindings(found)
	kept, err := reductionlist.DecodeFindings(data)
	listtest.Must(t, err)
	if len(kept) != len(found) {
		t.Fatalf("%d findings kept of %d", len(kept), len(found))
	}
	for i := range found {
		for _, lang := range []string{"zh-CN", "en"} {
			a, b := found[i].In(lang), kept[i].In(lang)
			a.Args, b.Args = nil, nil
			if a.Message != b.Message || a.Remedy != b.Remedy || a.Rule != b.Rule || a.Row != b.Row || a.Sheet != b.Sheet ||
				a.Column != b.Column || a.Severity != b.Severity {
				t.Errorf("found %+v, kept %+v", a, b)
			}
		}
	}
	for _, number := range []string{"13812345678", "138 1234 5678", "138123456789"} {
		if bytes.Contains(data, []byte(number)) {
			t.Errorf("kept findings hold %s: %s", number, data)
		}
	}
}
