package stations

import (
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
	"qingkong/reductionlist"
)

// limitRow is what an open order asks of the point.
type limitRow struct {
	Order   string // its address
	OrderID string
	Measure string
	Text    string
	Value   float64 // in the unit of the chart
	Short   string  // what stands at the line
	Total   bool    // it is about totals
	Drawn   bool
}

// limits are what the open orders of the point's recipient ask of it. A line stands in the chart where the criterion is
// about hours, and hours are shown.
func (d *desk) limits(q *frame.Request, view *pointView) error {
	s := &view.Series
	open, err := openOrders(q, s.RecipientID)
	if err != nil {
		return err
	}
	for _, o := range open {
		for i := range o.Measures {
			m := &o.Measures[i]
			for _, w := range m.Monitors {
				if telemetry.PointOf(w.Ref, w.Factor) != s.Point && telemetry.Point(w.Ref) != s.Point {
					continue
				}
				row := limitRow{Order: frame.OrderPath(o.ID), OrderID: o.ID, Measure: m.ID, Text: w.Criterion.Text(q.Lang)}
				row.line(&w.Criterion, s)
				row.Short = q.T("point.limit_line", "measure", m.ID, "value", series.Number(row.Value))
				view.Limits = append(view.Limits, row)
			}
		}
	}
	return nil
}

// line puts the limit of a criterion into the unit of the chart where it stands.
func (row *limitRow) line(c *reductionlist.Criterion, s *calls.Series) {
	if s.Step != calls.StepHour {
		return
	}
	switch c.Kind {
	case reductionlist.HourConcentrationAtMost:
		row.Value, row.Drawn = readings.Convert(c.Limit, c.Unit, s.Unit)
	case reductionlist.HourMassAtMost:
		row.Value, row.Drawn = readings.Convert(c.Limit, c.Unit, "kg/h")
		row.Total, row.Drawn = true, row.Drawn && s.AmountUnit == "kg"
	}
}

// passesView are the vehicles at a gate.
type passesView struct {
	calls.Passes
	Further string
}

// mostPasses is how many vehicles a page shows.
const mostPasses = 100

// passes adds the vehicles of a gate.
func (d *desk) passes(q *frame.Request, view *pointView) error {
	s := &view.Series
	if readings.SortOf(s.Factor, s.Unit) != readings.Count {
		return nil
	}
	v := q.URL.Query()
	found, err := d.Svc.Passes(q.Context(), q.Ask(), calls.PassesQuery{PointQuery: calls.PointQuery{
		Point: string(s.Point)}, From: s.From.Format(time.RFC3339), To: s.To.Format(time.RFC3339),
		Cursor: v.Get("passes"), Limit: mostPasses})
	if err != nil {
		return err
	}
	view.Passes = &passesView{Passes: found}
	if found.Next != "" {
		v.Set("passes", found.Next)
		view.Passes.Further = q.URL.EscapedPath() + "?" + v.Encode()
	}
	return nil
}
