package alerts

import (
	"io"

	"qingkong/alerts/refusal"
)

// exampleDaily is the plain header, as documented, for the remedy of a wrong one.
const exampleDaily = "date,aqi,primary,pm25,pm10,so2,no2,co,o3_8h"

// Air is what a CSV holds: days or hours, in ascending order. The AQI of a day with a range is the high end of the
// range.
type Air struct {
	Days  []Day
	Hours []Hour
	Notes []Note       // what was read otherwise than it stands there, or looks wrong
	low   map[Date]int // the low ends of ranges
}

// Series is the episode as a series to be evaluated.
func (a Air) Series() Series {
	s := Series{}
	for _, d := range a.Days {
		day := d.dayAQI("")
		if low, ranged := a.low[d.Date]; ranged {
			day.Low = &low
		}
		s.Days = append(s.Days, day)
	}
	for i := range a.Hours {
		h := &a.Hours[i]
		s.Hours = append(s.Hours, HourAir{At: h.At, AQI: h.AQI, Values: h.Values(), Cause: h.Cause})
	}
	return s
}

// Daily is the episode by days; of hours, each calendar day that has a 24-hour mean.
func (a Air) Daily() []Day {
	if len(a.Hours) == 0 {
		return a.Days
	}
	var days []Day
	for _, w := range windows(a.Series().Hours) {
		if d := w.day(); d != "" {
			days = append(days, Day{Date: d, AQI: w.aqi, Primary: w.primary, Cause: w.cause})
		}
	}
	return days
}

// Forecast is the file as what a source expects: its days that have an index or a range of it, and its hours.
func (a Air) Forecast() ([]ForecastDay, []Hour) {
	days := []ForecastDay{}
	for _, d := range a.Days {
		if d.AQI != nil {
			low, ranged := a.low[d.Date]
			if !ranged {
				low = *d.AQI
			}
			days = append(days, ForecastDay{Date: d.Date, AQILow: low, AQIHigh: *d.AQI, Primary: d.Primary, Cause: d.Cause,
				Measured: d.Measured})
		}
	}
	return days, a.Hours
}

// Measured is the episode's days that have an index, or of which something is set aside: what is unknown was not
// measured.
func (a Air) Measured() []Day {
	days := []Day{}
	for _, d := range a.Days {
		if d.AQI != nil || len(d.SetAside) > 0 {
			days = append(days, d)
		}
	}
	return days
}

// First is the episode's first day.
func (a Air) First() Date {
	if len(a.Days) > 0 {
		return a.Days[0].Date
	}
	return DateOf(a.Hours[0].At)
}

// ReadCSV reads a file of days or hours as a forecast: see [Reader.CSV].
func ReadCSV(r io.Reader) (Air, error) { return Reader{}.CSV(r) }

// ReadDailyCSV is [ReadCSV] of days alone.
func ReadDailyCSV(r io.Reader) ([]Day, error) {
	air, err := Reader{}.CSV(r)
	if err == nil && len(air.Hours) > 0 {
		err = refusal.Wrong("row 1, column date", "csv.column_missing",
			refusal.Args{"row": 1, "column": "date", "value": "time", "header": exampleDaily})
	}
	return air.Days, err
}
