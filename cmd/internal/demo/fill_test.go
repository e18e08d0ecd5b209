package demo

import (
	"slices"
	"testing"
	"time"

	"qingkong/cmd/internal/service/servicetest"
	"qingkong/cmd/internal/simulate"
	"qingkong/cmd/internal/stations/stationstest"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
	"qingkong/seeds"
)

// monitored is a record with the embedded list, and a node that keeps what instruments say.
func monitored(t *testing.T) (*servicetest.World, Program) {
	t.Helper()
	w := servicetest.New(t, nil)
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	w.Import(l)
	w.Svc.Instruments = stationstest.New(t, w.Svc, w.Clock.Now)
	return w, Program{Service: w.Svc}
}

// meterOf is a meter of a site as a start makes it.
func meterOf(t *testing.T, p Program, ref string) *simulate.Meter {
	t.Helper()
	s, err := p.site(t.Context(), "E0003")
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(s.meters, func(m *simulate.Meter) bool { return m.Ref == ref })
	if i < 0 {
		t.Fatalf("no meter %s", ref)
	}
	return s.meters[i]
}

// A second start fills in what is not there yet, and says nothing of an hour whose quarters are there: its plant knows
// of no order that has ended.
func TestWhatAMeterSaidStays(t *testing.T) {
	w, p := monitored(t)
	const ref = "XQ-E0003-1"
	began := w.Clock.Now().Truncate(time.Hour)
	hours := func(to time.Time) map[time.Time]float64 {
		t.Helper()
		var all []telemetry.Kept
		var err error
		want := int(to.Sub(began.Add(-hoursBack)) / time.Hour)
		stationstest.Eventually(t, "all hours", func() bool {
			all, err = w.Svc.Instruments.Series(t.Context(), telemetry.Point(ref), telemetry.Hour, began.Add(-hoursBack), to, want+1)
			return err != nil || len(all) == want
		})
		if err != nil {
			t.Fatal(err)
		}
		out := map[time.Time]float64{}
		for _, k := range all {
			v, ok := k.Values.Get(telemetry.Avg)
			if out[k.At.UTC()] = v; !ok || len(k.Others) > 0 {
				t.Errorf("the hour of %s: %+v", k.At, k)
			}
		}
		return out
	}
	m := meterOf(t, p, ref)
	if err := m.Plant.Order(simulate.Order{ID: "O1", From: began.Add(-30 * time.Hour), To: began.Add(-10 * time.Hour),
		Fraction: 0.4}); err != nil {
		t.Fatal(err)
	}
	if err := p.fillMeter(t.Context(), m, began); err != nil {
		t.Fatal(err)
	}
	before := hours(began)
	for _, off := range []time.Duration{30 * time.Hour, 80 * time.Hour} {
		w.Clock.Add(off)
		now := w.Clock.Now().Truncate(time.Hour)
		if err := p.fillMeter(t.Context(), meterOf(t, p, ref), now); err != nil {
			t.Fatal(err)
		}
		after := hours(now)
		for at, v := range before {
			if after[at] != v {
				t.Errorf("the hour of %s was %g and is %g after a start %s later", at, v, after[at], off)
			}
		}
		before = after
	}
}

// A gate's trucks of an order that has ended stay those that were let in.
func TestWhatAGateSaidStays(t *testing.T) {
	w, p := monitored(t)
	const ref = "MJ-E0003-1"
	began := w.Clock.Now().Truncate(time.Hour)
	trucks := func() []readings.Pass {
		t.Helper()
		all, err := w.Svc.Instruments.Passes(t.Context(), ref, began.Add(-24*time.Hour), began, 0, 100_000)
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	fill := func(m *simulate.Meter, now time.Time) {
		t.Helper()
		m.Full = 200 // so many trucks an hour that some of each hour are turned away
		if err := p.fillMeter(t.Context(), m, now); err != nil {
			t.Fatal(err)
		}
		stationstest.Eventually(t, "trucks of the last hour", func() bool {
			all, err := w.Svc.Instruments.Passes(t.Context(), ref, now.Add(-time.Hour), now, 0, 1)
			return err != nil || len(all) > 0
		})
	}
	m := meterOf(t, p, ref)
	if err := m.Plant.Order(simulate.Order{ID: "O1", From: began.Add(-30 * time.Hour), To: began, Fraction: 1}); err != nil {
		t.Fatal(err)
	}
	fill(m, began)
	before := trucks()
	w.Clock.Add(5 * time.Hour)
	fill(meterOf(t, p, ref), began.Add(5*time.Hour))
	if after := trucks(); len(before) == 0 || !slices.Equal(before, after) {
		t.Errorf("%d trucks went in under the order, and %d after a start later", len(before), len(after))
	}
}
