package rules

import (
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// valueAt is what stands in a column of a row, as the list has it; empty for the columns that have no meaning here.
func valueAt(l *list.List, at rowRef, column string) string {
	if at.r == nil {
		return headAt(l, at.key)
	}
	if column == list.ColumnOwner && at.sheet != list.SheetRecipients {
		return at.r.ID
	}
	switch at.sheet {
	case list.SheetLines:
		return valueIn(list.LineSheet, &at.r.Lines[at.i], column)
	case list.SheetMeasures:
		return valueIn(list.MeasureSheet, &at.r.Measures[at.i], column)
	case list.SheetUnits:
		return valueIn(list.UnitSheet, &at.r.Units[at.i], column)
	case list.SheetFurnaces:
		return valueIn(list.FurnaceSheet, &at.r.Furnaces[at.i], column)
	case list.SheetPits:
		return valueIn(list.PitSheet, at.r.Pit, column)
	}
	return valueIn(list.RecipientSheet, at.r, column)
}

func headAt(l *list.List, key string) string {
	switch key {
	case list.KeyName:
		return l.Name
	case list.KeyRegion:
		return l.Region
	case list.KeyFrom:
		return l.EffectiveFrom
	case list.KeyTo:
		return l.EffectiveTo
	case list.KeyCompiledBy:
		return l.CompiledBy
	case list.KeyBox:
		return l.Extra[key]
	}
	return ""
}

func valueIn[T any](sheet list.Sheet[T], row *T, column string) string {
	for i := range sheet.Columns {
		if c := &sheet.Columns[i]; c.Header == column {
			switch v := c.Value(row).(type) {
			case string:
				return v
			case float64:
				return text.Number(v)
			}
		}
	}
	return ""
}
