package journal

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"
)

// What an audit reads of the outbox and the timers. A row counts where it stands under its name and under its due time: by the
// first it is changed, by the second it is found when it is due.

// OutboxRow is when message id of topic goes out next, and how often it went out so far.
func OutboxRow(tx *bbolt.Tx, topic, id string) (due time.Time, attempts int, ok bool) {
	key := outKey(topic, id)
	row := tx.Bucket(outboxBucket).Get(key)
	if len(row) != 10 {
		return due, 0, false
	}
	ms := binary.BigEndian.Uint64(row)
	return dueTime(ms), int(binary.BigEndian.Uint16(row[8:])), standsDue(tx, outboxDueBucket, ms, key)
}

// TimerRow is when a timer runs. One that cannot be read does not run, and is not ok.
func TimerRow(tx *bbolt.Tx, id string) (due time.Time, ok bool) {
	row, err := readTimer(tx.Bucket(timersBucket), id)
	if err != nil || row == nil {
		return due, false
	}
	ms := uint64(row.Due)
	return dueTime(ms), standsDue(tx, timersDueBucket, ms, []byte(id))
}

// standsDue looks for the key, for its value is nothing.
func standsDue(tx *bbolt.Tx, bucket []byte, ms uint64, key []byte) bool {
	want := dueKey(ms, key)
	k, _ := tx.Bucket(bucket).Cursor().Seek(want)
	return bytes.Equal(k, want)
}

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
