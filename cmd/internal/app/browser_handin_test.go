package app

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/notify/compliance/judge"
)

// wiretap counts what a page sends in pieces: how many uploads it began, and where each piece of them began.
const wiretap = `window.begun = [], window.pieces = [], window.honest = window.fetch, window.fetch = (at, o = {}) => {
	if (o.method === "POST" && String(at).endsWith("/uploads")) begun.push(o.headers["Idempotency-Key"]);
	if (o.method === "PATCH") pieces.push(Number(o.headers["Upload-Offset"]));
	return honest(at, o);
}`

const slowly = 400_000 // bytes a second, so that a photo of 3 MB takes some

// aLineBreaks is a shift leader with a telephone on a bad line who explains a finding with a photo. The line breaks in the middle
// of the photo; the explanation arrives once, with the whole photo. So it does by a browser without scripts.
func aLineBreaks(t *testing.T, b *browser) {
	w := monitoredBy(t, b)
	w.hours(0, 2)
	finding := w.comesTo(judge.Suspected).ID
	big, program := photo(t, "flare.jpg", 2200), filepath.Join(t.TempDir(), "ledger.txt")
	if err := os.WriteFile(program, []byte("\x7fELF\x02\x01\x01\x00 a program"), 0o600); err != nil {
		t.Fatal(err)
	}
	const note = "反应釜已投料，需 3 小时反应完毕"
	plant := w.person(t, phoneWidth)
	plant.login("enterprise")
	eval[chromedp.Void](plant, wiretap)
	plant.fill(`section.asked textarea`, note)
	plant.upload(`section.asked input[type=file]`, big)
	plant.upload(`section.asked input[type=file]`, program)
	plant.comes("both files", `document.querySelectorAll(".chosen li").length === 2 && document.querySelector("section.asked input[type=file]").files.length === 2`)
	plant.shot("handin-chosen")
	plant.network(conditions{DownloadThroughput: -1, UploadThroughput: slowly})
	const some = `/\d KB \/ \d\.\d MB/.test(document.querySelector(".chosen").innerText)`
	plant.do("send", plant.press(`section.asked .button-main`))
	plant.comes("that some of it is there", some)
	plant.do("stop", plant.press(`.file-field div.file-row button`))
	plant.saying(word("handin.stopped"))
	for range 2 { // whoever presses twice sends once
		plant.do("send", plant.press(`section.asked .button-main`))
	}
	plant.comes("that it goes on", `document.querySelector("section.asked form").getAttribute("aria-busy") === "true" && `+some)
	plant.line(false)
	plant.comes("that it waits for the line", js(`document.querySelector(".handin-said").textContent.includes(%s)`, "秒后自动再试"))
	plant.looksRight("/desk")
	plant.shot("handin-waits")
	plant.network(conditions{DownloadThroughput: -1, UploadThroughput: slowly})
	plant.saying(refusal.Text("desk.handin.refused", "zh-CN", refusal.Args{"n": 1}))
	plant.says("不接受这种文件", "flare.jpg")
	if got := plant.value(`section.asked textarea`); got != note {
		t.Errorf("what was typed is %q after a file was refused", got)
	}
	if at := plant.path(); at != "/desk" || len(w.explained(t, finding)) != 0 {
		t.Errorf("at %s something is sent that lacks a file", at)
	}
	plant.looksRight("/desk")
	plant.shot("handin-refused")
	if got := eval[[]string](plant, `begun`); len(got) != 2 || got[0] == got[1] {
		t.Errorf("uploads were begun under the keys %q, one is wanted of each file", got)
	}
	pieces := eval[[]int](plant, `pieces`)
	if end := slices.Index(pieces[1:], 0) + 1; end < 3 || !slices.IsSorted(pieces[:end]) {
		t.Errorf("pieces began at %d: the photo does not go on where the line broke", pieces)
	}
	plant.lost()
	plant.do("take the program out", plant.press(`.chosen button`))
	plant.network(conditions{DownloadThroughput: -1, UploadThroughput: -1})
	plant.expire()
	plant.click(`section.asked .button-main`)
	plant.enter("enterprise") // the login carries what was typed, and which files are there
	plant.click(`form[action$="/explain"] .button-main`)
	plant.says(word("done.finding.explained"))
	w.explainedWith(t, finding, 1, note, big)

	order := "/orders/" + w.warning + "-" + w.half.recipient + "-1"
	for _, act := range []string{"/acknowledge", "/start"} {
		w.api(t, "enterprise", http.MethodPost, order+act, map[string]any{}, nil)
	}
	plant.open("/desk" + order)
	const form = `form[action$="/report"] `
	plant.fill(form+`textarea`, "负荷已降到一半")
	plant.upload(form+`input[type=file]`, photo(t, "meter.jpg", 300))
	plant.comes("the file", `document.querySelectorAll(".chosen li").length === 1`)
	plant.looksRight("/desk/orders")
	plant.shot("handin-report")
	plant.click(form + `.button-main`)
	plant.says(word("done.report"), "负荷已降到一半")
	plant.comes("its picture in the course", `document.querySelectorAll(".timeline img").length === 1 && `+
		`(i => (i.scrollIntoView(), i.complete && i.naturalWidth > 0))(document.querySelector(".timeline img"))`)
	plant.shot("handin-reported")

	w.api(t, "duty", http.MethodPost, "/findings/"+finding+"/decide", map[string]any{"decision": "reject", "reason": "看不清"}, nil)
	scriptless := w.person(t, phoneWidth)
	scriptless.login("enterprise")
	scriptless.do("no scripts", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	scriptless.open("/desk")
	other := photo(t, "again.jpg", 2100)
	write := func() {
		t.Helper()
		scriptless.fill(`section.asked textarea`, note+"，另附照片")
		scriptless.upload(`section.asked input[type=file]`, other)
	}
	write()
	if scriptless.there(".chosen") {
		t.Error("the page does what needs a script")
	}
	scriptless.network(conditions{DownloadThroughput: -1, UploadThroughput: slowly})
	scriptless.do("send", scriptless.press(`section.asked .button-main`))
	scriptless.line(false)
	scriptless.comes("the browser's own word of the line", `location.protocol === "chrome-error:"`)
	scriptless.line(true)
	scriptless.open("/desk")
	write()
	scriptless.click(`section.asked .button-main`)
	scriptless.says(word("done.finding.explained"))
	scriptless.lost()
	w.explainedWith(t, finding, 2, note+"，另附照片", other)
}

// explained are the explanations of a finding, as an inspector reads them.
func (w *world) explained(t *testing.T, finding string) []calls.ExplanationView {
	t.Helper()
	var f calls.FindingView
	w.api(t, "inspector", http.MethodGet, "/findings/"+finding, nil, &f)
	return f.Explanations
}

// explainedWith fails unless a finding has so many explanations, and the last says what it is to say with one file.
func (w *world) explainedWith(t *testing.T, finding string, n int, note, file string) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	all := w.explained(t, finding)
	if len(all) != n {
		t.Fatalf("it is explained %d times, not %d", len(all), n)
	}
	last := all[n-1]
	if want := []string{"sha256:" + hex.EncodeToString(sum[:])}; last.Note != note || !slices.Equal(last.Evidence, want) {
		t.Errorf("it says %q with %q, want %q with %q", last.Note, last.Evidence, note, want)
	}
	if got := w.evidence(t, last.Evidence[0]); got != sum {
		t.Error("the file arrived as another")
	}
}
