// Package channel says what a carrier of messages is to the coordinator: it is handed messages and says what became
// of each. A carrier has a package below this one and passes the suite of channeltest. What remains to be sent, when
// it is tried again and that it is recorded is the affair of whoever runs the sender.
package channel

import (
	"context"
	"time"
)

// NATS names the channel that everything goes out by; a message goes out by others besides.
const NATS = "nats"

// Message is one message in the form of its channel. The same message has the same key and the same bytes each time.
type Message struct {
	Key      string // idempotency key: a carrier that knows it takes the message once
	To       string // address within the channel, such as a subject or a telephone number
	Body     []byte
	Keep     bool // the carrier keeps it for those who come later; false where it only passes it on
	Attempts int  // how often it went out before
	Unsure   bool // what became of it the last time is unknown: a carrier that takes it twice is asked first
}

// Result is what became of a message.
type Result string

// The results.
const (
	Sent    Result = "sent"    // the carrier has it
	Later   Result = "later"   // the carrier may not have it, and handing it over again does no harm
	Refused Result = "refused" // the carrier will never take it
	Unknown Result = "unknown" // the carrier may have it, and handing it over again may deliver it twice
)

// Outcome is what became of one message. CarrierID and Why are recorded: neither holds a secret, a name or a number
// of a person.
type Outcome struct {
	Result    Result
	CarrierID string        // by which the carrier later speaks of it; empty for none
	After     time.Duration // of Later and Unknown: how long to leave it alone; 0 leaves that to the caller
	Why       string        // the carrier's code or words; empty where it is Sent
}

// Sender hands messages to one carrier.
type Sender interface {
	// Name is the channel that outbox rows name; it never changes.
	Name() string

	// Send hands messages over and returns an outcome of each, in their order. There may be fewer: the messages beyond
	// were not tried, and the channel rests for as long as the last outcome asks. Send returns soon after ctx ends. It
	// is called by one goroutine at a time.
	Send(ctx context.Context, msgs []Message) []Outcome
}
