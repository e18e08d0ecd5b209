package calls

import (
	"time"

	"qingkong/alerts/refusal"
	"qingkong/notify"
)

// MostCalled is how many orders one call says the same outcome of.
const MostCalled = 200

// OrderCall says what came of telephoning an order's recipient.
type OrderCall struct {
	ByID
	Outcome notify.CallOutcome `json:"outcome" validate:"call_outcome"`
	Note    string             `text:"free" json:"note" validate:"bytes=4000"`
}

// OrderCalls says the same of several orders.
type OrderCalls struct {
	Orders  []string           `json:"orders" validate:"required,called"`
	Outcome notify.CallOutcome `json:"outcome" validate:"call_outcome"`
	Note    string             `text:"free" json:"note" validate:"bytes=4000"`
}

// CallCount is how often a recipient was called about what its order says now.
type CallCount struct {
	Unreachable int                `json:"unreachable"` // calls that reached nobody
	LastAt      *time.Time         `json:"last_at"`     // null: nobody has called
	LastOutcome notify.CallOutcome `json:"last_outcome"`
}

// CallRecorded is an order after a call about it. Its answer and its receipt are as they were.
type CallRecorded struct {
	OrderID string    `json:"order_id"`
	ToCall  bool      `json:"to_call"` // it stands on the call sheet still
	Calls   CallCount `json:"calls"`
}

// CallsRecorded is what became of each of several calls, in the order in which they were said. What is refused of one
// undoes none of the others.
type CallsRecorded struct {
	Recorded int          `json:"recorded"`
	Items    []CallResult `json:"items"`
}

// CallResult is a call that was recorded, or was refused.
type CallResult struct {
	CallRecorded
	Refused *CallRefused `json:"refused"` // null: it is recorded
}

// CallRefused says why a call was not recorded.
type CallRefused struct {
	Code   refusal.Code `json:"code"`
	Detail string       `json:"detail"`
}

// CallSheetQuery asks for a page of whom to call about a warning.
type CallSheetQuery struct {
	ByID
	Town string `query:"town" json:"-"`
	Paging
}

// CallSheet is a page of whom to call about a warning, the earliest deadline first, then what has most at stake.
type CallSheet struct {
	WarningID string    `json:"warning_id"`
	Drill     bool      `json:"drill"`
	Items     []CallRow `json:"items"`
	Next      string    `json:"next"`
	Total     int       `json:"total"`
}

// CallRow is an order whose recipient is to be called: it has not answered, or not received that the order ended.
type CallRow struct {
	OrderID       string    `json:"order_id"`
	RecipientID   string    `json:"recipient_id"`
	RecipientName string    `json:"recipient_name"`
	Town          string    `json:"town"`
	State         string    `json:"state"`  // of the order
	Answer        string    `json:"answer"` // to the order
	AcknowledgeBy time.Time `json:"acknowledge_by"`
	AtStake       float64   `json:"at_stake_t_per_day"` // what its measures take away, all pollutants together
	Calls         CallCount `json:"calls"`
	// Contact is null where the caller may not read it, where the list names nobody, and where it was erased.
	Contact *CallContact `json:"contact"`
}

// Waits is the state for which the order stands on the sheet.
func (r CallRow) Waits() string {
	if r.State == notify.StateOpen.String() {
		return r.Answer
	}
	return notify.ReleaseWaiting
}

// CallContact is who is called at a recipient, and who in that one's place.
type CallContact struct {
	Name        string `json:"name"`
	Phone       string `json:"phone"`
	BackupName  string `json:"backup_name"`
	BackupPhone string `json:"backup_phone"`
}

// CallBookQuery asks for the whole call sheet of a warning, to be printed or worked on.
type CallBookQuery struct {
	ByID
	Format string `query:"format,roll_format" json:"-" validate:"roll_format"`
	Town   string `query:"town" json:"-"`
	PaperLang
}

// Calls on who is telephoned.
var (
	RecordCall = row[OrderCall, CallRecorded]("POST /orders/{id}/calls", ActOrdersCall,
		"记录一次电话：已告知、未接通或口头答复；不算企业的签收和答复，街镇只记本街镇的",
		"records a telephone call to an order's recipient, which is neither its receipt nor its answer; a town its own",
		Call{Body: textBody, Spared: true, Kept: true, Refuses: codes{refusal.TransitionRefused},
			Example: `{"outcome":"unreachable","note":"两个号码均无人接听"}`})
	RecordCalls = row[OrderCalls, CallsRecorded]("POST /orders/calls", ActOrdersCall,
		"一次记录至多 200 家的同一通话结果，逐家答复；一家不成不影响其他",
		"records the same outcome of up to 200 calls, each by itself: what is refused of one undoes no other",
		Call{Body: textBody, Kept: true,
			Example: `{"orders":["W20161216-01-E0001-1","W20161216-01-E0002-1"],"outcome":"told","note":"微信群通知，逐家回复"}`})
	WarningCallSheet = row[CallSheetQuery, CallSheet]("GET /warnings/{id}/call-sheet", ActCallSheet,
		"电话通知单：还没有答复、或还没有签收解除的，按时限和减排量排；街镇只有本街镇的",
		"whom to telephone about a warning, by deadline and what is at stake; a town its own",
		Call{Repeats: true})
	CallBook = row[CallBookQuery, None]("GET /warnings/{id}/call-sheet/export", ActCallSheet,
		"电话通知单全部，分街镇，可打印；街镇只有本街镇的", "the whole call sheet by town, to be printed; a town its own",
		Call{Media: HTMLMedia, Others: []string{XLSXMedia}})
)
