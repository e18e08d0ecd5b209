package reductionlist

import (
	"regexp"
	"slices"
	"strings"

	"qingkong/reductionlist/internal/text"
)

// Place is where a row stands: the sheet as the file names it, and the row as the spreadsheet program counts it. Row 0
// is the whole sheet.
type Place struct {
	Sheet string `json:"sheet"`
	Row   int    `json:"row"`
}

// Cell is one cell of a file.
type Cell struct {
	Place
	Column string `json:"column"`
}

// Rows says where the rows of one recipient stand; its slices run beside those of the recipient.
type Rows struct {
	Recipient, Pit                   Place
	Lines, Measures, Units, Furnaces []Place
}

// Reading is a list as it stands in a file: what could be read, where each row of it stands, and what could not be
// read. Whether the values are any good is for the rules to say.
type Reading struct {
	List *List
	Rows map[*Recipient]*Rows
	// Astray are rows that have no place in the list, for their key is no key, somebody else's or taken already: each
	// alone in a recipient of its own, whose other rows stand nowhere.
	Astray []*Recipient
	// Head says where the keys of 基本情况 stand, on a sheet of the name HeadSheet; nil where there is no such sheet.
	Head      map[string]int
	HeadSheet string
	// Blank are cells without the number that every row has there: in the list it looks like zero.
	Blank []Cell
	// Loose are the units of amounts without a number that could be read: the list has no amount there.
	Loose []LooseUnit
	Found Findings // what could not be read
	Lacks map[SheetColumn]bool
}

// LooseUnit is the unit in the row of a measure whose number could not be read.
type LooseUnit struct {
	Place
	Action Action
	Unit   string
}

// SheetColumn is a column of a sheet, both as the file names them.
type SheetColumn struct{ Sheet, Header string }

// Sort is [List.Sort] with the places.
func (rd *Reading) Sort() {
	for _, r := range rd.List.Recipients {
		at := rd.Rows[r]
		for i := range r.Measures {
			r.Measures[i].SortLevels()
		}
		sortBeside(r.Lines, at.Lines, lineOrder)
		sortBeside(r.Measures, at.Measures, measureOrder)
		sortBeside(r.Units, at.Units, unitOrder)
		sortBeside(r.Furnaces, at.Furnaces, furnaceOrder)
	}
	rd.List.Sort()
}

// sortBeside sorts rows and moves their places along.
func sortBeside[T any](rows []T, at []Place, order func(a, b T) int) {
	if slices.IsSortedFunc(rows, order) {
		return
	}
	by := make([]int, len(rows))
	for i := range by {
		by[i] = i
	}
	slices.SortStableFunc(by, func(i, j int) int { return order(rows[i], rows[j]) })
	was, stood := slices.Clone(rows), slices.Clone(at)
	for to, from := range by {
		rows[to], at[to] = was[from], stood[from]
	}
}

// BaseSheet is the sheet that a further one, like 减排措施2, goes on from.
func BaseSheet(sheet string) string {
	name := text.Trim(sheet)
	if rest, ok := strings.CutPrefix(name, SheetMeasures); ok && furtherSheet.MatchString(rest) {
		return SheetMeasures
	}
	return name
}

var furtherSheet = regexp.MustCompile(`^([2-9]|[1-9][0-9]+)?$`)
