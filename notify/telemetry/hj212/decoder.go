package hj212

import (
	"bytes"
	"io"
)

// Options are how frames of a stream are read; the zero value reads them by the standard.
type Options struct {
	Version  Version     // of the station's register, or 0: then the Flag says it
	Tolerate []Tolerance // what passes besides
	Cipher   *Cipher     // of the station, or nil where nothing comes encrypted

	// Live has a frame handed on as soon as its CRC is there, without waiting for the two bytes behind it: whoever sent
	// it may wait for its answer. That its line did not end is then a note of what comes next.
	Live bool

	// Of is what the register says of the station whose MN stands in the clear before CP: on a line of several stations
	// each is read by its own. What it returns has Version, Tolerate and Cipher; nil is that these here hold. It is asked
	// of bytes that turn out to be no frame, too, and must not keep mn.
	Of func(mn []byte) *Options
}

const (
	maxData     = 9999 // what four digits say
	longData    = 1024 // what the standard allows
	maxFrame    = 2 + 4 + maxData + 4
	maxPiece    = 10240   // of refused bytes as one
	maxEnvelope = 1024    // before ## on its line
	maxJunk     = 1 << 20 // of bytes that belong to no frame, as one
	bufferSize  = 64 << 10
	liveSize    = 16 << 10 // of the buffer of each of many connections
)

// Decoder reads frames from a stream in less than 300 KB of memory, whatever comes; a live one usually takes 20.
//
// A frame begins at any ##. Where several are begun at once, since a length is wrong or ## stands within, the good one
// that is complete first counts, and what is before it is refused: a length of 9999 costs its own frame and no other.
// What is read does not depend on how the stream comes in pieces.
type Decoder struct {
	in     io.Reader
	opt    Options
	parser parser

	buf  []byte
	r, w int   // what is not used yet
	base int64 // of buf[0] in the stream
	err  error // of in

	now     *Options // of the frame that is tried
	starts  []begun  // behind the frame that is tried, in order
	scanned int64    // starts are found up to there
	junk    junk
	owed    bool // the line of the last frame has not been seen to end
	plain   []byte
	lastBad badCRC // of the last frame, where it was refused for it
}

// junk is bytes of no frame.
type junk struct {
	at    int64
	size  int64
	head  [maxShown + 4]byte
	solid bool // not blanks alone
}

// NewDecoder reads from in. It reads no further than the frame it is asked for needs, but for what in gives at once.
func NewDecoder(in io.Reader, opt Options) *Decoder {
	size := bufferSize
	if opt.Live {
		size = liveSize
	}
	d := &Decoder{in: in, opt: opt, buf: make([]byte, size)}
	d.parser.seen = make([]seenKey, seenSize)
	return d
}

// Reset has the decoder begin with another stream, by the same options.
func (d *Decoder) Reset(in io.Reader) {
	d.in, d.err = in, nil
	d.r, d.w, d.base, d.scanned = 0, 0, 0, 0
	d.starts, d.junk, d.owed, d.now, d.lastBad = d.starts[:0], junk{}, false, nil, badCRC{}
}

// Next reads the next frame, or bytes that are refused, into f. The slices of f are used again: what is to stay is
// cloned. The error is that of the reader, io.EOF at its end; whatever came before it was told.
func (d *Decoder) Next(f *Frame) error {
	f.reset()
	if d.owed {
		d.owed = false
		if name := d.endOfLine(); name != "" {
			f.tell(name, d.offset(0), "")
		}
	}
	envelope, err := d.find(f)
	if err != nil || f.Fault != nil {
		return err
	}
	f.Offset = d.offset(0)
	if envelope != nil {
		f.Notes = append(f.Notes, *envelope)
	}
	d.try(f)
	return nil
}

func (d *Decoder) offset(i int) int64 { return d.base + int64(d.r+i) }
func (d *Decoder) have() int          { return d.w - d.r }
func (d *Decoder) use(n int)          { d.r += n }

// fill reads more. It is false once there is no more, or no room.
func (d *Decoder) fill() bool {
	if d.err != nil || d.have() == len(d.buf) {
		return false
	}
	if d.r == d.w || len(d.buf)-d.w < maxPiece {
		d.base += int64(d.r)
		d.w = copy(d.buf, d.buf[d.r:d.w])
		d.r = 0
	}
	for range 100 {
		n, err := d.in.Read(d.buf[d.w:])
		if n < 0 || n > len(d.buf)-d.w {
			panic("hj212: a reader that says to have read what it was not asked for")
		}
		d.w += n
		if d.err = err; n > 0 || err != nil {
			return n > 0
		}
	}
	d.err = io.ErrNoProgress
	return false
}

// need has n bytes there, unless the stream ends before.
func (d *Decoder) need(n int) bool {
	for d.have() < n {
		if !d.fill() {
			return false
		}
	}
	return true
}

// find goes to the next ##, past what belongs to no frame; that is a fault of its own, or what stands before ## on its
// line.
func (d *Decoder) find(f *Frame) (*Note, error) {
	for {
		b := d.buf[d.r:d.w]
		i := bytes.Index(b, []byte("##"))
		last := i + 2
		for i >= 0 && last < len(b) && b[last] == '#' {
			last++
		}
		if i >= 0 && last < len(b) {
			return d.before(f, last-2), nil
		}
		if len(b) > maxPiece && d.discard(f, len(b)-maxEnvelope-2) {
			return nil, nil
		}
		if d.fill() {
			continue
		}
		if i >= 0 { // ## at the very end: the frame is cut
			return d.before(f, last-2), nil
		}
		if full := d.discard(f, d.have()); full || d.told(f) {
			return nil, nil
		}
		if d.have() == 0 {
			return nil, d.err
		}
	}
}

// before makes a fault of the n bytes up to ##, or a note where they belong to its line alone.
func (d *Decoder) before(f *Frame, n int) *Note {
	run := d.buf[d.r : d.r+n]
	line := bytes.LastIndexByte(run, '\n') + 1
	if n-line > maxEnvelope || line == 0 && d.junk.size > 0 {
		line = n
	}
	if d.discard(f, line) || d.told(f) {
		return nil
	}
	var note *Note
	run = d.buf[d.r : d.r+n-line]
	if text := bytes.TrimLeft(run, blanks); len(text) > 0 {
		note = &Note{Name: Envelope, Offset: d.offset(len(run) - len(text)), Bytes: Shown(text), Count: 1}
	}
	d.use(n - line)
	return note
}

const blanks = "\r\n \t"

// discard passes n bytes over. It is true once they are so many that they are told, as f.
func (d *Decoder) discard(f *Frame, n int) bool {
	j := &d.junk
	run := d.buf[d.r : d.r+n]
	if !j.solid {
		rest := bytes.TrimLeft(run, blanks)
		d.use(len(run) - len(rest))
		if run = rest; len(run) == 0 {
			return false
		}
		*j = junk{at: d.offset(0), solid: true}
	}
	if room := maxJunk - j.size; int64(len(run)) > room {
		run = run[:room]
	}
	if j.size < int64(len(j.head)) {
		copy(j.head[j.size:], run)
	}
	j.size += int64(len(run))
	d.use(len(run))
	return j.size == maxJunk && d.told(f)
}

// told makes a fault of the bytes that were passed over, if there are any.
func (d *Decoder) told(f *Frame) bool {
	j := d.junk
	d.junk = junk{}
	if j.size == 0 {
		return false
	}
	head := j.head[:min(j.size, int64(len(j.head)))]
	f.Offset, f.Size, f.Raw = j.at, int(j.size), append(f.Raw, head[:min(len(head), maxShown)]...)
	f.Fault = &Note{Name: NoStart, Offset: j.at, Bytes: Shown(head), Count: 1}
	return true
}

// endOfLine passes over the end of a frame's line, and says what is unlike CRLF.
func (d *Decoder) endOfLine() Name {
	if !d.need(1) {
		return NoCRLF
	}
	switch d.buf[d.r] {
	case '\n':
		d.use(1)
		return LFAlone
	case '\r':
		if d.need(2) && d.buf[d.r+1] == '\n' {
			d.use(2)
			return ""
		}
		d.use(1)
	}
	return NoCRLF
}

// ended is endOfLine, which a live stream is not waited for.
func (d *Decoder) ended(f *Frame) {
	if d.opt.Live && d.err == nil && (d.have() == 0 || d.have() == 1 && d.buf[d.r] == '\r') {
		d.owed = true
		return
	}
	at := d.offset(0)
	if name := d.endOfLine(); name != "" {
		f.tell(name, at, "")
	}
}
