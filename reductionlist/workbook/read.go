package workbook

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// Read reads a workbook: the list, where its rows stand, and everything that could not be read, not only the first. It
// does not judge the values: see package rules. The error is a refusal for a file that is no workbook at all, and says
// what it is instead and what to do. A CSV file with the header of one sheet is read as that sheet: see [ReadCSV].
func Read(r io.ReaderAt, size int64) (*list.Reading, error) {
	if head := headOf(r, size); !isZip(head) {
		return readOther(r, size, head)
	}
	b, err := openBook(r, size)
	if err != nil {
		return nil, err
	}
	rd := newReader()
	rd.date1904 = b.date1904
	if err := rd.readAll(b.sheets); err != nil {
		return nil, err
	}
	if err := b.checkRest(); err != nil {
		return nil, err
	}
	return rd.done(), nil
}

// ReadBytes is [Read] of a workbook in memory.
func ReadBytes(data []byte) (*list.Reading, error) {
	return Read(bytes.NewReader(data), int64(len(data)))
}

// reader holds what is known while the sheets are read.
type reader struct {
	list.Reading
	byID  map[string]*list.Recipient
	first map[string]list.Cell // where a key stands, for "twice"
	alien map[string]list.Cell // where the id of an unknown recipient stands first
	// spoiled are cells that hold no value, which has been said: no more is said of them.
	spoiled      map[list.Cell]bool
	noRecipients bool // no sheet says who there is
	date1904     bool
}

func newReader() *reader {
	return &reader{Reading: list.Reading{List: &list.List{}, Rows: map[*list.Recipient]*list.Rows{},
		Lacks: map[list.SheetColumn]bool{}},
		byID: map[string]*list.Recipient{}, first: map[string]list.Cell{}, alien: map[string]list.Cell{},
		spoiled: map[list.Cell]bool{}}
}

func (rd *reader) done() *list.Reading {
	rd.Sort()
	return &rd.Reading
}

func (rd *reader) readAll(sheets []*bookSheet) error {
	var measures []*bookSheet
	have := map[string]*bookSheet{} // by trimmed name
	for _, s := range sheets {
		name := text.Trim(s.title)
		switch {
		case name == sheetFindings: // ours, in a workbook that was mended
			continue
		case list.BaseSheet(name) == list.SheetMeasures:
			measures = append(measures, s)
		case knownSheet(name):
		default:
			rd.warn(list.Place{Sheet: s.title}, "", "list.unknown_sheet", refusal.Args{"sheet": s.title})
			continue
		}
		if s.hidden {
			rd.warn(list.Place{Sheet: s.title}, "", "list.hidden_sheet", nil)
		}
		have[name] = s
	}
	if len(have) == 0 {
		return noKnownSheet(sheets)
	}
	if len(measures) > 0 {
		have[list.SheetMeasures] = measures[0]
	}
	rd.absent(func(name string) bool { return have[name] == nil })
	// They are read in the order of their numbers, whatever the order of the tabs: of two rows with one key the later one
	// is wrong.
	slices.SortStableFunc(measures, func(a, b *bookSheet) int {
		a1, b1 := text.Trim(a.title), text.Trim(b.title)
		return cmp.Or(cmp.Compare(len(a1), len(b1)), strings.Compare(a1, b1))
	})
	delete(have, list.SheetMeasures)
	order := []*bookSheet{have[list.SheetHead], have[list.SheetRecipients]}
	order = append(append(order, measures...), have[list.SheetLines], have[list.SheetUnits], have[list.SheetFurnaces],
		have[list.SheetPits])
	for _, s := range order {
		if s == nil {
			continue
		}
		if err := rd.readOne(text.Trim(s.title), s); err != nil {
			return err
		}
	}
	return nil
}

// noKnownSheet refuses a workbook of which nothing is a list's: no draft comes of it.
func noKnownSheet(sheets []*bookSheet) error {
	const most = 5
	var names []string
	for _, s := range sheets[:min(len(sheets), most)] {
		names = append(names, text.Clip(refusal.Plain(s.title)))
	}
	if len(sheets) > most {
		names = append(names, "…")
	}
	return wrongFile("list.no_known_sheet",
		refusal.Args{"sheets": cmp.Or(list.MaskPhones(strings.Join(names, "、")), "—"), "example": list.SheetRecipients})
}

// absent reports the sheets that every list has and this file has not.
func (rd *reader) absent(missing func(name string) bool) {
	for _, name := range []string{list.SheetHead, list.SheetRecipients, list.SheetMeasures} {
		if missing(name) {
			rd.Found.Add(list.SeverityError, name, 0, "", "list.no_sheet", refusal.Args{"sheet": name})
		}
	}
	rd.noRecipients = missing(list.SheetRecipients)
}

func knownSheet(name string) bool {
	return name == list.SheetHead || slices.ContainsFunc(sheetKinds(), func(k sheetKind) bool { return k.name == name })
}

// readOne reads the sheet of a name from wherever its rows come.
func (rd *reader) readOne(name string, s rowSource) error {
	if name == list.SheetHead {
		return rd.readHead(s)
	}
	return sheetNamed(name).read(rd, s)
}

// sheetRow is one row of a sheet while it is put into the list.
type sheetRow[T any] struct {
	at    list.Place
	owner string
	row   *T
	cell  func(header string) numberCell // as it stands there
	ditto bool                           // a key only points at the row above
}

// readSheet reads a sheet with a header row; keep takes each row after its cells were read.
func readSheet[T any](rd *reader, s rowSource, f sheetForm[T], keep func(sheetRow[T])) error {
	t := &table{rd: rd, src: s, want: f.headers()}
	t.keep = func(r *row) {
		v, at := sheetRow[T]{at: t.place(r.n), row: new(T)}, t.at
		if f.owned {
			if at[0] >= 0 {
				v.owner = text.Narrow(r.cell(at[0]))
			}
			at = at[1:]
		}
		for i := range f.Columns {
			c := &f.Columns[i]
			if at[i] < 0 {
				continue
			}
			cell := r.numberCell(at[i])
			if c.Form == list.Day && rd.date1904 {
				cell.text = text.Since1904(cell.text)
			}
			if c.Form == list.Number && c.Needed && cell.text == "" {
				rd.blank(v.at, c.Header)
			} else if p := f.read(c, v.row, cell); p != nil {
				p.typed = r.cell(at[i])
				rd.report(v.at, c.Header, p)
			}
		}
		notes := f.Notes(v.row)
		if t.note >= 0 {
			notes.Note = r.cell(t.note)
		}
		for _, u := range t.unknown {
			if text := r.cell(u.index); text != "" {
				if notes.Extra == nil {
					notes.Extra = map[string]string{}
				}
				notes.Extra[u.name] = text
			}
		}
		v.cell = func(header string) numberCell {
			i := slices.IndexFunc(f.Columns, func(c list.Column[T]) bool { return c.Header == header })
			if i < 0 || at[i] < 0 {
				return numberCell{}
			}
			return r.numberCell(at[i])
		}
		if f.owned {
			v.ditto = rd.ditto(v.at, list.ColumnOwner, v.owner)
		}
		for i := range f.Columns {
			if c := &f.Columns[i]; at[i] >= 0 && (c.Form == list.Identity || c.Header == "编号") {
				v.ditto = rd.ditto(v.at, c.Header, *c.Text(v.row)) || v.ditto
			}
		}
		keep(v)
	}
	return t.read()
}

// mark reports what is unusual about a cell. A cell that has no value is not looked at any further.
func (rd *reader) mark(at list.Place, column string, m cellMark) {
	p := &problem{rule: m.rule, args: refusal.Args{"value": text.Clip(m.value)}, typed: m.value}
	if m.rule == "list.control" && freeColumn(at.Sheet, column) { // what a person wrote freely is taken without them
		return
	}
	if isFormatMark(m.rule) && fits(at.Sheet, column, m.rule) {
		return
	}
	if m.rule == "list.formula" {
		p.severity = list.SeverityWarning
	}
	rd.report(at, column, p)
	if p.severity == "" {
		rd.spoiled[list.Cell{Place: at, Column: column}] = true
	}
}

// freeColumn reports whether people write freely in a column: the text of a measure, a note, and whatever the form does
// not have.
func freeColumn(sheet, column string) bool {
	if column == list.ColumnNote || column == "措施内容" {
		return true
	}
	if text.Trim(sheet) == list.SheetHead {
		return !isHeadKey(column)
	}
	return !slices.ContainsFunc(sheetNamed(text.Trim(sheet)).headers(),
		func(c headerColumn) bool { return c.name == column })
}

// fail reports an error.
func (rd *reader) fail(at list.Place, column, rule string, args refusal.Args) {
	rd.report(at, column, &problem{rule: rule, args: args})
}

func (rd *reader) warn(at list.Place, column, rule string, args refusal.Args) {
	rd.report(at, column, &problem{rule: rule, severity: list.SeverityWarning, args: args})
}

// mute reports whether a cell is told of already, with its whole column or because it holds no value.
func (rd *reader) mute(at list.Place, column string) bool {
	return rd.Lacks[list.SheetColumn{Sheet: at.Sheet, Header: column}] || len(rd.spoiled) > 0 &&
		rd.spoiled[list.Cell{Place: at, Column: column}]
}

func (rd *reader) report(at list.Place, column string, p *problem) {
	if rd.mute(at, column) {
		return
	}
	typed := p.typed
	if typed == "" {
		typed, _ = p.args["value"].(string)
	}
	rd.Found.Put(list.Finding{Severity: cmp.Or(p.severity, list.SeverityError), Sheet: at.Sheet, Row: at.Row,
		Column: column, Value: typed, Places: p.places, Rule: p.rule, Args: p.args})
}

// maxBlank bounds the empty cells, and the units without a number, that are kept: there are no more findings than that.
const maxBlank = 200_000

func (rd *reader) blank(at list.Place, column string) {
	if !rd.mute(at, column) && len(rd.Blank) < maxBlank {
		rd.Blank = append(rd.Blank, list.Cell{Place: at, Column: column})
	}
}
