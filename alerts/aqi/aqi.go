// Package aqi computes the air quality index (AQI) of HJ 633, in its editions of 2012 and 2026, from concentrations.
//
// [Daily] gives the index of a day's means and [Hourly] that of the real-time report; [StandardOn] says which edition
// holds on a day. Warnings begin at 200 and 300, and an index is rounded up, so that an error in the last digit of a
// floating-point number would turn 200 into 201: everything here is exact, and there is no floating point in it.
//
// # How an index is made
//
//  1. A concentration is rounded to whole µg/m³, CO to 0.1 mg/m³, half to even (GB/T 8170; HJ 633-2026 §4.2.2.
//     HJ 633-2012 does not say, and its published indices are those of rounded values).
//  2. Between two breakpoints of the table the pollutant's sub-index (IAQI) is linear, and rounded up to a whole number
//     (HJ 633-2012 §6.2, HJ 633-2026 §4.2.6). Above the last breakpoint it is 500.
//  3. The AQI is the largest sub-index. Above 50, the pollutants that have it are the primary ones, all of them.
//
// # What is missing
//
// Of a pollutant that was not measured HJ 633-2026 §5.3 says: compute from the others, and publish the index only when
// it is above 100, for the missing one could not have made it less bad. HJ 633-2012 leaves it open; there the index is
// that of what was measured, and known as soon as one pollutant has a sub-index. That is how the published daily series
// of the cities are made, which mostly have no O3 1 h.
//
// Where HJ 633-2012 gives a concentration above a short column no sub-index, it goes by another mean (footnotes (b) and
// (c)). If that was not measured the index is known only when another pollutant's is above the end of the column, for
// this one is too.
package aqi

import (
	"slices"
)

// Pollutant is a pollutant's name on every output.
type Pollutant = string

// The pollutants of HJ 633. Ozone has two: the 8-hour and the 1-hour mean, the day's largest in a daily report.
const (
	PM25 Pollutant = "pm25"
	PM10 Pollutant = "pm10"
	SO2  Pollutant = "so2"
	NO2  Pollutant = "no2"
	CO   Pollutant = "co"
	O3H8 Pollutant = "o3_8h"
	O3H1 Pollutant = "o3_1h"
)

// pollutants is the order of every list that this package gives.
var pollutants = []Pollutant{PM25, PM10, SO2, NO2, CO, O3H8, O3H1}

// Pollutants lists the pollutants in the order of every list that this package gives.
func Pollutants() []Pollutant { return slices.Clone(pollutants) }

// Unit is the unit of a pollutant's concentrations.
func Unit(p Pollutant) string {
	if p == CO {
		return "mg/m³"
	}
	return "µg/m³"
}

// Values are concentrations by pollutant. A pollutant without a key was not measured; one that is zero was.
type Values map[Pollutant]Concentration

// Standard is an edition of HJ 633 by its number.
type Standard string

// The editions.
const (
	HJ2012 Standard = "HJ 633-2012"
	HJ2026 Standard = "HJ 633-2026"
)

// begin2026 is the first day of HJ 633-2026, whose announcement replaces the edition of 2012 from that day.
const begin2026 = "2026-03-01"

// StandardOn is the edition that holds on a day of Asia/Shanghai, YYYY-MM-DD: that of 2026 from 2026-03-01. The day is
// the one that was measured or is forecast, not the one on which somebody asks.
func StandardOn(date string) Standard {
	if date >= begin2026 {
		return HJ2026
	}
	return HJ2012
}

// Result is an index and what it comes from. Its lists are in the order of Pollutants, and empty rather than nil.
type Result struct {
	Index    int               // 0 to 500; 0 when it is not known
	Known    bool              // false: no index can be given, see the package comment on what is missing
	IAQI     map[Pollutant]int // the sub-index of every measured pollutant that has one, also when Known is false
	Primary  []Pollutant       // those with the largest sub-index, when Index is above 50
	Missing  []Pollutant       // of the report's pollutants, those not measured
	Beyond   []Pollutant       // beyond their columns, without what the standard goes by then
	Ignored  []Pollutant       // given, but no part of this report, like O3 1 h in a daily report of 2026
	Standard Standard
}

// Daily is the index of a day: means of 24 hours, and for ozone the largest 8-hour and 1-hour means. HJ 633-2012 §5
// uses both values of ozone, seven in all; HJ 633-2026 uses only the 8-hour one, six in all, and ignores a 1-hour
// value. No index is known by any other standard.
func Daily(std Standard, v Values) Result { return index(std, dailyTables[std], v) }

// Hourly is the index of the real-time report: SO2, NO2, CO and O3 as means of the hour. Particles have only one column
// of breakpoints, that of the daily mean. HJ 633-2026 applies it to the mean of the hour. HJ 633-2012 applies it to the mean of the
// last 24 hours; a caller who has only the hour's mean gives that. HJ 633-2012 also has O3 of the last 8 hours, which
// the edition of 2026 leaves out and Hourly then ignores.
func Hourly(std Standard, v Values) Result { return index(std, hourlyTables[std], v) }

// index applies a report's table.
func index(std Standard, t table, v Values) Result {
	r := Result{Standard: std, IAQI: map[Pollutant]int{}, Primary: []Pollutant{}, Missing: []Pollutant{},
		Beyond: []Pollutant{}, Ignored: []Pollutant{}}
	for p := range v {
		if _, listed := t[p]; !listed {
			r.Ignored = append(r.Ignored, p)
		}
	}
	slices.Sort(r.Ignored)
	highest, atLeast := 0, -1
	for _, p := range pollutants {
		col, listed := t[p]
		c, measured := v[p]
		switch {
		case !listed:
		case !measured:
			r.Missing = append(r.Missing, p)
		default:
			if i, has := col.iaqi(c); has {
				r.IAQI[p] = i
				highest = max(highest, i)
			} else if _, instead := v[O3H1]; p != O3H8 || !instead {
				r.Beyond = append(r.Beyond, p)
				atLeast = max(atLeast, col.end())
			}
		}
	}
	r.Known = len(r.IAQI) > 0 && highest > atLeast
	if std == HJ2026 && len(r.Missing) > 0 && highest <= publishedAbove {
		r.Known = false
	}
	if r.Known {
		r.Index = highest
		for _, p := range pollutants {
			if highest > primaryAbove && r.IAQI[p] == highest {
				r.Primary = append(r.Primary, p)
			}
		}
	}
	return r
}

const (
	publishedAbove = 100 // with a pollutant missing, HJ 633-2026 §5.3
	primaryAbove   = 50  // both editions: at 50 and below there is no primary pollutant
)

// class is a row of the table of classes, the same in both editions.
type class struct {
	upTo          int
	name, english string
}

var classes = []class{
	{50, "优", "excellent"},
	{100, "良", "good"},
	{150, "轻度污染", "lightly polluted"},
	{200, "中度污染", "moderately polluted"},
	{300, "重度污染", "heavily polluted"},
	{top, "严重污染", "severely polluted"},
}

// Class is the index's class (空气质量指数类别) as the standard names it, and in English.
func Class(index int) (name, english string) {
	i, _ := slices.BinarySearchFunc(classes, index, func(c class, index int) int { return c.upTo - index })
	c := classes[min(i, len(classes)-1)]
	return c.name, c.english
}
