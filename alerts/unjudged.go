package alerts

import "time"

func issuedAt(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

const (
	whyOld = "forecast_old"
	whyFar = "forecast_far"
)

// unjudged says why a forecast of a period is not judged; empty where it is. The forecast looked further ahead than the
// settings allow, or it is too old. A forecast of a past period keeps the age that it had at the end of it.
func (s Settings) unjudged(issued, from, to, now time.Time) string {
	age := now.Sub(issued)
	if to.Before(now) {
		age = to.Sub(issued)
	}
	switch {
	case s.ForecastMaxLeadD > 0 && daysBetween(DateOf(issued), DateOf(from)) > s.ForecastMaxLeadD:
		return whyFar
	case s.ForecastMaxAgeH > 0 && age > time.Duration(s.ForecastMaxAgeH)*time.Hour:
		return whyOld
	}
	return ""
}

// unjudgedDays keeps of each day the newest of its hours that are not judged.
type unjudgedDays map[Date]DayAQI

func (a unjudgedDays) add(f *forecastHour, why string) {
	day := DateOf(f.At)
	known, ok := a[day]
	if !ok || known.IssuedAt.Before(f.IssuedAt) || known.IssuedAt.Equal(f.IssuedAt) &&
		newerID(f.ForecastID, known.ForecastID) {
		a[day] = DayAQI{Date: day, Source: SourceForecast, ForecastID: f.ForecastID, IssuedAt: f.IssuedAt, Unjudged: why}
	}
}

// judge takes forecasts that are not judged out of a series. A day from today on of which nothing else is known becomes
// unknown and says why. Where today is being measured by the hour its rest breaks nothing, as if nothing had been
// forecast of it.
func (s *Series) judge(days map[Date]DayAQI, old unjudgedDays, today Date) {
	for day, d := range old {
		if _, known := days[day]; !known && day >= today {
			days[day] = d
		}
	}
	for i := range s.Hours {
		if h := &s.Hours[i]; h.Source == SourceObservation && !h.missing() && DateOf(h.At) == today &&
			days[today].Unjudged != "" {
			delete(days, today)
		}
	}
}

// unjudged reports whether a day is unknown because its forecast is not judged.
func (v DayVerdict) unjudged() bool { return v.Why == whyOld || v.Why == whyFar }
