// Package fair keeps one caller from taking what belongs to all: a meter says who goes on faster than its share, and a
// queue lets those who wait have their turns one after another, however much each of them sends.
package fair

import (
	"sync"
	"time"
)

// Share is how much one caller may do: so many times a second, and that many at once after a pause. A PerSecond of zero
// or less is no limit.
type Share struct {
	PerSecond float64
	Burst     int
}

// Meter measures each caller against one share. Its methods may be called from any goroutine.
type Meter struct {
	share Share
	now   func() time.Time

	mu      sync.Mutex
	callers map[string]*caller
	refused uint64
	swept   time.Time
}

type caller struct {
	tokens float64   // left, at seen
	told   time.Time // when it last heard that it is too fast
	seen   time.Time
	second time.Time // when the second of its last refusals began
	within int       // refused in it, by cost
	bytes  int       // refused in it
}

// Callers are forgotten when they have been quiet for as long as filling their bucket takes, and a minute; never more
// than maxCallers are known. Callers beyond them share one bucket.
const (
	quiet      = time.Minute
	maxCallers = 1 << 17
	overflow   = "\x00others"
)

// NewMeter returns a meter; now is the clock, nil for that of the process.
func NewMeter(share Share, now func() time.Time) *Meter {
	if now == nil {
		now = time.Now
	}
	return &Meter{share: share, now: now, callers: map[string]*caller{}}
}

// Verdict is what a meter says of one call.
type Verdict struct {
	OK bool
	// Tell is true for one refusal a second and caller: what refuses more often than that speaks louder than who it
	// refuses.
	Tell bool
	// Refused is what was refused of the caller, by cost, since the second began in which this one is.
	Refused int
	// RefusedBytes is the same in bytes.
	RefusedBytes int
	// Wait is after which time the caller may come again.
	Wait time.Duration
}

// Take counts one call of a caller and says whether it is within its share.
func (m *Meter) Take(who string) Verdict { return m.TakeN(who, 1, 0) }

// TakeN is Take for a call of so many bytes that counts for several: what is large costs more. One that costs more than
// the whole burst counts as that.
func (m *Meter) TakeN(who string, cost, size int) Verdict {
	if m.share.PerSecond <= 0 {
		return Verdict{OK: true}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	c, now := m.caller(who)
	need := min(float64(max(cost, 1)), m.burst())
	if c.tokens >= need {
		c.tokens -= need
		return Verdict{OK: true}
	}
	m.refused++
	if now.Sub(c.second) >= time.Second {
		c.second, c.within, c.bytes = now, 0, 0
	}
	c.within += max(cost, 1)
	c.bytes += size
	v := Verdict{Refused: c.within, RefusedBytes: c.bytes,
		Wait: time.Duration((need - c.tokens) / m.share.PerSecond * float64(time.Second))}
	if now.Sub(c.told) >= time.Second {
		c.told, v.Tell = now, true
	}
	return v
}

// Spent reports whether a caller has none of its share left. It counts nothing, and knows nothing of who never called.
func (m *Meter) Spent(who string) bool {
	if m.share.PerSecond <= 0 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.callers[who] == nil {
		return false
	}
	c, _ := m.caller(who)
	return c.tokens < 1
}

// Tell says whether a caller may be told of a refusal now that has another reason than its rate: at most one a second.
func (m *Meter) Tell(who string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, now := m.caller(who)
	m.refused++
	if now.Sub(c.told) < time.Second {
		return false
	}
	c.told = now
	return true
}

// Refused is how many calls were refused so far, of all callers.
func (m *Meter) Refused() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.refused
}

// caller finds a caller, or begins a new one, and gives it what has come to it since it was seen.
func (m *Meter) caller(who string) (c *caller, now time.Time) {
	now = m.now()
	m.sweep(now)
	c = m.callers[who]
	if c == nil && len(m.callers) >= maxCallers {
		who = overflow
		c = m.callers[who]
	}
	if c == nil {
		c = &caller{tokens: m.burst(), seen: now}
		m.callers[who] = c
	}
	if passed := now.Sub(c.seen); passed > 0 {
		c.tokens = min(m.burst(), c.tokens+passed.Seconds()*m.share.PerSecond)
		c.seen = now
	}
	return c, now
}

func (m *Meter) burst() float64 { return float64(max(m.share.Burst, 1)) }

// sweep forgets callers that have been quiet: a bucket that is full again is like that of a caller who comes for the
// first time.
func (m *Meter) sweep(now time.Time) {
	if now.Sub(m.swept) < quiet {
		return
	}
	m.swept = now
	full := quiet
	if m.share.PerSecond > 0 {
		full += time.Duration(float64(m.share.Burst) / m.share.PerSecond * float64(time.Second))
	}
	for who, c := range m.callers {
		if now.Sub(c.seen) > full {
			delete(m.callers, who)
		}
	}
}
