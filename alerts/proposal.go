package alerts

import (
	"math"
	"slices"
	"time"
)

// ProposalState is where a proposal stands.
type ProposalState string

// The states of a proposal; all but open are final.
const (
	StateOpen      ProposalState = "open"
	StateAccepted  ProposalState = "accepted"
	StateDismissed ProposalState = "dismissed"
	StateWithdrawn ProposalState = "withdrawn"
)

func (s ProposalState) valid() bool {
	return s == StateOpen || s == StateAccepted || s == StateDismissed || s == StateWithdrawn
}

// ProposalKind is what a proposal suggests.
type ProposalKind string

// The kinds of proposals.
const (
	KindStart     ProposalKind = "start"
	KindUpgrade   ProposalKind = "upgrade"
	KindDowngrade ProposalKind = "downgrade"
	KindLift      ProposalKind = "lift"
)

// Proposal is what the criteria suggest for a region. It never changes a warning by itself.
type Proposal struct {
	ID          string        `json:"id"` // P20161216-01, a drill's PD20161216-01
	State       ProposalState `json:"state"`
	Revision    int           `json:"revision"` // 1 when raised; grows with each update
	Kind        ProposalKind  `json:"kind"`
	Level       Level         `json:"level"` // to be declared or changed to; None for a lift
	Region      string        `json:"region"`
	Drill       bool          `json:"drill"`
	StartsAt    time.Time     `json:"starts_at"`
	EndsAt      time.Time     `json:"ends_at"`
	Criteria    string        `json:"criteria"`
	ForecastID  string        `json:"forecast_id"`  // the last received of those it rests on; empty when all is measured
	LeadH       float64       `json:"lead_h"`       // hours to the episode's start when raised or updated; 0 when that was past
	ShortNotice bool          `json:"short_notice"` // a start with less lead than the setting asks for
	WarningID   string        `json:"warning_id"`   // the warning to be changed, or the one that came of it
	Trace       Trace         `json:"trace"`
	RaisedAt    time.Time     `json:"raised_at"`
	UpdatedAt   time.Time     `json:"updated_at"`
	ClosedAt    *time.Time    `json:"closed_at"`
	ClosedBy    string        `json:"closed_by"`
	Reason      string        `json:"reason"` // why it was dismissed
}

// Trace is everything by which a proposal can be worked out again by hand.
type Trace struct {
	Clauses  []ClauseTrace   `json:"clauses"`
	Period   Period          `json:"period"`            // the days that decided
	Days     []DayVerdict    `json:"days"`              // those days and two on either side
	Windows  []WindowVerdict `json:"windows,omitempty"` // the same of hours
	Excluded []Excluded      `json:"excluded"`
	Settings TraceSettings   `json:"settings"`
	Words    Words           `json:"words"`
}

// Period is 00:00 of a day to 24:00 of a day.
type Period struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Excluded is a day that does not count, with the reason as in DayVerdict.Why.
type Excluded struct {
	Date   Date   `json:"date"`
	Reason string `json:"reason"`
}

// TraceSettings are the settings that bear on a proposal.
type TraceSettings struct {
	Criteria           string `json:"criteria"`
	Document           string `json:"document"`
	Range              string `json:"range"`
	MergeGapH          int    `json:"merge_gap_h"`
	LiftH              int    `json:"lift_h"`
	LiftRule           string `json:"lift_rule"`
	LiftAtMost         int    `json:"lift_at_most"`
	LeadH              int    `json:"lead_h"`
	Over300Consecutive bool   `json:"over_300_consecutive"`
	StartAt            string `json:"start_at,omitempty"`
	EveningHour        int    `json:"evening_hour,omitempty"` // where StartAt is StartEveningBefore
}

// dismissal is what the officer decided against: the same is not raised again.
type dismissal struct {
	Kind      ProposalKind `json:"kind"`
	Level     Level        `json:"level"`
	WarningID string       `json:"warning_id"`
	Period    Period       `json:"period"`
}

// covers reports whether the suggestion is what was dismissed: the same kind, level and warning, and an
// episode that overlaps. A changed level is not.
func (d *dismissal) covers(p *Proposal) bool {
	return d != nil && d.Kind == p.Kind && d.Level == p.Level && d.WarningID == p.WarningID &&
		d.Period.From.Before(p.Trace.Period.To) && p.Trace.Period.From.Before(d.Period.To)
}

// sameBasis reports whether two suggestions rest on the same and say the same. The start and the lead time of an
// episode that is under way move with the clock and are no part of it.
func sameBasis(a, b *Proposal) bool {
	type basis struct {
		Kind      ProposalKind
		Level     Level
		WarningID string
		Trace     Trace
	}
	of := func(p *Proposal) basis {
		t := p.Trace
		t.Words = Words{} // they tell the lead time
		return basis{p.Kind, p.Level, p.WarningID, t}
	}
	return sameJSON(of(a), of(b))
}

// suggest is what the criteria ask for in a region with this series and this live warning (nil = none), or nil.
// The id, region and times of record are the caller's.
func (e Engine) suggest(series Series, live *Warning, now time.Time) *Proposal {
	e.Criteria = e.CriteriaOn(DateOf(now))
	steps := series.steps(e.Criteria.Counts)
	// Of a mean that is not over, what is to come must be forecast: it is not missing, it has not happened.
	steps = slices.DeleteFunc(steps, func(st step) bool { return st.hourly && st.to.After(now) && st.source == SourceObservation })
	ev := e.Criteria.evaluate(steps, e.evaluateOptions())
	if live == nil {
		return e.suggestStart(ev, now)
	}
	if p := e.suggestLift(ev, live, now); p != nil {
		return p
	}
	return e.suggestChange(ev, live, now)
}

// suggestStart asks for a warning for the first episode that is not over.
func (e Engine) suggestStart(ev Evaluation, now time.Time) *Proposal {
	for _, ep := range ev.Episodes {
		if level, period := ep.ahead(now); level != None {
			return e.draft(KindStart, level, period, ev, ep, now)
		}
	}
	return nil
}

// suggestChange asks for another level when the episode that the warning stands in asks for one.
func (e Engine) suggestChange(ev Evaluation, live *Warning, now time.Time) *Proposal {
	gap := time.Duration(e.MergeGapH) * time.Hour
	for _, ep := range ev.Episodes {
		whole := ep.whole()
		if !whole.To.After(now.Add(-gap)) || !whole.From.Before(latest(now, live.StartsAt).Add(gap)) {
			continue
		}
		held := live.Level
		if p := live.Pending; p != nil {
			held = p.Level
		}
		level, period := ep.ahead(now)
		var p *Proposal
		switch {
		case level.Above(held):
			p = e.draft(KindUpgrade, level, period, ev, ep, now)
		case held.Above(ep.Level) && level != None && live.Pending == nil && allKnown(ev.steps, whole, gap):
			p = e.draft(KindDowngrade, ep.Level, Period{ep.From, latest(ep.To, period.To)}, ev, ep, now)
		default:
			return nil
		}
		p.WarningID = live.ID
		return p
	}
	return nil
}

// allKnown reports whether everything is known in a period and as far around it as another spell would belong to it: that
// data are missing is no reason to lower a level.
func allKnown(steps []step, p Period, gap time.Duration) bool {
	from, to := p.From.Add(-gap), p.To.Add(gap)
	for i := range steps {
		if st := &steps[i]; (st.aqi == nil || st.partial) && st.to.After(from) && st.from.Before(to) {
			return false
		}
	}
	return true
}

// suggestLift asks for the end of an active warning once the last observed 24 hours are clean and so is what the next
// LiftH hours hold; see clean. What is unknown is not clean. Within the warning's own period nothing may be ahead.
func (e Engine) suggestLift(ev Evaluation, live *Warning, now time.Time) *Proposal {
	if live.State != Active {
		return nil
	}
	first := lastObserved(ev.steps, now)
	if first < 0 {
		return nil
	}
	observed := ev.steps[first]
	steps, ok := until(ev.steps[first:], observed.to.Add(time.Duration(e.LiftH)*time.Hour))
	if !ok || !e.clean(steps) {
		return nil
	}
	if live.EndsAt != nil {
		for _, ep := range ev.Episodes {
			if w := ep.whole(); w.To.After(now) && w.From.Before(*live.EndsAt) {
				return nil
			}
		}
	}
	found := e.Criteria.find(steps, e.evaluateOptions())
	ep := Episode{From: observed.from, To: steps[len(steps)-1].to, Clauses: traceClauses(steps, found, span{0, len(steps) - 1})}
	p := e.draft(KindLift, None, Period{now, now}, ev, ep, now)
	p.Trace.Period = Period{observed.from, observed.to}
	p.WarningID = live.ID
	return p
}

// lastObserved is the place of the latest 24 hours that were measured, not older than yesterday; -1 without any.
func lastObserved(steps []step, now time.Time) int {
	found := -1
	oldest := DateOf(now).AddDays(-1).Start()
	for i := range steps {
		st := &steps[i]
		if st.source == SourceObservation && st.aqi != nil && !st.from.Before(oldest) && !st.from.After(now) && !(st.hourly && st.to.After(now)) {
			found = i
		}
	}
	return found
}

// until are the steps that say something of the time up to end: windows that end by then, and days that begin before.
// ok is false when they do not reach it.
func until(steps []step, end time.Time) (out []step, ok bool) {
	for _, st := range steps {
		if st.hourly && st.to.After(end) || !st.from.Before(end) {
			break
		}
		out = append(out, st)
		ok = !st.to.Before(end)
	}
	return out, ok
}

// clean reports whether steps are good enough to end a warning, by the rule of the settings.
func (e Engine) clean(steps []step) bool {
	for i := range steps {
		if steps[i].aqi == nil || steps[i].partial || e.LiftRule != LiftBelowYellow && *steps[i].aqi > e.LiftAtMost {
			return false
		}
	}
	if e.LiftRule != LiftBelowYellow {
		return true
	}
	for _, f := range e.Criteria.find(steps, e.evaluateOptions()) {
		if f.level.Above(Advisory) && len(f.met) > 0 {
			return false
		}
	}
	return true
}

// draft fills in what all kinds have in common.
func (e Engine) draft(kind ProposalKind, level Level, period Period, ev Evaluation, ep Episode, now time.Time) *Proposal {
	p := &Proposal{
		State: StateOpen, Kind: kind, Level: level, Criteria: ev.Criteria,
		StartsAt: latest(now, e.starts(kind, period, ev.steps)), EndsAt: period.To,
		LeadH: max(0, math.Round(period.From.Sub(now).Hours()*10)/10),
		Trace: Trace{
			Clauses: ep.Clauses, Period: period, Days: []DayVerdict{}, Excluded: []Excluded{},
			Settings: TraceSettings{
				Criteria: e.Criteria.Name, Document: e.Criteria.Document, Range: e.Range, MergeGapH: e.MergeGapH,
				LiftH: e.LiftH, LiftRule: e.LiftRule, LiftAtMost: e.LiftAtMost, LeadH: e.LeadH, Over300Consecutive: e.Over300Consecutive, StartAt: e.StartAt,
			},
		},
	}
	whole := ep.whole()
	first, last := DateOf(whole.From).AddDays(-2), DateOf(whole.To).AddDays(1)
	near := func(d Date) bool { return d >= first && d <= last }
	for _, d := range ev.Days {
		if !near(d.Date) {
			continue
		}
		p.Trace.Days = append(p.Trace.Days, d)
		if !d.Counted {
			p.Trace.Excluded = append(p.Trace.Excluded, Excluded{d.Date, d.Why})
		}
		if newerID(d.ForecastID, p.ForecastID) {
			p.ForecastID = d.ForecastID
		}
	}
	for _, w := range ev.Windows {
		if !near(DateOf(w.From)) {
			continue
		}
		p.Trace.Windows = append(p.Trace.Windows, w)
		if newerID(w.ForecastID, p.ForecastID) {
			p.ForecastID = w.ForecastID
		}
	}
	if e.StartAt == StartEveningBefore {
		p.Trace.Settings.EveningHour = e.EveningHour
	}
	p.ShortNotice = kind == KindStart && p.LeadH < float64(e.LeadH)
	p.Trace.Words = p.explain()
	return p
}

// newerID reports whether id was given out after other: ids of one kind are a day and a number.
func newerID(id, other string) bool {
	if len(id) != len(other) && numberName(id) == numberName(other) {
		return len(id) > len(other)
	}
	return id > other
}

// whole is the extent of an episode, from the first to the last day that makes a clause of any level met; for one
// without windows it is From to To.
func (ep Episode) whole() Period {
	p := Period{ep.From, ep.To}
	for _, c := range ep.Clauses {
		for _, w := range c.Windows {
			if w.From.Before(p.From) {
				p.From = w.From
			}
			p.To = latest(p.To, w.To)
		}
	}
	return p
}

// ahead is the highest level with a window that is not over, and the extent of those windows; None when all is past.
func (ep Episode) ahead(now time.Time) (Level, Period) {
	level, p := None, Period{}
	for _, c := range ep.Clauses {
		for _, w := range c.Windows {
			switch {
			case !w.To.After(now):
			case c.Level.Above(level):
				level, p = c.Level, Period{w.From, w.To}
			case c.Level == level:
				if w.From.Before(p.From) {
					p.From = w.From
				}
				p.To = latest(p.To, w.To)
			}
		}
	}
	return level, p
}
