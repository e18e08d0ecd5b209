package main

import (
	"runtime"
	"testing"
)

func TestGarbageIsBoundedBesideALargeHeap(t *testing.T) {
	for _, c := range []struct {
		live uint64 // MB
		want int
	}{{0, 300}, {16, 300}, {21, 300}, {32, 200}, {40, 160}, {64, 100}, {2000, 100}} {
		if got := gcPercentFor(c.live << 20); got != c.want {
			t.Errorf("%d MB live: %d %%, want %d", c.live, got, c.want)
		}
	}
}

func TestEachCollectionIsFollowed(t *testing.T) {
	calls := make(chan struct{}, 100)
	afterEachCollection(func() {
		select {
		case calls <- struct{}{}:
		default:
		}
	})
	for range 3 { // the second and third show that it goes on
		runtime.GC()
		<-calls
	}
}
