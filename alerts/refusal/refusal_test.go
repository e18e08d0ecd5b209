package refusal

import (
	"regexp"
	"slices"
	"testing"
)

// Both languages of a rule must name the same values, or one reader is told less than the other.
func TestCatalogueNamesTheSameValuesInBothLanguages(t *testing.T) {
	name := regexp.MustCompile(`\{[a-z_0-9]+\}`)
	for _, rule := range Rules() {
		w := catalogue[rule]
		zh, en := name.FindAllString(w.zh, -1), name.FindAllString(w.en, -1)
		slices.Sort(zh)
		slices.Sort(en)
		if w.zh == "" || w.en == "" || !slices.Equal(slices.Compact(zh), slices.Compact(en)) {
			t.Errorf("%s: zh %q and en %q differ in the values they name", rule, w.zh, w.en)
		}
	}
}

func TestDetailFillsValues(t *testing.T) {
	err := New(Invalid, "input.unknown_field", Args{"name": "aqi_hi"})
	if got, want := err.Detail("en"), "there is no field aqi_hi; remove it or use the name the interface gives."; got != want {
		t.Errorf("Detail(en) = %q, want %q", got, want)
	}
	if CodeOf(err) != Invalid || CodeOf(nil) != "" {
		t.Errorf("CodeOf(%v) = %q", err, CodeOf(err))
	}
}
