package valid

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"input.mn": {"“{value}”不是有效的设备唯一标识 MN（HJ 212，24 位 0–9、A–F）；请对照设备改正。",
			"{value} is not a device's MN (HJ 212, 24 digits 0-9 and A-F); correct it from the device."},
		"input.subject_id": {"“{value}”不能作为编号；请用 1–40 位字母、数字、“_”或“-”。",
			"{value} cannot be an id; use 1 to 40 letters, digits, _ or -."},
		"input.rule": {"{why}。", "{why}."},
	})
}
