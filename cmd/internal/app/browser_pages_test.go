package app

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// pages walks through every page that each role can reach by links, in Chinese on a desk, and again in English and dark
// on a phone. What a page may not do fails the test by itself: see [tab.watch].
func pages(t *testing.T, w *world) {
	reached := map[string]bool{}
	for _, role := range []string{"duty", "approver", "enterprise", "town", "inspector", "viewer", "admin"} {
		p := w.person(t, deskWidth)
		p.login(role)
		walk(p, "", reached)
	}
	for _, role := range []string{"duty", "enterprise"} {
		p := w.person(t, phoneWidth)
		p.login(role)
		p.click(`button[value=en]`)
		for _, scheme := range []string{"dark", "light"} { // what is shown changes at once, whatever it was
			p.colours(scheme)
			was := p.background()
			p.click(`button.system-` + scheme)
			if now := p.background(); now == was {
				t.Errorf("%s: the button for the colours changes nothing of %s", role, now)
			}
		}
		walk(p, "-en-dark", reached)
	}
	for _, must := range []string{"/desk", "/desk/warnings", "/desk/warnings/W-", "/desk/warnings/W-/board",
		"/desk/warnings/W-/calls",
		"/desk/warnings/W-/lift", "/desk/orders/W-/paper", "/desk/entries/-",
		"/api/v1/warnings/W-/call-sheet/export",
		"/desk/warnings/W-/adjust", "/desk/warnings/W-/revise", "/desk/warnings/W-/cancel", "/desk/orders", "/desk/orders/W-",
		"/desk/stations", "/desk/stations/-",
		"/desk/proofs", "/desk/findings", "/desk/tasks", "/desk/inspections", "/desk/inspections/draw",
		"/desk/inspections/draws", "/desk/inspections/statistics", "/desk/points/-", "/desk/register", "/desk/recipients", "/desk/recipients/E-", "/desk/lists", "/desk/lists/L-", "/desk/declare", "/desk/password"} {
		if !reached[must] {
			t.Errorf("no link leads to %s", must)
		}
	}
}

// public says that a page is for everybody, to be read and printed as it is: it has one style, its own, and knows
// nobody.
func public(path string) bool { return strings.HasPrefix(path, "/public/") }

// kind is what a page is of: pages that differ in whom they are about are of one kind.
func kind(path string) string {
	path, _, _ = strings.Cut(path, "?")
	for _, of := range []string{"/desk/stations/", "/desk/points/"} { // an MN is of any form
		if rest, ok := strings.CutPrefix(path, of); ok {
			_, act, _ := strings.Cut(rest, "/")
			return strings.TrimSuffix(of+"-/"+act, "/")
		}
	}
	return ids.ReplaceAllString(path, "$1-")
}

var ids = regexp.MustCompile(`\b([A-Z]?)\d[\w-]*`)

// walk opens one page of each kind, from the desk on, and looks at it.
func walk(p *tab, variant string, reached map[string]bool) {
	p.t.Helper()
	seen, queue, papers := map[string]bool{"/desk": true}, []string{"/desk"}, []string(nil)
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		if status := p.open(path); status != http.StatusOK {
			p.t.Errorf("%s leads to a page with %d", path, status)
			continue
		}
		reached[kind(path)] = true
		got := p.looksRight(path)
		if !public(path) && ((got.Lang == "en") != strings.Contains(variant, "en") ||
			(got.Theme == "dark") != strings.Contains(variant, "dark")) {
			p.t.Errorf("%s comes in %s and %s", path, got.Lang, got.Theme)
		}
		p.shot("page" + strings.ReplaceAll(kind(path), "/", "_") + "-" + p.who + variant)
		for _, to := range got.Links {
			switch {
			case seen[kind(to)] || kind(to) == "/login":
			case strings.HasSuffix(kind(to), ".xlsx"): // a download is no page
			case to == "/verify", to == "/gate/": // pages of their own, with tests of their own
			case !strings.HasPrefix(to, "/api/"):
				seen[kind(to)] = true
				queue = append(queue, to)
			case strings.Contains(to, "format=html"): // but a paper, which is read before it is printed
				seen[kind(to)] = true
				papers = append(papers, to)
			}
		}
	}
	for _, path := range papers {
		if status := p.open(path); status != http.StatusOK {
			p.t.Errorf("%s leads to a paper with %d", path, status)
		}
		reached[kind(path)] = true
		p.accessible(path)
	}
}

// background is the colour of the page.
func (p *tab) background() string {
	p.t.Helper()
	return eval[string](p, `getComputedStyle(document.body).backgroundColor`)
}

// seenOf is what a page that is open has, by [looking].
type seenOf struct {
	Text, Lang, Theme string
	Links, Nameless   []string // where its links lead, and its fields without a label
	Own, Heads        int      // scripts and styles of its own; headings of the first order
}

const looking = `({text: document.body.innerText, lang: document.documentElement.lang, theme: document.documentElement.dataset.theme,
	links: [...document.querySelectorAll("a[href^='/']")].map(a => a.getAttribute("href")),
	nameless: [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(e => !e.labels.length).map(e => e.name),
	own: document.querySelectorAll("script:not([src^='/desk/static/']), [onerror], [onclick], [style], style").length,
	heads: document.querySelectorAll("h1").length})`

// tooWide is what sticks out on the right, with everything unfolded.
const tooWide = `(() => {
	const folded = [...document.querySelectorAll("details:not([open])")], page = document.scrollingElement;
	folded.forEach(d => d.open = true);
	const out = page.scrollWidth <= page.clientWidth ? [] : ["the page", ...[...document.querySelectorAll("main *, header *")]
		.filter(e => e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + "." + e.className).slice(0, 5)];
	folded.forEach(d => d.open = false);
	return out
})()`

// looksRight judges a page that is open: it is as wide as its screen, and as a phone; its scripts are ours; it has one
// heading, a label to each field, and no word that is missing.
func (p *tab) looksRight(path string) (got seenOf) {
	p.t.Helper()
	for _, width := range slices.Compact([]int{p.width, phoneWidth}) {
		if width != p.width {
			p.do("resize", chromedp.EmulateViewport(int64(width), phoneHeight))
		}
		if wide := eval[[]string](p, tooWide); len(wide) > 0 {
			p.t.Errorf("%s is too wide for %d: %v", path, width, wide)
		}
	}
	p.accessible(path)
	p.do("resize", p.screen())
	got = eval[seenOf](p, looking)
	own := 0
	if public(path) {
		own = 1
	}
	if got.Own != own || got.Heads != 1 || len(got.Nameless) > 0 {
		p.t.Errorf("%s holds %d scripts or styles of its own, %d headings, and fields without a label: %v", path, got.Own,
			got.Heads, got.Nameless)
	}
	if strings.Contains(got.Text, "desk.") || strings.Contains(got.Text, "{") {
		p.t.Errorf("%s shows a word that is not there:\n%s", path, got.Text)
	}
	return got
}
