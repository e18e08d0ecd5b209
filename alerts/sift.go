package alerts

import (
	"slices"
	"time"

	"qingkong/alerts/aqi"
)

// A value is recorded as the instrument sent it and sifted whenever it is judged, so that the rules also hold for
// values that were recorded before them, and an inspector finds the value that was sent.

// whyAside is why a value of a station is not judged.
type whyAside uint8

const (
	taken      whyAside = iota
	impossible          // above what is plausible, or a mark of what is missing
	ambiguous           // 999, which may be such a mark
	stuck               // one of a run of the same values
	unchanged           // one of a run so long that the instrument never changes
)

// The rules by which a value or an hour is set aside, as other programs see them.
const (
	AsideImpossible = "impossible"
	AsideAmbiguous  = "ambiguous"
	AsideStuck      = "stuck"
	AsideDoubled    = "doubled"      // one hour or day twice in a message, with different values
	AsideRunning    = "running_hour" // the hour is not over yet
)

func (r whyAside) rule() string {
	return [...]string{"", AsideImpossible, AsideAmbiguous, AsideStuck, AsideStuck}[r]
}

const (
	cleanPM      = 10 // µg/m³ of particulates up to which clean air repeats itself
	cleanStuckH  = 24 // values after which that is a fault all the same
	neverChanged = 48 // values of particulates that no air keeps
	// asideBack is how long before the hours that are judged the runs of stuck instruments are looked for: the longest of
	// them.
	asideBack = 72 * time.Hour
)

var (
	// neverValues are marks of what is missing, whatever the pollutant; those below zero are none that a [Hour] can hold.
	neverValues = []aqi.Concentration{aqi.Whole(9999), aqi.Whole(99999)}
	perhapsMark = aqi.Whole(999)
)

// Places in [aqiPollutants].
const (
	placePM25 = 0
	placePM10 = 1
)

func particulate(place int) bool { return place == placePM25 || place == placePM10 }

// sieveRow is an hour or a day of one station, and why each of its values is set aside.
type sieveRow struct {
	at      time.Time
	values  [pollutantCount]*aqi.Concentration
	why     [pollutantCount]whyAside
	tooHigh bool // PM10 is above what is plausible, as in the middle of a dust storm, and no mark
}

// siftEach finds what is impossible by itself, and what is ambiguous beside its neighbours, which lie unit apart.
func siftEach(line []sieveRow, most aqi.Values, unit time.Duration) {
	marks := func(i, place int) bool { v := line[i].values[place]; return v != nil && *v == perhapsMark }
	for i := range line {
		s := &line[i]
		n := 0
		for place, v := range s.values {
			switch limit, limited := most[aqiPollutants[place]]; {
			case v == nil:
			case slices.Contains(neverValues, *v):
				s.why[place] = impossible
			case limited && v.Cmp(limit) > 0:
				s.why[place] = impossible
				s.tooHigh = s.tooHigh || place == placePM10
			}
			if marks(i, place) {
				n++
			}
		}
		for place := range s.values {
			if !marks(i, place) || s.why[place] != taken {
				continue
			}
			before := i > 0 && line[i-1].at.Add(unit).Equal(s.at) && marks(i-1, place)
			after := i+1 < len(line) && s.at.Add(unit).Equal(line[i+1].at) && marks(i+1, place)
			if n > 1 || before || after {
				s.why[place] = ambiguous
			}
		}
	}
}

// siftHours sifts a station's hours, which are in order. A run goes on over hours without a value, and all of it is
// withdrawn.
func (s Settings) siftHours(line []sieveRow) {
	siftEach(line, s.Plausible.Hour, time.Hour)
	var run []int
	for place := range pollutantCount {
		end := func() {
			why := s.whyRun(place, line, run)
			for _, i := range run {
				line[i].why[place] = why
			}
			run = run[:0]
		}
		for i := range line {
			v := line[i].values[place]
			if v == nil || line[i].why[place] != taken {
				continue
			}
			if len(run) > 0 && *line[run[0]].values[place] != *v {
				end()
			}
			run = append(run, i)
		}
		end()
	}
}

// whyRun is what a run of the same values of a pollutant, at these places of a line, makes of them.
func (s Settings) whyRun(place int, line []sieveRow, run []int) whyAside {
	if len(run) == 0 {
		return taken
	}
	after := s.StuckH[aqiPollutants[place]]
	if particulate(place) && after > 0 && line[run[0]].values[place].Cmp(aqi.Whole(cleanPM)) <= 0 {
		after = max(after, cleanStuckH)
	}
	switch {
	case particulate(place) && len(run) >= neverChanged:
		return unchanged
	case after > 0 && len(run) >= after:
		return stuck
	}
	return taken
}

// siftDays sifts a station's days, which are in order.
func (s Settings) siftDays(line []sieveRow) { siftEach(line, s.Plausible.Day, 24*time.Hour) }

// remainder is the values that are judged, and whether an index beside them is. Where only PM2.5 counts, a PM10 that is
// too high to be measured leaves all of it unknown: that is dust, of which PM2.5 alone would say nothing.
func (s *sieveRow) remainder(index *int, only aqi.Pollutant) (m Measured, keepsIndex bool) {
	if s.tooHigh && only == aqi.PM25 {
		return Measured{}, false
	}
	keepsIndex = index != nil
	for place, v := range s.values {
		switch {
		case v == nil:
		case s.why[place] == taken:
			m.set(aqiPollutants[place], *v)
		case particulate(place) && s.why[place] >= stuck:
			keepsIndex = false
		case index != nil && madeOf(*index, aqiPollutants[place], *v):
			keepsIndex = false
		}
	}
	return m, keepsIndex
}

// madeOf reports whether an index is that of a concentration, of an hour or of a day, by either edition: an index is
// the largest of its sub-indices, so that a larger one is another pollutant's, and a smaller one was made without this
// value.
func madeOf(index int, p aqi.Pollutant, c aqi.Concentration) bool {
	for _, std := range []aqi.Standard{aqi.HJ2012, aqi.HJ2026} {
		for _, r := range []aqi.Result{aqi.Daily(std, aqi.Values{p: c}), aqi.Hourly(std, aqi.Values{p: c})} {
			if i, has := r.IAQI[p]; has && i == index {
				return true
			}
		}
	}
	return false
}
