package papers

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"strings"

	"qingkong/alerts/refusal"
)

var (
	//go:embed templates/*.html templates/*.css
	files embed.FS

	style = func() string {
		css, err := files.ReadFile("templates/paper.css")
		if err != nil {
			panic("papers: " + err.Error()) // embedded
		}
		return string(css)
	}()

	pages = template.Must(template.New("").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, // #nosec G203 -- it is embedded
	}).ParseFS(files, "templates/*.html"))
)

// Policy is a Content-Security-Policy under which a page of this package looks as it should: nothing is loaded, no
// script runs, and the one style is its own.
var Policy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// writePage writes a template. Marks that turn the direction of writing are shown, so that no name on a paper reads as
// another.
func writePage(w io.Writer, name string, view any) error {
	return pages.ExecuteTemplate(refusal.VisibleWriter(w), name, view)
}

// HTML writes the paper as one page that prints on its own.
func (d *Document) HTML(w io.Writer) error {
	return writePage(w, "document.html", struct {
		Title, Lang, Class string
		Sections           []section
	}{d.Title, d.Lang, d.class, d.sections})
}

// What the template reads of the parts of a document.

// Paper is the section's class: its size of page.
func (s section) Paper() string { return s.paper.Name }

// Blocks are its contents.
func (s section) Blocks() []block { return s.blocks }

// Look is what the block is.
func (b block) Look() string { return string(b.kind) }

// Runs are its text.
func (b block) Runs() []run { return b.runs }

// Table is nil for text.
func (b block) Table() *table { return b.table }

// Lines are the lines of the run.
func (r run) Lines() []string { return r.lines() }

// HeadRows are the rows repeated on each page, and BodyRows the others.
func (t *table) HeadRows() [][]cell { return t.Rows[:t.Head] }

// BodyRows are the rows that stand once.
func (t *table) BodyRows() [][]cell { return t.Rows[t.Head:] }

// Class is how the cell looks.
func (c cell) Class() string {
	var names []string
	for _, look := range []struct {
		name string
		has  bool
	}{{"hand", c.Hand}, {"tall", c.Tall}, {"mid", c.Mid}} {
		if look.has {
			names = append(names, look.name)
		}
	}
	if c.Fill != fillNone {
		names = append(names, "level-"+string(c.Fill))
	}
	return strings.Join(names, " ")
}
