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

	"qingkong/notify/channel"
)

// Messages that remain to be sent and timers are journaled state: rows with a due time.
var (
	outboxBucket    = []byte("journal.outbox")     // topic 0 id 0 channel -> outRow
	outboxDueBucket = []byte("journal.outbox_due") // channel 0 due (8, ms) topic 0 id -> nothing
	timersBucket    = []byte("journal.timers")     // id -> timerRow as JSON
	// due (8, ms) id -> nothing, or "w" of one that is due by the wall clock
	timersDueBucket = []byte("journal.timers_due")
)

// effects writes outbox and timer rows into the one transaction of a block. The first failure is kept in err.
type effects struct {
	outbox, outboxDue, timers, timersDue *bbolt.Bucket
	added                                bool // a row, so that something may have come due
	owes                                 bool // the vault owes something
	wall                                 time.Time
	shared                               map[string]Saver
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
func (fx *effects) Together(name string, make func() Saver) Saver {
	s := fx.shared[name]
	if s == nil {
		s = make()
		if fx.shared == nil {
			fx.shared = map[string]Saver{}
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

func outKey(channel, topic, id string) []byte {
	return append(messageKey(make([]byte, 0, len(topic)+len(id)+len(channel)+2), topic, id), channel...)
}

// messageKey is what the keys of a message's rows begin with, whatever their channel.
func messageKey(k []byte, topic, id string) []byte {
	return append(append(append(append(k, topic...), 0), id...), 0)
}

func outDueKey(k []byte, channel string, due uint64, topic, id string) []byte {
	k = binary.BigEndian.AppendUint64(append(append(k, channel...), 0), due)
	return append(append(append(k, topic...), 0), id...)
}

func dueKey(dueMS uint64, key []byte) []byte {
	return append(binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(key)), dueMS), key...)
}

// outRow is what remains to be sent of one message by one channel: due (8, ms), attempts (2), and 1 where it is unsure.
type outRow struct {
	due      uint64
	attempts uint16
	unsure   bool // what became of it the last time is unknown
}

// readOutRow reads a row; one that cannot be read is none.
func readOutRow(text []byte) (r outRow, ok bool) {
	if len(text) != 10 && len(text) != 11 {
		return r, false
	}
	return outRow{binary.BigEndian.Uint64(text), binary.BigEndian.Uint16(text[8:]), len(text) == 11}, true
}

func (r outRow) encode() []byte {
	text := binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint64(make([]byte, 0, 11), r.due), r.attempts)
	if r.unsure {
		text = append(text, 1)
	}
	return text
}

// Send is SendBy for NATS, which everything goes out by.
func (fx *effects) Send(topic, id string, due time.Time) { fx.SendBy(channel.NATS, topic, id, due) }

// SendBy puts an outbox row: message id of topic goes out by a channel, not before due. Sending it again replaces the
// row.
func (fx *effects) SendBy(channel, topic, id string, due time.Time) {
	fx.dropOut(channel, topic, id)
	fx.putOut(channel, topic, id, outRow{due: uint64(due.UnixMilli())})
}

func (fx *effects) putOut(channel, topic, id string, r outRow) {
	fx.must(fx.outbox.Put(outKey(channel, topic, id), r.encode()))
	fx.must(fx.outboxDue.Put(outDueKey(nil, channel, r.due, topic, id), nil))
	fx.added = true
}

// Drop removes the rows of a message: nothing more is sent for it, by whatever channel.
func (fx *effects) Drop(topic, id string) {
	prefix := messageKey(nil, topic, id)
	var channels []string
	c := fx.outbox.Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		channels = append(channels, string(k[len(prefix):]))
	}
	for _, channel := range channels {
		fx.dropOut(channel, topic, id)
	}
}

func (fx *effects) dropOut(channel, topic, id string) {
	key := outKey(channel, topic, id)
	text := fx.outbox.Get(key)
	if text == nil {
		return
	}
	r, ok := readOutRow(text)
	if !ok {
		fx.must(fmt.Errorf("the outbox row of %s %s by %s is damaged (run qingkong journal rebuild)", topic, id, channel))
		return
	}
	fx.must(fx.outbox.Delete(key))
	fx.must(fx.outboxDue.Delete(outDueKey(nil, channel, r.due, topic, id)))
}

// went records what became of a row: it goes out at the given time, by what it is then known of, or never more where
// that is 0.
func (fx *effects) went(by, topic, id string, result channel.Result, againMS int64) {
	r, ok := readOutRow(fx.outbox.Get(outKey(by, topic, id)))
	if !ok {
		return // confirmed or withdrawn while it was on its way
	}
	if againMS == 0 {
		fx.dropOut(by, topic, id)
		return
	}
	fx.must(fx.outboxDue.Delete(outDueKey(nil, by, r.due, topic, id)))
	r.due = uint64(againMS)
	if result != channel.Later {
		r.attempts, r.unsure = min(r.attempts+1, 60000), result == channel.Unknown
	}
	fx.putOut(by, topic, id, r)
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

// Timer asks for a command to be run at due, by the record's time: a deadline counted from something recorded. The
// same id again replaces it.
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

// Due is an outbox row of a channel that has come due.
type Due struct {
	Topic    string `json:"topic"`
	ID       string `json:"id"`
	Attempts int    `json:"attempts,omitempty"` // how often it went out so far
	Nothing  bool   `json:"nothing,omitempty"`  // there was nothing more to send for it
	Unsure   bool   `json:"unsure,omitempty"`   // what became of it the last time is unknown
}

// DueOutbox lists up to limit rows of a channel due at now, the oldest first, and the time of its next row after now
// that is not in the list (zero when there is none).
func DueOutbox(tx *bbolt.Tx, channel string, now time.Time, limit int) (due []Due, next time.Time) {
	rows := tx.Bucket(outboxBucket)
	prefix := append([]byte(channel), 0)
	c := tx.Bucket(outboxDueBucket).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64(k[len(prefix):])))
		if at.After(now) || len(due) == limit {
			return due, at
		}
		topic, id, _ := bytes.Cut(k[len(prefix)+8:], []byte{0})
		d := Due{Topic: string(topic), ID: string(id)}
		if r, ok := readOutRow(rows.Get(outKey(channel, d.Topic, d.ID))); ok {
			d.Attempts, d.Unsure = int(r.attempts), r.unsure
		}
		due = append(due, d)
	}
	return due, time.Time{}
}

// OutboxChannels names the channels by which something remains to be sent, now or later.
func OutboxChannels(tx *bbolt.Tx) (names []string) {
	c := tx.Bucket(outboxDueBucket).Cursor()
	for k, _ := c.First(); k != nil; {
		name, _, _ := bytes.Cut(k, []byte{0})
		names = append(names, string(name))
		k, _ = c.Seek(append(bytes.Clone(name), 1))
	}
	return names
}

// DueTimers lists up to limit ids of timers due at now, and when the next one after them is: a timer of the wall
// clock is due by that, the others by the record's time.
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

// TimersBelow are the timers whose ids begin with prefix, in the order of their ids, and when each is due. One that
// cannot be read is left out: the check of the record names it.
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
