package alerts

import (
	"slices"
	"sync"
	"time"

	"qingkong/alerts/aqi"
)

const (
	windowHours = 24
	// windowValid is how many hours of a 24-hour mean must have a value (GB 3095—2012, 4.4, table 4).
	windowValid = 20
	// An 8-hour mean of ozone needs 6 hours; a day's largest needs 14 of them (GB 3095—2012, table 4).
	ozoneHours, ozoneValid, ozoneMeans = 8, 6, 14
)

// maxMissing is how many hours of a window may be missing.
const maxMissing = windowHours - windowValid

// windows are the 24-hour means of hours, one for each hour at which a mean can begin: the daily-table index of the
// mean concentrations (contract.md §7), of hours with an AQI alone the mean of that, rounded up. A window with fewer
// than 20 valid hours is unknown. Where more hours are missing than any window could bear, the hours on either side
// have nothing to do with each other, and no window stands there.
func windows(hours []HourAir) []step {
	var out []step
	for len(hours) > 0 {
		n := 1
		for n < len(hours) && hours[n].At.Sub(hours[n-1].At) <= (maxMissing+1)*time.Hour {
			n++
		}
		out = append(out, block(hours[:n])...)
		hours = hours[n:]
	}
	return out
}

// block makes the windows of hours that lie close together. They lie between its first hour and its last; but a
// calendar day with 20 valid hours is known also where those missing lie at its ends, and then the windows reach to
// that midnight.
func block(hours []HourAir) []step {
	begin := hours[0].At.In(Shanghai()).Add(-maxMissing * time.Hour)
	n := int(hours[len(hours)-1].At.Sub(begin)/time.Hour) + 1 + maxMissing
	if n < windowHours {
		return nil
	}
	line := make([]*HourAir, n) // nil where an hour is missing
	for i := range hours {
		if h := &hours[i]; !h.missing() {
			line[int(h.At.Sub(begin)/time.Hour)] = h
		}
	}
	m := newMeans(line)
	all := make([]step, 0, n-windowHours+1)
	for i := 0; i+windowHours <= n; i++ {
		all = append(all, m.window(i, begin.Add(time.Duration(i)*time.Hour)))
	}
	first, last := maxMissing, len(all)-1-maxMissing
	for i := range all {
		if all[i].aqi != nil && all[i].day() != "" {
			first, last = min(first, i), max(last, i)
		}
	}
	if first > last {
		return nil
	}
	return all[first : last+1]
}

// means keeps the running sums of a line of hours.
type means struct {
	line      []*HourAir
	sums      map[aqi.Pollutant]*prefixSums
	index     prefixSums // of hours with an AQI alone
	published prefixSums // of hours with an AQI beside their PM2.5
	ozone     []*aqi.Concentration
}

// prefixSums give the mean of any stretch with two look-ups.
type prefixSums struct {
	sum   []aqi.Sum // sum[i] is of the hours before i
	count []int
}

// meanPollutants are those of the daily table that are means of the day; ozone is the largest 8-hour mean.
var meanPollutants = []aqi.Pollutant{aqi.PM25, aqi.PM10, aqi.SO2, aqi.NO2, aqi.CO}

func newMeans(line []*HourAir) *means {
	m := &means{line: line, sums: map[aqi.Pollutant]*prefixSums{}}
	for _, p := range append(slices.Clone(meanPollutants), aqi.O3H1) {
		m.sums[p] = newPrefixSums(line, func(h *HourAir) (aqi.Concentration, bool) { v, ok := h.Values[p]; return v, ok })
	}
	m.index = *newPrefixSums(line, func(h *HourAir) (aqi.Concentration, bool) {
		if h.AQI == nil || len(h.Values) > 0 {
			return aqi.Concentration{}, false
		}
		return aqi.Whole(*h.AQI), true
	})
	m.published = *newPrefixSums(line, func(h *HourAir) (aqi.Concentration, bool) {
		if _, measured := h.Values[aqi.PM25]; h.AQI == nil || !measured {
			return aqi.Concentration{}, false
		}
		return aqi.Whole(*h.AQI), true
	})
	m.ozone = make([]*aqi.Concentration, len(line))
	for i := ozoneHours; i <= len(line); i++ {
		if v, n := m.sums[aqi.O3H1].mean(i-ozoneHours, i); n >= ozoneValid {
			m.ozone[i-1] = &v
		}
	}
	return m
}

func newPrefixSums(line []*HourAir, of func(*HourAir) (aqi.Concentration, bool)) *prefixSums {
	r := &prefixSums{sum: make([]aqi.Sum, len(line)+1), count: make([]int, len(line)+1)}
	for i, h := range line {
		r.sum[i+1], r.count[i+1] = r.sum[i], r.count[i]
		if h == nil {
			continue
		}
		if v, ok := of(h); ok {
			r.sum[i+1] = r.sum[i].Add(v)
			r.count[i+1]++
		}
	}
	return r
}

// mean is of the hours from i up to before k, and of how many.
func (r *prefixSums) mean(i, k int) (aqi.Concentration, int) {
	n := r.count[k] - r.count[i]
	if n == 0 {
		return aqi.Concentration{}, 0
	}
	return r.sum[k].Sub(r.sum[i]).Over(n), n
}

// window is the mean of the 24 hours from i.
func (m *means) window(i int, from time.Time) step {
	st := step{from: from, to: from.Add(windowHours * time.Hour), hourly: true}
	m.origin(i, &st)
	if v, n := m.published.mean(i, i+windowHours); n >= windowValid {
		said := v.Ceil()
		st.published, st.low = &said, said
	}
	values := aqi.Values{}
	for _, p := range meanPollutants {
		if v, n := m.sums[p].mean(i, i+windowHours); n >= windowValid {
			values[p] = v
		}
	}
	if v, ok := m.largestOzone(i); ok {
		values[aqi.O3H8] = v
	}
	if len(values) > 0 {
		if index, primary, ok := indexOf(standardAt(from), values); ok {
			st.aqi, st.primary = &index, primary
		}
		st.own = ownIndex(standardAt(from), values)
		st.partial = st.own == nil
		return st
	}
	if v, n := m.index.mean(i, i+windowHours); n >= windowValid {
		index := v.Ceil()
		st.aqi = &index
	}
	return st
}

// largestOzone is the largest 8-hour mean that lies within the window.
func (m *means) largestOzone(i int) (largest aqi.Concentration, ok bool) {
	n := 0
	for _, v := range m.ozone[i+ozoneHours-1 : i+windowHours] {
		if v == nil {
			continue
		}
		if n++; n == 1 || v.Cmp(largest) > 0 {
			largest = *v
		}
	}
	return largest, n >= ozoneMeans
}

// origin says what a window's hours have in common: a cause that at least half of those with a value name; observation
// as their source when none is forecast; the newest forecast among them; how many hours there are; and whether half of
// them have an index of 500 and no particulates.
func (m *means) origin(i int, st *step) {
	named, suspects := map[Cause]int{}, 0
	for _, h := range m.line[i : i+windowHours] {
		if h == nil {
			continue
		}
		st.valid++
		if h.Cause != "" {
			named[h.Cause]++
		}
		if h.AQI != nil && *h.AQI == maxAQI && withheld(h.Values) {
			suspects++
		}
		if h.Source == SourceForecast || st.source == "" {
			st.source = h.Source
		}
		if newerID(h.ForecastID, st.forecastID) {
			st.forecastID, st.issuedAt = h.ForecastID, h.IssuedAt
		}
	}
	for _, c := range causes {
		if 2*named[c] >= st.valid && named[c] > 0 {
			st.cause = c
		}
	}
	st.suspect = 2*suspects >= st.valid && suspects > 0
}

// begin2026 is when the edition of 2026 begins to hold.
var begin2026 = sync.OnceValue(func() time.Time { return Date("2026-03-01").Start() })

// standardAt is the edition of HJ 633 that holds at a time.
func standardAt(t time.Time) aqi.Standard {
	if t.Before(begin2026()) {
		return aqi.HJ2012
	}
	return aqi.HJ2026
}

// indexOf is the index of what was measured; ok is false when it says nothing. HJ 633—2026, 5.3 publishes none when a
// pollutant is missing and the others stay at 100 or less; nor is one known beside ozone that is beyond its column. For
// a response what matters is PM2.5: with it the index of what there is stands, without it one of 100 or less would call
// air clean of which nobody knows, in either edition.
func indexOf(std aqi.Standard, v aqi.Values) (index int, primary []string, ok bool) {
	r := aqi.Daily(std, v)
	for _, i := range r.IAQI {
		index = max(index, i)
	}
	if len(r.Beyond) > 0 && !r.Known {
		return index, nil, false
	}
	_, particles := r.IAQI[aqi.PM25]
	return index, r.Primary, particles || index > 100
}
