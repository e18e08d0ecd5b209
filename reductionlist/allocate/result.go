package allocate

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"qingkong/alerts/refusal"
)

// Status is how an optimisation ended.
type Status string

// Optimal means proved: the objective exceeds the bound by no more than OptimalGap of the objective.
const (
	Optimal    Status = "optimal"
	Feasible   Status = "feasible" // the time limit came first; the gap says how far off the plan can be at most
	Infeasible Status = "infeasible"
)

// OptimalGap is the largest relative gap of a plan that is called optimal.
const OptimalGap = 1e-6

// ErrNoPlanYet says that the time limit came before any plan was found, and before it was proved that there is none.
var ErrNoPlanYet = refusal.New(refusal.Invalid, "allocate.no_plan_yet", nil)

// Outcome is what both kinds of result have in common. Objective, Bound and Gap are nil where no plan exists.
type Outcome struct {
	Status    Status     `json:"status"`
	Objective *float64   `json:"objective"` // Σ weight·kg, of waste times step_weight
	Bound     *float64   `json:"bound"`     // no plan's objective is below it
	Gap       *float64   `json:"gap"`       // (objective − bound) / objective
	Conflicts []Conflict `json:"conflicts"`
	// Unreduced says that the time limit came before the conflicts were reduced to those that are needed: together they
	// cannot be met, and some of them may be superfluous. How much each has to give is then not known.
	Unreduced bool `json:"unreduced,omitempty"`
}

// Conflict is one obligation of an irreducible set that cannot be met together: with any one of them dropped, the
// others can. ShortBy is how much this one has to give, in Unit, when the others stay, and is nil unless that is proved
// to be the least. If the time limit came first, less than AtLeast is too little and Enough will do, each nil where not
// even that is known.
type Conflict struct {
	Constraint string    `json:"constraint"`
	Name       string    `json:"name,omitempty"` // of the unit or furnace whose obligation it is
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	ShortBy    *float64  `json:"short_by"`
	AtLeast    *float64  `json:"at_least,omitempty"`
	Enough     *float64  `json:"enough,omitempty"`
	Unit       string    `json:"unit"`
}

// Text says the conflict in "zh-CN" or "en". Amounts have four digits: what has to be given is rounded up, what is too
// little down.
func (c Conflict) Text(lang string) string {
	what := refusal.Text("allocate.limit."+c.Constraint, lang, refusal.Args{"name": c.Name})
	args := refusal.Args{"what": what, "when": period(c.From, c.To), "unit": c.Unit}
	switch {
	case c.ShortBy != nil:
		args["short_by"] = fourDigits(*c.ShortBy, true)
		return refusal.Text("allocate.conflict", lang, args)
	case c.Enough == nil:
		return refusal.Text("allocate.conflict_open", lang, args)
	}
	args["enough"] = fourDigits(*c.Enough, true)
	if c.AtLeast == nil {
		return refusal.Text("allocate.conflict_at_most", lang, args)
	}
	args["at_least"] = fourDigits(*c.AtLeast, false)
	return refusal.Text("allocate.conflict_between", lang, args)
}

// fourDigits is an amount in words that is to be enough, rounded up, or to be too little, rounded down.
func fourDigits(v float64, up bool) string {
	return strconv.FormatFloat(inDigits(v, 4, 1e-6, up), 'f', -1, 64)
}

// Totals are sums over the horizon: tonnes of coal or of waste, and kilograms without any weight.
type Totals struct {
	CoalT   *float64           `json:"coal_t,omitempty"`
	FeedT   *float64           `json:"feed_t,omitempty"`
	DivertT *float64           `json:"divert_t,omitempty"`
	Kg      map[string]float64 `json:"kg"`
}

// Summary is what both kinds of result say of a whole plan.
type Summary struct {
	Totals   *Totals  `json:"totals"`
	Baseline *Totals  `json:"baseline"` // nil without one, and always of waste
	Saved    *Totals  `json:"saved"`
	Binding  []string `json:"binding"` // in Chinese; BindingIn has the other language too

	limits  limitSteps
	horizon horizon
}

// BindingIn says the binding constraints in "zh-CN" or "en".
func (s *Summary) BindingIn(lang string) []string { return s.limits.text(s.horizon, lang) }

func (a Totals) minus(b Totals) *Totals {
	out := Totals{Kg: map[string]float64{}}
	if a.CoalT != nil && b.CoalT != nil {
		d := *a.CoalT - *b.CoalT
		out.CoalT = &d
	}
	for name := range a.Kg {
		out.Kg[name] = a.Kg[name] - b.Kg[name]
	}
	return &out
}

func addKg(sum map[string]float64, factors map[string]float64, tonnes float64) {
	for name, f := range factors {
		sum[name] += f * tonnes
	}
}

// outcome turns an objective and what was proved into status and gap.
func outcome(objective, bound float64) Outcome {
	bound = min(bound, objective)
	gap := 0.0
	if objective > bound {
		gap = (objective - bound) / math.Abs(objective)
	}
	o := Outcome{Status: Feasible, Objective: &objective, Bound: &bound, Gap: &gap, Conflicts: []Conflict{}}
	if gap <= OptimalGap {
		o.Status = Optimal
	}
	return o
}

// infeasible is the outcome of a problem without a plan.
func infeasible(conflicts []Conflict, unreduced bool) Outcome {
	return Outcome{Status: Infeasible, Conflicts: conflicts, Unreduced: unreduced}
}

// noSummary is that of no plan.
func (h horizon) noSummary() Summary { return Summary{Binding: []string{}, horizon: h} }

// limitSteps collects in which steps a plan stands at which limit.
type limitSteps struct {
	order []limit
	steps map[limit][]int
}

// limit is a constraint by its rule in the catalogue (allocate.limit.…) and the unit it belongs to.
type limit struct{ rule, name string }

func (l *limitSteps) at(step int, rule, name string) {
	k := limit{rule, name}
	if l.steps == nil {
		l.steps = map[limit][]int{}
	}
	if len(l.steps[k]) == 0 {
		l.order = append(l.order, k)
	}
	l.steps[k] = append(l.steps[k], step)
}

// text puts them into words, with a line for each stretch of time.
func (l *limitSteps) text(h horizon, lang string) []string {
	out := []string{}
	for _, k := range l.order {
		what := refusal.Text("allocate.limit."+k.rule, lang, refusal.Args{"name": k.name})
		for _, r := range ranges(l.steps[k]) {
			out = append(out, what+": "+period(h.at(r[0]), h.at(r[1])))
		}
	}
	return out
}

// ranges joins steps that follow each other; the second of a pair is the step after the last.
func ranges(steps []int) (out [][2]int) {
	for _, t := range steps {
		if n := len(out); n > 0 && out[n-1][1] == t {
			out[n-1][1]++
			continue
		}
		out = append(out, [2]int{t, t + 1})
	}
	return out
}

func period(from, to time.Time) string {
	if from.Format(time.DateOnly) == to.Format(time.DateOnly) {
		return clock(from) + "–" + to.Format("15:04")
	}
	return clock(from) + "–" + clock(to)
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
