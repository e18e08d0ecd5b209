package calls

import (
	"regexp"
	"strconv"

	"qingkong/alerts"
	"qingkong/alerts/refusal"
	"qingkong/cmd/internal/valid"
	"qingkong/notify"
	"qingkong/notify/compliance"
	"qingkong/notify/compliance/inspect"
	"qingkong/notify/compliance/judge"
	"qingkong/notify/telemetry"
	"qingkong/notify/telemetry/hj212"
	"qingkong/reductionlist"
)

// PlanTimeLimitMax is the most that an optimisation may take, in seconds.
const PlanTimeLimitMax = 20

// AccountName is what an account may be called.
var AccountName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// fieldRules are the rules of single members that the inputs here, and those of the domain that they embed, name in
// their tags.
var fieldRules = map[string]valid.Rule{
	"account":      {Words: "access.user_name", Pattern: AccountName.String()},
	"role":         {Words: "access.role_unknown", OneOf: Words(Roles()...)},
	"vault":        {Words: "personal.ref", Pattern: `^v[A-Za-z0-9_-]{43}$`},
	"phones":       {Words: "list.phone", Match: validPhones, Secret: true},
	"decision":     {Words: "order.decision", OneOf: []string{"accept", "reject", "amend"}},
	"amend_alone":  {Words: "order.dry_run_amend", OneOf: []string{"amend"}},
	"call_outcome": {Words: "order.call_outcome", OneOf: Words(notify.CallOutcomes()...)},
	"called":       {Words: "order.called_count", Min: 1, Max: MostCalled},
	"evidence":     {Words: "order.evidence", Pattern: `^sha256:[0-9a-f]{64}$`},
	"relisted":     {Words: "order.relist_count", Min: 1, Max: 1000},
	"level":        {Words: "level.unknown", OneOf: Words(alerts.Levels()...)},
	"trigger":      {Words: "trigger.unknown", OneOf: Words(alerts.Triggers()...)},
	"region":       {Words: "region.wrong", Pattern: `^[0-9]{6}$`},
	// none is no level
	"row_level": {Words: "list.enum", OneOf: Words(append([]alerts.Level{alerts.None}, alerts.Levels()...)...)},
	"mn":        {Words: "telemetry.mn", Match: telemetry.ValidMN},
	"edition":   {Words: "telemetry.version", OneOf: editions()},
	// what a message does not repeat
	"station_password": {Words: "telemetry.password", Match: validStationPassword, Secret: true},
	"sm4_key":          {Words: "telemetry.sm4_key", Pattern: `^([!-~]{16}|[0-9A-Fa-f]{32})$`, Secret: true},

	// parameters
	"yes_no":        {Words: "http.want_yes_no", OneOf: []string{"true", "false"}},
	"limit":         {Words: "http.want_limit", Min: 1, Max: 1000},
	"preview":       {Words: "evidence.preview_size", Min: 16, Max: MostPreview},
	"index":         {Words: "http.want_index"},
	"seen_revision": {Words: "http.want_revision", Min: 1},
	"seconds":       {Words: "allocate.time_limit", Min: 0.1, Max: PlanTimeLimitMax},
	"day":           {Words: "day.date_wrong", Match: isDay},
	"day_or_none":   {Words: "day.date_wrong", Match: func(s string) bool { return s == "" || isDay(s) }},
	"day_or_time":   {Words: "http.want_time", Match: isDayOrTime},
	"series_cursor": {Words: "http.want_time", Match: isDayOrTime},
	"message":       {Words: "live.want_id", Pattern: `^[0-9]+(\.[0-9]+\.[^.]*)?$`},
	"proposal_state": {Words: "proposal.state_unknown", OneOf: Words(alerts.StateOpen, alerts.StateAccepted,
		alerts.StateDismissed, alerts.StateWithdrawn)},
	"step":         {Words: "telemetry.step", OneOf: []string{StepSample, StepMinute, StepHour, StepDay}},
	"periods":      {Words: "telemetry.periods", Min: 1, Max: MostPeriods},
	"ends":         {Words: "telemetry.ends", OneOf: []string{"start", "end"}},
	"freshness":    {Words: "telemetry.freshness", OneOf: Words(telemetry.Freshnesses()...)},
	"table_format": {Words: "telemetry.table_format", OneOf: []string{"csv", "xlsx"}},
	"finding_verdict": {Words: "finding.verdict_filter", OneOf: []string{judge.Suspected.String(), judge.Violated.String(),
		judge.Unknown.String()}},
	"task_state": {Words: "task.state", OneOf: Words(compliance.TaskOpen, compliance.TaskTaken, compliance.TaskDone,
		compliance.TaskDropped)},
	"disposition": {Words: "inspection.disposition", OneOf: Words(inspect.Dispositions()...)},
	"item_result": {Words: "inspection.item_result", OneOf: Words(inspect.Pass, inspect.Fail, inspect.NotApplicable,
		inspect.NotSeen)},
	"inspected":   {Words: "inspection.result", OneOf: Words(inspect.Passed, inspect.Failed, inspect.Unclear)},
	"order_state": {Words: "order.state_filter", OneOf: orderStates()},
	"severity": {Words: "list.want_severity",
		OneOf: []string{reductionlist.SeverityError, reductionlist.SeverityWarning}},
	"list_format":  {Words: "list.export_format", OneOf: []string{"xlsx"}},
	"paper_format": {Words: "papers.want_format", OneOf: []string{"html", "docx"}},
	"roll_format":  {Words: "papers.want_format", OneOf: []string{"html", "xlsx"}},
	"paper_kind":   {Words: "papers.want_kind", OneOf: []string{"plan", "board"}},
	"paper_lang":   {Words: "papers.want_format", OneOf: []string{"zh-CN", "en"}},
}

func init() {
	for name, rule := range fieldRules {
		valid.Define(name, rule)
	}
}

// editions are the years of the editions of HJ 212.
func editions() (years []string) {
	for _, v := range hj212.Versions() {
		years = append(years, strconv.Itoa(int(v)))
	}
	return years
}

func validPhones(s string) bool {
	plain := reductionlist.PlainPhones(s)
	return plain == "" || reductionlist.ValidPhone(plain)
}

// PlainPhones brings telephone numbers into the form in which they are kept; empty for none.
func PlainPhones(s string) string { return reductionlist.PlainPhones(s) }

func isDay(s string) bool {
	_, ok := alerts.ParseDate(s)
	return ok
}

func isDayOrTime(s string) bool {
	_, ok := refusal.ReadTime(s)
	return ok || isDay(s)
}

// Words are the values of an enumeration as texts.
func Words[T ~string](list ...T) (out []string) {
	for _, w := range list {
		out = append(out, string(w))
	}
	return out
}
