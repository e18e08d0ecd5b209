package workbook

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// maxCSV bounds a CSV file, which is read into memory.
const maxCSV = 64 << 20

// ReadCSV reads one sheet that was saved as CSV, in UTF-8, UTF-16 or GB 18030, with commas, semicolons or tabs, and
// keeps where. Its header says which sheet it is. A list has further sheets, so there are always findings that name
// those which are missing; the rest is what is wrong in this one.
func ReadCSV(data []byte) (*list.Reading, error) {
	if len(data) > maxCSV {
		return nil, refusal.New(refusal.TooLarge, "list.too_large", refusal.Args{"limit": maxCSV})
	}
	text, err := decodeCSV(data)
	if err != nil {
		return nil, err
	}
	for _, comma := range ",;\t，" {
		s := &csvSheet{text: text, comma: comma}
		if s.recognise(); s.title == "" {
			continue
		}
		rd := newReader()
		rd.absent(func(name string) bool { return name != s.title })
		if err := rd.readOne(s.title, s); err != nil {
			return nil, err
		}
		return rd.done(), nil
	}
	return nil, wrongFile("list.csv_unknown", refusal.Args{"example": list.SheetRecipients})
}

func decodeCSV(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		decoded, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return "", wrongFile("list.csv_encoding", nil)
		}
		return string(decoded), nil
	case utf8.Valid(data):
		return strings.TrimPrefix(string(data), "\ufeff"), nil
	}
	decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
	if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
		return "", wrongFile("list.csv_encoding", nil)
	}
	return string(decoded), nil
}

// csvSheet is a sheet that was saved as CSV.
type csvSheet struct {
	title string // of the sheet it is
	text  string
	comma rune
}

func (s *csvSheet) name() string             { return s.title }
func (s *csvSheet) merges() ([]merge, error) { return nil, nil }
func (s *csvSheet) hiddenColumn(int) bool    { return false }

// rows counts rows as a spreadsheet program does: an empty line is a row, and a line break in quotes is not.
func (s *csvSheet) rows(visit func(*row)) error {
	in := csv.NewReader(strings.NewReader(s.text))
	in.Comma, in.LazyQuotes, in.FieldsPerRecord, in.ReuseRecord = s.comma, true, -1, true
	breaks := 0
	var r row
	for {
		record, err := in.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			var where *csv.ParseError
			if errors.As(err, &where) {
				err = where.Err
			}
			return wrongFile("list.csv_broken", refusal.Args{"row": r.n + 1, "why": err.Error()})
		}
		line, _ := in.FieldPos(0)
		r = row{n: line - breaks, cells: r.cells[:0]}
		for i, field := range record {
			breaks += strings.Count(field, "\n")
			if inner, ok := strings.CutPrefix(field, `="`); ok { // by which a code is kept from becoming a number
				field = strings.TrimSuffix(inner, `"`)
			}
			r.set(i, field)
		}
		visit(&r)
	}
}

// recognise finds the sheet that a row among the first ones is the header of.
func (s *csvSheet) recognise() {
	keys, seen := 0, 0
	best := 0.5
	err := s.rows(func(r *row) {
		if seen++; seen > headerRows || r.empty() {
			return
		}
		if isHeadKey(r.cell(0)) {
			keys++
		}
		for _, k := range sheetKinds() {
			t := table{want: k.headers()}
			if share := float64(t.matches(r)) / float64(len(t.want)); share > best {
				best, s.title = share, k.name
			}
		}
	})
	if s.title == "" && keys >= 3 && err == nil {
		s.title = list.SheetHead
	}
}
