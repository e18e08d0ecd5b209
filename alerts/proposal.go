package alerts

import "time"

// ProposalState is where a proposal stands.
type ProposalState string

// The states of a proposal; all but open are final.
const (
	StateOpen      ProposalState = "open"
	StateAccepted  ProposalState = "accepted"
	StateDismissed ProposalState = "dismissed"
	StateWithdrawn ProposalState = "withdrawn"
)

// ProposalKind is what a proposal suggests.
type ProposalKind string

// The kinds of proposals.
const (
	KindStart     ProposalKind = "start"
	KindUpgrade   ProposalKind = "upgrade"
	KindRevise    ProposalKind = "revise" // the same level, another start or end
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
	EndsAt      *time.Time    `json:"ends_at"`          // nil = until further notice
	NoEnd       bool          `json:"no_end,omitempty"` // of a revise: the end that is set is to be taken away
	Criteria    string        `json:"criteria"`
	ForecastID  string        `json:"forecast_id"`  // the last received of those it rests on; empty when all is measured
	LeadH       float64       `json:"lead_h"`       // hours to StartsAt when raised or updated
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
	Clauses []ClauseTrace `json:"clauses"`
	Period  Period        `json:"period"` // the days that decided: the level's own
	// the days of the whole episode; nil in what earlier programs recorded
	Episode  *Period         `json:"episode,omitempty"`
	Days     []DayVerdict    `json:"days"`              // those days and two on either side
	Windows  []WindowVerdict `json:"windows,omitempty"` // the same of hours
	Excluded []Excluded      `json:"excluded"`
	// what of the measurements of these days is not judged; the first 200
	SetAside []Aside       `json:"set_aside,omitempty"`
	Settings TraceSettings `json:"settings"`
	Measured bool          `json:"measured,omitempty"` // it rests on what was measured alone
	Outlook  *Outlook      `json:"outlook,omitempty"`  // nil in what earlier programs recorded
	Words    Words         `json:"words"`
}

// Outlook is what can be said of the end of a warning. From is when the air clears so that a lift can be proposed, nil
// when nothing that is known says so, which is until KnownUntil. Open says that the episode goes on at the end of what
// is known.
type Outlook struct {
	From       *time.Time `json:"from"`
	KnownUntil time.Time  `json:"known_until,omitzero"` // zero when nothing is
	Open       bool       `json:"open"`
	IdleDays   int        `json:"idle_days"` // days of the warning so far that meet no clause
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
	Criteria   string `json:"criteria"`
	Document   string `json:"document"`
	Range      string `json:"range"`
	MergeGapH  int    `json:"merge_gap_h"`
	Merge      string `json:"merge,omitempty"` // empty in what earlier programs recorded
	LiftH      int    `json:"lift_h"`
	LiftRule   string `json:"lift_rule"`
	LiftAtMost int    `json:"lift_at_most"`
	// by what the air was taken as clean: LiftHour, LiftMean or LiftDay
	LiftStep           string `json:"lift_step,omitempty"`
	LiftLeadH          int    `json:"lift_lead_h,omitempty"` // both are missing from what earlier programs recorded
	LeadH              int    `json:"lead_h"`
	Over300Consecutive bool   `json:"over_300_consecutive"`
	AQIMismatch        int    `json:"aqi_mismatch,omitempty"`
	DustSuspect        string `json:"dust_suspect,omitempty"`
	ForecastMaxAgeH    int    `json:"forecast_max_age_h,omitempty"`
	ForecastMaxLeadD   int    `json:"forecast_max_lead_d,omitempty"`
	StartAt            string `json:"start_at,omitempty"`
	EveningHour        int    `json:"evening_hour,omitempty"` // where StartAt is StartEveningBefore
}

// dismissal is what the officer decided against: the same is not raised again.
type dismissal struct {
	Kind      ProposalKind `json:"kind"`
	Level     Level        `json:"level"`
	WarningID string       `json:"warning_id"`
	Period    Period       `json:"period"`

	// These describe a revise; a nil start is as soon as possible.
	StartsAt *time.Time `json:"starts_at,omitempty"`
	EndsAt   *time.Time `json:"ends_at,omitempty"`
	NoEnd    bool       `json:"no_end,omitempty"`
}

func dismissalOf(p *Proposal) dismissal {
	d := dismissal{Kind: p.Kind, Level: p.Level, WarningID: p.WarningID, Period: p.Trace.Period}
	if p.Kind == KindRevise {
		if !p.StartsAt.Equal(p.UpdatedAt) {
			d.StartsAt = &p.StartsAt
		}
		d.EndsAt, d.NoEnd = p.EndsAt, p.NoEnd
	}
	return d
}

// covers reports whether the suggestion is what was dismissed: the same kind, level and warning, and an episode that
// overlaps; of a lift, air that clears at the same time; of a revise, the same start and end. A changed level is not.
func (d *dismissal) covers(p *Proposal) bool {
	q := dismissalOf(p)
	if d.Kind != q.Kind || d.Level != q.Level || d.WarningID != q.WarningID {
		return false
	}
	switch d.Kind {
	case KindRevise:
		return sameMoment(d.StartsAt, q.StartsAt) && sameMoment(d.EndsAt, q.EndsAt) && d.NoEnd == q.NoEnd
	case KindLift:
		return d.Period.From.Equal(q.Period.From)
	}
	return d.Period.From.Before(q.Period.To) && q.Period.From.Before(d.Period.To)
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// sameBasis reports whether two suggestions rest on the same and say the same. Times that move with the clock, as the
// start of an episode that is under way does, and the lead time are no part of it.
func sameBasis(a, b *Proposal) bool {
	type basis struct {
		Kind      ProposalKind
		Level     Level
		WarningID string
		NoEnd     bool
		Trace     Trace
	}
	of := func(p *Proposal) basis {
		t := p.Trace
		t.Words = Words{} // they tell the lead time
		if t.Outlook != nil {
			t.Outlook = &Outlook{From: t.Outlook.From, KnownUntil: t.Outlook.KnownUntil, Open: t.Outlook.Open}
		}
		return basis{p.Kind, p.Level, p.WarningID, p.NoEnd, t}
	}
	return sameJSON(of(a), of(b))
}
