package workbook

import (
	"slices"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// headerRows is how far down the header of a table is looked for.
const headerRows = 20

// table is one sheet while it is read: what stands above the header, the header of one or two rows, and what stands
// among and below the rows that count.
type table struct {
	rd   *reader
	src  rowSource
	want []headerColumn
	keep func(*row)

	above   []row // until the header is known
	parents []string
	names   []string // header of each column of the sheet as it stands there, empty where there is none
	at      []int    // column of each wanted one, -1 when the sheet lacks it
	note    int
	unknown []namedColumn
	header  int  // its last row; 0: not known
	open    bool // the row below may be the second one of the header

	unnamed map[int]bool // columns without a header that were reported
	hidden  [2]int       // a run of hidden rows
	merged  *mergeFiller
}

type headerColumn struct {
	name     string
	folded   string
	optional bool
	need     bool // a row of the list has it
	key      bool
}

type namedColumn struct {
	index int
	name  string
}

// read hands the rows that count to keep, and reports everything else.
func (t *table) read() error {
	t.unnamed, t.note = map[int]bool{}, -1
	if err := t.src.rows(t.row); err != nil {
		return err
	}
	if t.header == 0 {
		t.choose()
	}
	if t.open {
		t.settle(nil)
	}
	t.endHidden()
	switch {
	case t.header == 0 && len(t.above) == 0:
		t.rd.fail(t.place(0), "", "list.empty_sheet", nil)
	case t.header == 0:
		t.rd.fail(t.place(0), "", "list.no_header", refusal.Args{"rows": headerRows, "example": t.want[0].name})
	}
	return t.merged.failed()
}

func (t *table) place(n int) list.Place { return list.Place{Sheet: t.src.name(), Row: n} }

func (t *table) row(r *row) {
	if r.empty() && !r.wide {
		return
	}
	switch {
	case t.header == 0:
		kept := *r
		kept.cells, kept.marks = slices.Clone(r.cells), slices.Clone(r.marks)
		if t.above = append(t.above, kept); 2*t.matches(r) > len(t.want) || len(t.above) >= headerRows {
			t.choose()
		}
	case t.open:
		t.settle(r)
	default:
		t.below(r)
	}
}

// matches counts the wanted columns that a row names.
func (t *table) matches(r *row) int {
	n := 0
	for _, w := range t.want {
		if slices.ContainsFunc(r.cells, func(c string) bool { return c == w.name || text.Header(c) == w.folded }) {
			n++
		}
	}
	return n
}

// choose takes the row that names most columns for the header; what stands above it is a title.
func (t *table) choose() {
	best, most := -1, 1
	for i := range t.above {
		if n := t.matches(&t.above[i]); n > most {
			best, most = i, n
		}
	}
	if best < 0 {
		return
	}
	head, rest := t.above[best], t.above[best+1:]
	t.parents, t.header, t.open = head.cells, head.n, true
	for i := range rest {
		t.row(&rest[i])
	}
}

// settle ends the header, with the row below it where that row names columns which the header only groups:
// 日减排(吨) over SO2, NOx, PM, VOCs.
func (t *table) settle(below *row) {
	t.open = false
	t.names = slices.Clone(t.parents)
	second := below != nil && below.n == t.header+1 && t.second(below)
	if second {
		t.header = below.n
	}
	t.columns()
	if below != nil && !second {
		t.below(below)
	}
}

func (t *table) second(r *row) bool {
	have := map[string]bool{}
	for _, name := range t.parents {
		have[text.Header(name)] = true
	}
	missing := func(name string) bool {
		return !have[name] && slices.ContainsFunc(t.want, func(w headerColumn) bool { return w.folded == name })
	}
	names, group, found := slices.Clone(t.parents), "", 0
	for i := range max(len(r.cells), len(names)) {
		own, child := cell(t.parents, i), r.cell(i)
		if own != "" {
			group = own
		}
		if child == "" {
			continue
		}
		if slices.ContainsFunc(t.want, func(w headerColumn) bool { return w.folded == text.Header(own) }) {
			return false // there is something below a whole header: a row of the list
		}
		for len(names) <= i {
			names = append(names, "")
		}
		names[i] = group + child
		for _, full := range []string{child, child + group, group + child} {
			if missing(text.Header(full)) {
				names[i], found = full, found+1
				break
			}
		}
	}
	if found > 0 {
		t.names = names
	}
	return found > 0
}

// columns finds the wanted columns, reports missing and repeated ones, and gathers the unknown.
func (t *table) columns() {
	at := t.place(t.header)
	where := map[string]int{}
	for i, name := range t.names {
		if name == "" {
			continue
		}
		folded := text.Header(name)
		if _, twice := where[folded]; twice {
			t.rd.fail(at, name, "list.column_twice", nil)
			t.names[i] = ""
			t.unnamed[i] = true
			continue
		}
		where[folded] = i
	}
	t.at = make([]int, len(t.want))
	known := map[int]bool{}
	for i, w := range t.want {
		t.at[i] = -1
		if j, ok := where[w.folded]; ok {
			t.at[i], t.names[j], known[j] = j, w.name, true
		} else if !w.optional {
			t.rd.fail(at, w.name, "list.no_column", nil)
			t.rd.Lacks[list.SheetColumn{Sheet: at.Sheet, Header: w.name}] = true
		}
	}
	if j, ok := where[list.ColumnNote]; ok {
		t.note, known[j] = j, true
	}
	for i, name := range t.names {
		if name != "" && !known[i] {
			t.unknown = append(t.unknown, namedColumn{i, name})
		}
	}
	t.merged = &mergeFiller{src: t.src}
	for i, name := range t.names {
		if name != "" && t.src.hiddenColumn(i) {
			t.rd.warn(at, name, "list.hidden_column", nil)
		}
	}
}

// below is a row under the header: one of the list, or something else that people put there.
func (t *table) below(r *row) {
	t.merged.fill(t, r)
	at := t.place(r.n)
	switch {
	case t.again(r):
		t.rd.warn(at, "", "list.header_again", nil)
		return
	case t.stray(r):
		i := slices.IndexFunc(r.cells, func(c string) bool { return c != "" })
		t.rd.warn(at, cell(t.names, i), "list.stray_row", refusal.Args{"value": text.Clip(r.cell(i))})
		return
	}
	t.hide(r)
	for i, c := range r.cells {
		if c != "" && cell(t.names, i) == "" && !t.unnamed[i] {
			t.unnamed[i] = true
			t.rd.warn(at, "", "list.unnamed_column", refusal.Args{"letter": columnLetters(i), "value": text.Clip(c)})
		}
	}
	if r.wide && !t.unnamed[maxColumns] {
		t.unnamed[maxColumns] = true
		t.rd.warn(at, "", "list.too_wide", refusal.Args{"columns": maxColumns})
	}
	for _, m := range r.marks {
		if name := cell(t.names, m.column); name != "" {
			t.rd.mark(at, name, m)
		}
	}
	t.keep(r)
}

// again reports whether the row is the header once more, as it stands on every page that is printed.
func (t *table) again(r *row) bool {
	same, have := 0, 0
	for i, c := range r.cells {
		if c == "" {
			continue
		}
		if have++; c == cell(t.names, i) || text.Header(c) == text.Header(cell(t.names, i)) {
			same++
		}
		if have > 2 && same == 0 {
			return false
		}
	}
	return same >= 2 && 2*same > have
}

// stray reports whether the row is a note, a signature or a sum: nothing of what every row of the list has stands in
// it, or one text stands where the id belongs and next to nothing else.
func (t *table) stray(r *row) bool {
	key, needed, filled, full := "", 0, 0, 0
	for i, w := range t.want {
		if t.at[i] < 0 || !w.need {
			continue
		}
		needed++
		c := r.cell(t.at[i])
		if w.key && key == "" {
			key = c
		}
		if c != "" {
			filled++
		}
	}
	for _, c := range r.cells {
		if c != "" {
			full++
		}
	}
	switch {
	case needed == 0 || full == 0:
		return false
	case filled == 0:
		return true
	case key == "" || list.ValidID(text.Narrow(key)):
		return false
	}
	return slices.Contains([]string{"合计", "总计", "小计", "共计", "总和"}, text.Header(key)) || filled == 1 && full <= 2
}

// hide gathers hidden rows of the list into runs: a filter hides many.
func (t *table) hide(r *row) {
	if !r.hidden || t.hidden[1] != 0 && r.n != t.hidden[1]+1 {
		t.endHidden()
	}
	if !r.hidden {
		return
	}
	if t.hidden[0] == 0 {
		t.hidden[0] = r.n
	}
	t.hidden[1] = r.n
}

func (t *table) endHidden() {
	if t.hidden[0] != 0 {
		t.rd.warn(t.place(t.hidden[0]), "", "list.hidden_row", refusal.Args{"last": t.hidden[1]})
	}
	t.hidden = [2]int{}
}

func columnLetters(i int) string {
	text := ""
	for i++; i > 0; i = (i - 1) / 26 {
		text = string(rune('A'+(i-1)%26)) + text
	}
	return text
}
