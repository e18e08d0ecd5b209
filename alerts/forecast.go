package alerts

import (
	"regexp"
	"time"

	"qingkong/alerts/aqi"
	"qingkong/alerts/forms"
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
	SetAside []RawValue `json:"set_aside,omitempty"`
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
	PM25 = aqi.PM25
	O3H8 = aqi.O3H8
	O3H1 = aqi.O3H1
)

// ParsePollutant returns the pollutant's name on every output; PM2.5, 细颗粒物, O3-8h and the like are understood.
func ParsePollutant(s string) (string, bool) { return forms.Pollutant(s) }

const (
	maxAQI  = 500 // HJ 633: the index ends there
	maxDays = 366
)

var (
	sourceForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)
	regionForm = regexp.MustCompile(`^[0-9]{6}$`)
)

// dayInput is a day as it comes in, in the plain form. A forecast gives aqi_low and aqi_high, an observation aqi;
// either may give concentrations instead, or beside it. Which other names and forms are read, package forms says.
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

// hourInput is an hour as it comes in, in the plain form; o3 is what people write for the hour's ozone.
type hourInput struct {
	At    *time.Time         `json:"at"`
	AQI   *int               `json:"aqi"`
	Cause string             `json:"cause"`
	O3    *aqi.Concentration `json:"o3"`
	Measured
}

// forecastBody is a forecast as it comes in.
type forecastBody[D, H any] struct {
	Source   string     `json:"source"`
	Region   string     `json:"region"`
	IssuedAt *time.Time `json:"issued_at"`
	Drill    bool       `json:"drill"`
	Days     []D        `json:"days"`
	Hours    []H        `json:"hours"`
}

// observationBody is what was measured as it comes in.
type observationBody[D, H any] struct {
	Station string `json:"station"`
	Region  string `json:"region"`
	Days    []D    `json:"days"`
	Hours   []H    `json:"hours"`
}

// ForecastInput is the plain form of a forecast as it comes in, for the description of the interface.
type ForecastInput forecastBody[dayInput, hourInput]

// ObservationInput is the plain form of an observation as it comes in, for the description of the interface.
type ObservationInput observationBody[dayInput, hourInput]

// A station's name becomes part of a subject too; station numbers of the national network look like 1015A.
var stationForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// checker collects what is wrong in an input.
type checker struct {
	wrong []refusal.Field
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
