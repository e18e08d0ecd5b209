package workbook

import (
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"

	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// sheetRows is where a sheet of measures is continued on the next; the format ends at 1,048,576 rows.
const sheetRows = 1_000_000

// Write writes a list as a workbook that [Read] reads back to the same list. It sorts the list.
func Write(w io.Writer, l *list.List) error {
	l.Sort()
	o := ownersOf(l)
	return writeBook(w, list.SheetHead, func(f *excelize.File) error {
		return errors.Join(writeHead(f, l),
			writeSheet(f, list.SheetRecipients, recipientForm, nil, l.Recipients),
			writeSheet(f, list.SheetLines, lineForm, o.lines.ids, o.lines.rows),
			writeMeasures(f, o.measures),
			writeSheet(f, list.SheetUnits, unitForm, o.units.ids, o.units.rows),
			writeSheet(f, list.SheetFurnaces, furnaceForm, o.furnaces.ids, o.furnaces.rows),
			writeSheet(f, list.SheetPits, pitForm, o.pits.ids, o.pits.rows))
	})
}

// ownedRows are rows with the ids of their owners.
type ownedRows[T any] struct {
	ids  []string
	rows []*T
}

func (o *ownedRows[T]) add(id string, rows []T) {
	for i := range rows {
		o.ids, o.rows = append(o.ids, id), append(o.rows, &rows[i])
	}
}

// sheetRowsOf are the rows of every sheet but 减排对象, in the order in which they are written.
type sheetRowsOf struct {
	lines    ownedRows[list.Line]
	measures ownedRows[list.Measure]
	units    ownedRows[list.Unit]
	furnaces ownedRows[list.Furnace]
	pits     ownedRows[list.Pit]
}

func ownersOf(l *list.List) (o sheetRowsOf) {
	for _, r := range l.Recipients {
		o.lines.add(r.ID, r.Lines)
		o.measures.add(r.ID, r.Measures)
		o.units.add(r.ID, r.Units)
		o.furnaces.add(r.ID, r.Furnaces)
		if r.Pit != nil {
			o.pits.ids, o.pits.rows = append(o.pits.ids, r.ID), append(o.pits.rows, r.Pit)
		}
	}
	return o
}

func measuresSheet(n int) string {
	if n == 1 {
		return list.SheetMeasures
	}
	return list.SheetMeasures + strconv.Itoa(n)
}

func writeMeasures(f *excelize.File, o ownedRows[list.Measure]) error {
	for n := 1; n == 1 || len(o.rows) > 0; n++ {
		k := min(len(o.rows), sheetRows)
		if err := writeSheet(f, measuresSheet(n), measureForm, o.ids[:k], o.rows[:k]); err != nil {
			return err
		}
		o = ownedRows[list.Measure]{o.ids[k:], o.rows[k:]}
	}
	return nil
}

// writeSheet writes a header and the rows: whose each is, the columns that have a meaning, 备注, then the unknown ones by
// name.
func writeSheet[T any](f *excelize.File, name string, of sheetForm[T], owners []string, rows []*T) error {
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	extras := map[string]bool{}
	for _, r := range rows {
		for k := range of.Notes(r).Extra {
			extras[k] = true
		}
	}
	unknown := slices.Sorted(maps.Keys(extras))
	var header []any
	for _, h := range of.headers() {
		header = append(header, h.name)
	}
	header = append(header, list.ColumnNote)
	for _, k := range unknown {
		header = append(header, k)
	}
	cells := make([]any, 0, len(header))
	return writeRows(f, name, func(yield func([]any) bool) {
		more := yield(header)
		for i := 0; more && i < len(rows); i++ {
			r := rows[i]
			cells = cells[:0]
			if of.owned {
				cells = append(cells, owners[i])
			}
			for j := range of.Columns {
				cells = append(cells, blankIsNil(of.Columns[j].Value(r)))
			}
			n := of.Notes(r)
			cells = append(cells, blankIsNil(n.Note))
			for _, k := range unknown {
				cells = append(cells, blankIsNil(n.Extra[k]))
			}
			more = yield(cells)
		}
	})
}

func blankIsNil(v any) any {
	if v == "" {
		return nil
	}
	return v
}

func writeHead(f *excelize.File, l *list.List) error {
	return writeRows(f, list.SheetHead, func(yield func([]any) bool) {
		for _, row := range headRows(l) {
			if !yield(row[:]) {
				return
			}
		}
	})
}

// writeRows writes a sheet from its first row on.
func writeRows(f *excelize.File, sheet string, rows iter.Seq[[]any]) error {
	sw, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	n := 0
	for row := range rows {
		n++
		if err := sw.SetRow("A"+strconv.Itoa(n), row); err != nil {
			return err
		}
	}
	return sw.Flush()
}

// headRows are the rows of 基本情况.
func headRows(l *list.List) [][2]any {
	rows := [][2]any{
		{list.KeyName, l.Name}, {list.KeyRegion, l.Region}, {list.KeyFrom, l.EffectiveFrom}, {list.KeyTo, l.EffectiveTo},
		{list.KeyCompiledBy, l.CompiledBy},
	}
	if l.Note != "" {
		rows = append(rows, [2]any{list.ColumnNote, l.Note})
	}
	for _, k := range slices.Sorted(maps.Keys(l.Extra)) {
		rows = append(rows, [2]any{k, l.Extra[k]})
	}
	rows = append(rows, [2]any{list.TablePollutant, list.TableEmission})
	for _, p := range l.Emission.Parts() {
		rows = append(rows, [2]any{p.Name, text.Round12(*p.Value)})
	}
	return rows
}

// Places says where the rows of a list stand in the workbook that [Write] makes of it. It sorts the list.
func Places(l *list.List) *list.Reading {
	l.Sort()
	rd := &list.Reading{List: l, Rows: map[*list.Recipient]*list.Rows{}, Head: map[string]int{}, HeadSheet: list.SheetHead}
	for i, row := range headRows(l) {
		rd.Head[row[0].(string)] = i + 1
	}
	next := map[string]int{}
	take := func(sheet string, n int) (at []list.Place) {
		for range n {
			name, row := sheet, next[sheet]
			if sheet == list.SheetMeasures {
				name, row = measuresSheet(1+row/sheetRows), row%sheetRows
			}
			at = append(at, list.Place{Sheet: name, Row: row + 2})
			next[sheet]++
		}
		return at
	}
	for _, r := range l.Recipients {
		at := &list.Rows{Recipient: take(list.SheetRecipients, 1)[0], Lines: take(list.SheetLines, len(r.Lines)),
			Measures: take(list.SheetMeasures, len(r.Measures)), Units: take(list.SheetUnits, len(r.Units)),
			Furnaces: take(list.SheetFurnaces, len(r.Furnaces))}
		if r.Pit != nil {
			at.Pit = take(list.SheetPits, 1)[0]
		}
		rd.Rows[r] = at
	}
	return rd
}
