package session

import (
	"container/list"
	"slices"
	"sync"
)

const (
	laneTries   = 10 // wrong ones of a pair before it is dropped
	lanePending = 4  // tries at one user's password at a time
	lanePairs   = 32 // of one user whose wrong tries are remembered
)

// lanes count the wrong tries of browsers that are known, by the login that made them known: ten of one, and that pair
// is dropped and waits with the strangers. The next login makes a new one, so that a copy of an old cookie is worth ten
// tries and no more, whatever its owner does meanwhile.
//
// Who has a device cookie for one user has no lane to another's password. Counts are in memory: a restart forgets them,
// each node has its own. Of a user as many are remembered as lanePairs, and of maxCounts users: only who knew the
// password has a pair to be counted by.
type lanes struct {
	mu    sync.Mutex
	users map[string]*list.Element // of *laneUser
	order *list.List               // the one that was touched last in front
}

type laneUser struct {
	user    string
	pending int
	tries   []laneTry // the oldest first
}

type laneTry struct {
	serial         string
	wrong, pending int
}

func newLanes() *lanes { return &lanes{users: map[string]*list.Element{}, order: list.New()} }

// begin lets a known browser try; false where its pair was dropped or too much is under way. done must be called with
// what came of it, and says whether the pair is dropped by now.
func (l *lanes) begin(user, serial string) (done func(wrong bool) (dropped bool), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.user(user)
	t := u.try(serial)
	if u.pending >= lanePending || t.wrong+t.pending >= laneTries {
		u.tidy(serial)
		l.forget(u)
		return nil, false
	}
	u.pending++
	t.pending++
	return func(wrong bool) bool { return l.done(user, serial, wrong) }, true
}

func (l *lanes) done(user, serial string, wrong bool) (dropped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.user(user)
	t := u.try(serial)
	u.pending, t.pending = max(u.pending-1, 0), max(t.pending-1, 0) // they may have been forgotten meanwhile
	if wrong {
		t.wrong++
	}
	dropped = t.wrong >= laneTries
	u.tidy(serial)
	l.forget(u)
	return dropped
}

// dropped reports whether a pair was dropped.
func (l *lanes) dropped(user, serial string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.users[user]
	return e != nil && slices.ContainsFunc(e.Value.(*laneUser).tries,
		func(t laneTry) bool { return t.serial == serial && t.wrong >= laneTries })
}

func (l *lanes) user(user string) *laneUser {
	if e := l.users[user]; e != nil {
		l.order.MoveToFront(e)
		return e.Value.(*laneUser)
	}
	if l.order.Len() >= maxCounts {
		oldest := l.order.Remove(l.order.Back()).(*laneUser)
		delete(l.users, oldest.user)
	}
	u := &laneUser{user: user}
	l.users[user] = l.order.PushFront(u)
	return u
}

// forget drops a user of whom nothing need be known.
func (l *lanes) forget(u *laneUser) {
	if u.pending > 0 || len(u.tries) > 0 {
		return
	}
	if e := l.users[u.user]; e != nil {
		l.order.Remove(e)
		delete(l.users, u.user)
	}
}

func (u *laneUser) try(serial string) *laneTry {
	for i := range u.tries {
		if u.tries[i].serial == serial {
			return &u.tries[i]
		}
	}
	if len(u.tries) >= lanePairs {
		u.tries = slices.Delete(u.tries, 0, 1)
	}
	u.tries = append(u.tries, laneTry{serial: serial})
	return &u.tries[len(u.tries)-1]
}

// tidy drops a pair of which nothing need be known.
func (u *laneUser) tidy(serial string) {
	u.tries = slices.DeleteFunc(u.tries,
		func(t laneTry) bool { return t.serial == serial && t.wrong == 0 && t.pending == 0 })
}
