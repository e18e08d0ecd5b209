package app

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/demo"
)

// forms are what goes wrong between a person and a form: another person, another tab, a session that ends, a finger
// that shakes, and no mouse. Each begins with nothing going on.
func forms(t *testing.T, w *world) {
	w.hire(t, "wang", calls.Duty, hostile)
	duty := w.person(t, deskWidth)
	duty.login("duty")
	twoOfficers(t, w, duty)
	twoTabs(t, w, duty)
	busyHands(t, w, duty)
	w.cancelAll(t)
	endedSession(t, w, duty)
	w.cancelAll(t)
	twoClicks(t, w, duty)
	w.cancelAll(t)
	keyboard(t, w)
	w.cancelAll(t)
	prove(t, w.App)
}

// twoOfficers follow one proposal: the second is told who was first, and nothing is done twice.
func twoOfficers(t *testing.T, w *world, duty *tab) {
	wang := w.person(t, deskWidth)
	wang.login("wang")
	wang.says(hostile)
	for _, p := range []*tab{duty, wang} {
		p.click(`a[id^="pa-"]`)
		p.fill("#f-reason", "研判意见一致")
		p.click(`button[value=review]`)
		p.fill("#typed", "红色")
	}
	duty.click(`button[value=confirm]`)
	id := strings.TrimPrefix(duty.path(), "/desk/warnings/")
	if status := wang.click(`button[value=confirm]`); status != http.StatusConflict {
		t.Errorf("the second declaration is answered with %d", status)
	}
	wang.says(id, "没有登记：duty 已在", "待审批")
	if !wang.there(`a[href="/desk/warnings/`+id+`"]`) || wang.value("#f-reason") != "研判意见一致" {
		wang.fail("the second is not led to what the first did, or what was typed is gone: %q", wang.value("#f-reason"))
	}
	wang.shot("second-officer")
	if all := w.warnings(t); len(all) != 1 || all[0].DeclaredBy != "duty" {
		t.Errorf("declared: %+v", all)
	}
	wang.open("/desk")
	wang.says(id, terms.Name(terms.WarningState, "pending_approval", "zh-CN"))
	if wang.there(`a[id^="pa-"]`) {
		t.Error("a proposal that was followed is still offered")
	}
}

// twoTabs of one officer revise the same warning: the later one says what changed, and keeps what was typed.
func twoTabs(t *testing.T, w *world, first *tab) {
	id := w.warnings(t)[0].ID
	w.api(t, "approver", http.MethodPost, "/warnings/"+id+"/approve", map[string]any{"revision": 1}, nil)
	second := first.beside()
	for _, p := range []*tab{first, second} {
		p.open("/desk/warnings/" + id + "/revise")
	}
	first.fill("#f-document_no", "津西青应急〔2026〕2号")
	first.fill("#f-reason", "补文号")
	first.click(`button[value=review]`)
	second.fill("#f-reason", "补发布单位")
	second.fill("#f-issued_by", "区指挥部")
	second.click(`button[value=review]`)
	first.click(`button[value=confirm]`)
	first.says(word("done.revise"))
	if status := second.click(`button[value=confirm]`); status != http.StatusConflict {
		t.Errorf("an act on what has moved is answered with %d", status)
	}
	second.says(word("form.stale"), "补文号")
	if strings.Contains(second.text(), "刷新") {
		t.Error("who acts on what has moved is told to load the page anew, which loses what was typed")
	}
	if got := second.value("#f-reason") + " " + second.value("#f-issued_by"); got != "补发布单位 区指挥部" {
		t.Errorf("what was typed became %s", got)
	}
	second.shot("stale")
	second.click(`button[value=review]`)
	second.click(`button[value=confirm]`)
	second.says(word("done.revise"), "津西青应急〔2026〕2号", "区指挥部")
}

// busyHands are at something on a board when it changes. It waits for them, and then shows what came.
func busyHands(t *testing.T, w *world, p *tab) {
	warning := w.warnings(t)[0].ID
	made, err := servicetest.Say(t.Context(), w.svc, "admin", "", calls.IssueCredentials, "E0001", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.accounts["plant"] = demo.Credential{Issued: made, Recipient: "E0001"}
	if made, err = servicetest.Say(t.Context(), w.svc, "admin", "", calls.IssueCredentials, "E0002", nil); err != nil {
		t.Fatal(err)
	}
	w.accounts["burner"] = demo.Credential{Issued: made, Recipient: "E0002"}
	acknowledge := func(who string) {
		w.api(t, who, http.MethodPost, "/orders/"+warning+"-"+w.accounts[who].Recipient+"-1/acknowledge",
			map[string]any{}, nil)
	}
	var total int
	eventually(t, "the orders", func() bool {
		var b struct {
			Total    int
			Delivery struct{ Sent int }
		}
		w.api(t, "viewer", http.MethodGet, "/warnings/"+warning+"/board", nil, &b)
		total = b.Total
		return total > 50 && b.Delivery.Sent == total
	})
	awaiting := func(n int) string {
		return js(`document.querySelector("#t-awaiting b").textContent === %s`, fmt.Sprint(n))
	}
	p.open("/desk/warnings/" + warning + "/board")
	p.comes("the live board", `document.getElementById("live-state").className === "live-on"`)

	at := p.spot(`[id="g-town-1"]`)
	p.do("press", chromedp.MouseEvent(chromedp.MousePressed, at[0], at[1], chromedp.ButtonLeft, chromedp.ClickCount(1)))
	acknowledge("enterprise")
	p.comes("what is sent after the part that is pressed", awaiting(total-1))
	if eval[int](p, fmt.Sprintf(shown, "acknowledged")) != 0 {
		t.Error("a link was replaced under the hand that pressed it")
	}
	p.goes("release", chromedp.MouseEvent(chromedp.MouseReleased, at[0], at[1], chromedp.ButtonLeft,
		chromedp.ClickCount(1)))
	if !strings.Contains(eval[string](p, `location.search`), "town=") {
		t.Errorf("the click was lost: %s", p.path())
	}

	p.open("/desk/warnings/" + warning + "/board")
	p.comes("the live board", `document.getElementById("live-state").className === "live-on"`)
	eval[chromedp.Void](p, `document.querySelector("select#town").focus()`)
	acknowledge("plant")
	p.comes("the part before", fmt.Sprintf(shown, "acknowledged")+" === 2")
	if !eval[bool](p, awaiting(total-1)) {
		t.Error("a choice was replaced under the hand that makes it")
	}
	eval[chromedp.Void](p, `document.querySelector("select#town").blur()`)
	p.comes("what was held back", awaiting(total-2))

	own := w.person(t, deskWidth) // in whose profile no other tab is open
	own.login("duty")
	own.open("/desk/warnings/" + warning + "/board")
	oneStream(t, own, func() { acknowledge("burner") }, awaiting(total-3))
	theEndOfTheStream(w.person(t, deskWidth))
}

// oneStream opens more tabs than a browser has connections to a host. One of them holds the stream of all, those that
// nobody looks at are kept up to date as well, and when it goes another takes its place.
func oneStream(t *testing.T, p *tab, acknowledge func(), arrived string) {
	board, tabs := p.path(), []*tab{p}
	for range 7 {
		tabs = append(tabs, p.beside())
		tabs[len(tabs)-1].open(board)
	}
	leader := func() (leads *tab) {
		eventually(t, "one tab holds the stream", func() bool {
			n := 0
			for _, one := range tabs {
				if eval[bool](one, `window.qkLeads()`) {
					leads, n = one, n+1
				}
			}
			return n == 1
		})
		return leads
	}
	was := leader()
	was.open("/login?next=/desk/lists") // which is no page of the desk's streams while it loads
	was.comes("another page", `location.pathname === "/desk/lists"`)
	at := slices.Index(tabs, was)
	tabs = slices.Delete(tabs, at, at+1)
	for _, one := range tabs {
		one.comes("the live board", `document.getElementById("live-state").className === "live-on"`)
	}
	for _, one := range tabs[1:] {
		eval[chromedp.Void](one, `Object.defineProperty(document, "hidden", {value: true, configurable: true}), document.dispatchEvent(new Event("visibilitychange"))`)
	}
	acknowledge()
	for _, one := range tabs {
		one.comes("the answer in each tab", arrived)
	}
}

// theEndOfTheStream ends the session under two open tabs, which say so; who logs in after that in one of them has a stream
// of their own.
func theEndOfTheStream(p *tab) {
	p.t.Helper()
	const live, ended = `document.getElementById("live-state")?.className === "live-on"`, `document.title.startsWith("⚠ ")`
	p.login("duty")
	other := p.beside()
	other.open("/desk")
	other.comes("a live page", live)
	p.expire()
	for _, one := range []*tab{p, other} {
		one.comes("the end of the session in the title", ended)
	}
	other.says(word("live.over"))
	p.login("approver")
	p.comes("a stream of the one who is there now", live)
	if !eval[bool](other, ended) {
		p.t.Error("the tab of a session that is over has come back to life as another's")
	}
}

// away stops the server under an open page, which says so at once, and after a minute in its title.
func away(t *testing.T, w *world) {
	p := w.person(t, deskWidth)
	p.login("duty")
	p.comes("a live page", `document.getElementById("live-state").className === "live-on"`)
	stop(t, w.App)
	p.comes("that the page is as it was", `document.getElementById("live-state").className === "live-off"`)
	eval[chromedp.Void](p, `Date.now = (now => () => now() + 70000)(Date.now)`)
	p.comes("that the server is away, in the title", `document.title.startsWith("⚠ ")`)
	p.taken() // the console says that a connection was lost
}

// entered fills in a declaration that follows no proposal, as far as its read-out.
func entered(p *tab, reason string) {
	p.t.Helper()
	p.open("/desk/declare")
	p.opens(`label.level-yellow`)
	p.opens(`label:has([value=city_order])`)
	p.fill("#f-document_no", "津气指办〔2026〕1号")
	p.fill("#f-issued_by", "市指挥部办公室")
	p.fill("#f-received_at", "2026-01-01T08:00")
	p.fill("#f-reason", reason)
}

// endedSession ends the session under a form, twice: at what was filled in and at its confirmation. Nothing typed is
// lost and nothing is done that was not looked at again.
func endedSession(t *testing.T, w *world, p *tab) {
	before := len(w.warnings(t))
	entered(p, hostile)
	p.fill("#f-notice_text", "一、\n"+hostile)
	again := func(button string, comesBack func()) {
		t.Helper()
		p.expire()
		if status := p.click(button); status != http.StatusUnauthorized {
			t.Errorf("a form without a session is answered with %d", status)
		}
		p.says(word("login.again"))
		p.shot("login-again")
		p.fill("#user", "duty")
		p.fill("#password", "wrong")
		p.click("main form button")
		p.says(word("login.wrong"))
		p.enter("duty")
		comesBack()
	}
	filledIn := func() {
		t.Helper()
		p.says(word("form.again"))
		got := map[string]string{}
		for _, field := range []string{"[name=level]:checked", "[name=trigger]:checked", "#f-document_no", "#f-issued_by",
			"#f-received_at", "#f-reason", "#f-notice_text"} {
			got[field] = p.value(field)
		}
		if got["[name=level]:checked"] != "yellow" || got["[name=trigger]:checked"] != "city_order" ||
			got["#f-document_no"] != "津气指办〔2026〕1号" ||
			got["#f-issued_by"] != "市指挥部办公室" || got["#f-received_at"] != "2026-01-01T08:00" || got["#f-reason"] != hostile ||
			got["#f-notice_text"] != "一、\n"+hostile {
			t.Errorf("after the login the form has %q", got)
		}
	}
	again(`button[value=review]`, filledIn)
	p.click(`button[value=review]`)
	p.fill("#typed", "黄色")
	again(`button[value=confirm]`, func() { p.says(hostile) }) // the review, to be looked at once more
	if all := w.warnings(t); len(all) != before {
		t.Errorf("declared before it was looked at again: %+v", all[0])
	}
	p.fill("#typed", "黄色")
	p.click(`button[value=confirm]`)
	if all := w.warnings(t); len(all) != before+1 || all[0].Reason != hostile {
		t.Errorf("declared: %+v", all)
	}
}

// twoClicks on a confirmation, the same form sent again and again, and the button for back make one warning.
func twoClicks(t *testing.T, w *world, p *tab) {
	before := len(w.warnings(t))
	entered(p, "按市指令")
	p.click(`button[value=review]`)
	p.back(`document.getElementById("f-reason").value === "按市指令"`) // and forth again: nothing is lost on that way either
	p.click(`button[value=review]`)
	p.fill("#typed", "黄色")
	sent := eval[int](p, `(async () => {
		const form = document.getElementById("confirm"), body = () => new URLSearchParams(new FormData(form, form.querySelector("[value=confirm]")));
		const all = await Promise.all([1, 2, 3].map(() => fetch(form.action, {method: "POST", body: body()})));
		return new Set(all.map(r => r.url)).size
	})()`, chromedp.EvalAwaitPromise)
	if all := w.warnings(t); sent != 1 || len(all) != before+1 {
		t.Errorf("one form sent thrice leads to %d pages and to %d warnings more", sent, len(all)-before)
	}
	p.goes("two clicks", chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("[value=confirm]").forEach(b => { b.click(); b.click() })`))
	p.says(word("done.declare"))
	p.clean()
	p.back(js(`location.pathname !== %s`, p.path())) // or chromium's own page, which asks whether to send the form again
	p.open("/desk")
	p.taken() // that page has styles of its own, which our policy forbids
	if all := w.warnings(t); len(all) != before+1 {
		t.Errorf("two clicks and a step back make %d warnings", len(all)-before)
	}
}

// keyboard does it all without a mouse, and sees where it is.
func keyboard(t *testing.T, w *world) {
	p := w.person(t, deskWidth)
	p.open("/login")
	p.comes("the focus on the first field", `document.activeElement.id === "user"`)
	p.writes(w.accounts["duty"].User)
	p.tabs("#password", 1)
	p.writes(w.accounts["duty"].Password)
	p.enters()
	p.tabs("a.skip", 1)
	p.do("skip", chromedp.KeyEvent(kb.Enter))
	p.tabs("summary", 12)
	drill := func() {
		t.Helper()
		w.api(t, "duty", http.MethodPost, "/warnings",
			map[string]any{"level": "yellow", "trigger": "own_forecast", "drill": true}, nil)
		p.comes("the drill on the desk", `document.querySelector("#home .card-drill") !== null`)
	}
	drill()
	if !eval[bool](p, `document.activeElement.matches("summary")`) {
		t.Error("the focus is lost when what is shown changes")
	}
	w.cancelAll(t)
	p.comes("the desk without it", `document.querySelector("#home .card-drill") === null`)
	p.tabs("#go-declare", 12)
	p.do("a screen that ends there", chromedp.EmulateViewport(deskWidth,
		eval[int64](p, `Math.ceil(document.activeElement.getBoundingClientRect().bottom) + 4`)))
	drill()
	if !eval[bool](p, `document.activeElement.id === "go-declare" && document.activeElement.getBoundingClientRect().top < innerHeight`) {
		t.Error("the focus is out of sight when something comes above it")
	}
	p.do("resize", p.screen())
	p.enters()
	p.tabs("[name=level]", 20)
	p.do("choose", chromedp.KeyEvent(" "), chromedp.KeyEvent(kb.ArrowDown)) // the first, then the second
	p.tabs("[name=trigger]", 1)
	p.do("choose", chromedp.KeyEvent(" "))
	p.tabs("#f-reason", 30) // a time is several stops
	p.writes("键盘填写")
	p.tabs("button[value=review]", 2)
	p.enters()
	p.says("键盘填写", "黄色（Ⅲ级）")
	p.tabs("#typed", 20)
	p.shot("keyboard")
	p.writes("黄色")
	p.enters() // in a field: it presses the first button
	p.says(word("done.declare"))
	if all := w.warnings(t); all[0].Reason != "键盘填写" || all[0].Level != "yellow" {
		t.Errorf("declared by keyboard: %+v", all[0])
	}
}

// tabs presses the key until something has the focus, and minds that each stop on the way is seen.
func (p *tab) tabs(selector string, most int) {
	p.t.Helper()
	for range most {
		p.do("tab", chromedp.KeyEvent(kb.Tab))
		at := eval[string](p, `(e => { const s = getComputedStyle(e), r = e.getBoundingClientRect();
			return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 && r.width > 0 && r.right > 0 && r.bottom > 0 && r.top < innerHeight ? "" : e.outerHTML + JSON.stringify([s.outline, r, innerHeight]) })(document.activeElement)`)
		if at != "" {
			p.t.Errorf("the focus is not seen on %s", at)
		}
		if eval[bool](p, js(`document.activeElement.matches(%s)`, selector)) {
			return
		}
	}
	p.fail("%d tabs do not lead to %s", most, selector)
}

// enters presses the key that leads to another page.
func (p *tab) enters() {
	p.t.Helper()
	p.goes("enter", chromedp.KeyEvent(kb.Enter))
}
