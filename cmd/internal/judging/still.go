package judging

import (
	"bytes"
	"context"
	"crypto/sha256"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/telemetry"
)

// still is a case that was looked at and shows the same as long as its orders, what was found of it and its readings
// are the same, until a time.
type still struct {
	orders *known
	found  [sha256.Size]byte
	marks  map[telemetry.Point]telemetry.Mark
	daily  map[telemetry.Point]bool // the running hour counts too
	until  time.Time
}

// keepStill notes that a case needs no look until something moves: all that the look has to say is in the record.
func (e *Evaluator) keepStill(l *Look) {
	key := caseKey{l.Warning, l.Recipient}
	s := &still{found: l.found, marks: l.marks, daily: map[telemetry.Point]bool{}, until: l.changes(&e.opt)}
	for i := range l.Watches {
		if w := &l.Watches[i]; compliance.Daily(w.Kind) {
			own, flow := w.Points()
			s.daily[own], s.daily[flow] = true, true
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.orders = e.known[key]; len(l.Watches) > 0 && s.orders == l.orders {
		e.still[key] = s
	}
}

// moves forgets that a case is still.
func (e *Evaluator) moves(key caseKey) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.still, key)
}

// changes is when a case may show something else by the clock alone: an hour is over, or is waited for no longer, its order
// has ended for good, or the time to explain or to decide is up.
func (l *Look) changes(o *Options) time.Time {
	wait := o.Settings.WaitFor
	until := l.At.Truncate(time.Hour).Add(time.Hour)
	at := func(t time.Time) {
		if t.After(l.At) && t.Before(until) {
			until = t
		}
	}
	at(l.At.Add(-wait).Truncate(time.Hour).Add(time.Hour + wait))
	if ended := l.Chain[len(l.Chain)-1].Ended; !ended.IsZero() {
		at(ended)
		at(ended.Add(time.Hour + wait))
	}
	for _, f := range l.Findings {
		if told, ok := f.Told(); ok {
			at(told.At.Add(o.Settings.ExplainWithin))
			at(told.At.Add(o.Follow.ExplainWithin))
		}
		if f.Waits() {
			at(f.Explanations[len(f.Explanations)-1].At.Add(o.Follow.DecideWithin))
		}
	}
	return until
}

// isStill reports whether a case shows what it did when it was looked at last.
func (e *Evaluator) isStill(ctx context.Context, key caseKey, now time.Time) bool {
	e.mu.Lock()
	s, k := e.still[key], e.known[key]
	e.mu.Unlock()
	if s == nil || k != s.orders || !now.Before(s.until) {
		return false
	}
	same := false
	err := e.opt.Journal.View(func(tx *bbolt.Tx) error {
		same = bytes.Equal(notify.Marks(nil, tx, key.warning, key.recipient), k.rows) &&
			compliance.CaseDigest(tx, key.warning, key.recipient) == s.found
		return nil
	})
	if err != nil || !same {
		return false
	}
	running := now.Truncate(time.Hour)
	for p, mark := range s.marks {
		m, err := e.opt.Readings.Moved(ctx, p, mark)
		if err != nil || m.Any && (s.daily[p] || m.From.Before(running)) {
			return false
		}
	}
	return true
}
