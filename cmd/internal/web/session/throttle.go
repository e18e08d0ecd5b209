package session

import (
	"container/list"
	"sync"
	"time"
)

const (
	freeTries  = 5                // wrong ones before somebody has to wait
	forgetting = 15 * time.Minute // after the last wrong one they are forgotten
	firstWait  = time.Second      // it doubles with each further one
	longest    = time.Minute
	maxPending = 8      // tries of one address at a time
	maxCounts  = 20_000 // of addresses, and of users
)

// throttle slows down who tries passwords.
//
// Wrong tries are counted by address and by user, and it is the address alone that has to wait, as long as the worse of
// the two counts says: after five wrong ones within a quarter of an hour a second, doubled by each further one, up to a
// minute. A try while it waits is refused without being looked at, and makes nothing worse.
//
// So nobody can lock the duty officer out at two in the morning by trying the officer's name from elsewhere: the right
// password from an address of its own is let in at the first try, however hot the name is. A slip of the officer's own
// then costs up to a minute, once. Somebody with a thousand addresses has one try a minute with each of them; without
// the count by user it would be five free ones each.
//
// Somebody behind the officer's own address (the same office's NAT) makes it wait, though not a browser that the
// officer has logged in from before: see [lanes]. A new browser is told how long, a minute at most, and is let try then
// though the others have not waited: see [turn]. Who collects turns for an address can take those of a minute away from
// others; nothing is ever locked.
//
// A success clears no count: who has an account would clear its address between guesses at another's.
//
// Users are counted by the name given, whether there is one or not. Counts are in memory: they outlive no restart, each
// node has its own, and when there are too many the one that was touched longest ago goes. Logins over NATS are not
// counted: they have a queue of their own (package bus), and whole fleets behind one address that come back at once
// with secrets that nobody guesses.
type throttle struct {
	mu        sync.Mutex
	addresses recent[count]
	users     recent[count]
}

func newThrottle() *throttle {
	return &throttle{addresses: newRecent[count](), users: newRecent[count]()}
}

// begin says how long to wait before a password may be tried. When that is 0, done must be called with what came of it.
// id names a turn whose time has come; it is empty without one.
func (t *throttle) begin(user, address, id string, now time.Time) (done func(wrong bool, now time.Time),
	wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.addresses.get(address)
	if wait := a.wait(now); wait > 0 && (id == "" || a.line.take(id, now) > 0) {
		return nil, wait
	}
	a.pending++
	return func(wrong bool, now time.Time) { t.done(user, address, wrong, now) }, 0
}

// wait is how long an address has to wait by now.
func (t *throttle) wait(address string, now time.Time) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.addresses.find(address); c != nil {
		return c.wait(now)
	}
	return 0
}

// wait is how long an address waits that has no turn.
func (c *count) wait(now time.Time) time.Duration {
	if wait := c.until.Sub(now); wait > 0 && wait <= longest { // more is a clock that went back
		return wait
	}
	if c.pending >= maxPending {
		return firstWait
	}
	return 0
}

func (t *throttle) done(user, address string, wrong bool, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.addresses.get(address)
	a.pending = max(a.pending-1, 0) // its count may have gone meanwhile
	if !wrong {
		return
	}
	n := max(a.add(now), t.users.get(clip(user)).add(now))
	a.until = now.Add(waitAfter(n))
}

// waitAfter is how long to wait after so many wrong tries.
func waitAfter(n int) time.Duration {
	if n < freeTries {
		return 0
	}
	return min(firstWait<<min(n-freeTries, 10), longest)
}

// clip bounds what a name takes up here. No user's is longer.
func clip(user string) string { return user[:min(len(user), 64)] }

// count is the wrong tries of an address or at a user.
type count struct {
	wrong   int
	last    time.Time
	until   time.Time
	pending int
	line    usedTurns
}

func (c *count) add(now time.Time) int {
	if since := now.Sub(c.last); since > forgetting || since < -forgetting {
		c.wrong = 0
	}
	c.wrong, c.last = c.wrong+1, now
	return c.wrong
}

// recent are at most maxCounts values by their keys; the one that was touched longest ago makes room.
type recent[T any] struct {
	byKey map[string]*list.Element
	order *list.List // of *keyed, the one that was touched last in front
}

type keyed[T any] struct {
	key   string
	value T
}

func newRecent[T any]() recent[T] { return recent[T]{map[string]*list.Element{}, list.New()} }

// find is the value of a key; nil for none.
func (c *recent[T]) find(key string) *T {
	if e := c.byKey[key]; e != nil {
		return &e.Value.(*keyed[T]).value
	}
	return nil
}

// get is the value of a key, a new one where there is none, and touches it.
func (c *recent[T]) get(key string) *T {
	if v := c.find(key); v != nil {
		c.order.MoveToFront(c.byKey[key])
		return v
	}
	if c.order.Len() >= maxCounts {
		c.drop(c.order.Back().Value.(*keyed[T]).key)
	}
	n := &keyed[T]{key: key}
	c.byKey[key] = c.order.PushFront(n)
	return &n.value
}

func (c *recent[T]) drop(key string) {
	c.order.Remove(c.byKey[key])
	delete(c.byKey, key)
}
