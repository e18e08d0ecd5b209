// Package archtest holds the rules of which package may import which, and of how large a file may grow, as a test.
package archtest

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

type arrow struct {
	from string
	to   []string
	why  string
}

type ban struct {
	in, except, of []string
	why            string
}

// everyone may import these.
var everyone = []string{"alerts/refusal", "alerts/terms"}

// check reads every Go file below tree, whatever its build tags, and returns what breaks a rule: one line each,
// with the file, the rule and its reason.
func check(tree fs.FS, module string) ([]string, error) {
	var broken []string
	err := fs.WalkDir(tree, ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if file != "." && ignored(d.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(tree, file)
		if err != nil {
			return err
		}
		found, err := checkFile(file, text, module)
		broken = append(broken, found...)
		return err
	})
	return broken, err
}

// ignored says which directories the go command leaves out as well, and which hold what the program writes.
func ignored(dir string) bool {
	return dir[0] == '.' || dir[0] == '_' || dir == "testdata" || dir == "vendor" || dir == "bin" || dir == "data"
}

func checkFile(file string, text []byte, module string) ([]string, error) {
	var broken []string
	say := func(format string, args ...any) { broken = append(broken, file+": "+fmt.Sprintf(format, args...)) }

	pkg := path.Dir(file)
	test := strings.HasSuffix(file, "_test.go")
	limit := maxLines
	if test {
		limit = maxTestLines
	}
	if n := bytes.Count(text, []byte("\n")); n > limit {
		say("%d lines, at most %d: split it by job", n, limit)
	}
	if root, _, _ := strings.Cut(pkg, "/"); !slices.Contains(roots, root) {
		say("Go code stands in %s only", strings.Join(roots, ", "))
		return broken, nil
	}
	row := slices.IndexFunc(arrows, func(a arrow) bool { return match(a.from, pkg) })
	if row < 0 {
		say("package %s has no row in rules_test.go; add it with what it may import and why", pkg)
		return broken, nil
	}

	syntax, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
	if err != nil {
		return broken, err
	}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return broken, err
		}
		if ours, ok := strings.CutPrefix(imported, module+"/"); ok {
			switch {
			case slices.Contains(testOnly, ours):
				if !test && !slices.Contains(testOnly, pkg) {
					say("must not import %s: it is for tests alone", ours)
				}
			case !mayImport(arrows[row], pkg, ours, test):
				say("must not import %s: %s", ours, arrows[row].why)
			}
			continue
		}
		for _, b := range bans {
			if !test && anyMatch(b.in, pkg) && !anyMatch(b.except, pkg) && anyMatch(b.of, imported) {
				say("must not import %s: %s", imported, b.why)
			}
		}
	}
	return broken, nil
}

// mayImport reports whether a file of pkg may import ours. A test may also read the seeds and what forTests says, and a
// test in a package of its own imports what it tests.
func mayImport(a arrow, pkg, ours string, test bool) bool {
	if slices.Contains(everyone, ours) || anyMatch(a.to, ours) {
		return true
	}
	besides := func(f arrow) bool { return f.from == pkg && anyMatch(f.to, ours) }
	return test && (match("seeds/...", ours) || ours == pkg || slices.ContainsFunc(forTests, besides))
}

func anyMatch(patterns []string, p string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, p) })
}

func match(pattern, p string) bool {
	root, tree := strings.CutSuffix(pattern, "/...")
	return p == root || tree && strings.HasPrefix(p, root+"/")
}
