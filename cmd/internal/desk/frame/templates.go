package frame

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/scripts"
)

//go:embed static
var staticFiles embed.FS

// Templates are the templates of pages, a set for each, and under "" those of the parts of pages, by language and name.
type Templates map[string]map[string]*template.Template

// Parse reads the templates of the frame and of all areas: templates/pages, a file each, and templates/parts, which all
// pages may use.
func Parse(files fs.FS) Templates {
	pages, err := fs.Glob(files, "*/templates/pages/*.html")
	if err != nil {
		panic("desk: " + err.Error()) // the pattern is constant
	}
	out := Templates{}
	for _, lang := range []string{ZH, EN} {
		shared := template.Must(template.New("").Funcs(funcs(lang)).ParseFS(files, "frame/templates/base.html",
			"*/templates/parts/*.html"))
		out[lang] = map[string]*template.Template{"": shared}
		for _, f := range pages {
			page := template.Must(template.Must(shared.Clone()).ParseFS(files, f))
			out[lang][strings.TrimSuffix(path.Base(f), ".html")] = page
		}
	}
	return out
}

func (t Templates) page(lang, name string, view any) ([]byte, error) {
	var b bytes.Buffer
	err := t[lang][name].ExecuteTemplate(refusal.VisibleWriter(&b), "base", view)
	return b.Bytes(), err
}

// HTML renders one of the parts of pages.
func (q *Request) HTML(part string, view any) (template.HTML, error) {
	var b bytes.Buffer
	err := q.frame.templates[q.Lang][""].ExecuteTemplate(refusal.VisibleWriter(&b), part, view)
	return template.HTML(b.String()), err // #nosec G203 -- a template of ours has made it, which escapes
}

// funcs are what templates may call. They show times in Beijing time.
func funcs(lang string) template.FuncMap {
	return template.FuncMap{
		"t":        func(key string, args ...any) string { return Word(lang, key, args...) },
		"term":     func(kind terms.Kind, name any) string { return terms.Name(kind, fmt.Sprint(name), lang) },
		"lang":     func() string { return lang },
		"level":    func(l alerts.Level) string { return alerts.LevelName(l, lang) },
		"capital":  Capital,
		"clock":    Clock,
		"exact":    Exact,
		"until":    Until,
		"iso":      func(t any) string { return moment(t).Format(time.RFC3339) },
		"asset":    assetPath,
		"add":      func(a, b int) int { return a + b },
		"dict":     dict,
		"hasValue": func(s string) bool { return strings.TrimSpace(s) != "" },
	}
}

// Capital is a text with a capital first letter, where its script has capitals.
func Capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:]
}

func dict(pairs ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// asset is a static file. Its name changes with its content, so that a browser may keep it for ever.
type asset struct {
	name, media string
	data        []byte
}

// The media types of static files, and their names as templates use them: modules of script each behind those that it loads.
var (
	mediaTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
	assetFiles = append([]string{"desk.css", "icon.svg", "htmx-2.0.11.min.js", "htmx-ext-sse-2.2.4.min.js", "live.js", "desk.js"},
		append(scripts.Modules, "handin.js")...)
)

var assets, assetNames = func() (map[string]asset, map[string]string) {
	byName, names := map[string]asset{}, map[string]string{}
	for _, file := range assetFiles {
		text, shared := scripts.Read(file)
		if !shared {
			data, err := staticFiles.ReadFile("static/" + file)
			if err != nil {
				panic("desk: " + err.Error()) // embedded, so wrong only when built wrong
			}
			text = string(data)
		}
		data := []byte(scripts.Linked(text, names))
		sum := sha256.Sum256(data)
		ext := path.Ext(file)
		a := asset{strings.TrimSuffix(file, ext) + "." + hex.EncodeToString(sum[:6]) + ext, mediaTypes[ext], data}
		byName[a.name], names[file] = a, a.name
	}
	return byName, names
}()

func assetPath(file string) (string, error) {
	name, ok := assetNames[file]
	if !ok {
		return "", fmt.Errorf("no static file %s", file)
	}
	return "/desk/static/" + name, nil
}
