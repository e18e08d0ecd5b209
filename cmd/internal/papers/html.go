package papers

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"

	"qingkong/alerts/refusal"
)

var (
	//go:embed templates/*.html
	files embed.FS

	//go:embed templates/paper.css
	style string

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

// writePage writes a template. It shows marks that turn the direction of writing, so that no name on a paper reads as
// another.
func writePage(w io.Writer, name string, view any) error {
	return pages.ExecuteTemplate(refusal.VisibleWriter(w), name, view)
}
