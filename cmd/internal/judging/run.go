package judging

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/notify/compliance"
)

// Commands of what is judged. [CommandJudge], [CommandSum] and [CommandTask] are the program's own.
const (
	CommandJudge    = "compliance.judge"
	CommandSum      = "compliance.sum_hour"
	CommandTask     = "task.open"
	CommandExplain  = "compliance.explain"
	CommandDecide   = "compliance.decide"
	CommandValue    = "compliance.accept_value"
	CommandTaskStep = "task.change"
	CommandRecuse   = "task.recuse"
	CommandEvidence = "compliance.add_evidence"
)

// Register has the journal decide on what is judged.
func Register(r *journal.Registry, rules compliance.Rules) {
	journal.Handle(r, CommandJudge, func(tx *bbolt.Tx, _ string, in compliance.Judge, now time.Time) ([]journal.Event,
		*compliance.Case, error) {
		return compliance.DecideJudge(tx, rules, in, now)
	})
	journal.Handle(r, CommandSum, func(tx *bbolt.Tx, _ string, in compliance.HourSum, now time.Time) ([]journal.Event,
		compliance.HourSum, error) {
		return compliance.DecideSumHour(tx, in, now)
	})
	journal.Handle(r, CommandTask, func(tx *bbolt.Tx, _ string, in compliance.OpenTask, now time.Time) ([]journal.Event,
		*compliance.Task, error) {
		return compliance.DecideOpenTask(tx, in, now)
	})
	journal.Handle(r, CommandTaskStep, func(tx *bbolt.Tx, actor string, in compliance.ChangeTask, _ time.Time) ([]journal.Event,
		*compliance.Task, error) {
		return compliance.DecideTask(tx, actor, in)
	})
	journal.Handle(r, CommandRecuse, func(tx *bbolt.Tx, actor string, in compliance.Recuse, _ time.Time) ([]journal.Event, bool,
		error) {
		return compliance.DecideRecuse(tx, actor, in)
	})
	journal.Handle(r, CommandEvidence, func(tx *bbolt.Tx, actor string, in compliance.Evidence, now time.Time) ([]journal.Event,
		*compliance.Evidence, error) {
		return compliance.DecideEvidence(tx, rules.Evidence, actor, in, now)
	})
	journal.Handle(r, CommandExplain, func(tx *bbolt.Tx, _ string, in compliance.Explain, _ time.Time) ([]journal.Event,
		*compliance.Finding, error) {
		return compliance.DecideExplain(tx, in)
	})
	journal.Handle(r, CommandDecide, func(tx *bbolt.Tx, _ string, in compliance.DecideExplanation, now time.Time) ([]journal.Event,
		*compliance.Finding, error) {
		return compliance.DecideDecision(tx, in, now)
	})
	journal.Handle(r, CommandValue, func(tx *bbolt.Tx, _ string, in compliance.AcceptValue, _ time.Time) ([]journal.Event,
		*compliance.Finding, error) {
		return compliance.DecideValue(tx, in)
	})
}

// passEvery is the shortest pause between two passes; a pass that takes long is followed by a longer one.
const (
	soonest   = time.Second     // also where somebody wants a pass
	readyPoll = 5 * time.Second // where readings or the record are not there yet, for the time of a pass
	passEvery = time.Minute
	passShare = 10 // of the time at most that goes into passes
)

// Run judges again and again until ctx ends; the node that leads calls it.
func (e *Evaluator) Run(ctx context.Context) {
	e.noted(func(s *Status) { *s = Status{Leads: true, Since: time.Now()} })
	defer e.noted(func(s *Status) { *s = Status{} })
	var waits time.Time // since when passes end because something is not there yet; zero where they do not
	for {
		begin, every := time.Now(), passEvery
		_, err := e.Pass(ctx)
		switch {
		case err == nil || ctx.Err() != nil:
			waits = time.Time{}
		case refusal.CodeOf(err) == refusal.NotReady && (waits.IsZero() || begin.Sub(waits) < passEvery): // as after a start
			if waits.IsZero() {
				waits = begin
				e.opt.Log.Info("orders wait to be held against what was measured", "why", err)
			}
			every = readyPoll
		default:
			e.opt.Log.Error("orders are not all held against what was measured; it is tried again", "err", err)
		}
		took := time.Since(begin)
		if !pause(ctx, max(soonest, took), nil) || !pause(ctx, max(every, passShare*took), e.soon) {
			return
		}
	}
}

// pause waits for a time, or less where something wakes it; false once ctx has ended.
func pause(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-wake:
	}
	return ctx.Err() == nil
}

// Soon has the next pass come at once: somebody decided on what was found.
func (e *Evaluator) Soon() {
	select {
	case e.soon <- struct{}{}:
	default:
	}
}

// Pass is one look at all orders that are judged, by as many at once as there are processors. Those of which nothing has
// moved since their last look are left out. Errors of one recipient do not keep the others from being judged; they are
// returned together. Where the record takes nothing, or readings are not there yet, the pass ends with that alone.
func (e *Evaluator) Pass(ctx context.Context) (n int, err error) {
	begun := time.Now()
	e.noted(func(s *Status) { s.Begun = time.Now() })
	defer func() { e.ended(begun, n, err) }()
	if err := e.opt.Readings.Ready(ctx); err != nil {
		return 0, err
	}
	cases, err := e.cases()
	if err != nil {
		return 0, err
	}
	e.forget(cases)
	sums, err := e.dueSums()
	if err != nil {
		return 0, err
	}
	p := pass{Evaluator: e, sums: sums, now: e.opt.Journal.Now()}
	if err := p.all(ctx, cases); err != nil {
		return p.n, err
	}
	if err := p.finish(ctx); err != nil {
		p.failed = append(p.failed, err)
	}
	return p.n, errors.Join(p.failed...)
}

// all judges the cases, or as many as can be before nothing can be: the error is why not.
func (p *pass) all(ctx context.Context, cases [][2]string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.halt = cancel
	var work sync.WaitGroup
	next := make(chan caseKey)
	for range min(runtime.GOMAXPROCS(0), mostWorkers) {
		work.Go(func() {
			for c := range next {
				if ctx.Err() == nil {
					p.one(ctx, c)
				}
			}
		})
	}
	for _, c := range cases {
		if ctx.Err() != nil {
			break
		}
		next <- caseKey{c[0], c[1]}
	}
	close(next)
	work.Wait()
	return context.Cause(ctx)
}

// halts reports whether an error is of no single case: the record takes nothing, or no readings are there. Whatever else
// is to be judged would end with the same.
func halts(err error) bool {
	return refusal.CodeOf(err) == refusal.NotReady || errors.Is(err, journal.ErrClosed) || errors.Is(err, context.DeadlineExceeded)
}

// mostWorkers bounds how many cases are looked at together, and failuresTold how many that fail are named.
const (
	mostWorkers  = 4
	failuresTold = 20
)

// pass is what its workers share.
type pass struct {
	*Evaluator
	now  time.Time
	halt context.CancelCauseFunc // ends the pass, and says why

	mu     sync.Mutex
	sums   []*hourSum
	failed []error
	n      int
	bad    int // cases that failed
}

// one judges a case, unless nothing of it moved.
func (p *pass) one(ctx context.Context, c caseKey) {
	if len(p.sums) == 0 && p.isStill(ctx, c, p.now) {
		p.mu.Lock()
		p.n++
		p.mu.Unlock()
		return
	}
	var summed time.Time
	if len(p.sums) > 0 {
		summed = p.sums[0].Hour
	}
	l, err := p.judge(ctx, c, summed)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case errors.Is(err, errNone):
	case ctx.Err() != nil:
	case halts(err):
		p.halt(err)
	case err != nil:
		if p.bad++; len(p.failed) < failuresTold {
			p.failed = append(p.failed, fmt.Errorf("%s of %s: %w", c.recipient, c.warning, err))
		}
	default:
		p.n++
		for _, s := range p.sums {
			s.take(l)
		}
	}
}

// cases are the recipients of open orders of live warnings, and those who were judged and not yet for good; drills apart.
func (e *Evaluator) cases() (all [][2]string, err error) {
	err = e.opt.Journal.View(func(tx *bbolt.Tx) error {
		seen := map[[2]string]bool{}
		add := func(c [2]string) {
			if !seen[c] {
				seen[c] = true
				all = append(all, c)
			}
		}
		live, err := alerts.Live(tx)
		if err != nil {
			return err
		}
		for _, w := range live {
			for cursor, more := "", !w.Drill; more; more = cursor != "" {
				var page []*notify.Order
				page, cursor, err = notify.ListOrders(tx, notify.Filter{Warning: w.ID, State: notify.StateOpen.String()}, cursor,
					notify.MaxPage)
				if err != nil {
					return err
				}
				for _, o := range page {
					add([2]string{o.WarningID, o.RecipientID})
				}
			}
		}
		for _, c := range compliance.Running(tx) {
			add(c)
		}
		return nil
	})
	return all, err
}

// forget drops what is known of warnings that are over.
func (e *Evaluator) forget(cases [][2]string) {
	live, of := map[string]bool{}, map[caseKey]bool{}
	for _, c := range cases {
		live[c[0]], of[caseKey{c[0], c[1]}] = true, true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	maps.DeleteFunc(e.baselines, func(k baselineKey, _ *usual) bool { return !live[k.warning] })
	maps.DeleteFunc(e.known, func(k caseKey, _ *known) bool { return !of[k] })
	maps.DeleteFunc(e.still, func(k caseKey, _ *still) bool { return !of[k] })
	maps.DeleteFunc(e.settled, func(k caseKey, _ map[compliance.Key]*settled) bool { return !of[k] })
}

// judge looks at one recipient and records what changed, and what has to be done about it. A case rests, and its hours are
// settled, once nothing is left to record: what could not be recorded is seen anew by the next pass.
func (e *Evaluator) judge(ctx context.Context, key caseKey, summed time.Time) (*Look, error) {
	e.moves(key)
	n := next{summed: summed}
	l, err := e.look(ctx, key, &n)
	if err != nil || l.Drill {
		return l, err
	}
	in := l.command(&e.opt.Settings)
	changes, tasks := false, l.tasks(&e.opt.Follow)
	err = e.opt.Journal.View(func(tx *bbolt.Tx) error {
		events, _, err := compliance.DecideJudge(tx, e.opt.rules(), in, l.At)
		changes = len(events) > 0
		tasks = slices.DeleteFunc(tasks, func(t compliance.Task) bool { return compliance.HasTask(tx, &t) })
		return err
	})
	if err != nil {
		return l, err
	}
	if changes {
		if err := e.submit(ctx, CommandJudge, in); err != nil {
			return l, err
		}
	}
	for _, t := range tasks {
		if err := e.submit(ctx, CommandTask, compliance.OpenTask{Task: t}); err != nil {
			return l, err
		}
	}
	if !changes && len(tasks) == 0 {
		e.keepSettled(key, n.keeps)
		e.keepStill(l)
	}
	return l, nil
}

func (o *Options) rules() compliance.Rules {
	return compliance.Rules{ExplainWithin: o.Follow.ExplainWithin}
}

// submitWithin bounds one command.
const submitWithin = 30 * time.Second

func (e *Evaluator) submit(ctx context.Context, kind string, payload any) error {
	ctx, cancel := context.WithTimeout(ctx, submitWithin)
	defer cancel()
	_, err := e.opt.Journal.Submit(ctx, journal.Command{Kind: kind, Actor: "system", Payload: payload})
	if refusal.CodeOf(err) == refusal.Conflict { // the order was replaced meanwhile: the next pass sees the new one
		return nil
	}
	return err
}
