package alerts

import (
	"slices"

	"qingkong/alerts/aqi"
)

const (
	whyMismatch    = "aqi_mismatch"
	whyDustSuspect = "dust_suspect"
)

// judge says whether a step counts, and with which index. Where criteria ask for PM2.5 and the index exceeds PM2.5's
// own by more than the options allow, the index has another cause or is wrong, and PM2.5's own counts. A window counts
// by its concentrations anyway, so that its mismatch is only told.
func (c Counts) judge(st *step, opt EvaluateOptions) {
	st.counted, st.why = c.counts(st)
	switch {
	case st.unjudged != "":
		st.why = st.unjudged
	case st.suspect && c.leavesOutDust() && (st.counted || st.aqi == nil && !slices.Contains(c.ExceptCauses, st.cause)):
		st.counted, st.why = st.counted && opt.DustSuspect != DustExclude, whyDustSuspect
	case !st.counted || c.Primary != PM25 || st.published == nil || st.own == nil:
	case *st.published <= noPrimary || st.low-*st.own <= opt.AQIMismatch:
	case st.hourly:
		st.why = whyMismatch
	default:
		st.aqi, st.why = st.own, whyMismatch
	}
}

// leavesOutDust reports whether a day of dust does not count.
func (c Counts) leavesOutDust() bool {
	return c.Primary == PM25 || slices.Contains(c.ExceptCauses, Dust)
}

// dayAQI is the measured day as it stands in a series.
func (d *Day) dayAQI(source string) DayAQI {
	return DayAQI{Date: d.Date, AQI: d.AQI, Primary: d.Primary, Cause: d.Cause, Source: source,
		Partial: d.partial(d.Date, d.AQI), Values: d.Values()}
}

// dayAQI is the forecast day as it stands in a series; value is evaluated of its range.
func (f *forecastDay) dayAQI(value int) DayAQI {
	return DayAQI{Date: f.Date, AQI: &value, Low: &f.AQILow, Primary: f.Primary, Cause: f.Cause, Source: SourceForecast,
		ForecastID: f.ForecastID, IssuedAt: f.IssuedAt, Partial: f.partial(f.Date, &value), Values: f.Values()}
}

// step is the day's 24-hour mean. PM2.5's own index is compared with the low end of a range: a range that contains it
// agrees with it.
func (d *DayAQI) step() step {
	st := step{from: d.Date.Start(), to: d.Date.End(), aqi: d.AQI, published: d.AQI, primary: d.Primary, cause: d.Cause,
		source: d.Source, forecastID: d.ForecastID, issuedAt: d.IssuedAt, partial: d.Partial, stations: d.Stations}
	if d.Unjudged != "" {
		st.aqi, st.unjudged = nil, d.Unjudged
		return st
	}
	if d.AQI == nil || len(d.Values) == 0 {
		return st
	}
	st.low = *d.AQI
	if d.Low != nil {
		st.low = *d.Low
	}
	st.own = ownIndex(aqi.StandardOn(string(d.Date)), d.Values)
	st.suspect = st.low == maxAQI && withheld(d.Values) && !slices.Contains(d.Primary, PM25)
	return st
}

// ownIndex is PM2.5's sub-index on the daily table, or nil where it was not measured.
func ownIndex(std aqi.Standard, v aqi.Values) *int {
	c, measured := v[aqi.PM25]
	if !measured {
		return nil
	}
	index := aqi.Daily(std, aqi.Values{aqi.PM25: c}).IAQI[aqi.PM25]
	return &index
}

// withheld reports whether there are concentrations, and of particulates none.
func withheld(v aqi.Values) bool {
	_, pm25 := v[aqi.PM25]
	_, pm10 := v[aqi.PM10]
	return len(v) > 0 && !pm25 && !pm10
}

// shown is the index that people see of a step: as published where another counts.
func (st *step) shown() *int {
	if st.hourly || st.published == nil {
		return st.aqi
	}
	return st.published
}

// verdict tells of the day that the step is.
func (st *step) verdict(d Date) DayVerdict {
	v := DayVerdict{Date: d, AQI: st.shown(), Primary: st.primary, Counted: st.counted, Why: st.why, Source: st.source,
		ForecastID: st.forecastID,
		IssuedAt:   issuedAt(st.issuedAt), Stations: st.stations}
	if st.aqi != v.AQI {
		v.CountedAQI = st.aqi
	}
	return v
}

// Verdict says what a measured day by itself counts as, by the criteria of its date.
func (s Settings) Verdict(d Day) DayVerdict {
	air := d.dayAQI(SourceObservation)
	st := air.step()
	s.CriteriaOn(d.Date).Counts.judge(&st, s.Evaluating())
	return st.verdict(d.Date)
}

// Remarkable reports whether a day's index and concentrations disagree, or its particulates were withheld at an index
// of 500.
func (v DayVerdict) Remarkable() bool { return v.Why == whyMismatch || v.Why == whyDustSuspect }
