package dialog

import (
	"slices"
	"time"
)

// enough is how many frames have to agree before a station is told that it is wrong.
const enough = 5

// clock is by how much a station's last frames came after the time they bear.
type clock struct {
	offs [enough]time.Duration
	n    int
}

func (c *clock) add(off time.Duration) {
	c.offs[c.n%enough] = off
	c.n++
}

// agree is how far the frames of a clock that is off may be apart; those of a backlog are further.
const agree = 10 * time.Second

// off is their median, where they agree.
func (c *clock) off() (time.Duration, bool) {
	if c.n < enough {
		return 0, false
	}
	all := c.offs
	slices.Sort(all[:])
	return all[enough/2], all[enough-1]-all[0] <= agree
}

// spacing is how far apart the labels of a station's frames are.
type spacing struct {
	last  time.Time
	apart time.Duration
	n     int
}

func (s *spacing) add(label time.Time) {
	apart := label.Sub(s.last)
	if s.last.IsZero() || apart != s.apart {
		s.n = 0
	}
	if !s.last.IsZero() {
		s.n++
	}
	s.last, s.apart = label, apart
}

// every is that, where the last frames agree. A label that comes twice, or an older one, says nothing.
func (s *spacing) every() (time.Duration, bool) { return s.apart, s.n >= enough && s.apart > 0 }
