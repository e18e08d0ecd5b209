package bench

import (
	"context"
	"slices"
	"testing"
	"time"

	"qingkong/cmd/internal/simulate"
)

// Every figure has a value, and those that have a limit stand beside it.
func TestHJ212(t *testing.T) {
	here := func(ctx context.Context, l simulate.Load, addr string) (simulate.LoadReport, time.Duration, error) {
		r, err := l.Run(ctx, addr)
		return r, time.Millisecond, err
	}
	const stations, backlog = 8, 60
	results, err := runHJ212(t.Context(), hj212Size{decode: 200_000, slice: 10 * time.Millisecond, pairs: 2,
		stations: stations, load: 200 * time.Millisecond, backlog: backlog, every: 5 * time.Millisecond, days: 3,
		minutes: 30}, here)
	if err != nil {
		t.Fatal(err)
	}
	value := func(name string) Result {
		i := slices.IndexFunc(results, func(f Result) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("no figure %q in %+v", name, results)
		}
		return results[i]
	}
	for _, name := range []string{"decode_mb_per_s_core", "tcp_durable_frames_per_s",
		"TCP durable, beside a server that does no more than it must", "a year of a point's hours, p50"} {
		if f := value(name); f.Raw <= 0 || f.Ratio <= 0 {
			t.Errorf("%+v", f)
		}
	}
	if f := value("backlog, frames"); f.Value != stations/2*backlog {
		t.Errorf("%+v", f)
	}
	if f := value("entries of the record, proved"); f.Value < stations {
		t.Errorf("%+v, want %d registrations at least", f, stations)
	}
	for _, f := range results {
		if f.Name == "" || f.Unit == "" || f.Value <= 0 {
			t.Errorf("a figure without a value: %+v", f)
		}
	}
}
