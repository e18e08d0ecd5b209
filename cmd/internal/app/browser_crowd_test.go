package app

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/service/servicetest"
	"qingkong/notify"

	"github.com/chromedp/chromedp"
)

// crowd is how many recipients the night has that is played from what waits alone, and how many of them do not answer at
// once: so many object, so many are silent.
const (
	crowd     = 1500
	objectors = 3
	silent    = 12
)

// crowdNight is that night: an officer who opens nothing but what the first page says waits for her.
type crowdNight struct {
	*testing.T
	w              *world
	ahead          *atomic.Int64 // of the clock, in nanoseconds
	duty, approver *tab
	warning, drill string
	orders         []string // of the warning
}

// fromTheQueue plays a night of many recipients, of whom some object and some are silent, with a drill beside it.
func fromTheQueue(t *testing.T, b *browser) {
	ahead := new(atomic.Int64)
	w := openWorldWith(t, b, Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true, Recipients: crowd},
		Clock: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	n := &crowdNight{T: t, w: w, ahead: ahead, duty: w.person(t, deskWidth), approver: w.person(t, phoneWidth)}
	n.approver.login("approver")
	n.duty.login("duty")
	n.declare()
	n.answer()
	n.drillBeside()
	n.decideObjections()
	n.callTheSilent()
	prove(t, w.App)
}

// declare follows the proposal on the first page, and the approver what waits on the first page of the other phone.
func (n *crowdNight) declare() {
	n.Helper()
	d, a := n.duty, n.approver
	d.click(`a[id^="pa-"]`)
	d.fill("#f-document_no", "津西青应急〔2026〕1号")
	d.fill("#f-starts_at", "")
	d.fill("#f-reason", "预报达到红色条件")
	d.click(`button[value=review]`)
	d.fill("#typed", "红色")
	d.click(`button[value=confirm]`)
	n.warning = strings.TrimPrefix(d.path(), "/desk/warnings/")
	a.comes("what waits on the approver's open page", `document.querySelector("#q-approve") !== null`)
	a.comes("its number in the title", `document.title.startsWith("(1) ")`)
	a.looksRight("/desk of an approver")
	a.shot("crowd-approver")
	a.click("#q-approve")
	a.click(`button[value=confirm]`)
	a.says(word("done.approve"))
	a.click(`nav a[href="/desk"]`)
	if a.there("#q-approve") {
		a.fail("what was approved waits still")
	}
	eventually(n.T, "all orders", func() bool {
		n.orders = nil
		for cursor := ""; ; {
			var page struct {
				Items []struct{ ID string }
				Next  string
			}
			n.w.api(n.T, "viewer", http.MethodGet, "/orders?limit=1000&warning="+n.warning+"&cursor="+cursor, nil, &page)
			for _, o := range page.Items {
				n.orders = append(n.orders, o.ID)
			}
			if cursor = page.Next; cursor == "" {
				return len(n.orders) == crowd
			}
		}
	})
}

// answer has all acknowledge but those who object and those who say nothing.
func (n *crowdNight) answer() {
	n.Helper()
	for i, id := range n.orders {
		in := notify.AnswerText{OrderID: id, Action: notify.Acknowledge}
		switch {
		case i < objectors:
			in.Action, in.Note = notify.Object, fmt.Sprintf("%d号炉正在出铁", i+1)
		case i < objectors+silent:
			continue
		}
		recipient := strings.TrimSuffix(strings.TrimPrefix(id, n.warning+"-"), "-1")
		if _, err := servicetest.AnswerOrder(n.Context(), n.w.svc, recipient, "", in); err != nil {
			n.Fatalf("%s: %v", id, err)
		}
	}
}

// drillBeside declares a drill; what waits of it is counted apart.
func (n *crowdNight) drillBeside() {
	n.Helper()
	d := n.duty
	d.click(`nav a[href="/desk"]`)
	d.comes("the objections", `document.querySelector("#q-objected") !== null`)
	d.says(fmt.Sprintf("待您处理：%d", objectors), fmt.Sprintf("异议待处理 %d 个", objectors))
	d.click("#go-drill")
	d.do("level", d.press(`input[name=level][value=yellow]`))
	d.do("trigger", d.press(`input[name=trigger][value=city_order]`))
	d.fill("#f-document_no", "津西青演〔2026〕1号")
	d.fill("#f-issued_by", "区指挥部")
	d.fill("#f-reason", "夜间演练")
	d.click(`button[value=review]`)
	if d.there("#typed") {
		d.fill("#typed", "黄色")
	}
	d.click(`button[value=confirm]`)
	n.drill = strings.TrimPrefix(d.path(), "/desk/warnings/")
	if !strings.HasPrefix(n.drill, "D") {
		n.Fatalf("the drill is %s", n.drill)
	}
	d.click(`nav a[href="/desk"]`)
}

// decideObjections decides one after the other, each from the first page. Before the last the deadline of the orders
// passes, and its own begins anew.
func (n *crowdNight) decideObjections() {
	n.Helper()
	d := n.duty
	for left := objectors; left > 0; left-- {
		d.comes(fmt.Sprintf("%d objections", left), js(`document.querySelector("#q-objected").textContent.includes(%s)`,
			fmt.Sprintf(" %d ", left)))
		if left == 1 {
			n.ahead.Add(int64(70 * time.Minute))
		}
		d.click("#q-objected")
		d.click(`a[id^="d-` + n.warning + `-"]`)
		d.says("号炉正在出铁")
		d.opens(".decision-reject > summary")
		d.fill("#f-reject-reason", "本市要求不变，请按减排令执行")
		d.click(".decision-reject button")
		d.says(word("done.objection"))
		d.click(`nav a[href="/desk"]`)
	}
	d.comes("no objection", `document.querySelector("#q-objected") === null`)
}

// callTheSilent calls whom the sheet names: one is not reached, the others are told.
func (n *crowdNight) callTheSilent() {
	n.Helper()
	d, overdue := n.duty, silent+objectors-1
	d.comes("the overdue on the open page", js(`(e => e && e.textContent.includes(%s))(document.querySelector("#q-overdue"))`,
		fmt.Sprintf(" %d ", overdue)))
	d.comes("the drill's apart", `document.querySelector("#qd-overdue") !== null`)
	d.says(word("queue.drills"))
	d.looksRight("/desk of a night")
	d.shot("crowd-queue")

	d.click("#q-overdue")
	d.looksRight("/desk/warnings/W-/calls")
	d.shot("crowd-calls")
	rows := func() int { return eval[int](d, `document.querySelectorAll("table.calls tbody tr").length`) }
	if got := rows(); got != silent+objectors {
		d.fail("the call sheet has %d rows, want %d", got, silent+objectors)
	}
	d.click(`table.calls tbody tr button[value=unreachable]`)
	d.says("未接通 1 次")
	if got := rows(); got != silent+objectors {
		n.Errorf("whom nobody reached left the sheet: %d rows", got)
	}
	d.click(`button[value=all]`)
	d.fill("#several-note", "已电话通知值班长")
	d.do("told", chromedp.SetValue("#several-outcome", "told"))
	d.click(`button[value=several]`)
	if got := rows(); got != 0 {
		n.Errorf("who was told stands on the sheet: %d rows", got)
	}
	d.looksRight("/desk/warnings/W-/calls empty")
	var board struct{ Answer map[string]int }
	n.w.api(n.T, "duty", http.MethodGet, "/warnings/"+n.warning+"/board", nil, &board)
	if board.Answer["overdue"] != overdue || board.Answer["acknowledged"] != crowd-silent-objectors {
		n.Errorf("a call is no answer: %v", board.Answer)
	}
}
