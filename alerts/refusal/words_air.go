package refusal

func init() {
	register(map[string]words{
		"hours.too_many":     {"有 {count} 小时，超过 {limit} 小时的上限；请分几次发送。", "has {count} hours, more than the limit of {limit}; send it in parts."},
		"hour.not_full":      {"时间 {value} 不是整点；请给出这一小时的起点，例如 2016-12-17T08:00:00+08:00。", "time {value} is not a full hour; give the hour's beginning, such as 2016-12-17T08:00:00+08:00."},
		"hour.empty":         {"既没有 AQI 也没有浓度；请至少给出一项，或去掉这一小时（缺测即不报）。", "has neither an AQI nor a concentration; give one, or leave the hour out when it is missing."},
		"hour.ozone_twice":   {"臭氧给了两次；请只保留一项。", "ozone is given twice; keep one of them."},
		"hour.ozone_8h":      {"小时数据里没有 o3_8h；请用 o3_1h 给出这一小时的臭氧，8 小时值由系统计算。", "an hour has no o3_8h; give the hour's ozone as o3_1h, the 8-hour means are worked out from it."},
		"day.aqi_and_range":  {"aqi 不能与 aqi_low、aqi_high 并用；请保留其一。", "aqi does not go with aqi_low and aqi_high; keep one of the two."},
		"day.range_measured": {"监测值没有范围；请用 aqi 给出，或给出浓度。", "what was measured has no range; give it as aqi, or give concentrations."},

		"feed.other_source": {"文件里写的是“{value}”，而这里只收“{want}”的；请改正，或放到另一来源的目录。", "the document is of {value}, while this feed is of {want}; mend it, or hand it to the other feed."},
		"feed.no_drill":     {"自动来源只收正式预报；演练的预报请经接口提交。", "a feed takes live forecasts alone; send a drill's over the interface."},

		"criteria.unknown": {"没有名为“{value}”的分级标准；现有：{have}。", "there are no criteria called {value}; there are: {have}."},
		"criteria.period":  {"有效期颠倒：{from} 晚于 {to}；请核对 valid_from 与 valid_to。", "the validity is upside down: {from} is after {to}; check valid_from and valid_to."},
		"criteria.twice":   {"分级标准“{value}”有两份；请给其中一份改名。", "there are two sets of criteria called {value}; rename one of them."},
		"criteria.name":    {"名称“{value}”不对；只能用小写字母、数字和连字符，1 至 40 个字符。", "name {value} is wrong; use 1 to 40 lower-case letters, digits and hyphens."},

		"level.name.none":     {"无", "none"},
		"level.name.advisory": {"管控要求", "work requirement"},
		"level.name.yellow":   {"黄色（Ⅲ级）", "yellow (III)"},
		"level.name.orange":   {"橙色（Ⅱ级）", "orange (II)"},
		"level.name.red":      {"红色（Ⅰ级）", "red (I)"},

		"range.high":   {"上限", "high"},
		"range.middle": {"中值", "middle"},
		"range.low":    {"下限", "low"},

		"explain.start":                 {"建议发布{level}：{from} 至 {to} 满足分级条件，提前 {lead} 小时。", "Declare {level}: the criteria are met from {from} to {to}, {lead} h ahead."},
		"explain.upgrade":               {"建议升级为{level}：{from} 至 {to} 满足更高一级的条件。", "Raise to {level}: a higher level is met from {from} to {to}."},
		"explain.downgrade":             {"建议降级为{level}：{from} 至 {to} 的整个过程只达到这一级。", "Lower to {level}: the whole episode from {from} to {to} asks for no more."},
		"explain.lift":                  {"建议解除：{from} 至 {to} 的实测与其后 {hours} 小时的预报都已达到解除条件。", "Lift: what was measured from {from} to {to} and the forecast of the {hours} h after it meet the rule for lifting."},
		"explain.evening_before":        {"按设置自这一时段的前一日 {hour} 时起生效。", "By the settings it takes effect at {hour}:00 on the day before that."},
		"explain.short_notice":          {"提前量 {lead} 小时，少于要求的 {want} 小时：应尽快发布。", "{lead} h ahead is less than the {want} h asked for: declare without delay."},
		"explain.met":                   {"{level}：{clause}——满足：{windows}。", "{level}: {clause} — met: {windows}."},
		"explain.unmet":                 {"{level}：{clause}——不满足：超过该值最长连续 {longest} 小时。", "{level}: {clause} — not met: the longest run above that value is {longest} h."},
		"explain.unmet_never":           {"{level}：{clause}——不满足：从未超过该值。", "{level}: {clause} — not met: that value is never exceeded."},
		"explain.window":                {"{from} 至 {to} 共 {hours} 小时，AQI {min}–{max}", "{from} to {to}, {hours} h, AQI {min}–{max}"},
		"explain.clause":                {"AQI>{over} 持续 {hours} 小时", "AQI>{over} for {hours} h"},
		"explain.clause_within":         {"，其中 AQI>{over} 达 {hours} 小时", " of which AQI>{over} for {hours} h"},
		"explain.excluded":              {"{date} 不计：{why}。", "{date} does not count: {why}."},
		"explain.settings":              {"标准 {criteria}（{document}）；预报取{range}；相隔不足 {gap} 小时的两次过程合并；AQI 不高于 {at_most} 且持续 {lift} 小时建议解除；要求提前 {lead} 小时。", "Criteria {criteria} ({document}); the {range} of a forecast range counts; episodes less than {gap} h apart are one; lifted at AQI {at_most} or less for {lift} h; {lead} h ahead asked for."},
		"explain.settings_below_yellow": {"标准 {criteria}（{document}）；预报取{range}；相隔不足 {gap} 小时的两次过程合并；低于黄色预警条件且持续 {lift} 小时建议解除；要求提前 {lead} 小时。", "Criteria {criteria} ({document}); the {range} of a forecast range counts; episodes less than {gap} h apart are one; lifted below the yellow criteria for {lift} h; {lead} h ahead asked for."},
	})
}
