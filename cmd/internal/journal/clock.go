package journal

import (
	"sync"
	"time"
)

// clock gives the record its time. That is the wall clock's while it is not behind the last block. While it is behind
// (a clock that was ahead once, and has been put right), the record's time runs on from that block at nine tenths of
// the pace of the monotonic clock: nothing that waits for a time stands still, and the true time catches up, ten
// minutes in a hundred.
//
// Deadlines, repeats, timers and plans go by the record's time. Times that a person typed go by the wall clock, see
// [Moment].
type clock struct {
	wall func() time.Time
	mono func() time.Duration // since any fixed moment

	mu     sync.Mutex
	last   time.Time     // of the last block
	behind bool          // the wall clock was, and has not caught up with the time that runs on since
	base   time.Time     // the time that runs on, as it was at since; between blocks of that time it is not set anew, for
	since  time.Duration // what each cuts off a millisecond would add up
}

// newClock returns a clock over the two, nil for those of the process. A wall clock that is given alone is a test's,
// which moves time by hand: the other goes with it.
func newClock(wall func() time.Time, mono func() time.Duration) *clock {
	c := &clock{wall: wall, mono: mono}
	start := time.Now()
	switch {
	case wall == nil && mono == nil:
		c.wall, c.mono = time.Now, func() time.Duration { return time.Since(start) }
	case wall == nil:
		c.wall = time.Now
	case mono == nil:
		start = wall()
		c.mono = func() time.Duration { return wall().Sub(start) }
	}
	return c
}

// follow makes the record's time at least that of an applied block.
func (c *clock) follow(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last = at
	if mono := c.mono(); at.After(c.run(mono)) {
		c.base, c.since = at, mono
	}
}

func (c *clock) run(mono time.Duration) time.Time {
	return c.base.Add(max(mono-c.since, 0) / 10 * 9)
}

// now is the record's time and the wall clock's, in Asia/Shanghai, to the millisecond.
func (c *clock) now() Moment {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := Moment{Wall: milli(c.wall())}
	m.At = m.Wall
	if c.behind = c.behind || m.Wall.Before(c.last); c.behind {
		run := milli(c.run(c.mono()))
		if c.behind = m.Wall.Before(run); c.behind {
			m.At = run
		}
	}
	return m
}

func milli(t time.Time) time.Time { return t.In(shanghai).Truncate(time.Millisecond) }

// Moment is when a command is decided. At is the record's time: the block's. Wall is the wall clock's, to which times
// keep that a person typed, such as the start of a warning; it is At but while the clock is behind the record.
type Moment = struct{ At, Wall time.Time }
