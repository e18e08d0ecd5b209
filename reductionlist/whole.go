package reductionlist

import (
	"strings"

	"qingkong/alerts/refusal"
)

// tolerance is how much more may be taken away than is emitted before it counts: amounts are kept to twelve digits.
const tolerance = 1.000001

// amounts finds what is wrong with a recipient's amounts across its levels and against its lines.
func (c *checker) amounts(r *Recipient, rungs []rung) {
	c.climbing(r, rungs)
	reductions := r.reductions(rungs)
	c.reducing(r, rungs, reductions)
	for i := range r.Measures {
		if m := &r.Measures[i]; m.Reduction != (Amounts{}) && r.idle(m.Unit) {
			c.measure(r, m, "级别", "list.idle_reduction", nil)
		}
	}
	if len(r.Lines) == 0 {
		return
	}
	told := c.lineExceeds(r, rungs)
	emission := r.emission()
	have := emission.parts()
	for i, p := range reductions[3].parts() {
		if *p.value > *have[i].value*tolerance && !told[i] {
			c.recipient(r, "编号", "list.reduction_exceeds", refusal.Args{"pollutant": p.name, "reduction": short(*p.value), "emission": short(*have[i].value)})
		}
	}
}

// climbing finds rows that order less than the row of the same measure at a lower level.
func (c *checker) climbing(r *Recipient, rungs []rung) {
	for _, g := range rungs {
		for k := 1; k < len(g); k++ {
			if g[k] == g[k-1] || g[k-1] < 0 {
				continue
			}
			low, high := &r.Measures[g[k-1]], &r.Measures[g[k]]
			if column := weaker(low, high); column != "" {
				c.measure(r, high, column, "list.level_weaker", refusal.Args{"level": levels.word(levels.codes[k]), "lower": levels.word(levels.codes[k-1]),
					"value": ordered(high), "want": ordered(low)})
			}
		}
	}
}

// weaker is the column by which high orders less than low; empty where it does not, or where they cannot be compared.
func weaker(low, high *Measure) string {
	if low.Action == Stop && onLine(high.Action) && high.Action != Stop && low.Unit == high.Unit {
		return "动作"
	}
	a, b := low.Quantity, high.Quantity
	if a == nil || b == nil || low.Action != high.Action || a.Kind != b.Kind || a.Unit != b.Unit && plainUnit(a.Unit) != plainUnit(b.Unit) {
		return ""
	}
	if a.Kind == AtMost && b.Value > a.Value || a.Kind != AtMost && b.Value < a.Value {
		return "数值"
	}
	return ""
}

// ordered says in the workbook's words what a measure orders.
func ordered(m *Measure) string {
	if m.Quantity == nil {
		return m.Action.Label()
	}
	return m.Action.Label() + " " + quantityKinds.word(m.Quantity.Kind) + " " + plain(m.Quantity.Value) + " " + m.Quantity.Unit
}

// reducing finds the rows by which a recipient takes less of a pollutant away than one level below.
func (c *checker) reducing(r *Recipient, rungs []rung, at [4]Amounts) {
	for k := 1; k < len(at); k++ {
		low, high := at[k-1].parts(), at[k].parts()
		for i := range low {
			if *high[i].value >= *low[i].value/tolerance {
				continue
			}
			for _, g := range rungs {
				if g[k] == g[k-1] || g[k-1] < 0 {
					continue
				}
				a, b := r.counted(g[k-1]), r.counted(g[k])
				if was, is := *a.parts()[i].value, *b.parts()[i].value; is < was/tolerance {
					c.measure(r, &r.Measures[g[k]], low[i].name+"日减排(吨)", "list.level_reduces_less", refusal.Args{
						"level": levels.word(levels.codes[k]), "lower": levels.word(levels.codes[k-1]), "pollutant": low[i].name, "value": short(is), "want": short(was)})
				}
			}
		}
	}
}

// lineExceeds finds lines of which more is taken away in a day than they emit, at the lowest level at which that is so and
// at the row that takes most. It returns for which pollutants it found one. Idle lines are told by list.idle_reduction.
func (c *checker) lineExceeds(r *Recipient, rungs []rung) (told [4]bool) {
	of := make([]int, len(r.Measures)) // the one line that a row takes from, -1 for none or several
	for i := range r.Measures {
		if of[i] = -1; r.Measures[i].Reduction != (Amounts{}) {
			of[i] = r.lineIndex(r.Measures[i].Unit)
		}
	}
	for i := range r.Lines {
		if r.Lines[i].Idle {
			continue
		}
		have := r.Lines[i].Emission.parts()
		var done [4]bool
		for k := range levels.codes {
			sum, most := r.takenFrom(i, of, rungs, k)
			for j, p := range sum.parts() {
				if *p.value <= *have[j].value*tolerance || done[j] {
					continue
				}
				done[j], told[j] = true, true
				c.measure(r, &r.Measures[most[j]], p.name+"日减排(吨)", "list.line_exceeds", refusal.Args{"line": r.Lines[i].Name, "level": levels.word(levels.codes[k]),
					"pollutant": p.name, "reduction": short(*p.value), "emission": short(*have[j].value)})
			}
		}
	}
	return told
}

// takenFrom sums what is taken from a line at level k, and says by pollutant which row takes most.
func (r *Recipient) takenFrom(line int, of []int, rungs []rung, k int) (sum Amounts, most [4]int) {
	most = [4]int{-1, -1, -1, -1}
	for _, g := range rungs {
		if g[k] < 0 || of[g[k]] != line {
			continue
		}
		m := &r.Measures[g[k]]
		sum = sum.Add(m.Reduction)
		for j, p := range m.Reduction.parts() {
			if most[j] < 0 || *p.value > *r.Measures[most[j]].Reduction.parts()[j].value {
				most[j] = g[k]
			}
		}
	}
	return sum, most
}

// standing sets a recipient's grade and category against its measures (domain.md §3.4).
func (c *checker) standing(r *Recipient) {
	if len(r.Measures) == 0 {
		if r.Category != Closed && r.Category != Micro {
			c.recipient(r, "编号", "list.no_measures", refusal.Args{"recipient": r.ID})
		}
		return
	}
	if r.Category == Closed {
		c.recipient(r, "管控类别", "list.closed_measures", refusal.Args{"count": len(r.Measures)})
		return
	}
	alone := r.Grade == GradeA || r.Grade == GradeLeading || r.Category == Voluntary
	for i := range r.Measures {
		m := &r.Measures[i]
		switch {
		case m.Action != Stop && m.Action != Limit:
		case r.Category == Safeguard:
			// A limit is how its greatest load is kept; a stop ends the task it has.
			if m.Action == Stop {
				c.measure(r, m, "动作", "list.safeguard_stop", nil)
			}
		case alone:
			c.measure(r, m, "动作", "list.grade_forced", refusal.Args{"grade": strings.TrimSpace(r.Grade.Label() + " " + r.Category.Label()), "action": m.Action.Label()})
		case r.Category == Micro && c.s.MicroSpared:
			c.measure(r, m, "动作", "list.micro_forced", refusal.Args{"action": m.Action.Label()})
		}
	}
}

// microEmission finds a 小微涉气 that emits more than one may.
func (c *checker) microEmission(r *Recipient) {
	if r.Category != Micro || c.s.MicroKgPerYear <= 0 {
		return
	}
	e := r.emission()
	if year := (e.SO2 + e.NOx + e.PM + e.VOCs) * 1000 * c.s.WorkingDays; year > c.s.MicroKgPerYear*tolerance {
		c.recipient(r, "管控类别", "list.micro_emission", refusal.Args{"value": short(year), "limit": short(c.s.MicroKgPerYear), "days": short(c.s.WorkingDays)})
	}
}
