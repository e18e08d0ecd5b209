package app

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
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
const axeFinds = `document.getAnimations().forEach(a => a.finish()), axe.run(WHERE, {preload: false, resultTypes: ["violations"], elementRef: false,
	runOnly: RULES})
	.then(r => r.violations.map(v => v.id + ": " + v.help + v.nodes.slice(0, 4).map(n => "\n\t" + n.target.join(" ") + " " +
		n.html.slice(0, 160) + " " + n.any.concat(n.all, n.none).map(c => c.message).join("; ").slice(0, 200)).join("")))`

// The rules: all of them, and those to which colours matter.
const (
	allRules   = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`
	colourOnes = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

// barriers is whatever axe-core finds on the page that is open, as it is shown now, or in some of its parts: see [partsOf].
func (p *tab) barriers(rules string, parts ...int) []string {
	p.t.Helper()
	script, err := axe()
	if err != nil {
		p.t.Fatal(err)
	}
	if !eval[bool](p, `typeof axe === "object"`) {
		eval[chromedp.Void](p, script+"\n;undefined")
	}
	where := "document"
	if len(parts) > 0 {
		which, _ := json.Marshal(parts) // numbers always encode
		where = fmt.Sprintf(`{include: (all => %s.map(i => all[i]))(%s)}`, which, partsOf)
	}
	return eval[[]string](p, strings.NewReplacer("RULES", rules, "WHERE", where).Replace(axeFinds), chromedp.EvalAwaitPromise)
}

// partsOf are the elements that a page is judged in.
const partsOf = `[...document.body.children].flatMap(part => part.matches("header, main") ? [...part.children] : [part])`

// whatIsShown is what axe-core judges a page by, part for part: the elements, the classes by which they have their colours and
// sizes, roles and states, whether what is to name them does, and whether there is text, whatever it says. Of what stands several
// times in a list or beside itself one is enough. An id that stands twice makes a page one of its own.
const whatIsShown = `(() => {
	const kept = /^(class|role|type|lang|dir|hidden|disabled|checked|selected|open|required|readonly|multiple|tabindex|autocomplete|inputmode|scope|colspan|rowspan|aria-(?!label$|labelledby$|describedby$|controls$).*)$/;
	const leads = /^(for|list|headers|aria-labelledby|aria-describedby|aria-controls)$/;
	const lists = /^(tbody|ul|ol|dl|select|optgroup|datalist|svg|g)$/, parts = /^(nav|main|section|aside|form|header|footer)$/;
	const there = ids => ids.split(/\s+/).every(id => document.getElementById(id));
	const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
	const of = e => {
		const tag = e.localName;
		let out = tag;
		for (const {name, value} of e.attributes) {
			if (name === "id") continue;
			out += " " + name + "=";
			if (kept.test(name) || name === "aria-label" && parts.test(tag)) out += value;
			else if (leads.test(name)) out += there(value);
			else if (name === "href" && value[0] === "#") out += "#" + there(value.slice(1));
			else out += value.trim() !== "";
		}
		let within = [];
		for (const n of e.childNodes) {
			const one = n.nodeType === Node.TEXT_NODE ? n.data.trim() && "text" : n.nodeType !== Node.ELEMENT_NODE ||
				n.matches("input[type=hidden]") ? "" : of(n);
			if (one && one !== within.at(-1)) within.push(one);
		}
		if (lists.test(tag)) within = [...new Set(within)].sort();
		return "<" + out + ">" + within.join("") + "</>";
	};
	const html = document.documentElement, body = document.body;
	const all = ["<" + html.lang + body.className + ">" + of(document.head), "" + ids.filter((id, i) => ids.indexOf(id) !== i)];
	for (const one of ` + partsOf + `)
		all.push((e => e.localName + e.className)(one.parentElement === body ? one : one.parentElement) + of(one));
	return all.map(one => getComputedStyle(body).backgroundColor + innerWidth + one);
})()`

// judged are the parts of pages that were judged, by [whatIsShown]: several people see the same, and axe-core takes seconds.
var judged sync.Map

// accessible fails for each barrier of the page that is open, in light and in dark colours, as wide as it is now.
func (p *tab) accessible(path string) {
	p.t.Helper()
	rules := allRules
	for _, scheme := range []string{"dark", "light"} {
		p.colours(scheme)
		anew, whole := []int(nil), rules == allRules
		for i, part := range eval[[]string](p, whatIsShown) {
			if _, known := judged.LoadOrStore(sha256.Sum256([]byte(part)), true); !known {
				anew, whole = append(anew, i-1), whole || i == 0
			}
		}
		if anew == nil {
			continue
		}
		if whole {
			anew = nil
		}
		if found := p.barriers(rules, anew...); len(found) > 0 {
			p.t.Errorf("%s in %s colours:\n%s", path, scheme, strings.Join(found, "\n"))
		}
		rules = colourOnes // the others go by what there is, whatever its colour; and a colour by the part that it is in
	}
}
