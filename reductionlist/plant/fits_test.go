package plant

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/reductionlist"
)

// A plan serves an order that begins no more than the hour before it that a plan's whole hours need, and ends no later
// than it does.
func TestFits(t *testing.T) {
	at := func(text string) *time.Time {
		if text == "" {
			return nil
		}
		v := clockTime("2016-12-" + text)
		return &v
	}
	for _, c := range []struct {
		from, ends string // of the order
		plan       string // until when the order was for which it was made
		want       bool
	}{
		{"16 20:00", "18 00:00", "18 00:00", true},
		{"16 19:00", "18 00:00", "18 00:00", true},
		{"16 18:59", "18 00:00", "18 00:00", false},
		{"16 12:00", "18 00:00", "18 00:00", false},
		{"17 23:59", "18 00:00", "18 00:00", true},
		{"18 00:00", "18 06:00", "18 06:00", false},
		{"16 20:00", "17 12:00", "18 00:00", true},
		{"16 20:00", "18 00:01", "18 00:00", false},
		{"16 20:00", "", "18 00:00", false},
		{"16 20:00", "", "", true},
		{"16 20:00", "18 00:00", "", true},
		{"16 20:00", "18 00:01", "", false},
		{"16 20:00", "18 06:00", "18 06:00", true}, // the plan is cut at midnight, and so is known to be
	} {
		p := &OperatingPlan{Window: PlanWindow{From: *at("16 20:00"), To: *at("18 00:00"), Ends: at(c.plan)}}
		if got := p.Fits(*at(c.from), at(c.ends)); got != c.want {
			t.Errorf("an order from %s to %q, a plan to %q: %v, want %v", c.from, c.ends, c.plan, got, c.want)
		}
	}
}

// A day's tonnes are a tenth's multiple that the plan itself keeps to, and no more than a tenth above it.
func TestDaysOfAQuantityAreRoundedUp(t *testing.T) {
	of := func(tonnes ...float64) float64 {
		p := &OperatingPlan{Days: []PlanDay{{Date: "2016-12-16"}}}
		var names []string
		for i, v := range tonnes {
			name := string(rune('A' + i))
			p.Days[0].Units, names = append(p.Days[0].Units, MachineDay{Name: name, T: v}), append(names, name)
		}
		return p.quantity(names)[0].Value
	}
	for _, c := range []struct{ tonnes, want float64 }{{100, 100}, {100.01, 100.1}, {100.04, 100.1}, {100.06, 100.1},
		{100.1, 100.1}, {100.000001, 100}, {0, 0}, {0.01, 0.1}} {
		if got := of(c.tonnes); got != c.want {
			t.Errorf("%g t: %g, want %g", c.tonnes, got, c.want)
		}
	}
	if got := of(0.1, 0.2); got != 0.3 {
		t.Errorf("0.1 and 0.2 t: %g", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := grams(rapid.Float64Range(0, 20000).Draw(t, "tonnes"))
		if got := of(v); got < v-1e-5-1e-9 || got > v+0.1 || math.Abs(got*10-math.Round(got*10)) > 1e-6 {
			t.Fatalf("%g t: %g", v, got)
		}
	})
}

// What a measure demands by the day is what the words of the order say.
func TestQuantityDaysKeepThePlan(t *testing.T) {
	p := running()
	p.Window = PlanWindow{From: p.Steps[0].At, To: p.Steps[0].At.Add(30 * time.Hour)}
	for i := range p.Steps {
		p.Steps[i].Units[0].T += 0.003
	}
	p.Add()
	ms, days := p.Measures([]reductionlist.Measure{{ID: "M1", Action: reductionlist.ReduceCoal, Unit: "5#机组"}})
	largest := 0.0
	for i, d := range days["M1"] {
		largest = max(largest, d.Value)
		if burnt := p.Days[i].Units[0].T; d.Value < burnt || d.Value > burnt+0.1 {
			t.Errorf("%s: %g t are allowed, %g burnt", d.Date, d.Value, burnt)
		}
	}
	if q := ms[0].Quantity; q.Value != largest || largest != 2400.1 {
		t.Errorf("%+v, largest %g", q, largest)
	}
}
