// Package judge says hour by hour from measured data whether a measure is carried out, and says so where that cannot be
// known: what a plant usually does ([BaselineOf]), what an hour or a day shows ([Hour], [Day]), and what follows from all
// of them ([Fold]).
//
// Everything here is arithmetic on what it is given: the same data give the same answer in whatever order they came. All
// times are Beijing's; an hour and a day are named by their start. The numbers that no text fixes are [Settings].
package judge

import (
	"fmt"
	"time"
)

// Result is what one hour, or one day, shows of a measure.
type Result byte

// The results. Pending is of an hour that may still be told of.
const (
	Pending Result = iota
	NoData         // too little is known
	Tagged         // the instrument was under maintenance or calibration (标记), or an accepted explanation names the hour
	Pass
	Fail
)

var resultNames = [...]string{Pending: "pending", NoData: "no_data", Tagged: "tagged", Pass: "pass", Fail: "fail"}

func (r Result) String() string { return resultNames[r] }

// MarshalText is the name.
func (r Result) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads a name.
func (r *Result) UnmarshalText(text []byte) error {
	for i, name := range resultNames {
		if name == string(text) {
			*r = Result(i)
			return nil
		}
	}
	return fmt.Errorf("judge: no result %q", text)
}

// Judged reports whether the result says anything of the measure.
func (r Result) Judged() bool { return r == Pass || r == Fail }

// Verdict is what all results together show of a measure or an order.
type Verdict byte

// The verdicts, from the best to the worst as an order takes the worst of its measures.
const (
	None Verdict = iota
	Compliant
	Unknown // no_data
	Suspected
	Violated
)

var verdictNames = [...]string{None: "none", Compliant: "compliant", Unknown: "no_data", Suspected: "suspected",
	Violated: "violated"}

func (v Verdict) String() string { return verdictNames[v] }

// MarshalText is the name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a name.
func (v *Verdict) UnmarshalText(text []byte) error {
	for i, name := range verdictNames {
		if name == string(text) {
			*v = Verdict(i)
			return nil
		}
	}
	return fmt.Errorf("judge: no verdict %q", text)
}

// Settings are the numbers by which it is judged. No text fixes them ([?] in domain.md).
type Settings struct {
	WaitFor       time.Duration // for an hour's value behind the hour's end, before there is none
	ValidMinutes  int           // that an hour made of minutes needs
	ValidHours    int           // that a day needs
	LowMeansADay  int           // five-minute means below the limit that a day may have
	TaggedInADay  int           // hours of 24 that may be tagged
	SuspectAfter  int           // consecutive judged fails
	ViolatedAfter int           // consecutive judged fails
	ClearAfter    int           // consecutive passes
	UnknownAfter  int           // consecutive hours without data
	ExplainWithin time.Duration // for an enterprise to explain what it is suspected of

	Window       int     // days before a warning that a baseline is made of
	Days         int     // of a class of days, the latest, that a bin takes
	Least        int     // values that a bin needs
	Low, High    float64 // the shares at which a bin's usual range begins and ends
	StopShare    float64 // of the 95th percentile, below which a plant stands still
	StopHours    int     // that it does so at least, to count as stopped
	ResidualRank float64 // the share of the hours of stops at which the residual load lies
	ResidualOf   float64 // of the median, where there was no stop
	Residual     float64 // times the residual load that a stopped plant may take
	StopPower    float64 // of the 95th percentile that a stopped plant may take
	StopFlow     float64 // of the 95th percentile below which the flow of a stopped stack is
}

// Defaults are the usual numbers.
var Defaults = Settings{WaitFor: 90 * time.Minute, ValidMinutes: 45, ValidHours: 20, LowMeansADay: 5, TaggedInADay: 6,
	SuspectAfter: 2, ViolatedAfter: 4, ClearAfter: 2, UnknownAfter: 3, ExplainWithin: 4 * time.Hour,
	Window: 90, Days: 28, Least: 10, Low: 0.10, High: 0.90, StopShare: 0.10, StopHours: 72, ResidualRank: 0.10,
	ResidualOf: 0.25, Residual: 1.25, StopPower: 0.02, StopFlow: 0.05}
