package workbook

import (
	"slices"

	"github.com/xuri/excelize/v2"

	list "qingkong/reductionlist"
)

// sheetKind is what is done with the sheets of one kind of rows.
type sheetKind struct {
	name     string
	headers  func() []headerColumn
	read     func(*reader, rowSource) error
	template func(f *excelize.File, asText int) error
	form     func(header string) (list.Form, bool) // of a column
}

func kindOf[T any](f sheetForm[T], keep func(*reader, sheetRow[T])) sheetKind {
	return sheetKind{f.Name, f.headers,
		func(rd *reader, s rowSource) error {
			return readSheet(rd, s, f, func(v sheetRow[T]) { keep(rd, v) })
		},
		func(file *excelize.File, asText int) error { return templateSheet(file, asText, f) },
		func(header string) (list.Form, bool) {
			i := slices.IndexFunc(f.Columns, func(c list.Column[T]) bool { return c.Header == header })
			if i < 0 {
				return 0, false
			}
			return f.Columns[i].Form, true
		}}
}

// sheetKinds are all sheets but 基本情况, in the order in which they are written.
func sheetKinds() []sheetKind {
	return []sheetKind{kindOf(recipientForm, (*reader).recipient), kindOf(lineForm, (*reader).line),
		kindOf(measureForm, (*reader).measure), kindOf(unitForm, (*reader).unit),
		kindOf(furnaceForm, (*reader).furnace), kindOf(pitForm, (*reader).pit)}
}

// sheetNamed is the kind of a sheet by its name; further sheets of measures, and whatever has no name of ours, are of
// measures.
func sheetNamed(name string) sheetKind {
	kinds := sheetKinds()
	if i := slices.IndexFunc(kinds, func(k sheetKind) bool { return k.name == name }); i >= 0 {
		return kinds[i]
	}
	return kinds[2]
}
