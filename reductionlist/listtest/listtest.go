// Package listtest is what the tests of the list have in common: the embedded list as text, to be spoiled in one place,
// and lists that are drawn or made up.
package listtest

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/xuri/excelize/v2"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
	"qingkong/seeds/example"
)

// Must ends the test at an error.
func Must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Read reads a workbook and holds it to the rules, as an import does.
func Read(data []byte) (*reductionlist.List, []reductionlist.Finding, error) {
	return judge(workbook.ReadBytes(data))
}

// ReadCSV is [Read] of one sheet as CSV.
func ReadCSV(data []byte) (*reductionlist.List, []reductionlist.Finding, error) {
	return judge(workbook.ReadCSV(data))
}

func judge(rd *reductionlist.Reading, err error) (*reductionlist.List, []reductionlist.Finding, error) {
	if err != nil {
		return nil, nil, err
	}
	return rd.List, rules.Judge(rd, rules.DefaultSettings()), nil
}

// Sheets is a workbook as text, which a test can spoil in one place.
type Sheets map[string][][]string

// SeedIDs are the recipients of the embedded list that [Seed] has: the two plants, an enterprise, a site, a
// fleet, a department and a town.
var SeedIDs = []string{"E0001", "E0002", "E0003", "E0014", "E0018", "D01", "T120111101"}

// Seed is a small part of the list that comes with the program, with every sheet. E0001 is in row 2.
func Seed() Sheets { return partOf().clone() }

// Whole is the whole list that comes with the program.
func Whole() Sheets { return Embedded().clone() }

func (s Sheets) clone() Sheets {
	c := Sheets{}
	for name, rows := range s {
		for _, row := range rows {
			c[name] = append(c[name], slices.Clone(row))
		}
	}
	return c
}

// Embedded is [Whole], to be looked at only.
var Embedded = sync.OnceValue(func() Sheets {
	f, err := excelize.OpenReader(bytes.NewReader(seeds.Workbook()))
	if err != nil {
		panic(err)
	}
	defer f.Close()
	s := Sheets{}
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
		s[name] = rows
	}
	return s
})

var partOf = sync.OnceValue(func() Sheets {
	s := Whole()
	for name, rows := range s {
		if name == reductionlist.SheetHead {
			continue
		}
		rows = slices.DeleteFunc(rows,
			func(r []string) bool { return !slices.Contains(SeedIDs, r[0]) && !strings.HasSuffix(r[0], "编号") })
		slices.SortStableFunc(rows, func(a, b []string) int {
			return cmp.Compare(slices.Index(SeedIDs, a[0]), slices.Index(SeedIDs, b[0]))
		})
		s[name] = rows
	}
	return s
})

// Column is where a column of a sheet stands.
func (s Sheets) Column(t testing.TB, sheet, header string) int {
	t.Helper()
	i := slices.Index(s[sheet][0], header)
	if i < 0 {
		t.Fatalf("no column %s in %s", header, sheet)
	}
	return i
}

// Set changes a cell; row counts as the spreadsheet program does.
func (s Sheets) Set(t testing.TB, sheet string, row int, header, value string) {
	t.Helper()
	s[sheet][row-1][s.Column(t, sheet, header)] = value
}

// Ensure adds a column where a sheet does not have it.
func (s Sheets) Ensure(sheet, header string) {
	if slices.Contains(s[sheet][0], header) {
		return
	}
	for i := range s[sheet] {
		s[sheet][i] = append(s[sheet][i], "")
	}
	s[sheet][0][len(s[sheet][0])-1] = header
}

// Bytes is the workbook.
func (s Sheets) Bytes(t testing.TB) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	blank := f.GetSheetName(0)
	for name, rows := range s {
		if blank != "" {
			Must(t, f.SetSheetName(blank, name))
			blank = ""
		}
		_, err := f.NewSheet(name) // does nothing for the one that was renamed
		Must(t, err)
		sw, err := f.NewStreamWriter(name)
		Must(t, err)
		for i, row := range rows {
			cells := make([]any, len(row))
			for j, v := range row {
				cells[j] = v
			}
			Must(t, sw.SetRow("A"+strconv.Itoa(i+1), cells))
		}
		Must(t, sw.Flush())
	}
	var buf bytes.Buffer
	Must(t, f.Write(&buf))
	return buf.Bytes()
}

// Read is [Read] of the workbook.
func (s Sheets) Read(t testing.TB) (*reductionlist.List, []reductionlist.Finding) {
	t.Helper()
	l, found, err := Read(s.Bytes(t))
	Must(t, err)
	return l, found
}

// Example is a made-up list of n recipients.
func Example(n int) *reductionlist.List {
	return &reductionlist.List{Name: "示例清单", Region: "120111", EffectiveFrom: "2016-12-16", CompiledBy: "示例",
		Emission: reductionlist.Amounts{SO2: 1, NOx: 2, PM: 3, VOCs: 4}, Recipients: example.Recipients(1, n, example.Places)}
}

// Worded checks that a finding has words for what is wrong and for what to do, in both languages.
func Worded(t testing.TB, f reductionlist.Finding) {
	t.Helper()
	for _, lang := range []string{"zh-CN", "en"} {
		g := f.In(lang)
		if !refusal.Known(f.Rule) || !refusal.Known(f.Rule+".remedy") || strings.ContainsAny(g.Message+g.Remedy, "{}") {
			t.Errorf("%s in %s: %q, %q", f.Rule, lang, g.Message, g.Remedy)
		}
	}
}
