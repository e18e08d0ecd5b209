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
	ID         string        `json:"id"` // P20161216-01, a drill's PD20161216-01
	State      ProposalState `json:"state"`
	Revision   int           `json:"revision"` // 1 when raised; grows with each update
	Kind       ProposalKind  `json:"kind"`
	Level      Level         `json:"level"` // to be declared or changed to; None for a lift
	Region     string        `json:"region"`
	Drill      bool          `json:"drill"`
	StartsAt   time.Time     `json:"starts_at"`
	EndsAt     time.Time     `json:"ends_at"`
	Criteria   string        `json:"criteria"`
	ForecastID string        `json:"forecast_id"` // the last received of those it rests on; empty when all is measured
	LeadH      float64       `json:"lead_h"`      // hours to the episode's start when raised or updated; 0 when that was past
	WarningID  string        `json:"warning_id"`  // the warning to be changed, or the one that came of it
	Trace      Trace         `json:"trace"`
	RaisedAt   time.Time     `json:"raised_at"`
	UpdatedAt  time.Time     `json:"updated_at"`
	ClosedAt   *time.Time    `json:"closed_at"`
	ClosedBy   string        `json:"closed_by"`
	Reason     string        `json:"reason"` // why it was dismissed
}

// Trace is everything by which a proposal can be worked out again by hand.
type Trace struct {
	Clauses  []ClauseTrace `json:"clauses"`
	Period   Period        `json:"period"` // the days that decided
	Days     []DayVerdict  `json:"days"`   // those days and two on either side
	Excluded []Excluded    `json:"excluded"`
	Settings TraceSettings `json:"settings"`
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
	LiftAtMost         int    `json:"lift_at_most"`
	LeadH              int    `json:"lead_h"`
	Over300Consecutive bool   `json:"over_300_consecutive"`
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
	return sameJSON(basis{a.Kind, a.Level, a.WarningID, a.Trace}, basis{b.Kind, b.Level, b.WarningID, b.Trace})
}

// suggest is what the criteria ask for in a region with this series and this live warning (nil = none), or nil.
// The id, region and times of record are the caller's.
func (e Engine) suggest(series []DayAQI, live *Warning, now time.Time) *Proposal {
	ev := Evaluate(series, e.Criteria, e.evaluateOptions())
	if live == nil {
		return e.suggestStart(ev, now)
	}
	if p := e.suggestLift(series, ev, live, now); p != nil {
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
		case held.Above(ep.Level) && level != None && live.Pending == nil:
			p = e.draft(KindDowngrade, ep.Level, Period{ep.From, latest(ep.To, period.To)}, ev, ep, now)
		default:
			return nil
		}
		p.WarningID = live.ID
		return p
	}
	return nil
}

// suggestLift asks for the end of an active warning once the last observed day, today or yesterday, is at most
// LiftAtMost and so is every day that the next LiftH hours touch. An unknown day is not clean. Within the
// warning's own period nothing may be ahead.
func (e Engine) suggestLift(series []DayAQI, ev Evaluation, live *Warning, now time.Time) *Proposal {
	if live.State != Active {
		return nil
	}
	observed := lastObserved(series, now)
	if observed == "" {
		return nil
	}
	last := DateOf(observed.End().Add(time.Duration(e.LiftH)*time.Hour - time.Millisecond))
	days := map[Date]*int{}
	for _, d := range series {
		days[d.Date] = d.AQI
	}
	for d := observed; d <= last; d = d.AddDays(1) {
		if aqi := days[d]; aqi == nil || *aqi > e.LiftAtMost {
			return nil
		}
	}
	if live.EndsAt != nil {
		for _, ep := range ev.Episodes {
			if w := ep.whole(); w.To.After(now) && w.From.Before(*live.EndsAt) {
				return nil
			}
		}
	}
	clean := slices.DeleteFunc(slices.Clone(series), func(d DayAQI) bool { return d.Date < observed || d.Date > last })
	verdicts := judge(clean, e.Criteria.Counts)
	ep := Episode{From: observed.Start(), To: last.End(), Clauses: traceClauses(verdicts, e.Criteria.find(verdicts, e.evaluateOptions()), span{0, len(verdicts) - 1})}
	p := e.draft(KindLift, None, Period{now, now}, ev, ep, now)
	p.Trace.Period = Period{observed.Start(), observed.End()}
	p.WarningID = live.ID
	return p
}

// lastObserved is today when it was observed, else yesterday when that was, else empty.
func lastObserved(series []DayAQI, now time.Time) Date {
	today := DateOf(now)
	found := Date("")
	for _, d := range series {
		if d.Source == SourceObservation && d.AQI != nil && d.Date <= today && d.Date >= today.AddDays(-1) {
			found = max(found, d.Date)
		}
	}
	return found
}

// draft fills in what all kinds have in common.
func (e Engine) draft(kind ProposalKind, level Level, period Period, ev Evaluation, ep Episode, now time.Time) *Proposal {
	p := &Proposal{
		State: StateOpen, Kind: kind, Level: level, Criteria: ev.Criteria,
		StartsAt: latest(now, period.From), EndsAt: period.To,
		LeadH: max(0, math.Round(period.From.Sub(now).Hours()*10)/10),
		Trace: Trace{
			Clauses: ep.Clauses, Period: period, Days: []DayVerdict{}, Excluded: []Excluded{},
			Settings: TraceSettings{
				Criteria: e.Criteria.Name, Document: e.Criteria.Document, Range: e.Range, MergeGapH: e.MergeGapH,
				LiftH: e.LiftH, LiftAtMost: e.LiftAtMost, LeadH: e.LeadH, Over300Consecutive: e.Over300Consecutive,
			},
		},
	}
	whole := ep.whole()
	first, last := DateOf(whole.From).AddDays(-2), DateOf(whole.To).AddDays(1)
	for _, d := range ev.Days {
		if d.Date < first || d.Date > last {
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
