package demo

import (
	"slices"

	"qingkong/cmd/internal/simulate"
	"qingkong/reductionlist"
)

const (
	trucksAnHour = 6    // at a gate, at full load
	treatBefore  = 0.88 // of the least that treatment is asked for, without an order
	treatUnder   = 1.03 // of the most, under one
	scaleUsual   = 0.92 // of a day's limit, where nothing says what is usual
)

// reporters adds what of the list's instruments is no station of HJ 212: meters, scales, gates, and drives and reagents
// whose DCS has no MN. They report as JSON.
func (s *site) reporters(r *reductionlist.Recipient) {
	stations := r.Stations()
	for i := range r.Measures {
		unit := r.Measures[i].Unit
		for _, o := range r.Measures[i].Monitors {
			w := s.behind[o.Ref]
			if w == nil || slices.Contains(stations, o.Ref) {
				continue
			}
			j := slices.IndexFunc(s.meters, func(m *simulate.Meter) bool { return m.Ref == o.Ref && m.Factor == o.Factor })
			if j < 0 {
				m := s.meter(w, unit, o)
				if m == nil {
					continue
				}
				j = len(s.meters)
				s.meters = append(s.meters, m)
			}
			if o.Criterion.Kind == reductionlist.AtLeastRate { // another level may ask for more
				m := s.meters[j]
				m.Full, m.Under = min(m.Full, o.Criterion.Limit*treatBefore), max(m.Under, o.Criterion.Limit*treatUnder)
			}
		}
	}
}

// meter is the instrument of a monitor; nil where no kind of meter can say what the list asks for.
func (s *site) meter(w *works, unit string, o reductionlist.Monitor) *simulate.Meter {
	m := &simulate.Meter{Ref: o.Ref, Factor: o.Factor, Recipient: s.recipient, Plant: w.Plant}
	name := ""
	switch {
	case o.Source == reductionlist.Power:
		m.Kind, name = simulate.PowerMeter, "电表"
	case o.Source == reductionlist.Gate:
		m.Kind, name, m.Full = simulate.Gate, "门禁", trucksAnHour
	case o.Source == reductionlist.Weighing && o.Criterion.Kind == reductionlist.DayTotalAtMost:
		m.Kind, name, m.Full = simulate.Scale, "称重", scaleUsual*o.Criterion.Limit/24/w.mean
		if w.day > 0 {
			m.Full = w.Feed
		}
	case o.Source == reductionlist.DCS && o.Criterion.Kind == reductionlist.AtLeastRate:
		m.Kind, name, m.Unit = simulate.Reagent, "给料", o.Criterion.Unit
		if o.Criterion.Unit == "Hz" {
			m.Kind, name = simulate.Drive, "风机"
		}
		m.Full = o.Criterion.Limit * treatBefore
	default:
		return nil
	}
	m.Name = marked(unit + name)
	return m
}
