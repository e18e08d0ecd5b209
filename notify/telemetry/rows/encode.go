package rows

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/internal/pack"
)

// A row is stored by columns, packed: the number of slots; index, numbers that it has, flag, span, second, bits, time
// of reception, chunk and entry of each slot; then of each kind of number a column of those that have it; then what
// else was said of a slot; then the parts of a slot's sum. A column of numbers is decimal: mantissas of one exponent, by
// their differences, for that is what devices send, and what is no short decimal stands beside them with its eight bytes.

const (
	rowForm   = 1
	maxPlaces = 9 // of a decimal

	// maxRow is how many bytes a row has that is not packed, at most. A slot has up to 80 for eight kinds of numbers that
	// are no decimals and 50 for its columns, up to 95 for each of four other values, and up to 21 for each of thirty
	// parts, of which a mean and an amount is known: 1,140, of 1,440 slots 1,641,600.
	maxRow = 2 << 20
)

var packer = pack.New("")

// ErrDamaged is why a row cannot be read.
var ErrDamaged = errors.New("rows: a row is damaged")

// kindsOf is how many kinds of numbers a reading has.
var kindsOf = len(telemetry.Values{}.V)

const (
	bitResent = 1 << iota
	bitMore
	bitOthers
	bitParts
)

// scratch is memory for the columns of a row.
type scratch struct {
	text []byte
	ints []int64
	xs   []float64
	odd  []bool
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// of has room for n.
func of[T any](s []T, n int) []T { return slices.Grow(s[:0], n)[:n] }

func (r row) encode(dst []byte) []byte {
	m := scratches.Get().(*scratch)
	defer scratches.Put(m)
	b := append(m.text[:0], rowForm)
	b = binary.AppendUvarint(b, uint64(len(r)))
	m.ints = of(m.ints, len(r))
	ints := m.ints
	column := func(of func(*slot) int64) {
		for i := range r {
			ints[i] = of(&r[i])
		}
		b = appendInts(b, ints)
	}
	column(func(s *slot) int64 { return int64(s.index) })
	column(func(s *slot) int64 { return int64(s.values.Has) })
	column(func(s *slot) int64 { return int64(s.flag) })
	column(func(s *slot) int64 { return int64(s.span) })
	column(func(s *slot) int64 { return int64(s.second) })
	column(func(s *slot) int64 { return s.bits() })
	column(func(s *slot) int64 { return s.received })
	column(func(s *slot) int64 { return int64(s.ref.Seq) })
	column(func(s *slot) int64 { return int64(s.ref.Index) })
	xs := of(m.xs, len(r))
	m.xs = xs
	for k := range kindsOf {
		xs = xs[:0]
		for i := range r {
			if r[i].values.Has&(1<<k) != 0 {
				xs = append(xs, r[i].values.V[k])
			}
		}
		if len(xs) > 0 {
			b = appendFloats(b, xs)
		}
	}
	for i := range r {
		if len(r[i].others) > 0 {
			b = binary.AppendUvarint(b, uint64(len(r[i].others)))
			for j := range r[i].others {
				b = r[i].others[j].append(b)
			}
		}
	}
	for i := range r {
		if len(r[i].parts) > 0 {
			b = appendParts(b, r[i].parts)
		}
	}
	m.text = b
	return packer.Append(dst, b)
}

func (s *slot) bits() (b int64) {
	if s.resent {
		b |= bitResent
	}
	if s.more {
		b |= bitMore
	}
	if len(s.others) > 0 {
		b |= bitOthers
	}
	if len(s.parts) > 0 {
		b |= bitParts
	}
	return b
}

// append writes one of the other values of a slot, which are few.
func (v *value) append(b []byte) []byte {
	resent := byte(0)
	if v.resent {
		resent = 1
	}
	b = append(b, byte(v.values.Has), byte(v.flag), resent, v.second)
	b = binary.AppendUvarint(b, uint64(v.span))
	b = binary.AppendVarint(b, v.received)
	b = binary.AppendUvarint(b, v.ref.Seq)
	b = binary.AppendUvarint(b, uint64(v.ref.Index))
	return appendValues(b, &v.values)
}

// appendParts writes the parts of a slot's sum.
func appendParts(b []byte, parts []amount) []byte {
	b = binary.AppendUvarint(b, uint64(len(parts)))
	last := uint32(0)
	for i := range parts {
		b = binary.AppendUvarint(b, uint64(parts[i].at-last))
		b = appendValues(append(b, byte(parts[i].values.Has)), &parts[i].values)
		last = parts[i].at
	}
	return b
}

func appendValues(b []byte, v *telemetry.Values) []byte {
	for k := range kindsOf {
		if v.Has&(1<<k) != 0 {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v.V[k]))
		}
	}
	return b
}

// decode reads a row into r, whose memory is used again. All indexes are below slots.
func (r row) decode(b []byte, slots int) (row, error) {
	text, err := packer.Text(b, maxRow)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	m := scratches.Get().(*scratch)
	defer scratches.Put(m)
	in := reader{b: text, scratch: m}
	if in.byte() != rowForm {
		return nil, fmt.Errorf("%w: another form", ErrDamaged)
	}
	n := in.uvarint()
	if n > uint64(slots) {
		return nil, fmt.Errorf("%w: %d slots", ErrDamaged, n)
	}
	r = of(r, int(n))
	clear(r)
	in.head(r, slots)
	for k := range kindsOf {
		in.numbers(r, k)
	}
	for i := range r {
		if r[i].others != nil {
			in.others(&r[i])
		}
	}
	for i := range r {
		if r[i].parts != nil {
			in.parts(&r[i])
		}
	}
	if in.bad || len(in.b) > 0 {
		return nil, ErrDamaged
	}
	return r, nil
}

// head reads the columns that every slot has a value of.
func (in *reader) head(r row, slots int) {
	in.scratch.ints = of(in.scratch.ints, len(r))
	ints := in.scratch.ints
	last := int64(-1)
	in.ints(ints, 0, int64(slots)-1)
	for i, x := range ints {
		in.bad = in.bad || x <= last
		r[i].index, last = uint16(x), x
	}
	in.ints(ints, 0, 1<<kindsOf-1)
	for i, x := range ints {
		r[i].values.Has = telemetry.Kinds(x)
	}
	in.ints(ints, 0, math.MaxUint8)
	for i, x := range ints {
		r[i].flag = telemetry.Flag(x)
	}
	in.ints(ints, 0, math.MaxUint16)
	for i, x := range ints {
		r[i].span = uint16(x)
	}
	in.ints(ints, 0, 59)
	for i, x := range ints {
		r[i].second = uint8(x)
	}
	in.ints(ints, 0, bitResent|bitMore|bitOthers|bitParts)
	for i, x := range ints {
		r[i].resent, r[i].more = x&bitResent != 0, x&bitMore != 0
		if x&bitOthers != 0 {
			r[i].others = []value{}
		}
		if x&bitParts != 0 {
			r[i].parts = []amount{}
		}
	}
	in.ints(ints, math.MinInt64, math.MaxInt64)
	for i, x := range ints {
		r[i].received = x
	}
	in.ints(ints, math.MinInt64, math.MaxInt64)
	for i, x := range ints {
		r[i].ref.Seq = uint64(x)
	}
	in.ints(ints, 0, math.MaxInt32)
	for i, x := range ints {
		r[i].ref.Index = int(x)
	}
}

// numbers reads the column of a kind.
func (in *reader) numbers(r row, k int) {
	n := 0
	for i := range r {
		if r[i].values.Has&(1<<k) != 0 {
			n++
		}
	}
	if n == 0 || in.bad {
		return
	}
	xs := in.floats(n)
	for i := range r {
		if r[i].values.Has&(1<<k) != 0 {
			r[i].values.V[k], xs = xs[0], xs[1:]
		}
	}
}

func (in *reader) others(s *slot) {
	n := in.uvarint()
	if n == 0 || n > maxOthers {
		in.bad = true
		return
	}
	for range n {
		v := value{values: telemetry.Values{Has: telemetry.Kinds(in.byte())}, flag: telemetry.Flag(in.byte())}
		resent, second, span := in.byte(), in.byte(), in.uvarint()
		v.resent, v.second, v.span = resent == 1, second, uint16(span)
		v.received, v.ref = in.varint(), frames.Ref{Seq: in.uvarint(), Index: int(in.uvarint() & math.MaxInt32)}
		in.bad = in.bad || resent > 1 || second > 59 || span > math.MaxUint16
		in.values(&v.values)
		s.others = append(s.others, v)
	}
}

// longest is how many milliseconds a period of minutes lasts at most.
const longest = 60 * 60 * 1000

func (in *reader) parts(s *slot) {
	n := in.uvarint()
	if n == 0 || n > maxParts {
		in.bad = true
		return
	}
	last := uint64(0)
	for range n {
		last += min(in.uvarint(), longest+1)
		p := amount{at: uint32(min(last, longest+1))} // #nosec G115 -- bounded
		p.values.Has = telemetry.Kinds(in.byte())
		in.values(&p.values)
		in.bad = in.bad || last == 0 || last > longest || p.values.Has == 0
		s.parts = append(s.parts, p)
	}
}

// values reads the numbers of which it is known that they are there.
func (in *reader) values(v *telemetry.Values) {
	for k := range kindsOf {
		if v.Has&(1<<k) != 0 {
			v.V[k] = in.float()
		}
	}
}
