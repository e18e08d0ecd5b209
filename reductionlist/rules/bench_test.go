package rules_test

import (
	"fmt"
	"slices"
	"testing"

	"qingkong/reductionlist"
	"qingkong/reductionlist/listtest"
	"qingkong/reductionlist/rules"
)

func BenchmarkCheck10000(b *testing.B) {
	l := listtest.Example(10_000)
	for b.Loop() {
		rules.Check(l, rules.DefaultSettings())
	}
}

func BenchmarkAssess10000(b *testing.B) {
	l := listtest.Example(10_000)
	for b.Loop() {
		assess(l, rules.DefaultSettings())
	}
}

// An amendment of one measure changes the value of the list and looks at the rows of its recipient alone, however long
// the list is. The raw limit is a bare copy of the recipient's measures.
func BenchmarkAmend15000(b *testing.B) {
	l := listtest.Example(15_000)
	l.Sort()
	r := l.Recipients[7_000]
	for i := 0; b.Loop(); i++ {
		listtest.Must(b, rules.Amend(l,
			rules.Amendment{RecipientID: r.ID, MeasureID: r.Measures[0].ID, Level: r.Measures[0].Levels[0],
				Change: fmt.Appendf(nil, `{"complete_within_h":%d}`, 4+i%2), EffectiveFrom: "2016-12-20"}, rules.DefaultSettings()))
	}
}

func BenchmarkRawCopyOfMeasures(b *testing.B) {
	r := listtest.Example(1).Recipients[0]
	for b.Loop() {
		r.Measures = slices.Clone(r.Measures)
	}
}

func BenchmarkRawCopyOfAList15000(b *testing.B) {
	l := listtest.Example(15_000)
	for b.Loop() {
		for i, r := range l.Recipients {
			c := *r
			c.Measures = slices.Clone(r.Measures)
			l.Recipients[i] = &c
		}
	}
}

// assess scores a list.
func assess(l *reductionlist.List, s rules.Settings) rules.Assessment {
	a := rules.NewAssessor(s)
	for _, r := range l.Recipients {
		a.Add(r)
	}
	return a.Done()
}
