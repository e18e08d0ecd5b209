package rows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

// drawn draws what two stations and a stranger send in two days, in batches: samples, minutes, hours and days, late,
// again, with other values, in parts that come between each other, with bytes that are refused.
func drawn(t *rapid.T) (out [][]telemetry.Received) {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	pick := func(of ...int) int { return of[random.IntN(len(of))] }
	now := eight
	var parts []telemetry.Received
	for range rapid.IntRange(1, 6).Draw(t, "batches") {
		var batch []telemetry.Received
		for range rapid.IntRange(1, 25).Draw(t, "frames") {
			now = now.Add(time.Duration(pick(0, 1, 20, 59, 300)) * time.Second)
			about := now.Add(-time.Duration(pick(0, 0, 1, 5, 60, 600))*time.Minute).Format("200601021504") + fmt.Sprintf("%02d", pick(0, 0, 7, 30))
			x, y := fmt.Sprintf("%d.%d", pick(1, 2, 3), pick(0, 5)), fmt.Sprint(pick(1, 2, 3))
			flag := string("NNND"[random.IntN(4)])
			switch random.IntN(12) {
			case 0, 1:
				batch = append(batch, say(now, stack, "2011", about, "a21026-Rtd="+x, "a21026-Flag="+flag))
			case 2, 3:
				batch = append(batch, say(now, stack, "2051", about[:11]+"000", "a21026-Avg="+x, "a21026-Cou="+y, "a21026-Flag="+flag))
			case 4:
				batch = append(batch, part(now, stack, "2061", about[:10]+"0000", pick(0, 1) == 1, 0, 0, "a21026-Avg="+x))
			case 5:
				batch = append(batch, say(now, stack, "2031", about[:8]+"000000", "a34013-Avg="+x, "a34013-Max="+y))
			case 6, 7:
				for m := range 50 {
					batch = append(batch, say(now, "POWER", "2011", about[:10]+fmt.Sprintf("%02d%02d", m, pick(0, 30)), "g20301-Rtd="+x))
				}
			case 8, 9:
				id := about[:10] + fmt.Sprintf("%02d00", pick(0, 10, 20, 30, 40, 50))
				parts = append(parts, part(now, stack, "2051", id, false, 2, 1, "a34013-Avg="+x),
					part(now, stack, "2051", id, false, 2, 2, "a21026-Avg="+y))
			case 10:
				batch = append(batch, telemetry.Received{At: now, Sort: telemetry.Refused, MN: stack, Why: "crc", Raw: []byte("##0000" + x)})
			case 11:
				r := say(now, fmt.Sprint("STRANGE", pick(1, 2, 3)), "2011", about, "a21026-Rtd="+x)
				r.Sort, r.Why = telemetry.Unknown, "unknown"
				batch = append(batch, r)
			}
			for len(parts) > 0 && random.IntN(3) == 0 {
				i := random.IntN(len(parts))
				parts[i].At = now
				batch = append(batch, parts[i])
				parts = slices.Delete(parts, i, i+1)
			}
		}
		out = append(out, batch)
	}
	return out
}

// period is what the model keeps of a point for a period: readings that differ, as they came.
type period struct {
	point telemetry.Point
	step  telemetry.Step
	start time.Time
}

// slow is the rows as maps of all that came.
type slow struct {
	periods map[period][]telemetry.Reading
	parts   map[string]*hj212.Assembler
	at      time.Time
}

func slowly(register map[string]*telemetry.Station, all []telemetry.Received) *slow {
	s := &slow{periods: map[period][]telemetry.Reading{}, parts: map[string]*hj212.Assembler{}}
	for _, r := range all {
		s.at = r.At
		if r.Sort != telemetry.Frame {
			continue
		}
		d, f := hj212.NewDecoder(bytes.NewReader(r.Raw), hj212.Options{Version: register[r.MN].Version, Live: true}), &hj212.Frame{}
		if err := d.Next(f); err != nil || f.Fault != nil {
			panic(f.Fault)
		}
		if s.parts[r.MN] == nil {
			s.parts[r.MN] = hj212.NewAssembler(hj212.Limits{})
		}
		whole, _ := s.parts[r.MN].Add(f, r.At)
		if whole == nil {
			continue
		}
		rs, _ := readings.Of(register[r.MN], whole, r.At, readings.Options{})
		for _, x := range rs {
			s.add(x)
		}
	}
	return s
}

func (s *slow) add(x telemetry.Reading) {
	key := period{x.Point, x.Step, x.At}
	if x.Step == telemetry.Moment {
		key.start = x.At.Truncate(time.Minute)
		if have := s.periods[key]; len(have) == 0 || x.At.After(have[0].At) {
			s.periods[key] = []telemetry.Reading{x}
		}
		return
	}
	for _, have := range s.periods[key] {
		if have.Values == x.Values && have.Flag == x.Flag && have.Span == x.Span {
			return
		}
	}
	s.periods[key] = append(s.periods[key], x)
}

// series is what the model has of a point and a step: the first of each period, and what else was said.
func (s *slow) series(st *telemetry.Station, p telemetry.Point, step telemetry.Step, from, to time.Time) (out [][]telemetry.Reading) {
	every := map[telemetry.Step]time.Duration{1: time.Minute, 2: time.Minute, 3: time.Hour, 4: 24 * time.Hour}[step]
	for at := from; at.Before(to); at = at.Add(every) {
		if have := s.periods[period{p, step, at}]; len(have) > 0 {
			out = append(out, have)
			continue
		}
		if step < telemetry.Hour || at.Add(every).After(s.at) {
			continue
		}
		if made, ok := s.made(st, p, step, at); ok {
			out = append(out, []telemetry.Reading{made})
		}
	}
	return out
}

func (s *slow) made(st *telemetry.Station, p telemetry.Point, step telemetry.Step, at time.Time) (telemetry.Reading, bool) {
	_, factor := p.Split()
	unit := readings.UnitOf(st, factor, "")
	if step == telemetry.Hour {
		var of []telemetry.Reading
		for m := at; m.Before(at.Add(time.Hour)); m = m.Add(time.Minute) {
			steps := []telemetry.Step{telemetry.Minute}
			if st.ST == "45" {
				steps = append(steps, telemetry.Moment)
			}
			for _, step := range steps {
				if have := s.periods[period{p, step, m}]; len(have) > 0 {
					of = append(of, have[0])
				}
			}
		}
		made, _, _ := readings.HourOf(unit, of, at)
		return made, made.Step != 0
	}
	var of []telemetry.Reading
	for _, hour := range s.series(st, p, telemetry.Hour, at, at.Add(24*time.Hour)) {
		of = append(of, hour[0])
	}
	made, _, _ := readings.DayOf(unit, of, at)
	return made, made.Step != 0
}

// compare holds all series of a world to those of the model.
func (s *slow) compare(w *world) {
	w.t.Helper()
	from := eight.Add(-32 * time.Hour) // midnight of the day before
	for p, mn := range map[telemetry.Point]string{stack + ".a21026": stack, stack + ".a34013": stack, "POWER.g20301": "POWER"} {
		for step := telemetry.Moment; step <= telemetry.Day; step++ {
			want := s.series(w.register[mn], p, step, from, from.AddDate(0, 0, 4))
			got := w.series(p, step, from, from.AddDate(0, 0, 4))
			if len(got) != len(want) {
				w.t.Fatalf("%s step %d: %d entries, want %d", p, step, len(got), len(want))
			}
			for i := range want {
				same(w, got[i], want[i])
			}
		}
	}
}

func same(w *world, got Entry, want []telemetry.Reading) {
	w.t.Helper()
	all := append([]Entry{got}, got.Others...)
	if got.More != (len(want) > 1+maxOthers) || !got.More && len(all) != len(want) {
		w.t.Fatalf("%+v\nwant %+v", got, want)
	}
	for j, e := range all {
		if x := want[j]; !e.At.Equal(x.At) || e.Point != x.Point || e.Step != x.Step || e.Values != x.Values ||
			e.Flag != x.Flag || e.Span != x.Span || e.Resent != x.Resent {
			w.t.Fatalf("%+v\nwant %+v", e.Reading, x)
		}
	}
}

// crash has the n-th update from now on fail, kept or not, and goes on with what is in the files.
func (w *world) crash(n int, kept bool) {
	w.rows.crashIn, w.rows.kept = n, kept
	if err := w.b.Flush(context.Background()); err != nil && !errors.Is(err, errCrash) {
		w.t.Fatal(err)
	}
	w.rows.crashIn = 0
	w.start()
}

// Whatever stations send, and wherever a crash is, the rows are those of the model, and stations are what they are
// where nothing crashed and nothing was written.
func TestRowsAreThoseOfAllThatCame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w, calm := newWorld(t), newWorld(t)
		w.t, calm.t = rt, rt
		batches := drawn(rt)
		for _, batch := range batches {
			w.receive(batch...)
			calm.got(batch...)
			switch rapid.SampledFrom([]string{"apply", "flush", "crash", "fail", "wait"}).Draw(rt, "then") {
			case "apply":
				w.apply(rapid.IntRange(0, 3).Draw(rt, "chunks"))
			case "flush":
				w.apply(100)
				w.flush()
			case "crash":
				w.apply(100)
				w.crash(rapid.IntRange(1, 4).Draw(rt, "update"), rapid.Bool().Draw(rt, "kept"))
			case "fail": // and goes on in the same run
				w.apply(rapid.IntRange(0, 3).Draw(rt, "chunks"))
				w.rows.crashIn, w.rows.late = rapid.IntRange(1, 4).Draw(rt, "update"), rapid.Bool().Draw(rt, "late")
				w.rows.kept = false
				if err := w.b.Flush(context.Background()); err != nil && !errors.Is(err, errCrash) {
					rt.Fatal(err)
				}
				w.rows.crashIn, w.rows.late = 0, false
			}
		}
		w.apply(100)
		model := slowly(w.register, slices.Concat(batches...))
		model.compare(w)
		model.compare(calm)
		w.flush()
		w.start()
		model.compare(w)
		alike(w, calm)
		w.rows = newFile(t, Buckets()) // the file is lost, and made anew from the log
		w.start()
		w.apply(100)
		model.compare(w)
		alike(w, calm)
	})
}

// alike compares what two worlds say of stations.
func alike(w, calm *world) {
	for _, mn := range []string{stack, "POWER", ""} {
		a, b := w.state(mn), calm.state(mn)
		a.Through, b.Through = 0, 0
		if asJSON(a) != asJSON(b) {
			w.t.Fatalf("%+v\nwant %+v", a, b)
		}
		points, err := w.b.Points(mn)
		w.must(err)
		want, err := calm.b.Points(mn)
		w.must(err)
		if !reflect.DeepEqual(points, want) {
			w.t.Fatalf("points %+v\nwant %+v", points, want)
		}
	}
	if a, b := w.b.Unknown(), calm.b.Unknown(); asJSON(a) != asJSON(b) {
		w.t.Fatalf("%v\nwant %v", a, b)
	}
}

func asJSON(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// Reads see each reading at any time, while others are written.
func TestReadsWhileRowsAreWritten(t *testing.T) {
	w := newWorld(t)
	done := make(chan error, 1)
	const n = 400
	go func() {
		defer close(done)
		for i := range n {
			at := eight.Add(time.Duration(i) * 10 * time.Minute)
			var seq uint64
			err := w.log.db.Update(func(tx *bbolt.Tx) (err error) {
				seq, err = frames.Append(tx, []telemetry.Received{say(at, stack, "2051", at.Format("200601021504")+"00", "a21026-Avg=1")})
				return err
			})
			if err == nil {
				err = w.b.Apply(seq, []telemetry.Received{say(at, stack, "2051", at.Format("200601021504")+"00", "a21026-Avg=1")})
			}
			if err == nil && i%3 == 0 {
				err = w.b.Flush(context.Background())
			}
			if err != nil {
				done <- err
				return
			}
		}
	}()
	for have := 0; have < n; {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		default:
		}
		got := w.series(stack+".a21026", telemetry.Minute, eight, eight.AddDate(0, 0, 4))
		if len(got) < have {
			t.Fatalf("%d readings, and before there were %d", len(got), have)
		}
		have = len(got)
		for i, e := range got {
			if !e.At.Equal(eight.Add(time.Duration(i) * 10 * time.Minute)) {
				t.Fatalf("reading %d is of %v", i, e.At)
			}
		}
	}
}
