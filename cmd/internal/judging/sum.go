package judging

import (
	"bytes"
	"context"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// How far back hours are summed that nobody summed in time, and how long an hour waits for recipients that cannot be
// judged: after it, it is summed without them.
const (
	sumsBack = 48 * time.Hour
	sumsWait = 6 * time.Hour
)

// hourSum is what all monitors show of an hour, and of the day that ended with it, and the leaves of its root.
type hourSum struct {
	compliance.HourSum
	leaves [][]byte
}

// dueSums are the hours that can be waited for no longer and are not summed yet.
func (e *Evaluator) dueSums() (due []*hourSum, err error) {
	hour := e.opt.Journal.Now().Add(-time.Hour - e.opt.Settings.WaitFor).Truncate(time.Hour).In(alerts.Shanghai())
	var last time.Time
	err = e.opt.Journal.View(func(tx *bbolt.Tx) error { last = compliance.LastHour(tx); return nil })
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	if e.summed.After(last) {
		last = e.summed
	}
	e.mu.Unlock()
	first := last.Add(time.Hour)
	if last.IsZero() || hour.Sub(first) > sumsBack {
		first = hour.Add(-sumsBack)
	}
	for at := first.In(alerts.Shanghai()); !at.After(hour); at = at.Add(time.Hour) {
		due = append(due, &hourSum{HourSum: compliance.HourSum{Hour: at}})
	}
	return due, nil
}

// take adds what a recipient's monitors showed.
func (s *hourSum) take(l *Look) {
	before := len(s.leaves)
	for i := range l.Watches {
		w := &l.Watches[i]
		at := func(o *judge.Outcome) {
			s.leaves = append(s.leaves, compliance.Leaf(l.Warning, l.Recipient, w.Key, o))
			s.Add(o.Result)
		}
		if k, ok := slices.BinarySearchFunc(w.Hours, s.Hour, func(o judge.Outcome, hour time.Time) int { return o.At.Compare(hour) }); ok {
			at(&w.Hours[k])
		}
		for k := range w.Days {
			if o := &w.Days[k].Outcome; o.At.Add(23 * time.Hour).Equal(s.Hour) {
				at(o)
			}
		}
	}
	if len(s.leaves) > before {
		s.Orders++
	}
}

// finish records the sums, in the order of their hours. While recipients cannot be judged an hour waits for them.
func (p *pass) finish(ctx context.Context) error {
	for _, s := range p.sums {
		if p.bad > 0 && p.now.Sub(s.Hour) < sumsWait {
			return nil
		}
		if err := p.sum(ctx, s); err != nil {
			return err
		}
		p.Evaluator.mu.Lock()
		p.summed = s.Hour
		p.Evaluator.mu.Unlock()
	}
	return nil
}

// sum keeps the leaves of an hour and records their root; an hour without any leaves no trace.
func (e *Evaluator) sum(ctx context.Context, s *hourSum) (err error) {
	if len(s.leaves) == 0 {
		return nil
	}
	slices.SortFunc(s.leaves, bytes.Compare)
	if s.Root, err = compliance.RootOf(s.leaves); err != nil {
		return err
	}
	if e.opt.Keep != nil {
		if err := e.opt.Keep(ctx, s.Hour, s.leaves); err != nil {
			return err
		}
	}
	if err := e.submit(ctx, CommandSum, s.HourSum); err != nil {
		return err
	}
	e.noted(func(st *Status) { st.Hour, st.NoData = s.Hour, s.NoData })
	return nil
}
