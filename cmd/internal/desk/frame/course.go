package frame

import (
	"bytes"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal"
)

// Courses keep what the record says of what somebody looked at: an order, a finding, a task. The record is not indexed by
// them: it is read once from the block in which one began, and after that only where it grew. A page reads a bounded part
// of it. Of tells the kinds of events that are kept.
type Courses struct {
	Of func(kind string) bool

	mu  sync.Mutex
	all map[string]*course
}

type course struct {
	mu     sync.Mutex
	next   uint64 // block to read next
	events []CourseEvent
}

// CourseEvent is one recorded event that names what was looked at.
type CourseEvent struct {
	Index int64 // of its ledger entry
	Kind  string
	At    time.Time
	Actor string
	Data  []byte
}

const (
	coursesMost  = 500
	courseBlocks = 200      // read in one transaction
	courseBytes  = 96 << 20 // looked through for one page
)

// Read gives the events that name an id, from the block first on; more says that the record holds more than one page may
// read.
func (cs *Courses) Read(q *Request, id string, first uint64) (events []CourseEvent, more bool, err error) {
	c := cs.of(id, first)
	c.mu.Lock()
	defer c.mu.Unlock()
	height := q.frame.Svc.J.Height()
	for budget := courseBytes; c.next <= height; {
		if budget <= 0 || q.Context().Err() != nil {
			more = true
			break
		}
		err := q.View(func(tx *bbolt.Tx) error {
			n, err := c.read(tx, cs.Of, id, min(height, c.next+courseBlocks-1))
			budget -= n
			return err
		})
		if err != nil {
			return nil, false, err
		}
	}
	return c.events[:len(c.events):len(c.events)], more, nil
}

func (cs *Courses) of(id string, first uint64) *course {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all == nil || len(cs.all) >= coursesMost {
		cs.all = map[string]*course{}
	}
	c := cs.all[id]
	if c == nil {
		c = &course{next: first}
		cs.all[id] = c
	}
	return c
}

// read looks through the blocks up to last and returns their size in bytes. It parses only blocks that name the id.
func (c *course) read(tx *bbolt.Tx, of func(kind string) bool, id string, last uint64) (size int, err error) {
	name := []byte(`"` + id + `"`)
	for ; c.next <= last; c.next++ {
		raw := journal.ReadBlock(tx, c.next)
		size += len(raw) + 64
		if !bytes.Contains(raw, name) {
			continue
		}
		block, err := journal.ParseBlock(raw)
		if err != nil {
			return size, err
		}
		for _, e := range block.Entries() {
			if of(e.Kind) && bytes.Contains(e.Data, name) {
				c.events = append(c.events, CourseEvent{e.Index, e.Kind, e.At, e.Actor, bytes.Clone(e.Data)})
			}
		}
	}
	return size, nil
}
