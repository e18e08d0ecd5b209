package calls

import (
	"maps"
	"slices"
)

// Role is what a user is there for; it has exactly one.
type Role string

// The roles of contract.md §3, and the neighbouring districts, which speak NATS alone.
const (
	Duty       Role = "duty"       // 值班员
	Approver   Role = "approver"   // 审批人
	Inspector  Role = "inspector"  // 检查员
	Enterprise Role = "enterprise" // 企业
	Town       Role = "town"       // 街镇
	Viewer     Role = "viewer"     // 只读/监督
	Feeder     Role = "feeder"     // 数据接入
	Admin      Role = "admin"      // 管理员
	Neighbour  Role = "neighbour"  // 周边区
)

// Roles lists every role.
func Roles() []Role {
	return []Role{Duty, Approver, Inspector, Enterprise, Town, Viewer, Feeder, Admin, Neighbour}
}

// The acts of contract.md §3. An act that is scoped says in its comment to what; the service narrows it to
// the recipient or the town of who asks.
const (
	ActForecastsCreate          = "forecasts.create"
	ActObservationsCreate       = "observations.create"
	ActSkillRead                = "skill.read" // forecasts against measurements, and feeds that fell silent
	ActProposalsList            = "proposals.list"
	ActProposalsDismiss         = "proposals.dismiss"
	ActWarningsDeclare          = "warnings.declare"
	ActWarningsApprove          = "warnings.approve"
	ActWarningsReject           = "warnings.reject"
	ActWarningsRevise           = "warnings.revise"
	ActWarningsAdjust           = "warnings.adjust"
	ActWarningsLift             = "warnings.lift"
	ActWarningsCancel           = "warnings.cancel"
	ActWarningsEmergencyApprove = "warnings.emergency_approve"
	ActWarningsRelist           = "warnings.relist" // have recipients follow a newer list
	ActWarningsRead             = "warnings.read"
	ActBoardRead                = "board.read"
	ActReportsRead              = "reports.read"
	ActListsImport              = "lists.import"  // imports and amendments
	ActListsRead                = "lists.read"    // versions, differences, exports, findings of an import
	ActListsApprove             = "lists.approve" // approve and activate
	ActListsTown                = "lists.town"    // the list by town; a town its own
	ActPapersRead               = "papers.read"   // a recipient's plan and board; an enterprise its own, a town its own
	ActPersonalRead             = "personal.read" // who read personal data
	ActPersonalErase            = "personal.erase"
	ActRecipientsRead           = "recipients.read"        // without whom to call there
	ActContactsRead             = "contacts.read"          // whom to call at a recipient, and the number; a town its own
	ActRecipientsCredentials    = "recipients.credentials" // issue and revoke
	ActAccountsCreate           = "accounts.create"
	ActAccountsRead             = "accounts.read"
	ActAccountsCredentials      = "accounts.credentials"
	ActAccountsDisable          = "accounts.disable" // and enable
	ActTokensCreate             = "tokens.create"
	ActTokensRevoke             = "tokens.revoke"
	ActBackups                  = "backups"       // write one on the server's disk, and list them
	ActOrdersRead               = "orders.read"   // an enterprise its own, a town its own
	ActOrdersAnswer             = "orders.answer" // its own
	ActOrdersObjection          = "orders.objection"
	ActOrdersPlan               = "orders.plan"
	ActOrdersCall               = "orders.call"       // record that a recipient was telephoned; a town its own
	ActCallSheet                = "orders.call_sheet" // whom to telephone; a town its own
	ActStations                 = "stations"
	ActTelemetryWrite           = "telemetry.write"  // an enterprise its own MNs
	ActTelemetryRead            = "telemetry.read"   // an enterprise its own, a town its own
	ActFindingsRead             = "findings.read"    // an enterprise its own, a town its own
	ActFindingsExplain          = "findings.explain" // its own
	ActFindingsDecide           = "findings.decide"
	ActTasksRead                = "tasks.read" // a town its own
	ActTasksWrite               = "tasks.write"
	ActInspectionsRead          = "inspections.read" // an enterprise its own, a town its own
	ActInspectionsWrite         = "inspections.write"
	ActInspectionsAnswer        = "inspections.answer" // its own
	ActEvidenceCreate           = "evidence.create"
	ActEvidenceRead             = "evidence.read" // an enterprise its own
	ActLedgerRead               = "ledger.read"
	ActLedgerManage             = "ledger.manage"
	ActFiguresRead              = "figures.read"  // an enterprise its own
	ActFiguresWrite             = "figures.write" // an enterprise its own
	ActAllocations              = "allocations"
	ActIndicatorsRead           = "indicators.read"
	ActRegion                   = "region"
	ActEventsRead               = "events.read" // scoped like the rest
)

// staff see every order; scoped adds those who see their own; all is "all" of the contract.
var (
	staff  = []Role{Duty, Approver, Inspector, Viewer, Admin}
	scoped = append(slices.Clone(staff), Enterprise, Town)
	all    = append(slices.Clone(scoped), Feeder)
)

// permissions is the column "who" of contract.md §3.
var permissions = map[string][]Role{
	ActForecastsCreate:          {Feeder, Duty},
	ActObservationsCreate:       {Feeder},
	ActSkillRead:                {Duty, Viewer, Feeder, Admin},
	ActProposalsList:            {Duty},
	ActProposalsDismiss:         {Duty},
	ActWarningsDeclare:          {Duty},
	ActWarningsApprove:          {Approver},
	ActWarningsReject:           {Approver},
	ActWarningsRevise:           {Duty},
	ActWarningsAdjust:           {Duty},
	ActWarningsLift:             {Duty},
	ActWarningsCancel:           {Duty},
	ActWarningsEmergencyApprove: {Duty},
	ActWarningsRelist:           {Duty},
	ActWarningsRead:             all,
	ActBoardRead:                all,
	ActReportsRead:              {Duty, Viewer},
	ActListsImport:              {Duty, Approver, Admin},
	ActListsRead:                {Duty, Approver, Admin},
	ActListsApprove:             {Duty, Approver, Admin},
	ActListsTown:                {Duty, Approver, Admin, Town},
	ActPapersRead:               {Duty, Approver, Inspector, Admin, Enterprise, Town},
	ActPersonalRead:             {Admin},
	ActPersonalErase:            {Admin},
	ActRecipientsRead:           {Duty, Approver, Inspector, Admin},
	ActContactsRead:             {Duty, Approver, Admin, Town},
	ActRecipientsCredentials:    {Admin},
	ActAccountsCreate:           {Admin},
	ActAccountsRead:             {Admin},
	ActAccountsCredentials:      {Admin},
	ActAccountsDisable:          {Admin},
	ActTokensCreate:             {Admin},
	ActTokensRevoke:             {Admin},
	ActBackups:                  {Admin},
	ActOrdersRead:               scoped,
	ActOrdersAnswer:             {Enterprise},
	ActOrdersObjection:          {Duty},
	ActOrdersPlan:               {Duty},
	ActOrdersCall:               {Duty, Town},
	ActCallSheet:                append(slices.Clone(staff), Town),
	ActStations:                 {Admin},
	ActTelemetryWrite:           {Feeder, Enterprise},
	ActTelemetryRead:            scoped,
	ActFindingsRead:             scoped,
	ActFindingsExplain:          {Enterprise},
	ActFindingsDecide:           {Duty},
	ActTasksRead:                append(slices.Clone(staff), Town),
	ActTasksWrite:               {Duty, Inspector},
	ActInspectionsRead:          scoped,
	ActInspectionsWrite:         {Inspector},
	ActInspectionsAnswer:        {Enterprise},
	ActEvidenceCreate:           {Inspector, Enterprise},
	ActEvidenceRead:             {Duty, Approver, Inspector, Admin, Enterprise},
	ActLedgerRead:               {Viewer, Inspector},
	ActLedgerManage:             {Admin},
	ActFiguresRead:              {Duty, Approver, Inspector, Viewer, Admin, Enterprise},
	ActFiguresWrite:             {Duty, Enterprise},
	ActAllocations:              {Duty},
	ActIndicatorsRead:           all,
	ActRegion:                   {Duty},
	ActEventsRead:               all,
}

// Acts lists every act, in order.
func Acts() []string { return slices.Sorted(maps.Keys(permissions)) }

// Allowed reports whether a role may do an act. An unknown role or act is not allowed.
func Allowed(role Role, act string) bool { return slices.Contains(permissions[act], role) }
