package service

import (
	"slices"
	"strings"
	"testing"
)

func TestIDsThatABlockNames(t *testing.T) {
	for text, want := range map[string]string{
		``:                      ``,
		`{"id":"W20161216-01"}`: `W20161216-01`,
		`{"id":"W20161216-01-E0001-1","l":"L20161216-0a1b2c","w":"W20161216-01"}`:        `W20161216-01 L20161216-0a1b2c`,
		`["D20161216-102-E1-1/found","W20161216-1","W20161216-10","W20161216-1"]`:        `D20161216-102 W20161216-1 W20161216-10`,
		`"W2016121-01" "X20161216-01" "W20161216-" "W20161216_01" "w20161216-01" "W2016`: ``,
		`W20161216-01`: ``, // at the beginning of no string
	} {
		if got := idsNamed([]byte(text)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
