package stations

import (
	"log/slog"
	"sync"
	"time"
)

// How far a clock may step forward and be followed at once, and how long a longer step must stand.
const (
	stepMost  = time.Minute
	stepAfter = 10 * time.Minute
)

// steady is a clock that follows another. Times of reception never go back, so a moment in which the machine's clock is a
// year ahead would give all that comes in that year one time: a step far forward counts once it has stood for a while, and
// what comes meanwhile is stamped as if it had not been. A step is what the wall clock gained on the time that passed. That
// the clock is ahead already when the program starts cannot be seen here; [Status].Ahead tells of it later.
type steady struct {
	clock func() time.Time
	log   *slog.Logger

	mu     sync.Mutex
	begun  time.Time
	wall   time.Time     // as it was last
	passed time.Duration // since begun, then
	ahead  time.Duration // by which the clock stepped forward, not followed yet
	since  time.Duration // of that
}

func newSteady(clock func() time.Time, log *slog.Logger) *steady {
	now := clock()
	return &steady{clock: clock, log: log, begun: now, wall: now.Round(0)}
}

// Now is the time, never from a step forward of more than a minute in the last ten.
func (s *steady) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	return s.at(now.Round(0), now.Sub(s.begun)) // by the monotonic clock, where it has one
}

// at is the time where the clock says wall after so long.
func (s *steady) at(wall time.Time, passed time.Duration) time.Time {
	step := wall.Sub(s.wall) - (passed - s.passed)
	s.wall, s.passed = wall, passed
	switch s.ahead += step; {
	case s.ahead <= stepMost:
		s.ahead = 0
	case s.ahead == step || step > stepMost: // the first, or another beyond it
		s.since = passed
		s.log.Warn("the clock stepped forward; what stations send is stamped without that until it has stood for a while",
			"by", s.ahead, "clock", wall, "for", stepAfter)
	case passed-s.since >= stepAfter:
		s.log.Warn("the clock that stepped forward has stood; what stations send is stamped by it", "by", s.ahead, "clock", wall)
		s.ahead = 0
	}
	return wall.Add(-s.ahead)
}
