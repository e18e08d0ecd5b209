package bus

import (
	"time"

	"github.com/nats-io/nats.go"
)

const (
	// lateAfter is when a waiting login steps back behind newer ones: nats.go's clients give up after 2 s by
	// default, and an answer takes a moment too.
	lateAfter = 1500 * time.Millisecond
	// deadAfter is when nobody waits for the answer any more; the embedded server gives up after 5 s.
	deadAfter = 4500 * time.Millisecond
	// maxWaiting bounds the logins of each kind that wait; the oldest give way.
	maxWaiting = 1 << 15
)

// loginRequest is one question of the server, at the time it came.
type loginRequest struct {
	msg *nats.Msg
	at  time.Time
}

// loginQueue hands out waiting logins, first come first served, but those that have waited so long that their
// client has probably left only when no other waits. In a rush of reconnects, more than can be answered in a
// client's patience, plain order would serve only clients that have already given up and come again behind.
type loginQueue struct {
	fresh, late fifo
}

func (q *loginQueue) push(l loginRequest) { q.fresh.push(l) }

// pop returns the login to serve next; false means that none waits.
func (q *loginQueue) pop(now time.Time) (loginRequest, bool) {
	for l, ok := q.fresh.peek(); ok && now.Sub(l.at) > lateAfter; l, ok = q.fresh.peek() {
		q.fresh.pop()
		q.late.push(l)
	}
	for l, ok := q.late.peek(); ok && now.Sub(l.at) > deadAfter; l, ok = q.late.peek() {
		q.late.pop()
	}
	if l, ok := q.fresh.pop(); ok {
		return l, true
	}
	return q.late.pop()
}

// fifo is a queue of at most maxWaiting logins.
type fifo struct{ items []loginRequest }

func (f *fifo) peek() (l loginRequest, ok bool) {
	if ok = len(f.items) > 0; ok {
		l = f.items[0]
	}
	return l, ok
}

func (f *fifo) pop() (loginRequest, bool) {
	l, ok := f.peek()
	if ok {
		f.items[0] = loginRequest{}
		f.items = f.items[1:]
	}
	return l, ok
}

func (f *fifo) push(l loginRequest) {
	if len(f.items) == maxWaiting {
		f.pop()
	}
	f.items = append(f.items, l)
}
