package rows

import (
	"encoding/binary"
	"math"
)

// The forms of a column of whole numbers.
const (
	allSame byte = iota // one number
	steady              // the first, and the step from each to the next
	listed              // the first, and each step
)

// appendInts writes a column that is not empty; of none nothing.
func appendInts(b []byte, xs []int64) []byte {
	if len(xs) == 0 {
		return b
	}
	form := allSame
	for i := 1; i < len(xs); i++ {
		if xs[i] != xs[0] {
			form = steady
		}
		if xs[i]-xs[i-1] != xs[1]-xs[0] {
			form = listed
			break
		}
	}
	b = binary.AppendVarint(append(b, form), xs[0])
	switch form {
	case steady:
		b = binary.AppendVarint(b, xs[1]-xs[0])
	case listed:
		for i := 1; i < len(xs); i++ {
			b = binary.AppendVarint(b, xs[i]-xs[i-1])
		}
	}
	return b
}

// appendFloats writes a column that is not empty: the exponent, how many numbers are no decimals, where they stand and
// their bytes, and the mantissas of the others.
func appendFloats(b []byte, xs []float64) []byte {
	places := 0
	for _, x := range xs {
		places = placesOf(x, places)
	}
	mantissas := make([]int64, 0, len(xs))
	var odd []int
	for i, x := range xs {
		if m, ok := mantissa(x, places); ok {
			mantissas = append(mantissas, m)
		} else {
			odd = append(odd, i)
		}
	}
	b = binary.AppendUvarint(append(b, byte(places)), uint64(len(odd)))
	last := 0
	for _, i := range odd {
		b = binary.AppendUvarint(b, uint64(i-last))
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(xs[i]))
		last = i
	}
	return appendInts(b, mantissas)
}

var tens = [maxPlaces + 1]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// placesOf is how many places a number needs, at least those that others need; these alone where it is no short decimal.
func placesOf(x float64, least int) int {
	for places := least; places <= maxPlaces; places++ {
		if _, ok := mantissa(x, places); ok {
			return places
		}
	}
	return least
}

// mantissa is the whole number of 10^-places that x is, exactly.
func mantissa(x float64, places int) (int64, bool) {
	m := math.Round(x * tens[places])
	if math.Abs(m) >= 1<<53 || m/tens[places] != x || m == 0 && math.Signbit(x) {
		return 0, false
	}
	return int64(m), true
}

// reader takes values off b; once one is not there it is bad, and gives zeros.
type reader struct {
	b       []byte
	bad     bool
	scratch *scratch
}

func (in *reader) byte() byte {
	if len(in.b) == 0 {
		in.bad = true
		return 0
	}
	c := in.b[0]
	in.b = in.b[1:]
	return c
}

func (in *reader) uvarint() uint64 {
	x, n := binary.Uvarint(in.b)
	return took(in, x, n)
}

func (in *reader) varint() int64 {
	x, n := binary.Varint(in.b)
	return took(in, x, n)
}

func took[T int64 | uint64](in *reader, x T, n int) T {
	if n <= 0 {
		in.bad, in.b = true, nil
		return 0
	}
	in.b = in.b[n:]
	return x
}

// float is a number that has eight bytes; what is none is bad.
func (in *reader) float() float64 {
	if len(in.b) < 8 {
		in.bad, in.b = true, nil
		return 0
	}
	x := math.Float64frombits(binary.LittleEndian.Uint64(in.b))
	in.b = in.b[8:]
	if math.IsNaN(x) || math.IsInf(x, 0) {
		in.bad = true
	}
	return x
}

// ints reads a column into xs, all of which lie between least and most.
func (in *reader) ints(xs []int64, least, most int64) {
	if len(xs) == 0 {
		return
	}
	form, x, step := in.byte(), in.varint(), int64(0)
	if form == steady {
		step = in.varint()
	}
	in.bad = in.bad || form > listed
	for i := range xs {
		if i > 0 {
			if form == listed {
				step = in.varint()
			}
			x += step
		}
		in.bad = in.bad || x < least || x > most
		xs[i] = x
	}
	if in.bad {
		clear(xs)
	}
}

// floats reads a column of n numbers, which are good until the next one is read.
func (in *reader) floats(n int) []float64 {
	m := in.scratch
	m.xs, m.odd, m.ints = of(m.xs, n), of(m.odd, n), of(m.ints, n)
	xs := m.xs
	clear(xs)
	clear(m.odd)
	places, odd := int(in.byte()), in.uvarint()
	if places > maxPlaces || odd > uint64(n) {
		in.bad = true
		return xs
	}
	at := uint64(0)
	for i := range odd {
		step := in.uvarint()
		if at += step; at >= uint64(n) || step >= uint64(n) || i > 0 && step == 0 {
			in.bad = true
			return xs
		}
		xs[at], m.odd[at] = in.float(), true
	}
	mantissas := m.ints[:n-int(odd)]
	in.ints(mantissas, -1<<53+1, 1<<53-1)
	for i := range xs {
		if !m.odd[i] {
			xs[i], mantissas = float64(mantissas[0])/tens[places], mantissas[1:]
		}
	}
	return xs
}
