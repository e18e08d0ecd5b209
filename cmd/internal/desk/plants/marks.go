package plants

import (
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist/plant"
)

// planMarks say whether a plan keeps what its order demands.
type planMarks struct {
	Said   string // in a sentence
	Broken bool
	Rows   []markRow
}

// markRow is one demand of a measure.
type markRow struct {
	Measure  string
	Do       string
	Demanded string
	Does     string
	Verdict  plant.Verdict
	Word     string
}

// marksOf shows a plan's marks; accepted says that the plan was accepted with them. It is nil for a plan without
// marks, as older programs left them.
func marksOf(q *frame.Request, marks []plant.PlanMarks, accepted bool) *planMarks {
	if len(marks) == 0 {
		return nil
	}
	n := len(plant.Broken(marks))
	v := &planMarks{Said: q.T("plan.marks.none"), Broken: n > 0}
	switch {
	case n > 0 && accepted:
		v.Said = q.T("plan.marks.was", "n", n)
	case n > 0:
		v.Said = q.T("plan.marks.broken", "n", n)
	}
	for i := range marks {
		m := &marks[i]
		demands := m.Demands
		if m.Verdict == plant.NotCompared && len(demands) > 1 {
			demands = demands[:1]
		}
		row := markRow{Measure: m.MeasureID + " " + m.Unit, Do: terms.Name(terms.Action, m.Action, q.Lang),
			Verdict: plant.NotCompared}
		if len(demands) == 0 {
			row.Word, row.Does = row.Verdict.Text(q.Lang), plant.WhyNoPart.Text(q.Lang)
			v.Rows = append(v.Rows, row)
		}
		for k := range demands {
			d := &demands[k]
			row.Demanded, row.Does = d.Demand(q.Lang), d.Does(q.Lang)
			row.Verdict, row.Word = d.Verdict, d.Verdict.Text(q.Lang)
			v.Rows = append(v.Rows, row)
		}
	}
	return v
}
