package rules

import (
	"slices"

	list "qingkong/reductionlist"
)

// gaps are the cells and rows that could not be read. Nothing that builds on them is judged: one defect is told once,
// where it is.
type gaps struct {
	cells map[list.Cell]bool // found wrong by an error
	rows  map[rowsOf]bool    // a recipient has a row on the sheet with a gap
	sheet map[string]bool    // the sheet has a gap somewhere
	whole map[string]bool    // a row of the sheet was left out, or one of its columns
}

type rowsOf struct{ recipient, sheet string }

func (j *judge) gaps() *gaps {
	g := &gaps{cells: map[list.Cell]bool{}, rows: map[rowsOf]bool{}, sheet: map[string]bool{}, whole: map[string]bool{}}
	var lost []list.Place
	for i := range j.found {
		f := &j.found[i]
		if f.Severity != mistake {
			continue
		}
		at := list.Place{Sheet: f.Sheet, Row: f.Row}
		g.cells[list.Cell{Place: at, Column: f.Column}] = true
		if r := ruleByName[f.Rule]; r == nil || r.lost {
			lost = append(lost, at)
			g.sheet[list.BaseSheet(f.Sheet)] = true
		}
	}
	if len(lost) == 0 {
		return g
	}
	kept := j.keptRows()
	for _, at := range lost {
		if recipient, ok := kept[at]; ok {
			g.rows[rowsOf{recipient, list.BaseSheet(at.Sheet)}] = true
		} else {
			g.whole[list.BaseSheet(at.Sheet)] = true
		}
	}
	return g
}

// keptRows says whose each row of the list is.
func (j *judge) keptRows() map[list.Place]string {
	kept := map[list.Place]string{}
	for _, r := range j.rd.List.Recipients {
		rows := j.rd.Rows[r]
		kept[rows.Recipient], kept[rows.Pit] = r.ID, r.ID
		for _, places := range [][]list.Place{rows.Lines, rows.Measures, rows.Units, rows.Furnaces} {
			for _, at := range places {
				kept[at] = r.ID
			}
		}
	}
	delete(kept, list.Place{}) // of those without a pit
	return kept
}

// hide reports whether a fault builds on a gap.
func (g *gaps) hide(f *Fault, at list.Cell) bool {
	if g.cells[at] {
		return true
	}
	if len(g.sheet) == 0 {
		return false
	}
	r := ruleByName[f.Rule]
	return slices.ContainsFunc(r.across, func(s string) bool { return g.sheet[s] }) ||
		slices.ContainsFunc(r.beside, func(s string) bool { return g.whole[s] || g.rows[rowsOf{f.Recipient, s}] })
}
