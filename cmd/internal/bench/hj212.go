package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"qingkong/cmd/internal/simulate"
	"qingkong/notify/telemetry/hj212"
)

// Loader has stations report to a server, in a process of its own where the machine shall know them apart. When ctx ends
// they begin no more, and it returns what came of them all the same. cpu is what the processor worked for them.
type Loader func(ctx context.Context, l simulate.Load, addr string) (r simulate.LoadReport, cpu time.Duration, err error)

// hj212Size is how much is measured.
type hj212Size struct {
	decode   int // bytes of the stream that is decoded
	slice    time.Duration
	pairs    int
	stations int
	load     time.Duration // how long all of them report in each pair
	backlog  int           // frames of each of the half of them that catch up
	every    time.Duration // between the frames of the others
	days     int           // of one point's hours that are read
	minutes  int           // of the stations whose readings are weighed
}

// hj212Bench is a program under the load of stations.
type hj212Bench struct {
	bench
	size hj212Size
	load Loader

	mu      sync.Mutex
	batches []hj212Batch // that became durable, since they were taken last
	watched memory
}

// HJ212 measures how fast frames of HJ 212 are decoded, beside a copy of their bytes and their CRC alone; how many a
// second of n stations the whole program confirms, beside fsynced writes of the same bytes in the same batches; how long
// it takes for 200 n frames of half of the stations while the others report as always; how fast a year of a point's hours
// is read, and how many bytes a reading takes on the disk.
func HJ212(ctx context.Context, n int, load Loader) ([]Result, error) {
	return runHJ212(ctx, hj212Size{decode: 8 << 20, slice: 200 * time.Millisecond, pairs: 5, stations: n,
		load: 3 * time.Second, backlog: 400, every: time.Second, days: 365, minutes: 24 * 60}, load)
}

func runHJ212(ctx context.Context, size hj212Size, load Loader) ([]Result, error) {
	b := &hj212Bench{size: size, load: load}
	return b.run(ctx, b.decode, b.readings, b.start, b.register, b.durable, b.catchUp, b.built, b.kept, b.prove)
}

// decode measures what a core decodes, by the time that it works and not by the clock: others on the machine make a
// measurement longer and no core slower.
func (b *hj212Bench) decode(ctx context.Context) error {
	stream, n, err := b.stream()
	if err != nil {
		return err
	}
	to := make([]byte, len(stream))
	laps, err := alternate(ctx, b.size.pairs, b.size.slice,
		perCore(len(stream), func() error { return decodeAll(stream, n) }),
		perCore(len(stream), func() error { hj212.CRC(stream); return nil }),
		perCore(len(stream), func() error { copy(to, stream); return nil }))
	if err != nil {
		return err
	}
	f := Result{Name: "decode_mb_per_s_core", Unit: "MB/s"}
	f.Value, f.Raw, f.Ratio = duel(laps)
	f.Value, f.Raw = f.Value/1e6, f.Raw/1e6
	b.results = append(b.results, f)
	b.add("decode, raw CRC pass", f.Raw, "MB/s", 0)
	var copies []float64
	for _, l := range laps {
		copies = append(copies, l[2].perSecond()/1e6)
	}
	b.add("decode, raw copy of memory", median(copies), "MB/s", 0)
	b.add("decode, bytes of a frame", float64(len(stream))/float64(n), "B", 0)
	return nil
}

// stream is what simulated stations of all kinds send, and how many frames it is.
func (b *hj212Bench) stream() ([]byte, int, error) {
	var stream bytes.Buffer
	n := 0
	until := time.Now().Truncate(time.Hour)
	for i := 0; stream.Len() < b.size.decode; i++ {
		s, err := simulate.LoadStation(i, hj212.V2017)
		if err != nil {
			return nil, 0, err
		}
		for sent, err := range s.Backfill(until.Add(-4*time.Hour), until, simulate.AllSteps()...) {
			if err != nil {
				return nil, 0, err
			}
			for _, f := range sent.Frames {
				stream.Write(f)
			}
			n += len(sent.Frames)
		}
	}
	return stream.Bytes(), n, nil
}

func decodeAll(stream []byte, frames int) error {
	d := hj212.NewDecoder(bytes.NewReader(stream), hj212.Options{})
	var f hj212.Frame
	n := 0
	for ; ; n++ {
		if err := d.Next(&f); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if f.Fault != nil || len(f.Items) == 0 {
			return fmt.Errorf("a frame of a simulated station is refused: %v", f.Fault)
		}
	}
	if n != frames {
		return fmt.Errorf("%d frames of %d are read", n, frames)
	}
	return nil
}

// perCore is the contender that acts on so many bytes each time; its time is the processor's.
func perCore(bytes int, act func() error) contender {
	return func(_ context.Context, within time.Duration) (l lap, err error) {
		begin, err := worked()
		if err != nil {
			return l, err
		}
		for l.took < within {
			if err := act(); err != nil {
				return l, err
			}
			l.acts += bytes
			now, err := worked()
			if err != nil {
				return l, err
			}
			l.took = now - begin
		}
		return l, nil
	}
}

// worked is how long the processor has worked for this process.
func worked() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}
