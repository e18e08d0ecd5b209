package bus

import (
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// eagerBytes is how much an eager connection holds beside the server's own max_pending. A user that floods with
// messages near max_payload is cut off before that is full, so that nothing is lost that others sent meanwhile.
const eagerBytes = 128 << 20

// eagerServer connects in process by connections that read ahead, since the server closes a client that reads slowly.
type eagerServer struct{ srv *server.Server }

func (s eagerServer) InProcessConn() (net.Conn, error) {
	c, err := s.srv.InProcessConn()
	if err != nil {
		return nil, err
	}
	return newEager(c, eagerBytes), nil
}

// eager takes what comes in as soon as it comes, up to so many bytes, whatever its reader does. The server writes to a
// connection in process in small pieces, each handed from goroutine to goroutine; a reader that also makes messages of
// them falls behind several senders on few cores.
type eager struct {
	net.Conn
	limit int

	mu       sync.Mutex
	changed  *sync.Cond
	blocks   [][]byte // filled from the last, read from the first
	read     int      // of the first block
	size     int
	err      error // of the connection, behind what it still brought
	deadline time.Time
	timer    *time.Timer
}

// eagerBlock is how much one block takes, as much as the server writes at once.
const eagerBlock = 64 << 10

var eagerBlocks = sync.Pool{New: func() any { return new([eagerBlock]byte) }}

func newEager(c net.Conn, limit int) *eager {
	e := &eager{Conn: c, limit: limit}
	e.changed = sync.NewCond(&e.mu)
	go e.pump()
	return e
}

// pump reads until the connection ends; while limit is reached it waits for the reader.
func (e *eager) pump() {
	buf := make([]byte, eagerBlock)
	for {
		n, err := e.Conn.Read(buf)
		e.mu.Lock()
		e.keep(buf[:n])
		e.err = err
		e.changed.Broadcast()
		for e.err == nil && e.size >= e.limit {
			e.changed.Wait()
		}
		over := e.err != nil
		e.mu.Unlock()
		if over {
			return
		}
	}
}

// keep appends b to the blocks. The lock is held.
func (e *eager) keep(b []byte) {
	e.size += len(b)
	for len(b) > 0 {
		last := len(e.blocks) - 1
		if last < 0 || len(e.blocks[last]) == eagerBlock {
			e.blocks = append(e.blocks, eagerBlocks.Get().(*[eagerBlock]byte)[:0])
			last++
		}
		n := min(len(b), eagerBlock-len(e.blocks[last]))
		e.blocks[last] = append(e.blocks[last], b[:n]...)
		b = b[n:]
	}
}

// Read gives what was taken, then the connection's error.
func (e *eager) Read(p []byte) (n int, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for e.size == 0 && len(p) > 0 {
		switch {
		case e.err != nil:
			return 0, e.err
		case !e.deadline.IsZero() && !time.Now().Before(e.deadline):
			return 0, os.ErrDeadlineExceeded
		}
		e.changed.Wait()
	}
	for n < len(p) && e.size > 0 {
		first := e.blocks[0]
		k := copy(p[n:], first[e.read:])
		n, e.size, e.read = n+k, e.size-k, e.read+k
		if e.read < len(first) {
			break
		}
		if e.size > 0 || len(first) == eagerBlock {
			eagerBlocks.Put((*[eagerBlock]byte)(first[:eagerBlock]))
			e.blocks[0] = nil
			e.blocks = e.blocks[1:]
		} else {
			e.blocks[0] = first[:0]
		}
		e.read = 0
	}
	e.changed.Broadcast()
	return n, nil
}

// SetReadDeadline ends a Read that waits at t; the zero time never.
func (e *eager) SetReadDeadline(t time.Time) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	e.deadline = t
	if !t.IsZero() {
		e.timer = time.AfterFunc(time.Until(t), e.changed.Broadcast)
	}
	e.changed.Broadcast()
	return nil
}

// SetDeadline sets those of reads and writes.
func (e *eager) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.Conn.SetWriteDeadline(t)
}

// Close also ends a pump that waits for its reader; what was taken is gone.
func (e *eager) Close() error {
	err := e.Conn.Close()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = io.ErrClosedPipe
	}
	if e.timer != nil {
		e.timer.Stop()
	}
	e.blocks, e.read, e.size = nil, 0, 0
	e.changed.Broadcast()
	return err
}
