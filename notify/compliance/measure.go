package compliance

import (
	"fmt"
	"slices"
	"time"

	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/readings"
	"qingkong/reductionlist"
)

// flowFactor is the flow of a stack (HJ 212-2017, appendix B).
const flowFactor = "a00000"

// Points are the points of which a monitor's hours are made: what it measures, and for a mass the flow beside it; the
// flow alone where a stack is to stand still. The second is empty where there is none.
func (k *Key) Points() (measures, flow telemetry.Point) {
	own := telemetry.PointOf(k.Ref, k.Factor)
	stack := telemetry.PointOf(k.Ref, flowFactor)
	switch concentration := readings.SortOf(k.Factor, "") == readings.Concentration; {
	case k.Kind == reductionlist.Stopped && k.Source == reductionlist.CEMS:
		return stack, ""
	case k.Kind == reductionlist.HourMassAtMost || k.Kind == reductionlist.DayTotalAtMost && concentration:
		return own, stack
	}
	return own, ""
}

// Scale is how the hours of a monitor become numbers that a criterion can be held against.
type Scale struct {
	Rule judge.Rule
	Unit string // of the numbers, and of Rule.Limit but for a fraction
	mass bool   // they are masses in kg/h, brought to Unit
	own  string // the unit of the point
}

// ScaleOf is that of a criterion at a point of a unit. It is false where the point does not measure what the criterion says:
// the list and the instrument do not fit together.
func (k *Key) ScaleOf(c reductionlist.Criterion, unit string) (s Scale, ok bool) {
	s = Scale{Rule: judge.Rule{Kind: c.Kind, Limit: c.Limit}, Unit: c.Unit, own: unit}
	switch c.Kind {
	case reductionlist.HourMassAtMost:
		s.mass = true
	case reductionlist.HourConcentrationAtMost, reductionlist.FiveMinuteMeanAtLeast:
		_, ok := readings.Convert(1, unit, c.Unit)
		return s, ok
	case reductionlist.AtLeastRate:
		_, ok := readings.Convert(1, s.rate(), c.Unit)
		return s, ok
	case reductionlist.DayTotalAtMost:
		if readings.SortOf(k.Factor, unit) == readings.Concentration {
			s.mass = true
			return s, true
		}
		_, ok := readings.Convert(1, readings.AmountUnit(unit), c.Unit)
		return s, ok
	case reductionlist.FractionOfBaseline, reductionlist.Stopped:
		s.Unit = unit
		s.Rule.Flow = k.Source == reductionlist.CEMS
	}
	return s, true
}

// rate is the unit of what a point says of an hour: an amount of an hour is a rate.
func (s *Scale) rate() string {
	if readings.IsAmount(s.own) {
		return s.own + "/h"
	}
	return s.own
}

// number is what one thing that was said of an hour comes to; false where it says nothing.
func (s *Scale) number(r, flow *telemetry.Reading) (x float64, ok bool) {
	switch s.Rule.Kind {
	case reductionlist.HourMassAtMost:
		return s.kg(r, flow, "kg/h")
	case reductionlist.DayTotalAtMost:
		if s.mass {
			return s.kg(r, flow, "kg")
		}
		if x, ok = r.Values.Get(telemetry.Total); !ok {
			return 0, false
		}
		return readings.Convert(x, readings.AmountUnit(s.own), s.Unit)
	case reductionlist.HourConcentrationAtMost:
		if x, ok = r.Values.Get(telemetry.ZsAvg); !ok {
			x, ok = r.Values.Get(telemetry.Avg)
		}
	case reductionlist.FiveMinuteMeanAtLeast:
		x, ok = r.Values.Get(telemetry.Avg)
	case reductionlist.AtLeastRate:
		if x, ok = readings.Value(s.own, r); !ok {
			return 0, false
		}
		return readings.Convert(x, s.rate(), s.Unit)
	default:
		return readings.Value(s.own, r)
	}
	if !ok {
		return 0, false
	}
	return readings.Convert(x, s.own, s.Unit)
}

// kg is a mass of the hour in the criterion's unit.
func (s *Scale) kg(r, flow *telemetry.Reading, unit string) (x float64, ok bool) {
	if flow == nil {
		flow = &telemetry.Reading{}
	}
	m, ok := readings.HourMass(s.own, r, flow)
	if !ok {
		return 0, false
	}
	return readings.Convert(m.KG, unit, s.Unit)
}

// Hour is what was said of an hour, in the numbers of the scale: own is what the point said of it, flow what the stack's
// flow said where it counts; nil where nothing came. taken is the number that an officer took as the right one; nil for
// none.
func (s *Scale) Hour(at time.Time, own, flow *telemetry.Kept, tagged int, taken *float64) judge.Hour {
	h := judge.Hour{At: at, Accepted: -1, Tagged: tagged}
	if own == nil {
		return h
	}
	h.Made, h.Valid = own.Source != telemetry.ByDevice, own.N
	flows := []*telemetry.Reading{nil}
	if flow != nil {
		flows = saidOf(flow)
	}
	for _, r := range saidOf(own) {
		for _, f := range flows {
			said := judge.Said{Flag: r.Flag}
			said.Value, said.Has = s.number(r, f)
			if !said.Has && s.mass && f != nil && readings.IsValid(r.Flag) && !readings.IsValid(f.Flag) {
				said.Flag = f.Flag // the flow is what does not count
			}
			if !slices.Contains(h.Said, said) {
				h.Said = append(h.Said, said)
			}
		}
	}
	if taken != nil {
		h.Accepted = slices.IndexFunc(h.Said, func(said judge.Said) bool { return said.Has && near(said.Value, *taken) })
	}
	return h
}

func near(a, b float64) bool { return a == b || a-b < 1e-9*max(a, -a) && b-a < 1e-9*max(a, -a) }

// saidOf are all things that were said of a period: the one that stands first.
func saidOf(k *telemetry.Kept) []*telemetry.Reading {
	all := []*telemetry.Reading{&k.Reading}
	for i := range k.Others {
		all = append(all, &k.Others[i].Reading)
	}
	return all
}

// UsualHours are the valid hours of a point, as a baseline is made of them.
func (s *Scale) UsualHours(kept []telemetry.Kept) []judge.Usual {
	all := make([]judge.Usual, 0, len(kept))
	for i := range kept {
		r := &kept[i].Reading
		if !readings.IsValid(r.Flag) {
			continue
		}
		if x, ok := s.number(r, nil); ok {
			all = append(all, judge.Usual{At: r.At, Value: x})
		}
	}
	return all
}

// Mean is a mean of some minutes, in the numbers of the scale.
func (s *Scale) Mean(k *telemetry.Kept) judge.Mean {
	m := judge.Mean{At: k.At, Span: max(k.Span, 1), Flag: k.Flag}
	m.Value, m.Has = s.number(&k.Reading, nil)
	for i := range k.Others { // the one that is worse for the plant
		if x, ok := s.number(&k.Others[i].Reading, nil); ok && readings.IsValid(k.Others[i].Flag) && x < m.Value {
			m.Value = x
		}
	}
	return m
}

// VehiclesOf counts the vehicles that went through a gate against the standard of a criterion.
func VehiclesOf(c reductionlist.Criterion, passes []readings.Pass) (v judge.Vehicles, err error) {
	least, known := readings.ParseStandard(c.Standard)
	if !known {
		return v, fmt.Errorf("compliance: no standard %q", c.Standard)
	}
	v.All = len(passes)
	for i := range passes {
		switch below, known := passes[i].Standard.Below(least); {
		case !known:
			v.Unknown++
		case below:
			v.Below++
		}
	}
	return v, nil
}
