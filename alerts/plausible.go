package alerts

import "qingkong/alerts/aqi"

// Plausible are the largest concentrations that are taken for possible, in µg/m³, of CO in mg/m³. A pollutant without
// one has no limit.
type Plausible struct {
	Hour aqi.Values `json:"hour"` // of an hour's mean
	Day  aqi.Values `json:"day"`  // of a day's mean, and of its largest 8-hour and 1-hour means of ozone
}

// DefaultPlausible are the documented limits. Hours of PM10 reach several thousand µg/m³ in a dust storm; of the other
// pollutants no more is known from China than the last breakpoints of HJ 633—2026, table 3, and somewhat above.
func DefaultPlausible() Plausible {
	return Plausible{
		Hour: aqi.Values{aqi.PM25: aqi.Whole(1500), aqi.PM10: aqi.Whole(10000), aqi.SO2: aqi.Whole(4000),
			aqi.NO2: aqi.Whole(4000),
			aqi.CO:  aqi.Whole(150), aqi.O3H1: aqi.Whole(1500)},
		Day: aqi.Values{aqi.PM25: aqi.Whole(1000), aqi.PM10: aqi.Whole(6000), aqi.SO2: aqi.Whole(2620),
			aqi.NO2: aqi.Whole(940),
			aqi.CO:  aqi.Whole(60), aqi.O3H8: aqi.Whole(1000), aqi.O3H1: aqi.Whole(1500)},
	}
}

// StuckHours is how many values of an instrument have to be the same, over the hours that have one, before it counts as
// stuck, by pollutant. Zero, or none, is never.
type StuckHours map[aqi.Pollutant]int

// DefaultStuckHours are the documented ones: of ozone at night and of SO2 and CO in clean air the same value stays for
// long.
func DefaultStuckHours() StuckHours {
	return StuckHours{aqi.PM25: 6, aqi.PM10: 6, aqi.NO2: 12, aqi.O3H1: 24, aqi.SO2: 72, aqi.CO: 72}
}
