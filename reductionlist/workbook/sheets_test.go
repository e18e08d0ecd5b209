package workbook_test

import "qingkong/reductionlist"

// The sheets, as the tests name them.
const (
	head, recipients, lines, measures = reductionlist.SheetHead, reductionlist.SheetRecipients, reductionlist.SheetLines,
		reductionlist.SheetMeasures
	units, furnaces, pits = reductionlist.SheetUnits, reductionlist.SheetFurnaces, reductionlist.SheetPits
)
