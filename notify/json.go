package notify

import (
	"strconv"
	"time"
	"unicode/utf8"
)

// The appenders below write the JSON of the events that come by the hundred thousand. encoding/json reads their output
// back as the same value.

// AppendJSON appends the order's body. contact_ref stands last: render puts the contact in its place.
func (ev *Issued) AppendJSON(b []byte) []byte {
	b = appendMember(b, `{"id":`, ev.ID)
	b = appendMember(b, `,"warning_id":`, ev.WarningID)
	b = append(b, `,"revision":`...)
	b = strconv.AppendInt(b, int64(ev.Revision), 10)
	if ev.Supersedes == nil {
		b = append(b, `,"supersedes":null`...)
	} else {
		b = appendMember(b, `,"supersedes":`, *ev.Supersedes)
	}
	b = appendMember(b, `,"recipient_id":`, ev.RecipientID)
	b = appendMember(b, `,"recipient_name":`, ev.RecipientName)
	b = appendMember(b, `,"town":`, ev.Town)
	b = appendMember(b, `,"sector":`, ev.Sector)
	b = appendMember(b, `,"grade":`, ev.Grade)
	b = appendMember(b, `,"level":`, string(ev.Level))
	b = appendMember(b, `,"title":`, ev.Title)
	b = appendMember(b, `,"text":`, ev.Text)
	b = appendMember(b, `,"legal_basis":`, ev.LegalBasis)
	b = appendMember(b, `,"document_no":`, ev.DocumentNo)
	b = appendTime(append(b, `,"issued_at":`...), ev.IssuedAt)
	b = appendTime(append(b, `,"effective_from":`...), ev.EffectiveFrom)
	if ev.EndsAt == nil {
		b = append(b, `,"ends_at":null`...)
	} else {
		b = appendTime(append(b, `,"ends_at":`...), *ev.EndsAt)
	}
	b = appendTime(append(b, `,"acknowledge_by":`...), ev.AcknowledgeBy)
	b = appendMember(b, `,"list_version":`, ev.ListVersion)
	b = appendMember(b, `,"list_hash":`, ev.ListHash)
	b = strconv.AppendBool(append(b, `,"drill":`...), ev.Drill)
	b = appendOptional(b, `,"cause":`, string(ev.Cause))
	b = appendRaw(append(b, `,"plan":`...), ev.Plan)
	b = appendRaw(append(b, `,"measures":`...), ev.Measures)
	b = appendMember(b, contactMember, ev.ContactRef)
	return append(b, '}')
}

// contactMember is the last member of a body.
const contactMember = `,"contact_ref":`

// AppendJSON appends the event's JSON.
func (ev *Released) AppendJSON(b []byte) []byte {
	b = appendMember(b, `{"order_id":`, ev.OrderID)
	b = appendMember(b, `,"reason":`, string(ev.Reason))
	if ev.Words != 0 {
		b = strconv.AppendInt(append(b, `,"words":`...), int64(ev.Words), 10)
	}
	return append(b, '}')
}

// AppendJSON appends the event's JSON.
func (ev *Answered) AppendJSON(b []byte) []byte {
	b = appendMember(b, `{"order_id":`, ev.OrderID)
	b = appendMember(b, `,"action":`, ev.Action)
	b = appendOptional(b, `,"note_ref":`, ev.NoteRef)
	if len(ev.Measures) > 0 {
		b = appendList(append(b, `,"measures":`...), ev.Measures, func(b []byte, m *MeasureReport) []byte {
			return append(m.appendOpen(b), '}')
		})
	}
	if len(ev.Evidence) > 0 {
		b = appendStrings(append(b, `,"evidence":`...), ev.Evidence)
	}
	b = appendOptional(b, `,"digest":`, ev.Digest)
	if ev.Late {
		b = append(b, `,"late":true`...)
	}
	return append(appendProgress(b, ev.At, ev.Correction), '}')
}

// appendProgress appends what only some acts have.
func appendProgress(b []byte, at *time.Time, correction bool) []byte {
	if at != nil {
		b = appendTime(append(b, `,"at":`...), *at)
	}
	if correction {
		b = append(b, `,"correction":true`...)
	}
	return b
}

// AppendJSON appends the command as its block keeps it.
func (in Answer) AppendJSON(b []byte) []byte {
	b = appendMember(b, `{"recipient_id":`, in.RecipientID)
	b = appendMember(b, `,"order_id":`, in.OrderID)
	b = appendMember(b, `,"action":`, string(in.Action))
	b = appendOptional(b, `,"note_ref":`, in.NoteRef)
	b = appendOptional(b, `,"note_hash":`, in.NoteHash)
	if len(in.Measures) > 0 {
		b = appendList(append(b, `,"measures":`...), in.Measures, func(b []byte, m *MeasureAnswer) []byte {
			return append(appendOptional(m.appendOpen(b), `,"note_hash":`, m.NoteHash), '}')
		})
	}
	if len(in.Evidence) > 0 {
		b = appendStrings(append(b, `,"evidence":`...), in.Evidence)
	}
	return append(appendProgress(b, in.At, in.Correction), '}')
}

// appendOpen appends what is said of a measure, without the closing brace.
func (m *MeasureReport) appendOpen(b []byte) []byte {
	b = appendMember(b, `{"id":`, m.ID)
	if m.Value != nil {
		b = appendNumber(append(b, `,"value":`...), *m.Value)
	}
	return appendOptional(appendOptional(b, `,"unit":`, m.Unit), `,"note_ref":`, m.NoteRef)
}

// AppendJSON appends the event's JSON.
func (ev *Sent) AppendJSON(b []byte) []byte {
	b = appendStrings(append(b, `{"orders":`...), ev.Orders)
	return append(b, '}')
}

// appendList appends a JSON array of what each appends.
func appendList[T any](b []byte, list []T, each func([]byte, *T) []byte) []byte {
	b = append(b, '[')
	for i := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = each(b, &list[i])
	}
	return append(b, ']')
}

func appendStrings(b []byte, list []string) []byte {
	return appendList(b, list, func(b []byte, s *string) []byte { return appendString(b, *s) })
}

func appendMember(b []byte, name, value string) []byte {
	return appendString(append(b, name...), value)
}

func appendOptional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendMember(b, name, value)
}

func appendRaw(b, raw []byte) []byte {
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = append(b, '"')
	b = t.AppendFormat(b, time.RFC3339Nano)
	return append(b, '"')
}

const hexDigits = "0123456789abcdef"

// plain marks the ASCII bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := 0x20; c < 256; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD, as in encoding/json.
func appendString(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if plain[c] {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		case '\r':
			b = append(b, '\\', 'r')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// escapes is by how much s is longer at most as a JSON string than it is.
func escapes(s string) (n int) {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' {
			n += 5
		} else if c == '"' || c == '\\' {
			n++
		}
	}
	return n
}
