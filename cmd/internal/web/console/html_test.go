package console

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func parsed(t testing.TB, page string) *html.Node {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// each visits every element.
func each(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		each(c, visit)
	}
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// textOf is what a person reads; scripts and styles have none.
func textOf(n *html.Node) string {
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

// find is the first element of a kind that an attribute names; nil for none.
func find(n *html.Node, element, name, value string) (found *html.Node) {
	each(n, func(e *html.Node) {
		if found == nil && e.Data == element && attr(e, name) == value {
			found = e
		}
	})
	return found
}

// actForm is the page's form of an act: the first with the class.
func actForm(n *html.Node) (found *html.Node) {
	each(n, func(e *html.Node) {
		if found == nil && e.Data == "form" && strings.Contains(attr(e, "class"), "act") {
			found = e
		}
	})
	return found
}

// values are what a page's form would send, but for its buttons.
func values(page *html.Node) url.Values {
	v := url.Values{}
	form := actForm(page)
	if form == nil {
		form = page
	}
	return valuesOf(form, v)
}

func valuesOf(form *html.Node, v url.Values) url.Values {
	each(form, func(e *html.Node) {
		name := attr(e, "name")
		switch {
		case name == "":
		case e.Data == "textarea":
			text := ""
			if e.FirstChild != nil {
				text = e.FirstChild.Data
			}
			v.Set(name, text)
		case e.Data == "input" && attr(e, "type") == "radio":
			if has(e, "checked") {
				v.Set(name, attr(e, "value"))
			}
		case e.Data == "input" && attr(e, "type") == "checkbox":
			if has(e, "checked") {
				v.Add(name, attr(e, "value"))
			}
		case e.Data == "input":
			v.Set(name, attr(e, "value"))
		}
	})
	return v
}

var (
	onEvent  = regexp.MustCompile(`^on|^hx-on`)
	external = regexp.MustCompile(`^[a-z]+:|^//`)
	rawKey   = regexp.MustCompile(`desk\.[a-z]+[a-z_.-]*`)
)

// lint says what a page must not have: script, style or handlers within it, addresses of other hosts, ids twice, inputs
// without a label, words that the catalogue does not have.
func lint(t testing.TB, what, page string) {
	t.Helper()
	root := parsed(t, page)
	ids, labels, titles := map[string]bool{}, map[string]bool{}, 0
	each(root, func(e *html.Node) {
		if id := attr(e, "id"); id != "" {
			if ids[id] {
				t.Errorf("%s: the id %s stands twice", what, id)
			}
			ids[id] = true
		}
		if e.Data == "h1" {
			titles++
		}
		if e.Data == "label" {
			labels[attr(e, "for")] = true
		}
		for _, a := range e.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "data-on") || onEvent.MatchString(a.Key) {
				t.Errorf("%s: <%s %s=%q>", what, e.Data, a.Key, a.Val)
			}
			switch a.Key {
			case "href", "src", "action", "hx-get", "hx-post", "sse-connect", "formaction":
				if external.MatchString(a.Val) && !strings.HasPrefix(a.Val, "tel:") {
					t.Errorf("%s: leads away: <%s %s=%q>", what, e.Data, a.Key, a.Val)
				}
			}
		}
		if e.Data == "script" && (attr(e, "src") == "" || e.FirstChild != nil) || e.Data == "style" || e.Data == "img" || e.Data == "iframe" {
			t.Errorf("%s: has <%s>", what, e.Data)
		}
	})
	each(root, func(e *html.Node) {
		typ := attr(e, "type")
		if (e.Data == "input" && typ != "hidden" && typ != "radio" || e.Data == "select" || e.Data == "textarea") && !labels[attr(e, "id")] {
			t.Errorf("%s: <%s name=%q> has no label", what, e.Data, attr(e, "name"))
		}
		if ref := attr(e, "aria-describedby"); ref != "" && !ids[ref] {
			t.Errorf("%s: aria-describedby=%q names nothing", what, ref)
		}
	})
	if titles != 1 {
		t.Errorf("%s has %d titles", what, titles)
	}
	if key := rawKey.FindString(textOf(root)); key != "" {
		t.Errorf("%s: no words for %s", what, key)
	}
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "<no value>") || strings.Contains(textOf(root), "{") {
		t.Errorf("%s: a value is missing or unsafe: %s", what, textOf(root))
	}
}
