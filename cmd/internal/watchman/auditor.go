package watchman

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
)

// The auditor's pace and limits.
const (
	auditEvery = time.Minute
	auditGrace = 2 * time.Minute // how long what is due may take until it is done
	auditStale = 3 * time.Minute // how old the last complete pass may be
	auditPage  = 1000            // orders in one read transaction
	auditPause = 10 * time.Millisecond
	auditNamed = 3    // of what is found
	auditCount = 1000 // of what is due; more are not counted
)

// Auditor proves, every minute, that each open order has a next step in the record and that what was due was done. It
// runs on every node, whoever holds the lease, and by its own clock; what is due is compared with the record's time.
// It only reads.
type Auditor struct {
	journal *journal.Journal
	log     *slog.Logger
	rules   notify.AuditRules
	clock   func() time.Time
	ticks   <-chan time.Time // nil: every minute
	page    int
	pause   time.Duration

	began time.Time // by its own clock: parts of the program had no time to do anything before

	mu       sync.Mutex
	last     auditPass
	complete time.Time // when the last pass ended that saw everything; at first when the auditor was made
	ever     bool      // there was one
}

// AuditFinding is what the auditor has to say at one time.
type AuditFinding struct {
	Why    *refusal.Error // what is wrong and what to do; nil where nothing is
	At     time.Time      // when the last complete pass ended; zero before the first
	Orders int            // it looked at
}

// auditPass is the outcome of one pass.
type auditPass struct {
	ended  time.Time
	orders int
	late   tally // due and not done
	stuck  tally // without a next step
	err    error
	trace  string // of a panic
}

// tally counts things and names the first of them.
type tally struct {
	n     int
	first refusal.Worded
}

func (f *tally) add(w refusal.Worded) {
	switch f.n++; {
	case f.n == 1:
		f.first = w
	case f.n <= auditNamed:
		f.first = refusal.Words("audit.list", refusal.Args{"first": f.first, "next": w})
	case f.n == auditNamed+1:
		f.first = refusal.Words("audit.more", refusal.Args{"first": f.first})
	}
}

// NewAuditor returns an auditor that goes by a clock, nil for the machine's; ticks, nil in the program, say when it
// audits.
func NewAuditor(j *journal.Journal, repeatMax time.Duration, clock func() time.Time, ticks <-chan time.Time,
	log *slog.Logger) *Auditor {
	a := &Auditor{journal: j, log: log, rules: notify.AuditRules{RepeatMax: repeatMax, Grace: auditGrace},
		clock: time.Now, ticks: ticks, page: auditPage, pause: auditPause}
	if clock != nil {
		a.clock = clock
	}
	a.complete = a.clock()
	return a
}

// Run audits at once and then every minute. It does not wait for a pass that does not end: that the pass is missing is
// an alarm.
func (a *Auditor) Run(ctx context.Context) error {
	ticks := a.ticks
	if ticks == nil {
		every := time.NewTicker(auditEvery)
		defer every.Stop()
		ticks = every.C
	}
	a.began = a.clock()
	ended, running, alarmed := make(chan auditPass, 1), false, false
	begin := func() {
		if !running {
			running = true
			go func() { ended <- a.pass(ctx) }()
		}
	}
	for begin(); ; alarmed = a.say(alarmed) {
		select {
		case <-ctx.Done():
			if running {
				<-ended
			}
			return nil
		case <-ticks:
			begin()
		case got := <-ended:
			if running = false; ctx.Err() != nil {
				return nil // the program ends, and the pass saw that
			}
			a.keep(got)
		}
	}
}

func (a *Auditor) keep(got auditPass) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.last = got; got.err == nil {
		a.complete, a.ever = got.ended, true
	}
}

// say logs when an alarm begins and when it ends.
func (a *Auditor) say(alarmed bool) bool {
	f := a.Finding()
	switch failed := f.Why != nil; {
	case failed && !alarmed:
		a.mu.Lock()
		trace := a.last.trace
		a.mu.Unlock()
		a.log.Error("the auditor raises its alarm", "why", f.Why.Detail("en"), "stack", trace)
	case alarmed && !failed:
		a.log.Warn("the auditor's alarm is over: every open order has its next step, and nothing is overdue", "orders",
			f.Orders)
	}
	return f.Why != nil
}

// Finding is what the auditor has to say now. It waits for nothing.
func (a *Auditor) Finding() AuditFinding {
	now := a.clock()
	a.mu.Lock()
	defer a.mu.Unlock()
	f := AuditFinding{Orders: a.last.orders}
	wrong := func(rule string, args refusal.Args) {
		if f.Why != nil {
			rule, args = "audit.both", refusal.Args{"first": refusal.Words(f.Why.Rule, f.Why.Args),
				"next": refusal.Words(rule, args)}
		}
		f.Why = refusal.New(refusal.NotReady, rule, args)
	}
	if l := a.last.late; l.n > 0 {
		var count any = l.n
		if l.n >= auditCount {
			count = refusal.Words("audit.at_least", refusal.Args{"count": l.n})
		}
		wrong("audit.late", refusal.Args{"count": count, "first": l.first, "minutes": auditGrace.Minutes()})
	}
	if s := a.last.stuck; s.n > 0 {
		wrong("audit.found", refusal.Args{"count": s.n, "first": s.first})
	}
	if a.last.err != nil {
		wrong("audit.failed", refusal.Args{"why": a.last.err})
	}
	var last any = refusal.Words("audit.never", nil)
	if a.ever {
		f.At, last = a.complete, auditTime(a.complete)
	}
	if now.Sub(a.complete) > auditStale {
		wrong("audit.stale", refusal.Args{"minutes": auditStale.Minutes(), "at": last})
	}
	return f
}

func auditTime(t time.Time) string { return refusal.Clock(t) }

// pass looks at everything once, a page at a time: no transaction is open for long.
func (a *Auditor) pass(ctx context.Context) (got auditPass) {
	defer func() {
		if p := recover(); p != nil {
			got.err, got.trace = fmt.Errorf("panic: %v", p), string(debug.Stack())
		}
		got.ended = a.clock()
	}()
	rules, now := a.times()
	got.err = a.journal.View(func(tx *bbolt.Tx) error { overdue(tx, now, rules, &got.late); return nil })
	for from, more := "", true; more && got.err == nil; more = from != "" {
		if got.err = a.wait(ctx, from); got.err != nil {
			return got
		}
		var page notify.AuditPage
		rules, now := a.times()
		got.err = a.journal.View(func(tx *bbolt.Tx) (err error) {
			page, err = notify.Audit(tx, now.At, rules, journal.RowsOf(tx), from, a.page)
			return err
		})
		got.orders += page.Orders
		for _, s := range page.Stuck {
			got.stuck.add(s.Words())
		}
		from = page.Next
	}
	return got
}

// times is what a page is judged by: the record's time, before the transaction that is compared with it, and the rules.
// While the program is young, work that fell due before it ran had no time to be done.
func (a *Auditor) times() (rules notify.AuditRules, now journal.Moment) {
	rules, now = a.rules, a.journal.Moment()
	if a.clock().Sub(a.began) <= rules.Grace {
		rules.Began = now.At
	}
	return rules, now
}

// wait leaves the others time between two pages.
func (a *Auditor) wait(ctx context.Context, from string) error {
	if from == "" {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
	case <-time.After(a.pause):
	}
	return ctx.Err()
}

// overdue finds the messages and timers that have been due for too long.
func overdue(tx *bbolt.Tx, now journal.Moment, rules notify.AuditRules, late *tally) {
	since := journal.Moment{At: now.At.Add(-rules.Grace), Wall: now.Wall.Add(-rules.Grace)}
	if since.At.Before(rules.Began) {
		return
	}
	for _, by := range journal.OutboxChannels(tx) {
		if oldest := journal.OldestMessage(tx, by); !oldest.Before(since.At) {
			continue
		}
		rows, _ := journal.DueOutbox(tx, by, since.At, auditCount)
		for _, row := range rows {
			due, _, _ := journal.OutboxRow(tx, by, row.Topic, row.ID)
			late.add(refusal.Words("audit.outbox_due", refusal.Args{"channel": by, "id": row.ID, "since": auditTime(due)}))
		}
	}
	timer := journal.OldestTimer(tx)
	if !timer.IsZero() && timer.Before(since.At) {
		ids, _ := journal.DueTimers(tx, since, auditCount)
		for _, id := range ids {
			due, _ := journal.TimerRow(tx, id)
			late.add(refusal.Words("audit.timer_due", refusal.Args{"id": id, "since": auditTime(due)}))
		}
	}
}
