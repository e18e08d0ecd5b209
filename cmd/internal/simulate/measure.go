package simulate

import (
	"fmt"
	"math"

	"qingkong/notify/telemetry"
)

// factor is what a station measures of a code.
type factor struct {
	code     string
	old      string // code in HJ/T 212-2005; empty where it has none
	unit     string
	decimals int
	kind     factorKind
	gas      gas
	usual    float64 // of a gas
	noise    stream
	strays   stream
	wide     float64 // half of the distance of a minute's ends from its mean, as a share
}

type factorKind uint8

const (
	isGas factorKind = iota
	isFlow
	isOxygen
	isTemperature
	isPressure
	isSpeed
	isWater
	isFurnace
	isFeed
)

// others are the factors that are no pollutant, with units as HJ 212-2017, table B.2 has them.
var others = map[string]factor{
	"a00000": {unit: "m3/s", decimals: 2, kind: isFlow, old: "B02"},
	"a19001": {unit: "%", decimals: 2, kind: isOxygen, old: "S01"},
	"a01011": {unit: "m/s", decimals: 2, kind: isSpeed, old: "S02"},
	"a01012": {unit: "℃", decimals: 1, kind: isTemperature, old: "S03"},
	"a01013": {unit: "kPa", decimals: 3, kind: isPressure},
	"a01014": {unit: "%", decimals: 2, kind: isWater},
	"a01901": {unit: "℃", decimals: 1, kind: isFurnace},
	"g20301": {unit: "t/h", decimals: 2, kind: isFeed},
}

var oldGases = map[string]string{"a34013": "01", "a21026": "02", "a21002": "03", "a21005": "04", "a21024": "08"}

func (s *Station) factor(code string) (factor, error) {
	p := s.c.Plant
	f, other := others[code]
	if usual, emits := p.Clean[code]; emits {
		f = factor{unit: "mg/m3", decimals: 2, kind: isGas, old: oldGases[code], gas: s.spec.gases[code], usual: usual}
		if f.gas == (gas{}) {
			f.gas = gas{usual: usual, swing: 0.2}
		}
	} else if !other || f.kind == isFurnace && s.spec.furnace[0] == 0 || f.kind == isFeed && p.Feed == 0 ||
		f.kind == isOxygen && s.spec.o2Ref == 0 {
		return f, fmt.Errorf("station %s: a plant of kind %s has no factor %q", s.c.MN, p.Kind, code)
	}
	f.code, f.wide = code, 0.012
	if f.kind == isGas {
		f.wide = 0.03
	}
	f.noise, f.strays = of(p.Seed, s.c.MN+" noise "+code), of(p.Seed, s.c.MN+" "+code)
	return f, nil
}

// maxFactors is how many factors a station can have.
const maxFactors = 16

// minute is what the instruments measured in a minute, as they know it themselves.
type minute struct {
	mean [maxFactors]float64
	flag [maxFactors]telemetry.Flag
}

// measure is the minute that begins at a time; ok is false where the station had no power.
func (s *Station) measure(at int64) (m minute, ok bool) {
	if s.c.Faults.Lost.during(s.c.Plant.Seed, "lost", at) {
		return m, false
	}
	s.physics(at, &m)
	s.instruments(at, &m)
	return m, true
}

// physics is the gas in the middle of a minute.
func (s *Station) physics(at int64, m *minute) {
	p, sp := s.c.Plant, &s.spec
	load := p.load(at + 30)
	warm := p.load(at + 30 - 600) // what is hot follows ten minutes later
	burns := min(max((load-stopped/2)/stopped, 0), 1)
	o2 := burns*(sp.o2[0]+sp.o2[1]*(1-min(load, 1))) + (1-burns)*20.6
	flow := p.Flow * (0.03 + burns*(0.09+0.88*load))
	temp := sp.temp[0] + (sp.temp[1]-sp.temp[0])*min(warm, 1)
	if warm < stopped {
		temp = min(temp, 30)
	}
	water := sp.wet[0] + (sp.wet[1]-sp.wet[0])*min(load, 1)
	minuteNo := at / 60
	for i := range s.factors {
		f := &s.factors[i]
		v, sway := 0.0, 0.01
		switch f.kind {
		case isGas:
			v, sway = f.usual*(1+f.gas.low*10*max(0, 0.5-load))*burns, f.gas.swing
			if s.o2 >= 0 && sp.o2Ref > 0 { // the usual is converted, an instrument's value is not
				v *= (21 - o2) / (21 - sp.o2Ref)
			}
		case isFlow:
			v, sway = flow, 0.02
		case isOxygen:
			v, sway = o2, 0.03
		case isTemperature:
			v = temp
		case isPressure:
			v, sway = -0.35*burns*min(load, 1), 0.05
		case isSpeed: // of the gas as it is, hot and wet
			v = sp.speed * flow / p.Flow * (273 + temp) / (273 + sp.temp[1]) * (100 - sp.wet[1]) / (100 - water)
		case isWater:
			v = water
		case isFurnace:
			v = sp.furnace[0] + (sp.furnace[1]-sp.furnace[0])*(min(warm, 1.05)-1.0/3)*1.5
			if warm < 1.0/3 {
				v = 60 + (sp.furnace[0]-60)*warm*3
			}
		case isFeed:
			v = p.Feed * load * burns
		}
		v *= 1 + sway*(0.7*f.strays.smooth(at, 5400)+0.3*f.strays.smooth(at, 480)) + 0.004*f.noise.swing(minuteNo)
		if f.kind == isOxygen {
			v = min(v, 20.9)
		}
		m.mean[i], m.flag[i] = v, telemetry.Normal
	}
}

// instruments is what they make of the gas: what they are off by, what they repeat, and when they do not measure it.
func (s *Station) instruments(at int64, m *minute) {
	f, seed := &s.c.Faults, s.c.Plant.Seed
	for i := range s.factors {
		if s.factors[i].kind != isGas {
			continue
		}
		if f.Drift != 0 {
			m.mean[i] *= 1 + f.Drift*float64(sinceCalibration(at))/86400
		}
		if start, stuck := f.Stuck.within(seed, "stuck", at); stuck {
			var then minute
			s.physics(start, &then)
			m.mean[i] = then.mean[i]
		}
		for _, fl := range f.Flags {
			if fl.Window.during(seed, "flag "+string(fl.Flag), at) {
				m.flag[i] = fl.Flag
				switch fl.Flag {
				case telemetry.Calibration: // span gas, after zero gas
					m.mean[i] = s.factors[i].usual * 4 * float64(at/300%2)
				case telemetry.Normal, telemetry.OverRange, telemetry.SetByHand:
				default:
					m.mean[i] = 0
				}
			}
		}
	}
}

// sinceCalibration is how long the weekly calibration is ago, which is on Monday at nine.
func sinceCalibration(at int64) (seconds int64) {
	_, rest := divide(at+beijing+3*86400-9*3600, 7*86400) // Monday was three days before the Thursday of 1970-01-01
	return rest
}

// round is v with a number of decimals, as the number that reading its text gives.
func round(v float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	v = math.Round(v*scale) / scale
	if v == 0 {
		return 0 // no -0.00
	}
	return v
}

// name is the code of HJ/T 212-2005 where a station of that edition reports, else today's.
func (f *factor) name(old bool) string {
	if old && f.old != "" {
		return f.old
	}
	return f.code
}
