package notify

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// Bounds of one chunk of a round: a block of the record stays under 900 KiB.
const (
	MaxChunk       = 1000    // orders issued
	maxChunkBytes  = 780_000 // of their bodies, see Issued.size; a block has room for what was sent meanwhile beside them
	maxRecipients  = 5000    // recipients looked at
	maxReleases    = 4000    // orders released by a lift
	maxOrders      = 20_000  // orders looked at by a lift or a deadline
	recipientsPage = 250
)

// Round is what a warning's last change asks of its orders, and how far it is done. A later change replaces
// it with the next Seq and starts over; chunk numbers N go on, so that a timer of the old one finds nothing.
type Round struct {
	Warning string `json:"warning"`
	Seq     int    `json:"seq"`
	N       int    `json:"n"`      // the chunk to do next, from 1
	Cursor  string `json:"cursor"` // recipient id (orders) or order id (release) done last
	Done    bool   `json:"done"`

	// Release is why every order of the warning ends, lifted or cancelled; empty while the warning lasts.
	Release ReleaseKind `json:"release,omitempty"`
	// Reissue gives a new order also to a recipient whose measures stay the same: the order that it has names too early
	// an end.
	Reissue bool `json:"reissue,omitempty"`
	// At is when the round began. Orders say they were issued then, whichever chunk makes them.
	At            time.Time    `json:"at"`
	AcknowledgeBy time.Time    `json:"acknowledge_by"`
	ContactRef    string       `json:"contact_ref,omitempty"`
	Level         alerts.Level `json:"level"`
	ListVersion   string       `json:"list_version"`
	ListHash      string       `json:"list_hash"`
	Until         alerts.Level `json:"until,omitempty"` // what goes on until StartsAt; empty for nothing
	StartsAt      time.Time    `json:"starts_at"`
	EndsAt        *time.Time   `json:"ends_at"`
	DocumentNo    string       `json:"document_no,omitempty"`
	Drill         bool         `json:"drill,omitempty"`
	Next          *time.Time   `json:"next,omitempty"` // when the warning's course asks for another round, see stages.go

	// How many orders the round has made and ended so far.
	Issued   int `json:"issued"`
	Revised  int `json:"revised"`
	Released int `json:"released"`

	// Reason is why the level was changed or the warning ended, as everybody may read it; Words the number of what the
	// round's releases say, once one was made.
	Reason string `json:"reason,omitempty"`
	Words  int    `json:"words,omitempty"`

	floor int // see restored.go
}

// RoundChunk is the command that works off chunk N of a warning's round.
type RoundChunk struct {
	Warning string `json:"warning"`
	N       int    `json:"n"`
}

// GetRound returns a warning's round, or nil when its orders were never planned.
func GetRound(tx *bbolt.Tx, warning string) (*Round, error) {
	p, err := getJSON[Round](tx, roundsBucket, "plan of", warning)
	if p == nil {
		return nil, err
	}
	p.floor, err = Floor(tx, warning)
	return p, err
}

func (p *Round) store(tx *bbolt.Tx) error { return putJSON(tx, roundsBucket, []byte(p.Warning), p) }

func (p *Round) timer() string {
	return "plan/" + p.Warning + "/" + strconv.Itoa(p.Seq) + "/" + strconv.Itoa(p.N)
}

// start replaces the warning's round, nil for none, by p and sets the timers of its first chunk and of its next stage.
// The orders that the old one has made keep their deadline.
func (p *Round) start(tx *bbolt.Tx, fx Effects, old *Round) error {
	p.setNext(fx)
	p.replace(old)
	if old != nil && !old.Done {
		fx.CancelTimer(old.timer())
		old.setDeadline(fx)
	}
	fx.Timer(p.timer(), p.At, CommandRound, RoundChunk{p.Warning, p.N})
	return p.store(tx)
}

// replace numbers the round that comes in the place of old, nil for none.
func (p *Round) replace(old *Round) {
	p.Seq, p.N, p.Words = 1, 1, 0
	if old != nil {
		p.Seq, p.N = old.Seq+1, old.N+1
	}
}

// chunk gathers what one chunk of a round does.
type chunk struct {
	batch
	round *Round
	done  ChunkDone
}

// batch gathers the orders and releases of one command.
type batch struct {
	events []Event
	orders int
	bytes  int // of the orders
	words  int // number of what the releases say; 0: not looked for yet
}

// issue takes an order in, or reports that the block has no room for it.
func (b *batch) issue(ev *Issued) (full bool) {
	size := ev.size()
	if b.orders > 0 && (b.orders == MaxChunk || b.bytes+size > maxChunkBytes) {
		return true
	}
	b.orders, b.bytes, b.events = b.orders+1, b.bytes+size, append(b.events, ev)
	return false
}

// release takes the end of an order in. The first one brings the words of all.
func (b *batch) release(tx *bbolt.Tx, o *Order, kind ReleaseKind, word func() *ReleaseWorded) {
	if b.words == 0 {
		w := word()
		w.N = nextRelease(tx, w.Warning)
		b.words, b.events = w.N, append(b.events, w)
	}
	b.events = append(b.events, &Released{OrderID: o.ID, Reason: kind, Words: b.words})
}

// order goes through the recipients of the pinned list, and those that follow another one, and gives each the order it
// should have.
func (c *chunk) order(tx *bbolt.Tx, ahead *AheadReader) error {
	writers := writers{round: c.round}
	of := runKey{tx.DB(), c.round.ListVersion, c.round.Level, c.round.Cursor}
	other := relistsOf(tx, c.round.Warning, c.round.Cursor)
	var page []target
	end := false
	if r := ahead.take(of); r != nil {
		page, end = r.page, r.end
	}
	for seen := 0; seen < maxRecipients; seen++ {
		if len(page) == 0 && !end {
			var next string
			var err error
			if page, next, err = targets(tx, of.version, of.level, c.done.Cursor, recipientsPage); err != nil {
				return err
			}
			end = next == ""
		}
		t, from, err := c.next(tx, page, other)
		if err != nil {
			return err
		}
		if t == nil {
			break
		}
		if full, err := c.recipient(tx, writers.of(from), t); err != nil {
			return err
		} else if full {
			break
		}
		c.done.Cursor = t.ID
		if len(page) > 0 && page[0].ID == t.ID {
			page = page[1:]
		}
		if other.ID == t.ID {
			other.Next()
		}
	}
	c.done.Done = len(page) == 0 && end && other.ID == ""
	of.after = c.done.Cursor
	ahead.readOn(of, page, end)
	return nil
}

// next is the recipient that comes first of those that the pinned list has next and those that follow another version;
// of one that does both it is what the other version says. from is the other version. Nil is the end.
func (c *chunk) next(tx *bbolt.Tx, page []target, other *reductionlist.RowCursor) (t *target, from *listRef, err error) {
	switch {
	case other.ID != "" && (len(page) == 0 || other.ID <= page[0].ID):
		if from, err = followed(other.ID, other.Data); err != nil {
			return nil, nil, err
		}
		t, err = targetIn(tx, from.Version, other.ID, c.round.Level)
		return t, from, err
	case len(page) > 0:
		return &page[0], nil, nil
	}
	return nil, nil, nil
}

// recipient adds what one recipient needs, or reports that the chunk has no room for it.
func (c *chunk) recipient(tx *bbolt.Tx, w *writer, t *target) (full bool, err error) {
	last, does, err := c.round.step(tx, t.ID, t.digest)
	switch {
	case err != nil:
		return false, err
	case does == stepEnd:
		c.end(tx, last, ReleaseLevelChanged)
		return false, nil
	case does != stepOrder:
		return false, nil
	}
	ev, err := w.follow(tx, t, last)
	if err != nil {
		return false, err
	}
	if c.issue(ev) {
		return true, nil
	}
	if last == nil {
		c.done.Issued++
	} else {
		c.done.Revised++
	}
	return false, nil
}

// step is what a round does with one recipient.
type step byte

const (
	stepNone  step = iota // it has no order, and needs none
	stepLeave             // it keeps the order that it has
	stepEnd               // its order ends: it has nothing more to do
	stepOrder             // it gets an order, in the place of the last one where there is one
)

// step is what the round does with a recipient whose measures have a digest, zero for none; last is the latest order of
// the recipient, nil for none.
func (p *Round) step(tx *bbolt.Tx, recipient string, due digest) (last *Order, does step, err error) {
	if p.Seq > 1 {
		if last, err = latest(tx, p.Warning, recipient); err != nil {
			return nil, stepNone, err
		}
	}
	binding := last.binds()
	switch {
	case due == digest{} && binding:
		return last, stepEnd, nil
	case due == digest{}:
		return last, stepNone, nil
	case binding && last.measures == due && (!p.Reissue || last.State == StateExempted):
		return last, stepLeave, nil
	}
	return last, stepOrder, nil
}

// end releases an order, in the round's words.
func (c *chunk) end(tx *bbolt.Tx, o *Order, kind ReleaseKind) {
	c.release(tx, o, kind, func() *ReleaseWorded {
		from := c.round.At
		if kind == ReleaseLifted && c.round.EndsAt != nil {
			from = *c.round.EndsAt
		}
		return &ReleaseWorded{Warning: c.round.Warning, Seq: c.round.Seq, ReleaseWords: c.round.words(kind, from),
			Reason: c.round.Reason}
	})
	c.done.Released++
}

// releaseAll goes through the warning's orders and releases the open ones.
func (c *chunk) releaseAll(tx *bbolt.Tx) error {
	seen := 0
	c.done.Done = true
	return eachOrder(tx, c.round.Warning, c.round.Cursor, func(o *Order) bool {
		if seen == maxOrders || c.done.Released == maxReleases {
			c.done.Done = false
			return false
		}
		seen++
		c.done.Cursor = o.ID
		if o.State == StateOpen {
			c.end(tx, o, c.round.Release)
		}
		return true
	})
}

// eachOrder calls f for the orders of a warning after the order id after, in key order, until f says false.
// The order is only valid during the call.
func eachOrder(tx *bbolt.Tx, warning, after string, f func(*Order) bool) error {
	return (&Filter{}).scanWarning(tx, warning, after, func(_ []byte, o *Order) bool { return f(o) })
}

// latest returns the highest revision of a recipient's orders under a warning, or nil.
func latest(tx *bbolt.Tx, warning, recipient string) (*Order, error) {
	prefix := []byte(recipient + "\x00" + warning + "-" + recipient + "-")
	c := tx.Bucket(byRecipientBucket).Cursor()
	revision := 0
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		n, err := strconv.Atoi(string(k[len(prefix):]))
		if err != nil {
			return nil, fmt.Errorf("notify: order key %q: %w", k, err)
		}
		revision = max(revision, n)
	}
	if revision == 0 {
		return nil, nil
	}
	o := new(Order)
	return o, o.must(tx, orderID(warning, recipient, revision))
}

// binds reports whether an order, nil for none, has not come to its end.
func (o *Order) binds() bool { return o != nil && (o.State == StateOpen || o.State == StateExempted) }

func orderID(warning, recipient string, revision int) string {
	return warning + "-" + recipient + "-" + strconv.Itoa(revision)
}

func applyChunkDone(tx *bbolt.Tx, fx Effects, at time.Time, ev *ChunkDone) error {
	p, err := GetRound(tx, ev.Warning)
	if err != nil {
		return err
	}
	if p == nil || p.Seq != ev.Seq || p.N != ev.N {
		return fmt.Errorf("notify: chunk %d of plan %d of %s was not due", ev.N, ev.Seq, ev.Warning)
	}
	p.N, p.Cursor, p.Done = ev.N+1, ev.Cursor, ev.Done
	p.Issued, p.Revised, p.Released = p.Issued+ev.Issued, p.Revised+ev.Revised, p.Released+ev.Released
	if !p.Done {
		fx.Timer(p.timer(), at, CommandRound, RoundChunk{p.Warning, p.N})
	} else {
		p.setDeadline(fx)
	}
	return p.store(tx)
}

// setDeadline sets the timer of the deadline that the round's orders share, where it made any.
func (p *Round) setDeadline(fx Effects) {
	if p.Issued+p.Revised > 0 {
		due := OverdueChunk{Warning: p.Warning, Seq: p.Seq, N: 1}
		fx.Timer(due.timer(), p.AcknowledgeBy, CommandOverdue, due)
	}
}
