package rules

import (
	"qingkong/alerts/refusal"
	list "qingkong/reductionlist"
	"qingkong/reductionlist/internal/text"
)

// period is the days on which a row of 机组 or 焚烧炉 holds; an empty day is open.
type period struct{ name, from, to string }

func (p period) overlaps(q period) bool {
	return (p.to == "" || q.from <= p.to) && (q.to == "" || p.from <= q.to)
}

// valid reports whether the days can be compared: a day that cannot be read or an end before the beginning is found as
// such.
func (p period) valid() bool {
	return p.name != "" && (p.from == "" || text.IsDay(p.from)) && (p.to == "" || text.IsDay(p.to)) &&
		(p.from == "" || p.to == "" || p.from <= p.to)
}

// periods finds rows of a unit or furnace that share days with an earlier row of the same one: what it may do on those
// days would be said twice.
func (c *checker) periods(r *list.Recipient) {
	rows := make([]period, len(r.Units))
	for i := range r.Units {
		rows[i] = period{r.Units[i].Name, r.Units[i].From, r.Units[i].To}
	}
	c.overlaps(r, list.SheetUnits, rows, c.at(r).Units)
	rows = make([]period, len(r.Furnaces))
	for i := range r.Furnaces {
		rows[i] = period{r.Furnaces[i].Name, r.Furnaces[i].From, r.Furnaces[i].To}
	}
	c.overlaps(r, list.SheetFurnaces, rows, c.at(r).Furnaces)
}

// overlaps tells of two rows the one that stands further down, once, and the first of those it shares days with.
func (c *checker) overlaps(r *list.Recipient, sheet string, rows []period, at []list.Place) {
	for i, p := range rows {
		first := -1
		for k, q := range rows {
			if k != i && p.name == q.name && p.valid() && q.valid() && p.overlaps(q) && rowNumber(at, k) < rowNumber(at, i) &&
				(first < 0 || rowNumber(at, k) < rowNumber(at, first)) {
				first = k
			}
		}
		if first >= 0 {
			c.add(cellFault{rule: "list.period_overlap", column: "自", args: refusal.Args{"name": p.name, "recipient": r.ID,
				"first": rowNumber(at, first)}}, rowRef{r: r, sheet: sheet, i: i}, p.name)
			c.shared(rowRef{r: r, sheet: sheet, i: first}, "自", false)
		}
	}
}
