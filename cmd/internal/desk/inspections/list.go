package inspections

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/papers"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
)

// listView is who goes where on a day, and a page of what came back.
type listView struct {
	*frame.Chrome
	frame.Pager
	Plan    *planView // nil for an enterprise
	Filter  calls.InspectionsQuery
	Results []frame.Option
	Ends    []frame.Option // dispositions
	Towns   []string
	Rows    []frame.InspectionRow
	Own     bool // they are an enterprise's own
	XLSX    string
	Any     bool // something was asked for
	Gate    bool // the reader inspects
	Error   string
	Again   bool
}

// planView is a day's plan, with the form that gives several visits to somebody.
type planView struct {
	Day    string
	Ways   []way
	Todo   int // visits that are not done
	Done   int
	Open   int // of Todo, those that nobody has
	More   bool
	Assign bool
	Fields []frame.Field
	Key    string
}

// way is where one person goes.
type way struct {
	User   string
	Visits []visit
}

type visit struct {
	service.Visit
	Href, Inspection string
	Why              string
	Late             bool
	Tick             bool // it can be given to somebody
	Ticked           bool
}

// asking is the query of a list's address.
func asking(q *frame.Request) calls.InspectionsQuery {
	v := q.URL.Query()
	text := func(name string) string { return strings.TrimSpace(v.Get(name)) }
	in := calls.InspectionsQuery{Warning: text("warning"), Order: text("order"), Recipient: text("recipient"), Town: v.Get("town"),
		Inspector: text("inspector"), Task: text("task"), Paging: calls.Paging{Limit: frame.PageSize(v), Cursor: v.Get("cursor")}}
	if r := inspect.Result(v.Get("result")); slices.Contains(results, r) {
		in.Result = r
	}
	if e := inspect.Disposition(v.Get("disposition")); slices.Contains(inspect.Dispositions(), e) {
		in.Disposition = e
	}
	in.From, _ = frame.Day(v.Get("from"))
	in.To, _ = frame.Day(v.Get("to"))
	if v.Get("from") == "" {
		in.From = ""
	}
	if v.Get("to") == "" {
		in.To = ""
	}
	return in
}

var results = []inspect.Result{inspect.Failed, inspect.Unclear, inspect.Passed}

func (d *desk) list(q *frame.Request) (any, error) {
	in := asking(q)
	v := &listView{Chrome: q.Chrome(), Filter: in, Own: q.Who.Role == calls.Enterprise, Gate: q.May(calls.ActInspectionsWrite),
		Again: q.Again()}
	if v.Own {
		v.Title = q.T("inspections.mine")
	}
	for _, r := range results {
		v.Results = append(v.Results, frame.Option{Value: string(r), Label: terms.Name(terms.Inspected, string(r), q.Lang)})
	}
	for _, e := range inspect.Dispositions() {
		v.Ends = append(v.Ends, frame.Option{Value: string(e), Label: terms.Name(terms.Disposition, string(e), q.Lang)})
	}
	var err error
	if q.Who.Role != calls.Town && !v.Own {
		err = q.View(func(tx *bbolt.Tx) (err error) { v.Towns, err = q.Towns(tx, "", in.Town); return err })
		if err != nil {
			return nil, err
		}
	}
	query := q.URL.Query()
	for _, not := range []string{"cursor", frame.BackField, "limit", "day", "done"} {
		query.Del(not)
	}
	v.Any = in.Warning+in.Order+in.Recipient+in.Town+in.Inspector+in.Task+string(in.Result)+string(in.Disposition)+in.From+in.To != ""
	v.XLSX = "/desk/inspections.xlsx?" + query.Encode()
	page, err := d.Svc.InspectionRows(q.Ask(), in)
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		v.Rows = append(v.Rows, q.InspectionRow(&page.Items[i]))
	}
	v.Pager = q.Pager(page.Next)
	if q.May(calls.ActTasksRead) {
		v.Plan, err = d.plan(q)
	}
	if q.Refused != nil {
		v.Error = q.Blame(nil, v.Plan.Fields)
	}
	return v, err
}

// plan is the plan of the day that was asked for, today unless told.
func (d *desk) plan(q *frame.Request) (*planView, error) {
	asked := q.URL.Query().Get("day")
	if q.Method == http.MethodPost {
		asked = q.PostForm.Get("of")
	}
	v := &planView{Day: dayOf(q.Now), Assign: q.May(calls.ActTasksWrite), Key: frame.NewKey()}
	if day, ok := frame.Day(asked); ok && asked != "" {
		v.Day = day
	}
	ways, more, err := d.Svc.DayPlan(q.Ask(), v.Day)
	if err != nil {
		return nil, err
	}
	v.More = more
	ticks := false
	for _, w := range ways {
		one := way{User: w.User}
		for i := range w.Visits {
			t := visitOf(q, &w.Visits[i], v.Assign)
			ticks = ticks || t.Tick
			switch {
			case t.State == compliance.TaskDone:
				v.Done++
			case t.Assignee == "":
				v.Open++
				fallthrough
			default:
				v.Todo++
			}
			one.Visits = append(one.Visits, t)
		}
		v.Ways = append(v.Ways, one)
	}
	v.Assign = v.Assign && ticks
	if !v.Assign {
		return v, nil
	}
	v.Fields = []frame.Field{q.Field("assignee", frame.KindText, true), q.Field("with", frame.KindText, false),
		q.Field("day", frame.KindDay, false)}
	v.Fields[2].Value = v.Day
	if q.Method == http.MethodPost {
		frame.Set(v.Fields, q.PostForm)
		v.Key = cmp.Or(q.PostForm.Get("key"), v.Key)
	}
	return v, q.Suggested(&v.Fields[0], &v.Fields[1])
}

func visitOf(q *frame.Request, t *service.Visit, may bool) visit {
	v := visit{Visit: *t, Href: taskPath(t.ID), Why: terms.Name(terms.TaskOrigin, string(t.Origin), q.Lang)}
	if t.Found != "" {
		v.Inspection = frame.InspectionPath(t.Found)
	}
	undone := t.State == compliance.TaskOpen || t.State == compliance.TaskTaken
	v.Late = undone && !q.Now.Before(t.Due)
	drawn := t.Origin == compliance.FromPlan // which an officer gives to somebody once, and moves for a reason on its page
	v.Tick = may && undone && (!drawn || q.Who.Role == calls.Duty && t.State == compliance.TaskOpen)
	v.Ticked = q.Method == http.MethodPost && slices.Contains(q.PostForm["task"], t.ID)
	return v
}

// mostAssigned is how many visits are given to somebody at once.
const mostAssigned = 200

// assign gives the visits that were ticked to somebody. What cannot be given is told by name, and the others are.
func (d *desk) assign(q *frame.Request) (to string, err error) {
	ids := q.PostForm["task"]
	switch {
	case len(ids) == 0:
		return "", refusal.Input([]refusal.Field{{Path: "task", Rule: "desk.inspections.none_ticked"}})
	case len(ids) > mostAssigned:
		return "", refusal.Input([]refusal.Field{{Path: "task", Rule: "desk.inspections.many_ticked",
			Args: refusal.Args{"limit": mostAssigned}}})
	}
	fields := []frame.Field{q.Field("assignee", frame.KindText, true), q.Field("with", frame.KindText, false),
		q.Field("day", frame.KindDay, false)}
	typed, err := frame.Typed(fields, q.PostForm)
	if err != nil {
		return "", err
	}
	text := func(name string) string { s, _ := typed[name].(string); return s }
	var wrong []refusal.Field
	for _, id := range ids {
		in := calls.TaskStep{ByID: calls.ByID{ID: id}, State: compliance.TaskTaken, Assignee: text("assignee"),
			With: new(text("with")), Day: new(text("day"))}
		if err := valid.Check(in); err != nil {
			return "", err
		}
		ask := q.Ask()
		if ask.Key != "" {
			ask.Key += "/" + id // each is an act of its own
		}
		_, err := d.Svc.ChangeTask(q.Context(), ask, in)
		var e *refusal.Error
		switch {
		case err == nil:
		case !errors.As(err, &e) || e.Code == refusal.RateLimited:
			return "", err
		case len(e.Fields) > 0 && len(ids) == 1:
			return "", err
		default:
			why := e.Detail(q.Lang)
			if len(e.Fields) > 0 {
				why = e.Fields[0].Message(q.Lang)
			}
			wrong = append(wrong, refusal.Field{Path: id, Rule: "desk.inspections.not_given", Args: refusal.Args{"why": why}})
		}
	}
	if len(wrong) > 0 {
		if n := len(ids) - len(wrong); n > 0 {
			wrong = append(wrong, refusal.Field{Path: "task", Rule: "desk.inspections.some_given", Args: refusal.Args{"n": n}})
		}
		return "", refusal.Input(wrong)
	}
	query := url.Values{"done": {"inspections.assign"}, "day": {cmp.Or(text("day"), q.PostForm.Get("of"))}}
	return "/desk/inspections?" + query.Encode(), nil
}

// mostExported is how many inspections a workbook has.
const mostExported = 10_000

// exported are the columns of a workbook, by their words.
var exported = []string{"id", "warning", "order", "recipient", "name", "town", "task", "inspector", "with", "at", "received",
	"result", "failed", "disposition", "due", "remarks", "refused", "answers", "corrects", "corrected_by"}

// workbook answers with the inspections that were asked for as a workbook, a row each.
func (d *desk) workbook(q *frame.Request) (any, error) {
	in := asking(q)
	in.Cursor, in.Limit = "", inspect.MaxPage
	t := papers.Sheet{Name: q.T("title.inspections")}
	for _, c := range exported {
		t.Heads = append(t.Heads, q.T("inspections.col."+c))
	}
	for more := true; more && len(t.Rows) < mostExported; more = in.Cursor != "" {
		page, err := d.Svc.InspectionRows(q.Ask(), in)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			t.Rows = append(t.Rows, cellsOf(q, &page.Items[i]))
		}
		in.Cursor = page.Next
	}
	return nil, d.sends(q, &t, "inspections")
}

// cellsOf are an inspection's cells, in the order of exported.
func cellsOf(q *frame.Request, v *calls.InspectionView) []any {
	failed := 0
	for i := range v.Items {
		if v.Items[i].Result == inspect.Fail {
			failed++
		}
	}
	refused := ""
	if v.Signature.Refused {
		refused = q.T("inspection.refused")
	}
	var remarks []string
	for _, r := range v.Remarks {
		remarks = append(remarks, r.Text)
	}
	return []any{v.ID, v.WarningID, v.OrderID, v.RecipientID, v.RecipientName, v.Town, v.TaskID, v.Inspector, v.With,
		frame.Clock(v.At), frame.Clock(v.ReceivedAt), terms.Name(terms.Inspected, string(v.Result), q.Lang), float64(failed),
		terms.Name(terms.Disposition, string(v.Disposition), q.Lang), frame.Clock(v.Due), strings.Join(remarks, " "), refused,
		float64(len(v.Answers)), v.Corrects, v.CorrectedBy}
}

// sends answers with a workbook.
func (d *desk) sends(q *frame.Request, t *papers.Sheet, name string) error {
	var text bytes.Buffer
	if err := t.XLSX(&text); err != nil {
		return err
	}
	h := q.W.Header()
	h.Set("Content-Type", papers.XLSXMedia)
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.xlsx"`, name,
		q.Now.In(alerts.Shanghai()).Format("20060102-1504")))
	q.W.WriteHeader(http.StatusOK)
	if _, err := q.W.Write(text.Bytes()); err != nil {
		d.Log.Debug("a workbook did not reach its reader", "path", q.URL.Path, "err", err)
	}
	return nil
}
