package papers

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
)

// SeriesTable is what a point said in a time, as a table: a row a period, also of those of which nothing came.
type SeriesTable struct {
	calls.Series
	Lang string
	Gap  func(item *calls.SeriesItem) bool // nothing came of the period
}

// seriesCell is a number or a text of a table; of neither, an empty cell.
type seriesCell struct {
	number *float64
	text   string
}

// seriesColumn is a column of a table. unit is that of its numbers.
type seriesColumn struct {
	word, unit string
	cell       func(*SeriesTable, *calls.SeriesItem) seriesCell
}

// columns are those of the table: head and, where it has one, the unit in brackets.
func (t *SeriesTable) columns() []seriesColumn {
	num := func(of func(*calls.SeriesItem) *float64) func(*SeriesTable, *calls.SeriesItem) seriesCell {
		return func(_ *SeriesTable, i *calls.SeriesItem) seriesCell { return seriesCell{number: of(i)} }
	}
	text := func(of func(*SeriesTable, *calls.SeriesItem) string) func(*SeriesTable, *calls.SeriesItem) seriesCell {
		return func(t *SeriesTable, i *calls.SeriesItem) seriesCell { return seriesCell{text: of(t, i)} }
	}
	return []seriesColumn{
		{"papers.series.at", "", text(func(_ *SeriesTable, i *calls.SeriesItem) string { return clockSeconds(&i.At) })},
		{"papers.series.value", t.Unit, num(func(i *calls.SeriesItem) *float64 { return i.Value })},
		{"papers.series.flag", "", text((*SeriesTable).flag)},
		{"papers.series.n", "", func(t *SeriesTable, i *calls.SeriesItem) seriesCell {
			if t.Gap(i) {
				return seriesCell{}
			}
			n := float64(i.N)
			return seriesCell{number: &n}
		}},
		{"papers.series.min", t.Unit, num(func(i *calls.SeriesItem) *float64 { return i.Least })},
		{"papers.series.max", t.Unit, num(func(i *calls.SeriesItem) *float64 { return i.Most })},
		{"papers.series.total", t.AmountUnit, num(func(i *calls.SeriesItem) *float64 { return i.Total })},
		{"papers.series.converted", t.Unit, num(func(i *calls.SeriesItem) *float64 { return i.Converted })},
		{"papers.series.converted_total", t.AmountUnit, num(func(i *calls.SeriesItem) *float64 { return i.ConvTotal })},
		{"papers.series.source", "", text(func(t *SeriesTable, i *calls.SeriesItem) string {
			if t.Gap(i) {
				return ""
			}
			return t.word("papers.series.source." + string(i.Source))
		})},
		{"papers.series.received", "", text((*SeriesTable).received)},
		{"papers.series.others", t.Unit, text((*SeriesTable).others)},
	}
}

func (t *SeriesTable) word(rule string) string { return refusal.Text(rule, t.Lang, nil) }

// head is a column's head.
func (t *SeriesTable) head(c seriesColumn) string {
	if c.unit == "" {
		return t.word(c.word)
	}
	return t.word(c.word) + " (" + c.unit + ")"
}

func (t *SeriesTable) flag(i *calls.SeriesItem) string {
	if t.Gap(i) {
		return t.word("papers.series.gap")
	}
	return i.Flag
}

// received is when a period came, and whether that was late or again.
func (t *SeriesTable) received(i *calls.SeriesItem) string {
	text := clockSeconds(i.ReceivedAt)
	if i.Late {
		text += " " + t.word("papers.series.late")
	}
	if i.Resent {
		text += " " + t.word("papers.series.resent")
	}
	return text
}

// others are the other values of a period.
func (t *SeriesTable) others(i *calls.SeriesItem) string {
	var all []string
	for _, o := range i.Others {
		text := o.Flag
		if o.Value != nil {
			text = strings.TrimSpace(plainNumber(*o.Value) + " " + o.Flag)
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

// clockSeconds is a time in Beijing as tables have it; empty for none.
func clockSeconds(at *time.Time) string {
	if at == nil || at.IsZero() {
		return ""
	}
	return at.In(alerts.Shanghai()).Format(time.DateTime)
}

// plainNumber is a number without an exponent, with as many digits as it has.
func plainNumber(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

// CSV writes the table with a byte-order mark, by which spreadsheets know the letters.
func (t *SeriesTable) CSV(w io.Writer) error {
	out := bufio.NewWriter(w)
	if _, err := out.WriteString("\ufeff"); err != nil {
		return err
	}
	table := csv.NewWriter(out)
	table.UseCRLF = true
	columns := t.columns()
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = t.head(c)
	}
	if err := table.Write(row); err != nil {
		return err
	}
	for n := range t.Items {
		for i, c := range columns {
			cell := c.cell(t, &t.Items[n])
			if row[i] = cell.text; cell.number != nil {
				row[i] = plainNumber(*cell.number)
			}
		}
		if err := table.Write(row); err != nil {
			return err
		}
	}
	if table.Flush(); table.Error() != nil {
		return table.Error()
	}
	return out.Flush()
}

// XLSX writes the table as a workbook; see [Sheet].
func (t *SeriesTable) XLSX(w io.Writer) error {
	columns := t.columns()
	s := Sheet{Name: string(t.Point)}
	for _, c := range columns {
		s.Heads = append(s.Heads, t.head(c))
	}
	for n := range t.Items {
		row := make([]any, len(columns))
		for i, c := range columns {
			switch cell := c.cell(t, &t.Items[n]); {
			case cell.number != nil:
				row[i] = *cell.number
			case cell.text != "":
				row[i] = cell.text
			}
		}
		s.Rows = append(s.Rows, row)
	}
	return s.XLSX(w)
}
