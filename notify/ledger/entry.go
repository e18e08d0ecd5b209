package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
	_ "time/tzdata" // a leaf's time is Asia/Shanghai wherever it is read
	"unicode/utf8"
)

// Entry is what a leaf says. A leaf is one line of JSON without its newline, its members in this order and without a
// space:
//
//	{"kind":"list.begun","at":"2016-12-16T18:00:00.000+08:00","actor":"duty","data":{…}}
//
// An entry has exactly one leaf: bytes that say the same in another form are no leaf.
type Entry struct {
	Kind  string
	At    time.Time // in [Shanghai], whole milliseconds
	Actor string
	Data  []byte // the event's own JSON, as it was recorded
}

// TimeForm is the form of a leaf's time: RFC 3339 with milliseconds and offset.
const TimeForm = "2006-01-02T15:04:05.000Z07:00"

// Shanghai is the zone of every time in the record.
var Shanghai = func() *time.Location {
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err) // the zone data is linked in
	}
	return loc
}()

// dataMark ends what stands before the data. No JSON string holds it: a quotation mark inside one is escaped.
const dataMark = `,"data":`

// AppendEntry appends a leaf to dst; data appends the event's JSON, one line, to what it is given. A part of a
// millisecond is cut.
func AppendEntry(dst []byte, kind string, at time.Time, actor string, data func([]byte) ([]byte, error)) ([]byte,
	error) {
	dst, err := data(appendHead(dst, kind, at, actor))
	return append(dst, '}'), err
}

func appendHead(dst []byte, kind string, at time.Time, actor string) []byte {
	dst = append(dst, `{"kind":`...)
	dst = AppendString(dst, kind)
	dst = append(dst, `,"at":"`...)
	dst = at.In(Shanghai).AppendFormat(dst, TimeForm)
	dst = append(dst, `","actor":`...)
	dst = AppendString(dst, actor)
	return append(dst, dataMark...)
}

// ParseEntry reads a leaf; Data is a part of it. It does not look at what the data say.
func ParseEntry(leaf []byte) (Entry, error) { return new(Parser).Parse(leaf) }

// Parser is [ParseEntry] for many leaves: one that begins like the leaf before costs less. The zero value is ready.
type Parser struct {
	kind, actor string    // of the leaf before
	hour        string    // the beginning of its time, up to the minutes, where the whole hour is at the same offset
	since       time.Time // when that hour began
}

// Parse is [ParseEntry].
func (p *Parser) Parse(leaf []byte) (Entry, error) {
	if bytes.IndexByte(leaf, '\n') >= 0 {
		return Entry{}, errors.New("ledger: a leaf of more than one line")
	}
	e, off := p.plainHead(leaf)
	if off == 0 {
		end := bytes.Index(leaf, []byte(dataMark))
		if end < 0 {
			return Entry{}, errNoData
		}
		off = end + len(dataMark)
		var err error
		if e, err = anyHead(leaf[:off]); err != nil {
			return Entry{}, err
		}
	}
	if off >= len(leaf)-1 || leaf[len(leaf)-1] != '}' {
		return Entry{}, errNoData
	}
	e.Data = leaf[off : len(leaf)-1]
	return e, nil
}

var errNoData = errors.New("ledger: a leaf without data")

// anyHead reads what stands before the data, its mark included, whatever is escaped in it.
func anyHead(head []byte) (Entry, error) {
	end := len(head) - len(dataMark)
	var h struct {
		Kind  string `json:"kind"`
		At    string `json:"at"`
		Actor string `json:"actor"`
	}
	if err := json.Unmarshal(append(head[:end:end], '}'), &h); err != nil {
		return Entry{}, fmt.Errorf("ledger: leaf: %w", err)
	}
	at, err := time.Parse(TimeForm, h.At)
	if err != nil {
		return Entry{}, fmt.Errorf("ledger: leaf: %w", err)
	}
	e := Entry{Kind: h.Kind, At: at.In(Shanghai), Actor: h.Actor}
	if !bytes.Equal(appendHead(make([]byte, 0, len(head)), e.Kind, e.At, e.Actor), head) {
		return Entry{}, errors.New("ledger: a leaf in another form than leaves have")
	}
	return e, nil
}

// plainHead reads what stands before the data, and says where they begin, where nothing of it is escaped and the time is
// eight hours ahead of UTC, which is nearly always; else they begin at 0. Whatever it takes, anyHead takes for the same; it
// is several times as fast.
func (p *Parser) plainHead(leaf []byte) (e Entry, off int) {
	kind, rest, ok := plainMember(leaf, `{"kind":"`)
	if !ok {
		return e, 0
	}
	at, rest, ok := plainMember(rest, `,"at":"`)
	if !ok {
		return e, 0
	}
	if e.At, ok = p.plainTime(at); !ok {
		return e, 0
	}
	actor, rest, ok := plainMember(rest, `,"actor":"`)
	if !ok || !bytes.HasPrefix(rest, []byte(dataMark)) {
		return e, 0
	}
	if p.kind != string(kind) {
		p.kind = string(kind)
	}
	if p.actor != string(actor) {
		p.actor = string(actor)
	}
	e.Kind, e.Actor = p.kind, p.actor
	return e, len(leaf) - len(rest) + len(dataMark)
}

// plainMember reads a member from what stands before its text to the quotation mark behind it.
func plainMember(from []byte, before string) (text, rest []byte, ok bool) {
	if len(from) < len(before) || string(from[:len(before)]) != before {
		return nil, nil, false
	}
	from = from[len(before):]
	for i, c := range from {
		switch {
		case c == '"':
			return from[:i], from[i+1:], true
		case c < 0x20 || c == '\\' || c >= utf8.RuneSelf: // it may be written otherwise: see [AppendString]
			return nil, nil, false
		}
	}
	return nil, nil, false
}

// plainForm is [TimeForm] with the offset that Shanghai has, 0 for each digit.
const plainForm = "0000-00-00T00:00:00.000+08:00"

// plainTime reads a time in plainForm. It refuses what is no time, and what Shanghai's clocks do not show so.
func (p *Parser) plainTime(text []byte) (at time.Time, ok bool) {
	const date = len("0000-00-00T00:00:00.000")
	if len(text) != len(plainForm) {
		return at, false
	}
	two := func(i int) int { return int(text[i]-'0')*10 + int(text[i+1]-'0') }
	known := len(p.hour) // what is the same was looked at
	if known == 0 || string(text[:known]) != p.hour {
		known = 0
	}
	for i, c := range []byte(plainForm)[known:] {
		if is := text[known+i]; is != c && (c != '0' || known+i >= date || is < '0' || is > '9') {
			return at, false
		}
	}
	if minute, second := two(14), two(17); known > 0 && minute < 60 && second < 60 {
		return p.since.Add(time.Duration(minute)*time.Minute + time.Duration(second)*time.Second +
			time.Duration(two(20)*10+int(text[22]-'0'))*time.Millisecond), true
	}
	month, day, hour, minute, second := time.Month(two(5)), two(8), two(11), two(14), two(17)
	if hour > 23 || minute > 59 || second > 59 {
		return at, false
	}
	utc := time.Date(two(0)*100+two(2), month, day, hour, minute, second, (two(20)*10+int(text[22]-'0'))*1e6, time.UTC)
	if _, m, d := utc.Date(); m != month || d != day { // as of 31 November
		return at, false
	}
	const ahead = 8 * 3600
	at = utc.Add(-ahead * time.Second).In(Shanghai)
	_, offset := at.Zone()
	const upToMinutes = len("0000-00-00T00:")
	if year := two(0)*100 + two(2); offset == ahead && year >= lastChange {
		p.hour, p.since = string(text[:upToMinutes]), at.Truncate(time.Hour)
	}
	return at, offset == ahead
}

// lastChange is the year from which on Shanghai's clocks never changed.
const lastChange = 1992

// AppendString appends s as a JSON string as leaves have it: plain ASCII, the common case, without the encoder.
func AppendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, err := json.Marshal(s)
			if err != nil {
				panic(err) // a string always encodes
			}
			return append(dst, text...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
