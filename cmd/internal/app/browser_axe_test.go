package app

import (
	"os"
	"strings"
	"sync"

	"github.com/chromedp/chromedp"
)

// axe is axe-core, which judges a page as those meet it who cannot see it, hold a mouse or tell its colours apart.
var axe = sync.OnceValues(func() (string, error) {
	text, err := os.ReadFile("testdata/axe/axe.min.js")
	return string(text), err
})

// axeFinds are its rules that the page breaks, each with the elements that do: the levels A and AA of WCAG 2.0 to 2.2,
// and the practices that axe-core holds to be good. Buttons fade from one colour to another, which is cut short.
const axeFinds = `document.getAnimations().forEach(a => a.finish()), axe.run(document, {preload: false, resultTypes: ["violations"], elementRef: false,
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
	.then(r => r.violations.map(v => v.id + ": " + v.help + v.nodes.slice(0, 4).map(n => "\n\t" + n.target.join(" ") + " " +
		n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; ").slice(0, 200)).join("")))`

// barriers is whatever axe-core finds on the page that is open, as it is shown now.
func (p *tab) barriers() []string {
	p.t.Helper()
	script, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	if !eval[bool](p, `typeof axe === "object"`) {
		eval[chromedp.Void](p, script+"\n;undefined")
	}
	return eval[[]string](p, axeFinds, chromedp.EvalAwaitPromise)
}

// accessible fails for each barrier of the page that is open, in light and in dark colours, as wide as it is now.
func (p *tab) accessible(path string) {
	p.t.Helper()
	for _, scheme := range []string{"dark", "light"} {
		p.colours(scheme)
		if found := p.barriers(); len(found) > 0 {
			p.t.Errorf("%s in %s colours:\n%s", path, scheme, strings.Join(found, "\n"))
		}
	}
}
