package app

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/watch"
)

// The head of a page that is open says what is wrong and what to do, and goes when it is mended: to those who can mend
// it, and to an enterprise what it does meanwhile.
func TestBrowserSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	var found atomic.Pointer[watch.Finding]
	is := func(f watch.Finding) { found.Store(&f) } // the watchman looks by itself
	is(watch.Finding{})
	w := openWorldWith(t, openBrowser(t), Options{Config: alone(t), Demo: &demo.Demo{NoSimulate: true},
		probes: map[string]watch.Probe{"example": func(context.Context) watch.Finding { return *found.Load() }}})
	duty, phone, enterprise := w.person(t, deskWidth), w.person(t, phoneWidth), w.person(t, phoneWidth)
	for p, user := range map[*tab]string{duty: "duty", phone: "approver", enterprise: "enterprise"} {
		p.login(user)
		eval[chromedp.Void](p, `window.stays = true`) // a page that is loaded anew has it no more
	}
	head := func(p *tab) string { return eval[string](p, `document.querySelector("#health").innerText`) }
	comes := func(p *tab, what, text string) {
		t.Helper()
		p.comes(what, js(`document.querySelector("#health").innerText.includes(%s)`, text))
	}
	gone := func(p *tab) { t.Helper(); p.comes("all is well", `document.querySelector("#health").innerText === ""`) }
	if text := head(duty) + head(phone) + head(enterprise); text != "" {
		t.Fatalf("all is well, and the head says %s", text)
	}

	is(watch.Degrade("watch.disk_low", refusal.Args{"free": "900 MB", "limit": "1.0 GB"}))
	for _, p := range []*tab{duty, phone} {
		comes(p, "that the disk has little room", "请清理磁盘或扩容")
		p.says("系统有异常，操作仍可记录", "900 MB")
		p.looksRight("/desk")
		p.shot("health-degraded-" + p.who)
	}
	if text := head(enterprise); text != "" {
		t.Errorf("acts go on, and an enterprise is told %s", text)
	}

	is(watch.Stop("watch.writer_halted",
		refusal.Args{"why": "block 7 in the stream was written by another program: forked"}))
	for _, p := range []*tab{duty, phone} {
		comes(p, "that nothing is written", "系统现在不能记录任何操作")
		p.says("按运维手册处理")
		p.looksRight("/desk")
		p.shot("health-not-ready-" + p.who)
		light := eval[string](p, `getComputedStyle(document.querySelector(".health")).backgroundColor`)
		p.colours("dark")
		if dark := eval[string](p, `getComputedStyle(document.querySelector(".health")).backgroundColor`); dark == light {
			t.Errorf("the bar is as light in the dark: %s", dark)
		}
		p.shot("health-not-ready-dark-" + p.who)
		p.colours("light")
	}
	comes(enterprise, "what to do when a click does not go through", "请打电话向区值班室答复")
	if text := head(enterprise); strings.Contains(text, "forked") {
		t.Errorf("an enterprise is told %s", text)
	}
	enterprise.looksRight("/desk")
	enterprise.shot("health-enterprise")
	for _, p := range []*tab{duty, phone, enterprise} {
		if !eval[bool](p, `window.stays === true`) {
			t.Errorf("the page of %s was loaded anew", p.who)
		}
	}
	if status, _ := fetch(t, w.App, "/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}
	other := duty.beside()
	other.open("/desk/lists") // a page that is not live says it when it is opened
	other.says("系统现在不能记录任何操作")
	other.shot("health-lists")

	is(watch.Finding{})
	for _, p := range []*tab{duty, phone, enterprise} {
		gone(p)
	}
}
