package rows

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
)

// eight is the morning on which the tests begin.
var eight = time.Date(2026, 12, 16, 8, 0, 0, 0, beijing)

var errCrash = errors.New("the power went")

// file is a store over a file of its own, whose updates fail when told to.
type file struct {
	db      *bbolt.DB
	crashIn int  // updates until one fails; 0 is none
	kept    bool // the one that fails was kept all the same
	late    bool // or is, in a while
	pending chan error
}

func newFile(t testing.TB, buckets []string) *file {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "rows.db"), 0o600,
		&bbolt.Options{FreelistType: bbolt.FreelistMapType, NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Update(func(tx *bbolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return &file{db: db}
}

func (f *file) View(fn func(*bbolt.Tx) error) error { return f.db.View(fn) }

func (f *file) Update(_ context.Context, fn func(*bbolt.Tx) error) error {
	if f.pending != nil {
		if err := <-f.pending; err != nil {
			return err
		}
		f.pending = nil
	}
	if f.crashIn > 0 {
		if f.crashIn--; f.crashIn == 0 {
			if f.late {
				f.pending = make(chan error, 1)
				go func() { f.pending <- f.db.Update(fn) }()
				return errCrash
			}
			if f.kept {
				if err := f.db.Update(fn); err != nil {
					return err
				}
			}
			return errCrash
		}
	}
	return f.db.Update(fn)
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a log of frames, the rows made of it, and a register.
type world struct {
	t        fataler
	log      *file
	rows     *file
	b        *Builder
	register map[string]*telemetry.Station
	opt      func(*Options)
}

func register() map[string]*telemetry.Station {
	return map[string]*telemetry.Station{
		"010000A8900016F000169DC0": {MN: "010000A8900016F000169DC0", ST: "31", Version: hj212.V2017, MinuteMin: 10, SampleS: 60,
			Outlets: []telemetry.Outlet{{Name: "1#", Factors: []telemetry.Factor{{Code: "a21026"}, {Code: "a34013"}}}}},
		"POWER": {MN: "POWER", ST: "45", Version: hj212.V2025, MinuteMin: 1, SampleS: 60,
			Outlets: []telemetry.Outlet{{Name: "mill", Factors: []telemetry.Factor{{Code: "g20301", Unit: "t/h"}}}}},
	}
}

func newWorld(t testing.TB, opt ...func(*Options)) *world {
	w := &world{t: t, log: newFile(t, frames.Buckets()), rows: newFile(t, Buckets()), register: register()}
	w.opt = func(o *Options) {
		for _, set := range opt {
			set(o)
		}
	}
	w.start()
	return w
}

// start begins with what is in the files.
func (w *world) start() {
	w.t.Helper()
	o := Options{Store: w.rows, Station: func(mn string) *telemetry.Station { return w.register[mn] },
		Raw: func(ref frames.Ref) (r telemetry.Received, err error) {
			err = w.log.View(func(tx *bbolt.Tx) error { r, err = frames.At(tx, ref); return err })
			return r, err
		}}
	w.opt(&o)
	b, err := NewBuilder(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.b = b
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// receive writes a batch to the log.
func (w *world) receive(batch ...telemetry.Received) {
	w.t.Helper()
	w.must(w.log.Update(context.Background(), func(tx *bbolt.Tx) error { _, err := frames.Append(tx, batch); return err }))
}

// apply applies up to n chunks of what is in the log.
func (w *world) apply(n int) {
	w.t.Helper()
	after, _ := w.b.Cursor()
	enough := errors.New("enough")
	err := w.log.View(func(tx *bbolt.Tx) error {
		_, err := frames.Read(tx, after, 1<<30, func(seq uint64, entries []telemetry.Received, damaged error) error {
			if damaged != nil {
				return damaged
			}
			if n--; n < 0 {
				return enough
			}
			return w.b.Apply(seq, entries)
		})
		return err
	})
	if err != nil && !errors.Is(err, enough) {
		w.t.Fatal(err)
	}
}

// got receives and applies.
func (w *world) got(batch ...telemetry.Received) {
	w.t.Helper()
	w.receive(batch...)
	w.apply(1 << 20)
}

func (w *world) flush() {
	w.t.Helper()
	w.must(w.b.Flush(context.Background()))
}

func (w *world) series(p telemetry.Point, step telemetry.Step, from, to time.Time) []Entry {
	w.t.Helper()
	out, err := w.b.Series(p, step, from, to)
	w.must(err)
	return out
}

func (w *world) state(mn string) State {
	w.t.Helper()
	s, _, err := w.b.Station(mn)
	w.must(err)
	return s
}

// say is a frame that a station sends at a time; items are key=value, and those of one factor stand together.
func say(at time.Time, mn, cn, data string, items ...string) telemetry.Received {
	return part(at, mn, cn, data, false, 0, 0, items...)
}

func part(at time.Time, mn, cn, data string, resent bool, parts, no int, items ...string) telemetry.Received {
	head := hj212.Head{QN: at.In(beijing).Format("20060102150405") + "000", ST: "31", CN: cn, PW: "123456", MN: mn,
		Flag: hj212.FlagOf(hj212.V2017, true, parts > 0), HasFlag: true, Parts: parts, Part: no, Resent: resent}
	if parts > 0 { // parts of a message have its QN
		head.QN = data + "000"
	}
	f := hj212.NewFrame(head, hj212.NewItem("DataTime", data))
	for _, it := range items {
		key, value, _ := strings.Cut(it, "=")
		f.Items = append(f.Items, hj212.NewItem(key, value))
	}
	raw, err := f.Append(nil, nil)
	if err != nil {
		panic(err)
	}
	return telemetry.Received{At: at, Sort: telemetry.Frame, MN: mn, From: "192.0.2.7:40112", Raw: raw[:len(raw)-2]}
}

const stack = "010000A8900016F000169DC0"
