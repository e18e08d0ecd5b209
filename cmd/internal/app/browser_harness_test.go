package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/service/servicetest"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/demo"
	"qingkong/cmd/internal/folder"
	"qingkong/cmd/internal/web/session"
)

// Widths of the two screens that every page has to fit.
const (
	deskWidth, deskHeight   = 1280, 900
	phoneWidth, phoneHeight = 390, 844
)

// pagePatience bounds a wait for something in a page; like patience it is reached only when something is wrong.
const pagePatience = 40 * time.Second

// chromium is the distribution's browser. Where there is none the browser tests are left out, which `make test` says in
// a line of its own; with CI=true nothing may be left out.
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

// plainHost is an address of this machine that a browser does not take for its own: what it sends there is not secret to it.
const plainHost = "plain.test"

// browser is one chromium process. Everybody in it has a profile of their own.
type browser struct {
	ctx   context.Context
	shots string // the folder that takes pictures; empty for none
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(chromium(t)),
		chromedp.Flag("host-resolver-rules", "MAP "+plainHost+" 127.0.0.1"),
		chromedp.NoSandbox, // it would not start as root; it opens our own pages alone
		chromedp.Env("LANGUAGE=zh_CN", "LANG=zh_CN.UTF-8"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(allocator)
	t.Cleanup(end)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v", err)
	}
	return &browser{ctx: ctx, shots: os.Getenv("QINGKONG_SHOTS")}
}

// world is a demo that runs, and how its people log in.
type world struct {
	*App
	browser  *browser
	host     string // host:port
	accounts map[string]demo.Credential
}

func openWorld(t *testing.T, b *browser, demo *demo.Demo) *world {
	t.Helper()
	return openWorldWith(t, b, Options{Config: alone(t), Demo: demo})
}

func openWorldWith(t *testing.T, b *browser, opt Options) *world {
	t.Helper()
	a := start(t, opt)
	w := &world{App: a, browser: b, host: a.Addr().HTTP, accounts: map[string]demo.Credential{}}
	text, err := os.ReadFile(filepath.Join(opt.Config.Data, folder.DemoCredentials))
	if err == nil {
		err = json.Unmarshal(text, &w.accounts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// hire adds an account, under a name that is shown wherever it is logged in.
func (w *world) hire(t *testing.T, user string, role calls.Role, name string) {
	t.Helper()
	body, err := json.Marshal(calls.NewAccount{User: user, Role: string(role), Name: name})
	if err != nil {
		t.Fatal(err)
	}
	made, err := servicetest.Say(t.Context(), w.svc, "admin", "", calls.AddAccount, "", body)
	if err != nil {
		t.Fatal(err)
	}
	w.accounts[user] = demo.Credential{Issued: made}
}

// api asks the HTTP interface as a user, and reads the answer into out.
func (w *world) api(t *testing.T, user, method, path string, in map[string]any, out any) {
	t.Helper()
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+w.host+"/api/v1"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.accounts[user].Token)
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	text, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode >= 300 {
		t.Fatalf("%s %s: %s %v %s", method, path, got.Status, err, text)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
}

// apiWarning is what the interface says of a warning.
type apiWarning struct {
	ID         string `json:"id"`
	Revision   int    `json:"revision"`
	State      string `json:"state"`
	Level      string `json:"level"`
	Reason     string `json:"reason"`
	DeclaredBy string `json:"declared_by"`
	ApprovedBy string `json:"approved_by"`
	ProposalID string `json:"proposal_id"`
	Drill      bool   `json:"drill"`
	DocumentNo string `json:"document_no"`
}

func (w *world) warnings(t *testing.T) []apiWarning {
	t.Helper()
	var list struct{ Items []apiWarning }
	w.api(t, "duty", http.MethodGet, "/warnings", nil, &list)
	return list.Items
}

// cancelAll leaves nothing in the way of the next declaration.
func (w *world) cancelAll(t *testing.T) {
	t.Helper()
	for _, one := range w.warnings(t) {
		if one.State != "cancelled" && one.State != "lifted" {
			w.api(t, "duty", http.MethodPost, "/warnings/"+one.ID+"/cancel",
				map[string]any{"revision": one.Revision, "reason": "完"}, nil)
		}
	}
}

// tab is a page that somebody has open, in a profile of its own or beside another of the same. It minds what no page
// may do.
type tab struct {
	t     *testing.T
	w     *world
	ctx   context.Context
	width int
	who   string // who logged in last

	mu    sync.Mutex
	last  string   // where it was led last
	wrong []string // what no page may do: see watch
}

// person opens a browser profile on a screen of a width.
func (w *world) person(t *testing.T, width int) *tab {
	t.Helper()
	ctx, end := chromedp.NewContext(w.browser.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(end)
	return w.tab(t, ctx, width)
}

// beside opens another tab of the same profile.
func (p *tab) beside() *tab {
	p.t.Helper()
	ctx, end := chromedp.NewContext(p.ctx)
	p.t.Cleanup(end)
	return p.w.tab(p.t, ctx, p.width)
}

func (w *world) tab(t *testing.T, ctx context.Context, width int) *tab {
	t.Helper()
	p := &tab{t: t, w: w, ctx: ctx, width: width}
	if err := chromedp.Listen(ctx, p.watch); err != nil {
		t.Fatal(err)
	}
	p.do("open", command(audits.Enable, cdp.Empty{}), p.screen())
	t.Cleanup(p.clean)
	return p
}

// screen is what the tab is looked at on.
func (p *tab) screen() chromedp.Action[chromedp.Void] {
	if p.width == phoneWidth {
		return chromedp.EmulateViewport(phoneWidth, phoneHeight, chromedp.EmulateScale(2), chromedp.EmulateMobile,
			chromedp.EmulateTouch)
	}
	return chromedp.EmulateViewport(deskWidth, deskHeight)
}

// watch notes what a page does that it may not: a dialog, an error in its console, a broken policy, a request to
// another host. A refusal is a page too, with its status of 4xx, of which the console speaks as a resource that was not
// loaded.
func (p *tab) watch(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	note := func(format string, args ...any) {
		p.wrong = append(p.wrong, fmt.Sprintf(format, args...)+" (after "+p.last+")")
	}
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		note("dialog: %s", e.Message)
		go func() {
			_ = chromedp.Do(p.ctx, command(page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true}))
		}() // the page stands still until then
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || u.Host != p.w.host && u.Scheme != "data" &&
			!strings.HasPrefix(e.Request.URL, "blob:http://"+p.w.host+"/") && e.Request.URL != "about:blank" {
			note("request to another host: %s", e.Request.URL)
		}
	case *runtime.EventExceptionThrown:
		note("exception: %s", e.ExceptionDetails.Text+" "+describe([]*runtime.RemoteObject{e.ExceptionDetails.Exception}))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			note("console: %s", describe(e.Args))
		}
	case *log.EventEntryAdded:
		page4xx := e.Entry.Source == log.EntrySourceNetwork && strings.Contains(e.Entry.Text, "status of 4")
		if (e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning) && !page4xx {
			note("log of %s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
			note("content security policy: %s %s", d.ContentSecurityPolicyIssueDetails.ViolatedDirective,
				d.ContentSecurityPolicyIssueDetails.BlockedURL)
		}
	}
}

func describe(args []*runtime.RemoteObject) string {
	var all []string
	for _, a := range args {
		if a != nil {
			all = append(all, string(a.Value)+a.Description)
		}
	}
	return strings.Join(all, " ")
}

// clean fails the test for whatever a page did that it may not.
func (p *tab) clean() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.wrong {
		p.t.Errorf("%s", w)
	}
	p.wrong = nil
}

// taken is what was noted so far, and forgets it.
func (p *tab) taken() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.wrong
	p.wrong = nil
	return was
}

// do runs actions; one that does not end fails the test with a picture of what was there instead.
func (p *tab) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, pagePatience)
	defer end()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.fail("%s: %v", what, err)
	}
}

// ask runs an action that gives something.
func ask[T any](p *tab, what string, action chromedp.Action[T]) T {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, pagePatience)
	defer end()
	got, err := chromedp.Run(ctx, action)
	if err != nil {
		p.fail("%s: %v", what, err)
	}
	return got
}

// command is a command of the debugger's protocol as an action.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

// goes runs an action that leads to another page, and says with which status that came.
func (p *tab) goes(what string, actions ...chromedp.Action[chromedp.Void]) int64 {
	p.t.Helper()
	p.mu.Lock()
	p.last = what
	p.mu.Unlock()
	ctx, end := context.WithTimeout(p.ctx, pagePatience)
	defer end()
	got, err := chromedp.RunResponse(ctx, actions...)
	if err != nil {
		p.fail("%s: %v", what, err)
	}
	if got == nil {
		return 0
	}
	return got.Status
}

func (p *tab) fail(format string, args ...any) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, 5*time.Second)
	defer end()
	at, _ := chromedp.Run(ctx, chromedp.Location()) // as far as it still answers
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
	p.t.Fatalf("%s\nat %s:\n%s", fmt.Sprintf(format, args...), at, text)
}

func (p *tab) open(path string) int64 {
	p.t.Helper()
	return p.goes("open "+path, chromedp.Navigate("http://"+p.w.host+path))
}

// click follows a link or presses a button that leads to another page.
func (p *tab) click(selector string) int64 {
	p.t.Helper()
	return p.goes("click "+selector, p.press(selector))
}

// press is a click of the mouse on what a selector finds. chromedp's own looks for nodes of its own copy of the page,
// which it has not of one that the browser's button for back brought again.
func (p *tab) press(selector string) chromedp.Action[chromedp.Void] {
	p.t.Helper()
	at := p.spot(selector)
	return chromedp.MouseClickXY(at[0], at[1])
}

// spot is the middle of what a selector finds, which has to be there to be seen.
func (p *tab) spot(selector string) []float64 {
	p.t.Helper()
	at := eval[[]float64](p, js(`(e => {
		if (!e) return [];
		e.scrollIntoView({block: "center", behavior: "instant"});
		const r = e.getClientRects()[0], x = r.left + r.width / 2, y = r.top + r.height / 2;
		return e.contains(document.elementFromPoint(x, y)) ? [x, y] : [];
	})(document.querySelector(%s))`, selector))
	if len(at) != 2 {
		p.fail("nothing to click: %s", selector)
	}
	return at
}

// opens unfolds what a summary stands for.
func (p *tab) opens(summary string) {
	p.t.Helper()
	p.do("open "+summary, p.press(summary))
}

// fill types text in the place of what an input has.
func (p *tab) fill(selector, text string) {
	p.t.Helper()
	eval[chromedp.Void](p, js(`(e => { e.focus(); e.select && e.select() })(document.querySelector(%s))`, selector))
	p.writes(text)
}

// writes types into what has the focus.
func (p *tab) writes(text string) {
	p.t.Helper()
	p.do("write", command(input.InsertText, input.InsertTextParams{Text: text}))
}

// js is a script with texts in it.
func js(script string, texts ...string) string {
	quoted := make([]any, len(texts))
	for i, text := range texts {
		one, _ := json.Marshal(text) // a string always encodes
		quoted[i] = string(one)
	}
	return fmt.Sprintf(script, quoted...)
}

func (p *tab) value(selector string) string {
	p.t.Helper()
	return eval[string](p, js(`document.querySelector(%s).value`, selector))
}

// eval is what a script says. Scripts of the debugger are not bound by the page's policy.
func eval[T any](p *tab, script string, options ...chromedp.EvaluateOption) T {
	p.t.Helper()
	return ask(p, script, chromedp.Evaluate[T](script, options...))
}

func (p *tab) text() string { p.t.Helper(); return eval[string](p, `document.body.innerText`) }
func (p *tab) path() string { p.t.Helper(); return eval[string](p, `location.pathname`) }
func (p *tab) there(selector string) bool {
	p.t.Helper()
	return eval[bool](p, js(`document.querySelector(%s) !== null`, selector))
}

// says fails unless the page shows every text.
func (p *tab) says(texts ...string) {
	p.t.Helper()
	all := squeeze(p.text())
	for _, text := range texts {
		if !strings.Contains(all, squeeze(text)) {
			p.fail("the page does not say %q", text)
		}
	}
}

func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// comes waits until a script holds, with the page left alone. It may be another page by then.
func (p *tab) comes(what, script string) {
	p.t.Helper()
	ctx, end := context.WithTimeout(p.ctx, pagePatience)
	defer end()
	for ctx.Err() == nil {
		if ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](script)); ok && err == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	p.fail("does not come: %s", what)
}

// back presses the browser's button of that name; what then holds says that the page before is there.
func (p *tab) back(holds string) {
	p.t.Helper()
	eval[chromedp.Void](p, `setTimeout(() => history.back(), 0)`) // after this was answered: the page goes with its script
	p.comes("the page before", holds)
}

// login goes through the form.
func (p *tab) login(user string) {
	p.t.Helper()
	if p.path() != "/login" {
		p.open("/login")
	}
	p.enter(user)
	if at := p.path(); at != "/desk" {
		p.fail("the login of %s leads to %s", user, at)
	}
}

// enter fills in the login form that is there and sends it.
func (p *tab) enter(user string) {
	p.t.Helper()
	p.who = user
	p.fill("#user", p.w.accounts[user].User)
	p.fill("#password", p.w.accounts[user].Password)
	p.click("main form button")
}

// expire ends the session on the server; the browser knows nothing of it.
func (p *tab) expire() {
	p.t.Helper()
	cookies := ask(p, "cookies", func(ctx context.Context, t *chromedp.Target) ([]*network.Cookie, error) {
		got, err := cdp.Call(ctx, t, network.GetCookies, network.GetCookiesParams{URLs: []string{"http://" + p.w.host + "/"}})
		return got.Cookies, err
	})
	at := slices.IndexFunc(cookies, func(c *network.Cookie) bool { return c.Name == session.Cookie })
	if at < 0 {
		p.t.Fatal("nobody is logged in")
	}
	call := func(method, path string) (answer []byte) {
		r, err := http.NewRequestWithContext(p.t.Context(), method, "http://"+p.w.host+"/api/v1/sessions"+path, nil)
		if err != nil {
			p.t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: session.Cookie, Value: cookies[at].Value})
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			p.t.Fatal(err)
		}
		defer got.Body.Close()
		if answer, err = io.ReadAll(got.Body); err != nil || got.StatusCode >= 300 {
			p.t.Fatalf("%s of sessions: %s, %v", method, got.Status, err)
		}
		return answer
	}
	var all struct {
		Items []struct {
			ID      string `json:"id"`
			Current bool   `json:"current"`
		} `json:"items"`
	}
	if err := json.Unmarshal(call(http.MethodGet, ""), &all); err != nil {
		p.t.Fatal(err)
	}
	for _, one := range all.Items {
		if one.Current {
			call(http.MethodDelete, "/"+one.ID)
		}
	}
}

// shot writes a picture of the whole page, where QINGKONG_SHOTS names a folder for them.
func (p *tab) shot(name string) {
	p.t.Helper()
	if p.w.browser.shots == "" {
		return
	}
	png := ask(p, "picture", chromedp.FullScreenshot(100))
	name = fmt.Sprintf("%s-%d.png", name, p.width)
	if err := os.WriteFile(filepath.Join(p.w.browser.shots, name), png, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// colours lets the browser ask for light or dark pages.
func (p *tab) colours(scheme string) {
	p.t.Helper()
	p.do("colours", command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// word is what the desk calls something, in Chinese.
func word(key string) string { return refusal.Text("desk."+key, "zh-CN", nil) }
