package reductionlist

import (
	"slices"
	"strings"

	"qingkong/reductionlist/internal/text"
)

// wholePlant are the words for everything a recipient has.
var wholePlant = []string{"全厂", "全部生产线", "所有生产线"}

// WholePlant reports whether 生产线或设备 means everything a recipient has.
func WholePlant(cell string) bool { return slices.Contains(wholePlant, cell) }

// Named finds what 生产线或设备 names: the lines, by name or number, several separated by "、", "；" or "/"; or a unit or
// furnace, for which known is true and lines may be empty.
func (r *Recipient) Named(cell string) (lines []Line, known bool) {
	if cell == "" {
		return nil, false
	}
	if i := r.LineIndex(cell); i >= 0 {
		return r.Lines[i : i+1], true
	}
	if WholePlant(cell) {
		return r.Lines, len(r.Lines)+len(r.Units)+len(r.Furnaces) > 0
	}
	if r.plant(cell) {
		return nil, true
	}
	parts := text.Codes(cell)
	if len(parts) < 2 {
		return nil, false
	}
	for _, p := range parts {
		if i := r.LineIndex(p); i >= 0 {
			lines = append(lines, r.Lines[i])
		} else if !r.plant(p) {
			return nil, false
		}
	}
	return lines, true
}

// LineIndex is the line with the name or number, -1 for none.
func (r *Recipient) LineIndex(name string) int {
	for i := range r.Lines {
		if r.Lines[i].Name == name || r.Lines[i].ID == name {
			return i
		}
	}
	name = text.Fold(name)
	for i := range r.Lines {
		if text.Fold(r.Lines[i].Name) == name || text.Fold(r.Lines[i].ID) == name {
			return i
		}
	}
	return -1
}

// plant reports whether a unit or a furnace has the name, with or without 机组, 焚烧炉 or 炉 behind it.
func (r *Recipient) plant(name string) bool {
	name = text.Fold(name)
	is := func(own, kind string) bool {
		own = text.Fold(own)
		return own != "" && (name == own || name == own+kind ||
			strings.TrimSuffix(own, kind) == strings.TrimSuffix(name, kind))
	}
	for i := range r.Units {
		if is(r.Units[i].Name, "机组") {
			return true
		}
	}
	for i := range r.Furnaces {
		if n := r.Furnaces[i].Name; is(n, "焚烧炉") || is(n, "炉") {
			return true
		}
	}
	return false
}

// IsIdle reports whether what a measure names has long been stopped altogether.
func (r *Recipient) IsIdle(unit string) bool {
	if r.Category == Closed {
		return true
	}
	if !slices.ContainsFunc(r.Lines, func(l Line) bool { return l.Idle }) {
		return false
	}
	lines, _ := r.Named(unit)
	return len(lines) > 0 && !slices.ContainsFunc(lines, func(l Line) bool { return !l.Idle })
}

// Rung is what one measure of a recipient says at each level: the index of its row, -1 for none.
type Rung [4]int

// Rungs are the rows that hold at each level, by measure in the order of their ids; see [MeasuresAt].
func (r *Recipient) Rungs() []Rung {
	order := make([]int, len(r.Measures))
	for i := range order {
		order[i] = i
	}
	byID := func(i, j int) int { return strings.Compare(r.Measures[i].ID, r.Measures[j].ID) }
	if !slices.IsSortedFunc(order, byID) {
		slices.SortStableFunc(order, byID)
	}
	rungs := make([]Rung, 0, len(order))
	last := ""
	for n, i := range order {
		m := &r.Measures[i]
		if n == 0 || m.ID != last {
			rungs, last = append(rungs, Rung{-1, -1, -1, -1}), m.ID
		}
		g := &rungs[len(rungs)-1]
		for _, l := range m.Levels {
			if k := rank(l); k >= 0 && g[k] < 0 {
				g[k] = i
			}
		}
	}
	for i := range rungs {
		for k := 1; k < len(rungs[i]); k++ {
			if rungs[i][k] < 0 {
				rungs[i][k] = rungs[i][k-1]
			}
		}
	}
	return rungs
}

// ReductionOf is what row i takes away; the row -1 and what has long been stopped take nothing.
func (r *Recipient) ReductionOf(i int) Amounts {
	if i < 0 || r.Measures[i].Reduction == (Amounts{}) || r.IsIdle(r.Measures[i].Unit) {
		return Amounts{}
	}
	return r.Measures[i].Reduction
}

// Reductions are what a recipient takes away at each level.
func (r *Recipient) Reductions(rungs []Rung) (at [4]Amounts) {
	for _, g := range rungs {
		for k := range at {
			at[k] = at[k].Add(r.ReductionOf(g[k]))
		}
	}
	return at
}
