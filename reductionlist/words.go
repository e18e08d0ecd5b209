package reductionlist

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		// A diff in words.
		"list.change.added":     {"新增对象“{recipient}”{new}", "recipient {recipient} {new} added"},
		"list.change.removed":   {"删除对象“{recipient}”{old}", "recipient {recipient} {old} removed"},
		"list.change.row_added": {"对象“{recipient}”的“{sheet}”新增“{key}”", "{sheet} of {recipient}: {key} added"},
		"list.change.row_gone":  {"对象“{recipient}”的“{sheet}”删除“{key}”", "{sheet} of {recipient}: {key} removed"},
		"list.change.head":      {"“{sheet}”的“{column}”由“{old}”改为“{new}”", "{column} of {sheet}: {old} becomes {new}"},
		"list.change.cell":      {"对象“{recipient}”的“{sheet}”{key}“{column}”由“{old}”改为“{new}”", "{sheet} of {recipient} {key}, {column}: {old} becomes {new}"},
		"list.effect":           {"{level} {pollutant} 日减排由 {from} 吨变为 {to} 吨（{change}）", "at {level} {pollutant} falls by {to} t/d instead of {from} t/d ({change})"},
		"list.effect.share":     {"{level} {pollutant} 日减排由 {from} 吨变为 {to} 吨（{change}），减排比例由 {from_share} % 变为 {to_share} %", "at {level} {pollutant} falls by {to} t/d instead of {from} t/d ({change}), {to_share} % instead of {from_share} %"},

		"measure.within":                         {"{hours} 小时内完成", "within {hours} h"},
		"criterion.hour_mass_at_most":            {"小时排放量不超过 {limit} {unit}", "hourly mass at most {limit} {unit}"},
		"criterion.hour_concentration_at_most":   {"小时浓度不超过 {limit} {unit}", "hourly concentration at most {limit} {unit}"},
		"criterion.at_most_fraction_of_baseline": {"不超过基线的 {limit} 倍", "at most {limit} of the baseline"},
		"criterion.stopped":                      {"停止", "stopped"},
		"criterion.at_least":                     {"不低于 {limit} {unit}", "at least {limit} {unit}"},
		"criterion.five_minute_mean_at_least":    {"5 分钟均值不低于 {limit} {unit}", "5-minute mean at least {limit} {unit}"},
		"criterion.day_total_at_most":            {"日总量不超过 {limit} {unit}", "day total at most {limit} {unit}"},
		"criterion.no_vehicle_below":             {"无{standard}以下车辆", "no vehicle below {standard}"},

		// Versions.
		"list.no_version":     {"没有清单版本“{version}”；请从版本列表中选择。", "there is no list version {version}; choose one from the list of versions."},
		"list.none_in_force":  {"{date} 没有生效的清单版本；请先导入并启用一个覆盖该日的版本。", "no list version is in force on {date}; import and activate one that covers the day."},
		"list.no_recipient":   {"清单中没有编号为“{recipient}”的对象；请核对编号和清单版本。", "the list has no recipient {recipient}; check the id and the list version."},
		"list.other_hash":     {"版本 {version} 的内容不同（已有 {have}，给出 {given}），未作改动；请核对要操作的版本。", "version {version} has other content (there is {have}, given {given}) and nothing was changed; check which version is meant."},
		"list.rows_hash":      {"版本 {version} 的各行与开始时声明的哈希不符（实际 {have}，应为 {want}）；请重新导入。", "the rows of version {version} do not give the hash that was begun ({have}, not {want}); import it again."},
		"list.count":          {"对象数为 {given}，应为 {want}；请补齐或重新导入。", "{given} recipients where {want} are expected; complete them or import again."},
		"list.rows_order":     {"对象须按编号升序加入：“{first}”不在“{last}”之后；请从断点继续或重新导入。", "recipients are added in the order of ids: {first} does not follow {last}; go on from there or import again."},
		"list.not_ascending":  {"编号“{value}”没有排在前一个之后；请按编号升序发送，不得重复。", "id {value} does not follow the one before it; send them ascending, each once."},
		"list.rows_closed":    {"版本 {version} 处于“{state}”状态，不能再加入对象；修改请另建版本。", "version {version} is {state}, no recipients can be added; make a new version instead."},
		"list.discard_draft":  {"版本 {version} 处于“{state}”状态，只有草稿可以作废。", "version {version} is {state}; only a draft can be discarded."},
		"list.discard_base":   {"草稿 {other} 是在 {version} 的基础上修订的；请先作废 {other}。", "draft {other} amends {version}; discard {other} first."},
		"list.not_draft":      {"版本 {version} 处于“{state}”状态，不需要再审批。", "version {version} is {state} and needs no approval."},
		"list.not_approved":   {"版本 {version} 处于“{state}”状态，尚未经第二人审批；请先审批再启用。", "version {version} is {state}; a second person approves it before it is activated."},
		"list.stale_revision": {"版本已变动（给出第 {given} 次修订，现为第 {want} 次）；请刷新后重试。", "the version has moved (revision {given} given, it is {want}); reload and try again."},
		"list.same_person":    {"{actor} 是本版本的导入人，不能自己审批；请由另一人审批。", "{actor} imported this version and cannot approve it; another person must."},
		"list.has_errors":     {"版本 {version} 的工作簿有 {errors} 处错误，不能审批或启用；请在 /api/v1/list/imports/{version}/errors.xlsx 查看，改正后重新导入。", "the workbook of version {version} has {errors} error(s), so it can be neither approved nor activated; see /api/v1/list/imports/{version}/errors.xlsx, mend them and import it again."},
		"list.active":         {"版本 {version} 已启用，且所替换的版本与此不同；未作改动，请刷新后核对。", "version {version} is already active and replaced another version than this says; nothing was changed, reload and compare."},
		"list.overlap":        {"版本 {version}（{days}）与已启用的版本 {other}（{other_days}）重叠，未启用。如两者同日生效，用 \"replaces\":\"{other}\" 明确替换它；如 {other} 生效较晚，把失效日期改到 {other_from} 之前，或改用更晚的生效日期，再导入。", "version {version} ({days}) overlaps the active version {other} ({other_days}) and was not activated. If both begin on the same day, replace it with \"replaces\":\"{other}\"; if {other} begins later, end this one before {other_from} or let it begin later, and import it again."},
		"list.replaces":       {"{replaces} 不是 {from} 起生效的已启用版本，{version} 不能替换它；请从版本列表核对，没有这样的版本时去掉 replaces。", "{replaces} is not the active version that begins on {from}, so {version} cannot replace it; look at the list of versions, and leave replaces out where there is none."},
		"list.base_moved":     {"版本 {version} 是在 {base} 的基础上修订的，而其生效日的现行版本已是 {current}；启用它会丢掉其间的修改。未启用，请以 {current} 为基础重新修订。", "version {version} amends {base}, but on its first day {current} is in force by now, and activating it would undo what was changed meanwhile. It was not activated; make the amendment again on {current}."},
		"list.bad_hash":       {"“{value}”不是 sha256: 加 64 位十六进制的哈希。", "{value} is not a hash of the form sha256: and 64 hexadecimal digits."},

		// Findings: what is wrong, and under .remedy what to do.
		"list.column_twice":          {"表头出现了两次。", "the header stands twice."},
		"list.column_twice.remedy":   {"只保留一列，删除或改名另一列。", "keep one of the columns, delete or rename the other."},
		"list.enum":                  {"“{value}”不在可选值之内。", "{value} is not one of the values allowed."},
		"list.enum.remedy":           {"改为以下之一：{allowed}。", "use one of: {allowed}."},
		"list.number_range":          {"{value} 超出 {low} 至 {high} 的范围。", "{value} is outside {low} to {high}."},
		"list.number_range.remedy":   {"核对数值和列；经度在前，纬度在后。", "check the value and the column; longitude comes before latitude."},
		"list.date":                  {"“{value}”不是日期。", "{value} is not a date."},
		"list.date.remedy":           {"写成 2024-10-01 的形式。", "write it like 2024-10-01."},
		"list.dates_reversed":        {"结束日期 {value} 早于开始日期。", "the end {value} lies before the beginning."},
		"list.dates_reversed.remedy": {"核对两个日期。", "check both dates."},
		"list.id_form":               {"编号“{value}”的写法不对。", "id {value} does not have the right form."},
		"list.id_reserved":           {"编号“{value}”留给系统和各角色，不能作减排对象的编号。", "id {value} is kept for the system and the roles and cannot be a recipient's."},
		"list.id_reserved.remedy":    {"换一个编号，例如 E0001。", "take another id, such as E0001."},
		"list.id_form.remedy":        {"只用英文字母、数字、下划线和连字符，最多 40 个。", "use letters, digits, underscore and hyphen only, at most 40."},
		"list.uscc":                  {"“{value}”不是有效的统一社会信用代码（GB 32100，18 位含校验位）。", "{value} is not a valid unified social credit code (GB 32100, 18 characters with check character)."},
		"list.uscc.remedy":           {"对照营业执照改正。", "correct it from the business licence."},
		"list.phone":                 {"电话号码的写法不对。", "the telephone number does not have the right form."},
		"list.phone.remedy":          {"填写 11 位手机号码或带区号的固定电话（如 022-27391234），几个号码用“、”分隔，单元格设为文本。", "give the 11 digits of a mobile number, or a landline with its area code (like 022-27391234), several separated by 、, in a text cell."},
		"list.duplicate":             {"“{value}”重复，首次出现在“{sheet}”第 {first} 行。", "{value} is there twice, first in row {first} of {sheet}."},
		"list.duplicate.remedy":      {"改用不同的编号，或删除其中一行。", "use another id, or delete one of the rows."},

		"list.criterion":        {"判定条件“{value}”不能识别。", "criterion {value} is not understood."},
		"list.criterion.remedy": {"使用约定写法，例如 hour_mass_at_most 30 kg/h、at_most_fraction_of_baseline 0.5、stopped。", "use an agreed form, like hour_mass_at_most 30 kg/h, at_most_fraction_of_baseline 0.5, stopped."},
		"list.empty":            {"清单没有减排对象（{value}）。", "the list has no recipients ({value})."},
		"list.empty.remedy":     {"在“减排对象”中登记。", "enter them in 减排对象."},

		"list.too_many":        {"问题超过 {limit} 处，其余提醒不再列出。", "there are more than {limit} findings; further warnings are not listed."},
		"list.too_many.remedy": {"先改正列出的问题，再检查一次。", "mend what is listed and check again."},
	})
}
