package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// lap is a contender's work in a slice.
type lap struct {
	acts int
	took time.Duration
	each []time.Duration // of every act
}

func (l *lap) add(more lap) {
	l.acts, l.took, l.each = l.acts+more.acts, l.took+more.took, append(l.each, more.each...)
}

// contender is one of several that are measured against each other. Its turn acts until the time given has passed, or
// its supply is used up; preparations are not counted.
type contender func(ctx context.Context, within time.Duration) (lap, error)

// alternate gives every contender a slice of time, so many times over, and returns their laps by time and contender. In
// each of these times the one that has had least is next, so that a slow moment of the machine slows all of them.
func alternate(ctx context.Context, times int, slice time.Duration, all ...contender) ([][]lap, error) {
	out := make([][]lap, times)
	for i := range out {
		out[i] = make([]lap, len(all))
		for {
			next := 0
			for k := range all {
				if out[i][k].took < out[i][next].took {
					next = k
				}
			}
			had := out[i][next].took
			if had >= slice {
				break
			}
			turn, err := all[next](ctx, slice-had) // #nosec G602 -- next is below len(all)
			if err == nil && turn.took <= 0 {
				err = fmt.Errorf("contender %d of a measurement takes no time", next)
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			out[i][next].add(turn)
		}
	}
	return out, nil
}

// duel is the outcome of two contenders: the median of each one's acts per second, and of the ratio of each pair of
// slices. It differs from the ratio of the medians, for a disturbance stays in its pair.
func duel(laps [][]lap) (value, limit, ratio float64) {
	var values, limits, ratios []float64
	for _, pair := range laps {
		v, l := pair[0].perSecond(), pair[1].perSecond()
		values, limits = append(values, v), append(limits, l)
		if l > 0 {
			ratios = append(ratios, v/l)
		}
	}
	return median(values), median(limits), median(ratios)
}

func (l *lap) perSecond() float64 {
	if l.took <= 0 {
		return 0
	}
	return float64(l.acts) / l.took.Seconds()
}

// eachOf is the time of every act of a contender, over all its slices.
func eachOf(laps [][]lap, contender int) (each []time.Duration) {
	for _, pair := range laps {
		each = append(each, pair[contender].each...)
	}
	return each
}

// until goes on for so long from now.
func until(within time.Duration) (more func() bool) {
	begin := time.Now()
	return func() bool { return time.Since(begin) < within }
}

func always() bool { return true }

// upTo are the numbers from 0 to n-1.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// race lets callers do act on the items of todo, one after the other, until all is done or more says no. It ends each
// act that it begins; those are the first of todo, as many as the lap has acts.
func race[T any](callers int, todo []T, more func() bool, act func(T) error) (lap, error) {
	l := lap{each: make([]time.Duration, len(todo))}
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	begin := time.Now()
	for range callers {
		wg.Go(func() {
			for more() {
				i := int(next.Add(1)) - 1
				if i >= len(todo) || failed.Load() != nil {
					return
				}
				t := time.Now()
				if err := act(todo[i]); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				l.each[i] = time.Since(t)
			}
		})
	}
	wg.Wait()
	l.took = time.Since(begin)
	if err := failed.Load(); err != nil {
		return lap{}, *err
	}
	l.acts = min(int(next.Load()), len(todo))
	l.each = l.each[:l.acts]
	return l, nil
}
