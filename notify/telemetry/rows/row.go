package rows

import (
	"cmp"
	"math"
	"slices"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/frames"
	"qingkong/notify/telemetry/readings"
)

// value is what one message says of one period of a point.
type value struct {
	values   telemetry.Values
	flag     telemetry.Flag
	resent   bool
	span     uint16 // minutes, of a minute or a sample; of what is made, how many parts of it have a value
	second   uint8  // of a sample within its minute
	received int64  // seconds since 1970
	ref      frames.Ref
}

// slot is a period of a row.
type slot struct {
	index  uint16
	value           // the first that came; of samples the last of the minute
	others []value  // that say something else, in the order they came
	parts  []amount // of which value is the sum, in the order of their times
	more   bool     // and still others came, or parts that are not in the sum
}

// amount is what was told of a time within a period.
type amount struct {
	at     uint32 // as telemetry.Reading has it
	values telemetry.Values
}

// row is the periods of a point and a day, by index.
type row []slot

const (
	minutesOfDay = 24 * 60
	hourSlots    = 24 // of a row of hours: 0 to 23 are those the device sent
	daySlot      = 24 // its day
	madeSlot     = 32 // 32 to 55 are the hours that are made of minutes
	hourRow      = 56

	maxOthers = 4
	maxParts  = 30
)

// says reports whether two values say the same of a period.
func (v *value) says(w *value) bool {
	if v.values.Has != w.values.Has || v.flag != w.flag || v.span != w.span {
		return false
	}
	for k := range v.values.V {
		if v.values.Has&(1<<k) != 0 && v.values.V[k] != w.values.V[k] {
			return false
		}
	}
	return true
}

// at is the slot of an index, or where it belongs.
func (r row) at(index uint16) (int, bool) {
	if n := len(r); n == 0 || r[n-1].index < index {
		return n, false
	}
	return slices.BinarySearchFunc(r, index, func(s slot, index uint16) int { return cmp.Compare(s.index, index) })
}

// add puts what came for a period in. It may come again, in the same order, without another outcome. The first stays
// what the period has; what is said otherwise later stands beside it.
func (r *row) add(index uint16, v value) {
	i, ok := r.at(index)
	if !ok {
		*r = slices.Insert(*r, i, slot{index: index, value: v})
		return
	}
	(*r)[i].add(v)
}

func (s *slot) add(v value) {
	if s.ref == v.ref { // the same message, which may be read otherwise by now
		s.value, s.parts = v, nil
		return
	}
	if s.says(&v) {
		return
	}
	for i := range s.others {
		if s.others[i].ref == v.ref {
			s.others[i] = v
			return
		}
		if s.others[i].says(&v) {
			return
		}
	}
	if len(s.others) == maxOthers {
		s.more = true
		return
	}
	s.others = append(s.others, v)
}

// part adds a part of a period to the others; one of the same time and values is there already.
func (r *row) part(index uint16, v value, at uint32) {
	i, ok := r.at(index)
	if !ok {
		*r = slices.Insert(*r, i, slot{index: index, value: v, parts: []amount{{at, v.values}}})
		return
	}
	(*r)[i].part(v, at)
}

func (s *slot) part(v value, at uint32) {
	p := amount{at, v.values}
	switch {
	case len(s.parts) == 0 && s.values.Has != 0: // all of the period was told before
		s.more = true
		return
	case len(s.parts) == 0:
		s.value = v
	case slices.Contains(s.parts, p):
		return
	case len(s.parts) == maxParts:
		s.more = true
		return
	}
	i, _ := slices.BinarySearchFunc(s.parts, at+1, func(p amount, at uint32) int { return cmp.Compare(p.at, at) })
	s.parts = slices.Insert(s.parts, i, p)
	s.values = telemetry.Values{}
	for _, p := range s.parts {
		s.values = readings.Together(s.values, p.values)
	}
}

// sample puts a sample in the place of an earlier one of its minute.
func (r *row) sample(index uint16, v value) {
	i, ok := r.at(index)
	switch {
	case !ok:
		*r = slices.Insert(*r, i, slot{index: index, value: v})
	case (*r)[i].ref == v.ref || (*r)[i].second < v.second:
		(*r)[i].value = v
	}
}

// put has v alone at an index.
func (r *row) put(index uint16, v value) {
	i, ok := r.at(index)
	if !ok {
		*r = slices.Insert(*r, i, slot{index: index})
	}
	(*r)[i] = slot{index: index, value: v}
}

// merge adds the slots of a row that came later.
func (r *row) merge(later row, samples bool) {
	for i := range later {
		s := &later[i]
		if samples {
			r.sample(s.index, s.value)
			continue
		}
		for _, p := range s.parts {
			v := s.value
			v.values = p.values
			r.part(s.index, v, p.at)
		}
		if len(s.parts) == 0 {
			r.add(s.index, s.value)
		}
		for _, v := range s.others {
			r.add(s.index, v)
		}
		if s.more {
			at, _ := r.at(s.index)
			(*r)[at].more = true
		}
	}
}

// plain are values as they are kept: numbers alone, and one zero.
func plain(v telemetry.Values) telemetry.Values {
	var out telemetry.Values
	for k := range v.V {
		if x := v.V[k]; v.Has&(1<<k) != 0 && !math.IsNaN(x) && !math.IsInf(x, 0) {
			out.Set(telemetry.Kind(k), x+0)
		}
	}
	return out
}
