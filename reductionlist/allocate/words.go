package allocate

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"allocate.negative":           {"{value} 是负数；请给出不小于 0 的数。", "{value} is negative; give a number that is not."},
		"allocate.too_large":          {"{value} 不是数或大于 {limit}；请核对数值和单位。", "{value} is no number or above {limit}; check the value and its unit."},
		"allocate.above":              {"下限 {low} 大于上限 {high}；请核对两者。", "the lower bound {low} is above the upper bound {high}; check both."},
		"allocate.pollutant":          {"不认识污染物“{value}”；请用 so2、nox、pm、hcl 之一。", "there is no pollutant {value}; use one of so2, nox, pm, hcl."},
		"allocate.empty":              {"至少要有一项；最后一项会沿用到末尾。", "at least one entry is needed; the last one is repeated to the end."},
		"allocate.longer":             {"有 {count} 项，多于 {steps} 个时段；请删去多余的项或增加 steps。", "has {count} entries, more than the {steps} steps; remove the extra ones or raise steps."},
		"allocate.step_h":             {"时段长 {value} 小时不对；应为 1/60 至 24 小时。", "a step of {value} hours is wrong; give 1/60 to 24 hours."},
		"allocate.steps":              {"时段数 {value} 不对；应为 1 至 {limit} 的整数。", "{value} steps are wrong; give a whole number from 1 to {limit}."},
		"allocate.too_many":           {"有 {count} 台，多于 {limit} 台的上限；请分厂计算。", "there are {count}, more than the limit of {limit}; compute each plant by itself."},
		"allocate.too_large_together": {"{count} 台机组时最多 {limit} 个时段，现有 {steps} 个；请缩短时间、加长时段或分厂计算。", "with {count} units at most {limit} steps can be answered, not {steps}; shorten the time, lengthen the steps, or compute each plant by itself."},
		"allocate.name_twice":         {"名称“{value}”在 {first} 已用；每台机组（焚烧炉）的名称应不同。", "the name {value} is used at {first} already; each unit or furnace needs a name of its own."},
		"allocate.no_unit":            {"没有名为“{value}”的机组；请用 units 里的名称。", "there is no unit {value}; use a name that stands in units."},
		"allocate.window":             {"时间窗结束 {to} 不晚于开始 {from}；请改正。", "the window ends at {to}, which is not after its beginning {from}; mend it."},
		"allocate.low_factor":         {"低负荷 NOx 系数 {value} 小于 1；脱硝低温时排放只会增加，请核对。", "the NOx factor {value} at low load is below 1; a cold catalyst can only emit more, check it."},
		"allocate.start_locked":       {"初始状态自相矛盾：已运行 {hours} 小时，不足最短运行 {least} 小时，而 {at} 不可用；请核对 hours_in_state、min_up_h 和 available。", "the start contradicts itself: it has run {hours} hours of at least {least} and may not run at {at}; check hours_in_state, min_up_h and available."},
		"allocate.start_level":        {"初始料位 {value} 吨不在 {low} 至 {high} 吨之间；请核对。", "the level at the start, {value} t, is not between {low} and {high} t; check it."},
		"allocate.no_plan_yet":        {"时限内没有找到可行方案，也没有证明不存在；请放宽时限。", "within the time limit no plan was found, nor was it proved that there is none; raise the time limit."},

		"allocate.limit.heat":         {"供热需求", "heat demand"},
		"allocate.limit.power_min":    {"电力下限", "least power"},
		"allocate.limit.power_max":    {"电力上限", "most power"},
		"allocate.limit.available":    {"{name} 可运行时段", "when {name} may run"},
		"allocate.limit.min_up":       {"{name} 最短运行时间", "minimum up time of {name}"},
		"allocate.limit.min_down":     {"{name} 最短停运时间", "minimum down time of {name}"},
		"allocate.limit.unit_min":     {"{name} 最低出力", "least load of {name}"},
		"allocate.limit.unit_max":     {"{name} 最高出力", "most load of {name}"},
		"allocate.limit.unit_top":     {"{name} 供热后的最高出力", "most load of {name} beside its heat"},
		"allocate.limit.unit_heat":    {"{name} 最大供热", "most heat of {name}"},
		"allocate.limit.low_load":     {"{name} 低负荷线（再低则脱硝温度不足）", "low-load line of {name} (below it the catalyst is too cold)"},
		"allocate.limit.pit_min":      {"垃圾池最低料位", "least pit level"},
		"allocate.limit.pit_max":      {"垃圾池最高料位", "most pit level"},
		"allocate.limit.pit_end":      {"期末料位上限", "most pit level at the end"},
		"allocate.limit.divert_rate":  {"外运能力", "most waste that can be diverted at once"},
		"allocate.limit.divert_total": {"外运总量上限", "most waste that can be diverted in all"},
		"allocate.limit.steam":        {"蒸汽需求", "steam demand"},
		"allocate.limit.furnace_min":  {"{name} 最低给料", "least feed of {name}"},
		"allocate.limit.furnace_max":  {"{name} 最大给料", "most feed of {name}"},

		"allocate.conflict":         {"{what}（{when}）：须让出 {short_by} {unit}", "{what} ({when}): has to give {short_by} {unit}"},
		"allocate.conflict_between": {"{what}（{when}）：至少须让出 {at_least} {unit}，让出 {enough} {unit} 足够；时限内没有证明最少要多少", "{what} ({when}): has to give at least {at_least} {unit}, and {enough} {unit} will do; within the time limit the least was not proved"},
		"allocate.conflict_at_most": {"{what}（{when}）：让出 {enough} {unit} 足够，最少要多少未证明（时限内没有求出）", "{what} ({when}): {enough} {unit} will do; within the time limit the least was not proved"},
		"allocate.conflict_open":    {"{what}（{when}）：时限内没有求出须让出多少", "{what} ({when}): within the time limit it was not found how much it has to give"},
		"allocate.kind":             {"没有“{value}”这种优化；请用 coal 或 waste。", "there is no optimiser for {value}; use coal or waste."},
		"allocate.optimal":          {"最优（已证明，相对差距 {gap}）", "optimal (proved, relative gap {gap})"},
		"allocate.feasible":         {"可行（到时限为止，最多比最优高 {gap}）", "feasible (at the time limit; at most {gap} above the best)"},
		"allocate.infeasible":       {"不可行：下列要求不能同时满足，放弃其中任何一项即可满足其余各项", "infeasible: these cannot be met together; with any one dropped, the others can"},
	})
}
