package allocate

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"qingkong/alerts/refusal"
)

// How large a problem may be. The bounds keep every sum far from where a float64 loses the digits that are proved, and
// the tables over sets of units in memory.
const (
	maxUnits = 16
	maxSteps = 2000
	maxValue = 1e9
	maxSets  = 1 << 24 // steps times sets of units
)

// checker collects what is wrong in a problem, each with its JSON path.
type checker struct{ fields []refusal.Field }

func (c *checker) wrong(path, rule string, args refusal.Args) {
	c.fields = append(c.fields, refusal.Field{Path: path, Rule: rule, Args: args})
}

// number is a required number that is not negative.
func (c *checker) number(path string, v *float64) float64 {
	if v == nil {
		c.wrong(path, "input.required", nil)
		return 0
	}
	if rule, args := NumberFault(*v); rule != "" {
		c.wrong(path, rule, args)
		return 0
	}
	return *v
}

// NumberFault is what is wrong with a number of a problem, by its rule; an empty rule is nothing.
func NumberFault(v float64) (rule string, args refusal.Args) {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0) || v > maxValue:
		return "allocate.too_large", refusal.Args{"value": v, "limit": maxValue}
	case v < 0:
		return "allocate.negative", refusal.Args{"value": v}
	}
	return "", nil
}

// order refuses a lower bound above its upper one.
func (c *checker) order(path string, low, high float64) {
	if low > high {
		c.wrong(path, "allocate.above", refusal.Args{"low": low, "high": high})
	}
}

// flag is a required true or false.
func (c *checker) flag(path string, v *bool) bool {
	if v == nil {
		c.wrong(path, "input.required", nil)
		return false
	}
	return *v
}

// length refuses a list that has no entry or more than there are steps. A shorter one repeats its last entry.
func (c *checker) length(path string, n, steps int, given bool) bool {
	switch {
	case !given:
		c.wrong(path, "input.required", nil)
	case n == 0:
		c.wrong(path, "allocate.empty", nil)
	case n > steps && steps > 0:
		c.wrong(path, "allocate.longer", refusal.Args{"count": n, "steps": steps})
	default:
		return true
	}
	return false
}

// series is a list of numbers over the steps.
func (c *checker) series(path string, v []*float64, steps int) []float64 {
	if !c.length(path, len(v), steps, v != nil) {
		return make([]float64, steps)
	}
	given := make([]float64, len(v))
	for i, x := range v {
		given[i] = c.number(fmt.Sprintf("%s[%d]", path, i), x)
	}
	return spread(given, steps)
}

// spread repeats the last entry up to the number of steps.
func spread[T any](v []T, steps int) []T {
	out := make([]T, steps)
	for i := range out {
		out[i] = v[min(i, len(v)-1)]
	}
	return out
}

// pollutants are those a problem may name, with the weights that hold where it gives none: one over the pollutant
// equivalent (kg) of the environmental protection tax law, appended table 2.
var pollutants = map[string]float64{"so2": 1 / 0.95, "nox": 1 / 0.95, "pm": 1 / 2.18, "hcl": 1 / 10.75}

// amounts are kilograms or weights by pollutant.
func (c *checker) amounts(path string, v map[string]*float64) map[string]float64 {
	out := map[string]float64{}
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if _, known := pollutants[name]; !known {
			c.wrong(path+"."+name, "allocate.pollutant", refusal.Args{"value": name})
			continue
		}
		out[name] = c.number(path+"."+name, v[name])
	}
	return out
}

// weights are those given, or the default ones.
func (c *checker) weights(v map[string]*float64) map[string]float64 {
	if v == nil {
		return maps.Clone(pollutants)
	}
	return c.amounts("weight_per_kg", v)
}

// factors are the emission of a unit, which names every pollutant that counts: one left out is a figure that is missing
// and not one that is nothing.
func (c *checker) factors(path string, v map[string]*float64, weights map[string]float64,
	always []string) map[string]float64 {
	if v == nil {
		c.wrong(path, "input.required", nil)
		return nil
	}
	for _, name := range always {
		if _, given := v[name]; weights[name] > 0 && !given {
			c.wrong(path+"."+name, "input.required", nil)
		}
	}
	return c.amounts(path, v)
}

func weigh(weights, kg map[string]float64) (sum float64) {
	for _, name := range slices.Sorted(maps.Keys(kg)) {
		sum += weights[name] * kg[name]
	}
	return sum
}

// horizon is the time that a problem covers.
type horizon struct {
	start time.Time
	stepH float64
	steps int
}

func (c *checker) horizon(start *time.Time, stepH *float64, steps *float64) horizon {
	h := horizon{stepH: c.number("step_h", stepH), steps: int(c.number("steps", steps))}
	if start == nil {
		c.wrong("start", "input.required", nil)
	} else {
		h.start = *start
	}
	if stepH != nil && (*stepH < 1./60 || *stepH > 24) {
		c.wrong("step_h", "allocate.step_h", refusal.Args{"value": *stepH})
	}
	if steps != nil && (h.steps < 1 || h.steps > maxSteps || float64(h.steps) != *steps) {
		c.wrong("steps", "allocate.steps", refusal.Args{"value": *steps, "limit": maxSteps})
	}
	return h
}

// at is when a step begins.
func (h horizon) at(step int) time.Time {
	return h.start.Add(time.Duration(math.Round(float64(step) * h.stepH * float64(time.Hour))))
}

// inSteps rounds hours up to steps.
func (h horizon) inSteps(hours float64) int { return int(math.Ceil(hours/h.stepH - 1e-9)) }

// machine is what units and furnaces have in common: it is on or off, and stays so for a while.
type machine struct {
	name       string
	on         bool // before the first step
	inState    float64
	minUp      int // steps
	minDown    int
	upH, downH float64
	locked     int    // the steps at the beginning in which it has to stay what it is
	available  []bool // by step
	// lacking is by step how much wider on either side the windows in which it may run would have to be for it to be
	// available.
	lacking []time.Duration
}

func (c *checker) machine(path string, in Machine, h horizon, seen map[string]string) machine {
	m := machine{on: c.flag(path+".initially_on", in.InitiallyOn),
		inState: c.number(path+".hours_in_state", in.HoursInState),
		upH:     c.number(path+".min_up_h", in.MinUpH), downH: c.number(path+".min_down_h", in.MinDownH)}
	switch {
	case in.Name == nil || *in.Name == "":
		c.wrong(path+".name", "input.required", nil)
	case seen[*in.Name] != "":
		c.wrong(path+".name", "allocate.name_twice", refusal.Args{"value": *in.Name, "first": seen[*in.Name]})
	default:
		m.name, seen[*in.Name] = *in.Name, path
	}
	spans := c.windows(path+".available", in.Available)
	for t := range h.steps {
		m.lacking = append(m.lacking, lacking(spans, h.at(t), h.at(t+1)))
	}
	m.available = m.within(0)
	m.setTimes(h, m.upH, m.downH)
	for t := 0; m.on && t < m.locked && t < h.steps; t++ {
		if !m.available[t] {
			c.wrong(path+".available", "allocate.start_locked",
				refusal.Args{"hours": m.inState, "least": m.upH, "at": clock(h.at(t))})
			break
		}
	}
	return m
}

// setTimes puts the minimum times into steps, and those still to run at the start.
func (m *machine) setTimes(h horizon, upH, downH float64) {
	if h.stepH == 0 {
		return // refused already
	}
	m.minUp, m.minDown = max(1, min(h.steps, h.inSteps(upH))), max(1, min(h.steps, h.inSteps(downH)))
	least := downH
	if m.on {
		least = upH
	}
	m.locked = max(0, min(h.steps, h.inSteps(least-m.inState)))
}

// span is a stretch of time.
type span struct{ from, to time.Time }

// Fault is what is wrong with a window, by its member and rule; an empty rule is nothing.
func (w Window) Fault() (member, rule string, args refusal.Args) {
	switch {
	case w.From == nil:
		return ".from", "input.required", nil
	case w.To == nil:
		return ".to", "input.required", nil
	case !w.From.Before(*w.To):
		return ".to", "allocate.window",
			refusal.Args{"from": refusal.Clock(*w.From), "to": refusal.Clock(*w.To)}
	}
	return "", "", nil
}

// windows are the stretches of time in which a machine may run, joined where they touch.
func (c *checker) windows(path string, ws []Window) (out []span) {
	var spans []span
	for i, w := range ws {
		p := fmt.Sprintf("%s[%d]", path, i)
		if member, rule, args := w.Fault(); rule != "" {
			c.wrong(p+member, rule, args)
		} else {
			spans = append(spans, span{*w.From, *w.To})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return a.from.Compare(b.from) })
	for _, s := range spans {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to = s.to
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// lacking is by how much every window would have to be wider on either side for them to leave no time out between two
// instants. No window means always.
func lacking(spans []span, begin, end time.Time) time.Duration {
	if len(spans) == 0 || covered(spans, begin, end, 0) {
		return 0
	}
	low, high := time.Duration(0), max(spans[0].from.Sub(begin), end.Sub(spans[len(spans)-1].to))
	for i := 1; i < len(spans); i++ {
		if a, b := spans[i-1].to, spans[i].from; b.After(begin) && a.Before(end) {
			high = max(high, b.Sub(a)/2+1)
		}
	}
	for high-low > 1 {
		if mid := low + (high-low)/2; covered(spans, begin, end, mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// covered reports whether the windows, wider by that much on either side, leave no time out between two instants.
func covered(spans []span, begin, end time.Time, wider time.Duration) bool {
	i, _ := slices.BinarySearchFunc(spans, begin.Add(wider), func(s span, at time.Time) int {
		if s.from.After(at) {
			return 1
		}
		return -1
	})
	if i--; i < 0 {
		return false
	}
	for ; ; i++ {
		reached := spans[i].to.Add(wider)
		if !reached.Before(end) {
			return true
		}
		if i+1 == len(spans) || spans[i+1].from.Add(-wider).After(reached) {
			return false
		}
	}
}

// within says for each step whether the machine is available when its windows are wider by so much.
func (m *machine) within(wider time.Duration) []bool {
	out := make([]bool, len(m.lacking))
	for t, l := range m.lacking {
		out[t] = l <= wider
	}
	return out
}

func clock(t time.Time) string { return t.Format("2006-01-02 15:04") }
