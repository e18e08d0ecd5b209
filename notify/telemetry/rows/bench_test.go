package rows

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// factors are those of a stack with its state.
var factors = []string{"a34013", "a21026", "a21002", "a19001", "a01011", "a01012", "a01013", "a01014"}

// minuteOf is what a stack's logger sends of a minute: means, extremes, amounts and converted means, by three decimals.
func minuteOf(random *rand.Rand, mn, cn string, at time.Time, received time.Duration) telemetry.Received {
	var items []string
	for i, code := range factors {
		avg := 10 + 5*float64(i) + random.NormFloat64()
		items = append(items, fmt.Sprintf("%s-Min=%.3f", code, avg-0.5), fmt.Sprintf("%s-Avg=%.3f", code, avg),
			fmt.Sprintf("%s-Max=%.3f", code, avg+0.5))
		if i < 3 {
			items = append(items, fmt.Sprintf("%s-ZsAvg=%.3f", code, avg*1.2), fmt.Sprintf("%s-Cou=%.3f", code, avg/10))
		}
		items = append(items, code+"-Flag=N")
	}
	r := say(at.Add(received), mn, cn, at.Format("20060102150405"), items...)
	return r
}

func newBench(b *testing.B, stations int) *world {
	w := newWorld(b)
	for i := range stations {
		mn := fmt.Sprintf("M%05d", i)
		w.register[mn] = &telemetry.Station{MN: mn, ST: "31", Version: hj212.V2017, MinuteMin: 1, SampleS: 60}
	}
	return w
}

// busy is how long the processor has worked for this program.
func busy(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perCore reports what the processor worked for each of n things, garbage collection included, which others on the
// machine do not change.
func perCore(b *testing.B, began time.Duration, n int, unit string) {
	b.ReportMetric(float64(busy(b)-began)/1e3/float64(n), unit)
}

// BenchmarkYearOfHours reads a year of one point's hours as the device sent them, each chunk of the log having one.
func BenchmarkYearOfHours(b *testing.B) {
	w := newBench(b, 1)
	random := rand.New(rand.NewPCG(1, 2))
	begin := eight.AddDate(-1, 0, 0)
	for at := begin; at.Before(eight); at = at.Add(time.Hour) {
		w.got(minuteOf(random, "M00000", "2061", at, 61*time.Minute))
	}
	w.flush()
	w.start()
	b.ReportAllocs()
	began := busy(b)
	for b.Loop() {
		if got := w.series("M00000.a21026", telemetry.Hour, begin, eight); len(got) != 365*24 {
			b.Fatal(len(got))
		}
	}
	perCore(b, began, b.N, "core-µs/year")
	b.ReportMetric(w.size(hoursBucket)/float64(len(factors)*365*24), "B/reading")
}

// size is how many bytes the rows of a bucket have, keys and all.
func (w *world) size(bucket []byte) (n float64) {
	w.must(w.rows.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(k, v []byte) error { n += float64(len(k) + len(v)); return nil })
	}))
	return n
}

// BenchmarkRebuild makes the rows of a day of minutes and of a day of samples each 30 s, of 20 stacks, anew from the
// log.
func BenchmarkRebuild(b *testing.B) {
	const stations, hours = 20, 6
	w := newBench(b, stations)
	random := rand.New(rand.NewPCG(1, 2))
	n, raw := 0, 0
	for s := range hours * 60 * 2 {
		at := eight.Add(time.Duration(s) * 30 * time.Second)
		var batch []telemetry.Received
		for i := range stations {
			mn := fmt.Sprintf("M%05d", i)
			if s%2 == 0 {
				batch = append(batch, minuteOf(random, mn, "2051", at, 65*time.Second))
			}
			var items []string
			for j, code := range factors {
				items = append(items, fmt.Sprintf("%s-Rtd=%.3f", code, 10+5*float64(j)+random.NormFloat64()), code+"-Flag=N")
			}
			batch = append(batch, say(at.Add(66*time.Second), mn, "2011", at.Format("20060102150405"), items...))
		}
		for i := range batch {
			raw += len(batch[i].Raw)
		}
		n += len(batch)
		w.receive(batch...)
	}
	b.SetBytes(int64(raw))
	b.ResetTimer()
	began := busy(b)
	for range b.N {
		w.rows = newFile(b, Buckets())
		w.start()
		for {
			before, _ := w.b.Cursor()
			w.apply(100)
			after, _ := w.b.Cursor()
			if after == before {
				break
			}
			if w.b.Held() > 0.5 {
				w.flush()
			}
		}
		w.flush()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "frames/s")
	perCore(b, began, b.N*n, "core-µs/frame")
	readings := float64(stations * len(factors) * hours * 60 * 2)
	b.ReportMetric(w.size(minutesBucket)/readings, "B/reading")
}

// BenchmarkFlush writes what 200 stacks send each minute of half an hour behind half a day that is written, once a minute and
// as a node does.
func BenchmarkFlush(b *testing.B) {
	for _, every := range []int{1, 5} {
		b.Run(fmt.Sprint("each ", every, " min"), func(b *testing.B) { benchFlush(b, every) })
	}
}

func benchFlush(b *testing.B, every int) {
	const stations, minutes = 200, 30
	w := newBench(b, stations)
	random := rand.New(rand.NewPCG(1, 2))
	minute := 0
	next := func() {
		at := eight.Add(time.Duration(minute) * time.Minute)
		minute++
		var batch []telemetry.Received
		for i := range stations {
			batch = append(batch, minuteOf(random, fmt.Sprintf("M%05d", i), "2051", at, time.Second))
		}
		seq, _ := w.b.Cursor()
		w.must(w.b.Apply(seq+1, batch))
	}
	for range 360 {
		if next(); w.b.Held() > 0.5 {
			w.flush()
		}
	}
	w.flush()
	b.ReportAllocs()
	b.ResetTimer()
	worked := time.Duration(0)
	for range b.N {
		for i := range minutes {
			b.StopTimer()
			next()
			b.StartTimer()
			if (i+1)%every != 0 {
				continue
			}
			began := busy(b)
			if err := w.b.Flush(context.Background()); err != nil {
				b.Fatal(err)
			}
			worked += busy(b) - began
		}
	}
	b.ReportMetric(float64(worked.Microseconds())/float64(b.N*stations*minutes*len(factors)), "core-µs/reading")
}
