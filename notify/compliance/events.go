package compliance

import (
	"encoding/json"
	"fmt"
	"time"

	"qingkong/alerts"
	"qingkong/notify"
	"qingkong/notify/compliance/judge"
)

// AboutFinding and AboutTask are what events of this package concern beside orders.
const (
	AboutFinding = "finding"
	AboutTask    = "task"
)

// Judged is what the measurements show of a recipient's orders now, where that changed: the verdict of the whole, and the
// monitors and findings that changed, each of them whole.
type Judged struct {
	Warning   string        `json:"warning_id"`
	Recipient string        `json:"recipient_id"`
	Order     string        `json:"order_id"`
	Verdict   judge.Verdict `json:"verdict"`
	Worst     judge.Verdict `json:"worst"`
	Failed    int           `json:"failed,omitempty"`
	Final     bool          `json:"final,omitempty"`
	Monitors  []Monitor     `json:"monitors,omitempty"`
	Findings  []Finding     `json:"findings,omitempty"`
}

// Explained is what an enterprise says of a finding.
type Explained struct {
	Finding     string      `json:"finding_id"`
	Order       string      `json:"order_id"`
	Explanation Explanation `json:"explanation"`
}

// Decided is what an officer says of the latest explanation of a finding.
type Decided struct {
	Finding   string      `json:"finding_id"`
	Order     string      `json:"order_id"`
	Decision  Decision    `json:"decision"`
	ReasonRef string      `json:"reason_ref,omitempty"`
	Hours     []time.Time `json:"hours,omitempty"`
}

// ValueAccepted is which of several values of an hour an officer takes as the right one.
type ValueAccepted struct {
	Finding string        `json:"finding_id"`
	Order   string        `json:"order_id"`
	Value   AcceptedValue `json:"value"`
}

// HourSummed is what all monitors of all live orders showed of an hour.
type HourSummed HourSum

// TaskOpened says that there is something to be done.
type TaskOpened struct {
	Task Task `json:"task"`
}

// TaskChanged says how a task stands from then on.
type TaskChanged struct {
	ID        string    `json:"id"`
	State     TaskState `json:"state"`
	Assignee  string    `json:"assignee,omitempty"`
	With      string    `json:"with,omitempty"`
	Day       string    `json:"day,omitempty"`
	ReasonRef string    `json:"reason_ref,omitempty"`
}

// InspectorRecused says that an account does no tasks at a recipient from then on, or, where it ended, does them again.
type InspectorRecused struct {
	Recipient string `json:"recipient_id"`
	User      string `json:"user"`
	ReasonRef string `json:"reason_ref,omitempty"`
	Ended     bool   `json:"ended,omitempty"`
}

// EvidenceAdded says that a file was handed in; see [Evidence].
type EvidenceAdded struct {
	Hash      string `json:"hash"`
	Size      int64  `json:"size"`
	Type      string `json:"type"`
	Recipient string `json:"recipient_id,omitempty"`
	PhotoRef  string `json:"photo_ref,omitempty"` // of its [Photo] in the vault
}

// Blobs are the names of what is stored beside the record: the file.
func (ev *EvidenceAdded) Blobs() []string { return []string{ev.Hash} }

// Kind names the event in the record.
func (*Judged) Kind() string { return "compliance.judged" }

// Kind names the event in the record.
func (*Explained) Kind() string { return "compliance.explained" }

// Kind names the event in the record.
func (*Decided) Kind() string { return "compliance.explanation_decided" }

// Kind names the event in the record.
func (*ValueAccepted) Kind() string { return "compliance.value_accepted" }

// Kind names the event in the record.
func (*HourSummed) Kind() string { return "compliance.hour_summed" }

// Kind names the event in the record.
func (*TaskOpened) Kind() string { return "compliance.task_opened" }

// Kind names the event in the record.
func (*TaskChanged) Kind() string { return "compliance.task_changed" }

// Kind names the event in the record.
func (*InspectorRecused) Kind() string { return "compliance.inspector_recused" }

// Kind names the event in the record.
func (*EvidenceAdded) Kind() string { return "compliance.evidence_added" }

var decoders = map[string]func([]byte) (Event, error){
	(*Judged)(nil).Kind():        decode[Judged],
	(*Explained)(nil).Kind():     decode[Explained],
	(*Decided)(nil).Kind():       decode[Decided],
	(*ValueAccepted)(nil).Kind(): decode[ValueAccepted],
	(*HourSummed)(nil).Kind():    decode[HourSummed],
	(*TaskOpened)(nil).Kind():    decode[TaskOpened],
	(*TaskChanged)(nil).Kind():   decode[TaskChanged],
	(*EvidenceAdded)(nil).Kind(): decode[EvidenceAdded],

	(*InspectorRecused)(nil).Kind(): decode[InspectorRecused],
}

// Decode reads an event back from the record. An unknown kind is an error.
func Decode(kind string, data []byte) (Event, error) {
	if read := decoders[kind]; read != nil {
		return read(data)
	}
	return nil, fmt.Errorf("compliance: unknown event kind %q", kind)
}

func decode[T any, P interface {
	*T
	Event
}](data []byte) (Event, error) {
	ev := P(new(T))
	if err := json.Unmarshal(data, ev); err != nil {
		return nil, fmt.Errorf("compliance: decode %s: %w", ev.Kind(), err)
	}
	return ev, nil
}

// Quiet are the kinds that concern nobody.
func Quiet() []string {
	return []string{(*HourSummed)(nil).Kind(), (*EvidenceAdded)(nil).Kind(), (*InspectorRecused)(nil).Kind()}
}

// About says whom an event of another kind concerns: orders, findings ("found", their verdict where they go on
// otherwise, "cleared", "explained", "accepted", "rejected", "value_accepted") and tasks ("opened" and their states).
func About(ev Event) (about []alerts.Subject) {
	of := func(kind, id, change string) {
		about = append(about, alerts.Subject{Kind: kind, ID: id, Change: change})
	}
	switch ev := ev.(type) {
	case *Judged:
		of(notify.AboutOrder, ev.Order, "judged")
		for i := range ev.Findings {
			f := &ev.Findings[i]
			change := f.Verdict.String()
			switch {
			case f.Cleared:
				change = "cleared"
			case f.Revision == 1:
				change = "found"
			}
			of(AboutFinding, f.ID, change)
		}
	case *Explained:
		of(notify.AboutOrder, ev.Order, "explained")
		of(AboutFinding, ev.Finding, "explained")
	case *Decided:
		change := map[Decision]string{Accept: "accepted", Reject: "rejected"}[ev.Decision]
		of(notify.AboutOrder, ev.Order, "explanation_"+change)
		of(AboutFinding, ev.Finding, change)
	case *ValueAccepted:
		of(AboutFinding, ev.Finding, "value_accepted")
	case *TaskOpened:
		of(AboutTask, ev.Task.ID, "opened")
	case *TaskChanged:
		of(AboutTask, ev.ID, string(ev.State))
	}
	return about
}
