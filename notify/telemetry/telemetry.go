// Package telemetry is what instruments at enterprises say: the words that stations, readings and their keeping have in
// common.
//
// A station reports frames (package hj212) or readings as JSON. What came is kept first, byte for byte, as a [Received];
// readings follow from it and can be made anew from it at any time. All times are Beijing's. The label of a minute, an
// hour or a day is the start of that period (HJ 212-2017, appendix C); of a moment it is when the sample was taken.
package telemetry

import (
	"strings"
	"time"
)

// Point is one quantity of one instrument: ref.factor, or ref alone where it measures one thing and the list names no
// factor. A ref is an MN, or the number of a meter, a scale or a gate.
type Point string

// PointOf is the point of a factor; an empty factor is the ref alone.
func PointOf(ref, factor string) Point {
	if factor == "" {
		return Point(ref)
	}
	return Point(ref + "." + factor)
}

// Split is the ref and the factor of a point; factor is empty where it has none.
func (p Point) Split() (ref, factor string) {
	ref, factor, _ = strings.Cut(string(p), ".")
	return ref, factor
}

// Step is how long the period of a reading is.
type Step uint8

// The steps. A value of [Minute] stands for [Reading.Span] minutes, those of the station's interval.
const (
	Moment Step = iota + 1 // 2011: one sample; it never makes an hour, but for ST 44 and 45, which have nothing else
	Minute                 // 2051, 2111
	Hour                   // 2061, or made of minutes
	Day                    // 2031, or made of hours
)

// Flag is the data flag of HJ 212-2017: N normal, F instrument stopped, M maintenance, S set by hand, D fault, C
// calibration, T over range, B no communication; 0 where none came.
type Flag byte

// The flags.
const (
	Normal        Flag = 'N'
	Stopped       Flag = 'F'
	Maintenance   Flag = 'M'
	SetByHand     Flag = 'S'
	Fault         Flag = 'D'
	Calibration   Flag = 'C'
	OverRange     Flag = 'T'
	Communication Flag = 'B'
)

// Kind is one of the numbers that a reading may have; Kinds are several of them.
type Kind uint8

// Kinds is a set of [Kind].
type Kinds uint8

// The kinds. Those with Zs are converted to the reference oxygen (折算).
const (
	Avg   Kind = iota // mean of the period; of a moment the sample itself
	Min               //
	Max               //
	Total             // amount of the period (-Cou)
	ZsAvg             //
	ZsMin             //
	ZsMax             //
	ZsTotal
	kinds
)

// Values are the numbers of a reading, in the unit of its point; amounts in kg, those of a flow in m³, of kW in kWh, of
// t/h and kg/h in t, of a point whose unit counts amounts itself in that (readings.AmountUnit).
type Values struct {
	Has Kinds
	V   [kinds]float64
}

// Set puts a number in.
func (v *Values) Set(k Kind, x float64) { v.Has, v.V[k] = v.Has|1<<k, x }

// Get is a number, where it is there.
func (v *Values) Get(k Kind) (x float64, ok bool) { return v.V[k], v.Has&(1<<k) != 0 }

// Reading is what an instrument says of one period. Without values it says by its flag alone why there are none.
type Reading struct {
	Point  Point
	Step   Step
	At     time.Time // start of the period, of a moment its time
	Span   int       // minutes that a value of Minute stands for, or a sample where samples make hours; else 0
	Values Values
	Flag   Flag
	Resent bool // the station says that it is sent again or late (RF=1)
	// Part is that of an amount which adds up with the others of its period, a weighing or a vehicle: 1 and the
	// milliseconds from At to its own time. It is 0 where the reading is of all of the period.
	Part uint32
}
