package rules

import (
	"slices"

	"qingkong/alerts"
	list "qingkong/reductionlist"
)

// Settings are what the checks need and the documents leave open or let a city decide. [DefaultSettings] has a value
// for each.
type Settings struct {
	// BottomLine is the least share (0 to 1) of the daily emission that each level takes away, by pollutant. See
	// [BottomLines].
	BottomLine map[alerts.Level]list.Amounts `json:"bottom_line"`
	// Exchange lets SO2 and NOx stand in for each other as long as their shares add up to what the two owe together [K].
	Exchange bool `json:"so2_nox_exchange"`
	// District is the outline of the district in the datum of the list's coordinates. Empty leaves it to the box in the
	// head of the list (经纬度范围), and without that nobody is found outside.
	District []Point `json:"district,omitempty"`
	// Margin is how far outside, in degrees, a point may lie. Published outlines are mostly GCJ-02, which lies some
	// hundred metres from WGS-84 [?]; 0.01° is about one kilometre.
	Margin float64 `json:"district_margin_deg"`
	// MicroSpared says that 小微涉气 are spared stops and limits [?]; MicroKgPerYear is the organised emission of all
	// pollutants up to which a recipient counts as one [?], reckoned over WorkingDays.
	MicroSpared    bool    `json:"micro_spared"`
	MicroKgPerYear float64 `json:"micro_kg_per_year"`
	WorkingDays    float64 `json:"working_days"`
	// NearNames is whether names that differ in one character are told; shorter than NearNameLength characters they are
	// not.
	NearNames      bool `json:"near_names"`
	NearNameLength int  `json:"near_name_length"`
	// PostWords are the words that mark a post: who is responsible is named by one.
	PostWords []string `json:"post_words"`
	// Towns is the register of the towns of a region (GB/T 2260, six digits), by their names; nil where there is none.
	// Without a register a town is held to those of the list alone, and told.
	Towns func(region string) []string `json:"-"`
	// Weights of the three marks in a score.
	Weights Weights `json:"weights"`
	// Registered knows the channels of the station register beside those that the list names; nil is none.
	Registered func(source list.Source, ref string) bool `json:"-"`
	// Account is the account that has an id for its name, in whatever case; empty for none. Nil knows of no accounts.
	Account func(id string) string `json:"-"`
}

// Weights are what each mark counts in [Score.Points].
type Weights struct {
	Operable    float64 `json:"operable"`
	Monitorable float64 `json:"monitorable"`
	Checkable   float64 `json:"checkable"`
}

// Point is a place in degrees.
type Point struct {
	Lon float64 `json:"lon"`
	Lat float64 `json:"lat"`
}

// Names of the ladders that [BottomLines] knows.
const (
	BottomLine2023        = "tianjin-2023" // 10/20/30 % of every pollutant, 津政办规〔2023〕9号 [S4]
	BottomLineTianjin2017 = "tianjin-2017" // the same, but 10/15/20 % of VOCs [S5]
)

// BottomLines is a ladder by name. It binds a city's list; a district has its part in it [K], which its settings may
// give.
func BottomLines(name string) (map[alerts.Level]list.Amounts, bool) {
	ladder := map[alerts.Level]list.Amounts{}
	for i, level := range []alerts.Level{alerts.Yellow, alerts.Orange, alerts.Red} {
		share := float64(i+1) / 10
		ladder[level] = list.Amounts{SO2: share, NOx: share, PM: share, VOCs: share}
	}
	switch name {
	case BottomLine2023:
	case BottomLineTianjin2017:
		for level, vocs := range map[alerts.Level]float64{alerts.Orange: 0.15, alerts.Red: 0.20} {
			a := ladder[level]
			a.VOCs = vocs
			ladder[level] = a
		}
	default:
		return nil, false
	}
	return ladder, true
}

// DefaultSettings are those a list is checked with that has none of its own.
func DefaultSettings() Settings {
	ladder, _ := BottomLines(BottomLine2023)
	return Settings{BottomLine: ladder, Exchange: true, Margin: 0.01,
		MicroSpared: true, MicroKgPerYear: 100, WorkingDays: 300,
		NearNames: true, NearNameLength: 6, PostWords: slices.Clone(postWords), Weights: Weights{1, 1, 1}}
}
