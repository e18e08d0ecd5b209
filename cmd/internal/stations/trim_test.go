package stations

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

// large is a node with 4 MB of what came, of which it may keep 2.
func large(t *testing.T, change func(*NodeOptions)) *Node {
	t.Helper()
	o := NodeOptions{Dir: t.TempDir(), MaxBytes: 2 << 20, Raw: time.Hour, Minutes: time.Hour, Hours: time.Hour,
		Station: func(string) (*telemetry.Station, error) { return nil, nil },
		Rooted:  func() (time.Time, error) { return time.Time{}, nil }}
	change(&o)
	n := OpenNode(o)
	for range 40 {
		raw := make([]byte, 100<<10)
		for i := range raw {
			raw[i] = byte(rand.Uint32())
		}
		if err := n.Taker.Take(t.Context(), telemetry.Received{Sort: telemetry.Refused, MN: "A", Raw: raw}); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

// runs has the node make readings until the test ends.
func runs(t *testing.T, n *Node) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Build(ctx) }()
	t.Cleanup(func() {
		cancel()
		within, stop := context.WithTimeout(context.Background(), patience)
		defer stop()
		if err := errors.Join(<-ended, n.Close(within)); err != nil {
			t.Error(err)
		}
	})
}

func used(t *testing.T, n *Node) (bytes int64) {
	t.Helper()
	if err := n.frames.View(func(tx *bbolt.Tx) error { bytes = frames.Used(tx); return nil }); err != nil {
		t.Fatal(err)
	}
	return bytes
}

// The limit of bytes holds whatever else is broken: readings that cannot be made, a register that cannot be read, a record
// that does not say which hours have a root.
func TestTheLimitOfBytesHoldsWhateverIsBroken(t *testing.T) {
	broken := errors.New("broken")
	for name, change := range map[string]func(*NodeOptions){
		"readings": func(*NodeOptions) {},
		"register": func(o *NodeOptions) {
			o.Station = func(string) (*telemetry.Station, error) { return nil, broken }
		},
		"roots": func(o *NodeOptions) { o.Rooted = func() (time.Time, error) { return time.Time{}, broken } },
	} {
		t.Run(name, func(t *testing.T) {
			n := large(t, change)
			if name == "readings" {
				if err := n.rows.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			runs(t, n)
			(&world{t: t}).wait("less is kept", func() bool { return used(t, n) <= 2<<20 })
			(&world{t: t}).wait("it is told", func() bool { return !n.Status().BySize.IsZero() && n.Status().Unbuilt != nil })
			if s := n.Status(); !s.Lost && name != "roots" {
				t.Errorf("%+v", s)
			}
		})
	}
}

// It holds while readings are made of a backlog, however long that takes.
func TestTheLimitOfBytesHoldsDuringARebuild(t *testing.T) {
	var looks atomic.Int32
	var during atomic.Bool
	var n *Node
	opened := make(chan struct{})
	n = large(t, func(o *NodeOptions) {
		o.Station = func(string) (*telemetry.Station, error) {
			<-opened
			if looks.Add(1) == 15 { // of forty: readings are in the making
				for end := time.Now().Add(patience); n.Status().BySize.IsZero() && time.Now().Before(end); {
					time.Sleep(2 * time.Millisecond)
				}
				during.Store(!n.Status().BySize.IsZero())
			}
			return nil, nil
		}
	})
	close(opened)
	runs(t, n)
	(&world{t: t}).wait("all is built", func() bool { return n.Status().Built })
	if !during.Load() || used(t, n) > 2<<20 {
		t.Errorf("during the rebuild: %v; %d bytes", during.Load(), used(t, n))
	}
}

// Readings are made without a transaction of what they are made of held open: a second one, to read the earlier parts of a
// message, would wait behind whoever closes the file, who waits for the first.
func TestReadingsAreMadeOutsideOfATransaction(t *testing.T) {
	var n *Node
	closed := make(chan error, 1)
	n = large(t, func(o *NodeOptions) {
		o.Station = func(string) (*telemetry.Station, error) {
			if n != nil && len(closed) == 0 {
				within, stop := context.WithTimeout(context.Background(), patience)
				defer stop()
				closed <- n.frames.Close(within)
			}
			return nil, nil
		}
	})
	flushed := time.Now()
	if more, err := n.step(t.Context(), &flushed); !more || err != nil {
		t.Errorf("%v %v", more, err)
	}
	if err := errors.Join(<-closed, n.Close(t.Context())); err != nil {
		t.Error(err)
	}
}
