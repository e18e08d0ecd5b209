package alerts

import (
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// Declare enters a warning. Texts are public (a notice and its reason); what is said about a person does not belong
// in them.
type Declare struct {
	Level    Level      `json:"level" validate:"required,level"`
	Trigger  Trigger    `json:"trigger" validate:"required,trigger"`
	StartsAt *time.Time `json:"starts_at"` // default now; may be past
	EndsAt   *time.Time `json:"ends_at"`   // default until further notice; not past
	Document
	Region     string `json:"region" validate:"omitempty,region"`
	Reason     string `text:"free" json:"reason" validate:"chars=2000"`
	NoticeText string `text:"free" json:"notice_text" validate:"chars=20000"`
	ProposalID string `json:"proposal_id"` // the open proposal it accepts
	Drill      bool   `json:"drill"`
	Activates  string `json:"activates"` // the reported warning that this order confirms
	Confirm    Date   `json:"confirm"`   // the date of starts_at, where that is beyond the start limits
	ListPin           // the list in force, set by the caller
}

func (in Declare) notice() Notice { return Notice{in.Document, in.Reason, in.NoticeText} }

// DecideDeclare enters a warning: pending_approval where its level needs two persons, else scheduled or active, or
// reported where the district's own declarations go to the city first. A live declaration ends a running drill of
// its region. Refused: invalid, not_found (activates), transition_refused (the proposal is not open),
// conflict (another warning is live in the region).
func (e Engine) DecideDeclare(tx *bbolt.Tx, actor string, in Declare, now time.Time) ([]Event, *Warning, error) {
	moments(&in.StartsAt, &in.EndsAt, &in.ReceivedAt)
	atOnce := in.StartsAt == nil
	if atOnce {
		in.StartsAt = &now
	}
	if err := in.validate(e.StartLimits, now); err != nil {
		return nil, nil, err
	}
	s := scope{in.Region, in.Drill}
	d, err := e.begin(tx, s, actor, now)
	if err != nil {
		return nil, nil, err
	}
	if in.Activates != "" {
		return d.confirm(in)
	}
	if d.warning != nil {
		return nil, nil, d.occupied()
	}
	over, err := d.enter(in)
	if err != nil {
		return nil, nil, err
	}
	prefix := "W"
	if in.Drill {
		prefix = "D"
	}
	id, num := d.ids.next(prefix)
	ev := WarningDeclared{
		OfWarning: OfWarning{id}, Number: num, Level: in.Level, Trigger: in.Trigger, Region: in.Region,
		StartsAt: *in.StartsAt, AtOnce: atOnce, EndsAt: in.EndsAt, Notice: in.notice(), Drill: in.Drill,
		ListPin: in.ListPin, Overrides: over, Seen: e.Seen,
	}
	if in.ProposalID != "" {
		ev.ProposalID = &in.ProposalID
	}
	d.warning = &Warning{State: State(phaseNew)}
	ev.State, ev.Announce = d.entered(in)
	d.record(ev)
	d.activateIfDue()
	return d.finish(actDeclare, phaseNew)
}

// enter prepares a declaration: it finds the proposal that the declaration goes against, accepts the one that it
// follows, and ends a drill.
func (d *decision) enter(in Declare) (*Override, error) {
	over, err := d.weigh(in.ProposalID, KindStart, in.Trigger, in.Level, in.Reason)
	if err != nil {
		return nil, err
	}
	return over, d.endDrill()
}

// entered is the state that a declaration leads to, and whether it goes out to the public at once.
func (d *decision) entered(in Declare) (s State, announce bool) {
	if d.engine.twoPersons(in.Level) {
		return PendingApproval, false
	}
	s = d.engine.approvedState(in.Trigger)
	return s, s == Scheduled && in.StartsAt.After(d.now)
}

// weigh accepts the proposal that an act follows, where it names one, and returns the open proposal that the act's level
// goes against; nil when there is none. A city's order goes before our own forecast, and the difference is kept. An own
// declaration below the level that our forecast asks for also goes against the proposal, whether or not it accepts it,
// and is refused without a reason.
func (d *decision) weigh(proposalID string, kind ProposalKind, t Trigger, ordered Level, reason string) (
	*Override, error) {
	p := d.open
	if err := d.accept(proposalID, kind); err != nil || p == nil {
		return nil, err
	}
	if t != OwnForecast {
		if proposalID != "" || p.Level == ordered {
			return nil, nil
		}
	} else {
		if p.Kind == KindLift || !p.Level.Above(ordered) {
			return nil, nil
		}
		if strings.TrimSpace(reason) == "" {
			return nil, refusal.Wrong("reason", "warning.reason_below", refusal.Args{
				"id": p.ID, "level": terms.Words(terms.Level, p.Level), "ordered": terms.Words(terms.Level, ordered)})
		}
	}
	return &Override{ProposalID: p.ID, Kind: p.Kind, Level: p.Level, Ordered: ordered, Trigger: t}, nil
}

// occupied refuses a declaration while another warning is live in the region, and names it.
func (d *decision) occupied() error {
	w := d.warning
	return refusal.New(refusal.Conflict, "warning.conflict", refusal.Args{
		"id": w.ID, "level": terms.Words(terms.Level, w.Level), "state": terms.Words(terms.WarningState, w.State),
		"region": w.Region})
}

// approvedState is where an approved declaration goes before its start.
func (e Engine) approvedState(t Trigger) State {
	if e.OwnDeclaration == OwnReportToCity && t == OwnForecast {
		return Reported
	}
	return Scheduled
}

func (in Declare) validate(limits StartLimits, now time.Time) error {
	c := checker{}
	c.confirmed(*in.StartsAt, in.Confirm, limits, now)
	c.ends(in.EndsAt, *in.StartsAt, now)
	return refusal.Input(c.wrong)
}

// ends checks an end that is to come; nil is none.
func (c *checker) ends(end *time.Time, start, now time.Time) {
	switch {
	case end == nil:
	case !end.After(start):
		c.add("ends_at", "warning.ends_before_start", refusal.Args{"starts_at": clock(start), "ends_at": clock(*end)})
	case !end.After(now):
		c.add("ends_at", "warning.ends_in_past", refusal.Args{"ends_at": clock(*end), "now": clock(now)})
	}
}

// clock is a time as a message to a person shows it.
func clock(t time.Time) string { return refusal.Clock(t) }

// confirm is the city's order for a warning that had been reported to it.
func (d *decision) confirm(in Declare) ([]Event, *Warning, error) {
	w, err := GetWarning(d.tx, in.Activates)
	if err != nil {
		return nil, nil, err
	}
	if w.Region != in.Region || w.Drill != in.Drill {
		return nil, nil, notFound("warning", in.Activates)
	}
	if err := refuse(w, actConfirm); err != nil {
		return nil, nil, err
	}
	d.warning = w
	d.record(WarningConfirmed{
		OfWarning: w.of(), Level: in.Level, Trigger: in.Trigger, StartsAt: *in.StartsAt, EndsAt: in.EndsAt,
		Notice: in.notice(), ListPin: in.ListPin, Announced: Announced{in.StartsAt.After(d.now)}, Seen: d.engine.Seen,
	})
	d.activateIfDue()
	return d.finish(actConfirm, phaseReported)
}

// endDrill ends a drill of the region when a live warning is declared.
func (d *decision) endDrill() error {
	if d.scope.drill {
		return nil
	}
	w, err := LiveDrill(d.tx, d.scope.region)
	if err != nil || w == nil {
		return err
	}
	reason := refusal.Text("warning.drill_ended", "zh-CN", nil)
	a, ev := actCancel, warningEvent(WarningCancelled{Ended: w.ended(), Reason: reason, Announce: w.State == Scheduled})
	if w.State == Active {
		a, ev = actLift, WarningLifted{Ended: w.ended(), EndsAt: latest(d.now, w.StartsAt), Reason: reason}
	}
	next := w.after(ev, d.engine.recorded(d.now), d.actor)
	d.events = append(d.events, ev)
	return check(w.phase(), a, next.phase())
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
