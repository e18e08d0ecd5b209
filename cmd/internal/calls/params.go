package calls

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"qingkong/cmd/internal/valid"
	"qingkong/notify"
)

// Param is a parameter of the query, or a member of a body.
type Param struct {
	Name   string
	Kind   ParamKind
	Words  []string // that it is one of; nil for any text
	ZH, EN string
	Member reflect.StructField // of the input
}

// ParamKind is what a parameter's value is.
type ParamKind int

// The kinds.
const (
	TextParam ParamKind = iota
	IntegerParam
	MomentParam // RFC 3339
	YesParam
	ListParam // of texts
	JSONParam // anything else
)

// params are the words of the parameters by the name that the tag `query` of a member has, or by the one that it has
// after a comma where two calls have different parameters of one name.
var params = map[string]Param{
	"limit": {ZH: "一页最多几条，默认 100", EN: "how many a page has at most; 100 unless told"},
	"size": {ZH: "缩略图的长边，像素（16–1280），取不小于它的 160、320、640 或 1280；缺省给原文件",
		EN: "the longer side of a small picture in pixels (16 to 1280), of which the next of 160, 320, 640 and 1280 is given; the file itself unless told"},
	"cursor":        {ZH: "上一页的 next", EN: "next of the page before"},
	"as_of":         {ZH: "某日或某时（RFC 3339）生效的清单", EN: "the list in force on a day or at a time (RFC 3339)"},
	"version":       {ZH: "清单版本编号；与 as_of 二选一", EN: "the id of a list version; instead of as_of"},
	"q":             {ZH: "编号或名称的一部分", EN: "part of an id or a name"},
	"station_q":     {ZH: "编号、名称或对象编号的一部分", EN: "part of an MN, a name or the id of a recipient"},
	"retired":       {ZH: "true 只要停用的，false 只要在用的，缺省两种", EN: "true: retired ones alone, false: those in use; both unless told"},
	"town":          {ZH: "街镇", EN: "the town"},
	"role":          {ZH: "角色", EN: "the role"},
	"user":          {ZH: "账号", EN: "an account"},
	"warning":       {ZH: "预警编号", EN: "the id of a warning"},
	"recipient":     {ZH: "对象编号", EN: "the id of a recipient"},
	"order":         {ZH: "减排令编号；与 warning 二选一", EN: "the id of an order; instead of warning"},
	"bundle_order":  {ZH: "减排令编号；order、recipient、warning 三选一", EN: "the id of an order; one of order, recipient and warning"},
	"personal":      {ZH: "1 含个人信息，须写明 reason", EN: "1: with personal data, for a reason", Words: []string{"0", "1"}},
	"reason":        {ZH: "为何取走个人信息，记入台账", EN: "why personal data are taken away, which is recorded"},
	"last_event_id": {ZH: "从哪条消息之后继续", EN: "the message to go on from"},
	"from":          {ZH: "第一天，默认 to 之前 89 天", EN: "the first day; 89 days before to unless told"},
	"to":            {ZH: "最后一天，默认今天", EN: "the last day; today unless told"},
	"from_leaf":     {ZH: "从第几条开始（从 0 起）", EN: "the index to begin with, from 0"},
	"entry":         {ZH: "第几条（从 0 起）", EN: "the index of the entry, from 0"},
	"state":         {ZH: "状态", EN: "the state"},
	"mn":            {ZH: "站点编号 MN，或电表、地磅、门禁的编号", EN: "an MN, or the number of a meter, scale or gate"},
	"ends": {ZH: "用电表格的时间是时段的 start 开始还是 end 结束；默认表中有 24:00 则为结束",
		EN: "whether a time of a table is the start or the end of its period; unless told its end where there is a 24:00"},
	"freshness": {ZH: "只要 fresh、late、silent 或 never 的", EN: "fresh, late, silent or never alone"},
	"step": {ZH: "sample 瞬时、1m 分钟、1h 小时、1d 日，默认 1h",
		EN: "sample, 1m, 1h or 1d; 1h unless told"},
	"series_from": {ZH: "从何时起，日期或 RFC 3339；默认 to 之前：瞬时和分钟 6 小时，小时 7 天，日 60 天",
		EN: "from when, a day or RFC 3339; before to unless told: samples and minutes 6 hours, hours 7 days, days 60 days"},
	"series_to": {ZH: "到何时止，不含，RFC 3339；日期则含当日；默认现在",
		EN: "until before when, RFC 3339; of a day its end; now unless told"},
	"passes_from":     {ZH: "从何时起，日期或 RFC 3339；默认 to 之前 24 小时", EN: "from when, a day or RFC 3339; 24 hours before to unless told"},
	"periods":         {ZH: "至多几个时段，默认并至多 10,000", EN: "how many periods at most; 10,000 unless told, and never more"},
	"table_format":    {ZH: "csv 或 xlsx，默认 csv", EN: "csv or xlsx; csv unless told"},
	"finding_verdict": {ZH: "只要 suspected、violated 或 no_data 的", EN: "suspected, violated or no_data alone"},
	"open":            {ZH: "true：只要没有解除的", EN: "true: those alone that were not cleared"},
	"waiting":         {ZH: "true：只要说明等待处理的", EN: "true: those alone whose explanation waits for a decision"},
	"task_state":      {ZH: "只要 open、taken、done 或 dropped 的", EN: "open, taken, done or dropped alone"},
	"due_day":         {ZH: "只要在这一天或之前到期的", EN: "those due on that day or before"},
	"of_order":        {ZH: "减排令编号", EN: "the id of an order"},
	"inspector":       {ZH: "检查员的账号，主办或同去", EN: "the account of an inspector, the first or the second"},
	"task":            {ZH: "任务编号", EN: "the id of a task"},
	"inspected":       {ZH: "只要 passed、failed 或 unclear 的", EN: "passed, failed or unclear alone"},
	"disposition":     {ZH: "只要这种处置的", EN: "those of this disposition alone"},
	"inspected_from":  {ZH: "从这一天起收到的", EN: "received on this day or later"},
	"inspected_to":    {ZH: "到这一天为止收到的", EN: "received on this day or before"},
	"gate_day":        {ZH: "哪一天，默认今天", EN: "which day; today unless told"},
	"gone_on":         {ZH: "只要安排在这一天的", EN: "those planned for that day alone"},
	"assignee":        {ZH: "只要这个账号的，主办或同去", EN: "those of this account alone, as the first or the second"},
	"order_state": {ZH: "状态、送达、答复、执行或核查结论之一",
		EN: "a value of state, delivery, answer, execution or verdict"},
	"against": {ZH: "与哪个版本比较，默认其所修订的版本或现行版本",
		EN: "the version to compare with; what it amends or the one in force unless told"},
	"severity": {ZH: "error 或 warning", EN: "error or warning"},
	"revision": {ZH: "看到的修订号", EN: "the revision that was seen"},
	"source":   {ZH: "来源说明，默认文件名", EN: "where it comes from; the file's name unless told"},
	"time_limit": {ZH: "求解时限，秒，默认 15；到时给出当时的方案和差距",
		EN: "seconds to solve in, 15 unless told; then comes the plan so far, with its gap"},
	"list_format":  {ZH: "文件格式，目前只有 xlsx", EN: "the format of the file; xlsx alone"},
	"paper_format": {ZH: "html（默认，可打印）或 docx", EN: "html (default, to be printed) or docx"},
	"roll_format":  {ZH: "html（默认，可打印）或 xlsx", EN: "html (default, to be printed) or xlsx"},
	"kind":         {ZH: "只要操作方案 plan 或公示牌 board，缺省两种", EN: "plan or board alone; both unless told"},
	"lang":         {ZH: "表格文字的语言，默认 zh-CN", EN: "the language of the form; zh-CN unless told"},
}

// queryOf are the parameters of an input, in the order of its members.
func queryOf(in reflect.Type) (list []Param) {
	for _, f := range reflect.VisibleFields(in) {
		name, key, _ := strings.Cut(f.Tag.Get("query"), ",")
		if name == "" {
			continue
		}
		p, ok := params[cmp.Or(key, name)]
		if !ok {
			panic(fmt.Sprintf("calls: %s has no words for the parameter %s", in, name))
		}
		p.Name, p.Kind, p.Member = name, kindOf(f.Type), f
		for _, tag := range valid.Tags(f) {
			if rule, ok := fieldRules[tag]; ok {
				p.Words = rule.OneOf
			}
		}
		list = append(list, p)
	}
	return list
}

// Needed reports whether a parameter has to be given.
func (p *Param) Needed() bool { return slices.Contains(valid.Tags(p.Member), "required") }

// axis is the words of an order's axis from the first value to the last.
func axis[T interface {
	~byte
	String() string
}](first, last T) (words []string) {
	for v := first; v <= last; v++ {
		words = append(words, v.String())
	}
	return words
}

// Axes are the words of what is counted of orders, by the name of each axis.
var Axes = map[string][]string{
	"delivery":  axis(notify.DeliveryPending, notify.DeliveryFailed),
	"answer":    axis(notify.AnswerAwaiting, notify.AnswerOverdue),
	"execution": axis(notify.ExecutionNotStarted, notify.ExecutionCompleted),
	"verdict":   axis(notify.VerdictNone, notify.VerdictNoData),
}

// OrderStates are the words of an order's state.
var OrderStates = axis(notify.StateOpen, notify.StateExempted)

// orderStates are the words that a list of orders is narrowed by, each of one axis.
func orderStates() []string {
	list := slices.Clone(OrderStates)
	for _, name := range []string{"delivery", "answer", "execution", "verdict"} {
		list = append(list, Axes[name]...)
	}
	return append(list, notify.ReleaseWaiting)
}
