// Package journaltest is a journal for tests: over a server of its own, at a time that the test sets, with the lease in
// the test's hand.
package journaltest

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/journal/natstest"
)

// Clock is a time that stands still until a test moves it.
type Clock struct{ atomic.Pointer[time.Time] }

// NewClock returns a clock that stands at a time.
func NewClock(at time.Time) *Clock {
	c := &Clock{}
	c.Store(&at)
	return c
}

// Now is the time it stands at.
func (c *Clock) Now() time.Time { return *c.Load() }

// Add moves the clock on and returns where it stands then.
func (c *Clock) Add(d time.Duration) time.Time {
	now := c.Now().Add(d)
	c.Store(&now)
	return now
}

// Open opens a journal until the test's end: without Dir in a folder of its own, without JS on a server of its own
// below the folder. What the journal takes for fatal fails the test, unless Fatal says another thing.
func Open(t testing.TB, opt journal.Options) *journal.Journal {
	t.Helper()
	if opt.Dir == "" {
		opt.Dir = t.TempDir()
	}
	if opt.JS == nil {
		opt.JS = natstest.Start(t, filepath.Join(opt.Dir, "nats")).JS
	}
	if opt.Fatal == nil {
		opt.Fatal = func(err error) { t.Errorf("fatal: %v", err) }
	}
	j, err := journal.Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(context.Background()); err != nil { // the test's own context has ended
			t.Error(err)
		}
	})
	return j
}

// Leader holds the lease of a journal, and does there what only its holder may.
type Leader struct {
	Epoch uint64
	j     *journal.Journal
	work  chan func()
	end   context.CancelFunc
	ended chan struct{}
}

// Lead takes the lease until the test's end, or Stop.
func Lead(t testing.TB, j *journal.Journal) *Leader {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &Leader{j: j, work: make(chan func()), end: cancel, ended: make(chan struct{})}
	holds := make(chan uint64, 1)
	go func() {
		defer close(l.ended)
		_ = j.Lead(ctx, func(ctx context.Context, epoch uint64) {
			holds <- epoch
			for {
				select {
				case work := <-l.work:
					work()
				case <-ctx.Done():
					return
				}
			}
		})
	}()
	l.Epoch = <-holds
	t.Cleanup(l.Stop)
	return l
}

// Stop gives the lease up.
func (l *Leader) Stop() {
	l.end()
	<-l.ended
}

// Fire carries out the timers that are due by now, and what these set for now in turn.
func (l *Leader) Fire(now time.Time) error {
	done := make(chan error, 1)
	l.work <- func() { done <- l.fire(now) }
	return <-done
}

func (l *Leader) fire(now time.Time) error {
	const page = 100
	for {
		var ids []string
		err := l.j.View(func(tx *bbolt.Tx) error {
			ids, _ = journal.DueTimers(tx, journal.Moment{At: now, Wall: now}, page)
			return nil
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := l.j.FireTimer(context.Background(), l.Epoch, id); err != nil {
				return err
			}
		}
	}
}
