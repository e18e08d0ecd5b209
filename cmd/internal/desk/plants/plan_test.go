package plants_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/seeds"

	"golang.org/x/net/html"

	"qingkong/notify"
)

// plants is a desk with Xiqing's list, and a warning with orders for both plants.
func plants(t *testing.T) (w *desktest.World, coal, waste string) {
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	w = desktest.NewWith(t, l)
	id := w.Ordered()
	return w, id + "-E0001-1", id + "-E0002-1"
}

// formAt is the form of a page that goes to an address and has a button for a step, with its values.
func formAt(t *testing.T, page *html.Node, action, step string) url.Values {
	t.Helper()
	var out url.Values
	desktest.Each(page, func(n *html.Node) {
		if n.Data != "form" || desktest.Attr(n, "action") != action {
			return
		}
		if b := desktest.Find(n, "button", "value", step); b != nil {
			out = desktest.ValuesOf(n, url.Values{})
			out.Set("step", step)
		}
	})
	if out == nil {
		t.Fatalf("no form to %s with %s in\n%s", action, step, desktest.TextOf(page))
	}
	return out
}

func charts(page *html.Node) (wide, narrow int) {
	desktest.Each(page, func(n *html.Node) {
		if n.Data == "svg" && desktest.Attr(n, "role") == "img" {
			switch desktest.Attr(n, "class") {
			case "chart-wide":
				wide++
			case "chart-narrow":
				narrow++
			}
		}
	})
	return wide, narrow
}

// The plant gives its figures on a form; the officer sees the plan with its charts, tries other demands, and accepts;
// the plant and an inspector see what was accepted.
func TestPlanOnTheDesk(t *testing.T) {
	w, order, _ := plants(t)
	path := "/desk/orders/" + order
	page := w.Get(http.StatusOK, "duty", path)
	desktest.Shows(t, "before any figures", page, "预备的运行方案", "还缺 12 项运行数据")
	page = w.Get(http.StatusOK, "duty", path+"/plan")
	desktest.Shows(t, "what is asked for", page, "5# 是否在运行", "供热需求（GJ/小时）", "（可不给）")
	if desktest.Find(page, "button", "value", frame.StepReview) != nil {
		t.Error("a plan can be accepted that is none")
	}

	page = w.Get(http.StatusOK, "E0001", path)
	desktest.Shows(t, "the plant is asked", page, "请报送运行数据")
	figures := "/desk/recipients/E0001/figures"
	page = w.Get(http.StatusOK, "E0001", figures+"?order="+order)
	form := formAt(t, page, figures, frame.StepConfirm)
	for _, u := range []string{"5#", "6#", "7#", "8#"} {
		form.Set("on."+u, "true")
		form.Set("hours."+u, "100")
		form.Set("baseline."+u, "215")
	}
	form.Set("power_min_mw", "600, 620；640")
	form.Set("power_max_mw", "900")
	form.Set("heat_gj_h", "-2")
	page = w.Refused(http.StatusUnprocessableEntity, "E0001", figures, form)
	desktest.Shows(t, "a negative number", page, "-2 是负数")
	if got := formAt(t, page, figures, frame.StepConfirm); got.Get("power_min_mw") != "600, 620；640" ||
		got.Get("hours.7#") != "100" || got.Get("order") != order {
		t.Errorf("what was typed is lost: %v", got)
	}
	form.Set("heat_gj_h", "x")
	desktest.Shows(t, "no number", w.Refused(http.StatusUnprocessableEntity, "E0001", figures, form), "“x”")
	form.Set("heat_gj_h", "1800")
	if r := w.Post(http.StatusSeeOther, "E0001", figures, form); r.Header.Get("Location") != "/desk/orders/"+order+
		"?done=figures" {
		t.Errorf("goes to %s", r.Header.Get("Location"))
	}

	page = w.Get(http.StatusOK, "duty", path)
	desktest.Shows(t, "prepared", page, "预备的运行方案", "最优（已证明）", "停运", "耗煤", "减少", "每日耗煤", "起限制作用的条件")
	if wide, narrow := charts(page); wide != 2 || narrow != 2 {
		t.Errorf("%d wide and %d narrow charts", wide, narrow)
	}
	page = w.Get(http.StatusOK, "duty", path+"/plan")
	try := formAt(t, page, path+"/plan", "try")
	if try.Get("power_min_mw") != "600 620 640" && try.Get("power_min_mw") != "620 640" {
		t.Errorf("the demands are %q", try.Get("power_min_mw"))
	}
	height := w.Svc.J.Height()
	try.Set("power_min_mw", "450")
	page = desktest.Parsed(t, w.Post(http.StatusOK, "duty", path+"/plan", try).Text)
	desktest.Shows(t, "tried", page, "试算的方案", "预备的运行方案")
	desktest.Lint(t, "tried", w.Post(http.StatusOK, "duty", path+"/plan", try).Text)
	accept := formAt(t, page, path+"/plan", frame.StepReview)
	try.Set("heat_gj_h", "99999")
	page = desktest.Parsed(t, w.Post(http.StatusOK, "duty", path+"/plan", try).Text)
	desktest.Shows(t, "impossible", page, "没有可行的方案", "供热需求")
	if desktest.Find(page, "button", "value", frame.StepReview) != nil {
		t.Error("what is impossible can be accepted")
	}
	try.Set("heat_gj_h", "")
	desktest.Shows(t, "nothing typed", w.Refused(http.StatusUnprocessableEntity, "duty", path+"/plan", try), "试算")

	page = desktest.Parsed(t, w.Post(http.StatusOK, "duty", path+"/plan", accept).Text)
	desktest.Shows(t, "what is asked first", page, "接受方案前还要说明", "与清单要求比较", "项措施达不到清单的要求；接受时须写明理由",
		"M06 6#机组 降低煤耗 减少 150 t/d 增加 417.322 t/d（2016-12-16）；6 天中 6 天不符合",
		"日总量不超过 2550 t", "6 天都符合", "运行方案不涉及这项措施")
	desktest.Lint(t, "what is asked", w.Post(http.StatusOK, "duty", path+"/plan", accept).Text)
	ask := formAt(t, page, path+"/plan", frame.StepReview)
	if ask.Has("asked") || desktest.Find(page, "p", "role", "alert") != nil {
		t.Errorf("it is refused before it was asked, or asks for what follows: %v", ask)
	}
	page = w.Refused(http.StatusUnprocessableEntity, "duty", path+"/plan", ask)
	desktest.Shows(t, "no reason", page, "接受方案前还要说明", "必填")
	tampered := url.Values{"step": {frame.StepReview}, "reason": {"x"},
		"problem": {strings.Replace(ask.Get("problem"), `"nox":0.3`, `"nox":0.1`, 1)}}
	desktest.Shows(t, "a changed factor", w.Refused(http.StatusUnprocessableEntity, "duty", path+"/plan", tampered),
		"与清单的")
	const reason = "供热不能减<b>，区指挥部同意"
	ask.Set("reason", reason)
	back := url.Values{}
	maps.Copy(back, ask)
	back.Set("step", frame.StepEdit)
	if got := formAt(t, desktest.Parsed(t, w.Post(http.StatusOK, "duty", path+"/plan", back).Text), path+"/plan",
		frame.StepReview); got.Get("reason") != reason {
		t.Errorf("after a login it comes back with %v", got)
	}
	text := w.Post(http.StatusOK, "duty", path+"/plan", ask).Text
	desktest.Lint(t, "read out", text)
	page = desktest.Parsed(t, text)
	desktest.Shows(t, "read out", page, "确认接受运行方案", "将重新下达 1 份减排令", "M05 5#机组 措施内容", "运行方案 （未填） → 执行已接受的方案", "150 t/d",
		"→ 5#机组按已接受的运行方案执行，耗煤量：", "→ 不超过 0 t/d", "SO₂ 0.01695，NOx 0.0375，PM 0.001485 吨 → SO₂ 0.315136，NOx 0.697203，PM 0.027609 吨",
		"NOx 0.036，PM 0.001485 吨 → SO₂ -0.047157，NOx -0.100157，PM -0.004131 吨", "新减排令原文", "你单位本次响应期的运行方案已经接受", reason, "确认后减排令修订")
	confirm := formAt(t, page, path+"/plan", frame.StepConfirm)
	if w.Svc.J.Height() != height {
		t.Error("something is recorded before the confirmation")
	}
	draft := path + "/plan?draft=" + confirm.Get("draft")
	if got := formAt(t, w.Get(http.StatusOK, "duty", draft+"&step="+frame.StepEdit), path+"/plan",
		frame.StepReview); got.Get("reason") != reason || got.Get("problem") != ask.Get("problem") {
		t.Errorf("back from the review it has %v", got)
	}
	next := strings.TrimSuffix(order, "1") + "2"
	for range 2 { // a double click
		if r := w.Post(http.StatusSeeOther, "duty", path+"/plan", confirm); r.Header.Get("Location") != "/desk/orders/"+next+
			"?done=plan" {
			t.Errorf("goes to %s", r.Header.Get("Location"))
		}
	}
	if r := w.As("duty", draft, nil); r.Header.Get("Location") != path {
		t.Errorf("the review of what was done leads to %q", r.Header.Get("Location"))
	}
	for _, user := range []string{"E0001", "inspector", "viewer", "duty"} {
		page = w.Get(http.StatusOK, user, "/desk/orders/"+next)
		desktest.Shows(t, "accepted, to "+user, page, "已接受的运行方案", "最优（已证明）", "每日耗煤", "供热需求: ")
		desktest.Shows(t, "why, to "+user, page, "接受方案的理由", "达不到要求的措施: M0", "接受时有", "项措施达不到清单的要求")
		if may := user != "viewer"; strings.Contains(desktest.TextOf(page), reason) != may {
			t.Errorf("%s reads the reason: %v", user, !may)
		}
		if wide, _ := charts(page); wide != 2 {
			t.Errorf("%s sees %d charts", user, wide)
		}
		if may := desktest.Find(page, "a", "href", "/desk/orders/"+next+"/plan") != nil; may != (user == "duty") {
			t.Errorf("%s may change it: %v", user, may)
		}
	}
	var o notify.View
	content, err := w.Svc.OrderJSON(next)
	if err == nil {
		err = json.Unmarshal(content, &o)
	}
	if err != nil || o.Cause != notify.CausePlan {
		t.Errorf("%v %v", o.Cause, err)
	}
}

// The waste plant's page has the feed, the pit and the emission; in English, too.
func TestPlanOfAWastePlant(t *testing.T) {
	w, _, order := plants(t)
	figures := "/desk/recipients/E0002/figures"
	form := formAt(t, w.Get(http.StatusOK, "duty", figures+"?order="+order), figures, frame.StepConfirm)
	for _, f := range []string{"1#", "2#", "3#"} {
		form.Set("on."+f, "true")
		form.Set("hours."+f, "500")
	}
	form.Set("level_t", "1000")
	form.Set("intake_t_h", "60 90")
	form.Set("steam_min_t_h", "100")
	desktest.Shows(t, "a level below the pit's", w.Refused(http.StatusUnprocessableEntity, "duty", figures, form),
		"初始料位 1000 吨")
	form.Set("level_t", "6000")
	if r := w.Post(http.StatusSeeOther, "duty", figures, form); r.Header.Get("Location") != "/desk/orders/"+order+"/plan" {
		t.Errorf("goes to %s", r.Header.Get("Location"))
	}
	r := w.As("duty", "/desk/orders/"+order+"/plan", nil, "Cookie", frame.LangCookie+"="+frame.EN)
	desktest.Lint(t, "plan", r.Text)
	page := desktest.Parsed(t, r.Text)
	desktest.Shows(t, "in English", page, "Prepared plan", "Optimal (proved)", "Burnt by day", "Feed of the furnaces",
		"Level of the pit", "Weighted emission")
	if wide, narrow := charts(page); wide != 3 || narrow != 3 {
		t.Errorf("%d wide and %d narrow charts", wide, narrow)
	}
	page = w.Get(http.StatusOK, "duty", figures)
	if got := formAt(t, page, figures, frame.StepConfirm); got.Get("intake_t_h") != "60 90" ||
		got.Get("level_t") != "6000" || got.Get("on.2#") != "true" {
		t.Errorf("the form is filled in with %v", got)
	}
	w.Elapse(3 * time.Hour)
	page = w.Get(http.StatusOK, "duty", figures)
	if got := formAt(t, page, figures, frame.StepConfirm); got.Get("intake_t_h") != "90" || got.Get("hours.1#") != "503" {
		t.Errorf("three hours later it is filled in with %v", got)
	}
}

// Who may not give a plant's figures is told so, and another's are not there.
func TestFiguresAreTheirOwn(t *testing.T) {
	w, order, _ := plants(t)
	form := url.Values{"step": {frame.StepConfirm}, "order": {order}}
	w.Refused(http.StatusNotFound, "E0002", "/desk/recipients/E0001/figures", form)
	w.Refused(http.StatusForbidden, "inspector", "/desk/recipients/E0001/figures", form)
	w.Get(http.StatusNotFound, "E0002", "/desk/recipients/E0001/figures")
	w.Refused(http.StatusForbidden, "E0001", "/desk/orders/"+order+"/plan", url.Values{"step": {frame.StepConfirm}})
	desktest.Shows(t, "no plant", w.Get(http.StatusOK, "duty", "/desk/recipients/E0003/figures"), "不需要运行数据")
	desktest.Shows(t, "no plan", w.Get(http.StatusOK, "duty",
		"/desk/orders/"+strings.Replace(order, "E0001", "E0003", 1)+"/plan"), "不能编制运行方案")
}
