package alerts

import (
	"time"
)

// Heavy pollution that is measured and was not forecast is an episode that goes on, and not a past one: it asks for a
// response though no window of it lies ahead.
const (
	heavyOver   = 200            // AQI
	heavyFresh  = 3 * time.Hour  // how old the newest 24-hour mean may be
	heavySilent = 12 * time.Hour // how far ahead no forecast may say that it is over
)

// heavy is the episode that the measured 24-hour means alone make: the runs that end with the newest mean, at the
// highest level that they meet. It is nil unless the newest mean is above 200 and ended within the last hours, and nil
// while any forecast of the next hours is 200 or less. Daily values do not count here.
func (e Engine) heavy(series Series, ev Evaluation, now time.Time) *Episode {
	newest := -1
	measured := make([]step, len(ev.steps))
	for i, st := range ev.steps {
		if !st.hourly || st.source != SourceObservation {
			st.counted = false // it parts what lies on either side
		}
		measured[i] = st
		if st.hourly && st.source == SourceObservation && !st.to.After(now) {
			newest = i
		}
	}
	if newest < 0 || !measured[newest].counted || *measured[newest].aqi <= heavyOver ||
		measured[newest].to.Before(now.Add(-heavyFresh)) ||
		clearsSoon(series, now) {
		return nil
	}
	measured = measured[:newest+1]
	found := e.Criteria.find(measured, e.Evaluating())
	whole := span{newest, newest}
	for i := range found {
		var running []span
		for _, s := range found[i].met {
			if s.last == newest {
				running, whole.first = append(running, s), min(whole.first, s.first)
			}
		}
		found[i].met = running
	}
	ep := episode(measured, found, whole)
	if ep.Level == None {
		return nil
	}
	return &ep
}

// clearsSoon reports whether a forecast of the next hours says 200 or less: that of the hour, or where there is none
// its day's.
func clearsSoon(series Series, now time.Time) bool {
	from := now.In(Shanghai()).Truncate(time.Hour)
	days := map[Date]int{}
	for _, d := range series.Days {
		if d.Source == SourceForecast && d.AQI != nil {
			days[d.Date] = *d.AQI
		}
	}
	hours := map[time.Time]int{}
	for i := range series.Hours {
		if h := &series.Hours[i]; h.Source == SourceForecast && !h.At.Before(from) && !h.missing() {
			if index, _, ok := h.index(); ok {
				hours[h.At.UTC()] = index
			}
		}
	}
	for at := from; at.Before(now.Add(heavySilent)); at = at.Add(time.Hour) {
		value, ok := hours[at.UTC()]
		if !ok {
			value, ok = days[DateOf(at)]
		}
		if ok && value <= heavyOver {
			return true
		}
	}
	return false
}

// suggestHeavy asks for a start, or with a lower warning live for an upgrade, as soon as may be and until further
// notice, where what is forecast asks for less, or later.
func (e Engine) suggestHeavy(ev Evaluation, live *Warning, forecast *Proposal, now time.Time) *Proposal {
	ep := ev.heavy
	if ep == nil {
		return forecast
	}
	kind, starts := KindStart, now
	if live != nil {
		kind, starts = KindUpgrade, latest(now, live.StartsAt)
		if !ep.Level.Above(live.held()) {
			return forecast
		}
	}
	if forecast != nil && !forecast.StartsAt.After(starts) && !ep.Level.Above(forecast.Level) {
		return forecast
	}
	p := e.draft(kind, ep.Level, starts, Period{ep.From, ep.To}, ev, *ep, now)
	p.EndsAt, p.Trace.Measured = nil, true
	return p
}
