// Package hj212 is the codec of HJ 212, the protocol by which monitoring stations report: a streaming decoder, the
// encoder that is its inverse, and what puts split messages together. It holds no clock, opens no connection and keeps
// nothing: who reads says what time it is and what a station's register says of it.
//
// A frame is `##`, four digits of length, the data segment, four hexadecimal digits of CRC and CRLF. It is good when its
// length and its CRC fit. Whatever else is unlike the standard is a [Note] beside it, for a person to see; nothing of it
// keeps a reading out.
package hj212

import (
	"slices"
	"time"
)

// Version is an edition of the standard by its year; 0 is not known.
type Version int

// The editions.
const (
	V2005 Version = 2005
	V2017 Version = 2017
	V2025 Version = 2025
)

// Versions are those there are.
func Versions() []Version { return slices.Clone(editions) }

// Flag is the number of the field Flag: bit 0 asks for an answer, bit 1 says that the message is split, the six above
// are the version.
type Flag uint8

// NeedsAck reports whether the sender waits for an answer.
func (f Flag) NeedsAck() bool { return f&1 != 0 }

// Split reports whether the frame says to be a part.
func (f Flag) Split() bool { return f&2 != 0 }

// Version is what the version bits say, 0 where they name no edition that is known. Devices say what they please: it
// is a hint.
func (f Flag) Version() Version {
	if bits := int(f >> 2); bits < len(editions) {
		return editions[bits]
	}
	return 0
}

var editions = []Version{V2005, V2017, V2025}

// FlagOf is the Flag of an edition, V2017 where it is none that is known.
func FlagOf(v Version, ack, split bool) Flag {
	f := Flag(max(slices.Index(editions, v), 0)) << 2
	if v == 0 {
		f = 1 << 2
	}
	if ack {
		f |= 1
	}
	if split {
		f |= 2
	}
	return f
}

// Head is what stands before CP. A text is empty where the field is missing or empty.
type Head struct {
	QN, ST, CN, PW, MN string
	Flag               Flag
	HasFlag            bool
	Parts, Part        int  // PNUM and PNO; both 0 where they are missing or no numbers
	Resent             bool // RF=1
}

// Field is one of the fields before CP.
type Field struct {
	Text       string // as it is written
	Key, Value string // of Text, without blanks around; Value is empty where Text has no =
}

// Item is one of the values within CP.
type Item struct {
	Sep  byte   // what stands before it: 0 for the first, then , within a group or ;
	Text string // as it is written

	Key, Value string // of Text, without blanks around
	Code       string // of the factor or facility, by today's table; empty where Key has no -
	Kind       string // behind the -, one of the constants below or any other
	Number     float64
	IsNumber   bool // Value is a number that an instrument may have measured
}

// The kinds of values that the standard names.
const (
	Rtd        = "Rtd" // at the moment
	Min        = "Min"
	Avg        = "Avg"
	Max        = "Max"
	Cou        = "Cou" // amount of the period
	ZsRtd      = "ZsRtd"
	ZsMin      = "ZsMin"
	ZsAvg      = "ZsAvg"
	ZsMax      = "ZsMax"
	ZsCou      = "ZsCou"
	DataFlag   = "Flag" // N F M S D C T B
	EFlag      = "EFlag"
	SampleTime = "SampleTime"
	State      = "RS" // of a facility: 0 off, 1 runs, 2 calibration, 3 maintenance, 4 alarm, 5 purge
	RunTime    = "RT" // of a facility, hours a day
)

// Frame is a frame of a stream, or bytes of it that were refused.
type Frame struct {
	Offset int64  // of ## in the stream
	Size   int    // in bytes, with the terminator
	Raw    []byte // as it came, without the terminator; of bytes that belong to no frame the first 64

	Fault *Note  // why it is refused; nil for a good frame. Of a refused one Head is what can be read, and no proof
	Notes []Note // in what it is unlike the standard; each name once

	Version   Version // the register's, or else the Flag's, or else 0
	Encrypted bool    // CP came encrypted
	Head
	Header   []Field // fields before CP, in their order
	Items    []Item
	DataTime time.Time // of CP, in Beijing; zero where it is missing or none
}

// Beijing is the zone of every time in a frame.
var Beijing = time.FixedZone("CST", 8*60*60)

// NewFrame makes a frame with the fields of h in the standard's order.
func NewFrame(h Head, items ...Item) *Frame {
	f := &Frame{Head: h, Items: items, Header: make([]Field, 0, 9)}
	add := func(key, value string) {
		f.Header = append(f.Header, Field{Text: key + "=" + value, Key: key, Value: value})
	}
	if h.QN != "" {
		add("QN", h.QN)
	}
	add("ST", h.ST)
	add("CN", h.CN)
	add("PW", h.PW)
	add("MN", h.MN)
	if h.HasFlag {
		add("Flag", itoa(int(h.Flag)))
		f.Version = h.Flag.Version()
	}
	if h.Parts > 0 {
		add("PNUM", itoa(h.Parts))
		add("PNO", itoa(h.Part))
	}
	if h.Resent {
		add("RF", "1")
	}
	return f
}

// NewItem is the value of a key, like a21026-Rtd. It begins a group; with Sep ',' it joins the one before.
func NewItem(key, value string) Item {
	var p parser
	it := p.item(';', key+"="+value)
	return it
}

// Clone is a copy that the decoder's next frame leaves alone.
func (f *Frame) Clone() *Frame {
	c := *f
	c.Notes, c.Header, c.Items = slices.Clone(f.Notes), slices.Clone(f.Header), slices.Clone(f.Items)
	c.Raw = slices.Clone(f.Raw)
	return &c
}

// Value is the first value of a key within CP.
func (f *Frame) Value(key string) (string, bool) {
	for i := range f.Items {
		if f.Items[i].Key == key {
			return f.Items[i].Value, true
		}
	}
	return "", false
}

// reset leaves nothing behind that would keep an earlier frame's bytes.
func (f *Frame) reset() {
	clear(f.Notes)
	clear(f.Header)
	clear(f.Items)
	*f = Frame{Raw: f.Raw[:0], Notes: f.Notes[:0], Header: f.Header[:0], Items: f.Items[:0]}
}

// Note is a thing that is unlike the standard, and where.
type Note struct {
	Name   Name
	Offset int64  // in the stream
	Bytes  string // that it is about, as [Shown] has them
	Count  int    // how often it is in the frame; Offset and Bytes are of the first

	Declared, There int       // of Length and CRCForm: bytes of data by the length field, and as they came
	Fits            Tolerance // of Length and CRC: what would have the frame pass
}

// note adds what is unlike the standard; of each name the first counts.
func (f *Frame) note(name Name, offset int64, bytes []byte) { f.tell(name, offset, Shown(bytes)) }

func (f *Frame) tell(name Name, offset int64, shown string) {
	for i := range f.Notes {
		if f.Notes[i].Name == name {
			f.Notes[i].Count++
			return
		}
	}
	f.Notes = append(f.Notes, Note{Name: name, Offset: offset, Bytes: shown, Count: 1})
}

// Has reports whether a name is among the notes.
func (f *Frame) Has(name Name) bool {
	return slices.ContainsFunc(f.Notes, func(n Note) bool { return n.Name == name })
}

// maxShown is how many bytes of the stream a note shows.
const maxShown = 64

// Shown is bytes of a stream as text: printable ASCII and characters of UTF-8 as they are, any other byte as \xNN, and
// … for what stands behind the first 64 bytes.
func Shown(b []byte) string { return shown(b) }
