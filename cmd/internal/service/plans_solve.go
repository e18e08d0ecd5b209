package service

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist/allocate"
)

// Bounds of one optimisation that somebody asks the coordinator for.
const (
	PlanTimeLimit    = 15 * time.Second // unless told
	PlanTimeLimitMax = calls.PlanTimeLimitMax * time.Second

	planSlots = 2               // at a time
	planWait  = 5 * time.Second // for one of them
	planKept  = 24              // answers kept
)

// planLimits let 12 units over 168 steps of an hour, and 8 furnaces over 90 steps, through.
var planLimits = allocate.Limits{CoalSets: 1 << 20, WasteSteps: 2400}

// Solve answers a problem, as [allocate.Solve] does.
type Solve = func(ctx context.Context, kind allocate.Kind, text []byte, limits allocate.Limits,
	opt allocate.Options) (*allocate.Answer, error)

// SolveBy has problems answered by another than [allocate.Solve], before any is asked: a test sees what becomes of
// plans that fail.
func (s *Service) SolveBy(by Solve) { s.plans.by = by }

// solver answers problems, a few at a time, and keeps the latest answers: what a duty officer has seen is what is
// accepted. The zero value is ready.
type solver struct {
	once  sync.Once
	slots chan struct{}
	wait  time.Duration // for a slot; zero is planWait
	by    Solve         // nil is [allocate.Solve]

	mu      sync.Mutex
	answers map[[32]byte]*cachedAnswer
	tick    int
}

type cachedAnswer struct {
	answer *allocate.Answer
	limit  time.Duration
	used   int
}

// solve answers a problem within a limit, or refuses it: with its JSON path what is wrong, rate_limited when too many
// are worked on. It ends when ctx does.
func (s *solver) solve(ctx context.Context, kind allocate.Kind, text []byte, limit time.Duration) (*allocate.Answer,
	error) {
	s.once.Do(func() { s.slots, s.answers = make(chan struct{}, planSlots), map[[32]byte]*cachedAnswer{} })
	key := sha256.Sum256(append([]byte(kind+"\x00"), text...))
	if a := s.known(key, limit); a != nil {
		return a, nil
	}
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(cmp.Or(s.wait, planWait)):
		return nil, refusal.New(refusal.RateLimited, "allocate.busy", refusal.Args{"limit": planSlots})
	}
	defer func() { <-s.slots }()
	if a := s.known(key, limit); a != nil { // somebody asked the same
		return a, nil
	}
	within, cancel := context.WithTimeout(ctx, limit+3*time.Second)
	defer cancel()
	a, err := s.optimise(within, kind, text, limit)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return nil, allocate.ErrNoPlanYet
	}
	if err != nil {
		return nil, err
	}
	s.keep(key, &cachedAnswer{answer: a, limit: limit})
	return a, nil
}

// optimise is what the optimiser says. A fault of it ends the one problem and not what is asked beside it: whoever asks
// is told that it failed, and where.
func (s *solver) optimise(ctx context.Context, kind allocate.Kind, text []byte,
	limit time.Duration) (a *allocate.Answer, err error) {
	defer func() {
		if v := recover(); v != nil {
			a, err = nil, fmt.Errorf("service: the optimiser panicked: %v\n%s", v, debug.Stack())
		}
	}()
	by := s.by
	if by == nil {
		by = allocate.Solve
	}
	return by(ctx, kind, text, planLimits, allocate.Options{TimeLimit: limit})
}

// known is an answer that was given already; one that was cut off serves whoever gives no more time.
func (s *solver) known(key [32]byte, limit time.Duration) *allocate.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.answers[key]
	if k == nil || (k.answer.Status == allocate.Feasible || k.answer.Unreduced) && limit > k.limit {
		return nil
	}
	s.tick++
	k.used = s.tick
	return k.answer
}

// keep takes the place of the answer that was not used for longest.
func (s *solver) keep(key [32]byte, k *cachedAnswer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) >= planKept {
		var oldest [32]byte
		least := s.tick + 1
		for key, k := range s.answers {
			if k.used < least {
				oldest, least = key, k.used
			}
		}
		delete(s.answers, oldest)
	}
	s.tick++
	k.used = s.tick
	s.answers[key] = k
}
