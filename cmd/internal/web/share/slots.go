package share

import (
	"context"
	"sync"
	"time"
)

// slots let each caller do so much at once. A caller that has nothing in hand and waits for nothing is not remembered.
type slots struct {
	most int // zero or less is no limit

	mu sync.Mutex
	of map[string]*slot
}

// slot is what one caller has in hand: as many as are in turns.
type slot struct {
	turns chan struct{}
	users int // with something in hand, or waiting
}

func newSlots(most int) *slots { return &slots{most: most, of: map[string]*slot{}} }

// take waits for a turn, no longer than wait; false means that there is none. done gives it back and has to be called,
// once.
func (s *slots) take(ctx context.Context, who string, wait time.Duration) (done func(), ok bool) {
	if s.most <= 0 {
		return func() {}, true
	}
	own := s.enter(who)
	select {
	case own.turns <- struct{}{}:
		return s.give(who, own), true
	default:
	}
	if wait > 0 {
		end := time.NewTimer(wait)
		defer end.Stop()
		select {
		case own.turns <- struct{}{}:
			return s.give(who, own), true
		case <-end.C:
		case <-ctx.Done():
		}
	}
	s.leave(who, own)
	return nil, false
}

func (s *slots) give(who string, own *slot) func() {
	return sync.OnceFunc(func() {
		<-own.turns
		s.leave(who, own)
	})
}

func (s *slots) enter(who string) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.of[who]
	if own == nil {
		own = &slot{turns: make(chan struct{}, s.most)}
		s.of[who] = own
	}
	own.users++
	return own
}

func (s *slots) leave(who string, own *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own.users--; own.users == 0 {
		delete(s.of, who)
	}
}
