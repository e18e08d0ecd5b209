package reductionlist_test

import (
	"fmt"
	"strings"
	"testing"

	"qingkong/reductionlist"
)

// Expected is what instruments report: a camera does not, nor does a monitor that names none.
func TestWhatAListExpectsOfInstruments(t *testing.T) {
	r := &reductionlist.Recipient{ID: "E1", Measures: []reductionlist.Measure{
		{ID: "M1", Monitors: []reductionlist.Monitor{{Source: reductionlist.CEMS, Ref: "MN1", Factor: "a21026"},
			{Source: reductionlist.Video, Ref: "SP1"}, {Source: reductionlist.Power, Ref: "DB1"}}},
		{ID: "M2", Monitors: []reductionlist.Monitor{{Source: reductionlist.CEMS, Ref: "MN1", Factor: "a21002"},
			{Source: reductionlist.Gate}}},
		{ID: "M3"}}}
	say := func(all []reductionlist.Expected) string {
		var words []string
		for _, e := range all {
			words = append(words, fmt.Sprintf("%s %s %s %s.%s", e.Recipient, e.Measure, e.Source, e.Ref, e.Factor))
		}
		return strings.Join(words, "; ")
	}
	if got, want := say(reductionlist.ExpectedOf(r)), "E1 M1 cems MN1.a21026; E1 M1 power DB1.; E1 M2 cems MN1.a21002"; got != want {
		t.Errorf("expected: %s, want %s", got, want)
	}
}
