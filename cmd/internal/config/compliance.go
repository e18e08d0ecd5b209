package config

import (
	"time"

	"qingkong/alerts/refusal"
)

// Compliance is how orders are held against what is measured. No text fixes these numbers. Shares are in per cent.
type Compliance struct {
	Holidays    string `yaml:"holidays"` // file; empty = the table that comes with the program
	ResultsDays int    `yaml:"results_days" allow:"1..3660"`

	WaitFor       time.Duration `yaml:"wait_for"`
	ValidMinutes  int           `yaml:"valid_minutes" allow:"1..60"`
	ValidHours    int           `yaml:"valid_hours" allow:"1..24"`
	TaggedInADay  int           `yaml:"tagged_in_a_day" allow:"0..24"`
	LowMeansADay  int           `yaml:"low_means_a_day" allow:"0..288"`
	SuspectAfter  int           `yaml:"suspect_after" allow:"1..24"`
	ViolatedAfter int           `yaml:"violated_after" allow:"1..72"`
	ClearAfter    int           `yaml:"clear_after" allow:"1..24"`
	UnknownAfter  int           `yaml:"unknown_after" allow:"1..72"`

	ExplainWithin time.Duration `yaml:"explain_within"`
	DecideWithin  time.Duration `yaml:"decide_within"`
	TaskWithin    time.Duration `yaml:"task_within"`
	SilentFor     time.Duration `yaml:"silent_for"`

	BaselineDays  int     `yaml:"baseline_days" allow:"1..365"`
	BaselineOf    int     `yaml:"baseline_of" allow:"1..365"`
	BaselineLeast int     `yaml:"baseline_least" allow:"1..365"`
	LowPct        float64 `yaml:"low_pct" allow:"0..50"`
	HighPct       float64 `yaml:"high_pct" allow:"50..100"`

	StopPct             float64 `yaml:"stop_pct" allow:"0..100"`
	StopHours           int     `yaml:"stop_hours" allow:"1..720"`
	ResidualRankPct     float64 `yaml:"residual_rank_pct" allow:"0..100"`
	ResidualOfMedianPct float64 `yaml:"residual_of_median_pct" allow:"0..100"`
	ResidualPct         float64 `yaml:"residual_pct" allow:"100..1000"`
	StopPowerPct        float64 `yaml:"stop_power_pct" allow:"0..100"`
	StopFlowPct         float64 `yaml:"stop_flow_pct" allow:"0..100"`

	Rank Rank `yaml:"rank"`
}

// Rank is what makes a task press. How probable a failure is stands in per cent.
type Rank struct {
	Saving       float64  `yaml:"saving" allow:"0..1000"`
	NoData       float64  `yaml:"no_data" allow:"0..1000"`
	Nearby       float64  `yaml:"nearby" allow:"0..1000"`
	HalfwayKM    float64  `yaml:"halfway_km" allow:"0..1000"`
	ViolatedPct  float64  `yaml:"violated_pct" allow:"0..100"`
	SuspectedPct float64  `yaml:"suspected_pct" allow:"0..100"`
	UnknownPct   float64  `yaml:"unknown_pct" allow:"0..100"`
	OtherwisePct float64  `yaml:"otherwise_pct" allow:"0..100"`
	HistoryPct   float64  `yaml:"history_pct" allow:"0..100"`
	FoundPct     float64  `yaml:"found_pct" allow:"0..100"`
	Office       Position `yaml:"office"`
}

// Position is a place in degrees; both 0 are none.
type Position struct {
	Lon float64 `yaml:"lon"`
	Lat float64 `yaml:"lat"`
}

// compliance asks for numbers that go together: no violation before a suspicion, and no baseline of more days than there are.
func (k *checker) compliance(c Compliance) {
	k.section("compliance", c)
	k.rank(c.Rank)
	between(k, "compliance.wait_for", c.WaitFor, time.Minute, 24*time.Hour)
	for _, of := range []struct {
		key string
		is  time.Duration
	}{{"explain_within", c.ExplainWithin}, {"decide_within", c.DecideWithin}, {"task_within", c.TaskWithin},
		{"silent_for", c.SilentFor}} {
		between(k, "compliance."+of.key, of.is, time.Minute, 30*24*time.Hour)
	}
	most := func(key string, value int, bound string, most int) {
		k.that(value <= most, "compliance."+key, "config.at_most", value, refusal.Args{"bound": "compliance." + bound, "most": most})
	}
	most("suspect_after", c.SuspectAfter, "violated_after", c.ViolatedAfter)
	most("baseline_of", c.BaselineOf, "baseline_days", c.BaselineDays)
	most("baseline_least", c.BaselineLeast, "baseline_of", c.BaselineOf)
}

// rank asks for something that presses, and for an office in China or none.
func (k *checker) rank(r Rank) {
	k.section("compliance.rank", r)
	k.that(r.Saving+r.NoData+r.Nearby > 0, "compliance.rank", "config.rank", r.Saving, nil)
	if r.Office != (Position{}) {
		between(k, "compliance.rank.office.lon", r.Office.Lon, 73, 136)
		between(k, "compliance.rank.office.lat", r.Office.Lat, 3, 54)
	}
}
