package stations

import (
	"sync"
	"time"

	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/hj212"
)

// session is what this node knows of a station that has reported to it.
type session struct {
	mn string

	mu     sync.Mutex
	line   *line // by which it is connected; nil for none
	since  time.Time
	last   time.Time // its last good frame
	share  *bucket   // bytes of its frames; nil is any number
	dialog dialog.State
	moves  [flapMoves]time.Time // when its line was changed for another that still stood
	moved  int
}

// A station that moves so often within so long between two lines is flapping: two devices have its MN, or one connects
// anew without closing.
const (
	flapMoves  = 5
	flapWithin = 10 * time.Minute
)

// claim gives the station the line on which a good frame of it came, unless it has a newer one. before is the line that
// it had until now and that has no station any more, nil for none; over is the request that ended with it, if any.
func (s *session) claim(l *line, now time.Time) (before *line, over *dialog.Outcome, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = now
	if s.line == l {
		return nil, nil, true
	}
	if s.line != nil {
		s.moves[s.moved%flapMoves] = now
		s.moved++
		if l.id < s.line.id { // what still comes on an older line is taken, and the newer one is asked
			return nil, nil, false
		}
		if s.line.lose(s.mn) {
			before = s.line
		}
	}
	s.line, s.since = l, now
	return before, s.dialog.Connected(now), true
}

// spend uses its share of bytes and says how long to wait before more is taken of it.
func (s *session) spend(n int, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.share == nil {
		return 0
	}
	return s.share.take(float64(n), now)
}

// maySpend is spend, but where nothing is left nothing is used.
func (s *session) maySpend(n int, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.share == nil || s.share.try(float64(n), now) == 0
}

// gone says that a line ended, and returns the request that ended with it, if any.
func (s *session) gone(l *line, now time.Time) *dialog.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line != l {
		return nil
	}
	s.line = nil
	return s.dialog.Gone(now)
}

func (s *session) flapping(now time.Time) bool {
	oldest := s.moves[s.moved%flapMoves]
	return s.moved >= flapMoves && now.Sub(oldest) < flapWithin
}

// heard tells the dialog of a good frame.
func (s *session) heard(k *Known, f *hj212.Frame, now time.Time) *dialog.Outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialog.Heard(k.Station, f, now)
}

// due is what is to be said to the station now, and on which line.
func (s *session) due(k *Known, set dialog.Settings, gaps func() ([]dialog.Gap, bool), now time.Time) (*line, *hj212.Frame,
	*dialog.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.line == nil {
		return nil, nil, nil
	}
	f, over := s.dialog.Due(k.Station, k.Password, set, gaps, now)
	return s.line, f, over
}

// Line is how a station is connected with this node, and what it was asked.
type Line struct {
	Connected bool
	Since     time.Time // of the connection
	From      string    // its address
	Last      time.Time // its last good frame here
	Flapping  bool      // it moves between two connections
	ClockOff  time.Duration
	ClockSeen bool             // ClockOff is known: its last frames agree
	Pending   *dialog.Request  // what it is asked now; nil for nothing
	Past      []dialog.Outcome // what it was asked, the newest first
}

// asked is what it was asked, the newest first; what it is asked now has no result.
func (l Line) asked() []dialog.Outcome {
	if l.Pending == nil {
		return l.Past
	}
	return append([]dialog.Outcome{{Request: *l.Pending}}, l.Past...)
}

func (s *session) status(now time.Time) Line {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := Line{Last: s.last, Flapping: s.flapping(now), Pending: s.dialog.Pending(), Past: s.dialog.Past()}
	l.ClockOff, l.ClockSeen = s.dialog.ClockOff()
	if s.line != nil {
		l.Connected, l.Since, l.From = true, s.since, s.line.from
	}
	return l
}
