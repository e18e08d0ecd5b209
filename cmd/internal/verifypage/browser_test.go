package verifypage

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"qingkong/cmd/internal/proofs"
)

// patience bounds a wait for something in the page; it is reached only when something is wrong.
const patience = 40 * time.Second

// tab is the page as somebody has it open, who minds what it may not do: load anything, break its policy, or fail.
type tab struct {
	t    *testing.T
	ctx  context.Context
	dir  string // of the files that are given to it
	n    int
	made Page

	mu    sync.Mutex
	asked []string // addresses that the page asked for
	wrong []string
}

func openTab(t *testing.T) *tab {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox, // it would not start as root; it opens our own page alone
		chromedp.Env("LANGUAGE=zh_CN", "LANG=zh_CN.UTF-8"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	p := &tab{t: t, ctx: ctx, dir: t.TempDir(), made: New(proofs.PageWords())}
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		t.Fatal(err)
	}
	p.do(command(audits.Enable, cdp.Empty{}))
	t.Cleanup(func() {
		for _, w := range p.wrong {
			t.Error(w)
		}
	})
	return p
}

// chromium is the distribution's browser; with CI=true it may not be left out.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no chromium on PATH, and with CI=true the browser tests may not be left out: apt-get install chromium fonts-noto-cjk")
	}
	t.Skip("no chromium on PATH: apt-get install chromium fonts-noto-cjk")
	return ""
}

func (p *tab) watch(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *page.EventJavascriptDialogOpening:
		p.wrong = append(p.wrong, "dialog: "+e.Message)
	case *runtime.EventExceptionThrown:
		p.wrong = append(p.wrong, fmt.Sprintf("exception: %+v", e.ExceptionDetails))
	case *log.EventEntryAdded:
		p.wrong = append(p.wrong, "log: "+e.Entry.Text)
	case *audits.EventIssueAdded:
		if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
			p.wrong = append(p.wrong, "content security policy: "+d.ContentSecurityPolicyIssueDetails.ViolatedDirective)
		}
	}
}

// requests are the addresses that the page has asked for since the last call; data and the page itself are none.
func (p *tab) requests() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, address := range p.asked {
		if !strings.HasPrefix(address, "data:") {
			all = append(all, address)
		}
	}
	p.asked = nil
	return all
}

func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (p *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func eval[T any](p *tab, script string, options ...chromedp.EvaluateOption) T {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	got, err := chromedp.Run(ctx, chromedp.Evaluate[T](script, options...))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return got
}

// comes waits until a script holds.
func (p *tab) comes(script string) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, patience)
	defer end()
	for ctx.Err() == nil {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); ok && err == nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.t.Fatalf("does not come: %s\n%s", script, eval[string](p, "document.body.innerText"))
}

// opens opens the page: as a file that was saved, or from a server, which is gone afterwards.
func (p *tab) opens(served bool) {
	p.t.Helper()
	if !served {
		p.do(chromedp.Navigate("file://" + p.file(Name, p.made.HTML)))
		return
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Security-Policy", p.made.Policy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(p.made.HTML)
	}))
	p.do(chromedp.Navigate(server.URL + "/verify"))
	server.Close()
}

// file writes a file to give to the page.
func (p *tab) file(name string, text []byte) string {
	p.t.Helper()
	p.n++
	dir := filepath.Join(p.dir, fmt.Sprint(p.n))
	if err := os.Mkdir(dir, 0o700); err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return path
}

// verdict is what the page says of a bundle.
type verdict struct {
	Rule    string `json:"rule"` // empty: it is accepted
	File    string `json:"file"`
	Entry   string `json:"entry"`
	Trusted string `json:"trusted"`
	Text    string `json:"text"` // all that is shown of it
}

// after does what begins a verification, and waits for its verdict.
func (p *tab) after(begin func()) (v verdict) {
	p.t.Helper()
	eval[chromedp.Void](p, `{const v = document.getElementById("verdict"); if (v) v.remove()}`)
	begin()
	p.comes(`!!document.getElementById("verdict")`)
	text := eval[string](p, `JSON.stringify({...document.getElementById("verdict").dataset, text: document.getElementById("result").innerText})`)
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		p.t.Fatal(err)
	}
	return v
}

// given is the verdict of a bundle that is chosen.
func (p *tab) given(bundle []byte) verdict {
	p.t.Helper()
	path := p.file("bundle.zip", bundle)
	return p.after(func() { p.do(chromedp.SetUploadFiles("#bundle", []string{path})) })
}

// dropped is the verdict after files were dropped onto the page.
func (p *tab) dropped(paths ...string) verdict {
	p.t.Helper()
	data := &input.DragData{Files: paths, Items: []*input.DragDataItem{}, DragOperationsMask: 1}
	return p.after(func() {
		for _, kind := range []input.DispatchDragEventType{"dragEnter", "dragOver", "drop"} {
			p.do(command(input.DispatchDragEvent, input.DispatchDragEventParams{Type: kind, X: 100, Y: 100, Data: data}))
		}
	})
}

// keys puts a key file into the page's text.
func (p *tab) keys(text string) {
	p.t.Helper()
	quoted, err := json.Marshal(text)
	if err != nil {
		p.t.Fatal(err)
	}
	eval[chromedp.Void](p, fmt.Sprintf(`{const k = document.getElementById("key-text"); k.value = %s; k.dispatchEvent(new Event("input"))}`, quoted))
}

// accessible fails for what axe-core finds wrong with the page as it is, light and dark, wide and narrow.
func (p *tab) accessible(what string) {
	p.t.Helper()
	if !eval[bool](p, `typeof axe === "object"`) {
		script, err := os.ReadFile("../app/testdata/axe/axe.min.js")
		if err != nil {
			p.t.Fatal(err)
		}
		eval[chromedp.Void](p, string(script)+"\n;undefined")
	}
	for _, scheme := range []string{"light", "dark"} {
		p.do(command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
		found := eval[[]string](p, `axe.run(document, {preload: false, resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
			"best-practice"]}).then(r => r.violations.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 120)).join("; ")))`,
			chromedp.EvalAwaitPromise)
		for _, one := range found {
			p.t.Errorf("%s in %s colours: %s", what, scheme, one)
		}
	}
}
