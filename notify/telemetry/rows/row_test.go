package rows

import (
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
)

func drawValue(t *rapid.T) value {
	v := value{flag: telemetry.Flag(rapid.SampledFrom([]byte{0, 'N', 'D', 'T'}).Draw(t, "flag")),
		resent: rapid.Bool().Draw(t, "resent"), span: rapid.SampledFrom([]uint16{0, 1, 10, 60}).Draw(t, "span"),
		second: uint8(rapid.IntRange(0, 59).Draw(t, "second")), received: rapid.Int64Range(0, 4e9).Draw(t, "received"),
		ref: frames.Ref{Seq: rapid.Uint64().Draw(t, "seq"), Index: rapid.IntRange(0, 8191).Draw(t, "index")}}
	for k := range kindsOf {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			v.values.Set(telemetry.Kind(k), rapid.Float64().Draw(t, "any"))
		case 1, 2, 3:
			v.values.Set(telemetry.Kind(k), float64(rapid.IntRange(-1000, 100_000).Draw(t, "decimal"))/1000)
		}
	}
	v.values = plain(v.values)
	return v
}

// drawAmount is a value of which an amount is told, and its mean.
func drawAmount(t *rapid.T) (v value) {
	v.flag, v.span = 'N', 1
	for _, k := range []telemetry.Kind{telemetry.Avg, telemetry.Total} {
		v.values.Set(k, float64(rapid.IntRange(0, 1000).Draw(t, "amount"))/10)
	}
	return v
}

// Rows of anything come back as they were.
func TestRowsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r row
		indexes := rapid.SliceOfNDistinct(rapid.Uint16Range(0, minutesOfDay-1), 0, 40, rapid.ID).Draw(t, "indexes")
		for _, i := range indexes {
			r.add(i, drawValue(t))
			for range rapid.SampledFrom([]int{0, 0, 0, 1, 6}).Draw(t, "others") {
				r.add(i, drawValue(t))
			}
			for range rapid.SampledFrom([]int{0, 0, 3, 40}).Draw(t, "parts") {
				r.part(i, drawAmount(t), 1+rapid.Uint32Range(0, longest-1).Draw(t, "at"))
			}
		}
		b := r.encode(nil)
		got, err := row(nil).decode(b, minutesOfDay)
		if err != nil || len(got) != len(r) {
			t.Fatalf("%d slots, want %d: %v", len(got), len(r), err)
		}
		for i := range r {
			if !reflect.DeepEqual(got[i], r[i]) {
				t.Fatalf("slot %d:\n%+v, want\n%+v", i, got[i], r[i])
			}
		}
		if len(r) > 0 {
			if _, err := row(nil).decode(b, int(r[len(r)-1].index)); !errors.Is(err, ErrDamaged) {
				t.Fatalf("a slot beyond the row's: %v", err)
			}
		}
	})
}

// The widest row there is comes back: a value for each minute of a day and as many others as are kept, all with every
// kind of number, none of them a decimal, received at any time.
func TestTheWidestRowComesBack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	wide := func() value {
		v := value{flag: telemetry.Flag(random.Uint32()), resent: random.IntN(2) == 1, span: uint16(random.Uint32()),
			second: uint8(random.IntN(60)), received: int64(random.Uint64()),
			ref: frames.Ref{Seq: random.Uint64(), Index: random.IntN(math.MaxInt32)}}
		for k := range kindsOf {
			v.values.Set(telemetry.Kind(k), random.NormFloat64()*1e20)
		}
		return v
	}
	var r row
	for i := range uint16(minutesOfDay) {
		for range 1 + maxOthers + 1 {
			r.add(i, wide())
		}
		var of telemetry.Values
		for range maxParts {
			for _, k := range []telemetry.Kind{telemetry.Avg, telemetry.Total} {
				of.Set(k, random.NormFloat64()*1e20)
			}
			at, _ := r.at(i)
			r[at].parts = append(r[at].parts, amount{longest, of})
		}
	}
	got, err := row(nil).decode(r.encode(nil), minutesOfDay)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Fatalf("%d of %d slots: %v", len(got), len(r), err)
	}
}

// What applies twice, from anywhere on, is as if it applied once; and merging what came later is as adding it.
func TestRowsTakeTheSameTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.Bool().Draw(t, "samples")
		var all []value
		for i := range rapid.IntRange(1, 14).Draw(t, "values") {
			v := value{flag: 'N', second: uint8(rapid.IntRange(0, 2).Draw(t, "second")), ref: frames.Ref{Seq: uint64(i + 1)}}
			v.values.Set(telemetry.Avg, float64(rapid.IntRange(0, 7).Draw(t, "value")))
			all = append(all, v)
		}
		add := func(r *row, vs []value) {
			for _, v := range vs {
				if samples {
					r.sample(3, v)
				} else {
					r.add(3, v)
				}
			}
		}
		var once, again, merged, later row
		add(&once, all)
		from := rapid.IntRange(0, len(all)).Draw(t, "from")
		to := rapid.IntRange(from, len(all)).Draw(t, "to")
		add(&again, all[:to])
		add(&again, all[from:])
		add(&merged, all[:to])
		add(&later, all[from:])
		merged.merge(later, samples)
		if !reflect.DeepEqual(once, again) || !reflect.DeepEqual(once, merged) {
			t.Fatalf("once %+v\nagain %+v\nmerged %+v", once, again, merged)
		}
	})
}

// Amounts of a period add up in whatever order and rows they come, each time and value once.
func TestPartsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type sent struct {
			at   uint32
			tons float64
		}
		all := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sent {
			return sent{rapid.Uint32Range(1, 6).Draw(t, "at"), float64(rapid.IntRange(1, 4).Draw(t, "tons"))}
		}), 1, 20).Draw(t, "sent")
		cut := rapid.IntRange(0, len(all)).Draw(t, "cut")
		var first, later row
		once, want := map[sent]bool{}, 0.0
		for i, s := range all {
			if !once[s] {
				once[s], want = true, want+s.tons
			}
			v := value{flag: 'N', ref: frames.Ref{Seq: uint64(i)}}
			v.values.Set(telemetry.Total, s.tons)
			if i < cut {
				first.part(3, v, s.at)
			} else {
				later.part(3, v, s.at)
			}
		}
		first.merge(later, false)
		first.merge(later, false)
		got, err := row(nil).decode(first.encode(nil), minutesOfDay)
		if err != nil || len(got) != 1 || got[0].values.V[telemetry.Total] != want || len(got[0].parts) != len(once) {
			t.Fatalf("%+v, want %v of %d: %v", got, want, len(once), err)
		}
	})
}

// Columns hold whole numbers of any size, and decimals exactly.
func TestColumns(t *testing.T) {
	for _, xs := range [][]float64{{0}, {0.1, 0.2, 0.3}, {12.345, -0.001, 1e11}, {1.0 / 3, 2, math.MaxFloat64},
		{math.SmallestNonzeroFloat64}, {9007199254740993, 0.123456789}, {1e-9, 1e15}} {
		b := appendFloats(nil, xs)
		in := reader{b: b, scratch: new(scratch)}
		if got := in.floats(len(xs)); !reflect.DeepEqual(got, xs) || in.bad || len(in.b) > 0 {
			t.Errorf("%v came back as %v", xs, got)
		}
	}
	for _, xs := range [][]int64{{5}, {7, 7, 7}, {1, 2, 3}, {math.MinInt64, math.MaxInt64, 0, -1}} {
		in := reader{b: appendInts(nil, xs)}
		got := make([]int64, len(xs))
		if in.ints(got, math.MinInt64, math.MaxInt64); !reflect.DeepEqual(got, xs) || in.bad || len(in.b) > 0 {
			t.Errorf("%v came back as %v", xs, got)
		}
	}
}

func FuzzRow(f *testing.F) {
	var r row
	for i := range uint16(30) {
		v := value{flag: 'N', span: 1, received: 1e9 + int64(i), ref: frames.Ref{Seq: uint64(i), Index: 1}}
		v.values.Set(telemetry.Avg, float64(i)/10)
		v.values.Set(telemetry.ZsAvg, float64(i)/7)
		r.add(i*3, v)
		v.flag, v.ref.Index = 'D', 2
		r.add(i*3, v)
		r.part(i*3+1, v, uint32(i)+1)
	}
	b := r.encode(nil)
	f.Add(b)
	if text, err := packer.Text(b, maxRow); err != nil {
		f.Fatal(err)
	} else {
		f.Add(append([]byte{0}, text...))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := row(nil).decode(b, minutesOfDay)
		if err != nil {
			return
		}
		again, err := row(nil).decode(r.encode(nil), minutesOfDay)
		if err != nil || len(again) != len(r) {
			t.Fatalf("%d slots came back as %d: %v", len(r), len(again), err)
		}
		for i := range r {
			if !reflect.DeepEqual(again[i], r[i]) {
				t.Fatalf("%+v came back as %+v", r[i], again[i])
			}
		}
	})
}

func FuzzPoint(f *testing.F) {
	p := point{name: "A.b", number: 7, unit: "t/h"}
	p.widen(telemetry.Hour, 1e9)
	f.Add(p.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePoint("A.b", b)
		if err != nil {
			return
		}
		again, err := decodePoint("A.b", p.encode())
		if err != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v came back as %+v: %v", p, again, err)
		}
	})
}
