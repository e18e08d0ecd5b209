package rules_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// A change that gives another quantity gets what follows from it, as far as it does not say it itself; what nothing says
// is named. The whole change is what an amendment takes.
func TestFollowChange(t *testing.T) {
	m := list.Measure{ID: "M1", Action: list.Limit, Unit: "L1", Text: "限产四成", Quantity: amount(list.ReduceBy, 40, "%"),
		Reduction: list.Amounts{SO2: 0.2, NOx: 0.4},
		Monitors: []list.Monitor{{Source: list.Power, Ref: "D1", Criterion: list.Criterion{Kind: list.FractionOfBaseline, Limit: 0.6}},
			{Source: list.CEMS, Ref: "MN1", Factor: "a21026",
				Criterion: list.Criterion{Kind: list.HourConcentrationAtMost, Limit: 35, Unit: "mg/m3"}},
			{Source: list.Video, Ref: "SP1"}}}
	const monitors = `[{"source":"power","ref":"D1","criterion":"at_most_fraction_of_baseline 0.8"},` +
		`{"source":"cems","ref":"MN1","factor":"a21026","criterion":"hour_concentration_at_most 35 mg/m3"},` +
		`{"source":"video","ref":"SP1"}]`
	const own = `[{"source":"power","ref":"D1","criterion":"at_most_fraction_of_baseline 0.7"}]`
	for name, c := range map[string]struct {
		change, want  string
		filled, asked string
	}{
		"both follow": {`{"quantity":{"kind":"reduce_by","value":20,"unit":"%"},"text":"限产两成"}`,
			`{"monitor":` + monitors + `,"quantity":{"kind":"reduce_by","value":20,"unit":"%"},` +
				`"reduction_t_per_day":{"so2":0.1,"nox":0.2,"pm":0,"vocs":0},"text":"限产两成"}`,
			"monitor[0].criterion reduction_t_per_day", "monitor[1].criterion"},
		"a value alone": {`{"quantity":{"value":20}}`, `{"monitor":` + monitors + `,"quantity":{"value":20},` +
			`"reduction_t_per_day":{"so2":0.1,"nox":0.2,"pm":0,"vocs":0}}`,
			"monitor[0].criterion reduction_t_per_day", "monitor[1].criterion"},
		"its own criteria stay": {`{"quantity":{"value":20},"monitor":` + own + `}`,
			`{"monitor":` + own + `,"quantity":{"value":20},"reduction_t_per_day":{"so2":0.1,"nox":0.2,"pm":0,"vocs":0}}`,
			"reduction_t_per_day", ""},
		"its own reduction stays": {`{"quantity":{"value":20},"reduction_t_per_day":{"so2":1}}`,
			`{"monitor":` + monitors + `,"quantity":{"value":20},"reduction_t_per_day":{"so2":1}}`, "monitor[0].criterion",
			"monitor[1].criterion"},
		"another kind": {`{"quantity":{"kind":"at_most","value":20,"unit":"t/d"}}`,
			`{"quantity":{"kind":"at_most","value":20,"unit":"t/d"}}`, "",
			"monitor[0].criterion monitor[1].criterion reduction_t_per_day"},
		"the same quantity": {`{"quantity":{"value":40}}`, `{"quantity":{"value":40}}`, "", ""},
		"no quantity":       {`{"complete_within_h":3}`, `{"complete_within_h":3}`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := m.Monitors[0].Criterion
			f, err := rules.FollowChange(&m, []byte(c.change))
			if err != nil {
				t.Fatal(err)
			}
			if m.Monitors[0].Criterion != before || m.Quantity.Value != 40 {
				t.Error("it changed the measure")
			}
			if string(f.Change) != c.want {
				t.Errorf("the change is %s,\nwant %s", f.Change, c.want)
			}
			if got := strings.Join(f.Filled, " "); got != c.filled {
				t.Errorf("filled %q, want %q", got, c.filled)
			}
			if got := strings.Join(f.Asked, " "); got != c.asked {
				t.Errorf("asked %q, want %q", got, c.asked)
			}
			var carried list.Measure // what the filled change makes of the measure is the measure that is told
			text, err := json.Marshal(m)
			if err == nil {
				err = json.Unmarshal(text, &carried)
			}
			if err == nil {
				err = json.Unmarshal(f.Change, &carried)
			}
			if err != nil {
				t.Fatal(err)
			}
			if is, want := f.Measure, carried; *is.Quantity != *want.Quantity || is.Reduction.SO2 != want.Reduction.SO2 ||
				is.Monitors[0] != want.Monitors[0] || len(is.Monitors) != len(want.Monitors) || is.Text != want.Text {
				t.Errorf("it leaves %+v, and carried out %+v", is, want)
			}
		})
	}
	stop := list.Measure{Action: list.Stop, Quantity: amount(list.ReduceBy, 100, "%"),
		Monitors: []list.Monitor{{Source: list.Power, Criterion: list.Criterion{Kind: list.Stopped}}}}
	for name, c := range map[string]struct{ change, path, rule string }{
		"a stop that leaves something": {`{"quantity":{"value":80}}`, "change.quantity", "list.follow_stop"},
		"another act, the same criterion": {`{"quantity":{"value":80},"action":"limit"}`, "change.quantity",
			"list.follow_stop"},
		"another act and criterion": {`{"quantity":{"value":80},"action":"limit","monitor":` + own + `}`, "", ""},
		"a member that is none":     {`{"quantities":1}`, "change.quantities", "input.unknown_field"},
		"no number":                 {`{"quantity":{"value":"x"}}`, "change.quantity.value", "input.wrong_type"},
	} {
		_, err := rules.FollowChange(&stop, []byte(c.change))
		var e *refusal.Error
		if errors.As(err, &e) != (c.rule != "") || e != nil && (e.Fields[0].Path != c.path || e.Fields[0].Rule != c.rule) {
			t.Errorf("%s: %v, want %s at %s", name, err, c.rule, c.path)
		}
	}
}
