package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// stopWithin bounds Stop as a whole, and the others each part of it. They add up to less, so that a part that hangs
// takes nothing from those that come after it, the record above all.
const (
	stopWithin = 30 * time.Second

	simulationWithin = 400 * time.Millisecond
	httpWithin       = 3500 * time.Millisecond
	stationsWithin   = time.Second
	workWithin       = 6 * time.Second
	streamsWithin    = time.Second
	sessionsWithin   = 1500 * time.Millisecond
	localWithin      = 400 * time.Millisecond
	resultsWithin    = 400 * time.Millisecond
	journalWithin    = 9 * time.Second
	busWithin        = 5 * time.Second
	lockWithin       = 100 * time.Millisecond

	// lastWord is how long a part whose time is over may take to say so.
	lastWord = 100 * time.Millisecond
)

// part is something that Stop ends; it is registered on the line after it exists.
type part struct {
	name   string
	within time.Duration
	stop   func(ctx context.Context) error
}

func (a *App) onStop(name string, within time.Duration, stop func(ctx context.Context) error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.parts = append(a.parts, part{name, within, stop})
}

// recordError is that the record was not closed in order.
type recordError struct{ error }

func (e recordError) Unwrap() error { return e.error }

func (a *App) closeRecord(ctx context.Context) error {
	err := a.journal.Close(ctx)
	if err != nil && ctx.Err() == nil {
		return recordError{err}
	}
	return err
}

// errLeft is that a part did not end within its time.
var errLeft = errors.New("not in time")

// end ends the part and waits no longer than its time.
func (p part) end(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.within)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- p.stop(ctx) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-ended:
		if errors.Is(err, ctx.Err()) {
			return errLeft
		}
		return err
	case <-time.After(lastWord):
		return errLeft
	}
}

// Stop takes the program down, the last part built first, within its time or that of ctx. A part that does not end in
// its time is said and left behind: the process is about to end, and a restart finds the record as after a power cut.
// Whatever else goes wrong is said too. Stop returns an error only where the record could not be closed in order. Stop
// may be called again and then does nothing.
func (a *App) Stop(ctx context.Context) error {
	a.stopping.Store(true)
	a.mu.Lock()
	parts := a.parts
	a.parts = nil
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, stopWithin)
	defer cancel()
	var failed error
	for _, p := range slices.Backward(parts) {
		err := p.end(ctx)
		var broken recordError
		switch {
		case err == nil:
		case errors.Is(err, errLeft):
			a.left = true
			a.log.Error("a part of the program does not end and is left behind", "part", p.name, "within", p.within, "err", err)
		case errors.As(err, &broken):
			failed = fmt.Errorf("stop %s: %w", p.name, err)
		default:
			a.log.Warn("a part of the program did not end well", "part", p.name, "err", err)
		}
	}
	return failed
}

// fail ends a running program with an error. The first one counts; each is said.
func (a *App) fail(err error) {
	a.log.Error("the program cannot go on and ends", "err", err)
	select {
	case a.fatal <- err:
	default:
	}
}

// Run builds and starts the program, calls started, and returns after ctx ended and everything is down, or when a part
// of it failed. The end of ctx is no error, not even while the program is starting.
func Run(ctx context.Context, opt Options, started func(*App)) error {
	opt.Log = cmp.Or(opt.Log, slog.New(slog.DiscardHandler))
	a, err := New(ctx, opt)
	if err == nil {
		err = a.Start(ctx)
	}
	if err != nil {
		var broken recordError
		if ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.As(err, &broken) {
			opt.Log.Info("stopped while it was starting")
			return nil
		}
		return err
	}
	started(a)
	select {
	case <-ctx.Done():
		opt.Log.Info("stopping")
	case err = <-a.fatal:
	}
	return errors.Join(err, a.Stop(context.WithoutCancel(ctx)))
}

// work is what runs in the background, all of it ended as one part.
type work struct {
	mu      sync.Mutex
	cancel  context.CancelFunc // nil before the first
	ctx     context.Context
	running map[string]bool
	all     sync.WaitGroup
}

// background runs work until the program stops. Work that ends by itself ends the program.
func (a *App) background(name string, do func(ctx context.Context) error) {
	w := &a.work
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cancel == nil {
		w.ctx, w.cancel = context.WithCancel(context.Background())
		w.running = map[string]bool{}
		a.onStop("background work", workWithin, w.stop)
	}
	w.running[name] = true
	ctx := w.ctx
	w.all.Go(func() {
		err := do(ctx)
		if ctx.Err() == nil && (err != nil || !a.stopping.Load()) { // some ends with the part that it serves, before all work does
			if err == nil {
				err = errors.New("ended by itself")
			}
			a.fail(fmt.Errorf("%s: %w", name, err))
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.running, name)
	})
}

// stop ends all work at once, and names what does not end.
func (w *work) stop(ctx context.Context) error {
	w.cancel()
	ended := make(chan struct{})
	go func() { w.all.Wait(); close(ended) }()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return fmt.Errorf("%v: %w", slices.Sorted(maps.Keys(w.running)), errLeft)
}
