package warnings

import (
	"cmp"
	"slices"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/desk/frame"
)

// asideView lists what stations measured in the last days and what is set aside, station by station, the newest first.
type asideView struct {
	Rows []asideRow
	More int // that are not shown
}

type asideRow struct {
	*alerts.Aside
	Name, Why string
}

const (
	asideDays = 3 // how far back the desk shows what is set aside
	asideRows = 100
)

// asideOf lists the newest of what is set aside.
func asideOf(q *frame.Request, all []alerts.Aside) (v asideView) {
	first := q.Now.AddDate(0, 0, -asideDays)
	for i := range all {
		a := &all[i]
		if a.To.Before(first) {
			continue
		}
		v.Rows = append(v.Rows, asideRow{a, terms.Name(terms.Pollutant, a.Name, q.Lang), a.Words(q.Lang)})
	}
	slices.SortStableFunc(v.Rows, func(a, b asideRow) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), b.To.Compare(a.To))
	})
	if n := len(v.Rows); n > asideRows {
		v.Rows, v.More = v.Rows[:asideRows], n-asideRows
	}
	return v
}
