package logins

import (
	"time"
)

// A burst is more failures within five minutes than people make by mistake: of people at a keyboard, and of programs,
// one of which with an old secret comes back every two seconds.
const (
	burstSpan     = 5 * time.Minute
	burstPeople   = 50
	burstPrograms = 1000
	burstLasts    = 15 * time.Minute // after the last failure of one
	namesMost     = 1000             // addresses, and names, that are told apart in a minute
)

// recent are the failures of the last minutes.
type recent struct {
	minutes [burstSpan / time.Minute]minute
	burst   time.Time // the last failure that was part of one
}

type minute struct {
	at               time.Time // its beginning
	people, programs int
	addresses, names map[string]int
}

func (r *recent) add(t Try, now time.Time) {
	m := r.at(now)
	if t.Way == NATS || t.Act == Token {
		m.programs++
	} else {
		m.people++
	}
	count(m.addresses, t.Address)
	count(m.names, clip(t.User))
	people, programs := 0, 0
	for _, m := range r.live(now) {
		people, programs = people+m.people, programs+m.programs
	}
	if people >= burstPeople || programs >= burstPrograms {
		r.burst = now
	}
}

// count counts a name, or those for which there is no room as the empty one.
func count(in map[string]int, name string) {
	if _, there := in[name]; !there && len(in) >= namesMost {
		name = ""
	}
	in[name]++
}

// at is the minute of a time.
func (r *recent) at(now time.Time) *minute {
	begin := now.Truncate(time.Minute)
	m := &r.minutes[int(begin.Unix()/60)%len(r.minutes)]
	if !m.at.Equal(begin) {
		*m = minute{at: begin, addresses: map[string]int{}, names: map[string]int{}}
	}
	return m
}

// live are the minutes that count at a time; one that is to come is of a clock that went back.
func (r *recent) live(now time.Time) (live []*minute) {
	for i := range r.minutes {
		if m := &r.minutes[i]; !m.at.IsZero() && now.Sub(m.at) < burstSpan && !m.at.After(now) {
			live = append(live, m)
		}
	}
	return live
}

// Worst is where the failures of the last five minutes came from and at whom they were.
type Worst struct {
	Count        int
	Addresses    int
	Address      string // of the most
	AddressCount int
	User         string // tried most; empty where nobody has that name
}

func (r *recent) worst(now time.Time) (w Worst) {
	addresses, names := map[string]int{}, map[string]int{}
	for _, m := range r.live(now) {
		w.Count += m.people + m.programs
		for name, n := range m.addresses {
			addresses[name] += n
		}
		for name, n := range m.names {
			names[name] += n
		}
	}
	w.Addresses = len(addresses)
	w.Address, w.AddressCount = most(addresses)
	w.User, _ = most(names)
	return w
}

// most is what was counted most; of equals the first by name.
func most(in map[string]int) (name string, n int) {
	for candidate, count := range in {
		if count > n || count == n && candidate < name {
			name, n = candidate, count
		}
	}
	return name, n
}

// Burst says whether there is a burst of failures, or was one a quarter of an hour ago at most, and where the latest
// come from. It has what was left out of the files written where that is due.
func (l *Log) Burst() (w Worst, is bool) {
	if l == nil {
		return Worst{}, false
	}
	now := l.opt.Clock()
	l.mu.Lock()
	l.tell(now, l.due(now))
	since := now.Sub(l.recent.burst)
	is = !l.recent.burst.IsZero() && since >= 0 && since < burstLasts
	if is {
		w = l.recent.worst(now)
	}
	l.mu.Unlock()
	if w.User != "" && !l.opt.Known(w.User) {
		w.User = ""
	}
	return w, is
}
