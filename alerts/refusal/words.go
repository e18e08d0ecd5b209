package refusal

func init() {
	register(map[string]words{
		"input.wrong":         {"输入有 {count} 处错误，未做任何改动；请按 errors 逐条改正后重发。", "the input is wrong in {count} place(s) and nothing was changed; mend each of errors and send it again."},
		"input.not_json":      {"不是有效的 JSON（第 {offset} 字节处：{why}）；请改正后重发。", "not valid JSON (at byte {offset}: {why}); mend it and send it again."},
		"input.unknown_field": {"没有“{name}”这个字段；请去掉或改用接口说明里的名称。", "there is no field {name}; remove it or use the name the interface gives."},
		"input.wrong_type":    {"类型不对：应为 {want}。", "wrong type: {want} is expected."},
		"input.required":      {"必填。", "is required."},
		"input.mn":            {"“{value}”不是有效的设备唯一标识 MN（HJ 212，24 位 0–9、A–F）；请对照设备改正。", "{value} is not a device's MN (HJ 212, 24 digits 0-9 and A-F); correct it from the device."},
		"input.subject_id":    {"“{value}”不能作为编号；请用 1–40 位字母、数字、“_”或“-”。", "{value} cannot be an id; use 1 to 40 letters, digits, _ or -."},
		"input.rule":          {"{why}。", "{why}."},
		"input.control":       {"含有不可见的控制字符 {character}；请删去后重新输入。", "holds the control character {character}; take it out."},
		"input.too_large":     {"内容超过 {limit} 字节的上限；请分批发送。", "larger than the limit of {limit} bytes; send it in parts."},
	})
}
