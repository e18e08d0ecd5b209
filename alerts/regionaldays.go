package alerts

import (
	"maps"
	"slices"
	"time"

	"qingkong/alerts/aqi"
)

// regionalDay is a day of a region and whose measurements it is made of.
type regionalDay struct {
	Day
	Stations []string
}

func (d *regionalDay) dayAQI() DayAQI {
	a := d.Day.dayAQI(SourceObservation)
	a.Stations = d.Stations
	return a
}

func (s Settings) dayLines(observed map[Date]observedDay) (dates []Date, lines []*stationLine[Day]) {
	dates = slices.Sorted(maps.Keys(observed))
	lines = stationLines(dates, func(d Date) map[string]Day { return observed[d] },
		func(d Day) sieveRow { return sieveRow{at: d.Date.Start(), values: d.list()} })
	for _, line := range lines {
		s.siftDays(line.sieve)
	}
	return dates, lines
}

// regionalDays makes a region's days of its stations', as [Settings.regional] does its hours, and names what is set
// aside.
func (s Settings) regionalDays(observed map[Date]observedDay, only aqi.Pollutant) (out []regionalDay, aside []Aside) {
	dates, lines := s.dayLines(observed)
	for _, date := range dates {
		var days []Day
		region := regionalDay{Day: Day{Date: date, Primary: []string{}}}
		for _, line := range lines {
			row, sieve := line.take(date.Start())
			if row == nil {
				continue
			}
			if d := row.remainder(sieve, only); d.AQI != nil || len(d.Values()) > 0 {
				days, region.Stations = append(days, d), append(region.Stations, line.station)
			}
		}
		if len(days) > 0 {
			region.Day = meanOfDays(days)
		}
		out = append(out, region)
	}
	for _, line := range lines {
		aside = append(aside, line.aside(24*time.Hour, time.Time{}, func(d Day) []RawValue { return d.SetAside })...)
	}
	return out, aside
}

// remainder is what of a station's day is judged.
func (d *Day) remainder(s *sieveRow, only aqi.Pollutant) Day {
	values, keepsIndex := s.remainder(d.AQI, only)
	out := *d
	out.Measured, out.SetAside = values, nil
	if !keepsIndex {
		out.AQI, out.Primary = resolve(d.Date, nil, []string{}, values.Values())
	}
	return out
}

// meanOfDays is the day of a region whose stations have these, of which there is at least one. Where all indices are
// those of the concentrations beside them, so is the mean's; a published one stands as in [resolve], with the primary
// pollutants that at least half of the stations name.
func meanOfDays(days []Day) Day {
	if len(days) == 1 {
		return days[0]
	}
	var m means24
	causes, primary, naming := map[Cause]int{}, map[string]int{}, 0
	for i := range days {
		d := &days[i]
		m.add(&d.Measured, d.AQI)
		causes[d.Cause]++
		if len(d.Primary) > 0 {
			naming++
		}
		for _, p := range d.Primary {
			primary[p]++
		}
	}
	out := Day{Date: days[0].Date}
	values := m.values()
	for p, c := range values {
		out.set(p, c)
	}
	named := []string{}
	for _, p := range aqiPollutants {
		if n := primary[p]; n > 0 && 2*n >= naming {
			named = append(named, p)
		}
	}
	for c, n := range causes {
		if c != "" && 2*n >= len(days) {
			out.Cause = max(out.Cause, c)
		}
	}
	if len(values) > 0 && !slices.ContainsFunc(days, func(d Day) bool { return d.published(values) }) {
		out.AQI, out.Primary = resolve(out.Date, nil, nil, values)
	} else {
		out.AQI, out.Primary = resolve(out.Date, m.index(), named, values)
	}
	if out.Primary == nil {
		out.Primary = []string{}
	}
	return out
}

// published reports whether a station's index is another than that of its concentrations, and stands among those of the
// region.
func (d *Day) published(region aqi.Values) bool {
	own := d.Values()
	_, has := own[aqi.PM25]
	if _, wanted := region[aqi.PM25]; wanted && !has || len(own) == 0 || d.AQI == nil {
		return false
	}
	made, _ := resolve(d.Date, nil, nil, own)
	return made == nil || *made != *d.AQI
}
