package readings

import (
	"strconv"
	"time"

	"qingkong/notify/telemetry"
)

// readings makes them of what was gathered, in the order in which the factors came.
func (m *message) readings(at, received time.Time, resent bool) []telemetry.Reading {
	start := startOf(at, m.step, m.span)
	if !start.Equal(at) {
		m.tell(Label, "", at.Format(time.DateTime))
	}
	if end := start.Add(lasts(m.step, m.span)); end.After(received.Add(m.opt.Ahead)) {
		m.tell(NotOver, "", at.Format(time.DateTime))
	}
	out := make([]telemetry.Reading, 0, len(m.factors))
	where := make([]place, 0, len(m.factors))
	for i := range m.factors {
		f := &m.factors[i]
		r := telemetry.Reading{Step: m.step, At: start, Span: m.span, Flag: f.flag, Resent: resent}
		if f.hasHours {
			hours := r
			hours.Point = telemetry.PointOf(m.st.MN, f.code+runTime)
			hours.Values.Set(telemetry.Total, f.hours)
			out, where = append(out, hours), append(where, place{})
		}
		if m.step == telemetry.Moment && !f.sampled.IsZero() {
			if taken, ok := m.time(f.sampled, received); ok {
				r.At = taken
			}
		}
		r.Point = telemetry.PointOf(m.st.MN, f.code)
		p := m.place(f)
		r.Values = m.inUnit(f, p)
		if r.Values.Has == 0 && IsValid(r.Flag) {
			if r.Flag == 0 && !f.lost && f.values.Has == 0 {
				continue
			}
			r.Flag = telemetry.Fault // what has no value is not normal, whatever the device says
		}
		out, where = append(out, r), append(where, p)
	}
	m.convert(out, where)
	return out
}

// place is where a factor is measured, and what is known of it.
type place struct {
	code   string
	known  *Known
	named  *telemetry.Factor // by the register
	outlet *telemetry.Outlet
}

func (m *message) place(f *factor) place {
	p := place{code: f.code, known: Lookup(f.code)}
	p.named, p.outlet = m.st.Factor(f.code)
	if p.named == nil {
		if p.known == nil || p.known.Sort != State && p.known.Sort != RunTime {
			m.tell(Unregistered, f.code, "")
		}
		if len(m.st.Outlets) == 1 {
			p.outlet = &m.st.Outlets[0]
		}
	}
	return p
}

// inUnit are the values in the unit of the point.
func (m *message) inUnit(f *factor, p place) telemetry.Values {
	v := f.values
	unit := ""
	if p.named != nil {
		unit = p.named.Unit
	}
	if v.Has == 0 {
		return v
	}
	if p.known == nil || p.known.Unit == "" {
		return inOwn(v, unit)
	}
	if unit == "" {
		if f.code == "a21001" {
			m.tell(AmmoniaUnit, f.code, "")
		}
		unit = p.known.Unit
	}
	from, ok := ParseUnit(unit)
	to, _ := ParseUnit(p.known.Unit)
	if !ok || from.of != to.of {
		m.tell(UnitOther, f.code, unit)
		return telemetry.Values{}
	}
	v = from.all(v, to)
	if p.known.gram && from.Name == "ng/m3" { // who follows the table in one follows it in both
		for _, k := range []telemetry.Kind{telemetry.Total, telemetry.ZsTotal} {
			if x, has := v.Get(k); has {
				v.Set(k, tidy(x/1000))
			}
		}
	}
	return m.belowZero(v, f.code, p.known)
}

// inOwn are values of a registered unit in the own unit of what it measures.
func inOwn(v telemetry.Values, unit string) telemetry.Values {
	from, ok := ParseUnit(unit)
	if !ok {
		return v
	}
	to, _ := ParseUnit(own[from.of])
	return from.all(v, to)
}

// all are values in another unit of the same quantity. An amount is in a unit of its own, except of what counts amounts.
func (u Unit) all(v telemetry.Values, to Unit) telemetry.Values {
	if u == to {
		return v
	}
	for k := telemetry.Avg; k <= telemetry.ZsTotal; k++ {
		x, has := v.Get(k)
		if has && (k != telemetry.Total && k != telemetry.ZsTotal || IsAmount(u.Name)) {
			x, _ = u.to(x, to)
			v.Set(k, x)
		}
	}
	return v
}

// belowZero takes concentrations below zero as the options say.
func (m *message) belowZero(v telemetry.Values, code string, k *Known) telemetry.Values {
	if k.Sort != Concentration {
		return v
	}
	kept := telemetry.Values{}
	for kind := telemetry.Avg; kind <= telemetry.ZsTotal; kind++ {
		x, has := v.Get(kind)
		if !has {
			continue
		}
		if x < 0 {
			m.tell(Negative, code, strconv.FormatFloat(x, 'f', -1, 64))
			switch m.opt.Negative {
			case None:
				continue
			case Zero:
				x = 0
			}
		}
		kept.Set(kind, x)
	}
	return kept
}

// convert adds the mean at the reference oxygen where the device sends none: C × (21 − O2ref) ÷ (21 − O2) of what was
// measured in the same message at the same outlet. The raw mean stays.
func (m *message) convert(rs []telemetry.Reading, where []place) {
	for i := range rs {
		p := where[i]
		if p.known == nil || !p.known.zs || p.outlet == nil || p.outlet.O2 == nil {
			continue
		}
		raw, has := rs[i].Values.Get(telemetry.Avg)
		if _, own := rs[i].Values.Get(telemetry.ZsAvg); own || !has {
			continue
		}
		for j := range rs {
			if where[j].code != "a19001" || where[j].outlet != p.outlet || !IsValid(rs[j].Flag) {
				continue
			}
			o2, measured := rs[j].Values.Get(telemetry.Avg)
			if !measured {
				break
			}
			zs, ok := Convert21(raw, o2, *p.outlet.O2, m.opt.O2Most)
			if ok {
				rs[i].Values.Set(telemetry.ZsAvg, zs)
			} else {
				m.tell(OxygenHigh, p.code, strconv.FormatFloat(o2, 'f', -1, 64))
			}
			break
		}
	}
}

// Convert21 is a concentration at a reference oxygen: c × (21 − reference) ÷ (21 − o2), of per cent of dry gas. It is
// false where o2 is above most, or no share of air.
func Convert21(c, o2, reference, most float64) (float64, bool) {
	if o2 < 0 || o2 > most || o2 >= 21 || reference < 0 || reference >= 21 {
		return 0, false
	}
	return tidy(c * (21 - reference) / (21 - o2)), true
}

// IsValid reports whether a value with a flag counts: N, or none where the device sends no flags (HJ 212-2017, C.16).
func IsValid(flag telemetry.Flag) bool { return flag == telemetry.Normal || flag == 0 }
