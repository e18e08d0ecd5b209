package plant

import (
	"encoding/json"
	"slices"
	"testing"

	"qingkong/reductionlist"
)

// The daily reduction of a measure goes with what its plan really cuts of what the list asks to be cut, over the hours
// in which the measure is due. The plan of [running] has 5# burn 100 t/h where it usually burns 110, and 6# 50 t/h for
// ten hours of thirty where it usually burns 60.
func TestReductionsFollowThePlan(t *testing.T) {
	const reduce, stop = reductionlist.ReduceCoal, reductionlist.Stop
	const by, most, least = reductionlist.ReduceBy, reductionlist.AtMost, reductionlist.AtLeast
	for _, c := range []struct {
		name   string
		action reductionlist.Action
		unit   string
		within float64
		kind   reductionlist.QuantityKind
		value  float64
		per    string
		listed reductionlist.Amounts
		want   string // as JSON; null is asked of a person, and empty is no measure of the plan
	}{
		{"tonnes a day, as many as asked", reduce, "5#机组", 0, by, 240, "t/d", reductionlist.Amounts{SO2: 0.1, NOx: 0.3},
			`{"so2":0.1,"nox":0.3,"pm":0,"vocs":0}`},
		{"twice as many", reduce, "5#机组", 0, by, 120, "吨/日", reductionlist.Amounts{SO2: 0.1, NOx: 0.3},
			`{"so2":0.2,"nox":0.6,"pm":0,"vocs":0}`},
		{"fewer", reduce, "5#机组", 0, by, 600, "t/d", reductionlist.Amounts{SO2: 0.1, PM: 0.001},
			`{"so2":0.04,"nox":0,"pm":0.0004,"vocs":0}`},
		{"the mean of running and standing still", reduce, "6#", 0, by, 1000, "t/d", reductionlist.Amounts{NOx: 1},
			`{"so2":0,"nox":1.04,"pm":0,"vocs":0}`}, // (60·30 − 50·10)/30·24 t a day
		{"only the hours in which it is due", reduce, "6#", 10, by, 1440, "t/d", reductionlist.Amounts{NOx: 0.5},
			`{"so2":0,"nox":0.5,"pm":0,"vocs":0}`},
		{"both units together", reduce, "全厂", 0, by, 640, "t/d", reductionlist.Amounts{VOCs: 0.01},
			`{"so2":0,"nox":0,"pm":0,"vocs":0.02}`},
		{"per cent", reduce, "5#", 0, by, 10, "%", reductionlist.Amounts{SO2: 0.22},
			`{"so2":0.2,"nox":0,"pm":0,"vocs":0}`},
		{"per cent of a unit that stands still", reduce, "6#", 10, by, 40, "%", reductionlist.Amounts{SO2: 0.2},
			`{"so2":0.5,"nox":0,"pm":0,"vocs":0}`},
		{"tonnes an hour", reduce, "5#", 0, by, 20, "t/h", reductionlist.Amounts{SO2: 0.2},
			`{"so2":0.1,"nox":0,"pm":0,"vocs":0}`},
		{"megawatts", reduce, "5#", 0, by, 100, "MW", reductionlist.Amounts{SO2: 0.2},
			`{"so2":0.1,"nox":0,"pm":0,"vocs":0}`},
		{"more heat than usual is less than no cut", reduce, "5#", 0, by, 200, "GJ/h", reductionlist.Amounts{SO2: 0.2},
			`{"so2":-0.1,"nox":0,"pm":0,"vocs":0}`},
		{"to the gram", reduce, "5#", 0, by, 700, "t/d", reductionlist.Amounts{SO2: 0.1},
			`{"so2":0.034286,"nox":0,"pm":0,"vocs":0}`},
		{"at most says nothing of a cut", reduce, "5#", 0, most, 2400, "t/d", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"nor does at least", reduce, "5#", 0, least, 2, "GJ/h", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"less by nothing", reduce, "5#", 0, by, 0, "t/d", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"no quantity", reduce, "5#", 0, "", 0, "", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"a unit that no plan has", reduce, "5#", 0, by, 3, "万吨/日", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"due when the plan is over", reduce, "5#", 30, by, 240, "t/d", reductionlist.Amounts{SO2: 0.1}, `null`},
		{"nothing stays nothing", reduce, "5#", 0, most, 2400, "t/d", reductionlist.Amounts{},
			`{"so2":0,"nox":0,"pm":0,"vocs":0}`},
		{"nothing stays nothing, whatever is cut", reduce, "5#", 0, by, 1, "t/d", reductionlist.Amounts{},
			`{"so2":0,"nox":0,"pm":0,"vocs":0}`},
		{"a machine that is not the plan's", reduce, "9#", 0, by, 240, "t/d", reductionlist.Amounts{SO2: 0.1}, ``},
		{"an act that the plan leaves", stop, "5#", 0, by, 100, "%", reductionlist.Amounts{SO2: 0.1}, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := DemandedMeasure{From: clockTime("2016-12-16 20:00"), Measure: reductionlist.Measure{ID: "M1", Action: c.action,
				Unit: c.unit, CompleteWithinH: c.within, Reduction: c.listed}}
			if c.kind != "" {
				m.Quantity = &reductionlist.Quantity{Kind: c.kind, Value: c.value, Unit: c.per}
			}
			got := running().reductions(Demands{m})
			if c.want == "" {
				if len(got) != 0 {
					t.Fatalf("%+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].MeasureID != "M1" || got[0].Unit != c.unit || got[0].Listed != c.listed {
				t.Fatalf("%+v", got)
			}
			if text, err := json.Marshal(got[0].Reduction); err != nil || string(text) != c.want {
				t.Errorf("%s (%v), want %s", text, err, c.want)
			}
			if asked := AskedReductions(got); (len(asked) == 1) != (c.want == "null") {
				t.Errorf("asked %v", asked)
			}
		})
	}
}

// Where the usual loads are not known nothing says what a cut is, and nothing is cut of what is usually nothing.
func TestReductionsWithoutUsualLoads(t *testing.T) {
	m := func(v float64, unit string) Demands {
		return Demands{{From: clockTime("2016-12-16 20:00"), Measure: reductionlist.Measure{ID: "M1", Unit: "6#",
			Action: reductionlist.ReduceCoal, Reduction: reductionlist.Amounts{NOx: 1},
			Quantity: &reductionlist.Quantity{Kind: reductionlist.ReduceBy, Value: v, Unit: unit}}}}
	}
	p := running()
	for i := range p.Steps {
		p.Steps[i].Units[1].T, p.Steps[i].Units[1].Usual.Tonnes = 0, 0
	}
	if r := p.reductions(m(40, "%"))[0]; r.Reduction != nil {
		t.Errorf("a share of nothing: %+v", r.Reduction)
	}
	if r := p.reductions(m(600, "t/d"))[0]; r.Reduction == nil || *r.Reduction != (reductionlist.Amounts{}) {
		t.Errorf("a unit that never runs cuts %+v", r.Reduction)
	}
	for i := range p.Steps {
		p.Steps[i].Units[0].Usual = nil
	}
	if r := p.reductions(m(600, "t/d"))[0]; r.Reduction != nil {
		t.Errorf("without usual loads: %+v", r.Reduction)
	}
}

// The measures that a plan rewrites get the daily reductions that it has; those of a plan of an older program keep the
// list's.
func TestMeasuresHaveThePlansReductions(t *testing.T) {
	p := running()
	p.Add()
	listed := []reductionlist.Measure{
		{ID: "M1", Action: reductionlist.ReduceCoal, Unit: "5#", Reduction: reductionlist.Amounts{SO2: 0.1}},
		{ID: "M2", Action: reductionlist.ReduceCoal, Unit: "6#", Reduction: reductionlist.Amounts{SO2: 0.2}},
		{ID: "M3", Action: reductionlist.StopVehicles, Reduction: reductionlist.Amounts{PM: 0.3}}}
	reductions := func() (out []reductionlist.Amounts) {
		ms, _ := p.Measures(listed)
		for i := range ms {
			out = append(out, ms[i].Reduction)
		}
		return out
	}
	so2 := func(v float64) reductionlist.Amounts { return reductionlist.Amounts{SO2: v} }
	if got := reductions(); !slices.Equal(got, []reductionlist.Amounts{so2(0.1), so2(0.2), {PM: 0.3}}) {
		t.Errorf("of an older plan %v", got)
	}
	p.Reductions = []PlanReduction{{MeasureID: "M1", Reduction: new(so2(0.5))}, {MeasureID: "M2"},
		{MeasureID: "M3", Reduction: new(so2(9))}}
	if got := reductions(); !slices.Equal(got, []reductionlist.Amounts{so2(0.5), so2(0.2), {PM: 0.3}}) {
		t.Errorf("%v", got)
	}
	if listed[0].Reduction != so2(0.1) {
		t.Error("the measures that were handed in changed")
	}
}
