package workbook

import (
	"cmp"
	"slices"

	"qingkong/alerts/refusal"
)

// mergeFiller gives the cells that a merged range covers the text of its first one. The ranges stand behind the rows in
// the file, so they are looked up only when a cell is empty that may not be.
type mergeFiller struct {
	src    rowSource
	looked bool
	spans  []merge  // of more than one row, by the first, and not yet reached
	active []merge  // those the row at hand may lie in
	last   []anchor // by column, the last text that was read
	err    error
}

type anchor struct {
	row  int
	text string
	rule string // what its number format makes of it, where its column may take that
	said bool   // that its range is used
}

func (m *mergeFiller) failed() error {
	if m == nil {
		return nil
	}
	return m.err
}

// fill completes a row of a table.
func (m *mergeFiller) fill(t *table, r *row) {
	for i, w := range t.want {
		if j := t.at[i]; j >= 0 && w.need && r.cell(j) == "" && !r.marked(j) {
			m.look()
			break
		}
	}
	m.reach(r.n)
	for _, s := range m.active {
		if r.n <= s.top || s.left >= len(m.last) || cell(t.names, s.left) == "" {
			continue
		}
		from := &m.last[s.left]
		if from.row != s.top || r.cell(s.left) != "" {
			continue
		}
		r.set(s.left, from.text)
		if from.rule != "" {
			r.marks = append(r.marks, cellMark{s.left, from.rule, from.text})
		}
		if !from.said {
			from.said = true
			t.rd.warn(t.place(s.top), t.names[s.left], "list.merged_cells", refusal.Args{"first": s.top, "last": s.bottom})
		}
	}
	for j, c := range r.cells {
		for len(m.last) <= j {
			m.last = append(m.last, anchor{})
		}
		if c != "" && !m.covers(j, r.n) {
			m.last[j] = anchor{row: r.n, text: c, rule: r.shownAs(j)}
		}
	}
}

// covers reports whether the cell got its text from the range it lies in.
func (m *mergeFiller) covers(column, row int) bool {
	return slices.ContainsFunc(m.active, func(s merge) bool { return s.left == column && row > s.top && row <= s.bottom })
}

func (m *mergeFiller) look() {
	if m.looked {
		return
	}
	m.looked = true
	all, err := m.src.merges()
	m.err = err
	for _, s := range all {
		if s.bottom > s.top {
			m.spans = append(m.spans, s)
		}
	}
	slices.SortStableFunc(m.spans, func(a, b merge) int { return cmp.Compare(a.top, b.top) })
}

// reach goes on to a row. Ranges do not overlap in a file that a spreadsheet program wrote, so few are active.
func (m *mergeFiller) reach(row int) {
	m.active = slices.DeleteFunc(m.active, func(s merge) bool { return s.bottom < row })
	for len(m.spans) > 0 && m.spans[0].top <= row {
		if m.spans[0].bottom >= row && len(m.active) < maxColumns {
			m.active = append(m.active, m.spans[0])
		}
		m.spans = m.spans[1:]
	}
}

func (r *row) marked(column int) bool {
	return slices.ContainsFunc(r.marks, func(m cellMark) bool { return m.column == column })
}

// shownAs is the time or the unit that the number format of a cell shows; empty for neither.
func (r *row) shownAs(column int) string {
	for _, rule := range []string{markTime, markUnit} {
		if r.has(column, rule) {
			return rule
		}
	}
	return ""
}
