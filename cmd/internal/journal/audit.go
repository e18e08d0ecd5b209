package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"
)

// What an audit reads of the outbox and the timers. A row counts where it stands under its name and under its due time: by the
// first it is changed, by the second it is found when it is due.

// Rows reads rows of a transaction by name, many at little cost. It belongs to one goroutine.
type Rows struct {
	outbox, outboxDue, timers, timersDue *bbolt.Cursor
	key                                  []byte // 8 bytes of a due time and a name
}

// RowsOf are the rows of a transaction.
func RowsOf(tx *bbolt.Tx) *Rows {
	return &Rows{outbox: tx.Bucket(outboxBucket).Cursor(), outboxDue: tx.Bucket(outboxDueBucket).Cursor(),
		timers: tx.Bucket(timersBucket).Cursor(), timersDue: tx.Bucket(timersDueBucket).Cursor(), key: make([]byte, 8, 128)}
}

// Outbox is when message id of topic goes out next.
func (r *Rows) Outbox(topic, id string) (due time.Time, ok bool) {
	due, _, ok = r.message(topic, id)
	return due, ok
}

func (r *Rows) message(topic, id string) (due time.Time, attempts int, ok bool) {
	r.key = append(append(append(r.key[:8], topic...), 0), id...)
	row := seek(r.outbox, r.key[8:])
	if len(row) != 10 {
		return due, 0, false
	}
	ms := binary.BigEndian.Uint64(row)
	return dueTime(ms), int(binary.BigEndian.Uint16(row[8:])), r.stands(r.outboxDue, ms)
}

// Timer is when a timer runs. One that cannot be read does not run, and is not ok.
func (r *Rows) Timer(id string) (due time.Time, ok bool) {
	r.key = append(r.key[:8], id...)
	var row timerRow
	if text := seek(r.timers, r.key[8:]); text == nil || json.Unmarshal(text, &row) != nil {
		return due, false
	}
	return dueTime(uint64(row.Due)), r.stands(r.timersDue, uint64(row.Due))
}

// stands says whether the name in r.key has a row under its due time.
func (r *Rows) stands(b *bbolt.Cursor, ms uint64) bool {
	binary.BigEndian.PutUint64(r.key, ms)
	k, _ := b.Seek(r.key)
	return bytes.Equal(k, r.key)
}

// seek gives the value of a key, nil for none.
func seek(c *bbolt.Cursor, key []byte) []byte {
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil
	}
	return v
}

// OutboxRow is when message id of topic goes out next, and how often it went out so far.
func OutboxRow(tx *bbolt.Tx, topic, id string) (due time.Time, attempts int, ok bool) {
	return RowsOf(tx).message(topic, id)
}

// TimerRow is when a timer runs.
func TimerRow(tx *bbolt.Tx, id string) (due time.Time, ok bool) { return RowsOf(tx).Timer(id) }

// OldestDue is when the first message and the first timer are due, zero for none.
func OldestDue(tx *bbolt.Tx) (outbox, timer time.Time) {
	first := func(bucket []byte) (due time.Time) {
		if k, _ := tx.Bucket(bucket).Cursor().First(); len(k) > 8 {
			due = dueTime(binary.BigEndian.Uint64(k))
		}
		return due
	}
	return first(outboxDueBucket), first(timersDueBucket)
}

func dueTime(ms uint64) time.Time { return time.UnixMilli(int64(ms)).In(shanghai) }
