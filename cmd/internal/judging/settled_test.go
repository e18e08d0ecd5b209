package judging_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/judging"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
)

// A pass reads the hours that may still change, however long the order goes on, and no baseline again.
func TestAnHourReadsFewHours(t *testing.T) {
	p := newPlant(t)
	l, err := p.eval.Look(t.Context(), p.id, "E0003")
	if err != nil {
		t.Fatal(err)
	}
	meter, _ := l.Watches[slices.IndexFunc(l.Watches, func(w judging.WatchLook) bool {
		return w.Kind == "at_most_fraction_of_baseline"
	})].Points()
	p.saysOf(meter, "kW", telemetry.Avg, -24*45, slices.Repeat([]float64{100}, 24*45)...)
	for _, point := range []telemetry.Point{p.point, meter} {
		reads := &counted{Readings: p.readings, of: point}
		p.eval = p.fresh(reads)
		first := int(p.Clock.Now().Sub(p.due) / time.Hour)
		for hour := first; hour < first+20; hour++ {
			if hour == first+11 { // no day ends from here on, with which something else would be found
				reads.earliest.Store(0)
			}
			p.says(hour, 30)
			p.saysOf(meter, "kW", telemetry.Avg, hour, 50)
			p.until(float64(hour + 1))
		}
		if from := time.Unix(reads.earliest.Load(), 0); from.Before(p.due.Add(time.Duration(first+4) * time.Hour)) {
			t.Errorf("from hour %d on passes read %s from %v on, as if nothing were settled", first+11, point, from)
		}
	}
}

// A verdict that changes when what it rests on is long settled names all of its hours all the same.
func TestAVerdictThatChangesLate(t *testing.T) {
	p := newPlant(t)
	pass := func(hours int) { p.until(float64(hours)); p.until(float64(hours) + 0.1) }
	p.says(0, 40, 41)
	for hour := 2; hour < 14; hour++ {
		p.saysOf(boiler, "t", telemetry.Total, hour-1, 100) // somebody reports, so that time is known to go on
		pass(hour)
	}
	p.says(12, 42, 43)
	pass(14)
	_, f := p.verdict()
	if f.Verdict != judge.Violated || len(f.Hours) < 4 || *f.Hours[len(f.Hours)-1].Measured != 43 || !f.From.Equal(p.due) {
		t.Fatalf("four fails around hours without data are %+v", f)
	}
	for hour := 15; hour < 17; hour++ {
		p.says(hour-1, 44)
		pass(hour)
	}
	revision := f.Revision
	p.says(13, 60)
	pass(17)
	if _, f = p.verdict(); f.Revision != revision+1 {
		t.Errorf("one of its hours reads otherwise, and it stays as it was: %+v", f)
	}
}

// wayward is a plant whose instruments, enterprise and officers do anything at all.
type wayward struct {
	*plant
	rng   *rand.Rand
	meter telemetry.Point
	next  map[telemetry.Point]int // the hour that has not come yet
	base  int
}

// says something of a point: its next hours, often with a gap, or of hours long past what was not said before or is otherwise.
func (w *wayward) speaks(point telemetry.Point, unit string, kind telemetry.Kind, level float64) {
	now := int(w.Clock.Now().Sub(w.due) / time.Hour)
	first, n := w.next[point], 1+w.rng.IntN(4)
	if w.rng.IntN(4) == 0 && first > 3 {
		first = w.rng.IntN(first)
	} else {
		if w.rng.IntN(5) == 0 {
			first += w.rng.IntN(5)
		}
		n = max(n, now-first)
		w.next[point] = first + n
	}
	values := make([]float64, n)
	for i := range values {
		w.base++
		values[i] = level*(0.8+0.4*w.rng.Float64()) + float64(w.base)/1000 // never the same
	}
	w.saysOf(point, unit, kind, first, values...)
}

// acts is what is said of a finding, or decided.
func (w *wayward) acts() {
	var all []*compliance.Finding
	err := w.Svc.J.View(func(tx *bbolt.Tx) (err error) {
		all, _, err = compliance.ListFindings(tx, compliance.Filter{Warning: w.id, Open: true,
			Wanted: func(f *compliance.Finding) bool { return f.Verdict >= judge.Suspected }}, "", compliance.MaxPage)
		return err
	})
	if err != nil || len(all) == 0 {
		return
	}
	f := all[w.rng.IntN(len(all))]
	switch w.rng.IntN(3) {
	case 0:
		_ = w.submit(judging.CommandExplain, f.Recipient, compliance.Explain{Finding: f.ID, Recipient: f.Recipient, NoteRef: "v1",
			NoteHash: fmt.Sprint(w.rng.Int())}) // which may be refused
	case 1:
		decision := []compliance.Decision{compliance.Accept, compliance.Reject}[w.rng.IntN(2)]
		_ = w.submit(judging.CommandDecide, "duty", compliance.DecideExplanation{Finding: f.ID, Decision: decision, ReasonRef: "v2"})
	case 2:
		for _, h := range f.Hours {
			if len(h.Said) > 1 && h.Said[1].Value != nil {
				_ = w.submit(judging.CommandValue, "duty", compliance.AcceptValue{Finding: f.ID, At: h.At, Value: *h.Said[1].Value})
			}
		}
	}
}

// agrees holds what passes see, on from what is settled, against what an evaluator sees that has seen nothing yet.
func (w *wayward) agrees(step string) {
	w.t.Helper()
	last := w.Clock.Now().Add(-time.Hour - judge.Defaults.WaitFor - time.Duration(w.rng.IntN(12))*time.Hour).Truncate(time.Hour)
	fresh := w.fresh(w.readings)
	for _, recipient := range []string{"E0001", "E0003"} {
		goesOn, err := w.eval.GoOn(w.t.Context(), w.id, recipient, last)
		if err != nil {
			w.t.Fatal(err)
		}
		whole, err := fresh.Look(w.t.Context(), w.id, recipient)
		if err != nil {
			w.t.Fatal(err)
		}
		text := func(l *judging.Look) string {
			events, tasks, err := w.eval.Records(l)
			if err != nil {
				w.t.Fatal(err)
			}
			b, err := json.Marshal([]any{events, tasks, l.Leaves(last)})
			if err != nil {
				w.t.Fatal(err)
			}
			return string(b)
		}
		if got, want := text(goesOn), text(whole); got != want {
			w.t.Fatalf("%s: %s shows\n%s\nand from the beginning\n%s", step, recipient, got, want)
		}
		for i := range whole.Watches {
			if got, want := goesOn.Watches[i].State, whole.Watches[i].State; !reflect.DeepEqual(got, want) {
				w.t.Fatalf("%s: %s of %s shows\n%+v\nand from the beginning\n%+v", step, whole.Watches[i].Measure, recipient, got, want)
			}
		}
	}
}

// An evaluator that goes on from what it saw sees what one does that begins anew, whatever comes in whatever order.
func TestGoingOnIsAsBeginningAnew(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			w := &wayward{plant: newPlant(t), rng: rand.New(rand.NewPCG(seed, 23)), next: map[telemetry.Point]int{}}
			l, err := w.eval.Look(t.Context(), w.id, "E0003")
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(l.Watches, func(w judging.WatchLook) bool { return w.Kind == "at_most_fraction_of_baseline" })
			w.meter, _ = l.Watches[i].Points()
			days := slices.Concat(slices.Repeat([]float64{80}, 24), slices.Repeat([]float64{120}, 24)) // one day more moves the middle
			w.saysOf(w.meter, "kW", telemetry.Avg, -24*29, slices.Repeat(days, 13)...)
			w.until(0)
			settled := 0
			for step := range 40 {
				did := fmt.Sprint("seed ", seed, ", step ", step)
				switch w.rng.IntN(9) {
				case 0, 1:
					w.speaks(w.point, "mg/m3", telemetry.Avg, 35)
				case 2, 3:
					w.speaks(w.meter, "kW", telemetry.Avg, 90)
				case 4:
					w.speaks(boiler, "t", telemetry.Total, 106)
				case 5:
					w.acts()
				case 6: // more of what was usual is told
					w.saysOf(w.meter, "kW", telemetry.Avg, -24*(1+w.rng.IntN(3)), slices.Repeat([]float64{60 + 100*w.rng.Float64()}, 20)...)
				default:
					w.until(w.Clock.Now().Sub(w.due).Hours() + 2*w.rng.Float64())
				}
				w.agrees(did)
				if w.rng.IntN(2) == 0 {
					w.until(0)
					w.agrees(did + ", after a pass")
				}
				settled = max(settled, w.eval.Settled(w.id, "E0001"))
			}
			if settled == 0 {
				t.Error("nothing was settled, so that nothing was held against anything")
			}
		})
	}
}
