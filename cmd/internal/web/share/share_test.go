package share

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qingkong/alerts/refusal"
)

func small() Limits {
	return Limits{PerSecond: 10, Burst: 20, WritesPerMinute: 30, WritesBurst: 6, Streams: 2}
}

// Whoever goes beyond its share is refused with when to come again, and another is not; the log says so once a second.
func TestACallerHasItsShare(t *testing.T) {
	now := time.Unix(1e9, 0)
	var log strings.Builder
	s := New(Options{Limits: small(), Clock: func() time.Time { return now }, Log: logTo(&log)})
	for name, c := range map[string]struct {
		take  func(http.Header, string) error
		burst int
		after string
	}{
		"calls":  {s.Call, 20, "1"},
		"writes": {s.Write, 6, "2"},
	} {
		h := http.Header{}
		for n := range c.burst {
			if err := c.take(h, "user/flood"); err != nil {
				t.Fatalf("%s: call %d is refused: %v", name, n, err)
			}
		}
		for range 1000 {
			if err := c.take(h, "user/flood"); refusal.CodeOf(err) != refusal.RateLimited {
				t.Fatalf("%s: beyond the share: %v", name, err)
			}
		}
		if after := h.Get("Retry-After"); after != c.after {
			t.Errorf("%s: Retry-After %q, want %s", name, after, c.after)
		}
		if err := c.take(http.Header{}, "user/other"); err != nil {
			t.Errorf("%s: another pays for it: %v", name, err)
		}
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 {
		t.Errorf("%d lines of log of 2000 refusals of two kinds:\n%s", lines, log.String())
	}
	for n := range 4 * 20 / 5 {
		for range 5 {
			if err := s.Public(http.Header{}, fmt.Sprint(n)); err != nil {
				t.Fatalf("a page for the public: %v", err)
			}
		}
		if err := s.Public(http.Header{}, fmt.Sprint(n)); refusal.CodeOf(err) != refusal.RateLimited {
			t.Fatalf("more pages than an address has: %v", err)
		}
	}
	if err := s.Public(http.Header{}, "new"); refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("more pages than everybody together has: %v", err)
	}
}

// A share of nothing is no limit.
func TestNoLimits(t *testing.T) {
	s := New(Options{})
	for range 10_000 {
		if err := s.Call(http.Header{}, "x"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Stream(t.Context(), http.Header{}, "x"); err != nil {
			t.Fatal(err)
		}
	}
}

// Streams beyond the bound are refused at once, and one that ends makes room; who has none is not remembered.
func TestStreamsOfACaller(t *testing.T) {
	s := New(Options{Limits: small()})
	open := func(who string) (func(), error) { return s.Stream(t.Context(), http.Header{}, who) }
	first, err := open("a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := open("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open("a"); refusal.CodeOf(err) != refusal.RateLimited {
		t.Errorf("a third: %v", err)
	}
	other, err := open("b")
	if err != nil {
		t.Errorf("another's first: %v", err)
	}
	first()
	first() // a second time does nothing
	if first, err = open("a"); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
	if _, err := open("a"); err == nil {
		t.Error("one that was ended twice made room twice")
	}
	first()
	second()
	other()
	if n := s.streams.callers(); n != 0 {
		t.Errorf("%d callers without streams are remembered", n)
	}
}

// A call beyond what its caller may have in work waits for one to end, a second at most, and no longer than its caller.
func TestCallsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{Limits: small()})
		var ends []func()
		for range callsInWork {
			done, err := s.Work(t.Context(), http.Header{}, "a")
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, done)
		}
		began := time.Now()
		if _, err := s.Work(t.Context(), http.Header{}, "a"); refusal.CodeOf(err) != refusal.RateLimited ||
			time.Since(began) != patience {
			t.Errorf("one too many: %v after %v", err, time.Since(began))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if began = time.Now(); func() bool {
			_, err := s.Work(gone, http.Header{}, "a")
			return err == nil
		}() || time.Since(began) != 0 {
			t.Errorf("a caller that has gone is waited for %v", time.Since(began))
		}
		if done, err := s.Work(t.Context(), http.Header{}, "b"); err != nil {
			t.Errorf("another's: %v", err)
		} else {
			done()
		}
		time.AfterFunc(patience/2, ends[0])
		began = time.Now()
		done, err := s.Work(t.Context(), http.Header{}, "a")
		if err != nil || time.Since(began) != patience/2 {
			t.Errorf("its turn comes with %v after %v", err, time.Since(began))
		}
		done()
		for _, end := range ends {
			end()
		}
		if n := s.work.callers(); n != 0 {
			t.Errorf("%d callers without work are remembered", n)
		}
	})
}

func logTo(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }

// callers is how many have something in hand or wait.
func (s *slots) callers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.of)
}
