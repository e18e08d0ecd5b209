package live

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/cmd/internal/journal"
	"qingkong/notify"
	"qingkong/reductionlist"
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

// read makes messages of a block's entries. What is sent as it stands is sent once a block, at the last entry about it.
func (f *follower) read(tx *bbolt.Tx, raw []byte) error {
	b, err := journal.ParseBlock(raw)
	if err != nil {
		return err
	}
	entries := b.Entries()
	about := make([][]subject, len(entries))
	final := map[subject]int64{}
	for i := range entries {
		e := &entries[i]
		if about[i], err = f.subjects(e); err != nil {
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
			if final[s] == e.Index {
				if err := f.stands(tx, s); err != nil {
					return fmt.Errorf("entry %d: %w", e.Index, err)
				}
			}
		}
		if strings.HasPrefix(e.Kind, "notify.") {
			if err := f.orders(tx, e); err != nil {
				return fmt.Errorf("entry %d: %w", e.Index, err)
			}
		}
	}
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

// subject is something whose state is sent whole.
type subject struct {
	kind Kind
	id   string
}

// subjects are what an entry of warnings, proposals, feeds or the list is about. The names of these kinds and of the
// members that name what changed are fixed: see package journal.
func (f *follower) subjects(e *journal.Entry) ([]subject, error) {
	var in struct {
		ID, Feed, Version, Replaces, Previous, User, Recipient string
		Proposal                                               struct{ ID string }
	}
	read := func() error { return json.Unmarshal(e.Data, &in) }
	switch {
	case strings.HasPrefix(e.Kind, "alerts.warning."):
		err := read()
		return []subject{{Warning, in.ID}}, err
	case strings.HasPrefix(e.Kind, "alerts.proposal."):
		err := read()
		if in.ID == "" {
			in.ID = in.Proposal.ID
		}
		return []subject{{Proposal, in.ID}}, err
	case e.Kind == alerts.FeedSilence{}.Kind():
		err := read()
		return []subject{{Feed, in.Feed}}, err
	case e.Kind == (reductionlist.RowsAdded{}).Kind(), e.Kind == (reductionlist.RowsCopied{}).Kind():
		return nil, nil
	case strings.HasPrefix(e.Kind, "list."):
		err := read()
		var of []subject
		for _, id := range []string{in.Version, in.Replaces, in.Previous} {
			if id != "" {
				of = append(of, subject{List, id})
			}
		}
		return of, err
	case strings.HasPrefix(e.Kind, "access."):
		err := read()
		f.users = append(f.users, in.User, in.Recipient) // an event names one of them
		return nil, err
	}
	return nil, nil
}

// stands adds the message of how something stands.
func (f *follower) stands(tx *bbolt.Tx, s subject) (err error) {
	m := &Message{Kind: s.kind}
	switch s.kind {
	case Warning:
		var w *alerts.Warning
		if w, err = alerts.GetWarning(tx, s.id); err == nil {
			m.warning, m.Value = s.id, w
			m.public = &Message{Kind: Warning, Value: w.Public(), warning: s.id}
		}
	case Proposal:
		m.Value, err = alerts.GetProposal(tx, s.id)
	case List:
		m.Value, err = f.version(tx, s.id)
	case Feed:
		var feeds []alerts.FeedState
		feeds, err = alerts.Feeds(tx)
		at := slices.IndexFunc(feeds, func(f alerts.FeedState) bool { return f.Feed == s.id })
		if err != nil || at < 0 {
			return err
		}
		m.Value = feeds[at]
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", s.kind, s.id, err)
	}
	f.add(m)
	return nil
}

func (f *follower) version(tx *bbolt.Tx, id string) (any, error) {
	v, err := reductionlist.GetVersion(tx, id)
	if err != nil {
		return nil, err
	}
	return f.h.opt.Version(tx, &v, f.h.svc.J.Wall())
}

// decisions name what became of an objection.
var decisions = map[string]string{"accept": "objection_accepted", "reject": "objection_rejected", "amend": "objection_amended"}

// orders adds the messages of the orders that an entry changes.
func (f *follower) orders(tx *bbolt.Tx, e *journal.Entry) error {
	ev, err := f.h.svc.J.Registry().Decode(e.Kind, e.Data)
	if err != nil {
		return err
	}
	var event string
	var ids []string
	switch ev := ev.(type) {
	case *notify.Issued:
		event, ids = "issued", []string{ev.ID}
		if ev.Supersedes != nil {
			if err := f.order(tx, *ev.Supersedes, "superseded"); err != nil {
				return err
			}
			event = "revised"
		}
	case *notify.Answered:
		event, ids = ev.Action, []string{ev.OrderID}
	case *notify.Sent:
		event, ids = "sent", ev.Orders
	case *notify.Overdue:
		event, ids = "overdue", ev.Orders
	case *notify.Released:
		event, ids = "released", []string{ev.OrderID}
	case *notify.Decided:
		event, ids = decisions[ev.Decision], []string{ev.OrderID}
	case *notify.Judged:
		event, ids = "judged", []string{ev.OrderID}
	}
	for _, id := range ids {
		if err := f.order(tx, id, event); err != nil {
			return err
		}
	}
	return nil
}

func (f *follower) order(tx *bbolt.Tx, id, event string) error {
	o, err := notify.Get(tx, id)
	if err != nil {
		return err
	}
	f.dirty[o.WarningID] = true
	f.add(&Message{Kind: Order, Value: changeOf(o, event), warning: o.WarningID, order: o.ID, of: o.RecipientID, town: o.Town})
	return nil
}

// boards adds those boards that changed and were not sent just now.
func (f *follower) boards(tx *bbolt.Tx, now time.Time) error {
	for _, warning := range slices.Sorted(maps.Keys(f.dirty)) {
		if now.Sub(f.flushed[warning]) < f.h.board {
			continue
		}
		board, err := notify.Board(tx, warning)
		if err != nil {
			return err
		}
		delete(f.dirty, warning)
		f.flushed[warning] = now
		f.add(&Message{Kind: Board, Value: board, warning: warning})
	}
	return nil
}
