package reductionlist

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is one fact to be recorded.
type Event = interface{ Kind() string }

// Effects is what applying may ask of the world; this package asks for nothing.
type Effects = interface {
	Send(topic, id string, due time.Time)
	Drop(topic, id string)
	Timer(id string, due time.Time, command string, payload any)
	CancelTimer(id string)
}

// Begun opens a version: everything of the list but its rows, and what they must add up to.
type Begun struct {
	Version  string `json:"version"`
	Hash     string `json:"hash"`               // of the whole list, see [List.Hash]
	Count    int    `json:"count"`              // of recipients
	Source   string `json:"source,omitempty"`   // where it came from: a file name, "seed", an amendment
	Workbook string `json:"workbook,omitempty"` // "sha256:…" of the stored workbook
	// Findings is "sha256:…" of what the checks found in the workbook when it was imported, see [EncodeFindings]: whoever
	// approves decides on that, and another checker later finds other things. Empty when it was nothing, or was not kept.
	Findings string `json:"findings,omitempty"`
	Errors   int    `json:"errors,omitempty"` // with any, the version has no rows, its hash is that of the workbook, and it stays a draft
	Warnings int    `json:"warnings,omitempty"`
	List     List   `json:"list"` // without recipients
}

// RowsAdded carries recipients of a version, in the order of their ids and after those before it.
type RowsAdded struct {
	Version    string      `json:"version"`
	Recipients []Recipient `json:"recipients"`
}

// Approved says that a second person has looked at the whole version.
type Approved struct {
	Version string `json:"version"`
}

// Activated makes a version count from its effective date on.
type Activated struct {
	Version  string  `json:"version"`
	Hash     string  `json:"hash"`
	Count    int     `json:"count"`
	Replaces string  `json:"replaces,omitempty"` // the version that counted from the same day and no longer does
	Towns    []Count `json:"towns"`
	Sectors  []Count `json:"sectors"`
	Grades   []Count `json:"grades"`
}

// Count is how many recipients stand under a heading.
type Count struct {
	Key string `json:"key"`
	N   int    `json:"n"`
}

// Kind names the event in the record.
func (Begun) Kind() string { return "list.begun" }

// Kind names the event in the record.
func (RowsAdded) Kind() string { return "list.rows" }

// Kind names the event in the record.
func (Approved) Kind() string { return "list.approved" }

// Kind names the event in the record.
func (Activated) Kind() string { return "list.activated" }

// Decode reads an event back from the record. An unknown kind is an error.
func Decode(kind string, data []byte) (Event, error) {
	switch kind {
	case Begun{}.Kind():
		return decode[Begun](data)
	case RowsAdded{}.Kind():
		return decode[RowsAdded](data)
	case Approved{}.Kind():
		return decode[Approved](data)
	case Activated{}.Kind():
		return decode[Activated](data)
	}
	return nil, fmt.Errorf("reductionlist: unknown event kind %q", kind)
}

func decode[T Event](data []byte) (Event, error) {
	var ev T
	if err := json.Unmarshal(data, &ev); err != nil {
		return nil, fmt.Errorf("reductionlist: decode %s: %w", ev.Kind(), err)
	}
	return ev, nil
}
