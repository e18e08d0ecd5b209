package stations

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/journal/natstest"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
)

// district is several nodes over one server of NATS. Its stream takes a message each ten minutes by its own clock, which
// begins at eight.
type district struct {
	t    *testing.T
	srv  *natstest.Server
	book *book
	now  time.Time // of the nodes: what comes has the time at which the stream takes it
	sent int
}

var eight = time.Date(2026, 12, 16, 8, 0, 0, 0, hj212.Beijing)

func newDistrict(t *testing.T) *district {
	d := &district{t: t, srv: natstest.StartTCP(t, t.TempDir()), book: &book{},
		now: eight.Add(1000 * time.Hour)}
	d.book.add("A", nil)
	return d
}

// member is a node of the district that runs.
type member struct {
	*Node
	dir  string
	stop func()
}

// node starts a node on what an earlier one left in the folder.
func (d *district) node(dir string) *member {
	d.t.Helper()
	nc, js := natstest.Dial(d.t, d.srv.Addr())
	shared := &Shared{JS: js, MaxBytes: 1 << 28, Replicas: func(context.Context) (int, error) { return 1, nil },
		Stamp: func(m *jetstream.MsgMetadata) time.Time {
			return eight.Add(time.Duration(m.Sequence.Stream-1) * 10 * time.Minute)
		}}
	now := d.now
	n := OpenNode(NodeOptions{Dir: dir, Station: d.book.station, Shared: shared, Clock: func() time.Time { return now }, Raw: 1e6 * time.Hour,
		Minutes: 1e6 * time.Hour, Hours: 1e6 * time.Hour,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- n.Follow(ctx) }()
	go func() { ended <- n.Build(ctx) }()
	m := &member{Node: n, dir: dir}
	m.stop = func() {
		m.stop = func() {}
		cancel()
		within, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := errors.Join(<-ended, <-ended, n.Close(within)); err != nil {
			d.t.Error(err)
		}
		nc.Close()
	}
	d.t.Cleanup(func() { m.stop() })
	return m
}

// take has a node take a frame, confirmed, in a message of its own.
func (d *district) take(m *member) {
	d.t.Helper()
	d.sent++
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	raw := sample("A", d.sent)
	if err := m.Taker.Take(ctx, telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte(raw[:len(raw)-2])}); err != nil {
		d.t.Fatalf("frame %d: %v", d.sent, err)
	}
}

func (d *district) wait(what string, holds func() bool) {
	d.t.Helper()
	(&world{t: d.t}).wait(what, holds)
}

// has waits until a node has all frames behind some, in their order, and readings of them.
func (d *district) has(m *member, behind int) {
	d.t.Helper()
	d.wait(fmt.Sprintf("all but %d of %d frames", behind, d.sent), func() bool {
		all := (&world{t: d.t, node: m.Node}).log()
		if len(all) != d.sent-behind {
			return false
		}
		for i := range all {
			if !bytes.Contains(all[i].Raw, []byte("QN="+qnOf(behind+i+1)+";")) {
				d.t.Fatalf("frame %d is %s", i, all[i].Raw)
			}
		}
		return true
	})
	d.wait("readings of them", func() bool {
		h, err := m.Heard(context.Background(), "A")
		return err == nil && h != nil && h.Frames == uint64(d.sent-behind)
	})
}

// root is what a node tells of an hour behind eight.
func (m *member) root(hour int) string {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	root, n, err := m.Root(ctx, eight.Add(time.Duration(hour)*time.Hour))
	return fmt.Sprint(root, n, err)
}

// What a station sends to any node is on every node, also on one that was killed meanwhile and on one that comes late; and
// every node that has all of an hour tells the same root of it.
func TestNodesShareWhatStationsSend(t *testing.T) {
	d := newDistrict(t)
	a, b := d.node(t.TempDir()), d.node(t.TempDir())
	for range 9 { // until 9:20
		d.take(a)
		d.take(b)
	}
	d.has(a, 0)
	d.has(b, 0)
	b.stop()
	for range 5 {
		d.take(a)
	}
	b = d.node(b.dir)
	d.take(b)
	d.has(b, 0)
	c := d.node(t.TempDir()) // whose first message is number 9, of 9:20
	d.has(c, 0)
	c.stop()
	s, err := d.srv.JS.Stream(t.Context(), Stream)
	if err == nil {
		err = s.Purge(t.Context(), jetstream.WithPurgeSequence(9))
	}
	if err != nil {
		t.Fatal(err)
	}
	late := d.node(t.TempDir())
	d.has(late, 8)
	for at := d.sent; at%6 != 0; at++ {
		d.take(a)
	}
	a.root(d.sent/6 - 1) // the mark is the message of the full hour
	for _, m := range []*member{b, late} {
		d.wait("the end of the hour", func() bool {
			_, _, err := m.Root(t.Context(), eight.Add(time.Duration(d.sent/6-1)*time.Hour))
			return err == nil
		})
	}
	for hour := 1; hour < d.sent/6; hour++ {
		if one, other := a.root(hour), b.root(hour); one != other || one[len(one)-len("6 <nil>"):] != "6 <nil>" {
			t.Errorf("hour %d: %s and %s", hour, one, other)
		}
		_, _, err := late.Root(t.Context(), eight.Add(time.Duration(hour)*time.Hour))
		if hour == 1 && !errors.Is(err, frames.ErrGone) || hour > 1 && late.root(hour) != a.root(hour) {
			t.Errorf("hour %d of the late one: %v", hour, err)
		}
	}
	if _, _, err := a.Root(t.Context(), eight); !errors.Is(err, frames.ErrPart) {
		t.Errorf("the first hour of the stream: %v", err)
	}
	for name, m := range map[string]*member{"a": a, "b": b, "late": late} {
		if s := m.Status(); !s.Shared || s.Unkept != nil || s.Unfollowed != nil || !s.Missed.IsZero() {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// A node that lacks some of the stream goes on with what is there, and says so.
func TestANodeMissesSomeOfTheStream(t *testing.T) {
	for name, lose := range map[string]func(t *testing.T, d *district, m *member){
		"trimmed beyond it": func(t *testing.T, d *district, _ *member) {
			s, err := d.srv.JS.Stream(t.Context(), Stream)
			if err == nil {
				err = s.Purge(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		"made anew": func(t *testing.T, d *district, _ *member) {
			if err := d.srv.JS.DeleteStream(t.Context(), Stream); err != nil {
				t.Fatal(err)
			}
		},
		"lost its end": func(t *testing.T, d *district, m *member) {
			n := OpenNode(NodeOptions{Dir: m.dir, Station: d.book.station})
			err := n.frames.Update(t.Context(), func(tx *bbolt.Tx) error {
				p, err := frames.Followed(tx)
				if err == nil {
					_, err = frames.AppendAt(tx, frames.Message{Stream: p.Stream, Seq: p.Seq + 100, At: eight, Chunk: frames.Mark(eight)})
				}
				return err
			})
			if err = errors.Join(err, n.Close(t.Context())); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDistrict(t)
			a, b := d.node(t.TempDir()), d.node(t.TempDir())
			d.take(a)
			d.has(b, 0)
			b.stop()
			d.take(a)
			d.has(a, 0)
			lose(t, d, b)
			b = d.node(b.dir)
			d.wait("a frame after that", func() bool {
				d.take(a)
				for _, r := range (&world{t: t, node: b.Node}).log() {
					if bytes.Contains(r.Raw, []byte("QN="+qnOf(d.sent-1)+";")) {
						return true
					}
				}
				return false
			})
			d.wait("it is told", func() bool { s := b.Status(); return !s.Missed.IsZero() && s.Unfollowed == nil })
		})
	}
}

// Nothing is confirmed that the stream did not, and whatever stands in the stream that is none of ours is passed over.
func TestNothingIsConfirmedWithoutTheStream(t *testing.T) {
	d := newDistrict(t)
	a, b := d.node(t.TempDir()), d.node(t.TempDir())
	d.take(a)
	if _, err := d.srv.JS.Publish(t.Context(), streamSubject, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	d.take(a)
	d.has(b, 0)
	small, err := d.srv.JS.Stream(t.Context(), Stream)
	if err != nil {
		t.Fatal(err)
	}
	cfg := small.CachedInfo().Config
	cfg.MaxMsgSize = 10
	if _, err := d.srv.JS.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	err = a.Taker.Take(t.Context(), telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte(sample("A", 9))})
	if err == nil || a.Status().Unkept == nil {
		t.Errorf("%v, %+v", err, a.Status())
	}
	cfg.MaxMsgSize = -1
	if _, err := d.srv.JS.UpdateStream(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	d.take(a)
	d.has(b, 0)
	d.srv.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := a.Taker.Take(ctx, telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte(sample("A", 9))}); err == nil {
		t.Error("confirmed without a server")
	}
	d.has(a, 0)
}

// A node whose record is behind makes readings of what a new station sent to another once it knows the station.
func TestReadingsWaitForTheRegister(t *testing.T) {
	d := newDistrict(t)
	d.now = eight
	a := d.node(t.TempDir())
	known := d.book
	d.book = &book{}
	b := d.node(t.TempDir())
	d.take(a)
	d.has(a, 0)
	d.wait("the frame", func() bool { return len((&world{t: t, node: b.Node}).log()) == 1 })
	if more, err := b.apply(b.builder); more || err != nil {
		t.Errorf("%v %v", more, err)
	}
	d.book.add("A", nil)
	d.has(b, 0)
	d.book = known
}
