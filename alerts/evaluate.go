package alerts

import (
	"slices"
	"time"
)

// Where a day's value is from.
const (
	SourceObservation = "observation"
	SourceForecast    = "forecast"
)

// DayAQI is one day of the series to be evaluated. AQI nil = unknown.
type DayAQI struct {
	Date       Date
	AQI        *int
	Primary    []string
	Cause      Cause
	Source     string // SourceObservation, SourceForecast, or empty where it makes no difference
	ForecastID string
}

// EvaluateOptions are the settings that bear on an evaluation.
type EvaluateOptions struct {
	MergeGapH          int  // two spells of pollution with less than this between them are one episode; hours
	Over300Consecutive bool // the worse part of a run must itself be consecutive
}

// Evaluation is what the criteria say about a series.
type Evaluation struct {
	Criteria string       `json:"criteria"`
	Level    Level        `json:"level"` // the highest of all episodes, None without one
	Episodes []Episode    `json:"episodes"`
	Days     []DayVerdict `json:"days"`
}

// Episode is a period of pollution that meets a level. From is 00:00 of the first and To 24:00 of the last day that
// makes any clause of Level met. Clauses has every clause of every level, met or not, with its windows.
type Episode struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Level   Level         `json:"level"`
	Clauses []ClauseTrace `json:"clauses"`
}

// ClauseTrace says whether a clause is met, and by which runs of days.
type ClauseTrace struct {
	Level   Level    `json:"level"`
	Clause  string   `json:"clause"`
	Met     bool     `json:"met"`
	Windows []Window `json:"windows"`
}

// Window is a run of days, 00:00 of the first to 24:00 of the last.
type Window struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	AQIMin int       `json:"aqi_min"`
	AQIMax int       `json:"aqi_max"`
}

// DayVerdict says whether a day counts. Why is empty for a day that counts by its primary pollutants, bare_aqi for
// one that counts for want of them, unknown, or the reason for which it does not count; the words for
// people are the catalogue's "why.<why>".
type DayVerdict struct {
	Date       Date   `json:"date"`
	AQI        *int   `json:"aqi"`
	Counted    bool   `json:"counted"`
	Why        string `json:"why"`
	Source     string `json:"source,omitempty"`
	ForecastID string `json:"forecast_id,omitempty"`
}

// Evaluate applies criteria to a series of days in ascending order without repetition. A day that is missing
// between the first and the last is unknown; an unknown day and one that does not count break a run. It is a pure
// function.
func Evaluate(series []DayAQI, c Criteria, opt EvaluateOptions) Evaluation {
	ev := Evaluation{Criteria: c.Name, Level: None, Episodes: []Episode{}, Days: judge(series, c.Counts)}
	found := c.find(ev.Days, opt)
	for _, s := range spells(found, opt.MergeGapH) {
		ep := episode(ev.Days, found, s)
		ev.Episodes = append(ev.Episodes, ep)
		if ep.Level.Above(ev.Level) {
			ev.Level = ep.Level
		}
	}
	return ev
}

// judge fills the gaps of a series with unknown days and says of each day whether it counts.
func judge(series []DayAQI, counts Counts) []DayVerdict {
	days := []DayVerdict{}
	for _, d := range series {
		for n := len(days); n > 0 && days[n-1].Date.AddDays(1) < d.Date; n++ {
			days = append(days, DayVerdict{Date: days[n-1].Date.AddDays(1), Why: whyUnknown})
		}
		v := DayVerdict{Date: d.Date, AQI: d.AQI, Source: d.Source, ForecastID: d.ForecastID}
		v.Counted, v.Why = counts.day(d)
		days = append(days, v)
	}
	return days
}

const (
	whyUnknown = "unknown"
	whyBareAQI = "bare_aqi"
	whyOzone   = "ozone"
	whyPrimary = "other_primary"
)

func (c Counts) day(d DayAQI) (counted bool, why string) {
	switch {
	case d.AQI == nil:
		return false, whyUnknown
	case slices.Contains(c.ExceptCauses, d.Cause):
		return false, string(d.Cause)
	case c.Primary == "" || slices.Contains(d.Primary, c.Primary):
		return true, ""
	case len(d.Primary) == 0:
		return true, whyBareAQI
	case slices.Contains(d.Primary, O3H8) || slices.Contains(d.Primary, O3H1):
		return false, whyOzone
	default:
		return false, whyPrimary
	}
}

// span is a run of days by index, both ends included.
type span struct{ first, last int }

func (s span) hours() int { return 24 * (s.last - s.first + 1) }

type clauseSpans struct {
	level Level
	name  string
	met   []span
}

// spans are the longest runs that meet the clause.
func (c Clause) spans(days []DayVerdict, opt EvaluateOptions) []span {
	var met []span
	for _, r := range runs(days, c.Over) {
		if r.hours() >= c.Hours && c.Within.holds(days[r.first:r.last+1], opt) {
			met = append(met, r)
		}
	}
	return met
}

func (p *Peak) holds(run []DayVerdict, opt EvaluateOptions) bool {
	if p == nil {
		return true
	}
	total := 0
	for _, r := range runs(run, p.Over) {
		if r.hours() >= p.Hours {
			return true
		}
		total += r.hours()
	}
	return !opt.Over300Consecutive && total >= p.Hours
}

// runs are the longest sequences of counting days strictly above over.
func runs(days []DayVerdict, over int) []span {
	var out []span
	for i, d := range days {
		if !d.Counted || *d.AQI <= over {
			continue
		}
		if n := len(out); n > 0 && out[n-1].last == i-1 {
			out[n-1].last = i
		} else {
			out = append(out, span{i, i})
		}
	}
	return out
}

// spells joins the runs that meet any clause where they overlap, touch, or lie less than gapH hours apart.
func spells(found []clauseSpans, gapH int) []span {
	var all []span
	for _, f := range found {
		all = append(all, f.met...)
	}
	slices.SortFunc(all, func(a, b span) int { return a.first - b.first })
	var out []span
	for _, s := range all {
		n := len(out)
		if n == 0 || s.first > out[n-1].last+1 && 24*(s.first-out[n-1].last-1) >= gapH {
			out = append(out, s)
			continue
		}
		out[n-1].last = max(out[n-1].last, s.last)
	}
	return out
}

// find applies every clause.
func (c Criteria) find(days []DayVerdict, opt EvaluateOptions) []clauseSpans {
	var found []clauseSpans
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			found = append(found, clauseSpans{rule.Level, cl.Name(), cl.spans(days, opt)})
		}
	}
	return found
}

// traceClauses reports every clause with its windows inside whole.
func traceClauses(days []DayVerdict, found []clauseSpans, whole span) []ClauseTrace {
	traces := []ClauseTrace{}
	for _, f := range found {
		t := ClauseTrace{Level: f.level, Clause: f.name, Windows: []Window{}}
		for _, s := range f.met {
			if s.first >= whole.first && s.last <= whole.last {
				t.Windows = append(t.Windows, window(days, s))
			}
		}
		t.Met = len(t.Windows) > 0
		traces = append(traces, t)
	}
	return traces
}

func episode(days []DayVerdict, found []clauseSpans, whole span) Episode {
	ep := Episode{Clauses: traceClauses(days, found, whole)}
	ep.Level = None
	for _, c := range ep.Clauses {
		if c.Met && c.Level.Above(ep.Level) {
			ep.Level = c.Level
		}
	}
	for _, c := range ep.Clauses {
		if c.Level != ep.Level {
			continue
		}
		for _, w := range c.Windows {
			if ep.From.IsZero() || w.From.Before(ep.From) {
				ep.From = w.From
			}
			ep.To = latest(ep.To, w.To)
		}
	}
	return ep
}

func window(days []DayVerdict, s span) Window {
	w := Window{From: days[s.first].Date.Start(), To: days[s.last].Date.End(), AQIMin: maxAQI}
	for _, d := range days[s.first : s.last+1] {
		w.AQIMin, w.AQIMax = min(w.AQIMin, *d.AQI), max(w.AQIMax, *d.AQI)
	}
	return w
}
