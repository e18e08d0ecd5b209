package reductionlist

import (
	"encoding/json"
	"fmt"
	"time"

	"qingkong/alerts"
)

// Event is one fact to be recorded.
type Event = alerts.Event

// Effects is what applying may ask of the world.
type Effects = alerts.Effects

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
	// with any, the version has no rows, its hash is that of the workbook, and it stays a draft
	Errors   int  `json:"errors,omitempty"`
	Warnings int  `json:"warnings,omitempty"`
	List     List `json:"list"` // without recipients
	// Amends says what of another version was changed to make this one; nil where it came as a whole.
	Amends *Amends `json:"amends,omitempty"`
	// SecretSeen is what the act says of whoever did it; see [alerts.SecretSeen].
	SecretSeen *alerts.SecretSeen `json:"secret_seen,omitempty"`
}

// Blobs are the names of what is stored beside the record: the workbook and its findings.
func (b Begun) Blobs() []string { return []string{b.Workbook, b.Findings} }

// Amends is what an amendment changed of the version Base, and why. ReasonRef is a vault reference: the reason may name
// people. Request tells a repeat of the request from another one.
type Amends struct {
	Base      string       `json:"base"`
	Recipient string       `json:"recipient"`
	Measure   string       `json:"measure,omitempty"`
	Level     alerts.Level `json:"level,omitempty"`
	ReasonRef string       `json:"reason_ref,omitempty"`
	Request   string       `json:"request,omitempty"`
}

// RowsAdded carries recipients of a version, in the order of their ids and after those before it.
type RowsAdded struct {
	Version    string      `json:"version"`
	Recipients []Recipient `json:"recipients"`
}

// RowsCopied carries over Count recipients of the version From, with their contacts: those behind the last id of
// Version, up to To, without Except.
type RowsCopied struct {
	Version string `json:"version"`
	From    string `json:"from"`
	To      string `json:"to"`
	Except  string `json:"except,omitempty"`
	Count   int    `json:"count"`
}

// ContactsChanged gives recipients other contacts, which no version's hash covers. They count wherever the old ones
// stood.
type ContactsChanged struct {
	Version  string          `json:"version"`
	Contacts []ContactChange `json:"contacts"`
}

// ContactChange is the reference of a recipient's contact, and the one in whose place it comes; empty for none.
type ContactChange struct {
	Recipient string `json:"recipient"`
	Ref       string `json:"ref"`
	Was       string `json:"was,omitempty"`
}

// CameIntoForce says which version is in force from a midnight on, and which was until then; either may be none. An
// activation that takes effect at once says so by itself.
type CameIntoForce struct {
	Version  string    `json:"version,omitempty"`
	Previous string    `json:"previous,omitempty"`
	From     time.Time `json:"from"`
}

// Approved says that a second person has looked at the whole version.
type Approved struct {
	Version string `json:"version"`
	// SecretSeen is what the act says of whoever did it; see [alerts.SecretSeen].
	SecretSeen *alerts.SecretSeen `json:"secret_seen,omitempty"`
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
	// Previous is the version that was in force until this one took effect at once, where that is not the one replaced.
	Previous string `json:"previous,omitempty"`
	// StartsAt and EndsAt are the midnights to come at which the version begins and ceases to count.
	StartsAt time.Time `json:"starts_at,omitzero"`
	EndsAt   time.Time `json:"ends_at,omitzero"`
	// SecretSeen is what the act says of whoever did it; see [alerts.SecretSeen].
	SecretSeen *alerts.SecretSeen `json:"secret_seen,omitempty"`
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
func (RowsCopied) Kind() string { return "list.rows_copied" }

// Kind names the event in the record.
func (ContactsChanged) Kind() string { return "list.contacts" }

// Kind names the event in the record.
func (CameIntoForce) Kind() string { return "list.in_force" }

// Kind names the event in the record.
func (Approved) Kind() string { return "list.approved" }

// Kind names the event in the record.
func (Activated) Kind() string { return "list.activated" }

var decoders = map[string]func([]byte) (Event, error){
	Begun{}.Kind():           decode[Begun],
	RowsAdded{}.Kind():       decode[RowsAdded],
	RowsCopied{}.Kind():      decode[RowsCopied],
	ContactsChanged{}.Kind(): decode[ContactsChanged],
	CameIntoForce{}.Kind():   decode[CameIntoForce],
	Discarded{}.Kind():       decode[Discarded],
	Approved{}.Kind():        decode[Approved],
	Activated{}.Kind():       decode[Activated],
}

// Decode reads an event back from the record. An unknown kind is an error.
func Decode(kind string, data []byte) (Event, error) {
	if read := decoders[kind]; read != nil {
		return read(data)
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
