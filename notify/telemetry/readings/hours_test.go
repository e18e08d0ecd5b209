package readings

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
)

const so2 = telemetry.Point(mn + ".a21026")

var eight = at("2026-03-01 08:00:00")

// minute is a reading of some minutes, from a minute of the hour on.
func minute(from, span int, flag telemetry.Flag, values ...float64) telemetry.Reading {
	r := telemetry.Reading{Point: so2, Step: telemetry.Minute, At: eight.Add(time.Duration(from) * time.Minute),
		Span: span,
		Flag: flag}
	for i, x := range values {
		r.Values.Set([]telemetry.Kind{telemetry.Avg, telemetry.Total, telemetry.ZsAvg}[i], x)
	}
	return r
}

func TestAnHourNeedsFortyFiveMinutes(t *testing.T) {
	every := func(span, from, to int, flag telemetry.Flag) (out []telemetry.Reading) {
		for m := from; m < to; m += span {
			out = append(out, minute(m, span, flag, 10, 1, 20))
		}
		return out
	}
	for _, c := range []struct {
		name string
		of   []telemetry.Reading
		n    int
		ok   bool
		want string
	}{
		{"60 of one", every(1, 0, 60, 'N'), 60, true, "a21026 hour 03-01 08:00:00 N avg=10 total=60 zsavg=20"},
		{"6 of ten", every(10, 0, 60, 'N'), 60, true, "a21026 hour 03-01 08:00:00 N avg=10 total=6 zsavg=20"},
		{"45 stand for 60", every(5, 0, 45, 'N'), 45, true, "a21026 hour 03-01 08:00:00 N avg=10 total=12 zsavg=20"},
		{"44", every(1, 16, 60, 'N'), 44, false, "a21026 hour 03-01 08:00:00 D"},
		{"two of thirty", every(30, 0, 60, 0), 60, true, "a21026 hour 03-01 08:00:00 N avg=10 total=2 zsavg=20"},
		{"one of thirty", every(30, 0, 30, 'N'), 30, false, "a21026 hour 03-01 08:00:00 D"},
		{"under maintenance", every(1, 0, 60, 'M'), 0, false, "a21026 hour 03-01 08:00:00 D"},
		{"nothing", nil, 0, false, " "},
		{"the hour before", every(1, -60, 0, 'N'), 0, false, " "},
		{"a minute that comes twice counts once", append(every(1, 0, 44, 'N'), every(1, 0, 44, 'N')...), 44, false,
			"a21026 hour 03-01 08:00:00 D"},
		{"the second stands where the first does not count", append(every(5, 0, 60, 'D'), every(5, 0, 60, 'N')...),
			60, true,
			"a21026 hour 03-01 08:00:00 N avg=10 total=12 zsavg=20"},
		{"weighted by interval", []telemetry.Reading{minute(0, 30, 'N', 10), minute(30, 15, 'N', 20)}, 45, true,
			"a21026 hour 03-01 08:00:00 N avg=13.3333333333"},
		{"an interval across the hour counts within it", []telemetry.Reading{minute(-20, 40, 'N', 10, 4), minute(20,
			40, 'N', 40, 6)},
			60, true, "a21026 hour 03-01 08:00:00 N avg=30 total=8"},
	} {
		r, n, ok := HourOf("mg/m3", c.of, eight)
		got := " "
		if r.Step != 0 {
			got = shown(r)
		}
		if n != c.n || ok != c.ok || got != c.want {
			t.Errorf("%s: %s, %d, %v; want %s, %d, %v", c.name, got, n, ok, c.want, c.n, c.ok)
		}
	}
}

func TestExtremesOfAnHour(t *testing.T) {
	a, b := minute(0, 30, 'N', 10), minute(30, 30, 'N', 20)
	a.Values.Set(telemetry.Min, 3)
	b.Values.Set(telemetry.Min, 2)
	b.Values.Set(telemetry.Max, 31)
	bad := minute(5, 1, 'T', 999)
	bad.Values.Set(telemetry.Max, 999)
	r, _, _ := HourOf("mg/m3", []telemetry.Reading{a, b, bad}, eight)
	if got := shown(r); got != "a21026 hour 03-01 08:00:00 N avg=15 min=2 max=31" {
		t.Error(got)
	}
}

// Samples make an hour only where there are no minutes, and each minute that has some counts once with their mean.
func TestAnHourOfSamples(t *testing.T) {
	var of []telemetry.Reading
	for s := 0; s < 45*60; s += 20 {
		x := float64(s % 60) // 0, 20, 40 in each minute
		if s < 60 {
			x += 45
		}
		r := telemetry.Reading{Point: so2, Step: telemetry.Moment, At: eight.Add(time.Duration(s) * time.Second)}
		r.Values.Set(telemetry.Avg, x)
		of = append(of, r)
	}
	if r, n, ok := HourOf("kW", of, eight); !ok || n != 45 || shown(r) != "a21026 hour 03-01 08:00:00 N avg=21" {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
	if _, n, ok := HourOf("kW", of[:44*3], eight); ok || n != 44 {
		t.Errorf("44 minutes of samples: %d, %v", n, ok)
	}
	if _, n, ok := HourOf("kW", append(of, minute(0, 1, 'N', 5)), eight); ok || n != 1 {
		t.Errorf("samples beside minutes: %d, %v", n, ok)
	}
	for i := range of {
		of[i].Span = 15
	}
	if r, n, ok := HourOf("kW", []telemetry.Reading{of[0], of[45], of[90]}, eight); !ok || n != 45 ||
		r.Values.Has == 0 {
		t.Errorf("three quarters by three samples: %s, %d, %v", shown(r), n, ok)
	}
}

// Weighings are added up, however few there are; energy has to be metered for 45 minutes like anything else.
func TestHoursAndDaysOfAmounts(t *testing.T) {
	of := []telemetry.Reading{minute(3, 1, 'N'), minute(30, 1, 0), minute(31, 1, 'D')}
	for i := range of {
		of[i].Values.Set(telemetry.Total, 31.2)
	}
	r, n, ok := HourOf("t", of, eight)
	if !ok || n != 2 || shown(r) != "a21026 hour 03-01 08:00:00 N total=62.4" {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
	if r, n, ok = HourOf("kWh", of, eight); ok || n != 2 {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
	if r, n, ok = HourOf("", of, eight); !ok || n != 2 || shown(r) != "a21026 hour 03-01 08:00:00 N total=62.4" {
		t.Errorf("of no unit: %s, %d, %v", shown(r), n, ok)
	}
	if _, n, ok = HourOf("", []telemetry.Reading{minute(0, 15, 'N'), minute(15, 15, 'N')}, eight); ok || n != 0 {
		t.Errorf("quarters without values: %d, %v", n, ok)
	}
	hour, _, _ := HourOf("t", of, eight)
	if r, n, ok = DayOf("t", []telemetry.Reading{hour}, at("2026-03-01 00:00:00")); !ok || n != 1 ||
		shown(r) != "a21026 day 03-01 00:00:00 N total=62.4" {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
	if total, n := Sum(of, eight, eight.Add(30*time.Minute)); total != 31.2 || n != 1 {
		t.Errorf("%v of %d", total, n)
	}
}

func TestNoMeanOfStatesAndDirections(t *testing.T) {
	for _, code := range []string{"SB1", "a01008", "g10101"} {
		of := []telemetry.Reading{minute(0, 30, 'N', 1), minute(30, 30, 'N', 2)}
		for i := range of {
			of[i].Point = telemetry.PointOf(mn, code)
		}
		if r, n, ok := HourOf("", of, eight); ok || n != 0 || r.Values.Has != 0 {
			t.Errorf("%s: %s, %d, %v", code, shown(r), n, ok)
		}
	}
}

func hour(h int, flag telemetry.Flag, avg, total float64) telemetry.Reading {
	r := telemetry.Reading{Point: so2, Step: telemetry.Hour,
		At: at("2026-03-01 00:00:00").Add(time.Duration(h) * time.Hour), Flag: flag}
	r.Values.Set(telemetry.Avg, avg)
	r.Values.Set(telemetry.Total, total)
	return r
}

func TestADayNeedsTwentyHours(t *testing.T) {
	var of []telemetry.Reading
	for h := range 24 {
		of = append(of, hour(h, 'N', float64(h), 1))
	}
	day := at("2026-03-01 00:00:00")
	if r, n, ok := DayOf("mg/m3", of, day); !ok || n != 24 ||
		shown(r) != "a21026 day 03-01 00:00:00 N avg=11.5 total=24" {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
	if r, n, ok := DayOf("mg/m3", of[:20], day); !ok || n != 20 ||
		shown(r) != "a21026 day 03-01 00:00:00 N avg=9.5 total=20" {
		t.Errorf("an amount is what there is of it: %s, %d, %v", shown(r), n, ok)
	}
	if r, n, ok := DayOf("mg/m3", append(of[:19:19], hour(19, 'D', 5, 5), of[0]), day); ok || n != 19 ||
		shown(r) != "a21026 day 03-01 00:00:00 D" {
		t.Errorf("%s, %d, %v", shown(r), n, ok)
	}
}

// drawn are readings of any intervals, one behind the other or overlapping, some of which do not count.
func drawn(t *rapid.T) []telemetry.Reading {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) telemetry.Reading {
		span := rapid.SampledFrom([]int{1, 1, 5, 7, 10, 30}).Draw(t, "span")
		r := minute(rapid.IntRange(-40, 70).Draw(t, "from"), span, rapid.SampledFrom([]telemetry.Flag{'N', 'N', 'N',
			0, 'D', 'C'}).Draw(t, "flag"))
		for _, k := range []telemetry.Kind{telemetry.Avg, telemetry.Total, telemetry.ZsAvg, telemetry.Min,
			telemetry.Max} {
			if rapid.IntRange(0, 5).Draw(t, "has") > 0 {
				r.Values.Set(k, float64(rapid.IntRange(-10, 1000).Draw(t, "x"))/10)
			}
		}
		return r
	}), 0, 90).Draw(t, "readings")
}

// slowHour is the definition: sixty single minutes, each of which belongs to the reading that was there first.
func slowHour(of []telemetry.Reading) (avg, total, zs float64, nAvg, nTotal, nZs int) {
	of = slices.Clone(of)
	slices.SortStableFunc(of, func(a, b telemetry.Reading) int { return a.At.Compare(b.At) })
	for m := range 60 {
		now := eight.Add(time.Duration(m) * time.Minute)
		for _, r := range of {
			has := func(k telemetry.Kind) bool { _, ok := r.Values.Get(k); return ok }
			if now.Before(r.At) || !now.Before(r.At.Add(time.Duration(r.Span)*time.Minute)) || r.Flag != 'N' &&
				r.Flag != 0 ||
				r.Values.Has == 0 {
				continue
			}
			if has(telemetry.Avg) {
				avg, nAvg = avg+r.Values.V[telemetry.Avg], nAvg+1
			}
			if has(telemetry.ZsAvg) {
				zs, nZs = zs+r.Values.V[telemetry.ZsAvg], nZs+1
			}
			if has(telemetry.Total) {
				total, nTotal = total+r.Values.V[telemetry.Total]/float64(r.Span), nTotal+1
			}
			break
		}
	}
	return avg / float64(max(nAvg, 1)), total * 60 / float64(max(nTotal, 1)), zs / float64(max(nZs, 1)), nAvg,
		nTotal, nZs
}

func TestAnHourIsItsSixtyMinutes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := drawn(t)
		before := slices.Clone(of)
		r, n, ok := HourOf("mg/m3", of, eight)
		if !slices.Equal(of, before) {
			t.Fatal("the readings are others")
		}
		avg, total, zs, nAvg, nTotal, nZs := slowHour(of)
		if n != max(nAvg, nTotal) || ok != (n >= 45) {
			t.Fatalf("n is %d (%v), want %d and %d", n, ok, nAvg, nTotal)
		}
		for _, c := range []struct {
			kind telemetry.Kind
			want float64
			n    int
		}{{telemetry.Avg, avg, nAvg}, {telemetry.Total, total, nTotal}, {telemetry.ZsAvg, zs, nZs}} {
			x, has := r.Values.Get(c.kind)
			if has != (ok && c.n >= 45) || has && math.Abs(x-c.want) > 1e-6 {
				t.Fatalf("kind %d is %v (%v), want %v of %d minutes", c.kind, x, has, c.want, c.n)
			}
		}
		if (r.Flag == 'N') != ok {
			t.Fatalf("flag %c and %v", r.Flag, ok)
		}
		minutes := 0
		for _, n := range FlagsOf(of, eight, eight.Add(time.Hour)) {
			minutes += n
		}
		if minutes > 60 || minutes < n {
			t.Fatalf("%d minutes have a flag, and %d a value", minutes, n)
		}
	})
}

// What a mean is of lies between its least and its greatest, and hours that are all alike are the day.
func TestAMeanLiesBetween(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := drawn(t)
		r, _, _ := HourOf("mg/m3", of, eight)
		avg, has := r.Values.Get(telemetry.Avg)
		if !has {
			return
		}
		low, high := math.Inf(1), math.Inf(-1)
		for _, m := range of {
			if x, has := m.Values.Get(telemetry.Avg); has && IsValid(m.Flag) {
				low, high = min(low, x), max(high, x)
			}
		}
		if avg < low-1e-6 || avg > high+1e-6 {
			t.Fatalf("%v is not from %v to %v", avg, low, high)
		}
	})
}

func TestMinutesByFlag(t *testing.T) {
	of := []telemetry.Reading{minute(0, 30, 'N', 1), minute(30, 10, 'C'), minute(35, 10, 'D'), minute(50, 5, 0, 1)}
	got := FlagsOf(of, eight, eight.Add(time.Hour))
	if len(got) != 4 || got['N'] != 30 || got['C'] != 10 || got['D'] != 5 || got[0] != 5 {
		t.Error(got)
	}
	hours := []telemetry.Reading{hour(0, 'N', 1, 1), hour(1, 'D', 1, 1), hour(1, 'N', 1, 1)}
	if got := FlagsOf(hours, hours[0].At, hours[0].At.Add(24*time.Hour)); got['N'] != 1 || got['D'] != 1 {
		t.Error(got)
	}
}

func BenchmarkHourOf(b *testing.B) {
	var of []telemetry.Reading
	for m := range 60 {
		of = append(of, minute(m, 1, 'N', 10, 1, 20))
	}
	b.ReportAllocs()
	for b.Loop() {
		HourOf("mg/m3", of, eight)
	}
}
