package plant

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/allocate"
	"qingkong/reductionlist/internal/text"
)

// Figures are what a plant's plan needs beside what the list says of the plant: in which state the machines and the pit
// are, and what is asked of them. They have the names of a problem of package allocate. A figure that is not given is
// nil or empty, and is asked for where it is needed: see [Plant.Problem].
//
// The states are those at From, and every series begins there: an entry holds for StepH hours, and the last one to the
// end.
type Figures struct {
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`               // until when they may be used
	StepH  *float64   `json:"step_h,omitempty"` // hours of an entry of a series, a whole number; 1 unless told
	Source string     `json:"source,omitempty"` // where they come from

	Units      []MachineState        `json:"units,omitempty"`
	Demand     []Demand              `json:"demand,omitempty"`
	BaselineMW map[string][]*float64 `json:"baseline_mw,omitempty"` // the usual load, by unit

	Furnaces   []MachineState `json:"furnaces,omitempty"`
	Pit        *PitState      `json:"pit,omitempty"`
	IntakeTH   []*float64     `json:"intake_t_h,omitempty"`
	SteamMinTH *float64       `json:"steam_min_t_h,omitempty"`
}

// MachineState is a unit or a furnace at the time From of its figures.
type MachineState struct {
	Name         string   `json:"name"`
	InitiallyOn  *bool    `json:"initially_on,omitempty"`
	HoursInState *float64 `json:"hours_in_state,omitempty"`
	Available    []Span   `json:"available,omitempty"` // when it may run; empty for always
}

// Span is a period.
type Span struct {
	From *time.Time `json:"from"`
	To   *time.Time `json:"to"`
}

// Demand is what is asked of all units together.
type Demand = allocate.Demand

// PitState is the waste pit at the time From of its figures.
type PitState struct {
	LevelT *float64 `json:"level_t,omitempty"`
}

// Bounds of figures.
const (
	maxSeries      = 1000
	maxFiguresDays = 60
	maxSource      = 200 // characters
)

// Check refuses figures that cannot be those of the plant, each place with its JSON path. Missing figures are not
// refused.
func (f *Figures) Check(p *Plant) error {
	c := &figuresChecker{plant: p}
	c.period(f)
	c.source(f.Source)
	if p.Kind == Coal {
		c.not("furnaces", len(f.Furnaces) > 0)
		c.not("pit", f.Pit != nil)
		c.not("intake_t_h", len(f.IntakeTH) > 0)
		c.not("steam_min_t_h", f.SteamMinTH != nil)
		c.machines("units", f.Units)
		c.demand(f.Demand)
		c.baseline(f.BaselineMW)
	} else {
		c.not("units", len(f.Units) > 0)
		c.not("demand", len(f.Demand) > 0)
		c.not("baseline_mw", len(f.BaselineMW) > 0)
		c.machines("furnaces", f.Furnaces)
		if f.Pit != nil && c.number("pit.level_t", f.Pit.LevelT, true) && p.pit != nil {
			if v := *f.Pit.LevelT; v < p.pit.MinT || v > p.pit.MaxT {
				c.wrong("pit.level_t", "allocate.start_level", refusal.Args{"value": v, "low": p.pit.MinT, "high": p.pit.MaxT})
			}
		}
		c.series("intake_t_h", f.IntakeTH)
		c.number("steam_min_t_h", f.SteamMinTH, true)
	}
	return refusal.Input(c.fields)
}

type figuresChecker struct {
	plant  *Plant
	fields []refusal.Field
}

func (c *figuresChecker) wrong(path, rule string, args refusal.Args) {
	c.fields = append(c.fields, refusal.Field{Path: path, Rule: rule, Args: args})
}

// not refuses a member that belongs to the other kind of plant.
func (c *figuresChecker) not(path string, given bool) {
	if given {
		c.wrong(path, "figures.other_kind", refusal.Args{"member": path})
	}
}

func (c *figuresChecker) period(f *Figures) {
	switch {
	case f.From == nil:
		c.wrong("from", "input.required", nil)
	case !f.From.Equal(f.From.Truncate(time.Hour)):
		c.wrong("from", "figures.whole_hour", refusal.Args{"value": refusal.Clock(*f.From)})
	}
	switch {
	case f.To == nil:
		c.wrong("to", "input.required", nil)
	case f.From == nil:
	case !f.To.After(*f.From):
		c.wrong("to", "allocate.window", refusal.Args{"from": refusal.Clock(*f.From), "to": refusal.Clock(*f.To)})
	case f.To.Sub(*f.From) > maxFiguresDays*24*time.Hour:
		c.wrong("to", "figures.too_long", refusal.Args{"days": maxFiguresDays})
	}
	if h := f.StepH; h != nil && (!(*h >= 1 && *h <= 24) || *h != math.Trunc(*h)) {
		c.wrong("step_h", "figures.step_h", refusal.Args{"value": *h})
	}
}

func (c *figuresChecker) source(text string) {
	switch {
	case utf8.RuneCountInString(text) > maxSource || !oneLine(text):
		c.wrong("source", "access.text_wrong", refusal.Args{"limit": maxSource})
	case reductionlist.MaskPhones(text) != text:
		c.wrong("source", "figures.phone", nil)
	}
}

func oneLine(text string) bool {
	return utf8.ValidString(text) && !slices.ContainsFunc([]rune(text), func(r rune) bool { return r < ' ' || r == 0x7f })
}

// number reports whether a number is given and can be meant; a missing number is refused unless it is optional.
func (c *figuresChecker) number(path string, v *float64, optional bool) bool {
	if v == nil {
		if !optional {
			c.wrong(path, "input.required", nil)
		}
		return false
	}
	rule, args := allocate.NumberFault(*v)
	if rule != "" {
		c.wrong(path, rule, args)
	}
	return rule == ""
}

func (c *figuresChecker) length(path string, n int) bool {
	if n > maxSeries {
		c.wrong(path, "order.too_many", refusal.Args{"limit": maxSeries})
	}
	return n <= maxSeries
}

func (c *figuresChecker) series(path string, v []*float64) {
	for i := 0; c.length(path, len(v)) && i < len(v); i++ {
		c.number(fmt.Sprintf("%s[%d]", path, i), v[i], false)
	}
}

func (c *figuresChecker) machines(path string, ms []MachineState) {
	seen := map[string]string{}
	for i := 0; c.length(path, len(ms)) && i < len(ms); i++ {
		m, at := &ms[i], fmt.Sprintf("%s[%d]", path, i)
		switch {
		case m.Name == "":
			c.wrong(at+".name", "input.required", nil)
		case !c.plant.has(m.Name):
			c.wrong(at+".name", "figures.no_machine", refusal.Args{"value": text.Clip(m.Name)})
		case seen[m.Name] != "":
			c.wrong(at+".name", "allocate.name_twice", refusal.Args{"value": m.Name, "first": seen[m.Name]})
		}
		seen[m.Name] = at
		c.number(at+".hours_in_state", m.HoursInState, true)
		for k := 0; c.length(at+".available", len(m.Available)) && k < len(m.Available); k++ {
			if member, rule, args := allocate.Window(m.Available[k]).Fault(); rule != "" {
				c.wrong(fmt.Sprintf("%s.available[%d]%s", at, k, member), rule, args)
			}
		}
	}
}

func (c *figuresChecker) demand(ds []Demand) {
	for i := 0; c.length("demand", len(ds)) && i < len(ds); i++ {
		d, at := &ds[i], fmt.Sprintf("demand[%d]", i)
		low, high := c.number(at+".power_min_mw", d.PowerMinMW, true), c.number(at+".power_max_mw", d.PowerMaxMW, true)
		c.number(at+".heat_gj_h", d.HeatGJH, true)
		if low && high && *d.PowerMinMW > *d.PowerMaxMW {
			c.wrong(at+".power_min_mw", "allocate.above", refusal.Args{"low": *d.PowerMinMW, "high": *d.PowerMaxMW})
		}
	}
}

func (c *figuresChecker) baseline(by map[string][]*float64) {
	for _, name := range sortedNames(by) {
		if !c.plant.has(name) {
			c.wrong("baseline_mw."+text.Clip(name), "figures.no_machine", refusal.Args{"value": text.Clip(name)})
			continue
		}
		c.series("baseline_mw."+name, by[name])
	}
}

func sortedNames[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}

// Since is what of a series holds from a time on.
func (f *Figures) Since(series []*float64, from time.Time) []*float64 {
	if len(series) == 0 || f.From == nil || !from.After(*f.From) {
		return series
	}
	every := 1.0
	if f.StepH != nil {
		every = *f.StepH
	}
	return series[min(len(series)-1, int(from.Sub(*f.From).Hours()/every)):]
}
