package alerts

import (
	"maps"
	"time"
)

// Settings are what a district chooses (configuration keys own_declaration, approval, criteria.settings).
type Settings struct {
	OwnDeclaration string        `json:"own_declaration"` // OwnAllowed or OwnReportToCity
	Approval       map[Level]int `json:"approval"`        // persons that a level needs: 1 or 2
	// which value of a forecast's range is evaluated: high, middle or low
	Range              string     `json:"range"`
	MergeGapH          int        `json:"merge_gap_h"`
	Merge              string     `json:"merge"` // MergeStrict or MergeStages
	LiftH              int        `json:"lift_h"`
	LiftRule           string     `json:"lift_rule"`    // LiftAtMostRule or LiftBelowYellow
	LiftAtMost         int        `json:"lift_at_most"` // AQI
	LiftStep           string     `json:"lift_step"`    // LiftAuto, LiftHour, LiftMean or LiftDay
	LiftLeadH          int        `json:"lift_lead_h"`  // how long before the air clears a lift is proposed
	LeadH              int        `json:"lead_h"`       // how long before the episode a warning should be out
	Over300Consecutive bool       `json:"over_300_consecutive"`
	StuckH             StuckHours `json:"stuck_h"`
	Plausible          Plausible  `json:"plausible"`
	AQIMismatch        int        `json:"aqi_mismatch"` // AQI; see EvaluateOptions
	DustSuspect        string     `json:"dust_suspect"` // DustTell or DustExclude
	// hours since its issue after which a forecast is not judged; 0 = never
	ForecastMaxAgeH int `json:"forecast_max_age_h"`
	// days ahead of its issue beyond which it is not; 0 = none
	ForecastMaxLeadD int         `json:"forecast_max_lead_d"`
	StartAt          string      `json:"start_at"`     // StartMidnight or StartEveningBefore
	EveningHour      int         `json:"evening_hour"` // of StartEveningBefore
	StartLimits      StartLimits `json:"start_limits"`
	Criteria         Criteria    `json:"criteria"`
	Sets             []Criteria  `json:"sets"` // by date: the one valid on the day; none = Criteria always
}

// The values of Settings.OwnDeclaration: an approved declaration on the district's own forecast starts by itself, or
// becomes a report that the city's order activates.
const (
	OwnAllowed      = "allowed"
	OwnReportToCity = "report_to_city"
)

// The values of Settings.Merge: an episode of several levels has its highest from its first day on (就高), or each of its
// days the level that it asks for, never lowered within the episode.
const (
	MergeStrict = "strict"
	MergeStages = "stages"
)

// The values of Settings.LiftRule: a warning may end when the air is at most LiftAtMost (轻度污染及以下), or when no
// statutory level is met any more (江苏: 黄色预警条件以下), and stays so for LiftH hours. Sources contradict each other.
const (
	LiftAtMostRule  = "at_most"
	LiftBelowYellow = "below_yellow"
)

// The values of Settings.DustSuspect: a day or an hour with an index of 500 whose PM2.5 and PM10 were both withheld, as
// happens in a dust storm, counts all the same and is told of, or does not count.
const (
	DustTell    = "tell"
	DustExclude = "exclude"
)

// The values of Settings.LiftStep, which is what has to be clean, hour after hour: the hours themselves by the daily
// table, those without a value as their day; the 24-hour means, of which the first has to be over; or the days.
// LiftAuto is by hours where any are known, else by days.
const (
	LiftAuto = "auto"
	LiftHour = "hour"
	LiftMean = "mean"
	LiftDay  = "day"
)

// The values of Settings.Range.
const (
	RangeHigh   = "high"
	RangeMiddle = "middle"
	RangeLow    = "low"
)

var defaultApproval = map[Level]int{Advisory: 1, Yellow: 1, Orange: 2, Red: 2}

// DefaultSettings are the documented defaults with the criteria of 环大气〔2024〕6号.
func DefaultSettings() Settings {
	return Settings{
		OwnDeclaration: OwnAllowed,
		Approval:       maps.Clone(defaultApproval),
		Range:          RangeHigh,
		MergeGapH:      36,
		Merge:          MergeStrict,
		LiftH:          36,
		LiftRule:       LiftAtMostRule,
		StuckH:         DefaultStuckHours(),
		Plausible:      DefaultPlausible(),
		AQIMismatch:    10,
		DustSuspect:    DustTell,
		LiftAtMost:     150,
		LiftStep:       LiftAuto,
		LiftLeadH:      24,
		LeadH:          24,
		StartAt:        StartMidnight,
		EveningHour:    20,
		StartLimits:    StartLimits{BackD: 7, AheadD: 15},
		Criteria:       National2024(),

		ForecastMaxAgeH:  72,
		ForecastMaxLeadD: 10,
	}
}

// Engine decides with these settings. Its Decide methods are pure functions.
type Engine struct {
	Settings
	// At is the record's time of what is decided, where that is not the now of the decision: the wall clock's, which typed
	// times are held against. Zero where both are the same.
	At time.Time
	// Seen is what the actor's acts in the two-person rule have to say of it.
	Seen
}

// recorded is the record's time of a decision at now.
func (e Engine) recorded(now time.Time) time.Time {
	if e.At.IsZero() {
		return now
	}
	return e.At
}

// twoPersons reports whether the level needs a second person; what is not configured follows the defaults.
func (s Settings) twoPersons(l Level) bool {
	n, ok := s.Approval[l]
	if !ok {
		n = defaultApproval[l]
	}
	return n >= 2
}

// value is what is evaluated of a forecast's range; the middle is rounded up, as an index is.
func (s Settings) value(low, high int) int {
	switch s.Range {
	case RangeLow:
		return low
	case RangeMiddle:
		return (low + high + 1) / 2
	default:
		return high
	}
}

// Evaluating is the settings that bear on an evaluation.
func (s Settings) Evaluating() EvaluateOptions {
	return EvaluateOptions{MergeGapH: s.MergeGapH, Over300Consecutive: s.Over300Consecutive, AQIMismatch: s.AQIMismatch,
		DustSuspect: s.DustSuspect}
}
