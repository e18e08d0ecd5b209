// Package stationstest is what a node keeps of stations, for tests: real files in a folder of the test's, with readings
// made of what comes as the program makes them.
package stationstest

import (
	"context"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/stations"
	"qingkong/notify/telemetry"
)

// patience bounds every wait; none is as long where all is well.
const patience = 30 * time.Second

// Reporters are who may report.
type Reporters interface {
	ReporterStation(ref string) (*telemetry.Station, error)
}

// New opens a node that keeps what comes until the test's end. A test may move the clock.
func New(t testing.TB, who Reporters, clock func() time.Time) *stations.Node {
	t.Helper()
	days := func(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
	n := stations.OpenNode(stations.NodeOptions{Dir: t.TempDir(), Station: who.ReporterStation,
		MaxBytes: 1 << 30, Raw: days(60), Minutes: days(60), Hours: days(400), Clock: clock,
		Rooted: func() (time.Time, error) { return time.Time{}, nil }})
	ctx, cancel := context.WithCancel(context.Background())
	var building sync.WaitGroup
	building.Go(func() { _ = n.Build(ctx) })
	t.Cleanup(func() {
		cancel()
		building.Wait()
		within, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := n.Close(within); err != nil {
			t.Error(err)
		}
	})
	return n
}

// Eventually waits until something holds: readings follow what was taken within a moment.
func Eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
