package rules

import (
	"cmp"
	"maps"
	"slices"

	list "qingkong/reductionlist"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Judge finds everything that is wrong in a list that was read from a file, with its place: what could not be read,
// then what each row shows by itself, both in the order of the file, then what only shows across rows. One defect is
// told once, where it is: what may seem wrong only because a cell or a row could not be read is not told, and rows that
// have one fault in common are one finding. Nobody can read more
// findings than the bound of [reductionlist.Findings].
func Judge(rd *list.Reading, s Settings) []list.Finding {
	j := judge{rd: rd, wrong: map[list.Cell]bool{}}
	for _, f := range rd.Found {
		if f.Severity == mistake {
			j.wrong[list.Cell{Place: list.Place{Sheet: f.Sheet, Row: f.Row}, Column: f.Column}] = true
		}
	}
	c := checker{s: &s, rows: rd.Rows}
	c.lost = func(column string) bool { return j.wrong[list.Cell{Place: j.place(c.here), Column: column}] }
	j.found = slices.Clone(rd.Found)
	j.blank()
	if rd.Head != nil {
		c.head(rd.List)
		j.take(&c)
	}
	for _, r := range slices.Concat(rd.List.Recipients, rd.Astray) {
		c.own(r, rd.Rows[r])
		j.take(&c)
	}
	j.loose()
	j.order()
	if len(rd.List.Recipients) == 0 {
		if rd.Head == nil {
			c.list("", "list.empty", map[string]any{"value": 0})
			j.take(&c)
		}
		return j.found.Grouped()
	}
	g := j.gaps()
	c.beside(rd.List, rd.Astray)
	for i := range c.faults {
		f := &c.faults[i]
		at := j.cell(f)
		if !g.hide(f, at) {
			j.tell(f, at)
		}
	}
	return j.found.Grouped()
}

// judge makes findings of faults.
type judge struct {
	rd    *list.Reading
	wrong map[list.Cell]bool // cells that could not be read
	found list.Findings
	kept  map[list.Place]string // whose each row of the list is, once it was asked for
}

// take makes findings of what rows show by themselves.
func (j *judge) take(c *checker) {
	for i := range c.faults {
		f := &c.faults[i]
		at := j.cell(f)
		if !j.wrong[at] {
			j.tell(f, at)
		}
	}
	c.faults = c.faults[:0]
}

// tell makes a finding of a fault, unless the file lacks the whole column.
func (j *judge) tell(f *Fault, at list.Cell) {
	if j.rd.Lacks[list.SheetColumn{Sheet: at.Sheet, Header: at.Column}] {
		return
	}
	found := list.Finding{Severity: f.Severity, Sheet: at.Sheet, Row: at.Row, Column: f.Column, Rule: f.Rule, Args: f.Args}
	if r := ruleByName[f.Rule]; at.Row > 0 && !r.private {
		found.Value = valueAt(j.rd.List, f.at, f.Column)
	}
	if f.first.sheet != "" {
		found.Places = []list.Cell{{Place: j.place(f.first), Column: f.firstColumn}}
		if found.Places[0] != at && !f.firstTold {
			found.Places = append(found.Places, at)
		}
	}
	j.found.Put(found)
}

// blank tells the cells without a number that has to be there.
func (j *judge) blank() {
	var found cellFaults
	for _, at := range j.rd.Blank {
		found = found[:0]
		required(at.Column, &found)
		j.found.Add(found[0].grade(), at.Sheet, at.Row, at.Column, found[0].rule, found[0].args)
	}
}

// loose tells the units that an action does not take, of amounts that have no number.
func (j *judge) loose() {
	var found cellFaults
	for _, u := range j.rd.Loose {
		found = found[:0]
		ownUnit(u.Action, u.Unit, &found)
		for _, f := range found {
			j.found.Put(list.Finding{Severity: f.grade(), Sheet: u.Sheet, Row: u.Row, Column: f.column, Value: u.Unit,
				Rule: f.rule, Args: f.args})
		}
	}
}

func (j *judge) cell(f *Fault) list.Cell {
	return list.Cell{Place: j.place(f.at), Column: f.Column}
}

// place is where a row stands in the file, of 基本情况 the row of a key.
func (j *judge) place(at rowRef) list.Place {
	rows := j.rd.Rows[at.r]
	if rows == nil {
		if at.key != "" && j.rd.Head != nil {
			return list.Place{Sheet: j.rd.HeadSheet, Row: j.rd.Head[at.key]}
		}
		return list.Place{Sheet: list.SheetHead}
	}
	switch at.sheet {
	case list.SheetLines:
		return rows.Lines[at.i]
	case list.SheetMeasures:
		return rows.Measures[at.i]
	case list.SheetUnits:
		return rows.Units[at.i]
	case list.SheetFurnaces:
		return rows.Furnaces[at.i]
	case list.SheetPits:
		return rows.Pit
	}
	return rows.Recipient
}

// order brings the findings into the order of the file; of one row what could not be read comes first.
func (j *judge) order() {
	sheets := []string{list.SheetHead, list.SheetRecipients, list.SheetMeasures, list.SheetLines, list.SheetUnits,
		list.SheetFurnaces, list.SheetPits}
	rank := func(f *list.Finding) int {
		if f.Row == 0 {
			return -1 // what is wrong with a whole sheet, as it was found
		}
		return slices.Index(sheets, list.BaseSheet(f.Sheet))
	}
	slices.SortStableFunc(j.found, func(a, b list.Finding) int {
		x, y := rank(&a), rank(&b)
		if x != y || x < 0 {
			return cmp.Compare(x, y)
		}
		return cmp.Or(cmp.Compare(len(a.Sheet), len(b.Sheet)), cmp.Compare(a.Sheet, b.Sheet), cmp.Compare(a.Row, b.Row))
	})
}
