package calls

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/judge"
	"qingkong/reductionlist"
)

// FoundQuery asks for the findings that it names: an enterprise sees its own alone, a town those in it.
type FoundQuery struct {
	Order     string `query:"order" json:"-"`
	Warning   string `query:"warning" json:"-"`
	Recipient string `query:"recipient" json:"-"`
	Verdict   string `query:"verdict,finding_verdict" json:"-" validate:"omitempty,finding_verdict"`
	Town      string `query:"town" json:"-"`
	Open      string `query:"open" json:"-" validate:"omitempty,yes_no"`    // whether it was not cleared
	Waiting   string `query:"waiting" json:"-" validate:"omitempty,yes_no"` // whether an explanation waits for an officer
	Paging
}

// FindingView is a finding as others read it. Hour, Measured, Limit, Baseline and Why are of the latest of its hours.
type FindingView struct {
	ID            string                      `json:"id"`
	WarningID     string                      `json:"warning_id"`
	OrderID       string                      `json:"order_id"` // that was in force when it began
	RecipientID   string                      `json:"recipient_id"`
	RecipientName string                      `json:"recipient_name"`
	Town          string                      `json:"town"`
	MeasureID     string                      `json:"measure_id"`
	Source        reductionlist.Source        `json:"source"`
	Ref           string                      `json:"ref"`
	Factor        string                      `json:"factor"`
	Kind          reductionlist.CriterionKind `json:"kind"`
	Criterion     string                      `json:"criterion"`
	Unit          string                      `json:"unit"`
	Verdict       judge.Verdict               `json:"verdict"` // of what stands; of a cleared one what it was
	Worst         judge.Verdict               `json:"worst"`
	Cleared       bool                        `json:"cleared"`
	Asks          bool                        `json:"asks"`  // the enterprise is asked to explain it
	Waits         bool                        `json:"waits"` // an explanation waits for an officer
	Advisory      bool                        `json:"advisory"`
	Revision      int                         `json:"revision"`
	From          time.Time                   `json:"from"`
	Last          time.Time                   `json:"last"`
	Failed        int                         `json:"failed"` // hours, or days
	Hour          *time.Time                  `json:"hour"`
	Measured      *float64                    `json:"measured"`
	Limit         *float64                    `json:"limit"`
	Baseline      *BaselineView               `json:"baseline"`
	Why           judge.Why                   `json:"why"`
	Hours         []compliance.FoundHour      `json:"hours,omitempty"` // in GET /findings/{id} alone
	Weekdays      bool                        `json:"weekdays"`        // holidays are not published: the weekday decided
	OpenedAt      time.Time                   `json:"opened_at"`
	ChangedAt     time.Time                   `json:"changed_at"`
	ToldAt        *time.Time                  `json:"told_at"`
	ExplainBy     *time.Time                  `json:"explain_by"`
	Explanations  []ExplanationView           `json:"explanations"`
}

// BaselineView is what was usual at that hour.
type BaselineView struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	N      int     `json:"n"`
}

// ExplanationView is what an enterprise says of a finding, and what an officer says of that.
type ExplanationView struct {
	At        time.Time           `json:"at"`
	Note      string              `json:"note"`
	Evidence  []string            `json:"evidence"`
	Decision  compliance.Decision `json:"decision"` // empty while it waits
	DecidedAt *time.Time          `json:"decided_at"`
	DecidedBy string              `json:"decided_by"`
	Reason    string              `json:"reason"`
	Hours     []time.Time         `json:"hours"`
}

// Explanation is an enterprise's explanation of a finding.
type Explanation struct {
	ByID
	Note     string   `text:"free" json:"note" validate:"bytes=4000"`
	Evidence []string `json:"evidence" validate:"most=100,dive,evidence"`
}

// ExplanationMessage is an explanation as it comes over qingkong.answer.<recipient>, which names its finding and its action
// itself.
type ExplanationMessage struct {
	FindingID string   `json:"finding_id" validate:"required,bytes=128"`
	Action    string   `json:"action"`
	Note      string   `text:"free" json:"note" validate:"bytes=4000"`
	Evidence  []string `json:"evidence" validate:"most=100,dive,evidence"`
}

// ActionExplain is the action of an [ExplanationMessage].
const ActionExplain = "explain"

// Explains reports whether the payload of qingkong.answer.<recipient> is an explanation, and no act on an order.
func Explains(data []byte) bool {
	var in struct {
		Action string `json:"action"`
	}
	return json.Unmarshal(data, &in) == nil && in.Action == ActionExplain
}

// ReadExplanation reads such a payload.
func ReadExplanation(data []byte) (Explanation, error) {
	in, err := valid.Read[ExplanationMessage](data)
	return Explanation{ByID: ByID{ID: in.FindingID}, Note: in.Note, Evidence: in.Evidence}, err
}

// ExplanationDecision decides on the explanation that waits.
type ExplanationDecision struct {
	ByID
	Decision compliance.Decision `json:"decision" validate:"required"`
	Reason   string              `text:"free" json:"reason" validate:"bytes=4000"`
	Hours    []time.Time         `json:"hours" validate:"most=1000"` // that an accepted one stands for; none are all
}

// ValueChoice says which of several values of an hour is the right one.
type ValueChoice struct {
	ByID
	At     time.Time `json:"at" validate:"required"`
	Value  *float64  `json:"value" validate:"required"`
	Reason string    `text:"free" json:"reason" validate:"required,bytes=4000"`
}

// Derived is a finding worked out again from what is kept, beside what was recorded.
type Derived struct {
	ID    string                 `json:"id"`
	Same  bool                   `json:"same"`
	Hours []compliance.FoundHour `json:"hours"` // as they come out now
	Notes []string               `json:"notes"` // what differs, or is not kept any more
}

// OrderMonitoring is what is measured of an order beside what it demands.
type OrderMonitoring struct {
	OrderID  string        `json:"order_id"`
	Verdict  judge.Verdict `json:"verdict"`
	Worst    judge.Verdict `json:"worst"`
	NoData   float64       `json:"no_data_share"` // of the hours and days that are over, from 0 to 1
	Monitors []MonitorView `json:"monitors"`
}

// MonitorView is one judged monitor with its hours or days.
type MonitorView struct {
	compliance.Key
	Criterion string        `json:"criterion"`
	Unit      string        `json:"unit"`
	From      time.Time     `json:"from"` // when it is judged from
	To        *time.Time    `json:"to"`
	Verdict   judge.Verdict `json:"verdict"`
	Worst     judge.Verdict `json:"worst"`
	Heard     bool          `json:"heard"` // the instrument ever reported
	Fits      bool          `json:"fits"`  // it measures what the criterion says
	FindingID string        `json:"finding_id"`
	Hours     []JudgedHour  `json:"hours"`

	StartsAt time.Time  `json:"starts_at"` // when the first of the orders under the warning began to bind
	EndsAt   *time.Time `json:"ends_at"`   // when the last of them ended
	// Short is how many days the baseline lacks at the hour of the day that lacks most; 0 where it has enough, or needs none.
	Short int `json:"baseline_short_days"`
	// Around are hours of which nothing is concluded: of the day before the order until it is due, as they were measured, and
	// of those to come, with what they will be held against. What is judged by days has none.
	Around []JudgedHour `json:"around"`
}

// JudgedHour is an hour, or a day, with what it is held against. Low and High are the usual range at that hour.
type JudgedHour struct {
	At       time.Time    `json:"at"`
	Result   judge.Result `json:"result"`
	Why      judge.Why    `json:"why"`
	Measured *float64     `json:"measured"`
	Limit    *float64     `json:"limit"`
	Low      *float64     `json:"low,omitempty"`
	High     *float64     `json:"high,omitempty"`
	Forecast *float64     `json:"forecast,omitempty"` // of a running day
}

// TasksQuery asks for tasks: without a state, and for those that are open or taken, the most pressing first; for those that
// are done or dropped the latest first.
type TasksQuery struct {
	State    compliance.TaskState `query:"state,task_state" json:"-" validate:"omitempty,task_state"`
	Assignee string               `query:"assignee" json:"-"`
	Town     string               `query:"town" json:"-"`
	Day      string               `query:"day,due_day" json:"-" validate:"omitempty,day"` // due on it, or before
	On       string               `query:"on,gone_on" json:"-" validate:"omitempty,day"`  // planned for it
	Paging
}

// TaskView is a task as others read it, with what its rank is made of.
type TaskView struct {
	ID            string                `json:"id"`
	Origin        compliance.TaskOrigin `json:"origin"`
	Warning       string                `json:"warning_id"`
	Recipient     string                `json:"recipient_id"`
	RecipientName string                `json:"recipient_name"`
	Town          string                `json:"town"`
	Order         string                `json:"order_id"`
	Finding       string                `json:"finding_id"`
	About         string                `json:"about"` // what makes it one task
	Desk          bool                  `json:"desk"`  // it is the duty desk's, and nobody goes there
	Due           time.Time             `json:"due"`
	State         compliance.TaskState  `json:"state"`
	Assignee      string                `json:"assignee"`
	With          string                `json:"with"` // the second who goes there
	Day           string                `json:"day"`  // on which they go; empty for any until due
	Note          string                `json:"note"`
	Reason        string                `json:"reason"`
	OpenedAt      time.Time             `json:"opened_at"`
	OpenedBy      string                `json:"opened_by"`
	ChangedAt     time.Time             `json:"changed_at"`
	ChangedBy     string                `json:"changed_by"`
	Rank          *TaskRank             `json:"rank"` // of one that is neither done nor dropped
}

// TaskRank is why a task stands where it stands; see [compliance.Rank].
type TaskRank = compliance.Rank

// NewTask is a task that a person makes.
type NewTask struct {
	RecipientID string    `json:"recipient_id" validate:"required,bytes=64"`
	OrderID     string    `json:"order_id" validate:"bytes=128"`
	Due         time.Time `json:"due" validate:"required"`
	Note        string    `text:"free" json:"note" validate:"bytes=4000"`
	Assignee    string    `json:"assignee" validate:"bytes=64"`
	With        string    `json:"with" validate:"bytes=64"`
	Day         string    `json:"day" validate:"omitempty,day"`
	Complaint   bool      `json:"complaint"` // somebody outside complained
}

// TaskStep says how a task stands from now on. Who takes one without an assignee takes it himself.
type TaskStep struct {
	ByID
	State    compliance.TaskState `json:"state" validate:"required,task_state"`
	Assignee string               `json:"assignee" validate:"bytes=64"`
	With     *string              `json:"with,omitempty" validate:"omitempty,bytes=64"`   // null leaves it as it is, and the day
	Day      *string              `json:"day,omitempty" validate:"omitempty,day_or_none"` // empty for any
	Reason   string               `text:"free" json:"reason" validate:"bytes=4000"`
}

// Calls on findings and tasks.
var (
	Findings = row[FoundQuery, alerts.Page[FindingView]]("GET /findings", ActFindingsRead,
		"监测发现：疑似未执行、违反、无数据；企业只见自己的，街镇只见本街镇的",
		"findings of monitoring: suspected, violated, no data; an enterprise its own, a town its own", Call{})
	Finding = row[ByID, FindingView]("GET /findings/{id}", ActFindingsRead,
		"一条监测发现及其依据的小时和基线", "a finding with the hours and the baseline that it rests on",
		Call{Refuses: codes{refusal.NotFound}})
	ExplainFinding = row[Explanation, FindingView]("POST /findings/{id}/explain", ActFindingsExplain,
		"企业说明情况，可附材料", "the enterprise explains a finding, with evidence where it has any",
		Call{Body: textBody, Bare: true, Spared: true, Refuses: codes{refusal.NotFound, refusal.TransitionRefused, refusal.Conflict},
			Example: `{"note":"2号线 21 时至 22 时检修后试车，见检修记录"}`})
	DecideFinding = row[ExplanationDecision, FindingView]("POST /findings/{id}/decide", ActFindingsDecide,
		"采纳或不采纳企业的说明；采纳的时段不再计入，不采纳须写理由",
		"accepts or rejects an explanation: accepted hours count no more, a rejection has a reason",
		Call{Body: textBody, Spared: true, Refuses: codes{refusal.NotFound, refusal.TransitionRefused},
			Example: `{"decision":"reject","reason":"检修记录与用电曲线不符"}`})
	ChooseValue = row[ValueChoice, FindingView]("POST /findings/{id}/value", ActFindingsDecide,
		"同一小时有不同数值时，认定其中一个", "takes one of several values of an hour as the right one",
		Call{Body: textBody, Spared: true, Refuses: codes{refusal.NotFound},
			Example: `{"at":"2016-12-17T21:00:00+08:00","value":31.5,"reason":"重发的为校准后数据"}`})
	DeriveFinding = row[ByID, Derived]("GET /findings/{id}/derive", ActFindingsRead,
		"由留存的数据重新推算一条监测发现，与记录对照", "works a finding out again from what is kept, beside what was recorded",
		Call{Refuses: codes{refusal.NotFound, refusal.NotReady}})
	Monitoring = row[ByID, OrderMonitoring]("GET /orders/{id}/monitoring", ActOrdersRead,
		"一份减排令要求的、计划的和监测到的", "what an order demands and what is measured of it",
		Call{Refuses: codes{refusal.NotFound, refusal.NotReady}})

	Tasks = row[TasksQuery, alerts.Page[TaskView]]("GET /tasks", ActTasksRead,
		"现场核查和待办，按列明的权重排序；街镇只见本街镇的", "tasks, ranked by stated weights; a town its own", Call{})
	OneTask = row[ByID, TaskView]("GET /tasks/{id}", ActTasksRead, "一项任务", "a task",
		Call{Refuses: codes{refusal.NotFound}})
	AddTask = row[NewTask, TaskView]("POST /tasks", ActTasksWrite, "指派一项任务", "makes a task",
		Call{Body: textBody, Example: `{"recipient_id":"E0003","due":"2016-12-18T12:00:00+08:00","note":"群众反映夜间有烟"}`}).
		at(func(t TaskView) []string { return []string{"tasks", t.ID} })
	ChangeTask = row[TaskStep, TaskView]("POST /tasks/{id}", ActTasksWrite, "领取、改派、办结或取消一项任务",
		"takes a task, gives it to somebody, ends or drops it",
		Call{Body: textBody, Refuses: codes{refusal.NotFound, refusal.TransitionRefused, refusal.Forbidden},
			Example: `{"state":"taken","assignee":"inspector"}`})
)
