package alerts

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// suggest is what the criteria ask for in a region with this series and this live warning (nil = none), or nil.
// The id, region and times of record are the caller's.
func (e Engine) suggest(series Series, live *Warning, now time.Time) *Proposal {
	e.Criteria = e.CriteriaOn(DateOf(now))
	steps := series.steps(e.Criteria.Counts)
	// Of a mean that is not over, what is to come must be forecast: it is not missing, it has not happened.
	steps = slices.DeleteFunc(steps, func(st step) bool { return st.hourly && st.to.After(now) && st.source == SourceObservation })
	ev := e.Criteria.evaluate(steps, e.evaluateOptions())
	if live == nil {
		return e.suggestStart(ev, now)
	}
	if p := e.suggestLift(ev, live, now); p != nil {
		return p
	}
	return e.suggestChange(ev, live, now)
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
		return e.draft(KindStart, level, course[0].From, ep.extent(level, now), ev, ep, now)
	}
	return nil
}

// suggestChange asks for another level when the episodes that the warning stands in ask for one.
func (e Engine) suggestChange(ev Evaluation, live *Warning, now time.Time) *Proposal {
	own := e.own(ev, live, now)
	p := e.suggestUpgrade(ev, own, live, now)
	if p == nil {
		p = e.suggestDowngrade(ev, own, live, now)
	}
	if p != nil {
		p.WarningID = live.ID
	}
	return p
}

// own are the episodes that a warning stands in: those that lie less than the merge gap from now, or from its start when that
// is to come.
func (e Engine) own(ev Evaluation, live *Warning, now time.Time) []Episode {
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

// suggestUpgrade asks for a higher level: at once, or by stages from when the episode asks for it.
func (e Engine) suggestUpgrade(ev Evaluation, own []Episode, live *Warning, now time.Time) *Proposal {
	for _, ep := range own {
		course := slices.DeleteFunc(ep.course(now), func(s Stage) bool { return !s.Level.Above(live.held()) })
		if len(course) == 0 {
			continue
		}
		level, from := course[len(course)-1].Level, now
		if e.Merge == MergeStages {
			level, from = course[0].Level, course[0].From
		}
		return e.draft(KindUpgrade, level, latest(from, live.StartsAt), ep.extent(level, now), ev, ep, now)
	}
	return nil
}

// suggestDowngrade asks for a lower level when the episodes, from their beginning, never asked for what the warning has.
func (e Engine) suggestDowngrade(ev Evaluation, own []Episode, live *Warning, now time.Time) *Proposal {
	ahead := slices.ContainsFunc(own, func(ep Episode) bool { return len(ep.course(now)) > 0 })
	if !ahead || live.Pending != nil {
		return nil
	}
	most := slices.MaxFunc(own, func(a, b Episode) int { return cmp.Compare(a.Level.Rank(), b.Level.Rank()) })
	all := Period{own[0].whole().From, own[len(own)-1].whole().To}
	if !live.Level.Above(most.Level) || !allKnown(ev.steps, all, time.Duration(e.MergeGapH)*time.Hour) {
		return nil
	}
	p := e.draft(KindDowngrade, most.Level, latest(now, live.StartsAt), Period{most.From, most.To}, ev, most, now)
	p.EndsAt = &all.To
	return p
}

// allKnown reports whether everything is known in a period and as far around it as another spell would belong to it: that
// data are missing is no reason to lower a level.
func allKnown(steps []step, p Period, gap time.Duration) bool {
	from, to := p.From.Add(-gap), p.To.Add(gap)
	for i := range steps {
		if st := &steps[i]; (st.aqi == nil || st.partial) && st.to.After(from) && st.from.Before(to) {
			return false
		}
	}
	return true
}

// suggestLift asks for the end of an active warning once the last observed 24 hours are clean and so is what the next
// LiftH hours hold; see clean. What is unknown is not clean. Within the warning's own period nothing may be ahead.
func (e Engine) suggestLift(ev Evaluation, live *Warning, now time.Time) *Proposal {
	if live.State != Active {
		return nil
	}
	first := lastObserved(ev.steps, now)
	if first < 0 {
		return nil
	}
	observed := ev.steps[first]
	steps, ok := until(ev.steps[first:], observed.to.Add(time.Duration(e.LiftH)*time.Hour))
	if !ok || !e.clean(steps) {
		return nil
	}
	if live.EndsAt != nil {
		for _, ep := range ev.Episodes {
			if w := ep.whole(); w.To.After(now) && w.From.Before(*live.EndsAt) {
				return nil
			}
		}
	}
	found := e.Criteria.find(steps, e.evaluateOptions())
	ep := Episode{From: observed.from, To: steps[len(steps)-1].to, Clauses: traceClauses(steps, found, span{0, len(steps) - 1})}
	p := e.draft(KindLift, None, now, Period{observed.from, observed.to}, ev, ep, now)
	p.EndsAt, p.WarningID = &now, live.ID
	return p
}

// lastObserved is the place of the latest 24 hours that were measured, not older than yesterday; -1 without any.
func lastObserved(steps []step, now time.Time) int {
	found := -1
	oldest := DateOf(now).AddDays(-1).Start()
	for i := range steps {
		st := &steps[i]
		if st.source == SourceObservation && st.aqi != nil && !st.from.Before(oldest) && !st.from.After(now) && !(st.hourly && st.to.After(now)) {
			found = i
		}
	}
	return found
}

// until are the steps that say something of the time up to end: windows that end by then, and days that begin before.
// ok is false when they do not reach it.
func until(steps []step, end time.Time) (out []step, ok bool) {
	for _, st := range steps {
		if st.hourly && st.to.After(end) || !st.from.Before(end) {
			break
		}
		out = append(out, st)
		ok = !st.to.Before(end)
	}
	return out, ok
}

// clean reports whether steps are good enough to end a warning, by the rule of the settings.
func (e Engine) clean(steps []step) bool {
	for i := range steps {
		if steps[i].aqi == nil || steps[i].partial || e.LiftRule != LiftBelowYellow && *steps[i].aqi > e.LiftAtMost {
			return false
		}
	}
	if e.LiftRule != LiftBelowYellow {
		return true
	}
	for _, f := range e.Criteria.find(steps, e.evaluateOptions()) {
		if f.level.Above(Advisory) && len(f.met) > 0 {
			return false
		}
	}
	return true
}

// draft fills in what all kinds have in common. It ends where the episode does.
func (e Engine) draft(kind ProposalKind, level Level, starts time.Time, period Period, ev Evaluation, ep Episode, now time.Time) *Proposal {
	whole := ep.whole()
	p := &Proposal{
		State: StateOpen, Kind: kind, Level: level, Criteria: ev.Criteria,
		StartsAt: starts, EndsAt: &whole.To,
		LeadH: max(0, math.Round(starts.Sub(now).Hours()*10)/10),
		Trace: Trace{
			Clauses: ep.Clauses, Period: period, Episode: &whole, Days: []DayVerdict{}, Excluded: []Excluded{},
			Settings: TraceSettings{
				Criteria: e.Criteria.Name, Document: e.Criteria.Document, Range: e.Range, MergeGapH: e.MergeGapH, Merge: e.Merge,
				LiftH: e.LiftH, LiftRule: e.LiftRule, LiftAtMost: e.LiftAtMost, LeadH: e.LeadH, Over300Consecutive: e.Over300Consecutive,
			},
		},
	}
	first, last := DateOf(whole.From).AddDays(-2), DateOf(whole.To).AddDays(1)
	near := func(d Date) bool { return d >= first && d <= last }
	for _, d := range ev.Days {
		if !near(d.Date) {
			continue
		}
		p.Trace.Days = append(p.Trace.Days, d)
		if !d.Counted {
			p.Trace.Excluded = append(p.Trace.Excluded, Excluded{d.Date, d.Why})
		}
		if newerID(d.ForecastID, p.ForecastID) {
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
	p.ShortNotice = kind == KindStart && p.LeadH < float64(e.LeadH)
	p.Trace.Words = p.explain()
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
	for _, c := range ep.Clauses {
		for _, w := range c.Windows {
			if w.From.Before(p.From) {
				p.From = w.From
			}
			p.To = latest(p.To, w.To)
		}
	}
	return p
}

// course is what the windows of an episode that are not over ask for from now on, never lowered within it: nothing when all is
// past. A window that is under way asks from now on. Days between two spells keep what the day before them had.
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
	for _, c := range ep.Clauses {
		for _, w := range c.Windows {
			if c.Level != level || !w.To.After(now) {
				continue
			}
			if p.From.IsZero() || w.From.Before(p.From) {
				p.From = w.From
			}
			p.To = latest(p.To, w.To)
		}
	}
	return p
}
