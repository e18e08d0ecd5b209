package bench

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		of   []float64
		want float64
	}{
		{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 5}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 100}, 3.5},
	} {
		given := slices.Clone(c.of)
		if got := median(c.of); got != c.want || !slices.Equal(given, c.of) {
			t.Errorf("median of %v: %v, want %v; left as %v", given, got, c.want, c.of)
		}
	}
}

// The ratio is that of pairs: a pair that was slow as a whole counts like the others.
func TestDuel(t *testing.T) {
	pair := func(ours, raw int) []lap {
		return []lap{{acts: ours, took: time.Second}, {acts: 2 * raw, took: 2 * time.Second}}
	}
	for name, c := range map[string]struct {
		laps              [][]lap
		value, raw, ratio float64
	}{
		"none":                           {nil, 0, 0, 0},
		"one":                            {[][]lap{pair(30, 60)}, 30, 60, 0.5},
		"a pair on a busy machine":       {[][]lap{pair(30, 60), pair(3, 6), pair(28, 56)}, 28, 56, 0.5},
		"two, between them":              {[][]lap{pair(10, 100), pair(30, 100)}, 20, 100, 0.2},
		"not the ratio of the medians":   {[][]lap{pair(10, 10), pair(20, 40), pair(30, 20)}, 20, 20, 1},
		"a limit that did nothing is no": {[][]lap{pair(10, 0), pair(20, 40)}, 15, 20, 0.5},
	} {
		if value, raw, ratio := duel(c.laps); value != c.value || raw != c.raw || ratio != c.ratio {
			t.Errorf("%s: %v, %v, %v, want %v, %v, %v", name, value, raw, ratio, c.value, c.raw, c.ratio)
		}
	}
}

// Each contender gets its slice each time, in turns however long its turns are, and no turn is given more time than is
// left.
func TestAlternate(t *testing.T) {
	const slice = 100 * time.Millisecond
	var order []int
	of := func(k int, turn time.Duration) contender {
		return func(_ context.Context, within time.Duration) (lap, error) {
			order = append(order, k)
			if within <= 0 || within > slice {
				t.Errorf("contender %d is given %s", k, within)
			}
			return lap{acts: k + 1, took: turn, each: []time.Duration{turn}}, nil
		}
	}
	laps, err := alternate(t.Context(), 2, slice, of(0, 50*time.Millisecond), of(1, 100*time.Millisecond),
		of(2, 60*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 2, 0, 2, 0, 1, 2, 0, 2}; !slices.Equal(order, want) {
		t.Errorf("turns %v, want %v", order, want)
	}
	for i, pair := range laps {
		for k, want := range []lap{{acts: 2, took: 100 * time.Millisecond}, {acts: 2, took: 100 * time.Millisecond},
			{acts: 6, took: 120 * time.Millisecond}} {
			if got := pair[k]; got.acts != want.acts || got.took != want.took {
				t.Errorf("time %d, contender %d: %+v, want %+v", i, k, got, want)
			}
		}
	}
	if each := eachOf(laps, 2); len(each) != 4 || slices.Max(each) != 60*time.Millisecond {
		t.Errorf("each: %v", each)
	}
	broken := errors.New("broken")
	for name, c := range map[string]contender{
		"fails":         func(context.Context, time.Duration) (lap, error) { return lap{}, broken },
		"takes no time": func(context.Context, time.Duration) (lap, error) { return lap{acts: 1}, nil },
	} {
		if _, err := alternate(t.Context(), 2, slice, of(0, slice), c); err == nil {
			t.Errorf("one that %s is measured", name)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := alternate(gone, 2, slice, of(0, slice)); !errors.Is(err, context.Canceled) {
		t.Errorf("measured on without a caller: %v", err)
	}
}

// Callers share what there is to do: each of it once and in order as far as they come, never more of them at once.
func TestRace(t *testing.T) {
	todo := make([]int, 100)
	for i := range todo {
		todo[i] = i
	}
	var mu sync.Mutex
	var did []int
	now, most := 0, 0
	act := func(i int) error {
		mu.Lock()
		did, now = append(did, i), now+1
		most = max(most, now)
		mu.Unlock()
		defer func() { mu.Lock(); now--; mu.Unlock() }()
		return nil
	}
	l, err := race(4, todo, always, act)
	slices.Sort(did)
	if err != nil || l.acts != 100 || len(l.each) != 100 || l.took <= 0 || !slices.Equal(did, todo) || most > 4 {
		t.Errorf("%d acts, %d of them timed, %v; at most %d at once; done %v", l.acts, len(l.each), err, most, did)
	}
	did = nil
	l, err = race(1, todo, until(time.Nanosecond), func(i int) error { time.Sleep(time.Millisecond); return act(i) })
	if err != nil || l.acts > 1 || len(l.each) != l.acts || len(did) != l.acts {
		t.Errorf("without time %d acts, done %v, %v", l.acts, did, err)
	}
	broken := errors.New("broken")
	if _, err := race(4, todo, always, func(int) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("acts that fail: %v", err)
	}
}
