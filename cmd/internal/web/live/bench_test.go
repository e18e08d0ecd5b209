package live

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify"
)

// The cost of telling 200 viewers one thing, from the hub to the readers' hands; beside it the raw limit of the same
// run, the same bytes written to 200 connections of the loopback and read.
func BenchmarkFanOut(b *testing.B) {
	const viewers, n = 200, 200
	w := newWorld(b, n)
	warning := w.declared()
	var board *notify.Board
	w.must(w.svc.J.View(func(tx *bbolt.Tx) (err error) { board, err = notify.GetBoard(tx, warning); return err }))
	message := func(index int64) *Message {
		m := &Message{Kind: Board, Value: board, warning: warning, Index: index, n: 1}
		m.ID = m.place().id(w.hub.tag)
		return m
	}
	frame := len(message(1 << 40).frame(JSON))
	b.Run("raw", func(b *testing.B) { benchRaw(b, viewers, frame) })
	b.Run("hub", func(b *testing.B) {
		srv := w.serve(always(Filter{Boards: true}))
		var read atomic.Int64
		for range viewers {
			c := w.dial(srv, "", "")
			if _, err := c.next(); err != nil {
				b.Fatal(err)
			}
			go func() { _, _ = io.Copy(counter{&read}, c.res.Body) }()
		}
		w.viewers(viewers)
		b.SetBytes(int64(viewers * frame))
		b.ResetTimer()
		for i := range int64(b.N) {
			m := message(1<<40 + i)
			w.hub.publish(m.place(), []*Message{m}, nil)
			await(&read, (i+1)*int64(viewers*frame))
		}
		b.StopTimer()
		srv.CloseClientConnections()
	})
}

// counter counts what is read and lets go of it.
type counter struct{ n *atomic.Int64 }

func (c counter) Write(p []byte) (int, error) {
	c.n.Add(int64(len(p)))
	return len(p), nil
}

func await(n *atomic.Int64, want int64) {
	for n.Load() < want {
		time.Sleep(50 * time.Microsecond)
	}
}

func benchRaw(b *testing.B, viewers, size int) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	var read atomic.Int64
	var out []net.Conn
	for range viewers {
		in, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer in.Close()
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		out = append(out, conn)
		go func() { _, _ = io.Copy(counter{&read}, in) }()
	}
	text := make([]byte, size)
	b.SetBytes(int64(viewers * size))
	for i := range int64(b.N) {
		for _, conn := range out {
			if _, err := conn.Write(text); err != nil {
				b.Fatal(err)
			}
		}
		await(&read, (i+1)*int64(viewers*size))
	}
}

// What following the journal costs for each answer, with 200 viewers of boards and an enterprise that listens.
func BenchmarkFollow(b *testing.B) {
	const n = 2000
	w := newWorld(b, n)
	warning := w.declared()
	f, err := w.hub.newFollower()
	w.must(err)
	w.answers(n, "acknowledge", func(i int) string { return order(warning, i) })
	for range 200 {
		w.listen(Viewer{Filter: Filter{Boards: true}})
	}
	w.listen(Viewer{Filter: Filter{Orders: OfRecipient, Recipient: recipient(3)}})
	from := *f
	b.ResetTimer()
	for range b.N {
		*f = from
		f.dirty, f.flushed = map[string]bool{}, map[string]time.Time{}
		for more := true; more; {
			if more, err = f.step(time.Now()); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/answer")
}

// A snapshot for 200 viewers who come at once.
func BenchmarkSnapshot(b *testing.B) {
	w := newWorld(b, 200)
	w.declared()
	for range b.N {
		w.hub.snapshots.of = nil
		for range 200 {
			m, err := w.hub.snapshot(everything)
			w.must(err)
			m.frame(JSON)
		}
	}
}
