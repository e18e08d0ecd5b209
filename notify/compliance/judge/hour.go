package judge

import (
	"math"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/reductionlist"
)

// Said is one thing that an instrument said of an hour. Has is false where its flag alone came.
type Said struct {
	Value float64        `json:"value"`
	Has   bool           `json:"has"`
	Flag  telemetry.Flag `json:"flag,omitempty"`
}

// Hour is all that was said of an hour of one point.
type Hour struct {
	At   time.Time
	Said []Said // none where nothing came; where several differ, in the order in which they came
	// Accepted is which of Said an officer takes as the right one; -1 where nobody said so.
	Accepted int

	// Of an hour that is made of minutes: how many of its minutes are valid, and under maintenance or calibration. Made is
	// false where the instrument itself told the hour.
	Made          bool
	Valid, Tagged int
}

// Rule is what an hour is held against. Limit is in the unit of the values; of [reductionlist.FractionOfBaseline] it is the
// fraction.
type Rule struct {
	Kind  reductionlist.CriterionKind
	Limit float64
	Flow  bool // of [reductionlist.Stopped]: the values are a stack's flow, else power
}

// atMost reports whether more is worse.
func (r Rule) atMost() bool {
	return r.Kind != reductionlist.AtLeastRate && r.Kind != reductionlist.FiveMinuteMeanAtLeast
}

// needsBaseline reports whether the rule says nothing without knowing what is usual.
func (r Rule) needsBaseline() bool {
	return r.Kind == reductionlist.FractionOfBaseline || r.Kind == reductionlist.Stopped
}

// Why says why there is no result, or which it is.
type Why string

// The reasons.
const (
	Waiting     Why = "waiting"      // for the hour's value
	NothingCame Why = "nothing_came" // of the hour
	TooFew      Why = "too_few"      // valid minutes
	BadFlag     Why = "bad_flag"     // F, S, D or B, or over range where less is worse
	Beyond      Why = "over_range"   // over range: more than could be measured
	ByFlag      Why = "by_flag"      // tagged by M or C
	ByOfficer   Why = "explained"    // tagged by an explanation that was accepted
	TooTagged   Why = "too_tagged"   // tagged for longer than a day may be
	NoBaseline  Why = "no_baseline"  // it is not known yet what is usual
)

// Outcome is the result of an hour, and what it rests on.
type Outcome struct {
	At       time.Time
	Result   Result
	Why      Why     // empty of a pass or a fail by a number
	Measured float64 // what was judged, where Has
	Has      bool
	Limit    float64 // what it was held against, in the unit of the values, where Held
	Held     bool
	Differ   bool // other values were said as well; the worst for the plant was judged unless an officer took another
}

// OfHour judges an hour at a time. base may be nil where the rule needs none. explained says that an accepted explanation
// names the hour.
func OfHour(r Rule, base *Baseline, class DayClass, h *Hour, explained bool, now time.Time, set *Settings) Outcome {
	out := Outcome{At: h.At, Differ: len(h.Said) > 1}
	if r.needsBaseline() {
		if base == nil || base.Bins[h.At.Hour()][class].N < set.Least {
			out.Result, out.Why = NoData, NoBaseline
			out.measured(h, r, set)
			return tagged(out, explained)
		}
	}
	out.Limit, out.Held = limitOf(r, base, class, h.At.Hour(), set), true
	s, result, why := weigh(r, h, out.Limit, now, set)
	out.Result, out.Why, out.Measured, out.Has = result, why, s.Value, s.Has
	return tagged(out, explained)
}

// measured shows what was said where nothing can be held against it.
func (out *Outcome) measured(h *Hour, r Rule, set *Settings) {
	s, _, _ := weigh(r, h, math.Inf(1), h.At, set)
	out.Measured, out.Has = s.Value, s.Has
}

// tagged is an outcome of an hour that an accepted explanation may name: it stands for nothing any more, also while its
// value is still waited for.
func tagged(out Outcome, explained bool) Outcome {
	if explained {
		out.Result, out.Why = Tagged, ByOfficer
	}
	return out
}

// limitOf is the number that the hour must keep, in the unit of its values.
func limitOf(r Rule, base *Baseline, class DayClass, hour int, set *Settings) float64 {
	switch r.Kind {
	case reductionlist.FractionOfBaseline:
		b := &base.Bins[hour][class]
		f := r.Limit
		slack := min((b.High-b.Median)/2, (1-f)*b.Median/2)
		return max(f*b.Median+slack, set.Residual*base.ResidualOf(b, set))
	case reductionlist.Stopped:
		if r.Flow {
			return set.StopFlow * base.P95
		}
		b := &base.Bins[hour][class]
		return max(set.Residual*base.ResidualOf(b, set), set.StopPower*base.P95)
	}
	return r.Limit
}

// weigh judges each thing that was said, and takes the worst for the plant, or the one that an officer took.
func weigh(r Rule, h *Hour, limit float64, now time.Time, set *Settings) (worst Said, result Result, why Why) {
	if len(h.Said) == 0 {
		if now.Before(h.At.Add(time.Hour + set.WaitFor)) {
			return worst, Pending, Waiting
		}
		return worst, NoData, NothingCame
	}
	if h.Accepted >= 0 && h.Accepted < len(h.Said) {
		s := h.Said[h.Accepted]
		result, why = one(r, h, s, limit, set)
		return s, result, why
	}
	for i, s := range h.Said {
		res, reason := one(r, h, s, limit, set)
		if i == 0 || worse(r, res, s, result, worst) {
			worst, result, why = s, res, reason
		}
	}
	return worst, result, why
}

// worse reports whether a thing that was said is worse for the plant than another: a fail before a pass, a number before
// none, and of the same result the number that is farther on the wrong side.
func worse(r Rule, res Result, s Said, than Result, other Said) bool {
	if res != than {
		return res > than
	}
	if s.Has != other.Has {
		return s.Has
	}
	if r.atMost() {
		return s.Value > other.Value
	}
	return s.Value < other.Value
}

// one judges one thing that was said of an hour.
func one(r Rule, h *Hour, s Said, limit float64, set *Settings) (Result, Why) {
	switch s.Flag {
	case telemetry.Maintenance, telemetry.Calibration:
		return Tagged, ByFlag
	case telemetry.OverRange:
		if r.atMost() {
			return Fail, Beyond
		}
		return NoData, BadFlag
	case telemetry.Normal, 0:
		if !s.Has || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) {
			return NoData, NothingCame
		}
	default:
		if h.Made && h.Tagged > 0 && h.Valid+h.Tagged >= set.ValidMinutes {
			return Tagged, ByFlag // the minutes that do not count are those of the maintenance
		}
		if h.Made {
			return NoData, TooFew
		}
		return NoData, BadFlag
	}
	if keeps(r, s.Value, limit) {
		return Pass, ""
	}
	return Fail, ""
}

// keeps reports whether a number keeps a limit.
func keeps(r Rule, value, limit float64) bool {
	switch {
	case !r.atMost():
		return value >= limit
	case r.Kind == reductionlist.Stopped && r.Flow:
		return value < limit || value == 0
	}
	return value <= limit
}
