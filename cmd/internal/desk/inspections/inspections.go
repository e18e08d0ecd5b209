// Package inspections is the desk's area of visits on site: who goes where on a day and what came back, by which lot it was
// drawn, one inspection with what it found, the enterprise's answer, and sums. An enterprise sees its own there, a town its
// own.
package inspections

import (
	"html/template"
	"net/url"
	"strings"
	"time"

	"qingkong/alerts"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/notify/compliance"
)

// desk is the area's state.
type desk struct{ *frame.Frame }

// Mount adds the area to the desk.
func Mount(f *frame.Frame) {
	d := &desk{f}
	f.InspectedOf, f.VisitsOf = d.parts, d.visits
	f.Add(
		frame.Page{Pattern: "GET /desk/inspections", Act: calls.ActInspectionsRead, Key: "inspections", Show: d.list},
		frame.Page{Pattern: "POST /desk/inspections/assign", Act: calls.ActTasksWrite, Key: "inspections", Show: d.list,
			Do: d.assign, Grows: true},
		frame.Page{Pattern: "GET /desk/inspections.xlsx", Act: calls.ActInspectionsRead, Key: "inspections", Show: d.workbook},
		frame.Page{Pattern: "/desk/inspections/draw", Act: calls.ActTasksWrite, Key: "draw", Show: d.drawForm, Do: d.draw,
			Grows: true},
		frame.Page{Pattern: "GET /desk/inspections/draws", Act: calls.ActTasksRead, Key: "draws", Show: d.draws},
		frame.Page{Pattern: "GET /desk/inspections/draws/{id}", Act: calls.ActTasksRead, Key: "drawn", Show: d.drawn},
		frame.Page{Pattern: "GET /desk/inspections/statistics", Act: calls.ActInspectionsRead, Key: "inspected", Show: d.sums},
		frame.Page{Pattern: "GET /desk/inspections/statistics.xlsx", Act: calls.ActInspectionsRead, Key: "inspected",
			Show: d.sumsBook},
		frame.Page{Pattern: "GET /desk/inspections/{id}", Act: calls.ActInspectionsRead, Key: "inspection", Show: d.one},
		frame.Page{Pattern: "POST /desk/inspections/{id}/answer", Act: calls.ActInspectionsAnswer, Key: "inspection",
			Show: d.one, Do: d.answer, Grows: true, Upload: true, Texts: frame.EvidenceTexts},
		frame.Page{Pattern: "POST /desk/inspections/{id}/evidence", Act: calls.ActEvidenceCreate, Key: "inspection",
			Show: d.one, Do: d.handIn, Grows: true, Upload: true, Texts: frame.EvidenceTexts})
}

// taskPath is the address of a task's page.
func taskPath(id string) string { return "/desk/tasks/" + url.PathEscape(id) }

func drawPath(id string) string { return "/desk/inspections/draws/" + url.PathEscape(id) }

// dayOf is a time's day in Beijing, 2006-01-02.
func dayOf(t time.Time) string { return t.In(alerts.Shanghai()).Format(time.DateOnly) }

// mostOfOrder is how many inspections the page of an order shows.
const mostOfOrder = 20

// parts is what inspectors found of an order's recipient under its warning, on the order's page.
func (d *desk) parts(q *frame.Request, order string) []frame.Part {
	if !q.May(calls.ActInspectionsRead) {
		return nil
	}
	var page alerts.Page[calls.InspectionView]
	rests := func() (string, error) {
		o, err := q.Order(order)
		if err != nil {
			return "", err
		}
		page, err = d.Svc.InspectionRows(q.Ask(), calls.InspectionsQuery{Warning: o.WarningID, Recipient: o.RecipientID,
			Paging: calls.Paging{Limit: mostOfOrder}})
		var of strings.Builder
		for i := range page.Items {
			v := &page.Items[i]
			of.WriteString(v.ID + v.CorrectedBy + strings.Repeat("+", len(v.Answers)) + " ")
		}
		return of.String(), err
	}
	return []frame.Part{q.SteadyPart("order-inspections", order, frame.ScopeKey(q.Who), rests, func() (template.HTML, error) {
		if len(page.Items) == 0 {
			return "", nil
		}
		rows := make([]frame.InspectionRow, len(page.Items))
		for i := range page.Items {
			rows[i] = q.InspectionRow(&page.Items[i])
		}
		return q.HTML("order-inspections", rows)
	})}
}

// mostOfHome is how many inspections the first page of an enterprise looks at.
const mostOfHome = 10

// homeView is what the first page tells of inspections.
type homeView struct {
	Rows      []frame.InspectionRow // of an enterprise, that it may answer
	Inspector bool
	Mine      int // visits of the inspector today
	Done      int
	Open      int // visits that nobody has
}

// visits is what the first page tells: an enterprise what was found and may be answered, an inspector where to go.
func (d *desk) visits(q *frame.Request) (template.HTML, error) {
	var v homeView
	switch {
	case q.Who.Role == calls.Enterprise && q.Who.Recipient != "":
		page, err := d.Svc.InspectionRows(q.Ask(), calls.InspectionsQuery{Paging: calls.Paging{Limit: mostOfHome}})
		if err != nil {
			return "", err
		}
		for i := range page.Items {
			if one := &page.Items[i]; q.Answers(one) {
				v.Rows = append(v.Rows, q.InspectionRow(one))
			}
		}
		if len(v.Rows) == 0 {
			return "", nil
		}
	case q.Who.Role == calls.Inspector:
		v.Inspector = true
		ways, _, err := d.Svc.DayPlan(q.Ask(), dayOf(q.Now))
		if err != nil {
			return "", err
		}
		for _, w := range ways {
			for i := range w.Visits {
				t := &w.Visits[i]
				switch mine := t.Assignee == q.Who.User || t.With == q.Who.User; {
				case mine && t.State == compliance.TaskDone:
					v.Done++
				case mine:
					v.Mine++
				case t.Assignee == "":
					v.Open++
				}
			}
		}
	default:
		return "", nil
	}
	return q.HTML("home-visits", v)
}
