package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// garbageAllowed is how many bytes of garbage may lie about before it is collected, within the two percentages.
	garbageAllowed = 64 << 20
	// gcPercentMost lets a small heap grow to four times what lives: the coordinator keeps little in memory and makes
	// much garbage in its busiest minutes.
	gcPercentMost = 300
	// gcPercentLeast is the runtime's own: a large heap is not collected more often than in any other program.
	gcPercentLeast = 100
)

// gcPercentFor is by how many per cent a live heap of so many bytes may grow before the next collection.
func gcPercentFor(live uint64) int {
	return int(min(gcPercentMost, max(gcPercentLeast, garbageAllowed*100/max(live, 1))))
}

// spendMemoryOnSpeed has garbage collected seldom while the heap is small, and holds what is spent on that to
// garbageAllowed: a flood that makes the heap grow is not answered with three times as much garbage. GOGC overrides it.
func spendMemoryOnSpeed() {
	if os.Getenv("GOGC") != "" {
		return
	}
	percent := gcPercentFor(liveHeap())
	debug.SetGCPercent(percent)
	afterEachCollection(func() {
		if p := gcPercentFor(liveHeap()); p != percent {
			percent = p
			debug.SetGCPercent(p)
		}
	})
}

// liveHeap is the heap that the last collection left, in bytes.
func liveHeap() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// sentinel is found unused by each collection. The pointer keeps it out of the blocks that small values without
// pointers share.
type sentinel struct{ _ *sentinel }

// afterEachCollection calls do after each collection of garbage, in the goroutine of finalizers, so do must be short.
func afterEachCollection(do func()) {
	var arm func(*sentinel)
	arm = func(*sentinel) {
		do()
		runtime.SetFinalizer(&sentinel{}, arm)
	}
	runtime.SetFinalizer(&sentinel{}, arm)
}
