package workbook

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// A cell of numbers is read here. People type a number there; a unit may stand behind it only where the number format
// puts it there, and must be that of the column, for nobody saw it while typing.

var (
	thousandsForm = regexp.MustCompile(`^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?$`)
	hoursForm     = regexp.MustCompile(`^([0-9]+):([0-5][0-9])(?::([0-5][0-9]))?$`)
	beforeUnit    = regexp.MustCompile(`^[+-]?[0-9.,]+(?:[eE][+-]?[0-9]+)?`)
)

// parseNumber reads a number as people type it: 1200, 1,200, １２００, 1.2E3.
func parseNumber(cell string) (float64, *problem) {
	cell = text.Narrow(cell)
	plain := cell
	if strings.Contains(cell, ",") && thousandsForm.MatchString(cell) {
		plain = strings.ReplaceAll(cell, ",", "")
	}
	v, err := strconv.ParseFloat(plain, 64)
	if err != nil || strings.Trim(plain, "0123456789.+-eE") != "" || math.IsInf(v, 0) {
		return 0, &problem{rule: "list.number", args: refusal.Args{"value": cell}}
	}
	return text.Round12(v), nil
}

// numberCell is a cell of numbers: its text, and what its number format adds to that.
type numberCell struct {
	text string
	unit bool // the format puts a unit behind it
	time bool // the format shows a time
}

func (r *row) numberCell(column int) numberCell {
	return numberCell{text: r.cell(column), unit: r.has(column, markUnit), time: r.has(column, markTime)}
}

// split parts a number from what stands behind it.
func (f numberCell) split() (number, behind string) {
	said := text.Narrow(f.text)
	number = beforeUnit.FindString(said)
	return number, text.Trim(said[len(number):])
}

// read reads a number of a unit, which may be empty.
func (f numberCell) read(unit string) (float64, *problem) {
	if !f.unit && !f.time {
		return parseNumber(f.text)
	}
	switch number, behind := f.split(); {
	case f.time && sameUnit(unit, "h"):
		return parseHours(f.text)
	case f.time:
		return 0, &problem{rule: markTime, args: refusal.Args{"value": f.text}}
	case !sameUnit(unit, behind):
		return 0, &problem{rule: markUnit, args: refusal.Args{"value": text.Clip(f.text), "unit": text.Clip(unit)}}
	default:
		return parseNumber(number)
	}
}

// parseHours reads a time like 28:00 as hours.
func parseHours(said string) (float64, *problem) {
	m := hoursForm.FindStringSubmatch(said)
	if m == nil {
		return 0, &problem{rule: "list.number", args: refusal.Args{"value": said}}
	}
	var parts [3]float64
	for i, part := range m[1:] {
		if part != "" {
			parts[i], _ = strconv.ParseFloat(part, 64) // digits alone
		}
	}
	return text.Round12((parts[0]*3600 + parts[1]*60 + parts[2]) / 3600), nil
}

// sameUnit reports whether a number of which said is shown is one of the unit. Where the unit is one of a time, like
// t/d, that time may be left out: the column says it.
func sameUnit(unit, said string) bool {
	unit, said = list.PlainUnit(unit), list.PlainUnit(said)
	amount, _, _ := strings.Cut(unit, "/")
	return unit != "" && (said == unit || said == amount)
}

// unitOf is the unit of the numbers of a column, by its header; empty for none.
func unitOf(header string) string {
	if i := strings.LastIndexByte(header, '('); i >= 0 {
		unit := strings.TrimSuffix(header[i+1:], ")")
		if strings.Contains(header[:i], "日") && !strings.Contains(unit, "/") { // tonnes of a day
			unit += "/日"
		}
		return unit
	}
	switch {
	case strings.HasSuffix(header, "倍数"):
		return "倍"
	case header == "经度", header == "纬度":
		return "°"
	}
	return ""
}

// fits reports whether a column takes what the number format of a cell makes of it.
func fits(sheet, column, rule string) bool {
	switch form, known := formOf(sheet, column); {
	case !known || rule == markUnit: // texts show it, numbers look at it when they are read
		return true
	case rule == markDate:
		return form == list.Day
	case rule == markTime:
		return form == list.Number || column == "数值"
	}
	return false
}

// formOf is the form of a column, where people do not write freely.
func formOf(sheet, column string) (form list.Form, known bool) {
	sheet = list.BaseSheet(sheet)
	if freeColumn(sheet, column) {
		return 0, false
	}
	if sheet == list.SheetHead {
		switch column {
		case list.KeyFrom, list.KeyTo:
			return list.Day, true
		case list.TableEmission:
			return list.Number, true
		}
		return list.Free, true
	}
	form, ok := sheetNamed(sheet).form(column)
	return form, ok || column == list.ColumnOwner
}

// formatMarks are the marks that number formats make.
var formatMarks = []string{markDate, markTime, markHidden, markUnit}

func isFormatMark(rule string) bool { return slices.Contains(formatMarks, rule) }
