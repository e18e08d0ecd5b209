package frame_test

import (
	"errors"
	"net/url"
	"testing"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/reductionlist"
)

// What follows from another number is filled in where the field was left as it is; what nobody but a person can say is
// asked for, until it is rewritten or ticked to stay.
func TestMeasureFieldsFollowTheQuantity(t *testing.T) {
	names := frame.MeasureNames{Quantity: "quantity", Member: func(m string) string { return m }}
	less := func(v float64) *reductionlist.Quantity {
		return &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: v, Unit: "%"}
	}
	measure := func(limit float64) *reductionlist.Measure {
		return &reductionlist.Measure{Action: reductionlist.Limit, Quantity: less(50),
			Reduction: reductionlist.Amounts{SO2: 0.2, NOx: 0.4},
			Monitors: []reductionlist.Monitor{{Source: reductionlist.Power,
				Criterion: reductionlist.Criterion{Kind: reductionlist.FractionOfBaseline, Limit: limit}}}}
	}
	untouched := func(m *reductionlist.Measure, set url.Values) url.Values {
		v := url.Values{"criterion0": {m.Monitors[0].Criterion.String()}, "so2": {"0.2"}, "nox": {"0.4"}, "pm": {"0"}, "vocs": {"0"}}
		for name, value := range set {
			v[name] = value
		}
		return v
	}
	for name, c := range map[string]struct {
		m    *reductionlist.Measure
		set  url.Values
		want url.Values
		rule string // of the refusal
		path string
	}{
		"both follow": {measure(0.5), url.Values{"quantity": {"25"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.75"}, "so2": {"0.1"}, "nox": {"0.2"}}, "", ""},
		"the number stays": {measure(0.5), url.Values{"quantity": {"50"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.5"}, "so2": {"0.2"}}, "", ""},
		"a criterion that was rewritten stays so": {measure(0.5),
			url.Values{"quantity": {"25"}, "criterion0": {"at_most_fraction_of_baseline 0.6"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.6"}, "so2": {"0.1"}}, "", ""},
		"a reduction that was rewritten stays so": {measure(0.5), url.Values{"quantity": {"25"}, "so2": {"0.15"}},
			url.Values{"so2": {"0.15"}, "nox": {"0.4"}}, "", ""},
		"a criterion of its own is asked for": {measure(0.6), url.Values{"quantity": {"25"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.6"}, "so2": {"0.1"}}, "desk.form.follow_asked", "criterion0"},
		"what was filled in follows again": {measure(0.5), url.Values{"quantity": {"40"},
			"criterion0": {"at_most_fraction_of_baseline 0.75"}, "filled.criterion0": {"at_most_fraction_of_baseline 0.75"},
			"so2": {"0.1"}, "filled.so2": {"0.1"}, "nox": {"0.2"}, "filled.nox": {"0.2"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.6"}, "so2": {"0.16"}, "nox": {"0.32"}}, "", ""},
		"and goes back with the number": {measure(0.5), url.Values{"quantity": {"50"},
			"criterion0": {"at_most_fraction_of_baseline 0.75"}, "filled.criterion0": {"at_most_fraction_of_baseline 0.75"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.5"}}, "", ""},
		"and may stay": {measure(0.6), url.Values{"quantity": {"25"}, "stays.criterion0": {"true"}},
			url.Values{"criterion0": {"at_most_fraction_of_baseline 0.6"}}, "", ""},
		"no number is refused elsewhere": {measure(0.5), url.Values{"quantity": {"half"}}, url.Values{"so2": {"0.2"}}, "", ""},
		"a stop that would leave something": {&reductionlist.Measure{Action: reductionlist.Stop, Quantity: less(100),
			Monitors: []reductionlist.Monitor{{Criterion: reductionlist.Criterion{Kind: reductionlist.Stopped}}}},
			url.Values{"quantity": {"80"}}, url.Values{}, "list.follow_stop", "quantity"},
	} {
		t.Run(name, func(t *testing.T) {
			v := untouched(c.m, c.set)
			err := names.Follow(c.m, v)
			var e *refusal.Error
			switch {
			case c.rule == "" && err != nil:
				t.Error(err)
			case c.rule != "" && (!errors.As(err, &e) || e.Fields[0].Rule != c.rule || e.Fields[0].Path != c.path):
				t.Errorf("refused for %v, want %s at %s", err, c.rule, c.path)
			}
			for field, want := range c.want {
				if v.Get(field) != want[0] {
					t.Errorf("%s is %q, want %q", field, v.Get(field), want[0])
				}
			}
		})
	}
}
