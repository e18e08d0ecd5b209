package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	namedTest = regexp.MustCompile(`\bTest[A-Z]\w*`)
	testFunc  = regexp.MustCompile(`(?m)^func (Test[A-Z]\w*)\(`)
)

// docs/security.md says of what holds by which test that is known. Each of these tests is there, and enough are named
// that the document proves something.
func TestWhatSecurityNamesIsTested(t *testing.T) {
	top := filepath.Join("..", "..", "..")
	text, err := os.ReadFile(filepath.Join(top, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	err = filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllSubmatch(source, -1) {
			there[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range namedTest.FindAllString(string(text), -1) {
		if named[name] = true; !there[name] {
			t.Errorf("docs/security.md names %s, which no package has", name)
		}
	}
	if len(named) < 4 {
		t.Errorf("docs/security.md names %d tests", len(named))
	}
}
