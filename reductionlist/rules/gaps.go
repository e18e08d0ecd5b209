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
	named map[[2]string]bool        // owners, and what rows gone astray may be called in 生产线或设备, folded
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
		of: map[ownColumn]bool{}, named: map[[2]string]bool{}, codes: map[string]bool{}, twins: map[[2]string]bool{},
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
	owners := ownersOf(j)
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
			g.codes[r.Lines[i].MeterID] = true
		}
		for i := range r.Measures {
			g.twins[[2]string{r.ID, r.Measures[i].ID}] = true
		}
		for _, at := range slices.Concat(rows.Lines, rows.Measures, rows.Units, rows.Furnaces) {
			column := list.SheetColumn{Sheet: list.BaseSheet(at.Sheet)}
			g.some[column] = true
			likely, near := owners.of(r.ID, at)
			for _, owner := range likely {
				g.of[ownColumn{owner, column}] = true
			}
			for _, owner := range append(near, likely...) {
				g.names(owner, r)
			}
		}
	}
	delete(g.codes, "")
}

// owners finds whose a row gone astray may be.
type owners struct {
	kept   map[list.Place]string
	list   *list.List
	known  map[string]bool
	rows   map[string]int // rows gone astray, by the id that is written there
	meant  map[string][]string
	looked int
}

func ownersOf(j *judge) *owners {
	o := &owners{kept: j.keptRows(), list: j.rd.List, known: map[string]bool{}, rows: map[string]int{},
		meant: map[string][]string{}}
	for _, r := range o.list.Recipients {
		o.known[r.ID] = true
	}
	for _, r := range j.rd.Astray {
		if j.rd.Rows[r].Recipient == (list.Place{}) {
			o.rows[r.ID]++
		}
	}
	return o
}

// of are the recipients that a row is likely one of, and those beside which it stands: one of those it may be if it
// says what they lack. An unknown id that stands in several rows is one that the list lacks, not one that was mistyped.
func (o *owners) of(written string, at list.Place) (likely, near []string) {
	if o.known[written] {
		return []string{written}, nil
	}
	above, below := at, at
	above.Row--
	below.Row++
	named := list.ValidID(written)
	upper, lower := o.kept[above], o.kept[below]
	if named {
		likely = o.alike(written)
	}
	if named && o.rows[written] > 1 {
		return likely, nil
	}
	for _, owner := range []string{upper, lower} {
		if owner != "" {
			near = append(near, owner)
		}
	}
	if upper != "" && (upper == lower || !named) { // a row that names nobody goes on from the one above
		likely = append(likely, upper)
	}
	return likely, near
}

// mostAlike bounds the different unknown ids that are set beside those of the list.
const mostAlike = 200

// confused are characters that look like others, and signs that people leave out.
var confused = strings.NewReplacer("-", "", "_", "", " ", "", "O", "0", "I", "1", "L", "1")

// alike are the recipients whose id an unknown one may have been meant for: that looks like it, or differs in one
// character where it stands in one row alone.
func (o *owners) alike(written string) []string {
	ids, done := o.meant[written]
	if done || o.looked >= mostAlike {
		return slices.Clone(ids)
	}
	o.looked++
	plain := func(id string) string { return confused.Replace(strings.ToUpper(text.Fold(id))) }
	w := plain(written)
	for _, r := range o.list.Recipients {
		if p := plain(r.ID); p == w || o.rows[written] == 1 && oneApart(w, p) {
			ids = append(ids, r.ID)
		}
	}
	o.meant[written] = ids
	return slices.Clone(ids)
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

// names takes up what a row gone astray may be called in the measures of an owner.
func (g *gaps) names(owner string, r *list.Recipient) {
	name := func(said, kind string) {
		if said = text.Fold(said); said != "" {
			for _, form := range []string{said, said + kind, strings.TrimSuffix(said, kind)} {
				g.named[[2]string{owner, form}] = true
			}
		}
	}
	for i := range r.Lines {
		name(r.Lines[i].ID, "")
		name(r.Lines[i].Name, "")
	}
	for i := range r.Units {
		name(r.Units[i].Name, "机组")
	}
	for i := range r.Furnaces {
		name(r.Furnaces[i].Name, "焚烧炉")
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
			func(part string) bool { return g.named[[2]string{f.Recipient, text.Fold(part)}] })
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
