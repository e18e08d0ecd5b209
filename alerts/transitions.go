package alerts

import (
	"fmt"
	"slices"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
)

// State is a warning's state as others see it.
type State string

// The states of a warning (contract of GET /warnings/{id}).
const (
	PendingApproval State = "pending_approval"
	Rejected        State = "rejected"
	Reported        State = "reported" // approved here and reported to the city, whose order activates it
	Scheduled       State = "scheduled"
	Active          State = "active"
	Lifted          State = "lifted"
	Cancelled       State = "cancelled"
)

// stage is a warning's place in the table: its state, and whether a raise of its level or a move of its start waits for
// approval.
type stage string

const (
	stageNew             stage = "new" // not yet declared
	stagePending               = stage(PendingApproval)
	stageRejected              = stage(Rejected)
	stageReported              = stage(Reported)
	stageScheduled             = stage(Scheduled)
	stageScheduledRaise  stage = "scheduled+raise"
	stageScheduledRevise stage = "scheduled+revise"
	stageActive                = stage(Active)
	stageActiveRaise     stage = "active+raise"
	stageLifted                = stage(Lifted)
	stageCancelled             = stage(Cancelled)
)

// act is what a person or a timer does to a warning.
type act string

const (
	actDeclare          act = "declare"
	actApprove          act = "approve"
	actReject           act = "reject"
	actConfirm          act = "confirm" // the city's order for a reported warning
	actAdjust           act = "adjust"
	actRevise           act = "revise"
	actLift             act = "lift"
	actCancel           act = "cancel"
	actEmergency        act = "emergency_approve"
	actConfirmEmergency act = "confirm_emergency" // by an approver, of what was approved in an emergency
	actUnconfirmed      act = "unconfirmed"       // by timer, when that did not come in time

	actActivate act = "activate" // by timer, at starts_at
	actExpire   act = "expire"   // by timer, at ends_at
)

// transitions is the state machine: from a stage, an act leads to one of these stages, and every other act is
// refused. Where an act names several, the settings and the times decide: persons that the level needs, start now
// or later, end now or later.
var transitions = map[stage]map[act][]stage{
	stageNew: {
		actDeclare: {stagePending, stageReported, stageScheduled, stageActive},
	},
	stagePending: {
		actApprove: {stageReported, stageScheduled, stageActive},
		actReject:  {stageRejected},
		actCancel:  {stageCancelled},
		actExpire:  {stageCancelled}, // its whole period went by without approval
	},
	stageReported: {
		actConfirm: {stageScheduled, stageActive},
		actCancel:  {stageCancelled},
		actExpire:  {stageCancelled},
	},
	stageScheduled: {
		actAdjust:   {stageScheduled, stageScheduledRaise},
		actRevise:   {stageScheduled, stageScheduledRevise, stageActive},
		actCancel:   {stageCancelled},
		actActivate: {stageActive},
	},
	stageScheduledRevise: {
		actApprove:  {stageScheduled, stageActive},
		actReject:   {stageScheduled},
		actRevise:   {stageScheduledRevise}, // but for its start
		actCancel:   {stageCancelled},
		actActivate: {stageActive}, // the old start came first
	},
	stageScheduledRaise: {
		actApprove:  {stageScheduled},
		actReject:   {stageScheduled},
		actRevise:   {stageScheduledRaise},
		actCancel:   {stageCancelled},
		actActivate: {stageActiveRaise},
	},
	stageActive: {
		actAdjust: {stageActive, stageActiveRaise},
		actRevise: {stageActive},
		actLift:   {stageActive, stageLifted},
		actCancel: {stageCancelled},
		actExpire: {stageLifted},
	},
	stageActiveRaise: {
		actApprove: {stageActive},
		actReject:  {stageActive},
		actRevise:  {stageActiveRaise},
		actLift:    {stageActiveRaise, stageLifted},
		actCancel:  {stageCancelled},
		actExpire:  {stageLifted},
	},
	stageRejected: {
		actRevise: {stagePending, stageReported, stageScheduled, stageActive}, // declared anew in other terms
	},
	stageLifted:    {},
	stageCancelled: {},
}

// What was approved in an emergency may be confirmed, and is found overdue, wherever the warning has come to since.
func init() {
	for _, s := range []stage{stageReported, stageScheduled, stageScheduledRaise, stageScheduledRevise, stageActive,
		stageActiveRaise, stageLifted, stageCancelled} {
		transitions[s][actConfirmEmergency] = []stage{s}
		transitions[s][actUnconfirmed] = []stage{s}
	}
	for _, s := range []stage{stagePending, stageScheduledRaise, stageScheduledRevise, stageActiveRaise} {
		transitions[s][actEmergency] = transitions[s][actApprove]
	}
}

func (w *Warning) stage() stage {
	switch {
	case w.Pending != nil && w.Pending.Moves():
		return stage(w.State + "+revise")
	case w.Pending != nil:
		return stage(w.State + "+raise")
	}
	return stage(w.State)
}

// refuse says no to an act that the table does not allow, with the state the warning is in.
func refuse(w *Warning, a act) error {
	if _, ok := transitions[w.stage()][a]; ok {
		return nil
	}
	return terms.Transition(terms.WarningState, "warning.transition", w.State,
		refusal.Args{"id": w.ID, "act": terms.Words(terms.WarningAct, a)})
}

// check makes sure that a decision kept to the table.
func check(from stage, a act, to stage) error {
	if !slices.Contains(transitions[from][a], to) {
		return fmt.Errorf("alerts: %s took a warning from %s to %s, which is not in the table", a, from, to)
	}
	return nil
}

// live reports whether the warning occupies its region: nothing else can be declared there.
func (s State) live() bool {
	return s == PendingApproval || s == Reported || s == Scheduled || s == Active
}
