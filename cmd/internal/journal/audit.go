package journal

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/channel"
)

// An audit reads the rows of the outbox and the timers here. A row counts where it stands both under its name, by which
// it is changed, and under its due time, by which it is found when it is due.

// Rows reads rows of a transaction by name, many at little cost. It belongs to one goroutine.
type Rows struct {
	outbox, outboxDue, timers, timersDue *bbolt.Cursor
	name, due                            []byte // keys, made in place
}

// RowsOf are the rows of a transaction.
func RowsOf(tx *bbolt.Tx) *Rows {
	return &Rows{outbox: tx.Bucket(outboxBucket).Cursor(), outboxDue: tx.Bucket(outboxDueBucket).Cursor(),
		timers: tx.Bucket(timersBucket).Cursor(), timersDue: tx.Bucket(timersDueBucket).Cursor()}
}

// Outbox is when message id of topic goes out next by NATS, which everything goes out by.
func (r *Rows) Outbox(topic, id string) (due time.Time, ok bool) {
	due, _, ok = r.message(channel.NATS, topic, id)
	return due, ok
}

func (r *Rows) message(channel, topic, id string) (due time.Time, attempts int, ok bool) {
	r.name = append(messageKey(r.name[:0], topic, id), channel...)
	row, ok := readOutRow(seek(r.outbox, r.name))
	if !ok {
		return due, 0, false
	}
	r.due = outDueKey(r.due[:0], channel, row.due, topic, id)
	return dueTime(row.due), int(row.attempts), stands(r.outboxDue, r.due)
}

// Timer is when a timer runs. One that cannot be read does not run, and is not ok.
func (r *Rows) Timer(id string) (due time.Time, ok bool) {
	r.name = append(r.name[:0], id...)
	var row timerRow
	if text := seek(r.timers, r.name); text == nil || json.Unmarshal(text, &row) != nil {
		return due, false
	}
	r.due = append(binary.BigEndian.AppendUint64(r.due[:0], uint64(row.Due)), id...)
	return dueTime(uint64(row.Due)), stands(r.timersDue, r.due)
}

// stands says whether a key is there.
func stands(c *bbolt.Cursor, key []byte) bool {
	k, _ := c.Seek(key)
	return bytes.Equal(k, key)
}

// seek gives the value of a key, nil for none.
func seek(c *bbolt.Cursor, key []byte) []byte {
	k, v := c.Seek(key)
	if !bytes.Equal(k, key) {
		return nil
	}
	return v
}

// OutboxRow is when message id of topic goes out next by a channel, and how often it went out so far.
func OutboxRow(tx *bbolt.Tx, channel, topic, id string) (due time.Time, attempts int, ok bool) {
	return RowsOf(tx).message(channel, topic, id)
}

// TimerRow is when a timer runs.
func TimerRow(tx *bbolt.Tx, id string) (due time.Time, ok bool) { return RowsOf(tx).Timer(id) }

// OldestMessage is when the first message of a channel is due, zero for none.
func OldestMessage(tx *bbolt.Tx, channel string) time.Time {
	return oldest(tx.Bucket(outboxDueBucket), append([]byte(channel), 0))
}

// OldestTimer is when the first timer is due, zero for none.
func OldestTimer(tx *bbolt.Tx) time.Time { return oldest(tx.Bucket(timersDueBucket), nil) }

func oldest(b *bbolt.Bucket, prefix []byte) (due time.Time) {
	k, _ := b.Cursor().Seek(prefix)
	if k, ok := bytes.CutPrefix(k, prefix); ok && len(k) > 8 {
		due = dueTime(binary.BigEndian.Uint64(k))
	}
	return due
}

func dueTime(ms uint64) time.Time { return time.UnixMilli(int64(ms)).In(shanghai) }
