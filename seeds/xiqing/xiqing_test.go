package xiqing

import (
	"bytes"
	"strings"
	"testing"

	"qingkong/alerts"
	list "qingkong/reductionlist"
)

func TestListHasNoFindingsBeyondTheCodesOfTheTwoPlants(t *testing.T) {
	var buf bytes.Buffer
	if err := List().WriteWorkbook(&buf); err != nil {
		t.Fatal(err)
	}
	got, found, err := list.ReadWorkbookBytes(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if f.Rule != "list.no_uscc" || f.Sheet != "减排对象" {
			t.Errorf("%+v", f)
		}
	}
	if len(found) != 2 {
		t.Errorf("%d findings, want one for each plant, whose code is not invented", len(found))
	}
	if got.Hash() != List().Hash() {
		t.Errorf("the list read back has another hash")
	}
}

// What is not in the plan is marked: every row has a note that says 示例.
func TestEveryRowSaysWhatIsInvented(t *testing.T) {
	check := func(where, note string) {
		if !strings.Contains(note, "示例") {
			t.Errorf("%s: note %q does not say 示例", where, note)
		}
	}
	for _, r := range List().Recipients {
		check(r.ID, r.Note)
		for _, l := range r.Lines {
			check(r.ID+" line "+l.ID, l.Note)
		}
		for _, m := range r.Measures {
			check(r.ID+" measure "+m.ID, m.Note)
		}
		for _, u := range r.Units {
			check(r.ID+" unit "+u.Name, u.Note)
		}
		for _, f := range r.Furnaces {
			check(r.ID+" furnace "+f.Name, f.Note)
		}
		if r.Pit != nil {
			check(r.ID+" pit", r.Pit.Note)
		}
	}
}

// Everybody has something to do at every warning level, and each of it is operable, monitored and checkable.
func TestEveryMeasureIsComplete(t *testing.T) {
	for _, r := range List().Recipients {
		for _, level := range alerts.Levels() {
			if len(list.MeasuresAt(r, level)) == 0 {
				t.Errorf("%s has nothing to do at %s", r.ID, level)
			}
		}
		for _, m := range r.Measures {
			if m.Quantity == nil || m.Responsible == "" || m.CompleteWithinH <= 0 || len(m.Monitors) == 0 || len(m.Evidence) == 0 {
				t.Errorf("%s %s is not complete: %+v", r.ID, m.ID, m)
			}
		}
	}
}

func TestLaddersClimb(t *testing.T) {
	l := List()
	for _, c := range []struct {
		id, measure string
		want        [4]float64 // advisory, yellow, orange, red
	}{
		{"E0001", "M06", [4]float64{60, 150, 300, 600}},
		{"E0002", "M01", [4]float64{720, 690, 630, 540}},
		{"D06", "M1", [4]float64{2, 3, 4, 6}},
		{"D01", "M1", [4]float64{1, 2, 2, 3}},
		{"T120111101", "M2", [4]float64{1, 2, 3, 4}},
	} {
		r, err := l.Find(c.id)
		if err != nil {
			t.Fatal(err)
		}
		for i, level := range alerts.Levels() {
			for _, m := range list.MeasuresAt(r, level) {
				if m.ID == c.measure && m.Quantity.Value != c.want[i] {
					t.Errorf("%s %s at %s: %v, want %v", c.id, c.measure, level, m.Quantity.Value, c.want[i])
				}
			}
		}
	}
}
