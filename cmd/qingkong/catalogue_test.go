package main

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

	"qingkong/alerts/refusal"
)

// This package links every other one, and so its tests see the whole catalogue.

// Whatever a package says is registered, and whatever is registered is said. A rule is written out, perhaps without the
// prefix that its package gives to its own, or it is put together around a name that stands elsewhere, like that of a
// state.
func TestEveryRuleIsRegisteredAndSaid(t *testing.T) {
	s := sourceOf(t)
	for _, rule := range refusal.Rules() {
		if !s.says(strings.TrimSuffix(rule, ".remedy")) {
			t.Errorf("%s: nothing says it", rule)
		}
	}
	for _, a := range s.asked {
		if !slices.ContainsFunc(append(ownPrefixes[a.dir], ""), func(p string) bool { return refusal.Known(p + a.rule) }) {
			t.Errorf("%s: %s is not registered", a.dir, a.rule)
		}
	}
	if len(s.asked) < 1200 {
		t.Errorf("only %d rules are asked for by name", len(s.asked))
	}
}

// Both languages of a rule are there and name the same values, or one reader is told less than the other. Chinese text
// has no English in it, nor English Chinese, but for what has one form everywhere.
func TestEveryRuleSpeaksBothLanguages(t *testing.T) {
	s := sourceOf(t)
	for _, rule := range refusal.Rules() {
		zh, en := refusal.Text(rule, "zh-CN", nil), refusal.Text(rule, "en", nil)
		if a, b := valuesOf(zh), valuesOf(en); zh == "" || en == "" || !slices.Equal(a, b) {
			t.Errorf("%s: %q names %q and %q names %q", rule, zh, a, en, b)
		}
		for _, word := range latin.FindAllString(flagged.ReplaceAllString(value.ReplaceAllString(zh, "，"), "，"), -1) {
			if word = strings.Trim(word, "-.:/"); !notEnglish.MatchString(word) && !s.names[word] {
				t.Errorf("%s: %q is no Chinese: %s", rule, word, zh)
			}
		}
		if words := han.FindAllString(en, -1); len(words) > 0 && !notChinese.MatchString(rule) {
			t.Errorf("%s: %q is no English: %s", rule, words, en)
		}
	}
}

// A fixed name has its word in the vocabulary alone: no other rules name three or more of a kind in a word each. What
// is said around a name, a sentence or the text of a button, is another text than the name.
func TestFixedNamesAreWordedOnce(t *testing.T) {
	kinds := map[string][]string{}
	for _, name := range namesOf("name.") {
		kind, name, _ := strings.Cut(name, ".")
		kinds[kind] = append(kinds[kind], name)
	}
	groups := map[string][]string{}
	for _, rule := range refusal.Rules() {
		if i := strings.LastIndexByte(rule, '.'); i > 0 && !strings.HasPrefix(rule, "name.") {
			groups[rule[:i]] = append(groups[rule[:i]], rule[i+1:])
		}
	}
	for group, members := range groups {
		for kind, names := range kinds {
			var same []string
			for _, name := range members {
				if rule := group + "." + name; slices.Contains(names, name) && notAName[group] == "" &&
					len([]rune(refusal.Text(rule, "zh-CN", nil))) <= 6 {
					same = append(same, name)
				}
			}
			if len(same) >= min(3, len(names)) {
				t.Errorf("%s.* words %q again, which are names of kind %s", group, same, kind)
			}
		}
	}
}

// notAName are groups of short texts that end in names and say more than these.
var notAName = map[string]string{
	"desk.flag":       "what a reading's flag says, in letters that grades have too",
	"desk.done.visit": "what was just done about a task, to who did it",
	"desk.done":       "what was just done, to who did it",
	"desk.go":         "what a button leads to",
	"desk.go.follow":  "what a button does about a proposal",
	"desk.title.act":  "the title of an act's form",
	"desk.inspected":  "the head of a column of sums",
}

var (
	value = regexp.MustCompile(`\{[a-z_0-9]+\}`)
	// flagged are the flags of a command line.
	flagged = regexp.MustCompile(`[ （]--?[a-z][a-z-]*`)
	latin   = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_./:@+-]*`)
	han     = regexp.MustCompile(`\p{Han}+`)

	// What has one form in Chinese text too, besides the names of the interface: abbreviations, codes and formulas;
	// addresses, files and times; units; and these names and commands.
	notEnglish = regexp.MustCompile(`^([A-Z0-9]+[A-Z0-9/.+-]*|NOx|HCl|VOCs|GB/T|O3_[18]h|.*[/.:].*|T[0-9].*|[µm]?g|kg|t|h|d|m|` +
		`Excel|Word|Modbus|every|chmod|openssl|pkey|rand|subjectAltName|readyz|help|xls|tianjin-emc)$`)
	// What English text has of the workbook, in whose words everybody writes the list.
	notChinese = regexp.MustCompile(`^(list\..*|plan\.no_pit|class\.unknown|judge\.holidays)$`)
)

func valuesOf(text string) []string {
	return slices.Compact(slices.Sorted(slices.Values(value.FindAllString(text, -1))))
}

// ownPrefixes are what packages put before the rules that they name.
var ownPrefixes = map[string][]string{
	"alerts":                        {"explain.", "set_aside.", "set_aside.short."},
	"cmd/internal/papers":           {"papers."},
	"cmd/internal/web":              {"watch."},
	"cmd/internal/desk":             {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/frame":       {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/self":        {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/warnings":    {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/orders":      {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/lists":       {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/plants":      {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/stations":    {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/monitoring":  {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/internal/desk/inspections": {"desk.", "desk.title.", "desk.done.", "watch."},
	"cmd/qingkong":                  {"cli.member."},
	"reductionlist/allocate":        {"allocate.limit."},
}

// source is what the code and its templates write out.
type source struct {
	takes map[string]int   // the functions that take a rule, by where they are known and name: as which argument
	asked []askedFor       // the rules that are handed to one of these, or stand in a refusal
	rules map[string]bool  // every text with a prefix of its package
	forms []*regexp.Regexp // texts that are put together; what varies is a group
	names map[string]bool  // those of the interface: members, values, commands, flags, keys
}

type askedFor struct{ dir, rule string }

// says reports whether a rule stands in the source, or can be put together of what does.
func (s *source) says(rule string) bool {
	return s.rules[rule] || slices.ContainsFunc(s.forms, func(form *regexp.Regexp) bool {
		parts := form.FindStringSubmatch(rule)
		return len(parts) > 1 && !slices.ContainsFunc(parts[1:], func(part string) bool {
			return !number.MatchString(part) && (part == rule || !s.says(part))
		})
	})
}

var (
	number     = regexp.MustCompile(`^[0-9]+$`)
	ruleForm   = regexp.MustCompile(`^[a-z_]+(\.[A-Za-z0-9_-]+)+$`)
	action     = regexp.MustCompile(`\{\{.*?\}\}`)
	inTag      = regexp.MustCompile(`(?:json|yaml):"([a-z0-9_]+)`)
	inTemplate = regexp.MustCompile(`(\bt |\btemplate "words" )?"([^"]*)"`)
)

func sourceOf(t *testing.T) *source {
	t.Helper()
	s := &source{takes: map[string]int{"cmd/internal/web/console.t": 0, "cmd/internal/web/console.word": 1, "New": 1},
		rules: map[string]bool{}, names: map[string]bool{}}
	files := map[string]*ast.File{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git") {
			return fs.SkipDir
		}
		switch filepath.Ext(path) {
		case ".go":
			if files[path], err = parser.ParseFile(token.NewFileSet(), path, nil, 0); err == nil {
				s.takers(path, files[path])
			}
		case ".html":
			var text []byte
			text, err = os.ReadFile(path)
			for _, part := range action.FindAllString(string(text), -1) {
				for _, m := range inTemplate.FindAllStringSubmatch(part, -1) {
					s.add(dirOf(path), m[2], m[1] != "")
				}
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, file := range files {
		s.read(path, dirOf(path), file)
	}
	return s
}

func dirOf(path string) string {
	dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "../../")
	dir, _, _ = strings.Cut(dir, "/templates")
	return dir
}

// takers notes the functions of a file that have a parameter called rule: one that is exported may be called from
// anywhere, another one of the package in it, one that a variable holds in this file.
func (s *source) takers(path string, file *ast.File) {
	note := func(name string, f *ast.FuncType) {
		i := 0
		for _, field := range f.Params.List {
			for _, param := range field.Names {
				if param.Name == "rule" {
					s.takes[name] = i
				}
				i++
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			name := n.Name.Name
			if !n.Name.IsExported() {
				name = dirOf(path) + "." + name
			}
			note(name, n.Type)
		case *ast.AssignStmt:
			if f, ok := n.Rhs[0].(*ast.FuncLit); ok {
				if name, ok := n.Lhs[0].(*ast.Ident); ok {
					note(path+"."+name.Name, f.Type)
				}
			}
		}
		return true
	})
}

func (s *source) read(path, dir string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
			}
			if name == "Register" {
				return false
			}
			if name == "Sprint" {
				joined := ""
				for _, part := range n.Args {
					joined += sum(part)
				}
				s.add(dir, joined, false)
			}
			for _, scope := range []string{path + ".", dir + ".", ""} {
				if i, ok := s.takes[scope+name]; ok && i < len(n.Args) {
					s.add(dir, text(n.Args[i]), true)
					break
				}
			}
		case *ast.KeyValueExpr:
			switch {
			case isIdent(n.Key, "Rule"):
				s.add(dir, text(n.Value), true)
			case isIdent(n.Key, "Use"), isIdent(n.Key, "use"): // of a command
				name, _, _ := strings.Cut(text(n.Value), " ")
				s.names[name] = true
			}
		case *ast.BinaryExpr:
			if n.Op == token.ADD {
				s.add(dir, sum(n), false)
			}
		case *ast.BasicLit:
			s.add(dir, text(n), false)
			s.names[text(n)] = true
			if tag := inTag.FindStringSubmatch(n.Value); tag != nil {
				s.names[tag[1]] = true
			}
		}
		return true
	})
}

func (s *source) add(dir, text string, asked bool) {
	if _, key, done := strings.Cut(text, "?done="); done { // where a form leads, with the words that it shows there
		s.add(dir, key, asked)
	}
	text = strings.ReplaceAll(text, "%d", "%s")
	parts := strings.Count(text, "%s")
	for _, p := range append(ownPrefixes[dir], "") {
		switch {
		case parts == 0:
			s.rules[p+text] = true
		case len(text) > 2*parts+2: // more than what holds its parts together
			form := strings.ReplaceAll(regexp.QuoteMeta(p+text), "%s", `([\w-]+?(?:\.[\w-]+){0,2}?)`)
			s.forms = append(s.forms, regexp.MustCompile("^"+form+"$"))
		}
	}
	if asked && parts == 0 && (ruleForm.MatchString(text) || text != "" && dir == "cmd/internal/web/console") {
		s.asked = append(s.asked, askedFor{dir, text})
	}
}

// sum is what texts add up to, with %s for a part that is not written out.
func sum(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return sum(e.X) + sum(e.Y)
	case *ast.BasicLit:
		if s, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return s
		}
	}
	return "%s"
}
