package orders_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/cmd/internal/desk/desktest"
	"qingkong/cmd/internal/desk/frame"
)

// An enterprise on its phone: receive, acknowledge, start, report, complete; the timeline tells it from the record.
func TestEnterpriseAnswers(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	order := "/desk/orders/" + id + "-E0001-1"
	if text := desktest.TextOf(w.Get(200, "E0001", "/desk")); !strings.Contains(text, "我的减排令") ||
		!strings.Contains(text, "前确认") {
		t.Errorf("home: %s", text)
	}
	send := func(action string, set url.Values) {
		t.Helper()
		page := w.Get(200, "E0001", order)
		f := desktest.Find(page, "form", "action", order+"/"+action)
		if f == nil {
			t.Fatalf("no button for %s: %s", action, desktest.TextOf(page))
		}
		form := desktest.ValuesOf(f, url.Values{})
		for name, v := range set {
			form[name] = v
		}
		to := w.Post(303, "E0001", order+"/"+action, form).Header.Get("Location")
		w.Post(303, "E0001", order+"/"+action, form) // a double tap
		w.Get(200, "E0001", to)
	}
	send("receive", nil)
	send("acknowledge", nil)
	send("start", nil)
	send("report", url.Values{"value.M1": {"48.5"}, "note": {"一号线已减半"}})
	send("complete", url.Values{"note": {"完成"}})
	text := desktest.TextOf(w.Get(200, "duty", order))
	for _, want := range []string{"签发", "签收", "确认", "开始执行", "上报进展", "M1: 48.5 %", "一号线已减半", "报告完成", "账本第"} {
		if !strings.Contains(text, want) {
			t.Errorf("the timeline lacks %q: %s", want, text)
		}
	}
	if n := strings.Count(text, "报告完成"); n != 1 {
		t.Errorf("completed %d times", n)
	}
	if text := desktest.TextOf(w.Get(200, "viewer", order)); strings.Contains(text, "一号线已减半") {
		t.Error("a viewer reads a recipient's note")
	}
	w.Get(404, "E0002", order)
	w.Refused(404, "E0002", order+"/acknowledge", url.Values{"key": {frame.NewKey()}})
	w.Get(404, "town", "/desk/orders/"+id+"-E0002-1")
	w.Get(200, "town", order)
}

func TestObjections(t *testing.T) {
	w := desktest.New(t)
	id := w.Ordered()
	for n := 1; n <= 3; n++ {
		path := fmt.Sprintf("/desk/orders/%s-E%04d-1", id, n)
		who := fmt.Sprintf("E%04d", n)
		page := w.Refused(422, who, path+"/object", url.Values{"key": {frame.NewKey()}})
		if !strings.Contains(desktest.TextOf(page), "请说明理由") {
			t.Errorf("no word beside the note: %s", desktest.TextOf(page))
		}
		w.Post(303, who, path+"/object", url.Values{"note": {"设备不能急停"}, "key": {frame.NewKey()}})
	}
	if board := desktest.TextOf(w.Get(200, "duty", desktest.WarningPath(id)+"/board?state=objected")); strings.Count(board,
		"处理") < 3 {
		t.Errorf("objections do not wait on the board: %s", board)
	}
	decide := func(n int, decision string, set url.Values, status int) string {
		t.Helper()
		path := fmt.Sprintf("/desk/objections/%s-E%04d-1", id, n)
		page := w.Get(200, "duty", path)
		if !strings.Contains(desktest.TextOf(page), "设备不能急停") {
			t.Error("the objection is not shown")
		}
		form := url.Values{}
		desktest.Each(page, func(e *html.Node) {
			if e.Data == "form" && desktest.ValuesOf(e, url.Values{}).Get("decision") == decision {
				form = desktest.ValuesOf(e, url.Values{})
			}
		})
		for name, v := range set {
			form[name] = v
		}
		return desktest.TextOf(desktest.Parsed(t, w.Post(status, "duty", path, form).Text))
	}
	if text := decide(1, "accept", nil, 422); !strings.Contains(text, "请填写") {
		t.Errorf("a decision without a reason: %s", text)
	}
	decide(1, "accept", url.Values{"reason": {"保民生"}}, 303)
	decide(2, "reject", url.Values{"reason": {"可以做到"}}, 303)
	if text := decide(3, "amend", url.Values{"reason": {"放宽"}}, 422); !strings.Contains(text, "没有改动任何措施") {
		t.Errorf("an amendment of nothing: %s", text)
	}
	if text := decide(3, "amend", url.Values{"reason": {"放宽"}, "text.M1": {"限产一成半"}}, 422); !strings.Contains(text,
		"文字与数值不一致") {
		t.Errorf("a text beside another number: %s", text)
	}
	if text := decide(3, "amend", url.Values{"reason": {"放宽"}, "quantity.M1": {"30"}}, 422); !strings.Contains(text,
		"文字与数值不一致") || !strings.Contains(text, "措施内容") {
		t.Errorf("another number beside the old text: %s", text)
	}
	// The criterion follows the number; the read-out says both and the new order in full, and records nothing.
	set := url.Values{"reason": {"放宽"}, "within.M1": {"8"}, "text.M1": {"限产三成"}, "quantity.M1": {"30"}}
	before := w.Svc.J.Height()
	review := decide(3, "amend", set, 200)
	for _, want := range []string{"将重新下达 1 份减排令", "限产一半 → 限产三成", "减少 50 % → 减少 30 %", "4 小时内完成 → 8 小时内完成",
		"用电 不超过基线的 0.5 倍 → 用电 不超过基线的 0.7 倍", "1号线：限产，减少30%，8小时内完成。限产三成", "放宽"} {
		if !strings.Contains(review, want) {
			t.Errorf("the read-out does not say %q: %s", want, review)
		}
	}
	if w.Svc.J.Height() != before {
		t.Error("the read-out recorded something")
	}
	at := fmt.Sprintf("/desk/objections/%s-E0003-1", id)
	set.Set("decision", "amend")
	w.Post(303, "duty", at, w.Reviewed("duty", at, set))
	text := desktest.TextOf(w.Get(200, "E0003", "/desk/orders/"+id+"-E0003-2"))
	if !strings.Contains(text, "限产三成") || !strings.Contains(text, "8 小时内完成") ||
		!strings.Contains(text, "0.7 倍") || strings.Contains(text, "0.5 倍") || !strings.Contains(text, "按异议处理结果调整签发") {
		t.Errorf("the amended order: %s", text)
	}
	if text := desktest.TextOf(w.Get(200, "E0003", "/desk/orders/"+id+"-E0003-1")); !strings.Contains(text, "已被新的版本替换") {
		t.Errorf("the order before: %s", text)
	}
}
