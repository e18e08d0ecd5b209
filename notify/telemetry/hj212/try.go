package hj212

import (
	"bytes"
	"slices"
	"strings"
)

// try reads the frame that begins at r, or refuses it.
func (d *Decoder) try(f *Frame) {
	n := 0
	for n < 5 && d.need(n+3) && isDigit(d.buf[d.r+2+n]) {
		n++
	}
	known := d.pass(d.offset(0))
	if d.now = &d.opt; n != 4 {
		d.refuse(f, LengthForm, 0)
		return
	}
	declared := fourDigits(d.buf[d.r+2:])
	o := known.opt
	if o == nil {
		o = d.optionsOf(declared)
	}
	d.now = o
	for i, size := range o.sizes(declared) {
		end := 6 + size + 4
		for {
			if d.completeInside(end) {
				d.refuse(f, Length, declared)
				return
			}
			if d.have() >= end {
				break
			}
			if !d.fill() {
				d.refuse(f, Cut, declared)
				return
			}
		}
		if i < known.tried && size != known.good {
			continue
		}
		if got, ok := d.check(o, d.r, size); ok {
			d.accept(f, got, size)
			return
		}
	}
	d.refuse(f, Length, declared)
}

// maxHeader is how far into the data segment the MN is looked for.
const maxHeader = 256

// optionsOf are the options of the frame at r. They wait for its MN as far as the shortest frame of its length goes.
func (d *Decoder) optionsOf(declared int) *Options {
	if d.opt.Of == nil {
		return &d.opt
	}
	for n := 0; ; {
		n = min(d.have(), 6+min(max(declared-6, 0), maxHeader))
		if mn, ok := mnOf(d.buf[d.r+6 : d.r+max(n, 6)]); ok {
			return d.optionsBy(mn)
		}
		if n == 6+min(max(declared-6, 0), maxHeader) || d.completeInside(n) || !d.fill() {
			return &d.opt
		}
	}
}

// optionsIn are those of a frame whose data have come.
func (d *Decoder) optionsIn(data []byte) *Options {
	if d.opt.Of != nil {
		if mn, ok := mnOf(data[:min(len(data), maxHeader)]); ok {
			return d.optionsBy(mn)
		}
	}
	return &d.opt
}

func (d *Decoder) optionsBy(mn []byte) *Options {
	if o := d.opt.Of(mn); o != nil {
		return o
	}
	return &d.opt
}

// mnOf is the MN of the beginning of a data segment, once the whole of it is there.
func mnOf(data []byte) (mn []byte, ok bool) {
	key := []byte("MN=")
	for from := 0; ; {
		i := bytes.Index(data[from:], key)
		if i < 0 {
			return nil, false
		}
		if from += i; from == 0 || data[from-1] == ';' {
			mn, _, ok = bytes.Cut(data[from+len(key):], []byte(";"))
			return bytes.TrimSpace(mn), ok
		}
		from += len(key)
	}
}

// sizes are how many bytes of data a length may mean, the fewest first; none for a length that leaves no data.
func (o *Options) sizes(declared int) []int {
	all := [...]int{declared - 6, declared - 4, declared}
	if !o.tolerates(CRCInLength) {
		return all[2:][:min(declared, 1)]
	}
	sizes := all[:]
	for len(sizes) > 0 && sizes[0] < 1 {
		sizes = sizes[1:]
	}
	return sizes
}

// begun is a place behind the frame that is tried where another may begin: ## and four digits, no more. Each is judged once.
type begun struct {
	at       int64
	declared int
	tried    int // of its sizes
	good     int // what the last of these is where the CRC fits, or 0
	opt      *Options
}

// pass forgets the places up to one, and returns what is known of that.
func (d *Decoder) pass(at int64) (known begun) {
	i := 0
	for ; i < len(d.starts) && d.starts[i].at <= at; i++ {
		if d.starts[i].at == at {
			known = d.starts[i]
		}
	}
	d.starts = slices.Delete(d.starts, 0, i)
	d.scanned = max(d.scanned, at+2)
	return known
}

// completeInside reports whether, in what has come, a good frame is complete before the one that is tried is, which
// ends at end.
func (d *Decoder) completeInside(end int) bool {
	upTo := min(d.have(), end)
	for from := int(d.scanned - d.offset(0)); from < upTo; {
		i := bytes.Index(d.buf[d.r+from:d.r+upTo], []byte("##"))
		if i < 0 {
			d.scanned = d.offset(max(from, upTo-1))
			break
		}
		if from += i; from+7 > upTo {
			d.scanned = d.offset(from)
			break
		}
		if b := d.buf[d.r+from+2:]; digitsOf(b, 4) && !isDigit(b[4]) {
			d.starts = append(d.starts, begun{at: d.offset(from), declared: fourDigits(d.buf[d.r+from+2:])})
		}
		from++
	}
	good := false
	for i := range d.starts {
		s := &d.starts[i]
		from := int(s.at - d.offset(0))
		if s.good > 0 || from+10+max(s.declared-6, 1) > upTo {
			good = good || s.good > 0 && from+10+s.good < end
			continue
		}
		if s.opt == nil {
			s.opt = d.optionsIn(d.buf[d.r+from+6 : d.r+upTo])
		}
		sizes := s.opt.sizes(s.declared)
		for s.good == 0 && s.tried < len(sizes) && from+10+sizes[s.tried] <= upTo {
			if _, fits := d.check(s.opt, d.r+from, sizes[s.tried]); fits {
				s.good = sizes[s.tried]
			}
			s.tried++
		}
		good = good || s.good > 0 && from+10+s.good < end
	}
	return good
}

func (o *Options) tolerates(t Tolerance) bool { return slices.Contains(o.Tolerate, t) }

// checked is how a frame passes.
type checked struct {
	data      []byte // in clear
	by        Tolerance
	encrypted bool
}

// check reports whether the CRC of the frame at buf[at] fits, if it has that much data.
func (d *Decoder) check(o *Options, at, size int) (got checked, ok bool) {
	data := d.buf[at+6 : at+6+size]
	crc, hex := hexCRC(d.buf[at+6+size:])
	if !hex {
		return got, false
	}
	if o.Cipher == nil {
		by, ok := o.fits(data, crc)
		return checked{data: data, by: by}, ok
	}
	// One of 256 frames has a CRC that fits what decrypting by any key makes of it, so it has to be text as well.
	if d.plain, ok = o.Cipher.open(d.plain[:0], data); ok && notText(d.plain) < 0 {
		if by, ok := o.fits(d.plain, crc); ok {
			return checked{data: d.plain, by: by, encrypted: true}, true
		}
	}
	by, ok := o.fits(data, crc)
	return checked{data: data, by: by}, ok && notText(data) < 0
}

func (o *Options) fits(data []byte, crc uint16) (by Tolerance, ok bool) {
	if CRC(data) == crc {
		return "", true
	}
	modbus, swapped := o.tolerates(Modbus), o.tolerates(ModbusSwapped)
	if !modbus && !swapped {
		return "", false
	}
	switch m := ModbusCRC(data); {
	case modbus && m == crc:
		return Modbus, true
	case swapped && m == crc<<8|crc>>8:
		return ModbusSwapped, true
	}
	return "", false
}

func (d *Decoder) accept(f *Frame, got checked, size int) {
	declared := fourDigits(d.buf[d.r+2:])
	if declared > longData {
		f.tell(Long, f.Offset+2, itoa(declared))
	}
	if got.by != "" {
		f.tell(Tolerated, f.Offset+int64(6+size), string(got.by))
	}
	if size != declared {
		f.tell(Tolerated, f.Offset+2, string(CRCInLength))
	}
	f.Encrypted, d.lastBad = got.encrypted, badCRC{}
	d.parser.version = d.now.Version
	d.parser.segment(f, got.data, f.Offset+6)
	if d.now.Cipher != nil && !got.encrypted && goesEncrypted(f.CN) && len(f.Items) > 0 {
		f.tell(NotEncrypted, f.Offset+6, f.CN)
	}
	f.Raw = append(f.Raw, d.buf[d.r:d.r+6+size+4]...)
	d.use(6 + size + 4)
	d.ended(f)
	f.Size = int(d.offset(0) - f.Offset)
}

// badCRC is a wrong CRC, and what it should have been.
type badCRC struct {
	text  string
	right uint16
}

// refuse takes the bytes of the frame at r that is none: up to the end of its line, or to where another may begin.
func (d *Decoder) refuse(f *Frame, why Name, declared int) {
	piece, ended := d.piece()
	body := bytes.TrimRight(piece, blanks)
	f.Size, f.Raw = len(piece), append(f.Raw, body...)
	f.Fault = &Note{Name: why, Offset: f.Offset, Bytes: Shown(piece), Count: 1}
	if why != LengthForm {
		d.judge(f, body, declared, why == Cut && !ended)
	}
	notes := len(f.Notes)
	d.parser.version = d.now.Version
	d.parser.segment(f, bytes.TrimLeft(body[2:], "0123456789"), f.Offset+6)
	f.Notes = f.Notes[:notes]
	if f.Fault.Name == CRCWrong {
		bad := badCRC{f.Fault.Bytes, CRC(body[6 : 6+declared])}
		if bad.text == d.lastBad.text && bad.right != d.lastBad.right {
			f.tell(CRCConstant, f.Fault.Offset, bad.text)
		}
		d.lastBad = bad
	}
	d.use(len(piece))
}

// piece is what is refused together, and whether its end was seen.
func (d *Decoder) piece() (piece []byte, ended bool) {
	for from := 2; ; {
		b := d.buf[d.r:min(d.w, d.r+maxPiece)]
		for ; from < len(b); from++ {
			i := bytes.IndexAny(b[from:], "\n#")
			if i < 0 {
				from = len(b)
				break
			}
			if from += i; b[from] == '\n' {
				return b[:from+1], true
			}
			if from+2 >= len(b) {
				break
			}
			if b[from+1] == '#' && isDigit(b[from+2]) {
				return b[:from], true
			}
		}
		if len(b) == maxPiece {
			return bytes.TrimRight(b, "#"), true
		}
		if !d.fill() {
			return d.buf[d.r:d.w], false
		}
	}
}

// judge says of a refused frame whose length stands there what is wrong with it, and what would have it pass.
func (d *Decoder) judge(f *Frame, body []byte, declared int, cut bool) {
	fault := f.Fault
	there := max(len(body)-10, 0)
	fault.Declared, fault.There = declared, there
	closes := func(n int) bool { return n >= 2 && 6+n <= len(body) && string(body[4+n:6+n]) == "&&" }
	switch {
	case there >= declared && declared > 0 && (there == declared || closes(declared)):
		fault.Offset += int64(6 + declared)
		text := body[6+declared : 10+declared]
		fault.Bytes = Shown(text)
		crc, hex := hexCRC(text)
		if fault.Name = CRCForm; !hex {
			return
		}
		fault.Name, fault.Bytes = CRCWrong, strings.ToUpper(string(text))
		data := body[6 : 6+declared]
		switch m := ModbusCRC(data); {
		case m == crc:
			fault.Fits = Modbus
		case m == crc<<8|crc>>8:
			fault.Fits = ModbusSwapped
		case d.now.Cipher != nil && goesEncrypted(cnOf(data)):
			fault.Name = Key
		}
	case cut && there < declared && !closes(there):
		fault.Name = Cut
	default:
		fault.Name = Length
		if over := declared - there; there > 0 && (over == 4 || over == 6) {
			if crc, hex := hexCRC(body[6+there:]); hex && crc == CRC(body[6:6+there]) {
				fault.Fits = CRCInLength
			}
		}
	}
}

func cnOf(data []byte) string {
	_, after, _ := bytes.Cut(data, []byte("CN="))
	return string(after[:min(4, len(after))])
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digitsOf(b []byte, n int) bool {
	for _, c := range b[:n] {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

func fourDigits(b []byte) int {
	return int(b[0]-'0')*1000 + int(b[1]-'0')*100 + int(b[2]-'0')*10 + int(b[3]-'0')
}
