package simulate

import (
	"fmt"
	"math"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// MeterKind is what an instrument counts that reports over HTTP.
type MeterKind string

// The kinds of meters.
const (
	PowerMeter  MeterKind = "power"   // kW, the mean of a quarter of an hour
	EnergyMeter MeterKind = "energy"  // kWh of a quarter of an hour
	Feeder      MeterKind = "feeder"  // t/h of coal or waste, the mean of an hour
	Scale       MeterKind = "scale"   // t that were weighed in an hour
	Drive       MeterKind = "drive"   // Hz of a fan of the treatment, the mean of an hour
	Reagent     MeterKind = "reagent" // t/h of limestone or the like, the mean of an hour
	Gate        MeterKind = "gate"    // heavy trucks that pass
)

// MeterKinds are those there are.
func MeterKinds() []MeterKind {
	return []MeterKind{PowerMeter, EnergyMeter, Feeder, Scale, Drive, Reagent, Gate}
}

// meterSpec is how a kind of meter reports.
type meterSpec struct {
	unit     string
	span     int64   // seconds
	idle     float64 // of the full value, without load
	step     string  // as a message has it
	decimals int
	amount   bool // of the period, and no mean
	treats   bool // it follows the treatment and not the load
}

var meterSpecs = map[MeterKind]meterSpec{
	PowerMeter:  {unit: "kW", span: 900, idle: 0.05, step: "1m", decimals: 2},
	EnergyMeter: {unit: "kWh", span: 900, idle: 0.05, step: "1m", decimals: 2, amount: true},
	Feeder:      {unit: "t/h", span: 3600, step: "1h", decimals: 2},
	Scale:       {unit: "t", span: 3600, step: "1h", decimals: 2, amount: true},
	Drive:       {unit: "Hz", span: 3600, step: "1h", decimals: 1, treats: true},
	Reagent:     {unit: "t/h", span: 3600, step: "1h", decimals: 2, treats: true},
	Gate:        {unit: "辆次", span: 3600},
}

// Meter is an instrument that reports over HTTP, and the plant it is at.
type Meter struct {
	Ref       string
	Factor    string // empty where it measures one thing
	Name      string
	Recipient string
	Kind      MeterKind
	Plant     *Plant
	Unit      string  // as it says; empty is the usual one of its kind
	Full      float64 // value at full load, of an amount in an hour; of a gate trucks an hour; 0 is as the plant has it
	Under     float64 // of a drive or a reagent while an order is followed
}

// check refuses a meter that cannot report.
func (m *Meter) check() error {
	switch {
	case m.Plant == nil:
		return fmt.Errorf("meter %s has no plant", m.Ref)
	case m.Ref == "" || meterSpecs[m.Kind].span == 0:
		return fmt.Errorf("meter %q: %q is none of the kinds of meters %v", m.Ref, m.Kind, MeterKinds())
	case m.full() <= 0 || math.IsInf(m.Full, 0) || math.IsNaN(m.Full) || m.Under < 0:
		return fmt.Errorf("meter %s: a full value above 0 is needed, not %g", m.Ref, m.full())
	}
	return nil
}

// Registered is the meter as a register has it.
func (m *Meter) Registered() telemetry.Station {
	st := telemetry.Station{MN: m.Ref, Name: m.Name, Recipient: m.Recipient}
	if st.Name == "" {
		st.Name = m.Ref
	}
	if m.Factor != "" {
		st.Outlets = []telemetry.Outlet{{Name: st.Name, Factors: []telemetry.Factor{{Code: m.Factor, Unit: m.unit()}}}}
	}
	return st
}

// Point is the point of its readings.
func (m *Meter) Point() telemetry.Point { return telemetry.PointOf(m.Ref, m.Factor) }

func (m *Meter) unit() string {
	if m.Unit != "" {
		return m.Unit
	}
	return meterSpecs[m.Kind].unit
}

func (m *Meter) full() float64 {
	switch {
	case m.Full != 0:
		return m.Full
	case m.Kind == PowerMeter || m.Kind == EnergyMeter:
		return m.Plant.Power
	case m.Kind == Feeder || m.Kind == Scale:
		return m.Plant.Feed
	}
	return 0
}

// value is what it says of the period that begins at a time. A gate has passes.
func (m *Meter) value(at int64) float64 {
	s, p := meterSpecs[m.Kind], m.Plant
	noise := of(p.Seed, "meter "+m.Ref+m.Factor)
	sum, n := 0.0, int64(0)
	for t := at + 150; t < at+s.span; t += 300 {
		share := p.load(t)
		if s.treats {
			share = 1 + (m.Under/m.full()-1)*p.follows(t)
			if m.Under == 0 {
				share = 1
			}
		}
		sum += s.idle + (1-s.idle)*share
		n++
	}
	v := m.full() * sum / float64(n) * (1 + 0.01*noise.swing(at/s.span))
	if s.amount {
		v *= float64(s.span) / 3600
	}
	return round(v, s.decimals)
}

// Pass is a truck at a gate. Its plate is no real one.
type Pass struct {
	At       time.Time `json:"at"`
	Plate    string    `json:"plate"`
	Standard string    `json:"standard"`
	Fuel     string    `json:"fuel"`
}

// Of ten trucks so many are of each standard; an order lets the two below 国五 in no more.
var standards = [10]string{"国六", "国六", "国六", "国六", "国五", "国五", "国五", "国五", "国四", "国三"}

const dirtiest = 8 // from here on they are below 国五

// passes are the trucks of the hour that begins at a time.
func (m *Meter) passes(at int64) (out []Pass) {
	p := m.Plant
	chance := of(p.Seed, "gate "+m.Ref)
	n := int(m.Full*(p.load(at+1800)) + chance.unit(at))
	for i := range n {
		k := at + int64(i)
		t := at + int64((float64(i)+chance.unit(^k))*3600/float64(n))
		truck := chance.bits(k) % 400 // the same trucks come again
		kind := int(truck % 10)
		if kind >= dirtiest && of(p.Seed, "turned away").unit(k) < p.follows(t) {
			continue
		}
		out = append(out, Pass{At: time.Unix(t, 0).In(hj212.Beijing), Plate: fmt.Sprintf("示A%05d", truck),
			Standard: standards[kind], Fuel: "柴油"})
	}
	return out
}

// Message is a report of a meter, as POST /telemetry takes it (contract.md §3).
type Message struct {
	Point    telemetry.Point `json:"point"`
	Unit     string          `json:"unit"`
	Step     string          `json:"step,omitempty"`
	SpanMin  int64           `json:"span_min,omitempty"`
	Readings []Report        `json:"readings,omitempty"`
	Passes   []Pass          `json:"passes,omitempty"`
}

// Report is a value of a message; At is the start of its period.
type Report struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
	Flag  string    `json:"flag"`
}

// Message is what the meter reports of the periods that begin from a time on and end by another; ok is false where none
// does.
func (m *Meter) Message(from, to time.Time) (msg Message, ok bool) {
	s := meterSpecs[m.Kind]
	msg = Message{Point: m.Point(), Unit: m.unit(), Step: s.step}
	if s.step == "1m" {
		msg.SpanMin = s.span / 60
	}
	for at := m.next(from); at+s.span <= to.Unix(); at += s.span {
		ok = true
		if m.Kind == Gate {
			msg.Passes = append(msg.Passes, m.passes(at)...)
		} else {
			msg.Readings = append(msg.Readings, Report{timeOfUnix(at), m.value(at), "N"})
		}
	}
	return msg, ok
}

// next is the first period that begins at a time or behind it.
func (m *Meter) next(from time.Time) int64 {
	span := meterSpecs[m.Kind].span
	k, rest := divide(from.Unix(), span)
	if rest > 0 || from.Nanosecond() > 0 {
		k++
	}
	return k * span
}
