package alerts

import (
	"time"

	"qingkong/alerts/aqi"
)

// Measured are concentrations as they stand beside a day's or an hour's other members: µg/m³, CO mg/m³; nil = missing.
type Measured struct {
	PM25 *aqi.Concentration `json:"pm25,omitempty"`
	PM10 *aqi.Concentration `json:"pm10,omitempty"`
	SO2  *aqi.Concentration `json:"so2,omitempty"`
	NO2  *aqi.Concentration `json:"no2,omitempty"`
	CO   *aqi.Concentration `json:"co,omitempty"`
	O3H8 *aqi.Concentration `json:"o3_8h,omitempty"` // of a day
	O3H1 *aqi.Concentration `json:"o3_1h,omitempty"` // of an hour, or the largest of a day
}

// aqiPollutants are the pollutants in the order of [Measured.list].
var aqiPollutants = aqi.Pollutants()

const pollutantCount = 7

// list has the concentrations in the order of [aqi.Pollutants].
func (m *Measured) list() [pollutantCount]*aqi.Concentration {
	return [...]*aqi.Concentration{m.PM25, m.PM10, m.SO2, m.NO2, m.CO, m.O3H8, m.O3H1}
}

// Values are the concentrations that are there.
func (m *Measured) Values() aqi.Values {
	v := aqi.Values{}
	for i, c := range m.list() {
		if c != nil {
			v[aqiPollutants[i]] = *c
		}
	}
	return v
}

// set puts a concentration in its place.
func (m *Measured) set(p aqi.Pollutant, v aqi.Concentration) {
	for i, place := range []**aqi.Concentration{&m.PM25, &m.PM10, &m.SO2, &m.NO2, &m.CO, &m.O3H8, &m.O3H1} {
		if aqiPollutants[i] == p {
			*place = &v
		}
	}
}

// Hour is one hour, forecast or measured: concentrations, or an AQI alone. At is its beginning.
type Hour struct {
	At    time.Time `json:"at"`
	AQI   *int      `json:"aqi,omitempty"` // 0 to 500
	Cause Cause     `json:"cause,omitempty"`
	Measured
	SetAside []RawValue `json:"set_aside,omitempty"`
}

// resolve gives a day its index and primary pollutants. A published index stands. Where the concentrations make another
// index, one of them was withheld, as PM10 is on a day of dust, and they do not say what the primary pollutant was
// either. Where no index is published it is computed by the day's standard (HJ 633 of that date).
func resolve(date Date, published *int, primary []string, v aqi.Values) (*int, []string) {
	if len(v) == 0 {
		return published, primary
	}
	index, computed, ok := indexOf(aqi.StandardOn(string(date)), v)
	switch {
	case !ok:
		return published, primary
	case published == nil:
		published = &index
	case *published != index:
		return published, primary
	}
	if len(primary) == 0 && computed != nil {
		primary = computed
	}
	return published, primary
}

// partial reports whether a day's index is no more than what its concentrations make without PM2.5.
func (m *Measured) partial(date Date, index *int) bool {
	v := m.Values()
	if _, measured := v[aqi.PM25]; measured || len(v) == 0 || index == nil {
		return false
	}
	made, _, _ := indexOf(aqi.StandardOn(string(date)), v)
	return made == *index
}

// maxHours bounds one message: a month.
const maxHours = 31 * 24
