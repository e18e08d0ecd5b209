package stations

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
)

// Whatever steps a clock makes: small ones and those back are followed at once, the time is never ahead of the clock, and
// never by more than a minute ahead of what it was ten minutes ago and what passed since.
func TestASteadyClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wall, passed := noonOf(0), time.Duration(0)
		s := &steady{log: slog.New(slog.DiscardHandler), wall: wall}
		type look struct{ off, passed time.Duration }
		looks := []look{{}}
		off, lowest := time.Duration(0), time.Duration(0) // of the clock over the time that passed
		for range 100 {
			goes := time.Duration(rapid.IntRange(0, 120).Draw(t, "passes")) * time.Second
			step := time.Duration(rapid.SampledFrom([]int{0, 0, 0, 1, 30, -30, 3600, -3600, 1e8, -1e8}).Draw(t, "step")) * time.Second
			passed, off = passed+goes, off+step
			looks = append(looks, look{off, passed})
			got := s.at(wall.Add(passed+off), passed)
			if got.After(wall.Add(passed + off)) {
				t.Fatalf("%v is ahead of the clock", got)
			}
			low, oldest := off, 0
			for i, l := range looks {
				if passed-l.passed >= stepAfter {
					oldest = i
				}
			}
			for _, l := range looks[oldest:] {
				low = min(low, l.off)
			}
			lowest = min(lowest, off)
			if off-lowest <= stepMost && s.ahead > 0 {
				t.Fatalf("a small step is not followed: %v", s.ahead)
			}
			if s.ahead > 0 && passed-s.since >= stepAfter {
				t.Fatal("a step that has stood is not followed")
			}
			most := wall.Add(passed + low)
			for _, l := range looks { // small steps within ten minutes add up
				if l.passed >= passed-stepAfter {
					most = most.Add(stepMost)
				}
			}
			if got.After(most) {
				t.Fatalf("%v, the clock was %v ten minutes ago", got, most)
			}
		}
	})
}

// A clock that is far ahead for a moment leaves no trace; one that the program began with is told of once it is right.
func TestAClockThatWasAhead(t *testing.T) {
	var mu sync.Mutex
	clock := time.Now()
	set := func(to time.Time) { mu.Lock(); defer mu.Unlock(); clock = to }
	open := func(dir string) *Node {
		return OpenNode(NodeOptions{Dir: dir, Rooted: func() (time.Time, error) { return time.Time{}, nil },
			Clock: func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }})
	}
	take := func(n *Node) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Taker.Take(ctx, telemetry.Received{Sort: telemetry.Frame, MN: "A", Raw: []byte("##")}); err != nil {
			t.Fatal(err)
		}
	}
	shut := func(n *Node) {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	right := clock
	dir := t.TempDir()
	n := open(dir)
	take(n)
	n.steady.at(right.Round(0).AddDate(70, 0, 0), 0) // the wall clock alone
	take(n)
	if ahead := n.Status().Ahead; ahead > 0 {
		t.Errorf("a moment: %v", ahead)
	}
	shut(n)
	set(right.Add(time.Hour))
	n = open(dir)
	take(n)
	set(right.Add(time.Second))
	take(n)
	if ahead := n.Status().Ahead; ahead < 59*time.Minute || ahead > time.Hour {
		t.Errorf("ahead by %v", ahead)
	}
	set(right.Add(time.Hour + time.Second))
	if ahead := n.Status().Ahead; ahead != 0 {
		t.Errorf("an hour later: %v", ahead)
	}
	shut(n)
}
