package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// twinRows are rows that stand twice, in a bbolt bucket and in a key-value bucket of the bus, so that either is made
// whole from the other. What the bus does not have yet is owed to it: a row in a bucket beside, written in the
// transaction of the row itself. A key-value bucket that does not answer holds nothing up and keeps nobody out.
type twinRows struct {
	rows, owed []byte
	form       twinForm
}

// twinForm is how rows look on both sides.
type twinForm interface {
	// beats says whether row takes the place of other; nil is none.
	beats(row, other []byte) bool
	// give is the row as the key-value bucket has it: a value, or a purge.
	give(row []byte) (value []byte, purge bool)
	// take is the row that a value or a purge of the key-value bucket stands for; nil is none.
	take(value []byte, purged bool) (row []byte)
}

// Values of an owed row: what is owed, and its generation, so that one that is owed anew is not taken for delivered.
const (
	owedPut byte = iota + 1
	owedPurge
)

// put stores a row where it beats what is there, and owes it to the key-value bucket.
func (t twinRows) put(tx *bbolt.Tx, key string, row []byte) error {
	changed, err := t.keep(tx, key, row)
	if err != nil || !changed {
		return err
	}
	return t.owe(tx, key, row)
}

// keep stores a row where it beats what is there.
func (t twinRows) keep(tx *bbolt.Tx, key string, row []byte) (changed bool, err error) {
	b := tx.Bucket(t.rows)
	if !t.form.beats(row, b.Get([]byte(key))) {
		return false, nil
	}
	return true, b.Put([]byte(key), row)
}

func (t twinRows) owe(tx *bbolt.Tx, key string, row []byte) error {
	b := tx.Bucket(t.owed)
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	op := owedPut
	if _, purge := t.form.give(row); purge {
		op = owedPurge
	}
	return b.Put([]byte(key), binary.BigEndian.AppendUint64([]byte{op}, n))
}

// owedRow is what one key owes.
type owedRow struct {
	key        string
	generation uint64
	row        []byte // nil where there is none any more
}

// owing lists up to limit owed rows, but those that skip names with their generation, and about bytes of them.
func (t twinRows) owing(tx *bbolt.Tx, skip map[string]uint64, limit, bytes int) (list []owedRow, more bool) {
	rows := tx.Bucket(t.rows)
	c := tx.Bucket(t.owed).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if len(v) != 9 {
			continue
		}
		o := owedRow{key: string(k), generation: binary.BigEndian.Uint64(v[1:])}
		if skip[o.key] == o.generation {
			continue
		}
		if len(list) == limit || bytes <= 0 {
			return list, true
		}
		if row := rows.Get(k); row != nil {
			o.row = slices.Clone(row)
			bytes -= len(row)
		}
		list = append(list, o)
	}
	return list, false
}

// forget removes owed rows that were delivered.
func (t twinRows) forget(tx *bbolt.Tx, delivered map[string]uint64) error {
	b := tx.Bucket(t.owed)
	for key, generation := range delivered {
		if v := b.Get([]byte(key)); len(v) != 9 || binary.BigEndian.Uint64(v[1:]) != generation {
			continue
		}
		if err := b.Delete([]byte(key)); err != nil {
			return err
		}
	}
	return nil
}

// twin works on both sides of twinRows.
type twin struct {
	twinRows
	far    farSide
	view   func(func(*bbolt.Tx) error) error
	update func(func(*bbolt.Tx) error) error // the only way in which rows are written
	shared bool                              // other nodes write to the key-value bucket too
	log    *slog.Logger

	mu        sync.Mutex
	delivered map[string]uint64 // owed rows that the key-value bucket has and that stand in bbolt still
	trouble   error             // of the last delivery or comparison; nil once one went well
	since     time.Time         // of the trouble
	lost      int               // entries that the key-value bucket has and cannot read, and this side lacks
}

// How much is delivered at a time, and how long one operation on the key-value bucket may take.
const (
	deliverRows  = 256
	deliverBytes = 4 << 20
	deliverAtOne = 32
	farWithin    = 2 * time.Second
)

// deliver gives the key-value bucket a batch of what is owed to it. more says that there may be more.
func (t *twin) deliver(ctx context.Context) (more bool, err error) {
	var list []owedRow
	skip := t.takeDelivered()
	err = t.view(func(tx *bbolt.Tx) error {
		list, more = t.owing(tx, skip, deliverRows, deliverBytes)
		return nil
	})
	if err != nil || len(list) == 0 {
		return false, t.note(err)
	}
	// One that fails ends the batch: the rest would wait for the same.
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, deliverAtOne)
	for _, o := range list {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := t.give(ctx, o); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return more, t.note(context.Cause(ctx))
}

// note keeps the outcome for the status.
func (t *twin) note(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case err == nil:
		t.trouble = nil
	case t.trouble == nil:
		t.trouble, t.since = err, time.Now()
	default:
		t.trouble = err
	}
	return err
}

// give delivers one owed row.
func (t *twin) give(ctx context.Context, o owedRow) error {
	ctx, cancel := context.WithTimeout(ctx, farWithin)
	defer cancel()
	if o.row != nil {
		if err := t.send(ctx, o.key, o.row); err != nil {
			return fmt.Errorf("journal: %s: %w", t.far.name(), err)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.delivered == nil {
		t.delivered = map[string]uint64{}
	}
	t.delivered[o.key] = o.generation
	return nil
}

// send puts a row into the key-value bucket. Where other nodes write there too it only takes the place of what it
// beats, and what beats it is taken over here.
func (t *twin) send(ctx context.Context, key string, row []byte) (err error) {
	value, purge := t.form.give(row)
	if !t.shared {
		// A row that was stored without an answer is not put again: where what it replaces is damaged, none ever comes.
		there, _, err := t.read(ctx, key)
		switch {
		case err != nil && !errors.Is(err, errUnreadable):
			return err
		case bytes.Equal(there, row):
			return nil
		}
		return t.far.put(ctx, key, value, purge, anyRevision)
	}
	for range 5 {
		there, revision, readErr := t.read(ctx, key)
		switch {
		case errors.Is(readErr, errUnreadable):
			revision = anyRevision
		case readErr != nil:
			return readErr
		}
		if there != nil && t.form.beats(there, row) {
			return t.takeOver(key, there)
		}
		if there != nil && !t.form.beats(row, there) {
			return nil
		}
		if err = t.far.put(ctx, key, value, purge, revision); !errors.Is(err, errMoved) {
			return err
		}
	}
	return err
}

// read is the row that the key-value bucket holds, nil for none.
func (t *twin) read(ctx context.Context, key string) (row []byte, revision uint64, err error) {
	e, err := t.far.get(ctx, key)
	if errors.Is(err, errMissing) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	return t.form.take(e.value, e.purged), e.revision, nil
}

// takeDelivered returns the owed rows that were delivered, to be forgotten in the caller's transaction. When that is
// committed, drop them.
func (t *twin) takeDelivered() map[string]uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.delivered)
}

func (t *twin) dropDelivered(list map[string]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.delivered, func(key string, generation uint64) bool { return list[key] == generation })
}

// settle forgets what was delivered in a transaction of its own.
func (t *twin) settle(update func(func(*bbolt.Tx) error) error) error {
	list := t.takeDelivered()
	if len(list) == 0 {
		return nil
	}
	err := update(func(tx *bbolt.Tx) error { return t.forget(tx, list) })
	if err == nil {
		t.dropDelivered(list)
	}
	return err
}

// compareChunk is how many rows a comparison looks at in one transaction.
const compareChunk = 500

// compare makes both sides the union of what they hold. With all it also reads the keys that both have, and puts a
// value that cannot be read in the key-value bucket there again. On a node of its own, where this side has all that the
// bucket holds, it makes the bucket anew instead, because nats-server does not answer a put over such a message. A
// damaged bucket may never end a listing, so compare asks for the keys, and for each value by itself. pause slows a
// comparison that runs beside work.
func (t *twin) compare(ctx context.Context, all bool, pause time.Duration) error {
	keys, err := t.far.keys(ctx)
	if err != nil {
		return t.note(err)
	}
	var sum keyCounts
	for chunk := range slices.Chunk(keys, compareChunk) {
		var ask []string
		err := t.view(func(tx *bbolt.Tx) error {
			b := tx.Bucket(t.rows)
			for _, key := range chunk {
				row := b.Get([]byte(key))
				_, purge := t.form.give(row)
				if all || row == nil || purge {
					ask = append(ask, key)
				}
			}
			return nil
		})
		if err != nil {
			return t.note(err)
		}
		for _, key := range ask {
			if err := t.compareKey(ctx, key, &sum); err != nil {
				return t.note(err)
			}
			if err := t.rest(ctx, pause); err != nil {
				return err
			}
		}
	}
	n, err := t.oweMissing(ctx, keys)
	sum.owe += n
	if sum.take+sum.owe > 0 {
		t.log.Warn("the two sides of a store differed and are mended", "bucket", t.far.name(), "taken", sum.take, "owed", sum.owe)
	}
	if sum.lost > 0 {
		t.log.Error("entries cannot be read in the key-value bucket and are not in the record's file", "bucket", t.far.name(),
			"entries", sum.lost)
	}
	t.mu.Lock()
	t.lost = sum.lost
	t.mu.Unlock()
	if err == nil && !t.shared && sum.lost == 0 && sum.unread > 0 {
		t.log.Warn("entries cannot be read in the key-value bucket; it is made anew", "bucket", t.far.name(), "entries",
			sum.unread)
		err = t.far.reset(ctx)
	}
	return t.note(err)
}

// rest waits between two values, but not while the bucket takes nothing: what cannot be read may be what stops it.
func (t *twin) rest(ctx context.Context, pause time.Duration) error {
	t.mu.Lock()
	troubled := t.trouble != nil
	t.mu.Unlock()
	if pause <= 0 || troubled {
		return ctx.Err()
	}
	return sleep(ctx, pause)
}

// keyCounts counts what became of keys; unread are those that the key-value bucket cannot read and this side has.
type keyCounts struct{ take, owe, lost, unread int }

// compareKey holds one key of the key-value bucket against this side, and counts what becomes of it.
func (t *twin) compareKey(ctx context.Context, key string, sum *keyCounts) error {
	one, cancel := context.WithTimeout(ctx, farWithin)
	e, err := t.far.get(one, key)
	cancel()
	unreadable := errors.Is(err, errUnreadable) || errors.Is(err, errMissing) // the key is listed
	var there []byte
	switch {
	case err == nil:
		there = t.form.take(e.value, e.purged)
	case !unreadable:
		return err
	}
	ours, err := rowIn(t.view, t.rows, key)
	switch {
	case err != nil:
	case unreadable && ours == nil:
		sum.lost++
	case ours != nil && (unreadable || there == nil || t.form.beats(ours, there)):
		sum.owe++
		if unreadable {
			sum.unread++
		}
		err = t.update(func(tx *bbolt.Tx) error { return t.oweStored(tx, key) })
	case there != nil && t.form.beats(there, ours):
		sum.take++
		err = t.takeOver(key, there)
	}
	return err
}

func (t *twin) oweStored(tx *bbolt.Tx, key string) error {
	row := tx.Bucket(t.rows).Get([]byte(key))
	if row == nil {
		return nil
	}
	return t.owe(tx, key, row)
}

// oweMissing owes the rows whose keys the key-value bucket does not have, but what is owed already.
func (t *twin) oweMissing(ctx context.Context, keys []string) (n int, err error) {
	there := make(map[string]bool, len(keys))
	for _, key := range keys {
		there[key] = true
	}
	missing := func(tx *bbolt.Tx, k, _ []byte) bool { return !there[string(k)] && tx.Bucket(t.owed).Get(k) == nil }
	err = eachSome(ctx, t.view, t.rows, nil, missing, func(keys []string) error {
		n += len(keys)
		return t.update(func(tx *bbolt.Tx) error {
			for _, key := range keys {
				if err := t.oweStored(tx, key); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return n, err
}

// follow takes over what other nodes put, until ctx ends.
func (t *twin) follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := t.far.watch(ctx, func(key string, value []byte, purged bool) {
			if err := t.takeOver(key, t.form.take(value, purged)); err != nil && ctx.Err() == nil {
				t.log.Error("a row of another node could not be stored; the next comparison brings it", "bucket", t.far.name(),
					"err", err)
			}
		})
		if ctx.Err() != nil {
			return
		}
		t.log.Warn("a key-value bucket is not followed; trying again", "bucket", t.far.name(), "err", err)
		_ = sleep(ctx, vaultRetry)
	}
}

// takeOver stores a row that another node put, where it beats what is here.
func (t *twin) takeOver(key string, row []byte) error {
	ours, err := rowIn(t.view, t.rows, key)
	if err != nil || !t.form.beats(row, ours) {
		return err
	}
	return t.update(func(tx *bbolt.Tx) error { _, err := t.keep(tx, key, row); return err })
}

// TwinStatus is how one of the stores beside the record is: the vault, the sessions.
type TwinStatus struct {
	Owed    int       // rows that the key-value bucket does not have yet; counted up to a thousand
	Trouble error     // why not, or why the sides could not be compared; nil where nothing is wrong
	Since   time.Time // of the trouble
	Lost    int       // entries that neither side can give
}

// status says how the twin is.
func (t *twin) status() (s TwinStatus) {
	const most = 1000
	t.mu.Lock()
	s.Trouble, s.Since, s.Lost = t.trouble, t.since, t.lost
	delivered := len(t.delivered)
	t.mu.Unlock()
	_ = t.view(func(tx *bbolt.Tx) error { // a file that cannot be read is the writer's matter
		c := tx.Bucket(t.owed).Cursor()
		for k, _ := c.First(); k != nil && s.Owed < most+delivered; k, _ = c.Next() {
			s.Owed++
		}
		return nil
	})
	s.Owed = max(s.Owed-delivered, 0)
	return s
}
