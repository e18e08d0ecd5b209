package simulate

import (
	"math"

	"qingkong/notify/telemetry"
)

// value is what is said of one factor and one period. A moment has its sample as Avg.
type value struct {
	telemetry.Values
	flag telemetry.Flag
}

// sample is every factor at a moment; ok is false where the station had no power.
func (s *Station) sample(at int64) (vs [maxFactors]value, ok bool) {
	m, ok := s.measure(at - at%60)
	if !ok {
		return vs, false
	}
	for i := range s.factors {
		f := &s.factors[i]
		v := round(m.mean[i]*(1+0.9*f.wide*f.noise.swing(-at)), f.decimals)
		vs[i].Set(telemetry.Avg, v)
		vs[i].flag = m.flag[i]
	}
	s.convert(&vs)
	return vs, true
}

// mean is every factor over some minutes; ok is false where none of them was measured.
//
// A mean is that of the minutes with flag N, or of all where none has it. A flag is N where three quarters of the
// minutes have it, else D (HJ 212-2017, appendix C, notes 16 to 18 [domain.md §5]), or what all of them have.
func (s *Station) mean(from, minutes int64) (vs [maxFactors]value, ok bool) {
	var good, all [maxFactors]tally
	for i := range minutes {
		m, there := s.measure(from + 60*i)
		if !there {
			continue
		}
		ok = true
		for j := range s.factors {
			all[j].add(m.mean[j], s.factors[j].wide, m.flag[j])
			if m.flag[j] == telemetry.Normal {
				good[j].add(m.mean[j], s.factors[j].wide, m.flag[j])
			}
		}
	}
	if !ok {
		return vs, false
	}
	for i := range s.factors {
		t := &good[i]
		if t.n == 0 {
			t = &all[i]
		}
		d := s.factors[i].decimals
		vs[i].Set(telemetry.Min, round(t.least, d))
		vs[i].Set(telemetry.Avg, round(t.sum/float64(t.n), d))
		vs[i].Set(telemetry.Max, round(t.most, d))
		vs[i].flag = flagOf(good[i].n, all[i].n, minutes, all[i].flags)
	}
	s.amounts(&vs, float64(60*all[0].n))
	s.convert(&vs)
	return vs, true
}

// day is every factor over the 24 hours from the label on, out of what was said of its hours.
func (s *Station) day(from int64) (vs [maxFactors]value, ok bool) {
	var good, all, amount [maxFactors]tally
	for h := range int64(24) {
		hour, there := s.mean(from+3600*h, 60)
		if !there {
			continue
		}
		ok = true
		for i := range s.factors {
			all[i].hour(&hour[i])
			if hour[i].flag == telemetry.Normal {
				good[i].hour(&hour[i])
			}
			if kg, there := hour[i].Get(telemetry.Total); there {
				amount[i].sum += kg
				amount[i].n++
			}
		}
	}
	if !ok {
		return vs, false
	}
	for i := range s.factors {
		t := &good[i]
		if t.n == 0 {
			t = &all[i]
		}
		d := s.factors[i].decimals
		vs[i].Set(telemetry.Min, round(t.least, d))
		vs[i].Set(telemetry.Avg, round(t.sum/float64(t.n), d))
		vs[i].Set(telemetry.Max, round(t.most, d))
		if amount[i].n > 0 {
			vs[i].Set(telemetry.Total, round(amount[i].sum, s.factors[i].amountDecimals()))
		}
		vs[i].flag = flagOf(good[i].n, all[i].n, 24, all[i].flags)
	}
	s.convert(&vs)
	return vs, true
}

// tally adds up the lower level of a period.
type tally struct {
	n                int64
	sum, least, most float64
	flags            flagSet
}

func (t *tally) add(mean, wide float64, f telemetry.Flag) {
	t.take(mean, mean-math.Abs(mean)*wide, mean+math.Abs(mean)*wide, f)
}

func (t *tally) hour(v *value) {
	mean, _ := v.Get(telemetry.Avg)
	least, _ := v.Get(telemetry.Min)
	most, _ := v.Get(telemetry.Max)
	t.take(mean, least, most, v.flag)
}

func (t *tally) take(mean, least, most float64, f telemetry.Flag) {
	if t.n == 0 || least < t.least {
		t.least = least
	}
	if t.n == 0 || most > t.most {
		t.most = most
	}
	t.n++
	t.sum += mean
	t.flags.add(f)
}

// flagSet is the one flag that all had, or that they had several.
type flagSet struct {
	one     telemetry.Flag
	several bool
}

func (s *flagSet) add(f telemetry.Flag) {
	s.several = s.several || s.one != 0 && s.one != f
	s.one = f
}

// flagOf is the flag of a period of n parts, of which some came and some of these are good.
func flagOf(good, came, n int64, flags flagSet) telemetry.Flag {
	switch {
	case good*4 >= n*3:
		return telemetry.Normal
	case came == n && !flags.several:
		return flags.one
	default:
		return telemetry.Fault
	}
}

// amounts are m³ of gas, and kg of what is in it: the mean as it is measured, never converted, times the gas
// (HJ 212-2017, appendix D, formula 33 [domain.md §4]).
func (s *Station) amounts(vs *[maxFactors]value, seconds float64) {
	if s.flow < 0 {
		return
	}
	flow := &vs[s.flow]
	perSecond, _ := flow.Get(telemetry.Avg)
	m3 := round(perSecond*seconds, s.factors[s.flow].amountDecimals())
	flow.Set(telemetry.Total, m3)
	for i := range s.factors {
		if s.factors[i].kind == isGas {
			avg, _ := vs[i].Get(telemetry.Avg)
			vs[i].Set(telemetry.Total, round(avg*m3*1e-6, s.factors[i].amountDecimals()))
		}
	}
}

func (f *factor) amountDecimals() int {
	if f.kind == isFlow {
		return 1
	}
	return 6
}

// noConversion is the oxygen in per cent from which on a concentration says nothing that could be converted: the
// reference differs from air by so little that what comes out is noise.
const noConversion = 19

// convert adds the values at the reference oxygen: C × (21 − reference) / (21 − measured).
func (s *Station) convert(vs *[maxFactors]value) {
	if s.o2 < 0 || s.spec.o2Ref == 0 {
		return
	}
	o2, _ := vs[s.o2].Get(telemetry.Avg)
	if o2 >= noConversion {
		return
	}
	by := (21 - s.spec.o2Ref) / (21 - o2)
	for i := range s.factors {
		f := &s.factors[i]
		if f.kind != isGas {
			continue
		}
		for _, pair := range [][2]telemetry.Kind{{telemetry.Avg, telemetry.ZsAvg}, {telemetry.Min, telemetry.ZsMin},
			{telemetry.Max, telemetry.ZsMax}} {
			if v, ok := vs[i].Get(pair[0]); ok {
				vs[i].Set(pair[1], round(v*by, f.decimals))
			}
		}
	}
}
