package alerts

import (
	"math"
	"slices"
)

// What has to hold of years of warnings, worked out from the regulations and the setting's own words, day by day and by
// nothing of the engine. Days are numbers from the first of the record; times are hours since its 00:00.

// regulation is a set of criteria as its document has it.
type regulation struct {
	name    string
	pm25    bool // PM2.5 alone opens a response
	clauses []regulationClause
}

// regulationClause asks for consecutive days above a value, of which so many are above a higher one.
type regulationClause struct {
	level               int // 1 advisory to 4 red
	over, days          int
	peakOver, peakUntil int
}

var responseLevels = []Level{None, Advisory, Yellow, Orange, Red}

// regulations: 环大气〔2017〕86号; 津政办发〔2018〕65号; 环大气〔2024〕6号, whose values tianjin-2023 takes; and the tier of 江苏 2026,
// alone and below the levels of 2024.
func regulations() []regulation {
	of2024 := []regulationClause{{2, 200, 1, 0, 0}, {2, 150, 2, 0, 0}, {3, 200, 2, 0, 0}, {3, 150, 3, 0, 0},
		{4, 200, 3, 300, 1}}
	tier := []regulationClause{{1, 150, 1, 0, 0}, {1, 100, 2, 0, 0}}
	return []regulation{
		{CriteriaNational2016, false, []regulationClause{{1, 200, 1, 0, 0}, {2, 200, 2, 0, 0}, {3, 200, 3, 300, 1},
			{4, 200, 4, 300, 2}, {4, 499, 1, 0, 0}}},
		{CriteriaTianjin2018, false, []regulationClause{{2, 200, 2, 0, 0}, {3, 200, 3, 0, 0}, {4, 200, 4, 300, 2},
			{4, 499, 1, 0, 0}}},
		{CriteriaTianjin2023, true, of2024},
		{CriteriaNational2024, true, of2024},
		{CriteriaWorkRequirement, true, tier},
		{CriteriaNational2024 + " and the tier", true, append(slices.Clone(tier), of2024...)},
	}
}

// weather is a day: the published index, -1 for none, and daily means in µg/m³ (CO mg/m³) where they are known.
type weather struct {
	aqi   int
	cause Cause
	means map[string]float64
}

// The daily breakpoints of HJ 633—2012, table 1.
var breakpoints = map[string][]float64{
	"pm25":  {0, 35, 75, 115, 150, 250, 350, 500},
	"pm10":  {0, 50, 150, 250, 350, 420, 500, 600},
	"so2":   {0, 50, 150, 475, 800, 1600, 2100, 2620},
	"no2":   {0, 40, 80, 180, 280, 565, 750, 940},
	"co":    {0, 2, 4, 14, 24, 36, 48, 60},
	"o3_8h": {0, 100, 160, 215, 265, 800},
}

func subIndex(pollutant string, c float64) int {
	steps := []float64{0, 50, 100, 150, 200, 300, 400, 500}
	bp := breakpoints[pollutant]
	for i := 1; i < len(bp); i++ {
		if c <= bp[i] {
			return int(math.Ceil((steps[i]-steps[i-1])/(bp[i]-bp[i-1])*(c-bp[i-1]) + steps[i-1] - 1e-9))
		}
	}
	return int(steps[len(bp)-1])
}

// index is the day's, and which pollutants it is of, by its means; -1 without any, or where PM2.5 is missing and the
// rest is good.
func (w weather) index() (index int, primary []string) {
	index = -1
	for pollutant, c := range w.means {
		switch i := subIndex(pollutant, c); {
		case i > index:
			index, primary = i, []string{pollutant}
		case i == index:
			primary = append(primary, pollutant)
		}
	}
	return index, primary
}

// judge is what a day counts as for a response, -1 for not at all, and what it is as air for a lift, -1 for unknown.
func (r regulation) judge(w weather) (counts, air int) {
	index, primary := w.index()
	_, measured := w.means["pm25"]
	published := w.aqi
	if published < 0 {
		if !measured && index <= 100 {
			return -1, -1
		}
		w.aqi = index
	}
	if index != w.aqi || index <= 50 {
		primary = nil
	}
	air = w.aqi
	if published < 0 && !measured {
		air = -1 // without PM2.5 nobody knows how bad it is
	}
	if !r.pm25 {
		if w.cause == Dust || w.cause == LocalDust || w.cause == Ozone || slices.Equal(primary, []string{"o3_8h"}) {
			return -1, air
		}
		return w.aqi, air
	}
	if w.cause != "" || primary != nil && !slices.Contains(primary, "pm25") {
		return -1, air
	}
	if measured {
		if own := subIndex("pm25", w.means["pm25"]); w.aqi > 50 && w.aqi-own > 10 {
			return own, own
		}
	}
	return w.aqi, air
}

// spellOfDays is a run of days that meets a clause: from and to in days, to not included.
type spellOfDays struct{ level, from, to int }

// met are all runs among days that meet a clause.
func (r regulation) met(counts []int) (out []spellOfDays) {
	for _, c := range r.clauses {
		for from := 0; from < len(counts); from++ {
			to, peaks := from, 0
			for to < len(counts) && counts[to] > c.over {
				if counts[to] > c.peakOver {
					peaks++
				}
				to++
			}
			if to-from >= c.days && (c.peakUntil == 0 || peaks >= c.peakUntil) {
				out = append(out, spellOfDays{c.level, from, to})
			}
			from = max(from, to)
		}
	}
	return out
}

// episodesOf joins spells with less than two days between them: 36 h.
func episodesOf(spells []spellOfDays) (out []spellOfDays) {
	spells = slices.Clone(spells)
	slices.SortFunc(spells, func(a, b spellOfDays) int { return a.from - b.from })
	for _, s := range spells {
		if n := len(out); n > 0 && s.from-out[n-1].to < 2 {
			out[n-1].to, out[n-1].level = max(out[n-1].to, s.to), max(out[n-1].level, s.level)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// asked is the highest level of the spells that a day lies in, 0 for none.
func asked(spells []spellOfDays, day int) (level int) {
	for _, s := range spells {
		if s.from <= day && day < s.to {
			level = max(level, s.level)
		}
	}
	return level
}

// clears is the hour from which a warning that began on a day may end: 00:00 of the first day of two that are known and
// at most 150, with nothing that asks for a response from then on before air of two such days comes again; by means,
// one day later, with a third.
func (r regulation) clears(counts, air []int, since int, byMeans bool) (at int, ok bool) {
	spells := r.met(counts)
	clean := func(day int) bool {
		return day < len(air) && air[day] >= 0 && air[day] <= 150 && asked(spells, day) == 0
	}
	for day := since; day < len(air); day++ {
		if !clean(day) || !clean(day+1) {
			continue
		}
		if !byMeans {
			return day * 24, true
		}
		if clean(day + 2) {
			return day*24 + 24, true
		}
	}
	return 0, false
}
