package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// Sessions are the vault's rows that change and end by themselves. They are not entries of the vault proper, which are
// written once and whose end is remembered for ever: a session is touched while it is used, and of one that is past its
// time nothing need be known.
//
// They are kept on both sides like the rest of the vault. Reading asks bbolt alone, so that a request costs no message;
// a key-value bucket carries them to the other nodes, and drops each row by itself once it is too old. Either side is made
// whole from the other: an ended row wins over a live one, else the later one does. An ended row stays until its session's
// time would have been up, on both sides, so that no side brings it back.
//
// A key-value bucket that does not answer keeps nobody out: the row is in bbolt then, good on this node, and is given to
// the bucket at the next start.
type Sessions struct {
	kv     jetstream.KeyValue // nil: it could not be opened
	db     *bbolt.DB
	log    *slog.Logger
	shared bool
	stop   func()
	wg     sync.WaitGroup
}

const sessionsKV = "QINGKONG_SESSIONS"

var sessionsBucket = []byte("vault.sessions") // key -> a row as the key-value bucket has it; see sessionRow

const (
	sessionEnded byte = iota
	sessionLive
)

// shareWithin bounds how long a session waits for the key-value bucket.
const shareWithin = 2 * time.Second

const (
	sweepEvery = 10 * time.Minute
	sweepMost  = 10_000 // rows in one transaction
)

// sessionRow is a row: its state, until when it lives and when it was written, in milliseconds, and its data. What does not
// have that form counts as missing.
type sessionRow []byte

const sessionHead = 1 + 8 + 8

func newRow(until, now time.Time, data []byte) sessionRow {
	row := binary.BigEndian.AppendUint64([]byte{sessionLive}, uint64(until.UnixMilli()))
	row = binary.BigEndian.AppendUint64(row, uint64(now.UnixMilli()))
	return append(row, data...)
}

func (r sessionRow) ok() bool         { return len(r) >= sessionHead }
func (r sessionRow) live() bool       { return r.ok() && r[0] == sessionLive }
func (r sessionRow) ended() bool      { return r.ok() && r[0] == sessionEnded }
func (r sessionRow) until() time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(r[1:]))) }

// end is the row of the same session once it has ended; it holds no data.
func (r sessionRow) end() sessionRow {
	row := bytes.Clone(r[:sessionHead])
	row[0] = sessionEnded
	return row
}

// beats says whether a row takes the place of another.
func (r sessionRow) beats(other sessionRow) bool {
	switch {
	case !r.ok() || !other.ok():
		return r.ok()
	case r.ended() || other.ended():
		return !other.ended()
	}
	return binary.BigEndian.Uint64(r[9:]) > binary.BigEndian.Uint64(other[9:])
}

// OpenSessions opens the sessions; none lives longer than life. Close them before the journal.
func (j *Journal) OpenSessions(ctx context.Context, life time.Duration) (*Sessions, error) {
	s := &Sessions{db: j.db, log: j.opt.Log, shared: j.opt.Shared}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	if err := s.sweep(); err != nil {
		cancel()
		return nil, err
	}
	if err := s.openKV(ctx, running, j, life); err != nil {
		s.log.Warn("the key-value bucket of sessions cannot be used; they are kept on this node alone", "err", err)
	}
	s.wg.Go(func() { s.sweepOften(running) })
	return s, nil
}

func (s *Sessions) openKV(ctx, running context.Context, j *Journal, life time.Duration) error {
	kv, err := j.opt.JS.KeyValue(ctx, sessionsKV)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		kv, err = j.opt.JS.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: sessionsKV, History: 1, TTL: life,
			Storage: jetstream.FileStorage, Replicas: j.opt.Replicas, Description: "who is logged in; tokens are hashed"})
	}
	if err != nil {
		return err
	}
	s.kv = kv
	w, err := kv.WatchAll(running)
	if err != nil {
		return err
	}
	if err := s.merge(ctx, w); err != nil || !s.shared {
		return errors.Join(err, w.Stop())
	}
	s.wg.Go(func() {
		for e := range w.Updates() {
			if e == nil || e.Operation() != jetstream.KeyValuePut {
				continue
			}
			if err := s.take(map[string]sessionRow{e.Key(): e.Value()}); err != nil {
				s.log.Error("a session of another node could not be stored", "err", err)
			}
		}
	})
	return nil
}

// mergeWithin bounds how long opening waits for what the key-value bucket holds.
const mergeWithin = 10 * time.Second

// merge makes both sides hold the same.
func (s *Sessions) merge(ctx context.Context, w jetstream.KeyWatcher) error {
	ctx, cancel := context.WithTimeout(ctx, mergeWithin)
	defer cancel()
	theirs := map[string]sessionRow{}
	for whole := false; !whole; {
		select {
		case e, open := <-w.Updates():
			switch {
			case !open:
				return errors.New("the watch ended")
			case e == nil:
				whole = true
			case e.Operation() == jetstream.KeyValuePut:
				theirs[e.Key()] = e.Value()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if err := s.take(theirs); err != nil {
		return err
	}
	return s.give(ctx, theirs)
}

// take stores the rows that beat ours.
func (s *Sessions) take(rows map[string]sessionRow) error {
	now := time.Now()
	for key, row := range rows {
		if !row.ok() || row.until().Before(now) || !row.beats(s.row(key)) {
			delete(rows, key)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(sessionsBucket)
		for key, row := range rows {
			if !row.beats(b.Get([]byte(key))) {
				continue
			}
			if err := b.Put([]byte(key), row); err != nil {
				return err
			}
		}
		return nil
	})
}

// give puts into the key-value bucket what it does not have, or not as it is here.
func (s *Sessions) give(ctx context.Context, theirs map[string]sessionRow) error {
	ours := map[string]sessionRow{}
	err := s.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(sessionsBucket).ForEach(func(k, row []byte) error {
			if sessionRow(row).beats(theirs[string(k)]) {
				ours[string(k)] = bytes.Clone(row)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	for key, row := range ours {
		if _, err := s.kv.Put(ctx, key, row); err != nil {
			return err
		}
	}
	if len(ours) > 0 {
		s.log.Warn("the key-value bucket of sessions was behind and is mended", "sessions", len(ours))
	}
	return nil
}

func (s *Sessions) row(key string) (row sessionRow) {
	_ = s.db.View(func(tx *bbolt.Tx) error { // one that cannot be read is none
		row = bytes.Clone(tx.Bucket(sessionsBucket).Get([]byte(key)))
		return nil
	})
	return row
}

// Get returns the data of a live session.
func (s *Sessions) Get(ctx context.Context, key string) (data []byte, ok bool) {
	row := s.find(ctx, key)
	if !row.live() || row.until().Before(time.Now()) {
		return nil, false
	}
	return row[sessionHead:], true
}

// find is the row that is here or, for it may have begun on another node a moment ago, in the key-value bucket; or nil.
func (s *Sessions) find(ctx context.Context, key string) sessionRow {
	if row := s.row(key); row != nil || !s.shared || s.kv == nil {
		return row
	}
	ctx, cancel := context.WithTimeout(ctx, shareWithin)
	defer cancel()
	e, err := s.kv.Get(ctx, key)
	if err != nil {
		return nil
	}
	return e.Value()
}

// Put stores a session's data, which lives until then. One that has ended stays ended.
func (s *Sessions) Put(ctx context.Context, key string, data []byte, until time.Time) error {
	row := newRow(until, time.Now(), data)
	ended := false
	err := s.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(sessionsBucket)
		if ended = sessionRow(b.Get([]byte(key))).ended(); ended {
			return nil
		}
		return b.Put([]byte(key), row)
	})
	if err != nil || ended {
		return err
	}
	s.share(ctx, key, func(there sessionRow) sessionRow {
		if there.ended() { // on another node, which has not been heard of here
			over := bytes.Clone(there)
			err = s.take(map[string]sessionRow{key: over})
			return nil
		}
		return row
	})
	return err
}

// End ends a session. One that is not there is no error.
func (s *Sessions) End(ctx context.Context, key string) error {
	if row := s.find(ctx, key); row.live() {
		err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(sessionsBucket).Put([]byte(key), row.end()) })
		if err != nil {
			return err
		}
	}
	s.share(ctx, key, func(there sessionRow) sessionRow {
		if !there.live() {
			return nil
		}
		return there.end()
	})
	return nil
}

// share puts what next makes of the key-value bucket's row there, unless that is nil. What comes between is looked at again.
func (s *Sessions) share(ctx context.Context, key string, next func(there sessionRow) sessionRow) {
	if s.kv == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shareWithin)
	defer cancel()
	var err error
	for range 5 {
		var e jetstream.KeyValueEntry
		var there sessionRow
		e, err = s.kv.Get(ctx, key)
		missing := errors.Is(err, jetstream.ErrKeyNotFound)
		if err != nil && !missing {
			break
		}
		if !missing {
			there = e.Value()
		}
		row := next(there)
		switch {
		case row == nil:
			return
		case missing:
			_, err = s.kv.Create(ctx, key, row)
		default:
			_, err = s.kv.Update(ctx, key, row, e.Revision())
		}
		if err == nil {
			return
		}
	}
	s.log.Warn("the key-value bucket does not have a session as it is on this node", "err", err)
}

// sweep removes the rows whose time is up.
func (s *Sessions) sweep() error {
	now := time.Now()
	for {
		var old [][]byte
		err := s.db.View(func(tx *bbolt.Tx) error {
			c := tx.Bucket(sessionsBucket).Cursor()
			for k, v := c.First(); k != nil && len(old) < sweepMost; k, v = c.Next() {
				if row := sessionRow(v); !row.ok() || row.until().Before(now) {
					old = append(old, bytes.Clone(k))
				}
			}
			return nil
		})
		if err != nil || len(old) == 0 {
			return err
		}
		err = s.db.Update(func(tx *bbolt.Tx) error {
			for _, k := range old {
				if err := tx.Bucket(sessionsBucket).Delete(k); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("journal: sessions: %w", err)
		}
	}
}

func (s *Sessions) sweepOften(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.sweep(); err != nil {
				s.log.Error("sessions that are over could not be removed", "err", err)
			}
		}
	}
}

// Close ends what runs in the background.
func (s *Sessions) Close() {
	s.stop()
	s.wg.Wait()
}
