package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// What remains to be sent, and what is to be done later, is journaled state: rows with a due time.
var (
	outboxBucket    = []byte("journal.outbox")     // topic 0 id -> due (8, ms), attempts (2)
	outboxDueBucket = []byte("journal.outbox_due") // due (8, ms) topic 0 id -> nothing
	timersBucket    = []byte("journal.timers")     // id -> timerRow as JSON
	timersDueBucket = []byte("journal.timers_due") // due (8, ms) id -> nothing, or "w" of one that is due by the wall clock
)

// effects writes outbox and timer rows into the one transaction of a block. The first failure is kept in err.
type effects struct {
	outbox, outboxDue, timers, timersDue *bbolt.Bucket
	added                                bool // a row, so that something may have come due
	owes                                 bool // the vault owes something
	wall                                 time.Time
	shared                               map[string]Shared
	err                                  error
}

func newEffects(tx *bbolt.Tx, wall time.Time) *effects {
	fx := &effects{wall: wall, outbox: tx.Bucket(outboxBucket), outboxDue: tx.Bucket(outboxDueBucket),
		timers: tx.Bucket(timersBucket), timersDue: tx.Bucket(timersDueBucket)}
	// Rows come by the thousand, one behind the other: a plan's messages, and again each time they went out.
	fx.outbox.FillPercent, fx.outboxDue.FillPercent = 0.9, 0.9
	return fx
}

func (fx *effects) must(err error) {
	if err != nil && fx.err == nil {
		fx.err = err
	}
}

// Together gives the value of that name which the events of this block share; its first use makes it.
func (fx *effects) Together(name string, make func() Shared) Shared {
	s := fx.shared[name]
	if s == nil {
		s = make()
		if fx.shared == nil {
			fx.shared = map[string]Shared{}
		}
		fx.shared[name] = s
	}
	return s
}

// save writes what the events of the block left together.
func (fx *effects) save(tx *bbolt.Tx) error {
	for _, name := range slices.Sorted(maps.Keys(fx.shared)) {
		if err := fx.shared[name].Save(tx); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func outKey(topic, id string) []byte {
	k := make([]byte, 0, len(topic)+1+len(id))
	k = append(append(k, topic...), 0)
	return append(k, id...)
}

func dueKey(dueMS uint64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), dueMS), key...)
}

// Send puts an outbox row: message id of topic goes out, not before due. Sending it again replaces the row.
func (fx *effects) Send(topic, id string, due time.Time) {
	key := outKey(topic, id)
	fx.dropOut(key)
	fx.putOut(key, uint64(due.UnixMilli()), 0)
}

func (fx *effects) putOut(key []byte, due uint64, attempts uint16) {
	row := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(make([]byte, 0, 10), due), attempts)
	fx.must(fx.outbox.Put(key, row))
	fx.must(fx.outboxDue.Put(dueKey(due, key), nil))
	fx.added = true
}

// Drop removes the row: nothing more is sent for it.
func (fx *effects) Drop(topic, id string) { fx.dropOut(outKey(topic, id)) }

func (fx *effects) dropOut(key []byte) {
	row := fx.outbox.Get(key)
	if row == nil {
		return
	}
	due := binary.BigEndian.Uint64(row)
	fx.must(fx.outbox.Delete(key))
	fx.must(fx.outboxDue.Delete(dueKey(due, key)))
}

// sent records that the row went out: again with one attempt more at the given time, or for good.
func (fx *effects) sent(topic, id string, againMS int64) {
	key := outKey(topic, id)
	row := fx.outbox.Get(key)
	if row == nil {
		return // confirmed or withdrawn while it was on its way
	}
	if againMS == 0 {
		fx.dropOut(key)
		return
	}
	due, attempts := binary.BigEndian.Uint64(row), binary.BigEndian.Uint16(row[8:])
	fx.must(fx.outboxDue.Delete(dueKey(due, key)))
	fx.putOut(key, uint64(againMS), min(attempts+1, 60000))
}

// Wall is what the wall clock said when the block was written: what times that a person typed are held against.
func (fx *effects) Wall() time.Time { return fx.wall }

type timerRow struct {
	Due     int64           `json:"due"` // ms
	Command string          `json:"command"`
	Payload json.RawMessage `json:"payload"`
	Wall    bool            `json:"wall,omitempty"` // due by the wall clock, not by the record's time
}

// clock is the time of a moment that the timer is held against.
func (r *timerRow) clock(m Moment) time.Time {
	if r.Wall {
		return m.Wall
	}
	return m.At
}

// Timer asks for a command to be run at due, by the record's time: a deadline counted from something recorded. The same id
// again replaces it.
func (fx *effects) Timer(id string, due time.Time, command string, payload any) {
	fx.timer(id, timerRow{Due: due.UnixMilli(), Command: command}, payload)
}

// WallTimer is Timer for a time that a person typed, such as the start of a warning: it keeps to the wall clock.
func (fx *effects) WallTimer(id string, due time.Time, command string, payload any) {
	fx.timer(id, timerRow{Due: due.UnixMilli(), Command: command, Wall: true}, payload)
}

var wallMark = []byte("w")

func (fx *effects) timer(id string, r timerRow, payload any) {
	fx.CancelTimer(id)
	var err error
	if r.Payload, err = json.Marshal(payload); err != nil {
		fx.must(fmt.Errorf("timer %s: %w", id, err))
		return
	}
	row, err := json.Marshal(r)
	fx.must(err)
	fx.must(fx.timers.Put([]byte(id), row))
	var mark []byte
	if r.Wall {
		mark = wallMark
	}
	fx.must(fx.timersDue.Put(dueKey(uint64(r.Due), []byte(id)), mark))
	fx.added = true
}

// CancelTimer removes a timer; one that is not there is no error.
func (fx *effects) CancelTimer(id string) {
	row, err := readTimer(fx.timers, id)
	if row == nil || err != nil {
		fx.must(err)
		return
	}
	fx.must(fx.timers.Delete([]byte(id)))
	fx.must(fx.timersDue.Delete(dueKey(uint64(row.Due), []byte(id))))
}

func readTimer(b *bbolt.Bucket, id string) (*timerRow, error) {
	text := b.Get([]byte(id))
	if text == nil {
		return nil, nil
	}
	var row timerRow
	if err := json.Unmarshal(text, &row); err != nil {
		return nil, fmt.Errorf("timer %s: %w", id, err)
	}
	return &row, nil
}

// Due is an outbox row that has come due.
type Due struct {
	Topic    string `json:"topic"`
	ID       string `json:"id"`
	Attempts int    `json:"attempts,omitempty"` // how often it went out so far
	Nothing  bool   `json:"nothing,omitempty"`  // there was nothing more to send for it
}

// DueOutbox lists up to limit rows due at now, the oldest first, and the time of the next row after now that
// is not in the list (zero when there is none).
func DueOutbox(tx *bbolt.Tx, now time.Time, limit int) (due []Due, next time.Time) {
	rows := tx.Bucket(outboxBucket)
	c := tx.Bucket(outboxDueBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(k)))
		if at.After(now) || len(due) == limit {
			return due, at
		}
		topic, id, _ := bytes.Cut(k[8:], []byte{0})
		d := Due{Topic: string(topic), ID: string(id)}
		if row := rows.Get(k[8:]); len(row) == 10 {
			d.Attempts = int(binary.BigEndian.Uint16(row[8:]))
		}
		due = append(due, d)
	}
	return due, time.Time{}
}

// DueTimers lists up to limit ids of timers due at now, and when the next one after them is: a timer of the wall clock is due
// by that, the others by the record's time.
func DueTimers(tx *bbolt.Tx, now Moment, limit int) (ids []string, next Moment) {
	c := tx.Bucket(timersDueBucket).Cursor()
	for k, v := c.First(); k != nil && (next.At.IsZero() || next.Wall.IsZero()); k, v = c.Next() {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(k)))
		clock, soonest := now.At, &next.At
		if bytes.Equal(v, wallMark) {
			clock, soonest = now.Wall, &next.Wall
		}
		switch {
		case !soonest.IsZero():
		case at.After(clock) || len(ids) == limit:
			*soonest = at
		default:
			ids = append(ids, string(k[8:]))
		}
	}
	return ids, next
}

// TimersBelow are the timers whose ids begin with prefix, in the order of their ids, and when each is due. One that cannot be
// read is left out: the check of the record names it.
func TimersBelow(tx *bbolt.Tx, prefix string) iter.Seq2[string, time.Time] {
	return func(yield func(string, time.Time) bool) {
		c := tx.Bucket(timersBucket).Cursor()
		for k, text := c.Seek([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)); k, text = c.Next() {
			var row timerRow
			if json.Unmarshal(text, &row) == nil && !yield(string(k), time.UnixMilli(row.Due)) {
				return
			}
		}
	}
}

// Earliest is the earlier of a moment's times that is set; zero when neither is.
func Earliest(m Moment) time.Time {
	if m.At.IsZero() || !m.Wall.IsZero() && m.Wall.Before(m.At) {
		return m.Wall
	}
	return m.At
}

// Wait is how long from now until the earlier time of next, of which either may be zero; at most limit.
func Wait(now, next Moment, limit time.Duration) time.Duration {
	if !next.At.IsZero() {
		limit = min(limit, next.At.Sub(now.At))
	}
	if !next.Wall.IsZero() {
		limit = min(limit, next.Wall.Sub(now.Wall))
	}
	return max(limit, time.Millisecond)
}
