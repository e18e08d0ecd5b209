package stations

import (
	"context"
	"sync"
	"time"
)

// bucket is a share that is waited for: so much a second, and so much at once after a pause.
type bucket struct {
	perSecond, burst float64
	left             float64
	at               time.Time
}

func newBucket(perSecond, burst float64, now time.Time) *bucket {
	return &bucket{perSecond, burst, burst, now}
}

// take uses n of the share, which may then be overdrawn, and says how long to wait before the next.
func (b *bucket) take(n float64, now time.Time) time.Duration {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.left = min(b.burst, b.left+passed*b.perSecond)
	}
	b.at = now
	if b.left -= n; b.left >= 0 {
		return 0
	}
	return time.Duration(-b.left / b.perSecond * float64(time.Second))
}

// try is take, but where less is left nothing is used, and it says after which time there is enough.
func (b *bucket) try(n float64, now time.Time) time.Duration {
	b.take(0, now)
	if lacks := min(n, b.burst) - b.left; lacks > 0 {
		return time.Duration(lacks / b.perSecond * float64(time.Second))
	}
	b.take(n, now)
	return 0
}

// daily is a share of bytes a day, all of which may be used at once; nil, which is no limit, for none.
func daily(bytes int64, now time.Time) *bucket {
	if bytes <= 0 {
		return nil
	}
	return newBucket(float64(bytes)/(24*time.Hour).Seconds(), float64(bytes), now)
}

// pause waits; an error is that ctx ended first.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// strangers says which frames of unknown senders are kept: one a second and MN, of so many MNs.
type strangers struct {
	mu   sync.Mutex
	last map[string]time.Time
}

const (
	strangersMost  = 500
	strangersEvery = time.Second
	strangersQuiet = 10 * time.Minute // after which an MN makes room for another
)

func (s *strangers) keeps(mn string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		s.last = map[string]time.Time{}
	}
	last, known := s.last[mn]
	if known && now.Sub(last) < strangersEvery {
		return false
	}
	if !known && len(s.last) >= strangersMost {
		for other, at := range s.last {
			if now.Sub(at) > strangersQuiet {
				delete(s.last, other)
			}
		}
		if len(s.last) >= strangersMost {
			return false
		}
	}
	s.last[mn] = now
	return true
}
