package service

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/journal"
)

// testdata/events holds the recorded form of every kind of event, byte for byte. A file that is there is never changed:
// records hold what it holds. `go test ./cmd/internal/service -run Events -update` writes the files that are missing,
// and no other.
var update = flag.Bool("update", false, "write the golden files of events that are missing")

const goldenEvents = "testdata/events"

// rule is what to do where a test finds a frozen form changed.
const rule = `
Records hold this form, so the file is not to be changed. The rule is in the package comment of cmd/internal/journal:
  - a new member is left out while it is zero (omitempty, omitzero); show it in an example of another name, for which
    -update writes a new file;
  - anything else is a new kind, with an Older in the module that lifts the recorded form to it.`

// example is an event as it is recorded. The file of a kind's first example has no name; those with the name "min" show
// what is left out.
type example struct {
	name  string
	event journal.Event
}

func (e example) file() string {
	if e.name == "" {
		return e.event.Kind() + ".json"
	}
	return e.event.Kind() + "." + e.name + ".json"
}

func examples() []example {
	return slices.Concat(airEvents(), warningEvents(), orderEvents(), otherEvents(), personEvents(),
		stationEvents(), findingEvents(), ledgerEvents(), inspectionEvents())
}

// at is a time as it is read from the record.
func at(text string) (t time.Time) {
	if err := t.UnmarshalJSON([]byte(`"` + text + `"`)); err != nil {
		panic(err)
	}
	return t
}

func registry() *journal.Registry {
	return Registry(Settings{Region: "120111", Alerts: alerts.DefaultSettings(), RepeatFirst: time.Minute,
		RepeatMax: 30 * time.Minute})
}

// What today's program records of an event is what the file holds, and the file is read as that event.
func TestEventsKeepTheirForm(t *testing.T) {
	reg, seen := registry(), map[string]bool{}
	for _, e := range examples() {
		t.Run(strings.TrimSuffix(e.file(), ".json"), func(t *testing.T) {
			if seen[e.file()] {
				t.Fatalf("two examples for %s", e.file())
			}
			seen[e.file()] = true
			now, err := journal.Encode(e.event)
			if err != nil {
				t.Fatal(err)
			}
			frozen := golden(t, e.file(), now)
			if !bytes.Equal(now, frozen) {
				t.Errorf("recorded as\n%s\nand frozen as\n%s%s", now, frozen, rule)
			}
			got, err := reg.Decode(e.event.Kind(), frozen)
			if err != nil {
				t.Fatalf("%v%s", err, rule)
			}
			if !reflect.DeepEqual(got, e.event) {
				t.Errorf("read as\n%+v, want\n%+v%s", got, e.event, rule)
			}
		})
	}
	files, err := os.ReadDir(goldenEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !seen[f.Name()] {
			readsOlder(t, reg, f.Name())
		}
	}
}

// golden reads a golden file, and with -update writes one that is missing.
func golden(t *testing.T, name string, now []byte) []byte {
	t.Helper()
	path := filepath.Join(goldenEvents, name)
	frozen, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && *update {
		if err := os.MkdirAll(goldenEvents, 0o755); err != nil {
			t.Fatal(err)
		}
		frozen, err = now, os.WriteFile(path, now, 0o644)
	}
	if err != nil {
		t.Fatalf("%v (a new example: run `go test ./cmd/internal/service -run Events -update`)", err)
	}
	return frozen
}

// readsOlder reads the file of a kind that no example shows, since it is no longer recorded: it is lifted.
func readsOlder(t *testing.T, reg *journal.Registry, name string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenEvents, name))
	if err != nil {
		t.Fatal(err)
	}
	kind := strings.TrimSuffix(name, ".json")
	ev, err := reg.Decode(kind, data)
	if dot := strings.LastIndexByte(kind, '.'); err != nil && dot > 0 {
		kind = kind[:dot]
		ev, err = reg.Decode(kind, data)
	}
	switch {
	case err != nil:
		t.Errorf("%s can no longer be read: %v%s", name, err, rule)
	case ev.Kind() == kind:
		t.Errorf("%s is frozen and no example shows it: put the example back", name)
	}
}

// Every kind that the sources name has an example, and between the examples of a kind no member is always zero.
func TestEventsAreShownWhole(t *testing.T) {
	shown := map[string]filled{}
	for _, e := range examples() {
		kind := e.event.Kind()
		if shown[kind] == nil {
			shown[kind] = filled{}
		}
		shown[kind].see(reflect.ValueOf(e.event))
	}
	kinds := kindsInSources(t)
	for _, kind := range kinds {
		if shown[kind] == nil {
			t.Errorf("no example of %s: add a full one (and one named \"min\" when members may be left out) and run -update", kind)
		}
	}
	for kind, members := range shown {
		if !slices.Contains(kinds, kind) {
			t.Errorf("the sources do not name %s", kind)
		}
		for member, set := range members {
			if !set && !neverRecorded[member] {
				t.Errorf("%s: no example sets %s: add an example of another name that does, and leave the others as they are", kind,
					member)
			}
		}
	}
}

// Every kind of event has a word in the vocabulary, one that is no longer recorded too, and no word is of no kind: whoever
// is told of an entry is told what it is.
func TestEventsHaveWords(t *testing.T) {
	kinds := kindsInSources(t)
	files, err := os.ReadDir(goldenEvents)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		kind := strings.TrimSuffix(f.Name(), ".json")
		example := kind[:strings.LastIndexByte(kind, '.')] // of which this is another example
		if !slices.Contains(kinds, kind) && !slices.Contains(kinds, example) {
			kinds = append(kinds, kind)
		}
	}
	for _, kind := range kinds {
		rule := terms.Rule(terms.Entry, kind)
		if zh, en := refusal.Text(rule, "zh-CN", nil), refusal.Text(rule, "en", nil); !refusal.Known(rule) || zh == en {
			t.Errorf("%s has no words: add %s to alerts/terms", kind, rule)
		}
	}
	for _, rule := range refusal.Rules() {
		if kind, ok := strings.CutPrefix(rule, terms.Rule(terms.Entry, "")); ok && !slices.Contains(kinds, kind) {
			t.Errorf("%s is the word of no kind", rule)
		}
	}
}

// neverRecorded are members that no event has set.
var neverRecorded = map[string]bool{
	"reductionlist.List.Recipients": true, // of list.begun; list.rows carries them

	// who and when the record says of each event, and a station that is registered or changed is in use
	"telemetry.Station.Retired": true, "telemetry.Station.AddedAt": true, "telemetry.Station.AddedBy": true,
	"telemetry.Station.ChangedAt": true, "telemetry.Station.ChangedBy": true,

	// who and when the record says of each event, and what events of their own say of a finding, a monitor and a task
	"compliance.Finding.Ended": true, "compliance.Finding.OpenedAt": true, "compliance.Finding.ChangedAt": true,
	"compliance.Finding.ToldAt": true, "compliance.Finding.Explanations": true, "compliance.Monitor.Explained": true,
	"compliance.Explanation.At": true, "compliance.Explanation.Decision": true, "compliance.Explanation.DecidedAt": true,
	"compliance.Explanation.DecidedBy": true, "compliance.Explanation.ReasonRef": true, "compliance.Explanation.Hours": true,
	"compliance.Task.ReasonRef": true, "compliance.Task.OpenedAt": true, "compliance.Task.OpenedBy": true,
	"compliance.Task.ChangedAt": true, "compliance.Task.ChangedBy": true,

	// likewise of an inspection and a draw
	"inspect.Inspection.Inspector": true, "inspect.Inspection.ReceivedAt": true, "inspect.Inspection.CorrectedBy": true,
	"inspect.Inspection.Answers": true, "inspect.Draw.At": true, "inspect.Draw.By": true,
}

// filled says of each member of the structs in an event whether it was ever set.
type filled map[string]bool

func (f filled) see(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			f.see(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			f.see(v.Index(i))
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			f.see(v.MapIndex(k))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			if !field.IsExported() || field.Tag.Get("json") == "-" {
				continue
			}
			name := v.Type().String() + "." + field.Name
			f[name] = f[name] || !v.Field(i).IsZero()
			f.see(v.Field(i))
		}
	}
}

var kindForm = regexp.MustCompile(`^[a-z]+(\.[a-z0-9_]+)+$`)

// kindsInSources finds what the Kind methods of our packages return, so that nobody can forget a kind in a table.
func kindsInSources(t *testing.T) (kinds []string) {
	t.Helper()
	for _, root := range []string{"alerts", "notify", "reductionlist", "cmd/internal"} {
		err := filepath.WalkDir(filepath.Join("../../..", root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return err
			}
			found, err := kindsInFolder(path)
			kinds = append(kinds, found...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(kinds)
	if twice := len(kinds) - len(slices.Compact(slices.Clone(kinds))); twice > 0 || len(kinds) < 40 {
		t.Fatalf("%d kinds, %d of them twice: %v", len(kinds), twice, kinds)
	}
	return kinds
}

func kindsInFolder(dir string) (kinds []string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	consts := map[string]string{}
	var returned []ast.Expr
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range file.Decls {
			constStrings(decl, consts)
			if kind := kindReturned(decl); kind != nil {
				returned = append(returned, kind)
			}
		}
	}
	for _, expr := range returned {
		kind := ""
		switch e := expr.(type) {
		case *ast.BasicLit:
			kind, err = strconv.Unquote(e.Value)
		case *ast.Ident:
			kind = consts[e.Name]
		}
		if err != nil || !kindForm.MatchString(kind) {
			return nil, fmt.Errorf("%s: a Kind method returns %v (%q), which is no constant of its package with the form of a kind", dir, expr, kind)
		}
		kinds = append(kinds, kind)
	}
	return kinds, nil
}

// kindReturned is what a method `Kind() string` returns; nil for any other declaration.
func kindReturned(decl ast.Decl) ast.Expr {
	f, ok := decl.(*ast.FuncDecl)
	if !ok || f.Recv == nil || f.Name.Name != "Kind" || f.Type.Params.NumFields() > 0 || f.Type.Results.NumFields() != 1 ||
		len(f.Body.List) != 1 {
		return nil
	}
	result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	back, returns := f.Body.List[0].(*ast.ReturnStmt)
	if !ok || !returns || result.Name != "string" {
		return nil
	}
	return back.Results[0]
}

func constStrings(decl ast.Decl, into map[string]string) {
	d, ok := decl.(*ast.GenDecl)
	if !ok || d.Tok != token.CONST {
		return
	}
	for _, spec := range d.Specs {
		values := spec.(*ast.ValueSpec)
		for i, v := range values.Values {
			if lit, ok := v.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				into[values.Names[i].Name], _ = strconv.Unquote(lit.Value) // what the compiler took can be unquoted
			}
		}
	}
}
