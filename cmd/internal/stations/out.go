package stations

import (
	"net"
	"sync"
	"time"
)

// How a peer has to take what is sent to it.
const (
	outMost     = 64 << 10         // bytes that wait for it
	writeWithin = 10 * time.Second // of one write
)

// out is what is sent on a connection: it never holds up who sends.
type out struct {
	c net.Conn

	mu     sync.Mutex
	buf    []byte
	closed bool
	more   chan struct{}
	ended  chan struct{}
}

func newOut(c net.Conn) *out {
	o := &out{c: c, more: make(chan struct{}, 1), ended: make(chan struct{})}
	go o.run()
	return o
}

// send is false where the peer does not take what it is sent, or is gone; then the connection is closed.
func (o *out) send(b []byte) bool {
	o.mu.Lock()
	ok := !o.closed && len(o.buf)+len(b) <= outMost
	if ok {
		o.buf = append(o.buf, b...)
	}
	o.mu.Unlock()
	if !ok {
		_ = o.c.Close() // the reader hears of it
		return false
	}
	o.wake()
	return true
}

func (o *out) wake() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}

func (o *out) run() {
	defer close(o.ended)
	var free []byte
	for range o.more {
		o.mu.Lock()
		b, closed := o.buf, o.closed
		o.buf = free[:0]
		o.mu.Unlock()
		if len(b) > 0 {
			_ = o.c.SetWriteDeadline(time.Now().Add(writeWithin)) // a connection that cannot be told is at its end
			if _, err := o.c.Write(b); err != nil {
				_ = o.c.Close()
				o.mu.Lock()
				o.closed = true
				o.mu.Unlock()
				return
			}
		}
		if free = b; closed {
			return
		}
	}
}

// finish sends what waits and takes nothing more.
func (o *out) finish() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.wake()
	<-o.ended // a write has its limit
}
