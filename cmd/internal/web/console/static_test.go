package console

import (
	"crypto/sha256"
	"encoding/hex"
	"html/template"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"qingkong/alerts/refusal"
)

type (
	htmlNode = html.Node
	htmlText = template.HTML
)

// The vendored files are what VERSIONS says they are, and each has its licence beside it.
func TestVendoredFiles(t *testing.T) {
	text, err := staticFiles.ReadFile("static/VERSIONS")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 5 {
			t.Fatalf("want file, package, version, licence file, sha256: %q", line)
		}
		listed[f[0]] = true
		data, err := staticFiles.ReadFile("static/" + f[0])
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f[4] {
			t.Errorf("%s has SHA-256 %x", f[0], sum)
		}
		if !strings.Contains(f[0], f[2]) {
			t.Errorf("%s does not say its version %s", f[0], f[2])
		}
		if licence, err := staticFiles.ReadFile("static/" + f[3]); err != nil || !strings.Contains(string(licence), "Permission to use, copy, modify") {
			t.Errorf("%s: licence %s: %v", f[0], f[3], err)
		}
	}
	files, err := fs.Glob(staticFiles, "static/*.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !listed[strings.TrimPrefix(f, "static/")] {
			t.Errorf("%s is not in VERSIONS", f)
		}
	}
}

func TestStaticIsServedForEver(t *testing.T) {
	w := newWorld(t)
	for file := range served {
		path, err := assetPath(file)
		if err != nil {
			t.Fatal(err)
		}
		r := w.as("", path, nil)
		if r.StatusCode != 200 || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") || r.Header.Get("Content-Type") != served[file] {
			t.Errorf("%s: %d %v", path, r.StatusCode, r.Header)
		}
	}
	w.get(404, "", "/desk/static/desk.css")
	css, err := staticFiles.ReadFile("static/desk.css")
	if err != nil || strings.Contains(string(css), "url(") || strings.Contains(string(css), "@import") {
		t.Errorf("the style sheet loads something: %v", err)
	}
}

var (
	literalKey = regexp.MustCompile(`[{(\s]t "([^"]+)"`)
	goKey      = regexp.MustCompile(`(?:q\.t|word)\((?:q\.lang, |lang, |zh, )?"([^"]+)"[,)]`)
)

// Every word that a template or a page asks for by its name is there, in Chinese and in English.
func TestWords(t *testing.T) {
	keys := map[string]bool{}
	for _, dir := range []string{"templates/*.html", "templates/pages/*.html", "templates/parts/*.html"} {
		files, err := fs.Glob(templateFiles, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			text, err := templateFiles.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range literalKey.FindAllStringSubmatch(string(text), -1) {
				keys[m[1]] = true
			}
		}
	}
	for _, text := range goSources(t) {
		for _, m := range goKey.FindAllStringSubmatch(text, -1) {
			keys[m[1]] = true
		}
	}
	if len(keys) < 150 {
		t.Errorf("only %d keys were found", len(keys))
	}
	for key := range keys {
		if !refusal.Known("desk." + key) {
			t.Errorf("no words for desk.%s", key)
		}
	}
	han := regexp.MustCompile(`\p{Han}`)
	for _, rule := range refusal.Rules() {
		key, own := strings.CutPrefix(rule, "desk.")
		if !own {
			continue
		}
		chinese, english := word(zh, key), word(en, key)
		if chinese == "" || english == "" || han.MatchString(english) {
			t.Errorf("%s: %q, %q", rule, chinese, english)
		}
		if a, b := holes(chinese), holes(english); a != b {
			t.Errorf("%s: Chinese fills %s, English %s", rule, a, b)
		}
	}
}

// holes are the names that a text leaves to be filled in, each once.
func holes(text string) string {
	seen := map[string]bool{}
	for _, m := range regexp.MustCompile(`\{[a-z_]+\}`).FindAllString(text, -1) {
		seen[m] = true
	}
	return strings.Join(sortedSet(seen), " ")
}

func sortedSet(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

// goSources are the texts of this package's own files.
func goSources(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(text))
	}
	return out
}
