package readings

import (
	"slices"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// How much of a period has to be valid for it to count (HJ 212-2017, D.2; HJ 75-2017): three quarters of an hour, five
// sixths of a day.
const (
	MinutesOfHour = 45
	HoursOfDay    = 20
)

// Flags are how many minutes of an hour, or hours of a day, came with each flag; those that did not come are in none.
type Flags map[telemetry.Flag]int

// HourOf makes the hour that begins at a full hour from readings of its point, of [telemetry.Minute] or, where there is
// none of these, of [telemetry.Moment]: who calls gives moments only of stations whose samples make hours. unit is the
// point's.
//
// Each minute counts once, for the reading that is first by time and then by order, as far as that is valid; samples of
// one minute count as their mean. n is how many minutes have a value. With 45 or more the hour is ok and its flag is N:
// its means are those of the minutes, its extremes the extremes, and its amounts what the minutes had, for the 60. With
// fewer it has flag D and no values (HJ 212-2017, C.16); where nothing came, not even that.
//
// Of a point that counts events, like weighings, amounts are added up as they are, n is how many readings there are, and
// one is enough; so are amounts of single minutes of a point whose unit nobody says.
func HourOf(unit string, rs []telemetry.Reading, at time.Time) (r telemetry.Reading, n int, ok bool) {
	at = at.In(hj212.Beijing)
	of := within(rs, at, at.Add(time.Hour), telemetry.Minute)
	if len(of) == 0 {
		of = within(rs, at, at.Add(time.Hour), telemetry.Moment)
	}
	if len(of) == 0 {
		return r, 0, false
	}
	r = telemetry.Reading{Point: of[0].Point, Step: telemetry.Hour, At: at, Flag: telemetry.Fault}
	if onlyTotals(of) && (events(unit) || unit == "" && ofOneMinute(of)) {
		return added(r, of)
	}
	if noMean(r.Point) {
		return r, 0, false
	}
	var s sums
	s.minutes(of, at)
	for _, kind := range []telemetry.Kind{telemetry.Total, telemetry.ZsTotal} {
		s.v[kind] *= 60 / max(s.n[kind], 1) // as the standard's hour has mean × flow for all of its minutes
	}
	return s.made(r, MinutesOfHour)
}

// DayOf makes the day that begins at a midnight of Beijing from the hours of its point, as [HourOf] does an hour of
// minutes: 20 valid hours make it, each counts the same, n is how many there are, and amounts are added up as they are,
// for a day's mass is the sum of its hours (HJ 212-2017, D.2, formula 34 without its second 10⁻⁶, which is a misprint).
func DayOf(unit string, hours []telemetry.Reading, at time.Time) (r telemetry.Reading, n int, ok bool) {
	at = at.In(hj212.Beijing)
	of := within(hours, at, at.Add(24*time.Hour), telemetry.Hour)
	if len(of) == 0 {
		return r, 0, false
	}
	r = telemetry.Reading{Point: of[0].Point, Step: telemetry.Day, At: at, Flag: telemetry.Fault}
	if events(unit) && onlyTotals(of) {
		return added(r, of)
	}
	if noMean(r.Point) {
		return r, 0, false
	}
	var s sums
	var last time.Time
	for i := range of {
		if IsValid(of[i].Flag) && !of[i].At.Equal(last) {
			s.add(&of[i].Values, 1, 1)
			last = of[i].At
		}
	}
	return s.made(r, HoursOfDay)
}

// FlagsOf counts the minutes from a time to another by the flag of the reading that each belongs to, or the hours where
// rs are hours: what a page says of why an hour or a day does not count.
func FlagsOf(rs []telemetry.Reading, from, to time.Time) Flags {
	out := Flags{}
	if of := within(rs, from, to, telemetry.Hour); len(of) > 0 {
		var last time.Time
		for i := range of {
			if !of[i].At.Equal(last) {
				out[of[i].Flag]++
				last = of[i].At
			}
		}
		return out
	}
	of := within(rs, from, to, telemetry.Minute)
	if len(of) == 0 {
		of = within(rs, from, to, telemetry.Moment)
	}
	end := from
	for i := range of {
		begin, stop := covers(&of[i])
		begin, stop = latest(begin, end), earliest(stop, to)
		if stop.After(begin) {
			out[of[i].Flag] += int(stop.Sub(begin) / time.Minute)
			end = stop
		}
	}
	return out
}

// Sum adds up the amounts of valid readings that begin from a time on and before another, whatever is missing between
// them: so much it was at least. n is how many there are.
func Sum(rs []telemetry.Reading, from, to time.Time) (total float64, n int) {
	for i := range rs {
		x, has := rs[i].Values.Get(telemetry.Total)
		if has && IsValid(rs[i].Flag) && !rs[i].At.Before(from) && rs[i].At.Before(to) {
			total += x
			n++
		}
	}
	return total, n
}

// Value is the number of a reading that its point is about: the amount where its unit counts amounts, else the mean.
func Value(unit string, r *telemetry.Reading) (float64, bool) {
	if IsAmount(unit) {
		return r.Values.Get(telemetry.Total)
	}
	return r.Values.Get(telemetry.Avg)
}

// within are the readings of a step that say something of the time from one to another, by time; those of the same
// time stay in their order.
func within(rs []telemetry.Reading, from, to time.Time, step telemetry.Step) []telemetry.Reading {
	var out []telemetry.Reading
	for i := range rs {
		begin, end := covers(&rs[i])
		if rs[i].Step == step && begin.Before(to) && end.After(from) {
			out = append(out, rs[i])
		}
	}
	slices.SortStableFunc(out, func(a, b telemetry.Reading) int { return a.At.Compare(b.At) })
	return out
}

// covers is the time that a reading stands for: a sample its minute, or as many as its station has it stand for.
func covers(r *telemetry.Reading) (from, to time.Time) {
	if r.Step == telemetry.Moment {
		from = r.At.Truncate(time.Minute)
		return from, from.Add(time.Duration(max(r.Span, 1)) * time.Minute)
	}
	return r.At, r.At.Add(lasts(r.Step, r.Span))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// noMean reports whether a point's values are numbers of which no mean means anything.
func noMean(p telemetry.Point) bool {
	_, code := p.Split()
	k := Lookup(code)
	return k != nil && (k.Sort == State || k.Sort == Direction)
}

func onlyTotals(rs []telemetry.Reading) bool {
	return !slices.ContainsFunc(rs, func(r telemetry.Reading) bool { return r.Values.Has&^(1<<telemetry.Total) != 0 })
}

func ofOneMinute(rs []telemetry.Reading) bool {
	return !slices.ContainsFunc(rs, func(r telemetry.Reading) bool { return r.Span > 1 })
}

// added is the sum of events.
func added(r telemetry.Reading, of []telemetry.Reading) (telemetry.Reading, int, bool) {
	total, n := 0.0, 0
	for i := range of {
		x, has := of[i].Values.Get(telemetry.Total)
		if has && IsValid(of[i].Flag) && !of[i].At.Before(r.At) {
			total += x
			n++
		}
	}
	if n == 0 {
		return r, 0, false
	}
	r.Flag = telemetry.Normal
	r.Values.Set(telemetry.Total, tidy(total))
	return r, n, true
}

// sums are a period's values while it is made: of means the sum of value × weight, of amounts the sum.
type sums struct {
	v, n     [telemetry.ZsTotal + 1]float64
	extremes telemetry.Values
}

// minutes adds the minutes of the hour at: of a reading those that none before it had.
func (s *sums) minutes(of []telemetry.Reading, at time.Time) {
	end := at
	for i := 0; i < len(of); {
		begin, stop := covers(&of[i])
		span := stop.Sub(begin)
		begin, stop = latest(begin, end), earliest(stop, at.Add(time.Hour))
		same := i + 1
		if of[i].Step == telemetry.Moment {
			for same < len(of) && of[same].At.Truncate(time.Minute).Equal(of[i].At.Truncate(time.Minute)) {
				same++
			}
		}
		if stop.After(begin) && s.together(of[i:same], stop.Sub(begin).Minutes(),
			float64(stop.Sub(begin))/float64(span)) {
			end = stop
		}
		i = same
	}
}

// together adds readings of one minute, or one reading, if any is valid.
func (s *sums) together(of []telemetry.Reading, minutes, share float64) bool {
	var mean sums
	for i := range of {
		if IsValid(of[i].Flag) {
			mean.add(&of[i].Values, 1, 1)
		}
	}
	v := mean.extremes
	for k, n := range mean.n {
		switch kind := telemetry.Kind(k); {
		case n == 0, kind != telemetry.Avg && kind != telemetry.ZsAvg && kind != telemetry.Total &&
			kind != telemetry.ZsTotal:
		case kind == telemetry.Total, kind == telemetry.ZsTotal:
			v.Set(kind, mean.v[k])
		default:
			v.Set(kind, mean.v[k]/n)
		}
	}
	if v.Has == 0 {
		return false
	}
	s.add(&v, minutes, share)
	return true
}

// add adds values that stand for so much of the period, with a share of their amounts.
func (s *sums) add(v *telemetry.Values, weight, share float64) {
	for _, kind := range []telemetry.Kind{telemetry.Avg, telemetry.ZsAvg} {
		if x, has := v.Get(kind); has {
			s.v[kind] += x * weight
			s.n[kind] += weight
		}
	}
	for _, kind := range []telemetry.Kind{telemetry.Total, telemetry.ZsTotal} {
		if x, has := v.Get(kind); has {
			s.v[kind] += x * share
			s.n[kind] += weight
		}
	}
	for _, kind := range []telemetry.Kind{telemetry.Min, telemetry.Max, telemetry.ZsMin, telemetry.ZsMax} {
		x, has := v.Get(kind)
		if !has {
			continue
		}
		lower := kind == telemetry.Min || kind == telemetry.ZsMin
		if have, before := s.extremes.Get(kind); !before || x < have == lower {
			s.extremes.Set(kind, x)
		}
	}
}

// made puts the sums into the reading, each kind of which there is enough.
func (s *sums) made(r telemetry.Reading, least float64) (telemetry.Reading, int, bool) {
	n := max(s.n[telemetry.Avg], s.n[telemetry.Total])
	if n < least {
		return r, int(n), false
	}
	r.Flag, r.Values = telemetry.Normal, s.extremes
	for _, kind := range []telemetry.Kind{telemetry.Avg, telemetry.ZsAvg, telemetry.Total, telemetry.ZsTotal} {
		switch enough := s.n[kind] >= least; {
		case !enough:
		case kind == telemetry.Total, kind == telemetry.ZsTotal:
			r.Values.Set(kind, tidy(s.v[kind]))
		default:
			r.Values.Set(kind, tidy(s.v[kind]/s.n[kind]))
		}
	}
	return r, int(n), true
}
