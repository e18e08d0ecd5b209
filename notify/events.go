package notify

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
)

const (
	kindIssued    = "notify.order_issued"
	kindReleased  = "notify.order_released"
	kindChunkDone = "notify.planned"
	kindAnswered  = "notify.answered"
	kindSent      = "notify.sent"
	kindOverdue   = "notify.overdue"
	kindDecided   = "notify.objection_decided"
	kindJudged    = "notify.judged"
	kindStaged    = "notify.staged"
	kindRelisted  = "notify.relisted"
	kindSettings  = "notify.settings_changed"
	kindFigures   = "notify.figures_given"
	kindReason    = "notify.plan_reason"
	kindCalled    = "notify.called"

	kindReleaseWorded = "notify.release_worded"
)

// Issued is an order as it went out: everything of it that never changes. Its JSON is the order's body.
type Issued struct {
	OrderHead
	Measures   json.RawMessage `json:"measures"` // compact JSON array, as the list has it at this level
	ContactRef string          `json:"contact_ref"`

	digest digest // of Measures, where it is known already
}

// OrderHead is what an order says beside its measures and whom to ask. Revision counts from 1 within a warning and
// recipient; Supersedes names the revision before, if any.
type OrderHead struct {
	ID            string          `json:"id"`
	WarningID     string          `json:"warning_id"`
	Revision      int             `json:"revision"`
	Supersedes    *string         `json:"supersedes"`
	RecipientID   string          `json:"recipient_id"`
	RecipientName string          `json:"recipient_name"`
	Town          string          `json:"town"`
	Sector        string          `json:"sector"`
	Grade         string          `json:"grade"`
	Level         alerts.Level    `json:"level"`
	Title         string          `json:"title"`
	Text          string          `json:"text"`
	LegalBasis    string          `json:"legal_basis"`
	DocumentNo    string          `json:"document_no"`
	IssuedAt      time.Time       `json:"issued_at"`
	EffectiveFrom time.Time       `json:"effective_from"`
	EndsAt        *time.Time      `json:"ends_at"`
	AcknowledgeBy time.Time       `json:"acknowledge_by"`
	ListVersion   string          `json:"list_version"`
	ListHash      string          `json:"list_hash"`
	Drill         bool            `json:"drill"`
	Cause         Cause           `json:"cause,omitempty"`
	Plan          json.RawMessage `json:"plan"` // an accepted coal or waste plan, else null
}

// Cause is why one order was revised by itself; empty for an order of the warning's round.
type Cause string

// The causes.
const (
	CausePlan          Cause = "plan_accepted"  // it carries a coal or waste plan
	CauseAmended       Cause = "amended"        // the recipient's objection changed its measures
	CauseDecisionEnded Cause = "decision_ended" // what an objection was granted is over: the list's measures again
	CauseList          Cause = "list"           // a newer version of the list says other measures
)

// Kind implements Event.
func (*Issued) Kind() string { return kindIssued }

// Released says that an order no longer binds. Words is the number of the [ReleaseWorded] of its warning that says so
// to the recipient; 0 where releases had no words yet.
type Released struct {
	OrderID string      `json:"order_id"`
	Reason  ReleaseKind `json:"reason"`
	Words   int         `json:"words,omitempty"`
}

// Kind implements Event.
func (*Released) Kind() string { return kindReleased }

// ChunkDone ends chunk N of a round. Cursor is where the next chunk goes on; the counts are the chunk's own.
type ChunkDone struct {
	Warning  string `json:"warning"`
	Seq      int    `json:"seq"`
	N        int    `json:"n"`
	Cursor   string `json:"cursor"`
	Done     bool   `json:"done"`
	Issued   int    `json:"issued"`
	Revised  int    `json:"revised"`
	Released int    `json:"released"`
}

// Kind implements Event.
func (*ChunkDone) Kind() string { return kindChunkDone }

// Answered is one act of a recipient on its order. Digest stands for the content, so that the same act can
// be told from another one; Late says that an acknowledgement came after the deadline.
type Answered struct {
	OrderID  string          `json:"order_id"`
	Action   string          `json:"action"`
	NoteRef  string          `json:"note_ref,omitempty"`
	Measures []MeasureReport `json:"measures,omitempty"`
	Evidence []string        `json:"evidence,omitempty"`
	Digest   string          `json:"digest,omitempty"` // 16 hexadecimal digits
	Late     bool            `json:"late,omitempty"`

	At         *time.Time `json:"at,omitempty"`         // of what is reported, where it was said
	Correction bool       `json:"correction,omitempty"` // of what was said of the completion
}

// Kind implements Event.
func (*Answered) Kind() string { return kindAnswered }

// MeasureReport is what a recipient reports of one measure. NoteRef is a vault reference.
type MeasureReport struct {
	ID      string   `json:"id"`
	Value   *float64 `json:"value,omitempty"`
	Unit    string   `json:"unit,omitempty"`
	NoteRef string   `json:"note_ref,omitempty"`
}

// Sent says that the first message of these orders went out.
type Sent struct {
	Orders []string `json:"orders"`
}

// Kind implements Event.
func (*Sent) Kind() string { return kindSent }

// Overdue says that these orders were still awaiting an answer at their deadline. Orders behind Cursor are looked at by
// another chunk unless Done, or by another event of the same chunk.
type Overdue struct {
	Warning string   `json:"warning"`
	Seq     int      `json:"seq"`
	N       int      `json:"n"`
	Orders  []string `json:"orders"`
	Cursor  string   `json:"cursor"`
	Done    bool     `json:"done"`
}

// Kind implements Event.
func (*Overdue) Kind() string { return kindOverdue }

// Decided is the duty officer's decision on an objection: "accept" exempts the recipient from the order, "reject" asks
// it to acknowledge after all, by AcknowledgeBy, and "amend" is followed by the amended order. The grant ends at
// ExpiresAt, where there is one.
type Decided struct {
	OrderID       string     `json:"order_id"`
	Decision      string     `json:"decision"`
	ReasonRef     string     `json:"reason_ref,omitempty"`
	ExpiresAt     *time.Time `json:"expires_at,omitempty"`
	AcknowledgeBy *time.Time `json:"acknowledge_by,omitempty"`

	Release *ReleaseWords `json:"release,omitempty"` // of "accept"; its reason is that of the decision
}

// Kind implements Event.
func (*Decided) Kind() string { return kindDecided }

// PlanReason says why a plan was accepted, as it has to be said of one that does not keep what the order demands
// without it. OrderID is the order that carries the plan; NotKept are the ids of its measures that are not kept.
type PlanReason struct {
	OrderID   string   `json:"order_id"`
	ReasonRef string   `json:"reason_ref"`
	NotKept   []string `json:"not_kept"`
}

// Kind implements Event.
func (*PlanReason) Kind() string { return kindReason }

// Judged is what monitoring or inspection concludes of an order.
type Judged struct {
	OrderID string `json:"order_id"`
	Verdict string `json:"verdict"`
}

// Kind implements Event.
func (*Judged) Kind() string { return kindJudged }
