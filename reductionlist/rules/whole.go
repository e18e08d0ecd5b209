package rules

import (
	"strings"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// tolerance is how much more may be taken away than is emitted before it counts: amounts are kept to twelve digits.
const tolerance = 1.000001

// amounts finds what is wrong with a recipient's amounts across its levels and against its lines.
// over says which of its measures exceed the district, which is told already.
func (c *checker) amounts(r *list.Recipient, rungs []list.Rung, over map[int][4]bool) {
	c.climbing(r, rungs)
	reductions := r.Reductions(rungs)
	c.reducing(r, rungs, reductions)
	for i := range r.Measures {
		if m := &r.Measures[i]; m.Reduction != (list.Amounts{}) && r.IsIdle(m.Unit) {
			c.measure(r, i, "级别", "list.idle_reduction", nil)
		}
	}
	if len(r.Lines) == 0 {
		return
	}
	told := c.lineExceeds(r, rungs, over)
	emission := r.Emitted()
	have := emission.Parts()
	for i, p := range reductions[3].Parts() {
		if *p.Value > *have[i].Value*tolerance && !told[i] {
			c.recipient(r, "编号", "list.reduction_exceeds",
				refusal.Args{"pollutant": p.Name, "reduction": text.Short(*p.Value), "emission": text.Short(*have[i].Value)})
		}
	}
}

// climbing finds rows that order less than the row of the same measure at a lower level.
func (c *checker) climbing(r *list.Recipient, rungs []list.Rung) {
	for _, g := range rungs {
		for k := 1; k < len(g); k++ {
			if g[k] == g[k-1] || g[k-1] < 0 {
				continue
			}
			low, high := &r.Measures[g[k-1]], &r.Measures[g[k]]
			if column := weaker(low, high); column != "" {
				c.measure(r, g[k], column, "list.level_weaker",
					refusal.Args{"level": list.LevelWords.Word(list.LevelWords.Codes[k]),
						"lower": list.LevelWords.Word(list.LevelWords.Codes[k-1]),
						"value": orderWords(high), "want": orderWords(low)})
			}
		}
	}
}

// weaker is the column by which high orders less than low; empty where it does not, or where they cannot be compared.
func weaker(low, high *list.Measure) string {
	if low.Action == list.Stop && onLine(high.Action) && high.Action != list.Stop && low.Unit == high.Unit {
		return "动作"
	}
	a, b := low.Quantity, high.Quantity
	if a == nil || b == nil || low.Action != high.Action || a.Kind != b.Kind || a.Unit != b.Unit &&
		list.PlainUnit(a.Unit) != list.PlainUnit(b.Unit) {
		return ""
	}
	if a.Kind == list.AtMost && b.Value > a.Value || a.Kind != list.AtMost && b.Value < a.Value {
		return "数值"
	}
	return ""
}

// orderWords says in the workbook's words what a measure orders.
func orderWords(m *list.Measure) string {
	if m.Quantity == nil {
		return m.Action.Label()
	}
	return m.Action.Label() + " " + list.KindWords.Word(m.Quantity.Kind) + " " + text.Number(m.Quantity.Value) + " " +
		m.Quantity.Unit
}

// reducing finds the rows by which a recipient takes less of a pollutant away than one level below.
func (c *checker) reducing(r *list.Recipient, rungs []list.Rung, at [4]list.Amounts) {
	for k := 1; k < len(at); k++ {
		low, high := at[k-1].Parts(), at[k].Parts()
		for i := range low {
			if *high[i].Value >= *low[i].Value/tolerance {
				continue
			}
			for _, g := range rungs {
				if g[k] == g[k-1] || g[k-1] < 0 {
					continue
				}
				a, b := r.ReductionOf(g[k-1]), r.ReductionOf(g[k])
				if was, is := *a.Parts()[i].Value, *b.Parts()[i].Value; is < was/tolerance {
					c.measure(r, g[k], low[i].Name+"日减排(吨)", "list.level_reduces_less", refusal.Args{
						"level": list.LevelWords.Word(list.LevelWords.Codes[k]),
						"lower": list.LevelWords.Word(list.LevelWords.Codes[k-1]), "pollutant": low[i].Name, "value": text.Short(is),
						"want": text.Short(was)})
				}
			}
		}
	}
}

// lineExceeds finds lines of which more is taken away in a day than they emit, at the lowest level at which that is so
// and at the row that takes most. It returns for which pollutants it found one. Idle lines are told by
// list.idle_reduction.
func (c *checker) lineExceeds(r *list.Recipient, rungs []list.Rung, over map[int][4]bool) (told [4]bool) {
	of := make([]int, len(r.Measures)) // the one line that a row takes from, -1 for none or several
	for i := range r.Measures {
		if of[i] = -1; r.Measures[i].Reduction != (list.Amounts{}) {
			of[i] = r.LineIndex(r.Measures[i].Unit)
		}
	}
	for i := range r.Lines {
		if r.Lines[i].Idle {
			continue
		}
		have := r.Lines[i].Emission.Parts()
		var done [4]bool
		for k := range list.LevelWords.Codes {
			sum, most := takenFrom(r, i, of, rungs, k)
			for j, p := range sum.Parts() {
				// nothing taken is more than a negative emission
				if most[j] < 0 || *p.Value <= *have[j].Value*tolerance || done[j] {
					continue
				}
				done[j], told[j] = true, true
				if over[most[j]][j] {
					continue
				}
				c.measure(r, most[j], p.Name+"日减排(吨)", "list.line_exceeds",
					refusal.Args{"line": r.Lines[i].Name, "level": list.LevelWords.Word(list.LevelWords.Codes[k]),
						"pollutant": p.Name, "reduction": text.Short(*p.Value), "emission": text.Short(*have[j].Value)})
			}
		}
	}
	return told
}

// takenFrom sums what is taken from a line at level k, and says by pollutant which row takes most.
func takenFrom(r *list.Recipient, line int, of []int, rungs []list.Rung, k int) (sum list.Amounts, most [4]int) {
	most = [4]int{-1, -1, -1, -1}
	for _, g := range rungs {
		if g[k] < 0 || of[g[k]] != line {
			continue
		}
		m := &r.Measures[g[k]]
		sum = sum.Add(m.Reduction)
		for j, p := range m.Reduction.Parts() {
			if most[j] < 0 || *p.Value > *r.Measures[most[j]].Reduction.Parts()[j].Value {
				most[j] = g[k]
			}
		}
	}
	return sum, most
}

// gradeAndCategory sets a recipient's grade and category against its measures (domain.md §3.4).
func (c *checker) gradeAndCategory(r *list.Recipient) {
	if len(r.Measures) == 0 {
		if r.Category != list.Closed && r.Category != list.Micro {
			c.recipient(r, "编号", "list.no_measures", refusal.Args{"recipient": r.ID})
		}
		return
	}
	if r.Category == list.Closed {
		c.recipient(r, "管控类别", "list.closed_measures", refusal.Args{"count": len(r.Measures)})
		return
	}
	alone := r.Grade == list.GradeA || r.Grade == list.GradeLeading || r.Category == list.Voluntary
	for i := range r.Measures {
		m := &r.Measures[i]
		switch {
		case m.Action != list.Stop && m.Action != list.Limit:
		case r.Category == list.Safeguard:
			// A limit is how its greatest load is kept; a stop ends the task it has.
			if m.Action == list.Stop {
				c.measure(r, i, "动作", "list.safeguard_stop", nil)
			}
		case alone:
			c.measure(r, i, "动作", "list.grade_forced",
				refusal.Args{"grade": strings.TrimSpace(r.Grade.Label() + " " + r.Category.Label()), "action": m.Action.Label()})
		case r.Category == list.Micro && c.s.MicroSpared:
			c.measure(r, i, "动作", "list.micro_forced", refusal.Args{"action": m.Action.Label()})
		}
	}
}

// microEmission finds a 小微涉气 that emits more than one may.
func (c *checker) microEmission(r *list.Recipient) {
	if r.Category != list.Micro || c.s.MicroKgPerYear <= 0 {
		return
	}
	e := r.Emitted()
	if year := (e.SO2 + e.NOx + e.PM + e.VOCs) * 1000 * c.s.WorkingDays; year > c.s.MicroKgPerYear*tolerance {
		c.recipient(r, "管控类别", "list.micro_emission", refusal.Args{"value": text.Short(year),
			"limit": text.Short(c.s.MicroKgPerYear), "days": text.Short(c.s.WorkingDays)})
	}
}
