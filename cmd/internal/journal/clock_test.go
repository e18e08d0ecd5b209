package journal

import (
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// handClocks are a wall clock and a monotonic one that a test moves: together, or the wall clock alone, as somebody who
// sets it does.
type handClocks struct {
	wall time.Time
	mono time.Duration
}

func (c *handClocks) options() Options {
	return Options{Clock: func() time.Time { return c.wall }, Mono: func() time.Duration { return c.mono }}
}

func (c *handClocks) pass(d time.Duration) {
	c.wall, c.mono = c.wall.Add(d), c.mono+d
}

// A clock that was ahead once leaves a record that is ahead of it. The record's time then runs on at nine tenths, never
// stands and never goes back, until the clock has caught up: a lead of ten minutes is gone in a hundred.
func TestTheRecordsTimeRunsOnBehindAClockThatWasAhead(t *testing.T) {
	for _, c := range []struct {
		name   string
		lead   time.Duration
		agreed time.Duration // at the latest
	}{
		{"ten minutes", 10 * time.Minute, 101 * time.Minute},
		{"eight hours", 8 * time.Hour, 81 * time.Hour},
	} {
		for _, writes := range []bool{false, true} {
			clocks := &handClocks{wall: time.Date(2026, 11, 28, 20, 0, 0, 0, shanghai)}
			opt := clocks.options()
			clock := newClock(opt.Clock, opt.Mono)
			clock.follow(clocks.wall.Add(c.lead))
			for passed, last := time.Duration(0), clock.now().At; ; passed += time.Minute {
				now := clock.now()
				if now.At.Before(last) || now.At.Before(now.Wall) || !now.Wall.Equal(clocks.wall) {
					t.Fatalf("%s, writes %v: after %v the record's time is %v, after %v; the clock says %v", c.name, writes, passed,
						now.At, last, now.Wall)
				}
				if want := time.Minute * 9 / 10; writes && passed > 0 && now.At.Sub(last) < want-time.Millisecond {
					t.Fatalf("%s: in a minute it went on by %v", c.name, now.At.Sub(last))
				}
				if now.At.Equal(now.Wall) {
					if passed > c.agreed {
						t.Errorf("%s, writes %v: they agree after %v", c.name, writes, passed)
					}
					break
				}
				if passed > c.agreed {
					t.Fatalf("%s, writes %v: after %v they are %v apart", c.name, writes, passed, now.At.Sub(now.Wall))
				}
				if writes {
					clock.follow(now.At)
				}
				last = now.At
				clocks.pass(time.Minute)
			}
		}
	}
}

// Between many blocks a second the time that runs on loses nothing to the millisecond that each block cuts off.
func TestManyBlocksDoNotHoldTheRecordsTime(t *testing.T) {
	clocks := &handClocks{wall: time.Date(2026, 11, 28, 20, 0, 0, 0, shanghai)}
	opt := clocks.options()
	clock := newClock(opt.Clock, opt.Mono)
	clock.follow(clocks.wall.Add(time.Hour))
	begin := clock.now().At
	for range 100_000 {
		clocks.pass(200 * time.Microsecond)
		clock.follow(clock.now().At)
	}
	if got := clock.now().At.Sub(begin); got < 18*time.Second-10*time.Millisecond || got > 18*time.Second {
		t.Errorf("in 20 s it went on by %v", got)
	}
}

// Deadlines are of the record's time, typed times of the wall clock's: after a clock was eight hours ahead what is due
// by the one comes, and what was typed for tonight does not come eight hours early. A replay leaves the same state.
func TestTimersAfterAClockThatWasAhead(t *testing.T) {
	w := newWorld(t)
	clocks := &handClocks{wall: time.Date(2026, 11, 28, 20, 0, 0, 0, shanghai)}
	right := clocks.wall
	opt := clocks.options()
	w.opt.Clock, w.opt.Mono, w.opt.Registry = opt.Clock, opt.Mono, timedRegistry()
	clocks.wall = right.Add(8 * time.Hour)
	w.start()
	w.add("before", 1)
	w.stopJournal()
	clocks.wall = right
	w.start()
	now := w.j.Moment()
	if !now.Wall.Equal(right) || now.At.Sub(now.Wall) < 8*time.Hour {
		t.Fatalf("the moment is %+v", now)
	}
	set := func(id string, in timed) {
		t.Helper()
		in.ID = id
		if _, err := w.j.Submit(t.Context(), Command{Kind: "t.timed", Payload: in}); err != nil {
			t.Fatal(err)
		}
	}
	set("deadline", timed{In: 30 * time.Minute})
	set("typed", timed{Typed: right.Add(time.Hour)})
	due := func() (ids []string) {
		_ = w.j.View(func(tx *bbolt.Tx) error { ids, _ = DueTimers(tx, w.j.Moment(), 10); return nil })
		return ids
	}
	for minute := 0; ; minute++ {
		ids := due()
		switch {
		case minute < 33 && len(ids) > 0:
			t.Fatalf("after %d minutes %v are due", minute, ids)
		case minute == 34 && (len(ids) != 1 || ids[0] != "deadline"):
			t.Fatalf("after 34 minutes %v are due, want the deadline of 30", ids)
		case minute == 59 && len(ids) != 1:
			t.Fatalf("a minute before the typed time %v are due", ids)
		case minute == 60:
			if len(ids) != 2 {
				t.Fatalf("at the typed time %v are due", ids)
			}
			epoch, err := Do[uint64](t.Context(), w.j, Command{Kind: cmdTakeLease, Payload: takeLease{Node: "n"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				if err := w.j.FireTimer(t.Context(), epoch, id); err != nil {
					t.Fatal(err)
				}
			}
			if left := due(); len(left) > 0 {
				t.Fatalf("fired, and %v are due still", left)
			}
			prove(t, w.j)
			return
		}
		clocks.pass(time.Minute)
	}
}

// A timer that is not due by its own clock does not fire, whoever asks.
func TestATypedTimerDoesNotFireEarly(t *testing.T) {
	w := newWorld(t)
	clocks := &handClocks{wall: time.Date(2026, 11, 28, 20, 0, 0, 0, shanghai)}
	opt := clocks.options()
	w.opt.Clock, w.opt.Mono, w.opt.Registry = opt.Clock, opt.Mono, timedRegistry()
	clocks.wall = clocks.wall.Add(time.Hour)
	w.start()
	w.add("before", 1)
	clocks.wall = clocks.wall.Add(-time.Hour)
	if _, err := w.j.Submit(t.Context(),
		Command{Kind: "t.timed", Payload: timed{ID: "typed", Typed: clocks.wall.Add(10 * time.Minute)}}); err != nil {
		t.Fatal(err)
	}
	epoch, err := Do[uint64](t.Context(), w.j, Command{Kind: cmdTakeLease, Payload: takeLease{Node: "n"}})
	if err != nil {
		t.Fatal(err)
	}
	there := func() (there bool) {
		_ = w.j.View(func(tx *bbolt.Tx) error { there = tx.Bucket(timersBucket).Get([]byte("typed")) != nil; return nil })
		return there
	}
	for range 2 {
		if err := w.j.FireTimer(t.Context(), epoch, "typed"); err != nil {
			t.Fatal(err)
		}
		if !there() {
			t.Fatal("it fired by the record's time")
		}
		clocks.pass(5 * time.Minute)
	}
	if err := w.j.FireTimer(t.Context(), epoch, "typed"); err != nil {
		t.Fatal(err)
	}
	if there() {
		t.Error("it does not fire at its time")
	}
	prove(t, w.j)
}
