package rules

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
)

// Following is what the other numbers of a measure become when its quantity changes.
type Following struct {
	Monitors  []list.Monitor `json:"monitor"`
	Reduction list.Amounts   `json:"reduction_t_per_day"`
	// Asked are the members, such as monitor[0].criterion and reduction_t_per_day, that stand as they were because
	// nothing says what they become: a person must.
	Asked []string `json:"asked,omitempty"`
}

// AskedReduction is the member of [Following.Asked] for the daily reduction.
const AskedReduction = "reduction_t_per_day"

// AskedCriterion is the member of [Following.Asked] for the criterion of a measure's way of monitoring.
func AskedCriterion(monitor int) string { return fmt.Sprintf("monitor[%d].criterion", monitor) }

// Follow says what follows from another quantity for the criteria and the daily reduction of a measure. A limit follows
// only where it says the same as the quantity did, in the same kind and unit. It refuses, with rule list.follow_stop, a
// quantity that leaves something running where the action or a criterion stops everything. m is not changed; who amends
// the measure gives the whole outcome.
func Follow(m *list.Measure, to *list.Quantity) (f Following, err error) {
	f.Monitors, f.Reduction = slices.Clone(m.Monitors), m.Reduction
	if m.Quantity == to || m.Quantity != nil && to != nil && *m.Quantity == *to {
		return f, nil
	}
	if leaves(m, to) {
		return f, refusal.Input([]refusal.Field{{Path: "quantity", Rule: "list.follow_stop",
			Args: refusal.Args{"action": m.Action.Label(), "value": list.AmountWords(to.Value, to.Unit)}}})
	}
	alike := m.Quantity != nil && to != nil && m.Quantity.Kind == to.Kind &&
		list.PlainUnit(m.Quantity.Unit) == list.PlainUnit(to.Unit)
	for i := range f.Monitors {
		c := &f.Monitors[i].Criterion
		if c.IsZero() || c.Kind == list.Stopped {
			continue
		}
		limit, follows := 0.0, false
		if alike {
			limit, follows = limitAfter(m.Action, *c, m.Quantity, to.Value)
		}
		if !follows {
			f.Asked = append(f.Asked, AskedCriterion(i))
			continue
		}
		c.Limit = limit
	}
	switch {
	case m.Reduction == (list.Amounts{}):
	case alike && to.Kind == list.ReduceBy && m.Quantity.Value > 0:
		for _, part := range f.Reduction.Parts() {
			*part.Value = plain(*part.Value * to.Value / m.Quantity.Value)
		}
	default:
		f.Asked = append(f.Asked, AskedReduction)
	}
	return f, nil
}

// limitAfter is the limit of a criterion once a quantity has another value. It does not follow where the limit says
// something else than the quantity did.
func limitAfter(action list.Action, c list.Criterion, was *list.Quantity, v float64) (limit float64, follows bool) {
	unit, own := list.PlainUnit(was.Unit), list.PlainUnit(c.Unit)
	switch {
	case c.Kind == list.FractionOfBaseline && action == list.Limit && was.Kind == list.ReduceBy && unit == "%":
		limit, follows = 1-v/100, same(c.Limit, 1-was.Value/100)
	case c.Kind == list.DayTotalAtMost && was.Kind == list.ReduceBy && unit == own+"/d":
		limit, follows = c.Limit+was.Value-v, true
	case c.Kind == list.DayTotalAtMost && was.Kind == list.AtMost && unit == own+"/d",
		c.Kind == list.AtLeastRate && was.Kind == list.AtLeast && unit == own:
		limit, follows = v, same(c.Limit, was.Value)
	}
	limit = plain(limit)
	return limit, follows && limit >= 0
}

// leaves reports whether a quantity lets something go on that the measure stops.
func leaves(m *list.Measure, to *list.Quantity) bool {
	if to == nil {
		return false
	}
	if m.Action == list.Stop {
		if to.Kind == list.ReduceBy {
			return list.PlainUnit(to.Unit) != "%" || to.Value < 100
		}
		return to.Value > 0
	}
	after := *m
	after.Quantity = to
	return runsOn(&after) &&
		slices.ContainsFunc(m.Monitors, func(mon list.Monitor) bool { return mon.Criterion.Kind == list.Stopped })
}

func same(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }

// plain takes off what binary arithmetic adds behind the twelfth digit.
func plain(v float64) float64 {
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	return v
}
