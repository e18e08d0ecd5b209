package alerts

import (
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/forms"
	"qingkong/alerts/refusal"
)

// headRows is how many rows, those without anything left out, the header is looked for in.
const headRows = 20

// column is one of a file's columns.
type column struct {
	name string // as it stands there
	forms.Head
	wrong *forms.Wrong
}

// layout is how a file is laid out: what parts its cells, where its header stands, and what its columns are.
type layout struct {
	text    string // without the line that names the separator
	before  int    // lines of the file before text
	comma   rune
	lazy    bool // quotes within a cell are letters
	line    int  // of the header, or the second of its two rows
	columns []column
	titles  []string // what stands above the header
	known   int      // columns that are understood
	key     bool     // one of them tells the day or the hour
	values  bool     // one of them tells of the air
}

// separators are what may part cells, in the order of preference where two make as much sense.
const separators = ",;\t，"

var sepLine = regexp.MustCompile(`^(?i)"?sep=(.)"?\r?(?:\n|$)`)

// findLayout finds the separator that gives the most known headers, and the header.
func findLayout(text string) (layout, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	before, commas := 0, separators
	if m := sepLine.FindStringSubmatch(text); m != nil {
		text, before, commas = text[len(m[0]):], 1, m[1]
	}
	if strings.ContainsAny(commas, "\"\r\n") || strings.TrimSpace(text) == "" {
		return layout{}, refusal.Wrong("row 1", "csv.empty", refusal.Args{"header": exampleDaily})
	}
	best := layout{text: text, before: before, comma: ','}
	for _, comma := range commas {
		l := layout{text: text, before: before, comma: comma}
		l.findHeader()
		if l.better(&best) {
			best = l
		}
	}
	return best, nil
}

func (l *layout) better(o *layout) bool {
	whole, other := l.key && l.values, o.key && o.values
	if whole != other {
		return whole
	}
	return l.known > o.known || o.columns == nil && l.columns != nil
}

// row is one row of a file; its line is that of its beginning, the file's first line being 1.
type row struct {
	line  int
	cells []string
}

func (r row) blank() bool { return r.label() == "" }

// label is the first cell that is not empty.
func (r row) label() string {
	return cmp.Or(r.cells...)
}

func (r row) cell(i int) string {
	if i >= 0 && i < len(r.cells) {
		return r.cells[i]
	}
	return ""
}

// each calls visit with the rows until it returns false.
func (l *layout) each(visit func(row) bool) error {
	in := csv.NewReader(strings.NewReader(l.text))
	in.Comma, in.FieldsPerRecord, in.LazyQuotes = l.comma, -1, l.lazy
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := in.FieldPos(0)
		for i, c := range record {
			record[i] = strings.TrimSpace(strings.ReplaceAll(c, "\u00a0", " "))
		}
		if !visit(row{l.before + line, record}) {
			return nil
		}
	}
}

// findHeader takes the first row, or two rows, that are a whole header, or else those that hold the most known headers.
func (l *layout) findHeader() {
	look := *l
	look.lazy = true
	var first []row
	// an error further down is reported when the rows are read
	_ = look.each(func(r row) bool {
		if !r.blank() {
			first = append(first, r)
		}
		return len(first) < headRows+1
	})
	best := *l
	for i := range first {
		one, top := *l, i
		one.take(first[i], row{})
		if i+1 < len(first) && second(first[i+1]) {
			two := *l
			two.take(first[i], first[i+1])
			if !one.better(&two) {
				one = two
			}
		}
		if best.key && best.values {
			break // a header further down is that of another table, and refused there
		}
		if one.better(&best) {
			best = one
			best.titles = nil
			for _, above := range first[:top] {
				best.titles = append(best.titles, strings.Join(above.cells, " "))
			}
		}
	}
	*l = best
}

// second reports whether a row can be the second of a header: nothing but words of headers and units.
func second(r row) bool {
	return !slices.ContainsFunc(r.cells, func(c string) bool { return !forms.Sub(c) })
}

// take makes columns of one or two rows. Above a name of the second row an empty cell of the first belongs to the one
// before it, as merged cells are saved.
func (l *layout) take(top, sub row) {
	l.line = max(top.line, sub.line)
	group := ""
	for i := range max(len(top.cells), len(sub.cells)) {
		name := top.cell(i)
		if name != "" {
			group = name
		}
		if beneath := sub.cell(i); beneath != "" && strings.Trim(beneath, "-/") != "" {
			name = strings.TrimSpace(group + " " + beneath)
		}
		c := column{name: name}
		c.Head, c.wrong = forms.ReadHead(name)
		l.columns = append(l.columns, c)
		switch {
		case c.Column == forms.Date, c.Column == forms.Time:
			l.key = true
		case c.wrong != nil || c.tells():
			l.values = true
		}
		if c.wrong != nil || c.Column != forms.Unknown && c.Column != forms.Ignored {
			l.known++
		}
	}
}

// tells reports whether a column says how the air is.
func (c column) tells() bool {
	switch c.Column {
	case forms.AQI, forms.AQILow, forms.AQIHigh, forms.Class:
		return true
	}
	_, ok := c.Column.Pollutant(false)
	return ok
}

// columnPath is a cell's place in an error; the column is named by its header, or where that is empty by its number.
func columnPath(line int, name string) string { return fmt.Sprintf("row %d, column %s", line, name) }

// brokenCSV refuses what is not CSV.
func brokenCSV(err error, before int) error {
	var pe *csv.ParseError
	if !errors.As(err, &pe) {
		return fmt.Errorf("read CSV: %w", err)
	}
	line := before + pe.Line
	why := refusal.Worded{ZH: refusal.Text("csv.quote", "zh-CN", nil), EN: pe.Err.Error()}
	return refusal.Wrong("row "+strconv.Itoa(line), "csv.broken",
		refusal.Args{"row": line, "column": pe.Column, "why": why})
}
