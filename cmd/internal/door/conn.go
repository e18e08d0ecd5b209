package door

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// sendBuffer is how many bytes the system holds that a peer has not taken. A large one would take a peer's pauses for a
// stall, since room is only told once a third of it is free, and hold megabytes for each reader that does not read.
const sendBuffer = 64 << 10

// looks is how often a write that goes on is looked at within a stall: a write that blocks does not say when it last
// moved.
const looks = 10

// Conn is a connection that was let in. A write ends when its peer takes nothing for as long as the pace says, however
// long it takes in all while the peer goes on. A user of the connection that sets a deadline for writes has that one
// alone; streams of events do.
type Conn struct {
	net.Conn
	pace  Pace
	own   atomic.Bool // writes have a deadline that was set from outside
	place netip.Prefix
	once  sync.Once
	gone  func(*Conn)
}

func newConn(c net.Conn, pace Pace, gone func(*Conn)) *Conn {
	if tcp, ok := c.(*net.TCPConn); ok && pace.Stall > 0 {
		_ = tcp.SetWriteBuffer(sendBuffer) // without it the connection works as before
	}
	return &Conn{Conn: c, pace: pace, gone: gone}
}

// Close implements net.Conn.
func (c *Conn) Close() error {
	c.once.Do(func() { c.gone(c) })
	return c.Conn.Close()
}

// SetWriteDeadline implements net.Conn; the zero time gives writes back to the pace.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.own.Store(!t.IsZero())
	return c.Conn.SetWriteDeadline(t)
}

// SetDeadline implements net.Conn.
func (c *Conn) SetDeadline(t time.Time) error {
	c.own.Store(!t.IsZero())
	return c.Conn.SetDeadline(t)
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (n int, err error) {
	if c.pace.Stall <= 0 || c.own.Load() {
		return c.Conn.Write(p)
	}
	begin := time.Now()
	for last := begin; ; { // when the peer last took something, as far as it is looked at
		now, end := time.Now(), c.pace.Until(last, last.Sub(begin), n)
		look := now.Add(c.pace.Stall / looks)
		if end.Before(look) {
			look = end
		}
		if err := c.Conn.SetWriteDeadline(look); err != nil {
			return n, err
		}
		m, err := c.Conn.Write(p[n:])
		n += m
		if err == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
		if m > 0 {
			last = time.Now()
		} else if !time.Now().Before(end) {
			return n, err
		}
	}
}
