package reductionlist

import "slices"

// gaps are the cells and rows that could not be read. What builds on them is not judged: one defect is told once, where it is.
type gaps struct {
	cells map[cellAt]bool // found wrong by an error
	rows  map[rowsOf]bool // a recipient has a row on the sheet with a gap
	sheet map[string]bool // the sheet has a gap somewhere
	whole map[string]bool // a row of the sheet was left out, or one of its columns
}

type cellAt struct {
	place
	column string
}

type rowsOf struct{ recipient, sheet string }

func (rd *reader) gaps() *gaps {
	g := &gaps{cells: map[cellAt]bool{}, rows: map[rowsOf]bool{}, sheet: map[string]bool{}, whole: map[string]bool{}}
	var lost []place
	for _, f := range rd.found {
		if f.Severity != SeverityError {
			continue
		}
		at := place{f.Sheet, f.Row}
		g.cells[cellAt{at, f.Column}] = true
		if r := ruleByName[f.Rule]; r == nil || r.lost {
			lost = append(lost, at)
			g.sheet[baseSheet(f.Sheet)] = true
		}
	}
	if len(lost) == 0 {
		return g
	}
	kept := rd.keptRows()
	for _, at := range lost {
		if recipient, ok := kept[at]; ok {
			g.rows[rowsOf{recipient, baseSheet(at.sheet)}] = true
		} else {
			g.whole[baseSheet(at.sheet)] = true
		}
	}
	return g
}

// baseSheet is the sheet that a further one, like 减排措施2, goes on from.
func baseSheet(sheet string) string {
	if measureSheet.MatchString(sheet) {
		return sheetMeasures
	}
	return sheet
}

// keptRows says of whom each row is that stands in the list. Units and furnaces have no place of their own here, so that a
// gap in one counts for its whole sheet.
func (rd *reader) keptRows() map[place]string {
	kept := map[place]string{}
	keep := func(key, recipient string) {
		if at, ok := rd.rowOf[key]; ok {
			kept[at] = recipient
		}
	}
	for _, r := range rd.list.Recipients {
		keep(recipientKey(r), r.ID)
		for i := range r.Lines {
			keep(lineKey(r.ID, r.Lines[i].ID), r.ID)
		}
		for i := range r.Measures {
			keep(measureKey(r.ID, &r.Measures[i]), r.ID)
		}
	}
	return kept
}

// hide reports whether a fault builds on a gap.
func (g *gaps) hide(f *Fault, at place) bool {
	if g.cells[cellAt{at, f.Column}] {
		return true
	}
	if len(g.sheet) == 0 {
		return false
	}
	r := ruleByName[f.Rule]
	return slices.ContainsFunc(r.across, func(s string) bool { return g.sheet[s] }) ||
		slices.ContainsFunc(r.beside, func(s string) bool { return g.whole[s] || g.rows[rowsOf{f.Recipient, s}] })
}
