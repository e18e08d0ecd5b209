package console

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"qingkong/notify"
	"qingkong/seeds"
)

// plants is a desk with Xiqing's list, and a warning with orders for both plants.
func plants(t *testing.T) (w *world, coal, waste string) {
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	w = newWorldWith(t, l)
	id := w.ordered()
	return w, id + "-E0001-1", id + "-E0002-1"
}

// formAt is the form of a page that goes to an address and has a button for a step, with its values.
func formAt(t *testing.T, page *html.Node, action, step string) url.Values {
	t.Helper()
	var out url.Values
	each(page, func(n *html.Node) {
		if n.Data != "form" || attr(n, "action") != action {
			return
		}
		if b := find(n, "button", "value", step); b != nil {
			out = valuesOf(n, url.Values{})
			out.Set("step", step)
		}
	})
	if out == nil {
		t.Fatalf("no form to %s with %s in\n%s", action, step, textOf(page))
	}
	return out
}

func charts(page *html.Node) (wide, narrow int) {
	each(page, func(n *html.Node) {
		if n.Data == "svg" && attr(n, "role") == "img" {
			switch attr(n, "class") {
			case "chart-wide":
				wide++
			case "chart-narrow":
				narrow++
			}
		}
	})
	return wide, narrow
}

func shows(t *testing.T, what string, page *html.Node, texts ...string) {
	t.Helper()
	all := textOf(page)
	for _, want := range texts {
		if !strings.Contains(all, want) {
			t.Errorf("%s: %q is missing in\n%s", what, want, all)
		}
	}
}

// The plant gives its figures on a form; the officer sees the plan with its charts, tries other demands, and accepts; the plant
// and an inspector see what was accepted.
func TestPlanOnTheDesk(t *testing.T) {
	w, order, _ := plants(t)
	path := "/desk/orders/" + order
	page := w.get(http.StatusOK, "duty", path)
	shows(t, "before any figures", page, "预备的运行方案", "还缺 12 项运行数据")
	page = w.get(http.StatusOK, "duty", path+"/plan")
	shows(t, "what is asked for", page, "5# 是否在运行", "供热需求（GJ/小时）", "（可不给）")
	if find(page, "button", "value", stepReview) != nil {
		t.Error("a plan can be accepted that is none")
	}

	page = w.get(http.StatusOK, "E0001", path)
	shows(t, "the plant is asked", page, "请报送运行数据")
	figures := "/desk/recipients/E0001/figures"
	page = w.get(http.StatusOK, "E0001", figures+"?order="+order)
	form := formAt(t, page, figures, stepConfirm)
	for _, u := range []string{"5#", "6#", "7#", "8#"} {
		form.Set("on."+u, "true")
		form.Set("hours."+u, "100")
		form.Set("baseline."+u, "215")
	}
	form.Set("power_min_mw", "600, 620；640")
	form.Set("power_max_mw", "900")
	form.Set("heat_gj_h", "-2")
	page = w.refused(http.StatusUnprocessableEntity, "E0001", figures, form)
	shows(t, "a negative number", page, "-2 是负数")
	if got := formAt(t, page, figures, stepConfirm); got.Get("power_min_mw") != "600, 620；640" || got.Get("hours.7#") != "100" || got.Get("order") != order {
		t.Errorf("what was typed is lost: %v", got)
	}
	form.Set("heat_gj_h", "x")
	shows(t, "no number", w.refused(http.StatusUnprocessableEntity, "E0001", figures, form), "“x”")
	form.Set("heat_gj_h", "1800")
	if r := w.post(http.StatusSeeOther, "E0001", figures, form); r.Header.Get("Location") != "/desk/orders/"+order+"?done=figures" {
		t.Errorf("goes to %s", r.Header.Get("Location"))
	}

	page = w.get(http.StatusOK, "duty", path)
	shows(t, "prepared", page, "预备的运行方案", "最优（已证明）", "耗煤", "减少", "每日耗煤", "起限制作用的条件")
	if wide, narrow := charts(page); wide != 2 || narrow != 2 {
		t.Errorf("%d wide and %d narrow charts", wide, narrow)
	}
	page = w.get(http.StatusOK, "duty", path+"/plan")
	try := formAt(t, page, path+"/plan", "try")
	if try.Get("power_min_mw") != "600 620 640" && try.Get("power_min_mw") != "620 640" {
		t.Errorf("the demands are %q", try.Get("power_min_mw"))
	}
	height := w.svc.J.Height()
	try.Set("power_min_mw", "450")
	page = parsed(t, w.post(http.StatusOK, "duty", path+"/plan", try).body)
	shows(t, "tried", page, "试算的方案", "预备的运行方案")
	lint(t, "tried", w.post(http.StatusOK, "duty", path+"/plan", try).body)
	accept := formAt(t, page, path+"/plan", stepReview)
	try.Set("heat_gj_h", "99999")
	page = parsed(t, w.post(http.StatusOK, "duty", path+"/plan", try).body)
	shows(t, "impossible", page, "没有可行的方案", "供热需求")
	if find(page, "button", "value", stepReview) != nil {
		t.Error("what is impossible can be accepted")
	}
	try.Set("heat_gj_h", "")
	shows(t, "nothing typed", w.refused(http.StatusUnprocessableEntity, "duty", path+"/plan", try), "试算")

	page = parsed(t, w.post(http.StatusOK, "duty", path+"/plan", accept).body)
	shows(t, "read out", page, "确认接受运行方案", "确认后减排令修订", "与清单要求比较", "项措施达不到清单的要求；接受时须写明理由", "M06 6#机组 降低煤耗 减少 150 t/d 增加 417.322 t/d（2016-12-16）；6 天中 6 天不符合",
		"日总量不超过 2550 t", "6 天都符合", "运行方案不涉及这项措施")
	confirm := formAt(t, page, path+"/plan", stepConfirm)
	if w.svc.J.Height() != height {
		t.Error("something is recorded before the confirmation")
	}
	tampered := url.Values{"step": {stepConfirm}, "key": confirm["key"], "problem": {strings.Replace(confirm.Get("problem"), `"nox":0.3`, `"nox":0.1`, 1)}}
	shows(t, "a changed factor", w.refused(http.StatusUnprocessableEntity, "duty", path+"/plan", tampered), "与清单的")
	lint(t, "read out", w.post(http.StatusOK, "duty", path+"/plan", accept).body)
	page = w.refused(http.StatusUnprocessableEntity, "duty", path+"/plan", confirm)
	shows(t, "no reason", page, "确认接受运行方案", "要接受请写明理由")
	confirm = formAt(t, page, path+"/plan", stepConfirm)
	if !confirm.Has("reason") || w.svc.J.Height() != height {
		t.Errorf("asked for a reason with %v", confirm)
	}
	const reason = "供热不能减<b>，区指挥部同意"
	confirm.Set("reason", reason)
	back := url.Values{}
	maps.Copy(back, confirm)
	back.Set("step", stepEdit)
	if got := formAt(t, parsed(t, w.post(http.StatusOK, "duty", path+"/plan", back).body), path+"/plan", stepConfirm); got.Get("reason") != reason || got.Get("key") != confirm.Get("key") {
		t.Errorf("after a login it comes back with %v", got)
	}
	next := strings.TrimSuffix(order, "1") + "2"
	for range 2 { // a double click
		if r := w.post(http.StatusSeeOther, "duty", path+"/plan", confirm); r.Header.Get("Location") != "/desk/orders/"+next+"?done=plan" {
			t.Errorf("goes to %s", r.Header.Get("Location"))
		}
	}
	for _, user := range []string{"E0001", "inspector", "viewer", "duty"} {
		page = w.get(http.StatusOK, user, "/desk/orders/"+next)
		shows(t, "accepted, to "+user, page, "已接受的运行方案", "最优（已证明）", "每日耗煤", "供热需求: ")
		shows(t, "why, to "+user, page, "接受方案的理由", "达不到要求的措施: M0", "接受时有", "项措施达不到清单的要求")
		if may := user != "viewer"; strings.Contains(textOf(page), reason) != may {
			t.Errorf("%s reads the reason: %v", user, !may)
		}
		if wide, _ := charts(page); wide != 2 {
			t.Errorf("%s sees %d charts", user, wide)
		}
		if may := find(page, "a", "href", "/desk/orders/"+next+"/plan") != nil; may != (user == "duty") {
			t.Errorf("%s may change it: %v", user, may)
		}
	}
	var o notify.View
	text, err := w.svc.OrderJSON(next)
	if err == nil {
		err = json.Unmarshal(text, &o)
	}
	if err != nil || o.Cause != notify.CausePlan {
		t.Errorf("%v %v", o.Cause, err)
	}
}

// The waste plant's page has the feed, the pit and the emission; in English, too.
func TestPlanOfAWastePlant(t *testing.T) {
	w, _, order := plants(t)
	figures := "/desk/recipients/E0002/figures"
	form := formAt(t, w.get(http.StatusOK, "duty", figures+"?order="+order), figures, stepConfirm)
	for _, f := range []string{"1#", "2#", "3#"} {
		form.Set("on."+f, "true")
		form.Set("hours."+f, "500")
	}
	form.Set("level_t", "1000")
	form.Set("intake_t_h", "60 90")
	form.Set("steam_min_t_h", "100")
	shows(t, "a level below the pit's", w.refused(http.StatusUnprocessableEntity, "duty", figures, form), "初始料位 1000 吨")
	form.Set("level_t", "6000")
	if r := w.post(http.StatusSeeOther, "duty", figures, form); r.Header.Get("Location") != "/desk/orders/"+order+"/plan" {
		t.Errorf("goes to %s", r.Header.Get("Location"))
	}
	r := w.as("duty", "/desk/orders/"+order+"/plan", nil, "Cookie", langCookie+"="+en)
	lint(t, "plan", r.body)
	page := parsed(t, r.body)
	shows(t, "in English", page, "Prepared plan", "Optimal (proved)", "Burnt by day", "Feed of the furnaces", "Level of the pit", "Weighted emission")
	if wide, narrow := charts(page); wide != 3 || narrow != 3 {
		t.Errorf("%d wide and %d narrow charts", wide, narrow)
	}
	page = w.get(http.StatusOK, "duty", figures)
	if got := formAt(t, page, figures, stepConfirm); got.Get("intake_t_h") != "60 90" || got.Get("level_t") != "6000" || got.Get("on.2#") != "true" {
		t.Errorf("the form is filled in with %v", got)
	}
	w.elapse(3 * time.Hour)
	page = w.get(http.StatusOK, "duty", figures)
	if got := formAt(t, page, figures, stepConfirm); got.Get("intake_t_h") != "90" || got.Get("hours.1#") != "503" {
		t.Errorf("three hours later it is filled in with %v", got)
	}
}

// Who may not give a plant's figures is told so, and another's are not there.
func TestFiguresAreTheirOwn(t *testing.T) {
	w, order, _ := plants(t)
	form := url.Values{"step": {stepConfirm}, "order": {order}}
	w.refused(http.StatusNotFound, "E0002", "/desk/recipients/E0001/figures", form)
	w.refused(http.StatusForbidden, "inspector", "/desk/recipients/E0001/figures", form)
	w.get(http.StatusNotFound, "E0002", "/desk/recipients/E0001/figures")
	w.refused(http.StatusForbidden, "E0001", "/desk/orders/"+order+"/plan", url.Values{"step": {stepConfirm}})
	shows(t, "no plant", w.get(http.StatusOK, "duty", "/desk/recipients/E0003/figures"), "不需要运行数据")
	shows(t, "no plan", w.get(http.StatusOK, "duty", "/desk/orders/"+strings.Replace(order, "E0001", "E0003", 1)+"/plan"), "不能编制运行方案")
}

// A line of a chart keeps its value through a step, and an area closes.
func TestChart(t *testing.T) {
	from := begin
	times := []time.Time{from, from.Add(time.Hour), from.Add(2 * time.Hour)}
	c := newChart("t", "s", "MW", times, from.Add(3*time.Hour),
		series{class: "unit-1", name: "5#", values: []float64{100, 0, 50}}, series{class: "unit-2", name: "6#", values: []float64{100, 200, 0}},
		series{class: "before", name: "x", values: []float64{150, 150, 150}, line: true})
	wide := c.Sizes[0]
	if len(wide.Shapes) != 3 || wide.Shapes[0].D != "M52 100H267V190H481V145H696V190H481V190H267V190H52Z" {
		t.Errorf("%+v", wide.Shapes)
	}
	if wide.Shapes[1].D != "M52 10H267V10H481V145H696V145H481V190H267V100H52Z" || wide.Shapes[2].D != "M52 55H267V55H481V55H696" {
		t.Errorf("%+v", wide.Shapes[1:])
	}
	if wide.Y[2].Text != "200" || wide.Y[2].At != chartTop || len(c.Legend) != 3 {
		t.Errorf("%+v", wide.Y)
	}
	for v, want := range map[float64]float64{0: 1, 1: 1, 1.1: 1.2, 199: 200, 201: 240, 870: 1000, 0.03: 0.03} {
		if got := niceTop(v); got < want*0.999 || got > want*1.001 {
			t.Errorf("niceTop(%g) = %g, want %g", v, got, want)
		}
	}
}
