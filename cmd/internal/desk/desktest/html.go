package desktest

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/frame"

	"golang.org/x/net/html"
)

// Parsed is a page as a tree.
func Parsed(t testing.TB, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Each visits every element.
func Each(n *html.Node, visit func(*html.Node)) {
	first(n, func(e *html.Node) bool { visit(e); return false })
}

// first is the first element that is what it should be, the node itself included; nil for none.
func first(n *html.Node, is func(*html.Node) bool) *html.Node {
	if n.Type == html.ElementNode && is(n) {
		return n
	}
	for e := range n.Descendants() {
		if e.Type == html.ElementNode && is(e) {
			return e
		}
	}
	return nil
}

// Attr is an attribute of an element; empty for none.
func Attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Has reports whether an element has an attribute.
func Has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// TextOf is what a person reads; scripts and styles have none.
func TextOf(n *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		if n.Type == html.ElementNode && (n.Data == "script" || n.Data == "style" || n.Data == "head") {
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
		b.WriteByte(' ')
	}
	walk(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// Find is the first element of a kind that an attribute names; nil for none.
func Find(n *html.Node, element, name, value string) *html.Node {
	return first(n, func(e *html.Node) bool { return e.Data == element && Attr(e, name) == value })
}

// ActForm is the page's form of an act: the first with the class.
func ActForm(n *html.Node) *html.Node {
	return first(n, func(e *html.Node) bool { return e.Data == "form" && strings.Contains(Attr(e, "class"), "act") })
}

// Values are what the form of a page would send, without its buttons.
func Values(page *html.Node) url.Values {
	return ValuesOf(cmp.Or(ActForm(page), page), url.Values{})
}

// ValuesOf adds what a form would send to v.
func ValuesOf(form *html.Node, v url.Values) url.Values {
	Each(form, func(e *html.Node) {
		name := Attr(e, "name")
		switch {
		case name == "":
		case e.Data == "textarea":
			text := ""
			if e.FirstChild != nil {
				text = e.FirstChild.Data
			}
			v.Set(name, text)
		case e.Data != "input" || Attr(e, "type") == "file":
		case Attr(e, "type") == "checkbox":
			if Has(e, "checked") {
				v.Add(name, Attr(e, "value"))
			}
		case Attr(e, "type") != "radio" || Has(e, "checked"):
			v.Set(name, Attr(e, "value"))
		}
	})
	return v
}

var (
	onEvent  = regexp.MustCompile(`^on|^hx-on`)
	external = regexp.MustCompile(`^[a-z]+:|^//`)
	rawKey   = regexp.MustCompile(`desk\.[a-z]+[a-z_.-]*`)
)

// Lint fails for what a page must not have: script, style or handlers within it, addresses of other hosts, an id twice,
// inputs without a label, words that are missing in the catalogue.
func Lint(t testing.TB, what, page string) {
	t.Helper()
	root := Parsed(t, page)
	ids, labels, titles := map[string]bool{}, map[string]bool{}, 0
	Each(root, func(e *html.Node) {
		if id := Attr(e, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: the id %s stands twice", what, id)
			}
			ids[id] = true
		}
		if e.Data == "h1" {
			titles++
		}
		if e.Data == "label" {
			labels[Attr(e, "for")] = true
		}
		for _, a := range e.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "data-on") || onEvent.MatchString(a.Key) {
				t.Errorf("%s: <%s %s=%q>", what, e.Data, a.Key, a.Val)
			}
			switch a.Key {
			case "href", "src", "action", "hx-get", "hx-post", "sse-connect", "formaction":
				if external.MatchString(a.Val) && !strings.HasPrefix(a.Val, "tel:") && !strings.HasPrefix(a.Val, "geo:") {
					t.Errorf("%s: leads away: <%s %s=%q>", what, e.Data, a.Key, a.Val)
				}
			}
		}
		if e.Data == "script" && (Attr(e, "src") == "" || e.FirstChild != nil) || e.Data == "style" || e.Data == "img" ||
			e.Data == "iframe" {
			t.Errorf("%s: has <%s>", what, e.Data)
		}
	})
	Each(root, func(e *html.Node) {
		typ := Attr(e, "type")
		if (e.Data == "input" && typ != "hidden" && typ != "radio" || e.Data == "select" || e.Data == "textarea") &&
			!labels[Attr(e, "id")] {
			t.Errorf("%s: <%s name=%q> has no label", what, e.Data, Attr(e, "name"))
		}
		if ref := Attr(e, "aria-describedby"); ref != "" && !ids[ref] {
			t.Errorf("%s: aria-describedby=%q names nothing", what, ref)
		}
	})
	if outside := Outside(root); outside != "" {
		t.Errorf("%s: %q stands outside of the page's header, nav, main and footer", what, outside)
	}
	if titles != 1 {
		t.Errorf("%s has %d titles", what, titles)
	}
	if key := rawKey.FindString(TextOf(root)); key != "" {
		t.Errorf("%s: no words for %s", what, key)
	}
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<no value>") || strings.Contains(TextOf(root), "{") {
		t.Errorf("%s: a value is missing or unsafe: %s", what, TextOf(root))
	}
}

// Outside is text of a page that is in none of its landmarks, beside the link that leads to its content; a page without a
// main part, or with two, is outside altogether. A screen reader goes from one landmark to the next.
func Outside(root *html.Node) string {
	var out []string
	mains := 0
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out = append(out, strings.Fields(n.Data)...)
			return
		case n.Data == "main":
			mains++
			return
		case slices.Contains([]string{"head", "header", "nav", "footer", "aside"}, n.Data), Attr(n, "role") == "status",
			Attr(n, "class") == "skip":
			return
		}
		for e := range n.ChildNodes() {
			walk(e)
		}
	}
	walk(root)
	if mains != 1 {
		return TextOf(root)
	}
	return strings.Join(out, " ")
}

// CodeInput is the input of a one-time code, nil where a page has none. It must not hold a value.
func CodeInput(t *testing.T, page *html.Node) *html.Node {
	t.Helper()
	in := Find(page, "input", "name", frame.CodeField)
	if in != nil && (Attr(in, "inputmode") != "numeric" || Attr(in, "autocomplete") != "one-time-code" ||
		Has(in, "value")) {
		t.Errorf("the input of the code has inputmode %q, autocomplete %q, a value: %v", Attr(in, "inputmode"),
			Attr(in, "autocomplete"), Has(in, "value"))
	}
	return in
}

// Shows fails for each text that a page does not show.
func Shows(t testing.TB, what string, page *html.Node, texts ...string) {
	t.Helper()
	SaysAll(t, what, TextOf(page), texts...)
}

// SaysAll fails for each text that another does not hold.
func SaysAll(t testing.TB, what, text string, all ...string) {
	t.Helper()
	for _, want := range all {
		if !strings.Contains(text, want) {
			t.Errorf("%s: %q is missing in\n%s", what, want, text)
		}
	}
}

// NoSecret fails when a page holds one of the texts, as text, as a field's value or anywhere else.
func NoSecret(t testing.TB, what string, r Reply, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(r.Text, s) || strings.Contains(r.Text, url.QueryEscape(s)) ||
			strings.Contains(r.Header.Get("Location"), s) {
			t.Errorf("%s: the page holds %q", what, s)
		}
	}
}
