package telemetry

import (
	"time"
)

// Sort is what kind of thing was received.
type Sort uint8

// The sorts. A frame and a message are confirmed once they are durable; the others never are.
const (
	Frame   Sort = iota + 1 // a good frame of HJ 212, of a registered station, with its password
	Message                 // readings as JSON, of a registered point's owner
	Refused                 // bytes that are no good frame, as far as they are kept
	Unknown                 // a good frame of a station that is not registered, or with a wrong password
)

// Received is one thing that came, byte for byte. In the order of reception they are all that readings, the states of
// stations and the hour's root are made of.
type Received struct {
	At   time.Time // of reception, to the millisecond; never before that of the one in front
	Sort Sort
	MN   string // of the frame; of refused bytes that of the connection, empty where none is known
	From string // where it came from: an address, or a user's name
	Why  string // of Refused and Unknown: a name like crc or password; of Frame names of what Raw does not show, by commas
	Raw  []byte // without the end of line
}
