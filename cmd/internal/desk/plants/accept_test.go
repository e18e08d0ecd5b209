package plants_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/reductionlist"

	"golang.org/x/net/html"
)

// asked is the desk of a waste plant whose plan is to be accepted, at the page that asks what its furnaces take away.
func asked(t *testing.T) (w *desktest.World, order, path string, form url.Values) {
	w, _, order = plants(t)
	givenBy(w, "E0002", nil)
	path = "/desk/orders/" + order + "/plan"
	accept := formAt(t, w.Get(http.StatusOK, "duty", path), path, frame.StepReview)
	text := w.Post(http.StatusOK, "duty", path, accept).Text
	desktest.Lint(t, "what is asked", text)
	page := desktest.Parsed(t, text)
	desktest.Shows(t, "what is asked", page, "接受方案前还要说明", "日减排推算不出来", "M01 1#焚烧炉", "M03 3#焚烧炉", "日减排保持不变")
	return w, order, path, formAt(t, page, path, frame.StepReview)
}

// stay says that all stays as it is, and why the plan is accepted.
func stay(form url.Values) {
	for _, m := range []string{"M01", "M02", "M03"} {
		form.Set("stays."+m, "true")
	}
	form.Set("reason", "料位已高")
}

// What a plan leaves open of the daily reduction is asked for each measure: rewritten or ticked to stay, and one of the
// two. The order that is read out and then made has what was said.
func TestReductionsAreAskedOnTheDesk(t *testing.T) {
	w, order, path, form := asked(t)
	if form.Get("asked.M02") != "true" || form.Has("asked.M04") || form.Get("nox.M01") != "0.0225" {
		t.Fatalf("the form has %v", form)
	}
	form.Set("reason", "2# 须满负荷，料位已高")
	with := func(sets ...url.Values) url.Values {
		f := url.Values{}
		for _, set := range append([]url.Values{form}, sets...) {
			maps.Copy(f, set)
		}
		return f
	}
	staying := url.Values{"stays.M01": {"true"}, "stays.M02": {"true"}, "stays.M03": {"true"}}
	for name, c := range map[string]struct {
		set  url.Values
		says string
	}{
		"nothing is said":    {url.Values{"stays.M01": {"true"}, "stays.M02": {"true"}}, "请改写，或勾选"},
		"both are said":      {with(staying, url.Values{"nox.M02": {"0.02"}}), "请只取其一"},
		"no number":          {with(staying, url.Values{"nox.M02": {"NaN"}}), "NaN"},
		"less than nothing":  {url.Values{"stays.M01": {"true"}, "so2.M02": {"-1"}, "stays.M03": {"true"}}, "SO2 日减排 -1 不对"},
		"more than there is": {url.Values{"stays.M01": {"true"}, "so2.M02": {"1e7"}, "stays.M03": {"true"}}, "不对；应为 0 至"},
		"about another":      {with(staying, url.Values{"asked.M04": {"true"}, "stays.M04": {"true"}}), "不用另给"},
	} {
		page := w.Refused(http.StatusUnprocessableEntity, "duty", path, with(c.set))
		desktest.Shows(t, name, page, "接受方案前还要说明", c.says)
		if got := formAt(t, page, path, frame.StepReview); got.Get("stays.M01") != c.set.Get("stays.M01") {
			t.Errorf("%s: what was typed is lost: %v", name, got)
		}
	}
	form = with(url.Values{"stays.M01": {"true"}, "nox.M02": {"0.0345"}, "so2.M02": {""}, "stays.M03": {"true"}})
	height := w.Svc.J.Height()
	text := w.Post(http.StatusOK, "duty", path, form).Text
	desktest.Lint(t, "read out", text)
	page := desktest.Parsed(t, text)
	desktest.Shows(t, "read out", page, "将重新下达 1 份减排令", "SO₂ 0.00275，NOx 0.0205，PM 0.001 吨 → SO₂ 0.00275，NOx 0.0345，PM 0.001 吨",
		"新减排令原文", "1#焚烧炉按已接受的运行方案执行，入炉量")
	confirm := formAt(t, page, path, frame.StepConfirm)
	if w.Svc.J.Height() != height {
		t.Error("reading it out recorded something")
	}
	w.Post(http.StatusSeeOther, "duty", path, confirm)
	var o notify.View
	content, err := w.Svc.OrderJSON(strings.TrimSuffix(order, "1") + "2")
	if err == nil {
		err = json.Unmarshal(content, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	if got, want := o.Measures[1].Reduction, (reductionlist.Amounts{SO2: 0.00275, NOx: 0.0345, PM: 0.001}); got != want {
		t.Errorf("M02 takes away %+v, want %+v", got, want)
	}
	if !strings.Contains(text, "入炉量") || o.Text == "" || !strings.Contains(desktest.TextOf(page), strings.Fields(o.Text)[1]) {
		t.Errorf("the order says %s", o.Text)
	}
}

// What comes between review and confirmation and makes the order another one has the review shown once more.
func TestAPlanIsReadOutAgainWhenTheOrderChanges(t *testing.T) {
	w, order, path, form := asked(t)
	stay(form)
	confirm := formAt(t, desktest.Parsed(t, w.Post(http.StatusOK, "duty", path, form).Text), path, frame.StepConfirm)
	if err := w.Svc.SetOrders(t.Context(), 60e9, "新的联系人", "13900000000"); err != nil {
		t.Fatal(err)
	}
	page := w.Refused(http.StatusConflict, "duty", path, confirm)
	desktest.Shows(t, "the review", page, "情况已变化", "新减排令原文")
	w.Post(http.StatusSeeOther, "duty", path, formAt(t, page, path, frame.StepConfirm))
	if _, err := w.Svc.OrderJSON(strings.TrimSuffix(order, "1") + "2"); err != nil {
		t.Error(err)
	}
}

// The order states times to the minute: reading them out takes longer, and what follows is what was read but for these.
func TestAPlanIsAcceptedAMinuteAfterItWasReadOut(t *testing.T) {
	w, order, path, form := asked(t)
	stay(form)
	confirm := formAt(t, desktest.Parsed(t, w.Post(http.StatusOK, "duty", path, form).Text), path, frame.StepConfirm)
	w.Elapse(10*time.Minute + 10*time.Second)
	w.Post(http.StatusSeeOther, "duty", path, confirm)
	if _, err := w.Svc.OrderJSON(strings.TrimSuffix(order, "1") + "2"); err != nil {
		t.Error(err)
	}
}

// Where the order was decided otherwise meanwhile, its page says what became of it.
func TestAPlanForAnOrderThatIsOver(t *testing.T) {
	w, order, path, form := asked(t)
	stay(form)
	confirm := formAt(t, desktest.Parsed(t, w.Post(http.StatusOK, "duty", path, form).Text), path, frame.StepConfirm)
	other := strings.Replace(form.Get("problem"), `"steam_min_t_h":150`, `"steam_min_t_h":140`, 1)
	if _, err := w.Svc.AcceptPlan(t.Context(), service.By("duty2"), calls.PlanAccepted{ByID: calls.ByID{ID: order},
		ReductionStays: []string{"M01", "M02", "M03"}, Reason: "另一人", Problem: json.RawMessage(other)}); err != nil {
		t.Fatal(err)
	}
	desktest.Shows(t, "the confirmation", w.Refused(http.StatusConflict, "duty", path, confirm), "不能再接受方案")
	if r := w.As("duty", path+"?draft="+confirm.Get("draft"), nil); r.Header.Get("Location") != "/desk/orders/"+order {
		t.Errorf("the review leads to %q", r.Header.Get("Location"))
	}
}

// An objection to an order that carries a plan is decided from what the list says, and its form begins with that; the
// read-out sets it beside what the order says now.
func TestAnObjectionToAPlanBeginsWithTheList(t *testing.T) {
	w, order, path, form := asked(t)
	listed := asListed(t, w, order)
	stay(form)
	confirm := formAt(t, desktest.Parsed(t, w.Post(http.StatusOK, "duty", path, form).Text), path, frame.StepConfirm)
	w.Post(http.StatusSeeOther, "duty", path, confirm)
	next := strings.TrimSuffix(order, "1") + "2"
	planned := asListed(t, w, next)
	w.Post(http.StatusSeeOther, "E0002", "/desk/orders/"+next+"/object",
		url.Values{"note": {"2# 要检修"}, "key": {frame.NewKey()}})
	page := w.Get(http.StatusOK, "duty", "/desk/objections/"+next)
	found := false
	desktest.Each(page, func(e *html.Node) {
		if v := desktest.ValuesOf(e, url.Values{}); e.Data == "form" && v.Get("decision") == "amend" {
			found = true
			if got := v.Get("text.M02"); got != listed["M02"] || got == planned["M02"] {
				t.Errorf("the form begins with %q; the list has %q and the order %q", got, listed["M02"], planned["M02"])
			}
		}
	})
	if !found {
		t.Error("there is no form for an amendment")
	}
}

// asListed are the texts of an order's measures.
func asListed(t *testing.T, w *desktest.World, order string) map[string]string {
	t.Helper()
	var o notify.View
	content, err := w.Svc.OrderJSON(order)
	if err == nil {
		err = json.Unmarshal(content, &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, m := range o.Measures {
		texts[m.ID] = m.Text
	}
	return texts
}
