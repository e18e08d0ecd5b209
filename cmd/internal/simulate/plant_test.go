package simulate

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", text, hj212.Beijing)
	if err != nil {
		panic(err)
	}
	return t
}

// A factory rests at night and on Saturdays and Sundays, a power plant hardly.
func TestLoadHasADayAndAWeek(t *testing.T) {
	mean := func(k Kind, day string, from, to int) (sum float64) {
		p := NewPlant(k, 3)
		for h := from; h < to; h++ {
			sum += p.Load(at(day).Add(time.Duration(h)*time.Hour)) / float64(to-from)
		}
		return sum
	}
	for _, c := range []struct {
		kind                Kind
		nightMost, restMost float64 // of a working day's morning
		restLeast           float64
	}{
		{Gas, 0.35, 0.65, 0.45}, {Coating, 0.2, 0.45, 0.25}, {Coal, 0.75, 1.05, 0.85}, {Waste, 1.05, 1.1, 0.9},
	} {
		day, night := mean(c.kind, "2026-03-04 00:00", 9, 12), mean(c.kind, "2026-03-04 00:00", 1, 5)
		sunday := mean(c.kind, "2026-03-08 00:00", 9, 12)
		if day < 0.7 || day > 1.05 || night > c.nightMost*day || sunday > c.restMost*day || sunday < c.restLeast*day {
			t.Errorf("%s: by day %.2f, by night %.2f, on a Sunday %.2f", c.kind, day, night, sunday)
		}
	}
}

// What a plant does of an order to 0.4 of its load within 5 hours, held against its usual load.
func TestOrdersAreObeyedOrNot(t *testing.T) {
	from := at("2026-03-04 08:00")
	o := Order{ID: "1", From: from, To: from.Add(48 * time.Hour), Fraction: 0.4, Within: 5 * time.Hour}
	hour := func(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }
	for _, c := range []struct {
		behaviour Behaviour
		after     float64 // hours
		want      float64 // of the usual load
	}{
		{Obey, -1, 1}, {Obey, 2, 0.7}, {Obey, 4, 0.4}, {Obey, 5, 0.4}, {Obey, 47, 0.4}, {Obey, 49, 0.7}, {Obey, 50, 1},
		{Obey, 90, 1},
		{Half, -1, 1}, {Half, 2, 0.85}, {Half, 5, 0.7}, {Half, 47, 0.7}, {Half, 50, 1},
		{Ignore, -1, 1}, {Ignore, 5, 1}, {Ignore, 47, 1},
		{"", 5, 0.4},
	} {
		p := NewPlant(Gas, 5)
		p.Behaviour = c.behaviour
		if err := p.Order(o); err != nil {
			t.Fatal(err)
		}
		when := from.Add(hour(c.after))
		if got := p.Load(when) / p.Usual(when); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%q after %g h: %.3f of the usual load, not %.3f", c.behaviour, c.after, got, c.want)
		}
	}
	p := NewPlant(Coal, 5)
	for _, o := range []Order{o, {ID: "2", From: from, To: from.Add(100 * time.Hour)},
		{ID: "1", From: from, To: from.Add(99 * time.Hour), Fraction: 0.9}} {
		if err := p.Order(o); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.Load(from.Add(20 * time.Hour)); got != 0 {
		t.Errorf("of two orders the lower counts: %v", got)
	}
	p.End("2", from.Add(2*time.Hour))
	if when := from.Add(20 * time.Hour); math.Abs(p.Load(when)/p.Usual(when)-0.9) > 1e-9 {
		t.Errorf("an order that ended, and one in the place of another: %v", p.Load(when)/p.Usual(when))
	}
	for _, wrong := range []Order{{From: from, To: from}, {From: from, To: from.Add(1), Fraction: 1.1},
		{From: from, To: from.Add(1), Fraction: -1}, {From: from, To: from.Add(1), Within: -1}} {
		if p.Order(wrong) == nil {
			t.Errorf("%+v is no order", wrong)
		}
	}
}

// An hour's mass falls with the load, and a plant that stands still says so.
func TestMassFollowsTheOrder(t *testing.T) {
	from := at("2026-03-04 00:00")
	mass := func(b Behaviour, fraction float64) float64 {
		p := NewPlant(Coal, 11)
		p.Behaviour = b
		if err := p.Order(Order{From: from, To: from.Add(72 * time.Hour), Fraction: fraction,
			Within: 4 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		s := station(t, Config{Plant: p})
		vs, ok := s.mean(from.Add(33*time.Hour).Unix(), 60)
		kg, there := vs[3].Get(telemetry.Total)
		if !ok || !there || s.factors[3].code != "a21002" {
			t.Fatal("no mass of NOx")
		}
		return kg
	}
	usual, half, obeyed, off := mass(Ignore, 0.5), mass(Half, 0.5), mass(Obey, 0.5), mass(Obey, 0)
	if !(usual > 20 && half < 0.85*usual && obeyed < 0.65*usual && obeyed > 0.45*usual && half > obeyed && off == 0) {
		t.Errorf("kg of NOx in an hour: %.1f as usual, %.1f half obeyed, %.1f obeyed, %.1f stopped", usual, half, obeyed, off)
	}
	p := NewPlant(Coal, 11)
	if err := p.Order(Order{From: from, To: from.Add(72 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	s := station(t, Config{Plant: p})
	vs, _ := s.mean(from.Add(33*time.Hour).Unix(), 60)
	if _, converted := vs[3].Get(telemetry.ZsAvg); converted {
		t.Error("air is not converted to the reference oxygen")
	}
	groups, _, _ := s.content(message{topic: states, at: from.Add(33 * time.Hour).Unix()})
	if groups[0][0].Text != "SB1-RS=0" {
		t.Errorf("state of what stands still: %s", groups[0][0].Text)
	}
}

// Any means hold together as those of instruments do: amounts are mean × gas, what is converted is converted by the
// oxygen beside it, and a mean lies between its ends.
func TestMeansHoldTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := NewPlant(rapid.SampledFrom([]Kind{Coal, Waste, Gas}).Draw(t, "kind"), rapid.Uint64().Draw(t, "seed"))
		s, err := New(Config{MN: "M", Plant: p})
		if err != nil {
			t.Fatal(err)
		}
		from := rapid.Int64Range(28_000_000, 32_000_000).Draw(t, "minute") * 60
		n := rapid.SampledFrom([]int64{1, 5, 10, 60}).Draw(t, "minutes")
		vs, _ := s.mean(from, n)
		m3, _ := vs[s.flow].Get(telemetry.Total)
		flow, _ := vs[s.flow].Get(telemetry.Avg)
		o2, _ := vs[s.o2].Get(telemetry.Avg)
		if near := flow * float64(n*60); math.Abs(m3-near) > 0.05 {
			t.Fatalf("%v m³ of %v m³/s", m3, flow)
		}
		for i, f := range s.factors {
			least, _ := vs[i].Get(telemetry.Min)
			avg, _ := vs[i].Get(telemetry.Avg)
			most, _ := vs[i].Get(telemetry.Max)
			if !(least <= avg && avg <= most) || vs[i].flag != telemetry.Normal {
				t.Fatalf("%s: %v %v %v %c", f.code, least, avg, most, vs[i].flag)
			}
			if f.kind != isGas {
				continue
			}
			kg, _ := vs[i].Get(telemetry.Total)
			zs, _ := vs[i].Get(telemetry.ZsAvg)
			if math.Abs(kg-avg*m3*1e-6) > 1e-6 || math.Abs(zs-avg*(21-s.spec.o2Ref)/(21-o2)) > 0.0051 || avg <= 0 {
				t.Fatalf("%s: %v mg/m³, %v kg in %v m³, %v converted at %v %% O2", f.code, avg, kg, m3, zs, o2)
			}
		}
	})
}

// An hour is the mean of the minutes that were sent of it, a day that of its hours, and a sample lies in its minute.
func TestLevelsAgree(t *testing.T) {
	s := station(t, Config{MinuteMin: 1})
	day := at("2026-03-04 00:00").Unix()
	var hours [maxFactors]float64
	var amounts [maxFactors]float64
	for h := range int64(24) {
		hour, _ := s.mean(day+3600*h, 60)
		var minutes [maxFactors]float64
		for m := range int64(60) {
			minute, _ := s.mean(day+3600*h+60*m, 1)
			for i := range s.factors {
				v, _ := minute[i].Get(telemetry.Avg)
				minutes[i] += v / 60
			}
			if h == 5 {
				inside(t, s, day+3600*h+60*m+30, &minute)
			}
		}
		for i, f := range s.factors {
			v, _ := hour[i].Get(telemetry.Avg)
			if math.Abs(v-minutes[i]) > math.Pow10(-f.decimals) {
				t.Fatalf("%s: hour %d is %v, its minutes %v", f.code, h, v, minutes[i])
			}
			kg, _ := hour[i].Get(telemetry.Total)
			hours[i], amounts[i] = hours[i]+v/24, amounts[i]+kg
		}
	}
	whole, _ := s.day(day)
	for i, f := range s.factors {
		v, _ := whole[i].Get(telemetry.Avg)
		kg, _ := whole[i].Get(telemetry.Total)
		if math.Abs(v-hours[i]) > math.Pow10(-f.decimals) || math.Abs(kg-amounts[i]) > 1e-5*(1+amounts[i]) {
			t.Fatalf("%s: the day is %v with %v, its hours %v with %v", f.code, v, kg, hours[i], amounts[i])
		}
	}
}

func inside(t *testing.T, s *Station, when int64, minute *[maxFactors]value) {
	t.Helper()
	sample, _ := s.sample(when)
	for i, f := range s.factors {
		v, _ := sample[i].Get(telemetry.Avg)
		least, _ := minute[i].Get(telemetry.Min)
		most, _ := minute[i].Get(telemetry.Max)
		if v < least || v > most {
			t.Errorf("%s: sample %v is not within %v and %v", f.code, v, least, most)
		}
	}
}

// The flag of a period is N where three quarters of its parts have it; else D, or what all of them have.
func TestFlags(t *testing.T) {
	hour := at("2026-03-04 00:00").Unix()
	for _, c := range []struct {
		faults Faults
		bad    int // minutes of the hour without N
		want   telemetry.Flag
	}{
		{Faults{}, 0, 'N'},
		{Faults{Flags: []FlagWindow{{'C', Window{time.Hour, 15 * time.Minute}}}}, 15, 'N'},
		{Faults{Flags: []FlagWindow{{'C', Window{time.Hour, 16 * time.Minute}}}}, 16, 'D'},
		{Faults{Flags: []FlagWindow{{'M', Window{time.Hour, time.Hour}}}}, 60, 'M'},
		{Faults{Lost: Window{time.Hour, 15 * time.Minute}}, 15, 'N'},
		{Faults{Lost: Window{time.Hour, 16 * time.Minute}}, 16, 'D'},
	} {
		s := station(t, Config{Faults: c.faults, MinuteMin: 1})
		bad := 0
		for m := range int64(60) {
			if vs, ok := s.mean(hour+60*m, 1); !ok || vs[2].flag != 'N' {
				bad++
			}
		}
		if vs, ok := s.mean(hour, 60); !ok || vs[2].flag != c.want || bad != c.bad {
			t.Errorf("%+v: %c of %d bad minutes, not %c of %d", c.faults, vs[2].flag, bad, c.want, c.bad)
		}
	}
	s := station(t, Config{Faults: Faults{Lost: Window{time.Hour, time.Hour}}})
	if _, ok := s.mean(hour, 60); ok {
		t.Error("an hour without power was measured")
	}
}

// Instruments that drift or are stuck say other than what is; the gas itself is as it was.
func TestInstrumentsGoWrong(t *testing.T) {
	when := at("2026-03-07 09:00").Unix() // five days after the Monday of 2026-03-02, 09:00
	truth, _ := station(t, Config{}).mean(when, 1)
	drifted, _ := station(t, Config{Faults: Faults{Drift: 0.02}}).mean(when, 1)
	a, _ := truth[3].Get(telemetry.Avg)
	b, _ := drifted[3].Get(telemetry.Avg)
	if math.Abs(b/a-1.1) > 0.001 {
		t.Errorf("after five days it is off by %v", b/a)
	}
	s := station(t, Config{Faults: Faults{Stuck: Window{time.Hour, time.Hour}}})
	first, _ := s.measure(when)
	last, _ := s.measure(when + 59*60)
	if first.mean[3] != last.mean[3] || first.mean[0] == last.mean[0] {
		t.Errorf("stuck: %v %v; the flow goes on: %v %v", first.mean[3], last.mean[3], first.mean[0], last.mean[0])
	}
}

// A window comes exactly once in each of its blocks, as long as it says.
func TestWindowsComeOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		length := rapid.Int64Range(1, 200).Draw(t, "for")
		every := rapid.Int64Range(length, 2000).Draw(t, "every")
		w := Window{time.Duration(every) * time.Minute, time.Duration(length) * time.Minute}
		seed, block := rapid.Uint64().Draw(t, "seed"), rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "block")
		starts, inside := map[int64]bool{}, int64(0)
		for m := range every {
			if start, ok := w.within(seed, "x", (block*every+m)*60); ok {
				starts[start], inside = true, inside+1
			}
		}
		if len(starts) != 1 || inside != length {
			t.Fatalf("%d windows, %d minutes", len(starts), inside)
		}
	})
}

// What is no station, no fault and no meter is refused with what would be one.
func TestRefusals(t *testing.T) {
	for want, c := range map[string]Config{
		"an MN is":             {MN: "a;b"},
		"a password is":        {MN: "M", Password: "1;CP=&&"},
		"editions":             {MN: "M", Version: 2016},
		"no factor":            {MN: "M", Factors: []string{"a99999"}},
		"has no factor":        {MN: "M", Factors: []string{"a01901"}},
		"stands twice":         {MN: "M", Factors: []string{"a21002", "a21002"}},
		"a whole part":         {MN: "M", MinuteMin: 7},
		"every 30 to 3600":     {MN: "M", SampleS: 29},
		"a share is":           {MN: "M", Faults: Faults{CRC: 1.5}},
		"in whole minutes":     {MN: "M", Faults: Faults{Gap: Window{time.Minute, time.Hour}}},
		"kinds of plants":      {MN: "M", Plant: &Plant{Kind: "wood"}},
		"off by two days":      {MN: "M", Faults: Faults{Clock: 49 * time.Hour}},
		"one of N F M S D C T": {MN: "M", Faults: Faults{Flags: []FlagWindow{{'X', Window{time.Hour, time.Minute}}}}},
	} {
		if _, err := New(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, not %q", c, err, want)
		}
	}
	for _, text := range []string{"", "crc", "crc=x", "crc=2", "crc=NaN", "gap=6h", "gap=20m/6h", "gap=x/y",
		"gap=6h/0s", "flag=X:6h/20m",
		"flag=D6h/20m", "clock=fast", "glue=1", "split=", "what=1", "drift=5"} {
		var f Faults
		if err := f.Parse(text); err == nil {
			t.Errorf("%q is a fault: %+v", text, f)
		}
	}
}

// A plant is as large as it has to be for a mass, which is that of its pollutant times its load.
func TestSize(t *testing.T) {
	hour := at("2026-03-04 09:00").Unix()
	for kind, code := range map[Kind]string{Coal: "a21002", Waste: "a21002", Gas: "a21026", Coating: "a24088"} {
		p := NewPlant(kind, 3)
		if err := p.Size(code, 40); err != nil {
			t.Fatal(err)
		}
		s := station(t, Config{Plant: p})
		vs, _ := s.mean(hour, 60)
		for i, f := range s.factors {
			if kg, _ := vs[i].Get(telemetry.Total); f.code == code && math.Abs(kg/40/p.load(hour+1800)-1) > 0.4 {
				t.Errorf("%s: %.1f kg at a load of %.2f", kind, kg, p.load(hour+1800))
			}
		}
		if p.Size("a99999", 1) == nil || p.Size(code, 0) == nil || p.Size(code, math.NaN()) == nil {
			t.Errorf("%s takes any size", kind)
		}
	}
}
