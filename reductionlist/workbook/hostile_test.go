package workbook_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

// parts writes a zip archive again, each part through change; what it returns nil for is left out.
func parts(t testing.TB, workbook []byte, change func(name string, data []byte) []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	listtest.Must(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		in, err := f.Open()
		listtest.Must(t, err)
		data, err := io.ReadAll(in)
		listtest.Must(t, err)
		if data = change(f.Name, data); data == nil {
			continue
		}
		out, err := w.Create(f.Name)
		listtest.Must(t, err)
		_, err = out.Write(data)
		listtest.Must(t, err)
	}
	listtest.Must(t, w.Close())
	return b.Bytes()
}

// inSheet changes the first sheet's part alone.
func inSheet(t testing.TB, change func(xml string) string) []byte {
	return parts(t, seedBook(t), func(name string, data []byte) []byte {
		if name == "xl/worksheets/sheet1.xml" {
			return []byte(change(string(data)))
		}
		return data
	})
}

func zipOf(t testing.TB, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		out, err := w.Create(name)
		listtest.Must(t, err)
		_, err = out.Write([]byte("<x/>"))
		listtest.Must(t, err)
	}
	listtest.Must(t, w.Close())
	return b.Bytes()
}

func TestHostileFilesAreRefused(t *testing.T) {
	book := seedBook(t)
	flipped := bytes.Clone(book)
	flipped[len(flipped)/3] ^= 0xff
	ole := append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 600)...)
	secret := bytes.Clone(ole)
	for _, c := range "EncryptedPackage" {
		secret = append(secret, byte(c), 0)
	}
	bomb := inSheet(t, func(xml string) string {
		return strings.Replace(xml, "<sheetData>", "<sheetData>"+strings.Repeat("<row></row>", 4<<20), 1)
	})
	for _, c := range []struct {
		name, rule string
		data       []byte
	}{
		{"nothing", "list.file_empty", nil},
		{"an old .xls", "list.xls", ole},
		{"a workbook with a password", "list.file_secret", secret},
		{"a picture", "list.other_file", []byte("\x89PNG\r\n\x1a\n....")},
		{"a web page", "list.other_file", []byte("\ufeff <html><table><tr><td>编号</td></tr></table>")},
		{"half a workbook", "list.zip_cut", book[:len(book)/2]},
		{"an archive of something else", "list.zip_other", zipOf(t, "清单.txt")},
		{"a .docx", "list.other_office",
			parts(t, zipOf(t, "_rels/.rels", "word/document.xml"), func(name string, data []byte) []byte {
				if name == "_rels/.rels" {
					return []byte(`<Relationships><Relationship Id="r" Type="x/officeDocument" Target="word/document.xml"/></Relationships>`)
				}
				return data
			})},
		{"an .ods", "list.other_office", zipOf(t, "mimetype", "content.xml")},
		{"a part twice", "list.zip_twice", zipOf(t, "xl/workbook.xml", "XL/Workbook.xml")},
		{"a zip bomb", "list.zip_bomb", bomb},
		{"a document type", "list.xml_doctype", inSheet(t, func(xml string) string {
			return `<!DOCTYPE w [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + strings.TrimPrefix(xml,
				`<?xml version="1.0" encoding="UTF-8"?>`)
		})},
		{"an unknown entity", "list.xml_broken",
			inSheet(t, func(xml string) string { return strings.Replace(xml, "清单名称", "&b;", 1) })},
		{"a sheet cut off", "list.xml_broken", inSheet(t, func(xml string) string { return xml[:len(xml)/2] })},
		{"a row that cannot be", "list.xml_broken",
			inSheet(t, func(xml string) string { return strings.Replace(xml, `<row r="2"`, `<row r="9999999"`, 1) })},
		{"a column that cannot be", "list.xml_broken",
			inSheet(t, func(xml string) string { return strings.Replace(xml, `r="A2"`, `r="ZZZZ2"`, 1) })},
		{"a text without end", "list.xml_broken",
			inSheet(t, func(xml string) string { return strings.Replace(xml, "清单名称", strings.Repeat("甲", 1<<20), 1) })},
		{"a damaged byte", "", flipped},
		{"a text of something else", "list.csv_unknown", []byte("对象编号,名称\nE0001,甲\n")},
		{"bytes", "list.not_workbook", []byte{1, 0, 2, 0xff, 0xfe, 0, 3}},
	} {
		begin := time.Now()
		l, _, err := listtest.Read(c.data)
		var e *refusal.Error
		if l != nil || err == nil {
			t.Errorf("%s was read", c.name)
			continue
		}
		e = err.(*refusal.Error)
		if c.rule != "" && e.Rule != c.rule || strings.ContainsAny(e.Detail("zh-CN")+e.Detail("en"), "{}") {
			t.Errorf("%s: %s, want %s: %s", c.name, e.Rule, c.rule, e.Detail("en"))
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%s took %v", c.name, took)
		}
	}
}

// A part whose elements do not close each other, whichever of the workbook's it is, is refused by its name and place: a
// spreadsheet program would open it as damaged, and what a lenient reader makes of it may be an empty list.
func TestPartsThatAreNotWellFormedAreRefused(t *testing.T) {
	in := func(part string, change func(xml string) string) []byte {
		changed := false
		book := parts(t, seedBook(t), func(name string, data []byte) []byte {
			if name != part {
				return data
			}
			changed = true
			return []byte(change(string(data)))
		})
		if !changed {
			t.Fatalf("the workbook has no %s", part)
		}
		return book
	}
	replace := func(old, with string) func(string) string {
		return func(xml string) string {
			if !strings.Contains(xml, old) {
				t.Fatalf("%q is not there", old)
			}
			return strings.Replace(xml, old, with, 1)
		}
	}
	var unclosed strings.Builder // packs too badly for a bomb
	for i := range 2_000_000 {
		fmt.Fprintf(&unclosed, "<a%x>", (i*7919)%100_003)
	}
	const sheet, styles, text = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"
	for name, c := range map[string]struct {
		data  []byte
		place string
	}{
		"two million unclosed tags": {in(sheet, replace("<sheetData>", "<sheetData>"+unclosed.String())), sheet},
		"two million for a sheet": {in(sheet,
			func(string) string { return "<worksheet><sheetData>" + unclosed.String() + "</sheetData></worksheet>" }), sheet},
		"an element that another closes": {in(sheet, replace("</row>", "</raw>")), sheet},
		"an element that nothing opens":  {in(sheet, replace("</row>", "</row></row>")), sheet},
		"an end that is missing":         {in(sheet, replace("</worksheet>", "")), sheet},
		"rows behind the end":            {in(sheet, replace("</worksheet>", "</worksheet><row/>")), sheet},
		"text behind the end":            {in(sheet, replace("</worksheet>", "</worksheet>x")), sheet},
		"damage behind the rows": {in(sheet,
			replace("</sheetData>", "</sheetData><mergeCells><mergeCell></mergeCells>")), sheet},
		"nothing":                     {in(sheet, func(string) string { return "" }), sheet},
		"a part that no list needs":   {in(styles, replace("</styleSheet>", "<cellXfs></styleSheet>")), styles},
		"the list of sheets":          {in(text, replace("</sheets>", "</sheet></sheets>")), text},
		"bytes that are no text":      {in(styles, replace("</styleSheet>", "<x>\xff\xfe</x></styleSheet>")), styles},
		"a control character":         {in(styles, replace("</styleSheet>", "<x>&#27;</x></styleSheet>")), styles},
		"an attribute without quotes": {in(styles, replace("</styleSheet>", "<x a=b></x></styleSheet>")), styles},
	} {
		l, _, err := listtest.Read(c.data)
		var e *refusal.Error
		if !errors.As(err, &e) || l != nil {
			t.Errorf("%s was read: %v", name, err)
			continue
		}
		if e.Rule != "list.xml_broken" || e.Args["part"] != c.place || !strings.Contains(fmt.Sprint(e.Args["why"]), "line ") {
			t.Errorf("%s: %s", name, e.Detail("en"))
		}
	}
}

// A dimension of the whole sheet, cells at its corners and rows without end cost no memory.
func TestHugeDimensionsCostNothing(t *testing.T) {
	huge := inSheet(t, func(xml string) string {
		xml = strings.Replace(xml, "<sheetData>", `<dimension ref="A1:XFD1048576"/><sheetData>`, 1)
		return strings.Replace(xml, "</sheetData>",
			`<row r="1048576"><c r="XFD1048576" t="str"><v>远</v></c></row></sheetData>`, 1)
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l, found, err := listtest.Read(huge)
	listtest.Must(t, err)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 || len(l.Recipients) != len(listtest.SeedIDs) ||
		reductionlist.HasErrors(found) {
		t.Errorf("%d MiB for %d recipients, %+v", used>>20, len(l.Recipients), found)
	}
}

// A hundred thousand rows of the same mistakes are found, and not all of them kept.
func TestFindingsAreBounded(t *testing.T) {
	var b strings.Builder
	s := listtest.Seed()
	b.WriteString(strings.Join(s[lines][0], ",") + "\n")
	for i := range 120_000 {
		fmt.Fprintf(&b, "E %d,,,,x,x,x,x,x,停,\n", i)
	}
	_, found, err := listtest.ReadCSV([]byte(b.String()))
	listtest.Must(t, err)
	if len(found) < 100_000 || len(found) > 200_100 ||
		!slices.ContainsFunc(found, func(f reductionlist.Finding) bool { return f.Rule == "list.too_many" }) {
		t.Errorf("%d findings", len(found))
	}
}

func csvOf(t testing.TB, rows [][]string, comma rune) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma = comma
	listtest.Must(t, w.WriteAll(rows))
	return b.String()
}

func TestOneSheetAsCSV(t *testing.T) {
	s := listtest.Seed()
	good, _ := s.Read(t)
	gb := func(text string) []byte {
		data, err := simplifiedchinese.GB18030.NewEncoder().String(text)
		listtest.Must(t, err)
		return []byte(data)
	}
	utf16 := func(text string) []byte {
		data, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(text)
		listtest.Must(t, err)
		return []byte(data)
	}
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"GB 18030", gb(csvOf(t, s[recipients], ','))},
		{"UTF-8", []byte("\ufeff" + csvOf(t, s[recipients], ','))},
		{"semicolons", []byte(csvOf(t, s[recipients], ';'))},
		{"UTF-16 with tabs", utf16(csvOf(t, s[recipients], '\t'))},
		{"below a title", gb("西青区应急减排清单\n\n" + csvOf(t, s[recipients], ','))},
	} {
		l, found, err := listtest.Read(c.data)
		listtest.Must(t, err)
		for i, r := range l.Recipients {
			if g := good.Recipients[i]; r.Name != g.Name || r.USCC != g.USCC || *r.Contact != *g.Contact {
				t.Errorf("%s: %+v is read as %+v", c.name, g, r)
			}
		}
		for _, sheet := range []string{head, measures} {
			if !has(found, spoiled{sheet: sheet, rule: "list.no_sheet", severity: "error"}, "") {
				t.Errorf("%s: %s is not said to be missing", c.name, sheet)
			}
		}
		if len(l.Recipients) != len(listtest.SeedIDs) {
			t.Errorf("%s: %d recipients", c.name, len(l.Recipients))
		}
	}
	rows := s[measures]
	rows[1][s.Column(t, measures, "措施内容")] = "第一行\n第二行"
	rows[2][s.Column(t, measures, "动作")] = "减产"
	text := strings.Replace(csvOf(t, rows, ','), "\n", "\n\n", 1) // an empty line below the header
	_, found, err := listtest.ReadCSV([]byte(text))
	listtest.Must(t, err)
	if !has(found, spoiled{measures, 4, "", "", "list.enum", "error"}, "动作") ||
		slices.ContainsFunc(found, func(f reductionlist.Finding) bool { return f.Rule == "list.unknown_recipient" }) {
		t.Errorf("rows of a CSV are counted wrong: %+v", found)
	}
	if l, _, err := listtest.ReadCSV([]byte(csvOf(t, s[head], ','))); err != nil || l.Name != good.Name {
		t.Errorf("基本情况 as CSV: %v", err)
	}
}

func TestErrorBookMarksTheCells(t *testing.T) {
	book := reopened(t, seedBook(t), func(t *testing.T, f *excelize.File) {
		put(measures, 3, "动作", "减产")(t, f)
		put(recipients, 4, "街镇", "杨柳青")(t, f)
		put(recipients, 5, "街镇", "杨柳青")(t, f)
		listtest.Must(t, f.AddComment(measures,
			excelize.Comment{Author: "某人", Cell: cellOf(t, f, measures, 3, "动作"), Text: "原来的批注"}))
		listtest.Must(t, f.SetCellStr(head, "B3", "明天"))
	})
	_, found, err := listtest.Read(book)
	listtest.Must(t, err)
	var once, b bytes.Buffer
	listtest.Must(t, workbook.WriteErrorBook(&once, book, found, "zh-CN"))
	listtest.Must(t, workbook.WriteErrorBook(&b, once.Bytes(), found, "en")) // people send back what they were given
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	listtest.Must(t, err)
	defer f.Close()
	names := f.GetSheetList()
	if names[0] != "检查结果" || len(names) != 8 {
		t.Errorf("sheets %q", names)
	}
	rows, err := f.GetRows("检查结果")
	listtest.Must(t, err)
	if len(rows) != len(found)+1 {
		t.Errorf("%d rows for %d findings", len(rows), len(found))
	}
	for _, c := range []struct{ sheet, at, colour, says string }{
		{measures, cellOf(t, f, measures, 3, "动作"), "FFC7CE", "not one of the values"},
		{recipients, cellOf(t, f, recipients, 4, "街镇"), "FFEB9C", "杨柳青"},
		{recipients, cellOf(t, f, recipients, 5, "街镇"), "FFEB9C", "2 places: 减排对象 row 4, 5"},
		{head, "B3", "FFC7CE", "not a date"},
	} {
		id, err := f.GetCellStyle(c.sheet, c.at)
		listtest.Must(t, err)
		style, err := f.GetStyle(id)
		listtest.Must(t, err)
		comments, err := f.GetComments(c.sheet)
		listtest.Must(t, err)
		said := ""
		for _, m := range comments {
			if m.Cell == c.at {
				said += m.Text
				for _, run := range m.Paragraph {
					said += run.Text
				}
			}
		}
		if !slices.Equal(style.Fill.Color, []string{c.colour}) || !strings.Contains(said, c.says) ||
			strings.Contains(said, "不在可选值") || c.sheet == measures && !strings.Contains(said, "原来的批注") {
			t.Errorf("%s %s: fill %v, comment %q", c.sheet, c.at, style.Fill, said)
		}
	}
	// What was found is found again in the workbook that is sent back, and nothing of ours beside it.
	_, again, err := listtest.Read(b.Bytes())
	listtest.Must(t, err)
	if more := beyond(again, found); len(again) != len(found) || len(more) > 0 {
		t.Errorf("found beside: %q", more)
	}
}

// Without a workbook that can be opened, the findings alone are written.
func TestErrorBookOfACSV(t *testing.T) {
	_, found, err := listtest.ReadCSV([]byte(csvOf(t, listtest.Seed()[recipients], ',')))
	listtest.Must(t, err)
	var b bytes.Buffer
	listtest.Must(t, workbook.WriteErrorBook(&b, []byte("x"), found, "zh-CN"))
	f, err := excelize.OpenReader(bytes.NewReader(b.Bytes()))
	listtest.Must(t, err)
	defer f.Close()
	if rows, err := f.GetRows("检查结果"); err != nil || len(rows) != len(found)+1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
}
