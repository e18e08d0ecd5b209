package alerts

import (
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/aqi"
)

// A warning may end when the air has cleared and stays clean for LiftH hours (环大气〔2024〕6号; a setting says how the hours
// are counted, for the text leaves it open). A lift rests on the moment at which that begins, which follows from what
// is known of the air and not from the clock.

// airPiece is what is known of a stretch of time for a lift.
type airPiece struct {
	from, to time.Time
	known    bool
	clean    bool // good enough to end a warning; what is unknown or without PM2.5 is not
}

// cleanAir are the stretches of clean air, and how they were counted.
type cleanAir struct {
	step      string // LiftHour, LiftMean or LiftDay
	stretches []stretch
	known     time.Time // until when anything is known
}

// stretch is clean air between two times. A warning may end from at on.
type stretch struct{ from, at, to time.Time }

// cleanAir finds the stretches of clean air of a series and its evaluation.
func (e Engine) cleanAir(series Series, ev Evaluation) cleanAir {
	c := cleanAir{step: e.LiftStep}
	if c.step == "" || c.step == LiftAuto {
		c.step = LiftDay
		if len(series.Hours) > 0 {
			c.step = LiftHour
		}
	}
	var pieces []airPiece
	switch c.step {
	case LiftHour:
		pieces = e.airByHours(series, ev)
	case LiftMean:
		pieces = e.airBySteps(ev, func(*step) bool { return true })
	default:
		pieces = e.airBySteps(ev, func(st *step) bool { return st.day() != "" })
	}
	for i, p := range pieces {
		if p.known {
			c.known = latest(c.known, p.to)
		}
		n := len(c.stretches)
		switch {
		case !p.clean:
		case n > 0 && i > 0 && pieces[i-1].clean && (c.step == LiftMean || pieces[i-1].to.Equal(p.from)):
			c.stretches[n-1].to = p.to
		case c.step == LiftMean:
			c.stretches = append(c.stretches, stretch{p.from, p.to, p.to})
		default:
			c.stretches = append(c.stretches, stretch{p.from, p.from, p.to})
		}
	}
	return c
}

// from is the earliest time from which the air stays clean for the hours that a lift asks for, while a warning is in
// force since a time. The stretch is not over, and none of the episodes waited for goes on or begins behind it. ok is
// false when nothing that is known says so.
func (c cleanAir) from(hours int, since, now time.Time, wait []Episode) (at time.Time, ok bool) {
	for _, s := range c.stretches {
		if !s.to.After(now) || s.to.Sub(latest(s.at, since)) < time.Duration(hours)*time.Hour {
			continue
		}
		if !slices.ContainsFunc(wait, func(ep Episode) bool { return ep.beginsAfter(s.from, now) }) {
			return s.at, true
		}
	}
	return time.Time{}, false
}

// beginsAfter reports whether a window that is not over begins at a time or after it.
func (ep Episode) beginsAfter(t, now time.Time) bool {
	for _, w := range windowsOf(ep.Clauses) {
		if w.To.After(now) && !w.From.Before(t) {
			return true
		}
	}
	return false
}

// asks reports whether a 24-hour mean is part of what meets a clause of any level: air that is good enough to end a
// warning may still ask for a lower one.
func (ev Evaluation) asks(from, to time.Time) bool {
	for _, w := range windowsOf(ev.Clauses) {
		if !w.From.After(from) && !w.To.Before(to) {
			return true
		}
	}
	return false
}

// airBySteps takes the 24-hour means, or those of them that are asked for, as they are.
func (e Engine) airBySteps(ev Evaluation, of func(*step) bool) (out []airPiece) {
	for i := range ev.steps {
		st := &ev.steps[i]
		if of(st) {
			known := st.aqi != nil && !st.partial
			out = append(out, airPiece{st.from, st.to, st.aqi != nil, known && e.cleanAt(ev, *st.aqi, st.from, st.to) &&
				!ev.asks(st.from, st.to)})
		}
	}
	return out
}

// airByHours takes each hour's own concentrations by the daily table; an hour without a value has that of its day.
func (e Engine) airByHours(series Series, ev Evaluation) (out []airPiece) {
	days := map[Date]airPiece{}
	values := map[Date]int{}
	var known Period
	for i := range ev.steps {
		if st := &ev.steps[i]; st.day() != "" && st.aqi != nil {
			days[st.day()], values[st.day()] = airPiece{known: true, clean: !st.partial && !ev.asks(st.from, st.to)}, *st.aqi
			known.include(st.from, st.to)
		}
	}
	hours := make(map[time.Time]*HourAir, len(series.Hours))
	for i := range series.Hours {
		h := &series.Hours[i]
		hours[h.At.UTC()] = h
		known.include(h.At, h.At.Add(time.Hour))
	}
	for at := known.From; at.Before(known.To); at = at.Add(time.Hour) {
		a, value := days[DateOf(at)], values[DateOf(at)]
		if h := hours[at.UTC()]; h != nil && !h.missing() {
			index, partial, ok := h.index()
			a, value = airPiece{known: ok, clean: ok && !partial && !ev.asks(at, at.Add(windowHours*time.Hour))}, index
		}
		a.from, a.to = at, at.Add(time.Hour)
		a.clean = a.clean && e.cleanAt(ev, value, a.from, a.to)
		out = append(out, a)
	}
	return out
}

// index is an hour's own by the daily table; partial says that PM2.5 is not among what it is made of.
func (h *HourAir) index() (index int, partial, ok bool) {
	if len(h.Values) == 0 {
		return *h.AQI, false, true
	}
	index, _, ok = indexOf(standardAt(h.At), h.Values)
	_, measured := h.Values[aqi.PM25]
	return index, !measured, ok
}

// cleanAt reports whether air with this index is good enough to end a warning, by the rule of the settings: it is at
// most LiftAtMost, or the time lies in no window that meets a statutory level.
func (e Engine) cleanAt(ev Evaluation, index int, from, to time.Time) bool {
	if e.LiftRule != LiftBelowYellow {
		return index <= e.LiftAtMost
	}
	return !ev.meets(Yellow, from, to)
}

// meets reports whether a time touches a window of a clause of a level, or of a higher one.
func (ev Evaluation) meets(lowest Level, from, to time.Time) bool {
	for level, w := range windowsOf(ev.Clauses) {
		if !lowest.Above(level) && w.From.Before(to) && w.To.After(from) {
			return true
		}
	}
	return false
}

// suggestLift asks for the end of an active warning from when the air has cleared, at most LiftLeadH hours ahead. The
// episodes that have begun, that the warning was declared for, or that lie within its set period have to be over by
// then.
func (e Engine) suggestLift(ev Evaluation, live *Warning, now time.Time) *Proposal {
	if live.State != Active {
		return nil
	}
	at, ok := e.clearsAt(ev, live, now)
	if !ok || at.After(now.Add(time.Duration(e.LiftLeadH)*time.Hour)) {
		return nil
	}
	end := latest(at, now)
	if live.EndsAt != nil && (!live.EndsAt.After(end) || live.LiftFrom != nil && live.LiftFrom.Equal(at)) {
		return nil
	}
	whole := Period{at, at.Add(time.Duration(e.LiftH) * time.Hour)}
	p := e.draft(KindLift, None, end, whole, ev, *nearest(ev, at), now)
	p.EndsAt = &end
	return p
}

// nearest is the last episode that begins before a time; where there is none, an empty one at that time with no clause
// met.
func nearest(ev Evaluation, at time.Time) *Episode {
	near := Episode{From: at, To: at, Clauses: slices.Clone(ev.Clauses)}
	for i := range near.Clauses {
		near.Clauses[i].Met, near.Clauses[i].Windows = false, []Window{}
	}
	for _, ep := range ev.Episodes {
		if ep.whole().From.Before(at) {
			near = ep
		}
	}
	return &near
}

// clearsAt is when the air has cleared for a warning; see [cleanAir.from].
func (e Engine) clearsAt(ev Evaluation, live *Warning, now time.Time) (at time.Time, ok bool) {
	return ev.clean.from(e.LiftH, live.StartsAt, now, e.waitedFor(ev, live, now))
}

// waitedFor are the episodes that have to be over before a warning is lifted.
func (e Engine) waitedFor(ev Evaluation, live *Warning, now time.Time) []Episode {
	until := live.StartsAt.Add(time.Duration(e.MergeGapH) * time.Hour)
	if live.EndsAt != nil {
		until = latest(until, *live.EndsAt)
	}
	return slices.DeleteFunc(slices.Clone(ev.Episodes), func(ep Episode) bool {
		from := ep.whole().From
		return from.After(now) && !from.Before(until)
	})
}

// outlook says what is known of the end of a warning that is in force since a time, while these episodes last.
func (e Engine) outlook(ev Evaluation, since, now time.Time, wait []Episode) *Outlook {
	o := &Outlook{KnownUntil: ev.clean.known}
	if at, ok := ev.clean.from(e.LiftH, since, now, wait); ok {
		o.From = &at
	}
	o.Open = slices.ContainsFunc(wait,
		func(ep Episode) bool { return ep.whole().To.After(now) && !ep.whole().To.Before(ev.clean.known) })
	return o
}

// idle counts the days on which a warning was in force so far and which lie in no window of any clause, as far back as
// anything is known.
func (ev Evaluation) idle(live *Warning, now time.Time) (n int) {
	if len(ev.steps) == 0 {
		return 0
	}
	end := now
	if live.EndsAt != nil {
		end = earliest(end, *live.EndsAt)
	}
	for day := DateOf(latest(live.StartsAt, ev.steps[0].from)); day.Start().Before(end); day = day.AddDays(1) {
		if !ev.meets(Advisory, day.Start(), day.End()) {
			n++
		}
	}
	return n
}

// Outlook is what can be said now of the end of a warning that is in force or to come.
func (e Engine) Outlook(tx *bbolt.Tx, w *Warning, now time.Time) (*Outlook, error) {
	series, err := e.series(tx, scope{w.Region, w.Drill}, now, delivery{})
	if err != nil {
		return nil, err
	}
	_, ev := e.evaluateSeries(series, now)
	o := e.outlook(ev, w.StartsAt, now, e.waitedFor(ev, w, now))
	o.IdleDays = ev.idle(w, now)
	return o, nil
}
