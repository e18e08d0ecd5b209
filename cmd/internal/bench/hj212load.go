package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/app"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/simulate"
	"qingkong/cmd/internal/stations"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/seeds"
)

// hj212Patience bounds a load beyond its time, and how long readings are made of one.
const hj212Patience = 10 * time.Minute

// hj212Batch is what became durable at once.
type hj212Batch struct{ frames, bytes int }

// start starts the program with a port for stations. They come from one address, and answer no request.
func (b *hj212Bench) start(ctx context.Context) (err error) {
	if b.list, err = seeds.Demo(100); err != nil {
		return err
	}
	b.alter = func(o *app.Options) {
		c := &o.Config
		c.Listen.HJ212 = "127.0.0.1:0"
		// an address may connect so many at once before it is slowed down: all of them in each pair, and for the backlog
		c.HJ212.ConnectionsPerAddress = (b.size.pairs+2)*b.size.stations + 100
		c.HJ212.Connections = 2 * c.HJ212.ConnectionsPerAddress
		c.HJ212.CalibrateOverS, c.HJ212.FetchHistory = 0, false
		o.Kept = func(batch []telemetry.Received) {
			one := hj212Batch{frames: len(batch)}
			for i := range batch {
				one.bytes += len(batch[i].Raw)
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			b.batches = append(b.batches, one)
		}
	}
	return b.bench.start(ctx)
}

// taken are the batches that became durable since it was asked last.
func (b *hj212Bench) taken() (all []hj212Batch) {
	b.mu.Lock()
	defer b.mu.Unlock()
	all, b.batches = b.batches, nil
	return all
}

// register puts the stations on the register, as an administrator does.
func (b *hj212Bench) register(ctx context.Context) error {
	_, err := race(64, upTo(b.size.stations), always, func(i int) error {
		s, err := simulate.LoadStation(i, hj212.V2025)
		if err != nil {
			return err
		}
		st := s.Registered()
		in := calls.NewStation{MN: st.MN, Name: st.MN, RecipientID: b.list.Recipients[i%len(b.list.Recipients)].ID, ST: st.ST,
			Version: strconv.Itoa(int(st.Version)), MinuteMin: st.MinuteMin, SampleS: st.SampleS}
		in.Password = s.Password()
		for _, o := range st.Outlets {
			text := calls.OutletText{Name: o.Name, O2: o.O2}
			for _, f := range o.Factors {
				text.Factors = append(text.Factors, calls.FactorText(f))
			}
			in.Outlets = append(in.Outlets, text)
		}
		_, err = b.svc.AddStation(ctx, service.By("bench"), in)
		return err
	})
	return err
}

// durable has all stations report, writes the same bytes in the same batches to a file after each time, and has them report to
// a bare server.
func (b *hj212Bench) durable(ctx context.Context) error {
	var bare, share []float64
	var value, raw, ratio, of, each, ours, theirs, worst []float64
	for range b.size.pairs {
		b.taken()
		before, err := worked()
		if err != nil {
			return err
		}
		r, cpu, err := b.all(ctx, simulate.Load{Stations: b.size.stations, Version: hj212.V2025, For: b.size.load})
		if err != nil {
			return err
		}
		after, err := worked()
		if err != nil {
			return err
		}
		batches := b.taken()
		limit, err := b.rawWrites(batches)
		if err != nil {
			return err
		}
		server, err := b.bare(ctx)
		if err != nil {
			return err
		}
		bare, share = append(bare, server), append(share, r.PerSecond()/server)
		n := float64(r.Confirmed)
		value, raw, ratio = append(value, r.PerSecond()), append(raw, limit), append(ratio, r.PerSecond()/limit)
		of, each = append(of, n/float64(len(batches))), append(each, float64(r.Bytes)/float64(r.Frames))
		ours, theirs = append(ours, micros(after-before)/n), append(theirs, micros(cpu)/n)
		worst = append(worst, micros(r.P50)/1000)
	}
	b.results = append(b.results, Result{Name: "tcp_durable_frames_per_s", Value: median(value), Unit: "1/s",
		Raw: median(raw), Ratio: median(ratio)})
	b.results = append(b.results, Result{Name: "TCP durable, beside a server that does no more than it must",
		Value: median(value), Unit: "1/s", Raw: median(bare), Ratio: median(share)})
	b.add("TCP durable, frames of a batch", median(of), "frames", 0)
	b.add("TCP durable, bytes of a frame", median(each), "B", 0)
	b.add("TCP durable, p50 of a confirmation", median(worst), "ms", 0)
	b.add("TCP durable, processor's time of the program", median(ours), "µs/frame", 0)
	b.add("TCP durable, processor's time of the stations", median(theirs), "µs/frame", 0)
	return nil
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// all is a load of which everything is to be confirmed, while the program's memory is watched.
func (b *hj212Bench) all(ctx context.Context, l simulate.Load) (r simulate.LoadReport, cpu time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.For+hj212Patience)
	defer cancel()
	defer b.watched.watch()()
	r, cpu, err = b.load(ctx, l, b.app.Addr().HJ212)
	if err == nil && (r.Confirmed == 0 || r.Lost+r.Stray+r.Broken > 0) {
		err = fmt.Errorf("of %d frames %d were confirmed, %d lost; %d answers to none, %d lines broken: %s", r.Frames,
			r.Confirmed, r.Lost, r.Stray, r.Broken, r.FirstErr)
	}
	return r, cpu, errors.Join(err, ctx.Err())
}

// rawWrites appends batches to a new file, each with an fsync, and says how many frames a second these are.
func (b *hj212Bench) rawWrites(batches []hj212Batch) (perSecond float64, err error) {
	f, err := os.Create(filepath.Join(b.dir, "raw"))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	most, n := 0, 0
	for _, one := range batches {
		most, n = max(most, one.bytes), n+one.frames
	}
	text := bytes.Repeat([]byte("##0423QN=20260801085857223;"), most/27+1)
	begin := time.Now()
	for _, one := range batches {
		if _, err := f.Write(text[:one.bytes]); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

// catchUp has half of the stations send what they kept, as fast as they may, while the others report each second.
func (b *hj212Bench) catchUp(ctx context.Context) error {
	half := b.size.stations / 2
	live := simulate.Load{Stations: b.size.stations - half, First: half, Version: hj212.V2025, Every: b.size.every,
		For: hj212Patience}
	back := simulate.Load{Stations: half, Version: hj212.V2025, Frames: b.size.backlog, Back: 240 * time.Hour,
		Resent: true}
	during, stop := context.WithTimeout(ctx, hj212Patience)
	defer stop()
	var l, r simulate.LoadReport
	var failed, err error
	var both sync.WaitGroup
	b.taken()
	both.Go(func() { l, _, failed = b.load(during, live, b.app.Addr().HJ212); stop() })
	for begun := false; !begun && err == nil; begun = len(b.taken()) > 0 {
		err = pause(during, 10*time.Millisecond)
	}
	if err == nil {
		r, _, err = b.all(ctx, back)
	}
	stop()
	both.Wait()
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	if l.Confirmed == 0 || l.Broken > 0 {
		return fmt.Errorf("beside the backlog %d frames were confirmed, %d lines broken: %s", l.Confirmed, l.Broken, l.FirstErr)
	}
	b.add("backlog, frames", float64(r.Confirmed), "frames", 0)
	b.add("backlog, until all were confirmed", r.Elapsed.Seconds(), "s", 0)
	b.add("backlog, frames a second", r.PerSecond(), "1/s", 0)
	b.add("backlog, live frames beside it", float64(l.Confirmed), "frames", 0)
	b.add("backlog, live confirmation, p50", micros(l.P50)/1000, "ms", 0)
	b.add("backlog, live confirmation, p99", micros(l.P99)/1000, "ms", 0)
	b.add("backlog, live confirmation, worst", micros(l.Max)/1000, "ms", 0)
	return nil
}

// built waits until readings are made of everything.
func (b *hj212Bench) built(ctx context.Context) error {
	begin := time.Now()
	if err := untilBuilt(ctx, b.app.Stations); err != nil {
		return err
	}
	b.add("backlog, until readings include all of it", time.Since(begin).Seconds(), "s", 0)
	all, anonymous := b.watched.most()
	if all > 0 {
		b.add("resident memory under load, most", all, "MB", 0)
		b.add("resident memory under load, without mapped files", anonymous, "MB", 0)
	}
	return nil
}

// untilBuilt waits until readings include all that was kept.
func untilBuilt(ctx context.Context, status func() stations.Status) error {
	ctx, cancel := context.WithTimeout(ctx, hj212Patience)
	defer cancel()
	for {
		s := status()
		if err := errors.Join(s.Unbuilt, s.Unkept); err != nil {
			return err
		}
		if s.Built {
			return nil
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return fmt.Errorf("readings are %s behind: %w", s.Behind, err)
		}
	}
}

// kept weighs the log of frames.
func (b *hj212Bench) kept(ctx context.Context) error {
	if err := b.stop(ctx); err != nil {
		return err
	}
	w, err := weigh(filepath.Join(b.dir, "data"))
	if err != nil {
		return err
	}
	b.add("bytes of a frame on the disk, under load", float64(w.log)/float64(w.entries), "B", float64(w.raw)/float64(w.entries))
	return nil
}

// weight is what a node keeps of stations.
type weight struct {
	log     int64 // bytes of the file of frames, without free pages
	raw     int64 // of the frames as they came
	entries int
	minutes rowsWeight
	hours   rowsWeight
}

// rowsWeight is what rows take: the pages of their bucket, as frames are weighed, and their keys and values alone.
type rowsWeight struct{ pages, bare int64 }

// weigh weighs the files of a node that has ended.
func weigh(dir string) (w weight, err error) {
	err = viewFile(filepath.Join(dir, "frames.db"), func(tx *bbolt.Tx) error {
		w.log = frames.Used(tx)
		_, err := frames.Read(tx, 0, 1<<62, func(_ uint64, entries []telemetry.Received, damaged error) error {
			if damaged != nil {
				return damaged
			}
			w.entries += len(entries)
			for i := range entries {
				w.raw += int64(len(entries[i].Raw))
			}
			return nil
		})
		return err
	})
	if err != nil {
		return w, err
	}
	return w, viewFile(filepath.Join(dir, "readings.db"), func(tx *bbolt.Tx) error {
		for name, sum := range map[string]*rowsWeight{"rows.minutes": &w.minutes, "rows.hours": &w.hours} {
			bucket := tx.Bucket([]byte(name))
			if bucket == nil {
				return fmt.Errorf("no bucket %s", name)
			}
			if err := bucket.ForEach(func(k, v []byte) error { sum.bare += int64(len(k) + len(v)); return nil }); err != nil {
				return err
			}
			s := bucket.Stats()
			sum.pages = int64(s.BranchAlloc + s.LeafAlloc)
		}
		return nil
	})
}

func viewFile(file string, fn func(tx *bbolt.Tx) error) error {
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Second})
	if err != nil {
		return err
	}
	return errors.Join(db.View(fn), db.Close())
}

// memory is the most resident memory that this process had while it was watched.
type memory struct {
	mu             sync.Mutex
	all, anonymous float64 // MB
}

// watch looks each tenth of a second until it is told to end.
func (m *memory) watch() (end func()) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			m.look()
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	})
	return func() { close(stop); all.Wait() }
}

// look reads what Linux says of this process; elsewhere nothing is known.
func (m *memory) look() {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		for name, most := range map[string]*float64{"VmRSS:": &m.all, "RssAnon:": &m.anonymous} {
			if f := strings.Fields(lines.Text()); len(f) > 1 && f[0] == name {
				if kb, err := strconv.ParseFloat(f[1], 64); err == nil {
					*most = max(*most, kb/1024)
				}
			}
		}
	}
}

func (m *memory) most() (all, anonymous float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all, m.anonymous
}
