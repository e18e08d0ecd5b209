package rules

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		// The three marks of a measure.
		"list.no_device":               {"没有写生产线或设备，不知道对什么采取措施，不可操作。", "no line or device is named, so it is open what the measure is done to; it is not operable."},
		"list.no_device.remedy":        {"填写“生产线”表中的名称或编号；工地、车队、部门、街镇写作业面、车组或管辖对象。", "give a name or number of 生产线; for sites, fleets, departments and towns the work face, the vehicles or what they look after."},
		"list.unknown_line":            {"对象“{recipient}”没有名为“{value}”的生产线、机组或焚烧炉，不可操作。", "recipient {recipient} has no line, unit or furnace called {value}, so the measure is not operable."},
		"list.unknown_line.remedy":     {"改为“生产线”“机组”“焚烧炉”表中的名称或编号，或先在“生产线”中登记。", "use a name or number of 生产线, 机组 or 焚烧炉, or enter the line in 生产线 first."},
		"list.no_deadline":             {"完成时限为 0 小时，无法做到，不可操作。", "0 h to complete cannot be kept, so the measure is not operable."},
		"list.no_deadline.remedy":      {"填写收到命令后多少小时内完成，不短于安全停产时间。", "give the hours within which it is done after the order, no less than a safe stop takes."},
		"list.quantity_unit":           {"动作“{action}”的单位不能是“{value}”，不可操作。", "the amount of {action} cannot be in {value}, so the measure is not operable."},
		"list.quantity_unit.remedy":    {"换算为每日或每小时的重量，例如 t/d、t/h；降低煤耗也可用 %。", "convert to a mass per day or hour, like t/d or t/h; 降低煤耗 may be in % too."},
		"list.factor":                  {"监测因子“{value}”不是 HJ 212 的编码，不可监测。", "factor {value} is not a code of HJ 212, so the measure cannot be monitored."},
		"list.factor.remedy":           {"填写编码，例如 a21026（二氧化硫）、a21002（氮氧化物）、a34013（烟尘）。", "give the code, like a21026 (SO2), a21002 (NOx), a34013 (dust)."},
		"list.unknown_channel":         {"对象“{recipient}”没有标识为“{value}”的{source}，措施不可监测。", "recipient {recipient} has no {source} called {value}, so the measure cannot be monitored."},
		"list.unknown_channel.remedy":  {"核对标识；CEMS 写“监测站点MN”中的编号（多个用“；”分隔），用电写“电表编号”或“分表编号”，没有的先登记。", "check it; CEMS is one of 监测站点MN (several separated by ；), 用电 one of 电表编号 or 分表编号; enter it there first if it is missing."},
		"list.other_meter":             {"电表“{value}”属于另一条生产线，测不到本措施。", "meter {value} is that of another line and does not see this measure."},
		"list.other_meter.remedy":      {"改为本生产线的分表，或企业总表。", "use the meter of this line, or that of the whole plant."},
		"list.criterion_source":        {"判定条件“{value}”不能用“{source}”判定，措施不可监测。", "criterion {value} cannot be evaluated against {source}, so the measure cannot be monitored."},
		"list.criterion_source.remedy": {"改用监测方式 {allowed}，或换一种判定条件；多种监测方式时判定条件也要用“；”逐一对应。", "monitor by {allowed}, or use another criterion; with several ways of monitoring give one criterion for each, separated by ；."},
		"list.criterion_factor":        {"判定条件“{value}”与监测因子“{factor}”不符，措施不可监测。", "criterion {value} is not about factor {factor}, so the measure cannot be monitored."},
		"list.criterion_factor.remedy": {"排放量和浓度用污染物编码（a21026、a21002、a34013 等），炉温用 a01901 或 a01902。", "masses and concentrations go with the code of a pollutant (a21026, a21002, a34013, …), furnace temperatures with a01901 or a01902."},
		"list.criterion_loose":         {"限产 {percent} %，而判定条件“{value}”允许更多，达不到也会判为合格。", "the limit is {percent} % less, but criterion {value} allows more and would pass what falls short."},
		"list.criterion_loose.remedy":  {"改为 at_most_fraction_of_baseline {want}，或核对数值。", "use at_most_fraction_of_baseline {want}, or check the number."},
		"list.evidence_unfit":          {"核查材料“{value}”不能与动作“{action}”的要求对照，不可核查。", "evidence {value} cannot be compared with what {action} orders, so the measure cannot be checked."},
		"list.evidence_unfit.remedy":   {"写明可对照的材料，例如停限产用用电曲线、生产日报、DCS曲线，停运用门禁车辆记录，停工用视频、施工日志。", "name a record that can be compared, like electricity curves, production reports or DCS curves for stops and limits, gate records for vehicles, video or site logs for building sites."},

		// Codes, names and places.
		"list.permit":                  {"“{value}”不是排污许可证编号的写法（HJ 608-2017：18 位统一社会信用代码、3 位数字、1 位字母）。", "{value} does not have the form of a permit number (HJ 608-2017: the 18 characters of the social credit code, three digits, one letter)."},
		"list.permit.remedy":           {"对照排污许可证改正；旧证编号如确属有效可保留。", "correct it from the permit; an older number that still holds may stay."},
		"list.permit_other":            {"排污许可证编号“{value}”的前 18 位不是本对象的统一社会信用代码“{uscc}”。", "the first 18 characters of permit {value} are not the social credit code {uscc} of this recipient."},
		"list.permit_other.remedy":     {"核对两个编码；许可证属于上级公司的可保留。", "check both; a permit held by a parent company may stay."},
		"list.mn":                      {"“{value}”不是 24 位的 MN（HJ 212-2017）。", "{value} is not an MN of 24 digits (HJ 212-2017)."},
		"list.mn.remedy":               {"对照数采仪改正，只用 0—9 和 A—F；旧设备的 14 位编号如确属在用可保留。", "correct it from the data logger, 0–9 and A–F only; the 14 digits of an old device still in use may stay."},
		"list.code_twice":              {"“{value}”与对象“{first}”相同。", "{value} is that of recipient {first} too."},
		"list.code_twice.remedy":       {"同一单位登记了两次的合并；确为一家单位的两处场所的，请确认监测和许可编号各是各的。", "merge them if one is entered twice; where it is one company with two places, make sure that each has its own station and permit."},
		"list.meter_twice":             {"电表“{value}”已用于“{first}”。", "meter {value} is that of {first} already."},
		"list.meter_twice.remedy":      {"改为各生产线自己的分表编号。", "give each line the number of its own meter."},
		"list.near_name":               {"“{value}”与对象“{first}”的名称“{other}”几乎相同。", "{value} is nearly the name of recipient {first}, {other}."},
		"list.near_name.remedy":        {"核对是否同一单位登记了两次；不是的可忽略。", "check whether one is entered twice; ignore this otherwise."},
		"list.district_box":            {"“{value}”不是经纬度范围。", "{value} is not a box of longitudes and latitudes."},
		"list.district_box.remedy":     {"写成四个数：西、南、东、北，例如 116.88 38.82 117.35 39.18；或删去这一行。", "give four numbers, west, south, east, north, like 116.88 38.82 117.35 39.18, or take the row out."},
		"list.outside_district":        {"经度 {lon}、纬度 {lat} 不在本区范围内。", "longitude {lon}, latitude {lat} lies outside the district."},
		"list.outside_district.remedy": {"核对坐标和坐标系（GCJ-02 与 WGS-84 相差数百米）。", "check the position and its datum (GCJ-02 and WGS-84 are some hundred metres apart)."},

		// Grade and category against measure.
		"list.grade_forced":           {"“{grade}”自主采取减排措施，不应强制“{action}”。", "{grade} reduces on its own; {action} should not be forced on it."},
		"list.grade_forced.remedy":    {"改为其自主承诺的措施（提效治理、燃料替代、其他），或核对绩效分级和管控类别。", "put what it has promised to do instead (提效治理, 燃料替代, 其他), or check its grade and category."},
		"list.safeguard_stop":         {"保障类承担供热、处置等任务，不应停产。", "a 保障类 recipient has a task like heating or waste treatment and should not be stopped."},
		"list.safeguard_stop.remedy":  {"改为限产或分配，并填写最大允许生产负荷。", "limit or allocate instead, and give its greatest allowed load."},
		"list.micro_forced":           {"小微涉气在减排比例达标时可不停限产，现要求“{action}”。", "小微涉气 may be spared where the ratios are met; this asks for {action}."},
		"list.micro_forced.remedy":    {"改为不停限产的措施，或改管控类别为“一般”。", "use a measure that is neither stop nor limit, or make the category 一般."},
		"list.micro_emission":         {"小微涉气年排放约 {value} 千克（按 {days} 天计），超过 {limit} 千克。", "a 小微涉气 recipient emits about {value} kg a year (over {days} days), more than {limit} kg."},
		"list.micro_emission.remedy":  {"核对生产线日排放，或改管控类别为“一般”。", "check the lines' daily emissions, or make the category 一般."},
		"list.closed_measures":        {"长期停产的对象有 {count} 条措施，启动时仍会收到命令。", "a recipient that has long been closed has {count} measure(s) and will still get orders."},
		"list.closed_measures.remedy": {"删除措施，或按实际改管控类别。", "take the measures out, or correct the category."},

		// Amounts across levels and lines.
		"list.level_weaker":              {"{level}要求“{value}”，弱于{lower}的“{want}”。", "{level} orders {value}, less than {want} at {lower}."},
		"list.level_weaker.remedy":       {"高级别不得低于低级别；改正数值，或删除这一行以沿用低级别的要求。", "a higher level never orders less than a lower one; correct the number, or take the row out so that the lower one holds."},
		"list.level_reduces_less":        {"{level}{pollutant} 日减排 {value} 吨，少于{lower}的 {want} 吨。", "at {level} {value} t/d of {pollutant} are taken away, less than {want} t/d at {lower}."},
		"list.level_reduces_less.remedy": {"核对两个级别的减排量。", "check the reductions of both levels."},
		"list.line_exceeds":              {"{level}时“{line}”的 {pollutant} 日减排 {reduction} 吨，大于该生产线日排放 {emission} 吨。", "at {level} {reduction} t/d of {pollutant} are taken away from {line}, which emits {emission} t/d."},
		"list.line_exceeds.remedy":       {"核对减排量和“生产线”中的日排放。", "check the reduction and the daily emission in 生产线."},
	})
}
