package papers

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"image"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// page parses a page strictly and fails on whatever it would run or load.
func page(t testing.TB, text []byte) *html.Node {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode &&
			slices.Contains([]string{"script", "link", "img", "iframe", "object", "embed", "form", "base"}, n.Data) {
			t.Errorf("the page has a <%s>", n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" &&
				strings.Contains(a.Val, ":") {
				t.Errorf("the page has %s=%q", a.Key, a.Val)
			}
		}
	}
	if strings.Contains(string(text), "@import") || strings.Contains(string(text), "url(") {
		t.Error("the style loads something")
	}
	return doc
}

// textOf is what a reader sees of a page, one line for each cell and paragraph.
func textOf(doc *html.Node) string {
	var b strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.Data == "head" || n.Data == "svg" || n.Data == "style":
			return
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
		switch n.Data {
		case "td", "th", "p", "h1", "h2", "h3", "br", "li", "dd", "dt":
			b.WriteByte('\n')
		}
	}
	walk(doc)
	return squeezed(b.String())
}

func squeezed(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

// word reads a .docx with nothing of this package: every part is strict XML, each has a content type, each relationship
// a target, and the pictures decode. It returns the text of the body and the pictures.
func word(t testing.TB, data []byte) (body string, pictures []image.Image) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	type contentType struct {
		Extension   string `xml:",attr"`
		PartName    string `xml:",attr"`
		ContentType string `xml:",attr"`
	}
	var types struct{ Default, Override []contentType }
	unmarshal(t, parts["[Content_Types].xml"], &types)
	for name, part := range parts {
		known := slices.ContainsFunc(types.Default,
			func(d contentType) bool { return "."+d.Extension == path.Ext(name) && d.ContentType != "" })
		if !known && name != "[Content_Types].xml" {
			t.Errorf("part %s has no content type", name)
		}
		if path.Ext(name) != ".png" {
			wellFormed(t, name, part)
		}
	}
	for _, o := range types.Override {
		if parts[strings.TrimPrefix(o.PartName, "/")] == nil {
			t.Errorf("there is no part %s", o.PartName)
		}
	}
	targets := map[string]string{}
	for _, rels := range []string{"_rels/.rels", "word/_rels/document.xml.rels"} {
		var links struct {
			Relationship []struct {
				ID     string `xml:"Id,attr"`
				Target string `xml:",attr"`
			}
		}
		unmarshal(t, parts[rels], &links)
		for _, l := range links.Relationship {
			at := path.Join(path.Dir(path.Dir(rels)), l.Target)
			if parts[at] == nil {
				t.Errorf("%s leads to %s, which is not there", l.ID, at)
			}
			targets[l.ID] = at
		}
	}
	d := xml.NewDecoder(bytes.NewReader(parts["word/document.xml"]))
	var b strings.Builder
	in, cols, cells := false, 0, 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			attr := func(name string) string {
				for _, a := range e.Attr {
					if a.Name.Local == name {
						return a.Value
					}
				}
				return ""
			}
			switch e.Name.Local {
			case "t":
				in = true
			case "br":
				b.WriteByte('\n')
			case "tblGrid":
				cols = 0
			case "gridCol":
				cols++
			case "tr":
				cells = 0
			case "tc":
				cells++
			case "gridSpan":
				n, _ := strconv.Atoi(attr("val"))
				cells += n - 1
			case "blip":
				img, _, err := image.Decode(bytes.NewReader(parts[targets[attr("embed")]]))
				if err != nil {
					t.Fatal(err)
				}
				pictures = append(pictures, img)
			case "footerReference":
				if targets[attr("id")] == "" {
					t.Error("a footer is not there")
				}
			}
		case xml.EndElement:
			switch e.Name.Local {
			case "t":
				in = false
			case "p":
				b.WriteByte('\n')
			case "tr":
				if cells != cols {
					t.Errorf("a row has %d of %d columns", cells, cols)
				}
			}
		case xml.CharData:
			if in {
				b.Write(e)
			}
		}
	}
	return squeezed(b.String()), pictures
}

func unmarshal(t testing.TB, data []byte, v any) {
	t.Helper()
	if err := xml.Unmarshal(data, v); err != nil {
		t.Fatal(err)
	}
}

func wellFormed(t testing.TB, name string, part []byte) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(part))
	d.Strict = true
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}
