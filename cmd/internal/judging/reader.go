package judging

import (
	"context"
	"time"

	"qingkong/alerts"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// baselineKey names what was usual before a warning at one monitor.
type baselineKey struct {
	warning, recipient string
	point              telemetry.Point
	unit               string
}

// reader judges the hours or the days of one monitor.
type reader struct {
	*Evaluator
	ctx   context.Context
	look  *Look
	watch *WatchLook
	unit  string
	from  *settled // where it goes on; nil for from the beginning
	keeps *settled // from where the next look may go on; nil where none does
}

const (
	mostHours   = 100 * 24 // that a warning is looked at for
	mostMinutes = 100 * 24 * 60
	passPage    = 5_000 // of a gate, that are held at a time
)

func (r *reader) set() *judge.Settings { return &r.opt.Settings }

func (r *reader) needsBaseline() bool {
	k := r.watch.Kind
	return k == reductionlist.FractionOfBaseline || k == reductionlist.Stopped
}

// scale is that of a segment.
func (r *reader) scale(s *compliance.Segment) (compliance.Scale, bool) {
	scale, fits := r.watch.ScaleOf(s.Criterion, r.unit)
	r.watch.Unit, r.watch.Fits = scale.Unit, fits || !r.watch.Heard
	return scale, fits
}

// usual is a baseline, and how far the readings had come that it is made of.
type usual struct {
	*judge.Baseline
	mark telemetry.Mark
}

// baseline is what was usual before the warning. It is made anew where something of that time came since.
func (r *reader) baseline() error {
	own, _ := r.watch.Points()
	start := r.look.Chain[0].Starts()
	key := baselineKey{r.look.Warning, r.look.Recipient, own, r.unit}
	r.mu.Lock()
	known := r.baselines[key]
	r.mu.Unlock()
	if known != nil {
		m, err := r.opt.Readings.Moved(r.ctx, own, known.mark)
		if err != nil {
			return err
		}
		if !m.Any || !m.From.Before(start) {
			r.keepBaseline(key, &usual{known.Baseline, m.Mark}) // what moved since need not be told apart again
			return nil
		}
	}
	mark := r.look.marks[own]
	from := start.AddDate(0, 0, -r.set().Window)
	kept, err := r.opt.Readings.Series(r.ctx, own, telemetry.Hour, from, start, 24*(r.set().Window+1))
	if err != nil {
		return err
	}
	if err := r.readBusy(r.look); err != nil {
		return err
	}
	scale, _ := r.scale(&r.watch.Segments[0])
	r.keepBaseline(key, &usual{judge.BaselineOf(scale.UsualHours(kept), r.look.busyDay, r.opt.Holidays, r.set()), mark})
	return nil
}

func (r *reader) keepBaseline(key baselineKey, u *usual) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.baselines[key] = u
	r.watch.Baseline = u.Baseline
}

// hours judges every hour that is over, or those behind what is settled, and says what all of them show.
func (r *reader) hours() error {
	from, to := r.watch.Segments[0].From, r.look.At.Truncate(time.Hour)
	fold := judge.NewFolding(r.look.told(r.watch.Key), r.watch.Ceiling, r.set())
	if r.from != nil {
		from, fold = r.from.at, r.from.fold.Clone()
	}
	if to.After(from) {
		if err := r.hoursBetween(fold, from, to); err != nil {
			return err
		}
	}
	if r.watch.Unit == "" {
		r.scaleAt(from)
	}
	r.watch.State = fold.At(r.look.At)
	return nil
}

func (r *reader) hoursBetween(fold *judge.Folding, from, to time.Time) error {
	own, flow := r.watch.Points()
	kept, err := r.series(own, from, to)
	if err != nil {
		return err
	}
	flows, err := r.series(flow, from, to)
	if err != nil {
		return err
	}
	pending := false
	for at := from; at.Before(to); at = at.Add(time.Hour) {
		if at.Equal(r.look.settles) && !pending && at.After(r.watch.Segments[0].From) {
			r.keeps = r.settled(fold.Clone(), at)
		}
		s := r.watch.Holds(at, at.Add(time.Hour))
		if s == nil {
			continue
		}
		o, err := r.hour(s, at, kept[at.Unix()], flows[at.Unix()])
		if err != nil {
			return err
		}
		pending = pending || o.Result == judge.Pending
		fold.Take(judge.Step{At: at, Result: o.Result, Why: o.Why}, r.look.At)
	}
	return nil
}

// scaleAt has the monitor say its unit where nothing is judged: that of the demand in force, or of the first that will be.
func (r *reader) scaleAt(at time.Time) {
	segment := &r.watch.Segments[0]
	for i := range r.watch.Segments {
		if s := &r.watch.Segments[i]; !s.From.After(at) {
			segment = s
		}
	}
	r.scale(segment)
}

func (r *reader) hour(s *compliance.Segment, at time.Time, own, flow *telemetry.Kept) (out judge.Outcome, err error) {
	scale, fits := r.scale(s)
	if !fits {
		own = nil
	}
	tagged, err := r.tagged(own)
	if err != nil {
		return out, err
	}
	h := scale.Hour(at, own, flow, tagged, r.look.Case.Taken(r.watch.Key, at))
	out = judge.OfHour(scale.Rule, r.watch.Baseline, r.watch.Class(at), &h, r.explained(at), r.look.At, r.set())
	if out.Differ {
		r.watch.Said[at.Unix()] = h.Said
	}
	r.watch.Hours = append(r.watch.Hours, out)
	return out, nil
}

// tagged is how many minutes of an hour without a value were under maintenance or calibration.
func (r *reader) tagged(own *telemetry.Kept) (minutes int, err error) {
	if own == nil || own.Source != telemetry.ByMinutes || own.Flag == telemetry.Normal || own.Flag == 0 {
		return 0, nil
	}
	all, err := r.opt.Readings.Series(r.ctx, own.Point, telemetry.Minute, own.At, own.At.Add(time.Hour), 60)
	for i := range all {
		if f := all[i].Flag; f == telemetry.Maintenance || f == telemetry.Calibration {
			minutes += max(all[i].Span, 1)
		}
	}
	return minutes, err
}

// series are the hours of a point by their start, each read once in a look; none of no point.
func (r *reader) series(p telemetry.Point, from, to time.Time) (map[int64]*telemetry.Kept, error) {
	if p == "" {
		return nil, nil
	}
	key := seriesKey{p, from.Unix(), to.Unix()}
	if at, read := r.look.series[key]; read {
		return at, nil
	}
	all, err := r.opt.Readings.Series(r.ctx, p, telemetry.Hour, from, to, mostHours)
	if err != nil {
		return nil, err
	}
	at := make(map[int64]*telemetry.Kept, len(all))
	for i := range all {
		at[all[i].At.Unix()] = &all[i]
	}
	if r.look.series != nil { // while the look is made
		r.look.series[key] = at
	}
	return at, nil
}

// explained reports whether an accepted explanation names an hour.
func (r *reader) explained(at time.Time) bool { return r.look.Case.Explains(r.watch.Key, at) }

// days judges every calendar day that lies in a segment altogether, and the running one; those that are settled stay as
// they are.
func (r *reader) days() error {
	day := midnight(r.watch.Segments[0].From)
	if r.from != nil {
		day = r.from.at
		r.watch.Days = r.from.days
	}
	first, settles, n := day, day, len(r.watch.Days)
	for ; !day.After(r.look.At); day = day.AddDate(0, 0, 1) {
		end := day.AddDate(0, 0, 1)
		if s := r.watch.Holds(day, end); s != nil {
			out, err := r.day(s, first, day)
			if err != nil {
				return err
			}
			r.watch.Days = append(r.watch.Days, out)
		}
		if !r.look.At.Before(end.Add(r.set().WaitFor)) {
			settles, n = end, len(r.watch.Days)
		}
	}
	r.keeps = r.settled(nil, settles)
	r.keeps.days = r.watch.Days[:n:n]
	if r.watch.Unit == "" {
		r.scaleAt(day)
	}
	r.watch.State = judge.Fold(r.watch.steps(), r.look.told(r.watch.Key), r.watch.Ceiling, r.look.At, r.set())
	return nil
}

// day judges a day; first is the first of those that are judged together.
func (r *reader) day(s *compliance.Segment, first, day time.Time) (out judge.DayOutcome, err error) {
	scale, fits := r.scale(s)
	rule := scale.Rule
	rule.Limit = s.Limit(day)
	d := judge.Day{At: day, Explained: r.explained}
	end := day.AddDate(0, 0, 1)
	switch {
	case !fits:
	case rule.Kind == reductionlist.DayTotalAtMost:
		err = r.dayHours(&scale, &d, first, day)
	case rule.Kind == reductionlist.FiveMinuteMeanAtLeast:
		err = r.dayMeans(&scale, &d, day, end)
	case rule.Kind == reductionlist.NoVehicleBelow:
		err = r.dayPasses(s.Criterion, &d, day, end)
	}
	if err != nil {
		return out, err
	}
	return judge.OfDay(rule, &d, r.look.At, r.set()), nil
}

func (r *reader) dayHours(scale *compliance.Scale, d *judge.Day, first, day time.Time) error {
	own, flow := r.watch.Points()
	end, to := day.AddDate(0, 0, 1), midnight(r.look.At).AddDate(0, 0, 1)
	kept, err := r.series(own, first, to)
	if err != nil {
		return err
	}
	flows, err := r.series(flow, first, to)
	if err != nil {
		return err
	}
	for at := day; at.Before(end); at = at.Add(time.Hour) {
		if k := kept[at.Unix()]; k != nil {
			d.Hours = append(d.Hours, scale.Hour(at, k, flows[at.Unix()], 0, r.look.Case.Taken(r.watch.Key, at)))
		}
	}
	return nil
}

func (r *reader) dayMeans(scale *compliance.Scale, d *judge.Day, day, end time.Time) error {
	own, _ := r.watch.Points()
	all, err := r.opt.Readings.Series(r.ctx, own, telemetry.Minute, day, end, 24*60)
	for i := range all {
		d.Means = append(d.Means, scale.Mean(&all[i]))
	}
	return err
}

// dayPasses counts the passes of a day, page by page: by the time of the last one, for what stands before a page costs.
func (r *reader) dayPasses(c reductionlist.Criterion, d *judge.Day, day, end time.Time) error {
	own, _ := r.watch.Points()
	from, skip := day, 0 // passes of the time from that were counted
	for {
		page, err := r.opt.Readings.Passes(r.ctx, own, from, end, skip, passPage)
		if err != nil {
			return err
		}
		v, err := compliance.VehiclesOf(c, page)
		if err != nil {
			return err
		}
		d.Vehicles.Add(v)
		if len(page) < passPage {
			return nil
		}
		last := page[len(page)-1].At.UnixMilli()
		if last != from.UnixMilli() {
			from, skip = time.UnixMilli(last), 0
		}
		for i := len(page) - 1; i >= 0 && page[i].At.UnixMilli() == last; i-- {
			skip++
		}
	}
}

func midnight(at time.Time) time.Time {
	y, m, d := at.In(alerts.Shanghai()).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, alerts.Shanghai())
}
