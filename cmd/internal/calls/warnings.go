package calls

import (
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/notify"
)

// The acts in the two-person rule carry, beside what the domain decides on, a code of the actor's factor. It is
// demanded of who approves and has a factor; any of these acts that an administrator could have done in the actor's
// place says so unless a code comes with it. Another warning_id in a body than the path has is refused.

// Declaration declares a warning.
type Declaration struct {
	alerts.Declare
	OTP string `json:"otp,omitempty"`
}

// Approval approves what waits for a second person.
type Approval struct {
	ByID
	alerts.Approve
	OTP string `json:"otp,omitempty"`
}

// Adjustment changes a warning's level.
type Adjustment struct {
	ByID
	alerts.Adjust
	OTP string `json:"otp,omitempty"`
}

// Revision revises a warning's documents, text or end.
type Revision struct {
	ByID
	alerts.Revise
	OTP string `json:"otp,omitempty"`
}

// EmergencyApproval approves on somebody's word.
type EmergencyApproval struct {
	ByID
	alerts.EmergencyApprove
	OTP string `json:"otp,omitempty"`
}

// Reject rejects what waits for a second person.
type Reject struct {
	ByID
	alerts.Reject
}

// Lift lifts a warning.
type Lift struct {
	ByID
	alerts.Lift
}

// Cancel cancels a warning before its start.
type Cancel struct {
	ByID
	alerts.Cancel
}

// WarningLook is a warning as it is looked at by itself.
type WarningLook struct {
	*alerts.Warning
	// Outlook is what can be said of the end of one that is scheduled or active, to those who decide.
	Outlook *alerts.Outlook `json:"outlook,omitempty"`
}

// WarningTimeline is what became of a warning, the first first, and how its orders stand now. Why something was done
// stays with those who decide.
type WarningTimeline struct {
	WarningID string                `json:"warning_id"`
	Level     alerts.Level          `json:"level"`
	State     alerts.State          `json:"state"`
	StartsAt  time.Time             `json:"starts_at"`
	EndsAt    *time.Time            `json:"ends_at"` // null: until further notice
	History   []alerts.HistoryEntry `json:"history"`
	Orders    *notify.Board         `json:"orders"`
}

// ChangesQuery asks for a page of what belongs to a thing.
type ChangesQuery struct {
	ByID
	Paging
}

// ListChanges is a page of the recipients of a live warning that a newer list gives other things to do.
type ListChanges struct {
	alerts.Page[ListChange]
	WarningID string       `json:"warning_id"`
	Revision  int          `json:"revision"`
	Level     alerts.Level `json:"level"`        // of the orders
	Pinned    string       `json:"pinned"`       // the version that the warning was declared under
	List      string       `json:"list_version"` // the one in force now; the pinned one where there is no other
	Following int          `json:"following"`    // recipients that follow another version than the pinned one already
}

// ListChange is one of them, with the order that it has now.
type ListChange struct {
	notify.ListChange
	OrderID string   `json:"order_id"` // empty for none
	State   string   `json:"order_state"`
	Answer  string   `json:"answer"`
	Changes []Change `json:"changes"`
}

// Relisting is which recipients follow the list in force from now on.
type Relisting struct {
	ByID
	Revision    int      `json:"revision" validate:"required"` // of the warning, that the caller saw
	ListVersion string   `json:"list_version" validate:"required"`
	Recipients  []string `json:"recipients" validate:"required,relisted"`
}

// Calls on warnings.
var (
	Warnings = row[Paging, alerts.Page[*alerts.Warning]]("GET /warnings", ActWarningsRead,
		"预警，最近的在前", "warnings, the latest first",
		Call{Repeats: true})
	Declare = row[Declaration, *alerts.Warning]("POST /warnings", ActWarningsDeclare,
		"发布预警或管控要求", "declares a warning",
		Call{Body: textBody, Spared: true, Refuses: codes{refusal.TransitionRefused},
			Example: `{"level":"orange","trigger":"city_order","starts_at":"2016-12-16T20:00:00+08:00","ends_at":null,` +
				`"document_no":"津污防指〔2016〕1号","issued_by":"天津市","received_at":"2016-12-16T16:30:00+08:00","region":"120111",` +
				`"reason":"持续静稳","notice_text":"","proposal_id":"","drill":false}`}).
		at(func(w *alerts.Warning) []string { return []string{"warnings", w.ID} })
	Warning = row[ByID, WarningLook]("GET /warnings/{id}", ActWarningsRead,
		"一次预警及其经过", "a warning and its history",
		Call{Repeats: true})
	Board = row[ByID, InspectedBoard]("GET /warnings/{id}/board", ActBoardRead,
		"减排令的送达、答复与执行汇总", "how its orders stand",
		Call{Repeats: true})
	Timeline = row[ByID, WarningTimeline]("GET /warnings/{id}/timeline", ActWarningsRead,
		"一次预警的经过，和减排令现在的执行汇总", "what became of a warning, and how its orders stand",
		Call{Repeats: true})
	Approve = row[Approval, *alerts.Warning]("POST /warnings/{id}/approve", ActWarningsApprove,
		"批准待审批的发布或提级", "approves what waits for a second person",
		Call{Body: textBody, Spared: true, Refuses: acted, Example: `{"revision":1}`})
	EmergencyApprove = row[EmergencyApproval, *alerts.Warning](
		"POST /warnings/{id}/emergency-approve", ActWarningsEmergencyApprove,
		"审批人联系不上时凭电话批准，须在 12 小时内补确认", "approves on somebody's word when no approver can be reached",
		Call{Body: textBody, Spared: true, Refuses: acted,
			Example: `{"revision":1,"authority":"区政府总值班室","called_at":"2016-12-16T17:00:00+08:00","reason":"审批人电话无人接听"}`})
	RejectWarning = row[Reject, *alerts.Warning]("POST /warnings/{id}/reject", ActWarningsReject,
		"驳回", "rejects what waits for a second person",
		Call{Body: textBody, Spared: true, Refuses: acted, Example: `{"revision":1,"reason":"依据不足"}`})
	Adjust = row[Adjustment, *alerts.Warning]("POST /warnings/{id}/adjust", ActWarningsAdjust,
		"调整级别", "changes the level",
		Call{Body: textBody, Spared: true, Refuses: acted,
			Example: `{"revision":2,"level":"orange","reason":"污染加重","starts_at":null,"trigger":"city_order",` +
				`"document_no":"津污防指〔2016〕2号","issued_by":"天津市","received_at":null}`})
	Revise = row[Revision, *alerts.Warning]("POST /warnings/{id}/revise", ActWarningsRevise,
		"修订文件、正文或结束时间；被驳回的重新提交", "revises documents, text or end; submits a rejected one anew",
		Call{Body: textBody, Spared: true, Refuses: acted,
			Example: `{"revision":2,"ends_at":"2016-12-19T20:00:00+08:00","reason":"延长"}`})
	LiftWarning = row[Lift, *alerts.Warning]("POST /warnings/{id}/lift", ActWarningsLift,
		"解除", "lifts a warning",
		Call{Body: textBody, Spared: true, Refuses: acted,
			Example: `{"revision":2,"reason":"空气质量好转","ends_at":null}`})
	CancelWarning = row[Cancel, *alerts.Warning]("POST /warnings/{id}/cancel", ActWarningsCancel,
		"撤销尚未生效的预警", "cancels a warning before its start",
		Call{Body: textBody, Spared: true, Refuses: acted, Example: `{"revision":1,"reason":"预报有变"}`})

	WarningListChanges = row[ChangesQuery, ListChanges]("GET /warnings/{id}/list-changes", ActListsRead,
		"新版清单会改变本次预警中哪些对象的措施", "whom of a live warning a newer list gives other measures",
		Call{Repeats: true})
	Relist = row[Relisting, notify.RelistDone]("POST /warnings/{id}/list-changes", ActWarningsRelist,
		"按现行清单重下所选对象的减排令", "gives the recipients named what the list in force says",
		Call{Body: dataBody, Spared: true, Refuses: acted,
			Example: `{"revision":1,"list_version":"L20161216-1a2b3c","recipients":["E0001"]}`})
)
