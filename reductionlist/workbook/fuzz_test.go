package workbook_test

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/workbook"
)

// wellFormed checks what is said of any file at all.
func wellFormed(t *testing.T, l *reductionlist.List, found []reductionlist.Finding, err error) {
	t.Helper()
	if err != nil {
		if refusal.CodeOf(err) == "" || l != nil {
			t.Errorf("not refused: %v", err)
		}
		return
	}
	if l == nil {
		t.Fatal("neither a list nor an error")
	}
	for _, f := range found {
		if f.Sheet == "" && f.Rule != "list.unknown_sheet" && f.Rule != "list.hidden_sheet" || f.Row < 0 ||
			f.Severity != "error" && f.Severity != "warning" {
			t.Errorf("%+v", f)
		}
		if !refusal.Known(f.Rule) || !refusal.Known(f.Rule+".remedy") || f.Message == "" || f.Remedy == "" {
			t.Errorf("%s has no words", f.Rule)
		}
	}
	l.Hash()
	var b bytes.Buffer
	listtest.Must(t, workbook.WriteFindings(&b, found, "en"))
}

// FuzzSheet puts any XML for a sheet into a good workbook: compressed, a fuzzer would never get that far.
func FuzzSheet(f *testing.F) {
	book := seedBook(f)
	original := sheetXML(f, book, "xl/worksheets/sheet4.xml")
	cut := original[:min(len(original), 4000)]
	f.Add(original)
	f.Add(cut)
	for _, xml := range []string{
		`<worksheet><cols><col min="1" max="3" hidden="1"/></cols><sheetData><row r="5" hidden="1"><c r="C5" t="s"><f>A1</f><v>3</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B9"/></mergeCells></worksheet>`,
		`<x:worksheet xmlns:x="y"><x:sheetData><x:row><x:c t="inlineStr"><x:is><x:r><x:t>对象</x:t></x:r><x:r><x:t>编号</x:t></x:r><x:rPh><x:t>z</x:t></x:rPh></x:is></x:c></x:row></x:sheetData></x:worksheet>`,
		`<!DOCTYPE a [<!ENTITY b "c">]><worksheet><sheetData/></worksheet>`,
		`<worksheet><sheetData><row r="1048576"><c r="XFD1"><v>_x000D_</v></c><c t="e"><v>#REF!</v></c><c t="b"><v>1</v></c></row></sheetData></worksheet>`,
	} {
		f.Add([]byte(xml))
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		if len(xml) > 1<<20 {
			return
		}
		data := parts(t, book, func(name string, old []byte) []byte {
			if name == "xl/worksheets/sheet4.xml" {
				return append(xml, ' ') // an empty part would be left out
			}
			return old
		})
		l, found, err := listtest.Read(data)
		wellFormed(t, l, found, err)
		if err == nil {
			var b bytes.Buffer
			listtest.Must(t, workbook.WriteErrorBook(&b, data, found, "zh-CN"))
		}
	})
}

func sheetXML(t testing.TB, book []byte, part string) []byte {
	r, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	listtest.Must(t, err)
	in, err := r.Open(part)
	listtest.Must(t, err)
	data, err := io.ReadAll(in)
	listtest.Must(t, err)
	return data
}

func FuzzCSV(f *testing.F) {
	s := listtest.Seed()
	for _, sheet := range []string{head, recipients, lines, measures, pits} {
		f.Add([]byte(csvOf(f, s[sheet], ',')))
	}
	f.Add([]byte("\xff\xfe1\x00"))
	f.Add([]byte(strings.Repeat("\"", 33)))
	f.Fuzz(func(t *testing.T, data []byte) {
		l, found, err := listtest.ReadCSV(data)
		wellFormed(t, l, found, err)
	})
}
