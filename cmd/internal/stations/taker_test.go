package stations

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

// Whatever comes from whomever, and whichever batches fail: each is kept once or told of, in the order in which it came,
// with times that never go back though the clock does.
func TestTakingKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		senders := rapid.IntRange(1, 4).Draw(rt, "senders")
		each := rapid.IntRange(1, 60).Draw(rt, "each")
		fails := rapid.SliceOfN(rapid.Bool(), 8, 8).Draw(rt, "fails")
		back := rapid.SliceOfN(rapid.IntRange(-5, 5), 16, 16).Draw(rt, "clock")
		var mu sync.Mutex
		var kept []telemetry.Received
		batches, ticks, at := 0, 0, noonOf(0)
		taker := NewTaker(func(_ context.Context, batch []telemetry.Received) error {
			mu.Lock()
			defer mu.Unlock()
			if batches++; fails[batches%len(fails)] {
				return errors.New("no")
			}
			kept = append(kept, batch...)
			return nil
		}, func() time.Time {
			mu.Lock()
			defer mu.Unlock()
			ticks++
			at = at.Add(time.Duration(back[ticks%len(back)]) * time.Millisecond)
			return at
		})
		told := make([][]string, senders)
		var all sync.WaitGroup
		for s := range senders {
			all.Go(func() {
				for i := range each {
					raw := fmt.Sprintf("%d %d", s, i)
					err := taker.Submit(context.Background(), telemetry.Received{Sort: telemetry.Frame, Raw: []byte(raw)}, func(err error) {
						if err == nil {
							told[s] = append(told[s], raw)
						}
					})
					if err != nil {
						rt.Errorf("%s: %v", raw, err)
					}
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := taker.Close(ctx); err != nil {
			rt.Fatal(err)
		}
		of := make([][]string, senders)
		for i, r := range kept {
			var s, n int
			if _, err := fmt.Sscanf(string(r.Raw), "%d %d", &s, &n); err != nil {
				rt.Fatal(err)
			}
			of[s] = append(of[s], string(r.Raw))
			if i > 0 && r.At.Before(kept[i-1].At) || !r.At.Equal(r.At.Truncate(time.Millisecond)) {
				rt.Fatalf("%v behind %v", r.At, kept[i-1].At)
			}
		}
		for s := range senders {
			inOrder := slices.IsSortedFunc(of[s], func(a, b string) int {
				var x, y int
				_, _ = fmt.Sscanf(a, "%d %d", new(int), &x)
				_, _ = fmt.Sscanf(b, "%d %d", new(int), &y)
				return x - y
			})
			if !slices.Equal(of[s], told[s]) || !inOrder {
				rt.Fatalf("kept %v, told %v", of[s], told[s])
			}
		}
		err := taker.Take(ctx, telemetry.Received{Sort: telemetry.Frame})
		if n, _ := taker.Taken(); int(n) != len(kept) || !errors.Is(err, ErrEnded) {
			rt.Fatalf("%d are counted of %d; %v", n, len(kept), err)
		}
	})
}

// No more waits than there is room for: who comes then waits, or is told; one that is too large is refused at once.
func TestTakingIsBounded(t *testing.T) {
	gate := make(chan struct{})
	taker := NewTaker(func(context.Context, []telemetry.Received) error { <-gate; return nil }, nil)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	large := telemetry.Received{Sort: telemetry.Message, Raw: make([]byte, frames.MaxRaw)}
	n := 0
	for taker.TrySubmit(large) {
		n++
	}
	if most := waitBytes / frames.MaxRaw; n != most {
		t.Errorf("%d wait, not %d", n, most)
	}
	short, stop := context.WithTimeout(ctx, 20*time.Millisecond)
	defer stop()
	if err := taker.Submit(short, large, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one more: %v", err)
	}
	large.Raw = append(large.Raw, 0)
	if err := taker.Take(ctx, large); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	close(gate)
	if err := taker.Take(ctx, telemetry.Received{Sort: telemetry.Message}); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	if err := taker.Close(ctx); err != nil {
		t.Error(err)
	}
}
