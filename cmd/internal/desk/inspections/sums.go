package inspections

import (
	"cmp"

	"go.etcd.io/bbolt"

	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/papers"
	"qingkong/notify/compliance/inspect"
)

// sumsView is what inspections came to.
type sumsView struct {
	*frame.Chrome
	Filter calls.SumsQuery
	Towns  []string
	Sums   calls.InspectionSums
	Tables []sumsTable
	XLSX   string
}

// sumsTable is one way of counting them.
type sumsTable struct {
	Name string
	Rows []inspect.Sum
}

func summing(q *frame.Request) calls.SumsQuery {
	in := asking(q)
	return calls.SumsQuery{Warning: in.Warning, Town: in.Town, From: in.From, To: in.To}
}

func (d *desk) sums(q *frame.Request) (any, error) {
	v := &sumsView{Chrome: q.Chrome(), Filter: summing(q), XLSX: "/desk/inspections/statistics.xlsx?" + q.URL.Query().Encode()}
	if q.Who.Role != calls.Town && q.Who.Role != calls.Enterprise {
		err := q.View(func(tx *bbolt.Tx) (err error) { v.Towns, err = q.Towns(tx, "", v.Filter.Town); return err })
		if err != nil {
			return nil, err
		}
	}
	var err error
	if v.Sums, err = d.Svc.InspectionTotals(q.Context(), q.Ask(), v.Filter); err != nil {
		return nil, err
	}
	v.Tables = tablesOf(q, &v.Sums)
	return v, nil
}

// tablesOf are the sums by what they are of; what nobody named is named so.
func tablesOf(q *frame.Request, s *calls.InspectionSums) (tables []sumsTable) {
	for _, t := range []struct {
		key  string
		rows []inspect.Sum
	}{{"by.town", s.ByTown}, {"by.sector", s.BySector}, {"inspected.by_inspector", s.ByInspector}} {
		if len(t.rows) == 0 {
			continue
		}
		one := sumsTable{Name: q.T(t.key)}
		for _, r := range t.rows {
			r.Of = cmp.Or(r.Of, q.T("none_given"))
			one.Rows = append(one.Rows, r)
		}
		tables = append(tables, one)
	}
	return tables
}

// summed are the columns of a table of sums, by their words.
var summed = []string{"total", "failed", "unclear", "passed", "rectify", "refer", "case", "downgrade", "refused", "answered"}

// sumsBook answers with the sums as a workbook: a row for each, with what it is of.
func (d *desk) sumsBook(q *frame.Request) (any, error) {
	s, err := d.Svc.InspectionTotals(q.Context(), q.Ask(), summing(q))
	if err != nil {
		return nil, err
	}
	t := papers.Sheet{Name: q.T("title.inspected"), Heads: []string{q.T("inspected.by"), q.T("inspected.of")}}
	for _, c := range summed {
		t.Heads = append(t.Heads, q.T("inspected."+c))
	}
	add := func(by string, r *inspect.Sum) {
		cells := []any{by, r.Of}
		for _, n := range []int{r.Total, r.Failed, r.Unclear, r.Passed, r.Rectify, r.Refer, r.Cases, r.Downgrade, r.Refused, r.Answered} {
			cells = append(cells, float64(n))
		}
		t.Rows = append(t.Rows, cells)
	}
	add(q.T("inspected.all"), &s.All)
	for _, table := range tablesOf(q, &s) {
		for i := range table.Rows {
			add(table.Name, &table.Rows[i])
		}
	}
	return nil, d.sends(q, &t, "inspection-statistics")
}
