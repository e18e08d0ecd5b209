package plant

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"order.too_many": {"超过 {limit} 项的上限；请分批提交。", "more than the limit of {limit}; send them in parts."},

		"figures.other_kind": {"这类电厂没有 {member}；请去掉（燃煤机组用 units、demand、baseline_mw，焚烧炉用 furnaces、pit、intake_t_h、steam_min_t_h）。", "a plant of this kind has no {member}; remove it (coal has units, demand, baseline_mw; waste has furnaces, pit, intake_t_h, steam_min_t_h)."},
		"figures.whole_hour": {"{value} 不是整点；状态和各序列从整点开始，请改为整点。", "{value} is not on the hour; states and series begin on the hour, give one."},
		"figures.too_long":   {"数据的期限超过 {days} 天；请缩短。", "the figures are for more than {days} days; shorten them."},
		"figures.step_h":     {"{value} 不对；序列的一项应为 1 至 24 的整数小时。", "{value} is wrong; an entry of a series holds for a whole number of hours from 1 to 24."},
		"figures.no_machine": {"清单中该单位没有名为“{value}”的机组或焚烧炉；请用清单中的名称。", "the list knows no unit or furnace {value} of this recipient; use a name of the list."},
		"figures.phone":      {"来源里不能写电话号码，它会留在记录中；请去掉。", "a source must hold no telephone number, for it stays in the record; remove it."},
		"figures.uncovered":  {"已给出的数据自 {from} 至 {to}，不能覆盖方案期 {start} 至 {end}；请重新给出。", "the figures that were given are for {from} to {to} and do not reach over the plan's {start} to {end}; give them anew."},
		"figures.old":        {"数据是 {at} 给出的，已超过 {hours} 小时；请重新给出。", "the figures were given at {at}, more than {hours} hours ago; give them anew."},
		"figures.old_state":  {"机组（焚烧炉、料位）状态是 {at} 的，距方案开始 {start} 超过 {hours} 小时；请重新给出。", "the states of units, furnaces and pit are those of {at}, more than {hours} hours before the plan begins at {start}; give them anew."},

		"figures.ask.to":             {"数据用到什么时候为止（预警没有结束时间）", "until when the figures hold (the warning has no end)"},
		"figures.ask.initially_on":   {"{at} {name} 是否在运行", "whether {name} is running at {at}"},
		"figures.ask.hours_in_state": {"到 {at} 为止 {name} 已连续运行（或停运）多少小时", "for how many hours {name} has been running (or stopped) at {at}"},
		"figures.ask.power_min_mw":   {"全厂发电下限（MW）", "the least power of the plant (MW)"},
		"figures.ask.power_max_mw":   {"全厂发电上限（MW）", "the most power of the plant (MW)"},
		"figures.ask.heat_gj_h":      {"供热需求（GJ/小时）", "the heat that is needed (GJ/h)"},
		"figures.ask.baseline_mw":    {"{name} 平时的出力（MW），用来比较", "the usual load of {name} (MW), to compare with"},
		"figures.ask.level_t":        {"{at} 垃圾池存量（吨）", "the level of the waste pit at {at} (t)"},
		"figures.ask.intake_t_h":     {"垃圾进厂量（吨/小时）", "the waste that comes in (t/h)"},
		"figures.ask.steam_min_t_h":  {"蒸汽需求（吨/小时），没有则为 0", "the steam that is needed (t/h), 0 for none"},

		"plan.mark.kept":            {"符合", "kept"},
		"plan.mark.not_kept":        {"不符合", "not kept"},
		"plan.mark.not_compared":    {"未比较", "not compared"},
		"plan.mark.why.no_part":     {"运行方案不涉及这项措施", "no operating plan says anything of this measure"},
		"plan.mark.why.no_machine":  {"“生产线或设备”没有写明方案中的机组或焚烧炉", "the measure names no unit or furnace of the plan"},
		"plan.mark.why.unit":        {"方案中没有这个单位或因子的量", "the plan has no amount of that unit or factor"},
		"plan.mark.why.no_usual":    {"没有给出平时出力，不知道减少了多少", "the usual loads were not given, and so it is not known how much less it is"},
		"plan.mark.why.not_due":     {"方案结束时还没有到完成时限", "the plan is over before the measure has to be carried out"},
		"plan.mark.does.days":       {"{value} {unit}（{at}）；{of} 天中 {broken} 天不符合", "{value} {unit} ({at}); {broken} of {of} days do not keep it"},
		"plan.mark.does.hours":      {"{value} {unit}（{at}）；{of} 个时段中 {broken} 个不符合", "{value} {unit} ({at}); {broken} of {of} steps do not keep it"},
		"plan.mark.does.idle":       {"平时和方案中都不运行", "nothing runs, usually and in the plan"},
		"plan.mark.does.runs":       {"平时不运行；{of} 天中 {broken} 天不符合", "usually nothing runs; {broken} of {of} days do not keep it"},
		"plan.mark.does.less":       {"减少 {value}", "less by {value}"},
		"plan.mark.does.more":       {"增加 {value}", "more by {value}"},
		"plan.mark.does.days_kept":  {"{value} {unit}（{at}）；{of} 天都符合", "{value} {unit} ({at}); {of} of {of} days keep it"},
		"plan.mark.does.hours_kept": {"{value} {unit}（{at}）；{of} 个时段都符合", "{value} {unit} ({at}); {of} of {of} steps keep it"},

		"plan.over":          {"响应期到 {to} 已结束，没有可安排的时间。", "the response ends at {to}; there is no time left to plan for."},
		"plan.no_model":      {"清单中该单位 {day} 没有在用的机组或焚烧炉参数；请先补充清单。", "the list has no unit or furnace of this recipient in force on {day}; complete the list first."},
		"plan.no_pit":        {"清单中该单位没有垃圾池参数；请先补充清单的“垃圾池”。", "the list has no waste pit of this recipient; complete its sheet 垃圾池 first."},
		"plan.not_in_model":  {"方案模型里没有这一项；请去掉。只能改需求和运行数据，不能改清单中的参数。", "the model has no such member; remove it. Demands and figures may differ, what the list says of the plant may not."},
		"plan.model_differs": {"{value} 与清单的 {want} 不符；只能改需求和运行数据，机组、排放系数以清单为准。", "{value} is not the list's {want}; demands and figures may differ, units and factors are those of the list."},
		"plan.start":         {"方案从 {value} 开始，应从 {want} 开始（现在 {now}）；请重新取方案再改。", "the plan begins at {value} and should begin at {want} (now {now}); fetch the prepared plan again and change that."},
		"plan.steps":         {"方案共 {hours} 小时，应为 {want} 小时，到 {end} 为止；请改 steps。", "the plan is for {hours} hours and should be for {want}, to {end}; mend steps."},
	})
}
