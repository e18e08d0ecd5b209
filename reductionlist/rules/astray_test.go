package rules_test

import (
	"runtime"
	"testing"

	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
)

// A list that was pasted twice is judged in a time that grows with its length, not with its square: what is allocated for
// twice as many rows is about twice as much.
func TestRowsGoneAstrayCostWhatTheyAre(t *testing.T) {
	allocated := func(n int) float64 {
		l, astray := listtest.Example(n), listtest.Example(n).Recipients
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		found := rules.CheckAstray(l, astray, rules.DefaultSettings())
		runtime.ReadMemStats(&after)
		if len(found) == 0 {
			t.Fatal("nothing is found in a list that was pasted twice")
		}
		return float64(after.TotalAlloc - before.TotalAlloc)
	}
	allocated(100)
	if once, twice := allocated(3000), allocated(6000); twice > 2.6*once {
		t.Errorf("%.0f KB for 3,000 rows, %.0f KB for 6,000", once/1024, twice/1024)
	}
}
