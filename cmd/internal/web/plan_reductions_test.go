package web

import (
	"encoding/json"
	"net/http"
	"testing"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"
	"qingkong/reductionlist/plant"
	"qingkong/seeds/xiqing"
)

// reducing is a world with Xiqing's list in which a plant has an order and has given its figures.
func reducing(t *testing.T, recipient string) (w *world, order string) {
	w = newWorld(t)
	w.xiqing()
	order = w.ordered() + "-" + recipient + "-1"
	figures := xiqing.Figures(w.clock.Now().In(alerts.Shanghai()))[recipient]
	if err := w.svc.RecordFigures(t.Context(), service.By(recipient), recipient, figures); err != nil {
		t.Fatal(err)
	}
	return w, order
}

func (w *world) reductionsOf(order string) (out []plant.PlanReduction) {
	w.t.Helper()
	var p struct {
		Result struct{ Reductions []plant.PlanReduction }
	}
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + order + "/plan"}, &p)
	return p.Result.Reductions
}

// What the coal plant takes away in a day goes with the coal that its plan really saves: the answer says so before, and
// the order that carries the plan has it. The plan saves in all what the list's kilograms a tonne make of the coal.
func TestReductionsOfACoalPlan(t *testing.T) {
	w, order := reducing(t, "E0001")
	var tried struct {
		Reductions []plant.PlanReduction
		Marks      []plant.PlanMarks
	}
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + order + "/plan", body: `{}`}, &tried)
	prepared := w.reductionsOf(order)
	if len(prepared) != 4 || len(tried.Reductions) != 4 || plant.AskedReductions(prepared) != nil {
		t.Fatalf("%+v", prepared)
	}
	more := 0
	for i, r := range prepared {
		if *r.Reduction != *tried.Reductions[i].Reduction || r.Listed.SO2 != 0.01695 { // 150 t at 0.113 kg/t
			t.Errorf("%+v", r)
		}
		if r.Reduction.SO2 < 0 {
			more++
		}
	}
	if more == 0 {
		t.Error("every unit burns less: the case of one that burns more is not looked at")
	}
	var o notify.View
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + order + "/plan/accept",
		body: `{"reason":"供热不能减"}`}, &o)
	for _, m := range o.Measures {
		for _, r := range prepared {
			if m.ID == r.MeasureID && m.Reduction != *r.Reduction {
				t.Errorf("%s takes away %+v, want %+v", m.ID, m.Reduction, *r.Reduction)
			}
		}
	}
}

// The list says of furnaces how much they burn at most and not how much less: whoever accepts a plan says what each
// takes away, or that it stays as it is.
func TestReductionsOfAWastePlanAreAsked(t *testing.T) {
	w, order := reducing(t, "E0002")
	asked := w.reductionsOf(order)
	if ids := plant.AskedReductions(asked); len(asked) != 3 || len(ids) != 3 {
		t.Fatalf("%+v", asked)
	}
	accept := func(body string) call {
		return call{who: "duty", path: calls.Prefix + "/orders/" + order + "/plan/accept", body: body}
	}
	height := w.svc.J.Height()
	for body, paths := range map[string][]string{
		`{"reason":"x"}`: {"reductions"},
		`{"reason":"x","reduction_stays":["M01"]}`:                   {"reductions"},
		`{"reason":"x","reductions":[{}]}`:                           {"reductions[0].measure_id", "reductions[0].reduction_t_per_day"},
		`{"reason":"x","reduction_stays":["M01","M02","M03","M04"]}`: {"reduction_stays[3]"},
		`{"reason":"x","reductions":[{"measure_id":"M01","reduction_t_per_day":{"so2":-1}}],"reduction_stays":["M02","M03"]}`: {
			"reductions[0].reduction_t_per_day"},
		`{"reason":"x","reductions":[{"measure_id":"M01","reduction_t_per_day":{"so2":1e8}}],"reduction_stays":["M02","M03"]}`: {
			"reductions[0].reduction_t_per_day"}, // more than the district emits
	} {
		q := w.refused(http.StatusUnprocessableEntity, "invalid", accept(body))
		if len(q.Errors) != len(paths) {
			t.Errorf("%s: %+v", body, q.Errors)
			continue
		}
		for i, path := range paths {
			if q.Errors[i].Path != path || q.Errors[i].Message == "" {
				t.Errorf("%s: %+v, want %s", body, q.Errors[i], path)
			}
		}
	}
	if w.svc.J.Height() != height {
		t.Error("something is recorded of what was refused")
	}
	const said = `{"reason":"示例","reductions":[{"measure_id":"M02","reduction_t_per_day":{"nox":0.0125,"so2":0.001}}],` +
		`"reduction_stays":["M01","M03"]}`
	var o notify.View
	keyed := accept(said)
	keyed.header = map[string]string{keyHeader: "accept-waste"}
	first := w.must(http.StatusOK, keyed, &o)
	if again := w.do(keyed); again.body != first.body {
		t.Errorf("again under its key: %d %s", again.StatusCode, again.body)
	}
	want := map[string]reductionlist.Amounts{"M01": asked[0].Listed, "M02": {NOx: 0.0125, SO2: 0.001}, "M03": asked[2].Listed}
	for _, m := range o.Measures {
		if r, ok := want[m.ID]; ok && m.Reduction != r {
			t.Errorf("%s takes away %+v, want %+v", m.ID, m.Reduction, r)
		}
	}
	var plan struct{ Reductions []plant.PlanReduction }
	if err := json.Unmarshal(o.Plan, &plan); err != nil || plant.AskedReductions(plan.Reductions) != nil {
		t.Errorf("the order's plan leaves open %+v (%v)", plan.Reductions, err)
	}
	var again notify.View
	if w.must(http.StatusOK, accept(said), &again); again.ID != o.ID {
		t.Errorf("the same again makes %s of %s", again.ID, o.ID)
	}
}
