package compliance

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"go.etcd.io/bbolt"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/alerts/terms"
	"qingkong/reductionlist"
)

// Task is something that a person has to do: an inspector at a plant, or the duty desk with an explanation.
type Task struct {
	ID        string     `json:"id"`
	Origin    TaskOrigin `json:"origin"`
	About     string     `json:"about,omitempty"` // what makes it one task: a finding, or a warning and a recipient
	Warning   string     `json:"warning_id,omitempty"`
	Recipient string     `json:"recipient_id"`
	Order     string     `json:"order_id,omitempty"`
	Finding   string     `json:"finding_id,omitempty"`
	Town      string     `json:"town,omitempty"`
	Due       time.Time  `json:"due"`
	Desk      bool       `json:"desk,omitempty"`     // it is the duty desk's, and nobody goes there
	NoteRef   string     `json:"note_ref,omitempty"` // vault reference: what a person said who made it

	State     TaskState `json:"state"`
	Assignee  string    `json:"assignee,omitempty"` // account of whoever took it
	With      string    `json:"with,omitempty"`     // account of the second person who goes there
	Day       string    `json:"day,omitempty"`      // on which they go, 2006-01-02 in Beijing; empty for any until Due
	ReasonRef string    `json:"reason_ref,omitempty"`
	OpenedAt  time.Time `json:"opened_at,omitzero"`
	OpenedBy  string    `json:"opened_by,omitempty"`
	ChangedAt time.Time `json:"changed_at,omitzero"`
	ChangedBy string    `json:"changed_by,omitempty"`
}

// TaskOrigin is why there is a task. The list is open: a later version may know more.
type TaskOrigin string

// The origins.
const (
	FromFinding     TaskOrigin = "finding"     // violated, or suspected and not explained
	FromNoData      TaskOrigin = "no_data"     // for a day
	FromNeverHeard  TaskOrigin = "never_heard" // of an instrument that the list names
	FromTagged      TaskOrigin = "tagged"      // for longer than a day may be
	FromExplanation TaskOrigin = "explanation" // that nobody decided on
	FromPlan        TaskOrigin = "plan"        // drawn by lot, or the most pressing of a day
	FromComplaint   TaskOrigin = "complaint"   // of somebody outside
	FromInspection  TaskOrigin = "follow_up"   // which asked for another
	ByHand          TaskOrigin = "by_hand"     //
)

// TaskState is how far a task is.
type TaskState string

// The states.
const (
	TaskOpen    TaskState = "open"
	TaskTaken   TaskState = "taken"
	TaskDone    TaskState = "done"
	TaskDropped TaskState = "dropped"
)

// LatestDue is until when something has to be done at the latest that a person asks for.
const LatestDue = 2 * 366 * 24 * time.Hour

// OpenTask is that there is something to be done. Task has no id yet; About makes two of the same origin one.
type OpenTask struct{ Task Task }

// DecideOpenTask opens a task. Where there is one of the same origin about the same, or was one, that stands, and there is
// no event.
func DecideOpenTask(tx *bbolt.Tx, in OpenTask, now time.Time) ([]Event, *Task, error) {
	t := in.Task
	if t.About != "" {
		if id := tx.Bucket(originsBucket).Get(t.origin()); id != nil {
			was, err := GetTask(tx, string(id))
			return nil, was, err
		}
	}
	if t.Recipient == "" {
		return nil, nil, refusal.Wrong("recipient_id", "task.recipient", nil)
	}
	if (!t.Due.After(now) || t.Due.After(now.Add(LatestDue))) && (t.Origin == ByHand || t.Origin == FromComplaint) {
		return nil, nil, refusal.Wrong("due", "task.due", refusal.Args{"value": t.Due})
	}
	if err := mayGo(tx, &t); err != nil {
		return nil, nil, err
	}
	evs := OpenTasks(tx, []Task{t}, now)
	return evs, &evs[0].(*TaskOpened).Task, nil
}

// OpenTasks are the events that open tasks together, each with an id of its own. It refuses nothing: it is for whoever
// has decided on them.
func OpenTasks(tx *bbolt.Tx, tasks []Task, now time.Time) []Event {
	evs := make([]Event, len(tasks))
	for i, t := range tasks {
		if t.ID, t.State = nextTask(tx, now, i), TaskOpen; t.Assignee != "" {
			t.State = TaskTaken
		}
		evs[i] = &TaskOpened{Task: t}
	}
	return evs
}

// mayGo refuses a second person without a first, one person as both, and whoever said that he does not go to the
// recipient.
func mayGo(tx *bbolt.Tx, t *Task) error {
	switch {
	case t.With != "" && t.Assignee == "":
		return refusal.Wrong("assignee", "task.assignee", nil)
	case t.With != "" && t.With == t.Assignee:
		return refusal.Wrong("with", "task.same_person", refusal.Args{"user": t.With})
	}
	for _, who := range [...]struct{ path, user string }{{"assignee", t.Assignee}, {"with", t.With}} {
		if who.user != "" && Recused(tx, t.Recipient, who.user) {
			return refusal.Wrong(who.path, "task.recused", refusal.Args{"user": who.user, "recipient": t.Recipient})
		}
	}
	return nil
}

func (t *Task) origin() []byte { return []byte(string(t.Origin) + "\x00" + t.About) }

// nextTask is an id of a day, the i-th behind those that there are: T20161219-00001.
func nextTask(tx *bbolt.Tx, now time.Time, i int) string {
	prefix := "T" + now.In(alerts.Shanghai()).Format("20060102") + "-"
	k := reductionlist.SeekBefore(tx.Bucket(tasksBucket).Cursor(), append([]byte(prefix), 0xff))
	n := 0
	if bytes.HasPrefix(k, []byte(prefix)) {
		n, _ = strconv.Atoi(string(k[len(prefix):])) // what this function wrote
	}
	return fmt.Sprintf("%s%05d", prefix, n+1+i)
}

// GetTask is a task, or a not_found refusal.
func GetTask(tx *bbolt.Tx, id string) (*Task, error) {
	t := new(Task)
	switch ok, err := get(tx, tasksBucket, []byte(id), t); {
	case err != nil:
		return nil, err
	case !ok:
		return nil, refusal.New(refusal.NotFound, "task.not_found", refusal.Args{"id": refusal.Shown(id)})
	}
	return t, nil
}

// ChangeTask is that somebody takes a task, gives it to somebody, has done it or drops it. To drop one takes a reason.
type ChangeTask struct {
	ID        string
	State     TaskState
	Assignee  string
	With      *string // nil leaves the second person, and Day the day, as they are
	Day       *string
	Own       bool // Assignee takes it himself: one that somebody else has is not taken away
	Desk      bool // the duty desk asks, which may move a task that was drawn
	ReasonRef string
}

// taskSteps are the states that a task may come to from each.
var taskSteps = map[TaskState][]TaskState{
	TaskOpen:  {TaskTaken, TaskDone, TaskDropped},
	TaskTaken: {TaskTaken, TaskOpen, TaskDone, TaskDropped},
}

// DecideTask records how a task stands; the same again gives no event, and a step that its state does not allow is
// transition_refused. A task that was drawn stays with whom the lot chose, see [ChangeTask.Desk].
func DecideTask(tx *bbolt.Tx, actor string, in ChangeTask) ([]Event, *Task, error) {
	t, err := GetTask(tx, in.ID)
	if err != nil {
		return nil, nil, err
	}
	after := *t
	after.State, after.ReasonRef = in.State, in.ReasonRef
	switch {
	case in.State == TaskOpen: // nobody has it then
		after.Assignee, after.With = "", ""
	case in.Assignee != "":
		after.Assignee = in.Assignee
	}
	if in.With != nil {
		after.With = *in.With
	}
	if in.Day != nil {
		after.Day = *in.Day
	}
	switch {
	case t.State == in.State && after.Assignee == t.Assignee && after.With == t.With && after.Day == t.Day:
		return nil, t, nil
	case in.Own && t.State == TaskTaken && in.State == TaskTaken && t.Assignee != in.Assignee:
		return nil, nil, terms.Transition(terms.TaskState, "task.taken", string(t.State),
			refusal.Args{"id": t.ID, "user": t.Assignee})
	case t.State != in.State && !slices.Contains(taskSteps[t.State], in.State) || t.ended():
		return nil, nil, terms.Transition(terms.TaskState, "task.step", string(t.State), refusal.Args{"id": t.ID})
	case in.State == TaskTaken && after.Assignee == "":
		return nil, nil, refusal.Wrong("assignee", "task.assignee", nil)
	case in.State == TaskDropped && in.ReasonRef == "":
		return nil, nil, refusal.Wrong("reason", "task.reason", nil)
	}
	if err := t.keepsLot(&after, actor, &in); err != nil {
		return nil, nil, err
	}
	if in.State == TaskTaken || in.With != nil {
		if err := mayGo(tx, &after); err != nil {
			return nil, nil, err
		}
	}
	return []Event{after.changed()}, &after, nil
}

// changed is the event after which a task stands as it is.
func (t *Task) changed() *TaskChanged {
	return &TaskChanged{ID: t.ID, State: t.State, Assignee: t.Assignee, With: t.With, Day: t.Day, ReasonRef: t.ReasonRef}
}

// ended reports whether nobody has to do it any more.
func (t *Task) ended() bool { return t.State == TaskDone || t.State == TaskDropped }

// End is the event by which a task that is not ended is done or dropped, or nil.
func (t *Task) End(state TaskState) Event {
	if t.ended() {
		return nil
	}
	after := *t
	after.State, after.ReasonRef = state, ""
	return after.changed()
}

func applyTaskOpened(tx *bbolt.Tx, at time.Time, actor string, ev *TaskOpened) error {
	t := ev.Task
	t.OpenedAt, t.OpenedBy, t.ChangedAt, t.ChangedBy = at, actor, at, actor
	if t.About != "" {
		if err := tx.Bucket(originsBucket).Put(t.origin(), []byte(t.ID)); err != nil {
			return err
		}
	}
	return t.store(tx)
}

func applyTaskChanged(tx *bbolt.Tx, at time.Time, actor string, ev *TaskChanged) error {
	t, err := GetTask(tx, ev.ID)
	if err != nil {
		return err
	}
	t.State, t.Assignee, t.With, t.Day, t.ReasonRef = ev.State, ev.Assignee, ev.With, ev.Day, ev.ReasonRef
	t.ChangedAt, t.ChangedBy = at, actor
	return t.store(tx)
}

func (t *Task) store(tx *bbolt.Tx) error {
	key := []byte(t.ID)
	if err := put(tx, tasksBucket, key, t); err != nil {
		return err
	}
	if t.ended() {
		return tx.Bucket(undoneBucket).Delete(key)
	}
	return tx.Bucket(undoneBucket).Put(key, nil)
}

// HasTask reports whether there is a task, or was one, of the same origin about the same.
func HasTask(tx *bbolt.Tx, t *Task) bool { return tx.Bucket(originsBucket).Get(t.origin()) != nil }
