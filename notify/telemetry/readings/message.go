package readings

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// What a message may hold.
const (
	MaxMessage = 780_000 // bytes
	MaxSent    = 10_000  // readings and passes together
)

// Message is what is reported as JSON: readings of one point, or the passes of a gate (contract.md §3, POST /telemetry).
// Step is 1m, 1h or 1d, and each time the start of such a period; SpanMin is how many minutes a value of 1m stands for.
// Without a step the values are of the minutes that their times lie in: then amounts of the same minute add up, whichever
// message each is in; one of the same time and value as another is the same, told again.
type Message struct {
	Point   telemetry.Point `json:"point"`
	Unit    string          `json:"unit,omitempty"` // empty is the registered one, or the usual one of the factor
	Step    string          `json:"step,omitempty"`
	SpanMin int             `json:"span_min,omitempty"`
	Sent    []Sent          `json:"readings,omitempty"`
	Passes  []Pass          `json:"passes,omitempty"`
}

// Sent is a value as it was reported; without one it says by its flag why there is none.
type Sent struct {
	At    time.Time `json:"at"`
	Value *float64  `json:"value,omitempty"`
	Flag  string    `json:"flag,omitempty"`
}

var (
	pointForm = regexp.MustCompile(`^[\p{L}\p{N}_-]{1,40}(?:\.[\p{L}\p{N}_-]{1,32})?$`)
	stepNames = map[string]telemetry.Step{"": telemetry.Minute, "1m": telemetry.Minute, "1h": telemetry.Hour,
		"1d": telemetry.Day}
)

// faults are the wrong places of a message, as many as a person mends at once.
type faults []refusal.Field

func (f *faults) add(path, rule string, args refusal.Args) {
	if len(*f) < 50 {
		*f = append(*f, refusal.Field{Path: path, Rule: rule, Args: args})
	}
}

// ParseMessage reads a message and refuses whatever of it does not depend on the register and the time of reception,
// each with its place. The errors are refusals.
func ParseMessage(body []byte) (Message, error) {
	var m Message
	if len(body) > MaxMessage {
		return m, refusal.New(refusal.TooLarge, "readings.too_large", refusal.Args{"limit": MaxMessage / 1000})
	}
	if err := refusal.Unmarshal(body, &m); err != nil {
		return Message{}, err
	}
	var wrong faults
	m.checkHead(&wrong)
	if len(m.Sent)+len(m.Passes) <= MaxSent {
		m.checkSent(&wrong)
		if m.Step != "" || m.Unit != "" && !IsAmount(m.Unit) { // else it depends on the registered unit
			m.checkOnce(&wrong)
		}
		for i := range m.Passes {
			m.Passes[i].Gate = m.Point
			m.Passes[i].check(fmt.Sprintf("passes[%d]", i), &wrong)
		}
	}
	if err := refusal.Input(wrong); err != nil {
		return Message{}, err
	}
	return m, nil
}

func (m *Message) checkHead(wrong *faults) {
	switch {
	case m.Point == "":
		wrong.add("point", "input.required", nil)
	case !pointForm.MatchString(string(m.Point)):
		wrong.add("point", "readings.point", refusal.Args{"value": refusal.Shown(string(m.Point))})
	}
	if len(m.Unit) > maxUnit {
		wrong.add("unit", "readings.unit_long", refusal.Args{"limit": maxUnit})
	}
	step, known := stepNames[m.Step]
	if !known {
		wrong.add("step", "readings.step", refusal.Args{"value": refusal.Shown(m.Step)})
	}
	switch {
	case m.SpanMin == 0:
	case known && step != telemetry.Minute:
		wrong.add("span_min", "readings.span_alone", nil)
	case m.SpanMin < 0 || m.SpanMin > 60:
		wrong.add("span_min", "readings.span", refusal.Args{"value": m.SpanMin})
	}
	switch n := len(m.Sent) + len(m.Passes); {
	case n == 0:
		wrong.add("readings", "readings.nothing", nil)
	case n > MaxSent:
		wrong.add("readings", "readings.many", refusal.Args{"count": n, "limit": MaxSent})
	}
}

// checkSent checks each reading.
func (m *Message) checkSent(wrong *faults) {
	step := stepNames[m.Step]
	for i := range m.Sent {
		s := &m.Sent[i]
		path := fmt.Sprintf("readings[%d]", i)
		_, known := flagOf(s.Flag)
		if !known {
			wrong.add(path+".flag", "readings.flag", refusal.Args{"value": refusal.Shown(s.Flag)})
		}
		switch {
		case s.Value == nil && (s.Flag == "" || s.Flag == "N"):
			wrong.add(path+".value", "readings.value_missing", nil)
		case s.Value != nil && math.Abs(*s.Value) > beyond:
			wrong.add(path+".value", "readings.beyond", refusal.Args{"value": fmt.Sprint(*s.Value)})
		}
		if s.At.IsZero() {
			wrong.add(path+".at", "input.required", nil)
			continue
		}
		start := startOf(s.At, step, m.SpanMin)
		if m.Step != "" && !start.Equal(s.At) {
			wrong.add(path+".at", "readings.not_start", refusal.Args{"value": refusal.Clock(s.At),
				"start": refusal.Clock(start)})
		}
	}
}

// checkOnce checks that no period is told twice.
func (m *Message) checkOnce(wrong *faults) {
	step := stepNames[m.Step]
	seen := make(map[int64]int, len(m.Sent))
	for i := range m.Sent {
		at := m.Sent[i].At
		start := startOf(at, step, m.SpanMin)
		if at.IsZero() || m.Step != "" && !start.Equal(at) {
			continue
		}
		if first, twice := seen[start.Unix()]; twice {
			wrong.add(fmt.Sprintf("readings[%d].at", i), "readings.twice",
				refusal.Args{"value": refusal.Clock(start), "first": first})
		}
		seen[start.Unix()] = i
	}
}

// beyond is larger than anything is measured, as the codec of HJ 212 has it.
const beyond = 1e12

// flagOf is a flag of HJ 212 by its letter; none is 0.
func flagOf(text string) (telemetry.Flag, bool) {
	switch text {
	case "":
		return 0, true
	case "N", "F", "M", "S", "D", "C", "T", "B":
		return telemetry.Flag(text[0]), true
	}
	return 0, false
}

// Body is the message as JSON, which ParseMessage reads back.
func (m *Message) Body() ([]byte, error) { return json.Marshal(m) }

// LogValue says what the message is of, without what it says: passes have plates.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("point", string(m.Point)), slog.Int("readings", len(m.Sent)),
		slog.Int("passes", len(m.Passes)))
}

// Readings are what the message says of its point, which is one of the station, received at a time. A rate also gives
// the amount of its period, and an amount the mean rate, where the point's unit is one. Passes give how many vehicles
// went through at each time. Of amounts that add up each is a reading with its [telemetry.Reading.Part], those of one time
// together, and where a minute has more than 20 all of it is one. A message that is refused for its unit or its times gives
// nothing at all; the errors are refusals with their places.
func (m *Message) Readings(st *telemetry.Station, received time.Time, opt Options) ([]telemetry.Reading, []Note,
	error) {
	_, code := m.Point.Split()
	t := teller{message: message{st: st, opt: opt.filled()}, m: m, code: code, step: stepNames[m.Step],
		known: Lookup(code)}
	if t.step == telemetry.Minute {
		t.span = max(m.SpanMin, 1)
	}
	var wrong faults
	if len(m.Sent) > 0 {
		t.units(&wrong)
		if m.Step == "" && m.Unit == "" && !t.adds {
			m.checkOnce(&wrong)
		}
	}
	t.times(received, &wrong)
	if err := refusal.Input(wrong); err != nil {
		return nil, nil, err
	}
	switch f := named(st, code); {
	case f == nil && code != "":
		t.tell(Unregistered, code, "")
	case len(m.Sent) > 0 && (f == nil || f.Unit == "") && (t.known == nil || t.known.Unit == ""):
		t.tell(UnitTaken, code, t.unit)
	}
	for i := range m.Sent {
		t.add(&m.Sent[i], received)
	}
	if len(m.Sent) == 0 {
		t.count()
	}
	t.together()
	return t.out, t.notes, nil
}

// teller makes readings of a message.
type teller struct {
	message
	m        *Message
	code     string
	known    *Known
	step     telemetry.Step
	span     int
	unit     string // of the point
	from, to Unit   // of the message and of the point, where both are known
	adds     bool   // values are amounts of times within a period
	out      []telemetry.Reading
}

// maxApart is how many parts of a minute a message gives one by one.
const maxApart = 20

// units settles from which unit to which.
func (t *teller) units(wrong *faults) {
	t.unit = UnitOf(t.st, t.code, t.m.Unit)
	sent := t.m.Unit
	if sent == "" {
		if f := named(t.st, t.code); f != nil {
			sent = f.Unit
		}
		if sent == "" {
			sent = t.unit
		}
	}
	t.adds = t.m.Step == "" && IsAmount(sent)
	var known, ours bool
	t.from, known = ParseUnit(sent)
	t.to, ours = ParseUnit(t.unit)
	switch {
	case t.unit == "":
		wrong.add("unit", "readings.unit_missing", nil)
	case !known && !ours && Usual(sent) == t.unit:
		t.from, t.to = Unit{}, Unit{}
	case !known || !ours:
		wrong.add("unit", "readings.unit_cannot", refusal.Args{"value": refusal.Shown(sent), "unit": t.unit})
	default:
		if _, ok := t.from.over(1, lasts(t.step, t.span).Hours(), t.to); !ok {
			wrong.add("unit", "readings.unit_cannot", refusal.Args{"value": refusal.Shown(sent), "unit": t.unit})
		}
	}
}

// times refuses what is not to be believed of the time.
func (t *teller) times(received time.Time, wrong *faults) {
	check := func(path string, at time.Time) {
		switch {
		case at.After(received.Add(t.opt.Ahead)):
			wrong.add(path, "readings.ahead", refusal.Args{"value": refusal.Clock(at),
				"received": refusal.Clock(received)})
		case at.Before(received.Add(-t.opt.Older)):
			wrong.add(path, "readings.old", refusal.Args{"value": refusal.Clock(at),
				"days": int(t.opt.Older.Hours() / 24)})
		}
	}
	for i := range t.m.Sent {
		check(fmt.Sprintf("readings[%d].at", i), t.m.Sent[i].At)
	}
	for i := range t.m.Passes {
		check(fmt.Sprintf("passes[%d].at", i), t.m.Passes[i].At)
	}
}

// add makes the reading of a value.
func (t *teller) add(s *Sent, received time.Time) {
	flag, _ := flagOf(s.Flag)
	r := telemetry.Reading{Point: t.m.Point, Step: t.step, At: startOf(s.At, t.step, t.span), Span: t.span, Flag: flag}
	if r.At.Add(lasts(t.step, t.span)).After(received.Add(t.opt.Ahead)) {
		t.tell(NotOver, t.code, refusal.Clock(r.At))
	}
	if s.Value != nil {
		r.Values = t.values(*s.Value)
		if r.Values.Has == 0 && IsValid(r.Flag) {
			r.Flag = telemetry.Fault
		}
	}
	if t.adds && IsValid(r.Flag) && r.Values.Has != 0 {
		r.Part = partOf(r.At, s.At)
	}
	t.out = append(t.out, r)
}

// partOf is the part of a period that begins at a time which came at another.
func partOf(start, at time.Time) uint32 { return uint32(at.Sub(start)/time.Millisecond) + 1 } // #nosec G115 -- below an hour

// together joins parts of the same time, and those of a period that has many; a flag without a value beside them says nothing.
func (t *teller) together() {
	type place struct {
		at   int64
		part uint32
	}
	parts := map[int64]int{}
	for i := range t.out {
		if t.out[i].Part > 0 {
			parts[t.out[i].At.Unix()]++
		}
	}
	where := map[place]int{}
	out := t.out[:0]
	for _, r := range t.out {
		p := place{at: r.At.Unix()}
		if parts[p.at] <= maxApart {
			p.part = r.Part
		}
		i, before := where[p]
		switch {
		case r.Part == 0 && parts[p.at] > 0:
		case r.Part == 0:
			out = append(out, r)
		case before:
			out[i].Values, out[i].Part = Together(out[i].Values, r.Values), min(out[i].Part, r.Part)
		default:
			where[p] = len(out)
			out = append(out, r)
		}
	}
	t.out = out
}

// Together are the values of two parts of a period.
func Together(v, w telemetry.Values) telemetry.Values {
	for k := telemetry.Avg; k <= telemetry.ZsTotal; k++ {
		if x, has := w.Get(k); has {
			before, _ := v.Get(k)
			v.Set(k, tidy(before+x))
		}
	}
	return v
}

// values are a number in the unit of the point.
func (t *teller) values(x float64) (v telemetry.Values) {
	kind := telemetry.Avg
	if IsAmount(t.unit) {
		kind = telemetry.Total
	}
	if standsForNone(&hj212.Item{Code: t.code, Number: x}, kind) {
		t.tell(NoValue, t.code, fmt.Sprint(x))
		return v
	}
	hours := lasts(t.step, t.span).Hours()
	if t.from.of == 0 {
		v.Set(kind, x)
		return v
	}
	own, _ := t.from.over(x, hours, t.to)
	v.Set(kind, own)
	if amount, ok := ParseUnit(AmountUnit(t.unit)); ok && kind == telemetry.Avg {
		if total, ok := t.from.over(x, hours, amount); ok {
			v.Set(telemetry.Total, total)
		}
	}
	if t.known != nil {
		v = t.belowZero(v, t.code, t.known)
	}
	return v
}

// count makes readings of the passes.
func (t *teller) count() {
	for i := range t.m.Passes {
		at := t.m.Passes[i].At
		r := telemetry.Reading{Point: t.m.Point, Step: telemetry.Minute, At: startOf(at, telemetry.Minute, 1), Span: 1}
		r.Values.Set(telemetry.Total, 1)
		r.Part = partOf(r.At, at)
		t.out = append(t.out, r)
	}
}
