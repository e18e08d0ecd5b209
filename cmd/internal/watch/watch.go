// Package watch keeps an eye on the program: a [Watchman] asks every few seconds what was registered with it, each part
// by its own [Probe], and says in one [Report] what is wrong and what a person should do about it.
//
// A probe may be wrong in any way that the part it asks can be: one that does not answer in time is a failed check and
// is not asked a second time while it hangs, and one that panics is a failed check too. So nothing that stands still
// makes the report stand still.
package watch

import (
	"cmp"
	"context"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"qingkong/alerts/refusal"
)

// State is how one part of the program is.
type State string

// The states. Degraded does its job with less to spare, Failed does not do it.
const (
	OK       State = "ok"
	Degraded State = "degraded"
	Failed   State = "failed"
)

// Finding is what a probe found. The zero Finding says that all is well.
type Finding struct {
	State State          // empty stands for OK
	Why   *refusal.Error // what is wrong and what to do, worded on demand; nil when all is well
	Stops bool           // nothing can be written while this holds
}

// Degrade is the finding of a part with less to spare than it should have.
func Degrade(rule string, args refusal.Args) Finding {
	return Finding{State: Degraded, Why: refusal.New(refusal.NotReady, rule, args)}
}

// Fail is the finding of a part that does not do its job.
func Fail(rule string, args refusal.Args) Finding {
	return Finding{State: Failed, Why: refusal.New(refusal.NotReady, rule, args)}
}

// Stop is the finding of a part without which nothing can be written.
func Stop(rule string, args refusal.Args) Finding {
	f := Fail(rule, args)
	f.Stops = true
	return f
}

// Probe asks one part. Its context ends shortly before [Options.Limit], so that it can still say itself what gave it no
// answer. It runs on a goroutine of its own, never twice at a time.
type Probe func(ctx context.Context) Finding

// Options are what a watchman is made with; all of them have defaults.
type Options struct {
	Every time.Duration    // between two looks; 5 s
	Limit time.Duration    // for one probe; 3 s
	Clock func() time.Time // time.Now
	Log   *slog.Logger     // none
}

// remind is how long a state lasts before it is logged again.
const remind = 10 * time.Minute

// Watchman asks the probes and keeps what they found. Its methods may be called from any goroutine.
type Watchman struct {
	opt Options

	mu      sync.Mutex
	checks  []*check // in the order of the report
	made    time.Time
	started bool
	changed chan struct{}
}

// check is one part under watch, guarded by the watchman's lock.
type check struct {
	name  string
	probe Probe

	asked   bool // the first answer is in
	now     Finding
	since   time.Time
	logged  time.Time
	inquiry *inquiry // the probe that runs; nil for none
	panicky bool     // it panicked when it was asked last
}

// inquiry is one probe that was sent out.
type inquiry struct {
	done chan struct{} // closed when the probe has returned
	late bool          // it had its time, and what it says counts no more
}

// New returns a watchman that watches nothing yet.
func New(opt Options) *Watchman {
	opt.Every = cmp.Or(opt.Every, 5*time.Second)
	opt.Limit = cmp.Or(opt.Limit, 3*time.Second)
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	return &Watchman{opt: opt, made: opt.Clock(), changed: make(chan struct{})}
}

// Watch registers a part under a name that no other has; to be called before [Watchman.Run] and [Watchman.Look].
func (w *Watchman) Watch(name string, probe Probe) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.checks {
		if c.name == name {
			panic("watch: two checks are called " + name)
		}
	}
	w.checks = append(w.checks, &check{name: name, probe: probe, since: w.opt.Clock(),
		now: Finding{State: Failed, Why: refusal.New(refusal.NotReady, "watch.not_asked", nil)}})
	slices.SortFunc(w.checks, func(a, b *check) int { return byOrder(a.name, b.name) })
}

// Run asks every probe at once and then every [Options.Every], until ctx ends. The probes that run then have ended, but
// for one that hangs.
func (w *Watchman) Run(ctx context.Context) error {
	tick := time.NewTicker(w.opt.Every)
	defer tick.Stop()
	for {
		w.Look(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Look asks every probe once and returns when each has answered or has had its time. An answer that comes after ctx has
// ended is dropped: it would only tell of the end.
func (w *Watchman) Look(ctx context.Context) {
	w.mu.Lock()
	out := map[*check]*inquiry{}
	for _, c := range w.checks {
		if a := w.ask(ctx, c); !a.late {
			out[c] = a
		}
	}
	w.mu.Unlock()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.opt.Limit)
	defer cancel()
	for c, a := range out {
		select {
		case <-a.done:
		case <-limit.Done():
			w.overdue(ctx, c, a)
		}
	}
}

// ask sends a probe out, or gives the one that is out already.
func (w *Watchman) ask(ctx context.Context, c *check) *inquiry {
	if c.inquiry != nil {
		return c.inquiry
	}
	a := &inquiry{done: make(chan struct{})}
	c.inquiry = a
	go func() {
		defer close(a.done)
		own, cancel := context.WithTimeout(ctx, w.opt.Limit-w.opt.Limit/6)
		defer cancel()
		f, trace := answer(own, c.probe)
		w.mu.Lock()
		defer w.mu.Unlock()
		c.inquiry = nil
		if trace != nil && !c.panicky {
			w.opt.Log.Error("a check panicked", "check", c.name, "panic", string(trace))
		}
		c.panicky = trace != nil
		if !a.late && ctx.Err() == nil {
			w.take(c, f)
		}
	}()
	return a
}

// answer runs a probe; trace is where it panicked.
func answer(ctx context.Context, probe Probe) (f Finding, trace []byte) {
	defer func() {
		if v := recover(); v != nil {
			f, trace = Fail("watch.panicked", refusal.Args{"what": v}), debug.Stack()
		}
	}()
	f = probe(ctx)
	if f.State == "" {
		f.State = OK
	}
	return f, nil
}

// overdue gives a probe up, unless it has just answered.
func (w *Watchman) overdue(ctx context.Context, c *check, a *inquiry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.inquiry != a {
		return
	}
	a.late = true
	if ctx.Err() == nil {
		w.take(c, Fail("watch.no_answer", refusal.Args{"limit": w.opt.Limit}))
	}
}

// take keeps a finding, logs what is news, and tells of a change. A change of the figures in a reason is none.
func (w *Watchman) take(c *check, f Finding) {
	now, was, first := w.opt.Clock(), c.now, !c.asked
	c.now, c.asked = f, true
	changed := first || f.State != was.State || f.Stops != was.Stops
	if first || f.State != was.State {
		c.since = now
	}
	switch {
	case f.State != OK && (changed || now.Sub(c.logged) >= remind):
		c.logged = now
		w.opt.Log.Warn(verdict[f.State], "check", c.name, "why", reason(f), "since", c.since, "nothing_is_written", f.Stops)
	case f.State == OK && changed && !first:
		w.opt.Log.Info("a check is ok again", "check", c.name)
	}
	if changed || rule(f) != rule(was) {
		w.signal()
	}
}

// verdict is how a state that is not ok begins its line in the log.
var verdict = map[State]string{Degraded: "a check is degraded", Failed: "a check has failed"}

func (w *Watchman) signal() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// reason is why a finding is as it is, in English for the log.
func reason(f Finding) string {
	if f.Why == nil {
		return ""
	}
	return f.Why.Detail("en")
}

func rule(f Finding) string {
	if f.Why == nil {
		return ""
	}
	return f.Why.Rule
}

// Changed returns a channel that is closed at the next change of any state, or of the reason for one.
func (w *Watchman) Changed() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.changed
}

// Started says that the program has started; until then it is not ready, whatever its parts say.
func (w *Watchman) Started() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.started = true
		w.signal()
	}
}
