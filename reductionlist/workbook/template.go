package workbook

import (
	"io"

	"github.com/xuri/excelize/v2"

	list "qingkong/reductionlist"
)

// WriteTemplate writes a workbook to be filled in from the beginning: every sheet with its header, and the keys of
// 基本情况. The columns of codes, days and words are text there, so that no program makes numbers or other days of what is
// typed.
func WriteTemplate(w io.Writer) error {
	return writeBook(w, list.SheetHead, func(f *excelize.File) error {
		asText, err := f.NewStyle(&excelize.Style{NumFmt: textFormat})
		if err != nil {
			return err
		}
		if err := templateHead(f, asText); err != nil {
			return err
		}
		for _, k := range sheetKinds() {
			if err := k.template(f, asText); err != nil {
				return err
			}
		}
		return nil
	})
}

// textFormat is the number of the format "@" (ECMA-376 part 1, 18.8.30).
const textFormat = 49

func templateHead(f *excelize.File, asText int) error {
	return writeRows(f, list.SheetHead, func(yield func([]any) bool) {
		for _, row := range headRows(&list.List{}) {
			cells := []any{row[0], excelize.Cell{StyleID: asText}}
			switch {
			case row[0] == list.TablePollutant:
				cells[1] = row[1]
			case partOf(new(list.Amounts), row[0].(string)) != nil: // to be filled in with a number
				cells = cells[:1]
			}
			if !yield(cells) {
				return
			}
		}
	})
}

func templateSheet[T any](f *excelize.File, asText int, of sheetForm[T]) error {
	if _, err := f.NewSheet(of.Name); err != nil {
		return err
	}
	sw, err := f.NewStreamWriter(of.Name)
	if err != nil {
		return err
	}
	var header []any
	for i, h := range of.headers() {
		header = append(header, h.name)
		if form, known := formOf(of.Name, h.name); known && form != list.Number {
			if err := sw.SetColStyle(i+1, i+1, asText); err != nil {
				return err
			}
		}
	}
	if err := sw.SetRow("A1", append(header, list.ColumnNote)); err != nil {
		return err
	}
	return sw.Flush()
}
