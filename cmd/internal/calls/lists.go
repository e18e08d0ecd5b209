package calls

import (
	"encoding/json"
	"time"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/reductionlist"
	"qingkong/reductionlist/rules"
)

// Version is a version of the list as others see it.
type Version struct {
	ID            string     `json:"id"`
	Revision      int        `json:"revision"`
	State         string     `json:"state"`
	InForce       bool       `json:"in_force"`
	Hash          string     `json:"hash"`
	Recipients    int        `json:"recipients"`
	Name          string     `json:"name"`
	Region        string     `json:"region"`
	EffectiveFrom string     `json:"effective_from"`
	EffectiveTo   string     `json:"effective_to"`
	CompiledBy    string     `json:"compiled_by"`
	Source        string     `json:"source"`
	BegunAt       time.Time  `json:"begun_at"`
	BegunBy       string     `json:"begun_by"`
	ApprovedAt    *time.Time `json:"approved_at"`
	ApprovedBy    string     `json:"approved_by"`
	ActivatedAt   *time.Time `json:"activated_at"`
	ActivatedBy   string     `json:"activated_by"`

	// Whether an administrator had come by the secret of the person who began, approved or activated it.
	BegunSeen     *alerts.SecretSeen `json:"begun_secret_seen,omitempty"`
	ApprovedSeen  *alerts.SecretSeen `json:"approved_secret_seen,omitempty"`
	ActivatedSeen *alerts.SecretSeen `json:"activated_secret_seen,omitempty"`

	Replaces   string `json:"replaces"`
	ReplacedBy string `json:"replaced_by"`
	Errors     int    `json:"errors"` // of the workbook when it was imported; with any, it stays a draft
	Warnings   int    `json:"warnings"`
	reductionlist.Standing
	Amends *Amends `json:"amends"` // what of another version was changed to make this one; null where it came as a whole
}

// Amends is what an amendment changed, and why.
type Amends struct {
	Base        string       `json:"base"`
	RecipientID string       `json:"recipient_id"`
	MeasureID   string       `json:"measure_id"` // empty: the recipient as a whole
	Level       alerts.Level `json:"level"`
	Reason      string       `json:"reason"` // empty when it was erased
}

// ListTime names a list by the day or the time at which it is in force; without one the list in force now.
type ListTime struct {
	AsOf string `query:"as_of" json:"-" validate:"day_or_time"`
}

// ListRef names a list: by its id, or by when it is in force.
type ListRef struct {
	ListTime
	Version string `query:"version" json:"-"`
}

// VersionsQuery asks for all versions, or for the one in force at a time.
type VersionsQuery struct {
	Paging
	ListTime
}

// ImportQuery says where a workbook that is sent comes from.
type ImportQuery struct {
	Source string `query:"source" json:"-"`
}

// Imported is a version with what was found in its workbook.
type Imported struct {
	Version
	Findings []reductionlist.Finding `json:"findings"`
	Contacts ImportedContacts        `json:"contacts"`
}

// ImportedContacts is what an import did about contacts, which are no part of what a version is: a workbook that
// differs in them alone is the version there is, with other contacts.
type ImportedContacts struct {
	Changed int `json:"changed"` // of a version that was there already
	Kept    int `json:"kept"`    // that the workbook leaves empty and the list in force has
}

// ListApproval is a second person's consent to a draft.
type ListApproval struct {
	ByID
	Revision int    `json:"revision" validate:"required"` // that the caller saw
	OTP      string `json:"otp,omitempty"`
}

// ListActivation makes a version count from its effective date on.
type ListActivation struct {
	ByID
	Revision int    `json:"revision" validate:"required"`
	Replaces string `json:"replaces"` // the active version that begins on the same day
	OTP      string `json:"otp,omitempty"`
}

// ListDecided is a version as an approval or an activation left it, with the warnings that the decision does not touch.
type ListDecided struct {
	Version
	Live []LiveWarning `json:"live_warnings"`
}

// LiveWarning is a live warning, or a drill, whose orders are by another version of the list. They stay as they are:
// whom the newer list gives other measures once it is in force, GET /warnings/{id}/list-changes says, and a relisting
// orders.
type LiveWarning struct {
	ID          string       `json:"id"`
	Level       alerts.Level `json:"level"`
	State       alerts.State `json:"state"`
	Drill       bool         `json:"drill"`
	ListVersion string       `json:"list_version"` // that its orders are by
}

// DraftAt names a draft as it was at the revision that the caller saw.
type DraftAt struct {
	ByID
	Revision int `query:"revision" json:"-" validate:"required,seen_revision"`
}

// ListAmendment changes one measure of a recipient (measure_id and change), the recipient itself (recipient), or whom
// it is reached by (contact). Null in the place of a change takes the measure or the recipient out.
type ListAmendment struct {
	RecipientID   string                 `json:"recipient_id" validate:"required"`
	MeasureID     string                 `json:"measure_id"`
	Level         alerts.Level           `json:"level" validate:"omitempty,row_level"` // of the row, where the measure has several
	Change        json.RawMessage        `json:"change"`
	Recipient     json.RawMessage        `json:"recipient"`
	Contact       *reductionlist.Contact `json:"contact"`
	Reason        string                 `text:"free" json:"reason" validate:"required,bytes=4000"`
	EffectiveFrom string                 `json:"effective_from"`
	// the version to amend; that in force on effective_from unless told
	Base         string `json:"base"`
	BaseRevision int    `json:"base_revision"` // of it, as the caller saw it; 0 leaves it open
}

// Amended is the draft that an amendment made, with what it changes.
type Amended struct {
	Version
	Findings        []reductionlist.Finding `json:"findings"`
	Changes         []Change                `json:"changes"`
	Effects         []Effect                `json:"effects"`
	Later           []string                `json:"later"` // versions that begin after this one and lack the change
	ContactsChanged int                     `json:"contacts_changed"`
}

// ListTry asks what an amendment would make of a list. It takes what [ListAmendment] takes; the reason may be left out.
type ListTry struct {
	RecipientID   string                 `json:"recipient_id" validate:"required"`
	MeasureID     string                 `json:"measure_id"`
	Level         alerts.Level           `json:"level" validate:"omitempty,row_level"`
	Change        json.RawMessage        `json:"change"`
	Recipient     json.RawMessage        `json:"recipient"`
	Contact       *reductionlist.Contact `json:"contact"`
	Reason        string                 `text:"free" json:"reason" validate:"bytes=4000"`
	EffectiveFrom string                 `json:"effective_from"`
	Base          string                 `json:"base"`
	BaseRevision  int                    `json:"base_revision"`
}

// ListTried is what an amendment would change, and what follows from the quantity of its measure, as [TriedMeasure] has
// it. Nothing is recorded.
type ListTried struct {
	Base    string                 `json:"base"`    // the version that would be amended
	Change  json.RawMessage        `json:"change"`  // of the measure, with what follows; null takes it out, or none
	Filled  []string               `json:"filled"`  // such as monitor[0].criterion
	Asked   []string               `json:"asked"`   // such as reduction_t_per_day
	Measure *reductionlist.Measure `json:"measure"` // as it would stand; null: none, or it is taken out
	Changes []Change               `json:"changes"` // of the recipient
	Effects []Effect               `json:"effects"`
	Later   []string               `json:"later"` // versions that begin after it and would lack the change
}

// Change is one difference between two versions, in words too.
type Change struct {
	reductionlist.Change
	Text string `json:"text"`
}

// Effect is how the reductions of a level go from one version to the other, in words too.
type Effect struct {
	reductionlist.Effect
	Text []string `json:"text"`
}

// DiffQuery asks how a version differs from another.
type DiffQuery struct {
	ByID
	Against string `query:"against" json:"-"`
	Paging
}

// ListDiff is a page of the recipients that differ between two versions, with the effect of all of it.
type ListDiff struct {
	alerts.Page[RecipientDiff]
	From    string   `json:"from"`
	To      string   `json:"to"`
	Head    []Change `json:"head"` // what 基本情况 says otherwise
	Added   int      `json:"recipients_added"`
	Removed int      `json:"recipients_removed"`
	Changed int      `json:"recipients_changed"`
	// Effects are one for each level. Sectors are those whose reductions differ at some level.
	Effects []Effect `json:"effects"`
	Sectors []Effect `json:"sectors"`
}

// RecipientDiff is all that is different in one recipient.
type RecipientDiff struct {
	RecipientID string   `json:"recipient_id"`
	Kind        string   `json:"kind"` // added, removed, or changed
	Changes     []Change `json:"changes"`
}

// ScoreQuery asks for the score of a version, or of one recipient in it.
type ScoreQuery struct {
	ByID
	Recipient string `query:"recipient" json:"-"`
	Paging
}

// ListScore is the score of a version with a page of its recipients.
type ListScore struct {
	alerts.Page[rules.RecipientScore]
	Version    string                `json:"version"`
	Weights    rules.Weights         `json:"weights"`
	Score      rules.Score           `json:"score"`
	Ratios     []reductionlist.Ratio `json:"ratios"`
	Shortfalls []rules.Shortfall     `json:"shortfalls"`
	Tasks      int                   `json:"tasks"` // of the work list
}

// FindingsQuery asks for what was found in a version.
type FindingsQuery struct {
	ByID
	Severity string `query:"severity" json:"-" validate:"severity"`
	Paging
}

// ExportQuery asks for a version as a file.
type ExportQuery struct {
	ByID
	Format string `query:"format,list_format" json:"-" validate:"list_format"`
}

// RecipientsQuery asks for the recipients of a list.
type RecipientsQuery struct {
	Q    string `query:"q" json:"-"`
	Town string `query:"town" json:"-"`
	ListRef
	Paging
}

// RecipientQuery asks for one recipient of a list.
type RecipientQuery struct {
	ByID
	ListRef
}

// RecipientView is a recipient of the list as others see it: without the reference to its contact.
type RecipientView struct {
	*reductionlist.Recipient
	Sector      string `json:"sector"`
	ListVersion string `json:"list_version"`
	ContactRef  string `json:"contact_ref,omitempty"` // hides that of Recipient
}

// damagedOr refuses what takes the rows of a version that has none.
var damagedOr = codes{refusal.TransitionRefused, refusal.Conflict}

// Calls on the list.
var (
	ImportList = row[ImportQuery, Imported]("POST /list/imports", ActListsImport,
		"导入清单工作簿，成为草稿，并列出问题", "imports a workbook as a draft, with what was found in it",
		Call{Body: FileBody, Upload: true}).
		at(func(i Imported) []string { return []string{"list", "imports", i.ID} })
	Import = row[ByID, Imported]("GET /list/imports/{id}", ActListsRead,
		"一次导入及其问题", "an import and what was found in it", Call{})
	ImportErrors = row[ByID, None]("GET /list/imports/{id}/errors.xlsx", ActListsRead,
		"导入问题清单（Excel）", "what was found, as a workbook",
		Call{Media: XLSXMedia})
	ListTemplate = row[None, None]("GET /list/template", ActListsRead,
		"空白的清单模板（Excel）", "the empty template of a list, as a workbook",
		Call{Media: XLSXMedia})
	ListVersions = row[VersionsQuery, alerts.Page[Version]]("GET /list/versions", ActListsRead,
		"清单版本", "versions of the list",
		Call{Repeats: true})
	ListVersion = row[ByID, Version]("GET /list/versions/{id}", ActListsRead,
		"一个清单版本", "a version of the list",
		Call{Repeats: true})
	DiscardList = row[DraftAt, Version]("DELETE /list/versions/{id}", ActListsImport,
		"作废一个草稿，记录在案；同一份工作簿可以重新导入", "discards a draft, on the record; the same workbook can be imported anew",
		Call{Refuses: acted})
	ExportList = row[ExportQuery, None]("GET /list/versions/{id}/export", ActListsRead,
		"导出清单版本为工作簿，可再导入", "a version as a workbook that can be imported again",
		Call{Media: XLSXMedia, Refuses: damagedOr})
	AmendList = row[ListAmendment, Amended]("POST /list/amendments", ActListsImport,
		"修订一项措施、一个对象或其联系人，成为新的草稿版本", "amends one measure, one recipient or its contact, as a new draft",
		Call{Body: dataBody, Refuses: codes{refusal.NotFound, refusal.StaleRevision, refusal.TransitionRefused},
			Example: `{"recipient_id":"E0003","measure_id":"M2","level":"yellow","change":{"complete_within_h":3},"contact":null,` +
				`"reason":"厂区改造，车辆清场需要更长时间","effective_from":"2016-12-17","base":"","base_revision":0}`}).
		at(func(a Amended) []string { return []string{"list", "versions", a.ID} })
	TryListAmendment = row[ListTry, ListTried]("POST /list/amendments/dry-run", ActListsImport,
		"试算一次修订：数值改变后其他各项的推算、要人确认的项和对减排量的影响；不作任何改动",
		"what an amendment would make: what follows from another quantity, what has to be looked at, and its effect; nothing is changed",
		Call{Body: dataBody, Spared: true,
			Refuses: codes{refusal.NotFound, refusal.Conflict, refusal.StaleRevision, refusal.TransitionRefused},
			Example: `{"recipient_id":"E0003","measure_id":"M2","level":"yellow","change":{"complete_within_h":3},` +
				`"effective_from":"2016-12-17"}`})
	DiffList = row[DiffQuery, ListDiff]("GET /list/versions/{id}/diff", ActListsRead,
		"与另一版本的不同，及对减排量的影响", "what is different from another version, and its effect on the reductions",
		Call{Repeats: true, Refuses: damagedOr})
	ScoreList = row[ScoreQuery, ListScore]("GET /list/versions/{id}/score", ActListsRead,
		"可操作、可监测、可核查的评分", "how far its measures are operable, monitorable and checkable",
		Call{Repeats: true, Refuses: damagedOr})
	ListTasks = row[ScoreQuery, alerts.Page[rules.Task]]("GET /list/versions/{id}/tasks", ActListsRead,
		"达到满分还要做的事", "what is needed for all marks",
		Call{Repeats: true, Refuses: damagedOr})
	ListFindings = row[FindingsQuery, alerts.Page[reductionlist.Finding]](
		"GET /list/versions/{id}/findings", ActListsRead,
		"导入或修订时检查出的问题", "what was found when it was imported or amended",
		Call{Repeats: true})
	ApproveList = row[ListApproval, ListDecided]("POST /list/versions/{id}/approve", ActListsApprove,
		"批准清单版本", "approves a version",
		Call{Body: textBody, Bare: true, Refuses: acted, Example: `{"revision":1}`})
	ActivateList = row[ListActivation, ListDecided]("POST /list/versions/{id}/activate", ActListsApprove,
		"启用清单版本", "activates a version",
		Call{Body: textBody, Bare: true, Refuses: acted, Example: `{"revision":2,"replaces":""}`})

	Recipients = row[RecipientsQuery, alerts.Page[RecipientView]]("GET /recipients", ActRecipientsRead,
		"减排对象", "recipients",
		Call{Repeats: true, Refuses: codes{refusal.NotFound}})
	Recipient = row[RecipientQuery, RecipientView]("GET /recipients/{id}", ActRecipientsRead,
		"一个减排对象", "a recipient",
		Call{Repeats: true})
)
