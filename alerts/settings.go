package alerts

import (
	"maps"
	"time"
)

// Settings are what a district chooses (configuration keys own_declaration, approval, criteria.settings).
type Settings struct {
	OwnDeclaration     string        `json:"own_declaration"` // OwnAllowed or OwnReportToCity
	Approval           map[Level]int `json:"approval"`        // persons that a level needs: 1 or 2
	Range              string        `json:"range"`           // which value of a forecast's range is evaluated: high, middle or low
	MergeGapH          int           `json:"merge_gap_h"`
	LiftH              int           `json:"lift_h"`
	LiftRule           string        `json:"lift_rule"`    // LiftAtMostRule or LiftBelowYellow
	LiftAtMost         int           `json:"lift_at_most"` // AQI
	LeadH              int           `json:"lead_h"`       // how long before the episode a warning should be out
	Over300Consecutive bool          `json:"over_300_consecutive"`
	StartAt            string        `json:"start_at"`     // StartMidnight or StartEveningBefore
	EveningHour        int           `json:"evening_hour"` // of StartEveningBefore
	StartLimits        StartLimits   `json:"start_limits"`
	StuckH             int           `json:"stuck_h"` // hours of the same values after which an instrument counts as stuck; 0 = never
	Criteria           Criteria      `json:"criteria"`
	Sets               []Criteria    `json:"sets"` // by date: the one valid on the day; none = Criteria always
}

// The values of Settings.OwnDeclaration: an approved declaration on the district's own forecast starts by itself, or
// becomes a report that the city's order activates.
const (
	OwnAllowed      = "allowed"
	OwnReportToCity = "report_to_city"
)

// The values of Settings.LiftRule: a warning may end when the air is at most LiftAtMost (轻度污染及以下), or when no
// statutory level is met any more (江苏: 黄色预警条件以下), and stays so for LiftH hours. Sources contradict each other.
const (
	LiftAtMostRule  = "at_most"
	LiftBelowYellow = "below_yellow"
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
		LiftH:          36,
		LiftRule:       LiftAtMostRule,
		StuckH:         6,
		LiftAtMost:     150,
		LeadH:          24,
		StartAt:        StartMidnight,
		EveningHour:    20,
		StartLimits:    StartLimits{BackD: 7, AheadD: 15},
		Criteria:       National2024(),
	}
}

// Engine decides with these settings. Its Decide methods are pure functions.
type Engine struct {
	Settings
	// At is the record's time of what is decided, where that is not the now of the decision: the wall clock's, which typed
	// times are held against. Zero where both are the same.
	At time.Time
	// SecretSeen is what the actor's acts in the two-person rule have to say of it; nil for nothing.
	SecretSeen *SecretSeen
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

func (s Settings) evaluateOptions() EvaluateOptions {
	return EvaluateOptions{MergeGapH: s.MergeGapH, Over300Consecutive: s.Over300Consecutive}
}
