package simulate

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Kind is what a plant burns, or does.
type Kind string

// The kinds.
const (
	Coal    Kind = "coal"    // a unit of a power plant, ultra-low emissions
	Waste   Kind = "waste"   // a furnace of a waste incineration plant
	Gas     Kind = "gas"     // a gas boiler of a factory
	Coating Kind = "coating" // an outlet behind a paint shop: no combustion, no oxygen to convert to
)

// Kinds are those there are.
func Kinds() []Kind { return []Kind{Coal, Waste, Gas, Coating} }

// Plant is what makes the gas that a station measures and uses the power that a meter does. Its load is that of its
// kind by the time of day and the day of the week, times what its orders leave of it.
type Plant struct {
	Kind      Kind
	Seed      uint64
	Behaviour Behaviour // Obey where it is empty

	Flow  float64            // m³/s of dry gas under standard conditions at full load
	Feed  float64            // t/h of coal or waste at full load
	Power float64            // kW that it uses at full load
	Clean map[string]float64 // usual concentrations by code at full load, mg/m³ at the reference oxygen

	mu     sync.Mutex
	orders atomic.Pointer[[]Order]

	seasons, swings, smallSwings stream
}

// NewPlant is a plant of the usual size of its kind.
func NewPlant(k Kind, seed uint64) *Plant {
	s := specs[k]
	p := &Plant{Kind: k, Seed: seed, Behaviour: Obey, Flow: s.flow, Feed: s.feed, Power: s.power,
		Clean: map[string]float64{}}
	for code, c := range s.gases {
		p.Clean[code] = c.usual
	}
	p.seasons, p.swings, p.smallSwings = of(seed, "seasons"), of(seed, "load"), of(seed, "small load")
	return p
}

// Size gives the plant so much gas that it emits kg/h of a pollutant at full load. It is for a plant that nobody
// uses yet. Errors: a pollutant that it does not emit, a mass that is none.
func (p *Plant) Size(code string, kgPerHour float64) error {
	s, clean := specs[p.Kind], p.Clean[code]
	if clean <= 0 || !(kgPerHour > 0) {
		return fmt.Errorf("a plant of kind %s cannot emit %g kg/h of %q", p.Kind, kgPerHour, code)
	}
	if s.o2Ref > 0 {
		clean *= (21 - s.o2[0]) / (21 - s.o2Ref)
	}
	p.Flow = kgPerHour * 1e6 / 3600 / clean
	return nil
}

// spec is what plants of a kind have in common.
type spec struct {
	st      string
	factors []string       // that its station reports unless told otherwise
	day     [24]float64    // load by hour of a working day, full load is 1
	rest    float64        // of that on Saturdays and Sundays
	flow    float64        // m³/s
	feed    float64        // t/h
	power   float64        // kW
	o2Ref   float64        // reference oxygen, %; 0: nothing is converted
	o2      [2]float64     // % at full load, and what is added without load
	temp    [2]float64     // ℃ of the flue gas without load and at full load
	wet     [2]float64     // % of water without load and at full load
	speed   float64        // m/s in the stack at full load
	furnace [2]float64     // ℃ of the furnace at a third of the load and at full load
	gases   map[string]gas // what it emits
}

// gas is how a pollutant behaves.
type gas struct {
	usual float64 // mg/m³ at the reference oxygen
	low   float64 // what is added to it, as a share, for each tenth of load below a half: SCR needs its temperature
	swing float64 // how far it strays, as a share
}

// Loads and concentrations are what domain.md §4 has of ultra-low plants and of the orders of DB12/1101; the reference
// oxygen is 6 % for coal, 11 % for waste, 3 % for gas (domain.md §5).
var specs = map[Kind]spec{
	Coal: {
		st: "31", factors: []string{"a00000", "a19001", "a21026", "a21002", "a34013", "a01012", "a01013", "a01011", "a01014"},
		day: [24]float64{.62, .58, .56, .55, .56, .60, .70, .80, .86, .88, .88, .86,
			.83, .82, .83, .85, .88, .92, .95, .94, .90, .84, .76, .68},
		rest: .95, flow: 270, feed: 130, power: 12_000, o2Ref: 6, o2: [2]float64{5.2, 5.5}, temp: [2]float64{42, 50},
		wet: [2]float64{8, 12}, speed: 16,
		gases: map[string]gas{"a21026": {15, .02, .22}, "a21002": {38, .10, .12}, "a34013": {2, .03, .25}},
	},
	Waste: {
		st: "31", factors: []string{"a00000", "a19001", "a21026", "a21002", "a34013", "a21024", "a21005", "a01012", "a01901"},
		day: [24]float64{.93, .92, .92, .91, .91, .92, .93, .95, .97, .98, .98, .97,
			.96, .96, .97, .98, .98, .97, .97, .96, .96, .95, .94, .93},
		rest: 1, flow: 36, feed: 31, power: 2_200, o2Ref: 11, o2: [2]float64{8.2, 4}, temp: [2]float64{120, 148},
		wet: [2]float64{12, 19}, speed: 14, furnace: [2]float64{890, 985},
		gases: map[string]gas{"a21026": {12, .02, .35}, "a21002": {75, .04, .15}, "a34013": {3, .03, .3},
			"a21024": {6, .02, .4}, "a21005": {9, .15, .4}},
	},
	Gas: {
		st: "31", factors: []string{"a00000", "a19001", "a21026", "a21002", "a34013", "a01012"},
		day: [24]float64{.25, .22, .22, .22, .25, .35, .55, .78, .90, .95, .95, .90,
			.80, .85, .92, .95, .92, .85, .70, .55, .45, .38, .32, .28},
		rest: .55, flow: 6, power: 900, o2Ref: 3, o2: [2]float64{3.6, 4.5}, temp: [2]float64{70, 112}, wet: [2]float64{9, 15},
		speed: 11,
		gases: map[string]gas{"a21026": {3, .02, .3}, "a21002": {28, .03, .14}, "a34013": {2, .02, .3}},
	},
	Coating: {
		st: "27", factors: []string{"a00000", "a24088", "a01012", "a01011"},
		day: [24]float64{.08, .06, .06, .06, .06, .08, .20, .55, .85, .95, .97, .92,
			.60, .88, .96, .97, .95, .85, .62, .50, .42, .30, .18, .10},
		rest: .35, flow: 12, power: 1_500, temp: [2]float64{22, 38}, wet: [2]float64{2, 3}, speed: 12,
		gases: map[string]gas{"a24088": {22, 0, .25}},
	},
}

// beijing is what is added to seconds since 1970 to have days and hours begin with theirs.
const beijing = 8 * 60 * 60

// Load is the load at a time, where 1 is full load. It does not depend on when it is asked for.
func (p *Plant) Load(at time.Time) float64 { return p.load(at.Unix()) }

func (p *Plant) load(at int64) float64 { return p.usual(at) * p.ordered(at) }

// Usual is the load that the plant would have without orders.
func (p *Plant) Usual(at time.Time) float64 { return p.usual(at.Unix()) }

func (p *Plant) usual(at int64) float64 {
	s := specs[p.Kind]
	usual := s.curve(at)
	usual *= 1 + 0.03*p.swings.smooth(at, 3600) + 0.012*p.smallSwings.smooth(at, 600)
	usual *= 1 + 0.02*p.seasons.smooth(at, 7*24*3600)
	return max(0, min(usual, 1.05))
}

// curve is the load by the time of day; it moves from the middle of an hour to that of the next.
func (s *spec) curve(at int64) float64 {
	hour, rest := divide(at+beijing-1800, 3600)
	f := float64(rest) / 3600
	return s.hour(hour)*(1-f) + s.hour(hour+1)*f
}

// hour is the load in the middle of an hour, counted from 1970 in Beijing.
func (s *spec) hour(hour int64) float64 {
	day, h := divide(hour, 24)
	load := s.day[h]
	if _, weekday := divide(day+4, 7); weekday == 0 || weekday == 6 { // 1970 began on a Thursday
		load *= s.rest
	}
	return load
}

// running reports whether the plant has load enough to be called running.
func (p *Plant) running(at int64) bool { return p.load(at) >= stopped }

// stopped is the load below which nothing burns.
const stopped = 0.04
