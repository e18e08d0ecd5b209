package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/notify"
	"qingkong/reductionlist"
)

// objectedPlant is an order of the coal plant that it objected to.
func objectedPlant(t *testing.T) (w *world, path string) {
	w = newWorld(t)
	path = calls.Prefix + "/orders/" + w.plantOrder(false)
	w.must(http.StatusOK, call{who: "E0001", path: path + "/object", body: `{"note":"供热不能停"}`}, nil)
	return w, path
}

func triedMeasure(t *testing.T, tried calls.ObjectionTried, id string) calls.TriedMeasure {
	t.Helper()
	i := slices.IndexFunc(tried.Measures, func(m calls.TriedMeasure) bool { return m.ID == id })
	if i < 0 {
		t.Fatalf("nothing is said of %s: %+v", id, tried)
	}
	return tried.Measures[i]
}

// A dry run of an amendment says of each measure how it would stand, what was filled in and what has to be looked at, and
// has the new order's text; it changes nothing. The changes that it gives make that very order.
func TestDryRunOfAnObjection(t *testing.T) {
	w, path := objectedPlant(t)
	height := w.svc.J.Height()
	var tried calls.ObjectionTried
	dry := call{who: "duty", path: path + "/objection/dry-run", header: map[string]string{keyHeader: "k1"}, body: `{"measures":[
		{"id":"M06","change":{"quantity":{"value":50},"text":"6#机组入炉煤量每日减少50吨"}},{"id":"M11","change":null}]}`}
	w.must(http.StatusOK, dry, &tried)
	m := triedMeasure(t, tried, "M06")
	if m.Measure.Quantity.Value != 50 || m.Measure.Monitor[1].Criterion != "day_total_at_most 2650 t" ||
		m.Measure.Reduction != (reductionlist.Amounts{SO2: 0.00565, NOx: 0.012, PM: 0.000495}) ||
		m.Measure.Monitor[0].Criterion != "hour_mass_at_most 31 kg/h" || m.Measure.Text != "6#机组入炉煤量每日减少50吨" {
		t.Errorf("M06 would stand as %+v", m.Measure)
	}
	if !slices.Equal(m.Filled, []string{"monitor[1].criterion", "reduction_t_per_day"}) ||
		!slices.Equal(m.Asked, []string{"monitor[0].criterion"}) {
		t.Errorf("filled %v, asked %v", m.Filled, m.Asked)
	}
	if one := triedMeasure(t, tried, "M05"); one.Measure == nil || string(one.Change) != "null" || len(one.Asked)+len(one.Filled) > 0 {
		t.Errorf("what is not changed: %+v", one)
	}
	if gone := tried.Measures[len(tried.Measures)-1]; gone.ID != "M11" || gone.Measure != nil {
		t.Errorf("what is taken out: %+v", gone)
	}
	if w.svc.J.Height() != height {
		t.Error("a dry run recorded something")
	}
	act := map[string]any{"decision": "amend", "reason": "示例",
		"measures": []any{map[string]any{"id": "M06", "change": m.Change}, map[string]any{"id": "M11", "change": nil}}}
	body, err := json.Marshal(act)
	if err != nil {
		t.Fatal(err)
	}
	var o notify.View
	w.must(http.StatusOK, call{who: "duty", path: path + "/objection", header: map[string]string{keyHeader: "k1"},
		body: string(body)}, &o) // under the same key: the dry run has not used it
	if o.Text != tried.Text || o.Title != tried.Title {
		t.Errorf("the order reads\n%s\nand the dry run\n%s", o.Text, tried.Text)
	}
	for i := range o.Measures {
		is, err := json.Marshal(o.Measures[i])
		said, err2 := json.Marshal(tried.Measures[i].Measure)
		if err != nil || err2 != nil || string(is) != string(said) {
			t.Errorf("the order has\n%s\nthe dry run\n%s", is, said)
		}
	}
}

// What the decision would be refused for is refused, with its place; and so is what no quantity can mean.
func TestDryRunOfAnObjectionRefused(t *testing.T) {
	w, path := objectedPlant(t)
	height := w.svc.J.Height()
	for body, want := range map[string]string{
		`{}`: "measures",
		`{"measures":[{"id":"M99","change":{"complete_within_h":3}}]}`:                       "measures[0].id",
		`{"measures":[{"id":"M06"}]}`:                                                        "measures[0].change",
		`{"measures":[{"id":"M06","change":{"quantity":{"value":50}}}]}`:                     "measures[0].change.措施内容",
		`{"measures":[{"id":"M06","change":{"quantity":{"value":"x"}}}]}`:                    "measures[0].change.quantity.value",
		`{"decision":"accept","measures":[{"id":"M06","change":null}]}`:                      "decision",
		`{"expires_at":"2016-12-01T00:00:00+08:00","measures":[{"id":"M11","change":null}]}`: "expires_at",
	} {
		q := w.refused(http.StatusUnprocessableEntity, "invalid",
			call{who: "duty", path: path + "/objection/dry-run", body: body})
		if len(q.Errors) == 0 || q.Errors[0].Path != want {
			t.Errorf("%s: %+v, want %s", body, q.Errors, want)
		}
	}
	w.refused(http.StatusConflict, "transition_refused", call{who: "duty", body: `{"measures":[{"id":"M04","change":null}]}`,
		path: strings.Replace(path, "E0001", "E0002", 1) + "/objection/dry-run"})
	w.refused(http.StatusNotFound, "not_found", call{who: "duty", body: `{"measures":[{"id":"M04","change":null}]}`,
		path: calls.Prefix + "/orders/none/objection/dry-run"})
	if w.svc.J.Height() != height {
		t.Error("a dry run recorded something")
	}
}

// An order that carries a plan is amended from what the list says, and so is its dry run.
func TestDryRunUnderAPlan(t *testing.T) {
	w, order := reducing(t, "E0001")
	path := calls.Prefix + "/orders/" + order
	var o notify.View
	w.must(http.StatusOK, call{who: "duty", path: path + "/plan/accept", body: `{"reason":"x"}`}, &o)
	path = calls.Prefix + "/orders/" + o.ID
	w.must(http.StatusOK, call{who: "E0001", path: path + "/object", body: `{"note":"6#须检修"}`}, nil)
	var tried calls.ObjectionTried
	w.must(http.StatusOK, call{who: "duty", path: path + "/objection/dry-run",
		body: `{"measures":[{"id":"M06","change":{"quantity":{"value":300},"text":"6#机组入炉煤量每日减少300吨"}}]}`}, &tried)
	m := triedMeasure(t, tried, "M06")
	if m.Measure.Quantity.Kind != reductionlist.ReduceBy || m.Measure.Monitor[1].Criterion != "day_total_at_most 2400 t" ||
		m.Measure.Reduction.SO2 != 0.0339 || len(m.Measure.Quantity.Days) != 0 {
		t.Errorf("%+v %+v", m.Measure, m.Measure.Quantity)
	}
}

// A dry run of an amendment of the list says how the measure would stand and what that does to the reductions, and makes
// no draft; the change that it gives makes that very row.
func TestDryRunOfAListAmendment(t *testing.T) {
	w := newWorld(t)
	w.xiqing()
	dry := func(body string) call {
		return call{who: "duty", path: calls.Prefix + "/list/amendments/dry-run", body: body,
			header: map[string]string{keyHeader: "k1"}}
	}
	height := w.svc.J.Height()
	var tried calls.ListTried
	w.must(http.StatusOK, dry(`{"recipient_id":"E0001","measure_id":"M06","level":"yellow","effective_from":"2016-12-17",
		"change":{"quantity":{"value":120},"text":"6#机组在4小时内把日耗煤量减少120吨"}}`), &tried)
	m := tried.Measure
	if m == nil || m.Quantity.Value != 120 || m.Monitors[1].Criterion.String() != "day_total_at_most 2580 t" ||
		m.Reduction.SO2 != 0.01356 || !slices.Equal(tried.Filled, []string{"monitor[1].criterion", "reduction_t_per_day"}) ||
		!slices.Equal(tried.Asked, []string{"monitor[0].criterion"}) {
		t.Fatalf("%+v %+v", tried, m)
	}
	columns := []string{}
	for _, c := range tried.Changes {
		columns = append(columns, c.Column)
	}
	if got := strings.Join(columns, " "); !strings.Contains(got, "数值") || !strings.Contains(got, "判定条件") ||
		!strings.Contains(got, "SO2日减排(吨)") || tried.Effects[1].Change.SO2 != -0.00339 {
		t.Errorf("it changes %s, with effect %+v", got, tried.Effects)
	}
	for name, c := range map[string]struct{ body, path string }{
		"a text of another number": {`{"recipient_id":"E0001","measure_id":"M06","level":"yellow","effective_from":"2016-12-17",
			"change":{"quantity":{"value":120}}}`, "change.措施内容"},
		"which row": {`{"recipient_id":"E0001","measure_id":"M06","effective_from":"2016-12-17","change":{}}`, "level"},
		"nothing":   {`{"recipient_id":"E0001","effective_from":"2016-12-17"}`, "change"},
		"a stop that is none": {`{"recipient_id":"E0001","measure_id":"M11","effective_from":"2016-12-17",
			"change":{"quantity":{"value":"3"}}}`, "change.quantity.value"},
	} {
		q := w.refused(http.StatusUnprocessableEntity, "invalid", dry(c.body))
		if len(q.Errors) == 0 || q.Errors[0].Path != c.path {
			t.Errorf("%s: %+v", name, q.Errors)
		}
	}
	var gone, retired, reached calls.ListTried
	w.must(http.StatusOK, dry(`{"recipient_id":"E0001","measure_id":"M11","effective_from":"2016-12-17","change":null}`), &gone)
	w.must(http.StatusOK, dry(`{"recipient_id":"E0001","effective_from":"2016-12-17","recipient":null}`), &retired)
	w.must(http.StatusOK, dry(`{"recipient_id":"E0001","contact":{"name":"张工"}}`), &reached)
	if gone.Measure != nil || len(gone.Changes) != 1 || gone.Changes[0].Kind != reductionlist.Removed ||
		len(retired.Changes) == 0 || retired.Measure != nil || len(reached.Changes) != 0 {
		t.Errorf("%+v\n%+v\n%+v", gone, retired, reached)
	}
	if w.svc.J.Height() != height {
		t.Error("a dry run recorded something")
	}
	body, err := json.Marshal(map[string]any{"recipient_id": "E0001", "measure_id": "M06", "level": "yellow",
		"effective_from": "2016-12-17", "reason": "示例", "change": tried.Change})
	if err != nil {
		t.Fatal(err)
	}
	act := dry(string(body))
	act.path = calls.Prefix + "/list/amendments"
	var made calls.Amended
	w.must(http.StatusCreated, act, &made)
	var changes []calls.Change
	for _, c := range made.Changes {
		if c.Recipient != "" {
			changes = append(changes, c)
		}
	}
	if fmt.Sprint(changes) != fmt.Sprint(tried.Changes) || fmt.Sprint(made.Effects) != fmt.Sprint(tried.Effects) {
		t.Errorf("the amendment makes %v,\nthe dry run said %v", changes, tried.Changes)
	}
}
