package desk_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"qingkong/cmd/internal/desk/frame"

	"qingkong/alerts/refusal"
)

var (
	literalKey = regexp.MustCompile(`[{(\s]t "([^"]+)"`)
	goKey      = regexp.MustCompile(`(?:q\.T|[wW]ord)\((?:q\.Lang, |view\.Lang, |lang, |ZH, |frame\.ZH, )?"([^"]+)"[,)]`)
)

// Every word that a template or a page asks for by its name is there, in Chinese and in English.
func TestWords(t *testing.T) {
	keys := map[string]bool{}
	for _, text := range sources(t, ".html") {
		for _, m := range literalKey.FindAllStringSubmatch(text, -1) {
			keys[m[1]] = true
		}
	}
	for _, text := range sources(t, ".go") {
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
		chinese, english := frame.Word(frame.ZH, key), frame.Word(frame.EN, key)
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

// sources are the texts of the desk's own files of a kind.
func sources(t *testing.T, ext string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ext || strings.HasSuffix(name, "_test.go") {
			return err
		}
		text, err := os.ReadFile(name)
		out = append(out, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// All areas share their templates, so a part has a name of its own.
func TestPartsAreNamedOnce(t *testing.T) {
	seen := map[string]bool{"main": false}
	for _, text := range sources(t, ".html") {
		for _, m := range regexp.MustCompile(`define "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if seen[m[1]] {
				t.Errorf("the part %s stands twice", m[1])
			}
			seen[m[1]] = m[1] != "main"
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d parts were found", len(seen))
	}
}
