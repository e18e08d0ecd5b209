package calls

import (
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"time"
)

// members are the words of what a body may say: by the member's name, or by the call's pattern and that name where it
// is something else there.
var members = map[string]Param{
	"activates": {ZH: "所确认的已上报预警的编号", EN: "id of the reported warning that this order confirms"},
	"at": {ZH: "所报情况的时间，缺省为送达时间；只用于 report 和 complete",
		EN: "when what is reported was so, RFC 3339; default when it comes in; of report and complete"},
	"authority":              {ZH: "授权人的单位和职务", EN: "office and function of whoever gave the word"},
	"base":                   {ZH: "修订哪个版本，缺省为那天的现行版本", EN: "the version to amend; default the one in force that day"},
	"called_at":              {ZH: "通话时间", EN: "when the call was"},
	"change":                 {ZH: "措施要改的内容，JSON 或 @文件", EN: "what changes of the measure, JSON or @FILE"},
	"complaint":              {ZH: "来自信访投诉", EN: "somebody outside complained"},
	"/tasks/draw assignee":   {ZH: "由谁去", EN: "who goes there"},
	"/tasks/draw due":        {ZH: "期限", EN: "until when"},
	"/tasks/draw warning_id": {ZH: "只在这次预警中", EN: "under this warning alone"},
	"day":                    {ZH: "安排在哪一天，如 2016-12-18", EN: "on which day they go, like 2016-12-18"},
	"end":                    {ZH: "撤回", EN: "takes it back"},
	"random":                 {ZH: "随机几家", EN: "how many by lot"},
	"ranked":                 {ZH: "按紧要程度几家", EN: "how many by rank"},
	"towns":                  {ZH: "只在这些街镇，可多次", EN: "in these towns alone, may be repeated"},
	"with":                   {ZH: "同去的检查员", EN: "the second who goes there"},
	"confirm": {ZH: "开始日期 YYYY-MM-DD 再写一遍；开始时间超出 start_limits 时须填",
		EN: "the date of the start once more, where that is beyond start_limits"},
	"contact":        {ZH: "新的联系人，JSON 或 @文件", EN: "another contact, JSON or @FILE"},
	"correction":     {ZH: "更正已报的完成情况；只用于 complete，须写明说明", EN: "corrects what was completed, with a note that says why"},
	"document_no":    {ZH: "文号", EN: "number of the document"},
	"drill":          {ZH: "演练", EN: "for a drill"},
	"effective_from": {ZH: "从哪一天起生效，如 2026-12-01", EN: "first day, like 2026-12-01"},
	"ends_at":        {ZH: "结束时间", EN: "until when"},
	"evidence":       {ZH: "证据编号 sha256:…，可多次", EN: "name of a piece of evidence, may be repeated"},
	"expires_at":     {ZH: "到期时间，缺省为长期有效", EN: "when it ends; default never"},
	"issued_at":      {ZH: "发布时间，缺省为现在", EN: "when it was issued, RFC 3339; default now"},
	"issued_by":      {ZH: "发布单位", EN: "who issued it"},
	"level":          {ZH: "级别 advisory、yellow、orange、red", EN: "level"},
	"list_version":   {ZH: "现行清单版本", EN: "the list in force, as it was seen"},
	"measure_id":     {ZH: "措施编号", EN: "the measure's id"},
	"minute_min":     {ZH: "分钟数据间隔，1 至 30 分钟", EN: "minutes that its minute values stand for, 1 to 30"},
	"name":           {ZH: "姓名，不写入公开记录", EN: "the person's name; kept out of the record"},
	"no_end":         {ZH: "取消结束时间，改为另行通知", EN: "until further notice"},
	"note":           {ZH: "说明", EN: "a note"},
	"notice_text":    {ZH: "公告全文，将公开", EN: "the public notice"},
	"otp":            {ZH: "验证器上现在的 6 位验证码", EN: "the six digits that your authenticator shows now"},
	"outlets":        {ZH: "排放口，JSON 或 @文件", EN: "outlets, JSON or @FILE"},
	"phone":          {ZH: "本人的电话，多个用顿号分隔", EN: "where to call the person, several with commas"},
	"proposal_id":    {ZH: "所采纳建议的编号", EN: "id of the proposal that it accepts"},
	"reason":         {ZH: "理由，将公开", EN: "the reason, which is public"},
	"received_at":    {ZH: "收到时间", EN: "when it was received"},
	"recipient":      {ZH: "对象要改的内容或新对象，JSON 或 @文件", EN: "what changes of the recipient, or a new one"},
	"recipient_id":   {ZH: "对象编号：它的联系人", EN: "id of a recipient: its contacts"},
	"recipients":     {ZH: "按新版重下的对象，逗号分隔", EN: "whom to give the newer list's measures"},
	"reduction_stays": {ZH: "推算不出的日减排保持不变的措施编号，逗号分隔",
		EN: "measures whose daily reduction, which does not follow, stays as it is"},
	"reductions": {ZH: "推算不出的日减排，JSON 或 @文件", EN: "daily reductions that do not follow, JSON or @FILE"},
	"ref":        {ZH: "保密库条目，如台账所写", EN: "an entry of the vault, as the record names it"},
	"region":     {ZH: "六位行政区划代码，缺省为本区", EN: "six-digit region; default the district's own"},
	"replaces":   {ZH: "同日生效、被替换的版本", EN: "the active version of the same day that it replaces"},
	"revision":   {ZH: "看到的修订号", EN: "the revision that was seen"},
	"role":       {ZH: "角色 duty、approver、inspector、town、viewer、feeder、admin、neighbour", EN: "role"},
	"sample_s":   {ZH: "实时数据间隔，30 至 3600 秒", EN: "seconds between its samples, 30 to 3600"},
	"sm4":        {ZH: "加密方式 none、raw、hex", EN: "encryption none, raw or hex"},
	"source":     {ZH: "预报来源", EN: "name of the source: a-z, 0-9, -"},
	"starts_at":  {ZH: "开始时间，缺省为现在", EN: "from when; default now"},
	"st":         {ZH: "系统编码，如 31；不发 HJ 212 报文的为空", EN: "system code, like 31; empty where no frames are sent"},
	"tolerate":   {ZH: "容错 modbus_crc、modbus_crc_swapped、crc_in_length，逗号分隔", EN: "what passes besides, with commas"},
	"town":       {ZH: "街镇，角色为 town 时必填", EN: "town; required for the role town"},
	"trigger":    {ZH: "触发方式 own_forecast、city_order、regional_linkage、work_requirement", EN: "what it rests on"},
	"user":       {ZH: "账号：它的姓名", EN: "an account: its name"},
	"version":    {ZH: "HJ 212 版本 2005、2017、2025", EN: "edition of HJ 212"},

	"/accounts/{id}/tokens name": {ZH: "令牌的用途，不写人名", EN: "what the token is for, never a person"},
	"/findings/{id}/decide hours": {ZH: "采纳的整点，JSON，如 [\"2016-12-17T21:00:00+08:00\"]，缺省为全部",
		EN: "hours that are accepted, JSON; all unless told"},
	"/findings/{id}/decide reason":      {ZH: "理由，告知企业，不公开", EN: "the reason, for the enterprise alone"},
	"/findings/{id}/value at":           {ZH: "哪一小时（起点）", EN: "the hour, by its start"},
	"/findings/{id}/value reason":       {ZH: "理由，不公开", EN: "the reason, kept out of the record"},
	"/findings/{id}/value value":        {ZH: "认定的数值", EN: "the value that is right"},
	"/tasks assignee":                   {ZH: "由谁去：值班员或检查员的账号", EN: "who is to go: the account of a duty officer or an inspector"},
	"/tasks due":                        {ZH: "期限", EN: "until when"},
	"/tasks note":                       {ZH: "说明，不公开", EN: "a note, kept out of the record"},
	"/tasks order_id":                   {ZH: "核查哪一份减排令", EN: "the order that is looked at"},
	"/tasks recipient_id":               {ZH: "去哪一家：对象编号", EN: "where to go: the id of a recipient"},
	"/tasks/{id}/recuse reason":         {ZH: "为何回避，不公开", EN: "why; kept out of the record"},
	"/tasks/{id}/recuse user":           {ZH: "回避的检查员，缺省为自己", EN: "who is recused; you unless told"},
	"/tasks/{id} assignee":              {ZH: "由谁去，缺省为自己", EN: "who is to go; you unless told"},
	"/tasks/{id} reason":                {ZH: "办理结果或取消的理由，不公开", EN: "what came of it, or why it is dropped; kept out of the record"},
	"/forecasts region":                 {ZH: "六位行政区划代码", EN: "six-digit region"},
	"/list/amendments level":            {ZH: "该措施有几行时指明级别", EN: "level of the row, where the measure has several"},
	"/list/amendments reason":           {ZH: "修订原因，记入版本", EN: "why; recorded with the version"},
	"/orders/{id}/calls note":           {ZH: "说明，不公开", EN: "a note, kept out of the record"},
	"/orders/{id}/objection expires_at": {ZH: "豁免或调整到何时为止，缺省为预警结束", EN: "until when; default the end of the warning"},
	"/orders/{id}/objection reason":     {ZH: "理由，告知企业，不公开", EN: "the reason, for the enterprise alone"},
	"/orders/{id}/plan/accept reason":   {ZH: "接受达不到清单要求的方案的理由", EN: "why a plan is accepted that does not keep the list"},
	"/stations name":                    {ZH: "站点名称，不写人名", EN: "the station's name, never a person's"},
	"/stations recipient_id":            {ZH: "所属减排对象的编号", EN: "id of the recipient that it belongs to"},
	"/stations/{mn} name":               {ZH: "站点名称，不写人名", EN: "the station's name, never a person's"},
	"/stations/{mn} recipient_id":       {ZH: "所属减排对象的编号", EN: "id of the recipient that it belongs to"},
	"/personal-data/erasures reason":    {ZH: "理由，写入台账，不写人名", EN: "the reason, for the record; name nobody"},
}

// Members are what the body of a call may say, in the order of its input. One that nobody says from a shell has no
// words.
func (c *Call) Members() (list []Param) {
	in := c.In
	if _, raw := rawBody(in); raw && c.Takes != nil {
		in = reflect.TypeOf(c.Takes)
	}
	for _, f := range reflect.VisibleFields(in) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" || f.Anonymous {
			continue
		}
		p, ok := members[c.Pattern+" "+name]
		if !ok {
			p = members[name]
		}
		p.Name, p.Kind = name, kindOf(f.Type)
		list = append(list, p)
	}
	return list
}

func kindOf(t reflect.Type) ParamKind {
	switch {
	case t == reflect.TypeFor[time.Time](), t == reflect.TypeFor[*time.Time]():
		return MomentParam
	case t == reflect.TypeFor[json.RawMessage]():
		return JSONParam
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return ListParam
	}
	if t.Kind() == reflect.Pointer { // left out it says something else than empty
		return kindOf(t.Elem())
	}
	switch t.Kind() {
	case reflect.String:
		return TextParam
	case reflect.Bool:
		return YesParam
	case reflect.Int, reflect.Int64:
		return IntegerParam
	}
	return JSONParam
}

var part = regexp.MustCompile(`\{\w+\}`)

// Parts is how many names or ids a call's path is filled in with.
func (c *Call) Parts() int { return len(part.FindAllString(c.Pattern, -1)) }

// To is the call's pattern filled in; parts beyond it are left out.
func (c *Call) To(parts ...string) string {
	i := -1
	return part.ReplaceAllStringFunc(c.Pattern, func(string) string { i++; return url.PathEscape(parts[i]) })
}
