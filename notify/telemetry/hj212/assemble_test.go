package hj212

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 8, 1, 12, 0, 0, 0, Beijing)

// part is part no of n of a message, with an item of its own.
func part(t testing.TB, qn string, n, no int, items ...string) *Frame {
	t.Helper()
	f := NewFrame(Head{QN: qn, ST: "31", CN: "2051", PW: "1", MN: "M", Flag: FlagOf(V2017, true, true), HasFlag: true,
		Parts: n, Part: no}, NewItem("DataTime", "20260801115000"))
	for _, it := range items {
		key, value, _ := strings.Cut(it, "=")
		f.Items = append(f.Items, NewItem(key, value))
	}
	b, err := f.Append(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, string(b), Options{})[0]
}

func itemsOf(f *Frame) string {
	var out []string
	for _, it := range f.Items {
		out = append(out, it.Text)
	}
	return strings.Join(out, ";")
}

// Parts come in any order, twice, and between other frames; the message has the items of all in order, what each part
// says once, and is no part any more.
func TestAssemble(t *testing.T) {
	parts := []*Frame{part(t, "1", 3, 1, "a-Avg=1", "a-Min=1"), part(t, "1", 3, 2, "b-Avg=1"), part(t, "1", 3, 3, "c-Avg=1")}
	rapid.Check(t, func(rt *rapid.T) {
		a := NewAssembler(Limits{})
		order := rapid.Permutation(append(slices.Clone(parts), parts[rapid.IntRange(0, 2).Draw(rt, "again")])).Draw(rt, "order")
		var whole []*Frame
		seen := map[int]bool{}
		for _, f := range order {
			if other := part(t, "2", 2, 1, "x-Avg=1"); rapid.Bool().Draw(rt, "other") {
				a.Add(other, noon)
			}
			w, gone := a.Add(f, noon)
			if len(gone) > 0 {
				rt.Fatal(gone)
			}
			if seen[f.Part] = true; w != nil {
				whole = append(whole, w)
				if len(seen) != 3 {
					rt.Fatalf("whole with %v", seen)
				}
				break
			}
		}
		if len(whole) != 1 {
			rt.Fatalf("%d messages", len(whole))
		}
		w := whole[0]
		if got := itemsOf(w); got != "DataTime=20260801115000;a-Avg=1;a-Min=1;b-Avg=1;c-Avg=1" || w.Parts != 0 || w.Part != 0 ||
			w.Flag != 5 || w.DataTime.IsZero() {
			rt.Fatalf("%s %+v", got, w.Head)
		}
		if b, err := w.Append(nil, nil); err != nil || strings.Contains(string(b), "PNUM") ||
			!strings.Contains(string(b), "Flag=5;CP") {
			rt.Fatalf("%s %v", b, err)
		}
	})
}

// What is no part is whole as it is; what cannot be one is told.
func TestWhatIsNoPart(t *testing.T) {
	a := NewAssembler(Limits{})
	for _, f := range []*Frame{one(t, data, Options{}), part(t, "1", 1, 1, "a-Avg=1")} {
		if w, gone := a.Add(f, noon); w != f || len(gone) != 0 {
			t.Errorf("%+v %v", w, gone)
		}
	}
	wrong := decode(t, packet(data)[:50], Options{})[0]
	if w, gone := a.Add(wrong, noon); w != nil || len(gone) != 0 {
		t.Errorf("a refused frame: %+v %v", w, gone)
	}
	for want, f := range map[Name]*Frame{
		PartForm:   one(t, head+"PNUM=2;PNO=3;CP=&&&&", Options{}),
		PartBeyond: one(t, head+"PNUM=1000000;PNO=1;CP=&&&&", Options{}),
	} {
		if w, gone := a.Add(f, noon); w != nil || len(gone) != 1 || gone[0].Name != want ||
			!strings.Contains(gone[0].Bytes, f.MN) {
			t.Errorf("%s: %+v %v", want, w, gone)
		}
	}
	if a.Waiting() != 0 {
		t.Errorf("%d wait", a.Waiting())
	}
}

// A part with other content, or of another number of parts, is refused; the first stays.
func TestPartsThatDiffer(t *testing.T) {
	a := NewAssembler(Limits{})
	a.Add(part(t, "1", 2, 1, "a-Avg=1"), noon)
	for _, f := range []*Frame{part(t, "1", 2, 1, "a-Avg=2"), part(t, "1", 3, 2, "b-Avg=1")} {
		if w, gone := a.Add(f, noon); w != nil || len(gone) != 1 || gone[0].Name != PartDiffers {
			t.Errorf("%+v %v", w, gone)
		}
	}
	if w, _ := a.Add(part(t, "1", 2, 2, "b-Avg=1"), noon); w == nil || !strings.Contains(itemsOf(w), "a-Avg=1;b-Avg=1") {
		t.Errorf("%+v", w)
	}
	// Without QN the time of the data tells messages apart.
	for i, qn := range []string{"20260801110000", "20260801120000"} {
		f := one(t, "ST=31;CN=2051;MN=M;PNUM=2;PNO="+itoa(i+1)+";CP=&&DataTime="+qn+"&&", Options{})
		if w, _ := a.Add(f, noon); w != nil {
			t.Errorf("%+v", w)
		}
	}
}

// What waits is bounded in every way, and what is given up is told.
func TestLimitsOfParts(t *testing.T) {
	for _, c := range []struct {
		name   string
		limits Limits
		want   Name
		feed   func(a *Assembler) []Note
	}{
		{"age", Limits{Age: time.Minute}, PartsLate, func(a *Assembler) []Note {
			a.Add(part(t, "1", 2, 1, "a-Avg=1"), noon)
			_, gone := a.Add(one(t, data, Options{}), noon.Add(time.Minute+1))
			return gone
		}},
		{"frames", Limits{Frames: 3}, PartsLate, func(a *Assembler) (gone []Note) {
			a.Add(part(t, "1", 2, 1, "a-Avg=1"), noon)
			for range 4 {
				_, more := a.Add(one(t, data, Options{}), noon)
				gone = append(gone, more...)
			}
			return gone
		}},
		{"messages", Limits{Messages: 2}, PartsOver, func(a *Assembler) (gone []Note) {
			for i := range 3 {
				_, more := a.Add(part(t, itoa(i), 2, 1, "a-Avg=1"), noon)
				gone = append(gone, more...)
			}
			return gone
		}},
		{"bytes", Limits{Bytes: 3000}, PartsOver, func(a *Assembler) (gone []Note) {
			for i := range 3 {
				_, more := a.Add(part(t, itoa(i), 2, 1, "a-Avg=1"), noon)
				gone = append(gone, more...)
			}
			return gone
		}},
		{"bytes of one", Limits{Bytes: 50}, PartBeyond, func(a *Assembler) []Note {
			_, gone := a.Add(part(t, "1", 2, 1, "a-Avg=1"), noon)
			return gone
		}},
	} {
		a := NewAssembler(c.limits)
		if gone := c.feed(a); len(gone) != 1 || gone[0].Name != c.want || gone[0].Offset != 0 || gone[0].Bytes == "" {
			t.Errorf("%s: %v", c.name, gone)
		}
	}
	a := NewAssembler(Limits{})
	for i := range 2000 {
		a.Add(part(t, fmt.Sprint(i), 64, 1, "a-Info="+strings.Repeat("x", 900)), noon)
		if a.bytes > DefaultLimits.Bytes || a.Waiting() > DefaultLimits.Messages {
			t.Fatalf("%d bytes of %d messages", a.bytes, a.Waiting())
		}
	}
}

// An assembler that is given the parts of another one goes on where that was: it gives up the same messages at the same
// frames, whether time, their number or other messages have them given up, and a part that comes again counts for both.
func TestAnAssemblerGoesOn(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		limits := Limits{Messages: 3, Frames: 6, Age: time.Minute}
		a, again := NewAssembler(limits), NewAssembler(limits)
		now := noon
		for i := range rapid.IntRange(1, 40).Draw(rt, "frames") {
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "seconds")) * time.Second)
			n := rapid.IntRange(0, 3).Draw(rt, "part")
			f := one(t, data, Options{})
			if n > 0 {
				f = part(t, itoa(rapid.IntRange(1, 5).Draw(rt, "message")), 3, n, fmt.Sprintf("x%d-Avg=1", n))
			}
			f.Offset = int64(i)
			w, gone := a.Add(f, now)
			w2, gone2 := again.Add(f, now)
			if !reflect.DeepEqual(w, w2) || !slices.Equal(gone, gone2) || again.Waiting() != a.Waiting() {
				rt.Fatalf("%v %v, want %v %v", w2, gone2, w, gone)
			}
			if rapid.Bool().Draw(rt, "anew") {
				parts := again.Parts()
				again = NewAssembler(limits)
				again.Restore(parts)
			}
		}
	})
}
