package app

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
)

// rarely is what seldom happens at the gate, to somebody else of the same day: the device's key is void, a photo is too large
// to be hashed there, something is found that nobody asked for, an inspection is corrected, the server has another under the
// same id, and the page is read in English.
func rarely(t *testing.T, s *gateDay) {
	p := s.person(t, phoneWidth)
	p.open("/gate/")
	p.saying("请先登录")
	p.click(`main a.button`)
	p.enter("zhao")
	p.saying(" 项任务 · 数据取于")
	tasks := s.openFor(t, "zhao")
	losesTheKey(t, s, p, tasks[0].ID)
	first := findsMore(t, s, p)
	corrects(t, s, p, first)
	conflicts(t, s, p, &tasks[1])
	inEnglish(t, p, tasks[2].ID)
}

// gateTask is a task as the page is told of it.
type gateTask = calls.GateTask

// openFor are the tasks of somebody's day that nobody has yet and that ask for something.
func (g *gateDay) openFor(t *testing.T, who string) []gateTask {
	t.Helper()
	var day calls.GateDay
	g.api(t, who, http.MethodGet, "/gate/day", nil, &day)
	all := slices.DeleteFunc(day.Tasks, func(one gateTask) bool { return one.Assignee != "" || len(one.Checklist) == 0 || one.Order == nil })
	if len(all) < 3 {
		t.Fatalf("%d tasks are open", len(all))
	}
	return all
}

// begins begins an inspection of a task.
func begins(p *tab, task string) {
	p.t.Helper()
	eval[chromedp.Void](p, js(`location.hash = "#/task/" + %s`, task)) // the list may move under a finger as the day comes
	p.comes("the task", `document.querySelector("button.big") !== null`)
	p.do("begin", p.press(`button.big`))
	p.comes("the draft", `document.querySelector("main .item") !== null`)
}

// unsigned says that nothing follows and nobody signs.
func unsigned(p *tab) {
	p.t.Helper()
	p.choose("none", 0)
	p.choose("refuses", 0)
	p.comes("a reason", `document.querySelector("main > section:last-of-type textarea") !== null`)
	p.fill(`main > section:last-of-type textarea`, "负责人不在")
}

// finishes goes by the review, which says some texts.
func finishes(p *tab, says ...string) {
	p.t.Helper()
	p.do("to the review", p.press(`main > .buttons button.big`))
	p.saying("核对检查")
	p.says(says...)
	p.do("finish", p.press(`main > .buttons button.big`))
}

// taps presses a button by its words.
func (p *tab) taps(words string) {
	p.t.Helper()
	p.comes(words, js(`[...document.querySelectorAll("main button")].some(b => b.textContent === %s)`, words))
	eval[chromedp.Void](p, js(`[...document.querySelectorAll("main button")].find(b => b.textContent === %s).click()`, words))
}

// inLast types into a field of the last item.
func (p *tab) inLast(field, text string) {
	p.t.Helper()
	eval[chromedp.Void](p, js(`(f => { f.value = %[2]s; f.dispatchEvent(new Event("input")) })([...document.querySelectorAll("main .item")].at(-1).querySelector(%[1]s))`,
		field, text))
}

// kept shows what lies here, in which a draft is being written.
func (p *tab) kept() {
	p.t.Helper()
	p.do("drafts", p.press(`nav a[href="#/kept"]`))
	p.comes("a draft", `document.querySelector("#main .card-writing") !== null`)
}

// losesTheKey ends all of somebody's sessions, by which the key of his device is void: without a PIN his drafts are lost, which
// the page says and asks; with one they open, and by the new key from then on.
func losesTheKey(t *testing.T, s *gateDay, p *tab, task string) {
	void := func() {
		t.Helper()
		p.kept()
		s.api(t, "zhao", http.MethodDelete, "/sessions", nil, nil)
		p.goes("open it again", chromedp.Reload())
		p.saying("本机有 1 份检查没有上传")
		p.click(`main a.button`)
		p.enter("zhao")
	}
	begins(p, task)
	void()
	p.saying("没有设置 PIN，已无法打开")
	p.reads("shut")
	if p.there("#pin") {
		t.Error("a PIN is asked for that was never set")
	}
	p.do("give them up", p.press(`main button.warn`))
	p.comes("a question", `document.querySelector("dialog[open]") !== null`)
	p.do("yes", p.press(`dialog button.warn`))
	p.do("the tasks", p.press(`nav a[href="#/"]`))
	p.saying(" 项任务 · 数据取于")

	p.fill("#pin-new", "161803")
	p.fill("#pin-again", "161803")
	p.do("set the PIN", p.press(`.pin button`))
	p.saying("PIN 已设置")
	begins(p, task)
	p.fill(`.item:nth-of-type(1) textarea`, "写在换钥匙之前")
	void()
	p.saying("旧的 1 份草稿只能用 PIN 打开")
	p.reads("void")
	p.fill("#pin", "161803")
	p.do("the PIN", p.press(`.pin button`))
	p.comes("the draft", `document.querySelector("#main .card-writing") !== null || document.querySelectorAll(".cards li").length > 30`)
	p.goes("open it again", chromedp.Reload())
	p.comes("what opens by itself", `document.querySelector("#main .card-writing") !== null || document.querySelectorAll(".cards li").length > 30`)
	p.kept()
	p.taken() // a 401 stands in the console
}

// large writes a photo of more bytes than a page hashes.
func large(t *testing.T) (path, hash string) {
	t.Helper()
	path = photo(t, "large.jpg", 200)
	text, err := os.ReadFile(path) // #nosec G304 -- what was written above
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, bytes.Repeat([]byte("qingkong"), 21<<20/8)...)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return path, "sha256:" + hex.EncodeToString(sum[:])
}

// of are the inspections of somebody, the latest first.
func (g *gateDay) of(t *testing.T, who string) []calls.InspectionView {
	t.Helper()
	var all alerts.Page[calls.InspectionView]
	g.api(t, who, http.MethodGet, "/inspections?inspector="+who, nil, &all)
	return all.Items
}

// findsMore goes on with the draft that lies here: something is found that no order asks for, with a photo that the server
// hashes.
func findsMore(t *testing.T, s *gateDay, p *tab) *calls.InspectionView {
	p.do("go on", p.press(`.card-writing .buttons a`))
	p.comes("the draft", `document.querySelector("main .item") !== null`)
	if got := p.value(`.item:nth-of-type(1) textarea`); got != "写在换钥匙之前" {
		t.Errorf("the draft says %q", got)
	}
	p.rest("pass", 0)
	p.taps("增加一项")
	p.comes("another item", `[...document.querySelectorAll("main .item h3")].at(-1).textContent.includes("清单以外")`)
	p.inLast(`input[type=text]`, "露天喷漆")
	p.inLast(`textarea`, "三人在喷漆 "+hostile)
	eval[chromedp.Void](p, `[...document.querySelectorAll("main .item")].at(-1).querySelector(".option-fail input").click()`)
	path, hash := large(t)
	p.upload(`section.panel .picker .file[multiple]`, path)
	p.saying("散列由服务器计算")
	p.reads("beyond")
	unsigned(p)
	finishes(p, "露天喷漆", "三人在喷漆 "+hostile, "有照片没有在本机计算散列")
	p.comes("that it is there", `document.querySelector("#main .card-done") !== null`)
	got := s.of(t, "zhao")
	if len(got) != 1 || len(got[0].Items) < 2 {
		t.Fatalf("%+v", got)
	}
	in, last := &got[0], got[0].Items[len(got[0].Items)-1]
	if last.MeasureID != "" || last.Expected != "露天喷漆" || last.Found != "三人在喷漆 "+hostile || last.Result != "fail" || in.Result != "failed" {
		t.Errorf("beyond the checklist: %+v", last)
	}
	if sum := s.evidence(t, hash); !slices.Equal(in.Evidence, []string{hash}) || "sha256:"+hex.EncodeToString(sum[:]) != hash {
		t.Errorf("the large photo is %v, not %s", in.Evidence, hash)
	}
	return in
}

// corrects sends another inspection in the place of one that the server has, with all that was said in it, and its photo.
func corrects(t *testing.T, s *gateDay, p *tab, first *calls.InspectionView) {
	p.taps("更正")
	p.saying("更正检查 " + first.ID)
	p.saying("沿用原检查的 1 个文件")
	last := `[...document.querySelectorAll("main .item")].at(-1).querySelector("textarea").value`
	if got := eval[string](p, last); got != "三人在喷漆 "+hostile {
		t.Errorf("the correction begins with %q", got)
	}
	p.inLast(`textarea`, "两人在喷漆")
	p.reads("correction")
	unsigned(p)
	finishes(p, "更正检查 "+first.ID, "露天喷漆", "两人在喷漆")
	eventually(t, "the correction", func() bool { return len(s.of(t, "zhao")) == 2 })
	got := s.of(t, "zhao")
	again, was := got[0], got[1]
	if again.Corrects != first.ID || was.CorrectedBy != again.ID || was.Items[len(was.Items)-1].Found != "三人在喷漆 "+hostile ||
		again.Items[len(again.Items)-1].Found != "两人在喷漆" || again.Items[len(again.Items)-1].Expected != "露天喷漆" ||
		!slices.Equal(again.Evidence, first.Evidence) || again.TaskID != first.TaskID {
		t.Errorf("%+v\nstands in the place of %+v", again, was)
	}
	p.comes("that it is there", `document.querySelectorAll("#main .card-done").length === 2`)
}

// conflicts has the server know another inspection under a draft's id: both are shown side by side, neither is overwritten, and
// what was written here goes as one of its own.
func conflicts(t *testing.T, s *gateDay, p *tab, task *gateTask) {
	begins(p, task.ID)
	p.rest("pass", 0)
	p.fill(`.item:nth-of-type(1) textarea`, "本机看到停机")
	unsigned(p)
	id := eval[string](p, `location.hash.split("/")[2]`)
	var other calls.InspectionView
	s.api(t, "zhao", http.MethodPost, "/inspections", map[string]any{"client_id": id, "task_id": task.ID, "order_id": task.Order.ID,
		"recipient_id": task.RecipientID, "items": []map[string]any{{"measure_id": task.Checklist[0].MeasureID,
			"expected": task.Checklist[0].Expected, "result": "fail", "found": "另一台机看到运行"}},
		"signature": map[string]any{"refused": "示例"}}, &other)
	finishes(p, "本机看到停机")
	p.saying("服务器上已有同编号而内容不同的检查")
	p.saying("服务器上的 " + other.ID)
	p.says("本机写的", "本机看到停机", "另一台机看到运行")
	p.reads("conflict")
	for _, w := range p.taken() { // the browser's own word for the answer
		if !strings.Contains(w, "409") {
			t.Error(w)
		}
	}
	if got := s.of(t, "zhao"); len(got) != 3 || got[0].ID != other.ID || got[0].Items[0].Found != "另一台机看到运行" {
		t.Errorf("the server has %+v", got)
	}
	p.taps("作为另一份检查提交")
	p.comes("the draft", `document.querySelector("main .item") !== null`)
	if got := p.value(`.item:nth-of-type(1) textarea`); got != "本机看到停机" {
		t.Errorf("what was written here is %q now", got)
	}
	finishes(p, "本机看到停机")
	eventually(t, "both", func() bool { return len(s.of(t, "zhao")) == 4 })
	if got := s.of(t, "zhao"); got[0].Items[0].Found != "本机看到停机" || got[1].Items[0].Found != "另一台机看到运行" {
		t.Errorf("the server has %+v", got[:2])
	}
}

// untold are the texts of the page that stand in Chinese where they have English words.
const untold = `import(performance.getEntriesByType("resource").map(e => e.name).find(name => /\/words\b[^\/]*\.js/.test(name))).then(({words}) => {
	const chinese = new Set(Object.values(words).filter(w => w[0] !== w[1]).map(w => w[0]));
	const out = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) if (chinese.has(walk.currentNode.data.trim())) out.push(walk.currentNode.data.trim());
	return out;
})`

// inEnglish reads each page in English.
func inEnglish(t *testing.T, p *tab, task string) {
	p.do("settings", p.press(`nav a[href="#/settings"]`))
	p.saying("本机保存的内容")
	if got := eval[[]string](p, untold, chromedp.EvalAwaitPromise); len(got) < 10 {
		t.Errorf("what is looked for is found %d times in Chinese", len(got))
	}
	eval[chromedp.Void](p, `(s => { s.value = "1"; s.dispatchEvent(new Event("change")) })(document.querySelector("main select"))`)
	english := func(what, says string) {
		t.Helper()
		p.saying(says)
		if got := eval[[]string](p, untold, chromedp.EvalAwaitPromise); len(got) > 0 {
			t.Errorf("%s says %q", what, got)
		}
		p.reads(what + "-en")
	}
	english("settings", "Settings")
	p.do("drafts", p.press(`nav a[href="#/kept"]`))
	english("kept", "Uploaded")
	p.do("the tasks", p.press(`nav a[href="#/"]`))
	english("day", "Today's tasks")
	eval[chromedp.Void](p, js(`location.hash = "#/task/" + %s`, task))
	p.comes("the task", `document.querySelector("button.big") !== null`)
	english("task", "Checklist")
	p.do("begin", p.press(`button.big`))
	english("draft", "Add an item")
	p.do("to the review", p.press(`main > .buttons button.big`))
	english("review", "Still missing:")
	p.goes("open it again", chromedp.Reload())
	english("review", "Still missing:")
}
