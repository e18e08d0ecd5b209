package rules

import (
	"slices"

	list "qingkong/reductionlist"
)

// Table is the table of rules.
func Table() []Rule { return slices.Clone(rules) }

// Check finds what is wrong in a list: first what each row shows by itself, then what only shows when rows stand beside
// each other, both in the order of the list.
func Check(l *list.List, s Settings) []Fault {
	c := checker{s: &s}
	c.head(l)
	for _, r := range l.Recipients {
		c.own(r, nil)
	}
	c.beside(l, nil)
	return c.faults
}

// CheckAstray is Check of a list beside which rows stand that have no place in it.
func CheckAstray(l *list.List, astray []*list.Recipient, s Settings) []Fault {
	c := checker{s: &s}
	c.beside(l, astray)
	return c.faults
}
