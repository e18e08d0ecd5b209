package hj212

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Limits are what an [Assembler] holds at most; what is 0 is as in [DefaultLimits].
type Limits struct {
	Parts    int           // of a message
	Bytes    int           // of memory, about, for all parts that wait
	Messages int           // that are open
	Frames   int           // a message waits for so many frames in all
	Age      time.Duration // and so long after its last part
}

// DefaultLimits hold a megabyte for a station.
var DefaultLimits = Limits{Parts: 64, Bytes: 1 << 20, Messages: 16, Frames: 1000, Age: 10 * time.Minute}

// Assembler puts messages that come in parts together: parts of one MN, ST, CN and QN, or DataTime where QN is empty, by
// their PNO. It is for one stream, and never holds more than its limits: the message that waits longest is given up.
type Assembler struct {
	limits Limits
	open   []*message // the one whose last part is oldest first
	bytes  int
	frames int
}

type message struct {
	key   messageKey
	parts []*Frame // by PNO, nil for what has not come
	came  int
	bytes int
	at    time.Time // of the last part that came
	frame int       // how many frames had come then
}

type messageKey struct{ mn, st, cn, qn string }

// NewAssembler has the usual limits where none are given.
func NewAssembler(l Limits) *Assembler {
	usual := DefaultLimits
	return &Assembler{limits: Limits{
		Parts: cmp.Or(l.Parts, usual.Parts), Bytes: cmp.Or(l.Bytes, usual.Bytes),
		Messages: cmp.Or(l.Messages, usual.Messages), Frames: cmp.Or(l.Frames, usual.Frames),
		Age: cmp.Or(l.Age, usual.Age),
	}}
}

// Add takes a good frame that came at now. It returns the message that is whole with it: the frame itself where it is no
// part, else one whose head is that of the first part, and whose items are those of all parts in order, without an item
// that says the same in each; it has no Raw. Nothing is whole with a part that others wait for, or came before. gone are the parts that
// cannot become a message any more; Bytes names it.
func (a *Assembler) Add(f *Frame, now time.Time) (whole *Frame, gone []Note) {
	a.frames++
	gone = a.expire(now)
	switch {
	case f.Fault != nil:
		return nil, gone
	case f.Parts == 0 && f.Part == 0, f.Parts == 1 && f.Part == 1:
		return f, gone
	case f.Part < 1 || f.Part > f.Parts:
		return nil, append(gone, f.gone(PartForm))
	case f.Parts > a.limits.Parts || f.weight() > a.limits.Bytes:
		return nil, append(gone, f.gone(PartBeyond))
	}
	m, refused := a.place(f)
	if refused != nil {
		return nil, append(gone, *refused)
	}
	m.at, m.frame = now, a.frames
	a.open = append(a.open, m)
	if m.came == len(m.parts) {
		a.drop(len(a.open) - 1)
		return m.whole(), gone
	}
	for a.bytes > a.limits.Bytes || len(a.open) > a.limits.Messages {
		gone = append(gone, a.open[0].gone(PartsOver))
		a.drop(0)
	}
	return nil, gone
}

// Waiting is how many messages wait for a part.
func (a *Assembler) Waiting() int { return len(a.open) }

// Part is a part that waits. How long its message does is counted from the last part that came of it, which may be one
// that had come before and is not held again.
type Part struct {
	*Frame
	Last  time.Time // that part came
	Since int       // frames that came after it
}

// Parts are the parts that wait, those of the message that waits longest first.
func (a *Assembler) Parts() (out []Part) {
	for _, m := range a.open {
		for _, f := range m.parts {
			if f != nil {
				out = append(out, Part{Frame: f, Last: m.at, Since: a.frames - m.frame})
			}
		}
	}
	return out
}

// Restore gives an assembler that begins anew the [Assembler.Parts] of another one. It goes on as that would have: nothing
// is given up before the next frame comes.
func (a *Assembler) Restore(parts []Part) {
	for _, p := range parts {
		m, refused := a.place(p.Frame)
		if refused != nil {
			continue
		}
		m.at, m.frame = p.Last, a.frames-p.Since
		a.open = append(a.open, m)
	}
}

// place puts a part into its message, which is taken out of those that are open.
func (a *Assembler) place(f *Frame) (*message, *Note) {
	key := messageKey{f.MN, f.ST, f.CN, f.QN}
	if f.QN == "" {
		key.qn, _ = f.Value("DataTime")
	}
	i := slices.IndexFunc(a.open, func(m *message) bool { return m.key == key })
	if i < 0 {
		m := &message{key: key, parts: make([]*Frame, f.Parts)}
		a.put(m, f)
		return m, nil
	}
	m := a.open[i]
	if len(m.parts) != f.Parts {
		n := f.gone(PartDiffers)
		return nil, &n
	}
	switch before := m.parts[f.Part-1]; {
	case before == nil:
		a.put(m, f)
	case !same(before, f):
		n := f.gone(PartDiffers)
		return nil, &n
	}
	a.open = slices.Delete(a.open, i, i+1)
	return m, nil
}

func (a *Assembler) put(m *message, f *Frame) {
	m.parts[f.Part-1] = f.Clone()
	m.came++
	m.bytes += f.weight()
	a.bytes += f.weight()
}

// expire gives up what waited too long, by time or by frames.
func (a *Assembler) expire(now time.Time) (gone []Note) {
	for i := 0; i < len(a.open); {
		m := a.open[i]
		if now.Sub(m.at) <= a.limits.Age && a.frames-m.frame <= a.limits.Frames {
			i++
			continue
		}
		gone = append(gone, m.gone(PartsLate))
		a.drop(i)
	}
	return gone
}

func (a *Assembler) drop(i int) {
	a.bytes -= a.open[i].bytes
	a.open = slices.Delete(a.open, i, i+1)
}

// whole is the message of all parts.
func (m *message) whole() *Frame {
	w := m.parts[0].Clone()
	w.Parts, w.Part, w.Flag, w.Raw = 0, 0, w.Flag&^2, nil
	w.Header = slices.DeleteFunc(w.Header, func(f Field) bool { return f.Key == "PNUM" || f.Key == "PNO" })
	for i, f := range w.Header {
		if f.Key == "Flag" && w.HasFlag {
			value := itoa(int(w.Flag))
			w.Header[i] = Field{Text: "Flag=" + value, Key: "Flag", Value: value}
		}
	}
	said := map[string]bool{}
	for _, it := range w.Items {
		said[it.Text] = it.Code == ""
	}
	for _, part := range m.parts[1:] {
		w.Size += part.Size
		for i, it := range part.Items {
			if it.Code == "" && said[it.Text] {
				continue
			}
			if i == 0 {
				it.Sep = ';'
			}
			w.Items = append(w.Items, it)
		}
		if w.DataTime.IsZero() {
			w.DataTime = part.DataTime
		}
		for _, n := range part.Notes {
			if !w.Has(n.Name) {
				w.Notes = append(w.Notes, n)
			}
		}
	}
	return w
}

// weight is how much memory a part takes: an item is much larger than the two bytes it may be written in.
func (f *Frame) weight() int {
	const each = 128
	n := len(f.Raw)
	for _, field := range f.Header {
		n += len(field.Text) + each
	}
	for _, item := range f.Items {
		n += len(item.Text) + each
	}
	return n
}

func same(a, b *Frame) bool {
	return slices.EqualFunc(a.Items, b.Items, func(a, b Item) bool { return a.Text == b.Text })
}

func (f *Frame) gone(name Name) Note {
	return Note{Name: name, Offset: f.Offset, Count: 1,
		Bytes: ShownText(strings.Join([]string{f.MN, f.CN, f.QN, itoa(f.Part) + "/" + itoa(f.Parts)}, " "))}
}

func (m *message) gone(name Name) Note {
	first := m.parts[slices.IndexFunc(m.parts, func(f *Frame) bool { return f != nil })]
	return Note{Name: name, Offset: first.Offset, Count: 1, Bytes: ShownText(strings.Join(
		[]string{first.MN, first.CN, first.QN, itoa(m.came) + "/" + itoa(len(m.parts))}, " "))}
}
