package alerts

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"qingkong/alerts/aqi"
)

// stationLine is what one station measured, in order, and what of it is set aside.
type stationLine[T any] struct {
	station string
	rows    []T
	sieve   []sieveRow
	next    int // the row that is looked at next
}

// take is the next row if it is of a time, which then is behind; else nil.
func (line *stationLine[T]) take(at time.Time) (*T, *sieveRow) {
	i := line.next
	if i == len(line.rows) || !line.sieve[i].at.Equal(at) {
		return nil, nil
	}
	line.next++
	return &line.rows[i], &line.sieve[i]
}

// stationLines sorts rows, given by their times or dates, into a line for each station, in the order of their names.
func stationLines[K comparable, T any](keys []K, rows func(K) map[string]T, sift func(T) sieveRow) []*stationLine[T] {
	lines := map[string]*stationLine[T]{}
	for _, k := range keys {
		for station, row := range rows(k) {
			line := lines[station]
			if line == nil {
				line = &stationLine[T]{station: station}
				lines[station] = line
			}
			line.rows, line.sieve = append(line.rows, row), append(line.sieve, sift(row))
		}
	}
	return slices.SortedFunc(maps.Values(lines),
		func(a, b *stationLine[T]) int { return cmp.Compare(a.station, b.station) })
}

func (s Settings) hourLines(observed map[time.Time]observedHour) (times []time.Time, lines []*stationLine[Hour]) {
	times = slices.SortedFunc(maps.Keys(observed), time.Time.Compare)
	lines = stationLines(times, func(at time.Time) map[string]Hour { return observed[at] },
		func(h Hour) sieveRow { return sieveRow{at: h.At, values: h.list()} })
	for _, line := range lines {
		s.siftHours(line.sieve)
	}
	return times, lines
}

// regional makes a region's hours from those of its stations. Each pollutant is the mean of the stations that have it.
// Without concentrations the index is the mean of the stations' indices, rounded up; beside concentrations, of the
// stations that have PM2.5, or where none has, of those with other concentrations. Values that are set aside are left
// out and named. Hours before from only serve to find the runs of stuck instruments. only is the pollutant that counts
// alone, or empty.
func (s Settings) regional(observed map[time.Time]observedHour, from time.Time, only aqi.Pollutant) ([]HourAir,
	[]Aside) {
	times, lines := s.hourLines(observed)
	out := make([]HourAir, 0, len(times))
	var m means24
	for _, at := range times {
		h := HourAir{At: at, Source: SourceObservation}
		m.reset()
		for _, line := range lines {
			one, sieve := line.take(at)
			if one == nil {
				continue
			}
			values, keepsIndex := sieve.remainder(one.AQI, only)
			index := one.AQI
			if !keepsIndex {
				index = nil
			}
			if !m.add(&values, index) {
				h.Aside = true
				continue
			}
			h.Cause = max(h.Cause, one.Cause) // where stations disagree, the same one whatever their order
		}
		if at.Before(from) {
			continue
		}
		h.Values, h.AQI = m.values(), m.index()
		h.Aside = h.Aside && len(h.Values) == 0 && h.AQI == nil
		out = append(out, h)
	}
	var aside []Aside
	for _, line := range lines {
		aside = append(aside, line.aside(time.Hour, from, func(h Hour) []RawValue { return h.SetAside })...)
	}
	return out, aside
}

// means24 gathers the stations of one hour or day.
type means24 struct {
	of                          [pollutantCount][]aqi.Concentration
	alone, withPM25, withOthers []aqi.Concentration // indices
}

func (m *means24) reset() {
	for i := range m.of {
		m.of[i] = m.of[i][:0]
	}
	m.alone, m.withPM25, m.withOthers = m.alone[:0], m.withPM25[:0], m.withOthers[:0]
}

// add takes what is left of a station; false when that is nothing.
func (m *means24) add(values *Measured, index *int) bool {
	measured := false
	for i, c := range values.list() {
		if c != nil {
			m.of[i], measured = append(m.of[i], *c), true
		}
	}
	switch {
	case index == nil:
	case values.PM25 != nil:
		m.withPM25 = append(m.withPM25, aqi.Whole(*index))
	case measured:
		m.withOthers = append(m.withOthers, aqi.Whole(*index))
	default:
		m.alone = append(m.alone, aqi.Whole(*index))
	}
	return measured || index != nil
}

func (m *means24) values() aqi.Values {
	v := make(aqi.Values, pollutantCount)
	for i, p := range aqiPollutants {
		if len(m.of[i]) > 0 {
			v[p] = aqi.Mean(m.of[i])
		}
	}
	return v
}

// index is the mean of those that stand beside PM2.5, or else beside other concentrations, or else alone, rounded up.
func (m *means24) index() *int {
	indices := m.alone
	switch {
	case len(m.of[placePM25]) > 0:
		indices = m.withPM25
	case slices.ContainsFunc(m.of[:], func(v []aqi.Concentration) bool { return len(v) > 0 }):
		indices = m.withOthers
	}
	if len(indices) == 0 {
		return nil
	}
	index := aqi.Mean(indices).Ceil()
	return &index
}
