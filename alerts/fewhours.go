package alerts

import (
	"cmp"
	"slices"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// FewHours says how many of 24 hours have a value where they are too few: nothing is judged of them, and nobody can say
// that they never exceeded a value.
type FewHours struct {
	Valid int  `json:"valid"`    // hours with a value, of PM2.5 where any has one
	Need  int  `json:"need"`     // GB 3095—2012, table 4
	Mean  *int `json:"mean_aqi"` // the daily-table index of the mean of what there is; nil where that says nothing
}

// fewHours is what 24 hours have, or nil where they are enough or none.
func fewHours(hours []*HourAir) *FewHours {
	of := map[aqi.Pollutant][]aqi.Concentration{}
	var indices []aqi.Concentration
	for _, h := range hours {
		for p, v := range h.Values {
			of[p] = append(of[p], v)
		}
		if h.AQI != nil && len(h.Values) == 0 {
			indices = append(indices, aqi.Whole(*h.AQI))
		}
	}
	few := &FewHours{Valid: len(hours), Need: windowValid}
	if n := len(of[aqi.PM25]); n > 0 {
		few.Valid = n
	}
	if few.Valid == 0 || few.Valid >= windowValid {
		return nil
	}
	values := aqi.Values{}
	for _, p := range meanPollutants {
		if len(of[p]) > 0 {
			values[p] = aqi.Mean(of[p])
		}
	}
	index := -1
	for _, i := range aqi.Daily(standardAt(hours[0].At), values).IAQI {
		index = max(index, i)
	}
	if len(values) == 0 && len(indices) > 0 {
		index = aqi.Mean(indices).Ceil()
	}
	if index >= 0 {
		few.Mean = &index
	}
	return few
}

// fewHoursOf are the days of a series of which too few hours are known.
func fewHoursOf(hours []HourAir) map[Date]*FewHours {
	by := map[Date][]*HourAir{}
	for i := range hours {
		if h := &hours[i]; !h.missing() {
			by[DateOf(h.At)] = append(by[DateOf(h.At)], h)
		}
	}
	out := map[Date]*FewHours{}
	for day, of := range by {
		if few := fewHours(of); few != nil {
			out[day] = few
		}
	}
	return out
}

const whyFewHours = "too_few_hours"

// tellFewHours marks the days that are unknown for want of hours, and adds such days for which no mean stands; clauses
// say then that they cannot tell. Days that end after until are left as they are; a zero until is no limit.
func (ev *Evaluation) tellFewHours(hours []HourAir, until time.Time) {
	few := fewHoursOf(hours)
	for i := range ev.Days {
		d := &ev.Days[i]
		f := few[d.Date]
		delete(few, d.Date)
		if f == nil || d.Counted || d.Source == SourceForecast || !until.IsZero() && d.Date.End().After(until) {
			continue
		}
		if d.AQI == nil && d.Why == whyUnknown || d.AQI != nil && partialOf(ev.steps, d.Date) {
			d.Why, d.Hours = whyFewHours, f
		}
	}
	added := false
	for day, f := range few {
		if until.IsZero() || !day.End().After(until) {
			ev.Days = append(ev.Days, DayVerdict{Date: day, Why: whyFewHours, Hours: f, Source: sourceOf(hours, day)})
			added = true
		}
	}
	slices.SortStableFunc(ev.Days, func(a, b DayVerdict) int { return cmp.Compare(a.Date, b.Date) })
	if added || len(ev.steps) == 0 {
		for i := range ev.Clauses {
			ev.Clauses[i].Unknown = true
		}
	}
}

// partialOf reports whether a day's mean has no PM2.5.
func partialOf(steps []step, day Date) bool {
	return slices.ContainsFunc(steps, func(st step) bool { return st.hourly && st.partial && st.day() == day })
}

// sourceOf is where a day's hours are from: observation where none is forecast.
func sourceOf(hours []HourAir, day Date) (source string) {
	for i := range hours {
		if h := &hours[i]; DateOf(h.At) == day && !h.missing() && (source == "" || h.Source == SourceForecast) {
			source = h.Source
		}
	}
	return source
}

// Reason tells, in "zh-CN" or "en", why a day counts as it does; empty where nothing is to be told.
func (v *DayVerdict) Reason(lang string) string {
	switch {
	case v.Why == "":
		return ""
	case v.Why == whyFewHours && v.Hours != nil:
		return v.Hours.Text(lang)
	}
	return refusal.Text("why."+v.Why, lang, nil)
}

// Text tells, in "zh-CN" or "en", how many hours there are and what they say.
func (f *FewHours) Text(lang string) string {
	rule, args := "why.too_few_hours_of", refusal.Args{"valid": f.Valid, "need": f.Need}
	if f.Mean != nil {
		rule, args["mean"] = "why.too_few_hours_mean", *f.Mean
	}
	return refusal.Text(rule, lang, args)
}

// HighAndMissing is an alarm: what was measured in a region in 24 hours would count, and too few hours are there to
// judge it.
type HighAndMissing struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	FewHours
	Over int `json:"over"` // the AQI above which the criteria look
}

// Text tells of it in "zh-CN" or "en", and what to do.
func (a *HighAndMissing) Text(lang string) string {
	return refusal.Text("air.high_and_missing", lang,
		refusal.Args{"from": StartText(a.From), "to": EndText(a.To), "valid": a.Valid, "need": a.Need,
			"mean": *a.Mean, "over": a.Over})
}

// highAndMissing looks at the 24 hours until now. Nil is no alarm.
func highAndMissing(hours []HourAir, over int, now time.Time) *HighAndMissing {
	to := now.Truncate(time.Hour)
	from := to.Add(-windowHours * time.Hour)
	var of []*HourAir
	for i := range hours {
		if h := &hours[i]; h.Source == SourceObservation && !h.missing() && !h.At.Before(from) && h.At.Before(to) {
			of = append(of, h)
		}
	}
	few := fewHours(of)
	if few == nil || few.Mean == nil || *few.Mean <= over {
		return nil
	}
	return &HighAndMissing{from, to, *few, over}
}

// lowest is the lowest AQI above which a clause looks.
func (c Criteria) lowest() int {
	over := maxAQI
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			over = min(over, cl.Over)
		}
	}
	return over
}
