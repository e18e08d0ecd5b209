package judging

import (
	"maps"
	"slices"
	"time"

	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// command is what the look has to say to the record.
func (l *Look) command(set *judge.Settings) compliance.Judge {
	in := compliance.Judge{Warning: l.Warning, Recipient: l.Recipient, Order: l.Latest.ID, Final: l.final(set)}
	for i := range l.Watches {
		in.Seen = append(in.Seen, l.seen(&l.Watches[i]))
	}
	return in
}

// final reports whether the orders have ended and the last hour of them can be waited for no longer.
func (l *Look) final(set *judge.Settings) bool {
	if l.Latest.State == notify.StateOpen {
		return false
	}
	ended := l.Chain[len(l.Chain)-1].Ended
	return !l.At.Before(ended.Add(time.Hour + set.WaitFor))
}

// seen is what a monitor shows. One whose measure is no part of the order any more says nothing now; what was worst
// stays.
func (l *Look) seen(w *WatchLook) compliance.Seen {
	s := compliance.Seen{Key: w.Key, Verdict: w.State.Verdict, Worst: w.State.Worst, Since: w.State.Since, Failed: w.State.Failed}
	if w.Over && l.Latest.State == notify.StateOpen {
		s.Verdict = judge.None
		return s
	}
	switch {
	case w.stands != nil:
		s.Finding = new(w.stands.Recorded())
	case s.Verdict >= judge.Suspected:
		s.Finding = l.finding(w, w.State.From, w.State.Last)
	case s.Verdict == judge.Unknown:
		s.Finding = l.finding(w, w.State.Silent, w.State.Silence)
	}
	return s
}

// finding is what a verdict rests on, from the first of its hours to the last.
func (l *Look) finding(w *WatchLook, from, last time.Time) *compliance.Finding {
	f := &compliance.Finding{Unit: w.Unit, From: from, Last: last, Advisory: l.Chain[len(l.Chain)-1].Advisory}
	span := time.Hour
	if compliance.Daily(w.Kind) {
		span = 24 * time.Hour
	}
	if s := w.Holds(from, from.Add(span)); s != nil {
		f.Criterion = s.Criterion.String()
	}
	for i := range w.Hours {
		if o := &w.Hours[i]; within(o, from, last) {
			f.Hours = append(f.Hours, w.found(o))
			f.Guessed = f.Guessed || w.Baseline != nil && w.Bin(o.At).Weekdays
		}
	}
	for i := range w.Days {
		if o := &w.Days[i].Outcome; within(o, from, last) {
			f.Hours = append(f.Hours, w.found(o))
		}
	}
	if n := len(f.Hours); n > compliance.MostHours {
		f.Hours = f.Hours[n-compliance.MostHours:]
	}
	return f
}

// within reports whether an hour is one that a finding rests on: it failed, or nothing is known of it.
func within(o *judge.Outcome, from, last time.Time) bool {
	return (o.Result == judge.Fail || o.Result == judge.NoData) && !o.At.Before(from) && !o.At.After(last)
}

// found is an hour, or a day, as a finding has it.
func (w *WatchLook) found(o *judge.Outcome) compliance.FoundHour {
	h := compliance.FoundHour{At: o.At, Result: o.Result, Why: o.Why, Usual: w.usual(o.At)}
	for _, s := range w.Said[o.At.Unix()] {
		said := compliance.Said{}
		if s.Flag != 0 {
			said.Flag = string(rune(s.Flag))
		}
		if s.Has {
			said.Value = &s.Value
		}
		h.Said = append(h.Said, said)
	}
	if o.Has {
		h.Measured = &o.Measured
	}
	if o.Held {
		h.Limit = &o.Limit
	}
	return h
}

// usual is the baseline of an hour; nil where the criterion needs none.
func (w *WatchLook) usual(at time.Time) *compliance.Usual {
	if w.Baseline == nil {
		return nil
	}
	b := w.Bin(at)
	u := &compliance.Usual{N: b.N, Median: b.Median, Low: b.Low, High: b.High, Hash: b.Hash, P95: w.Baseline.P95}
	for _, day := range b.At {
		u.Days = append(u.Days, day.Format(time.DateOnly))
	}
	if w.Baseline.HasResidual {
		u.Residual = w.Baseline.Residual
	}
	return u
}

// Bin is what was usual at the hour of an hour.
func (w *WatchLook) Bin(at time.Time) *judge.Bin {
	return &w.Baseline.Bins[at.Hour()][w.Class(at)]
}

// tasks are what a person has to do about what was found. Whoever looks after an instrument that is silent sees to all of
// the plant's, so that there is one task of each kind for a recipient under a warning; one of an instrument that never
// reported asks nothing more when that is so for a day.
func (l *Look) tasks(rules *Follow) (all []compliance.Task) {
	if l.Chain[len(l.Chain)-1].Advisory {
		return nil
	}
	of := func(origin compliance.TaskOrigin, about, finding string) *compliance.Task {
		all = append(all, compliance.Task{Origin: origin, About: about, Warning: l.Warning, Recipient: l.Recipient,
			Order: l.Latest.ID, Finding: finding, Town: l.Latest.Town, Due: l.At.Add(rules.TaskWithin)})
		return &all[len(all)-1]
	}
	person := l.Warning + "/" + l.Recipient
	never, silent := false, map[compliance.Key]bool{} // of those that once reported
	for i := range l.Watches {
		w := &l.Watches[i]
		if !w.Heard && !w.Over && len(w.Hours)+len(w.Days) > 0 && !never {
			of(compliance.FromNeverHeard, person, "")
			never = true
		}
		silent[w.Key] = w.Heard && w.State.Silence.Sub(w.State.Silent) >= rules.SilentFor
		if w.State.Short {
			of(compliance.FromTagged, person+"/"+w.Ref+"."+w.Factor, "")
		}
	}
	gone := false
	for _, id := range slices.Sorted(maps.Keys(l.Findings)) {
		f := l.Findings[id]
		if f.Cleared {
			continue
		}
		told, ok := f.Told()
		switch late := ok && !l.At.Before(told.At.Add(rules.ExplainWithin)); {
		case f.Verdict == judge.Violated, f.Verdict == judge.Suspected && late && told.Explained.IsZero():
			of(compliance.FromFinding, id, id)
		case f.Verdict == judge.Unknown && silent[f.Key] && !gone:
			of(compliance.FromNoData, person, id)
			gone = true
		}
		if f.Waits() {
			if e := f.Explanations[len(f.Explanations)-1]; !l.At.Before(e.At.Add(rules.DecideWithin)) {
				of(compliance.FromExplanation, id, id).Desk = true
			}
		}
	}
	return all
}

// Follow are the times within which people follow findings up.
type Follow struct {
	ExplainWithin time.Duration // for an enterprise
	DecideWithin  time.Duration // for the duty desk, on an explanation
	TaskWithin    time.Duration // for an inspector
	SilentFor     time.Duration // of no data, before somebody goes there
}

// Usual are the usual times.
var Usual = Follow{ExplainWithin: judge.Defaults.ExplainWithin, DecideWithin: 12 * time.Hour, TaskWithin: 24 * time.Hour,
	SilentFor: 24 * time.Hour}
