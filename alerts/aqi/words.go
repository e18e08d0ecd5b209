package aqi

import "qingkong/alerts/refusal"

func init() {
	refusal.Register(map[string]refusal.Pair{
		"aqi.not_a_number": {"浓度“{value}”不是数；请写成 302 或 4.5 这样的十进制数（不用正负号、指数和空格），缺测请不写此项。",
			"concentration “{value}” is not a number; write a plain decimal like 302 or 4.5, without sign, exponent or blank, and leave out what was not measured."},
		"aqi.negative": {"浓度 {value} 是负数；请核对，缺测请不写此项。",
			"concentration {value} is negative; check it, and leave out what was not measured."},
		"aqi.too_large": {"浓度 {value} 大于 {largest}；请核对数值和单位（CO 为 mg/m³，其余为 µg/m³）。",
			"concentration {value} is above {largest}; check the value and its unit (mg/m³ for CO, µg/m³ for the others)."},
	})
}
