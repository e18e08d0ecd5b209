package console

import (
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
	"qingkong/alerts/terms"
)

//go:embed templates
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// sets are the pages, one set of templates each, by language and name. They are parsed at start, so that a template
// that does not parse fails the program and no request.
var sets = map[string]map[string]*template.Template{zh: parse(zh), en: parse(en)}

func parse(lang string) map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(funcs(lang)).ParseFS(templateFiles, "templates/base.html", "templates/parts/*.html"))
	out := map[string]*template.Template{}
	files, err := fs.Glob(templateFiles, "templates/pages/*.html")
	if err != nil {
		panic("console: " + err.Error()) // the pattern is constant
	}
	for _, f := range files {
		set := template.Must(shared.Clone())
		out[strings.TrimSuffix(path.Base(f), ".html")] = template.Must(set.ParseFS(templateFiles, f))
	}
	return out
}

// funcs are what templates may call. Times are Beijing's.
func funcs(lang string) template.FuncMap {
	return template.FuncMap{
		"t":        func(key string, args ...any) string { return word(lang, key, args...) },
		"term":     func(kind terms.Kind, name any) string { return terms.Name(kind, fmt.Sprint(name), lang) },
		"level":    func(l alerts.Level) string { return alerts.LevelName(l, lang) },
		"short":    func(l alerts.Level) string { return terms.ShortLevel(l, lang) },
		"capital":  capital,
		"clock":    clock,
		"until":    until,
		"iso":      func(t any) string { return moment(t).Format(time.RFC3339) },
		"asset":    assetPath,
		"percent":  percent,
		"add":      func(a, b int) int { return a + b },
		"dict":     dict,
		"lines":    func(s string) []string { return strings.Split(strings.TrimSpace(s), "\n") },
		"number":   func(f float64) string { return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0") },
		"hasValue": func(s string) bool { return strings.TrimSpace(s) != "" },
	}
}

// capital is a text with a capital first letter, where its script has capitals.
func capital(text string) string {
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

// moment takes a time or a pointer to one.
func moment(v any) time.Time {
	switch t := v.(type) {
	case time.Time:
		return t.In(alerts.Shanghai())
	case *time.Time:
		if t != nil {
			return t.In(alerts.Shanghai())
		}
	}
	return time.Time{}
}

func clock(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04")
}

// until is the end of a period: the end of a day is its 24:00.
func until(v any) string {
	t := moment(v)
	if t.IsZero() {
		return ""
	}
	if h, m, s := t.Clock(); h+m+s == 0 {
		return t.AddDate(0, 0, -1).Format(time.DateOnly) + " 24:00"
	}
	return clock(t)
}

// percent is a share as a whole number, 1 to 99 unless it is none or all.
func percent(n, of int) int {
	switch {
	case of <= 0 || n <= 0:
		return 0
	case n >= of:
		return 100
	}
	return min(99, max(1, n*100/of))
}

// asset is a static file under a name that changes with its content, so that a browser may keep it for ever.
type asset struct {
	name, media string
	data        []byte
}

// served are the static files that pages use, by the name in templates.
var served = map[string]string{"desk.css": "text/css; charset=utf-8", "desk.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml",
	"htmx-2.0.11.min.js": "text/javascript; charset=utf-8", "htmx-ext-sse-2.2.4.min.js": "text/javascript; charset=utf-8"}

var assets, assetNames = func() (map[string]asset, map[string]string) {
	byName, names := map[string]asset{}, map[string]string{}
	for file, media := range served {
		data, err := staticFiles.ReadFile("static/" + file)
		if err != nil {
			panic("console: " + err.Error()) // embedded, so wrong only when built wrong
		}
		sum := sha256.Sum256(data)
		ext := path.Ext(file)
		a := asset{strings.TrimSuffix(file, ext) + "." + hex.EncodeToString(sum[:6]) + ext, media, data}
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
