package stations

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// restarted is a node that kept n minutes of station A and ended before it made readings of them, in its next run. Its
// register cannot be read before readable is true.
func restarted(t *testing.T, from time.Time, n int, readable *atomic.Bool) *Node {
	t.Helper()
	b := &book{}
	b.add("A", func(k *Known) { k.Station.MinuteMin = 1 })
	open := func() *Node {
		return OpenNode(NodeOptions{Dir: t.TempDir(), Station: func(mn string) (*telemetry.Station, error) {
			if !readable.Load() {
				return nil, errors.New("the record cannot be read")
			}
			return b.station(mn)
		}, Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	}
	before := open()
	for i := range n {
		r := telemetry.Received{Sort: telemetry.Frame, MN: "A", At: time.Now(), Raw: []byte(minuteOf("A", from, i))}
		if err := before.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := before.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	opt := before.opt
	return OpenNode(opt)
}

// After a start nothing is read, and nothing judged, before readings include what an earlier run confirmed: it would be
// taken for missing. How far they are is told, in numbers that are true of a file that has no readings yet.
func TestNothingIsReadBeforeItIsMadeAgain(t *testing.T) {
	var readable atomic.Bool
	from := time.Now().Add(-24 * time.Hour).Truncate(time.Hour)
	n := restarted(t, from, 50, &readable)
	runs(t, n)
	(&world{t: t}).wait("readings are not made", func() bool { return n.Status().Unbuilt != nil })
	read := func() (int, error) {
		series, err := n.Series(t.Context(), "A.a21026", telemetry.Minute, from, from.Add(time.Hour), 100)
		return len(series), err
	}
	if got, err := read(); got != 0 || refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("before they are made %d are read, with %v", got, err)
	}
	if err := n.Ready(t.Context()); refusal.CodeOf(err) != refusal.NotReady {
		t.Errorf("orders are judged by them: %v", err)
	}
	if s := n.Status(); s.Remaking.IsZero() || s.Remade != 0 || s.Behind > time.Hour {
		t.Errorf("told of it: since %v, %v, behind by %v", s.Remaking, s.Remade, s.Behind)
	}
	readable.Store(true)
	(&world{t: t}).wait("readings are made", func() bool { return n.Status().Unbuilt == nil })
	if got, err := read(); got != 50 || err != nil {
		t.Errorf("once they are made %d are read, with %v", got, err)
	}
	if err := n.Ready(t.Context()); err != nil {
		t.Errorf("once they are made: %v", err)
	}
	if s := n.Status(); !s.Remaking.IsZero() {
		t.Errorf("once they are made: %+v", s)
	}
}

// What was confirmed is read from then on, though readings are made behind.
func TestWhatWasConfirmedIsRead(t *testing.T) {
	var readable atomic.Bool
	readable.Store(true)
	from := time.Now().Add(-24 * time.Hour).Truncate(time.Hour)
	n := restarted(t, from, 0, &readable)
	runs(t, n)
	(&world{t: t}).wait("readings can be read", func() bool { _, err := n.readable(t.Context()); return err == nil })
	for i := range 200 {
		r := telemetry.Received{Sort: telemetry.Frame, MN: "A", At: time.Now(), Raw: []byte(minuteOf("A", from, i))}
		if err := n.Take(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		series, err := n.Series(t.Context(), "A.a21026", telemetry.Minute, from, from.Add(24*time.Hour), 1000)
		if err != nil || len(series) != i+1 {
			t.Fatalf("%d of %d confirmed minutes are read: %v", len(series), i+1, err)
		}
	}
}
