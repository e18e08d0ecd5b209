// Package judging holds orders against what was measured: it reads the orders and what was found of them from the record,
// readings from beside it, and has package compliance and judge say what they show. [Evaluator.Look] does so for one
// recipient, for whoever wants to see it; [Evaluator.Run] for all, hour by hour, and records what changed.
package judging

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// Readings are what a node keeps of instruments.
type Readings interface {
	Series(ctx context.Context, p telemetry.Point, step telemetry.Step, from, to time.Time, limit int) ([]telemetry.Kept,
		error)
	Moved(ctx context.Context, p telemetry.Point, since telemetry.Mark) (telemetry.Moved, error)
	Passes(ctx context.Context, gate telemetry.Point, from, to time.Time, skip, limit int) ([]readings.Pass, error)
	// Ready is nil while nothing that came in time is missing only because it is not among the readings yet.
	Ready(ctx context.Context) error
}

// Options are what an evaluator works with.
type Options struct {
	Journal  *journal.Journal
	Readings Readings
	Settings judge.Settings
	Follow   Follow
	Holidays judge.Calendar
	Log      *slog.Logger

	// Keep keeps the results of an hour, of which the record has the root; nil keeps none.
	Keep func(ctx context.Context, hour time.Time, leaves [][]byte) error
}

// Evaluator judges. Its methods may be called from any goroutine.
type Evaluator struct {
	opt Options

	passes prometheus.Histogram
	soon   chan struct{} // holds one while a pass is wanted

	mu        sync.Mutex
	status    Status
	baselines map[baselineKey]*usual // of live warnings
	known     map[caseKey]*known     // of live warnings
	still     map[caseKey]*still     // that need no look as long as nothing moves
	settled   map[caseKey]map[compliance.Key]*settled
	summed    time.Time // the hour that was summed last, or had nothing
}

// mostKnown bounds how many cases' orders stay in memory, some 10 kB each; those beyond are read at each look.
const mostKnown = 20_000

// caseKey names a recipient under a warning.
type caseKey struct{ warning, recipient string }

// known is what was read of the orders of a case, as long as their rows are the same.
type known struct {
	rows    []byte
	latest  *notify.Order
	chain   compliance.Chain
	watches []compliance.Watch
}

// New returns an evaluator.
func New(opt Options) *Evaluator {
	return &Evaluator{opt: opt, passes: newPasses(), soon: make(chan struct{}, 1),
		baselines: map[baselineKey]*usual{}, known: map[caseKey]*known{}, still: map[caseKey]*still{},
		settled: map[caseKey]map[compliance.Key]*settled{}}
}

// Look is what is measured of a recipient's orders under a warning, at a time.
type Look struct {
	Warning, Recipient string
	At                 time.Time
	Latest             *notify.Order // of the orders
	Drill              bool
	Chain              compliance.Chain
	Case               *compliance.Case
	Findings           map[string]*compliance.Finding // of the case, by id
	Watches            []WatchLook

	watches []compliance.Watch
	busy    []span // when an order of the recipient was in force; read where a baseline is made
	isBusy  bool
	orders  *known
	found   [sha256.Size]byte // of the case's rows, when they were read
	settles time.Time         // hours before it are settled for the next look
	marks   map[telemetry.Point]telemetry.Mark
	series  map[seriesKey]map[int64]*telemetry.Kept // read already
}

type seriesKey struct {
	point    telemetry.Point
	from, to int64
}

// WatchLook is what one judged monitor shows.
type WatchLook struct {
	compliance.Watch
	Unit     string // of Measured and Limit
	Heard    bool   // the point ever reported
	Fits     bool   // the point measures what the criterion says
	Hours    []judge.Outcome
	Days     []judge.DayOutcome
	State    judge.State
	Baseline *judge.Baseline // nil where the criterion needs none
	Said     map[int64][]judge.Said
	class    judge.Calendar
	stands   *compliance.Finding // what it shows is in the record as it is; nil where that is to be told from Hours or Days
	Over     bool                // nothing is held against it any more: the measure is no part of the latest order, or that has ended
}

type span struct{ from, to time.Time }

// errNone is why there is nothing to look at.
var errNone = errors.New("judging: no order")

// Look reads and judges all hours. Errors: those of the store of readings and of the record; an order that is damaged.
func (e *Evaluator) Look(ctx context.Context, warning, recipient string) (*Look, error) {
	return e.look(ctx, caseKey{warning, recipient}, nil)
}

// next is a look that goes on from what is settled, at monitors whose hours, but the latest, nobody asks for.
type next struct {
	summed time.Time // the first hour that is summed; zero for none
	keeps  map[compliance.Key]*settled
}

// look reads and judges. With n it goes on from what is settled; the look then has the latest hours alone of monitors that
// show nothing that rests on others.
func (e *Evaluator) look(ctx context.Context, key caseKey, n *next) (*Look, error) {
	now := e.opt.Journal.Now()
	l, err := e.read(key.warning, key.recipient, now)
	if err != nil {
		return nil, err
	}
	l.series = map[seriesKey]map[int64]*telemetry.Kept{} // monitors of one point share what is read
	defer func() { l.series = nil }()
	l.settles = now.Truncate(time.Hour).Add(-settleAfter(e.set()))
	var from map[compliance.Key]*settled
	if n != nil {
		from = e.settledOf(key)
	}
	l.Watches = make([]WatchLook, 0, len(l.watches))
	for _, w := range l.watches {
		one, err := e.watch(ctx, l, w, from[w.Key], n)
		if err != nil {
			return nil, err
		}
		l.Watches = append(l.Watches, one)
	}
	return l, nil
}

// read is what the record says.
func (e *Evaluator) read(warning, recipient string, now time.Time) (l *Look, err error) {
	l = &Look{Warning: warning, Recipient: recipient, At: now, Findings: map[string]*compliance.Finding{},
		marks: map[telemetry.Point]telemetry.Mark{}}
	err = e.opt.Journal.View(func(tx *bbolt.Tx) error {
		k, err := e.orders(tx, caseKey{warning, recipient})
		if err != nil {
			return err
		}
		l.orders, l.Latest, l.Drill, l.Chain, l.watches = k, k.latest, k.latest.Drill, k.chain, k.watches
		if l.Case, err = compliance.GetCase(tx, warning, recipient); err != nil {
			return err
		}
		if l.found = compliance.CaseDigest(tx, warning, recipient); l.Case.Findings == 0 {
			return nil
		}
		found, _, err := compliance.ListFindings(tx, compliance.Filter{Warning: warning, Recipient: recipient}, "",
			compliance.MaxPage)
		for _, f := range found {
			l.Findings[f.ID] = f
		}
		return err
	})
	return l, err
}

// orders are the orders of a case, read where they are not known.
func (e *Evaluator) orders(tx *bbolt.Tx, key caseKey) (*known, error) {
	rows := notify.Marks(nil, tx, key.warning, key.recipient)
	e.mu.Lock()
	k := e.known[key]
	e.mu.Unlock()
	if k != nil && bytes.Equal(k.rows, rows) {
		return k, nil
	}
	revisions, err := notify.Revisions(tx, journal.ReadPos, key.warning, key.recipient)
	if err != nil {
		return nil, err
	}
	if len(revisions) == 0 {
		return nil, errNone
	}
	k = &known{rows: rows, latest: revisions[len(revisions)-1].Order}
	if k.chain, err = compliance.ChainOf(revisions); err != nil {
		return nil, err
	}
	k.watches = compliance.Watches(k.chain)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known[key] != nil || len(e.known) < mostKnown {
		e.known[key] = k
	}
	return k, nil
}

// busySpans are when orders of a recipient were in force, drills apart.
func busySpans(tx *bbolt.Tx, recipient string, now time.Time) (all []span, err error) {
	seen := map[string]bool{}
	for cursor, more := "", true; more; more = cursor != "" {
		var page []*notify.Order
		page, cursor, err = notify.ListOrders(tx, notify.Filter{Recipient: recipient}, cursor, notify.MaxPage)
		if err != nil {
			return nil, err
		}
		for _, o := range page {
			if o.Drill || seen[o.WarningID] {
				continue
			}
			seen[o.WarningID] = true
			revisions, err := notify.Revisions(tx, journal.ReadPos, o.WarningID, recipient)
			if err != nil {
				return nil, err
			}
			c, err := compliance.ChainOf(revisions)
			if err != nil {
				return nil, err
			}
			for i := range c {
				all = append(all, span{c[i].Starts(), latestOf(c[i].Ended, now)})
			}
		}
	}
	return all, nil
}

// latestOf is when an order ended, or now while it goes on.
func latestOf(ended, now time.Time) time.Time {
	if ended.IsZero() {
		return now
	}
	return ended
}

// readBusy reads when orders of the recipient were in force.
func (e *Evaluator) readBusy(l *Look) error {
	if l.isBusy {
		return nil
	}
	err := e.opt.Journal.View(func(tx *bbolt.Tx) (err error) { l.busy, err = busySpans(tx, l.Recipient, l.At); return err })
	l.isBusy = err == nil
	return err
}

// busyDay reports whether an order was in force on a day.
func (l *Look) busyDay(day time.Time) bool {
	end := day.AddDate(0, 0, 1)
	for _, s := range l.busy {
		if s.from.Before(end) && s.to.After(day) {
			return true
		}
	}
	return false
}

// watch judges one monitor, on from what is settled where that is enough.
func (e *Evaluator) watch(ctx context.Context, l *Look, w compliance.Watch, from *settled, n *next) (WatchLook, error) {
	out := WatchLook{Watch: w, class: e.opt.Holidays, Said: map[int64][]judge.Said{}}
	last := w.Segments[len(w.Segments)-1]
	out.Over = !last.To.IsZero() && !last.To.After(l.At)
	r := reader{Evaluator: e, ctx: ctx, look: l, watch: &out}
	moved, err := r.heard(from)
	if err != nil {
		return out, err
	}
	if r.needsBaseline() {
		if err := r.baseline(); err != nil {
			return out, err
		}
	}
	r.from = from.goesOn(l, &out, r.unit, moved...)
	if err := r.judge(); err != nil {
		return out, err
	}
	if n != nil && !r.from.reaches(l, &out, n.summed) {
		out.Hours, r.from = nil, nil
		if err := r.judge(); err != nil {
			return out, err
		}
	}
	if n != nil && r.keeps != nil {
		if n.keeps == nil {
			n.keeps = make(map[compliance.Key]*settled, len(l.watches))
		}
		n.keeps[w.Key] = r.keeps
	}
	return out, nil
}

func (r *reader) judge() error {
	if compliance.Daily(r.watch.Kind) {
		return r.days()
	}
	return r.hours()
}

// heard notes whether anything ever came of the monitor, how far its readings have come and what its point's unit is. It
// says what came of its points since.
func (r *reader) heard(since *settled) (moved []telemetry.Moved, err error) {
	if since == nil {
		since = &settled{}
	}
	own, flow := r.watch.Points()
	m, err := r.opt.Readings.Moved(r.ctx, own, since.own)
	if err != nil {
		return nil, err
	}
	r.unit, r.watch.Heard = m.Unit, m.Heard
	r.look.mark(own, m.Mark)
	moved = append(moved, m)
	if flow != "" && flow != own {
		if m, err = r.opt.Readings.Moved(r.ctx, flow, since.flow); err != nil {
			return nil, err
		}
		r.look.mark(flow, m.Mark)
		moved = append(moved, m)
	}
	return moved, nil
}

// mark notes how far the readings of a point have come at least: monitors of one point share what is read for the first.
func (l *Look) mark(p telemetry.Point, m telemetry.Mark) {
	if _, known := l.marks[p]; !known {
		l.marks[p] = m
	}
}

// told is what the enterprise was told of a monitor.
func (l *Look) told(k compliance.Key) (all []judge.Told) {
	for _, f := range l.Findings {
		if t, ok := f.Told(); ok && f.Key == k {
			all = append(all, t)
		}
	}
	return all
}

// steps are the results in the order of time.
func (w *WatchLook) steps() []judge.Step {
	all := make([]judge.Step, 0, len(w.Hours)+len(w.Days))
	for i := range w.Hours {
		all = append(all, judge.Step{At: w.Hours[i].At, Result: w.Hours[i].Result, Why: w.Hours[i].Why})
	}
	for i := range w.Days {
		all = append(all, judge.Step{At: w.Days[i].At, Result: w.Days[i].Result, Why: w.Days[i].Why, Day: true})
	}
	return all
}

// OrderVerdict is the worst of what the monitors show now.
func (l *Look) OrderVerdict() (v judge.Verdict) {
	for i := range l.Watches {
		if w := &l.Watches[i]; !w.Over {
			v = max(v, w.State.Verdict)
		}
	}
	return v
}

// Class is the class of the day of an hour.
func (w *WatchLook) Class(at time.Time) judge.DayClass {
	class, _ := w.class(midnight(at))
	return class
}
