package notify

import (
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// aheadRecipients is how many recipients are read ahead of a plan: about as many as the next chunk holds.
const aheadRecipients = 500

// Planner decides the chunks of plans as [DecidePlan] does, and reads the recipients of the next chunk while the record
// writes the one before. The rows of a version that a warning is pinned to never change, so its answers are those of
// DecidePlan. Between two calls it keeps some hundred recipients of the last plan and nothing else.
type Planner struct {
	mu   sync.Mutex
	runs [2]*run // read last and read ahead
}

// run is recipients behind one id, read or still being read.
type run struct {
	of    runOf
	ready chan struct{} // closed when what follows stands
	page  []target
	end   bool // of the list
	err   error
}

// runOf names what follows a recipient in a version at a level.
type runOf struct {
	db      *bbolt.DB
	version string
	level   alerts.Level
	after   string
}

// DecidePlan is [DecidePlan].
func (p *Planner) DecidePlan(tx *bbolt.Tx, _ string, in PlanChunk, _ time.Time) ([]Event, Planned, error) {
	return decidePlan(tx, in, p)
}

// take gives the run of that name, nil when it was not read; a nil Planner reads nothing ahead. A chunk that did not
// fit into its block is decided again, so the run stays here until two others were read.
func (p *Planner) take(of runOf) *run {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.runs {
		if r == nil || r.of != of {
			continue
		}
		if <-r.ready; r.err == nil {
			return r
		}
	}
	return nil
}

// readOn reads what follows on what has been read already.
func (p *Planner) readOn(of runOf, have []target, end bool) {
	if p == nil {
		return
	}
	r := &run{of: of, ready: make(chan struct{}), page: have, end: end}
	p.mu.Lock()
	p.runs = [2]*run{p.runs[1], r}
	p.mu.Unlock()
	go r.read()
}

// read uses a transaction of its own for each page: none may be open for long, and the deciding one is the writer's.
func (r *run) read() {
	defer close(r.ready)
	defer func() {
		if v := recover(); v != nil {
			r.err = fmt.Errorf("notify: reading ahead: %v", v)
		}
	}()
	page := append(make([]target, 0, aheadRecipients+recipientsPage), r.page...)
	after := r.of.after
	for !r.end && len(page) < aheadRecipients {
		if len(page) > 0 {
			after = page[len(page)-1].ID
		}
		r.err = r.of.db.View(func(tx *bbolt.Tx) error {
			more, next, err := targets(tx, r.of.version, r.of.level, after, recipientsPage)
			page, r.end = append(page, more...), next == ""
			return err
		})
		if r.err != nil {
			return // the chunk that wants it reads it itself
		}
	}
	r.page = page
}
