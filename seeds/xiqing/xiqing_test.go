package xiqing

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"

	"qingkong/alerts"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
	"qingkong/reductionlist/workbook"
)

// The list passes every check, and every level takes away what the plan asks for.
func TestListHasNoFindings(t *testing.T) {
	var buf bytes.Buffer
	if err := workbook.Write(&buf, List()); err != nil {
		t.Fatal(err)
	}
	got, found, err := listtest.Read(buf.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Errorf("%+v", f)
	}
	if got.Hash() != List().Hash() {
		t.Errorf("the list read back has another hash")
	}
	if short := rules.ShortfallsOf(new(list.TotalsOf(got)), rules.DefaultSettings()); len(short) > 0 {
		t.Errorf("short of the bottom line: %+v", short)
	}
	for _, r := range list.TotalsOf(got).Ratios() {
		if want := rules.DefaultSettings().BottomLine[r.Level]; r.Share.PM < want.PM || r.Share.VOCs < want.VOCs ||
			r.Share.SO2+r.Share.NOx < want.SO2+want.NOx {
			t.Errorf("%s: shares %+v, want %+v", r.Level, r.Share, want)
		}
	}
	assessor := rules.NewAssessor(rules.DefaultSettings())
	for _, r := range got.Recipients {
		assessor.Add(r)
	}
	if a := assessor.Done(); a.Score.Share != 1 || a.Score.Measures < 300 || len(a.Tasks) > 0 {
		t.Errorf("score %+v, tasks %+v", a.Score, a.Tasks)
	}
}

// The emission of the district is no less than that of the lines in the list.
func TestEmissionHoldsTheLines(t *testing.T) {
	l := List()
	var sum list.Amounts
	for _, r := range l.Recipients {
		for _, line := range r.Lines {
			sum = sum.Add(line.Emission)
		}
	}
	if e := l.Emission; sum.SO2 > e.SO2 || sum.NOx > e.NOx || sum.PM > e.PM || sum.VOCs > e.VOCs {
		t.Errorf("the lines emit %+v, the district %+v", sum, e)
	}
}

// Every invented place lies in the district's real outline, as far as that is known.
func TestPlacesLieInTheDistrict(t *testing.T) {
	data, err := os.ReadFile("../../../shared/data/geo/xiqing-120111.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("no ../shared/data/geo: the outline is not part of the project")
	}
	if err != nil {
		t.Fatal(err)
	}
	var features []struct {
		Geometry struct{ Coordinates [][][][2]float64 }
	}
	if err := json.Unmarshal(data, &features); err != nil {
		t.Fatal(err)
	}
	s := rules.DefaultSettings()
	for _, p := range features[0].Geometry.Coordinates[0][0] {
		s.District = append(s.District, rules.Point{Lon: p[0], Lat: p[1]})
	}
	l := List()
	for _, f := range rules.Judge(workbook.Places(l), s) {
		t.Errorf("%+v", f)
	}
	l.Recipients[2].Lon, l.Recipients[2].Lat = 116.40, 39.90 // Beijing
	if found := rules.Judge(workbook.Places(l), s); len(found) != 1 || found[0].Rule != "list.outside_district" ||
		found[0].Row != 4 {
		t.Errorf("a place outside: %+v", found)
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
			if m.Quantity == nil || m.Responsible == "" || m.CompleteWithinH <= 0 || len(m.Monitors) == 0 ||
				len(m.Evidence) == 0 {
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
