package alerts

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"qingkong/alerts/refusal"
)

// Forecast is the air quality a source expects in a region, by day.
type Forecast struct {
	Source   string        `json:"source"` // becomes part of a subject: [a-z0-9-], at most 40
	Region   string        `json:"region"` // six digits of GB/T 2260
	IssuedAt time.Time     `json:"issued_at"`
	Drill    bool          `json:"drill"`
	Days     []ForecastDay `json:"days"` // ascending, no date twice
}

// ForecastDay is one day of a forecast: the daily AQI lies between AQILow and AQIHigh.
type ForecastDay struct {
	Date    Date     `json:"date"`
	AQILow  int      `json:"aqi_low"`  // 0 to 500
	AQIHigh int      `json:"aqi_high"` // 0 to 500
	Primary []string `json:"primary"`  // primary pollutants by their names in the interface; empty = not told
	Cause   Cause    `json:"cause"`
}

// Observation is what was measured, by day; a later observation of a day supersedes the earlier.
type Observation struct {
	Station string `json:"station"`
	Region  string `json:"region"`
	Days    []Day  `json:"days"` // ascending, no date twice
}

// Day is one measured day. AQI is nil when the day is unknown.
type Day struct {
	Date    Date     `json:"date"`
	AQI     *int     `json:"aqi"` // 0 to 500
	Primary []string `json:"primary"`
	Cause   Cause    `json:"cause"`
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

// notYet are the members of the interface by which AQI would have to be computed.
type notYet struct {
	PM25 jsontext.Value `json:"pm25"`
	PM10 jsontext.Value `json:"pm10"`
	SO2  jsontext.Value `json:"so2"`
	NO2  jsontext.Value `json:"no2"`
	CO   jsontext.Value `json:"co"`
	O3H8 jsontext.Value `json:"o3_8h"`
}

func (n notYet) refuse(path string) []refusal.Field {
	var wrong []refusal.Field
	for _, m := range []struct {
		name  string
		value jsontext.Value
	}{{"pm25", n.PM25}, {"pm10", n.PM10}, {"so2", n.SO2}, {"no2", n.NO2}, {"co", n.CO}, {"o3_8h", n.O3H8}} {
		if m.value != nil {
			wrong = append(wrong, refusal.Field{Path: path + "." + m.name, Rule: "forecast.days_only"})
		}
	}
	return wrong
}

// ParseForecast reads a forecast strictly. It returns a refusal that names every wrong place: a member that is not
// known, a date twice, a range upside down, an AQI outside 0 to 500, a region or source of the wrong form.
func ParseForecast(data []byte) (Forecast, error) {
	var in struct {
		Source   string     `json:"source"`
		Region   string     `json:"region"`
		IssuedAt *time.Time `json:"issued_at"`
		Drill    bool       `json:"drill"`
		Days     []struct {
			Date    string   `json:"date"`
			AQILow  *int     `json:"aqi_low"`
			AQIHigh *int     `json:"aqi_high"`
			Primary []string `json:"primary"`
			Cause   string   `json:"cause"`
			notYet
		} `json:"days"`
		Hours jsontext.Value `json:"hours"`
	}
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Forecast{}, err
	}
	f := Forecast{Source: in.Source, Region: in.Region, Drill: in.Drill}
	c := checker{}
	c.require(sourceForm.MatchString(in.Source), "source", "source.wrong", refusal.Args{"value": in.Source})
	c.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	if in.IssuedAt == nil {
		c.add("issued_at", "input.required", nil)
	} else {
		f.IssuedAt = moment(*in.IssuedAt)
	}
	c.require(in.Hours == nil, "hours", "forecast.days_only", nil)
	c.dayCount(len(in.Days))
	for i, d := range in.Days {
		path := fmt.Sprintf("days[%d]", i)
		c.wrong = append(c.wrong, d.refuse(path)...)
		day := ForecastDay{Date: c.date(path, d.Date)}
		day.Primary, day.Cause = c.primary(path+".primary", d.Primary), c.cause(path+".cause", d.Cause)
		low, lowOK := c.aqi(path+".aqi_low", d.AQILow)
		high, highOK := c.aqi(path+".aqi_high", d.AQIHigh)
		if lowOK && highOK {
			c.require(low <= high, path+".aqi_high", "day.range_upside_down", refusal.Args{"low": low, "high": high})
		}
		day.AQILow, day.AQIHigh = low, high
		f.Days = append(f.Days, day)
	}
	slices.SortFunc(f.Days, func(a, b ForecastDay) int { return cmp.Compare(a.Date, b.Date) })
	return f, refusal.Input(c.wrong)
}

// ParseObservation reads daily measured AQI as strictly as ParseForecast reads a forecast.
func ParseObservation(data []byte) (Observation, error) {
	var in struct {
		Station string `json:"station"`
		Region  string `json:"region"`
		Days    []struct {
			Date    string   `json:"date"`
			AQI     *int     `json:"aqi"`
			Primary []string `json:"primary"`
			Cause   string   `json:"cause"`
			notYet
		} `json:"days"`
		Hours jsontext.Value `json:"hours"`
	}
	if err := refusal.Unmarshal(data, &in); err != nil {
		return Observation{}, err
	}
	o := Observation{Station: in.Station, Region: in.Region}
	c := checker{}
	c.require(stationForm.MatchString(in.Station), "station", "station.wrong", refusal.Args{"value": in.Station})
	c.require(regionForm.MatchString(in.Region), "region", "region.wrong", refusal.Args{"value": in.Region})
	c.require(in.Hours == nil, "hours", "forecast.days_only", nil)
	c.dayCount(len(in.Days))
	for i, d := range in.Days {
		path := fmt.Sprintf("days[%d]", i)
		c.wrong = append(c.wrong, d.refuse(path)...)
		day := Day{Date: c.date(path, d.Date)}
		day.Primary, day.Cause = c.primary(path+".primary", d.Primary), c.cause(path+".cause", d.Cause)
		aqi, _ := c.aqi(path+".aqi", d.AQI)
		day.AQI = &aqi
		o.Days = append(o.Days, day)
	}
	slices.SortFunc(o.Days, func(a, b Day) int { return cmp.Compare(a.Date, b.Date) })
	return o, refusal.Input(c.wrong)
}

// A station's name becomes part of a subject too; station numbers of the national network look like 1015A.
var stationForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// checker collects what is wrong in an input.
type checker struct {
	wrong []refusal.Field
	seen  map[string]string // date → where it first stood
}

func (c *checker) add(path, rule string, args refusal.Args) {
	c.wrong = append(c.wrong, refusal.Field{Path: path, Rule: rule, Args: args})
}

func (c *checker) require(ok bool, path, rule string, args refusal.Args) {
	if !ok {
		c.add(path, rule, args)
	}
}

func (c *checker) dayCount(n int) {
	c.require(n > 0, "days", "days.none", nil)
	c.require(n <= maxDays, "days", "days.too_many", refusal.Args{"count": n, "limit": maxDays})
}

func (c *checker) date(path, s string) Date {
	d, ok := ParseDate(s)
	if !ok {
		c.add(path+".date", "day.date_wrong", refusal.Args{"value": s})
		return d
	}
	if first, twice := c.seen[s]; twice {
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
