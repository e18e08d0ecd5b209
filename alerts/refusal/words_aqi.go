package refusal

func init() {
	register(map[string]words{
		"aqi.not_a_number": {"浓度“{value}”不是数；请写成 302 或 4.5 这样的十进制数（不用正负号、指数和空格），缺测请不写此项。", "concentration “{value}” is not a number; write a plain decimal like 302 or 4.5, without sign, exponent or blank, and leave out what was not measured."},
		"aqi.negative":     {"浓度 {value} 是负数；请核对，缺测请不写此项。", "concentration {value} is negative; check it, and leave out what was not measured."},
		"aqi.too_large":    {"浓度 {value} 大于 {largest}；请核对数值和单位（CO 为 mg/m³，其余为 µg/m³）。", "concentration {value} is above {largest}; check the value and its unit (mg/m³ for CO, µg/m³ for the others)."},
		"aqi.twice":        {"{pollutant} 给了两次：“{first}”和“{value}”；请只保留一个。", "{pollutant} is given twice, as “{first}” and as “{value}”; keep one."},

		"aqi.missing":        {"缺测", "not measured"},
		"aqi.ignored":        {"不参与此报，已忽略", "no part of this report, ignored"},
		"aqi.off_table":      {"超出该列上限，按标准不计算分指数", "beyond its column, where the standard gives no sub-index"},
		"aqi.unknown":        {"AQI 不能给出（NA）", "no AQI can be given (NA)"},
		"aqi.unknown_2026":   {"有缺测且其余污染物的 AQI 不大于 100，按 HJ 633-2026 §5.3 不发布；请补齐缺测项", "a pollutant is missing and the others give no more than 100, so HJ 633-2026 §5.3 publishes none; measure what is missing"},
		"aqi.unknown_none":   {"没有任何污染物有分指数；请至少补充一项", "no pollutant has a sub-index; give at least one that has"},
		"aqi.unknown_beyond": {"有污染物超出该列上限，标准改用的 1 小时（24 小时）值没有给出；请补上", "a pollutant is beyond its column, and the mean that the standard then goes by is not given: add it"},
		"aqi.daily":          {"日报", "daily report"},
		"aqi.hourly":         {"实时报", "real-time report"},
	})
}
