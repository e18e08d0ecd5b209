package workbook

import (
	"slices"
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// A row gets its place in the list here. A row goes astray whose key says nothing, or says what another row says
// already.

// twice reports a key that was seen before and remembers it otherwise.
func (rd *reader) twice(at list.Place, column, kind, id, key string) bool {
	if id == "" { // which is told as such
		return false
	}
	k, here := kind+"\x00"+key, list.Cell{Place: at, Column: column}
	if first, seen := rd.first[k]; seen {
		rd.report(at, column, &problem{rule: "list.duplicate", typed: id,
			args:   refusal.Args{"value": strings.ReplaceAll(key, "\x00", " "), "sheet": first.Sheet, "first": first.Row},
			places: []list.Cell{first, here}})
		return true
	}
	rd.first[k] = here
	return false
}

// dittos are what people write for "as above".
var dittos = []string{"同上", "同前", "上同", "同", "〃", "″", "〞", "\"", "“", "”", "''"}

// ditto reports a key that only points at the row above.
func (rd *reader) ditto(at list.Place, column, key string) bool {
	if !slices.Contains(dittos, text.Fold(key)) {
		return false
	}
	rd.fail(at, column, "list.ditto", refusal.Args{"value": key})
	return true
}

// owner finds the recipient a row belongs to. The rules say that an id has the wrong form.
func (rd *reader) owner(at list.Place, id string) *list.Recipient {
	r := rd.byID[id]
	if r == nil && list.ValidID(id) && !rd.noRecipients && len(rd.byID) > 0 {
		here := list.Cell{Place: at, Column: list.ColumnOwner}
		first, seen := rd.alien[id]
		if !seen {
			first, rd.alien[id] = here, here
		}
		rd.report(at, list.ColumnOwner, &problem{rule: "list.unknown_recipient", typed: id,
			args: refusal.Args{"recipient": id}, places: []list.Cell{first}})
	}
	return r
}

// stray is where a row goes that has no place in the list.
func (rd *reader) stray(owner string) (*list.Recipient, *list.Rows) {
	r, rows := &list.Recipient{ID: owner}, &list.Rows{}
	rd.Astray, rd.Rows[r] = append(rd.Astray, r), rows
	return r, rows
}

func (rd *reader) recipient(v sheetRow[list.Recipient]) {
	r := v.row
	if r.Contact != nil && *r.Contact == (list.Contact{}) {
		r.Contact = nil
	}
	rows := &list.Rows{Recipient: v.at}
	rd.Rows[r] = rows
	if r.ID == "" || v.ditto || rd.twice(v.at, "编号", "recipient", r.ID, r.ID) {
		rd.Astray = append(rd.Astray, r)
		return
	}
	rd.byID[r.ID] = r
	rd.List.Recipients = append(rd.List.Recipients, r)
}

// home is the recipient that a row belongs to, unless the row says what another one says already.
func home[T any](rd *reader, v sheetRow[T], again func() bool) (*list.Recipient, *list.Rows) {
	if r := rd.owner(v.at, v.owner); r != nil && !v.ditto && !again() {
		return r, rd.Rows[r]
	}
	return rd.stray(v.owner)
}

func (rd *reader) line(v sheetRow[list.Line]) {
	r, rows := home(rd, v, func() bool { return rd.twice(v.at, "编号", list.SheetLines, v.row.ID, v.owner+"\x00"+v.row.ID) })
	r.Lines, rows.Lines = append(r.Lines, *v.row), append(rows.Lines, v.at)
}

func (rd *reader) measure(v sheetRow[list.Measure]) {
	assemble(v.row, v.cell, func(column string, p *problem) {
		p.typed = v.cell(column).text
		rd.report(v.at, column, p)
	})
	rd.loose(v)
	r, rows := home(rd, v, func() bool {
		for i, l := range v.row.Levels {
			if !slices.Contains(v.row.Levels[:i], l) &&
				rd.twice(v.at, "措施编号", list.SheetMeasures, v.row.ID, v.owner+"\x00"+v.row.ID+"\x00"+list.LevelWords.Word(l)) {
				return true
			}
		}
		return false
	})
	r.Measures, rows.Measures = append(r.Measures, *v.row), append(rows.Measures, v.at)
}

// loose keeps the unit of a row whose number could not be read. A number that has a unit behind it is told with that.
func (rd *reader) loose(v sheetRow[list.Measure]) {
	unit := text.Narrow(v.cell("单位").text)
	number, behind := v.cell("数值").split()
	if v.row.Quantity == nil && unit != "" && (number == "" || behind == "") && len(rd.Loose) < maxBlank {
		rd.Loose = append(rd.Loose, list.LooseUnit{Place: v.at, Action: v.row.Action, Unit: unit})
	}
}

func never() bool { return false }

func (rd *reader) unit(v sheetRow[list.Unit]) {
	r, rows := home(rd, v, never)
	r.Units, rows.Units = append(r.Units, *v.row), append(rows.Units, v.at)
}

func (rd *reader) furnace(v sheetRow[list.Furnace]) {
	r, rows := home(rd, v, never)
	r.Furnaces, rows.Furnaces = append(r.Furnaces, *v.row), append(rows.Furnaces, v.at)
}

func (rd *reader) pit(v sheetRow[list.Pit]) {
	r, rows := home(rd, v, func() bool { return rd.twice(v.at, list.ColumnOwner, list.SheetPits, v.owner, v.owner) })
	r.Pit, rows.Pit = v.row, v.at
}
