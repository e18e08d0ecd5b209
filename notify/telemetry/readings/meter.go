package readings

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
)

// What a power company's table may hold.
const (
	MaxMeterFile = 16 << 20 // bytes
	maxCells     = 500_000  // values
	maxColumns   = 400
	maxLine      = 32 << 10 // bytes of a row
	perMessage   = 5000     // readings of a message that is made of it
)

// Ends says what a time in a table stands for, where a value is of a period: no public format fixes it.
type Ends string

// The ways to take a time.
const (
	Auto   Ends = ""      // its end where the table has 24:00 anywhere, else its start
	Starts Ends = "start" // of the period
	Stops  Ends = "end"
)

// MeterFile is what a table says: messages, each of one meter, in the order in which the meters come. A time is the start
// of a period in them; Ends is how the table's times were taken.
type MeterFile struct {
	Messages []Message
	Ends     Ends
	Notes    []Note // Code is the meter
}

// What is noticed in a table.
const (
	TurnedBack Name = "turned_back" // a register that is lower than before: the meter was changed, or turned over
	Gap        Name = "gap"         // two register readings are so far apart that nothing can be said of what is between
)

// ParseMeterCSV reads 15-minute or hourly power of meters as power companies export it, in UTF-8 or GB 18030, with a
// header: a row a value, of meter, time, and power (kW), energy (kWh) or register reading with its multiplier; or a row a
// meter and day, with a column a time of day. Where a table has several of these, energy stands before register readings
// and these before power. A register's readings become the energy between them. It refuses a table whole, with every
// wrong cell; an empty cell is a gap. Times without a zone are Beijing's. A row or a column that it does not need is
// left out: totals, other quantities.
func ParseMeterCSV(body []byte, ends Ends) (MeterFile, error) {
	t := sheet{ends: ends, meters: map[string]*metered{}}
	if err := t.read(body); err != nil {
		return MeterFile{}, err
	}
	if err := refusal.Input(t.wrong); err != nil {
		return MeterFile{}, err
	}
	if len(t.order) == 0 {
		return MeterFile{}, refusal.New(refusal.Invalid, "readings.meter.empty", nil)
	}
	if t.ends == Auto {
		if t.ends = Starts; t.has24 {
			t.ends = Stops
		}
	}
	out := MeterFile{Ends: t.ends}
	var told notes
	all := map[int]int{}
	for _, ref := range t.order {
		m := t.meters[ref]
		m.values = t.once(ref, m.values)
		gaps(all, m.values)
	}
	t.span = usual(all)
	for _, ref := range t.order {
		out.Messages = append(out.Messages, t.messages(ref, t.meters[ref], &told)...)
	}
	out.Notes = told
	if err := refusal.Input(t.wrong); err != nil {
		return MeterFile{}, err
	}
	return out, nil
}

// metered are the values of one meter as they stand in the table.
type metered struct {
	values []cell
	span   int // minutes of a period, where the table says it; else 0
	first  int // row of the table
}

// cell is a value at a time.
type cell struct {
	at    time.Time // as it is written; of a period that is written whole, its start
	start bool      // it is a start, however other times are taken
	value float64
	row   int
}

// messages are those of a meter.
func (t *sheet) messages(ref string, m *metered, told *notes) []Message {
	span, ok := t.spanOf(ref, m)
	values := m.values
	if !ok {
		return nil
	}
	step, name := telemetry.Minute, "1m"
	if span == 60 {
		step, name = telemetry.Hour, "1h"
	}
	long := time.Duration(span) * time.Minute
	if t.what == isRegister {
		values = differences(ref, values, long, told)
	}
	var out []Message
	for _, c := range values {
		at := c.at
		if t.ends == Stops && !c.start {
			at = at.Add(-long)
		}
		if !startOf(at, step, span).Equal(at) {
			t.refuse(c.row, "", "readings.meter.grid", refusal.Args{"value": refusal.Clock(c.at), "minutes": span})
			continue
		}
		if n := len(out); n == 0 || len(out[n-1].Sent) == perMessage {
			out = append(out, Message{Point: telemetry.Point(ref), Unit: t.unit, Step: name})
			if step == telemetry.Minute {
				out[n].SpanMin = span
			}
		}
		last := &out[len(out)-1]
		last.Sent = append(last.Sent, Sent{At: at, Value: &c.value})
	}
	return out
}

// once are the values of a meter by time, each once.
func (t *sheet) once(ref string, values []cell) []cell {
	slices.SortStableFunc(values, func(a, b cell) int { return a.at.Compare(b.at) })
	out := values[:0]
	for _, c := range values {
		if n := len(out); n > 0 && out[n-1].at.Equal(c.at) {
			if out[n-1].value != c.value {
				t.refuse(c.row, "", "readings.meter.twice",
					refusal.Args{"value": refusal.Clock(c.at), "meter": ref, "row": out[n-1].row})
			}
			continue
		}
		out = append(out, c)
	}
	return out
}

// gaps counts the times between values one behind the other, by their minutes, of those that divide an hour.
func gaps(count map[int]int, values []cell) {
	for i := 1; i < len(values); i++ {
		gap := values[i].at.Sub(values[i-1].at)
		if n := int(gap / time.Minute); gap%time.Minute == 0 && n > 0 && n <= 60 && 60%n == 0 {
			count[n]++
		}
	}
}

// usual is the gap that is most often there, the shortest of several, and 0 where none is.
func usual(count map[int]int) (minutes int) {
	for n := 1; n <= 60; n++ {
		if count[n] > count[minutes] {
			minutes = n
		}
	}
	return minutes
}

// spanOf is how many minutes a meter's periods last: as the table says, or else the time that is most often between its
// values, or where that is none, of a meter with gaps, that of all meters. A row that lies otherwise is refused by its place.
func (t *sheet) spanOf(ref string, m *metered) (int, bool) {
	own := map[int]int{}
	gaps(own, m.values)
	span := cmp.Or(m.span, usual(own), t.span)
	if span < 1 || span > 60 || 60%span != 0 {
		t.refuse(m.first, "", "readings.meter.interval", refusal.Args{"meter": ref})
		return 0, false
	}
	return span, true
}

// differences are the energy between register readings that are one period apart.
func differences(ref string, values []cell, long time.Duration, told *notes) []cell {
	var out []cell
	for i := 1; i < len(values); i++ {
		a, b := values[i-1], values[i]
		switch {
		case b.at.Sub(a.at) != long:
			told.tell(Gap, ref, refusal.Clock(a.at))
		case b.value < a.value:
			told.tell(TurnedBack, ref, refusal.Clock(b.at))
		default:
			out = append(out, cell{at: a.at, start: true, value: tidy(b.value - a.value), row: b.row})
		}
	}
	return out
}

// refuse notes a wrong place of the table.
func (t *sheet) refuse(row int, column, rule string, args refusal.Args) {
	path := fmt.Sprintf("row %d", row)
	if column != "" {
		path += ", column " + column
	}
	t.wrong.add(path, rule, args)
}

// clock is a time of day in minutes, or one period of it.
type clock struct{ from, to int } // to is 0 where one time alone is written

// span is the length of a period that is written whole, else 0.
func (c clock) span() int { return max(c.to-c.from, 0) }

// clockOf reads 0:15, 00:15:00, 24:00, 8时, 8点30分, and 00:00-00:15 or 8-9时.
func clockOf(plain string) (c clock, ok bool) {
	if m := clockForm.FindStringSubmatch(plain); m != nil {
		c.from, ok = minutesOf(m[1], cmp.Or(m[2], m[3]))
		return c, ok
	}
	m := periodForm.FindStringSubmatch(plain)
	if m == nil {
		return c, false
	}
	if c.from, ok = minutesOf(m[1], m[2]); !ok {
		return c, false
	}
	if c.to, ok = minutesOf(m[3], m[4]); c.to == 0 {
		c.to = day // 23:45-00:00
	}
	return c, ok && c.to > c.from
}

// day is the length of a day in minutes.
const day = 24 * 60
