package readings

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Options are what is settled nowhere and so is a setting; what is 0 is as in [Defaults].
type Options struct {
	Ahead    time.Duration // by how much the time of data may be later than their reception
	Older    time.Duration // by how much it may be earlier: nothing older is kept
	O2Most   float64       // per cent of oxygen beyond which nothing is converted
	Negative Below         // what becomes of a concentration below zero
}

// Below says what becomes of a concentration below zero, which a drifting zero makes of clean air.
type Below string

// The ways to take one. No text says which is right.
const (
	Keep Below = "keep" // it stands
	Zero Below = "zero" // it counts as 0
	None Below = "none" // it is no value
)

// Defaults are the usual options.
var Defaults = Options{Ahead: 10 * time.Minute, Older: 400 * 24 * time.Hour, O2Most: 19, Negative: Keep}

func (o Options) filled() Options {
	if o.Ahead == 0 {
		o.Ahead = Defaults.Ahead
	}
	if o.Older == 0 {
		o.Older = Defaults.Older
	}
	if o.O2Most == 0 {
		o.O2Most = Defaults.O2Most
	}
	if o.Negative == "" {
		o.Negative = Defaults.Negative
	}
	return o
}

// maxFactors are more than any message has.
const maxFactors = 1000

// StepOf is what the values of a command are of; false for a command that brings none. Span is the minutes that a value
// stands for, where the command says it.
func StepOf(cn string) (step telemetry.Step, span int, ok bool) {
	switch cn {
	case "2011", "2021":
		return telemetry.Moment, 0, true
	case "2051":
		return telemetry.Minute, 0, true
	case "2111":
		return telemetry.Minute, 5, true
	case "2061":
		return telemetry.Hour, 0, true
	case "2031", "2041":
		return telemetry.Day, 0, true
	}
	return 0, 0, false
}

// SamplesMakeHours reports whether a station's samples are all there is of it, so that they make hours: those of ST 44
// (power) and 45 (process), which have CN 2011 alone (HJ 212-2025).
func SamplesMakeHours(st *telemetry.Station) bool { return st.ST == "44" || st.ST == "45" }

// Of is what a whole message of a station says, of whose parts none is missing. It is received in Beijing's time or any
// other; the readings' times are Beijing's. A message of which nothing can be read has notes alone, one that brings no
// data has neither.
func Of(st *telemetry.Station, f *hj212.Frame, received time.Time, opt Options) ([]telemetry.Reading, []Note) {
	step, span, ok := StepOf(f.CN)
	if !ok {
		return nil, nil
	}
	m := message{st: st, opt: opt.filled(), step: step, span: span, old: f.Version == hj212.V2005}
	switch {
	case step == telemetry.Minute && span == 0:
		m.span = min(usually(st.MinuteMin, telemetry.UsualMinuteMin), 60)
	case step == telemetry.Moment && SamplesMakeHours(st):
		m.span = min((usually(st.SampleS, telemetry.UsualSampleS)+59)/60, maxSample)
	}
	m.factors = make([]factor, 0, min(len(f.Items)/4+2, maxFactors))
	for i := range f.Items {
		if f.Items[i].Code != "" {
			m.take(&f.Items[i])
		}
	}
	if len(m.factors) == 0 {
		return nil, m.notes
	}
	if st.ST != "" && f.ST != "" && f.ST != st.ST {
		m.tell(OtherStation, "", f.ST)
	}
	at, ok := m.time(f.DataTime, received)
	if !ok {
		return nil, m.notes
	}
	return m.readings(at, received, f.Resent), m.notes
}

func usually(n, usual int) int {
	if n <= 0 {
		return usual
	}
	return n
}

// maxSample is the longest time, in minutes, that one sample stands for where samples are all there is: a quarter of an
// hour, as electricity is metered.
const maxSample = 15

// message gathers what stands in one message by factor.
type message struct {
	notes
	st      *telemetry.Station
	opt     Options
	step    telemetry.Step
	span    int
	old     bool
	factors []factor
	index   map[string]int // of factors, where there are more than a few
}

// factor is what a message says of one.
type factor struct {
	code     string
	values   telemetry.Values // as they came
	flag     telemetry.Flag
	sampled  time.Time // by SampleTime
	state    bool      // Avg is the state of a facility
	hours    float64   // it ran
	hasHours bool
	lost     bool // a mean or a sample came that is no value
}

// take puts an item with the others of its factor.
func (m *message) take(it *hj212.Item) {
	f := m.factor(it.Code)
	if f == nil {
		return
	}
	switch it.Kind {
	case hj212.DataFlag:
		m.flag(f, it)
	case hj212.SampleTime:
		if at, err := time.ParseInLocation("20060102150405", it.Value, hj212.Beijing); err == nil &&
			f.sampled.IsZero() {
			f.sampled = at
		}
	case hj212.EFlag:
	case hj212.State:
		m.state(f, it)
	case hj212.RunTime:
		switch {
		case !it.IsNumber || it.Number < 0 || it.Number > 24:
			m.tell(NoNumber, it.Code, it.Text)
		case !f.hasHours:
			f.hours, f.hasHours = it.Number, true
		case f.hours != it.Number:
			m.tell(Again, it.Code, it.Text)
		}
	default:
		m.value(f, it)
	}
}

// factor is where the values of a code are gathered; nil for what is no code.
func (m *message) factor(code string) *factor {
	if n := len(m.factors); n > 0 && m.factors[n-1].code == code { // the usual order
		return &m.factors[n-1]
	}
	if m.index != nil {
		if i, ok := m.index[code]; ok {
			return &m.factors[i]
		}
	} else {
		for i := range m.factors {
			if m.factors[i].code == code {
				return &m.factors[i]
			}
		}
	}
	switch {
	case !isCode(code):
		m.tell(CodeForm, "", code)
		return nil
	case len(m.factors) >= maxFactors:
		m.tell(TooMany, code, "")
		return nil
	}
	if len(m.factors) == 32 {
		m.index = map[string]int{}
		for i := range m.factors {
			m.index[m.factors[i].code] = i
		}
	}
	if m.index != nil {
		m.index[code] = len(m.factors)
	}
	m.factors = append(m.factors, factor{code: code})
	return &m.factors[len(m.factors)-1]
}

// isCode reports whether a text can name a factor, as the register has it: letters, digits, _ and -.
func isCode(s string) bool {
	return s != "" && utf8.RuneCountInString(s) <= 32 && !strings.ContainsFunc(s, func(r rune) bool {
		return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsNumber(r)
	})
}

func (m *message) state(f *factor, it *hj212.Item) {
	n := int(it.Number)
	switch {
	case !it.IsNumber || float64(n) != it.Number || n < 0 || n >= unknownTill:
		m.tell(NoState, it.Code, it.Text)
	case !f.state:
		f.state = true
		f.values.Set(telemetry.Avg, it.Number)
	default:
		if have, _ := f.values.Get(telemetry.Avg); have != it.Number {
			m.tell(Again, it.Code, it.Text)
		}
	}
}

// value takes a number, or notes why it is none.
func (m *message) value(f *factor, it *hj212.Item) {
	kind, ok := kindOf(it.Kind, m.step)
	switch {
	case !ok:
		m.tell(Kind, it.Code, it.Text)
		return
	case !it.IsNumber:
		m.tell(NoNumber, it.Code, it.Text)
	case standsForNone(it, kind):
		m.tell(NoValue, it.Code, it.Text)
	default:
		if have, twice := f.values.Get(kind); !twice {
			f.values.Set(kind, it.Number)
		} else if have != it.Number {
			m.tell(Again, it.Code, it.Text)
		}
		return
	}
	f.lost = f.lost || kind == telemetry.Avg
}

// kindOf is the number of a reading that a kind of value gives: a sample of a moment, all others of a period.
func kindOf(kind string, step telemetry.Step) (telemetry.Kind, bool) {
	if step == telemetry.Moment {
		switch kind {
		case hj212.Rtd:
			return telemetry.Avg, true
		case hj212.ZsRtd:
			return telemetry.ZsAvg, true
		}
		return 0, false
	}
	switch kind {
	case hj212.Avg:
		return telemetry.Avg, true
	case hj212.Min:
		return telemetry.Min, true
	case hj212.Max:
		return telemetry.Max, true
	case hj212.Cou:
		return telemetry.Total, true
	case hj212.ZsAvg:
		return telemetry.ZsAvg, true
	case hj212.ZsMin:
		return telemetry.ZsMin, true
	case hj212.ZsMax:
		return telemetry.ZsMax, true
	case hj212.ZsCou:
		return telemetry.ZsTotal, true
	}
	return 0, false
}

// standsForNone reports whether a number is one of those that loggers send where the instrument gives none. -99 is
// taken as a value of a pressure, which may be that low in Pa; the large ones count as none of means and samples alone,
// for an amount may be as large.
func standsForNone(it *hj212.Item, kind telemetry.Kind) bool {
	switch it.Number {
	case -999, -9999, -99999, -999999, -999.9, -999.99, -9999.9, -9999.99, -99999.99, -999.999:
		return true
	case -99, -99.9, -99.99:
		k := Lookup(it.Code)
		return k != nil && k.Sort != Pressure
	case 999.99, 999.999, 9999.99, 9999.999, 99999.99, 999999.99, 99999, 999999, 9999999:
		return kind != telemetry.Total && kind != telemetry.ZsTotal
	}
	return false
}

// flag reads a data flag; HJ/T 212-2005 had P for a power failure and, of stations of air, digits.
func (m *message) flag(f *factor, it *hj212.Item) {
	if f.flag != 0 {
		if string(rune(f.flag)) != it.Value {
			m.tell(Again, it.Code, it.Text)
		}
		return
	}
	switch v := strings.ToUpper(it.Value); {
	case len(v) == 1 && strings.Contains("NFMSDCTB", v):
		f.flag = telemetry.Flag(v[0])
	case m.old && v == "3":
		f.flag = telemetry.Normal
	case m.old && v == "0":
		f.flag = telemetry.Calibration
	default:
		f.flag = telemetry.Fault
		if !m.old || v != "P" && v != "2" {
			m.tell(FlagOther, it.Code, it.Text)
		}
	}
}

// time is the time of the data, if it is to be believed.
func (m *message) time(at, received time.Time) (time.Time, bool) {
	switch {
	case at.IsZero():
		m.tell(NoTime, "", "")
	case at.After(received.Add(m.opt.Ahead)):
		m.tell(TimeAhead, "", at.Format(time.DateTime))
	case at.Before(received.Add(-m.opt.Older)):
		m.tell(TimeOld, "", at.Format(time.DateTime))
	default:
		return at, true
	}
	return at, false
}

// startOf is the start of the period that a time lies in, in Beijing; periods of span minutes are counted from midnight.
func startOf(at time.Time, step telemetry.Step, span int) time.Time {
	at = at.In(hj212.Beijing)
	year, month, day := at.Date()
	midnight := time.Date(year, month, day, 0, 0, 0, 0, hj212.Beijing)
	switch step {
	case telemetry.Day:
		return midnight
	case telemetry.Hour:
		return at.Truncate(time.Hour)
	case telemetry.Minute:
		period := time.Duration(max(span, 1)) * time.Minute
		return midnight.Add(at.Sub(midnight) / period * period)
	}
	return at
}

// lasts is how long the period of a reading is; 0 of a moment.
func lasts(step telemetry.Step, span int) time.Duration {
	switch step {
	case telemetry.Minute:
		return time.Duration(max(span, 1)) * time.Minute
	case telemetry.Hour:
		return time.Hour
	case telemetry.Day:
		return 24 * time.Hour
	}
	return 0
}
