package monitoring

import (
	"context"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
)

// panelView is what an order demands, what was planned and what is measured, side by side, and below it each monitor.
type panelView struct {
	Verdict  judge.Verdict
	Worst    judge.Verdict
	Judged   bool // there is something that is judged
	Over     bool // of some hour or day it is known what it shows
	Share    string
	Rows     []measureRow
	Monitors []monitorView
	Error    string
}

// measureRow is one measure: what is ordered, planned and measured.
type measureRow struct {
	ID, Unit, Ordered string
	Planned           []frame.Row // by day
	Measured          []measuredRow
	Verdict           judge.Verdict
	Share             string
}

// measuredRow is what one monitor of a measure shows.
type measuredRow struct {
	Name, Demand, Value, Limit, At string
	Result                         judge.Result
	Word                           string
	Says                           []string
	Anchor                         string
}

// parts are what the page of an order shows of what is measured, and the findings that stand, as its alarm. Whoever sees the
// same shares them; they change with the recipient's case, and with what instruments say.
func (d *desk) parts(q *frame.Request, id string) []frame.Part {
	if !q.May(calls.ActFindingsRead) {
		return nil
	}
	part := func(name string, make func(o *notify.Order) (template.HTML, error)) frame.Part {
		var o *notify.Order
		rests := func() (rests string, err error) {
			err = q.View(func(tx *bbolt.Tx) error {
				if o, err = service.VisibleOrder(tx, q.Who, id); err == nil {
					rests, err = caseStands(tx, o)
				}
				return err
			})
			return rests, err
		}
		return q.SteadyPart(name, id, frame.ScopeKey(q.Who), rests, func() (template.HTML, error) { return make(o) })
	}
	return []frame.Part{
		part("order-alarm", func(o *notify.Order) (template.HTML, error) { return d.alarm(q, o) }),
		part("order-monitoring", func(o *notify.Order) (template.HTML, error) {
			view, err := d.panelOf(q, id)
			if err != nil {
				if q.Context().Err() != nil {
					return "", q.Context().Err()
				}
				view = &panelView{Error: d.cannot(q, err)} // the order is read also while that cannot be
			}
			return q.HTML("monitoring-panel", view)
		}),
	}
}

// caseStands changes when what was found of an order's recipient does, or what was said of that.
func caseStands(tx *bbolt.Tx, o *notify.Order) (string, error) {
	sum := compliance.CaseDigest(tx, o.WarningID, o.RecipientID)
	return string(sum[:]), nil
}

// standingFindings are those that are not cleared, of the case that an order is part of.
func standingFindings(tx *bbolt.Tx, o *notify.Order) (all []*compliance.Finding, err error) {
	c, err := compliance.GetCase(tx, o.WarningID, o.RecipientID)
	if err != nil {
		return nil, err
	}
	for i := range c.Monitors {
		if id := c.Monitors[i].Finding; id != "" {
			f, err := compliance.GetFinding(tx, id)
			if err != nil {
				return nil, err
			}
			all = append(all, f)
		}
	}
	return all, nil
}

// alarmView is what stands above an order: the findings that stand and suspect.
type alarmView struct {
	Findings []foundRow
	Mine     bool // the reader explains them
}

// alarm is what stands above an order. It shows nothing that somebody wrote, and is no reading of that.
func (d *desk) alarm(q *frame.Request, o *notify.Order) (template.HTML, error) {
	v := alarmView{Mine: q.May(calls.ActFindingsExplain)}
	err := q.View(func(tx *bbolt.Tx) error {
		all, err := standingFindings(tx, o)
		for _, f := range all {
			if f.Verdict < judge.Suspected {
				continue
			}
			one, err := d.Svc.FoundFor(tx, nil, f.ID)
			if err != nil {
				return err
			}
			v.Findings = append(v.Findings, foundRowOf(q, &one))
		}
		return err
	})
	if err != nil || len(v.Findings) == 0 {
		return "", err
	}
	return q.HTML("monitoring-alarm", v)
}

// cannot says why what is measured cannot be shown, and logs what nobody foresaw.
func (d *desk) cannot(q *frame.Request, err error) string {
	if refusal.CodeOf(err) == "" && err != context.DeadlineExceeded {
		d.Log.Error("what is measured of an order cannot be shown", "path", q.URL.Path, "err", err)
	}
	return d.Told(q, err).Detail(q.Lang)
}

func (d *desk) panelOf(q *frame.Request, id string) (*panelView, error) {
	o, err := q.Order(id)
	if err != nil {
		return nil, err
	}
	m, err := d.Svc.Monitoring(q.Context(), q.Ask(), calls.ByID{ID: id})
	if err != nil {
		return nil, err
	}
	v := &panelView{Verdict: m.Verdict, Worst: m.Worst, Judged: len(m.Monitors) > 0, Share: percent(m.NoData)}
	now := d.Svc.J.Now()
	for i := range m.Monitors {
		one := viewOf(q, &m.Monitors[i], fmt.Sprintf("m%d", i+1), now)
		v.Over = v.Over || one.Over > 0
		v.Monitors = append(v.Monitors, one)
	}
	for i := range o.Measures {
		v.Rows = append(v.Rows, v.measure(q, &o.Measures[i]))
	}
	return v, nil
}

// measure puts what is ordered, planned and measured of a measure side by side.
func (v *panelView) measure(q *frame.Request, m *notify.MeasureView) measureRow {
	row := measureRow{ID: m.ID, Unit: m.Unit, Ordered: strings.TrimSpace(m.Text)}
	if m.Quantity != nil {
		for _, day := range m.Quantity.Days {
			row.Planned = append(row.Planned, frame.Row{Label: day.Date[max(0, len(day.Date)-5):],
				Value: frame.ShortNumber(day.Value) + " " + m.Quantity.Unit})
		}
	}
	over, unknown := 0, 0
	for i := range v.Monitors {
		one := &v.Monitors[i]
		if one.Measure != m.ID {
			continue
		}
		measured := measuredRow{Name: one.What, Demand: one.Demand, Says: one.Says,
			Anchor: fmt.Sprintf("m%d", i+1)}
		if l := one.Last; l != nil && one.Heard {
			measured.Value, measured.Limit, measured.At = strings.TrimSpace(l.Measured+" "+one.Sign), l.Limit, l.At
			measured.Result, measured.Word = l.Result, l.Word
		}
		row.Measured = append(row.Measured, measured)
		row.Verdict = max(row.Verdict, one.Verdict)
		over += one.Over
		unknown += countOf(one.Hours, judge.NoData)
	}
	if over > 0 {
		row.Share = percent(float64(unknown) / float64(over))
	}
	return row
}

func countOf(hours []calls.JudgedHour, r judge.Result) (n int) {
	for i := range hours {
		if hours[i].Result == r {
			n++
		}
	}
	return n
}

// chartOf is the chart of the monitor that a finding is about; nil where this node cannot draw it.
func (d *desk) chartOf(q *frame.Request, f *calls.FindingView, id string) *monitorView {
	m, err := d.Svc.Monitoring(q.Context(), q.Ask(), calls.ByID{ID: f.OrderID})
	if err != nil {
		if refusal.CodeOf(err) == "" {
			d.Log.Warn("a finding's chart cannot be drawn", "finding", f.ID, "err", err)
		}
		return nil
	}
	i := slices.IndexFunc(m.Monitors, func(one calls.MonitorView) bool {
		return one.FindingID == f.ID || one.Measure == f.MeasureID && one.Source == f.Source && one.Ref == f.Ref &&
			one.Factor == f.Factor && one.Kind == f.Kind
	})
	if i < 0 {
		return nil
	}
	v := viewOf(q, &m.Monitors[i], id, d.Svc.J.Now())
	return &v
}
