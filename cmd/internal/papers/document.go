package papers

import (
	"strconv"
	"strings"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// document is a paper, whatever form it is printed in.
type document struct {
	Title    string
	Lang     string
	Class    string  // of the body: what kind of paper, and how large its letters are
	points   float64 // size of its letters in .docx
	Sections []section
}

// section is pages of one size; it begins on a new one.
type section struct {
	Paper  paper
	Blocks []block
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

// block is a heading, a paragraph or, where Table is set, a table.
type block struct {
	Kind  blockKind
	Runs  []run
	Table *table
}

type blockKind string

const (
	title   blockKind = "title"
	chapter blockKind = "chapter"
	heading blockKind = "heading"
	para    blockKind = "para"
	fine    blockKind = "fine"   // small print
	banner  blockKind = "banner" // what nobody may overlook
)

// run is text of one look, or a QR code.
type run struct {
	Text string
	Bold bool
	Todo bool // a blank that says what belongs there
	Code *symbol
}

// Lines are the lines of a run's text.
func (r run) Lines() []string { return strings.Split(strings.ReplaceAll(r.Text, "\r\n", "\n"), "\n") }

// table has columns with widths in percent; its head, nil for none, is repeated on each page.
type table struct {
	Cols []int
	Head []cell
	Rows [][]cell
}

// cell is one cell. Lines of its runs are broken at "\n".
type cell struct {
	Runs []run
	Head bool
	Hand bool         // to be written into by hand
	Tall bool         // with room for several lines
	Mid  bool         // centred
	Span int          // columns; 0 is one
	Fill alerts.Level // in whose colour it stands; empty for none
}

// Class is how the cell looks in HTML.
func (c cell) Class() string {
	var names []string
	for _, look := range []struct {
		name string
		has  bool
	}{{"hand", c.Hand}, {"tall", c.Tall}, {"mid", c.Mid}, {"level-" + string(c.Fill), c.Fill != ""}} {
		if look.has {
			names = append(names, look.name)
		}
	}
	return strings.Join(names, " ")
}

func of(r run) cell { return cell{Runs: []run{r}} }

func say(s string) cell { return of(run{Text: s}) }

func mid(s string) cell { return centred(say(s)) }

func count(n int) cell { return mid(strconv.Itoa(n)) }

// hand is a cell for handwriting.
func hand() cell { return cell{Hand: true} }

func centred(c cell) cell { c.Mid = true; return c }

func headed(c cell) cell { c.Head = true; return c }

func wide(c cell, span int) cell { c.Span = span; return c }

func tall(c cell) cell { c.Tall = true; return c }

// builder builds a paper about one recipient, section by section.
type builder struct {
	words
	f        Facts
	r        *reductionlist.Recipient
	sections []section
	chapters int
}

func newBuilder(f Facts) *builder { return &builder{words: words{f.Lang}, f: f, r: f.Recipient} }

// begin begins a section, to which everything goes that is added after it.
func (b *builder) begin(size paper) { b.sections = append(b.sections, section{Paper: size}) }

func (b *builder) block(one block) {
	s := &b.sections[len(b.sections)-1]
	s.Blocks = append(s.Blocks, one)
}

func (b *builder) add(kind blockKind, runs ...run) { b.block(block{Kind: kind, Runs: runs}) }

// say adds a block with a text of the catalogue.
func (b *builder) say(kind blockKind, rule string, args ...any) { b.add(kind, b.run(rule, args...)) }

func (b *builder) table(cols []int, head []cell, rows [][]cell) {
	b.block(block{Table: &table{cols, head, rows}})
}

// markExample warns of a paper that must not be taken for a real one.
func (b *builder) markExample() {
	if b.f.example() {
		b.say(banner, "example")
	}
}

// The parts below hold a text of the catalogue.

func (b *builder) run(rule string, args ...any) run { return run{Text: b.t(rule, args...)} }

func (b *builder) cell(rule string, args ...any) cell { return of(b.run(rule, args...)) }

func (b *builder) label(rule string, args ...any) cell { return headed(b.cell(rule, args...)) }

func (b *builder) head(rule string, args ...any) cell { return centred(b.label(rule, args...)) }

func (b *builder) heads(rules ...string) []cell {
	row := make([]cell, len(rules))
	for i, rule := range rules {
		row[i] = b.head(rule)
	}
	return row
}

// todo is a blank where the list says nothing.
func (b *builder) todo() run { return run{Text: b.t("todo"), Todo: true} }

// orRun is what the list says, or a blank.
func (b *builder) orRun(said string) run {
	if said == "" {
		return b.todo()
	}
	return run{Text: said}
}

// or is what the list says, or a blank.
func (b *builder) or(said string) cell { return of(b.orRun(said)) }

// dash is for what is nothing rather than unknown.
func dash(said string) cell {
	if said == "" {
		return say("—")
	}
	return say(said)
}

// contact is part of the contact, or why it does not stand here.
func (b *builder) contact(part string) cell {
	switch b.f.Contact.State {
	case Erased:
		return of(run{Text: b.t("erased"), Todo: true})
	case Withheld:
		return of(run{Text: b.t("withheld"), Todo: true})
	}
	return b.or(part)
}
