package workbook

import (
	"encoding/xml"
	"errors"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist/internal/text"
)

// maxColumns is how far to the right cells are read; maxRows is where the format ends.
const (
	maxColumns = 1000
	maxRows    = 1 << 20
)

// rowSource is what holds the rows of one sheet: a sheet of a workbook, or a CSV file.
type rowSource interface {
	name() string
	// rows visits the rows that have cells. A row is good until visit returns.
	rows(visit func(*row)) error
	// merges are the ranges of merged cells.
	merges() ([]merge, error)
	// hiddenColumn says whether a column is hidden; it is known once the first row was visited.
	hiddenColumn(i int) bool
}

// row is one row as it stands in the file: its texts trimmed, and what is unusual about single cells.
type row struct {
	n      int // as the spreadsheet program shows it
	hidden bool
	cells  []string
	marks  []cellMark
	wide   bool // there are cells to the right of maxColumns
}

// has reports whether a cell has a mark of a rule.
func (r *row) has(column int, rule string) bool {
	return slices.ContainsFunc(r.marks, func(m cellMark) bool { return m.column == column && m.rule == rule })
}

// cellMark is what is unusual about one cell.
type cellMark struct {
	column int
	rule   string
	value  string
}

func (r *row) empty() bool {
	return len(r.marks) == 0 && !slices.ContainsFunc(r.cells, func(c string) bool { return c != "" })
}

func (r *row) cell(i int) string { return cell(r.cells, i) }

// set puts a cell's text in its place, without characters that no text may hold: see refusal.IsControl. It marks a cell
// that held any, except carriage returns, which spreadsheets leave in texts of several lines.
func (r *row) set(column int, cell string) {
	plain := refusal.Plain(cell)
	odd := len(plain) != len(cell) && strings.ReplaceAll(cell, "\r", "") != plain
	if plain = text.Trim(plain); plain == "" && !odd {
		return
	}
	if column >= maxColumns {
		r.wide = true
		return
	}
	if odd {
		r.marks = append(r.marks, cellMark{column, "list.control", refusal.Visible(strings.ToValidUTF8(cell, "�"))})
	}
	for len(r.cells) <= column {
		r.cells = append(r.cells, "")
	}
	r.cells[column] = plain
}

func cell(cells []string, i int) string {
	if i < len(cells) {
		return cells[i]
	}
	return ""
}

// merge is a range of merged cells; rows count from 1, columns from 0.
type merge struct{ top, left, bottom, right int }

var errCell = errors.New("a cell or row stands at no place")

func (s *bookSheet) name() string { return s.title }

// sheetReader holds what is known in the middle of a sheet.
type sheetReader struct {
	*tokens
	sheet  *bookSheet
	row    row
	column int // of the cell at hand
}

func (s *bookSheet) hiddenColumn(i int) bool {
	return slices.ContainsFunc(s.hiddenColumns, func(c [2]int) bool { return i >= c[0] && i <= c[1] })
}

func (s *bookSheet) rows(visit func(*row)) error {
	f := s.book.parts[s.part]
	if f == nil {
		return wrongFile("list.xml_broken", refusal.Args{"part": s.title, "why": refusal.Words("list.xml.missing", nil)})
	}
	in, err := f.Open()
	if err != nil {
		return wrongFile("list.zip_cut", refusal.Args{"why": f.Name + ": " + err.Error()})
	}
	defer in.Close()
	r := &sheetReader{tokens: newTokens(in, f.Name), sheet: s}
	s.hiddenColumns, s.area, s.bottom = nil, 0, 0
	for {
		token, err := r.next()
		if err != nil {
			return r.broken(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if err := r.start(e); err != nil {
				return err
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "row":
				s.area += r.column + 1
				s.bottom = max(s.bottom, r.row.n)
				if len(r.row.cells) > 0 || len(r.row.marks) > 0 || r.row.wide {
					visit(&r.row)
				}
			case "sheetData", "worksheet":
				s.book.sound[s.part] = true
				return r.rest()
			}
		}
	}
}

func (r *sheetReader) start(e xml.StartElement) error {
	switch e.Name.Local {
	case "col":
		from, err := strconv.Atoi(attr(e, "min"))
		to, err2 := strconv.Atoi(attr(e, "max"))
		if err == nil && err2 == nil && truth(attr(e, "hidden")) && len(r.sheet.hiddenColumns) < maxColumns {
			r.sheet.hiddenColumns = append(r.sheet.hiddenColumns, [2]int{from - 1, to - 1})
		}
	case "row":
		n := r.row.n + 1
		if text := attr(e, "r"); text != "" {
			var err error
			if n, err = strconv.Atoi(text); err != nil {
				return r.broken(err)
			}
		}
		if n < 1 || n > maxRows {
			return r.broken(errCell)
		}
		r.row = row{n: n, hidden: truth(attr(e, "hidden")), cells: r.row.cells[:0], marks: r.row.marks[:0]}
		r.column = -1
	case "c":
		r.column++
		kind, style := "", ""
		for _, a := range e.Attr {
			switch a.Name.Local {
			case "r":
				at, ok := columnOf(a.Value)
				if !ok {
					return r.broken(errCell)
				}
				r.column = at
			case "t":
				kind = a.Value
			case "s":
				style = a.Value
			}
		}
		return r.readCell(kind, style)
	}
	return nil
}

// columnOf is the column of a reference like AB12, counted from 0.
func columnOf(ref string) (int, bool) {
	n := 0
	for i := range len(ref) {
		c := ref[i]
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= 'a' && c <= 'z':
			n = n*26 + int(c-'a') + 1
		default:
			return n - 1, n > 0
		}
		if n > 1<<14 {
			return 0, false
		}
	}
	return n - 1, n > 0
}

func (r *sheetReader) readCell(kind, style string) error {
	var value string
	formula, cached := false, false
	for {
		token, err := r.next()
		if err != nil {
			return r.broken(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "f":
				formula = true
				if _, err = r.text("f"); err != nil {
					return err
				}
			case "v":
				cached = true
				if value, err = r.text("v"); err != nil {
					return err
				}
			case "is":
				if value, err = r.richText("is"); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if e.Name.Local == "c" {
				return r.keep(kind, style, value, formula, cached)
			}
		}
	}
}

// keep puts what a cell shows into the row, as text.
func (r *sheetReader) keep(kind, style, value string, formula, cached bool) error {
	note := func(rule string) {
		if r.column < maxColumns {
			r.row.marks = append(r.row.marks, cellMark{r.column, rule, strings.TrimSpace(value)})
		}
	}
	rule := ""
	switch kind {
	case "s":
		i, err := strconv.Atoi(strings.TrimSpace(value))
		if err != nil || i < 0 || i >= len(r.sheet.book.shared) {
			if value == "" {
				break
			}
			return r.broken(errCell)
		}
		value = r.sheet.book.shared[i]
	case "str":
		value = unescape(value)
	case "b":
		value = map[bool]string{true: "TRUE", false: "FALSE"}[truth(value)]
	case "e":
		note("list.cell_error")
		return nil
	case "d":
		value, rule = isoCell(strings.TrimSpace(value), r.sheet.book.format(style))
	case "", "n":
		if f := r.sheet.book.format(style); f != nil {
			value, rule = f.show(strings.TrimSpace(value), r.sheet.book.date1904)
		} else {
			value = longNumber(value)
		}
	}
	r.row.set(r.column, value)
	if rule != "" {
		note(rule)
	}
	switch {
	case formula && (!cached || kind != "str" && text.Trim(value) == ""): // of text an empty one may be the result
		note("list.formula_empty")
	case formula:
		note("list.formula")
	}
	return nil
}

// longNumber writes a whole number of more digits than a spreadsheet keeps so that it shows: the last ones are made up.
func longNumber(text string) string {
	if len(text) <= 15 || strings.ContainsAny(text, ".eE-") {
		return text
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return strconv.FormatFloat(v, 'E', 14, 64)
}

func (s *bookSheet) merges() (all []merge, err error) {
	err = s.book.each(s.part, func(t *tokens, e xml.StartElement) error {
		if e.Name.Local != "mergeCell" || len(all) >= maxRows {
			return nil
		}
		from, to, ok := strings.Cut(attr(e, "ref"), ":")
		top, left, ok1 := cellOf(from)
		bottom, right, ok2 := cellOf(to)
		if ok && ok1 && ok2 {
			all = append(all, merge{top, left, bottom, right})
		}
		return nil
	})
	return all, err
}

func cellOf(ref string) (row, column int, ok bool) {
	column, ok = columnOf(ref)
	row, err := strconv.Atoi(strings.TrimLeft(strings.ToUpper(ref), "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
	return row, column, ok && err == nil && row >= 1
}
