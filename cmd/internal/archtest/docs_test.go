package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const top = "../../.."

// read is a file of the project as text.
func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	cited    = regexp.MustCompile(`\b(design|contract|domain|security|roles)\.md((?:,? (?:and )?§[0-9.]*[0-9])*)`)
	section  = regexp.MustCompile(`[0-9][0-9.]*`)
	heading  = regexp.MustCompile(`(?m)^#+ ([0-9][0-9.]*[0-9]|[0-9])\b`)
	docsLink = regexp.MustCompile(`\]\(([^)#: ]+)(?:#[^)]*)?\)`)
	goPath   = regexp.MustCompile("`((?:alerts|cmd|docs|notify|reductionlist|seeds)/[^` ]*)`")
)

// What the source says stands in a document stands there: "contract.md §3, §4" has two sections of that page.
func TestCitedSectionsAreThere(t *testing.T) {
	sections := map[string][]string{}
	for _, name := range []string{"design", "contract", "domain", "security", "roles"} {
		for _, m := range heading.FindAllStringSubmatch(read(t, "docs/"+name+".md"), -1) {
			sections[name] = append(sections[name], m[1])
		}
	}
	found := 0
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && path != top && ignored(d.Name()) {
			return fs.SkipDir
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".go" && ext != ".md" && ext != ".yaml" {
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range cited.FindAllStringSubmatch(string(text), -1) {
			for _, n := range section.FindAllString(m[2], -1) {
				if found++; !slices.Contains(sections[m[1]], n) {
					t.Errorf("%s cites %s.md §%s, which is not there", path, m[1], n)
				}
			}
		}
		return err
	})
	if err != nil || found < 50 {
		t.Errorf("%d citations found, %v", found, err)
	}
}

// Links between the documents lead somewhere, and so do the paths of which lists of files are made.
func TestDocumentsNameWhatIsThere(t *testing.T) {
	documents := []string{"README.md", "CONTRIBUTING.md"}
	for _, pattern := range []string{"docs/*.md", "docs/adr/*.md"} {
		more, err := filepath.Glob(filepath.Join(top, filepath.FromSlash(pattern)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range more {
			rel, err := filepath.Rel(top, name)
			if err != nil {
				t.Fatal(err)
			}
			documents = append(documents, filepath.ToSlash(rel))
		}
	}
	for _, name := range documents {
		text := read(t, name)
		for _, m := range docsLink.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join(top, filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
		for line := range strings.Lines(text) {
			if strings.Contains(strings.ToLower(line), "planned") {
				continue
			}
			for _, m := range goPath.FindAllStringSubmatch(line, -1) {
				if _, err := os.Stat(filepath.Join(top, m[1])); err != nil && !strings.ContainsAny(m[1], "…{<*") {
					t.Errorf("%s names %s, which is not there", name, m[1])
				}
			}
		}
	}
}

var callRow = regexp.MustCompile("(?m)^\\| `([A-Z]+) (/[^` ?]*)`( at the root)? \\|")

// docs/contract.md has every call and no other. That permissions.txt has them its own test sees to.
func TestTheContractHasEveryCall(t *testing.T) {
	const prefix = "/api/v1"
	want := map[string]bool{}
	for line := range strings.Lines(read(t, "cmd/internal/web/testdata/permissions.txt")) {
		if f := strings.Fields(line); len(f) > 2 && f[0] != "#" && strings.HasPrefix(f[1], "/") {
			want[f[0]+" "+f[1]] = true
		}
	}
	got := map[string]bool{}
	for _, m := range callRow.FindAllStringSubmatch(read(t, "docs/contract.md"), -1) {
		call := m[1] + " " + prefix + m[2]
		if m[3] != "" {
			call = m[1] + " " + m[2]
		}
		if got[call] {
			t.Errorf("docs/contract.md has %s twice", call)
		}
		got[call] = true
		if !want[call] {
			t.Errorf("docs/contract.md has %s, which no route is", call)
		}
	}
	for call := range want {
		if !got[call] {
			t.Errorf("docs/contract.md lacks %s", call)
		}
	}
}

// The codes of refusals and the names of checks stand in docs/contract.md.
func TestTheContractHasEveryCodeAndCheck(t *testing.T) {
	contract := read(t, "docs/contract.md")
	codes := constants(t, "alerts/refusal/refusal.go", "NotReady")
	for _, code := range codes {
		if !strings.Contains(contract, "\n| `"+code+"` | ") {
			t.Errorf("docs/contract.md lacks the code %s", code)
		}
	}
	_, checks, _ := strings.Cut(contract, "\nChecks of ")
	checks, _, _ = strings.Cut(checks, "\n\n")
	for _, check := range append(constants(t, "cmd/internal/watch/report.go", "Writer"), "start") {
		if !strings.Contains(checks, "`"+check+"`") {
			t.Errorf("docs/contract.md lacks the check %s", check)
		}
	}
}

// constants are the texts of the group of constants in which one has that name.
func constants(t *testing.T, file, name string) (texts []string) {
	t.Helper()
	syntax, err := parser.ParseFile(token.NewFileSet(), file, read(t, file), parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range syntax.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.CONST {
			continue
		}
		var all []string
		here := false
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			here = here || value.Names[0].Name == name
			for _, v := range value.Values {
				if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, err := strconv.Unquote(lit.Value)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, text)
				}
			}
		}
		if here {
			return all
		}
	}
	t.Fatalf("%s has no group of constants with %s", file, name)
	return nil
}
