package session

import (
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
// A device cookie for one user gives no lane to another's password. Counts are in memory: a restart forgets them, and
// each node has its own. At most lanePairs are remembered of a user, and at most maxCounts users: a browser has a pair to
// be counted by only after its user knew the password.
type lanes struct {
	mu    sync.Mutex
	users recent[laneUser]
}

type laneUser struct {
	pending int
	tries   []laneTry // the oldest first
}

type laneTry struct {
	serial         string
	wrong, pending int
}

func newLanes() *lanes { return &lanes{users: newRecent[laneUser]()} }

// begin lets a known browser try; false where its pair was dropped or too much is under way. done must be called with
// what came of it, and says whether the pair is dropped by now.
func (l *lanes) begin(user, serial string) (done func(wrong bool) (dropped bool), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.users.get(user)
	t := u.try(serial)
	if u.pending >= lanePending || t.wrong+t.pending >= laneTries {
		l.tidy(user, serial)
		return nil, false
	}
	u.pending++
	t.pending++
	return func(wrong bool) bool { return l.done(user, serial, wrong) }, true
}

func (l *lanes) done(user, serial string, wrong bool) (dropped bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.users.get(user)
	t := u.try(serial)
	u.pending, t.pending = max(u.pending-1, 0), max(t.pending-1, 0) // they may have been forgotten meanwhile
	if wrong {
		t.wrong++
	}
	dropped = t.wrong >= laneTries
	l.tidy(user, serial)
	return dropped
}

// dropped reports whether a pair was dropped.
func (l *lanes) dropped(user, serial string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.users.find(user)
	return u != nil && slices.ContainsFunc(u.tries,
		func(t laneTry) bool { return t.serial == serial && t.wrong >= laneTries })
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

// tidy drops a pair of which nothing need be known, and so its user.
func (l *lanes) tidy(user, serial string) {
	u := l.users.get(user)
	u.tries = slices.DeleteFunc(u.tries,
		func(t laneTry) bool { return t.serial == serial && t.wrong == 0 && t.pending == 0 })
	if u.pending == 0 && len(u.tries) == 0 {
		l.users.drop(user)
	}
}
