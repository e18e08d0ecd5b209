package app

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"qingkong/cmd/internal/demo"

	"github.com/chromedp/chromedp"

	"qingkong/alerts/terms"
)

// hostile is a text that a page must not take for markup.
const hostile = `<script>alert(1)</script>"'<img src=x onerror=alert(1)>`

// The browser tests are the pages as people have them: a whole program, and chromium. One process of it serves all.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := openBrowser(t)
	t.Run("a warning from its proposal to its end", func(t *testing.T) {
		story(t, openWorld(t, b, &demo.Demo{Soonest: 100 * time.Millisecond, Instruments: []string{}, Latest: 2 * time.Second}))
	})
	t.Run("list and plan", func(t *testing.T) { lists(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("a whole night", func(t *testing.T) { theNight(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("two persons", func(t *testing.T) { persons(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("a server that is away", func(t *testing.T) { away(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("calls", func(t *testing.T) { callsThem(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("a night from what waits alone", func(t *testing.T) { fromTheQueue(t, b) })
	t.Run("stations", func(t *testing.T) { theirReadings(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
	t.Run("findings", func(t *testing.T) { theirFindings(t, b) })
	t.Run("a line that breaks", func(t *testing.T) { aLineBreaks(t, b) })
	t.Run("at the gate", func(t *testing.T) { atTheGate(t, b) })
	t.Run("forms", func(t *testing.T) { forms(t, openWorld(t, b, &demo.Demo{NoSimulate: true})) })
}

// What the tests say of a page is worth something only when a page that does what it may not is found out.
func TestBrowserMindsWhatAPageMayNotDo(t *testing.T) {
	t.Parallel()
	w := openWorld(t, openBrowser(t), &demo.Demo{NoSimulate: true})
	p := w.person(t, deskWidth)
	p.open("/login")
	eval[chromedp.Void](p, `document.body.insertAdjacentHTML("beforeend", '<img src="http://other.invalid/x.png"><p style="color:red">')`)
	eval[chromedp.Void](p, `setTimeout(() => { console.error("said"); nothing() }, 0)`)
	eval[chromedp.Void](p, `setTimeout(() => alert("shown"), 10)`)
	var all string
	eventually(t, "what the page did", func() bool {
		all += strings.Join(p.taken(), "\n") + "\n"
		for _, each := range []string{"another host: http://other.invalid", "policy: style-src", "policy: img-src",
			`console: "said"`, "exception: ", "dialog: shown"} {
			if !strings.Contains(all, each) {
				return false
			}
		}
		return true
	})
	p.open("/login")
	if found := p.barriers(allRules); len(found) > 0 {
		t.Errorf("the login has barriers: %v", found)
	}
	eval[chromedp.Void](p, `document.querySelector("main").insertAdjacentHTML("beforeend", "<p id=faint>看不清的字</p><input name=nameless>");
		document.querySelector("#faint").style.color = "#ddd"`)
	found := strings.Join(p.barriers(allRules), "\n")
	for _, each := range []string{"color-contrast", "#faint", "label: "} {
		if !strings.Contains(found, each) {
			t.Errorf("%s is not found in %q", each, found)
		}
	}
	at := eval[int](p, partsOf+`.findIndex(e => e.contains(document.querySelector("#faint")))`)
	if found := strings.Join(p.barriers(colourOnes, at), "\n"); !strings.Contains(found, "#faint") {
		t.Errorf("of its part alone is found %q", found)
	}
	if found := p.barriers(colourOnes, max(0, at-1)); at > 0 && len(found) > 0 {
		t.Errorf("of the part before it is found %q", found)
	}
}

// story is the main job: two people, two screens, and the enterprises that answer.
func story(t *testing.T, w *world) {
	duty := w.person(t, deskWidth)
	duty.open("/")
	duty.says(word("home.calm"))
	duty.click(`main a[href="/login"]`)
	duty.enter("duty")
	duty.says(word("first.title"), word("proposal.title"))
	duty.shot("home")

	id := declares(t, w, duty)
	board := duty.beside()
	board.open("/desk/warnings/" + id + "/board")
	eval[chromedp.Void](board, `window.stays = true`) // a page that is loaded anew has it no more
	if status := duty.open("/desk/warnings/" + id + "/approve"); status != http.StatusForbidden {
		t.Errorf("the approval's page answers the duty officer with %d", status)
	}
	approves(t, w, id)
	fills(t, w, board, id)
	order := objects(t, w, id)
	decides(t, w, board, id, order)
	pages(t, w)
	lifts(t, w, duty, id)
	prove(t, w.App)
}

// declares goes from the proposal on the desk to a warning that waits for its approval.
func declares(t *testing.T, w *world, duty *tab) string {
	duty.click(`a[id^="pa-"]`)
	if got := duty.value(`input[name=level]:checked`) + " " +
		duty.value(`input[name=trigger]:checked`); got != "red own_forecast" {
		t.Errorf("the form begins with %s", got)
	}
	if !strings.Contains(duty.value("#f-notice_text"), "红色") {
		t.Errorf("the notice begins with %s", duty.value("#f-notice_text"))
	}
	duty.shot("declare")
	notice := duty.value("#f-notice_text") + "\n" + hostile
	duty.fill("#f-starts_at", "") // at once
	duty.fill("#f-document_no", "津西青应急〔2026〕1号")
	duty.fill("#f-reason", hostile)
	duty.fill("#f-notice_text", notice)
	duty.click(`button[value=review]`)
	duty.says(word("act.declare.review"), "津西青应急〔2026〕1号", "红色（Ⅰ级）", hostile, word("outcome.pending"), "您（duty）不能自批",
		"公告正文没有写到开始的那一天") // it was written for the proposal's start
	duty.shot("review")
	duty.fill("#typed", "橙色")
	if status := duty.click(`button[value=confirm]`); status != http.StatusUnprocessableEntity || len(w.warnings(t)) != 0 {
		t.Errorf("another level's name is taken: %d", status)
	}
	duty.says("没有提交")
	duty.fill("#typed", "红色")
	duty.click(`button[value=confirm]`)
	duty.says(word("done.declare"), terms.Name(terms.WarningState, "pending_approval", "zh-CN"), hostile)
	all := w.warnings(t)
	if len(all) != 1 || all[0].State != "pending_approval" || all[0].Level != "red" || all[0].DeclaredBy != "duty" ||
		all[0].ProposalID == "" ||
		all[0].Reason != hostile || duty.path() != "/desk/warnings/"+all[0].ID {
		t.Fatalf("declared on %s: %+v", duty.path(), all)
	}
	duty.shot("warning-pending")
	return all[0].ID
}

// approves is the second person, on a phone.
func approves(t *testing.T, w *world, id string) {
	p := w.person(t, phoneWidth)
	p.login("approver")
	p.says(word("lead.pending_approval")[len("{level}"):])
	p.shot("home-approver")
	p.click(`a[href$="/approve"]`)
	p.says("红色（Ⅰ级）", "津西青应急〔2026〕1号", hostile)
	p.shot("approve")
	ground := func() string { return eval[string](p, `getComputedStyle(document.body).backgroundColor`) }
	light := ground()
	p.colours("dark")
	if ground() == light {
		t.Error("a device that is set to dark gets light pages")
	}
	p.shot("approve-dark")
	p.colours("light")
	p.click(`button[value=confirm]`)
	p.says(word("done.approve"))
	var got apiWarning
	w.api(t, "viewer", http.MethodGet, "/warnings/"+id, nil, &got)
	if got.State != "active" || got.ApprovedBy != "approver" {
		t.Errorf("approved: %+v", got)
	}
	if p.open("/desk/warnings/" + id + "/approve"); !strings.Contains(p.text(), word("approve.nothing")) {
		t.Error("what was approved can be approved again")
	}
}

// shown is a number of the board as its page has it.
const shown = `(() => { const a = document.getElementById("l-answer-%s"); return a ? +a.parentElement.querySelector("b").textContent : 0 })()`

// fills watches the board of somebody who does nothing until everybody has answered who ever will.
func fills(t *testing.T, w *world, board *tab, id string) {
	type list struct {
		Items []struct {
			ID        string `json:"id"`
			Recipient string `json:"recipient_id"`
		}
	}
	var orders list
	eventually(t, "the orders", func() bool {
		w.api(t, "viewer", http.MethodGet, "/orders?limit=1000&warning="+id, nil, &orders)
		var b struct{ Total int }
		w.api(t, "viewer", http.MethodGet, "/warnings/"+id+"/board", nil, &b)
		return len(orders.Items) > 50 && len(orders.Items) == b.Total
	})
	answering := 0
	for _, o := range orders.Items {
		if simulated(o.Recipient, o.ID) && o.Recipient != w.accounts["enterprise"].Recipient {
			answering++
		}
	}
	board.comes(fmt.Sprintf("%d of %d answers on the board", answering, len(orders.Items)),
		fmt.Sprintf(shown, "acknowledged")+fmt.Sprintf(" === %d", answering))
	board.comes("the same in words",
		fmt.Sprintf(`document.getElementById("summary").textContent.includes(%q)`, fmt.Sprint(answering)))
	if !eval[bool](board, `window.stays === true`) {
		t.Error("the board was loaded anew")
	}
	if !strings.Contains(board.text(), word("live.on")) {
		t.Error("the board does not say that it is live")
	}
	board.shot("board")
}

// objects is an enterprise on a phone that opens its order and objects. Its session ends on the way; what it wrote
// stays.
func objects(t *testing.T, w *world, warning string) string {
	p := w.person(t, phoneWidth)
	p.login("enterprise")
	p.shot("home-enterprise")
	p.click(`main .card-acts a[id^="go-"]`)
	order := strings.TrimPrefix(p.path(), "/desk/orders/")
	state := func() (o struct{ Delivery, Answer, State string }) {
		w.api(t, "viewer", http.MethodGet, "/orders/"+order, nil, &o)
		return o
	}
	eventually(t, "the order is read", func() bool { return state().Delivery == "read" })
	p.shot("order")
	p.opens("details > summary.button")
	p.fill("#f-object-note", "锅炉为居民供暖。\n"+hostile)
	p.expire()
	if status := p.click(`form[action$="/object"] button`); status != http.StatusUnauthorized {
		t.Errorf("an answer without a session: %d", status)
	}
	p.says(word("login.again"))
	p.enter("enterprise")
	if got := p.value("#f-object-note"); got != "锅炉为居民供暖。\n"+hostile || state().Answer != "awaiting" {
		t.Errorf("after the login the form has %q, and the order is %+v", got, state())
	}
	p.says(word("form.again"))
	p.click(`form[action$="/object"] button`)
	p.says(word("done.object"), hostile)
	if got := state(); got.Answer != "objected" {
		t.Errorf("objected: %+v", got)
	}
	return order
}

// decides finds the objection on the board, where it came by itself, and exempts.
func decides(t *testing.T, w *world, board *tab, warning, order string) {
	board.comes("the objection on the board", fmt.Sprintf(shown, "objected")+" === 1")
	if !eval[bool](board, `window.stays === true`) {
		t.Error("the board was loaded anew")
	}
	board.click("#t-objected")
	board.click(`[id="d-` + order + `"]`)
	board.says("锅炉为居民供暖。", hostile)
	board.opens(".decision-accept > summary")
	board.shot("objection")
	board.fill("#f-accept-reason", "保障居民供暖")
	board.click(".decision-accept button")
	board.says(word("done.objection"))
	var got struct{ State string }
	w.api(t, "viewer", http.MethodGet, "/orders/"+order, nil, &got)
	if got.State != "exempted" {
		t.Errorf("exempted: %+v", got)
	}
	board.shot("order-exempted")
}

// lifts ends the warning.
func lifts(t *testing.T, w *world, duty *tab, id string) {
	duty.open("/desk")
	duty.shot("home-active")
	duty.click(`a[href$="` + id + `/lift"]`)
	duty.fill("#f-reason", "空气质量好转")
	duty.click(`button[value=review]`)
	duty.says(word("act.lift.review"), word("outcome.lifted"), "空气质量好转")
	duty.shot("lift-review")
	duty.fill("#typed", "解除")
	duty.click(`button[value=confirm]`)
	duty.says(word("done.lift"), terms.Name(terms.WarningState, "lifted", "zh-CN"))
	var got apiWarning
	w.api(t, "viewer", http.MethodGet, "/warnings/"+id, nil, &got)
	if got.State != "lifted" {
		t.Errorf("lifted: %+v", got)
	}
	eventually(t, "no order is open any more", func() bool {
		var open struct{ Items []any }
		w.api(t, "viewer", http.MethodGet, "/orders?"+url.Values{"warning": {id}, "state": {"open"}}.Encode(), nil, &open)
		return len(open.Items) == 0
	})
	duty.open("/desk")
	duty.says(word("home.calm"))
}
