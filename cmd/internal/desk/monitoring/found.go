package monitoring

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/desk/series"
	"qingkong/cmd/internal/papers"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// listView is a page of findings.
type listView struct {
	*frame.Chrome
	frame.Pager
	Filter   calls.FoundQuery
	Verdicts []frame.Option
	Towns    []string
	Rows     []foundRow
	Standing frame.Standing
	Own      bool // they are an enterprise's own
	XLSX     string
	Any      bool // something was asked for
	Error    string
}

// foundRow is a finding in a list.
type foundRow struct {
	ID, Href        string
	Name            string // of the recipient
	RecipientID     string
	Town            string
	Order           string // its address
	OrderID         string
	Measure         string
	What            string // what is measured where
	Demand          string
	Verdict         judge.Verdict
	Cleared         bool
	Advisory        bool
	Since, Last     time.Time
	Failed          int
	Daily           bool
	Measured        string // the latest, with its limit
	Asks, Undecided bool
	ExplainBy       *time.Time
	Late            bool // the time to explain is over
	Explained       string
	Rejected        bool
	MeasuredNumber  *float64
	Limit           *float64
	Unit            string
}

func foundRowOf(q *frame.Request, f *calls.FindingView) foundRow {
	row := foundRow{ID: f.ID, Href: findingPath(f.ID), Name: f.RecipientName, RecipientID: f.RecipientID, Town: f.Town,
		Order: frame.OrderPath(f.OrderID), OrderID: f.OrderID, Measure: f.MeasureID, Demand: demandOf(q.Lang, f.Criterion),
		What:    whatOf(q, f.Source, f.Factor),
		Verdict: f.Verdict, Cleared: f.Cleared, Advisory: f.Advisory, Since: f.From, Last: f.Last, Failed: f.Failed,
		Daily: compliance.Daily(f.Kind), Asks: f.Asks, Undecided: f.Waits, ExplainBy: f.ExplainBy,
		MeasuredNumber: f.Measured, Limit: f.Limit, Unit: series.Sign(f.Unit)}
	row.Late = f.ExplainBy != nil && !q.Now.Before(*f.ExplainBy)
	if f.Measured != nil {
		row.Measured = strings.TrimSpace(series.Number(*f.Measured) + " " + row.Unit)
		if f.Limit != nil {
			row.Measured = q.T("found.against", "value", row.Measured, "limit", series.Number(*f.Limit))
		}
	}
	if n := len(f.Explanations); n > 0 {
		e := f.Explanations[n-1]
		row.Explained = q.T("found.explained." + string(orWaits(e.Decision)))
		row.Rejected = e.Decision == compliance.Reject
	}
	return row
}

// waits stands for a decision that there is not yet.
const waits compliance.Decision = "waits"

func orWaits(d compliance.Decision) compliance.Decision {
	if d == "" {
		return waits
	}
	return d
}

// verdicts are those that findings can be looked for by.
var verdicts = []judge.Verdict{judge.Violated, judge.Suspected, judge.Unknown}

// asked is the query of a list's address.
func asked(q *frame.Request) calls.FoundQuery {
	v := q.URL.Query()
	in := calls.FoundQuery{Warning: strings.TrimSpace(v.Get("warning")), Order: v.Get("order"),
		Recipient: strings.TrimSpace(v.Get("recipient")), Town: v.Get("town"),
		Paging: calls.Paging{Limit: frame.PageSize(v), Cursor: v.Get("cursor")}}
	if slices.ContainsFunc(verdicts, func(one judge.Verdict) bool { return one.String() == v.Get("verdict") }) {
		in.Verdict = v.Get("verdict")
	}
	switch v.Get("state") {
	case "open":
		in.Open = "true"
	case "waiting":
		in.Waiting = "true"
	case "cleared":
		in.Open = "false"
	}
	return in
}

func (d *desk) list(q *frame.Request) (any, error) {
	in := asked(q)
	v := &listView{Chrome: q.Chrome(), Filter: in, Own: q.Who.Role == calls.Enterprise}
	if v.Own {
		v.Title = q.T("found.mine")
	}
	for _, one := range verdicts {
		v.Verdicts = append(v.Verdicts, frame.Option{Value: one.String(),
			Label: terms.Name(terms.OrderState, one.String(), q.Lang)})
	}
	if q.Who.Role != calls.Town && !v.Own {
		err := q.View(func(tx *bbolt.Tx) (err error) { v.Towns, err = q.Towns(tx, "", in.Town); return err })
		if err != nil {
			return nil, err
		}
	}
	var err error
	if v.Standing, err = d.found(q); err != nil {
		return nil, err
	}
	query := q.URL.Query()
	query.Del("cursor")
	query.Del(frame.BackField)
	query.Del("limit")
	v.Any = in.Warning+in.Order+in.Recipient+in.Town+in.Verdict+in.Open+in.Waiting != ""
	v.XLSX = "/desk/findings.xlsx?" + query.Encode()
	page, err := d.Svc.Findings(q.Context(), q.Ask(), in)
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		v.Rows = append(v.Rows, foundRowOf(q, &page.Items[i]))
	}
	v.Pager = q.Pager(page.Next)
	return v, nil
}

// States are how findings can be looked for beside their verdict.
func (v *listView) States() []string { return []string{"open", "waiting", "cleared"} }

// State is how the list was asked for, as its form has it.
func (v *listView) State() string {
	switch {
	case v.Filter.Waiting != "":
		return "waiting"
	case v.Filter.Open == "true":
		return "open"
	case v.Filter.Open == "false":
		return "cleared"
	}
	return ""
}

// mostExported is how many findings a workbook has.
const mostExported = 10_000

// workbook answers with the findings that were asked for as a workbook, a row each.
func (d *desk) workbook(q *frame.Request) (any, error) {
	in := asked(q)
	in.Cursor, in.Limit = "", compliance.MaxPage
	t := papers.Sheet{Name: q.T("title.found"), Heads: headsOf(q)}
	for more := true; more && len(t.Rows) < mostExported; more = in.Cursor != "" {
		page, err := d.Svc.Findings(q.Context(), q.Ask(), in)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			t.Rows = append(t.Rows, cellsOf(q, &page.Items[i]))
		}
		in.Cursor = page.Next
	}
	var text bytes.Buffer
	if err := t.XLSX(&text); err != nil {
		return nil, err
	}
	h := q.W.Header()
	h.Set("Content-Type", papers.XLSXMedia)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="findings-%s.xlsx"`,
		q.Now.In(alerts.Shanghai()).Format("20060102-1504")))
	q.W.WriteHeader(http.StatusOK)
	if _, err := q.W.Write(text.Bytes()); err != nil {
		d.Log.Debug("a workbook did not reach its reader", "path", q.URL.Path, "err", err)
	}
	return nil, nil
}

// exported are the columns of a workbook, by their words.
var exported = []string{"id", "warning", "order", "recipient", "name", "town", "measure", "source", "ref", "factor", "demand",
	"verdict", "worst", "state", "from", "last", "failed", "measured", "limit", "unit", "median", "n", "told", "by", "explained"}

func headsOf(q *frame.Request) (heads []string) {
	for _, c := range exported {
		heads = append(heads, q.T("found.col."+c))
	}
	return heads
}

// cellsOf are a finding's cells, in the order of exported: numbers and texts.
func cellsOf(q *frame.Request, f *calls.FindingView) []any {
	row := foundRowOf(q, f)
	state := "open"
	if f.Cleared {
		state = "cleared"
	}
	number := func(x *float64) any {
		if x == nil {
			return nil
		}
		return *x
	}
	var median, n any
	if b := f.Baseline; b != nil {
		median, n = b.Median, float64(b.N)
	}
	return []any{f.ID, f.WarningID, f.OrderID, f.RecipientID, f.RecipientName, f.Town, f.MeasureID,
		terms.Name(terms.Source, f.Source, q.Lang), f.Ref, f.Factor, row.Demand,
		terms.Name(terms.OrderState, f.Verdict.String(), q.Lang), terms.Name(terms.OrderState, f.Worst.String(), q.Lang),
		q.T("found.state." + state), frame.Clock(f.From), frame.Clock(f.Last), float64(f.Failed), number(f.Measured),
		number(f.Limit), row.Unit, median, n, frame.Clock(f.ToldAt), frame.Clock(f.ExplainBy), row.Explained}
}
