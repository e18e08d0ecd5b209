package stations

import (
	"context"
	"errors"
	"testing"
	"time"

	"qingkong/notify/telemetry"
)

// Readings wait while much waits to be confirmed, and are made all the same.
func TestAFullQueueDelaysReadingsAndDoesNotStopThem(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	b := &book{}
	b.add("A", nil)
	n := OpenNode(NodeOptions{Dir: t.TempDir(), Station: b.station,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	taker := n.Taker
	raw := sample("A", 1)
	if err := n.Take(ctx, telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte(raw[:len(raw)-2])}); err != nil {
		t.Fatal(err)
	}

	gate, begun := make(chan struct{}), make(chan struct{}, 1)
	n.Taker = NewTaker(func(context.Context, []telemetry.Received) error {
		select {
		case begun <- struct{}{}:
		default:
		}
		<-gate
		return nil
	}, nil)
	n.Taker.TrySubmit(telemetry.Received{Sort: telemetry.Frame})
	<-begun
	for range busyFrom {
		if !n.Taker.TrySubmit(telemetry.Received{Sort: telemetry.Frame}) {
			t.Fatal("there is no room for as many as are called many")
		}
	}
	flushed := time.Now()
	for more := true; more; {
		var err error
		if more, err = n.step(ctx, &flushed); err != nil {
			t.Fatal(err)
		}
	}
	if s := n.Status(); !s.Built || s.Waiting != busyFrom || ctx.Err() != nil {
		t.Errorf("while %d wait: %+v, %v", busyFrom, s, ctx.Err())
	}
	gone, stop := context.WithCancel(ctx)
	stop()
	n.giveWay(gone) // ends with the program
	close(gate)
	if err := errors.Join(n.Taker.Close(ctx), taker.Close(ctx), n.Close(ctx)); err != nil {
		t.Error(err)
	}
}
