package papers

import (
	"io"

	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/reductionlist"
)

// CallTitle says of which warning a call sheet is.
type CallTitle struct {
	Warning string
	Drill   bool
}

func (w words) callTitle(t CallTitle) string {
	title := w.t("calls.title", "warning", t.Warning)
	if t.Drill {
		title = w.t("calls.drill") + title
	}
	return title
}

// CallHTML writes a warning's call sheet by town, with room to write on; each town begins on a new page.
func (o Roll) CallHTML(w io.Writer, t CallTitle, groups []Group) error {
	word := words{o.Lang}
	l := o.newList(word.callTitle(t), word.callColumns(o.Contacts))
	l.Fine = word.t("internal.bare")
	if o.Contacts {
		l.Fine = word.t("internal.personal")
	}
	return l.write(w, o.sheets(t, groups)...)
}

// CallWorkbook writes a warning's call sheet as .xlsx, with a sheet for each town.
func (o Roll) CallWorkbook(w io.Writer, t CallTitle, groups []Group) error {
	return writeBook(w, words{o.Lang}.callColumns(o.Contacts), o.sheets(t, groups))
}

// sheets are the towns by name, or where there is none to call in, one that says so.
func (o Roll) sheets(t CallTitle, groups []Group) []Group {
	if len(groups) > 0 {
		return o.named(groups)
	}
	return []Group{{Town: words{o.Lang}.t("calls.nobody", "warning", t.Warning),
		Rows: func(func(Row) error) error { return nil }}}
}

// callColumns are those of a call sheet; the last is to be written on.
func (w words) callColumns(contacts bool) []column {
	columns := []column{w.column("id", 6), w.column("name", 14)}
	if contacts {
		columns = append(columns, w.column("internal.contact", 6), w.column("internal.phone", 9),
			w.column("internal.deputy", 6), w.column("internal.deputy_no", 9))
	}
	columns = append(columns,
		column{w.t("calls.order"), 9, func(r Row) string { return r.Call.OrderID }},
		column{w.t("calls.state"), 7, func(r Row) string {
			return terms.Name(terms.OrderState, r.Call.Waits(), w.lang)
		}},
		column{w.t("calls.deadline"), 8, func(r Row) string { return refusal.Clock(r.Call.AcknowledgeBy) }},
		column{w.t("calls.at_stake"), 6, func(r Row) string { return reductionlist.Shown(r.Call.AtStake, "t/d") }},
		column{w.t("calls.so_far"), 8, func(r Row) string { return w.callsSoFar(r.Call.Calls) }})
	rest := 100
	for _, c := range columns {
		rest -= c.Width
	}
	return append(columns, column{w.t("calls.result"), rest, func(Row) string { return "" }})
}

func (w words) callsSoFar(c calls.CallCount) string {
	if c.Unreachable == 0 || c.LastAt == nil {
		return ""
	}
	return w.t("calls.unreachable", "n", c.Unreachable, "at", refusal.Clock(*c.LastAt))
}
