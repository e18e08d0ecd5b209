package calls

import (
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/reductionlist"
)

// NewInspection is what an inspector found, as a telephone hands it in. Times are the telephone's; DeviceNow is its clock
// as it sends, by which they are set right.
type NewInspection struct {
	ClientID  string     `json:"client_id" validate:"bytes=64"` // made on the telephone: the same again is the same
	TaskID    string     `json:"task_id" validate:"bytes=64"`
	OrderID   string     `json:"order_id" validate:"bytes=128"`
	Recipient string     `json:"recipient_id" validate:"required,bytes=64"`
	With      string     `json:"with" validate:"bytes=64"`     // account of the second inspector
	Corrects  string     `json:"corrects" validate:"bytes=64"` // the inspection in whose place it stands
	StartedAt *time.Time `json:"started_at"`
	At        *time.Time `json:"at"` // now unless told
	DeviceNow *time.Time `json:"device_now"`

	Items       []NewItem           `json:"items" validate:"required,most=300,dive"`
	Note        string              `text:"free" json:"note" validate:"bytes=8000"`
	Evidence    []string            `json:"evidence" validate:"most=300,dive,evidence"`
	Position    *inspect.Fix        `json:"position"`
	Signature   NewSignature        `json:"signature"`
	Disposition inspect.Disposition `json:"disposition" validate:"omitempty,disposition"` // none unless told
	Due         *time.Time          `json:"due"`
	Reinspect   bool                `json:"reinspect"`
}

// NewItem is what was found of one demand.
type NewItem struct {
	MeasureID string             `json:"measure_id" validate:"bytes=64"`
	Monitor   string             `json:"monitor" validate:"bytes=128"` // ref and factor of an instrument
	Expected  string             `json:"expected" validate:"bytes=2000"`
	Found     string             `text:"free" json:"found" validate:"bytes=4000"`
	Result    inspect.ItemResult `json:"result" validate:"required,item_result"`
	Value     *float64           `json:"value"`
	Unit      string             `json:"unit" validate:"bytes=32"`
	Note      string             `text:"free" json:"note" validate:"bytes=4000"`
	Vehicles  []string           `json:"vehicles" validate:"most=200,dive,bytes=32"`
	Evidence  []string           `json:"evidence" validate:"most=100,dive,evidence"`
}

// NewSignature is who signed on the glass, or why nobody did.
type NewSignature struct {
	Name    string `text:"free" json:"name" validate:"bytes=128"`
	Image   string `json:"image" validate:"omitempty,evidence"`
	Refused string `text:"free" json:"refused" validate:"bytes=2000"`
}

// InspectionView is an inspection as others read it. What it says of people is empty for whoever may not read that.
type InspectionView struct {
	ID            string              `json:"id"`
	ClientID      string              `json:"client_id"`
	TaskID        string              `json:"task_id"`
	OrderID       string              `json:"order_id"`
	WarningID     string              `json:"warning_id"`
	RecipientID   string              `json:"recipient_id"`
	RecipientName string              `json:"recipient_name"`
	Town          string              `json:"town"`
	Inspector     string              `json:"inspector"`
	With          string              `json:"with"`
	Corrects      string              `json:"corrects"`
	CorrectedBy   string              `json:"corrected_by"`
	StartedAt     *time.Time          `json:"started_at"`
	At            time.Time           `json:"at"` // set right by the difference of the clocks
	DeviceAt      time.Time           `json:"device_at"`
	ClockOffset   int64               `json:"clock_offset_s"` // how far the telephone's clock was ahead
	ReceivedAt    time.Time           `json:"received_at"`
	Items         []ItemView          `json:"items"`
	Note          string              `json:"note"`
	Evidence      []string            `json:"evidence"`
	Position      *inspect.Fix        `json:"position"`
	Signature     SignatureView       `json:"signature"`
	Disposition   inspect.Disposition `json:"disposition"`
	Due           *time.Time          `json:"due"`
	Reinspect     bool                `json:"reinspect"`
	Result        inspect.Result      `json:"result"`
	Remarks       []RemarkView        `json:"remarks"`
	FollowUp      string              `json:"follow_up"`
	AnswerBy      time.Time           `json:"answer_by"`
	Answers       []InspectionAnswer  `json:"answers"`
	Erased        bool                `json:"erased"` // what it said of people was erased
}

// ItemView is what was found of one demand.
type ItemView struct {
	MeasureID string             `json:"measure_id"`
	Monitor   string             `json:"monitor"`
	Expected  string             `json:"expected"`
	Found     string             `json:"found"`
	Result    inspect.ItemResult `json:"result"`
	Value     *float64           `json:"value"`
	Unit      string             `json:"unit"`
	Note      string             `json:"note"`
	Vehicles  []string           `json:"vehicles"`
	Evidence  []string           `json:"evidence"`
}

// SignatureView is who signed, or why nobody did.
type SignatureView struct {
	Name    string `json:"name"`
	Image   string `json:"image"`
	Refused bool   `json:"refused"`
	Reason  string `json:"reason"`
}

// RemarkView is what whoever reads an inspection has to know, also in words.
type RemarkView struct {
	Rule string `json:"rule"`
	Of   string `json:"of"`
	Text string `json:"text"` // in the language asked for
}

// InspectionAnswer is what an enterprise says of an inspection.
type InspectionAnswer struct {
	At       time.Time `json:"at"`
	Note     string    `json:"note"`
	Evidence []string  `json:"evidence"`
}

// NewAnswer is an enterprise's answer to an inspection.
type NewAnswer struct {
	ByID
	Note     string   `text:"free" json:"note" validate:"bytes=4000"`
	Evidence []string `json:"evidence" validate:"most=100,dive,evidence"`
}

// InspectionsQuery asks for inspections: an enterprise sees its own, a town those in it.
type InspectionsQuery struct {
	Warning     string              `query:"warning" json:"-"`
	Order       string              `query:"order,of_order" json:"-"`
	Recipient   string              `query:"recipient" json:"-"`
	Town        string              `query:"town" json:"-"`
	Inspector   string              `query:"inspector" json:"-"`
	Task        string              `query:"task" json:"-"`
	Result      inspect.Result      `query:"result,inspected" json:"-" validate:"omitempty,inspected"`
	Disposition inspect.Disposition `query:"disposition" json:"-" validate:"omitempty,disposition"`
	From        string              `query:"from,inspected_from" json:"-" validate:"omitempty,day"`
	To          string              `query:"to,inspected_to" json:"-" validate:"omitempty,day"`
	Paging
}

// InspectionSums are how many inspections there were and what they came to; a corrected one counts no more.
type InspectionSums struct {
	All         inspect.Sum   `json:"all"`
	Recipients  int           `json:"recipients"` // different ones
	ByTown      []inspect.Sum `json:"by_town"`
	BySector    []inspect.Sum `json:"by_sector"`
	ByInspector []inspect.Sum `json:"by_inspector"` // each of two counts; to those who decide or inspect alone
}

// SumsQuery says of which inspections sums are made.
type SumsQuery struct {
	Warning string `query:"warning" json:"-"`
	Town    string `query:"town" json:"-"`
	From    string `query:"from,inspected_from" json:"-" validate:"omitempty,day"`
	To      string `query:"to,inspected_to" json:"-" validate:"omitempty,day"`
}

// NewDraw asks where somebody is to go on a day: so many by rank, so many by lot.
type NewDraw struct {
	Day      string    `json:"day" validate:"required,day"`
	Warning  string    `json:"warning_id" validate:"bytes=64"` // empty: of all that are in force
	Towns    []string  `json:"towns" validate:"most=100,dive,bytes=100"`
	Ranked   int       `json:"ranked"`
	Random   int       `json:"random"`
	Due      time.Time `json:"due" validate:"required"`
	Assignee string    `json:"assignee" validate:"bytes=64"`
	With     string    `json:"with" validate:"bytes=64"`
}

// Recusal is that somebody does no tasks at a recipient, or does them again.
type Recusal struct {
	ByID
	User   string `json:"user" validate:"bytes=64"` // whoever asks, unless told; of another the duty officer decides
	Reason string `text:"free" json:"reason" validate:"bytes=2000"`
	End    bool   `json:"end"`
}

// DayQuery asks for the tasks of a day.
type DayQuery struct {
	Day string `query:"day,gate_day" json:"-" validate:"omitempty,day"`
}

// GateDay is all that an inspector takes along for a day, so that he needs no network at a gate.
type GateDay struct {
	Day        string                `json:"day"`
	Now        time.Time             `json:"now"`
	User       string                `json:"user"`
	Office     *Position             `json:"office"`
	Maps       []MapLink             `json:"maps"`
	TwoFor     []inspect.Disposition `json:"two_for"`
	Colleagues []Colleague           `json:"colleagues"`
	Tasks      []GateTask            `json:"tasks"` // in the order of the way
}

// MapLink is an address of a map, in which {lon}, {lat} and {name} are replaced.
type MapLink struct {
	Name string `json:"name"`
	Href string `json:"href"`
}

// Colleague is an account that may go along.
type Colleague struct {
	User string `json:"user"`
	Name string `json:"name"`
}

// GateTask is a task with all that is needed there.
type GateTask struct {
	ID            string                `json:"id"`
	Origin        compliance.TaskOrigin `json:"origin"`
	State         compliance.TaskState  `json:"state"`
	Assignee      string                `json:"assignee"`
	With          string                `json:"with"`
	RecipientID   string                `json:"recipient_id"`
	RecipientName string                `json:"recipient_name"`
	Town          string                `json:"town"`
	Due           time.Time             `json:"due"`
	Day           string                `json:"day"`
	Note          string                `json:"note"`
	Score         float64               `json:"score"`
	Route         int                   `json:"route"` // from 1
	Address       string                `json:"address"`
	Position      *Position             `json:"position"`       // as the list has it
	OnEarth       *Position             `json:"position_wgs84"` // the same in WGS-84, which is what geo: links are in
	Contacts      []GateContact         `json:"contacts"`
	Finding       *GateFinding          `json:"finding"`
	Follows       *GateEarlier          `json:"follows"` // the inspection that asked for this one
	Order         *GateOrder            `json:"order"`
	Checklist     []GateCheck           `json:"checklist"`
	Earlier       []GateEarlier         `json:"earlier"`
	Missing       string                `json:"missing"` // why nothing is shown of what was measured; empty where it is
}

// GateContact is whom to call there.
type GateContact struct {
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Role  string `json:"role"` // first or second
}

// GateFinding is why somebody goes there.
type GateFinding struct {
	ID          string    `json:"id"`
	MeasureID   string    `json:"measure_id"`
	Verdict     string    `json:"verdict"`
	Criterion   string    `json:"criterion"`
	Unit        string    `json:"unit"`
	Measured    *float64  `json:"measured"`
	Limit       *float64  `json:"limit"`
	From        time.Time `json:"from"`
	Failed      int       `json:"failed"`
	Explanation string    `json:"explanation"`
}

// GateEarlier is an inspection that was made before.
type GateEarlier struct {
	ID          string              `json:"id"`
	At          time.Time           `json:"at"`
	Inspector   string              `json:"inspector"`
	Result      inspect.Result      `json:"result"`
	Disposition inspect.Disposition `json:"disposition"`
	Due         *time.Time          `json:"due"`
}

// GateOrder is what was ordered.
type GateOrder struct {
	ID            string       `json:"id"`
	Revision      int          `json:"revision"`
	Level         alerts.Level `json:"level"`
	LevelName     string       `json:"level_name"`
	Title         string       `json:"title"`
	Text          string       `json:"text"`
	DocumentNo    string       `json:"document_no"`
	State         string       `json:"state"`
	EffectiveFrom time.Time    `json:"effective_from"`
	EndsAt        *time.Time   `json:"ends_at"`
}

// GateCheck is one demand of the order, with what is measured of it.
type GateCheck struct {
	MeasureID  string        `json:"measure_id"`
	Text       string        `json:"text"`
	Equipment  string        `json:"equipment"`
	Expected   string        `json:"expected"` // in words and numbers, in the language asked for
	CompleteBy time.Time     `json:"complete_by"`
	Evidence   []string      `json:"evidence"` // what is to be shown there
	Monitors   []GateMonitor `json:"monitors"`
}

// GateMonitor is one instrument of a demand with its last hours.
type GateMonitor struct {
	Source    reductionlist.Source `json:"source"`
	Ref       string               `json:"ref"`
	Factor    string               `json:"factor"`
	Criterion string               `json:"criterion"`
	Unit      string               `json:"unit"`
	Verdict   string               `json:"verdict"`
	Heard     bool                 `json:"heard"`
	Hours     []JudgedHour         `json:"hours"`
}

// InspectedBoard is the board of a warning with what inspections came to.
type InspectedBoard struct {
	*notify.Board
	Inspection inspect.Sum `json:"inspection"`
}

// Calls on inspections.
var (
	Inspections = row[InspectionsQuery, alerts.Page[InspectionView]]("GET /inspections", ActInspectionsRead,
		"现场检查，最近的在前；企业只见自己的，街镇只见本街镇的", "inspections, the latest first; an enterprise its own, a town its own", Call{})
	Inspection = row[ByID, InspectionView]("GET /inspections/{id}", ActInspectionsRead,
		"一次现场检查", "an inspection", Call{Refuses: codes{refusal.NotFound}})
	AddInspection = row[NewInspection, InspectionView]("POST /inspections", ActInspectionsWrite,
		"上传一次现场检查；更正是另一份，写明所更正的。离线期间减排令解除、任务改派等照收，并注明",
		"hands in an inspection; a correction is another one that names the corrected. What changed while the telephone was offline is remarked",
		Call{Body: dataBody, Spared: true, Refuses: codes{refusal.NotFound, refusal.Conflict},
			Example: `{"client_id":"7b0e6a52-6a0f-4a43-9f0c-3a1d1c4f2b11","task_id":"","order_id":"W20161216-01-E0001-1",` +
				`"recipient_id":"E0001","at":"2016-12-17T10:20:00+08:00","items":[{"measure_id":"M1","expected":"停产","result":"fail",` +
				`"found":"2号线在运行","evidence":[]}],"signature":{"refused":"负责人不在场"},"disposition":"rectify",` +
				`"due":"2016-12-17T18:00:00+08:00"}`}).
		at(func(v InspectionView) []string { return []string{"inspections", v.ID} })
	AnswerInspection = row[NewAnswer, InspectionView]("POST /inspections/{id}/answer", ActInspectionsAnswer,
		"企业对检查的答复，期限见 answer_by", "the enterprise answers an inspection, until answer_by",
		Call{Body: textBody, Bare: true, Spared: true, Refuses: codes{refusal.NotFound, refusal.TransitionRefused},
			Example: `{"note":"2号线当时在停炉降温，记录附后"}`})
	InspectionTotals = row[SumsQuery, InspectionSums]("GET /inspections/statistics", ActInspectionsRead,
		"检查统计：按街镇、行业、检查员", "sums of inspections: by town, sector and inspector", Call{})
	DrawVisits = row[NewDraw, *inspect.Draw]("POST /tasks/draw", ActTasksWrite,
		"安排检查：按紧要程度若干家，随机若干家；随机种子由程序产生并记入台账",
		"draws visits: some by rank, some by lot; the lot's seed is the program's own and recorded",
		Call{Body: textBody, Kept: true, Refuses: codes{refusal.Conflict},
			Example: `{"day":"2016-12-18","ranked":5,"random":3,"due":"2016-12-18T18:00:00+08:00"}`})
	Draws = row[Paging, alerts.Page[*inspect.Draw]]("GET /tasks/draws", ActTasksRead,
		"历次安排检查及其随机种子", "draws of visits with their seeds", Call{})
	RecuseTask = row[Recusal, TaskView]("POST /tasks/{id}/recuse", ActTasksWrite,
		"申明回避任务所去的企业：不再被派去；end 为 true 时撤回", "recuses somebody from a task's recipient, or, with end, no more",
		Call{Body: textBody, Refuses: codes{refusal.NotFound, refusal.Forbidden}, Example: `{"reason":"亲属在该企业任职"}`})
	GateDayTasks = row[DayQuery, GateDay]("GET /gate/day", ActInspectionsWrite,
		"检查员一天的任务及现场所需的全部：减排令、清单、曲线、联系人", "an inspector's tasks of a day with all that is needed there", Call{})
)
