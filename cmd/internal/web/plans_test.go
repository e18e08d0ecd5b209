package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service"

	"qingkong/alerts"
	"qingkong/notify"
	"qingkong/reductionlist/plant"
	"qingkong/seeds/xiqing"
)

// plantOrder is an order for the coal plant of Xiqing's list, with figures or without.
func (w *world) plantOrder(figures bool) string {
	w.t.Helper()
	w.xiqing()
	id := w.ordered() + "-E0001-1"
	if figures {
		w.must(http.StatusOK, example("duty", "PUT /recipients/{id}/figures", "E0001"), nil)
	}
	return id
}

type prepared struct {
	Problem map[string]any
	Missing []calls.MissingView
	Result  *struct {
		Status string
		Gap    *float64
		Plan   []struct {
			At    time.Time
			Units []struct {
				Name  string
				CoalT float64 `json:"coal_t"`
			}
		}
		Totals struct {
			CoalT float64 `json:"coal_t"`
		}
	}
	FiguresAt *time.Time `json:"figures_at"`
}

func (w *world) prepare(order string) (p prepared) {
	w.t.Helper()
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + order + "/plan"}, &p)
	return p
}

// From nothing to an accepted plan: what is missing is asked for, in words; what is given makes a plan; other demands
// make another; and the order that is accepted carries it.
func TestPlanOfAnOrder(t *testing.T) {
	w := newWorld(t)
	id := w.plantOrder(false)
	p := w.prepare(id)
	if p.Result != nil || p.FiguresAt != nil || len(p.Missing) != 4*2+3+4+1 || p.Missing[0].Path != "to" {
		t.Fatalf("before any figures: %+v", p)
	}
	for _, m := range p.Missing {
		if m.Message == "" || strings.Contains(m.Message, "{") || m.Required == strings.HasPrefix(m.Path, "baseline") {
			t.Errorf("asked for in which words? %+v", m)
		}
	}
	plan := func(body string) call {
		return call{who: "duty", path: calls.Prefix + "/orders/" + id + "/plan", body: body}
	}
	accept := func(body string) call {
		body = strings.Replace(strings.Replace(body, "{", `{"reason":"供热不能减",`, 1), ",}", "}", 1)
		return call{who: "duty", path: calls.Prefix + "/orders/" + id + "/plan/accept", body: body}
	}
	if q := w.refused(http.StatusUnprocessableEntity, "invalid", accept(`{}`)); len(q.Errors) != 12 ||
		!strings.Contains(q.Errors[1].Message, "5#") {
		t.Errorf("accepted without figures: %+v", q)
	}
	w.must(http.StatusOK, example("E0001", "PUT /recipients/{id}/figures", "E0001"), nil)
	p = w.prepare(id)
	if p.Result == nil || p.Result.Status != "optimal" || *p.Result.Gap > 1e-6 || len(p.Missing) != 0 ||
		p.FiguresAt == nil || len(p.Result.Plan) != 31 {
		t.Fatalf("with figures: %+v", p)
	}
	text := func(change func(map[string]any)) string {
		problem := maps.Clone(p.Problem)
		change(problem)
		b, err := json.Marshal(map[string]any{"problem": problem})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var less prepared
	height := w.svc.J.Height()
	other := text(func(m map[string]any) {
		m["demand"] = []map[string]any{{"power_min_mw": 400, "power_max_mw": 900, "heat_gj_h": 1800}}
	})
	w.must(http.StatusOK, plan(other), &less.Result)
	if less.Result.Totals.CoalT >= p.Result.Totals.CoalT || w.svc.J.Height() != height {
		t.Errorf("with less power %g t, before %g t", less.Result.Totals.CoalT, p.Result.Totals.CoalT)
	}
	impossible := text(func(m map[string]any) {
		m["demand"] = []map[string]any{{"power_min_mw": 400, "power_max_mw": 900, "heat_gj_h": 9999}}
	})
	var none struct {
		Status    string
		Conflicts []json.RawMessage
	}
	if w.must(http.StatusOK, plan(impossible), &none); none.Status != "infeasible" || len(none.Conflicts) == 0 {
		t.Errorf("%+v", none)
	}
	if q := w.refused(http.StatusConflict, "conflict", accept(impossible)); !strings.Contains(q.Detail, "供热需求") {
		t.Errorf("an infeasible plan accepted: %+v", q)
	}

	var order notify.View
	c := accept(other)
	c.header = map[string]string{keyHeader: "accept-1"}
	first := w.must(http.StatusOK, c, &order)
	if order.Revision != 2 || order.Cause != notify.CausePlan || !strings.Contains(order.Text, "按已接受的运行方案执行") {
		t.Errorf("%s", first.body)
	}
	carried, err := plant.ParseOperatingPlan(order.Plan)
	if err != nil || carried == nil || *carried.Totals.CoalT != less.Result.Totals.CoalT || carried.Status != "optimal" ||
		!carried.FiguresAt.Equal(*p.FiguresAt) {
		t.Fatalf("%v %s", err, order.Plan)
	}
	sum := 0.0
	for _, m := range order.Measures {
		if m.Action == "reduce_coal" {
			for _, d := range m.Quantity.Days {
				sum += d.Value
			}
		}
	}
	if total := *carried.Totals.CoalT; sum < total || sum > total+2 {
		t.Errorf("the days of the measures are %g t, the plan %g t", sum, total)
	}
	for name, again := range map[string]call{"under its key": c, "without": accept(other)} {
		if r := w.do(again); r.body != first.body {
			t.Errorf("again %s: %d %s", name, r.StatusCode, r.body)
		}
	}
	otherwise := c
	otherwise.body = `{"reason":"供热不能减"}`
	// the prepared one of an order that took a plan is the one it took
	if r := w.do(otherwise); r.StatusCode != http.StatusOK {
		t.Errorf("the prepared one again: %d %s", r.StatusCode, r.body)
	}
	w.refused(http.StatusConflict, "transition_refused", accept(impossible))
}

// marked is what an answer says of the measures of an order.
type marked struct {
	Marks       []plant.PlanMarks
	NeedsReason bool `json:"needs_reason"`
}

func (m *marked) of(t *testing.T, id string) plant.PlanMarks {
	t.Helper()
	for _, v := range m.Marks {
		if v.MeasureID == id {
			return v
		}
	}
	t.Fatalf("nothing is said of %s: %+v", id, m.Marks)
	return plant.PlanMarks{}
}

// The demo's coal plan burns 9,281 t a day where the order at red allows four times 2,100: every answer says so of each
// measure, and the plan is accepted with a reason alone, which the history of the order has.
func TestPlanAgainstTheList(t *testing.T) {
	w := newWorld(t)
	w.xiqing()
	warning := new(alerts.Warning)
	body := strings.Replace(declaration(alerts.Red), `"reason"`, `"ends_at":"2016-12-20T00:00:00+08:00","reason"`, 1)
	w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: body}, warning)
	w.must(http.StatusOK, call{who: "approver", path: "/api/v1/warnings/" + warning.ID + "/approve",
		body: fmt.Sprintf(`{"revision":%d}`, warning.Revision)}, nil)
	w.elapse(0)
	id := warning.ID + "-E0001-1"
	figures := xiqing.Figures(w.clock.Now().In(alerts.Shanghai()))["E0001"]
	if err := w.svc.RecordFigures(t.Context(), service.By("E0001"), "E0001", figures); err != nil {
		t.Fatal(err)
	}
	path := calls.Prefix + "/orders/" + id + "/plan"
	var prepared struct {
		Problem json.RawMessage
		Result  struct {
			marked
			Plan []struct {
				Units []struct {
					CoalT float64 `json:"coal_t"`
				}
			}
		}
	}
	w.must(http.StatusOK, call{who: "duty", path: path}, &prepared)
	r := prepared.Result
	if len(r.Marks) != 7 || !r.NeedsReason {
		t.Fatalf("%d measures, needs a reason: %v", len(r.Marks), r.NeedsReason)
	}
	burnt, allowed, broken := 0.0, 0.0, []string{}
	for _, id := range []string{"M05", "M06", "M07", "M08"} {
		m := r.of(t, id)
		if len(m.Demands) != 3 || !m.From.Equal(warning.StartsAt.Add(4*time.Hour)) {
			t.Fatalf("%s: %+v", id, m)
		}
		less, day := m.Demands[0], m.Demands[2]
		if less.Kind != "reduce_by" || less.Value != 600 || less.Unit != "t/d" ||
			(less.Verdict == plant.Kept) != (*less.Planned >= 600) {
			t.Errorf("%s: %+v", id, less)
		}
		if day.Criterion != "day_total_at_most 2100 t" || day.Value != 2100 || day.Unit != "t/d" ||
			(day.Verdict == plant.Kept) != (*day.Planned <= 2100) {
			t.Errorf("%s: %+v", id, day)
		}
		if m.Verdict == plant.NotKept {
			broken = append(broken, id)
		}
		for _, d := range day.Days {
			if d.Date == "2016-12-18" {
				burnt, allowed = burnt+d.Planned, allowed+d.Demanded
			}
		}
	}
	if allowed != 8400 || burnt <= 8400 || len(broken) == 0 {
		t.Errorf("on a whole day it burns %g t of %g, and does not keep %v", burnt, allowed, broken)
	}
	if m := r.of(t, "M09"); m.Verdict != plant.NotCompared || m.Demands[0].Why != plant.WhyNoPart ||
		m.Demands[0].Value != 0.7 {
		t.Errorf("%+v", m)
	}

	var tried marked
	w.must(http.StatusOK, call{who: "duty", path: path, body: `{}`}, &tried)
	if len(tried.Marks) != 7 || !tried.NeedsReason {
		t.Errorf("%+v", tried)
	}
	height := w.svc.J.Height()
	for _, body := range []string{`{}`, `{"reason":""}`, `{"reason":" \n"}`} {
		q := w.refused(http.StatusUnprocessableEntity, "invalid", call{who: "duty", path: path + "/accept", body: body})
		if len(q.Errors) != 1 || q.Errors[0].Path != "reason" || q.Errors[0].Rule != "plan.reason" ||
			!strings.Contains(q.Errors[0].Message, broken[0]) {
			t.Errorf("%s: %+v", body, q)
		}
	}
	w.refused(http.StatusUnprocessableEntity, "unknown_field", call{who: "duty", path: path, body: `{"reason":"x"}`})
	if w.svc.J.Height() != height {
		t.Error("something is recorded of what was refused")
	}
	var order notify.View
	accept := call{who: "duty", path: path + "/accept", body: `{"reason":"供热不能减，区指挥部同意"}`,
		header: map[string]string{keyHeader: "accept-2"}}
	first := w.must(http.StatusOK, accept, &order)
	carried, err := plant.ParseOperatingPlan(order.Plan)
	if err != nil || len(plant.Broken(carried.Marks)) != len(broken) || len(carried.Marks[0].Demands[2].Days) != 0 ||
		strings.Contains(string(first.body), "区指挥部") {
		t.Errorf("%v %s", err, order.Plan)
	}
	if again := w.do(accept); again.body != first.body {
		t.Errorf("again: %s", again.body)
	}
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/orders/" + order.ID + "/plan"}, &prepared)
	if m := prepared.Result.of(t, "M05"); m.Demands[2].Value != 2100 || !m.From.Equal(warning.StartsAt.Add(4*time.Hour)) {
		t.Errorf("under the plan the list demands %+v", m)
	}
}

// What is wrong in a body is refused with its place, and nothing changes.
func TestPlanBodies(t *testing.T) {
	w := newWorld(t)
	id := w.plantOrder(true)
	w.t = t
	p := w.prepare(id)
	problem := func(change func(map[string]any)) string {
		text, _ := json.Marshal(p.Problem)
		var m map[string]any
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		text, err := json.Marshal(map[string]any{"problem": m})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	unit := func(m map[string]any) map[string]any { return m["units"].([]any)[1].(map[string]any) }
	long := make([]map[string]float64, 32)
	for i := range long {
		long[i] = map[string]float64{"power_min_mw": 1, "power_max_mw": 2, "heat_gj_h": 3}
	}
	for name, c := range map[string]struct {
		body string
		path string
		code string
	}{
		"a factor": {problem(func(m map[string]any) { unit(m)["emission_kg_per_t_coal"].(map[string]any)["nox"] = 0.1 }),
			"problem.units[1].emission_kg_per_t_coal.nox", "invalid"},
		"a unit less":  {problem(func(m map[string]any) { m["units"] = m["units"].([]any)[:3] }), "problem.units", "invalid"},
		"another name": {problem(func(m map[string]any) { unit(m)["name"] = "9#" }), "problem.units[1].name", "invalid"},
		"weights": {problem(func(m map[string]any) { m["weight_per_kg"] = map[string]any{"so2": 0} }),
			"problem.weight_per_kg", "invalid"},
		"fewer steps": {problem(func(m map[string]any) { m["steps"] = 100000 }), "problem.steps", "invalid"},
		"negative": {problem(func(m map[string]any) { unit(m)["hours_in_state"] = -1 }),
			"problem.units[1].hours_in_state", "invalid"},
		"too many": {problem(func(m map[string]any) { m["demand"] = long }), "problem.demand", "invalid"},
		"none":     {problem(func(m map[string]any) { m["demand"] = []any{} }), "problem.demand", "invalid"},
		"no number": {problem(func(m map[string]any) { m["demand"] = []any{map[string]any{"power_min_mw": "NaN"}} }),
			"problem.demand[0].power_min_mw", "invalid"},
		"unknown unit": {problem(func(m map[string]any) { m["baseline_mw"].(map[string]any)["9#"] = []any{1} }),
			"problem.baseline_mw.9#", "invalid"},
		"unknown member": {problem(func(m map[string]any) { m["plan"] = []any{} }), "problem.plan", "invalid"},
		"a plan":         {`{"plan":{"status":"optimal"}}`, "plan", "unknown_field"},
		"no object":      {`{"problem":[1]}`, "problem", "invalid"},
	} {
		for _, act := range []string{"/plan", "/plan/accept"} {
			q := w.refused(http.StatusUnprocessableEntity, c.code,
				call{who: "duty", path: calls.Prefix + "/orders/" + id + act, body: c.body})
			if len(q.Errors) == 0 || q.Errors[0].Path != c.path && !strings.HasPrefix(q.Errors[0].Path, c.path) {
				t.Errorf("%s: %+v, want %s", name, q.Errors, c.path)
			}
		}
	}
	for _, limit := range []string{"0", "-1", "21", "NaN", "x", ""} {
		w.refused(http.StatusUnprocessableEntity, "invalid",
			call{who: "duty", path: calls.Prefix + "/orders/" + id + "/plan?time_limit=" + limit})
	}
	w.refused(http.StatusConflict, "conflict",
		call{who: "duty", path: calls.Prefix + "/orders/" + strings.Replace(id, "E0001", "E0003", 1) + "/plan"})
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", path: calls.Prefix + "/orders/none/plan"})
}

// What anybody may ask of the optimiser is bounded.
func TestAllocationsAreBounded(t *testing.T) {
	w := newWorld(t)
	coal := exampleOf("POST /allocations/coal")
	var unit string
	if from, to := strings.Index(coal, `{"name"`), strings.Index(coal, `],"demand"`); from > 0 {
		unit = coal[from:to]
	}
	many := make([]string, 14)
	for i := range many {
		many[i] = strings.Replace(unit, "5#", fmt.Sprintf("%d#", i), 1)
	}
	large := strings.Replace(strings.Replace(coal, unit, strings.Join(many, ","), 1), `"steps":3`, `"steps":100`, 1)
	large = strings.Replace(large, `"5#":[260]`, `"0#":[260]`, 1)
	large = large[:strings.Index(large, `,"baseline_mw"`)] + "}"
	q := w.refused(http.StatusUnprocessableEntity, "invalid",
		call{who: "duty", path: calls.Prefix + "/allocations/coal", body: large})
	if len(q.Errors) != 1 || q.Errors[0].Path != "steps" || q.Errors[0].Rule != "allocate.too_large_together" {
		t.Errorf("%+v", q.Errors)
	}
	waste := strings.Replace(exampleOf("POST /allocations/waste"), `"steps":3`, `"steps":2000`, 1)
	w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/allocations/waste?time_limit=20", body: waste}, nil)
	for _, body := range []string{`{}`, `{"units":[]}`, `[]`, `null`} {
		w.refused(http.StatusUnprocessableEntity, "invalid",
			call{who: "duty", path: calls.Prefix + "/allocations/coal", body: body})
	}
}

// An enterprise gives its own figures and sees no others'; nobody gives what cannot be.
func TestFiguresOfAPlant(t *testing.T) {
	w := newWorld(t)
	w.xiqing()
	good := exampleOf("PUT /recipients/{id}/figures")
	put := func(who, id, body string) call {
		return call{who: who, method: http.MethodPut, path: calls.Prefix + "/recipients/" + id + "/figures", body: body}
	}
	w.refused(http.StatusNotFound, "not_found", put("E0002", "E0001", good))
	w.refused(http.StatusNotFound, "not_found", call{who: "E0002", path: calls.Prefix + "/recipients/E0001/figures"})
	w.refused(http.StatusForbidden, "forbidden", put("viewer", "E0001", good))
	w.refused(http.StatusConflict, "conflict", put("duty", "E0003", good))
	w.refused(http.StatusNotFound, "not_found", put("duty", "E9999", good))
	for _, c := range []struct{ old, new, path, code string }{
		{`"name":"6#"`, `"name":"9#"`, "units[1].name", "invalid"},
		{`"name":"6#"`, `"name":"5#"`, "units[1].name", "invalid"},
		{`"hours_in_state":100`, `"hours_in_state":-1`, "units[0].hours_in_state", "invalid"},
		{`"hours_in_state":100`, `"hours_in_state":"NaN"`, "units[0].hours_in_state", "invalid"},
		{`"heat_gj_h":1800`, `"heat_gj_h":1e300`, "demand[0].heat_gj_h", "invalid"},
		{`"power_min_mw":600`, `"power_min_mw":950`, "demand[0].power_min_mw", "invalid"},
		{`"5#":[220]`, `"5#":[null]`, "baseline_mw.5#[0]", "invalid"},
		{`"step_h":1`, `"step_h":0.5`, "step_h", "invalid"},
		{`"source":"值长"`, `"source":"值长 13800000000"`, "source", "invalid"},
		{`"demand":[`, `"pit":{"level_t":1},"demand":[`, "pit", "invalid"},
		{`"demand":[`, `"demand":[` + strings.Repeat(`{},`, 1000), "demand", "invalid"},
		{`"demand":[`, `"emission":1,"demand":[`, "emission", "unknown_field"},
	} {
		q := w.refused(http.StatusUnprocessableEntity, c.code, put("duty", "E0001", strings.Replace(good, c.old, c.new, 1)))
		if len(q.Errors) == 0 || q.Errors[0].Path != c.path {
			t.Errorf("%s: %+v, want %s", c.new, q.Errors, c.path)
		}
	}
	var f struct {
		Figures any
		AgeH    *float64 `json:"age_h"`
		GivenBy string   `json:"given_by"`
		Old     bool
	}
	if w.must(http.StatusOK, call{who: "duty", path: calls.Prefix + "/recipients/E0001/figures"}, &f); f.Figures != nil ||
		f.AgeH != nil {
		t.Errorf("figures that nobody gave: %+v", f)
	}
	w.must(http.StatusOK, put("E0001", "E0001", good), nil)
	w.elapse(50 * time.Hour)
	if w.must(http.StatusOK, call{who: "approver", path: calls.Prefix + "/recipients/E0001/figures"}, &f); *f.AgeH != 50 ||
		!f.Old || f.GivenBy != "E0001" {
		t.Errorf("%+v", f)
	}
}

// Figures that are too old, and a list that has another factor from a day on, are told and not passed over.
func TestPlanAsTimePasses(t *testing.T) {
	w := newWorld(t)
	w.xiqing()
	warning := new(alerts.Warning)
	body := strings.Replace(declaration(alerts.Yellow), `"reason"`, `"ends_at":"2016-12-18T00:00:00+08:00","reason"`, 1)
	w.must(http.StatusCreated, call{who: "duty", path: "/api/v1/warnings", body: body}, warning)
	w.elapse(0)
	id := warning.ID + "-E0001-1"
	w.must(http.StatusOK, example("duty", "PUT /recipients/{id}/figures", "E0001"), nil)
	if p := w.prepare(id); p.Result == nil || len(p.Result.Plan) != 31 {
		t.Fatalf("%+v", p)
	}
	w.elapse(90 * time.Minute) // half past six: from seven on
	if p := w.prepare(id); p.Result == nil || len(p.Result.Plan) != 29 || p.Result.Plan[0].At.Hour() != 19 {
		t.Errorf("%+v", p.Result)
	}
	w.must(http.StatusOK, call{who: "duty", path: "/api/v1/warnings/" + warning.ID + "/revise", body: fmt.Sprintf(
		`{"revision":%d,"ends_at":"2016-12-20T00:00:00+08:00","reason":"延长"}`, warning.Revision)}, nil)
	w.elapse(0)
	p := w.prepare(warning.ID + "-E0001-2")
	if p.Result != nil || len(p.Missing) == 0 || p.Missing[0].Path != "figures" ||
		!strings.Contains(p.Missing[0].Message, "2016-12-18 00:00") {
		t.Errorf("beyond the figures: %+v", p.Missing)
	}
	if !slices.ContainsFunc(p.Missing, func(m calls.MissingView) bool { return m.Path == "units[2].hours_in_state" }) {
		t.Errorf("%+v", p.Missing)
	}
}
