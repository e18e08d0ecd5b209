package verifypage

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/mod/sumdb/note"

	"qingkong/notify/ledger/bundle"
	"qingkong/notify/ledger/bundle/bundletest"
	"qingkong/notify/ledger/identity"
)

// ours is what our verifier says: whether the key was named, and the first difference; nil for none.
func ours(t *testing.T, raw []byte, keyFile string) (trusted bool, d *bundle.Difference) {
	t.Helper()
	keys, err := bundle.ParseKeys([]byte(keyFile))
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Open(bytes.NewReader(raw), int64(len(raw)))
	var report *bundle.Report
	if err == nil {
		report, err = b.Verify(keys)
	}
	if err != nil {
		if !errors.As(err, &d) {
			t.Fatal(err)
		}
		return false, d
	}
	return report.Trusted, nil
}

// same fails unless the page says of a bundle what our verifier says: the rule, the file, and whether the key was named.
func (p *tab) same(what string, raw []byte, keyFile string, got verdict) {
	p.t.Helper()
	trusted, want := ours(p.t, raw, keyFile)
	if want == nil {
		if got.Rule != "" || got.Trusted != fmt.Sprint(trusted) {
			p.t.Errorf("%s: the page says %+v, our verifier that it is whole, trusted: %v", what, got, trusted)
		}
		return
	}
	if got.Rule != want.Rule || got.File != want.File {
		p.t.Errorf("%s: the page says %+v, our verifier %v", what, got, want)
	}
	if want.Entry >= 0 && got.Entry != fmt.Sprint(want.Entry) {
		p.t.Errorf("%s: the page says it of entry %q, our verifier of %d", what, got.Entry, want.Entry)
	}
}

// Whoever opens the page, saved or from a server that is gone since, has a bundle verified without network: what our
// verifier says of it, by its rule, the page says too.
func TestThePageVerifies(t *testing.T) {
	p := openTab(t)
	r, d := bundletest.Usual(t)
	raw := d.Bytes(t)
	for _, served := range []bool{false, true} {
		p.opens(served)
		if asked := p.requests(); len(asked) != 1 {
			t.Errorf("to open the page %v was asked for", asked)
		}
		p.verdicts(r, raw)
		if served {
			continue
		}
		p.forged(raw)
		p.shows()
	}
	if asked := p.requests(); len(asked) != 0 {
		t.Errorf("to verify bundles %v was asked for", asked)
	}
}

// verdicts is a good bundle with and without keys, chosen and dropped.
func (p *tab) verdicts(r *bundletest.Record, raw []byte) {
	t := p.t
	t.Helper()
	p.requests()
	got := p.given(raw)
	p.same("a bundle", raw, "", got)
	for _, want := range []string{"文件完整，由谁签署未经确认", "由随文件而来的密钥签署（untrusted）", identity.Fingerprint(r.VKey), bundletest.Origin, "减排令 W1-E0001-1",
		"下达减排令：减排令 W1-E0001-1 notify.order_issued", "2016-12-16 18:00:07.000", "witness.example/w1", "已删除，删除本身有条目为证", "含个人信息，理由：复核"} {
		if !strings.Contains(got.Text, want) {
			t.Errorf("the page does not say %q:\n%s", want, got.Text)
		}
	}
	named := "# 西青区\nlog " + r.VKey + "\nwitness " + r.Witness.Verifier().String() + "\n"
	got = p.after(func() { p.keys(named) })
	p.same("a bundle and its key", raw, named, got)
	if !strings.Contains(got.Text, "核验通过\n") || !strings.Contains(got.Text, "由您指明的密钥签署") || strings.Contains(got.Text, "另有未指明的见证方") {
		t.Errorf("with the key and a witness the page says\n%s", got.Text)
	}
	_, stranger, err := identity.NewKey(bundletest.Random(9), bundletest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	wrong := "log " + stranger
	p.same("a bundle and a stranger's key", raw, wrong, p.dropped(p.file("keys.txt", []byte(wrong))))
	p.same("a bundle and keys, dropped", raw, named, p.dropped(p.file("x.zip", raw), p.file("keys.txt", []byte(named))))
	p.keys("log " + r.VKey + "x")
	p.comes(`document.getElementById("key-wrong").textContent.includes("第 1 行") && document.getElementById("result").hidden`)
	p.after(func() { p.keys("") })
	p.comes(`document.getElementById("key-wrong").textContent === ""`)
}

// forged is all that a forger makes.
func (p *tab) forged(raw []byte) {
	p.t.Helper()
	for _, f := range bundletest.Forgeries() {
		one := f.Bytes(p.t)
		p.same(f.Name, one, "", p.given(one))
	}
	for i := 7; i < len(raw); i += 251 {
		flipped := bytes.Clone(raw)
		flipped[i] ^= 1
		p.same(fmt.Sprint("flipped byte ", i), flipped, "", p.given(flipped))
	}
	for what, one := range map[string][]byte{"nothing": nil, "a text": []byte("PK, said the file"), "a part": raw[:len(raw)-100],
		"a bundle and a byte": append(bytes.Clone(raw), 0), "without a byte": slices.Delete(bytes.Clone(raw), 3000, 3001)} {
		p.same(what, one, "", p.given(one))
	}
	first, next, rotated, stolen := successions(p.t)
	for _, keyFile := range []string{"log " + first, "log " + next} {
		p.after(func() { p.keys(keyFile) })
		p.same("a bundle of a key that followed, by "+keyFile, rotated, keyFile, p.given(rotated))
		p.same("a bundle of a stolen key, by "+keyFile, stolen, keyFile, p.given(stolen))
	}
	r, d := bundletest.Usual(p.t)
	text := d.Files[bundle.Checkpoints+"12"]
	at := bytes.LastIndexByte(text, ' ') + 20
	text[at] = 'A' + (text[at]-'A'+1)%2 // another letter of base64
	keyFile := "witness " + r.Witness.Verifier().String()
	p.after(func() { p.keys(keyFile) })
	lied := d.Bytes(p.t)
	p.same("a false cosignature", lied, keyFile, p.given(lied))
	p.after(func() { p.keys("") })
}

// successions are bundles of a ledger that has another key: signed by it, and by whoever has stolen the one before.
func successions(t *testing.T) (first, next string, rotated, stolen []byte) {
	t.Helper()
	r := bundletest.New(t)
	first = r.VKey
	was := r.SKey
	secret, next, err := identity.NewKey(bundletest.Random(5), bundletest.Origin)
	if err != nil {
		t.Fatal(err)
	}
	said, err := note.Sign(&note.Note{Text: identity.RotationText(bundletest.Origin, next)}, r.Signer())
	if err != nil {
		t.Fatal(err)
	}
	r.Say(identity.KindRotated, "admin", identity.Rotated{VKey: next, KeyRef: bundletest.Reference("x"), Note: string(said)})
	r.Others(3)
	r.SKey = secret
	rotated = r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, 1, 3}).Bytes(t)
	r.SKey = was
	stolen = r.Proving(bundle.Subject{Warning: "W1"}, []int64{0, 1, 3}).Bytes(t)
	return first, next, rotated, stolen
}

// shows is how hostile and long bundles, the other language, paper and narrow screens are shown.
func (p *tab) shows() {
	t := p.t
	t.Helper()
	r := bundletest.New(t)
	var entries []int64
	entries = append(entries, 0, r.Say("<img src=x onerror=alert(1)>", "</td><script>alert(2)</script>\u202e", map[string]string{"order_id": "<b>W1</b>", "id": "constructor"}),
		r.Say("notify.answered", "E0001", map[string]string{"order_id": "<b>W1</b>", "action": "{0}<a href=x>"}),
		r.Say("__proto__", "", map[string]string{}))
	for range 250 {
		entries = append(entries, r.Say("notify.order_issued", "duty", map[string]string{"id": "W1-E0001-1"}))
	}
	d := r.Proving(bundle.Subject{Order: "<i>W1</i>"}, entries)
	got := p.given(d.Bytes(t))
	if elements := eval[int](p, `document.querySelectorAll("#result img, #result script, #result b, #result i, #result a").length`); got.Rule != "" ||
		elements != 0 || !strings.Contains(got.Text, "<img src=x onerror=alert(1)>") || !strings.Contains(got.Text, "</script><U+202E>") ||
		!strings.Contains(got.Text, "减排令 <b>W1</b>") {
		t.Errorf("a hostile bundle makes %d elements: %+v", elements, got)
	}
	before := eval[int](p, `[...document.querySelectorAll("tbody")].at(-1).rows.length`)
	eval[chromedp.Void](p, `[...document.querySelectorAll("#result button")].at(-1).click()`)
	if after := eval[int](p, `[...document.querySelectorAll("tbody")].at(-1).rows.length`); before != 200 || after != len(entries) {
		t.Errorf("%d entries are shown, and %d of %d after a click", before, after, len(entries))
	}
	_, usual := bundletest.Usual(t)
	p.given(usual.Bytes(t))
	p.accessible("a bundle that was accepted")
	eval[chromedp.Void](p, `document.getElementById("language").click()`)
	if text := eval[string](p, `document.documentElement.lang + document.title + document.body.innerText`); !strings.HasPrefix(text, "enVerify a bundle") ||
		!strings.Contains(text, "order issued: order W1-E0001-1") || !strings.Contains(text, "came with it (untrusted)") {
		t.Errorf("in English the page says\n%s", text)
	}
	p.do(chromedp.EmulateViewport(390, 844, chromedp.EmulateScale(2), chromedp.EmulateMobile, chromedp.EmulateTouch))
	if wide := eval[int](p, `document.documentElement.scrollWidth`); wide > 390 {
		t.Errorf("on a telephone the page is %d wide", wide)
	}
	forged := bundletest.Forgeries()[0].Bytes(t)
	got = p.given(forged)
	if !strings.Contains(got.Text, "Not verified") || !strings.Contains(got.Text, "entries and proof do not make the root of the checkpoint (proof)") {
		t.Errorf("in English the page says of a forged bundle\n%s", got.Text)
	}
	p.accessible("a bundle that was refused")
	p.do(chromedp.EmulateViewport(1280, 900))
	eval[chromedp.Void](p, `document.getElementById("language").click()`)
}

// A large bundle is verified while the page lives: its progress is shown, and another bundle takes its place.
func TestALargeBundle(t *testing.T) {
	p := openTab(t)
	p.opens(false)
	r := bundletest.New(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 10<<16)
	entries := []int64{0, r.Say("notify.answered", "E0001", map[string]any{"evidence": []string{"sha256:" + bundletest.HexOf(string(large))}})}
	d := r.Proving(bundle.Subject{Order: "W1"}, entries)
	d.Files[bundle.Evidence+bundletest.HexOf(string(large))] = large
	raw := d.Bytes(t)
	eval[chromedp.Void](p, `var seen = new Set(), ticks = 0; setInterval(() => ticks++, 0);
		new MutationObserver(() => seen.add(document.getElementById("progress").value)).observe(document.getElementById("doing"), {childList: true})`)
	p.same("a large bundle", raw, "", p.given(raw))
	if steps, ticks := eval[int](p, `seen.size`), eval[int](p, `ticks`); steps < 5 || ticks < 3 {
		t.Errorf("progress was shown %d times, and the page lived %d times", steps, ticks)
	}
	path := p.file("large.zip", raw)
	_, usual := bundletest.Usual(t)
	other := p.file("small.zip", usual.Bytes(t))
	got := p.after(func() {
		p.do(chromedp.SetUploadFiles("#bundle", []string{path}), chromedp.SetUploadFiles("#bundle", []string{other}))
		p.comes(`!!document.getElementById("verdict") && document.getElementById("result").innerText.includes("small.zip")`)
	})
	if !strings.Contains(got.Text, "W1-E0001-1") {
		t.Errorf("the last bundle is not the one that is shown:\n%s", got.Text)
	}
}
