package notify

import (
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
)

// aheadRecipients is how many recipients are read ahead of a round: about as many as the next chunk holds.
const aheadRecipients = 500

// AheadReader decides the chunks of rounds, and reads the recipients of the next chunk while the record writes the one
// before. The rows of a version that a warning is pinned to never change, so its answers are those that are decided
// without reading ahead. Between two calls it keeps some hundred recipients of the last round and nothing else.
type AheadReader struct {
	mu   sync.Mutex
	runs [2]*targetRun // read last and read ahead
}

// targetRun is recipients behind one id, read or still being read.
type targetRun struct {
	of    runKey
	ready chan struct{} // closed when what follows stands
	page  []target
	end   bool // of the list
	err   error
}

// runKey names what follows a recipient in a version at a level.
type runKey struct {
	db      *bbolt.DB
	version string
	level   alerts.Level
	after   string
}

// DecideRound works off one chunk: an Issued or Released event per order it changes, then the ChunkDone event that
// makes the chunk count. A chunk that was done before, or whose round was replaced, gives no events. A nil AheadReader
// decides the same and reads nothing ahead.
func (p *AheadReader) DecideRound(tx *bbolt.Tx, _ string, in RoundChunk, _ time.Time) ([]Event, ChunkDone, error) {
	round, err := GetRound(tx, in.Warning)
	if err != nil || round == nil || round.Done || round.N != in.N {
		return nil, ChunkDone{}, err
	}
	c := &chunk{round: round, batch: batch{words: round.Words},
		done: ChunkDone{Warning: round.Warning, Seq: round.Seq, N: round.N, Cursor: round.Cursor}}
	if round.Release != "" {
		err = c.releaseAll(tx)
	} else {
		err = c.order(tx, p)
	}
	if err != nil {
		return nil, ChunkDone{}, err
	}
	return append(c.events, &c.done), c.done, nil
}

// take gives the run of that name, nil when it was not read; a nil AheadReader reads nothing ahead. A chunk that did
// not fit into its block is decided again, so the run stays here until two others were read.
func (p *AheadReader) take(of runKey) *targetRun {
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
func (p *AheadReader) readOn(of runKey, have []target, end bool) {
	if p == nil {
		return
	}
	r := &targetRun{of: of, ready: make(chan struct{}), page: have, end: end}
	p.mu.Lock()
	p.runs = [2]*targetRun{p.runs[1], r}
	p.mu.Unlock()
	go r.read()
}

// read uses a transaction of its own for each page: none may be open for long, and the deciding one is the writer's.
func (r *targetRun) read() {
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
