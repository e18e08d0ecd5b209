package rows

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
)

// telling is a message of passes at a gate, seconds behind eight.
func telling(gate string, seconds ...int) []byte {
	m := readings.Message{Point: telemetry.Point(gate)}
	for _, s := range seconds {
		m.Passes = append(m.Passes, readings.Pass{At: eight.Add(time.Duration(s) * time.Second)})
	}
	body, err := m.Body()
	if err != nil {
		panic(err)
	}
	return body
}

// Whatever was written when, and wherever the power went, the passes of a gate are those of its messages, by time.
func TestPassesAreThoseOfTheMessages(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		for _, mn := range []string{"G1", "G12"} {
			w.register[mn] = &telemetry.Station{MN: mn}
		}
		var want []PassAt
		for i := range rapid.IntRange(1, 12).Draw(rt, "messages") {
			gate := rapid.SampledFrom([]string{"G1", "G12", "G1.x"}).Draw(rt, "gate")
			seconds := rapid.SliceOfN(rapid.IntRange(0, 6), 1, 4).Draw(rt, "seconds")
			mn, _ := telemetry.Point(gate).Split()
			at := eight.Add(time.Hour + time.Duration(i)*time.Second)
			w.receive(telemetry.Received{At: at, Sort: telemetry.Message, MN: mn,
				Raw: telling(gate, seconds...)})
			w.apply(1)
			if seq, _ := w.b.Cursor(); gate == "G1" {
				for _, s := range seconds {
					one := PassAt{At: eight.Add(time.Duration(s) * time.Second)}
					one.Ref.Seq = seq
					want = append(want, one)
				}
			}
			if crash := rapid.IntRange(0, 6).Draw(rt, "crash in"); crash > 0 {
				w.rows.crashIn, w.rows.kept = crash, rapid.Bool().Draw(rt, "kept")
				_ = w.b.Flush(context.Background())
				w.rows.crashIn = 0
				if rapid.Bool().Draw(rt, "begin again") {
					w.start()
					w.apply(1 << 20)
				}
			}
		}
		slices.SortFunc(want, func(x, y PassAt) int {
			if c := x.At.Compare(y.At); c != 0 {
				return c
			}
			return int(x.Ref.Seq) - int(y.Ref.Seq)
		})
		want = slices.CompactFunc(want, func(x, y PassAt) bool { return x.At.Equal(y.At) && x.Ref == y.Ref })
		from, to := rapid.IntRange(0, 7).Draw(rt, "from"), rapid.IntRange(0, 7).Draw(rt, "to")
		want = slices.DeleteFunc(want, func(p PassAt) bool {
			s := int(p.At.Sub(eight) / time.Second)
			return s < from || s >= to
		})
		limit := rapid.IntRange(1, 20).Draw(rt, "limit")
		got, err := w.b.Passes("G1", eight.Add(time.Duration(from)*time.Second), eight.Add(time.Duration(to)*time.Second), limit)
		w.must(err)
		want = want[:min(limit, len(want))]
		if !slices.EqualFunc(got, want, func(x, y PassAt) bool { return x.At.Equal(y.At) && x.Ref == y.Ref }) {
			rt.Fatalf("%v, want %v", got, want)
		}
	})
}

// Passes go after as long as minutes do.
func TestPassesAreTrimmed(t *testing.T) {
	w := newWorld(t)
	w.register["G1"] = &telemetry.Station{MN: "G1"}
	later := 2 * 24 * 60 * 60
	w.got(telemetry.Received{At: eight.AddDate(0, 0, 2), Sort: telemetry.Message, MN: "G1", Raw: telling("G1", 0, later)})
	w.flush()
	gone, err := w.b.Trim(context.Background(), eight.Add(Defaults.Minutes).AddDate(0, 0, 1))
	w.must(err)
	left, err := w.b.Passes("G1", eight, eight.AddDate(0, 0, 3), 10)
	w.must(err)
	if gone.Passes != 1 || len(left) != 1 || !left[0].At.Equal(eight.AddDate(0, 0, 2)) {
		t.Errorf("%+v are gone, %v are left", gone, left)
	}
}
