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

// phase is a warning's place in the table: its state, and whether a raise of its level or a move of its start waits for
// approval.
type phase string

const (
	phaseNew             phase = "new" // not yet declared
	phasePending               = phase(PendingApproval)
	phaseRejected              = phase(Rejected)
	phaseReported              = phase(Reported)
	phaseScheduled             = phase(Scheduled)
	phaseScheduledRaise  phase = "scheduled+raise"
	phaseScheduledRevise phase = "scheduled+revise"
	phaseActive                = phase(Active)
	phaseActiveRaise     phase = "active+raise"
	phaseLifted                = phase(Lifted)
	phaseCancelled             = phase(Cancelled)
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
var transitions = map[phase]map[act][]phase{
	phaseNew: {
		actDeclare: {phasePending, phaseReported, phaseScheduled, phaseActive},
	},
	phasePending: {
		actApprove: {phaseReported, phaseScheduled, phaseActive},
		actReject:  {phaseRejected},
		actCancel:  {phaseCancelled},
		actExpire:  {phaseCancelled}, // its whole period went by without approval
	},
	phaseReported: {
		actConfirm: {phaseScheduled, phaseActive},
		actCancel:  {phaseCancelled},
		actExpire:  {phaseCancelled},
	},
	phaseScheduled: {
		actAdjust:   {phaseScheduled, phaseScheduledRaise},
		actRevise:   {phaseScheduled, phaseScheduledRevise, phaseActive},
		actCancel:   {phaseCancelled},
		actActivate: {phaseActive},
	},
	phaseScheduledRevise: {
		actApprove:  {phaseScheduled, phaseActive},
		actReject:   {phaseScheduled},
		actRevise:   {phaseScheduledRevise}, // but for its start
		actCancel:   {phaseCancelled},
		actActivate: {phaseActive}, // the old start came first
	},
	phaseScheduledRaise: {
		actApprove:  {phaseScheduled},
		actReject:   {phaseScheduled},
		actRevise:   {phaseScheduledRaise},
		actCancel:   {phaseCancelled},
		actActivate: {phaseActiveRaise},
	},
	phaseActive: {
		actAdjust: {phaseActive, phaseActiveRaise},
		actRevise: {phaseActive},
		actLift:   {phaseActive, phaseLifted},
		actCancel: {phaseCancelled},
		actExpire: {phaseLifted},
	},
	phaseActiveRaise: {
		actApprove: {phaseActive},
		actReject:  {phaseActive},
		actRevise:  {phaseActiveRaise},
		actLift:    {phaseActiveRaise, phaseLifted},
		actCancel:  {phaseCancelled},
		actExpire:  {phaseLifted},
	},
	phaseRejected: {
		actRevise: {phasePending, phaseReported, phaseScheduled, phaseActive}, // declared anew in other terms
	},
	phaseLifted:    {},
	phaseCancelled: {},
}

// An emergency approval may be confirmed, and is found overdue, whatever has become of the warning since.
func init() {
	for _, s := range []phase{phaseReported, phaseScheduled, phaseScheduledRaise, phaseScheduledRevise, phaseActive,
		phaseActiveRaise, phaseLifted, phaseCancelled} {
		transitions[s][actConfirmEmergency] = []phase{s}
		transitions[s][actUnconfirmed] = []phase{s}
	}
	for _, s := range []phase{phasePending, phaseScheduledRaise, phaseScheduledRevise, phaseActiveRaise} {
		transitions[s][actEmergency] = transitions[s][actApprove]
	}
}

func (w *Warning) phase() phase {
	switch {
	case w.Pending != nil && w.Pending.Moves():
		return phase(w.State + "+revise")
	case w.Pending != nil:
		return phase(w.State + "+raise")
	}
	return phase(w.State)
}

// refuse says no to an act that the table does not allow, with the state the warning is in.
func refuse(w *Warning, a act) error {
	if _, ok := transitions[w.phase()][a]; ok {
		return nil
	}
	return w.refused("warning.transition", refusal.Args{"act": terms.Words(terms.WarningAct, a)})
}

// refused is a refusal for the state that the warning is in.
func (w *Warning) refused(rule string, args refusal.Args) error {
	args["id"] = w.ID
	return terms.Transition(terms.WarningState, rule, w.State, args)
}

// check makes sure that a decision kept to the table.
func check(from phase, a act, to phase) error {
	if !slices.Contains(transitions[from][a], to) {
		return fmt.Errorf("alerts: %s took a warning from %s to %s, which is not in the table", a, from, to)
	}
	return nil
}

// live reports whether the warning occupies its region: nothing else can be declared there.
func (s State) live() bool {
	return s == PendingApproval || s == Reported || s == Scheduled || s == Active
}
