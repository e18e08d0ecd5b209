package monitoring

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts/terms"
	"qingkong/cmd/internal/calls"
	"qingkong/cmd/internal/desk/frame"
	"qingkong/cmd/internal/service"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/compliance"
)

// tasksView is a page of tasks, the most pressing first.
type tasksView struct {
	*frame.Chrome
	frame.Pager
	Filter  calls.TasksQuery
	States  []frame.Option
	Towns   []string
	Rows    []taskRow
	Weights *weightsView // by which they are ranked; nil where none is
	Mine    bool
}

// taskRow is a task in a list.
type taskRow struct {
	calls.TaskView
	Href    string
	Why     string // there is the task
	Late    bool
	Parts   []frame.Row // what its rank is made of
	Finding string      // address
	Order   string
}

func taskRowOf(q *frame.Request, t *calls.TaskView) taskRow {
	row := taskRow{TaskView: *t, Href: taskPath(t.ID), Why: terms.Name(terms.TaskOrigin, string(t.Origin), q.Lang)}
	row.Late = undone(t.State) && !q.Now.Before(t.Due)
	if t.Finding != "" {
		row.Finding = findingPath(t.Finding)
	}
	if t.Order != "" {
		row.Order = frame.OrderPath(t.Order)
	}
	if r := t.Rank; r != nil {
		add := func(key, value string) { row.Parts = append(row.Parts, frame.Row{Label: q.T(key), Value: value}) }
		add("visit.at_stake", q.T("visit.tonnes", "n", frame.ShortNumber(r.AtStake)))
		add("visit.failing", percent(r.Failing)+" %")
		if r.NoData > 0 {
			add("visit.no_data", percent(r.NoData)+" %")
		}
		if r.Distance != nil {
			add("visit.distance", frame.ShortNumber(float64(int(*r.Distance*10+0.5))/10)+" km")
		}
	}
	return row
}

// Score is the rank as it is shown.
func (r taskRow) Score() string {
	if r.Rank == nil {
		return ""
	}
	return frame.ShortNumber(r.Rank.Score)
}

func undone(s compliance.TaskState) bool {
	return s == compliance.TaskOpen || s == compliance.TaskTaken
}

// taskStates are those that tasks can be looked for by.
var taskStates = []compliance.TaskState{compliance.TaskOpen, compliance.TaskTaken, compliance.TaskDone,
	compliance.TaskDropped}

func (d *desk) tasks(q *frame.Request) (any, error) {
	query := q.URL.Query()
	in := calls.TasksQuery{Town: query.Get("town"), Paging: calls.Paging{Limit: frame.PageSize(query),
		Cursor: query.Get("cursor")}}
	if s := compliance.TaskState(query.Get("state")); slices.Contains(taskStates, s) {
		in.State = s
	}
	v := &tasksView{Chrome: q.Chrome(), Mine: query.Get("mine") == "true"}
	if v.Mine {
		in.Assignee = q.Who.User
	}
	if day, ok := frame.Day(query.Get("day")); ok {
		in.Day = day
	}
	v.Filter = in
	for _, s := range taskStates {
		v.States = append(v.States, frame.Option{Value: string(s), Label: terms.Name(terms.TaskState, string(s), q.Lang)})
	}
	if q.Who.Role != calls.Town {
		err := q.View(func(tx *bbolt.Tx) (err error) { v.Towns, err = q.Towns(tx, "", in.Town); return err })
		if err != nil {
			return nil, err
		}
	}
	page, err := d.Svc.Tasks(q.Context(), q.Ask(), in)
	if err != nil {
		return nil, err
	}
	for i := range page.Items {
		v.Rows = append(v.Rows, taskRowOf(q, &page.Items[i]))
		if r := page.Items[i].Rank; r != nil {
			v.Weights = d.weights(&r.Weights)
		}
	}
	v.Pager = q.Pager(page.Next)
	return v, nil
}

// weightsView is how a score is made.
type weightsView struct {
	*compliance.RankWeights
	Office string // the place from which ways are counted, in degrees; empty for none
}

func (d *desk) weights(w *compliance.RankWeights) *weightsView {
	v := &weightsView{RankWeights: w}
	if at := d.Svc.Office(); at != (compliance.Place{}) {
		v.Office = strconv.FormatFloat(at.Lon, 'f', -1, 64) + ", " + strconv.FormatFloat(at.Lat, 'f', -1, 64)
	}
	return v
}

// taskView is the page of a task.
type taskView struct {
	*frame.Chrome
	taskRow
	Weights *weightsView // by which it is ranked; nil where it is not
	Maps    []frame.MapLink
	Found   []frame.InspectionRow // inspections of it
	Gate    bool                  // the reader inspects, and has it
	Bound   bool                  // it was drawn, and the reader may not move it
	Recused []recusalRow          // from there, for officers
	Forms   []stepForm
	Error   string
	Again   bool
	Phone   string
	Person  string
}

// stepForm is the form of a step that a task's state allows.
type stepForm struct {
	Name, State string
	Action      string // where it is sent
	Main        bool
	Fields      []frame.Field
	Key         string
	Current     bool
}

func (d *desk) task(q *frame.Request) (any, error) {
	t, err := d.Svc.OneTask(q.Context(), q.Ask(), calls.ByID{ID: q.ID()})
	if err != nil {
		return nil, err
	}
	v := &taskView{Chrome: q.Chrome(), taskRow: taskRowOf(q, &t), Again: q.Again()}
	v.Title = q.T("visit.of", "name", cmp.Or(t.RecipientName, t.Recipient))
	if t.Rank != nil {
		v.Weights = d.weights(&t.Rank.Weights)
	}
	if err := d.onSite(q, v); err != nil {
		return nil, err
	}
	if service.ReadsRecusals(q.Ask()) && !t.Desk {
		all, _, err := d.Svc.Recusals(q.Ask(), t.Recipient, "")
		if err != nil {
			return nil, err
		}
		v.Recused = recusalRows(all)
	}
	if q.May(calls.ActTasksWrite) {
		var recused bool
		err := q.View(func(tx *bbolt.Tx) error {
			recused = compliance.Recused(tx, t.Recipient, q.Who.User)
			return nil
		})
		if err != nil {
			return nil, err
		}
		v.Bound = v.Origin == compliance.FromPlan && undone(v.State) && q.Who.Role != calls.Duty && !recused
		if v.Forms, err = stepsOf(q, &t, recused); err != nil {
			return nil, err
		}
	}
	if q.Refused != nil {
		v.Error = q.Refused.Detail(q.Lang)
		for i := range v.Forms {
			if v.Forms[i].Current {
				v.Error = q.Blame(nil, v.Forms[i].Fields)
			}
		}
	}
	return v, nil
}

// onSite is where a task leads to, and what was found there.
func (d *desk) onSite(q *frame.Request, v *taskView) error {
	if v.Desk {
		return nil
	}
	all, err := d.Svc.MapsTo(v.Recipient)
	if err != nil {
		return err
	}
	v.Maps = frame.MapLinks(all)
	v.Gate = q.May(calls.ActInspectionsWrite) && undone(v.State) && (v.Assignee == q.Who.User || v.With == q.Who.User)
	page, err := d.Svc.InspectionRows(q.Ask(), calls.InspectionsQuery{Task: v.ID})
	for i := range page.Items {
		v.Found = append(v.Found, q.InspectionRow(&page.Items[i]))
	}
	return err
}

// stepsOf are the forms of what the reader can do with a task. One that was drawn stays with whom the lot chose: an inspector
// takes it where nobody has it, or is recused, and an officer says why it goes elsewhere. Whoever is recused takes none.
func stepsOf(q *frame.Request, t *calls.TaskView, recused bool) (forms []stepForm, err error) {
	if !undone(t.State) {
		return nil, nil
	}
	drawn, officer := t.Origin == compliance.FromPlan, q.Who.Role == calls.Duty
	add := func(name string, state compliance.TaskState, fields ...frame.Field) *stepForm {
		f := stepForm{Name: name, State: string(state), Fields: fields, Key: frame.NewKey(), Action: taskPath(t.ID)}
		for i := range f.Fields {
			f.Fields[i].Form = name + "-"
		}
		if q.Method == http.MethodPost && q.PostForm.Get("step_name") == name {
			frame.Set(f.Fields, q.PostForm)
			f.Key, f.Current = cmp.Or(q.PostForm.Get("key"), f.Key), true
		}
		forms = append(forms, f)
		return &forms[len(forms)-1]
	}
	give, err := giveFields(q, t)
	if err != nil {
		return nil, err
	}
	reason := q.Field("reason", frame.KindArea, true)
	reason.Hint = ""
	result := q.Field("reason", frame.KindArea, drawn)
	result.Label, result.Hint = q.T("visit.result"), ""
	var back []frame.Field
	if drawn && t.State == compliance.TaskTaken {
		give, back = append(give, reason), []frame.Field{reason}
	}
	if t.State == compliance.TaskOpen && !recused {
		add("take", compliance.TaskTaken).Main = true
	}
	if !drawn || officer {
		if t.State == compliance.TaskTaken {
			add("end", compliance.TaskDone, result).Main = true
			add("give", compliance.TaskTaken, give...)
			add("return", compliance.TaskOpen, back...)
		} else {
			add("give", compliance.TaskTaken, give...)
			add("end", compliance.TaskDone, result)
		}
		add("drop", compliance.TaskDropped, reason)
	}
	if t.Desk || recused && !officer {
		return forms, nil
	}
	why := q.Field("reason", frame.KindArea, true)
	why.Label, why.Hint = q.T("visit.recuse.why"), q.T("visit.recuse.hint")
	recuse := add("recuse", "", why)
	if recuse.Action += "/recuse"; !officer {
		return forms, nil
	}
	user := q.Field("user", frame.KindText, true)
	user.Form, user.Label, user.Value = "recuse-", q.T("visit.recuse.user"), t.Assignee
	if recuse.Current {
		user.Value = q.PostForm.Get("user")
	}
	recuse.Fields = append([]frame.Field{user}, recuse.Fields...)
	return forms, q.Suggested(&recuse.Fields[0])
}

// giveFields are to whom a task is given: where somebody goes with it, also with whom and when.
func giveFields(q *frame.Request, t *calls.TaskView) ([]frame.Field, error) {
	give := []frame.Field{q.Field("assignee", frame.KindText, true)}
	if !t.Desk {
		give = append(give, q.Field("with", frame.KindText, false), q.Field("day", frame.KindDay, false))
		give[1].Value, give[2].Value = t.With, t.Day
		if err := q.Suggested(&give[1]); err != nil {
			return nil, err
		}
	}
	give[0].Value = t.Assignee
	return give, q.Suggested(&give[0])
}

// step carries out a step of a task.
func (d *desk) step(q *frame.Request) (to string, err error) {
	in := calls.TaskStep{ByID: calls.ByID{ID: q.ID()}, State: compliance.TaskState(q.PostForm.Get("state")),
		Assignee: strings.TrimSpace(q.PostForm.Get("assignee")), Reason: strings.TrimSpace(q.PostForm.Get("reason"))}
	if q.PostForm.Has("with") {
		in.With = new(strings.TrimSpace(q.PostForm.Get("with")))
	}
	if q.PostForm.Has("day") {
		typed, err := frame.Typed([]frame.Field{{Name: "day", Kind: frame.KindDay}}, q.PostForm)
		if err != nil {
			return "", err
		}
		day, _ := typed["day"].(string)
		in.Day = &day
	}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	_, err = d.Svc.ChangeTask(q.Context(), q.Ask(), in)
	return taskPath(in.ID) + "?done=visit." + string(in.State), err
}

// recuse has somebody do no tasks any more where a task is.
func (d *desk) recuse(q *frame.Request) (to string, err error) {
	in := calls.Recusal{ByID: calls.ByID{ID: q.ID()}, User: strings.TrimSpace(q.PostForm.Get("user")),
		Reason: strings.TrimSpace(q.PostForm.Get("reason"))}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	_, err = d.Svc.RecuseTask(q.Context(), q.Ask(), in)
	return taskPath(in.ID) + "?done=visit.recuse", err
}

// taskForm is the page that makes a task by hand.
type taskForm struct {
	*frame.Chrome
	Fields []frame.Field
	Key    string
	Error  string
	Again  bool
}

func taskFields(q *frame.Request) []frame.Field {
	fields := []frame.Field{q.Field("recipient_id", frame.KindText, true), q.Field("order_id", frame.KindText, false),
		q.Field("due", frame.KindMoment, true), q.Field("note", frame.KindArea, false),
		q.Field("assignee", frame.KindText, false), q.Field("with", frame.KindText, false), q.Field("day", frame.KindDay, false),
		q.Field("complaint", frame.KindCheck, false)}
	fields[3].Label = q.T("visit.what")
	return fields
}

func (d *desk) addForm(q *frame.Request) (any, error) {
	v := &taskForm{Chrome: q.Chrome(), Fields: taskFields(q), Key: frame.NewKey(), Again: q.Again()}
	for i := range v.Fields {
		if v.Fields[i].Name == "due" {
			v.Fields[i].Value = frame.MomentValue(q.Now.Add(24 * time.Hour).Truncate(time.Hour))
		}
	}
	for i := range v.Fields {
		if name := v.Fields[i].Name; name == "assignee" || name == "with" {
			if err := q.Suggested(&v.Fields[i]); err != nil {
				return nil, err
			}
		}
	}
	if q.Method == http.MethodPost {
		frame.Set(v.Fields, q.PostForm)
		v.Key = cmp.Or(q.PostForm.Get("key"), v.Key)
	} else {
		query := q.URL.Query()
		query.Set("recipient_id", query.Get("recipient"))
		query.Set("order_id", query.Get("order"))
		frame.Set(v.Fields[:2], query)
	}
	v.Error = q.Blame(nil, v.Fields)
	return v, nil
}

func (d *desk) add(q *frame.Request) (to string, err error) {
	typed, err := frame.Typed(taskFields(q), q.PostForm)
	if err != nil {
		return "", err
	}
	text := func(name string) string { s, _ := typed[name].(string); return s }
	in := calls.NewTask{RecipientID: text("recipient_id"), OrderID: text("order_id"), Due: typed["due"].(time.Time),
		Note: text("note"), Assignee: text("assignee"), With: text("with"), Day: text("day"), Complaint: typed["complaint"] == true}
	if err := valid.Check(in); err != nil {
		return "", err
	}
	t, err := d.Svc.AddTask(q.Context(), q.Ask(), in)
	return taskPath(t.ID) + "?done=visit.add", err
}
