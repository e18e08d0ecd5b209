package alerts

import (
	"encoding/binary"
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

// hourKey is prefix "/" and the hour's beginning.
func hourKey(prefix string, at time.Time) string {
	return string(binary.BigEndian.AppendUint64([]byte(prefix+"/"), uint64(at.UnixMilli())))
}

// readHours reads the rows of a prefix from first up to before end.
func readHours[T any](tx *bbolt.Tx, bucket []byte, prefix string, first, end time.Time) (map[time.Time]T, error) {
	out := map[time.Time]T{}
	err := eachBetween(tx, bucket, hourKey(prefix, first), hourKey(prefix, end), func(key string, row T) error {
		at := time.UnixMilli(int64(binary.BigEndian.Uint64([]byte(key[len(prefix)+1:]))))
		out[at.In(Shanghai())] = row
		return nil
	})
	return out, err
}

// hourSeries is what is known of a region's hours around now: what was measured, and the newest forecast of the others;
// aside is what of the measurements is not judged, and old are those whose forecast is not, by their days.
func (e Engine) hourSeries(tx *bbolt.Tx, s scope, exact time.Time, in delivery) (out []HourAir, aside []Aside,
	old unjudgedDays, err error) {
	now := exact.Truncate(time.Hour)
	first, end := now.Add(-hoursBack*time.Hour), now.Add(hoursAhead*time.Hour)
	forecasts, err := readHours[forecastHour](tx, bForecastHour, s.key(), first, end)
	if err != nil {
		return nil, nil, nil, err
	}
	for _, h := range in.forecast.Hours {
		f := forecastHour{h, in.issue()}
		if known, ok := forecasts[h.At]; !h.At.Before(first) && h.At.Before(end) && (!ok || supersedes(f, known)) {
			forecasts[h.At] = f
		}
	}
	hours := map[time.Time]HourAir{}
	old = unjudgedDays{}
	for at, f := range forecasts {
		if why := e.unjudged(f.IssuedAt, at, at.Add(time.Hour), exact); why != "" {
			old.add(&f, why)
			continue
		}
		hours[at] = HourAir{At: at, AQI: f.AQI, Values: f.Values(), Cause: f.Cause, Source: SourceForecast,
			ForecastID: f.ForecastID, IssuedAt: f.IssuedAt}
	}
	if !s.drill {
		observed, err := observedHours(tx, s.region, first.Add(-asideBack), now.Add(time.Hour), in)
		if err != nil {
			return nil, nil, nil, err
		}
		var region []HourAir
		region, aside = e.regional(observed, first, e.countsOnly(exact))
		for _, h := range region {
			if !h.Aside || hours[h.At].At.IsZero() {
				hours[h.At] = h
			}
		}
	}
	return slices.SortedFunc(maps.Values(hours), func(a, b HourAir) int { return a.At.Compare(b.At) }), aside, old, nil
}

// countsOnly is the pollutant that days and hours count by alone, by the criteria of a time; empty for any.
func (s Settings) countsOnly(at time.Time) aqi.Pollutant {
	return s.CriteriaOn(DateOf(at)).Counts.Primary
}

func observedHours(tx *bbolt.Tx, region string, first, end time.Time, in delivery) (map[time.Time]observedHour, error) {
	observed, err := readHours[observedHour](tx, bObservedHour, region, first, end)
	if err != nil {
		return nil, err
	}
	for _, h := range in.observed.Hours {
		if !h.At.Before(first) && h.At.Before(end) {
			addStation(observed, h.At, in.observed.Station, h)
		}
	}
	return observed, nil
}
