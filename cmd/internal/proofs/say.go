package proofs

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/notify/ledger"
	"qingkong/notify/ledger/identity"
)

// Say is an entry in words, in one line: what its kind is called, and what of its data a person has to know. A kind that
// this program does not know is said to be proved all the same, for it is. Data in another form than the kind has leave
// out what is not understood.
func Say(kind string, data []byte, lang string) string {
	rule := terms.Rule(terms.Entry, kind)
	if !refusal.Known(rule) {
		return refusal.Text("proof.unknown_kind", lang, refusal.Args{"kind": clip(kind)})
	}
	var said []string
	if top := members(data); top != nil {
		for i := range parts {
			if p := &parts[i]; strings.HasPrefix(kind, p.of) {
				if text := p.say(top, lang); text != "" {
					said = append(said, text)
				}
			}
		}
	}
	head := refusal.Text(rule, lang, nil)
	switch {
	case len(said) == 0:
		return head
	case lang == "en":
		return head + ": " + strings.Join(said, ", ")
	}
	return head + "：" + strings.Join(said, "，")
}

// saidPart is a member of an entry's data that is told.
type saidPart struct {
	of   string // what the kind begins with; empty for every kind
	at   string // the member, or with a dot one within it
	word string // proof.say.<word> is what is said of it
	form
}

// form is how a value is told: by its name the page /verify finds the same in its script (verifypage/static/say.js).
type form struct {
	name string
	of   terms.Kind // of form name: whose words its values have
	tell func(value json.RawMessage, lang string) string
}

var (
	text        = form{name: "text", tell: tellText}
	hash        = form{name: "hash", tell: tellHash}
	number      = form{name: "number", tell: tellNumber}
	yes         = form{name: "yes", tell: tellYes}
	moment      = form{name: "moment", tell: tellMoment}
	several     = form{name: "several", tell: tellSeveral}
	count       = form{name: "count", tell: tellCount}
	fingerprint = form{name: "fingerprint", tell: tellFingerprint}
	decided     = form{name: "name", of: explanation, tell: tellDecided}
)

// explanation is what becomes of one; its words are proof.explanation.
const explanation terms.Kind = "explanation"

// parts are told in this order.
var parts = slices.Concat(
	[]saidPart{
		{"notify.order_issued", "id", "order", text},
		{"alerts.warning.", "id", "warning", text},
		{"alerts.proposal.", "id", "proposal", text},
		{"alerts.forecast.", "id", "forecast", text},
		{"compliance.task_changed", "id", "task", text},
		{"journal.outcome", "id", "message", text},
		{"journal.timer_fired", "id", "timer", text},
		{"", "task.id", "task", text},
		{"", "proposal.id", "proposal", text},
		{"", "finding_id", "finding", text},
		{"inspection.recorded", "inspection.id", "inspection", text},
		{"inspection.answered", "inspection_id", "inspection", text},
		{"inspection.recorded", "inspection.order_id", "order", text},
		{"inspection.recorded", "inspection.recipient_id", "recipient", text},
		{"inspection.recorded", "inspection.task_id", "task", text},
		{"inspection.drawn", "draw.id", "draw", text},
		{"", "order_id", "order", text},
		{"", "orders", "orders", several},
		{"", "warning", "warning", text},
		{"", "warning_id", "warning", text},
		{"", "recipient", "recipient", text},
		{"", "recipient_id", "recipient", text},
		{"notify.", "recipients", "recipients", several},
		{"", "recipient_name", "name", text},
		{"", "supersedes", "supersedes", text},
		{"", "proposal_id", "proposal", text},
		{"", "task.finding_id", "finding", text},
		{"", "task.order_id", "order", text},
		{"", "task.recipient_id", "recipient", text},
		{"", "mn", "station", text},
		{"telemetry.", "station.mn", "station", text},
		{"telemetry.", "station.name", "name", text},
		{"telemetry.", "station.recipient_id", "recipient", text},
		{"alerts.observation.", "station", "station", text},
		{"alerts.feed.", "feed", "source", text},
		{"", "forecast.source", "source", text},
		{"", "user", "user", text},
		{"access.", "role", "role", name(terms.Role)},
		{"access.", "token_id", "token", text},
		{"journal.lease_taken", "node", "node", text},
	},
	whatIsOrdered, whatIsAnswered, whatIsListed,
	[]saidPart{
		{"compliance.evidence_added", "hash", "hash", hash},
		{"compliance.evidence_added", "size", "bytes", number},
		{"", "hour", "hour", moment},
		{"compliance.hour_summed", "orders", "of_orders", number},
		{"compliance.hour_summed", "fail", "failed", number},
		{"compliance.hour_summed", "no_data", "no_data", number},
		{"telemetry.hour_rooted", "frames", "frames", number},
		{"ledger.", "origin", "origin", text},
		{"ledger.origin_changed", "from", "from_origin", text},
		{"ledger.origin_changed", "size", "of_size", number},
		{"ledger.", "vkey", "fingerprint", fingerprint},
		{"journal.restored", "block", "block", number},
		{"journal.vault_erased", "ref", "reference", hash},
		{"", "root", "root", hash},
		{"alerts.", "reason", "reason", text},
		{"journal.", "reason", "reason", text},
		{"ledger.", "reason", "reason", text},
	})

var whatIsOrdered = []saidPart{
	{"", "drill", "drill", yes},
	{"", "proposal.kind", "proposal_kind", name(terms.Proposal)},
	{"", "proposal.level", "level", name(terms.Level)},
	{"alerts.warning.level_changed", "from", "from_level", name(terms.Level)},
	{"alerts.warning.level_changed", "to", "to_level", name(terms.Level)},
	{"", "level", "level", name(terms.Level)},
	{"alerts.warning.", "trigger", "trigger", name(terms.Trigger)},
	{"alerts.warning.", "state", "state", name(terms.WarningState)},
	{"alerts.warning.emergency_", "authority", "authority", text},
	{"alerts.warning.emergency_", "called_at", "called_at", moment},
	{"", "document_no", "document", text},
	{"", "starts_at", "starts_at", moment},
	{"alerts.warning.", "effective_at", "starts_at", moment},
	{"notify.order_issued", "effective_from", "starts_at", moment},
	{"", "ends_at", "ends_at", moment},
	{"", "no_end", "no_end", yes},
	{"", "acknowledge_by", "acknowledge_by", moment},
	{"", "list_version", "list", text},
	{"", "list_hash", "hash", hash},
}

var whatIsAnswered = []saidPart{
	{"notify.answered", "action", "act", name(terms.OrderAct)},
	{"notify.answered", "correction", "correction", yes},
	{"notify.answered", "late", "late", yes},
	{"", "evidence", "evidence", count},
	{"compliance.explained", "explanation.evidence", "evidence", count},
	{"notify.called", "outcome", "outcome", name(terms.CallOutcome)},
	{"notify.objection_decided", "decision", "decision", name(terms.Decision)},
	{"notify.objection_decided", "expires_at", "ends_at", moment},
	{"compliance.explanation_decided", "decision", "decision", decided},
	{"", "verdict", "verdict", name(terms.OrderState)},
	{"compliance.judged", "worst", "worst", name(terms.OrderState)},
	{"compliance.value_accepted", "value.measure_id", "measure", text},
	{"compliance.value_accepted", "value.value", "value", number},
	{"notify.order_released", "reason", "release", name(terms.Release)},
	{"notify.release_worded", "kind", "release", name(terms.Release)},
	{"inspection.recorded", "inspection.result", "found", name(terms.Inspected)},
	{"inspection.recorded", "inspection.disposition", "disposition", name(terms.Disposition)},
	{"inspection.recorded", "inspection.at", "inspected_at", moment},
	{"inspection.recorded", "inspection.due", "ends_at", moment},
	{"inspection.recorded", "inspection.corrects", "corrects", text},
	{"inspection.recorded", "inspection.with", "with", text},
	{"inspection.recorded", "inspection.evidence", "evidence", count},
	{"inspection.drawn", "draw.day", "day", text},
	{"inspection.drawn", "draw.seed", "seed", hash},
	{"compliance.task_changed", "state", "state", name(terms.TaskState)},
	{"", "task.origin", "origin_of_task", name(terms.TaskOrigin)},
	{"", "task.state", "state", name(terms.TaskState)},
	{"compliance.task_changed", "assignee", "assignee", text},
	{"", "task.assignee", "assignee", text},
}

var whatIsListed = []saidPart{
	{"list.", "version", "list", text},
	{"list.", "hash", "hash", hash},
	{"list.activated", "count", "count", number},
	{"list.begun", "count", "count", number},
	{"list.begun", "list.effective_from", "list_from", text},
	{"list.begun", "list.effective_to", "list_to", text},
	{"list.in_force", "from", "starts_at", moment},
	{"list.rows_copied", "from", "list_before", text},
	{"list.activated", "replaces", "supersedes", text},
}

func (p *saidPart) say(top map[string]json.RawMessage, lang string) string {
	outer, inner, within := strings.Cut(p.at, ".")
	value := top[outer]
	if within {
		value = members(value)[inner]
	}
	if len(value) == 0 {
		return ""
	}
	if value := p.tell(value, lang); value != "" {
		return told(p.word, value, lang)
	}
	return ""
}

func told(word, value, lang string) string {
	return refusal.Text("proof.say."+word, lang, refusal.Args{"value": value})
}

// members are those of a JSON object; nil for anything else.
func members(value json.RawMessage) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	if len(value) == 0 || json.Unmarshal(value, &all) != nil {
		return nil
	}
	return all
}

// plain is a JSON string; empty for anything else.
func plain(value json.RawMessage) string {
	var s string
	if json.Unmarshal(value, &s) != nil {
		return ""
	}
	return s
}

func tellText(value json.RawMessage, _ string) string { return clip(plain(value)) }

func tellHash(value json.RawMessage, _ string) string { return short(plain(value)) }

func name(kind terms.Kind) form {
	return form{name: "name", of: kind, tell: func(value json.RawMessage, lang string) string {
		if s := plain(value); s != "" {
			return clip(terms.Name(kind, s, lang))
		}
		return ""
	}}
}

// tellNumber is a number that is not zero, as it is written.
func tellNumber(value json.RawMessage, _ string) string {
	if f, err := strconv.ParseFloat(string(value), 64); err != nil || f == 0 {
		return ""
	}
	return clip(string(value))
}

// tellYes says a word that takes no value.
func tellYes(value json.RawMessage, _ string) string {
	if string(value) == "true" {
		return "true"
	}
	return ""
}

// tellMoment is a time in Shanghai, to the minute.
func tellMoment(value json.RawMessage, _ string) string {
	at, err := time.Parse(time.RFC3339, plain(value))
	if err != nil {
		return ""
	}
	return at.In(ledger.Shanghai).Format("2006-01-02 15:04")
}

// tellSeveral names the first of a list, and says how many there are.
func tellSeveral(value json.RawMessage, lang string) string {
	const shown = 3
	all := list(value)
	if all == nil {
		return ""
	}
	var few []string
	for _, one := range all[:min(len(all), shown)] {
		few = append(few, tellText(one, lang))
	}
	if len(all) <= shown {
		return strings.Join(few, " ")
	}
	return refusal.Text("proof.several", lang, refusal.Args{"few": strings.Join(few, " "), "count": len(all)})
}

func list(value json.RawMessage) (all []json.RawMessage) {
	if json.Unmarshal(value, &all) != nil {
		return nil
	}
	return all
}

func tellCount(value json.RawMessage, _ string) string {
	if n := len(list(value)); n > 0 {
		return strconv.Itoa(n)
	}
	return ""
}

func tellFingerprint(value json.RawMessage, _ string) string {
	if s := plain(value); s != "" {
		return identity.Fingerprint(s)
	}
	return ""
}

// tellDecided is what became of an explanation.
func tellDecided(value json.RawMessage, lang string) string {
	if rule := "proof.explanation." + plain(value); refusal.Known(rule) {
		return refusal.Text(rule, lang, nil)
	}
	return tellText(value, lang)
}
