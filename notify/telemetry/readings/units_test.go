package readings

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestUnitsAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		from string
		x    float64
		to   string
		want float64
	}{
		{"mg/m3", 35.2, "mg/m³", 35.2},
		{"MG/Nm³", 35.2, "毫克/立方米", 35.2},
		{"μg/m3", 35.2, "mg/m3", 0.0352},
		{"µg/m³", 35.2, "ug/m3", 35.2},
		{"ng/m3", 2_500_000, "mg/m3", 2.5},
		{"g/m3", 0.1, "mg/m3", 100},
		{"m3/h", 360_000, "m3/s", 100},
		{"万m³/h", 36, "m3/s", 100},
		{"Nm3/h", 7200, "立方米/秒", 2},
		{"Pa", -26, "kPa", -0.026},
		{"MPa", 1, "kPa", 1000},
		{"K", 273.15, "℃", 0},
		{"°C", 850, "℃", 850},
		{"kW", 1500, "MW", 1.5},
		{"万千瓦", 1.5, "kW", 15000},
		{"度", 12, "kWh", 12},
		{"MWh", 1.2, "千瓦时", 1200},
		{"kg/h", 900, "t/h", 0.9},
		{"吨/日", 240, "t/h", 10},
		{"kg", 31200, "t", 31.2},
		{"％", 6, "%", 6},
		{"mA", 20, "A", 0.02},
	} {
		if got, ok := Convert(c.x, c.from, c.to); !ok || got != c.want {
			t.Errorf("%g %s is %g %s (%v), want %g", c.x, c.from, got, c.to, ok, c.want)
		}
	}
	for _, c := range [][2]string{{"mg/m3", "kg"}, {"kW", "kWh"}, {"t", "t/h"}, {"ppm", "mg/m3"}, {"", "kW"}, {"kg",
		""}} {
		if x, ok := Convert(1, c[0], c[1]); ok {
			t.Errorf("1 %s is %g %s", c[0], x, c[1])
		}
	}
	if x, ok := Convert(3, "台班", "台班"); !ok || x != 3 {
		t.Error("a unit that is not known is not itself")
	}
}

func TestWhatRatesAddUpTo(t *testing.T) {
	for _, c := range []struct{ unit, amount string }{{"mg/m3", "kg"}, {"µg/m3", "kg"}, {"m3/s", "m3"}, {"m3/h", "m3"},
		{"kW", "kWh"}, {"MW", "kWh"}, {"t/h", "t"}, {"kg/h", "t"}, {"t", "t"}, {"kg", "kg"}, {"MWh", "MWh"},
		{"辆次", "辆次"}, {"℃", ""}, {"Hz", ""}, {"台班", ""}} {
		if got := AmountUnit(c.unit); got != c.amount {
			t.Errorf("%s adds up to %q, want %q", c.unit, got, c.amount)
		}
		if IsAmount(c.unit) != (c.unit == c.amount && c.unit != "") {
			t.Errorf("IsAmount(%s) is %v", c.unit, IsAmount(c.unit))
		}
	}
	for _, c := range []struct {
		x     float64
		from  string
		hours float64
		to    string
		want  float64
	}{{25, "kWh", 0.25, "kW", 100}, {100, "kW", 0.25, "kWh", 25}, {1.5, "MWh", 1, "kW", 1500}, {8, "t/h", 0.5, "t", 4},
		{500, "kg", 0.25, "t/h", 2}, {100, "m3/s", 1, "m3", 360_000}, {720, "m3", 0.1, "m3/s", 2}} {
		a, _ := ParseUnit(c.from)
		b, _ := ParseUnit(c.to)
		if got, ok := a.over(c.x, c.hours, b); !ok || got != c.want {
			t.Errorf("%g %s over %g h is %g %s (%v), want %g", c.x, c.from, c.hours, got, c.to, ok, c.want)
		}
	}
}

// Every unit has one usual spelling, which is read as itself, and turning a number there and back leaves it.
func TestUnitsTurnIntoEachOtherAndBack(t *testing.T) {
	var all []Unit
	for name, u := range units {
		usual, ok := ParseUnit(u.Name)
		if !ok || usual != u {
			t.Errorf("%s is %+v, and %s is %+v", name, u, u.Name, usual)
		}
		all = append(all, u)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SampledFrom(all).Draw(t, "from"), rapid.SampledFrom(all).Draw(t, "to")
		x := float64(rapid.IntRange(-1_000_000, 1_000_000).Draw(t, "x")) / 1000
		there, ok := a.to(x, b)
		back, same := b.to(there, a)
		if ok != (a.of == b.of) || ok != same {
			t.Fatalf("%s to %s: %v and %v", a.Name, b.Name, ok, same)
		}
		if ok && math.Abs(back-x) > 1e-8*max(1, math.Abs(x)) {
			t.Fatalf("%g %s is %g %s is %g", x, a.Name, there, b.Name, back)
		}
	})
}
