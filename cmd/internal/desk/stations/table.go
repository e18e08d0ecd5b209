package stations

import (
	"cmp"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// table lists the periods, the latest first, a page of them at a time.
func (view *pointView) table(q *frame.Request) {
	items := view.Series.Items
	view.Total = len(items)
	for i := range items {
		it := &items[i]
		view.HasConv, view.HasRange = view.HasConv || it.Converted != nil, view.HasRange || it.Least != nil || it.Most != nil
		view.HasN = view.HasN || it.N > 1
	}
	view.Amount = series.Sign(view.Series.AmountUnit)
	begin, end, pager := q.Window(len(items))
	view.Pager = pager
	for i := begin; i < end; i++ {
		view.Rows = append(view.Rows, view.row(q, &items[len(items)-1-i]))
	}
}

func (view *pointView) row(q *frame.Request, it *calls.SeriesItem) periodRow {
	row := periodRow{At: frame.Clock(it.At), Value: view.value(q, it.Value), N: it.N, Flag: flagWord(q.Lang, it.Flag),
		Converted: numberOr(it.Converted, ""), Total: numberOr(it.Total, "")}
	if view.Step == calls.StepSample {
		row.At = frame.Exact(it.At)
	}
	if it.Least != nil || it.Most != nil {
		row.Range = numberOr(it.Least, "…") + "–" + numberOr(it.Most, "…")
	}
	if it.Source != telemetry.ByDevice {
		row.Notes = append(row.Notes, q.T("source."+string(it.Source)))
	}
	if it.Late {
		row.Notes = append(row.Notes, q.T("point.late"))
	}
	if it.Resent {
		row.Notes = append(row.Notes, q.T("point.resent"))
	}
	for i := range it.Others {
		o := &it.Others[i]
		text := view.value(q, cmp.Or(o.Value, o.Total))
		if word := flagWord(q.Lang, o.Flag); word != "" {
			text += " " + word
		}
		at := ""
		if o.ReceivedAt != nil {
			at = frame.Clock(*o.ReceivedAt)
		}
		row.Notes = append(row.Notes, q.T("point.other", "value", text, "at", at))
	}
	return row
}

// value is a value in the table: a state in words, anything else as a number; an empty text for none.
func (view *pointView) value(q *frame.Request, v *float64) string {
	if v == nil {
		return q.T("point.no_value")
	}
	if readings.SortOf(view.Series.Factor, view.Series.Unit) == readings.State {
		words := readings.StateWords(int(*v))
		if q.Lang == frame.EN {
			return words.EN
		}
		return words.ZH
	}
	return series.Number(*v)
}
