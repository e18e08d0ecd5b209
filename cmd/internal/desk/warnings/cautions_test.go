package warnings_test

import (
	"maps"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/alerts"
	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// reviewed posts an act's form with some fields and returns the read-out.
func reviewed(w *desktest.World, path string, set url.Values) *html.Node {
	w.T.Helper()
	form := desktest.Values(w.Get(200, "duty", path))
	maps.Copy(form, set)
	form.Set("step", frame.StepReview)
	post, _, _ := strings.Cut(path, "?")
	return desktest.Parsed(w.T, w.Post(200, "duty", post, form).Text)
}

// What speaks against an act, or is easily overlooked, stands in its read-out, whatever the act is.
func TestCautions(t *testing.T) {
	cases := map[string]struct {
		drill bool
		blind bool // nothing is known of the air
		act   string
		set   url.Values
		says  []string
		not   []string
	}{
		"a lift while the air is bad": {act: "lift", set: url.Values{"reason": {"好转"}},
			says: []string{"与未处理的建议", "解除条件尚未满足", "3 份有效减排令随之解除", "请输入“解除”以确认"}},
		"a lift without any forecast": {blind: true, act: "lift", set: url.Values{"reason": {"好转"}},
			says: []string{"没有可用的预报，无法核对解除条件"}, not: []string{"解除条件尚未满足", "与未处理的建议"}},
		"a cancellation": {act: "cancel", set: url.Values{"reason": {"误发"}},
			says: []string{"与未处理的建议", "3 份有效减排令随之解除", "请输入“撤销”以确认"}, not: []string{"解除条件尚未满足"}},
		"an adjustment below the proposal, by the city, with no number of its own": {act: "adjust",
			set:  url.Values{"level": {"orange"}, "reason": {"升级为红色"}},
			says: []string{"与未处理的建议", "没有填写新的文号，沿用原来的 津污防指", "理由写的是红色（Ⅰ级）"}},
		"an adjustment that follows it": {act: "adjust", set: url.Values{"level": {"red"}, "document_no": {"津污防指〔2016〕2号"}},
			says: []string{"津污防指〔2016〕1号 → 津污防指〔2016〕2号"}, not: []string{"与未处理的建议", "没有填写"}},
		"another end": {act: "revise", set: url.Values{"ends_at": {"2016-12-20T00:00"}},
			says: []string{"另行通知 → 2016-12-19 24:00"}},
		"a drill's end": {drill: true, act: "lift", set: url.Values{}, not: []string{"请输入", "解除条件尚未满足"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := desktest.New(t)
			id := w.Declared(alerts.Yellow, c.drill)
			w.Elapse(0)
			if !c.drill && !c.blind {
				w.Forecast(false)
			}
			text := desktest.TextOf(reviewed(w, desktest.WarningPath(id)+"/"+c.act, c.set))
			for _, want := range c.says {
				if !strings.Contains(text, want) {
					t.Errorf("it does not say %q: %s", want, text)
				}
			}
			for _, not := range c.not {
				if strings.Contains(text, not) {
					t.Errorf("it says %q: %s", not, text)
				}
			}
		})
	}
}

// An order of the city has a number and an issuer; a declaration of our own below what is proposed has a reason.
func TestCautionsOfADeclaration(t *testing.T) {
	w := desktest.New(t)
	text := desktest.TextOf(reviewed(w, "/desk/declare", url.Values{"level": {"orange"}, "trigger": {"city_order"}}))
	for _, want := range []string{"没有填写文号", "没有填写发布单位", "没有填写公告正文"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not say %q: %s", want, text)
		}
	}
	p := w.Forecast(false)
	form := desktest.Values(w.Get(200, "duty", "/desk/declare?proposal="+p))
	form.Set("level", "orange")
	form.Set("step", frame.StepReview)
	page := w.Refused(422, "duty", "/desk/declare", form)
	if text := desktest.TextOf(page); !strings.Contains(text, "低于建议") {
		t.Errorf("a declaration below the proposal without a reason: %s", text)
	}
	if v := desktest.Values(page); v.Get("reason") != "" || !strings.Contains(v.Get("notice_text"), "橙色（Ⅱ级）") ||
		strings.Contains(v.Get("notice_text"), "红色") {
		t.Errorf("reason and notice are not drafted anew: %v", v)
	}
	form.Set("reason", "监测数据好于预报")
	if text := desktest.TextOf(desktest.Parsed(t, w.Post(200, "duty", "/desk/declare", form).Text)); !strings.Contains(text, "低于本区建议") {
		t.Errorf("a declaration below the proposal: %s", text)
	}
}

// Every spelling of a level that a page shows confirms it, and no other level's does.
func TestEverySpellingOfALevelConfirms(t *testing.T) {
	for typed, right := range map[string]bool{
		"橙色": true, " 橙色 ": true, "橙色预警": true, "橙色（Ⅱ级）": true, "橙色(II级)": true, "橙色（Ⅱ级）预警": true, "Ⅱ级": true, "II级": true,
		"orange": true, "Orange (II)": true, "orange warning": true, "ORANGE": true, "ＩＩ级": true,
		"": false, "橙": false, "黄色": false, "红色（Ⅰ级）": false, "Ⅲ级": false, "I级": false, "预警": false, "orange!": false,
	} {
		w := desktest.New(t)
		form := desktest.Values(w.Get(200, "duty", "/desk/declare"))
		maps.Copy(form, url.Values{"level": {"orange"}, "trigger": {"city_order"}, "typed": {typed}})
		status := 422
		if right {
			status = 303
		}
		w.Post(status, "duty", "/desk/declare", w.Reviewed("duty", "/desk/declare", form))
	}
}
