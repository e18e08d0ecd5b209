package bench

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/simulate"
	"qingkong/cmd/internal/stations"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// weighed is how many stations report minutes while readings are weighed, and how many frames share a batch: one each.
const weighed = 16

// hourLate is when the last hour was sent that a station sends of a time.
const hourLate = 10 * time.Minute

// seriesReads is how often the year is read.
const seriesReads = 40

// readings measures what a node keeps of stations as they report, apart from the program: a year of one station's hours,
// and minutes of several.
func (b *hj212Bench) readings(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "qingkong-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	until := time.Now().Truncate(time.Hour)
	one, err := newKeeping(filepath.Join(dir, "hours"), 1)
	if err == nil {
		err = b.yearOfHours(ctx, one, until)
	}
	if err != nil {
		return err
	}
	some, err := newKeeping(filepath.Join(dir, "minutes"), weighed)
	if err != nil {
		return err
	}
	n, err := some.keep(ctx, simulate.Backfills(some.stations, until.Add(-time.Duration(b.size.minutes)*time.Minute), until,
		telemetry.Minute))
	w, err := some.weighed(ctx, err)
	if err != nil {
		return err
	}
	b.add("bytes of a minute's reading, frames", float64(w.log)/float64(n), "B", float64(w.raw)/float64(n))
	b.add("bytes of a minute's reading, rows", float64(w.minutes.pages)/float64(n), "B", float64(w.minutes.bare)/float64(n))
	return nil
}

// yearOfHours reads a year of one point's hours again and again, beside the bytes of the same rows out of bbolt.
func (b *hj212Bench) yearOfHours(ctx context.Context, k *keeping, until time.Time) error {
	from := until.AddDate(0, 0, -b.size.days)
	n, err := k.keep(ctx, simulate.Backfills(k.stations, from, until.Add(hourLate), telemetry.Hour))
	var took []float64
	for range seriesReads {
		if err != nil {
			break
		}
		begin := time.Now()
		var got []telemetry.Kept
		got, err = k.node.Series(ctx, telemetry.PointOf(k.stations[0].MN(), "a21026"), telemetry.Hour, from, until, 24*b.size.days)
		took = append(took, micros(time.Since(begin))/1000)
		if err == nil && len(got) != 24*b.size.days {
			err = fmt.Errorf("of %d hours %d are read", 24*b.size.days, len(got))
		}
	}
	w, err := k.weighed(ctx, err)
	if err != nil {
		return err
	}
	raw, err := rawRows(filepath.Join(k.dir, "readings.db"), b.size.days)
	if err != nil {
		return err
	}
	b.add("a year of a point's hours, p50", median(took), "ms", raw)
	b.add("bytes of an hour's reading, frames", float64(w.log)/float64(n), "B", float64(w.raw)/float64(n))
	b.add("bytes of an hour's reading, rows", float64(w.hours.pages)/float64(n), "B", float64(w.hours.bare)/float64(n))
	return nil
}

// rawRows is how many ms it takes bbolt to hand over so many rows of hours, copied, in the median.
func rawRows(file string, rows int) (ms float64, err error) {
	var took []float64
	err = viewFile(file, func(tx *bbolt.Tx) error {
		var to []byte
		for range seriesReads {
			begin := time.Now()
			c := tx.Bucket([]byte("rows.hours")).Cursor()
			n := 0
			for k, v := c.First(); k != nil && n < rows; k, v = c.Next() {
				to = append(to[:0], v...)
				n++
			}
			took = append(took, micros(time.Since(begin))/1000)
		}
		return nil
	})
	return median(took), err
}

// keeping is a node that keeps what stations would have sent.
type keeping struct {
	dir      string
	stations []*simulate.Station
	node     *stations.Node
	end      func() error // of what makes readings
}

func newKeeping(dir string, n int) (*keeping, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	k := &keeping{dir: dir}
	register := map[string]*telemetry.Station{}
	for i := range n {
		s, err := simulate.LoadStation(i, hj212.V2017)
		if err != nil {
			return nil, err
		}
		st := s.Registered()
		k.stations, register[s.MN()] = append(k.stations, s), &st
	}
	const day = 24 * time.Hour
	k.node = stations.OpenNode(stations.NodeOptions{Dir: dir, MaxBytes: 1 << 30, Raw: 60 * day, Minutes: 60 * day,
		Hours: 400 * day, Rooted: func() (time.Time, error) { return time.Time{}, nil },
		Station: func(mn string) (*telemetry.Station, error) { return register[mn], nil }})
	ctx, cancel := context.WithCancel(context.Background())
	built := make(chan error, 1)
	go func() { built <- k.node.Build(ctx) }()
	k.end = func() error { cancel(); return <-built }
	return k, nil
}

// keep has what stations send kept, so many frames at a time, waits until readings are made of it, and says how
// many these are.
func (k *keeping) keep(ctx context.Context, all iter.Seq2[simulate.Sent, error]) (readings int, err error) {
	var together sync.WaitGroup
	var failed error
	var mu sync.Mutex
	n := 0
	for sent, err := range all {
		if err != nil {
			return 0, err
		}
		readings += len(sent.Readings)
		for _, f := range sent.Frames {
			if n++; n%weighed == 0 {
				together.Wait()
			}
			r := telemetry.Received{Sort: telemetry.Frame, MN: sent.MN, From: "192.0.2.7:40112", Raw: f[:len(f)-2]}
			together.Add(1)
			err := k.node.Taker.Submit(ctx, r, func(err error) {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
				together.Done()
			})
			if err != nil {
				return 0, err
			}
		}
	}
	together.Wait()
	if failed != nil {
		return 0, failed
	}
	return readings, untilBuilt(ctx, k.node.Status)
}

// weighed ends the node and weighs its files; err is what went wrong before.
func (k *keeping) weighed(ctx context.Context, err error) (weight, error) {
	within, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := errors.Join(err, k.end(), k.node.Close(within)); err != nil {
		return weight{}, err
	}
	return weigh(k.dir)
}
