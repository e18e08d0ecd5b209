package alerts

import (
	"slices"
	"time"

	"qingkong/alerts/aqi"
)

// Where a value is from.
const (
	SourceObservation = "observation"
	SourceForecast    = "forecast"
)

// Series is what is known of a region's air: days, and hours where a source gives them. Both are in ascending order
// without repetition. Where hours make a 24-hour mean of a calendar day, that mean stands for the day.
type Series struct {
	Days  []DayAQI
	Hours []HourAir
	Aside []Aside // what of the measurements is not judged
}

// DayAQI is one day of the series to be evaluated. AQI nil = unknown.
type DayAQI struct {
	Date       Date
	AQI        *int
	Primary    []string
	Cause      Cause
	Source     string // SourceObservation, SourceForecast, or empty where it makes no difference
	ForecastID string
	Partial    bool       // its index is that of concentrations without PM2.5
	Low        *int       // the low end of a forecast range; nil where AQI is all that is said
	Values     aqi.Values // concentrations that stand beside the index
	IssuedAt   time.Time  // of a forecast
	Stations   []string   // whose measurements it is the mean of
	Unjudged   string     // why a forecast is not judged: what it says is shown, and the day is unknown
}

// HourAir is the hour that At begins: concentrations, or else an AQI alone; an AQI beside concentrations is what was
// published of the hour. Aside says that all of it was set aside, so that it is taken as missing.
type HourAir struct {
	At         time.Time
	AQI        *int
	Values     aqi.Values
	Cause      Cause
	Source     string
	ForecastID string
	IssuedAt   time.Time // of a forecast
	Aside      bool
}

func (h *HourAir) missing() bool { return h.Aside || h.AQI == nil && len(h.Values) == 0 }

// step is one 24-hour mean of a series: a calendar day, or a window that begins at a full hour. Steps stand in the
// order of their beginnings; two that touch or overlap are consecutive.
type step struct {
	from, to   time.Time
	aqi        *int
	primary    []string
	cause      Cause
	source     string
	forecastID string
	issuedAt   time.Time // of that forecast
	hourly     bool
	partial    bool   // concentrations without PM2.5: the air may be worse than the index says
	valid      int    // hours of a window that have a value
	published  *int   // what was published: of a day, of a window the mean of the hours that PM2.5 stands beside
	low        int    // said, or the low end of a range of which it is another value
	own        *int   // PM2.5's own index
	suspect    bool   // an index of 500 whose particulates were withheld
	unjudged   string // why the forecast of a day is not judged
	stations   []string
	counted    bool
	why        string
}

// steps lines up a series: the windows of its hours, and the days that no window stands for. Where nothing is known
// between two steps an unknown one stands, for each day that is missing and for the rest.
//
// A window of too few hours says nothing where the days it touches are known, so it is left out and parts nothing. And
// what was measured by the hour until now goes on in the forecast of tomorrow: daily forecasts need not speak of today
// (HJ 633—2026: at least three days ahead, not counting the present one), so the rest of today parts nothing either.
func (s Series) steps(counts Counts, opt EvaluateOptions) []step {
	hourly := windows(s.Hours)
	known := map[Date]bool{} // by a day's own window
	for i := range hourly {
		if d := hourly[i].day(); d != "" && hourly[i].aqi != nil {
			known[d] = true
		}
	}
	told := map[Date]bool{} // by a day's own entry
	var all []step
	for _, d := range s.Days {
		if !known[d.Date] {
			all = append(all, d.step())
			told[d.Date] = d.AQI != nil
		}
	}
	for _, w := range hourly {
		if w.aqi == nil && told[DateOf(w.from)] && told[DateOf(w.to.Add(-time.Hour))] {
			continue
		}
		all = append(all, w)
	}
	// A day stands before the window of its own hours, which is unknown then.
	slices.SortStableFunc(all, func(a, b step) int { return a.from.Compare(b.from) })
	out := make([]step, 0, len(all))
	var end time.Time
	for i, st := range all {
		if i > 0 && all[i-1].from.Equal(st.from) {
			continue
		}
		restOfToday := i > 0 && all[i-1].hourly && !st.hourly && st.from.Sub(end) < 24*time.Hour
		switch {
		case i == 0:
		case end.Before(st.from) && !restOfToday:
			out = appendUnknown(out, end, st.from)
		case st.hourly && all[i-1].hourly && st.from.Sub(all[i-1].from) > time.Hour:
			// The windows of two blocks overlap, but those between them are unknown.
			between := all[i-1].from.Add(time.Hour)
			out = append(out, step{from: between, to: between.Add(windowHours * time.Hour), hourly: true, why: whyUnknown})
		}
		counts.judge(&st, opt)
		out = append(out, st)
		end = latest(end, st.to)
	}
	return out
}

// appendUnknown fills the time between from and to, day by day where whole days are missing.
func appendUnknown(steps []step, from, to time.Time) []step {
	for from.Before(to) {
		next := earliest(DateOf(from).End(), to)
		steps = append(steps, step{from: from, to: next, why: whyUnknown})
		from = next
	}
	return steps
}

// day is the calendar day that the step is, or empty.
func (st *step) day() Date {
	if from := st.from.In(Shanghai()); from.Hour() != 0 || st.to.Sub(st.from) != 24*time.Hour {
		return ""
	}
	return DateOf(st.from)
}
