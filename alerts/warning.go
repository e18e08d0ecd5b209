package alerts

import (
	"cmp"
	"slices"
	"time"
)

// Trigger is what a warning rests on.
type Trigger string

// The triggers: the district's own forecast, the city's order (市级指令), regional linkage (区域应急联动), or a work
// requirement (应对污染天气工作要求).
const (
	OwnForecast     Trigger = "own_forecast"
	CityOrder       Trigger = "city_order"
	RegionalLinkage Trigger = "regional_linkage"
	WorkRequirement Trigger = "work_requirement"
)

// Triggers lists every trigger.
func Triggers() []Trigger {
	return []Trigger{OwnForecast, CityOrder, RegionalLinkage, WorkRequirement}
}

// Warning is a level that was declared for a region, and what became of it.
type Warning struct {
	ID            string     `json:"id"` // W20161216-01: the day of declaration and its number; a drill's begins with D
	Revision      int        `json:"revision"`
	Level         Level      `json:"level"`
	PreviousLevel Level      `json:"previous_level"` // None until the level is changed
	LevelSince    time.Time  `json:"level_since"`    // from when Level takes effect; may be to come
	Stages        []Stage    `json:"stages"`         // the levels of its course, see LevelAt
	State         State      `json:"state"`
	Trigger       Trigger    `json:"trigger"`
	Region        string     `json:"region"`
	StartsAt      time.Time  `json:"starts_at"`
	AtOnce        bool       `json:"at_once,omitempty"` // no start was named: as soon as it may
	EndsAt        *time.Time `json:"ends_at"`           // nil = until further notice
	// LiftFrom is when the air was to clear when an officer set the end of a lift; the same is not proposed to lift it
	// again.
	LiftFrom *time.Time `json:"lift_from,omitempty"`
	Notice
	ProposalID *string    `json:"proposal_id"`
	Drill      bool       `json:"drill"`
	DeclaredBy string     `json:"declared_by"`
	DeclaredAt time.Time  `json:"declared_at"`
	ApprovedBy string     `json:"approved_by"`
	Pending    *Pending   `json:"pending"`
	Emergency  *Emergency `json:"emergency,omitempty"` // the last approval by telephone
	Overrides  []Override `json:"overrides,omitempty"` // where orders of others went against our own proposals
	ListPin
	History []HistoryEntry `json:"history"`
}

// Pending is what waits for a second person while the warning goes on at its old level.
type Pending struct {
	Kind string `json:"kind"` // "raise" of the level, or "revise": another start at the level there is
	By   string `json:"by"`
	Change
	Terms
}

// Moves reports whether what waits is another start at the level there is.
func (p *Pending) Moves() bool { return p.Kind == pendingRevise }

// The values of Pending.Kind.
const (
	pendingRaise  = "raise"
	pendingRevise = "revise"
)

// Public is the warning as it is shown to those who do not decide on it: enterprises, towns, feeders, and all who hear
// what goes out. It says what was done. It does not say why an approver rejected it, why a raise is asked for (once
// approved, the reason stands in the change of the level), where an order went against the district's own proposal, or
// whose secret somebody else has seen. w is not changed.
func (w *Warning) Public() *Warning {
	p := *w
	p.Overrides = nil
	if w.Pending != nil {
		pending := *w.Pending
		pending.Reason, pending.Overrides, pending.NoticeText = "", nil, ""
		p.Pending = &pending
	}
	p.History = slices.Clone(w.History)
	for i := range p.History {
		h := &p.History[i]
		h.SecretSeen = nil
		if internalReasons[h.Event] {
			h.Reason = ""
		}
	}
	return &p
}

// internalReasons are the events whose reasons only those see who decide.
var internalReasons = map[string]bool{"rejected": true, "raise_asked": true, "raise_rejected": true,
	"revise_asked": true, "revise_rejected": true}

// Stage is a level of a warning and from when it takes effect, until the next stage does.
type Stage struct {
	Level Level     `json:"level"`
	From  time.Time `json:"from"`
}

// LevelAt is the level in effect at t by what is declared now: a change that is announced takes effect at its own time.
// Before the start it is None. The end of the warning is not looked at.
func (w *Warning) LevelAt(t time.Time) Level {
	level := None
	for _, s := range w.Stages {
		if !s.From.After(t) {
			level = s.Level
		}
	}
	return level
}

// staged is the course with another level from a time on; it replaces what was to take effect at that time or later.
func staged(course []Stage, l Level, from time.Time) []Stage {
	kept := slices.Clone(course)
	for len(kept) > 0 && !kept[len(kept)-1].From.Before(from) {
		kept = kept[:len(kept)-1]
	}
	if len(kept) > 0 && kept[len(kept)-1].Level == l {
		return kept
	}
	return append(kept, Stage{l, from})
}

// begun is the course with another beginning: the level that is in effect at that time, and the stages after it.
func begun(course []Stage, from time.Time) []Stage {
	first, rest := course[0].Level, 0
	for i, s := range course {
		if !s.From.After(from) {
			first, rest = s.Level, i+1
		}
	}
	return append([]Stage{{first, from}},
		slices.DeleteFunc(slices.Clone(course[max(rest, 1):]), func(s Stage) bool { return !s.From.After(from) })...)
}

// HistoryEntry is one event of a warning; each makes one revision, see [Warning.Revisions].
type HistoryEntry struct {
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Event  string    `json:"event"`
	Reason string    `json:"reason"`
	// Skipped is how many revisions the entry made, where that is not one: after a lost end of the record.
	Skipped int `json:"skipped,omitempty"`
	Seen
}

// warningEvent is an event of one warning.
type warningEvent interface {
	Event
	warningID() string
	// change returns what the warning becomes, without its history, and the history's word for it.
	change(w Warning, at time.Time, actor string) (next Warning, event, reason string)
}

// after is the warning as the event leaves it; w is not changed. The live path and the replay both go through it.
func (w Warning) after(ev warningEvent, at time.Time, actor string) Warning {
	next, event, reason := ev.change(w, at, actor)
	entry := HistoryEntry{At: at, Actor: actor, Event: event, Reason: reason}
	if act, ok := ev.(interface{ secretSeen() *SecretSeen }); ok {
		entry.SecretSeen = act.secretSeen()
	}
	next.Revision, next.History = w.Revision+1, append(slices.Clone(w.History), entry)
	return next
}

func (e WarningDeclared) change(_ Warning, at time.Time, actor string) (Warning, string, string) {
	w := Warning{
		ID: e.ID, Level: e.Level, PreviousLevel: None, State: e.State, Trigger: e.Trigger, Region: e.Region,
		AtOnce: e.AtOnce, EndsAt: e.EndsAt, Notice: e.Notice, ProposalID: e.ProposalID, Drill: e.Drill,
		DeclaredBy: actor, DeclaredAt: at, ListPin: e.ListPin, Overrides: e.Overrides.after(nil),
	}
	return w.starting(e.StartsAt), "declared", e.Reason
}

// starting is the warning with its level from a start on, and no other.
func (w Warning) starting(at time.Time) Warning {
	w.StartsAt, w.LevelSince, w.Stages = at, at, staged(nil, w.Level, at)
	return w
}

func (e WarningApproved) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.State, w.ApprovedBy = e.State, actor
	if e.StartsAt != nil {
		w = w.starting(*e.StartsAt)
	}
	return w, "approved", ""
}

func (e WarningConfirmed) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	if e.Level != w.Level {
		w.PreviousLevel = w.Level
	}
	w.State, w.Level, w.Trigger, w.AtOnce, w.EndsAt = Scheduled, e.Level, e.Trigger, false, e.EndsAt
	w.Notice, w.ListPin = e.Notice, e.ListPin
	return w.starting(e.StartsAt), "confirmed", e.Reason
}

func (e WarningRejected) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.State = Rejected
	return w, "rejected", e.Reason
}

func (e WarningResubmitted) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.State, w.Level, w.AtOnce, w.EndsAt, w.DeclaredBy = e.State, e.Level, e.AtOnce, e.EndsAt, actor
	w.Notice, w.ListPin = e.Notice, e.ListPin
	if e.Overrides != nil { // and no more what the declaration that was rejected went against in it
		w.Overrides = e.Overrides.after(slices.DeleteFunc(slices.Clone(w.Overrides),
			func(o Override) bool { return o.ProposalID == e.Overrides.ProposalID }))
	}
	return w.starting(e.StartsAt), "revised", e.Reason
}

func (e WarningActivated) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.State = Active
	if w.Pending != nil && w.Pending.Moves() { // the start that was to be moved has come
		w.Pending = nil
	}
	return w, "activated", ""
}

func (e RaiseAsked) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.Pending = &Pending{Kind: pendingRaise, By: actor, Change: e.Change}
	return w, "raise_asked", e.Reason
}

func (e RaiseRejected) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.Pending = nil
	return w, "raise_rejected", e.Reason
}

func (e ReviseAsked) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.Pending = &Pending{Kind: pendingRevise, By: actor, Change: e.Change, Terms: e.Terms}
	return w, "revise_asked", e.Reason
}

func (e ReviseRejected) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.Pending = nil
	return w, "revise_rejected", e.Reason
}

func (e LevelChanged) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.Stages = staged(w.Stages, e.To, e.EffectiveAt)
	w.PreviousLevel, w.Level, w.LevelSince, w.Pending = e.From, e.To, w.Stages[len(w.Stages)-1].From, nil
	w.Trigger, w.Document = e.Trigger, e.Document
	w.EndsAt = cmp.Or(e.EndsAt, w.EndsAt)
	w.Overrides = e.Overrides.after(w.Overrides)
	if e.Approved {
		w.ApprovedBy = actor
	}
	return w, e.direction(), e.Reason
}

// after is the list with one more, which may be none.
func (o *Override) after(have []Override) []Override {
	if o == nil {
		return have
	}
	return append(slices.Clone(have), *o)
}

func (e LevelChanged) direction() string {
	if e.To.Above(e.From) {
		return "upgraded"
	}
	return "downgraded"
}

func (e WarningRevised) change(w Warning, _ time.Time, actor string) (Warning, string, string) {
	w.Document = e.Document.or(w.Document)
	w.NoticeText, w.EndsAt = cmp.Or(e.NoticeText, w.NoticeText), cmp.Or(e.EndsAt, w.EndsAt)
	if e.NoEnd {
		w.EndsAt, w.LiftFrom = nil, nil
	}
	if e.StartsAt != nil {
		w.StartsAt, w.Stages, w.AtOnce = *e.StartsAt, begun(w.Stages, *e.StartsAt), false
		w.LevelSince = w.Stages[len(w.Stages)-1].From
	}
	if e.Approved {
		w.ApprovedBy, w.Pending = actor, nil
	}
	return w, "revised", e.Reason
}

func (e EndSet) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.EndsAt, w.LiftFrom = &e.EndsAt, e.LiftFrom
	return w, "end_set", e.Reason
}

func (e WarningLifted) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.State, w.EndsAt, w.Pending = Lifted, &e.EndsAt, nil
	return w, endedAs("lifted", e.Expired), e.Reason
}

func (e WarningCancelled) change(w Warning, _ time.Time, _ string) (Warning, string, string) {
	w.State, w.Pending = Cancelled, nil
	return w, endedAs("cancelled", e.Expired), e.Reason
}

// endedAs is the history's word for an end: by an act, or because its time was reached.
func endedAs(act string, expired bool) string {
	if expired {
		return "expired"
	}
	return act
}

// announced is the end of the subject under which an event goes out, empty for one that does not.
func announced(ev warningEvent) string {
	switch e := ev.(type) {
	case LevelChanged:
		return e.direction()
	case WarningLifted:
		return "lifted"
	case WarningCancelled:
		if e.Announce {
			return "cancelled"
		}
	case interface{ announces() bool }:
		if e.announces() {
			return "declared"
		}
	}
	return ""
}
