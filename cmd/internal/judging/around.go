package judging

import (
	"context"
	"time"

	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
)

// AroundLook is the time around what is judged of a monitor: the day before its order began to bind until it is due, with
// what was measured, and the hours to come, with what it will be held against. Nothing is concluded of these hours.
type AroundLook struct {
	Starts time.Time  // when the first of the orders began to bind
	Ends   *time.Time // when the last of them ended; nil while it binds
	Hours  []judge.Outcome
	Short  int // days that the baseline still lacks at the hour that lacks most; 0 where it has enough, or needs none
}

// How many hours are shown before an order, and to come.
const (
	leadHours  = 24
	aheadHours = 12
)

// Around reads the time around what a look judges of a monitor. What is judged by days has no hours. Errors: those of the
// store of readings.
func (e *Evaluator) Around(ctx context.Context, l *Look, w *WatchLook) (out AroundLook, err error) {
	out.Starts = l.Chain[0].Starts()
	if last := l.Chain[len(l.Chain)-1].Ended; !last.IsZero() {
		out.Ends = &last
	}
	if w.Baseline != nil {
		for hour := range w.Baseline.Bins {
			b := &w.Baseline.Bins[hour][w.Class(l.At)]
			out.Short = max(out.Short, b.Short(e.set()))
		}
	}
	if compliance.Daily(w.Kind) {
		return out, nil
	}
	point, _ := w.Points()
	m, err := e.opt.Readings.Moved(ctx, point, telemetry.Mark{})
	if err != nil {
		return out, err
	}
	copied := *w
	r := reader{Evaluator: e, ctx: ctx, look: l, watch: &copied, unit: m.Unit}
	first := out.Starts.Truncate(time.Hour).Add(-leadHours * time.Hour)
	due, now := w.Segments[0].From, l.At.Truncate(time.Hour)
	if err := r.lead(&out, first, earlier(due, now)); err != nil {
		return out, err
	}
	end := now.Add(aheadHours * time.Hour)
	if out.Ends != nil {
		end = earlier(end, out.Ends.Truncate(time.Hour))
	}
	for at := latestOf(due, now); at.Before(end); at = at.Add(time.Hour) {
		s := w.Holds(at, at.Add(time.Hour))
		if s == nil {
			continue
		}
		scale, _ := r.scale(s)
		o := judge.OfHour(scale.Rule, w.Baseline, w.Class(at), &judge.Hour{At: at, Accepted: -1}, false, at, e.set())
		out.Hours = append(out.Hours, judge.Outcome{At: at, Why: o.Why, Limit: o.Limit, Held: o.Held})
	}
	return out, nil
}

// lead reads the hours before something is due.
func (r *reader) lead(out *AroundLook, from, to time.Time) error {
	if !to.After(from) {
		return nil
	}
	own, flow := r.watch.Points()
	kept, err := r.series(own, from, to)
	if err != nil {
		return err
	}
	flows, err := r.series(flow, from, to)
	if err != nil {
		return err
	}
	scale, fits := r.scale(&r.watch.Segments[0])
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		o := judge.Outcome{At: at}
		if k := kept[at.Unix()]; k != nil && fits {
			h := scale.Hour(at, k, flows[at.Unix()], 0, nil)
			seen := judge.OfHour(scale.Rule, r.watch.Baseline, r.watch.Class(at), &h, false, at, r.set())
			o.Measured, o.Has = seen.Measured, seen.Has
		}
		out.Hours = append(out.Hours, o)
	}
	return nil
}

func (e *Evaluator) set() *judge.Settings { return &e.opt.Settings }

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
