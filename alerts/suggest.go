package alerts

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"
)

// suggest is what the criteria ask for in a region with this series and this live warning (nil = none), or nil: the
// first, in the order of [Engine.suggestions], that was not dismissed. The id, region and times of record are the
// caller's.
func (e Engine) suggest(series Series, live *Warning, now time.Time, dismissed func(*Proposal) bool) *Proposal {
	e, ev := e.evaluateSeries(series, now)
	for p := range e.suggestions(ev, live, now) {
		p.UpdatedAt = now
		if live != nil {
			p.WarningID = live.ID
		}
		if dismissed(p) {
			continue
		}
		if live == nil {
			p.Trace.Outlook = e.outlook(ev, p.StartsAt, now, ev.Episodes)
		} else {
			p.Trace.Outlook = e.outlook(ev, live.StartsAt, now, e.waitedFor(ev, live, now))
			p.Trace.Outlook.IdleDays = ev.idle(live, now)
		}
		p.Trace.Words = p.explain()
		return p
	}
	return nil
}

// suggestions are the proposals for which there is reason, in order. With a live warning a higher level goes before
// other times, these before a lower level, and that before the end.
func (e Engine) suggestions(ev Evaluation, live *Warning, now time.Time) iter.Seq[*Proposal] {
	all := []func() *Proposal{func() *Proposal { return e.suggestHeavy(ev, nil, e.suggestStart(ev, now), now) }}
	if live != nil {
		own := e.ownEpisodes(ev, live, now)
		all = []func() *Proposal{
			func() *Proposal { return e.suggestHeavy(ev, live, e.suggestUpgrade(ev, own, live, now), now) },
			func() *Proposal { return e.suggestRevise(ev, own, live, now) },
			func() *Proposal { return e.suggestDowngrade(ev, own, live, now) },
			func() *Proposal { return e.suggestLift(ev, live, now) },
		}
	}
	return func(yield func(*Proposal) bool) {
		for _, suggest := range all {
			if p := suggest(); p != nil && !yield(p) {
				return
			}
		}
	}
}

// evaluateSeries evaluates a series by the criteria of the day, and returns the engine with these.
func (e Engine) evaluateSeries(series Series, now time.Time) (Engine, Evaluation) {
	e.Criteria = e.CriteriaOn(DateOf(now))
	steps := happened(series, series.steps(e.Criteria.Counts, e.Evaluating()), e.Criteria.Counts, e.Evaluating(), now)
	ev := e.Criteria.evaluate(series, steps, e.Evaluating(), now)
	ev.clean, ev.heavy = e.cleanAir(series, ev), e.heavy(series, ev, now)
	return e, ev
}

// happened leaves out the means that are not over and of which nothing is forecast: their missing hours have not
// happened yet. Where that is all of a day, the day's own entry stands for it, or else an unknown step.
func happened(series Series, steps []step, counts Counts, opt EvaluateOptions, now time.Time) []step {
	out := steps[:0]
	for _, st := range steps {
		if !st.hourly || !st.to.After(now) || st.source != SourceObservation {
			out = append(out, st)
			continue
		}
		if st.day() == "" {
			continue
		}
		own := step{from: st.from, to: st.to, why: whyUnknown}
		i := slices.IndexFunc(series.Days, func(d DayAQI) bool { return d.Date == st.day() })
		switch {
		case i >= 0:
			own = series.Days[i].step()
			counts.judge(&own, opt)
		case len(out) == 0 || out[len(out)-1].to.After(st.from): // measured hours of the day before reach into it
			continue
		}
		out = append(out, own)
	}
	return out
}

// suggestStart asks for a warning for the first episode that is not over.
func (e Engine) suggestStart(ev Evaluation, now time.Time) *Proposal {
	for _, ep := range ev.Episodes {
		course := ep.course(now)
		if len(course) == 0 {
			continue
		}
		level := course[len(course)-1].Level
		if e.Merge == MergeStages {
			level = course[0].Level
		}
		p := e.draft(KindStart, level, course[0].From, ep.extent(level, now), ev, ep, now)
		p.StartsAt = e.startsAt(KindStart, course[0].From, ev, now)
		return p
	}
	return nil
}

// startsAt is when a warning or a raise starts that is asked for from a time on: as the setting says, and not before
// now.
func (e Engine) startsAt(kind ProposalKind, from time.Time, ev Evaluation, now time.Time) time.Time {
	return latest(now, e.starts(kind, Period{From: from}, ev.steps))
}

// ownEpisodes are the episodes that a warning stands in: those that lie less than the merge gap from now, or from its start
// when that is to come.
func (e Engine) ownEpisodes(ev Evaluation, live *Warning, now time.Time) []Episode {
	gap := time.Duration(e.MergeGapH) * time.Hour
	return slices.DeleteFunc(slices.Clone(ev.Episodes), func(ep Episode) bool {
		whole := ep.whole()
		return !whole.To.After(now.Add(-gap)) || !whole.From.Before(latest(now, live.StartsAt).Add(gap))
	})
}

// held is the level that a warning has, or will have when what waits is approved.
func (w *Warning) held() Level {
	if w.Pending != nil {
		return w.Pending.Level
	}
	return w.Level
}

// heldAt is the level that a warning has at a time from its start on, when what waits is approved.
func (w *Warning) heldAt(t time.Time) Level {
	level := w.LevelAt(latest(t, w.StartsAt))
	if p := w.Pending; p != nil && p.Level.Above(level) && !p.EffectiveAt.After(t) {
		return p.Level
	}
	return level
}

// suggestUpgrade asks for a higher level: at once, or by stages from when the episode asks for more than is in effect
// then.
func (e Engine) suggestUpgrade(ev Evaluation, own []Episode, live *Warning, now time.Time) *Proposal {
	for _, ep := range own {
		course := slices.DeleteFunc(ep.course(now), func(s Stage) bool {
			if e.Merge == MergeStages {
				return !s.Level.Above(live.heldAt(s.From))
			}
			return !s.Level.Above(live.held())
		})
		if len(course) == 0 {
			continue
		}
		level, from := course[len(course)-1].Level, now
		if e.Merge == MergeStages {
			level, from = course[0].Level, course[0].From
		}
		p := e.draft(KindUpgrade, level, latest(from, live.StartsAt), ep.extent(level, now), ev, ep, now)
		p.StartsAt = latest(e.startsAt(KindUpgrade, from, ev, now), live.StartsAt)
		return p
	}
	return nil
}

// suggestRevise asks for other times at the level there is, when a qualifying day of the warning's own episodes lies
// before its start or behind its set end, or when the air of an announced lift clears later than that. A start is moved
// while the warning is scheduled and nothing waits for approval.
func (e Engine) suggestRevise(ev Evaluation, own []Episode, live *Warning, now time.Time) *Proposal {
	if live.State != Scheduled && live.State != Active {
		return nil
	}
	var of *Episode
	starts, ends, noEnd := live.StartsAt, live.EndsAt, false
	for i := range own {
		ep := &own[i]
		course, whole := ep.course(now), ep.whole()
		if len(course) == 0 {
			continue
		}
		if live.State == Scheduled && live.Pending == nil && course[0].From.Before(starts) {
			starts, of = course[0].From, cmp.Or(of, ep)
		}
		if end := live.setEnd(); end != nil && end.After(now) && whole.To.After(*cmp.Or(ends, end)) {
			ends, of = &whole.To, cmp.Or(of, ep)
		}
	}
	if end := live.setEnd(); end != nil && end.After(now) && live.LiftFrom != nil {
		if at, ok := e.clearsAt(ev, live, now); !ok {
			ends, noEnd = nil, true
		} else if at.After(*cmp.Or(ends, end)) {
			ends = &at
		}
	}
	if starts.Equal(live.StartsAt) && !noEnd && sameMoment(ends, live.EndsAt) {
		return nil
	}
	if of == nil {
		of = nearest(ev, now)
	}
	period := of.extent(live.Level, now)
	if period.From.IsZero() {
		period = of.whole()
	}
	p := e.draft(KindRevise, live.Level, starts, period, ev, *of, now)
	p.EndsAt, p.NoEnd = ends, noEnd
	return p
}

// setEnd is the end that a warning has, or will have when what waits is approved; nil for none.
func (w *Warning) setEnd() *time.Time {
	if p := w.Pending; p != nil && p.Moves() {
		if p.NoEnd {
			return nil
		}
		return cmp.Or(p.EndsAt, w.EndsAt)
	}
	return w.EndsAt
}

// suggestDowngrade asks for a lower level, from the first qualifying day that is not over, when the episodes, from
// their beginning, never asked for what the warning has.
func (e Engine) suggestDowngrade(ev Evaluation, own []Episode, live *Warning, now time.Time) *Proposal {
	ahead := slices.IndexFunc(own, func(ep Episode) bool { return len(ep.course(now)) > 0 })
	if ahead < 0 || live.Pending != nil {
		return nil
	}
	most := slices.MaxFunc(own, func(a, b Episode) int { return cmp.Compare(a.Level.Rank(), b.Level.Rank()) })
	all, gap := Period{own[0].whole().From, own[len(own)-1].whole().To}, time.Duration(e.MergeGapH)*time.Hour
	if !live.Level.Above(most.Level) || !allKnown(ev.steps, all, gap) || e.unfinished(ev.steps, all, gap) {
		return nil
	}
	p := e.draft(KindDowngrade, most.Level, latest(own[ahead].course(now)[0].From, live.StartsAt),
		Period{most.From, most.To}, ev, most, now)
	p.EndsAt = &all.To
	return p
}

// allKnown reports whether everything is known in a period and as far around it as another spell would belong to it.
// Missing data, or the end of the forecast, are no reason to lower a level. The time before the first step is not
// looked at.
func allKnown(steps []step, p Period, gap time.Duration) bool {
	from, to := p.From.Add(-gap), p.To.Add(gap)
	end := from
	for i := range steps {
		st := &steps[i]
		if (st.aqi == nil || st.partial) && st.to.After(from) && st.from.Before(to) {
			return false
		}
		end = latest(end, st.to)
	}
	return !end.Before(to)
}

// unfinished reports whether a run above any clause's value that meets none so far lies next to unknown time, and so
// near a period that it would belong to it: with the unknown time it may be a spell of the same episode, of any level.
func (e Engine) unfinished(steps []step, p Period, gap time.Duration) bool {
	unknown := func(i int) bool { return steps[i].aqi == nil || steps[i].partial }
	for _, rule := range e.Criteria.Levels {
		for _, cl := range rule.AnyOf {
			for _, r := range runs(steps, cl.Over) {
				near := steps[r.first].from.Before(p.To.Add(gap)) && steps[r.last].to.After(p.From.Add(-gap))
				if near && (r.last+1 == len(steps) || unknown(r.last+1) || r.first > 0 && unknown(r.first-1)) {
					return true
				}
			}
		}
	}
	return false
}

// draft fills in what all kinds have in common. It ends where the episode does.
func (e Engine) draft(kind ProposalKind, level Level, starts time.Time, period Period, ev Evaluation, ep Episode,
	now time.Time) *Proposal {
	whole := ep.whole()
	p := &Proposal{
		State: StateOpen, Kind: kind, Level: level, Criteria: ev.Criteria,
		StartsAt: starts, EndsAt: &whole.To,
		LeadH: max(0, math.Round(starts.Sub(now).Hours()*10)/10),
		Trace: Trace{
			Clauses: ep.Clauses, Period: period, Episode: &whole, Days: []DayVerdict{}, Excluded: []Excluded{},
			Settings: TraceSettings{
				Criteria: e.Criteria.Name, Document: e.Criteria.Document, Range: e.Range, MergeGapH: e.MergeGapH, Merge: e.Merge,
				LiftH: e.LiftH, LiftRule: e.LiftRule, LiftAtMost: e.LiftAtMost, LiftStep: ev.clean.step, LiftLeadH: e.LiftLeadH,
				LeadH: e.LeadH, Over300Consecutive: e.Over300Consecutive,
				AQIMismatch: e.AQIMismatch, DustSuspect: e.DustSuspect,
				ForecastMaxAgeH: e.ForecastMaxAgeH, ForecastMaxLeadD: e.ForecastMaxLeadD, StartAt: e.StartAt,
			},
		},
	}
	first, last := min(DateOf(whole.From), DateOf(period.From)).AddDays(-2),
		max(DateOf(whole.To), DateOf(period.To)).AddDays(1)
	near := func(d Date) bool { return d >= first && d <= last }
	for _, d := range ev.Days {
		if !near(d.Date) {
			continue
		}
		p.Trace.Days = append(p.Trace.Days, d)
		if !d.Counted {
			p.Trace.Excluded = append(p.Trace.Excluded, Excluded{d.Date, d.Why})
		}
		if !d.unjudged() && newerID(d.ForecastID, p.ForecastID) {
			p.ForecastID = d.ForecastID
		}
	}
	for _, w := range ev.Windows {
		if !near(DateOf(w.From)) {
			continue
		}
		p.Trace.Windows = append(p.Trace.Windows, w)
		if newerID(w.ForecastID, p.ForecastID) {
			p.ForecastID = w.ForecastID
		}
	}
	p.Trace.SetAside = asideNear(ev.SetAside, first.Start(), last.End())
	if e.StartAt == StartEveningBefore {
		p.Trace.Settings.EveningHour = e.EveningHour
	}
	p.ShortNotice = kind == KindStart && p.LeadH < float64(e.LeadH)
	return p
}

// newerID reports whether id was given out after other: ids of one kind are a day and a number.
func newerID(id, other string) bool {
	if len(id) != len(other) && numberName(id) == numberName(other) {
		return len(id) > len(other)
	}
	return id > other
}

// whole is the extent of an episode, from the first to the last day that makes a clause of any level met; for one
// without windows it is From to To.
func (ep Episode) whole() Period {
	p := Period{ep.From, ep.To}
	for _, w := range windowsOf(ep.Clauses) {
		p.include(w.From, w.To)
	}
	return p
}

// course is what the windows of an episode that are not over ask for from now on, never lowered within it: nothing when
// all is past. A window that is under way asks from now on. Days between two spells keep what the day before them had.
func (ep Episode) course(now time.Time) (course []Stage) {
	for _, l := range Levels() {
		if p := ep.extent(l, now); !p.From.IsZero() {
			course = staged(course, l, latest(now, p.From))
		}
	}
	return course
}

// extent is that of a level's own windows that are not over; zero without any.
func (ep Episode) extent(level Level, now time.Time) (p Period) {
	for l, w := range windowsOf(ep.Clauses) {
		if l == level && w.To.After(now) {
			p.include(w.From, w.To)
		}
	}
	return p
}
