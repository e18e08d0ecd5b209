package refusal

func init() {
	Register(map[string]Pair{
		"input.wrong": {"输入有 {count} 处错误，未做任何改动；请按 errors 逐条改正后重发。",
			"the input is wrong in {count} place(s) and nothing was changed; mend each of errors and send it again."},
		"input.not_json": {"不是有效的 JSON（第 {offset} 字节处：{why}）；请改正后重发。",
			"not valid JSON (at byte {offset}: {why}); mend it and send it again."},
		"input.unknown_field": {"没有“{name}”这个字段；请去掉或改用接口说明里的名称。",
			"there is no field {name}; remove it or use the name the interface gives."},
		"input.wrong_type": {"类型不对：应为 {want}。", "wrong type: {want} is expected."},
		"input.time": {"“{value}”不是时间；请写成 2016-12-17T08:00:00+08:00 或 2016-12-17 08:00（不写时区即北京时间，一天之末可写 24:00）。",
			"{value} is no time; write it like 2016-12-17T08:00:00+08:00 or 2016-12-17 08:00 (Asia/Shanghai without a zone; a day ends at 24:00)."},
		"input.required": {"必填。", "is required."},

		"want.value":   {"有效的值", "a value of the right kind"},
		"want.time":    {"时间（如 2016-12-17T08:00:00+08:00，要加引号）", "a time in quotes, like 2016-12-17T08:00:00+08:00,"},
		"want.bool":    {"true 或 false（不加引号）", "true or false, without quotes,"},
		"want.text":    {"加引号的文本", "a text in quotes"},
		"want.number":  {"不加引号的数", "a number without quotes"},
		"want.integer": {"不加引号的整数", "a whole number without quotes"},
		"want.list":    {"方括号里的一组值", "a list in square brackets"},
		"want.object":  {"花括号里的一组名称和值", "an object in braces"},
		"want.base64":  {"加引号的编码文本", "base64 in quotes"},

		"json.broken":     {"语法不对，请检查引号、逗号和括号", "check quotes, commas and brackets"},
		"json.twice":      {"同一名称出现了两次", "a name stands twice"},
		"json.cut":        {"内容不完整，到此中断", "the text is cut short"},
		"json.utf8":       {"不是有效的 UTF-8 文本", "the text is not UTF-8"},
		"input.control":   {"含有不可见的控制字符 {character}；请删去后重新输入。", "holds the control character {character}; take it out."},
		"input.too_large": {"内容超过 {limit} 字节的上限；请分批发送。", "larger than the limit of {limit} bytes; send it in parts."},

		"access.text_wrong": {"过长或含有控制字符；请用不超过 {limit} 个字的一行文字。",
			"too long, or has control characters; use one line of at most {limit} characters."},

		"station.wrong": {"站点“{value}”不对；只能用字母、数字、连字符和下划线，1 至 40 个字符。",
			"station {value} is wrong; use 1 to 40 letters, digits, hyphens and underscores."},

		"config.empty": {"不能为空（现为“{value}”）；请填写，或删去此项以用默认值。",
			"must not be empty (it is \"{value}\"); fill it in, or remove the key to use the default."},
		"config.one_of": {"值“{value}”不在可选范围；请改为其中之一：{allowed}。",
			"the value {value} is not one of: {allowed}; use one of them."},
		"config.name": {"值“{value}”不能作名称；请用 1 到 40 个小写字母、数字或连字符。",
			"the value {value} cannot be a name; use 1 to 40 lower-case letters, digits or hyphens."},
		"config.twice": {"名称“{value}”出现两次；请改名或删去一个。", "the name {value} stands twice; rename or remove one."},
	})
}
