package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
)

// The vocabulary has each name that the code gives, and no other. The names are read out of the packages that define
// them, so that a new one cannot be forgotten.
func TestVocabularyHasTheNamesOfTheCode(t *testing.T) {
	alerts, notify, list := typedConstants(t, "../../alerts"), typedConstants(t, "../../notify"),
		typedConstants(t, "../../reductionlist")
	var roles, orders []string
	for _, r := range calls.Roles() {
		roles = append(roles, string(r))
	}
	axes := stringLists(t, "../../notify")
	for _, axis := range []string{"deliveryNames", "answerNames", "executionNames", "verdictNames", "stateNames"} {
		orders = append(orders, axes[axis]...)
	}
	if n := len(orders); len(slices.Compact(slices.Sorted(slices.Values(orders)))) != n {
		t.Errorf("two axes of an order have a name in common: %q", orders)
	}
	want := map[terms.Kind][]string{
		terms.Level:         alerts["Level"],
		terms.Trigger:       alerts["Trigger"],
		terms.WarningState:  alerts["State"],
		terms.WarningEvent:  historyWords(t, "../../alerts"),
		terms.WarningAct:    alerts["act"],
		terms.Pending:       {"start", "raise", "revise"},
		terms.Proposal:      alerts["ProposalKind"],
		terms.ProposalState: alerts["ProposalState"],
		terms.Pollutant:     append(typedConstants(t, "../../alerts/aqi")["Pollutant"], "aqi"),
		terms.Emission:      {"so2", "nox", "pm", "hcl"},
		terms.RecipientType: list["Type"],
		terms.Grade:         list["Grade"],
		terms.Category:      list["Category"],
		terms.Action:        list["Action"],
		terms.Source:        list["Source"],
		terms.Quantity:      list["QuantityKind"],
		terms.ListState:     {"draft", "approved", "active", "replaced"},
		terms.ListStatus:    list["Status"],
		terms.ListEvent:     {"begun", "approved", "activated"},
		terms.ListDue:       {"added", "amended", "retired"},
		terms.OrderEvent:    {"issued", "revised", "released"},
		terms.OrderState:    append(orders, "release_waiting", "release_received"),
		terms.OrderAct:      notify["Action"],
		terms.CallOutcome:   notify["CallOutcome"],
		terms.Release:       notify["ReleaseKind"],
		terms.Decision:      {"accept", "reject", "amend"},
		terms.TaskState:     typedConstants(t, "../../notify/compliance")["TaskState"],
		terms.TaskOrigin:    typedConstants(t, "../../notify/compliance")["TaskOrigin"],
		terms.Disposition:   typedConstants(t, "../../notify/compliance/inspect")["Disposition"],
		terms.Inspected:     typedConstants(t, "../../notify/compliance/inspect")["Result"],
		terms.Item:          typedConstants(t, "../../notify/compliance/inspect")["ItemResult"],
		terms.Entry:         namesOf(terms.Rule(terms.Entry, "")), // held to the kinds in cmd/internal/service
		terms.Role:          roles,
		terms.Act:           calls.Acts(),
	}
	for _, kind := range typedConstants(t, "../../alerts/terms")["Kind"] {
		names := slices.Compact(slices.Sorted(slices.Values(want[terms.Kind(kind)])))
		if have := namesOf(terms.Rule(terms.Kind(kind), "")); len(names) < 3 || !slices.Equal(have, names) {
			t.Errorf("%s: the vocabulary has %q, the code %q", kind, have, names)
		}
	}
	for _, name := range namesOf("name.") {
		if kind, _, _ := strings.Cut(name, "."); want[terms.Kind(kind)] == nil {
			t.Errorf("name.%s is of no kind", name)
		}
	}
}

// Every member that a command shows has a label, and none is left that no command shows.
func TestMembersHaveLabels(t *testing.T) {
	shown := map[string]bool{}
	eachFile(t, ".", func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if n.Type != nil && isIdent(n.Type, "members") {
					for _, e := range n.Elts {
						shown[text(e)] = true
					}
				}
			case *ast.CallExpr:
				if isIdent(n.Fun, "headOf") && n.Ellipsis == token.NoPos {
					for _, arg := range n.Args {
						shown[text(arg)] = true
					}
				}
			case *ast.BasicLit:
				if name, ok := strings.CutPrefix(text(n), "cli.member."); ok && name != "" {
					shown[name] = true
				}
			}
			return true
		})
	})
	labels := namesOf("cli.member.")
	for _, name := range labels {
		if !shown[name] {
			t.Errorf("cli.member.%s: no command shows it", name)
		}
		delete(shown, name)
	}
	for name := range shown {
		t.Errorf("%s is shown without a label", name)
	}
}

func eachFile(t *testing.T, dir string, see func(*ast.File)) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		see(file)
	}
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// text is a string literal's value, or "".
func text(e ast.Expr) string {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if s, err := strconv.Unquote(lit.Value); err == nil {
			return s
		}
	}
	return ""
}

// typedConstants are the constants of each string type.
func typedConstants(t *testing.T, dir string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	eachFile(t, dir, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if kind, ok := spec.Type.(*ast.Ident); ok && text(spec.Values[0]) != "" {
					found[kind.Name] = append(found[kind.Name], text(spec.Values[0]))
				}
			}
			return true
		})
	})
	return found
}

// stringLists are the variables that list strings.
func stringLists(t *testing.T, dir string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	eachFile(t, dir, func(file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if list, ok := spec.Values[0].(*ast.CompositeLit); ok {
					for _, e := range list.Elts {
						found[spec.Names[0].Name] = append(found[spec.Names[0].Name], text(e))
					}
				}
			}
			return true
		})
	})
	return found
}

// historyWords are what the events of warnings call themselves in a warning's history: the second result of their
// change methods, which may ask direction or endedAs, and what an entry is written with by itself.
func historyWords(t *testing.T, dir string) (words []string) {
	t.Helper()
	place := map[string]int{"change": 1, "direction": 0, "endedAs": 0}
	eachFile(t, dir, func(file *ast.File) {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if kv, ok := n.(*ast.KeyValueExpr); ok {
					if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Event" && text(kv.Value) != "" {
						words = append(words, text(kv.Value))
					}
				}
				return true
			})
			i, ok := place[f.Name.Name]
			if !ok {
				continue
			}
			ast.Inspect(f.Body, func(n ast.Node) bool {
				if r, ok := n.(*ast.ReturnStmt); ok && len(r.Results) > i {
					word := r.Results[i]
					if call, ok := word.(*ast.CallExpr); ok && isIdent(call.Fun, "endedAs") {
						word = call.Args[0]
					}
					if w := text(word); w != "" {
						words = append(words, w)
					}
				}
				return true
			})
		}
	})
	return words
}
