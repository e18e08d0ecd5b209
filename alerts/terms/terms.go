// Package terms is the vocabulary: what the interface's fixed names (levels, states, roles, acts …) are called in
// Chinese and in English. Whatever shows one to a person, on whichever way, takes its word from here, so that a thing
// has one name everywhere.
//
// It imports nothing of ours but refusal, in whose catalogue the words stand as name.<kind>.<name>.
package terms

import (
	"strings"

	"qingkong/alerts/refusal"
)

// Kind is a set of fixed names.
type Kind string

// The kinds. The comment names who defines the names.
const (
	Level         Kind = "level"          // alerts
	Trigger       Kind = "trigger"        // alerts
	WarningState  Kind = "warning_state"  // alerts
	WarningEvent  Kind = "warning_event"  // alerts: of a warning's history
	WarningAct    Kind = "warning_act"    // alerts
	Pending       Kind = "pending"        // alerts: what a warning awaits approval of
	Proposal      Kind = "proposal"       // alerts: what a proposal suggests
	ProposalState Kind = "proposal_state" // alerts
	Pollutant     Kind = "pollutant"      // alerts/aqi, and aqi for the index itself
	Emission      Kind = "emission"       // reductionlist/allocate: what a plant emits
	RecipientType Kind = "recipient_type" // reductionlist
	Grade         Kind = "grade"          // reductionlist
	Category      Kind = "category"       // reductionlist
	Action        Kind = "action"         // reductionlist: what a measure asks for
	Source        Kind = "source"         // reductionlist: of monitoring data
	Quantity      Kind = "quantity"       // reductionlist
	ListState     Kind = "list_state"     // reductionlist: what was done about a version
	ListStatus    Kind = "list_status"    // reductionlist
	ListEvent     Kind = "list_event"     // reductionlist: of a version's history
	ListDue       Kind = "list_due"       // notify: what a newer list changes for a recipient
	OrderEvent    Kind = "order_event"    // notify
	OrderState    Kind = "order_state"    // notify: of its delivery, answer, execution, verdict and of the order itself
	CallOutcome   Kind = "call_outcome"   // notify: what came of a telephone call
	OrderAct      Kind = "order_act"      // notify: what a recipient answers
	Release       Kind = "release"        // notify: why an order ended
	Decision      Kind = "decision"       // notify: on an objection
	TaskState     Kind = "task_state"     // notify/compliance
	TaskOrigin    Kind = "task_origin"    // notify/compliance: why there is a task
	Disposition   Kind = "disposition"    // notify/compliance/inspect: what follows from an inspection
	Inspected     Kind = "inspected"      // notify/compliance/inspect: what an inspection comes to
	Item          Kind = "item"           // notify/compliance/inspect: what was found of one demand
	Entry         Kind = "entry"          // every package that records events: what an entry of the ledger is
	Role          Kind = "role"           // cmd/internal/calls
	Act           Kind = "act"            // cmd/internal/calls: what a role may do
)

// Rule is the name's rule in the catalogue.
func Rule[N ~string](kind Kind, name N) string { return "name." + string(kind) + "." + string(name) }

// Name is what people call a name, in "zh-CN" or "en". A name that the vocabulary does not have is given as it is: a
// newer server may know more than this program.
func Name[N ~string](kind Kind, name N, lang string) string {
	if rule := Rule(kind, name); refusal.Known(rule) {
		return refusal.Text(rule, lang, nil)
	}
	return string(name)
}

// Words are a name as a value of other words.
func Words[N ~string](kind Kind, name N) refusal.Worded {
	return refusal.Worded{ZH: Name(kind, name, "zh-CN"), EN: Name(kind, name, "en")}
}

// Transition is a refusal for the state that something is in: its text says the state's word.
func Transition[N ~string](kind Kind, rule string, state N, args refusal.Args) *refusal.Error {
	e := refusal.Transition(rule, string(state), args)
	e.Args["state"] = Words(kind, state)
	return e
}

// ShortLevel is a level without its numeral: 黄色.
func ShortLevel[N ~string](level N, lang string) string { return ShortName(Level, level, lang) }

// ShortName is a name without what it has in brackets.
func ShortName[N ~string](kind Kind, name N, lang string) string {
	short, _, _ := strings.Cut(Name(kind, name, lang), "（")
	short, _, _ = strings.Cut(short, " (")
	return short
}
