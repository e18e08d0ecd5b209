package hj212

import (
	"hash/maphash"
	"strconv"
	"strings"
)

// parser reads data segments. It keeps a table of keys from frame to frame, and nothing else.
type parser struct {
	version Version // of the register, or 0
	f       *Frame
	at      int64 // of the data segment in the stream
	stack   bool  // ST 31, whose factors had codes of two and three characters in 2005

	seen  []seenKey // the items of this frame, by the hash of their keys; nil where nobody asks
	keys  int       // how many of them are taken
	frame uint64
}

// seenKey holds no text: what it held of earlier frames would keep all of their bytes.
type seenKey struct {
	frame uint64
	item  int32
}

// seenSize is room for the keys of usual frames; it doubles as frames have more.
const seenSize = 256

var seed = maphash.MakeSeed()

// segment reads a data segment into f: of a refused frame the header alone. Offsets of notes within an encrypted CP are
// those of the plain text.
func (p *parser) segment(f *Frame, data []byte, at int64) {
	p.f, p.at, p.stack = f, at, false
	p.frame, p.keys = p.frame+1, 0
	text := string(data)
	if bad := notText(data); bad >= 0 {
		f.note(NotText, at+int64(bad), data[bad:])
	}
	cp := 0
	if !strings.HasPrefix(text, "CP=") {
		cp = strings.Index(text, ";CP=") + 1
	}
	switch {
	case cp > 0:
		p.header(text[:cp-1])
	case !strings.HasPrefix(text, "CP="):
		p.header(text)
		cp = len(text)
	}
	p.stack = f.ST == "31"
	p.judgeHeader()
	if f.Fault != nil {
		return
	}
	if cp == len(text) {
		f.tell(NoCP, at+int64(cp), "")
		return
	}
	body, from := text[cp+3:], cp+3
	if len(body) >= 4 && body[:2] == "&&" && body[len(body)-2:] == "&&" {
		p.items(body[2:len(body)-2], from+2)
		return
	}
	f.tell(CPForm, at+int64(cp), ShownText(body))
	open := 0
	for open < 2 && open < len(body) && body[open] == '&' {
		open++
	}
	inner, _, _ := strings.Cut(body[open:], "&&")
	p.items(strings.TrimSuffix(inner, "&"), from+open)
}

// ShownText is [Shown] of a text.
func ShownText(s string) string { return shown([]byte(s[:min(len(s), 2*maxShown)])) }

// header reads the fields before CP. Of a field that stands twice the first counts.
func (p *parser) header(text string) {
	for from := 0; from <= len(text); {
		end := strings.IndexByte(text[from:], ';')
		if end < 0 {
			end = len(text) - from
		}
		p.field(text[from:from+end], from)
		from += end + 1
	}
}

func (p *parser) field(text string, pos int) {
	f := p.f
	key, value, has := strings.Cut(text, "=")
	field := Field{Text: text, Key: p.trim(key, pos), Value: p.trim(value, pos)}
	f.Header = append(f.Header, field)
	if !has {
		name := NoEquals
		if text == "" {
			name = EmptyItem
		}
		p.tell(name, pos, text)
		return
	}
	for _, before := range f.Header[:len(f.Header)-1] {
		if before.Key == field.Key {
			p.tell(Repeated, pos, field.Key)
			return
		}
	}
	switch field.Key {
	case "QN":
		f.QN = field.Value
	case "ST":
		f.ST = field.Value
	case "CN":
		f.CN = field.Value
	case "PW":
		f.PW = field.Value
	case "MN":
		f.MN = field.Value
	case "Flag":
		n, err := strconv.ParseUint(field.Value, 10, 8)
		if f.HasFlag = err == nil; f.HasFlag {
			f.Flag = Flag(n)
		} else {
			p.tell(FieldForm, pos, text)
		}
	case "PNUM":
		f.Parts = p.part(field, pos)
	case "PNO":
		f.Part = p.part(field, pos)
	case "RF":
		if f.Resent = field.Value == "1"; !f.Resent {
			p.tell(FieldForm, pos, text)
		}
	default:
		p.tell(FieldUnknown, pos, field.Key)
	}
}

// maxParts is beyond what PNUM says in any message: 9,999 parts of a kilobyte.
const maxParts = 9999

func (p *parser) part(field Field, pos int) int {
	if !digits(field.Value) || len(field.Value) > 9 || field.Value == "" {
		p.tell(PartForm, pos, field.Text)
		return 0
	}
	n, _ := strconv.Atoi(field.Value) // nine digits
	return n
}

// judgeHeader notes what is unlike the standard in the fields as a whole.
func (p *parser) judgeHeader() {
	f := p.f
	flagText := ""
	for i := range f.Header {
		if f.Header[i].Key == "Flag" {
			flagText = f.Header[i].Value
			break
		}
	}
	f.Version = p.version
	if f.HasFlag {
		hint := f.Flag.Version()
		switch {
		case hint == 0:
			p.tell(VersionUnknown, 0, flagText)
		case p.version == 0:
			f.Version = hint
		case hint != p.version:
			p.tell(VersionDiffers, 0, flagText)
		}
	}
	p.judgeParts(flagText)
	for _, must := range [...]struct{ key, value string }{{"ST", f.ST}, {"CN", f.CN}, {"MN", f.MN}} {
		if must.value == "" {
			p.tell(FieldMissing, 0, must.key)
		}
	}
	if f.CN != "" && (len(f.CN) != 4 || !digits(f.CN)) {
		p.tell(FieldForm, 0, "CN="+f.CN)
	}
	if f.ST != "" && (len(f.ST) != 2 || !digits(f.ST)) {
		p.tell(FieldForm, 0, "ST="+f.ST)
	}
	switch {
	case f.QN == "" && f.Version != V2005:
		p.tell(FieldMissing, 0, "QN")
	case f.QN != "":
		if len(f.QN) != 17 || !digits(f.QN[14:]) {
			p.tell(TimeForm, 0, "QN="+f.QN)
		} else {
			p.time(f.QN[:14], 0)
		}
	}
}

func (p *parser) judgeParts(flagText string) {
	f := p.f
	if f.HasFlag && f.Flag.Split() != (f.Parts > 0 || f.Part > 0) {
		p.tell(SplitBit, 0, flagText)
	}
	if f.Parts == 0 && f.Part == 0 {
		return
	}
	shown := "PNUM=" + itoa(f.Parts) + ";PNO=" + itoa(f.Part)
	if f.Part < 1 || f.Part > f.Parts {
		p.tell(PartForm, 0, shown)
	}
	wide := [2]int{1e9, 1e8} // PNUM of nine digits and PNO of eight
	if f.Version == V2025 {
		wide = [2]int{1e6, 1e5}
	}
	if f.Parts >= wide[0] || f.Part >= wide[1] {
		p.tell(PartWidth, 0, shown)
	}
	if f.Parts > maxParts {
		p.tell(PartsMany, 0, itoa(f.Parts))
	}
}

// items reads what stands between && and &&.
func (p *parser) items(text string, pos int) {
	if text == "" {
		return
	}
	sep, from := byte(0), 0
	for i := 0; ; i++ {
		eq, dash := -1, -1
	scan:
		for ; i < len(text); i++ {
			switch text[i] {
			case ',', ';':
				break scan
			case '=':
				if eq < 0 {
					eq = i - from
				}
			case '-':
				if dash < 0 && eq < 0 {
					dash = i - from
				}
			}
		}
		p.f.Items = append(p.f.Items, Item{Sep: sep, Text: text[from:i]})
		p.read(&p.f.Items[len(p.f.Items)-1], eq, dash, pos+from)
		if i >= len(text) {
			return
		}
		sep, from = text[i], i+1
	}
}

// item reads one text alone.
func (p *parser) item(sep byte, text string) Item {
	it := Item{Sep: sep, Text: text}
	p.f = &Frame{}
	eq := strings.IndexByte(text, '=')
	p.read(&it, eq, strings.IndexByte(text[:max(eq, 0)], '-'), 0)
	return it
}

// read takes the text of an item apart: the places of = and of the - before it are known, or -1.
func (p *parser) read(it *Item, eq, dash, pos int) {
	if eq < 0 {
		name := NoEquals
		if it.Text == "" {
			name = EmptyItem
		}
		p.tell(name, pos, it.Text)
		it.Key = p.trim(it.Text, pos)
		return
	}
	it.Key, it.Value = p.trim(it.Text[:eq], pos), p.trim(it.Text[eq+1:], pos+eq+1)
	p.once(it.Key, pos)
	if dash < 0 {
		p.plain(it, pos)
		return
	}
	if len(it.Key) != eq { // blanks were cut off
		dash = strings.IndexByte(it.Key, '-')
	}
	it.Code, it.Kind = it.Key[:dash], it.Key[dash+1:]
	if len(it.Code) <= 3 && p.stack {
		if today, old := oldCodes[it.Code]; old {
			it.Code = today
			if p.f.Version != V2005 {
				p.tell(OldCode, pos, it.Key)
			}
		}
	}
	switch it.Kind {
	case DataFlag:
		if p.f.Version != V2005 && (len(it.Value) != 1 || strings.IndexByte(dataFlags, it.Value[0]) < 0) {
			p.tell(FlagUnknown, pos, it.Text)
		}
	case SampleTime:
		p.time(it.Value, pos)
	case EFlag:
	default:
		p.number(it, pos)
	}
}

const dataFlags = "NFMSDCTB"

// oldCodes are the codes of HJ/T 212-2005 for what a stack emits.
var oldCodes = map[string]string{
	"01": "a34013", "02": "a21026", "03": "a21002", "04": "a21005", "08": "a21024", "10": "a21001",
	"S01": "a19001", "S02": "a01011", "S03": "a01012", "B02": "a00000",
}

// plain reads an item of no factor, of which times matter.
func (p *parser) plain(it *Item, pos int) {
	switch it.Key {
	case "DataTime":
		if at := p.time(it.Value, pos); p.f.DataTime.IsZero() {
			p.f.DataTime = at
		}
	case "BeginTime", "EndTime", "SystemTime", "RestartTime":
		p.time(it.Value, pos)
	}
}

// once notes the key of the last item where it stood in this frame already.
func (p *parser) once(key string, pos int) {
	if p.seen == nil {
		return
	}
	if p.keys*2 >= len(p.seen) {
		items := p.f.Items[:len(p.f.Items)-1]
		p.seen, p.keys = make([]seenKey, 2*len(p.seen)), 0
		for i := range items {
			p.take(items[i].Key, i)
		}
	}
	if !p.take(key, len(p.f.Items)-1) {
		p.tell(Repeated, pos, key)
	}
}

// take is false where an item has the key already.
func (p *parser) take(key string, item int) bool {
	for i := maphash.String(seed, key); ; i++ {
		slot := &p.seen[i&uint64(len(p.seen)-1)]
		if slot.frame != p.frame {
			*slot = seenKey{p.frame, int32(item)}
			p.keys++
			return true
		}
		if p.f.Items[slot.item].Key == key {
			return false
		}
	}
}

func (p *parser) trim(s string, pos int) string {
	if s == "" || s[0] > ' ' && s[len(s)-1] > ' ' {
		return s
	}
	short := strings.Trim(s, " \t")
	if short != s {
		p.tell(Blank, pos, s)
	}
	return short
}

func (p *parser) tell(name Name, pos int, text string) {
	for i := range p.f.Notes {
		if p.f.Notes[i].Name == name {
			p.f.Notes[i].Count++
			return
		}
	}
	p.f.tell(name, p.at+int64(pos), ShownText(text))
}
