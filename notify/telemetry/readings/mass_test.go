package readings

import (
	"strings"
	"testing"

	"qingkong/notify/telemetry"
)

func TestMassOfAnHour(t *testing.T) {
	conc := func(flag telemetry.Flag, kinds ...float64) telemetry.Reading { // mean, amount, converted mean
		r := telemetry.Reading{Point: so2, Step: telemetry.Hour, At: eight, Flag: flag}
		for i, x := range kinds {
			if x >= 0 {
				r.Values.Set([]telemetry.Kind{telemetry.Avg, telemetry.Total, telemetry.ZsAvg}[i], x)
			}
		}
		return r
	}
	flow := func(flag telemetry.Flag, kinds ...float64) telemetry.Reading {
		r := conc(flag, kinds...)
		r.Point = telemetry.PointOf(mn, "a00000")
		return r
	}
	later := flow('N', 100)
	later.At = eight.Add(1)
	micro := conc('N', 30000)
	for _, c := range []struct {
		name, unit      string
		pollutant, flow telemetry.Reading
		want            Mass
		ok              bool
	}{
		{"the device's amount", "mg/m3", conc('N', 30, 11.5), flow('N', 100, 360000), Mass{KG: 11.5, How: ByAmount}, true},
		{"by the amount of flow", "mg/m3", conc('N', 30, -1, 45), flow('N', 101, 360000), Mass{10.8, ByFlowAmount, 30,
			360000}, true},
		{"by the mean flow", "mg/m3", conc('N', 30, -1, 45), flow('N', 100), Mass{10.8, ByFlowMean, 30, 100}, true},
		{"of µg/m3", "µg/m3", micro, flow('N', 100), Mass{10.8, ByFlowMean, 30, 100}, true},
		{"of another quantity", "kW", conc('N', 30), flow('N', 100), Mass{}, false},
		{"of nobody knows what", "", conc('N', 30), flow('N', 100), Mass{}, false},
		{"nothing was emitted", "mg/m3", conc('N', 0), flow('N', 0), Mass{0, ByFlowMean, 0, 0}, true},
		{"the converted mean alone", "mg/m3", conc('N', -1, -1, 45), flow('N', 100), Mass{}, false},
		{"an hour that does not count", "mg/m3", conc('D', 30, 11.5), flow('N', 100), Mass{}, false},
		{"a flow that does not count", "mg/m3", conc('N', 30), flow('M', 100), Mass{}, false},
		{"another hour's flow", "mg/m3", conc('N', 30), later, Mass{}, false},
		{"no flow", "mg/m3", conc('N', 30), telemetry.Reading{}, Mass{}, false},
	} {
		got, ok := HourMass(c.unit, &c.pollutant, &c.flow)
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %+v, %v, want %+v", c.name, got, ok, c.want)
		}
		if ok && (!strings.Contains(got.Message("en"), "kg") || strings.Contains(got.Message("zh-CN"), "{")) {
			t.Errorf("%s: %q", c.name, got.Message("en"))
		}
	}
	if kg, n := DayMass([]Mass{{KG: 0.1}, {KG: 0.2}}); kg != 0.3 || n != 2 {
		t.Errorf("%v kg of %d hours", kg, n)
	}
}

// The three ways agree where the device's own figures do.
func TestTheWaysToAMassAgree(t *testing.T) {
	rs, _ := Of(stack(), frame("2061", "DataTime=20260301070000;a21026-Avg=30,a21026-Cou=10.8,a21026-Flag=N;"+
		"a00000-Avg=360000,a00000-Cou=360000,a00000-Flag=N", 2017), at("2026-03-01 08:05:02"), Options{})
	p, f := rs[0], rs[1]
	for _, without := range []telemetry.Kinds{0, 1 << telemetry.Total} {
		p.Values.Has &^= without
		for _, missing := range []telemetry.Kinds{0, 1 << telemetry.Total} {
			f := f
			f.Values.Has &^= missing
			if m, ok := HourMass("mg/m3", &p, &f); !ok || m.KG != 10.8 {
				t.Errorf("%+v, %v", m, ok)
			}
		}
	}
}
