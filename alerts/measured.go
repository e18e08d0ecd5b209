package alerts

import (
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
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
	NotTaken []NotTaken `json:"set_aside,omitempty"`
}

// resolve gives a day its index and primary pollutants. A published index stands: where the concentrations make another,
// one of them was withheld, as PM10 is on a day of dust, and then they do not say what the primary pollutant was either.
// Without a published one the index of the day's standard is computed (HJ 633 of that date).
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

// hourInput is an hour as it comes in; o3 is what people write for the hour's ozone.
type hourInput struct {
	At    *time.Time         `json:"at"`
	AQI   *int               `json:"aqi"`
	Cause string             `json:"cause"`
	O3    *aqi.Concentration `json:"o3"`
	Measured
}

// hours reads hours strictly: full hours, none twice, each with concentrations or an index.
func (c *checker) hours(in []hourInput) []Hour {
	c.require(len(in) <= maxHours, "hours", "hours.too_many", refusal.Args{"count": len(in), "limit": maxHours})
	seen := map[time.Time]string{}
	var out []Hour
	for i := range in {
		path, h := at("hours", i), &in[i]
		hour := Hour{AQI: h.AQI, Cause: c.cause(path+".cause", h.Cause), Measured: h.Measured}
		if h.At == nil {
			c.add(path+".at", "input.required", nil)
		} else {
			hour.At = moment(*h.At)
			first, twice := seen[hour.At]
			c.require(!twice || c.observed, path+".at", "day.twice", refusal.Args{"value": clock(hour.At), "first": first})
			seen[hour.At] = path
			c.require(hour.At.Equal(hour.At.Truncate(time.Hour)), path+".at", "hour.not_full", refusal.Args{"value": clock(hour.At)})
			_, ok := ParseDate(string(DateOf(hour.At)))
			c.require(ok, path+".at", "day.date_wrong", refusal.Args{"value": clock(hour.At)})
		}
		c.require(h.O3 == nil || h.O3H1 == nil, path+".o3", "hour.ozone_twice", nil)
		if h.O3 != nil {
			hour.O3H1 = h.O3
		}
		c.require(h.O3H8 == nil, path+".o3_8h", "hour.ozone_8h", nil)
		if h.AQI != nil {
			c.aqi(path+".aqi", h.AQI)
		}
		hour.NotTaken = c.notTaken[path]
		c.require(h.AQI != nil || len(hour.Values()) > 0 || len(hour.NotTaken) > 0, path, "hour.empty", nil)
		out = append(out, hour)
	}
	return out
}
