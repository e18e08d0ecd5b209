package telemetry

import "time"

// Source is how a reading came to be.
type Source string

// The sources.
const (
	ByDevice  Source = "device"  // the instrument said it
	ByMinutes Source = "minutes" // an hour made of minutes (2051)
	BySamples Source = "samples" // a minute or an hour made of moments
	ByHours   Source = "hours"   // a day made of hours
)

// Kept is what is kept of one period of a point. Its unit is that of its point.
type Kept struct {
	Reading            // the one that stands
	Source   Source    //
	N        int       // of an hour its minutes with a valid value, of a day such hours; else 1, and 0 without a value
	Received time.Time // zero for what was made here
	Late     bool      // it came later after its period than a station takes
	Others   []Other   // what else came for the period, with another value or flag, the first first
}

// Other is a value of a period that does not stand: another came for it.
type Other struct {
	Reading
	Received time.Time
	Late     bool
}

// PointState is a point of which anything is kept.
type PointState struct {
	Point  Point
	Unit   string // of its values, as package readings writes it; empty where nobody said it
	Amount string // unit of its Total and ZsTotal; empty where nothing adds up
	Last   []Kept // the latest of each step, by step
}

// Brief is how an MN was heard of last.
type Brief struct {
	MN          string
	First, Last time.Time     // reception of good frames and messages; zero where none came
	LastData    time.Time     // start of the latest period of its data, or time of its latest sample; zero for none
	Offset      time.Duration // median of reception less QN of its last frames: above 0 its clock is slow
	HasOffset   bool          //
	Deviations  uint64        // frames and messages that were good and had something noted of them
	Refused     uint64        // what was refused, also what is only counted
	Missing     int           // periods that are missing in the last three days, see [Gap]
	Connected   bool          // it has a connection to this node now; false also for what comes as messages
	From        string        // where its last good frame came from
}

// Heard is all that is known of what an MN sent.
type Heard struct {
	Brief
	Frames uint64     // good ones and messages
	Data   []LastData // by command
	Counts []Tally    // deviations, notes and what was refused, by name
	Gaps   []Gap      // in the last three days, the latest first, as many as are told
	Link   Link
}

// Link is how a station is connected to this node, and what it was asked, since the program started.
type Link struct {
	Since    time.Time // of the connection that stands; zero for none
	From     string    // its address
	Flapping bool      // it moves between connections that both stand: two devices may have its MN
	Asked    []Asked   // the latest first
}

// Asked is what a station was asked, and what became of it.
type Asked struct {
	CN       string
	From, To time.Time // of history: periods that begin at From or later and before To; else zero
	Value    int       // that an interval was set to
	At       time.Time // when it was sent first
	Sent     int       // how often it was sent
	Result   string    // as package dialog names it; empty while it waits
	Code     int       // of the station's answer
	Data     int       // frames of history that came with it
}

// LastData is the latest of one kind of data.
type LastData struct {
	CN string    // of HJ 212; empty for messages
	At time.Time // start of the period, or time of the sample
}

// Tally is how often one thing was noticed of an MN.
type Tally struct {
	Name  string    // as package hj212, readings or the server names it; fixed
	Note  bool      // the frame stands all the same
	N     uint64    //
	At    time.Time // of the last
	Bytes []byte    // the last that it was noticed at, cut; nil for none
}

// Gap is a run of periods of which nothing came.
type Gap struct {
	CN       string    // the data that are missing: 2051 or 2061
	From, To time.Time // starts of the first missing period and of the first that is there again
	Missing  int       // periods
	Asked    bool      // the station was asked for them
}

// Stranger is an MN that is not registered, or that gave a wrong password.
type Stranger struct {
	MN          string
	Why         string // of its last frame: unknown, password, or another name of the server
	First, Last time.Time
	Frames      uint64 // also those that are only counted
	From        string // where the last came from
	ST, Version string // as its frames say; the version by their flags, empty where these do not say it
	Outlets     []Outlet
	Raw         []byte // the last frame, cut
}

// Mark is how far a reader has come with what is kept; the zero one is of nobody.
type Mark struct {
	Epoch, Seq uint64
	Hour       int64 // since 1970, up to which things have come
}

// Moved says what of a point may read otherwise than at a mark.
type Moved struct {
	Heard bool   // anything is kept of it
	Unit  string // of its values
	Any   bool
	From  time.Time // nothing does before; zero where all may
	Mark  Mark      // of what is kept now
}
