package alerts

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/aqi"
)

// How far hours reach from now. Ten days back hold the longest clause and the merge gap of any criteria.
const (
	hoursBack  = 10 * 24
	hoursAhead = 16 * 24
)

type forecastHour struct {
	Hour
	ForecastID string    `json:"forecast_id"`
	IssuedAt   time.Time `json:"issued_at"`
}

func (f forecastHour) supersedes(known forecastHour) bool { return !f.IssuedAt.Before(known.IssuedAt) }

// observedHour is what the stations of a region measured in one hour.
type observedHour map[string]Hour

// hourKey is prefix "/" and the hour's beginning.
func hourKey(prefix string, at time.Time) string {
	return string(binary.BigEndian.AppendUint64([]byte(prefix+"/"), uint64(at.UnixMilli())))
}

// readHours reads the rows of a prefix from first up to before end.
func readHours[T any](tx *bbolt.Tx, bucket []byte, prefix string, first, end time.Time) (map[time.Time]T, error) {
	out := map[time.Time]T{}
	stop := []byte(hourKey(prefix, end))
	c := tx.Bucket(bucket).Cursor()
	for k, raw := c.Seek([]byte(hourKey(prefix, first))); k != nil && bytes.Compare(k, stop) < 0; k, raw = c.Next() {
		var row T
		if err := json.Unmarshal(raw, &row); err != nil {
			return nil, fmt.Errorf("alerts: row %s/%s: %w", bucket, prefix, err)
		}
		ms := binary.BigEndian.Uint64(k[len(prefix)+1:])
		out[time.UnixMilli(int64(ms)).In(Shanghai())] = row
	}
	return out, nil
}

// hourSeries is what is known of a region's hours around now: what was measured, and the newest forecast of the others;
// old are those whose forecast is not judged, by their days.
func (e Engine) hourSeries(tx *bbolt.Tx, s scope, exact time.Time, in *incoming) (out []HourAir, old aged, err error) {
	now := exact.Truncate(time.Hour)
	first, end := now.Add(-hoursBack*time.Hour), now.Add(hoursAhead*time.Hour)
	forecasts, err := readHours[forecastHour](tx, bForecastHour, s.key(), first, end)
	if err != nil {
		return nil, nil, err
	}
	if in != nil && in.forecast != nil {
		for _, h := range in.forecast.Hours {
			f := forecastHour{Hour: h, ForecastID: in.forecastID, IssuedAt: in.forecast.IssuedAt}
			if known, ok := forecasts[h.At]; !h.At.Before(first) && h.At.Before(end) && (!ok || f.supersedes(known)) {
				forecasts[h.At] = f
			}
		}
	}
	hours := map[time.Time]HourAir{}
	old = aged{}
	for at, f := range forecasts {
		if why := e.unjudged(f.IssuedAt, at, at.Add(time.Hour), exact); why != "" {
			old.add(&f, why)
			continue
		}
		hours[at] = HourAir{At: at, AQI: f.AQI, Values: f.Values(), Cause: f.Cause, Source: SourceForecast, ForecastID: f.ForecastID, IssuedAt: f.IssuedAt}
	}
	if !s.drill {
		observed, err := observedHours(tx, s.region, first, now.Add(time.Hour), in)
		if err != nil {
			return nil, nil, err
		}
		for _, h := range regional(observed, e.StuckH) {
			if !h.Stuck || hours[h.At].At.IsZero() {
				hours[h.At] = h
			}
		}
	}
	return slices.SortedFunc(maps.Values(hours), func(a, b HourAir) int { return a.At.Compare(b.At) }), old, nil
}

func observedHours(tx *bbolt.Tx, region string, first, end time.Time, in *incoming) (map[time.Time]observedHour, error) {
	observed, err := readHours[observedHour](tx, bObservedHour, region, first, end)
	if err != nil || in == nil {
		return observed, err
	}
	for _, h := range in.hours {
		if h.At.Before(first) || !h.At.Before(end) {
			continue
		}
		if observed[h.At] == nil {
			observed[h.At] = observedHour{}
		}
		observed[h.At][in.station] = h
	}
	return observed, nil
}

// regional makes a region's hours of its stations': each pollutant is the mean of the stations that have it, and without
// concentrations the index is the mean of theirs, rounded up. Beside concentrations it is that of the stations that have
// PM2.5, or where none has, of those with other concentrations. A station is left out while its instrument is stuck.
func regional(observed map[time.Time]observedHour, stuckH int) []HourAir {
	times := slices.SortedFunc(maps.Keys(observed), time.Time.Compare)
	runs := map[string]*repeat{}
	out := make([]HourAir, 0, len(times))
	var values [pollutantCount][]aqi.Concentration      // of the hour's stations; kept for its memory
	var alone, withPM25, withOthers []aqi.Concentration // indices
	for _, at := range times {
		h := HourAir{At: at, Source: SourceObservation, Values: make(aqi.Values, pollutantCount)}
		for i := range values {
			values[i] = values[i][:0]
		}
		alone, withPM25, withOthers = alone[:0], withPM25[:0], withOthers[:0]
		for station, one := range observed[at] {
			if runs[station] == nil {
				runs[station] = &repeat{}
			}
			if runs[station].next(&one) >= stuckH && stuckH > 0 {
				h.Stuck = true
				continue
			}
			h.Cause = max(h.Cause, one.Cause) // where stations disagree, the same one whatever their order
			measured := false
			for i, c := range one.list() {
				if c != nil {
					values[i], measured = append(values[i], *c), true
				}
			}
			switch {
			case one.AQI == nil:
			case one.PM25 != nil:
				withPM25 = append(withPM25, aqi.Whole(*one.AQI))
			case measured:
				withOthers = append(withOthers, aqi.Whole(*one.AQI))
			default:
				alone = append(alone, aqi.Whole(*one.AQI))
			}
		}
		for i, p := range aqiPollutants {
			if len(values[i]) > 0 {
				h.Values[p] = aqi.Mean(values[i])
			}
		}
		indices := alone
		if _, measured := h.Values[aqi.PM25]; measured {
			indices = withPM25
		} else if len(h.Values) > 0 {
			indices = withOthers
		}
		if len(indices) > 0 {
			index := aqi.Mean(indices).Ceil()
			h.AQI = &index
		}
		h.Stuck = h.Stuck && len(h.Values) == 0 && h.AQI == nil
		out = append(out, h)
	}
	return out
}

// repeat counts how long a station has given the very same concentrations.
type repeat struct {
	last   time.Time
	values Measured
	hours  int
}

// next is how many hours, this one included, the station has repeated itself. One pollutant alone may well stay the same.
func (r *repeat) next(h *Hour) int {
	if h.At.Sub(r.last) == time.Hour && h.same(&r.values) {
		r.hours++
	} else {
		r.hours = 1
	}
	r.last, r.values = h.At, h.Measured
	return r.hours
}

// Reception says what was new in an observation and how the station has been reporting in the last two days.
type Reception struct {
	New      int      `json:"new"`      // days and hours that say something new
	Repeated int      `json:"repeated"` // that were known as they are
	Gaps     []Period `json:"gaps"`     // hours that are missing between those there are
	Stuck    []Period `json:"stuck"`    // hours whose values merely repeat the ones before, and do not count
}

const receptionHours = 48

// reception looks at a station's hours up to the last it has.
func reception(observed map[time.Time]observedHour, station string, stuckH int) (gaps, stuck []Period) {
	gaps, stuck = []Period{}, []Period{}
	var last time.Time
	run := repeat{}
	for _, at := range slices.SortedFunc(maps.Keys(observed), time.Time.Compare) {
		h, ok := observed[at][station]
		if !ok {
			continue
		}
		if !last.IsZero() && at.Sub(last) > time.Hour {
			gaps = append(gaps, Period{last.Add(time.Hour), at})
		}
		last = at
		if run.next(&h) < stuckH || stuckH == 0 {
			continue
		}
		if n := len(stuck); n > 0 && stuck[n-1].To.Equal(at) {
			stuck[n-1].To = at.Add(time.Hour)
		} else {
			stuck = append(stuck, Period{at, at.Add(time.Hour)})
		}
	}
	return gaps, stuck
}
