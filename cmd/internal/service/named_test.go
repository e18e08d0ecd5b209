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
		"\n" + `{"kind":"compliance.evidence_added","at":"2016-12-16T20:00:00.000+08:00","actor":"E1","data":{"hash":"sha256:` +
			strings.Repeat("0a", 32) + `","size":1}}`: `sha256:` + strings.Repeat("0a", 32),
		"\n" + `{"kind":"notify.answered","at":"2016-12-16T20:00:00.000+08:00","actor":"E1","data":{"evidence":["sha256:` +
			strings.Repeat("0a", 32) + `"]}}`: ``, // names it, and tells of nothing handed in
		`W20161216-01`: ``, // at the beginning of no string
	} {
		if got := idsNamed([]byte(text)); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s: %v", text, got)
		}
	}
}
