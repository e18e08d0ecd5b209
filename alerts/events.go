package alerts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
)

// ForecastReceived: a forecast that was not known before.
type ForecastReceived struct {
	ID       string   `json:"id"`
	Number   uint64   `json:"number"` // of that day's forecasts
	Hash     string   `json:"hash"`   // sha256 of the content, hex
	Forecast Forecast `json:"forecast"`
}

// ObservationReceived: the days of an observation that say something new.
type ObservationReceived struct {
	Observation
}

// ProposalRaised: the criteria ask for something, and no proposal was open in the region.
type ProposalRaised struct {
	Number   uint64   `json:"number"`
	Proposal Proposal `json:"proposal"`
}

// ProposalUpdated: the open proposal rests on something else now. It carries the whole proposal.
type ProposalUpdated struct {
	Proposal Proposal `json:"proposal"`
}

// ProposalAccepted: a warning was declared, adjusted or lifted from it.
type ProposalAccepted struct {
	ID        string `json:"id"`
	WarningID string `json:"warning_id"`
}

// ProposalDismissed: the duty officer decided against it.
type ProposalDismissed struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// ProposalWithdrawn: what it rested on fell away.
type ProposalWithdrawn struct {
	ID string `json:"id"`
}

// OfWarning is what every event of a warning begins with: which warning it is of.
type OfWarning struct {
	ID string `json:"id"`
}

func (e OfWarning) warningID() string { return e.ID }

// WarningOf is the id of the warning that an event is of; empty for one of none.
func WarningOf(ev Event) string {
	if of, ok := ev.(interface{ warningID() string }); ok {
		return of.warningID()
	}
	return ""
}

func (w *Warning) of() OfWarning { return OfWarning{w.ID} }

// Document is the order or the notice that an act rests on.
type Document struct {
	DocumentNo string     `json:"document_no" validate:"chars=200"`
	IssuedBy   string     `json:"issued_by" validate:"chars=200"`
	ReceivedAt *time.Time `json:"received_at"`
}

// or takes from another document what this one leaves empty.
func (d Document) or(other Document) Document {
	return Document{cmp.Or(d.DocumentNo, other.DocumentNo), cmp.Or(d.IssuedBy, other.IssuedBy),
		cmp.Or(d.ReceivedAt, other.ReceivedAt)}
}

// Notice is the document of a declaration with its public texts.
type Notice struct {
	Document
	Reason     string `json:"reason"`
	NoticeText string `json:"notice_text"`
}

// ListPin is the version of the list that a warning is held to.
type ListPin struct {
	ListVersion string `json:"list_version"`
	ListHash    string `json:"list_hash"`
}

// Announced says whether an event goes out to the public as a declaration.
type Announced struct {
	Announce bool `json:"announce"`
}

func (a Announced) announces() bool { return a.Announce }

// WarningDeclared: a warning was entered. State is where that leads: pending_approval, reported or scheduled; one that
// is active at once is followed by WarningActivated.
type WarningDeclared struct {
	OfWarning
	Number   uint64     `json:"number"`
	State    State      `json:"state"`
	Level    Level      `json:"level"`
	Trigger  Trigger    `json:"trigger"`
	Region   string     `json:"region"`
	StartsAt time.Time  `json:"starts_at"`
	AtOnce   bool       `json:"at_once,omitempty"` // no start was named: as soon as it may
	EndsAt   *time.Time `json:"ends_at"`
	Notice
	ProposalID *string `json:"proposal_id"`
	Drill      bool    `json:"drill"`
	ListPin
	Announced
	Overrides *Override `json:"overrides,omitempty"`
	Seen
}

// Override is what our own forecast suggested when somebody else's order said otherwise, or an own declaration less.
type Override struct {
	ProposalID string       `json:"proposal_id"`
	Kind       ProposalKind `json:"kind"`
	Level      Level        `json:"level"` // proposed
	Ordered    Level        `json:"ordered"`
	Trigger    Trigger      `json:"trigger"`
}

// WarningApproved: the second person agreed. State is reported or scheduled; see WarningDeclared.
type WarningApproved struct {
	OfWarning
	State State `json:"state"`
	Announced
	// StartsAt takes the place of a start that nobody named and that lies ahead of the clock, which was ahead itself at
	// the declaration.
	StartsAt *time.Time `json:"starts_at,omitempty"`
	Seen
}

// WarningConfirmed: the city ordered what had been reported to it, in the terms given here.
type WarningConfirmed struct {
	OfWarning
	Level    Level      `json:"level"`
	Trigger  Trigger    `json:"trigger"`
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   *time.Time `json:"ends_at"`
	Notice
	ListPin
	Announced
	Seen
}

// WarningRejected: the second person refused a declaration.
type WarningRejected struct {
	OfWarning
	Reason string `json:"reason"`
}

// WarningResubmitted: a rejected warning was declared anew in these terms. State is as in WarningDeclared.
type WarningResubmitted struct {
	OfWarning
	State    State      `json:"state"`
	Level    Level      `json:"level"`
	StartsAt time.Time  `json:"starts_at"`
	AtOnce   bool       `json:"at_once,omitempty"`
	EndsAt   *time.Time `json:"ends_at"`
	Notice
	ListPin
	Announced
	Overrides *Override `json:"overrides,omitempty"`
	Seen
}

// WarningActivated: the warning is active from now on, and orders are planned from it.
type WarningActivated struct {
	OfWarning
	Level    Level      `json:"level"`
	Region   string     `json:"region"`
	Drill    bool       `json:"drill"`
	StartsAt time.Time  `json:"starts_at"`
	EndsAt   *time.Time `json:"ends_at"`
	ListPin
	Announced
}

// Change is an adjustment of the level: what it is, when it takes effect and on whose order.
type Change struct {
	Level       Level     `json:"level"`
	EffectiveAt time.Time `json:"effective_at"`
	AtOnce      bool      `json:"at_once,omitempty"` // no time was named: as soon as it may
	Grounds
	Overrides *Override `json:"overrides,omitempty"`
}

// Grounds are why and on whose order a warning changes, and the end that comes with it.
type Grounds struct {
	Reason  string  `json:"reason"`
	Trigger Trigger `json:"trigger"`
	Document
	EndsAt *time.Time `json:"ends_at"` // nil = as it was
}

// RaiseAsked: a raise to a level that needs a second person waits; the old level goes on.
type RaiseAsked struct {
	OfWarning
	Change
	Seen
}

// RaiseRejected: the second person refused the raise; the old level goes on.
type RaiseRejected struct {
	OfWarning
	Level  Level  `json:"level"`
	Reason string `json:"reason"`
}

// Terms are those of a revision that a change of the level does not have.
type Terms struct {
	NoEnd      bool   `json:"no_end,omitempty"` // until further notice, whatever end there was
	NoticeText string `json:"notice_text,omitempty"`
}

// ReviseAsked: another start at a level that needs a second person waits; the old one stays until it comes. EffectiveAt
// is the new start, and what is left empty stays as it was.
type ReviseAsked struct {
	OfWarning
	Change
	Terms
	Seen
}

// ReviseRejected: the second person refused the other start; the old one stays.
type ReviseRejected struct {
	OfWarning
	Reason string `json:"reason"`
}

// LevelChanged: the warning has another level from EffectiveAt. Approved: by the second person who answered RaiseAsked.
type LevelChanged struct {
	OfWarning
	From        Level     `json:"from"`
	To          Level     `json:"to"`
	Region      string    `json:"region"`
	Drill       bool      `json:"drill"`
	EffectiveAt time.Time `json:"effective_at"`
	Grounds
	Approved  bool      `json:"approved"`
	Overrides *Override `json:"overrides,omitempty"`
	Seen
}

// WarningRevised: the terms of a warning changed and its level did not. A nil start or end and empty texts are as they
// were; NoEnd takes the end away. Announce: a moved start goes out to the public. Approved: by the second person who
// answered ReviseAsked.
type WarningRevised struct {
	OfWarning
	EndsAt *time.Time `json:"ends_at"`
	Document
	NoticeText string `json:"notice_text"`
	Reason     string `json:"reason"`

	StartsAt *time.Time `json:"starts_at,omitempty"`
	NoEnd    bool       `json:"no_end,omitempty"`
	Announce bool       `json:"announce,omitempty"`
	Approved bool       `json:"approved,omitempty"`
	Seen
}

func (e WarningRevised) announces() bool { return e.Announce }

// EndSet: the lift was announced for a time to come. LiftFrom is when the air clears by the proposal that was open.
type EndSet struct {
	OfWarning
	EndsAt   time.Time  `json:"ends_at"`
	Reason   string     `json:"reason"`
	LiftFrom *time.Time `json:"lift_from,omitempty"`
}

// Ended is what the events begin with that end a warning.
type Ended struct {
	OfWarning
	Region string `json:"region"`
	Drill  bool   `json:"drill"`
	Level  Level  `json:"level"`
}

func (w *Warning) ended() Ended { return Ended{w.of(), w.Region, w.Drill, w.Level} }

// WarningLifted: the warning has ended, by an officer's act or (Expired) because its end was reached.
type WarningLifted struct {
	Ended
	EndsAt  time.Time `json:"ends_at"`
	Reason  string    `json:"reason"`
	Expired bool      `json:"expired"`
}

// WarningCancelled: the warning is void. Announce: it had gone out, so its cancellation does too.
// Expired: its period went by before it was approved or confirmed.
type WarningCancelled struct {
	Ended
	Reason   string `json:"reason"`
	Announce bool   `json:"announce"`
	Expired  bool   `json:"expired"`
}

// The kinds, as they stand in the record.

func (ForecastReceived) Kind() string    { return "alerts.forecast.received" }
func (ObservationReceived) Kind() string { return "alerts.observation.received" }
func (ProposalRaised) Kind() string      { return "alerts.proposal.raised" }
func (ProposalUpdated) Kind() string     { return "alerts.proposal.updated" }
func (ProposalAccepted) Kind() string    { return "alerts.proposal.accepted" }
func (ProposalDismissed) Kind() string   { return "alerts.proposal.dismissed" }
func (ProposalWithdrawn) Kind() string   { return "alerts.proposal.withdrawn" }
func (WarningDeclared) Kind() string     { return "alerts.warning.declared" }
func (WarningApproved) Kind() string     { return "alerts.warning.approved" }
func (WarningConfirmed) Kind() string    { return "alerts.warning.confirmed" }
func (WarningRejected) Kind() string     { return "alerts.warning.rejected" }
func (WarningResubmitted) Kind() string  { return "alerts.warning.resubmitted" }
func (WarningActivated) Kind() string    { return "alerts.warning.activated" }
func (RaiseAsked) Kind() string          { return "alerts.warning.raise_asked" }
func (RaiseRejected) Kind() string       { return "alerts.warning.raise_rejected" }
func (ReviseAsked) Kind() string         { return "alerts.warning.revise_asked" }
func (ReviseRejected) Kind() string      { return "alerts.warning.revise_rejected" }
func (LevelChanged) Kind() string        { return "alerts.warning.level_changed" }
func (WarningRevised) Kind() string      { return "alerts.warning.revised" }
func (EndSet) Kind() string              { return "alerts.warning.end_set" }
func (WarningLifted) Kind() string       { return "alerts.warning.lifted" }
func (WarningCancelled) Kind() string    { return "alerts.warning.cancelled" }

// kinds are the types of the events, by their kinds.
var kinds = map[string]reflect.Type{}

func init() {
	for _, ev := range []Event{
		ForecastReceived{}, ObservationReceived{}, ProposalRaised{}, ProposalUpdated{}, ProposalAccepted{},
		ProposalDismissed{}, ProposalWithdrawn{}, WarningDeclared{}, WarningApproved{}, WarningConfirmed{},
		WarningRejected{}, WarningResubmitted{}, WarningActivated{}, RaiseAsked{}, RaiseRejected{}, ReviseAsked{},
		ReviseRejected{}, LevelChanged{}, WarningRevised{}, EndSet{}, WarningLifted{}, WarningCancelled{},
		EmergencyApproved{}, EmergencyConfirmed{}, EmergencyOverdue{}, FeedSilence{},
	} {
		kinds[ev.Kind()] = reflect.TypeOf(ev)
	}
}

// Decode reads an event of the record; a kind that is not this package's is an error.
func Decode(kind string, data []byte) (Event, error) {
	t, ok := kinds[kind]
	if !ok {
		return nil, fmt.Errorf("alerts: unknown event kind %q", kind)
	}
	ev := reflect.New(t)
	if err := json.Unmarshal(data, ev.Interface()); err != nil {
		return nil, fmt.Errorf("alerts: decode %s: %w", kind, err)
	}
	return ev.Elem().Interface().(Event), nil
}
