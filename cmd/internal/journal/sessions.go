package journal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"
)

// Sessions are the vault's rows that change and end by themselves. They are not entries of the vault proper, which are
// written once and whose end is remembered for ever: a session is touched while it is used, and is forgotten once it is
// past its time.
//
// They are kept on both sides like the rest of the vault (twin.go), in a bbolt file of their own, so that a login never
// waits for the record's writer. Reading asks bbolt alone, so that a request costs no message; a key-value bucket
// carries them to the other nodes, and drops each row by itself once it is too old. Either side is made whole from the
// other: an ended row wins over a live one, else the later one does. An ended row stays until its session's time would
// have been up, on both sides, so that no side brings it back.
type Sessions struct {
	db   *bbolt.DB
	twin *twin
	log  *slog.Logger
	wake chan struct{}
	made chan struct{}
	stop func()
	wg   sync.WaitGroup

	compared atomic.Bool // the two sides were held together since the start
}

// SessionsFile holds the sessions, below the data directory.
const SessionsFile = "sessions.db"

const sessionsKV = "QINGKONG_SESSIONS"

var (
	sessionsBucket     = []byte("vault.sessions") // key -> a row as the key-value bucket has it; see sessionRow
	sessionsOwedBucket = []byte("vault.sessions_owed")

	sessionRows = twinRows{rows: sessionsBucket, owed: sessionsOwedBucket, form: sessionForm{}}
)

const (
	sessionEnded byte = iota
	sessionLive
)

// shareWithin bounds how long the begin and the end of a session on one of several nodes wait for the key-value bucket.
const shareWithin = 2 * time.Second

const (
	sweepEvery = 10 * time.Minute
	eachMost   = 10_000 // rows in one transaction of Each
)

// sessionRow is a row: its state, until when it lives and when it was written, in milliseconds, and its data. A row of
// another form counts as missing.
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

// sessionForm: see [sessionRow.beats]. Ended rows are values like the others; what is past its time counts as missing.
type sessionForm struct{}

func (sessionForm) beats(row, other []byte) bool { return sessionRow(row).beats(other) }

func (sessionForm) give(row []byte) (value []byte, purge bool) { return row, len(row) == 0 }

func (sessionForm) take(value []byte, purged bool) []byte {
	if row := sessionRow(value); !purged && row.ok() && !row.until().Before(time.Now()) {
		return row
	}
	return nil
}

// OpenSessions opens the sessions; none lives longer than life. Close them before the journal.
func (j *Journal) OpenSessions(ctx context.Context, life time.Duration) (*Sessions, error) {
	db, err := bbolt.Open(filepath.Join(j.opt.Dir, SessionsFile), 0o600,
		&bbolt.Options{Timeout: 2 * time.Second, FreelistType: bbolt.FreelistMapType, NoFreelistSync: true})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w (move the file away and start again: people log in anew)", SessionsFile, err)
	}
	db.NoSync = j.opt.NoSync
	s := &Sessions{db: db, log: j.opt.Log, wake: make(chan struct{}, 1), made: make(chan struct{}, 1)}
	far := openKV(j.opt.JS, jetstream.KeyValueConfig{Bucket: sessionsKV, History: 1, TTL: life,
		Storage: jetstream.FileStorage, Description: "who is logged in; tokens are hashed"},
		func() { poke(s.made) })
	s.twin = &twin{twinRows: sessionRows, far: far, view: db.View, update: db.Update, shared: j.opt.Shared, log: j.opt.Log}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{sessionsBucket, sessionsOwedBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err = errors.Join(err, s.moveFrom(ctx, j), s.sweep()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	s.greet(ctx)
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = cancel
	s.wg.Go(func() { s.keep(running) })
	s.wg.Go(func() {
		every(running.Done(), sweepEvery, func() {
			if err := s.sweep(); err != nil {
				s.log.Error("sessions that are over could not be removed", "err", err)
			}
		})
	})
	if j.opt.Shared {
		s.wg.Go(func() { s.twin.follow(running) })
	}
	return s, nil
}

// moveFrom takes over the sessions that an older program kept in the record's file, and removes them there.
func (s *Sessions) moveFrom(ctx context.Context, j *Journal) error {
	old := map[string][]byte{}
	err := j.View(func(tx *bbolt.Tx) error {
		b := tx.Bucket(sessionsBucket)
		if b == nil {
			return nil
		}
		return b.ForEach(func(k, v []byte) error { old[string(k)] = bytes.Clone(v); return nil })
	})
	if err != nil {
		return err
	}
	err = s.db.Update(func(tx *bbolt.Tx) error {
		for key, row := range old {
			if err := sessionRows.put(tx, key, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return j.store(ctx, func(tx *bbolt.Tx) error {
		if tx.Bucket(sessionsBucket) == nil {
			return nil
		}
		return tx.DeleteBucket(sessionsBucket)
	})
}

// greet takes over, before the first request, the sessions of the key-value bucket that this node lacks: people stay
// logged in when a node loses its file, or joins. It waits mergeWithin at most.
func (s *Sessions) greet(ctx context.Context) {
	empty := false
	_ = s.db.View(func(tx *bbolt.Tx) error { // one that cannot be read is found out by the first write
		k, _ := tx.Bucket(sessionsBucket).Cursor().First()
		empty = k == nil
		return nil
	})
	if !empty && !s.twin.shared {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, mergeWithin)
	defer cancel()
	if err := s.twin.compare(ctx, true, 0); err != nil {
		s.log.Warn("the key-value bucket of sessions cannot be used; they are kept on this node alone until it can",
			"err", err)
	}
}

// keep delivers what is owed and holds both sides together, until ctx ends.
func (s *Sessions) keep(ctx context.Context) {
	var compared time.Time
	for {
		wait := compareEvery
		if compared.IsZero() || time.Since(compared) >= compareEvery {
			if err := s.twin.compare(ctx, true, 0); err == nil {
				compared = time.Now()
				s.compared.Store(true)
			} else {
				wait = vaultRetry
			}
		}
		for more := true; more && ctx.Err() == nil; {
			var err error
			if more, err = s.twin.deliver(ctx); err != nil {
				more, wait = false, vaultRetry
			}
			if err := s.twin.settle(s.db.Update); err != nil {
				s.log.Error("sessions: what was delivered could not be written", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-s.made:
			compared = time.Time{}
		case <-time.After(wait):
		}
	}
}

func (s *Sessions) row(key string) sessionRow {
	row, _ := rowIn(s.db.View, sessionsBucket, key) // one that cannot be read is none
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

// find is the row that is here, else the one in the key-value bucket, since the session may have begun on another node
// a moment ago; nil for none.
func (s *Sessions) find(ctx context.Context, key string) sessionRow {
	if row := s.row(key); row != nil || !s.asks() {
		return row
	}
	ctx, cancel := context.WithTimeout(ctx, shareWithin)
	defer cancel()
	row, _, err := s.twin.read(ctx, key)
	if s.twin.note(err) != nil {
		return nil
	}
	return row
}

// asks says whether other nodes may know more and the key-value bucket answered when it was last asked. While it does
// not, nobody waits for it.
func (s *Sessions) asks() bool {
	s.twin.mu.Lock()
	defer s.twin.mu.Unlock()
	return s.twin.shared && s.twin.trouble == nil
}

// Each gives the live rows of this node's file whose keys begin with prefix, some at a time, until more is false. data is
// good until more returns.
func (s *Sessions) Each(prefix string, more func(key string, data []byte) bool) error {
	from := []byte(prefix)
	for {
		n, on := 0, true
		err := s.db.View(func(tx *bbolt.Tx) error {
			now := time.Now()
			c := tx.Bucket(sessionsBucket).Cursor()
			k, v := c.Seek(from)
			for ; k != nil && bytes.HasPrefix(k, []byte(prefix)) && on && n < eachMost; k, v = c.Next() {
				if row := sessionRow(v); row.live() && !row.until().Before(now) {
					on = more(string(k), row[sessionHead:])
				}
				n++
			}
			if on = on && k != nil && bytes.HasPrefix(k, []byte(prefix)); on {
				from = bytes.Clone(k)
			}
			return nil
		})
		if err != nil || !on {
			return err
		}
	}
}

// Put stores a session's data, which lives until then. One that has ended stays ended.
func (s *Sessions) Put(ctx context.Context, key string, data []byte, until time.Time) error {
	row := newRow(until, time.Now(), data)
	fresh := false
	err := s.db.Update(func(tx *bbolt.Tx) error {
		was := sessionRow(tx.Bucket(sessionsBucket).Get([]byte(key)))
		fresh = !was.ok()
		if was.ended() {
			return nil
		}
		// A session is written again with the same clock reading: that counts as later.
		if err := tx.Bucket(sessionsBucket).Put([]byte(key), row); err != nil {
			return err
		}
		return sessionRows.owe(tx, key, row)
	})
	if err != nil {
		return err
	}
	if fresh {
		s.share(ctx, key)
	}
	poke(s.wake)
	return nil
}

// End ends a session. One that is not there is no error.
func (s *Sessions) End(ctx context.Context, key string) error {
	row := s.find(ctx, key)
	if !row.live() {
		return nil
	}
	err := s.db.Update(func(tx *bbolt.Tx) error { return sessionRows.put(tx, key, row.end()) })
	if err != nil {
		return err
	}
	s.share(ctx, key)
	poke(s.wake)
	return nil
}

// share waits until the other nodes can know of a session that begins or ends here. A row that does not go out in time
// is owed.
func (s *Sessions) share(ctx context.Context, key string) {
	if !s.asks() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shareWithin)
	defer cancel()
	if err := s.twin.note(s.twin.send(ctx, key, s.row(key))); err != nil {
		s.log.Warn("the key-value bucket does not have a session as it is on this node; it is owed", "err", err)
	}
}

// sweep removes the rows whose time is up.
func (s *Sessions) sweep() error {
	now := time.Now()
	over := func(_ *bbolt.Tx, _, v []byte) bool { row := sessionRow(v); return !row.ok() || row.until().Before(now) }
	return eachSome(context.Background(), s.db.View, sessionsBucket, nil, over, func(old []string) error {
		err := s.db.Update(func(tx *bbolt.Tx) error {
			for _, key := range old {
				k := []byte(key)
				if err := errors.Join(tx.Bucket(sessionsBucket).Delete(k), tx.Bucket(sessionsOwedBucket).Delete(k)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("journal: sessions: %w", err)
		}
		return nil
	})
}

// Status says how the sessions' two sides are.
func (s *Sessions) Status() TwinStatus { return s.twin.status() }

// Close ends the work in the background. What is owed and cannot be delivered within a second is delivered after the
// next start.
func (s *Sessions) Close() error {
	s.stop()
	s.wg.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaveWithin)
	defer cancel()
	for more := true; more; {
		var err error
		if more, err = s.twin.deliver(ctx); err != nil {
			break
		}
	}
	return errors.Join(s.twin.settle(s.db.Update), s.db.Close())
}
