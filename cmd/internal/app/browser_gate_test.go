package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	permit "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/judge"
)

// conditions are those of a network that is emulated.
type conditions struct {
	Offline            bool    `json:"offline"`
	Latency            float64 `json:"latency"`
	DownloadThroughput float64 `json:"downloadThroughput"`
	UploadThroughput   float64 `json:"uploadThroughput"`
}

// line takes the network away from a tab, or gives it back. What is lost then stands in the console, and is no fault.
func (p *tab) line(there bool) {
	p.t.Helper()
	p.network(conditions{Offline: !there, DownloadThroughput: -1, UploadThroughput: -1})
}

func (p *tab) network(is conditions) {
	p.t.Helper()
	p.do("network", command(cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}, is))
}

// lost forgets what the console says of requests that found no network, and nothing else.
func (p *tab) lost() {
	p.t.Helper()
	for _, w := range p.taken() {
		if !strings.Contains(w, "net::ERR_INTERNET_DISCONNECTED") && !strings.Contains(w, "net::ERR_FAILED") &&
			!strings.Contains(w, "net::ERR_INCOMPLETE_CHUNKED") && !strings.Contains(w, "net::ERR_EMPTY_RESPONSE") {
			p.t.Error(w)
		}
	}
}

// photo writes a JPEG that nobody can make smaller, of about so many bytes, and gives its path.
func photo(t *testing.T, name string, side int) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, side, side))
	r := rand.New(rand.NewPCG(1, uint64(side)))
	for i := range m.Pix {
		m.Pix[i] = byte(r.UintN(256))
	}
	m.Set(0, 0, color.White)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// placed has the browser say that it is somewhere, and be allowed to.
func (p *tab) placed(lat, lon float64) {
	p.t.Helper()
	within := 12.0
	p.do("permission", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		mine, err := cdp.Call(ctx, t, target.GetTargetInfo, target.GetTargetInfoParams{})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, permit.SetPermission, permit.SetPermissionParams{Setting: "granted",
			Permission: &permit.PermissionDescriptor{Name: "geolocation"}, BrowserContextID: mine.TargetInfo.BrowserContextID})
		return err
	}), command(emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{Latitude: &lat, Longitude: &lon, Accuracy: &within}))
}

// saying waits until the page says a text.
func (p *tab) saying(text string) {
	p.t.Helper()
	p.comes(text, js(`document.body.innerText.replace(/\s+/g, " ").includes(%s)`, text))
}

// choose presses a radio button of a set by its value, the nth of its kind on the page.
func (p *tab) choose(value string, nth int) {
	p.t.Helper()
	eval[chromedp.Void](p, fmt.Sprintf(`[...document.querySelectorAll("main .option-%s input")][%d].click()`, value, nth))
}

// reads judges the page of the gate that is open, as it is now.
func (p *tab) reads(what string) {
	p.t.Helper()
	if wide := eval[[]string](p, tooWide); len(wide) > 0 {
		p.t.Errorf("%s is too wide: %v", what, wide)
	}
	got := eval[seenOf](p, looking)
	if got.Heads != 1 || len(got.Nameless) > 0 {
		p.t.Errorf("%s has %d headings, and fields without a label: %v", what, got.Heads, got.Nameless)
	}
	p.accessible("/gate/ " + what)
	p.shot("gate-" + what)
}

// gateDay is a day of forty tasks, the first of which leads to a plant that does not keep its limit.
type gateDay struct {
	*monitoredWorld
	task, recipient, other, third string // ids: of the task at the plant, of the plant, of two more tasks
}

func dayOfForty(t *testing.T, b *browser) *gateDay {
	t.Helper()
	g := &gateDay{monitoredWorld: monitoredBy(t, b)}
	g.hours(0, 2)
	g.comesTo(judge.Suspected)
	g.hire(t, "li", "inspector", "李")
	g.hire(t, "zhao", "inspector", "赵")
	var orders struct{ Items []ordered }
	day := g.day(t)
	g.api(t, "viewer", http.MethodGet, "/orders?limit=1000&warning="+g.warning, nil, &orders)
	g.recipient = g.half.recipient
	plant := slices.IndexFunc(orders.Items, func(o ordered) bool { return o.Recipient == g.recipient })
	orders.Items[0], orders.Items[plant] = orders.Items[plant], orders.Items[0]
	for _, o := range orders.Items {
		if len(day.Tasks) >= 40 {
			break
		}
		g.api(t, "duty", http.MethodPost, "/tasks", map[string]any{"recipient_id": o.Recipient, "order_id": o.ID, "note": hostile,
			"due": day.Now.Add(6 * time.Hour), "day": day.Day}, nil)
		day = g.day(t)
	}
	for _, one := range day.Tasks {
		switch {
		case one.Recipient == g.recipient:
			g.task = one.ID
		case g.other == "" && len(one.Checklist) > 0:
			g.other = one.ID
		default:
			g.third = one.ID
		}
	}
	if len(day.Tasks) != 40 || g.task == "" || g.other == "" {
		t.Fatalf("the day has %d tasks, and of %s %q", len(day.Tasks), g.recipient, g.task)
	}
	return g
}

type ordered struct {
	ID        string `json:"id"`
	Recipient string `json:"recipient_id"`
}

type dayTold struct {
	Day   string
	Now   time.Time
	Tasks []struct {
		ID        string
		Recipient string `json:"recipient_id"`
		Checklist []struct{ Expected string }
	}
}

// day is what the inspector is told of today.
func (g *gateDay) day(t *testing.T) (out dayTold) {
	t.Helper()
	g.api(t, "inspector", http.MethodGet, "/gate/day", nil, &out)
	return out
}

// inspected are the inspections that the server has.
func (g *gateDay) inspected(t *testing.T) []calls.InspectionView {
	t.Helper()
	var all alerts.Page[calls.InspectionView]
	g.api(t, "inspector", http.MethodGet, "/inspections", nil, &all)
	return all.Items
}

// atTheGate is an inspector's day: the tasks are taken along, the network goes, the page is opened again, something is
// found, photographed and signed, and everything is there once the network is back.
func atTheGate(t *testing.T, b *browser) {
	s := dayOfForty(t, b)
	before := s.failing(t)
	p := s.person(t, phoneWidth)
	p.placed(39.05, 117.1)
	if status := p.open("/gate/"); status != http.StatusOK {
		t.Fatalf("the page is answered with %d", status)
	}
	p.saying("请先登录")
	p.reads("login")
	p.click(`main a.button`)
	p.enter("inspector")
	p.saying("40 项任务")
	p.reads("day")
	p.fill("#pin-new", "271828")
	p.fill("#pin-again", "271828")
	p.do("set the PIN", p.press(`.pin button`))
	p.saying("PIN 已设置")
	p.comes("the worker", `navigator.serviceWorker.controller !== null`)

	p.line(false)
	p.goes("open it again without network", chromedp.Reload())
	p.saying("没有网络")
	t.Logf("without network the page is shown after %.0f ms", eval[float64](p, `performance.getEntriesByName("shown")[0].startTime`))
	p.reads("pin")
	p.fill("#pin", "314159")
	p.do("a wrong PIN", p.press(`.pin button`))
	p.saying("PIN 不对")
	p.fill("#pin", "271828")
	eval[chromedp.Void](p, `performance.clearMarks(), window.began = performance.now()`)
	p.do("the PIN", p.press(`.pin button`))
	p.saying("40 项任务")
	t.Logf("the tasks are shown %.0f ms after the PIN was entered", eval[float64](p, `performance.getEntriesByName("shown").at(-1).startTime - began`))
	p.lost()

	inspects(p, s.task)
	if n := len(s.inspected(t)); n != 0 {
		t.Errorf("without network %d inspections came", n)
	}
	keepsToItself(p)
	s.api(t, "duty", http.MethodPost, "/tasks/"+s.task, map[string]any{"state": "taken", "assignee": "zhao"}, nil)
	p.network(conditions{DownloadThroughput: -1, UploadThroughput: 500_000}) // some seconds for the photos
	p.comes("a photo on its way", `/已上传 \S+ kB \/ 2\.9 MB/.test(document.body.innerText)`)
	p.line(false)
	p.saying("离线")
	p.line(true)
	p.comes("that nothing waits any more", `document.querySelector("#main .card-done") !== null`)
	p.saying("任务在上传前已改派给 zhao")
	p.reads("done")
	arrived(t, s)
	p.lost()
	follows(t, s, before)
	loses(t, s, p)
	inPlain(t, s)
	t.Run("what is rare", func(t *testing.T) { rarely(t, s) })
}

// inPlain is the page at an address without TLS: it says what it cannot do, and an inspection with a photo comes all the same.
func inPlain(t *testing.T, s *gateDay) {
	w := *s.world
	_, port, _ := strings.Cut(s.host, ":")
	w.host = plainHost + ":" + port
	p := w.person(t, phoneWidth)
	p.open("/gate/")
	p.saying("此地址不是 HTTPS")
	p.saying("请先登录")
	p.click(`main a.button`)
	p.enter("li")
	p.saying(" 项任务 · 数据取于")
	p.do("a task", p.press(`a[href="#/task/`+s.third+`"]`))
	p.comes("the task", `document.querySelector("button.big") !== null`)
	p.do("begin", p.press(`button.big`))
	p.saying("如何处置")
	p.rest("pass", 0)
	p.upload(`section.panel .picker .file[multiple]`, photo(t, "plain.jpg", 200))
	p.saying("散列由服务器计算")
	p.do("the position", p.press(`main section.panel p[role=status] + .buttons button`))
	p.saying("此地址不能定位")
	p.choose("none", 0)
	p.choose("refuses", 0)
	p.comes("a reason", `document.querySelector("main > section:last-of-type textarea") !== null`)
	p.fill(`main > section:last-of-type textarea`, "负责人不在")
	p.do("to the review", p.press(`main > .buttons button.big`))
	p.saying("有照片没有在本机计算散列")
	p.reads("plain")
	p.do("finish", p.press(`main > .buttons button.big`))
	p.comes("that it is there", `document.querySelector("#main .card-done") !== null`)
	if got := s.inspected(t); len(got) != 3 || len(got[0].Evidence) != 1 {
		t.Errorf("%d inspections, the last with %v", len(got), got[0].Evidence)
	}
	p.do("settings", p.press(`nav a[href="#/settings"]`))
	p.saying("否（此地址不是 HTTPS）")
	p.reads("plain-settings")
}

// inspects goes through a task without network, to where it waits to be uploaded.
func inspects(p *tab, task string) {
	p.t.Helper()
	p.do("the plant's task", p.press(`a[href="#/task/`+task+`"]`))
	p.saying("核对清单")
	p.comes("a chart", `document.querySelector("svg.chart .line").getAttribute("d").length > 20`)
	p.reads("task")
	p.comes("the task", `document.querySelector("button.big") !== null`)
	p.do("begin", p.press(`button.big`))
	p.saying("如何处置")
	p.choose("fail", 0)
	p.rest("pass", 1)
	p.fill(`.item:nth-of-type(1) input[inputmode=decimal]`, "372.5")
	p.comes("the value in the chart", `document.querySelector(".chart .found") !== null`)
	p.fill(`.item:nth-of-type(1) textarea`, "满负荷运行 "+hostile)
	p.upload(`.item:nth-of-type(1) .file[multiple]`, photo(p.t, "unit-6.jpg", 700))
	p.comes("the photo", `document.querySelectorAll(".item:nth-of-type(1) .photo").length === 1`)
	p.upload(`section.panel .picker .file[multiple]`, photo(p.t, "whole.jpg", 2200))
	p.comes("the other photo", `document.querySelectorAll(".photo").length === 2`)
	p.do("the position", p.press(`main section.panel p[role=status] + .buttons button`))
	p.saying("北纬 39.05")
	p.choose("case", 0)
	eval[chromedp.Void](p, `(s => { s.value = "li"; s.dispatchEvent(new Event("change")) })([...document.querySelectorAll("select")].find(s => s.querySelector("option[value=li]")))`)
	p.choose("signs", 0)
	p.comes("where to sign", `document.querySelector("canvas.pad") !== null`)
	eval[chromedp.Void](p, `(f => { f.value = "王"; f.dispatchEvent(new Event("input")) })(document.querySelector("canvas.pad").closest("section").querySelector("input[type=text]"))`)
	p.signs()
	p.saying("签字已保存")
	p.reads("draft")
	p.do("to the review", p.press(`main > .buttons button.big`))
	p.saying("核对检查")
	p.comes("small pictures", `document.querySelectorAll(".photo img").length === 3`)
	p.says("未落实", "372.5 kW", "满负荷运行 "+hostile, "立案", "li", "王")
	p.reads("review")
	p.do("finish", p.press(`main > .buttons button.big`))
	p.saying("等待上传")
	p.reads("kept")
}

// signs draws on the glass.
func (p *tab) signs() {
	p.t.Helper()
	at := p.spot("canvas.pad")
	for i, kind := range []string{"mousePressed", "mouseMoved", "mouseMoved", "mouseReleased"} {
		p.do("sign", command(cdp.Command[mouse, cdp.Empty]{Method: "Input.dispatchMouseEvent"},
			mouse{Type: kind, X: at[0] + float64(20*i), Y: at[1] + float64(10*(i%2)), Button: "left", Buttons: 1, ClickCount: 1}))
	}
}

type mouse struct {
	Type       string  `json:"type"`
	X          float64 `json:"x"`
	Y          float64 `json:"y"`
	Button     string  `json:"button"`
	Buttons    int     `json:"buttons"`
	ClickCount int     `json:"clickCount"`
}

// upload gives files to an input, which is looked for in the page as it is now.
func (p *tab) upload(selector string, files ...string) {
	p.t.Helper()
	p.do("files", chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		found, err := cdp.Call(ctx, t, runtime.Evaluate, runtime.EvaluateParams{Expression: js(`document.querySelector(%s)`, selector)})
		if err != nil {
			return err
		}
		_, err = cdp.Call(ctx, t, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: files, ObjectID: found.Result.ObjectID})
		return err
	}))
}

// rest answers all items from the nth on alike.
func (p *tab) rest(value string, nth int) {
	p.t.Helper()
	eval[chromedp.Void](p, fmt.Sprintf(`[...document.querySelectorAll("main .item")].slice(%d).forEach(i => i.querySelector(".option-%s input").click())`, nth, value))
}

// arrived fails unless the server has the inspection as it was written, and its files.
func arrived(t *testing.T, s *gateDay) {
	t.Helper()
	got := s.inspected(t)
	if len(got) != 1 {
		t.Fatalf("%d inspections came", len(got))
	}
	in := got[0]
	if in.TaskID != s.task || in.RecipientID != s.recipient || in.With != "li" || in.Disposition != inspect.OpenCase || in.Result != inspect.Failed ||
		len(in.Items) < 1 || in.Items[0].Value == nil || *in.Items[0].Value != 372.5 || in.Items[0].Unit != "kW" ||
		in.Items[0].Found != "满负荷运行 "+hostile || in.Position == nil || in.Position.Lat != 39.05 || in.Signature.Name != "王" {
		t.Fatalf("the inspection that came is %+v", in)
	}
	all := append(append(slices.Clone(in.Items[0].Evidence), in.Evidence...), in.Signature.Image)
	if len(in.Items[0].Evidence) != 1 || len(in.Evidence) != 1 || len(slices.Compact(all)) != 3 {
		t.Errorf("the inspection names %q", all)
	}
	for _, hash := range all {
		if got := s.evidence(t, hash); "sha256:"+hex.EncodeToString(got[:]) != hash {
			t.Errorf("%s is another file at the server", hash)
		}
	}
}

// evidence is the SHA-256 of what the server has under a hash.
func (w *world) evidence(t *testing.T, hash string) (sum [sha256.Size]byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+w.host+"/api/v1/evidence/"+hash, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.accounts["inspector"].Token)
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", hash, got.Status, err)
	}
	return sha256.Sum256(text)
}

// keepsToItself fails where something that is kept on the device can be read, or the worker keeps more than the page's files.
func keepsToItself(p *tab) {
	p.t.Helper()
	all := eval[string](p, `new Promise((done, fail) => {
		const text = v => v instanceof ArrayBuffer ? new TextDecoder("latin1").decode(v) + new TextDecoder().decode(v) : ArrayBuffer.isView(v) ? text(v.buffer) :
			v && typeof v === "object" ? Object.entries(v).map(([k, w]) => k + text(w)).join() : String(v);
		const asked = indexedDB.open("qingkong-gate");
		asked.onerror = fail;
		asked.onsuccess = () => {
			const db = asked.result, tx = db.transaction([...db.objectStoreNames]), out = [];
			for (const name of db.objectStoreNames) tx.objectStore(name).getAll().onsuccess = e => out.push(name + e.target.result.length + text(e.target.result));
			tx.oncomplete = () => { db.close(); done(out.join()); };
		};
	})`, chromedp.EvalAwaitPromise)
	if len(all) < 3_000_000 || !strings.Contains(all, "inspector") {
		p.t.Errorf("only %d characters are kept", len(all))
	}
	for _, plain := range []string{"大寺镇", "满负荷", "372.5", "JFIF", "IHDR", "271828", "unit-6.jpg", "负荷", "sha256"} {
		if strings.Contains(all, plain) {
			p.t.Errorf("%q can be read on the device", plain)
		}
	}
	kept := eval[[]string](p, `caches.keys().then(async names => (await Promise.all(names.map(async n => (await (await caches.open(n)).keys()).map(r => new URL(r.url).pathname)))).flat())`,
		chromedp.EvalAwaitPromise)
	for _, path := range kept {
		if !strings.HasPrefix(path, "/gate/static/") {
			p.t.Errorf("the worker keeps %s", path)
		}
	}
	if len(kept) < 20 {
		p.t.Errorf("the worker keeps %q alone", kept)
	}
}

// loses is what goes wrong: a full device, a photo that is exchanged, an inspection that is refused, a session that ends, a
// logout too early, and somebody else on the same phone. Nothing of it loses what was written.
func loses(t *testing.T, s *gateDay, p *tab) {
	p.do("the tasks", p.press(`nav a[href="#/"]`))
	p.saying(" 项任务 · 数据取于")
	p.do("another task", p.press(`a[href="#/task/`+s.other+`"]`))
	p.comes("the task", `document.querySelector("button.big") !== null`)
	p.do("begin", p.press(`button.big`))
	p.saying("如何处置")
	p.rest("pass", 0)
	p.fill(`.item:nth-of-type(1) textarea`, "停机")
	p.choose("rectify", 0)
	p.comes("when", `document.querySelector("input[type=datetime-local]") !== null`)
	eval[chromedp.Void](p, `(d => { d.value = "2020-01-01T10:00"; d.dispatchEvent(new Event("input")) })(document.querySelector("input[type=datetime-local]"))`)
	p.choose("refuses", 0)
	p.comes("a reason", `document.querySelector("main > section:last-of-type textarea") !== null`)
	p.fill(`main > section:last-of-type textarea`, "负责人不在")
	full := `window.room = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (...all) {
		if (this.name !== "chunks") return room.apply(this, all);
		throw new DOMException("the device is full", "QuotaExceededError");
	}` // as the browser says it; its own quota cannot be set for a profile of its own
	eval[chromedp.Void](p, full)
	p.upload(`.item:nth-of-type(1) .file[multiple]`, photo(t, "late.jpg", 400))
	p.saying("手机存储已满")
	p.reads("full")
	eval[chromedp.Void](p, `IDBObjectStore.prototype.put = room`)
	p.upload(`.item:nth-of-type(1) .file[multiple]`, photo(t, "late.jpg", 400))
	p.comes("the photo", `document.querySelectorAll(".item:nth-of-type(1) .photo").length === 1`)
	finishes := func() {
		t.Helper()
		p.do("to the review", p.press(`main > .buttons button.big`))
		p.saying("核对检查")
		p.says("停机", "拒签：负责人不在")
		p.do("finish", p.press(`main > .buttons button.big`))
	}

	eval[chromedp.Void](p, `window.honest = fetch; window.fetch = async (at, o) => honest(at, o.method === "PATCH" ? {...o, body: new Blob([new Uint8Array(await o.body.arrayBuffer()).map((b, i) => i === 99 ? b ^ 1 : b)])} : o)`)
	finishes()
	p.saying(refusal.Text("evidence.exchanged", "zh-CN", nil)[:12])
	if len(s.inspected(t)) != 1 {
		t.Error("an inspection with an exchanged photo came")
	}
	p.reads("exchanged")
	eval[chromedp.Void](p, `window.fetch = honest`)
	p.do("the draft again", p.press(`.card-refused .buttons a`))
	p.saying("服务器拒收")
	p.do("take it out", p.press(`.photo button`))
	p.comes("no photo", `document.querySelectorAll(".photo").length === 0`)
	p.upload(`.item:nth-of-type(1) .file[multiple]`, photo(t, "again.jpg", 300))
	p.comes("the new photo", `document.querySelectorAll(".photo").length === 1`)

	finishes()
	p.saying("不晚于检查时间") // which only the server knows
	p.do("the draft again", p.press(`.card-refused .buttons a`))
	p.comes("the error beside its field", `document.querySelector(".field.wrong input[type=datetime-local]") !== null`)
	p.reads("refused")
	p.choose("none", 0)

	p.expire()
	finishes()
	p.saying("登录已过期，草稿都在")
	p.saying("等待上传")
	p.reads("expired")
	p.goes("open it again without a session", chromedp.Reload())
	p.saying("本机有 1 份检查没有上传")
	p.click(`main a.button`)
	p.enter("inspector")
	p.comes("that nothing waits", `document.querySelectorAll("nav a")[1].textContent === "草稿" && document.querySelectorAll(".cards li").length > 30`)
	eventually(t, "the second inspection", func() bool { return len(s.inspected(t)) == 2 })
	p.taken() // a 401 and a 422 stand in the console

	p.do("the third task", p.press(`a[href="#/task/`+s.third+`"]`))
	p.comes("the task", `document.querySelector("button.big") !== null`)
	p.do("begin", p.press(`button.big`))
	p.saying("如何处置")
	p.open("/desk/tasks")
	p.do("log out at the desk", p.press(`#logout button`))
	p.saying("还有 1 份现场检查没有上传")
	p.looksRight("a logout that asks")
	p.shot("logout-asks")
	p.click(`#go-gate`)
	p.saying(" 项任务 · 数据取于")
	p.do("settings", p.press(`nav a[href="#/settings"]`))
	p.saying("本机保存的内容")
	p.reads("settings")
	p.do("log out", p.press(`section:last-of-type button`))
	p.comes("a question", `document.querySelector("dialog[open]") !== null`)
	p.says("还有 1 份检查没有上传")
	p.reads("logout")
	p.do("stay", p.press(`dialog button.main`))
	p.do("log out", p.press(`section:last-of-type button`))
	p.comes("the question again", `document.querySelector("dialog[open]") !== null`)
	p.do("anyway", p.press(`dialog button.warn`))
	p.saying("未登录")
	p.click(`header a.button`)
	p.enter("li")
	p.saying(" 项任务 · 数据取于")
	p.do("drafts", p.press(`nav a[href="#/kept"]`))
	p.saying("另有 1 份检查属于 inspector")
	p.reads("others")
	if len(s.inspected(t)) != 2 {
		t.Error("somebody sent what is another's")
	}
}
