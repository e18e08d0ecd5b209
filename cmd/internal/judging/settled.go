package judging

import (
	"crypto/sha256"
	"slices"
	"time"

	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
)

// settled is what a monitor showed up to a time, where nothing more is waited for: as long as its orders, what was found
// and decided, what is usual and its readings up to then are the same, a look goes on from there and sees what one from the
// beginning would. It holds what the hours lead to, not the hours: some 500 bytes a monitor.
type settled struct {
	orders *known
	found  [sha256.Size]byte
	base   *judge.Baseline
	unit   string // of the point
	heard  bool

	at        time.Time // what begins before it is settled
	own, flow telemetry.Mark
	fold      *judge.Folding     // of hours
	days      []judge.DayOutcome // or of days
}

// settleAfter is how long behind its end an hour is read anew: as long as one may be waited for, and what comes a little
// later than that still needs no look at all hours.
func settleAfter(set *judge.Settings) time.Duration {
	return max(6*time.Hour, (set.WaitFor + 2*time.Hour).Truncate(time.Hour))
}

// settled is what the look may go on from next time.
func (r *reader) settled(fold *judge.Folding, at time.Time) *settled {
	own, flow := r.watch.Points()
	return &settled{orders: r.look.orders, found: r.look.found, base: r.watch.Baseline, unit: r.unit, heard: r.watch.Heard,
		at: at, own: r.look.marks[own], flow: r.look.marks[flow], fold: fold}
}

// goesOn is from where a monitor of a case can go on; nil for nowhere. moved says what of its points came since.
func (s *settled) goesOn(l *Look, w *WatchLook, unit string, moved ...telemetry.Moved) *settled {
	if s == nil || s.orders != l.orders || s.found != l.found || s.base != w.Baseline || s.unit != unit || s.heard != w.Heard {
		return nil
	}
	out := *s
	for _, m := range moved {
		if !m.Any || !m.From.Before(out.at) {
			continue
		}
		if s.fold != nil {
			return nil
		}
		for n := len(out.days); n > 0 && m.From.Before(out.days[n-1].At.AddDate(0, 0, 1)); n-- {
			out.days = out.days[: n-1 : n-1]
		}
		if out.at = midnight(m.From); out.at.Before(midnight(w.Segments[0].From)) {
			return nil
		}
	}
	return &out
}

// reaches reports whether all that is asked of a monitor can be told from the hours that were read: an hour that is summed,
// and those that the monitor's verdict rests on. These are in the record where its finding stands as it is: what is settled
// was held against it, see [Evaluator.judge].
func (s *settled) reaches(l *Look, w *WatchLook, summed time.Time) bool {
	if s == nil || s.fold == nil {
		return true
	}
	if !summed.IsZero() && summed.Before(s.at) {
		return false
	}
	from := w.State.From
	switch v := w.State.Verdict; {
	case v == judge.Unknown:
		from = w.State.Silent
	case v < judge.Unknown:
		return true
	}
	if !from.Before(s.at) {
		return true
	}
	f := l.standing(w.Key)
	if f == nil || f.Verdict != w.State.Verdict || f.Worst != w.State.Worst || !f.From.Equal(from) ||
		slices.ContainsFunc(f.Hours, func(h compliance.FoundHour) bool { return !h.At.Before(s.at) }) {
		return false
	}
	w.stands = f
	return true
}

// standing is the finding that stands of a monitor; nil for none.
func (l *Look) standing(k compliance.Key) *compliance.Finding {
	i := slices.IndexFunc(l.Case.Monitors, func(m compliance.Monitor) bool { return m.Key == k })
	if i < 0 {
		return nil
	}
	return l.Findings[l.Case.Monitors[i].Finding]
}

// settledOf is what is known of the monitors of a case.
func (e *Evaluator) settledOf(key caseKey) map[compliance.Key]*settled {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.settled[key]
}

// keepSettled is the same, for the next look: of cases whose orders are known alone.
func (e *Evaluator) keepSettled(key caseKey, of map[compliance.Key]*settled) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[key] == nil || len(of) == 0 {
		delete(e.settled, key)
		return
	}
	e.settled[key] = of
}
