package alerts

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/refusal"
)

// Forecast is the air quality a source expects in a region, by day or by hour.
type Forecast struct {
	Source   string        `json:"source"` // becomes part of a subject: [a-z0-9-], at most 40
	Region   string        `json:"region"` // six digits of GB/T 2260
	IssuedAt time.Time     `json:"issued_at"`
	Drill    bool          `json:"drill"`
	Days     []ForecastDay `json:"days"` // ascending, no date twice
	Hours    []Hour        `json:"hours,omitempty"`
}

// ForecastDay is one day of a forecast: the daily AQI lies between AQILow and AQIHigh.
type ForecastDay struct {
	Date    Date     `json:"date"`
	AQILow  int      `json:"aqi_low"`  // 0 to 500
	AQIHigh int      `json:"aqi_high"` // 0 to 500
	Primary []string `json:"primary"`  // primary pollutants by their names in the interface; empty = not told
	Cause   Cause    `json:"cause"`
	Measured
}

// Observation is what was measured, by day or by hour; a later observation of a day or an hour supersedes the earlier.
// Hours are a station's own; the region's are the means of its stations.
type Observation struct {
	Station string `json:"station"`
	Region  string `json:"region"`
	Days    []Day  `json:"days"` // as they came; as recorded ascending, no date twice
	Hours   []Hour `json:"hours,omitempty"`
}

// Day is one measured day. AQI is nil when the day is unknown.
type Day struct {
	Date    Date     `json:"date"`
	AQI     *int     `json:"aqi"` // 0 to 500
	Primary []string `json:"primary"`
	Cause   Cause    `json:"cause"`
	Measured
	NotTaken []NotTaken `json:"set_aside,omitempty"`
}

// Cause says why a day is polluted when it is not what emission cuts can help against.
type Cause string

// The causes of 环大气〔2024〕6号 that open no emergency response: 沙尘, 局地扬沙, 山火, 国境外传输, and ozone.
const (
	Dust        Cause = "dust"
	LocalDust   Cause = "local_dust"
	Wildfire    Cause = "wildfire"
	CrossBorder Cause = "cross_border"
	Ozone       Cause = "ozone"
)

var causes = []Cause{"", Dust, LocalDust, Wildfire, CrossBorder, Ozone}

// The pollutants' names on every output.
const (
	PM25 = "pm25"
	O3H8 = "o3_8h"
	O3H1 = "o3_1h"
)

// pollutants maps what people write, in lower case and without . - _ and blanks, to the name on every output.
// A daily value of ozone is the 8-hour one.
var pollutants = map[string]string{
	"pm25": PM25, "pm10": "pm10", "so2": "so2", "no2": "no2", "co": "co", "o3": O3H8, "o38h": O3H8, "o31h": O3H1,
}

var plainer = strings.NewReplacer(".", "", "-", "", "_", "", " ", "")

// ParsePollutant returns the pollutant's name on every output; PM2.5, O3-8h and the like are understood.
func ParsePollutant(s string) (string, bool) {
	p, ok := pollutants[plainer.Replace(strings.ToLower(s))]
	return p, ok
}

const (
	maxAQI  = 500 // HJ 633: the index ends there
	maxDays = 366
)

var (
	sourceForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	regionForm = regexp.MustCompile(`^[0-9]{6}$`)
)

// dayInput is a day as it comes in. A forecast gives aqi_low and aqi_high, an observation aqi; either may give
// concentrations instead, or beside it.
type dayInput struct {
	Date    string             `json:"date"`
	AQI     *int               `json:"aqi"`
	AQILow  *int               `json:"aqi_low"`
	AQIHigh *int               `json:"aqi_high"`
	Primary []string           `json:"primary"`
	Cause   string             `json:"cause"`
	O3      *aqi.Concentration `json:"o3"`
	Measured
}

// day reads what days of both kinds have in common.
func (c *checker) day(path string, d *dayInput) (Date, []string, Cause) {
	c.require(d.O3 == nil || d.O3H8 == nil, path+".o3", "hour.ozone_twice", nil)
	if d.O3 != nil {
		d.O3H8 = d.O3
	}
	return c.date(path, d.Date), c.primary(path+".primary", d.Primary), c.cause(path+".cause", d.Cause)
}

// ForecastInput is a forecast as it comes in.
type ForecastInput struct {
	Source   string      `json:"source"`
	Region   string      `json:"region"`
	IssuedAt *time.Time  `json:"issued_at"`
	Drill    bool        `json:"drill"`
	Days     []dayInput  `json:"days"`
	Hours    []hourInput `json:"hours"`
}

// ObservationInput is an observation as it comes in.
type ObservationInput struct {
	Station string      `json:"station"`
	Region  string      `json:"region"`
	Days    []dayInput  `json:"days"`
	Hours   []hourInput `json:"hours"`
}

// ParseForecast reads a forecast strictly. It returns a refusal that names every wrong place: a member that is not
// known, a date twice, a range upside down, an AQI outside 0 to 500, a region or source of the wrong form.
func ParseForecast(data []byte) (Forecast, error) {
	var in ForecastInput
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Forecast{}, err
	}
	f := Forecast{Source: in.Source, Region: in.Region, Drill: in.Drill, Days: []ForecastDay{}}
	c := checker{}
	c.require(sourceForm.MatchString(in.Source), "source", "source.wrong", refusal.Args{"value": in.Source})
	c.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	if in.IssuedAt == nil {
		c.add("issued_at", "input.required", nil)
	} else {
		f.IssuedAt = moment(*in.IssuedAt)
	}
	c.amount(len(in.Days), len(in.Hours))
	for i := range in.Days {
		f.Days = append(f.Days, c.forecastDay(at("days", i), &in.Days[i]))
	}
	f.Hours = c.hours(in.Hours)
	slices.SortFunc(f.Days, func(a, b ForecastDay) int { return cmp.Compare(a.Date, b.Date) })
	slices.SortFunc(f.Hours, func(a, b Hour) int { return a.At.Compare(b.At) })
	return f, refusal.Input(c.wrong)
}

// forecastDay takes a range, one index, or concentrations that make one.
func (c *checker) forecastDay(path string, d *dayInput) ForecastDay {
	day := ForecastDay{}
	day.Date, day.Primary, day.Cause = c.day(path, d)
	day.Measured = d.Measured
	if d.AQILow == nil && d.AQIHigh == nil {
		if d.AQI != nil {
			c.aqi(path+".aqi", d.AQI)
		}
		index, primary := resolve(day.Date, d.AQI, day.Primary, d.Values())
		if index != nil {
			day.AQILow, day.AQIHigh, day.Primary = *index, *index, primary
			return day
		}
	}
	c.require(d.AQI == nil, path+".aqi", "day.aqi_and_range", nil)
	low, lowOK := c.aqi(path+".aqi_low", d.AQILow)
	high, highOK := c.aqi(path+".aqi_high", d.AQIHigh)
	if lowOK && highOK {
		c.require(low <= high, path+".aqi_high", "day.range_upside_down", refusal.Args{"low": low, "high": high})
	}
	day.AQILow, day.AQIHigh = low, high
	// A range that does not hold the index of the concentrations says as little of the primary pollutant as such an index.
	if made, primary := resolve(day.Date, nil, nil, d.Values()); len(day.Primary) == 0 && made != nil && low <= *made && *made <= high {
		day.Primary = primary
	}
	return day
}

// ParseObservation reads what was measured as strictly as ParseForecast reads a forecast, but for values that are none: these are
// set aside where they stand, and so is a day or an hour that stands twice, so that the rest is taken.
func ParseObservation(data []byte) (Observation, error) {
	data, unread := setUnreadAside(data)
	var in ObservationInput
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Observation{}, err
	}
	o := Observation{Station: in.Station, Region: in.Region, Days: []Day{}}
	c := checker{observed: true, notTaken: unread}
	c.require(stationForm.MatchString(in.Station), "station", "station.wrong", refusal.Args{"value": in.Station})
	c.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	c.amount(len(in.Days), len(in.Hours))
	for i := range in.Days {
		path, d := at("days", i), &in.Days[i]
		day := Day{}
		day.Date, day.Primary, day.Cause = c.day(path, d)
		day.Measured, day.NotTaken = d.Measured, c.notTaken[path]
		for name, v := range map[string]*int{"aqi_low": d.AQILow, "aqi_high": d.AQIHigh} {
			c.require(v == nil, path+"."+name, "day.range_measured", nil)
		}
		day.AQI, day.Primary = resolve(day.Date, d.AQI, day.Primary, d.Values())
		if day.AQI == nil && len(day.NotTaken) == 0 || d.AQI != nil {
			value, _ := c.aqi(path+".aqi", d.AQI)
			day.AQI = &value
		}
		o.Days = append(o.Days, day)
	}
	o.Hours = c.hours(in.Hours)
	return o, refusal.Input(c.wrong)
}

// A station's name becomes part of a subject too; station numbers of the national network look like 1015A.
var stationForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// checker collects what is wrong in an input.
type checker struct {
	wrong []refusal.Field
	seen  map[string]string // date → where it first stood

	observed bool                  // a day or an hour may stand twice: that is told later
	notTaken map[string][]NotTaken // of a day or an hour by its path: what it has besides
}

func (c *checker) add(path, rule string, args refusal.Args) {
	c.wrong = append(c.wrong, refusal.Field{Path: path, Rule: rule, Args: args})
}

func (c *checker) require(ok bool, path, rule string, args refusal.Args) {
	if !ok {
		c.add(path, rule, args)
	}
}

func (c *checker) amount(days, hours int) {
	c.require(days+hours > 0, "days", "days.none", nil)
	c.require(days <= maxDays, "days", "days.too_many", refusal.Args{"count": days, "limit": maxDays})
}

func (c *checker) date(path, s string) Date {
	d, ok := ParseDate(s)
	if !ok {
		c.add(path+".date", "day.date_wrong", refusal.Args{"value": s})
		return d
	}
	if first, twice := c.seen[s]; twice && !c.observed {
		c.add(path+".date", "day.twice", refusal.Args{"value": s, "first": first})
		return d
	}
	if c.seen == nil {
		c.seen = map[string]string{}
	}
	c.seen[s] = path
	return d
}

func (c *checker) aqi(path string, v *int) (int, bool) {
	switch {
	case v == nil:
		c.add(path, "input.required", nil)
		return 0, false
	case *v < 0 || *v > maxAQI:
		c.add(path, "day.aqi_range", refusal.Args{"value": *v})
		return *v, false
	}
	return *v, true
}

func (c *checker) primary(path string, names []string) []string {
	out := []string{}
	for i, n := range names {
		p, ok := ParsePollutant(n)
		if !ok {
			c.add(fmt.Sprintf("%s[%d]", path, i), "pollutant.unknown", refusal.Args{"value": n})
		} else if !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (c *checker) cause(path, s string) Cause {
	cause := Cause(strings.ReplaceAll(s, "-", "_"))
	c.require(slices.Contains(causes, cause), path, "cause.unknown", refusal.Args{"value": s})
	return cause
}
