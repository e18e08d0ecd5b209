package judge

import (
	"time"

	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Day is all that was said of a calendar day.
type Day struct {
	At        time.Time // its midnight
	Hours     []Hour    // of a day's total: its hours, each of an amount
	Means     []Mean    // of five-minute means
	Vehicles  Vehicles  // of a gate
	Explained func(hour time.Time) bool
}

// Mean is a mean of five minutes, or of however long the device takes.
type Mean struct {
	At    time.Time
	Span  int // minutes
	Value float64
	Has   bool
	Flag  telemetry.Flag
}

// Vehicles are those that went through a gate in a day.
type Vehicles struct {
	All, Below, Unknown int // Below have no pass; of Unknown the standard is not known
}

// Add counts further ones.
func (v *Vehicles) Add(more Vehicles) {
	v.All, v.Below, v.Unknown = v.All+more.All, v.Below+more.Below, v.Unknown+more.Unknown
}

// DayOutcome is the result of a day, and what it rests on.
type DayOutcome struct {
	Outcome
	Valid    int     // hours, five-minute means or vehicles that say something
	Tagged   int     // of hours or means
	Forecast float64 // of a day's total, while the day runs: what it comes to at the pace until now
	Foresees bool
}

// OfDay judges a day at a time: one that is over, and only shows one that is not. Of a day of which more came to be than
// may, the fail stands whatever is missing.
func OfDay(r Rule, d *Day, now time.Time, set *Settings) DayOutcome {
	var out DayOutcome
	switch r.Kind {
	case reductionlist.DayTotalAtMost:
		out = dayTotal(r, d, now, set)
	case reductionlist.FiveMinuteMeanAtLeast:
		out = dayMeans(r, d, set)
	case reductionlist.NoVehicleBelow:
		out = dayVehicles(d)
	}
	out.At, out.Limit, out.Held = d.At, r.Limit, true
	if end := d.At.AddDate(0, 0, 1); now.Before(end.Add(set.WaitFor)) && out.Result != Fail {
		out.Result, out.Why = Pending, Waiting
	}
	return out
}

func dayTotal(r Rule, d *Day, now time.Time, set *Settings) (out DayOutcome) {
	for i := range d.Hours {
		h := &d.Hours[i]
		s, result, _ := weigh(r, h, 0, now, set)
		switch explained := d.Explained != nil && d.Explained(h.At); {
		case explained || result == Tagged:
			out.Tagged++
		case result.Judged() && s.Has:
			out.Valid++
			out.Measured += s.Value
		}
		out.Differ = out.Differ || len(h.Said) > 1
	}
	out.Has = out.Valid > 0
	out.foresee(d, now)
	switch {
	case out.Measured > r.Limit:
		out.Result = Fail
	case out.Valid >= set.ValidHours:
		out.Result = Pass
	case out.Valid+out.Tagged >= set.ValidHours:
		out.Result, out.Why = Tagged, ByFlag
	default:
		out.Result, out.Why = NoData, TooFew
	}
	return out
}

// foresee says from noon on what a running day comes to.
func (out *DayOutcome) foresee(d *Day, now time.Time) {
	gone := now.Sub(d.At)
	if gone < 12*time.Hour || gone >= 24*time.Hour || out.Valid == 0 {
		return
	}
	out.Forecast, out.Foresees = out.Measured/float64(out.Valid)*24, true
}

func dayMeans(r Rule, d *Day, set *Settings) (out DayOutcome) {
	low, valid, tagged := 0, 0, 0 // minutes of the last two
	for _, m := range d.Means {
		switch explained := d.Explained != nil && d.Explained(m.At.Truncate(time.Hour)); {
		case explained, m.Flag == telemetry.Maintenance, m.Flag == telemetry.Calibration:
			out.Tagged++
			tagged += m.Span
		case (m.Flag == telemetry.Normal || m.Flag == 0) && m.Has:
			out.Valid++
			valid += m.Span
			if m.Value < r.Limit {
				low++
			}
		}
	}
	out.Measured, out.Has = float64(low), out.Valid > 0
	switch need := set.ValidHours * 60; {
	case low > set.LowMeansADay:
		out.Result = Fail
	case valid >= need:
		out.Result = Pass
	case valid+tagged >= need:
		out.Result, out.Why = Tagged, ByFlag
	default:
		out.Result, out.Why = NoData, TooFew
	}
	return out
}

// dayVehicles judges a gate: one vehicle below the standard and without a pass is a failed day. A day on which nothing
// went through says nothing, for the gate may have been off.
func dayVehicles(d *Day) (out DayOutcome) {
	v := d.Vehicles
	out.Measured, out.Has, out.Valid = float64(v.Below), v.All > 0, v.All-v.Unknown
	switch {
	case v.Below > 0:
		out.Result = Fail
	case out.Valid > 0:
		out.Result = Pass
	default:
		out.Result, out.Why = NoData, NothingCame
	}
	return out
}
