package rules_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

func amount(kind list.QuantityKind, v float64, unit string) *list.Quantity {
	return &list.Quantity{Kind: kind, Value: v, Unit: unit}
}

// What follows from another quantity, and what nobody but a person can say.
func TestFollow(t *testing.T) {
	by, most, least := list.ReduceBy, list.AtMost, list.AtLeast
	tonne := list.Amounts{SO2: 0.3, NOx: 0.6}
	for _, c := range []struct {
		name       string
		action     list.Action
		was, to    *list.Quantity
		criterion  string
		reduction  list.Amounts
		want       string // the criterion afterwards
		reduced    list.Amounts
		asked      string
		refusedFor string
	}{
		{"a limit in per cent", list.Limit, amount(by, 40, "%"), amount(by, 20, "%"), "at_most_fraction_of_baseline 0.6", tonne,
			"at_most_fraction_of_baseline 0.8", list.Amounts{SO2: 0.15, NOx: 0.3}, "", ""},
		{"a limit in per cent to a whole stop", list.Limit, amount(by, 70, "%"), amount(by, 100, "%"),
			"at_most_fraction_of_baseline 0.3", list.Amounts{PM: 0.07},
			"at_most_fraction_of_baseline 0", list.Amounts{PM: 0.1}, "", ""},
		{"a fraction that says another thing", list.Limit, amount(by, 40, "%"), amount(by, 20, "%"),
			"at_most_fraction_of_baseline 0.5", tonne,
			"at_most_fraction_of_baseline 0.5", list.Amounts{SO2: 0.15, NOx: 0.3}, "monitor[0].criterion", ""},
		{"a fraction of another action", list.SwitchFuel, amount(by, 40, "%"), amount(by, 20, "%"),
			"at_most_fraction_of_baseline 0.6", list.Amounts{},
			"at_most_fraction_of_baseline 0.6", list.Amounts{}, "monitor[0].criterion", ""},
		{"less coal a day", list.ReduceCoal, amount(by, 300, "t/d"), amount(by, 200, "吨/日"), "day_total_at_most 900 t", tonne,
			"day_total_at_most 1000 t", list.Amounts{SO2: 0.2, NOx: 0.4}, "", ""},
		{"less coal a day in another unit", list.ReduceCoal, amount(by, 300, "t/d"), amount(by, 200000, "kg/d"),
			"day_total_at_most 900 t", tonne, "day_total_at_most 900 t", tonne, "monitor[0].criterion reduction_t_per_day", ""},
		{"more than a day burns", list.ReduceCoal, amount(by, 300, "t/d"), amount(by, 1300, "t/d"), "day_total_at_most 900 t",
			list.Amounts{}, "day_total_at_most 900 t", list.Amounts{}, "monitor[0].criterion", ""},
		{"at most so many vehicles", list.StopVehicles, amount(most, 30, "辆次/日"), amount(most, 20, "辆次/日"),
			"day_total_at_most 30 辆次", tonne, "day_total_at_most 20 辆次", tonne, "reduction_t_per_day", ""},
		{"at most, beside a limit of its own", list.StopVehicles, amount(most, 30, "辆次/日"), amount(most, 20, "辆次/日"),
			"day_total_at_most 25 辆次", list.Amounts{}, "day_total_at_most 25 辆次", list.Amounts{}, "monitor[0].criterion", ""},
		{"at least so much", list.ImproveTreatment, amount(least, 12, "kg/h"), amount(least, 15, "kg/h"), "at_least 12 kg/h",
			list.Amounts{}, "at_least 15 kg/h", list.Amounts{}, "", ""},
		{"from nothing", list.ReduceCoal, amount(by, 0, "t/d"), amount(by, 10, "t/d"), "day_total_at_most 900 t", tonne,
			"day_total_at_most 890 t", tonne, "reduction_t_per_day", ""},
		{"another kind", list.ReduceCoal, amount(by, 300, "t/d"), amount(most, 900, "t/d"), "day_total_at_most 900 t", tonne,
			"day_total_at_most 900 t", tonne, "monitor[0].criterion reduction_t_per_day", ""},
		{"no quantity any more", list.ReduceCoal, amount(by, 300, "t/d"), nil, "day_total_at_most 900 t", tonne,
			"day_total_at_most 900 t", tonne, "monitor[0].criterion reduction_t_per_day", ""},
		{"a concentration", list.ImproveTreatment, amount(most, 35, "mg/m3"), amount(most, 30, "mg/m3"),
			"hour_concentration_at_most 35 mg/m3", list.Amounts{},
			"hour_concentration_at_most 35 mg/m3", list.Amounts{}, "monitor[0].criterion", ""},
		{"the same again", list.ReduceCoal, amount(by, 300, "t/d"), amount(by, 300, "t/d"), "at_least 1 t/h", tonne,
			"at_least 1 t/h", tonne, "", ""},
		{"a stop that leaves something", list.Stop, nil, amount(by, 80, "%"), "stopped", tonne, "", tonne, "", "list.follow_stop"},
		{"a stop that leaves nothing", list.Stop, nil, amount(by, 100, "%"), "stopped", list.Amounts{}, "stopped",
			list.Amounts{}, "", ""},
		{"vehicles that pass a closed gate", list.StopVehicles, amount(most, 0, "辆次/日"), amount(most, 30, "辆次/日"), "stopped",
			tonne, "", tonne, "", "list.follow_stop"},
		{"a limit where all stands still", list.Limit, amount(by, 100, "%"), amount(by, 60, "%"), "stopped", tonne, "", tonne, "",
			"list.follow_stop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := list.Measure{Action: c.action, Quantity: c.was, Reduction: c.reduction,
				Monitors: []list.Monitor{{Source: list.DCS}, {Source: list.Video}}}
			if err := m.Monitors[0].Criterion.UnmarshalText([]byte(c.criterion)); err != nil {
				t.Fatal(err)
			}
			got, err := rules.Follow(&m, c.to)
			if m.Monitors[0].Criterion.String() != c.criterion || m.Reduction != c.reduction {
				t.Error("it changed the measure")
			}
			if c.refusedFor != "" {
				if err == nil || !strings.Contains(err.Error(), refusal.Text(c.refusedFor, "en", refusal.Args{
					"action": c.action.Label(), "value": list.AmountWords(c.to.Value, c.to.Unit)})) {
					t.Errorf("refused for %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if text := got.Monitors[0].Criterion.String(); text != c.want {
				t.Errorf("criterion %q, want %q", text, c.want)
			}
			if got.Reduction != c.reduced {
				t.Errorf("reduction %v, want %v", got.Reduction, c.reduced)
			}
			if asked := strings.Join(got.Asked, " "); asked != c.asked {
				t.Errorf("asked %q, want %q", asked, c.asked)
			}
		})
	}
}

// There and back again gives what was there: no digit is lost or added on the way.
func TestFollowBackAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, w := float64(rapid.IntRange(1, 99).Draw(t, "from")), float64(rapid.IntRange(1, 99).Draw(t, "to"))
		m := list.Measure{Action: list.Limit, Quantity: amount(list.ReduceBy, v, "%"),
			Reduction: list.Amounts{SO2: float64(rapid.IntRange(0, 1000).Draw(t, "so2")) / 1000},
			Monitors:  []list.Monitor{{Source: list.Power, Criterion: list.Criterion{Kind: list.FractionOfBaseline, Limit: (100 - v) / 100}}}}
		there, err := rules.Follow(&m, amount(list.ReduceBy, w, "%"))
		if err != nil || len(there.Asked) > 0 {
			t.Fatal(err, there.Asked)
		}
		then := m
		then.Quantity, then.Monitors, then.Reduction = amount(list.ReduceBy, w, "%"), there.Monitors, there.Reduction
		back, err := rules.Follow(&then, m.Quantity)
		if err != nil || len(back.Asked) > 0 {
			t.Fatal(err, back.Asked)
		}
		near := func(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
		if !near(back.Reduction.SO2, m.Reduction.SO2) || !near(back.Monitors[0].Criterion.Limit, 1-v/100) {
			t.Fatalf("%v and %v", back, m)
		}
		if !slices.EqualFunc(then.Monitors, m.Monitors, func(a, b list.Monitor) bool {
			_, err := list.ParseCriterion(a.Criterion.String())
			return err == nil && a.Source == b.Source
		}) {
			t.Fatal(then.Monitors)
		}
	})
}
