package app

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// night is a whole night as its people have it: the officer at her desk, the approver and a plant's shift leader with their
// phones. At each step the review, the order's text and the plant's page say the same.
type night struct {
	*testing.T
	w                     *world
	duty, approver, plant *tab
	warning               string
}

// theNight plays a warning from its declaration to its end, with an objection, a raise, a newer list and a plan between,
// and a false alarm after it.
func theNight(t *testing.T, w *world) {
	n := &night{T: t, w: w, duty: w.person(t, deskWidth), approver: w.person(t, phoneWidth), plant: w.person(t, phoneWidth)}
	n.duty.login("duty")
	n.approver.login("approver")
	n.plant.login("enterprise")
	if w.accounts["enterprise"].Recipient != "E0003" {
		t.Fatalf("the demo's enterprise is %s", w.accounts["enterprise"].Recipient)
	}
	n.declare("orange", "津污防指〔2026〕1号")
	n.approve("发布橙色（Ⅱ级）预警")
	n.orderSays("E0003-1", said{"减少40%", "60%以下", "0.6倍"}, said{"减少20%", "80%以下"})
	n.object()
	n.raise()
	n.relist()
	n.accept()
	n.lift()
	n.falseAlarm()
	prove(t, w.App)
}

type said []string

// orderSays waits for an order and holds its text and the plant's page of it to the same words.
func (n *night) orderSays(id string, says, not said) {
	n.Helper()
	text := n.textOf(id)
	page := n.w.accounts["enterprise"].Recipient == strings.Split(id, "-")[0]
	where := map[string]string{"原文": squeezeAll(text)}
	if page {
		n.plant.open("/desk/orders/" + n.warning + "-" + id)
		n.plant.looksRight("")
		where["the plant's page"] = squeezeAll(eval[string](n.plant, `document.querySelector("main").textContent`))
		if own := eval[string](n.plant, `document.querySelector(".order-body .notice").textContent`); own != text {
			n.Errorf("%s: the plant's page has the text %q, the order %q", id, own, text)
		}
	}
	for place, all := range where {
		for _, s := range says {
			if strings.HasSuffix(s, "倍") && place == "原文" { // the order's words have no criterion
				continue
			}
			if !strings.Contains(all, s) {
				n.Errorf("%s: %s does not say %s: %s", id, place, s, all)
			}
		}
		for _, s := range not {
			// what became of the order may name the old one; its measures and its text may not
			if strings.Contains(all, s) {
				n.Errorf("%s: %s says %s still: %s", id, place, s, all)
			}
		}
	}
}

// textOf waits for an order of the warning and is its text.
func (n *night) textOf(id string) string {
	n.Helper()
	var o struct{ Text string }
	eventually(n.T, "order "+id, func() bool {
		var all struct{ Items []struct{ ID string } }
		n.w.api(n.T, "viewer", http.MethodGet, "/orders?limit=10&warning="+n.warning+"&recipient="+strings.Split(id, "-")[0],
			nil, &all)
		for _, one := range all.Items {
			if one.ID == n.warning+"-"+id {
				n.w.api(n.T, "viewer", http.MethodGet, "/orders/"+one.ID, nil, &o)
				return true
			}
		}
		return false
	})
	return o.Text
}

// minute is a time of the clock in an order's text: the review's may be a minute old when the order is made.
var minute = regexp.MustCompile(`\d+时(\d+分)?`)

func alike(a, b string) bool { return minute.ReplaceAllString(a, "") == minute.ReplaceAllString(b, "") }

// readOut is the text of an order as a review has it.
func (n *night) readOut(p *tab, recipient string) string {
	n.Helper()
	text := eval[string](p, js(`(id => {
		for (const e of document.querySelectorAll(".notice")) {
			const one = e.closest("[data-recipient]");
			if (!one || one.dataset.recipient === id) return e.textContent;
		}
		return "";
	})(%s)`, recipient))
	if text == "" {
		p.fail("the review has no text for %s", recipient)
	}
	return text
}

func (n *night) declare(level, document string) {
	n.Helper()
	d := n.duty
	d.open("/desk/declare")
	d.do("level", d.press(`input[name=level][value=`+level+`]`))
	d.do("trigger", d.press(`input[name=trigger][value=city_order]`))
	d.fill("#f-document_no", document)
	d.fill("#f-issued_by", "市指挥部办公室")
	d.fill("#f-reason", "市级指令")
	d.click(`button[value=review]`)
	d.says(document, terms.Name(terms.Level, alerts.Level(level), "zh-CN"))
	if !strings.Contains(eval[string](d, `location.search`), "draft=") {
		d.fail("the review is no page of its own")
	}
	d.open(eval[string](d, `location.pathname + location.search`)) // loaded again it says the same
	d.says(document)
	d.fill("#typed", terms.ShortLevel(alerts.Level(level), "zh-CN"))
	d.click(`button[value=confirm]`)
	d.says(word("done.declare"))
	n.warning = strings.TrimPrefix(d.path(), "/desk/warnings/")
}

func (n *night) approve(what string) {
	n.Helper()
	n.duty.open("/desk/warnings/" + n.warning)
	n.duty.says("等待审批："+what, "approver")
	n.duty.shot("night-waiting-" + n.warning)
	n.approver.open("/desk/warnings/" + n.warning + "/approve")
	n.approver.says(what)
	n.approver.shot("night-approve-" + n.warning)
	n.approver.click(`button[value=confirm]`)
	n.approver.says(word("done.approve"))
}

// object has the plant object and the officer meet it by half the cut: what follows from the number is filled in.
func (n *night) object() {
	n.Helper()
	p, d := n.plant, n.duty
	d.open("/desk/recipients") // where nothing is live but the number of what waits
	d.comes("nothing that waits", `!document.title.startsWith("(") && window.qkLeads()`)
	p.opens("details > summary.button")
	p.fill("#f-object-note", "夜班已投料，反应釜不能再降")
	p.click(`form[action$="/object"] button`)
	p.says(word("done.object"))

	d.comes("the number in the title", `document.title.startsWith("(1) ")`)
	d.click(`nav a[href="/desk"]`)
	d.says("待您处理：1", "异议待处理 1 个")
	d.looksRight("/desk with what waits")
	d.shot("night-queue")
	d.click("#q-objected")
	d.click(`[id="d-` + n.warning + `-E0003-1"]`)
	d.opens(".decision-amend > summary")
	d.fill(`[name="quantity.M1"]`, "20")
	d.fill(`[name="text.M1"]`, "合成车间反应釜组在4小时内降至基准日用电量的80%以下，按班次减少投料")
	d.fill("#f-amend-reason", "已投料批次完成后再降")
	d.click(".decision-amend button.button-main")
	review := squeezeAll(d.text())
	for _, s := range (said{"减少40%→减少20%", "0.6倍→用电不超过基线的0.8倍", "60%以下，按班次减少投料，夜班22时至次日6时不开机→"}) {
		if !strings.Contains(review, s) {
			n.Errorf("the review of the amendment does not say %s: %s", s, review)
		}
	}
	d.shot("night-amend-review")
	text := n.readOut(d, "E0003")
	d.click(`button[value=confirm]`)
	d.says(word("done.objection"))
	if now := n.textOf("E0003-2"); !alike(now, text) {
		n.Errorf("amended: the review had %q, the order has %q", text, now)
	}
	n.orderSays("E0003-2", said{"减少20%", "80%以下", "0.8倍"}, said{"减少40%", "60%以下", "0.6倍"})
	p.click(`form[action$="/acknowledge"] button`)
	p.says(word("done.acknowledge"))
}

// raise goes from orange to red, which the approver agrees to.
func (n *night) raise() {
	n.Helper()
	d := n.duty
	d.open("/desk/warnings/" + n.warning + "/adjust")
	d.do("level", d.press(`input[name=level][value=red]`))
	d.fill("#f-document_no", "津污防指〔2026〕2号")
	d.fill("#f-issued_by", "市指挥部办公室")
	d.fill("#f-reason", "市级升级为红色")
	d.click(`button[value=review]`)
	d.says(word("outcome.raise_pending")[:len("须")], "红色")
	d.shot("night-raise-review")
	counts := squeezeAll(d.text())
	d.fill("#typed", "红色")
	d.click(`button[value=confirm]`)
	n.approver.open("/desk/warnings/" + n.warning + "/approve")
	if said := n.countsOf(squeezeAll(n.approver.text())); said == "" || said != n.countsOf(counts) {
		n.Errorf("the officer read %q, the approver %q", n.countsOf(counts), said)
	}
	n.approve("由橙色（Ⅱ级）升级为红色（Ⅰ级）")
	n.orderSays("E0001-2", said{"减少600t/d"}, said{"减少300t/d"})
}

// countsOf is what a review says of how many orders it makes and ends.
func (n *night) countsOf(text string) string {
	_, rest, ok := strings.Cut(text, "减排令：")
	if !ok {
		return ""
	}
	counts, _, _ := strings.Cut(rest, "。")
	return counts
}

// relist has one plant follow a newer list.
func (n *night) relist() {
	n.Helper()
	d := n.duty
	const was, is = "注塑线在4小时内降至基准日用电量的40%以下", "注塑线在4小时内降至基准日用电量的35%以下"
	version := importsChanged(d, n.T, "E0004", func(m *reductionlist.Measure) bool {
		if !strings.Contains(m.Text, was) {
			return false
		}
		m.Text, m.Quantity.Value = strings.Replace(m.Text, was, is, 1), 65
		m.Monitors[0].Criterion.Limit = 0.35
		return true
	})
	n.approver.open("/desk/lists/" + version)
	n.approver.click(`form[action$="/approve"] button`)
	d.open("/desk/lists/" + version)
	d.click(`form[action$="/activate"] button`)
	d.open("/desk/warnings/" + n.warning + "/list-changes")
	d.says("E0004", is)
	d.click(`button[value=review]`)
	d.says("减少 60 % → 减少 65 %", was+"，按班次减少投料，夜班22时至次日6时不开机 → "+is)
	text := n.readOut(d, "E0004")
	d.click(`button[value=confirm]`)
	d.says(word("done.relist")[:len("已")])
	next := n.nextOf("E0004")
	if now := n.textOf(next); !alike(now, text) {
		n.Errorf("by the newer list: the review had %q, the order has %q", text, now)
	}
	n.orderSays(next, said{"减少65%", "35%以下"}, said{"减少60%", "40%以下"})
}

// nextOf is a recipient's open order, as recipient and revision.
func (n *night) nextOf(recipient string) string {
	n.Helper()
	var open struct{ Items []struct{ ID string } }
	eventually(n.T, "the open order of "+recipient, func() bool {
		n.w.api(n.T, "duty", http.MethodGet, "/orders?state=open&warning="+n.warning+"&recipient="+recipient, nil, &open)
		return len(open.Items) == 1
	})
	return strings.TrimPrefix(open.Items[0].ID, n.warning+"-")
}

// accept has the power plant's order carry its plan.
func (n *night) accept() {
	n.Helper()
	d, order := n.duty, n.nextOf("E0001")
	d.open("/desk/orders/" + n.warning + "-" + order + "/plan")
	d.click(`button[value=review]`)
	if d.there("#f-reason") {
		d.fill("#f-reason", "供热不能减，区指挥部同意")
		d.click(`button[value=review]`)
	}
	d.says(word("plan.review"))
	d.shot("night-plan-review")
	text := n.readOut(d, "E0001")
	d.click(`button[value=confirm]`)
	d.says(word("done.plan"))
	next := n.nextOf("E0001")
	if now := n.textOf(next); !alike(now, text) || next == order {
		n.Errorf("%s with the plan: the review had %q, the order has %q", next, text, now)
	}
	if said := squeezeAll(text); !strings.Contains(said, "运行方案") {
		n.Errorf("the order does not speak of the plan: %s", said)
	}
}

// lift ends the warning while the plant has its page open.
func (n *night) lift() {
	n.Helper()
	d, last := n.duty, n.nextOf("E0003")
	n.plant.open("/desk/orders/" + n.warning + "-" + last)
	open := n.openOrders()
	d.open("/desk/warnings/" + n.warning + "/lift")
	d.fill("#f-reason", "扩散条件转好")
	d.click(`button[value=review]`)
	d.shot("night-lift-review")
	d.says(word("outcome.lifted"), fmt.Sprintf("%d 份", open))
	d.fill("#typed", "解除")
	d.click(`button[value=confirm]`)
	d.says(word("done.lift"))
	n.ended("已解除", last)
}

// ended follows the end of an order on the plant's open page, to its one button.
func (n *night) ended(says, order string) {
	n.Helper()
	p := n.plant
	p.comes("the end on the plant's page", js(`document.querySelector("#order-head").textContent.includes(%s)`, says))
	p.comes("the button that receives it", `document.querySelector('form[action$="/receive"] button') !== null`)
	p.says("恢复正常生产")
	p.shot("night-ended-" + order)
	if strings.Contains(p.text(), "请办理") {
		n.Errorf("a dead order asks to be carried out: %s", p.text())
	}
	if eval[int](p, `[...document.querySelectorAll("main form button")].filter(b => b.offsetParent).length`) != 1 {
		n.Errorf("a dead order has other buttons than the one: %s", p.text())
	}
	p.click(`form[action$="/receive"] button`)
	eventually(n.T, "the end is received", func() bool {
		var b struct{ Release struct{ Received, Total int } }
		n.w.api(n.T, "duty", http.MethodGet, "/warnings/"+n.warning+"/board", nil, &b)
		return b.Release.Received > 0 && b.Release.Received <= b.Release.Total
	})
}

func (n *night) openOrders() int {
	n.Helper()
	var b struct {
		Total   int
		Release struct{ Total int }
	}
	n.w.api(n.T, "duty", http.MethodGet, "/warnings/"+n.warning+"/board", nil, &b)
	return b.Total - b.Release.Total
}

// falseAlarm is a warning that should not have been, and is revoked while the plant reads its order.
func (n *night) falseAlarm() {
	n.Helper()
	n.declare("yellow", "津污防指〔2026〕3号")
	n.orderSays("E0003-1", said{"减少20%", "80%以下"}, said{"减少40%", "60%以下"})
	d := n.duty
	d.open("/desk/warnings/" + n.warning + "/cancel")
	d.fill("#f-reason", "误发：文件是演练用的")
	d.click(`button[value=review]`)
	d.says(word("outcome.cancelled"))
	d.fill("#typed", "撤销")
	d.click(`button[value=confirm]`)
	d.says(word("done.cancel"), terms.Name(terms.WarningState, "cancelled", "zh-CN"))
	n.ended("已解除（误发）", "E0003-1")
	n.plant.says("无需执行")
}
