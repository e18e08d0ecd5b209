package app

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/notify"
)

// callsThem has the duty officer call from the sheet, on a phone: who is not reached stays there with the count, who is
// told leaves it, several are recorded at once, and nobody has answered by that. A colleague's open sheet says that it
// has changed and keeps what is being written.
func callsThem(t *testing.T, w *world) {
	var declared apiWarning
	w.api(t, "duty", http.MethodPost, "/warnings", map[string]any{"level": "yellow", "trigger": "city_order",
		"document_no": "津污防指〔2026〕9号", "issued_by": "天津市"}, &declared)
	var sheet calls.CallSheet
	eventually(t, "the orders", func() bool {
		w.api(t, "duty", http.MethodGet, "/warnings/"+declared.ID+"/call-sheet?limit=1000", nil, &sheet)
		return len(sheet.Items) > 3
	})
	all := len(sheet.Items)
	first, second := sheet.Items[0], sheet.Items[1]
	path := "/desk/warnings/" + declared.ID + "/calls"

	p, colleague := w.person(t, phoneWidth), w.person(t, deskWidth)
	p.login("duty")
	p.click("#n-" + declared.ID + "-calls")
	if p.path() != path || !p.there(`a[href^="tel:"]`) {
		p.fail("the first page leads to %s, or the sheet has no telephone", p.path())
	}
	w.hire(t, "zhao", calls.Duty, "赵值班")
	colleague.login("zhao")
	colleague.open(path)
	row := func(order string) string { return `tr:has(input[name=order][value="` + order + `"]) ` }
	colleague.fill(row(second.OrderID)+"input[name=note]", "正在拨打")

	p.fill(row(first.OrderID)+"input[name=note]", "两个号码无人接听")
	p.click(row(first.OrderID) + "button[value=unreachable]")
	p.says(word("done.call.unreachable"), "未接通 1 次")
	p.click(row(second.OrderID) + "button[value=told]")
	p.says(word("done.call.told"))
	if p.there(`input[name=order][value="`+second.OrderID+`"]`) || !p.there(`input[name=order][value="`+first.OrderID+`"]`) {
		p.fail("who was told stays, or who was not reached is gone")
	}
	p.shot("calls")
	colleague.shot("calls")
	colleague.comes("that the sheet has changed", `!!document.querySelector("#calls-again")`)
	if got := colleague.value(row(second.OrderID) + "input[name=note]"); got != "正在拨打" {
		colleague.fail("what was being written is %q", got)
	}
	colleague.click("#calls-again")
	colleague.says("未接通 1 次")

	p.click(`button[value=all]`)
	eval[chromedp.Void](p, `document.querySelector("#several-outcome").value = "unreachable"`)
	p.fill("#several-note", "微信群通知")
	p.click(`button[value=several]`)
	w.api(t, "duty", http.MethodGet, "/warnings/"+declared.ID+"/call-sheet?limit=1000", nil, &sheet)
	ticked := min(50, all-1)
	if sheet.Total != all-1 {
		t.Errorf("%d are to be called, want %d", sheet.Total, all-1)
	}
	reached := 0
	for _, r := range sheet.Items {
		if r.Calls.Unreachable > 0 {
			reached++
		}
	}
	if reached != ticked {
		t.Errorf("%d have a call on record, want %d", reached, ticked)
	}
	var order notify.View
	w.api(t, "duty", http.MethodGet, "/orders/"+second.OrderID, nil, &order)
	if order.Answer != notify.AnswerAwaiting.String() {
		t.Errorf("a call has made the order %s", order.Answer)
	}
	p.open("/desk/orders/" + first.OrderID)
	p.says("电话："+terms.Name(terms.CallOutcome, notify.CallUnreachable, "zh-CN"), "两个号码无人接听")
	if !strings.Contains(p.text(), terms.Name(terms.OrderState, "awaiting", "zh-CN")) {
		p.fail("the order's page does not say that it waits for an answer")
	}
	prove(t, w.App)
}
