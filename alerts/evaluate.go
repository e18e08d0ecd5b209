package alerts

import (
	"iter"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// EvaluateOptions are the settings that bear on an evaluation.
type EvaluateOptions struct {
	MergeGapH          int  // two spells of pollution with less than this between them are one episode; hours
	Over300Consecutive bool // the worse part of a run must itself be consecutive
	// AQIMismatch is by how much an index may exceed PM2.5's own before PM2.5's own counts instead, where the criteria
	// ask for PM2.5.
	AQIMismatch int
	DustSuspect string // DustTell or DustExclude: an index of 500 whose particulates were both withheld
}

// Evaluation is what the criteria say about a series.
type Evaluation struct {
	Criteria string          `json:"criteria"`
	Level    Level           `json:"level"` // the highest of all episodes, None without one
	Episodes []Episode       `json:"episodes"`
	Clauses  []ClauseTrace   `json:"clauses"` // of the whole series, whether or not there is an episode
	Days     []DayVerdict    `json:"days"`
	Windows  []WindowVerdict `json:"windows,omitempty"` // of a series with hours
	Tips     []Tip           `json:"tips,omitempty"`
	SetAside []Aside         `json:"set_aside,omitempty"` // what of the measurements is not judged

	// HighAndMissing is an alarm of what is known of a region now; nil for none.
	HighAndMissing *HighAndMissing `json:"high_and_missing,omitempty"`

	steps []step
	clean cleanAir // of an engine's suggestion, as is the next
	heavy *Episode // that is measured and under way; nil for none
}

// Episode is a period of pollution that meets a level. From is the beginning of the first and To the end of the last
// 24-hour mean that makes any clause of Level met; by days 00:00 and 24:00. Clauses has every clause of every level,
// met or not, with its windows.
type Episode struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`
	Level   Level         `json:"level"`
	Clauses []ClauseTrace `json:"clauses"`
}

// ClauseTrace says whether a clause is met, and by which runs. LongestH is the longest run above the clause's value, in
// hours, so that one sees how much was wanting.
type ClauseTrace struct {
	Level    Level    `json:"level"`
	Clause   string   `json:"clause"`
	Met      bool     `json:"met"`
	LongestH int      `json:"longest_h"`
	Windows  []Window `json:"windows"`
	// Unknown says that some of the time is unknown, so that a value that is not known to be exceeded may have been.
	Unknown bool `json:"unknown,omitempty"`
}

// Window is a run of consecutive 24-hour means, from the beginning of the first to the end of the last.
type Window struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	AQIMin int       `json:"aqi_min"`
	AQIMax int       `json:"aqi_max"`
}

// DayVerdict says whether a day counts. Why is empty for a day that counts by its primary pollutants; bare_aqi for a
// day that counts because none are given; aqi_mismatch for a day that counts with the index of PM2.5 alone;
// dust_suspect; unknown; too_few_hours, where Hours says how few; forecast_old or forecast_far for a forecast that is
// not judged; or the reason why the day does not count. The catalogue has the words for people as "why.<why>".
type DayVerdict struct {
	Date       Date     `json:"date"`
	AQI        *int     `json:"aqi"`                   // as published
	CountedAQI *int     `json:"counted_aqi,omitempty"` // what counts, where that is another
	Primary    []string `json:"primary,omitempty"`
	Counted    bool     `json:"counted"`
	Why        string   `json:"why"`
	Source     string   `json:"source,omitempty"`
	ForecastID string   `json:"forecast_id,omitempty"`
	// IssuedAt is when the forecast was issued.
	IssuedAt *time.Time `json:"issued_at,omitempty"`
	// Stations are those whose measurements the day is the mean of.
	Stations []string `json:"stations,omitempty"`
	// Hours says of a day of too few hours how many there are.
	Hours *FewHours `json:"hours,omitempty"`
}

// WindowVerdict is a DayVerdict of 24 hours that begin at any full hour. Valid is how many of them have a value.
type WindowVerdict struct {
	From       time.Time `json:"from"`
	AQI        *int      `json:"aqi"`
	Primary    []string  `json:"primary,omitempty"`
	Valid      int       `json:"valid"`
	Counted    bool      `json:"counted"`
	Why        string    `json:"why"`
	Source     string    `json:"source,omitempty"`
	ForecastID string    `json:"forecast_id,omitempty"`
	// IssuedAt is when that forecast was issued.
	IssuedAt *time.Time `json:"issued_at,omitempty"`
}

// Tip is a period of bad air that opens no response, since its cause is none that a response would help against: people
// get a health tip instead (环大气〔2024〕6号, 差异化应对). Reason is as in DayVerdict.Why.
type Tip struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	AQIMax int       `json:"aqi_max"`
	Reason string    `json:"reason"`
}

// Evaluate applies criteria to a series. Time without data between the first and the last value is unknown; a step that
// is unknown or does not count breaks a run. It is a pure function.
func Evaluate(s Series, c Criteria, opt EvaluateOptions) Evaluation {
	return c.evaluate(s, s.steps(c.Counts, opt), opt, time.Time{})
}

// EvaluateNow says what the criteria of today make of all that is known of a region around now, by days and by hours.
func (e Engine) EvaluateNow(tx *bbolt.Tx, region string, drill bool, now time.Time) (Evaluation, error) {
	series, err := e.series(tx, scope{region, drill}, now, delivery{})
	if err != nil {
		return Evaluation{}, err
	}
	c := e.CriteriaOn(DateOf(now))
	ev := c.evaluate(series, series.steps(c.Counts, e.Evaluating()), e.Evaluating(), now)
	ev.HighAndMissing = highAndMissing(series.Hours, c.lowest(), now)
	return ev, nil
}

// evaluate evaluates the steps of a series; until is as in [Evaluation.tellFewHours].
func (c Criteria) evaluate(s Series, steps []step, opt EvaluateOptions, until time.Time) Evaluation {
	ev := Evaluation{Criteria: c.Name, Level: None, Episodes: []Episode{}, Days: []DayVerdict{}, Tips: c.tips(steps),
		SetAside: s.Aside, steps: steps}
	for i := range steps {
		st := &steps[i]
		if d := st.day(); d != "" {
			ev.Days = append(ev.Days, st.verdict(d))
		}
		if st.hourly {
			ev.Windows = append(ev.Windows, WindowVerdict{st.from, st.aqi, st.primary, st.valid, st.counted, st.why, st.source,
				st.forecastID, issuedAt(st.issuedAt)})
		}
	}
	found := c.find(steps, opt)
	ev.Clauses = traceClauses(steps, found, span{0, len(steps) - 1})
	for _, s := range spells(steps, found, opt.MergeGapH) {
		ep := episode(steps, found, s)
		ev.Episodes = append(ev.Episodes, ep)
		if ep.Level.Above(ev.Level) {
			ev.Level = ep.Level
		}
	}
	ev.tellFewHours(s.Hours, until)
	return ev
}

const (
	whyUnknown = "unknown"
	whyBareAQI = "bare_aqi"
	whyOzone   = "ozone"
	whyPrimary = "other_primary"

	noPrimary = 50 // up to this index there is no primary pollutant (HJ 633, 4.4)
)

func (c Counts) counts(st *step) (counted bool, why string) {
	ozone := func() bool { return slices.Contains(st.primary, O3H8) || slices.Contains(st.primary, O3H1) }
	switch {
	case st.aqi == nil:
		return false, whyUnknown
	case slices.Contains(c.ExceptCauses, st.cause):
		return false, string(st.cause)
	case len(st.primary) == 0 && c.Primary != "" && *st.aqi > noPrimary:
		return true, whyBareAQI
	case len(st.primary) == 0:
		return true, ""
	case c.Primary == "":
		// Ozone that is the cause shows in the primary pollutants alone.
		if slices.Contains(c.ExceptCauses, Ozone) && ozone() &&
			!slices.ContainsFunc(st.primary, func(p string) bool { return p != O3H8 && p != O3H1 }) {
			return false, whyOzone
		}
		return true, ""
	case slices.Contains(st.primary, c.Primary):
		return true, ""
	case ozone():
		return false, whyOzone
	default:
		return false, whyPrimary
	}
}

// span is a run of steps by index, both ends included.
type span struct{ first, last int }

// hours is how long the means of the run together last: 25 hourly windows cover 48 hours.
func (s span) hours(steps []step) int {
	return int(steps[s.last].to.Sub(steps[s.first].from) / time.Hour)
}

type clauseSpans struct {
	level Level
	name  string
	over  int
	met   []span
}

// find applies every clause.
func (c Criteria) find(steps []step, opt EvaluateOptions) []clauseSpans {
	var found []clauseSpans
	for _, rule := range c.Levels {
		for _, cl := range rule.AnyOf {
			f := clauseSpans{level: rule.Level, name: cl.Name(), over: cl.Over}
			for _, r := range runs(steps, cl.Over) {
				if r.hours(steps) >= cl.Hours && cl.Within.holds(steps[r.first:r.last+1], opt) {
					f.met = append(f.met, r)
				}
			}
			found = append(found, f)
		}
	}
	return found
}

// holds reports whether a run contains the worse part. Where the worse part may lie in pieces, the hours that any of
// its means covers add up.
func (p *Peak) holds(run []step, opt EvaluateOptions) bool {
	if p == nil {
		return true
	}
	total := 0
	var end time.Time
	for _, r := range runs(run, p.Over) {
		if r.hours(run) >= p.Hours {
			return true
		}
		total += int(run[r.last].to.Sub(latest(end, run[r.first].from)) / time.Hour)
		end = run[r.last].to
	}
	return !opt.Over300Consecutive && total >= p.Hours
}

// runs are the longest sequences of counting steps strictly above over.
func runs(steps []step, over int) []span {
	var out []span
	for i := range steps {
		if !steps[i].counted || *steps[i].aqi <= over {
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
func spells(steps []step, found []clauseSpans, gapH int) []span {
	var all []span
	for _, f := range found {
		all = append(all, f.met...)
	}
	slices.SortFunc(all, func(a, b span) int { return a.first - b.first })
	var out []span
	for _, s := range all {
		n := len(out)
		if n == 0 {
			out = append(out, s)
			continue
		}
		gap := steps[s.first].from.Sub(steps[out[n-1].last].to)
		if gap > 0 && gap >= time.Duration(gapH)*time.Hour {
			out = append(out, s)
			continue
		}
		out[n-1].last = max(out[n-1].last, s.last)
	}
	return out
}

// traceClauses reports every clause with its windows inside whole.
func traceClauses(steps []step, found []clauseSpans, whole span) []ClauseTrace {
	traces := []ClauseTrace{}
	within := steps[whole.first : whole.last+1]
	for _, f := range found {
		t := ClauseTrace{Level: f.level, Clause: f.name, Windows: []Window{}}
		for _, s := range f.met {
			if s.first >= whole.first && s.last <= whole.last {
				t.Windows = append(t.Windows, window(steps, s))
			}
		}
		for _, r := range runs(within, f.over) {
			t.LongestH = max(t.LongestH, r.hours(within))
		}
		t.Met = len(t.Windows) > 0
		t.Unknown = slices.ContainsFunc(within, func(st step) bool { return st.aqi == nil })
		traces = append(traces, t)
	}
	return traces
}

func episode(steps []step, found []clauseSpans, whole span) Episode {
	ep := Episode{Clauses: traceClauses(steps, found, whole)}
	ep.Level = None
	for _, c := range ep.Clauses {
		if c.Met && c.Level.Above(ep.Level) {
			ep.Level = c.Level
		}
	}
	own := Period{}
	for level, w := range windowsOf(ep.Clauses) {
		if level == ep.Level {
			own.include(w.From, w.To)
		}
	}
	ep.From, ep.To = own.From, own.To
	return ep
}

// windowsOf are the windows of clauses, each with its clause's level.
func windowsOf(clauses []ClauseTrace) iter.Seq2[Level, Window] {
	return func(yield func(Level, Window) bool) {
		for _, c := range clauses {
			for _, w := range c.Windows {
				if !yield(c.Level, w) {
					return
				}
			}
		}
	}
}

// include extends a period, which may be zero, so that it holds another.
func (p *Period) include(from, to time.Time) {
	if p.From.IsZero() || from.Before(p.From) {
		p.From = from
	}
	p.To = latest(p.To, to)
}

func window(steps []step, s span) Window {
	w := Window{From: steps[s.first].from, To: steps[s.last].to, AQIMin: maxAQI}
	for _, st := range steps[s.first : s.last+1] {
		w.AQIMin, w.AQIMax = min(w.AQIMin, *st.aqi), max(w.AQIMax, *st.aqi)
	}
	return w
}

// tipsAhead are the tips of a series that are not over.
func (e Engine) tipsAhead(s Series, now time.Time) []Tip {
	c := e.CriteriaOn(DateOf(now))
	return slices.DeleteFunc(c.tips(s.steps(c.Counts, e.Evaluating())), func(t Tip) bool { return !t.To.After(now) })
}

// tips are the runs above the value of the lowest clause that do not count for one and the same reason, or that count
// with no more than that value.
func (c Criteria) tips(steps []step) []Tip {
	over := c.lowest()
	var out []Tip
	last := -2
	for i := range steps {
		st := &steps[i]
		if st.aqi == nil || st.counted && *st.aqi > over || *st.shown() <= over {
			continue
		}
		if n := len(out); n > 0 && last == i-1 && out[n-1].Reason == st.why {
			out[n-1].To, out[n-1].AQIMax = st.to, max(out[n-1].AQIMax, *st.shown())
		} else {
			out = append(out, Tip{st.from, st.to, *st.shown(), st.why})
		}
		last = i
	}
	return out
}
