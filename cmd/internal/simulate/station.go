// Package simulate is stations and meters that behave like those of plants: an HJ 212 logger that measures, reports,
// waits for its answer, sends again, keeps what was not confirmed and answers requests; meters, scales and gates that
// report over HTTP. It comes from outside: it knows the codec and what is said on the line, and nothing of the server.
//
// A value is a function of the seed and of the time it is of. The same seed and the same orders make the same bytes for
// the same times, whether they are sent live, asked for later or made as a backfill.
package simulate

import (
	"fmt"
	"slices"
	"time"

	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
)

// Config is a simulated station; what is empty is as usual for its kind of plant.
type Config struct {
	MN        string
	Name      string
	Recipient string // who it belongs to
	Outlet    string
	Password  string        // 123456 where it is empty
	Version   hj212.Version // 2017 where it is 0
	Factors   []string      // codes, in the order they are reported in
	MinuteMin int           // minutes of a minute value, 10 where it is 0
	SampleS   int           // seconds between samples, 60 where it is 0
	Plant     *Plant
	Faults    Faults
}

// Station is a logger at a stack and the plant behind it. It may be used by several goroutines at once.
type Station struct {
	c       Config
	spec    spec
	factors []factor
	o2      int   // index of the oxygen among the factors, or -1
	flow    int   // of the flow
	lag     int64 // seconds it takes to send what is due, 0 to 3
}

// New makes a station. Errors: an MN or a password that no frame can hold, a factor that its plant does not have,
// intervals beyond those of the standard, a fault without its measure.
func New(c Config) (*Station, error) {
	if c.Plant == nil {
		c.Plant = NewPlant(Coal, 1)
	}
	s := &Station{spec: specs[c.Plant.Kind], o2: -1, flow: -1}
	if s.spec.st == "" {
		return nil, fmt.Errorf("station %s: %q is none of the kinds of plants %v", c.MN, c.Plant.Kind, Kinds())
	}
	c.usual(&s.spec)
	switch {
	case !telemetryWord(c.MN, 40):
		return nil, fmt.Errorf("MN %q: an MN is 1 to 40 letters, digits, - or _", c.MN)
	case !telemetryWord(c.Password, 20):
		return nil, fmt.Errorf("station %s: a password is 1 to 20 letters, digits, - or _", c.MN)
	case !slices.Contains(hj212.Versions(), c.Version):
		return nil, fmt.Errorf("station %s: %d is none of the editions %v", c.MN, c.Version, hj212.Versions())
	case c.MinuteMin < 1 || c.MinuteMin > 30 || 60%c.MinuteMin != 0:
		return nil, fmt.Errorf("station %s: minute values are of 1 to 30 minutes, a whole part of an hour, not %d", c.MN,
			c.MinuteMin)
	case c.SampleS < 30 || c.SampleS > 3600:
		return nil, fmt.Errorf("station %s: samples are taken every 30 to 3600 s, not %d", c.MN, c.SampleS)
	}
	if len(c.Factors) > maxFactors {
		return nil, fmt.Errorf("station %s: %d factors, a station has %d at most", c.MN, len(c.Factors), maxFactors)
	}
	if err := c.Faults.check(); err != nil {
		return nil, fmt.Errorf("station %s: %w", c.MN, err)
	}
	s.c = c
	s.lag = int64(of(c.Plant.Seed, "lag "+c.MN).bits(0) % 4)
	for i, code := range c.Factors {
		if slices.Contains(c.Factors[:i], code) {
			return nil, fmt.Errorf("station %s: factor %s stands twice", c.MN, code)
		}
		f, err := s.factor(code)
		if err != nil {
			return nil, err
		}
		s.factors = append(s.factors, f)
	}
	s.o2, s.flow = slices.Index(c.Factors, "a19001"), slices.Index(c.Factors, "a00000")
	return s, nil
}

func (c *Config) usual(s *spec) {
	if c.Password == "" {
		c.Password = "123456"
	}
	if c.Version == 0 {
		c.Version = hj212.V2017
	}
	if c.MinuteMin == 0 {
		c.MinuteMin = 10
	}
	if c.SampleS == 0 {
		c.SampleS = 60
	}
	if len(c.Factors) == 0 {
		c.Factors = s.factors
	}
	if c.Outlet == "" {
		c.Outlet = "1#"
	}
	if c.Name == "" {
		c.Name = c.MN
	}
}

// telemetryWord reports whether a text can stand in a frame and in a subject.
func telemetryWord(s string, most int) bool {
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// MN is the station's number.
func (s *Station) MN() string { return s.c.MN }

// Password is what its frames carry until a server sets another.
func (s *Station) Password() string { return s.c.Password }

// Plant is what stands behind the station; orders go to it.
func (s *Station) Plant() *Plant { return s.c.Plant }

// Registered is the station as a register has it, but for its secret.
func (s *Station) Registered() telemetry.Station {
	o := telemetry.Outlet{Name: s.c.Outlet}
	if s.o2 >= 0 && s.spec.o2Ref > 0 {
		ref := s.spec.o2Ref
		o.O2 = &ref
	}
	for _, f := range s.factors {
		o.Factors = append(o.Factors, telemetry.Factor{Code: f.code, Unit: f.unit})
	}
	return telemetry.Station{MN: s.c.MN, Name: s.c.Name, Recipient: s.c.Recipient, ST: s.spec.st, Version: s.c.Version,
		Outlets: []telemetry.Outlet{o}, MinuteMin: s.c.MinuteMin, SampleS: s.c.SampleS}
}

// timeOfUnix is seconds since 1970 as a time of Beijing.
func timeOfUnix(at int64) time.Time { return time.Unix(at, 0).In(hj212.Beijing) }
