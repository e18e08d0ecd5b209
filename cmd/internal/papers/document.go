package papers

import "strings"

// Document is a paper, in whatever form it is printed.
type Document struct {
	Title    string
	Lang     string
	class    string // of the body: what kind of paper, and how large its letters are
	points   float64
	sections []section
}

// section is pages of one size; it begins on a new one.
type section struct {
	paper  paper
	blocks []block
}

// paper is the size of a page in millimetres.
type paper struct {
	Name          string // as the style sheet has it
	Width, Height int
	Landscape     bool
}

var (
	a4     = paper{"a4", 210, 297, false}
	a4Wide = paper{"a4-wide", 297, 210, true}
	a3Wide = paper{"a3-wide", 420, 297, true}
)

// block is a heading, a paragraph or a table.
type block struct {
	kind  blockKind
	runs  []run
	table *table
}

type blockKind string

const (
	title   blockKind = "title"
	chapter blockKind = "chapter"
	heading blockKind = "heading"
	para    blockKind = "para"
	fine    blockKind = "fine"   // small print
	banner  blockKind = "banner" // what nobody may overlook
	tabular blockKind = "table"
)

// run is text of one look.
type run struct {
	Text string
	Bold bool
	Todo bool // a blank that says what belongs there
	Code *symbol
}

// table has columns with widths in percent; its first rows are repeated on each page.
type table struct {
	Cols []int
	Head int
	Rows [][]cell
}

// cell is one cell. Lines of its runs are broken at "\n".
type cell struct {
	Runs []run
	Head bool
	Hand bool // to be written into by hand
	Tall bool // with room for several lines
	Mid  bool // centred
	Span int  // columns; 0 is one
	Fill fill
}

// fill is the colour behind a cell.
type fill string

const (
	fillNone     fill = ""
	fillAdvisory fill = "advisory"
	fillYellow   fill = "yellow"
	fillOrange   fill = "orange"
	fillRed      fill = "red"
)

func (c cell) span() int { return max(c.Span, 1) }

func text(s string) []run { return []run{{Text: s}} }

func say(s string) cell { return cell{Runs: text(s)} }

func mid(s string) cell { return cell{Runs: text(s), Mid: true} }

func head(s string) cell { return cell{Runs: text(s), Head: true, Mid: true} }

func label(s string) cell { return cell{Runs: text(s), Head: true} }

// hand is a cell for handwriting.
func hand() cell { return cell{Hand: true} }

// heads is a row of column headings.
func heads(words ...string) []cell {
	row := make([]cell, len(words))
	for i, w := range words {
		row[i] = head(w)
	}
	return row
}

func wide(c cell, span int) cell { c.Span = span; return c }

func tall(c cell) cell { c.Tall = true; return c }

func (s *section) add(kind blockKind, runs ...run) {
	s.blocks = append(s.blocks, block{kind: kind, runs: runs})
}

func (s *section) say(kind blockKind, text string) { s.add(kind, run{Text: text}) }

func (s *section) rows(cols []int, head int, rows ...[]cell) {
	s.blocks = append(s.blocks, block{kind: tabular, table: &table{Cols: cols, Head: head, Rows: rows}})
}

// lines are the lines of a run's text.
func (r run) lines() []string { return strings.Split(strings.ReplaceAll(r.Text, "\r\n", "\n"), "\n") }
