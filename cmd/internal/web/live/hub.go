package live

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"qingkong/cmd/internal/access"
	"qingkong/cmd/internal/journal"
	"qingkong/cmd/internal/service"
	"qingkong/reductionlist"
)

// Options are what a hub needs.
type Options struct {
	// Version is a version of the list as others see it at a time.
	Version func(tx *bbolt.Tx, v *reductionlist.Version, now time.Time) (any, error)
	Topics  []Topic // besides those that the kinds name; no snapshot holds them
	Log     *slog.Logger
}

// limits are what a hub allows itself and its viewers; tests take others.
type limits struct {
	board    time.Duration // between two boards of one warning
	idle     time.Duration // the journal is followed this long after the last viewer has gone
	beat     time.Duration // between two signs of life of a stream, and two looks at whether its viewer still may
	write    time.Duration // that a reader may take to take in what is written at once
	queue    int           // messages that wait for one viewer; one more ends its stream
	entries  int64         // of the ledger whose messages are kept for who comes back
	messages int           // kept
}

var usual = limits{
	board: 500 * time.Millisecond, idle: time.Minute, beat: 15 * time.Second, write: 15 * time.Second,
	queue: 32768, entries: 10_000, messages: 16384,
}

// Hub tells the viewers of one server what changes. Its methods may be called from any goroutine.
type Hub struct {
	svc *service.Service
	opt Options
	limits
	topics    map[Kind]*Topic
	tag       string // of its ids
	snapshots snapshots
	stop      chan struct{}
	wg        sync.WaitGroup

	mu          sync.Mutex
	closed      bool
	following   bool
	last        place // what has been made into messages, while following
	past        past
	all         set
	broad       set            // of all, those who may get orders of several recipients
	byRecipient map[string]set // of all, those who get orders of one
	byUser      map[string]set
	left        time.Time // when the last viewer went
}

type set = map[*Subscription]struct{}

// snapshots are the last ones read, by what they show; all of one index.
type snapshots struct {
	sync.Mutex
	at int64
	of map[Filter]*Message
}

// New returns a hub over the service's journal. It follows it only while there are viewers.
func New(svc *service.Service, opt Options) *Hub {
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	h := &Hub{svc: svc, opt: opt, limits: usual, tag: strings.ToLower(rand.Text()[:4]), stop: make(chan struct{}),
		all: set{}, broad: set{}, byRecipient: map[string]set{}, byUser: map[string]set{}}
	h.makeTopics(opt.Topics)
	return h
}

// Close ends all streams, and refuses new ones. It returns once nothing of the hub runs any more.
func (h *Hub) Close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.stop)
	}
	h.endAll(journal.ErrClosed)
	h.mu.Unlock()
	h.wg.Wait()
}

// Viewer is who listens to what.
type Viewer struct {
	User   string
	Filter Filter
	// LastID is the id of the last message that was seen, a bare index of the record, or empty for none: see the package
	// comment.
	LastID string
	// Still says whether the viewer may go on to listen; see [Hub.Still]. It is asked from time to time, and at once when
	// something about the user was recorded. Nil always says yes.
	Still func() bool

	bare bool // without a snapshot
}

// Still is a Viewer's for somebody whose secret was checked at some time and is not at hand: a user is the same as long
// as it is not disabled and its password, role and scope stay.
func (h *Hub) Still(who *access.Principal) func() bool {
	return func() bool { return Same(who, h.svc.Principal(who.User)) }
}

// Same says whether two principals are one user with the same password, role and scope; nil is nobody.
func Same(a, b *access.Principal) bool {
	return a != nil && b != nil && a.User == b.User && a.Role == b.Role && a.Recipient == b.Recipient &&
		a.Town == b.Town &&
		a.Credential == b.Credential
}

// Subscribe begins to listen: with what was missed since LastID if that is known, else with a snapshot. The
// subscription ends with ctx.
func (h *Hub) Subscribe(ctx context.Context, v Viewer) (*Subscription, error) {
	var since place
	var tag string
	if v.LastID != "" {
		var err error
		if since, tag, err = parseID(v.LastID); err != nil {
			return nil, err
		}
	}
	s := &Subscription{hub: h, viewer: v, after: place{-1, 0}, ready: make(chan struct{}, 1),
		recheck: make(chan struct{}, 1),
		over:    make(chan struct{})}
	ctx, s.cancel = context.WithCancel(ctx)
	resumed, err := h.register(s, since, tag)
	if err == nil && !resumed && !v.bare {
		// It is registered already: what comes while the snapshot is read waits, and what the snapshot holds is left out.
		var snapshot *Message
		if snapshot, err = h.snapshot(v.Filter); err == nil {
			s.begin(snapshot)
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	context.AfterFunc(ctx, s.Close)
	return s, nil
}

// register makes s one of the viewers, with what it missed since it last listened where that is known.
func (h *Hub) register(s *Subscription, since place, tag string) (resumed bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return false, journal.ErrClosed
	}
	if err := h.follow(); err != nil {
		return false, err
	}
	if s.viewer.LastID != "" && (tag == "" || tag == h.tag) {
		if resumed, err = h.knows(since); err != nil {
			return false, err
		}
	}
	if resumed {
		s.after = since
		h.past.since(since, func(m *Message) {
			if s.viewer.Filter.takes(m) {
				s.queue = append(s.queue, m.as(&s.viewer.Filter))
			}
		})
		s.wake()
	}
	h.all[s] = struct{}{}
	put(h.byUser, s.viewer.User, s)
	switch f := &s.viewer.Filter; f.Orders {
	case OfRecipient:
		put(h.byRecipient, f.Recipient, s)
	case OfTown, AllOrders:
		h.broad[s] = struct{}{}
	}
	return resumed, nil
}

// knows says whether all messages after p are known or still to be made.
func (h *Hub) knows(p place) (known bool, err error) {
	if p.before(h.past.floor) {
		return false, nil
	}
	if p.index <= h.last.index {
		return true, nil
	}
	err = h.svc.J.View(func(tx *bbolt.Tx) error { // read by another, and not by us yet; or of another record
		n, err := size(tx)
		known = p.index < n
		return err
	})
	return known, err
}

func put(by map[string]set, key string, s *Subscription) {
	if by[key] == nil {
		by[key] = set{}
	}
	by[key][s] = struct{}{}
}

func take(by map[string]set, key string, s *Subscription) {
	delete(by[key], s)
	if len(by[key]) == 0 {
		delete(by, key)
	}
}

// leave takes s from the viewers. It is called with mu held; a second time it does nothing.
func (h *Hub) leave(s *Subscription) {
	if _, there := h.all[s]; !there {
		return
	}
	delete(h.all, s)
	delete(h.broad, s)
	take(h.byUser, s.viewer.User, s)
	take(h.byRecipient, s.viewer.Filter.Recipient, s)
	if len(h.all) == 0 {
		h.left = time.Now()
	}
}

func (h *Hub) endAll(err error) {
	for s := range h.all {
		h.leave(s)
		s.end(err)
	}
}

// follow begins to follow the journal from its end, unless that is done already. It is called with mu held, so that
// nothing falls between the state that a first viewer reads and the first message.
func (h *Hub) follow() error {
	if h.following {
		return nil
	}
	f, err := h.newFollower()
	if err != nil {
		return err
	}
	h.following = true
	h.last = place{f.next - 1, whole}
	h.past = past{floor: h.last, boards: map[string]int{}}
	h.left = time.Now()
	h.wg.Go(f.run)
	return nil
}

// retire ends following when nobody has listened for long enough.
func (h *Hub) retire() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) > 0 || time.Since(h.left) < h.idle {
		return false
	}
	h.following, h.past = false, past{}
	return true
}

// fail ends all streams because the journal cannot be followed: who comes back begins anew.
func (h *Hub) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		h.opt.Log.Debug("streams of events end with the record", "err", err)
	} else {
		h.opt.Log.Error("the record cannot be followed; streams of events end and begin anew", "err", err)
	}
	h.endAll(err)
	h.following, h.past = false, past{}
}

// publish hands messages, in their order, to all who get them, and asks again for users whose rights may have changed.
func (h *Hub) publish(last place, messages []*Message, users []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range messages {
		h.past.add(m)
		if m.of == "" {
			h.offer(h.all, m)
			continue
		}
		h.offer(h.broad, m)
		h.offer(h.byRecipient[m.of], m)
	}
	h.last = last
	h.past.trim(last.index-h.entries, h.messages)
	for _, user := range users {
		for s := range h.byUser[user] {
			signal(s.recheck)
		}
	}
}

func (h *Hub) offer(to set, m *Message) {
	for s := range to {
		if s.viewer.Filter.takes(m) && !s.push(m.as(&s.viewer.Filter), h.queue) {
			h.leave(s)
			s.end(ErrSlow)
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
