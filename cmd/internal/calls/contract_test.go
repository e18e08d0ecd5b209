package calls

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// membersOf are the members of what a type is in JSON, those of what it embeds included.
func membersOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			names = append(names, membersOf(f.Type)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// What is answered about monitoring has no member that docs/contract.md does not list.
func TestMembersOfMonitoringInTheContract(t *testing.T) {
	text, err := os.ReadFile("../../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	for call, shown := range map[string][]reflect.Type{
		"GET /orders/{id}/monitoring": {reflect.TypeFor[OrderMonitoring](), reflect.TypeFor[MonitorView](), reflect.TypeFor[JudgedHour]()},
		"GET /findings/{id}":          {reflect.TypeFor[FindingView](), reflect.TypeFor[BaselineView](), reflect.TypeFor[ExplanationView]()},
		"GET /findings/{id}/derive":   {reflect.TypeFor[Derived]()},
		"GET /tasks/{id}":             {reflect.TypeFor[TaskView](), reflect.TypeFor[TaskRank]()},
		"POST /evidence":              {reflect.TypeFor[EvidenceView](), reflect.TypeFor[Position]()},
	} {
		_, row, found := strings.Cut(string(text), "\n| `"+call+"` |")
		if row, _, _ = strings.Cut(row, "\n"); !found {
			t.Errorf("docs/contract.md has no row of %s", call)
		}
		for _, of := range shown {
			for _, name := range membersOf(of) {
				if !strings.Contains(row, `"`+name+`"`) {
					t.Errorf("%s answers %s, which docs/contract.md does not list", call, name)
				}
			}
		}
	}
}

// The names that were fixed before there was anything to answer: what was handed in has a time and a place, be they known or
// not.
func TestFixedMembersOfEvidence(t *testing.T) {
	names := strings.Join(membersOf(reflect.TypeFor[EvidenceView]()), " ")
	for _, fixed := range []string{"hash", "size", "type", "taken_at", "position"} {
		if !strings.Contains(" "+names+" ", " "+fixed+" ") {
			t.Errorf("evidence has %s, and no %s", names, fixed)
		}
	}
}
