package plant

import (
	"math"
	"slices"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/reductionlist"
)

// demandComparer holds a plan against the demands of one measure.
type demandComparer struct {
	plan   *OperatingPlan
	due    time.Time
	action reductionlist.Action
	names  []string // the machines that the measure names
}

// plans reports whether a plan says anything of what the measure does to machines.
func (c *demandComparer) plans() bool {
	switch c.action {
	case reductionlist.Stop, reductionlist.Limit:
		return true
	}
	return c.action == c.plan.Kind.Action()
}

// amount is what a machine does in a step per hour, and usually does.
type amount struct {
	of    func(s *MachineStep, stepH float64) float64
	usual func(s *MachineStep, stepH float64) float64 // nil where there is no such thing
	daily bool                                        // it is demanded by the day
}

var (
	tonnesBurnt = amount{of: func(s *MachineStep, h float64) float64 { return s.T / h },
		usual: func(s *MachineStep, h float64) float64 { return s.Usual.Tonnes / h }}
	powerMade = amount{of: func(s *MachineStep, _ float64) float64 { return s.MW },
		usual: func(s *MachineStep, _ float64) float64 { return s.Usual.MW }}
	heatMade = amount{of: func(s *MachineStep, _ float64) float64 { return s.HeatGJH },
		usual: func(s *MachineStep, _ float64) float64 { return s.Usual.HeatGJH }}
)

func byDay(a amount) *amount { a.daily = true; return &a }

// amountOf is what of a plan is meant by a unit; nil for nothing.
func (c *demandComparer) amountOf(unit string) *amount {
	coal := c.plan.Kind == Coal
	switch unit = reductionlist.PlainUnit(unit); {
	case unit == "t/d":
		return byDay(tonnesBurnt)
	case unit == "t/h":
		return &tonnesBurnt
	case unit == "mw" && coal:
		return &powerMade
	case unit == "mwh/d" && coal:
		return byDay(powerMade)
	case unit == "gj/h" && coal:
		return &heatMade
	case unit == "%" && c.action == reductionlist.Limit && coal: // of what is made
		return byDay(powerMade)
	case unit == "%":
		return byDay(tonnesBurnt)
	}
	return nil
}

func (c *demandComparer) quantity(q reductionlist.Quantity) DemandMark {
	m := DemandMark{Source: FromQuantity, Kind: q.Kind, Value: q.Value, Unit: q.Unit}
	whole := q.Kind == reductionlist.AtMost && q.Value == 0 || q.Kind == reductionlist.ReduceBy && q.Value == 100 &&
		reductionlist.PlainUnit(q.Unit) == "%"
	if whole && (c.action == reductionlist.Stop || c.action == reductionlist.Limit) {
		return c.stop(m)
	}
	a := c.amountOf(q.Unit)
	if a != nil && reductionlist.PlainUnit(q.Unit) == "%" && q.Kind != reductionlist.ReduceBy {
		a = nil // of what is not said
	}
	return c.compare(m, a)
}

// stop marks a demand that nothing runs. It has an amount of its own where the measure gives none that a plan has.
func (c *demandComparer) stop(m DemandMark) DemandMark {
	if m.Source != FromQuantity {
		m.Kind, m.Value, m.Unit = reductionlist.AtMost, 0, "t/h"
		return c.compare(m, &tonnesBurnt)
	}
	own := m.Kind == reductionlist.AtMost && c.amountOf(m.Unit) != nil && reductionlist.PlainUnit(m.Unit) != "%"
	if own {
		return c.compare(m, c.amountOf(m.Unit))
	}
	said := m
	m.Kind, m.Value, m.Unit = reductionlist.AtMost, 0, "t/h"
	m = c.compare(m, &tonnesBurnt)
	if m.Verdict == NotCompared {
		said.Verdict, said.Why = m.Verdict, m.Why
		return said
	}
	return m
}

// criterion marks what a monitor must show.
func (c *demandComparer) criterion(o reductionlist.Monitor) DemandMark {
	text, err := o.Criterion.MarshalText()
	if err != nil {
		text = nil // the list holds none that cannot be written
	}
	m := DemandMark{Source: FromCriterion, Value: o.Criterion.Limit, Unit: o.Criterion.Unit, Factor: o.Factor,
		Criterion: string(text)}
	switch o.Criterion.Kind {
	case reductionlist.HourMassAtMost:
		m.Kind = reductionlist.AtMost
		return c.compare(m, c.massOf(o.Factor, o.Criterion.Unit, false))
	case reductionlist.DayTotalAtMost:
		m.Kind, m.Unit = reductionlist.AtMost, o.Criterion.Unit+"/d"
		if pollutantOf[o.Factor] != "" {
			return c.compare(m, c.massOf(o.Factor, o.Criterion.Unit, true))
		}
		if o.Source == reductionlist.Power {
			return c.compare(m, nil) // what the plant takes itself, and not what it makes
		}
		return c.compare(m, c.amountOf(m.Unit))
	case reductionlist.Stopped:
		return c.stop(m)
	case reductionlist.HourConcentrationAtMost, reductionlist.FractionOfBaseline:
		m.Kind = reductionlist.AtMost
	case reductionlist.AtLeastRate, reductionlist.FiveMinuteMeanAtLeast:
		m.Kind = reductionlist.AtLeast
	}
	return c.compare(m, nil)
}

// perKg is how much of a unit of mass one kilogram is.
var perKg = map[string]float64{"kg": 1, "g": 1000, "t": 0.001}

// massOf is what of a pollutant is emitted, in a unit of mass or of mass by the hour; nil where the plan does not have
// it.
func (c *demandComparer) massOf(factor, unit string, daily bool) *amount {
	pollutant := pollutantOf[factor]
	mass, _, _ := strings.Cut(reductionlist.PlainUnit(unit), "/")
	scale := perKg[mass]
	if pollutant == "" || scale == 0 || !c.emits(pollutant) {
		return nil
	}
	return &amount{of: func(s *MachineStep, h float64) float64 { return scale * s.Kg[pollutant] / h }, daily: daily}
}

// emits reports whether the plan says how much of a pollutant its machines emit.
func (c *demandComparer) emits(pollutant string) bool {
	for i := range c.plan.Steps {
		for k := range c.plan.Steps[i].Units {
			if _, ok := c.plan.Steps[i].Units[k].Kg[pollutant]; ok {
				return true
			}
		}
	}
	return false
}

// compare marks a demand of an amount; nil is one that a plan does not have.
func (c *demandComparer) compare(m DemandMark, a *amount) DemandMark {
	m.Verdict = NotCompared
	less := m.Kind == reductionlist.ReduceBy
	switch {
	case !c.plans():
		m.Why = WhyNoPart
	case len(c.names) == 0:
		m.Why = WhyNoMachine
	case a == nil:
		m.Why = WhyUnit
	case less && (a.usual == nil || !c.usualKnown()):
		m.Why = WhyNoUsual
	default:
		spells := c.stretches(a, less)
		if len(spells) == 0 {
			m.Why = WhyNotDue
			return m
		}
		m.measure(spells, a.daily)
	}
	return m
}

func (c *demandComparer) usualKnown() bool {
	for i := range c.plan.Steps {
		for k := range c.plan.Steps[i].Units {
			if c.plan.Steps[i].Units[k].Usual == nil {
				return false
			}
		}
	}
	return true
}

// stretch is a step, or the hours of a day that are planned, as far as the measure is due in them.
type stretch struct {
	at             time.Time
	hours          float64
	planned, usual float64 // over these hours
}

// stretches sum up what the machines do; the steps of a day together where the amount is demanded by the day.
func (c *demandComparer) stretches(a *amount, less bool) (out []stretch) {
	length := time.Duration(math.Round(c.plan.StepH * float64(time.Hour)))
	for i := range c.plan.Steps {
		s := &c.plan.Steps[i]
		rate, usual := 0.0, 0.0
		for k := range s.Units {
			if u := &s.Units[k]; slices.Contains(c.names, u.Name) {
				rate += a.of(u, c.plan.StepH)
				if less {
					usual += a.usual(u, c.plan.StepH)
				}
			}
		}
		from, end := s.At.In(alerts.Shanghai()), s.At.Add(length)
		if from.Before(c.due) {
			from = c.due.In(alerts.Shanghai())
		}
		for from.Before(end) {
			to := end
			if a.daily {
				if midnight := alerts.DateOf(from).AddDays(1).Start(); midnight.Before(end) {
					to = midnight
				}
			}
			h := to.Sub(from).Hours()
			if n := len(out); n == 0 || !a.daily || alerts.DateOf(out[n-1].at) != alerts.DateOf(from) {
				out = append(out, stretch{at: from})
			}
			last := &out[len(out)-1]
			last.hours, last.planned, last.usual = last.hours+h, last.planned+rate*h, last.usual+usual*h
			from = to.In(alerts.Shanghai())
		}
	}
	return out
}

// asks is what a quantity of that value asks for in these hours: by the hour, by the day, or in per cent of what is
// usual.
func (s *stretch) asks(value float64, percent, daily bool) float64 {
	switch {
	case percent:
		return value * s.usual / 100
	case daily:
		return value * s.hours / 24
	}
	return value * s.hours
}

// measure says of every spell whether it keeps the demand, and notes the one that is farthest from it.
func (m *DemandMark) measure(spells []stretch, daily bool) {
	percent := reductionlist.PlainUnit(m.Unit) == "%"
	worst := math.Inf(-1)
	for i := range spells {
		s := &spells[i]
		percent := percent && m.Kind == reductionlist.ReduceBy
		per := s.asks(1, percent, daily)
		demanded, planned := m.Value*per, s.planned
		if m.Kind == reductionlist.ReduceBy {
			planned = s.usual - s.planned
		}
		kept, over := within(planned, demanded), planned-demanded
		if m.Kind != reductionlist.AtMost {
			kept, over = within(demanded, planned), demanded-planned
		}
		if m.Kind == reductionlist.ReduceBy && s.planned <= 1e-9 { // nothing can be less than nothing
			kept, over = true, min(over, 0)
		}
		m.Of++
		verdict := Kept
		if !kept {
			m.Broken, verdict = m.Broken+1, NotKept
		}
		if daily {
			m.Days = append(m.Days, DemandDay{Date: string(alerts.DateOf(s.at)), Hours: thousandth(s.hours),
				Demanded: thousandth(demanded), Planned: thousandth(planned), Verdict: verdict})
		}
		if per > 0 && over/per > worst+1e-6 {
			worst = over / per
			value, at := thousandth(planned/per), s.at
			m.Planned, m.At = &value, &at
		}
	}
	if m.Verdict = Kept; m.Broken > 0 {
		m.Verdict = NotKept
	}
}

// thousandth rounds an amount as a mark tells it: to a kilogram, or a watt.
func thousandth(v float64) float64 { return math.Round(v*1000) / 1000 }
