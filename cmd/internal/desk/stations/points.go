package stations

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// pointRow is a point with its latest value, and what the list in force expects of it.
type pointRow struct {
	latest
	Point    telemetry.Point
	Fresh    freshness
	Extra    bool // the register does not name its factor
	Measures []string
}

func (d *desk) pointRows(q *frame.Request, in calls.PointsQuery, now time.Time) (rows []pointRow, err error) {
	found, err := d.Svc.Points(q.Context(), q.Ask(), in)
	if err != nil {
		return nil, err
	}
	for i := range found.Items {
		rows = append(rows, pointRowOf(q, &found.Items[i], now))
	}
	return rows, nil
}

func pointRowOf(q *frame.Request, p *calls.PointView, now time.Time) pointRow {
	row := pointRow{latest: latestOf(q, p, now), Point: p.Point, Fresh: freshOf(q.Lang, p.Freshness), Extra: !p.Registered}
	for _, e := range p.Expected {
		row.Measures = append(row.Measures, strings.TrimSpace(e.MeasureID+" "+e.Criterion.Text(q.Lang))+" ("+short(q, e.Levels)+")")
	}
	return row
}

// monitors is [frame.Frame.MonitorsOf]: where the readings of a recipient's monitors are shown, and what came last.
func (d *desk) monitors(q *frame.Request, recipient string) (func(*reductionlist.Monitor) frame.Heard, error) {
	if d.Svc.Instruments == nil || !q.May(calls.ActTelemetryRead) {
		return nil, nil
	}
	found, err := d.Svc.Points(q.Context(), q.Ask(), calls.PointsQuery{Recipient: recipient})
	if refusal.CodeOf(err) == refusal.NotFound {
		return nil, nil // it is in the list no more, and nobody else's points are shown for it
	}
	if err != nil && q.Context().Err() != nil {
		return nil, err
	}
	if err != nil { // an order is read also while readings cannot be
		d.Log.Warn("the readings of an order's monitors cannot be shown", "recipient", recipient, "err", err)
		return nil, nil
	}
	now := d.Svc.J.Wall()
	return func(m *reductionlist.Monitor) (last frame.Heard) {
		at := telemetry.PointOf(m.Ref, m.Factor)
		i := slices.IndexFunc(found.Items, func(p calls.PointView) bool { return p.Point == at })
		if i < 0 {
			return last
		}
		l := latestOf(q, &found.Items[i], now)
		last.Href, last.Last = l.Href, q.T("point.never")
		if l.Value != "" {
			last.Last = strings.TrimSpace(l.Value+" "+l.Flag) + l.When
		}
		return last
	}, nil
}

// useRow is a measure that rests on a point, and the open order that asks for it.
type useRow struct {
	Name     string // of the factor
	Href     string // of the point
	Known    bool   // the register names the factor
	Measure  string
	Text     string
	Source   string
	Levels   string
	Criteria string
	Order    string // address of the open order; empty for none
	OrderID  string
}

// uses are the measures that rest on points, with the open orders that have them.
func uses(q *frame.Request, expected []calls.ExpectedPoint, open []openOrder) (rows []useRow) {
	for _, e := range expected {
		_, factor := e.Point.Split()
		row := useRow{Name: series.FactorName(q.Lang, factor), Href: series.PointPath(e.Point), Known: e.Known, Measure: e.MeasureID,
			Source: terms.Name(terms.Source, e.Source, q.Lang), Criteria: e.Criterion.Text(q.Lang), Levels: levels(q, e.Levels)}
		for _, o := range open {
			i := slices.IndexFunc(o.Measures, func(m reductionlist.Measure) bool { return m.ID == e.MeasureID })
			if i >= 0 {
				row.Order, row.OrderID, row.Text = frame.OrderPath(o.ID), o.ID, o.Measures[i].Text
			}
		}
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b useRow) int { return cmp.Compare(b.OrderID, a.OrderID) })
	return rows
}

// short are levels without their numerals, where a measure has a row for each.
func short(q *frame.Request, all []alerts.Level) string {
	names := make([]string, len(all))
	for i, l := range all {
		names[i] = terms.ShortLevel(l, q.Lang)
	}
	return strings.Join(names, "/")
}

func levels(q *frame.Request, all []alerts.Level) string {
	names := make([]string, len(all))
	for i, l := range all {
		names[i] = q.Level(l)
	}
	return strings.Join(names, "、")
}
