package live

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
)

// chunk bounds what is read of the journal in one transaction, in bytes of blocks.
const chunk = 2 << 20

// follower makes messages of what the journal records, from one entry on. Only its own goroutine uses it.
type follower struct {
	h     *Hub
	block uint64 // the last that was read
	next  int64  // the entry to come
	n     int    // messages of the entry before next

	dirty   map[string]bool      // warnings whose board changed since it was last sent
	flushed map[string]time.Time // when that was

	messages []*Message // not yet published
	users    []string   // whose rights may have changed
}

func (h *Hub) newFollower() (*follower, error) {
	f := &follower{h: h, block: h.svc.J.Height(), dirty: map[string]bool{}, flushed: map[string]time.Time{}}
	err := h.svc.J.View(func(tx *bbolt.Tx) (err error) {
		for journal.ReadBlock(tx, f.block+1) != nil {
			f.block++
		}
		f.next, err = size(tx)
		return err
	})
	return f, err
}

func (f *follower) run() {
	for {
		changed := f.h.svc.J.Changed()
		more, err := f.step(time.Now())
		if err != nil {
			f.h.fail(err)
			return
		}
		if more {
			continue
		}
		due := time.NewTimer(f.pause(time.Now()))
		select {
		case <-changed:
		case <-due.C:
		case <-f.h.stop:
			return
		}
		due.Stop()
		if f.h.retire() {
			return
		}
	}
}

// pause is how long there is nothing to do when nothing is recorded.
func (f *follower) pause(now time.Time) time.Duration {
	wait := f.h.idle
	for warning := range f.dirty {
		wait = min(wait, f.h.board-now.Sub(f.flushed[warning]))
	}
	return max(wait, 0)
}

// step publishes what a chunk of the journal holds; more says that it may hold another one already.
func (f *follower) step(now time.Time) (more bool, err error) {
	err = f.h.svc.J.View(func(tx *bbolt.Tx) error {
		for read := 0; ; {
			raw := journal.ReadBlock(tx, f.block+1)
			if raw == nil {
				break
			}
			if more = read > 0 && read+len(raw) > chunk; more {
				break
			}
			read += len(raw)
			if err := f.read(tx, raw); err != nil {
				return fmt.Errorf("block %d: %w", f.block+1, err)
			}
			f.block++
		}
		return f.boards(tx, now)
	})
	if err == nil {
		f.h.publish(place{f.next - 1, f.n}, f.messages, f.users)
	}
	f.messages, f.users = nil, nil
	return more, err
}

// read makes messages of a block's entries. A subject that is sent as it stands is sent once a block, at the last entry
// about it.
func (f *follower) read(tx *bbolt.Tx, raw []byte) error {
	b, err := journal.ParseBlock(raw)
	if err != nil {
		return err
	}
	entries := b.Entries()
	about := make([][]journal.Subject, len(entries))
	final := map[journal.Subject]int64{}
	for i := range entries {
		e := &entries[i]
		if about[i], err = f.h.svc.J.Registry().About(e.Kind, e.Data); err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		for _, s := range about[i] {
			final[s] = e.Index
		}
	}
	for i := range entries {
		e := &entries[i]
		f.next, f.n = e.Index+1, 0
		for _, s := range about[i] {
			if s.Kind == access.AboutUser {
				f.users = append(f.users, s.ID)
			}
			topic := f.h.topics[Kind(s.Kind)]
			if topic == nil || !topic.Each && final[s] != e.Index {
				continue
			}
			if err := f.tell(tx, topic, s); err != nil {
				return fmt.Errorf("entry %d: %s %s: %w", e.Index, s.Kind, s.ID, err)
			}
		}
	}
	return nil
}

// tell adds the message about a subject, and marks the board that changes with an order or an inspection.
func (f *follower) tell(tx *bbolt.Tx, topic *Topic, s journal.Subject) error {
	v, err := topic.Read(tx, s)
	if err != nil || v.Value == nil {
		return err
	}
	m := &Message{Kind: topic.Kind, Value: v.Value, act: topic.Act, warning: v.Warning, order: v.Order, of: v.Recipient,
		town: v.Town}
	if v.Public != nil {
		m.public = &Message{Kind: topic.Kind, Value: v.Public, warning: v.Warning}
	}
	if m.Kind == Order || m.Kind == Inspection && m.warning != "" {
		f.dirty[m.warning] = true
	}
	f.add(m)
	return nil
}

// add numbers a message after the entry that was last read.
func (f *follower) add(m *Message) {
	f.n++
	m.Index, m.n = f.next-1, f.n
	m.ID = m.place().id(f.h.tag)
	if p := m.public; p != nil {
		p.Index, p.n, p.ID = m.Index, m.n, m.ID
	}
	f.messages = append(f.messages, m)
}

// boards adds those boards that changed and were not sent just now.
func (f *follower) boards(tx *bbolt.Tx, now time.Time) error {
	for _, warning := range slices.Sorted(maps.Keys(f.dirty)) {
		if now.Sub(f.flushed[warning]) < f.h.board {
			continue
		}
		board, err := f.h.svc.BoardOf(tx, warning)
		if err != nil {
			return err
		}
		delete(f.dirty, warning)
		f.flushed[warning] = now
		f.add(&Message{Kind: Board, Value: &board, warning: warning})
	}
	return nil
}
