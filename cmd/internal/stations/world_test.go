package stations

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/dialog"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
)

// patience bounds every wait of these tests; none is as long where all is well.
const patience = time.Minute

// book is a register as plain rows.
type book struct {
	mu sync.Mutex
	of map[string]*Known
}

func (b *book) Station(mn string) (*Known, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.of[mn], nil
}

func (b *book) station(mn string) (*telemetry.Station, error) {
	if k, _ := b.Station(mn); k != nil {
		return k.Station, nil
	}
	return nil, nil
}

func (b *book) add(mn string, change func(*Known)) {
	k := &Known{Station: &telemetry.Station{MN: mn, ST: "31", Version: hj212.V2017, MinuteMin: 10, SampleS: 60},
		Password: "pw-" + mn}
	if change != nil {
		change(k)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.of == nil {
		b.of = map[string]*Known{}
	}
	b.of[mn] = k.ready()
}

// world is a server over a file of its own, and what a test does with it.
type world struct {
	t     testing.TB
	book  *book
	node  *Node
	srv   *Server
	taken *Metrics
}

func open(t testing.TB, change func(*Options)) *world {
	t.Helper()
	return openShared(t, nil, change)
}

// openShared is the same of one of several nodes; nil is of a node of its own.
func openShared(t testing.TB, shared *Shared, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, book: &book{}, taken: NewMetrics()}
	w.node = OpenNode(NodeOptions{Dir: t.TempDir(), Station: w.book.station, Shared: shared,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	o := Options{Register: w.book, Taker: w.node.Taker, Metrics: w.taken, FramesPerSecond: 1 << 20,
		Dialog: dialog.Settings{Answer: time.Hour, Tries: 1, Execute: time.Hour, Settle: time.Hour}}
	if change != nil {
		change(&o)
	}
	w.srv = New(o)
	if err := w.srv.Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- w.srv.Run(ctx) }()
	go func() { ended <- w.node.Follow(ctx) }()
	t.Cleanup(func() {
		within, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		cancel()
		if err := errors.Join(w.srv.Stop(within), <-ended, <-ended, w.node.Close(within)); err != nil {
			t.Error(err)
		}
	})
	return w
}

// log is all that was kept, in its order.
func (w *world) log() (all []telemetry.Received) {
	w.t.Helper()
	err := w.node.frames.View(func(tx *bbolt.Tx) error {
		_, err := frames.Read(tx, 0, 1<<30, func(_ uint64, entries []telemetry.Received, damaged error) error {
			if damaged != nil {
				return damaged
			}
			for _, r := range entries {
				r.Raw = append([]byte(nil), r.Raw...)
				all = append(all, r)
			}
			return nil
		})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// kept is what was kept of a kind, in a line each: sort, MN, why.
func (w *world) kept(sorts ...telemetry.Sort) string {
	names := map[telemetry.Sort]string{telemetry.Frame: "frame", telemetry.Message: "message", telemetry.Refused: "refused",
		telemetry.Unknown: "unknown"}
	var lines []string
	for _, r := range w.log() {
		for _, s := range sorts {
			if r.Sort == s {
				lines = append(lines, strings.TrimSpace(names[s]+" "+r.MN+" "+r.Why))
			}
		}
	}
	return strings.Join(lines, "; ")
}

// counted is a figure of the server by its one label, "" for none.
func (w *world) counted(name, label string) (n float64) {
	w.t.Helper()
	reg := prometheus.NewRegistry()
	w.taken.Register(reg)
	families, err := reg.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if l := m.GetLabel(); f.GetName() == name && (len(l) == 0 && label == "" || len(l) == 1 && l[0].GetValue() == label) {
				return m.GetCounter().GetValue()
			}
		}
	}
	w.t.Fatalf("no figure %s of %s", name, label)
	return 0
}

// wait has a condition come to hold.
func (w *world) wait(what string, holds func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("never: %s", what)
		}
	}
}

// device is a station's side of a connection.
type device struct {
	w *world
	net.Conn
	d *hj212.Decoder
}

func (w *world) dial() *device {
	w.t.Helper()
	c, err := net.Dial("tcp", w.srv.Addr())
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = c.Close() })
	return &device{w, c, hj212.NewDecoder(c, hj212.Options{Live: true})}
}

// packet is a frame around a data segment.
func packet(data string) string {
	return fmt.Sprintf("##%04d%s%04X\r\n", len(data), data, hj212.CRC([]byte(data)))
}

// sample is a moment's data of a station, with a number of its own.
func sample(mn string, n int) string {
	return packet(fmt.Sprintf("QN=20260801%09d;ST=31;CN=2011;PW=pw-%s;MN=%s;Flag=5;CP=&&DataTime=20260801120000;a21026-Rtd=%d,a21026-Flag=N&&",
		n, mn, mn, n%100))
}

func qnOf(n int) string { return fmt.Sprintf("20260801%09d", n) }

func (d *device) send(text string) {
	d.w.t.Helper()
	_ = d.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(d, text); err != nil {
		d.w.t.Fatal(err)
	}
}

// next is the next frame that comes; an error is that of the connection.
func (d *device) next() (*hj212.Frame, error) {
	_ = d.SetReadDeadline(time.Now().Add(patience))
	var f hj212.Frame
	err := d.d.Next(&f)
	return &f, err
}

// confirmed has frames from..to confirmed, in their order.
func (d *device) confirmed(mn string, from, to int) {
	d.w.t.Helper()
	for i := from; i < to; i++ {
		f, err := d.next()
		if err != nil || f.Fault != nil || f.CN != "9014" || f.QN != qnOf(i) || f.MN != mn || f.ST != "91" {
			d.w.t.Fatalf("confirmation %d of %s: %v %+v", i, mn, err, f)
		}
	}
}

// closed has the connection closed by the server, with nothing more said.
func (d *device) closed() {
	d.w.t.Helper()
	if f, err := d.next(); err == nil {
		d.w.t.Fatalf("said %s", f.Raw)
	} else if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		d.w.t.Fatal("it stays open")
	}
}

// CloseWrite has the server read to the end.
func (d *device) CloseWrite() error { return d.Conn.(*net.TCPConn).CloseWrite() }
