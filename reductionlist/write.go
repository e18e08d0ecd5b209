package reductionlist

import (
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/xuri/excelize/v2"
)

// sheetRows is where a sheet of measures is continued on the next; the format ends at 1,048,576 rows.
const sheetRows = 1_000_000

// WriteWorkbook writes the list as a workbook that ReadWorkbook reads back to the same list.
func (l *List) WriteWorkbook(w io.Writer) error {
	l.Sort()
	f := excelize.NewFile()
	defer f.Close()
	if err := f.SetSheetName(f.GetSheetName(0), sheetHead); err != nil {
		return err
	}
	if err := l.writeHead(f); err != nil {
		return err
	}
	var (
		lines    []*lineRow
		measures []*measureRow
		units    []*unitRow
		furnaces []*furnaceRow
		pits     []*pitRow
	)
	for _, r := range l.Recipients {
		lines = append(lines, lineRows(r)...)
		measures = append(measures, measureRows(r)...)
		units = append(units, unitRows(r)...)
		furnaces = append(furnaces, furnaceRows(r)...)
		pits = append(pits, pitRows(r)...)
	}
	steps := []func() error{
		func() error { return writeSheet(f, sheetRecipients, recipientColumns, pointees(l.Recipients)) },
		func() error { return writeSheet(f, sheetLines, lineColumns, lines) },
		func() error { return writeMeasures(f, measures) },
		func() error { return writeSheet(f, sheetUnits, unitColumns, units) },
		func() error { return writeSheet(f, sheetFurnaces, furnaceColumns, furnaces) },
		func() error { return writeSheet(f, sheetPits, pitColumns, pits) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return writeZip(f, w)
}

func lineRows(r *Recipient) []*lineRow {
	rows := make([]*lineRow, len(r.Lines))
	for i, v := range r.Lines {
		rows[i] = &lineRow{r.ID, v}
	}
	return rows
}

func measureRows(r *Recipient) []*measureRow {
	rows := make([]*measureRow, len(r.Measures))
	for i, v := range r.Measures {
		rows[i] = &measureRow{owner: r.ID, Measure: v}
		rows[i].disassemble()
	}
	return rows
}

func unitRows(r *Recipient) []*unitRow {
	rows := make([]*unitRow, len(r.Units))
	for i, v := range r.Units {
		rows[i] = &unitRow{r.ID, v}
	}
	return rows
}

func furnaceRows(r *Recipient) []*furnaceRow {
	rows := make([]*furnaceRow, len(r.Furnaces))
	for i, v := range r.Furnaces {
		rows[i] = &furnaceRow{r.ID, v}
	}
	return rows
}

func pitRows(r *Recipient) []*pitRow {
	if r.Pit == nil {
		return nil
	}
	return []*pitRow{{r.ID, *r.Pit}}
}

// pointees copies recipients, so that writing their empty contacts leaves the list alone.
func pointees(rs []*Recipient) []*Recipient {
	ps := make([]*Recipient, len(rs))
	for i, r := range rs {
		c := *r
		ps[i] = &c
	}
	return ps
}

func writeMeasures(f *excelize.File, rows []*measureRow) error {
	for n := 1; n == 1 || len(rows) > 0; n++ {
		name, part := sheetMeasures, rows[:min(len(rows), sheetRows)]
		if n > 1 {
			name += strconv.Itoa(n)
		}
		if err := writeSheet(f, name, measureColumns, part); err != nil {
			return err
		}
		rows = rows[len(part):]
	}
	return nil
}

// annotated is a pointer to a row type.
type annotated[T any] interface {
	*T
	notes() *Notes
}

// writeSheet writes a header and the rows: the columns that have a meaning, 备注, then the unknown ones by name.
func writeSheet[T any, P annotated[T]](f *excelize.File, name string, columns []column[T], rows []*T) error {
	if _, err := f.NewSheet(name); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	extras := map[string]bool{}
	for _, r := range rows {
		for k := range P(r).notes().Extra {
			extras[k] = true
		}
	}
	unknown := slices.Sorted(maps.Keys(extras))
	var header []any
	for _, c := range columns {
		header = append(header, c.header)
	}
	header = append(header, columnNote)
	for _, k := range unknown {
		header = append(header, k)
	}
	if err := sw.SetRow("A1", header); err != nil {
		return err
	}
	cells := make([]any, len(header))
	for i, r := range rows {
		for j, c := range columns {
			cells[j] = blankIsNil(c.write(r))
		}
		n := P(r).notes()
		cells[len(columns)] = blankIsNil(n.Note)
		for j, k := range unknown {
			cells[len(columns)+1+j] = blankIsNil(n.Extra[k])
		}
		if err := sw.SetRow("A"+strconv.Itoa(i+2), cells); err != nil {
			return err
		}
	}
	return sw.Flush()
}

func blankIsNil(v any) any {
	if v == "" {
		return nil
	}
	return v
}

func (l *List) writeHead(f *excelize.File) error {
	sw, err := f.NewStreamWriter(sheetHead)
	if err != nil {
		return err
	}
	rows := [][]any{
		{"清单名称", l.Name}, {"区域代码", l.Region}, {"生效日期", l.EffectiveFrom}, {"失效日期", l.EffectiveTo},
		{"编制单位", l.CompiledBy},
	}
	if l.Note != "" {
		rows = append(rows, []any{columnNote, l.Note})
	}
	for _, k := range slices.Sorted(maps.Keys(l.Extra)) {
		rows = append(rows, []any{k, l.Extra[k]})
	}
	rows = append(rows, []any{tablePollutant, tableEmission})
	for _, p := range l.Emission.parts() {
		rows = append(rows, []any{p.name, round12(*p.value)})
	}
	for i, row := range rows {
		if err := sw.SetRow("A"+strconv.Itoa(i+1), row); err != nil {
			return err
		}
	}
	return sw.Flush()
}
