package journal

import (
	"maps"
	"sync"
	"time"
)

// Times is a measurement's account of where time goes: the writer's, see [Options.Times], and that of whoever else
// keeps it there. A nil Times measures nothing.
type Times struct {
	mu    sync.Mutex
	spent map[Step]time.Duration
}

// Step is one step of the way of a command; commit, append and wait are the whole block's and name no command.
type Step struct{ Command, Name string }

// The steps. On a stream of its own the append runs beside the commit, and wait is how long it took beyond it.
const (
	StepDecide = "decide"
	StepEncode = "encode"
	StepApply  = "apply" // state, leaves, outbox and timers, into the open transaction
	StepStore  = "store" // what the block leaves together, the block itself and its hash, into the open transaction
	StepCommit = "commit"
	StepAppend = "append"
	StepWait   = "wait"
)

// Spent is what was spent so far.
func (t *Times) Spent() map[Step]time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.spent)
}

// Start is when a step begins.
func (t *Times) Start() (begin time.Time) {
	if t == nil {
		return begin
	}
	return time.Now()
}

// Lap adds what a step took and begins the next.
func (t *Times) Lap(begin time.Time, command, name string) (next time.Time) {
	if t == nil {
		return next
	}
	next = time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.spent == nil {
		t.spent = map[Step]time.Duration{}
	}
	t.spent[Step{command, name}] += next.Sub(begin)
	return next
}
