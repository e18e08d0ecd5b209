package alerts

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// A lower level that is harder than a higher one is a slip in the file: the lower clause never decides.
func TestCriteriaRefuseALowerLevelThatIsHarder(t *testing.T) {
	run := func(over, hours int) Clause { return Clause{Over: over, Hours: hours} }
	peak := func(over, hours, worse, worseHours int) Clause { return Clause{over, hours, &Peak{worse, worseHours}} }
	for _, c := range []struct {
		name        string
		yellow      []Clause
		orange      []Clause
		path, wrong string
	}{
		{"as of 2024", []Clause{run(200, 24), run(150, 48)}, []Clause{run(200, 48), run(150, 72)}, "", ""},
		{"as of 2016, where one day of 500 is red and no yellow", []Clause{run(200, 48)},
			[]Clause{peak(200, 96, 300, 48), run(499, 24)}, "", ""},
		{"longer", []Clause{run(200, 72)}, []Clause{run(200, 48)}, "levels[0].any_of[0]", "criteria.harder"},
		{"higher", []Clause{run(300, 24)}, []Clause{run(200, 24)}, "levels[0].any_of[0]", "criteria.harder"},
		{"one clause of two", []Clause{run(200, 24), run(150, 72)}, []Clause{run(200, 48), run(150, 48)},
			"levels[0].any_of[1]", "criteria.harder"},
		{"with a worse part", []Clause{peak(200, 48, 300, 24)}, []Clause{run(200, 48)}, "levels[0].any_of[0]",
			"criteria.harder"},
		{"by the worse part", []Clause{peak(200, 48, 300, 24)}, []Clause{run(250, 24)}, "levels[0].any_of[0]",
			"criteria.harder"},
		{"whose worse part may lie in pieces", []Clause{peak(200, 96, 300, 48)}, []Clause{run(300, 48)}, "", ""},
		{"a longer worse part", []Clause{peak(200, 72, 300, 48)}, []Clause{peak(200, 72, 300, 24)}, "levels[0].any_of[0]",
			"criteria.harder"},
		{"the very same", []Clause{run(200, 48)}, []Clause{run(200, 48)}, "levels[0]", "criteria.never"},
		{"the same beside an easier one", []Clause{run(200, 48), run(150, 48)}, []Clause{run(200, 48)}, "", ""},
		{"neither", []Clause{run(200, 24)}, []Clause{run(150, 72)}, "", ""},
		{"a worse part longer than its run", []Clause{run(200, 24)}, []Clause{peak(200, 48, 300, 72)},
			"levels[1].any_of[0].within.hours", "criteria.within_longer"},
		{"a worse part as long as its run", []Clause{run(200, 24)}, []Clause{peak(200, 48, 300, 48)}, "", ""},
	} {
		cr := National2024()
		cr.Levels = []LevelRule{{Yellow, c.yellow}, {Orange, c.orange}}
		text, err := json.Marshal(cr)
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseCriteria(text)
		if got := ruleAt(err, c.path); c.wrong != "" && got != c.wrong || c.wrong == "" && err != nil {
			t.Errorf("%s: %v, want %q at %q", c.name, err, c.wrong, c.path)
		}
	}
	for _, cr := range seedSets(t) {
		if text, err := json.Marshal(cr); err != nil {
			t.Fatal(err)
		} else if _, err := ParseCriteria(text); err != nil {
			t.Errorf("%s: %v", cr.Name, err)
		}
	}
}

// What is said to follow follows, in whatever run of days; and where it is said not to, some run shows it.
func TestWhatAClauseImpliesFollowsInEverySeries(t *testing.T) {
	r := rand.New(rand.NewPCG(16, 8))
	met := func(cl Clause, aqi []int) bool {
		cr := National2024()
		cr.Levels = []LevelRule{{Yellow, []Clause{cl}}}
		return Evaluate(byDay(days("2024-01-01", aqi...)...), cr, plain).Level == Yellow
	}
	clause := func() Clause {
		cl := Clause{Over: 100 + 100*r.IntN(3), Hours: 24 * (1 + r.IntN(3))}
		if r.IntN(2) == 0 {
			cl.Within = &Peak{Over: cl.Over + 100*(1+r.IntN(2)), Hours: 24 * (1 + r.IntN(cl.Hours/24))}
		}
		return cl
	}
	for range 150 {
		a, b := clause(), clause()
		counter := false
		for range 200 {
			aqi := make([]int, 1+r.IntN(7))
			for i := range aqi {
				aqi[i] = 50 + 100*r.IntN(5)
			}
			if met(a, aqi) && !met(b, aqi) {
				counter = true
				if a.implies(b) {
					t.Fatalf("%s does not imply %s: %v", a.Name(), b.Name(), aqi)
				}
			}
		}
		// The shortest run that just meets a clause is the best witness against it.
		least := make([]int, 0, 6)
		for i := range a.Hours / 24 {
			v := a.Over + 1
			if a.Within != nil && i < a.Within.Hours/24 {
				v = a.Within.Over + 1
			}
			least = append(least, v)
		}
		if met(a, least) && !met(b, least) {
			counter = true
		}
		if !counter && !a.implies(b) && (a.Within == nil || a.Within.Hours <= 24) {
			t.Errorf("%s seems to imply %s, but is not said to", a.Name(), b.Name())
		}
	}
}
