package app

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
	"qingkong/reductionlist/workbook"
	"qingkong/seeds"
)

// lists changes the list at the desk, as two people, and declares on it; then it accepts the plan of the coal plant.
func lists(t *testing.T, w *world) {
	duty, approver := w.person(t, deskWidth), w.person(t, phoneWidth)
	duty.login("duty")
	approver.login("approver")
	const text = "合成车间反应釜组在4小时内降至基准日用电量的55%以下"
	version := imports(duty, t, text)
	duty.click(`a[href$="/diff"]`)
	duty.says(text, "合成车间反应釜组在4小时内降至基准日用电量的60%以下")
	duty.looksRight("/desk/lists/L-/diff")
	duty.shot("list-diff")

	approver.open("/desk/lists/" + version)
	approver.looksRight("/desk/lists/L-")
	approver.click(`form[action$="/approve"] button`)
	approver.says(word("done.list.approve"))
	duty.open("/desk/lists/" + version)
	duty.click(`form[action$="/activate"] button`)
	duty.says(word("done.list.activate"), terms.Name(terms.ListStatus, "in_force", "zh-CN"))

	var warning struct {
		ID          string `json:"id"`
		ListVersion string `json:"list_version"`
	}
	w.api(t, "duty", http.MethodPost, "/warnings",
		map[string]any{"level": "yellow", "trigger": "city_order", "document_no": "津污防指〔2026〕1号",
			"ends_at": w.journal.Now().Add(48 * time.Hour).Format("2006-01-02T15:00:00Z07:00")}, &warning)
	if warning.ListVersion != version {
		t.Errorf("the warning is pinned to %s, in force is %s", warning.ListVersion, version)
	}
	accepts(t, w, duty, warning.ID+"-E0001-1")
}

// imports uploads the demo's list with another text, of 45 %, for a measure of E0003, and returns the version that it
// becomes.
func imports(p *tab, t *testing.T, text string) string {
	const was = "合成车间反应釜组在4小时内降至基准日用电量的60%以下"
	return importsChanged(p, t, "E0003", func(m *reductionlist.Measure) bool {
		if !strings.Contains(m.Text, was) {
			return false
		}
		m.Text, m.Quantity.Value = strings.Replace(m.Text, was, text, 1), 45
		return true
	})
}

// importsChanged uploads the demo's list after change has changed measures of a recipient, and returns the version that it
// becomes.
func importsChanged(p *tab, t *testing.T, recipient string, change func(*reductionlist.Measure) bool) string {
	l, err := seeds.List()
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Find(recipient)
	if err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i := range r.Measures {
		if change(&r.Measures[i]) {
			changed++
		}
	}
	if changed == 0 {
		t.Fatal("nothing was changed")
	}
	l.EffectiveFrom = string(alerts.DateOf(p.w.journal.Now()))
	var book bytes.Buffer
	if err := workbook.Write(&book, l); err != nil {
		t.Fatal(err)
	}
	p.open("/desk/lists")
	eval[chromedp.Void](p, js(`(text => {
		const chosen = new DataTransfer();
		chosen.items.add(new File([Uint8Array.from(atob(text), c => c.charCodeAt(0))], "清单.xlsx"));
		document.querySelector("#f-file").files = chosen.files;
	})(%s)`, base64.StdEncoding.EncodeToString(book.Bytes())))
	p.click(`form[enctype] button`)
	p.says(word("done.list.import"))
	version := strings.Split(strings.TrimPrefix(p.path(), "/desk/lists/"), "/")[0]
	if want := reductionlist.VersionID(l.EffectiveFrom, l.Hash()); version != want {
		t.Errorf("imported as %s, want %s", version, want)
	}
	return version
}

// accepts looks at the plan of a plant's order, and accepts it.
func accepts(t *testing.T, w *world, duty *tab, order string) {
	eventually(t, "the plant has its order", func() bool {
		var open struct{ Items []struct{ ID string } }
		w.api(t, "duty", http.MethodGet, "/orders?recipient=E0001&state=open", nil, &open)
		return len(open.Items) == 1 && open.Items[0].ID == order
	})
	duty.open("/desk/orders/" + order)
	duty.looksRight("/desk/orders/W-")
	duty.click(`a[href$="/plan"]`)
	duty.says(word("plan.prepared"), "5#")
	duty.looksRight("/desk/orders/W-/plan")
	duty.shot("plan")
	duty.click(`button[value=review]`)
	duty.says(word("plan.ask"), word("plan.marks"))
	duty.looksRight("/desk/orders/W-/plan asked")
	duty.fill("#f-reason", "供热不能减，区指挥部同意")
	duty.click(`button[value=review]`)
	duty.says(word("plan.review"), word("amend.text"), "5#机组按已接受的运行方案执行")
	duty.looksRight("/desk/orders/W-/plan read out")
	duty.click(`button[value=confirm]`)
	duty.says(word("done.plan"), word("plan.accepted"))
	duty.shot("plan-accepted")
	var got struct {
		Supersedes string
		Plan       *struct{ Status string }
	}
	w.api(t, "duty", http.MethodGet, "/orders/"+strings.TrimSuffix(order, "1")+"2", nil, &got)
	if got.Supersedes != order || got.Plan == nil || got.Plan.Status != "optimal" {
		t.Errorf("the revised order: %+v", got)
	}
}
