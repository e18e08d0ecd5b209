package rules

import (
	"slices"
	"strings"

	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// gaps are the cells and rows that could not be read. A fault that may be one only because of a gap is not told: one
// defect is told once, where it is. Every other fault is, however much is wrong beside it.
type gaps struct {
	cells map[list.Cell]bool        // found wrong by an error
	whole map[list.SheetColumn]bool // nothing of the column could be read; of the sheet, without a header
	some  map[list.SheetColumn]bool // a cell of the column could not; a row went astray, without a header
	of    map[ownColumn]bool        // the same, of one recipient
	named map[string]bool           // what rows gone astray may be called in 生产线或设备, folded
	codes map[string]bool           // stations and meters that stand in rows gone astray
	twins map[[2]string]bool        // owners and ids of measures that stand in rows gone astray
	towns map[string]bool           // names of rows that may be a town's
	town  bool                      // a row that may be a town's has no name
}

type ownColumn struct {
	recipient string
	list.SheetColumn
}

func (j *judge) gaps() *gaps {
	g := &gaps{cells: map[list.Cell]bool{}, whole: map[list.SheetColumn]bool{}, some: map[list.SheetColumn]bool{},
		of: map[ownColumn]bool{}, named: map[string]bool{}, codes: map[string]bool{}, twins: map[[2]string]bool{},
		towns: map[string]bool{}}
	var lost []list.Cell
	for i := range j.found {
		f := &j.found[i]
		if f.Severity != mistake {
			continue
		}
		at := list.Cell{Place: list.Place{Sheet: f.Sheet, Row: f.Row}, Column: f.Column}
		g.cells[at] = true
		switch r := ruleByName[f.Rule]; {
		case r != nil && !r.lost:
		case f.Row == 0 || f.Rule == "list.no_column":
			g.whole[list.SheetColumn{Sheet: list.BaseSheet(f.Sheet), Header: f.Column}] = true
		default:
			lost = append(lost, at)
		}
	}
	if len(lost) > 0 {
		g.lose(lost, j.keptRows())
	}
	for _, r := range j.rd.List.Recipients {
		if r.Type == "" {
			g.mayBeTown(r)
		}
	}
	if len(j.rd.Astray) > 0 {
		g.astray(j)
	}
	return g
}

// lose takes up cells that could not be read.
func (g *gaps) lose(lost []list.Cell, kept map[list.Place]string) {
	for _, at := range lost {
		column := list.SheetColumn{Sheet: list.BaseSheet(at.Sheet), Header: at.Column}
		if owner, ok := kept[at.Place]; ok {
			g.of[ownColumn{owner, column}] = true
		}
		g.some[column] = true
	}
}

// astray takes up the rows that have no place in the list, with what they would have said.
func (g *gaps) astray(j *judge) {
	known := map[string]bool{}
	for _, r := range j.rd.List.Recipients {
		known[r.ID] = true
	}
	kept := j.keptRows()
	alike := alikeIDs(j.rd.List)
	for _, r := range j.rd.Astray {
		rows := j.rd.Rows[r]
		if rows.Recipient != (list.Place{}) {
			g.some[list.SheetColumn{Sheet: list.SheetRecipients}] = true
			g.mayBeTown(r)
		}
		for _, code := range slices.Concat(r.Stations(), r.Meters()) {
			g.codes[code] = true
		}
		for i := range r.Lines {
			g.name(r.Lines[i].ID, "")
			g.name(r.Lines[i].Name, "")
			g.codes[r.Lines[i].MeterID] = true
		}
		for i := range r.Measures {
			g.twins[[2]string{r.ID, r.Measures[i].ID}] = true
		}
		for i := range r.Units {
			g.name(r.Units[i].Name, "机组")
		}
		for i := range r.Furnaces {
			g.name(r.Furnaces[i].Name, "焚烧炉")
		}
		for _, at := range slices.Concat(rows.Lines, rows.Measures, rows.Units, rows.Furnaces) {
			column := list.SheetColumn{Sheet: list.BaseSheet(at.Sheet)}
			g.some[column] = true
			owners := []string{r.ID}
			if !known[r.ID] {
				owners = append(alike(r.ID), between(kept, at, r.ID)...)
			}
			for _, owner := range owners {
				g.of[ownColumn{owner, column}] = true
			}
		}
	}
	delete(g.codes, "")
}

// between is whose a row of an unknown owner is where the rows above and below are one recipient's, or where it names
// nobody and so goes on from the row above.
func between(kept map[list.Place]string, at list.Place, written string) []string {
	above, below := at, at
	above.Row--
	below.Row++
	owner, ok := kept[above]
	if ok && (owner == kept[below] || !list.ValidID(written)) {
		return []string{owner}
	}
	return nil
}

// mostAlike bounds the different unknown ids that are set beside those of the list.
const mostAlike = 200

// alikeIDs finds the recipients whose id an unknown one may have been meant for: that differs in one character, in
// signs between them or in their case.
func alikeIDs(l *list.List) func(written string) []string {
	found := map[string][]string{}
	plain := func(id string) string {
		return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToUpper(text.Fold(id)))
	}
	return func(written string) []string {
		ids, done := found[written]
		if done || written == "" || len(found) >= mostAlike {
			return slices.Clone(ids)
		}
		w := plain(written)
		for _, r := range l.Recipients {
			if oneApart(w, plain(r.ID)) {
				ids = append(ids, r.ID)
			}
		}
		found[written] = ids
		return slices.Clone(ids)
	}
}

// oneApart reports whether two texts are the same but for one character.
func oneApart(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1
}

func (g *gaps) name(said, kind string) {
	if said = text.Fold(said); said != "" {
		g.named[said], g.named[said+kind], g.named[strings.TrimSuffix(said, kind)] = true, true, true
	}
}

func (g *gaps) mayBeTown(r *list.Recipient) {
	switch {
	case r.Type != list.Town && r.Type != "":
	case r.Name == "":
		g.town = true
	default:
		g.towns[r.Name] = true
	}
}

// keptRows says whose each row of the list is.
func (j *judge) keptRows() map[list.Place]string {
	if j.kept != nil {
		return j.kept
	}
	j.kept = map[list.Place]string{}
	for _, r := range j.rd.List.Recipients {
		rows := j.rd.Rows[r]
		j.kept[rows.Recipient], j.kept[rows.Pit] = r.ID, r.ID
		for _, places := range [][]list.Place{rows.Lines, rows.Measures, rows.Units, rows.Furnaces} {
			for _, at := range places {
				j.kept[at] = r.ID
			}
		}
	}
	delete(j.kept, list.Place{}) // of those without a pit
	return j.kept
}

// hide reports whether a fault may be one only because of a gap.
func (g *gaps) hide(f *Fault, at list.Cell) bool {
	if g.cells[at] {
		return true
	}
	r := ruleByName[f.Rule]
	pollutant, _ := f.Args["pollutant"].(string)
	for _, n := range r.across {
		if concerns(n, pollutant) && (g.whole[list.SheetColumn{Sheet: n.Sheet}] || g.whole[n] || g.some[n]) {
			return true
		}
	}
	for _, n := range r.beside {
		if concerns(n, pollutant) &&
			(g.whole[list.SheetColumn{Sheet: n.Sheet}] || g.whole[n] || g.of[ownColumn{f.Recipient, n}]) {
			return true
		}
	}
	value, _ := f.Args["value"].(string)
	switch f.Rule {
	case "list.level_weaker": // which of two rows with one id holds is open
		return g.twins[[2]string{f.Recipient, f.at.r.Measures[f.at.i].ID}]
	case "list.unknown_town":
		town, _ := f.Args["town"].(string)
		return g.town || g.towns[town]
	case "list.unknown_channel":
		return g.codes[value]
	case "list.unknown_line":
		return slices.ContainsFunc(append(text.Codes(value), value),
			func(part string) bool { return g.named[text.Fold(part)] })
	}
	return false
}

// concerns reports whether a column says something of a pollutant, which is empty where all do; only columns of masses
// are of one.
func concerns(c list.SheetColumn, pollutant string) bool {
	name, amount := strings.CutSuffix(c.Header, "日减排(吨)")
	if !amount {
		name, amount = strings.CutSuffix(c.Header, "日排放(吨)")
	}
	return !amount || pollutant == "" || slices.Contains(strings.Split(pollutant, "+"), name)
}
