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
func ParseEntry(leaf []byte) (Entry, error) {
	end := bytes.Index(leaf, []byte(dataMark))
	off := end + len(dataMark)
	if end < 0 || off >= len(leaf)-1 || leaf[len(leaf)-1] != '}' {
		return Entry{}, errors.New("ledger: a leaf without data")
	}
	if bytes.IndexByte(leaf, '\n') >= 0 {
		return Entry{}, errors.New("ledger: a leaf of more than one line")
	}
	var h struct {
		Kind  string `json:"kind"`
		At    string `json:"at"`
		Actor string `json:"actor"`
	}
	if err := json.Unmarshal(append(leaf[:end:end], '}'), &h); err != nil {
		return Entry{}, fmt.Errorf("ledger: leaf: %w", err)
	}
	at, err := time.Parse(TimeForm, h.At)
	if err != nil {
		return Entry{}, fmt.Errorf("ledger: leaf: %w", err)
	}
	e := Entry{Kind: h.Kind, At: at.In(Shanghai), Actor: h.Actor, Data: leaf[off : len(leaf)-1]}
	if !bytes.Equal(appendHead(make([]byte, 0, off), e.Kind, e.At, e.Actor), leaf[:off]) {
		return Entry{}, errors.New("ledger: a leaf in another form than leaves have")
	}
	return e, nil
}

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
