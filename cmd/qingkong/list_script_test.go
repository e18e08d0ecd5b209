package main_test

import (
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// edit changes a cell as somebody would who has the workbook open: they look for the row and the column.
func edit(ts *testscript.TestScript, neg bool, args []string) {
	wantArgs(ts, neg, args, 5, 5)
	file, sheet, where, column, value := ts.MkAbs(args[0]), args[1], args[2], args[3], args[4]
	f, err := excelize.OpenFile(file)
	ts.Check(err)
	defer func() { _ = f.Close() }()
	rows, err := f.GetRows(sheet)
	ts.Check(err)
	at := slices.Index(rows[0], column)
	if sheet == "基本情况" { // keys and values
		at = 1
	}
	for n, row := range rows {
		holds := true
		for _, one := range strings.Split(where, ",") {
			header, want, _ := strings.Cut(one, "=")
			i := slices.Index(rows[0], header)
			if sheet == "基本情况" {
				i, want = 0, header
			}
			holds = holds && i >= 0 && i < len(row) && row[i] == want
		}
		if !holds || at < 0 {
			continue
		}
		cell, err := excelize.CoordinatesToCellName(at+1, n+1)
		ts.Check(err)
		ts.Check(f.SetCellStr(sheet, cell, value))
		ts.Check(f.Save())
		return
	}
	ts.Fatalf("%s has no row with %s", sheet, where)
}
