package alerts

import (
	"slices"
	"time"

	"qingkong/alerts/aqi"
)

// judge says whether a mean counts, and with which index, where the index and the concentrations do not agree.
func (m *hourModel) judge(w *modelMean, c Counts, opt EvaluateOptions) {
	w.counted = m.counts(w, c)
	_, hasPM25 := w.values[aqi.PM25]
	_, hasPM10 := w.values[aqi.PM10]
	own := -1
	if hasPM25 {
		own = aqi.Daily(aqi.StandardOn(m.zero.Add(time.Duration(w.from)*time.Hour).Format(dateForm)),
			aqi.Values{aqi.PM25: w.values[aqi.PM25]}).IAQI[aqi.PM25]
	}
	suspect := w.suspect
	if w.day {
		suspect = w.aqi == 500 && w.low == 500 && len(w.values) > 0 && !hasPM25 && !hasPM10 &&
			!slices.Contains(w.primary, PM25)
	}
	notDust := c.Primary == PM25 || slices.Contains(c.ExceptCauses, Dust)
	switch {
	case suspect && notDust && (w.counted || w.aqi < 0 && (w.cause == "" || !slices.Contains(c.ExceptCauses, w.cause))):
		w.told = "dust_suspect"
		w.counted = w.counted && opt.DustSuspect != "exclude"
	case !w.counted || c.Primary != PM25 || own < 0:
	case w.day && w.aqi > 50 && w.low-own > opt.AQIMismatch:
		w.aqi, w.told = own, "aqi_mismatch"
	case !w.day && w.said > 50 && w.said-own > opt.AQIMismatch: // it counts by its concentrations already
		w.told = "aqi_mismatch"
	}
}

// toldMeans are the days and windows of which the officer is told something, with the index that counts.
func toldMeans(ev Evaluation) []WindowVerdict {
	all := slices.Clone(ev.Windows)
	for _, d := range ev.Days {
		from := d.Date.Start()
		if slices.ContainsFunc(all, func(w WindowVerdict) bool { return w.From.Equal(from) }) {
			continue
		}
		w := WindowVerdict{From: from, AQI: d.AQI, Why: d.Why, Counted: d.Counted}
		if d.CountedAQI != nil {
			w.AQI = d.CountedAQI
		}
		all = append(all, w)
	}
	all = slices.DeleteFunc(all, func(w WindowVerdict) bool { return w.Why != "aqi_mismatch" && w.Why != "dust_suspect" })
	for i := range all {
		if all[i].AQI == nil {
			all[i].AQI = ptr(-1)
		}
	}
	slices.SortStableFunc(all, func(a, b WindowVerdict) int { return a.From.Compare(b.From) })
	return all
}
