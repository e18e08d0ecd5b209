package rows

import (
	"bytes"
	"encoding/binary"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/notify/telemetry/readings"
)

// Span is the time of the first and of the last reading; both are zero where there is none.
type Span struct{ First, Last time.Time }

// Point is a point that has readings, and of which time, by step.
type Point struct {
	Name                      telemetry.Point
	Unit                      string // of its readings
	Moment, Minute, Hour, Day Span   // of what was sent; what is made is in none
}

// point is a point of which rows are kept.
type point struct {
	name   telemetry.Point
	number uint32
	unit   string                 // of its readings, all of them
	spans  [telemetry.Day]seconds // by step, from Moment on
	agreed *telemetry.Station     // by which unit is that of frames
}

// seconds is a [Span] in seconds since 1970; 0 for none.
type seconds struct{ first, last int64 }

func (p *point) widen(step telemetry.Step, at int64) {
	s := &p.spans[step-telemetry.Moment]
	if s.last == 0 {
		*s = seconds{at, at}
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}

// last is the time of the last reading of any step.
func (p *point) last() (at int64) {
	for _, s := range p.spans {
		at = max(at, s.last)
	}
	return at
}

// stale reports whether the readings of a point measure something else than what the register says by now.
func (p *point) stale(st *telemetry.Station) bool {
	if st == nil {
		return false
	}
	_, factor := p.name.Split()
	unit := readings.UnitOf(st, factor, "")
	return unit != "" && unit != p.unit && (p.unit != "" || !readings.SentAsKept(st, factor))
}

// measuring is the point of a reading that is in a unit, or of a frame in that of the register. Where the register has
// another quantity by now the point begins anew, and what it was is read no more; readings in another unit that the register
// does not have are none of the point.
func (b *Builder) measuring(s *station, p *point, st *telemetry.Station, sent string, part bool) (*point, bool) {
	if sent == "" && p.agreed == st {
		return p, true
	}
	_, factor := p.name.Split()
	unit := readings.UnitOf(st, factor, sent)
	switch {
	case unit == p.unit:
	case p.stale(st):
		for key, d := range b.days {
			if key.point == p {
				b.held -= d.size()
				delete(b.days, key)
			}
		}
		p = b.newPoint(s, p.name, unit)
	case p.unit == "":
		p.unit = unit
	case unit == "" && part: // passes say no unit
		return p, true
	default:
		return p, false
	}
	if sent == "" {
		p.agreed = st
	}
	return p, true
}

func (p *point) public() Point {
	span := func(step telemetry.Step) Span {
		s := p.spans[step-telemetry.Moment]
		if s.last == 0 {
			return Span{}
		}
		return Span{time.Unix(s.first, 0).In(hj212.Beijing), time.Unix(s.last, 0).In(hj212.Beijing)}
	}
	return Point{p.name, p.unit, span(telemetry.Moment), span(telemetry.Minute), span(telemetry.Hour), span(telemetry.Day)}
}

func (p *point) encode() []byte {
	b := binary.AppendUvarint([]byte{rowForm}, uint64(p.number))
	for _, s := range p.spans {
		b = binary.AppendUvarint(b, uint64(s.first))
		b = binary.AppendUvarint(b, uint64(s.last-s.first))
	}
	return append(binary.AppendUvarint(b, uint64(len(p.unit))), p.unit...)
}

func decodePoint(name telemetry.Point, b []byte) (*point, error) {
	in := reader{b: b}
	form := in.byte()
	p := &point{name: name, number: uint32(in.uvarint())}
	for i := range p.spans {
		first, wide := int64(in.uvarint()), int64(in.uvarint())
		p.spans[i] = seconds{first, first + wide}
	}
	size := in.uvarint()
	if in.bad || form != rowForm || size > maxUnit || size != uint64(len(in.b)) {
		return nil, ErrDamaged
	}
	p.unit = string(in.b)
	return p, nil
}

// loadPoints are the points of a ref that have rows. A damaged one is not among them: it gets another number when it is
// heard of again.
func loadPoints(tx *bbolt.Tx, ref string) (points map[telemetry.Point]*point, damaged []telemetry.Point) {
	out := map[telemetry.Point]*point{}
	c := tx.Bucket(pointsBucket).Cursor()
	for k, row := c.Seek([]byte(ref)); k != nil && bytes.HasPrefix(k, []byte(ref)); k, row = c.Next() {
		name := telemetry.Point(k)
		if of, _ := name.Split(); of != ref {
			continue
		}
		p, err := decodePoint(name, row)
		if err != nil {
			damaged = append(damaged, name)
			continue
		}
		out[name] = p
	}
	return out, damaged
}

// point is the point of a reading, made where it is new; nil where its station has as many as it may beside those that the
// register names.
func (b *Builder) point(s *station, name telemetry.Point, st *telemetry.Station, sent string) *point {
	if p := s.points[name]; p != nil {
		return p
	}
	_, factor := name.Split()
	if f, _ := st.Factor(factor); f == nil && factor != "" && s.unnamed(st) >= b.opt.Points {
		return nil
	}
	return b.newPoint(s, name, readings.UnitOf(st, factor, sent))
}

// unnamed is how many points there are that the register does not name.
func (s *station) unnamed(st *telemetry.Station) int {
	n := len(s.points)
	for i := range st.Outlets {
		for _, f := range st.Outlets[i].Factors {
			if s.points[telemetry.PointOf(s.MN, f.Code)] != nil {
				n--
			}
		}
	}
	return n
}

func (b *Builder) newPoint(s *station, name telemetry.Point, unit string) *point {
	b.next++
	p := &point{name: name, number: b.next, unit: unit}
	s.points[name] = p
	return p
}

// find is a point that has rows, written or not; nil where there is none, or none of what is measured by now.
func (b *Builder) find(tx *bbolt.Tx, name telemetry.Point) (p *point, err error) {
	ref, _ := name.Split()
	if s := b.stations[ref]; s != nil {
		p = s.points[name]
	} else if row := tx.Bucket(pointsBucket).Get([]byte(name)); row != nil {
		p, err = decodePoint(name, row)
	}
	if p == nil || err != nil || p.stale(b.opt.Station(ref)) {
		return nil, err
	}
	return p, nil
}
